"""Run replications of a scenario and sum them up: the function behind `testdrive simulate`.

>>> from scenarios.reading import HERE, load_scenario
>>> run = simulate(load_scenario(HERE / "quiet_tuesday.yaml"), replications=2)
>>> sorted(run.legs["replication"].unique().tolist())
[0, 1]
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import pandas as pd

from results.log import check_legs
from results.runs import run_id
from scenarios.plan import DrawnPlan, draw_plan, make_plan
from scenarios.reading import LoadedScenario, load_scenario
from simulator.columns import Replicated, legs_table, staffing_table
from simulator.engine_compiled import Arrivals, replicate
from simulator.engine_simpy import Engine, Luck
from simulator.floor_arrays import Floor, floor_of, shifts_of

EngineName = Literal["compiled", "simpy"]
"""The engine to run and the one to read; they give the same tables."""

Tables = tuple[pd.DataFrame, pd.DataFrame]
"""Legs and staffing of one replication."""

Kept = TypeVar("Kept")

Progress = Callable[[float], None]
"""Told the share of the work that is done, between 0 and 1."""


@dataclass(frozen=True)
class Simulated:
    """What came out: the tables over all replications, and how long it took."""

    run_id: str
    legs: pd.DataFrame = field(repr=False)
    staffing: pd.DataFrame = field(repr=False)
    replications: int
    planned_same: bool
    wall_s: float

    @property
    def contacts(self) -> int:
        """How many contacts were simulated, over all replications."""
        return int((self.legs["leg"] == 0).sum())


def simulate(
    loaded: LoadedScenario,
    seed: int | None = None,
    replications: int = 10,
    same_plan: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    shoppers: int | None = None,
    engine: EngineName = "compiled",
) -> Simulated:
    """Simulate.

    Args:
        loaded: the scenario.
        seed: the scenario's own where left out.
        replications: how many; each has its own luck.
        same_plan: keep replication 0's customers in all of them and redraw only what the desk does to them: the band
            that a measured day is held against.
        threads: replications at once: threads for the compiled engine; for SimPy, which holds the interpreter lock,
            processes.
        progress: told how far it is. An interruption (Ctrl-C) keeps the replications that are done.
        shoppers: overrides how many shoppers a plan holds on each channel that has any.
        engine: which of the two; the tables are the same.
    """
    seed = loaded.scenario.seed if seed is None else seed
    began = time.perf_counter()
    jobs = [_Job(loaded.path, loaded.scenario.days, seed, r, same_plan, shoppers) for r in range(replications)]
    kind = "same" if same_plan else "drawn"
    name = run_id("simulated", loaded.scenario.scenario, loaded.hash, seed, loaded.scenario.days, replications, kind)
    run_jobs = _compiled if engine == "compiled" else _simpy
    legs, staffing, done = run_jobs(loaded, jobs, threads, name, progress)
    check_legs(legs)
    return Simulated(name, legs, staffing, done, same_plan, time.perf_counter() - began)


def _kept(results: Generator[Kept, None, None], of: int, progress: Progress | None) -> list[Kept]:
    """Collect results in their order; an interruption keeps those that are there, unless there are none."""
    done: list[Kept] = []
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(results):
        for result in results:
            done.append(result)
            if progress:
                progress(len(done) / of)
    if not done:
        raise KeyboardInterrupt
    return done


def _simpy(
    loaded: LoadedScenario, jobs: list[_Job], threads: int, name: str, progress: Progress | None
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    results = _in_processes(jobs, threads) if threads > 1 else _here(loaded, jobs, progress)
    done = _kept(results, len(jobs), progress)
    legs = pd.concat([legs for legs, _ in done], ignore_index=True)
    legs["run_id"] = pd.array([name], dtype="str").repeat(len(legs))
    staffing = pd.concat([staffing for _, staffing in done], ignore_index=True)
    return legs, staffing, len(done)


def _compiled(
    loaded: LoadedScenario, jobs: list[_Job], threads: int, name: str, progress: Progress | None
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    floor = floor_of(loaded)
    shared = draw_plan(loaded, jobs[0].seed, 0, jobs[0].shoppers) if jobs[0].same_plan else None
    done = _kept(_in_threads(loaded, floor, jobs, shared, threads), len(jobs), progress)
    return legs_table(floor, done, name), staffing_table(floor, done), len(done)


def _in_threads(
    loaded: LoadedScenario, floor: Floor, jobs: list[_Job], shared: DrawnPlan | None, threads: int
) -> Generator[Replicated, None, None]:
    def one(job: _Job) -> Replicated:
        return replicated(
            loaded,
            floor,
            shared,
            Luck(job.seed, 0 if job.same_plan else job.replication, job.replication),
            job.shoppers,
        )

    if threads == 1:
        yield from map(one, jobs)
        return
    with concurrent.futures.ThreadPoolExecutor(min(threads, len(jobs))) as pool:
        try:
            yield from pool.map(one, jobs)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def replicated(
    loaded: LoadedScenario, floor: Floor, plan: DrawnPlan | None, luck: Luck, shoppers: int | None = None
) -> Replicated:
    """Run one replication in the compiled engine; the plan is drawn where none is given."""
    plan = plan or draw_plan(loaded, luck.seed, luck.plan, shoppers)
    arrivals = Arrivals.of(plan.entity, plan.due_us, plan.patience_us, plan.channel, plan.intent)
    shifts = shifts_of(floor, luck.seed, luck.desk)
    happened = replicate(luck.seed, luck.plan, luck.desk, floor.horizon_us, arrivals, floor.arrays, shifts)
    return Replicated(luck.desk, plan, happened)


@dataclass(frozen=True)
class _Job:
    path: Path
    days: int
    seed: int
    replication: int
    same_plan: bool
    shoppers: int | None


def _here(loaded: LoadedScenario, jobs: list[_Job], progress: Progress | None) -> Generator[Tables, None, None]:
    plan: pd.DataFrame | None = None
    for job in jobs:
        if plan is None or not job.same_plan:
            plan = make_plan(loaded, job.seed, 0 if job.same_plan else job.replication, job.shoppers)
        yield _replicate(loaded, job, plan, progress, len(jobs))


def _in_processes(jobs: list[_Job], workers: int) -> Generator[Tables, None, None]:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        try:
            yield from pool.map(_replicate_elsewhere, jobs)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _replicate_elsewhere(job: _Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    loaded = load_scenario(job.path, job.days)
    plan = make_plan(loaded, job.seed, 0 if job.same_plan else job.replication, job.shoppers)
    return _replicate(loaded, job, plan, None, 1)


def _replicate(
    loaded: LoadedScenario, job: _Job, plan: pd.DataFrame, progress: Progress | None, of: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    luck = Luck(job.seed, 0 if job.same_plan else job.replication, job.replication)
    engine = Engine(loaded, plan, luck)
    engine.run((lambda share: progress((job.replication + share) / of)) if progress else None)
    return engine.legs("", job.replication), engine.staffing(job.replication)
