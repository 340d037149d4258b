"""The compiled engine: one replication of a scenario in one long loop over arrays, in whole microseconds.

The engine to run; `engine_simpy` is the one to read, and gives the same contact log cell for cell. They share the
draws, the laws and the enumeration of events, and nothing else: here queues and idle seats are linked lists, arrivals
and shifts are sorted arrays beside a heap, and the best pair is sought over queues of numbers. The hot loop is long, as
the house style allows it: what it does in one place costs no call and no copy.

One source is compiled in a few named variants: in each, the features its scenarios do not use are constants that the
compiler leaves out. Refuses objects, text and floating-point time within the loop. Guarded by
tests/simulator/test_engines_equal.py.

>>> event_number(EventClass.MATCH, 0, 0, 0) < event_number(EventClass.GIVE_UP, 3, 1, 0)
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.draws import LEG_MOST, Purpose, uniform
from scenarios.jit import jit
from scenarios.laws import EMPIRICAL, drawn_us
from scenarios.units import DAY_US, NEVER_US
from simulator.events import EventClass
from simulator.floor_arrays import FloorArrays, Real, Shifts, Whole

Small = npt.NDArray[np.int32]

END, SHIFT, JOIN, MATCH, GIVE_UP = (
    int(kind) << 60
    for kind in (EventClass.END, EventClass.SHIFT, EventClass.JOIN, EventClass.MATCH, EventClass.GIVE_UP)
)
_TRANSFER, _SERVICE, _WRAP, _CONTAINMENT, _PATIENCE, _RETRY, _RETRY_DELAY = (
    int(purpose)
    for purpose in (
        Purpose.TRANSFER, Purpose.SERVICE, Purpose.WRAP, Purpose.CONTAINMENT, Purpose.PATIENCE, Purpose.RETRY,
        Purpose.RETRY_DELAY,
    )
)  # fmt: skip

# What is known of a leg. Times in microseconds, -1 where it did not happen.
ARRIVED, ANSWERED, ENDED, WRAP, GIVES_UP = range(5)
TIMES = 5
# Numbers, -1 where there is none; the last four are the loop's own.
NUMBER, ATTEMPT, LEG, QUEUE, TEAM, SEAT, HISTORY, LEG_END, OUTCOME, STATE, BEFORE, BEHIND, LAST = range(13)
FACTS = 13

ENDS = ("censored", "answered", "transferred", "abandoned", "closed", "contained", "resolved", "unresolved")
"""What LEG_END and OUTCOME mean: words of the contact log."""
CENSORED, ANSWERED_END, TRANSFERRED, ABANDONED, CLOSED, CONTAINED, RESOLVED, UNRESOLVED = range(8)

_WAITING, _TALKING, _WRAPPING, _READING, _GONE = range(5)


class Arrivals(NamedTuple):
    """First attempts in the order of the log (by customer), and `by_due`: their numbers in the order they come."""

    entity: npt.NDArray[np.uint64]
    due_us: Whole
    patience_us: Whole
    channel: Whole
    intent: Whole
    by_due: Whole


class Happened(NamedTuple):
    """What the loop gives: legs in the order in which they began, and when each seat was on duty."""

    times_us: Whole
    facts: Small
    duties: Whole
    """Rows of seat, from, to."""


Replicate = Callable[[int, int, int, int, Arrivals, FloorArrays, Shifts, int], tuple[Whole, Small, Whole, bool]]


@jit
def event_number(kind: int, number: int, attempt: int, leg: int) -> int:
    """Pack class, contact and leg into 63 bits that sort as `simulator.events` says."""
    return (kind << 60) | (number << 24) | (attempt << 12) | leg


@jit
def _push(heap: Whole, size: int, at_us: int, key: int, row: int) -> None:
    """Put an event into a binary heap of (time, key, row); there is room for it."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent, 0] < at_us or (heap[parent, 0] == at_us and heap[parent, 1] < key):
            break
        heap[child, 0], heap[child, 1], heap[child, 2] = heap[parent, 0], heap[parent, 1], heap[parent, 2]
        child = parent
    heap[child, 0], heap[child, 1], heap[child, 2] = at_us, key, row


