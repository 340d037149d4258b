"""Does what was found on a sample hold on days that the search has never seen? Candidates are tried in order of cost.

Each candidate gets replications of its own, after each batch of which one looks (`results.sequential`). It passes where
the intervals of all aims lie at their bounds or better; one that misses for sure, or is not decided at the end, does
not. The k-th candidate may err with `alpha` x 2 to the minus k, so all together err in `alpha` of cases at most; as all
aims must hold at once, none needs a share of it (intersection-union; Berger, Technometrics 24:295, 1982). Of an aim on
days the share of days is held against its bound: by the exact binomial limit of Clopper and Pearson, and where a
replication has several days, which may be alike, by the shares of replications too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from results.sequential import Looks, looks_of, student
from simulator.staffing.aims import Aim
from simulator.staffing.effects import by_day
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Player, Sample

Values = npt.NDArray[np.float64]

ALPHA = 0.05
"""The risk that a verified answer does not hold, all candidates together."""
FRESH_FIRST = 100_000
"""The number of the first fresh replication: no search ever plays so many."""

LOOKS = 5
BATCH_LEAST = 5
NO_SKEW = 1e-6
"""A skewness below this, over the root of how many values there are, moves no digit."""


@dataclass(frozen=True)
class Judged:
    """What is known of an aim with some people.

    Attributes:
        name: the aim's.
        value: of the goal's metric, mean over replications; of a guard, the slack against today in seconds.
        low: of its interval.
        high: of its interval.
        kept_on: the share of days on which it is kept, by each day's own contacts.
        days_low: of the interval of that share.
        days_high: of the interval of that share.
        verdict: `kept`, `missed` or `cannot tell`.
        slack: by how much the value is better than its bound; of an aim on days the share of days beyond what is asked.
        short: how much more slack would be needed to say that it is kept.
        is_goal: False for a guard.
    """

    name: str
    value: float
    low: float
    high: float
    kept_on: float
    days_low: float
    days_high: float
    verdict: str
    slack: float
    short: float
    is_goal: bool


@dataclass(frozen=True, eq=False)
class Verified:
    """What fresh replications say of a candidate."""

    seats: Seats
    judged: tuple[Judged, ...]
    replications: int
    sample: Sample

    @property
    def passed(self) -> bool:
        """Whether all aims are shown to be kept."""
        return all(one.verdict == "kept" for one in self.judged)

    @property
    def missed(self) -> bool:
        """Whether one is shown not to be."""
        return any(one.verdict == "missed" for one in self.judged)


def verify(player: Player, seats: Seats, first: int, most: int, alpha: float, days: npt.NDArray[np.int64]) -> Verified:
    """Play people on replications from `first` on until it is decided whether all aims hold, `most` at most."""
    batch = max(BATCH_LEAST, -(-most // LOOKS))
    looks = Looks(looks_of(most, batch), 2 * alpha)  # one side counts
    looked: list[int] = []
    parts: list[Sample] = []
    while True:
        begun = looked[-1] if looked else 0
        until = looks.counts[len(looked)]
        parts.append(player.sample(seats, range(first + begun, first + until)))
        looked.append(until)
        sample = joined(parts)
        bound = float(looks.bounds(looked)[-1])
        judged = judge(sample, player.desk.aims, days, bound)
        verified = Verified(seats, judged, until, sample)
        if verified.passed or verified.missed or until >= most:
            return verified


def joined(parts: Sequence[Sample]) -> Sample:
    """Return the replications of several samples as one."""
    return Sample(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("gains", "counts", "slack", "money"))
    )


def judge(sample: Sample, aims: Sequence[Aim], days: npt.NDArray[np.int64], bound: float) -> tuple[Judged, ...]:
    """Judge all aims over a sample; `bound` is how far intervals reach, in standard errors of a large sample."""
    return tuple(_judged(sample, at, aim, days, bound) for at, aim in enumerate(aims))


def _judged(sample: Sample, at: int, aim: Aim, days: npt.NDArray[np.int64], bound: float) -> Judged:
    slack = sample.slack[:, at]
    slack = slack[~np.isnan(slack)]
    mean, low, high = interval(slack, bound)
    sums, counts = by_day(sample, at, days)
    came = counts > 0
    share, days_low, days_high = _days_kept((sums >= -1e-9 * np.maximum(counts, 1)) & came, came, bound)
    ends = (aim.value(low), aim.value(high)) if aim.goal else (low, high)
    value = aim.value(mean) if aim.goal else mean
    if aim.on_days is None:
        left, right, middle = low, high, mean
    else:
        left, right, middle = days_low - aim.on_days, days_high - aim.on_days, share - aim.on_days
    verdict = "kept" if left >= 0 else "missed" if right < 0 else "cannot tell"
    return Judged(
        aim.name, value, min(ends), max(ends), share, days_low, days_high, verdict, middle,
        max(-left, 0.0) if np.isfinite(left) else 0.0, aim.goal is not None,
    )  # fmt: skip


def interval(values: Values, bound: float) -> tuple[float, float, float]:
    """Return (mean, low, high) of values of replications, each side as sure as a normal quantile `bound` says.

    Waits are skewed: most days are good, a few very bad, and where these are missing the mean flatters and the spread
    is small. So each side reaches as far as Student's, or as with the sample's skewness put right (Hall, JRSS B 54:221,
    1992), whichever is further.
    """
    if not len(values):
        return np.nan, np.nan, np.nan
    mean, count = float(values.mean()), len(values)
    if count < 2:
        return mean, -np.inf, np.inf
    spread = float(values.std(ddof=1))
    skew = float(np.sum((values - mean) ** 3)) / spread**3 if spread > 0 else 0.0
    skew *= count / ((count - 1) * (count - 2)) if count > 2 else 0.0  # few values show too little of it
    reach, error = student(bound, count - 1), spread / np.sqrt(count)
    left, right = (max(reach, _reach(reach, sign * skew, count)) for sign in (1, -1))
    return mean, mean - left * error, mean + right * error


def _reach(reach: float, skew: float, count: int) -> float:
    """Return by how many standard errors the mean may be too high where values are skewed.

    >>> round(_reach(2.0, -1.0, 25), 3), round(_reach(2.0, 0.0, 25), 3)
    (2.396, 2.0)
    """
    per_root = skew / np.sqrt(count)
    if abs(per_root) < NO_SKEW or not np.isfinite(reach):
        return reach
    return float(3 / per_root * (np.cbrt(1 + per_root * (reach - per_root / 6)) - 1))


def _days_kept(kept: npt.NDArray[np.bool_], came: npt.NDArray[np.bool_], bound: float) -> tuple[float, float, float]:
    """Return the share of days on which an aim is kept, and its interval."""
    n, k = int(came.sum()), int(kept.sum())
    if not n:
        return np.nan, np.nan, np.nan
    low, high = clopper_pearson(k, n, bound)
    per_replication = came.sum(axis=1)
    if per_replication.max() > 1 and 0 < k < n:
        told = per_replication > 0
        _, left, right = interval(kept.sum(axis=1)[told] / per_replication[told], bound)
        low, high = min(low, max(left, 0.0)), max(high, min(right, 1.0))
    return k / n, low, high


def clopper_pearson(k: int, n: int, bound: float) -> tuple[float, float]:
    """Return the exact limits of a share, each side as sure as a normal quantile `bound` says.

    >>> [round(limit, 4) for limit in clopper_pearson(9, 10, 1.959964)]
    [0.555, 0.9975]
    """
    from scipy.special import ndtr

    tail = float(ndtr(-bound))
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.isf(tail, k + 1, n - k))
    return low, high
