"""Shares that leave under many draws of a churn model's coefficients: only the distinct kinds of cases are reckoned.

A model weighs few of the terms, most of them small whole numbers, so a million cases are some hundreds of kinds. What
has more than BINS values (minutes waited) is taken as the mean of its bin, of bins with as many cases each; 0 is a bin
of its own. Refuses to know columns of single customers: where a model was fitted to some, the share is the mean over
its circumstances, as in `results.churn.leaving`, which says the same of one draw and any table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.churn import columns_of, shares_at
from scenarios.churn import ChurnModel
from scenarios.churn_law import log_time

Values = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

BINS = 100
"""So many values of one term are told apart."""

GRID_POINTS = 2_001
"""Where the mean over circumstances is reckoned; between them it is a straight line, right to some millionths."""


class Kinds(NamedTuple):
    """Cases by what the model multiplies: the distinct rows of its terms, and which one each case has."""

    design: Values
    """A row for each kind, a column for each coefficient of a term, in the model's order."""
    of_case: Whole


def kinds_of(model: ChurnModel, cases: pd.DataFrame) -> Kinds:
    """Return the kinds of cases; a term that is no column of theirs is 0."""
    told = [columns_of(one, cases)[:, 0] for one in model.terms.values()]
    columns = [_in_bins(values) for values in told]
    of_case = np.zeros(len(cases), dtype=np.int64)
    for values in columns:
        numbers, distinct = pd.factorize(values)
        of_case = pd.factorize(of_case * max(len(distinct), 1) + numbers)[0].astype(np.int64)
    kinds = int(of_case.max()) + 1 if len(cases) else 0
    design = np.zeros((kinds, len(columns)))
    for at, values in enumerate(columns):
        design[of_case, at] = values
    return Kinds(design, of_case)


def _in_bins(values: Values) -> Values:
    """Return values as they are, or, where they are too many, the mean of each one's bin."""
    if len(pd.unique(values)) <= BINS:
        return values
    found, some = np.zeros(len(values)), np.flatnonzero(values)
    order = some[np.argsort(values[some], kind="stable")]
    bins = np.arange(len(order)) * (BINS - 1) // len(order)
    means = np.bincount(bins, weights=values[order]) / np.maximum(np.bincount(bins), 1)
    found[order] = means[bins]
    return found


def shares_by_draw(model: ChurnModel, design: Values, parameters: Values, over_days: float | None = None) -> Values:
    """Return the share that leaves, a row for each row of `parameters`, a column for each row of `design`.

    Args:
        model: what leaving depends on.
        design: counts by coefficient of a term, as `kinds_of` gives them.
        parameters: draws of `results.churn.drawn_parameters`, or its best guess as a single row.
        over_days: with a hazard, by when (default: the days of the base rate).
    """
    added = parameters[:, _places(model)] @ design.T + parameters[:, :1] + log_time(model, over_days)
    if not model.circumstances or not added.size:
        return shares_at(model, added)
    grid = np.linspace(added.min() - 1e-6, added.max() + 1e-6, GRID_POINTS)
    means = np.mean([shares_at(model, grid + one) for one in model.circumstances], axis=0)
    return np.asarray(np.interp(added, grid, means), dtype=float)


def _places(model: ChurnModel) -> list[int]:
    """Return at which parameters the values of terms stand."""
    places, at = [], 1
    for one in model.coefficients:
        if one.term is not None:
            places.append(at)
        at += 1 + len(one.bends)
    return places
