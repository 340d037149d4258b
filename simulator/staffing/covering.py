"""Of many seats: the cheapest roster whose people, played, keep all aims on the sample.

Lines through hundreds of seats, each measured on few replications, would be followed to where luck made them steep. So
shifts *cover* the seats that are needed instead: as many people at work in any two hours, while a single interval may
have fewer, as a queue carries over. What that roster does is played; then the needs of whole teams are scaled by what
that does to each aim, as `by_groups` scales seats, and the next roster covers those, within a trust region.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from scenarios.labour import Labour
from simulator.staffing.by_groups import REACH_LEAST, REACH_PARTS, shares_to_keep, whole_teams
from simulator.staffing.master import solve
from simulator.staffing.problem import Cut, Grid
from simulator.staffing.rostered import Rostered, better
from simulator.staffing.searching import Found, Search
from simulator.staffing.shift_seats import Known

Values = npt.NDArray[np.float64]

ROUNDS_MOST = 5
REACH = 0.25
"""An interval may have so much less than is needed there."""
WINDOW_S = 2 * 3600
"""Over any so long there are as many agent hours as are needed."""
SHARE_LEAST = 0.004
"""A team whose needs would change by less keeps the shifts it has."""
NEAR_ERRORS = 0.3
"""A roster that keeps each aim by no more standard errors than this is near enough."""


def covered(search: Search, needs: Values, labour: Labour, seconds: float, before: Found | None = None) -> Rostered:
    """Return the cheapest roster found that keeps all aims with their margins; the nearest where none does.

    Args:
        search: with the sample, aims and margins.
        needs: agents needed, shape (teams, intervals).
        labour: the rules.
        seconds: work of each round's optimiser, as `solve` counts it.
        before: people of a roster that covers the needs and did not keep what is asked now.
    """
    reach = REACH_PARTS
    if before is not None:
        needs = _moved(search, before, needs, reach)
    best: Rostered | None = None
    known: Known = {}
    for number in range(1, ROUNDS_MOST + 1):
        asked = list(_windows(search.grid, needs))
        solved = solve(_grid(search.grid, needs), asked, labour, seconds, search.player.desk.seed, known)
        if solved.loosen:
            return best or Rostered(solved, None, number, None, needs)
        there = search.look(solved.seats)
        if best is None or better(search, solved, there, best):
            best = Rostered(solved, there, number, None, needs)
        else:
            reach /= 2
        assert best.found is not None
        if reach < REACH_LEAST or (search.keeps(best.found) and search.slack(best.found) <= NEAR_ERRORS):
            break
        needs = _moved(search, best.found, best.needs, reach)
    assert best is not None
    return dataclasses.replace(best, rounds=number)


def _moved(search: Search, there: Found, needs: Values, reach: float) -> Values:
    """Return needs with each team's scaled so that, as lines tell, all aims are kept at the least cost."""
    teams = whole_teams(search)
    kept = search.keeps(there)
    scaled = needs.copy()
    for team, share in zip(teams, shares_to_keep(search, there, teams, reach), strict=True):
        if share > 0 and not kept:
            share = max(share, SHARE_LEAST)
        if abs(share) >= SHARE_LEAST:
            scaled[team] *= 1 + share
    return scaled


def _grid(grid: Grid, needs: Values) -> Grid:
    least = np.ceil((1 - REACH) * needs - 1e-9).astype(np.int64)
    return dataclasses.replace(grid, least=np.minimum(np.maximum(grid.least, least), grid.most))


def _windows(grid: Grid, needs: Values) -> Iterator[Cut]:
    """Yield, for every two hours of a team, or its whole time where that is shorter, what is needed then."""
    width = max(WINDOW_S // (grid.minutes * 60), 1)
    for team, name in enumerate(grid.teams):
        for first, last in _spells(grid.most[team] > 0):
            for begin in range(first, max(last - width, first) + 1):
                cells = range(begin, min(begin + width, last))
                asked = float(needs[team, list(cells)].sum())
                if asked > 0:
                    yield Cut({(team, cell): 1.0 for cell in cells}, asked, f"the agents that {name} needs")


def _spells(may: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield from and to of each run of intervals in which people may be rostered.

    >>> list(_spells(np.array([False, True, True, False, True])))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.r_[False, may, False].astype(np.int8)))
    yield from ((int(first), int(last)) for first, last in edges.reshape(-1, 2))
