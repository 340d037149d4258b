"""What the local clock shows at a run's scenario seconds, also on days on which it changes.

>>> RunClock.of({"origin": "2026-03-29T00:00:00+01:00", "time_zone": "Europe/Rome", "days": 1}).text(4 * 3600.0)
'05:00'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.local_days import ALIKE, LocalDays, local_days
from scenarios.units import clock_text

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RunClock:
    """The clock of a run: its scenario seconds count from `origin_s` after local midnight of its first day."""

    origin_s: float = 0.0
    local: LocalDays = ALIKE

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
        return cls(float(local.at_s(0, of_clock_s)), local)

    def of_day_s(self, at_s: Values) -> Values:
        """Return what the clock shows at scenario seconds, in seconds after midnight."""
        return self.local.clocks_s(at_s + self.origin_s)

    def text(self, at_s: float) -> str:
        """Write what the clock shows at a scenario second, to the second."""
        return clock_text(self.local.clock_s(round(at_s) + self.origin_s))
