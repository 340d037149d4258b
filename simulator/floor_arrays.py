"""A scenario as arrays, as the compiled engine reads it: numbers for names, offsets for lists, no object and no text.

Refuses to decide anything: what the numbers mean for a contact is the engine's. The rosters of a replication, with the
seats that luck leaves empty, are drawn here, as they are known before the first customer comes.

>>> from scenarios.reading import HERE, load_scenario
>>> floor_of(load_scenario(HERE / "quiet_tuesday.yaml")).arrays.wrap_law.tolist()
[-1, -1, -1]
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.draws import Purpose, uniform
from scenarios.identity import seat_entity
from scenarios.jit import jit
from scenarios.laws import Laws, law_row, time_us
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, CAUSES, Announcement, Channel, Late, OffQueue, Retry
from scenarios.units import NEVER_US, clock_s, us

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]

_ABSENCE, _SICK = int(Purpose.ABSENCE), int(Purpose.SICK)

FIRST, LONGEST_IDLE, RANDOM = range(3)
FULL_SPEED = 27_720
"""Of a conversation, in parts that 1 to 12 conversations share without a rest: progress is kept in whole numbers."""

WORK_MOST_US = 10**14
"""A longer conversation ends after the last day however fast it goes; its progress would not fit 64 bits."""

WAIT, POSITION = range(2)
FINISHES, HANDS_OVER, BRIEFS, STAYS = range(4)
AT_SHIFT_END = {"finishes": FINISHES, "hands_over": HANDS_OVER, "briefs": BRIEFS, "stays": STAYS}
SAYS = {"wait": WAIT, "position": POSITION}
AMONG_EQUALS = {"first": FIRST, "longest_idle": LONGEST_IDLE, "random": RANDOM}


class FloorArrays(NamedTuple):
    """What the hot loop reads. `x_at` holds where the x of each number begin, with one end more."""

    law_kind: Whole
    law_a: Real
    law_b: Real
    law_at: Whole
    law_shares: Real
    law_times: Real
    opens_us: Whole
    closes_us: Whole
    """By channel x day, since the run's first midnight; one day more, on which a run ends."""
    patience_law: Whole
    """By channel x intent, -1 where there is none."""
    retry_probability: Real
    """By channel x cause (see CAUSES); -1 where there is none."""
    retry_law: Whole
    retry_attempts_most: Whole
    retry_keeps: Whole
    """By channel; -1 where there is none, and `retry_keeps` 1 where the next attempt has the patience of this one."""
    retry_to_at: Whole
    retry_to: Whole
    retry_to_share: Real
    """By channel: on which others those who try again do so."""
    lines: Whole
    """By channel: customers it holds at once, or -1."""
    first_queue: Whole
    """By channel x intent: the queue a contact joins first."""
    pages: Whole
    """By queue: the self-service team that answers it, or -1."""
    queue_priority: Whole
    queue_teams_at: Whole
    queue_teams: Whole
    queue_ranks: Whole
    """By queue: its teams, in the order in which they are asked, and how each ranks its contacts."""
    queue_asked: Whole
    """By place in `queue_teams`: how early it is asked."""
    transfer_queue: Whole
    """By team x channel x intent: the queue of those transferred to it, or -1."""
    service_law: Whole
    """By team x intent."""
    wrap_law: Whole
    """By team."""
    contained: Real
    """By team x intent: the share of visits to a page that find their answer."""
    transfer_at: Whole
    transfer_to: Whole
    transfer_probability: Real
    transfer_history: Whole
    """By team x intent."""
    seats_at: Whole
    """By team: its first seat."""
    message_us: Whole
    message_takes_us: Whole
    clears: Whole
    """By channel: the longest wait, or NEVER_US; how long a message holds the line; 1 where closing sends away."""
    place_after_us: Whole
    place_keeps_idle: Whole
    """By place in `queue_teams`: how long a contact must have waited, and how many idle agents are not for it."""
    queue_weight: Whole
    """By queue: what its waits are multiplied with where they are compared, in thousandths."""
    queue_promoted: Whole
    queue_promoted_us: Whole
    """By queue: which queue its contacts change to after how long; -1 where they do not."""
    among_equals: int
    """FIRST, LONGEST_IDLE or RANDOM: which of several teams of the same rank."""
    transfer_patience: Whole
    transfer_if_busy: Whole
    transfer_cut_off: Real
    transfer_retelling: Whole
    """By transfer: law of patience or -1; 1 where a busy team ends the contact; share cut off; law or -1."""
    conference_at: Whole
    conference_with: Whole
    conference_probability: Real
    conference_law: Whole
    """By team x intent: who may be asked in, and for how long."""
    resolved: Real
    """By team x intent: the share of answers that settle the matter."""
    retry_law_unresolved: Whole
    retry_patience: Whole
    """By channel: the law of the delay after an answer in vain, and the factor of the next patience in thousandths."""

    spots_at: Whole
    """By team: where its numbers of `spot_speed` begin, one for each point an agent has; with one end more."""
    spot_speed: Whole
    """Of each conversation while an agent has 1, 2, 3 … points in use, in parts of FULL_SPEED."""
    place_room: Whole
    place_interrupts: Whole
    """By place in `queue_teams`: the most points an agent may have in use to take a contact, and 1 where they lay other
    work aside for it."""
    at_shift_end: Whole
    """By team: FINISHES, HANDS_OVER, BRIEFS or STAYS."""
    interruptible: Whole
    """By team x channel, with one more for orders: 1 where an agent lays it aside for others."""
    order_queue: Whole
    """By team x channel x intent: the queue of orders, or -1."""
    turns: Whole
    turns_reply: Whole
    """By team x channel: in how many turns a contact is answered, and the law of the customer's replies, or -1."""
    one_by_one: Whole
    """By team: 1 where an agent answers one customer at a time, whatever they have."""
    points: Whole
    """By team x channel: what a contact takes."""
    anyone_queue: Whole
    """By channel x intent: the queue of those passed on to whoever would take them, or -1; `transfer_to` is -1 then."""
    says: Whole
    """By channel: WAIT or POSITION, what those hear who must wait, or -1."""
    balk_at: Whole
    balk_from: Whole
    balk_share: Real
    patience_at: Whole
    patience_from: Whole
    patience_factor: Whole
    """By channel: what is done from which announcement on (microseconds, or the position): the share that leaves, and
    what patience is multiplied with, in thousandths."""
    handle_us: Whole
    """By team x intent: the mean time of a contact, for the wait that is announced."""
    callback_from: Whole
    callback_accepted: Real
    callback_reached: Real
    callback_takes_us: Whole
    """By channel: from which announcement on a callback is offered, or NEVER_US, and what comes of it."""
    silent_share: Real
    silent_detected_us: Whole
    """By channel: the share of those who give up without a sign, and how long it takes an agent to see it."""
    team_rate: Whole
    """By team: how many contacts an agent who has as many as possible works off at full speed, in thousandths."""

    service_from_us: Whole
    """By day x time of day from which some laws of service are others: when it is that time."""
    service_later: Whole
    """By such time x team x intent: the law of service from then on."""
    hold_law: Whole
    wrap_law_of: Whole
    """By team x intent; -1 where there is none."""
    seat_speed: Whole
    seat_resolved: Real
    """By seat: speed in thousandths, and the share of answers that settle the matter, or -1: as the team."""
    fatigue: Real
    slower: Real
    slower_most: Real
    """By team: see `simulator.handling`."""

    promise_at: Whole
    promise_probability: Real
    promise_due: Whole
    promise_kept: Real
    promise_late: Real
    promise_late_by: Whole
    promise_by: Whole
    promise_fails: Real
    """By team x intent: what is promised how often, laws of when it is due and how late it is, who works it off."""
    chase_probability: Real
    chase_after: Whole
    chase_most: Whole
    chase_patience: Whole
    chase_to_at: Whole
    chase_to: Whole
    chase_share: Real
    """By promise: who comes back, after what law, up to which attempt, with what patience, on which channels."""
    transfer_hand_over: Whole
    """By transfer: the law of how long the first agent tells the story to the second, or -1: the transfer is cold."""

    transfer_after_us: Whole
    """By transfer: how long a talk lasts before it is passed on, 0 where it just ends."""
    transfer_escalates: Whole
    """By transfer: 1 where the log calls it an escalation."""
    calls_share: Real
    calls_after: Whole
    calls_reached: Real
    calls_take_us: Whole
    """By transfer: the share of those cut off who are called, the law of when, and what comes of it."""
    day_begins_us: Whole
    """By day, with the one on which a run ends and the end of that."""

    @property
    def passes_on_pages(self) -> bool:
        """Whether anybody is passed on by a page, or to one."""
        paged = np.unique(self.pages[self.pages >= 0])
        intents = self.service_law.shape[1]
        passing = np.flatnonzero(np.diff(self.transfer_at)) // intents
        return bool(np.isin(passing, paged).any() or np.isin(self.transfer_to, paged).any())

    @property
    def more(self) -> bool:
        """Whether a scenario says anything that only the whole loop knows."""
        uncommon = self.retry_probability.reshape(-1, len(CAUSES))[:, 2:]
        return bool(
            (self.message_us < NEVER_US).any()
            or self.clears.any()
            or self.place_after_us.any()
            or self.place_keeps_idle.any()
            or (self.queue_weight != 1000).any()
            or (self.queue_asked != self.queue_ranks).any()
            or (self.queue_promoted >= 0).any()
            or self.among_equals
            or (self.transfer_patience >= 0).any()
            or self.transfer_if_busy.any()
            or self.transfer_cut_off.any()
            or (self.transfer_retelling >= 0).any()
            or (self.transfer_hand_over >= 0).any()
            or self.transfer_escalates.any()
            or self.transfer_after_us.any()
            or len(self.conference_with)
            or (self.resolved < 1).any()
            or (uncommon > 0).any()
            or (self.retry_patience != 1000).any()
            or (np.diff(self.spots_at) > 1).any()
            or self.interruptible.any()
            or self.at_shift_end.any()
            or (self.transfer_to < 0).any()
            or (self.says >= 0).any()
            or self.silent_share.any()
            or self.passes_on_pages
            or len(self.service_later)
            or (self.hold_law >= 0).any()
            or (self.wrap_law_of != self.wrap_law.repeat(self.service_law.shape[1])).any()
            or (self.seat_speed != 1000).any()
            or (self.seat_resolved >= 0).any()
            or self.fatigue.any()
            or self.slower.any()
            or len(self.promise_by)
        )


