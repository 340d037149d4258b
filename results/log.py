"""The contact log: one schema for simulated, measured and recorded contacts, and the checks that guard it.

One row per leg, never a missing row; what did not happen is null, never 0. `_s` columns count scenario seconds from
the origin in run.json, whatever the clock or scale of the run: they elapse, also where the local clock changes. Rows
are ordered by (replication, customer, case, attempt, leg). Wait, lateness and handling are derived by the functions
here, not stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from scenarios.experience import TERMS

LEG_ENDS = (
    "answered", "transferred", "escalated", "cut_off", "abandoned", "silent", "balked", "blocked", "message",
    "cleared_at_close", "deflected", "contained", "callback", "closed", "target_error", "failed", "unstarted",
    "withheld", "censored",
)  # fmt: skip
"""How a leg ended. `failed` is the probe's fault, `unstarted` our generator's, `withheld` the charter's."""

OUR_FAULTS = ("failed", "unstarted", "withheld")
"""Ends that say something of us, not of the desk: left out of every metric and counted beside it."""

NEEDS_REASON = ("target_error", "failed", "unstarted", "withheld")
MAY_HAVE_REASON = (*NEEDS_REASON, "censored")
"""A run that its charter's owner stops says so of the contacts it cuts off; the end of a run needs no word."""

OUTCOMES = (
    "resolved",
    "unresolved",
    *(end for end in LEG_ENDS if end not in ("answered", "transferred", "contained")),
)
SOURCES = ("simulated", "measured", "recorded")
RUNGS = (
    "accepted",
    "automatic_reply",
    "bot",
    "queue_position",
    "first_human",
    "first_useful_answer",
    "resolved",
    "promise_kept",
)
"""The response ladder, the same on every channel."""

_TEXT, _NUMBER, _WHOLE = pa.string(), pa.float64(), pa.int32()

LEGS = pa.schema(
    [
        ("run_id", _TEXT), ("source", _TEXT), ("replication", _WHOLE), ("played_by", _TEXT),
        ("customer_id", _TEXT), ("case_id", _TEXT), ("contact_id", _TEXT), ("attempt", _WHOLE), ("leg", _WHOLE),
        ("channel", _TEXT), ("intent", _TEXT), ("journey", _TEXT), ("target", _TEXT), ("language", _TEXT),
        ("team", _TEXT), ("queue", _TEXT), ("priority", _WHOLE), ("agent", _TEXT), ("role", _TEXT),
        ("due_s", _NUMBER), ("arrived_s", _NUMBER), ("announced_wait_s", _NUMBER), ("answered_s", _NUMBER),
        ("ended_s", _NUMBER), ("released_s", _NUMBER), ("talk_s", _NUMBER), ("hold_s", _NUMBER), ("wrap_s", _NUMBER),
        ("history_carried", pa.bool_()), ("promise_due_s", _NUMBER), ("promise_kept_s", _NUMBER),
        ("leg_end", _TEXT), ("reason", _TEXT), ("contact_outcome", _TEXT),
    ]
)  # fmt: skip

STEPS = pa.schema(
    [
        ("contact_id", _TEXT), ("leg", _WHOLE), ("step", _WHOLE), ("rung", _TEXT), ("intended_s", _NUMBER),
        ("actual_s", _NUMBER), ("seen_after_s", _NUMBER), ("seen_by_s", _NUMBER), ("ended_s", _NUMBER),
        ("state", _TEXT), ("evidence", _TEXT),
    ]
)  # fmt: skip

MESSAGES = pa.schema(
    [
        ("contact_id", _TEXT),
        ("leg", _WHOLE),
        ("turn", _WHOLE),
        ("at_s", _NUMBER),
        ("speaker", _TEXT),
        ("text", _TEXT),
    ]
)

STAFFING = pa.schema(
    [
        ("replication", _WHOLE),
        ("seat", _TEXT),
        ("team", _TEXT),
        ("state", _TEXT),
        ("from_s", _NUMBER),
        ("to_s", _NUMBER),
    ]
)

FINDINGS = pa.schema(
    [
        ("contact_id", _TEXT),
        ("leg", _WHOLE),
        ("turn", _WHOLE),
        ("label", _TEXT),
        ("gates", pa.bool_()),
        ("language", _TEXT),
        ("quote", _TEXT),
    ]
)
"""What a scorer saw in a turn of the desk; `gates`: whether it may decide a score, or only informs."""

