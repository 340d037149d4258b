"""The plan: which customers come, when, over which channel and how patient; the same for simulator and probes.

Only first attempts are planned; those who try again are born from what happened. All is drawn by key, so more volume
only adds customers and nothing depends on order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.draws import Purpose, poisson_count, uniform, visit
from scenarios.identity import (
    CUSTOMERS_PER_INTERVAL_MOST,
    case_id,
    cell_entity,
    contact_id,
    customer_entity,
    customer_id,
    recorded_entity,
)
from scenarios.jit import jit
from scenarios.laws import LawRow, drawn_us, law_row
from scenarios.reading import LoadedScenario
from scenarios.scenario import Retry, Scenario
from scenarios.units import DAY_S, NEVER_US, us

PLAN_COLUMNS = (
    "customer_id", "case_id", "contact_id", "attempt", "channel", "intent", "journey", "language", "played_by",
    "due_s", "patience_s", "entity",
)  # fmt: skip
"""`due_s` and `patience_s` in scenario seconds (patience infinite: never gives up); `entity` keys the luck."""

CONTACTS_MOST = 20_000_000


class PlanTooLargeError(ValueError):
    """The scenario asks for more contacts than a plan may hold."""


def make_plan(loaded: LoadedScenario, seed: int, replication: int = 0, shoppers: int | None = None) -> pd.DataFrame:
    """Draw the plan of one replication: a row per first attempt, ordered by customer.

    Args:
        loaded: the scenario.
        seed: below 2**32.
        replication: 0 is the one that probes play.
        shoppers: overrides the scenario: so many shoppers on each channel that has any.
    """
    scenario = loaded.scenario
    parts = [_cell_rows(loaded, index, seed, replication) for index in range(len(scenario.demand))]
    if loaded.arrivals:
        parts.append(_replayed_rows(loaded))
    rows = pd.concat(parts, ignore_index=True) if parts else _frame([], [], [], [], [])
    entities = rows["entity"].to_numpy(dtype=np.uint64)
    patience = np.full(len(rows), np.inf)
    for channel, law in scenario.patience.items():
        chosen = (rows["channel"] == channel).to_numpy()
        drawn = _patience_us_many(seed, replication, entities[chosen], law_row(law))
        patience[chosen] = np.where(drawn >= NEVER_US, np.inf, drawn / 1e6)
    rows["patience_s"] = patience
    rows["case_id"] = [case_id(customer, 0) for customer in rows["customer_id"]]
    replayed = rows.pop("recorded_id")
    rows["contact_id"] = [
        recorded or contact_id(customer, 0, 1) for recorded, customer in zip(replayed, rows["customer_id"], strict=True)
    ]
    rows["attempt"] = np.int32(1)
    rows["language"] = scenario.language
    rows["journey"] = rows["channel"].map({name: hours.journey for name, hours in scenario.channels.items()})
    rows["played_by"] = _played_by(
        scenario, rows["channel"].to_numpy(dtype=object), entities, seed, replication, shoppers
    )
    return rows[list(PLAN_COLUMNS)].sort_values("customer_id", kind="stable", ignore_index=True)


def patience_us(seed: int, replication: int, entity: int, case: int, attempt: int, law: LawRow | None) -> int:
    """Draw how long a customer waits on this attempt before giving up, in microseconds."""
    if law is None:
        return NEVER_US
    u = uniform(seed, replication, entity, visit(case, attempt, 0), int(Purpose.PATIENCE), 0)
    return int(drawn_us(*law, u))


@jit
def _patience_us_many(
    seed: int, replication: int, entities: npt.NDArray[np.uint64], law: LawRow
) -> npt.NDArray[np.int64]:
    drawn = np.empty(len(entities), dtype=np.int64)
    for i in range(len(entities)):
        u = uniform(seed, replication, entities[i], visit(0, 1, 0), 4, 0)  # Purpose.PATIENCE
        drawn[i] = drawn_us(law[0], law[1], law[2], law[3], law[4], u)
    return drawn


@jit
def uniforms(seed: int, replication: int, entities: npt.NDArray[np.uint64], purpose: int) -> npt.NDArray[np.float64]:
    """Draw one number for each entity's first attempt."""
    drawn = np.empty(len(entities), dtype=np.float64)
    for i in range(len(entities)):
        drawn[i] = uniform(seed, replication, entities[i], visit(0, 1, 0), purpose, 0)
    return drawn


