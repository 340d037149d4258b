"""From seats to people: the cheapest roster under labour rules whose seats keep all aims on the sample.

Shifts and seats are sought together: the optimiser buys shifts under the same cuts as seats, so that an interval may
have fewer than the cheapest seats would have there, where another one, which a shift covers anyway, makes up for it.
Cuts are lines, so seats stay within `REACH` of those they were measured at; what is asked of them is moved until the
seats that come out keep the aims when they are played. Refuses to know labour rules: `simulator.staffing.master` does.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from scenarios.labour import Labour
from simulator.staffing.master import Solved, solve
from simulator.staffing.searching import Found, Search, cuts_of

ROUNDS_MOST = 5
REACH = 0.2
"""An interval may have so much less than the cheapest seats, or `REACH_LEAST` agents where that is more."""
REACH_LEAST = 2
NEAR_ERRORS = 0.3
"""A round is the last where an aim is kept by less than so many standard errors: little can be spared."""
EASED = 0.6
"""Of the slack that nobody asked for, so much is given away at the next try."""
SECONDS = 20.0
"""Work of one round's optimiser."""


@dataclass(frozen=True, eq=False)
class Rostered:
    """A roster, and how its seats stand on the sample; or what to loosen where the rules allow none."""

    solved: Solved
    found: Found | None
    """None where the rules allow no roster that keeps what is asked."""
    rounds: int


def rostered(search: Search, seats: Found, labour: Labour, seconds: float = SECONDS) -> Rostered:
    """Return the cheapest roster that was found to keep all aims with their margins; the nearest where none does.

    Args:
        search: with the sample, aims and margins.
        seats: the cheapest seats.
        labour: the rules.
        seconds: work of each round's optimiser, as `solve` counts it.
    """
    known = search.effects(seats)
    room = seats.now.slack - search.margin
    asked = -room
    unit = np.maximum(np.nan_to_num(seats.now.error, posinf=0.0), 1e-12)
    fewest = seats.seats - np.maximum(np.ceil(REACH * seats.seats), REACH_LEAST).astype(np.int64)
    grid = dataclasses.replace(search.grid, least=np.maximum(search.grid.least, fewest))
    best: Rostered | None = None
    for number in range(1, ROUNDS_MOST + 1):
        cuts = list(cuts_of(search.aims_named, known.slope, seats.seats, asked))
        solved = solve(grid, cuts, labour, seats.seats, seconds, search.player.desk.seed)
        if solved.loosen:
            return best or Rostered(solved, None, number)
        there = search.look(solved.seats)
        if best is None or _better(search, solved, there, best):
            best = Rostered(solved, there, number)
        left = np.nan_to_num(there.now.slack - search.margin, nan=0.0)
        if search.keeps(there) and (left / unit).min() <= NEAR_ERRORS:
            break
        asked = asked - (EASED * left if search.keeps(there) else np.minimum(left, 0.0) * 1.1)
    assert best is not None
    return best


def _better(search: Search, solved: Solved, there: Found, best: Rostered) -> bool:
    assert best.found is not None
    kept, was = search.keeps(there), search.keeps(best.found)
    if kept != was:
        return kept
    return solved.cost < best.solved.cost if kept else search.slack(there) > search.slack(best.found)
