"""The pytest plugin, as whoever writes tests of a desk uses it."""

import importlib.metadata
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from results.runs import Run
from tests.desks import FIVE_MINUTES, TOP, desk_of

GOOD = """
journey: {name}
title: Ask, and have an answer
channel: chat
questions: {{default: {{subject: "Order", text: "Where is {{order}}?", useful: "{useful}"}}}}
steps: [{{open: true}}, {{wait_for: closed, within: {{law: deterministic, value_s: 60}}}}{more}]
"""

OWN = """
def test_the_chat_desk_answers(desk, shopper):
    opened = desk({scenario!r}, scale=10.0)
    shopped = shopper("ask_on_chat", opened)
    shopped.check()
    assert {{"customer", "automatic", "agent"}} <= set(shopped.messages["speaker"])
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user would, in a folder of theirs."""
    known = "testdrive" in importlib.metadata.entry_points(group="pytest11").names  # not before it was installed anew
    plugin = [] if known else ["-p", "probes.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(TOP)}, capture_output=True, text=True, timeout=120
    )


def test_journeys_are_tests(tmp_path: Path) -> None:
    """Without it a QA team would need a second place to run its journeys in, and a red one would not say why."""
    journeys = tmp_path / "journeys"
    journeys.mkdir()
    (journeys / "answered.yaml").write_text(GOOD.format(name="answered", useful="days", more=""))
    broken = GOOD.format(name="broken", useful="days", more=', {press: "Yes"}').replace("wait_for: closed", "pause: &p")
    broken = broken.replace("pause: &p, within: {law: deterministic, value_s: 60}", "wait_for: human")
    (journeys / "broken.yaml").write_text(broken)
    (journeys / "faulty.yaml").write_text("journey: faulty\nchannel: pigeon\n")
    (journeys / "notes.yaml").write_text("notes: none of ours\n")
    (tmp_path / "quarantine.txt").write_text("# mended next week\nbroken\n")
    with desk_of(tmp_path) as (_, target, _, charter):
        where = ["--charter", charter, "--target", target, "--shop-runs", str(tmp_path / "runs")]
        all_red = run_pytest(tmp_path, "journeys", *where, "--junitxml", str(tmp_path / "out.xml"))
        kept = run_pytest(tmp_path, "journeys/broken.yaml", *where, "--quarantine", str(tmp_path / "quarantine.txt"))
    assert "1 passed" in all_red.stdout, all_red.stdout + all_red.stderr
    assert "2 failed" in all_red.stdout
    assert "broken on chat ended failed after step" in all_red.stdout
    assert "there is nothing to press here" in all_red.stdout
    assert "faulty.yaml:2: channel is 'pigeon'" in all_red.stdout
    assert "Traceback" not in all_red.stdout
    cases = ElementTree.parse(tmp_path / "out.xml").getroot().iter("testcase")
    assert sorted(str(case.get("name")) for case in cases) == ["answered", "broken", "faulty"]
    assert "1 xfailed" in kept.stdout, kept.stdout
    runs = [Run.open(path.parent) for path in (tmp_path / "runs").rglob("run.json")]
    assert {run.facts["state"] for run in runs} == {"finished"}


def test_without_a_charter_nothing_is_played(tmp_path: Path) -> None:
    """Without it whoever runs their own tests beside journeys would shop a desk by accident."""
    (tmp_path / "answered.yaml").write_text(GOOD.format(name="answered", useful="days", more=""))
    ran = run_pytest(tmp_path, "answered.yaml")
    assert ran.returncode != 0
    assert "passed" not in ran.stdout


def test_a_desk_and_a_shopper_are_fixtures(tmp_path: Path) -> None:
    """Without it tests in Python would have to open desks by themselves."""
    (tmp_path / "test_own.py").write_text(OWN.format(scenario=str(FIVE_MINUTES)))
    ran = run_pytest(tmp_path, "test_own.py")
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_plugin_imports_nothing_heavy() -> None:
    """Without it every pytest run in this environment would take a second longer."""
    code = "import sys, probes.pytest_plugin; print([m for m in ('pandas', 'numba', 'aiohttp') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
