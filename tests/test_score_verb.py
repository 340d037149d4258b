"""`testdrive score`: a QA team's day after the shop, from the card to the settled dispute."""

import json
from pathlib import Path
from typing import Any

import pytest

import testdrive
from results.runs import Run
from tests.results.said import run_of, turn


@pytest.fixture
def run(tmp_path: Path) -> Run:
    greeted = [
        turn("customer", "Where is order 10044821?"),
        turn("human", "Good morning Ms Ray. It takes 5 working days."),
    ]
    again = [
        turn("customer", "Where is order 10044821?"),
        turn("human", "It takes 15 working days. Have a look on our website."),
    ]
    return run_of(tmp_path / "run", {"a/0/1": greeted, "b/0/1": again})


def score(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    """Run the verb with --json and return its document."""
    assert testdrive.main(["score", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_run_is_scored_with_quotes_and_clashes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it a team would have transcripts and no picture."""
    document = score(capsys, run.folder)
    assert document["card"] == "conduct"
    by_contact = {one["contact_id"]: one for one in document["scores"]}
    missed = {a["criterion"]: a["quote"] for a in by_contact["b/0/1"]["answers"] if a["state"] == "missed"}
    assert "website" in missed["not_sent_to_site"]
    (fact,) = document["consistency"]["facts"]
    assert {fact["clash"]["quote"], fact["clash"]["against_quote"]} == {"5 working days", "15 working days"}
    assert fact["verdict"] == "cannot tell", "two answers are no verdict"
    assert document["passed"] is None, "neither are two contacts"
    assert run.table("scores")["criterion"].nunique() > 10


def test_holidays_of_the_scenario_put_working_days_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it a desk would break its word on Christmas Day."""
    said = [turn("customer", "where is it?"), turn("human", "You will have it within 2 working days.")]
    due_s = []
    for number, holidays in enumerate(([], ["2026-03-11"])):
        run = run_of(tmp_path / str(number), {"a/0/1": said}, holidays=holidays)
        score(capsys, run.folder)
        due_s.append(float(run.table("promises")["due_s"].iloc[0]))
    assert due_s[1] - due_s[0] == 86_400


def test_a_published_fact_that_nobody_asked_for_is_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it a misspelt name would look like a desk that says what is published."""
    published = tmp_path / "faq.yaml"
    published.write_text("order_status: It takes 5 working days.\norder_statos: It takes 9 days.\n", encoding="utf-8")
    assert testdrive.main(["score", str(run.folder), "--published", str(published)]) == 0
    told = capsys.readouterr().err
    assert "nobody was asked for 'order_statos'" in told
    assert "'order_status'" not in told


def test_what_a_terminal_shows_names_its_limits(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it two contacts would read like a verdict on a desk."""
    assert testdrive.main(["score", str(run.folder)]) == 0
    told = capsys.readouterr().out
    assert "too few to say anything of the desk" in told
    assert "not_sent_to_site" in told
    assert "“15 working days”" in told or "“5 working days”" in told


def test_a_dispute_from_sheet_to_settlement(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it people would not have the last word."""
    sheet = tmp_path / "sheet.csv"
    score(capsys, run.folder)
    assert testdrive.main(["score", str(run.folder), "--sheet", str(sheet), "--blind"]) == 0
    capsys.readouterr()
    text = sheet.read_text(encoding="utf-8").splitlines()
    assert len(text) > 30
    said = score(capsys, run.folder, "--override", "a/0/1:unexpected_kindness=yes", "--by", "ada", "--note", "she sang")
    assert said["ratings"][0]["kind"] == "overridden"
    score(capsys, run.folder, "--rate", "a/0/1:greets=yes", "--by", "ben")
    score(capsys, run.folder, "--dispute", "b/0/1:not_sent_to_site", "--by", "agent")
    score(capsys, run.folder, "--settle", "b/0/1:not_sent_to_site=no", "--by", "ada")
    document = score(capsys, run.folder, "--against", "ben")
    assert document["agreement"][0]["raters"][0] == "ben"
    assert any("machine" in one["raters"] for one in document["agreement"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rate", "a/0/1:greets"], "CONTACT:CRITERION=ANSWER"),
        (["--rate", "a/0/1:charm=yes", "--by", "ada"], "charm"),
        (["--rate", "a/0/1:greets=yes"], "--by NAME"),
        (["--card", "conducts"], "conducts"),
        (["--hours", "nine to five"], "Mon-Fri 09:00-18:00"),
        (["--judge", "m1"], "--charter"),
        (["--sheet", "sheet.txt"], ".csv or an .xlsx"),
    ],
)
def test_bad_arguments_say_what_would_be_right(
    run: Run, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it a slip would end in a traceback, or change nothing without a word."""
    assert testdrive.main(["score", str(run.folder), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_labelled_replies_are_scored_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it nobody could check the rules on replies of their own."""
    path = tmp_path / "conduct_en.jsonl"
    line = {
        "id": "1",
        "lang": "en",
        "channel": "chat",
        "context": [],
        "text": "I'm so sorry about that.",
        "labels": ["apology"],
    }
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert testdrive.main(["validate", "--scoring", str(path), "--json"]) == 0
    rules = {rule["rule"]: rule for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert rules["apology"]["f1"] == 1.0
    assert set(rules["apology"]) >= {"rule", "language", "n", "precision", "recall", "f1", "low", "high"}
    assert rules["thanks"]["f1"] is None, "what is nowhere to be found has no score"
    path.write_text("{}\n", encoding="utf-8")
    assert testdrive.main(["validate", "--scoring", str(path)]) == 2
    assert "conduct_en.jsonl:1" in capsys.readouterr().err
