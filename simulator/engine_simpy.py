"""The SimPy engine: one replication of a scenario as processes one can read, in whole microseconds.

Each customer is a process that joins a queue, waits, talks, is passed on or gives up, and perhaps tries again. Teams
hold seats that come and go with the roster. Ties in time are settled by `simulator.events`, so the result is a
function of scenario, plan and luck alone. Refuses floating-point time and random state: every draw is keyed.
"""

from __future__ import annotations

import functools
import heapq
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import simpy

from results.log import STAFFING, ordered, table_of
from scenarios.draws import LEG_MOST, Purpose, uniform
from scenarios.identity import contact_id, seat_entity
from scenarios.laws import LawRow, law_row, time_us
from scenarios.plan import COMES, patience_us, retry_channel, retry_delay_us
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel, Team
from scenarios.units import DAY_US, NEVER_US, clock_s, us
from simulator.events import EventClass, event_key

Process = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Luck:
    """Which draws a replication uses: customers come from `plan`, what the desk does to them from `desk`.

    Redrawing the desk's luck over one plan gives the band that one measured day is held against.
    """

    seed: int
    plan: int
    desk: int


class Line(NamedTuple):
    """A queue: contacts whom the same teams take, with equal liking, and whom none of the others here overtakes."""

    teams: tuple[str, ...]
    """In the order in which they are asked: the lowest rank first."""
    ranks: tuple[int, ...]
    priority: int


@dataclass(slots=True)
class Leg:
    """What is known of one leg; a row of the contact log. Times in microseconds, None where it did not happen."""

    number: int
    attempt: int
    leg: int
    channel: Channel
    intent: str
    line: Line
    history: bool | None
    due_us: int
    arrived_us: int
    team: str | None = None
    agent: str | None = None
    answered_us: int | None = None
    ended_us: int | None = None
    wrap_us: int | None = None
    served: bool = False
    """An agent had it and is done with it: there is a time of talk."""
    leg_end: str = "censored"
    outcome: str = "censored"


class Waited(NamedTuple):
    """What the watched customer found on joining a line."""

    attempt: int
    leg: int
    ahead: int
    """Waiting in the same line before them."""
    floors: tuple[tuple[str, int, int], ...]
    """Of each team that could answer: its name, how many are busy, how many there."""
    patience_us: int


class _At(simpy.Event):
    """An event that happens at a time and in the order of its key."""

    def __init__(self, env: simpy.Environment, at_us: int, key: int) -> None:
        self.env, self.callbacks, self._ok, self._value = env, [], True, None  # as simpy.Timeout does
        env.schedule(self, priority=key, delay=at_us - env.now)  # type: ignore[arg-type]  # SimPy adds, ints stay ints


@dataclass(slots=True, eq=False)
class _Waiting:
    """A contact in a queue; `called` succeeds with (team, seat), or with None when patience ends."""

    joined_us: int
    contact: int
    leg: int
    gives_up_us: int
    called: simpy.Event
    waits: bool = True


@dataclass
class _TeamFloor:
    """A team's seats: who is on duty, who is idle and since when, how many there should be."""

    name: str
    team: Team
    target: int = 0
    on_duty_since: dict[int, int] = field(default_factory=dict)
    idle_since: dict[int, int] = field(default_factory=dict)
    idle: list[tuple[int, int]] = field(default_factory=list)
    """Heap of (idle since, seat); an entry whose time is not the seat's `idle_since` is stale."""

    def make_idle(self, seat: int, now_us: int) -> None:
        self.idle_since[seat] = now_us
        heapq.heappush(self.idle, (now_us, seat))

    def has_idle(self) -> bool:
        while self.idle and self.idle_since.get(self.idle[0][1]) != self.idle[0][0]:
            heapq.heappop(self.idle)
        return bool(self.idle)

    def first_idle(self) -> int:
        """Take the seat that has been idle longest, where one is known to be idle."""
        assert self.has_idle(), f"{self.name} has nobody for a customer who is being served"
        return self.take_idle()

    def take_idle(self) -> int:
        """Take the seat that has been idle longest, the lowest number first; `has_idle` was just true."""
        _, seat = heapq.heappop(self.idle)
        del self.idle_since[seat]
        return seat


