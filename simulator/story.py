"""One customer's story, told in words: what they lived through in one replication, as the SimPy engine played it.

The whole day is played, as others stand in line before them, and only what concerns the customer is told. Refuses to
invent: every sentence is a row of the contact log, or what the engine saw at that moment (who was ahead, who was busy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from results.conduct import CONTRADICTION, conduct_of
from results.words import duration
from scenarios.faults import nearest
from scenarios.local_days import ALIKE, LocalDays
from scenarios.plan import make_plan
from scenarios.reading import LoadedScenario
from scenarios.units import NEVER_US, clock_text
from simulator.engine_simpy import Engine, Waited
from simulator.simpy_floor import Luck
from simulator.simpy_log import Leg, legs_of
from simulator.simulate import believed_churn

NEAREST_OF_MOST = 50_000

TREATED = {
    "blame_customer": "is told that it is their own fault",
    "empathy": "meets with understanding",
    "apology": "hears an apology",
    "honours_mistake": "is offered something to make up for it",
    CONTRADICTION: "hears another answer than before",
}
"""How people treat customers, by what the table `conduct` calls it. A wrong answer sounds like a right one."""

Treated = Mapping[tuple[int, int], Sequence[str]]
"""What is told of a leg, by attempt and leg."""


class StoryError(ValueError):
    """No such customer comes; the message says who does."""


@dataclass(frozen=True)
class Moment:
    """Something that happened, at a scenario second, in words."""

    at_s: float
    text: str


@dataclass(frozen=True)
class Story:
    """A customer's moments in the order of time, and how it ended."""

    customer: str
    title: str
    moments: tuple[Moment, ...]
    ending: str
    local: LocalDays = ALIKE

    def text(self) -> str:
        """Return the story as lines."""
        return "\n".join(
            [
                f"{self.customer}: {self.title}",
                *(f"{_clock(m.at_s, self.local)}  {m.text}" for m in self.moments),
                self.ending,
            ]
        )


def story_of(loaded: LoadedScenario, seed: int, customer: str, replication: int = 0) -> Story:
    """Tell one customer's story.

    Args:
        loaded: the scenario.
        seed: of the run.
        customer: a customer's id (of several cases the first by name), or that of one of their cases or contacts.
        replication: which of the run's.

    Raises:
        StoryError: nobody of that name comes in this replication.
    """
    plan = make_plan(loaded, seed, replication)
    names, cases = plan["customer_id"].tolist(), [case.split("/")[0] for case in plan["case_id"]]
    name = customer if customer in set(names) else customer.split("/")[0]
    if name in set(cases):  # one of a customer's cases, or one who is called as their only case
        names = cases
    if name not in set(names):
        close = nearest(names[:NEAREST_OF_MOST], customer) or (names[0] if names else "nobody at all")
        raise StoryError(f"--story {customer}: no such customer comes in replication {replication}; {close} does")
    number = names.index(name)
    model = believed_churn(loaded, seed)
    engine = Engine(loaded, plan, Luck(seed, replication, replication), watched=number, model=model)
    engine.run()
    legs = [leg for leg in engine.rows if leg.number == number]
    intent = plan["intent"].iloc[number]
    title = f"{loaded.scenario.intents[intent]} ({intent})"
    table = legs_of(legs, engine.plan, loaded.scenario, "", replication)
    treated = _treated(table, conduct_of(table, loaded.scenario, loaded.horizon_s, seed))
    moments = sorted(_moments(engine, legs, treated), key=lambda moment: moment.at_s)
    return Story(name, title, tuple(moments), _ending(legs), loaded.scenario.local_days)


def _treated(legs: pd.DataFrame, conduct: pd.DataFrame) -> Treated:
    """Return how people treat the customer in each leg, in words, each but once."""
    attempts = dict(zip(legs["contact_id"], legs["attempt"], strict=True))
    found: dict[tuple[int, int], list[str]] = {}
    for contact, leg, label in zip(conduct["contact_id"], conduct["leg"], conduct["label"], strict=True):
        said = found.setdefault((attempts[contact], leg), [])
        if label in TREATED and TREATED[label] not in said:
            said.append(TREATED[label])
    return found


