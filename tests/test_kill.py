import contextlib
import json
import os
import random
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from results.journal import JOURNAL
from results.log import check_legs
from results.runs import Run
from tests.desks import FIVE_MINUTES, TOP, VERB, desk_of
from tests.here import ask_here

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("TESTDRIVE_KILLS", "6"))
"""The suite kills six times; TESTDRIVE_KILLS=30 pytest tests/test_kill.py is the long form."""


def wait_for_journal(folder: Path, lines: int, begun: subprocess.Popen[str]) -> None:
    """Wait until a run has journaled so many lines."""
    tick = threading.Event()
    for _ in range(3000):
        with contextlib.suppress(OSError):
            if (folder / JOURNAL).read_bytes().count(b"\n") >= lines:
                return
        assert begun.poll() is None, f"it ended by itself: {begun.returncode}"
        tick.wait(0.02)
    raise AssertionError(f"{folder} has no {lines} lines after a minute")


def kill_once(folder: Path, number: int) -> None:
    luck = random.Random(number)
    folder.mkdir()
    verb = luck.choice(["shop", "load"])
    with desk_of(folder) as where:
        command = [*VERB, verb, str(FIVE_MINUTES), *where, "-o", str(folder / "run")]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, cwd=TOP
        ) as begun:
            wait_for_journal(folder / "run", luck.randrange(1, 400), begun)
            begun.send_signal(signal.SIGKILL)
            begun.wait(timeout=30)


def read_whole(folder: Path) -> None:
    """Read a killed run as a user would, and hold it against every line of its journal."""
    run = Run.open(folder)
    legs, steps, messages = (run.table(name) for name in ("legs", "steps", "messages"))
    check_legs(legs)
    lines = []
    for line in (folder / JOURNAL).read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError):
            lines.append(json.loads(line))
    begun = {line["contact_id"] for line in lines if line["kind"] == "begun"}
    ended = {line["contact_id"]: line["contact_outcome"] for line in lines if line["kind"] == "end"}
    outcomes = legs.groupby("contact_id")["contact_outcome"].first().to_dict()
    assert begun <= set(outcomes)
    assert {contact: outcomes[contact] for contact in ended} == ended
    cut = legs[legs["contact_id"].isin(begun - set(ended))].groupby("contact_id").last()
    assert (cut["leg_end"] == "failed").all()
    assert (cut["reason"] == "interrupted").all()
    assert len(steps) == sum(line["kind"] == "step" for line in lines)
    assert len(messages) == sum(line["kind"] == "message" for line in lines)
    assert set(run.plan()["contact_id"]) <= set(outcomes)
    said = ask_here("runs", folder.parent, "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["runs"][0]["state"] == "running"


def test_a_kill_at_any_moment_leaves_a_readable_run(tmp_path: Path) -> None:
    """Without it a power cut would cost a day of measurements, or replay contacts that were begun."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: kill_once(tmp_path / f"kill{number}", number), range(KILLS)))
    for number in range(KILLS):
        read_whole(tmp_path / f"kill{number}" / "run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_measured(tmp_path: Path, number: signal.Signals) -> None:
    """Without it Ctrl-C would throw away what had been seen, or leave tables half-written."""
    with desk_of(tmp_path) as where:
        command = [*VERB, "load", str(FIVE_MINUTES), *where, "-o", str(tmp_path / "run"), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP) as begun:
            wait_for_journal(tmp_path / "run", 60, begun)
            begun.send_signal(number)
            out, err = begun.communicate(timeout=60)
    assert begun.returncode == 130, err
    document = json.loads(out)
    run = Run.open(tmp_path / "run")
    assert run.facts["state"] == "interrupted"
    assert run.has_table("legs")
    assert document["outcomes"]["censored"] > 0
    assert sum(document["outcomes"].values()) >= document["planned"]
