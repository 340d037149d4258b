"""M/M/n+G: one queue whose customers' patience follows any law of the scenario language, or one law for each class.

Holds the integrals of Baccelli and Hebuterne ("On queues with impatient customers", Performance '81) in the notation
of Zeltyn and Mandelbaum ("Call centers with impatient customers: many-server asymptotics of the M/M/n+G queue",
Queueing Systems 51 (2005), sec. 3), done by Gauss-Legendre panels between the kinks of the law. Refuses service times
that are not exponential: see `simulator.theory.phase_type`. Patience may be nought (an atom at 0) and endless
("never").

>>> from scenarios.laws import Exponential
>>> from simulator.theory.erlang import erlang_a
>>> general = general_patience(120 / 3600, 300, 10, Exponential(law="exponential", mean_s=180))
>>> abs(general.abandonment - erlang_a(120 / 3600, 300, 10, 180).abandonment) < 1e-9
True
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scenarios.laws import AnyLaw
from simulator.theory.erlang import QueueTheory, check_queue, erlang_b
from simulator.theory.survival import Mixture, Survival

Array = npt.NDArray[np.float64]

PANELS = 300
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
NEGLIGIBLE = 50.0
"""Below its peak by so many powers of e the integrand no longer counts."""


def general_patience(arrivals_per_s: float, service_s_mean: float, agents: int, patience: AnyLaw) -> QueueTheory:
    """Return the long run of M/M/n+G.

    V is what one who never gives up would wait. Its density at x > 0 is proportional to exp(lambda H(x) - n mu x), H
    the integral of P(patience > x); a customer with less patience than V gives up (with as much: is answered).
    `p_wait` counts those who wait at all: one without any patience leaves at once and has not waited.

    Raises:
        ValueError: an argument is out of range, or those who never give up alone offer more than the agents can do.
    """
    return patience_by_class([arrivals_per_s], service_s_mean, agents, [patience])[0]


def patience_by_class(
    arrivals_per_s: Sequence[float], service_s_mean: float, agents: int, patience: Sequence[AnyLaw | None]
) -> list[QueueTheory]:
    """Return what each of several classes lives through in one line, first come, first served, by its own patience.

    Whoever comes is of a class by chance, so that their patience is a mixture; V is that of the whole, and each class
    meets the same V. `occupancy` is of all agents with all classes, `busy_mean` of a class. A class without a law never
    gives up.

    Raises:
        ValueError: as `general_patience`.
    """
    rate = math.fsum(arrivals_per_s)
    load = rate * service_s_mean
    for one in arrivals_per_s:
        check_queue(load=load, agents=agents, arrivals_per_s=one, service_s_mean=service_s_mean)
    classes = [Survival(law) for law in patience]
    law = Mixture(tuple(one / rate for one in arrivals_per_s), tuple(classes))
    if agents < 1:
        raise ValueError("agents is 0; expected at least 1")
    if load * law.never >= agents:
        raise ValueError(
            f"{load * law.never:g} erlangs of customers who never give up for {agents} agents: the queue grows for ever"
        )
    release = agents / service_s_mean
    x, w, top = _panels(law, rate, release)
    # the scale of exp(-top) keeps the integrand at most 1; idle weighs the states in which nobody waits
    density = rate * np.exp(rate * law.spent(x) - release * x - top) * w
    blocked = erlang_b(load, agents - 1)
    idle = math.exp(-top) / blocked if blocked > 0 else math.inf
    if math.isinf(idle):  # hopelessly many agents: nobody ever waits
        loads = [one * service_s_mean for one in arrivals_per_s]
        return [QueueTheory(0.0, 0.0, 0.0, 0.0, load / agents, 0.0, one, lambda within_s: 1.0) for one in loads]
    whole = idle + float(density.sum())
    density /= whole
    occupancy = load * (idle / whole + float((law.longer(x) * density).sum())) / agents

    def answered_within(of: Survival, within_s: float) -> float:
        x, w, _ = _panels(law, rate, release, within_s)
        reached = np.exp(rate * law.spent(x) - release * x - top) * of.longer(x) * w
        return float((idle + rate * reached.sum()) / whole)

    found = []
    for one, of in zip(arrivals_per_s, classes, strict=True):
        longer = of.longer(x)
        answered = idle / whole + float((longer * density).sum())
        wait = float((of.spent(x) * density).sum())
        found.append(
            QueueTheory(
                float(density.sum()) * float(of.longer(np.zeros(1))[0]),
                wait,
                float((x * longer * density).sum()) / answered,
                1.0 - answered,
                occupancy,
                one * wait,
                one * service_s_mean * answered,
                functools.partial(answered_within, of),
            )
        )
    return found


def _panels(
    law: Mixture, arrivals_per_s: float, release: float, until_s: float = math.inf
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
