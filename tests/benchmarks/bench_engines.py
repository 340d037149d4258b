"""How fast the engines are, in one run on one machine: against each other and against SimPy written by hand.

    make bench        (or: python -m tests.benchmarks.bench_engines)

One thread, seconds of processor time (another program on the machine changes them little), the best of three; the last
two rows are seconds on the clock. A contact log is part of what is timed, for the hand-written model its list of rows.
"""

from __future__ import annotations

import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import simpy

from scenarios.plan import draw_plan, make_plan
from scenarios.reading import HERE, LoadedScenario, load_scenario
from simulator.engine_compiled import Arrivals, replicate
from simulator.engine_simpy import Engine, Luck
from simulator.floor_arrays import floor_of, shifts_of
from simulator.simulate import simulate
from tests.written import about, demand, one_desk, written

AGENTS, PER_DAY, SERVICE_S, PATIENCE_S = 50, 20_000, 200.0, 120.0


def plain_simpy(seed: int) -> int:
    """One day of M/M/n+M as one writes it by hand: a resource, a process per customer, a row per contact."""
    luck = random.Random(seed)
    env = simpy.Environment()
    desk = simpy.Resource(env, AGENTS)
    rows: list[tuple[float, float, float, str]] = []

    def customer() -> Generator[simpy.Event, Any, None]:
        arrived = env.now
        with desk.request() as turn:
            yield turn | env.timeout(luck.expovariate(1 / PATIENCE_S))
            if not turn.triggered:
                rows.append((arrived, env.now, env.now, "abandoned"))
                return
            answered = env.now
            yield env.timeout(luck.expovariate(1 / SERVICE_S))
            rows.append((arrived, answered, env.now, "answered"))

    def arrivals() -> Generator[simpy.Event, Any, None]:
        while True:
            yield env.timeout(luck.expovariate(PER_DAY / 86_400))
            env.process(customer())

    env.process(arrivals())
    env.run(86_400)
    return len(rows)


def by_engine_simpy(loaded: LoadedScenario) -> int:
    """One replication by the engine to read, with its plan and its log."""
    engine = Engine(loaded, make_plan(loaded, 1), Luck(1, 0, 0))
    engine.run()
    return len(engine.legs("", 0))


def loop_alone(loaded: LoadedScenario) -> Callable[[], int]:
    """Return a function that runs the compiled loop alone: plan drawn before, no table after."""
    floor, plan = floor_of(loaded), draw_plan(loaded, 1)

    arrivals = Arrivals.of(plan.entity, plan.due_us, plan.patience_us, plan.channel, plan.intent)
    shifts = shifts_of(floor, 1, 0)

    def run() -> int:
        replicate(1, 0, 0, floor.horizon_us, arrivals, floor.arrays, shifts)
        return len(plan.entity)

    return run


def per_s(run: Callable[[], int]) -> float:
    """Return contacts per second of processor time: the best of three, after one to warm up."""
    run()
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        count = run()
        best = max(best, count / (time.process_time() - began))
    return best


def _clock_s(run: Callable[[], object]) -> float:
    """Return the seconds a call takes on the clock: the best of three, after one to warm up."""
    run()
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> None:
    """Run and print the table."""
    move = load_scenario(HERE / "broadband_move.yaml", 1)
    with TemporaryDirectory() as folder:
        scenario = one_desk(AGENTS, about(SERVICE_S), demand=[demand(PER_DAY)], patience={"phone": about(PATIENCE_S)})
        queue = written(Path(folder), scenario)
    plain = per_s(lambda: plain_simpy(1))
    rows = [("one queue, SimPy written by hand", plain)]
    for name, loaded in (("one queue", queue), ("broadband_move", move)):
        rows += [
            (f"{name}, engine simpy", per_s(lambda loaded=loaded: by_engine_simpy(loaded))),  # type: ignore[misc]
            (f"{name}, engine compiled, 10 replications", per_s(lambda loaded=loaded: simulate(loaded).contacts)),  # type: ignore[misc]
            (f"{name}, the compiled loop alone", per_s(loop_alone(loaded))),
        ]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread")
    for name, rate in rows:
        print(f"{rate:12,.0f} contacts/s {rate / plain:7.1f} x  {name}")
    for threads in (1, 2):
        taken_s = _clock_s(lambda threads=threads: simulate(move, replications=30, threads=threads))  # type: ignore[misc]
        print(f"{taken_s:12.2f} s on the clock     30 replications of a day of broadband_move, {threads} thread(s)")
    with TemporaryDirectory() as folder:
        words = ["simulate", str(HERE / "broadband_move.yaml"), "--days", "1", "--replications", "30"]
        began = time.perf_counter()
        command = [sys.executable, "-m", "testdrive", *words, "-o", str(Path(folder, "run"))]
        subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent)
        print(f"{time.perf_counter() - began:12.2f} s on the clock     the same as a whole command")


if __name__ == "__main__":
    main()
