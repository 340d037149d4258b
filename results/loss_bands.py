"""A loss with its 95 % bands: of chance, of not knowing the coefficients, of both; how they are reckoned.

Each is of the mean of a period (one replication of a simulation, or the one period of a log):

- *chance*: the coefficients are right, and so many periods are looked at. The variance of the mean is that between
  replications plus that of who draws leaving (Bernoulli, each case by its own share), over the replications, with
  Student's quantile for what few replications know of the former (Welch and Satterthwaite). It shrinks with more.
- *single*: the same, of one period alone: what day-to-day chance may bring. It does not shrink.
- *coefficients*: no luck at all, and the coefficients drawn from what is known of them. Only better knowledge helps.
- *both*: chance and coefficients together, a mixture of normal laws; never narrower than either.

Cases are taken as independent of each other given what was lived through. Bands are normal, and cut to what can be:
nobody leaves twice, and of cases that make leaving likelier none keeps anybody. So a count of customers lost does not
begin below 0, and that of service does only where the model knows of service that keeps customers, or draws of its
coefficients do. Where fewer than some ten are expected to leave over all periods bands are rough.
Guarded by tests/results/test_losses.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from scenarios.churn import SURE

Values = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Band = tuple[float, float]

NOTHING = 1e-12
"""A share that differs from 0 by less does so by rounding."""


@dataclass(frozen=True)
class Banded:
    """A mean per period with its 95 % bands, as the module tells them."""

    value: float
    chance: Band
    single: Band
    coefficients: Band
    both: Band

    def times(self, factor: float) -> Banded:
        """Return the same of so many times as much; `factor` is not negative."""
        bands = (self.chance, self.single, self.coefficients, self.both)
        return Banded(self.value * factor, *((low * factor, high * factor) for low, high in bands))


class Sums(NamedTuple):
    """What cases weigh, by kind."""

    each: Values
    """Sum of weights, a row for each kind, a column for each replication."""
    squares: Values
    """Sum of squared weights over all replications."""


def sums_of(of_case: Whole, number: Whole, weights: Values | None, kinds: int, count: int) -> Sums:
    """Return what cases weigh.

    Args:
        of_case: the kind of each case.
        number: the replication of each case, from 0.
        weights: of each case; None: one.
        kinds: how many there are.
        count: how many replications there were.
    """
    places, size = of_case * count + number, max(kinds * count, 1)
    each = np.bincount(places, weights, minlength=size).astype(float)[: kinds * count].reshape(kinds, count)
    squares = np.bincount(of_case, None if weights is None else weights**2, minlength=kinds).astype(float)[:kinds]
    return Sums(each, squares)


class Moments(NamedTuple):
    """The mean of a period and the variances around it; arrays over draws."""

    mean: Values
    between: Values
    """Of the periods' expected losses."""
    luck: Values
    """Of who leaves in one period, given what was lived through."""
    least: Values
    most: Values
    """Between which the loss lies: nobody leaves and all are kept whom cases may keep; all leave whom they may lose."""


def moments_of(shares: Values, sums: Mapping[str, Sums]) -> dict[str, Moments]:
    """Return the moments of each row of shares, weighed in several ways.

    A share below 0 is of those who leave less often: their variance is alike. With the same luck none of them leaves
    who would have stayed, and none of the others stays who would have left.
    """
    size = np.abs(shares)
    luck = size * (1 - size)
    found = {}
    for name, one in sums.items():
        periods = shares @ one.each
        count = periods.shape[-1]
        between = periods.var(axis=-1, ddof=1) if count > 1 else np.zeros(len(periods))
        weights = one.each.sum(axis=-1) / count
        least, most = 0.0 - (shares < -NOTHING) @ weights, (shares > NOTHING) @ weights
        found[name] = Moments(periods.mean(axis=-1), between, luck @ one.squares / count, least, most)
    return found


def banded(guess: Moments, over: Moments, count: int) -> Banded:
    """Return a figure with its bands: of the best guess, and over draws of the coefficients."""
    mean, between, luck, least, most = (float(one[0]) for one in guess)
    spread = math.sqrt((between + luck) / count)
    sure = _student(between, luck, count)
    reach, alone = sure * spread, sure * math.sqrt(between * (1 + 1 / count) + luck)
    chance = _cut((mean - reach, mean + reach), (least, most))
    low, high = np.quantile(over.mean, [0.025, 0.975])
    coefficients = float(low), float(high)
    spreads = np.sqrt((over.between + over.luck) / count) * (sure / SURE)
    mixed = _mixture(over.mean, spreads, over.least, over.most)
    both = min(mixed[0], chance[0], coefficients[0]), max(mixed[1], chance[1], coefficients[1])
    return Banded(mean, chance, _cut((mean - alone, mean + alone), (least, most)), coefficients, both)


def _student(between: float, luck: float, count: int) -> float:
    """Return how many standard errors hold 95 %: who draws leaving is known, how periods differ is estimated."""
    if count < 2 or between <= 0:
        return SURE
    freedom = (count - 1) * ((between + luck) / between) ** 2
    return float(stdtrit(min(freedom, 1e6), 0.975))


def _mixture(means: Values, spreads: Values, least: Values, most: Values) -> Band:
    """Return the 2.5 % and 97.5 % points of normal laws each as likely as the next, each cut to what can be."""
    spreads = np.maximum(spreads, 1e-12 * max(float(np.abs(means).max(initial=0.0)), 1e-12))
    ends = []
    lowest, highest = float((means - 9 * spreads).min()), float((means + 9 * spreads).max())
    for share in (0.025, 0.975):
        low, high = lowest, highest
        for _ in range(60):
            middle = (low + high) / 2
            inside = np.where(middle < least, 0.0, ndtr((middle - means) / spreads))
            below = float(np.where(middle >= most, 1.0, inside).mean()) < share
            low, high = (middle, high) if below else (low, middle)
        end = (low + high) / 2
        ends.append(0.0 if abs(end) < NOTHING * (highest - lowest) else end)  # where laws are cut, it is just beside 0
    return ends[0], ends[1]


def _cut(band: Band, bounds: Band) -> Band:
    return min(max(band[0], bounds[0]), bounds[1]), max(min(band[1], bounds[1]), bounds[0])
