"""Which of some finalists costs least in all, on fresh replications: paired differences, Bonferroni over the pairs.

All finalists play the same fresh replications, and so does today's roster, which is one of them: nothing dearer than it
is ever recommended. It is sure when none of the others is shown possible to be cheaper by more than the indifference
(Nelson and Matejcik, Management Science 41:1935, 1995, with common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from scenarios.rosters import rostered_s
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.starting import today_of
from simulator.staffing.verifying import interval

INDIFFERENCE = 0.01
"""Share of the cost by which another finalist may be cheaper without it mattering."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The finalist chosen, and how sure that is."""

    seats: Seats
    """Of today's roster, where that is kept, each interval's seats rounded up."""
    cost: float
    cost_today: float
    replications: int
    sure: bool
    words: str


def choose(player: Player, finalists: Sequence[Seats], first: int, most: int, alpha: float) -> Chosen:
    """Play finalists and today's roster on fresh replications; return the cheapest."""
    grid, numbers = player.desk.grid, range(first, first + most)
    samples = [*player.samples(finalists, numbers), player.today(numbers)]
    staff = [*(float((grid.price * seats).sum()) for seats in finalists), _staff_today(player.desk)]
    totals = np.array([price + one.money.sum(axis=1) for price, one in zip(staff, samples, strict=True)])
    best = int(totals.mean(axis=1).argmin())
    bound = -float(ndtri(alpha / len(finalists)))
    by = max([0.0, *(interval(totals[best] - other, bound)[2] for at, other in enumerate(totals) if at != best)])
    cost, today = float(totals[best].mean()), float(totals[-1].mean())
    which = "this one" if best < len(finalists) else "today's roster"
    words = (
        f"Of {len(finalists)} finalists and today's roster {which} costs least on {most} fresh replications; with "
        f"{100 * (1 - alpha):.0f} % confidence none of the others is cheaper by more than {by:,.0f} "
        f"({100 * by / cost:.1f} % of the cost; up to "
        f"{100 * INDIFFERENCE:.0f} % does not matter). Seats that were no finalists are not judged."
    )
    seats = finalists[best] if best < len(finalists) else _seats_today(player.desk)
    return Chosen(seats, cost, today, most, by <= INDIFFERENCE * cost, words)


def _staff_today(desk: Desk) -> float:
    """Return what the hours of today's roster cost."""
    loaded, grid = desk.loaded, desk.grid
    wages = grid.price[:, 0] / (grid.minutes / 60)
    return sum(
        float(wage) * rostered_s(loaded.roster_paid(name), 0.0, loaded.horizon_s) / 3600
        for wage, name in zip(wages, grid.teams, strict=True)
    )


def _seats_today(desk: Desk) -> Seats:
    seats = np.ceil(today_of(desk.loaded, desk.grid.teams, desk.grid.begins_s) - 1e-9)
    return np.minimum(seats.astype(np.int64), desk.grid.most)
