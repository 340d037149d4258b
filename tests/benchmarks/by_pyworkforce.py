"""What pyworkforce 0.5.1 wants: Erlang C by interval and team, and shifts that cover it.

It is helped as a good planner would, and more. Which team a kind of contact counts for is tried both ways, where there
are two: as the planner gives it, and as measured in a simulated world with people in plenty (with transfers, redials
and the time each takes). Its target of service level is no goal of the scenario then but a screw: from 10 % to 99 %,
and after a common one for all teams one for each, it is turned down as long as the people who come out keep the goals
when the fresh days themselves are played. So it is told more than Erlang C can know, and luck with these days is its
own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pyworkforce.queuing import ErlangC
from pyworkforce.scheduling import MinAbsDifference, MinRequiredResources

from scenarios.reading import LoadedScenario
from simulator.staffing.problem import Seats
from simulator.staffing.starting import capacity, plenty, present_share
from tests.benchmarks.staffing_bench import FULL_H, PART_H, PAUSE_AT_H, PAUSE_H, Bench, Instance, Values

TARGETS = tuple(float(one) for one in np.round(np.arange(0.10, 0.995, 0.01), 2))
WITHIN_S = 20.0
"""Where no goal tells within how many seconds."""
USUAL = 0.80
"""Where no goal tells which share."""
VOLUMES_OF = 20
"""Replications of which the volumes are means."""
SEARCH_S = 5.0

Passes = Callable[[Seats], bool]


@dataclass(frozen=True, eq=False)
class Offered:
    """How many contacts come by team and interval, how long each takes an agent, and within what they are wanted."""

    volumes: Values
    handle_s: Values
    within_s: tuple[float, ...]
    targets: tuple[float, ...]
    """What goals ask of each team's channel, as its users put it in."""
    minutes: int
    present: tuple[float, ...]


@functools.cache
def positions(volume: float, handle_s: float, within_s: float, minutes: int, shrinkage: float, target: float) -> int:
    """Return what pyworkforce answers."""
    queue = ErlangC(volume, handle_s / 60, within_s / 60, minutes, shrinkage)
    return int(queue.required_positions(service_level=target, max_occupancy=1.0)["positions"])


def erlang_seats(bench: Bench, offered: Offered, targets: Sequence[float]) -> Seats:
    """Return what Erlang C wants, with a target for each team."""
    seats = np.zeros(bench.grid.least.shape, dtype=np.int64)
    for at, cell in zip(*np.nonzero((offered.volumes > 1e-3) & (bench.grid.most > 0)), strict=True):
        seats[at, cell] = positions(
            round(float(offered.volumes[at, cell]), 3), round(float(offered.handle_s[at, cell]), 1),
            offered.within_s[at], offered.minutes, round(1 - offered.present[at], 6), targets[at],
        )  # fmt: skip
    return np.clip(seats, bench.grid.least, bench.grid.most)


def offered_as_given(bench: Bench, instance: Instance) -> Offered:
    """Return what comes as the planner gives it to teams."""
    grid, scenario = bench.grid, bench.loaded.scenario
    volumes, busy_s = np.zeros(grid.price.shape), np.zeros(grid.price.shape)
    channels, intents = list(scenario.channels), list(scenario.intents)
    for replication in range(VOLUMES_OF):
        plan = bench.player.desk.plan(replication)
        cells = bench.player.desk.cell(plan.due_us / 1e6)
        for (channel, intent), shares in instance.given.items():
            mine = (plan.channel == channels.index(channel)) & (plan.intent == intents.index(intent))
            came = np.bincount(cells[mine], minlength=bench.horizon) / VOLUMES_OF
            for team, share in shares.items():
                volumes[grid.teams.index(team)] += share * came
                busy_s[grid.teams.index(team)] += share * came * _handle_s(bench.loaded, team, intent)
    return _offered(bench, volumes, busy_s)


def offered_as_measured(bench: Bench) -> Offered:
    """Return what comes as it does where nobody waits."""
    load, begun = plenty(bench.player.desk, range(VOLUMES_OF))
    able = np.array([capacity(bench.loaded.scenario.teams[name]) for name in bench.grid.teams])
    return _offered(bench, begun, load * bench.grid.minutes * 60 / able[:, None])


def _offered(bench: Bench, volumes: Values, busy_s: Values) -> Offered:
    handle_s = np.divide(busy_s, volumes, out=np.full_like(busy_s, 1.0), where=volumes > 0)
    teams = [bench.loaded.scenario.teams[name] for name in bench.grid.teams]
    within, targets = zip(*(_wanted(bench.loaded, team.channels) for team in teams), strict=True)
    return Offered(volumes, handle_s, within, targets, bench.grid.minutes, tuple(present_share(team) for team in teams))


