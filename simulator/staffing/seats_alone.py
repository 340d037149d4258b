"""Every seat bought by itself: the cheapest seats that meet the cuts, where no shift or contract is told.

An integer programme, solved by HiGHS. Seats that no cut joins are parts of their own, so most parts are small and are
solved to the end; larger ones to `GAP`. What bounds the search is nodes, never the clock: the same question has the
same answer on every machine. Refuses to know of shifts: `simulator.staffing.shift_seats` does.

>>> grid = Grid(("front",), np.zeros(2), 30, np.array([[10.0, 12.0]]), np.array([[0, 0]]), np.array([[9, 9]]))
>>> cut = Cut({(0, 0): 1.0, (0, 1): 1.0}, 5.0, "waits of front")
>>> found = seats_alone(grid, [cut])
>>> found.seats.tolist(), found.cost, found.optimal
([[5, 0]], 50.0, True)
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.sparse.csgraph import connected_components

from simulator.staffing.highs import cheapest
from simulator.staffing.problem import Cut, Grid, Seats, Values

GAP = 2e-3
"""Share of the cost by which seats of a large part may exceed the cheapest."""

SMALL = 24
"""Seats of a part that is solved to the end."""

NODES_A_SECOND = 2
"""Branches of the search that a second is worth, on any machine."""

SLACK = 1e-6
"""By how much rounding may miss what a cut asks."""


class AloneSeats(NamedTuple):
    """The cheapest seats, what no seats can be cheaper than, and by how much each cut is missed at least."""

    seats: Seats
    cost: float
    bound: float
    optimal: bool
    missed: Values
    """By cut, in the cut's own unit; 0 where it is kept."""


class _Answer(NamedTuple):
    x: Values
    bound: float
    optimal: bool


def seats_alone(grid: Grid, cuts: Sequence[Cut], seconds: float = 60.0) -> AloneSeats:
    """Return the cheapest seats between `grid.least` and `grid.most` that keep the cuts.

    Where they cannot all be kept, those that miss them least: each measured against what it can reach at most.
    """
    rows, asked = cut_rows(grid, cuts)
    price, least, most = (values.ravel().astype(float) for values in (grid.price, grid.least, grid.most))
    if (least > most).any():
        raise ValueError("grid.least exceeds grid.most somewhere: no seats are between them")
    missed = _missed(rows, asked, least, most, seconds)
    asked = asked - missed
    x, bound, optimal = least.copy(), 0.0, True
    parts = _parts(rows, len(price))
    nodes = max(int(seconds * NODES_A_SECOND / len(parts)), 10)
    for columns, chosen in parts:
        if not len(chosen):
            x[columns] = np.where(price[columns] < 0, most[columns], least[columns])
            bound += float(price[columns] @ x[columns])
            continue
        part = rows[chosen][:, columns]
        found = _cheapest(price[columns], part, asked[chosen], least[columns], most[columns], nodes)
        x[columns], bound, optimal = found.x, bound + found.bound, optimal and found.optimal
    seats = np.round(x).astype(np.int64).reshape(grid.price.shape)
    return AloneSeats(seats, float((grid.price * seats).sum()), bound, optimal, missed)


def cut_rows(grid: Grid, cuts: Sequence[Cut]) -> tuple[csr_array, Values]:
    """Return cuts as rows over all seats, a team's intervals together, and what each asks at least.

    Raises:
        ValueError: a cut speaks of a seat that the grid does not have.
    """
    shape = grid.price.shape
    at, values, ends = [], [], [0]
    for cut in cuts:
        for (team, interval), weight in cut.weights.items():
            if not (0 <= team < shape[0] and 0 <= interval < shape[1]):
                raise ValueError(f"the cut of {cut.goal} speaks of seat {(team, interval)}; the grid has {shape}")
            at.append(team * shape[1] + interval)
            values.append(float(weight))
        ends.append(len(at))
    rows = csr_array((np.array(values, dtype=float), np.array(at, dtype=np.int64), ends), (len(cuts), grid.price.size))
    return rows, np.array([cut.at_least for cut in cuts], dtype=float)


def _parts(rows: csr_array, count: int) -> list[tuple[Any, Any]]:
    """Return seats that cuts join, each with its cuts; and those without any cut as one."""
    links = csr_array((abs(rows).T @ abs(rows)) if rows.shape[0] else (count, count))
    _, label = connected_components(links, directed=False)
    touched = np.zeros(count, dtype=bool)
    touched[rows.indices] = True
    spans = itertools.pairwise(rows.indptr)
    first = np.array([label[rows.indices[at]] if at < end else -1 for at, end in spans])
    parts = [(np.flatnonzero(label == one), np.flatnonzero(first == one)) for one in np.unique(label[touched])]
    return [*parts, (np.flatnonzero(~touched), np.empty(0, dtype=np.int64))]


