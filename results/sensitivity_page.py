"""The page of a sensitivity analysis: which beliefs matter to which figure, and what else makes it unsure.

Written from `sensitivity` in run.json; every evaluation lies beside it in `evaluations.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.pages import render, title_of
from results.provenance import run_facts
from results.runs import Run, write_whole
from results.sensitivity import REST
from results.sensitivity_charts import band_chart, share_chart, tornado
from results.sensitivity_words import (
    CANNOT_TELL,
    PARTS,
    brief_of,
    by_span,
    end_text,
    headline,
    how_sure,
    index_of,
    index_text,
    input_name,
    known_text,
    range_text,
    screened_text,
    sentence_of,
    share_text,
    swing_text,
    total_text,
)
from results.whatif_words import figure_name, key_name, value_text
from results.words import listed

Facts = Mapping[str, Any]

LIMITS = (
    "Inputs are drawn apart from each other. Where two of them go together, as volumes and handle times may, what both "
    "do at once is another thing.",
    "What is known of the inputs is a belief itself. A range that is too narrow hides what the input does.",
    "A share with others holds what an input does together with them, so that such shares may add up to more than all. "
    "Where the one by itself comes out larger, that is what few runs leave: the intervals say how much.",
    "Customers lost are told with the coefficients as the churn model has them; `testdrive losses` tells what not "
    "knowing those adds.",
    "Whether the scenario is as the desk is, a comparison with what was measured tells.",
)


def write_sensitivity_page(path: Path, run: Run) -> None:
    """Write the page of a run whose run.json has `sensitivity`."""
    facts: Facts = run.facts["sensitivity"]
    names = {one["path"]: input_name(one) for one in facts["inputs"]}
    page = {
        "title": title_of(run.facts),
        "headline": headline(facts),
        "interrupted": not facts["whole"],
        "how_sure": how_sure(facts),
        "shares": share_chart(facts),
        "parts": PARTS,
        "share_rows": [_share_row(facts, one) for one in facts["figures"]],
        "figures": [_figure(facts, one, number) for number, one in enumerate(facts["figures"], 1)],
        "inputs": [
            {"name": input_name(one), "path": one["path"], "known": known_text(one), "source": one["source"],
             "places": one["places"]}
            for one in facts["inputs"]
        ],
        "rest": listed([names[path] for path in facts["rest"]]) if facts["rest"] else "",
        "limits": LIMITS,
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }  # fmt: skip
    write_whole(path, render("sensitivity.html.j2", page))


def _share_row(facts: Facts, figure: Facts) -> dict[str, Any]:
    split = figure["split"]
    shares = split["shares"] if split else None
    told = [share_text(share) for share in shares] if shares else ["–"] * len(PARTS)
    if shares and not split["knows_inputs"]:
        told[1] = CANNOT_TELL
    return {
        "name": figure_name(figure),
        "key": key_name(figure),
        "mean": value_text(split["mean"], figure["unit"], facts["currency"]) if split else "–",
        "day": range_text(split["day"], figure, facts["currency"]) if split else "–",
        "shares": told,
        "narrower": share_text(split["narrower"]) if split else "–",
    }


def _figure(facts: Facts, figure: Facts, number: int) -> dict[str, Any]:
    charts = [chart for chart in (tornado(facts, figure), band_chart(facts, figure)) if chart]
    rows = [_row(facts, figure, one, swing) for one, swing in by_span(facts, figure)]
    if REST in facts["drawn"]:
        index = index_of(facts, figure, REST)
        empty = dict.fromkeys(("path", "low", "high", "at_low", "at_high", "span", "screened"), "")
        shares = {"first": index_text(index, "first"), "total": total_text(facts, figure, REST)}
        rows.append({"name": REST, **empty, **shares})
    return {
        "number": number,
        "name": figure_name(figure),
        "key": key_name(figure),
        "sentence": sentence_of(facts, figure),
        "brief": brief_of(facts, figure),
        "charts": charts,
        "rows": rows,
        "cannot_tell": figure["split"] is not None and figure["indices"] is None,
    }


def _row(facts: Facts, figure: Facts, one: Facts, swing: Facts) -> dict[str, Any]:
    unit, currency = figure["unit"], facts["currency"]
    screened = next(
        (told for about, told in zip(facts["inputs"], figure["screening"] or (), strict=False) if about is one), None
    )
    return {
        "name": input_name(one),
        "path": one["path"],
        "low": end_text(one, "low"),
        "high": end_text(one, "high"),
        "at_low": value_text(swing["at_low"], unit, currency),
        "at_high": value_text(swing["at_high"], unit, currency),
        "span": swing_text(swing, figure, currency),
        "screened": screened_text(screened),
        "first": index_text(index_of(facts, figure, one["path"]), "first"),
        "total": total_text(facts, figure, one["path"]),
    }
