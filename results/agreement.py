"""How far raters agree beyond chance: weighted kappa, Gwet's AC1 and AC2, Krippendorff's alpha, with intervals.

Ratings are a table: a row a unit (a contact's criterion), a column a rater, None where a rater did not rate it. The
machine is one more column. Intervals come from resampling units, the same each time; too few units have none.

>>> table = [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")]
>>> round(kappa(table).value, 6), round(ac1(table).value, 6), round(alpha(table).value, 6)
(0.5, 0.529412, 0.533333)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Rating = Hashable | None
Table = Sequence[Sequence[Rating]]
Weights = Literal["identity", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]

RESAMPLES = 1_000
UNITS_LEAST = 5
"""Fewer units have no interval: resampling so few says nothing."""


@dataclass(frozen=True)
class Agreement:
    """An agreement coefficient (1 full, 0 by chance) and its 95 % interval; nan where the table cannot tell.

    Attributes:
        value: the coefficient.
        low, high: its interval.
        units: how many units at least two raters rated.
    """

    value: float
    low: float
    high: float
    units: int


def kappa(table: Table, weights: Weights = "identity", order: Sequence[Hashable] | None = None) -> Agreement:
    """Return Cohen's kappa of two raters, weighted where categories are ordered.

    Args:
        table: two columns.
        weights: identity (Cohen 1960); linear or quadratic (Cohen 1968) over the places in `order`.
        order: the categories in order; sorted by default.

    Raises:
        ValueError: the table has not two columns.
    """
    if any(len(row) != 2 for row in table):
        raise ValueError("kappa is of two raters; use ac1 or alpha for more")
    codes, categories = _coded(table, order)
    agrees = _weights(len(categories), weights)

    def of(rows: npt.NDArray[np.int64]) -> float:
        both = rows[(rows >= 0).all(axis=1)]
        if not len(both):
            return float("nan")
        joint = np.zeros((len(categories), len(categories)))
        np.add.at(joint, (both[:, 0], both[:, 1]), 1 / len(both))
        chance = float((np.outer(joint.sum(axis=1), joint.sum(axis=0)) * agrees).sum())
        return _beyond(float((joint * agrees).sum()), chance)

    return _with_interval(codes, of)


def ac1(table: Table, weights: Weights = "identity", order: Sequence[Hashable] | None = None) -> Agreement:
    """Return Gwet's AC1 (AC2 where weighted) of two or more raters, some of whom may not have rated all.

    Unlike kappa it stays sensible where nearly all ratings fall into one category, as conduct does (Gwet, British
    Journal of Mathematical and Statistical Psychology 61:29, 2008; Handbook of Inter-Rater Reliability, 2014, ch. 4).
    """
    codes, categories = _coded(table, order)
    count = len(categories)
    agrees = _weights(count, weights)

    def of(rows: npt.NDArray[np.int64]) -> float:
        rated = _counts(rows, count)
        raters = rated.sum(axis=1)
        several = raters >= 2
        if not several.any() or count < 2:
            return 1.0 if several.any() else float("nan")
        kept, per = rated[several], raters[several]
        alike = (kept * (kept @ agrees - 1)).sum(axis=1) / (per * (per - 1))
        share = (rated[raters > 0] / raters[raters > 0, None]).mean(axis=0)
        chance = float(agrees.sum() / (count * (count - 1)) * (share * (1 - share)).sum())
        return _beyond(float(alike.mean()), chance)

    return _with_interval(codes, of)


def alpha(table: Table, level: Level = "nominal", order: Sequence[Hashable] | None = None) -> Agreement:
    """Return Krippendorff's alpha of two or more raters, some of whom may not have rated all.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), by coincidences within units that several rated.

    Args:
        table: see the module.
        level: how ratings are compared; interval and ratio need numbers.
        order: the categories in order, for ordinal; sorted by default.
    """
    codes, categories = _coded(table, order)

    def of(rows: npt.NDArray[np.int64]) -> float:
        rated = _counts(rows, len(categories))
        rated = rated[rated.sum(axis=1) >= 2]
        if not len(rated):
            return float("nan")
        per = rated.sum(axis=1)
        coincidences = (rated.T / (per - 1)) @ rated - np.diag((rated / (per - 1)[:, None]).sum(axis=0))
        totals = coincidences.sum(axis=0)
        apart = _distances(categories, totals, level)
        expected = float((np.outer(totals, totals) * apart).sum()) / (totals.sum() - 1)
        return 1.0 - float((coincidences * apart).sum() / expected) if expected else 1.0

    return _with_interval(codes, of)


def _beyond(observed: float, chance: float) -> float:
    return (observed - chance) / (1 - chance) if chance < 1 else 1.0


def _coded(table: Table, order: Sequence[Hashable] | None) -> tuple[npt.NDArray[np.int64], list[Hashable]]:
    """Return ratings as places among the categories, -1 where there is none, and the categories."""
    found = {rating for row in table for rating in row if rating is not None}
    categories = list(order) if order is not None else sorted(found, key=_sortable)
    strangers = found - set(categories)
    if strangers:
        raise ValueError(f"ratings {sorted(map(str, strangers))} are not among the categories {categories}")
    places = {category: i for i, category in enumerate(categories)}
    rows = [[-1 if rating is None else places[rating] for rating in row] for row in table]
    return np.array(rows, dtype=np.int64).reshape(len(rows), -1 if rows else 0), categories


def _sortable(category: Hashable) -> tuple[bool, float, str]:
    number = isinstance(category, int | float)
    return not number, float(category) if isinstance(category, int | float) else 0.0, str(category)


def _counts(rows: npt.NDArray[np.int64], categories: int) -> npt.NDArray[np.float64]:
    """Return of each unit how many raters chose each category."""
    return np.stack([(rows == category).sum(axis=1) for category in range(categories)], axis=1).astype(float)


def _weights(count: int, weights: Weights) -> npt.NDArray[np.float64]:
    if weights == "identity" or count < 2:
        return np.eye(count)
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) / (count - 1)
    return 1 - (apart if weights == "linear" else apart**2)


def _distances(
    categories: Sequence[Hashable], totals: npt.NDArray[np.float64], level: Level
) -> npt.NDArray[np.float64]:
    """Return how far apart two ratings count, squared, as the level says."""
    if level == "nominal":
        return 1 - np.eye(len(categories))
    if level == "ordinal":
        upto = np.cumsum(totals)
        middle = upto - totals / 2
        between: npt.NDArray[np.float64] = np.square(np.subtract.outer(middle, middle))
        return between
    values = np.array([float(str(category)) for category in categories])
    apart: npt.NDArray[np.float64] = np.square(np.subtract.outer(values, values))
    if level == "ratio":
        sums = np.square(np.add.outer(values, values))
        apart = np.divide(apart, sums, out=np.zeros_like(apart), where=sums > 0)
    return apart


def _with_interval(codes: npt.NDArray[np.int64], of: Callable[[npt.NDArray[np.int64]], float]) -> Agreement:
    units = codes[(codes >= 0).sum(axis=1) >= 2] if codes.size else codes
    value = float(of(codes)) if codes.size else float("nan")
    if len(units) < UNITS_LEAST:
        return Agreement(value, float("nan"), float("nan"), len(units))
    luck = np.random.Generator(np.random.Philox(key=len(codes)))
    drawn = [of(codes[luck.integers(0, len(codes), len(codes))]) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Agreement(value, float(low), float(high), len(units))
