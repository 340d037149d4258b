"""Compile all that is compiled, so that no command has to: `python -m simulator.ready`, which `make` does at set-up.

Refuses to leave anything behind but Numba's cache.

>>> make_ready(lambda told: None)
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from results.figures import Key
from results.worked import any_at_once
from scenarios.reading import HERE, load_scenario
from scenarios.units import NEVER_US
from simulator.engine_compiled import VARIANTS
from simulator.floor_arrays import floor_of, shifts_of
from simulator.loop_arrivals import Arrivals
from simulator.loop_lives import NOBODY_LEAVES, NOTHING_BELIEVED
from simulator.loop_memory import memory_for
from simulator.simulate import simulate


def make_ready(tell: Callable[[str], object]) -> None:
    """Compile each variant of the loop on a day without customers, then all else on a short day with some."""
    loaded = load_scenario(HERE / "quiet_tuesday.yaml", days=1)
    floor = floor_of(loaded)
    none = np.empty(0, dtype=np.int64)
    nobody = Arrivals(none, np.array([NEVER_US]), none.astype(np.uint64), none, none, none, none, none, none)
    shifts = shifts_of(floor, 1, 0)
    for number, (name, (loop, more)) in enumerate(VARIANTS.items(), start=1):
        tell(f"compiling the engine, {number} of {len(VARIANTS)}: {name}")
        memory = memory_for(floor.arrays, shifts, 64, more)
        loop(1, 0, 0, floor.horizon_us, nobody, floor.arrays, shifts, NOBODY_LEAVES, NOTHING_BELIEVED, memory)
    tell("compiling plan and log")
    channel = next(iter(loaded.scenario.channels))
    asked = [Key(name, None, channel, None) for name in ("legs_mean", "queue_mean")]
    simulate(loaded, replications=1, also=asked)
    nobodys = np.empty(0, dtype=np.int32)
    any_at_once(nobodys, nobodys, np.empty(0), np.empty(0), 1)


if __name__ == "__main__":
    make_ready(lambda told: sys.stderr.write(f"{told}\n"))
