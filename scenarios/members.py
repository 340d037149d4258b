"""Who of a scenario's customers has which case, and what each is worth: drawn by key, so nothing hangs on order.

A case is that of a member of the population, each as likely as the next. What a member pays, for how long they have
been one and what is left of their contract are facts about them, the same in each of their cases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.draws import Purpose, uniform
from scenarios.identity import MEMBER_DIGITS, member_entity
from scenarios.jit import jit
from scenarios.population import Population, Segment

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


def values_of(population: Population | None, entities: Sequence[int], seed: int, replication: int) -> pd.DataFrame:
    """Return VALUE_COLUMNS, a row for each customer, told by entity; empty cells where no population is told."""
    if population is None:
        return pd.DataFrame(dict.fromkeys(VALUE_COLUMNS, np.full(len(entities), np.nan))).astype({"segment": object})
    keys = np.array(entities, dtype=np.uint64)

    def drawn(purpose: Purpose) -> Values:
        return _uniforms(seed, replication, keys, int(purpose))

    names = list(population.segments)
    shares = np.cumsum([population.segments[name].share for name in names])
    segment = np.minimum(np.searchsorted(shares, drawn(Purpose.SEGMENT), side="right"), len(names) - 1)
    revenue, tenure = drawn(Purpose.REVENUE), drawn(Purpose.TENURE)
    held, left = drawn(Purpose.CONTRACT), drawn(Purpose.CONTRACT_LEFT)
    told = [population.segments[names[one]] for one in segment]
    return pd.DataFrame(
        {
            "segment": [names[one] for one in segment],
            "monthly_revenue": [one.monthly_revenue.at(u) for one, u in zip(told, revenue, strict=True)],
            "margin": [one.margin for one in told],
            "tenure_months": [one.tenure_months.at(u) for one, u in zip(told, tenure, strict=True)],
            "contract_months": [_contract_months(one, *us) for one, *us in zip(told, held, left, strict=True)],
        },
        columns=list(VALUE_COLUMNS),
    )


def _contract_months(segment: Segment, held: float, left: float) -> float:
    if segment.contract is None or held >= segment.contract.share:
        return 0.0
    return segment.contract.months * left


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
