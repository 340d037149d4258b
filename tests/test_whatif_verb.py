"""`testdrive whatif`: in words, as JSON, in the run folder and as a page."""

from __future__ import annotations

import csv
import json

import pytest

import simulator.whatif
import testdrive
from results.runs import Run
from tests.results.pages import Page
from tests.written import about, demand, one_desk

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def path(tmp_path):
    """A desk that is short of people, with a remedy."""
    desk = one_desk(agents=2, service=about(300), demand=[demand(380)], patience={"phone": about(600)})
    desk["remedies"] = {"more": {"says": f"More people {SCRIPT}", "set": {"teams.front.agents": "+2"}}}
    found = tmp_path / "desk.yaml"
    found.write_text(json.dumps(desk))
    return found


def whatif(*words):
    return testdrive.main(["whatif", *map(str, words)])


def test_alternatives_are_told_in_words_with_verdicts_and_what_pairing_saved(path, tmp_path, capsys):
    """Without it a planner would have to read JSON."""
    out = tmp_path / "run"
    assert whatif(path, "--set", "teams.front.agents=+2", "--set", "teams.front.agents=+0", "-o", out) == 0
    shown = capsys.readouterr().out
    assert "teams.front.agents=+2: better: Phone: mean wait of everyone who asked and Phone: gave up waiting" in shown
    assert "* phone.wait_s_mean" in shown
    assert "teams.front.agents=+0: changes no value of the scenario: it is the same" in shown
    assert "paid_hours" in shown
    assert "luck apart" in shown
    assert "hold together at 95 %" in shown


def test_the_run_keeps_facts_pairs_and_a_page_that_report_writes_again(path, tmp_path, capsys):
    """Without it the differences could not be looked at day by day, nor the page be made once more."""
    out = tmp_path / "run"
    assert whatif(path, "--remedies", "--grid", "teams.front.agents=+1,+3", "--json", "-o", out) == 0
    document = json.loads(capsys.readouterr().out)
    run = Run.open(out)
    assert run.facts["state"] == "finished"
    assert run.facts["whatif"]["alternatives"] == document["alternatives"]
    assert [one["name"] for one in document["alternatives"]] == [
        "teams.front.agents=+1", "teams.front.agents=+3", "more",
    ]  # fmt: skip
    with (out / "differences.csv").open() as file:
        rows = list(csv.DictReader(file))
    played = sum(one["replications"] for one in document["alternatives"])
    assert len(rows) == played * len(document["measures"])
    assert float(rows[0]["difference"]) == pytest.approx(float(rows[0]["value"]) - float(rows[0]["base"]))
    first = (out / "report.html").read_text()
    assert testdrive.main(["report", str(out), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text() == first


def test_the_page_fetches_nothing_and_has_the_numbers_behind_every_chart(path, tmp_path, capsys):
    """Without it a scenario's text could run as a script, and who cannot see the drawing would have nothing."""
    assert whatif(path, "--remedies", "--set", "teams.front.agents=-1", "-o", tmp_path / "run") == 0
    capsys.readouterr()
    text = (tmp_path / "run" / "report.html").read_text()
    page = Page(text)
    assert page.fetches == []
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert "2 alternatives: 1 better and 1 worse than today in something" in page.text
    heads = [row[0] for row in page.rows if row]
    for figure in ("Phone: mean wait of everyone who asked", "Phone: gave up waiting", "Paid hours"):
        assert any(head.startswith(figure) for head in heads)
    assert sum("difference from today with its interval" in (label or "") for label in page.labels) == 2
    for words in ("✓ better", "✗ worse", "What cannot be told from this", "How it was made", "the usual one, 5 %"):
        assert words in page.text
    assert len(text.encode()) < 300_000


def test_every_slip_in_every_way_of_asking_is_told_at_once_and_leaves_no_folder(path, tmp_path, capsys):
    """Without it a planner would mend one slip a run."""
    words = ("--set", "teams.frnt.agents=+2", "--set", "teams.front.agnts=3", "--json", "-o", tmp_path / "run")
    assert whatif(path, *words) == 2
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert any("front (did you mean it?)" in one["message"] for one in faults)
    assert any("agnts" in one["message"] for one in faults)
    assert whatif(path, "--set", "nothing", "--grid", "a", "-o", tmp_path / "run") == 2
    told = capsys.readouterr().err
    assert "--set nothing" in told
    assert "--grid a" in told
    assert whatif(path, "-o", tmp_path / "run") == 2
    assert whatif(path, "--set", "seed=4", "-o", tmp_path / "run") == 2
    assert "how it is judged" in capsys.readouterr().err
    assert whatif(path, "--remedies", "--metric", "wait_mean", "-o", tmp_path / "run") == 2
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_told_ends_with_its_own_code_and_how_many_would_decide(path, tmp_path, capsys):
    """Without it a script would take too few days for an answer."""
    words = ("--replications", 5, "--set", "teams.front.service.default.mean_s=299", "-o", tmp_path / "run")
    assert whatif(path, "--tolerance", "wait_s_mean=0.1", *words) == 3
    assert "replications would decide" in capsys.readouterr().out


def test_an_interrupted_run_keeps_what_was_played_and_says_so(path, tmp_path, capsys, monkeypatch):
    """Without it Ctrl-C would leave a folder that says it is finished, or nothing."""
    whole = simulator.whatif.whatif

    def interrupted(loaded, alternatives, seed, replications, threads, progress, *more):
        def tell(share):
            if share * replications >= 7:
                raise KeyboardInterrupt

        return whole(loaded, alternatives, seed, replications, 1, tell, *more)

    monkeypatch.setattr(simulator.whatif, "whatif", interrupted)
    assert whatif(path, "--set", "teams.front.agents=+1", "-o", tmp_path / "run") == 130
    facts = Run.open(tmp_path / "run").facts
    assert (facts["state"], facts["replications"]) == ("interrupted", 7)
    assert "cannot tell" in capsys.readouterr().out
    assert "interrupted" in Page((tmp_path / "run" / "report.html").read_text()).text
    monkeypatch.undo()
    words = ("--resume", tmp_path / "run")
    assert whatif(path, "--set", "teams.front.agents=+2", *words) == 2
    assert "another set of alternatives: ask as then" in capsys.readouterr().err
    assert whatif(path, "--set", "teams.front.agents=+1", "--seed", 9, *words) == 2
    assert "another seed (1)" in capsys.readouterr().err
    assert whatif(path, "--set", "teams.front.agents=+1", "-o", tmp_path / "other", *words) == 2
    assert "leave out -o" in capsys.readouterr().err
    assert whatif(path, "--set", "teams.front.agents=+1", *words) == whatif(
        path, "--set", "teams.front.agents=+1", "-o", tmp_path / "whole"
    )
    resumed, whole = (Run.open(tmp_path / name) for name in ("run", "whole"))
    assert (resumed.facts["state"], resumed.facts["whatif"]) == ("finished", whole.facts["whatif"])
    assert (resumed.folder / "differences.csv").read_text() == (whole.folder / "differences.csv").read_text()
    assert whatif(path, "--set", "teams.front.agents=+1", *words) == 2
    assert "is finished: nothing is missing" in capsys.readouterr().err
