"""Does a roster obey its labour rules? Told from the roster and the file alone, by other code than what made it.

Reads the file as plain YAML and times of shifts as scenario seconds; knows nothing of patterns, crews and models.
"""

from __future__ import annotations

import datetime
import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from results.roster import Roster, RosterShift

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def broken_rules(roster: Roster, path: Path, holidays: tuple[str, ...] = ()) -> list[str]:
    """Return every rule that is broken, and by whom."""
    told = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    zone = ZoneInfo(roster.time_zone)
    first = datetime.datetime.fromisoformat(roster.starts).replace(tzinfo=zone)
    by_person: dict[str, list[RosterShift]] = defaultdict(list)
    for shift in roster.shifts:
        by_person[shift.person].append(shift)
    clock = _Clock(first, zone)
    found = []
    for person, shifts in by_person.items():
        shifts.sort(key=lambda one: one.begins_s)
        found += [f"{person}: {fault}" for fault in _person_faults(person, shifts, told, clock, roster.days, holidays)]
    return found + _count_faults(by_person, told, roster, clock)


class _Clock:
    def __init__(self, first: datetime.datetime, zone: ZoneInfo) -> None:
        self.first_s, self.zone, self.first = first.timestamp(), zone, first

    def at(self, at_s: float) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.first_s + at_s, tz=self.zone)

    def of_date(self, date: datetime.date, minutes: int = 0) -> float:
        naive = datetime.datetime.combine(date, datetime.time()) + datetime.timedelta(minutes=minutes)
        return naive.replace(tzinfo=self.zone).timestamp() - self.first_s


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _person_faults(
    person: str, shifts: list[RosterShift], told: Any, clock: _Clock, days: int, holidays: tuple[str, ...]
) -> list[str]:
    faults = []
    contract = told["contracts"][shifts[0].contract]
    employee = next((one for one in told.get("people", []) if one["name"] == person), None)
    if employee is not None and employee["contract"] != shifts[0].contract:
        faults.append("another contract than theirs")
    if len({one.contract for one in shifts}) > 1:
        faults.append("two contracts")
    for shift in shifts:
        faults += _shift_faults(shift, contract, employee, told, clock, holidays)
    rules = told.get("rules", {})
    rest_s = rules.get("rest_hours", {}).get("least", 0) * 3600
    for before, after in itertools.pairwise(shifts):
        if after.begins_s - before.ends_s < rest_s:
            faults.append(f"rest of {(after.begins_s - before.ends_s) / 3600} h")
    dates = [clock.at(one.begins_s).date() for one in shifts]
    if len(set(dates)) < len(dates):
        faults.append("two shifts on one day")
    faults += _row_faults(sorted(set(dates)), rules)
    faults += _weekend_faults(set(dates), rules, clock, days)
    return faults + _week_faults(shifts, contract, rules, told, clock, days)


def _shift_faults(
    shift: RosterShift, contract: Any, employee: Any, told: Any, clock: _Clock, holidays: tuple[str, ...]
) -> list[str]:
    begins, ends = clock.at(shift.begins_s), clock.at(shift.ends_s)
    day = "holiday" if begins.date().isoformat() in holidays else DAYS[begins.weekday()]
    start = begins.hour * 60 + begins.minute
    length = (ends.replace(tzinfo=None) - begins.replace(tzinfo=None)).total_seconds() / 3600
    step = told.get("interval_minutes", 30)
    kinds = []
    for name in contract["shifts"]:
        kind = told["shifts"][name]
        first, last = _minutes(kind["starts"]["from"]), _minutes(kind["starts"]["to"])
        every = kind["starts"].get("every_minutes", step)
        allowed = day in kind["days"] if "days" in kind else day != "holiday"
        if allowed and first <= start <= last and (start - first) % every == 0 and length in kind["hours"]:
            kinds.append(kind)
    faults = []
    if not any(_breaks_fit(shift, kind, length) for kind in kinds):
        faults.append(f"a shift or breaks that no shift of the contract allows: {begins} to {ends} {shift.breaks}")
    for allowed_teams in (contract.get("teams"), (employee or {}).get("teams")):
        if allowed_teams is not None and shift.team not in allowed_teams:
            faults.append(f"works for {shift.team}")
    if employee is not None:
        if DAYS[begins.weekday()] in employee.get("days_off", []):
            faults.append(f"works on a day off: {begins}")
        for text in employee.get("unavailable", []):
            date, _, hours = text.partition(" ")
            span = [_minutes(part) for part in hours.split("-")] if hours else [0, 1440]
            from_s, to_s = (clock.of_date(datetime.date.fromisoformat(date), one) for one in span)
            if shift.begins_s < to_s and shift.ends_s > from_s:
                faults.append(f"works while unavailable: {text}")
    return faults


