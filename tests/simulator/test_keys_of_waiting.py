"""Keys about waiting, routing and being passed on: each moves a figure in the stated direction, in both engines.

Each case names a scenario without and with the key, the figure that must move, and which way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from results.log import wait_s
from simulator.simulate import EngineName, simulate
from tests.written import about, demand, exactly, one_desk, written

Figure = Callable[[pd.DataFrame], float]
Changes = dict[str, Any]


def first(legs: pd.DataFrame) -> pd.DataFrame:
    """Return the first legs: one per contact."""
    return legs[legs["leg"] == 0]


def share(end: str) -> Figure:
    """The share of contacts whose first wait or talk ended so."""
    return lambda legs: float((first(legs)["leg_end"] == end).mean())


def outcome(end: str) -> Figure:
    """The share of contacts with such an outcome."""
    return lambda legs: float((first(legs)["contact_outcome"] == end).mean())


def mean_wait(intent: str | None = None, leg: int = 0) -> Figure:
    """The mean wait in seconds in a first or second queue."""

    def figure(legs: pd.DataFrame) -> float:
        chosen = legs[(legs["leg"] == leg) & ((legs["intent"] == intent) if intent else True)]
        return float(np.nanmean(wait_s(chosen)))

    return figure


def answered_by(team: str, intent: str = "order") -> Figure:
    """The share of an intent's answers that a team gives."""
    return lambda legs: float((legs[(legs["intent"] == intent) & legs["team"].notna()]["team"] == team).mean())


def attempts(legs: pd.DataFrame) -> float:
    """The number of contacts per customer."""
    return len(first(legs)) / legs["case_id"].nunique()


def talk(leg: int = 0) -> Figure:
    """The mean time with a first or second agent, in seconds."""
    return lambda legs: float(legs[legs["leg"] == leg]["talk_s"].mean())


def until_called(legs: pd.DataFrame) -> float:
    """The mean time from being cut off to being called back, in seconds."""
    later = (legs["leg"] > 0) & (legs["leg_end"].shift() == "cut_off")
    return float((legs["answered_s"] - legs["ended_s"].shift())[later].mean())


class Case(NamedTuple):
    """A key, the scenario without it, what it changes (by path), the figure, and by how much it must move."""

    key: str
    scenario: Changes
    change: dict[str, Any]
    figure: Figure
    least: float


def _two(agents: int = 4, **changes: Any) -> Changes:
    both = [demand(500, intent) for intent in ("order", "vip")]
    return one_desk(agents, about(300), intents={"order": "?", "vip": "?"}, demand=both, **changes)


def _teams(agents: int = 2, **changes: Any) -> Changes:
    """Two alike teams that take everything, told one after the other."""
    scenario = _two(agents, **changes)
    front = scenario["teams"]["front"]
    return {**scenario, "teams": {"front": front, "other": copy.deepcopy(front)}}


def _passed(**transfer: Any) -> Changes:
    """Half are passed on to a busy second team."""
    scenario = one_desk(8, about(300), demand=[demand(900)])
    back = {"channels": ["email"], "agents": {"00:00": 2}, "service": {"default": about(300)}}
    passes = [{"from": "front", "to": "back", "probability": 0.5, **transfer}]
    retry = {"phone": {"probability": 0.0, "after": about(60)}}
    channels = {"phone": {"opens": "00:00", "closes": "24:00"}, "email": {"opens": "00:00", "closes": "24:00"}}
    teams = {**scenario["teams"], "back": back}
    return {**scenario, "channels": channels, "teams": teams, "transfers": passes, "retry": retry}


def _changed(scenario: Changes, change: dict[str, Any]) -> Changes:
    changed = copy.deepcopy(scenario)
    for path, value in change.items():
        *way, last = path.split(".")
        place: Any = changed
        for word in way:
            place = place[int(word)] if word.isdigit() else place.setdefault(word, {})
        if isinstance(place, list) and int(last) == len(place):
            place.append(value)
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return changed


