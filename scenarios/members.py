"""Who of a scenario's customers has which case, and what each is worth: drawn by key, so nothing hangs on order.

A case is that of a member of the population, each as likely as the next. What a member pays, for how long they have
been one and what is left of their contract are facts about them, the same in each of their cases; so is what they take
away if they leave.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.draws import Purpose, uniform
from scenarios.identity import MEMBER_DIGITS, member_entity
from scenarios.jit import jit
from scenarios.normal import normal_quantile
from scenarios.population import Population, Spread

Entities = npt.NDArray[np.uint64]
Values = npt.NDArray[np.float64]

_MEMBER = int(Purpose.MEMBER)

VALUE_COLUMNS = ("segment", "monthly_revenue", "margin", "tenure_months", "contract_months")


@jit
def members_of(seed: int, replication: int, entities: Entities, count: int) -> npt.NDArray[np.int64]:
    """Return which member of a population of `count` has each case, told by the case's entity."""
    members = np.empty(len(entities), dtype=np.int64)
    for case in range(len(entities)):
        members[case] = int(uniform(seed, replication, entities[case], 0, _MEMBER, 0) * count)
    return members


def values_of(
    population: Population | None, entities: Sequence[int] | Entities, seed: int, replication: int
) -> pd.DataFrame:
    """Return VALUE_COLUMNS, a row for each customer, told by entity; empty cells where no population is told."""
    if population is None:
        return pd.DataFrame(dict.fromkeys(VALUE_COLUMNS, np.full(len(entities), np.nan))).astype({"segment": object})
    segment, columns = _drawn(population, entities, seed, replication)
    names = np.array(list(population.segments), dtype=object)
    return pd.DataFrame({"segment": names[segment], **columns}, columns=list(VALUE_COLUMNS))


def _drawn(
    population: Population, entities: Sequence[int] | Entities, seed: int, replication: int
) -> tuple[npt.NDArray[np.int64], dict[str, Values]]:
    """Return each customer's segment, by position, and VALUE_COLUMNS but the segment."""
    keys = np.array(entities, dtype=np.uint64)

    def drawn(purpose: Purpose) -> Values:
        return _uniforms(seed, replication, keys, int(purpose))

    names = list(population.segments)
    shares = np.cumsum([population.segments[name].share for name in names])
    segment = np.minimum(np.searchsorted(shares, drawn(Purpose.SEGMENT), side="right"), len(names) - 1)
    revenue, tenure = drawn(Purpose.REVENUE), drawn(Purpose.TENURE)
    held, left = drawn(Purpose.CONTRACT), drawn(Purpose.CONTRACT_LEFT)
    told = [population.segments[name] for name in names]
    term = np.array([0.0 if one.contract is None else one.contract.months for one in told])
    share = np.array([0.0 if one.contract is None else one.contract.share for one in told])
    columns = {
        "monthly_revenue": _spread([one.monthly_revenue for one in told], segment, revenue),
        "margin": np.array([one.margin for one in told])[segment],
        "tenure_months": _spread([one.tenure_months for one in told], segment, tenure),
        "contract_months": np.where(held < share[segment], term[segment] * left, 0.0),
    }
    return segment, columns


def margins_taken(population: Population, entities: Sequence[int] | Entities, seed: int, replication: int) -> Values:
    """Return the margin that each customer takes away by leaving, told by entity: `taken_away` of `values_of`."""
    _, columns = _drawn(population, entities, seed, replication)
    months = np.maximum(population.value_months - columns["contract_months"], 0.0)
    return columns["monthly_revenue"] * months * columns["margin"]


def taken_away(values: pd.DataFrame, value_months: float) -> pd.DataFrame:
    """Return the `revenue` and `margin` that each customer takes away by leaving.

    It is what they pay in the first `value_months` after they have left, without the months in which a contract binds
    them still: they go on to pay until it ends. So who is bound for longer takes nothing away.

    Args:
        values: monthly_revenue, margin (a share of it) and contract_months, a row for each; where nobody knows of a
            contract (null, or no such column) none binds them. The rest may be null, and so is then what they take.
        value_months: over how many months a leaver's revenue counts as lost.

    >>> told = pd.DataFrame({"monthly_revenue": 40.0, "margin": 0.5, "contract_months": [0.0, 9.0, 20.0, np.nan]})
    >>> taken_away(told, 12.0)["revenue"].tolist()
    [480.0, 120.0, 0.0, 480.0]
    """
    months = np.full(len(values), value_months)
    if "contract_months" in values:
        months = np.maximum(months - np.nan_to_num(values["contract_months"].to_numpy(dtype=float)), 0.0)
    revenue = values["monthly_revenue"].to_numpy(dtype=float) * months
    margin = revenue * values["margin"].to_numpy(dtype=float)
    return pd.DataFrame({"revenue": revenue, "margin": margin}, index=values.index)


def _spread(told: Sequence[Spread], segment: npt.NDArray[np.int64], u: Values) -> Values:
    """Return the amount of each customer, whose segment it is told for, below which a share `u` of them lies."""
    mean = np.array([one.mean for one in told])
    deviation = np.sqrt(np.log1p(np.square([one.cv for one in told])))
    return _lognormal(mean[segment], deviation[segment], u)


@jit
def _lognormal(mean: Values, deviation: Values, u: Values) -> Values:
    amounts = np.empty(len(u))
    for at in range(len(u)):
        amounts[at] = mean[at]
        if deviation[at] > 0.0:
            amounts[at] *= np.exp(deviation[at] * normal_quantile(u[at]) - deviation[at] ** 2 / 2)
    return amounts


@jit
def _uniforms(seed: int, replication: int, entities: Entities, purpose: int) -> Values:
    drawn = np.empty(len(entities))
    for at in range(len(entities)):
        drawn[at] = uniform(seed, replication, entities[at], 0, purpose, 0)
    return drawn


def entity_of_member(customer_id: str) -> int | None:
    """Return the entity of a member by their id, None of an id of another kind.

    >>> entity_of_member("c0000000017") == member_entity(17), entity_of_member("caller 17")
    (True, None)
    """
    digits = customer_id[1:]
    if len(digits) != MEMBER_DIGITS or customer_id[0] != "c" or not (digits.isascii() and digits.isdigit()):
        return None
    return member_entity(int(digits))
