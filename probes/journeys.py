"""Journeys as generators: a pure function of script, persona, keyed draws and what came back.

The generator yields what the shopper does and is sent what has been seen meanwhile; it has no clock and does no I/O. So
a journey of days is taken up again by feeding what its journal holds to a fresh generator, and tested without a desk.

>>> from scenarios.journey import Journey
>>> journey = Journey.model_validate({
...     "journey": "short", "title": "?", "channel": "chat", "questions": {"default": {"subject": "s", "text": "t",
...     "useful": "yes"}}, "steps": [{"open": True}, {"wait_for": "human", "within": "patience"}]})
>>> play = act_out(journey, Voice(journey, "default", {}), Draws(lambda law, index: 1.0, lambda index: 0.0), 5.0)
>>> next(play)
Open(subject='s', text='t')
>>> play.send(())
WaitFor(what='human', within_s=5.0, patience=True, again=False, heed=())
>>> play.send((Seen("nothing"),))
Leave(gave_up=True)
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from scenarios.journey import FEEDBACK_MOST, Ask, Awaited, Hop, Journey, Said, Step
from scenarios.laws import AnyLaw
from scenarios.persona import PersonaKind
from scenarios.scenario import Channel
from scenarios.wording import Text, filled, wording

Kind = Literal[
    "accepted", "automatic", "position", "taken", "typing", "human", "bot", "page", "hold", "transfer", "closed",
    "shut", "busy", "error", "nothing", "connected", "pressed",
]  # fmt: skip
"""What a channel can see. `shut`: outside its hours; `busy`: all lines taken; `hold`: music while one waits; `nothing`:
the deadline came first; `connected`: the line is open, whoever is on it; `pressed`: keys of the target's menu."""

LAST = ("closed", "shut", "busy", "error")
"""After these nothing more comes."""

SPEAKERS = ("human", "bot", "automatic")
UNIT_S = {"minutes": 60.0, "hours": 3600.0, "days": 86_400.0, "weeks": 604_800.0}


@dataclass(frozen=True)
class Seen:
    """Something that came back; polled channels know only that it came between the two instants."""

    kind: Kind
    seen_after_s: float = math.nan
    seen_by_s: float = math.nan
    text: str = ""
    team: str | None = None
    agent: str | None = None
    history_carried: bool | None = None
    resolved: bool = False


Heard = Sequence[Seen]
"""What came back since the last action, the decisive one last."""


@dataclass(frozen=True)
class Open:
    """Begin the contact with this text; `presses` says that the script presses a menu's keys itself."""

    subject: str
    text: str
    presses: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class Write:
    """Write or speak this; `fact` is what it asks for, `retelling` where the story is told again."""

    text: str
    fact: str | None = None
    answer: str | None = None
    """Regular expression of an answer to it."""
    retelling: bool = False
    privately: bool = False


@dataclass(frozen=True)
class Press:
    """Press these keys, or the button with these words."""

    keys: str


@dataclass(frozen=True)
class Search:
    """Search the help pages for this."""

    text: str


@dataclass(frozen=True)
class Attach:
    """Have a file go with the next message."""

    file: str


@dataclass(frozen=True)
class WaitFor:
    """Wait until this is seen, at most `within_s` (None: as long as it takes) from the contact's arrival or now."""

    what: Awaited | Said
    within_s: float | None
    patience: bool
    again: bool = False
    """Whether it goes on with the wait before, whose deadline holds."""
    heed: tuple[str, ...] = ()
    """Regular expressions of what a customer replies to at once."""


@dataclass(frozen=True)
class Pause:
    """Think, read or type."""

    seconds: float


@dataclass(frozen=True)
class Leave:
    """Go; `gave_up` when patience ended."""

    gave_up: bool


@dataclass(frozen=True)
class GoOn:
    """End this contact, and begin another one: `after_s` from now, or from an instant at which a promise is due."""

    channel: Channel
    after_s: float
    due_s: float | None = None


Action = Open | Write | Press | Search | Attach | WaitFor | Pause | Leave | GoOn


@dataclass(frozen=True)
class Draws:
    """A customer's luck: a time by a law, and a number to choose a wording by; the index of the step keys both."""

    time_s: Callable[[AnyLaw, int], float]
    choice: Callable[[int], float]


ReadsPromises = Callable[[str, float], float | None]
"""Given words and the second they came at, returns when what they promise falls due, or None."""


