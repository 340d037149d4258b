"""What became of all customers of a load test: each planned one counted once, by how it ended and by stage.

>>> list(GROUPS)[0]
'resolved'
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.endings import NOT_COME, told_outcomes
from results.load_figures import Measured
from results.runs import Run
from results.words import OUTCOME_WORDS, channel_words, counted

GROUPS = {
    "resolved": ("resolved",),
    "gave up waiting": ("abandoned", "silent", "balked"),
    "the desk failed": ("target_error",),
    "found no way in": ("blocked", "closed", "cleared_at_close"),
    "other ends": (),
    "cut off when the run ended": ("censored",),
    "never came, as the run ended": (NOT_COME,),
    "we failed, or did not begin": ("failed", "unstarted", "withheld"),
}
"""Ends that are drawn together, in the order of the page's colours; what stands in none is one of the other ends."""


@dataclass(frozen=True)
class Column:
    """A stage, or what was due after all of them; `counts` says whether figures of the whole have it."""

    name: str
    counts: bool
    numbers: Mapping[str, int]


@dataclass(frozen=True)
class Customers:
    """All contacts of a run by how they ended; who came back is a contact again."""

    planned: int | None
    """None where the run does not say."""
    known: int
    """Planned contacts of whom the log tells."""
    again: int
    """Contacts beyond the planned ones: who came back, or went to another channel."""
    begun: int
    """Planned contacts that were begun."""
    begun_again: int
    """Of the others, those that were."""
    columns: tuple[Column, ...]

    def total(self, outcome: str) -> int:
        """Return how many ended so in all."""
        return sum(column.numbers.get(outcome, 0) for column in self.columns)

    def outcomes(self) -> list[str]:
        """Return the ends that occurred, in the order in which pages tell them."""
        found = {outcome for column in self.columns for outcome in column.numbers}
        return [*(end for end in OUTCOME_WORDS if end in found), *sorted(found - OUTCOME_WORDS.keys())]


def customers_of(run: Run, measured: Measured) -> Customers:
    """Count all contacts of a run, warm-up and what lies outside of all stages included."""
    first = measured.legs[measured.legs["leg"] == 0]
    due_s = measured.due_s()[first.index]
    columns, left = [], pd.Series(True, index=first.index)
    for stage in measured.stages:
        here = (due_s >= stage["from_s"]) & (due_s < stage["to_s"]) & left
        columns.append(Column(str(stage["stage"]), not stage["warm_up"], _counted(first[here])))
        left &= ~here
    if left.any() or not columns:
        columns.append(Column("after the stages" if columns else "contacts", True, _counted(first[left])))
    planned = _is_planned(run, first)
    came = first["arrived_s"].notna()
    return Customers(
        planned=_planned(run), known=int(planned.sum()), again=int((~planned).sum()),
        begun=int((planned & came).sum()), begun_again=int((~planned & came).sum()), columns=tuple(columns),
    )  # fmt: skip


def begun_words(customers: Customers) -> str:
    """Say how many planned contacts were begun, and how many more came back."""
    planned = customers.known if customers.planned is None else customers.planned
    more = f", and {customers.begun_again:,} more came back" if customers.begun_again else ""
    were = "was" if planned == 1 else "were"
    return f"{customers.begun:,} of {counted(planned, 'planned contact')} {were} begun{more}"


def bars_of(measured: Measured) -> pd.DataFrame:
    """Return, for each channel, how many contacts ended in each group: columns bar, outcome, contacts."""
    first = measured.legs[measured.legs["leg"] == 0]
    group_of = {end: group for group, ends in GROUPS.items() for end in ends}
    groups = told_outcomes(first).map(lambda end: group_of.get(end, "other ends"))
    counted = first.groupby([first["channel"].map(channel_words), groups]).size().reset_index()
    counted.columns = pd.Index(["bar", "outcome", "contacts"])
    return counted


def groups_in(bars: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the groups that occurred, each with its place in the page's colours, from 1."""
    return [(number, group) for number, group in enumerate(GROUPS, start=1) if group in set(bars["outcome"])]


def _counted(first: pd.DataFrame) -> dict[str, int]:
    counts = told_outcomes(first).value_counts()
    return {str(outcome): int(count) for outcome, count in counts.items()}


def _planned(run: Run) -> int | None:
    told: Any = run.facts.get("planned")
    if isinstance(told, int):
        return told
    return len(run.plan()) if (run.folder / "plan.parquet").is_file() else None


def _is_planned(run: Run, first: pd.DataFrame) -> pd.Series[bool]:
    if (run.folder / "plan.parquet").is_file():
        return first["contact_id"].isin(set(run.plan()["contact_id"]))
    attempt = first["attempt"].fillna(1).astype(float)
    return attempt <= (attempt.min() if len(attempt) else math.inf)
