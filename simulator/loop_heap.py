"""The compiled loop's events to come: a binary heap of times and of what happens to which leg.

Who comes first in the same microsecond is looked up only where two times are the same.

>>> event_number(EventClass.MATCH, 0, 0, 0) < event_number(EventClass.GIVE_UP, 3, 1, 0)
True
"""

from __future__ import annotations

import numpy as np

from scenarios.jit import jit_in_place
from scenarios.units import NEVER_US
from simulator.events import EventClass
from simulator.floor_arrays import Whole
from simulator.loop_legs import ATTEMPT, CONSULTING, LEG, LEG_END, NUMBER, STATE, TRANSFERRED, Small

END, SHIFT, JOIN, TIMER, MATCH, GIVE_UP = (
    int(kind) << 60
    for kind in (
        EventClass.END, EventClass.SHIFT, EventClass.JOIN, EventClass.TIMER, EventClass.MATCH, EventClass.GIVE_UP,
    )
)  # fmt: skip

# What an event in the heap is: the row of a leg and, in the lowest two bits, what happens to it.
WHAT_ENDS, WHAT_JOINS, WHAT_GIVES_UP, WHAT_TIMES = range(4)


@jit_in_place
def wide(value: int) -> int:
    """Return a fact as 64 bits: shifted as 32 it would lose what it names."""
    return np.int64(value)  # type: ignore[return-value]  # an int to Numba


@jit_in_place
def event_number(kind: int, number: int, attempt: int, leg: int) -> int:
    """Pack class, contact and leg into 63 bits that sort as `simulator.events` says."""
    return (kind << 60) | (number << 24) | (attempt << 12) | leg


@jit_in_place
def event_of(facts: Small, event: int) -> int:
    """Return the `event_number` of an event in the heap."""
    row, what = event >> 2, event & 3
    number, attempt, leg = wide(facts[row, NUMBER]), wide(facts[row, ATTEMPT]), wide(facts[row, LEG])
    if what == WHAT_ENDS:
        return event_number(END >> 60, number, attempt, leg)
    if what == WHAT_GIVES_UP:
        return event_number(GIVE_UP >> 60, number, attempt, leg)
    if what == WHAT_TIMES:
        return event_number(TIMER >> 60, number, attempt, leg)
    if facts[row, LEG_END] == TRANSFERRED or facts[row, STATE] == CONSULTING:
        return event_number(JOIN >> 60, number, attempt, leg + 1)
    return event_number(JOIN >> 60, number, attempt + 1, 0)


@jit_in_place
def push(heap_us: Whole, heap: Whole, facts: Small, size: int, at_us: int, event: int) -> None:
    """Put an event into a binary heap; there is room for it."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap_us[parent] < at_us:
            break
        if heap_us[parent] == at_us and event_of(facts, heap[parent]) < event_of(facts, event):
            break
        heap_us[child], heap[child] = heap_us[parent], heap[parent]
        child = parent
    heap_us[child], heap[child] = at_us, event


@jit_in_place
def pop(heap_us: Whole, heap: Whole, facts: Small, size: int) -> None:
    """Take the least event out of a heap of `size`; an empty heap says that nothing comes.

    The hole sinks to the bottom and the last event rises from there, which takes half the comparisons (Wegener 1993,
    Theoretical Computer Science 118:81).
    """
    last = size - 1
    hole, child = 0, 1
    while child + 1 < last:
        left_us, right_us = heap_us[child], heap_us[child + 1]
        if right_us == left_us:
            child += event_of(facts, heap[child + 1]) < event_of(facts, heap[child])
        else:
            child += right_us < left_us
        heap_us[hole], heap[hole] = heap_us[child], heap[child]
        hole = child
        child = 2 * hole + 1
    if child < last:
        heap_us[hole], heap[hole] = heap_us[child], heap[child]
        hole = child
    push(heap_us, heap, facts, hole, heap_us[last], heap[last])
    if last == 0:
        heap_us[0] = NEVER_US
