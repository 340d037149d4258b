"""Play one contact: drive a journey against a channel's session, and write down everything that is seen.

What was seen is taken down by `probes.ladder`. A contact always ends with a word on how: the desk's doing, the
customer's, the world's (`target_error`) or our own fault (`failed`); one that the run cuts off is `censored`.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from probes.channels.contract import Caller, CannotDoError, Session, Surroundings
from probes.cleaning import cleaned
from probes.guard import RefusedByCharterError
from probes.journeys import (
    LAST,
    Action,
    Attach,
    Draws,
    GoOn,
    Leave,
    Open,
    Pause,
    Press,
    Script,
    Search,
    Seen,
    WaitFor,
    Write,
    act_out,
    is_said,
)
from probes.ladder import SPEAKER_OF, End, Ladder, Leg, Standing, WaitOver
from probes.stop import say_goodbye
from results.journal import CONTACT_FACTS, Journal
from scenarios.draws import Purpose, uniform, visit
from scenarios.journey import Journey, Said
from scenarios.laws import AnyLaw, Deterministic, law_row, quantile_s

SessionMaker = Callable[[Surroundings, Caller], Session]

NEEDS_NO_EVIDENCE = ("resolved", "blocked", "closed")
"""What was wanted came, or the desk said that it takes nothing now."""


@dataclass(frozen=True)
class Contact:
    """A planned contact, or one born from a contact that was given up."""

    facts: Mapping[str, Any]
    """The columns of the plan that the log carries."""
    due_s: float
    patience_s: float
    entity: int
    seed: int
    replication: int


@dataclass(frozen=True)
class Ended:
    """How a contact ended, and what the journey does then."""

    outcome: str
    goes_on: GoOn | None = None


class Player:
    """Plays one contact; `play` returns how it ended. A script begun in an earlier contact goes on in this one."""

    def __init__(
        self,
        contact: Contact,
        journey: Journey,
        caller: Caller,
        make_session: SessionMaker,
        around: Surroundings,
        journal: Journal,
        script: Script | None = None,
        wait_over: WaitOver | None = None,
    ) -> None:
        self._contact, self._journey, self._caller = contact, journey, caller
        self._around, self._clock, self._journal = around, around.clock, journal
        self._id = str(contact.facts["contact_id"])
        leg = Leg(0, math.nan, contact.due_s)
        self._ladder = Ladder(self._id, journey, caller, around, journal, leg, wait_over=wait_over)
        self._left_the_line = False
        """Whether the customer has given up before the contact began: what the journey goes on with is not done."""
        self._paused_s = 0.0
        """Pauses that were not made, but come before the journey's next contact."""
        self._until_s: float | None = None
        """The deadline of the wait under way."""
        self._unsaid = ""
        """What the customer wants and will say to the first who listens."""
        self._make_session = make_session
        self.script = script or script_of(contact, journey, caller)
        self._is_long = len(journey.channels) > 1 or journey.promises != []
        caller.known.learn_persona(caller.persona)
        caller.known.learn_person({f"<{name}>": value for name, value in caller.data.items()})
        caller.known.learn_secrets(*around.secrets)

    @property
    def channel(self) -> str:
        """The channel of this contact."""
        return str(self._contact.facts["channel"])

    @property
    def standing(self) -> Standing:
        """Whether the contact waits or is being talked to now."""
        return self._ladder.standing

    async def play(self) -> Ended:
        """Play the contact and return its outcome as the log has it, and whether the journey goes on in another."""
        try:
            channel = str(self._contact.facts["channel"])
            effects = (*self._around.target.effects_of(channel), *self._journey.brings_about)
            self._around.guard.begin_contact(channel, effects)
        except RefusedByCharterError as error:
            return Ended(never_begun(self._journal, self._contact, "withheld", str(error)))
        now_s = self._clock.now_s()
        self._journal.write("begun", **begun_facts(self._contact), arrived_s=now_s)
        self._ladder.leg.arrived_s = now_s
        session = self._make_session(self._around, self._caller)
        try:
            leg_end, outcome, reason = await self._act(session)
        except asyncio.CancelledError:
            stopped = self._around.guard.stop.reason
            if stopped is not None:
                await say_goodbye(session)
            self._ladder.end("censored", "censored", stopped, self._clock.now_s())
            await session.close()
            return Ended("censored")
        except RefusedByCharterError as error:
            # it was begun and the desk led us elsewhere: that is the desk's doing, and nothing went there
            leg_end, outcome, reason = "target_error", "target_error", f"refused: {error}"
        except CannotDoError as error:
            leg_end, outcome, reason = "failed", "failed", f"{self._journey.journey}: {error}"
        except Exception as error:  # noqa: BLE001  whatever it is, it is our fault and goes into the log as such
            leg_end, outcome, reason = "failed", "failed", f"{type(error).__name__}: {error}"
        try:
            now_s = self._clock.now_s()
            if outcome not in NEEDS_NO_EVIDENCE:
                await self._keep_evidence(session)
            outcome = self._ladder.end(leg_end, outcome, None if reason is None else reason[:300], now_s)
        finally:
            await session.close()
        action = self.script.cut_off(outcome)
        if not isinstance(action, GoOn):
            return Ended(outcome)
        return Ended(outcome, replace(action, after_s=action.after_s + self._paused_s))

    # -- acting ------------------------------------------------------------------------------------------------

    async def _act(self, session: Session) -> End:
        """Do what the script says until the contact ends."""
        intended_s = self._contact.due_s
        action = self.script.action
        while action is not None:
            heard: list[Seen] = []
            match action:
                case Pause() if self._left_the_line:
                    self._paused_s += action.seconds
                case Pause():
                    intended_s += action.seconds
                    await self._clock.sleep_until_s(intended_s)
                case WaitFor() if self._left_the_line:
                    heard = [Seen("nothing", self._clock.now_s(), self._clock.now_s())]
                case WaitFor():
                    heard = await self._wait(session, action)
                    if heard:
                        intended_s = _last_s(heard[-1], self._clock.now_s())
                case Leave() | GoOn():
                    return await self._go(session, action)
                case _ if not self._left_the_line:
                    await self._do(session, action, intended_s)
            ended = self._ladder.closed(heard[-1]) if heard and heard[-1].kind in LAST else None
            action = self._send(heard)
            if ended is not None:
                return ended
        return await self._go(session, Leave(gave_up=False))

    async def _do(self, session: Session, action: Action, intended_s: float) -> None:
        self._ladder.turn()
        match action:
            case Open():
                self._ladder.did("open", intended_s)
                if session.opens_aloud:
                    self._unsaid = action.text
                # who writes for a while before they come is not late by that, and has not waited yet
                self._ladder.leg.due_s, self._ladder.leg.arrived_s = intended_s, self._clock.now_s()
                came_in = await self._come_in(session, action)
                if session.entered_s is not None:
                    self._ladder.leg.arrived_s = session.entered_s
                if came_in and not session.opens_aloud:
                    self._ladder.opened(action.text, session.entered_s is not None)
            case Write() if not session.takes_words:
                self._ladder.did("not_said", intended_s)
            case Write():
                if not action.privately and await session.wait_for_turn():
                    intended_s = max(intended_s, self._clock.now_s())
                self._ladder.did("retell" if action.retelling else "ask" if action.fact else "say", intended_s)
                self._ladder.said(action.text)
                if action.fact is not None:
                    self._ladder.ask(action.fact, action.answer or "")
                await (session.say_privately(action.text) if action.privately else session.say(action.text))
            case Press():
                self._ladder.did("press", intended_s)
                self._ladder.said(f"[{action.keys}]")
                await session.press(action.keys)
            case Search():
                self._ladder.did("search", intended_s)
                self._ladder.said(action.text)
                await session.search(action.text)
            case Attach():
                self._ladder.did("attach", intended_s)
                if self._around.files is None:
                    raise CannotDoError("nobody said where the files to attach lie")
                await session.attach(self._around.files / action.file)

    async def _come_in(self, session: Session, action: Open) -> bool:
        """Begin a contact; False where the customer's patience ended while they stood in line before the door."""
        if not session.waits_at_door or math.isinf(self._contact.patience_s):
            await session.open(action)
            return True
        try:
            async with self._clock.timeout_at_s(self._ladder.leg.arrived_s + self._contact.patience_s):
                await session.open(action)
        except TimeoutError:
            self._left_the_line = True
            return False
        return True

    async def _go(self, session: Session, action: Leave | GoOn) -> End:
        """Leave, or go on over another channel; a page that has come is read before, and what was left unread too."""
        if self._left_the_line:
            await session.leave()
            return self._ladder.left()
        last = await self._drain(session)
        if isinstance(action, Leave):
            self._send(() if last is None else (last,))
        if last is not None:
            return self._ladder.closed(last)
        if "closed" not in self._ladder.reached:
            await session.leave()
        return self._ladder.left()

    def _send(self, heard: Sequence[Seen]) -> Action | None:
        """Tell the script; what a journey of several contacts hears is kept, so that it can be taken up again.

        Kept without what may not be kept: a script that is taken up again hears placeholders in their place.
        """
        if self._is_long:
            kept = [told_of(replace(seen, text=cleaned(seen.text, self._caller.known))) for seen in heard]
            self._journal.write("heard", contact_id=self._id, seen=kept)
        return self.script.send(heard)

    async def _wait(self, session: Session, action: WaitFor) -> list[Seen]:
        """Wait until what is awaited has been seen, the desk has ended it, or the deadline has come."""
        found = next((seen for seen in self._ladder.recent if self._is_it(action, seen)), None)
        if found is not None or (isinstance(action.what, str) and action.what in self._ladder.reached):
            return []
        if not action.again:
            start_s = self._ladder.leg.arrived_s if action.patience else self._clock.now_s()
            self._until_s = None if action.within_s is None else start_s + action.within_s
        heard: list[Seen] = []
        while True:
            seen = await session.next_seen(self._until_s)
            heard.append(seen)
            if seen.kind == "nothing":
                return heard
            self._ladder.note(seen)
            if self._unsaid and seen.kind in ("human", "bot"):
                text, self._unsaid = self._unsaid, ""
                await session.wait_for_turn()
                self._ladder.did("say", self._clock.now_s())
                self._ladder.said(text)
                await session.say(text)
            if seen.kind in LAST or self._is_it(action, seen):
                return heard
            if seen.kind in SPEAKER_OF and any(re.search(pattern, seen.text) for pattern in action.heed):
                return heard
            if seen.kind == "transfer" and action.patience:
                self._until_s = None  # one who has been answered once does not hang up on the way to the next

    def _is_it(self, action: WaitFor, seen: Seen) -> bool:
        if isinstance(action.what, Said):
            return is_said(action.what, seen)
        return action.what in self._ladder.reached

    async def _drain(self, session: Session) -> Seen | None:
        """Look at what was left unread; returns what ended the contact, if anything did."""
        while (seen := await session.next_seen(self._clock.now_s())).kind != "nothing":
            self._ladder.note(seen)
            if seen.kind in LAST:
                return seen
        return None

    async def _keep_evidence(self, session: Session) -> None:
        """Keep what there is of a contact that came to nothing; of a page that the customer has closed no picture."""
        name = await session.evidence(re.sub(r"[^\w.-]+", "_", self._id))
        if name is not None:
            self._ladder.kept(name)


