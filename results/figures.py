"""Figures: metrics with their intervals over replications, and whether goals are reached.

A replication is boiled down to the mean and count of each figure asked for (`told_of`), so that a thousand of them need
no more memory than one; `figures_from` then takes the replications as the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.metrics import Contacts, Values, contacts_of, values_of
from results.statistics import replication_estimate
from scenarios.reading import LoadedScenario
from scenarios.scenario import Gate, Goal, Scenario


@dataclass(frozen=True)
class Figure:
    """A metric's value with its interval over replications, 95 % unless asked otherwise; `n` counts contacts."""

    name: str
    within_s: float | None
    channel: str | None
    team: str | None
    value: float
    low: float
    high: float
    n: int


class Key(NamedTuple):
    """Which figure: a metric, over a channel and the team that answered first, or over all."""

    metric: str
    within_s: float | None
    channel: str | None
    team: str | None

    @classmethod
    def of(cls, item: Goal | Gate) -> Key:
        """Return what a goal or gate is about."""
        return cls(item.metric, item.within_s, item.channel, item.team)


class Told(NamedTuple):
    """What one replication says of each figure: its mean (NaN where nothing is known) and over how many contacts."""

    means: Values
    counts: npt.NDArray[np.int64]


USUAL = (
    "wait_s_mean", "wait_answered_s_mean", "abandonment", "handle_s_mean", "transfer_share", "contained_share",
    "still_waiting_share",
)  # fmt: skip


def keys_of(scenario: Scenario) -> list[Key]:
    """Return the usual figures per channel, and those that the scenario's goals and gates name."""
    named: list[Goal | Gate] = [*scenario.goals, *scenario.gates]
    keys = [Key.of(item) for item in named]
    for channel, hours in scenario.channels.items():
        keys += [Key(metric, None, channel, None) for metric in USUAL]
        if hours.lines is not None:
            keys.append(Key("blocked_share", None, channel, None))
    return list(dict.fromkeys(keys))


def told_of(contacts: Contacts, keys: Sequence[Key], scenario: Scenario, from_s: float = 0.0) -> Told:
    """Boil one replication down.

    Args:
        contacts: columns of `contacts_of`; `channel` and `team` as text or as positions in the scenario (-1: none).
        keys: the figures asked for.
        scenario: whose channels and teams these are.
        from_s: contacts that arrived before are left out.
    """
    channel = _positions(contacts["channel"], list(scenario.channels))
    team = _positions(contacts["team"], list(scenario.teams))
    late_enough = np.asarray(contacts["arrived_s"]) >= from_s
    places: dict[str, npt.NDArray[np.bool_]] = {
        name: (channel == place) & late_enough for place, name in enumerate(scenario.channels)
    }
    known: dict[tuple[str, float | None], Values] = {}
    means, counts = np.full(len(keys), np.nan), np.zeros(len(keys), dtype=np.int64)
    for position, key in enumerate(keys):
        if key[:2] not in known:
            known[key[:2]] = values_of(contacts, key.metric, key.within_s)
        chosen = late_enough if key.channel is None else places[key.channel]
        if key.team is not None:
            chosen = chosen & (team == list(scenario.teams).index(key.team))
        values = known[key[:2]][chosen]
        values = values[~np.isnan(values)]
        counts[position] = len(values)
        if len(values):
            means[position] = values.mean()
    return Told(means, counts)


def figures_from(keys: Sequence[Key], told: Sequence[Told], level: float = 0.95) -> list[Figure]:
    """Return the figures of replications with their intervals; those of which nothing is known are left out."""
    means, counts = (np.array([getattr(one, name) for one in told]) for name in ("means", "counts"))
    figures = []
    for position, key in enumerate(keys):
        estimate = replication_estimate(means[:, position])
        low, high = estimate.interval(level)
        count = int(counts[:, position].sum())
        if count:
            figures.append(Figure(*key, estimate.value, low, high, count))
    return figures


def figures_of(loaded: LoadedScenario, legs: pd.DataFrame, from_s: float = 0.0) -> list[Figure]:
    """Return the figures of a log of one or more replications."""
    keys = keys_of(loaded.scenario)
    by_replication = contacts_of(legs).groupby("replication", sort=True)
    told = [told_of(contacts, keys, loaded.scenario, from_s) for _, contacts in by_replication]
    return figures_from(keys, told) if told else []


def goal_met(goal: Goal, figures: Sequence[Figure]) -> tuple[Figure, bool]:
    """Return a goal's figure and whether it is reached; no data never reaches a goal."""
    key = Key.of(goal)
    figure = next((one for one in figures if Key(one.name, one.within_s, one.channel, one.team) == key), None)
    if figure is None:
        return Figure(*key, np.nan, np.nan, np.nan, 0), False
    return figure, figure.value >= goal.at_least if goal.at_least is not None else figure.value <= (goal.at_most or 0.0)


def _positions(names: object, known: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return which of `known` each name is; what is told as positions stays so."""
    values = np.asarray(names)
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64, copy=False)
    return pd.Index(known).get_indexer(pd.Index(values, dtype=object)).astype(np.int64)
