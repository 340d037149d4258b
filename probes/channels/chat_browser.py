"""Chat in a real browser: fill in what is asked before, press start, and see what a customer sees, stamped in the page.

Knows nothing of any desk but what the target file says.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from probes.channels.contract import Caller, Surroundings
from probes.channels.in_tab import InTab
from probes.channels.pages import read_message
from probes.journeys import LAST, Kind, Open, Seen
from scenarios.target import Chat

if TYPE_CHECKING:
    from probes.tab import Stamp, Tab, Watch

SEEN_MOST = 10_000
SPOKEN: dict[str, Kind] = {"human": "human", "bot": "bot", "automatic": "automatic"}


class ChatBrowser(InTab):
    """One chat."""

    polled = False

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.chat is not None
        super().__init__(around, caller)
        self._chat = around.target.chat
        self._reader: asyncio.Task[None] | None = None
        self._seen: asyncio.Queue[Seen | Exception] = asyncio.Queue(SEEN_MOST)
        self._accepted = self._over = self._wrote = self._read_any = False

    async def open(self, opening: Open) -> None:
        """Load the page, fill in what it asks for, and press start."""
        from probes.tab import PageError

        try:
            async with self._browser.opening:
                await self._enter(opening)
        except PageError as error:
            self._fail(str(error))

    async def _enter(self, opening: Open) -> None:
        around, chat = self._around, self._chat
        self._tab = tab = await self._browser.open_tab(
            around.target, around.guard, watches_of(chat), chat.start or chat.send, self._caller.known, around.trace
        )
        loaded = await tab.load(f"{around.target.base_url}{chat.page}", around.clock)
        if loaded.status != 200:
            self._fail(f"HTTP {loaded.status} at {chat.page}")
            return
        self._reader = asyncio.create_task(self._read(tab))
        ended = [] if chat.closed is None else [chat.closed]
        if await tab.wait_for(chat.ready, *ended) in ended and not await tab.can_be_used(chat.ready):
            return  # shut before it began: the stamp says so
        await self._fill(tab, chat.fields, opening)
        if chat.start is not None:
            self.entered_s = await tab.enter(chat.start, around.clock)
        if not chat.asks_first() and await tab.wait_for(chat.input, *ended) == chat.input:
            began_s = around.clock.now_s()
            await self._write(tab, opening.text)
            if chat.start is None:
                self.entered_s = (await tab.pressed_s(around.clock) if chat.send else None) or began_s

    async def say(self, text: str) -> None:
        """Write a message and send it; nothing is written where the desk has just closed the chat."""
        from probes.tab import PageError

        if self._tab is None or self._over:
            return
        try:
            await self._write(self._tab, text)
        except PageError as error:
            with contextlib.suppress(PageError):
                if self._chat.closed is not None and await self._tab.can_be_used(self._chat.closed):
                    return  # closed under our hands: the stamp says so
            self._fail(str(error))

    async def _write(self, tab: Tab, text: str) -> None:
        self._wrote = True
        await tab.write(self._chat.input, text)
        if self._chat.send is None:
            await tab.press_enter(self._chat.input)
        else:
            await tab.press(self._chat.send)

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return what appeared, when it appeared; what stood there before the customer entered is no answer to them."""
        while True:
            seen = await self._next(until_s)
            if self.entered_s is None or seen.kind == "nothing" or not seen.seen_by_s < self.entered_s:
                return seen
            if seen.kind in LAST:
                return replace(seen, seen_after_s=self.entered_s, seen_by_s=self.entered_s)

    async def _next(self, until_s: float | None) -> Seen:
        try:
            if not self._seen.empty() or until_s is None:
                seen = await self._seen.get()
            else:
                seen = await self._around.clock.wait_until(self._seen.get(), until_s)
        except TimeoutError:
            assert until_s is not None
            return Seen("nothing", until_s, until_s)
        if isinstance(seen, Exception):
            raise seen
        return seen

    async def close(self) -> None:
        """Close the page and forget its cookies; doubt the target file where not even our own words were seen."""
        if self._wrote and not self._read_any:
            told = f"nothing on the chat's page fitted `messages` ({self._chat.messages}), not even our own words"
            self._around.doubts[told] += 1
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        await super().close()

    # -- what appears ------------------------------------------------------------------------------------------

    async def _read(self, tab: Tab) -> None:
        from probes.tab import PageError

        try:
            while not self._over:
                stamp = await tab.next_stamp(self._around.clock)
                self._note_error(stamp.error_s)
                seen = self._understand(stamp)
                if seen is not None:
                    self._put(seen)
        except PageError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  raised where the contact waits, which logs it as our failure
            self._seen.put_nowait(error)

    def _understand(self, stamp: Stamp) -> Seen | None:
        chat, at_s, text = self._chat, stamp.at_s, stamp.text
        match stamp.what:
            case "message":
                self._read_any = True
                message = read_message(stamp.html, chat.own_text, chat.speakers)
                kind = SPOKEN.get(message.speaker)
                return Seen(kind, at_s, at_s, message.text) if kind is not None else None
            case "accepted":
                if self._accepted:
                    return None
                self._accepted = True
                return Seen("accepted", at_s, at_s)
            case "joined":
                if chat.joined_text is not None and not re.search(chat.joined_text, text):
                    return None
                named = _named(chat.joined_text, text)
                return Seen("taken", at_s, at_s, team=named.get("team"), agent=named.get("agent"))
            case "position":
                return Seen("position", at_s, at_s, text)
            case "typing":
                return Seen("typing", at_s, at_s)
            case "transfer":
                return Seen("transfer", at_s, at_s, text, team=_named(chat.transferred_text, text).get("team"))
            case "lost":
                return Seen("error", at_s, at_s, text or "the page lost its line to the desk")
            case "closed" if _says(chat, "shut", text):
                return Seen("shut", at_s, at_s, text)
            case "closed" if _says(chat, "busy", text):
                return Seen("busy", at_s, at_s, text)
            case "closed":
                return Seen("closed", at_s, at_s, text, resolved=_says(chat, "resolved", text))
        return None

    def _fail(self, reason: str) -> None:
        now_s = self._around.clock.now_s()
        self._put(Seen("error", now_s, now_s, reason))

    def _put(self, seen: Seen) -> None:
        self._over = self._over or seen.kind in LAST
        with contextlib.suppress(asyncio.QueueFull):  # a page that floods is cut off there; what came first is kept
            self._seen.put_nowait(seen)


def watches_of(chat: Chat) -> list[Watch]:
    """Return what to stamp in a chat page; where one element is several things, they are told in this order."""
    from probes.tab import Watch

    selectors = {
        "accepted": chat.accepted,
        "joined": chat.joined,
        "message": chat.messages,
        "transfer": chat.transferred,
        "lost": chat.lost,
        "closed": chat.closed,
    }
    settles_s = {"message": chat.settles_s}
    watches = [
        Watch(what, selector, settles_s=settles_s.get(what, 0.0))
        for what, selector in selectors.items()
        if selector is not None
    ]
    states = {"position": chat.queue_position, "typing": chat.typing}
    return watches + [Watch(what, selector, each=False) for what, selector in states.items() if selector is not None]


def _named(pattern: str | None, text: str) -> dict[str, str]:
    found = re.search(pattern, text) if pattern else None
    return {name: value for name, value in found.groupdict().items() if value} if found else {}


def _says(chat: Chat, how: str, text: str) -> bool:
    return any(name == how and re.search(pattern, text) is not None for name, pattern in chat.closed_text.items())