@jit
def _pop(heap: Whole, size: int) -> None:
    """Take the least event out of a heap of `size`."""
    last = size - 1
    at_us, key, row = heap[last, 0], heap[last, 1], heap[last, 2]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        right = child + 1
        if right < last and (
            heap[right, 0] < heap[child, 0] or (heap[right, 0] == heap[child, 0] and heap[right, 1] < heap[child, 1])
        ):
            child = right
        if at_us < heap[child, 0] or (at_us == heap[child, 0] and key < heap[child, 1]):
            break
        heap[parent, 0], heap[parent, 1], heap[parent, 2] = heap[child, 0], heap[child, 1], heap[child, 2]
        parent = child
    heap[parent, 0], heap[parent, 1], heap[parent, 2] = at_us, key, row


@jit
def _spells_most(shifts: Shifts, teams: int) -> int:
    """Return how many times a seat can come on duty: once for each seat that a roster adds."""
    present = np.zeros(teams, dtype=np.int64)
    most = 0
    for team, wanted in zip(shifts.team, shifts.present):  # noqa: B905  Numba knows no strict
        most += max(0, wanted - present[team])
        present[team] = wanted
    return most


@jit
def _law_us(kind: Whole, a: Real, b: Real, table_at: Whole, shares: Real, times: Real, law: int, u: float) -> int:
    if kind[law] == EMPIRICAL:
        begins, ends = table_at[law], table_at[law + 1]
        return drawn_us(EMPIRICAL, 0.0, 0.0, shares[begins:ends], times[begins:ends], u)
    return drawn_us(kind[law], a[law], b[law], shares, times, u)  # a closed form reads no table


@jit
def _settle(facts: Small, row: int, outcome: int) -> None:
    """Write a contact's outcome on all its legs."""
    while row >= 0:
        facts[row, OUTCOME] = outcome
        row = facts[row, LAST]


