"""Demand cells: an intent's interval, how many customers are expected in it and how many luck sends.

Everything a plan draws from that does not change from one replication to the next is put down here once, as arrays, so
that drawing a plan is compiled code from end to end.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.busyness import Layer, factors_of, layers_of
from scenarios.curves import bends_of, bent, come_by
from scenarios.draws import Purpose, poisson_count, uniform, visit
from scenarios.identity import CUSTOMERS_PER_INTERVAL_MOST, cell_entity, customer_entity
from scenarios.jit import jit, jit_in_place, jit_uncounted
from scenarios.laws import Laws, LawTable, numbered_us
from scenarios.local_days import LocalDays
from scenarios.reading import LoadedScenario
from scenarios.scenario import LANGUAGES
from scenarios.stages import NO_PIECES, Interval, Pieces, place_customers, placed
from scenarios.units import DAY_MINUTES, DAY_S, NEVER_US

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

_COUNT, _INSTANT = int(Purpose.COUNT), int(Purpose.INSTANT)
_CHANNEL, _PATIENCE, _LANGUAGE = int(Purpose.CHANNEL), int(Purpose.PATIENCE), int(Purpose.LANGUAGE)

CONTACTS_MOST = 20_000_000


class PlanTooLargeError(ValueError):
    """The scenario asks for more contacts than a plan may hold."""


class Parted(NamedTuple):
    """Cells within which the clock changes, and the passes in which they come (see `scenarios.local_days.Pass`)."""

    cell: Whole
    pass_at: Whole
    """By such cell: its first pass, with one end more."""
    first: Real
    last: Real
    begins_s: Real
    """By pass."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a scenario in the order of their customers' ids, and the laws of patience."""

    beginnings: list[tuple[str, int]]
    """By cell: intent, and the minute of the horizon it starts on."""
    entity: Entities
    first: Entities
    """By cell: its first customer."""
    mean: Real
    start_s: Real
    length_s: Real
    bends: Real
    """By cell: the rates with which it begins and ends, over its mean rate; empty where all rates are level."""
    demand: Whole
    """By cell: position in the scenario's `demand`."""
    intent: Whole
    """By demand: position in the scenario's `intents`."""
    mix: Whole
    """By cell: which mix it has; that of its demand has the same number as it."""
    mix_intent: Whole
    mix_at: Whole
    mix_channel: Whole
    mix_share: Real
    """By mix: its intent, its channels as positions in the scenario's, and the share of this and those before it."""
    tongue_at: Whole
    tongue: Whole
    tongue_share: Real
    """By demand: its customers' languages as positions in LANGUAGES, and the share of this and those before it."""
    followers_mean: Real
    followers_law: Whole
    """By demand: how many each customer brings, and the number of the law after how long; -1 where nobody does."""
    patience: Whole
    """By channel x intent: the number of their law, -1 where nobody gives up."""
    laws: LawTable
    busyness: tuple[Layer, ...]
    """What luck multiplies the means by."""
    fixed_day: Whole
    """By cell: the day, where exactly as many come as are expected, else -1; empty where that is nowhere so."""
    parted: Parted
    pieces: Pieces
    """Where the stages of a profile let customers come."""

    @property
    def drawn_from(self) -> tuple[Entities, Real, Real, Real, Whole, Whole, Whole, Whole, Real]:
        """What `customers` reads."""
        return (
            self.first, self.start_s, self.length_s, self.bends, self.mix, self.mix_intent, self.mix_at,
            self.mix_channel, self.mix_share,
        )  # fmt: skip


CELLS_KEPT = 80
"""Of so many scenarios: those that a what-if compares take turns."""


