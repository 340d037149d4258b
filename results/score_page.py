"""What a page shows of a run that was scored: the card, what was missed in whose words, and how consistent it was.

Only contacts that may be shown; nobody's score alone is a verdict. Texts stay texts: escaping is the template's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from results.consistency import Consistency, FactAgreement, Spread, Tone, consistency_of
from results.ratings import MACHINE
from results.runs import Run
from results.scorecard_text import headline, interval_text, share_text, summary
from results.scores import CardScore, score_cards
from results.words import duration
from scenarios.faults import FaultsFoundError
from scenarios.scorecard import Scorecard, scorecard_named

QUOTES_MOST = 3

PROMISE_STATES = {
    "kept": "kept in time", "late": "late", "broken": "broken", "moved": "put off", "open": "not due yet",
    "unseen": "fell due with nobody looking", "vague": "without a time",
}  # fmt: skip


@dataclass(frozen=True)
class CriterionView:
    """A row of the card: how often it was met, and the words of some misses."""

    title: str
    met: str
    share: str
    bar: float
    note: str
    quotes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ScoresView:
    """All that a page shows of scores."""

    title: str
    headline: str
    sections: tuple[tuple[str, tuple[CriterionView, ...]], ...]
    critical: tuple[tuple[str, str], ...]
    facts: tuple[FactAgreement, ...]
    times: tuple[tuple[str, str, str, str, str, str], ...]
    tones: tuple[tuple[str, str, str, str], ...]
    promises: tuple[tuple[str, int], ...]
    people: int
    """How many answers are people's."""


def scores_view(run: Run, shown: set[str]) -> ScoresView | None:
    """Return what a page shows of a scored run; None where it was not scored.

    Args:
        run: the run.
        shown: the contacts that may be shown.
    """
    table = run.table("scores")
    if table.empty:
        return None
    try:
        card = scorecard_named(str(table["card"].iloc[0]))
    except FaultsFoundError:
        return None
    cards = [one for one in score_cards(run, card) if one.contact_id in shown]
    if not cards:
        return None
    consistency = consistency_of(run)
    promises = run.table("promises")
    states = Counter(promises.loc[promises["contact_id"].isin(shown), "state"])
    return ScoresView(
        card.title,
        headline(card, cards).partition(": ")[2],
        tuple((section.title, tuple(_criteria(card, name, cards))) for name, section in card.sections.items()),
        tuple(
            (kind, f"{share_text(share)} of {share['n']} contacts")
            for kind, share in summary(card, cards)["critical"].items()
        ),
        tuple(_shown_facts(consistency, shown)),
        tuple(_time_row(one) for one in consistency.times),
        tuple(_tone_row(one) for one in consistency.tones if one.group == "all" and one.found.n),
        tuple((told, states[state]) for state, told in PROMISE_STATES.items() if states[state]),
        sum(answer.rater != MACHINE for one in cards for answer in one.answers),
    )


def _criteria(card: Scorecard, section: str, cards: Sequence[CardScore]) -> list[CriterionView]:
    views = []
    for name, criterion in card.sections[section].criteria.items():
        answers = [(one.contact_id, next(a for a in one.answers if a.criterion == name)) for one in cards]
        counted = [answer for _, answer in answers if not math.isnan(answer.share)]
        met = sum(answer.share for answer in counted)
        states = Counter(str(answer.state) for _, answer in answers if math.isnan(answer.share))
        note = {"suggested": "a person has to judge", "asked": "a person has to answer"}
        waits = [words for state, words in note.items() if states[state]]
        show = "suggested" if criterion.informs else "missed"
        quotes = [(answer.quote, contact) for contact, answer in answers if answer.state == show and answer.quote]
        views.append(
            CriterionView(
                criterion.title,
                f"{met:g} of {len(counted)}" if counted else "–",
                f"{100 * met / len(counted):.0f} %" if counted else "–",
                met / len(counted) if counted else 0.0,
                "; ".join(waits),
                tuple({quote: (quote, contact) for quote, contact in quotes}.values())[:QUOTES_MOST],
            )
        )
    return views


def _shown_facts(consistency: Consistency, shown: set[str]) -> list[FactAgreement]:
    return [
        fact
        for fact in consistency.facts
        if fact.clash is None or fact.clash.contact_id in shown or fact.clash.against in shown
    ]


def _time_row(one: Spread) -> tuple[str, str, str, str, str, str]:
    who = f"{one.group} {one.name}".strip()
    return (
        who,
        str(one.contacts),
        str(one.unanswered),
        duration(one.low_s),
        duration(one.median_s),
        duration(one.high_s),
    )


def _tone_row(one: Tone) -> tuple[str, str, str, str]:
    true = "–" if one.true is None else interval_text(one.true)
    return one.label.replace("_", " "), str(one.found.n), interval_text(one.found), true
