"""Where a run is played and by which clock: what is fixed for all of its contacts, whatever they are about.

What is to be played is an errand (`probes.errand`); the two together, and a run folder, are all that playing needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.browser import Browser
from probes.channels.table import sessions_of
from probes.clock import Clock
from probes.instrument import Instrument
from probes.player import SessionMaker
from scenarios.charter import Charter
from scenarios.target import Target


@dataclass(frozen=True)
class Access:
    """How a desk is reached, and what may be done to it."""

    target: Target
    charter: Charter
    in_browser: bool = False
    """Whether the channels that have a page are played in a browser."""
    trace: bool = False
    """Whether all that the browser does is recorded, and kept of contacts that fail."""
    instead: Mapping[str, SessionMaker] | None = None
    """What plays each channel, where that is not for the target file to say."""

    @property
    def sessions(self) -> Mapping[str, SessionMaker]:
        """What plays each channel."""
        return sessions_of(self.target, self.in_browser) if self.instead is None else self.instead


@dataclass(frozen=True)
class Setting:
    """A desk that can be reached, the clock that runs there, and the instrument that watches our own delays."""

    access: Access
    clock: Clock
    instrument: Instrument
    browser: Browser | None = None
    """Open, where journeys are played in one."""
