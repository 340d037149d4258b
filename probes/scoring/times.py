"""Times in a reply: spans ("within 5 working days") and points ("by Friday at six"), in any of the languages.

The words of time are tagged by the language's lexicon ([time]), one letter each; one grammar over the letters then
reads all languages. Letters:

    N number   U unit (seconds)   D a whole span (Arabic duals, "fortnight")   W working   C calendar, all days counted
    L within, at most   M at least, more than   I in (from now)   R to (a range)   G and   S half, a quarter
    B by, until, before   F from   Z at   J between   T day from today   K weekday   X next, this, last   O month
    H clock (minutes)   Y am, pm, o'clock   h half past, quarter to   P part of the day   E end, start of
    n ordinal   d date in figures   e a word before a day's number   Q every, per   A ago
    V o'clock, said before the number   _ a word that says nothing here

>>> from probes.scoring.lexicon import lexicon_of
>>> english = lexicon_of("en")
>>> [str(time) for time in times_of(english.read("within 3 to 5 working days, by six o'clock this evening"), english)]
['0..432000 s working', 'by today 18:00']
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from probes.scoring.days_told import DAY_S, HOUR_S, MINUTE_S, MONTH_S, WEEK_S, WEEKDAYS, YEAR_S, DaysRead
from probes.scoring.lexicon import Lexicon
from probes.scoring.numbers import Number, numbers_of
from probes.scoring.text import Text
from probes.scoring.time_tags import Tag, clock_value, tags_of

__all__ = ["DAY_S", "HOUR_S", "MONTH_S", "WEEKDAYS", "WEEK_S", "YEAR_S", "PointTime", "SpanTime", "Time", "times_of"]

Relation = Literal["by", "before", "from", "on"]


@dataclass(frozen=True)
class SpanTime:
    """A span with a length.

    Attributes:
        least_s, most_s: its length in seconds; `most_s` None: open.
        unit_s: the smallest unit it was told in.
        working: whether only working days (or hours) count.
        bound: how it was told: within, least, or plain.
        ahead: whether it is told as from now ("in two days").
    """

    first: int
    after: int
    least_s: int
    most_s: int | None
    unit_s: int
    working: bool
    bound: Literal["within", "least", "plain"]
    ahead: bool = False
    repeats: bool = False
    past: bool = False

    def __str__(self) -> str:
        kind = "working" if self.working else "hours" if self.unit_s < DAY_S else "calendar"
        return f"{self.least_s}..{'' if self.most_s is None else self.most_s} s {kind}"


@dataclass(frozen=True)
class PointTime:
    """A point in time as told.

    Attributes:
        relation: by, before, from or on it.
        day: the day in words (today, tomorrow, Friday, next Friday, 2026-05-12, --05-12, end of week, …); empty where
            only a clock time was told.
        clock: minutes of the day, or None.
        until: minutes of the day where it ends a spell ("between one and five").
        part: morning, noon, afternoon, evening, night, first thing, …
        exact: whether the clock was told with am, pm, 24 hours or a part of the day.
        past: whether the words themselves point back ("yesterday", "last Friday").
        repeats: whether it recurs ("every Monday", "Monday to Friday").
    """

    first: int
    after: int
    relation: Relation
    day: str
    clock: int | None = None
    until: int | None = None
    part: str = ""
    exact: bool = False
    past: bool = False
    repeats: bool = False
    last_day: str = ""

    def value(self) -> str:
        """Return it in the words of the annotation guide: `today 18:00`, `next Tuesday`, `end of week`."""
        clock = "" if self.clock is None else _clock_text(self.clock)
        if self.until is not None:
            clock += "-" + _clock_text(self.until)
        if self.part == "noon" and not clock:
            clock = "12:00"
        if self.part and not clock:
            if self.day == "today":
                return {"night": "tonight"}.get(self.part, f"this {self.part}")
            return f"{self.day} {self.part}".strip()
        return f"{self.day} {clock}".strip()

    def __str__(self) -> str:
        return f"{self.relation} {self.value()}"


Time = SpanTime | PointTime


def times_of(text: Text, lexicon: Lexicon, numbers: list[Number] | None = None) -> list[Time]:
    """Return the spans and points of a reply in order."""
    tags = tags_of(text, lexicon, numbers_of(text, lexicon) if numbers is None else numbers)
    letters = "".join(tag.letter for tag in tags)
    found: list[Time] = []
    at = 0
    while at < len(tags):
        longest: tuple[int, Time] | None = None
        for pattern, make in _GRAMMAR:
            match = pattern.match(letters, at)
            if match and match.end() > at and (longest is None or match.end() > longest[0]):  # the first of equals
                made = make(match, tags)
                if made is not None:
                    longest = (match.end(), made)
        if longest is None:
            at += 1
            continue
        at = longest[0]
        found.append(_in_context(longest[1], letters, tags, at))
    return found


_AMOUNT = (
    r"(?:J?D[RG](?:S?U|D)|J?[ILM]*(?:(?<=L)Z)?W?N(?:[RG][LM]*N)?(?:GS)?W?[UD]|[ILM]*W?SW?U|[ILM]*N?D|[LM]+U|[ILM]*UN(?![WU]))"
    r"W?(?:G?S)?(?:GU)?C?W?"
)
_SPAN = re.compile(rf"{_AMOUNT}(?:[G,]?N[U]W?)*(?:[LMI]+(?![NTKHEVPBZUDn]))?(?P<ago>A?)")
_CLOCK = r"(?:J?[VZ]*H(?:[RGB][VZ]*H)?)"
_DATE_WORDS = r"e?(?:(?:[Nn][RG])?[Nn]O,?(?:N(?!U))?|O[Nn],?(?:N(?![UY]))?|d)(?:X(?![UTKPO]))?"
_LONE_ORDINAL = r"(?<=[BFZL])n(?=[.,GPT]|$)|(?<=B)n(?![UOX])"
_DAY = (
    rf"(?:K,?X?n?{_DATE_WORDS}|{_DATE_WORDS}|KN(?![UWO%Y])|X?KX?n?|X?T|E[FB]*X?[UOT]X?|XU|UX|X?PX?"
    rf"|nXU|nU(?!X)|{_LONE_ORDINAL}|X?[O]X?)"
)
_PIECE = rf"(?:{_DAY}|{_CLOCK})"
_FURTHER = rf"[,G][ZVBFI]{{0,2}}(?:{_CLOCK}|X?PX?|K?,?{_DATE_WORDS}|(?<=T,)K)"
"""What may follow a comma within one point: a clock, a part of the day, a date; another day begins another point."""

_POINT = re.compile(rf"(?P<prep>[BFZVJLIM]*)(?P<body>{_PIECE}(?:[ZVBFI]{{0,2}}{_PIECE}|{_FURTHER})*)(?P<tail>[B]?)")


def _span(match: re.Match[str], tags: list[Tag]) -> SpanTime | None:
    part = tags[match.start() : match.end()]
    letters = "".join(tag.letter for tag in part)
    body = re.sub(r"[LMIWCA]", "", letters)
    working = "W" in letters
    low = high = 0.0
    unit = 0
    pending: list[float] = []
    ranged = False
    for place, tag in enumerate(part):
        match tag.letter:
            case "N":
                pending.append(float(tag.value))
            case "R":
                ranged = True
            case "G":
                ranged = ranged or "J" in letters
            case "S":
                if pending:
                    pending[-1] += float(tag.value)
                elif unit and place and "U" in letters[:place]:
                    low += float(tag.value) * unit
                    high += float(tag.value) * unit
                else:
                    pending.append(float(tag.value))
            case "U":
                unit = int(tag.value)
                amounts = pending or [1.0]
                if letters[place + 1 : place + 2] == "N" and not pending:
                    amounts = [float(part[place + 1].value)]
                    low, high = low + amounts[0] * unit, high + amounts[0] * unit
                    return _made_span(part, letters, low, high, unit, working, ranged)
                if ranged and high and "J" in letters:  # between ten days and two weeks
                    high = max(amounts) * unit
                else:
                    low, high = low + min(amounts) * unit, high + max(amounts) * unit
                pending = []
            case "D":
                unit = _unit_of(int(tag.value))
                amount = pending[0] if pending else 1.0
                low += amount * int(tag.value)
                high += amount * int(tag.value)
                pending = []
            case _:
                pass
    if not unit or high <= 0 or ("U" not in body + "D" and "D" not in body):
        return None
    return _made_span(part, letters, low, high, unit, working, ranged)


WORKING_WEEK = 5 / 7
"""A working week is five working days."""


def _made_span(
    part: list[Tag], letters: str, low: float, high: float, unit: int, working: bool, ranged: bool
) -> SpanTime:
    if working and unit == WEEK_S:
        low, high, unit = low * WORKING_WEEK, high * WORKING_WEEK, DAY_S
    bound: Literal["within", "least", "plain"] = "least" if "M" in letters else "within" if "L" in letters else "plain"
    least: float = 0 if bound == "within" and low == high else low
    most = None if bound == "least" else round(high)
    if bound == "within" and low != high:
        least = 0
    return SpanTime(
        part[0].first, part[-1].after, round(least), most, unit, working and unit >= HOUR_S, bound,
        ahead="I" in letters, past="A" in letters,
    )  # fmt: skip


def _unit_of(span_s: int) -> int:
    return max((unit for unit in (MINUTE_S, HOUR_S, DAY_S, WEEK_S, MONTH_S, YEAR_S) if span_s % unit == 0), default=1)


def _point(match: re.Match[str], tags: list[Tag]) -> PointTime | None:
    part = tags[match.start() : match.end()]
    letters = "".join(tag.letter for tag in part)
    prep = match["prep"]
    relation: Relation = "on"
    if "F" in prep:
        relation = "from"
    if "B" in prep or "L" in prep:
        relation = "by"
        if any(tag.letter == "B" and tag.value == "before" for tag in part):
            relation = "before"
    point = PointTime(part[0].first, part[-1].after, relation, "")
    clocks = [tag for tag in part if tag.letter == "H"]
    days = DaysRead()
    for place, tag in enumerate(part):
        days.take(tag, letters[place + 1 :], part[place + 1 :])
    if days.past:
        point = replace(point, past=True)
    if not days.told and not clocks and not days.part:
        return None
    if days.part and not days.told and not clocks and not prep and "X" not in letters:
        return replace(point, day="", part=days.part)
    point = replace(point, day=days.told or ("today" if days.this or days.part else ""), part=days.part,
                    last_day=days.last)  # fmt: skip
    if clocks:
        first, first_exact = clock_value(clocks[0].value)
        point = replace(point, clock=first, exact=first_exact or bool(days.part))
        if len(clocks) > 1:
            last, last_exact = clock_value(clocks[1].value)
            if last == first:
                return in_24_hours(point)
            if last_exact and not first_exact and first < 12 * 60 <= last and first + 12 * 60 < last:
                point = replace(point, clock=first + 12 * 60)
            point = replace(point, until=last, exact=point.exact or last_exact)
        point = in_24_hours(point)
        if "F" in prep and point.until is not None and not days.told:
            point = replace(point, repeats=True)
    return point


AFTERNOON = ("afternoon", "evening", "night", "early afternoon", "late afternoon", "end of day")
MIDNIGHT = 24 * 60


def in_24_hours(point: PointTime) -> PointTime:
    """Read `six` as 18:00 where the part of the day or a desk's hours say so."""

    def read(minutes: int) -> int:
        late = point.part in AFTERNOON and not (point.until == 12 * 60 and (point.clock or 0) < 12 * 60)
        if point.exact and not point.part:
            return minutes
        if point.part == "night" and 60 <= minutes < 6 * 60:
            return minutes
        if late and 60 <= minutes < 12 * 60:
            return minutes + 12 * 60
        if point.part == "night" and minutes == 12 * 60:
            return MIDNIGHT
        if not point.part and not point.exact and 60 <= minutes < 7 * 60:
            return minutes + 12 * 60
        return minutes

    clock = None if point.clock is None else read(point.clock)
    until = None if point.until is None else read(point.until)
    if clock is not None and until is not None and until < clock and until < 12 * 60:
        until += 12 * 60
    return replace(point, clock=clock, until=until)


