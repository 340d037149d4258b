"""Play one contact: drive a journey against a channel's session, and write down everything that is seen.

All that is measured goes through the journal. A contact always ends with a word on how: the desk's doing, the
customer's, the world's (`target_error`) or our own fault (`failed`); one that the run cuts off is `censored`.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from probes.channels.contract import Caller, Session, Surroundings
from probes.cleaning import cleaned
from probes.guard import RefusedByCharterError
from probes.journeys import LAST, Action, Leave, Open, Pause, Say, Seen, WaitFor, act_out, texts_for
from results.journal import CONTACT_FACTS, Journal
from scenarios.draws import Purpose, uniform, visit
from scenarios.journey import Journey
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
    history_carried: bool | None = None


@dataclass
class _Told:
    """What has been seen so far of one contact."""

    leg: _Leg
    reached: set[str] = field(default_factory=set)
    rungs: set[str] = field(default_factory=set)
    steps: int = 0
    turns: int = 0
    useful: bool = False
    last_human_s: float | None = None
    closed_s: float | None = None
    page: Seen | None = None


class Player:
    """Plays one contact; `play` returns how it ended."""

    def __init__(
        self,
        contact: Contact,
        journey: Journey,
        caller: Caller,
        make_session: SessionMaker,
        around: Surroundings,
        journal: Journal,
    ) -> None:
        self._contact, self._journey, self._caller = contact, journey, caller
        self._around, self._clock, self._journal = around, around.clock, journal
        self._id = str(contact.facts["contact_id"])
        self._useful = re.compile(journey.question(caller.intent).useful)
        self._make_session = make_session
        caller.known.learn_persona(caller.persona)
        caller.known.learn_secrets(*around.secrets)

    async def play(self) -> str:
        """Play the contact and return its outcome as the log has it."""
        try:
            self._around.guard.check_contact()
        except RefusedByCharterError as error:
            return never_begun(self._journal, self._contact, "withheld", str(error))
        now_s = self._clock.now_s()
        facts = {name: self._contact.facts.get(name) for name in CONTACT_FACTS}
        self._journal.write("begun", **{**facts, "due_s": self._contact.due_s, "arrived_s": now_s})
        told = _Told(_Leg(0, now_s, self._contact.due_s))
        session = self._make_session(self._around, self._caller)
        try:
            leg_end, outcome, reason = await self._act(session, told)
        except asyncio.CancelledError:
            return self._end(told, "censored", "censored", None)
        except RefusedByCharterError as error:
            # it was begun and the desk led us elsewhere: that is the desk's doing, and nothing went there
            return self._end(told, "target_error", "target_error", f"refused: {error}"[:300])
        except Exception as error:  # noqa: BLE001  whatever it is, it is our fault and goes into the log as such
            await self._keep_picture(session, told)
            return self._end(told, "failed", "failed", f"{type(error).__name__}: {error}"[:300])
        else:
            if leg_end in ("target_error", "failed"):
                await self._keep_picture(session, told)
            return self._end(told, leg_end, outcome, reason)
        finally:
            await session.close()

    # -- acting ------------------------------------------------------------------------------------------------

    async def _act(self, session: Session, told: _Told) -> tuple[str, str, str | None]:
        """Drive the generator to its end: (leg end, outcome, reason)."""
        intended_s = self._contact.due_s
        seen: Seen | None = None
        script = self._script()
        action: Action | None = next(script)
        while action is not None:
            match action:
                case Open():
                    self._did(told, "open", intended_s)
                    self._message(told, self._clock.now_s(), "customer", action.text)
                    await session.open(action)
                    if session.entered_s is not None:
                        told.leg.arrived_s = session.entered_s
                    seen = None
                case Say():
                    self._did(told, "say", intended_s)
                    self._message(told, self._clock.now_s(), "customer", action.text)
                    await session.say(action.text)
                    seen = None
                case Pause():
                    intended_s += action.seconds
                    await self._clock.sleep_until_s(intended_s)
                    seen = None
                case WaitFor():
                    seen = await self._wait(session, told, action)
                    intended_s = self._clock.now_s() if math.isnan(seen.seen_by_s) else seen.seen_by_s
                case Leave():
                    # a page that has come is read before one goes; what was left unread is looked at now
                    last = await self._drain(session, told)
                    if last is not None:
                        return self._closed(told, last)
                    if "closed" not in told.reached:
                        await session.leave()
                    return self._left(told, action)
            if seen is not None and seen.kind in LAST:
                return self._closed(told, seen)
            action = _next(script, seen)
        return self._left(told, Leave(gave_up=False))

    def _script(self) -> Generator[Action, Seen | None, None]:
        contact, word = self._contact, visit(0, int(self._contact.facts["attempt"]), 0)

        def draw_s(law: AnyLaw, index: int) -> float:
            u = uniform(contact.seed, contact.replication, contact.entity, word, int(Purpose.PAUSE), index)
            return float(quantile_s(*law_row(law), u))

        texts = texts_for(self._journey, self._caller.persona, self._caller.intent, self._caller.intent_title)
        return act_out(self._journey.steps, texts, contact.patience_s, draw_s)

    async def _wait(self, session: Session, told: _Told, action: WaitFor) -> Seen:
        """Wait until what is awaited has been seen, the desk has ended it, or the deadline has come."""
        if action.what in told.reached:
            return Seen("taken", self._clock.now_s(), self._clock.now_s())
        start_s = told.leg.arrived_s if action.patience else self._clock.now_s()
        until_s = None if action.within_s is None else start_s + action.within_s
        while True:
            seen = await session.next_seen(until_s)
            if seen.kind == "nothing":
                return seen
            self._note(told, seen)
            if seen.kind in LAST or action.what in told.reached:
                return seen
            if seen.kind == "transfer" and action.patience:
                until_s = None  # one who has been answered once does not hang up on the way to the next

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
        if seen.kind in SPEAKER_OF and seen.text:
            self._message(told, at_s, SPEAKER_OF[seen.kind], seen.text)
        if seen.kind in RUNG_OF:
            self._rung(told, RUNG_OF[seen.kind], seen)
        match seen.kind:
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
            case "transfer":
                self._write_leg(told, "transferred", at_s, None)
                told.leg = _Leg(leg.number + 1, at_s, at_s, seen.team, history_carried=seen.history_carried)
                told.reached -= {"taken", "human"}
            case "closed":
                told.reached |= {"closed"}
                told.closed_s = at_s
                if seen.resolved and leg.human_s is not None:
                    self._rung(told, "resolved", seen)

    def _closed(self, told: _Told, seen: Seen) -> tuple[str, str, str | None]:
        if seen.kind == "shut":
            return "closed", "closed", None
        if seen.kind == "busy":
            return "blocked", "blocked", None
        if seen.kind == "error":
            return "target_error", "target_error", seen.text[:300] or "no word of why"
        if told.leg.human_s is None:
            return "cut_off", "cut_off", None
        return "answered", "resolved" if seen.resolved else "unresolved", None

    def _left(self, told: _Told, action: Leave) -> tuple[str, str, str | None]:
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
                text=cleaned(text, self._caller.known),
            )
        told.turns += 1

    def _write_leg(self, told: _Told, leg_end: str, ended_s: float | None, reason: str | None) -> None:
        leg = told.leg
        if leg.human_s is None and told.page is None and leg_end != "transferred":
            leg.answered_s = None  # a chat that somebody joined and never wrote in was not answered
        talked = leg_end in ("answered", "transferred", "cut_off") and leg.answered_s is not None and told.page is None
        self._journal.write(
            "leg", contact_id=self._id, leg=leg.number, team=leg.team,
            agent=leg.agent if self._around.guard.charter.staff_told else None, due_s=leg.due_s,
            arrived_s=leg.arrived_s, answered_s=leg.answered_s, ended_s=ended_s,
            talk_s=ended_s - leg.answered_s if talked and ended_s is not None and leg.answered_s is not None else None,
            history_carried=leg.history_carried, leg_end=leg_end,
            reason=cleaned(reason, self._caller.known) if reason else reason,
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


def _next(script: Generator[Action, Seen | None, None], seen: Seen | None) -> Action | None:
    try:
        return script.send(seen)
    except StopIteration:
        return None


def _middle(seen: Seen) -> float:
    """Return the best single instant for what came between two looks."""
    return (seen.seen_after_s + seen.seen_by_s) / 2
