"""Who works when: a roster of people and shifts, and what follows of it for teams.

Times are scenario seconds, which elapse: a night on which the clock changes is as long as it is. An agent is at work
from the start of a shift to its end, but in breaks. Refuses to know rules, prices and goals.

>>> late = RosterShift("Ada", "full_time", "front", 79_200, 108_000, (RosterBreak(90_000, 91_800, paid=False),))
>>> late.net_h, late.paid_h
(7.5, 7.5)
>>> roster = Roster((late,), "2026-05-04", "Europe/Rome", 2)
>>> roster.steps()["front"]
[(0.0, 0), (79200.0, 1), (90000.0, 0), (91800.0, 1), (108000.0, 0)]
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.local_days import LocalDays, local_days
from scenarios.rosters import Steps
from scenarios.units import DAY_S, clock_s, clock_text

COLUMNS = ("person", "contract", "team", "date", "starts", "ends", "breaks", "paid_h", "net_h")
"""Of the table: the date on which a shift begins and times of the local clock; breaks as ``12:00-12:30``, several with
a space between, a paid one with ``paid`` behind it."""

AGAIN = "b"
"""Behind a time, as in ``02:30b``: the clock goes back in that night, and shows this time the second time."""


@dataclass(frozen=True, order=True)
class RosterBreak:
    """A pause of one person, in scenario seconds."""

    begins_s: int
    ends_s: int
    paid: bool


@dataclass(frozen=True)
class RosterShift:
    """One shift of one person, in scenario seconds."""

    person: str
    contract: str
    team: str
    begins_s: int
    ends_s: int
    breaks: tuple[RosterBreak, ...] = ()

    @property
    def net_h(self) -> float:
        """Hours at work, without any break."""
        return (self.ends_s - self.begins_s - sum(one.ends_s - one.begins_s for one in self.breaks)) / 3600

    @property
    def paid_h(self) -> float:
        """Hours that are paid: all but unpaid breaks."""
        unpaid_s = sum(one.ends_s - one.begins_s for one in self.breaks if not one.paid)
        return (self.ends_s - self.begins_s - unpaid_s) / 3600

    def spells_s(self, present: bool) -> list[tuple[int, int]]:
        """Return when they are on shift or, with `present`, at work."""
        if not present:
            return [(self.begins_s, self.ends_s)]
        edges = [self.begins_s, *(at for one in sorted(self.breaks) for at in (one.begins_s, one.ends_s)), self.ends_s]
        return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


@dataclass(frozen=True, eq=False)
class Roster:
    """All shifts of all people, by team, start and person."""

    shifts: tuple[RosterShift, ...]
    starts: str
    """The date of day 0, YYYY-MM-DD."""
    time_zone: str
    days: int

    @property
    def local(self) -> LocalDays:
        """When its days begin."""
        return local_days(self.starts, self.time_zone, self.days)

    @property
    def paid_h(self) -> float:
        """Hours that are paid."""
        return sum(shift.paid_h for shift in self.shifts)

    @property
    def net_h(self) -> float:
        """Hours at work."""
        return sum(shift.net_h for shift in self.shifts)

    @property
    def people(self) -> list[str]:
        """Everybody with a shift, in the order of their first."""
        return list(dict.fromkeys(shift.person for shift in self.shifts))

    def date(self, at_s: int) -> datetime.date:
        """Return the local date of a scenario second."""
        return datetime.date.fromisoformat(self.starts) + datetime.timedelta(days=self.local.day_at(at_s))

    def instant(self, at_s: int) -> datetime.datetime:
        """Return a scenario second in UTC."""
        first = datetime.datetime.combine(
            datetime.date.fromisoformat(self.starts), datetime.time(), tzinfo=ZoneInfo(self.time_zone)
        )
        return first.astimezone(datetime.UTC) + datetime.timedelta(seconds=at_s)

    def local_time(self, at_s: int) -> datetime.datetime:
        """Return a scenario second by the local clock."""
        return self.instant(at_s).astimezone(ZoneInfo(self.time_zone))

    def steps(self, teams: Iterable[str] = (), present: bool = True) -> dict[str, Steps]:
        """Return per team (scenario second, agents from then on), as `LoadedScenario.agents` has them.

        Args:
            teams: those that have nobody on the roster too.
            present: count who is at work; else who is on shift, breaks or not.
        """
        changes: dict[str, dict[int, int]] = {team: {} for team in teams}
        for shift in self.shifts:
            own = changes.setdefault(shift.team, {})
            for from_s, to_s in shift.spells_s(present):
                own[max(from_s, 0)] = own.get(max(from_s, 0), 0) + 1
                own[max(to_s, 0)] = own.get(max(to_s, 0), 0) - 1
        ends_s = self.local.begins_s(self.days)
        return {team: _summed(own, ends_s) for team, own in changes.items()}

    def seats(
        self, teams: Sequence[str], begins_s: npt.NDArray[np.float64], minutes: int, present: bool = True
    ) -> npt.NDArray[np.int64]:
        """Return who is there for a whole interval, shape (teams, intervals); without `present` breaks count too."""
        counts = np.zeros((len(teams), len(begins_s)), dtype=np.int64)
        place = {team: at for at, team in enumerate(teams)}
        for shift in self.shifts:
            for from_s, to_s in _joined(shift.spells_s(present)):
                first = int(np.searchsorted(begins_s, from_s))
                last = int(np.searchsorted(begins_s, to_s - minutes * 60, side="right"))
                if shift.team in place:
                    counts[place[shift.team], first:last] += 1
        return counts

    def table(self) -> pd.DataFrame:
        """Return a row per shift with `COLUMNS`, as planners read it."""
        rows = [
            (
                *(shift.person, shift.contract, shift.team, self.date(shift.begins_s).isoformat()),
                *(self._clock(shift.begins_s), self._clock(shift.ends_s), " ".join(map(self._break, shift.breaks))),
                *(round(shift.paid_h, 4), round(shift.net_h, 4)),
            )
            for shift in self.shifts
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def _clock(self, at_s: int) -> str:
        """Write a time of the local clock; the second of two times that the clock shows alike has `AGAIN` behind it."""
        text = clock_text(self.local.clock_s(at_s) % DAY_S)
        first_s = self.local.at_s(self.local.day_at(at_s), clock_s(text))
        return text + (AGAIN if first_s < at_s else "")

    def _break(self, one: RosterBreak) -> str:
        return f"{self._clock(one.begins_s)}-{self._clock(one.ends_s)}{' paid' if one.paid else ''}"


def steps_of(roster: Roster, teams: Iterable[str] = ()) -> dict[str, Steps]:
    """Return per team (scenario second, agents at work from then on), as `LoadedScenario.agents` has them."""
    return roster.steps(teams)


def in_order(shifts: Iterable[RosterShift]) -> tuple[RosterShift, ...]:
    """Return shifts by team, start, end and person."""
    return tuple(sorted(shifts, key=lambda one: (one.team, one.begins_s, one.ends_s, one.person)))


def _joined(spells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for from_s, to_s in spells:
        if joined and joined[-1][1] == from_s:
            joined[-1] = (joined[-1][0], to_s)
        else:
            joined.append((from_s, to_s))
    return joined


def _summed(changes: dict[int, int], ends_s: int) -> Steps:
    rows: Steps = []
    count = 0
    for at_s, change in sorted({0: 0, **changes}.items()):
        count += change
        if at_s < ends_s and (not rows or rows[-1][1] != count):
            rows.append((float(at_s), count))
    return rows
