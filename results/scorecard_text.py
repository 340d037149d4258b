"""Scores, agreement and consistency in words: what a terminal and --json show of a run that was scored."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from results.consistency import Consistency, FactAgreement, Spread, Tone
from results.rates import Share, share_of
from results.scores import CardScore
from results.statistics import replication_estimate
from results.terminal import grid
from results.words import duration
from scenarios.scorecard import Scorecard

SHOPS_LEAST = 5
"""Fewer contacts have figures but no verdict: one bad day is no pattern."""

QUOTES_MOST = 3
CONTACTS_MOST = 20


def scores_document(card: Scorecard, cards: Sequence[CardScore]) -> dict[str, Any]:
    """Return filled cards for JSON, with their mean, who passed, and the accuracy of each critical kind."""
    told = summary(card, cards)
    return {
        "card": card.scorecard, "card_version": card.version, **told,
        "scores": [
            {
                "contact_id": one.contact_id, "score": one.score, "passed": one.passed, "sections": dict(one.sections),
                "failed_by": list(one.failed_by), "critical": dict(one.critical),
                "answers": [asdict(answer) for answer in one.answers],
            }
            for one in cards
        ],
    }  # fmt: skip


def summary(card: Scorecard, cards: Sequence[CardScore]) -> dict[str, Any]:
    """Return the mean score with its interval, the share that passed, and critical accuracies with theirs."""
    scores = np.array([one.score for one in cards if not math.isnan(one.score)])
    mean = replication_estimate(scores)
    low, high = mean.interval() if len(scores) > 1 else (math.nan, math.nan)
    judged = [one.passed for one in cards if one.passed is not None]
    share = share_of(sum(judged), len(judged))
    kinds = sorted({kind for one in cards for kind in one.critical})
    critical = {
        kind: asdict(
            share_of(sum(one.critical.get(kind, False) for one in cards), sum(kind in one.critical for one in cards))
        )
        for kind in kinds
    }
    few = len(scores) < SHOPS_LEAST
    passed = None if few or card.pass_at is None else bool(mean.value >= card.pass_at)
    return {
        "contacts": len(cards), "scored": len(scores),
        "mean": mean.value, "low": max(low, 0.0), "high": min(high, 100.0),
        "pass_at": card.pass_at, "passed": passed, "passed_share": asdict(share), "critical": critical,
    }  # fmt: skip


def scores_text(
    card: Scorecard, cards: Sequence[CardScore], agreed: Sequence[Mapping[str, Any]], drift: Mapping[str, Any]
) -> str:
    """Return filled cards as a terminal shows them."""
    told = summary(card, cards)
    lines = [f"{card.title} (card {card.scorecard}, version {card.version})", "", *_headline(told, card), ""]
    lines += [grid(["criterion", "met", "of", "share", ""], list(_criteria(card, cards)), right=(1, 2, 3)), ""]
    for name, share in told["critical"].items():
        lines.append(f"no error critical to the {name} in {share_text(share)} of {share['n']} contacts")
    failed = Counter(name for one in cards for name in one.failed_by)
    lines += [f"{count} contacts score 0 by {name}" for name, count in failed.most_common()]
    disputed = sum(answer.disputed for one in cards for answer in one.answers)
    if disputed:
        lines.append(f"{disputed} answers are disputed and not settled")
    lines += list(_agreement_lines(agreed, drift))
    return "\n".join(lines)


def headline(card: Scorecard, cards: Sequence[CardScore]) -> str:
    """Return one line on how a card came out."""
    return f"{card.title}: " + "; ".join(_headline(summary(card, cards), card))


def _headline(told: Mapping[str, Any], card: Scorecard) -> Iterator[str]:
    if not told["scored"]:
        yield "No contact could be scored: nothing was said that the card applies to."
        return
    if told["scored"] < SHOPS_LEAST:
        yield (
            f"{told['scored']} contacts were scored, {told['mean']:.0f} of 100 on average. That is too few to say "
            f"anything of the desk; {SHOPS_LEAST} is the least."
        )
        return
    yield (
        f"{told['mean']:.0f} of 100 on average (95 % {told['low']:.0f} to {told['high']:.0f}), "
        f"{told['scored']} contacts scored of {told['contacts']}"
    )
    if card.pass_at is not None:
        share = told["passed_share"]
        yield f"{share_text(share)} reach {card.pass_at:g}"


def share_text(share: Mapping[str, Any]) -> str:
    """Return a share with its interval, as `summary` tells one."""
    if not share["n"]:
        return "none"
    return f"{100 * share['value']:.0f} % ({100 * share['low']:.0f} to {100 * share['high']:.0f})"


def _criteria(card: Scorecard, cards: Sequence[CardScore]) -> Iterator[list[str]]:
    """Yield a row a criterion: how often met, and where missed the words that show it."""
    for _, name, criterion in card.criteria():
        answers = [next(answer for answer in one.answers if answer.criterion == name) for one in cards]
        counted = [answer for answer in answers if not math.isnan(answer.share)]
        notes = Counter(answer.state for answer in answers if math.isnan(answer.share))
        note = ", ".join(f"{count} {state}" for state, count in sorted(notes.items()))
        if criterion.informs and notes["suggested"]:
            doubts = sum(bool(answer.quote) for answer in answers if answer.state == "suggested")
            note += f" ({doubts} with a quote to look at)" if criterion.misses else ""
        met = sum(answer.share for answer in counted)
        share = f"{100 * met / len(counted):.0f} %" if counted else "-"
        yield [name, f"{met:g}", str(len(counted)), share, note]
        missed = [answer for answer in counted if answer.state == "missed" and answer.quote]
        for quote in list(dict.fromkeys(answer.quote for answer in missed))[:QUOTES_MOST]:
            yield ["", "", "", "", f"“{quote}”"]


def _agreement_lines(agreed: Sequence[Mapping[str, Any]], drift: Mapping[str, Any]) -> Iterator[str]:
    if not agreed:
        return
    yield ""
    rows = [
        [one["criterion"] or "all", ", ".join(one["raters"]), str(one["units"]), f"{100 * one['same']:.0f} %",
         _coefficient(one["kappa"]), _coefficient(one["ac1"]), _coefficient(one["alpha"])]
        for one in agreed
    ]  # fmt: skip
    yield grid(["agreement on", "raters", "n", "same", "kappa", "AC1", "alpha"], rows, right=(2, 3))
    for month, one in drift.items():
        yield f"in {month}: AC1 {_coefficient(one['ac1'])} over {one['units']} answers"


def _coefficient(told: Mapping[str, Any] | None) -> str:
    if told is None or math.isnan(told["value"]):
        return "-"
    if math.isnan(told["low"]):
        return f"{told['value']:.2f}"
    return f"{told['value']:.2f} ({told['low']:.2f} to {told['high']:.2f})"


def consistency_text(consistency: Consistency) -> str:
    """Return how consistent a desk was as a terminal shows it."""
    lines = ["", "Consistency"]
    if not consistency.facts:
        lines.append("no question was answered twice, so nothing can be said of it")
    for fact in consistency.facts:
        lines += list(_fact_lines(fact))
    lines += ["", *_time_lines(consistency.times), "", *_tone_lines(consistency.tones)]
    return "\n".join(lines)


def _fact_lines(fact: FactAgreement) -> Iterator[str]:
    agreement = f"pairs that agree {interval_text(fact.agreement)}" if fact.agreement.n else "told once"
    true = f", as published {interval_text(fact.true)}" if fact.true.n else ""
    yield f"{fact.fact}: {fact.verdict}; {fact.answers} answers, {agreement}{true}"
    if fact.clash is not None:
        yield f"    “{fact.clash.quote}” ({fact.clash.contact_id})"
        yield f"    against “{fact.clash.against_quote}” ({fact.clash.against})"
    for name, share in fact.groups.items():
        yield f"    {name}: {interval_text(share)}"


def interval_text(share: Share) -> str:
    """Return a share with its interval in per cent."""
    if math.isnan(share.value):
        return "-"
    if math.isnan(share.low):
        return f"{100 * share.value:.0f} %"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _time_lines(times: Sequence[Spread]) -> Iterator[str]:
    rows = [
        [f"{one.group} {one.name}".strip(), str(one.contacts), str(one.unanswered), duration(one.low_s),
         duration(one.median_s), duration(one.high_s)]
        for one in times
    ]  # fmt: skip
    yield grid(["until a useful answer", "contacts", "without", "10 %", "half", "90 %"], rows, right=(1, 2, 3, 4, 5))


def _tone_lines(tones: Sequence[Tone]) -> Iterator[str]:
    rows = [
        [
            tone.label,
            str(tone.found.n),
            interval_text(tone.found),
            "-" if tone.true is None else interval_text(tone.true),
        ]
        for tone in tones
        if tone.group == "all" and tone.found.n
    ]
    yield grid(["seen in", "contacts", "found", "likely true"], rows, right=(1,))