class Shifts(NamedTuple):
    """When the number of present seats of a team changes, in the order of time; the last change never comes.

    Among them, after the changes of the same instant, when a channel closes and those who wait on it are sent away:
    `team` is then -1 - channel.
    """

    at_us: Whole
    team: Whole
    present: Whole
    ends: Whole
    """1 where shifts end; fewer are there also for breaks, or because somebody is away."""


@dataclass(frozen=True)
class Floor:
    """The arrays, what their numbers are called, and which features they use."""

    arrays: FloorArrays
    channels: tuple[str, ...]
    intents: tuple[str, ...]
    teams: tuple[str, ...]
    queues: tuple[str, ...]
    seats: tuple[str, ...]
    seat_team: Whole
    rosters: tuple[_Roster, ...]
    closings: tuple[Whole, Whole]
    """When channels close that send away those who wait, and which."""
    horizon_us: int

    @functools.cached_property
    def more(self) -> bool:
        """As of its arrays: found out once, as that takes longer than some replications."""
        return self.arrays.more


@dataclass(frozen=True)
class _Roster:
    team: int
    at_us: Whole
    count: Whole
    shrinkage: float
    block_us: int
    sick: float
    late: Late | None
    off_queue: OffQueue | None
    ends_us: Whole
    """When shifts end, of a team that does something special then."""
    certain_us: int
    entities: npt.NDArray[np.uint64]


