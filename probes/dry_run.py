"""What a run would do, before it does anything: every first attempt, what agents it would take, what is withheld.

Nothing is sent and nothing is looked up. Times of agents and of how often attempts fail are the simulator's to know:
they are handed in as functions, and where they are not, the rows say nothing of them. Withheld is what the guard would
withhold, asked of the guard itself with its clock set to each contact's due time and the ledger as it stands now.
"""

from __future__ import annotations

import datetime
import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from probes.guard import Guard, RefusedByCharterError
from probes.personas import make_persona
from scenarios.charter import Charter
from scenarios.charter_parts import Effect
from scenarios.journey import Journey
from scenarios.reading import LoadedScenario
from scenarios.scenario import CAUSES, Channel, Retry
from scenarios.target import Target

AgentMinutes = Callable[[str, str], float]
"""By channel and intent: the agents' time that a contact is expected to take."""

ByChannel = Callable[[str], float]


@dataclass(frozen=True)
class DryContact:
    """One first attempt, as it would be made."""

    contact_id: str
    due_s: float
    at: str
    """By the charter's clock."""
    channel: str
    intent: str
    persona: str
    journey: str | None
    agent_minutes: float | None
    capacity_share: float | None
    retries_expected: float
    retries_most: int
    withheld: str | None


@dataclass(frozen=True)
class DryRun:
    """All first attempts, and what they come to."""

    contacts: Sequence[DryContact]
    refused: str | None
    """Why the whole run would be refused, where it would."""
    agent_minutes_most: float | None
    fails_told: bool

    @property
    def agent_minutes(self) -> float | None:
        """Return what agents would spend on all that is not withheld; None where it is not known."""
        minutes = [one.agent_minutes for one in self.contacts if one.withheld is None]
        return None if any(one is None for one in minutes) else sum(one for one in minutes if one is not None)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each contact."""
        return [asdict(one) for one in self.contacts]

    def text(self) -> str:
        """Return it as a table that people read, with its sums below."""
        return "\n".join(_text(self))


def dry_run(
    loaded: LoadedScenario,
    plan: pd.DataFrame,
    target: Target,
    charter: Charter,
    begins_at: datetime.datetime,
    scale: float = 1.0,
    agent_minutes: AgentMinutes | None = None,
    capacity_minutes: ByChannel | None = None,
    fails: ByChannel | None = None,
    proved: Collection[str] = (),
    journeys: Mapping[str, Journey] | None = None,
) -> DryRun:
    """Say what playing a plan would do.

    Args:
        loaded: the scenario, whose rules say who comes back.
        plan: the contacts that would be played.
        target: the desk.
        charter: what is allowed there.
        begins_at: the wall-clock instant of the first contact.
        scale: scenario seconds in a wall second.
        agent_minutes: as the simulator expects them.
        capacity_minutes: minutes of agents that a channel has while the run lasts, as simulated.
        fails: share of a channel's attempts that are given up or find no line; left out: all of them, the worst.
        proved: hosts whose control has been proved.
        journeys: by name, those that the plan names; they say what they bring about.
    """
    now = [begins_at]
    guard = Guard(charter, now=lambda: now[0])
    guard.ledger = guard.ledger.copied()
    for host in proved:
        guard.note_proof(host, None)
    refused = _refusal(guard, target, len(plan))
    ordered = plan.sort_values(["due_s", "contact_id"])
    first_s = float(ordered["due_s"].min()) if len(ordered) else 0.0
    chances = _Chances(loaded.scenario.retry, fails or (lambda channel: 1.0))
    contacts = []
    for facts in ordered.to_dict("records"):
        channel, intent = str(facts["channel"]), str(facts["intent"])
        now[0] = begins_at + datetime.timedelta(seconds=(facts["due_s"] - first_s) / scale)
        persona = make_persona(
            str(facts["customer_id"]), str(facts["contact_id"]), str(facts["language"]), charter.marker_key,
            charter.personas,
        )  # fmt: skip
        minutes = None if agent_minutes is None else agent_minutes(channel, intent)
        capacity = None if capacity_minutes is None else capacity_minutes(channel)
        journey = (journeys or {}).get(str(facts["journey"]))
        effects = (*target.effects_of(channel), *(journey.brings_about if journey is not None else ()))
        contacts.append(
            DryContact(
                str(facts["contact_id"]), float(facts["due_s"]),
                charter.local(now[0]).strftime("%Y-%m-%d %H:%M:%S"), channel, intent,
                f"{persona.first_name} {persona.last_name} <{persona.email}>",
                facts["journey"] if isinstance(facts["journey"], str) else None, minutes,
                minutes / capacity if minutes is not None and capacity else None,
                chances.expected(channel, 1), chances.most(channel, 1), refused or _withheld(guard, channel, effects),
            )
        )  # fmt: skip
    guard.close()
    return DryRun(contacts, refused, charter.agent_minutes_most, fails is not None)


def _refusal(guard: Guard, target: Target, contacts: int) -> str | None:
    host, port = target.address()
    try:
        guard.check(host, port)
        guard.check_load(contacts, [host])
    except RefusedByCharterError as error:
        return str(error)
    return None


def _withheld(guard: Guard, channel: str, effects: Iterable[Effect]) -> str | None:
    try:
        guard.begin_contact(channel, effects)
    except RefusedByCharterError as error:
        return str(error)
    return None


class _Chances:
    """How many attempts more follow one on a channel, by the scenario's rules."""

    def __init__(self, rules: dict[Channel, Retry], fails: ByChannel) -> None:
        self._rules: dict[str, Retry] = {str(channel): retry for channel, retry in rules.items()}
        self._fails = fails
        self.expected = functools.cache(self._expected)
        self.most = functools.cache(self._most)

    def _expected(self, channel: str, attempt: int) -> float:
        retry = self._rules.get(channel)
        if retry is None or attempt >= retry.attempts_most:
            return 0.0
        again = self._fails(channel) * retry.probability
        return again * (1.0 + sum(share * self.expected(to, attempt + 1) for to, share in _ways(retry, channel)))

    def _most(self, channel: str, attempt: int) -> int:
        retry = self._rules.get(channel)
        if retry is None or attempt >= retry.attempts_most or not any(map(retry.probability_after, CAUSES)):
            return 0
        return 1 + max(self.most(to, attempt + 1) for to, share in _ways(retry, channel) if share > 0)


