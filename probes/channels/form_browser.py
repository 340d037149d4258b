"""The web form in a real browser: fill it in, send it, then reload its ticket page again and again.

Polled: what is seen came some time between two looks, each timed by the page's own clock. The pages are read by the
same rules as over plain HTTP. Knows nothing of any desk but what the target file says.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from probes.channels.contract import Caller, Surroundings
from probes.channels.form_http import not_accepted
from probes.channels.in_tab import InTab
from probes.channels.pages import parse, text_at
from probes.channels.ticket_page import TicketWatch
from probes.journeys import Open, Seen

if TYPE_CHECKING:
    from probes.tab import Tab


class FormBrowser(InTab):
    """One form and its ticket."""

    polled = True

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.form is not None
        super().__init__(around, caller)
        self._form = around.target.form
        self.takes_words = self._form.reply is not None
        self._url = ""
        self._ticket = TicketWatch(self._form, around.clock, caller.background)

    async def open(self, opening: Open) -> None:
        """Load the form, fill it in, send it."""
        from probes.tab import PageError

        try:
            async with self._browser.opening:
                await self._send_form(opening)
        except PageError as error:
            self._ticket.fail(str(error))

    async def _send_form(self, opening: Open) -> None:
        around, form = self._around, self._form
        self._tab = tab = await self._browser.open_tab(
            around.target, around.guard, [], form.submit, self._caller.known, around.trace
        )
        loaded = await tab.load(f"{around.target.base_url}{form.page}", around.clock)
        page = parse(loaded.html)
        if self._ticket.is_turned_away(page, loaded.shown_s):
            return
        if loaded.status != 200:
            self._ticket.fail(f"HTTP {loaded.status} at {form.page}")
            return
        await tab.wait_for(form.ready)
        await self._fill(tab, form.fields, opening)
        if invalid := await tab.invalid_fields(form.form):
            self._ticket.fail(f"the browser will not send the form: {'; '.join(invalid)}"[:300])
            return
        tab.moved.clear()
        before = tab.documents
        self.entered_s = await tab.enter(form.submit, around.clock)
        await self._see_what_comes(tab, before, self.entered_s)

    async def _see_what_comes(self, tab: Tab, documents_before: int, entered_s: float) -> None:
        """Wait for the ticket page, an error, the form with what it lacks, or the word that nothing is taken."""
        from probes.tab import PageError

        form, clock = self._form, self._around.clock
        while True:
            try:
                async with asyncio.timeout(self._around.target.request_s_most):
                    await tab.moved.wait()
            except TimeoutError:
                raise PageError(not_accepted(tab.status, "nothing came back in time")) from None
            tab.moved.clear()
            accepted = re.search(form.accepted_url, tab.page.url)
            if tab.unanswered is not None and not tab.status:
                raise PageError(f"the form was sent and nothing came back: {tab.unanswered}")
            if tab.documents == documents_before and accepted is None:
                continue
            loaded = await tab.read(clock, entered_s)
            self._note_error(loaded.error_s)
            if accepted is not None and loaded.status < 400:
                self._url = loaded.url
                self._ticket.accept(
                    accepted.groupdict().get("reference", ""),
                    loaded.html,
                    loaded.asked_s,
                    loaded.shown_s,
                    loaded.read_s,
                )
                return
            page = parse(loaded.html)
            if self._ticket.is_turned_away(page, loaded.shown_s):
                return
            refused = text_at(page, form.refused)
            if loaded.status >= 400 or refused or page.css_first(form.form) is not None:
                raise PageError(not_accepted(loaded.status, refused))

    async def say(self, text: str) -> None:
        """Write a further message on the ticket's page."""
        from probes.tab import PageError

        reply, tab = self._form.reply, self._tab
        if reply is None or tab is None or not self._url:
            return
        try:
            await tab.write(reply.input, text)
            before = tab.documents
            if reply.submit is None:
                await tab.submit(reply.input)
            else:
                await tab.press(reply.submit)
            await tab.wait_for_document(before)
            if tab.status >= 400:
                self._ticket.fail(f"the answer could not be sent: HTTP {tab.status}")
        except PageError as error:
            self._ticket.fail(f"the answer could not be sent: {error}")

    async def next_seen(self, until_s: float | None) -> Seen:
        """Look every so often until something new is seen."""
        seen = await self._ticket.next_seen(until_s, self._look)
        if seen.text and self._tab is not None:
            await self._tab.learn()
        return seen

    async def _look(self) -> None:
        from probes.tab import PageError

        assert self._tab is not None
        try:
            loaded = await self._tab.load(self._url, self._around.clock, reload=True)
        except PageError as error:
            self._ticket.fail(str(error))
            return
        self._note_error(loaded.error_s)
        if loaded.status not in (200, 304):
            self._ticket.fail(f"HTTP {loaded.status} on the ticket page")
        else:
            self._ticket.read(loaded.html, loaded.asked_s, loaded.read_s)
