"""Charts of a churn model: what each step multiplies the odds of leaving by, and predicted against real shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

from results.charts import BELIEVED, MEASURED, MUTED, PAPER, Chart, svg_of
from results.churn_check import ChurnCheck, Effect, Group

TICKS = (0.001, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 100, 1000)
RATIO_MOST = 1000.0
"""Intervals are cut here on both sides: beyond, a ratio only says that hardly anything is known."""
SIDE = 330
WIDTH = 420


def share_words(share: float) -> str:
    """Write a share: one decimal below 10 %.

    >>> share_words(0.0979), share_words(0.819), share_words(0.0004)
    ('9.8 %', '82 %', 'under 0.1 %')
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{share:.1%}".replace("%", " %") if share < 0.0995 else f"{share:.0%}".replace("%", " %")


def calibration_chart(check: ChurnCheck) -> Chart:
    """Draw tenths of the customers: the share predicted and the share that left, on the line where they are alike."""
    rows = pd.DataFrame(
        [
            {"predicted": one.predicted, "left": one.left.value, "low": one.left.low, "high": one.left.high}
            for one in check.groups
        ]
    )
    most = min(1.0, 1.05 * float(max(rows["high"].max(), rows["predicted"].max())))
    scale = alt.Scale(domain=[0, most], nice=False)
    axis = alt.Axis(format=".0%", tickCount=6)
    x = alt.X("predicted:Q", title="predicted to leave", scale=scale, axis=axis)
    line = alt.Chart(pd.DataFrame({"predicted": [0, most], "left": [0, most]}))
    shown = alt.Chart(rows)
    layers = [
        line.mark_line(color=BELIEVED, strokeDash=[5, 3], strokeWidth=1.5).encode(x=x, y=alt.Y("left:Q")),
        shown.mark_rule(color=MEASURED, strokeWidth=1.6).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        shown.mark_point(color=MEASURED, fill=MEASURED, stroke=PAPER, strokeWidth=1, size=70, opacity=1).encode(
            x=x, y=alt.Y("left:Q", title="left", scale=scale, axis=axis)
        ),
    ]
    inside = sum(one.left.low <= one.predicted <= one.left.high for one in check.groups)
    message = (
        f"Tenths of the customers, from least to most likely to leave: in {inside} of {len(check.groups)} the "
        "predicted share lies within the 95 % interval of the share that left."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=SIDE, height=SIDE)), message, rows)


def effects_chart(effects: Sequence[Effect], word: str) -> Chart:
    """Draw ratios with their intervals, terms of experience first, each group from largest to smallest."""
    order = sorted(effects, key=lambda one: (one.term is None, -abs(math.log(max(one.ratio.value, 1e-300)))))
    rows = pd.DataFrame(
        [
            {
                "name": f"{one.name}, {one.step}",
                "ratio": _cut(one.ratio.value), "low": _cut(one.ratio.low), "high": _cut(one.ratio.high),
                "kind": "term" if one.term else "column",
            }
            for one in order
        ]
    )  # fmt: skip
    low, high = float(min(rows["low"].min(), 0.5)), float(max(rows["high"].max(), 2.0))
    ticks = [tick for tick in TICKS if low <= tick <= high]
    while len(ticks) > 7:
        ticks = [tick for tick in ticks if tick == 1 or ticks.index(tick) % 2 == ticks.index(1) % 2]
    scale = alt.Scale(type="log", domain=[low / 1.1, high * 1.1], nice=False)
    axis = alt.Axis(values=ticks, format="~g", grid=True)
    x = alt.X("ratio:Q", title=f"{word} of leaving times", scale=scale, axis=axis)
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=alt.Axis(labelLimit=270, minExtent=215, grid=False))
    color = alt.Color(
        "kind:N", legend=None, scale=alt.Scale(domain=["term", "column"], range=[MEASURED, BELIEVED])
    )  # fmt: skip
    shown = alt.Chart(rows)
    layers = [
        alt.Chart(pd.DataFrame({"ratio": [1.0]})).mark_rule(color=MUTED, strokeWidth=1.2).encode(x=x),
        shown.mark_rule(strokeWidth=2.2).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=color),
        shown.mark_point(filled=True, size=70, opacity=1, stroke=PAPER, strokeWidth=1).encode(x=x, y=y, color=color),
    ]
    sure = [one for one in order if one.ratio.low > 1 or one.ratio.high < 1]
    message = (
        f"What each step multiplies the {word} of leaving by, with 95 % intervals; of {len(order)}, {len(sure)} "
        "are told apart from no effect."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(26))), message, rows)


def _cut(ratio: float) -> float:
    return min(max(ratio, 1 / RATIO_MOST), RATIO_MOST)


def pair_drawing(group: Group) -> str:
    """Draw a group on a scale from 0 to 100 %: its interval, the share that left, and a mark where it was predicted."""
    width = 240.0

    def x(share: float) -> float:
        return 4 + min(max(share, 0.0), 1.0) * (width - 8)

    label = f"{group.name}: {share_words(group.left.value)} left, {share_words(group.predicted)} predicted"
    low, high, at, told = (x(one) for one in (group.left.low, group.left.high, group.left.value, group.predicted))
    return (
        f'<svg class="drawing" role="img" aria-label="{label}" viewBox="0 0 {width:.0f} 34" width="{width:.0f}" '
        f'height="34"><line class="zero" x1="{x(0)}" x2="{x(1)}" y1="12" y2="12"/>'
        f'<line class="reach" x1="{low:.1f}" x2="{high:.1f}" y1="12" y2="12"/>'
        f'<circle class="dot" cx="{at:.1f}" cy="12" r="5"/>'
        f'<line x1="{told:.1f}" x2="{told:.1f}" y1="2" y2="22" stroke="var(--believed)" stroke-width="2"/>'
        f'<text x="{x(0)}" y="33">0 %</text><text x="{x(1)}" y="33" text-anchor="end">100 %</text></svg>'
    )
