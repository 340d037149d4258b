"""The compiled engine: one replication of a scenario in one long loop over arrays, in whole microseconds.

The engine to run; `engine_simpy` is the one to read, and gives the same contact log cell for cell. They share the
draws, the laws and the enumeration of events, and nothing else: here queues and idle seats are linked lists, arrivals
and shifts are sorted arrays beside a heap, and the best pair is sought over queues of numbers. The hot loop is long, as
the house style allows it: what it does in one place costs no call and no copy.

What it knows of legs stands in `loop_legs`, its lists, conversations and events to come in `loop_lists`, `loop_talks`
and `loop_heap`, customers who may have left in `loop_lives`, the memory that all of them write into in `loop_memory`.

One source is compiled in a few named variants: in each, the features its scenarios do not use are constants that the
compiler leaves out. Refuses objects, text and floating-point time within the loop. Guarded by
tests/simulator/test_engines_equal.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scenarios.draws import LEG_MOST, Purpose, uniform
from scenarios.jit import jit, jit_in_place, jit_uncounted
from scenarios.laws import numbered_us, scaled_us
from scenarios.plan import COMES
from scenarios.scenario import CAUSES
from scenarios.units import DAY_US, NEVER_US
from simulator.announced import announced_us
from simulator.floor_arrays import (
    BRIEFS,
    FIRST,
    FULL_SPEED,
    HANDS_OVER,
    LONGEST_IDLE,
    RANDOM,
    STAYS,
    WAIT,
    FloorArrays,
    Real,
    Shifts,
    Whole,
)
from simulator.handling import handled_us
from simulator.loop_arrivals import (
    Arrivals,
)
from simulator.loop_heap import (
    JOIN,
    WHAT_ENDS,
    WHAT_GIVES_UP,
    WHAT_JOINS,
    WHAT_TIMES,
    event_number,
    event_of,
    pop,
    push,
    wide,
)
from simulator.loop_legs import (
    ABANDONED,
    ALONE,
    ANNOUNCED,
    ANSWERED,
    ANSWERED_END,
    ARRIVED,
    ASIDE_AT,
    ASIDE_US,
    ASKED,
    ATTEMPT,
    BALKED,
    BEHIND,
    BLOCKED,
    CALLBACK,
    CALLED_BACK,
    CENSORED,
    CHANNEL,
    CLEARED,
    CLOSED,
    CONFERRING,
    CONSULTING,
    CONTAINED,
    CUT_OFF,
    DONE_AT,
    DUE,
    ENDED,
    ENDS,
    ESCALATED,
    FACTS,
    GIVES_UP,
    GONE,
    HANDING,
    HISTORY,
    HOLD,
    KEPT,
    LAID_ASIDE,
    LAST,
    LATEST,
    LEFT_US,
    LEG,
    LEG_END,
    MESSAGE,
    NUMBER,
    OUTCOME,
    PATIENCE,
    POINTS,
    PRIMARY,
    PROMISE,
    QUEUE,
    READING,
    REPLYING,
    RESOLVED,
    RESUMING,
    RETELLING,
    ROLE,
    SEAT,
    SILENT,
    SPEAKING,
    STATE,
    TAKEN,
    TALK_BEHIND,
    TALKING,
    TEAM,
    TRANSFERRED,
    TURNS,
    UNANSWERED,
    UNRESOLVED,
    VANISHED,
    WAIT_END,
    WAITING,
    WRAP,
    WRAPPING,
    Happened,
    Small,
)
from simulator.loop_lists import (
    dequeue,
    enqueue,
    free_count,
    free_spot,
    join_spot,
    leave_spot,
)
from simulator.loop_lives import (
    NOBODY_LEAVES,
    NOTHING_BELIEVED,
    Beliefs,
    Lives,
    has_left,
)
from simulator.loop_memory import (
    Memory,
    memory_for,
)
from simulator.loop_talks import (
    advance,
    after_change,
    answer_next,
    end_talk,
    next_end,
    say,
)

_TRANSFER, _SERVICE, _WRAP, _CONTAINMENT, _PATIENCE, _RETRY, _RETRY_DELAY, _RETRY_CHANNEL = (
    int(purpose)
    for purpose in (
        Purpose.TRANSFER, Purpose.SERVICE, Purpose.WRAP, Purpose.CONTAINMENT, Purpose.PATIENCE, Purpose.RETRY,
        Purpose.RETRY_DELAY, Purpose.RETRY_CHANNEL,
    )
)  # fmt: skip
_CONFERENCE, _CONFERENCE_TIME, _CUT_OFF, _RETELLING, _RESOLUTION, _CHOICE = (
    int(purpose)
    for purpose in (
        Purpose.CONFERENCE, Purpose.CONFERENCE_TIME, Purpose.CUT_OFF, Purpose.RETELLING, Purpose.RESOLUTION,
        Purpose.CHOICE,
    )
)  # fmt: skip
_HAND_OVER, _CALLS_BACK, _CALL_DELAY, _REPLY = (
    int(purpose) for purpose in (Purpose.HAND_OVER, Purpose.CALLS_BACK, Purpose.CALL_DELAY, Purpose.REPLY)
)
_PROMISE, _PROMISE_DUE, _PROMISE_KEPT, _PROMISE_LATE, _CHASE, _CHASE_DELAY, _CHASE_CHANNEL, _WORK_FAILS = (
    int(purpose)
    for purpose in (
        Purpose.PROMISE, Purpose.PROMISE_DUE, Purpose.PROMISE_KEPT, Purpose.PROMISE_LATE, Purpose.CHASE,
        Purpose.CHASE_DELAY, Purpose.CHASE_CHANNEL, Purpose.WORK_FAILS,
    )
)  # fmt: skip
_SILENT, _BALKING, _CALLBACK, _REACHED, _HOLD = (
    int(purpose) for purpose in (Purpose.SILENT, Purpose.BALKING, Purpose.CALLBACK, Purpose.REACHED, Purpose.HOLD)
)

_HEAP, _ARRIVAL, _SHIFT, _MATCH = range(4)


@jit_in_place
def _settle(facts: Small, row: int, outcome: int) -> None:
    """Write a contact's outcome on all its legs."""
    while row >= 0:
        facts[row, OUTCOME] = outcome
        row = facts[row, LAST]


_CAUSE = np.full(len(ENDS), -1, dtype=np.int64)
_CAUSE[[ENDS.index(outcome) for outcome in CAUSES]] = np.arange(len(CAUSES))
_CAUSE[[SILENT, BALKED]] = _CAUSE[ABANDONED]


@jit_in_place
def _delay_us(
    seed: int,
    plan: int,
    entity: int,
    attempt: int,
    channel: int,
    outcome: int,
    probability: Real,
    attempts_most: Whole,
    law_of: Whole,
    law_kind: Whole,
    law_a: Real,
    law_b: Real,
    law_at: Whole,
    law_shares: Real,
    law_times: Real,
) -> int:
    """Draw after how long one whose attempt ended so tries again; NEVER_US where they do not."""
    if attempt >= attempts_most[channel]:
        return NEVER_US
    again = probability[channel * len(CAUSES) + _CAUSE[outcome]]
    if uniform(seed, plan, entity, attempt << 12, _RETRY, 0) >= again:
        return NEVER_US
    u = uniform(seed, plan, entity, attempt << 12, _RETRY_DELAY, 0)
    return numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law_of[channel], u)


@jit
def _day_of(begins_us: Whole, now: int) -> int:
    """Return the day of an instant; days on which clocks change are not as long as others."""
    day = now // DAY_US
    while begins_us[day] > now:
        day -= 1
    while begins_us[day + 1] <= now:
        day += 1
    return day


@jit
def _law_now(begins_us: Whole, from_us: Whole, later: Whole, team: int, intent: int, now: int, law: int) -> int:
    """Return the law of a talk that begins now."""
    if len(later):
        day = _day_of(begins_us, now)
        for change in range(len(later)):
            if now >= from_us[day, change]:
                law = later[change, team, intent]
    return law


class Variant(NamedTuple):
    """A loop, and whether it notes all that only some scenarios need."""

    loop: Callable[[int, int, int, int, Arrivals, FloorArrays, Shifts, Lives, Beliefs, Memory], tuple[int, int, bool]]
    more: bool


@jit_in_place
def _off_duty(duties: Whole, spells: int, duty_since: Whole, seat: int, now: int) -> int:
    """Note that a seat leaves; returns how many spells on duty have been noted."""
    duties[spells, 0], duties[spells, 1], duties[spells, 2] = seat, duty_since[seat], now
    duty_since[seat] = -1
    return spells + 1


@jit
def _drawn(at: Whole, probability: Real, cell: int, u: float) -> int:
    """Return which of several things that each have a probability is drawn, -1 for none."""
    for one in range(at[cell], at[cell + 1]):
        if u < probability[one]:
            return one
        u -= probability[one]
    return -1


