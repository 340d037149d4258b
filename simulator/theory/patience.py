"""M/M/n+G: one queue whose customers' patience follows any law of the scenario language.

Holds the integrals of Baccelli and Hebuterne ("On queues with impatient customers", Performance '81) in the notation
of Zeltyn and Mandelbaum ("Call centers with impatient customers: many-server asymptotics of the M/M/n+G queue",
Queueing Systems 51 (2005), sec. 3), done by Gauss-Legendre panels between the kinks of the law. Refuses service times
that are not exponential: nothing exact is known for them. Patience may be nought (an atom at 0) and endless ("never").

>>> from scenarios.laws import Exponential
>>> from simulator.theory.erlang import erlang_a
>>> general = general_patience(120 / 3600, 300, 10, Exponential(law="exponential", mean_s=180))
>>> abs(general.abandonment - erlang_a(120 / 3600, 300, 10, 180).abandonment) < 1e-9
True
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from scenarios.laws import AnyLaw, Deterministic, Empirical, Exponential, LogNormal, Uniform
from simulator.theory.erlang import QueueTheory, check_queue, erlang_b

Array = npt.NDArray[np.float64]

PANELS = 300
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
NEGLIGIBLE = 50.0
"""Below its peak by so many powers of e the integrand no longer counts."""


@dataclass(frozen=True)
class Survival:
    """A law as what the integrals need of it, at times in seconds.

    `longer` is P(more than x); `spent` is the mean of the shorter of the law and x, the integral of `longer` to x.
    """

    law: AnyLaw

    def longer(self, x: Array) -> Array:
        """Return P(patience > x)."""
        match law := self.law:
            case Exponential():
                return np.exp(-x / law.mean_s)
            case Deterministic():
                return np.where(x < law.value_s, 1.0, 0.0)
            case Uniform():
                width = law.high_s - law.low_s
                return np.clip((law.high_s - x) / width, 0.0, 1.0) if width else np.where(x < law.low_s, 1.0, 0.0)
            case LogNormal():
                return np.asarray(ndtr(-_standard(law, x)))
            case Empirical():
                times, shares, before = _table(law, x)
                return 1.0 - (shares[before] + _slope(times, shares, before) * (x - times[before]))

    def spent(self, x: Array) -> Array:
        """Return E[min(patience, x)]."""
        match law := self.law:
            case Exponential():
                return -law.mean_s * np.expm1(-x / law.mean_s)
            case Deterministic():
                return np.minimum(x, law.value_s)
            case Uniform():
                width = law.high_s - law.low_s
                inside = np.clip(x - law.low_s, 0.0, width)
                return np.minimum(x, law.low_s) + (inside - inside**2 / (2 * width) if width else 0.0)
            case LogNormal():
                z = _standard(law, x)
                return np.asarray(law.mean_s * ndtr(z - math.sqrt(math.log1p(law.cv**2))) + x * ndtr(-z))
            case Empirical():
                times, shares, before = _table(law, x)
                lasts = np.diff(times, append=np.inf)[:-1] if len(times) > 1 else np.zeros(0)
                until = np.concatenate([[0.0], np.cumsum(lasts * (1.0 - (shares[:-1] + shares[1:]) / 2))])
                since = x - times[before]
                slope = _slope(times, shares, before)
                return until[before] + since * (1.0 - shares[before]) - slope * since**2 / 2

    @property
    def never(self) -> float:
        """The share that never gives up."""
        return 1.0 - self.law.points[-1][0] if isinstance(self.law, Empirical) else 0.0

    @property
    def kinks(self) -> list[float]:
        """Where the distribution function has a corner or a jump, in seconds."""
        match law := self.law:
            case Deterministic():
                return [law.value_s]
            case Uniform():
                return [law.low_s, law.high_s]
            case Empirical():
                return [time for _, time in law.points]
            case _:
                return []


def general_patience(arrivals_per_s: float, service_s_mean: float, agents: int, patience: AnyLaw) -> QueueTheory:
    """Return the long run of M/M/n+G.

    V is what one who never gives up would wait. Its density at x > 0 is proportional to exp(lambda H(x) - n mu x), H
    the integral of P(patience > x); a customer with less patience than V gives up (with as much: is answered).
    `p_wait` counts those who wait at all: one without any patience leaves at once and has not waited.

    Raises:
        ValueError: an argument is out of range, or those who never give up alone offer more than the agents can do.
    """
    load = arrivals_per_s * service_s_mean
    check_queue(load=load, agents=agents, arrivals_per_s=arrivals_per_s, service_s_mean=service_s_mean)
    law = Survival(patience)
    if agents < 1:
        raise ValueError("agents is 0; expected at least 1")
    if load * law.never >= agents:
        raise ValueError(
            f"{load * law.never:g} erlangs of customers who never give up for {agents} agents: the queue grows for ever"
        )
    release = agents / service_s_mean
    x, w, top = _panels(law, arrivals_per_s, release)
    # the scale of exp(-top) keeps the integrand at most 1; idle weighs the states in which nobody waits
    density = arrivals_per_s * np.exp(arrivals_per_s * law.spent(x) - release * x - top) * w
    blocked = erlang_b(load, agents - 1)
    idle = math.exp(-top) / blocked if blocked > 0 else math.inf
    if math.isinf(idle):  # hopelessly many agents: nobody ever waits
        return QueueTheory(0.0, 0.0, 0.0, 0.0, load / agents, 0.0, load, lambda within_s: 1.0)
    whole = idle + float(density.sum())
    density /= whole
    longer = law.longer(x)
    answered = idle / whole + float((longer * density).sum())
    wait = float((law.spent(x) * density).sum())
    busy = load * answered

    def answered_within(within_s: float) -> float:
        x, w, _ = _panels(law, arrivals_per_s, release, within_s)
        reached = np.exp(arrivals_per_s * law.spent(x) - release * x - top) * law.longer(x) * w
        return float((idle + arrivals_per_s * reached.sum()) / whole)

    return QueueTheory(
        float(density.sum()) * float(law.longer(np.zeros(1))[0]),
        wait,
        float((x * longer * density).sum()) / answered,
        1.0 - answered,
        busy / agents,
        arrivals_per_s * wait,
        busy,
        answered_within,
    )


def _panels(
    law: Survival, arrivals_per_s: float, release: float, until_s: float = math.inf
) -> tuple[Array, Array, float]:
    """Return nodes, weights and the exponent's peak: panels end at every kink, fine near 0 and near the peak."""

    def exponent(x: float) -> float:
        return arrivals_per_s * float(law.spent(np.array([x]))[0]) - release * x

    def rising(x: float) -> bool:
        return arrivals_per_s * float(law.longer(np.array([x]))[0]) > release

    # the exponent is concave: it rises until P(patience > x) falls to release / arrivals
    peak = 0.0
    if rising(0.0):
        above = 1.0 / release
        while rising(above):
            above *= 2.0
        low = 0.0
        for _ in range(200):
            middle = (low + above) / 2
            low, above = (middle, above) if rising(middle) else (low, middle)
        peak = low
    top = exponent(peak)
    reach = 1.0 / release
    while exponent(peak + reach) > top - NEGLIGIBLE:
        reach *= 2.0
    end = min(peak + reach, until_s)
    near = np.geomspace(1e-6 * reach, reach, PANELS // 3)
    edges = np.concatenate([np.linspace(0.0, peak + reach, PANELS), near, peak - near, peak + near, law.kinks, [end]])
    edges = np.unique(np.concatenate([[0.0], edges[(edges > 0) & (edges <= end)]]))
    middles, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    nodes = (middles[:, None] + halves[:, None] * NODES).ravel()
    return nodes, (halves[:, None] * WEIGHTS).ravel(), top


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
