"""The page of what losing customers costs: a leader's first screen, then bands, causes, consequences, costs, limits.

Written from what run.json holds of a run: `losses` (`results.losses`), `causes`, `consequences` and `service_costs`. A
journey map and stories are shown where they are handed over. Where the churn model's base rate is only what customers
said, no amount of money stands anywhere on the page, that of serving among them: one sentence says why.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results.amounts import band_text, money_text, number_text, price_text
from results.consequences import Consequence
from results.log_losses import SIMULATED
from results.loss_bands import Band, Banded
from results.losses import Losses
from results.losses_charts import band_charts, tornado
from results.losses_words import (
    NO_CAUSES,
    Cause,
    cause_name,
    chance_words,
    figure_band,
    figures_of,
    first_causes,
    headline,
    kept_text,
    margin_text,
    narrows_words,
    only_stated,
    over_words,
    parts_sentence,
    period_words,
    price_words,
    risk_sentence,
    scaled_sentence,
    share_words,
    single_sentence,
    to_do,
    told_causes,
    unsure_words,
    value_text,
)
from results.pages import render, title_of
from results.provenance import run_facts
from results.runs import Run, RunError, write_whole
from results.service_costs import CostLine, ServiceCosts
from results.words import NOTHING, share

BELIEVED = (
    "The bands hold chance and what is not known of the coefficients. Whether the rest of the scenario is as your desk "
    "is, they do not hold: compare a run with what was measured."
)
SEEN = (
    "The bands hold chance and what is not known of the coefficients. What the log leaves out, such as contacts that "
    "nobody wrote down, they do not hold."
)
HOURS_UNTOLD = "; what people are paid is not in it, as the log does not tell who was there"
LIMITS = (
    "Nobody was drawn by lot to live through it: the model's ratios compare customers who differ in other ways too. A "
    "trial would tell more.",
    BELIEVED,
    "Who never makes contact is not among these customers, though they may be as unhappy.",
    "Money at risk is what leavers would have paid once no contract binds them, not a forecast of the books: nothing "
    "is discounted, and who comes back is not taken off.",
)


def losses_facts(
    losses: Losses, consequences: Sequence[Consequence] = (), costs: ServiceCosts | None = None
) -> dict[str, Any]:
    """Return what the page is written from, for run.json: `run.write_facts(**losses_facts(...), causes=[...])`."""
    return {
        "losses": losses.facts(),
        "consequences": [dataclasses.asdict(one) for one in consequences],
        "service_costs": None if costs is None else costs.facts(),
    }


def write_losses_page(
    path: Path,
    run: Run,
    journeys: Mapping[str, Any] | None = None,
) -> None:
    """Write the page of a run.

    Args:
        path: the page.
        run: a run whose run.json has `losses`.
        journeys: what customers go through, drawn and told (`results.journey_page.journey_view`).

    Raises:
        RunError: the run does not tell its losses.
    """
    told = run.facts.get("losses")
    if told is None:
        raise RunError(f"{run.folder} tells no losses: its scenario names no churn model (churn:)")
    losses = Losses.of(told)
    causes: list[Cause] = list(run.facts.get("causes") or [])
    consequences = [Consequence.of(one) for one in run.facts.get("consequences") or []]
    costs, of = run.facts.get("service_costs"), run.facts.get("of")
    seen = of is not None and of.get("kind") != SIMULATED
    page = {
        "title": title_of(run.facts),
        "period": period_words(losses.days),
        "over": over_words(losses),
        **_first_screen(losses, causes),
        "bands": band_charts(losses),
        "band_rows": _band_rows(losses),
        "tornado": tornado(causes) if causes else None,
        "cause_rows": [_cause_row(one, losses) for one in (*told_causes(causes), *told_causes(causes, "remedy"))],
        "journeys": journeys,
        "consequences": [_consequence_row(one, losses) for one in consequences],
        "costs": None if costs is None else _costs_view(ServiceCosts.of(costs), losses),
        "model": losses.model,
        "says": [_plain(line) for line in losses.says if ": no effect; " not in line],
        "silent": [line.strip().split(": no effect; ", 1) for line in losses.says if ": no effect; " in line],
        "limits": [*losses.notes, *(SEEN if seen and one == BELIEVED else one for one in LIMITS)],
        "chance": chance_words(losses),
        "one_period": losses.replications == 1,
        "narrows": narrows_words(losses),
        "of_log": of is not None,
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }
    write_whole(path, render("losses.html.j2", page))


def _plain(line: str) -> str:
    """Return a line of what the model says, the name it begins with as people read it."""
    name, colon, rest = line.strip().partition(":")
    return f"{name.replace('_', ' ')}{colon}{rest}"


def _first_screen(losses: Losses, causes: Sequence[Cause]) -> dict[str, Any]:
    return {
        "headline": headline(losses),
        "withheld": losses.withheld,
        "risk": risk_sentence(losses),
        "single": single_sentence(losses),
        "parts": " ".join(filter(None, (scaled_sentence(losses), parts_sentence(losses)))),
        "cards": _cards(losses),
        "first_causes": [_cause_row(one, losses) for one in first_causes(causes)],
        "steps": [_cause_row(one, losses) for one in to_do(causes)],
        "steps_tried": any(one["kind"] == "remedy" for one in to_do(causes)),
        "no_causes": "" if causes else NO_CAUSES,
    }


def _cards(losses: Losses) -> list[dict[str, str]]:
    """Return the figures that a leader sees first, each with its bands; the unit stands with the value alone."""
    shown = (losses.lost, losses.margin or losses.service, losses.revenue)
    return [
        {
            "name": name,
            "value": value_text(one.value, currency),
            "more": f"{share(losses.share.value)} of those in contact" if one is losses.lost else "",
            "chance": band_text(one.chance, None, currency is not None),
            "coefficients": band_text(one.coefficients, None, currency is not None),
            "both": band_text(one.both, None, currency is not None),
        }
        for name, one, currency in figures_of(losses)
        if any(one is figure for figure in shown)
    ]


def _cause_row(cause: Cause, losses: Losses) -> dict[str, str]:
    ratio = cause.get("interval_ratio")
    return {
        "name": cause_name(cause),
        "says": str(cause["says"]),
        "do": str(cause["do"]).rstrip("."),
        "kind": str(cause["kind"]),
        "kept": number_text(cause["customers_kept"]),
        "interval": band_text((cause["low"], cause["high"])),
        "kept_text": kept_text(cause),
        "margin": margin_text(cause, losses),
        "price": price_words(cause, losses),
        "share": share_words(cause),
        "unsure": unsure_words(cause),
        "ratio": NOTHING if ratio is None else f"{ratio:.2g} times",
    }


def _band_rows(losses: Losses) -> list[tuple[str, ...]]:
    rows = [
        (name, value_text(one.value, currency), *(figure_band(band, currency) for band in _bands(one, losses)))
        for name, one, currency in figures_of(losses)
    ]
    shares = [f"{share(low)} to {share(high)}" for low, high in _bands(losses.share, losses)]
    return [*rows, ("lost of those in contact", share(losses.share.value), *shares)]


def _bands(one: Banded, losses: Losses) -> tuple[Band, ...]:
    """Return the bands in the order of the table; of one period alone that of its mean is the same."""
    single = () if losses.replications == 1 else (one.single,)
    return one.chance, *single, one.coefficients, one.both


def _consequence_row(one: Consequence, losses: Losses) -> dict[str, str]:
    is_money = one.unit == "money"
    currency = losses.currency if is_money else None
    hidden = one.value is None or (is_money and only_stated(losses))
    value = NOTHING if hidden else money_text(one.value, currency) if is_money else number_text(one.value)
    return {
        "says": one.says,
        "value": value,
        "unit": "" if hidden or is_money else one.unit,
        "band": "" if hidden or one.band is None else band_text(one.band, currency, is_money),
        "how": str(losses.withheld) if is_money and only_stated(losses) else one.how,
        "source": one.source,
    }


def _costs_view(costs: ServiceCosts, losses: Losses) -> dict[str, Any]:
    hidden = only_stated(losses)
    total, each = (None if hidden else amount for amount in (costs.total, costs.per_case))
    sentence = ""
    if total is not None:
        sentence = (
            f"Serving {number_text(costs.cases)} cases in {period_words(losses.days)} costs "
            f"{money_text(total, losses.currency)}, {price_text(round(each or 0.0, 2), losses.currency)} each"
            f"{'' if any(line.unit == 'hours' for line in costs.lines) else HOURS_UNTOLD}."
        )
    return {
        "sentence": str(losses.withheld) if hidden else sentence,
        "rows": [_cost_row(line, losses.currency, hidden) for line in costs.lines],
        "untold": [] if hidden else costs.untold,
        "hidden": hidden,
    }


def _cost_row(line: CostLine, currency: str | None, hidden: bool) -> dict[str, Any]:
    untold = "not told" if not hidden else NOTHING
    return {
        "what": line.what,
        "note": line.note,
        "part": line.part,
        "quantity": number_text(line.quantity),
        "each": untold if line.each is None or hidden else price_text(line.each, currency),
        "amount": untold if line.amount is None or hidden else money_text(line.amount, currency),
    }
