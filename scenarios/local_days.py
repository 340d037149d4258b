"""When days begin and what their clock shows, on days on which clocks change too.

Scenario seconds elapse: they count from local midnight of the first day and know no clock changes. What is told by the
local clock is told by a day and seconds of its clock, and `LocalDays` has the one for the other. Where the clock goes
forward it skips some times: they are put at the instant of the change. Where it goes back it shows some times twice:
what begins or ends at such a time does so the first time. Refuses to know two changes in one day.

>>> spring = local_days("2026-03-28", "Europe/Rome", 2)
>>> spring.at_s(1, 3 * 3600) - spring.begins_s(1), spring.day_at(90_000.0), spring.clock_s(97_200.0) / 3600
(7200, 1, 4.0)
"""

from __future__ import annotations

import bisect
import datetime
import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scenarios.units import DAY_S, INTERVAL_S

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


class ClockChange(NamedTuple):
    """On some day the clock shows `before_s` and goes on with `after_s`, both in seconds after midnight."""

    before_s: int
    after_s: int


_NONE = ClockChange(DAY_S, DAY_S)


class Pass(NamedTuple):
    """A part of an interval of the clock, and when it comes: the clock may show one twice, or never.

    `first` and `last` are shares of the interval's length.
    """

    first: float
    last: float
    begins_s: float


class HalfHours(NamedTuple):
    """The half-hours of the clock as they follow each other; those of a changed day may be shorter, or come twice."""

    begins_s: Real
    """With one end more."""
    slot: Whole
    """Which of its day, 0 to 47."""
    day: Whole