class _Queue(NamedTuple):
    """Contacts that the same teams take, with equal liking and on equal terms, and whom none of them overtakes."""

    teams: tuple[int, ...]
    ranks: tuple[int, ...]
    asked: tuple[int, ...]
    after_us: tuple[int, ...]
    keeps_idle: tuple[int, ...]
    room: tuple[int, ...]
    interrupts: tuple[bool, ...]
    priority: int
    weight: int
    promoted_us: int
    promoted: int


def floor_of(loaded: LoadedScenario) -> Floor:
    """Flatten a scenario."""
    scenario = loaded.scenario
    channels: tuple[Channel, ...] = tuple(scenario.channels)
    intents, teams = tuple(scenario.intents), tuple(scenario.teams)
    numbers = {name: number for number, name in enumerate(teams)}
    laws = Laws()
    queues: dict[_Queue, int] = {}

    def queue_of(able: tuple[int, ...], channel: Channel, intent: str, first: bool, work: bool = False) -> int:
        """Return the queue of contacts that come first, or that are passed on: then a team takes them as they are.

        Orders (`work`) interrupt nothing.
        """
        told = [scenario.teams[teams[team]] for team in able]
        rule = scenario.rule_of(channel, intent)
        queue = _Queue(
            able,
            tuple(team.rank(intent) for team in told),
            tuple(team.asked_as(intent) for team in told),
            tuple(us(team.takes_after_s.get(intent, 0.0)) if first else 0 for team in told),
            tuple(team.keeps_idle.get(intent, 0) if first else 0 for team in told),
            tuple(team.concurrency - team.points_of(channel) for team in told),
            tuple(team.lays_aside_for(channel) and not work for team in told),
            rule.priority,
            round(rule.weight * 1000),
            us(rule.promoted.after_s) if rule.promoted else NEVER_US,
            rule.promoted.priority if rule.promoted else -1,
        )
        number = queues.setdefault(queue, len(queues))
        if rule.promoted:
            queues.setdefault(_promoted(queue), len(queues))
        return number

    first = [
        [
            queue_of(tuple(numbers[name] for name in scenario.who_takes(channel, intent)), channel, intent, True)
            for intent in intents
        ]
        for channel in channels
    ]
    reached = {numbers[transfer.to_team] for transfer in scenario.transfers if transfer.to_team != ANYONE}
    reached |= {numbers[transfer.from_team] for transfer in scenario.transfers if transfer.calls_back}
    reached |= {numbers[name] for name, team in scenario.teams.items() if team.at_shift_end in ("hands_over", "briefs")}
    reached |= {numbers[conference.with_team] for conference in scenario.conferences}
    passed_on = [
        [
            [queue_of((team,), channel, intent, False) if team in reached else -1 for intent in intents]
            for channel in channels
        ]
        for team in range(len(teams))
    ]
    ordered = {numbers[promise.by] for promise in scenario.promises if promise.by is not None}
    orders = [
        [
            [queue_of((team,), channel, intent, False, work=True) if team in ordered else -1 for intent in intents]
            for channel in channels
        ]
        for team in range(len(teams))
    ]
    retries = [scenario.retry.get(channel) for channel in channels]
    service = [[laws.number(team.service_law(intent)) for intent in intents] for team in scenario.teams.values()]
    passes = [
        [t for t in scenario.transfers if t.from_team == team and (t.intents is None or intent in t.intents)]
        for team in teams
        for intent in intents
    ]
    asked_in = [
        [c for c in scenario.conferences if c.from_team == team and (c.intents is None or intent in c.intents)]
        for team in teams
        for intent in intents
    ]
    goes_anywhere = any(transfer.to_team == ANYONE for transfer in scenario.transfers)
    anyone = [
        [
            queue_of(tuple(numbers[name] for name in scenario.who_answers(channel, intent)), channel, intent, True)
            if goes_anywhere
            else -1
            for intent in intents
        ]
        for channel in channels
    ]
    announcements = [scenario.channels[channel].announcement for channel in channels]
    callbacks = [told.callback if told else None for told in announcements]
    silent = [scenario.channels[channel].silent for channel in channels]
    promised = [
        [p for p in scenario.promises if p.team == team and (p.intents is None or intent in p.intents)]
        for team in teams
        for intent in intents
    ]
    promises = [one for some in promised for one in some]
    chases = [promise.chase for promise in promises]
    promise_due, promise_late_by, chase_after = (
        [laws.number(law) for law in some]
        for some in (
            [promise.due for promise in promises],
            [promise.late_by for promise in promises],
            [chase.after if chase else None for chase in chases],
        )
    )
    turns_reply = [
        [laws.number(team.turns[channel].reply if channel in team.turns else None) for channel in channels]
        for team in scenario.teams.values()
    ]
    messages = [scenario.channels[channel].message for channel in channels]
    transfer_patience = [laws.number(t.patience) for some in passes for t in some]
    transfer_retelling = [laws.number(t.retelling) for some in passes for t in some]
    transfer_hand_over = [laws.number(t.hand_over) for some in passes for t in some]
    calls = [t.calls_back for some in passes for t in some]
    calls_after = [laws.number(call.after if call else None) for call in calls]
    conference_law = [laws.number(c.time) for some in asked_in for c in some]
    seats = [
        0 if team.self_service else max((count for _, count in loaded.agents[name]), default=0)
        for name, team in scenario.teams.items()
    ]
    named = [
        (round(1000 * team.named[k].speed), -1.0 if (share := team.named[k].resolves) is None else share)
        if k < len(team.named)
        else (1000, -1.0)
        for team, count in zip(scenario.teams.values(), seats, strict=True)
        for k in range(count)
    ]
    patience = [[laws.number(scenario.patience_of(channel, intent)) for intent in intents] for channel in channels]
    retry_law = [laws.number(retry.after if retry else None) for retry in retries]
    retry_law_unresolved = [
        laws.number((retry.after_unresolved or retry.after) if retry else None) for retry in retries
    ]
    wrap = [laws.number(None if isinstance(team.wrap, dict) else team.wrap) for team in scenario.teams.values()]
    wrap_of = [laws.number(team.wrap_law(intent)) for team in scenario.teams.values() for intent in intents]
    hold = [laws.number(team.hold_law(intent)) for team in scenario.teams.values() for intent in intents]
    changes = sorted({at for team in scenario.teams.values() for at in team.service_from}, key=clock_s)
    later = [
        [[laws.number(team.service_law(intent, clock_s(at))) for intent in intents] for team in scenario.teams.values()]
        for at in changes
    ]
    pages = [q.teams[0] if q.teams and scenario.teams[teams[q.teams[0]]].self_service else -1 for q in queues]
    hops = [list(retry.to.items()) if retry else [] for retry in retries]
    kinds, local = [scenario.kind_of(day) for day in range(scenario.days + 1)], scenario.local_days
    open_s = [
        [scenario.channels[channel].open_at_s(kind, day, local) for day, kind in enumerate(kinds)]
        for channel in channels
    ]
    open_us = np.array(open_s, dtype=np.int64) * 1_000_000
    arrays = FloorArrays(
        *laws.table(),
        opens_us=np.ascontiguousarray(open_us[:, :, 0]),
        closes_us=np.ascontiguousarray(open_us[:, :, 1]),
        patience_law=np.array(patience, dtype=np.int64),
        retry_probability=_real(share for retry in retries for share in _causes(retry)),
        retry_law=_whole(retry_law),
        retry_attempts_most=_whole(retry.attempts_most if retry else -1 for retry in retries),
        retry_keeps=_whole(int(retry is not None and retry.patience == "kept") for retry in retries),
        retry_to_at=_at(len(some) for some in hops),
        retry_to=_whole(channels.index(to) for some in hops for to, _ in some),
        retry_to_share=_real(share for some in hops for _, share in some),
        lines=_whole(-1 if (n := scenario.channels[channel].lines) is None else n for channel in channels),
        first_queue=np.array(first, dtype=np.int64),
        pages=_whole(pages),
        queue_priority=_whole(queue.priority for queue in queues),
        queue_teams_at=_at(len(queue.teams) for queue in queues),
        queue_teams=_whole(team for queue in queues for team in queue.teams),
        queue_ranks=_whole(rank for queue in queues for rank in queue.ranks),
        queue_asked=_whole(asked for queue in queues for asked in queue.asked),
        transfer_queue=np.array(passed_on, dtype=np.int64).reshape(len(teams), len(channels), len(intents)),
        service_law=np.array(service, dtype=np.int64),
        wrap_law=_whole(wrap),
        contained=_real(team.contained_share(intent) for team in scenario.teams.values() for intent in intents),
        transfer_at=_at(len(some) for some in passes),
        transfer_to=_whole(numbers.get(t.to_team, -1) for some in passes for t in some),
        transfer_probability=_real(t.probability for some in passes for t in some),
        transfer_history=_whole(int(t.history_carried) for some in passes for t in some),
        seats_at=_at(seats),
        message_us=_whole(us(m.after_s) if m else NEVER_US for m in messages),
        message_takes_us=_whole(us(m.takes_s) if m else 0 for m in messages),
        clears=_whole(int(scenario.channels[channel].at_close == "cleared") for channel in channels),
        place_after_us=_whole(after for queue in queues for after in queue.after_us),
        place_keeps_idle=_whole(kept for queue in queues for kept in queue.keeps_idle),
        queue_weight=_whole(queue.weight for queue in queues),
        queue_promoted=_whole(queues[_promoted(q)] if q.promoted >= 0 else -1 for q in queues),
        queue_promoted_us=_whole(queue.promoted_us for queue in queues),
        among_equals=AMONG_EQUALS[scenario.routing.among_equals],
        transfer_patience=_whole(transfer_patience),
        transfer_if_busy=_whole(int(t.if_busy == "ends") for some in passes for t in some),
        transfer_cut_off=_real(t.cut_off for some in passes for t in some),
        transfer_retelling=_whole(transfer_retelling),
        transfer_hand_over=_whole(transfer_hand_over),
        conference_at=_at(len(some) for some in asked_in),
        conference_with=_whole(numbers[c.with_team] for some in asked_in for c in some),
        conference_probability=_real(c.probability for some in asked_in for c in some),
        conference_law=_whole(conference_law),
        resolved=_real(team.resolved_share(intent) for team in scenario.teams.values() for intent in intents),
        retry_law_unresolved=_whole(retry_law_unresolved),
        spots_at=_at(team.concurrency for team in scenario.teams.values()),
        spot_speed=_whole(
            max(1, round(FULL_SPEED * team.speed(load + 1)))
            for team in scenario.teams.values()
            for load in range(team.concurrency)
        ),
        place_room=_whole(room for queue in queues for room in queue.room),
        place_interrupts=_whole(int(interrupts) for queue in queues for interrupts in queue.interrupts),
        at_shift_end=_whole(AT_SHIFT_END[team.at_shift_end] for team in scenario.teams.values()),
        interruptible=np.array(
            [[word in team.interruptible for word in (*channels, "work")] for team in scenario.teams.values()],
            dtype=np.int64,
        ),
        turns=np.array(
            [[team.turns_of(channel) for channel in channels] for team in scenario.teams.values()], dtype=np.int64
        ),
        turns_reply=np.array(turns_reply, dtype=np.int64),
        one_by_one=_whole(int(bool(team.turns)) for team in scenario.teams.values()),
        order_queue=np.array(orders, dtype=np.int64).reshape(len(teams), len(channels), len(intents)),
        anyone_queue=np.array(anyone, dtype=np.int64).reshape(len(channels), len(intents)),
        says=_whole(SAYS[told.says] if told else -1 for told in announcements),
        balk_at=_at(len(told.balks) if told else 0 for told in announcements),
        balk_from=_whole(_measured(told, band[0]) for told in announcements if told for band in told.balks),
        balk_share=_real(band[1] for told in announcements if told for band in told.balks),
        patience_at=_at(len(told.patience) if told else 0 for told in announcements),
        patience_from=_whole(_measured(told, band[0]) for told in announcements if told for band in told.patience),
        patience_factor=_whole(round(1000 * band[1]) for told in announcements if told for band in told.patience),
        handle_us=np.array(
            [[loaded.handle_us(name, intent) for intent in intents] for name in teams], dtype=np.int64
        ).reshape(len(teams), len(intents)),
        callback_from=_whole(
            _measured(told, told.callback.from_) if told and told.callback else NEVER_US for told in announcements
        ),
        callback_accepted=_real(c.accepted if c else 0.0 for c in callbacks),
        callback_reached=_real(c.reached if c else 1.0 for c in callbacks),
        callback_takes_us=_whole(us(c.takes_s) if c else 0 for c in callbacks),
        silent_share=_real(s.share if s else 0.0 for s in silent),
        silent_detected_us=_whole(us(s.detected_after_s) if s else 0 for s in silent),
        service_from_us=np.array(
            [[us(local.at_s(day, clock_s(at))) for at in changes] for day in range(len(kinds))], dtype=np.int64
        ).reshape(len(kinds), len(changes)),
        service_later=np.array(later, dtype=np.int64).reshape(len(changes), len(teams), len(intents)),
        hold_law=_whole(hold),
        wrap_law_of=_whole(wrap_of),
        seat_speed=_whole(speed for speed, _ in named),
        seat_resolved=_real(resolves for _, resolves in named),
        fatigue=_real(team.fatigue for team in scenario.teams.values()),
        slower=_real(t.slower_after_wait.per_minute if t.slower_after_wait else 0.0 for t in scenario.teams.values()),
        slower_most=_real(t.slower_after_wait.most if t.slower_after_wait else 0.0 for t in scenario.teams.values()),
        promise_at=_at(len(some) for some in promised),
        promise_probability=_real(promise.probability for promise in promises),
        promise_due=_whole(promise_due),
        promise_kept=_real(promise.kept or 0.0 for promise in promises),
        promise_late=_real(promise.late for promise in promises),
        promise_late_by=_whole(promise_late_by),
        promise_by=_whole(numbers[promise.by] if promise.by is not None else -1 for promise in promises),
        promise_fails=_real(promise.fails for promise in promises),
        chase_probability=_real(chase.probability if chase else 0.0 for chase in chases),
        chase_after=_whole(chase_after),
        chase_most=_whole(chase.attempts_most if chase else 0 for chase in chases),
        chase_patience=_whole(round(1000 * chase.patience_factor) if chase else 1000 for chase in chases),
        chase_to_at=_at(len(chase.to) if chase else 0 for chase in chases),
        chase_to=_whole(channels.index(to) for chase in chases if chase for to in chase.to),
        chase_share=_real(share for chase in chases if chase for share in chase.to.values()),
        transfer_after_us=_whole(us(t.after_s or 0.0) for some in passes for t in some),
        transfer_escalates=_whole(int(t.escalates) for some in passes for t in some),
        calls_share=_real(call.share if call else 0.0 for call in calls),
        calls_after=_whole(calls_after),
        calls_reached=_real(call.reached if call else 1.0 for call in calls),
        calls_take_us=_whole(us(call.takes_s) if call else 0 for call in calls),
        day_begins_us=_whole(us(local.begins_s(day)) for day in range(len(kinds) + 1)),
        team_rate=_whole(team.rate() for team in scenario.teams.values()),
        points=np.array(
            [[team.points_of(channel) for channel in channels] for team in scenario.teams.values()], dtype=np.int64
        ),
        retry_patience=_whole(round(1000 * retry.patience_factor) if retry else 1000 for retry in retries),
    )
    return Floor(
        arrays, channels, intents, teams,
        queues=tuple("+".join(teams[team] for team in queue.teams) for queue in queues),
        seats=tuple(
            f"{name}-{scenario.teams[name].seat_name(k)}"
            for name, count in zip(teams, seats, strict=True)
            for k in range(count)
        ),
        seat_team=np.repeat(np.arange(len(teams)), seats),
        rosters=tuple(_roster(loaded, name, numbers[name]) for name in loaded.agents),
        closings=_closings(loaded, channels),
        horizon_us=us(loaded.horizon_s),
    )  # fmt: skip


