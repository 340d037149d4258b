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

import pandas as pd

from results.log import check_legs
from results.runs import run_id
from scenarios.plan import make_plan
from scenarios.reading import LoadedScenario, load_scenario
from simulator.engine_simpy import Engine, Luck

Tables = tuple[pd.DataFrame, pd.DataFrame]
"""Legs and staffing of one replication."""

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
) -> Simulated:
    """Simulate.

    Args:
        loaded: the scenario.
        seed: the scenario's own where left out.
        replications: how many; each has its own luck.
        same_plan: keep replication 0's customers in all of them and redraw only what the desk does to them: the band
            that a measured day is held against.
        threads: worker processes; SimPy holds the interpreter lock, so threads would not help it.
        progress: told how far it is. An interruption (Ctrl-C) keeps the replications that are done.
        shoppers: overrides how many shoppers a plan holds on each channel that has any.
    """
    seed = loaded.scenario.seed if seed is None else seed
    began = time.perf_counter()
    jobs = [_Job(loaded.path, loaded.scenario.days, seed, r, same_plan, shoppers) for r in range(replications)]
    done: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    kind = "same" if same_plan else "drawn"
    name = run_id("simulated", loaded.scenario.scenario, loaded.hash, seed, loaded.scenario.days, replications, kind)
    results = _in_processes(jobs, threads) if threads > 1 else _here(loaded, jobs, progress)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(results):
        for number, tables in enumerate(results, start=1):
            done.append(tables)
            if progress:
                progress(number / replications)
    if not done:
        raise KeyboardInterrupt
    legs = pd.concat([legs for legs, _ in done], ignore_index=True)
    legs["run_id"] = name
    check_legs(legs)
    staffing = pd.concat([staffing for _, staffing in done], ignore_index=True)
    return Simulated(name, legs, staffing, len(done), same_plan, time.perf_counter() - began)


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
