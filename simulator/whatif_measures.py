"""By which figures alternatives are compared: those that decide, those that are told beside, and their tolerances.

What decides is asked for, or else what the scenario's goals name, or else the mean wait of each channel that people
answer and, where customers lose patience there, how many give up. Told beside, always: how many came, how busy teams
are, paid hours, and what serving costs and how many customers are lost where the scenario says what that takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from results.figures import Key
from results.whatif import Measure
from scenarios.churn import withheld_money
from scenarios.faults import nearest
from scenarios.metric_directions import OWN_FIGURES, Better, better_of, unit_of
from scenarios.reading import LoadedScenario
from scenarios.scenario import Scenario
from simulator.precision import PrecisionError, keys_named


def measures_of(loaded: LoadedScenario, metrics: Sequence[str] = (), tolerances: Sequence[str] = ()) -> list[Measure]:
    """Return the figures, those that decide first.

    Args:
        loaded: the scenario.
        metrics: `[CHANNEL.|TEAM.]METRIC[/T]` or a figure of its own (`customers_lost`), which decide instead of goals.
        tolerances: `[CHANNEL.|TEAM.]METRIC[/T]=VALUE`, in the metric's unit or as `5%` of the scenario's value.

    Raises:
        PrecisionError: every text that is none, or a tolerance of a figure that is not compared.
    """
    scenario, faults = loaded.scenario, list[str]()
    asked: dict[Key, Better | None] = {}
    for text in metrics:
        try:
            asked |= {key: better_of(key.metric) for key in _named(text, loaded)}
        except PrecisionError as error:
            faults.append(str(error))
    deciding = asked or _goals(scenario) or {key: better_of(key.metric) for key in _usual(scenario)}
    keys = dict.fromkeys([*deciding, *_beside(loaded)])
    measures = [
        _measure(scenario, key, deciding.get(key, better_of(key.metric)), key in deciding) for key in keys
    ]  # fmt: skip
    for text in tolerances:
        try:
            measures = _tolerated(measures, text)
        except PrecisionError as error:
            faults.append(str(error))
    if faults:
        raise PrecisionError("\n".join(faults))
    return measures


def asked_of(loaded: LoadedScenario, metrics: Sequence[str]) -> list[Measure]:
    """Return the figures that are named, and no others.

    Raises:
        PrecisionError: every text that is none.
    """
    measures_of(loaded, metrics)  # all faults at once
    keys = dict.fromkeys(key for text in metrics for key in _named(text, loaded))
    return [_measure(loaded.scenario, key, better_of(key.metric), True) for key in keys]


def _named(text: str, loaded: LoadedScenario) -> list[Key]:
    known = {key.metric for key in _own(loaded)}
    if text in OWN_FIGURES and text not in known:
        why = "the scenario does not say what that takes (churn, customers or costs)"
        raise PrecisionError(f"--metric {text}: {why}")
    if text in known:
        return [key for key in _own(loaded) if key.metric == text]
    try:
        return keys_named(text, loaded.scenario)
    except PrecisionError:
        near = nearest(known, text)
        if near and near != text and "." not in text:
            raise PrecisionError(f"--metric {text}: expected {near} (did you mean it?)") from None
        raise


def _goals(scenario: Scenario) -> dict[Key, Better | None]:
    """Return what goals name, and the way in which they want it."""
    return {Key.of(goal): "more" if goal.at_least is not None else "less" for goal in scenario.goals}


def _usual(scenario: Scenario) -> Iterator[Key]:
    people = [team for team in scenario.teams.values() if not team.self_service]
    for channel in scenario.channels:
        if any(channel in team.channels for team in people):
            yield Key("wait_s_mean", None, channel, None)
            if channel in scenario.patience:
                yield Key("abandonment", None, channel, None)


def _beside(loaded: LoadedScenario) -> Iterator[Key]:
    yield from _own(loaded)
    for name, team in loaded.scenario.teams.items():
        if not team.self_service:
            yield Key("occupancy", None, None, name)


def _own(loaded: LoadedScenario) -> Iterator[Key]:
    """Yield those of OWN_FIGURES that a scenario can tell."""
    scenario = loaded.scenario
    if loaded.churn is not None:
        yield Key("customers_lost", None, None, None)
        if scenario.customers is not None and withheld_money(loaded.churn) is None:
            yield Key("margin_lost", None, None, None)
    yield Key("paid_hours", None, None, None)
    if scenario.costs is not None:
        yield Key("cost_of_serving", None, None, None)
    yield from (Key("contacts", None, channel, None) for channel in scenario.channels)


def _measure(scenario: Scenario, key: Key, better: Better | None, deciding: bool) -> Measure:
    made = Measure(key, unit_of(key.metric), better, deciding and better is not None)
    gate = next((gate for gate in scenario.gates if Key.of(gate) == key), None)
    if gate is None:
        return made
    return replace(made, relative=gate.tolerance_relative, absolute=gate.tolerance_absolute, source="gate")


def _tolerated(measures: Sequence[Measure], text: str) -> list[Measure]:
    """Set the tolerance of each measure that a text means; without a channel or team before it, of all of them."""
    name, _, value = text.rpartition("=")
    said = f"--tolerance {text}"
    is_share = value.strip().endswith("%")
    try:
        number = float(value.strip().removesuffix("%"))
    except ValueError:
        number = math.nan
    if not name or not 0 <= number < math.inf:
        raise PrecisionError(f"{said}: expected METRIC=VALUE, such as phone.wait_s_mean=5 or wait_s_mean=10%")
    meant = {one.key for one in measures if name in (one.name, one.name.rpartition(".")[2] if "." in one.name else "")}
    if not meant:
        near = nearest([one.name for one in measures], name)
        hint = f"{near} (did you mean it?)" if near else "one of those that are compared; add others with --metric"
        raise PrecisionError(f"{said}: {name} is not compared; expected {hint}")
    relative, absolute = (number / 100, None) if is_share else (None, number)
    return [
        replace(one, relative=relative, absolute=absolute, source="asked") if one.key in meant else one
        for one in measures
    ]
