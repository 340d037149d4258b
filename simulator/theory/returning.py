"""Customers who come back: they gave up, they found nobody free, or the answer did not settle the matter.

The state of each chain is (in the system, on their way back). Without impatience, answers in vain are a network of
queues with a product form: who calls finds the desk as if all calls were a Poisson stream (Jackson 1957).

>>> patient = answered_in_vain(60 / 3600, 240, 7, float("inf"), 0.2, 900)
>>> round(patient.attempts, 6)
1.25
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.theory.chains import explore
from simulator.theory.models import Waits


@dataclass(frozen=True)
class Returning:
    """What attempts live through where some come back; `attempts` is attempts per customer."""

    attempt: Waits
    attempts: float
    occupancy: float


def redialling(
    arrivals_per_s: float,
    service_s_mean: float,
    agents: int,
    patience_s_mean: float,
    again: float,
    after_s_mean: float,
    cut: tuple[int, int] = (60, 60),
) -> Returning:
    """Return the long run where each who gives up comes back with probability `again`, with fresh patience.

    Falin and Templeton, Retrial Queues (1997), sec. 2.3, with impatience in the place of blocking.
    """
    return _coming_back(arrivals_per_s, service_s_mean, agents, patience_s_mean, (again, 0.0), after_s_mean, cut)


def answered_in_vain(
    arrivals_per_s: float,
    service_s_mean: float,
    agents: int,
    patience_s_mean: float,
    again: float,
    after_s_mean: float,
    cut: tuple[int, int] = (120, 80),
) -> Returning:
    """Return the long run where a share `again` of the answered comes back after an exponential delay.

    Those who give up do not. De Véricourt and Zhou 2005, "Managing response time in a call-routing problem with service
    failure", Operations Research 53:968, with a delay.
    """
    return _coming_back(arrivals_per_s, service_s_mean, agents, patience_s_mean, (0.0, again), after_s_mean, cut)


def _coming_back(
    arrivals_per_s: float,
    service_s_mean: float,
    agents: int,
    patience_s_mean: float,
    again: tuple[float, float],
    after_s_mean: float,
    cut: tuple[int, int],
) -> Returning:
    """Return the long run where these shares come back: of those who give up, and of the answered."""
    mu, back = 1.0 / service_s_mean, 1.0 / after_s_mean
    theta = 0.0 if math.isinf(patience_s_mean) else 1.0 / patience_s_mean
    most = agents + cut[0]

    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        here, away = state
        yield (here + 1, away), arrivals_per_s if here < most else 0.0
        yield (here + 1, away - 1), away * back if here < most else 0.0
        ends = max(here - agents, 0) * theta, min(here, agents) * mu
        returns = sum(rate * share for rate, share in zip(ends, again, strict=True)) if away < cut[1] else 0.0
        yield (here - 1, away + 1), returns
        yield (here - 1, away), sum(ends) - returns

    chain = explore((0, 0), moves)
    shares = chain.long_run()
    rate = arrivals_per_s + back * chain.mean(shares, lambda s: s[1])
    coming = np.array([arrivals_per_s + back * away for _, away in chain.states]) * shares / rate
    queue = chain.mean(shares, lambda s: max(s[0] - agents, 0))
    attempt = Waits(
        chain.mean(coming, lambda s: float(s[0] >= agents)),
        queue / rate,
        theta * queue / rate,
        queue,
        chain.mean(coming, lambda s: float(s[0] >= most or s[1] >= cut[1])),
    )
    return Returning(attempt, rate / arrivals_per_s, chain.mean(shares, lambda s: min(s[0], agents)) / agents)


def redialling_at_once_or_never(
    arrivals_per_s: float,
    service_s_mean: float,
    agents: int,
    no_wait: float,
    again: float,
    after_s_mean: float,
    kept: bool,
    cut: tuple[int, int] = (80, 80),
) -> Returning:
    """Return the long run where a share `no_wait` accept no wait at all and the others wait for ever.

    Who finds nobody free and accepts no wait comes back with probability `again`; `kept`: as one who accepts no wait,
    else drawn afresh. This is the classical retrial queue, with those beside it who wait (Falin and Templeton, Retrial
    Queues, 1997, ch. 2).
    """
    mu, back = 1.0 / service_s_mean, 1.0 / after_s_mean
    most = agents + cut[0]
    gone = 1.0 if kept else no_wait
    """Of those who come back, the share that accept no wait."""

    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        here, away = state
        yield (here - 1, away), min(here, agents) * mu
        if here < agents:
            yield (here + 1, away), arrivals_per_s
            yield (here + 1, away - 1), away * back
            return
        yield (here + 1, away), arrivals_per_s * (1 - no_wait) if here < most else 0.0
        yield (here, away + 1), arrivals_per_s * no_wait * again if away < cut[1] else 0.0
        yield (here + 1, away - 1), away * back * (1 - gone) if here < most else 0.0
        yield (here, away - 1), away * back * gone * (1 - again)

    chain = explore((0, 0), moves)
    shares = chain.long_run()
    away = chain.mean(shares, lambda s: s[1])
    rate = arrivals_per_s + back * away
    full = chain.mean(shares, lambda s: float(s[0] >= agents))
    full_back = chain.mean(shares, lambda s: s[1] * float(s[0] >= agents))
    lost = (arrivals_per_s * no_wait * full + back * gone * full_back) / rate
    queue = chain.mean(shares, lambda s: max(s[0] - agents, 0))
    at_cut = chain.mean(shares, lambda s: float(s[0] >= most or s[1] >= cut[1]))
    waits = Waits(
        (full * arrivals_per_s * (1 - no_wait) + back * (1 - gone) * full_back) / rate,
        queue / rate,
        lost,
        queue,
        at_cut,
    )
    return Returning(waits, rate / arrivals_per_s, chain.mean(shares, lambda s: min(s[0], agents)) / agents)
