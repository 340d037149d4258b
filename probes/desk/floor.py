"""The floor: who waits, who is free, who takes whom. The desk's own, and knowing nothing of how contacts look.

Each team holds chairs; the roster says how many are filled at each time. When it falls, free chairs empty first, the
highest number first, and busy ones as they finish. The longest waiting goes to the longest free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from probes.clock import Clock
from probes.desk.luck import DeskLuck
from scenarios.misconduct import Misconduct
from scenarios.reading import LoadedScenario
from scenarios.scenario import Team


@dataclass(eq=False)
class Visit:
    """A contact that waits for a team; `taken` is called with team and chair when someone takes it."""

    teams: tuple[str, ...]
    joined_s: float
    taken: Callable[[str, int], None]
    moved: Callable[[int], None] | None = None
    """Told the position in the queue whenever it changes; the first in line is 1."""


@dataclass
class _Chairs:
    team: Team
    wanted: int = 0
    free: dict[int, None] = field(default_factory=dict)
    """Free chairs, longest free first (a dict keeps the order)."""
    busy: set[int] = field(default_factory=set)


class Floor:
    """All teams of a desk and everyone who waits for them."""

    def __init__(self, loaded: LoadedScenario, clock: Clock, luck: DeskLuck, misconduct: Misconduct) -> None:
        self._clock = clock
        self._waiting: dict[tuple[str, ...], dict[Visit, None]] = {}
        self._chairs = {name: _Chairs(team) for name, team in loaded.scenario.teams.items() if not team.self_service}
        self._who: dict[tuple[str, str], tuple[str, ...]] = {
            (channel, intent): tuple(
                name
                for name, team in loaded.scenario.teams.items()
                if channel in team.channels and (team.skills is None or intent in team.skills)
            )
            for channel in loaded.scenario.channels
            for intent in loaded.scenario.intents
        }
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

    def teams_for(self, channel: str, intent: str) -> tuple[str, ...]:
        """Return the teams that can take such a contact; none where nobody can."""
        return self._who.get((channel, intent), ())

    def join(self, visit: Visit) -> int:
        """Put a visit in line; returns its position, 0 when it was taken at once."""
        line = self._waiting.setdefault(visit.teams, {})
        line[visit] = None
        self._seat_people()
        return len(line) if visit in line else 0

    def leave(self, visit: Visit) -> None:
        """Take a visit out of the line, if it is still there."""
        line = self._waiting.get(visit.teams, {})
        if visit in line:
            self._step_up(line, visit)

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
        while True:
            fronts = [
                (next(iter(line)), team)
                for teams, line in self._waiting.items()
                if line and (team := next((name for name in teams if self._chairs[name].free), None))
            ]
            if not fronts:
                return
            visit, team = min(fronts, key=lambda front: front[0].joined_s)
            chairs = self._chairs[team]
            chair = next(iter(chairs.free))
            del chairs.free[chair]
            chairs.busy.add(chair)
            self._step_up(self._waiting[visit.teams], visit)
            visit.taken(team, chair)

    @staticmethod
    def _step_up(line: dict[Visit, None], gone: Visit) -> None:
        behind = False
        for position, visit in enumerate(list(line)):
            if visit is gone:
                behind = True
            elif behind and visit.moved is not None:
                visit.moved(position)
        del line[gone]


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
