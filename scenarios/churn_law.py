"""The one formula of leaving, compiled: what an experience adds, and the share that leaves of it.

`results.churn` has the same over whole tables; a test holds the two against each other.

>>> from scenarios.churn import read_churn
>>> from scenarios.reading import HERE
>>> law = churn_law(read_churn(HERE / "churn_models" / "published.yaml"))
>>> counts = np.zeros(len(TERMS))
>>> added = experience_adds(law.values, law.most, law.without, counts)
>>> round(leaving_share(law.form, law.base, law.circumstances, added), 4)
0.05
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.churn import ChurnModel, log_scale
from scenarios.experience import TERMS
from scenarios.jit import jit

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LOGISTIC, HAZARD = 0, 1

LOG_MOST = 700.0
"""exp of more than this is no number."""


class ChurnLaw(NamedTuple):
    """A model as numbers, by the order of `TERMS`."""

    form: int
    base: float
    """Log-odds, or log cumulative hazard over the horizon, of a customer with no experience."""
    values: Array
    most: Array
    """The largest count that counts."""
    without: Flags
    """[term, other]: the term counts only where the other is 0."""
    circumstances: Array
    """What columns that nobody knows of a simulated customer may add, each as likely as the next; [0] without any."""


def churn_law(model: ChurnModel, over_days: float | None = None) -> ChurnLaw:
    """Return a model as numbers; with a hazard, over `over_days` (default: those of its base rate)."""
    values, most = np.zeros(len(TERMS)), np.full(len(TERMS), np.inf)
    without = np.zeros((len(TERMS), len(TERMS)), dtype=np.bool_)
    for term, one in model.terms.items():
        at = TERMS.index(term)
        values[at] = one.value
        most[at] = one.most if one.most is not None else np.inf
        for other in one.without:
            without[at, TERMS.index(other)] = True
    base = log_scale(model.form, model.base.rate) + log_time(model, over_days)
    return ChurnLaw(
        HAZARD if model.form == "hazard" else LOGISTIC,
        base,
        values,
        most,
        without,
        np.array(model.circumstances or [0.0]),
    )


def log_time(model: ChurnModel, over_days: float | None) -> float:
    """Return by how much the log cumulative hazard over `over_days` exceeds that over the base rate's own days.

    Raises:
        ValueError: a logistic model is asked for another time than its own: it knows none.
    """
    own = model.base.over_days
    if over_days is None or over_days == own:
        return 0.0
    if model.form == "logistic" or own is None:
        raise ValueError(f"{model.churn} is logistic: it tells of one case, not of {over_days:g} days")
    until = times_the_first(model, np.array([over_days, own]))
    return math.log(until[0] / until[1])


def times_the_first(model: ChurnModel, days: Array) -> Array:
    """Return the cumulative hazard until each day, where the hazard of the first day is 1 a day."""
    shape = model.shape or [(0.0, 1.0)]
    starts, factors = np.array([one[0] for one in shape]), np.array([one[1] for one in shape])
    spent = np.clip(days[:, None] - starts, 0.0, np.r_[np.diff(starts), np.inf])
    return np.asarray(spent @ factors, dtype=np.float64)


@jit
def experience_adds(values: Array, most: Array, without: Flags, counts: Array) -> float:
    """Return what a customer's experience adds to the log-odds, or log hazard; `counts` by the order of `TERMS`."""
    total = 0.0
    for term in range(len(values)):
        if values[term] == 0.0:
            continue
        barred = False
        for other in range(len(values)):
            if without[term, other] and counts[other] > 0.0:
                barred = True
        if not barred:
            total += values[term] * min(counts[term], most[term])
    return total


@jit
def leaving_share(form: int, base: float, circumstances: Array, added: float) -> float:
    """Return the share that leaves of customers to whose base their experience has added so much."""
    total = 0.0
    for circumstance in circumstances:
        log = min(max(base + circumstance + added, -LOG_MOST), LOG_MOST)
        total += -np.expm1(-np.exp(log)) if form == HAZARD else 1.0 / (1.0 + np.exp(-log))
    return total / len(circumstances)
