"""Charts of losses: a figure with its bands on a scale from nothing, and what each cause costs as a tornado."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from results.charts import BAND, BELIEVED, INK, MEASURED, MUTED, PAPER, Chart, svg_of
from results.loss_bands import Banded
from results.losses import Losses
from results.losses_words import Cause, cause_name, figure_band, figures_of, period_words, value_text

WIDTH, BARS = 300, 26
TORNADO_WIDTH = 470

PLAIN = "format(datum.value, ',.6~f')"
THOUSANDS = "datum.value == 0 ? '0' : format(datum.value, '~s')"

BAND_NAMES = {
    "chance": "chance, the mean",
    "single": "chance, one alone",
    "coefficients": "not knowing",
    "both": "both",
}
"""What the bands of a figure are called beside their bars."""


def band_charts(losses: Losses) -> list[Chart]:
    """Draw each figure that has bands; what winning as many costs is as sure as how many are lost."""
    return [
        band_chart(name, one, currency, losses)
        for name, one, currency in figures_of(losses)
        if one is not losses.replacing
    ]


def band_chart(name: str, figure: Banded, currency: str | None, losses: Losses) -> Chart:
    """Draw a figure as a line, and its bands as bars."""
    names = [key for key in BAND_NAMES if key != "single" or losses.replications > 1]
    called = BAND_NAMES if losses.replications > 1 else {**BAND_NAMES, "chance": "chance"}  # one log has no mean
    rows = pd.DataFrame(
        [
            {"band": called[key], "low": getattr(figure, key)[0], "high": getattr(figure, key)[1]}
            for key in names
        ]
    )  # fmt: skip
    most = max(float(rows["high"].max()), figure.value, 1e-9) * 1.05
    scale = alt.Scale(domain=[min(0.0, float(rows["low"].min())), most], nice=False)
    axis = alt.Axis(tickCount=4, labelExpr=THOUSANDS if most >= 10_000 else PLAIN, grid=True)
    x = alt.X("low:Q", title=None, scale=scale, axis=axis)
    y = alt.Y("band:N", sort=list(rows["band"]), title=None, axis=alt.Axis(minExtent=112, grid=False))
    colors = alt.Scale(
        domain=list(rows["band"]), range=[MEASURED if key in ("chance", "single") else BELIEVED for key in names]
    )
    shown = alt.Chart(rows)
    layers = [
        shown.mark_bar(height=9, cornerRadius=2).encode(
            x=x, x2="high:Q", y=y, color=alt.Color("band:N", legend=None, scale=colors)
        ),
        alt.Chart(pd.DataFrame({"low": [figure.value]})).mark_rule(color=INK, strokeWidth=1.6).encode(x="low:Q"),
    ]
    message = (
        f"{name[0].upper()}{name[1:]} in {period_words(losses.days)}: {value_text(figure.value, currency)} expected; "
        f"by chance {figure_band(figure.chance, currency)}, not knowing the coefficients "
        f"{figure_band(figure.coefficients, currency)}."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(BARS))), message, rows)


def tornado(causes: Sequence[Cause]) -> Chart:
    """Draw how many customers would be kept without each cause, or with each remedy, with 95 % intervals."""
    order = sorted(causes, key=lambda one: (one["kind"] != "cause", -float(one["customers_kept"])))
    rows = pd.DataFrame(
        [
            {
                "name": cause_name(one), "kept": float(one["customers_kept"]), "low": float(one["low"]),
                "high": float(one["high"]), "kind": str(one["kind"]),
            }
            for one in order
        ]
    )  # fmt: skip
    low, high = float(min(rows["low"].min(), 0.0)), float(max(rows["high"].max(), 1e-9))
    room = (high - low) * 0.04
    scale = alt.Scale(domain=[low - (room if low < 0 else 0.0), high + room], nice=False)
    x = alt.X("kept:Q", title="customers kept", scale=scale, axis=alt.Axis(tickCount=6, labelExpr=PLAIN, grid=True))
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=alt.Axis(labelLimit=230, minExtent=150, grid=False))
    color = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["cause", "remedy"], range=[MEASURED, BELIEVED]))
    shown = alt.Chart(rows)
    layers = [
        shown.mark_bar(height=14, color=BAND).encode(x=x, y=y),
        alt.Chart(pd.DataFrame({"kept": [0.0]})).mark_rule(color=MUTED, strokeWidth=1.2).encode(x="kept:Q"),
        shown.mark_rule(strokeWidth=2.2).encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=color),
        shown.mark_point(filled=True, size=70, opacity=1, stroke=PAPER, strokeWidth=1).encode(x=x, y=y, color=color),
    ]
    sure = sum(one["low"] > 0 for one in causes)
    message = (
        f"How many more customers are kept without each cause, or with each remedy, all else and all luck the same; "
        f"{sure} of {len(causes)} are told apart from none."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=TORNADO_WIDTH, height=alt.Step(28))), message, rows)