@dataclass(frozen=True)
class Voice:
    """What a shopper says in a journey: the question of an intent, placeholders filled, in the persona's language."""

    journey: Journey
    intent: str
    values: Mapping[str, str]
    kind: PersonaKind | None = None
    language: str = "en"
    reads: ReadsPromises | None = None
    """Recognises promises, where the journey leaves that to the scoring rules."""

    def put(self, text: Text, u: float, more: Mapping[str, str] | None = None) -> str:
        """Return how a text is put; `u` draws between wordings."""
        return filled(wording(text, self.language, u), {**self.values, **more} if more else self.values)

    def opening(self, text: Text, subject: Text, u: float, more: Mapping[str, str] | None = None) -> Open:
        """Return how a contact is opened: in the persona's tone."""
        told = self.put(subject, u, more)
        words = self.put(text, u, {**(more or {}), "subject": told})
        if self.kind is not None:
            around = (self.put(self.kind.before, u), words, self.put(self.kind.behind, u))
            words = " ".join(part for part in around if part)
        return Open(told, words, self.journey.presses)

    def typing_s(self, text: str) -> float:
        """Return how long they write."""
        per_s = self.kind.types_per_s if self.kind is not None else None
        return len(text) / per_s if per_s else 0.0


Acting = Generator[Action, Heard, None]


class _ContactOverError(Exception):
    """The contact has ended, by the desk or by us."""


@dataclass
class _Play:
    """One journey under way."""

    voice: Voice
    draws: Draws
    patience_s: float
    done: int = 0
    """Steps taken: keys their draws."""
    contact: list[Seen] = field(default_factory=list)
    """What came back in this contact."""
    replied: Counter[int] = field(default_factory=Counter)
    feedback: int = 0
    promised_s: float | None = None
    """When the last promise falls due."""
    useful: bool = False
    resolved: bool = False
    reference: str = ""
    channel: str = ""
    earlier: dict[str, str] = field(default_factory=dict)
    """What can be said of the contact before."""

    def __post_init__(self) -> None:
        self.channel = self.voice.journey.channel
        self.known = re.compile(self.voice.journey.question(self.voice.intent).useful)

    # -- the script --------------------------------------------------------------------------------------------

    def whole(self) -> Acting:
        """Play all steps; whatever ends a contact, the journey goes on at its next hop whose condition holds."""
        over = skips = False
        for step in self.voice.journey.steps:
            if step.hop is not None:
                skips = not self._goes_on(step.hop)  # what follows belongs to the hop
            if skips or (over and step.hop is None):
                continue
            try:
                over = False
                yield from self._step(step)
            except _ContactOverError:
                over = True
        if not over:
            yield Leave(gave_up=False)

    def _steps(self, steps: Sequence[Step] | None) -> Acting:
        for step in steps or ():
            if step.hop is not None and not self._goes_on(step.hop):
                continue
            yield from self._step(step)

    def _step(self, step: Step) -> Acting:
        index, self.done = self.done, self.done + 1
        u = self.draws.choice(index)
        if step.open:
            question = self.voice.journey.question(self.voice.intent)
            yield from self._open(self.voice.opening(question.text, question.subject, u))
        elif step.say is not None:
            yield from self._write(Write(self._put(step.say, u), privately=bool(step.privately)))
        elif step.ask is not None:
            yield from self._ask(step.ask, u)
        elif step.press is not None:
            yield from self._do(Press(self._put(step.press, u)))
        elif step.search is not None:
            yield from self._do(Search(self._put(step.search, u)))
        elif step.attach is not None:
            yield from self._do(Attach(step.attach))
        elif step.pause is not None:
            yield from self._do(Pause(self.draws.time_s(step.pause, index)))
        elif step.when is not None:
            yield from self._steps(step.then if self._is_so(step.when) else step.else_)
        elif step.hop is not None:
            yield from self._hop(step.hop, index, u)
        elif step.leave:
            yield Leave(gave_up=False)
            raise _ContactOverError
        else:
            yield from self._wait(step, index)

    def _open(self, opening: Open) -> Acting:
        self.contact, self.replied, self.feedback = [], Counter(), 0
        if seconds := self.voice.typing_s(opening.text):
            yield from self._do(Pause(seconds))
        yield from self._do(opening)

    def _ask(self, ask: Ask, u: float) -> Acting:
        yield from self._write(Write(self._put(ask.text, u), fact=ask.fact, answer=ask.answer or ""))

    def _write(self, what: Write) -> Acting:
        if seconds := self.voice.typing_s(what.text):
            yield from self._do(Pause(seconds))
        yield from self._do(what)

    def _do(self, action: Action) -> Acting:
        self._note((yield action))

    def _hop(self, hop: Hop, index: int, u: float) -> Acting:
        self.earlier = {"earlier.channel": self.channel, "earlier.reference": self.reference}
        subject = self.voice.put(self.voice.journey.question(self.voice.intent).subject, u)
        after_s = self.draws.time_s(hop.after, index)
        due_s = self.promised_s if hop.when == "due" else None
        self.promised_s, self.channel, self.reference = None, hop.to, ""
        yield GoOn(hop.to, after_s, due_s)
        yield from self._open(self.voice.opening(hop.say, hop.subject, u, {**self.earlier, "subject": subject}))

    # -- waiting -----------------------------------------------------------------------------------------------

    def _wait(self, step: Step, index: int) -> Acting:
        assert step.wait_for is not None
        patience = step.within == "patience"
        within_s: float | None
        if step.within is None:
            within_s = None
        elif step.within == "patience":
            within_s = self.patience_s
        else:
            within_s = self.draws.time_s(step.within, index)
        wait = WaitFor(step.wait_for, None if within_s == math.inf else within_s, patience, heed=self._heeded())
        while True:
            heard = yield wait
            self._note(heard)
            if heard and heard[-1].kind == "nothing":
                break
            answer = self._reply_to(heard, index)
            if answer is None:
                return
            yield from self._write(answer)
            wait = replace(wait, again=True, heed=self._heeded())
        if step.otherwise is None:
            yield Leave(gave_up=patience)
            raise _ContactOverError
        yield from self._steps(step.otherwise)

    def _heeded(self) -> tuple[str, ...]:
        return tuple(
            reply.to
            for place, reply in enumerate(self.voice.journey.replies)
            if self.replied[place] < reply.most and (reply.kind != "feedback" or self.feedback < FEEDBACK_MOST)
        )

    def _reply_to(self, heard: Heard, index: int) -> Write | None:
        """Return what is replied to what was said last, if it asks for something."""
        if not heard or heard[-1].kind not in SPEAKERS:
            return None
        for place, reply in enumerate(self.voice.journey.replies):
            if reply.to in self._heeded() and re.search(reply.to, heard[-1].text):
                self.replied[place] += 1
                self.feedback += reply.kind == "feedback"
                words = self._put(reply.say, self.draws.choice(index))
                return Write(words, retelling=reply.kind == "retelling")
        return None

    # -- what came back ----------------------------------------------------------------------------------------

    def _note(self, heard: Heard) -> None:
        self.contact += heard
        for seen in heard:
            if seen.kind == "accepted" and seen.text:
                self.reference = seen.text
            if seen.kind in SPEAKERS:
                self.promised_s = promised_in(self.voice.journey, seen, self.voice.reads) or self.promised_s
            self.useful |= seen.kind in ("human", "page") and self.known.search(seen.text) is not None
            self.resolved |= seen.resolved and seen.kind in ("closed", "page")
        if heard and heard[-1].kind in LAST:
            raise _ContactOverError

    def _goes_on(self, hop: Hop) -> bool:
        if hop.when == "due" and self.promised_s is None:
            return False
        return hop.only_if == "always" or not self.useful

    def _is_so(self, condition: Said | Literal["useful", "resolved"]) -> bool:
        if condition == "useful":
            return self.useful
        if condition == "resolved":
            return self.resolved
        return any(is_said(condition, seen) for seen in self.contact)

    def _put(self, text: Text, u: float) -> str:
        return self.voice.put(text, u, self.earlier)


