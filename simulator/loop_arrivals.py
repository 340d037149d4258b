"""First attempts of a plan, in the order in which they come, as the compiled loop reads them.

Refuses to know what becomes of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.jit import jit
from scenarios.plan import DrawnPlan
from scenarios.units import NEVER_US
from simulator.floor_arrays import Whole

BUCKET_MOST = 200
"""With more times in one bucket, sorting within would take longer than sorting all."""


class Arrivals(NamedTuple):
    """First attempts in the order in which they come; `number` is their place in the order of the log (by customer)."""

    number: Whole
    due_us: Whole
    """One more than there are arrivals: the last never comes."""
    entity: npt.NDArray[np.uint64]
    """By number."""
    patience_us: Whole
    channel: Whole
    intent: Whole
    """By number."""
    since_us: Whole
    begun_team: Whole
    begun_ends_us: Whole
    """By number: when they really came, who serves them already (see `scenarios.plan.Begun`) and until when; empty
    where a run begins with nobody there."""

    @classmethod
    def of(cls, plan: DrawnPlan) -> Arrivals:
        """Put a plan's customers, told in the order of the log, into the order in which they come."""
        comes_us = plan.due_us if plan.begun is None else plan.begun.comes_us
        number, sorted_well = _in_order(comes_us)
        if not sorted_well:
            number = np.argsort(comes_us, kind="stable")
        coming = np.append(comes_us[number], NEVER_US)
        none = np.empty(0, dtype=np.int64)
        begun = (none, none, none) if plan.begun is None else (plan.due_us, plan.begun.team, plan.begun.ends_us)
        return cls(number, coming, plan.entity, plan.patience_us, plan.channel, plan.intent, *begun)


@jit
def _in_order(times_us: Whole) -> tuple[Whole, bool]:
    """Return the numbers of times in their order, equal ones by number; False where too many crowd together for that.

    As many buckets as times, sorted within: instants are spread evenly over their intervals, so it takes a fifth of
    what comparing all of them takes, and no interpreter lock.
    """
    count = len(times_us)
    order = np.empty(count, dtype=np.int64)
    if count == 0:
        return order, True
    first, last = times_us.min(), times_us.max()
    width = (last - first) // count + 1
    begins = np.zeros(count + 1, dtype=np.int64)
    for number in range(count):
        begins[(times_us[number] - first) // width + 1] += 1
    if begins.max() > BUCKET_MOST:
        return order, False
    for bucket in range(count):
        begins[bucket + 1] += begins[bucket]
    for number in range(count):
        bucket = (times_us[number] - first) // width
        order[begins[bucket]] = number
        begins[bucket] += 1
    for place in range(1, count):  # within a bucket only neighbours can stand in the wrong order
        number = order[place]
        before = place - 1
        while before >= 0 and times_us[order[before]] > times_us[number]:
            order[before + 1] = order[before]
            before -= 1
        order[before + 1] = number
    return order, True
