"""How rules are counted right: as the annotation guide counts; and the labelled sample beside a checkout."""

from pathlib import Path
from typing import Any

import pytest

from probes.scoring.accuracy import LabelledError, count_facts, count_label, count_promises, f1_of, score_files
from probes.scoring.due import BusinessHours
from probes.scoring.facts import facts_of
from probes.scoring.promises import promises_of
from scenarios.conduct_labels import ASSISTS, GATES
from tests.probes.scoring.replies import SAMPLE, beside_the_sample

FREE = {"type": "money", "value": {"amount": 0, "currency": None}, "quote": "no charge"}


def counted(text: str, *labels: dict[str, Any]) -> tuple[int, int, int]:
    """Return right, false and missed facts of an English reply."""
    counts, _ = count_facts({"text": text, "facts": list(labels)}, facts_of(text, "en"))
    return tuple(sum(getattr(one, what) for one in counts.values()) for what in ("right", "false", "missed"))  # type: ignore[return-value]


def test_facts_match_by_type_value_and_overlapping_words() -> None:
    """Without it a rule could be called right for finding something else."""
    assert counted("There's no charge.", FREE) == (1, 0, 0)
    assert counted("There's no charge.", {**FREE, "value": {"amount": 5, "currency": None}}) == (0, 1, 1)
    assert counted("No charge. It is blue.", {**FREE, "quote": "blue"}) == (0, 1, 1)


def test_other_readings_count_and_optional_facts_neither_miss_nor_alarm() -> None:
    """Without it the fairness that the labels carry would be lost."""
    other = {"type": "percentage", "value": 1, "quote": "no charge", "alt": [FREE]}
    assert counted("There's no charge.", other) == (1, 0, 0)
    assert counted("There's no charge.", {**FREE, "optional": True}) == (0, 0, 0)
    assert counted("It is blue.", {**FREE, "quote": "blue", "optional": True}) == (0, 0, 0)


def test_a_promise_matches_by_kind_and_minute() -> None:
    """Without it a promise with the wrong due time would count as found."""
    import datetime

    said_at = datetime.datetime.fromisoformat("2026-03-10T10:20:00+00:00")
    found = promises_of("I'll call you back within two hours.", "en", said_at, BusinessHours())
    label = {"kind": "firm", "by": "2026-03-10T12:20:00+00:00"}
    assert count_promises({"promises": [label]}, found)[0].right == 1
    wrong = count_promises({"promises": [{**label, "by": "2026-03-10T12:21:00+00:00"}]}, found)[0]
    assert (wrong.right, wrong.false, wrong.missed) == (0, 1, 1)
    assert count_promises({"promises": [{**label, "by": None, "alt": [label["by"]]}]}, found)[0].right == 1
    assert count_promises({"promises": [{**label, "kind": "vague", "alt_kind": "firm"}]}, found)[0].right == 1


def test_a_label_is_counted_once_a_turn() -> None:
    """Without it three apologies would hide a missed one."""
    assert count_label({"labels": ["apology"]}, {"apology"}, "apology").right == 1
    assert count_label({"labels": []}, {"apology"}, "apology").false == 1
    assert f1_of([])[2] != f1_of([])[2], "nothing to find is no score"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("facts_xx.jsonl", "{}", "KIND_LANGUAGE"),
        ("facts_en.jsonl", "{\n", "not JSON"),
        ("facts_en.jsonl", '{"text": "a"}\n{"text": 1, "facts": []}', "facts_en.jsonl:2"),
        ("promises_it.jsonl", '{"text": "a", "promises": []}', "said_at"),
    ],
)
def test_a_faulty_file_is_told_with_every_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    """Without it a slip in a labelled file would count against the rules."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelledError, match=told):
        score_files([path])


@beside_the_sample
def test_the_rules_are_right_on_the_sample_of_others() -> None:
    """Without it a change for one language could break another and nobody would see by how much."""
    rules = {(rule.rule, rule.language): rule for rule in score_files(sorted(SAMPLE.glob("*.jsonl")))}
    for language, least in (("en", 0.92), ("it", 0.88), ("ro", 0.88), ("ar", 0.88)):
        assert rules["facts", language].f1 >= least
        assert rules["promises", language].f1 >= 0.8
        assert rules["conduct.gates", language].f1 >= 0.8
        assert rules["conduct.assists", language].f1 >= 0.6
    assert {rule for rule, _ in rules} >= {*GATES, *ASSISTS, "contradictions"}
