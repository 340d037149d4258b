"""What a crowd that Locust hosts tells when it is over."""

import json
import subprocess
import sys
from pathlib import Path

from tests.desks import TOP, TWO_MINUTES
from tests.results.test_load_page import thirty, write_run

BROKEN = {"metric": "response_s_max", "step": "open", "at_most": 0.001}


def test_a_run_is_held_against_the_thresholds_it_was_begun_with(tmp_path: Path) -> None:
    """Without it who edits the scenario for the next run while this one is played would change this one's verdict."""
    instrument = {"fit": True, "reasons": [], "warnings": [], "starts": 30}
    run = write_run(tmp_path / "run", thirty(), thresholds=[BROKEN], outcomes={"resolved": 30}, played=30, seed=1,
                    instrument=instrument)  # fmt: skip
    edited = tmp_path / "two_minutes.yaml"
    edited.write_text(TWO_MINUTES.read_text(encoding="utf-8"), encoding="utf-8")  # has no thresholds any more
    first = {"asked": {"scenario": str(edited), "charter": "not_there.yaml"}, "exports": {}}
    lines = "".join(json.dumps(word) + "\n" for word in (first, {"folder": str(run.folder)}))
    done = subprocess.run(
        [sys.executable, "-m", "commands.finished"],
        input=lines, capture_output=True, text=True, cwd=TOP, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == {"told": 1}, done.stderr
    assert "response_s_max" in done.stderr
