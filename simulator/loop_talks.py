"""Seats of the compiled loop that have several contacts at once: how far each conversation has come, which ends next.

Progress is kept in whole parts of microseconds, so that no rest is ever lost.
"""

from __future__ import annotations

from typing import NamedTuple

from scenarios.jit import jit
from scenarios.units import NEVER_US
from simulator.floor_arrays import FULL_SPEED, WORK_MOST_US, Whole
from simulator.loop_heap import event_of
from simulator.loop_legs import DONE_AT, TALK_BEFORE, TALK_BEHIND, TURN_US, Small
from simulator.loop_lists import join_spot


class Seats(NamedTuple):
    """What is known of seats that have several contacts at once; by seat."""

    load: Whole
    """Points in use."""
    leaving: Whole
    """1 of one who takes nobody any more and leaves when all are served."""
    progress: Whole
    since_us: Whole
    """How far any conversation here has come, in parts of FULL_SPEED times microseconds, and when that was reckoned."""
    talks: Whole
    """The row of one of its conversations, or -1; they are linked by TALK_BEFORE and TALK_BEHIND."""
    next_row: Whole
    next_us: Whole
    """Which conversation ends next, and when."""
    asks: Whole
    asks_last: Whole
    """The first and the last of those who wait for an answer of one who answers one at a time, or -1; linked by
    TALK_BEHIND."""


@jit
def advance(seats: Seats, speed: Whole, base: int, seat: int, now: int) -> None:
    """Reckon how far the conversations of a seat have come."""
    if seats.talks[seat] >= 0:
        seats.progress[seat] += speed[base + seats.load[seat] - 1] * (now - seats.since_us[seat])
    seats.since_us[seat] = now


@jit
def begin_talk(seats: Seats, notes: Whole, row: int, seat: int, work_us: int) -> None:
    """Have a seat that has been reckoned up to now begin a conversation."""
    first = seats.talks[seat]
    notes[row, DONE_AT] = seats.progress[seat] + min(work_us, WORK_MOST_US) * FULL_SPEED
    notes[row, TALK_BEFORE], notes[row, TALK_BEHIND] = -1, first
    if first >= 0:
        notes[first, TALK_BEFORE] = row
    seats.talks[seat] = row


@jit
def say(seats: Seats, notes: Whole, row: int, seat: int, work_us: int, one_by_one: int) -> None:
    """Have a seat begin a conversation, or an answer in it; perhaps only once it has answered others."""
    if not one_by_one or seats.talks[seat] < 0:
        begin_talk(seats, notes, row, seat, work_us)
        return
    notes[row, TURN_US], notes[row, TALK_BEHIND] = work_us, -1
    if seats.asks[seat] < 0:
        seats.asks[seat] = row
    else:
        notes[seats.asks_last[seat], TALK_BEHIND] = row
    seats.asks_last[seat] = row


@jit
def answer_next(seats: Seats, notes: Whole, seat: int) -> None:
    """Have a seat that answers one at a time begin with who has waited longest for it."""
    row = seats.asks[seat]
    if row >= 0:
        seats.asks[seat] = notes[row, TALK_BEHIND]
        begin_talk(seats, notes, row, seat, notes[row, TURN_US])


@jit
def end_talk(seats: Seats, notes: Whole, row: int, seat: int) -> None:
    """Have a seat that has been reckoned up to now end a conversation."""
    before, behind = notes[row, TALK_BEFORE], notes[row, TALK_BEHIND]
    if before >= 0:
        notes[before, TALK_BEHIND] = behind
    else:
        seats.talks[seat] = behind
    if behind >= 0:
        notes[behind, TALK_BEFORE] = before
    if seats.talks[seat] < 0:
        seats.progress[seat] = 0


@jit
def next_end(seats: Seats, notes: Whole, facts: Small, speed: Whole, base: int, seat: int, now: int) -> bool:
    """Find which conversation of a seat ends next, and when; say whether that is another than before."""
    best, best_us = -1, NEVER_US
    row = seats.talks[seat]
    while row >= 0:
        rate = speed[base + seats.load[seat] - 1]
        at_us = now + max(notes[row, DONE_AT] - seats.progress[seat] + rate - 1, 0) // rate
        if at_us < best_us or (at_us == best_us and event_of(facts, row << 2) < event_of(facts, best << 2)):
            best, best_us = row, at_us
        row = notes[row, TALK_BEHIND]
    changed = best != seats.next_row[seat] or best_us != seats.next_us[seat]
    seats.next_row[seat], seats.next_us[seat] = best, best_us
    return changed and best >= 0


@jit
def after_change(
    seats: Seats,
    notes: Whole,
    facts: Small,
    speed: Whole,
    base: int,
    points: int,
    seat: int,
    now: int,
    idle_head: Whole,
    idle_tail: Whole,
    idle_before: Whole,
    idle_behind: Whole,
    idle_since: Whole,
    idle_count: Whole,
) -> bool:
    """Let a seat take more where it can, and say whether a conversation ends at another time than was thought."""
    if idle_since[seat] < 0 and seats.load[seat] < points and not seats.leaving[seat]:
        spot = base + seats.load[seat]
        idle_since[seat] = now
        join_spot(idle_head, idle_tail, idle_before, idle_behind, idle_since, spot, seat)
        idle_count[spot] += 1
    return next_end(seats, notes, facts, speed, base, seat, now)
