"""What one agent more or fewer in an interval does to each aim, by paired differences on the same luck.

A difference of two plays with the same luck is almost free of luck (Cezik and L'Ecuyer, Management Science 54:310,
2008). Seats that lie `APART_S` from each other are changed in the same play; what falls from a seat on, until the next
one that was changed, is its effect. Where there are few seats each is changed by itself.

An aim on the mean of a replication is judged by that; an aim *on days* by the slack that so many days have: its
sample quantile, and by how much the days near it move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.staffing.aims import Aim
from simulator.staffing.problem import Grid, Seats
from simulator.staffing.sampled import Player, Sample

Values = npt.NDArray[np.float64]

APART_S = 3 * 3600
"""A queue that is not overloaded for long has forgotten one agent after this."""
LEAD_CELLS = 1
"""Who came in the interval before may still wait as it begins."""
ALONE_MOST = 150
"""So few seats are changed one by one."""
OWN_PART, LEAST_PART = 0.6, 0.3
"""Of an effect that was measured among many, beside what an interval as busy usually has."""
NEAR_SHARE = 0.15
"""Of all days, those so near the quantile on either side tell how it moves."""


@dataclass(frozen=True, eq=False)
class Standing:
    """How a sample stands: the slack of each aim, and how it moves with the gains in each cell."""

    slack: Values
    """By aim, in the metric's unit; 0 or more where it is kept. Money: minus what it costs, as one more aim at last."""
    error: Values
    """By aim: the standard error of the slack over replications."""
    weights: Values
    """Shape (aims, replications, cells): by how much the slack moves with a gain there."""
    level: Values
    """Shape (aims, replications, cells): the mean gain that one contact more there must have to move nothing."""
    kept_on: Values
    """By aim: the share of days on which it is kept, each by its own contacts; NaN where nobody came."""


def standing(sample: Sample, aims: Sequence[Aim], days: npt.NDArray[np.int64]) -> Standing:
    """Return how a sample stands.

    Args:
        sample: what was played.
        aims: what for.
        days: the day of each cell.
    """
    shape = (len(aims), *sample.gains.shape[::2])
    weights, level = np.zeros(shape), np.zeros(shape)
    slack, error, kept = (np.full(len(aims), np.nan) for _ in range(3))
    for at, aim in enumerate(aims):
        sums, counts = by_day(sample, at, days)
        with np.errstate(invalid="ignore", divide="ignore"):
            by_days = sums / counts
        known = ~np.isnan(by_days)
        kept[at] = float((by_days[known] >= -1e-12).mean()) if known.any() else np.nan
        if aim.on_days is None:
            total, count = sample.gains[:, at].sum(axis=1), sample.counts[:, at].sum(axis=1)
            told = count > 0
            if not told.any():
                continue
            means = np.divide(total, count, out=np.zeros_like(total), where=told)
            slack[at] = float(means[told].mean())
            error[at] = _error(means[told])
            weights[at] = np.where(told, 1 / np.maximum(count, 1) / told.sum(), 0.0)[:, None]
            level[at] = means[:, None]
        elif known.any():
            slack[at], near = _quantile(by_days, known, aim.on_days)
            error[at] = _quantile_error(by_days[known], aim.on_days)
            weights[at] = np.where(known, near / np.maximum(counts, 1), 0.0)[:, days]
            level[at] = np.where(known, by_days, 0.0)[:, days]
    return Standing(slack, error, weights, level, kept)


def by_day(sample: Sample, at: int, days: npt.NDArray[np.int64]) -> tuple[Values, Values]:
    """Return an aim's gains and counts, shape (replications, days)."""
    width = int(days.max()) + 1
    whole = np.zeros((len(days), width))
    whole[np.arange(len(days)), days] = 1.0
    return sample.gains[:, at] @ whole, sample.counts[:, at] @ whole


def _error(values: Values) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf


def _quantile(by_days: Values, known: npt.NDArray[np.bool_], on_days: float) -> tuple[float, Values]:
    """Return the slack that so many days have, and how much each day moves it."""
    values = np.sort(by_days[known])
    rank = len(values) - int(np.ceil(on_days * len(values) - 1e-9))
    reach = max(round(NEAR_SHARE * len(values)), 1)
    low, high = values[max(rank - reach, 0)], values[min(rank + reach, len(values) - 1)]
    near = known & (by_days >= low) & (by_days <= high)
    return float(values[rank]), near / near.sum()


def _quantile_error(values: Values, on_days: float) -> float:
    spread = np.sqrt(on_days * (1 - on_days) / len(values))
    low, high = np.quantile(values, [max(1 - on_days - spread, 0.0), min(1 - on_days + spread, 1.0)])
    return float(high - low) / 2