@jit
def _passes_on(facts: Small, notes: Whole, row: int, seat: int) -> bool:
    """Say whether an agent whose shift ends can pass on with whom they are: in a talk of their own, not yet ended."""
    own = facts[row, SEAT] == seat and facts[row, STATE] == TALKING and facts[row, LEG] < LEG_MOST
    if not own:  # of one who talks in the place of work that is laid aside
        return False
    return notes[row, ROLE] < 0 and notes[row, PRIMARY] < 0  # type: ignore[no-any-return]  # a bool to Numba


@jit
def _hand_over(times: Whole, facts: Small, notes: Whole, row: int, left_us: int, how: int, now: int) -> None:
    """End a leg whose agent goes home, for the team's queue."""
    times[row, ENDED] = now
    facts[row, LEG_END], facts[row, STATE], facts[row, BEHIND] = TRANSFERRED, GONE, -1
    notes[row, HOLD], notes[row, LEFT_US] = -1, left_us if how == BRIEFS else -1


def _variant(
    several: bool, transfers: bool, retries: bool, pages: bool, lines: bool, opening: bool, churns: bool, more: bool
) -> Variant:
    """Compile the loop for scenarios that use no more than these features.

    Args:
        several: more than one queue or team.
        transfers: some answers pass the customer on.
        retries: some who gave up or were turned away try again.
        pages: some contacts are self-service.
        lines: some channels hold only so many customers.
        opening: some are there already as the run begins.
        churns: customers who have several cases may leave.
        more: whatever else a scenario can say.
    """

    @jit_uncounted
    def loop(
        seed: int,
        plan: int,
        desk: int,
        horizon_us: int,
        arrivals: Arrivals,
        floor: FloorArrays,
        shifts: Shifts,
        lives: Lives,
        beliefs: Beliefs,
        memory: Memory,
    ) -> tuple[int, int, bool]:
        numbers, due_us_of, entities, patience_us_of, channel_of, intent_of = arrivals[:6]
        since_us_of, begun_team, begun_ends_us = arrivals[6:]
        shift_at_us, shift_team, shift_present, shift_ends = shifts
        law_kind, law_a, law_b, law_at, law_shares, law_times = floor[:6]
        opens_us, closes_us, patience_law, retry_probability, retry_law = floor[6:11]
        retry_attempts_most, retry_keeps, retry_to_at, retry_to, retry_to_share, lines_of = floor[11:17]
        first_queue, page_team, queue_priority, queue_teams_at, queue_teams, queue_ranks, queue_asked = floor[17:24]
        transfer_queue, service_law, wrap_law, contained = floor[24:28]
        transfer_at, transfer_to, transfer_probability, transfer_history, seats_at = floor[28:33]
        message_us, message_takes_us, _, place_after_us, place_keeps_idle = floor[33:38]
        queue_weight, queue_promoted, queue_promoted_us, among_equals = floor[38:42]
        transfer_patience, transfer_if_busy, transfer_cut_off, transfer_retelling = floor[42:46]
        conference_at, conference_with, conference_probability, conference_law = floor[46:50]
        resolved, retry_law_unresolved, retry_patience, spots_at, spot_speed, place_room = floor[50:56]
        place_interrupts, at_shift_end, interruptible, order_queue, turns_of, turns_reply = floor[56:62]
        one_by_one, points_of = floor[62:64]
        anyone_queue, says, balk_at, balk_from, balk_share, patience_at, patience_from, patience_factor = floor[64:72]
        handle_us, callback_from, callback_accepted, callback_reached, callback_takes_us = floor[72:77]
        silent_share, silent_detected_us, team_rate = floor[77:80]
        service_from_us, service_later, hold_law, wrap_law_of, seat_speed, seat_resolved = floor[80:86]
        fatigue, slower, slower_most = floor[86:89]
        promise_at, promise_probability, promise_due, promise_kept, promise_late, promise_late_by = floor[89:95]
        promise_by, promise_fails, chase_probability, chase_after, chase_most, chase_patience = floor[95:101]
        chase_to_at, chase_to, chase_share, transfer_hand_over, transfer_after_us = floor[101:106]
        transfer_escalates, calls_share, calls_after, calls_reached, calls_take_us, day_begins_us = floor[106:]
        teams, queues = len(wrap_law), len(page_team)
        intents = service_law.shape[1]
        seats = seats_at[teams]
        times, facts, notes, heap_us, heap, duties, queue_head, queue_tail, in_use, on_duty, target = memory[:11]
        duty_since, idle_since, idle_before, idle_behind, idle_head, idle_tail, idle_count = memory[11:18]
        busy_us, busy_since, leaving_count, doing, doing_since, doing_count, aside, serving, staying = memory[18:27]
        shared = memory.shared
        latest, again_us, before = memory.cases[:3]
        some_leave = churns and len(lives.first) > 0
        room, legs, joined_from, pending, spells, waiting = len(times), 0, 0, 0, 0, 0
        heap_us[0] = NEVER_US
        some_stay, clocks = False, more and transfer_after_us.any()
        next_arrival, next_shift, now, day = 0, 0, 0, 0
        match_wanted, fits = False, True

        while True:
            # -- the least pending event: of the heap, the arrivals, the shifts, and MATCH
            at_us, source = heap_us[0], _HEAP
            event = heap[0]
            due_us = due_us_of[next_arrival]
            if due_us < at_us:
                at_us, source = due_us, _ARRIVAL
            elif due_us == at_us and at_us < NEVER_US:
                joins = event_number(JOIN >> 60, numbers[next_arrival], 1, 0)
                source = _ARRIVAL if joins < event_of(facts, event) else _HEAP
            shift_us = shift_at_us[next_shift]
            if shift_us < at_us or (shift_us == at_us and (source == _ARRIVAL or event & 3 != WHAT_ENDS)):
                at_us, source = shift_us, _SHIFT
            if match_wanted and (at_us > now or (source == _HEAP and event & 3 == WHAT_GIVES_UP)):
                at_us, source = now, _MATCH
            if at_us > horizon_us:
                break
            now = at_us
            row, what = -1, -1
            if source == _HEAP:
                row, what = event >> 2, event & 3
                pop(heap_us, heap, facts, pending)
                pending -= 1
            released, lost, touched, touched_team = -1, -1, -1, -1

            if source == _ARRIVAL or (source == _HEAP and what == WHAT_JOINS):
                # -- a contact joins: arrives, tries again or is passed on
                if more and source == _HEAP and notes[row, PROMISE] >= 0 and 0 <= notes[row, KEPT] <= now:
                    continue  # what was promised has been done: nobody asks for it
                if legs == room:
                    fits = False
                    break
                last, history, leg, attempt = -1, -1, 0, 1
                since, begun = now, COMES
                if source == _ARRIVAL:
                    number = numbers[next_arrival]
                    next_arrival += 1
                    if churns and some_leave and lives.end[number] - lives.first[number] > 1:
                        gone = has_left(number, now, arrivals, lives, beliefs, memory, seed, plan, desk, horizon_us)
                        if gone:
                            continue  # who has left makes contact no more
                    patience_us = patience_us_of[number]
                    channel, intent = channel_of[number], intent_of[number]
                    queue = first_queue[channel, intent] if several else 0
                    if opening and len(begun_team) > 0:
                        since, begun = since_us_of[number], begun_team[number]
                else:
                    number, attempt = wide(facts[row, NUMBER]), wide(facts[row, ATTEMPT])
                    channel, intent = wide(facts[row, CHANNEL]), intent_of[number]
                    patience_us = NEVER_US
                    queue = 0
                    if more and facts[row, STATE] == CONSULTING:
                        last = notes[row, LATEST]
                        leg = wide(facts[last, LEG]) + 1
                        queue = transfer_queue[conference_with[notes[row, ASKED]], channel, intent]
                        history, patience_us = 1, 0
                    elif more and notes[row, PROMISE] >= 0:
                        promise = notes[row, PROMISE]
                        begins, ends = chase_to_at[promise], chase_to_at[promise + 1]
                        if begins < ends:
                            u = uniform(seed, plan, entities[number], attempt << 12, _CHASE_CHANNEL, 0)
                            for hop in range(begins, ends):
                                if u < chase_share[hop]:
                                    channel = chase_to[hop]
                                    break
                                u -= chase_share[hop]
                        attempt += 1
                        queue = first_queue[channel, intent]
                        if patience_law[channel, intent] >= 0:
                            u = uniform(seed, plan, entities[number], attempt << 12, _PATIENCE, 0)
                            patience_us = numbered_us(
                                law_kind, law_a, law_b, law_at, law_shares, law_times, patience_law[channel, intent], u
                            )
                        patience_us = scaled_us(patience_us, chase_patience[promise])
                    elif more and facts[row, LEG_END] == CALLBACK:
                        last, leg, since = row, wide(facts[row, LEG]) + 1, times[row, ARRIVED]
                        queue = wide(facts[row, QUEUE])
                    elif more and facts[row, LEG_END] == CUT_OFF and facts[row, OUTCOME] == CENSORED:
                        last = notes[row, LATEST]
                        leg, history = wide(facts[last, LEG]) + 1, 1
                        queue = transfer_queue[facts[row, TEAM], channel, intent]
                    elif more and facts[row, LEG_END] == TRANSFERRED and facts[row, BEHIND] < 0:
                        last = notes[row, LATEST]
                        leg = wide(facts[last, LEG]) + 1
                        queue = transfer_queue[facts[row, TEAM], channel, intent]
                        history = int(at_shift_end[facts[row, TEAM]] == BRIEFS)
                    elif transfers and facts[row, LEG_END] == TRANSFERRED:
                        last, leg = row, wide(facts[row, LEG]) + 1
                        passed = wide(facts[row, BEHIND])
                        history = transfer_history[passed]
                        if more and transfer_to[passed] < 0:
                            queue = anyone_queue[channel, intent]
                        else:
                            queue = transfer_queue[transfer_to[passed], channel, intent]
                        if more:
                            last = notes[row, LATEST]
                            leg = wide(facts[last, LEG]) + 1
                            if transfer_if_busy[passed]:
                                patience_us = 0
                            elif facts[row, SEAT] < 0 and transfer_patience[passed] < 0:
                                # nobody has answered yet: as patient as one is on this channel
                                first = row
                                while facts[first, LAST] >= 0:
                                    first = facts[first, LAST]
                                patience_us = notes[first, PATIENCE]
                            elif transfer_patience[passed] >= 0:
                                u = uniform(seed, plan, entities[number], (attempt << 12) | leg, _PATIENCE, 0)
                                patience_us = numbered_us(
                                    law_kind, law_a, law_b, law_at, law_shares, law_times, transfer_patience[passed], u
                                )
                    elif retries:
                        keeps = retry_keeps[channel]
                        begins, ends = retry_to_at[channel], retry_to_at[channel + 1]
                        if begins < ends:
                            u = uniform(seed, plan, entities[number], attempt << 12, _RETRY_CHANNEL, 0)
                            for hop in range(begins, ends):
                                if u < retry_to_share[hop]:
                                    channel = retry_to[hop]
                                    break
                                u -= retry_to_share[hop]
                        attempt += 1
                        queue = first_queue[channel, intent] if several else 0
                        if keeps:
                            patience_us = times[row, GIVES_UP] - times[row, ARRIVED]
                            if more:
                                first = row
                                while facts[first, LAST] >= 0:
                                    first = facts[first, LAST]
                                patience_us = notes[first, PATIENCE]
                        elif patience_law[channel, intent] >= 0:
                            u = uniform(seed, plan, entities[number], attempt << 12, _PATIENCE, 0)
                            patience_us = numbered_us(
                                law_kind, law_a, law_b, law_at, law_shares, law_times, patience_law[channel, intent], u
                            )
                        if more:
                            patience_us = scaled_us(patience_us, retry_patience[facts[row, CHANNEL]])
                asker = row
                row = legs
                legs += 1
                if churns and some_leave:
                    before[row], latest[number] = latest[number], row
                times[row, ARRIVED], times[row, ANSWERED], times[row, ENDED], times[row, WRAP] = (
                    since,
                    UNANSWERED,
                    -1,
                    -1,
                )
                times[row, GIVES_UP] = since + patience_us
                facts[row, NUMBER], facts[row, ATTEMPT], facts[row, LEG] = number, attempt, leg
                facts[row, CHANNEL], facts[row, QUEUE], facts[row, TEAM] = channel, queue, -1
                facts[row, SEAT], facts[row, HISTORY] = -1, history
                facts[row, LEG_END], facts[row, OUTCOME], facts[row, LAST] = CENSORED, CENSORED, last
                if more:
                    notes[row, ROLE], notes[row, WAIT_END], notes[row, LATEST] = -1, ABANDONED, row
                    notes[row, ASKED], notes[row, PRIMARY], notes[row, RETELLING] = -1, -1, -1
                    notes[row, POINTS], notes[row, ANNOUNCED], notes[row, TAKEN] = 1, -1, -1
                    notes[row, CALLED_BACK], notes[row, PATIENCE], notes[row, HOLD] = -1, patience_us, -1
                    notes[row, PROMISE], notes[row, DUE], notes[row, KEPT], notes[row, ASIDE_US] = -1, -1, -1, -1
                    notes[row, LEFT_US], notes[row, TURNS] = -1, 1
                    if leg > 0 and facts[asker, STATE] == CONSULTING:
                        notes[row, ROLE], notes[row, WAIT_END], notes[row, PRIMARY] = 0, BLOCKED, asker
                        notes[asker, LATEST] = row
                    elif leg > 0 and facts[asker, LEG_END] == CALLBACK:
                        notes[row, CALLED_BACK] = 0
                    elif leg > 0 and facts[asker, LEG_END] == CUT_OFF:
                        notes[row, CALLED_BACK] = 1 + facts[asker, BEHIND]
                    elif leg > 0 and facts[asker, BEHIND] < 0:
                        notes[row, LEFT_US] = notes[asker, LEFT_US]
                    elif leg > 0:
                        passed = wide(facts[asker, BEHIND])
                        notes[row, RETELLING] = transfer_retelling[passed]
                        if facts[asker, STATE] == HANDING:
                            notes[row, PRIMARY] = asker
                        if transfer_if_busy[passed]:
                            notes[row, WAIT_END] = CUT_OFF
                while day_begins_us[day + 1] <= now:
                    day += 1
                if leg == 0 and begun == COMES and (now < opens_us[channel, day] or now >= closes_us[channel, day]):
                    times[row, ENDED] = now
                    facts[row, LEG_END], facts[row, OUTCOME], facts[row, STATE] = CLOSED, CLOSED, GONE
                elif lines and leg == 0 and begun == COMES and 0 <= lines_of[channel] <= in_use[channel]:
                    times[row, ENDED] = now
                    facts[row, LEG_END], facts[row, OUTCOME], facts[row, STATE] = BLOCKED, BLOCKED, GONE
                    lost = row
                else:
                    if lines and leg == 0:
                        in_use[channel] += 1
                    if opening and begun >= 0:
                        # an agent is with them already: the one who has been there longest, the lowest number first
                        spot = begun
                        if more:
                            notes[row, POINTS] = points_of[begun, channel]
                            most = spots_at[begun + 1] - spots_at[begun] - notes[row, POINTS]
                            spot = free_spot(idle_head, spots_at[begun], most)
                        seat = idle_head[spot]
                        leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot, seat)
                        idle_since[seat] = -1
                        times[row, ANSWERED] = since
                        facts[row, TEAM], facts[row, SEAT], facts[row, STATE] = begun, seat, TALKING
                        if more:
                            idle_count[spot] -= 1
                            if spot == spots_at[begun]:
                                busy_since[seat] = now
                        if more and spots_at[begun + 1] - spots_at[begun] > 1:
                            touched, touched_team = seat, begun
                            advance(shared, spot_speed, spots_at[begun], seat, now)
                            shared.load[seat] += notes[row, POINTS]
                            say(shared, notes, row, seat, begun_ends_us[number] - now, one_by_one[begun])
                        else:
                            if more:
                                serving[seat], notes[row, DONE_AT] = row, begun_ends_us[number]
                            if more and interruptible[begun, channel]:
                                doing[seat], doing_since[seat] = row, now
                                doing_count[begun] += 1
                                notes[row, ASIDE_US] = 0
                            if begun_ends_us[number] <= horizon_us:
                                push(heap_us, heap, facts, pending, begun_ends_us[number], (row << 2) | WHAT_ENDS)
                                pending += 1
                    elif pages and page_team[queue] >= 0:
                        team = page_team[queue]
                        times[row, ANSWERED] = now
                        facts[row, TEAM], facts[row, STATE] = team, READING
                        u = uniform(seed, desk, entities[number], (attempt << 12) | leg, _SERVICE, 0)
                        law = service_law[team, intent]
                        if more:
                            law = _law_now(day_begins_us, service_from_us, service_later, team, intent, now, law)
                        until_us = now + numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                        if until_us <= horizon_us:
                            push(heap_us, heap, facts, pending, until_us, (row << 2) | WHAT_ENDS)
                            pending += 1
                    else:
                        if more and queue_promoted[queue] >= 0 and now - since >= queue_promoted_us[queue]:
                            queue = queue_promoted[queue]
                            facts[row, QUEUE] = queue
                        enqueue(times, facts, queue_head, queue_tail, row, queue, since, number)
                        waiting += 1
                        match_wanted = True

            elif source == _MATCH:
                # -- the best pair, until none is left: highest priority, lowest rank, longest wait, longest idle
                match_wanted = False
                while waiting > 0:
                    best, chosen, chosen_place = -1, -1, -1
                    if several:
                        best_priority, best_rank = 0, 0
                        for queue in range(queues):
                            head = queue_head[queue]
                            if head < 0 or (best >= 0 and queue_priority[queue] < best_priority):
                                continue
                            found, soft = -1, False
                            for place in range(queue_teams_at[queue], queue_teams_at[queue + 1]):
                                team = queue_teams[place]
                                if not more:
                                    if idle_head[team] >= 0:
                                        found = place
                                        break
                                    continue
                                if soft and queue_asked[place] != queue_asked[found]:
                                    break
                                free = free_count(idle_count, spots_at[team], place_room[place])
                                able = free + place_interrupts[place] * doing_count[team]
                                if (
                                    able <= place_keeps_idle[place]
                                    or now - times[head, ARRIVED] < place_after_us[place]
                                ):
                                    continue
                                if free > 0:
                                    found, soft = place, False
                                    break
                                if not soft:  # nobody lays work aside while another who is asked as early is idle
                                    found, soft = place, True
                            if found < 0:
                                continue
                            rank = 2 * queue_ranks[found] + soft if more else queue_ranks[found]
                            better = best < 0 or queue_priority[queue] > best_priority or rank < best_rank
                            if not better and rank == best_rank and more:
                                waited = queue_weight[queue] * (now - times[head, ARRIVED])
                                other = queue_weight[facts[best, QUEUE]] * (now - times[best, ARRIVED])
                                better = waited > other or (
                                    waited == other
                                    and (times[head, ARRIVED], facts[head, NUMBER], facts[head, ATTEMPT])
                                    < (times[best, ARRIVED], facts[best, NUMBER], facts[best, ATTEMPT])
                                )
                            elif not better and rank == best_rank:
                                if times[head, ARRIVED] == times[best, ARRIVED]:
                                    better = facts[head, NUMBER] < facts[best, NUMBER]
                                else:
                                    better = times[head, ARRIVED] < times[best, ARRIVED]
                            if better:
                                best, chosen, chosen_place = head, queue_teams[found], found
                                best_priority, best_rank = queue_priority[queue], rank
                    elif idle_head[0] >= 0:
                        best, chosen = queue_head[0], 0
                    if best < 0:
                        break
                    queue = wide(facts[best, QUEUE])
                    lays_aside = more and best_rank & 1 == 1
                    if more and among_equals != FIRST and not lays_aside:
                        # of the teams asked as early that could take this contact: the longest idle, or any agent alike
                        number = wide(facts[best, NUMBER])
                        word = (wide(facts[best, ATTEMPT]) << 12) | wide(facts[best, LEG])
                        left, free, idle_longest, wanted = -1, 0, NEVER_US, queue_asked[chosen_place]
                        for again in range(2 if among_equals == RANDOM else 1):
                            if again:
                                left = int(uniform(seed, desk, entities[number], word, _CHOICE, 0) * free)
                            for place in range(queue_teams_at[queue], queue_teams_at[queue + 1]):
                                base = spots_at[queue_teams[place]]
                                able = free_count(idle_count, base, place_room[place])
                                soft = place_interrupts[place] * doing_count[queue_teams[place]]
                                if (
                                    queue_asked[place] != wanted
                                    or able == 0
                                    or able + soft <= place_keeps_idle[place]
                                    or now - times[best, ARRIVED] < place_after_us[place]
                                ):
                                    continue
                                if again:
                                    if left >= 0:
                                        chosen_place = place
                                    left -= able
                                elif among_equals == LONGEST_IDLE:
                                    since = idle_since[idle_head[free_spot(idle_head, base, place_room[place])]]
                                    if since < idle_longest:
                                        idle_longest, chosen_place = since, place
                                free += able
                        chosen = queue_teams[chosen_place]
                    dequeue(facts, queue_head, queue_tail, best)
                    waiting -= 1
                    spot, seat = chosen, -1
                    if more and lays_aside:
                        # -- of those at work that may be interrupted the one who has been at it longest lays it aside
                        spot = spots_at[chosen]
                        for one in range(seats_at[chosen], seats_at[chosen + 1]):
                            if doing[one] >= 0 and (seat < 0 or doing_since[one] < doing_since[seat]):
                                seat = one
                        work = doing[seat]
                        doing[seat], aside[seat] = -1, work
                        doing_count[chosen] -= 1
                        facts[work, STATE] = LAID_ASIDE
                        notes[work, ASIDE_AT] = now
                    else:
                        if more:
                            spot = free_spot(idle_head, spots_at[chosen], place_room[chosen_place])
                            idle_count[spot] -= 1
                        seat = idle_head[spot]
                        leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot, seat)
                        idle_since[seat] = -1
                    number = wide(facts[best, NUMBER])
                    word = (wide(facts[best, ATTEMPT]) << 12) | wide(facts[best, LEG])
                    alone_us = -1
                    if more and facts[best, STATE] == VANISHED:
                        alone_us = silent_detected_us[facts[best, CHANNEL]]
                    elif more and notes[best, CALLED_BACK] >= 0:
                        channel = wide(facts[best, CHANNEL])
                        in_use[channel] += 1
                        by = notes[best, CALLED_BACK] - 1
                        there = callback_reached[channel] if by < 0 else calls_reached[by]
                        if uniform(seed, desk, entities[number], word, _REACHED, 0) >= there:
                            alone_us = callback_takes_us[channel] if by < 0 else calls_take_us[by]
                    facts[best, TEAM], facts[best, SEAT], facts[best, STATE] = chosen, seat, TALKING
                    if more and alone_us >= 0:
                        facts[best, STATE], notes[best, TAKEN] = ALONE, now
                    else:
                        times[best, ANSWERED] = now
                    law, purpose = service_law[chosen, intent_of[number]], _SERVICE
                    if more:
                        law = _law_now(
                            day_begins_us, service_from_us, service_later, chosen, intent_of[number], now, law
                        )
                    if more and notes[best, ROLE] == 0:
                        law, purpose = conference_law[notes[notes[best, PRIMARY], ASKED]], _CONFERENCE_TIME
                        facts[best, STATE] = CONFERRING
                    u = uniform(seed, desk, entities[number], word, purpose, 0)
                    until_us = now + numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                    if more and notes[best, ROLE] < 0 and alone_us < 0:
                        notes[best, TURNS] = turns_of[chosen, facts[best, CHANNEL]]
                        until_us = now + (until_us - now) // notes[best, TURNS]
                    if more and alone_us >= 0:
                        until_us = now + alone_us
                    elif more and notes[best, RETELLING] >= 0:
                        u = uniform(seed, desk, entities[number], word, _RETELLING, 0)
                        until_us += numbered_us(
                            law_kind, law_a, law_b, law_at, law_shares, law_times, notes[best, RETELLING], u
                        )
                    if more and alone_us < 0 and notes[best, LEFT_US] >= 0:
                        until_us = now + notes[best, LEFT_US]
                    elif more and alone_us < 0 and notes[best, ROLE] != 0:
                        busy = busy_us[seat]
                        if spot > spots_at[chosen] or lays_aside:
                            busy += now - busy_since[seat]
                        until_us = now + handled_us(
                            until_us - now, seat_speed[seat], fatigue[chosen], busy, now - duty_since[seat],
                            slower[chosen], slower_most[chosen], now - times[best, ARRIVED],
                        )  # fmt: skip
                        held = hold_law[chosen * intents + intent_of[number]]
                        if held >= 0:
                            u = uniform(seed, desk, entities[number], word, _HOLD, 0)
                            notes[best, HOLD] = numbered_us(
                                law_kind, law_a, law_b, law_at, law_shares, law_times, held, u
                            )
                            until_us += notes[best, HOLD]
                        primary = notes[best, PRIMARY]
                        if notes[best, ROLE] < 0 and primary >= 0:
                            u = uniform(seed, desk, entities[number], word, _HAND_OVER, 0)
                            law = transfer_hand_over[facts[primary, BEHIND]]
                            over_us = numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                            until_us += over_us
                            facts[primary, STATE], notes[primary, DONE_AT] = RESUMING, now + over_us
                            if now + over_us <= horizon_us:
                                push(heap_us, heap, facts, pending, now + over_us, (primary << 2) | WHAT_ENDS)
                                pending += 1
                    if more and clocks and alone_us < 0 and notes[best, ROLE] < 0 and facts[best, LEG] < LEG_MOST:
                        u = uniform(seed, desk, entities[number], word, _TRANSFER, 0)
                        cell = chosen * intents + intent_of[number]
                        by = _drawn(transfer_at, transfer_probability, cell, u)
                        if by >= 0 and 0 < transfer_after_us[by] < until_us - now:
                            until_us = now + transfer_after_us[by]
                            notes[best, HOLD] = min(notes[best, HOLD], transfer_after_us[by])
                    if more and spot == spots_at[chosen] and not lays_aside:
                        busy_since[seat] = now
                    if more:
                        serving[seat], notes[best, DONE_AT] = best, until_us
                    if more and alone_us < 0 and notes[best, ROLE] != 0:
                        order = notes[best, ROLE] == 1
                        kind = len(opens_us) if order else wide(facts[best, CHANNEL])
                        if interruptible[chosen, kind] and (order or notes[best, PRIMARY] < 0):
                            doing[seat], doing_since[seat] = best, now
                            doing_count[chosen] += 1
                            notes[best, ASIDE_US] = 0
                    if more and spots_at[chosen + 1] - spots_at[chosen] > 1:
                        base, points = spots_at[chosen], spots_at[chosen + 1] - spots_at[chosen]
                        notes[best, POINTS] = points - place_room[chosen_place]
                        advance(shared, spot_speed, base, seat, now)
                        shared.load[seat] += notes[best, POINTS]
                        say(shared, notes, best, seat, until_us - now, one_by_one[chosen])
                        changed = after_change(
                            shared, notes, facts, spot_speed, base, points, seat, now, idle_head, idle_tail,
                            idle_before, idle_behind, idle_since, idle_count,
                        )  # fmt: skip
                        if changed and shared.next_us[seat] <= horizon_us:
                            event = (shared.next_row[seat] << 2) | WHAT_ENDS
                            push(heap_us, heap, facts, pending, shared.next_us[seat], event)
                            pending += 1
                    elif until_us <= horizon_us:
                        push(heap_us, heap, facts, pending, until_us, (best << 2) | WHAT_ENDS)
                        pending += 1
                if more and some_stay:
                    # -- of those whose shift is over who find nobody to serve: fewest points first, highest number
                    some_stay = False
                    for team in range(teams):
                        while staying[team] > 0:
                            goes = -1
                            for seat in range(seats_at[team], seats_at[team + 1]):
                                if idle_since[seat] >= 0 and (goes < 0 or shared.load[seat] <= shared.load[goes]):
                                    goes = seat
                            if goes < 0:
                                some_stay = True
                                break
                            spot = spots_at[team] + shared.load[goes]
                            leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot, goes)
                            idle_count[spot] -= 1
                            idle_since[goes] = -1
                            staying[team] -= 1
                            target[team] -= 1
                            if shared.load[goes] > 0:
                                shared.leaving[goes] = 1
                                leaving_count[team] += 1
                                continue
                            spells = _off_duty(duties, spells, duty_since, goes, now)
                            on_duty[team] -= 1
                # who joined since the last time and waits on: only now can their patience matter
                for late in range(joined_from, legs):
                    leaves_us = times[late, GIVES_UP]
                    if more and facts[late, STATE] == WAITING:
                        queue, channel = wide(facts[late, QUEUE]), wide(facts[late, CHANNEL])
                        held = notes[late, ROLE] >= 0 or notes[late, CALLED_BACK] >= 0 or notes[late, PRIMARY] >= 0
                        if says[channel] >= 0 and not held:
                            # -- one who must wait is told how long, and perhaps leaves, or will be called back
                            position, row = 1, queue_head[queue]
                            while row != late:
                                position += 1
                                row = wide(facts[row, BEHIND])
                            number = wide(facts[late, NUMBER])
                            heard = position
                            if says[channel] == WAIT:
                                there = 0
                                for place in range(queue_teams_at[queue], queue_teams_at[queue + 1]):
                                    there += on_duty[queue_teams[place]] * team_rate[queue_teams[place]]
                                mean_us = 0
                                if queue_teams_at[queue] < queue_teams_at[queue + 1]:
                                    mean_us = handle_us[queue_teams[queue_teams_at[queue]], intent_of[number]]
                                heard = announced_us(position, mean_us, there)
                                notes[late, ANNOUNCED] = heard if heard < NEVER_US else -1
                            word = (wide(facts[late, ATTEMPT]) << 12) | wide(facts[late, LEG])
                            share = 0.0
                            for band in range(balk_at[channel], balk_at[channel + 1]):
                                if heard >= balk_from[band]:
                                    share = balk_share[band]
                            if share > 0.0 and uniform(seed, plan, entities[number], word, _BALKING, 0) < share:
                                notes[late, WAIT_END] = BALKED
                                times[late, GIVES_UP] = now
                            elif heard >= callback_from[channel] and (
                                uniform(seed, plan, entities[number], word, _CALLBACK, 0) < callback_accepted[channel]
                            ):
                                dequeue(facts, queue_head, queue_tail, late)
                                waiting -= 1
                                times[late, ENDED] = now
                                facts[late, LEG_END], facts[late, STATE] = CALLBACK, GONE
                                in_use[channel] -= 1
                                push(heap_us, heap, facts, pending, now, (late << 2) | WHAT_JOINS)
                                pending += 1
                                continue
                            else:
                                factor = 1000
                                for band in range(patience_at[channel], patience_at[channel + 1]):
                                    if heard >= patience_from[band]:
                                        factor = patience_factor[band]
                                if factor != 1000:
                                    patience_us = times[late, GIVES_UP] - times[late, ARRIVED]
                                    times[late, GIVES_UP] = times[late, ARRIVED] + scaled_us(patience_us, factor)
                            leaves_us = times[late, GIVES_UP]
                        if not held:
                            leaves_us = min(leaves_us, times[late, ARRIVED] + message_us[channel])
                        leaves_us = max(leaves_us, now)
                        at_us = times[late, ARRIVED] + queue_promoted_us[queue]
                        if queue_promoted[queue] >= 0 and at_us <= horizon_us:
                            push(heap_us, heap, facts, pending, at_us, (late << 2) | WHAT_TIMES)
                            pending += 1
                        for place in range(queue_teams_at[queue], queue_teams_at[queue + 1]):
                            at_us = times[late, ARRIVED] + place_after_us[place]
                            if now < at_us <= horizon_us:
                                push(heap_us, heap, facts, pending, at_us, (late << 2) | WHAT_TIMES)
                                pending += 1
                    if facts[late, STATE] == WAITING and leaves_us <= horizon_us:
                        push(heap_us, heap, facts, pending, leaves_us, (late << 2) | WHAT_GIVES_UP)
                        pending += 1
                joined_from = legs

            elif source == _SHIFT:
                # -- a team's seats change: idle ones leave first, highest number first; busy ones when they finish
                team, wanted, over = shift_team[next_shift], shift_present[next_shift], shift_ends[next_shift] == 1
                next_shift += 1
                if more and team < 0:
                    # -- EventClass.CLOSING, after all shifts of the instant: who waits on the channel is sent away
                    for queue in range(queues):
                        row = queue_head[queue]
                        while row >= 0:
                            behind = wide(facts[row, BEHIND])
                            if facts[row, CHANNEL] == -1 - team and facts[row, STATE] == VANISHED:
                                dequeue(facts, queue_head, queue_tail, row)
                                waiting -= 1
                                facts[row, STATE] = GONE
                            elif (
                                facts[row, CHANNEL] == -1 - team
                                and notes[row, ROLE] < 0
                                and notes[row, CALLED_BACK] < 0
                                and notes[row, PRIMARY] < 0
                            ):
                                dequeue(facts, queue_head, queue_tail, row)
                                waiting -= 1
                                times[row, ENDED] = now
                                facts[row, LEG_END], facts[row, STATE] = CLEARED, GONE
                                _settle(facts, row, CLEARED)
                                in_use[facts[row, CHANNEL]] -= 1
                                number, attempt = wide(facts[row, NUMBER]), wide(facts[row, ATTEMPT])
                                delay_us = _delay_us(
                                    seed,
                                    plan,
                                    entities[number],
                                    attempt,
                                    -1 - team,
                                    CLEARED,
                                    retry_probability,
                                    retry_attempts_most,
                                    retry_law,
                                    law_kind,
                                    law_a,
                                    law_b,
                                    law_at,
                                    law_shares,
                                    law_times,
                                )
                                if now + delay_us < horizon_us:
                                    push(heap_us, heap, facts, pending, now + delay_us, (row << 2) | WHAT_JOINS)
                                    pending += 1
                                    if churns and some_leave:
                                        again_us[number] = now + delay_us
                            row = behind
                    continue
                if more and at_shift_end[team] == STAYS:
                    staying[team] = max(min(staying[team], on_duty[team] - leaving_count[team] - wanted), 0)
                    if over:
                        staying[team] = max(on_duty[team] - leaving_count[team] - wanted, 0)
                        some_stay, match_wanted = True, True
                    wanted += staying[team]
                target[team] = wanted
                seat = seats_at[team + 1] - 1
                leaving, spot = 0, team
                if more:
                    leaving, spot = leaving_count[team], spots_at[team]
                while on_duty[team] - leaving > wanted and seat >= seats_at[team]:
                    if idle_since[seat] >= 0 and (not more or shared.load[seat] == 0):
                        leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot, seat)
                        idle_since[seat] = -1
                        if more:
                            idle_count[spot] -= 1
                        spells = _off_duty(duties, spells, duty_since, seat, now)
                        on_duty[team] -= 1
                    seat -= 1
                hands_over = more and over and (at_shift_end[team] == HANDS_OVER or at_shift_end[team] == BRIEFS)
                if more and hands_over and spots_at[team + 1] - spots_at[team] == 1:
                    # -- who is with a customer passes them on and goes: highest number first
                    seat = seats_at[team + 1] - 1
                    while on_duty[team] > wanted and seat >= seats_at[team]:
                        row = serving[seat]
                        if duty_since[seat] >= 0 and row >= 0 and aside[seat] < 0 and (
                            _passes_on(facts, notes, row, seat)
                        ):  # fmt: skip
                            _hand_over(times, facts, notes, row, notes[row, DONE_AT] - now, at_shift_end[team], now)
                            push(heap_us, heap, facts, pending, now, (row << 2) | WHAT_JOINS)
                            pending += 1
                            if doing[seat] >= 0:
                                doing[seat] = -1
                                doing_count[team] -= 1
                            spells = _off_duty(duties, spells, duty_since, seat, now)
                            on_duty[team] -= 1
                        seat -= 1
                if more and spots_at[team + 1] - spots_at[team] > 1:
                    # who has conversations takes no more and leaves after them: fewest points first, highest number
                    points = spots_at[team + 1] - spots_at[team]
                    while on_duty[team] - leaving_count[team] > wanted:
                        goes = -1
                        for seat in range(seats_at[team], seats_at[team + 1]):
                            stays = duty_since[seat] >= 0 and not shared.leaving[seat]
                            if stays and (goes < 0 or shared.load[seat] <= shared.load[goes]):
                                goes = seat
                        shared.leaving[goes] = 1
                        leaving_count[team] += 1
                        if idle_since[goes] >= 0:
                            spot = spots_at[team] + shared.load[goes]
                            leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot, goes)
                            idle_count[spot] -= 1
                            idle_since[goes] = -1
                        if hands_over:
                            advance(shared, spot_speed, spots_at[team], goes, now)
                            row = shared.talks[goes]
                            while row >= 0:
                                behind = notes[row, TALK_BEHIND]
                                if _passes_on(facts, notes, row, goes):
                                    left = max(notes[row, DONE_AT] - shared.progress[goes], 0)
                                    left_us = (left + FULL_SPEED - 1) // FULL_SPEED
                                    end_talk(shared, notes, row, goes)
                                    shared.load[goes] -= notes[row, POINTS]
                                    _hand_over(times, facts, notes, row, left_us, at_shift_end[team], now)
                                    push(heap_us, heap, facts, pending, now, (row << 2) | WHAT_JOINS)
                                    pending += 1
                                row = behind
                            if next_end(shared, notes, facts, spot_speed, spots_at[team], goes, now) and (
                                shared.next_us[goes] <= horizon_us
                            ):
                                event = (shared.next_row[goes] << 2) | WHAT_ENDS
                                push(heap_us, heap, facts, pending, shared.next_us[goes], event)
                                pending += 1
                            if shared.load[goes] == 0:
                                shared.leaving[goes] = 0
                                leaving_count[team] -= 1
                                spells = _off_duty(duties, spells, duty_since, goes, now)
                                on_duty[team] -= 1
                    seat = seats_at[team]
                    while on_duty[team] - leaving_count[team] < wanted and leaving_count[team] > 0:
                        if shared.leaving[seat]:
                            shared.leaving[seat] = 0
                            leaving_count[team] -= 1
                            advance(shared, spot_speed, spots_at[team], seat, now)
                            after_change(
                                shared, notes, facts, spot_speed, spots_at[team], points, seat, now, idle_head,
                                idle_tail, idle_before, idle_behind, idle_since, idle_count,
                            )  # fmt: skip
                        seat += 1
                    spot = spots_at[team]
                seat = seats_at[team]
                while on_duty[team] < wanted:
                    if duty_since[seat] < 0:
                        duty_since[seat], idle_since[seat] = now, now
                        busy_us[seat] = 0
                        on_duty[team] += 1
                        if more:
                            idle_count[spot] += 1
                        join_spot(idle_head, idle_tail, idle_before, idle_behind, idle_since, spot, seat)
                    seat += 1
                match_wanted = waiting > 0 or match_wanted

            elif what == WHAT_ENDS:
                if more:
                    state = facts[row, STATE]
                    late = state in (WRAPPING, RESUMING) and notes[row, DONE_AT] != now
                    if late or state in (GONE, CONSULTING, HANDING, LAID_ASIDE):
                        continue  # what was thought to end now has ended before
                    if state == TALKING and notes[row, ASIDE_US] >= 0:
                        if notes[row, DONE_AT] != now:
                            continue  # it was laid aside in the meantime
                        doing[facts[row, SEAT]] = -1
                        doing_count[facts[row, TEAM]] -= 1
                if more and state in (TALKING, CONFERRING, ALONE):
                    team, seat = wide(facts[row, TEAM]), wide(facts[row, SEAT])
                    if spots_at[team + 1] - spots_at[team] > 1:
                        if shared.next_row[seat] != row or shared.next_us[seat] != now:
                            continue  # a conversation that came or went beside it has changed its end
                        advance(shared, spot_speed, spots_at[team], seat, now)
                        end_talk(shared, notes, row, seat)
                        answer_next(shared, notes, seat)
                        shared.next_row[seat], shared.next_us[seat] = -1, -1
                        touched, touched_team = seat, team
                if more and facts[row, STATE] == TALKING and notes[row, TURNS] > 1:
                    # -- an answer has been given, and the customer replies
                    notes[row, TURNS] -= 1
                    facts[row, STATE] = REPLYING
                    word = (wide(facts[row, ATTEMPT]) << 12) | wide(facts[row, LEG])
                    law = turns_reply[facts[row, TEAM], facts[row, CHANNEL]]
                    u = uniform(seed, plan, entities[wide(facts[row, NUMBER])], word, _REPLY, notes[row, TURNS])
                    at_us = now + numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                    notes[row, DONE_AT] = at_us  # timers of the wait, before, may be to come yet
                    if at_us <= horizon_us:
                        push(heap_us, heap, facts, pending, at_us, (row << 2) | WHAT_TIMES)
                        pending += 1
                    continues = False
                elif facts[row, STATE] == WRAPPING:
                    facts[row, STATE] = GONE
                    released = row
                    continues = False
                elif more and facts[row, STATE] == SPEAKING:
                    facts[row, STATE] = GONE
                    in_use[facts[row, CHANNEL]] -= 1
                    continues = False
                elif more and facts[row, STATE] == ALONE:
                    # the agent has seen that nobody is there
                    times[row, WRAP], facts[row, STATE] = now - notes[row, TAKEN], GONE
                    released = row
                    if notes[row, CALLED_BACK] >= 0:
                        times[row, ENDED], facts[row, LEG_END] = notes[row, TAKEN], SILENT
                        _settle(facts, row, UNRESOLVED)
                        in_use[facts[row, CHANNEL]] -= 1
                        lost = row
                    continues = False
                elif more and facts[row, STATE] == CONFERRING:
                    times[row, ENDED] = now
                    facts[row, LEG_END], facts[row, STATE] = ANSWERED_END, GONE
                    released = row
                    facts[notes[row, PRIMARY], STATE], notes[notes[row, PRIMARY], DONE_AT] = RESUMING, now
                    push(heap_us, heap, facts, pending, now, (notes[row, PRIMARY] << 2) | WHAT_ENDS)
                    pending += 1
                    continues = False
                else:
                    number, attempt = wide(facts[row, NUMBER]), wide(facts[row, ATTEMPT])
                    leg, team = wide(facts[row, LEG]), wide(facts[row, TEAM])
                    entity, word = entities[number], (attempt << 12) | leg
                    cell = team * intents + intent_of[number] if transfers or more else 0
                    continues = True
                    asks = more and facts[row, STATE] == TALKING and notes[row, ROLE] < 0
                    if asks and conference_at[cell] < conference_at[cell + 1]:
                        u = uniform(seed, desk, entity, word, _CONFERENCE, 0)
                        for conference in range(conference_at[cell], conference_at[cell + 1]):
                            if u < conference_probability[conference]:
                                facts[row, STATE], notes[row, ASKED] = CONSULTING, conference
                                push(heap_us, heap, facts, pending, now, (row << 2) | WHAT_JOINS)
                                pending += 1
                                continues = False
                                break
                            u -= conference_probability[conference]
                handed = more and facts[row, LEG_END] == TRANSFERRED
                asks = more and continues and not handed and notes[row, ROLE] < 0 and facts[row, SEAT] >= 0
                if asks and leg < LEG_MOST and transfer_at[cell] < transfer_at[cell + 1]:
                    # -- a warm transfer: the agent stays until the next one knows the story
                    u = uniform(seed, desk, entity, word, _TRANSFER, 0)
                    by = _drawn(transfer_at, transfer_probability, cell, u)
                    warm = by >= 0 and transfer_hand_over[by] >= 0
                    if warm and now - times[row, ANSWERED] >= transfer_after_us[by]:
                        warm = uniform(seed, desk, entity, word, _CUT_OFF, 0) >= transfer_cut_off[by]
                    else:
                        warm = False
                    if warm:
                        facts[row, LEG_END], facts[row, BEHIND] = TRANSFERRED, by
                        facts[row, STATE] = HANDING
                        push(heap_us, heap, facts, pending, now, (row << 2) | WHAT_JOINS)
                        pending += 1
                        continues = False
                if continues:
                    times[row, ENDED] = now
                    settled, last = RESOLVED, row
                    if more:
                        last = notes[row, LATEST]
                    if pages and facts[row, STATE] == READING:
                        found = uniform(seed, desk, entity, word, _CONTAINMENT, 0) < contained[cell]
                        facts[row, LEG_END], facts[row, STATE] = (CONTAINED if found else ANSWERED_END), GONE
                        settled = RESOLVED if found else UNRESOLVED
                        passes = more and not found
                    else:
                        passes = not more or (notes[row, ROLE] < 0 and not handed)
                        facts[row, LEG_END], facts[row, STATE] = (TRANSFERRED if handed else ANSWERED_END), GONE
                        wrap_us = 0
                        law = wrap_law_of[cell] if more else wrap_law[team]
                        if law >= 0:
                            u = uniform(seed, desk, entity, word, _WRAP, 0)
                            wrap_us = numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                            if more:
                                speed = seat_speed[wide(facts[row, SEAT])]
                                wrap_us = handled_us(wrap_us, speed, 0.0, 0, 0, 0.0, 0.0, 0)
                            times[row, WRAP] = wrap_us
                        if wrap_us > 0:
                            facts[row, STATE] = WRAPPING
                            if more:
                                notes[row, DONE_AT] = now + wrap_us
                            if now + wrap_us <= horizon_us:
                                push(heap_us, heap, facts, pending, now + wrap_us, (row << 2) | WHAT_ENDS)
                                pending += 1
                        else:
                            released = row
                        if more and passes:
                            share = seat_resolved[wide(facts[row, SEAT])]
                            if share < 0.0:
                                share = resolved[cell]
                            if share < 1.0 and uniform(seed, desk, entity, word, _RESOLUTION, 0) >= share:
                                settled = UNRESOLVED
                    if transfers and passes and leg < LEG_MOST:
                        by = -1
                        if transfer_at[cell] < transfer_at[cell + 1]:
                            u = uniform(seed, desk, entity, word, _TRANSFER, 0)
                            by = _drawn(transfer_at, transfer_probability, cell, u)
                        if more and by >= 0 and now - times[row, ANSWERED] < transfer_after_us[by]:
                            by = -1
                        if by >= 0:
                            facts[row, LEG_END], facts[row, BEHIND] = TRANSFERRED, by
                            cut = more and uniform(seed, desk, entity, word, _CUT_OFF, 0) < transfer_cut_off[by]
                            if not cut:
                                push(heap_us, heap, facts, pending, now, (row << 2) | WHAT_JOINS)
                                pending += 1
                            else:
                                facts[row, LEG_END], settled = CUT_OFF, CUT_OFF
                                called = calls_share[by]
                                if called > 0.0 and uniform(seed, desk, entity, word, _CALLS_BACK, 0) < called:
                                    settled = CENSORED
                                    u = uniform(seed, desk, entity, word, _CALL_DELAY, 0)
                                    at_us = now + numbered_us(
                                        law_kind, law_a, law_b, law_at, law_shares, law_times, calls_after[by], u
                                    )
                                    if at_us <= horizon_us:
                                        push(heap_us, heap, facts, pending, at_us, (row << 2) | WHAT_JOINS)
                                        pending += 1
                    if more and notes[row, ROLE] == 1:
                        # -- a work order is done, or has failed
                        settled = UNRESOLVED
                        if uniform(seed, desk, entity, word, _WORK_FAILS, 0) >= promise_fails[notes[row, ASKED]]:
                            settled, notes[notes[row, PRIMARY], KEPT] = RESOLVED, now
                        _settle(facts, row, settled)
                        settled = CENSORED
                    elif more and facts[row, LEG_END] == ANSWERED_END and facts[row, SEAT] >= 0:
                        # -- the answer may be a promise
                        made = -1
                        if promise_at[cell] < promise_at[cell + 1] and leg < LEG_MOST:
                            u = uniform(seed, desk, entity, word, _PROMISE, 0)
                            for promise in range(promise_at[cell], promise_at[cell + 1]):
                                if u < promise_probability[promise]:
                                    made = promise
                                    break
                                u -= promise_probability[promise]
                        if made >= 0 and legs == room:
                            fits = False
                            break
                        if made >= 0:
                            u = uniform(seed, desk, entity, word, _PROMISE_DUE, 0)
                            due_us = now + numbered_us(
                                law_kind, law_a, law_b, law_at, law_shares, law_times, promise_due[made], u
                            )
                            notes[row, PROMISE], notes[row, DUE], settled = made, due_us, UNRESOLVED
                            if promise_by[made] >= 0:
                                settled = CENSORED
                                queue = order_queue[promise_by[made], facts[row, CHANNEL], intent_of[number]]
                                times[legs, ARRIVED], times[legs, ANSWERED] = now, UNANSWERED
                                times[legs, ENDED], times[legs, WRAP], times[legs, GIVES_UP] = -1, -1, NEVER_US
                                for column in range(FACTS):
                                    facts[legs, column] = facts[row, column]
                                facts[legs, LEG], facts[legs, QUEUE] = facts[last, LEG] + 1, queue
                                facts[legs, TEAM], facts[legs, SEAT], facts[legs, HISTORY] = -1, -1, 1
                                facts[legs, LEG_END], facts[legs, OUTCOME], facts[legs, LAST] = CENSORED, CENSORED, last
                                notes[legs] = -1
                                notes[legs, ROLE], notes[legs, WAIT_END], notes[legs, LATEST] = 1, ABANDONED, legs
                                notes[legs, PRIMARY], notes[legs, ASKED], notes[legs, PATIENCE] = row, made, NEVER_US
                                notes[legs, POINTS] = 1
                                enqueue(times, facts, queue_head, queue_tail, legs, queue, now, number)
                                waiting += 1
                                match_wanted = True
                                if churns and some_leave:
                                    before[legs], latest[number] = latest[number], legs
                                legs += 1
                            else:
                                u = uniform(seed, desk, entity, word, _PROMISE_KEPT, 0)
                                if u < promise_kept[made]:
                                    notes[row, KEPT], settled = due_us, RESOLVED
                                elif u < promise_kept[made] + promise_late[made]:
                                    u = uniform(seed, desk, entity, word, _PROMISE_LATE, 0)
                                    late_us = numbered_us(
                                        law_kind, law_a, law_b, law_at, law_shares, law_times, promise_late_by[made], u
                                    )
                                    notes[row, KEPT], settled = due_us + late_us, RESOLVED
                            if attempt < chase_most[made] and (
                                uniform(seed, plan, entity, attempt << 12, _CHASE, 0) < chase_probability[made]
                            ):
                                u = uniform(seed, plan, entity, attempt << 12, _CHASE_DELAY, 0)
                                back_us = due_us + numbered_us(
                                    law_kind, law_a, law_b, law_at, law_shares, law_times, chase_after[made], u
                                )
                                if back_us < horizon_us:
                                    push(heap_us, heap, facts, pending, back_us, (row << 2) | WHAT_JOINS)
                                    pending += 1
                                    if churns and some_leave:
                                        again_us[number] = back_us
                    if facts[row, LEG_END] != TRANSFERRED and not (more and notes[row, ROLE] == 1):
                        if settled != CENSORED:
                            _settle(facts, last, settled)
                        if lines:
                            in_use[facts[row, CHANNEL]] -= 1
                        if more and settled not in (RESOLVED, CENSORED) and notes[row, PROMISE] < 0:
                            lost = row

            elif more and what == WHAT_TIMES:
                # -- a wait is so long now that others take it, or that it goes first; or a customer has replied
                if facts[row, STATE] == REPLYING and notes[row, DONE_AT] == now:
                    number, team, seat = wide(facts[row, NUMBER]), wide(facts[row, TEAM]), wide(facts[row, SEAT])
                    word = (wide(facts[row, ATTEMPT]) << 12) | wide(facts[row, LEG])
                    intent, turn = intent_of[number], notes[row, TURNS]
                    law = service_law[team, intent]
                    law = _law_now(day_begins_us, service_from_us, service_later, team, intent, now, law)
                    u = uniform(seed, desk, entities[number], word, _SERVICE, turn)
                    work_us = numbered_us(law_kind, law_a, law_b, law_at, law_shares, law_times, law, u)
                    work_us = handled_us(
                        work_us // turns_of[team, facts[row, CHANNEL]], seat_speed[seat], fatigue[team],
                        busy_us[seat] + now - busy_since[seat], now - duty_since[seat], slower[team],
                        slower_most[team], times[row, ANSWERED] - times[row, ARRIVED],
                    )  # fmt: skip
                    facts[row, STATE] = TALKING
                    advance(shared, spot_speed, spots_at[team], seat, now)
                    say(shared, notes, row, seat, work_us, one_by_one[team])
                    touched, touched_team = seat, team
                elif facts[row, STATE] == WAITING:
                    queue = wide(facts[row, QUEUE])
                    if queue_promoted[queue] >= 0 and now - times[row, ARRIVED] >= queue_promoted_us[queue]:
                        dequeue(facts, queue_head, queue_tail, row)
                        facts[row, QUEUE] = queue_promoted[queue]
                        since, number, queue = times[row, ARRIVED], wide(facts[row, NUMBER]), queue_promoted[queue]
                        enqueue(times, facts, queue_head, queue_tail, row, queue, since, number)
                match_wanted = True

            elif facts[row, STATE] == WAITING:
                # -- patience ends, or an answering machine takes it
                word, speaks_us = ABANDONED, 0
                if more:
                    channel = wide(facts[row, CHANNEL])
                    word = notes[row, WAIT_END]
                    if now < times[row, GIVES_UP]:
                        word, speaks_us = MESSAGE, message_takes_us[channel]
                    elif word == ABANDONED and silent_share[channel] > 0.0 and notes[row, PRIMARY] < 0:
                        key = (wide(facts[row, ATTEMPT]) << 12) | wide(facts[row, LEG])
                        entity = entities[wide(facts[row, NUMBER])]
                        if uniform(seed, plan, entity, key, _SILENT, 0) < silent_share[channel]:
                            word = SILENT  # and stays in the queue, as nobody knows
                times[row, ENDED] = now
                facts[row, LEG_END] = word
                if more and word == SILENT:
                    facts[row, STATE] = VANISHED
                else:
                    facts[row, STATE] = GONE
                    dequeue(facts, queue_head, queue_tail, row)
                    waiting -= 1
                if more and notes[row, ROLE] >= 0:
                    facts[notes[row, PRIMARY], STATE], notes[notes[row, PRIMARY], DONE_AT] = RESUMING, now
                    push(heap_us, heap, facts, pending, now, (notes[row, PRIMARY] << 2) | WHAT_ENDS)
                    pending += 1
                else:
                    _settle(facts, row, word)
                    if more and speaks_us > 0:
                        facts[row, STATE] = SPEAKING
                        if now + speaks_us <= horizon_us:
                            push(heap_us, heap, facts, pending, now + speaks_us, (row << 2) | WHAT_ENDS)
                            pending += 1
                    elif lines:
                        in_use[facts[row, CHANNEL]] -= 1
                    if word != MESSAGE:
                        lost = row
                    if more and notes[row, PRIMARY] >= 0:  # the agent who waited with them has nobody to hand over to
                        primary = notes[row, PRIMARY]
                        facts[primary, STATE], notes[primary, DONE_AT] = RESUMING, now
                        push(heap_us, heap, facts, pending, now, (primary << 2) | WHAT_ENDS)
                        pending += 1

            if retries and lost >= 0:
                # -- one who gave up, was turned away or asked in vain: do they try again?
                number, attempt = wide(facts[lost, NUMBER]), wide(facts[lost, ATTEMPT])
                channel = wide(facts[lost, CHANNEL])
                law_of = retry_law
                if more and facts[lost, OUTCOME] == UNRESOLVED:
                    law_of = retry_law_unresolved
                delay_us = _delay_us(
                    seed, plan, entities[number], attempt, channel, wide(facts[lost, OUTCOME]), retry_probability,
                    retry_attempts_most, law_of, law_kind, law_a, law_b, law_at, law_shares, law_times,
                )  # fmt: skip
                if now + delay_us < horizon_us:
                    push(heap_us, heap, facts, pending, now + delay_us, (lost << 2) | WHAT_JOINS)
                    pending += 1
                    if churns and some_leave:
                        again_us[number] = now + delay_us

            if released >= 0:
                # -- an agent is free: goes home where there are too many, else is idle from now
                team, seat = wide(facts[released, TEAM]), wide(facts[released, SEAT])
                leaves, joins, spot = on_duty[team] > target[team], True, team
                if more and aside[seat] >= 0:
                    # -- and goes on with what was laid aside
                    row = aside[seat]
                    for_us = now - notes[row, ASIDE_AT]
                    notes[row, ASIDE_US] += for_us
                    notes[row, DONE_AT] += for_us
                    facts[row, STATE] = TALKING
                    aside[seat], doing[seat], doing_since[seat], serving[seat] = -1, row, now, row
                    doing_count[team] += 1
                    match_wanted = waiting > 0 or match_wanted
                    if notes[row, DONE_AT] <= horizon_us:
                        push(heap_us, heap, facts, pending, notes[row, DONE_AT], (row << 2) | WHAT_ENDS)
                        pending += 1
                    continue
                if more and (spots_at[team + 1] - spots_at[team] == 1 or shared.load[seat] == notes[released, POINTS]):
                    busy_us[seat] += now - busy_since[seat]
                if more:
                    spot = spots_at[team]
                    if spots_at[team + 1] - spots_at[team] > 1:
                        advance(shared, spot_speed, spots_at[team], seat, now)
                        if idle_since[seat] >= 0:
                            leave_spot(idle_head, idle_tail, idle_before, idle_behind, spot + shared.load[seat], seat)
                            idle_count[spot + shared.load[seat]] -= 1
                            idle_since[seat] = -1
                        shared.load[seat] -= notes[released, POINTS]
                        leaves, joins = shared.leaving[seat] and shared.load[seat] == 0, False
                        touched, touched_team = seat, team
                        if leaves:
                            leaving_count[team] -= 1
                if leaves:
                    spells = _off_duty(duties, spells, duty_since, seat, now)
                    on_duty[team] -= 1
                elif joins:
                    idle_since[seat] = now
                    if more:
                        idle_count[spot] += 1
                    join_spot(idle_head, idle_tail, idle_before, idle_behind, idle_since, spot, seat)
                    match_wanted = waiting > 0 or match_wanted or some_stay

            if more and touched >= 0:
                # -- a conversation has come or gone beside others
                match_wanted = waiting > 0 or match_wanted or some_stay
                base, points = spots_at[touched_team], spots_at[touched_team + 1] - spots_at[touched_team]
                changed = after_change(
                    shared, notes, facts, spot_speed, base, points, touched, now, idle_head, idle_tail, idle_before,
                    idle_behind, idle_since, idle_count,
                )  # fmt: skip
                if duty_since[touched] < 0:
                    shared.leaving[touched] = 0
                if changed and shared.next_us[touched] <= horizon_us:
                    event = (shared.next_row[touched] << 2) | WHAT_ENDS
                    push(heap_us, heap, facts, pending, shared.next_us[touched], event)
                    pending += 1

        for seat in range(seats):
            if duty_since[seat] >= 0:
                spells = _off_duty(duties, spells, duty_since, seat, horizon_us)
        if more:  # within the loop an escalation is a transfer as any other
            for row in range(legs):
                passed = wide(facts[row, BEHIND])
                if facts[row, LEG_END] == TRANSFERRED and passed >= 0 and transfer_escalates[passed]:
                    facts[row, LEG_END] = ESCALATED
        return legs, spells, fits

    return Variant(loop, more)


