"""What is wrong in a file somebody wrote: one line each, all of them at once.

Holds the record of a fault and the error that carries a list of them. Refuses to decide what a fault is: the
readers do.

>>> print(Fault("day.yaml", 4, "teams.front.agents", "'ten'", "a whole number of agents, 0 or more"))
day.yaml:4: teams.front.agents is 'ten'; expected a whole number of agents, 0 or more
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: the file, its line (1 is the first), the dotted key, the value found and what would be right.

    What was set on top of a file has no line: `file` is then the setting, and `line` 0.
    Where the fault is a thing that is not there at all, `found` is ``missing``.
    """

    file: str
    line: int
    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        where = f"{self.file}{line}: {self.key}".rstrip()
        return f"{where} is {self.found}; expected {self.expected}"


class FaultsFoundError(ValueError):
    """A file cannot be used; `faults` lists every reason, ordered by file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def nearest(known: Iterable[str], found: object) -> str | None:
    """Return the known word nearest to what was found, or None where none is near."""
    near = difflib.get_close_matches(str(found), sorted(known), n=1)
    return near[0] if near else None


def one_of(known: Iterable[str], found: object = None) -> str:
    """Say which words are known, the nearest to `found` first.

    >>> one_of(["chat", "form", "phone"], "fone")
    'one of: phone (did you mean it?), chat, form'
    """
    words = sorted(known)
    near = nearest(words, found) if found is not None else None
    rest = [word for word in words if word != near]
    listed = [f"{near} (did you mean it?)", *rest] if near else rest
    return "one of: " + (", ".join(listed) if listed else "(none is defined)")
