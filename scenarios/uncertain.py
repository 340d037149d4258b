"""What one knows of a number that one does not know: the scenario key `uncertain`.

Between two ends all alike (`low`, `high`), one of them likelier (`mode`), or about a mean (`mean` with `cv`: lognormal,
never below 0; `mean` with `sd`: normal). The latter two have no ends: 99 of 100 values are drawn, the rest is cut off.
Refuses to know which number it is: `scenarios.uncertain_inputs` looks that up.

>>> Known(low=0.8, high=1.2).at(0.5), Known(low=0, mode=0, high=1).at(0.75)
(1.0, 0.5)
>>> round(Known(mean=100, cv=0.1).at(0.5), 2)
99.5
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated

from pydantic import Field, model_validator

from scenarios.models import Strict

CUT = 0.005
"""Of a law without ends this share is cut off on either side: a value out there, played once, would decide all."""

END = 0.025
"""Its ends are taken to be where this share lies beyond, on either side."""

SHAPES = "low and high, perhaps mode between them; or mean and cv; or mean and sd"


class Known(Strict):
    """What is known of a number."""

    low: float | None = Field(None, description="it is not below this")
    high: float | None = Field(None, description="it is not above this")
    mode: float | None = Field(None, description="with low and high: the likeliest value (triangular)")
    mean: float | None = Field(None, description="its mean, where it has no ends")
    cv: Annotated[float, Field(gt=0, le=3)] | None = Field(
        None, description="with mean: standard deviation over the mean (lognormal)"
    )
    sd: Annotated[float, Field(gt=0)] | None = Field(None, description="with mean: standard deviation (normal)")

    @model_validator(mode="after")
    def _one_shape(self) -> Known:
        said = {name for name in ("low", "high", "mode", "mean", "cv", "sd") if getattr(self, name) is not None}
        if said or not self._may_be_empty():
            self._check(said)
        return self

    def _may_be_empty(self) -> bool:
        return False

    def _check(self, said: set[str]) -> None:
        if said not in ({"low", "high"}, {"low", "high", "mode"}, {"mean", "cv"}, {"mean", "sd"}):
            raise ValueError(SHAPES)
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError("low below high")
            if self.mode is not None and not self.low <= self.mode <= self.high:
                raise ValueError("mode from low to high")
        if self.cv is not None and self.mean is not None and self.mean <= 0:
            raise ValueError("mean above 0 where cv is told; or mean and sd")

    @property
    def has_ends(self) -> bool:
        """Whether low and high are told."""
        return self.low is not None

    @property
    def ends(self) -> tuple[float, float]:
        """Where on the way from 0 to 1 its low and high end lie."""
        away = 0.0 if self.has_ends else (END - CUT) / (1 - 2 * CUT)
        return away, 1 - away

    def at(self, share: float) -> float:
        """Return the value below which a share (0 to 1) of all values lies."""
        if self.low is not None and self.high is not None:
            return self._between(self.low, self.high, share)
        assert self.mean is not None
        standard = NormalDist().inv_cdf(CUT + share * (1 - 2 * CUT))
        if self.cv is not None:
            variance = math.log1p(self.cv**2)
            return self.mean * math.exp(math.sqrt(variance) * standard - variance / 2)
        assert self.sd is not None
        return self.mean + self.sd * standard

    def _between(self, low: float, high: float, share: float) -> float:
        if self.mode is None:
            return low + share * (high - low)
        wide, rise = high - low, self.mode - low
        if share * wide < rise:
            return low + math.sqrt(share * wide * rise)
        return high - math.sqrt((1 - share) * wide * (high - self.mode))


class Uncertain(Known):
    """What is known of a number of the scenario: of itself, or of the factor by which it is wrong."""

    factor: Known | None = Field(
        None, description="instead: what is known of the factor by which the numbers that are there are multiplied"
    )
    source: str = Field("", max_length=300, description="who says so")
    says: str = Field("", max_length=80, description="what it is, for people who read no paths")

    def _may_be_empty(self) -> bool:
        return True

    @model_validator(mode="after")
    def _either(self) -> Uncertain:
        told = any(getattr(self, name) is not None for name in ("low", "high", "mode", "mean", "cv", "sd"))
        if told == (self.factor is not None):
            raise ValueError(f"{SHAPES}; or factor with these")
        if self.factor is not None and self.factor.at(0.0) < 0:
            raise ValueError("a factor of 0 or more")
        return self

    @property
    def law(self) -> Known:
        """What is known, of the number or of its factor."""
        return self.factor or self
