"""Charts of a load test over scenario time: arrivals due and begun, first answers, waits against the simulated band.

Stages are marked on all of them, warm-up greyed. Names of stages that would run into each other are left out of the
drawing: the page lists all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from results.bands import NICE_S, Bins
from results.charts import BAND, BELIEVED, GRID, INK, MEASURED, MUTED, OUTCOME_INKS, PAPER, WIDTH, Chart, svg_of
from results.clock import RunClock
from results.words import counted, duration

HEIGHT = 190
LETTER = 6.6
"""How wide a letter of a stage's name is, about."""
TICKS_MOST = 7
TICKS_S = (*NICE_S, 3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0)
FLOOR_S = 0.001
"""On a scale of times that spans powers of ten nothing is drawn shorter than this."""
SPREAD = 50.0
"""Where the longest time is so many times as long as what is usual, times are drawn on such a scale."""
POWERS_S = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0)
EVEN_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0, 604_800.0,
)  # fmt: skip
TIME_TICKS_MOST = 6


@dataclass(frozen=True)
class TimeAxis:
    """What all charts of a run share: its slices, its stages, and its clock."""

    bins: Bins
    stages: Sequence[Mapping[str, Any]]
    clock: RunClock

    def ends_s(self) -> tuple[float, float]:
        """Return from and to when charts are drawn."""
        return self.bins.from_s, self.bins.from_s + self.bins.number * self.bins.bin_s

    def slice(self) -> str:
        """Write how long a slice is."""
        return duration(self.bins.bin_s).replace(".0 s", " s")

    def x(self, column: str) -> alt.X:
        """Return the axis of a column of scenario seconds, which shows what the clock does."""
        from_s, to_s = self.ends_s()
        every_s = next((one for one in TICKS_S if (to_s - from_s) / one <= TICKS_MOST), TICKS_S[-1])
        at = np.arange(np.ceil(from_s / every_s) * every_s, to_s + 1, every_s)
        told = ", ".join(f"'{one:.0f}': '{self.text(float(one))}'" for one in at)
        axis = alt.Axis(
            title="time of day" if to_s - from_s <= 86_400 else "day, and time of day", grid=False,
            values=[float(one) for one in at], labelExpr=f"{{{told}}}[format(datum.value, '.0f')]", labelFlush=False,
        )  # fmt: skip
        return alt.X(f"{column}:Q", axis=axis, scale=alt.Scale(domain=[from_s, to_s], nice=False, zero=False))

    def text(self, at_s: float) -> str:
        """Write what the clock shows at a scenario second, and on which day where a run has several."""
        from_s, to_s = self.ends_s()
        day = f"{int(at_s // 86_400) + 1}, " if to_s - from_s > 86_400 else ""
        return day + self.clock.text(at_s)

    def marks(self, top: float) -> list[Any]:
        """Return layers that mark the stages of a profile up to `top`: beneath all that is drawn."""
        from_s, to_s = self.ends_s()
        shown = [one for one in self.stages if one["from_s"] < to_s and one["to_s"] > from_s]
        if len(self.stages) < 2 or not shown:
            return []
        rows = pd.DataFrame(
            [{"at_s": max(float(one["from_s"]), from_s), "to_s": min(float(one["to_s"]), to_s),
              "stage": str(one["stage"]), "warm_up": bool(one["warm_up"]), "top": top} for one in shown]
        )  # fmt: skip
        fits = (rows["to_s"] - rows["at_s"]) / (to_s - from_s) * WIDTH > rows["stage"].str.len() * LETTER + 6
        x = self.x("at_s")
        grey = alt.Chart(rows[rows["warm_up"]]).mark_rect(color=GRID, opacity=0.6).encode(x=x, x2="to_s:Q")
        rules = alt.Chart(rows[rows["at_s"] > from_s]).mark_rule(color=MUTED, strokeDash=[2, 3]).encode(x=x)
        names = (
            alt.Chart(rows[fits])
            .mark_text(align="left", baseline="bottom", dx=3, dy=-3, fontSize=11, color=INK, clip=False)
            .encode(x=x, y=alt.Y("top:Q"), text="stage:N")
        )
        return [layer for layer, count in ((grey, rows["warm_up"].sum()), (rules, 1), (names, fits.sum())) if count]


