"""Figures: metrics with their intervals over replications, and whether goals are reached.

A replication is boiled down to the value and count of each figure asked for (`told_of`), so that a thousand of them
need no more memory than one; `figures_from` then takes the replications as the sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import Contacts, Values, contacts_of
from results.metrics import rank_of, values_of
from results.queues import Waits, queues_of, waits_of
from results.statistics import replication_estimate
from results.worked import TEAM_METRICS, WorkedTime, worked_of
from scenarios.jit import jit
from scenarios.metric_names import METRIC_NAMES, QUEUE_METRIC_NAMES, TEAM_METRIC_NAMES
from scenarios.reading import LoadedScenario
from scenarios.scenario import Gate, Goal, Scenario
from scenarios.units import DAY_S, INTERVAL_S, clock_text


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
    """What one replication says of each figure: its value (NaN where nothing is known) and over how many contacts."""

    values: Values
    counts: npt.NDArray[np.int64]


USUAL = (
    "wait_s_mean", "wait_s_p95", "wait_answered_s_mean", "waited_share", "abandonment", "handle_s_mean",
    "transfer_share", "contained_share", "still_waiting_share",
)  # fmt: skip

OF_PROMISES = ("promises_kept_share", "customer_resolved_share", "customer_retellings_mean")
"""Shown beside them where answers promise something: what a story of promises comes to."""

By = Literal[
    "intent", "team", "interval", "intent+team", "intent+interval", "team+interval", "intent+team+interval"
]  # fmt: skip
"""By what figures may be told apart, beside the channel: by one thing, or by each combination of several."""


def keys_of(scenario: Scenario, by: Sequence[By] = (), also: Sequence[Key] = ()) -> list[Key]:
    """Return the usual figures per channel and team, those that goals and gates name, and all of them told apart `by`.

    Beside them are those of `also`. Intervals are half-hours of the day, over all days. By team only what concerns the
    answered is told: who gave up, gave up on no team.
    """
    named: list[Goal | Gate] = [*scenario.goals, *scenario.gates]
    keys = []
    for channel, hours in scenario.channels.items():
        keys += [Key(metric, None, channel, None) for metric in USUAL]
        if hours.lines is not None:
            keys.append(Key("blocked_share", None, channel, None))
        if scenario.promises:
            keys += [Key(metric, None, channel, None) for metric in OF_PROMISES]
    keys += [Key("occupancy", None, None, name) for name, team in scenario.teams.items() if not team.self_service]
    keys += [*(Key.of(item) for item in named), *also]
    places = {about: place for place, about in enumerate([None, *scenario.channels, *scenario.teams])}
    keys = sorted(dict.fromkeys(keys), key=lambda key: places[key.channel or key.team])
    whole = [key for key in keys if key.team is None and key.metric not in TEAM_METRIC_NAMES]
    for what in by:
        keys += _apart(whole, what.split("+"), scenario)
    return list(dict.fromkeys(keys))


def _apart(keys: Sequence[Key], dimensions: Sequence[str], scenario: Scenario) -> Iterator[Key]:
    """Yield figures told apart by each combination of names, where a figure can be."""
    starts = [clock_text(at_s) for at_s in range(0, DAY_S, INTERVAL_S)]
    known = {"intent": list(scenario.intents), "team": list(scenario.teams), "interval": starts}
    for key in keys:
        metric = METRIC_NAMES.get(key.metric)
        if metric is None and (key.metric != "queue_mean" or list(dimensions) != ["interval"]):
            continue  # queues are looked at, not contacts
        if metric is not None and "team" in dimensions and metric.basis != "answered":
            continue
        for names in itertools.product(*(known[dimension] for dimension in dimensions)):
            named: dict[str, Any] = dict(zip(dimensions, names, strict=True))
            yield key._replace(**named)


class Groups(NamedTuple):
    """Groups of contacts that are summed up: by metric, and by channel, team, intent and half-hour where these count.

    A group is a metric and the dimensions that tell its contacts apart; it has a cell for each combination of them.
    """

    metric: npt.NDArray[np.int64]
    """By group: position in `Asked.metrics`."""
    begins: npt.NDArray[np.int64]
    """By group: its first cell, with one end more."""
    layout: npt.NDArray[np.int64]
    """By group: how its cells lie, position in `Asked.layouts`."""


class _Grouping:
    """Groups as they are found while figures are put into numbers."""

    def __init__(self, places: Sequence[Mapping[str, int]], layouts: dict[tuple[int, ...], int]) -> None:
        self._places, self._layouts = places, layouts
        self._groups: dict[tuple[int, tuple[bool, ...]], tuple[int, list[int]]] = {}
        self._begins = [0]

    def cell(self, metric: int, about: Sequence[str | None]) -> int:
        """Return the cell of a metric and of the names it is about, with a group made where there is none."""
        group = (metric, tuple(name is not None for name in about))
        if group not in self._groups:
            steps, cells = [], 1
            for counts, known in zip(group[1], self._places, strict=True):
                steps.append(cells if counts else 0)
                cells *= len(known) if counts else 1
            self._groups[group] = (self._begins[-1], steps)
            self._begins.append(self._begins[-1] + cells)
        first, steps = self._groups[group]
        named = zip(steps, self._places, about, strict=True)
        return first + sum(step * known[name] for step, known, name in named if name is not None)

    def groups(self) -> Groups:
        """Return what was found."""
        metrics = np.array([metric for metric, _ in self._groups], dtype=np.int64)
        layouts = [self._layouts.setdefault(tuple(steps), len(self._layouts)) for _, steps in self._groups.values()]
        return Groups(metrics, np.array(self._begins), np.array(layouts, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Asked:
    """Figures as numbers: what is reckoned of each contact, and how contacts are put together."""

    keys: tuple[Key, ...]
    scenario: Scenario
    metrics: tuple[tuple[str, float | None], ...]
    """What is reckoned of each contact; a percentile is of the values of a mean."""
    layouts: npt.NDArray[np.int64]
    """By layout and dimension: how many cells lie between neighbours; 0 where the dimension does not count."""
    means: Groups
    mean_cell: npt.NDArray[np.int64]
    """By key: its cell among the means; -1 where it is none."""
    ranked: Groups
    percentiles: Mapping[int, Sequence[tuple[int, int]]]
    """By cell among the ranked: key and per cent."""
    of_teams: Sequence[tuple[int, str, int]]
    """Key, metric and team of those that are about a team."""
    of_queues: Sequence[tuple[int, str, int, int | None]]
    """Key, metric, channel and half-hour of those that are about queues."""

    @classmethod
    def of(cls, keys: Sequence[Key], scenario: Scenario) -> Asked:
        """Put figures into numbers; `scenario` is the one whose channels, teams and intents they name."""
        halves = {clock_text(at_s): number for number, at_s in enumerate(range(0, DAY_S, INTERVAL_S))}
        named: tuple[Sequence[str], ...] = (list(scenario.channels), list(scenario.teams), list(scenario.intents))
        places = [*({name: i for i, name in enumerate(some)} for some in named), halves]
        metrics: dict[tuple[str, float | None], int] = {}
        layouts: dict[tuple[int, ...], int] = {}
        means, ranked = _Grouping(places, layouts), _Grouping(places, layouts)
        percentiles: dict[int, list[tuple[int, int]]] = {}
        mean_cell = np.full(len(keys), -1)
        of_teams: list[tuple[int, str, int]] = []
        of_queues: list[tuple[int, str, int, int | None]] = []
        for position, key in enumerate(keys):
            about = (key.channel, key.team, key.intent, key.interval)
            if key.metric in TEAM_METRIC_NAMES:
                of_teams.append((position, key.metric, places[1][str(key.team)]))
                continue
            if key.metric in QUEUE_METRIC_NAMES:
                slot = None if key.interval is None else halves[key.interval]
                of_queues.append((position, key.metric, places[0][str(key.channel)], slot))
                continue
            percentile = METRIC_NAMES[key.metric].percentile
            of = (percentile.of if percentile else key.metric, key.within_s)
            metric = metrics.setdefault(of, len(metrics))
            if percentile:
                found = percentiles.setdefault(ranked.cell(metric, about), [])
                found.append((position, percentile.percent))
            else:
                mean_cell[position] = means.cell(metric, about)
        groups = means.groups(), ranked.groups()
        steps = np.array(list(layouts), dtype=np.int64).reshape(len(layouts), len(places))
        apart = (percentiles, of_teams, of_queues)
        return cls(tuple(keys), scenario, tuple(metrics), steps, groups[0], mean_cell, groups[1], *apart)


def told_of(
    contacts: Contacts, worked: WorkedTime, asked: Asked, from_s: float = 0.0, waits: Waits | None = None
) -> Told:
    """Boil one replication down.

    Args:
        contacts: columns of `contacts_of`; names as text or as positions in the scenario (-1: none).
        worked: what the teams did.
        asked: the figures asked for.
        from_s: contacts that arrived before are left out.
        waits: all waits, where `asked.of_queues` needs them.
    """
    arrived_s = np.asarray(contacts["arrived_s"], dtype=np.float64)
    where = _where(_places(contacts, arrived_s, asked), arrived_s >= from_s, asked.layouts)
    values = np.empty((len(asked.metrics), len(arrived_s)))
    for row, metric in enumerate(asked.metrics):
        values[row] = values_of(contacts, *metric)
    sums, tallied = _tally(values, where, *asked.means)
    found, counts = sums[asked.mean_cell], tallied[asked.mean_cell]
    found[counts == 0] = np.nan
    np.divide(found, counts, out=found, where=counts > 0)
    if asked.percentiles:
        together, begins = _together(values, where, *asked.ranked)
        for cell, wanted in asked.percentiles.items():
            own = together[begins[cell] : begins[cell + 1]]
            if not len(own):
                continue
            ranks = [rank_of(percent, len(own)) for _, percent in wanted]
            own.partition(ranks)
            for (position, _), rank in zip(wanted, ranks, strict=True):
                found[position], counts[position] = own[rank], len(own)
    for position, name, team in asked.of_teams:
        counts[position] = worked.contacts[team]
        found[position] = TEAM_METRICS[name](worked)[team]
    if waits is not None:
        queues = queues_of(waits, asked.scenario)
        for position, name, channel, slot in asked.of_queues:
            found[position], counts[position] = queues.value(name, channel, slot), queues.waits[channel]
    return Told(found, counts)


def _places(contacts: Contacts, arrived_s: Values, asked: Asked) -> npt.NDArray[np.int64]:
    """Return each contact's place in every dimension that counts somewhere; -1 where it has none."""
    scenario = asked.scenario
    place = np.zeros((4, len(arrived_s)), dtype=np.int64)
    counts = [bool(steps.any()) for steps in asked.layouts.T]
    named: dict[str, Sequence[str]] = {
        "channel": list(scenario.channels), "team": list(scenario.teams), "intent": list(scenario.intents),
    }  # fmt: skip
    for dimension, (column, known) in enumerate(named.items()):
        if counts[dimension]:
            place[dimension] = _positions(contacts[column], known)
    if counts[3]:
        place[3] = scenario.local_days.clocks_s(arrived_s) // INTERVAL_S
    return place