def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _in_context(time: Time, letters: str, tags: list[Tag], after: int) -> Time:
    """Mark times that recur, from what stands around them."""
    own = [i for i, tag in enumerate(tags) if time.first <= tag.first < time.after and tag.letter != "Q"]
    before = own[0] if own else 0
    recurs = letters[:before].endswith(("Q", "QG")) or letters[after : after + 1] == "Q"
    weekday = isinstance(time, PointTime) and time.day in WEEKDAYS
    between = weekday and (
        letters[after : after + 2] in ("RK", "BK") or letters[max(before - 2, 0) : before] in ("KR", "KB")
    )
    return replace(time, repeats=True) if recurs or between else time


_RANGE = re.compile(
    r"(?P<pre>[ILMJF]*)W?(?P<a>N?[UD])W?(?:(?P<r>R)|(?P<g>G)|)[LM]*W?(?P<b>N?[UD]|N(?![UOHK%Y]))W?C?[LM]*W?"
)


def _range(match: re.Match[str], tags: list[Tag]) -> SpanTime | None:
    """Read a range that names its units twice, or once in front: an hour to two hours, two days or three."""
    if match["g"] and "J" not in match["pre"]:
        return None
    if (
        not match["r"]
        and not match["g"]
        and (match["a"][-1] + match["b"][-1] not in ("UD", "DN", "DU") or match["a"] == "NU")
    ):
        return None
    part = tags[match.start() : match.end()]
    letters = "".join(tag.letter for tag in part)
    low, unit = _length(tags[match.start("a") : match.end("a")], 0)
    high, _ = _length(tags[match.start("b") : match.end("b")], unit)
    if not 0 < low < high <= 40 * low:
        return None
    bound: Literal["within", "least", "plain"] = "within" if "L" in letters else "plain"
    least = 0 if bound == "within" else low
    return SpanTime(part[0].first, part[-1].after, least, high, unit, "W" in letters and unit >= HOUR_S, bound)


def _length(tags: list[Tag], unit: int) -> tuple[int, int]:
    """Return the length of tags such as `3 days`, and its unit; a bare number is of the unit given."""
    amount, length = 1.0, 0
    for tag in tags:
        if tag.letter == "N":
            amount = float(tag.value)
        else:
            length, unit = int(tag.value), _unit_of(int(tag.value))
    return round(amount * (length or unit)), unit


_GRAMMAR: tuple[tuple[re.Pattern[str], Any], ...] = ((_SPAN, _span), (_RANGE, _range), (_POINT, _point))
