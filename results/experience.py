"""What customers have lived through, of any log: the experience ledger folded over its tables.

Simulated, measured and recorded legs go through the same step (`scenarios.ledger`); how customers were treated (blame,
apologies, contradictions) is added where scorers have found it in words, or a simulation has drawn it. Refuses to know
what it does to a customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import CALLED_BACK
from results.log import OUR_FAULTS, wait_s
from scenarios.expectations import Expectations
from scenarios.experience import TERMS
from scenarios.jit import jit
from scenarios.ledger import (
    APOLOGIES,
    BLAMED,
    COMPENSATIONS,
    COMPLAINTS,
    CONTRADICTIONS,
    ENDS,
    KINDNESS,
    OTHER_END,
    SETTLED,
    UNKNOWN,
    UNSETTLED,
    new_rows,
    promised,
    step,
    terms_of,
)
from scenarios.units import NEVER_US

Whole = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

OF_LABELS = {
    "blame_customer": BLAMED, "empathy": KINDNESS, "apology": APOLOGIES, "honours_mistake": COMPENSATIONS,
}  # fmt: skip
"""Which conduct stands in the ledger, and where: a leg counts one of each, however often it was shown."""

Found = tuple[int, pd.DataFrame]
"""A place in the ledger, and the contacts where something was found that counts there, a row each time."""

CASE_COLUMNS = ("replication", "customer_id", "case_id", "contacts", *TERMS, "over_s")


def cases_of(
    legs: pd.DataFrame,
    expectations: Expectations,
    until_s: float | None = None,
    findings: pd.DataFrame | None = None,
    answers: pd.DataFrame | None = None,
    complaints: Collection[str] = (),
    same_plan: bool = False,
    conduct: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row per case and replication, in the order of ids: CASE_COLUMNS.

    Contacts that we failed to make are left out. Whose customer or case is not known is one of their own. A leg that
    has not ended stands at its place as if it ended last, with the wait so far where it was not answered. `over_s` is
    when the last leg has ended and it is known what became of every promise, null where the log ends before.

    Args:
        legs: the contact log, of one or more replications.
        expectations: what customers find a right wait.
        until_s: when the log ends; where left out, at the last instant that it tells.
        findings: what scorers saw in turns, of a measured log.
        answers: answers held against each other; of two that contradict, the later contact counts one.
        complaints: intents whose cases are complaints.
        same_plan: whether all replications have the customers of the first.
        conduct: the table of that name, of a simulated log.
    """
    told = told_in(legs, expectations, until_s, same_plan)
    kept, case_of = told.legs, told.case_of
    rows = new_rows(len(told.of_case))
    rows[case_of[kept["intent"].isin(list(complaints)).to_numpy(dtype=bool)], COMPLAINTS] = 1
    _fold(rows, told.order, case_of, told.facts, told.tolerated_us)
    _promises(rows, kept, case_of, told.until_s)
    _add(rows, told, [*_shown(findings), *_shown(conduct), *_contradicting(answers, conduct)])
    contacts = np.bincount(case_of[(kept["leg"] == 0).to_numpy()], minlength=len(rows))
    over_s = _over_s(kept, case_of, len(rows), told.until_s)
    return told.of_case.assign(contacts=contacts, **terms_of(rows), over_s=over_s)


class Told(NamedTuple):
    """A log as the ledger is told of it."""

    legs: pd.DataFrame
    """Those that tell of the desk."""
    case_of: Whole
    """By leg: the row of its case in `of_case`."""
    of_case: pd.DataFrame
    order: Whole
    """Legs in the order in which the ledger is told of them."""
    facts: Whole
    """By leg, what its step is told: channel, attempt, wait, person, carried, end, outcome."""
    tolerated_us: Whole
    until_s: float


