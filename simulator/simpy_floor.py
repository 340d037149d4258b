"""The floor of the SimPy engine: teams' seats that come and go, lines of those who wait, and the pairing of the two.

Holds who is on duty, who is idle and who waits; refuses to know what a customer does before or after a wait.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, NamedTuple

import simpy

from scenarios.draws import Purpose, uniform
from scenarios.identity import seat_entity
from scenarios.laws import law_row, time_us
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel, Promotion, Team
from scenarios.units import us
from simulator.events import EventClass, event_key
from simulator.floor_arrays import FULL_SPEED, WORK_MOST_US

_MATCH, _GIVE_UP = event_key(EventClass.MATCH), event_key(EventClass.GIVE_UP)


@dataclass(frozen=True)
class Luck:
    """Which draws a replication uses: customers come from `plan`, what the desk does to them from `desk`.

    Redrawing the desk's luck over one plan gives the band that one measured day is held against.
    """

    seed: int
    plan: int
    desk: int


class Clock(simpy.Environment):
    """Time in whole microseconds, and what is to happen when: SimPy's environment with the one enumeration's order."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 0
        """The time: always whole microseconds, as only whole ones are ever told."""
        self.match: Callable[[], None] = _nobody
        """Pairs contacts and agents."""
        self.match_wanted = False
        """Whether MATCH is to happen now, as soon as nothing comes before it."""

    @functools.cached_property
    def begun(self) -> simpy.Event:
        """What has happened already: with it processes begin."""
        return _At(self)

    def step(self) -> None:
        """Have the next event happen, and MATCH after it where that is wanted and no event comes before.

        SimPy's own also looks whether a process failed: here faults go up at once, as `Going` says.
        """
        at_us, _, _, event = heappop(self._queue)
        self._now = self.now_us = at_us  # type: ignore[assignment]  # SimPy allows floats; ints stay ints
        waits, event.callbacks = event.callbacks, None  # type: ignore[assignment]  # as SimPy marks what has happened
        for act in waits:
            act(event)
        while self.match_wanted:
            at_us, key, _, _ = self._queue[0]
            if at_us == self.now_us and key < _MATCH:
                break
            self.match_wanted = False
            self.match()

    def at(self, at_us: int, key: int) -> simpy.Event:
        """Return an event that happens at a time and in the order of its key; SimPy's own would come at its own."""
        event = _At(self)
        heappush(self._queue, (at_us, key, next(self._eid), event))  # type: ignore[misc]  # any int will do
        return event

    def do_at(self, at_us: int, key: int, act: Callable[[simpy.Event], None]) -> None:
        """Have something done at a time, in the order of its key."""
        self.at(at_us, key).callbacks.append(act)

    def go_on(self, event: simpy.Event, value: object) -> None:
        """Have who waits for an event go on at once, within what happens now, as `step` does with a due event."""
        event._ok, event._value = True, value
        waits, event.callbacks = event.callbacks, None  # type: ignore[assignment]  # as SimPy marks what has happened
        for resume in waits:
            resume(event)


def _nobody() -> None:
    """Pair nobody: there is no floor yet."""


class _At(simpy.Event):
    _ok, _value = True, None

    def __init__(self, env: Clock) -> None:
        self.env, self.callbacks = env, []  # as simpy.Timeout does


class Going(simpy.Process):
    """A process that begins at once and ends without a word: SimPy's own would take an event for either.

    Nobody may interrupt it or wait for its end, and it may wait only for what has not happened yet.
    """

    def __init__(self, env: Clock, generator: Generator[simpy.Event, Any, Any]) -> None:
        self.env, self.callbacks, self._generator, self._send = env, [], generator, generator.send
        self._resume(env.begun)

    def _resume(self, event: simpy.Event) -> None:
        try:
            awaited = self._send(event._value)
        except StopIteration:
            return
        awaited.callbacks.append(self._resume)


class Line(NamedTuple):
    """A queue: contacts whom the same teams take, with equal liking, and whom none of the others here overtakes."""

    teams: tuple[str, ...]
    """In the order in which they are asked."""
    ranks: tuple[int, ...]
    asked: tuple[int, ...]
    """How early each is asked."""
    after_us: tuple[int, ...]
    """How long one must have waited before each team takes them."""
    keeps_idle: tuple[int, ...]
    """How many idle agents of each team are not for them."""
    room: tuple[int, ...]
    """The most points an agent of each team may have in use to take one of them."""
    interrupts: tuple[bool, ...]
    """Whether agents of each team lay other work aside for them."""
    priority: int
    weight: int
    """What waits are multiplied with where they are compared, in thousandths."""
    promotion: Promotion | None
    """What changes when one has waited long."""

    def option(self, place: int, weighted: bool) -> Option:
        """Return on what terms a team answers, by its place; `weighted` where waits of some lines count more."""
        return Option(
            self.priority,
            self.ranks[place],
            self.asked[place],
            self.after_us[place],
            self.keeps_idle[place],
            self.room[place],
            self.weight if weighted else 0,
            self.interrupts[place],
        )

    def promoted(self) -> Line:
        """Return the line of those who have waited long."""
        assert self.promotion is not None
        return self._replace(priority=self.promotion.priority, promotion=None)


