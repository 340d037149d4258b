"""The cheapest seats: against full search, against single steps, under overload, and what is promised of them."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from simulator.staffing import staff
from simulator.staffing.aims import StaffingError, aims_of, staffed_teams
from simulator.staffing.cheapest import checked
from simulator.staffing.effects import standing
from simulator.staffing.problem import Grid
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Search
from simulator.staffing.starting import grid_of, needed
from simulator.staffing.verifying import FRESH_FIRST
from simulator.theory.erlang import erlang_a
from tests.written import about, demand, one_desk, written

WAIT = {"metric": "wait_s_mean", "channel": "phone", "at_most": 40}
HOURLY = {"interval_minutes": 240, "contacts": [40, 120, 200, 160, 100, 60]}


def desk(folder, **changes):
    """A queue whose load changes through the day, from which people hang up."""
    told = {"demand": [{**demand(0), **HOURLY}], "patience": {"phone": about(400)}, "goals": [WAIT], **changes}
    return written(folder, one_desk(agents=8, service=about(240), **told))


def search_of(loaded, least, most, replications=6):
    """A search over a grid of six intervals with so many seats."""
    rough = grid_of(loaded, ("front",), 240)
    grid = Grid(rough.teams, rough.begins_s, 240, rough.price, np.full((1, 6), least), np.full((1, 6), most))
    opened = Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None)
    return Search(Player(opened, None), range(replications), np.zeros(6, dtype=np.int64))


def test_a_caller_who_waits_in_one_queue_costs_no_more_than_full_search_says(tmp_path):
    """Without it the cheapest could be beaten by trying everything."""
    loaded = desk(tmp_path, goals=[{**WAIT, "at_most": 60}])
    found = search_of(loaded, 0, 20)
    answer = found.run(np.array([[2, 3, 4, 4, 3, 2]]), lambda what, share: None)
    assert found.keeps(answer)
    cheaper = int(answer.seats.sum()) - 1
    near = [range(max(seat - 2, 0), seat + 3) for seat in answer.seats[0]]
    below = [np.array([seats]) for seats in itertools.product(*near) if sum(seats) == cheaper]
    assert len(below) > 1000
    player = found.player
    for seats in below[:: max(len(below) // 150, 1)]:  # every so-many-th of them: all take minutes
        assert not found.keeps(found.look(seats)), seats
    assert player.plays > 0


def test_a_caller_finds_no_agent_too_many_at_any_hour(tmp_path):
    """Without it one could take an agent away, or move one, and still keep the goals for less."""
    loaded = desk(tmp_path, goals=[WAIT])
    found = search_of(loaded, 0, 20, replications=4)
    answer = found.run(np.array([[3, 4, 5, 5, 4, 3]]), lambda what, share: None)
    for at in range(6):
        if answer.seats[0, at] > 0:
            fewer = answer.seats.copy()
            fewer[0, at] -= 1
            assert not found.keeps(found.look(fewer))


def test_a_caller_at_an_overloaded_desk_is_helped_where_erlang_c_says_infinity(tmp_path):
    """Without it a desk that drowns today could not be asked how many people it needs."""
    loaded = desk(tmp_path, patience={}, teams={
        "front": {"channels": ["phone"], "agents": {"00:00": 1}, "service": {"default": about(240)}}
    })  # fmt: skip
    found = staff(loaded, interval=240, replications=30, sample=6)
    assert found.state == "verified"
    assert found.cost > found.cost_today
    assert found.requirement["required"].max() >= 3


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """A verified answer, and the desk it is of."""
    loaded = desk(tmp_path_factory.mktemp("desk"))
    return loaded, staff(loaded, interval=240, replications=60, sample=8)


def test_a_caller_is_promised_only_what_days_show_that_the_search_never_saw(answer):
    """Without it the luck of the sample would be sold as a promise."""
    loaded, found = answer
    assert found.state == "verified"
    assert found.fresh_first == FRESH_FIRST > found.sample_replications
    seats = found.requirement["required"].to_numpy().reshape(1, 6)
    rough = grid_of(loaded, ("front",), 240)
    grid = Grid(rough.teams, rough.begins_s, 240, rough.price, rough.least * 0, np.full((1, 6), 30))
    opened = Desk(loaded, 77, grid, aims_of(loaded, ("front",)), None)
    sample = Player(opened, None).sample(seats, range(200))
    assert sample.slack.mean() > 0


def test_a_planner_sees_cost_gap_and_what_one_more_agent_is_worth(answer):
    """Without it a number of people would come without its price and without where it is tight."""
    _, found = answer
    assert found.cost == pytest.approx((found.requirement["required"] * found.requirement["price"]).sum())
    assert found.cost < found.cost_today
    assert 0 <= found.gap < 0.5
    assert found.requirement["worth"].max() > 0
    assert set(found.requirement["binds"]) >= {"Phone: mean wait of everyone who asked, at most 40 s"}
    assert found.paid_h == pytest.approx(found.net_h)
    assert found.goals["verdict"].tolist() == ["kept"]


def test_who_plays_changes_no_seat(tmp_path, answer):
    """Without it two machines could answer the same question differently."""
    loaded, found = answer
    again = staff(loaded, interval=240, replications=60, sample=8, threads=2)
    assert again.requirement.equals(found.requirement)


def test_a_planner_of_hundreds_of_seats_gets_an_answer_that_days_show(answer):
    """Without it hundreds of seats would be fitted to the luck of a sample: dear to mend, or with no answer at all."""
    loaded, few = answer
    many = staff(loaded, interval=5, replications=60, sample=8)
    assert many.state == "verified"
    assert len(many.requirement) == 288
    assert many.cost < 1.1 * few.cost  # single seats fitted to the sample end 20 % dearer, after repairs


def test_a_caller_who_is_served_keeps_each_agent_where_more_is_asked(answer):
    """Without it a candidate that failed one goal would be mended at the expense of another."""
    loaded, _ = answer
    rough = grid_of(loaded, ("front",), 5)
    grid = dataclasses.replace(rough, most=rough.most * 20)
    opened = Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None)
    search = Search(Player(opened, None), range(4), np.zeros(288, dtype=np.int64))
    here = search.look(np.full((1, 288), 5))
    search.margin[:] = here.now.slack + 2.0
    there = search.again(here)
    assert search.keeps(there)
    assert not search.keeps(here)
    assert (there.seats >= here.seats).all()


def test_a_goal_out_of_reach_says_which_and_what_could_be_promised(tmp_path):
    """Without it a goal that nobody can reach would look like a search that failed."""
    never = {"metric": "handle_s_mean", "channel": "phone", "at_most": 60}
    found = staff(desk(tmp_path, goals=[never]), interval=240, replications=10, sample=4)
    assert found.state == "out of reach"
    assert "a bound of" in found.notes[0]
    assert "could be promised" in found.notes[0]


def test_nine_days_of_ten_need_more_people_than_the_mean(tmp_path):
    """Without it a goal on days would be judged as one on the mean."""
    mean = staff(desk(tmp_path / "mean"), interval=240, replications=40, sample=12)
    days = staff(desk(tmp_path / "days", goals=[{**WAIT, "on_days": 0.9}]), interval=240, replications=100, sample=12)
    assert days.state == "verified"
    assert days.goals["days_low"][0] >= 0.9
    assert days.cost > mean.cost


def test_a_goal_on_how_busy_people_are_is_refused(tmp_path):
    """Without it the search would add people for ever to a goal that they harm."""
    busy = {"metric": "occupancy", "team": "front", "at_least": 0.8}
    with pytest.raises(StaffingError, match="more people do not always better it"):
        checked(desk(tmp_path, goals=[busy]), ())


def test_money_without_churn_or_a_scenario_without_goals_is_refused_clearly(tmp_path):
    """Without it one would get an answer to a question that the scenario cannot pose."""
    with pytest.raises(StaffingError, match="says no `costs:`"):
        checked(desk(tmp_path / "a"), (), "money")
    with pytest.raises(StaffingError, match="has no goals"):
        staffed_teams(desk(tmp_path / "b", goals=[]), ())


def test_theory_finds_the_fewest_agents():
    """Without it the search would begin far from where it ends."""
    assert needed(0.1, 300.0, None, lambda queue: queue.wait_s_mean <= 20) == 35
    fewest = needed(0.1, 300.0, 300.0, lambda queue: queue.abandonment <= 0.02)
    assert erlang_a(0.1, 300.0, fewest, 300.0).abandonment <= 0.02 < erlang_a(0.1, 300.0, fewest - 1, 300.0).abandonment


def test_a_standing_knows_days_from_means(tmp_path):
    """Without it a bad day would be hidden by a good one."""
    loaded = desk(tmp_path)
    found = search_of(loaded, 0, 20)
    sample = found.look(np.array([[2, 3, 5, 4, 3, 2]])).sample
    now = standing(sample, found.aims, np.zeros(6, dtype=np.int64))
    assert now.slack[0] == pytest.approx(sample.slack[:, 0].mean())
    assert now.kept_on[0] == pytest.approx((sample.slack[:, 0] >= 0).mean())
