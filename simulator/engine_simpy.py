"""The SimPy engine: one replication of a scenario as processes one can read, in whole microseconds.

Each customer is a process that joins a queue, waits, talks, is passed on or gives up, and perhaps tries again. Teams
hold seats that come and go with the roster. Ties in time are settled by `simulator.events`, so the result is a
function of scenario, plan and luck alone. Refuses floating-point time and random state: every draw is keyed.
"""

from __future__ import annotations

import functools
import heapq
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd
import simpy

from results.log import STAFFING, ordered, table_of
from scenarios.draws import LEG_MOST, Purpose, uniform
from scenarios.identity import contact_id, seat_entity
from scenarios.laws import LawRow, drawn_us, law_row
from scenarios.plan import patience_us, retry_delay_us
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


class _At(simpy.Event):
    """An event that happens at a time and in the order of its key."""

    def __init__(self, env: simpy.Environment, at_us: int, key: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=key, delay=at_us - env.now)  # type: ignore[arg-type]  # SimPy adds, ints stay ints


@dataclass
class _Waiting:
    """A contact in a queue; `called` succeeds with (team, seat), or with None when patience ends."""

    joined_us: int
    contact: int
    leg: int
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

    def take_idle(self) -> int:
        """Take the seat that has been idle longest, the lowest number first; `has_idle` was just true."""
        _, seat = heapq.heappop(self.idle)
        del self.idle_since[seat]
        return seat


