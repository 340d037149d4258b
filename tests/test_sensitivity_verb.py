"""`testdrive sensitivity`: in words, as JSON, in the run folder and as a page; interrupted and taken up again."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import pytest

import simulator.sensitivity
import testdrive
from results.kept_rows import KeptRows
from results.runs import Run
from simulator.sensitivity import Worlds
from tests.results.pages import Page
from tests.written import about, demand, one_desk

SCRIPT = "<script>alert(1)</script>"
DOCS = Path(__file__).resolve().parent.parent / "docs" / "sensitivity.md"
FEW = ("--evaluations", 300, "--threads", 1)


@pytest.fixture
def path(tmp_path):
    """A desk that is short of people, with beliefs about it."""
    desk = one_desk(agents=3, service=about(300), demand=[demand(700)], patience={"phone": about(600)})
    desk["uncertain"] = {
        "teams.front.service.default.mean_s": {
            "factor": {"low": 0.9, "high": 1.1}, "says": f"How long calls take {SCRIPT}", "source": "a belief",
        },
        "patience.phone.mean_s": {"low": 500, "high": 700, "mode": 600},
    }  # fmt: skip
    found = tmp_path / "desk.yaml"
    found.write_text(json.dumps(desk))
    return found


def sensitivity(*words):
    return testdrive.main(["sensitivity", *map(str, words)])


def test_what_matters_is_told_in_words_with_ranges_shares_and_the_reason(path, tmp_path, capsys):
    """Without it a planner would have to read JSON."""
    assert sensitivity(path, *FEW, "-o", tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("How long calls take")
    assert "of 2 beliefs the one that matters most, to 2 of 2 figures" in shown
    assert re.search(r"On a day it lies between .+ and .+, nine times in ten", shown)
    assert "More runs would narrow it by" in shown
    assert "not knowing the inputs" in shown
    assert re.search(r"× 0\.9 +× 1\.1", shown)


def test_the_run_keeps_facts_evaluations_and_a_page_that_report_writes_again(path, tmp_path, capsys):
    """Without it nobody could look at single evaluations, nor make the page once more."""
    out = tmp_path / "run"
    words = ("--uncertain", "teams.front.resolves=0.8..1", "--metric", "phone.wait_s_mean")
    assert sensitivity(path, "--evaluations", 400, *words, "--json", "-o", out) == 0
    document = json.loads(capsys.readouterr().out)
    run = Run.open(out)
    assert run.facts["state"] == "finished"
    assert run.facts["kind"] == "sensitivity"
    assert run.facts["sensitivity"]["figures"] == document["figures"]
    assert [one["path"] for one in document["inputs"]][-1] == "teams.front.resolves"
    assert [one["name"] for one in document["figures"]] == ["phone.wait_s_mean"]
    with (out / "evaluations.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == document["evaluations"]
    assert {row["stage"] for row in rows} == {"tornado", "morris", "sobol"}
    first = (out / "report.html").read_text()
    assert testdrive.main(["report", str(out), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text() == first


def test_the_page_fetches_nothing_and_has_the_numbers_behind_every_chart(path, tmp_path, capsys):
    """Without it a scenario's text could run as a script, and who cannot see the drawing would have nothing."""
    assert sensitivity(path, *FEW, "-o", tmp_path / "run") == 0
    capsys.readouterr()
    text = (tmp_path / "run" / "report.html").read_text()
    page = Page(text)
    assert page.fetches == []
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    heads = [row[0] for row in page.rows if row]
    for name in ("How long calls take", "patience.phone.mean_s", "Phone: mean wait of everyone who asked"):
        assert any(head.startswith(name) for head in heads)
    labels = [label or "" for label in page.labels]
    assert sum("at its low and high end" in label for label in labels) == 2
    assert sum("nine days in ten" in label for label in labels) == 2
    assert any(label.startswith("What makes each figure unsure. ") for label in labels)
    for words in ("a belief", "none told", "500 to 700, most likely 600", "What cannot be told from this"):
        assert words in page.text
    assert len(text.encode()) < 400_000


