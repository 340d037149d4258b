"""The compiled loop's linked lists: who waits in a queue, and which agents have how much to do for how long.

Refuses to know who is served next.
"""

from __future__ import annotations

from scenarios.jit import jit, jit_in_place
from simulator.floor_arrays import Whole
from simulator.loop_heap import wide
from simulator.loop_legs import ARRIVED, BEFORE, BEHIND, NUMBER, QUEUE, STATE, WAITING, Small


@jit
def free_spot(idle_head: Whole, base: int, room: int) -> int:
    """Return the spot of the agents of a team who have least to do and take one more; -1 where none does."""
    for spot in range(base, base + room + 1):
        if idle_head[spot] >= 0:
            return spot
    return -1


@jit
def free_count(idle_count: Whole, base: int, room: int) -> int:
    """Count the agents of a team who can take one more."""
    return idle_count[base : base + room + 1].sum()  # type: ignore[no-any-return]  # an int to Numba


@jit_in_place
def join_spot(
    idle_head: Whole, idle_tail: Whole, idle_before: Whole, idle_behind: Whole, idle_since: Whole, spot: int, seat: int
) -> None:
    """Put a seat behind those that have been at this spot longer, or as long with a lower number."""
    behind, before = -1, idle_tail[spot]
    while before >= 0 and idle_since[before] == idle_since[seat] and before > seat:
        behind, before = before, idle_before[before]
    idle_before[seat], idle_behind[seat] = before, behind
    if before >= 0:
        idle_behind[before] = seat
    else:
        idle_head[spot] = seat
    if behind >= 0:
        idle_before[behind] = seat
    else:
        idle_tail[spot] = seat


@jit_in_place
def leave_spot(
    idle_head: Whole, idle_tail: Whole, idle_before: Whole, idle_behind: Whole, spot: int, seat: int
) -> None:
    """Take a seat from its spot."""
    before, behind = idle_before[seat], idle_behind[seat]
    if before >= 0:
        idle_behind[before] = behind
    else:
        idle_head[spot] = behind
    if behind >= 0:
        idle_before[behind] = before
    else:
        idle_tail[spot] = before


@jit_in_place
def enqueue(
    times: Whole, facts: Small, queue_head: Whole, queue_tail: Whole, row: int, queue: int, since: int, number: int
) -> None:
    """Put a leg into a queue: last, but before any who came later, or together with a higher number."""
    behind, before = -1, queue_tail[queue]
    while before >= 0 and times[before, ARRIVED] >= since:
        if times[before, ARRIVED] == since and facts[before, NUMBER] <= number:
            break
        behind, before = before, wide(facts[before, BEFORE])
    facts[row, BEFORE], facts[row, BEHIND], facts[row, STATE] = before, behind, WAITING
    if before >= 0:
        facts[before, BEHIND] = row
    else:
        queue_head[queue] = row
    if behind >= 0:
        facts[behind, BEFORE] = row
    else:
        queue_tail[queue] = row


@jit_in_place
def dequeue(facts: Small, queue_head: Whole, queue_tail: Whole, row: int) -> None:
    """Take a leg out of its queue."""
    queue = wide(facts[row, QUEUE])
    before, behind = wide(facts[row, BEFORE]), wide(facts[row, BEHIND])
    if before >= 0:
        facts[before, BEHIND] = behind
    else:
        queue_head[queue] = behind
    if behind >= 0:
        facts[behind, BEFORE] = before
    else:
        queue_tail[queue] = before
