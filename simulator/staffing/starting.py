"""Where a search begins: how many people theory wants for the work that a simulated world of plenty brings.

In a world with so many people that nobody waits, the mean number of busy seats in an interval is the work offered in it
(the infinite-server queue; Jennings, Mandelbaum, Massey and Whitt, Management Science 42:1383, 1996), with transfers,
redials and orders in it. Erlang A of the scenario's patience then says how many keep the goals (Palm 1946); without
patience Erlang C, or where no goal tells of waits the square-root rule. An overload is no trouble: the work offered is
finite, whoever is there today.

>>> needed(0.1, 300.0, None, lambda queue: queue.wait_s_mean <= 20)
35
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scenarios.reading import LoadedScenario
from scenarios.scenario import Goal, Team
from scenarios.units import AGENTS_MOST
from simulator.staffing.aims import hour_price
from simulator.staffing.problem import Grid, Seats
from simulator.staffing.sampled import Desk
from simulator.theory.erlang import QueueTheory, erlang_a, erlang_c

Values = npt.NDArray[np.float64]
Keeps = Callable[[QueueTheory], bool]

QUALITY = 0.5
"""Of the square-root rule: so many times the root of the work is there beside the work."""
ROOM = 4.0
"""As many roots of the work beside it are the most that is ever tried: more people have nobody to wait for them."""
ROOM_LEAST = 3
SMOOTHED = 3
"""Intervals over which the work is averaged, where a sample is small."""


def grid_of(loaded: LoadedScenario, teams: Sequence[str], minutes: int) -> Grid:
    """Return the grid of a scenario, its `most` not known yet: 1 where somebody may be rostered, else 0.

    Somebody may be wherever one of the team's channels is open or somebody is today; and where somebody is today one
    stays, so that no open desk is left alone for the sake of an average.
    """
    scenario, local = loaded.scenario, loaded.scenario.local_days
    begins = np.concatenate(
        [
            np.arange(local.begins_s(day), local.begins_s(day + 1), minutes * 60, dtype=np.float64)
            for day in range(scenario.days)
        ]
    )
    today = today_of(loaded, teams, begins)
    ends = np.append(begins[1:], loaded.horizon_s)
    open_now = np.zeros(today.shape, dtype=bool)
    for at, name in enumerate(teams):
        for channel in scenario.teams[name].channels:
            hours = scenario.channels.get(channel)
            for day in range(scenario.days if hours else 0):
                opens, closes = hours.open_at_s(scenario.kind_of(day), day, local)  # type: ignore[union-attr]
                open_now[at] |= (begins < closes) & (ends > opens)
    wages = hours_priced(loaded, teams)
    wage = [1.0] * len(teams) if wages is None else wages
    price = np.outer(wage, (ends - begins) / 3600)
    most = (open_now | (today > 0)).astype(np.int64)
    return Grid(tuple(teams), begins, minutes, price, (today >= 1).astype(np.int64), most)


def hours_priced(loaded: LoadedScenario, teams: Sequence[str]) -> list[float] | None:
    """Return what a paid hour of each team costs; None where it is not told of all: their hours are counted then."""
    wages = [hour_price(loaded, name) for name in teams]
    told = [wage for wage in wages if wage is not None]
    return told if len(told) == len(teams) else None


def today_of(loaded: LoadedScenario, teams: Sequence[str], begins_s: Values) -> Values:
    """Return how many are rostered today, means over the intervals, shape (teams, intervals)."""
    edges = np.append(begins_s, loaded.horizon_s)
    rows = []
    for name in teams:
        steps = sorted(loaded.agents[name])
        at = np.array([0.0, *(step for step, _ in steps), loaded.horizon_s])
        counts = np.array([0.0, *(count for _, count in steps)])
        passed = np.r_[0.0, np.cumsum(np.diff(at) * counts)]
        rows.append(np.diff(np.interp(edges, at, passed)) / np.diff(edges))
    return np.array(rows)


def plenty(desk: Desk, replications: Sequence[int]) -> tuple[Values, Values]:
    """Return the work offered by team and interval, in busy people's contacts, and how many begin, means.

    The desk must have room for all: it is asked again with more where somebody might have waited.
    """
    told = [desk.busy(desk.grid.most, replication) for replication in replications]
    load, begun = (np.mean([one[at] for one in told], axis=0) for at in (0, 1))
    if len(replications) * begun.mean() < 50:
        load, begun = _smoothed(load), _smoothed(begun)
    return load, begun


def _smoothed(values: Values) -> Values:
    kernel = np.ones(SMOOTHED) / SMOOTHED
    return np.array([np.convolve(np.pad(row, 1, mode="edge"), kernel, "valid") for row in values])


def capacity(team: Team) -> float:
    """Return how many contacts' work one agent of a team does at most, at full speed each."""
    if isinstance(team.speeds, list):
        return max((at + 1) * speed for at, speed in enumerate(team.speeds))
    return float(team.concurrency) if team.speeds == "full" and not team.turns else 1.0