def _variant(several: bool, transfers: bool, retries: bool, pages: bool) -> Replicate:
    """Compile the loop for scenarios that use no more than these features.

    Args:
        several: more than one queue or team.
        transfers: some answers pass the customer on.
        retries: some who gave up try again.
        pages: some contacts are self-service.
    """

    @jit
    def replicate(
        seed: int,
        plan: int,
        desk: int,
        horizon_us: int,
        arrivals: Arrivals,
        floor: FloorArrays,
        shifts: Shifts,
        room: int,
    ) -> tuple[Whole, Small, Whole, bool]:
        # each array under a name of its own: to reach into a tuple within the loop costs a count of references
        entities, due_us_of, patience_us_of, channel_of, intent_of, by_due = arrivals
        shift_at_us, shift_team, shift_present = shifts
        law_kind, law_a, law_b, law_at, law_shares, law_times = floor[:6]
        opens_us, closes_us, patience_law, retry_probability, retry_law, retry_attempts_most, retry_keeps = floor[6:13]
        first_queue, page_team, queue_teams_at, queue_teams, team_queue = floor[13:18]
        service_law, wrap_law, contained = floor[18:21]
        transfer_at, transfer_to, transfer_probability, transfer_history, seats_at = floor[21:]
        contacts, teams, queues = len(entities), len(wrap_law), len(page_team)
        intents = service_law.shape[1]
        seats = seats_at[teams]
        times = np.empty((room, TIMES), dtype=np.int64)
        facts = np.empty((room, FACTS), dtype=np.int32)
        legs, joined_from = 0, 0
        heap = np.empty((2 * room, 3), dtype=np.int64)  # a leg has one event to come, and perhaps a stale give-up
        pending = 0
        duties = np.empty((_spells_most(shifts, teams), 3), dtype=np.int64)
        spells = 0
        queue_head, queue_tail = np.full(queues, -1, dtype=np.int64), np.full(queues, -1, dtype=np.int64)
        waiting = 0
        on_duty, target = np.zeros(teams, dtype=np.int64), np.zeros(teams, dtype=np.int64)
        duty_since, idle_since = np.full(seats, -1, dtype=np.int64), np.full(seats, -1, dtype=np.int64)
        idle_before, idle_behind = np.full(seats, -1, dtype=np.int64), np.full(seats, -1, dtype=np.int64)
        idle_head, idle_tail = np.full(teams, -1, dtype=np.int64), np.full(teams, -1, dtype=np.int64)
        next_arrival, next_shift, now = 0, 0, 0
        match_wanted, fits = False, True

        while True:
            # -- the least pending event: of the heap, the arrivals, the shifts, and MATCH
            at_us, key, source = NEVER_US, 0, 0
            if pending > 0:
                at_us, key = heap[0, 0], heap[0, 1]
            if next_arrival < contacts:
                comer = by_due[next_arrival]
                due_us = due_us_of[comer]
                if due_us <= at_us:
                    joins = JOIN | (comer << 24) | (1 << 12)
                    if due_us < at_us or joins < key:
                        at_us, key, source = due_us, joins, 1
            if next_shift < len(shift_at_us):
                shift_us = shift_at_us[next_shift]
                if shift_us < at_us or (shift_us == at_us and key > SHIFT):
                    at_us, key, source = shift_us, SHIFT, 2
            if match_wanted and (at_us > now or key > MATCH):
                at_us, key, source = now, MATCH, 3
            if at_us > horizon_us:
                break
            now = at_us
            row, kind = -1, key >> 60
            if source == 0:
                row = heap[0, 2]
                _pop(heap, pending)
                pending -= 1
            released = -1

            if source == 1 or (source == 0 and kind == JOIN >> 60):
                # -- a contact joins: arrives, tries again (leg 0) or is passed on
                number, attempt, leg = (key >> 24) & 0xFFFFFFFFF, (key >> 12) & 0xFFF, key & 0xFFF
                last, history, patience_us = -1, -1, NEVER_US
                channel, intent = channel_of[number], intent_of[number]
                if transfers and leg > 0:
                    last = row
                    queue = team_queue[transfer_to[facts[row, BEHIND]]]
                    history = transfer_history[facts[row, BEHIND]]
                else:
                    queue = first_queue[channel, intent] if several else 0
                    if source == 1:
                        next_arrival += 1
                        patience_us = patience_us_of[number]
                    elif retries and patience_law[channel] >= 0:
                        drawn_at = 1 if retry_keeps[channel] else attempt
                        u = uniform(seed, plan, entities[number], drawn_at << 12, _PATIENCE, 0)
                        patience_us = _law_us(
                            law_kind, law_a, law_b, law_at, law_shares, law_times, patience_law[channel], u
                        )
                if legs == room:
                    fits = False
                    break
                row = legs
                legs += 1
                times[row, ARRIVED], times[row, ANSWERED], times[row, ENDED], times[row, WRAP] = now, -1, -1, -1
                times[row, GIVES_UP] = now + patience_us
                facts[row, NUMBER], facts[row, ATTEMPT], facts[row, LEG] = number, attempt, leg
                facts[row, QUEUE], facts[row, TEAM], facts[row, SEAT], facts[row, HISTORY] = queue, -1, -1, history
                facts[row, LEG_END], facts[row, OUTCOME], facts[row, LAST] = CENSORED, CENSORED, last
                of_day_us = now % DAY_US
                if leg == 0 and (of_day_us < opens_us[channel] or of_day_us >= closes_us[channel]):
                    times[row, ENDED] = now
                    facts[row, LEG_END], facts[row, OUTCOME], facts[row, STATE] = CLOSED, CLOSED, _GONE
                elif pages and page_team[queue] >= 0:
                    team = page_team[queue]
                    times[row, ANSWERED] = now
                    facts[row, TEAM], facts[row, STATE] = team, _READING
                    u = uniform(seed, desk, entities[number], (attempt << 12) | leg, _SERVICE, 0)
                    until_us = now + _law_us(
                        law_kind, law_a, law_b, law_at, law_shares, law_times, service_law[team, intent], u
                    )
                    if until_us <= horizon_us:
                        _push(heap, pending, until_us, event_number(END >> 60, number, attempt, leg), row)
                        pending += 1
                else:
                    # last in the queue, but before any of higher number who joined in this microsecond
                    behind, before = -1, queue_tail[queue]
                    while before >= 0 and times[before, ARRIVED] == now:
                        if facts[before, NUMBER] < number:
                            break
                        behind, before = before, facts[before, BEFORE]
                    facts[row, BEFORE], facts[row, BEHIND], facts[row, STATE] = before, behind, _WAITING
                    if before >= 0:
                        facts[before, BEHIND] = row
                    else:
                        queue_head[queue] = row
                    if behind >= 0:
                        facts[behind, BEFORE] = row
                    else:
                        queue_tail[queue] = row
                    waiting += 1
                    match_wanted = True

            elif source == 3:
                # -- pair the longest waiting with the longest idle who can serve them, until no pair is left
                match_wanted = False
                while waiting > 0:
                    best, chosen = -1, -1
                    for queue in range(queues if several else 1):
                        head = queue_head[queue]
                        if head < 0:
                            continue
                        if best >= 0:
                            if times[head, ARRIVED] > times[best, ARRIVED]:
                                continue
                            if times[head, ARRIVED] == times[best, ARRIVED] and (
                                facts[head, NUMBER] > facts[best, NUMBER]
                            ):
                                continue
                        if several:
                            for place in range(queue_teams_at[queue], queue_teams_at[queue + 1]):
                                if idle_head[queue_teams[place]] >= 0:
                                    best, chosen = head, queue_teams[place]
                                    break
                        elif idle_head[0] >= 0:
                            best, chosen = head, 0
                    if best < 0:
                        break
                    queue, behind = facts[best, QUEUE], facts[best, BEHIND]
                    queue_head[queue] = behind
                    if behind >= 0:
                        facts[behind, BEFORE] = -1
                    else:
                        queue_tail[queue] = -1
                    waiting -= 1
                    seat = idle_head[chosen]
                    idle_head[chosen] = idle_behind[seat]
                    if idle_behind[seat] >= 0:
                        idle_before[idle_behind[seat]] = -1
                    else:
                        idle_tail[chosen] = -1
                    idle_since[seat] = -1
                    times[best, ANSWERED] = now
                    facts[best, TEAM], facts[best, SEAT], facts[best, STATE] = chosen, seat, _TALKING
                    number, attempt, leg = facts[best, NUMBER], facts[best, ATTEMPT], facts[best, LEG]
                    u = uniform(seed, desk, entities[number], (attempt << 12) | leg, _SERVICE, 0)
                    until_us = now + _law_us(
                        law_kind, law_a, law_b, law_at, law_shares, law_times, service_law[chosen, intent_of[number]], u
                    )
                    if until_us <= horizon_us:
                        _push(heap, pending, until_us, event_number(END >> 60, number, attempt, leg), best)
                        pending += 1
                # who joined since the last time and waits on: only now can their patience matter
                for row in range(joined_from, legs):
                    if facts[row, STATE] == _WAITING and times[row, GIVES_UP] <= horizon_us:
                        gives_up = event_number(GIVE_UP >> 60, facts[row, NUMBER], facts[row, ATTEMPT], facts[row, LEG])
                        _push(heap, pending, times[row, GIVES_UP], gives_up, row)
                        pending += 1
                joined_from = legs

            elif source == 2:
                # -- a team's seats change: idle ones leave first, highest number first; busy ones when they finish
                team, wanted = shift_team[next_shift], shift_present[next_shift]
                next_shift += 1
                target[team] = wanted
                seat = seats_at[team + 1] - 1
                while on_duty[team] > wanted and seat >= seats_at[team]:
                    if idle_since[seat] >= 0:
                        before, behind = idle_before[seat], idle_behind[seat]
                        if before >= 0:
                            idle_behind[before] = behind
                        else:
                            idle_head[team] = behind
                        if behind >= 0:
                            idle_before[behind] = before
                        else:
                            idle_tail[team] = before
                        idle_since[seat] = -1
                        duties[spells, 0], duties[spells, 1], duties[spells, 2] = seat, duty_since[seat], now
                        spells += 1
                        duty_since[seat] = -1
                        on_duty[team] -= 1
                    seat -= 1
                seat = seats_at[team]
                while on_duty[team] < wanted:
                    if duty_since[seat] < 0:
                        duty_since[seat], idle_since[seat] = now, now
                        on_duty[team] += 1
                        behind, before = -1, idle_tail[team]
                        while before >= 0 and idle_since[before] == now and before > seat:
                            behind, before = before, idle_before[before]
                        idle_before[seat], idle_behind[seat] = before, behind
                        if before >= 0:
                            idle_behind[before] = seat
                        else:
                            idle_head[team] = seat
                        if behind >= 0:
                            idle_before[behind] = seat
                        else:
                            idle_tail[team] = seat
                    seat += 1
                match_wanted = waiting > 0 or match_wanted

            elif kind == END >> 60:
                number, attempt, leg = facts[row, NUMBER], facts[row, ATTEMPT], facts[row, LEG]
                entity, word = entities[number], (attempt << 12) | leg
                team = facts[row, TEAM]
                if facts[row, STATE] == _WRAPPING:
                    facts[row, STATE] = _GONE
                    released = row
                elif pages and facts[row, STATE] == _READING:
                    found = uniform(seed, desk, entity, word, _CONTAINMENT, 0) < contained[team]
                    times[row, ENDED] = now
                    facts[row, LEG_END], facts[row, STATE] = (CONTAINED if found else ANSWERED_END), _GONE
                    _settle(facts, row, RESOLVED if found else UNRESOLVED)
                else:
                    times[row, ENDED] = now
                    facts[row, STATE] = _GONE
                    wrap_us = 0
                    if wrap_law[team] >= 0:
                        u = uniform(seed, desk, entity, word, _WRAP, 0)
                        wrap_us = _law_us(law_kind, law_a, law_b, law_at, law_shares, law_times, wrap_law[team], u)
                        times[row, WRAP] = wrap_us
                    if wrap_us > 0:
                        facts[row, STATE] = _WRAPPING
                        if now + wrap_us <= horizon_us:
                            _push(heap, pending, now + wrap_us, key, row)
                            pending += 1
                    else:
                        released = row
                    passed = -1
                    if transfers and leg < LEG_MOST:
                        cell = team * intents + intent_of[number]
                        begins, ends = transfer_at[cell], transfer_at[cell + 1]
                        if begins < ends:
                            u = uniform(seed, desk, entity, word, _TRANSFER, 0)
                            for transfer in range(begins, ends):
                                if u < transfer_probability[transfer]:
                                    passed = transfer
                                    break
                                u -= transfer_probability[transfer]
                    if transfers and passed >= 0:
                        facts[row, LEG_END], facts[row, BEHIND] = TRANSFERRED, passed
                        _push(heap, pending, now, event_number(JOIN >> 60, number, attempt, leg + 1), row)
                        pending += 1
                    else:
                        facts[row, LEG_END] = ANSWERED_END
                        _settle(facts, row, RESOLVED)

            elif facts[row, STATE] == _WAITING:
                # -- patience ends
                queue, before, behind = facts[row, QUEUE], facts[row, BEFORE], facts[row, BEHIND]
                if before >= 0:
                    facts[before, BEHIND] = behind
                else:
                    queue_head[queue] = behind
                if behind >= 0:
                    facts[behind, BEFORE] = before
                else:
                    queue_tail[queue] = before
                waiting -= 1
                times[row, ENDED] = now
                facts[row, LEG_END], facts[row, STATE] = ABANDONED, _GONE
                _settle(facts, row, ABANDONED)
                if retries:
                    number, attempt = facts[row, NUMBER], facts[row, ATTEMPT]
                    channel, entity = channel_of[number], entities[number]
                    if attempt < retry_attempts_most[channel]:
                        u = uniform(seed, plan, entity, attempt << 12, _RETRY, 0)
                        if u < retry_probability[channel]:
                            u = uniform(seed, plan, entity, attempt << 12, _RETRY_DELAY, 0)
                            back_us = now + _law_us(
                                law_kind, law_a, law_b, law_at, law_shares, law_times, retry_law[channel], u
                            )
                            if back_us < horizon_us:
                                _push(heap, pending, back_us, event_number(JOIN >> 60, number, attempt + 1, 0), row)
                                pending += 1

            if released >= 0:
                # -- an agent is free: goes home where there are too many, else is idle from now
                team, seat = facts[released, TEAM], facts[released, SEAT]
                if on_duty[team] > target[team]:
                    duties[spells, 0], duties[spells, 1], duties[spells, 2] = seat, duty_since[seat], now
                    spells += 1
                    duty_since[seat] = -1
                    on_duty[team] -= 1
                else:
                    idle_since[seat] = now
                    behind, before = -1, idle_tail[team]
                    while before >= 0 and idle_since[before] == now and before > seat:
                        behind, before = before, idle_before[before]
                    idle_before[seat], idle_behind[seat] = before, behind
                    if before >= 0:
                        idle_behind[before] = seat
                    else:
                        idle_head[team] = seat
                    if behind >= 0:
                        idle_before[behind] = seat
                    else:
                        idle_tail[team] = seat
                    match_wanted = waiting > 0 or match_wanted

        for seat in range(seats):
            if duty_since[seat] >= 0:
                duties[spells, 0], duties[spells, 1], duties[spells, 2] = seat, duty_since[seat], horizon_us
                spells += 1
        return times[:legs], facts[:legs], duties[:spells], fits

    return replicate


