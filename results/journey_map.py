"""The journey map of a log: how customers went from their first contact to the end, as nodes and flows of a drawing.

Columns are what happens in a case: over which channel it came, who answered first and last, how the contact ended, over
which channel the customer came back, and how it ended after all contacts. Every case stands once in each column, so
what flows into a node flows out of it; what is too small to be drawn is joined as others, and nothing is left out.
Refuses to know what drives customers away: shares that leave are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from results.journey_contacts import JourneyLog, Texts, Values, Whole

COLUMNS = ("First contact", "Answered by", "In the end with", "How it ended", "Came back", "After all contacts")
"""What the columns tell; the third tells of the first contact still: whoever answered last, so after all transfers."""
HOW_ENDED, CAME_BACK, AFTER_ALL = 3, 4, 5

NODES_MOST = 12
"""So many nodes stand in a column, `OTHERS` among them."""

OTHERS, NOT_BACK, PROMISED, BROKEN, OPEN = "others", "not back", "end:promised", "end:broken", "end:censored"
CHANNEL, BACK, END = "channel:", "back:", "end:"
"""How the keys of nodes begin, beside those of `results.journey_contacts`."""

_ANSWERED_ENDS = ("resolved", "unresolved", "untold")


class Figures(NamedTuple):
    """What is told of a node or flow, in means over replications.

    minutes: of their time on the line by then (of a flow: by its target), of those who had any to spend. leave_share:
    the mean expected share that leaves; null without a churn model.
    """

    customers: float
    minutes: float
    leave_share: float


@dataclass(frozen=True)
class Node:
    """Customers to whom the same happened: in which column (from 0), and what."""

    column: int
    key: str
    figures: Figures


@dataclass(frozen=True)
class Flow:
    """Customers who went from a node of `column` to one of the next."""

    column: int
    source: str
    target: str
    figures: Figures


@dataclass(frozen=True)
class JourneyMap:
    """All nodes and flows, how many customers a replication has, and whether each stands in it with one case only."""

    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    customers: float
    replications: int
    one_case_each: bool

    def nodes_in(self, column: int) -> list[Node]:
        """Return the nodes of a column, the largest first."""
        own = [node for node in self.nodes if node.column == column]
        return sorted(own, key=lambda node: (-node.figures.customers, node.key))

    def flows_from(self, column: int, source: str | None = None) -> list[Flow]:
        """Return the flows out of a column, or of one of its nodes, the largest first."""
        own = [flow for flow in self.flows if flow.column == column and source in (None, flow.source)]
        return sorted(own, key=lambda flow: (-flow.figures.customers, flow.source, flow.target))


def journey_flows(log: JourneyLog, shares: Values | None = None, nodes_most: int = NODES_MOST) -> JourneyMap:
    """Return the journey map of a log; a customer with two cases stands in it twice.

    Args:
        log: of one or more replications.
        shares: of each of its cases: how likely the customer leaves after it.
        nodes_most: how many nodes a column may have, at least 2; the smallest are joined.
    """
    contacts = log.contacts
    replications = max(int(log.cases["replication"].nunique()), 1)
    if contacts.empty:
        return JourneyMap((), (), 0.0, replications, True)
    cases = contacts["case"].to_numpy(dtype=np.int64)[contacts["nth"].to_numpy() == 0]
    steps = [_joined(step, nodes_most) for step in _steps(contacts, log.until_s)]
    times = _times(contacts)
    left = np.full(len(cases), np.nan) if shares is None else np.asarray(shares, dtype=float)[cases]
    nodes = [
        Node(column, key, figures)
        for column, (step, time) in enumerate(zip(steps, times, strict=True))
        for (key,), figures in _counted([step], time, left, replications)
    ]
    flows = [
        Flow(column, source, target, figures)
        for column in range(len(steps) - 1)
        for (source, target), figures in _counted(steps[column : column + 2], times[column + 1], left, replications)
    ]
    one_each = not log.cases.duplicated(["replication", "customer_id"]).any()
    return JourneyMap(tuple(nodes), tuple(flows), len(cases) / replications, replications, one_each)


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
    large = np.argsort(-np.bincount(code, minlength=len(names)), kind="stable")[: nodes_most - 1]
    kept = np.full(len(names), OTHERS, dtype=object)
    kept[large] = names[large]
    return np.asarray(kept[code], dtype=object)


def _counted(
    keys: list[Texts], minutes: Values, left: Values, replications: int
) -> Iterator[tuple[tuple[str, ...], Figures]]:
    """Yield each combination of keys that there is, with the figures of the cases that have it."""
    coded = [pd.factorize(key, sort=True) for key in keys]
    number = np.zeros(len(minutes), dtype=np.int64)
    for code, names in coded:
        number = number * len(names) + code
    _, firsts, at, counts = np.unique(number, return_index=True, return_inverse=True, return_counts=True)
    means = [_mean(values, at, len(counts)) for values in (minutes, left)]
    for place, first in enumerate(firsts):
        figures = Figures(int(counts[place]) / replications, *(float(mean[place]) for mean in means))
        yield tuple(str(key[first]) for key in keys), figures


def _mean(values: Values, at: Whole, groups: int) -> Values:
    """Return the mean of what is known in each group; null where nothing is."""
    known = ~np.isnan(values)
    counts = np.bincount(at[known], minlength=groups)
    sums = np.bincount(at[known], weights=values[known], minlength=groups)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
