"""Which runs are taken up again."""

from pathlib import Path

import pytest

from probes.resume import CannotResumeError, Resumed
from results.runs import RUNNING, Run

TOLD = {"words": "the run was aborted at 09:01: error_share at most 0 is broken for sure"}


def test_a_run_that_was_killed_in_its_goodbyes_was_aborted_all_the_same(tmp_path: Path) -> None:
    """Without it a kill in the last 5 s of an aborted run would have a script load a desk that is down."""
    facts = {"kind": "measured", "clock": "real", "epoch_s": 0.0, "aborted": TOLD}
    run = Run.create(tmp_path / "run", facts)
    run.write_facts(state=RUNNING)
    with pytest.raises(CannotResumeError, match=r"was aborted at 09:01: .*; --after-abort goes on all the same"):
        Resumed.of(run.folder)
    assert Resumed.of(run.folder, after_abort=True).run.facts["aborted"] == TOLD
