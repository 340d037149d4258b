"""Which volume to try next: up in doubles until one is not kept, then halfway between, on the scale of shares.

A pure function of what was tried so far, so that a search is tested without playing anything. What is unclear counts
as not kept: the volume told as kept must have been shown to be. Refuses to know what a volume is, or what keeps it.

>>> bounds = Bounds(1.0, 16.0, within=0.2)
>>> next_factor(bounds, [])
1.0
>>> next_factor(bounds, [Tried(1.0, KEPT), Tried(2.0, MISSED)])
1.414
>>> bracket_of([Tried(1.0, KEPT), Tried(2.0, CANNOT_TELL), Tried(1.414, KEPT)])
Bracket(kept=1.414, not_kept=2.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

KEPT, MISSED, CANNOT_TELL = "kept", "missed", "cannot tell"

WITHIN_LEAST = 0.002
"""Factors are told to four digits: no narrower bracket can be halved."""


@dataclass(frozen=True)
class Bounds:
    """Where to search: from which factor up to which, until the bracket is as narrow as a share of its lower end.

    Raises:
        ValueError: there is nothing between them, or the share cannot be reached; the message says what would be right.
    """

    lowest: float
    highest: float
    within: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.lowest <= self.highest < math.inf:
            raise ValueError(f"a search from x{self.lowest:g} to x{self.highest:g}; expected 0 < from <= to")
        if not WITHIN_LEAST <= self.within <= 1:
            raise ValueError(f"a bracket within {self.within:g}; expected a share from {WITHIN_LEAST:g} to 1")


@dataclass(frozen=True)
class Tried:
    """A factor that was tried, and what was found."""

    factor: float
    verdict: str


@dataclass(frozen=True)
class Bracket:
    """The highest factor that was kept, and the lowest that was not; None where there is none."""

    kept: float | None = None
    not_kept: float | None = None

    def width(self) -> float:
        """Return how far apart they are, as a share of the lower; infinite where one is missing."""
        return math.inf if self.kept is None or self.not_kept is None else self.not_kept / self.kept - 1


def bracket_of(tried: Sequence[Tried]) -> Bracket:
    """Return the bracket so far."""
    not_kept = min((one.factor for one in tried if one.verdict != KEPT), default=None)
    kept = max((one.factor for one in tried if one.verdict == KEPT), default=None)
    return Bracket(kept, not_kept)


def next_factor(bounds: Bounds, tried: Sequence[Tried]) -> float | None:
    """Return the factor to try next; None where the search is over.

    It is over when the bracket is narrow enough, when not even the lowest factor was kept, or when the highest was.
    """
    if not tried:
        return bounds.lowest
    bracket = bracket_of(tried)
    if bracket.kept is None:
        return None
    if bracket.not_kept is None:
        return None if bracket.kept >= bounds.highest else min(_told(2 * bracket.kept), bounds.highest)
    if bracket.width() <= bounds.within:
        return None
    halfway = _told(math.sqrt(bracket.kept * bracket.not_kept))
    return halfway if bracket.kept < halfway < bracket.not_kept else None


def _told(factor: float) -> float:
    """Round to the digits in which a factor is told, so that what is told can be played again."""
    return float(f"{factor:.4g}")
