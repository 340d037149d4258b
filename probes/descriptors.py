"""Open descriptors: how many this process may have and has, and whether a plan's contacts at once find room.

Each chat or call that is under way holds at least one connection. How long desks keep customers is not known before,
so a plan is refused only where those who come within one second are too many; that those who come while others may
still wait could be too many is worth a warning.
"""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HOLDING = ("chat", "phone")
"""Channels whose contacts hold a connection as long as they last."""
SPARE = 64
"""For journal, tables, name servers, pages and mailboxes."""
AT_ONCE_S = 1.0
UNLIMITED = 1 << 20
OPEN = Path("/proc/self/fd")


def raise_limit() -> int:
    """Raise the soft limit of open descriptors to the hard one; returns how many this process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than the hard limit says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return limit()


def limit() -> int:
    """Return how many descriptors this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def open_now() -> int:
    """Return how many descriptors are open, within microseconds; where the system does not say, at least how many."""
    with contextlib.suppress(OSError):
        told = OPEN.stat().st_size  # Linux from 6.2 on: how many
        if told:
            return told
    try:
        lowest_free = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return limit()
    os.close(lowest_free)
    return lowest_free


@dataclass(frozen=True)
class Room:
    """How many connections a plan needs at once, and how many can be had."""

    at_least: int
    """So many come within one second."""
    at_most: int
    """So many are there if nobody is answered and all wait as long as they can."""
    available: int

    def why_not(self) -> str | None:
        """Say why the plan cannot be played in this process; None where it may be."""
        if self.at_least <= self.available:
            return None
        return (
            f"{self.at_least:,} chats and calls come within one second, and this process may open only "
            f"{self.available:,} connections; raise the limit (`ulimit -n`, hard limit too) or plan fewer"
        )

    def doubt(self) -> str | None:
        """Say why there may be too little room; None where all find it, first attempts that is."""
        if self.at_most <= self.available:
            return None
        return (
            f"up to {self.at_most:,} customers may be in chats and calls at once, and this process may open only "
            f"{self.available:,} connections; if the desk is slow, raise the limit (`ulimit -n`)"
        )


def room_for(plan: pd.DataFrame, scale: float, until_s: float) -> Room:
    """Return the room for a plan's first attempts, after raising the limit; `until_s` ends all waits."""
    available = max(raise_limit() - open_now() - SPARE, 0)
    held = plan[plan["channel"].isin(HOLDING)]
    due_s = np.sort(held["due_s"].to_numpy(dtype=float))
    patient_s = held["due_s"].to_numpy(dtype=float) + held["patience_s"].to_numpy(dtype=float)
    gone_s = np.sort(np.minimum(patient_s, until_s))
    places = np.arange(1, len(due_s) + 1)
    together = places - np.searchsorted(due_s, due_s - AT_ONCE_S * scale, side="right")
    waiting = places - np.searchsorted(gone_s, due_s, side="right")
    return Room(int(together.max(initial=0)), int(waiting.max(initial=0)), available)
