"""What makes a figure uncertain, split: day-to-day chance, not knowing the inputs, too few runs.

What is played: rows. A row has two sets of inputs, drawn apart, and both are played on the same few lucks; every row
has inputs and lucks of its own. With Y a day's figure and f(x) its mean over days at the inputs x, the law of total
variance says

    Var Y  =  E Var(Y | x)  +  Var f(x)
              day to day       not knowing the inputs

and each part is estimated without bias, whatever the number of lucks R >= 2:

- day to day: the variance between the lucks of a set of inputs, averaged over all sets;
- not knowing the inputs: half the mean product, over each two different lucks k and l of a row, of the differences
  between its two sets, (Y[1,k] - Y[2,k]) (Y[1,l] - Y[2,l]). What k's luck did to the first factor, l's did not to the
  second, so chance is not taken for effect; and a day that is busy at both sets cancels.

*Too few runs* is the variance of the mean over all rows, which is where the middle of the figure is put: more rows
would shrink it alone. The three add up to how far off a forecast of a single day may be. The split is that of random
effects (Searle, Casella and McCulloch, Variance Components, 1992, ch. 3), for simulations Ankenman and Nelson, A quick
assessment of input uncertainty, Winter Simulation Conference 2012; the products are unbiased as U-statistics are
(Hoeffding 1948).

>>> rng = np.random.default_rng(1)
>>> inputs, day = rng.normal(0, 2, (4000, 2, 1)), rng.normal(0, 1, (4000, 1, 3))
>>> split = split_of(10 + inputs + day)
>>> round(split.inputs, 1), round(split.chance, 1)
(4.1, 1.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.bands import HIGH, LOW
from results.statistics import replication_estimate

Values = npt.NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95
ROWS_LEAST = 8
"""Fewer rows tell no variance worth showing."""


@dataclass(frozen=True)
class Split:
    """A figure's uncertainty; variances are in the square of its unit, bands (low, high) in its unit.

    Attributes:
        mean: over all inputs and days.
        chance: variance from day to day, the inputs known.
        inputs: variance of not knowing the inputs; may come out below 0 where there is next to none.
        inputs_low: where that begins to be credible: the lower end of its 95 % interval.
        inputs_high: the upper end.
        runs: variance of the mean, of too few runs.
        day: 90 % of days lie in here, all told.
        chance_band: so much of it, were the inputs known: about the mean.
        inputs_band: so far the mean over days may lie, the inputs not known.
        runs_band: the 95 % interval of the mean.
        rows: how many were played whole.
    """

    mean: float
    chance: float
    inputs: float
    inputs_low: float
    inputs_high: float
    runs: float
    day: tuple[float, float]
    chance_band: tuple[float, float]
    inputs_band: tuple[float, float]
    runs_band: tuple[float, float]
    rows: int

    @property
    def knows_inputs(self) -> bool:
        """Whether not knowing the inputs is told apart from chance."""
        return self.inputs_low > 0

    @property
    def whole(self) -> float:
        """The variance of a forecast of a day: all three."""
        return self.chance + max(self.inputs, 0.0) + self.runs

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Return the shares of chance, inputs and runs; None where nothing varies."""
        if self.whole <= 0:
            return None
        return self.chance / self.whole, max(self.inputs, 0.0) / self.whole, self.runs / self.whole

    @property
    def narrower(self) -> float:
        """By which share a day's interval would be narrower after runs without end."""
        return 1 - math.sqrt((self.whole - self.runs) / self.whole) if self.whole > 0 else 0.0


def crossed(first: Values, second: Values) -> Values:
    """Return the mean of first[k] * second[l] over different lucks k and l, which are the last axis.

    >>> float(crossed(np.array([1.0, 2.0]), np.array([10.0, 100.0])))
    60.0
    """
    lucks = first.shape[-1]
    own = (first * second).sum(axis=-1)
    product: Values = (first.sum(axis=-1) * second.sum(axis=-1) - own) / (lucks * (lucks - 1))
    return product


def inputs_variance(pairs: Values) -> Values:
    """Return, for each row, an unbiased estimate of the variance of not knowing the inputs; see `split_of`."""
    apart = pairs[..., 0, :] - pairs[..., 1, :]
    return crossed(apart, apart) / 2


def split_of(pairs: Values, seed: int = 0) -> Split | None:
    """Split the uncertainty of a figure.

    Args:
        pairs: a row, its two sets of inputs, their lucks (two or more); no NaN.
        seed: of the resampling that gives the interval.

    Returns:
        None where there are fewer rows than tell anything.
    """
    rows = len(pairs)
    if rows < ROWS_LEAST:
        return None
    by_row = inputs_variance(pairs)
    chance, inputs = float(pairs.var(axis=2, ddof=1).mean()), float(by_row.mean())
    low, high = np.quantile(resampled(rows, seed, by_row), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    means = pairs.mean(axis=2)
    mean = replication_estimate(means.mean(axis=1))
    return Split(
        mean.value, chance, inputs, float(low), float(high), mean.error**2,
        _band(pairs, mean.value), _band(pairs, mean.value, chance), _band(means, mean.value, inputs),
        mean.interval(LEVEL), rows,
    )  # fmt: skip


def resampled(rows: int, seed: int, *columns: Values) -> Values:
    """Return the means of a column over rows drawn with replacement, time after time (Efron 1979)."""
    drawn = np.random.default_rng(seed).integers(rows, size=(RESAMPLES, rows))
    means: Values = np.stack([column[drawn].mean(axis=1) for column in columns])
    return means[0] if len(columns) == 1 else means


def _band(values: Values, mean: float, variance: float | None = None) -> tuple[float, float]:
    """Return where 90 % of values lie, drawn in towards their mean until they have a variance of their own."""
    apart, seen = values.ravel() - mean, float(values.var(ddof=1))
    if variance is not None and seen > 0:
        apart = apart * math.sqrt(min(max(variance, 0.0) / seen, 1.0))
    low, high = np.quantile(mean + apart, [LOW, HIGH])
    return float(low), float(high)
