"""How a churn model and its check are told: sentences and tables that the page and the terminal share.

>>> ratio_text(Interval(63.02, 30.2, 131.3))
'63 (30 to 131)'
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from results.churn_charts import share_words
from results.churn_check import ChurnCheck, Group, Interval, TermFact
from results.terminal import grid
from scenarios.churn import ChurnModel

VERDICT_WORDS = {
    "calibrated": "Its predictions come true for customers it has not seen",
    "not calibrated": "Its predictions do not come true for customers it has not seen",
    "cannot tell": "Too few customers left to say whether its predictions come true",
}
TONES = {"calibrated": "agrees", "not calibrated": "differs", "cannot tell": "cannot-tell"}


def word_of(model: ChurnModel) -> str:
    """Say what ratios of this model are of."""
    return "odds" if model.form == "logistic" else "hazard"


def number(value: float) -> str:
    """Write a ratio with as many digits as one reads."""
    if not math.isfinite(value) or value >= 1e6:
        return "over a million"
    return f"{value:,.0f}" if value >= 20 else f"{value:.3g}" if value >= 0.001 else "under 0.001"


def ratio_text(ratio: Interval) -> str:
    """Write a ratio with its interval."""
    return f"{number(ratio.value)} ({number(ratio.low)} to {number(ratio.high)})"


def interval_text(told: Interval) -> str:
    """Write a value with its interval."""
    if math.isnan(told.value):
        return "cannot be told"
    value, low, high = (round(one, 2) + 0.0 for one in (told.value, told.low, told.high))  # no -0.00
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def left_text(group: Group) -> str:
    """Write the share of a group that left, with its interval."""
    return f"{share_words(group.left.value)} ({share_words(group.left.low)} to {share_words(group.left.high)})"


def headline(model: ChurnModel, check: ChurnCheck) -> str:
    """Say in a sentence what leaves whom."""
    by = f" within {check.horizon_days:.4g} days" if check.horizon_days else ""
    if not check.terms:
        return f"{check.leavers:,} of {check.customers:,} customers left{by}"
    top = max(check.terms, key=lambda one: abs(one.having.left.value - one.without.left.value))
    return (
        f"Of customers with {top.term.replace('_', ' ')} {share_words(top.having.left.value)} left{by}, of the others "
        f"{share_words(top.without.left.value)}"
    )


def term_sentence(fact: TermFact) -> str:
    """Say what having a term goes with, bare and in like circumstances."""
    without, having = (share_words(one) for one in fact.standardised)
    return (
        f"{fact.term} ({fact.column}): the bare table gives an odds ratio of {ratio_text(fact.bare_odds_ratio)}. Were "
        f"all customers alike but for it, {without} would leave with none and {having} with one each."
    )


def figures(model: ChurnModel, check: ChurnCheck) -> Iterator[tuple[str, str, str]]:
    """Yield what a model is judged by: name, value, and what it should be."""
    yield "calibration slope", interval_text(check.slope), "1; below it predictions are too extreme"
    yield "level: more left than predicted (log)", interval_text(check.level), "0"
    compared = f"{check.hosmer_lemeshow:.1f} on {check.groups_compared}, p = {check.p_value:.2g}"
    yield "Hosmer-Lemeshow", compared, "p not tiny; it finds ever smaller faults in ever larger tables"
    name = "area under the ROC curve" if model.form == "logistic" else "concordance (Harrell)"
    yield name, interval_text(check.discrimination), "1; 0.5 is guessing"
    yield "Brier score", f"{check.brier:.4f}", f"well below {check.brier_reference:.4f}, one share for everybody"


def check_text(model: ChurnModel, check: ChurnCheck) -> Iterator[str]:
    """Yield a model and its check for a terminal."""
    word = word_of(model)
    yield headline(model, check) + f"; {check.leavers:,} of {check.customers:,} left in all"
    yield ""
    rows = [(one.name, one.step, ratio_text(one.ratio)) for one in check.effects]
    yield grid(("what", "step", f"{word} of leaving times (95 %)"), rows, right=(2,))
    yield ""
    shares = [
        (one.name, f"{one.customers:,}", left_text(one), share_words(one.predicted))
        for fact in check.terms
        for one in (fact.without, fact.having)
    ]
    if shares:
        yield grid(("customers", "n", "left (95 %)", "predicted"), shares, right=(1, 2, 3))
        yield ""
    seen = "customers the fit has not seen" if check.unseen else "the customers it was fitted to: NOT a test"
    yield f"{check.verdict}: predictions for {seen}"
    yield grid(("figure", "value", "should be"), list(figures(model, check)))
