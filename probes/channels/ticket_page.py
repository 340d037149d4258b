"""Look at a ticket page again and again, and tell what is new: shared by the HTTP and the browser form.

What is new was not there when the look before was asked for, and was there when this one had come.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser

from probes.channels.pages import PageMessage, PageTooDeepError, messages, parse, text_at
from probes.clock import Clock
from probes.journeys import Kind, Seen
from scenarios.target import Form


class TicketWatch:
    """Looks at one ticket every so often, and queues what it sees."""

    def __init__(self, form: Form, clock: Clock, background: bool) -> None:
        self._form, self._clock = form, clock
        slow = background and form.background_poll_s is not None
        self._poll_s = form.background_poll_s if slow and form.background_poll_s is not None else form.poll_s
        self._page = TicketPage(form)
        self._seen: deque[Seen] = deque()
        self._asked_s = self._looked_s = 0.0

    async def next_seen(self, until_s: float | None, look: Callable[[], Awaitable[None]]) -> Seen:
        """Look until something new is seen or the deadline comes."""
        while not self._seen:
            look_s = self._looked_s + self._poll_s
            if until_s is not None and look_s > until_s:
                await self._clock.sleep_until_s(until_s)
                return Seen("nothing", until_s, until_s)
            await self._clock.sleep_until_s(look_s)
            await look()
        return self._seen.popleft()

    def is_turned_away(self, page: LexborHTMLParser, at_s: float) -> bool:
        """Say whether the form's page says that nothing is taken now, and queue that as seen."""
        signs: dict[Kind, str | None] = {"shut": self._form.shut, "busy": self._form.busy}
        for kind, sign in signs.items():
            if sign is not None and page.css_first(sign) is not None:
                self._seen.append(Seen(kind, at_s, at_s, text_at(page, sign)))
                return True
        return False

    def fail(self, reason: str) -> None:
        """Queue an error, seen now."""
        now_s = self._clock.now_s()
        self._seen.append(Seen("error", now_s, now_s, reason))

    def accept(self, reference: str, html: str, asked_s: float, shown_s: float, read_s: float) -> None:
        """Take in the first sight of the ticket page: nothing on it is older than the form."""
        self._seen.append(Seen("accepted", shown_s, shown_s, reference))
        self._asked_s = asked_s
        self.read(html, asked_s, read_s)

    def read(self, html: str, asked_s: float, came_s: float) -> None:
        """Take in another look."""
        try:
            page = parse(html)
        except PageTooDeepError as error:
            self.fail(str(error))
            return
        form = self._form
        if form.lost is not None and page.css_first(form.lost) is not None:
            self.fail("the ticket page does not know us any more")
            return
        found = messages(page, form.messages, form.own_text, form.speakers)
        self._seen += self._page.news(text_at(page, form.status), found, self._asked_s, came_s)
        self.unchanged(asked_s, came_s)

    def unchanged(self, asked_s: float, came_s: float) -> None:
        """Take in a look that showed nothing new."""
        self._asked_s, self._looked_s = asked_s, came_s


class TicketPage:
    """Remembers what has been seen of one ticket."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._known: list[PageMessage] = []
        """As the page had them when it was looked at last."""
        self._taken = False
        self._closed = False

    def news(self, status: str, found: Sequence[PageMessage], after_s: float, by_s: float) -> Iterator[Seen]:
        """Yield what is new, between the look before and this one, oldest first."""
        fresh = new_messages(self._known, found)
        self._known = list(found)
        closed = bool(self._form.closed and re.search(self._form.closed, status))
        answered = any(message.speaker == "human" for message in fresh)
        under_way = bool(self._form.taken and (re.search(self._form.taken, status) or closed or answered))
        if under_way and not self._taken:
            self._taken = True
            yield Seen("taken", after_s, by_s, status)
        for message in fresh:
            match message.speaker:
                case "human":
                    yield Seen("human", after_s, by_s, message.text)
                case "automatic":
                    yield Seen("automatic", after_s, by_s, message.text)
                case "bot":
                    yield Seen("bot", after_s, by_s, message.text)
        if closed and not self._closed:
            self._closed = True
            yield Seen("closed", after_s, by_s, status, resolved=True)


def new_messages(known: Sequence[PageMessage], found: Sequence[PageMessage]) -> list[PageMessage]:
    """Return what a page has that it had not before, oldest first, on whichever side the page puts what is new.

    >>> hello, answer, bye = (PageMessage("human", text) for text in ("hello", "answer", "bye"))
    >>> [one.text for one in new_messages([hello], [hello, answer, bye])]
    ['answer', 'bye']
    >>> [one.text for one in new_messages([hello], [bye, answer, hello])]
    ['answer', 'bye']
    >>> [one.text for one in new_messages([hello, answer], [answer, hello, bye])]
    ['bye']
    """
    count = len(known)
    if list(found[:count]) == list(known):
        return list(found[count:])
    if list(found[-count:]) == list(known):
        return list(reversed(found[:-count]))
    left = Counter(known)
    fresh = []
    for message in found:  # rearranged, or one of them changed
        if left[message] > 0:
            left[message] -= 1
        else:
            fresh.append(message)
    return fresh