def test_every_slip_is_told_and_leaves_no_folder(path, tmp_path, capsys):
    """Without it a planner would mend one slip a run, and find empty folders."""
    out = tmp_path / "run"
    words = ("--uncertain", "teams.frnt.agents=*0.9..1.1", "--uncertain", "teams.front.resolves=0.8..1.5")
    assert sensitivity(path, *words, "--json", "-o", out) == 2
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert any("front (did you mean it?)" in one["message"] for one in faults)
    assert any("at most 1" in one["message"] for one in faults)
    assert sensitivity(path, "--uncertain", "teams.front.resolves", "-o", out) == 2
    assert sensitivity(path, "--metric", "wait_mean", "-o", out) == 2
    assert sensitivity(path, "--evaluations", 20, "-o", out) == 2
    assert "expected at least" in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_package_is_told_with_the_command_that_installs_it(path, tmp_path, capsys, monkeypatch):
    """Without it who installs the plain package would see a traceback."""
    monkeypatch.setitem(sys.modules, "SALib.sample.sobol", None)
    assert sensitivity(path, *FEW, "-o", tmp_path / "run") == 2
    assert "pip install 'testdrive-cx[sensitivity]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_interrupted_run_says_so_and_resume_ends_with_the_same_numbers(path, tmp_path, capsys, monkeypatch):
    """Without it Ctrl-C would leave a folder that says it is finished, or an hour that is lost."""
    assert sensitivity(path, *FEW, "-o", tmp_path / "whole") == 0
    whole, weigh = Run.open(tmp_path / "whole").facts["sensitivity"], simulator.sensitivity.sensitivity
    out = tmp_path / "run"

    def interrupted(loaded, uncertain, seed, evaluations, replications, threads, progress, *more):
        def tell(share):
            if share >= 0.6:
                raise KeyboardInterrupt

        return weigh(loaded, uncertain, seed, evaluations, replications, 1, tell, *more)

    with monkeypatch.context() as patched:
        patched.setattr(simulator.sensitivity, "sensitivity", interrupted)
        assert sensitivity(path, *FEW, "-o", out) == 130
    assert f"the same command with --resume {out} goes on" in capsys.readouterr().err
    assert Run.open(out).facts["state"] == "interrupted"
    assert "interrupted" in Page((out / "report.html").read_text()).text
    assert sensitivity(path, *FEW, "--resume", out, "--seed", 99) == 2
    assert "another seed (1): ask as then" in capsys.readouterr().err
    assert sensitivity(path, *FEW, "--resume", out, "--metric", "contacts") == 2
    assert "another choice of --metric" in capsys.readouterr().err
    assert sensitivity(path, *FEW, "--resume", out) == 0
    facts = Run.open(out).facts
    assert (facts["state"], facts["sensitivity"]) == ("finished", whole)
    assert (out / "evaluations.csv").read_text() == (tmp_path / "whole" / "evaluations.csv").read_text()


def test_an_interruption_before_anything_is_told_says_how_to_go_on(path, tmp_path, capsys, monkeypatch):
    """Without it Ctrl-C in the first second would leave a run that seems to be running, without a word."""
    out, values = tmp_path / "run", Worlds.values
    played = []

    def interrupted(self, *more):
        if len(played) == 6:  # a luck of the tornado has five sets of inputs
            raise KeyboardInterrupt
        played.append(values(self, *more))
        return played[-1]

    with monkeypatch.context() as patched:
        patched.setattr(Worlds, "values", interrupted)
        assert sensitivity(path, *FEW, "-o", out) == 130
    assert "before anything could be told; what was played is kept" in capsys.readouterr().err
    assert Run.open(out).facts["state"] == "interrupted"
    with KeptRows.reopen(out / "rows.jsonl", {}) as kept:
        assert len(kept) == 1
    path.write_text(path.read_text().replace("700", "701"))
    assert sensitivity(path, *FEW, "--resume", out) == 2
    assert "begun with another scenario" in capsys.readouterr().err


def test_the_python_example_of_the_docs_runs(capsys, monkeypatch):
    """Without it the docs could show a call that is there no more."""
    monkeypatch.chdir(DOCS.parent.parent)
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
    exec(compile(example, str(DOCS), "exec"), {})
    assert "teams.chat_desk.agents" in capsys.readouterr().out
