"""Tables for a terminal: a simulation's metrics and goals, and what a comparison can see."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.figures import Figure, worth_telling
from scenarios.metric_names import ALL_NAMES
from scenarios.scenario import Goal

if TYPE_CHECKING:
    from results.power import Power  # which only a comparison needs


def metrics_table(values: Iterable[Figure], level: float = 0.95) -> str:
    """Show metrics with their intervals, channel by channel; then a table of values for each way they are told apart.

    What is usually shown and says nothing here is left out, and how much that is.
    """
    figures = list(values)
    whole = [figure for figure in figures if not _is_apart(figure)]
    told = worth_telling(whole)
    head = ("channel", "metric", "value", f"{level * 100:.4g} % interval", "contacts")
    rows, last = [], None
    for figure in told:
        about = figure.channel or figure.team or "all"
        span = f"{_bounded(figure.low, figure.name)} … {_bounded(figure.high, figure.name)}"
        value = amount(figure.value, figure.name)
        name = _named(figure.name, figure.within_s)
        rows.append(("" if about == last else about, name, value, span, f"{figure.n:,}"))
        last = about
    tables = [grid(head, rows, right=(2, 3, 4))]
    if len(told) < len(whole):
        tables.append(f"{len(whole) - len(told)} more are 0, or the same as another; --json has them all")
    return "\n".join([*tables, *_apart_tables([figure for figure in figures if _is_apart(figure)])])


def _is_apart(figure: Figure) -> bool:
    return bool(figure.intent or figure.interval or (figure.channel and figure.team))


def _apart_tables(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield a table for each channel and each way its figures are told apart, with a row for each part."""
    parts: dict[tuple[str, tuple[bool, ...]], dict[str, list[Figure]]] = {}
    for figure in figures:
        names = (figure.intent, figure.team, figure.interval)
        way = (figure.channel or "all", tuple(name is not None for name in names))
        parts.setdefault(way, {}).setdefault(" ".join(filter(None, names)), []).append(figure)
    for (channel, _), rows in parts.items():
        columns = dict.fromkeys((one.name, one.within_s) for row in rows.values() for one in row if one.value)
        cells = []
        for about, row in rows.items():
            known = {(one.name, one.within_s): amount(one.value, one.name) for one in row}
            cells.append((about, f"{max(one.n for one in row):,}", *(known.get(column, "") for column in columns)))
        head = (channel, "contacts", *(_named(*column) for column in columns))
        yield "\n" + grid(head, cells, right=range(1, len(head)))


def _bounded(value: float, metric: str) -> str:
    """Write the end of an interval, cut to what such a value can be."""
    known = ALL_NAMES.get(metric)
    most = 1.0 if known is not None and known.unit == "share" else math.inf
    return amount(min(max(value, 0.0), most), metric) if math.isfinite(value) else amount(value, metric)


def half_width_text(told: Mapping[str, Any]) -> str:
    """Say in a line whether a half-width that was asked for was reached."""
    name, reached = str(told["name"]), float(told["reached"])
    verdict = "reached" if reached <= float(told["wanted"]) else "NOT reached"
    where = told["channel"] or told["team"] or "all"
    return (
        f"half-width of {where} {_named(name, told['within_s'])}: {amount(reached, name)}, "
        f"{amount(float(told['wanted']), name)} wanted: {verdict} after {told['replications']} replications"
    )


def goals_table(goals: Sequence[tuple[Goal, Figure, bool]]) -> str:
    """Show goals, what was reached and whether that is enough."""
    rows = []
    for goal, figure, met in goals:
        bound = f"at least {amount(goal.at_least, goal.metric)}" if goal.at_least is not None else ""
        bound = bound or f"at most {amount(goal.at_most or 0.0, goal.metric)}"
        bound += "" if goal.on_days is None else f" on {goal.on_days:.0%} of days"
        rows.append(
            (
                goal.channel or goal.team or "all",
                _named(goal.metric, goal.within_s),
                bound,
                amount(figure.value, goal.metric) if goal.on_days is None else f"{figure.value:.0%} of days",
                "reached" if met else "MISSED",
            )
        )
    return grid(("channel", "goal", "wanted", "simulated", ""), rows, right=(3,))


def power_table(rows: Sequence[Power]) -> str:
    """Show what each gate of a comparison can see."""
    cells = [
        (
            row.channel,
            row.metric,
            f"{row.contacts:,}",
            amount(row.expected, row.metric),
            amount(row.strays, row.metric),
            amount(row.tolerance, row.metric),
            f"{row.agrees_when_right:.0%}",
            amount(row.difference, row.metric),
        )
        for row in rows
    ]
    head = (
        "channel",
        "gate",
        "shoppers",
        "expected",
        "strays by",
        "tolerance",
        "agrees if right",
        "sees a difference of",
    )
    return grid(head, cells, right=(2, 3, 4, 5, 6, 7))


def amount(value: float, metric: str) -> str:
    """Write a metric's value in its unit.

    >>> amount(0.123, "abandonment"), amount(75.25, "wait_s_mean")
    ('12.3 %', '75.2 s')
    """
    if math.isnan(value):
        return "no data"
    if math.isinf(value):
        return "any" if value < 0 else "none"
    known = ALL_NAMES.get(metric)
    unit = "s" if known is None else known.unit
    return {"s": f"{value:,.1f} s", "share": f"{value:.1%}".replace("%", " %"), "count": f"{value:,.2f}"}[unit]


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lay out a table with as much room as it needs; columns in `right` are set right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _named(name: str, within_s: float | None) -> str:
    return name if within_s is None else f"{name} ({within_s:g} s)"
