"""Scorecards: weights, bonus, auto-fail, what does not apply, critical errors, and what people decide."""

import math
from pathlib import Path

import pytest

from probes.scoring.score_run import score_run
from results.rating_sheets import read_sheet, write_sheet
from results.ratings import MACHINE, agreement, decided, rate, ratings_of
from results.runs import Run, RunError
from results.scores import Answered, card_score, machine_answers, score_cards
from scenarios.reading import HERE
from scenarios.scorecard import Scorecard, read_scorecard, scorecard_named
from tests.results.said import run_of, turn

CARD = """
scorecard: small
title: Small
pass_at: 50
sections:
  one:
    title: One
    weight: 3
    criteria:
      greets: {title: Greeted?, sees: greeting, weight: 2}
      told_once: {title: Told once?, misses: asks_again, critical: customer}
      warm: {title: Warm?, sees: empathy}
  two:
    title: Two
    criteria:
      honest: {title: Honest?, asks: true, scale: 4}
      gift: {title: A gift?, asks: true, bonus: true, weight: 2}
      safe: {title: Safe?, asks: true, auto_fail: true, critical: compliance}
"""


@pytest.fixture
def card(tmp_path: Path) -> Scorecard:
    path = tmp_path / "small.yaml"
    path.write_text(CARD, encoding="utf-8")
    return read_scorecard(path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    said = [turn("customer", "Hi, order 10044821, it is broken"), turn("human", "Good morning Ms Ray. Let me look.")]
    again = [turn("customer", "order 10044821 please"), turn("human", "What is your order number?")]
    made = run_of(tmp_path / "run", {"a/0/1": said, "b/0/1": again, "c/0/1": []})
    score_run(made)
    return made


def answers(card: Scorecard, **shares: float) -> list[Answered]:
    """Return an answer for each criterion; those not named do not apply."""
    return [
        Answered(
            section,
            name,
            "na" if name not in shares else "met" if shares[name] else "missed",
            shares.get(name, math.nan),
        )
        for section, name, _ in card.criteria()
    ]


def test_what_does_not_apply_is_left_out_of_both_sums(card: Scorecard) -> None:
    """Without it a question that nobody could answer would cost points."""
    score = card_score("a", card, answers(card, greets=1.0, told_once=0.0))
    assert score.score == pytest.approx(100 * 2 / 3)
    assert score.sections == {"one": pytest.approx(100 * 2 / 3)}


def test_sections_weigh_as_they_say(card: Scorecard) -> None:
    """Without it a section of two questions would count twice one of one."""
    score = card_score("a", card, answers(card, greets=1.0, told_once=1.0, honest=0.0))
    assert score.score == pytest.approx(100 * 3 / 4)


def test_a_bonus_adds_and_never_takes(card: Scorecard) -> None:
    """Without it kindness that nobody had to show would be a duty."""
    without = card_score("a", card, answers(card, honest=0.5))
    with_gift = card_score("a", card, answers(card, honest=0.5, gift=1.0))
    assert without.score == pytest.approx(50)
    assert with_gift.score == 100


def test_an_auto_fail_is_the_whole_card(card: Scorecard) -> None:
    """Without it a breach could be made good by a greeting."""
    score = card_score("a", card, answers(card, greets=1.0, told_once=1.0, safe=0.0))
    assert score.score == 0
    assert score.failed_by == ("safe",)
    assert score.passed is False
    assert score.critical == {"customer": True, "compliance": False}


def test_a_card_of_which_nothing_applies_has_no_score(card: Scorecard) -> None:
    """Without it no data would be a pass, or a fail."""
    score = card_score("a", card, answers(card))
    assert math.isnan(score.score)
    assert score.passed is None


def test_conduct_that_needs_judgement_waits_for_a_person(card: Scorecard, run: Run) -> None:
    """Without it a rule that only informs would decide a score."""
    (first, *_) = score_cards(run, card)
    warm = next(answer for answer in first.answers if answer.criterion == "warm")
    assert warm.state == "suggested"
    assert math.isnan(warm.share)
    rate(run, card, [("a/0/1", "warm", "yes")], "Ada")
    (first, *_) = score_cards(run, card)
    warm = next(answer for answer in first.answers if answer.criterion == "warm")
    assert (warm.state, warm.rater) == ("met", "Ada")


def test_misses_carry_the_words_that_show_them(card: Scorecard, run: Run) -> None:
    """Without it an agent would be told of a miss that nobody can look up."""
    second = next(one for one in score_cards(run, card) if one.contact_id == "b/0/1")
    told_once = next(answer for answer in second.answers if answer.criterion == "told_once")
    assert told_once.state == "missed"
    assert "order number" in told_once.quote
    assert told_once.turn == 1


def test_a_contact_without_a_word_of_the_desk_scores_nothing(card: Scorecard, run: Run) -> None:
    """Without it silence would pass for a desk that asks nothing again."""
    third = next(one for one in score_cards(run, card) if one.contact_id == "c/0/1")
    assert math.isnan(third.score)


def test_an_override_takes_the_machines_place_and_a_rating_does_not(card: Scorecard, run: Run) -> None:
    """Without it a second rater would change scores by looking."""
    rate(run, card, [("a/0/1", "greets", "no")], "Ben")
    assert ("a/0/1", "greets") not in decided(ratings_of(run), card)
    rate(run, card, [("a/0/1", "greets", "no")], "Ada", "overridden", "she was on the phone")
    first = score_cards(run, card)[0]
    greets = next(answer for answer in first.answers if answer.criterion == "greets")
    assert (greets.state, greets.rater, greets.quote) == ("missed", "Ada", "she was on the phone")


def test_a_dispute_marks_a_criterion_until_it_is_settled(card: Scorecard, run: Run) -> None:
    """Without it an agent's objection would be lost."""
    rate(run, card, [("a/0/1", "greets", None)], "agent", "disputed", "I did greet")
    assert next(a for a in score_cards(run, card)[0].answers if a.criterion == "greets").disputed
    rate(run, card, [("a/0/1", "greets", "yes")], "Ada", "settled")
    settled = next(a for a in score_cards(run, card)[0].answers if a.criterion == "greets")
    assert not settled.disputed
    assert settled.state == "met"
    with pytest.raises(RunError, match="nobody disputes"):
        rate(run, card, [("a/0/1", "greets", "yes")], "Ada", "settled")


def test_every_wrong_rating_is_told_and_none_is_kept(card: Scorecard, run: Run) -> None:
    """Without it half a sheet would be written down."""
    said = [
        ("a/0/1", "greets", "maybe"),
        ("x/0/1", "greets", "yes"),
        ("a/0/1", "charm", "yes"),
        ("a/0/1", "honest", "5"),
    ]
    with pytest.raises(RunError) as told:
        rate(run, card, said, "Ada")
    for part in ("'maybe'", "x/0/1", "charm", "0 to 4"):
        assert part in str(told.value)
    assert ratings_of(run) == []
    with pytest.raises(RunError, match="--by NAME"):
        rate(run, card, [("a/0/1", "greets", "yes")], "")


def test_the_machine_is_one_more_rater(card: Scorecard, run: Run) -> None:
    """Without it nobody would know how far the machine can be trusted."""
    rate(run, card, [("a/0/1", "greets", "yes"), ("b/0/1", "greets", "no")], "Ada")
    machine = machine_answers(score_cards(run, card))
    whole = next(one for one in agreement(ratings_of(run), machine, card) if one.criterion == "")
    assert set(whole.raters) == {"Ada", MACHINE}
    assert whole.same == 1.0


def test_a_new_version_of_a_card_begins_anew(card: Scorecard, run: Run) -> None:
    """Without it a trend would go on over a change of what is asked."""
    rate(run, card, [("a/0/1", "greets", "no")], "Ada", "overridden")
    newer = card.model_copy(update={"version": 2})
    assert decided(ratings_of(run), newer) == {}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_sheet_goes_out_and_comes_back(card: Scorecard, run: Run, tmp_path: Path, ending: str) -> None:
    """Without it a QA team would have to type commands for every answer."""
    import pandas as pd

    path = tmp_path / f"sheet.{ending}"
    rows = write_sheet(path, run, card, blind=True)
    frame = pd.read_csv(path, dtype=str) if ending == "csv" else pd.read_excel(path, dtype=str)
    assert rows == len(frame) == 18
    assert frame["machine"].isna().all()
    frame["answer"] = frame["answer"].astype(object)
    frame.loc[(frame["contact_id"] == "a/0/1") & (frame["criterion"] == "honest"), "answer"] = "3"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_excel(path, index=False)
    assert read_sheet(path) == [("a/0/1", "honest", "3")]


@pytest.mark.parametrize("name", sorted(path.stem for path in (HERE / "scorecards").glob("*.yaml")))
def test_our_own_cards_are_sound(name: str, run: Run) -> None:
    """Without it a card we ship could name a label that no longer exists."""
    scored = score_cards(run, scorecard_named(name))
    assert len(scored) == 3
