"""Journeys as generators: a pure function of script, persona, keyed draws and what came back.

The generator yields what the shopper does and receives what was seen; it has no clock and does no I/O. So a journey
can be replayed from its events, and tested without a desk.

>>> from scenarios.journey import Step
>>> script = [Step(open=True), Step(wait_for="human", within="patience")]
>>> play = act_out(script, Texts("s", "t", {}), patience_s=5.0, draw_s=lambda law, index: 1.0)
>>> next(play)
Open(subject='s', text='t')
>>> play.send(None)
WaitFor(what='human', within_s=5.0, patience=True)
>>> play.send(Seen("nothing"))
Leave(gave_up=True)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from probes.personas import Persona
from scenarios.journey import Awaited, Journey, Step
from scenarios.laws import AnyLaw

Kind = Literal[
    "accepted", "automatic", "position", "taken", "typing", "human", "bot", "page", "transfer", "closed", "shut",
    "busy", "error", "nothing",
]  # fmt: skip
"""What a channel can see. `shut`: outside its hours; `busy`: all lines taken; `nothing`: the deadline came first."""

LAST = ("closed", "shut", "busy", "error")
"""After these nothing more comes."""


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


@dataclass(frozen=True)
class Open:
    """Begin the contact with this text; `presses` says that the script presses a menu's keys itself."""

    subject: str
    text: str
    presses: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class Say:
    """Write this."""

    text: str


@dataclass(frozen=True)
class WaitFor:
    """Wait until this is seen, at most `within_s` (None: as long as it takes) from the contact's arrival or now."""

    what: Awaited
    within_s: float | None
    patience: bool


@dataclass(frozen=True)
class Pause:
    """Think, read or type."""

    seconds: float


@dataclass(frozen=True)
class Leave:
    """Go; `gave_up` when patience ended."""

    gave_up: bool


Action = Open | Say | WaitFor | Pause | Leave


@dataclass(frozen=True)
class Texts:
    """What the shopper says: the opening, and the values of placeholders."""

    subject: str
    text: str
    values: Mapping[str, str]

    def fill(self, text: str) -> str:
        """Put values in the place of {placeholders}."""
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", value)
        return text


def texts_for(journey: Journey, persona: Persona, intent: str, intent_title: str) -> Texts:
    """Return what a persona says in a journey."""
    question = journey.question(intent)
    values = {
        "persona.first_name": persona.first_name,
        "persona.last_name": persona.last_name,
        "order": persona.order,
        "question": intent_title,
        "intent": intent,
    }
    texts = Texts("", "", values)
    subject = texts.fill(question.subject)
    return Texts(subject, texts.fill(question.text), {**values, "subject": subject})


def act_out(
    steps: Sequence[Step], texts: Texts, patience_s: float, draw_s: Callable[[AnyLaw, int], float]
) -> Generator[Action, Seen | None, None]:
    """Play a script.

    Args:
        steps: the script.
        texts: what is said.
        patience_s: how long the planned customer waits; infinite where they never give up.
        draw_s: draws a time in seconds from a law; the index of the step keys it.
    """
    for index, step in enumerate(steps):
        if step.open:
            presses = any(getattr(one, "press", None) is not None for one in steps)
            seen = yield Open(texts.subject, texts.text, presses)
        elif step.say is not None:
            seen = yield Say(texts.fill(step.say))
        elif step.pause is not None:
            seen = yield Pause(draw_s(step.pause, index))
        else:
            assert step.wait_for is not None
            patience = step.within == "patience"
            within_s: float | None
            if step.within is None:
                within_s = None
            elif step.within == "patience":
                within_s = patience_s
            else:
                within_s = draw_s(step.within, index)
            seen = yield WaitFor(step.wait_for, None if within_s == math.inf else within_s, patience)
            if seen is not None and seen.kind == "nothing":
                yield Leave(gave_up=patience)
                return
        if seen is not None and seen.kind in LAST:
            return
    yield Leave(gave_up=False)
