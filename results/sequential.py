"""Looking again and again at a difference without finding one by luck: group-sequential boundaries and intervals.

How much of the error may be spent by a look grows with the share of the replications that it has seen: the spending
function of Lan and DeMets (Biometrika 70:659, 1983) that is like the boundary of O'Brien and Fleming (Biometrics
35:549, 1979), so that early looks decide on large differences only and the last one loses little. Boundaries are found
by the recursion of Armitage, McPherson and Rowe (JRSS A 132:235, 1969). What lies within a boundary of the estimate is
a repeated confidence interval (Jennison and Turnbull, JRSS B 51:305, 1989): all looks' intervals hold the truth
together, whatever made one stop.

Boundaries are for known variances; with an estimated one Student's quantile is taken at the same nominal level
(Jennison and Turnbull, Group Sequential Methods, 2000, section 4.4). Refuses to know what is compared.

>>> [round(float(bound), 4) for bound in boundaries([0.2, 0.4, 0.6, 0.8, 1.0], 0.05)]
[4.8769, 3.357, 2.6803, 2.2898, 2.031]
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri, stdtrit

Values = npt.NDArray[np.float64]

NODES = 96
"""Gauss-Legendre nodes of a look's density; twice as many change no boundary by 1e-8 (a test compares the two)."""

TAILS = 8.5
"""How far out a density is followed where the boundary lies further: beyond are 2e-17."""

BOUND_MOST = 36.0
"""A boundary that spends less than 1e-283: it is never crossed."""


@dataclass(frozen=True)
class Looks:
    """At which replications one looks, and what error all looks may make together.

    Attributes:
        counts: replications at each look, growing; the last one is the most.
        alpha: of two sides, over all looks.
    """

    counts: tuple[int, ...]
    alpha: float

    def bounds(self, counts: Sequence[int]) -> Values:
        """Return the boundary of each look that was made; `student` says how far its interval reaches.

        Args:
            counts: replications at the looks that were made, growing; not beyond the most. They need not be those that
                were planned: what is spent depends on how many replications were seen, not on how often one looked.
        """
        return boundaries([count / self.counts[-1] for count in counts], self.alpha)


def looks_of(most: int, batch: int) -> tuple[int, ...]:
    """Return after how many replications one looks: after each batch, and at the last.

    >>> looks_of(50, 20)
    (20, 40, 50)
    """
    return (*range(batch, most, batch), most)


def spent(fraction: float, alpha: float) -> float:
    """Return how much of an error of two sides may be spent when a fraction of all was seen.

    Each side spends half of alpha as 2 - 2 Phi(z / sqrt(fraction)).
    """
    if fraction >= 1:
        return alpha
    if fraction <= 0:
        return 0.0
    return 4.0 * float(ndtr(float(ndtri(alpha / 4)) / np.sqrt(fraction)))


def boundaries(fractions: Sequence[float], alpha: float) -> Values:
    """Return how large a standardised difference must be at each look, so that all looks err in alpha of cases.

    Args:
        fractions: of the information that there is at most, growing, each above 0 and the last at most 1.
        alpha: of two sides, between 0 and 1.

    Raises:
        ValueError: fractions that do not grow from above 0 to at most 1.
    """
    if not fractions or min(np.diff([0.0, *fractions])) <= 0 or fractions[-1] > 1 + 1e-12:
        raise ValueError(f"fractions are {list(fractions)}; expected some that grow from above 0 to at most 1")
    return np.array(_boundaries(tuple(float(one) for one in fractions), float(alpha), NODES))


@functools.lru_cache(maxsize=256)
def _boundaries(fractions: tuple[float, ...], alpha: float, nodes: int) -> tuple[float, ...]:
    """Return boundaries; those of the first looks do not depend on later ones."""
    bounds: list[float] = []
    at, weight = np.zeros(1), np.ones(1)  # where the sum of differences may be, and how likely, without having crossed
    before, used = 0.0, 0.0
    ours, widths = np.polynomial.legendre.leggauss(nodes)
    for fraction in fractions:
        may = spent(fraction, alpha)
        scale = np.sqrt(fraction - before)
        bound = _bound(at, weight, scale, np.sqrt(fraction), may - used)
        bounds.append(bound)
        reach = min(bound, TAILS) * np.sqrt(fraction)
        there = ours * reach
        density = np.exp(-0.5 * np.square((there[:, None] - at) / scale)) / (scale * np.sqrt(2 * np.pi)) @ weight
        at, weight = there, density * widths * reach
        before, used = fraction, may
    return tuple(bounds)


def _bound(at: Values, weight: Values, scale: float, root: float, may: float) -> float:
    """Return the boundary that is crossed now, for the first time and on either side, with probability `may`."""

    def log_crossed(bound: float) -> float:
        over = log_ndtr((at - bound * root) / scale) + np.log(np.maximum(weight, 1e-320))
        most = float(over.max())
        return math.log(2.0) + most + math.log(float(np.exp(over - most).sum()))

    wanted = np.log(may) if may > 0 else -np.inf
    if log_crossed(BOUND_MOST) >= wanted:
        return BOUND_MOST
    return float(brentq(lambda bound: log_crossed(bound) - wanted, 0.0, BOUND_MOST, xtol=1e-10))


def student(bound: float, freedom: int) -> float:
    """Return by how many standard errors an interval reaches to both sides: Student's quantile at a boundary's level.

    Without end where only one value is known, or where the level cannot be told from certainty.
    """
    if freedom < 1:
        return math.inf
    tail = float(ndtr(-bound))
    return -float(stdtrit(freedom, tail)) if tail > 0 else math.inf
