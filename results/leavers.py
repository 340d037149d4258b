"""Who leaves, of any log: how likely after each case, whether by their own luck, when; and the table of customers.

Refuses to know how a case came about, and what a leaver costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.log import table_of
from scenarios.churn import ChurnModel
from scenarios.churn_law import ChurnLaw, churn_law, experience_adds, leaving_share
from scenarios.expectations import entity_of
from scenarios.experience import TERMS
from scenarios.identity import case_id
from scenarios.jit import jit
from scenarios.leaving import leaves_us, spread_us
from scenarios.members import values_of
from scenarios.population import Population
from scenarios.units import NEVER_US

Values = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

_FIRST_CASE = case_id("", 0)


def shares_after(model: ChurnModel, cases: pd.DataFrame) -> Values:
    """Return, for each case, the share of customers who leave after one like it."""
    return shares_of_counts(model, np.ascontiguousarray(cases[list(TERMS)].to_numpy(dtype=np.float64)))


def shares_of_counts(model: ChurnModel, counts: Values) -> Values:
    """Return the same of counts: a row for each case, a column for each of TERMS."""
    return _shares(churn_law(model), counts)


@jit
def _shares(law: ChurnLaw, counts: Values) -> Values:
    shares = np.empty(len(counts))
    for case in range(len(counts)):
        added = experience_adds(law.values, law.most, law.without, counts[case])
        shares[case] = leaving_share(law.form, law.base, law.circumstances, added)
    return shares


def left_s(
    model: ChurnModel, cases: pd.DataFrame, shares: Values, seed: int, same_plan: bool, entities: Entities
) -> Values:
    """Return when the customer of each case leaves after it, in scenario seconds; NaN where they stay.

    Args:
        model: what leaving depends on.
        cases: as `results.experience.cases_of` gives them.
        shares: of `shares_after`.
        seed: of the run.
        same_plan: whether all replications have the customers of the first.
        entities: what keys the luck of each case; see `case_entities`.
    """
    plans = np.zeros(len(cases), dtype=np.int64) if same_plan else cases["replication"].to_numpy(dtype=np.int64)
    over = cases["over_s"].to_numpy(dtype=np.float64)
    over_us = np.where(np.isnan(over), NEVER_US, np.rint(np.nan_to_num(over) * 1e6)).astype(np.int64)
    leaves = _leaves_us(churn_law(model).form, shares, spread_us(model), over_us, seed, plans, entities)
    return np.where(leaves >= NEVER_US, np.nan, leaves / 1e6)


@jit
def _leaves_us(
    form: int,
    shares: Values,
    spread: int,
    over_us: npt.NDArray[np.int64],
    seed: int,
    plans: npt.NDArray[np.int64],
    entities: Entities,
) -> npt.NDArray[np.int64]:
    found = np.empty(len(shares), dtype=np.int64)
    for case in range(len(shares)):
        found[case] = leaves_us(form, shares[case], spread, over_us[case], seed, plans[case], entities[case])
    return found


def case_entities(case_ids: Sequence[str]) -> Entities:
    """Return what keys the luck of cases, by their ids."""
    return np.array([entity_of(str(name).removesuffix(_FIRST_CASE)) for name in case_ids], dtype=np.uint64)


def customers_of(
    cases: pd.DataFrame,
    model: ChurnModel | None,
    population: Population | None,
    seed: int,
    same_plan: bool = False,
    entities: Entities | None = None,
) -> pd.DataFrame:
    """Return the table `customers` of a log.

    Args:
        cases: as `results.experience.cases_of` gives them, ordered by replication, customer and case.
        model: what makes customers leave; nothing is said of leaving where left out.
        population: what customers are worth; nothing is said of it where left out.
        seed: of the run.
        same_plan: whether all replications have the customers of the first.
        entities: what keys the luck of each case, where it is known already.
    """
    keys = cases[["replication", "customer_id"]].reset_index(drop=True)
    first = np.flatnonzero(~keys.duplicated().to_numpy(dtype=bool))
    if not len(first):
        return table_of("customers", [])
    table = keys.iloc[first].reset_index(drop=True)
    for name in ("contacts", *TERMS):
        table[name] = np.add.reduceat(cases[name].to_numpy(), first)
    table["cases"] = np.diff(np.r_[first, len(cases)])
    if model is not None:
        shares = shares_after(model, cases)
        entities = case_entities(cases["case_id"].tolist()) if entities is None else entities
        leaves_s = left_s(model, cases, shares, seed, same_plan, entities)
        table["leave_share"] = 1.0 - np.multiply.reduceat(1.0 - shares, first)
        table["left_s"] = np.fmin.reduceat(leaves_s, first)
        table["left"] = table["left_s"].notna()
    values = _values(table, population, seed, same_plan)
    return table_of("customers", pd.concat([table, values], axis=1))


def _values(table: pd.DataFrame, population: Population | None, seed: int, same_plan: bool) -> pd.DataFrame:
    """Return what each customer is worth; of one luck in each replication."""
    parts = []
    for replication, some in table.groupby("replication", sort=False):
        keys = [entity_of(str(name)) for name in some["customer_id"]]
        plan = 0 if same_plan else int(str(replication))
        parts.append(values_of(population, keys, seed, plan).set_index(some.index))
    return pd.concat(parts).loc[table.index]