@functools.lru_cache(maxsize=CELLS_KEPT)
def cells_of(loaded: LoadedScenario) -> Cells:
    """Put down the cells of a scenario."""
    scenario = loaded.scenario
    local = scenario.local_days
    intents, channels = list(scenario.intents), list(scenario.channels)
    rows = sorted(
        (
            (
                demand.intent,
                int((day * DAY_S + start_s) // 60),
                index,
                local.begins_s(day) + start_s,
                mean,
                mix,
            )
            for index, demand in enumerate(scenario.demand)
            for day in range(scenario.days)
            for start_s, mean, mix in loaded.expected(index, day)
        ),
        key=lambda row: row[:2],
    )
    fixed = np.array([demand.counts == "fixed" for demand in scenario.demand], dtype=np.bool_)
    laws = Laws()
    patience = [[laws.number(scenario.patience_of(name, intent)) for intent in intents] for name in scenario.channels]
    bursts = [demand.bursts for demand in scenario.demand]
    followers_law = [laws.number(burst.after if burst else None) for burst in bursts]
    mixes = [tuple(demand.channels.values()) for demand in scenario.demand]
    mixes += [row[5] for row in rows if row[5] is not None]
    tongues = [demand.languages or {scenario.language: 1.0} for demand in scenario.demand]
    lengths = [demand.interval_minutes * 60.0 for demand in scenario.demand]
    of_demand = np.array([row[2] for row in rows], dtype=np.int64)
    own_mix = np.array([row[5] is not None for row in rows], dtype=np.bool_)
    of_mix = np.where(own_mix, len(scenario.demand) - 1 + np.cumsum(own_mix), of_demand)
    mix_of = [*range(len(scenario.demand)), *of_demand[own_mix].tolist()]
    intent = np.array([intents.index(demand.intent) for demand in scenario.demand], dtype=np.int64)
    minute = np.array([row[1] for row in rows], dtype=np.int64)
    entity = np.array([cell_entity(*row[:2]) for row in rows], dtype=np.uint64)
    cells = Cells(
        beginnings=[row[:2] for row in rows],
        entity=entity,
        first=np.array([customer_entity(*row[:2], 0) for row in rows], dtype=np.uint64),
        mean=np.array([row[4] for row in rows], dtype=np.float64),
        start_s=np.array([row[3] for row in rows], dtype=np.float64),
        length_s=np.array([lengths[row[2]] for row in rows], dtype=np.float64),
        bends=_bends(loaded, of_demand, minute),
        demand=of_demand,
        intent=intent,
        mix=of_mix.astype(np.int64),
        mix_intent=intent[mix_of] if len(intent) else intent,
        mix_at=np.cumsum([0, *(len(mix) for mix in mixes)]).astype(np.int64),
        mix_channel=np.array(
            [channels.index(name) for of in mix_of for name in scenario.demand[of].channels], dtype=np.int64
        ),
        mix_share=np.array([share for mix in mixes for share in np.cumsum(mix)], dtype=np.float64),
        tongue_at=np.cumsum([0, *(len(some) for some in tongues)]).astype(np.int64),
        tongue=np.array([LANGUAGES.index(name) for some in tongues for name in some], dtype=np.int64),
        tongue_share=np.array(
            [share for some in tongues for share in np.cumsum(list(some.values()))], dtype=np.float64
        ),
        followers_mean=np.array([burst.followers_mean if burst else 0.0 for burst in bursts], dtype=np.float64),
        followers_law=np.array(followers_law, dtype=np.int64),
        patience=np.array(patience, dtype=np.int64),
        laws=laws.table(),
        busyness=layers_of(scenario, entity, of_demand, minute),
        fixed_day=np.where(fixed[of_demand], minute // DAY_MINUTES, -1) if fixed.any() else np.empty(0, dtype=np.int64),
        parted=Parted(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, *[np.float64] * 3))),
        pieces=NO_PIECES,
    )
    if loaded.profile is not None:
        level = loaded.profile.level
        if level is None:
            means, pieces = placed(list(_intervals(cells, minute)), local, loaded.profile)
            return replace(cells, mean=means, pieces=pieces)
        cells = replace(cells, mean=cells.mean * level)
    return cells if local.regular else _by_the_clock(cells, minute, local)


def _intervals(cells: Cells, minute: Whole) -> Iterator[Interval]:
    for number, of_horizon in enumerate(minute):
        day, of_day = divmod(int(of_horizon), DAY_MINUTES)
        bends = cells.bends[number] if len(cells.bends) else (1.0, 1.0)
        yield Interval(day, of_day * 60.0, float(cells.length_s[number]), float(cells.mean[number]), *map(float, bends))


