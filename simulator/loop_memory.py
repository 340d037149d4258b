"""What the compiled loop writes into, made before it begins.

The loop makes no array itself: arrays that are made and handed on are counted, which took more than half of its time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scenarios.experience import TERMS
from scenarios.jit import jit
from scenarios.ledger import WIDTH
from simulator.floor_arrays import FloorArrays, Real, Shifts, Whole
from simulator.loop_legs import FACTS, NOTES, TIMES, Small
from simulator.loop_talks import Seats

_TERMS = len(TERMS)


@jit
def _places_most(queue_teams_at: Whole) -> int:
    """Return how many teams a queue has at most."""
    return np.diff(queue_teams_at).max()  # type: ignore[no-any-return]  # an int to Numba


@jit
def _spells_most(shifts: Shifts, teams: int) -> int:
    """Return how many times a seat can come on duty: once for each seat that a roster adds."""
    present = np.zeros(teams, dtype=np.int64)
    most = 0
    for change in range(len(shifts.team)):
        team, wanted = shifts.team[change], shifts.present[change]
        if team >= 0:
            most += max(0, wanted - present[team])
            present[team] = wanted
    return most


class Cases(NamedTuple):
    """Where customers may leave: by case its last leg, and when its next contact is to come; by leg the one before."""

    latest: Whole
    again_us: Whole
    before: Whole
    ledger: Whole
    counts: Real
    """Room for the row of a case."""


class Memory(NamedTuple):
    """What the loop writes into: it makes no array itself, so that none need be counted."""

    times: Whole
    facts: Small
    notes: Whole
    """By leg; notes only where they are wanted."""
    heap_us: Whole
    heap: Whole
    duties: Whole
    queue_head: Whole
    queue_tail: Whole
    """By queue."""
    in_use: Whole
    """By channel: lines taken."""
    on_duty: Whole
    target: Whole
    """By team."""
    duty_since: Whole
    idle_since: Whole
    idle_before: Whole
    idle_behind: Whole
    """By seat."""
    idle_head: Whole
    idle_tail: Whole
    idle_count: Whole
    """Idle agents by team; where some have several contacts at once, by team and points in use."""
    busy_us: Whole
    busy_since: Whole
    """By seat."""
    leaving_count: Whole
    """By team."""
    doing: Whole
    doing_since: Whole
    doing_count: Whole
    aside: Whole
    """Work that may be interrupted: which a seat does, since when, by team how many do any, and which a seat has laid
    aside."""
    serving: Whole
    """By seat of those who have one contact: with whom they are."""
    staying: Whole
    """By team: who stays on after their shift."""
    shared: Seats
    cases: Cases


@jit
def memory_for(floor: FloorArrays, shifts: Shifts, room: int, more: bool, cases: int = 0) -> Memory:
    """Return empty memory for so many legs.

    `more` if all that only some scenarios need is to be noted; `cases`: how many, where customers may leave.
    """
    teams, queues = len(floor.wrap_law), len(floor.pages)
    seats = floor.seats_at[teams]
    some = seats if more else 0
    # a leg has one event to come, and perhaps a stale give-up; at times a timer for each change of its queue
    kept = (8 + _places_most(floor.queue_teams_at)) * room + 1 if more else 2 * room + 1
    spots = floor.spots_at[teams] if more else teams
    return Memory(
        np.empty((room, TIMES), dtype=np.int64),
        np.empty((room, FACTS), dtype=np.int32),
        np.empty((room if more else 0, NOTES), dtype=np.int64),
        np.empty(kept, dtype=np.int64), np.empty(kept, dtype=np.int64),
        np.empty((_spells_most(shifts, teams), 3), dtype=np.int64),
        np.full(queues, -1), np.full(queues, -1),
        np.zeros(len(floor.opens_us), dtype=np.int64),
        np.zeros(teams, dtype=np.int64), np.zeros(teams, dtype=np.int64),
        np.full(seats, -1), np.full(seats, -1), np.full(seats, -1), np.full(seats, -1),
        np.full(spots, -1), np.full(spots, -1), np.zeros(spots if more else 0, dtype=np.int64),
        np.zeros(seats, dtype=np.int64), np.zeros(seats, dtype=np.int64),
        np.zeros(teams if more else 0, dtype=np.int64),
        np.full(some, -1), np.zeros(some, dtype=np.int64), np.zeros(teams if more else 0, dtype=np.int64),
        np.full(some, -1), np.full(some, -1), np.zeros(teams if more else 0, dtype=np.int64),
        Seats(
            np.zeros(some, dtype=np.int64), np.zeros(some, dtype=np.int64), np.zeros(some, dtype=np.int64),
            np.zeros(some, dtype=np.int64), np.full(some, -1), np.full(some, -1), np.full(some, -1),
            np.full(some, -1), np.full(some, -1),
        ),
        Cases(
            np.full(cases, -1), np.full(cases, -1), np.empty(room if cases else 0, dtype=np.int64),
            np.zeros(WIDTH, dtype=np.int64), np.zeros(_TERMS),
        ),
    )  # fmt: skip