@dataclass(frozen=True, eq=False)
class LocalDays:
    """When days begin, and on which of them the clock changes: between scenario seconds and the local clock.

    Days that are not told of have 24 hours.
    """

    beginnings_s: tuple[int, ...] = (0,)
    """Of the days from `first_day` on, and the end of the last."""
    changes: Mapping[int, ClockChange] = field(default_factory=dict)
    first_day: int = 0

    @property
    def regular(self) -> bool:
        """Whether every day has 24 hours."""
        return not self.changes

    def begins_s(self, day: int) -> int:
        """Return the scenario second with which a day begins."""
        if self.regular:
            return day * DAY_S
        place = day - self.first_day
        known = min(max(place, 0), len(self.beginnings_s) - 1)
        return self.beginnings_s[known] + (place - known) * DAY_S

    def at_s(self, day: int, of_clock_s: int) -> int:
        """Return the scenario second at which the clock of a day shows a time; from 24:00 on, that of the next day."""
        if of_clock_s >= DAY_S:
            return self.at_s(day + 1, of_clock_s - DAY_S)
        change = self.changes.get(day)
        if change is not None and of_clock_s >= change.before_s:
            of_clock_s = max(of_clock_s - change.after_s + change.before_s, change.before_s)
        return self.begins_s(day) + of_clock_s

    def day_at(self, at_s: float) -> int:
        """Return the day of a scenario second."""
        if self.regular or not self.beginnings_s[0] <= at_s < self.beginnings_s[-1]:
            known = self.first_day + (0 if at_s < self.beginnings_s[0] else len(self.beginnings_s) - 1)
            return known + int((at_s - self.begins_s(known)) // DAY_S)
        return self.first_day + bisect.bisect_right(self.beginnings_s, at_s) - 1

    def clock_s(self, at_s: float) -> float:
        """Return what the clock shows at a scenario second, in seconds after midnight."""
        return float(self.clocks_s(np.array([at_s], dtype=np.float64))[0])

    def days_at(self, at_s: Real) -> Whole:
        """Return the days of scenario seconds."""
        if self.regular:
            return (at_s // DAY_S).astype(np.int64)
        beginnings_s = np.array(self.beginnings_s)
        place = np.clip(np.searchsorted(beginnings_s, at_s, side="right") - 1, 0, len(beginnings_s) - 1)
        beyond = np.floor((at_s - beginnings_s[place]) / DAY_S)
        outside = (place == len(beginnings_s) - 1) | (beyond < 0)
        return self.first_day + place + np.where(outside, beyond, 0.0).astype(np.int64)

    def clocks_s(self, at_s: Real) -> Real:
        """Return what the clock shows at scenario seconds, in seconds after midnight."""
        if self.regular:
            return at_s % DAY_S
        days, beginnings_s = self.days_at(at_s), np.array(self.beginnings_s)
        place = days - self.first_day
        known = np.clip(place, 0, len(beginnings_s) - 1)
        shown_s: Real = at_s - (beginnings_s[known] + (place - known) * DAY_S)
        for day, change in self.changes.items():
            later = (days == day) & (shown_s >= change.before_s)
            shown_s[later] += change.after_s - change.before_s
        return shown_s

    def passes(self, day: int, starts_s: float, length_s: float) -> list[Pass]:
        """Return when an interval of a day's clock comes: once as a whole, but where the clock changes within it."""
        ends_s = starts_s + length_s
        found: list[Pass] = []
        ended_s = -1.0
        while starts_s < ends_s:
            until_s, begins_s = min(ends_s, float(DAY_S)), self.begins_s(day)
            change = self.changes.get(day, _NONE)
            spells = (
                (starts_s, min(until_s, change.before_s), begins_s),
                (max(starts_s, change.after_s), until_s, begins_s + change.before_s - change.after_s),
            )
            whole = ends_s - length_s
            for from_s, to_s, midnight_s in spells:
                if from_s >= to_s:
                    continue
                first, last = (from_s - whole) / length_s, (to_s - whole) / length_s
                if found and ended_s == midnight_s + from_s and found[-1].last == first:
                    found[-1] = found[-1]._replace(last=last)  # past a midnight
                else:
                    found.append(Pass(first, last, midnight_s + from_s))
                ended_s = midnight_s + to_s
            starts_s, ends_s, day = 0.0, ends_s - DAY_S, day + 1
        return found


ALIKE = LocalDays()
"""Days that all have 24 hours."""


@functools.lru_cache(maxsize=64)
def local_days(starts: str, time_zone: str, days: int) -> LocalDays:
    """Return the days of a time zone, from the evening before to the day after the last.

    Args:
        starts: the date of day 0, YYYY-MM-DD.
        time_zone: its IANA name.
        days: how many.
    """
    zone, first = ZoneInfo(time_zone), datetime.date.fromisoformat(starts)
    midnights = [_midnight_s(zone, first, day) for day in range(-1, days + 3)]
    beginnings_s = [midnight_s - midnights[1] for midnight_s in midnights]
    changes = {}
    for day, (begins_s, ends_s) in enumerate(itertools.pairwise(midnights), start=-1):
        skipped_s = DAY_S - (ends_s - begins_s)
        if skipped_s:
            before_s = _change_s(zone, begins_s, ends_s) - begins_s
            changes[day] = ClockChange(before_s, before_s + skipped_s)
    return LocalDays(tuple(beginnings_s), changes, -1) if changes else ALIKE


@functools.lru_cache(maxsize=8)
def half_hours(local: LocalDays, days: int) -> HalfHours:
    """Return the half-hours of so many days from the first on."""
    rows: list[tuple[int, int, int]] = []
    for day in range(days):
        begins_s, change = local.begins_s(day), local.changes.get(day, _NONE)
        rows += [(begins_s + at_s, at_s // INTERVAL_S, day) for at_s in range(0, change.before_s, INTERVAL_S)]
        begins_s += change.before_s - change.after_s
        after = [change.after_s, *range((change.after_s // INTERVAL_S + 1) * INTERVAL_S, DAY_S, INTERVAL_S)]
        rows += [(begins_s + at_s, at_s // INTERVAL_S, day) for at_s in after if at_s < DAY_S]
    begins = [row[0] for row in rows] + [local.begins_s(days)]
    slot, day_of = (np.array([row[column] for row in rows], dtype=np.int64) for column in (1, 2))
    return HalfHours(np.array(begins, dtype=np.float64), slot, day_of)


def _midnight_s(zone: ZoneInfo, first: datetime.date, day: int) -> int:
    """Return when a day begins, in seconds since 1970; a midnight that the clock skips is when it skips it."""
    date = datetime.datetime.combine(first + datetime.timedelta(days=day), datetime.time(), tzinfo=zone)
    return round(date.timestamp())


def _change_s(zone: ZoneInfo, begins_s: int, ends_s: int) -> int:
    """Return the instant of a day at which its clock changes: the first with the offset of its last second."""

    def offset(at_s: int) -> datetime.timedelta | None:
        return datetime.datetime.fromtimestamp(at_s, tz=zone).utcoffset()

    return (
        bisect.bisect_left(range(begins_s, ends_s), True, key=lambda at_s: offset(at_s) == offset(ends_s - 1))
        + begins_s
    )
