"""Customers: what all attempts of one case come to, told with its first attempt.

A figure of customers counts each case once, on the channel, of the intent and with the team of its first attempt, so
that it can be told apart as a figure of contacts can. Refuses to know how contacts were folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

CUSTOMER_COLUMNS = ("customer_answered", "customer_resolved", "customer_wait_s", "customer_attempts", "customer_retold")


def customer_columns(contacts: Mapping[str, Any] | Any, case: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return a value for the first attempt of each case, NaN for the others.

    customer_answered: whether any attempt was answered. customer_resolved: whether any was resolved; NaN where none is
    known to be and of one it is not known. customer_wait_s: waits of all attempts and legs; NaN where one still waits.
    customer_attempts: how many there were, those that found it closed or all lines taken too. customer_retold: how
    often the story was told again, in later legs and in later attempts, by who was answered by a person at all. All
    are NaN for who only ever found it closed.

    Args:
        contacts: columns of `results.metrics.contacts_of`, in the order in which they came.
        case: number of the case that each contact belongs to.
    """
    cases = int(case.max()) + 1 if len(case) else 0
    resolved = np.asarray(contacts["resolved"], dtype=np.float64)

    def total(values: Any) -> npt.NDArray[np.float64]:
        sums = np.bincount(case, weights=np.asarray(values, dtype=np.float64), minlength=cases)
        return sums.astype(np.float64, copy=False)

    came, by_person = total(contacts["came"]) > 0, total(contacts["by_person"]) > 0
    found = {
        "customer_answered": np.minimum(total(contacts["reached"]), 1.0),
        "customer_resolved": np.where(total(resolved == 1) > 0, 1.0, total(np.where(np.isnan(resolved), np.nan, 0.0))),
        "customer_wait_s": total(contacts["waits_s"]),
        "customer_attempts": total(np.ones(len(case))),
        "customer_retold": np.where(by_person, np.maximum(total(contacts["tellings"]) - 1, 0), np.nan),
    }
    first = np.full(cases, -1, dtype=np.int64)
    first[case[::-1]] = np.arange(len(case))[::-1]  # of several that are set, the last counts
    begun = first >= 0  # a planned case of one who has left has no contact
    columns = {}
    for name in CUSTOMER_COLUMNS:
        columns[name] = np.full(len(case), np.nan)
        columns[name][first[begun]] = np.where(came, found[name], np.nan)[begun]
    return columns