def _ways(retry: Retry, channel: str) -> Iterator[tuple[str, float]]:
    """Yield the channels on which one comes back, with their shares."""
    yield from retry.to.items()
    yield channel, max(0.0, 1.0 - sum(retry.to.values()))


def _text(run: DryRun) -> Iterator[str]:
    if run.refused is not None:
        yield f"refused: {run.refused}"
    yield f"{'time':19}  {'channel':9}  {'journey':20}  {'agent min':>9}  {'of team':>7}  persona"
    for one in run.contacts:
        minutes = "-" if one.agent_minutes is None else f"{one.agent_minutes:.1f}"
        share = "-" if one.capacity_share is None else f"{100 * one.capacity_share:.1f} %"
        yield f"{one.at}  {one.channel:9}  {one.journey or '-':20}  {minutes:>9}  {share:>7}  {one.persona}"
        if one.withheld is not None and run.refused is None:
            yield f"{'':19}  withheld: {one.withheld}"
    made = [one for one in run.contacts if one.withheld is None]
    yield f"{len(run.contacts)} first attempts, {len(run.contacts) - len(made)} withheld"
    for reason, count in Counter(one.withheld for one in run.contacts if one.withheld is not None).most_common():
        yield f"  {count} withheld: {reason}"
    worst = sum(one.retries_most for one in made)
    told = "expected" if run.fails_told else "at most on average (if every attempt fails)"
    expected = f"{sum(one.retries_expected for one in made):.1f} {told}, {worst} in the worst case"
    yield f"retries: {expected if worst else 'none'}"
    minutes_all = run.agent_minutes
    if minutes_all is not None:
        most = "" if run.agent_minutes_most is None else f"; the charter allows a run {run.agent_minutes_most:g}"
        yield f"agents' time: {minutes_all:.1f} minutes, first attempts alone{most}"
    elif made:
        yield "agents' time: not known of journeys alone; a scenario's shoppers have it told"
