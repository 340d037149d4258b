"""Demand cells: an intent's interval, how many customers are expected in it and how many luck sends.

Everything a plan draws from that does not change from one replication to the next is put down here once, as arrays, so
that drawing a plan is compiled code from end to end.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.draws import Purpose, poisson_count, uniform, visit
from scenarios.identity import CUSTOMERS_PER_INTERVAL_MOST, cell_entity, customer_entity
from scenarios.jit import jit
from scenarios.laws import Laws, LawTable, numbered_us
from scenarios.reading import LoadedScenario
from scenarios.units import DAY_S, NEVER_US

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

_COUNT, _INSTANT = int(Purpose.COUNT), int(Purpose.INSTANT)
_CHANNEL, _PATIENCE = int(Purpose.CHANNEL), int(Purpose.PATIENCE)

CONTACTS_MOST = 20_000_000


class PlanTooLargeError(ValueError):
    """The scenario asks for more contacts than a plan may hold."""


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
    demand: Whole
    """By cell: position in the scenario's `demand`."""
    intent: Whole
    """By demand: position in the scenario's `intents`."""
    mix_at: Whole
    mix_channel: Whole
    mix_share: Real
    """By demand: its channels as positions in the scenario's, and the share of this and those before it."""
    patience: Whole
    """By channel x intent: the number of their law, -1 where nobody gives up."""
    laws: LawTable

    @property
    def drawn_from(self) -> tuple[Entities, Real, Real, Whole, Whole, Whole, Whole, Real]:
        """What `customers` reads."""
        return (
            self.first, self.start_s, self.length_s, self.demand, self.intent, self.mix_at, self.mix_channel,
            self.mix_share,
        )  # fmt: skip


@functools.lru_cache(maxsize=8)
def cells_of(loaded: LoadedScenario) -> Cells:
    """Put down the cells of a scenario."""
    scenario = loaded.scenario
    intents, channels = list(scenario.intents), list(scenario.channels)
    rows = sorted(
        (
            (demand.intent, int((day * DAY_S + start_s) // 60), index, day * DAY_S + start_s, mean * demand.factor)
            for index, demand in enumerate(scenario.demand)
            for day in range(scenario.days)
            for start_s, mean in loaded.contacts[index]
        ),
        key=lambda row: row[:2],
    )
    laws = Laws()
    patience = [[laws.number(scenario.patience_of(name, intent)) for intent in intents] for name in scenario.channels]
    mixes = [demand.channels for demand in scenario.demand]
    lengths = [demand.interval_minutes * 60.0 for demand in scenario.demand]
    return Cells(
        beginnings=[row[:2] for row in rows],
        entity=np.array([cell_entity(*row[:2]) for row in rows], dtype=np.uint64),
        first=np.array([customer_entity(*row[:2], 0) for row in rows], dtype=np.uint64),
        mean=np.array([row[4] for row in rows], dtype=np.float64),
        start_s=np.array([row[3] for row in rows], dtype=np.float64),
        length_s=np.array([lengths[row[2]] for row in rows], dtype=np.float64),
        demand=np.array([row[2] for row in rows], dtype=np.int64),
        intent=np.array([intents.index(demand.intent) for demand in scenario.demand], dtype=np.int64),
        mix_at=np.cumsum([0, *(len(mix) for mix in mixes)]).astype(np.int64),
        mix_channel=np.array([channels.index(name) for mix in mixes for name in mix], dtype=np.int64),
        mix_share=np.array([share for mix in mixes for share in np.cumsum(list(mix.values()))], dtype=np.float64),
        patience=np.array(patience, dtype=np.int64),
        laws=laws.table(),
    )


def counts_of(loaded: LoadedScenario, cells: Cells, seed: int, replication: int) -> Whole:
    """Draw how many customers come in each cell.

    Raises:
        PlanTooLargeError: more contacts than a plan may hold.
    """
    counts = _counts(seed, replication, cells.entity, cells.mean)
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
def customers(
    seed: int,
    replication: int,
    counts: Whole,
    first: Entities,
    start_s: Real,
    length_s: Real,
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
    total = counts.sum()
    entity, due_us = np.empty(total, dtype=np.uint64), np.empty(total, dtype=np.int64)
    channel, intent = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
    cell_of, k = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
    at = 0
    for cell in range(len(counts)):
        demand = demand_of[cell]
        begins, last = mix_at[demand], mix_at[demand + 1] - 1
        for number in range(counts[cell]):
            entity[at] = first[cell] + np.uint64(number)
            u = uniform(seed, replication, entity[at], visit(0, 1, 0), _INSTANT, 0)
            due_us[at] = np.int64(np.rint((start_s[cell] + length_s[cell] * u) * 1e6))
            chosen = begins
            if last > begins:
                luck = uniform(seed, replication, entity[at], visit(0, 1, 0), _CHANNEL, 0)
                while chosen < last and mix_share[chosen] < luck:
                    chosen += 1
            channel[at], intent[at], cell_of[at], k[at] = mix_channel[chosen], intent_of[demand], cell, number
            at += 1
    return entity, due_us, channel, intent, cell_of, k


@jit
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
    for i in range(len(entities)):
        law = law_of[channel[i], intent[i]]
        drawn[i] = NEVER_US
        if law >= 0:
            u = uniform(seed, replication, entities[i], visit(0, 1, 0), _PATIENCE, 0)
            drawn[i] = min(numbered_us(kind, a, b, at, shares, times, law, u), NEVER_US)
    return drawn
