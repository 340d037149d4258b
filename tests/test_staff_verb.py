"""`testdrive staff`: in words, as JSON, in the run folder, as a page, and the reverse."""

from __future__ import annotations

import csv
import json

import pytest

import testdrive
from results.runs import Run
from results.staffing_words import headline
from tests.results.pages import Page
from tests.written import about, demand, one_desk


def a_desk(folder, **changes):
    """A desk with more people than it needs."""
    goal = {"metric": "wait_s_mean", "channel": "phone", "at_most": 60}
    told = {"demand": [demand(400)], "patience": {"phone": about(600)}, "goals": [goal], **changes}
    path = folder / "desk.yaml"
    path.write_text(json.dumps(one_desk(agents=6, service=about(300), **told)))
    return path


def staff(*words):
    return testdrive.main(["staff", *map(str, words)])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A run of the verb, by two intervals a day."""
    folder = tmp_path_factory.mktemp("staff")
    path = a_desk(folder)
    out = folder / "run"
    code = staff(path, "--interval", 720, "--replications", 20, "--threads", 1, "-o", out)
    return path, out, code


def test_a_planner_gets_facts_a_table_and_a_page(found, tmp_path):
    """Without it the answer would be gone with the terminal."""
    _, out, code = found
    assert code == 0
    run = Run.open(out)
    assert run.facts["state"] == "finished"
    assert run.facts["staffing"]["state"] == "verified"
    with (out / "requirement.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert sum(int(row["required"]) for row in rows) < 12
    first = (out / "report.html").read_text()
    assert testdrive.main(["report", str(out), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text() == first


def test_the_page_fetches_nothing_and_tells_goals_people_and_limits(found):
    """Without it a leader would see a chart without the numbers, or numbers without how sure they are."""
    _, out, _ = found
    page = Page((out / "report.html").read_text())
    assert page.fetches == []
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    for words in ("All goals are kept for", "95 % confidence", "✓ kept", "What cannot be told from this", "worth"):
        assert words in page.text, words


def test_goals_and_costs_are_told_in_words_and_units(found, tmp_path):
    """Without it a leader would read names of definitions, numbers without units, and a currency nobody has told."""
    _, out, _ = found
    page = Page((out / "report.html").read_text())
    goal = next(
        row for row in page.rows if row and row[0].startswith("Phone: mean wait of everyone who asked, at most")
    )
    assert goal[1].endswith(" s")
    assert "wait_s_mean" not in page.text
    assert "money" not in page.text
    worth = [row for row in page.rows if len(row) == 5 and row[0] == "front"]
    assert all(row[2].endswith(" s") and row[4].endswith("paid hours") for row in worth)


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, "verified", "All goals are kept for EUR 240, 25.0 % less than today; today's roster costs EUR 320"),
        (
            {"currency": None},
            "verified",
            "All goals are kept for 240, 25.0 % less than today; today's roster costs 320",
        ),
        ({"cost_unit": "h"}, "sampled", "Interrupted: 240 paid hours, 25.0 % less than today keeps the goals on"),
        ({"cost_today": None}, "verified", "All goals are kept for EUR 240"),
    ],
)
def test_a_cost_is_told_in_what_it_was_reckoned_in(changes, state, said):
    """Without it hours could be taken for euros, and a roster's price be compared with hours of today."""
    facts = {"state": state, "objective": "cost", "cost": 240.0, "cost_today": 320.0, "currency": "EUR",
             "cost_unit": "money", **changes}  # fmt: skip
    assert headline(facts).startswith(said)
    assert ("today" in headline(facts)) is (facts["cost_today"] is not None)


def test_the_answer_given_back_keeps_its_goals_and_tells_how_much_it_carries(found, capsys):
    """Without it nobody could ask what the people they have achieve."""
    path, out, _ = found
    code = staff(path, "--given", out / "requirement.csv", "--replications", 40, "--threads", 1, "--json")
    told = json.loads(capsys.readouterr().out)
    assert code in (0, 3)
    assert told["carried"] >= 1
    assert told["not_carried"] > told["carried"]
    assert told["binds"] == ["Phone: mean wait of everyone who asked, at most 60 s"]


def test_a_roster_that_cannot_be_read_says_where_and_what_would_be_right(found, tmp_path, capsys):
    """Without it a slip in a table would be a riddle."""
    path, _, _ = found
    roster = tmp_path / "roster.csv"
    roster.write_text("team,from_s,agents\nfrnt,0,4\nfront,0,-1\n")
    assert staff(path, "--given", roster) == 2
    shown = capsys.readouterr().err
    assert "front" in shown
    assert "a whole number from 0" in shown


def test_a_wrong_team_leaves_no_folder_behind(found, tmp_path, capsys):
    """Without it every typing error would leave an empty run."""
    path, _, _ = found
    assert staff(path, "--teams", "frnt", "-o", tmp_path / "none") == 2
    assert "expected teams with people" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_check_goals_judges_each_day_where_a_goal_asks_for_it(tmp_path, capsys):
    """Without it `on_days` would be read and forgotten."""
    goal = {"metric": "wait_s_mean", "channel": "phone", "at_most": 60, "on_days": 0.9}
    path = a_desk(tmp_path, goals=[goal])
    assert testdrive.main(["simulate", str(path), "--check-goals", "-o", str(tmp_path / "a")]) == 0
    assert "on 90% of days" in capsys.readouterr().out
    words = ["simulate", str(path), "--check-goals", "--summary", "-o", str(tmp_path / "b")]
    assert testdrive.main(words) == 2
    assert "judged day by day" in capsys.readouterr().err
