"""What came of a what-if: each alternative's figures beside the scenario's, their paired differences, and verdicts.

Replication k has the same luck in every world, so a difference is a mean of pairs. An interval that decides is a
repeated confidence interval (`results.sequential`) at so high a level that all of them hold together at 95 %, at every
look (Bonferroni); that of a figure which is told beside holds at 95 % by itself, at every look.

- *same*: the interval lies within the tolerance.
- *better*, *worse*: the interval holds no difference of 0, and it is not *same*.
- *cannot tell*: neither; about how many replications would decide is estimated.

Refuses to know how worlds are played.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.figures import Key
from results.sequential import student
from results.statistics import replication_estimate
from scenarios.metric_directions import Better, WhatIfUnit

Values = npt.NDArray[np.float64]

Verdict = Literal["better", "worse", "same", "cannot tell"]
BETTER_THAN, WORSE_THAN, SAME, CANNOT_TELL = VERDICTS = ("better", "worse", "same", "cannot tell")

ALPHA = 0.05
USUAL_RELATIVE = 0.05
"""The tolerance where nobody tells one: this share of the scenario's own value."""

NEED_STEP = 10
"""To so many replications an estimate of how many would decide is rounded up."""


@dataclass(frozen=True)
class Measure:
    """A figure that alternatives are compared by.

    Attributes:
        key: which; `metric` is one of `scenarios.metric_names` or of `scenarios.metric_directions.OWN_FIGURES`.
        unit: of its values.
        better: which way it is better; None where it is told without a verdict.
        decides: whether playing goes on until it is decided.
        relative: the tolerance as a share of the scenario's value; None where it is absolute.
        absolute: the tolerance in the unit; None where it is relative.
        source: who told the tolerance: asked for, a gate of the scenario, or the usual one.
    """

    key: Key
    unit: WhatIfUnit
    better: Better | None
    decides: bool
    relative: float | None = USUAL_RELATIVE
    absolute: float | None = None
    source: Literal["asked", "gate", "usual"] = "usual"

    @property
    def about(self) -> str:
        """The channel or team it is of; empty where of all."""
        return self.key.channel or self.key.team or ""

    @property
    def name(self) -> str:
        """Return it as `--metric` has it."""
        within = "" if self.key.within_s is None else f"/{self.key.within_s:g}"
        return ".".join(filter(None, (self.about, self.key.metric))) + within

    def tolerance(self, base: float) -> float:
        """Return how large a difference does not matter yet, for a scenario with the value `base`."""
        return self.absolute if self.absolute is not None else abs(base) * (self.relative or 0.0)


@dataclass(frozen=True)
class Difference:
    """A figure of an alternative against the scenario's; None is not known, never 0."""

    base: float | None
    """Of the scenario, the mean over the pairs."""
    value: float | None
    """Of the alternative, over the same."""
    difference: float | None
    """The alternative less the scenario."""
    low: float | None
    high: float | None
    """The interval; None where it has no end yet."""
    tolerance: float | None
    verdict: Verdict | None
    """None where the figure has no better way."""
    replications: int
    """Pairs of which both halves are known."""
    interval_ratio: float | None
    """How many times wider the interval were with luck of its own in each world; None where nothing varies."""
    would_decide: int | None
    """About how many replications would, where it cannot be told; None where that cannot be estimated."""

    @property
    def decided(self) -> bool:
        """Whether more replications would change nothing that counts."""
        return self.verdict != CANNOT_TELL