def told_in(legs: pd.DataFrame, expectations: Expectations, until_s: float | None, same_plan: bool) -> Told:
    """Return what the ledger is told of a log; the arguments are those of `cases_of`."""
    kept, case_of, of_case = legs_by_case(legs)
    if until_s is None:
        until_s = last_s(kept)
    contact, customer = kept["contact_id"].astype(str), of_case["customer_id"].iloc[case_of].reset_index(drop=True)
    replication = kept["replication"].fillna(0).astype("int64")
    order = np.lexsort((kept["leg"], contact, kept["attempt"].fillna(1), kept["ended_s"].fillna(np.inf)))
    luck = replication * 0 if same_plan else replication
    tolerated_us = _tolerated_us(expectations, luck, customer, kept["channel"].astype(str))
    return Told(kept, case_of, of_case, order, _facts(kept, until_s), tolerated_us, until_s)


def legs_by_case(legs: pd.DataFrame) -> tuple[pd.DataFrame, Whole, pd.DataFrame]:
    """Return the legs that tell of the desk, the row of `cases_of` that each belongs to, and whose these rows are.

    Contacts that we failed to make are left out. Whose customer or case is not known is one of their own.
    """
    kept = legs[~legs["leg_end"].isin(OUR_FAULTS) & legs["arrived_s"].notna()].reset_index(drop=True)
    contact = kept["contact_id"].astype(str)
    customer, case = kept["customer_id"].fillna(contact).astype(str), kept["case_id"].fillna(contact).astype(str)
    return kept, *_numbered(kept["replication"].fillna(0).astype("int64"), customer, case)


def last_s(legs: pd.DataFrame) -> float:
    """Return the last instant that legs tell of; 0 where there are none."""
    last = legs[["arrived_s", "answered_s", "ended_s", "promise_kept_s"]].max().max()
    return float(last) if len(legs) else 0.0


def _over_s(legs: pd.DataFrame, case_of: Whole, cases: int, until_s: float) -> Values:
    """Return when each case is over: all legs have ended, and promises are kept, or were due and are not."""
    settled_s = legs["promise_kept_s"].where(legs["promise_kept_s"] <= until_s).fillna(legs["promise_due_s"])
    last_s = np.fmax(legs["ended_s"].to_numpy(dtype=float), settled_s.to_numpy(dtype=float))
    open_ = legs["ended_s"].isna() | legs["contact_outcome"].eq("censored").fillna(False) | (last_s > until_s)
    over_s = np.full(cases, -np.inf)
    np.maximum.at(over_s, case_of, np.where(open_, np.inf, last_s))
    return np.where(np.isfinite(over_s), over_s, np.nan)


def _numbered(
    replication: pd.Series[Any], customer: pd.Series[Any], case: pd.Series[Any]
) -> tuple[Whole, pd.DataFrame]:
    """Return the number of each leg's case, and whose the cases are."""
    keys = pd.DataFrame({"replication": replication, "customer_id": customer, "case_id": case})
    numbers = keys.groupby(list(keys.columns), sort=True).ngroup()
    return np.asarray(numbers, dtype=np.int64), keys.iloc[np.unique(numbers, return_index=True)[1]].reset_index(
        drop=True
    )


def _facts(legs: pd.DataFrame, until_s: float) -> Whole:
    """Return what the step is told of each leg, a row each: channel, attempt, wait, person, carried, end, outcome.

    A menu or bot that sends on to people is no transfer. Work that was promised settles a case when it is done.
    """
    answered, own = legs["answered_s"].notna(), legs["role"].isna()
    talk_s = legs["talk_s"] + legs["hold_s"].fillna(0.0)
    page = answered & legs["ended_s"].notna() & talk_s.isna()
    waited_s = wait_s(legs).fillna(until_s - legs["arrived_s"]).where(own & (legs["leg_end"] != CALLED_BACK), 0.0)
    last = ~legs[own].duplicated(["replication", "contact_id"], keep="last").reindex(legs.index, fill_value=True)
    outcome = legs["contact_outcome"]
    known = (last & outcome.notna() & (outcome != "censored")) | (~own & (outcome == "resolved").fillna(False))
    columns = (
        pd.factorize(legs["channel"], sort=True)[0],
        legs["attempt"].fillna(1).where(own, 0),
        _us(waited_s),
        answered & own & ~page,
        legs["history_carried"].fillna(False).astype(bool),
        legs["leg_end"].map(ENDS).fillna(OTHER_END).mask(page & legs["leg_end"].ne("cut_off"), OTHER_END),
        np.where(known, np.where(outcome == "resolved", SETTLED, UNSETTLED), UNKNOWN),
    )
    return np.column_stack([np.asarray(column, dtype=np.int64) for column in columns]).astype(np.int64)