def _cell_rows(loaded: LoadedScenario, index: int, seed: int, replication: int) -> pd.DataFrame:
    demand = loaded.scenario.demand[index]
    intent, length_s = demand.intent, demand.interval_minutes * 60
    edges = np.cumsum(list(demand.channels.values()))
    names = np.array(list(demand.channels), dtype=object)
    customers: list[str] = []
    entities: list[int] = []
    starts: list[float] = []
    for day in range(loaded.scenario.days):
        for start_s, mean in loaded.contacts[index]:
            at_s = day * DAY_S + start_s
            minute = int(at_s // 60)
            u = uniform(seed, replication, cell_entity(intent, minute), 0, int(Purpose.COUNT), 0)
            count = poisson_count(u, mean * demand.factor)
            if count > CUSTOMERS_PER_INTERVAL_MOST or len(customers) + count > CONTACTS_MOST:
                raise PlanTooLargeError(
                    f"{loaded.path}: demand[{index}] draws {count} contacts of {intent} in one interval and "
                    f"{len(customers) + count} in all; at most {CUSTOMERS_PER_INTERVAL_MOST} and {CONTACTS_MOST}"
                )
            customers += [customer_id(intent, minute, k) for k in range(count)]
            entities += [customer_entity(intent, minute, k) for k in range(count)]
            starts += [at_s] * count
    keys = np.array(entities, dtype=np.uint64)
    due_us = np.rint((np.array(starts) + length_s * uniforms(seed, replication, keys, int(Purpose.INSTANT))) * 1e6)
    chosen = np.searchsorted(edges, uniforms(seed, replication, keys, int(Purpose.CHANNEL)))
    channels = names[np.minimum(chosen, len(names) - 1)]
    return _frame(customers, keys, due_us / 1e6, channels, [intent] * len(customers))


def _replayed_rows(loaded: LoadedScenario) -> pd.DataFrame:
    ids, due_s, channels, intents = zip(*loaded.arrivals, strict=True)
    entities = np.array([recorded_entity(recorded) for recorded in ids], dtype=np.uint64)
    due_us = np.array([us(at) for at in due_s])
    frame = _frame(list(ids), entities, due_us / 1e6, list(channels), list(intents))
    frame["recorded_id"] = list(ids)
    return frame[frame["due_s"] < loaded.horizon_s]


def _frame(customers: object, entities: object, due_s: object, channels: object, intents: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"customer_id": customers, "entity": entities, "due_s": due_s, "channel": channels, "intent": intents}
    ).astype({"entity": np.uint64, "due_s": np.float64, "customer_id": object, "channel": object, "intent": object})
    frame["recorded_id"] = ""
    return frame


def _played_by(
    scenario: Scenario,
    channels: npt.NDArray[np.object_],
    entities: npt.NDArray[np.uint64],
    seed: int,
    replication: int,
    shoppers: int | None,
) -> npt.NDArray[np.object_]:
    """Choose shoppers by keyed draw: a larger count or share keeps those already chosen."""
    played_by = np.full(len(channels), "background", dtype=object)
    drawn = uniforms(seed, replication, entities, int(Purpose.SHOPPER))
    for channel, asked in scenario.shoppers.items():
        here = np.flatnonzero(channels == channel)
        count = shoppers if shoppers is not None else asked.count
        if count is None:
            chosen = here[drawn[here] < (asked.share or 0.0)]
        else:
            chosen = here[np.argsort(drawn[here], kind="stable")[:count]]
        played_by[chosen] = "shopper"
    return played_by


def retry_delay_us(seed: int, replication: int, entity: int, case: int, attempt: int, retry: Retry) -> int | None:
    """Draw after how long one who gave up on `attempt` tries again, in microseconds; None where they do not."""
    word = visit(case, attempt, 0)
    if uniform(seed, replication, entity, word, int(Purpose.RETRY), 0) >= retry.probability:
        return None
    u = uniform(seed, replication, entity, word, int(Purpose.RETRY_DELAY), 0)
    return int(drawn_us(*law_row(retry.after), u))
