"""Help pages in a real browser: load one, search where the journey does, and see whether the answer is there.

The answer is stamped in the page when it appears. A page without one is seen when it was shown; that nothing more comes
is believed after `SETTLED_S`. Knows nothing of any desk but what the target file says.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from probes.channels.contract import Caller, Surroundings
from probes.channels.in_tab import InTab
from probes.journeys import Open, Seen

if TYPE_CHECKING:
    from probes.tab import Stamp, Tab

SETTLED_S = 1.5
"""So long (wall time) after a page was shown its own scripts may still bring the answer."""


class FaqBrowser(InTab):
    """One visit to the help pages."""

    polled = False
    takes_words = False

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.faq is not None
        super().__init__(around, caller)
        self._faq = around.target.faq
        self._seen: list[Seen] = []

    async def open(self, opening: Open) -> None:
        """Load the page."""
        from probes.tab import PageError, Watch

        around, faq = self._around, self._faq
        watches = [Watch("answer", faq.answer, each=False)]
        if faq.busy is not None:
            watches.append(Watch("busy", faq.busy, each=False))
        try:
            async with self._browser.opening:
                self._tab = tab = await self._browser.open_tab(
                    around.target, around.guard, watches, None, self._caller.known, around.trace
                )
                url = around.target.base_url + faq.page.replace("{intent}", self._caller.intent)
                loaded = await tab.load(url, around.clock)
                self._note_error(loaded.error_s)
                self.entered_s = loaded.asked_s
                await self._look(tab, loaded.shown_s, loaded.status)
        except PageError as error:
            self._fail(str(error))

    async def search(self, text: str) -> None:
        """Write into the search box, search, and follow the link to the answer where there is one."""
        from probes.tab import PageError

        search = self._faq.search
        if self._tab is None or (self._seen and self._seen[-1].kind in ("error", "busy")):
            return
        if search is None:
            self._fail("the target file names no search box (faq.search)")
            return
        tab, clock = self._tab, self._around.clock
        try:
            await tab.write(search.input, text)
            tab.forget_stamps()
            asked_s = clock.now_s()
            if search.submit is not None:
                await tab.press(search.submit)
            else:
                await tab.press_enter(search.input)
            await tab.wait_for(search.results)
            if search.link is not None:
                if not await tab.can_be_used(search.link):
                    await self._look(tab, clock.now_s(), 200)
                    return
                tab.forget_stamps()
                asked_s = clock.now_s()
                before = tab.documents
                await tab.press(search.link)
                await tab.wait_for_document(before)
            loaded = await tab.read(clock, asked_s)
            self._note_error(loaded.error_s)
            await self._look(tab, loaded.shown_s, loaded.status)
        except PageError as error:
            self._fail(str(error))

    async def _look(self, tab: Tab, shown_s: float, status: int) -> None:
        """Tell what the page shows: the word that too many are reading, the answer, or neither."""
        if status != 200:
            self._fail(f"HTTP {status}" if status else "the page did not come")
            return
        stamp = await self._appears(tab)
        if stamp is None:
            self._seen.append(Seen("page", shown_s, shown_s))
        elif stamp.what == "busy":
            self._seen.append(Seen("busy", stamp.at_s, stamp.at_s, stamp.text))
        else:
            self._seen.append(Seen("page", stamp.at_s, stamp.at_s, stamp.text, resolved=bool(stamp.text)))

    async def _appears(self, tab: Tab) -> Stamp | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_S):
                stamp = await tab.next_stamp(self._around.clock)
                self._note_error(stamp.error_s)
                return stamp
        return None

    def _fail(self, reason: str) -> None:
        now_s = self._around.clock.now_s()
        self._seen.append(Seen("error", now_s, now_s, reason))

    async def say(self, text: str) -> None:
        """Nobody hears."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return each page once; after it nothing comes."""
        if self._seen:
            return self._seen.pop(0)
        now_s = self._around.clock.now_s()
        return Seen("nothing", now_s, now_s)
