"""The learned part: current weights, two bars, words that it rests on, and fitting anew."""

import dataclasses
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from probes.scoring import conduct, facts, learned, promises, train
from probes.scoring.conduct import Turn, conduct_of
from probes.scoring.facts import facts_of
from probes.scoring.grams import PLACES, grams_of
from probes.scoring.learned import Learned, Subject, learned_of
from probes.scoring.lexicon import LANGUAGES, lexicon_of
from probes.scoring.promises import promises_of

TUESDAY = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)

BEFORE = [Turn("customer", "My parcel has not come, it should have been here on Monday.")]


def leaning(subject: Subject, bars: dict[str, float], label: str, words: str = "", **changed: float) -> Learned:
    """Return weights that lean to a label by the runs of some words alone, 4 with all of them, -4 with none."""
    held = learned_of(subject, "en")
    weights = np.zeros((PLACES, len(held.labels)), dtype=np.int8)
    if words:
        grams = grams_of(lexicon_of("en").read(words))
        weights[grams.places[grams.sentences >= 0], held.columns[label]] = 100
    flat = np.zeros(len(held.labels))
    told = {name: np.full(len(held.labels), bar) for name, bar in bars.items()}
    return dataclasses.replace(
        held, weights=weights, scale=flat + changed.get("scale", 0.01), bias=flat + changed.get("bias", -4.0), **told
    )


@pytest.mark.parametrize("subject", get_args(Subject))
@pytest.mark.parametrize("language", LANGUAGES)
def test_weights_are_those_of_the_corpora(subject: Subject, language: str) -> None:
    """Without it labels could be mended and the scorer still follow the old ones; `python -m probes.scoring.train`."""
    assert learned_of(subject, language).corpora == train.signature_of(subject, language)


def test_runs_are_the_same_on_every_machine() -> None:
    """Without it weights would fit the machine on which they were fitted alone."""
    code = (
        "from probes.scoring.grams import grams_of\nfrom probes.scoring.lexicon import lexicon_of\n"
        "print(grams_of(lexicon_of('it').read('Ci pensiamo noi, stia tranquillo!')).places.sum())"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, check=True,
            cwd=Path(train.__file__).parents[2],
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(sums) == 1
    assert int(sums.pop()) == int(grams_of(lexicon_of("it").read("Ci pensiamo noi, stia tranquillo!")).places.sum())


def test_a_label_without_a_phrase_is_shown_by_the_sentence_that_leans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it what was never written down would be missed, or told without its words."""
    words = "Grumbling gnomes juggle turnips."
    sure = leaning("conduct", {"sure": 1.0, "doubted": -9.0}, "empathy", words)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: sure)
    reply = f"The desk is open. {words} The desk is open."
    assert [seen.quote for seen in conduct_of(reply, "en", BEFORE) if seen.label == "empathy"] == [words]
    assert not [seen for seen in conduct_of("The desk is open.", "en", BEFORE) if seen.label == "empathy"]
    assert not [seen for seen in conduct_of(f'He wrote "{words}" to us.', "en") if seen.label == "empathy"], "quoted"


def test_what_came_before_shows_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it an angry customer would make any answer a kind one."""
    held = leaning("conduct", {"sure": 1.0, "doubted": -9.0}, "empathy", scale=0.02)
    scene = conduct.scene_for("It is open.", "en", BEFORE)
    held.weights[scene.grams.places[scene.grams.sentences < 0], held.columns["empathy"]] = 100
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: held)
    assert held.leaning(scene.grams.of_turn())[held.columns["empathy"]] > 1
    assert not conduct_of("It is open.", "en", BEFORE)


def test_phrases_that_say_no_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a near twin that is known as one would be found all the same."""
    reply = "I'm afraid we shut at five today, and the other shops shut at five as well."
    everything = leaning("conduct", {"sure": -9.0, "doubted": -9.0}, "apology", reply)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: everything)
    scene = conduct.scene_for(reply, "en", BEFORE)
    assert "apology" in {seen.label for seen in conduct_of(reply, "en", BEFORE)}
    monkeypatch.setitem(scene.found, "apology.not", [conduct.Span(0, 2)])  # type: ignore[arg-type]
    assert "apology" not in {seen.label for seen in conduct.conduct_in(scene)}


def test_a_phrase_is_doubted_where_the_rest_speaks_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a phrase would count wherever it stands."""
    reply = "I'm so sorry, and the shop in the high street is open on Sundays from nine until the last guest has gone."
    assert "apology" in {seen.label for seen in conduct_of(reply, "en", BEFORE)}
    doubts = leaning("conduct", {"sure": 9.0, "doubted": -1.0}, "apology")
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: doubts)
    assert "apology" not in {seen.label for seen in conduct_of(reply, "en", BEFORE)}
    assert "apology" in {seen.label for seen in conduct_of("I'm so sorry.", "en", BEFORE)}, "there is no rest"


def test_a_label_that_needs_another_is_not_shown_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a transfer could be explained that nobody announced, and a customer's tone matched in a letter."""
    words = "Gnomes juggle turnips at the gate."
    sure = leaning("conduct", {"sure": 1.0, "doubted": -9.0}, "transfer_explained", words)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: sure)
    assert not conduct_of(words, "en", BEFORE)
    tone = leaning("conduct", {"sure": 1.0, "doubted": -9.0}, "matches_tone", words)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: tone)
    assert [seen.label for seen in conduct_of(words, "en", BEFORE, "social")] == ["matches_tone"]
    assert not conduct_of(words, "en", BEFORE, "email")


