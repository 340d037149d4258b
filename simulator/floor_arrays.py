"""A scenario as arrays, as the compiled engine reads it: numbers for names, offsets for lists, no object and no text.

Refuses to decide anything: what the numbers mean for a contact is the engine's. The rosters of a replication, with the
seats that luck leaves empty, are drawn here, as they are known before the first customer comes.

>>> from scenarios.reading import HERE, load_scenario
>>> floor_of(load_scenario(HERE / "quiet_tuesday.yaml")).arrays.wrap_law.tolist()
[-1, -1, -1]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.draws import Purpose, uniform
from scenarios.identity import seat_entity
from scenarios.jit import jit
from scenarios.laws import AnyLaw, law_row
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel
from scenarios.units import clock_s, us

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]

_ABSENCE = int(Purpose.ABSENCE)


class FloorArrays(NamedTuple):
    """What the hot loop reads. `x_at` holds where the x of each number begin, with one end more."""

    law_kind: Whole
    law_a: Real
    law_b: Real
    law_at: Whole
    law_shares: Real
    law_times: Real
    opens_us: Whole
    closes_us: Whole
    """By channel, within a day."""
    patience_law: Whole
    retry_probability: Real
    retry_law: Whole
    retry_attempts_most: Whole
    retry_keeps: Whole
    """By channel; -1 where there is none, and `retry_keeps` 1 where later attempts have the first one's patience."""
    first_queue: Whole
    """By channel x intent: the queue a contact joins first."""
    pages: Whole
    """By queue: the self-service team that answers it, or -1."""
    queue_teams_at: Whole
    queue_teams: Whole
    """By queue: its teams, in the order in which they are asked."""
    team_queue: Whole
    """By team: the queue of those transferred to it, or -1."""
    service_law: Whole
    """By team x intent."""
    wrap_law: Whole
    contained: Real
    """By team."""
    transfer_at: Whole
    transfer_to: Whole
    transfer_probability: Real
    transfer_history: Whole
    """By team x intent."""
    seats_at: Whole
    """By team: its first seat."""


class Shifts(NamedTuple):
    """When the number of present seats of a team changes, in the order of time."""

    at_us: Whole
    team: Whole
    present: Whole


@dataclass(frozen=True)
class Floor:
    """The arrays, what their numbers are called, and which features they use."""

    arrays: FloorArrays
    channels: tuple[str, ...]
    intents: tuple[str, ...]
    teams: tuple[str, ...]
    queues: tuple[str, ...]
    seats: tuple[str, ...]
    seat_team: Whole
    rosters: tuple[_Roster, ...]
    horizon_us: int


@dataclass(frozen=True)
class _Roster:
    team: int
    at_us: Whole
    count: Whole
    shrinkage: float
    block_us: int
    entities: npt.NDArray[np.uint64]


