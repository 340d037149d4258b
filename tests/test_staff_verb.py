"""`testdrive staff`: in words, as JSON, in the run folder, as a page, and the reverse."""

from __future__ import annotations

import csv
import json

import pytest

import testdrive
from results.kept_rows import KeptRows
from results.runs import Run
from results.staffing_words import goal_words, headline, worth_text
from scenarios.reading import load_scenario
from scenarios.scenario import Goal
from simulator.staffing import staff as search
from simulator.staffing.aims import Aim
from simulator.staffing.sampled import Desk
from simulator.staffing.verifying import FRESH_FIRST
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
    prices = [row[6] for row in page.rows if len(row) == 9 and row[0] == "0"]
    assert prices == ["12 paid hours", "12 paid hours"]


@pytest.mark.parametrize(
    ("unit", "worth", "objective", "said"),
    [
        ("s", 0.42, "cost", "0.420 s"), ("share", 0.0042, "cost", "0.420 points"), ("count", 1.5, "cost", "1.50"),
        ("s", None, "cost", "–"), (None, 1234.0, "money", "EUR 1,230"),
    ],
)  # fmt: skip
def test_what_one_more_is_worth_is_told_in_the_unit_of_what_it_betters(unit, worth, objective, said):
    """Without it a planner would not know whether one more agent saves seconds, contacts or money."""
    goals = [{"goal": "of it", "gain_unit": unit}] if unit else []
    facts = {"goals": goals, "objective": objective, "currency": "EUR"}
    assert worth_text(facts, {"worth": worth, "binds": "of it" if unit else "money saved"}) == said


@pytest.mark.parametrize(
    ("goal", "unit", "said"),
    [
        ({"metric": "wait_s_p80", "channel": "phone", "at_most": 90}, "share",
         "Phone: wait that 80 of 100 do not exceed, at most 90 s"),
        ({"metric": "customer_wait_s_mean", "at_most": 120, "on_days": 0.95}, "s",
         "Mean wait of a customer over all attempts, at most 2 min, on 95 % of days"),
        ({"metric": "abandonment", "team": "front", "channel": "chat", "at_most": 0.025}, "share",
         "Chat, front: gave up waiting, at most 2.5 %"),
    ],
)  # fmt: skip
def test_a_goal_is_said_as_people_say_it_and_knows_the_unit_of_its_gains(goal, unit, said):
    """Without it a page would name definitions, and what one agent betters of a percentile be told in seconds."""
    aim = Aim(goal_words(Goal(**goal)), Goal(**goal), None)
    assert (aim.name, aim.gain_unit) == (said, unit)


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


class Stopped:
    """Plays as a desk does until Ctrl-C is pressed: after so many plays, of the search or of the verification."""

    def __init__(self, monkeypatch, plays, from_replication=0):
        self.left, self.made, play = plays, 0, Desk.play

        def counted(desk, seats, replication):
            if replication >= from_replication and self.left is not None:
                if not self.left:
                    raise KeyboardInterrupt
                self.left -= 1
            self.made += 1
            return play(desk, seats, replication)

        monkeypatch.setattr(Desk, "play", counted)


def told(out):
    """Return what a run tells, but for the clock."""
    facts = Run.open(out).facts
    return facts["state"], {**facts["staffing"], "wall_s": None}


@pytest.mark.parametrize(
    ("plays", "fresh", "says"),
    [(60, 0, "on the 30 replications sampled the goals are kept."), (7, FRESH_FIRST, "goals are kept.")],
)
def test_an_interrupted_search_keeps_the_best_it_knows_and_goes_on_to_the_same_answer(
    found, tmp_path, capsys, monkeypatch, plays, fresh, says
):
    """Without it Ctrl-C would throw an hour away, or a second run would tell other people."""
    path, whole, _ = found
    out = tmp_path / "run"
    words = (path, "--interval", 720, "--replications", 20, "--threads", 1)
    stopped = Stopped(monkeypatch, plays, fresh)
    assert staff(*words, "-o", out) == 130
    shown = capsys.readouterr()
    assert "Interrupted: " in shown.out
    assert says in shown.out
    assert f"the same command with --resume {out} goes on" in shown.err
    state, part = told(out)
    assert (state, part["state"], part["whole"]) == ("interrupted", "sampled", False)
    assert {row["verdict"] for row in part["goals"]} == {"not verified"}
    assert "nothing is promised" in Page((out / "report.html").read_text()).text
    assert staff(*words, "--resume", out, "--objective", "cost", "--teams", "front") == 2
    assert "another choice of --teams: ask as then" in capsys.readouterr().err
    before, stopped.left = stopped.made, None
    assert staff(*words, "--resume", out) == 0
    assert told(out) == told(whole)
    assert stopped.made - before < told(whole)[1]["plays"] - before / 2
    assert not (out / "rows.jsonl").exists()
    assert staff(*words, "--resume", out) == 2
    assert "is finished: nothing is missing" in capsys.readouterr().err


def test_an_interruption_before_anything_is_known_says_how_to_go_on(found, tmp_path, capsys, monkeypatch):
    """Without it Ctrl-C in the first second would leave a run that seems to be running, and no word."""
    path, _, _ = found
    Stopped(monkeypatch, 3)
    assert staff(path, "--interval", 720, "--replications", 20, "--threads", 1, "-o", tmp_path / "run") == 130
    assert "before anything was known; what was played is kept" in capsys.readouterr().err
    assert Run.open(tmp_path / "run").facts["state"] == "interrupted"
    with KeptRows.reopen(tmp_path / "run" / "rows.jsonl", {}) as kept:
        assert len(kept) == 3


def test_a_cluster_and_threads_tell_the_same_people(found):
    """Without it the same question would have another answer on a cluster, or with more threads."""
    distributed = pytest.importorskip("distributed")
    path, whole, _ = found
    loaded, answer = load_scenario(path), told(whole)[1]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        there = search(loaded, 720, replications=20, cluster=cluster.scheduler_address)
    assert {**there.facts(), "wall_s": None} == answer
    here = search(loaded, 720, replications=20, threads=2)
    assert {**here.facts(), "wall_s": None} == answer


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