FACTS = pa.schema(
    [
        ("contact_id", _TEXT), ("leg", _WHOLE), ("turn", _WHOLE), ("asked", _TEXT), ("type", _TEXT), ("value", _TEXT),
        ("polarity", _TEXT), ("language", _TEXT), ("quote", _TEXT),
    ]
)  # fmt: skip
"""What was said to be so; `asked`: the fact that a journey asked for just before, `value`: as JSON, normalised."""

ANSWERS = pa.schema(
    [
        ("fact", _TEXT), ("contact_id", _TEXT), ("turn", _WHOLE), ("text", _TEXT), ("question", _TEXT),
        ("language", _TEXT), ("against", _TEXT), ("against_text", _TEXT), ("against_question", _TEXT),
        ("relation", _TEXT), ("type", _TEXT), ("quote", _TEXT), ("against_quote", _TEXT),
    ]
)  # fmt: skip
"""Answers to one question, two by two: `against` another contact's, or `published` for what the desk publishes."""

PROMISES = pa.schema(
    [
        ("contact_id", _TEXT), ("case_id", _TEXT), ("leg", _WHOLE), ("turn", _WHOLE), ("kind", _TEXT),
        ("made_s", _NUMBER), ("due_s", _NUMBER), ("kept_s", _NUMBER), ("state", _TEXT), ("moved_from_s", _NUMBER),
        ("language", _TEXT), ("quote", _TEXT),
    ]
)  # fmt: skip
"""What was promised: state is kept, late, broken, moved (put off before it was due), open (not due by the end of the
run), unseen (it fell due, and nobody looked) or vague; `moved_from_s`: when the promise that it puts off was due."""

SCORES = pa.schema(
    [
        ("contact_id", _TEXT), ("journey", _TEXT), ("card", _TEXT), ("card_version", _WHOLE), ("section", _TEXT),
        ("criterion", _TEXT), ("state", _TEXT), ("share", _NUMBER), ("critical", _TEXT), ("rater", _TEXT),
        ("disputed", pa.bool_()), ("turn", _WHOLE), ("quote", _TEXT),
    ]
)  # fmt: skip
"""A scorecard filled in, a row a criterion: met, partly, missed, na, suggested or asked (see results.scores)."""

CUSTOMERS = pa.schema(
    [
        ("replication", _WHOLE), ("customer_id", _TEXT), ("segment", _TEXT), ("monthly_revenue", _NUMBER),
        ("margin", _NUMBER), ("tenure_months", _NUMBER), ("contract_months", _NUMBER), ("cases", _WHOLE),
        ("contacts", _WHOLE), *((term, _NUMBER) for term in TERMS), ("leave_share", _NUMBER), ("left", pa.bool_()),
        ("left_s", _NUMBER),
    ]
)  # fmt: skip
"""Who made contact, what they are worth (drawn where the scenario tells how) and what they lived through, added up over
their cases. `leave_share`: how likely they leave after it; `left`: whether they do, by their own luck; `left_s`: when.
`contract_months`: what is left of a contract, 0 without one."""

CONDUCT = pa.schema(
    [("replication", _WHOLE), ("contact_id", _TEXT), ("leg", _WHOLE), ("label", _TEXT), ("against", _TEXT)]
)
"""How customers of a simulation were treated, drawn leg by leg: `label` is one of conduct (blame_customer, empathy,
apology, honours_mistake), wrong_answer, or contradiction, where `against` is the earlier contact that it contradicts.
No scorer saw it and nobody said it: findings, which have turns and words, are of measured logs alone."""

REJECTED = pa.schema([("line", pa.int64()), ("reason", _TEXT), ("row", _TEXT)])
"""Rows of a recorded log that could not be read as contacts."""

TABLES: dict[str, pa.Schema] = {
    "legs": LEGS,
    "steps": STEPS,
    "messages": MESSAGES,
    "staffing": STAFFING,
    "findings": FINDINGS,
    "facts": FACTS,
    "answers": ANSWERS,
    "promises": PROMISES,
    "scores": SCORES,
    "customers": CUSTOMERS,
    "conduct": CONDUCT,
    "rejected": REJECTED,
}

LEG_ORDER = ["replication", "customer_id", "case_id", "attempt", "leg"]


class LogError(ValueError):
    """A contact log breaks its own rules: a defect of what wrote it."""


