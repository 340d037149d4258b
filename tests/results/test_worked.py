import numpy as np
import pytest

import testdrive
from commands.exits import Exit
from results.figures import figures_of
from scenarios.metric_names import TEAM_METRIC_NAMES
from scenarios.scenario import Goal
from simulator.precision import Precision, PrecisionError, keys_named
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written

ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _told(loaded, engine="compiled", **more):
    also = [key for name in TEAM_METRIC_NAMES for key in keys_named(name, loaded.scenario)]
    found = simulate(loaded, replications=1, engine=engine, also=also, **more)
    return {(f.name, f.team): f.value for f in found.figures() if f.name in TEAM_METRIC_NAMES}, found


@ENGINES
def test_utilisation_is_work_over_time_that_is_paid_for(tmp_path, engine):
    """Without it who pays for breaks would see them nowhere, or occupancy would fall when people pause."""
    scenario = one_desk(1, exactly(600))
    del scenario["teams"]["front"]["agents"]
    pause = {"starts": "04:00", "minutes": 60}
    scenario["teams"]["front"]["shifts"] = [{"starts": "00:00", "ends": "08:00", "agents": 2, "breaks": [pause]}]
    loaded = written(tmp_path, scenario, [("a", 100.0), ("b", 200.0), ("c", 3 * 3600.0)])
    told, found = _told(loaded, engine)
    assert told["occupancy", "front"] == pytest.approx(3 * 600 / (2 * 7 * 3600))
    assert told["utilisation", "front"] == pytest.approx(3 * 600 / (2 * 8 * 3600))
    late, _ = _told(loaded, engine, from_s=2 * 3600.0)
    assert late["utilisation", "front"] == pytest.approx(600 / (2 * 6 * 3600))
    tables = {f.name: f.value for f in figures_of(loaded, found.legs, found.staffing)}
    assert tables["occupancy"] == pytest.approx(told["occupancy", "front"])


@ENGINES
def test_empty_seats_lower_utilisation_and_raise_occupancy(tmp_path, engine):
    """Without it shrinkage would seem to cost nothing."""

    def told(shrinkage):
        scenario = one_desk(8, about(300), demand=[demand(1200)])
        scenario["teams"]["front"]["shrinkage"] = shrinkage
        return _told(written(tmp_path, scenario), engine)[0]

    full, thin = told(0.0), told(0.3)
    assert full["occupancy", "front"] == pytest.approx(full["utilisation", "front"])
    assert thin["occupancy", "front"] > full["occupancy", "front"] + 0.1
    assert thin["utilisation", "front"] == pytest.approx(full["utilisation", "front"], abs=0.01)


@ENGINES
def test_agents_with_several_chats_are_busy_once(tmp_path, engine):
    """Without it an agent with three chats would be busy three hours in every hour."""
    scenario = one_desk(1, exactly(600))
    scenario["teams"]["front"] |= {"concurrency": 3, "wrap": exactly(30)}
    arrivals = [("a", 100.0), ("b", 400.0), ("c", 5000.0)]
    told, found = _told(written(tmp_path, scenario, arrivals), engine)
    busy_s = (400 + 630 - 100) + 630
    assert told["occupancy", "front"] == pytest.approx(busy_s / 86400)
    assert told["concurrency_mean", "front"] == pytest.approx(3 * 630 / busy_s)
    assert found.legs["wrap_s"].tolist() == [30, 30, 30]


@ENGINES
def test_an_agent_who_finds_nobody_there_is_busy_all_the_same(tmp_path, engine):
    """Without it the time that is lost with those who left without a sign would count as idle, or as all of the day."""
    scenario = one_desk(1, exactly(300), patience={"phone": exactly(100)})
    scenario["channels"]["phone"]["silent"] = {"share": 1.0, "detected_after_s": 90}
    told, _ = _told(written(tmp_path, scenario, [("a", 100.0), ("b", 150.0)]), engine)
    assert told["occupancy", "front"] == pytest.approx((300 + 90) / 86400)


def test_the_metrics_of_a_team_are_the_same_from_arrays_and_from_tables(tmp_path):
    """Without it the engine to run and the engine to read could tell two occupancies."""
    scenario = one_desk(4, about(300), demand=[demand(900)])
    scenario["teams"]["front"]["shrinkage"] = 0.2
    loaded = written(tmp_path, scenario)
    arrays, tables = (_told(loaded, engine)[0] for engine in ("compiled", "simpy"))
    assert arrays.keys() == tables.keys()
    assert np.allclose(list(arrays.values()), list(tables.values()), rtol=1e-9)


def test_a_goal_and_a_half_width_may_name_a_team(tmp_path, capsys):
    """Without it the figure planners staff by could be shown but not asked for."""
    scenario = one_desk(4, about(300), demand=[demand(900)])
    scenario["goals"] = [{"metric": "occupancy", "team": "front", "at_most": 0.5}]
    path = str(written(tmp_path, scenario).path)
    words = ["simulate", path, "--check-goals", "--half-width", "front.occupancy=0.2", "-o", str(tmp_path / "run")]
    assert testdrive.main(words) == Exit.DIFFERS
    shown = capsys.readouterr().out
    assert "front    occupancy  at most 50.0 %" in shown
    assert "half-width of front occupancy: " in shown
    assert Goal(metric="occupancy", team="front", at_most=0.5).channel is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chat.wait_s_mean=1", "channel is 'chat'; expected one of: phone"),
        ("back.occupancy=1", "team is 'back'; expected one of: front"),
        ("occupancy=0.1", "expected TEAM.occupancy=VALUE, the team whose occupancy it is"),
        ("front.occupancy/20=0.1", "expected occupancy=VALUE, without a T"),
    ],
)
def test_a_figure_of_what_the_scenario_has_not_is_told(tmp_path, text, said):
    """Without it a channel that is not there would end as our own fault."""
    scenario = written(tmp_path, one_desk(demand=[demand(10)])).scenario
    with pytest.raises(PrecisionError) as caught:
        Precision.read([text], scenario)
    assert f"--half-width {text}: {said}" == str(caught.value)


def test_any_figure_can_be_asked_for_beside_the_usual_ones(tmp_path, capsys):
    """Without it one would have to make up a goal to see a figure."""
    path = str(written(tmp_path, one_desk(2, about(300), demand=[demand(300)])).path)
    words = ["simulate", path, "--replications", "2", "-o", str(tmp_path / "run"), "--by", "intent"]
    asked = ["--metric", "service_level_offered/20", "--metric", "phone.wait_s_p50", "--metric", "utilisation"]
    assert testdrive.main([*words, *asked]) == 0
    shown = capsys.readouterr().out
    for figure in ("service_level_offered (20 s)  ", "wait_s_p50  ", "utilisation  "):
        assert figure in shown
    assert testdrive.main([*words, "--metric", "wait_s"]) == Exit.BAD_INPUT
    assert "--metric wait_s: metric is 'wait_s'; expected one of: wait_s_" in capsys.readouterr().err
