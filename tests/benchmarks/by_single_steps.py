"""The usual heuristic with a simulator: one agent at a time more until the goals are kept, then one at a time fewer.

It begins with what Erlang C wants at a target far too low for the goals, and looks at the same replications as our
search. An agent more comes in the interval whose contacts miss the goals most, in the team where that helps most for
its price (each is played). Then agents are taken away as long as the goals are kept, dearest first, in one pass after
the other until none can go. Last, people are added in the same way until they pass on the fresh days, too, which a
planner could do only by luck.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from simulator.staffing.problem import Seats
from tests.benchmarks.staffing_bench import Bench, Values

Passes = Callable[[Seats], bool]


def one_at_a_time(bench: Bench, begin: Seats) -> Seats:
    """Return people who keep the goals on the sample and of whom none can be spared there."""
    seats = begin
    while not bench.keeps(seats, bench.sample):
        seats = _one_more(bench, seats)
    return _thinned(bench, seats)


def passing(bench: Bench, seats: Seats, passes: Passes) -> Seats:
    """Return these people, or with as many more as it takes to pass."""
    while not passes(seats):
        seats = _one_more(bench, seats)
    return seats


def _one_more(bench: Bench, seats: Seats) -> Seats:
    cells = np.argsort(_harms(bench, seats), kind="stable")
    cell = next(int(at) for at in cells if (seats[:, at] < bench.grid.most[:, at]).any())
    tried = []
    for team in np.flatnonzero(seats[:, cell] < bench.grid.most[:, cell]):
        more = seats.copy()
        more[team, cell] += 1
        tried.append(more)
    return max(tried, key=lambda one: _better(bench, seats, one))


def _better(bench: Bench, seats: Seats, more: Seats) -> float:
    """Return by how much the goal that is missed most is missed less, for the price."""
    before, after = bench.slack(seats, bench.sample), bench.slack(more, bench.sample)
    unit = np.maximum(np.abs(before), 1e-9)
    helped = ((np.minimum(after, 0.0) - np.minimum(before, 0.0)) / unit).sum()
    if (before >= 0).all():  # kept here, not yet on fresh days
        helped = (after - before).min()
    return float(helped) / (bench.cost(more) - bench.cost(seats))


def _harms(bench: Bench, seats: Seats) -> Values:
    """Return by interval how much contacts that came then miss the goals that are missed; of all where none is."""
    sample = bench.player.sample(seats, bench.sample)
    slack = np.nanmean(sample.slack, axis=0)
    gains = np.nan_to_num(sample.gains.mean(axis=0))
    scale = np.maximum(np.abs(gains).sum(axis=1, keepdims=True), 1e-12)
    counted = slack < 0 if (slack < 0).any() else np.ones(len(slack), dtype=bool)
    return np.asarray((gains / scale)[counted].sum(axis=0))


def _thinned(bench: Bench, seats: Seats) -> Seats:
    order = sorted(itertools.product(*map(range, seats.shape)), key=lambda place: (-bench.grid.price[place], place))
    spared = True
    while spared:
        spared = False
        for place in order:
            if seats[place] > bench.grid.least[place]:
                fewer = seats.copy()
                fewer[place] -= 1
                if bench.keeps(fewer, bench.sample):
                    seats, spared = fewer, True
    return seats
