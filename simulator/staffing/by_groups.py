"""Of many seats: the cheapest people by whole teams first, then by parts of their days, on the sampled problem.

Hundreds of seats, each measured on few replications, are fitted to the luck of these; a few factors are not. So the
seats of a group (a team, or a team in one part of its day) are changed together, by so many per cent. What that does to
each aim is played, group by group; a linear programme finds the next factors within a *trust region*, which shrinks
where what was predicted does not come true (Conn, Gould and Toint, Trust-Region Methods, SIAM 2000). A step is tens of
plays, where measuring each seat would be hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from simulator.staffing.problem import Seats

if TYPE_CHECKING:
    from simulator.staffing.searching import Found, Search

Values = npt.NDArray[np.float64]
Group = npt.NDArray[np.bool_]
Tell = Callable[[str, float], None]

REACH_TEAMS, REACH_PARTS, REACH_LEAST = 0.08, 0.06, 0.015
"""By which share the seats of a group may change: of whole teams at first, of parts of days at first, at last."""
ROUNDS_TEAMS, ROUNDS_PARTS, ROUNDS_REPAIR = 7, 4, 3
TRIES = 4
"""So often what is asked is moved in a round."""
PARTS = 3
"""Of a team's day, with as many seats in each."""
NEAR_ERRORS = 0.3
MORE_MOST = 6.0
"""By so many standard errors more, at most, is asked at the next try."""
DEAR = 1e3
WORTH_IT = 0.002
"""A round that saves less than this share makes the next step smaller."""


def by_groups(search: Search, here: Found, tell: Tell) -> Found:
    """Return cheaper seats that keep all aims, by teams and then by parts of days; the nearest where none do."""
    teams = whole_teams(search)
    here = _stepped(search, here, teams, REACH_TEAMS, ROUNDS_TEAMS, lambda done: tell("teams", done * 0.4))
    parts = _parts(search, here.seats)
    return _stepped(
        search, here, parts, REACH_PARTS, ROUNDS_PARTS, lambda done: tell("parts of days", 0.4 + done * 0.4)
    )


def repaired(search: Search, here: Found) -> Found:
    """Return seats that keep what is asked now, by adding people to whole teams where that is cheapest.

    Nobody is taken away: what was shown to be kept should stay so.
    """
    for _ in range(ROUNDS_REPAIR):
        if search.keeps(here):
            break
        here = _round(search, here, whole_teams(search), REACH_PARTS, 0.0)
    return here


def whole_teams(search: Search) -> list[Group]:
    """Return each team's seats that may be filled, as a group."""
    may = search.grid.most > 0
    return [_only(may, team) for team in range(len(may)) if may[team].any()]


def _only(may: Group, team: int) -> Group:
    group = np.zeros_like(may)
    group[team] = may[team]
    return group


