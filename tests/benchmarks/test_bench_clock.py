import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scenarios.reading import HERE, LoadedScenario
from simulator.simulate import simulate
from tests.benchmarks.rows import CLOCK, COMMAND, ONE_THREAD, TWO_THREADS, VOLUMES_FILE, Day, timed

pytestmark = [pytest.mark.benchmark(timer=time.perf_counter), pytest.mark.usefixtures("spell")]


@pytest.mark.parametrize(("row", "threads"), [(ONE_THREAD, 1), (TWO_THREADS, 2)])
def test_thirty_replications(benchmark: Any, volumes: LoadedScenario, row: str, threads: int) -> None:
    """Without it a second thread could bring nothing, and the wait for a band could grow unseen."""
    timed(benchmark, CLOCK, row, lambda: Day(simulate(volumes, replications=30, threads=threads).contacts, 0), rounds=3)


def test_the_whole_command(benchmark: Any, tmp_path: Path) -> None:
    """Without it what a person waits for, imports and files included, would be measured nowhere."""
    words = ["simulate", str(VOLUMES_FILE), "--days", "1", "--replications", "30"]
    command = [sys.executable, "-m", "testdrive", *words, "-o"]
    runs = iter(range(100))

    def run() -> Day:
        folder = str(tmp_path / str(next(runs)))
        subprocess.run([*command, folder], check=True, capture_output=True, cwd=HERE.parent)
        return Day(0, 0)

    timed(benchmark, CLOCK, COMMAND, run, rounds=1, warm_up=0)