def _moments(engine: Engine, legs: Sequence[Leg], treated: Treated) -> Iterator[Moment]:
    waits = {(one.attempt, one.leg): one for one in engine.waited}
    told = False  # whether anybody has heard the story yet
    ended: str | None = None  # how the leg before ended
    for leg in legs:
        called = leg.leg > 0 and leg.role is None and ended in ("callback", "cut_off")
        yield Moment(leg.arrived_us / 1e6, _is_to_be_called(leg) if called else _comes(leg))
        ended = leg.leg_end
        waited = waits.get((leg.attempt, leg.leg))
        if waited is not None and leg.answered_us != leg.arrived_us and leg.role is None and not called:
            yield Moment(leg.arrived_us / 1e6, _waits(waited))
        if leg.announced_us is not None:
            yield Moment(leg.arrived_us / 1e6, f"hears that it will take {duration(leg.announced_us / 1e6)}")
        if leg.answered_us is not None:
            yield Moment(leg.answered_us / 1e6, _answered(leg, told, called))
            told = told or leg.agent is not None
        if leg.ended_us is not None:
            yield from (Moment(leg.ended_us / 1e6, text) for text in treated.get((leg.attempt, leg.leg), ()))
            yield from (Moment(leg.ended_us / 1e6, text) for text in _ended(leg))
        yield from _promised(leg, engine.floor.horizon_us)


def _promised(leg: Leg, horizon_us: int) -> Iterator[Moment]:
    """Tell what was promised, and what became of it."""
    due_us, kept_us = leg.promise_due_us, leg.promise_kept_us
    if due_us is None or leg.ended_us is None:
        return
    yield Moment(leg.ended_us / 1e6, f"is promised to have it settled within {duration((due_us - leg.ended_us) / 1e6)}")
    if due_us <= horizon_us and (kept_us is None or kept_us > due_us):
        yield Moment(due_us / 1e6, "waits in vain for what was promised")
    if kept_us is not None and kept_us <= horizon_us:
        late = f", {duration((kept_us - due_us) / 1e6)} late" if kept_us > due_us else ""
        yield Moment(kept_us / 1e6, f"gets what was promised{late}")


def _comes(leg: Leg) -> str:
    if leg.role == "work":
        return f"(out of sight, an order goes to {leg.line.teams[0]})"
    if leg.role == "conference":
        return f"a colleague of {leg.line.teams[0]} is asked for"
    if leg.leg:
        return f"comes to {' or '.join(leg.line.teams)}"
    again = f"tries again, attempt {leg.attempt}, " if leg.attempt > 1 else "asks "
    first = f", with priority {leg.line.priority}" if leg.line.priority else ""
    return f"{again}{'in person' if leg.channel == 'in_person' else f'on {leg.channel}'}{first}"


def _is_to_be_called(leg: Leg) -> str:
    return f"(out of sight, a call back is due from {' or '.join(leg.line.teams)})"


def _waits(waited: Waited) -> str:
    ahead = {0: "nobody is ahead", 1: "1 is ahead"}.get(waited.ahead, f"{waited.ahead} are ahead")
    floors = ", ".join(
        f"{name}: {busy} of {there} busy" if there else f"{name}: nobody is there"
        for name, busy, there in waited.floors
    )
    would = "" if waited.patience_us >= NEVER_US else f"; would wait {duration(waited.patience_us / 1e6)}"
    return f"waits: {ahead} in line; {floors}{would}"


def _answered(leg: Leg, told: bool, called: bool) -> str:
    assert leg.answered_us is not None
    after = (leg.answered_us - leg.arrived_us) / 1e6
    when = f"after {duration(after)}" if after else "at once"
    if leg.agent is None:
        return f"{'reads' if leg.channel == 'faq' else 'meets'} {leg.team}"
    if leg.role == "conference":
        return f"{leg.agent} is asked in"
    if leg.role == "work":
        return f"(out of sight, {leg.agent} begins the work {when})"
    heard = "" if not told else ", who knows the story" if leg.history else ", and tells the story again"
    return f"is {'called back' if called else 'answered'} by {leg.agent} {when}{heard}"


