import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import testdrive
from results.cautions import cautions_of
from scenarios.faults import FaultsFoundError
from scenarios.laws import (
    AnyLaw,
    Deterministic,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    HyperExponential,
    LogNormal,
    PhaseType,
    Triangular,
    Uniform,
    Weibull,
    law_row,
    quantile_s,
)
from scenarios.opening import later_us, load_state, opened, share_below
from scenarios.reading import Person
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written

ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _state(folder, **state):
    path = folder / "now.yaml"
    path.write_text(json.dumps({"state": "now", **state}, indent=1))
    return path


LAWS: list[AnyLaw] = [
    Exponential(law="exponential", mean_s=100),
    Uniform(law="uniform", low_s=20, high_s=90),
    LogNormal(law="lognormal", mean_s=100, cv=0.8),
    Weibull(law="weibull", mean_s=100, shape=0.6),
    Erlang(law="erlang", mean_s=100, phases=3),
    HyperExponential(law="hyperexponential", branches=[(0.7, 30), (0.3, 300)]),
    PhaseType(law="phase_type", initial=[1, 0], rates=[[-0.01, 0.008], [0.0, -0.02]]),
    Gamma(law="gamma", mean_s=100, cv=1.4),
    Triangular(law="triangular", low_s=10, mode_s=60, high_s=300),
    Empirical(law="empirical", points=[(0, 10), (0.4, 60), (0.9, 300)]),
]


def test_every_law_is_tried_with_what_is_left_of_it():
    """Without it a law added later could be drawn anew for those who have waited for an hour."""
    assert {type(law) for law in LAWS} | {Deterministic} == set(get_args(AnyLaw))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
@pytest.mark.parametrize("zero", [0.0, 0.04])
def test_the_share_below_a_time_is_what_the_quantile_inverts(law, zero):
    """Without it those who are there already would be as patient as new ones, or gone at once."""
    row = law_row(law.model_copy(update={"zero": zero}))
    for u in (0.05, 0.3, 0.5, 0.85):
        assert share_below(row, quantile_s(*row, u)) == pytest.approx(u)
        below = share_below(row, 50.0)
        later_s = later_us(row, 50_000_000, u) / 1e6
        wanted = below + u * (1 - below)
        if law.law != "empirical" or wanted < zero + (1 - zero) * 0.9:  # the rest of that table never happens
            assert later_s > 50.0
            assert share_below(row, later_s) == pytest.approx(wanted, abs=1e-6)
    assert share_below(row, -1.0) == 0.0
    assert share_below(law_row(Deterministic(law="deterministic", value_s=5)), 4.9) == 0.0
    assert later_us(law_row(Deterministic(law="deterministic", value_s=5)), 9_000_000, 0.5) == 9_000_000


def test_who_has_begun_to_wait_is_not_of_those_who_accept_no_wait():
    """Without it a third of those who wait as the run begins would leave in that instant."""
    law = law_row(Exponential(law="exponential", mean_s=100, zero=0.32))
    for spent_us in (0, 50_000_000):
        assert later_us(law, spent_us, 0.3) - spent_us == pytest.approx(-1e8 * np.log(0.7), abs=1)


def test_who_has_waited_longer_than_a_triangle_reaches_goes_at_once():
    """Without it someone with a bounded patience could be drawn a wait in the past, or an endless one."""
    law = law_row(Triangular(law="triangular", low_s=10, mode_s=60, high_s=300))
    assert [share_below(law, time_s) for time_s in (0.0, 10.0, 300.0, 301.0)] == [0.0, 0.0, 1.0, 1.0]
    assert later_us(law, 301_000_000, 0.5) == 301_000_000
    for spent_us in (0, 5_000_000, 30_000_000, 299_000_000):
        assert spent_us < later_us(law, spent_us, 0.5) < 300_000_000


@pytest.mark.parametrize("law", [LAWS[3], LAWS[5]], ids=lambda law: law.law)
def test_what_is_left_of_a_very_long_wait_is_still_drawn(law):
    """Without it all who have waited much longer than most would leave together, where rounding ends."""
    left_s = [later_us(law_row(law), 100_000_000_000, u) / 1e6 - 100_000 for u in (0.1, 0.5, 0.9)]
    assert left_s[1] / left_s[0] == pytest.approx(np.log(0.5) / np.log(0.9), rel=0.01)
    assert left_s[2] > left_s[1] > 100  # the long branch, or more than one who has just come


@ENGINES
def test_a_desk_goes_on_from_where_it_stands(tmp_path, engine):
    """Without it the rest of today would begin with an empty desk, when it matters that it does not."""
    scenario = one_desk(3, exactly(100), patience={"phone": exactly(300)})
    loaded = written(tmp_path, scenario, [("early", 30_000.0), ("later", 36_050.0)])
    state = _state(
        tmp_path,
        at="10:00",
        agents={"front": 1},
        in_service=[{"team": "front", "channel": "phone", "intent": "order", "for_s": 70}],
        waiting=[
            {"channel": "phone", "intent": "order", "waited_s": 20},
            {"channel": "phone", "intent": "order", "waited_s": 280},
        ],
    )
    legs = simulate(load_state(state, loaded), replications=1, engine=engine).legs.set_index("contact_id")
    assert sorted(legs.index) == ["later", "now.service.00000", "now.waiting.00000", "now.waiting.00001"]
    served = legs.loc["now.service.00000"]
    assert (served["arrived_s"], served["answered_s"], served["ended_s"]) == (35_930, 35_930, 36_030)
    assert legs.loc["now.waiting.00001", "leg_end"] == "abandoned"
    assert legs.loc["now.waiting.00001", "ended_s"] == 36_020
    assert legs.loc["now.waiting.00000", "answered_s"] == 36_030
    assert legs.loc["later", "answered_s"] == 36_130


