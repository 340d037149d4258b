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
from scenarios.laws import Laws
from scenarios.reading import LoadedScenario
from scenarios.scenario import Channel
from scenarios.units import NEVER_US, clock_s, us

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
    retry_blocked: Real
    retry_law: Whole
    retry_attempts_most: Whole
    retry_keeps: Whole
    """By channel; -1 where there is none, and `retry_keeps` 1 where the next attempt has the patience of this one."""
    retry_to_at: Whole
    retry_to: Whole
    retry_to_share: Real
    """By channel: on which others those who try again do so."""
    lines: Whole
    """By channel: customers it holds at once, or -1."""
    first_queue: Whole
    """By channel x intent: the queue a contact joins first."""
    pages: Whole
    """By queue: the self-service team that answers it, or -1."""
    queue_priority: Whole
    queue_teams_at: Whole
    queue_teams: Whole
    queue_ranks: Whole
    """By queue: its teams, in the order in which they are asked, and how each ranks its contacts."""
    transfer_queue: Whole
    """By team x channel x intent: the queue of those transferred to it, or -1."""
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
    """When the number of present seats of a team changes, in the order of time; the last change never comes."""

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
    certain_us: int
    entities: npt.NDArray[np.uint64]


class _Queue(NamedTuple):
    """Contacts that the same teams take, with equal liking, and that have the same priority."""

    teams: tuple[int, ...]
    ranks: tuple[int, ...]
    priority: int


def floor_of(loaded: LoadedScenario) -> Floor:
    """Flatten a scenario."""
    scenario = loaded.scenario
    channels: tuple[Channel, ...] = tuple(scenario.channels)
    intents, teams = tuple(scenario.intents), tuple(scenario.teams)
    numbers = {name: number for number, name in enumerate(teams)}
    laws = Laws()
    queues: dict[_Queue, int] = {}

    def queue_of(able: tuple[int, ...], channel: Channel, intent: str) -> int:
        ranks = tuple(scenario.teams[teams[team]].rank(intent) for team in able)
        return queues.setdefault(_Queue(able, ranks, scenario.priority_of(channel, intent)), len(queues))

    first = [
        [
            queue_of(tuple(numbers[name] for name in scenario.who_takes(channel, intent)), channel, intent)
            for intent in intents
        ]
        for channel in channels
    ]
    reached = {numbers[transfer.to_team] for transfer in scenario.transfers}
    passed_on = [
        [[queue_of((team,), channel, intent) if team in reached else -1 for intent in intents] for channel in channels]
        for team in range(len(teams))
    ]
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
    pages = [q.teams[0] if q.teams and scenario.teams[teams[q.teams[0]]].self_service else -1 for q in queues]
    hops = [list(retry.to.items()) if retry else [] for retry in retries]
    arrays = FloorArrays(
        *laws.table(),
        opens_us=_whole(us(clock_s(scenario.channels[channel].opens)) for channel in channels),
        closes_us=_whole(us(clock_s(scenario.channels[channel].closes)) for channel in channels),
        patience_law=_whole(patience),
        retry_probability=_real(retry.probability if retry else -1.0 for retry in retries),
        retry_blocked=_real(retry.probability_blocked if retry else -1.0 for retry in retries),
        retry_law=_whole(retry_law),
        retry_attempts_most=_whole(retry.attempts_most if retry else -1 for retry in retries),
        retry_keeps=_whole(int(retry is not None and retry.patience == "kept") for retry in retries),
        retry_to_at=_at(len(some) for some in hops),
        retry_to=_whole(channels.index(to) for some in hops for to, _ in some),
        retry_to_share=_real(share for some in hops for _, share in some),
        lines=_whole(-1 if (n := scenario.channels[channel].lines) is None else n for channel in channels),
        first_queue=np.array(first, dtype=np.int64),
        pages=_whole(pages),
        queue_priority=_whole(queue.priority for queue in queues),
        queue_teams_at=_at(len(queue.teams) for queue in queues),
        queue_teams=_whole(team for queue in queues for team in queue.teams),
        queue_ranks=_whole(rank for queue in queues for rank in queue.ranks),
        transfer_queue=np.array(passed_on, dtype=np.int64).reshape(len(teams), len(channels), len(intents)),
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
        queues=tuple("+".join(teams[team] for team in queue.teams) for queue in queues),
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
                roster.certain_us, floor.horizon_us,
            )  # fmt: skip
        else:
            at_us, present = roster.at_us, roster.count
        parts.append((at_us, np.full(len(at_us), roster.team), present))
    if not parts:
        parts = [(_whole([]), _whole([]), _whole([]))]
    at_us, team, present = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.argsort(at_us, kind="stable")
    return Shifts(np.append(at_us[order], NEVER_US), team[order], present[order])


@jit
def _present(
    seed: int,
    replication: int,
    entities: npt.NDArray[np.uint64],
    at_us: Whole,
    count: Whole,
    shrinkage: float,
    block_us: int,
    certain_us: int,
    horizon_us: int,
) -> tuple[Whole, Whole]:
    """Walk over blocks and steps of the roster; each block leaves each rostered seat empty by its own draw.

    Before `certain_us` all who are rostered are there.
    """
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
            if (
                edge < certain_us
                or uniform(seed, replication, entities[seat], edge // block_us, _ABSENCE, 0) >= shrinkage
            ):
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
        us(loaded.opening.certain_s.get(name, 0.0)) if loaded.opening else 0,
        np.array([seat_entity(name, seat) for seat in range(most)], dtype=np.uint64),
    )


def _whole(values: Iterable[int]) -> Whole:
    return np.array(list(values), dtype=np.int64)


def _real(values: Iterable[float]) -> Real:
    return np.array(list(values), dtype=np.float64)


def _at(lengths: Iterable[int]) -> Whole:
    """Return where each of several lists begins when they are laid end to end, and where the last ends."""
    return np.concatenate([[0], np.cumsum(list(lengths))]).astype(np.int64)
