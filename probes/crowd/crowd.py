"""The crowd: play a plan, every customer at their due time, whether or not the desk keeps up.

Open by construction: due times exist before anything answers. Those who give up or find every line taken may come back
as the scenario says, also on another channel; an attempt on a channel that we cannot play is written down as never
begun. A journey of several contacts goes on as it says, and a shop may be played again as its journey says; what is yet
to come is written down, so that a run which was killed is taken up again. Several crowds can share a plan: each plays
the shards that it gains. The plan bounds the contacts; the horizon bounds the time.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

from probes.channels.contract import Caller, Surroundings
from probes.crowd.shards import Gain
from probes.errand import Errand
from probes.journeys import GoOn, ReadsPromises, Script
from probes.ladder import Standing
from probes.lateness import Starts
from probes.personas import make_persona
from probes.player import Contact, Ended, Player, SessionMaker, begun_facts, never_begun, script_of
from probes.resume import Begun
from probes.scoring.due import hours_of
from probes.scoring.follow_up import reads_promises
from results.journal import Journal
from scenarios.draws import Purpose, uniform, visit
from scenarios.identity import attempt_id
from scenarios.laws import LawRow, law_row, quantile_s, scaled_us
from scenarios.plan import patience_us, retry_channel, retry_delay_us
from scenarios.scenario import Channel
from scenarios.units import NEVER_US, us

UNSTARTED_AFTER_S = 60.0
"""A contact that we begin later than this (wall time) is not begun at all: it would measure our own delay."""

BEGUN_IN_A_ROW = 20
"""So many contacts that are due already are begun before those under way get their turn."""


@dataclass(frozen=True)
class Tick:
    """How far a crowd is, and the contact that has just ended: its channel, outcome and how long it lasted.

    `fit` is whether the instrument is fit so far.
    """

    begun: int
    ended: int
    planned: int
    channel: str
    outcome: str
    lasted_s: float
    fit: bool = True


class Wait(NamedTuple):
    """A contact's wait in its first queue that is over, in scenario seconds: it was answered, or gave up."""

    channel: str
    over_s: float
    waited_s: float
    gave_up: bool


