"""Labour rules: shifts, breaks, contracts, rest, and who there is; the typed file, and what it says of given days.

A rule that is not told does not hold: nothing is assumed of what some country or agreement asks. Each rule carries its
source. Weeks begin on `week_begins`; what is asked of a week at least (hours, days, rest) is asked of whole weeks only,
what is allowed at most also of the parts of weeks at the ends.

>>> from scenarios.reading import HERE
>>> read_labour(HERE / "labour" / "broadband_move.yaml").rules.rest_hours.least
11.0
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from scenarios.calendar import WEEKDAYS, DayKind, Weekday, kind_of_day
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.local_days import LocalDays, local_days
from scenarios.models import Strict, read_model
from scenarios.scenario import Clock, Scenario
from scenarios.units import AGENTS_MOST, DAY_S, clock_s
from scenarios.yaml_reader import Document, Words, read_file

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Hours = Annotated[float, Field(gt=0, le=24)]
WeekHours = Annotated[float, Field(ge=0, le=168)]
WeekDays = Annotated[int, Field(ge=0, le=7)]
Price = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0, le=AGENTS_MOST)]
Source = Annotated[str, Field(min_length=1, description="which law, agreement or contract says so")]

PEOPLE_MOST = 5_000


class Starts(Strict):
    """When a shift may begin."""

    from_: Clock = Field(alias="from", description="the first time, HH:MM")
    to: Clock = Field(description="the last time, HH:MM, on the same day")
    every_minutes: Annotated[int, Field(ge=5, le=1440)] | None = Field(
        None, description="and each so many minutes between; left out: each interval"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Starts:
        if clock_s(self.to) < clock_s(self.from_) or clock_s(self.to) >= DAY_S:
            raise ValueError("a last start at or after the first, before 24:00")
        return self


class ShiftBreak(Strict):
    """A pause of each who works the shift; when exactly is chosen within its window."""

    minutes: Annotated[int, Field(ge=5, le=480)] = Field(description="how long it lasts")
    paid: bool = Field(description="whether it is paid")
    after_least_hours: Annotated[float, Field(ge=0, le=24)] = Field(
        description="begins so long after the start at least"
    )
    after_most_hours: Annotated[float, Field(ge=0, le=24)] = Field(description="and at most")
    longer_than_hours: Annotated[float, Field(ge=0, le=24)] = Field(
        0.0, description="only in shifts longer than this, from start to end"
    )


class ShiftKind(Strict):
    """Shifts that may be worked: one for each start and length."""

    starts: Starts = Field(description="when it may begin")
    hours: list[Hours] = Field(min_length=1, max_length=20, description="how long it may be, from start to end")
    days: Annotated[list[DayKind], Field(min_length=1)] | None = Field(
        None, description="on which days it may begin, `holiday` among them; left out: on all weekdays"
    )
    breaks: list[ShiftBreak] = Field(default_factory=list, max_length=6, description="its pauses, in order")

    def breaks_of(self, hours: float) -> list[ShiftBreak]:
        """Return the pauses of such a shift of so many hours."""
        return [pause for pause in self.breaks if hours > pause.longer_than_hours]


class HoursWeek(Strict):
    """Paid hours of a week."""

    least: WeekHours = Field(0.0, description="each has at least so many, in whole weeks")
    most: WeekHours = Field(description="and at most so many, without overtime")

    @model_validator(mode="after")
    def _in_order(self) -> HoursWeek:
        if self.least > self.most:
            raise ValueError("least at or below most")
        return self


class DaysWeek(Strict):
    """Days of a week on which a shift begins."""

    least: WeekDays = Field(0, description="each works on at least so many, in whole weeks")
    most: WeekDays = Field(7, description="and on at most so many")

    @model_validator(mode="after")
    def _in_order(self) -> DaysWeek:
        if self.least > self.most:
            raise ValueError("least at or below most")
        return self


class Overtime(Strict):
    """Hours beyond those of the contract."""

    hours_week_most: WeekHours = Field(description="so many in a week")
    extra_hour: Annotated[float, Field(ge=0)] = Field(description="what such an hour costs beside its `paid_hour`")


class Contract(Strict):
    """What one kind of employment says."""

    shifts: list[Name] = Field(min_length=1, description="which shifts it may work")
    teams: list[Name] | None = Field(None, min_length=1, description="for which teams; left out: for any")
    hours_week: HoursWeek = Field(description="paid hours of a week")
    days_week: DaysWeek = Field(default_factory=lambda: DaysWeek(most=7), description="days of a week")
    paid_hour: Price | Annotated[dict[Name, Price], Field(min_length=1)] = Field(
        description="what a paid hour costs, in the scenario's currency: a number, or by team with a `default`"
    )
    overtime: Overtime | None = Field(None, description="left out: there is none")
    count_most: Count | dict[Name, Count] = Field(
        0, description="how many may be employed beside `people` and `groups`: a number, or by team for each its own"
    )

    @model_validator(mode="after")
    def _has_default(self) -> Contract:
        if isinstance(self.paid_hour, dict) and "default" not in self.paid_hour:
            raise ValueError("a paid_hour for `default` beside those of single teams")
        return self

    def paid_hour_in(self, team: str) -> float:
        """Return what a paid hour in a team costs."""
        if isinstance(self.paid_hour, dict):
            return self.paid_hour.get(team, self.paid_hour["default"])
        return self.paid_hour


class AtLeast(Strict):
    """A rule: at least so much."""

    least: Annotated[float, Field(gt=0, le=168)] = Field(description="hours")
    source: Source


class DaysInRow(Strict):
    """A rule: days worked one after the other."""

    most: Annotated[int, Field(ge=1, le=31)] = Field(description="days")
    source: Source


class WeekendsOff(Strict):
    """A rule: weekends (Saturday and Sunday) on which no shift begins."""

    least: Annotated[int, Field(ge=1, le=10)] = Field(description="so many")
    of: Annotated[int, Field(ge=1, le=10)] = Field(description="of so many one after the other")
    source: Source

    @model_validator(mode="after")
    def _in_order(self) -> WeekendsOff:
        if self.least > self.of:
            raise ValueError("least at or below of")
        return self


class HoursWeekMost(Strict):
    """A rule: paid hours of a week, overtime among them."""

    most: Annotated[float, Field(gt=0, le=168)] = Field(description="hours, in each week")
    source: Source


class Rules(Strict):
    """What holds for everybody; what is left out does not hold."""

    rest_hours: AtLeast | None = Field(None, description="from the end of a shift to the start of the next")
    rest_week_hours: AtLeast | None = Field(
        None, description="once in each whole week without interruption: a rest that begins in it, at its start too"
    )
    days_in_row: DaysInRow | None = Field(None, description="days worked one after the other")
    weekends_off: WeekendsOff | None = Field(None, description="weekends without work")
    hours_week: HoursWeekMost | None = Field(None, description="paid hours of a week, overtime among them")


def _absence(text: str) -> str:
    absence_of(text)
    return text


def absence_of(text: str) -> tuple[str, int, int]:
    """Read an absence, a date or a date with hours: the date, and from when to when in seconds after its midnight.

    >>> absence_of("2026-05-05 08:00-12:00")
    ('2026-05-05', 28800, 43200)

    Raises:
        ValueError: it is neither.
    """
    date, _, hours = text.partition(" ")
    try:
        datetime.date.fromisoformat(date)
        from_s, to_s = (clock_s(part) for part in hours.split("-")) if hours else (0, DAY_S)
    except ValueError:
        raise ValueError("a date as YYYY-MM-DD, or with hours as YYYY-MM-DD HH:MM-HH:MM") from None
    if to_s <= from_s:
        raise ValueError("hours as HH:MM-HH:MM, the later time last")
    return date, from_s, to_s


class Employee(Strict):
    """Someone by name."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(description="as the roster calls them")
    contract: Name = Field(description="which of `contracts`")
    teams: list[Name] | None = Field(None, min_length=1, description="where they can work; left out: as the contract")
    unavailable: list[Annotated[str, AfterValidator(_absence)]] = Field(
        default_factory=list, max_length=400, description="'YYYY-MM-DD', or with hours 'YYYY-MM-DD HH:MM-HH:MM'"
    )
    days_off: list[Weekday] = Field(default_factory=list, description="weekdays on which they never begin a shift")


