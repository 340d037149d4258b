"""What a desk's JSON means, by a target's rules: pure functions from documents to what was seen.

>>> from scenarios.wire import Event
>>> told = Event.model_validate({"when": "by == 'agent'", "is": "human", "text": "words"})
>>> seen = Reading([told]).of({"by": "agent", "words": "Hello"}, 3.0, 3.0)
>>> seen.kind, seen.text
('human', 'Hello')
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from probes.channels.pages import PageTooDeepError, parse
from probes.journeys import Seen
from scenarios.wire import Event
from scenarios.wording import filled

TEXT_MOST = 20_000
IDS_MOST = 20_000


def found(expression: str | None, document: Any) -> Any:
    """Return what an expression finds; nothing where it does not fit the document."""
    if expression is None:
        return None
    try:
        return jmespath.search(expression, document)
    except (JMESPathError, TypeError, ValueError, RecursionError):
        return None


def completed(expression: str, values: Mapping[str, str]) -> str:
    r"""Return an expression with values in the place of its placeholders; none of them can end the quotes it is in.

    >>> print(completed("sender == '{me}'", {"me": "@ann's:desk"}))
    sender == '@ann\'s:desk'
    """
    return filled(expression, {name: json.dumps(value)[1:-1].replace("'", "\\'") for name, value in values.items()})


def words(value: Any, html: bool = False) -> str:
    """Return a part of a message as text that any file can hold."""
    if value is None:
        return ""
    text = str(value)[:TEXT_MOST]
    if html:
        try:
            body = parse(re.sub(r"<br\s*/?>|</p>\s*<p[^>]*>", "\n", text)).body
            text = body.text() if body is not None else ""
        except PageTooDeepError:
            text = ""
    return text.encode("utf-8", "replace").decode()


class Reading:
    """Reads items; refuses to read one twice.

    `repeats`: each answer tells everything again, not only what is new. `find` searches with an expression.
    """

    def __init__(
        self,
        events: Sequence[Event],
        html: bool = False,
        repeats: bool = True,
        find: Callable[[str | None, Any], Any] = found,
    ) -> None:
        self._events, self._html, self._repeats, self._found = events, html, repeats, find
        self._known: set[str] = set()
        self._counted: dict[int, int] = {}
        self._fired: set[int] = set()

    def of(self, item: Any, after_s: float, by_s: float) -> Seen | None:
        """Return what an item is; None of our own words, and of what no rule fits."""
        event = next((told for told in self._events if told.when is None or self._found(told.when, item)), None)
        return None if event is None else self._seen(event, item, after_s, by_s)

    def news(
        self, document: Any, items: str, name: str | None, place: int, after_s: float, by_s: float
    ) -> Iterator[Seen]:
        """Yield what is new in a document: items by their name, or else, where they come again, by their place."""
        listed = self._found(items, document)
        listed = listed if isinstance(listed, list) else []
        if name is None and self._repeats:
            fresh = listed[self._counted.get(place, 0) :]
            self._counted[place] = max(self._counted.get(place, 0), len(listed))
        else:
            fresh = [item for item in listed if name is None or self._is_new(f"{place} {self._found(name, item)}")]
        for item in fresh:
            seen = self.of(item, after_s, by_s)
            if seen is not None:
                yield seen

    def states(self, events: Sequence[Event], document: Any, after_s: float, by_s: float) -> Iterator[Seen]:
        """Yield what a whole answer says for the first time."""
        for event in events:
            if id(event) not in self._fired and (event.when is None or self._found(event.when, document)):
                self._fired.add(id(event))
                seen = self._seen(event, document, after_s, by_s)
                if seen is not None:
                    yield seen

    def _is_new(self, name: str) -> bool:
        if name in self._known or len(self._known) >= IDS_MOST:
            return False
        self._known.add(name)
        return True

    def _seen(self, event: Event, item: Any, after_s: float, by_s: float) -> Seen | None:
        if event.is_ == "customer":
            return None
        carried = self._found(event.history_carried, item)
        return Seen(
            event.is_, after_s, by_s, words(self._found(event.text, item), self._html),
            team=words(self._found(event.team, item)) or None, agent=words(self._found(event.agent, item)) or None,
            history_carried=None if carried is None else bool(carried), resolved=event.resolved,
        )  # fmt: skip
