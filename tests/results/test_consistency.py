"""Consistency: pairs that agree, with an interval over contacts; groups; rates; and no verdict on few."""

import math
from pathlib import Path

import pandas as pd
import pytest

from results.consistency import CANNOT_TELL, CONSISTENT, INCONSISTENT, consistency_of, pair_agreement
from results.runs import Run
from tests.results.said import run_of, turn


def pairs(agrees: dict[tuple[str, str], bool]) -> pd.DataFrame:
    """Return pairs of answers."""
    return pd.DataFrame(
        [
            {"contact_id": a, "against": b, "relation": "agree" if same else "contradict"}
            for (a, b), same in agrees.items()
        ]
    )


def answered(run: Run, right: int, wrong: int) -> None:
    """Have so many contacts give the published answer, and so many another one."""
    names = [f"c{i:02}/0/1" for i in range(right + wrong)]
    rows = []
    for i, name in enumerate(names):
        base = {"fact": "f", "turn": 1, "text": "x", "language": "en"}
        rows.append(
            {**base, "contact_id": name, "against": "published", "relation": "agree" if i < right else "contradict"}
        )
        for j in range(i):
            same = (i < right) == (j < right)
            rows.append({**base, "contact_id": name, "against": names[j], "relation": "agree" if same else "contradict",
                         "quote": "5 days", "against_quote": "15 days", "type": "duration"})  # fmt: skip
    run.write_table("answers", pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("right", "wrong", "verdict"),
    [(40, 0, CONSISTENT), (20, 0, CANNOT_TELL), (15, 15, INCONSISTENT), (3, 1, CANNOT_TELL), (8, 1, CANNOT_TELL)],
)
def test_a_verdict_needs_enough_answers(tmp_path: Path, right: int, wrong: int, verdict: str) -> None:
    """Without it three agreeing answers would be a consistent desk."""
    contacts = {f"c{i:02}/0/1": [turn("human", "x")] for i in range(right + wrong)}
    run = run_of(tmp_path / "run", contacts)
    answered(run, right, wrong)
    (fact,) = consistency_of(run).facts
    assert fact.verdict == verdict
    assert fact.true.n == right + wrong
    assert (fact.clash is not None) == (wrong > 0)


def test_answers_are_compared_within_every_group(tmp_path: Path) -> None:
    """Without it a desk that says one thing in the morning and another at night would look merely inconsistent."""
    contacts = {f"c{i:02}/0/1": [turn("human", "x", 36_000.0 if i < 6 else 72_000.0)] for i in range(12)}
    run = run_of(tmp_path / "run", contacts)
    answered(run, 6, 6)
    (fact,) = consistency_of(run).facts
    assert {name for name in fact.groups if not name.startswith("hour")} == {
        "channel chat",
        "language en",
        "team front",
    }
    assert {fact.groups[name].value for name in fact.groups if name.startswith("hour")} == {1.0}
    assert fact.agreement.value < 0.6


def test_answers_are_compared_by_how_the_question_was_put(tmp_path: Path) -> None:
    """Without it a desk that answers `can I` and `must I` each its own way would look merely inconsistent."""
    run = run_of(tmp_path / "run", {f"c{i:02}/0/1": [turn("human", "x")] for i in range(12)})
    answered(run, 6, 6)
    assert not [name for name in consistency_of(run).facts[0].groups if name.startswith("wording")], "nobody asked"
    rows = run.table("answers")
    late = {f"c{i:02}/0/1" for i in range(6, 12)}
    for side, column in (("contact_id", "question"), ("against", "against_question")):
        rows[column] = [
            f"Must I pay, says Ada{name[1:3]}?" if name in late else f"Can I pay, says Bo{name[1:3]}?"
            for name in rows[side]
        ]
    run.write_table("answers", rows)
    groups = {name: share for name, share in consistency_of(run).facts[0].groups.items() if name.startswith("wording")}
    assert set(groups) == {"wording “Can I pay, says Bo00?”", "wording “Must I pay, says Ada06?”"}
    assert {share.value for share in groups.values()} == {1.0}
    assert {share.n for share in groups.values()} == {6}


def test_rates_of_two_languages_are_corrected_each_by_its_own_error(tmp_path: Path) -> None:
    """Without it a desk that speaks two languages would have no corrected rate, or one by the wrong error."""
    names = [f"c{i:02}/0/1" for i in range(80)]
    contacts = {name: [turn("human", f"{chr(97 + i % 26)}{chr(97 + i // 26)} hello")] for i, name in enumerate(names)}
    ends = {name: {"language": "en" if i < 40 else "it-IT"} for i, name in enumerate(names)}
    detectors = [
        {"label": "thanks", "language": "en", "hits": 400, "shown": 400, "alarms": 0, "clean": 400},
        {"label": "thanks", "language": "it", "hits": 200, "shown": 400, "alarms": 0, "clean": 400},
    ]
    run = run_of(tmp_path / "run", contacts, ends, detectors=detectors)
    seen = [name for i, name in enumerate(names) if i % 4 == 0]
    run.write_table(
        "findings",
        pd.DataFrame(
            {"contact_id": seen, "leg": 0, "turn": 0, "label": "thanks", "gates": True, "quote": "x",
             "language": [ends[name]["language"][:2] for name in seen]}
        ),
    )  # fmt: skip
    tones = {(one.group, one.name): one for one in consistency_of(run).tones if one.label == "thanks"}
    whole, english, italian = (tones[key].true for key in (("all", ""), ("language", "en"), ("language", "it-IT")))
    assert whole is not None
    assert english is not None
    assert italian is not None
    assert english.value == pytest.approx(0.25, abs=0.03)
    assert italian.value == pytest.approx(0.5, abs=0.06)
    assert whole.value == pytest.approx((english.value + italian.value) / 2)
    assert whole.high - whole.low < italian.high - italian.low
    assert whole.n == 80


def test_pairs_are_no_sample_of_their_own() -> None:
    """Without it ten contacts would look like forty-five."""
    names = [f"c{i}" for i in range(10)]
    one_off = {(a, b): "c9" not in (a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    share = pair_agreement(pairs(one_off))
    assert share.value == pytest.approx(36 / 45)
    assert share.high - share.low > 0.3, "one contact of ten is one of ten"
    assert math.isnan(pair_agreement(pairs({("a", "b"): True})).low), "two contacts have no interval"


def test_groups_are_told_and_agents_only_where_they_were_told(tmp_path: Path) -> None:
    """Without it an agent could be named who never knew of the shop."""
    contacts = {f"c{i}/0/1": [turn("customer", "hi"), turn("human", "Hello")] for i in range(4)}
    ends = {name: {"team": "a" if i % 2 else "b"} for i, name in enumerate(contacts)}
    groups = {one.group for one in consistency_of(run_of(tmp_path / "run", contacts, ends)).times}
    assert groups == {"all", "team"}
    named = {name: {**facts, "agent": f"agent {i}"} for i, (name, facts) in enumerate(ends.items())}
    groups = {one.group for one in consistency_of(run_of(tmp_path / "named", contacts, named)).times}
    assert "agent" in groups
    recorded = {name: {**facts, "source": "recorded"} for name, facts in named.items()}
    groups = {one.group for one in consistency_of(run_of(tmp_path / "recorded", contacts, recorded)).times}
    assert "agent" not in groups