@jit
def _where(
    place: npt.NDArray[np.int64], late_enough: npt.NDArray[np.bool_], layouts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return by layout each contact's cell, counted from the first of its group; -1 where it does not count."""
    rows = len(late_enough)
    where = np.empty((len(layouts), rows), dtype=np.int64)
    for layout in range(len(layouts)):
        step = layouts[layout]
        for row in range(rows):
            cell, known = 0, late_enough[row]
            for dimension in range(len(step)):
                if step[dimension]:
                    known &= place[dimension, row] >= 0
                    cell += step[dimension] * place[dimension, row]
            where[layout, row] = cell if known else -1
    return where


@jit
def _tally(
    values: npt.NDArray[np.float64],
    where: npt.NDArray[np.int64],
    group_metric: npt.NDArray[np.int64],
    group_begins: npt.NDArray[np.int64],
    group_layout: npt.NDArray[np.int64],
) -> tuple[Values, npt.NDArray[np.int64]]:
    """Return by cell, and one cell more that stays empty: the sum of what is known, and how many it is of."""
    sums, counts = np.zeros(group_begins[-1] + 1), np.zeros(group_begins[-1] + 1, dtype=np.int64)
    for group in range(len(group_metric)):
        of, cells, begins = values[group_metric[group]], where[group_layout[group]], group_begins[group]
        for row in range(len(of)):
            value = of[row]
            if cells[row] >= 0 and not np.isnan(value):
                sums[begins + cells[row]] += value
                counts[begins + cells[row]] += 1
    return sums, counts


@jit
def _together(
    values: npt.NDArray[np.float64],
    where: npt.NDArray[np.int64],
    group_metric: npt.NDArray[np.int64],
    group_begins: npt.NDArray[np.int64],
    group_layout: npt.NDArray[np.int64],
) -> tuple[Values, npt.NDArray[np.int64]]:
    """Return what is known with the values of each cell side by side, and where each cell begins, with one end more."""
    begins = np.zeros(group_begins[-1] + 2, dtype=np.int64)
    for group in range(len(group_metric)):
        of, cells, first = values[group_metric[group]], where[group_layout[group]], group_begins[group]
        for row in range(len(of)):
            if cells[row] >= 0 and not np.isnan(of[row]):
                begins[first + cells[row] + 2] += 1
    begins = np.cumsum(begins)
    together = np.empty(begins[-1])
    for group in range(len(group_metric)):
        of, cells, first = values[group_metric[group]], where[group_layout[group]], group_begins[group]
        for row in range(len(of)):
            if cells[row] >= 0 and not np.isnan(of[row]):
                cell = first + cells[row] + 1
                together[begins[cell]] = of[row]
                begins[cell] += 1
    return together, begins


def figures_from(keys: Sequence[Key], told: Sequence[Told], level: float = 0.95) -> list[Figure]:
    """Return the figures of replications with their intervals; those of which nothing is known are left out."""
    values, counts = (np.array([getattr(one, name) for one in told]) for name in ("values", "counts"))
    figures = []
    for position, key in enumerate(keys):
        estimate = replication_estimate(values[:, position])
        low, high = estimate.interval(level)
        count = int(counts[:, position].sum())
        if count:
            figures.append(Figure(*key[:4], estimate.value, low, high, count, *key[4:]))
    return figures


def figures_of(loaded: LoadedScenario, legs: pd.DataFrame, staffing: pd.DataFrame, from_s: float = 0.0) -> list[Figure]:
    """Return the figures of a log of one or more replications."""
    scenario = loaded.scenario
    asked = Asked.of(keys_of(scenario), scenario)
    spells = dict(list(staffing.groupby("replication")))
    own = dict(list(legs.groupby("replication")))
    told = []
    for replication, contacts in contacts_of(legs, loaded.horizon_s).groupby("replication", sort=True):
        worked = worked_of(own[replication], spells.get(replication, staffing.iloc[:0]), loaded, from_s)
        waits = waits_of(own[replication], scenario, from_s) if asked.of_queues else None
        told.append(told_of(contacts, worked, asked, from_s, waits))
    return figures_from(asked.keys, told) if told else []


def worth_telling(figures: Iterable[Figure]) -> list[Figure]:
    """Return those that a person should read.

    Of what is always reckoned, what is 0 goes without saying (nobody was turned away, nobody waits for a page), and so
    does the wait of the answered where nobody gave up. What was asked for is told.
    """
    told = list(figures)
    all_waits = {key_of(one): one.value for one in told if one.name == "wait_s_mean"}

    def is_news(figure: Figure) -> bool:
        if figure.name not in (*USUAL, *OF_PROMISES, "blocked_share"):
            return True
        same = key_of(figure)._replace(metric="wait_s_mean")
        repeated = figure.name == "wait_answered_s_mean" and all_waits.get(same) == figure.value
        return bool(figure.value) and not repeated

    return [figure for figure in told if is_news(figure)]


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
