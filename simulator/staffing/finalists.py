"""Which of some finalists costs least in all, on fresh replications: paired differences, Bonferroni over the pairs.

All finalists play the same fresh replications. It is sure when none of the others is shown possible to be cheaper by
more than the indifference (Nelson and Matejcik, Management Science 41:1935, 1995, with common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Player
from simulator.staffing.verifying import interval

INDIFFERENCE = 0.01
"""Share of the cost by which another finalist may be cheaper without it mattering."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The finalist chosen, and how sure that is."""

    seats: Seats
    cost: float
    cost_today: float
    replications: int
    sure: bool
    words: str


def choose(player: Player, finalists: Sequence[Seats], first: int, most: int, alpha: float) -> Chosen:
    """Play finalists and today's roster on fresh replications; return the cheapest."""
    grid, numbers = player.desk.grid, range(first, first + most)
    samples = player.samples(finalists, numbers)
    staff = [float((grid.price * seats).sum()) for seats in finalists]
    totals = np.array([price + one.money.sum(axis=1) for price, one in zip(staff, samples, strict=True)])
    best = int(totals.mean(axis=1).argmin())
    bound = -float(ndtri(alpha / max(len(finalists) - 1, 1)))
    beaten = [interval(totals[best] - other, bound)[2] for at, other in enumerate(totals) if at != best]
    cost = float(totals[best].mean())
    by = max([0.0, *beaten])
    today = np.array([player.desk.play(None, one).money.sum() for one in numbers])
    from scenarios.rosters import rostered_s

    wage = [float(grid.price[at, 0]) / (grid.minutes / 60) for at in range(len(grid.teams))]
    loaded = player.desk.loaded
    staff_today = sum(
        price * rostered_s(loaded.roster_paid(name), 0.0, loaded.horizon_s) / 3600
        for price, name in zip(wage, grid.teams, strict=True)
    )
    words = (
        f"Of {len(finalists)} finalists this one costs least on {most} fresh replications; with "
        f"{100 * (1 - alpha):.0f} % confidence none of the others is cheaper by more than {by:,.0f} "
        f"({100 * by / cost:.1f} % of the cost; up to "
        f"{100 * INDIFFERENCE:.0f} % does not matter). Seats that were no finalists are not judged."
    )
    return Chosen(finalists[best], cost, float(today.mean()) + staff_today, most, by <= INDIFFERENCE * cost, words)
