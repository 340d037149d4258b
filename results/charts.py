"""Charts as inline SVG: a simulated band against measured points, waits as a distribution, outcomes, and gate drawings.

Altair describes, vl-convert draws, in this process: nothing is fetched and no script is needed to read them. Colours
are CSS variables of the page, so that dark mode and print decide them. Every chart carries its message as text.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd
import vl_convert

from results.clock import RunClock
from results.words import duration
from scenarios.units import clock_text

Values = npt.NDArray[np.float64]

BIN_S = 1800.0
LOW, HIGH = 0.05, 0.95
"""The band: between these quantiles of the replications."""

GRID_POINTS = 100
WIDTH, HEIGHT = 430, 230

_INK = {
    "#000001": "var(--ink)",
    "#000002": "var(--muted)",
    "#000003": "var(--grid)",
    "#000004": "var(--band)",
    "#000005": "var(--believed)",
    "#000006": "var(--measured)",
    "#000007": "var(--paper)",
    "#000011": "var(--outcome-1)",
    "#000012": "var(--outcome-2)",
    "#000013": "var(--outcome-3)",
    "#000014": "var(--outcome-4)",
    "#000015": "var(--outcome-5)",
    "#000016": "var(--outcome-6)",
    "#000017": "var(--outcome-7)",
    "#000018": "var(--outcome-8)",
}
"""Vega wants colours it can parse; these stand for the page's own and are replaced in the finished SVG."""

