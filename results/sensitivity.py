"""What came of weighing beliefs: which uncertain inputs move which figure, by how much, and what else makes it unsure.

For each figure four views of the same question: the figure at both ends of each input (`Swing`, a tornado), Morris'
screening (`results.screening`), Sobol's indices (`results.sobol_indices`), and how its uncertainty divides into chance,
inputs and too few runs (`results.variance_split`). Refuses to know how anything was played.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.screening import Screened
from results.sobol_indices import Index
from results.statistics import replication_estimate
from results.variance_split import Split
from results.whatif import PAIR_NAMES, Measure
from scenarios.uncertain_inputs import Input

Values = npt.NDArray[np.float64]

REST = "all others together"
"""What the inputs are called that the screening has left out, which are drawn as one."""


@dataclass(frozen=True)
class Swing:
    """A figure at the low and the high end of an input, all others at their middle; intervals at 95 %, of pairs.

    Attributes:
        base: at the middle of all.
        at_low: at the input's low end.
        at_high: at its high end.
        low: at_low less base: difference, low end of its interval, high end.
        high: at_high less base, the same.
        span: at_high less at_low, the same.
        replications: days, on the same luck everywhere.
    """

    base: float
    at_low: float
    at_high: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    span: tuple[float, float, float]
    replications: int

    @property
    def told(self) -> bool:
        """Whether the two ends are told apart."""
        return self.span[1] > 0 or self.span[2] < 0


def swing_of(base: Values, low: Values, high: Values) -> Swing | None:
    """Return a swing from the figure by replication, the same in each; None where fewer than two are known."""
    known = ~(np.isnan(base) | np.isnan(low) | np.isnan(high))
    base, low, high = base[known], low[known], high[known]
    if len(base) < 2:
        return None
    return Swing(
        float(base.mean()), float(low.mean()), float(high.mean()), _paired(low - base), _paired(high - base),
        _paired(high - low), len(base),
    )  # fmt: skip


def _paired(apart: Values) -> tuple[float, float, float]:
    found = replication_estimate(apart)
    return found.value, *(found.interval() if found.error else (found.value, found.value))


@dataclass(frozen=True)
class Weighed:
    """All that is told of a figure; what too little was played for is None.

    Attributes:
        measure: which figure.
        swings: of each input.
        screening: of each input.
        indices: of each input in `Sensitivity.drawn`; None also where chance hides what inputs do: cannot tell.
        split: of its uncertainty.
    """

    measure: Measure
    swings: tuple[Swing | None, ...]
    screening: tuple[Screened, ...] | None
    indices: tuple[Index, ...] | None
    split: Split | None


@dataclass(frozen=True)
class Sensitivity:
    """What came out.

    Attributes:
        inputs: what is not known.
        figures: what was weighed.
        drawn: names of what Sobol's indices are of: inputs by path, and perhaps `REST`; empty before they were played.
        rest: paths of the inputs that are `REST`.
        replications: lucks that each set of inputs was played on, beside the tornado.
        rows: of Sobol's sampling, played whole.
        trajectories: of Morris' sampling, played whole.
        most: so many evaluations would have been played at most.
        whole: False where an interruption has ended it.
        currency: of money; None where the scenario names none.
        days: that a replication covers.
        wall_s: how long it took.
        evaluations: each set of inputs on each luck: stage, row, point, replication, inputs, figures.
    """

    inputs: tuple[Input, ...]
    figures: tuple[Weighed, ...]
    drawn: tuple[str, ...]
    rest: tuple[str, ...]
    replications: int
    rows: int
    trajectories: int
    most: int
    whole: bool
    currency: str | None
    days: int
    wall_s: float
    evaluations: pd.DataFrame = field(repr=False, compare=False)

    def tornado(self) -> pd.DataFrame:
        """Return a row for each figure and input: the figure at both ends, and paired differences with intervals."""
        return pd.DataFrame(
            {
                **_names(one.measure), "input": about.path, "low_end": low, "high_end": high, "base": swing.base,
                "at_low": swing.at_low, "at_high": swing.at_high, **_triple("low", swing.low),
                **_triple("high", swing.high), **_triple("span", swing.span), "told": swing.told,
            }
            for one in self.figures
            for about, swing in zip(self.inputs, one.swings, strict=True)
            if swing is not None
            for low, high in [tuple(about.value(end) for end in about.told.law.ends)]
        )  # fmt: skip

    def screening(self) -> pd.DataFrame:
        """Return a row for each figure and input: Morris' measures, and whether chance could have made them."""
        return pd.DataFrame(
            {**_names(one.measure), "input": about.path, **dataclasses.asdict(screened)}
            for one in self.figures
            for about, screened in zip(self.inputs, one.screening or (), strict=one.screening is not None)
        )

    def indices(self) -> pd.DataFrame:
        """Return a row for each figure and drawn input: first and total order with intervals; NaN: cannot tell."""
        return pd.DataFrame(
            {**_names(one.measure), "input": name, **(dataclasses.asdict(index) if index else _NO_INDEX)}
            for one in self.figures
            for name, index in zip(self.drawn, one.indices or [None] * len(self.drawn), strict=True)
        )

    def bands(self) -> pd.DataFrame:
        """Return a row for each figure and part of its uncertainty: variance, share, and the band it makes alone."""
        return pd.DataFrame(_band_rows(self.figures))

    def facts(self) -> dict[str, Any]:
        """Return it as plain values, for run.json."""
        return {
            "inputs": [_input_facts(one) for one in self.inputs],
            "figures": [_figure_facts(one) for one in self.figures],
            "drawn": list(self.drawn), "rest": list(self.rest), "replications": self.replications, "rows": self.rows,
            "trajectories": self.trajectories, "evaluations": len(self.evaluations), "most": self.most,
            "whole": self.whole, "currency": self.currency, "days": self.days,
        }  # fmt: skip


