"""The verbs of QA teams after a shop: score, rate, dispute; see how far raters agree and how consistent a desk is."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.exits import Exit, UsageError
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from results.ratings import Kind
    from results.runs import Run
    from results.scores import CardScore
    from scenarios.scorecard import Scorecard

KINDS: dict[str, Kind] = {"rate": "rated", "override": "overridden", "dispute": "disputed", "settle": "settled"}


def score(asked: argparse.Namespace) -> int:
    """Score what was said in runs on a scorecard; rate, dispute and settle; show agreement and consistency."""
    from results.runs import Run

    card = card_named(asked.card or "conduct")
    runs = [Run.open(folder) for folder in asked.runs]
    given = [kind for kind in KINDS if getattr(asked, kind)]
    if given or asked.take or asked.sheet:
        if len(runs) != 1:
            raise UsageError("ratings and sheets are of one run")
        return _rated(asked, runs[0], card, given)
    if asked.judge:
        return _judged(asked, runs, card)
    from results.trend import trend_of, trend_text

    scored = [_scored(asked, run, card) for run in runs]
    documents = [document for _, document in scored]
    trend = trend_of([(run, cards) for run, (cards, _) in zip(runs, scored, strict=True)])
    if asked.json:
        told = {"runs": documents, "trend": [dataclasses.asdict(point) for point in trend]}
        print_json(documents[0] if len(documents) == 1 else told)
    elif len(runs) > 1:
        print(trend_text(trend))
    codes = [document["passed"] for document in documents]
    return Exit.DIFFERS if False in codes else Exit.AGREES


def card_named(told: str) -> Scorecard:
    """Return a scorecard by its file or its name."""
    from scenarios.scorecard import read_scorecard, scorecard_named

    return read_scorecard(Path(told)) if told.endswith((".yaml", ".yml")) else scorecard_named(told)


def make_scored(asked: argparse.Namespace, run: Run) -> None:
    """Score a run's messages anew, and write its tables."""
    from probes.scoring.due import hours_of
    from probes.scoring.published import published_detectors, read_published
    from probes.scoring.score_run import score_run

    published = read_published(asked.published) if getattr(asked, "published", None) else {}
    try:
        hours = hours_of(run.facts.get("holidays", []), getattr(asked, "hours", None))
    except ValueError as error:
        raise UsageError(f"--hours: {error}") from None
    with progress_bar(asked, f"scoring {run.folder}") as progress:
        counts = score_run(run, hours, published, progress)
    run.write_facts(scored=counts, detectors=published_detectors())
    asked_for = set(run.table("answers")["fact"])
    for fact in sorted(set(published) - asked_for):
        known = ", ".join(sorted(asked_for)) or "none"
        say(f"{asked.published}: nobody was asked for {fact!r}; what was asked for in {run.folder}: {known}")


def _scored(asked: argparse.Namespace, run: Run, card: Scorecard) -> tuple[list[CardScore], dict[str, Any]]:
    from results.consistency import consistency_of
    from results.ratings import agreement, drift, ratings_of
    from results.scorecard_text import consistency_text, scores_document, scores_text
    from results.scores import machine_answers, score_cards

    make_scored(asked, run)
    cards = score_cards(run, card)
    write_scores(run, card, cards)
    consistency = consistency_of(run)
    document = {"run": str(run.folder), **scores_document(card, cards), "consistency": dataclasses.asdict(consistency)}
    ratings = ratings_of(run)
    if ratings:
        machine = machine_answers(cards)
        agreed = agreement(ratings, machine, card, asked.against)
        document["agreement"] = [dataclasses.asdict(one) for one in agreed]
        document["drift"] = {month: dataclasses.asdict(one) for month, one in drift(ratings, machine, card).items()}
    if not asked.json:
        print(scores_text(card, cards, document.get("agreement", []), document.get("drift", {})))
        print(consistency_text(consistency))
        print(run.folder)
    return cards, document


@dataclasses.dataclass(frozen=True)
class ScoredShop:
    """What `shop` tells of conduct: what was seen, and a score of each contact, and a line on the whole."""

    findings: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    headline: str


MESSAGES_MOST = 20_000
"""A shop with more is scored by `testdrive score` alone: it takes a millisecond each."""


