"""What a fitted churn model is judged by, as numbers: whether its predictions come true for customers it has not seen.

Holds no fit and draws nothing: `simulator.churn_checks` fills these in, `results.churn_page` and `results.churn_words`
tell them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["calibrated", "not calibrated", "cannot tell"]

SLOPE_WITHIN = (0.75, 4 / 3)
"""Predictions count as spread right where the interval of the slope lies inside."""
LEVEL_WITHIN = math.log(4 / 3)
"""And as of the right level where the interval of the level (log odds, or log hazard) lies within 0 +- this."""


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def inside(self, low: float, high: float) -> bool:
        """Say whether all of the interval lies between two bounds."""
        return low <= self.low and self.high <= high

    def outside(self, low: float, high: float) -> bool:
        """Say whether all of it lies beyond one of them."""
        return self.high < low or self.low > high


@dataclass(frozen=True)
class Group:
    """Customers of whom the model says alike: how many, the mean share it predicts, and the share that left."""

    name: str
    customers: int
    predicted: float
    left: Interval


@dataclass(frozen=True)
class Effect:
    """What a step of a term or column multiplies the odds (hazard) of leaving by."""

    name: str
    term: str | None
    step: str
    """From what to what."""
    ratio: Interval


@dataclass(frozen=True)
class TermFact:
    """A term on its own: those without and with it, and what the bare table says of the two."""

    term: str
    column: str
    without: Group
    having: Group
    bare_odds_ratio: Interval
    standardised: tuple[float, float]
    """The share that would leave if nobody, or everybody, had it once, in the circumstances of all customers."""


@dataclass(frozen=True)
class ChurnCheck:
    """How predictions for customers compare with what they did."""

    customers: int
    leavers: int
    unseen: bool
    """Whether each was predicted without having been seen: by cross-validation, or by a model fitted elsewhere."""
    slope: Interval
    level: Interval
    hosmer_lemeshow: float
    groups_compared: int
    p_value: float
    groups: Sequence[Group]
    discrimination: Interval
    """Area under the ROC curve, or Harrell's concordance over time."""
    brier: float
    brier_reference: float
    """Of predicting the same share for everybody."""
    terms: Sequence[TermFact]
    effects: Sequence[Effect]
    horizon_days: float | None

    @property
    def verdict(self) -> Verdict:
        """Whether predictions come true: three outcomes, as everywhere."""
        if self.slope.inside(*SLOPE_WITHIN) and self.level.inside(-LEVEL_WITHIN, LEVEL_WITHIN):
            return "calibrated"
        if self.slope.outside(*SLOPE_WITHIN) or self.level.outside(-LEVEL_WITHIN, LEVEL_WITHIN):
            return "not calibrated"
        return "cannot tell"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {"verdict": self.verdict, **asdict(self)}
