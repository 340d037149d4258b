"""How often does a verified answer not hold? `staff` with many seeds, each answer played on thousands of days.

    python -m tests.benchmarks.staffing_promises [--seeds 40] [--only DESK]

Two desks: six intervals with a goal on the mean wait; and two teams with 24 intervals each, 48 seats, a goal that must
be kept on nine days of ten. Each seed has its own luck in the search and on the fresh days. The truth comes from days
that neither has seen, 500 at a time, until it is clear on which side of the bound it lies, or 8,000 are played. Of the
verified answers 5 % may miss; the line says how many did, and how likely as many or more are where 5 % do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom

from results.staffing import VERIFIED, Staffing
from scenarios.reading import LoadedScenario, load_scenario
from simulator.staffing import staff
from simulator.staffing.cheapest import ALPHA, checked, opened
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Player
from tests.written import about, demand, one_desk, two_teams

TRUTH_FIRST, TRUTH_BATCH, TRUTH_MOST = 7_000_000, 500, 8_000
CLEAR = 4.0
"""So many standard errors from the bound the truth is clear."""


def six_intervals(folder: Path) -> LoadedScenario:
    """A queue whose load changes through the day, from which people hang up."""
    told = one_desk(
        service=about(240),
        demand=[{**demand(0), "interval_minutes": 240, "contacts": [20, 60, 100, 80, 50, 30]}],
        patience={"phone": about(400)},
        goals=[{"metric": "wait_s_mean", "channel": "phone", "at_most": 40}],
    )
    return _read(folder, told)


def many_seats(folder: Path) -> LoadedScenario:
    """Two teams, of which one can take all, and a goal on nine days of ten."""
    told = two_teams({"metric": "wait_s_mean", "channel": "phone", "at_most": 60, "on_days": 0.9})
    return _read(folder, told)


def _read(folder: Path, told: dict[str, Any]) -> LoadedScenario:
    path = folder / "desk.yaml"
    path.write_text(json.dumps(told))
    return load_scenario(path)


DESKS: dict[str, tuple[Callable[[Path], LoadedScenario], dict[str, Any]]] = {
    "six_intervals": (six_intervals, {"interval": 240}),
    "many_seats": (many_seats, {"interval": 60, "sample": 20, "replications": 200}),
}


def truth(loaded: LoadedScenario, minutes: int, found: Staffing) -> float:
    """Return by how many standard errors the goal holds: the mean, or the share of days, on days of its own."""
    teams, aims = checked(loaded, (), "cost", minutes)
    desk, _ = opened(loaded, teams, minutes, aims, loaded.scenario.seed, False, None, 2)
    told = found.requirement
    seats: Seats = np.array([told[told["team"] == team].sort_values("from_s")["scheduled"] for team in teams])
    player, slack = Player(desk, None), np.empty(0)
    while True:
        begun = TRUTH_FIRST + len(slack)
        slack = np.r_[slack, player.sample(seats, range(begun, begun + TRUTH_BATCH)).slack[:, 0]]
        on_days = aims[0].on_days
        values = slack if on_days is None else (slack >= 0) - on_days
        errors = float(values.mean() / max(values.std(ddof=1), 1e-12) * np.sqrt(len(values)))
        if abs(errors) >= CLEAR or len(slack) >= TRUTH_MOST:
            return errors


def promises(name: str, seeds: range, threads: int) -> tuple[int, int]:
    """Return how many answers were verified, and how many of these miss in truth; a line for each on the way."""
    write, asked = DESKS[name]
    verified = missed = 0
    with tempfile.TemporaryDirectory() as folder:
        loaded = write(Path(folder))
        for seed in seeds:
            began = time.perf_counter()
            found = staff(loaded, seed=seed, threads=threads, **asked)
            took = time.perf_counter() - began
            if found.state == VERIFIED:
                errors = truth(loaded, asked["interval"], found)
                verified, missed = verified + 1, missed + (errors < 0)
            else:
                errors = float("nan")
            print(
                f"{name:14} seed {seed:3} {found.state:12} {found.candidates} tried {found.cost:8,.1f} "
                f"truth {errors:+6.1f} errors {took:5.1f} s", flush=True,
            )  # fmt: skip
    return verified, missed


def main() -> None:
    """Count, on the desks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(DESKS))
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    for name in [asked.only] if asked.only else DESKS:
        verified, missed = promises(name, range(asked.first, asked.first + asked.seeds), asked.threads)
        chance = float(binom.sf(missed - 1, max(verified, 1), ALPHA))
        print(f"{name:14} {verified} of {asked.seeds} verified; {missed} miss; as many or more by chance: {chance:.0%}")


if __name__ == "__main__":
    main()