class Group(Strict):
    """People without names who can work for the same teams."""

    count: Annotated[int, Field(ge=1, le=PEOPLE_MOST)] = Field(description="how many they are")
    contract: Name = Field(description="which of `contracts`")
    teams: list[Name] = Field(min_length=1, description="where each of them can work, one team a shift")


class LabourRules(Strict):
    """Shifts, contracts, rules and people."""

    labour: Name = Field(description="the name of these rules")
    title: str = Field(description="one line")
    interval_minutes: Annotated[int, Field(ge=5, le=120)] = Field(
        30, description="shifts and their breaks begin each so many minutes"
    )
    week_begins: Weekday = Field("monday", description="the first day of a week")
    shifts: dict[Name, ShiftKind] = Field(min_length=1, description="shifts that may be worked")
    contracts: dict[Name, Contract] = Field(min_length=1, description="kinds of employment")
    rules: Rules = Field(default_factory=Rules, description="what holds for everybody")
    people: list[Employee] = Field(default_factory=list, max_length=PEOPLE_MOST, description="who there is, by name")
    groups: list[Group] = Field(default_factory=list, max_length=500, description="who there is, without names")


@dataclass(frozen=True)
class Labour:
    """Labour rules on the days of a scenario."""

    rules: LabourRules
    starts: str
    """The date of day 0, YYYY-MM-DD."""
    time_zone: str
    days: int
    holidays: tuple[str, ...] = ()

    @property
    def local(self) -> LocalDays:
        """When the days begin."""
        return local_days(self.starts, self.time_zone, self.days)

    def date(self, day: int) -> datetime.date:
        """Return the date of a day counted from 0."""
        return datetime.date.fromisoformat(self.starts) + datetime.timedelta(days=day)

    def kind_of(self, day: int) -> DayKind:
        """Return what kind of day it is."""
        return kind_of_day(self.starts, self.holidays, day)

    def week_of(self, day: int) -> int:
        """Return the week of a day, counted so that days of one week have the same number."""
        return (self.date(day).toordinal() - 1 - WEEKDAYS.index(self.rules.week_begins)) // 7

    def whole_weeks(self) -> dict[int, bool]:
        """Return the weeks of all days and whether all seven days of each are there, by number."""
        weeks = [self.week_of(day) for day in range(self.days)]
        return {week: weeks.count(week) == 7 for week in dict.fromkeys([self.week_of(-1), *weeks])}


