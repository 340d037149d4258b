"""Settings: which keys of a scenario are to say something else, told by path, and the plain values that this gives.

A path goes from key to key: `teams.front.agents`. Of a list, `transfers.0.cut_off` (or `transfers[0].cut_off`) is one
element, `transfers.*.cut_off` every one, `transfers[from=front][to=back].cut_off` those that say so; the latter two go
through names as well. A value stands in the place of what was there, null removes it. `+2`, `-1`, `*1.1` and `+10%` as
text change the numbers that are there: of a list or a roster each that is above 0, and none falls below 0; what counts
stays whole.

Refuses to know what a scenario may say: `scenarios.reading` checks what comes out as it checks a file.

>>> document = Document("day.yaml", {"teams": {"front": {"agents": {"09:00": 3, "17:00": 0}}}}, {})
>>> applied(document, {"teams.front.agents": "+2"}).values
{'teams': {'front': {'agents': {'09:00': 5, '17:00': 0}}}}
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.yaml_reader import MISSING, Document, Key, Words, shorten

SETTING = "setting "
"""How the place of a fault begins that lies in no file."""

EVERY = "*"

_PART = re.compile(r"\.?([^.\[\]=]+)|\[(\d+)\]|\[([^\[\]=]+)=([^\[\]]*)\]")
_RELATIVE = re.compile(r"([+\-*])(\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True)
class _Says:
    """A part of a path: elements that say each text at its key."""

    told: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "".join(f"[{key}={text}]" for key, text in self.told)


_Part = str | int | _Says


@dataclass(frozen=True)
class ChangedDocument(Document):
    """A document some of whose values were set; a fault of such a value tells the setting instead of a line."""

    set_by: Mapping[Key, str] = field(default_factory=dict, repr=False)
    """By the place of each value that was set: the path that did."""

    def fault(self, key: Key, found: object, expected: str) -> Fault:
        """Describe a fault at `key`: as one of what set it, else as one that all settings together have caused."""
        fault = super().fault(key, found, expected)
        near = [place for place in self.set_by if key[: len(place)] == place]
        near = near or [place for place in self.set_by if place[: len(key)] == key]
        if near:
            return Fault(SETTING + self.set_by[max(near, key=len)], 0, fault.key, fault.found, fault.expected)
        told = ", ".join(dict.fromkeys(self.set_by.values()))
        return Fault(SETTING + told, 0, fault.key, fault.found, fault.expected)


def applied(document: Document, settings: Mapping[str, object]) -> ChangedDocument:
    """Return a document with other values in it, set one after the other; the given one stays as it is.

    Raises:
        FaultsFoundError: every path that leads nowhere, and every number that cannot be changed.
    """
    values, set_by, faults = copy.deepcopy(document.values), {}, []
    for path, value in settings.items():
        try:
            for place in _set(values, path, value):
                set_by[place] = path
        except FaultsFoundError as error:
            faults += error.faults
    if faults:
        raise FaultsFoundError(faults)
    before = document.set_by if isinstance(document, ChangedDocument) else {}
    return ChangedDocument(document.file, values, document.lines, {**before, **set_by})


def _set(values: Any, path: str, value: object) -> list[Key]:
    """Set what a path leads to; returns where that is."""
    parts = _parts(path)
    relative = _RELATIVE.fullmatch(value.strip()) if isinstance(value, str) else None
    several = any(part == EVERY or isinstance(part, _Says) for part in parts)
    found: list[tuple[Any, Key, str | int]] = []
    for parent, key in _places(values, (), parts[:-1], path):
        for last, there in _last(parent, key, parts[-1], path):
            if there or (value is not None and relative is None):
                found.append((parent, key, last))
            elif not several:
                anew = "; or a value of its own: this file says none that could be changed" if relative else ""
                raise _wrong(path, last, MISSING, _known(parent, last) + anew)
    if not found:
        raise _wrong(path, str(parts[-1]), MISSING, "a key that some of them have")
    for parent, _, last in reversed(found):  # from the last on: what is removed of a list moves those behind it
        _put(parent, last, value, relative, path)
    return [(*key, last) for _, key, last in found]


def found_at(values: Any, path: str) -> list[tuple[Key, object]]:
    """Return each place that a path leads to, and what is there; MISSING where nothing is, but something may be.

    Raises:
        FaultsFoundError: it leads nowhere.

    >>> found_at({"teams": {"front": {"resolves": 0.9}, "back": {}}}, "teams.*.resolves")
    [(('teams', 'front', 'resolves'), 0.9), (('teams', 'back', 'resolves'), Words(words='missing'))]
    """
    parts = _parts(path)
    return [
        ((*key, last), parent[last] if there else MISSING)
        for parent, key in _places(values, (), parts[:-1], path)
        for last, there in _last(parent, key, parts[-1], path)
    ]


def _put(parent: Any, last: str | int, value: object, relative: re.Match[str] | None, path: str) -> None:
    if relative is not None:
        parent[last] = _moved(parent[last], _change(relative), path)
    elif value is None:
        del parent[last]
    else:
        parent[last] = copy.deepcopy(value)


def _parts(path: str) -> list[_Part]:
    parts: list[_Part] = []
    at = 0
    while at < len(path):
        found = _PART.match(path, at)
        if found is None or (at == 0 and path[0] in ".["):
            break
        name, number, key, text = found.groups()
        before = parts[-1] if parts else None
        if number is not None or (name is not None and name.isdecimal()):
            parts.append(int(number or name))
        elif name is not None:
            parts.append(name)
        elif isinstance(before, _Says):
            parts[-1] = _Says((*before.told, (key, text)))
        else:
            parts.append(_Says(((key, text),)))
        at = found.end()
    if at < len(path) or not parts:
        raise FaultsFoundError([Fault(SETTING + path, 0, "the path", repr(path), "a path such as teams.front.agents")])
    return parts


def _places(values: Any, key: Key, parts: list[_Part], path: str) -> Iterator[tuple[Any, Key]]:
    """Yield each mapping or list that the parts lead to, and its key."""
    if not parts:
        if not isinstance(values, dict | list):
            raise _wrong(path, key[-1], values, "keys below it: end the path here")
        yield values, key
        return
    for last, there in _last(values, key, parts[0], path):
        if not there:
            raise _wrong(path, last, MISSING, _known(values, last))
        yield from _places(values[last], (*key, last), parts[1:], path)


def _last(values: Any, key: Key, part: _Part, path: str) -> Iterator[tuple[str | int, bool]]:
    """Yield the keys of a mapping or list that a part means, and whether each is there."""
    if not isinstance(values, dict | list):
        raise _wrong(path, key[-1] if key else path, values, "keys below it: end the path here")
    keys = list(values) if isinstance(values, dict) else list(range(len(values)))
    if part == EVERY or isinstance(part, _Says):
        chosen = [one for one in keys if part == EVERY or _says(values[one], part)]
        if not chosen:
            raise _wrong(path, str(part), Words("none of them"), _told(values, keys, part))
        yield from ((one, True) for one in chosen)
    elif isinstance(values, dict):
        yield str(part), str(part) in values
    elif isinstance(part, int):
        if part >= len(values):
            raise _wrong(path, part, Words(f"beyond the {len(values)} that there are"), f"0 to {len(values) - 1}")
        yield part, True
    else:
        expected = "the number of an element, from 0, `*` for every one, or those that say so: [key=text]"
        raise _wrong(path, part, part, expected)


def _says(element: Any, part: object) -> bool:
    assert isinstance(part, _Says)
    return all(text in _words(element, key) for key, text in part.told)


def _words(element: Any, key: str) -> list[str]:
    """Return what an element says at a key, as words; nothing where it has none."""
    told = element[key] if isinstance(element, dict) and key in element else []
    return [str(one) for one in (told if isinstance(told, list | dict) else [told])]


def _told(values: Any, keys: list[Any], part: object) -> str:
    """Say what elements tell where a part of a path has matched none."""
    if not isinstance(part, _Says):
        return "at least one element"
    elements = [values[one] for one in keys if isinstance(values[one], dict)]
    for at, (key, text) in enumerate(part.told):
        left = [element for element in elements if _says(element, _Says(part.told[:at]))]
        words = {word for element in left for word in _words(element, key)}
        if not words:
            return f"a key that they have, {one_of({name for element in left for name in element}, key)}"
        if text not in words:
            return f"{key} {one_of(words, text)}"
    return "what one of them says"


def _known(values: Any, found: object) -> str:
    return one_of([str(name) for name in values], found) if isinstance(values, dict) else "an element that is there"


def _wrong(path: str, key: object, found: object, expected: str) -> FaultsFoundError:
    shown = str(found) if isinstance(found, Words) else shorten(found)
    return FaultsFoundError([Fault(SETTING + path, 0, str(key), shown, expected)])


def _change(relative: re.Match[str]) -> Callable[[float], float]:
    sign, digits, percent = relative.groups()
    amount = float(digits)
    if sign == "*":
        return lambda number: number * (amount / 100 if percent else amount)
    signed = amount if sign == "+" else -amount
    return (lambda number: number * (1 + signed / 100)) if percent else lambda number: number + signed


def _moved(value: Any, change: Callable[[float], float], path: str) -> Any:
    """Return a number, or a list or mapping of numbers, after a change; those that count stay whole."""
    if isinstance(value, bool) or not isinstance(value, int | float | dict | list):
        raise _wrong(path, "what is there", value, "a number to change, or numbers; or say the new value itself")
    if isinstance(value, dict):
        return {name: _moved(one, change, path) if one != 0 else one for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, change, path) if one != 0 else one for one in value]
    after = max(change(float(value)), 0.0)
    if isinstance(value, int):
        return math.floor(after + 0.5)
    return round(after, 12)
