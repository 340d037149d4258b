"""Charts of a sensitivity analysis: what makes figures unsure, a figure's bands, and its tornado."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from results.charts import BAND, BELIEVED, INK, MEASURED, MUTED, PAPER, Chart, svg_of
from results.sensitivity_words import (
    PARTS,
    by_span,
    end_text,
    input_name,
    range_text,
    share_text,
)
from results.whatif_words import figure_name

Facts = Mapping[str, Any]

WIDTH, NAME_WIDTH, NAME_MOST = 270, 215, 30
PART_INKS = (MEASURED, BELIEVED, MUTED)
BAND_NAMES = ("all told", "chance alone", "inputs alone", "too few runs")
PLAIN = "format(datum.value, ',.6~f')"
THOUSANDS = "datum.value == 0 ? '0' : format(datum.value, '~s')"


def share_chart(facts: Facts) -> Chart | None:
    """Draw for each figure which parts make it unsure; None where none was played that far."""
    figures = [one for one in facts["figures"] if one["split"] and one["split"]["shares"]]
    if not figures:
        return None
    rows = pd.DataFrame(
        [
            {"figure": short(figure_name(one)), "part": part, "share": 100 * one["split"]["shares"][at], "rank": at}
            for one in figures
            for at, part in enumerate(PARTS)
        ]
    )
    chart = (
        alt.Chart(rows)
        .mark_bar(stroke=PAPER, strokeWidth=0.8, height=16)
        .encode(
            x=alt.X("share:Q", title="% of the variance of a day", stack="zero", scale=alt.Scale(domain=[0, 100])),
            y=alt.Y("figure:N", sort=list(dict.fromkeys(rows["figure"])), title=None, axis=_names_axis(NAME_WIDTH)),
            color=alt.Color("part:N", legend=None, scale=alt.Scale(domain=list(PARTS), range=list(PART_INKS))),
            order=alt.Order("rank:Q"),
        )
        .properties(width=WIDTH, height=alt.Step(28))
    )
    told = "; ".join(
        f"{figure_name(one)}: {', '.join(f'{part} {share_text(share)}' for part, share in _parts(one))}"
        for one in figures
    )
    return Chart(svg_of(chart), f"What makes each figure unsure. {told}.", rows)


def _parts(figure: Facts) -> list[tuple[str, float]]:
    return list(zip(PARTS, figure["split"]["shares"], strict=True))


def tornado(facts: Facts, figure: Facts) -> Chart | None:
    """Draw a figure at the low and the high end of each input, the widest first; None where nothing is known."""
    pairs, scale = by_span(facts, figure), scale_of(figure)
    if not pairs:
        return None
    rows = pd.DataFrame(
        [
            {
                "name": short(input_name(one)), "end": f"{end} end", "base": swing["base"] * scale,
                "value": swing[f"at_{end}"] * scale, "from": (swing["base"] + swing[end][1]) * scale,
                "to": (swing["base"] + swing[end][2]) * scale, "input": end_text(one, end),
            }
            for one, swing in pairs
            for end in ("low", "high")
        ]
    )  # fmt: skip
    x = alt.X(
        "base:Q", title=_unit(facts, figure), scale=_domain(rows, ["value", "from", "to"]), axis=_value_axis(rows)
    )
    y = alt.Y("name:N", sort=list(dict.fromkeys(rows["name"])), title=None, axis=_names_axis(NAME_WIDTH))
    offset = alt.YOffset("end:N", sort=["low end", "high end"])
    color = alt.Color("end:N", legend=None, scale=alt.Scale(domain=["low end", "high end"], range=[BELIEVED, MEASURED]))
    shown = alt.Chart(rows)
    layers = [
        shown.mark_bar(height=7).encode(x=x, x2="value:Q", y=y, yOffset=offset, color=color),
        shown.mark_rule(color=INK, strokeWidth=1.1).encode(x=alt.X("from:Q"), x2="to:Q", y=y, yOffset=offset),
        alt.Chart(rows.iloc[:1]).mark_rule(color=INK, strokeWidth=1.4).encode(x=alt.X("base:Q")),
    ]
    one, swing = pairs[0]
    told = sum(bool(swing["told"]) for _, swing in pairs)
    message = (
        f"{figure_name(figure)} with each input at its low and high end, all others at their middle. {input_name(one)} "
        f"moves it most, from {_value(swing['at_low'], figure, facts)} to {_value(swing['at_high'], figure, facts)}; "
        f"{told} of {len(pairs)} are told apart from chance."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(9))), message, rows)


def band_chart(facts: Facts, figure: Facts) -> Chart | None:
    """Draw where days lie all told, and how wide each part would be alone; None where it was not played that far."""
    split, scale = figure["split"], scale_of(figure)
    if split is None:
        return None
    bands = [split[name] for name in ("day", "chance_band", "inputs_band", "runs_band")]
    rows = pd.DataFrame(
        [
            {"band": name, "low": max(low, 0.0) * scale, "high": max(high, 0.0) * scale}
            for name, (low, high) in zip(BAND_NAMES, bands, strict=True)
        ]
    )
    mean = pd.DataFrame({"low": [split["mean"] * scale]})
    x = alt.X("low:Q", title=_unit(facts, figure), scale=_domain(rows, ["low", "high"]), axis=_value_axis(rows))
    y = alt.Y("band:N", sort=list(BAND_NAMES), title=None, axis=_names_axis(100))
    inks = alt.Scale(domain=list(BAND_NAMES), range=[BAND, *PART_INKS])
    shown = alt.Chart(rows)
    layers = [
        alt.Chart(rows.iloc[:1]).mark_rect(color=BAND, opacity=1).encode(x=x, x2="high:Q"),
        shown.mark_bar(height=11, stroke=INK, strokeWidth=0.5).encode(
            x=x, x2="high:Q", y=y, color=alt.Color("band:N", legend=None, scale=inks)
        ),
        alt.Chart(mean).mark_rule(color=INK, strokeWidth=1.4).encode(x=alt.X("low:Q")),
    ]
    alone = ", ".join(
        f"{name} {range_text(band, figure, facts['currency'])}"
        for name, band in list(zip(BAND_NAMES, bands, strict=True))[1:]
    )
    told = range_text(bands[0], figure, facts["currency"])
    message = f"{figure_name(figure)}, nine {'days' if facts['days'] == 1 else 'runs'} in ten: {told}; {alone}."
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(26))), message, rows)


def short(name: str, most: int = NAME_MOST) -> str:
    """Cut a name to what a chart has room for."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def scale_of(figure: Facts) -> float:
    """Return by what values are multiplied for an axis."""
    return 100.0 if figure["unit"] == "share" else 1.0


def _unit(facts: Facts, figure: Facts) -> str:
    if figure["unit"] == "money":
        return facts["currency"] or "money"
    if figure["metric"] == "customers_lost":
        return "customers"
    return {"s": "s", "h": "hours", "share": "%"}.get(figure["unit"], "count")


def _value(value: float, figure: Facts, facts: Facts) -> str:
    return range_text((value, value), figure, facts["currency"]).split(" to ", maxsplit=1)[0]


def _domain(rows: pd.DataFrame, columns: list[str]) -> alt.Scale:
    low, high = float(rows[columns].min().min()), float(rows[columns].max().max())
    room = 0.04 * (high - low) or 1.0
    return alt.Scale(domain=[max(low - room, 0.0) if low >= 0 else low - room, high + room], nice=False, zero=False)


def _value_axis(rows: pd.DataFrame) -> alt.Axis:
    most = float(rows.select_dtypes("number").abs().max().max())
    return alt.Axis(tickCount=5, grid=True, labelExpr=THOUSANDS if most >= 10_000 else PLAIN)


def _names_axis(width: int) -> alt.Axis:
    return alt.Axis(labelLimit=width, minExtent=width, grid=False)