class _Laws:
    """Laws, each put down once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.rows: list[tuple[int, float, float, Real, Real]] = []

    def number(self, law: AnyLaw | None) -> int:
        if law is None:
            return -1
        found = self._numbers.setdefault(repr(law), len(self.rows))
        if found == len(self.rows):
            self.rows.append(law_row(law))
        return found


def floor_of(loaded: LoadedScenario) -> Floor:
    """Flatten a scenario."""
    scenario = loaded.scenario
    channels: tuple[Channel, ...] = tuple(scenario.channels)
    intents, teams = tuple(scenario.intents), tuple(scenario.teams)
    numbers = {name: number for number, name in enumerate(teams)}
    laws = _Laws()
    queues: dict[tuple[int, ...], int] = {}
    first = [
        [queues.setdefault(_able(loaded, channel, intent), len(queues)) for intent in intents] for channel in channels
    ]
    reached = {numbers[transfer.to_team] for transfer in scenario.transfers}
    team_queue = [queues.setdefault((t,), len(queues)) if t in reached else -1 for t in range(len(teams))]
    retries = [scenario.retry.get(channel) for channel in channels]
    service = [
        [laws.number(team.service.get(intent) or team.service.get("default")) for intent in intents]
        for team in scenario.teams.values()
    ]
    passes = [
        [t for t in scenario.transfers if t.from_team == team and (t.intents is None or intent in t.intents)]
        for team in teams
        for intent in intents
    ]
    seats = [
        0 if team.self_service else max((count for _, count in loaded.agents[name]), default=0)
        for name, team in scenario.teams.items()
    ]
    patience = [laws.number(scenario.patience.get(channel)) for channel in channels]
    retry_law = [laws.number(retry.after if retry else None) for retry in retries]
    wrap = [laws.number(team.wrap) for team in scenario.teams.values()]
    pages = [t[0] if t and scenario.teams[teams[t[0]]].self_service else -1 for t in queues]
    arrays = FloorArrays(
        law_kind=_whole(row[0] for row in laws.rows),
        law_a=_real(row[1] for row in laws.rows),
        law_b=_real(row[2] for row in laws.rows),
        law_at=_at(len(row[3]) for row in laws.rows),
        law_shares=np.concatenate([row[3] for row in laws.rows]),
        law_times=np.concatenate([row[4] for row in laws.rows]),
        opens_us=_whole(us(clock_s(scenario.channels[channel].opens)) for channel in channels),
        closes_us=_whole(us(clock_s(scenario.channels[channel].closes)) for channel in channels),
        patience_law=_whole(patience),
        retry_probability=_real(retry.probability if retry else -1.0 for retry in retries),
        retry_law=_whole(retry_law),
        retry_attempts_most=_whole(retry.attempts_most if retry else -1 for retry in retries),
        retry_keeps=_whole(int(retry is not None and retry.patience == "kept") for retry in retries),
        first_queue=np.array(first, dtype=np.int64),
        pages=_whole(pages),
        queue_teams_at=_at(len(able) for able in queues),
        queue_teams=_whole(team for able in queues for team in able),
        team_queue=_whole(team_queue),
        service_law=np.array(service, dtype=np.int64),
        wrap_law=_whole(wrap),
        contained=_real(1.0 if team.contained is None else team.contained for team in scenario.teams.values()),
        transfer_at=_at(len(some) for some in passes),
        transfer_to=_whole(numbers[t.to_team] for some in passes for t in some),
        transfer_probability=_real(t.probability for some in passes for t in some),
        transfer_history=_whole(int(t.history_carried) for some in passes for t in some),
        seats_at=_at(seats),
    )
    return Floor(
        arrays, channels, intents, teams,
        queues=tuple("+".join(teams[team] for team in able) for able in queues),
        seats=tuple(f"{name}-{k + 1:02d}" for name, count in zip(teams, seats, strict=True) for k in range(count)),
        seat_team=np.repeat(np.arange(len(teams)), seats),
        rosters=tuple(_roster(loaded, name, numbers[name]) for name in loaded.agents),
        horizon_us=us(loaded.horizon_s),
    )  # fmt: skip


def shifts_of(floor: Floor, seed: int, replication: int) -> Shifts:
    """Return one replication's changes of present seats: the rosters, less the seats that luck leaves empty."""
    parts = []
    for roster in floor.rosters:
        if roster.shrinkage:
            at_us, present = _present(
                seed, replication, roster.entities, roster.at_us, roster.count, roster.shrinkage, roster.block_us,
                floor.horizon_us,
            )  # fmt: skip
        else:
            at_us, present = roster.at_us, roster.count
        parts.append((at_us, np.full(len(at_us), roster.team), present))
    if not parts:
        return Shifts(_whole([]), _whole([]), _whole([]))
    at_us, team, present = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.argsort(at_us, kind="stable")
    return Shifts(at_us[order], team[order], present[order])


@jit
def _present(
    seed: int,
    replication: int,
    entities: npt.NDArray[np.uint64],
    at_us: Whole,
    count: Whole,
    shrinkage: float,
    block_us: int,
    horizon_us: int,
) -> tuple[Whole, Whole]:
    """Walk over blocks and steps of the roster; each block leaves each rostered seat empty by its own draw."""
    most = len(at_us) + (horizon_us + block_us - 1) // block_us
    changed_us, present = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    changes, step, block_begins, rostered, before = 0, 0, 0, 0, 0
    while True:
        edge = block_begins
        if step < len(at_us) and at_us[step] < edge:
            edge = at_us[step]
        if edge >= horizon_us:
            break
        while step < len(at_us) and at_us[step] <= edge:
            rostered = count[step]
            step += 1
        if edge == block_begins:
            block_begins += block_us
        here = 0
        for seat in range(rostered):
            if uniform(seed, replication, entities[seat], edge // block_us, _ABSENCE, 0) >= shrinkage:
                here += 1
        if here != before:
            changed_us[changes], present[changes] = edge, here
            changes += 1
            before = here
    return changed_us[:changes], present[:changes]


def _roster(loaded: LoadedScenario, name: str, number: int) -> _Roster:
    team = loaded.scenario.teams[name]
    horizon_us = us(loaded.horizon_s)
    steps = sorted(((us(at), count) for at, count in loaded.agents[name] if us(at) < horizon_us), key=lambda s: s[0])
    most = max((count for _, count in steps), default=0)
    return _Roster(
        number,
        _whole(at for at, _ in steps),
        _whole(count for _, count in steps),
        team.shrinkage,
        team.shrinkage_block_minutes * 60_000_000,
        np.array([seat_entity(name, seat) for seat in range(most)], dtype=np.uint64),
    )


def _able(loaded: LoadedScenario, channel: Channel, intent: str) -> tuple[int, ...]:
    return tuple(
        number
        for number, team in enumerate(loaded.scenario.teams.values())
        if channel in team.channels and (team.skills is None or intent in team.skills)
    )


def _whole(values: Iterable[int]) -> Whole:
    return np.array(list(values), dtype=np.int64)


def _real(values: Iterable[float]) -> Real:
    return np.array(list(values), dtype=np.float64)


def _at(lengths: Iterable[int]) -> Whole:
    """Return where each of several lists begins when they are laid end to end, and where the last ends."""
    return np.concatenate([[0], np.cumsum(list(lengths))]).astype(np.int64)
