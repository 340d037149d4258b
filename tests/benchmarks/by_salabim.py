"""The single queue in salabim, with `yield` (its greenlets were slower) and without monitors."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

from scenarios.units import DAY_S
from tests.benchmarks.rows import AGENTS, PATIENCE_S, PER_DAY, SERVICE_S, Day


def one_queue(seed: int) -> Day:
    """One day: a component per customer, a request that fails when patience ends, a row per contact."""
    import salabim  # installed by `make bench` alone

    luck = random.Random(seed)
    env = salabim.Environment(yieldless=False, random_seed=None, set_numpy_random_seed=False)
    desk = salabim.Resource("desk", capacity=AGENTS, monitor=False)
    rows: list[tuple[float, float, float, str]] = []

    class Customer(salabim.Component):  # type: ignore[misc]
        def process(self) -> Generator[Any, Any, None]:
            arrived = env.now()
            yield self.request(desk, fail_delay=luck.expovariate(1 / PATIENCE_S))
            if self.failed():
                rows.append((arrived, env.now(), env.now(), "abandoned"))
                return
            answered = env.now()
            yield self.hold(luck.expovariate(1 / SERVICE_S))
            self.release(desk)
            rows.append((arrived, answered, env.now(), "answered"))

    class Arrivals(salabim.Component):  # type: ignore[misc]
        def process(self) -> Generator[Any, Any, None]:
            while True:
                yield self.hold(luck.expovariate(PER_DAY / DAY_S))
                Customer()

    Arrivals()
    env.run(till=DAY_S)
    return Day(len(rows), sum(row[3] == "abandoned" for row in rows))