def _by_the_clock(cells: Cells, minute: Whole, local: LocalDays) -> Cells:
    """Let cells of days on which the clock changes begin when it says so, with as many as it leaves time for.

    What comes twice has its rate twice, what is skipped has nobody.
    """
    mean, start_s = cells.mean.copy(), cells.start_s.copy()
    cell, passes, counts = [], [], []
    for number in range(len(mean)):
        day = int(minute[number]) // DAY_MINUTES
        if day not in local.changes and day + 1 not in local.changes:
            continue
        found = local.passes(day, float(start_s[number]) - local.begins_s(day), float(cells.length_s[number]))
        if len(found) == 1 and (found[0].first, found[0].last) == (0.0, 1.0):
            start_s[number] = found[0].begins_s
            continue
        bends = cells.bends[number] if len(cells.bends) else (1.0, 1.0)
        mean[number] *= sum(come_by(one.last, *bends) - come_by(one.first, *bends) for one in found)
        cell.append(number)
        passes += found
        counts.append(len(found))
    columns = np.array(passes, dtype=np.float64).reshape(-1, 3).T
    pass_at = np.cumsum([0, *counts]).astype(np.int64)
    parted = Parted(np.array(cell, dtype=np.int64), pass_at, *(np.ascontiguousarray(one) for one in columns))
    return replace(cells, mean=mean, start_s=start_s, parted=parted)


