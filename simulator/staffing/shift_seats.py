"""People instead of seats: the cheapest shifts under labour rules, and the roster that comes of them.

Teams that share neither people nor cuts are solved apart. A large block that only cuts hold together is parted too: by
the seats that its counts in parts of people give to each team. Breaks are placed together with the shifts, not after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from results.roster import Roster, RosterShift, in_order
from scenarios.labour import Labour
from simulator.staffing.loosening import looser
from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.seats_alone import SLACK, seats_alone
from simulator.staffing.shift_blocks import EQUAL, Staffed, blocks, part_of, staffed
from simulator.staffing.shift_counts import build
from simulator.staffing.shift_patterns import crews_of, patterns_of
from simulator.staffing.turns import own_shifts

LARGE = 8_000
"""Variables of a block from which on it is parted where it can be."""


class ShiftSeats(NamedTuple):
    """The roster, its seats and cost, and what no roster can be cheaper than."""

    roster: Roster
    seats: Seats
    cost: float
    bound: float
    optimal: bool
    loosen: tuple[str, ...]


def shift_seats(grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int) -> ShiftSeats:
    """Return the cheapest roster that keeps cuts, seats and rules; else the nearest, and what to loosen."""
    shifts: list[RosterShift] = []
    cost = bound = 0.0
    loosen: list[str] = []
    parts = blocks(grid, cuts, labour)
    for teams in parts:
        part, own_cuts = part_of(grid, cuts, teams)
        if not part.least.any() and not own_cuts and not crews_of(labour, part):
            continue
        own, least_cost, told = _block(part, own_cuts, labour, seconds / len(parts), seed)
        shifts += own_shifts(part.teams, own)
        cost, bound, loosen = cost + own.cost, bound + min(least_cost, own.cost), loosen + told
    roster = Roster(in_order(shifts), labour.starts, labour.time_zone, labour.days)
    seats = roster.seats(grid.teams, grid.begins_s, grid.minutes)
    optimal = not loosen and cost <= bound * (1 + EQUAL)
    return ShiftSeats(roster, seats, cost, bound, optimal, tuple(dict.fromkeys(loosen)))


def _block(
    grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int
) -> tuple[Staffed, float, list[str]]:
    """Solve one block; return who works what, a bound, and what to loosen."""
    parted = _parted(grid, cuts, labour, seconds, seed)
    if parted is not None:
        return parted[0], parted[1], []
    found = staffed(grid, cuts, labour, seconds, seed)
    if not found.impossible and not found.left:
        return found, found.bound, []
    nearest, told = looser(grid, cuts, labour, seconds, seed, found)
    return nearest, found.bound, told


def _parted(grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int) -> tuple[Staffed, float] | None:
    """Part a large block that cuts hold together: its counts in parts of people say about which seats each team gives.

    One team after the other then does what cuts ask of it, as those before are rostered and those after are to be.
    None where the block is small, or nothing comes of it.
    """
    apart = blocks(grid, (), labour)
    crews, patterns = crews_of(labour, grid), patterns_of(labour, grid)
    if not cuts or len(apart) < 2:
        return None
    programme = build(grid, cuts, labour, crews, patterns)
    if len(programme.programme.price) < LARGE:
        return None
    relaxed = programme.programme.solve(0.0, 0, relaxed=True)
    if relaxed.x is None:
        return None
    asked = np.zeros(grid.least.shape)
    for (team, interval), variable in programme.seats.items():
        asked[team, interval] = relaxed.x[variable]
    low = np.clip(np.floor(asked + SLACK), grid.least, grid.most).astype(np.int64)
    high = np.clip(np.ceil(asked - SLACK), low, grid.most).astype(np.int64)
    wanted = seats_alone(Grid(grid.teams, grid.begins_s, grid.minutes, grid.price, low, high), cuts, seconds)
    if wanted.missed.any():
        return None
    whole = Staffed(crews, patterns, [], {}, 0.0, float(relaxed.fun), False, 0)
    seats = wanted.seats.copy()
    for teams in apart:
        part, own_cuts = part_of(grid, _left_to(teams, cuts, seats), teams)
        bounds = Grid(part.teams, part.begins_s, part.minutes, part.price, low[teams], seats[teams])
        needed = seats_alone(bounds, own_cuts, seconds / len(apart)).seats
        part = Grid(part.teams, part.begins_s, part.minutes, part.price, needed, part.most)
        found = staffed(part, (), labour, seconds / len(apart), seed)
        if found.impossible or found.left:
            return None
        whole = _joined(whole, found, teams)
        shifts = tuple(own_shifts(part.teams, found))
        roster = Roster(shifts, labour.starts, labour.time_zone, labour.days)
        seats[teams] = roster.seats(part.teams, grid.begins_s, grid.minutes)
    if any(sum(w * seats[key] for key, w in cut.weights.items()) < cut.at_least - SLACK for cut in cuts):
        return None  # a cut in which more seats do harm
    return whole, whole.bound


def _left_to(teams: Sequence[int], cuts: Sequence[Cut], seats: Seats) -> list[Cut]:
    """Return what cuts ask of some teams, where all others have the seats they have."""
    left = []
    for cut in cuts:
        own = {key: weight for key, weight in cut.weights.items() if key[0] in teams}
        if own:
            others = sum(weight * seats[key] for key, weight in cut.weights.items() if key not in own)
            left.append(Cut(own, cut.at_least - float(others), cut.goal))
    return left


def _joined(whole: Staffed, part: Staffed, teams: Sequence[int]) -> Staffed:
    """Add what a part found, in the places of the whole."""
    crew_at = {crew.label: at for at, crew in enumerate(whole.crews)}
    turns = [(crew_at[part.crews[crew].label], who, teams[team], place) for crew, who, team, place in part.turns]
    pauses = {(teams[team], place, which, at_s): n for (team, place, which, at_s), n in part.pauses.items()}
    return whole._replace(turns=whole.turns + turns, pauses=whole.pauses | pauses, cost=whole.cost + part.cost)