def _breaks_fit(shift: RosterShift, kind: Any, length: float) -> bool:
    asked = [one for one in kind.get("breaks", []) if length > one.get("longer_than_hours", 0)]
    if len(asked) != len(shift.breaks):
        return False
    ended_s = shift.begins_s
    for wanted, taken in zip(asked, sorted(shift.breaks), strict=False):
        after_h = (taken.begins_s - shift.begins_s) / 3600
        if taken.begins_s < ended_s or taken.ends_s > shift.ends_s or taken.paid != wanted["paid"]:
            return False
        if taken.ends_s - taken.begins_s != wanted["minutes"] * 60:
            return False
        if not wanted["after_least_hours"] <= after_h <= wanted["after_most_hours"]:
            return False
        ended_s = taken.ends_s
    return True


def _row_faults(dates: list[datetime.date], rules: Any) -> list[str]:
    most = rules.get("days_in_row", {}).get("most", 10**6)
    row = 0
    for at, date in enumerate(dates):
        row = row + 1 if at and (date - dates[at - 1]).days == 1 else 1
        if row > most:
            return [f"{row} days in a row"]
    return []


def _weekend_faults(dates: set[datetime.date], rules: Any, clock: _Clock, days: int) -> list[str]:
    if "weekends_off" not in rules:
        return []
    rule = rules["weekends_off"]
    weekends: dict[datetime.date, bool] = {}
    for day in range(-1, days):
        date = clock.first.date() + datetime.timedelta(days=day)
        if date.weekday() >= 5:
            saturday = date - datetime.timedelta(days=date.weekday() - 5)
            weekends[saturday] = weekends.get(saturday, False) or date in dates
    worked = list(weekends.values())
    windows = [worked[at : at + rule["of"]] for at in range(max(len(worked) - rule["of"], 0) + 1)]
    return ["too few weekends off"] if any(sum(one) > rule["of"] - rule["least"] for one in windows) else []


def _week_faults(
    shifts: list[RosterShift], contract: Any, rules: Any, told: Any, clock: _Clock, days: int
) -> list[str]:
    begin = DAYS.index(told.get("week_begins", "monday"))
    weeks: dict[datetime.date, list[RosterShift]] = defaultdict(list)
    covered: dict[datetime.date, int] = defaultdict(int)
    for day in range(days):
        date = clock.first.date() + datetime.timedelta(days=day)
        covered[date - datetime.timedelta(days=(date.weekday() - begin) % 7)] += 1
    for shift in shifts:
        date = clock.at(shift.begins_s).date()
        weeks[date - datetime.timedelta(days=(date.weekday() - begin) % 7)].append(shift)
    faults = []
    hours, number = contract["hours_week"], contract.get("days_week", {})
    most = hours["most"] + contract.get("overtime", {}).get("hours_week_most", 0)
    most = min(most, rules.get("hours_week", {}).get("most", 168))
    for week in {*weeks, *covered}:
        own = weeks.get(week, [])
        paid_h = sum(one.paid_h for one in own)
        if paid_h > most + 1e-9:
            faults.append(f"{paid_h} h in the week of {week}")
        if len(own) > number.get("most", 7):
            faults.append(f"{len(own)} days in the week of {week}")
        if covered[week] == 7:
            if paid_h < hours.get("least", 0) - 1e-9 or len(own) < number.get("least", 0):
                faults.append(f"only {paid_h} h on {len(own)} days in the week of {week}")
            rest = rules.get("rest_week_hours", {}).get("least", 0)
            if _longest_rest_h(shifts, clock.of_date(week), clock.of_date(week + datetime.timedelta(days=7))) < rest:
                faults.append(f"no long rest begins in the week of {week}")
    return faults


def _longest_rest_h(shifts: list[RosterShift], from_s: float, to_s: float) -> float:
    """Return the longest rest that begins in a week: at its start, or at the end of a shift."""
    longest = 0.0
    for at_s in [from_s, *(one.ends_s for one in shifts if from_s < one.ends_s <= to_s)]:
        if any(one.begins_s < at_s < one.ends_s for one in shifts):
            continue
        longest = max(longest, min([one.begins_s for one in shifts if one.begins_s >= at_s], default=10**12) - at_s)
    return longest / 3600


def _count_faults(by_person: dict[str, list[RosterShift]], told: Any, roster: Roster, clock: _Clock) -> list[str]:
    faults = []
    named = {one["name"] for one in told.get("people", [])}
    hired: dict[str, set[str]] = defaultdict(set)
    for person, shifts in by_person.items():
        if person not in named:
            hired[shifts[0].contract].add(person)
    for name, contract in told["contracts"].items():
        count = contract.get("count_most", 0)
        count = sum(count.values()) if isinstance(count, dict) else count
        count += sum(one["count"] for one in told.get("groups", []) if one["contract"] == name)
        if len(hired[name]) > count:
            faults.append(f"{len(hired[name])} people with {name}, at most {count}")
    whole = roster.days >= 13
    for one in told.get("people", []):
        least = told["contracts"][one["contract"]]["hours_week"].get("least", 0)
        if whole and least and one["name"] not in by_person:
            faults.append(f"{one['name']} never works")
    return faults