def _bends(loaded: LoadedScenario, demand: Whole, minute: Whole) -> Real:
    told = loaded.scenario.demand
    if all(one.rate == "level" for one in told):
        return np.empty((0, 2))
    bends = np.ones((len(demand), 2))
    for index, one in enumerate(told):
        if one.rate == "spline":
            own = np.flatnonzero(demand == index)
            days = [(own, loaded.contacts[index])]
            if index in loaded.by_day:
                days = [
                    (own[minute[own] // DAY_MINUTES == day], [(each.start_s, each.contacts) for each in of_day])
                    for day, of_day in enumerate(loaded.by_day[index])
                ]
            for here, told_there in days:
                if len(here):
                    starts_s, expected = zip(*told_there, strict=True)
                    curve = bends_of(starts_s, one.interval_minutes * 60.0, expected)
                    bends[here] = curve[np.searchsorted(np.array(starts_s) // 60, minute[here] % DAY_MINUTES)]
    return bends


def counts_of(loaded: LoadedScenario, cells: Cells, seed: int, replication: int) -> Whole:
    """Draw how many customers come in each cell.

    Raises:
        PlanTooLargeError: more contacts than a plan may hold.
    """
    means = cells.mean
    if cells.busyness:
        means = means * factors_of(cells.busyness, len(means), seed, replication)
    counts = _counts(seed, replication, cells.entity, means)
    if len(cells.fixed_day):
        _fix(counts, means, cells.fixed_day, cells.demand)
    if counts.max(initial=0) > CUSTOMERS_PER_INTERVAL_MOST or counts.sum() > CONTACTS_MOST:
        for index, demand in enumerate(loaded.scenario.demand):
            here = counts[cells.demand == index]
            if here.max(initial=0) > CUSTOMERS_PER_INTERVAL_MOST or here.sum() > CONTACTS_MOST:
                raise PlanTooLargeError(
                    f"{loaded.path}: demand[{index}] draws {here.max()} contacts of {demand.intent} in one "
                    f"interval and {here.sum()} in all; at most {CUSTOMERS_PER_INTERVAL_MOST} and {CONTACTS_MOST}"
                )
        raise PlanTooLargeError(f"{loaded.path}: demand draws {counts.sum()} contacts in all; at most {CONTACTS_MOST}")
    return counts


@jit
def _counts(seed: int, replication: int, cells: Entities, means: Real) -> Whole:
    drawn = np.empty(len(cells), dtype=np.int64)
    for i in range(len(cells)):
        drawn[i] = poisson_count(uniform(seed, replication, cells[i], 0, _COUNT, 0), means[i])
    return drawn


@jit
def _fix(counts: Whole, means: Real, fixed_day: Whole, demand: Whole) -> None:
    """Put exactly what is expected in the place of what was drawn: whole up to any interval of the day, rounded."""
    day_of, so_far = np.full(demand.max() + 1, -1, dtype=np.int64), np.zeros(demand.max() + 1)
    for i in range(len(counts)):
        if fixed_day[i] >= 0:
            which = demand[i]
            if day_of[which] != fixed_day[i]:
                day_of[which], so_far[which] = fixed_day[i], 0.0
            before = np.floor(so_far[which] + 0.5)
            so_far[which] += means[i]
            counts[i] = np.int64(np.floor(so_far[which] + 0.5) - before)


@jit_in_place
def chosen_share(seed: int, replication: int, entity: int, purpose: int, begins: int, last: int, shares: Real) -> int:
    """Draw one of several alternatives, whose shares stand from `begins` to `last`; return its place."""
    chosen = begins
    if last > begins:
        luck = uniform(seed, replication, entity, visit(0, 1, 0), purpose, 0)
        while chosen < last and shares[chosen] < luck:
            chosen += 1
    return chosen


def customers(
    seed: int,
    replication: int,
    counts: Whole,
    first: Entities,
    start_s: Real,
    length_s: Real,
    bends: Real,
    demand_of: Whole,
    intent_of: Whole,
    mix_at: Whole,
    mix_channel: Whole,
    mix_share: Real,
) -> tuple[Entities, Whole, Whole, Whole, Whole, Whole]:
    """Draw the customers of all cells.

    Args:
        seed: below 2**32.
        replication: whose luck.
        counts: how many come in each cell.
        first: and the others, as in `Cells.drawn_from`.

    Returns:
        Entity, instant in microseconds, channel, intent, whose cell and which of it; one of each per customer.
    """
    total = int(counts.sum())
    entity = np.empty(total, dtype=np.uint64)
    due_us, channel, intent, cell_of, k = (np.empty(total, dtype=np.int64) for _ in range(5))
    told = first, start_s, length_s, bends, demand_of, intent_of, mix_at, mix_channel, mix_share
    _customers(seed, replication, counts, *told, entity, due_us, channel, intent, cell_of, k)
    return entity, due_us, channel, intent, cell_of, k


@jit_uncounted
def _customers(
    seed: int,
    replication: int,
    counts: Whole,
    first: Entities,
    start_s: Real,
    length_s: Real,
    bends: Real,
    demand_of: Whole,
    intent_of: Whole,
    mix_at: Whole,
    mix_channel: Whole,
    mix_share: Real,
    entity: Entities,
    due_us: Whole,
    channel: Whole,
    intent: Whole,
    cell_of: Whole,
    k: Whole,
) -> None:
    at = 0
    for cell in range(len(counts)):
        demand = demand_of[cell]
        begins, last = mix_at[demand], mix_at[demand + 1] - 1
        curved = len(bends) > 0 and (bends[cell, 0] != 1.0 or bends[cell, 1] != 1.0)
        for number in range(counts[cell]):
            entity[at] = first[cell] + np.uint64(number)
            u = uniform(seed, replication, entity[at], visit(0, 1, 0), _INSTANT, 0)
            if curved:
                u = bent(u, bends[cell, 0], bends[cell, 1])
            due_us[at] = np.int64(np.rint((start_s[cell] + length_s[cell] * u) * 1e6))
            chosen = chosen_share(seed, replication, entity[at], _CHANNEL, begins, last, mix_share)
            channel[at], intent[at], cell_of[at], k[at] = mix_channel[chosen], intent_of[demand], cell, number
            at += 1


def part(cells: Cells, seed: int, replication: int, counts: Whole, entity: Entities, due_us: Whole) -> None:
    """Let the customers of parted cells come while the clock shows their interval, and those of stages in these.

    Changes `due_us`.
    """
    place_customers(cells.pieces, seed, replication, counts, entity, due_us)
    if len(cells.parted.cell):
        until = np.cumsum(counts)
        _part(seed, replication, until - counts, until, *cells.parted, cells.length_s, cells.bends, entity, due_us)


@jit
def _part(
    seed: int,
    replication: int,
    from_customer: Whole,
    to_customer: Whole,
    parted: Whole,
    pass_at: Whole,
    first: Real,
    last: Real,
    begins_s: Real,
    length_s: Real,
    bends: Real,
    entity: Entities,
    due_us: Whole,
) -> None:
    for place in range(len(parted)):
        cell = parted[place]
        begins, ends = (bends[cell, 0], bends[cell, 1]) if len(bends) > 0 else (1.0, 1.0)
        total = 0.0
        for i in range(pass_at[place], pass_at[place + 1]):
            total += come_by(last[i], begins, ends) - come_by(first[i], begins, ends)
        for at in range(from_customer[cell], to_customer[cell]):
            left = total * uniform(seed, replication, entity[at], visit(0, 1, 0), _INSTANT, 0)
            i = pass_at[place]
            come = come_by(last[i], begins, ends) - come_by(first[i], begins, ends)
            while left >= come and i + 1 < pass_at[place + 1]:
                left -= come
                i += 1
                come = come_by(last[i], begins, ends) - come_by(first[i], begins, ends)
            share = come_by(first[i], begins, ends) + left
            if begins != 1.0 or ends != 1.0:
                share = bent(min(share, 1.0), begins, ends)
            share = min(max(share, first[i]), last[i])
            due_us[at] = np.int64(np.rint((begins_s[i] + length_s[cell] * (share - first[i])) * 1e6))


def languages_of(
    seed: int, replication: int, entities: Entities, demand: Whole, tongue_at: Whole, tongue: Whole, tongue_share: Real
) -> Whole:
    """Draw each customer's language, as a position in LANGUAGES.

    Args:
        seed: below 2**32.
        replication: whose luck.
        entities: the customers.
        demand: of each.
        tongue_at: and the others, as in `Cells`.
    """
    drawn = np.empty(len(entities), dtype=np.int64)
    _languages(seed, replication, entities, demand, tongue_at, tongue, tongue_share, drawn)
    return drawn


@jit_uncounted
def _languages(
    seed: int,
    replication: int,
    entities: Entities,
    demand: Whole,
    tongue_at: Whole,
    tongue: Whole,
    tongue_share: Real,
    drawn: Whole,
) -> None:
    for i in range(len(entities)):
        begins, last = tongue_at[demand[i]], tongue_at[demand[i] + 1] - 1
        drawn[i] = tongue[chosen_share(seed, replication, entities[i], _LANGUAGE, begins, last, tongue_share)]


def patiences_us(
    seed: int,
    replication: int,
    entities: Entities,
    channel: Whole,
    intent: Whole,
    law_of: Whole,
    kind: Whole,
    a: Real,
    b: Real,
    at: Whole,
    shares: Real,
    times: Real,
) -> Whole:
    """Draw how long each customer waits on the first attempt before giving up, in microseconds.

    Args:
        seed: below 2**32.
        replication: whose luck.
        entities: the customers.
        channel: of each.
        intent: of each.
        law_of: by channel x intent the number of their law, or -1: nobody gives up.
        kind: and the others, as in `LawTable`.
    """
    drawn = np.empty(len(entities), dtype=np.int64)
    _patiences(seed, replication, entities, channel, intent, law_of, kind, a, b, at, shares, times, drawn)
    return drawn


@jit_uncounted
def _patiences(
    seed: int,
    replication: int,
    entities: Entities,
    channel: Whole,
    intent: Whole,
    law_of: Whole,
    kind: Whole,
    a: Real,
    b: Real,
    at: Whole,
    shares: Real,
    times: Real,
    drawn: Whole,
) -> None:
    for i in range(len(entities)):
        law = law_of[channel[i], intent[i]]
        drawn[i] = NEVER_US
        if law >= 0:
            u = uniform(seed, replication, entities[i], visit(0, 1, 0), _PATIENCE, 0)
            drawn[i] = min(numbered_us(kind, a, b, at, shares, times, law, u), NEVER_US)