def read_labour(path: Path) -> LabourRules:
    """Read and check a file of labour rules.

    Raises:
        FaultsFoundError: every fault of the file.
    """
    return read_model(path, LabourRules, _references)


def labour_on(rules: LabourRules, scenario: Scenario) -> Labour:
    """Return labour rules on the days of a scenario."""
    return Labour(rules, scenario.starts, scenario.time_zone, scenario.days, tuple(scenario.holidays))


def read_labour_for(path: Path, scenario: Scenario) -> Labour:
    """Read a file of labour rules for a scenario.

    Raises:
        FaultsFoundError: every fault of the file, and every team in it that the scenario does not have.
    """
    rules = read_labour(path)
    faults = list(
        strange_teams(read_file(path), [name for name, team in scenario.teams.items() if not team.self_service])
    )
    if faults:
        raise FaultsFoundError(faults)
    return labour_on(rules, scenario)


def strange_teams(document: Document, known: list[str]) -> Iterator[Fault]:
    """Find teams in a file of labour rules that are not among those known."""
    for name, contract in _dicts(document.values.get("contracts")):
        listed = contract.get("teams")
        for at, team in enumerate(listed if isinstance(listed, list) else []):
            if team not in known:
                yield document.fault(("contracts", name, "teams", at), team, one_of(known, team))
        for key, besides in (("count_most", ()), ("paid_hour", ("default",))):
            told = contract.get(key)
            for team in told if isinstance(told, dict) else ():
                if team not in known and team not in besides:
                    yield document.fault(("contracts", name, key, team), team, one_of([*known, *besides], team))
    for key in ("people", "groups"):
        people = document.values.get(key)
        for at, one in enumerate(people if isinstance(people, list) else []):
            for place, team in enumerate(one.get("teams") or [] if isinstance(one, dict) else []):
                if team not in known:
                    yield document.fault((key, at, "teams", place), team, one_of(known, team))


