"""Uncertain inputs as they are typed, and those of a scenario with them.

`PATH=LOW..HIGH` is all one knows of a number, `PATH=*LOW..HIGH` of the factor by which it is wrong; what stands in
braces is YAML as a scenario has it. Paths are those of `scenarios.settings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scenarios.alternatives import divided
from scenarios.faults import Fault, FaultsFoundError
from scenarios.models import check_model
from scenarios.reading import LoadedScenario, inputs_of
from scenarios.uncertain import Known, Uncertain
from scenarios.uncertain_inputs import Input
from scenarios.yaml_reader import Document, read_text, shorten


def all_inputs(loaded: LoadedScenario, typed: Sequence[str] = ()) -> list[Input]:
    """Return the inputs that a scenario tells, and those typed, which stand before the scenario's of the same path.

    Raises:
        FaultsFoundError: every fault of any of them.
    """
    return inputs_of(loaded, {**loaded.scenario.uncertain, **typed_uncertain(typed)})


def typed_uncertain(texts: Sequence[str], option: str = "--uncertain") -> dict[str, Uncertain]:
    """Read `PATH=LOW..HIGH`, `PATH=*LOW..HIGH` for a factor, or `PATH={…}` as a scenario has it.

    Raises:
        FaultsFoundError: every text that is none of these, and a path told twice.

    >>> typed_uncertain(["demand.*.factor=*0.9..1.1"])["demand.*.factor"].law.ends
    (0.0, 1.0)
    """
    found: dict[str, Uncertain] = {}
    faults: list[Fault] = []
    for text in texts:
        path, *rest = (one.strip() for one in divided(text, "=", 1))
        place = f"{option} {text}"
        if not path or not rest or not rest[0]:
            faults.append(Fault(place, 0, "it", shorten(text), "PATH=LOW..HIGH"))
        elif path in found:
            faults.append(Fault(place, 0, path, "told twice", "each path once"))
        else:
            try:
                found[path] = _typed(rest[0], place)
            except FaultsFoundError as error:
                faults += error.faults
    if faults:
        raise FaultsFoundError(faults)
    return found


def _typed(text: str, place: str) -> Uncertain:
    if text.startswith("{"):
        values = read_text(text + "\n", place).values
        try:
            return check_model(Document(place, values, {}), Uncertain)
        except FaultsFoundError as error:
            raise FaultsFoundError(replace(one, file=place, line=0) for one in error.faults) from None
    ends = text.removeprefix("*").split("..")
    try:
        low, high = (float(end) for end in ends)
        law = Known(low=low, high=high)
        return Uncertain(factor=law) if text.startswith("*") else Uncertain(low=low, high=high)
    except ValueError:
        expected = "LOW..HIGH, low below high; *LOW..HIGH for a factor; or {mean: …, cv: …}"
        raise FaultsFoundError([Fault(place, 0, "what is known", shorten(text), expected)]) from None
