"""Rosters of many seats: shifts cover what whole teams need, until the people who work them keep all aims."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scenarios.labour import labour_on
from scenarios.reading import load_scenario
from simulator.staffing.aims import aims_of
from simulator.staffing.master import solve
from simulator.staffing.rostering import rostered
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Search
from simulator.staffing.starting import grid_of
from tests.simulator.staffing.test_rostering import a_desk

OPEN = slice(8, 20)


@pytest.fixture(scope="module")
def covered(tmp_path_factory):
    """A search whose seats are too many to measure one by one, what it needs, its labour rules, and a roster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.staffing.searching.ALONE_MOST", 5)
        loaded = load_scenario(a_desk(tmp_path_factory.mktemp("covered")))
        rough = grid_of(loaded, ("front",), 60)
        grid = dataclasses.replace(rough, most=rough.most * 14)
        search = Search(
            Player(Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None), None), range(6), np.zeros(24, int)
        )
        needed = search.run(np.full((1, 24), 8) * (rough.most > 0), lambda what, share: None)
        labour = labour_on(loaded.labour, loaded.scenario)
        yield search, needed, labour, rostered(search, needed, labour)


def test_a_roster_of_many_seats_keeps_on_the_sample_what_was_asked(covered):
    """Without it shifts that fill the hours needed would be taken for people who keep the goals."""
    search, _, _, roster = covered
    assert search.many
    assert roster.found is not None
    assert search.keeps(roster.found)
    assert (roster.found.seats == roster.solved.seats).all()


def test_there_are_as_many_agents_in_any_two_hours_as_the_roster_was_to_cover(covered):
    """Without it an early shift could stand for a late one."""
    _, _, _, roster = covered
    there, needs = roster.solved.seats[0, OPEN], roster.needs[0, OPEN]
    assert (there[:-1] + there[1:] >= needs[:-1] + needs[1:] - 1e-6).all()
    assert (there >= np.ceil(0.75 * needs) - 1e-6).all()


def test_a_roster_may_have_fewer_in_an_hour_and_costs_no_more_than_shifts_for_every_seat(covered):
    """Without it planners would pay a whole shift for one hour at noon."""
    search, needed, labour, roster = covered
    strict = solve(dataclasses.replace(search.grid, least=needed.seats), [], labour)
    assert not strict.loosen
    assert roster.solved.cost < strict.cost


def test_a_candidate_that_fell_short_gets_more_people_not_the_same_again(covered):
    """Without it each fresh candidate would be the one that failed."""
    search, needed, labour, before = covered
    asked = search.margin.copy()
    try:
        search.margin = before.found.now.slack + 0.5 * before.found.now.error
        again = rostered(search, needed, labour, before)
        assert again.found is not None
        assert search.keeps(again.found)
        assert again.solved.cost > before.solved.cost
    finally:
        search.margin = asked
