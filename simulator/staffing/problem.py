"""What the optimiser is asked and what it answers: seats on a grid of teams and intervals, their price, and cuts.

A seat is one agent rostered and at work in one interval, before shrinkage; who pauses has no seat there. Cuts are what
the simulator has taught so far of the goals. Refuses to know where they come from, and how shifts are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Seats = npt.NDArray[np.int64]
"""How many are rostered and at work, shape (teams, intervals)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Teams and intervals, and what may be rostered there."""

    teams: tuple[str, ...]
    begins_s: Values
    """When each interval begins, in scenario seconds, shape (intervals,); each lasts `minutes`."""
    minutes: int
    price: Values
    """What a seat costs for one interval, shape (teams, intervals): money, or hours where not all wages are told."""
    least: Seats
    """Fewer are not allowed, shape (teams, intervals)."""
    most: Seats
    """More are not allowed; 0 where nobody may be rostered."""


@dataclass(frozen=True)
class Cut:
    """What a goal demands of the seats, as a line: the sum of weight x seats is at least so much."""

    weights: Mapping[tuple[int, int], float]
    """By (team, interval), positions in the grid."""
    at_least: float
    goal: str
    """The goal it comes from, as people read it: names what binds."""
