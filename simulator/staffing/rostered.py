"""A roster that was found, how it stands on the sample, and which of two is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.staffing.master import Solved
from simulator.staffing.searching import Found, Search

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rostered:
    """A roster, and how its seats stand on the sample; or what to loosen where the rules allow none."""

    solved: Solved
    found: Found | None
    """None where the rules allow no roster that keeps what is asked."""
    rounds: int
    bound: float | None
    """What no roster above the cuts costs less than, if they ask no more than the margins; None without cuts."""
    needs: Values
    """The agents that it covers, shape (teams, intervals)."""


def better(search: Search, solved: Solved, there: Found, best: Rostered) -> bool:
    """Say whether a roster keeps the aims where the best so far does not, is cheaper, or misses by less."""
    assert best.found is not None
    kept, was_kept = search.keeps(there), search.keeps(best.found)
    if kept != was_kept:
        return kept
    return solved.cost < best.solved.cost if kept else search.slack(there) > search.slack(best.found)
