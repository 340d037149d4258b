"""The experience ledger's one step: what a leg that has ended adds to what its customer has lived through.

A case has a row of whole numbers, which the step changes in place; all are sums, so a customer's row is the sum of
their cases' rows. It is called for one leg after the other, in the order of end, contact and leg, and times are whole
microseconds, so that whoever folds a log comes to the same numbers. Refuses to know what it costs.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from scenarios.experience import TERMS, Term
from scenarios.jit import jit_uncounted

(
    WAIT_BEYOND_US, RETELLINGS, TRANSFERS, CUT_OFFS, CONTRADICTIONS, PROMISES_LATE, PROMISES_BROKEN, HOPS, DEFLECTIONS,
    UNRESOLVED, REPEATS, BLAMED, KINDNESS, APOLOGIES, COMPENSATIONS, PROACTIVE_CALLS, COMPLAINTS,
) = range(17)  # fmt: skip
"""Places of the terms, in the order of `TERMS`; that of waiting holds microseconds."""

CHANNEL, LOWEST, HIGHEST, TOLD, LOST, RIGHT_ANSWERS, WRONG_ANSWERS = range(17, 24)
"""What is remembered of a case: the channel of the last contact, the lowest and highest number of any, whether a person
has heard the story, whether the last leg was cut off, how many answers were right and wrong (`scenarios.conduct`)."""

WIDTH = 24

Row = npt.NDArray[np.int64]

OTHER_END, TRANSFERRED, CUT_OFF, DEFLECTED = range(4)
"""What the step tells apart of how a leg ends."""

UNKNOWN, SETTLED, UNSETTLED = range(3)
"""What came of a contact: told with its last leg, unknown with the others."""

ENDS: dict[str, int] = {
    "transferred": TRANSFERRED, "escalated": TRANSFERRED, "cut_off": CUT_OFF, "deflected": DEFLECTED,
}  # fmt: skip


def new_rows(cases: int) -> npt.NDArray[np.int64]:
    """Return the rows of cases that have not begun, of shape (cases, WIDTH): all zero."""
    return np.zeros((cases, WIDTH), dtype=np.int64)


@jit_uncounted
def step(
    row: Row,
    channel: int,
    attempt: int,
    wait_us: int,
    tolerated_us: int,
    by_person: bool,
    carried: bool,
    end: int,
    outcome: int,
) -> None:
    """Add a leg that has ended to the row of its case.

    Args:
        row: of the case, changed in place.
        channel: a number for the leg's channel.
        attempt: number of the contact in its case, from 1; a contact's legs have the same. 0 of a leg that the
            customer was not on: work for them, a colleague who was asked in.
        wait_us: how long the customer waited in this leg; 0 where they did not.
        tolerated_us: how long they find right on this channel, in each leg; negative where nobody knows.
        by_person: whether a person answered.
        carried: whether that person knew the story already.
        end: OTHER_END, TRANSFERRED, CUT_OFF or DEFLECTED.
        outcome: UNKNOWN, SETTLED or UNSETTLED.
    """
    if attempt > 0 and row[HIGHEST] == 0:
        row[LOWEST], row[HIGHEST], row[CHANNEL] = attempt, attempt, channel
    elif attempt > 0 and (attempt < row[LOWEST] or attempt > row[HIGHEST]):
        row[LOWEST], row[HIGHEST] = min(attempt, row[LOWEST]), max(attempt, row[HIGHEST])
        row[REPEATS] = row[HIGHEST] - row[LOWEST]
        if channel != row[CHANNEL]:
            row[HOPS] += 1
        row[CHANNEL], row[LOST] = channel, 0
    if 0 <= tolerated_us < wait_us:
        row[WAIT_BEYOND_US] += wait_us - tolerated_us
    if by_person:
        if row[TOLD] and not carried:
            row[RETELLINGS] += 1
        row[TOLD] = 1
        if row[LOST]:
            row[PROACTIVE_CALLS] += 1
    if attempt > 0:
        row[LOST] = end == CUT_OFF
    if end == TRANSFERRED:
        row[TRANSFERS] += 1
    elif end == CUT_OFF:
        row[CUT_OFFS] += 1
    elif end == DEFLECTED:
        row[DEFLECTIONS] += 1
    if outcome != UNKNOWN:
        row[UNRESOLVED] = 1 if outcome == UNSETTLED else 0


@jit_uncounted
def promised(row: Row, due_us: int, kept_us: int, until_us: int) -> None:
    """Add what became of a promise, once it is known, to the row of its case.

    Args:
        row: of the case, changed in place.
        due_us: when it was due.
        kept_us: when it was kept; negative where it never was.
        until_us: when one stopped looking: what was not due by then is not broken.
    """
    if 0 <= kept_us <= min(due_us, until_us) or due_us > until_us:
        return
    row[PROMISES_LATE if 0 <= kept_us <= until_us else PROMISES_BROKEN] += 1


def terms_of(rows: npt.NDArray[np.int64], wanted: Collection[Term] = TERMS) -> dict[Term, npt.NDArray[np.float64]]:
    """Return what rows hold by term, waiting in minutes."""
    places = {term: place for place, term in enumerate(TERMS) if term in wanted}
    scales = {term: 60e6 if place == WAIT_BEYOND_US else 1.0 for term, place in places.items()}
    return {term: rows[:, place] / scales[term] for term, place in places.items()}
