"""What the benchmarks measure: the systems, the names of the rows, and how a row is timed and kept.

A row is a test; what it brought goes with it into the JSON, from which `ratios` makes the table.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

AGENTS, PER_DAY, SERVICE_S, PATIENCE_S = 50, 20_000, 200.0, 120.0
"""The single queue, M/M/50+M: about 3 % give up."""

QUEUE, VOLUMES, WHOLE, CLOCK = "one queue", "broadband_volumes", "whole_desk", "on the clock"

VOLUMES_FILE, WHOLE_FILE = (Path(__file__).with_name(f"{name}.yaml") for name in (VOLUMES, WHOLE))

PLAIN = "SimPy written by hand"
CIW, SALABIM, CIMBA = "Ciw", "salabim", "Cimba"
ENGINE_SIMPY = "engine simpy, with plan and log"
LOGGED = "engine compiled, 10 replications with plan and log"
FIGURES = "engine compiled, 10 replications with plan and figures"
PLANNED = "engine compiled, with plan and columns"
LOOP = "the compiled loop alone"
CPP_GENERAL, CPP_PRUNED = "the C++ loop alone", "the C++ loop alone, pruned"

ONE_THREAD = "30 replications of a day of broadband_volumes with figures, 1 thread"
TWO_THREADS = "30 replications of a day of broadband_volumes with figures, 2 threads"
COMMAND = "the same as a whole command, which also writes the log"


class Day(NamedTuple):
    """What a run brought: contacts (each attempt is one, however often it is passed on), and how many gave up."""

    contacts: int
    abandoned: int


def timed(benchmark: Any, system: str, row: str, run: Callable[[], Day], rounds: int, warm_up: int = 1) -> Day:
    """Time a row, say what it is, and return what its last run brought.

    What the other rows have left in memory is kept from the collector: a model written in Python would pay for it.
    """
    benchmark.group = system
    gc.collect()
    gc.freeze()
    day: Day = benchmark.pedantic(run, rounds=rounds, warmup_rounds=warm_up)
    gc.unfreeze()
    benchmark.extra_info.update(row=row, contacts=day.contacts)
    return day