def test_words_that_say_something_else_show_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a thank you that a desk says all day could count as a canned message, all day."""
    words = "Thank you so much."
    sure = leaning("conduct", {"sure": 1.0, "doubted": -9.0}, "automatic_reply", words, scale=0.03)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: sure)
    assert [seen.label for seen in conduct_of(words, "en", BEFORE)] == ["thanks"]
    longer = f"{words[:-1]} for the gnomes, who open the gate at nine again."
    assert "automatic_reply" in {seen.label for seen in conduct_of(longer, "en", BEFORE)}


def test_nothing_new_is_asked_again() -> None:
    """Without it the first question for an order number would be one too many."""
    told = [Turn("customer", "Hello, my lamp came broken and I would like to have another one sent.")]
    assert "asks_again" not in {seen.label for seen in conduct_of("May I have your order number, please?", "en", told)}
    assert "asks_again" not in {seen.label for seen in conduct_of("Thank you for writing in.", "en", told)}


def test_sentences_tell_facts_without_a_phrase_and_take_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it facts would be what phrases say, and a time of the past a deadline."""
    words = "Gnomes juggle turnips at the gate."
    sure = leaning("facts", {"sure": 1.0, "doubted": -9.0}, "eligibility.no", words)
    monkeypatch.setattr(facts, "learned_of", lambda subject, language: sure)
    found = [fact for fact in facts_of(f"It is green. {words}", "en") if fact.type == "eligibility"]
    assert [(fact.polarity, fact.quote) for fact in found] == [("no", words)]
    doubts = leaning("facts", {"sure": 9.0, "doubted": -1.0}, "deadline")
    assert [fact.type for fact in facts_of("It comes by Friday.", "en")] == ["deadline"]
    monkeypatch.setattr(facts, "learned_of", lambda subject, language: doubts)
    assert not facts_of("It comes by Friday.", "en")


def test_sentences_promise_with_the_time_they_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a promise in words that nobody wrote down would never fall due."""
    words = "Gnomes juggle turnips at your gate tomorrow at nine in the morning."
    sure = leaning("promises", {"sure": 1.0, "doubted": -9.0}, "promise", words)
    silent = leaning("promises", {"sure": 1.0, "doubted": -9.0}, "promise")
    monkeypatch.setattr(promises, "learned_of", lambda subject, language: silent)
    assert not promises_of(words, "en", TUESDAY)
    monkeypatch.setattr(promises, "learned_of", lambda subject, language: sure)
    (promise,) = promises_of(words, "en", TUESDAY)
    assert promise.kind == "firm"
    assert promise.due is not None
    assert promise.due.isoformat()[:16] == "2026-03-11T09:00"
    doubts = leaning("promises", {"sure": 9.0, "doubted": -1.0}, "promise")
    monkeypatch.setattr(promises, "learned_of", lambda subject, language: doubts)
    assert not promises_of("I'll call you back by five this afternoon.", "en", TUESDAY)


def line(number: int, text: str, labels: list[str]) -> dict[str, Any]:
    """Return a labelled turn."""
    return {"id": f"t{number}", "lang": "en", "channel": "chat", "context": [], "text": text, "labels": labels}


def test_fitting_finds_what_phrases_do_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it `python -m probes.scoring.train` could write anything."""
    things = ["the lamp", "a chair", "your tea", "our door", "that hat", "one shoe", "this ring", "my boat"]
    shown = [line(i, f"Gnomes juggle {thing} {end}.", ["empathy"]) for i, thing in enumerate(things) for end in "abcde"]
    plain = [line(i, f"Clerks wrap {thing} {end}.", []) for i, thing in enumerate(things) for end in "abcde"]
    for part, lines in (("tuning", [*shown[::2], *plain[::2]]), ("weighing", [*shown[1::2], *plain[1::2]])):
        (tmp_path / part).mkdir()
        text = "\n".join(json.dumps(one) for one in lines)
        (tmp_path / part / "conduct_en.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.setattr(train, "CORPORA", tmp_path)
    monkeypatch.setattr(train, "LANGUAGES", ("en",))
    monkeypatch.setattr(train, "_GROUPS", {"conduct": [("empathy",)]})
    monkeypatch.setattr(train, "path_of", lambda subject, language: tmp_path / f"{subject}_{language}.npz")
    train.train("conduct")
    monkeypatch.setattr(learned, "path_of", train.path_of)
    monkeypatch.setattr(conduct, "learned_of", lambda subject, language: fitted)
    fitted = learned_of.__wrapped__("conduct", "en")
    assert fitted.corpora == train.signature_of("conduct", "en")
    columns = fitted.columns
    for text, so in (("Gnomes juggle her cup now.", True), ("Clerks wrap her cup now.", False)):
        scene = conduct.scene_for(text, "en")
        leans = fitted.leaning(scene.grams.of_turn())[columns["empathy"]]
        assert bool(leans >= fitted.sure[columns["empathy"]]) is so
