"""Figures: metrics with their intervals over replications, and whether goals are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.metrics import contacts_of, values_of
from results.statistics import replication_estimate
from scenarios.reading import LoadedScenario
from scenarios.scenario import Gate, Goal


@dataclass(frozen=True)
class Figure:
    """A metric's value with its 95 % interval over replications; `n` counts contacts."""

    name: str
    within_s: float | None
    channel: str | None
    team: str | None
    value: float
    low: float
    high: float
    n: int


def figures_of(loaded: LoadedScenario, legs: pd.DataFrame) -> list[Figure]:
    """Return the usual metrics per channel, and those that the scenario's goals and gates name, with intervals."""
    contacts = contacts_of(legs)
    asked: dict[tuple[str, float | None, str | None, str | None], None] = {}
    items: list[Goal | Gate] = [*loaded.scenario.goals, *loaded.scenario.gates]
    for item in items:
        asked[item.metric, item.within_s, item.channel, item.team] = None
    for channel in loaded.scenario.channels:
        for metric in (
            "wait_s_mean",
            "wait_answered_s_mean",
            "abandonment",
            "handle_s_mean",
            "transfer_share",
            "contained_share",
        ):
            asked[metric, None, channel, None] = None
    values = [figure_of(contacts, *key) for key in asked]
    return [value for value in values if value.n]


def figure_of(
    contacts: pd.DataFrame, metric: str, within_s: float | None, channel: str | None, team: str | None
) -> Figure:
    """Return one metric over replications, of a channel and a team or of all."""
    chosen = contacts
    if channel is not None:
        chosen = chosen[chosen["channel"] == channel]
    if team is not None:
        chosen = chosen[chosen["team"] == team]
    drawn = pd.Series(values_of(chosen, metric, within_s), index=chosen["replication"].to_numpy())
    estimate = replication_estimate(drawn.groupby(level=0).mean().to_numpy(dtype=np.float64))
    low, high = estimate.interval()
    return Figure(metric, within_s, channel, team, estimate.value, low, high, int(drawn.notna().sum()))


def goal_met(goal: Goal, contacts: pd.DataFrame) -> tuple[Figure, bool]:
    """Return a goal's figure and whether it is reached; no data never reaches a goal."""
    value = figure_of(contacts, goal.metric, goal.within_s, goal.channel, goal.team)
    if not value.n:
        return value, False
    met = value.value >= goal.at_least if goal.at_least is not None else value.value <= (goal.at_most or 0.0)
    return value, met