@dataclass(slots=True, eq=False)
class Waiting:
    """A contact in a line; `called` happens with (team, seat), or with how the wait ended."""

    order: tuple[int, int, int]
    """When it joined, contact and leg: the least is the first to be served."""
    leaves_us: int
    ends: str
    """How the wait ends if it lasts until then: the word of the log."""
    called: simpy.Event
    line: Line
    entity: int
    channel: str | None
    """On which it waits; None where closing concerns it not."""
    told: Callable[[Waiting], None] | None = None
    """What is done once it is sure that it must wait."""
    found: Callable[[TeamFloor, int], None] | None = None
    """What an agent does with one who leaves without a sign; None where they leave one."""
    waits: bool = True
    gone: bool = False
    """Left without a sign: the place in the line is kept until an agent sees it."""


CLEARED, SILENT = "cleared_at_close", "silent"


Queue = deque[Waiting]
"""Those who wait in a line, in the order in which they are served; those who gave up stay until their turn."""


@dataclass(slots=True, eq=False)
class Talk:
    """A conversation beside others; `over` happens when it is through."""

    points: int
    passes_on: bool
    """Whether a colleague may get it if the agent's shift ends."""
    left: int
    """What is to be said, in microseconds times FULL_SPEED, as of the seat's `at_us`."""
    key: int
    over: simpy.Event
    ends_us: int = -1
    """When it would be through as things are; another time that was thought is out of date."""


class HandedOver(NamedTuple):
    """What a talk ends with whose agent goes home: what is left of it, in microseconds at full speed."""

    left_us: int


@dataclass(slots=True, eq=False)
class Task:
    """What a seat lays aside for others, or passes on as its shift ends; `over` happens when it is through."""

    key: int
    over: simpy.Event
    since_us: int
    """When it was begun, or taken up again."""
    ends_us: int
    """When it will be through if nobody interrupts; another time that was thought is out of date."""
    passes_on: bool
    aside_us: int = 0
    """For how long it has been laid aside."""


@dataclass(slots=True, eq=False)
class Desk:
    """A seat that has several contacts at once."""

    load: int = 0
    """Points in use."""
    talks: list[Talk] = field(default_factory=list)
    asks: deque[Talk] = field(default_factory=deque)
    """Of one who answers one at a time: those who wait for it."""
    at_us: int = 0
    """Up to when its talks are reckoned."""
    leaving: bool = False
    """It takes nobody any more and leaves when all are served."""


class Option(NamedTuple):
    """On what terms a team may answer a line."""

    priority: int
    rank: int
    asked: int
    """How early the team is asked."""
    after_us: int
    keeps_idle: int
    room: int
    weight: int
    """Of waits; 0 where all have the same."""
    interrupts: bool


