"""Rehearsal desks in processes of their own, for the tests that play on the real clock."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
FIVE_MINUTES = TOP / "tests" / "days" / "five_minutes.yaml"
TWO_MINUTES = TOP / "tests" / "days" / "two_minutes.yaml"
VERB = [sys.executable, "-m", "testdrive"]


@contextlib.contextmanager
def desk_of(folder: Path, scale: float = 10.0, scenario: Path = FIVE_MINUTES, *more: str) -> Iterator[list[str]]:
    """Open a desk in a process of its own; yield the arguments by which others find it."""
    charter, target = folder / "charter.yaml", folder / "target.yaml"
    command = [*VERB, "desk", str(scenario), "--scale", str(scale)]
    command += ["--charter-out", str(charter), "--target-out", str(target), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=TOP) as desk:
        try:
            assert desk.stdout is not None
            line = desk.stdout.readline()  # comes when the files are written and the port is open
            assert "http://127.0.0.1" in line, line + desk.stdout.read()
            yield ["--target", str(target), "--charter", str(charter)]
        finally:
            desk.terminate()


def wait_for(there: Callable[[], bool], seconds_most: float = 60.0) -> None:
    """Wait until something is there."""
    tick = threading.Event()
    for _ in range(round(seconds_most / 0.02)):
        if there():
            return
        tick.wait(0.02)
    raise AssertionError(f"it was not there after {seconds_most:g} s")