def present_share(team: Team) -> float:
    """Return which share of the seats rostered is filled."""
    return max((1 - team.shrinkage) * (1 - team.sick), 0.05)


def most_of(loaded: LoadedScenario, grid: Grid, load: Values, today: Values) -> Seats:
    """Return the most people that are tried: as theory never wants more, or as today where that is more."""
    rows = []
    for at, name in enumerate(grid.teams):
        team = loaded.scenario.teams[name]
        work = load[at] / capacity(team)
        theory = (work + ROOM * np.sqrt(work) + ROOM_LEAST) / present_share(team)
        rows.append(np.minimum(np.ceil(np.maximum(theory, today[at])), AGENTS_MOST) * grid.most[at])
    return np.array(rows).astype(np.int64)


def start(loaded: LoadedScenario, grid: Grid, load: Values, begun: Values) -> Seats:
    """Return how many people theory wants, within what the grid allows."""
    seats = np.zeros(grid.least.shape)
    lasts_s = np.diff(np.append(grid.begins_s, loaded.horizon_s))
    for at, name in enumerate(grid.teams):
        team = loaded.scenario.teams[name]
        goals = [goal for goal in loaded.scenario.goals if _is_of(goal, name, team)]
        patience_s, able, there = _patience_s(loaded, team), capacity(team), present_share(team)
        for cell in np.flatnonzero(load[at] > 0):
            work = load[at, cell] / able
            rate = max(begun[at, cell], 1e-3) / lasts_s[cell]
            seats[at, cell] = _wanted(float(work), float(rate), patience_s, tuple(goals)) / there
    return np.clip(np.ceil(seats).astype(np.int64), grid.least, grid.most)


def _is_of(goal: Goal, name: str, team: Team) -> bool:
    return goal.team == name or (goal.team is None and (goal.channel is None or goal.channel in team.channels))


def _patience_s(loaded: LoadedScenario, team: Team) -> float | None:
    scenario = loaded.scenario
    laws = [scenario.patience_of(channel, intent) for channel in team.channels for intent in scenario.intents]
    means = [law.mean() for law in laws if law is not None]
    return float(np.mean(means)) if means and all(math.isfinite(mean) and mean > 0 for mean in means) else None


def _wanted(work: float, rate: float, patience_s: float | None, goals: tuple[Goal, ...]) -> float:
    checks = [check for goal in goals if (check := _check(goal)) is not None]
    if not checks:
        return work + QUALITY * math.sqrt(work)
    return needed(round(rate, 5) or 1e-5, work / rate, patience_s, lambda queue: all(check(queue) for check in checks))


def _check(goal: Goal) -> Keeps | None:
    """Return what a goal asks of a queue in theory; None where theory has no such figure."""
    if goal.metric in ("wait_s_mean", "wait_answered_s_mean") and goal.at_most is not None:
        return functools.partial(_wait_kept, goal.at_most)
    if goal.metric == "abandonment" and goal.at_most is not None:
        return functools.partial(_lost_kept, goal.at_most)
    if goal.metric.startswith("service_level") and goal.at_least is not None and goal.within_s is not None:
        return functools.partial(_level_kept, goal.within_s, goal.at_least)
    return None


def _wait_kept(most: float, queue: QueueTheory) -> bool:
    return queue.wait_s_mean <= most


def _lost_kept(most: float, queue: QueueTheory) -> bool:
    return queue.abandonment <= most


def _level_kept(within_s: float, least: float, queue: QueueTheory) -> bool:
    return queue.service_level(within_s) >= least


def needed(rate: float, service_s: float, patience_s: float | None, keeps: Keeps) -> int:
    """Return the fewest agents with which a queue keeps what is asked of it.

    Args:
        rate: arrivals per second.
        service_s: mean time of a contact.
        patience_s: mean patience; None: nobody gives up, and fewer agents than the work never do.
        keeps: what is asked.
    """
    work = rate * service_s
    low, high = (1 if patience_s else math.floor(work) + 1), math.ceil(work + ROOM * math.sqrt(work) + ROOM_LEAST)
    while low < high:  # more agents never make a queue longer
        middle = (low + high) // 2
        queue = erlang_a(rate, service_s, middle, patience_s) if patience_s else erlang_c(rate, service_s, middle)
        low, high = (low, middle) if keeps(queue) else (middle + 1, high)
    return low