def _parts(search: Search, seats: Seats) -> list[Group]:
    """Return each team's early, middle and late seats of all days, by the clock, with as many seats in each."""
    grid = search.grid
    minute = (grid.begins_s // 60 % 1440).astype(np.int64)
    groups = []
    for whole in whole_teams(search):
        team = int(np.flatnonzero(whole.any(axis=1))[0])
        passed = np.cumsum(np.bincount(minute, seats[team], 1440))
        part = np.minimum(passed[minute] * PARTS / max(passed[-1], 1) - 1e-9, PARTS - 1).astype(np.int64)
        cut = [whole & (part == number) for number in range(PARTS)]
        groups += [one for one in cut if one.any()]
    return groups


def scaled(seats: Seats, groups: Sequence[Group], factors: Values, least: Seats, most: Seats) -> Seats:
    """Return seats with each group's times its factor; what rounding leaves over goes to the next interval.

    >>> seats = np.array([[2, 2, 2, 2]])
    >>> scaled(seats, [seats > 0], np.array([1.25]), seats * 0, seats + 9).tolist()
    [[3, 2, 3, 2]]
    """
    wanted = seats.astype(np.float64)
    for group, factor in zip(groups, factors, strict=True):
        if factor != 1.0:
            told = np.zeros_like(wanted)
            told[group] = seats[group] * factor
            whole = np.floor(np.cumsum(told, axis=1) + 0.5)
            wanted[group] = np.diff(whole, prepend=0.0, axis=1)[group]
    return np.asarray(np.clip(wanted.astype(np.int64), least, most))


def _stepped(
    search: Search, here: Found, groups: Sequence[Group], reach: float, rounds: int, tell: Callable[[float], None]
) -> Found:
    for number in range(rounds):
        tell(number / rounds)
        there = _round(search, here, groups, reach)
        kept = search.keeps(here)
        saved = (here.cost - there.cost) / here.cost
        better = search.better(there, here)
        here = there if better else here
        if not better or (kept and saved < WORTH_IT * 2):
            if reach <= REACH_LEAST:
                break
            reach = max(reach / 2, REACH_LEAST)
    return here


def _round(search: Search, here: Found, groups: Sequence[Group], reach: float, down: float | None = None) -> Found:
    """Return the best seats that were played within reach of here, or not so far down."""
    low = -(reach if down is None else down)
    slope, price = _measured(search, here, groups, reach)
    unit = np.maximum(np.nan_to_num(here.now.error, posinf=0.0), 1e-12)
    asked, best = -(here.now.slack - search.margin), here
    for _ in range(TRIES):
        factors = 1.0 + _factors(slope / unit[:, None], price, asked / unit, low, reach)
        there = search.look(scaled(here.seats, groups, factors, search.grid.least, search.grid.most))
        best = there if search.better(there, best) else best
        left = np.nan_to_num(there.now.slack - search.margin, nan=0.0)
        if search.keeps(there) and (left / unit).min() <= NEAR_ERRORS:
            break
        asked = asked - (0.7 * left if search.keeps(there) else np.clip(left, -MORE_MOST * unit, 0.0))
    return best


def shares_to_keep(search: Search, here: Found, groups: Sequence[Group], reach: float) -> Values:
    """Return by which shares, within reach, groups change so that, as lines tell, all is kept at the least cost."""
    slope, price = _measured(search, here, groups, reach)
    unit = np.maximum(np.nan_to_num(here.now.error, posinf=0.0), 1e-12)
    asked = np.clip(search.margin - here.now.slack, None, MORE_MOST * unit)
    low = -reach if search.keeps(here) else 0.0  # what was shown to be kept should stay so
    return _factors(slope / unit[:, None], price, asked / unit, low, reach)


def _measured(search: Search, here: Found, groups: Sequence[Group], reach: float) -> tuple[Values, Values]:
    """Return what a group's seats are worth to each aim and what they cost, for its whole, from a change by reach.

    People are taken away where all aims are kept, else added: that is where the next step goes.
    """
    sign = -1.0 if search.keeps(here) else 1.0
    least, most = search.grid.least, search.grid.most
    changed = []
    for at in range(len(groups)):
        factors = np.ones(len(groups))
        factors[at] += sign * reach
        one = scaled(here.seats, groups, factors, least, most)
        if (one == here.seats).all():  # nothing less is allowed, or nothing more
            factors[at] = 1.0 - sign * reach
            one = scaled(here.seats, groups, factors, least, most)
        changed.append(one)
    played = search.found(changed)
    slope, price = np.zeros((len(search.aims), len(groups))), np.zeros(len(groups))
    for at, (group, tried) in enumerate(zip(groups, played, strict=True)):
        spent = float((search.grid.price * (tried.seats - here.seats)).sum())
        price[at] = float((search.grid.price * here.seats)[group].sum())
        if spent:
            slope[:, at] = np.nan_to_num(tried.now.slack - here.now.slack) / spent * price[at]
    return np.maximum(slope, 0.0), np.maximum(price, 1e-9)  # more people never harm: what seems so is luck


def _factors(slope: Values, price: Values, asked: Values, low: float, high: float) -> Values:
    """Return by which shares the groups change, cheapest, with all that is asked, or missing it by little."""
    told = np.flatnonzero(~np.isnan(asked))
    wanted, count = len(told), len(price)
    found = linprog(
        np.r_[price, np.full(wanted, DEAR * price.max())],
        A_ub=-np.hstack([slope[told], np.eye(wanted)]),
        b_ub=-asked[told],
        bounds=[(low, high)] * count + [(0.0, None)] * wanted,
        method="highs",
    )
    assert found.x is not None, found.message
    return np.asarray(found.x[:count], dtype=np.float64)