RETRY = {"phone": {"probability": 0.0, "after": exactly(600)}}
CLOSES = {"phone": {"opens": "08:00", "closes": "12:00"}}
MORNING = [demand(300, starts="08:00", interval_minutes=240)]
BUSY = one_desk(3, about(300), demand=[demand(850)])
RULE = [{"intents": ["vip"], "priority": 0}]

CALLS = {"share": 1.0, "after": exactly(60)}
CALLED = _passed(cut_off=0.5, calls_back={**CALLS, "reached": 0.8})

CASES = [
    Case("message.after_s", BUSY, {"channels.phone.message": {"after_s": 120}}, share("message"), 0.05),
    Case("message.after_s shortens waits", BUSY, {"channels.phone.message": {"after_s": 120}}, mean_wait(), -20),
    Case(
        "message.takes_s",
        {**BUSY, "channels": {"phone": {"opens": "00:00", "closes": "24:00", "lines": 5, "message": {"after_s": 60}}}},
        {"channels.phone.message.takes_s": 300},
        share("blocked"),
        0.02,
    ),
    Case(
        "at_close",
        one_desk(3, about(300), channels=CLOSES, demand=MORNING),
        {"channels.phone.at_close": "cleared"},
        share("cleared_at_close"),
        0.005,
    ),
    Case("priorities.weight", _two(priorities=RULE), {"priorities.0.weight": 8}, mean_wait("vip"), -20),
    Case(
        "priorities.promoted",
        _two(priorities=[{"intents": ["vip"], "priority": 1}]),
        {"priorities.1": {"intents": ["order"], "priority": 0, "promoted": {"after_s": 60, "priority": 2}}},
        mean_wait("order"),
        -20,
    ),
    Case("asked", _teams(4), {"teams.front.asked": {"order": 2}}, answered_by("other"), 0.1),
    Case("takes_after_s", _teams(), {"teams.other.takes_after_s": {"order": 240}}, answered_by("other"), -0.1),
    Case("keeps_idle", _teams(), {"teams.other.keeps_idle": {"order": 1}}, answered_by("other"), -0.1),
    Case("keeps_idle serves others", _teams(), {"teams.other.keeps_idle": {"order": 1}}, mean_wait("vip"), -10),
    Case("among_equals random", _teams(4), {"routing": {"among_equals": "random"}}, answered_by("other"), 0.03),
    Case(
        "among_equals longest_idle",
        _teams(4),
        {"routing": {"among_equals": "longest_idle"}},
        answered_by("other"),
        0.03,
    ),
    Case("transfers.retelling", _passed(), {"transfers.0.retelling": exactly(100)}, talk(1), 80),
    Case("transfers.patience", _passed(), {"transfers.0.patience": exactly(60)}, outcome("abandoned"), 0.1),
    Case("transfers.if_busy", _passed(), {"transfers.0.if_busy": "ends"}, outcome("cut_off"), 0.1),
    Case("transfers.hand_over", _passed(), {"transfers.0.hand_over": exactly(60)}, talk(0), 60),
    Case("transfers.hand_over, the second", _passed(), {"transfers.0.hand_over": exactly(100)}, talk(1), 80),
    Case("transfers.after_s", _passed(), {"transfers.0.after_s": 150.0}, share("transferred"), -0.1),
    Case("transfers.after_s ends talks", _passed(), {"transfers.0.after_s": 60.0}, talk(0), -20),
    Case("transfers.escalates", _passed(), {"transfers.0.escalates": True}, share("escalated"), 0.3),
    Case("transfers.cut_off", _passed(), {"transfers.0.cut_off": 0.4}, outcome("cut_off"), 0.1),
    Case("transfers.calls_back", _passed(cut_off=0.5), {"transfers.0.calls_back": CALLS}, outcome("cut_off"), -0.2),
    Case("transfers.calls_back.share", CALLED, {"transfers.0.calls_back.share": 0.2}, outcome("cut_off"), 0.1),
    Case("transfers.calls_back.after", CALLED, {"transfers.0.calls_back.after": exactly(900)}, until_called, 300),
    Case("transfers.calls_back.reached", CALLED, {"transfers.0.calls_back.reached": 0.3}, outcome("unresolved"), 0.1),
    Case("transfers.calls_back.takes_s", CALLED, {"transfers.0.calls_back.takes_s": 3000}, mean_wait(), 10),
    Case("retry.probability_cut_off", _passed(cut_off=0.5), {"retry.phone.probability_cut_off": 0.9}, attempts, 0.1),
    Case(
        "retry.probability_cleared",
        one_desk(
            2,
            about(300),
            channels={"phone": {**CLOSES["phone"], "at_close": "cleared"}},
            demand=MORNING,
            retry=RETRY,
        ),
        {"retry.phone.probability_cleared": 1.0},
        attempts,
        0.005,
    ),
    Case("teams.resolves", BUSY, {"teams.front.resolves": 0.7}, outcome("unresolved"), 0.25),
    Case("teams.resolves by intent", _two(), {"teams.front.resolves": {"vip": 0.4}}, outcome("unresolved"), 0.25),
    Case(
        "retry.probability_unresolved",
        {**_passed(), "transfers": [], **{"retry": RETRY}},
        {"teams.front.resolves": 0.7, "retry.phone.probability_unresolved": 0.8},
        attempts,
        0.15,
    ),
    Case(
        "conferences",
        {**_passed(), "transfers": []},
        {"conferences": [{"from": "front", "with": "back", "probability": 0.9, "time": exactly(200)}]},
        talk(0),
        20,
    ),
]


