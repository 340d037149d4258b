"""Turn what the compiled engine's loop gives into the contact log: words by table, never one by one.

Holds how legs of many replications become one table of legs and one of staffing; refuses to know how they came about.

>>> import numpy as np
>>> taken(("front", "back"), np.array([1, -1, 0])).tolist()
['back', nan, 'front']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results.log import table_of
from scenarios.identity import case_id, contact_id
from scenarios.jit import jit
from scenarios.ledger import terms_of
from scenarios.plan import DrawnPlan, suffixed
from scenarios.scenario import LANGUAGES
from scenarios.units import NEVER_US
from simulator.floor_arrays import Floor, Whole
from simulator.loop_legs import (
    ANNOUNCED,
    ANSWERED,
    ARRIVED,
    ASIDE_US,
    ATTEMPT,
    CHANNEL,
    DUE,
    ENDED,
    ENDS,
    HISTORY,
    HOLD,
    KEPT,
    LEG,
    LEG_END,
    NUMBER,
    OUTCOME,
    QUEUE,
    ROLE,
    ROLES,
    SEAT,
    TAKEN,
    TEAM,
    UNANSWERED,
    WRAP,
    Happened,
    Small,
)
from simulator.loop_lives import Beliefs, Lived, Lives, lived_of
from simulator.simpy_floor import Luck

Numbers = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Replicated:
    """One replication as the engine gave it, with the plan it played."""

    replication: int
    plan: DrawnPlan
    happened: Happened
    lives: Lives
    """Whose the cases are."""

    def lived(self, beliefs: Beliefs, luck: Luck, until_us: int) -> Lived:
        """Return what its customers lived through."""
        plan = self.plan
        return lived_of(
            self.happened, self.lives, beliefs, plan.intent, plan.entity, luck.seed, luck.plan, luck.desk, until_us
        )


def taken(words: Sequence[str | None], codes: npt.NDArray[Any]) -> Any:
    """Return the word of each code as a column of text; null where the code is -1."""
    known = pa.array(words, pa.large_string())
    return pd.array(known.take(pa.array(codes, pa.int32(), mask=codes < 0)), dtype="str")


def legs_table(floor: Floor, parts: Sequence[Replicated], run_id: str) -> pd.DataFrame:
    """Return the contact log of replications, in its order."""
    orders = [log_order(part.happened.facts, len(part.plan.entity)) for part in parts]
    legs = sum(len(order) for order in orders)

    def fact(column: int) -> Numbers:
        pairs = zip(parts, orders, strict=True)
        return np.concatenate([part.happened.facts[:, column][order] for part, order in pairs]).astype(np.int64)

    def time_us(column: int) -> Numbers:
        pairs = zip(parts, orders, strict=True)
        return np.concatenate([part.happened.times_us[:, column][order] for part, order in pairs])

    scenario = parts[0].plan.loaded.scenario
    number, attempt, team, queue = fact(NUMBER), fact(ATTEMPT), fact(TEAM), fact(QUEUE)
    firsts = np.cumsum([0, *(len(part.plan.entity) for part in parts)])
    contact = number + np.repeat(firsts[:-1], [len(order) for order in orders])
    arrived_us, answered_us, ended_us, wrap_us = (time_us(column) for column in (ARRIVED, ANSWERED, ENDED, WRAP))
    seat = fact(SEAT)
    announced_us, taken_us, hold_us, due_us, kept_us, aside_us = (
        _noted(parts, orders, legs, column) for column in (ANNOUNCED, TAKEN, HOLD, DUE, KEPT, ASIDE_US)
    )
    alone = taken_us >= 0
    served = (seat >= 0) & (ended_us >= 0) & ~alone
    released_us = np.where(alone, taken_us, ended_us) + np.maximum(wrap_us, 0)

    def planned(column: Callable[[DrawnPlan], Any]) -> Any:
        return np.concatenate([column(part.plan) for part in parts])[contact]

    names = [part.plan.case_names() for part in parts]
    cases = pa.concat_arrays(names)
    customers = pa.concat_arrays([part.plan.customer_ids(own) for part, own in zip(parts, names, strict=True)])
    contacts = pa.concat_arrays([part.plan.contact_ids(own) for part, own in zip(parts, names, strict=True)])
    channel = fact(CHANNEL)
    columns: dict[str, object] = {
        "run_id": taken([run_id], np.zeros(legs, dtype=np.int64)),
        "source": taken(["simulated"], np.zeros(legs, dtype=np.int64)),
        "replication": pd.array(
            np.repeat([part.replication for part in parts], [len(o) for o in orders]), dtype="Int32"
        ),
        "played_by": taken(["background", "shopper"], planned(lambda plan: plan.shopper).astype(np.int64)),
        "customer_id": _text(customers.take(pa.array(contact))),
        "case_id": _text(suffixed(cases, case_id("", 0)).take(pa.array(contact))),
        "contact_id": _text(_attempts(cases, contacts, contact, attempt)),
        "attempt": pd.array(attempt, dtype="Int32"),
        "leg": pd.array(fact(LEG), dtype="Int32"),
        "channel": taken(floor.channels, channel),
        "intent": taken(floor.intents, planned(lambda plan: plan.intent)),
        "journey": taken([hours.journey for hours in scenario.channels.values()], channel),
        "language": taken(LANGUAGES, planned(lambda plan: plan.language)),
        "team": taken(floor.teams, team),
        "role": taken(ROLES, _noted(parts, orders, legs, ROLE)),
        "queue": taken(floor.queues, queue),
        "priority": pd.array(floor.arrays.queue_priority[queue], dtype="Int32"),
        "agent": taken(floor.seats, seat),
        "due_s": arrived_us / 1e6,
        "arrived_s": arrived_us / 1e6,
        "answered_s": _seconds(answered_us, answered_us > UNANSWERED),
        "ended_s": _seconds(ended_us, ended_us >= 0),
        "announced_wait_s": _seconds(announced_us, announced_us >= 0),
        "released_s": _seconds(released_us, served | (alone & (wrap_us >= 0))),
        "talk_s": _seconds(ended_us - answered_us - np.maximum(hold_us, 0) - np.maximum(aside_us, 0), served),
        "hold_s": _seconds(hold_us, served & (hold_us >= 0)),
        "wrap_s": _seconds(wrap_us, wrap_us >= 0),
        "history_carried": pd.arrays.BooleanArray(fact(HISTORY) == 1, fact(HISTORY) < 0),
        "promise_due_s": _seconds(due_us, due_us >= 0),
        "promise_kept_s": _seconds(kept_us, (kept_us >= 0) & (kept_us <= floor.horizon_us)),
        "leg_end": taken(ENDS, fact(LEG_END)),
        "contact_outcome": taken(ENDS, fact(OUTCOME)),
    }
    return table_of("legs", pd.DataFrame(columns, copy=False))


def cases_table(lived: Sequence[tuple[int, DrawnPlan, Lived]]) -> tuple[pd.DataFrame, npt.NDArray[np.uint64]]:
    """Return the cases of replications as `results.experience.cases_of` would, and what keys the luck of each."""
    tables, entities = [], []
    for replication, plan, (number, rows, contacts, over_us) in lived:
        names, place = plan.case_names(), pa.array(number)
        columns: dict[str, Any] = {
            "replication": np.full(len(number), replication),
            "customer_id": _text(plan.customer_ids(names).take(place)),
            "case_id": _text(suffixed(names, case_id("", 0)).take(place)),
            "contacts": contacts,
            **{str(term): counts for term, counts in terms_of(rows).items()},
            "over_s": np.where(over_us < NEVER_US, over_us / 1e6, np.nan),
        }
        tables.append(pd.DataFrame(columns, copy=False))
        entities.append(plan.entity[number])
    return pd.concat(tables, ignore_index=True), np.concatenate(entities)


def _noted(parts: Sequence[Replicated], orders: Sequence[Whole], legs: int, column: int) -> Numbers:
    """Return what only some scenarios need to know of a leg; -1 for the others."""
    pairs = zip(parts, orders, strict=True)
    told = [part.happened.notes[order, column] for part, order in pairs if len(part.happened.notes)]
    return np.concatenate(told) if told else np.full(legs, -1)


def staffing_table(floor: Floor, parts: Sequence[Replicated]) -> pd.DataFrame:
    """Return when each seat was on duty, ordered by replication, seat and time."""
    duties = np.concatenate([part.happened.duties for part in parts])
    replication = np.repeat([part.replication for part in parts], [len(part.happened.duties) for part in parts])
    kept = duties[:, 2] > duties[:, 1]
    duties, replication = duties[kept], replication[kept]
    seat = duties[:, 0]
    by_name = np.argsort(np.array(floor.seats, dtype=str)) if floor.seats else np.empty(0, dtype=np.int64)
    place = np.empty(len(floor.seats), dtype=np.int64)
    place[by_name] = np.arange(len(by_name))
    position = np.repeat(np.arange(len(parts)), [len(part.happened.duties) for part in parts])[kept]
    order = np.lexsort((duties[:, 1], place[seat], position))
    columns: dict[str, object] = {
        "replication": pd.array(replication[order], dtype="Int32"),
        "seat": taken(floor.seats, seat[order]),
        "team": taken(floor.teams, floor.seat_team[seat[order]]),
        "state": taken(["on_duty"], np.zeros(len(order), dtype=np.int64)),
        "from_s": duties[order, 1] / 1e6,
        "to_s": duties[order, 2] / 1e6,
    }
    return table_of("staffing", pd.DataFrame(columns, copy=False))


@jit
def log_order(facts: Small, contacts: int) -> Whole:
    """Return the rows by contact; of one contact they stand in the order in which they began already."""
    begins = np.zeros(contacts + 1, dtype=np.int64)
    for row in range(len(facts)):
        begins[facts[row, NUMBER] + 1] += 1
    for number in range(contacts):
        begins[number + 1] += begins[number]
    order = np.empty(len(facts), dtype=np.int64)
    for row in range(len(facts)):
        number = facts[row, NUMBER]
        order[begins[number]] = row
        begins[number] += 1
    return order


def _attempts(cases: pa.Array, contacts: pa.Array, contact: Numbers, attempt: Numbers) -> pa.Array:
    """Return contact ids: the plan's for first attempts, made of case and attempt for later ones."""
    ids = contacts.take(pa.array(contact))
    later = np.flatnonzero(attempt > 1)
    if not len(later):
        return ids
    endings = pa.array([contact_id("", 0, n) for n in range(int(attempt.max()) + 1)], pa.large_string())
    again = pc.binary_join_element_wise(
        cases.take(pa.array(contact[later])),
        endings.take(pa.array(attempt[later])),
        pa.scalar("", pa.large_string()),
    )
    return pc.replace_with_mask(ids, pa.array(attempt > 1), again)


def _seconds(time_us: Numbers, known: npt.NDArray[np.bool_]) -> Real:
    return np.where(known, time_us / 1e6, np.nan)


def _text(values: pa.Array) -> Any:
    return pd.array(values, dtype="str")