class Crowd:
    """Plays planned contacts on one loop."""

    def __init__(
        self,
        errand: Errand,
        sessions: Mapping[str, SessionMaker],
        around: Surroundings,
        journal: Journal,
        watch: Callable[[Tick], None] | None = None,
    ) -> None:
        loaded = self._loaded = errand.loaded
        self._cast_of, self._journeys, self._seed = errand.cast, errand.journeys, errand.seed
        self._sessions, self._around, self._journal, self._watch = sessions, around, journal, watch
        self._until_s = errand.until_s
        self._contacts: Sequence[dict[str, Any]] = errand.plan.sort_values(["due_s", "contact_id"]).to_dict("records")  # type: ignore[assignment]  # keys are texts
        self._patience: dict[tuple[str, str], LawRow] = {
            (channel, intent): law_row(law)
            for channel in loaded.scenario.channels
            for intent in loaded.scenario.intents
            if (law := loaded.scenario.patience_of(channel, intent))
        }
        self._hours = hours_of(loaded.scenario.holidays)
        self._readers: dict[str, ReadsPromises] = {}
        """What recognises promises, by language."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter()
        self._starts = around.instrument.starts if around.instrument is not None else Starts()
        self.begun: Counter[str] = Counter()
        """Contacts begun, by channel."""
        self._players: set[Player] = set()
        self.on_wait: Callable[[Wait], None] | None = None
        """Told of each wait as soon as it is over, where somebody watches."""
        self._stopping = False
        self.aborted: str | None = None
        """Why the run ends early, once a threshold is broken for sure."""

    def abort(self, reason: str) -> None:
        """Begin nobody any more; who is under way says goodbye, and is cut off for this reason."""
        stop = self._around.guard.stop
        if stop.reason is None:
            self.aborted = reason
            stop.call(reason)

    @property
    def is_idle(self) -> bool:
        """Whether all who are ours have come and gone."""
        return not self._tasks

    def _tell_wait(self, wait: Wait) -> None:
        if self.on_wait is not None:
            self.on_wait(wait)

    def standing(self) -> Counter[tuple[str, Standing]]:
        """Return how many wait and are talked to now, by channel."""
        return Counter((player.channel, player.standing) for player in self._players)

    async def play(self, gains: AsyncIterator[Gain]) -> None:
        """Play the contacts of all gains to their end, or to the horizon.

        Cancelled, or aborted, it ends those under way as censored.
        """
        try:
            async with self._around.clock.timeout_at_s(self._until_s):
                async for gain in gains:
                    self._keep(self._play_gain(gain))
                while self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            pass  # the horizon: what is under way is censored below
        finally:
            self._stopping = True
            for task in list(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _play_gain(self, gain: Gain) -> None:
        """Play those who are ours from now on; the overdue come at once, or are told to be too late."""
        self._take_up(gain)
        clock, in_a_row = self._around.clock, 0
        for planned in self._contacts:
            if planned["due_s"] >= self._until_s:
                break
            if not gain.holds(str(planned["customer_id"])) or str(planned["contact_id"]) in gain.begun.contacts:
                continue
            if planned["due_s"] > clock.now_s() or in_a_row == BEGUN_IN_A_ROW:
                await clock.sleep_until_s(planned["due_s"])
                in_a_row = 0
            in_a_row += 1
            self._begin(Contact(planned, planned["due_s"], planned["patience_s"], planned["entity"], self._seed, 0))

    def _begin(self, contact: Contact, script: Script | None = None) -> None:
        clock = self._around.clock
        late_s = (clock.now_s() - contact.due_s) / clock.scale
        self._starts.add(clock.loop_s(contact.due_s), late_s)
        self._keep(self._contact(contact, late_s, script))

    def _keep(self, playing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(playing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _contact(self, contact: Contact, late_s: float, script: Script | None) -> None:
        channel = cast(Channel, contact.facts["channel"])
        self.begun[channel] += 1
        began_s = self._around.clock.now_s()
        ended, script = await self._outcome_of(contact, channel, late_s, script)
        self.outcomes[ended.outcome] += 1
        if self._watch is not None:
            lasted_s = self._around.clock.now_s() - began_s
            begun, count = self.begun.total(), self.outcomes.total()
            fit = self._around.instrument is None or self._around.instrument.now().fit
            self._watch(Tick(begun, count, len(self._contacts), channel, ended.outcome, lasted_s, fit))
        if self._stopping:
            return
        if ended.goes_on is not None:
            await self._go_on(contact, ended.goes_on, script)
        elif not await self._play_again(contact, ended.outcome) and ended.outcome in ("abandoned", "blocked"):
            await self._come_back(contact, channel, ended.outcome == "blocked")

    async def _outcome_of(
        self, contact: Contact, channel: Channel, late_s: float, script: Script | None
    ) -> tuple[Ended, Script | None]:
        """Play a contact, or write down why it cannot be; returns how it ended, and the script as it stands."""
        hindrance = self.aborted or self._hindrance(channel, contact.facts["journey"])
        if hindrance is None and late_s > UNSTARTED_AFTER_S:
            hindrance = f"our generator was {late_s:.0f} s late"
        if hindrance is not None:
            return Ended(never_begun(self._journal, contact, "unstarted", hindrance)), script
        journey, session = self._journeys[str(contact.facts["journey"])], self._sessions[channel]
        player = Player(
            contact, journey, self._caller(contact), session, self._around, self._journal, script,
            lambda over_s, waited_s, gave_up: self._tell_wait(Wait(channel, over_s, waited_s, gave_up)),
        )  # fmt: skip
        self._players.add(player)
        try:
            return await player.play(), player.script
        finally:
            self._players.discard(player)

    def _caller(self, contact: Contact) -> Caller:
        facts = contact.facts
        customer, intent = str(facts["customer_id"]), str(facts["intent"])
        who = self._cast_of.names.get(customer, customer)
        charter = self._around.guard.charter
        persona = make_persona(
            who, str(facts["contact_id"]), str(facts["language"]), charter.marker_key, charter.personas
        )
        reads = self._readers.get(persona.language)
        if reads is None:
            reads = reads_promises(self._loaded.scenario.origin, persona.language, self._hours)
            self._readers[persona.language] = reads
        return Caller(
            persona, str(facts["contact_id"]), intent, self._loaded.scenario.intents.get(intent, ""),
            facts["played_by"] == "background", cast(Channel, facts["channel"]), self._cast_of.data.get(customer, {}),
            self._cast_of.kinds.get(customer), reads,
        )  # fmt: skip

    def _hindrance(self, channel: Channel, journey: str | None) -> str | None:
        """Say why we cannot play a channel: a customer may come to it after another one; None where we can."""
        if channel not in self._sessions:
            return f"{self._around.target.target} describes no {channel}"
        if journey not in self._journeys:
            return f"the scenario names no journey for {channel}"
        return None

    # -- what comes after a contact ----------------------------------------------------------------------------

    async def _go_on(self, contact: Contact, goes_on: GoOn, script: Script | None) -> None:
        """Begin the next contact of a journey that goes on."""
        now_s = self._around.clock.now_s()
        due_s = max(now_s, goes_on.due_s if goes_on.due_s is not None else now_s) + goes_on.after_s
        await self._later(self._next(contact, goes_on.channel, due_s, contact.patience_s), "hop", script)

    async def _play_again(self, contact: Contact, outcome: str) -> bool:
        """Play a shop again where its journey says so; a retried shop is two contacts."""
        journey = self._journeys.get(str(contact.facts["journey"]))
        again = journey.again if journey is not None else None
        attempt = int(contact.facts["attempt"])
        if again is None or outcome not in again.after_ends or attempt > again.most:
            return False
        u = uniform(contact.seed, 0, contact.entity, visit(0, attempt, 0), int(Purpose.RETRY_DELAY), 0)
        due_s = self._around.clock.now_s() + float(quantile_s(*law_row(again.after), u))
        channel = cast(Channel, journey.channel if journey is not None else contact.facts["channel"])
        await self._later(self._next(contact, channel, due_s, contact.patience_s), "again", None)
        return True

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
        to = retry_channel(*luck, attempt, channel, retry)
        patience = NEVER_US if math.isinf(contact.patience_s) else us(contact.patience_s)
        if retry.patience == "fresh":
            patience = patience_us(*luck, attempt + 1, self._patience.get((to, str(contact.facts["intent"]))))
        patience = scaled_us(patience, round(1000 * retry.patience_factor))
        following = self._next(contact, to, due_s, math.inf if patience >= NEVER_US else patience / 1e6)
        if to != channel:
            following = replace(following, facts={**following.facts, "journey": self._journey_on(to)})
        await self._later(following, "retry", None)

    def _journey_on(self, channel: Channel) -> str | None:
        return self._loaded.scenario.channels[channel].journey

    def _next(self, contact: Contact, channel: Channel, due_s: float, patience_s: float) -> Contact:
        attempt = int(contact.facts["attempt"]) + 1
        facts = {
            **contact.facts,
            "contact_id": attempt_id(str(contact.facts["case_id"]), attempt),
            "attempt": attempt,
            "channel": channel,
        }
        return replace(contact, facts=facts, due_s=due_s, patience_s=patience_s)

    async def _later(self, contact: Contact, why: str, script: Script | None) -> None:
        """Write down that a contact is yet to come, and begin it when it is due."""
        if contact.due_s >= self._until_s:
            return
        self._journal.write("next", **begun_facts(contact), why=why)
        await self._wait_for(contact, script)

    async def _wait_for(self, contact: Contact, script: Script | None) -> None:
        await self._around.clock.sleep_until_s(contact.due_s)
        if not self._stopping:
            if script is not None:
                script.begin()
            self._begin(contact, script)

    # -- a run that is taken up again --------------------------------------------------------------------------

    def _take_up(self, gain: Gain) -> None:
        """Have those come who were yet to come when the run was cut off, and go on with journeys it cut short."""
        now_s, begun = self._around.clock.now_s(), gain.begun
        for told in (told for told in begun.waiting if gain.holds(str(told["customer_id"]))):
            contact = begun.contact_of(told, self._seed)
            script = self._script_up_to(contact, begun) if told["why"] == "hop" else None
            self._keep(self._wait_for(replace(contact, due_s=max(contact.due_s, now_s)), script))
        for told in (told for told in begun.cut_off if gain.holds(str(told["customer_id"]))):
            contact = begun.contact_of(told, self._seed)
            journey = self._journeys.get(str(contact.facts["journey"]))
            if journey is None or len(journey.channels) == 1:
                continue
            script = self._script_up_to(contact, begun)
            if isinstance(script.action, GoOn):
                self._keep(self._go_on(contact, script.action, script))

    def _script_up_to(self, contact: Contact, begun: Begun) -> Script:
        """Return the script of a journey as it stood when its last contact had ended."""
        journey = self._journeys[str(contact.facts["journey"])]
        earlier = begun.of_case(str(contact.facts["case_id"]))
        first = begun.contact_of(earlier[0], self._seed)
        script = script_of(first, journey, self._caller(first))
        for told in earlier:
            script.begin()
            for heard in begun.heard.get(str(told["contact_id"]), []):
                script.send(heard)
            script.cut_off("interrupted")
        return script
