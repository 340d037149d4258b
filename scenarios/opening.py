"""Start from now: what a desk looks like at an instant, read from a state file, and the day as it goes on from there.

Those who wait or are being served come into the engine together at that instant, with the past they have: how long they
will still wait or talk is drawn given that they have not gone yet. Planned customers due before it are left out, and
nobody is on duty before it.

>>> from scenarios.laws import Uniform, law_row
>>> share_below(law_row(Uniform(law="uniform", low_s=0, high_s=100)), 25)
0.25
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.law_curves import curve_hazard
from scenarios.laws import (
    CURVE,
    DETERMINISTIC,
    EXPONENTIAL,
    LOGNORMAL,
    SOME_ZERO,
    TRIANGULAR,
    UNIFORM,
    WEIBULL,
    LawRow,
    hazard_us,
    time_us,
    without_zero,
)
from scenarios.models import Strict, check_model, read_model
from scenarios.reading import LoadedScenario, Opening, Person
from scenarios.scenario import Channel, Clock, Name
from scenarios.units import AGENTS_MOST, DAY_S, clock_s, clock_text
from scenarios.yaml_reader import Document, Key, read_file

PEOPLE_MOST = 100_000
AGO_S_MOST = 90.0 * DAY_S

Ago = Annotated[float, Field(ge=0, le=AGO_S_MOST)]


class InService(Strict):
    """A customer an agent is with."""

    team: Name = Field(description="whose agent")
    channel: Channel = Field(description="over which channel")
    intent: Name = Field(description="one of the scenario's intents")
    for_s: Ago = Field(description="for how long already, in seconds")


class WaitingNow(Strict):
    """Customers who wait, in the queue or in the backlog."""

    channel: Channel = Field(description="on which channel")
    intent: Name = Field(description="one of the scenario's intents")
    waited_s: Ago = Field(description="for how long already, in seconds")
    count: Annotated[int, Field(ge=1, le=PEOPLE_MOST)] = Field(1, description="how many of them")


class State(Strict):
    """How a desk stands at an instant of the scenario's first day."""

    state: Name = Field(description="the state's name")
    at: Clock = Field(description="now, HH:MM")
    agents: dict[Name, Annotated[int, Field(ge=0, le=AGENTS_MOST)]] = Field(
        default_factory=dict,
        description="who is logged in, by team, until the team's next roster change; as rostered where left out",
    )
    in_service: list[InService] = Field(default_factory=list, max_length=PEOPLE_MOST, description="who is being served")
    waiting: list[WaitingNow] = Field(
        default_factory=list, max_length=PEOPLE_MOST, description="the open queue and the backlog"
    )


def read_state(path: Path) -> State:
    """Read a state file by itself; whether it fits a scenario is seen when both are loaded.

    Raises:
        FaultsFoundError: every fault.
    """
    return read_model(path, State)


def load_state(path: Path, loaded: LoadedScenario) -> LoadedScenario:
    """Read a state file, and return the scenario as it goes on from there.

    Raises:
        FaultsFoundError: every fault of the file, also where it does not fit the scenario.
    """
    document = read_file(path)
    state = check_model(document, State)
    faults = list(_strangers(document, state, loaded))
    if faults:
        raise FaultsFoundError(faults)
    serving = [
        (f"now.service.{k:05d}", one.for_s, one.channel, one.intent, one.team) for k, one in enumerate(state.in_service)
    ]
    waits = [one for one in state.waiting for _ in range(one.count)]
    waiting = [(f"now.waiting.{k:05d}", one.waited_s, one.channel, one.intent, None) for k, one in enumerate(waits)]
    at_s = float(loaded.scenario.local_days.at_s(0, clock_s(state.at)))
    people = tuple(
        Person(name, at_s - ago_s, channel, intent, team) for name, ago_s, channel, intent, team in serving + waiting
    )
    return opened(loaded, at_s, state.agents, people, hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest())


