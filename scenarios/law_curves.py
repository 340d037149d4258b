"""Quantiles that no formula gives: gamma times, and times made of exponential phases, each as a curve.

A curve is drawn once and read often.

A curve gives the time t at the hazard gathered until then, H = -ln(1 - u): there all these laws are nearly straight at
the far end, whatever u is. It is a chain of cubics: every third point lies on the curve, the two between steer it
(Bézier). No point lies below the one before, so neither does the curve. Points are added until a cubic is within 1e-7
of the law; the law is only ever asked how many exceed a time, which is exact, and no root is sought.

>>> curve = erlang_curve(1, 300.0)  # of one phase: exponential
>>> round(curve_s(0.5, *curve, 0, len(curve[0])), 6)
150.0
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scenarios.jit import jit_in_place

Array = npt.NDArray[np.float64]

Curve = tuple[Array, Array]
"""Hazards and times in seconds: points on the curve, with two that steer it between each and the next."""

Parts = Callable[[Array], tuple[Array, Array, Array]]
"""Of times: the share that exceeds them, the share that does not, each exact where it is small, and the density."""

Rows = tuple[tuple[float, ...], ...]

HAZARD_LEAST, HAZARD_MOST = 1e-17, 38.0
"""Beyond what a uniform number of 53 bits can ask for: 5.6e-17 to 36.8. Further out a curve goes on straight."""

TOLERANCE = 1e-7
RESOLUTION = 1e-12
"""Nearer together than this, relative to the hazard, points no longer tell rounding from the law."""

PASSES_MOST = 60

GAMMA_LEAST = 1e-12
"""Gamma times that are shorter, relative to the mean, are taken as one line: a small shape has them of any size."""


@jit_in_place
def place_of(wanted: float, rising: Array, first: int, end: int) -> int:
    """Return where, from `first` to `end`, the first number stands that is not below `wanted`; `end` where none is."""
    while first < end:
        middle = (first + end) >> 1
        if rising[middle] < wanted:
            first = middle + 1
        else:
            end = middle
    return first


@jit_in_place
def curve_s(hazard: float, hazards: Array, times: Array, first: int, end: int) -> float:
    """Return the time in seconds at which so much hazard has gathered, by the curve that stands from first to end."""
    last = end - 1
    if hazard >= hazards[last]:
        slope = (times[last] - times[last - 1]) / (hazards[last] - hazards[last - 1])
        return float(times[last] + slope * (hazard - hazards[last]))
    if hazard <= hazards[first]:
        return float(times[first])
    i = first + (place_of(hazard, hazards, first, end) - first - 1) // 3 * 3
    x = (hazard - hazards[i]) / (hazards[i + 3] - hazards[i])
    y = 1.0 - x
    steered = y * y * times[i] + 3.0 * x * (y * times[i + 1] + x * times[i + 2])
    return float(min(max(y * steered + x * x * x * times[i + 3], times[i]), times[i + 3]))


def curve_hazard(time_s: float, hazards: Array, times: Array) -> float:
    """Return the hazard that has gathered until a time: the inverse of `curve_s`."""
    low, high = 0.0, float(hazards[-1])
    if time_s <= 0:
        return 0.0
    if time_s >= times[-1]:
        slope = (hazards[-1] - hazards[-2]) / (times[-1] - times[-2])
        return high + float(slope) * (time_s - float(times[-1]))
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if curve_s(middle, hazards, times, 0, len(times)) < time_s else (low, middle)
    return high


@functools.lru_cache(maxsize=64)
def erlang_curve(phases: int, mean_s: float) -> Curve:
    """Return the curve of a sum of `phases` exponential times, alike, with `mean_s` in all."""
    return _curve(functools.partial(_erlang, phases, mean_s), mean_s)


@functools.lru_cache(maxsize=64)
def gamma_curve(shape: float, mean_s: float) -> Curve:
    """Return the curve of a gamma time."""
    return _curve(functools.partial(_gamma, shape, mean_s), mean_s, GAMMA_LEAST * mean_s)


@functools.lru_cache(maxsize=64)
def hyperexponential_curve(branches: Rows) -> Curve:
    """Return the curve of a mixture of exponential times, told by share and mean in seconds."""
    shares, means = np.array(branches, dtype=np.float64).T
    return _curve(functools.partial(_hyperexponential, shares, means), float(shares @ means))


@functools.lru_cache(maxsize=64)
def phase_type_curve(initial: tuple[float, ...], rates: Rows) -> Curve:
    """Return the curve of the time until a Markov chain ends; see `scenarios.laws.PhaseType`."""
    start, inner = np.array(initial), np.array(rates)
    mean_s = float(start @ np.linalg.solve(-inner, np.ones(len(start))))
    return _curve(functools.partial(_phase_type, start, inner), mean_s)


def _erlang(phases: int, mean_s: float, times: Array) -> tuple[Array, Array, Array]:
    """`phases` or more events of a Poisson process have come by then, or fewer: sums of positive terms both."""
    x = times * (phases / mean_s)
    beyond = phases + int(12 * math.sqrt(phases)) + 60  # events: where the sum of the rest is below 1e-17 of it
    events = np.arange(beyond)
    terms = np.exp(events * np.log(x)[:, None] - x[:, None] - np.array([math.lgamma(n + 1.0) for n in events]))
    longer, below = terms[:, :phases].sum(axis=1), terms[:, phases:].sum(axis=1)
    return longer, np.where(longer > 0.5, below, 1.0 - longer), terms[:, phases - 1] * (phases / mean_s)


def _gamma(shape: float, mean_s: float, times: Array) -> tuple[Array, Array, Array]:
    from scipy.special import gammainc, gammaincc  # here, as no other law needs scipy to be drawn

    x = times * (shape / mean_s)
    density = np.exp((shape - 1.0) * np.log(x) - x - math.lgamma(shape)) * (shape / mean_s)
    return np.asarray(gammaincc(shape, x)), np.asarray(gammainc(shape, x)), density


def _hyperexponential(shares: Array, means: Array, times: Array) -> tuple[Array, Array, Array]:
    since = times[:, None] / means
    longer = shares * np.exp(-since)
    return longer.sum(axis=1), (shares * -np.expm1(-since)).sum(axis=1), (longer / means).sum(axis=1)


def _phase_type(initial: Array, rates: Array, times: Array) -> tuple[Array, Array, Array]:
    """Go through exponentials of the generator, its end included, by squaring what is never negative.

    exp(G h) = exp(-q h) exp((G + q I) h) for a short h by its series, then doubled: without differences each entry is
    exact to its own size (Xue and Ye 2013, Linear Algebra and its Applications 438:1442).
    """
    size = len(initial)
    ends = -rates.sum(axis=1)
    clock = float(-rates.diagonal().min())
    positive = np.zeros((size + 1, size + 1))
    positive[:size, :size], positive[:size, size] = rates, np.maximum(ends, 0.0)
    positive += clock * np.eye(size + 1)
    doublings = np.maximum(0, np.ceil(np.log2(clock * times))).astype(np.int64)
    short = times / 2.0**doublings
    step = term = np.broadcast_to(np.eye(size + 1), (len(times), size + 1, size + 1))
    for n in range(1, 25):
        term = term @ positive * (short / n)[:, None, None]
        step = step + term
    moved = step * np.exp(-clock * short)[:, None, None]
    for doubling in range(int(doublings.max(initial=0))):
        more = doublings > doubling
        moved[more] = moved[more] @ moved[more]
    at = initial @ moved[:, :size, :]
    return at[:, :size].sum(axis=1), at[:, size], at[:, :size] @ np.maximum(ends, 0.0)


def _curve(law: Parts, mean_s: float, least_s: float = 0.0) -> Curve:
    """Draw a law's curve, `mean_s` being anywhere on it; times below `least_s` are of no interest."""
    begins_s = _reached(law, HAZARD_LEAST, mean_s, least_s)
    times = np.geomspace(begins_s, _reached(law, HAZARD_MOST, mean_s), 65)
    for _ in range(PASSES_MOST):
        curve = _steered(law, times)
        middles = np.sqrt(times[1:] * times[:-1])
        hazards, _ = _hazards(law, middles)
        found = np.array([curve_s(hazard, *curve, 0, len(curve[0])) for hazard in hazards])
        apart = np.diff(_hazards(law, times)[0]) > RESOLUTION * hazards
        wrong = (np.abs(found / middles - 1.0) > TOLERANCE) & apart
        if not wrong.any():
            break
        times = np.sort(np.concatenate([times, middles[wrong]]))
    return curve


