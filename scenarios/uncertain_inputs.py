"""The uncertain inputs of a scenario: which numbers they move, and the settings that each of their values means.

An input moves one place or many (`demand.*.factor`), by a value of its own or by a factor. Factors that meet at a place
multiply; a value of its own meets nothing else. What counts stays whole: an input is drawn as any number, and rounded
where the scenario takes none but whole ones. Refuses to draw, and what says how a desk is judged, but for what
customers are worth and serving them costs.

>>> from scenarios.uncertain import Known
>>> desk = Document("desk.yaml", {"teams": {"front": {"resolves": 0.8}}}, {})
>>> told = {"teams.front.resolves": Uncertain(factor=Known(low=0.5, high=1.0))}
>>> settings_at(inputs_from(desk, told, lambda settings: None), [0.5])
{'teams.front.resolves': 0.6000000000000001}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scenarios.faults import Fault, FaultsFoundError
from scenarios.population_checks import YARDSTICKS
from scenarios.settings import SETTING, found_at
from scenarios.uncertain import Uncertain
from scenarios.yaml_reader import MISSING, Document, Key, shorten

INPUTS_MOST = 100
"""So many are weighed at once: each takes replications of its own."""

JUDGED = (*(name for name in YARDSTICKS if name not in ("customers", "costs")), "goals", "gates", "thresholds")
"""Keys that say how a desk is judged; what one does not know of them is not of the desk."""

ONCE = {"factor": 1.0}
"""Numbers that a file may leave out, and what they are then."""

WHOLE = "a whole number"
"""What is expected where a number that counts got a part of one."""


@dataclass(frozen=True)
class Input:
    """An uncertain input.

    Attributes:
        path: what names it.
        told: what is known of it.
        places: each place that it moves, and the numbers that the scenario has there.
        whole: whether those places take whole numbers only.
    """

    path: str
    told: Uncertain
    places: tuple[tuple[Key, Any], ...] = field(repr=False)
    whole: bool = False

    @property
    def is_factor(self) -> bool:
        """Whether it multiplies what is there."""
        return self.told.factor is not None

    def value(self, share: float) -> float:
        """Return its value, or factor, below which a share of all lies; rounded where only whole ones can be."""
        value = self.told.law.at(share)
        return float(_whole(value)) if self.whole and not self.is_factor else value


Tries = Callable[[Mapping[str, object]], object]
"""Makes a scenario with settings, or raises its faults."""


def inputs_from(document: Document, uncertain: Mapping[str, Uncertain], tries: Tries) -> list[Input]:
    """Return the inputs, in the order in which they are told.

    Args:
        document: the scenario's file.
        uncertain: what is known of each path.
        tries: makes the scenario with settings: each input is tried at both ends, so that none of its values is one
            that no scenario may have.

    Raises:
        FaultsFoundError: every path that leads nowhere or to no number, two that move one place, ends that the
            scenario cannot have; or none is told, or too many.
    """
    if not 0 < len(uncertain) <= INPUTS_MOST:
        expected = f"1 to {INPUTS_MOST} numbers that are not known: `uncertain` of the scenario, or --uncertain"
        raise FaultsFoundError([Fault(document.file, 0, "uncertain", f"{len(uncertain)} inputs", expected)])
    inputs, faults = list[Input](), list[Fault]()
    for path, told in uncertain.items():
        try:
            inputs.append(_input(document.values, path, told))
        except FaultsFoundError as error:
            faults += error.faults
    meetings = _meetings(inputs)
    faults += meetings
    if not meetings:
        inputs, wrong = _tried(inputs, tries)
        faults += wrong
    if faults:
        raise FaultsFoundError(faults)
    return inputs


def _input(values: Any, path: str, told: Uncertain) -> Input:
    if path.split(".")[0].split("[")[0] in JUDGED:
        expected = "a key of how the desk works, of customers or of costs: this one says how it is judged"
        raise FaultsFoundError([Fault(SETTING + path, 0, path, "told", expected)])
    found = found_at(values, path)
    several = "*" in path or "[" in path
    places: list[tuple[Key, Any]] = []
    for key, there in found:
        base = ONCE.get(str(key[-1]), MISSING) if there is MISSING and key[0] == "demand" else there
        if base is MISSING and (several or told.factor is None):
            if not several:
                places.append((key, 0.0))
            continue
        if base is MISSING or not _numbers(base) or (told.factor is None and isinstance(base, dict | list)):
            what = "a number" if told.factor is None else "a number, or numbers, that a factor can change"
            raise FaultsFoundError([Fault(SETTING + path, 0, _dotted(key), _shown(base), what)])
        places.append((key, base))
    if not places:
        raise FaultsFoundError([Fault(SETTING + path, 0, path, "missing", "a key that some of them have")])
    return Input(path, told, tuple(places))


def _shown(found: object) -> str:
    return str(found) if found is MISSING else shorten(found)


def _numbers(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(_numbers(one) for one in value.values())
    if isinstance(value, list):
        return bool(value) and all(_numbers(one) for one in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _meetings(inputs: Sequence[Input]) -> list[Fault]:
    """Find places that two inputs move, unless both multiply the same numbers."""
    faults = []
    for at, one in enumerate(inputs):
        for other in inputs[:at]:
            for key, _ in one.places:
                met = [there for there, _ in other.places if there[: len(key)] == key or key[: len(there)] == there]
                if met and not (one.is_factor and other.is_factor and met == [key]):
                    found = f"moved by {other.path} too"
                    faults.append(Fault(SETTING + one.path, 0, _dotted(key), found, "each number by one of them"))
                    break
    return faults


def _tried(inputs: Sequence[Input], tries: Tries) -> tuple[list[Input], list[Fault]]:
    """Try all inputs at their ends, first as they are, then those whole that have to be."""
    whole = set[str]()
    faults = list[Fault]()
    for _ in range(2):
        inputs = [replace(one, whole=one.path in whole) for one in inputs]
        faults = [fault for end in (0, 1) for fault in _faults_at(inputs, end, tries)]
        counts = {fault.file.removeprefix(SETTING) for fault in faults if WHOLE in fault.expected}
        if not counts - whole:
            break
        whole |= counts
    return list(inputs), list(dict.fromkeys(faults))


def _faults_at(inputs: Sequence[Input], end: int, tries: Tries) -> list[Fault]:
    shares = [float(end)] * len(inputs)
    by_place = {_dotted(key): one.path for one in inputs for key, _ in one.places}
    try:
        tries(settings_at(inputs, shares))
    except FaultsFoundError as error:
        found = [
            replace(fault, file=SETTING + by_place.get(fault.file.removeprefix(SETTING), fault.file))
            for fault in error.faults
        ]  # what one input makes wrong in many places alike is told once
        return list({(one.file, one.found, one.expected): one for one in reversed(found)}.values())
    return []


def settings_at(inputs: Sequence[Input], shares: Sequence[float]) -> dict[str, object]:
    """Return the settings that the inputs' values mean, each told by the share of its values that lies below.

    What is the scenario's own value is set too.
    """
    factors: dict[str, float] = {}
    whole: dict[str, bool] = {}
    bases: dict[str, Any] = {}
    found: dict[str, object] = {}
    for one, share in zip(inputs, shares, strict=True):
        value = one.value(share)
        for key, base in one.places:
            place = _dotted(key)
            if one.is_factor:
                factors[place] = factors.get(place, 1.0) * value
                whole[place] = whole.get(place, False) or one.whole
                bases[place] = base
            else:
                found[place] = int(value) if one.whole else value
    return found | {place: _scaled(base, factors[place], whole[place]) for place, base in bases.items()}


def _scaled(base: Any, factor: float, whole: bool) -> Any:
    if isinstance(base, dict):
        return {name: _scaled(one, factor, whole) for name, one in base.items()}
    if isinstance(base, list):
        return [_scaled(one, factor, whole) for one in base]
    if base == 0:
        return base
    return _whole(base * factor) if whole else base * factor


def _whole(value: float) -> int:
    return math.floor(value + 0.5)


def _dotted(key: Key) -> str:
    return ".".join(map(str, key))
