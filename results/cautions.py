"""Cautions: reasons to read a simulation's figures with care, as data beside them.

Holds two that no interval shows: a queue that can only grow, and a run that ended before its customers were answered.
Refuses to guess: a caution is raised only where the scenario or the log leaves no doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from results.figures import Figure
from scenarios.calendar import DayKind
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, Channel, Scenario

UNSTABLE, TOO_SHORT = "unstable", "horizon too short"

CUT_OFF_SHARE_MOST = 0.005
"""A tenth of what a 5 % abandonment goal turns on: fewer cut off do not move a figure anybody reads."""

TRANSFERS_FOLLOWED = 5


@dataclass(frozen=True)
class Caution:
    """One reason: its kind, the channel or teams it is about, the value found, the limit it passes, and a sentence."""

    kind: str
    about: str
    value: float
    limit: float
    text: str


def cautions_of(loaded: LoadedScenario, figures: Iterable[Figure]) -> list[Caution]:
    """Return every caution a simulation's figures need.

    Of a run that begins in the middle of a day, or plays the stages of a profile, nothing is said of the work of the
    whole of it.
    """
    staged = loaded.profile is not None and bool(loaded.profile.stages)
    return [*([] if loaded.opening or staged else _unstable(loaded)), *_cut_off(figures)]


def _cut_off(figures: Iterable[Figure]) -> Iterator[Caution]:
    for figure in figures:
        of_a_part = figure.intent is not None or figure.interval is not None  # the channel's own caution says it all
        if figure.name == "still_waiting_share" and figure.value > CUT_OFF_SHARE_MOST and not of_a_part:
            text = (
                f"{figure.channel}: {figure.value:.1%} of contacts were still waiting when the run ended, and what "
                f"they would have waited is missing; simulate more days, or roster until the queue is empty"
            )
            yield Caution(TOO_SHORT, str(figure.channel), figure.value, CUT_OFF_SHARE_MOST, text.replace("%", " %", 1))


def _unstable(loaded: LoadedScenario) -> Iterator[Caution]:
    """Find teams that those who never give up offer more work than there is time, over the whole horizon.

    The work of contacts that only these teams can take, each at the fastest of them, against their rostered time less
    shrinkage: whatever the order of service, the rest is left waiting.
    """
    work = _work_s(loaded)
    for teams in dict.fromkeys(work):
        offered = sum(seconds for able, seconds in work.items() if set(able) <= set(teams))
        capacity = sum(_capacity_s(loaded, name) for name in teams)
        if offered >= capacity and offered > 0:
            named = " and ".join(teams)
            text = (
                f"{named}: {offered / 3600:,.0f} hours of work from customers who never give up for "
                f"{capacity / 3600:,.0f} agent hours; the queue grows as long as the run lasts, so its waits tell "
                f"the run's length; roster more, or say how patient they are"
            )
            yield Caution(UNSTABLE, named, offered, capacity, text)


def _work_s(loaded: LoadedScenario) -> dict[tuple[str, ...], float]:
    """Return seconds of work over the horizon by the teams that can take it, transfers and work orders followed."""
    scenario = loaded.scenario
    found: dict[tuple[str, ...], float] = {}
    for (channel, intent), contacts in _patient(loaded).items():
        coming = {scenario.who_takes(channel, intent): contacts}
        for _ in range(TRANSFERS_FOLLOWED):
            passed: dict[tuple[str, ...], float] = {}
            for teams, count in coming.items():
                if not teams:
                    continue
                page = scenario.teams[teams[0]]
                if page.self_service:
                    count *= 1.0 - page.contained_share(intent)
                else:
                    able = tuple(name for name in scenario.teams if name in teams)  # whichever of them is asked first
                    seconds = count * min(_handle_s(loaded, name, intent) for name in teams)
                    found[able] = found.get(able, 0.0) + seconds
                if len(teams) > 1 and not page.self_service:
                    continue  # who answered is not known
                for to, share in _following(scenario, teams[0], channel, intent):
                    passed[to] = passed.get(to, 0.0) + count * share
            coming = passed
    return found


def _following(scenario: Scenario, team: str, channel: Channel, intent: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield who gets what share of a team's contacts next: by transfer, or as work that was promised."""
    left = 1.0
    for transfer in scenario.transfers:
        if transfer.from_team == team and (transfer.intents is None or intent in transfer.intents):
            anyone = transfer.to_team == ANYONE
            yield scenario.who_answers(channel, intent) if anyone else (transfer.to_team,), transfer.probability
            left -= transfer.probability
    for promise in scenario.promises:
        if promise.by is not None and promise.team == team and (promise.intents is None or intent in promise.intents):
            yield (promise.by,), max(left, 0.0) * promise.probability


