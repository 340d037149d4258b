"""Customers who come back because the answer did not settle the matter.

Without impatience this is a network of queues with a product form: who calls finds the desk as if all calls were a
Poisson stream (Jackson 1957). With it the queue and those on their way back are solved as one chain.

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
    """What attempts live through where some are answered in vain; `attempts` is attempts per customer."""

    attempt: Waits
    attempts: float
    occupancy: float


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

    Those who give up do not. The state is (in the system, on their way back): de Véricourt and Zhou 2005, "Managing
    response time in a call-routing problem with service failure", Operations Research 53:968, with a delay.
    """
    mu, back = 1.0 / service_s_mean, 1.0 / after_s_mean
    theta = 0.0 if math.isinf(patience_s_mean) else 1.0 / patience_s_mean
    most = agents + cut[0]

    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        here, away = state
        yield (here + 1, away), arrivals_per_s if here < most else 0.0
        yield (here + 1, away - 1), away * back if here < most else 0.0
        done = min(here, agents) * mu
        yield (here - 1, away + 1), done * again if away < cut[1] else 0.0
        yield (here - 1, away), done * (1 - again if away < cut[1] else 1.0)
        yield (here - 1, away), max(here - agents, 0) * theta

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
