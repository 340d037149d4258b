"""Laws of time and patience: each key moves a named metric in the stated direction, in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.metrics import contacts_of, values_of
from scenarios.opening import opened
from scenarios.reading import Person
from simulator.simulate import EngineName, simulate
from tests.written import about, demand, exactly, one_desk, written

ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _metric(
    folder: Path, engine: EngineName, metric: str, scenario: dict[str, Any], intent: str | None = None
) -> float:
    contacts = contacts_of(simulate(written(folder, scenario), replications=3, engine=engine).legs)
    mine = contacts if intent is None else contacts[contacts["intent"] == intent]
    return float(np.nanmean(values_of(mine, metric)))


def _served(law: dict[str, Any]) -> dict[str, Any]:
    return one_desk(3, law, demand=[demand(650)])


@ENGINES
@pytest.mark.parametrize(
    ("even", "uneven"),
    [
        ({"law": "erlang", "mean_s": 300, "phases": 20}, {"law": "erlang", "mean_s": 300, "phases": 1}),
        ({"law": "weibull", "mean_s": 300, "shape": 4}, {"law": "weibull", "mean_s": 300, "shape": 0.5}),
        ({"law": "gamma", "mean_s": 300, "cv": 0.3}, {"law": "gamma", "mean_s": 300, "cv": 1.6}),
        (
            {"law": "triangular", "low_s": 0, "mode_s": 0, "high_s": 600},
            {"law": "triangular", "low_s": 0, "mode_s": 0, "high_s": 840},
        ),
        (
            {"law": "triangular", "low_s": 0, "mode_s": 0, "high_s": 750},
            {"law": "triangular", "low_s": 0, "mode_s": 200, "high_s": 750},
        ),
        (
            {"law": "triangular", "low_s": 0, "mode_s": 300, "high_s": 450},
            {"law": "triangular", "low_s": 150, "mode_s": 300, "high_s": 450},
        ),
        (
            {"law": "hyperexponential", "branches": [[0.5, 300], [0.5, 300]]},
            {"law": "hyperexponential", "branches": [[0.9, 100], [0.1, 2100]]},
        ),
        (
            {"law": "phase_type", "initial": [1, 0], "rates": [[-1 / 150, 1 / 150], [0, -1 / 150]]},
            {"law": "phase_type", "initial": [1, 0], "rates": [[-1 / 100, 0.1 / 100], [0, -1 / 2000]]},
        ),
    ],
    ids=lambda law: law["law"],
)
def test_service_that_is_less_even_or_longer_lengthens_waits(
    tmp_path: Path, engine: EngineName, even: dict[str, Any], uneven: dict[str, Any]
) -> None:
    """Without it a law could be read by its mean alone, and queues be as short as if all talks were alike."""
    waits = [_metric(tmp_path, engine, "wait_s_mean", _served(law)) for law in (even, uneven)]
    assert waits[1] > 1.25 * waits[0]


@ENGINES
@pytest.mark.parametrize(
    ("metric", "place", "least", "most"),
    [
        ("abandonment", "patience", 1.3, 2.0),
        ("talk_s_mean", "service", 0.45, 0.55),
        ("handle_s_mean", "wrap", 0.7, 0.8),
    ],
)
def test_a_share_that_is_nought_is_nought(
    tmp_path: Path, engine: EngineName, metric: str, place: str, least: float, most: float
) -> None:
    """Without it `zero` could parse and change nothing: a third who accept no wait would wait like the others."""
    found = []
    for zero in (0.0, 0.5):
        scenario, law = one_desk(3, about(300), demand=[demand(700)]), {**about(300), "zero": zero}
        front = scenario["teams"]["front"]
        if place == "patience":
            scenario["patience"] = {"phone": law}
        elif place == "service":
            front["service"] = {"default": law}
        else:
            front["wrap"] = law
        found.append(_metric(tmp_path, engine, metric, scenario))
    assert least < found[1] / found[0] < most


def _two(patience: dict[str, Any], **changes: Any) -> dict[str, Any]:
    both = [demand(400, intent) for intent in ("order", "refund")]
    intents = {"order": "?", "refund": "?"}
    return one_desk(2, about(300), intents=intents, demand=both, patience={"phone": patience}, **changes)


@ENGINES
def test_an_intent_gives_up_by_its_own_law(tmp_path: Path, engine: EngineName) -> None:
    """Without it `patience` by intent could be the default's for all, or the first one's."""
    own = _two({"default": about(60), "refund": about(900)})
    alike = _two(about(60))
    assert _metric(tmp_path, engine, "abandonment", own, "refund") < 0.7 * _metric(
        tmp_path, engine, "abandonment", alike, "refund"
    )
    assert _metric(tmp_path, engine, "wait_s_mean", own, "order") > _metric(
        tmp_path, engine, "wait_s_mean", alike, "order"
    )


@ENGINES
def test_an_intent_without_a_law_or_default_never_gives_up(tmp_path: Path, engine: EngineName) -> None:
    """Without it an intent left out could take another's patience, or have none at all and leave at once."""
    only = _two({"order": about(60)})
    assert _metric(tmp_path, engine, "abandonment", only, "refund") == 0
    assert _metric(tmp_path, engine, "abandonment", only, "order") > 0.2
    both = _two({"order": about(60), "default": about(60)})
    assert _metric(tmp_path, engine, "abandonment", both, "refund") > 0.2


@ENGINES
def test_a_redial_is_as_patient_as_its_intent(tmp_path: Path, engine: EngineName) -> None:
    """Without it who tries again could do so with the patience of whoever is named first."""
    retry = {"phone": {"probability": 1.0, "after": exactly(600), "attempts_most": 2}}
    patience = {"default": exactly(0), "refund": exactly(30)}
    legs = simulate(written(tmp_path, _two(patience, retry=retry)), replications=1, engine=engine).legs
    again = legs[(legs["attempt"] == 2) & (legs["leg_end"] == "abandoned")]
    waited = (again["ended_s"] - again["arrived_s"]).round(6).groupby(again["intent"]).unique()
    assert {intent: list(times) for intent, times in waited.items()} == {"order": [0.0], "refund": [30.0]}


@ENGINES
def test_who_waits_as_a_run_begins_is_as_patient_as_their_intent(tmp_path: Path, engine: EngineName) -> None:
    """Without it the rest of the day would begin with customers of another temper."""
    scenario = _two({"default": exactly(100), "refund": exactly(900)})
    scenario["teams"]["front"]["agents"] = {"00:00": 0}
    people = tuple(Person(f"now.{intent}", 36_000 - 60.0, "phone", intent, None) for intent in ("order", "refund"))
    loaded = opened(written(tmp_path, scenario), 36_000.0, {}, people)
    legs = simulate(loaded, replications=1, engine=engine).legs.set_index("customer_id")
    assert legs.loc["now.order", "ended_s"] == 36_040
    assert legs.loc["now.refund", "ended_s"] == 36_840
