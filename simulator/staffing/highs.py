"""HiGHS, as SciPy brings it, without a word of its own on the screen.

It is asked to be silent and prints one line of its insides all the same; so what the process writes to its standard
output while it searches goes nowhere. One search runs at a time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

Values = npt.NDArray[np.float64]

_ONE = threading.Lock()


def cheapest(
    price: Values,
    whole: bool | npt.NDArray[np.int64],
    low: Values,
    high: Values,
    rows: csr_array,
    limits: tuple[Any, Any],
    gap: float = 0.0,
    nodes: int = 10_000,
) -> Any:
    """Return what SciPy's `milp` answers: the least price x under rows, to a share of `gap`, after so many nodes.

    Args:
        price: of each variable.
        whole: which of them are whole numbers: 1; or all, or none.
        low: the least of each.
        high: the most of each.
        rows: a row of weights for each limit.
        limits: what each row is at least and at most.
        gap: share of the cost by which the answer may exceed the least.
        nodes: branches after which the search ends.
    """
    integrality = np.full(len(price), int(whole), dtype=np.int64) if isinstance(whole, bool) else whole
    constraints = [LinearConstraint(rows, *limits)] if rows.shape[0] else []
    with _ONE, _silent():
        return milp(
            price,
            integrality=integrality,
            bounds=Bounds(low, high),
            constraints=constraints,
            options={"mip_rel_gap": gap, "node_limit": nodes},
        )


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123  os.devnull is a word, no path
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