@dataclass(eq=False)
class TeamFloor:
    """A team's seats: who is on duty, who is idle and since when, how many there should be."""

    name: str
    team: Team
    target: int = 0
    on_duty_since: dict[int, int] = field(default_factory=dict)
    idle_since: dict[int, int] = field(default_factory=dict)
    """Who can take one more, and since when they have as much to do as now."""
    idle: list[tuple[int, int, int]] = field(default_factory=list)
    """Heap of (points in use, since, seat); an entry that no longer holds is stale."""
    busy_us: dict[int, int] = field(default_factory=dict)
    busy_since: dict[int, int] = field(default_factory=dict)
    """Of those who tire: for how long each has been busy since coming on duty, without the time since `busy_since`."""
    desks: dict[int, Desk] = field(default_factory=dict)
    """Of a team whose agents have several contacts at once."""
    tasks: dict[int, Task] = field(default_factory=dict)
    """By seat: what is done and may be interrupted."""
    laid_aside: dict[int, Task] = field(default_factory=dict)
    """By seat: what waits until it has served another contact."""
    talks: dict[int, Task] = field(default_factory=dict)
    """By seat: what would be passed on if its shift ended now; `tasks` may be among them."""
    staying: int = 0
    """How many stay on as somebody may be waiting, though their shift is over; part of `target`."""
    lines: list[tuple[Queue, Options]] = field(default_factory=list)
    """Which it may answer, and who else may on what terms, in the order in which they are asked."""

    @functools.cached_property
    def shared(self) -> bool:
        """Whether its agents have several contacts at once."""
        return self.team.concurrency > 1

    @functools.cached_property
    def one_by_one(self) -> bool:
        """Whether its agents answer one customer at a time, however many they have."""
        return bool(self.team.turns)

    @functools.cached_property
    def hands_over(self) -> bool:
        """Whether its agents pass on with whom they are as their shift ends."""
        return self.team.at_shift_end in ("hands_over", "briefs")

    @functools.cached_property
    def talks_on(self) -> bool:
        """Whether nothing ends a talk that has begun but its own end."""
        return not self.team.interruptible and not self.hands_over

    @functools.cached_property
    def tires(self) -> bool:
        """Whether it counts how long its agents have been busy."""
        return self.team.fatigue > 0

    @functools.cached_property
    def alike(self) -> bool:
        """Whether all its agents take for a talk, and for the work after it, just the time that its law says."""
        return not self.team.named and not self.tires and self.team.slower_after_wait is None

    @functools.cached_property
    def points(self) -> Mapping[Channel, int]:
        """How many points a contact takes by channel, 1 where it is not told."""
        return self.team.points

    @functools.cached_property
    def speeds(self) -> list[int]:
        """How fast each conversation goes by points in use, from 1."""
        loads = range(1, self.team.concurrency + 1)
        return [0, *(max(1, round(FULL_SPEED * self.team.speed(load))) for load in loads)]

    def load(self, seat: int) -> int:
        """Return how many points of a seat are in use; of one who has one contact at a time 0 while idle."""
        return self.desks[seat].load if self.shared else 0

    def occupied_us(self, seat: int, now_us: int) -> int:
        """Return for how long a seat has been busy since coming on duty."""
        return self.busy_us[seat] + now_us - self.busy_since.get(seat, now_us)

    def able(self, room: int) -> int:
        """Count who can take a contact that leaves room for so many points already in use."""
        if not self.shared:
            return len(self.idle_since)
        return sum(self.desks[seat].load <= room for seat in self.idle_since)

    def make_idle(self, seat: int, now_us: int) -> None:
        """Put a seat behind those that have as little to do already."""
        if self.shared and seat not in self.desks:
            self.desks[seat] = Desk(at_us=now_us)
        self.idle_since[seat] = now_us
        heappush(self.idle, (self.desks[seat].load if self.shared else 0, now_us, seat))

    def idle_longest(self) -> tuple[int, int, int]:
        """Return points in use, since when, and number of the seat that is next."""
        while True:
            load, since_us, seat = self.idle[0]
            if self.idle_since.get(seat) == since_us and self.load(seat) == load:
                return self.idle[0]
            heappop(self.idle)

    def take_idle(self) -> int:
        """Take the seat that has least to do, for longest, the lowest number first."""
        assert self.idle_since, f"{self.name} has nobody for a customer who is being served"
        while True:
            load, since_us, seat = heappop(self.idle)
            if self.idle_since.get(seat) == since_us and (not self.shared or self.desks[seat].load == load):
                del self.idle_since[seat]
                return seat

    @functools.cached_property
    def seats(self) -> _SeatNames:
        """Names of seats by number."""
        return _SeatNames(self.name, self.team)


Options = list[tuple[TeamFloor, Option]]


class _SeatNames(dict[int, str]):
    def __init__(self, name: str, team: Team) -> None:
        self._name, self._team = name, team

    def __missing__(self, seat: int) -> str:
        self[seat] = name = f"{self._name}-{self._team.seat_name(seat)}"
        return name


