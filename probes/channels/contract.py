"""The contract that every channel keeps, and what it is given to work with.

A session is one contact over one channel. `open` sends the first byte; `next_seen` returns what comes back, stamped
when it came and not when it was asked for; `leave` goes the way a person would; `close` frees everything and may be
called at any time. A desk that cannot be reached or answers nonsense is a `Seen("error")`, not an exception: exceptions
are our own faults. No session waits longer than its target's `request_s_most` for a single answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp

from probes.browser import Browser
from probes.cleaning import Known
from probes.clock import Clock
from probes.guard import Guard
from probes.http_client import HttpClient, Visit
from probes.instrument import Instrument
from probes.journeys import Open, ReadsPromises, Seen, Voice
from probes.personas import Persona
from scenarios.journey import Journey
from scenarios.persona import PersonaKind
from scenarios.scenario import Channel
from scenarios.target import FormField, Target
from scenarios.wording import filled


class Shared(Protocol):
    """What a channel keeps open for all its contacts."""

    async def close(self) -> None:
        """Free everything; harmless when called twice."""


@dataclass(frozen=True)
class Surroundings:
    """What all contacts of a run share."""

    target: Target
    guard: Guard
    clock: Clock
    connector: aiohttp.TCPConnector | None = None
    """For WebSockets and streams."""
    http: HttpClient | None = None
    """For pages and requests."""
    browser: Browser | None = None
    """Where journeys are played in one."""
    evidence: Path | None = None
    """A folder for screenshots of failures."""
    instrument: Instrument | None = None
    """Told of each contact that begins, and of errors of stamps that a channel knows of."""
    trace: bool = False
    """Whether all that the browser does is recorded, and kept of contacts that fail."""
    secrets: tuple[str, ...] = ()
    """What the run was given and nothing may hold that it writes."""
    files: Path | None = None
    """Where the files lie that journeys attach."""
    doubts: Counter[str] = field(default_factory=Counter)
    """What makes a channel doubt its own target file, and in how many contacts."""
    shared: dict[str, Shared] = field(default_factory=dict)
    """What channels keep open for all their contacts, such as a mailbox: put here by them, closed with the run."""

    def visit(self) -> Visit:
        """Return what one contact makes its requests with."""
        assert self.http is not None, "no channel over HTTP is played without a client"
        return Visit(self.http, self.target.page_bytes_most, self.target.request_s_most)


@dataclass(frozen=True)
class Caller:
    """Who makes the contact and what about."""

    persona: Persona
    contact_id: str
    intent: str
    intent_title: str
    background: bool
    channel: Channel = "chat"
    """The channel of this contact."""
    data: Mapping[str, str] = field(default_factory=dict)
    """What a feed tells of this contact, by column."""
    kind: PersonaKind | None = None
    """How they speak and wait."""
    reads: ReadsPromises | None = field(default=None, compare=False)
    """Recognises promises, where a journey leaves that to the scoring rules."""
    known: Known = field(default_factory=Known, compare=False)
    """What must not be kept of this contact; sessions add what they come by."""

    def values(self) -> dict[str, str]:
        """Return what texts and fields may hold of the person and the matter."""
        return {
            "persona.first_name": self.persona.first_name,
            "persona.last_name": self.persona.last_name,
            "persona.email": self.persona.email,
            "order": self.persona.order,
            "intent": self.intent,
            "intent_title": self.intent_title,
            "question": self.intent_title,
            **{f"data.{name}": value for name, value in self.data.items()},
        }

    def voice(self, journey: Journey) -> Voice:
        """Return how they speak in a journey."""
        return Voice(journey, self.intent, self.values(), self.kind, self.persona.language, self.reads)

    def field_value(self, field: FormField, opening: Open) -> str:
        """Return what goes into a target's form field."""
        return filled(field.text_for(self.intent), {**self.values(), "subject": opening.subject, "text": opening.text})


class CannotDoError(Exception):
    """A channel has no such thing: the journey asks for what this way of reaching the desk does not have."""


class Plain:
    """What a channel without speech, keys, a search or attachments says to those who want them."""

    opens_aloud = False
    waits_at_door = False
    takes_words = True

    async def wait_for_turn(self) -> bool:
        """Nobody has to be heard out where one writes."""
        return False

    async def say_privately(self, text: str) -> None:
        """Write a direct message."""
        raise CannotDoError("there are no direct messages here")

    async def press(self, keys: str) -> None:
        """Press keys, or a button."""
        raise CannotDoError("there is nothing to press here")

    async def search(self, text: str) -> None:
        """Search the help pages."""
        raise CannotDoError("there is nothing to search here")

    async def attach(self, path: Path) -> None:
        """Have a file go with the next message."""
        raise CannotDoError("nothing can be attached here")


class Session(Protocol):
    """One contact over one channel."""

    takes_words: bool
    """Whether anything can be said after the opening."""
    opens_aloud: bool
    """Whether what the customer wants is said, once somebody listens, and not sent with the opening."""
    waits_at_door: bool
    """Whether who comes may stand in line before the contact begins, and gives up there: `open` can be cancelled."""
    polled: bool
    """Whether what is seen may have come any time since the look before."""
    entered_s: float | None
    """When the desk was given the contact, where a page had to be loaded and filled in first; else None: at opening."""

    async def open(self, opening: Open) -> None:
        """Send the first byte and what the customer wants."""

    async def wait_for_turn(self) -> bool:
        """Wait until the other side has finished speaking; say whether that took time."""

    async def say(self, text: str) -> None:
        """Write a message, or speak."""

    async def say_privately(self, text: str) -> None:
        """Write a direct message."""

    async def press(self, keys: str) -> None:
        """Press keys, or the button with these words."""

    async def search(self, text: str) -> None:
        """Search the help pages."""

    async def attach(self, path: Path) -> None:
        """Have a file go with the next message."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return the next thing seen, or Seen("nothing") at `until_s` (scenario time; None: no deadline)."""

    async def leave(self) -> None:
        """Go as a person would."""

    async def close(self) -> None:
        """Free everything; harmless when called twice."""

    async def evidence(self, name: str) -> str | None:
        """Keep what can be seen now, where the channel can; returns a file's name, beside which the others lie."""
