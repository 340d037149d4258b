"""Play one contact: drive a journey against a channel's session, and write down everything that is seen.

All that is measured goes through the journal. A contact always ends with a word on how: the desk's doing, the
customer's, the world's (`target_error`) or our own fault (`failed`); one that the run cuts off is `censored`.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
    promised_in,
)
from probes.stop import say_goodbye
from results.journal import CONTACT_FACTS, Journal
from scenarios.draws import Purpose, uniform, visit
from scenarios.journey import Journey, Said
from scenarios.laws import AnyLaw, Deterministic, law_row, quantile_s

SessionMaker = Callable[[Surroundings, Caller], Session]

RUNG_OF = {
    "accepted": "accepted", "automatic": "automatic_reply", "bot": "bot", "position": "queue_position",
    "human": "first_human",
}  # fmt: skip
SPEAKER_OF = {
    "automatic": "automatic",
    "bot": "bot",
    "human": "agent",
    "shut": "system",
    "busy": "system",
    "closed": "system",
    "page": "page",
}
AWAITED_RUNGS = ("first_human", "first_useful_answer", "resolved")
"""Rungs that every contact hopes for: where one never came, its time is censored."""

MESSAGES_MOST = 1000


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


@dataclass
class _Leg:
    number: int
    arrived_s: float
    due_s: float
    team: str | None = None
    agent: str | None = None
    answered_s: float | None = None
    human_s: float | None = None
    bot_s: float | None = None
    history_carried: bool | None = None


@dataclass
class _Told:
    """What has been seen so far of one contact."""

    leg: _Leg
    reached: set[str] = field(default_factory=set)
    rungs: set[str] = field(default_factory=set)
    steps: int = 0
    turns: int = 0
    recent: list[Seen] = field(default_factory=list)
    """What has been seen since the shopper did something last."""
    asked: tuple[str, re.Pattern[str]] | None = None
    """The fact that was asked for last, and how an answer is known."""
    until_s: float | None = None
    """The deadline of the wait under way."""
    promise_due_s: float | None = None
    """When the first promise falls due that has not been kept; one that is put off is no new one."""
    unsaid: str = ""
    """What the customer wants and will say to the first who listens."""
    useful: bool = False
    last_human_s: float | None = None
    closed_s: float | None = None
    page: Seen | None = None


@dataclass(frozen=True)
class Ended:
    """How a contact ended, and what the journey does then."""

    outcome: str
    goes_on: GoOn | None = None


End = tuple[str, str, str | None]
"""How a leg ended, what came of the contact, and why where that needs a word."""


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
    ) -> None:
        self._contact, self._journey, self._caller = contact, journey, caller
        self._around, self._clock, self._journal = around, around.clock, journal
        self._id = str(contact.facts["contact_id"])
        self._useful = re.compile(journey.question(caller.intent).useful)
        self._make_session = make_session
        self.script = script or script_of(contact, journey, caller)
        self._is_long = len(journey.channels()) > 1 or journey.promises != []
        caller.known.learn_persona(caller.persona)
        caller.known.learn_person({f"<{name}>": value for name, value in caller.data.items()})
        caller.known.learn_secrets(*around.secrets)

    async def play(self) -> Ended:
        """Play the contact and return its outcome as the log has it, and whether the journey goes on in another."""
        try:
            channel = str(self._contact.facts["channel"])
            effects = (*self._around.target.effects_of(channel), *self._journey.brings_about())
            self._around.guard.begin_contact(channel, effects)
        except RefusedByCharterError as error:
            return Ended(never_begun(self._journal, self._contact, "withheld", str(error)))
        now_s = self._clock.now_s()
        self._journal.write("begun", **begun_facts(self._contact), arrived_s=now_s)
        told = _Told(_Leg(0, now_s, self._contact.due_s))
        session = self._make_session(self._around, self._caller)
        try:
            leg_end, outcome, reason = await self._act(session, told)
        except asyncio.CancelledError:
            stopped = self._around.guard.stop.reason
            if stopped is not None:
                await say_goodbye(session)
            self._end(told, "censored", "censored", stopped)
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
            if leg_end in ("target_error", "failed"):
                await self._keep_picture(session, told)
            outcome = self._end(told, leg_end, outcome, None if reason is None else reason[:300])
        finally:
            await session.close()
        action = self.script.cut_off(outcome)
        return Ended(outcome, action if isinstance(action, GoOn) else None)

    # -- acting ------------------------------------------------------------------------------------------------

    async def _act(self, session: Session, told: _Told) -> End:
        """Do what the script says until the contact ends."""
        intended_s = self._contact.due_s
        action = self.script.action
        while action is not None:
            heard: list[Seen] = []
            match action:
                case Pause():
                    intended_s += action.seconds
                    await self._clock.sleep_until_s(intended_s)
                case WaitFor():
                    heard = await self._wait(session, told, action)
                    if heard:
                        intended_s = _last_s(heard[-1], self._clock.now_s())
                case Leave() | GoOn():
                    return await self._go(session, told, action)
                case _:
                    await self._do(session, told, action, intended_s)
            ended = self._closed(told, heard[-1]) if heard and heard[-1].kind in LAST else None
            action = self._send(heard)
            if ended is not None:
                return ended
        return await self._go(session, told, Leave(gave_up=False))

    async def _do(self, session: Session, told: _Told, action: Action, intended_s: float) -> None:
        told.recent.clear()
        told.reached.discard("message")
        match action:
            case Open():
                self._did(told, "open", intended_s)
                if session.opens_aloud:
                    told.unsaid = action.text
                else:
                    self._message(told, self._clock.now_s(), "customer", action.text)
                # who writes for a while before they come is not late by that, and has not waited yet
                told.leg.due_s, told.leg.arrived_s = intended_s, self._clock.now_s()
                await session.open(action)
                if session.entered_s is not None:
                    told.leg.arrived_s = session.entered_s
            case Write():
                if not action.privately and await session.wait_for_turn():
                    intended_s = max(intended_s, self._clock.now_s())
                self._did(told, "retell" if action.retelling else "ask" if action.fact else "say", intended_s)
                self._message(told, self._clock.now_s(), "customer", action.text)
                if action.fact is not None:
                    told.asked = action.fact, re.compile(action.answer or "")
                    told.reached.discard("answer")
                await (session.say_privately(action.text) if action.privately else session.say(action.text))
            case Press():
                self._did(told, "press", intended_s)
                self._message(told, self._clock.now_s(), "customer", f"[{action.keys}]")
                await session.press(action.keys)
            case Search():
                self._did(told, "search", intended_s)
                self._message(told, self._clock.now_s(), "customer", action.text)
                await session.search(action.text)
            case Attach():
                self._did(told, "attach", intended_s)
                if self._around.files is None:
                    raise CannotDoError("nobody said where the files to attach lie")
                await session.attach(self._around.files / action.file)

    async def _go(self, session: Session, told: _Told, action: Leave | GoOn) -> End:
        """Leave, or go on over another channel; a page that has come is read before, and what was left unread too."""
        last = await self._drain(session, told)
        if isinstance(action, Leave):
            self._send(() if last is None else (last,))
        if last is not None:
            return self._closed(told, last)
        if "closed" not in told.reached:
            await session.leave()
        return self._left(told)

    def _send(self, heard: Sequence[Seen]) -> Action | None:
        """Tell the script; what a journey of several contacts hears is kept, so that it can be taken up again.

        Kept without what may not be kept: a script that is taken up again hears placeholders in their place.
        """
        if self._is_long:
            kept = [told_of(replace(seen, text=self._cleaned(seen.text))) for seen in heard]
            self._journal.write("heard", contact_id=self._id, seen=kept)
        return self.script.send(heard)

    async def _wait(self, session: Session, told: _Told, action: WaitFor) -> list[Seen]:
        """Wait until what is awaited has been seen, the desk has ended it, or the deadline has come."""
        found = next((seen for seen in told.recent if self._is_it(told, action, seen)), None)
        if found is not None or (isinstance(action.what, str) and action.what in told.reached):
            return []
        if not action.again:
            start_s = told.leg.arrived_s if action.patience else self._clock.now_s()
            told.until_s = None if action.within_s is None else start_s + action.within_s
        heard: list[Seen] = []
        while True:
            seen = await session.next_seen(told.until_s)
            heard.append(seen)
            if seen.kind == "nothing":
                return heard
            self._note(told, seen)
            if told.unsaid and seen.kind in ("human", "bot"):
                text, told.unsaid = told.unsaid, ""
                await session.wait_for_turn()
                self._did(told, "say", self._clock.now_s())
                self._message(told, self._clock.now_s(), "customer", text)
                await session.say(text)
            if seen.kind in LAST or self._is_it(told, action, seen):
                return heard
            if seen.kind in SPEAKER_OF and any(re.search(pattern, seen.text) for pattern in action.heed):
                return heard
            if seen.kind == "transfer" and action.patience:
                told.until_s = None  # one who has been answered once does not hang up on the way to the next

    def _is_it(self, told: _Told, action: WaitFor, seen: Seen) -> bool:
        if isinstance(action.what, Said):
            return is_said(action.what, seen)
        return action.what in told.reached

    async def _drain(self, session: Session, told: _Told) -> Seen | None:
        """Look at what was left unread; returns what ended the contact, if anything did."""
        while (seen := await session.next_seen(self._clock.now_s())).kind != "nothing":
            self._note(told, seen)
            if seen.kind in LAST:
                return seen
        return None

    # -- what was seen -----------------------------------------------------------------------------------------

    def _note(self, told: _Told, seen: Seen) -> None:
        at_s = _middle(seen)
        leg = told.leg
        told.recent.append(seen)
        told.reached.add(seen.kind)
        if seen.kind in SPEAKER_OF and seen.text:
            self._message(told, at_s, SPEAKER_OF[seen.kind], seen.text)
        if seen.kind in RUNG_OF:
            self._rung(told, RUNG_OF[seen.kind], seen)
        if seen.kind in ("human", "bot"):
            told.reached.add("message")
            self._note_answer(told, seen)
        self._note_promise(told, seen)
        match seen.kind:
            case "accepted" if seen.text:
                self._journal.write("created", contact_id=self._id, reference=self._cleaned(seen.text))
            case "taken":
                told.reached.add("taken")
                leg.answered_s = at_s
                leg.team = seen.team or leg.team
                leg.agent = seen.agent
                if seen.agent and not self._around.guard.charter.staff_told:
                    self._caller.known.learn_person({"<agent>": seen.agent})
            case "human":
                told.reached |= {"taken", "human"}
                leg.answered_s = at_s if leg.answered_s is None else leg.answered_s
                leg.human_s = at_s if leg.human_s is None else leg.human_s
                told.last_human_s = at_s
                if self._useful.search(seen.text):
                    told.useful = True
                    told.reached.add("useful")
                    self._rung(told, "first_useful_answer", seen)
            case "page":
                leg.answered_s = at_s
                told.page = seen
                if seen.resolved and self._useful.search(seen.text):
                    self._rung(told, "first_useful_answer", seen)
                    self._rung(told, "resolved", seen)
            case "bot":
                leg.bot_s = at_s if leg.bot_s is None else leg.bot_s
            case "transfer" if leg.answered_s is None and leg.bot_s is None:
                leg.team = seen.team or leg.team  # passed on before anybody said a word: the same wait goes on
            case "transfer":
                leg.answered_s = leg.bot_s if leg.answered_s is None else leg.answered_s
                self._write_leg(told, "transferred", at_s, None)
                told.leg = _Leg(leg.number + 1, at_s, at_s, seen.team, history_carried=seen.history_carried)
                told.reached -= {"taken", "human"}
            case "closed":
                told.reached |= {"closed"}
                told.closed_s = at_s
                if seen.resolved and leg.human_s is not None:
                    self._rung(told, "resolved", seen)

    def _note_promise(self, told: _Told, seen: Seen) -> None:
        """Note that what was promised before has come, with when it was due; and else what is promised now."""
        is_useful = seen.kind == "human" and self._useful.search(seen.text) is not None
        if told.promise_due_s is not None and is_useful:
            told.rungs.add("promise_kept")
            self._step(told, "promise_kept", told.promise_due_s, None, seen.seen_after_s, seen.seen_by_s, "seen")
            told.promise_due_s = None
        elif seen.kind in SPEAKER_OF and told.promise_due_s is None:
            told.promise_due_s = promised_in(self._journey, seen)

    def _note_answer(self, told: _Told, seen: Seen) -> None:
        """Note what is said to a fact that was asked for."""
        if told.asked is None or not told.asked[1].search(seen.text):
            return
        told.reached.add("answer")
        self._journal.write(
            "fact", contact_id=self._id, leg=told.leg.number, turn=told.turns - 1, fact=told.asked[0],
            text=self._cleaned(seen.text),
        )  # fmt: skip

    def _closed(self, told: _Told, seen: Seen) -> End:
        if seen.kind == "shut":
            return "closed", "closed", None
        if seen.kind == "busy":
            return "blocked", "blocked", None
        if seen.kind == "error":
            return "target_error", "target_error", seen.text[:300] or "no word of why"
        if told.leg.human_s is None:
            return "cut_off", "cut_off", None
        return "answered", "resolved" if seen.resolved else "unresolved", None

    def _left(self, told: _Told) -> End:
        """Say how a contact ended that the customer left."""
        if told.page is not None:
            found = "resolved" in told.rungs
            return ("contained", "resolved", None) if found else ("answered", "unresolved", None)
        if told.leg.human_s is None:
            return "abandoned", "abandoned", None  # taken up perhaps, but nobody ever said a word
        settled = told.useful or "resolved" in told.rungs
        return "answered", "resolved" if settled else "unresolved", None

    # -- writing -----------------------------------------------------------------------------------------------

    def _did(self, told: _Told, what: str, intended_s: float) -> None:
        self._step(told, None, intended_s, self._clock.now_s(), None, None, what)

    def _rung(self, told: _Told, rung: str, seen: Seen) -> None:
        if rung not in told.rungs:
            told.rungs.add(rung)
            self._step(told, rung, None, None, seen.seen_after_s, seen.seen_by_s, "seen")

    def _step(
        self,
        told: _Told,
        rung: str | None,
        intended_s: float | None,
        actual_s: float | None,
        after_s: float | None,
        by_s: float | None,
        state: str,
    ) -> None:
        self._journal.write(
            "step", contact_id=self._id, leg=told.leg.number, step=told.steps, rung=rung, intended_s=intended_s,
            actual_s=actual_s, seen_after_s=after_s, seen_by_s=by_s, ended_s=by_s, state=state,
        )  # fmt: skip
        told.steps += 1

    def _message(self, told: _Told, at_s: float, speaker: str, text: str) -> None:
        if told.turns < MESSAGES_MOST:
            self._journal.write(
                "message",
                contact_id=self._id,
                leg=told.leg.number,
                turn=told.turns,
                at_s=at_s,
                speaker=speaker,
                text=self._cleaned(text),
            )
        told.turns += 1

    def _cleaned(self, text: str) -> str:
        return cleaned(text, self._caller.known)

    def _write_leg(self, told: _Told, leg_end: str, ended_s: float | None, reason: str | None) -> None:
        leg = told.leg
        if leg.human_s is None and told.page is None and leg_end != "transferred":
            leg.answered_s = None  # a chat that somebody joined and never wrote in was not answered
        talked = leg_end in ("answered", "transferred", "cut_off") and leg.answered_s is not None and told.page is None
        if talked and ended_s is not None and leg.answered_s is not None:
            self._around.guard.note_agent_time(ended_s - leg.answered_s)
        self._journal.write(
            "leg", contact_id=self._id, leg=leg.number, team=leg.team,
            agent=leg.agent if self._around.guard.charter.staff_told else None, due_s=leg.due_s,
            arrived_s=leg.arrived_s, answered_s=leg.answered_s, ended_s=ended_s,
            talk_s=_talked_s(leg, ended_s) if talked else None,
            history_carried=leg.history_carried, leg_end=leg_end,
            reason=self._cleaned(reason) if reason else reason,
        )  # fmt: skip

    def _end(self, told: _Told, leg_end: str, outcome: str, reason: str | None) -> str:
        ended_s: float | None = self._clock.now_s()
        if leg_end == "censored":
            ended_s = None
        elif leg_end in ("answered", "cut_off") and self._ended_by_s(told) is not None:
            ended_s = self._ended_by_s(told)
        for rung in AWAITED_RUNGS:
            if rung not in told.rungs and told.page is None and leg_end not in ("closed", "blocked", "withheld"):
                self._step(told, rung, None, None, self._clock.now_s(), None, "censored")
        if told.promise_due_s is not None:
            self._step(told, "promise_kept", told.promise_due_s, None, self._clock.now_s(), None, "censored")
        self._write_leg(told, leg_end, ended_s, reason)
        self._journal.write("end", contact_id=self._id, contact_outcome=outcome)
        return outcome

    def _ended_by_s(self, told: _Told) -> float | None:
        """Return when the desk was done, as far as it can be seen: at closing, else with the last word of a person."""
        return told.closed_s if told.closed_s is not None else told.last_human_s

    async def _keep_picture(self, session: Session, told: _Told) -> None:
        name = await session.evidence(re.sub(r"[^\w.-]+", "_", self._id))
        if name is not None:
            self._journal.write(
                "step",
                contact_id=self._id,
                leg=told.leg.number,
                step=told.steps,
                rung=None,
                state="screenshot",
                evidence=name,
            )
            told.steps += 1


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


def _talked_s(leg: _Leg, ended_s: float | None) -> float | None:
    """Return how long an agent had the contact; None where one letter both answers and settles: nobody saw it begin."""
    if ended_s is None or leg.answered_s is None or ended_s <= leg.answered_s:
        return None
    return ended_s - leg.answered_s


def _last_s(seen: Seen, now_s: float) -> float:
    return now_s if math.isnan(seen.seen_by_s) else seen.seen_by_s


def _middle(seen: Seen) -> float:
    """Return the best single instant for what came between two looks."""
    return (seen.seen_after_s + seen.seen_by_s) / 2
