"""The page of a churn model: what goes with leaving, whether predictions come true, and what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.churn_charts import calibration_chart, effects_chart, pair_drawing, share_words
from results.churn_check import ChurnCheck
from results.churn_words import (
    TONES,
    VERDICT_WORDS,
    figures,
    headline,
    left_text,
    ratio_text,
    term_sentence,
    word_of,
)
from results.pages import render
from scenarios.churn import ChurnModel

LIMITS = (
    "Nobody was drawn by lot to live through it: who complains, waits or is passed on differs in other ways too. The "
    "ratios compare customers who are alike in the columns of the table, and in nothing else.",
    "It tells of these customers in these months. In another year, or of another firm, it may be otherwise: fit again.",
    "A term that is not among the coefficients has no effect in this model; that is not knowledge that it has none.",
)


def write_churn_page(model: ChurnModel, check: ChurnCheck, path: Path) -> None:
    """Write the page."""
    path.write_text(render("churn.html.j2", _view(model, check)), encoding="utf-8")


def _view(model: ChurnModel, check: ChurnCheck) -> Mapping[str, Any]:
    word = word_of(model)
    fitted = model.fitted
    return {
        "title": model.title,
        "headline": headline(model, check),
        "verdict": check.verdict,
        "tone": TONES[check.verdict],
        "verdict_words": VERDICT_WORDS[check.verdict],
        "unseen": check.unseen,
        "form": model.form,
        "customers": f"{check.customers:,}",
        "leavers": f"{check.leavers:,}",
        "horizon": f"{check.horizon_days:.4g} days" if check.horizon_days else "",
        "terms": [
            {
                "sentence": term_sentence(fact),
                "groups": [
                    {
                        "name": group.name, "customers": f"{group.customers:,}", "left": left_text(group),
                        "predicted": share_words(group.predicted), "drawing": pair_drawing(group),
                    }
                    for group in (fact.without, fact.having)
                ],
            }
            for fact in check.terms
        ],
        "calibration": calibration_chart(check),
        "effects": effects_chart(check.effects, word) if check.effects else None,
        "word": word,
        "rows": [
            {"name": one.name, "step": one.step, "ratio": ratio_text(one.ratio), "told": told}
            for one, told in zip(check.effects, model.coefficients, strict=True)
        ],
        "groups": [
            (group.name, f"{group.customers:,}", share_words(group.predicted), left_text(group))
            for group in check.groups
        ],
        "figures": list(figures(model, check)),
        "notes": fitted.notes if fitted else [],
        "limits": LIMITS,
        "silent": list(model.silent_terms()),
        "facts": _facts(model),
    }  # fmt: skip


def _facts(model: ChurnModel) -> list[tuple[str, str]]:
    base = f"{share_words(model.base.rate)} leave with every term at 0 and every column at its mean"
    rows = [("Model", f"{model.churn} ({model.form})"), ("Base", base)]
    if model.fitted:
        fitted = model.fitted
        rows += [
            ("Table", fitted.table), ("SHA-256", fitted.sha256), ("Who left", fitted.left),
            ("After how long", fitted.after or ""), ("Customers used", f"{fitted.customers:,}"),
            ("Of whom left", f"{fitted.leavers:,}"), ("Rows left out", f"{fitted.left_out:,}"),
        ]  # fmt: skip
    return [row for row in rows if row[1]]
