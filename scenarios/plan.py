"""The plan: which customers come, when, over which channel and how patient; the same for simulator and probes.

Only first attempts are planned; those who try again are born from what happened. All is drawn by key, so more volume
only adds customers and nothing depends on order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scenarios.bursts import Come, followed
from scenarios.cells import cells_of, counts_of, customers, languages_of, part, patiences_us
from scenarios.draws import Purpose, uniform, visit
from scenarios.expectations import entity_of
from scenarios.identity import (
    MEMBER_DIGITS,
    case_id,
    contact_id,
    customer_id,
    follower_id,
    member_entity,
    recorded_entity,
)
from scenarios.jit import jit
from scenarios.laws import LawRow, law_row, time_us
from scenarios.members import entity_of_member, members_of
from scenarios.opening import later_us
from scenarios.profiles import TimedProfile
from scenarios.reading import LoadedScenario, Opening
from scenarios.scenario import LANGUAGES, Channel, Retry, Scenario
from scenarios.tables import Arrival
from scenarios.units import NEVER_US, us

PLAN_COLUMNS = (
    "customer_id", "case_id", "contact_id", "attempt", "channel", "intent", "journey", "language", "played_by",
    "due_s", "patience_s", "entity",
)  # fmt: skip
"""`due_s` and `patience_s` in scenario seconds (patience infinite: never gives up); `entity` keys the luck."""

_GLUE = pa.scalar("", pa.large_string())
_PATIENCE = int(Purpose.PATIENCE)


class Named(NamedTuple):
    """Drawn customers' ids in parts, put into words only where somebody asks for names."""

    beginnings: list[tuple[str, int]]
    """By cell: intent and minute."""
    cell: npt.NDArray[np.int64]
    k: npt.NDArray[np.int64]
    """By customer: the cell and which of it, of a follower those of the first comer."""
    parent: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    """By customer: the position of whom they follow, or -1, and as which of theirs; empty where nobody does."""


_Names: TypeAlias = "Named | pa.Array"


class Begun(NamedTuple):
    """By customer: when the engine lets them in, the team that serves them already, and until when."""

    comes_us: npt.NDArray[np.int64]
    team: npt.NDArray[np.int64]
    """Position in the scenario's `teams`; WAITS for those who wait already, COMES for all who come later."""
    ends_us: npt.NDArray[np.int64]


COMES, WAITS = -2, -1


@dataclass(frozen=True, eq=False)
class DrawnPlan:
    """A plan as columns of numbers, a row per first attempt, in the order of customers' and cases' ids."""

    loaded: LoadedScenario
    entity: npt.NDArray[np.uint64]
    due_us: npt.NDArray[np.int64]
    patience_us: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]
    """Position in the scenario's `channels`."""
    intent: npt.NDArray[np.int64]
    """Position in the scenario's `intents`."""
    language: npt.NDArray[np.int64]
    """Position in LANGUAGES."""
    shopper: npt.NDArray[np.bool_]
    names: _Names
    """What the cases are called."""
    recorded: npt.NDArray[np.bool_]
    """Whether the contact has an id of its own: from the log that is played again, or there as the run begins."""
    begun: Begun | None = None
    """What those have behind them who are there as the run begins."""
    member: npt.NDArray[np.int64] | None = None
    """Which customer has the case: of the scenario's by number, of those that a recorded log names by numbers above
    these, -1 for one of their own; None where neither tells of any."""
    called: pa.Array | None = None
    """The id of each case's customer that a recorded log has told, else null; None where it tells of none."""

    def case_names(self) -> pa.Array:
        """Return what cases are called, as text: where no customers are told, each is a customer called so."""
        return _joined(self.names) if isinstance(self.names, Named) else self.names

    def customer_ids(self, case_names: pa.Array) -> pa.Array:
        """Return the customers' ids as text."""
        if self.member is None:
            return case_names
        digits = pa.array(self.member, pa.int64()).cast(pa.large_string())
        ids = pc.binary_join_element_wise(
            pa.scalar("c", pa.large_string()), pc.utf8_lpad(digits, MEMBER_DIGITS, "0"), _GLUE
        )
        ids = pc.if_else(pa.array(self.member < 0), case_names, ids)
        return ids if self.called is None else pc.coalesce(self.called, ids)

    def contact_ids(self, case_names: pa.Array) -> pa.Array:
        """Return the first attempts' ids as text."""
        first = suffixed(case_names, contact_id("", 0, 1))
        return pc.if_else(pa.array(self.recorded), case_names, first) if self.recorded.any() else first

    def customer_entities(self) -> npt.NDArray[np.uint64]:
        """Return what keys the luck of each case's customer: their own, whatever case they have."""
        if self.member is None:
            return self.entity
        of_members = np.uint64(member_entity(0)) + np.maximum(self.member, 0).astype(np.uint64)
        entities = np.where(self.member < 0, self.entity, of_members)
        if self.called is not None:
            known = np.flatnonzero(self.called.is_valid())
            entities[known] = [entity_of(name) for name in self.called.take(pa.array(known)).to_pylist()]
        return entities