class _Past(NamedTuple):
    """What a customer has behind them who is there as the run begins: since when, and who serves them until when."""

    since_us: int
    floor: _TeamFloor | None
    ends_us: int


class Engine:
    """One replication. Build it, `run()` it, read `legs` and `staffing`; `watched` is a customer to be told of."""

    def __init__(self, loaded: LoadedScenario, plan: pd.DataFrame, luck: Luck, watched: int | None = None) -> None:
        self.loaded, self.scenario, self.luck = loaded, loaded.scenario, luck
        self.watched, self.waited = watched, list[Waited]()
        """A customer by number, and what they find each time they join a line."""
        self.env = simpy.Environment()
        self.horizon_us = us(loaded.horizon_s)
        self.floors = {name: _TeamFloor(name, team) for name, team in self.scenario.teams.items()}
        self.queues: dict[Line, deque[_Waiting]] = {}
        self.match_wanted = False
        self.waiting = 0
        self.newcomers: list[_Waiting] = []
        """Who joined since contacts and agents were last paired."""
        self.rows: list[Leg] = []
        self.seats: list[dict[str, object]] = []
        self.in_use: Counter[str] = Counter()
        """Customers a channel holds now: how many of its lines are taken."""
        self.patience: dict[str, LawRow] = {channel: law_row(law) for channel, law in self.scenario.patience.items()}
        self.service = {
            name: {intent: law_row(law) for intent, law in team.service.items()}
            for name, team in self.scenario.teams.items()
        }
        self.wrap = {name: law_row(team.wrap) for name, team in self.scenario.teams.items() if team.wrap}
        self.lines = {
            (channel, intent): self._line(self.scenario.who_takes(channel, intent), channel, intent)
            for channel in self.scenario.channels
            for intent in self.scenario.intents
        }
        self.hours: dict[str, tuple[int, int]] = {
            name: (us(clock_s(hours.opens)), us(clock_s(hours.closes)))
            for name, hours in self.scenario.channels.items()
        }
        self.plan = plan
        for name, floor in self.floors.items():
            if not floor.team.self_service:
                for at_us, count in self._roster(name):
                    self._on(at_us, event_key(EventClass.SHIFT), functools.partial(self._set_target, floor, count))
        self.env.process(self._arrivals())

    def run(self, watch: Callable[[float], None] | None = None) -> None:
        """Run to the end of the last day; `watch` is told the share of time done, 100 times.

        What has not ended by then is censored.
        """
        for part in range(1, 101):
            self.env.run(until=self.horizon_us * part // 100 + (part == 100))
            if watch:
                watch(part / 100)
        for floor in self.floors.values():
            for seat in list(floor.on_duty_since):
                self._leave(floor, seat)

    @property
    def now_us(self) -> int:
        """The engine's time: always whole microseconds, as only whole ones are ever added."""
        return self.env.now  # type: ignore[return-value]  # SimPy allows floats; ints stay ints

    # -- tables ------------------------------------------------------------------------------------------------

    def legs(self, run_id: str, replication: int) -> pd.DataFrame:
        """Return the contact log of this replication."""
        rows, plan = self.rows, self.plan.iloc[[leg.number for leg in self.rows]].reset_index(drop=True)
        journeys = {name: hours.journey for name, hours in self.scenario.channels.items()}

        def in_s(times_us: list[int | None]) -> Any:
            return np.array([np.nan if at_us is None else at_us / 1e6 for at_us in times_us], dtype=np.float64)

        answered, ended = ([getattr(leg, name) for leg in rows] for name in ("answered_us", "ended_us"))
        talked = [leg.ended_us - leg.answered_us if leg.served else None for leg in rows]  # type: ignore[operator]
        released = [leg.ended_us + (leg.wrap_us or 0) if leg.served else None for leg in rows]  # type: ignore[operator]
        customers, firsts = plan["customer_id"].tolist(), plan["contact_id"].tolist()
        ids = [
            first if leg.attempt == 1 else contact_id(customer, 0, leg.attempt)
            for leg, first, customer in zip(rows, firsts, customers, strict=True)
        ]
        columns: dict[str, object] = {
            "run_id": run_id, "source": "simulated", "replication": replication, "contact_id": ids,
            **{name: plan[name] for name in ("customer_id", "case_id", "intent", "language", "played_by")},
            **{name: [getattr(leg, name) for leg in rows] for name in ("attempt", "leg", "channel", "team", "agent")},
            "journey": [journeys[leg.channel] for leg in rows],
            "queue": ["+".join(leg.line.teams) for leg in rows],
            "priority": [leg.line.priority for leg in rows],
            "due_s": in_s([leg.due_us for leg in rows]), "arrived_s": in_s([leg.arrived_us for leg in rows]),
            "answered_s": in_s(answered), "ended_s": in_s(ended), "released_s": in_s(released),
            "talk_s": in_s(talked), "wrap_s": in_s([leg.wrap_us for leg in rows]),
            "history_carried": [leg.history for leg in rows], "leg_end": [leg.leg_end for leg in rows],
            "contact_outcome": [leg.outcome for leg in rows],
        }  # fmt: skip
        return ordered(table_of("legs", pd.DataFrame(columns, index=range(len(rows)))))

    def staffing(self, replication: int) -> pd.DataFrame:
        """Return when each seat was on duty."""
        frame = table_of("staffing", pd.DataFrame(self.seats, columns=STAFFING.names))
        frame["replication"] = replication
        return table_of("staffing", frame.sort_values(["seat", "from_s"], kind="stable"))

    # -- customers ---------------------------------------------------------------------------------------------

    def _arrivals(self) -> Process:
        plan = self.plan
        due_us = [us(at) for at in plan["due_s"].tolist()]
        comes_us = plan["comes_us"].tolist() if "comes_us" in plan else due_us
        begun = self._begun()
        patience = [NEVER_US if at == float("inf") else us(at) for at in plan["patience_s"].tolist()]
        entities, channels, intents = (plan[name].tolist() for name in ("entity", "channel", "intent"))
        for number in sorted(range(len(plan)), key=comes_us.__getitem__):
            yield _At(self.env, comes_us[number], event_key(EventClass.JOIN, number << 12 | 1))
            past = begun.get(number)
            case = self._case(number, entities[number], channels[number], intents[number], patience[number], past)
            self.env.process(case)

    def _begun(self) -> dict[int, _Past]:
        """Return what those have behind them who are there as the run begins."""
        if "team" not in self.plan:
            return {}
        teams = list(self.floors.values())
        rows = zip(*(self.plan[name].tolist() for name in ("due_s", "team", "ends_us")), strict=True)
        return {
            number: _Past(us(due_s), teams[team] if team >= 0 else None, ends_us)
            for number, (due_s, team, ends_us) in enumerate(rows)
            if team != COMES
        }

    def _case(
        self, number: int, entity: int, channel: Channel, intent: str, patience: int, past: _Past | None
    ) -> Process:
        """One customer's case: contact after contact, until it is settled or they no longer try."""
        seed, plan = self.luck.seed, self.luck.plan
        attempt = 1
        while True:
            outcome = yield from self._contact(number, entity, attempt, channel, intent, patience, past)
            past = None
            retry = self.scenario.retry.get(channel)
            if outcome not in ("abandoned", "blocked") or retry is None or attempt >= retry.attempts_most:
                return
            delay_us = retry_delay_us(seed, plan, entity, 0, attempt, retry, outcome == "blocked")
            if delay_us is None or self.now_us + delay_us >= self.horizon_us:
                return
            channel = retry_channel(seed, plan, entity, 0, attempt, channel, retry)
            attempt += 1
            if retry.patience == "fresh":
                patience = patience_us(seed, plan, entity, 0, attempt, self.patience.get(channel))
            yield _At(self.env, self.now_us + delay_us, event_key(EventClass.JOIN, number << 12 | attempt))

    def _contact(
        self,
        number: int,
        entity: int,
        attempt: int,
        channel: Channel,
        intent: str,
        patience: int,
        past: _Past | None,
    ) -> Generator[simpy.Event, Any, str]:
        """One attempt over one channel, from being let in to hanging up; returns its outcome."""
        now = self.now_us
        since = past.since_us if past else now
        first = Leg(number, attempt, 0, channel, intent, self.lines[channel, intent], None, since, since)
        self.rows.append(first)
        opens, closes = self.hours[channel]
        lines = self.scenario.channels[channel].lines
        if past is None and not opens <= now % DAY_US < closes:
            return _turned_away(first, "closed", now)
        if past is None and lines is not None and self.in_use[channel] >= lines:
            return _turned_away(first, "blocked", now)
        self.in_use[channel] += 1
        outcome = yield from self._legs(first, entity, patience, past)
        self.in_use[channel] -= 1
        return outcome

    def _legs(self, leg: Leg, entity: int, patience: int, past: _Past | None) -> Generator[simpy.Event, Any, str]:
        """One contact that was let in, leg after leg; returns its outcome."""
        contact = leg.number << 12 | leg.attempt
        mine = [leg]
        while True:
            if past is not None and past.floor is not None:
                called = past.floor, past.floor.first_idle()
            elif (page := self.floors[leg.line.teams[0]]).team.self_service:
                outcome = yield from self._self_service(page, contact, entity, leg)
                break
            else:
                called = yield self._wait(leg, contact, patience)
            if called is None:
                leg.leg_end = outcome = "abandoned"
                leg.ended_us = self.now_us
                break
            floor, seat = called
            to = yield from self._conversation(floor, seat, contact, entity, leg, past)
            past = None
            if to is None:
                outcome = "resolved"
                break
            team, history = to
            patience = NEVER_US  # one who has been answered once does not hang up on the way to the next
            yield _At(self.env, self.now_us, event_key(EventClass.JOIN, contact, leg.leg + 1))
            line = self._line((team,), leg.channel, leg.intent)
            now = self.now_us
            leg = Leg(leg.number, leg.attempt, leg.leg + 1, leg.channel, leg.intent, line, history, now, now)
            self.rows.append(leg)
            mine.append(leg)
        for one in mine:
            one.outcome = outcome
        return outcome

    def _line(self, teams: tuple[str, ...], channel: Channel, intent: str) -> Line:
        ranks = tuple(self.scenario.teams[name].rank(intent) for name in teams)
        return Line(teams, ranks, self.scenario.priority_of(channel, intent))

    def _wait(self, leg: Leg, contact: int, patience: int) -> simpy.Event:
        since = leg.arrived_us
        waiting = _Waiting(since, contact, leg.leg, since + patience, self.env.event())
        queue = self.queues.setdefault(leg.line, deque())
        place = len(queue)
        while place and _order(queue[place - 1]) > _order(waiting):  # after a conversation of no time; as a run begins
            place -= 1
        if leg.number == self.watched:
            self._look(leg, list(queue)[:place], patience)
        queue.insert(place, waiting)
        self.waiting += 1
        self.newcomers.append(waiting)
        self._want_match()
        return waiting.called

    def _look(self, leg: Leg, before: list[_Waiting], patience: int) -> None:
        floors = [(name, self.floors[name]) for name in leg.line.teams]
        seen = tuple((name, len(f.on_duty_since) - len(f.idle_since), len(f.on_duty_since)) for name, f in floors)
        self.waited.append(Waited(leg.attempt, leg.leg, sum(one.waits for one in before), seen, patience))

    def _give_up(self, waiting: _Waiting) -> None:
        if waiting.waits:
            self._call(waiting, None)

    def _call(self, waiting: _Waiting, who: tuple[_TeamFloor, int] | None) -> None:
        """End a wait: somebody answers, or patience has ended."""
        waiting.waits = False
        self.waiting -= 1
        waiting.called.succeed(who)

    def _conversation(
        self, floor: _TeamFloor, seat: int, contact: int, entity: int, leg: Leg, past: _Past | None
    ) -> Generator[simpy.Event, Any, tuple[str, bool] | None]:
        """Talk, and perhaps pass on: returns (team, history carried) of a transfer, None of an answer."""
        leg.team, leg.agent, leg.answered_us = floor.name, f"{floor.name}-{seat + 1:02d}", self.now_us
        if past is not None and past.floor is not None:
            leg.answered_us, ends_us = past.since_us, past.ends_us
        else:
            ends_us = self.now_us + self._service_us(entity, leg)
        yield _At(self.env, ends_us, event_key(EventClass.END, contact, leg.leg))
        leg.ended_us, leg.served = ends_us, True
        if floor.name in self.wrap:
            leg.wrap_us = time_us(self.wrap[floor.name], self._uniform(Purpose.WRAP, entity, leg))
        if leg.wrap_us:
            key = event_key(EventClass.END, contact, leg.leg)
            self._on(ends_us + leg.wrap_us, key, lambda: self._release(floor, seat))
        else:
            self._release(floor, seat)
        to = self._transfer(entity, leg)
        leg.leg_end = "transferred" if to else "answered"
        return to

    def _self_service(self, floor: _TeamFloor, contact: int, entity: int, leg: Leg) -> Generator[simpy.Event, Any, str]:
        """Read a page: no queue, no agent; it holds the answer or it does not."""
        leg.team, leg.answered_us = floor.name, self.now_us
        ends_us = self.now_us + self._service_us(entity, leg)
        yield _At(self.env, ends_us, event_key(EventClass.END, contact, leg.leg))
        found = self._uniform(Purpose.CONTAINMENT, entity, leg) < (
            1.0 if floor.team.contained is None else floor.team.contained
        )
        leg.ended_us, leg.leg_end = ends_us, "contained" if found else "answered"
        return "resolved" if found else "unresolved"

    # -- luck --------------------------------------------------------------------------------------------------

    def _uniform(self, purpose: Purpose, entity: int, leg: Leg) -> float:
        word = (leg.attempt << 12) | leg.leg  # visit(0, …), spelt out: a call into compiled code costs more
        return uniform(self.luck.seed, self.luck.desk, entity, word, int(purpose), 0)

    def _service_us(self, entity: int, leg: Leg) -> int:
        laws = self.service[str(leg.team)]
        return time_us(laws.get(leg.intent) or laws["default"], self._uniform(Purpose.SERVICE, entity, leg))

    def _transfer(self, entity: int, leg: Leg) -> tuple[str, bool] | None:
        if leg.leg >= LEG_MOST:
            return None
        u = None
        for transfer in self.scenario.transfers:
            if transfer.from_team == leg.team and (transfer.intents is None or leg.intent in transfer.intents):
                u = self._uniform(Purpose.TRANSFER, entity, leg) if u is None else u
                if u < transfer.probability:
                    return transfer.to_team, transfer.history_carried
                u -= transfer.probability
        return None

    # -- the floor ---------------------------------------------------------------------------------------------

    def _on(self, at_us: int, key: int, act: Callable[[], None]) -> None:
        event = _At(self.env, at_us, key)
        assert event.callbacks is not None
        event.callbacks.append(lambda _: act())

    def _want_match(self) -> None:
        if self.waiting and not self.match_wanted:
            self.match_wanted = True
            self._on(self.now_us, event_key(EventClass.MATCH), self._match)

    def _match(self) -> None:
        """Pair contacts with agents who can serve them, always the best pair, until no pair is left.

        The best pair has the highest priority, then the lowest rank, then the longest wait; of the teams of that rank
        the one told first, and there the agent who has been idle longest.
        """
        self.match_wanted = False
        while self.waiting:
            best: tuple[int, int, tuple[int, int, int]] | None = None
            for line, queue in list(self.queues.items()):
                while queue and not queue[0].waits:
                    queue.popleft()
                if not queue:
                    del self.queues[line]  # nobody looks at it until somebody joins it
                    continue
                if best is not None and -line.priority > best[0]:
                    continue
                for name, rank in zip(line.teams, line.ranks, strict=True):
                    if self.floors[name].has_idle():
                        pair = (-line.priority, rank, _order(queue[0]))
                        if best is None or pair < best:
                            best, floor, source = pair, self.floors[name], queue
                        break
            if best is None:
                break
            self._call(source.popleft(), (floor, floor.take_idle()))
        for waiting in self.newcomers:  # those who wait on: only now can their patience matter
            if waiting.waits and waiting.gives_up_us <= self.horizon_us:
                key = event_key(EventClass.GIVE_UP, waiting.contact, waiting.leg)
                self._on(waiting.gives_up_us, key, functools.partial(self._give_up, waiting))
        self.newcomers.clear()

    def _release(self, floor: _TeamFloor, seat: int) -> None:
        if len(floor.on_duty_since) > floor.target:
            self._leave(floor, seat)
        else:
            floor.make_idle(seat, self.now_us)
            self._want_match()

    def _leave(self, floor: _TeamFloor, seat: int) -> None:
        floor.idle_since.pop(seat, None)
        since_us = floor.on_duty_since.pop(seat)
        until_us = min(self.now_us, self.horizon_us)
        if until_us > since_us:
            name = f"{floor.name}-{seat + 1:02d}"
            self.seats.append(
                {
                    "seat": name,
                    "team": floor.name,
                    "state": "on_duty",
                    "from_s": since_us / 1e6,
                    "to_s": until_us / 1e6,
                }
            )

    def _set_target(self, floor: _TeamFloor, target: int) -> None:
        """Change how many are on duty: idle seats leave first, highest number first; busy ones when they finish."""
        floor.target = target
        for seat in sorted(floor.idle_since, reverse=True):
            if len(floor.on_duty_since) <= target:
                break
            self._leave(floor, seat)
        seat = 0
        while len(floor.on_duty_since) < target:
            if seat not in floor.on_duty_since:
                floor.on_duty_since[seat] = self.now_us
                floor.make_idle(seat, self.now_us)
            seat += 1
        self._want_match()

    def _roster(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield when a team's present seats change: the roster, less the seats that luck leaves empty."""
        team = self.scenario.teams[name]
        steps = [(us(at), count) for at, count in self.loaded.agents[name] if us(at) < self.horizon_us]
        if not team.shrinkage:
            yield from steps
            return
        block_us = team.shrinkage_block_minutes * 60_000_000
        certain_us = us(self.loaded.opening.certain_s.get(name, 0.0)) if self.loaded.opening else 0
        edges = sorted({*range(0, self.horizon_us, block_us), *(at for at, _ in steps)})
        entities = [seat_entity(name, seat) for seat in range(max((count for _, count in steps), default=0))]
        position, rostered, before = 0, 0, 0
        for edge in edges:
            while position < len(steps) and steps[position][0] <= edge:
                rostered = steps[position][1]
                position += 1
            block = edge // block_us
            present = sum(
                edge < certain_us
                or uniform(self.luck.seed, self.luck.desk, entity, block, int(Purpose.ABSENCE), 0) >= team.shrinkage
                for entity in entities[:rostered]
            )
            if present != before:
                yield edge, present
                before = present


def _order(waiting: _Waiting) -> tuple[int, int, int]:
    return waiting.joined_us, waiting.contact, waiting.leg


def _turned_away(leg: Leg, end: str, now_us: int) -> str:
    leg.leg_end = leg.outcome = end
    leg.ended_us = now_us
    return end
