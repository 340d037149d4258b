"""The day that the tags of a point in time tell: today, next Friday, 2026-05-12, --05-12, end of week.

>>> from probes.scoring.time_tags import Tag
>>> days = DaysRead()
>>> for tag in (Tag("X", "next", 0, 1), Tag("K", 4, 1, 2)):
...     days.take(tag, "", [])
>>> days.told
'next Friday'
"""

from __future__ import annotations

from probes.scoring.time_tags import Tag, ordinal

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
WEEK_S, MONTH_S, YEAR_S = 7 * DAY_S, 30 * DAY_S, 365 * DAY_S

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

YEARS_FROM = 1990
"""From here on a number beside a month is a year."""

THIS_MONTH = 0
"""What a month word is tagged with that means the month at hand."""


class DaysRead:
    """The day told by the tags of a point, read one after the other."""

    def __init__(self) -> None:
        self.told = ""
        self.last = ""
        self.part = ""
        self.past = False
        self.this = False
        self._modifier = ""
        self._numbers: list[int] = []
        self._edge = ""
        self._weekday = False
        self._fortnight = False

    def take(self, tag: Tag, following: str, later: list[Tag]) -> None:
        """Read one more tag; `following` are the letters after it."""
        value = tag.value
        match tag.letter:
            case "E":
                self._edge = str(value or "end")
            case "X":
                self._take_modifier(str(value))
            case "T":
                names = {0: "today", 1: "tomorrow", 2: "day after tomorrow"}
                self.past = self.past or int(value) < 0
                self.told = self.told or names.get(int(value), f"+{value} days" if int(value) > 0 else "yesterday")
            case "K":
                if not self.told.startswith("--"):  # the third of September, a Thursday
                    weeks = " fortnight" if self._fortnight else ""
                    self.told = f"{self._modifier} {WEEKDAYS[int(value)]}{weeks}".strip()
                    self._weekday = True
            case "P":
                self.part = str(value)
            case "d":
                self.told, self._weekday = str(value), False
            case "N" | "n":
                if not self._take_year(int(value)):
                    self._numbers.append(int(value))
                    if tag.letter == "n" and following[:1] not in ("O", "N") and not self.told:
                        self.told = f"{int(value)}{ordinal(int(value))} of the month"
            case "O":
                self._take_month(int(value), later)
            case "U":
                self._take_unit(int(value))
            case _:
                pass

    def _take_modifier(self, which: str) -> None:
        self._modifier = "next" if which == "next" else ""
        self._fortnight = which == "fortnight"
        self.this = self.this or which == "this"
        self.past = self.past or which == "last"
        if self.told and which == "next" and not self.told.startswith(("next", "-")) and not self.told[0].isdigit():
            self.told = f"next {self.told}"
        self._which = which

    def _take_month(self, month: int, later: list[Tag]) -> None:
        if month == THIS_MONTH:
            if self._numbers:
                self.told = f"{self._numbers[-1]}{ordinal(self._numbers[-1])} of the month"
            return
        if self._edge:
            self.told = f"{self._edge} of month --{month:02}"
            return
        numbers = self._numbers[-2:] or [int(tag.value) for tag in later[:1] if tag.letter in "Nn"]
        if numbers and numbers[-1] >= YEARS_FROM and len(numbers) == 1:
            self.told = f"{numbers[0]:04}-{month:02}"
            return
        if not numbers:
            return
        days = [day for day in numbers if 1 <= day <= 31]
        if days:
            self.told = f"--{month:02}-{days[0]:02}"
            self.last = f"--{month:02}-{days[1]:02}" if len(days) > 1 else ""
        self._weekday = False

    def _take_year(self, number: int) -> bool:
        if 1990 <= number <= 2100 and self.told.startswith("--"):
            self.told = f"{number:04}" + self.told[1:]
            self.last = f"{number:04}" + self.last[1:] if self.last else ""
            return True
        return False

    def _take_unit(self, unit: int) -> None:
        name = {WEEK_S: "week", MONTH_S: "month", YEAR_S: "year", DAY_S: "day"}.get(unit, "")
        which = getattr(self, "_which", "")
        if not name:
            return
        if self._edge:
            day = {"day": "today"}.get(name, f"{self._edge} of {'next ' if which == 'next' else ''}{name}")
            self.told = day
        elif self._numbers and name == "month":
            which = "next month" if which == "next" else "the month"
            self.told = f"{self._numbers[-1]}{ordinal(self._numbers[-1])} of {which}"
        elif which in ("next", "this"):
            self.told = f"{which} {name}"
        elif which == "last":
            self.told = f"last {name}"
        self._pending_unit = name
