"""Whether a customer leaves after a case, and when: one scalar function that the engines and the tables share.

A customer's luck is drawn once for each case; they leave where the share that leaves after such a case exceeds it. So
one who leaves after a case leaves after every worse one. Refuses to know queues and tables.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenarios.churn import ChurnModel
from scenarios.churn_law import HAZARD, ChurnLaw, experience_adds, leaving_share
from scenarios.draws import Purpose, uniform
from scenarios.experience import TERMS
from scenarios.jit import jit
from scenarios.ledger import WAIT_BEYOND_US, Row
from scenarios.units import DAY_US, NEVER_US

_CASE_LEAVES = int(Purpose.CASE_LEAVES)
_TERMS = len(TERMS)
_MINUTE_US = 60e6


def spread_us(model: ChurnModel) -> int:
    """Return over how long after a case a hazard has customers leave, in microseconds; 0 where they leave at once."""
    return 0 if model.form != "hazard" else round((model.base.over_days or 0.0) * DAY_US)


@jit
def share_after(law: ChurnLaw, row: Row, counts: npt.NDArray[np.float64]) -> float:
    """Return the share of customers who leave after a case like that of a ledger's row; `counts` is room for TERMS."""
    for term in range(_TERMS):
        counts[term] = row[term]
    counts[WAIT_BEYOND_US] = row[WAIT_BEYOND_US] / _MINUTE_US
    added = experience_adds(law.values, law.most, law.without, counts)
    return leaving_share(law.form, law.base, law.circumstances, added)


@jit
def leaves_us(form: int, share: float, spread: int, over_us: int, seed: int, replication: int, entity: int) -> int:
    """Return when the customer leaves after a case that was over at `over_us`; NEVER_US where they stay.

    A hazard tells when within `spread` microseconds: it adds up evenly over them.
    """
    u = uniform(seed, replication, entity, 0, _CASE_LEAVES, 0)
    if over_us >= NEVER_US or u >= share:
        return NEVER_US
    if form != HAZARD:
        return over_us
    return over_us + int(spread * (np.log1p(-u) / np.log1p(-share)))
