"""Several Locust workers play one plan; any of them, and the master, may die."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil  # comes with locust
import pytest

from results.journal import journals_in, read_journal
from results.log import check_legs
from results.runs import Run
from tests.desks import FIVE_MINUTES, TOP, desk_of, wait_for

pytestmark = pytest.mark.long

LOCUST = [sys.executable, "-m", "locust", "-f", "locustfile.py"]
SILENT_WITHIN_S = 2.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def desk_for_minutes(folder: Path, minutes: int = 2) -> Iterator[list[str]]:
    """Open a desk for so many busy minutes, of six seconds of the wall's each."""
    text = (
        FIVE_MINUTES.read_text()
        .replace("contacts: [30, 30, 30, 30, 30]", f"contacts: {[60] * minutes}")
        .replace("{chat: 0.8, form: 0.2}", "{chat: 1}")
    )
    (folder / "busy.yaml").write_text(text)
    with desk_of(folder, scenario=folder / "busy.yaml") as where:
        yield where


@contextlib.contextmanager
def crew(folder: Path, where: list[str], workers: int) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Popen]]]:
    """Start a master and workers that play these minutes of chats; yield them, and end what is left."""
    asked = ["--scenario", str(folder / "busy.yaml"), "--target-file", where[1], "--charter", where[3]]
    port = str(free_port())
    lead = [*LOCUST, "--headless", "-u", "1", "--master", "--expect-workers", str(workers), "--master-bind-port", port]
    hand = [*LOCUST, "--worker", "--master-port", port, *asked]
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context((folder / "master.txt").open("w"))
        master = subprocess.Popen(
            [*lead, *asked, "--run-folder", str(folder / "run")], cwd=TOP, stdout=errors, stderr=errors, text=True
        )
        others = [
            psutil.Popen(hand, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(workers)
        ]
        try:
            yield master, others
        finally:
            for process in (master, *others):
                with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                    os.kill(process.pid, signal.SIGKILL)
                process.wait()


def begun_in(folder: Path) -> list[str]:
    """Return the contacts that were begun, in every journal of a run."""
    return [
        entry["contact_id"] for path in journals_in(folder) for entry in read_journal(path) if entry["kind"] == "begun"
    ]


def wait_for_begun(folder: Path, count: int) -> None:
    wait_for(lambda: folder.is_dir() and len(begun_in(folder)) >= count, 90)


def parts_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the parts of the crowd that a worker has started."""
    return [child for child in process.children() if "probes.crowd.part" in child.cmdline()]


def silence_s(folder: Path, parts: list[psutil.Process]) -> float:
    """Wait until these parts have ended; return how long after now a journal grew for the last time."""
    begun = time.time()
    wait_for(lambda: not any(part.is_running() and part.status() != psutil.STATUS_ZOMBIE for part in parts), 20)
    return max(path.stat().st_mtime for path in journals_in(folder)) - begun


def checked(folder: Path) -> pd.DataFrame:
    """Return a run's legs; every planned customer is accounted for and none was begun twice."""
    run = Run.open(folder)
    legs = run.table("legs")
    check_legs(legs)
    assert set(run.plan()["contact_id"]) <= set(legs["contact_id"])
    begun = begun_in(folder)
    assert len(begun) == len(set(begun)), "a contact was begun twice"
    return legs


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[int, pd.DataFrame]:
    """Return the legs of the same minute, played by one, two and four workers."""
    found = {}
    for workers in (1, 2, 4):
        folder = tmp_path_factory.mktemp(f"workers{workers}")
        with desk_for_minutes(folder, 1) as where, crew(folder, where, workers) as (master, _):
            code = master.wait(timeout=150)
        fit = Run.open(folder / "run").facts["instrument"]["fit"]
        assert code == (0 if fit else 4), (folder / "master.txt").read_text()
        assert len(journals_in(folder / "run")) == workers
        assert re.search(r"chat +resolved", (folder / "master.txt").read_text()), "Locust's own table shows them"
        found[workers] = checked(folder / "run")
    return found


def test_any_number_of_workers_plays_the_same_customers_at_the_same_times(planned: dict[int, pd.DataFrame]) -> None:
    """Without it a load test on two machines would be another test than on one."""
    columns = ["contact_id", "customer_id", "channel", "intent", "due_s"]
    first = {
        workers: legs.query("attempt == 1 and leg == 0")[columns].sort_values("contact_id").reset_index(drop=True)
        for workers, legs in planned.items()
    }
    assert len(first[1]) > 40
    assert not set(planned[2]["leg_end"]) & {"failed", "unstarted", "withheld", "censored"}
    for workers in (2, 4):
        pd.testing.assert_frame_equal(first[workers], first[1])


def test_what_a_killed_worker_had_not_begun_is_played_by_another(tmp_path: Path) -> None:
    """Without it a worker's death would lose its customers, or play some of them twice."""
    with desk_for_minutes(tmp_path) as where, crew(tmp_path, where, 2) as (master, workers):
        wait_for_begun(tmp_path / "run", 30)
        parts = parts_of(workers[0])
        assert len(parts) == 1
        workers[0].kill()
        assert silence_s(tmp_path / "run", parts) < 60  # the other goes on
        begun = set(begun_in(tmp_path / "run"))
        assert master.wait(timeout=150) in (0, 4), (tmp_path / "master.txt").read_text()
    legs = checked(tmp_path / "run")
    failed = legs[legs["leg_end"] == "failed"]
    assert set(failed["reason"]) <= {"interrupted"}
    assert set(failed["contact_id"]) <= begun
    assert not len(legs[legs["leg_end"] == "censored"])
    first = legs.query("attempt == 1 and leg == 0")
    assert len(first[~first["contact_id"].isin(begun)]) > 60, "most were to come"
    assert first["arrived_s"].notna().all(), "and all came"


@pytest.mark.parametrize("also", [False, True], ids=["master", "master and worker"])
def test_orphans_are_silent_within_two_seconds(tmp_path: Path, also: bool) -> None:
    """Without it a desk would be under load that nobody leads, and nobody can stop."""
    with desk_for_minutes(tmp_path) as where, crew(tmp_path, where, 2) as (master, workers):
        wait_for_begun(tmp_path / "run", 30)
        parts = [part for worker in workers for part in parts_of(worker)]
        assert len(parts) == 2
        master.kill()
        if also:
            workers[0].kill()
        assert silence_s(tmp_path / "run", parts) < SILENT_WITHIN_S
    legs = checked(tmp_path / "run")
    assert set(legs["leg_end"]) <= {"answered", "abandoned", "failed", "unstarted", "censored", "transferred"}
    assert set(legs.loc[legs["leg_end"] == "failed", "reason"]) <= {"interrupted"}
    lines = [entry for path in journals_in(tmp_path / "run") for entry in read_journal(path)]
    ended = {entry["contact_id"]: entry["contact_outcome"] for entry in lines if entry["kind"] == "end"}
    outcomes = legs.groupby("contact_id")["contact_outcome"].first().to_dict()
    assert {contact: outcomes[contact] for contact in ended} == ended, "no line that was written is lost"


def test_a_frozen_worker_is_silent_when_it_wakes(tmp_path: Path) -> None:
    """Without it a worker that was thought dead would go on with customers that another plays by then."""
    with desk_for_minutes(tmp_path) as where, crew(tmp_path, where, 2) as (master, workers):
        wait_for_begun(tmp_path / "run", 30)
        parts = parts_of(workers[0])
        workers[0].suspend()
        wait_for(lambda: not any(part.is_running() and part.status() != psutil.STATUS_ZOMBIE for part in parts), 10)
        workers[0].resume()
        assert master.wait(timeout=150) in (0, 4), (tmp_path / "master.txt").read_text()
    checked(tmp_path / "run")


def test_a_worker_that_joins_late_goes_by_its_own_files(tmp_path: Path) -> None:
    """Without it one with another scenario file would play the master's unasked, or take the verdict from the run."""
    with desk_for_minutes(tmp_path) as where, crew(tmp_path, where, 1) as (master, _):
        wait_for_begun(tmp_path / "run", 15)
        port = master.args[master.args.index("--master-bind-port") + 1]
        other = tmp_path / "other.yaml"
        other.write_text((tmp_path / "busy.yaml").read_text().replace("[60, 60]", "[60, 61]"))
        files = ["--scenario", str(other), "--target-file", where[1], "--charter", where[3]]
        with subprocess.Popen([*LOCUST, "--worker", "--master-port", port, *files], cwd=TOP) as late:
            code = master.wait(timeout=150)
            late.kill()
    said = (tmp_path / "master.txt").read_text()
    assert code in (0, 4), said
    assert "other.yaml is another scenario here than the one that is played; others play whom" in said
    assert len(journals_in(tmp_path / "run")) == 1
    checked(tmp_path / "run")
