"""A load test over time, cut into slices: who was due and begun in each, and how long first answers took.

A contact counts in the slice in which it was due or begun, an answer in that in which its step was meant: what a stall
holds up is told where it began, not when it was over. Refuses to draw.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from results.bands import Bins
from results.contacts import Values
from results.load_figures import Measured, percentile_of

SHOWN = (50.0, 95.0, 99.0)
"""Percentiles of first answers that are told of each slice."""


def slices_of(measured: Measured) -> Bins | None:
    """Return the slices of a run, from the first that was due to the last that was meant; None of an empty run."""
    first = measured.legs[measured.legs["leg"] == 0]
    times = pd.concat([first["due_s"], first["arrived_s"], measured.responses["intended_s"]]).astype(float).dropna()
    if times.empty:
        return None
    return Bins.over(float(times.min()), float(times.max()), math.nextafter(float(times.max()), math.inf))


def arrivals_over_time(measured: Measured, bins: Bins) -> pd.DataFrame:
    """Return a row per slice until the last in which anybody came: from_s, and how many were due and begun in it."""
    first = measured.legs[measured.legs["leg"] == 0]
    counts = {name: _counts(first[column], bins) for name, column in (("due", "due_s"), ("begun", "arrived_s"))}
    table = pd.DataFrame({"from_s": bins.ends_s - bins.bin_s, **counts})
    return table.iloc[: int(np.flatnonzero(table["due"] + table["begun"]).max(initial=0)) + 1]


def answers_over_time(responses: pd.DataFrame, bins: Bins) -> pd.DataFrame:
    """Return a row per slice in which steps were meant: from_s, steps, unanswered, and p50, p95, p99 in seconds."""
    responses = responses[responses["intended_s"].notna()]
    meant_s = np.asarray(responses["intended_s"], dtype=np.float64)
    took_s = np.asarray(responses["seen_by_s"], dtype=np.float64) - meant_s
    numbers = _numbers(meant_s, bins)
    rows = []
    for number, places in pd.Series(took_s).groupby(numbers).indices.items():
        ordered = np.sort(took_s[places][~np.isnan(took_s[places])])
        row = {"from_s": float(bins.from_s + number * bins.bin_s), "steps": len(places)}  # type: ignore[operator]
        row["unanswered"] = len(places) - len(ordered)
        rows.append(row | {f"p{percent:g}": percentile_of(ordered, percent) for percent in SHOWN})
    return pd.DataFrame(rows, columns=["from_s", "steps", "unanswered", *(f"p{percent:g}" for percent in SHOWN)])


def _counts(times: pd.Series[float], bins: Bins) -> Values:
    known = np.asarray(times.dropna(), dtype=np.float64)
    return np.bincount(_numbers(known, bins), minlength=bins.number).astype(np.float64)


def _numbers(times: Values, bins: Bins) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the slice of each instant."""
    return np.floor((times - bins.from_s) / bins.bin_s).astype(np.int64)