def opened(
    loaded: LoadedScenario, at_s: float, agents: dict[str, int], people: tuple[Person, ...], digest: str = ""
) -> LoadedScenario:
    """Return a scenario that goes on from an instant.

    Args:
        loaded: the scenario.
        at_s: the instant, in scenario seconds.
        agents: who is there, by team; as rostered where left out.
        people: who waits or is being served.
        digest: of the file that said so.
    """
    rosters, certain_s = dict(loaded.agents), {}
    told = {*agents, *(person.team for person in people if person.team is not None)}
    for name, steps in loaded.agents.items():
        rostered = _rostered(steps, at_s)
        here = agents.get(name, rostered)
        rosters[name] = [(0.0, 0), (at_s, here)] if at_s else [(0.0, here)]
        later = [(from_s, count) for from_s, count in steps if from_s > at_s]
        rosters[name] += itertools.dropwhile(lambda step, rostered=rostered: step[1] == rostered, later)  # type: ignore[misc]
        if name in told:  # they are there: luck empties no seat before its next block
            block_s = loaded.scenario.teams[name].shrinkage_block_minutes * 60.0
            certain_s[name] = (at_s // block_s + 1) * block_s
    hashed = hashlib.blake2b(f"{loaded.hash} {digest}".encode(), digest_size=8).hexdigest()
    since = loaded.then(functools.partial(opened, at_s=at_s, agents=agents, people=people, digest=digest))
    opening = Opening(at_s, people, certain_s)
    return dataclasses.replace(loaded, agents=rosters, hash=hashed, opening=opening, since=since)


def share_below(law: LawRow, time_s: float) -> float:
    """Return the share of draws that do not exceed a time: what `quantile_s` inverts."""
    kind, a, b, shares, times = law
    if time_s < 0:
        return 0.0
    if kind >= SOME_ZERO:
        zero = float(shares[0])
        return zero + (1.0 - zero) * share_below(without_zero(law), time_s)
    if kind in (EXPONENTIAL, WEIBULL, CURVE):
        return -math.expm1(-hazard_below(law, time_s))
    if kind == DETERMINISTIC:
        return float(time_s >= a)
    if kind == UNIFORM:
        return 1.0 if time_s >= b else max(0.0, (time_s - a) / (b - a))
    if kind == LOGNORMAL:
        return 0.0 if time_s == 0 else 0.5 * math.erfc(-(math.log(time_s) - a) / (b * math.sqrt(2)))
    if kind == TRIANGULAR:
        low, mode, high = times.tolist()
        return _triangle_below(low, mode, high, time_s)
    place = int(np.searchsorted(times, time_s, side="right"))
    if place in (0, len(times)):
        return float(shares[-1]) if place else 0.0
    part = (time_s - times[place - 1]) / (times[place] - times[place - 1])
    return float(shares[place - 1] + (shares[place] - shares[place - 1]) * part)


def _triangle_below(low: float, mode: float, high: float, time_s: float) -> float:
    if time_s >= high or time_s <= low:
        return float(time_s >= high)
    if time_s <= mode:
        return (time_s - low) ** 2 / ((high - low) * (mode - low))
    return 1.0 - (high - time_s) ** 2 / ((high - low) * (high - mode))


def hazard_below(law: LawRow, time_s: float) -> float:
    """Return the hazard that has gathered until a time, -ln of the share that exceeds it: what `hazard_us` inverts."""
    kind, a, b, hazards, times = law
    if kind == CURVE:
        return curve_hazard(time_s, hazards, times)
    return time_s / a if kind == EXPONENTIAL else (time_s / a) ** (1.0 / b)


def later_us(law: LawRow, spent_us: int, u: float) -> int:
    """Draw a time in microseconds, given that it is longer than what is spent of it already."""
    law = without_zero(law)  # whose time has begun is not of those who have none
    if law[0] == EXPONENTIAL:
        return spent_us + time_us(law, u)  # it forgets what is spent, however long
    if law[0] in (WEIBULL, CURVE):  # what gathers from now on is drawn anew; shares would lose it in a far tail
        return max(hazard_us(law, hazard_below(law, spent_us / 1e6) - math.log1p(-u)), spent_us)
    below = share_below(law, spent_us / 1e6)
    return max(time_us(law, min(below + u * (1.0 - below), 1.0 - 2.0**-53)), spent_us)


def _rostered(steps: list[tuple[float, int]], at_s: float) -> int:
    return next((count for from_s, count in reversed(steps) if from_s <= at_s), 0)


def _lost_redials(document: Document, i: int, waits: WaitingNow, loaded: LoadedScenario) -> Iterator[Fault]:
    """Find who waits and, giving up, would try again on a channel where nobody takes their intent."""
    scenario, seen, reached = loaded.scenario, {waits.channel}, [waits.channel]
    while reached:
        retry = scenario.retry.get(reached.pop())
        for to, share in (retry.to if retry else {}).items():
            if share and to not in seen:
                seen.add(to)
                reached.append(to)
                if waits.intent in scenario.intents and not scenario.who_takes(to, waits.intent):
                    expected = f"an intent that is also taken on {to}, where some of them try again"
                    yield document.fault(("waiting", i, "intent"), waits.intent, expected)


def _strangers(document: Document, state: State, loaded: LoadedScenario) -> Iterator[Fault]:
    """Find what the scenario does not know, and more customers with agents than there are agents."""
    scenario = loaded.scenario
    people = [name for name, team in scenario.teams.items() if not team.self_service]

    def known(key: Key, found: str, words: list[str]) -> Iterator[Fault]:
        if found not in words:
            yield document.fault(key, found, one_of(words, found))

    if clock_s(state.at) >= DAY_S:
        yield document.fault(("at",), state.at, "a time before 24:00")
    local = scenario.local_days
    at_s = local.at_s(0, clock_s(state.at))
    if local.day_at(at_s) == 0 and local.clock_s(at_s) != clock_s(state.at):
        change = local.changes[0]
        expected = f"a time of {scenario.starts}, when clocks go from {clock_text(change.before_s)} to "
        yield document.fault(("at",), state.at, expected + clock_text(change.after_s))
    for name in state.agents:
        yield from known(("agents", name), name, people)
    named = [("in_service", i, one.channel, one.intent) for i, one in enumerate(state.in_service)]
    named += [("waiting", i, one.channel, one.intent) for i, one in enumerate(state.waiting)]
    for part, i, channel, intent in named:
        yield from known((part, i, "channel"), channel, list(scenario.channels))
        yield from known((part, i, "intent"), intent, list(scenario.intents))
    for i, waits in enumerate(state.waiting):
        able = scenario.who_takes(waits.channel, waits.intent)
        if (
            waits.channel in scenario.channels
            and waits.intent in scenario.intents
            and (not able or able[0] not in people)
        ):
            expected = f"a channel on which agents take {waits.intent}"
            yield document.fault(("waiting", i, "channel"), waits.channel, expected)
        yield from _lost_redials(document, i, waits, loaded)
    busy: dict[str, list[int]] = {}
    told: set[str] = set()
    for i, served in enumerate(state.in_service):
        yield from known(("in_service", i, "team"), served.team, people)
        if served.team not in people or served.intent not in scenario.intents:
            continue
        service = scenario.teams[served.team].service
        if served.intent not in service and "default" not in service:
            yield document.fault(("in_service", i, "intent"), served.intent, one_of(list(service), served.intent))
        team = scenario.teams[served.team]
        there = state.agents.get(served.team, _rostered(loaded.agents[served.team], at_s))
        loads = busy.setdefault(served.team, [0] * there)
        least = min(range(len(loads)), key=loads.__getitem__, default=-1)  # as the engines place them
        if least >= 0 and loads[least] + team.points_of(served.channel) <= team.concurrency:
            loads[least] += team.points_of(served.channel)
        elif served.team not in told:
            told.add(served.team)
            most = there * team.concurrency
            each = "" if team.concurrency == 1 else f" with {team.concurrency} at once each"
            expected = f"at most {most} customers in service there, as many as there are agents{each}; or say agents"
            yield document.fault(("in_service", i, "team"), served.team, expected)
