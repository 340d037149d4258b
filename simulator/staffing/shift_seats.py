"""People instead of seats: the cheapest shifts under labour rules, and the roster that comes of them.

Teams that share neither people nor cuts are solved apart. Breaks are placed together with the shifts, not after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from results.roster import Roster, RosterShift, in_order
from scenarios.labour import Labour
from simulator.staffing.loosening import looser
from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.shift_blocks import EQUAL, Staffed, blocks, part_of, staffed
from simulator.staffing.shift_patterns import crews_of
from simulator.staffing.turns import own_shifts

Known = dict[tuple[object, ...], tuple[Staffed, float, list[str]]]
"""By what a block was asked: who works what, a bound, and what to loosen; of the same labour rules."""


class ShiftSeats(NamedTuple):
    """The roster, its seats and cost, and what no roster can be cheaper than."""

    roster: Roster
    seats: Seats
    cost: float
    bound: float
    optimal: bool
    loosen: tuple[str, ...]


def shift_seats(grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int, known: Known) -> ShiftSeats:
    """Return the cheapest roster that keeps cuts, seats and rules; else the nearest, and what to loosen."""
    shifts: list[RosterShift] = []
    cost = bound = 0.0
    loosen: list[str] = []
    parts = blocks(grid, cuts, labour)
    for teams in parts:
        part, own_cuts = part_of(grid, cuts, teams)
        if not part.least.any() and not own_cuts and not crews_of(labour, part):
            continue
        asked = _asked(part, own_cuts)
        if asked not in known:
            known[asked] = _block(part, own_cuts, labour, seconds / len(parts), seed)
        own, least_cost, told = known[asked]
        shifts += own_shifts(part.teams, own)
        cost, bound, loosen = cost + own.cost, bound + min(least_cost, own.cost), loosen + told
    roster = Roster(in_order(shifts), labour.starts, labour.time_zone, labour.days)
    seats = roster.seats(grid.teams, grid.begins_s, grid.minutes)
    optimal = not loosen and cost <= bound * (1 + EQUAL)
    return ShiftSeats(roster, seats, cost, bound, optimal, tuple(dict.fromkeys(loosen)))


def _asked(grid: Grid, cuts: Sequence[Cut]) -> tuple[object, ...]:
    """Return what a block is asked, to know it again."""
    told = ((cut.goal, cut.at_least, frozenset(cut.weights.items())) for cut in cuts)
    return grid.teams, grid.least.tobytes(), grid.most.tobytes(), *told


def _block(
    grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int
) -> tuple[Staffed, float, list[str]]:
    """Solve one block; return who works what, a bound, and what to loosen."""
    found = staffed(grid, cuts, labour, seconds, seed)
    if not found.impossible and not found.left:
        return found, found.bound, []
    nearest, told = looser(grid, cuts, labour, seconds, seed, found)
    return nearest, found.bound, told
