"""A scorecard filled in: for every contact and criterion whether it was met, who says so, and the words behind it.

States: met, partly (on a scale), missed, na (does not apply, or nothing tells), suggested (conduct that needs
judgement: the machine's opinion, until a person confirms it), asked (only a person can tell, and none has yet). What is
na, suggested or asked counts in neither sum. A bonus counts where it is met. No data is never a pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from results.log import OUR_FAULTS
from results.ratings import MACHINE, NA, Rating, decided, open_disputes, ratings_of
from results.runs import Run
from scenarios.scorecard import Criterion, Critical, Limit, Scorecard

State = Literal["met", "partly", "missed", "na", "suggested", "asked"]
PEOPLE = ("human", "agent", "bot", "automatic")

NEVER_ENDED = ("failed", "unstarted", "withheld", "censored")


@dataclass(frozen=True)
class Answered:
    """How one criterion came out for one contact.

    Attributes:
        share: of what could be reached, 0 to 1; nan where it does not count.
        rater: the machine, or who overrode it.
        turn, quote: where it is seen; None and empty where it is the lack of something that shows.
    """

    section: str
    criterion: str
    state: State
    share: float
    rater: str = MACHINE
    turn: int | None = None
    quote: str = ""
    disputed: bool = False


@dataclass(frozen=True)
class CardScore:
    """A card filled in for one contact.

    Attributes:
        score: 0 to 100; nan where nothing applied.
        sections: the score of each section.
        failed_by: the criteria whose miss made the whole card 0.
        critical: by kind, whether nothing critical was missed; kinds that did not apply are left out.
        passed: None where the card has no bar or nothing applied.
    """

    contact_id: str
    score: float
    sections: Mapping[str, float]
    answers: tuple[Answered, ...]
    failed_by: tuple[str, ...]
    critical: Mapping[Critical, bool]
    passed: bool | None


@dataclass(frozen=True)
class Tables:
    """What a card is filled in from: the tables of a run."""

    legs: pd.DataFrame
    steps: pd.DataFrame
    messages: pd.DataFrame
    findings: pd.DataFrame
    promises: pd.DataFrame
    answers: pd.DataFrame

    @classmethod
    def of(cls, run: Run) -> Tables:
        """Read them from a run that was scored."""
        return cls(*(run.table(name) for name in ("legs", "steps", "messages", "findings", "promises", "answers")))


def score_cards(run: Run, card: Scorecard) -> list[CardScore]:
    """Fill in a card for every contact of a run that was scored, people's words taken into account."""
    ratings = ratings_of(run)
    return fill_in(Tables.of(run), card, decided(ratings, card), open_disputes(ratings))


def fill_in(
    tables: Tables,
    card: Scorecard,
    overrides: Mapping[tuple[str, str], Rating] | None = None,
    disputed: Iterable[tuple[str, str]] = (),
) -> list[CardScore]:
    """Fill in a card for every contact, in the order of the log; our own faults are left out.

    Args:
        tables: of the run.
        card: the card.
        overrides: what people decided, by (contact, criterion).
        disputed: what is disputed and not settled.
    """
    told = set(disputed)
    seen = _Seen(tables)
    scored: list[CardScore] = []
    for contact in seen.contacts:
        answers = []
        for section, name, criterion in card.criteria():
            rating = (overrides or {}).get((contact, name))
            answer = (
                _by_people(section, name, criterion, rating)
                if rating
                else seen.answer(contact, section, name, criterion)
            )
            answers.append(answer if (contact, name) not in told else _disputed(answer))
        scored.append(card_score(contact, card, answers))
    return scored


def card_score(contact: str, card: Scorecard, answers: Sequence[Answered]) -> CardScore:
    """Add up the answers of one contact as the card weighs them."""
    by_name = {answer.criterion: answer for answer in answers}
    sections: dict[str, float] = {}
    reached = possible = 0.0
    for name, section in card.sections.items():
        got = could = 0.0
        for criterion_name, criterion in section.criteria.items():
            share = by_name[criterion_name].share
            if math.isnan(share):
                continue
            got += criterion.weight * share
            could += 0.0 if criterion.bonus else criterion.weight
        if could:
            sections[name] = min(100 * got / could, 100.0)
            reached += section.weight * got / could
            possible += section.weight
    criteria = {name: criterion for _, name, criterion in card.criteria()}
    failed_by = tuple(name for name, c in criteria.items() if c.auto_fail and by_name[name].state == "missed")
    score = min(100 * reached / possible, 100.0) if possible else math.nan
    if failed_by:
        score = 0.0
    critical: dict[Critical, bool] = {}
    for name, criterion in criteria.items():
        if criterion.critical is not None and not math.isnan(by_name[name].share):
            critical[criterion.critical] = critical.get(criterion.critical, True) and by_name[name].share == 1
    passed = None if card.pass_at is None or math.isnan(score) else score >= card.pass_at
    return CardScore(contact, score, sections, tuple(answers), failed_by, critical, passed)