@dataclass(frozen=True)
class Compared:
    """An alternative, and its difference in each measure."""

    name: str
    says: str
    settings: Mapping[str, object]
    differs: bool
    """False where no value of the scenario is another one, so that nothing was played."""
    replications: int
    differences: tuple[Difference, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether every figure was the same in every replication."""
        return all(one.difference == 0 and one.low == 0 == one.high for one in self.known)

    @property
    def known(self) -> list[Difference]:
        """Return the differences of which anything is known."""
        return [one for one in self.differences if one.difference is not None]


@dataclass(frozen=True)
class WhatIf:
    """What came out.

    Attributes:
        measures: the figures, those that decide first.
        alternatives: in the order in which they were asked for.
        looks: after how many replications one has looked.
        most: so many would have been played.
        level: of each interval that decides.
        whole: False where an interruption has ended it; what was played by then is kept.
        currency: of money; None where the scenario names none.
        wall_s: how long it took.
    """

    measures: tuple[Measure, ...]
    alternatives: tuple[Compared, ...]
    looks: tuple[int, ...]
    most: int
    level: float
    whole: bool
    currency: str | None
    wall_s: float
    base_values: Values = field(repr=False, compare=False)
    """Of the scenario, a row for each replication and a column for each measure; NaN where nothing is known."""
    values: tuple[Values, ...] = field(repr=False, compare=False)
    """Of each alternative, the same; fewer rows where it was decided earlier."""

    @property
    def replications(self) -> int:
        """How many were played of the scenario."""
        return len(self.base_values)

    @property
    def decided(self) -> bool:
        """Whether every alternative is decided on every figure that decides."""
        return all(
            one.decided
            for told in self.alternatives
            for measure, one in zip(self.measures, told.differences, strict=True)
            if measure.decides
        )

    def frame(self) -> pd.DataFrame:
        """Return a row for each alternative and measure: what it is of, and the columns of `Difference`."""
        rows = [
            {"alternative": told.name, **named(measure), **dataclasses.asdict(one)}
            for told in self.alternatives
            for measure, one in zip(self.measures, told.differences, strict=True)
        ]
        return pd.DataFrame(rows)

    def pairs(self) -> pd.DataFrame:
        """Return a row for each alternative, measure and replication: both halves of the pair, and their difference."""
        parts = []
        for told, values in zip(self.alternatives, self.values, strict=True):
            for column, measure in enumerate(self.measures):
                base = self.base_values[: len(values), column]
                table = pd.DataFrame({"replication": np.arange(len(values)), "base": base, "value": values[:, column]})
                parts.append(table.assign(alternative=told.name, **_names(measure)))
        pairs = pd.concat(parts, ignore_index=True)
        pairs["difference"] = pairs["value"] - pairs["base"]
        return pairs[["alternative", *PAIR_NAMES, "replication", "base", "value", "difference"]]

    def facts(self) -> dict[str, Any]:
        """Return it as plain values, for run.json."""
        return {
            "measures": [{**named(one), "relative": one.relative, "absolute": one.absolute} for one in self.measures],
            "alternatives": [
                {**{name: getattr(told, name) for name in ("name", "says", "differs", "replications")},
                 "set": dict(told.settings), "changes_nothing": told.changes_nothing,
                 "differences": [dataclasses.asdict(one) for one in told.differences]}
                for told in self.alternatives
            ],
            "looks": list(self.looks), "most": self.most, "level": self.level, "whole": self.whole,
            "decided": self.decided, "currency": self.currency,
        }  # fmt: skip


PAIR_NAMES = ("metric", "within_s", "channel", "team")


def _names(measure: Measure) -> dict[str, Any]:
    return {name: getattr(measure.key, name) for name in PAIR_NAMES}


def named(measure: Measure) -> dict[str, Any]:
    """Return what a row says of a measure."""
    words = {"unit": measure.unit, "better": measure.better, "decides": measure.decides}
    return {**_names(measure), **words, "tolerance_source": measure.source}


def difference_of(
    base: Values, other: Values, bound: float, tolerance: float, better: Better | None, last_bound: float
) -> Difference:
    """Judge a figure by pairs of replications.

    Args:
        base: of the scenario, by replication; NaN where nothing is known.
        other: of the alternative, by the same replications.
        bound: the boundary of this look.
        tolerance: how large a difference does not matter yet.
        better: which way the figure is better.
        last_bound: the boundary of the last look, by which it is estimated how many replications would decide.
    """
    both = ~(np.isnan(base) | np.isnan(other))
    base, other = base[both], other[both]
    verdict: Verdict | None = None if better is None else "cannot tell"
    if not len(base):
        return Difference(None, None, None, None, None, None, verdict, 0, None, None)
    apart = other - base
    found = replication_estimate(apart)
    reach = student(bound, len(apart) - 1) * found.error if found.error else 0.0
    low, high = found.value - reach, found.value + reach
    if better is not None:
        verdict = verdict_of(low, high, tolerance, better)
    needed = None
    if verdict == CANNOT_TELL and len(apart) > 1:
        needed = would_decide(found.value, float(apart.std(ddof=1)), tolerance, last_bound)
    return Difference(
        float(base.mean()), float(other.mean()), found.value, _finite(low), _finite(high), tolerance, verdict,
        len(apart), ratio_of(base, other, apart), needed,
    )  # fmt: skip


def verdict_of(low: float, high: float, tolerance: float, better: Better) -> Verdict:
    """Judge a difference by its interval.

    >>> verdict_of(-9.0, -2.0, 3.0, "less"), verdict_of(-2.0, 1.0, 3.0, "less"), verdict_of(-9.0, 1.0, 3.0, "less")
    ('better', 'same', 'cannot tell')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot tell"
    if -tolerance <= low and high <= tolerance:
        return "same"
    if low <= 0 <= high:
        return "cannot tell"
    return "better" if (low > 0) == (better == "more") else "worse"


def would_decide(difference: float, spread: float, tolerance: float, bound: float) -> int | None:
    """Estimate how many replications would decide, were the difference and its spread what they seem.

    An interval decides when it is so narrow that it holds no 0, or nothing beyond the tolerance. None where neither can
    be: there is no difference and no tolerance.
    """
    narrow = max(abs(difference), tolerance - abs(difference))
    if narrow <= 0 or not math.isfinite(spread):
        return None
    return max(math.ceil((bound * spread / narrow) ** 2 / NEED_STEP), 1) * NEED_STEP


def ratio_of(base: Values, other: Values, apart: Values) -> float | None:
    """Return how many times wider the interval of a difference were if both worlds had luck of their own.

    The variance of a difference of independent means is the sum of theirs.
    """
    if len(apart) < 2 or np.ptp(apart) == 0:
        return None
    return float(math.sqrt((base.var(ddof=1) + other.var(ddof=1)) / apart.var(ddof=1)))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def share_of_error(alternatives: int, measures: Sequence[Measure]) -> float:
    """Return the error that one interval may make so that all that decide hold together."""
    return ALPHA / max(alternatives * sum(one.decides for one in measures), 1)