_NO_INDEX = dict.fromkeys((one.name for one in dataclasses.fields(Index)), np.nan)


def _names(measure: Measure) -> dict[str, Any]:
    return {name: getattr(measure.key, name) for name in PAIR_NAMES}


def _triple(name: str, told: Sequence[float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), told, strict=True))


def _band_rows(figures: Sequence[Weighed]) -> Iterator[dict[str, Any]]:
    for one in figures:
        if one.split is None:
            continue
        split = one.split
        parts = (
            ("day-to-day chance", split.chance, split.chance_band),
            ("not knowing the inputs", max(split.inputs, 0.0), split.inputs_band),
            ("too few runs", split.runs, split.runs_band),
        )
        for at, (name, variance, (low, high)) in enumerate(parts):
            share = split.shares[at] if split.shares else np.nan
            row = {"part": name, "variance": variance, "share": share, "low": low, "high": high, "mean": split.mean}
            yield {**_names(one.measure), **row}


def _input_facts(one: Input) -> dict[str, Any]:
    low, high = (one.value(end) for end in one.told.law.ends)
    return {
        "path": one.path, "says": one.told.says, "source": one.told.source, "is_factor": one.is_factor,
        "whole": one.whole, "low": low, "middle": one.value(0.5), "high": high, "places": len(one.places),
        "known": one.told.law.model_dump(exclude_none=True, include=_KNOWN),
    }  # fmt: skip


_KNOWN = {"low", "high", "mode", "mean", "cv", "sd"}


def _figure_facts(one: Weighed) -> dict[str, Any]:
    split = one.split
    more = {"shares": split.shares, "knows_inputs": split.knows_inputs, "narrower": split.narrower} if split else {}
    return {
        **_names(one.measure), "unit": one.measure.unit, "better": one.measure.better, "name": one.measure.name,
        "swings": [{**dataclasses.asdict(swing), "told": swing.told} if swing else None for swing in one.swings],
        "screening": None if one.screening is None else [dataclasses.asdict(screened) for screened in one.screening],
        "indices": None if one.indices is None else [dataclasses.asdict(index) for index in one.indices],
        "split": {**dataclasses.asdict(split), **more} if split else None,
    }  # fmt: skip
