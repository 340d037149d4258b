"""The cheapest seats against all there are, one by one; and single steps from seats that check days have judged."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simulator.staffing.aims import aims_of
from simulator.staffing.calibrating import Level, calibrated
from simulator.staffing.problem import Grid
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Search
from simulator.staffing.starting import grid_of
from tests.written import TWO_TEAMS_LOAD, about, demand, one_desk, two_teams, written

WAIT = {"metric": "wait_s_mean", "channel": "phone", "at_most": 40}
LOAD = [6, 20, 34, 28, 16, 8]
MOST = 5


def search_on(loaded, teams, minutes, most, replications):
    """A search over all seats from none to so many."""
    rough = grid_of(loaded, teams, minutes)
    shape = rough.price.shape
    grid = Grid(rough.teams, rough.begins_s, minutes, rough.price, np.zeros(shape, int), np.full(shape, most))
    desk = Desk(loaded, 1, grid, aims_of(loaded, teams), None)
    return Search(Player(desk, None), range(replications), np.zeros(shape[1], dtype=np.int64))


def all_of(search, total):
    """Seats of one team with so many agents in all that keep the aims, of all there are.

    Seats to come are first thought as many as there may be: where not even these keep the aims, fewer do not either.
    """
    cells, most = search.grid.most.shape[1], int(search.grid.most[0, 0])

    def may(first):
        left = total - sum(first)
        rest = cells - len(first)
        if left < 0 or left > rest * most:
            return False
        return search.keeps(search.look(np.array([[*first, *[min(most, left)] * rest]])))

    begun = [()]
    for _ in range(cells - 1):
        begun = [(*first, seat) for first in begun for seat in range(most + 1) if may((*first, seat))]
    whole = [(*first, total - sum(first)) for first in begun if 0 <= total - sum(first) <= most]
    return [seats for seats in whole if search.keeps(search.look(np.array([seats])))]


def test_a_caller_costs_what_full_search_says_and_no_agent_more(tmp_path):
    """Without it the cheapest people of six intervals could be beaten by trying everything."""
    volume = {**demand(0), "interval_minutes": 240, "contacts": LOAD}
    told = one_desk(service=about(600), demand=[volume], patience={"phone": about(400)}, goals=[WAIT])
    search = search_on(written(tmp_path, told), ("front",), 240, MOST, 3)
    answer = search.run(np.array([[1, 2, 2, 2, 1, 1]]), lambda what, share: None)
    assert search.keeps(answer)
    total = int(answer.seats.sum())
    assert tuple(answer.seats[0]) in all_of(search, total)
    assert all_of(search, total - 1) == []


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Two teams at different wages, 48 seats: what was found, with the search and what check days say."""
    told = two_teams(WAIT)
    loaded = written(tmp_path_factory.mktemp("desk"), told)
    search = search_on(loaded, ("orders", "both"), 60, 5, 3)
    level = Level(search, 40, 40)
    begun = np.vstack([np.ceil(np.array(TWO_TEAMS_LOAD) / 8), np.full(24, 2)]).astype(np.int64)
    found = calibrated(search, search.run(begun, lambda what, share: None), level, 1.96)
    return search, level, found


def test_a_caller_finds_nobody_who_could_be_spared_or_moved_for_less(judged):
    """Without it a planner could take an agent away, or give the hour to a cheaper team, and keep the goals."""
    search, level, found = judged
    assert level.left(found, 1.96) >= -0.1
    steps = [(one, None) for one in np.ndindex(found.seats.shape)]
    steps += list(itertools.product(np.ndindex(found.seats.shape), repeat=2))
    tried = []
    for down, up in steps:
        seats = found.seats.copy()
        seats[down] -= 1
        if up is not None:
            seats[up] += 1
        allowed = (seats >= search.grid.least).all() and (seats <= search.grid.most).all()
        if allowed and (search.grid.price * seats).sum() < found.cost - 1e-9:
            tried.append(seats)
    assert len(tried) > 500  # all swaps from the dear team to the cheap one, and 48 agents less
    kept = [one for one in search.found(tried) if search.keeps(one)]
    enough = [one.seats - found.seats for one in kept if level.left(one, 1.96) >= 0]
    assert enough == []


def test_a_sample_that_flatters_is_found_out_by_more_days(judged):
    """Without it seats that luck liked would be verified in vain, and repaired dearly."""
    search, level, found = judged
    flattered = search.margin.copy()
    try:
        search.margin[:] = 0.0
        fitted = search.again(found)
    finally:
        search.margin[:] = flattered
    assert level.left(fitted, 1.96) < level.left(found, 1.96)
    assert level.margin(fitted, 1.96)[0] > 0
