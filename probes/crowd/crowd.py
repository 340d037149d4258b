"""The crowd: play a plan, every customer at their due time, whether or not the desk keeps up.

Open by construction: due times exist before anything answers. Those who give up or find every line taken may come back
as the scenario says, also on another channel; an attempt on a channel that we cannot play is written down as never
begun. The plan bounds the contacts; the horizon bounds the time.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from probes.channels.contract import Caller, Surroundings
from probes.personas import make_persona
from probes.player import Contact, Player, SessionMaker, never_begun
from results.journal import Journal
from scenarios.identity import contact_id
from scenarios.journey import Journey
from scenarios.laws import LawRow, law_row, scaled_us
from scenarios.plan import patience_us, retry_channel, retry_delay_us
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel
from scenarios.units import NEVER_US, us

UNSTARTED_AFTER_S = 60.0
"""A contact that we begin later than this (wall time) is not begun at all: it would measure our own delay."""


@dataclass(frozen=True)
class Tick:
    """How far a crowd is, and the contact that has just ended: its channel, outcome and how long it lasted."""

    begun: int
    ended: int
    planned: int
    channel: str
    outcome: str
    lasted_s: float


class Crowd:
    """Plays planned contacts on one loop."""

    def __init__(
        self,
        loaded: LoadedScenario,
        plan: pd.DataFrame,
        journeys: Mapping[str, Journey],
        sessions: Mapping[str, SessionMaker],
        around: Surroundings,
        journal: Journal,
        seed: int,
        watch: Callable[[Tick], None] | None = None,
        until_s: float | None = None,
    ) -> None:
        self._loaded, self._journeys, self._sessions = loaded, journeys, sessions
        self._around, self._journal, self._seed, self._watch = around, journal, seed, watch
        self._until_s = loaded.horizon_s if until_s is None else until_s
        self._contacts: Sequence[dict[str, Any]] = plan.sort_values(["due_s", "contact_id"]).to_dict("records")  # type: ignore[assignment]  # keys are texts
        self._patience: dict[tuple[str, str], LawRow] = {
            (channel, intent): law_row(law)
            for channel in loaded.scenario.channels
            for intent in loaded.scenario.intents
            if (law := loaded.scenario.patience_of(channel, intent))
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter()
        self.late_s: list[float] = []
        """How late each contact began, in wall seconds."""
        self._begun = 0
        self._stopping = False

    async def play(self) -> None:
        """Play all contacts to their end, or to the horizon. Cancelled, it ends those under way as censored."""
        clock = self._around.clock
        try:
            for planned in self._contacts:
                if planned["due_s"] >= self._until_s:
                    break
                await clock.sleep_until_s(planned["due_s"])
                self._begin(Contact(planned, planned["due_s"], planned["patience_s"], planned["entity"], self._seed, 0))
            while self._tasks:
                await clock.wait_until(asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED), self._until_s)
        except TimeoutError:
            pass  # the horizon: what is under way is censored below
        finally:
            self._stopping = True
            for task in list(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    def _begin(self, contact: Contact) -> None:
        clock = self._around.clock
        late_s = (clock.now_s() - contact.due_s) / clock.scale
        self.late_s.append(late_s)
        task = asyncio.create_task(self._contact(contact, late_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _contact(self, contact: Contact, late_s: float) -> None:
        channel = cast(Channel, contact.facts["channel"])
        self._begun += 1
        began_s = self._around.clock.now_s()
        outcome = await self._outcome_of(contact, channel, late_s)
        self.outcomes[outcome] += 1
        if self._watch is not None:
            lasted_s = self._around.clock.now_s() - began_s
            ended = self.outcomes.total()
            self._watch(Tick(self._begun, ended, len(self._contacts), channel, outcome, lasted_s))
        if outcome in ("abandoned", "blocked") and not self._stopping:
            await self._come_back(contact, channel, outcome == "blocked")

    async def _outcome_of(self, contact: Contact, channel: Channel, late_s: float) -> str:
        """Play a contact, or write down why it cannot be; returns how it ended."""
        facts = contact.facts
        hindrance = self._hindrance(channel, facts["journey"])
        if hindrance is None and late_s > UNSTARTED_AFTER_S:
            hindrance = f"our generator was {late_s:.0f} s late"
        if hindrance is not None:
            return never_begun(self._journal, contact, "unstarted", hindrance)
        persona = make_persona(
            str(facts["customer_id"]), str(facts["contact_id"]), str(facts["language"]),
            self._around.guard.charter.marker_key, self._around.guard.charter.personas,
        )  # fmt: skip
        intent = str(facts["intent"])
        title = self._loaded.scenario.intents.get(intent, "")
        caller = Caller(persona, str(facts["contact_id"]), intent, title, facts["played_by"] == "background")
        journey, session = self._journeys[str(facts["journey"])], self._sessions[channel]
        return await Player(contact, journey, caller, session, self._around, self._journal).play()

    def _hindrance(self, channel: Channel, journey: str | None) -> str | None:
        """Say why we cannot play a channel: a customer may come to it after another one; None where we can."""
        if channel not in self._sessions:
            return f"these probes cannot play {channel}"
        if getattr(self._around.target, channel, None) is None:
            return f"{self._around.target.target} describes no {channel}"
        if journey not in self._journeys:
            return f"the scenario names no journey for {channel}"
        return None

    async def _come_back(self, contact: Contact, channel: Channel, blocked: bool) -> None:
        """Try again as the scenario says of the channel that was tried, perhaps on another one."""
        retry = self._loaded.scenario.retry.get(channel)
        attempt = int(contact.facts["attempt"])
        if retry is None or attempt >= retry.attempts_most:
            return
        luck = (contact.seed, contact.replication, contact.entity, 0)
        delay_us = retry_delay_us(*luck, attempt, retry, "blocked" if blocked else "abandoned")
        if delay_us is None:
            return
        due_s = self._around.clock.now_s() + delay_us / 1e6
        if due_s >= self._until_s:
            return
        to = retry_channel(*luck, attempt, channel, retry)
        attempt += 1
        patience = NEVER_US if math.isinf(contact.patience_s) else us(contact.patience_s)
        if retry.patience == "fresh":
            patience = patience_us(*luck, attempt, self._patience.get((to, str(contact.facts["intent"]))))
        patience = scaled_us(patience, round(1000 * retry.patience_factor))
        patience_s = math.inf if patience >= NEVER_US else patience / 1e6
        facts = {
            **contact.facts,
            "contact_id": contact_id(str(contact.facts["customer_id"]), 0, attempt),
            "attempt": attempt,
            "channel": to,
            "journey": contact.facts["journey"] if to == channel else self._loaded.scenario.channels[to].journey,
        }
        await self._around.clock.sleep_until_s(due_s)
        if not self._stopping:
            self._begin(Contact(facts, due_s, patience_s, contact.entity, contact.seed, contact.replication))
