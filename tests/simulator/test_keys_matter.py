"""Each key of a scenario that is tried here moves a named metric in the stated direction, in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.metrics import contacts_of, values_of
from simulator.simulate import EngineName, simulate
from tests.written import about, demand, one_desk, written


def _metric(folder: Path, engine: EngineName, metric: str, scenario: dict[str, Any]) -> float:
    legs = simulate(written(folder, scenario), replications=3, engine=engine).legs
    return float(np.nanmean(values_of(contacts_of(legs), metric)))


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_patience_that_is_kept_makes_more_contacts_give_up(tmp_path: Path, engine: EngineName) -> None:
    """Without it `retry.patience` could parse and change nothing; the impatient come back as impatient as they left."""

    def abandonment(patience: str) -> float:
        retry = {"phone": {"probability": 1.0, "after": about(600), "patience": patience}}
        half_accept_no_wait = {"law": "empirical", "points": [[0, 0], [0.5, 0]]}
        scenario = one_desk(3, about(300), demand=[demand(800)], patience={"phone": half_accept_no_wait}, retry=retry)
        return _metric(tmp_path, engine, "abandonment", scenario)

    assert abandonment("kept") > abandonment("fresh") + 0.03


ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _two_intents(agents: int = 4, **changes: Any) -> dict[str, Any]:
    both = [demand(500, intent) for intent in ("order", "vip")]
    return one_desk(agents, about(300), intents={"order": "?", "vip": "?"}, demand=both, **changes)


def _wait_s(folder: Path, engine: EngineName, scenario: dict[str, Any], intent: str) -> float:
    contacts = contacts_of(simulate(written(folder, scenario), replications=3, engine=engine).legs)
    return float(np.nanmean(values_of(contacts[contacts["intent"] == intent], "wait_s_mean")))


@ENGINES
def test_priority_shortens_its_own_wait_and_lengthens_the_others(tmp_path: Path, engine: EngineName) -> None:
    """Without it `priorities` could parse and change nothing, or serve the wrong ones first."""
    plain, first = _two_intents(), _two_intents(priorities=[{"intents": ["vip"], "priority": 1}])
    assert _wait_s(tmp_path, engine, first, "vip") < 0.7 * _wait_s(tmp_path, engine, plain, "vip")
    assert _wait_s(tmp_path, engine, first, "order") > 1.2 * _wait_s(tmp_path, engine, plain, "order")


@ENGINES
def test_a_worse_rank_waits_longer_and_goes_to_the_other_team(tmp_path: Path, engine: EngineName) -> None:
    """Without it `ranks` could parse and change nothing."""

    def ranked(order: int) -> dict[str, Any]:
        scenario = _two_intents(3)
        front = scenario["teams"]["front"]
        few = {**front, "agents": {"00:00": 2}, "skills": ["order"]}
        return {**scenario, "teams": {"front": {**front, "ranks": {"order": order}}, "orders": few}}

    assert _wait_s(tmp_path, engine, ranked(2), "vip") < 0.8 * _wait_s(tmp_path, engine, ranked(1), "vip")
    shares = []
    for order in (1, 2):
        legs = simulate(written(tmp_path, ranked(order)), replications=3, engine=engine).legs
        shares.append((legs[legs["intent"] == "order"]["team"] == "front").mean())
    assert shares[1] < 0.7 * shares[0]


@ENGINES
def test_fewer_lines_turn_more_away_and_shorten_the_wait(tmp_path: Path, engine: EngineName) -> None:
    """Without it `lines` could parse and change nothing."""

    def with_lines(lines: int) -> dict[str, Any]:
        hours = {"phone": {"opens": "00:00", "closes": "24:00", "lines": lines}}
        return one_desk(3, about(300), demand=[demand(900)], channels=hours)

    blocked, waits = (
        [_metric(tmp_path, engine, metric, with_lines(lines)) for lines in (4, 8)]
        for metric in ("blocked_share", "wait_s_mean")
    )
    assert blocked[0] > blocked[1] + 0.05
    assert waits[0] < 0.6 * waits[1]


@ENGINES
def test_those_turned_away_redial_as_often_as_told(tmp_path: Path, engine: EngineName) -> None:
    """Without it `probability_blocked` could parse and change nothing."""

    def contacts(probability: float) -> int:
        retry = {"phone": {"probability": 0.0, "probability_blocked": probability, "after": about(600)}}
        hours = {"phone": {"opens": "00:00", "closes": "24:00", "lines": 3}}
        scenario = one_desk(3, about(300), demand=[demand(900)], channels=hours, retry=retry)
        return simulate(written(tmp_path, scenario), replications=3, engine=engine).contacts

    assert contacts(0.0) < 1.05 * 3 * 900
    assert contacts(0.8) > 1.2 * contacts(0.0)


@ENGINES
def test_a_share_of_those_who_try_again_does_so_elsewhere(tmp_path: Path, engine: EngineName) -> None:
    """Without it `retry.to` could parse and change nothing."""
    shares = []
    for share in (0.0, 0.5):
        retry = {"phone": {"probability": 1.0, "after": about(300), "attempts_most": 2, "to": {"chat": share}}}
        hours = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "chat")}
        scenario = one_desk(
            2, about(300), demand=[demand(900)], channels=hours, retry=retry, patience={"phone": about(60)}
        )
        scenario["teams"]["front"]["channels"] = ["phone", "chat"]
        legs = simulate(written(tmp_path, scenario), replications=2, engine=engine).legs
        shares.append((legs[legs["attempt"] == 2]["channel"] == "chat").mean())
    assert shares == [0.0, pytest.approx(0.5, abs=0.05)]


@ENGINES
def test_a_break_lengthens_waits(tmp_path: Path, engine: EngineName) -> None:
    """Without it `breaks` could parse and change nothing."""
    waits = []
    for breaks in ([], [{"starts": "12:00", "minutes": 60}]):
        scenario = one_desk(demand=[demand(800)])
        front = {key: value for key, value in scenario["teams"]["front"].items() if key != "agents"}
        shifts = [{"starts": "00:00", "ends": "24:00", "agents": 4, "breaks": breaks}]
        scenario["teams"]["front"] = {**front, "shifts": shifts, "service": {"default": about(300)}}
        waits.append(_metric(tmp_path, engine, "wait_s_mean", scenario))
    assert waits[1] > 1.5 * waits[0]
