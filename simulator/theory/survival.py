"""What integrals need of a law: the share that exceeds a time, and how much of a time is spent.

Knows every law of the scenario language, with its share of 0 and its share of "never", and mixtures of them.

>>> from scenarios.laws import Uniform
>>> Survival(Uniform(law="uniform", low_s=0, high_s=100, zero=0.5)).longer(np.array([0.0, 50.0])).tolist()
[0.5, 0.25]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm
from scipy.special import gammainc, gammaincc, ndtr

from scenarios.laws import (
    AnyLaw,
    Deterministic,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    HyperExponential,
    LogNormal,
    PhaseType,
    Triangular,
    Uniform,
    Weibull,
)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Survival:
    """A law as what the integrals need of it, at times in seconds; None: never.

    `longer` is P(more than x); `spent` is the mean of the shorter of the law and x, the integral of `longer` to x.
    """

    law: AnyLaw | None

    def longer(self, x: Array) -> Array:
        """Return P(more than x)."""
        return np.ones_like(x) if self.law is None else (1.0 - self.law.zero) * _longer(self.law, x)

    def spent(self, x: Array) -> Array:
        """Return E[min(time, x)]."""
        return x if self.law is None else (1.0 - self.law.zero) * _spent(self.law, x)

    @property
    def never(self) -> float:
        """The share that never comes to an end."""
        if self.law is None:
            return 1.0
        return (1.0 - self.law.zero) * (1.0 - self.law.points[-1][0]) if isinstance(self.law, Empirical) else 0.0

    @property
    def kinks(self) -> list[float]:
        """Where the distribution function has a corner or a jump, in seconds."""
        match law := self.law:
            case Deterministic():
                return [law.value_s]
            case Uniform():
                return [law.low_s, law.high_s]
            case Triangular():
                return [law.low_s, law.mode_s, law.high_s]
            case Empirical():
                return [time for _, time in law.points]
            case _:
                return []


@dataclass(frozen=True)
class Mixture:
    """Laws, each for a share of all: what `Survival` tells of one."""

    shares: tuple[float, ...]
    parts: tuple[Survival, ...]

    def longer(self, x: Array) -> Array:
        """Return P(more than x)."""
        return np.asarray(sum(share * part.longer(x) for share, part in zip(self.shares, self.parts, strict=True)))

    def spent(self, x: Array) -> Array:
        """Return E[min(time, x)]."""
        return np.asarray(sum(share * part.spent(x) for share, part in zip(self.shares, self.parts, strict=True)))

    @property
    def never(self) -> float:
        """The share that never comes to an end."""
        return sum(share * part.never for share, part in zip(self.shares, self.parts, strict=True))

    @property
    def kinks(self) -> list[float]:
        """Where the distribution function has a corner or a jump, in seconds."""
        return [kink for part in self.parts for kink in part.kinks]


def _longer(law: AnyLaw, x: Array) -> Array:
    match law:
        case Exponential():
            return np.exp(-x / law.mean_s)
        case Deterministic():
            return np.where(x < law.value_s, 1.0, 0.0)
        case Uniform():
            width = law.high_s - law.low_s
            return np.clip((law.high_s - x) / width, 0.0, 1.0) if width else np.where(x < law.low_s, 1.0, 0.0)
        case Triangular():
            return 1.0 - _rise(law, x) if law.high_s > law.low_s else np.where(x < law.low_s, 1.0, 0.0)
        case LogNormal():
            return np.asarray(ndtr(-_standard(law, x)))
        case Weibull():
            return np.asarray(np.exp(-((x / law.scale_s) ** law.shape)))
        case Gamma():
            return np.asarray(gammaincc(law.shape, x * law.shape / law.mean_s))
        case Erlang():
            return np.asarray(gammaincc(law.phases, x * law.phases / law.mean_s))
        case HyperExponential():
            shares, means = np.array(law.shared()).T
            return np.asarray(np.exp(-x[:, None] / means) @ shares)
        case PhaseType():
            return np.asarray(_alive(law, x).sum(axis=1))
        case Empirical():
            times, shares, before = _table(law, x)
            return 1.0 - (shares[before] + _slope(times, shares, before) * (x - times[before]))


def _spent(law: AnyLaw, x: Array) -> Array:
    match law:
        case Exponential():
            return -law.mean_s * np.expm1(-x / law.mean_s)
        case Deterministic():
            return np.minimum(x, law.value_s)
        case Uniform():
            width = law.high_s - law.low_s
            inside = np.clip(x - law.low_s, 0.0, width)
            return np.minimum(x, law.low_s) + (inside - inside**2 / (2 * width) if width else 0.0)
        case Triangular():
            return x - _risen(law, x) if law.high_s > law.low_s else np.minimum(x, law.low_s)
        case LogNormal():
            z = _standard(law, x)
            return np.asarray(law.mean_s * ndtr(z - math.sqrt(math.log1p(law.cv**2))) + x * ndtr(-z))
        case Weibull():
            return np.asarray(law.mean_s * gammainc(1.0 / law.shape, (x / law.scale_s) ** law.shape))
        case Gamma():
            scaled = x * law.shape / law.mean_s
            return np.asarray(law.mean_s * gammainc(law.shape + 1, scaled) + x * gammaincc(law.shape, scaled))
        case Erlang():
            stages = x * law.phases / law.mean_s
            return np.asarray(law.mean_s * gammainc(law.phases + 1, stages) + x * gammaincc(law.phases, stages))
        case HyperExponential():
            shares, means = np.array(law.shared()).T
            return np.asarray(-np.expm1(-x[:, None] / means) @ (shares * means))
        case PhaseType():
            lasts_s = np.linalg.solve(-np.array(law.rates), np.ones(len(law.initial)))
            return (np.array(law.initial) - _alive(law, x)) @ lasts_s
        case Empirical():
            times, shares, before = _table(law, x)
            lasts = np.diff(times, append=np.inf)[:-1] if len(times) > 1 else np.zeros(0)
            until = np.concatenate([[0.0], np.cumsum(lasts * (1.0 - (shares[:-1] + shares[1:]) / 2))])
            since = x - times[before]
            slope = _slope(times, shares, before)
            return until[before] + since * (1.0 - shares[before]) - slope * since**2 / 2


def _rise(law: Triangular, x: Array) -> Array:
    """Return the share of a triangular law that does not exceed x: two parabolas."""
    up, down = np.clip(x, law.low_s, law.mode_s) - law.low_s, law.high_s - np.clip(x, law.mode_s, law.high_s)
    width, split = law.high_s - law.low_s, law.below_mode
    rising = up**2 / (width * (law.mode_s - law.low_s)) if split > 0 else np.zeros_like(x)
    falling = (1.0 - split) - down**2 / (width * (law.high_s - law.mode_s)) if split < 1 else np.zeros_like(x)
    return np.asarray(rising + falling)


def _risen(law: Triangular, x: Array) -> Array:
    """Return the integral of `_rise` from 0 to x: cubes of the same differences."""
    up, down = np.clip(x, law.low_s, law.mode_s) - law.low_s, law.high_s - np.clip(x, law.mode_s, law.high_s)
    width, split = law.high_s - law.low_s, law.below_mode
    rising = up**3 / (3 * width * (law.mode_s - law.low_s)) if split > 0 else np.zeros_like(x)
    rest = law.high_s - law.mode_s
    not_risen = (rest**3 - down**3) / (3 * width * rest) if split < 1 else np.zeros_like(x)
    return np.asarray(rising + np.maximum(x - law.mode_s, 0.0) - not_risen)


def _standard(law: LogNormal, x: Array) -> Array:
    variance = math.log1p(law.cv**2)
    with np.errstate(divide="ignore"):
        return (np.log(x) - math.log(law.mean_s) + variance / 2) / math.sqrt(variance)


def _table(law: Empirical, x: Array) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    """Return times, shares, and for each x the last point at or before it; a point at 0 stands first."""
    points = np.array([(0.0, 0.0), *law.points])
    shares, times = points[:, 0], points[:, 1]
    return times, shares, np.searchsorted(times, x, side="right") - 1


def _slope(times: Array, shares: Array, before: npt.NDArray[np.intp]) -> Array:
    """Return the density after each point: straight to the next, nothing after the last."""
    widths, rises = np.diff(times), np.diff(shares)
    slopes = np.append(np.divide(rises, widths, out=np.zeros_like(rises), where=widths > 0), 0.0)
    return slopes[before]


def _alive(law: PhaseType, x: Array) -> Array:
    """Return the share that is in each phase at each time."""
    return np.asarray(np.array(law.initial) @ expm(x[:, None, None] * np.array(law.rates)))
