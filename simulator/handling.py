"""How long a talk takes with this agent at this moment: a scalar fact that both engines share.

>>> handled_us(300_000_000, 1250, 0.0, 0, 0, 0.0, 0.0, 0) / 1e6
240.0
"""

from __future__ import annotations

import numpy as np

from scenarios.jit import jit
from scenarios.units import NEVER_US


@jit
def handled_us(
    time_us: int,
    speed: int,
    fatigue: float,
    busy_us: int,
    there_us: int,
    slower: float,
    slower_most: float,
    waited_us: int,
) -> int:
    """Return how long a drawn time takes, in microseconds.

    Args:
        time_us: as the law has it.
        speed: of the agent, in thousandths.
        fatigue: how much longer it takes of one who has not been idle.
        busy_us: for how long the agent has been busy since coming on duty,
        there_us: and for how long they have been there.
        slower: how much longer it takes per minute that the customer has waited,
        slower_most: and at most.
        waited_us: how long they have.
    """
    if time_us >= NEVER_US:
        return NEVER_US
    factor = 1.0
    if fatigue > 0.0 and there_us > 0:
        factor += fatigue * busy_us / there_us
    if slower > 0.0:
        factor += min(slower_most, slower * waited_us / 6e7)
    return int(np.rint(time_us * factor * 1000 / speed))