class Script:
    """A journey that is being played, over all its contacts; `action` is what is to be done next, None at its end."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self.action: Action | None = next(acting)

    def send(self, heard: Heard) -> Action | None:
        """Tell what came back since the action was done; returns the next one."""
        try:
            self.action = self._acting.send(heard)
        except StopIteration:
            self.action = None
        return self.action

    def begin(self) -> Action | None:
        """Begin the next contact of a journey that goes on."""
        return self.send(()) if isinstance(self.action, GoOn) else self.action

    def cut_off(self, reason: str) -> Action | None:
        """Tell that the contact has come to nothing; returns what the journey does about that."""
        if self.action is None or isinstance(self.action, GoOn):
            return self.action
        return self.send((Seen("error", text=reason),))


def promised_in(journey: Journey, seen: Seen, reads: ReadsPromises | None = None) -> float | None:
    """Return when what is promised in these words falls due, by the journey's rules; None where nothing is.

    `reads` is what recognises promises where the journey leaves that to the scoring rules.
    """
    due_s = None
    if journey.promises == "recognised":
        return reads(seen.text, seen.seen_by_s) if reads is not None else None
    for sign in journey.promises:
        found = re.search(sign.says, seen.text)
        if found is not None:
            due_s = seen.seen_by_s + float(found.groupdict().get("count") or "1") * UNIT_S[sign.unit]
    return due_s


def is_said(what: Said, seen: Seen) -> bool:
    """Say whether something seen is the words waited for."""
    if seen.kind not in (*SPEAKERS, "page", "closed") or (what.by != "anyone" and what.by != seen.kind):
        return False
    return re.search(what.says, seen.text) is not None


def act_out(journey: Journey, voice: Voice, draws: Draws, patience_s: float) -> Acting:
    """Play a journey.

    Args:
        journey: the script.
        voice: what is said.
        draws: the customer's luck.
        patience_s: how long the planned customer waits; infinite where they never give up.
    """
    assert journey is voice.journey
    return _Play(voice, draws, patience_s).whole()
