"""Figures: metrics with their intervals over replications, and whether goals are reached.

A replication is boiled down to the mean and count of each figure asked for (`told_of`), so that a thousand of them need
no more memory than one; `figures_from` then takes the replications as the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.metrics import Contacts, Values, contacts_of, values_of
from results.statistics import replication_estimate
from scenarios.reading import LoadedScenario
from scenarios.scenario import Gate, Goal, Scenario
from scenarios.units import DAY_S, clock_s, clock_text


@dataclass(frozen=True)
class Figure:
    """A metric's value with its interval over replications, 95 % unless asked otherwise; `n` counts contacts.

    Of contacts over a channel, of an intent, that a team answered first, or that came in a half-hour of the day
    (``HH:MM``); each None where over all.
    """

    name: str
    within_s: float | None
    channel: str | None
    team: str | None
    value: float
    low: float
    high: float
    n: int
    intent: str | None = None
    interval: str | None = None


class Key(NamedTuple):
    """Which figure, as in `Figure`."""

    metric: str
    within_s: float | None
    channel: str | None
    team: str | None
    intent: str | None = None
    interval: str | None = None

    @classmethod
    def of(cls, item: Goal | Gate) -> Key:
        """Return what a goal or gate is about."""
        return cls(item.metric, item.within_s, item.channel, item.team)


class Told(NamedTuple):
    """What one replication says of each figure: its mean (NaN where nothing is known) and over how many contacts."""

    means: Values
    counts: npt.NDArray[np.int64]


class WorkedTime(NamedTuple):
    """What a team's agents did in one replication, from `from_s` on: seconds busy and on duty, contacts they had."""

    busy_s: Values
    on_duty_s: Values
    contacts: npt.NDArray[np.int64]
    """Each by team, in the scenario's order."""


USUAL = (
    "wait_s_mean", "wait_answered_s_mean", "waited_share", "abandonment", "handle_s_mean", "transfer_share",
    "contained_share", "still_waiting_share",
)  # fmt: skip

INTERVAL_S = 1800

By = Literal["intent", "interval"]
"""By what figures may be told apart, beside the channel."""


def keys_of(scenario: Scenario, by: Sequence[By] = ()) -> list[Key]:
    """Return the usual figures per channel and team, those that goals and gates name, and all of them told apart `by`.

    Intervals are half-hours of the day, over all days.
    """
    named: list[Goal | Gate] = [*scenario.goals, *scenario.gates]
    keys = [Key.of(item) for item in named]
    for channel, hours in scenario.channels.items():
        keys += [Key(metric, None, channel, None) for metric in USUAL]
        if hours.lines is not None:
            keys.append(Key("blocked_share", None, channel, None))
    keys = list(dict.fromkeys(keys))
    whole = [key for key in keys if key.team is None]
    if "intent" in by:
        keys += [key._replace(intent=intent) for key in whole for intent in scenario.intents]
    if "interval" in by:
        starts = [clock_text(at_s) for at_s in range(0, DAY_S, INTERVAL_S)]
        keys += [key._replace(interval=interval) for key in whole for interval in starts]
    return keys + [Key("occupancy", None, None, name) for name, team in scenario.teams.items() if not team.self_service]


