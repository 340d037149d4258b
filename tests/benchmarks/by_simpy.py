"""Plain SimPy, written by hand: the single queue, and a day of `broadband_volumes` with all that its scenario says.

As one writes it who knows SimPy and wants it fast: floating-point seconds, one `random.Random`, teams that count their
idle agents, lines of those who wait, a tuple per leg. Reads the scenario's numbers; shares no code with the engines.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import simpy

from scenarios.laws import AnyLaw, Exponential, LogNormal
from scenarios.reading import LoadedScenario
from scenarios.scenario import Team
from scenarios.units import DAY_S, clock_s
from tests.benchmarks.rows import AGENTS, PATIENCE_S, PER_DAY, SERVICE_S, Day

Process = Generator[simpy.Event, Any, Any]


def one_queue(seed: int) -> Day:
    """One day of M/M/n+M as one writes it by hand: a resource, a process per customer, a row per contact."""
    luck = random.Random(seed)
    env = simpy.Environment()
    desk = simpy.Resource(env, AGENTS)
    rows: list[tuple[float, float, float, str]] = []

    def customer() -> Process:
        arrived = env.now
        with desk.request() as turn:
            yield turn | env.timeout(luck.expovariate(1 / PATIENCE_S))
            if not turn.triggered:
                rows.append((arrived, env.now, env.now, "abandoned"))
                return
            answered = env.now
            yield env.timeout(luck.expovariate(1 / SERVICE_S))
            rows.append((arrived, answered, env.now, "answered"))

    def arrivals() -> Process:
        while True:
            yield env.timeout(luck.expovariate(PER_DAY / DAY_S))
            env.process(customer())

    env.process(arrivals())
    env.run(DAY_S)
    return Day(len(rows), sum(row[3] == "abandoned" for row in rows))


class Row(NamedTuple):
    """A leg, as the hand-written model logs it."""

    contact: int
    attempt: int
    leg: int
    channel: str
    intent: str
    team: str | None
    arrived: float
    answered: float | None
    ended: float
    wrap: float | None
    end: str


class _Desk:
    """A team: how many agents are there, how many should be, how many are idle."""

    def __init__(self, name: str, team: Team, luck: random.Random) -> None:
        self.name, self.team = name, team
        self.on_duty = self.wanted = self.idle = 0
        self.lines: list[deque[tuple[float, simpy.Event]]] = []
        self.service = {intent: _sampler(law, luck) for intent, law in team.service.items()}
        self.wrap = _sampler(team.wrap, luck) if team.wrap else None


class BroadbandVolumes:
    """One replication: build it, `run()` it, read `rows`."""

    def __init__(self, loaded: LoadedScenario, seed: int) -> None:
        self.env, self.luck = simpy.Environment(), random.Random(seed)
        self.loaded, self.scenario = loaded, loaded.scenario
        self.rows: list[Row] = []
        self.desks = {name: _Desk(name, team, self.luck) for name, team in self.scenario.teams.items()}
        self.hours = {c: (clock_s(h.opens), clock_s(h.closes)) for c, h in self.scenario.channels.items()}
        self.patience = {channel: _sampler(law, self.luck) for channel, law in self.scenario.patience.items()}
        self.again = {channel: _sampler(retry.after, self.luck) for channel, retry in self.scenario.retry.items()}
        self.lines: dict[tuple[str, ...], deque[tuple[float, simpy.Event]]] = {}
        self.first = {
            (channel, intent): self._able(tuple(self.scenario.who_takes(channel, intent)))
            for channel in self.scenario.channels
            for intent in self.scenario.intents
        }
        self.passes = {
            (team, intent): [
                (t.probability, self._able((t.to_team,)))
                for t in self.scenario.transfers
                if t.from_team == team and (t.intents is None or intent in t.intents)
            ]
            for team in self.desks
            for intent in self.scenario.intents
        }

    def run(self) -> None:
        """Run to the end of the last day."""
        for desk in self.desks.values():
            if not desk.team.self_service:
                self.env.process(self._shifts(desk))
        self.env.process(self._arrivals())
        self.env.run(self.loaded.horizon_s)

    def _able(self, names: tuple[str, ...]) -> tuple[list[_Desk], deque[tuple[float, simpy.Event]]]:
        desks = [self.desks[name] for name in names]
        if names not in self.lines:
            self.lines[names] = deque()
            for desk in desks:
                desk.lines.append(self.lines[names])
        return desks, self.lines[names]

    def _arrivals(self) -> Process:
        coming = []
        for index, demand in enumerate(self.scenario.demand):
            length, channels, shares = demand.interval_minutes * 60, list(demand.channels), [*demand.channels.values()]
            for start, mean in self.loaded.contacts[index]:
                at = start
                while (at := at + self.luck.expovariate(mean * demand.factor / length) if mean else math.inf) < (
                    start + length
                ):
                    coming.append((at, self.luck.choices(channels, shares)[0], demand.intent))
        coming.sort()
        for number, (at, channel, intent) in enumerate(coming):
            yield self.env.timeout(at - self.env.now)
            self.env.process(self._customer(number, channel, intent))

    def _customer(self, number: int, channel: str, intent: str) -> Process:
        opens, closes = self.hours[channel]
        retry = self.scenario.retry.get(channel)
        attempt = 1
        while True:
            if not opens <= self.env.now % DAY_S < closes:
                now = self.env.now
                self.rows.append(Row(number, attempt, 0, channel, intent, None, now, None, now, None, "closed"))
                return
            settled = yield from self._contact(number, attempt, channel, intent)
            if settled or retry is None or attempt >= retry.attempts_most or self.luck.random() >= retry.probability:
                return
            yield self.env.timeout(self.again[channel]())
            attempt += 1

    def _contact(self, number: int, attempt: int, channel: str, intent: str) -> Process:
        """One attempt, leg after leg; returns False where patience ended."""
        env, leg = self.env, 0
        desks, line = self.first[channel, intent]
        patience = self.patience.get(channel)
        while True:
            arrived = env.now
            desk = next((desk for desk in desks if desk.idle), None)
            if desks[0].team.self_service:
                desk = desks[0]
            elif desk:
                desk.idle -= 1
            else:
                turn = env.event()
                line.append((arrived, turn))
                yield turn | env.timeout(patience()) if patience and leg == 0 else turn
                if not turn.triggered:
                    line.remove((arrived, turn))
                    now = env.now
                    self.rows.append(Row(number, attempt, leg, channel, intent, None, arrived, None, now, None, "lost"))
                    return False
                desk = turn.value
            answered = env.now
            yield env.timeout((desk.service.get(intent) or desk.service["default"])())
            wrap, to, end = None, None, "answered"
            if desk.team.self_service:
                end = "contained" if self.luck.random() < desk.team.contained_share(intent) else "answered"
            else:
                wrap = desk.wrap() if desk.wrap else None
                if wrap:
                    env.timeout(wrap).callbacks.append(lambda _, desk=desk: self._free(desk))
                else:
                    self._free(desk)
                u = self.luck.random() if self.passes[desk.name, intent] else 1.0
                for probability, able in self.passes[desk.name, intent]:
                    if u < probability:
                        to, end = able, "transferred"
                        break
                    u -= probability
            self.rows.append(
                Row(number, attempt, leg, channel, intent, desk.name, arrived, answered, env.now, wrap, end)
            )
            if to is None:
                return True
            desks, line = to
            leg += 1

    def _free(self, desk: _Desk) -> None:
        """An agent is free: goes home where there are too many, else takes who has waited longest."""
        if desk.on_duty > desk.wanted:
            desk.on_duty -= 1
            return
        longest = min((line for line in desk.lines if line), key=lambda line: line[0][0], default=None)
        if longest:
            longest.popleft()[1].succeed(desk)
        else:
            desk.idle += 1

    def _shifts(self, desk: _Desk) -> Process:
        """Agents come and go by the roster; each block of time leaves some seats empty."""
        block = desk.team.shrinkage_block_minutes * 60
        steps = [step for step in self.loaded.agents[desk.name] if step[0] < self.loaded.horizon_s]
        rostered = 0
        for at in sorted({step[0] for step in steps} | set(range(0, int(self.loaded.horizon_s), block))):
            yield self.env.timeout(at - self.env.now)
            while steps and steps[0][0] <= at:
                rostered = steps.pop(0)[1]
            desk.wanted = sum(self.luck.random() >= desk.team.shrinkage for _ in range(rostered))
            leaving = min(desk.idle, max(0, desk.on_duty - desk.wanted))
            desk.idle, desk.on_duty = desk.idle - leaving, desk.on_duty - leaving
            while desk.on_duty < desk.wanted:
                desk.on_duty += 1
                self._free(desk)


def broadband_volumes(loaded: LoadedScenario, seed: int) -> Day:
    """Return what a day of it brought."""
    model = BroadbandVolumes(loaded, seed)
    model.run()
    firsts = sum(row.leg == 0 for row in model.rows)
    return Day(firsts, sum(row.end == "lost" for row in model.rows))


def _sampler(law: AnyLaw, luck: random.Random) -> Callable[[], float]:
    match law:
        case Exponential():
            return lambda rate=1 / law.mean_s: luck.expovariate(rate)
        case LogNormal():
            variance = math.log1p(law.cv**2)
            mu, sigma = math.log(law.mean_s) - variance / 2, math.sqrt(variance)
            return lambda: luck.lognormvariate(mu, sigma)
        case _:
            raise NotImplementedError(f"{law}: broadband_volumes uses none")
