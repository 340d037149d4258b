"""Keys about how long talks take: each moves a figure in the stated direction, in both engines."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simulator.simulate import EngineName
from tests.simulator.test_keys_of_waiting import Case, mean_wait, moves, outcome, share, talk
from tests.written import about, demand, exactly, one_desk

DESK = one_desk(4, about(300), demand=[demand(900)])
SHIFTS = one_desk(4, about(300), demand=[demand(900)])
SHIFTS["teams"]["front"]["agents"] = {"00:00": 0, "06:00": 5, "12:00": 3, "13:00": 6}
IDLE = one_desk(40, about(300), demand=[demand(900)])

AWAY = {"every": about(3600), "lasts": about(600)}
OFTEN_AWAY = one_desk(4, about(300), demand=[demand(900)])
OFTEN_AWAY["teams"]["front"]["off_queue"] = AWAY


def held(legs: pd.DataFrame) -> float:
    """The mean time on hold, in seconds."""
    return float(legs["hold_s"].mean())


def until_done(legs: pd.DataFrame) -> float:
    """The mean time from the first answer to an e-mail until it is done, in seconds."""
    mails = legs[legs["channel"] == "email"]
    return float((mails["ended_s"] - mails["answered_s"]).mean())


def wrapped(legs: pd.DataFrame) -> float:
    """The mean work after a talk, in seconds."""
    return float(legs["wrap_s"].fillna(0).mean())


BLENDED = one_desk(2, {"law": "exponential", "mean_s": 240}, demand=[demand(300), demand(60, "mail", "email")])
BLENDED |= {"intents": {"order": "?", "mail": "?"}, "priorities": [{"channels": ["phone"], "priority": 1}]}
BLENDED["channels"] = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "email")}
BLENDED["teams"]["front"] |= {"channels": ["phone", "email"]}
BLENDED["teams"]["front"]["service"] = {"order": about(240), "mail": about(1200)}

ORDERS = one_desk(2, about(300), demand=[demand(300)])
ORDERS["promises"] = [{"team": "front", "probability": 0.4, "due": about(7200), "by": "front"}]

CHANGING = one_desk(4, about(1800), demand=[demand(120)])
CHANGING["teams"]["front"]["agents"] = {"00:00": 4, "08:00": 1, "08:30": 4, "16:00": 1, "16:30": 4}
EVENING = one_desk(2, about(900), demand=[demand(70, starts="08:00", interval_minutes=480)])
EVENING["teams"]["front"]["agents"] = {"08:00": 2, "16:00": 0}
PASSING = {**CHANGING, "teams": {"front": {**CHANGING["teams"]["front"], "at_shift_end": "hands_over"}}}
PASSING["teams"]["front"]["service"] = {"default": {"law": "deterministic", "value_s": 1800}}

TURNS = {"count": 5, "reply": about(60)}
CHATS = one_desk(3, about(300), demand=[demand(600)])
CHATS["teams"]["front"]["concurrency"] = 3
TAKING_TURNS = one_desk(3, about(300), demand=[demand(600)])
TAKING_TURNS["teams"]["front"] |= {"concurrency": 3, "turns": {"phone": TURNS}}

CASES = [
    Case("service_from", DESK, {"teams.front.service_from": {"12:00": {"default": about(400)}}}, talk(), 30),
    Case(
        "hold",
        {**DESK, "teams": {"front": {**DESK["teams"]["front"], "hold": exactly(1)}}},
        {"teams.front.hold": exactly(60)},
        held,
        55,
    ),
    Case("hold lengthens waits", DESK, {"teams.front.hold": about(60)}, mean_wait(), 20),
    Case("hold by intent", DESK, {"teams.front.hold": {"order": about(60)}}, mean_wait(), 20),
    Case("wrap by intent", DESK, {"teams.front.wrap": {"order": exactly(50)}}, wrapped, 40),
    Case("named.speed", DESK, {"teams.front.named": [{"name": "anna", "speed": 2.0}]}, talk(), -20),
    Case(
        "named.resolves", DESK, {"teams.front.named": [{"name": "anna", "resolves": 0.0}]}, outcome("unresolved"), 0.1
    ),
    Case("sick", DESK, {"teams.front.sick": 0.3}, mean_wait(), 20),
    Case("late", SHIFTS, {"teams.front.late": {"share": 1.0, "by": exactly(3600)}}, mean_wait(), 20),
    Case(
        "late.by",
        {**SHIFTS, "teams": {"front": {**SHIFTS["teams"]["front"], "late": {"share": 1.0, "by": exactly(60)}}}},
        {"teams.front.late.by": exactly(5400)},
        mean_wait(),
        20,
    ),
    Case("off_queue", DESK, {"teams.front.off_queue": AWAY}, mean_wait(), 20),
    Case("off_queue.every", OFTEN_AWAY, {"teams.front.off_queue.every": about(36_000)}, mean_wait(), -20),
    Case("off_queue.lasts", OFTEN_AWAY, {"teams.front.off_queue.lasts": exactly(5)}, mean_wait(), -20),
    Case("interruptible", BLENDED, {"teams.front.interruptible": ["email"]}, mean_wait("order"), -50),
    Case("interruptible, the work itself", BLENDED, {"teams.front.interruptible": ["email"]}, until_done, 300),
    Case("interruptible orders", ORDERS, {"teams.front.interruptible": ["work"]}, mean_wait("order"), -30),
    Case("at_shift_end hands_over", CHANGING, {"teams.front.at_shift_end": "hands_over"}, share("transferred"), 0.02),
    Case("at_shift_end briefs", PASSING, {"teams.front.at_shift_end": "briefs"}, talk(1), -500),
    Case("at_shift_end stays", EVENING, {"teams.front.at_shift_end": "stays"}, share("censored"), -0.05),
    Case("turns", CHATS, {"teams.front.turns": {"phone": TURNS}}, talk(), 100),
    Case("turns.count", TAKING_TURNS, {"teams.front.turns.phone.count": 2}, talk(), -100),
    Case("turns.reply", TAKING_TURNS, {"teams.front.turns.phone.reply": about(120)}, talk(), 150),
    Case("fatigue", DESK, {"teams.front.fatigue": 0.5}, talk(), 60),
    Case("slower_after_wait", DESK, {"teams.front.slower_after_wait": {"per_minute": 0.2, "most": 2.0}}, talk(), 30),
    Case(
        "slower_after_wait.most",
        {**DESK, "teams": {"front": {**DESK["teams"]["front"], "slower_after_wait": {"per_minute": 0.3, "most": 0.5}}}},
        {"teams.front.slower_after_wait.most": 0.05},
        talk(),
        -10,
    ),
]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("case", CASES, ids=[case.key for case in CASES])
def test_a_key_moves_its_figure_in_its_direction(case: Case, engine: EngineName, tmp_path: Path) -> None:
    """Without it a key could parse and change nothing, or do the contrary of what it says."""
    assert moves(case, engine, tmp_path)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_who_is_seldom_busy_does_not_tire(engine: EngineName, tmp_path: Path) -> None:
    """Without it fatigue could be a longer talk for everybody, whatever they have done."""
    tired = Case("", IDLE, {"teams.front.fatigue": 0.5}, talk(), 60)
    assert not moves(tired, engine, tmp_path)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_named_agent_stands_in_the_log_by_name(engine: EngineName, tmp_path: Path) -> None:
    """Without it who is fast could not be told from who is slow."""
    from simulator.simulate import simulate
    from tests.written import written

    scenario = one_desk(2, about(300), demand=[demand(300)])
    scenario["teams"]["front"]["named"] = [{"name": "anna"}]
    run = simulate(written(tmp_path, scenario), replications=1, engine=engine)
    assert set(run.legs["agent"].dropna()) == {"front-anna", "front-02"} == set(run.staffing["seat"])
