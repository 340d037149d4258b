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

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.customers import customer_columns
from results.log import OUR_FAULTS, wait_s
from scenarios.metric_names import END_SHARES, METRIC_NAMES

Values = npt.NDArray[np.float64]

Contacts = pd.DataFrame | Mapping[str, Any]
"""Columns of `contacts_of`, as a frame or as arrays."""


NOT_OFFERED = ("closed", "censored")
"""First legs that tell nothing of waiting: the channel was shut, or the run ended first."""

GAVE_UP = ("abandoned", "silent", "balked")
"""First legs of customers who gave up, by themselves."""

ENDS_TOLD = tuple(END_SHARES.values())
"""Ends of legs that a metric counts."""


def contacts_of(legs: pd.DataFrame, until_s: float | None = None) -> pd.DataFrame:
    """Fold legs to one row per contact (and replication), ordered by arrival; our own faults are left out.

    Columns: the ids, channel, intent, team (of the first leg), arrived_s, wait_s (first leg), offered, answered,
    abandoned, blocked, unanswered (neither answered nor given up: cut off, turned away, in error, or still waiting at
    the end), waiting (the last of these), talk_s (over all legs but those of colleagues who were asked in) and
    handle_s (over all legs; null where a part of it cannot be seen), transferred,
    contained, self_service; legs, waits_s (of all legs; null where one still waits), retold (later legs that were
    answered by someone who did not know the story), an `ended_` column for each end of `END_SHARES` (whether a leg
    ended so); waiting_s (how long who waits at the end has done so); and the columns of `results.customers`.

    Args:
        legs: of one or more replications.
        until_s: when they end; where it is not known, at the last instant of which a replication tells.
    """
    legs = legs[~legs["leg_end"].isin(OUR_FAULTS)]
    keys = ["replication", "contact_id"]
    first = legs[legs["leg"] == 0].set_index(keys)
    waited = wait_s(legs[legs["leg"] == 0].set_index(keys))
    talk_s, aside = legs["talk_s"] + legs["hold_s"].fillna(0.0), legs["role"].notna()
    work = pd.DataFrame(
        {
            "replication": legs["replication"],
            "contact_id": legs["contact_id"],
            "talk_s": talk_s,
            "aside_s": talk_s.where(aside, 0.0).fillna(0.0),
            "wrap_s": legs["wrap_s"],
            "transferred": (legs["leg_end"] == "transferred").astype(float),
            "unfinished": (legs["answered_s"].notna() & legs["ended_s"].isna()).astype(float),
        }
    )
    grouped = work.groupby(keys)
    summed = grouped.sum(min_count=1)
    for name, values in _of_legs(legs, grouped.ngroup().to_numpy(), len(summed)).items():
        summed[name] = values
    summed = summed.reindex(first.index)
    answered = first["answered_s"].notna()
    offered = ~first["leg_end"].isin(NOT_OFFERED) | answered
    gave_up = first["leg_end"].isin(GAVE_UP)
    offered_or_waiting = (first["leg_end"] != "closed") & first["arrived_s"].notna()
    whole = answered & (summed["unfinished"].fillna(0) == 0)
    person = answered & (summed["talk_s"].notna() | (summed["unfinished"] > 0))
    outcome = first["contact_outcome"]
    folded = pd.DataFrame(
        {
            "customer_id": first["customer_id"],
            "case_id": first["case_id"],
            "played_by": first["played_by"],
            "channel": first["channel"],
            "intent": first["intent"],
            "team": first["team"],
            "arrived_s": first["arrived_s"].astype(float),
            "wait_s": waited.astype(float),
            "offered": offered,
            "answered": answered,
            "abandoned": gave_up,
            "blocked": first["leg_end"] == "blocked",
            "talk_s": (summed["talk_s"] - summed["aside_s"]).where(whole & person),
            "handle_s": (summed["talk_s"] + summed["wrap_s"].fillna(0.0)).where(whole & person),
            "wrap_seen": summed["wrap_s"].notna(),
            "waiting": offered_or_waiting & ~answered & (first["leg_end"] == "censored"),
            "unanswered": offered_or_waiting & ~answered & ~gave_up,
            "transferred": summed["transferred"] > 0,
            "contained": first["leg_end"] == "contained",
            "self_service": answered & ~person,
            "resolved": (outcome == "resolved").fillna(False).astype(float).where(outcome.notna()),
            "knew": first["history_carried"].fillna(False).astype(bool),
            **{name: summed[name] for name in ("legs", "waits_s", "retold", *(f"ended_{end}" for end in ENDS_TOLD))},
        }
    )
    folded = folded.reset_index().sort_values(["replication", "arrived_s", "contact_id"], ignore_index=True)
    last_s = legs[["arrived_s", "answered_s", "ended_s"]].max(axis=1).groupby(legs["replication"]).max()
    ends_s = folded["replication"].map(last_s) if until_s is None else until_s
    folded["waiting_s"] = (ends_s - folded["arrived_s"]).where(folded["waiting"])
    for name, column in customer_columns(folded, _cases(folded)).items():
        folded[name] = column
    return folded


def _of_legs(legs: pd.DataFrame, number: npt.NDArray[Any], contacts: int) -> dict[str, npt.NDArray[Any]]:
    """Return columns that sum up all legs of each contact; `number` says whose a leg is."""
    told_again = (legs["leg"] > 0) & legs["answered_s"].notna() & ~legs["history_carried"].fillna(False).astype(bool)
    found: dict[str, npt.NDArray[Any]] = {
        "legs": np.bincount(number, weights=legs["role"].isna(), minlength=contacts),
        "waits_s": np.bincount(number, weights=wait_s(legs).to_numpy(dtype=np.float64), minlength=contacts),
        "retold": np.bincount(number, weights=told_again.to_numpy(dtype=np.float64), minlength=contacts),
    }
    for end in ENDS_TOLD:
        found[f"ended_{end}"] = flags = np.zeros(contacts, dtype=bool)
        flags[number[(legs["leg_end"] == end).to_numpy(dtype=bool)]] = True
    return found


def _cases(contacts: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the number of each contact's case; one that is not known to belong to a case is one of its own."""
    case, names = pd.factorize(contacts["case_id"])
    replication, _ = pd.factorize(contacts["replication"])
    own = np.where(case < 0, len(names) + np.arange(len(case)), case)
    numbers, _ = pd.factorize(replication * (len(names) + len(case)) + own)
    return numbers.astype(np.int64)


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
    return np.where(c["answered"] | c["abandoned"] | c["unanswered"], c["answered"], np.nan)


def _still_waiting(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"] | c["abandoned"] | c["unanswered"], c["waiting"], np.nan)


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
    return np.where(c["answered"] | c["abandoned"], c["waits_s"], np.nan)


def _legs(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"], c["legs"], np.nan)


def _retellings(c: Contacts, within_s: float) -> Values:
    return np.where(c["answered"] & ~c["self_service"], c["retold"], np.nan)


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
