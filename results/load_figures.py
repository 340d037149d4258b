"""Figures of a load test: responses and counted states per stage, channel and step; and whether thresholds are kept.

Percentiles are exact, from the journal: the least time that so many of 100 do not exceed (Hyndman and Fan 1996,
definition 1). Each stands twice, from the intended and from the actual start. A contact belongs to the stage in which
it was due; those of warm-up stages stand in no figure of the whole. What nothing answered has no time, and is counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from results.contacts import contacts_of
from results.endings import NOT_COME, NOT_MEASURED, never_came, told_outcomes, why_not_told
from results.metrics import metric_of, values_of
from results.responses import responses_of
from results.runs import Run
from results.stages import warm_up_s_of
from scenarios.thresholds import PERCENTS, RESPONSE_NAMES, SHARE_NAMES, Threshold

STATES = ("unstarted", "withheld", "blocked", "abandoned", "target_error", "failed", "censored", NOT_COME)
"""Counted states of contacts, beside those that came to their end."""

SHARE_OF = {
    "error_share": "target_error", "failed_share": "failed", "drop_share": "unstarted", "withheld_share": "withheld",
}  # fmt: skip
"""Which outcome a share of contacts is about."""


@dataclass(frozen=True)
class Measured:
    """A measured run, as its figures want it."""

    legs: pd.DataFrame
    responses: pd.DataFrame
    """With `due_s` and `channel` of the contact."""
    stages: Sequence[Mapping[str, Any]]
    warm_up_s: float

    @classmethod
    def of(cls, run: Run) -> Measured:
        """Read a run."""
        legs = run.table("legs")
        responses = responses_of(run.table("steps"), run.table("messages"))
        first = legs[legs["leg"] == 0].drop_duplicates("contact_id").set_index("contact_id")
        responses = responses.join(first[["due_s", "channel"]], on="contact_id")
        return cls(legs, responses, run.facts.get("stages") or (), warm_up_s_of(run.facts))

    def part(self, stage: str | None = None, channel: str | None = None, step: str | None = None) -> Measured:
        """Return what belongs to a stage (to all but warm-up where None), a channel and a step."""
        spell = next(((one["from_s"], one["to_s"]) for one in self.stages if one["stage"] == stage), None)
        from_s, to_s = spell if spell is not None else (self.warm_up_s, math.inf)
        due_s = self.due_s()
        here = (due_s >= from_s) & (due_s < to_s)
        there = (self.responses["due_s"] >= from_s) & (self.responses["due_s"] < to_s)
        if channel is not None:
            here, there = here & (self.legs["channel"] == channel), there & (self.responses["channel"] == channel)
        if step is not None:
            there = there & (self.responses["what"] == step)
        return Measured(self.legs[here], self.responses[there], self.stages, self.warm_up_s)

    def response_s(self, measured: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the times to the first answer, sorted, from the `intended` or the `actual` start."""
        return _ordered_s(self.responses, measured)

    def due_s(self) -> pd.Series[float]:
        """Return when the contact of each leg was due."""
        return self.legs["due_s"].groupby(self.legs["contact_id"]).transform("min")

    def spells(self) -> list[tuple[str, float, float]]:
        """Return from and to when each stage lasts, where there are several; then `all`, which leaves warm-up out."""
        stages = self.stages if len(self.stages) > 1 else ()
        spells = [(str(one["stage"]), float(one["from_s"]), float(one["to_s"])) for one in stages]
        return [*spells, ("all", self.warm_up_s, math.inf)]


