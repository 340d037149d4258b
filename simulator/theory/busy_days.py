"""Days that luck makes busy or quiet: a day's Markov chain, mixed over the factor by which its volumes are multiplied.

The factor is gamma with mean 1 (see `scenarios.busyness`), so that the mixture is a Gauss-Laguerre sum (Abramowitz and
Stegun 1964, sec. 25.4.45): each node is a day whose factor is known, gone through exactly.

>>> quiet = [Phase(3600.0, 30 / 3600, 3), Phase(3600.0, 0.0, 3)]
>>> mixed_over_days(quiet, 240, 120, 0.5).abandonment > day_of_phases(quiet, 240, 120).abandonment
True
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.special import roots_genlaguerre

from simulator.theory.models import Phase, Waits, day_of_phases

CV_LEAST = 0.1


def mixed_over_days(
    phases: Sequence[Phase], service_s_mean: float, patience_s_mean: float, cv: float, nodes: int = 10, cut: int = 80
) -> Waits:
    """Return what the customers of many days live through, where each day's arrivals have a gamma factor.

    Shares and means are of customers, of whom a busy day has more: their factor is gamma with one more in the shape.
    `queue_mean` is over time, and so mixed with the factor of days.

    Raises:
        ValueError: `cv` is below 0.1, where the weights are beyond what a number holds.
    """
    if cv < CV_LEAST:
        raise ValueError(f"a cv of {cv:g}; expected {CV_LEAST:g} or more")
    shape = cv**-2
    factors, weights = roots_genlaguerre(nodes, shape)
    weights = weights / weights.sum()
    days = []
    for factor in factors / shape:
        scaled = [dataclasses.replace(phase, arrivals_per_s=phase.arrivals_per_s * factor) for phase in phases]
        days.append(day_of_phases(scaled, service_s_mean, patience_s_mean, cut))

    def mean(name: str) -> float:
        return float(np.dot(weights, [getattr(day, name) for day in days]))

    # a day's mean queue weighs by days: those of customers, divided by how many there are of them
    queue = float(np.dot(weights, [day.queue_mean / factor for day, factor in zip(days, factors / shape, strict=True)]))
    return Waits(mean("p_wait"), mean("wait_s_mean"), mean("abandonment"), queue, mean("cut"))
