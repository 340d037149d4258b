from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.plan import draw_plan, make_plan
from scenarios.reading import LoadedScenario
from simulator.engine_compiled import replicate
from simulator.engine_simpy import Engine
from simulator.floor_arrays import floor_of, shifts_of
from simulator.loop_arrivals import Arrivals
from simulator.loop_legs import ABANDONED, LEG, LEG_END, Happened
from simulator.simpy_floor import Luck
from simulator.simulate import replicated, simulate
from tests.benchmarks.event_loop import differences, run_loop, tables_of, write_tables
from tests.benchmarks.rows import (
    CPP_GENERAL,
    CPP_PRUNED,
    ENGINE_SIMPY,
    FIGURES,
    LOGGED,
    LOOP,
    PLANNED,
    QUEUE,
    VOLUMES,
    WHOLE,
    Day,
    timed,
)

LUCK = Luck(seed=1, plan=0, desk=0)
pytestmark = pytest.mark.usefixtures("spell")
FIXTURES = {QUEUE: "queue", VOLUMES: "volumes", WHOLE: "whole"}
SYSTEMS = pytest.mark.parametrize("system", list(FIXTURES))


class _Told:
    """A timer that shows the seconds a program has told of its runs: starting and reading are not in them."""

    __name__ = "told_s"

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


TOLD = _Told()


@pytest.fixture
def loaded(system: str, request: pytest.FixtureRequest) -> LoadedScenario:
    found: LoadedScenario = request.getfixturevalue(FIXTURES[system])
    return found


def day_of(happened: Happened) -> Day:
    ends = happened.facts[:, LEG_END]
    return Day(int(np.count_nonzero(happened.facts[:, LEG] == 0)), int(np.count_nonzero(ends == ABANDONED)))


def loop_alone(loaded: LoadedScenario) -> Callable[[], Happened]:
    """Return a function that runs the compiled loop alone: plan drawn before, no table after."""
    floor, plan = floor_of(loaded), draw_plan(loaded, LUCK.seed, LUCK.plan)
    arrivals = Arrivals.of(plan)
    shifts = shifts_of(floor, LUCK.seed, LUCK.desk)
    told = LUCK.seed, LUCK.plan, LUCK.desk, floor.horizon_us, arrivals, floor.arrays, shifts, floor.more
    return lambda: replicate(*told)


@pytest.mark.benchmark
@SYSTEMS
def test_engine_simpy(benchmark: Any, system: str, loaded: LoadedScenario) -> None:
    """Without it the engine to read could become too slow to be run."""

    def run() -> Day:
        engine = Engine(loaded, make_plan(loaded, LUCK.seed), LUCK)
        engine.run()
        legs = engine.legs("", 0)
        return Day(int((legs["leg"] == 0).sum()), int((legs["leg_end"] == "abandoned").sum()))

    timed(benchmark, system, ENGINE_SIMPY, run, rounds=2)


@pytest.mark.benchmark
@SYSTEMS
def test_compiled_with_plan_and_log(benchmark: Any, system: str, loaded: LoadedScenario) -> None:
    """Without it nobody would see what drawing the plan and writing the log cost."""
    timed(benchmark, system, LOGGED, lambda: Day(int((simulate(loaded).legs["leg"] == 0).sum()), 0), rounds=3)


@pytest.mark.benchmark
@SYSTEMS
def test_compiled_with_plan_and_figures(benchmark: Any, system: str, loaded: LoadedScenario) -> None:
    """Without it what `--summary` costs, of which a hundred million contacts are made, would be unknown."""
    timed(benchmark, system, FIGURES, lambda: Day(simulate(loaded, summary=True).contacts, 0), rounds=5)


@pytest.mark.benchmark
@SYSTEMS
def test_compiled_with_plan_and_columns(benchmark: Any, system: str, loaded: LoadedScenario) -> None:
    """Without it the comparison with a model that draws its own customers would leave our drawing out."""
    floor = floor_of(loaded)
    timed(benchmark, system, PLANNED, lambda: day_of(replicated(loaded, floor, None, LUCK).happened), rounds=40)


@pytest.mark.benchmark
@SYSTEMS
def test_compiled_loop(benchmark: Any, system: str, loaded: LoadedScenario) -> None:
    """Without it the hot loop could slow down and nobody would know where."""
    run = loop_alone(loaded)
    day = day_of(run())

    def timed_run() -> Day:
        run()
        return day

    timed(benchmark, system, LOOP, timed_run, rounds=80)


@pytest.mark.benchmark(timer=TOLD)
@pytest.mark.parametrize(
    ("system", "variant", "row"),
    [(QUEUE, "general", CPP_GENERAL), (QUEUE, "pruned", CPP_PRUNED), (VOLUMES, "general", CPP_GENERAL)],
)
def test_the_cpp_loop_gives_the_same_columns(
    benchmark: Any, system: str, loaded: LoadedScenario, variant: str, row: str, program: Path, tmp_path: Path
) -> None:
    """Without it one could not say how near the compiled loop comes to the machine, or that they do the same work."""
    floor, plan = floor_of(loaded), draw_plan(loaded, LUCK.seed, LUCK.plan)
    happened = loop_alone(loaded)()
    write_tables(tmp_path / "tables", tables_of(floor, plan, LUCK))
    ran = [run_loop(program, variant, tmp_path / "tables", runs=40) for _ in range(2)]
    assert [differences(happened, each) for each in ran] == [[]] * len(ran)
    seconds = [s for each in ran for s in each.seconds]
    coming = iter(seconds)
    day = day_of(happened)

    def told_run() -> Day:
        TOLD.seconds += next(coming)
        return day

    timed(benchmark, system, row, told_run, rounds=len(seconds), warm_up=0)
