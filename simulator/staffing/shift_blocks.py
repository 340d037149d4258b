"""Shifts for teams that share people or cuts: counted first, then a week for each person, then person by person.

`staffed` is the way from counts to people. Where no weeks are found for some of the shifts counted, it counts again
with more people or fewer shifts for that crew; where the block is small and its cost not shown to be the least, CP-SAT
goes on from there. The first count bounds what any roster costs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scenarios.labour import Labour
from simulator.staffing.problem import Cut, Grid, Values
from simulator.staffing.shift_counts import BreakAt, Built, build
from simulator.staffing.shift_patterns import Crew, Pattern, crews_of, patterns_of
from simulator.staffing.shift_people import SIZE_MOST, Turn, exact_people, questions
from simulator.staffing.weeks import Weeks, give_weeks

GAP = 1e-4
"""Share of the cost by which counted shifts may exceed the cheapest."""

LARGE, LARGE_GAP = 4_000, 2e-3
"""Variables of counts for which a larger share will do, and that share."""

ROUGH_SECONDS = 10.0
"""With less time than this for a block, what lies near counts in parts of people will do: within a per cent or two."""

ANY = 0.5
"""That of which any roster will do."""

SMALL = 500
"""Variables of counts that are solved to the end."""

ROUNDS = 4
NODES_A_SECOND = 5
EQUAL = 1e-6


class Counted(NamedTuple):
    """Counts of shifts, what they cost, and what none cost less than."""

    x: Values
    cost: float
    bound: float


class Staffed(NamedTuple):
    """Who works what in a block, as far as it could be found."""

    crews: list[Crew]
    patterns: list[Pattern]
    turns: list[Turn]
    pauses: dict[BreakAt, int]
    cost: float
    bound: float
    impossible: bool
    """Whether it is shown that no roster keeps everything."""
    left: int
    """Shifts that were counted and that nobody was found for."""


def staffed(
    grid: Grid,
    cuts: Sequence[Cut],
    labour: Labour,
    seconds: float,
    seed: int,
    short_price: float = 0.0,
    gap: float | None = None,
) -> Staffed:
    """Return who works what.

    Args:
        grid: the block's teams.
        cuts: on them.
        labour: rules and people.
        seconds: about how long to search.
        seed: of the search.
        short_price: what a missing seat costs; 0: none may be missing.
        gap: share of the cost by which it may exceed the cheapest counts; `ANY`: any roster will do; None: by its size.
    """
    crews, patterns = crews_of(labour, grid), patterns_of(labour, grid)
    built = build(grid, cuts, labour, crews, patterns, short_price)
    nodes = max(int(seconds * NODES_A_SECOND), 10)
    any_will_do = gap == ANY
    gap = _gap(built, short_price > 0) if gap is None else gap
    rough = seconds < ROUGH_SECONDS
    found = _counted(built, gap, nodes, rough)
    if found is None:
        return Staffed(crews, patterns, [], {}, 0.0, 0.0, True, 0)
    bound = found.bound
    best: Staffed | None = None
    for _ in range(2 if any_will_do else ROUNDS):
        one, short = _with_weeks(labour, grid, (crews, patterns, built), found.x, bound, seconds, seed)
        if best is None or (one.left, one.cost) < (best.left, best.cost):
            best = one
        if not one.left:
            break
        _ask_less(built, crews, found.x, short)
        found = _counted(built, gap, nodes, rough)
        if found is None:
            break
    assert best is not None
    sure = not best.left and (any_will_do or best.cost <= bound * (1 + EQUAL))
    if short_price or sure or questions(crews, patterns, labour) > SIZE_MOST:
        return best
    return _exact(grid, cuts, labour, best, seconds, seed)


def _gap(built: Built, soft: bool) -> float:
    variables = len(built.programme.price)
    return LARGE_GAP if variables > LARGE else GAP if soft or variables > SMALL else 0.0


def _counted(built: Built, gap: float, nodes: int, rough: bool) -> Counted | None:
    """Solve the counts; None where nothing keeps them.

    Of many counts a good answer is sought near that in parts of people first; it will do where a rough one does.
    """
    near: Counted | None = None
    if len(built.programme.price) > SMALL:
        parts = built.programme.solve(0.0, 0, relaxed=True)
        if parts.x is None:
            return None
        found = built.programme.solve_near(parts.x, built.work.values(), gap, nodes)
        if found.x is not None:
            near = Counted(found.x, float(found.fun), float(parts.fun))
            if rough or near.cost <= near.bound * (1 + gap):
                return near
    for more in (1, 20):
        found = built.programme.solve(gap, nodes * more)
        if found.x is not None and (near is None or found.fun < near.cost):
            return Counted(found.x, float(found.fun), float(found.mip_dual_bound))
        if near is not None or found.status == 2:
            return near
    return None


def _with_weeks(
    labour: Labour,
    grid: Grid,
    known: tuple[list[Crew], list[Pattern], Built],
    x: Any,
    bound: float,
    seconds: float,
    seed: int,
) -> tuple[Staffed, dict[int, int]]:
    """Give each person a week; return that, and how many shifts of which crew found nobody."""
    crews, patterns, built = known
    turns: list[Turn] = []
    short: dict[int, int] = {}
    for at, crew in enumerate(crews):
        teams: dict[int, list[int]] = {}
        for (who, team, place), variable in built.work.items():
            if who == at:
                teams.setdefault(place, []).extend([team] * round(x[variable]))
        need = {place: len(own) for place, own in teams.items() if own}
        if not need and not crew.least:
            continue
        weeks = _weeks(labour, crew, _counts(built, at, x), need, patterns, max(seconds / 40, 0.2), seed)
        for person, own_week in enumerate(weeks.people):
            turns += [(at, person, teams[place].pop(0), place) for place in own_week]
        if weeks.left:
            short[at] = sum(weeks.left.values())
    pauses = {key: round(x[variable]) for key, variable in built.pauses.items() if round(x[variable])}
    cost = cost_of(grid, labour, crews, patterns, turns)
    return Staffed(crews, patterns, turns, pauses, cost, bound, False, sum(short.values())), short


def _counts(built: Built, at: int, x: Any) -> list[int]:
    """Return how many people of a crew may share the shifts counted: as few as can, and some more."""
    low, high = built.programme.between(built.people[at], x)
    few, many = math.ceil(low - EQUAL), max(math.floor(high + EQUAL), math.ceil(low - EQUAL))
    return list(dict.fromkeys([few, min(many, few + max(2, few // 10))]))


def _weeks(
    labour: Labour,
    crew: Crew,
    counts: Sequence[int],
    need: dict[int, int],
    patterns: Sequence[Pattern],
    work: float,
    seed: int,
) -> Weeks:
    """Give so many people a week each: the first count with which nothing is left over, else the best."""
    best: Weeks | None = None
    for count in counts:
        weeks = give_weeks(labour, crew, count, need, patterns, work, seed)
        if best is None or sum(weeks.left.values()) < sum(best.left.values()):
            best = weeks
        if not best.left:
            break
    assert best is not None
    return best


def _ask_less(built: Built, crews: Sequence[Crew], x: Any, short: dict[int, int]) -> None:
    """Let the next count give a crew fewer shifts for each of its people than those that found nobody."""
    for at, left in short.items():
        own = [variable for (who, _, _), variable in built.work.items() if who == at]
        given = sum(round(x[variable]) for variable in own)
        each = (given - left) / max(round(x[built.people[at]]), 1)
        built.programme.row([*((variable, 1.0) for variable in own), (built.people[at], -each)], most=0.0)


def _exact(grid: Grid, cuts: Sequence[Cut], labour: Labour, best: Staffed, seconds: float, seed: int) -> Staffed:
    found = exact_people(grid, cuts, labour, best.crews, best.patterns, best.turns, seconds / 8, seed)
    if found.impossible:
        return best._replace(impossible=True, turns=[], pauses={})
    bound = max(best.bound, found.bound)
    if found.turns is None:
        return best
    cost = cost_of(grid, labour, best.crews, best.patterns, found.turns)
    if best.left or cost < best.cost:
        return best._replace(turns=found.turns, pauses=found.pauses, cost=cost, bound=min(bound, cost), left=0)
    return best._replace(bound=min(bound, best.cost))


def cost_of(
    grid: Grid, labour: Labour, crews: Sequence[Crew], patterns: Sequence[Pattern], turns: Sequence[Turn]
) -> float:
    """Return what shifts cost: paid hours, and what those beyond a contract's week cost more."""
    hours: dict[tuple[int, int, int], float] = {}
    total = 0.0
    for at, person, team, place in turns:
        pattern = patterns[place]
        total += crews[at].contract.paid_hour_in(grid.teams[team]) * pattern.paid_h
        key = (at, person, labour.week_of(pattern.day))
        hours[key] = hours.get(key, 0.0) + pattern.paid_h
    for (at, _, _), worked in hours.items():
        contract = crews[at].contract
        if contract.overtime is not None:
            total += contract.overtime.extra_hour * max(worked - contract.hours_week.most, 0.0)
    return total