def _announced(**told: Any) -> dict[str, Any]:
    return {"channels.phone.announcement": told}


def _with_bot(**transfer: Any) -> Changes:
    """A bot in front of the desk, that finds the answer for a third."""
    scenario = one_desk(4, about(300), demand=[demand(900)], patience={"phone": about(200)})
    bot = {"channels": ["phone"], "self_service": True, "contained": 0.3, "service": {"default": about(40)}}
    passes = [{"from": "bot", "to": "anyone", "probability": 1.0, **transfer}]
    return {**scenario, "teams": {"bot": bot, **scenario["teams"]}, "transfers": passes}


def reaches_people(legs: pd.DataFrame) -> float:
    """The share of contacts that come to an agent."""
    return float(legs.groupby("contact_id")["agent"].count().gt(0).mean())


def alone(legs: pd.DataFrame) -> float:
    """Agents' seconds with customers who are gone, per contact."""
    return float(legs[legs["agent"].notna() & legs["answered_s"].isna()]["wrap_s"].sum() / len(first(legs)))


IMPATIENT = {**BUSY, "patience": {"phone": about(150)}}
CALLBACK = {"from": 60, "accepted": 0.5}
CHAT = one_desk(2, about(300), demand=[demand(700)])
CASES += [
    Case("announcement.balks by wait", IMPATIENT, _announced(says="wait", balks=[[60, 0.5]]), share("balked"), 0.05),
    Case(
        "announcement.balks by queue", IMPATIENT, _announced(says="position", balks=[[2, 0.5]]), share("balked"), 0.05
    ),
    Case(
        "announcement.balks by chance", IMPATIENT, _announced(says="position", balks=[[0, 0.2]]), share("balked"), 0.05
    ),
    Case(
        "announcement.patience",
        IMPATIENT,
        _announced(says="wait", patience=[[60, 4.0]]),
        share("abandoned"),
        -0.05,
    ),
    Case("announcement.callback", IMPATIENT, _announced(says="wait", callback=CALLBACK), share("abandoned"), -0.02),
    Case(
        "callback.accepted",
        _changed(IMPATIENT, _announced(says="wait", callback=CALLBACK)),
        {"channels.phone.announcement.callback.accepted": 0.9},
        share("callback"),
        0.05,
    ),
    Case(
        "callback.from",
        _changed(IMPATIENT, _announced(says="wait", callback=CALLBACK)),
        {"channels.phone.announcement.callback.from": 400},
        share("callback"),
        -0.05,
    ),
    Case(
        "callback.reached",
        _changed(IMPATIENT, _announced(says="wait", callback=CALLBACK)),
        {"channels.phone.announcement.callback.reached": 0.5},
        outcome("unresolved"),
        0.03,
    ),
    Case(
        "callback.takes_s",
        _changed(IMPATIENT, _announced(says="wait", callback={**CALLBACK, "reached": 0.3})),
        {"channels.phone.announcement.callback.takes_s": 200},
        alone,
        10,
    ),
    Case("silent.share", IMPATIENT, {"channels.phone.silent": {"share": 0.8}}, share("silent"), 0.1),
    Case(
        "silent.detected_after_s",
        _changed(IMPATIENT, {"channels.phone.silent": {"share": 0.8, "detected_after_s": 5}}),
        {"channels.phone.silent.detected_after_s": 120},
        alone,
        10,
    ),
    Case(
        "transfers from a bot",
        {**_with_bot(), "transfers": []},
        {"transfers": _with_bot()["transfers"]},
        reaches_people,
        0.4,
    ),
    Case("contained before people", _with_bot(), {"teams.bot.contained": 0.8}, reaches_people, -0.3),
    Case("concurrency", CHAT, {"teams.front.concurrency": 2}, mean_wait(), -20),
    Case(
        "speeds",
        _changed(CHAT, {"teams.front.concurrency": 2}),
        {"teams.front.speeds": [1, 0.6]},
        talk(),
        40,
    ),
    Case(
        "speeds shared", _changed(CHAT, {"teams.front.concurrency": 9}), {"teams.front.speeds": "shared"}, talk(), 200
    ),
    Case(
        "points", _changed(CHAT, {"teams.front.concurrency": 2}), {"teams.front.points": {"phone": 2}}, mean_wait(), 20
    ),
]


