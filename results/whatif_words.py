"""How a what-if is told: names, values, sentences and rows that the page and the terminal share.

Reads plain values as run.json has them (`results.whatif.WhatIf.facts`). Decides nothing and reckons nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.amounts import money_text, number_text
from results.terminal import grid
from results.whatif import CANNOT_TELL, SAME
from results.words import NOTHING, amount, change, channel_words, definition, listed, metric_words, size
from scenarios.metric_directions import OWN_FIGURES

Facts = Mapping[str, Any]

_OWN_WORDS = {
    "customers_lost": "Customers lost",
    "margin_lost": "Margin that they take along",
    "contacts": "Contacts that came",
    "paid_hours": "Paid hours",
    "cost_of_serving": "Cost of serving",
}

VERDICT_WORDS = {
    "better": "better", "worse": "worse", "same": "same within tolerance", "cannot tell": "cannot tell", None: "",
}  # fmt: skip
VERDICT_TONES = {"better": "agrees", "worse": "differs", "same": "", "cannot tell": "cannot-tell", None: ""}
VERDICT_SIGNS = {"better": "✓", "worse": "✗", "same": "=", "cannot tell": "?", None: ""}

NO_CHANGE = "changes no value of the scenario: it is the same"
NO_EFFECT = "no figure differs in any replication"


def figure_name(measure: Facts) -> str:
    """Name a figure for people who plan: what is measured, and of which channel or team."""
    metric = str(measure["metric"])
    words = _OWN_WORDS[metric] if metric in OWN_FIGURES else metric_words(metric, measure["within_s"])
    about = channel_words(measure["channel"], measure["team"]) if measure["channel"] else measure["team"]
    return f"{about}: {words[0].lower()}{words[1:]}" if about else words


def key_name(measure: Facts) -> str:
    """Name a figure by its definition, as a scenario does."""
    about = measure["channel"] or measure["team"]
    return ".".join(filter(None, (about, definition(str(measure["metric"]), measure["within_s"]))))


def value_text(value: float | None, unit: str, currency: str | None) -> str:
    """Write a value in its unit."""
    if value is None:
        return NOTHING
    if unit in ("s", "share"):
        return amount(value, unit)
    return money_text(value, currency) if unit == "money" else f"{number_text(value)}{' h' if unit == 'h' else ''}"


def change_text(value: float | None, unit: str, currency: str | None) -> str:
    """Write a difference with its sign."""
    if value is None:
        return NOTHING
    if unit in ("s", "share"):
        return change(value, unit)
    return ("+" if value > 0 else "") + value_text(value, unit, currency)


def interval_text(one: Facts, unit: str, currency: str | None) -> str:
    """Write the interval of a difference; one that has no end yet says so."""
    if one["difference"] is None:
        return NOTHING
    if one["low"] is None:
        return "too early to say"
    return " to ".join(change_text(one[end], unit, currency) for end in ("low", "high"))


def tolerance_text(measure: Facts, one: Facts, currency: str | None) -> str:
    """Write a tolerance, and who told it."""
    if one["tolerance"] is None:
        return NOTHING
    unit = measure["unit"]
    wide = size(one["tolerance"], unit) if unit in ("s", "share") else value_text(one["tolerance"], unit, currency)
    of = "" if measure["relative"] is None else f", {100 * measure['relative']:g} % of what it is"
    source = {"asked": "as asked", "gate": "a gate of the scenario", "usual": "the usual one"}
    return f"±{wide} ({source[measure['tolerance_source']]}{of})"


def need_text(one: Facts) -> str:
    """Say what would decide, where it cannot be told yet."""
    if one["verdict"] != CANNOT_TELL:
        return ""
    if one["difference"] is None:
        return "nothing is known of it here"
    if one["would_decide"] is None:
        return "how many replications would decide is not known"
    return f"about {one['would_decide']:,} replications would decide"


def sentence_of(told: Facts, measures: Sequence[Facts]) -> str:
    """Say in a sentence what an alternative does."""
    if not told["differs"]:
        return NO_CHANGE
    if told["changes_nothing"]:
        return NO_EFFECT
    found: dict[str, list[str]] = {}
    for measure, one in zip(measures, told["differences"], strict=True):
        if measure["decides"]:
            found.setdefault(one["verdict"], []).append(figure_name(measure))
    parts = [f"{verdict}: {listed(found[verdict])}" for verdict in ("better", "worse", CANNOT_TELL) if verdict in found]
    if SAME in found:
        parts.append(f"the same within tolerance: {listed(found[SAME])}")
    return "; ".join(parts) or "no figure that was asked for has a better way"


def headline(facts: Facts) -> str:
    """Say what came of all alternatives."""
    if not facts["decided"]:
        left = sum(any(_open(facts, told)) for told in facts["alternatives"])
        return f"{left} of {_count(facts)} cannot be told on every figure that decides"
    better, worse = (sum(verdict in _verdicts(facts, told) for told in facts["alternatives"]) for verdict in _WAYS)
    return f"{_count(facts)}: {better} better and {worse} worse than today in something, the rest the same"


_WAYS = ("better", "worse")


def _count(facts: Facts) -> str:
    number = len(facts["alternatives"])
    return f"{number} alternative{'' if number == 1 else 's'}"


def _verdicts(facts: Facts, told: Facts) -> set[str]:
    pairs = zip(facts["measures"], told["differences"], strict=True)
    return {one["verdict"] for measure, one in pairs if measure["decides"]}


def _open(facts: Facts, told: Facts) -> Iterator[bool]:
    yield CANNOT_TELL in _verdicts(facts, told)


def how_sure(facts: Facts) -> str:
    """Say what the intervals hold."""
    looks = len(facts["looks"])
    return (
        f"Each world was played at most {facts['looks'][-1]} times, on the same luck, and looked at "
        f"{looks} time{'' if looks == 1 else 's'}. The intervals of figures that decide hold together at 95 %, at "
        f"every look; that of each other figure holds at 95 % by itself."
    )


def rows_of(facts: Facts, told: Facts) -> list[tuple[Facts, Facts]]:
    """Return the measures worth a row: those that decide, are judged, are its price, or surely differ."""
    pairs = zip(facts["measures"], told["differences"], strict=True)
    return [
        (measure, one) for measure, one in pairs
        if measure["decides"] or measure["better"] or _surely(one) or measure["metric"] in _PRICES
    ]  # fmt: skip


_PRICES = ("paid_hours", "cost_of_serving")


def _surely(one: Facts) -> bool:
    return one["low"] is not None and (one["low"] > 0 or one["high"] < 0)


def whatif_text(facts: Facts) -> str:
    """Return the tables for a terminal: a table for each alternative, deciding figures first."""
    head = ("figure", "now", "then", "difference", "interval", "", "luck apart")
    tables = []
    for told in facts["alternatives"]:
        title = f"{told['name']}{' – ' + told['says'] if told['says'] else ''}"
        lines = [f"{title}: {sentence_of(told, facts['measures'])}"]
        if told["differs"]:
            rows = [_cells(measure, one, facts["currency"]) for measure, one in rows_of(facts, told)]
            lines += [grid(head, rows, right=(1, 2, 3, 4, 6)), f"{told['replications']} replications"]
        tables.append("\n".join(lines))
    luck = "luck apart: how many times wider the interval were with luck of its own in each world"
    return "\n\n".join([*tables, f"{how_sure(facts)}\n* decides; {luck}."])


def _cells(measure: Facts, one: Facts, currency: str | None) -> tuple[str, ...]:
    unit = measure["unit"]
    verdict = VERDICT_WORDS[one["verdict"]]
    need = need_text(one)
    return (
        f"{'*' if measure['decides'] else ' '} {key_name(measure)}",
        *(value_text(one[name], unit, currency) for name in ("base", "value")),
        change_text(one["difference"], unit, currency),
        interval_text(one, unit, currency),
        f"{verdict}: {need}" if need else verdict,
        ratio_text(one),
    )


def ratio_text(one: Facts) -> str:
    """Say how many times wider the interval were with independent luck."""
    return NOTHING if one["interval_ratio"] is None else f"x {number_text(one['interval_ratio'])}"
