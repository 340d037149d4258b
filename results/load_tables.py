"""A load test's figures and thresholds as tables for a terminal, and as parts of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from results.load_figures import STATES, Checked
from results.terminal import grid
from results.words import share
from scenarios.thresholds import PERCENTS, THRESHOLD_NAMES, Threshold

STARTS = ("intended", "actual")
SHOWN = ("p50", "p95", "p99", "p99_9", "max")
TOO_FEW = "–"
TOO_FEW_NOTE = f"{TOO_FEW} : too few steps were answered to tell: a p95 wants 20 of them, a p99 100, a p99.9 1,000"


def load_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Show percentiles of responses per stage, channel and step, both starts side by side, and what did not go well."""
    states = [state for state in STATES if any(row[state] for row in rows)]
    numbers = ("contacts", *states, "steps", "unanswered")
    head = ["stage", "channel", "step", *numbers, *(f"{name.replace('_', '.')} intended / actual" for name in SHOWN)]
    cells = [
        [
            row["stage"],
            row["channel"],
            row["step"],
            *(f"{row[name]:,}" for name in numbers),
            *map(" / ".join, times_of(row)),
        ]
        for row in rows
    ]
    note = f"\n{TOO_FEW_NOTE}" if any(map(has_too_few, rows)) else ""
    return grid(head, cells, right=range(3, len(head))) + note


def times_of(row: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Write the percentiles that are shown, from both starts; of so few answers that there is no such, a dash."""
    return [
        tuple(seconds_text(row[f"{start}_{name}_s"]) if can_show(name, _answered(row)) else TOO_FEW for start in STARTS)
        for name in SHOWN
    ]


def has_too_few(row: Mapping[str, Any]) -> bool:
    """Say whether a row has answers, and too few for a percentile that is shown."""
    return _answered(row) > 0 and not all(can_show(name, _answered(row)) for name in SHOWN)


def can_show(name: str, answered: int) -> bool:
    """Say whether of so many answers one lies beyond a percentile; else it would be the longest by another name.

    >>> can_show("p95", 19), can_show("p95", 20), can_show("p99_9", 999), can_show("max", 1)
    (False, True, False, True)
    """
    percent = PERCENTS.get(name)
    return answered > 0 and (percent is None or answered >= round(100 / (100 - percent)))


def _answered(row: Mapping[str, Any]) -> int:
    return int(row["steps"]) - int(row["unanswered"])


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
    """Return a threshold and what was measured, as a document holds it; what is not known is null."""
    known = one.n > 0
    return {
        **one.threshold.model_dump(exclude_none=True), "value": one.value if known else None, "n": one.n,
        "kept": one.kept, "untold": one.untold, "ended_run": one.ended_run,
    }  # fmt: skip


def bound_text(threshold: Threshold) -> str:
    """Write what a threshold wants."""
    if threshold.at_least is not None:
        return f"at least {amount_text(threshold.at_least, threshold.metric)}"
    return f"at most {amount_text(threshold.at_most or 0.0, threshold.metric)}"


def _verdict(one: Checked) -> str:
    if one.ended_run:
        return "MISSED, and ended the run"
    return f"cannot tell: {one.untold}" if one.kept is None else "kept" if one.kept else "MISSED"


def amount_text(value: float, metric: str) -> str:
    """Write a value of a threshold's metric in its unit."""
    if value != value:
        return "nothing"
    unit = THRESHOLD_NAMES[metric].unit
    return seconds_text(value) if unit == "s" else _share(value) if unit == "share" else f"{value:.2f}"


def _share(value: float) -> str:
    """Write a share as everywhere, and to more places where that would make nothing or all of it.

    >>> [_share(value) for value in (0.0, 0.0005, 0.0123, 0.1, 0.9996, 1.0)]
    ['0.0 %', '0.05 %', '1.2 %', '10.0 %', '99.96 %', '100.0 %']
    """
    near = min(abs(value), abs(1 - value))
    return share(value) if near == 0 or near >= 0.01 else f"{100 * value:.4g} %"


def seconds_text(value: float) -> str:
    """Write a time to three places: a load test's times are compared, not told."""
    return "none" if value != value else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
