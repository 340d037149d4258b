"""What two hundred journeys at once cost in memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

from results.runs import Run
from tests.desks import TOP, desk_of

MANY = TOP / "tests" / "days" / "many_at_once.yaml"
MEMORY_MOST_MB = 500

PLAYS = """
import pathlib, sys, testdrive
code = testdrive.main(sys.argv[1:])
told = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(int(told["VmHWM"].split()[0]) / 1024, file=sys.stderr)  # the system's own figure counts our parent's memory too
sys.exit(code)
"""


def test_two_hundred_journeys_at_once_fit_into_half_a_gigabyte(tmp_path: Path) -> None:
    """Without it a crowd could need a machine that a QA team has not got."""
    with desk_of(tmp_path, scenario=MANY) as where:
        command = [sys.executable, "-c", PLAYS, "load", str(MANY), *where, "-o", str(tmp_path / "run"), "--json"]
        ran = subprocess.run(
            command, capture_output=True, text=True, cwd=TOP, env={**os.environ, "PYTHONPATH": str(TOP)}, timeout=120
        )
    assert json.loads(ran.stdout)["planned"] == 220, ran.stderr
    legs = Run.open(tmp_path / "run").table("legs")
    begins, ends = legs["arrived_s"].dropna(), legs["ended_s"].dropna()
    at_once = max(((begins <= at_s).sum() - (ends < at_s).sum()) for at_s in begins)
    assert at_once >= 200
    assert legs["contact_outcome"].eq("resolved").all()
    assert float(ran.stderr.split()[-1]) < MEMORY_MOST_MB