class Floor:
    """All teams and lines of one replication."""

    def __init__(self, clock: Clock, loaded: LoadedScenario, luck: Luck) -> None:
        self.clock, self.loaded, self.luck = clock, loaded, luck
        self.horizon_us = us(loaded.horizon_s)
        self.teams: Mapping[str, TeamFloor] = {
            name: TeamFloor(name, team) for name, team in loaded.scenario.teams.items()
        }
        self._teams = list(self.teams.values())
        self._weighted = any(rule.weight != 1 for rule in loaded.scenario.priorities)
        self._among_equals = loaded.scenario.routing.among_equals
        self.duties: list[dict[str, object]] = []
        """Rows of the staffing table."""
        self._queues: dict[Line, tuple[Queue, list[TeamFloor]]] = {}
        self._found: dict[int, tuple[Queue, list[TeamFloor]]] = {}
        """The same by a line's identity, as to compare lines takes longer than all else that joining one takes."""
        self._known: list[Line] = []
        """Kept, so that no other line comes to have the identity of one of them."""
        self._raised: dict[int, tuple[Line, Line]] = {}
        """By a line's identity: itself, and the line of those who have waited long."""
        clock.match = self._match
        self._stay = any(team.team.at_shift_end == "stays" for team in self._teams)
        self._newcomers: list[Waiting] = []
        """Who joined since contacts and agents were last paired, and may be answered at once."""
        for name, team in self.teams.items():
            if not team.team.self_service:
                over_us = {us(at_s) for at_s in loaded.shift_ends_s(name)}
                for begins_us, count in self._roster(name):
                    set_target = functools.partial(self._set_target, team, count, begins_us in over_us)
                    clock.do_at(begins_us, event_key(EventClass.SHIFT), set_target)
        for channel, hours in loaded.scenario.channels.items():
            if hours.at_close == "cleared":
                for day in range(loaded.scenario.days):
                    opens_s, closes_s = hours.open_at_s(loaded.scenario.kind_of(day), day, loaded.scenario.local_days)
                    if closes_s > opens_s:
                        clock.do_at(
                            us(closes_s), event_key(EventClass.CLOSING), functools.partial(self._clear, channel)
                        )

    # -- contacts ----------------------------------------------------------------------------------------------

    def join(self, waiting: Waiting) -> None:
        """Put a contact into its line."""
        now_us, line = self.clock.now_us, waiting.line
        if line.promotion and now_us - waiting.order[0] >= us(line.promotion.after_s):
            waiting.line = line = self._promoted(line)
        queue, teams = self._queue(line)
        if queue and queue[-1].order > waiting.order:
            self._insert(queue, waiting)
        else:
            queue.append(waiting)
        may_be_answered = waiting.told is not None
        for team in teams:
            if team.idle_since or team.tasks:
                may_be_answered = True
                break
        if may_be_answered:
            self._newcomers.append(waiting)
            self._want_match()
        else:
            self._let_give_up(waiting)
        if line.promotion or any(line.after_us):
            self._set_timers(waiting)

    def _insert(self, queue: Queue, waiting: Waiting) -> None:
        place = len(queue)
        while place and queue[place - 1].order > waiting.order:  # after a conversation of no time; as a run begins
            place -= 1
        queue.insert(place, waiting)

    def _set_timers(self, waiting: Waiting) -> None:
        """Have it known when a wait becomes so long that other teams take it, or that it goes before others."""
        line, since_us = waiting.line, waiting.order[0]
        key = event_key(EventClass.TIMER, *waiting.order[1:])
        if line.promotion:
            at_us = since_us + us(line.promotion.after_s)
            self.clock.do_at(at_us, key, functools.partial(self._promote, waiting))
        for after_us in line.after_us:
            if since_us + after_us > self.clock.now_us:
                self.clock.do_at(since_us + after_us, key, lambda _: self._want_match())

    def _promote(self, waiting: Waiting, _: simpy.Event) -> None:
        if waiting.waits and not waiting.gone:
            self._queue(waiting.line)[0].remove(waiting)
            waiting.line = self._promoted(waiting.line)
            self._insert(self._queue(waiting.line)[0], waiting)
            self._want_match()

    def _clear(self, channel: str, _: simpy.Event) -> None:
        """Send away those who wait on a channel that closes."""
        for queue, _teams in list(self._queues.values()):
            for waiting in list(queue):
                if waiting.waits and waiting.gone:
                    waiting.waits = waiting.channel != channel
                elif waiting.waits and waiting.channel == channel:
                    self.call(waiting, CLEARED)

    def ahead_of(self, waiting: Waiting) -> int:
        """Count those who wait in the same line before a contact."""
        return sum(one.waits for one in self._queue(waiting.line)[0] if one.order < waiting.order)

    def rate_of(self, line: Line) -> int:
        """Return how many contacts of a line those on duty work off at once at full speed, in thousandths."""
        return sum(len(team.on_duty_since) * team.team.rate() for team in self._queue(line)[1])

    def _queue(self, line: Line) -> tuple[Queue, list[TeamFloor]]:
        """Return who waits in a line and who may answer."""
        found = self._found.get(id(line))
        if found is None:
            found = self._found[id(line)] = self._queue_of(line)
            self._known.append(line)
        return found

    def _promoted(self, line: Line) -> Line:
        raised = self._raised.get(id(line))
        if raised is None:
            raised = self._raised[id(line)] = line, line.promoted()
        return raised[1]

    def _queue_of(self, line: Line) -> tuple[Queue, list[TeamFloor]]:
        found = self._queues.get(line)
        if found is None:
            found = self._queues[line] = deque(), [self.teams[name] for name in line.teams]
            options = [(team, line.option(place, self._weighted)) for place, team in enumerate(found[1])]
            for team in found[1]:
                team.lines.append((found[0], options))
        return found

    def release(self, team: TeamFloor, seat: int, points: int = 1) -> None:
        """Have a seat go on with what it laid aside, leave, where too many are there, or be idle."""
        if seat in team.laid_aside:
            self._take_up(team, seat)
            return
        if team.tires and (not team.shared or team.desks[seat].load == points):
            team.busy_us[seat] += self.clock.now_us - team.busy_since.pop(seat)
        if team.shared:
            self._release_one(team, seat, points)
        elif len(team.on_duty_since) > team.target:
            self._leave(team, seat)
        else:
            team.make_idle(seat, self.clock.now_us)
            self._want_match_for(team)

    def _release_one(self, team: TeamFloor, seat: int, points: int) -> None:
        """Free what one of several contacts took of a seat."""
        desk = team.desks[seat]
        self._reckon(team, desk)
        desk.load -= points
        team.idle_since.pop(seat, None)
        if desk.leaving:
            if not desk.load:
                desk.leaving = False
                self._leave(team, seat)
        else:
            team.make_idle(seat, self.clock.now_us)
            self._want_match_for(team)
        self._look_ahead(team, desk)

    def _want_match_for(self, team: TeamFloor) -> None:
        """Pair contacts and agents where somebody waits for a team, or stays in it for those who might."""
        if team.staying:
            self._want_match()
            return
        for queue, _ in team.lines:
            if queue:
                self._want_match()
                return

    def _want_match(self) -> None:
        self.clock.match_wanted = True

    def _match(self) -> None:
        """Pair contacts with agents who can serve them, always the best pair, until no pair is left.

        A contact goes to the first team asked that could take it, of several asked as early to the one that `routing`
        says, and there to the agent who has been idle longest. The best pair has the highest priority, then the lowest
        rank of that team, then the longest wait times its weight.
        """
        now_us = self.clock.now_us
        others = True
        while others:
            best: tuple[int, int, bool, int, tuple[int, int, int]] | None = None
            others = False
            for free in self._teams:
                if not free.idle_since and not free.tasks:
                    continue
                for queue, options in free.lines:
                    while queue and not queue[0].waits:
                        queue.popleft()
                    if not queue:
                        continue
                    order = queue[0].order
                    takes = self._who_takes(options, now_us - order[0])
                    if takes is None:
                        continue
                    team, option, lays_aside = takes
                    weighed = option.weight and -option.weight * (now_us - order[0])
                    pair = (-option.priority, option.rank, lays_aside, weighed, order)
                    others = others or (best is not None and best[4] != order)
                    if best is None or pair < best:
                        best, answers, source, asked = pair, team, queue, option.asked
            if best is None:
                break
            waiting = source.popleft()
            others = others or bool(source)
            if best[2]:
                seat = self._interrupted(answers)
            else:
                if self._among_equals != "first":
                    answers = self._one_of(waiting, asked)
                seat = answers.take_idle()
            if waiting.gone and waiting.found:
                waiting.waits = False
                waiting.found(answers, seat)
            else:
                self.call(waiting, (answers, seat))
        if self._stay:
            self._let_go_home()
        for waiting in self._newcomers:
            if waiting.waits and waiting.told:
                waiting.told(waiting)
            if waiting.waits:
                self._let_give_up(waiting)
        self._newcomers.clear()

    def _who_takes(self, options: Options, waited_us: int) -> tuple[TeamFloor, Option, bool] | None:
        """Return the first team asked that could take who has waited so long, and whether it lays work aside for that.

        Nobody does while another team that is asked as early has an idle agent.
        """
        aside: tuple[TeamFloor, Option, bool] | None = None
        for team, option in options:
            if aside is not None and option.asked != aside[1].asked:
                break
            soft = option.interrupts and len(team.tasks)
            if not soft and not team.idle_since:
                continue
            if (option.keeps_idle or team.shared) and team.able(option.room) + soft <= option.keeps_idle:
                continue
            if option.after_us and waited_us < option.after_us:
                continue
            if team.idle_since:
                return team, option, False
            if aside is None:
                aside = team, option, True
        return aside

    def _one_of(self, waiting: Waiting, asked: int) -> TeamFloor:
        """Choose between the teams that could take a contact and are asked as early."""
        line, waited_us = waiting.line, self.clock.now_us - waiting.order[0]
        terms = zip(line.teams, line.asked, line.after_us, line.keeps_idle, line.room, line.interrupts, strict=True)
        able = [
            (self.teams[name], free)
            for name, own, after_us, keeps, room, interrupts in terms
            if own == asked
            and waited_us >= after_us
            and (free := self.teams[name].able(room))
            and free + (len(self.teams[name].tasks) if interrupts else 0) > keeps
        ]
        if self._among_equals == "longest_idle":
            return min((team for team, _ in able), key=lambda team: team.idle_longest()[1])
        _, contact, leg = waiting.order
        word = (contact & 0xFFF) << 12 | leg
        u = uniform(self.luck.seed, self.luck.desk, waiting.entity, word, int(Purpose.CHOICE), 0)
        left = int(u * sum(count for _, count in able))
        chosen = able[0][0]
        for team, count in able:
            if left >= 0:
                chosen = team
            left -= count
        return chosen

    # -- conversations -----------------------------------------------------------------------------------------

    def talk(
        self, team: TeamFloor, seat: int, points: int, lasts_us: int, key: int, passes_on: bool = False
    ) -> simpy.Event:
        """Begin a conversation with a seat that was taken; the event happens when it is over."""
        now_us = self.clock.now_us
        if team.tires:
            team.busy_since.setdefault(seat, now_us)
        if not team.shared:
            return self.clock.at(now_us + lasts_us, key)
        desk = team.desks[seat]
        self._reckon(team, desk)
        desk.load += points
        talk = Talk(points, passes_on, min(lasts_us, WORK_MOST_US) * FULL_SPEED, key, simpy.Event(self.clock))
        self._say(team, desk, talk)
        if desk.load < team.team.concurrency and not desk.leaving:
            team.make_idle(seat, now_us)
        self._look_ahead(team, desk)
        return talk.over

    # -- work that is interrupted ------------------------------------------------------------------------------

    def work(
        self, team: TeamFloor, seat: int, lasts_us: int, key: int, laid_aside: bool = True, passes_on: bool = False
    ) -> Task:
        """Begin what a seat that was taken lays aside for others, or passes on as its shift ends."""
        now_us = self.clock.now_us
        if team.tires:
            team.busy_since.setdefault(seat, now_us)
        task = Task(key, simpy.Event(self.clock), now_us, now_us + lasts_us, passes_on)
        if passes_on:
            team.talks[seat] = task
        if laid_aside:
            team.tasks[seat] = task
            self._want_match_for(team)
        self._let_end(team, seat, task)
        return task

    def _let_end(self, team: TeamFloor, seat: int, task: Task) -> None:
        end = functools.partial(self._end_task, team, seat, task, task.ends_us)
        self.clock.do_at(task.ends_us, task.key, end)

    def _end_task(self, team: TeamFloor, seat: int, task: Task, ends_us: int, _: simpy.Event) -> None:
        if task in (team.tasks.get(seat), team.talks.get(seat)) and task.ends_us == ends_us:
            self._end_work(team, seat, task, None)

    def _end_work(self, team: TeamFloor, seat: int, task: Task, how: HandedOver | None) -> None:
        team.tasks.pop(seat, None)
        team.talks.pop(seat, None)
        self.clock.go_on(task.over, how)

    def _interrupted(self, team: TeamFloor) -> int:
        """Have the agent who has been at such work for longest lay it aside; returns the seat."""
        seat = min(team.tasks, key=lambda seat: (team.tasks[seat].since_us, seat))
        task = team.laid_aside[seat] = team.tasks.pop(seat)
        team.talks.pop(seat, None)
        task.since_us = self.clock.now_us
        return seat

    def _take_up(self, team: TeamFloor, seat: int) -> None:
        """Have a seat go on with what it laid aside."""
        task = team.tasks[seat] = team.laid_aside.pop(seat)
        for_us = self.clock.now_us - task.since_us
        task.since_us, task.ends_us, task.aside_us = self.clock.now_us, task.ends_us + for_us, task.aside_us + for_us
        if task.passes_on:
            team.talks[seat] = task
        self._let_end(team, seat, task)
        self._want_match_for(team)

    def answer(self, team: TeamFloor, seat: int, lasts_us: int, key: int) -> simpy.Event:
        """Give one more answer in a conversation that has begun; the event happens when it is given."""
        desk = team.desks[seat]
        self._reckon(team, desk)
        talk = Talk(0, False, min(lasts_us, WORK_MOST_US) * FULL_SPEED, key, simpy.Event(self.clock))
        self._say(team, desk, talk)
        self._look_ahead(team, desk)
        return talk.over

    def _say(self, team: TeamFloor, desk: Desk, talk: Talk) -> None:
        if team.one_by_one and desk.talks:
            desk.asks.append(talk)
        else:
            desk.talks.append(talk)

    def _reckon(self, team: TeamFloor, desk: Desk) -> None:
        """Note how much of the conversations is left."""
        done = team.speeds[desk.load] * (self.clock.now_us - desk.at_us)
        desk.at_us = self.clock.now_us
        for talk in desk.talks:
            talk.left -= done

    def _look_ahead(self, team: TeamFloor, desk: Desk) -> None:
        """Have each conversation end when it will, if nothing changes."""
        for talk in desk.talks:
            ends_us = desk.at_us - max(talk.left, 0) // -team.speeds[desk.load]
            if ends_us != talk.ends_us:
                talk.ends_us = ends_us
                if ends_us <= self.horizon_us:
                    self.clock.do_at(ends_us, talk.key, functools.partial(self._end_talk, team, desk, talk, ends_us))

    def _end_talk(self, team: TeamFloor, desk: Desk, talk: Talk, ends_us: int, _: simpy.Event) -> None:
        if talk.ends_us != ends_us or talk not in desk.talks:
            return
        self._reckon(team, desk)
        desk.talks.remove(talk)
        if desk.asks:
            desk.talks.append(desk.asks.popleft())
            self._look_ahead(team, desk)
        self.clock.go_on(talk.over, None)

    def _let_give_up(self, waiting: Waiting) -> None:
        if waiting.leaves_us <= self.horizon_us:
            _, contact, leg = waiting.order
            key = _GIVE_UP | contact << 12 | leg  # as `event_key`, spelt out here and where customers come and talk
            self.clock.do_at(waiting.leaves_us, key, functools.partial(self._give_up, waiting))

    def _give_up(self, waiting: Waiting, _: simpy.Event) -> None:
        if waiting.waits and waiting.found and waiting.ends == "abandoned":
            waiting.gone = True
            self.clock.go_on(waiting.called, SILENT)
        elif waiting.waits:
            self.call(waiting, waiting.ends)

    def call(self, waiting: Waiting, who: tuple[TeamFloor, int] | str) -> None:
        """End a wait: somebody answers, or it ends otherwise."""
        waiting.waits = False
        self.clock.go_on(waiting.called, who)

    # -- seats -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Have everybody who is still there leave, as the run ends."""
        for team in self.teams.values():
            for seat in list(team.on_duty_since):
                self._leave(team, seat)

    def _leave(self, team: TeamFloor, seat: int) -> None:
        team.idle_since.pop(seat, None)
        team.busy_since.pop(seat, None)
        since_us = team.on_duty_since.pop(seat)
        until_us = min(self.clock.now_us, self.horizon_us)
        if until_us > since_us:
            told = {"seat": team.seats[seat], "team": team.name, "state": "on_duty"}
            self.duties.append({**told, "from_s": since_us / 1e6, "to_s": until_us / 1e6})

    def _set_target(self, team: TeamFloor, target: int, over: bool, _: simpy.Event) -> None:
        """Change how many are on duty: idle seats leave first, highest number first; busy ones when they finish.

        Where shifts are over (`over`) they may pass on with whom they are instead, or stay as long as somebody waits.
        """
        leaving = [seat for seat, desk in sorted(team.desks.items()) if desk.leaving]
        if team.team.at_shift_end == "stays":
            more = max(len(team.on_duty_since) - len(leaving) - target, 0)
            team.staying = more if over else min(team.staying, more)
            target += team.staying
            if team.staying:
                self._want_match()
        team.target = target
        for seat in sorted(team.idle_since, reverse=True):
            if len(team.on_duty_since) - len(leaving) <= target:
                break
            if not team.load(seat):
                self._leave(team, seat)
        hands_over = over and team.hands_over
        if team.shared:
            self._let_leave(team, target, leaving, hands_over)
        elif hands_over:
            self._pass_on(team, target)
        seat = 0
        while len(team.on_duty_since) < target:
            if seat not in team.on_duty_since:
                team.on_duty_since[seat] = self.clock.now_us
                team.busy_us[seat] = 0
                team.make_idle(seat, self.clock.now_us)
            seat += 1
        self._want_match_for(team)

    def _pass_on(self, team: TeamFloor, target: int) -> None:
        """Have agents who are with one contact pass it on and go, highest number first; others finish."""
        for seat in sorted(team.on_duty_since, reverse=True):
            if len(team.on_duty_since) <= target:
                break
            task = team.talks.get(seat)
            if task is not None and seat not in team.laid_aside:
                self._leave(team, seat)
                self._end_work(team, seat, task, HandedOver(task.ends_us - self.clock.now_us))

    def _pass_on_all(self, team: TeamFloor, seat: int) -> None:
        """Have an agent pass on all conversations and go, perhaps after the work after others."""
        desk = team.desks[seat]
        self._reckon(team, desk)
        for talk in [talk for talk in desk.talks if talk.passes_on]:
            desk.talks.remove(talk)
            desk.load -= talk.points
            self.clock.go_on(talk.over, HandedOver(-(-max(talk.left, 0) // FULL_SPEED)))
        self._look_ahead(team, desk)
        if not desk.load:
            desk.leaving = False
            self._leave(team, seat)

    def _let_go_home(self) -> None:
        """Have those go who have stayed on and find nobody to serve: fewest points first, highest number."""
        for team in self._teams:
            while team.staying and team.idle_since:
                seat = min(team.idle_since, key=lambda seat: (team.load(seat), -seat))
                team.staying -= 1
                team.target -= 1
                if team.load(seat):
                    team.idle_since.pop(seat)
                    team.desks[seat].leaving = True
                else:
                    self._leave(team, seat)

    def _let_leave(self, team: TeamFloor, target: int, leaving: list[int], hands_over: bool) -> None:
        """Have who has conversations leave after them: fewest points first, highest number; or stay after all."""
        staying = [seat for seat in team.on_duty_since if seat not in leaving]
        staying.sort(key=lambda seat: (team.desks[seat].load, -seat))
        for seat in staying[: max(len(staying) - target, 0)]:
            team.desks[seat].leaving = True
            team.idle_since.pop(seat, None)
            if hands_over:
                self._pass_on_all(team, seat)
        for seat in leaving[: max(target - len(staying), 0)]:
            team.desks[seat].leaving = False
            if team.desks[seat].load < team.team.concurrency:
                team.make_idle(seat, self.clock.now_us)

    def _roster(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield when a team's present seats change: the roster, less the seats that luck leaves empty."""
        team = self.loaded.scenario.teams[name]
        steps = [(us(at_s), count) for at_s, count in self.loaded.agents[name] if us(at_s) < self.horizon_us]
        if not (team.shrinkage or team.sick or team.late or team.off_queue):
            yield from steps
            return
        certain_us = us(self.loaded.opening.certain_s.get(name, 0.0)) if self.loaded.opening else 0
        seats = [seat_entity(name, seat) for seat in range(max((count for _, count in steps), default=0))]
        away = [*self._comings(team, steps, seats, certain_us), *self._off_queue(team, seats, certain_us)]
        away.sort(reverse=True)
        edges = {at_us for at_us, _ in steps} | {
            at_us for from_us, _, until_us in away for at_us in (from_us, until_us)
        }
        block_us = team.shrinkage_block_minutes * 60_000_000
        edges |= set(range(0, self.horizon_us, block_us)) if team.shrinkage else set()
        local = self.loaded.scenario.local_days
        edges |= {us(local.begins_s(day)) for day in range(self.loaded.scenario.days)} if team.sick else set()
        before, back = 0, dict.fromkeys(range(len(seats)), 0)
        for edge in sorted(edge for edge in edges if edge < self.horizon_us):
            rostered = next((count for at_us, count in reversed(steps) if at_us <= edge), 0)
            while away and away[-1][0] <= edge:
                _, seat, until_us = away.pop()
                back[seat] = max(back[seat], until_us)
            present = sum(
                edge < certain_us
                or (
                    edge >= back[seat]
                    and self._comes(team.shrinkage, entity, edge // block_us, Purpose.ABSENCE)
                    and self._comes(team.sick, entity, local.day_at(edge / 1e6), Purpose.SICK)
                )
                for seat, entity in enumerate(seats[:rostered])
            )
            if present != before:
                yield edge, present
                before = present

    def _comings(
        self, team: Team, steps: list[tuple[int, int]], seats: list[int], certain_us: int
    ) -> Iterator[tuple[int, int, int]]:
        """Yield when a seat is to be filled, which, and when somebody is there: some are late."""
        before = 0
        for at_us, count in steps:
            for seat in range(before, count):
                late_us, word = 0, at_us // 60_000_000
                late = team.late if at_us >= certain_us else None
                if late and not self._comes(late.share, seats[seat], word, Purpose.LATE):
                    u = uniform(self.luck.seed, self.luck.desk, seats[seat], word, int(Purpose.LATENESS), 0)
                    late_us = time_us(law_row(late.by), u)
                yield at_us, seat, at_us + late_us
            before = count

    def _off_queue(self, team: Team, seats: list[int], certain_us: int) -> Iterator[tuple[int, int, int]]:
        """Yield when a seat leaves the queue within its shift, which, and when it is back."""
        if team.off_queue is None:
            return
        stays, lasts = law_row(team.off_queue.every), law_row(team.off_queue.lasts)
        for seat, entity in enumerate(seats):
            now_us, time = 0, 0
            while now_us < self.horizon_us:
                stay, away = (
                    uniform(self.luck.seed, self.luck.desk, entity, time, int(Purpose.OFF_QUEUE), which)
                    for which in (0, 1)
                )
                left_us = now_us + time_us(stays, stay)
                now_us, time = left_us + time_us(lasts, away), time + 1
                if certain_us <= left_us < self.horizon_us:
                    yield left_us, seat, now_us

    def _comes(self, share: float, entity: int, word: int, purpose: Purpose) -> bool:
        """Say whether somebody is not among the share that luck keeps away."""
        return not share or uniform(self.luck.seed, self.luck.desk, entity, word, int(purpose), 0) >= share