def shifts_of(floor: Floor, seed: int, replication: int) -> Shifts:
    """Return one replication's changes of present seats: the rosters, less the seats that luck leaves empty."""
    parts = []
    for roster in floor.rosters:
        if roster.shrinkage or roster.sick or roster.late or roster.off_queue:
            at_us, present = _present_of(roster, seed, replication, floor.arrays.day_begins_us, floor.horizon_us)
        else:
            at_us, present = roster.at_us, roster.count
        ends = np.isin(at_us, roster.ends_us).astype(np.int64) if len(roster.ends_us) else np.zeros_like(at_us)
        parts.append((at_us, np.full(len(at_us), roster.team), present, ends))
    at_us, channel = floor.closings
    parts.append((at_us, -1 - channel, channel, np.zeros_like(channel)))
    at_us, team, present, ends = (np.concatenate([part[i] for part in parts]) for i in range(4))
    order = np.argsort(at_us, kind="stable")
    return Shifts(np.append(at_us[order], NEVER_US), team[order], present[order], ends[order])


def _present_of(
    roster: _Roster, seed: int, replication: int, day_begins_us: Whole, horizon_us: int
) -> tuple[Whole, Whole]:
    """Return when the number of present seats changes, and to what."""
    edges = [roster.at_us]
    if roster.shrinkage:
        edges.append(np.arange(0, horizon_us, roster.block_us))
    if roster.sick:
        edges.append(day_begins_us)
    away: list[tuple[int, int, int]] = []
    if roster.late is not None:
        away += _comings(roster, roster.late, seed, replication)
    if roster.off_queue is not None:
        away += _off_queue(roster, roster.off_queue, seed, replication, horizon_us)
    spells = np.array(sorted(away), dtype=np.int64).reshape(-1, 3)
    edges += [spells[:, 0], spells[:, 2]]
    at_us = np.unique(np.concatenate(edges))
    at_us = at_us[at_us < horizon_us]
    days = np.searchsorted(day_begins_us, at_us, side="right") - 1
    return _present(
        seed, replication, roster.entities, roster.at_us, roster.count, at_us, days, spells,
        roster.shrinkage, roster.block_us, roster.sick, roster.certain_us,
    )  # fmt: skip


