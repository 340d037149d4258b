"""The journey map of a log: how customers went from their first contact to the end, as nodes and flows of a drawing.

Columns are what happens in a case: over which channel it came, who answered first and last, how the contact ended, over
which channel the customer came back, and how it ended after all contacts. Every case stands once in each column, so what
flows into a node flows out of it; what is too small to be drawn is joined as others, and nothing is left out. Refuses to
know what drives customers away: shares that leave are given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.journey_contacts import JourneyLog, Texts, Values, Whole

COLUMNS = ("First contact", "Answered by", "In the end with", "How it ended", "Came back", "After all contacts")
"""What the columns tell; the third tells of the first contact still: whoever answered last, so after all transfers."""

NODES_MOST = 12
"""So many nodes stand in a column, `OTHERS` among them."""

OTHERS, NOT_BACK, PROMISED, BROKEN, OPEN = "others", "not back", "end:promised", "end:broken", "end:censored"
CHANNEL, BACK, END = "channel:", "back:", "end:"
"""How the keys of nodes begin, beside those of `results.journey_contacts`."""

_ANSWERED_ENDS = ("resolved", "unresolved", "untold")

NODE_COLUMNS = ("column", "node", "customers", "minutes", "leave_share")
FLOW_COLUMNS = ("column", "source", "target", "customers", "minutes", "leave_share")


@dataclass(frozen=True)
class JourneyMap:
    """Nodes and flows, in means over replications.

    `nodes`: column (from 0), node, customers, minutes (mean of their time on the line by then, of those who had any to
    spend), leave_share (mean expected share that leaves; null without a churn model). `flows`: the same from `source`
    in `column` to `target` in the next; minutes are those by `target`.
    """

    nodes: pd.DataFrame
    flows: pd.DataFrame
    customers: float
    replications: int


def journey_flows(
    log: JourneyLog, shares: npt.NDArray[np.float64] | None = None, nodes_most: int = NODES_MOST
) -> JourneyMap:
    """Return the journey map of a log; a customer with two cases stands in it twice.

    Args:
        log: of one or more replications.
        shares: of each of its cases: how likely the customer leaves after it.
        nodes_most: how many nodes a column may have, at least 2; the smallest are joined.
    """
    contacts = log.contacts
    replications = max(int(log.cases["replication"].nunique()), 1)
    cases = contacts["case"].to_numpy(dtype=np.int64)[contacts["nth"].to_numpy() == 0]
    steps = [_joined(step, nodes_most) for step in _steps(contacts, log.until_s)] if len(cases) else []
    times = _times(contacts) if len(cases) else []
    left = np.full(len(cases), np.nan) if shares is None else np.asarray(shares, dtype=float)[cases]
    nodes = [
        _summed([step], time, left, replications).assign(column=at)
        for at, (step, time) in enumerate(zip(steps, times, strict=True))
    ]
    flows = [
        _summed([steps[at], steps[at + 1]], times[at + 1], left, replications).assign(column=at)
        for at in range(len(steps) - 1)
    ]
    return JourneyMap(
        _table(nodes, NODE_COLUMNS, {"key0": "node"}),
        _table(flows, FLOW_COLUMNS, {"key0": "source", "key1": "target"}),
        len(cases) / replications,
        replications,
    )


def _table(parts: list[pd.DataFrame], columns: tuple[str, ...], names: dict[str, str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(parts, ignore_index=True).rename(columns=names)[list(columns)]


def _steps(contacts: pd.DataFrame, until_s: float) -> list[Texts]:
    """Return the node of each case in each column."""
    first = contacts[contacts["nth"] == 0]
    last = contacts[~contacts["case"].duplicated(keep="last")]
    again = contacts[contacts["nth"] == 1]
    back = pd.Series(NOT_BACK, index=first["case"], dtype=object)
    back.loc[again["case"]] = (BACK + again["channel"].astype(str)).to_numpy()
    promised = first["promise_due_s"].notna() & first["end"].isin(_ANSWERED_ENDS)
    kept = last["promise_kept_s"] <= until_s
    owed = last["promise_due_s"].notna() & ~kept & last["end"].isin(_ANSWERED_ENDS)
    after_all = (END + last["end"]).mask(owed, BROKEN).mask(owed & (last["promise_due_s"] > until_s), OPEN)
    found = (
        CHANNEL + first["channel"].astype(str), first["first"], first["last"],
        (END + first["end"]).mask(promised, PROMISED), back, after_all,
    )  # fmt: skip
    return [np.asarray(step, dtype=object) for step in found]


def _times(contacts: pd.DataFrame) -> list[Values]:
    """Return the minutes that each case has taken on the line by each column; null where there was no line."""
    first = contacts[contacts["nth"] == 0]
    whole = contacts.groupby("case")[["minutes", "on_line"]].sum()
    none, on_line = np.full(len(first), np.nan), first["on_line"].to_numpy(dtype=bool)
    told = [np.where(on_line, first[name], np.nan) for name in ("first_minutes", "last_minutes", "minutes", "minutes")]
    in_all = np.where(whole["on_line"] > 0, whole["minutes"], np.nan)
    return [none, *told, np.asarray(in_all, dtype=float)]


def _joined(step: Texts, nodes_most: int) -> Texts:
    """Return a column in which the smallest nodes are joined, so that there are at most so many."""
    code, names = pd.factorize(step, sort=True)
    if len(names) <= nodes_most:
        return step
    counts = np.bincount(code, minlength=len(names))
    large = np.argsort(-counts, kind="stable")[: nodes_most - 1]
    kept = np.full(len(names), OTHERS, dtype=object)
    kept[large] = names[large]
    return np.asarray(kept[code], dtype=object)


def _summed(keys: list[Texts], minutes: Values, left: Values, replications: int) -> pd.DataFrame:
    """Return a row per combination of keys: key0 and so on, customers, minutes, leave_share."""
    coded = [pd.factorize(key, sort=True) for key in keys]
    number = np.zeros(len(minutes), dtype=np.int64)
    for code, names in coded:
        number = number * len(names) + code
    found, at = np.unique(number, return_inverse=True)
    rows: dict[str, object] = {}
    rest = found
    for place, (_, names) in reversed(list(enumerate(coded))):
        rows[f"key{place}"] = np.asarray(names, dtype=object)[rest % len(names)]
        rest = rest // len(names)
    rows["customers"] = np.bincount(at, minlength=len(found)) / replications
    rows["minutes"], rows["leave_share"] = (_mean(values, at, len(found)) for values in (minutes, left))
    return pd.DataFrame(rows)


def _mean(values: Values, at: Whole, groups: int) -> Values:
    """Return the mean of what is known in each group; null where nothing is."""
    known = ~np.isnan(values)
    counts = np.bincount(at[known], minlength=groups)
    sums = np.bincount(at[known], weights=values[known], minlength=groups)
    return np.divide(sums, counts, out=np.full(groups, np.nan), where=counts > 0)