def _dicts(told: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(str(name), one) for name, one in told.items() if isinstance(one, dict)] if isinstance(told, dict) else []


def _references(document: Document) -> Iterator[Fault]:
    """Find names of shifts and contracts that are not there, names told twice, and breaks that cannot be."""
    values = document.values
    shifts = [name for name, _ in _dicts(values.get("shifts"))]
    contracts = [name for name, _ in _dicts(values.get("contracts"))]
    for name, contract in _dicts(values.get("contracts")):
        listed = contract.get("shifts")
        for at, shift in enumerate(listed if isinstance(listed, list) else []):
            if shift not in shifts:
                yield document.fault(("contracts", name, "shifts", at), shift, one_of(shifts, shift))
    names: dict[str, int] = {}
    for key in ("people", "groups"):
        told = values.get(key)
        for at, one in enumerate(told if isinstance(told, list) else []):
            if not isinstance(one, dict):
                continue
            if isinstance(one.get("contract"), str) and one["contract"] not in contracts:
                yield document.fault((key, at, "contract"), one["contract"], one_of(contracts, one["contract"]))
            if key == "people" and names.setdefault(str(one.get("name")), at) != at:
                expected = f"a name of their own: people[{names[str(one['name'])]}] has it"
                yield document.fault((key, at, "name"), one.get("name"), expected)
    for name, shift in _dicts(values.get("shifts")):
        yield from _break_faults(document, name, shift)


def _break_faults(document: Document, name: str, shift: dict[str, Any]) -> Iterator[Fault]:
    """Find breaks that may overlap the one before, or end after the shortest shift that has them."""
    told, lengths = shift.get("breaks"), shift.get("hours")
    breaks = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    hours = [one for one in lengths if isinstance(one, int | float)] if isinstance(lengths, list) else []
    free_from = 0.0
    for at, pause in enumerate(breaks):
        least, most, minutes = (pause.get(key) for key in ("after_least_hours", "after_most_hours", "minutes"))
        if not all(isinstance(value, int | float) for value in (least, most, minutes)):
            continue
        assert isinstance(least, int | float)
        assert isinstance(most, int | float)
        assert isinstance(minutes, int | float)
        key = ("shifts", name, "breaks", at)
        if most < least:
            yield document.fault((*key, "after_most_hours"), most, f"at least after_least_hours ({least:g})")
        if least < free_from - 1e-9:
            expected = f"{free_from:g} or more: the break before may last until then"
            yield document.fault((*key, "after_least_hours"), least, expected)
        free_from = max(free_from, most + minutes / 60)
        longer = pause.get("longer_than_hours", 0)
        having = [one for one in hours if isinstance(longer, int | float) and one > longer]
        if having and free_from > min(having) + 1e-9:
            found = Words(f"over at {free_from:g} h at the latest")
            yield document.fault(
                (*key, "after_most_hours"), found, f"a break that ends within the shift of {min(having):g} h"
            )