INK, MUTED, GRID, BAND, BELIEVED, MEASURED, PAPER, *OUTCOME_INKS = _INK


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its SVG, its message in words, and the numbers behind it."""

    svg: str
    message: str
    numbers: pd.DataFrame


def through_the_day(
    simulated: tuple[pd.DataFrame, Values], measured: tuple[pd.DataFrame, Values] | None, clock: RunClock | None = None
) -> pd.DataFrame:
    """Return a row per half hour of the day with values: from_s, low, middle, high, measured, contacts.

    Args:
        simulated: contacts with a `replication` column, and a value for each.
        measured: contacts and their values; none where only the simulation is shown.
        clock: the runs', where their scenario seconds do not count from midnight or their clock changes.
    """
    contacts, values = simulated
    drawn = pd.DataFrame({"replication": contacts["replication"].to_numpy(), "value": values})
    drawn["from_s"] = _bins(contacts, clock)
    means = drawn.dropna().groupby(["replication", "from_s"])["value"].mean().unstack("from_s")
    band = means.quantile([LOW, 0.5, HIGH]).T if len(means) else pd.DataFrame(columns=[LOW, 0.5, HIGH])
    band.columns = pd.Index(["low", "middle", "high"])
    if measured is None:
        seen = pd.DataFrame({"measured": [], "contacts": []})
    else:
        found = pd.DataFrame({"from_s": _bins(measured[0], clock), "value": measured[1]}).dropna()
        seen = found.groupby("from_s")["value"].agg(["mean", "size"])
        seen.columns = pd.Index(["measured", "contacts"])
    table = band.join(seen, how="outer").sort_index().rename_axis("from_s").reset_index().astype(float)
    table["contacts"] = table["contacts"].fillna(0)
    return table


def _bins(contacts: pd.DataFrame, clock: RunClock | None) -> Values:
    of_day = (clock or RunClock()).of_day_s(contacts["arrived_s"].to_numpy(dtype=float))
    return np.asarray(of_day // BIN_S * BIN_S, dtype=float)


def distribution(simulated: tuple[pd.DataFrame, Values], measured: Values | None) -> pd.DataFrame:
    """Return the share of contacts that waited at most wait_s: low, middle, high over replications, and measured."""
    contacts, values = simulated
    kept = ~np.isnan(values)
    seen = np.sort(measured[~np.isnan(measured)]) if measured is not None else np.empty(0)
    reach = [float(np.quantile(part, 0.99)) for part in (values[kept], seen) if len(part)]
    grid = np.linspace(0.0, max([*reach, 1.0]), GRID_POINTS)
    days = pd.Series(values[kept]).groupby(contacts["replication"].to_numpy()[kept])
    shares = [np.searchsorted(np.sort(day.to_numpy()), grid, side="right") / len(day) for _, day in days]
    table = pd.DataFrame({"wait_s": grid})
    for name, quantile in (("low", LOW), ("middle", 0.5), ("high", HIGH)):
        table[name] = np.quantile(np.array(shares), quantile, axis=0) if shares else np.nan
    table["measured"] = np.searchsorted(seen, grid, side="right") / len(seen) if len(seen) else np.nan
    return table


def day_chart(table: pd.DataFrame, who: str, measured_word: str) -> Chart:
    """Draw `through_the_day` of waits."""
    unit_s, unit = (60.0, "min") if np.nanmax([1.0, *table["high"], *table["measured"]]) > 600 else (1.0, "s")
    shown = table.assign(x=(table["from_s"] + BIN_S / 2) / 3600)
    for name in ("low", "middle", "high", "measured"):
        shown[name] = shown[name] / unit_s
    both = table.dropna(subset=["low", "measured"])
    inside = int(((both["measured"] >= both["low"] - 1e-9) & (both["measured"] <= both["high"] + 1e-9)).sum())
    peak = table["measured" if len(both) else "middle"].to_numpy(dtype=float)
    at = ""
    if np.nanmax([0.0, *peak]) > 0:
        longest = int(np.nanargmax(peak))
        at = f", the longest ({duration(peak[longest])}) at {clock_text(float(table['from_s'].iloc[longest]))}"
    if len(both):
        message = (
            f"{who}, mean wait by half hour: {measured_word} lies inside the simulated band "
            f"in {inside} of {len(both)} half hours{at}."
        )
    else:
        message = f"{who}, simulated mean wait by half hour{at}."
    return Chart(band_chart(shown, "time of day", f"mean wait ({unit})", x_is_clock=True), message, table)


def distribution_chart(table: pd.DataFrame, who: str, measured_word: str) -> Chart:
    """Draw `distribution`."""
    unit_s, unit = (60.0, "min") if table["wait_s"].max() > 600 else (1.0, "s")
    shown = table.assign(x=table["wait_s"] / unit_s)
    for name in ("low", "middle", "high", "measured"):
        shown[name] = shown[name] * 100
    parts = [
        f"{word}, {_half(float(table['wait_s'].iloc[int(np.argmax(table[column].to_numpy() >= 0.5))]))}"
        for word, column in (("simulated", "middle"), (measured_word, "measured"))
        if (table[column] >= 0.5).any()
    ]
    message = f"{who}, how long they waited: {'; '.join(parts)}." if parts else f"{who}, how long they waited."
    svg = band_chart(shown, f"waited at most ({unit})", "% of contacts", points=False, y_most=100.0)
    return Chart(svg, message, table)


def _half(wait_s: float) -> str:
    return f"half waited at most {duration(wait_s)}" if wait_s > 0 else "more than half did not wait"


def band_chart(
    table: pd.DataFrame,
    x_title: str,
    y_title: str,
    x_is_clock: bool = False,
    points: bool = True,
    y_most: float | None = None,
) -> str:
    """Draw columns low, middle, high as a band with its middle, and measured as points or a line, over column x."""
    most = float(np.nanmax([1e-9, *table["high"], *table["measured"]])) * 1.05 if y_most is None else y_most
    x_axis: dict[str, Any] = {"title": x_title, "grid": False}
    ends = [0.0, 24.0] if table.empty else [float(table["x"].min()), float(table["x"].max())]
    margin = BIN_S / 2 / 3600 if x_is_clock else 0.0
    if x_is_clock:
        hours = range(math.floor(ends[0]), math.ceil(ends[1] + margin) + 1)
        x_axis["values"] = list(hours)[:: 1 if len(hours) < 7 else 2 if len(hours) < 15 else 4]
        x_axis |= {"labelExpr": "format(datum.value, '02') + ':00'", "labelFlush": False}
    scale = alt.Scale(nice=False, zero=False, domain=[ends[0] - margin, ends[1] + margin])
    x = alt.X("x:Q", axis=alt.Axis(**x_axis), scale=scale)
    y = alt.Y(
        "low:Q", title=y_title, axis=alt.Axis(minExtent=34), scale=alt.Scale(domain=[0, most], nice=y_most is None)
    )
    band = table.dropna(subset=["low"])
    seen = table.dropna(subset=["measured"])
    layers: list[Any] = [
        alt.Chart(band).mark_area(color=BAND, clip=False).encode(x=x, y=y, y2="high:Q"),
        *(
            alt.Chart(band).mark_line(color=BELIEVED, strokeWidth=0.8).encode(x=x, y=alt.Y(f"{edge}:Q"))
            for edge in ("low", "high")
        ),
        alt.Chart(band).mark_line(color=BELIEVED, strokeWidth=1.8, strokeDash=[5, 3]).encode(x=x, y="middle:Q"),
    ]
    if points:
        mark = alt.Chart(seen).mark_point(
            color=MEASURED, fill=MEASURED, stroke=PAPER, strokeWidth=1, size=64, opacity=1
        )
    else:
        mark = alt.Chart(seen).mark_line(color=MEASURED, strokeWidth=2.2)
    layers.append(mark.encode(x=x, y="measured:Q"))
    return svg_of(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def outcome_chart(counts: pd.DataFrame, order: Sequence[str]) -> str:
    """Draw stacked counts: columns bar, outcome, contacts; `order` gives the outcomes, at most eight."""
    shown = counts.assign(rank=counts["outcome"].map({name: n for n, name in enumerate(order)}))
    bars = list(dict.fromkeys(counts["bar"]))
    chart = (
        alt.Chart(shown)
        .mark_bar(stroke=PAPER, strokeWidth=0.6)
        .encode(
            x=alt.X("contacts:Q", title="contacts", stack="zero", axis=alt.Axis(tickCount=6, tickMinStep=1)),
            y=alt.Y("bar:N", sort=bars, title=None, axis=alt.Axis(labelLimit=190, minExtent=170, grid=False)),
            color=alt.Color(
                "outcome:N",
                sort=list(order),
                legend=None,
                scale=alt.Scale(domain=list(order), range=list(OUTCOME_INKS[: len(order)])),
            ),
            order=alt.Order("rank:Q"),
        )
        .properties(width=WIDTH + 60, height=alt.Step(22))
    )
    return svg_of(chart)


def svg_of(chart: alt.TopLevelMixin) -> str:
    """Draw a chart in the page's own colours and letters."""
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    spec: dict[str, Any] = chart.to_dict()
    spec["background"] = None
    spec["config"] = {
        "font": "system-ui, sans-serif",
        "aria": False,
        "view": {"stroke": None},
        "axis": {**text, "gridColor": GRID, "domainColor": MUTED, "tickColor": MUTED},
    }
    svg = str(vl_convert.vegalite_to_svg(spec))
    for stand_in, colour in _INK.items():
        svg = svg.replace(f'"{stand_in}"', f'"{colour}"')
    svg = re.sub(
        r' (pointer-events|aria-hidden|role|aria-roledescription|class|opacity)="(none|true|1|[a-z -]*)"', "", svg
    )
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def tolerance_drawing(difference: float, low: float, high: float, tolerance: float | None, words: str) -> str:
    """Draw the interval of a difference against the band of its tolerance, with no difference in the middle.

    An interval without end runs to the edge. Without a difference, or a tolerance, only what there is is drawn.
    """
    width, height, middle = 240.0, 46.0, 17.0
    finite = [abs(v) for v in (low, high, difference) if math.isfinite(v)]
    bound = tolerance if tolerance is not None and math.isfinite(tolerance) else None
    reach = max([1.6 * (bound or 0.0), *(1.1 * value for value in finite), 1e-12])

    def x(value: float) -> float:
        return width / 2 + max(-1.0, min(1.0, value / reach)) * (width / 2 - 4)

    parts = []
    if bound is not None:
        left, right = x(-bound), x(bound)
        parts.append(f'<rect class="band" x="{left:.1f}" y="3" width="{right - left:.1f}" height="28"/>')
    parts.append(f'<line class="zero" x1="{width / 2}" x2="{width / 2}" y1="3" y2="31"/>')
    if not math.isnan(difference):
        start, end = (x(v) if not math.isnan(v) else x(difference) for v in (low, high))
        parts.append(f'<line class="reach" x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"/>')
        parts += [
            f'<line class="reach" x1="{at:.1f}" x2="{at:.1f}" y1="{middle - 6}" y2="{middle + 6}"/>'
            for at, value in ((start, low), (end, high))
            if math.isfinite(value)
        ]
        parts.append(f'<circle class="dot" cx="{x(difference):.1f}" cy="{middle}" r="5"/>')
    parts.append(f'<text x="{width / 2 - 6}" y="44" text-anchor="end">less</text>')
    parts.append(f'<text x="{width / 2 + 6}" y="44">more</text>')
    label = html.escape(words, quote=True)
    return (
        f'<svg class="drawing" role="img" aria-label="{label}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
    )
