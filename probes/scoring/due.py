"""When a promise falls due: a time as told, the instant it was said at, and the desk's hours.

The rules are those of docs/scoring.md: hours and minutes run on the clock, over weekends and clock changes; a range
counts to its end; a day is due at 18:00, whenever the desk closes; morning ends at noon; the end of the week is its
last working day.

>>> from probes.scoring.lexicon import lexicon_of
>>> from probes.scoring.times import times_of
>>> english = lexicon_of("en")
>>> said_at = datetime.datetime(2026, 3, 13, 17, 50, tzinfo=ZoneInfo("Europe/London"))
>>> for words in ("within 10 working days", "in 48 hours", "by Monday morning", "end of next week"):
...     print(due_at(times_of(english.read(words), english)[0], said_at, BusinessHours.of("Mon-Fri 09:00-18:00")))
2026-03-27 18:00:00+00:00
2026-03-15 17:50:00+00:00
2026-03-16 12:00:00+00:00
2026-03-20 18:00:00+00:00
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from probes.scoring.times import DAY_S, HOUR_S, MIDNIGHT, MONTH_S, WEEK_S, WEEKDAYS, YEAR_S, PointTime, SpanTime

SHORT_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SUNDAY = 6

FARTHEST_S = 100 * YEAR_S
"""Nobody means a span longer than this."""

DAY_ENDS = 18 * 60
"""What is promised for a day is due at this minute of it."""

ENDS_MIN = {
    "morning": 12 * 60, "noon": 12 * 60, "early afternoon": 15 * 60, "afternoon": 18 * 60, "late afternoon": 18 * 60,
    "evening": 20 * 60, "night": MIDNIGHT - 1, "first thing": 10 * 60, "end of day": 18 * 60,
}  # fmt: skip
"""By part of the day, the minute at which it is over."""

ZONES = {
    "en": ("Europe/London", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
           "Australia/Sydney", "Australia/Brisbane", "Asia/Kolkata", "Pacific/Auckland", "Europe/Paris",
           "America/Halifax", "Asia/Singapore", "Africa/Johannesburg"),
    "it": ("Europe/Rome",),
    "ro": ("Europe/Bucharest", "Europe/Chisinau"),
    "ar": ("Asia/Riyadh", "Africa/Cairo", "Asia/Dubai", "Africa/Tunis", "Asia/Beirut"),
}  # fmt: skip
"""Where a language is spoken, to know its clock changes when an instant tells its offset alone; the likeliest first."""


ABROAD = ("Europe/London", "Europe/Rome", "Europe/Athens", "America/New_York")
"""Where customers of any language live too."""


def hours_of(holidays: Iterable[str], told: str | None = None) -> BusinessHours:
    """Return a desk's business hours, as `BusinessHours.of` reads them, with a scenario's holidays (YYYY-MM-DD)."""
    days = frozenset(datetime.date.fromisoformat(day) for day in holidays)
    return BusinessHours.of(told, days) if told else BusinessHours(holidays=days)


@dataclass(frozen=True)
class BusinessHours:
    """On which weekdays (0 Monday) a desk works, its hours in minutes of the day, and its holidays."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: int = 9 * 60
    closes: int = 18 * 60
    holidays: frozenset[datetime.date] = field(default_factory=frozenset)

    @classmethod
    def of(cls, told: str, holidays: Collection[datetime.date] = ()) -> BusinessHours:
        """Read `Mon-Fri 09:00-18:00` or `Sun-Thu 08:00-16:00`.

        Raises:
            ValueError: it is told otherwise.
        """
        match = re.fullmatch(r"(\w{3})(?:-(\w{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)", told.strip())
        if match is None or {match[1], match[2] or match[1]} - set(SHORT_DAYS):
            raise ValueError(f"business hours are {told!r}; they are told as Mon-Fri 09:00-18:00")
        first, last = SHORT_DAYS.index(match[1]), SHORT_DAYS.index(match[2] or match[1])
        days = tuple((first + i) % 7 for i in range((last - first) % 7 + 1))
        return cls(days, int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6]), frozenset(holidays))

    def works_on(self, day: datetime.date) -> bool:
        """Say whether the desk works on a day."""
        return day.weekday() in self.days and day not in self.holidays

    def after(self, day: datetime.date, count: int) -> datetime.date:
        """Return the working day that is `count` working days after a day."""
        while count:
            day += datetime.timedelta(days=1)
            count -= self.works_on(day)
        return day

    def week_of(self, day: datetime.date) -> datetime.date:
        """Return the first day of a day's week: Sunday where Sunday is worked, else Monday."""
        starts = SUNDAY if SUNDAY in self.days else 0
        return day - datetime.timedelta(days=(day.weekday() - starts) % 7)

    def week_ends(self, day: datetime.date) -> datetime.date:
        """Return the last working day of a day's week."""
        first = self.week_of(day)
        week = [first + datetime.timedelta(days=i) for i in range(7)]
        return max((one for one in week if self.works_on(one)), default=week[-1])