def _wanted(loaded: LoadedScenario, channels: Sequence[str]) -> tuple[float, float]:
    """Return within how many seconds which share is to be answered, by the first goal that tells of it."""
    for goal in loaded.scenario.goals:
        if goal.channel in channels and goal.within_s:
            return float(goal.within_s), float(goal.at_least or USUAL)
        if goal.channel in channels and goal.metric == "wait_s_mean":
            return float(goal.at_most or WITHIN_S), USUAL
    return WITHIN_S, USUAL


def _handle_s(loaded: LoadedScenario, team: str, intent: str) -> float:
    """Return how long a contact takes one agent, of several at once its part."""
    told = loaded.scenario.teams[team]
    law = told.service.get(intent) or told.service["default"]
    return float(law.mean()) / capacity(told)


def tuned(bench: Bench, offered: Offered, passes: Passes) -> tuple[Seats, tuple[float, ...]] | None:
    """Return the people of the lowest targets that pass, and these: one for all first, then team by team."""
    count = len(bench.grid.teams)

    def pass_at(target: float) -> bool:
        return passes(erlang_seats(bench, offered, [target] * count))

    rough = next((at for at in (*range(0, len(TARGETS), 5), len(TARGETS) - 1) if pass_at(TARGETS[at])), None)
    if rough is None:
        return None
    common = next(TARGETS[at] for at in range(max(rough - 4, 0), rough + 1) if pass_at(TARGETS[at]))
    targets = [common] * count
    lower = True
    while lower and count > 1:
        lower = False
        for at in np.argsort(-bench.wage):  # the dearest team first
            for step in (0.30, 0.15, 0.08, 0.04, 0.02, 0.01):
                tried = targets.copy()
                tried[at] = round(targets[at] - step, 2)
                before = erlang_seats(bench, offered, targets)
                fewer = erlang_seats(bench, offered, tried) if tried[at] >= TARGETS[0] else before
                if bench.cost(fewer) < bench.cost(before) and passes(fewer):
                    targets, lower = tried, True
    return erlang_seats(bench, offered, targets), tuple(targets)


def coverage(bench: Bench, instance: Instance) -> dict[str, list[int]]:
    """Return pyworkforce's shifts: which intervals each covers, its break, which it knows no window for, left out."""
    width = 60 / bench.grid.minutes
    first, long, short = (round(width * (int(at[:2]) + int(at[3:]) / 60)) for at in instance.starts)
    shifts = {}
    for kind, last, hours in (("full", long, FULL_H), ("part", short, PART_H)):
        for start in range(first, last + 1):
            covered = np.zeros(bench.horizon, dtype=int)
            covered[start : start + int(hours * width)] = 1
            if kind == "full":
                covered[start + round(PAUSE_AT_H * width)] = 0
            shifts[f"{kind}_{start}"] = covered.tolist()
    return shifts


def rostered(bench: Bench, instance: Instance, required: Seats, kind: type) -> tuple[Seats, float]:
    """Return who is at work with the shifts that pyworkforce chooses for each team, and what they cost."""
    shifts = coverage(bench, instance)
    paid_h = {name: FULL_H - PAUSE_H if name.startswith("full") else PART_H for name in shifts}
    more = {"cost_dict": {name: int(hours) for name, hours in paid_h.items()}} if kind is MinRequiredResources else {}
    seats, cost = np.zeros_like(required), 0.0
    for at, row in enumerate(required):
        answer = kind(1, bench.horizon, shifts, [row.tolist()], 500, 200, max_search_time=SEARCH_S, **more).solve()
        for one in answer["resources_shifts"]:
            seats[at] += one["resources"] * np.array(shifts[one["shift"]])
            cost += one["resources"] * paid_h[one["shift"]] * float(bench.wage[at])
    return seats, cost


def rostered_tuned(
    bench: Bench, instance: Instance, offered: Offered, kind: type, passes: Passes
) -> tuple[Seats, float, float] | None:
    """Return the roster of the lowest common target whose people pass: who works, what it costs, and the target.

    As shifts leave more people than wanted in some intervals, the target may be lower than that of seats.
    """
    count = len(bench.grid.teams)

    def of(target: float) -> tuple[Seats, float]:
        return rostered(bench, instance, erlang_seats(bench, offered, [target] * count), kind)

    low, high = 0, len(TARGETS) - 1
    if not passes(of(TARGETS[high])[0]):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(of(TARGETS[middle])[0]) else (middle + 1, high)
    around = [TARGETS[at] for at in range(max(low - 6, 0), low + 1)]  # it need not fall all the way down
    found = [(*of(target), target) for target in around]
    kept = [one for one in found if passes(one[0])]
    return min(kept, key=lambda one: one[1])


KINDS = {"MinRequiredResources": MinRequiredResources, "MinAbsDifference": MinAbsDifference}