def table_of(name: str, rows: Iterable[dict[str, object]] | pd.DataFrame) -> pd.DataFrame:
    """Return rows as the named table: all columns, in order, typed; what is not given is null.

    Raises:
        LogError: a column is not in the schema.
    """
    schema = TABLES[name]
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    strangers = sorted(set(frame.columns) - set(schema.names))
    if strangers:
        raise LogError(f"table {name} has no column {', '.join(strangers)}")
    filled = {field.name: _column(frame, field) for field in schema}
    return pd.DataFrame(filled, index=range(len(frame)))


def _column(frame: pd.DataFrame, field: pa.Field) -> object:
    if field.name in frame.columns and _is_of(frame[field.name].dtype, field.type):
        return frame[field.name].array
    values: Any = frame[field.name].to_numpy() if field.name in frame.columns else None
    if values is None and field.type == _TEXT:
        return pd.array(pa.nulls(len(frame), pa.large_string()), dtype="str")
    if values is None and not pa.types.is_floating(field.type):
        values = [None] * len(frame)
    if pa.types.is_floating(field.type):
        return np.full(len(frame), np.nan) if values is None else pd.array(values, dtype="float64")
    if pa.types.is_integer(field.type):
        kind: Any = "Int32" if field.type == _WHOLE else "Int64"
        return pd.array(values, dtype=kind)
    if pa.types.is_boolean(field.type):
        return pd.array(values, dtype="boolean")
    return pd.array(values, dtype="str")


def _is_of(dtype: object, wanted: pa.DataType) -> bool:
    """Say whether a column has the type it should have already: a long log is not copied for nothing."""
    return bool(wanted == _TEXT and dtype == "str") or bool(wanted == _WHOLE and dtype == "Int32")


def ordered(legs: pd.DataFrame) -> pd.DataFrame:
    """Return legs in the log's order."""
    return legs.sort_values(LEG_ORDER, kind="stable", ignore_index=True)


def wait_s(legs: pd.DataFrame) -> pd.Series[float]:
    """Return each leg's wait: until it was answered, or until it ended without an answer."""
    return legs["answered_s"].fillna(legs["ended_s"]) - legs["arrived_s"]


def lateness_s(legs: pd.DataFrame) -> pd.Series[float]:
    """Return how much later than planned each contact began: our own fault, never the desk's."""
    return legs["arrived_s"] - legs["due_s"]


def check_legs(legs: pd.DataFrame) -> None:
    """Check the rules that every contact log keeps.

    Raises:
        LogError: naming each rule that is broken, how often, and the first contact that breaks it.
    """
    broken = []
    for rule, rows in _broken_rules(legs):
        if rows.any():
            first = legs["contact_id"].iloc[int(rows.to_numpy(dtype=bool).argmax())]
            broken.append(f"{rule}: {int(rows.sum())} rows, first {first}")
    if broken:
        raise LogError("; ".join(broken))


def _broken_rules(legs: pd.DataFrame) -> Iterable[tuple[str, pd.Series[bool]]]:
    answered = legs["answered_s"].notna()
    yield "unknown leg_end", ~legs["leg_end"].isin(LEG_ENDS)
    untold = (legs["source"] == "recorded") & legs["contact_outcome"].isna()  # few logs say what an answer was worth
    yield "unknown contact_outcome", ~legs["contact_outcome"].isin(OUTCOMES) & ~untold
    yield "unknown source", ~legs["source"].isin(SOURCES)
    yield "no reason where one is needed", legs["leg_end"].isin(NEEDS_REASON) & legs["reason"].isna()
    yield "a reason where none belongs", ~legs["leg_end"].isin(MAY_HAVE_REASON) & legs["reason"].notna()
    yield "answered before it arrived", answered & (legs["answered_s"] < legs["arrived_s"])
    yield "ended before it was answered", answered & (legs["ended_s"] < legs["answered_s"])
    yield "ended before it arrived", legs["ended_s"] < legs["arrived_s"]
    yield "released before it ended", legs["released_s"] < legs["ended_s"]
    yield "answered without a time", legs["leg_end"].isin(["answered", "transferred", "escalated"]) & ~answered
    yield (
        "gave up, yet was answered",
        legs["leg_end"].isin(["abandoned", "balked", "closed"]) & answered & legs["team"].notna(),
    )
    yield "two rows of one leg", legs.duplicated([*LEG_ORDER], keep="first")
    keys = [legs[name] for name in LEG_ORDER]
    order = pd.MultiIndex.from_arrays(keys)
    yield "out of order", pd.Series([not order.is_monotonic_increasing] * min(len(legs), 1), dtype=bool)
