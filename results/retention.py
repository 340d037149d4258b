"""What is kept no longer: measured runs that are older than their charter lets us keep them.

Expiring removes a run's folder but for `expired.json`, which proves what was deleted (each file's name, size and hash)
and under which charter; it is written before the first file goes, so that a kill in between loses no proof, and
expiring again goes on. Simulated runs hold nobody's words and are left alone, as are runs that name no such time.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from results.runs import RUNS, Run, find_runs, write_whole

PROOF = "expired.json"
RUN = "run.json"


@dataclass(frozen=True)
class Deleted:
    """One file that was deleted."""

    name: str
    bytes: int
    blake2b: str


@dataclass(frozen=True)
class Expired:
    """One run that may be kept no longer."""

    folder: Path
    run_id: str
    ended_at: datetime.datetime
    retention_days: int
    files: tuple[Deleted, ...]


def expired_runs(now: datetime.datetime, top: Path = RUNS) -> list[Expired]:
    """Return the runs below a folder that are too old to keep, with all that would be deleted; deletes nothing."""
    return [found for run in find_runs(top) if (found := _expired(run, now)) is not None]


def expire(now: datetime.datetime, top: Path = RUNS) -> list[Expired]:
    """Delete what `expired_runs` names, and keep the proof; returns what was deleted.

    Raises:
        OSError: a file cannot be deleted; those before it are, and are proved.
    """
    found = expired_runs(now, top)
    for one in found:
        _delete(one, now)
    return found


def _expired(run: Run, now: datetime.datetime) -> Expired | None:
    charter = run.facts.get("charter")
    days = charter.get("retention_days") if isinstance(charter, dict) else None
    if run.facts.get("kind") != "measured" or not isinstance(days, int):
        return None
    ended_at = _ended_at(run)
    if now - ended_at <= datetime.timedelta(days=days):
        return None
    files = tuple(_deleted(path, run.folder) for path in _files(run.folder))
    return Expired(run.folder, run.run_id, ended_at, days, files)


def _ended_at(run: Run) -> datetime.datetime:
    """Return when a run ended; of one that was killed, when it last wrote anything."""
    try:
        return datetime.datetime.fromisoformat(str(run.facts["ended_at"]))
    except (KeyError, ValueError):
        last_s = max(path.lstat().st_mtime for path in run.folder.iterdir())
        return datetime.datetime.fromtimestamp(last_s, datetime.UTC)


def _files(folder: Path) -> Iterator[Path]:
    """Yield what lies in a run folder, run.json last; a link is not followed."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    yield from (path for path in paths if path.relative_to(folder).parts[0] not in (PROOF, RUN))
    yield folder / RUN


def _deleted(path: Path, folder: Path) -> Deleted:
    name = str(path.relative_to(folder))
    if path.is_symlink():
        return Deleted(name, 0, "")
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return Deleted(name, path.stat().st_size, digest.hexdigest())


def _delete(one: Expired, now: datetime.datetime) -> None:
    facts = Run.open(one.folder).facts
    names = {file.name for file in one.files}
    earlier = [file for file in _earlier(one.folder) if file["name"] not in names]
    proof = {
        "run_id": one.run_id,
        "scenario": facts.get("scenario"),
        "target": facts.get("target"),
        "charter": facts.get("charter"),
        "ended_at": one.ended_at.isoformat(),
        "expired_at": now.isoformat(),
        "deleted": [*earlier, *map(asdict, one.files)],
    }
    write_whole(one.folder / PROOF, json.dumps(proof, indent=2, ensure_ascii=False) + "\n")
    for path in list(_files(one.folder)):
        path.unlink()
    for path in sorted(one.folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()


def _earlier(folder: Path) -> list[dict[str, Any]]:
    """Return what an expiry that was cut off had written of its files."""
    try:
        deleted = json.loads((folder / PROOF).read_text(encoding="utf-8"))["deleted"]
    except (OSError, ValueError, KeyError):
        return []
    return [file for file in deleted if isinstance(file, dict) and "name" in file]