def _ordered_s(responses: pd.DataFrame, start: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    times = (responses["seen_by_s"] - responses[f"{start}_s"]).dropna()
    return np.sort(times.to_numpy(dtype=np.float64))


def percentile_of(ordered: np.ndarray[Any, np.dtype[np.float64]], percent: float) -> float:
    """Return the least of sorted values that so many of 100 do not exceed; NaN of none.

    >>> percentile_of(np.arange(1.0, 1001.0), 99.9)
    999.0
    """
    if not len(ordered):
        return math.nan
    return float(ordered[max(math.ceil(round(percent * len(ordered) / 100, 9)) - 1, 0)])


def value_of(threshold: Threshold, measured: Measured) -> tuple[float, int]:
    """Return the value of a threshold's figure and of how many contacts or steps it is; NaN of none."""
    part = measured.part(threshold.stage, threshold.channel, threshold.step)
    if threshold.metric in RESPONSE_NAMES:
        return _response(threshold, part)
    if threshold.metric in SHARE_NAMES:
        return share_of(threshold.metric, part.legs)
    contacts = contacts_of(part.legs)
    values = values_of(contacts, threshold.metric, threshold.within_s)
    return metric_of(values, threshold.metric), int((~np.isnan(values)).sum())


def _response(threshold: Threshold, part: Measured) -> tuple[float, int]:
    if threshold.metric == "unanswered_share":
        count = len(part.responses)
        return (float(part.responses["seen_by_s"].isna().mean()) if count else math.nan), count
    ordered = part.response_s(threshold.measured)
    name = threshold.metric.removeprefix("response_s_")
    return percentile_of(ordered, 100.0 if name == "max" else PERCENTS[name]), len(ordered)


def share_of(metric: str, legs: pd.DataFrame) -> tuple[float, int]:
    """Return a share of contacts, and of how many."""
    counted = share_flags(metric, legs)
    return (float(counted.mean()) if len(counted) else math.nan), len(counted)


def share_flags(metric: str, legs: pd.DataFrame) -> pd.Series[bool]:
    """Return, for each contact that a share is of, whether it counts.

    Begun is who arrived. Whom the end of a run kept from coming is none of those that were to come either.
    """
    first = legs[legs["leg"] == 0]
    of = first["arrived_s"].notna() if begun_or_planned(metric) == "begun" else ~never_came(first)
    return first.loc[of, "contact_outcome"] == SHARE_OF[metric]


def begun_or_planned(metric: str) -> Literal["begun", "planned"]:
    """Say of which contacts a share is: of those begun, or of all that were to come."""
    return "planned" if SHARE_OF[metric] in ("unstarted", "withheld") else "begun"


@dataclass(frozen=True)
class Checked:
    """A threshold and what was measured; `kept` is None where that does not tell, and `untold` says why."""

    threshold: Threshold
    value: float
    n: int
    kept: bool | None
    ended_run: bool = False
    """Whether the run was aborted for it: then it is missed."""
    untold: str = ""


def check_thresholds(thresholds: Sequence[Threshold], measured: Measured, facts: Mapping[str, Any]) -> list[Checked]:
    """Hold a run against thresholds; a stage that was not played keeps none, nor is that kept which ended the run.

    Of a run that was cut off, or met a shut desk only, none is kept: it is missed, or cannot be told.

    Args:
        thresholds: what is to be kept.
        measured: the run.
        facts: its run.json, of which `state`, `stopped` and `aborted` are used.
    """
    told, why = [], why_not_told(facts, measured.legs)
    aborted = facts.get("aborted")
    ended = None if aborted is None else Threshold.model_validate(aborted["threshold"])
    for threshold in thresholds:
        value, n = value_of(threshold, measured)
        played = threshold.stage is None or any(one["stage"] == threshold.stage for one in measured.stages)
        known = played and not math.isnan(value)
        kept = threshold.is_kept_by(value) and threshold != ended if known else None
        untold = NOT_MEASURED if kept is None else why if kept else ""
        told.append(Checked(threshold, value, n if known else 0, None if untold else kept, threshold == ended, untold))
    return told


def load_rows(measured: Measured) -> Iterator[dict[str, Any]]:
    """Yield a row per stage, channel and step: counted states, and percentiles from both starts in scenario seconds.

    `unanswered` are the steps that no time is known of: percentiles are of the others.
    """
    for part in _parts(measured):
        counts = {state: part.outcomes.get(state, 0) for state in STATES}
        for step, responses in part.responses:
            row: dict[str, Any] = {"stage": part.stage, "channel": part.channel, "step": step}
            row |= {"contacts": sum(part.outcomes.values()), **counts, "steps": len(responses)}
            row["unanswered"] = int(responses["seen_by_s"].isna().sum())
            for start in ("intended", "actual"):
                ordered = _ordered_s(responses, start)
                row |= {f"{start}_{name}_s": percentile_of(ordered, percent) for name, percent in PERCENTS.items()}
                row[f"{start}_max_s"] = percentile_of(ordered, 100.0)
            yield row


def state_rows(measured: Measured) -> Iterator[dict[str, Any]]:
    """Yield a row per stage and channel, also where nothing was ever answered: how many contacts ended in each way."""
    for part in _parts(measured):
        known = dict.fromkeys(("resolved", *STATES), 0)
        yield {"stage": part.stage, "channel": part.channel, **known, **part.outcomes}


@dataclass(frozen=True)
class _Part:
    """What a stage and a channel have: contacts by how they ended, and responses by step."""

    stage: str
    channel: str
    outcomes: Mapping[str, int]
    responses: Sequence[tuple[str, pd.DataFrame]]


def _parts(measured: Measured) -> Iterator[_Part]:
    """Yield the part of each stage (where there are several; then of `all`) and channel, grouped once a stage."""
    first = measured.legs[measured.legs["leg"] == 0]
    due_s = measured.due_s()[first.index]
    for stage, from_s, to_s in measured.spells():
        here = first[(due_s >= from_s) & (due_s < to_s)]
        asked_s = measured.responses["due_s"]
        there = measured.responses[(asked_s >= from_s) & (asked_s < to_s)]
        counted = here.groupby(["channel", told_outcomes(here)]).size().reset_index()
        outcomes: dict[str, dict[str, int]] = {}
        for channel, outcome, count in counted.itertuples(index=False, name=None):
            outcomes.setdefault(str(channel), {})[str(outcome)] = int(count)
        steps: dict[str, list[tuple[str, pd.DataFrame]]] = {}
        for (channel, step), rows in there.groupby(["channel", "what"]):
            steps.setdefault(str(channel), []).append((str(step), rows))
        for channel in sorted(set(measured.legs["channel"].dropna())):
            yield _Part(stage, str(channel), outcomes.get(channel, {}), steps.get(channel, []))
