"""Rates that curve within intervals: instants drawn so that the rate is smooth and each interval keeps its number.

What is expected up to each instant of the day is a monotone cubic between the ends of intervals (Fritsch and Carlson
1980, "Monotone piecewise cubic interpolation", SIAM Journal on Numerical Analysis 17:238; slopes by Fritsch and Butland
1984, as scipy's PchipInterpolator has them). Its derivative is the rate: continuous, and never below zero. Within an
interval an instant inverts the cubic at a uniform number. A day without a gap goes on from its evening to its morning.

>>> bends_of([0, 600, 1200], 600, [10, 10, 10]).tolist()
[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
>>> round(bent(0.5, 0.5, 1.5), 3)  # from half its mean to one and a half
0.618
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scenarios.jit import jit
from scenarios.units import DAY_S

Real = npt.NDArray[np.float64]

_AROUND = 3
"""Intervals of the evening before, and of the morning after, that a day without a gap is continued by."""


def bends_of(starts_s: Sequence[float], length_s: float, expected: Sequence[float]) -> Real:
    """Return the rates with which each interval begins and ends, over its mean rate.

    Args:
        starts_s: when the intervals of a day begin, rising; between those that do not follow each other nobody comes.
        length_s: how long each is.
        expected: contacts in each.
    """
    from scipy.interpolate import PchipInterpolator  # here, as no other scenario needs scipy to be simulated

    knots, cumulated, first = [float(starts_s[0])], [0.0], []
    for start_s, count in zip(starts_s, expected, strict=True):
        if start_s > knots[-1]:
            knots.append(float(start_s))
            cumulated.append(cumulated[-1])
        first.append(len(knots) - 1)
        knots.append(start_s + length_s)
        cumulated.append(cumulated[-1] + count)
    at, total = np.array(knots), np.array(cumulated)
    if at[0] == 0 and at[-1] == DAY_S and len(at) == len(starts_s) + 1:
        around = min(_AROUND, len(starts_s))
        at = np.concatenate([at[-1 - around : -1] - DAY_S, at, at[1 : 1 + around] + DAY_S])
        total = np.concatenate([total[-1 - around : -1] - total[-1], total, total[1 : 1 + around] + total[-1]])
        first = [place + around for place in first]
    rates = PchipInterpolator(at, total).derivative()(at)
    bends = np.ones((len(first), 2))
    for row, (place, count) in enumerate(zip(first, expected, strict=True)):
        if count > 0:
            bends[row] = rates[place : place + 2] / (count / length_s)
    return np.clip(bends, 0.0, 3.0)  # within which a cubic is monotone; rounding may have left it


@jit
def come_by(x: float, begins: float, ends: float) -> float:
    """Return the share of an interval's contacts that has come after a share `x` of it: what `bent` inverts."""
    return x * (begins + x * (3.0 - 2.0 * begins - ends + x * (begins + ends - 2.0)))


@jit
def bent(u: float, begins: float, ends: float) -> float:
    """Return after which share of an interval a share `u` of its contacts has come.

    Args:
        u: between 0 and 1.
        begins: the rate at the beginning, over the mean rate.
        ends: the rate at the end.
    """
    low, high, x = 0.0, 1.0, u
    for _ in range(100):
        come = x * (begins + x * (3.0 - 2.0 * begins - ends + x * (begins + ends - 2.0)))
        if come > u:
            high = x
        else:
            low = x
        rate = begins + x * (2.0 * (3.0 - 2.0 * begins - ends) + x * 3.0 * (begins + ends - 2.0))
        following = x - (come - u) / rate if rate > 0.0 else -1.0
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - x) < 1e-13:
            return following
        x = following
    return x