def _comings(roster: _Roster, late: Late, seed: int, replication: int) -> Iterator[tuple[int, int, int]]:
    """Yield when a seat is to be filled, which, and when somebody really is there."""
    law, before = law_row(late.by), 0
    for at_us, count in zip(roster.at_us.tolist(), roster.count.tolist(), strict=True):
        for seat in range(before, count):
            key = seed, replication, int(roster.entities[seat]), at_us // 60_000_000
            is_late = uniform(*key, int(Purpose.LATE), 0) < late.share and at_us >= roster.certain_us
            by_us = time_us(law, uniform(*key, int(Purpose.LATENESS), 0)) if is_late else 0
            yield at_us, seat, min(at_us + by_us, NEVER_US)
        before = count


def _off_queue(
    roster: _Roster, off: OffQueue, seed: int, replication: int, horizon_us: int
) -> Iterator[tuple[int, int, int]]:
    """Yield when a seat leaves the queue within its shift, which, and until when; off duty nobody notices."""
    every, lasts, purpose = law_row(off.every), law_row(off.lasts), int(Purpose.OFF_QUEUE)
    for seat, entity in enumerate(roster.entities.tolist()):
        until_us, time = 0, 0
        while True:
            at_us = until_us + time_us(every, uniform(seed, replication, entity, time, purpose, 0))
            if at_us >= horizon_us:
                break
            until_us = min(at_us + time_us(lasts, uniform(seed, replication, entity, time, purpose, 1)), NEVER_US)
            if at_us >= roster.certain_us:
                yield at_us, seat, until_us
            time += 1