@ENGINES
def test_who_is_there_stays_until_the_next_change_of_the_roster(tmp_path, engine):
    """Without it a colleague who logged in late would vanish, or those told would stay beyond their shift."""
    scenario = one_desk(demand=[demand(1)])
    scenario["teams"]["front"].update(agents={"00:00": 5, "12:00": 2}, shrinkage=0.9, shrinkage_block_minutes=60)
    loaded = written(tmp_path, scenario)
    staffing = simulate(
        load_state(_state(tmp_path, at="10:30", agents={"front": 4}), loaded), replications=1, engine=engine
    ).staffing
    assert staffing["from_s"].min() == 10.5 * 3600
    assert (staffing["from_s"] == 10.5 * 3600).sum() == 4
    assert staffing.loc[staffing["from_s"] == 10.5 * 3600, "to_s"].min() >= 11 * 3600
    assert (staffing["from_s"] >= 12 * 3600).sum() + (staffing["to_s"] > 12 * 3600).sum() <= 40


def test_exponential_waits_and_talks_forget_how_long_they_have_lasted(tmp_path):
    """Without it what is left of a wait or a talk could be drawn as if it had just begun, or be used up."""
    scenario = one_desk(4, about(600), demand=[demand(200)], patience={"phone": about(600)})
    loaded = written(tmp_path, scenario)
    values = []
    for ago_s in (0.0, 1200.0):
        people = tuple(Person(f"now.{k}", 36_000 - ago_s, "phone", "order", "front") for k in range(4))
        people += tuple(Person(f"now.w{k}", 36_000 - ago_s, "phone", "order", None) for k in range(4))
        run = simulate(opened(loaded, 36_000.0, {}, people), replications=400)
        now = run.legs[run.legs["customer_id"].str.startswith("now.")]
        left = now["ended_s"].fillna(86_400) - 36_000
        values.append((left[now["customer_id"].str.startswith("now.w")].mean(), left.mean()))
    assert np.allclose(*values, rtol=0.08)


def test_a_state_that_does_not_fit_is_told_with_every_fault(tmp_path):
    """Without it a misspelt team or more talks than agents would end in a traceback, or be left out."""
    loaded = written(tmp_path, one_desk(1, demand=[demand(1)]))
    path = _state(
        tmp_path,
        at="10:00",
        agents={"frnt": 1},
        in_service=[{"team": "front", "channel": "phone", "intent": "order", "for_s": 1}] * 2,
        waiting=[{"channel": "phone", "intent": "ordr", "waited_s": 1}],
    )
    with pytest.raises(FaultsFoundError) as caught:
        load_state(path, loaded)
    told = [str(fault).split(": ", 1)[1] for fault in caught.value.faults]
    assert told == [
        "agents.frnt is 'frnt'; expected one of: front (did you mean it?)",
        "in_service[1].team is 'front'; expected at most 1 customers in service there, as many as there are agents; "
        "or say agents",
        "waiting[0].intent is 'ordr'; expected one of: order (did you mean it?)",
    ]


def test_the_command_begins_from_a_state(tmp_path, capsys):
    """Without it only who writes Python could ask about the rest of today."""
    path = str(written(tmp_path, one_desk(2, about(300), demand=[demand(500)])).path)
    waiting = [{"channel": "phone", "intent": "order", "waited_s": 60, "count": 30}]
    state = _state(tmp_path, at="20:00", waiting=waiting)
    assert testdrive.main(["check", str(state)]) == 0
    words = ["simulate", path, "--threads", "1", "-o", str(tmp_path / "run"), "--from-state", str(state), "--json"]
    capsys.readouterr()
    assert testdrive.main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert 10 * 30 < told["contacts"] < 10 * 200
    assert Path(told["run"], "legs.parquet").exists()


def test_those_who_wait_can_be_taken_wherever_they_try_again(tmp_path):
    """Without it a customer could redial to a channel where nobody takes them, and wait there for ever."""
    hours = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "chat")}
    retry = {"phone": {"probability": 1.0, "after": about(60), "to": {"chat": 0.5}}}
    intents = {"order": "?", "refund": "?"}
    scenario = one_desk(1, demand=[demand(1)], channels=hours, retry=retry, intents=intents)
    front = scenario["teams"]["front"]
    scenario["teams"]["chatters"] = {**front, "channels": ["chat"], "skills": ["order"]}
    waiting = [{"channel": "phone", "intent": "refund", "waited_s": 1}]
    with pytest.raises(FaultsFoundError, match=r"'refund'; expected an intent that is also taken on chat"):
        load_state(_state(tmp_path, at="10:00", waiting=waiting), written(tmp_path, scenario))


def test_the_rest_of_a_day_is_not_held_against_the_whole_of_it(tmp_path):
    """Without it every run from the afternoon on would be called hopeless."""
    loaded = written(tmp_path, one_desk(2, about(300), demand=[demand(400)]))
    later = load_state(_state(tmp_path, at="20:00"), loaded)
    assert cautions_of(later, simulate(later, replications=2).figures()) == []


def test_a_roster_that_says_the_same_again_ends_nothing(tmp_path):
    """Without it who logged in beyond the roster would leave at a line of it that changes nothing."""
    scenario = one_desk(demand=[demand(1)])
    scenario["teams"]["front"]["agents"] = {"00:00": 2, "12:00": 2, "18:00": 1}
    later = load_state(_state(tmp_path, at="10:00", agents={"front": 5}), written(tmp_path, scenario))
    assert later.agents["front"] == [(0.0, 0), (36_000.0, 5), (64_800.0, 1)]
