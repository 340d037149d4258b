"""When a threshold that may end a run is broken for sure, by what has been seen so far, and what is said of it then.

Every such threshold says how large a share of its samples may lie beyond it: of the 99th percentile one in a hundred
may take longer, of an error share as many may be errors as it says. It is broken for sure when so many were beyond that
luck alone would bring them with a probability below `LUCK`, were the true share just what may be (the exact binomial
tail; Clopper and Pearson, 1934). Wilson's interval would not do: of a share of 1 % it calls 3 of 50 clear at 99.9 %,
which luck brings in 1.4 of 100 runs.

Whoever looks after every sample finds luck at last. So what was seen of `of` samples is held against the tail of as
many as the next of 50, 100, 200, … says: at any time the samples so far are the first of those, and of the first 200
no more are beyond later than at their end. However often one looks, that is one look for each doubling: ten of them
up to 25,600 samples, 14 up to 400,000, and a run whose true share is just at the limit ends early with a probability
below 14 x .0001. The price is that a share less than twice the limit's may have to wait for the next doubling. Samples
that depend on each other, as waits in one queue do, make luck larger than that. Guarded by
tests/results/test_aborting.py.

Of what may not happen at all, a share of 0, luck brings none: there the first is enough, be it of few.

>>> is_clear(Counted(50, 5), 0.01), is_clear(Counted(50, 6), 0.01), is_clear(Counted(49, 49), 0.01)
(False, True, False)
>>> is_clear(Counted(3, 1), 0.0)
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

from scipy.special import bdtrc

from results.load_metrics import threshold_name
from results.runs import ABORTED_REASON
from scenarios.thresholds import PERCENTS, RESPONSE_NAMES, Threshold
from scenarios.units import clock_text

SAMPLES_LEAST = 50
LUCK = 0.0001
"""For each doubling of the samples."""


class Counted(NamedTuple):
    """Of how many samples so many were beyond a threshold."""

    of: int
    beyond: int


def share_that_may(threshold: Threshold) -> float:
    """Return how large a share of samples may lie beyond a threshold that is kept.

    >>> round(share_that_may(Threshold(metric="response_s_p99", at_most=2)), 9)
    0.01
    >>> share_that_may(Threshold(metric="error_share", at_most=0.02))
    0.02
    """
    if threshold.metric.startswith("response_s_"):
        percent = PERCENTS.get(threshold.metric.removeprefix("response_s_"), 100.0)
        return (100.0 - percent if threshold.at_most is not None else percent) / 100.0
    return float(threshold.at_most) if threshold.at_most is not None else 1.0 - float(threshold.at_least or 0.0)


def is_clear(counted: Counted, share: float) -> bool:
    """Say whether more than a share lies beyond, for sure."""
    if share == 0.0:
        return counted.beyond > 0
    return counted.of >= SAMPLES_LEAST and counted.beyond >= clear_from(_doubled(counted.of), share)


@lru_cache
def clear_from(of: int, share: float) -> int:
    """Return how many of so many samples luck brings with a probability below `LUCK`: `of` + 1 where it brings all."""
    low, high = 0, of + 1
    while low < high:
        middle = (low + high) // 2
        if bdtrc(middle - 1, of, share) < LUCK:
            high = middle
        else:
            low = middle + 1
    return low


def _doubled(of: int) -> int:
    """Return the next of 50, 100, 200, … that is not smaller.

    >>> [_doubled(of) for of in (50, 51, 100, 101, 12_800)]
    [50, 100, 100, 200, 12800]
    """
    return SAMPLES_LEAST << max(math.ceil(of / SAMPLES_LEAST) - 1, 0).bit_length()


def added(parts: Iterable[Sequence[Sequence[int]]]) -> list[Counted]:
    """Return the counts of each threshold, of all parts of a run together.

    >>> added([[(60, 2), (7, 0)], [(40, 5), (3, 1)]])
    [Counted(of=100, beyond=7), Counted(of=10, beyond=1)]
    """
    return [Counted(sum(of for of, _ in each), sum(beyond for _, beyond in each)) for each in zip(*parts, strict=True)]


@dataclass(frozen=True)
class Aborted:
    """The threshold that has ended a run, what had been counted of it, and when, in scenario seconds."""

    threshold: Threshold
    counted: Counted
    at_s: float

    @classmethod
    def by(cls, thresholds: Sequence[Threshold], counted: Sequence[Counted], now_s: float) -> Self | None:
        """Return the first of some thresholds that is broken for sure; None where none is."""
        for threshold, count in zip(thresholds, counted, strict=True):
            if is_clear(count, share_that_may(threshold)):
                return cls(threshold, count, now_s)
        return None

    @property
    def reason(self) -> str:
        """What stands beside the contacts that were cut off, or never begun."""
        return f"{ABORTED_REASON}: {threshold_name(self.threshold)}"

    @property
    def words(self) -> str:
        """What a reader is told."""
        what = "answers" if self.threshold.metric.startswith("response_s_") else _samples(self.threshold)
        of, beyond = self.counted
        return (
            f"the run was aborted at {clock_text(self.at_s)}: {threshold_name(self.threshold)} is broken for sure, as "
            f"{beyond:,} of {of:,} {what} were beyond it, where {100 * share_that_may(self.threshold):.4g} % may be"
        )

    def facts(self) -> dict[str, Any]:
        """Return what run.json says of it under `aborted`."""
        return {
            "threshold": self.threshold.model_dump(exclude_none=True), "of": self.counted.of,
            "beyond": self.counted.beyond, "share_that_may": share_that_may(self.threshold), "at_s": self.at_s,
            "reason": self.reason, "words": self.words,
        }  # fmt: skip


def _samples(threshold: Threshold) -> str:
    return "steps" if threshold.metric in RESPONSE_NAMES else "contacts"
