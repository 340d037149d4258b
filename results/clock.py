"""What the local clock shows at a run's scenario seconds, also on days on which it changes.

>>> RunClock.of({"origin": "2026-03-29T00:00:00+01:00", "time_zone": "Europe/Rome", "days": 1}).text(4 * 3600.0)
'05:00'
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.local_days import ALIKE, LocalDays, local_days
from scenarios.units import clock_text

Values = npt.NDArray[np.float64]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


@dataclass(frozen=True)
class RunClock:
    """The clock of a run: its scenario seconds count from `origin_s` after local midnight of its first day."""

    origin_s: float = 0.0
    local: LocalDays = ALIKE
    starts: datetime.date | None = None
    """The date of its first day, where it is known."""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> RunClock:
        """Return the clock that a run's facts tell of; one without changes where they do not name a time zone.

        >>> RunClock.of({"origin": "2026-03-03T08:30:00+01:00[Europe/Rome]"}).origin_s
        30600.0
        """
        found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d))?", str(facts.get("origin", "")))
        if not found:
            return cls()
        date, *parts = found.groups()
        hours, minutes, seconds = (int(part or 0) for part in parts)
        of_clock_s = hours * 3600 + minutes * 60 + seconds
        try:
            local = local_days(date, str(facts["time_zone"]), int(facts.get("days", 1)))
        except (KeyError, ValueError, OSError):  # what the page of an odd run shows is better than no page
            local = ALIKE
        try:
            starts = datetime.date.fromisoformat(date)
        except ValueError:
            starts = None
        return cls(float(local.at_s(0, of_clock_s)), local, starts)

    def of_day_s(self, at_s: Values) -> Values:
        """Return what the clock shows at scenario seconds, in seconds after midnight."""
        return self.local.clocks_s(at_s + self.origin_s)

    def text(self, at_s: float) -> str:
        """Write what the clock shows at a scenario second, to the second."""
        return clock_text(self.local.clock_s(round(at_s) + self.origin_s))

    def day_text(self, at_s: float, dated: bool = True) -> str:
        """Name the day of a scenario second, by its date too or by the day of the week alone.

        >>> RunClock.of({"origin": "2026-03-03T08:30:00+01:00[Europe/Rome]"}).day_text(90_000.0)
        'Wednesday 4 March'
        >>> RunClock().day_text(90_000.0)
        'Day 2'
        """
        day = self.local.day_at(round(at_s) + self.origin_s)
        if self.starts is None:
            return f"Day {day + 1}"
        date = self.starts + datetime.timedelta(days=day)
        return f"{_DAYS[date.weekday()]} {date.day} {_MONTHS[date.month - 1]}" if dated else _DAYS[date.weekday()]

    def minute_text(self, at_s: float) -> str:
        """Write what the clock shows at a scenario second, to the minute that has begun."""
        return clock_text(self.local.clock_s(round(at_s) + self.origin_s) // 60 * 60)
