"""The single queue in Cimba: a process per customer in its C engine, patience by timer, a row per contact captured.

Cimba reads annotations as types, so here they are not kept as text.
"""

from collections.abc import Callable

import numpy as np

from scenarios.units import DAY_S
from tests.benchmarks.rows import AGENTS, PATIENCE_S, PER_DAY, SERVICE_S, Day

GAVE_UP = 1
"""The signal that ends a wait whose timer came first."""


def one_queue() -> Callable[[int], Day]:
    """Return a function that runs a day; the classes are made once, as Cimba compiles each class once."""
    import cimba  # installed by `make bench` alone

    gap_s = DAY_S / PER_DAY
    exponential = cimba.random.exponential

    class Desk(cimba.Model):  # type: ignore[misc]
        """The agents, the arrivals and the columns."""

        agents: cimba.Resource = cimba.Resource(capacity=AGENTS)
        arrived: cimba.Dataset
        answered: cimba.Dataset
        ended: cimba.Dataset

        def __init__(self):
            self.arrived, self.answered, self.ended = cimba.Dataset(), cimba.Dataset(), cimba.Dataset()
            for column in (self.arrived, self.answered, self.ended):
                column.capture()

        @cimba.process
        def arrivals(self):
            """Customers come."""
            while True:
                cimba.hold(exponential(gap_s))
                cimba.spawn(Customer, desk=self)

    class Customer(cimba.Model):  # type: ignore[misc]
        """One who calls."""

        desk: cimba.Ref[Desk]

        @cimba.process
        def call(self):
            """Wait, talk or give up, and leave a row."""
            arrived, answered = cimba.now(), -1.0
            me = cimba.this_process()
            me.timer_set(exponential(PATIENCE_S), GAVE_UP)
            if self.desk.agents.acquire() == 0:
                me.timers_clear()
                answered = cimba.now()
                cimba.hold(exponential(SERVICE_S))
                self.desk.agents.release()
            self.desk.arrived.record(arrived)
            self.desk.answered.record(answered)
            self.desk.ended.record(cimba.now())

    def run(seed: int) -> Day:
        model = Desk()
        window = cimba.Window(duration=float(DAY_S))
        results = cimba.Experiment(model, window=window, seed=seed).run(workers=1)
        assert not results.failed.any(), results.failure_reasons
        _, answered = results[model].answered.trial(0, 0)
        return Day(len(answered), int(np.count_nonzero(answered < 0)))

    return run
