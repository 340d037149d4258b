"""Means, intervals and multiplicity: small leaves with their sources, blind to what the numbers are about."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit  # the functions behind scipy.stats.t, whose import costs a second

Values = npt.NDArray[np.floating]

BATCHES_MOST = 20
BATCH_CONTACTS_LEAST = 10
MSER_BATCH = 5
MSER_BATCHES_LEAST = 10


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error and the degrees of freedom behind that error."""

    value: float
    error: float
    freedom: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided Student interval at `level`."""
        reach = float(stdtrit(self.freedom, (1 + level) / 2)) * self.error
        return self.value - reach, self.value + reach


def replication_estimate(values: Values) -> Estimate:
    """Estimate a mean from independent replications, one value each; NaN replications are left out."""
    kept = values[~np.isnan(values)]
    if len(kept) == 0:
        return Estimate(np.nan, np.nan, 1)
    if len(kept) == 1:
        return Estimate(float(kept[0]), np.inf, 1)
    return Estimate(float(kept.mean()), float(kept.std(ddof=1) / np.sqrt(len(kept))), len(kept) - 1)


def batch_means_error(residuals: Values) -> tuple[float, float]:
    """Estimate the standard error of the mean of correlated values in order of time: (error, degrees of freedom).

    Non-overlapping batch means (Law, Simulation Modeling and Analysis, sec. 9.5.3) with at most 20 batches, as more
    rarely help (Schmeiser 1982), of at least 10 values. Infinite where there are too few values for two batches.
    """
    count = min(BATCHES_MOST, len(residuals) // BATCH_CONTACTS_LEAST)
    if count < 2:
        return np.inf, 1.0
    means = np.array([batch.mean() for batch in np.array_split(residuals, count)])
    return float(means.std(ddof=1) / np.sqrt(count)), float(count - 1)


def percentile_error(values: Values, percent: float, share_error: float, freedom: float) -> float:
    """Estimate the standard error of a percentile from that of the share of values below it.

    Woodruff's interval (JASA 47:635, 1952): the percentiles that lie as far to both sides as the share is uncertain.
    Infinite where that reaches beyond the values there are, as the 99th of a hundred does.
    """
    reach = float(stdtrit(freedom, 0.975)) * share_error
    low, high = (math.ceil((percent / 100 + side * reach) * len(values)) - 1 for side in (-1, 1))
    if low < 0 or high >= len(values):
        return math.inf
    ordered = np.partition(values, [low, high])
    return float(ordered[high] - ordered[low]) / (2 * float(stdtrit(freedom, 0.975)))


def warm_up(values: Values) -> int | None:
    """Return how many of the first values to leave out, as they still show how the run began; None: cannot tell.

    MSER-5 (White 1997, Simulation 69:323; White, Cobb and Spratt 2000): among means of five, the truncation that
    makes the standard error of what is left smallest. Where that would leave less than half, the run is too short to
    know when it has settled.
    """
    means = values[: len(values) // MSER_BATCH * MSER_BATCH].reshape(-1, MSER_BATCH).mean(axis=1)
    if len(means) < MSER_BATCHES_LEAST:
        return None
    kept = np.arange(len(means), 0, -1)
    centred = means - means.mean()  # so that the difference of squares below loses no digits
    sums, squares = np.cumsum(centred[::-1])[::-1], np.cumsum(np.square(centred)[::-1])[::-1]
    spread = (squares - np.square(sums) / kept) / np.square(kept)
    dropped = int(np.argmin(spread[: -MSER_BATCHES_LEAST // 2]))
    return None if dropped > len(means) // 2 else dropped * MSER_BATCH


@dataclass(frozen=True)
class Placement:
    """Where a difference lies against a tolerance: one-sided p-values that it is inside, and that it is outside."""

    inside_p: float
    outside_p: float


def place(difference: float, error: float, freedom: float, tolerance: float) -> Placement:
    """Test a difference against +-tolerance both ways.

    Inside: two one-sided tests, the larger p (Schuirmann 1987). Outside: that the nearer bound is exceeded. An error
    of 0 decides by the difference alone.
    """
    if error == 0:
        inside = abs(difference) < tolerance
        return Placement(0.0 if inside else 1.0, 1.0 if inside else 0.0)
    gap = (tolerance - abs(difference)) / error
    far = (tolerance + abs(difference)) / error
    inside_p = max(float(stdtr(freedom, -gap)), float(stdtr(freedom, -far)))
    return Placement(inside_p, float(stdtr(freedom, gap)))


def holm_levels(p_values: list[float], alpha: float) -> list[float]:
    """Return the level at which each hypothesis is tested in Holm's step-down procedure (Holm 1979).

    Once one is not rejected, all that follow share its level and are not rejected either.

    >>> holm_levels([0.04, 0.001], 0.05)
    [0.05, 0.025]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    levels = [0.0] * len(p_values)
    stopped: float | None = None
    for position, index in enumerate(order):
        level = alpha / (len(p_values) - position) if stopped is None else stopped
        levels[index] = level
        if p_values[index] > level:
            stopped = level if stopped is None else stopped
    return levels