def _ended(leg: Leg) -> Iterator[str]:
    assert leg.ended_us is not None
    if leg.role == "work":
        yield "(the work is done)" if leg.outcome == "resolved" else "(the work has failed, and nobody says so)"
        return
    if leg.role == "conference":
        yield "no colleague is free" if leg.agent is None else f"{leg.agent} leaves again"
        return
    spent = duration((leg.ended_us - leg.answered_us) / 1e6) if leg.answered_us is not None else ""
    if leg.aside_us:
        spent += f" ({duration(leg.aside_us / 1e6)} of it laid aside for others)"
    waited = duration((leg.ended_us - leg.arrived_us) / 1e6)
    match leg.leg_end:
        case "abandoned":
            yield f"gives up after {waited}"
        case "closed":
            yield "finds it closed"
        case "blocked":
            yield "gets a busy signal"
        case "balked":
            yield "hears that and hangs up"
        case "callback":
            yield "accepts to be called back, and hangs up"
        case "silent" if leg.taken_us is not None and leg.taken_us == leg.ended_us:
            yield f"is called back after {waited}, and is not there"
        case "silent":
            yield f"gives up after {waited}, without a sign"
        case "message":
            yield f"is asked for a message after {waited}, and leaves one"
        case "cleared_at_close":
            yield f"is sent away after {waited}, as it closes"
        case "cut_off" if leg.answered_us is None:
            yield "is cut off, as nobody is free"
        case "cut_off":
            yield f"is cut off by a transfer after {spent}"
        case "contained":
            yield f"finds the answer after {spent}"
        case "transferred" if leg.agent is None:
            yield f"finds no answer in {spent}, and is passed on"
        case "escalated":
            yield f"is passed to the tier above after {spent}"
        case "transferred":
            yield f"is passed on after {spent}"
        case "answered" if leg.agent is None:
            yield f"finds no answer in {spent}"
        case "answered" if leg.outcome == "unresolved" and leg.promise is None:
            yield f"is done after {spent}, and nothing is settled"
        case _:
            yield f"is done after {spent}"


def _ending(legs: Sequence[Leg]) -> str:
    if not legs:
        return "never came: the day was over"
    last, attempts = legs[-1], len({leg.attempt for leg in legs})
    told = sum(leg.agent is not None and leg.role is None and not leg.history for leg in legs)
    broken = sum(leg.promise_due_us is not None and not _kept_in_time(leg) for leg in legs)
    legs = [leg for leg in legs if leg.role is None]
    waited_us = sum(
        (leg.answered_us if leg.answered_us is not None else leg.ended_us or leg.arrived_us) - leg.arrived_us
        for leg in legs
    )
    said = {
        "abandoned": "gave up",
        "blocked": "never got through",
        "censored": "still under way when the run ended",
        "cut_off": "cut off",
        "silent": "gave up",
        "balked": "did not want to wait",
        "message": "left a message",
        "cleared_at_close": "sent away at closing time",
    }
    outcome = said.get(last.outcome, last.outcome)
    parts = [f"{attempts} attempt{'s' if attempts > 1 else ''}", f"{duration(waited_us / 1e6)} of waiting"]
    if told > 1:
        parts.append(f"told the story {told} times")
    if broken:
        parts.append(f"{broken} promise{'s' if broken > 1 else ''} not kept in time")
    return f"In the end: {outcome}; {', '.join(parts)}"


def _kept_in_time(leg: Leg) -> bool:
    return leg.promise_kept_us is not None and leg.promise_kept_us <= (leg.promise_due_us or 0)


def _clock(at_s: float, local: LocalDays) -> str:
    day, text = local.day_at(at_s), clock_text(local.clock_s(at_s))
    return f"{f'day {day + 1} ' if day else ''}{text if text.count(':') == 2 else text + ':00'}"
