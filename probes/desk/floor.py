"""The floor: who waits, who is free, who takes whom. The desk's own, and knowing nothing of how contacts look.

Each team holds chairs; the roster says how many are filled at each time. When it falls, free chairs empty first, the
highest number first, and busy ones as they finish. Of all who wait and all chairs that are free, those come together
that have the highest priority, then the lowest rank of the team for what is wanted, then the longest wait; a visit goes
to the first of its teams that is free, and there to the chair that has been free longest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from probes.clock import Clock
from probes.desk.luck import DeskLuck
from scenarios.misconduct import Misconduct
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel


@dataclass(eq=False)
class Visit:
    """A contact that waits for one of its teams, asked in their order.

    `taken` is called with team and chair when someone takes it.
    """

    teams: tuple[str, ...]
    channel: Channel
    intent: str
    taken: Callable[[str, int], None]
    moved: Callable[[int], None] | None = None
    """Told the position in the queue whenever it changes; the first in line is 1."""


@dataclass(frozen=True, order=True)
class _Line:
    """Visits between which only the longest wait decides; the lesser line of the same teams is served first."""

    before: int
    """The less, the higher the priority."""
    ranks: tuple[int, ...]
    """How well the intent suits each of the teams."""
    teams: tuple[str, ...]


@dataclass
class _Chairs:
    wanted: int = 0
    free: dict[int, None] = field(default_factory=dict)
    """Free chairs, longest free first (a dict keeps the order)."""
    busy: set[int] = field(default_factory=set)


class Floor:
    """All teams of a desk and everyone who waits for them."""

    def __init__(self, loaded: LoadedScenario, clock: Clock, luck: DeskLuck, misconduct: Misconduct) -> None:
        self._clock, self._scenario = clock, loaded.scenario
        self._waiting: dict[_Line, dict[Visit, int]] = {}
        """Who stands in each line, longest waiting first, with a number that grows with each who joins."""
        self._joined = 0
        self._chairs = {name: _Chairs() for name, team in loaded.scenario.teams.items() if not team.self_service}
        self._plan = {name: _filled(loaded, name, luck, misconduct) for name in self._chairs}

    def open_day(self) -> None:
        """Fill the chairs as the roster says, from now to the end."""
        now_s = self._clock.now_s()
        for name, steps in self._plan.items():
            past = [count for at_s, count in steps if at_s <= now_s]
            if past:
                self._fill(name, past[-1])
            for at_s, count in steps:
                if at_s > now_s:
                    self._clock.call_at_s(at_s, self._fill, name, count)

    def join(self, visit: Visit) -> int:
        """Put a visit in line; returns its position, 0 when it was taken at once."""
        line = self._line_of(visit)
        self._joined += 1
        self._waiting.setdefault(line, {})[visit] = self._joined
        self._seat_people()
        if visit not in self._waiting[line]:
            return 0
        self._tell_those_behind(line, len(self._waiting[line]))
        return self._ahead_of(line) + len(self._waiting[line])

    def leave(self, visit: Visit) -> None:
        """Take a visit out of the line, if it is still there."""
        line = self._line_of(visit)
        if visit in self._waiting.get(line, {}):
            self._step_out(line, visit)

    def release(self, team: str, chair: int) -> None:
        """Say that a chair has done its work."""
        chairs = self._chairs[team]
        chairs.busy.discard(chair)
        if len(chairs.busy) + len(chairs.free) < chairs.wanted:
            chairs.free[chair] = None
            self._seat_people()

    def waiting(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._waiting.values()))

    def _fill(self, team: str, wanted: int) -> None:
        chairs = self._chairs[team]
        chairs.wanted = wanted
        while chairs.free and len(chairs.free) + len(chairs.busy) > wanted:
            del chairs.free[max(chairs.free)]
        number = 0
        while len(chairs.free) + len(chairs.busy) < wanted:
            if number not in chairs.free and number not in chairs.busy:
                chairs.free[number] = None
            number += 1
        self._seat_people()

    def _seat_people(self) -> None:
        while pairs := list(self._pairs()):
            _, line, visit, team = min(pairs, key=lambda pair: pair[0])
            chairs = self._chairs[team]
            chair = next(iter(chairs.free))
            del chairs.free[chair]
            chairs.busy.add(chair)
            self._step_out(line, visit)
            visit.taken(team, chair)

    def _pairs(self) -> Iterator[tuple[tuple[int, int, int], _Line, Visit, str]]:
        """Yield whom each line sends first and to which team, with what decides between them: the least goes."""
        for line, visits in self._waiting.items():
            free = next((place for place, name in enumerate(line.teams) if self._chairs[name].free), None)
            if visits and free is not None:
                visit, number = next(iter(visits.items()))
                yield (line.before, line.ranks[free], number), line, visit, line.teams[free]

    def _line_of(self, visit: Visit) -> _Line:
        ranks = tuple(self._scenario.teams[name].rank(visit.intent) for name in visit.teams)
        return _Line(-self._scenario.priority_of(visit.channel, visit.intent), ranks, visit.teams)

    def _ahead_of(self, line: _Line) -> int:
        return sum(len(visits) for other, visits in self._waiting.items() if other.teams == line.teams and other < line)

    def _step_out(self, line: _Line, gone: Visit) -> None:
        place = list(self._waiting[line]).index(gone)
        del self._waiting[line][gone]
        self._tell_those_behind(line, place)

    def _tell_those_behind(self, line: _Line, place: int) -> None:
        """Tell those behind a place in a line, and those in lines that are served after it, where they are now."""
        later = sorted(other for other in self._waiting if other.teams == line.teams and other > line)
        behind = chain(islice(self._waiting[line], place, None), *(self._waiting[other] for other in later))
        for position, visit in enumerate(behind, start=self._ahead_of(line) + place + 1):
            if visit.moved is not None:
                visit.moved(position)


def _filled(loaded: LoadedScenario, name: str, luck: DeskLuck, misconduct: Misconduct) -> list[tuple[float, int]]:
    """Return how many chairs are really filled from each time on: the roster, less absences and missing seats."""
    team = loaded.scenario.teams[name]
    missing = misconduct.of(name).seats_missing
    steps = [(at_s, round(count * (1 - missing))) for at_s, count in loaded.agents[name]]
    if not team.shrinkage:
        return steps
    block_s = team.shrinkage_block_minutes * 60.0
    filled: list[tuple[float, int]] = []
    for (at_s, count), until_s in zip(steps, [*(at for at, _ in steps[1:]), loaded.horizon_s], strict=True):
        edges = [at_s]
        while (following := (edges[-1] // block_s + 1) * block_s) < until_s:
            edges.append(following)
        filled += [(edge, sum(not luck.chance(team.shrinkage) for _ in range(count))) for edge in edges]
    return filled
