import datetime
import hashlib
import json
import os
from pathlib import Path

import pytest

from results.journal import JOURNAL
from results.retention import PROOF, expire, expired_runs
from results.runs import Run, RunError, find_runs

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def a_run(folder: Path, days_old: float, kind: str = "measured", retention_days: int | None = 30) -> Run:
    ended_at = NOW - datetime.timedelta(days=days_old)
    charter = {"owner": "us", "hash": "ab12"} | ({} if retention_days is None else {"retention_days": retention_days})
    run = Run.create(
        folder, {"run_id": folder.name, "kind": kind, "charter": charter, "ended_at": ended_at.isoformat()}
    )
    (folder / JOURNAL).write_text('{"kind": "message", "text": "hello"}\n')
    (folder / "evidence").mkdir()
    (folder / "evidence" / "c_1.png").write_bytes(b"a picture")
    return run


def test_what_is_older_than_its_charter_allows_is_removed_and_proved(tmp_path: Path) -> None:
    """Without it words of a desk's staff would be kept for ever although the charter says thirty days."""
    old, young = a_run(tmp_path / "old", 31), a_run(tmp_path / "young", 29)
    a_run(tmp_path / "simulated", 400, kind="simulated")
    a_run(tmp_path / "untold", 400, retention_days=None)
    named = expired_runs(NOW, tmp_path)
    assert [one.run_id for one in named] == ["old"]
    assert {file.name for file in named[0].files} == {JOURNAL, "run.json", "evidence/c_1.png"}
    assert (old.folder / JOURNAL).is_file()  # naming deletes nothing

    expire(NOW, tmp_path)
    assert [path.name for path in old.folder.rglob("*")] == [PROOF]
    assert (young.folder / JOURNAL).is_file()
    proof = json.loads((old.folder / PROOF).read_text())
    assert (proof["charter"]["hash"], proof["expired_at"]) == ("ab12", NOW.isoformat())
    picture = next(file for file in proof["deleted"] if file["name"] == "evidence/c_1.png")
    assert picture["blake2b"] == hashlib.blake2b(b"a picture", digest_size=16).hexdigest()
    assert expire(NOW, tmp_path) == []
    assert [run.run_id for run in find_runs(tmp_path)] == ["simulated", "untold", "young"]
    with pytest.raises(RunError):
        Run.open(old.folder)


def test_an_expiry_that_was_cut_off_goes_on_and_loses_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a kill between two files would leave a folder that is neither kept nor proved deleted."""
    run = a_run(tmp_path / "old", 31)
    unlink = Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name == JOURNAL:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        expire(NOW, tmp_path)
    monkeypatch.undo()
    expire(NOW, tmp_path)
    proof = json.loads((run.folder / PROOF).read_text())
    assert {file["name"] for file in proof["deleted"]} == {JOURNAL, "run.json", "evidence/c_1.png"}


def test_a_link_is_removed_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    """Without it a link in a run folder could lead the deletion out of it."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("mine")
    run = a_run(tmp_path / "runs" / "old", 31)
    (run.folder / "link").symlink_to(kept)
    (run.folder / "file_link").symlink_to(kept / "mine.txt")
    expire(NOW, tmp_path / "runs")
    assert (kept / "mine.txt").read_text() == "mine"
    assert [path.name for path in run.folder.iterdir()] == [PROOF]


def test_a_run_that_was_killed_is_as_old_as_its_last_line(tmp_path: Path) -> None:
    """Without it what a killed run had heard would never be deleted."""
    run = a_run(tmp_path / "killed", 0)
    del run.facts["ended_at"]
    run.write_facts(state="running")
    then = (NOW - datetime.timedelta(days=31)).timestamp()
    for path in (run.folder, *run.folder.rglob("*")):
        os.utime(path, (then, then))
    assert [one.run_id for one in expired_runs(NOW, tmp_path)] == ["killed"]