def make_plan(loaded: LoadedScenario, seed: int, replication: int = 0, shoppers: int | None = None) -> pd.DataFrame:
    """Draw the plan of one replication as a table: a row per first attempt, ordered by customer.

    Args:
        loaded: the scenario.
        seed: below 2**32.
        replication: 0 is the one that probes play.
        shoppers: overrides the scenario: so many shoppers on each channel that has any.

    Where the run begins with people who are there already, the columns of `Begun` stand beside the others.
    """
    scenario = loaded.scenario
    drawn = draw_plan(loaded, seed, replication, shoppers)
    cases = drawn.case_names()
    channels = _words(list(scenario.channels), drawn.channel)
    rows = {
        "customer_id": pd.Series(drawn.customer_ids(cases).to_numpy(zero_copy_only=False), dtype=object),
        "case_id": _text(suffixed(cases, case_id("", 0))),
        "contact_id": _text(drawn.contact_ids(cases)),
        "attempt": np.full(len(drawn.entity), 1, dtype=np.int32),
        "channel": channels,
        "intent": _words(list(scenario.intents), drawn.intent),
        "journey": channels.map({name: hours.journey for name, hours in scenario.channels.items()}),
        "language": pd.array(LANGUAGES, dtype="str").take(drawn.language),
        "played_by": pd.array(["background", "shopper"], dtype="str").take(drawn.shopper.astype(np.int64)),
        "due_s": drawn.due_us / 1e6,
        "patience_s": np.where(drawn.patience_us >= NEVER_US, np.inf, drawn.patience_us / 1e6),
        "entity": drawn.entity,
    }
    frame = pd.DataFrame(rows)[list(PLAN_COLUMNS)]
    return frame if drawn.begun is None else frame.assign(**drawn.begun._asdict())


def draw_plan(loaded: LoadedScenario, seed: int, replication: int = 0, shoppers: int | None = None) -> DrawnPlan:
    """Draw the plan of one replication as numbers; the arguments are `make_plan`'s.

    Raises:
        PlanTooLargeError: more contacts than a plan may hold.
    """
    scenario, cells = loaded.scenario, cells_of(loaded)
    counts = counts_of(loaded, cells, seed, replication)
    come = Come(*customers(seed, replication, counts, *cells.drawn_from))
    part(cells, seed, replication, counts, come.entity, come.due_us)
    parent = number = np.empty(0, dtype=np.int64)
    if cells.followers_law.max(initial=-1) >= 0:
        come, parent, number = followed(loaded, cells, seed, replication, come)
    if any(demand.languages for demand in scenario.demand):
        tongues = cells.tongue_at, cells.tongue, cells.tongue_share
        language = languages_of(seed, replication, come.entity, cells.demand[come.cell], *tongues)
    else:
        language = np.full(len(come.entity), LANGUAGES.index(scenario.language))
    recorded = np.zeros(len(come.entity), dtype=np.bool_)
    columns = (come.entity, come.due_us, come.channel, come.intent, language, recorded)
    named = Named(cells.beginnings, come.cell, come.k, parent, number)
    names: _Names = named
    called: pa.Array | None = None
    if loaded.profile is not None and loaded.profile.stages:
        columns, names = _within(loaded.profile, columns, named)
    if loaded.arrivals or loaded.opening:
        drawn_names = _joined(names) if isinstance(names, Named) else names
        columns, names, called = _with_recorded(loaded, seed, replication, columns, drawn_names)
    entity, due, channel, intent, language, recorded = columns
    patience = patiences_us(seed, replication, entity, channel, intent, cells.patience, *cells.laws)
    shopper = _shoppers(scenario, channel, entity, seed, replication, shoppers)
    begun = None
    if loaded.opening:
        begun = _begun(loaded, loaded.opening, seed, replication, names, entity, due, patience)
    drawn = DrawnPlan(loaded, entity, due, patience, channel, intent, language, shopper, names, recorded, begun)
    if scenario.customers is None and called is None:
        return drawn
    count = scenario.customers.count if scenario.customers is not None else 0
    member = np.full(len(entity), -1, dtype=np.int64)
    if count:
        member = np.where(recorded, -1, members_of(seed, replication, entity, count))
    if called is not None:
        called = _told_apart(called, drawn.case_names(), member)
        member = _numbered(called, member, count)
    return _by_customer(dataclasses.replace(drawn, member=member, called=called))


