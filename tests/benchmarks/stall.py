"""A desk that stalls for 2 s every 20 s: what a crowd says of it, what the truth is, and what others say.

    python -m tests.benchmarks.stall [--rate R] [--seconds S]

Customers come as a Poisson process, and the truth is computed from their due times and the stalls: who comes in one is
answered at its end, and every answer takes 50 ms. Ours is read from the run's steps (`results.responses`), from the
intended start. Beside it, one after another, on the same stub and at the same rate: bare Locust users at a constant
pace, from Locust's own statistics; and hey and autocannon where they are installed. A user of theirs asks ten times a
second, and has to wait for an answer first: a stall keeps them from asking, and what they did not ask they do not time.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from results.responses import responses_of
from results.runs import Run
from tests.benchmarks.crowd_pace import HERE, stub
from tests.benchmarks.crowd_play import due_times_s
from tests.benchmarks.peers import RATED, installed, p99_s
from tests.benchmarks.stub_desk import stall_left_s

STALL_S, EVERY_S, TAKES_S = 2.0, 20.0, 0.05
SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
PACE_S = 0.1
"""How often a user of the others asks; two answers of the stub fit in."""

OFF_MOST = 0.05

Seconds = np.ndarray[tuple[int], np.dtype[np.float64]]


def truth_s(due_s: Seconds, origin_s: float) -> Seconds:
    """Return how long each customer waits who comes `due_s` after a wall instant.

    >>> truth_s(np.array([0.5, 3.0, 21.5]), origin_s=40.0).tolist()
    [1.55, 0.05, 0.55]
    """
    return np.array([TAKES_S + stall_left_s(origin_s + at_s, STALL_S, EVERY_S) for at_s in due_s])


def off(found_s: float, true_s: float) -> float:
    """Return by what share of the truth a figure is off.

    >>> off(1.5, 2.0)
    0.25
    """
    return abs(found_s - true_s) / true_s


def waits_s(run: Run) -> Seconds:
    """Return each customer's time from when they meant to ask to the answer, as the run has it."""
    responses = responses_of(run.table("steps"), run.table("messages"))
    opened = responses[responses["what"] == "open"]
    return np.asarray(opened["seen_by_s"] - opened["intended_s"], dtype=np.float64)


def crowd_through(port: int, rate: float, seconds: float) -> dict[str, float]:
    """Print how our figures stand to the truth; returns the truth."""
    with tempfile.TemporaryDirectory() as folder:
        told = ("page", str(port), str(rate), str(seconds), folder)
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.crowd_play", *told], check=True, stdout=subprocess.DEVNULL
        )
        run = Run.open(Path(folder) / "run")
        found = waits_s(run)
        true = truth_s(due_times_s(rate, seconds), float(run.facts["epoch_s"]))
    lost = int(np.isnan(found).sum()) + len(true) - len(found)
    print(f"{len(true):,} customers at {rate:g} a second, {lost} without an answer")
    for name, share in SHARES.items():
        mine, real = float(np.nanquantile(found, share)), float(np.quantile(true, share))
        fits = "yes" if off(mine, real) <= OFF_MOST else "no"
        print(f"{name}: ours {mine:.4f} s, truth {real:.4f} s, off {off(mine, real):.1%} (at most 5 %: {fits})")
    return {name: float(np.quantile(true, share)) for name, share in SHARES.items()}


def plain_p99_s(port: int, rate: float, seconds: float) -> float:
    """Return the p99 of Locust's own statistics, of as many users as the rate needs."""
    with tempfile.TemporaryDirectory() as folder:
        users = str(round(rate * PACE_S))
        told = ("--headless", "-u", users, "-r", users, "-t", f"{seconds:.0f}s", "-H", f"http://127.0.0.1:{port}")
        locust = [sys.executable, "-m", "locust", "-f", str(HERE / "plain_user.py"), "--csv", f"{folder}/plain", *told]
        paced = {**os.environ, "PACE_S": str(PACE_S)}
        subprocess.run(locust, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=paced)
        with (Path(folder) / "plain_stats.csv").open(encoding="utf-8") as lines:
            return next(float(row["99%"]) for row in csv.DictReader(lines) if row["Name"] == "Aggregated") / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with stub("stub_desk", "--stall", str(STALL_S), "--every", str(EVERY_S), "--takes", str(TAKES_S)) as port:
        real = crowd_through(port, asked.rate, asked.seconds)["p99"]
        users = round(asked.rate * PACE_S)
        others = {"Locust": plain_p99_s(port, asked.rate, asked.seconds)}
        others |= {name: p99_s(name, port, asked.rate, asked.seconds, users) for name in installed() if name in RATED}
    for name, p99 in others.items():
        print(f"{name}: p99 {p99:.4f} s, the truth is {real / p99 if p99 else float('inf'):.1f} times as long")


if __name__ == "__main__":
    main()
