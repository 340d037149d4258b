from typing import get_args

import numpy as np
import pytest

import testdrive
from commands.table import OPTIONS
from results.figures import By
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written


def _of(found, **asked):
    return next(f for f in found.figures() if all(getattr(f, name) == value for name, value in asked.items()))


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_occupancy_is_work_over_time_on_duty(tmp_path, engine):
    """Without it the figure planners look at first would be missing, or count work of agents who have gone home."""
    scenario = one_desk(2, exactly(600))
    scenario["teams"]["front"]["agents"] = {"00:00": 2, "06:00": 0}
    scenario["teams"]["front"]["wrap"] = exactly(60)
    loaded = written(tmp_path, scenario, [("a", 100.0), ("b", 200.0), ("c", 300.0)])
    found = simulate(loaded, replications=1, engine=engine)
    assert _of(found, name="occupancy").value == pytest.approx(3 * 660 / (2 * 6 * 3600))
    assert (_of(found, name="occupancy").team, _of(found, name="occupancy").n) == ("front", 3)


def test_figures_by_intent_and_interval_add_up(tmp_path):
    """Without it a class of customers, or an hour, could be told with the waits of another."""
    both = [demand(500, intent) for intent in ("order", "vip")]
    scenario = one_desk(4, about(300), intents={"order": "?", "vip": "?"}, demand=both)
    scenario["teams"]["front"]["agents"] = {"00:00": 4, "12:00": 8}
    loaded = written(tmp_path, scenario)
    found = simulate(loaded, replications=3, by=["intent", "interval"])
    whole = _of(found, name="wait_s_mean", intent=None, interval=None)
    legs = found.legs.assign(wait_s=found.legs["answered_s"] - found.legs["arrived_s"]).dropna(subset="wait_s")
    for name in ("order", "vip"):
        expected = legs[legs["intent"] == name].groupby("replication")["wait_s"].mean().mean()
        assert _of(found, name="wait_s_mean", intent=name).value == pytest.approx(expected)
    parts = [f for f in found.figures() if f.name == "wait_s_mean" and f.interval]
    assert len(parts) == 48
    assert sum(f.n for f in parts) == whole.n
    morning = np.mean([f.value for f in parts if "06:00" <= str(f.interval) < "12:00"])
    assert morning > 3 * np.mean([f.value for f in parts if str(f.interval) >= "13:00"])


def test_the_share_that_waited_is_shown(tmp_path, capsys):
    """Without it the delay probability of every textbook could not be read off."""
    path = str(written(tmp_path, one_desk(1, exactly(100)), [("a", 0.0), ("b", 50.0)]).path)
    words = ["simulate", path, "-o", str(tmp_path / "run"), "--replications", "1", "--threads", "1", "--by", "intent"]
    assert testdrive.main(words) == 0
    shown = capsys.readouterr().out
    assert "waited_share" in shown
    assert shown.count("50.0 %") == 2  # of the channel, and of its only intent


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_figures_by_team_and_by_combinations_are_those_of_their_contacts(tmp_path, engine):
    """Without it a team's handling times could be another's, or a team be told of customers who never reached it."""
    scenario = one_desk(2, exactly(100), intents={"order": "?", "vip": "?"})
    scenario["demand"] = [demand(400, intent) for intent in ("order", "vip")]
    scenario["patience"] = {"phone": about(120)}
    back = {"channels": ["phone"], "skills": ["vip"], "agents": {"00:00": 1}, "service": {"default": exactly(250)}}
    scenario["teams"]["back"] = back
    by = ["team", "intent+team", "intent+interval"]
    found = simulate(written(tmp_path, scenario), replications=2, by=by, engine=engine)
    handled = {(f.team, f.intent): f.value for f in found.figures() if f.name == "handle_s_mean" and f.team}
    expected = {("front", None): 100, ("back", None): 250, ("front", "order"): 100, ("front", "vip"): 100}
    assert handled == pytest.approx(expected | {("back", "vip"): 250})
    assert {f.name for f in found.figures() if f.team} == {
        "wait_answered_s_mean", "handle_s_mean", "transfer_share", "occupancy",
    }  # fmt: skip
    legs = found.legs[(found.legs["intent"] == "vip") & (found.legs["arrived_s"] // 1800 == 20)]
    waits = (legs["answered_s"].fillna(legs["ended_s"]) - legs["arrived_s"]).groupby(legs["replication"]).mean()
    assert _of(found, name="wait_s_mean", intent="vip", interval="10:00").value == pytest.approx(waits.mean())
    assert _of(found, name="wait_s_mean", intent="vip", interval="10:00").n == len(legs)


def test_the_command_tells_figures_apart_by_what_is_known():
    """Without it --by could refuse what the figures can do, or take what they cannot."""
    assert OPTIONS["by"][1]["choices"] == list(get_args(By))
