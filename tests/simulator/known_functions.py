"""Functions whose sensitivity is known, plugged in where a scenario is played otherwise."""

from __future__ import annotations

import math
import random

import numpy as np

from results.figures import Key
from results.whatif import Measure
from scenarios.uncertain import Uncertain
from scenarios.uncertain_inputs import Input
from simulator.sensitivity import weighed
from simulator.weighing_plan import plan_of

ISHIGAMI_A, ISHIGAMI_B = 7.0, 0.1
ISHIGAMI_FIRST = (0.3139, 0.4424, 0.0)
ISHIGAMI_TOTAL = (0.5576, 0.4424, 0.2437)
"""Ishigami and Homma 1990; shares to four digits."""
ISHIGAMI_VARIANCE = ISHIGAMI_A**2 / 8 + ISHIGAMI_B * math.pi**4 / 5 + ISHIGAMI_B**2 * math.pi**8 / 18 + 0.5


def ishigami(x):
    """Return the function at three inputs from -pi to pi."""
    return math.sin(x[0]) + ISHIGAMI_A * math.sin(x[1]) ** 2 + ISHIGAMI_B * x[2] ** 4 * math.sin(x[0])


class Known:
    """A function of inputs, with a day's luck on top: `day` moves all sets alike, `own` each set in its own way."""

    def __init__(self, function, low, high, day=0.0, own=0.0):
        self.function, self.low, self.high, self.day, self.own = function, low, high, day, own

    def values(self, shares, replications):
        """Return a value for each luck."""
        value = self.function(self.low + np.asarray(shares) * (self.high - self.low))
        marks = [hash((tuple(shares), replication)) for replication in replications]
        return np.array(
            [
                [value + self.day * random.Random(luck).gauss() + self.own * random.Random(mark).gauss()]
                for luck, mark in zip(replications, marks, strict=True)
            ]
        )


def inputs(count):
    """Return so many inputs of which nothing but their number counts."""
    return [Input(f"x{at}", Uncertain(low=0.0, high=1.0), (((f"x{at}",), 0.0),)) for at in range(count)]


def weigh(plays, count, evaluations, replications=2, seed=1):
    """Weigh a function as a scenario is weighed."""
    measure = Measure(Key("wait_s_mean", None, "phone", None), "s", "less", True)
    told = inputs(count)
    return weighed(told, [measure], plays, plan_of(count, evaluations, replications), seed=seed)
