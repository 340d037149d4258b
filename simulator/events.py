"""The one enumeration of event kinds: which of the things that happen in the same microsecond happens first.

The next event is always the least (time, class, contact, leg) pending, new ones included. Only MATCH assigns contacts
to agents; as it comes after everything that adds a contact or frees an agent, and before give-ups, a customer whose
patience ends in the microsecond in which an agent becomes free is served.
"""

from __future__ import annotations

from enum import IntEnum


class EventClass(IntEnum):
    """Classes of events, in the order in which they happen within one microsecond."""

    END = 1
    """A conversation, or the work after it, ends."""
    SHIFT = 2
    """A team's seats change: shifts, breaks, absences."""
    CLOSING = 3
    """A channel closes, and those who wait on it are sent away."""
    JOIN = 4
    """A contact joins a queue: arrives, is transferred, tries again."""
    TIMER = 5
    """A wait has become so long that other agents take it, or goes before others; or a customer replies in a chat."""
    MATCH = 6
    """Waiting contacts and idle agents are paired until no pair is left."""
    GIVE_UP = 7
    """Patience ends."""


def event_key(kind: EventClass, contact: int = 0, leg: int = 0) -> int:
    """Pack class, contact (below 2**52) and leg (below 2**12) into one integer that sorts as they do.

    >>> event_key(EventClass.MATCH) < event_key(EventClass.GIVE_UP, 3, 0) < event_key(EventClass.GIVE_UP, 3, 1)
    True
    """
    return kind << 64 | contact << 12 | leg
