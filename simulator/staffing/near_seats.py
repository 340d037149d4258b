"""Seats near where cuts were measured: a linear programme, rounded; quick, and with an answer whatever is asked.

The search asks again and again, of hundreds of seats, for a next step that is played anyway: an answer a seat from the
cheapest at once is worth more than the cheapest later. What cannot be kept is missed as little as can be. The master
(`simulator.staffing.master`) proves bounds and buys shifts; this only steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.seats_alone import cut_rows

DEAR = 1e4
"""What missing a cut by all it asks costs, in dearest seats."""


def near_seats(grid: Grid, cuts: Sequence[Cut], here: Seats | None = None, moves: int = 0) -> Seats:
    """Return seats between `grid.least` and `grid.most` that keep the cuts cheaply, or miss them little.

    Args:
        grid: teams, intervals, prices, least and most.
        cuts: what the goals demand near here.
        here: where one stands; only looked at where moves are counted.
        moves: so many agents more and fewer at most, all together (local branching; Fischetti and Lodi, Mathematical
            Programming 98:23, 2003); 0: any number. Rounding may add one for each cut.
    """
    if not cuts:
        return grid.least.copy()
    rows, asked = cut_rows(grid, cuts)
    price = grid.price.ravel()
    count, wanted = len(price), len(cuts)
    scale = np.maximum(np.asarray(abs(rows).sum(axis=1), dtype=np.float64), 1e-9)
    slack = csr_array((scale, (np.arange(wanted), np.arange(wanted))), (wanted, wanted))
    least = np.r_[grid.least.ravel(), np.zeros(wanted)]
    most = np.r_[grid.most.ravel(), np.full(wanted, np.inf)]
    cost = np.r_[price, np.full(wanted, DEAR * price.max() * count)]
    demands, limits = -hstack([rows, slack], format="csr"), -asked
    if here is not None and moves:  # x is here + more - fewer; the first variables are `more`, the last ones `fewer`
        at = here.ravel()
        demands = vstack([hstack([demands, rows]), _counted(count, wanted)], format="csr")
        limits = np.r_[limits + rows @ at, moves]
        cost, least, most = (
            np.r_[cost, -price],
            np.zeros(2 * count + wanted),
            np.r_[np.maximum(most[:count] - at, 0), most[count:], np.maximum(at - least[:count], 0)],
        )
    found = linprog(  # type: ignore[call-overload]  # its stubs know no sparse rows
        cost, A_ub=demands, b_ub=limits, bounds=np.column_stack([least, most]), method="highs"
    )
    assert found.x is not None, found.message
    x = found.x[:count] if len(found.x) == count + wanted else at + found.x[:count] - found.x[count + wanted :]
    whole = np.round(x)
    part = np.flatnonzero(np.abs(x - whole) > 1e-6)  # no more than there are cuts: a corner has no others
    whole[part] = np.ceil(x[part])
    return np.asarray(whole, dtype=np.int64).reshape(grid.price.shape)


def _counted(count: int, wanted: int) -> csr_array:
    """Return the row that counts agents more and fewer, and nothing of what is missed."""
    return csr_array(np.r_[np.ones(count), np.zeros(wanted), np.ones(count)][None, :])
