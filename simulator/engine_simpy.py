"""The SimPy engine: one replication of a scenario as processes one can read, in whole microseconds.

Each customer is a process that joins a line, waits, talks, is passed on or gives up, and perhaps tries again; the seats
and lines are `simulator.simpy_floor`'s. Ties in time are settled by `simulator.events`, so the result is a function of
scenario, plan and luck alone. Refuses floating-point time and random state: every draw is keyed.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import simpy

from results.log import STAFFING, table_of
from scenarios.churn import ChurnModel
from scenarios.draws import LEG_MOST, Purpose, uniform
from scenarios.laws import EMPIRICAL, AnyLaw, LawRow, keyed_us, law_row, scaled_us, time_us
from scenarios.plan import COMES, hopped, patience_us, retry_channel, retry_delay_us
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, CAUSES, Callback, CallsBack, Channel, Conference, Promise, Team, Transfer
from scenarios.units import NEVER_US, clock_s, us
from simulator.announced import announced_us
from simulator.events import EventClass, event_key
from simulator.handling import handled_us
from simulator.simpy_floor import Clock, Floor, Going, HandedOver, Line, Luck, TeamFloor, Waiting
from simulator.simpy_lives import Customers
from simulator.simpy_log import Leg, legs_of

Process = Generator[simpy.Event, Any, None]
Called = tuple[TeamFloor, int]
"""Who answers: a team and the seat in it."""
Choice = TypeVar("Choice", Transfer, Conference, Promise)

(
    _CONTAINMENT, _SERVICE, _TRANSFER, _WRAP, _RESOLUTION, _CUT_OFF, _CONFERENCE, _CONFERENCE_TIME, _RETELLING, _SILENT,
    _BALKING, _CALLBACK, _REACHED, _HOLD, _PROMISE, _PROMISE_DUE, _PROMISE_KEPT, _PROMISE_LATE, _WORK_FAILS,
    _HAND_OVER, _CALLS_BACK, _CALL_DELAY, _REPLY,
) = map(
    int,
    (
        Purpose.CONTAINMENT, Purpose.SERVICE, Purpose.TRANSFER, Purpose.WRAP, Purpose.RESOLUTION, Purpose.CUT_OFF,
        Purpose.CONFERENCE, Purpose.CONFERENCE_TIME, Purpose.RETELLING, Purpose.SILENT, Purpose.BALKING,
        Purpose.CALLBACK, Purpose.REACHED, Purpose.HOLD, Purpose.PROMISE, Purpose.PROMISE_DUE, Purpose.PROMISE_KEPT,
        Purpose.PROMISE_LATE, Purpose.WORK_FAILS, Purpose.HAND_OVER,
        Purpose.CALLS_BACK, Purpose.CALL_DELAY, Purpose.REPLY,
    ),
)  # fmt: skip


_SETTLED = "answered", "resolved"
_JOIN, _END = event_key(EventClass.JOIN), event_key(EventClass.END)


class Waited(NamedTuple):
    """What the watched customer found on joining a line."""

    attempt: int
    leg: int
    ahead: int
    """Waiting in the same line before them."""
    floors: tuple[tuple[str, int, int], ...]
    """Of each team that could answer: its name, how many are busy, how many there."""
    patience_us: int


class _Comes(NamedTuple):
    """How a contact comes to a leg: how long it waits, what it is then, and what it was passed on by."""

    patience_us: int
    given_up: str = "abandoned"
    transfer: Transfer | None = None
    called_back: Callback | CallsBack | None = None
    """How they are called who wait for that."""
    left_us: int | None = None
    """What is left of a talk that a colleague goes on with."""
    held_by: tuple[TeamFloor, int, Leg] | None = None
    """The agent of the leg before, who waits with the customer for the next one."""


class _Past(NamedTuple):
    """What a customer has behind them who is there as the run begins: since when, and who serves them until when."""

    since_us: int
    team: TeamFloor | None
    ends_us: int


class Engine:
    """One replication. Build it, `run()` it, read `legs` and `staffing`; `watched` is a customer to be told of."""

    def __init__(
        self,
        loaded: LoadedScenario,
        plan: pd.DataFrame,
        luck: Luck,
        watched: int | None = None,
        model: ChurnModel | None = None,
    ) -> None:
        """Build it; `model` tells who leaves, and so makes contact no more."""
        self.scenario, self.plan, self.luck = loaded.scenario, plan, luck
        self.watched, self.waited = watched, list[Waited]()
        """A customer by number, and what they find each time they join a line."""
        self.clock = Clock()
        self.floor = Floor(self.clock, loaded, luck)
        self.customers = Customers(loaded.scenario, plan, luck, model, self.floor.horizon_us)
        self.rows: list[Leg] = []
        self.in_use: Counter[str] = Counter()
        """Customers a channel holds now: how many of its lines are taken."""
        self.patience: dict[tuple[str, str], LawRow] = {
            (channel, intent): law_row(law)
            for channel in self.scenario.channels
            for intent in self.scenario.intents
            if (law := self.scenario.patience_of(channel, intent))
        }
        self.service: dict[tuple[str, str], list[tuple[int, LawRow]]] = {
            (name, intent): [
                (clock_s(at), law_row(law))
                for at in sorted(["00:00", *team.service_from], key=clock_s, reverse=True)
                if (law := team.service_law(intent, clock_s(at)))
            ]
            for name, team in self.scenario.teams.items()
            for intent in self.scenario.intents
        }
        """By team and intent: laws and from which time of day on they hold, the latest first."""
        self.laws: dict[int, LawRow] = {}
        """Other laws, by their identity, as the jitted functions take them."""
        self.conferences: dict[tuple[str, str], list[Conference]] = {
            (name, intent): [
                one
                for one in self.scenario.conferences
                if one.from_team == name and (one.intents is None or intent in one.intents)
            ]
            for name in self.scenario.teams
            for intent in self.scenario.intents
        }
        self.promises: dict[tuple[str, str], list[Promise]] = {
            (name, intent): [
                one
                for one in self.scenario.promises
                if one.team == name and (one.intents is None or intent in one.intents)
            ]
            for name in self.scenario.teams
            for intent in self.scenario.intents
        }
        self.messages = {
            name: (us(hours.message.after_s), us(hours.message.takes_s))
            for name, hours in self.scenario.channels.items()
            if hours.message
        }
        """By channel that has an answering machine: the longest wait, and how long a message takes."""
        self.offers = {
            name: hours.announcement.callback
            for name, hours in self.scenario.channels.items()
            if hours.announcement and hours.announcement.callback
        }
        """By channel that offers to call back: how."""
        self.announces = {name for name, hours in self.scenario.channels.items() if hours.announcement}
        self.silent = {name: hours.silent for name, hours in self.scenario.channels.items()}
        self.lines_of = {name: hours.lines for name, hours in self.scenario.channels.items()}
        """How many customers a channel holds at once, if that is told."""
        self.resolved = {
            (name, intent): team.resolved_share(intent)
            for name, team in self.scenario.teams.items()
            for intent in self.scenario.intents
        }
        self.good = {
            f"{name}-{agent.name}": agent.resolves
            for name, team in self.scenario.teams.items()
            for agent in team.named
            if agent.resolves is not None
        }
        """By agent of whom it is told: the share of answers that settle the matter."""
        self.wrap, self.hold = (
            {
                (name, intent): law_row(law)
                for name, team in self.scenario.teams.items()
                for intent in self.scenario.intents
                if (law := find(team, intent))
            }
            for find in (Team.wrap_law, Team.hold_law)
        )
        self.transfers: dict[tuple[str, str], list[Transfer]] = {
            (name, intent): [
                one
                for one in self.scenario.transfers
                if one.from_team == name and (one.intents is None or intent in one.intents)
            ]
            for name in self.scenario.teams
            for intent in self.scenario.intents
        }
        self.clocks = {key for key, some in self.transfers.items() if any(one.after_s for one in some)}
        """Teams and intents of which some talks are passed on once they have lasted long."""
        self.plain = {
            (name, intent): laws[0][1]
            for (name, intent), laws in self.service.items()
            if len(laws) == 1 and (name, intent) not in self.hold
            if self.floor.teams[name].alike and not self.floor.teams[name].one_by_one
            if (name, intent) not in self.clocks
        }
        """The laws of talks that take just as long as they say."""
        self.settles = not self.good and all(share >= 1 for share in self.resolved.values())
        """Whether every answer settles the matter."""
        self.lines = {
            (channel, intent): self._line(self.scenario.who_takes(channel, intent), channel, intent)
            for channel in self.scenario.channels
            for intent in self.scenario.intents
        }
        self.passed: dict[tuple[str, Channel, str, bool], Line] = {}
        """The lines of those who are transferred to a team, and of orders."""
        self.local = self.scenario.local_days
        self.today, self.day_ends_us = 0, us(self.local.begins_s(1))
        days = [(self.scenario.kind_of(day), day, self.local) for day in range(self.scenario.days + 1)]
        self.hours: dict[str, list[tuple[int, int]]] = {
            name: [(us(opens), us(closes)) for opens, closes in (hours.open_at_s(*day) for day in days)]
            for name, hours in self.scenario.channels.items()
        }
        """By channel and day: from when to when it is open."""
        Going(self.clock, self._arrivals())

    def run(self, watch: Callable[[float], None] | None = None) -> None:
        """Run to the end of the last day; `watch` is told the share of time done, 100 times.

        What has not ended by then is censored.
        """
        for part in range(1, 101):
            self.clock.run(until=self.floor.horizon_us * part // 100 + (part == 100))
            if watch:
                watch(part / 100)
        self.floor.close()

    # -- tables ------------------------------------------------------------------------------------------------

    def legs(self, run_id: str, replication: int) -> pd.DataFrame:
        """Return the contact log of this replication."""
        return legs_of(self.rows, self.plan, self.scenario, run_id, replication)

    def staffing(self, replication: int) -> pd.DataFrame:
        """Return when each seat was on duty."""
        frame = table_of("staffing", pd.DataFrame(self.floor.duties, columns=STAFFING.names))
        frame["replication"] = replication
        return table_of("staffing", frame.sort_values(["seat", "from_s"], kind="stable"))

    # -- customers ---------------------------------------------------------------------------------------------

    def _arrivals(self) -> Process:
        plan = self.plan
        due_us: list[int] = np.rint(plan["due_s"].to_numpy() * 1e6).astype(np.int64).tolist()
        comes_us = plan["comes_us"].tolist() if "comes_us" in plan else due_us
        begun = self._begun(due_us)
        patience = [NEVER_US if until == float("inf") else us(until) for until in plan["patience_s"].tolist()]
        entities, channels, intents = (plan[name].tolist() for name in ("entity", "channel", "intent"))
        for number in sorted(range(len(plan)), key=comes_us.__getitem__):
            yield self.clock.at(comes_us[number], _JOIN | (number << 12 | 1) << 12)
            if self.customers.has_left(number, comes_us[number]):
                continue  # who has left makes contact no more
            past = begun.get(number)
            case = self._case(number, entities[number], channels[number], intents[number], patience[number], past)
            Going(self.clock, case)

    def _begun(self, due_us: list[int]) -> dict[int, _Past]:
        """Return what those have behind them who are there as the run begins."""
        if "team" not in self.plan:
            return {}
        teams = list(self.floor.teams.values())
        rows = zip(due_us, *(self.plan[name].tolist() for name in ("team", "ends_us")), strict=True)
        return {
            number: _Past(since_us, teams[team] if team >= 0 else None, ends_us)
            for number, (since_us, team, ends_us) in enumerate(rows)
            if team != COMES
        }

    def _case(
        self, number: int, entity: int, channel: Channel, intent: str, patience: int, past: _Past | None
    ) -> Process:
        """One customer's case: contact after contact, until it is settled or they no longer try."""
        seed, plan = self.luck.seed, self.luck.plan
        attempt = 1
        while True:
            leg = self._contact(number, attempt, channel, intent, past)
            outcome = leg.outcome
            if leg.leg_end not in ("closed", "blocked"):
                outcome, leg = yield from self._legs(leg, entity, patience, past)
            if outcome == "resolved" and leg.promise is None:
                return
            past = None
            if leg.promise is not None:
                chase, back_us = leg.promise.chase, self._chased_us(leg, entity)
                if chase is None or back_us is None:
                    return
                u = uniform(seed, plan, entity, attempt << 12, int(Purpose.CHASE_CHANNEL), 0)
                channel = hopped(u, channel, chase.to)
                attempt += 1
                fresh = patience_us(seed, plan, entity, 0, attempt, self.patience.get((channel, intent)))
                patience = scaled_us(fresh, round(1000 * chase.patience_factor))
                self.customers.comes_again(number, back_us)
                yield self.clock.at(back_us, event_key(EventClass.JOIN, number << 12 | attempt))
                if leg.promise_kept_us is not None and leg.promise_kept_us <= self.clock.now_us:
                    return  # what was promised has been done: nobody asks for it
                continue
            outcome = {"silent": "abandoned", "balked": "abandoned"}.get(outcome, outcome)
            if outcome not in CAUSES:
                return
            retry = self.scenario.retry.get(channel)
            if retry is None or attempt >= retry.attempts_most:
                return
            delay_us = retry_delay_us(seed, plan, entity, 0, attempt, retry, outcome)
            if delay_us is None or self.clock.now_us + delay_us >= self.floor.horizon_us:
                return
            channel = retry_channel(seed, plan, entity, 0, attempt, channel, retry)
            attempt += 1
            if retry.patience == "fresh":
                patience = patience_us(seed, plan, entity, 0, attempt, self.patience.get((channel, intent)))
            if retry.patience_factor != 1:
                patience = scaled_us(patience, round(1000 * retry.patience_factor))
            self.customers.comes_again(number, self.clock.now_us + delay_us)
            yield self.clock.at(self.clock.now_us + delay_us, event_key(EventClass.JOIN, number << 12 | attempt))

    def _note(self, leg: Leg) -> None:
        """Note a leg that begins."""
        self.rows.append(leg)
        self.customers.begins(leg)

    def _contact(self, number: int, attempt: int, channel: Channel, intent: str, past: _Past | None) -> Leg:
        """Begin one attempt over one channel: let it in, or turn it away; returns its first leg."""
        now = self.clock.now_us
        since = past.since_us if past else now
        first = Leg(number, attempt, 0, channel, intent, self.lines[channel, intent], None, since, since)
        self._note(first)
        (opens, closes), lines = self.hours[channel][self._day()], self.lines_of[channel]
        if past is None and not opens <= now < closes:
            _turn_away(first, "closed", now)
        elif past is None and lines is not None and self.in_use[channel] >= lines:
            _turn_away(first, "blocked", now)
        else:
            self.in_use[channel] += 1
        return first

    def _legs(
        self, leg: Leg, entity: int, patience: int, past: _Past | None
    ) -> Generator[simpy.Event, Any, tuple[str, Leg]]:
        """One contact that was let in, leg after leg; returns its outcome and its last leg with a customer."""
        contact = leg.number << 12 | leg.attempt
        mine = [leg]
        comes = _Comes(patience)
        while True:
            if past is not None and past.team is not None:
                called: Called | str = (past.team, past.team.take_idle())
            elif leg.line.teams and (page := self.floor.teams[leg.line.teams[0]]).team.self_service:
                called = "read"
                to = yield from self._self_service(page, contact, entity, leg)
            else:
                called = yield self._wait(leg, contact, entity, comes)
                if comes.held_by is not None and isinstance(called, str):
                    self._let_go(comes.held_by, self.clock.now_us, contact, entity)
            if isinstance(called, tuple):
                if comes.called_back:
                    self.in_use[leg.channel] += 1
                    if not self._drawn_below(comes.called_back.reached, _REACHED, entity, leg):
                        yield from self._nobody_there(*called, contact, leg, us(comes.called_back.takes_s))
                        outcome = "unresolved"
                        break
                then = yield from self._conversation(*called, contact, entity, mine, past, comes)
                if isinstance(then, HandedOver):
                    leg, comes = yield from self._passed_on(called[0], then, contact, leg, mine)
                    past = None
                    continue
                to = then
                leg.leg_end, outcome = _SETTLED if to is None and self.settles else self._end(entity, leg, to)
                warm = to is not None and to.hand_over is not None and leg.leg_end != "cut_off"
                if not warm:
                    self._wrap_up(*called, contact, entity, leg)
                if to is None and self.scenario.promises:
                    outcome = self._promise(entity, leg, mine, outcome)
            elif called == "callback":
                leg.leg_end, leg.ended_us = "callback", self.clock.now_us
                self._free_line(leg.channel)
                offer = self.offers[leg.channel]
                leg = yield from self._call_later(leg, contact, mine, leg.arrived_us, self.clock.now_us, leg.last_line)
                comes = _Comes(NEVER_US, called_back=offer)
                continue
            elif called == "read":
                outcome = "resolved" if leg.leg_end == "contained" else "unresolved"
                if to is not None:
                    leg.leg_end, outcome = self._end(entity, leg, to)
            else:
                leg.leg_end = outcome = called
                leg.ended_us, to = self.clock.now_us, None
            past = None
            if to is not None and leg.leg_end == "cut_off" and self._is_called(to.calls_back, entity, leg):
                assert to.calls_back is not None
                self._free_line(leg.channel)
                due_us = self.clock.now_us + self._time_us(self._law(to.calls_back.after), _CALL_DELAY, entity, leg)
                line = self._passed_to(to.from_team, leg)
                leg = yield from self._call_later(leg, contact, mine, due_us, due_us, line)
                leg.history, comes = True, _Comes(NEVER_US, called_back=to.calls_back)
                continue
            if to is None or leg.leg_end == "cut_off":
                break
            now = self.clock.now_us
            yield self.clock.at(now, event_key(EventClass.JOIN, contact, leg.leg + 1))
            line, history = self._passed_to(to.to_team, leg), to.history_carried
            answered, before = leg.agent is not None, leg
            leg = Leg(leg.number, leg.attempt, mine[-1].leg + 1, leg.channel, leg.intent, line, history, now, now)
            comes = self._comes(to, entity, leg, NEVER_US if answered else patience)
            self._note(leg)
            mine.append(leg)
            if answered and to.hand_over is not None and isinstance(called, tuple):
                comes = comes._replace(held_by=(*called, before))
        for one in mine:
            one.outcome = outcome
        if outcome == "message":
            self._hang_up(leg)
        else:
            self.in_use[leg.channel] -= 1
        return outcome, leg

    def _promise(self, entity: int, leg: Leg, mine: list[Leg], outcome: str) -> str:
        """Perhaps promise something with an answer; returns what comes of the contact."""
        promise = self._drawn(self.promises[str(leg.team), leg.intent], _PROMISE, entity, leg)
        if promise is None or leg.leg >= LEG_MOST:
            return outcome
        due_us = self.clock.now_us + self._time_us(self._law(promise.due), _PROMISE_DUE, entity, leg)
        leg.promise, leg.promise_due_us = promise, due_us
        if promise.kept is None:
            Going(self.clock, self._work(promise, entity, leg, mine))
            return "censored"  # until the work is done
        u = self._uniform(_PROMISE_KEPT, entity, leg)
        if u < promise.kept:
            leg.promise_kept_us = due_us
        elif promise.late_by is not None and u < promise.kept + promise.late:
            leg.promise_kept_us = due_us + self._time_us(self._law(promise.late_by), _PROMISE_LATE, entity, leg)
        return "unresolved" if leg.promise_kept_us is None else "resolved"

    def _chased_us(self, leg: Leg, entity: int) -> int | None:
        """Return when a customer comes back if a promise has not been kept by then; None where they do not."""
        assert leg.promise is not None
        assert leg.promise_due_us is not None
        chase, word = leg.promise.chase, leg.attempt << 12
        if chase is None or leg.attempt >= chase.attempts_most:
            return None
        if uniform(self.luck.seed, self.luck.plan, entity, word, int(Purpose.CHASE), 0) >= chase.probability:
            return None
        u = uniform(self.luck.seed, self.luck.plan, entity, word, int(Purpose.CHASE_DELAY), 0)
        back_us = leg.promise_due_us + time_us(self._law(chase.after), u)
        return back_us if back_us < self.floor.horizon_us else None

    def _work(self, promise: Promise, entity: int, leg: Leg, mine: list[Leg]) -> Process:
        """Have a team work off what was promised; the customer is not there."""
        contact, number, now_us = leg.number << 12 | leg.attempt, mine[-1].leg + 1, self.clock.now_us
        line = self._passed_to(str(promise.by), leg, work=True)
        work = Leg(leg.number, leg.attempt, number, leg.channel, leg.intent, line, True, now_us, now_us)
        work.role = "work"
        self._note(work)
        mine.append(work)
        called: Called | str = yield self._wait(work, contact, entity, _Comes(NEVER_US))
        assert isinstance(called, tuple)
        team, seat = called
        work.team, work.agent, work.answered_us = team.name, team.seats[seat], self.clock.now_us
        key = event_key(EventClass.END, contact, number)
        yield from self._at_work(team, seat, "work", self._talk_us(team, seat, entity, work, None), key, work, False)
        self._wrap_up(team, seat, contact, entity, work)
        work.leg_end = "answered"
        failed = self._drawn_below(promise.fails, _WORK_FAILS, entity, work)
        if not failed:
            leg.promise_kept_us = self.clock.now_us
        for one in mine:
            one.outcome = "unresolved" if failed else "resolved"

    def _hang_up(self, leg: Leg) -> None:
        """Free the line when a message has been spoken."""
        takes_us = self.messages[leg.channel][1]
        if takes_us:
            key = event_key(EventClass.END, leg.number << 12 | leg.attempt, leg.leg)
            self.clock.do_at(self.clock.now_us + takes_us, key, lambda _: self._free_line(leg.channel))
        else:
            self._free_line(leg.channel)

    def _end(self, entity: int, leg: Leg, to: Transfer | None) -> tuple[str, str]:
        """Return how an answer ended, and what came of the contact if nothing follows."""
        if to is not None:
            if to.cut_off and self._uniform(_CUT_OFF, entity, leg) < to.cut_off:
                return "cut_off", "cut_off"
            return "escalated" if to.escalates else "transferred", "censored"
        share = self.resolved[str(leg.team), leg.intent]
        if self.good:
            share = self.good.get(str(leg.agent), share)
        settled = share >= 1 or self._uniform(_RESOLUTION, entity, leg) < share
        return "answered", "resolved" if settled else "unresolved"

    def _comes(self, transfer: Transfer, entity: int, leg: Leg, patience: int) -> _Comes:
        """Return how one who is passed on waits; as a rule one who has been answered once does not hang up."""
        if transfer.if_busy == "ends":
            return _Comes(0, "cut_off", transfer)
        if transfer.patience is None:
            return _Comes(patience, transfer=transfer)
        word = (leg.attempt << 12) | leg.leg
        u = uniform(self.luck.seed, self.luck.plan, entity, word, int(Purpose.PATIENCE), 0)
        return _Comes(time_us(self._law(transfer.patience), u), transfer=transfer)

    def _line(
        self, teams: tuple[str, ...], channel: Channel, intent: str, first: bool = True, work: bool = False
    ) -> Line:
        """Return the line of contacts that come first, or that are passed on: then a team takes them as they are.

        Orders (`work`) interrupt nothing.
        """
        told = [self.scenario.teams[name] for name in teams]
        rule = self.scenario.rule_of(channel, intent)
        return Line(
            teams,
            tuple(team.rank(intent) for team in told),
            tuple(team.asked_as(intent) for team in told),
            tuple(us(team.takes_after_s.get(intent, 0.0)) if first else 0 for team in told),
            tuple(team.keeps_idle.get(intent, 0) if first else 0 for team in told),
            tuple(team.concurrency - team.points_of(channel) for team in told),
            tuple(team.lays_aside_for(channel) and not work for team in told),
            rule.priority,
            round(rule.weight * 1000),
            rule.promoted,
        )

    def _passed_to(self, team: str, leg: Leg, work: bool = False) -> Line:
        key = team, leg.channel, leg.intent, work
        if key not in self.passed:
            anyone = team == ANYONE
            teams = self.scenario.who_answers(leg.channel, leg.intent) if anyone else (team,)
            self.passed[key] = self._line(teams, leg.channel, leg.intent, first=anyone, work=work)
        return self.passed[key]

    def _wait(self, leg: Leg, contact: int, entity: int, comes: _Comes) -> simpy.Event:
        """Wait for an agent: the event happens with team and seat, or with how the wait ended."""
        own = leg.role is None and not comes.called_back and comes.held_by is None
        leaves_us, ends = leg.arrived_us + comes.patience_us, comes.given_up
        if self.messages:
            leaves_us, ends = self._leaves(leg, comes.patience_us, comes.given_up, own)
        order, channel = (leg.arrived_us, contact, leg.leg), leg.channel if own else None
        waiting = Waiting(order, leaves_us, ends, simpy.Event(self.clock), leg.line, entity, channel)
        if own and leg.channel in self.announces:
            waiting.told = functools.partial(self._told, leg, comes.patience_us)
        silent = self.silent[leg.channel] if own else None
        if silent and self._drawn_below(silent.share, _SILENT, entity, leg, self.luck.plan):
            waiting.found = functools.partial(self._find_gone, leg, contact, us(silent.detected_after_s))
        self.floor.join(waiting)
        if leg.number == self.watched:
            floors = [(name, self.floor.teams[name]) for name in leg.line.teams]
            seen = tuple((name, len(f.on_duty_since) - len(f.idle_since), len(f.on_duty_since)) for name, f in floors)
            ahead = self.floor.ahead_of(waiting)
            self.waited.append(Waited(leg.attempt, leg.leg, ahead, seen, comes.patience_us))
        if leg.line.promotion:
            leg.waiting = waiting
        return waiting.called

    def _let_go(self, held_by: tuple[TeamFloor, int, Leg], at_us: int, contact: int, entity: int) -> None:
        """Have the agent of a warm transfer go on to the work after it."""
        team, seat, leg = held_by
        key = event_key(EventClass.END, contact, leg.leg)
        self.clock.do_at(at_us, key, lambda _: self._wrap_up(team, seat, contact, entity, leg))

    def _leaves(self, leg: Leg, patience_us: int, given_up: str, own: bool) -> tuple[int, str]:
        """Return until when one waits, and what the end of the wait is called."""
        gives_up_us = leg.arrived_us + patience_us
        if own and leg.channel in self.messages:
            longest_us = max(leg.arrived_us + self.messages[leg.channel][0], self.clock.now_us)
            if longest_us < gives_up_us:
                return longest_us, "message"
        return gives_up_us, given_up

    def _told(self, leg: Leg, patience_us: int, waiting: Waiting) -> None:
        """Tell one who must wait how long, upon which some leave, or will be called back, or wait otherwise."""
        told = self.scenario.channels[leg.channel].announcement
        assert told is not None
        position, entity = self.floor.ahead_of(waiting) + 1, waiting.entity
        heard: float = position
        if told.says == "wait":
            handle_us = self.floor.loaded.handle_us(waiting.line.teams[0], leg.intent) if waiting.line.teams else 0
            wait_us = announced_us(position, handle_us, self.floor.rate_of(waiting.line))
            if wait_us < NEVER_US:
                leg.announced_us = wait_us
            heard = wait_us

        def reaches(value: float) -> bool:
            return heard >= (us(value) if told.says == "wait" else value)

        share = next((share for begins, share in reversed(told.balks) if reaches(begins)), 0.0)
        if self._drawn_below(share, _BALKING, entity, leg, self.luck.plan):
            waiting.leaves_us, waiting.ends = self.clock.now_us, "balked"
            return
        offer = told.callback
        if offer and reaches(offer.from_) and self._drawn_below(offer.accepted, _CALLBACK, entity, leg, self.luck.plan):
            self.floor.call(waiting, "callback")
            return
        factor = next((factor for begins, factor in reversed(told.patience) if reaches(begins)), 1.0)
        if factor != 1:
            patience_us = scaled_us(patience_us, round(1000 * factor))
            leaves_us, ends = self._leaves(leg, patience_us, "abandoned", True)
            waiting.leaves_us = max(leaves_us, self.clock.now_us)
            if waiting.ends != "cut_off":
                waiting.ends = ends

    def _call_later(
        self, leg: Leg, contact: int, mine: list[Leg], since_us: int, joins_us: int, line: Line
    ) -> Generator[simpy.Event, Any, Leg]:
        """Hang up, and have a place in a line, from a time on and counted since another, until an agent calls."""
        number = mine[-1].leg + 1
        yield self.clock.at(joins_us, event_key(EventClass.JOIN, contact, number))
        later = Leg(leg.number, leg.attempt, number, leg.channel, leg.intent, line, None, since_us, since_us)
        self._note(later)
        mine.append(later)
        return later

    def _is_called(self, calls: CallsBack | None, entity: int, leg: Leg) -> bool:
        """Say whether one whom a transfer has cut off is called back."""
        return calls is not None and self._drawn_below(calls.share, _CALLS_BACK, entity, leg)

    def _nobody_there(self, team: TeamFloor, seat: int, contact: int, leg: Leg, takes_us: int) -> Process:
        """An agent calls back, and nobody answers."""
        yield self._alone(team, seat, contact, leg, takes_us)
        leg.ended_us, leg.leg_end = leg.taken_us, "silent"

    def _find_gone(self, leg: Leg, contact: int, takes_us: int, team: TeamFloor, seat: int) -> None:
        """An agent comes to one who has left without a sign."""
        self._alone(team, seat, contact, leg, takes_us)

    def _alone(self, team: TeamFloor, seat: int, contact: int, leg: Leg, takes_us: int) -> simpy.Event:
        """Have an agent wait for one who is not there."""
        leg.team, leg.agent, leg.taken_us = team.name, team.seats[seat], self.clock.now_us
        points = team.points.get(leg.channel, 1)
        over = self.floor.talk(team, seat, points, takes_us, event_key(EventClass.END, contact, leg.leg))

        def done(_: simpy.Event) -> None:
            assert leg.taken_us is not None
            leg.wrap_us = self.clock.now_us - leg.taken_us
            self.floor.release(team, seat, points)

        over.callbacks.append(done)
        return over

    def _conversation(
        self,
        team: TeamFloor,
        seat: int,
        contact: int,
        entity: int,
        mine: list[Leg],
        past: _Past | None,
        comes: _Comes,
    ) -> Generator[simpy.Event, Any, Transfer | HandedOver | None]:
        """Talk, perhaps ask a colleague in, perhaps pass on: returns the transfer, or None of an answer."""
        leg, by = mine[-1], comes.transfer
        leg.team, leg.agent, leg.answered_us = team.name, team.seats[seat], self.clock.now_us
        plain = self.plain.get((team.name, leg.intent))
        if past is not None and past.team is not None:
            leg.answered_us, ends_us = past.since_us, past.ends_us
        elif comes.left_us is not None:
            ends_us = leg.answered_us + comes.left_us
        elif plain and (by is None or (by.retelling is None and by.hand_over is None)):
            ends_us = leg.answered_us + self._time_us(plain, _SERVICE, entity, leg)
        else:
            ends_us = leg.answered_us + self._talk_us(team, seat, entity, leg, by)
            if comes.held_by is not None and by is not None and by.hand_over is not None:
                over_us = self._time_us(self._law(by.hand_over), _HAND_OVER, entity, leg)
                self._let_go(comes.held_by, leg.answered_us + over_us, contact, entity)
                ends_us += over_us
            if (team.name, leg.intent) in self.clocks:
                ends_us = self._by_the_clock(team, entity, leg, ends_us)
        key, lasts_us = _END | contact << 12 | leg.leg, ends_us - self.clock.now_us
        if team.talks_on:
            yield self.floor.talk(team, seat, team.points.get(leg.channel, 1), lasts_us, key)
            begun = past is not None and past.team is not None  # as the run begins: no more than is left is told
            if leg.channel in team.team.turns and not begun:
                yield from self._turn_by_turn(team, seat, contact, entity, leg)
        else:
            own = comes.held_by is None  # the agent before waits with the customer: this talk goes on as it began
            handed = yield from self._at_work(team, seat, leg.channel if own else None, lasts_us, key, leg, own)
            if handed is not None:
                return handed
        conferences = self.conferences[team.name, leg.intent]
        if conferences and (conference := self._drawn(conferences, _CONFERENCE, entity, leg)):
            yield from self._ask_in(conference, contact, entity, mine)
            yield self.clock.at(self.clock.now_us, event_key(EventClass.END, contact, leg.leg))
        if leg.leg >= LEG_MOST:
            return None
        to = self._drawn(self.transfers[team.name, leg.intent], _TRANSFER, entity, leg)
        if to is not None and to.after_s and self.clock.now_us < leg.answered_us + us(to.after_s):
            return None
        return to

    def _by_the_clock(self, team: TeamFloor, entity: int, leg: Leg, ends_us: int) -> int:
        """Return when a talk ends that is perhaps passed on once it has lasted long."""
        to = None
        if leg.leg < LEG_MOST:
            to = self._drawn(self.transfers[team.name, leg.intent], _TRANSFER, entity, leg)
        if to is None or not to.after_s or leg.answered_us is None:
            return ends_us
        if leg.hold_us is not None:
            leg.hold_us = min(leg.hold_us, us(to.after_s))
        return min(ends_us, leg.answered_us + us(to.after_s))

    def _turn_by_turn(self, team: TeamFloor, seat: int, contact: int, entity: int, leg: Leg) -> Process:
        """Go on with a conversation of which the first answer has been given."""
        turns, luck, word = team.team.turns[leg.channel], self.luck, (leg.attempt << 12) | leg.leg
        for left in range(turns.count - 1, 0, -1):
            reply = uniform(luck.seed, luck.plan, entity, word, _REPLY, left)
            replied_us = self.clock.now_us + time_us(self._law(turns.reply), reply)
            yield self.clock.at(replied_us, event_key(EventClass.TIMER, contact, leg.leg))
            u = uniform(luck.seed, luck.desk, entity, word, _SERVICE, left)
            drawn_us = time_us(self._service(team.name, leg.intent), u) // turns.count
            work_us = self._handled_us(team, seat, drawn_us, leg)
            yield self.floor.answer(team, seat, work_us, event_key(EventClass.END, contact, leg.leg))

    def _handled_us(self, team: TeamFloor, seat: int, talk_us: int, leg: Leg) -> int:
        """Return how long an agent takes for what takes another so long."""
        if team.alike:
            return talk_us
        now_us, slower = self.clock.now_us, team.team.slower_after_wait
        answered_us = now_us if leg.answered_us is None else leg.answered_us
        return handled_us(
            talk_us, _speed(team, seat), team.team.fatigue, team.occupied_us(seat, now_us),
            now_us - team.on_duty_since[seat], slower.per_minute if slower else 0.0, slower.most if slower else 0.0,
            answered_us - leg.arrived_us,
        )  # fmt: skip

    def _at_work(
        self,
        team: TeamFloor,
        seat: int,
        kind: Channel | Literal["work"] | None,
        lasts_us: int,
        key: int,
        leg: Leg,
        own: bool,
    ) -> Generator[simpy.Event, Any, HandedOver | None]:
        """Talk, or do the work of an order, which is perhaps laid aside for others, or passed on as the shift ends."""
        laid_aside, passes_on = kind in team.team.interruptible, own and team.hands_over and leg.leg < LEG_MOST
        if team.shared or not (laid_aside or passes_on):
            handed = yield self.floor.talk(team, seat, team.points.get(leg.channel, 1), lasts_us, key, passes_on)
        else:
            task = self.floor.work(team, seat, lasts_us, key, laid_aside, passes_on)
            handed = yield task.over
            leg.aside_us = task.aside_us
        return handed if isinstance(handed, HandedOver) else None

    def _passed_on(
        self, team: TeamFloor, handed: HandedOver, contact: int, leg: Leg, mine: list[Leg]
    ) -> Generator[simpy.Event, Any, tuple[Leg, _Comes]]:
        """Join the team's queue again, as the agent goes home."""
        now_us, number = self.clock.now_us, mine[-1].leg + 1
        leg.leg_end, leg.ended_us, leg.served, leg.hold_us = "transferred", now_us, True, None
        yield self.clock.at(now_us, event_key(EventClass.JOIN, contact, number))
        line, briefs = self._passed_to(team.name, leg), team.team.at_shift_end == "briefs"
        later = Leg(leg.number, leg.attempt, number, leg.channel, leg.intent, line, briefs, now_us, now_us)
        self._note(later)
        mine.append(later)
        return later, _Comes(NEVER_US, left_us=handed.left_us if briefs else None)

    def _wrap_up(self, team: TeamFloor, seat: int, contact: int, entity: int, leg: Leg) -> None:
        """End a talk, and free the agent when the work after it is done."""
        points, ends_us = team.points.get(leg.channel, 1), self.clock.now_us
        leg.ended_us, leg.served = ends_us, True
        leg.held_us = leg.hold_us
        law = self.wrap.get((team.name, leg.intent))
        if law is not None:
            wrap_us = self._time_us(law, _WRAP, entity, leg)
            leg.wrap_us = wrap_us if team.alike else handled_us(wrap_us, _speed(team, seat), 0.0, 0, 0, 0.0, 0.0, 0)
        if leg.wrap_us:
            key = event_key(EventClass.END, contact, leg.leg)
            self.clock.do_at(ends_us + leg.wrap_us, key, lambda _: self.floor.release(team, seat, points))
        else:
            self.floor.release(team, seat, points)

    def _talk_us(self, team: TeamFloor, seat: int, entity: int, leg: Leg, by: Transfer | None) -> int:
        """Draw how long an agent takes for a talk that begins now, time on hold included."""
        talk_us = self._time_us(self._service(team.name, leg.intent), _SERVICE, entity, leg)
        if team.one_by_one and leg.role is None:
            talk_us //= team.team.turns_of(leg.channel)
        if by is not None and by.retelling is not None:
            talk_us += self._time_us(self._law(by.retelling), _RETELLING, entity, leg)
        talk_us = self._handled_us(team, seat, talk_us, leg)
        hold = self.hold.get((team.name, leg.intent))
        if hold is not None:
            leg.hold_us = self._time_us(hold, _HOLD, entity, leg)
            talk_us += leg.hold_us
        return talk_us

    def _service(self, team: str, intent: str) -> LawRow:
        """Return the law of a talk that begins now."""
        day, now = self._day(), self.clock.now_us
        return next(law for from_s, law in self.service[team, intent] if now >= us(self.local.at_s(day, from_s)))

    def _day(self) -> int:
        now_us = self.clock.now_us
        if now_us >= self.day_ends_us:
            self.today = self.local.day_at(now_us // 1_000_000)
            self.day_ends_us = us(self.local.begins_s(self.today + 1))
        return self.today

    def _ask_in(self, conference: Conference, contact: int, entity: int, mine: list[Leg]) -> Process:
        """Ask a colleague in, who talks with the two others for a while if one is free now."""
        asker, number = mine[-1], mine[-1].leg + 1
        yield self.clock.at(self.clock.now_us, event_key(EventClass.JOIN, contact, number))
        now_us, line = self.clock.now_us, self._passed_to(conference.with_team, asker)
        leg = Leg(asker.number, asker.attempt, number, asker.channel, asker.intent, line, True, now_us, now_us)
        leg.role = "conference"
        self._note(leg)
        mine.append(leg)
        called: Called | str = yield self._wait(leg, contact, entity, _Comes(0, "blocked"))
        if isinstance(called, str):
            leg.leg_end, leg.ended_us = called, self.clock.now_us
            return
        team, seat = called
        leg.team, leg.agent, leg.answered_us = team.name, team.seats[seat], self.clock.now_us
        lasts_us = self._time_us(self._law(conference.time), _CONFERENCE_TIME, entity, leg)
        points = team.points.get(leg.channel, 1)
        yield self.floor.talk(team, seat, points, lasts_us, event_key(EventClass.END, contact, number))
        leg.ended_us, leg.served, leg.leg_end = self.clock.now_us, True, "answered"
        self.floor.release(team, seat, points)

    def _self_service(
        self, page: TeamFloor, contact: int, entity: int, leg: Leg
    ) -> Generator[simpy.Event, Any, Transfer | None]:
        """Read a page, go through a menu, ask a bot: no queue, no agent; those who find no answer may be passed on."""
        leg.team, leg.answered_us = page.name, self.clock.now_us
        ends_us = leg.answered_us + self._time_us(self._service(page.name, leg.intent), _SERVICE, entity, leg)
        yield self.clock.at(ends_us, event_key(EventClass.END, contact, leg.leg))
        found = self._uniform(_CONTAINMENT, entity, leg) < page.team.contained_share(leg.intent)
        leg.ended_us, leg.leg_end = ends_us, "contained" if found else "answered"
        if found or leg.leg >= LEG_MOST:
            return None
        return self._drawn(self.transfers[page.name, leg.intent], _TRANSFER, entity, leg)

    # -- luck --------------------------------------------------------------------------------------------------

    def _uniform(self, purpose: int, entity: int, leg: Leg) -> float:
        word = (leg.attempt << 12) | leg.leg  # visit(0, …), spelt out: a call into compiled code costs more
        return uniform(self.luck.seed, self.luck.desk, entity, word, purpose, 0)

    def _time_us(self, law: LawRow, purpose: int, entity: int, leg: Leg) -> int:
        kind, a, b, _, _ = law
        if kind >= EMPIRICAL:
            return time_us(law, self._uniform(purpose, entity, leg))
        word = (leg.attempt << 12) | leg.leg
        return keyed_us(kind, a, b, self.luck.seed, self.luck.desk, entity, word, purpose)

    def _drawn_below(self, share: float, purpose: int, entity: int, leg: Leg, replication: int | None = None) -> bool:
        """Say whether something that happens to a share happens to this leg; by the desk's luck unless told."""
        if share <= 0:
            return False
        word, luck = (leg.attempt << 12) | leg.leg, self.luck
        return uniform(luck.seed, luck.desk if replication is None else replication, entity, word, purpose, 0) < share

    def _law(self, law: AnyLaw) -> LawRow:
        """Return a law as the jitted functions take it."""
        if id(law) not in self.laws:
            self.laws[id(law)] = law_row(law)
        return self.laws[id(law)]

    def _drawn(self, choices: list[Choice], purpose: int, entity: int, leg: Leg) -> Choice | None:
        """Draw one of several that each have a probability, or none."""
        if not choices:
            return None
        u = self._uniform(purpose, entity, leg)
        for choice in choices:
            if u < choice.probability:
                return choice
            u -= choice.probability
        return None

    def _free_line(self, channel: str) -> None:
        self.in_use[channel] -= 1


def _speed(team: TeamFloor, seat: int) -> int:
    """Return how fast a seat's agent is, in thousandths."""
    named = team.team.named
    return round(1000 * named[seat].speed) if seat < len(named) else 1000


def _turn_away(leg: Leg, end: str, now_us: int) -> None:
    leg.leg_end = leg.outcome = end
    leg.ended_us = now_us
