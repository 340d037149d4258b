"""Runs that are killed and taken up again: nothing measured is lost, and no contact is begun twice."""

import contextlib
import json
import os
import random
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from results.journal import JOURNAL
from results.log import check_legs
from results.runs import Run
from tests.desks import TOP, TWO_MINUTES, VERB, desk_of
from tests.test_kill import wait_for_journal

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("TESTDRIVE_KILLS", "4"))
"""The suite kills four times; TESTDRIVE_KILLS=100 pytest tests/test_resume.py is the long form."""


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a journal."""
    found = []
    for line in (folder / JOURNAL).read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def begin(where: list[str], folder: Path, *more: str) -> subprocess.Popen[str]:
    """Begin to play everybody of a short day."""
    command = [*VERB, "load", str(TWO_MINUTES), *where, *more]
    command += [] if "--resume" in more else ["-o", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP)


def kill_and_resume(folder: Path, number: int) -> None:
    """Kill a run at a random moment, perhaps again when it was taken up, and take it up to its end."""
    luck = random.Random(number)
    folder.mkdir()
    run = folder / "run"
    with desk_of(folder, scenario=TWO_MINUTES) as where:
        kept: list[dict[str, Any]] = []
        for time in range(luck.choice([1, 2])):
            begun = begin(where, run, *(["--resume", str(run), *luck.choice([[], ["--shift"]])] if time else []))
            wait_for_journal(run, len(kept) + luck.randrange(1, 150), begun)
            begun.send_signal(signal.SIGKILL)
            begun.communicate(timeout=30)
            kept = lines_of(run)
        ended = begin(where, run, "--resume", str(run), *luck.choice([[], ["--shift"]]), "--json")
        out, err = ended.communicate(timeout=120)
    assert ended.returncode in (0, 4), err
    after = lines_of(run)
    assert after[: len(kept)] == kept, "what was measured is still there"
    times = Counter(line["contact_id"] for line in after if line["kind"] == "begun")
    assert max(times.values()) == 1, "no contact was begun twice"
    read = Run.open(run)
    legs = read.table("legs")
    check_legs(legs)
    assert set(read.plan()["contact_id"]) <= set(legs["contact_id"])
    assert json.loads(out)["run"] == str(run)
    assert read.facts["state"] == "finished"


def test_a_run_that_was_killed_is_taken_up_again(tmp_path: Path) -> None:
    """Without it a power cut would cost the rest of the day, or shop somebody twice."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: kill_and_resume(tmp_path / f"kill{number}", number), range(KILLS)))


@pytest.mark.parametrize(
    ("change", "said"),
    [(["--seed", "99"], "another state of the seed"), ([], "has come to its end")],
    ids=["another seed", "finished"],
)
def test_only_the_same_run_is_taken_up(tmp_path: Path, change: list[str], said: str) -> None:
    """Without it two different days would be mixed in one folder."""
    with desk_of(tmp_path, scenario=TWO_MINUTES) as where:
        begun = begin(where, tmp_path / "run")
        if change:
            wait_for_journal(tmp_path / "run", 30, begun)
            begun.send_signal(signal.SIGKILL)
        begun.communicate(timeout=120)
        again = begin(where, tmp_path / "run", "--resume", str(tmp_path / "run"), *change)
        _, err = again.communicate(timeout=60)
    assert again.returncode == 2
    assert said in err
