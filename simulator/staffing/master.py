"""The optimiser's one door: the cheapest seats, or shifts of people, that keep what the simulator has taught.

Without labour rules every seat is bought by itself; with them people are, by the shift, under contracts and rules, and
a roster comes out. Nothing that comes out depends on the clock of the machine. Refuses to know goals: cuts tell of
them; whether a goal holds only the simulator says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from results.roster import Roster
from scenarios.labour import Labour
from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.seats_alone import missing_goals, seats_alone
from simulator.staffing.shift_seats import Known, shift_seats


@dataclass(frozen=True, eq=False)
class Solved:
    """What the optimiser answers."""

    seats: Seats
    """Who is rostered and at work, shape (teams, intervals)."""
    cost: float
    """In what `Grid.price` is in, or of the contracts' paid hours where labour rules are told."""
    bound: float
    """No seats that keep the cuts and rules cost less."""
    roster: Roster | None
    """Who works when; None without labour rules."""
    optimal: bool
    """Whether `cost` is shown to be the least there is."""
    loosen: tuple[str, ...]
    """Empty where everything is kept; else sentences that say which rule or goal to loosen, and by how much."""


def solve(
    grid: Grid,
    cuts: Sequence[Cut],
    labour: Labour | None = None,
    seconds: float = 60.0,
    seed: int = 0,
    known: Known | None = None,
) -> Solved:
    """Return the cheapest seats that keep the cuts and what the grid says; where there are none, what to loosen.

    Args:
        grid: teams, intervals, prices, least and most.
        cuts: what the goals demand, as far as is known.
        labour: shifts, contracts and rules; None: every seat by itself.
        seconds: about how long to search on an ordinary machine; counted in work, not by the clock.
        seed: of the search.
        known: what teams that are asked the same were answered before; is added to.
    """
    if labour is not None:
        shifts = shift_seats(grid, cuts, labour, seconds, seed, {} if known is None else known)
        return Solved(shifts.seats, shifts.cost, shifts.bound, shifts.roster, shifts.optimal, shifts.loosen)
    found = seats_alone(grid, cuts, seconds)
    loosen = tuple(
        f"{goal}: with the most that may be rostered it misses {share:.1%} of what it asks; ask less, or allow more"
        for goal, share in missing_goals(cuts, found.missed).items()
    )
    return Solved(found.seats, found.cost, found.bound, None, found.optimal, loosen)
