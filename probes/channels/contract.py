"""The contract that every channel keeps, and what it is given to work with.

A session is one contact over one channel. `open` sends the first byte; `next_seen` returns what comes back, stamped
when it came and not when it was asked for; `leave` goes the way a person would; `close` frees everything and may be
called at any time. A desk that cannot be reached or answers nonsense is a `Seen("error")`, not an exception: exceptions
are our own faults. No session waits longer than its target's `request_s_most` for a single answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from probes.browser import Browser
from probes.clock import Clock
from probes.guard import Guard
from probes.instrument import Instrument
from probes.journeys import Open, Seen
from probes.personas import Persona
from scenarios.target import FormField, Target


@dataclass(frozen=True)
class Surroundings:
    """What all contacts of a run share."""

    target: Target
    guard: Guard
    clock: Clock
    connector: aiohttp.TCPConnector | None = None
    browser: Browser | None = None
    """Where journeys are played in one."""
    evidence: Path | None = None
    """A folder for screenshots of failures."""
    instrument: Instrument | None = None
    """Told of errors of stamps that a channel knows of."""


@dataclass(frozen=True)
class Caller:
    """Who makes the contact and what about."""

    persona: Persona
    contact_id: str
    intent: str
    intent_title: str
    background: bool

    def field_value(self, field: FormField, opening: Open) -> str:
        """Return what goes into a target's form field."""
        values = {
            "persona.first_name": self.persona.first_name,
            "persona.last_name": self.persona.last_name,
            "persona.email": self.persona.email,
            "order": self.persona.order,
            "intent": self.intent,
            "intent_title": self.intent_title,
            "subject": opening.subject,
            "text": opening.text,
        }
        text = field.text_for(self.intent)
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text


class Session(Protocol):
    """One contact over one channel."""

    polled: bool
    """Whether what is seen may have come any time since the look before."""
    entered_s: float | None
    """When the desk was given the contact, where a page had to be loaded and filled in first; else None: at opening."""

    async def open(self, opening: Open) -> None:
        """Send the first byte and what the customer wants."""

    async def say(self, text: str) -> None:
        """Write a message."""

    async def press(self, keys: str) -> None:
        """Press keys of a telephone: 0-9, A-D, * and #; no other channel has any."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return the next thing seen, or Seen("nothing") at `until_s` (scenario time; None: no deadline)."""

    async def leave(self) -> None:
        """Go as a person would."""

    async def close(self) -> None:
        """Free everything; harmless when called twice."""

    async def evidence(self, name: str) -> str | None:
        """Keep a picture of what can be seen now, where the channel can; returns its file name."""