def zone_of(said_at: datetime.datetime, language: str) -> datetime.tzinfo:
    """Return the zone of an instant that tells its offset alone, as the language's likeliest with that offset."""
    if isinstance(said_at.tzinfo, ZoneInfo):
        return said_at.tzinfo
    for name in (*ZONES.get(language, ()), *ABROAD):
        zone = ZoneInfo(name)
        if said_at.astimezone(zone).utcoffset() == said_at.utcoffset():
            return zone
    return said_at.tzinfo or datetime.UTC


def due_at(
    time: SpanTime | PointTime, said_at: datetime.datetime, hours: BusinessHours | None = None
) -> datetime.datetime | None:
    """Return when what is promised for a time falls due, or None where the words do not tell.

    Args:
        time: as told.
        said_at: when it was said, with its zone.
        hours: the desk's; Monday to Friday 9 to 18 by default.
    """
    hours = hours or BusinessHours()
    if time.past or time.repeats:
        return None
    return _after_span(time, said_at, hours) if isinstance(time, SpanTime) else _at_point(time, said_at, hours)


def _at(day: datetime.date, minutes: int, said_at: datetime.datetime) -> datetime.datetime:
    """Return a local time of a day, in the zone it was said in."""
    if minutes >= MIDNIGHT:
        day, minutes = day + datetime.timedelta(days=1), minutes - MIDNIGHT
    return datetime.datetime.combine(day, datetime.time(minutes // 60, minutes % 60), said_at.tzinfo)


def _after_span(span: SpanTime, said_at: datetime.datetime, hours: BusinessHours) -> datetime.datetime | None:
    length = span.most_s if span.most_s is not None else span.least_s
    if length > FARTHEST_S:
        return None
    if span.unit_s < DAY_S:
        if span.working:
            return _after_working_s(said_at, length, hours)
        return (said_at.astimezone(datetime.UTC) + datetime.timedelta(seconds=length)).astimezone(said_at.tzinfo)
    if span.working and span.unit_s in (DAY_S, WEEK_S):
        return _at(hours.after(said_at.date(), length // DAY_S), DAY_ENDS, said_at)
    day = said_at.date()
    if span.unit_s == MONTH_S:
        day = _months_later(day, length // MONTH_S) + datetime.timedelta(seconds=length % MONTH_S)
    elif span.unit_s == YEAR_S:
        day = _months_later(day, round(12 * length / YEAR_S))
    else:
        day += datetime.timedelta(days=length // DAY_S)
    return _at(day, DAY_ENDS, said_at)


def _months_later(day: datetime.date, months: int) -> datetime.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))


def _after_working_s(said_at: datetime.datetime, length_s: int, hours: BusinessHours) -> datetime.datetime:
    day, left = said_at.date(), length_s
    at_s = (said_at.hour * 60 + said_at.minute) * 60 + said_at.second
    while True:
        if hours.works_on(day):
            begins = max(at_s, hours.opens * 60)
            room = hours.closes * 60 - begins
            if room >= left:
                return _at(day, (begins + left) // 60, said_at)
            left -= max(room, 0)
        day, at_s = day + datetime.timedelta(days=1), 0


def _at_point(point: PointTime, said_at: datetime.datetime, hours: BusinessHours) -> datetime.datetime | None:
    today = said_at.date()
    day = _day_of(point.last_day or point.day, said_at, hours) if point.day else today
    if day is None:
        return None
    clock = point.until if point.until is not None else point.clock
    if clock is not None:
        if not point.day and not point.exact and point.until is None and not DAYTIME[0] <= said_at.hour < DAYTIME[1]:
            return _soonest(clock, said_at)
        if point.part == "night" and clock < NIGHT_ENDS <= said_at.hour * 60 and day == today:
            day += datetime.timedelta(days=1)
        due = _at(day, clock, said_at)
        if not point.day and due <= said_at:
            later = _at(day, clock + 12 * 60, said_at) if not point.exact and clock < 12 * 60 else due
            due = later if later > said_at else _at(day + datetime.timedelta(days=1), clock, said_at)
        return due
    if point.relation == "before" and not point.part and not _is_spell(point.day):
        return _at(day - datetime.timedelta(days=1), DAY_ENDS, said_at)
    minutes = ENDS_MIN.get(point.part, DAY_ENDS)
    due = _at(day, minutes, said_at)
    if not point.day and due <= said_at:
        return _at(day + datetime.timedelta(days=1), minutes, said_at)
    return _at(day, MIDNIGHT - 1, said_at) if day == today and due <= said_at else due


NIGHT_ENDS = 6 * 60

DAYTIME = (6, 18)
"""At these hours `by five` means the afternoon; in the night it means the next five there is."""


def _soonest(clock: int, said_at: datetime.datetime) -> datetime.datetime:
    """Return the next time that a clock of twelve hours shows a time."""
    half = clock % (12 * 60)
    dues = [_at(said_at.date(), half + turns * 12 * 60, said_at) for turns in range(4)]
    return next(due for due in dues if due > said_at)


def _is_spell(day: str) -> bool:
    return day.startswith(("end of", "next week", "this week", "next month", "this month"))


def _day_of(told: str, said_at: datetime.datetime, hours: BusinessHours) -> datetime.date | None:
    """Return the day that words mean."""
    today = said_at.date()
    one = datetime.timedelta(days=1)
    named = {"today": today, "same day": today, "tomorrow": today + one, "day after tomorrow": today + 2 * one}
    if told in named:
        return named[told]
    if match := re.fullmatch(r"\+(\d+) days", told):
        return today + int(match[1]) * one if int(match[1]) * DAY_S <= FARTHEST_S else None
    if match := re.fullmatch(r"(\w+) fortnight", told):
        return _weekday(match[1], today, hours) + 14 * one
    if told in ("next working day", "+1 working day", "+1 working days"):
        return hours.after(today, 1)
    if told.removeprefix("next ") in WEEKDAYS:
        return _weekday(told, today, hours)
    if match := re.fullmatch(r"(\d{4})-(\d\d)", told):
        year, month = int(match[1]), int(match[2])
        return datetime.date(year, month, calendar.monthrange(year, month)[1])
    if match := re.fullmatch(r"(\d{4})?-?-?(\d\d)-(\d\d)", told):
        return _date(match, today)
    if match := re.fullmatch(r"(\d+)\w\w of (the|next) month", told):
        return _month_day(int(match[1]), _months_later(today.replace(day=1), 1) if match[2] == "next" else today)
    return _edge_of(told, today, hours)


def _weekday(told: str, today: datetime.date, hours: BusinessHours) -> datetime.date:
    number = WEEKDAYS.index(told.removeprefix("next "))
    if told.startswith("next "):
        first = hours.week_of(today) + datetime.timedelta(days=7)
        return first + datetime.timedelta(days=(number - first.weekday()) % 7)
    return today + datetime.timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _date(match: re.Match[str], today: datetime.date) -> datetime.date | None:
    month, day = int(match[2]), int(match[3])
    years = [int(match[1])] if match[1] else [today.year, today.year + 1]
    for year in years:
        try:
            found = datetime.date(year, month, day)
        except ValueError:
            continue
        if match[1] or found >= today:
            return found
    return None


def _month_day(day: int, today: datetime.date) -> datetime.date | None:
    for months in range(13):
        first = _months_later(today.replace(day=1), months)
        if day <= calendar.monthrange(first.year, first.month)[1] and first.replace(day=day) >= today:
            return first.replace(day=day)
    return None


def _edge_of(told: str, today: datetime.date, hours: BusinessHours) -> datetime.date | None:
    """Return the day of `end of week`, `next week`, `start of next month`, `end of month --05`."""
    match = re.fullmatch(r"(?:(end|start|middle) of )?(?:(next|this) )?(week|month|year)(?: --(\d\d))?", told)
    if match is None:
        return None
    edge, unit = match[1] or "end", match[3]
    ahead = int(match[2] == "next")
    if unit == "week":
        if edge == "start" and not ahead:
            ahead = 1
        first = hours.week_of(today) + datetime.timedelta(days=7 * ahead)
        if edge == "end" and not match[2] and not ahead and hours.week_ends(first) < today:
            first += datetime.timedelta(days=7)
        days = [first + datetime.timedelta(days=i) for i in range(7)]
        working = [day for day in days if hours.works_on(day)] or days
        return {"end": working[-1], "start": working[0], "middle": working[len(working) // 2]}[edge]
    if unit == "year":
        return datetime.date(today.year + ahead, 12, 31)
    month = today.replace(day=1)
    if match[4]:
        month = month.replace(month=int(match[4]))
        month = month if month >= today.replace(day=1) else month.replace(year=month.year + 1)
    else:
        month = _months_later(month, ahead or int(edge == "start"))
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day={"end": last, "start": 1, "middle": 15}[edge])


def is_clock_span(span: SpanTime) -> bool:
    """Say whether a span runs on the clock: minutes and hours do."""
    return span.unit_s <= HOUR_S