def told_of(
    contacts: Contacts, worked: WorkedTime, keys: Sequence[Key], scenario: Scenario, from_s: float = 0.0
) -> Told:
    """Boil one replication down.

    Args:
        contacts: columns of `contacts_of`; names as text or as positions in the scenario (-1: none).
        worked: what the teams did.
        keys: the figures asked for.
        scenario: whose channels, intents and teams these are.
        from_s: contacts that arrived before are left out.
    """
    arrived_s = np.asarray(contacts["arrived_s"])
    chosen = _Choice(contacts, scenario, arrived_s >= from_s, (arrived_s % DAY_S // INTERVAL_S).astype(np.int64))
    known: dict[tuple[str, float | None], Values] = {}
    means, counts = np.full(len(keys), np.nan), np.zeros(len(keys), dtype=np.int64)
    for position, key in enumerate(keys):
        if key.metric == "occupancy":
            team = list(scenario.teams).index(str(key.team))
            counts[position] = worked.contacts[team]
            if worked.on_duty_s[team]:
                means[position] = worked.busy_s[team] / worked.on_duty_s[team]
            continue
        if key[:2] not in known:
            known[key[:2]] = values_of(contacts, key.metric, key.within_s)
        values = known[key[:2]][chosen.rows(key)]
        values = values[~np.isnan(values)]
        counts[position] = len(values)
        if len(values):
            means[position] = values.mean()
    return Told(means, counts)


class _Choice:
    """Which contacts a figure is about: each set is looked up once, however many figures are about it."""

    def __init__(
        self,
        contacts: Contacts,
        scenario: Scenario,
        late_enough: npt.NDArray[np.bool_],
        interval: npt.NDArray[np.int64],
    ) -> None:
        self._late_enough, self._interval = late_enough, interval
        self._names: dict[str, list[str]] = {
            "channel": list(scenario.channels), "intent": list(scenario.intents), "team": list(scenario.teams),
        }  # fmt: skip
        self._places = {name: _positions(contacts[name], known) for name, known in self._names.items()}
        self._found: dict[tuple[str | None, ...], npt.NDArray[np.int64]] = {}

    def rows(self, key: Key) -> npt.NDArray[np.int64]:
        about = key[2:]
        if about not in self._found:
            if key.intent is None and key.interval is None and key.team is None:
                wider: npt.NDArray[np.int64] = np.flatnonzero(self._late_enough)
            else:
                wider = self.rows(Key("", None, key.channel, None))
            for name in ("channel", "team", "intent"):
                asked = getattr(key, name)
                if asked is not None:
                    wider = wider[self._places[name][wider] == self._names[name].index(asked)]
            if key.interval is not None:
                wider = wider[self._interval[wider] == clock_s(key.interval) // INTERVAL_S]
            self._found[about] = wider
        return self._found[about]


def worked_of(legs: pd.DataFrame, staffing: pd.DataFrame, scenario: Scenario, from_s: float = 0.0) -> WorkedTime:
    """Sum up what teams did in one replication of a log; what goes on after the log's end is not counted."""
    teams = list(scenario.teams)
    served = legs[legs["agent"].notna()]
    end_s = max(staffing["to_s"].max(), 0.0) if len(staffing) else 0.0
    busy = _inside(served["answered_s"], served["released_s"].fillna(np.inf), from_s, scenario.days * float(DAY_S))
    there = _inside(staffing["from_s"], staffing["to_s"], from_s, max(end_s, from_s))
    of_leg, of_spell = _positions(served["team"], teams), _positions(staffing["team"], teams)
    return WorkedTime(
        np.bincount(of_leg, weights=busy, minlength=len(teams)).astype(np.float64),
        np.bincount(of_spell, weights=there, minlength=len(teams)).astype(np.float64),
        np.bincount(of_leg, minlength=len(teams)),
    )


def _inside(begins: pd.Series[float], ends: pd.Series[float], from_s: float, to_s: float) -> Values:
    begun = np.maximum(begins.to_numpy(dtype=np.float64), from_s)
    inside: Values = np.maximum(np.minimum(ends.to_numpy(dtype=np.float64), to_s) - begun, 0.0)
    return inside


def figures_from(keys: Sequence[Key], told: Sequence[Told], level: float = 0.95) -> list[Figure]:
    """Return the figures of replications with their intervals; those of which nothing is known are left out."""
    means, counts = (np.array([getattr(one, name) for one in told]) for name in ("means", "counts"))
    figures = []
    for position, key in enumerate(keys):
        estimate = replication_estimate(means[:, position])
        low, high = estimate.interval(level)
        count = int(counts[:, position].sum())
        if count:
            figures.append(Figure(*key[:4], estimate.value, low, high, count, *key[4:]))
    return figures


def figures_of(loaded: LoadedScenario, legs: pd.DataFrame, staffing: pd.DataFrame, from_s: float = 0.0) -> list[Figure]:
    """Return the figures of a log of one or more replications."""
    scenario = loaded.scenario
    keys = keys_of(scenario)
    spells = dict(list(staffing.groupby("replication")))
    own = dict(list(legs.groupby("replication")))
    told = []
    for replication, contacts in contacts_of(legs).groupby("replication", sort=True):
        worked = worked_of(own[replication], spells.get(replication, staffing.iloc[:0]), scenario, from_s)
        told.append(told_of(contacts, worked, keys, scenario, from_s))
    return figures_from(keys, told) if told else []


def is_worth_telling(figure: Figure) -> bool:
    """Say whether a person should read it: that nobody was turned away or cut off goes without saying."""
    return bool(figure.value) or figure.name not in ("still_waiting_share", "blocked_share")


def key_of(figure: Figure) -> Key:
    """Return which figure it is."""
    return Key(figure.name, figure.within_s, figure.channel, figure.team, figure.intent, figure.interval)


def goal_met(goal: Goal, figures: Sequence[Figure]) -> tuple[Figure, bool]:
    """Return a goal's figure and whether it is reached; no data never reaches a goal."""
    key = Key.of(goal)
    figure = next((one for one in figures if key_of(one) == key), None)
    if figure is None:
        return Figure(*key[:4], np.nan, np.nan, np.nan, 0), False
    return figure, figure.value >= goal.at_least if goal.at_least is not None else figure.value <= (goal.at_most or 0.0)


def _positions(names: object, known: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return which of `known` each name is; what is told as positions stays so."""
    values = np.asarray(names)
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64, copy=False)
    return pd.Index(known).get_indexer(pd.Index(values, dtype=object)).astype(np.int64)
