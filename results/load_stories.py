"""Which contacts of a load test are told one by one: the longest waits, failures, who gave up; never all of many.

The others stand in a table, `contacts.csv` in the run's folder, a row each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.clock import RunClock
from results.endings import told_outcomes
from results.evidence import BrowserContact, tell_contacts
from results.load_customers import GROUPS
from results.load_figures import Measured
from results.reviews import shown
from results.runs import Run, write_whole

EACH_MOST = 4
"""So many of each kind are told."""
FEW = 12
"""Where no more came, all are told."""
CONTACTS = "contacts.csv"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be reckoned by a spreadsheet."""

_COLUMNS = (
    "contact_id", "customer_id", "attempt", "played_by", "channel", "intent", "journey", "stage", "due_s", "arrived_s",
    "first_answer_s", "answered_s", "ended_s", "contact_outcome", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Stories:
    """Contacts told one by one, by why they were chosen, and how many are not."""

    chapters: tuple[tuple[str, tuple[BrowserContact, ...]], ...]
    left_out: int


def stories_of(run: Run, measured: Measured) -> Stories:
    """Choose and tell contacts of a run; those of which the run lets nothing be shown are not told."""
    legs = measured.legs[measured.legs["contact_id"].isin(set(shown(run)["contact_id"]))]
    first = legs[legs["leg"] == 0].drop_duplicates("contact_id")
    first = first.assign(wait_s=first["answered_s"].fillna(first["ended_s"]) - first["arrived_s"])
    chosen = list(_chosen(first))
    rows = pd.concat([part for _, part in chosen]) if chosen else first.iloc[:0]
    told = iter(
        tell_contacts(run.folder, rows, (legs, run.table("steps"), run.table("messages")), RunClock.of(run.facts))
    )
    chapters = tuple((why, tuple(next(told) for _ in range(len(part)))) for why, part in chosen)
    return Stories(chapters, len(first) - len(rows))


def _chosen(first: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield why contacts are told, and their first legs: none twice, of as many channels and reasons as there are."""
    first = first.sort_values("wait_s", ascending=False, kind="stable", na_position="last")
    ends = told_outcomes(first)
    kinds = [
        ("The longest waits", _one_of_each(first[first["answered_s"].notna() & (first["wait_s"] > 0)], "channel")),
        ("Where the desk failed", _one_of_each(first[ends.isin(GROUPS["the desk failed"])], "reason")),
        ("Who gave up waiting", first[ends.isin(GROUPS["gave up waiting"])]),
        ("Who found no way in", first[ends.isin(GROUPS["found no way in"])]),
        ("Who was cut off when the run ended", _one_of_each(first[ends == "censored"], "channel")),
        (
            "Where we failed, or did not begin",
            _one_of_each(first[ends.isin(GROUPS["we failed, or did not begin"])], "reason"),
        ),
    ]
    seen: set[str] = set()
    for why, rows in kinds:
        part = rows[~rows["contact_id"].isin(seen)].head(EACH_MOST)
        seen |= set(part["contact_id"])
        if len(part):
            yield why, part
    rest = first[~first["contact_id"].isin(seen)].sort_values("due_s", kind="stable")
    if len(rest) and len(first) <= FEW:
        yield ("The others" if seen else "What was seen and said"), rest


def _one_of_each(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the first of each value of a column, then the others."""
    again = rows[column].fillna("").duplicated()
    return pd.concat([rows[~again], rows[again]])


def write_contacts(run: Run, measured: Measured) -> None:
    """Write a row per contact into the run's folder, for a spreadsheet or a program; scenario seconds."""
    first = measured.legs[measured.legs["leg"] == 0].drop_duplicates("contact_id")
    answers = measured.responses["seen_by_s"].groupby(measured.responses["contact_id"]).min()
    ended_s = measured.legs["ended_s"].groupby(measured.legs["contact_id"]).max()
    table = first.assign(
        stage=_stages(first["due_s"].to_numpy(dtype=float), measured),
        first_answer_s=first["contact_id"].map(answers), ended_s=first["contact_id"].map(ended_s),
    )[list(_COLUMNS)]  # fmt: skip
    for name in table.columns[~table.dtypes.map(pd.api.types.is_numeric_dtype)]:
        cells = table[name].astype("object").fillna("").astype(str)
        table[name] = cells.mask(cells.str.startswith(_FORMULA), "'" + cells)
    table = table.round(6)
    write_whole(run.folder / CONTACTS, table.to_csv(index=False, lineterminator="\n"))


def _stages(due_s: np.ndarray[tuple[int, ...], np.dtype[np.float64]], measured: Measured) -> list[str]:
    names = np.full(len(due_s), "", dtype=object)
    for stage in measured.stages:
        names[(due_s >= stage["from_s"]) & (due_s < stage["to_s"])] = str(stage["stage"])
    return list(names)