def scores_table(card: Scorecard, scored: Iterable[CardScore], journeys: Mapping[str, str | None]) -> pd.DataFrame:
    """Return filled cards as rows of the table `scores`."""
    criteria = {name: criterion for _, name, criterion in card.criteria()}
    rows = [
        {
            "contact_id": one.contact_id, "journey": journeys.get(one.contact_id), "card": card.scorecard,
            "card_version": card.version, "section": answer.section, "criterion": answer.criterion,
            "state": answer.state, "share": answer.share, "critical": criteria[answer.criterion].critical,
            "rater": answer.rater, "disputed": answer.disputed, "turn": answer.turn, "quote": answer.quote or None,
        }
        for one in scored
        for answer in one.answers
    ]  # fmt: skip
    return pd.DataFrame(rows)


def machine_answers(scored: Iterable[CardScore]) -> dict[tuple[str, str], float | str]:
    """Return what the machine says of each (contact, criterion), suggestions included, as a rater's answers."""
    said: dict[tuple[str, str], float | str] = {}
    for one in scored:
        for answer in one.answers:
            if answer.rater != MACHINE or answer.state == "asked":
                continue
            value: float | str | None = {"met": 1.0, "missed": 0.0, "na": NA}.get(answer.state)  # type: ignore[assignment]
            if answer.state == "suggested":
                value = 1.0 if answer.quote == "" else 0.0
            if value is not None:
                said[one.contact_id, answer.criterion] = value
    return said


def _by_people(section: str, name: str, criterion: Criterion, rating: Rating) -> Answered:
    if rating.answer == NA or rating.answer is None:
        return Answered(section, name, "na", math.nan, rating.by, quote=rating.note)
    share = float(rating.answer) / criterion.scale
    state: State = "met" if share == 1 else "missed" if share == 0 else "partly"
    return Answered(section, name, state, _counted(share, criterion), rating.by, quote=rating.note)


def _disputed(answer: Answered) -> Answered:
    return Answered(
        answer.section, answer.criterion, answer.state, answer.share, answer.rater, answer.turn, answer.quote, True
    )


def _counted(share: float, criterion: Criterion) -> float:
    return math.nan if criterion.bonus and share == 0 else share


