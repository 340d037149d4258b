"""Sobol's indices: which share of what inputs do to a figure each of them does, alone and with the others.

A row holds two sets of inputs A and B, and for each input a set AB that is A but for that input, which is B's
(Saltelli 2002; SALib draws them). All sets of a row are played on the same lucks, k = 1 … R; f is a figure's mean over
days.

- first order, V_i = E f(B) (f(AB) - f(A)) (Saltelli et al. 2010, table 2 b): what the input does by itself. From f(B)
  the mean of f(A) and f(AB) is taken off, which changes no expectation, and lets what a row's luck does to all its sets
  cancel.
- total order, VT_i = E (f(A) - f(AB))^2 / 2 (Jansen 1999): what it does by itself and together with others.
- both as shares of the variance that all inputs make (`results.variance_split`).

Each product takes its factors from different lucks, so it is unbiased for f although f is never seen: chance counts as
no effect. Without chance the total order is SALib's own estimate. Intervals are of rows drawn again (Efron 1979), which
have lucks of their own.

Refuses to tell an index where the variance that inputs make is not told apart from none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.variance_split import LEVEL, crossed, inputs_variance, resampled

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Index:
    """An input's share of a figure's variance, with 95 % intervals; an estimate may lie beside 0 to 1."""

    first: float
    first_low: float
    first_high: float
    total: float
    total_low: float
    total_high: float


def indices_of(rows: Values, seed: int = 0) -> list[Index] | None:
    """Return the index of each input.

    Args:
        rows: a row; its sets A, an AB for each input, B, as SALib orders them; their lucks. No NaN.
        seed: of the resampling that gives the intervals.

    Returns:
        None where the inputs' variance is not told apart from none.
    """
    number, sets, _ = rows.shape
    a, b = rows[:, :1], rows[:, -1:]
    swapped = rows[:, 1:-1]
    variance = inputs_variance(rows[:, [0, -1]])
    first = crossed(swapped - a, b - (a + swapped) / 2)
    total = crossed(a - swapped, a - swapped) / 2
    again = resampled(number, seed, variance, *first.T, *total.T)
    if np.quantile(again[0], (1 - LEVEL) / 2) <= 0:
        return None
    whole = float(variance.mean())
    usable = again[:, again[0] > 0]
    low, high = np.quantile(usable[1:] / usable[0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    told = np.array([first.mean(axis=0), total.mean(axis=0)]) / whole
    count = sets - 2
    return [
        Index(
            float(told[0, at]), float(low[at]), float(high[at]),
            float(told[1, at]), float(low[count + at]), float(high[count + at]),
        )
        for at in range(count)
    ]  # fmt: skip
