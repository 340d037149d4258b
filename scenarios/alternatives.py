"""Alternatives to a scenario: what a planner asks "what if" about, read from words, a file, a grid or its remedies.

An alternative is a scenario with other values at some of its keys (`scenarios.settings` tells how paths are written).
Typed, it is `PATH=VALUE,PATH=VALUE`: what stands in brackets, braces or quotes is not divided, a value is YAML as it
stands on one line, and `+2`, `-1`, `*1.1`, `+10%` change the numbers that are there, so none below 0 can be typed. All
faults of all alternatives are told at once. Refuses what says how a desk is judged, as that would move the yardstick.

>>> typed("teams.front.agents=+2,teams.front.skills=[order, refund]").settings
{'teams.front.agents': '+2', 'teams.front.skills': ['order', 'refund']}
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.changes import changed
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.population_checks import YARDSTICKS
from scenarios.reading import LoadedScenario
from scenarios.settings import SETTING
from scenarios.yaml_reader import MISSING, Document, read_file, read_text, shorten

ALTERNATIVES_MOST = 64
"""So many are compared at once: each has its share of the error that all may make, and each is simulated."""

_RELATIVE = re.compile(r"[+\-*]\d+(\.\d+)?%?")
_OPENS, _CLOSES, _QUOTES = "[{(", "]})", "\"'"


@dataclass(frozen=True)
class Alternative:
    """Other values at some keys of a scenario."""

    name: str
    settings: Mapping[str, object]
    says: str = ""
    """What it means, for people who read no paths; may be empty."""


@dataclass(frozen=True)
class Changed:
    """An alternative and the scenario that it makes."""

    alternative: Alternative
    loaded: LoadedScenario = field(repr=False)
    differs: bool
    """Whether any value is another one at all."""


def typed(text: str, option: str = "--set") -> Alternative:
    """Read an alternative as it is typed; its name is what was typed.

    Raises:
        FaultsFoundError: every part that is no `PATH=VALUE`, or whose path is told twice.
    """
    settings: dict[str, object] = {}
    faults = []
    for part in divided(text, ","):
        path, *value = (one.strip() for one in divided(part, "=", 1))
        if not path or not value or not value[0]:
            faults.append(Fault(f"{option} {text}", 0, "a part of it", repr(part), "PATH=VALUE"))
        elif path in settings:
            faults.append(Fault(f"{option} {text}", 0, path, "told twice", "each path once"))
        else:
            settings[path] = _value(value[0], f"{option} {text}")
    if faults:
        raise FaultsFoundError(faults)
    return Alternative(text.strip(), settings)


def divided(text: str, sign: str, times: int = -1) -> list[str]:
    """Divide a text at a sign, but not within brackets, braces, round brackets or quotes.

    >>> divided("a[from=x]=1, b={c: 2, d: 3}", ",")
    ['a[from=x]=1', ' b={c: 2, d: 3}']
    """
    parts: list[str] = []
    depth, quoted, begins = 0, "", 0
    for at, one in enumerate(text):
        if quoted:
            quoted = "" if one == quoted else quoted
        elif one in _QUOTES:
            quoted = one
        elif one in _OPENS:
            depth += 1
        elif one in _CLOSES:
            depth -= 1
        elif one == sign and depth <= 0 and len(parts) != times:
            parts.append(text[begins:at])
            begins = at + 1
    return [*parts, text[begins:]]


def _value(text: str, place: str) -> object:
    """Read a value as YAML; a change of what is there stays text."""
    if _RELATIVE.fullmatch(text):
        return text
    try:
        return read_text(f"- {text}\n", place).values[0]
    except FaultsFoundError as error:
        raise FaultsFoundError(
            [Fault(place, 0, "the value", repr(text), one.expected) for one in error.faults]
        ) from None


def gridded(texts: Sequence[str]) -> list[Alternative]:
    """Read `PATH=VALUE,VALUE,…` of one or more grids: an alternative for each combination of their values.

    Raises:
        FaultsFoundError: every text that is no grid, a path in two of them, or more combinations than are compared.
    """
    axes: dict[str, list[tuple[str, object]]] = {}
    faults = []
    for text in texts:
        path, *rest = (one.strip() for one in divided(text, "=", 1))
        told = [one.strip() for one in divided(rest[0], ",")] if rest else []
        if not path or not told or not all(told):
            faults.append(Fault(f"--grid {text}", 0, "the grid", repr(text), "PATH=VALUE,VALUE,…"))
        elif path in axes:
            faults.append(Fault(f"--grid {text}", 0, path, "told twice", "each path in one grid"))
        else:
            axes[path] = [(one, _value(one, f"--grid {text}")) for one in told]
    count = math.prod(len(values) for values in axes.values())
    if count > ALTERNATIVES_MOST:
        expected = f"at most {ALTERNATIVES_MOST}"
        faults.append(Fault("--grid", 0, "the combinations", f"{count} of them", expected))
    if faults:
        raise FaultsFoundError(faults)
    return [
        Alternative(
            ",".join(f"{path}={text}" for path, (text, _) in zip(axes, chosen, strict=True)),
            {path: value for path, (_, value) in zip(axes, chosen, strict=True)},
        )
        for chosen in (itertools.product(*axes.values()) if axes else ())
    ]


def read_alternatives(path: Path) -> list[Alternative]:
    """Read a file of alternatives: `name: {says: …, set: {PATH: VALUE}}`, as `remedies` of a scenario.

    Raises:
        FaultsFoundError: every fault of the file.
    """
    document = read_file(path)
    if not isinstance(document.values, dict) or not document.values:
        expected = "alternatives by name: {says: …, set: {PATH: VALUE}}"
        raise FaultsFoundError([document.fault((), document.values, expected)])
    faults = [fault for name, told in document.values.items() for fault in _file_faults(document, name, told)]
    if faults:
        raise FaultsFoundError(faults)
    return [Alternative(name, told["set"], told.get("says") or "") for name, told in document.values.items()]


def _file_faults(document: Document, name: str, told: Any) -> Iterator[Fault]:
    if not isinstance(told, dict):
        yield document.fault((name,), told, "{says: …, set: {PATH: VALUE}}")
        return
    for key in told:
        if key not in ("says", "set"):
            yield document.fault((name, key), told[key], one_of(("says", "set"), key))
    if not isinstance(told.get("says", ""), str):
        yield document.fault((name, "says"), told["says"], "a text: what it means")
    if not isinstance(told.get("set"), dict) or not told["set"]:
        yield document.fault((name, "set"), told.get("set", MISSING), "values by path: {teams.front.agents: '+2'}")


def remedies_of(loaded: LoadedScenario) -> list[Alternative]:
    """Return the remedies that a scenario tells, as alternatives."""
    return [Alternative(name, remedy.set, remedy.says) for name, remedy in loaded.scenario.remedies.items()]


def alternatives_of(loaded: LoadedScenario, alternatives: Sequence[Alternative]) -> list[Changed]:
    """Return the scenarios that alternatives make.

    Raises:
        FaultsFoundError: every setting of any of them that leads nowhere, cannot be played, or would move the
            yardstick; two of one name; none at all, or more than are compared at once.
        ProfileError: a profile or a recorded log that was asked for cannot be played any more.
    """
    found, faults = [], list(_list_faults(alternatives))
    for one in alternatives:
        if yardsticks := list(_yardsticks(one)):
            faults += yardsticks
            continue
        try:
            other = changed(loaded, one.settings)
        except FaultsFoundError as error:
            faults += error.faults
            continue
        found.append(Changed(one, other, other is not loaded))
    if faults:
        raise FaultsFoundError(faults)
    return found


def _list_faults(alternatives: Sequence[Alternative]) -> Iterator[Fault]:
    if not alternatives:
        yield Fault("what if", 0, "the alternatives", "missing", "--set, --alternatives, --grid or --remedies")
    if len(alternatives) > ALTERNATIVES_MOST:
        yield Fault("what if", 0, "the alternatives", f"{len(alternatives)} of them", f"at most {ALTERNATIVES_MOST}")
    names = [one.name for one in alternatives]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Fault("what if", 0, "the alternatives", f"{shorten(name)} twice", "each once, under its own name")


def _yardsticks(one: Alternative) -> Iterator[Fault]:
    """Find settings that would change what alternatives are measured by: they would differ for that alone."""
    for path in one.settings:
        if path.split(".")[0].split("[")[0] in YARDSTICKS:
            expected = "a key of how the desk works: this one says how it is judged"
            yield Fault(SETTING + path, 0, path, "asked for", expected)
