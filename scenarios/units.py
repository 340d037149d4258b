"""Seconds outside, whole microseconds inside: the one place where the two meet.

>>> us(1.5), seconds(1_500_000)
(1500000, 1.5)
"""

from __future__ import annotations

NEVER_US = 2**62
"""Later than anything: a time that does not come."""

DAY_S = 86_400
DAY_US = DAY_S * 1_000_000
DAY_MINUTES = DAY_S // 60
"""A day of the clock. When days begin, and how long those last on which clocks change, `scenarios.local_days` knows."""

INTERVAL_S = 1800
"""The half-hours of the day by which figures are told apart."""


AGENTS_MOST = 5_000
"""Agents of one team at one time."""

LINES_MOST = 1_000_000
"""Customers that a channel holds at once, where it says how many."""

INTERVAL_CONTACTS_MOST = 60_000
"""Expected contacts of one intent in one interval."""


def us(time_s: float) -> int:
    """Round seconds to whole microseconds."""
    return round(time_s * 1e6)


def seconds(time_us: int) -> float:
    """Return microseconds as seconds."""
    return time_us / 1e6


def clock_s(text: str) -> int:
    """Read a time of day, ``HH:MM`` or ``HH:MM:SS`` up to ``24:00``, as seconds after midnight.

    >>> clock_s("09:30")
    34200

    Raises:
        ValueError: the text is not a time of day.
    """
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) == 2 for part in parts):
        raise ValueError("a time of day as HH:MM")
    hours, minutes, secs = (*map(int, parts), 0)[:3]
    time_s = hours * 3600 + minutes * 60 + secs
    if minutes > 59 or secs > 59 or time_s > DAY_S:
        raise ValueError("a time of day from 00:00 to 24:00")
    return time_s


def clock_text(time_s: float) -> str:
    """Write seconds after midnight as ``HH:MM`` (with seconds where there are any).

    >>> clock_text(34200)
    '09:30'
    """
    whole = round(time_s)
    text = f"{whole // 3600:02d}:{whole % 3600 // 60:02d}"
    return text if whole % 60 == 0 else f"{text}:{whole % 60:02d}"