VARIANTS: dict[str, Variant] = {
    "one_queue": _variant(False, False, False, False, False, False, False, more=False),
    "common": _variant(True, True, True, True, True, True, True, more=False),
    "whole": _variant(True, True, True, True, True, True, True, more=True),
}
"""The loop by name; a scenario runs in the first that knows all it uses."""


def variant_of(
    floor: FloorArrays, arrivals: Arrivals | None = None, more: bool | None = None, lives: Lives | None = None
) -> str:
    """Name the leanest variant that knows all that a scenario, and the arrivals, make use of; `more` if known."""
    if floor.more if more is None else more:
        return "whole"
    if (arrivals is not None and len(arrivals.begun_team)) or (lives is not None and len(lives.first)):
        return "common"
    one_queue = len(floor.pages) == 1 and len(floor.wrap_law) == 1 and floor.pages[0] < 0
    tries_again = bool((floor.retry_attempts_most > 0).any())
    plain = not len(floor.transfer_to) and not tries_again and bool((floor.lines < 0).all())
    return "one_queue" if one_queue and plain else "common"


LEGS_PER_ARRIVAL = 3
"""Room for so many legs at first; what is not written to costs nothing, and a loop that runs out of it begins again."""


def replicate(
    seed: int,
    plan: int,
    desk: int,
    horizon_us: int,
    arrivals: Arrivals,
    floor: FloorArrays,
    shifts: Shifts,
    more: bool | None = None,
    lives: Lives = NOBODY_LEAVES,
    beliefs: Beliefs = NOTHING_BELIEVED,
) -> Happened:
    """Run one replication: customers' luck comes from replication `plan`, the desk's from `desk`.

    `more` is the floor's, where it is known already; `lives` and `beliefs` tell of customers who may leave.
    """
    loop, whole = VARIANTS[variant_of(floor, arrivals, more, lives)]
    room = len(arrivals.entity) * LEGS_PER_ARRIVAL + 64
    while True:
        memory = memory_for(floor, shifts, room, whole, len(lives.first))
        legs, spells, fits = loop(seed, plan, desk, horizon_us, arrivals, floor, shifts, lives, beliefs, memory)
        if fits:
            return Happened(
                memory.times[:legs], memory.facts[:legs], memory.duties[:spells], memory.notes[: legs if whole else 0]
            )
        room *= 2  # arrays that grow within the loop would cost every scenario half its speed: start again instead