def arrivals_chart(table: pd.DataFrame, axis: TimeAxis) -> Chart:
    """Draw `arrivals_over_time`."""
    most = float(max(table["due"].max(), table["begun"].max(), 1.0)) * 1.05
    y = alt.Y("due:Q", title=f"contacts in {axis.slice()}", axis=alt.Axis(minExtent=34, format=",.0f", tickMinStep=1),
              scale=alt.Scale(domain=[0, most], nice=False))  # fmt: skip
    end = {
        "from_s": table["from_s"].iloc[-1] + axis.bins.bin_s,
        "due": table["due"].iloc[-1],
        "begun": table["begun"].iloc[-1],
    }
    shown = pd.concat([table, pd.DataFrame([end])], ignore_index=True)  # so that the last step is as wide as the others
    begun = alt.Chart(shown).mark_line(color=MEASURED, strokeWidth=2, interpolate="step-after")
    due = alt.Chart(shown).mark_line(color=BELIEVED, strokeWidth=1.8, strokeDash=[5, 3], interpolate="step-after")
    x = axis.x("from_s")
    layers = [*axis.marks(most), begun.encode(x=x, y=alt.Y("begun:Q")), due.encode(x=x, y=y)]
    message = (
        f"Contacts due and begun in each {axis.slice()}: {table['begun'].sum():,.0f} of "
        f"{table['due'].sum():,.0f} were begun, at most {table['begun'].max():,.0f} in one slice."
    )
    return Chart(_drawn(layers), message, table)


def answers_chart(table: pd.DataFrame, name: str, axis: TimeAxis) -> Chart:
    """Draw `answers_over_time` of one channel and step: a band from p50 to p95, p99 above it, and who got no answer.

    The share of steps without an answer hangs from the top of each slice, as a desk that answers nobody any more would
    else look quick.
    """
    shown = table.dropna(subset=["p50"]).assign(x=table["from_s"] + axis.bins.bin_s / 2)
    scale, low, most, ticks = _time_scale(shown)
    is_log = low > 0
    for column in ("p50", "p95", "p99"):
        shown[column] = shown[column].clip(lower=low)
    x = axis.x("x")
    y = alt.Y("p50:Q", title="first answer", axis=_time_axis(ticks), scale=scale)
    layers: list[Any] = [
        *axis.marks(most),
        *_unanswered(table, axis, low, most, is_log),
        alt.Chart(shown).mark_area(color=BAND).encode(x=x, y=y, y2="p95:Q"),
        *(
            alt.Chart(shown).mark_line(color=BELIEVED, strokeWidth=width).encode(x=x, y=alt.Y(f"{column}:Q"))
            for column, width in (("p50", 1.8), ("p95", 0.9))
        ),
        _points(shown).encode(x=x, y=alt.Y("p99:Q")),
    ]
    silent = int(table["unanswered"].sum())
    worst = table.iloc[int(np.nanargmax(table["p99"].to_numpy(dtype=float)))]
    message = (
        f"{name}: the first answer, from when it was meant. The longest p99, {_fine(float(worst['p99']))}, was of what "
        f"was asked from {axis.text(float(worst['from_s']))} on."
    )
    if silent:
        message += f" {silent:,} of {counted(int(table['steps'].sum()), 'step')} had no answer, and no time."
    return Chart(_drawn(layers), message, table)