VARIANTS: dict[str, Replicate] = {
    "one_queue": _variant(several=False, transfers=False, retries=False, pages=False),
    "whole": _variant(several=True, transfers=True, retries=True, pages=True),
}
"""The loop by name; a scenario runs in the first that knows all it uses."""


def variant_of(floor: FloorArrays) -> str:
    """Name the leanest variant that knows all of a scenario's features."""
    one_queue = len(floor.pages) == 1 and len(floor.wrap_law) == 1 and floor.pages[0] < 0
    plain = not len(floor.transfer_to) and bool((floor.retry_probability < 0).all())
    return "one_queue" if one_queue and plain else "whole"


def replicate(
    seed: int, plan: int, desk: int, horizon_us: int, arrivals: Arrivals, floor: FloorArrays, shifts: Shifts
) -> Happened:
    """Run one replication: customers' luck comes from replication `plan`, the desk's from `desk`."""
    loop = VARIANTS[variant_of(floor)]
    room = len(arrivals.entity) * 5 // 4 + 64
    while True:
        times_us, facts, duties, fits = loop(seed, plan, desk, horizon_us, arrivals, floor, shifts, room)
        if fits:
            return Happened(times_us, facts, duties)
        room *= 2  # arrays that grow within the loop would cost every scenario half its speed: start again instead
