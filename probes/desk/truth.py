"""Ground truth: what the desk really did and when, to hold the probes' measurements against.

One JSON line per event, in scenario seconds and in wall time; the contact is named by the mark in its address.
"""

from __future__ import annotations

import json
import re
import time
from io import TextIOWrapper
from pathlib import Path

from probes.clock import Clock

_MARK = re.compile(r"\.([0-9a-f]{12})@")


def mark_in(address: str) -> str:
    """Return the mark that our personas carry in their address, or the address itself where there is none.

    >>> mark_in("anna.0123456789ab@example.org")
    '0123456789ab'
    """
    found = _MARK.search(address)
    return found[1] if found else address


class Truth:
    """Writes events, or nothing where no file was asked for."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._lines: TextIOWrapper | None = path.open("w", encoding="utf-8") if path else None

    def note(self, what: str, address: str, channel: str, **facts: object) -> None:
        """Write that something happened now."""
        if self._lines is not None:
            entry = {"what": what, "mark": mark_in(address), "channel": channel, "at_s": self._clock.now_s()}
            self._lines.write(json.dumps({**entry, "wall_s": time.time(), **facts}, ensure_ascii=False) + "\n")
            self._lines.flush()

    def close(self) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()