def _unanswered(table: pd.DataFrame, axis: TimeAxis, low: float, most: float, is_log: bool) -> list[Any]:
    """Return a layer that hangs the share of unanswered steps from the top; none where all were answered."""
    bars = table[table["unanswered"] > 0]
    if bars.empty:
        return []
    answered = 1 - bars["unanswered"] / bars["steps"]
    down_to = low * (most / low) ** answered if is_log else low + (most - low) * answered
    drawn = bars.assign(to_s=bars["from_s"] + axis.bins.bin_s, top=most, down_to=down_to)
    y = alt.Y("top:Q")
    return [
        alt.Chart(drawn).mark_rect(color=OUTCOME_INKS[1], opacity=0.35)
        .encode(x=axis.x("from_s"), x2="to_s:Q", y=y, y2="down_to:Q")
    ]  # fmt: skip


def waits_chart(table: pd.DataFrame, who: str, axis: TimeAxis) -> Chart:
    """Draw waits that were over in each slice, measured against the simulated band: low, middle, high, measured."""
    shown = table.assign(x=table["from_s"] + axis.bins.bin_s / 2)
    most = float(np.nanmax([1.0, *table["high"], *table["measured"]])) * 1.05
    x = axis.x("x")
    scale = alt.Scale(domain=[0, most], nice=False)
    y = alt.Y("low:Q", title="median wait", axis=_time_axis(_even_ticks(most)), scale=scale)
    band, seen = shown.dropna(subset=["low"]), shown.dropna(subset=["measured"])
    layers: list[Any] = [
        *axis.marks(most),
        alt.Chart(band).mark_area(color=BAND).encode(x=x, y=y, y2="high:Q"),
        alt.Chart(band).mark_line(color=BELIEVED, strokeWidth=1.8, strokeDash=[5, 3]).encode(x=x, y="middle:Q"),
        _points(seen).encode(x=x, y="measured:Q"),
    ]
    both = table.dropna(subset=["low", "measured"])
    inside = int(((both["measured"] >= both["low"] - 1e-9) & (both["measured"] <= both["high"] + 1e-9)).sum())
    message = (
        f"{who}, median of the waits that were over in each {axis.slice()}: inside the simulated band in "
        f"{inside} of {len(both)} slices."
    )
    return Chart(_drawn(layers), message, table)


_TIME_LABEL = (
    "datum.value == 0 ? '0' : datum.value < 1 ? format(datum.value * 1000, '.3~g') + ' ms' : "
    "datum.value < 60 ? format(datum.value, '.3~g') + ' s' : "
    "datum.value < 3600 ? format(datum.value / 60, '.3~g') + ' min' : format(datum.value / 3600, '.3~g') + ' h'"
)


def _time_axis(ticks: Sequence[float]) -> alt.Axis:
    return alt.Axis(minExtent=40, values=list(ticks), labelExpr=_TIME_LABEL)


def _time_scale(table: pd.DataFrame) -> tuple[alt.Scale, float, float, Sequence[float]]:
    """Return the scale of times, both its ends and its ticks: by powers of ten where times lie far apart."""
    longest, shortest = float(table["p99"].max()), float(table["p50"].min())
    if longest > SPREAD * max(float(table["p50"].median()), FLOOR_S):
        low, most = max(shortest, FLOOR_S) / 1.2, longest * 1.4
        ticks = [one for one in POWERS_S if low <= one <= most]
        return alt.Scale(type="log", domain=[low, most], nice=False), low, most, ticks
    most = max(longest * 1.05, FLOOR_S)
    return alt.Scale(domain=[0, most], nice=False), 0.0, most, _even_ticks(most)


def _even_ticks(most: float) -> list[float]:
    """Return ticks from 0 to `most`, as far apart as clocks have it."""
    every_s = next((one for one in EVEN_S if most / one <= TIME_TICKS_MOST), EVEN_S[-1])
    return [float(one) for one in np.arange(0.0, most, every_s)]


def _points(table: pd.DataFrame) -> Any:
    return alt.Chart(table).mark_point(color=MEASURED, fill=MEASURED, stroke=PAPER, strokeWidth=1, size=44, opacity=1)


def _drawn(layers: Sequence[Any]) -> str:
    return svg_of(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def _fine(time_s: float) -> str:
    return f"{time_s * 1000:.0f} ms" if time_s < 0.9995 else duration(time_s)
