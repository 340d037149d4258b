"""Whether two values of one type can be told of the same thing: a week is seven days, 15 a month is 180 a year.

>>> from probes.scoring.answers import answer_of
>>> from probes.scoring.lexicon import lexicon_of
>>> english = lexicon_of("en")
>>> one, other = (answer_of(english, said).values["duration"][0] for said in ("It takes a week.", "Seven days."))
>>> same_value(one, other)
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from probes.scoring.answers import PERIODS, Value
from probes.scoring.times import WEEKDAYS

LENGTHS_SAME = 0.035
"""So far apart, as a share, two lengths are one: a month of 30 or 31 days, a year of 365 or 12 months."""

THIRDS = (100 / 3, 200 / 3)
"""Shares that people tell rounded: 33 %, 33.3 %."""

STATES = {
    "placed": "open", "processing": "open", "shipped": "under way", "in_transit": "under way", "delivered": "there",
    "delayed": "delayed", "cancelled": "cancelled", "refunded": "refunded", "unknown": "unknown",
}  # fmt: skip
"""States of an order that can be told of one at the same time."""

MONTH_ENDS = (
    "01-31", "02-28", "02-29", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31",
)  # fmt: skip


def kinds_apart(type_: str, one: Value, other: Value) -> bool:
    """Say whether two values measure different things by their kind: a wait in minutes, a warranty in years."""
    if type_ != "duration":
        return False
    least, most = sorted(value.fact.value["max_s"] or value.fact.value["min_s"] for value in (one, other))
    return bool(most > 5_000 * max(least, 1))


def same_value(one: Value, other: Value) -> bool:
    """Say whether two values of one type can both be true."""
    mine, yours = one.fact, other.fact
    match mine.type:
        case "deadline" | "date":
            return _same_time(str(mine.value), str(yours.value))
        case "money":
            known = mine.value["currency"] == yours.value["currency"]
            unnamed = None in (mine.value["currency"], yours.value["currency"])
            return bool(known or unnamed) and _same_amount(one, other)
        case "percentage":
            shares = float(mine.value), float(yours.value)
            return abs(shares[0] - shares[1]) < 1e-9 or any(_round_to(third, shares) for third in THIRDS)
        case "duration":
            return _same_length(mine.value, yours.value)
        case "order_state":
            return STATES[mine.value] == STATES[yours.value]
        case "phone":
            shorter, longer = sorted((str(mine.value).lstrip("+0"), str(yours.value).lstrip("+0")), key=len)
            return longer.endswith(shorter)
        case "url":
            return _same_address(str(mine.value), str(yours.value))
        case _:
            return bool(mine.value == yours.value)


def _same_address(one: str, other: str) -> bool:
    """Say whether two addresses of pages can be one: a site alone is told for any of its pages."""
    (site, _, path), (its, _, page) = one.partition("/"), other.partition("/")
    return site == its and (path == page or not path or not page)


def _same_amount(one: Value, other: Value) -> bool:
    mine, yours = one.fact.value["amount"], other.fact.value["amount"]
    if abs(mine - yours) < 0.005:
        return True
    if one.period and other.period and one.period != other.period:
        return _close(mine / PERIODS[one.period], yours / PERIODS[other.period])
    return False


def _same_length(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two spans can be told of the same thing: a week is 7 days, 5 days are not 5 working days."""
    working = {one["calendar"], other["calendar"]} == {"working", "calendar"}
    if working and _close(one["max_s"] or one["min_s"], other["max_s"] or other["min_s"]):
        return False
    for mine, yours in ((one, other), (other, one)):
        if mine["max_s"] is not None and yours["max_s"] is None and mine["max_s"] < yours["min_s"] * (1 - LENGTHS_SAME):
            return False  # at most 75 minutes, at least 4 hours
    ends = [(one["max_s"], other["max_s"])]
    if one["min_s"] and other["min_s"]:
        ends.append((one["min_s"], other["min_s"]))
    return all(x is None or y is None or _close(x, y) for x, y in ends)


def _round_to(exact: float, told: Sequence[float]) -> bool:
    """Say whether all shares are one, told with none to three decimals: 33 %, 33.3 %, a third."""
    return all(any(abs(round(exact, decimals) - share) < 1e-6 for decimals in (0, 1, 2, 3, 9)) for share in told)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= LENGTHS_SAME * max(one, other)


_PARTS = re.compile(r" ?(morning|noon|afternoon|evening|night|first thing|end of day|early afternoon|late afternoon)$")


def _same_time(one: str, other: str) -> bool:
    """Say whether two points can be one: the same day, and the same clock where both tell one."""
    days, clocks = [], []
    for told in (one, other):
        found = re.search(r"(\d\d:\d\d)(?:-(\d\d:\d\d))?$", told)
        clocks.append((found[2] or found[1]) if found else "")
        day = _PARTS.sub("", told[: found.start()] if found else told).strip().lower()
        days.append(re.sub(r"^(this|next) (?=\w+day$)", "", day))
    if all(clocks) and clocks[0] != clocks[1] and not _half_a_day_apart(*clocks):
        return False
    if not all(days):
        return True  # a day alone and a clock alone can both be true
    weekdays = {_weekday(day) for day in days}
    if len(weekdays) == 1 and None not in weekdays:
        return True
    if "end of month" in days and any(day[-5:] in MONTH_ENDS for day in days):
        return True
    if any(day.startswith("end of month --") for day in days):
        months = {found[1] or found[2] for day in days if (found := re.search(r"--(\d\d)|-(\d\d)-\d\d$", day))}
        if len(months) == 1 and all(day.startswith("end of") or day[-5:] in MONTH_ENDS for day in days):
            return True
    plain = [day[-5:] if re.search(r"\d\d-\d\d$", day) else day for day in days]
    return plain[0] == plain[1]


def _half_a_day_apart(one: str, other: str) -> bool:
    """Say whether two clocks show the same on a dial before seven in the evening: half past six may be 06:30."""
    hours = sorted(int(clock[:2]) for clock in (one, other))
    return one[3:] == other[3:] and hours[1] - hours[0] == 12 and hours[1] < 19


def _weekday(day: str) -> str | None:
    return next((name.lower() for name in WEEKDAYS if name.lower() in day), None)
