"""A load test's figures and thresholds as tables for a terminal, and as parts of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from results.load_figures import STATES, Checked
from results.terminal import grid
from scenarios.thresholds import THRESHOLD_NAMES, Threshold

STARTS = ("intended", "actual")
SHOWN = ("p50", "p95", "p99", "p99_9")


def load_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Show percentiles of responses per stage, channel and step, both starts side by side, and what did not go well."""
    states = [state for state in STATES if any(row[state] for row in rows)]
    head = [
        "stage",
        "channel",
        "step",
        "contacts",
        *states,
        *(f"{name.replace('_', '.')} intended / actual" for name in SHOWN),
    ]
    cells = []
    for row in rows:
        times = [" / ".join(seconds_text(row[f"{start}_{name}_s"]) for start in STARTS) for name in SHOWN]
        counts = [f"{row[name]:,}" for name in ("contacts", *states)]
        cells.append([row["stage"], row["channel"], row["step"], *counts, *times])
    return grid(head, cells, right=range(3, len(head)))


def thresholds_table(checked: Sequence[Checked]) -> str:
    """Show thresholds, what was measured, and whether that is enough."""
    cells = [
        (
            one.threshold.stage or "all", one.threshold.channel or "all", one.threshold.step or "",
            one.threshold.metric, bound_text(one.threshold), amount_text(one.value, one.threshold.metric),
            f"{one.n:,}", _verdict(one),
        )
        for one in checked
    ]  # fmt: skip
    return grid(("stage", "channel", "step", "threshold", "wanted", "measured", "of", ""), cells, right=(5, 6))


def threshold_cells(one: Checked) -> tuple[str, str, str]:
    """Return whose figure a threshold is of, what is wanted of it, and what was measured."""
    threshold = one.threshold
    where = [name for name in (threshold.stage, threshold.channel, threshold.step) if name is not None]
    name = " ".join([*(where or ["all"]), threshold.metric])
    return name, bound_text(threshold), amount_text(one.value, threshold.metric)


def threshold_row(one: Checked) -> dict[str, Any]:
    """Return a threshold and what was measured, as a document holds it; what was not measured is null."""
    known = one.kept is not None
    return {
        **one.threshold.model_dump(exclude_none=True), "value": one.value if known else None, "n": one.n,
        "kept": one.kept, "ended_run": one.ended_run,
    }  # fmt: skip


def bound_text(threshold: Threshold) -> str:
    """Write what a threshold wants."""
    if threshold.at_least is not None:
        return f"at least {amount_text(threshold.at_least, threshold.metric)}"
    return f"at most {amount_text(threshold.at_most or 0.0, threshold.metric)}"


def _verdict(one: Checked) -> str:
    if one.ended_run:
        return "MISSED, and ended the run"
    return "cannot tell: nothing was measured" if one.kept is None else "kept" if one.kept else "MISSED"


def amount_text(value: float, metric: str) -> str:
    """Write a value of a threshold's metric in its unit."""
    if value != value:
        return "nothing"
    unit = THRESHOLD_NAMES[metric].unit
    return seconds_text(value) if unit == "s" else f"{value:.2%}" if unit == "share" else f"{value:.2f}"


def seconds_text(value: float) -> str:
    """Write a time to three places: a load test's times are compared, not told."""
    return "none" if value != value else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
