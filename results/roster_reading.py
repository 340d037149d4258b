"""A roster read again: every cell checked, every person, and all faults told at once.

Hours that the file tells are reckoned anew from its times. A shift or break that ends no later than it begins ends on
the next day.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from results.roster import AGAIN, COLUMNS, Roster, RosterBreak, RosterShift, in_order
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.local_days import LocalDays, local_days
from scenarios.tables import read_table
from scenarios.units import clock_s
from scenarios.yaml_reader import shorten

NEEDED = COLUMNS[:7]
SHIFT_H_MOST = 24
CLOCK = "a time of day as HH:MM"


def read_roster(path: Path, starts: str, time_zone: str, days: int, teams: Sequence[str] | None = None) -> Roster:
    """Read a roster from CSV or from a sheet of a workbook (``roster.xlsx#shifts``).

    Args:
        path: the file.
        starts: the date of day 0.
        time_zone: whose clock it tells.
        days: how many days there are.
        teams: those there are; None: any.

    Raises:
        FaultsFoundError: every fault: cells, teams, breaks outside of their shift, shifts of one person that overlap.
    """
    local, first = local_days(starts, time_zone, days), datetime.date.fromisoformat(starts)
    faults: list[Fault] = []
    read: list[tuple[int, RosterShift]] = []
    for line, *texts in read_table(path, dict.fromkeys(NEEDED, str)):
        cells = dict(zip(NEEDED, (text.strip() for text in texts), strict=True))
        row = _Row(path, line, cells, faults)
        row.check_names(teams)
        shift = row.shift(local, first, days)
        if shift is not None:
            read.append((line, shift))
    faults += _overlaps(path, read)
    if faults:
        raise FaultsFoundError(faults)
    return Roster(in_order(shift for _, shift in read), starts, time_zone, days)


class _Row:
    """A row that is being read, and where its faults go."""

    def __init__(self, path: Path, line: int, cells: dict[str, str], faults: list[Fault]) -> None:
        self.path, self.line, self.cells, self.faults = path, line, cells, faults

    def unless(self, right: bool, column: str, expected: str) -> None:
        """Note a fault of a cell where it is not right."""
        if not right:
            found = shorten(self.cells[column]) if self.cells[column] else "empty"
            self.faults.append(Fault(str(self.path), self.line, column, found, expected))

    def read(self, column: str, expected: str, reader: Callable[[str], int]) -> int | None:
        """Return what a cell says; None, and a fault, where it says nothing of the kind."""
        try:
            return reader(self.cells[column])
        except ValueError:
            self.unless(False, column, expected)
            return None

    def check_names(self, teams: Sequence[str] | None) -> None:
        """Find names that are missing, and teams that are not there."""
        for name in ("person", "contract", "team"):
            self.unless(bool(self.cells[name]), name, "some text")
        team = self.cells["team"]
        if team and teams is not None:
            self.unless(team in teams, "team", one_of(teams, team))

    def shift(self, local: LocalDays, first: datetime.date, days: int) -> RosterShift | None:
        """Return the shift; None where its times cannot be read."""

        def day_of(text: str) -> int:
            day = (datetime.date.fromisoformat(text) - first).days
            if not -1 <= day < days:
                raise ValueError(text)
            return day

        evening, last = first - datetime.timedelta(days=1), first + datetime.timedelta(days=days - 1)
        day = self.read("date", f"a date as YYYY-MM-DD, from {evening} to {last}", day_of)
        known = day if day is not None else 0
        begins_s = self.read("starts", CLOCK, lambda text: _clock_at(local, known, text))
        after_s = begins_s if begins_s is not None else -math.inf
        ends_s = self.read("ends", CLOCK, lambda text: _clock_at(local, known, text, after_s))
        if day is None or begins_s is None or ends_s is None:
            return None
        breaks = tuple(self._breaks(local, day, begins_s, ends_s))
        return RosterShift(self.cells["person"], self.cells["contract"], self.cells["team"], begins_s, ends_s, breaks)

    def _breaks(self, local: LocalDays, day: int, from_s: int, to_s: int) -> Iterator[RosterBreak]:
        """Read the breaks of a shift, each within it and after the one before."""
        words = self.cells["breaks"].split()
        for at, word in enumerate(words):
            if word == "paid":
                self.unless(at > 0 and words[at - 1] != "paid", "breaks", "one break before each `paid`")
                continue
            begin, _, end = word.partition("-")
            try:
                begins_s = _clock_at(local, day, begin, from_s - 1)
                ends_s = _clock_at(local, day, end, begins_s)
            except ValueError:
                self.unless(False, "breaks", "breaks as HH:MM-HH:MM, a space between, `paid` behind a paid one")
                continue
            self.unless(from_s <= begins_s < ends_s <= to_s, "breaks", "breaks within the shift, one after the other")
            from_s = ends_s
            yield RosterBreak(begins_s, ends_s, words[at + 1 : at + 2] == ["paid"])


def _clock_at(local: LocalDays, day: int, text: str, after_s: float = -math.inf) -> int:
    """Return the scenario second of a time of a day's clock, or of the next day's if else it came before another."""
    again = text.endswith(AGAIN)
    clock = clock_s(text.removesuffix(AGAIN))
    at_s = _shown_s(local, day, clock, again)
    return at_s if at_s > after_s else _shown_s(local, day + 1, clock, again)


def _shown_s(local: LocalDays, day: int, clock: int, again: bool) -> int:
    at_s = local.at_s(day, clock)
    change = local.changes.get(day)
    if again and change is not None:
        at_s += max(change.before_s - change.after_s, 0)
    return at_s


def _overlaps(path: Path, read: list[tuple[int, RosterShift]]) -> Iterator[Fault]:
    """Find shifts longer than a day, and shifts of one person of which one begins before the other has ended."""
    people: dict[str, list[tuple[int, RosterShift]]] = {}
    for line, shift in read:
        people.setdefault(shift.person, []).append((line, shift))
        if shift.ends_s - shift.begins_s > SHIFT_H_MOST * 3600:
            yield Fault(str(path), line, "ends", "later than a day after", f"at most {SHIFT_H_MOST} hours after starts")
    for own in people.values():
        own.sort(key=lambda one: one[1].begins_s)
        for (line, before), (later, after) in itertools.pairwise(own):
            if after.begins_s < before.ends_s:
                found = f"{after.person}'s before the one on line {line} has ended"
                yield Fault(str(path), later, "starts", found, "shifts of one person one after the other")
