"""Of how many days is a goal reached, each day judged by the contacts that came on it? Refuses to know other goals.

>>> goal = Goal(metric="abandonment", channel="chat", at_most=0.1, on_days=0.9)
>>> reached_on_days(goal, 0.92), reached_on_days(goal, float("nan"))
(True, False)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import contacts_of
from results.metrics import metric_of, values_of
from scenarios.local_days import LocalDays
from scenarios.scenario import Goal


def days_reached(
    goals: Sequence[Goal], legs: pd.DataFrame, local: LocalDays, until_s: float, from_s: float = 0.0
) -> list[float]:
    """Return for each goal the share of days of all replications on which it is reached; NaN where nobody came.

    Args:
        goals: with a channel, a team, or neither.
        legs: the contact log of one or more replications.
        local: when days begin.
        until_s: when the log ends, in scenario seconds.
        from_s: contacts that came before do not count.
    """
    contacts = contacts_of(legs, until_s)
    contacts = contacts[contacts["arrived_s"] >= from_s]
    days = np.array([local.day_at(at_s) for at_s in contacts["arrived_s"]])
    return [_share(goal, contacts, days) for goal in goals]


def _share(goal: Goal, contacts: pd.DataFrame, days: npt.NDArray[np.int64]) -> float:
    chosen = np.ones(len(contacts), dtype=bool)
    if goal.channel is not None:
        chosen &= (contacts["channel"] == goal.channel).to_numpy(dtype=bool, na_value=False)
    if goal.team is not None:
        chosen &= (contacts["team"] == goal.team).to_numpy(dtype=bool, na_value=False)
    values = values_of(contacts, goal.metric, goal.within_s)
    chosen &= ~np.isnan(values)
    keys = [contacts["replication"].to_numpy()[chosen], days[chosen]]
    by_day = pd.Series(values[chosen]).groupby(keys)
    figures = [metric_of(np.asarray(some, dtype=np.float64), goal.metric) for _, some in by_day]
    reached = [is_reached(goal, figure) for figure in figures]
    return float(np.mean(reached)) if reached else float("nan")


def is_reached(goal: Goal, value: float) -> bool:
    """Say whether a value reaches a goal's bound."""
    return value >= goal.at_least if goal.at_least is not None else value <= (goal.at_most or 0.0)


def reached_on_days(goal: Goal, share: float) -> bool:
    """Say whether a share of days is as large as a goal asks."""
    return goal.on_days is not None and share >= goal.on_days
