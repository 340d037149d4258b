"""What is new on a ticket page since the last look: shared by the HTTP and the browser form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from probes.channels.pages import PageMessage
from probes.journeys import Seen
from scenarios.target import Form


class TicketPage:
    """Remembers what has been seen of one ticket."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._counted = 0
        self._taken = False
        self._closed = False

    def news(self, status: str, found: Sequence[PageMessage], after_s: float, by_s: float) -> Iterator[Seen]:
        """Yield what is new, between the look before and this one; messages are known by their place."""
        fresh = found[self._counted :]
        self._counted = max(self._counted, len(found))
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
