"""What people cost who keep the same goals on the same fresh days: ours, pyworkforce's, and those of single steps.

    python -m tests.benchmarks.staffing_rivals [--only NAME] [--fresh 200] [--seats | --rosters]

Five desks (`staffing_bench`). Seats first, bought by the interval; then rosters of shifts of eight hours and of four,
which may begin at the same times for all. The rivals and how they are helped: `by_pyworkforce`, `by_single_steps`.
Everybody is played on the same fresh days and judged twice: *in the mean*, all goals kept in the mean of these days, on
which the rivals were tuned and ours was not; and *shown*, kept by the rule that `staff` asks of its first candidate, on
as many days at most (intervals of all goals at their bounds or better). Ours is one answer, verified on days of its own
beforehand, so beside rivals in the mean it is dearer by what it takes to be sure. Percentages say how much dearer a
rival is. `At the goals' targets` is what pyworkforce's users get, who cannot play their people.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable

import numpy as np

from results.staffing import Staffing
from scenarios.reading import load_scenario
from simulator.staffing import staff
from simulator.staffing.cheapest import checked, opened
from simulator.staffing.problem import Grid, Seats
from simulator.staffing.sampled import Player
from simulator.workers import open_workers
from tests.benchmarks.by_pyworkforce import (
    KINDS,
    erlang_seats,
    offered_as_given,
    offered_as_measured,
    rostered_tuned,
    tuned,
)
from tests.benchmarks.by_single_steps import one_at_a_time, passing
from tests.benchmarks.staffing_bench import INSTANCES, Bench, Instance, shifts_as_rules

BEGIN_TARGET = 0.5
"""Of the Erlang C from which single steps begin."""


def seats_of(found: Staffing, grid: Grid, column: str = "required") -> Seats:
    """Return the people of an answer of `staff`."""
    told = found.requirement
    return np.array(
        [told[told["team"] == team].sort_values("from_s")[column].to_numpy() for team in grid.teams], dtype=np.int64
    )


class Table:
    """Lines of one desk, against ours."""

    def __init__(self, desk: str, bench: Bench) -> None:
        self.desk, self.bench, self.ours = desk, bench, 0.0

    def line(self, who: str, cost: float | None, seats: Seats | None, note: str = "") -> None:
        """Print who costs what, and whether their people keep the goals on the fresh days."""
        if cost is None or seats is None:
            print(f"{self.desk:15} {who:60} {'none keeps the goals':>20}")
            return
        self.ours = self.ours or cost
        kept = "kept" if self.bench.keeps(seats) else "MISSED"
        shown = "shown" if self.bench.shows(seats) else "not shown"
        against = f"{cost / self.ours - 1:+7.1%}"
        print(f"{self.desk:15} {who:60} {cost:10,.0f} {against} {kept:7} {shown:10} {note}", flush=True)


def compare_seats(table: Table, bench: Bench, instance: Instance, threads: int) -> None:
    """Print what seats cost."""
    began = time.perf_counter()
    found = staff(bench.loaded, interval=instance.minutes, threads=threads)
    took = time.perf_counter() - began
    mine = seats_of(found, bench.grid)
    table.line("testdrive staff", bench.cost(mine), mine, f"{found.state}, {found.candidates} tried, {took:.0f} s")
    mappings = {"as measured": offered_as_measured(bench)}
    if instance.given:
        mappings["as given"] = offered_as_given(bench, instance)
    for name, offered in mappings.items():
        seats = erlang_seats(bench, offered, offered.targets)
        table.line(f"pyworkforce, Erlang C, at the goals' targets, {name}", bench.cost(seats), seats)
    ways: dict[str, Callable[[Seats], bool]] = {"in the mean": bench.keeps, "shown": bench.shows}
    for way, passes in ways.items():
        answers = {name: tuned(bench, offered, passes) for name, offered in mappings.items()}
        best = min((one for one in answers.items() if one[1]), key=lambda one: bench.cost(one[1][0]), default=None)  # type: ignore[index]
        if best is None or best[1] is None:
            table.line(f"pyworkforce, Erlang C, {way}", None, None)
            continue
        targets = " ".join(f"{one:.0%}" for one in best[1][1])
        table.line(f"pyworkforce, Erlang C, {way}", bench.cost(best[1][0]), best[1][0], f"{best[0]}, at {targets}")
    begin = erlang_seats(bench, mappings["as measured"], [BEGIN_TARGET] * len(bench.grid.teams))
    began = time.perf_counter()
    single = one_at_a_time(bench, begin)
    took = time.perf_counter() - began
    for way, passes in ways.items():
        seats = passing(bench, single, passes)
        table.line(f"one at a time, {way}", bench.cost(seats), seats, f"{took:.0f} s")


def compare_rosters(table: Table, bench: Bench, instance: Instance, threads: int) -> None:
    """Print what rosters cost."""
    table.ours = 0.0
    loaded = dataclasses.replace(bench.loaded, labour=shifts_as_rules(bench, instance))
    began = time.perf_counter()
    found = staff(loaded, interval=instance.minutes, threads=threads)
    took = time.perf_counter() - began
    mine = seats_of(found, bench.grid, "scheduled")
    table.line("testdrive staff, shifts", found.cost, mine, f"{found.state}, {found.candidates} tried, {took:.0f} s")
    mappings = [offered_as_measured(bench)]
    if instance.given:
        mappings.append(offered_as_given(bench, instance))
    ways: dict[str, Callable[[Seats], bool]] = {"in the mean": bench.keeps, "shown": bench.shows}
    for kind, scheduler in KINDS.items():
        for way, passes in ways.items():
            answers = [rostered_tuned(bench, instance, offered, scheduler, passes) for offered in mappings]
            best = min((one for one in answers if one), key=lambda one: one[1], default=None)
            who = f"pyworkforce, Erlang C + {kind}, {way}"
            if best is None:
                table.line(who, None, None)
            else:
                table.line(who, best[1], best[0], f"at {best[2]:.0%}")


def compare(name: str, fresh: int, threads: int, seats: bool, rosters: bool) -> None:
    """Print what each costs on one desk."""
    instance = INSTANCES[name]
    loaded = load_scenario(instance.path, days=1)
    loaded = dataclasses.replace(loaded, labour=None)
    chosen, aims = checked(loaded, (), "cost", instance.minutes)
    began = time.perf_counter()
    with open_workers(threads, False, None) as workers:
        desk, sample = opened(loaded, chosen, instance.minutes, aims, loaded.scenario.seed, False, None, None)
        bench = Bench(loaded, Player(desk, workers), sample, fresh)
        table = Table(name, bench)
        if seats:
            compare_seats(table, bench, instance, threads)
        if rosters:
            compare_rosters(table, bench, instance, threads)
    print(f"{name:15} {time.perf_counter() - began:.0f} s", flush=True)


def main() -> None:
    """Compare on the desks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(INSTANCES))
    parser.add_argument("--fresh", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seats", action="store_true", help="no rosters")
    which.add_argument("--rosters", action="store_true", help="rosters only")
    asked = parser.parse_args()
    for name in [asked.only] if asked.only else INSTANCES:
        compare(name, asked.fresh, asked.threads, not asked.rosters, not asked.seats)


if __name__ == "__main__":
    main()