class _Seen:
    """What was seen of each contact, gathered once."""

    def __init__(self, tables: Tables) -> None:
        legs = tables.legs[~tables.legs["leg_end"].isin(OUR_FAULTS) & tables.legs["arrived_s"].notna()]
        self.contacts = list(dict.fromkeys(legs["contact_id"]))
        self._legs = dict(tuple(legs.groupby("contact_id", sort=False)))
        self._cases = legs.groupby("case_id")["contact_id"].nunique()
        self._steps = dict(tuple(tables.steps.groupby("contact_id", sort=False)))
        spoke = tables.messages[tables.messages["speaker"].isin(PEOPLE)]
        self._spoke = set(spoke["contact_id"])
        self._findings = dict(tuple(tables.findings.groupby(["contact_id", "label"], sort=False)))
        self._promises = dict(tuple(tables.promises.groupby("contact_id", sort=False)))
        published = tables.answers[tables.answers["against"] == "published"]
        self._published = dict(tuple(published.groupby("contact_id", sort=False)))

    def answer(self, contact: str, section: str, name: str, criterion: Criterion) -> Answered:
        """Answer a criterion by what was seen."""
        for label, wanted in ((criterion.where, True), (criterion.unless, False)):
            if label is not None and ((contact, label) in self._findings) is not wanted:
                return Answered(section, name, "na", math.nan)
        if criterion.asks:
            return Answered(section, name, "asked", math.nan)
        met, turn, quote = self._judge(contact, criterion)
        if met is None:
            return Answered(section, name, "na", math.nan, turn=turn, quote=quote)
        if criterion.informs:
            return Answered(section, name, "suggested", math.nan, turn=turn, quote=quote if criterion.misses else "")
        share = _counted(float(met), criterion)
        return Answered(section, name, "met" if met else "missed", share, turn=turn, quote=quote)

    def _judge(self, contact: str, criterion: Criterion) -> tuple[bool | None, int | None, str]:
        if criterion.sees is not None or criterion.misses is not None:
            return self._by_conduct(contact, criterion)
        if criterion.promises_kept:
            return self._by_promises(contact)
        if criterion.facts_agree:
            return self._by_facts(contact)
        assert criterion.measures is not None
        return self._by_measure(contact, criterion.measures)

    def _by_conduct(self, contact: str, criterion: Criterion) -> tuple[bool | None, int | None, str]:
        if contact not in self._spoke:
            return None, None, ""
        rows = self._findings.get((contact, criterion.sees or criterion.misses))
        first = None if rows is None else rows.iloc[0]
        where = (None, "") if first is None else (int(first["turn"]), str(first["quote"]))
        return (first is not None) is (criterion.sees is not None), *where

    def _by_promises(self, contact: str) -> tuple[bool | None, int | None, str]:
        rows = self._promises.get(contact)
        due = None if rows is None else rows[rows["state"].isin(["kept", "late", "broken", "moved"])]
        if due is None or due.empty:
            return None, None, ""
        bad = due[due["state"] != "kept"]
        shown = (bad if len(bad) else due).iloc[0]
        return bad.empty, int(shown["turn"]), str(shown["quote"])

    def _by_facts(self, contact: str) -> tuple[bool | None, int | None, str]:
        rows = self._published.get(contact)
        told = None if rows is None else rows[rows["relation"].isin(["agree", "contradict"])]
        if told is None or told.empty:
            return None, None, ""
        wrong = told[told["relation"] == "contradict"]
        shown = (wrong if len(wrong) else told).iloc[0]
        return wrong.empty, int(shown["turn"]), str(shown["quote"])

    def _by_measure(self, contact: str, limit: Limit) -> tuple[bool | None, int | None, str]:
        value, least = self._measured(contact, limit.what)
        if math.isnan(value):
            if limit.most is not None and least > limit.most:
                return False, None, ""
            return None, None, ""
        return (value <= limit.most if limit.most is not None else value >= (limit.least or 0)), None, ""

    def _measured(self, contact: str, what: str) -> tuple[float, float]:
        """Return a measured value, nan where it did not come, and how long it was waited for."""
        legs = self._legs[contact]
        first, last = legs.iloc[0], legs.iloc[-1]
        began = float(first["arrived_s"])
        observed = float(last["ended_s"]) - began if pd.notna(last["ended_s"]) else math.nan
        rungs = {"first_reply_s": "accepted", "first_human_s": "first_human", "useful_answer_s": "first_useful_answer"}
        if what in rungs:
            return self._rung_s(contact, rungs[what], began), observed
        ended = last["contact_outcome"] not in NEVER_ENDED
        match what:
            case "wait_s":
                answered = legs["answered_s"].dropna()
                return (float(answered.iloc[0]) - began if len(answered) else math.nan), observed
            case "transfers":
                return float(legs["leg_end"].isin(["transferred", "escalated"]).sum()), observed
            case "retellings":
                people = legs[legs["answered_s"].notna()].iloc[1:]
                return float((~people["history_carried"].fillna(False).astype(bool)).sum()), observed
            case "contacts":
                return float(self._cases.get(first["case_id"], 1)), observed
            case "resolved":
                return (float(last["contact_outcome"] == "resolved") if ended else math.nan), observed
            case "human_answered" if first["channel"] == "faq":
                return math.nan, math.nan
            case "human_answered":
                human = not math.isnan(self._rung_s(contact, "first_human", began))
                return (1.0 if human else 0.0 if ended else math.nan), observed
            case _:
                rows = self._promises.get(contact)
                late = np.nan if rows is None else (rows["kept_s"] - rows["due_s"]).max()
                return float(late), observed

    def _rung_s(self, contact: str, rung: str, began: float) -> float:
        steps = self._steps.get(contact)
        at = None if steps is None else steps.loc[steps["rung"] == rung, "seen_by_s"].dropna()
        return math.nan if at is None or at.empty else float(at.iloc[0]) - began
