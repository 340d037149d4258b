"""How often something happens when the one who looks errs: shares with intervals, corrected by the detector's error.

A detector that finds 9 of 10 and cries wolf once in 50 sees another rate than the true one. The correction is Rogan and
Gladen's (American Journal of Epidemiology 107:71, 1978); its interval carries the chance of the sample and what is not
known of the detector (draws from the Jeffreys posteriors of all three shares).

A desk has its own few wordings, and a detector knows a wording or does not: of a desk that says sorry in two ways it
finds all, half or nothing, whatever its hit rate over many desks. With `wordings` the interval carries that too: unseen
wordings are drawn as the failures before the k-th success (negative binomial), false alarms by wording.

>>> seen = share_of(30, 100)
>>> f"{seen.value:.2f} {seen.low:.2f} {seen.high:.2f}"
'0.30 0.22 0.40'
>>> true = corrected(30, 100, Detector(hits=90, shown=100, alarms=20, clean=1000))
>>> f"{true.value:.2f} {true.low:.2f} {true.high:.2f}"
'0.32 0.22 0.43'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

DRAWS = 4_000
TELLS_LEAST = 0.2
"""A detector whose hit rate is no more than this above its false alarms cannot correct anything."""


@dataclass(frozen=True)
class Share:
    """A share and its interval; nan where nothing was looked at."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Wordings:
    """How many different ways there are to say things at a desk.

    Attributes:
        found: wordings in which the detector found what it looks for.
        read: wordings there are.
    """

    found: int
    read: int


@dataclass(frozen=True)
class Detector:
    """How a detector did on labelled material.

    Attributes:
        hits, shown: in how many of the turns that show the label it found it.
        alarms, clean: in how many of the turns that do not it found it all the same.
    """

    hits: int
    shown: int
    alarms: int
    clean: int


def share_of(count: int, n: int, level: float = 0.95) -> Share:
    """Return a share with Wilson's interval (JASA 22:209, 1927)."""
    if n == 0:
        return Share(math.nan, math.nan, math.nan, 0)
    z = float(ndtri((1 + level) / 2))
    p = count / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(p, max(middle - reach, 0.0), min(middle + reach, 1.0), n)


def _over(hit: Any, alarm: Any, looks: float) -> tuple[Any, Any]:
    """Return hit rate and false alarms over several looks, at one of which the label shows."""
    quiet = (1 - alarm) ** (looks - 1)
    return 1 - (1 - hit) * quiet, 1 - (1 - alarm) * quiet


def corrected(
    count: int,
    n: int,
    detector: Detector,
    looks: float = 1.0,
    level: float = 0.95,
    wordings: Wordings | None = None,
) -> Share:
    """Return the share that is likely true, where `count` of `n` were found by a detector that errs.

    Args:
        count, n: found, of how many looked at.
        detector: how it errs at one look.
        looks: at how many turns of each of the `n` it looked, on average: each may raise a false alarm.
        level: of the interval.
        wordings: of the desk; without them it is taken to say nothing twice.
    """
    if n == 0 or detector.shown == 0 or detector.clean == 0:
        return Share(math.nan, math.nan, math.nan, n)
    hit, alarm = _over(detector.hits / detector.shown, detector.alarms / detector.clean, looks)
    if hit - alarm <= TELLS_LEAST:
        return Share(math.nan, 0.0, 1.0, n)
    luck = np.random.Generator(np.random.Philox(key=n))

    def posterior(yes: int, of: int) -> Any:
        return luck.beta(yes + 0.5, of - yes + 0.5, DRAWS)

    seen = posterior(count, n)
    hits = posterior(detector.hits, detector.shown)
    alarms = posterior(detector.alarms, detector.clean)
    if wordings is not None and wordings.read:
        alarms = np.minimum(luck.binomial(wordings.read, alarms), wordings.found) / wordings.read
        if wordings.found:
            hits = wordings.found / (wordings.found + luck.negative_binomial(wordings.found, hits))
    hits, alarms = _over(hits, alarms, looks)
    drawn = np.clip((seen - alarms) / np.maximum(hits - alarms, 1e-3), 0, 1)
    few = wordings is not None and wordings.read
    value = float(np.median(drawn)) if few else min(max((count / n - alarm) / (hit - alarm), 0.0), 1.0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Share(value, min(float(low), value), max(float(high), value), n)


def together(parts: Sequence[Share]) -> Share:
    """Return the share over groups that were each corrected on their own, weighed by how many each looked at.

    The interval joins theirs by the distances from value to bound (MOVER: Zou and Donner, Statistics in Medicine
    27:1693, 2008).

    >>> both = together([Share(0.2, 0.1, 0.4, 30), Share(0.6, 0.5, 0.7, 10)])
    >>> f"{both.value:.2f} {both.low:.3f} {both.high:.3f}"
    '0.30 0.221 0.452'
    """
    n = sum(part.n for part in parts)
    if n == 0 or any(math.isnan(part.value) for part in parts):
        return (
            parts[0]
            if len(parts) == 1
            else Share(math.nan, 0.0, 1.0, n)
            if n
            else Share(math.nan, math.nan, math.nan, 0)
        )
    weights = [part.n / n for part in parts]
    value = math.fsum(weight * part.value for weight, part in zip(weights, parts, strict=True))
    below = math.hypot(*(weight * (part.value - part.low) for weight, part in zip(weights, parts, strict=True)))
    above = math.hypot(*(weight * (part.high - part.value) for weight, part in zip(weights, parts, strict=True)))
    return Share(value, value - below, value + above, n)