def moves(case: Case, engine: EngineName, folder: Path) -> bool:
    """Say whether a key moves its figure as far as it should, and in the direction it should."""
    without, with_it = (
        case.figure(simulate(written(folder, scenario), replications=3, engine=engine).legs)
        for scenario in (case.scenario, _changed(case.scenario, case.change))
    )
    moved = with_it - without
    return moved >= case.least if case.least > 0 else moved <= case.least


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("case", CASES, ids=[case.key for case in CASES])
def test_a_key_moves_its_figure_in_its_direction(case: Case, engine: EngineName, tmp_path: Path) -> None:
    """Without it a key could parse and change nothing, or do the contrary of what it says."""
    assert moves(case, engine, tmp_path)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_answers_in_vain_bring_customers_back_later_and_less_patient(tmp_path: Path, engine: EngineName) -> None:
    """Without it `after_unresolved` or `patience_factor` could change nothing."""
    retry = {"phone": {"probability": 0.0, "probability_unresolved": 1.0, "after": exactly(60), "attempts_most": 2}}
    scenario = one_desk(9, about(300), demand=[demand(500)], retry=retry, patience={"phone": about(200)})
    scenario["teams"]["front"]["resolves"] = 0.5
    changed = {"retry.phone.after_unresolved": exactly(3000), "retry.phone.patience_factor": 0.0}
    shorter, longer = (
        simulate(written(tmp_path, one), replications=1, engine=engine).legs
        for one in (scenario, _changed(scenario, changed))
    )
    between = []
    for legs in (shorter, longer):
        again = legs[legs["attempt"] == 2].set_index("case_id")["arrived_s"]
        before = legs[legs["attempt"] == 1].set_index("case_id")["ended_s"]
        between.append(float((again - before.reindex(again.index)).mean()))
    assert between == pytest.approx([60, 3000], abs=0.01)
    few = _changed(scenario, {"teams.front.agents": {"00:00": 2}})
    lost = [
        simulate(written(tmp_path, one), replications=1, engine=engine).legs.query("attempt == 2")["leg_end"]
        for one in (few, _changed(few, changed))
    ]
    assert (lost[1] == "abandoned").mean() > (lost[0] == "abandoned").mean() + 0.05