class Engine:
    """One replication. Build it, `run()` it, read `legs` and `staffing`."""

    def __init__(self, loaded: LoadedScenario, plan: pd.DataFrame, luck: Luck) -> None:
        self.loaded, self.scenario, self.luck = loaded, loaded.scenario, luck
        self.env = simpy.Environment()
        self.horizon_us = us(loaded.horizon_s)
        self.floors = {name: _TeamFloor(name, team) for name, team in self.scenario.teams.items()}
        self.queues: dict[tuple[str, ...], deque[_Waiting]] = {}
        self.match_wanted = False
        self.rows: list[dict[str, object]] = []
        self.seats: list[dict[str, object]] = []
        self.patience: dict[str, LawRow] = {channel: law_row(law) for channel, law in self.scenario.patience.items()}
        self.service = {
            name: {intent: law_row(law) for intent, law in team.service.items()}
            for name, team in self.scenario.teams.items()
        }
        self.wrap = {name: law_row(team.wrap) for name, team in self.scenario.teams.items() if team.wrap}
        self.eligible: dict[tuple[str, str], tuple[str, ...]] = {
            (channel, intent): tuple(self._who_can(channel, intent))
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
        frame = table_of("legs", self.rows)
        frame["run_id"], frame["source"], frame["replication"] = run_id, "simulated", replication
        return ordered(table_of("legs", frame))

    def staffing(self, replication: int) -> pd.DataFrame:
        """Return when each seat was on duty."""
        frame = table_of("staffing", pd.DataFrame(self.seats, columns=STAFFING.names))
        frame["replication"] = replication
        return table_of("staffing", frame.sort_values(["seat", "from_s"], kind="stable"))

    # -- customers ---------------------------------------------------------------------------------------------

    def _arrivals(self) -> Process:
        plan = self.plan
        columns = [
            "customer_id",
            "case_id",
            "contact_id",
            "channel",
            "intent",
            "journey",
            "language",
            "played_by",
        ]
        texts = list(zip(*(plan[name].tolist() for name in columns), strict=True))
        due_us = [us(at) for at in plan["due_s"].tolist()]
        patience = [NEVER_US if at == float("inf") else us(at) for at in plan["patience_s"].tolist()]
        entities = plan["entity"].tolist()
        for number in sorted(range(len(plan)), key=due_us.__getitem__):
            facts: dict[str, object] = dict(zip(columns, texts[number], strict=True))
            yield _At(self.env, due_us[number], event_key(EventClass.JOIN, number << 12 | 1))
            self.env.process(self._customer(number, entities[number], facts, due_us[number], patience[number]))

    def _customer(self, number: int, entity: int, facts: dict[str, object], due_us: int, patience: int) -> Process:
        """One customer's case: contact after contact, until it is settled or they no longer try."""
        channel = cast(Channel, facts["channel"])
        retry = self.scenario.retry.get(channel)
        attempt = 1
        while True:
            outcome = yield from self._contact(number << 12 | attempt, entity, attempt, facts, due_us, patience)
            if outcome != "abandoned" or retry is None or attempt >= retry.attempts_most:
                return
            delay_us = retry_delay_us(self.luck.seed, self.luck.plan, entity, 0, attempt, retry)
            if delay_us is None:
                return
            attempt += 1
            due_us = self.now_us + delay_us
            if due_us >= self.horizon_us:
                return
            if retry.patience == "fresh":
                patience = patience_us(self.luck.seed, self.luck.plan, entity, 0, attempt, self.patience.get(channel))
            facts = {**facts, "contact_id": contact_id(str(facts["customer_id"]), 0, attempt)}
            yield _At(self.env, due_us, event_key(EventClass.JOIN, number << 12 | attempt))

    def _contact(
        self, contact: int, entity: int, attempt: int, facts: dict[str, object], due_us: int, patience: int
    ) -> Generator[simpy.Event, Any, str]:
        """One attempt over one channel, leg after leg; returns its outcome."""
        channel, intent = str(facts["channel"]), str(facts["intent"])
        teams = self.eligible[channel, intent]
        opens, closes = self.hours[channel]
        leg, history = 0, None
        outcome = "censored"
        mine: list[dict[str, object]] = []
        while True:
            now = self.now_us
            row: dict[str, object] = {
                **facts, "attempt": attempt, "leg": leg, "due_s": (due_us if leg == 0 else now) / 1e6,
                "arrived_s": now / 1e6, "queue": "+".join(teams), "priority": 0, "history_carried": history,
                "leg_end": "censored", "contact_outcome": "censored",
            }  # fmt: skip
            self.rows.append(row)
            mine.append(row)
            if leg == 0 and not opens <= now % DAY_US < closes:
                row["leg_end"] = outcome = "closed"
                row["ended_s"] = now / 1e6
                break
            floor = self.floors[teams[0]]
            if floor.team.self_service:
                outcome = yield from self._self_service(floor, contact, entity, attempt, row)
                break
            called = yield self._wait(teams, contact, leg, patience)
            now = self.now_us
            if called is None:
                row["leg_end"] = outcome = "abandoned"
                row["ended_s"] = now / 1e6
                break
            floor, seat = called
            to = yield from self._conversation(floor, seat, contact, leg, entity, attempt, row)
            if to is None:
                outcome = "resolved"
                break
            teams, history = (to[0],), to[1]
            leg += 1
            patience = NEVER_US  # one who has been answered once does not hang up on the way to the next
            yield _At(self.env, self.now_us, event_key(EventClass.JOIN, contact, leg))
        for row in mine:
            row["contact_outcome"] = outcome
        return outcome

    def _wait(self, teams: tuple[str, ...], contact: int, leg: int, patience: int) -> simpy.Event:
        now = self.now_us
        waiting = _Waiting(now, contact, leg, self.env.event())
        queue = self.queues.setdefault(teams, deque())
        place = len(queue)
        while place and _order(queue[place - 1]) > _order(waiting):  # after a conversation of no time at all
            place -= 1
        queue.insert(place, waiting)
        self._want_match()
        if now + patience <= self.horizon_us:
            self._on(now + patience, event_key(EventClass.GIVE_UP, contact, leg), lambda: self._give_up(waiting))
        return waiting.called

    @staticmethod
    def _give_up(waiting: _Waiting) -> None:
        if waiting.waits:
            waiting.waits = False
            waiting.called.succeed(None)

    def _conversation(
        self,
        floor: _TeamFloor,
        seat: int,
        contact: int,
        leg: int,
        entity: int,
        attempt: int,
        row: dict[str, object],
    ) -> Generator[simpy.Event, Any, tuple[str, bool] | None]:
        """Talk, and perhaps pass on: returns (team, history carried) of a transfer, None of an answer."""
        answered = self.now_us
        row.update(team=floor.name, agent=f"{floor.name}-{seat + 1:02d}", answered_s=answered / 1e6)
        talk_us = self._service_us(floor.name, str(row["intent"]), entity, attempt, leg)
        yield _At(self.env, answered + talk_us, event_key(EventClass.END, contact, leg))
        now = self.now_us
        wrap_us = 0
        if floor.name in self.wrap:
            wrap_us = self._drawn_us(Purpose.WRAP, entity, attempt, leg, self.wrap[floor.name])
            row["wrap_s"] = wrap_us / 1e6
        row.update(ended_s=now / 1e6, talk_s=talk_us / 1e6, released_s=(now + wrap_us) / 1e6)
        if wrap_us:
            self._on(now + wrap_us, event_key(EventClass.END, contact, leg), lambda: self._release(floor, seat))
        else:
            self._release(floor, seat)
        to = self._transfer(floor.name, str(row["intent"]), entity, attempt, leg)
        row["leg_end"] = "transferred" if to else "answered"
        return to

    def _self_service(
        self, floor: _TeamFloor, contact: int, entity: int, attempt: int, row: dict[str, object]
    ) -> Generator[simpy.Event, Any, str]:
        """Read a page: no queue, no agent; it holds the answer or it does not."""
        row.update(team=floor.name, answered_s=self.now_us / 1e6)
        talk_us = self._service_us(floor.name, str(row["intent"]), entity, attempt, 0)
        yield _At(self.env, self.now_us + talk_us, event_key(EventClass.END, contact, 0))
        found = self._uniform(Purpose.CONTAINMENT, entity, attempt, 0) < (
            1.0 if floor.team.contained is None else floor.team.contained
        )
        row.update(ended_s=self.now_us / 1e6, leg_end="contained" if found else "answered")
        return "resolved" if found else "unresolved"

    # -- luck --------------------------------------------------------------------------------------------------

    def _uniform(self, purpose: Purpose, entity: int, attempt: int, leg: int) -> float:
        word = (
            attempt << 12
        ) | leg  # visit(0, attempt, leg), spelt out: a call into compiled code costs more than the shift
        return uniform(self.luck.seed, self.luck.desk, entity, word, int(purpose), 0)

    def _drawn_us(self, purpose: Purpose, entity: int, attempt: int, leg: int, law: LawRow) -> int:
        return int(drawn_us(*law, self._uniform(purpose, entity, attempt, leg)))

    def _service_us(self, team: str, intent: str, entity: int, attempt: int, leg: int) -> int:
        laws = self.service[team]
        return self._drawn_us(Purpose.SERVICE, entity, attempt, leg, laws.get(intent) or laws["default"])

    def _transfer(self, team: str, intent: str, entity: int, attempt: int, leg: int) -> tuple[str, bool] | None:
        if leg >= LEG_MOST:
            return None
        u = None
        for transfer in self.scenario.transfers:
            if transfer.from_team == team and (transfer.intents is None or intent in transfer.intents):
                u = self._uniform(Purpose.TRANSFER, entity, attempt, leg) if u is None else u
                if u < transfer.probability:
                    return transfer.to_team, transfer.history_carried
                u -= transfer.probability
        return None

    # -- the floor ---------------------------------------------------------------------------------------------

    def _who_can(self, channel: str, intent: str) -> Iterator[str]:
        for name, team in self.scenario.teams.items():
            if channel in team.channels and (team.skills is None or intent in team.skills):
                yield name

    def _on(self, at_us: int, key: int, act: Callable[[], None]) -> None:
        event = _At(self.env, at_us, key)
        assert event.callbacks is not None
        event.callbacks.append(lambda _: act())

    def _want_match(self) -> None:
        if not self.match_wanted:
            self.match_wanted = True
            self._on(self.now_us, event_key(EventClass.MATCH), self._match)

    def _match(self) -> None:
        """Pair the longest waiting with the longest idle who can serve them, until no pair is left."""
        self.match_wanted = False
        while True:
            best: _Waiting | None = None
            for teams, queue in self.queues.items():
                while queue and not queue[0].waits:
                    queue.popleft()
                if queue and (best is None or _order(queue[0]) < _order(best)):
                    floor = next((f for name in teams if (f := self.floors[name]).has_idle()), None)
                    if floor is not None:
                        best, chosen, source = queue[0], floor, queue
            if best is None:
                return
            source.popleft()
            best.waits = False
            best.called.succeed((chosen, chosen.take_idle()))

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
        edges = sorted({*range(0, self.horizon_us, block_us), *(at for at, _ in steps)})
        entities = [seat_entity(name, seat) for seat in range(max((count for _, count in steps), default=0))]
        position, rostered, before = 0, 0, 0
        for edge in edges:
            while position < len(steps) and steps[position][0] <= edge:
                rostered = steps[position][1]
                position += 1
            block = edge // block_us
            present = sum(
                uniform(self.luck.seed, self.luck.desk, entity, block, int(Purpose.ABSENCE), 0) >= team.shrinkage
                for entity in entities[:rostered]
            )
            if present != before:
                yield edge, present
                before = present


def _order(waiting: _Waiting) -> tuple[int, int, int]:
    return waiting.joined_us, waiting.contact, waiting.leg
