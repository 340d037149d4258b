"""From seats to people: the cheapest roster under labour rules whose seats keep all aims on the sample.

Shifts and seats are sought together: the optimiser buys shifts under the same cuts as seats, so that an interval may
have fewer than the cheapest seats would have there, where another one, which a shift covers anyway, makes up for it.
What a roster does is played, what one agent more and fewer does around it is measured, and that is a cut beside the
others: as more people help ever less, all of them together lie close to the truth where rosters are (outer
approximation; Atlason, Epelman and Henderson, Management Science 54:295, 2008). Where few people are, more help more
than lines tell, so seats stay within `REACH` below those that are needed. Of many seats shifts cover what is needed
instead (`simulator.staffing.covering`). Refuses to know labour rules: `simulator.staffing.master` does.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from scenarios.labour import Labour
from simulator.staffing.covering import covered
from simulator.staffing.master import solve
from simulator.staffing.problem import Cut
from simulator.staffing.rostered import Rostered, better
from simulator.staffing.searching import Found, Search, cuts_of

Values = npt.NDArray[np.float64]

ROUNDS_MOST = 12
REACH = 0.25
"""An interval may have so much less than the seats that are needed, or `REACH_LEAST` agents where that is more."""
REACH_LEAST = 2
NEAR = 0.004
"""The last round is that in which no roster above the cuts can be cheaper than the best by more than this share."""
PUSHED, PURE_ROUNDS = 0.15, 3
"""So many standard errors more all cuts ask with each later round that keeps not all: lines cannot tell everything."""
SECONDS = 20.0
"""Work of one round's optimiser."""


def rostered(
    search: Search, needed: Found, labour: Labour, before: Rostered | None = None, seconds: float = SECONDS
) -> Rostered:
    """Return the cheapest roster that was found to keep all aims with their margins; the nearest where none does.

    Args:
        search: with the sample, aims and margins.
        needed: the cheapest seats.
        labour: the rules.
        before: the roster that was found when less was asked; of many seats the search goes on from there.
        seconds: work of each round's optimiser, as `solve` counts it.
    """
    if not search.many:
        return _by_cuts(search, needed, labour, seconds)
    needs = needed.seats.astype(np.float64) if before is None else before.needs
    return covered(search, needs, labour, seconds, before.found if before is not None else None)


def _by_cuts(search: Search, needed: Found, labour: Labour, seconds: float) -> Rostered:
    needs = needed.seats.astype(np.float64)
    fewest = needed.seats - np.maximum(np.ceil(REACH * needed.seats), REACH_LEAST).astype(np.int64)
    grid = dataclasses.replace(search.grid, least=np.maximum(search.grid.least, fewest))
    points, push, bound = [needed], 0.0, 0.0
    best: Rostered | None = None
    for number in range(1, ROUNDS_MOST + 1):
        cuts = [cut for point in points for cut in _cuts_at(search, point, push)]
        solved = solve(grid, cuts, labour, seconds, search.player.desk.seed)
        if solved.loosen:
            return best or Rostered(solved, None, number, solved.bound, needs)
        if push == 0:
            bound = max(bound, solved.bound)
        kept = best is not None and best.found is not None and search.keeps(best.found)
        if best is not None and kept and solved.cost >= best.solved.cost * (1 - NEAR):
            break
        there = search.look(solved.seats)
        again = any(there is point for point in points)
        if best is None or better(search, solved, there, best):
            best = Rostered(solved, there, number, bound, needs)
        if again and search.keeps(there):
            break
        push += PUSHED if again or (number >= PURE_ROUNDS and not search.keeps(there)) else 0.0
        points += [] if again else [there]
    assert best is not None
    return dataclasses.replace(best, bound=min(bound, best.solved.cost))


def _cuts_at(search: Search, found: Found, push: float) -> list[Cut]:
    """Return what seats must add, along what was measured around these, to keep all aims with their margins."""
    error = np.nan_to_num(found.now.error, posinf=0.0)
    asked = search.margin + push * error - found.now.slack
    return list(cuts_of(search.aims_named, search.effects(found).slope, found.seats, asked))
