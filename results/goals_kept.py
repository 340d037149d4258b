"""Are a scenario's goals kept in a measured run? Three-valued, since one run is a sample and not the truth.

The simulator asks replications; a desk was measured once, or a few times. How sure a figure is then, batch means tell
(contacts of one queue are correlated), of a share at least as wide as Wilson's interval, so that nobody of twenty who
gave up is not taken for nobody ever. Of several plays of one volume the contacts are pooled, one play after the other.
Who plays again until the intervals are clear has looked several times, and errs more often than each interval says: the
5 % are split evenly over the looks that there may be (Bonferroni; Wetherill and Glazebrook, Sequential Methods in
Statistics, 1986). Guarded by tests/results/test_goals_kept.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from results.bisection import CANNOT_TELL, KEPT, MISSED
from results.comparison import CONTACTS_LEAST, UNANSWERED_MOST
from results.contacts import Values, contacts_of
from results.metrics import metric_of, values_of
from results.rates import share_of
from results.statistics import Estimate, batch_means_error, percentile_error
from scenarios.metric_names import METRIC_NAMES
from scenarios.scenario import Goal

if TYPE_CHECKING:
    from results.load_figures import Checked

LOOKS_MOST = 3
"""So often a volume is looked at, at most: after each play of it."""

LOOK_LEVEL = 1 - 0.05 / LOOKS_MOST
"""Of the interval of each look, so that all looks together err in 5 % of volumes at most."""


@dataclass(frozen=True)
class JudgedGoal:
    """A goal with what was measured of it: value, interval at LOOK_LEVEL, whether it was kept; `n` counts contacts."""

    goal: Goal
    value: float
    low: float
    high: float
    n: int
    verdict: str
    reason: str = ""
    """Why it cannot be told."""


OF_THRESHOLD = {True: KEPT, False: MISSED, None: CANNOT_TELL}
"""What a threshold's `kept` comes to: what was not measured is never kept."""


def can_be_seen(goal: Goal) -> bool:
    """Say whether contacts of a run tell of a goal.

    How busy agents are and how many wait is not seen from outside; and a run has too few days for a share of them.
    """
    return goal.metric in METRIC_NAMES and goal.on_days is None


def judge_goals(goals: Sequence[Goal], plays: Sequence[pd.DataFrame]) -> list[JudgedGoal]:
    """Judge goals over the legs of one or more plays of the same volume; the warm-up has been left out of them."""
    contacts = pd.concat([contacts_of(legs) for legs in plays], ignore_index=True)
    return [_judge(goal, contacts, any(one.metric == "blocked_share" for one in goals)) for goal in goals]


def verdict_of(judged: Sequence[JudgedGoal], checked: Sequence[Checked] = ()) -> str:
    """Return whether all goals and thresholds were kept, one was missed, or neither can be told."""
    verdicts = {one.verdict for one in judged} | {OF_THRESHOLD[one.kept] for one in checked}
    return MISSED if MISSED in verdicts else KEPT if verdicts == {KEPT} else CANNOT_TELL


def _judge(goal: Goal, contacts: pd.DataFrame, blocked_apart: bool) -> JudgedGoal:
    if goal.channel is not None:
        contacts = contacts[contacts["channel"] == goal.channel]
    if goal.team is not None:
        contacts = contacts[contacts["team"] == goal.team]
    values = values_of(contacts, goal.metric, goal.within_s)
    values = values[~np.isnan(values)]
    value, (low, high) = metric_of(values, goal.metric), interval_of(values, goal.metric, LOOK_LEVEL)
    verdict, reason = _held(goal, low, high), ""
    if len(values) < CONTACTS_LEAST:
        verdict = CANNOT_TELL
        reason = f"{len(values)} contacts tell of it; below {CONTACTS_LEAST} no interval can be trusted"
    elif verdict == CANNOT_TELL:
        reason = "the interval reaches across the goal"
    silent = contacts["unanswered"] & ~contacts["blocked"] if blocked_apart else contacts["unanswered"]
    if verdict == KEPT and len(silent) and float(silent.mean()) > UNANSWERED_MOST:
        verdict = CANNOT_TELL
        reason = f"{silent.mean():.0%} were neither answered nor gave up; the others cannot speak for them"
    return JudgedGoal(goal, value, low, high, len(values), verdict, reason)


def _held(goal: Goal, low: float, high: float) -> str:
    """Hold an interval against a goal's bound."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return CANNOT_TELL
    if goal.at_least is not None:
        return KEPT if low >= goal.at_least else MISSED if high < goal.at_least else CANNOT_TELL
    most = goal.at_most or 0.0
    return KEPT if high <= most else MISSED if low > most else CANNOT_TELL


def interval_of(values: Values, metric: str, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a metric over values in order of time; infinite where there are too few."""
    if not len(values):
        return math.nan, math.nan
    percentile, is_share = METRIC_NAMES[metric].percentile, METRIC_NAMES[metric].unit == "share"
    if percentile is not None:
        return percentile_interval(values, metric_of(values, metric), percentile.percent, level)
    return mean_interval(values, is_share, level)


def percentile_interval(values: Values, value: float, percent: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a percentile, whose value is known, of times in order of time."""
    above = (values > value).astype(np.float64)
    error, freedom = batch_means_error(above)
    independent = math.sqrt(percent / 100 * (1 - percent / 100) / len(values))
    if math.isfinite(error):  # where hardly anyone lies beyond it, batches are alike by chance
        error = percentile_error(values, percent, max(error, independent), freedom)
    return _possible(*Estimate(value, error, freedom).interval(level), is_share=False)


def mean_interval(values: Values, is_share: bool, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a mean of values in order of time, or of a share."""
    low, high = Estimate(float(values.mean()), *batch_means_error(values)).interval(level)
    if is_share and np.isin(values, (0.0, 1.0)).all():
        wilson = share_of(int(values.sum()), len(values), level)
        low, high = min(low, wilson.low), max(high, wilson.high)
    return _possible(low, high, is_share)


def _possible(low: float, high: float, is_share: bool) -> tuple[float, float]:
    """Cut an interval to what such a value can be; one that knows no bound stays so."""
    if not math.isfinite(high):
        return low, high
    return max(low, 0.0), min(high, 1.0) if is_share else high
