"""A run that a threshold ends early: nobody begins any more, everybody is accounted for, whoever reads it is told."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from results.runs import ABORTED_REASON, Run
from tests.desks import TOP, TWO_MINUTES, VERB, desk_of
from tests.test_crowd_workers import begun_in, checked, crew

SLOW = """
thresholds:
  - {metric: response_s_p95, step: say, at_most: 2, abort: true}
  - {metric: drop_share, at_most: 0, abort: true}
"""
"""Two busy minutes have six agents for a hundred times as many: what is said first is answered after half a minute."""

LATE_S_MOST = 20.0
"""Scenario seconds by which a busy machine may be late to begin somebody: the end may come in between."""


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A desk that many more come to than it can answer."""
    return written(tmp_path / "two.yaml", SLOW, "[300, 300]")


def written(path: Path, thresholds: str, contacts: str) -> Path:
    text = TWO_MINUTES.read_text(encoding="utf-8").replace("contacts: [40]", f"contacts: {contacts}")
    path.write_text(text + thresholds, encoding="utf-8")
    return path


def load(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*VERB, "load", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=240, check=False)


def accounted(folder: Path) -> dict[str, Any]:
    """Return what an aborted run says of its end; it has a row for everybody, and nobody began after it."""
    run, legs = Run.open(folder), checked(folder)
    assert run.facts["state"] == "aborted"
    told: dict[str, Any] = run.facts["aborted"]
    never = legs[legs["reason"].fillna("").str.startswith(ABORTED_REASON) & legs["arrived_s"].isna()]
    assert set(never["leg_end"]) == {"unstarted"}
    assert (never["due_s"] > told["at_s"] - LATE_S_MOST).all()
    cut_off = legs[legs["leg_end"] == "censored"]
    assert len(cut_off)
    assert set(cut_off["reason"]) == {told["reason"]}
    assert cut_off["arrived_s"].notna().all()
    assert cut_off["ended_s"].isna().all()
    return told


def test_a_desk_that_is_too_slow_ends_the_run(slow: Path, tmp_path: Path) -> None:
    """Without it an hour of load would go on at a desk that has shown in a minute that it cannot carry it."""
    junit, figures = tmp_path / "out.xml", tmp_path / "out.prom"
    done = load(slow, "--clock", "virtual", "--json", "--junit", junit, "--prometheus", figures, "-o", tmp_path / "run")
    assert done.returncode == 1, done.stdout + done.stderr
    told = accounted(tmp_path / "run")
    assert 50 <= told["of"] < 400
    assert told["beyond"] > told["of"] / 2
    legs = Run.open(tmp_path / "run").table("legs")
    assert (legs["arrived_s"].dropna() <= told["at_s"]).all(), "nobody began after it"
    document = json.loads(done.stdout)
    assert document["aborted"] == told
    assert [(one["kept"], one["ended_run"]) for one in document["thresholds"]] == [(False, True), (True, False)]
    assert document["outcomes"]["unstarted"] > 100, "whom we did not let come is counted, and is no fault of ours"
    assert sum(document["outcomes"].values()) >= document["planned"] == 600
    ended, missed = (case.find(f".//{kind}") for kind, case in zip(("error", "failure"), cases(junit), strict=True))
    assert ended is not None
    assert ended.get("message") == told["words"]
    assert missed is not None
    assert str(missed.get("message")).endswith("; the run was aborted for it")
    assert "testdrive_run_complete{" in figures.read_text()
    assert re.search(r"testdrive_run_complete\{.*\} 0\.0", figures.read_text())


def cases(junit: Path) -> list[ElementTree.Element]:
    """Return the cases of the run's end, and of the threshold that ended it."""
    named = {str(case.get("name")): case for case in ElementTree.parse(junit).getroot()}
    (threshold,) = (case for name, case in named.items() if name.startswith("response_s_p95"))
    return [named["the run came to its end"], threshold]


def test_the_terminal_says_why_in_a_sentence(slow: Path, tmp_path: Path) -> None:
    """Without it a run that stopped after a minute would look like one that crashed."""
    done = load(slow, "--clock", "virtual", "-o", tmp_path / "run")
    assert re.search(r"response_s_p95 .* MISSED, and ended the run\n", done.stdout)
    assert f"\n{Run.open(tmp_path / 'run').facts['aborted']['words']}\n" in done.stdout
    assert re.search(
        r"\n\d+ of [\d,]+ contacts were not begun any more, and \d+ under way were cut off\.\n", done.stdout
    )
    assert "is broken for sure, as" in done.stdout
    page = tmp_path / "page.html"
    asked = [*VERB, "report", str(tmp_path / "run"), "-o", str(page)]
    subprocess.run(asked, capture_output=True, cwd=TOP, timeout=120, check=True)
    assert "A threshold ended the run at 09:0" in page.read_text(encoding="utf-8")
    assert "It ended the run" in page.read_text(encoding="utf-8")


