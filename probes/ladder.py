"""The response ladder of one contact: what was seen becomes rungs, messages and legs, by the rules of docs/ladder.md.

Every rung is written once, when it is first reached, with the bounds within which that happened: both are the same
where the desk pushes, and two looks apart where it is polled. What a contact hoped for and did not see is written as
`censored`, at the time until which one looked. All of it goes through the journal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from probes.channels.contract import Caller, Surroundings
from probes.cleaning import cleaned
from probes.journeys import Seen, promised_in
from results.journal import Journal
from scenarios.journey import Journey
from scenarios.wording import wording

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

NO_WAIT = ("closed", "blocked", "target_error", "failed", "censored")
"""Ends of a leg that tell nothing of how long one waits."""

MESSAGES_MOST = 1000

Standing = Literal["coming", "waiting", "in_conversation"]

WaitOver = Callable[[float, float, bool], None]
"""When a wait was over, how long it was (scenario seconds), and whether the customer gave up."""

End = tuple[str, str, str | None]
"""How a leg ended, what came of the contact, and why where that needs a word."""


@dataclass
class Leg:
    """One wait for, and time with, one team or bot."""

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
class Ladder:
    """What has been seen so far of one contact."""

    contact_id: str
    journey: Journey
    caller: Caller
    around: Surroundings
    journal: Journal
    leg: Leg
    reached: set[str] = field(default_factory=set)
    """What a journey may wait for and that has come, in this leg or since the shopper did something last."""
    rungs: set[str] = field(default_factory=set)
    recent: list[Seen] = field(default_factory=list)
    """What has been seen since the shopper did something last."""
    page: Seen | None = None
    asked: tuple[str, re.Pattern[str]] | None = None
    """The fact that was asked for last, and how an answer is known."""
    useful: bool = False
    last_human_s: float | None = None
    closed_s: float | None = None
    wait_over: WaitOver | None = None
    """Told as soon as the contact has waited its time in the first queue: no bot's, and no page's."""
    promise_due_s: float | None = None
    """When the first promise falls due that has not been kept; one that is put off is no new one."""
    _has_come: bool = False
    _is_wait_told: bool = False
    _opening: tuple[float, str] | None = None
    """What was said with the opening, and when, until it is known that it went out."""
    _steps: int = 0
    _turns: int = 0

    def __post_init__(self) -> None:
        self._useful = re.compile(self.journey.question(self.caller.intent).useful)

    # -- what the shopper does -------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Begin a turn of the shopper's: what was said before it is no answer to it."""
        self.recent.clear()
        self.reached.discard("message")

    def did(self, what: str, intended_s: float) -> None:
        """Write down what the shopper did, and when it was meant."""
        self._has_come |= what == "open"
        self._step(None, intended_s, self.around.clock.now_s(), None, None, what)

    @property
    def standing(self) -> Standing:
        """Whether the contact waits, is being talked to, or is neither: not there yet."""
        if not self._has_come:
            return "coming"
        leg = self.leg
        spoken_to = leg.answered_s is not None or leg.bot_s is not None or self.page is not None
        return "in_conversation" if spoken_to else "waiting"

    def said(self, text: str) -> None:
        """Write down what the shopper said."""
        self._write_opening()
        self._message(self.around.clock.now_s(), "customer", text)

    def opened(self, text: str, has_entered: bool) -> None:
        """Write down what was said with the opening: at once, or as soon as anything but an error comes back."""
        self._opening = self.leg.arrived_s, text
        if has_entered:
            self._write_opening()

    def _write_opening(self) -> None:
        if self._opening is not None:
            (at_s, text), self._opening = self._opening, None
            self._message(at_s, "customer", text)

    def ask(self, fact: str, answer: str) -> None:
        """Have what is said to a question kept under its fact's name; `answer` is a pattern."""
        self.asked = fact, re.compile(answer)
        self.reached.discard("answer")

    def kept(self, name: str) -> None:
        """Write down that evidence was kept."""
        self.journal.write(
            "step", contact_id=self.contact_id, leg=self.leg.number, step=self._steps, rung=None, state="screenshot",
            evidence=name,
        )  # fmt: skip
        self._steps += 1

    # -- what was seen ---------------------------------------------------------------------------------------------

    def note(self, seen: Seen) -> None:
        """Take in what was seen."""
        if seen.kind not in ("error", "shut"):
            self._write_opening()
        at_s = _middle(seen)
        leg = self.leg
        self.recent.append(seen)
        self.reached.add(seen.kind)
        if seen.kind in SPEAKER_OF and seen.text:
            self._message(at_s, SPEAKER_OF[seen.kind], seen.text)
        if seen.kind in RUNG_OF:
            self._rung(RUNG_OF[seen.kind], seen)
        if seen.kind in ("human", "bot"):
            self.reached.add("message")
            self._note_answer(seen)
        self._note_promise(seen)
        match seen.kind:
            case "connected" | "pressed":
                self._step(None, at_s, at_s, None, None, seen.kind)
                if seen.text:
                    self._message(at_s, "customer", seen.text)
            case "accepted" if seen.text:
                self.journal.write("created", contact_id=self.contact_id, reference=self._cleaned(seen.text))
            case "taken":
                leg.arrived_s = min(leg.arrived_s, at_s)
                self.reached.add("taken")
                leg.answered_s = at_s
                leg.team = seen.team or leg.team
                leg.agent = seen.agent
                if seen.agent and not self.around.guard.charter.staff_told:
                    self.caller.known.learn_person({"<agent>": seen.agent})
            case "human":
                leg.arrived_s = min(leg.arrived_s, at_s)  # they may speak before the last key of a menu is pressed
                self.reached |= {"taken", "human"}
                leg.answered_s = at_s if leg.answered_s is None else leg.answered_s
                leg.human_s = at_s if leg.human_s is None else leg.human_s
                self.last_human_s = at_s
                if self._useful.search(seen.text):
                    self.useful = True
                    self.reached.add("useful")
                    self._rung("first_useful_answer", seen)
            case "page":
                leg.answered_s = at_s
                self.page = seen
                if seen.resolved and self._useful.search(seen.text):
                    self._rung("first_useful_answer", seen)
                    self._rung("resolved", seen)
                else:  # a sign of the desk all the same
                    self._step(None, None, None, seen.seen_after_s, seen.seen_by_s, "seen")
            case "bot":
                leg.bot_s = at_s if leg.bot_s is None else leg.bot_s
            case "transfer" if leg.answered_s is None and leg.bot_s is None:
                leg.team = seen.team or leg.team  # passed on before anybody said a word: the same wait goes on
            case "transfer":
                leg.answered_s = leg.bot_s if leg.answered_s is None else leg.answered_s
                self._write_leg("transferred", at_s, None)
                self.leg = Leg(leg.number + 1, at_s, at_s, seen.team, history_carried=seen.history_carried)
                self.reached -= {"taken", "human"}
            case "closed":
                self.reached |= {"closed"}
                self.closed_s = at_s
                if seen.resolved and leg.human_s is not None:
                    self._rung("resolved", seen)
        if self.leg.answered_s is not None:
            self._tell_wait(self.leg.answered_s, False)

    def _note_promise(self, seen: Seen) -> None:
        """Note that what was promised before has come, with when it was due; and else what is promised now."""
        is_useful = seen.kind == "human" and self._useful.search(seen.text) is not None
        if self.promise_due_s is not None and is_useful:
            self.rungs.add("promise_kept")
            self._step("promise_kept", self.promise_due_s, None, seen.seen_after_s, seen.seen_by_s, "seen")
            self.promise_due_s = None
        elif seen.kind in SPEAKER_OF and self.promise_due_s is None:
            self.promise_due_s = promised_in(self.journey, seen, self.caller.reads)

    def _note_answer(self, seen: Seen) -> None:
        """Note what is said to a fact that was asked for."""
        if self.asked is None or not self.asked[1].search(seen.text):
            return
        self.reached.add("answer")
        self.journal.write(
            "fact", contact_id=self.contact_id, leg=self.leg.number, turn=self._turns - 1, fact=self.asked[0],
            text=self._cleaned(seen.text), **self._published(self.asked[0]),
        )  # fmt: skip

    def _published(self, fact: str) -> dict[str, str]:
        """Return what the company publishes of a fact, where the journey tells it."""
        told = self.journey.published().get(fact)
        return {} if told is None else {"published": wording(told, self.caller.persona.language, 0.0)}

    def closed(self, seen: Seen) -> End:
        """Say how a contact ended that the desk ended."""
        if seen.kind == "shut":
            return "closed", "closed", None
        if seen.kind == "busy":
            return "blocked", "blocked", None
        if seen.kind == "error":
            return "target_error", "target_error", seen.text[:300] or "no word of why"
        if self.leg.human_s is None:
            return "cut_off", "cut_off", None
        return "answered", "resolved" if seen.resolved else "unresolved", None

    def left(self) -> End:
        """Say how a contact ended that the customer left."""
        if self.page is not None:
            found = "resolved" in self.rungs
            return ("contained", "resolved", None) if found else ("answered", "unresolved", None)
        if self.leg.human_s is None:
            return "abandoned", "abandoned", None  # taken up perhaps, but nobody ever said a word
        settled = self.useful or "resolved" in self.rungs
        return "answered", "resolved" if settled else "unresolved", None

    # -- writing ---------------------------------------------------------------------------------------------------

    def _rung(self, rung: str, seen: Seen) -> None:
        if rung not in self.rungs:
            self.rungs.add(rung)
            self._step(rung, None, None, seen.seen_after_s, seen.seen_by_s, "seen")

    def _step(
        self,
        rung: str | None,
        intended_s: float | None,
        actual_s: float | None,
        after_s: float | None,
        by_s: float | None,
        state: str,
    ) -> None:
        self.journal.write(
            "step", contact_id=self.contact_id, leg=self.leg.number, step=self._steps, rung=rung, intended_s=intended_s,
            actual_s=actual_s, seen_after_s=after_s, seen_by_s=by_s, ended_s=by_s, state=state,
        )  # fmt: skip
        self._steps += 1

    def _message(self, at_s: float, speaker: str, text: str) -> None:
        if self._turns < MESSAGES_MOST:
            self.journal.write(
                "message",
                contact_id=self.contact_id,
                leg=self.leg.number,
                turn=self._turns,
                at_s=at_s,
                speaker=speaker,
                text=self._cleaned(text),
            )
        self._turns += 1

    def _cleaned(self, text: str) -> str:
        return cleaned(text, self.caller.known)

    def _write_leg(self, leg_end: str, ended_s: float | None, reason: str | None) -> None:
        leg = self.leg
        if leg.human_s is None and self.page is None and leg_end != "transferred":
            leg.answered_s = None  # a chat that somebody joined and never wrote in was not answered
        if ended_s is not None and leg_end not in NO_WAIT:
            self._tell_wait(ended_s, leg_end == "abandoned")
        talked = leg_end in ("answered", "transferred", "cut_off") and leg.answered_s is not None and self.page is None
        if talked and ended_s is not None and leg.answered_s is not None:
            self.around.guard.note_agent_time(ended_s - leg.answered_s)
        self.journal.write(
            "leg", contact_id=self.contact_id, leg=leg.number, team=leg.team,
            agent=leg.agent if self.around.guard.charter.staff_told else None, due_s=leg.due_s,
            arrived_s=leg.arrived_s, answered_s=leg.answered_s, ended_s=ended_s,
            talk_s=_talked_s(leg, ended_s) if talked else None,
            history_carried=leg.history_carried, leg_end=leg_end,
            reason=self._cleaned(reason) if reason else reason,
        )  # fmt: skip

    def _tell_wait(self, over_s: float, gave_up: bool) -> None:
        """Tell how long the first queue was stood in."""
        by_a_bot = self.leg.bot_s is not None and self.leg.human_s is None and not gave_up
        if self.wait_over is None or self._is_wait_told or self.page is not None or by_a_bot:
            return
        self._is_wait_told = True
        self.wait_over(over_s, max(over_s - self.leg.arrived_s, 0.0), gave_up)

    def end(self, leg_end: str, outcome: str, reason: str | None, now_s: float) -> str:
        """Write how the contact ended, by now, and what it hoped for in vain; returns its outcome."""
        if leg_end not in ("target_error", "failed"):
            self._write_opening()
        ended_s: float | None = now_s
        if leg_end == "censored":
            ended_s = None
        elif leg_end in ("answered", "cut_off") and self._ended_by_s() is not None:
            ended_s = self._ended_by_s()
        for rung in AWAITED_RUNGS:
            if rung not in self.rungs and self.page is None and leg_end not in ("closed", "blocked", "withheld"):
                self._step(rung, None, None, now_s, None, "censored")
        if self.promise_due_s is not None:
            self._step("promise_kept", self.promise_due_s, None, now_s, None, "censored")
        self._write_leg(leg_end, ended_s, reason)
        self.journal.write("end", contact_id=self.contact_id, contact_outcome=outcome)
        return outcome

    def _ended_by_s(self) -> float | None:
        """Return when the desk was done, as far as it can be seen: at closing, else with the last word of a person."""
        return self.closed_s if self.closed_s is not None else self.last_human_s


def _talked_s(leg: Leg, ended_s: float | None) -> float | None:
    """Return how long an agent had the contact; None where one letter both answers and settles: nobody saw it begin."""
    if ended_s is None or leg.answered_s is None or ended_s <= leg.answered_s:
        return None
    return ended_s - leg.answered_s


def _middle(seen: Seen) -> float:
    """Return the best single instant for what came between two looks."""
    return (seen.seen_after_s + seen.seen_by_s) / 2