def _steered(law: Parts, times: Array) -> Curve:
    """Return the points on the curve, the origin first, and those between that give it the law's slope at each."""
    hazards, slopes = _hazards(law, times)
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(hazards)) > 0])
    hazards, times = np.concatenate([[0.0], hazards[rising]]), np.concatenate([[0.0], times[rising]])
    slopes = np.concatenate([[times[1] / hazards[1]], slopes[rising]])
    thirds, rises = np.diff(hazards) / 3, np.diff(times)
    after = times[:-1] + np.minimum(slopes[:-1] * thirds, rises)
    before = times[1:] - np.minimum(slopes[1:] * thirds, rises)
    before = np.maximum(before, after)
    xs = np.stack([hazards[:-1], hazards[:-1] + thirds, hazards[1:] - thirds], axis=1).ravel()
    ys = np.stack([times[:-1], after, before], axis=1).ravel()
    return np.append(xs, hazards[-1]), np.append(ys, times[-1])


def _hazards(law: Parts, times: Array) -> tuple[Array, Array]:
    """Return the hazard gathered until each time, and how many seconds pass there for each unit of it."""
    longer, below, density = law(times)
    with np.errstate(divide="ignore", invalid="ignore"):  # far from all times both are 0
        hazards = np.where(below < 0.5, -np.log1p(-np.minimum(below, 0.5)), -np.log(longer))
        return hazards, longer / density


def _reached(law: Parts, hazard: float, near_s: float, least_s: float = 0.0) -> float:
    """Return about when so much hazard has gathered, but not less than `least_s`."""

    def until(time_s: float) -> float:
        return float(_hazards(law, np.array([time_s]))[0][0])

    if least_s and until(least_s) >= hazard:
        return least_s
    low = high = near_s
    while until(low) > hazard:
        low /= 2
    while until(high) < hazard:
        high *= 2
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if until(middle) < hazard else (low, middle)
    return high
