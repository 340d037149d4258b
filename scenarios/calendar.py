"""What kind of day each day is: a weekday, or a holiday that is named; and the hours a channel keeps on it.

>>> kind_of_day("2026-12-24", ["2026-12-25"], 0), kind_of_day("2026-12-24", ["2026-12-25"], 1)
('thursday', 'holiday')
>>> open_spell_s("09:00-13:00"), open_spell_s("closed")
((32400, 46800), (0, 0))
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator

from scenarios.units import clock_s

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

DayKind = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday"]

CLOSED = "closed"

Spell = tuple[int, int]
"""From when to when, in seconds after midnight; (0, 0) is never."""


def kind_of_day(starts: str, holidays: Sequence[str], day: int) -> DayKind:
    """Return the kind of a day.

    Args:
        starts: the date of day 0, YYYY-MM-DD.
        holidays: dates that are holidays.
        day: from 0; the evening before is -1.
    """
    date = datetime.date.fromisoformat(starts) + datetime.timedelta(days=day)
    return "holiday" if date.isoformat() in holidays else WEEKDAYS[date.weekday()]


def open_spell_s(text: str) -> Spell:
    """Read the hours of a day, ``HH:MM-HH:MM`` or ``closed``.

    Raises:
        ValueError: the text is neither, or closes before it opens.
    """
    if text == CLOSED:
        return 0, 0
    parts = text.split("-")
    try:
        spell = [clock_s(part.strip()) for part in parts]
    except ValueError:
        spell = []
    if len(spell) != 2 or spell[1] <= spell[0]:
        raise ValueError("hours as HH:MM-HH:MM, the later time last, or closed")
    return spell[0], spell[1]


def _hours(text: str) -> str:
    open_spell_s(text)
    return text


HoursOfDay = Annotated[str, AfterValidator(_hours)]
