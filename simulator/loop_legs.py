"""What the compiled loop knows of a leg, as columns of numbers, and what it gives back.

Holds the names of columns and of the numbers in them; refuses to do anything.

>>> ENDS[ANSWERED_END]
'answered'
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.units import NEVER_US
from simulator.floor_arrays import Whole

Small = npt.NDArray[np.int32]

# What is known of a leg. Times in microseconds; -1 where it did not happen, but UNANSWERED for an answer: one who is
# being served as the run begins may have been answered before the scenario's first second.
ARRIVED, ANSWERED, ENDED, WRAP, GIVES_UP = range(5)
TIMES = 5
UNANSWERED = -NEVER_US
# Numbers, -1 where there is none; the last four are the loop's own.
NUMBER, ATTEMPT, LEG, CHANNEL, QUEUE, TEAM, SEAT, HISTORY, LEG_END, OUTCOME, STATE, BEFORE, BEHIND, LAST = range(14)
FACTS = 14

ENDS = (
    "censored", "answered", "transferred", "abandoned", "closed", "contained", "resolved", "unresolved", "blocked",
    "cut_off", "message", "cleared_at_close", "silent", "balked", "callback", "escalated",
)  # fmt: skip
"""What LEG_END and OUTCOME mean: words of the contact log."""
(
    CENSORED, ANSWERED_END, TRANSFERRED, ABANDONED, CLOSED, CONTAINED, RESOLVED, UNRESOLVED, BLOCKED, CUT_OFF, MESSAGE,
    CLEARED, SILENT, BALKED, CALLBACK, ESCALATED,
) = range(len(ENDS))  # fmt: skip

# What only some scenarios need to know of a leg; -1 where there is none. TAKEN is when an agent began with one who was
# gone; ASIDE_US for how long work was laid aside for others, 0 or more of work for which that can happen; LEFT_US what
# is left of a talk that a colleague goes on with; TURNS how many answers are to come, TURN_US how long the next takes.
(
    ROLE, ANNOUNCED, TAKEN, WAIT_END, LATEST, ASKED, PRIMARY, RETELLING, POINTS, DONE_AT, TALK_BEFORE, TALK_BEHIND,
    CALLED_BACK, PATIENCE, HOLD, PROMISE, DUE, KEPT, ASIDE_US, ASIDE_AT, LEFT_US, TURNS,
    TURN_US,
) = range(23)  # fmt: skip
NOTES = 23

ROLES = ("conference", "work")
"""What ROLE means: words of the contact log."""

(
    WAITING, TALKING, WRAPPING, READING, GONE, SPEAKING, CONSULTING, CONFERRING, RESUMING, VANISHED, ALONE,
    HANDING, LAID_ASIDE, REPLYING,
) = range(14)  # fmt: skip


class Happened(NamedTuple):
    """What the loop gives: legs in the order in which they began, and when each seat was on duty."""

    times_us: Whole
    facts: Small
    duties: Whole
    """Rows of seat, from, to."""
    notes: Whole
    """What only some scenarios need to know, by leg; empty for the others."""
