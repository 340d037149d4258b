"""The page of a what-if: what each alternative does, its differences against the tolerance, and how sure that is.

Written from `whatif` in run.json; the paired values lie beside it in `differences.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from results.charts import BAND, INK, MEASURED, MUTED, PAPER, Chart, svg_of
from results.pages import render, title_of
from results.provenance import run_facts
from results.runs import Run, write_whole
from results.whatif_words import (
    VERDICT_SIGNS,
    VERDICT_TONES,
    VERDICT_WORDS,
    Facts,
    change_text,
    figure_name,
    headline,
    how_sure,
    interval_text,
    key_name,
    need_text,
    ratio_text,
    rows_of,
    sentence_of,
    tolerance_text,
    value_text,
)

LIMITS = (
    "The worlds are as the scenario believes the desk to be. Whether it is, a comparison with what was measured tells.",
    "Intervals hold the luck of days. That volumes or handle times may be other ones than believed, they do not hold.",
    "A difference that is better or worse may still be smaller than the tolerance; its interval says how small.",
    "The spread of differences is estimated, so the intervals are close to as sure as said, not exactly.",
)
WIDTH, STEP, NAME_MOST, LETTER = 280, 30, 34, 7.4


def write_whatif_page(path: Path, run: Run) -> None:
    """Write the page of a run whose run.json has `whatif`."""
    facts: Facts = run.facts["whatif"]
    page = {
        "title": title_of(run.facts),
        "headline": headline(facts),
        "tone": "cannot-tell" if not facts["decided"] else "",
        "interrupted": not facts["whole"],
        "how_sure": how_sure(facts),
        "alternatives": [_alternative(facts, told, at) for at, told in enumerate(facts["alternatives"], 1)],
        "charts": charts_of(facts),
        "limits": LIMITS,
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }
    write_whole(path, render("whatif.html.j2", page))


def _alternative(facts: Facts, told: Facts, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "name": told["name"],
        "says": told["says"],
        "set": [f"{path} = {value}" for path, value in told["set"].items()] if told["says"] else [],
        "sentence": sentence_of(told, facts["measures"]),
        "replications": told["replications"],
        "rows": [_row(measure, one, facts["currency"]) for measure, one in rows_of(facts, told)]
        if told["differs"]
        else [],
    }


def _row(measure: Facts, one: Facts, currency: str | None) -> dict[str, Any]:
    unit = measure["unit"]
    return {
        "name": figure_name(measure),
        "key": key_name(measure),
        "decides": measure["decides"],
        "base": value_text(one["base"], unit, currency),
        "value": value_text(one["value"], unit, currency),
        "difference": change_text(one["difference"], unit, currency),
        "interval": interval_text(one, unit, currency),
        "verdict": VERDICT_WORDS[one["verdict"]],
        "tone": VERDICT_TONES[one["verdict"]],
        "sign": VERDICT_SIGNS[one["verdict"]],
        "need": need_text(one),
        "tolerance": tolerance_text(measure, one, currency) if measure["better"] else "",
        "ratio": ratio_text(one),
    }


def charts_of(facts: Facts) -> list[tuple[str, Chart]]:
    """Draw a chart of each figure that is judged, with its name: every difference with its interval."""
    return [
        (figure_name(measure), difference_chart(measure, facts, at))
        for at, measure in enumerate(facts["measures"])
        if measure["better"] and any(told["differences"][at]["low"] is not None for told in facts["alternatives"])
    ]


def difference_chart(measure: Facts, facts: Facts, at: int) -> Chart:
    """Draw a figure's differences with intervals against the band of its tolerance."""
    scale, unit = _scale(measure, facts)
    found = [(number, told, told["differences"][at]) for number, told in enumerate(facts["alternatives"], 1)]
    known = [(number, told, one) for number, told, one in found if one["low"] is not None]
    rows = pd.DataFrame(
        [
            {"name": _short(number, told), "difference": one["difference"] * scale, "low": one["low"] * scale,
             "high": one["high"] * scale, "verdict": one["verdict"]}
            for number, told, one in known
        ]
    )  # fmt: skip
    tolerance = float(known[0][2]["tolerance"]) * scale
    ends = [float(rows["low"].min()), float(rows["high"].max()), -tolerance, tolerance]
    room = 0.05 * (max(ends) - min(ends)) or 1.0
    x = alt.X(
        "low:Q",
        title=f"difference from today ({unit}), {measure['better']} is better",
        scale=alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False),
        axis=alt.Axis(tickCount=5, grid=True),
    )
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=_labelled(list(rows["name"])))
    band = pd.DataFrame({"low": [-tolerance], "high": [tolerance]})
    shown = alt.Chart(rows)
    layers = [
        alt.Chart(band).mark_rect(color=BAND).encode(x=x, x2="high:Q"),
        alt.Chart(pd.DataFrame({"low": [0.0]})).mark_rule(color=MUTED, strokeWidth=1.2).encode(x=x),
        shown.mark_rule(color=MEASURED, strokeWidth=2.4).encode(x=x, x2="high:Q", y=y),
        shown.mark_point(color=INK, fill=MEASURED, stroke=PAPER, size=70, opacity=1).encode(
            x=alt.X("difference:Q"), y=y
        ),
    ]
    verdicts = "; ".join(f"{told['name']} {VERDICT_WORDS[one['verdict']]}" for _, told, one in known)
    message = f"{figure_name(measure)}, difference from today with its interval: {verdicts}."
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(STEP))), message, rows)


def _labelled(names: Sequence[str]) -> alt.Axis:
    """Return an axis with room for its labels in any reader's letters: they are measured in narrow ones."""
    return alt.Axis(labelLimit=300, minExtent=round(LETTER * max(map(len, names))), grid=False)


def _short(number: int, told: Mapping[str, Any]) -> str:
    name = f"{number}. {told['name']}"
    return name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 1]}…"


def _scale(measure: Facts, facts: Facts) -> tuple[float, str]:
    """Return by what values are multiplied for an axis, and what its unit is called."""
    unit = measure["unit"]
    if unit == "share":
        return 100.0, "points"
    if unit == "money":
        return 1.0, facts["currency"] or "money"
    return 1.0, {"s": "s", "h": "hours"}.get(unit, "customers" if measure["metric"] == "customers_lost" else "count")