def _cheapest(price: Values, rows: csr_array, asked: Values, least: Values, most: Values, nodes: int) -> _Answer:
    """Solve one part: rounded from the solution in parts of seats where that is near enough, else by branching."""
    step = _step(price)
    small = len(price) <= SMALL
    limits = (asked - SLACK * np.maximum(abs(asked), 1.0), np.inf)
    relaxed = cheapest(price, False, least, most, rows, limits)
    assert relaxed.x is not None, relaxed.message  # what cannot be kept was taken from `asked` before
    bound = _next(float(relaxed.fun), step)
    rounded = _rounded(relaxed.x, price, rows, asked, least, most)
    cost = float(price @ rounded) if rounded is not None else np.inf
    near = 0.0 if small else GAP * abs(bound)
    if rounded is not None and cost - bound <= max(near, SLACK * abs(bound)):
        return _Answer(rounded, bound, cost - bound <= SLACK * abs(bound))
    gap = max(near, 0.99 * step) / max(abs(bound), 1e-9)
    found = cheapest(price, True, least, most, rows, limits, gap, nodes * (200 if small else 1))
    bound = max(bound, _next(float(found.mip_dual_bound or bound), step))
    if found.x is None or price @ np.round(found.x) > cost:
        assert rounded is not None, found.message
        return _Answer(rounded, bound, cost - bound <= SLACK * abs(bound))
    x, cost = np.round(found.x), float(price @ np.round(found.x))
    return _Answer(x, min(bound, cost), cost - bound <= SLACK * abs(bound))


def _step(price: Values) -> float:
    """Return what all costs are a multiple of: the price, where it is one; else 0."""
    return float(price[0]) if price[0] > 0 and (price == price[0]).all() else 0.0


def _next(bound: float, step: float) -> float:
    """Return the least cost there can be from a bound on."""
    return float(np.ceil(bound / step - SLACK)) * step if step else bound


def _rounded(x: Values, price: Values, rows: csr_array, asked: Values, least: Values, most: Values) -> Values | None:
    """Round a solution in parts of seats: down, one more where it helps most for its price, then none left over.

    None where that keeps not all cuts.
    """
    x = np.clip(np.floor(x + SLACK), least, most)
    dense = rows.toarray()
    short = asked - SLACK * np.maximum(abs(asked), 1.0) - dense @ x
    cost = np.maximum(price, 1e-9)
    while (short > 0).any():
        helps = np.minimum(dense, np.maximum(short, 0.0)[:, None]).sum(axis=0) / cost
        helps[x >= most] = -np.inf
        best = int(helps.argmax())
        if helps[best] <= 0:
            return None
        x[best] += 1
        short -= dense[:, best]
    for at in np.argsort(-price, kind="stable"):
        while x[at] > least[at] and price[at] > 0 and (short + dense[:, at] <= 0).all():
            x[at] -= 1
            short += dense[:, at]
    return x.astype(np.float64)


def _missed(rows: csr_array, asked: Values, least: Values, most: Values, seconds: float) -> Values:
    """Return by how much each cut is missed at least, all together; 0 where all can be kept."""
    up, down = rows.maximum(0), rows.minimum(0)
    reach = up @ most + down @ least
    alone = np.maximum(asked - reach, 0.0)
    alone[alone <= SLACK * np.maximum(abs(asked), 1.0)] = 0.0
    if not rows.nnz or (rows.data >= 0).all():
        return np.asarray(alone, dtype=np.float64)  # nothing that helps one cut harms another
    return _missed_together(rows, asked, least, most, seconds)


def _missed_together(rows: csr_array, asked: Values, least: Values, most: Values, seconds: float) -> Values:
    count, cuts = rows.shape[1], rows.shape[0]
    scale = np.maximum(abs(asked), 1.0)
    slack = csr_array((scale, (np.arange(cuts), np.arange(cuts))), (cuts, cuts))
    found = cheapest(
        np.r_[np.zeros(count), np.ones(cuts)],
        np.r_[np.ones(count, dtype=np.int64), np.zeros(cuts, dtype=np.int64)],
        np.r_[least, np.zeros(cuts)],
        np.r_[most, np.full(cuts, np.inf)],
        csr_array(hstack([rows, slack], format="csr")),
        (asked, np.inf),
        1e-6,
        max(int(seconds * NODES_A_SECOND), 10),
    )
    short = found.x[count:] * scale if found.x is not None else np.maximum(asked - rows @ least, 0.0)
    return np.asarray(np.where(short > SLACK * scale, short, 0.0), dtype=np.float64)


def missing_goals(cuts: Sequence[Cut], missed: Values) -> Mapping[str, float]:
    """Return the goals that cannot be kept, each with the largest share of a cut of it that is missed."""
    goals: dict[str, float] = {}
    for cut, short in zip(cuts, missed, strict=True):
        if short > 0:
            goals[cut.goal] = max(goals.get(cut.goal, 0.0), short / max(abs(cut.at_least), 1e-12))
    return goals