def test_a_desk_that_keeps_its_thresholds_is_left_in_peace(tmp_path: Path) -> None:
    """Without it `abort: true` would cost runs that were good."""
    kept = SLOW.replace("at_most: 2,", "at_most: 40,")
    done = load(written(tmp_path / "two.yaml", kept, "[40]"), "--clock", "virtual", "--json", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["aborted"] is None
    assert Run.open(tmp_path / "run").facts["state"] == "finished"


def test_only_what_is_told_to_ends_a_run(tmp_path: Path) -> None:
    """Without it a threshold that is only to be reported would cut off the measurement it is about."""
    quiet = SLOW.replace(", abort: true", "")
    done = load(written(tmp_path / "two.yaml", quiet, "[300, 300]"), "--clock", "virtual", "--json", "-o",
                tmp_path / "run")  # fmt: skip
    assert done.returncode == 1
    assert [one["kept"] for one in json.loads(done.stdout)["thresholds"]] == [False, True]
    assert Run.open(tmp_path / "run").facts["state"] == "finished"


def test_an_aborted_run_is_taken_up_only_when_told(slow: Path, tmp_path: Path) -> None:
    """Without it a script that resumes whatever was cut off would go on loading a desk that is down."""
    folder = tmp_path / "run"
    with desk_of(tmp_path, scenario=slow) as where:
        done = load(slow, *where, "-o", folder)
        assert done.returncode in (1, 4), done.stdout + done.stderr  # 4 on a machine too busy to measure
        told, before = accounted(folder), begun_in(folder)
        again = load(slow, *where, "--resume", folder)
        assert (again.returncode, begun_in(folder)) == (2, before), again.stderr
        assert "the run was aborted at 09:0" in again.stderr
        assert "--after-abort goes on all the same" in again.stderr
        gone_on = load(slow, *where, "--resume", folder, "--after-abort", "--json")
        assert gone_on.returncode in (0, 1, 4), gone_on.stderr
    assert len(begun_in(folder)) > len(before), "it went on"
    facts = Run.open(folder).facts
    assert facts["aborted_before"] == [told]
    assert facts["aborted"] is None or facts["aborted"]["at_s"] > told["at_s"]
    checked(folder)


def test_several_workers_are_ended_together(tmp_path: Path) -> None:
    """Without it each of ten workers would wait for proof of its own, or go on when the others have stopped."""
    slow = written(tmp_path / "busy.yaml", SLOW, "[300, 300]")
    with desk_of(tmp_path, scenario=slow) as where, crew(tmp_path, where, 2) as (master, _):
        code = master.wait(timeout=150)
        said = (tmp_path / "master.txt").read_text()
    told = accounted(tmp_path / "run")
    assert code == (1 if Run.open(tmp_path / "run").facts["instrument"]["fit"] else 4), said
    assert told["words"] in said
    assert 50 <= told["of"] < 400
    begun = Run.open(tmp_path / "run").table("legs")["arrived_s"].dropna()
    assert (begun <= told["at_s"] + 15).all(), "1.5 s of the wall later nobody began any more"
    each = {path.name: path.read_bytes().count(b'"kind":"begun"') for path in (tmp_path / "run").glob("journal*")}
    assert len(each) == 2
    assert min(each.values()) > 10, "both had a part in it"


def test_browsers_and_the_many_are_ended_together(slow: Path, tmp_path: Path) -> None:
    """Without it a browser, whose few customers prove nothing, would go on when the many have stopped."""
    slow.write_text(slow.read_text().replace("\nteams:", "\nshoppers: {chat: {count: 3}}\nteams:"))
    with desk_of(tmp_path, scenario=slow) as where:
        done = load(slow, "--browsers", *where, "-o", tmp_path / "run")
    assert done.returncode in (1, 4), done.stdout + done.stderr  # 4 on a machine too busy to measure
    assert accounted(tmp_path / "run")["words"] in done.stdout


def test_after_abort_goes_with_resume_alone(tmp_path: Path) -> None:
    """Without it a slip would be taken for leave to go on, and do nothing."""
    done = load(TWO_MINUTES, "--after-abort", "--target", "t.yaml", "--charter", "c.yaml", "-o", tmp_path / "run")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--after-abort: only with --resume RUN" in done.stderr
