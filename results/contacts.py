"""Contacts: the legs of a log folded to one row per contact, with the columns from which metrics are reckoned.

A contact's wait is that of its queue: the first leg that is no visit to a page, a menu or a bot, which answer at once.
Where nothing but pages was met, it is that of the first. Refuses to know what a metric is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.customers import customer_columns
from results.log import OUR_FAULTS, wait_s
from scenarios.metric_names import END_SHARES

Values = npt.NDArray[np.float64]

Contacts = pd.DataFrame | Mapping[str, Any]
"""Columns of `contacts_of`, as a frame or as arrays."""

NOT_OFFERED = ("closed", "censored")
"""Ends of a queue that tell nothing of waiting: the channel was shut, or the run ended first."""

GAVE_UP = ("abandoned", "silent", "balked")
"""Ends of a queue that customers gave up by themselves."""

CALLED_BACK = "callback"
"""End of a leg whose wait goes on as a leg that began when it did: until the call."""

ENDS_TOLD = tuple(END_SHARES.values())
"""Ends of legs that a metric counts."""

_OF_LEGS = ("legs", "waits_s", "tellings", *(f"ended_{end}" for end in ENDS_TOLD))


def contacts_of(legs: pd.DataFrame, until_s: float | None = None) -> pd.DataFrame:
    """Fold legs to one row per contact (and replication), ordered by arrival; our own faults are left out.

    Columns of the contact: the ids, channel, intent, arrived_s. Of its queue: team, wait_s, offered, answered,
    abandoned, blocked, waiting (when the log ended) and waiting_s (for how long). Of all its legs: reached
    (answered at all, if only by a call back), came (while it was open), unanswered (neither reached nor given up:
    cut off, turned away, in error, or still waiting), by_person, talk_s (without that of colleagues who were asked
    in), handle_s (null where a part of it cannot be seen), transferred (by people), contained, self_service
    (whether it began with a page), resolved, promise_due_s (null where nothing was promised), promise_kept (null
    where it was not due), legs (queues, without pages), waits_s (null where one goes on), tellings (legs answered
    by people to whom the story was not carried), and whether one ended in each way of `END_SHARES`. Those of
    `results.customers`.

    Args:
        legs: of one or more replications.
        until_s: when they end; where it is not known, at the last instant of which a replication tells.
    """
    legs = legs[~legs["leg_end"].isin(OUR_FAULTS)]
    keys = ["replication", "contact_id"]
    first = legs[legs["leg"] == 0].set_index(keys)
    talk_s, aside = legs["talk_s"] + legs["hold_s"].fillna(0.0), legs["role"].notna()
    page = legs["answered_s"].notna() & legs["ended_s"].notna() & talk_s.isna()
    work = pd.DataFrame(
        {
            "replication": legs["replication"],
            "contact_id": legs["contact_id"],
            "talk_s": talk_s,
            "aside_s": talk_s.where(aside, 0.0).fillna(0.0),
            "wrap_s": legs["wrap_s"],
            "transferred": (legs["leg_end"].isin(["transferred", "escalated"]) & ~page).astype(float),
            "contained": (legs["leg_end"] == "contained").astype(float),
            "unfinished": (legs["answered_s"].notna() & legs["ended_s"].isna()).astype(float),
            "promise_due_s": legs["promise_due_s"],
            "promise_kept_s": legs["promise_kept_s"],
        }
    )
    grouped = work.groupby(keys)
    summed, number = grouped.sum(min_count=1), grouped.ngroup().to_numpy()
    for name, values in _of_legs(legs, number, page, len(summed)).items():
        summed[name] = values
    summed = summed.reindex(first.index)
    queue = legs.iloc[_queues(legs, number, page)].set_index(first.index)
    answered, end = queue["answered_s"].notna(), queue["leg_end"]
    offered, gave_up = ~end.isin(NOT_OFFERED) | answered, end.isin(GAVE_UP)
    came = ((end != "closed") & first["arrived_s"].notna()) | answered
    person = summed["talk_s"].notna() | (summed["unfinished"] > 0)
    reached = answered | person
    whole = reached & (summed["unfinished"].fillna(0) == 0)
    outcome = first["contact_outcome"]
    folded = pd.DataFrame(
        {
            "customer_id": first["customer_id"],
            "case_id": first["case_id"],
            "played_by": first["played_by"],
            "channel": first["channel"],
            "intent": first["intent"],
            "team": queue["team"],
            "arrived_s": first["arrived_s"].astype(float),
            "wait_s": wait_s(queue).astype(float),
            "offered": offered,
            "answered": answered,
            "abandoned": gave_up,
            "blocked": end == "blocked",
            "came": came,
            "reached": reached,
            "talk_s": (summed["talk_s"] - summed["aside_s"]).where(whole & person),
            "handle_s": (summed["talk_s"] + summed["wrap_s"].fillna(0.0)).where(whole & person),
            "wrap_seen": summed["wrap_s"].notna(),
            "waiting": came & ~answered & (end == "censored"),
            "unanswered": came & ~reached & ~gave_up,
            "transferred": summed["transferred"] > 0,
            "contained": summed["contained"] > 0,
            "self_service": pd.Series(page[legs["leg"] == 0].to_numpy(dtype=bool), index=first.index),
            "by_person": person,
            "resolved": (outcome == "resolved").fillna(False).astype(float).where(outcome.notna()),
            "promise_due_s": summed["promise_due_s"],
            "promise_kept": summed["promise_kept_s"] <= summed["promise_due_s"],
            **{name: summed[name] for name in _OF_LEGS},
        }
    )
    folded = folded.reset_index().sort_values(["replication", "arrived_s", "contact_id"], ignore_index=True)
    last_s = legs[["arrived_s", "answered_s", "ended_s"]].max(axis=1).groupby(legs["replication"]).max()
    ends_s = folded["replication"].map(last_s) if until_s is None else until_s
    told = folded["promise_kept"] | (folded["promise_due_s"] <= ends_s)
    folded["promise_kept"] = folded["promise_kept"].astype(float).where(told)
    folded["waiting_s"] = (ends_s - folded["arrived_s"]).where(folded["waiting"])
    for name, column in customer_columns(folded, _cases(folded)).items():
        folded[name] = column
    return folded


def _queues(legs: pd.DataFrame, number: npt.NDArray[Any], page: pd.Series[bool]) -> npt.NDArray[np.int64]:
    """Return the row of each contact's queue, in the order of the first legs; `number` says whose a leg is."""
    leg, visit = legs["leg"].to_numpy(dtype=np.int64), page.to_numpy(dtype=bool)
    first = np.flatnonzero(leg == 0)
    row_of: npt.NDArray[np.int64] = np.full(int(number.max()) + 1 if len(number) else 0, -1, dtype=np.int64)
    row_of[number[first]] = first
    later = np.flatnonzero((leg > 0) & ~visit & legs["role"].isna().to_numpy(dtype=bool))
    begun = row_of[number[later]]
    later = later[(begun >= 0) & visit[begun]]
    later = later[np.argsort(-leg[later], kind="stable")]
    row_of[number[later]] = later  # of several that are set the last counts: the earliest leg
    queues: npt.NDArray[np.int64] = row_of[number[first]]
    return queues


def _of_legs(
    legs: pd.DataFrame, number: npt.NDArray[Any], page: pd.Series[bool], contacts: int
) -> dict[str, npt.NDArray[Any]]:
    """Return columns that sum up all legs of each contact; `number` says whose a leg is."""
    own = ~page & legs["role"].isna()
    goes_on = legs["leg_end"] == CALLED_BACK
    knew = legs["history_carried"].fillna(False).astype(bool)
    waits_s = wait_s(legs).where(~goes_on & legs["role"].isna(), 0.0)

    def total(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
        sums = np.bincount(number, weights=values.to_numpy(dtype=np.float64), minlength=contacts)
        return sums.astype(np.float64, copy=False)

    found: dict[str, npt.NDArray[Any]] = {
        "legs": total(own & ~goes_on),
        "waits_s": total(waits_s),
        "tellings": total(own & legs["answered_s"].notna() & ~knew),
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