def _patient(loaded: LoadedScenario) -> dict[tuple[Channel, str], float]:
    """Return contacts over the horizon by channel and intent, where the channel is open and keeps all who come."""
    scenario = loaded.scenario
    found: dict[tuple[Channel, str], float] = {}
    factor = loaded.profile.factor if loaded.profile else 1.0

    def add(channel: Channel, intent: str, kind: DayKind, of_day_s: float, contacts: float) -> None:
        opens, closes = scenario.channels[channel].open_s(kind)
        hours = scenario.channels[channel]
        lets_go = hours.lines is not None or hours.message or hours.announcement or hours.at_close == "cleared"
        keeps_all = scenario.patience_of(channel, intent) is None and not lets_go
        if keeps_all and opens <= of_day_s < closes:
            found[channel, intent] = found.get((channel, intent), 0.0) + factor * contacts

    kinds, local = [scenario.kind_of(day) for day in range(scenario.days)], scenario.local_days
    for index, demand in enumerate(scenario.demand):
        brought = 1.0 / (1.0 - demand.bursts.followers_mean) if demand.bursts else 1.0
        length_s = demand.interval_minutes * 60.0
        changed = (local.changes.keys() | {day - 1 for day in local.changes}) & set(range(scenario.days))
        alike = Counter(kind for day, kind in enumerate(kinds) if day not in changed)
        several = [(kind, days, None) for kind, days in alike.items()] + [(kinds[day], 1, day) for day in changed]
        if index in loaded.by_day:
            several = []
            for day in range(scenario.days):
                for at_s, contacts, mix in loaded.expected(index, day):
                    if day in changed:
                        contacts *= sum(one.last - one.first for one in local.passes(day, at_s, length_s))
                    for channel, share in zip(demand.channels, mix or demand.channels.values(), strict=True):
                        add(channel, demand.intent, kinds[day], at_s, contacts * brought * share)
        for kind, days, changed_day in several:
            for channel, share in demand.channels.items():
                for at_s, contacts in loaded.contacts[index]:
                    if changed_day is not None:
                        contacts *= sum(one.last - one.first for one in local.passes(changed_day, at_s, length_s))
                    add(channel, demand.intent, kind, at_s, contacts * demand.times(kind) * brought * share * days)
    for one in loaded.arrivals:
        if one.due_s < loaded.horizon_s:
            channel_name = cast(Channel, one.channel)  # checked when the scenario was read
            add(channel_name, one.intent, kinds[local.day_at(one.due_s)], local.clock_s(one.due_s), 1.0)
    return found


def _handle_s(loaded: LoadedScenario, name: str, intent: str) -> float:
    team = loaded.scenario.teams[name]
    laws = (team.service_law(intent), team.hold_law(intent), team.wrap_law(intent))
    return sum(law.mean() for law in laws if law is not None)


def _capacity_s(loaded: LoadedScenario, name: str) -> float:
    team = loaded.scenario.teams[name]
    steps = [(at, count) for at, count in loaded.agents.get(name, []) if at < loaded.horizon_s]
    ends = [at for at, _ in steps[1:]] + [loaded.horizon_s]
    rostered = sum((end - at) * count for (at, count), end in zip(steps, ends, strict=True))
    return rostered * (1.0 - team.shrinkage) * (1.0 - team.sick) * team.rate() / 1000