@dataclass(frozen=True, eq=False)
class Effects:
    """What one agent more, or fewer, does to the slack of each aim; shape (aims, teams, intervals)."""

    more: Values
    fewer: Values
    """What is lost, above 0 where it harms."""
    money_more: Values
    """What is saved by one more, shape (teams, intervals)."""
    money_fewer: Values

    @property
    def slope(self) -> Values:
        """The mean of both: as a line through the two."""
        return (self.more + self.fewer) / 2


def effects(
    player: Player, seats: Seats, sample: Sample, now: Standing, replications: Sequence[int], both: bool = True
) -> Effects:
    """Return what one agent more and fewer does, at some people; not tried where the grid does not allow it."""
    grid = player.desk.grid
    groups = _groups(grid)
    found: dict[int, tuple[Values, Values]] = {}
    for sign in (1, -1) if both else (1,):
        changed = [_changed(seats, group, sign, grid) for group in groups]
        played = player.samples(changed, replications)
        told, money = np.zeros((len(now.slack), *seats.shape)), np.zeros(seats.shape)
        for group, one in zip(groups, played, strict=True):
            _read(told, money, group, one, sample, now)
        if any(len(group) > 1 for group in groups):
            told = _steadied(sign * told, sample, grid) * sign
        found[sign] = sign * told, sign * money
    more, money_more = found[1]
    fewer, money_fewer = found.get(-1, found[1])
    stuck_down, stuck_up = seats <= grid.least, seats >= grid.most
    fewer, money_fewer = np.where(stuck_down, more, fewer), np.where(stuck_down, money_more, money_fewer)
    more, money_more = np.where(stuck_up, fewer, more), np.where(stuck_up, money_fewer, money_more)
    return Effects(more, fewer, money_more, money_fewer)


def _steadied(told: Values, sample: Sample, grid: Grid) -> Values:
    """Return effects with less luck in them: neighbours share theirs, and the busier an interval the more it has.

    Of hundreds of seats, each measured on few replications, some seem to help nothing: taking them all away at once
    would be a mistake. So none is taken to help less than a part of what such an interval of its team helps.
    """
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    found = told.copy()
    for aim, team in np.ndindex(told.shape[:2]):
        may = (grid.most[team] > grid.least[team]).astype(np.float64)
        weight = np.convolve(may, kernel, "same")
        smooth = np.convolve(told[aim, team] * may, kernel, "same") / np.maximum(weight, 1.0) * may
        mean, busy = smooth.sum() / max(may.sum(), 1.0), sample.counts[:, aim].mean(axis=0) * may
        if mean > 0 and busy.sum() > 0:
            usual = mean * busy / (busy.sum() / may.sum())
            smooth = np.maximum(OWN_PART * smooth + (1 - OWN_PART) * usual, LEAST_PART * usual)
        found[aim, team] = smooth
    return found


Group = list[tuple[int, int]]


def _groups(grid: Grid) -> list[Group]:
    """Return seats that are changed together: of one team, far apart."""
    may = grid.most > grid.least
    if may.sum() <= ALONE_MOST:
        return [[(int(team), int(cell))] for team, cell in zip(*np.nonzero(may), strict=True)]
    step = max(APART_S // (grid.minutes * 60), 1)
    groups = []
    for team in range(len(grid.teams)):
        for first in range(step):
            cells = [cell for cell in range(first, may.shape[1], step) if may[team, cell]]
            if cells:
                groups.append([(team, cell) for cell in cells])
    return groups


def _changed(seats: Seats, group: Group, sign: int, grid: Grid) -> Seats:
    changed = seats.copy()
    for team, cell in group:
        changed[team, cell] = np.clip(seats[team, cell] + sign, grid.least[team, cell], grid.most[team, cell])
    return changed


def _read(told: Values, money: Values, group: Group, one: Sample, base: Sample, now: Standing) -> None:
    """Put the effect of each changed seat where it belongs: all cells from it to the next one."""
    moved = (one.gains - base.gains).transpose(1, 0, 2) - now.level * (one.counts - base.counts).transpose(1, 0, 2)
    passed = np.cumsum((now.weights * moved).sum(axis=1), axis=1)
    saved = -np.cumsum((one.money - base.money).mean(axis=0))
    cells = [cell for _, cell in group]
    starts = [0 if len(group) == 1 else max(cell - LEAD_CELLS, 0) for cell in cells]
    for (team, cell), begin, end in zip(group, starts, [*starts[1:], passed.shape[1]], strict=True):
        told[:, team, cell] = passed[:, end - 1] - (passed[:, begin - 1] if begin else 0.0)
        money[team, cell] = saved[end - 1] - (saved[begin - 1] if begin else 0.0)