def _us(seconds: pd.Series[Any]) -> Whole:
    whole: Whole = np.rint(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64)
    return whole


def _tolerated_us(
    expectations: Expectations, replication: pd.Series[Any], customer: pd.Series[Any], channel: pd.Series[Any]
) -> Whole:
    """Return what is tolerated in each leg; drawn once for each customer and channel."""
    keys = pd.DataFrame({"replication": replication, "customer": customer, "channel": channel})
    number = keys.groupby(list(keys.columns), sort=True).ngroup().to_numpy(dtype=np.int64)
    firsts = keys.iloc[np.unique(number, return_index=True)[1]]
    drawn = [
        expectations.tolerated_us(str(who), str(where), int(which))
        for which, who, where in firsts.itertuples(index=False)
    ]
    return np.array(drawn, dtype=np.int64)[number] if drawn else np.empty(0, dtype=np.int64)


@jit
def _fold(rows: Whole, order: Whole, case_of: Whole, facts: Whole, tolerated: Whole) -> None:
    for leg in order:
        channel, attempt, wait_us, person, carried, end, outcome = facts[leg]
        step(rows[case_of[leg]], channel, attempt, wait_us, tolerated[leg], person == 1, carried == 1, end, outcome)


def _promises(rows: Whole, legs: pd.DataFrame, case_of: Whole, until_s: float) -> None:
    made = np.flatnonzero(legs["promise_due_s"].notna())
    due_us = _us(legs["promise_due_s"].iloc[made])
    kept_us = _us(legs["promise_kept_s"].iloc[made].fillna(-1.0))
    until_us = min(round(until_s * 1e6), NEVER_US)
    for leg, due, kept in zip(made, due_us, kept_us, strict=True):
        promised(rows[case_of[leg]], due, kept, until_us)


def _shown(found: pd.DataFrame | None) -> Iterator[Found]:
    """Yield where each conduct was shown, once for each leg."""
    if found is not None:
        shown = found.drop_duplicates([name for name in ("replication", "contact_id", "leg", "label") if name in found])
        for label, place in OF_LABELS.items():
            yield place, shown[shown["label"] == label]


def _contradicting(answers: pd.DataFrame | None, conduct: pd.DataFrame | None) -> Iterator[Found]:
    """Yield where an answer contradicts another."""
    if answers is not None:
        yield CONTRADICTIONS, answers[answers["relation"] == "contradict"]
    if conduct is not None:
        yield CONTRADICTIONS, conduct[conduct["label"] == "contradiction"]


def _add(rows: Whole, told: Told, found: Iterable[Found]) -> None:
    """Count what was found in contacts, a row each, in their cases; what a scorer found has no replication."""
    found = [(place, where) for place, where in found if len(where)]
    if not found:
        return
    contacts = _contacts(told.legs)
    first = ~contacts.duplicated()
    contacts, case_of = contacts[first], told.case_of[first]
    for place, where in found:
        at = contacts.get_indexer(_contacts(where))
        np.add.at(rows[:, place], case_of[at[at >= 0]], 1)


def _contacts(rows: pd.DataFrame) -> pd.MultiIndex:
    """Return in which contact of which replication each row is."""
    told = rows.reindex(columns=["replication", "contact_id"])
    return pd.MultiIndex.from_arrays([told["replication"].fillna(0).astype("int64"), told["contact_id"].astype(str)])