def score_shop(asked: argparse.Namespace, run: Run, card: Scorecard) -> ScoredShop | None:
    """Score a shop that has just ended; None where nothing was said, or too much to wait for."""
    from results.scorecard_text import headline, scores_document
    from results.scores import score_cards

    messages = len(run.table("messages"))
    if not 0 < messages <= MESSAGES_MOST:
        return None
    make_scored(asked, run)
    cards = score_cards(run, card)
    write_scores(run, card, cards)
    scores = [
        {
            "card": card.scorecard,
            "card_version": card.version,
            **{key: one[key] for key in ("contact_id", "score", "passed")},
        }
        for one in scores_document(card, cards)["scores"]
    ]
    findings = run.table("findings").astype(object).to_dict("records")
    return ScoredShop(
        [{str(key): value for key, value in row.items()} for row in findings], scores, headline(card, cards)
    )


def write_scores(run: Run, card: Scorecard, cards: Sequence[CardScore]) -> None:
    """Write the table of a card filled in for every contact."""
    from results.scores import scores_table

    legs = run.table("legs")
    journeys = dict(zip(legs["contact_id"], legs["journey"], strict=True))
    run.write_table("scores", scores_table(card, cards, journeys))


def _rated(asked: argparse.Namespace, run: Run, card: Scorecard, given: list[str]) -> int:
    from results.rating_sheets import read_sheet, write_sheet
    from results.ratings import rate

    if asked.sheet:
        rows = write_sheet(asked.sheet, run, card, blind=asked.blind)
        say(
            f"{rows} questions in {asked.sheet}; fill in the column `answer`, then: testdrive score {run.folder} --take"
        )
        return Exit.AGREES
    if asked.take:
        said = read_sheet(asked.take)
        ratings = rate(
            run, card, said, asked.by_whom or "", "overridden" if asked.as_override else "rated", asked.note or ""
        )
    else:
        ratings = []
        for kind in given:
            told = [_told(text, kind) for text in getattr(asked, kind)]
            ratings += rate(run, card, told, asked.by_whom or "", KINDS[kind], asked.note or "")
    if asked.json:
        print_json({"run": str(run.folder), "ratings": [dataclasses.asdict(one) for one in ratings]})
    else:
        print(f"{len(ratings)} written down; {run.folder}")
    return Exit.AGREES


def _told(text: str, kind: str) -> tuple[str, str, str | None]:
    """Read CONTACT:CRITERION=ANSWER; a dispute has no answer."""
    place, _, answer = text.partition("=")
    contact, _, criterion = place.rpartition(":")
    if not contact or not criterion or (kind != "dispute" and not answer):
        wanted = "CONTACT:CRITERION" if kind == "dispute" else "CONTACT:CRITERION=ANSWER"
        raise UsageError(f"--{kind} {text!r}: told as {wanted}")
    return contact, criterion, answer or None


def _judged(asked: argparse.Namespace, runs: list[Run], card: Scorecard) -> int:
    """Ask the charter's judge; what it says is one more rating, and decides nothing."""
    from probes.scoring.judge import ask_judge
    from scenarios.charter import read_charter

    if asked.charter is None:
        raise UsageError("--judge needs --charter FILE: a judge is asked only where the charter's outputs list it")
    charter = read_charter(asked.charter)
    rows: list[Mapping[str, Any]] = []
    for run in runs:
        make_scored(asked, run)
        with progress_bar(asked, f"asking the judge about {run.folder}") as progress:
            told = ask_judge(run, card, charter, asked.judge, progress)
        rows.append({"run": str(run.folder), **dataclasses.asdict(told)})
        if not asked.json:
            print(f"{told.answered} answers by {told.rater}, {told.refused} without a true quote; {run.folder}")
    if asked.json:
        print_json(rows[0] if len(rows) == 1 else {"runs": rows})
    return Exit.AGREES


def validate_scoring(asked: argparse.Namespace) -> int:
    """Hold the scoring rules against labelled replies."""
    from probes.scoring.accuracy import LabelledError, score_files
    from probes.scoring.published import accuracy_table, report_files

    files = list(asked.scoring) or report_files()
    try:
        with progress_bar(asked, "scoring labelled replies") as progress:
            rules = score_files(files, progress)
    except LabelledError as error:
        raise UsageError(str(error)) from None
    if asked.json:
        print_json({"rules": [dataclasses.asdict(rule) for rule in rules]})
    else:
        print(accuracy_table(rules))
    return Exit.AGREES