def blocks(grid: Grid, cuts: Sequence[Cut], labour: Labour) -> list[list[int]]:
    """Return teams that hang together by people or cuts, each team in one block."""
    label = np.arange(len(grid.teams))
    groups = [list(crew.teams) for crew in crews_of(labour, grid)]
    groups += [sorted({team for team, _ in cut.weights}) for cut in cuts]
    for group in groups:
        if group:
            joined = np.isin(label, label[group])
            label[joined] = label[joined].min()
    return [np.flatnonzero(label == one).tolist() for one in np.unique(label)]


def part_of(grid: Grid, cuts: Sequence[Cut], teams: Sequence[int]) -> tuple[Grid, list[Cut]]:
    """Return the grid of some teams, and the cuts that speak of them."""
    rows = list(teams)
    place = {team: at for at, team in enumerate(rows)}
    part = Grid(
        tuple(grid.teams[team] for team in rows),
        grid.begins_s,
        grid.minutes,
        grid.price[rows],
        grid.least[rows],
        grid.most[rows],
    )
    kept = [cut for cut in cuts if any(team in place for team, _ in cut.weights)]
    return part, [
        Cut({(place[team], interval): w for (team, interval), w in cut.weights.items()}, cut.at_least, cut.goal)
        for cut in kept
    ]