def begun_facts(contact: Contact) -> dict[str, Any]:
    """Return what the journal tells of a contact that begins, or is yet to come."""
    facts = {name: contact.facts.get(name) for name in CONTACT_FACTS}
    patience_s = None if math.isinf(contact.patience_s) else contact.patience_s
    return {**facts, "due_s": contact.due_s, "patience_s": patience_s, "entity": int(contact.entity)}


def never_begun(journal: Journal, contact: Contact, state: str, reason: str) -> str:
    """Write down a contact that was not begun, and why; returns `state` as its outcome."""
    facts = {name: contact.facts.get(name) for name in CONTACT_FACTS}
    journal.write("begun", **{**facts, "due_s": contact.due_s, "arrived_s": None})
    journal.write("leg", contact_id=facts["contact_id"], leg=0, leg_end=state, reason=reason, due_s=contact.due_s)
    journal.write("end", contact_id=facts["contact_id"], contact_outcome=state)
    return state


def load_draws() -> None:
    """Load the compiled draws: done at the first contact it would hold up every other for a quarter of a second."""
    uniform(0, 0, 0, visit(0, 1, 0), int(Purpose.PAUSE), 0)
    quantile_s(*law_row(Deterministic(law="deterministic", value_s=1.0)), 0.5)


def script_of(contact: Contact, journey: Journey, caller: Caller) -> Script:
    """Return a journey as this customer plays it from the beginning, by their own luck."""
    word = visit(0, int(contact.facts["attempt"]), 0)

    def u(purpose: Purpose, index: int) -> float:
        return uniform(contact.seed, contact.replication, contact.entity, word, int(purpose), index)

    def time_s(law: AnyLaw, index: int) -> float:
        return float(quantile_s(*law_row(law), u(Purpose.PAUSE, index)))

    draws = Draws(time_s, lambda index: u(Purpose.WORDING, index))
    return Script(act_out(journey, caller.voice(journey), draws, contact.patience_s))


def told_of(seen: Seen) -> dict[str, Any]:
    """Return what was seen as the journal keeps it: what is not said is left out."""
    return {name: value for name, value in asdict(seen).items() if value not in (None, "", False) and value == value}


def heard_of(told: Mapping[str, Any]) -> Seen:
    """Return what the journal kept as what was seen."""
    return Seen(**told)


def _last_s(seen: Seen, now_s: float) -> float:
    return now_s if math.isnan(seen.seen_by_s) else seen.seen_by_s
