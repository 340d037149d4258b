"""The metric registry: each name of `scenarios.metric_names` as a value per contact; a metric is their mean.

Or a percentile of them, where its name says so. A contact's value is NaN where the metric does not concern it (the wait
of the answered, for one who gave up). So every metric here sums up contacts, and its spread can be had from the
contacts themselves.

>>> metric_of(np.array([30.0, 10.0, np.nan, 20.0]), "wait_s_mean")
20.0
>>> metric_of(np.array([30.0, 10.0, np.nan, 20.0]), "wait_s_p50")
20.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import Contacts, Values
from results.contacts import contacts_of as contacts_of  # beside the metrics, for who needs both
from scenarios.metric_names import END_SHARES, METRIC_NAMES


def _wait(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"] | c["abandoned"], c["wait_s"], np.nan)


def _wait_answered(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"], c["wait_s"], np.nan)


def _waited(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"] | c["abandoned"], c["wait_s"] > 0, np.nan)


def _quick(c: Contacts, within_s: float) -> npt.NDArray[np.bool_]:
    return np.asarray(c["wait_s"] <= within_s + 1e-9)


def _level_offered(c: Contacts, within_s: float) -> Values:
    return np.where(c["offered"], c["answered"] & _quick(c, within_s), np.nan)


def _level_less_quick(c: Contacts, within_s: float) -> Values:
    counted = c["offered"] & ~(c["abandoned"] & _quick(c, within_s))
    return np.where(counted, c["answered"] & _quick(c, within_s), np.nan)


def _level_either(c: Contacts, within_s: float) -> Values:
    return np.where(c["offered"], (c["answered"] | c["abandoned"]) & _quick(c, within_s), np.nan)


def _level_answered(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"], _quick(c, within_s), np.nan)


def _on_time(c: Contacts, within_s: float) -> Values:
    overdue = c["waiting"] & (c["waiting_s"] > within_s + 1e-9)
    return np.where(c["offered"] | overdue, c["answered"] & _quick(c, within_s), np.nan)


def _excess(c: Contacts, within_s: float) -> Values:
    return np.maximum(_wait(c, within_s) - within_s, 0.0)


def _late(c: Contacts, within_s: float) -> Values:
    return np.where(_quick(c, within_s), np.nan, _wait(c, within_s) - within_s)


def _abandonment(c: Contacts, within_s: float) -> Values:
    return np.where(c["offered"], c["abandoned"], np.nan)


def _blocked(c: Contacts, within_s: float) -> Values:
    return np.where(c["offered"], c["blocked"], np.nan)


def _answered_share(c: Contacts, within_s: float) -> Values:
    return np.where(c["came"], c["reached"], np.nan)


def _still_waiting(c: Contacts, within_s: float) -> Values:
    return np.where(c["came"], c["waiting"], np.nan)


def _handle(c: Contacts, within_s: float) -> Values:
    return np.asarray(c["handle_s"], dtype=np.float64)


def _talk(c: Contacts, within_s: float) -> Values:
    return np.asarray(c["talk_s"], dtype=np.float64)


def _transferred(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"], c["transferred"], np.nan)


def _contained(c: Contacts, within_s: float) -> Values:
    return np.where(c["self_service"], c["contained"], np.nan)


def _ended(end: str) -> Callable[[Contacts, float], Values]:
    return lambda c, within_s: np.where(c["offered"], c[f"ended_{end}"], np.nan)


def _wait_all_legs(c: Contacts, within_s: float) -> Values:
    return np.where(c["reached"] | c["abandoned"], c["waits_s"], np.nan)


def _legs(c: Contacts, within_s: float) -> Values:
    return np.where(c["by_person"], c["legs"], np.nan)


def _retellings(c: Contacts, within_s: float) -> Values:
    return np.where(c["by_person"], np.maximum(c["tellings"] - 1, 0), np.nan)


def _promised(c: Contacts, within_s: float) -> Values:
    return np.where(c["by_person"], ~np.isnan(np.asarray(c["promise_due_s"], dtype=np.float64)), np.nan)


def _column(name: str) -> Callable[[Contacts, float], Values]:
    return lambda c, within_s: np.asarray(c[name], dtype=np.float64)


METRICS: dict[str, Callable[[Contacts, float], Values]] = {
    "wait_s_mean": _wait,
    "wait_answered_s_mean": _wait_answered,
    "waited_share": _waited,
    "service_level_offered": _level_offered,
    "service_level_offered_less_quick": _level_less_quick,
    "service_level_answered_or_abandoned": _level_either,
    "service_level_answered": _level_answered,
    "on_time_share": _on_time,
    "wait_excess_s_mean": _excess,
    "wait_late_s_mean": _late,
    "abandonment": _abandonment,
    "blocked_share": _blocked,
    "answered_share": _answered_share,
    "still_waiting_share": _still_waiting,
    "handle_s_mean": _handle,
    "talk_s_mean": _talk,
    "transfer_share": _transferred,
    "contained_share": _contained,
    "wait_all_legs_s_mean": _wait_all_legs,
    "legs_mean": _legs,
    "promised_share": _promised,
    "promises_kept_share": _column("promise_kept"),
    "retellings_mean": _retellings,
    **{name: _ended(end) for name, end in END_SHARES.items()},
    "customers_answered_share": _column("customer_answered"),
    "customer_resolved_share": _column("customer_resolved"),
    "customer_wait_s_mean": _column("customer_wait_s"),
    "attempts_mean": _column("customer_attempts"),
    "customer_retellings_mean": _column("customer_retold"),
}
METRICS |= {name: METRICS[known.percentile.of] for name, known in METRIC_NAMES.items() if known.percentile is not None}


def values_of(contacts: Contacts, metric: str, within_s: float | None = None) -> Values:
    """Return the metric's value for each contact; NaN where it does not concern the contact.

    Raises:
        KeyError: the metric is not in the registry.
    """
    return np.asarray(METRICS[metric](contacts, np.nan if within_s is None else within_s), dtype=float)


def metric_of(values: Values, metric: str) -> float:
    """Sum up a metric's values: their mean or its percentile; NaN where nothing is known."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan")
    percentile = METRIC_NAMES[metric].percentile
    if percentile is None:
        return float(known.mean())
    rank = rank_of(percentile.percent, len(known))
    return float(np.partition(known, rank)[rank])


def by_replication(values: Values, replications: npt.NDArray[Any], metric: str) -> Values:
    """Return the metric of each replication; NaN where one knows nothing of it."""
    grouped = pd.Series(values).groupby(replications)
    if METRIC_NAMES[metric].percentile is None:
        return np.asarray(grouped.mean(), dtype=np.float64)
    return np.array([metric_of(values[rows], metric) for rows in grouped.indices.values()], dtype=np.float64)


def rank_of(percent: int, count: int) -> int:
    """Return the place, from 0, of the least of `count` sorted values that `percent` of 100 do not exceed.

    In whole numbers: as a product of floats 0.95 x 20 could lie above 19.

    >>> rank_of(50, 3), rank_of(95, 20), rank_of(99, 20), rank_of(50, 1)
    (1, 18, 19, 0)
    """
    return (percent * count + 99) // 100 - 1
