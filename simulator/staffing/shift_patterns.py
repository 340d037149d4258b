"""What can be worked: every shift of every day that the rules allow, and every kind of people that may work it.

A pattern is one shift on one day, with the times at which its breaks may begin; a crew is people who are alike: someone
by name, a group, or those of a contract. Refuses to choose among them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scenarios.labour import Contract, Employee, Labour, ShiftKind, absence_of
from scenarios.units import DAY_S, clock_s
from simulator.staffing.problem import Grid


@dataclass(frozen=True)
class Pause:
    """A break of a pattern: when it may begin, in scenario seconds."""

    length_s: int
    paid: bool
    may_begin_s: tuple[int, ...]


@dataclass(frozen=True)
class Pattern:
    """One shift on one day, without who works it."""

    kind: str
    day: int
    begins_s: int
    ends_s: int
    pauses: tuple[Pause, ...]
    covers: tuple[int, ...]
    """Intervals of the grid that lie in it as a whole, breaks left aside."""

    @property
    def paid_s(self) -> int:
        """Seconds that are paid."""
        return self.ends_s - self.begins_s - sum(pause.length_s for pause in self.pauses if not pause.paid)

    @property
    def paid_h(self) -> float:
        """Hours that are paid."""
        return self.paid_s / 3600


@dataclass(frozen=True)
class Crew:
    """People who are alike to the rules."""

    label: str
    contract_name: str
    contract: Contract
    teams: tuple[int, ...]
    """Positions in the grid."""
    least: int
    """So many are employed in any case."""
    most: int
    """So many may be."""
    employee: Employee | None = None
    """One of those by name, whose absences are those of all."""
    names: tuple[str, ...] = ()
    """Of those by name."""


def patterns_of(labour: Labour, grid: Grid) -> list[Pattern]:
    """Return every shift that may begin on a day of the grid, or on the evening before its first and go on into it."""
    local, begins_s = labour.local, grid.begins_s.astype(np.int64)
    first_s, last_s = int(begins_s[0]), int(begins_s[-1]) + grid.minutes * 60
    used = {name for contract in labour.rules.contracts.values() for name in contract.shifts}
    found: list[Pattern] = []
    for name, kind in labour.rules.shifts.items():
        for day in range(local.day_at(first_s) - 1, local.day_at(last_s - 1) + 1):
            if name not in used or not _comes(kind, labour, day):
                continue
            for clock, hours in itertools.product(_starts_s(kind, labour.rules.interval_minutes), kind.hours):
                from_s, to_s = local.at_s(day, clock), local.at_s(day, clock + round(hours * 3600))
                if to_s > first_s and from_s < last_s and (from_s >= first_s or day < local.day_at(first_s)):
                    found.append(_pattern(name, kind, labour, grid, (day, from_s, to_s, hours)))
    return found


def _comes(kind: ShiftKind, labour: Labour, day: int) -> bool:
    kind_of_day = labour.kind_of(day)
    return kind_of_day != "holiday" if kind.days is None else kind_of_day in kind.days


def _starts_s(kind: ShiftKind, minutes: int) -> range:
    step_s = (kind.starts.every_minutes or minutes) * 60
    return range(clock_s(kind.starts.from_), clock_s(kind.starts.to) + 1, step_s)


def _pattern(name: str, kind: ShiftKind, labour: Labour, grid: Grid, when: tuple[int, int, int, float]) -> Pattern:
    day, from_s, to_s, hours = when
    step_s = labour.rules.interval_minutes * 60
    pauses = []
    for pause in kind.breaks_of(hours):
        earliest_s = from_s + round(pause.after_least_hours * 3600)
        latest_s = min(from_s + round(pause.after_most_hours * 3600), to_s - pause.minutes * 60)
        may_s = tuple(range(earliest_s, latest_s + 1, step_s)) or (max(latest_s, from_s),)
        pauses.append(Pause(pause.minutes * 60, pause.paid, may_s))
    return Pattern(name, day, from_s, to_s, tuple(pauses), tuple(intervals_within(grid, from_s, to_s)))


def intervals_within(grid: Grid, from_s: int, to_s: int) -> Iterator[int]:
    """Yield the intervals that lie in a spell as a whole."""
    first = int(np.searchsorted(grid.begins_s, from_s))
    last = int(np.searchsorted(grid.begins_s, to_s - grid.minutes * 60, side="right"))
    yield from range(first, last)


def intervals_touched(grid: Grid, from_s: int, to_s: int) -> Iterator[int]:
    """Yield the intervals of which a spell has any part."""
    first = int(np.searchsorted(grid.begins_s + grid.minutes * 60, from_s, side="right"))
    last = int(np.searchsorted(grid.begins_s, to_s))
    yield from range(first, last)


def crews_of(labour: Labour, grid: Grid) -> list[Crew]:
    """Return everybody there is or may be, by name first; teams that the grid does not have are left out."""
    at = {team: place for place, team in enumerate(grid.teams)}
    crews: list[Crew] = []
    names: tuple[str, ...] = ()

    def add(
        label: str, contract_name: str, teams: list[str] | None, counts: tuple[int, int], who: Employee | None
    ) -> None:
        contract = labour.rules.contracts[contract_name]
        allowed = [team for team in (contract.teams or grid.teams) if teams is None or team in teams]
        places = tuple(at[team] for team in allowed if team in at)
        if places and counts[1]:
            crews.append(Crew(label, contract_name, contract, places, *counts, who, names))

    alike: dict[str, list[Employee]] = {}
    for person in labour.rules.people:
        alike.setdefault(person.model_copy(update={"name": ""}).model_dump_json(), []).append(person)
    for people in alike.values():
        names = tuple(person.name for person in people)
        add(names[0], people[0].contract, people[0].teams, (len(names), len(names)), people[0])
    names = ()
    for place, group in enumerate(labour.rules.groups):
        add(f"group {place + 1} {group.contract}", group.contract, group.teams, (group.count, group.count), None)
    for name, contract in labour.rules.contracts.items():
        if isinstance(contract.count_most, dict):
            for team, count in contract.count_most.items():
                add(f"{team} {name}", name, [team], (0, count), None)
        else:
            add(name, name, None, (0, contract.count_most), None)
    return crews


def can_work(crew: Crew, pattern: Pattern, labour: Labour) -> bool:
    """Say whether a contract and someone's absences let them work a shift at all."""
    if pattern.kind not in crew.contract.shifts:
        return False
    if crew.employee is None:
        return True
    date = labour.date(pattern.day)
    if date.strftime("%A").lower() in crew.employee.days_off:
        return False
    return not any(
        pattern.begins_s < to_s and pattern.ends_s > from_s for from_s, to_s in _absences_s(crew.employee, labour)
    )


def _absences_s(employee: Employee, labour: Labour) -> Iterator[tuple[int, int]]:
    first = labour.date(0)
    for text in employee.unavailable:
        date, from_s, to_s = absence_of(text)
        day = (type(first).fromisoformat(date) - first).days
        local = labour.local
        yield local.at_s(day, from_s), local.at_s(day, to_s) if to_s < DAY_S else local.begins_s(day + 1)