@jit
def _present(
    seed: int,
    replication: int,
    entities: npt.NDArray[np.uint64],
    at_us: Whole,
    count: Whole,
    edges: Whole,
    days: Whole,
    away: Whole,
    shrinkage: float,
    block_us: int,
    sick: float,
    certain_us: int,
) -> tuple[Whole, Whole]:
    """Walk over the instants at which anything may change, and count who is there.

    Each block leaves each rostered seat empty by its own draw, each day some for all of it; who is late is not there
    yet, and who has left the queue not back (`away`: from when, which seat, until when). Before `certain_us` all who
    are rostered are there.
    """
    changed_us, present = np.empty(len(edges), dtype=np.int64), np.empty(len(edges), dtype=np.int64)
    ready_us = np.zeros(len(entities), dtype=np.int64)
    changes, step, spell, rostered, before = 0, 0, 0, 0, 0
    for place in range(len(edges)):
        edge = edges[place]
        while step < len(at_us) and at_us[step] <= edge:
            rostered = count[step]
            step += 1
        while spell < len(away) and away[spell, 0] <= edge:
            ready_us[away[spell, 1]] = max(ready_us[away[spell, 1]], away[spell, 2])
            spell += 1
        here = 0
        for seat in range(rostered):
            if edge < certain_us:
                here += 1
                continue
            if edge < ready_us[seat]:
                continue
            if shrinkage > 0.0 and (
                uniform(seed, replication, entities[seat], edge // block_us, _ABSENCE, 0) < shrinkage
            ):
                continue
            if sick > 0.0 and uniform(seed, replication, entities[seat], days[place], _SICK, 0) < sick:
                continue
            here += 1
        if here != before:
            changed_us[changes], present[changes] = edge, here
            changes += 1
            before = here
    return changed_us[:changes], present[:changes]


def _roster(loaded: LoadedScenario, name: str, number: int) -> _Roster:
    team = loaded.scenario.teams[name]
    horizon_us = us(loaded.horizon_s)
    steps = sorted(((us(at), count) for at, count in loaded.agents[name] if us(at) < horizon_us), key=lambda s: s[0])
    most = max((count for _, count in steps), default=0)
    return _Roster(
        number,
        _whole(at for at, _ in steps),
        _whole(count for _, count in steps),
        team.shrinkage,
        team.shrinkage_block_minutes * 60_000_000,
        team.sick,
        team.late,
        team.off_queue,
        _whole([] if team.at_shift_end == "finishes" else (us(at_s) for at_s in loaded.shift_ends_s(name))),
        us(loaded.opening.certain_s.get(name, 0.0)) if loaded.opening else 0,
        np.array([seat_entity(name, seat) for seat in range(most)], dtype=np.uint64),
    )


def _measured(told: Announcement, value: float) -> int:
    """Return what an announcement is compared with: microseconds, or a position."""
    return us(value) if told.says == "wait" else math.ceil(value)


def _causes(retry: Retry | None) -> tuple[float, ...]:
    return tuple(retry.probability_after(cause) if retry else -1.0 for cause in CAUSES)


def _promoted(queue: _Queue) -> _Queue:
    return queue._replace(priority=queue.promoted, promoted_us=NEVER_US, promoted=-1)


def _closings(loaded: LoadedScenario, channels: tuple[Channel, ...]) -> tuple[Whole, Whole]:
    scenario = loaded.scenario
    told = [
        (us(closes_s), number)
        for day in range(scenario.days)
        for number, channel in enumerate(channels)
        if scenario.channels[channel].at_close == "cleared"
        and (spell := scenario.channels[channel].open_at_s(scenario.kind_of(day), day, scenario.local_days))
        and (closes_s := spell[1]) > spell[0]
    ]
    return _whole(at_us for at_us, _ in told), _whole(number for _, number in told)


def _whole(values: Iterable[int]) -> Whole:
    return np.array(list(values), dtype=np.int64)


def _real(values: Iterable[float]) -> Real:
    return np.array(list(values), dtype=np.float64)


def _at(lengths: Iterable[int]) -> Whole:
    """Return where each of several lists begins when they are laid end to end, and where the last ends."""
    return np.concatenate([[0], np.cumsum(list(lengths))]).astype(np.int64)