def _told_apart(called: pa.Array, case_names: pa.Array, member: npt.NDArray[np.int64]) -> pa.Array:
    """Return who is called how, with those whose only case is called as somebody is: they are the same person."""
    alone = pc.and_(pa.array(member < 0), pc.and_(pc.is_null(called), pc.is_in(case_names, value_set=called)))
    return pc.if_else(alone, case_names, called)


def _numbered(called: pa.Array, member: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return who has which case, with a number for each who is called by name: a member of the population their own."""
    encoded = called.dictionary_encode()
    numbers = []
    for place, name in enumerate(encoded.dictionary.to_pylist()):
        entity = entity_of_member(name)
        number = count if entity is None else entity - member_entity(0)
        numbers.append(number if number < count else count + place)
    place = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(place >= 0, np.array(numbers, dtype=np.int64)[place], member)


def _by_customer(drawn: DrawnPlan) -> DrawnPlan:
    """Put cases into the order of the log: by customer, and those of one customer by name."""
    assert drawn.member is not None
    names: _Names = drawn.names
    if isinstance(names, Named) and names.parent.max(initial=-1) < 0 and not (drawn.member < 0).any():
        order = np.argsort(drawn.member, kind="stable")
        names = names._replace(cell=names.cell[order], k=names.k[order])
    else:
        names = drawn.case_names()
        cases, customers = suffixed(names, case_id("", 0)), drawn.customer_ids(names)
        order = np.lexsort(tuple(ids.to_numpy(zero_copy_only=False).astype(str) for ids in (cases, customers)))
        names = names.take(pa.array(order))
    columns = ("entity", "due_us", "patience_us", "channel", "intent", "language", "shopper", "recorded", "member")
    put = {name: getattr(drawn, name)[order] for name in columns}
    begun = None if drawn.begun is None else Begun(*(column[order] for column in drawn.begun))
    called = None if drawn.called is None else drawn.called.take(pa.array(order))
    return dataclasses.replace(drawn, **put, names=names, begun=begun, called=called)


def _begun(
    loaded: LoadedScenario,
    opening: Opening,
    seed: int,
    replication: int,
    names: _Names,
    entity: npt.NDArray[np.uint64],
    due_us: npt.NDArray[np.int64],
    patience_us: npt.NDArray[np.int64],
) -> Begun:
    """Draw what is left of waits and conversations that have begun; changes `patience_us` of those who wait."""
    assert isinstance(names, pa.Array)
    at_us = us(opening.at_s)
    teams = loaded.scenario.teams
    begun = Begun(due_us.copy(), np.full(len(entity), COMES), np.full(len(entity), -1, dtype=np.int64))
    numbers = {name: number for number, name in enumerate(names.to_pylist())}
    for person in opening.people:
        number = numbers[person.name]
        spent_us = at_us - int(due_us[number])
        key = (seed, replication, int(entity[number]), visit(0, 1, 0))
        begun.comes_us[number], begun.team[number] = at_us, WAITS
        if person.team is not None:
            service = teams[person.team].service_law(person.intent)
            assert service is not None, f"{person.team} has no law for {person.intent}"  # looked for as it was read
            law = law_row(service)
            u = uniform(*key, int(Purpose.SERVICE), 0)
            begun.team[number] = list(teams).index(person.team)
            begun.ends_us[number] = int(due_us[number]) + later_us(law, spent_us, u)
        elif (patience := loaded.scenario.patience_of(person.channel, person.intent)) is not None:
            later = later_us(law_row(patience), spent_us, uniform(*key, _PATIENCE, 0))
            patience_us[number] = min(later, NEVER_US)
    return begun


def patience_us(seed: int, replication: int, entity: int, case: int, attempt: int, law: LawRow | None) -> int:
    """Draw how long a customer waits on this attempt before giving up, in microseconds."""
    if law is None:
        return NEVER_US
    u = uniform(seed, replication, entity, visit(case, attempt, 0), int(Purpose.PATIENCE), 0)
    return time_us(law, u)


@jit
def uniforms(seed: int, replication: int, entities: npt.NDArray[np.uint64], purpose: int) -> npt.NDArray[np.float64]:
    """Draw one number for each entity's first attempt."""
    drawn = np.empty(len(entities), dtype=np.float64)
    for i in range(len(entities)):
        drawn[i] = uniform(seed, replication, entities[i], visit(0, 1, 0), purpose, 0)
    return drawn


def suffixed(texts: pa.Array, suffix: str) -> pa.Array:
    """Return large strings with `suffix` at the end of each."""
    return pc.binary_join_element_wise(texts, pa.scalar(suffix, pa.large_string()), _GLUE)


def _joined(named: Named) -> pa.Array:
    beginnings = pa.array([customer_id(*begun, 0)[:-5] for begun in named.beginnings], pa.large_string())
    digits = pa.array([f"{number:05d}" for number in range(int(named.k.max(initial=-1)) + 1)], pa.large_string())
    names = pc.binary_join_element_wise(beginnings.take(pa.array(named.cell)), digits.take(pa.array(named.k)), _GLUE)
    if named.parent.max(initial=-1) < 0:
        return names
    endings = pa.array([follower_id("", number) for number in range(int(named.number.max()) + 1)], pa.large_string())
    depth = _depths(named.parent)
    for here in range(1, int(depth.max()) + 1):
        rows = np.flatnonzero(depth == here)
        longer = pc.binary_join_element_wise(
            names.take(pa.array(named.parent[rows])), endings.take(pa.array(named.number[rows])), _GLUE
        )
        names = pc.replace_with_mask(names, pa.array(depth == here), longer)
    return names


@jit
def _depths(parent: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many stand between each customer and a first comer; whom one follows stands before."""
    depth = np.zeros(len(parent), dtype=np.int64)
    for i in range(len(parent)):
        if parent[i] >= 0:
            depth[i] = depth[parent[i]] + 1
    return depth


_Codes = npt.NDArray[np.int64]

_Columns = tuple[npt.NDArray[np.uint64], _Codes, _Codes, _Codes, _Codes, npt.NDArray[np.bool_]]
"""Entity, due_us, channel, intent, language, recorded."""


def _within(profile: TimedProfile, drawn: _Columns, named: Named) -> tuple[_Columns, _Names]:
    """Leave out whom a profile does not last for; where its factor is one throughout, all who are drawn may come."""
    due_us = drawn[1]
    there = (due_us >= us(profile.begins_s)) & (due_us < us(profile.ends_s))
    if there.all():
        return drawn, named
    kept: _Columns = tuple(column[there] for column in drawn)  # type: ignore[assignment]  # as many columns as before
    return kept, _joined(named).filter(pa.array(there))


def _with_recorded(
    loaded: LoadedScenario, seed: int, replication: int, drawn: _Columns, drawn_names: pa.Array
) -> tuple[_Columns, pa.Array, pa.Array | None]:
    """Put recorded arrivals, and those who are there already, among drawn customers, in the order of ids.

    Returns columns, names, and what the log calls the customers, None where it names none.
    """
    channels: list[str] = list(loaded.scenario.channels)
    intents = list(loaded.scenario.intents)
    rows = [(one.contact_id, us(one.due_s), one.channel, one.intent, _named(one)) for one in loaded.arrivals]
    rows = [row for row in rows if row[1] / 1e6 < loaded.horizon_s and _is_kept(loaded, seed, replication, *row[:2])]
    if loaded.opening is not None:
        later = drawn[1] >= us(loaded.opening.at_s)
        drawn = tuple(column[later] for column in drawn)  # type: ignore[assignment]  # as many columns as before
        drawn_names = drawn_names.filter(pa.array(later))
        rows = [row for row in rows if row[1] >= us(loaded.opening.at_s)]
        rows += [(one.name, us(one.since_s), one.channel, one.intent, None) for one in loaded.opening.people]
    added: _Columns = (
        np.array([recorded_entity(row[0]) for row in rows], dtype=np.uint64),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([channels.index(row[2]) for row in rows], dtype=np.int64),
        np.array([intents.index(row[3]) for row in rows], dtype=np.int64),
        np.full(len(rows), LANGUAGES.index(loaded.scenario.language)),
        np.ones(len(rows), dtype=np.bool_),
    )
    names = [*drawn_names.to_pylist(), *(row[0] for row in rows)]
    order = sorted(range(len(names)), key=names.__getitem__)
    entity, due_us, channel, intent, language, recorded = (
        np.concatenate(pair)[order] for pair in zip(drawn, added, strict=True)
    )
    called = None
    if any(row[4] is not None for row in rows):
        told = [*[None] * len(drawn_names), *(row[4] for row in rows)]
        called = pa.array([told[i] for i in order], pa.large_string())
    put: _Columns = entity, due_us, channel, intent, language, recorded
    return put, pa.array([names[i] for i in order], pa.large_string()), called


def _named(arrival: Arrival) -> str | None:
    """Return the customer of a recorded contact; None where they are called as the contact is, so nobody knows more."""
    return None if arrival.customer_id == arrival.contact_id else arrival.customer_id


def _is_kept(loaded: LoadedScenario, seed: int, replication: int, name: str, due_us: int) -> bool:
    """Say whether a recorded contact is played where a profile plays only a share of them; a larger one keeps it."""
    if loaded.profile is None:
        return True
    u = uniform(seed, replication, recorded_entity(name), visit(0, 1, 0), int(Purpose.KEPT), 0)
    return u < loaded.profile.factor_at(due_us / 1e6)


def _shoppers(
    scenario: Scenario,
    channel: npt.NDArray[np.int64],
    entities: npt.NDArray[np.uint64],
    seed: int,
    replication: int,
    shoppers: int | None,
) -> npt.NDArray[np.bool_]:
    """Choose shoppers by keyed draw: a larger count or share keeps those already chosen."""
    chosen = np.zeros(len(channel), dtype=np.bool_)
    if not scenario.shoppers:
        return chosen
    drawn = uniforms(seed, replication, entities, int(Purpose.SHOPPER))
    for name, asked in scenario.shoppers.items():
        here = np.flatnonzero(channel == list(scenario.channels).index(name))
        count = shoppers if shoppers is not None else asked.count
        if count is None:
            chosen[here[drawn[here] < (asked.share or 0.0)]] = True
        else:
            chosen[here[np.argsort(drawn[here], kind="stable")[:count]]] = True
    return chosen


def _words(words: Sequence[object], chosen: npt.NDArray[np.int64]) -> pd.Series[Any]:
    return pd.Series(np.array(words, dtype=object)[chosen], dtype=object)


def _text(values: pa.Array) -> Any:
    return pd.array(values, dtype="str")


def retry_delay_us(
    seed: int, replication: int, entity: int, case: int, attempt: int, retry: Retry, outcome: str = "abandoned"
) -> int | None:
    """Draw after how long one whose `attempt` ended with `outcome` (one of CAUSES) tries again, in microseconds.

    None where they do not.
    """
    word = visit(case, attempt, 0)
    if uniform(seed, replication, entity, word, int(Purpose.RETRY), 0) >= retry.probability_after(outcome):
        return None
    u = uniform(seed, replication, entity, word, int(Purpose.RETRY_DELAY), 0)
    return time_us(law_row(retry.delay_after(outcome)), u)


def retry_channel(
    seed: int, replication: int, entity: int, case: int, attempt: int, channel: Channel, retry: Retry
) -> Channel:
    """Draw on which channel one whose `attempt` failed on `channel` tries again."""
    if not retry.to:
        return channel
    u = uniform(seed, replication, entity, visit(case, attempt, 0), int(Purpose.RETRY_CHANNEL), 0)
    return hopped(u, channel, retry.to)


def hopped(u: float, channel: Channel, to: Mapping[Channel, float]) -> Channel:
    """Return the channel on which one comes back who was on `channel`, of whom such shares change to others."""
    for other, share in to.items():
        if u < share:
            return other
        u -= share
    return channel
