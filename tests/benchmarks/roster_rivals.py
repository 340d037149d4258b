"""Rosters against pyworkforce 0.5.1 on the same requirement and the same shifts: what each costs, and what it misses.

    python -m tests.benchmarks.roster_rivals

The requirement is a week of a desk of `broadband_move` as it is rostered there; shifts are 8.5 hours with half an hour
unpaid, and 4 hours. pyworkforce knows a shift by the intervals it covers, so its break stands at a fixed time: first
both have it there. Then ours may begin it within three hours, as a planner would; and last with contracts, rest and
weeks for each person, which pyworkforce does not know.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from pyworkforce.scheduling import MinAbsDifference, MinRequiredResources

from scenarios.labour import Labour, LabourRules
from scenarios.reading import HERE, load_scenario
from simulator.staffing.master import Solved, solve
from simulator.staffing.problem import Grid

DAYS, PERIODS, MINUTES = 7, 48, 30
DESKS = ("front", "moves_desk", "retention", "chat_desk")
FULL_H, PART_H, PAUSE_AT_H = 8.5, 4.0, 4.0
PAID_HOUR = 26
SEARCH_S = 60.0


def requirement(path: Path, desk: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return who is rostered in each half hour of the week, shape (DAYS, PERIODS)."""
    steps = sorted(load_scenario(path, days=DAYS).agents[desk])
    at = np.searchsorted([step for step, _ in steps], np.arange(DAYS * PERIODS) * MINUTES * 60.0, side="right") - 1
    return np.array([steps[one][1] for one in at], dtype=np.int64).reshape(DAYS, PERIODS)


def coverage() -> dict[str, list[int]]:
    """Return pyworkforce's shifts: which half hours of a day each covers, without its break."""
    shifts = {}
    for start in range(16, 28 + 1):
        covered = np.zeros(PERIODS, dtype=int)
        covered[start : start + round(FULL_H * 2)] = 1
        covered[start + round(PAUSE_AT_H * 2)] = 0
        shifts[f"full_{start}"] = covered.tolist()
    for start in range(16, 36 + 1):
        covered = np.zeros(PERIODS, dtype=int)
        covered[start : start + round(PART_H * 2)] = 1
        shifts[f"part_{start}"] = covered.tolist()
    return shifts


def paid_h(shift: str) -> float:
    """Return the paid hours of one of pyworkforce's shifts."""
    return FULL_H - 0.5 if shift.startswith("full") else PART_H


def rival(kind: type[Any], required: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[float, float, float]:
    """Return what pyworkforce's answer costs, the agent hours it misses, and the seconds it took."""
    shifts = coverage()
    more = {"cost_dict": {name: int(paid_h(name)) for name in shifts}} if kind is MinRequiredResources else {}
    began = time.perf_counter()
    answer = kind(DAYS, PERIODS, shifts, required.tolist(), 500, 200, max_search_time=SEARCH_S, **more).solve()
    took = time.perf_counter() - began
    seats, cost = np.zeros((DAYS, PERIODS)), 0.0
    for row in answer["resources_shifts"]:
        seats[row["day"]] += row["resources"] * np.array(shifts[row["shift"]])
        cost += row["resources"] * paid_h(row["shift"]) * PAID_HOUR
    return cost, float(np.maximum(required - seats, 0).sum()) * MINUTES / 60, took


def labour(pause_from_h: float, pause_to_h: float, weeks: bool) -> Labour:
    """Return the same shifts as labour rules; with `weeks`, contracts of forty and twenty hours, and rest."""
    every = {"hours_week": {"most": 168}, "paid_hour": PAID_HOUR, "count_most": 3000}
    pause = {"minutes": 30, "paid": False, "after_least_hours": pause_from_h, "after_most_hours": pause_to_h}
    told: dict[str, Any] = {
        "labour": "rivals",
        "title": "The rival's shifts",
        "shifts": {
            "full": {"starts": {"from": "08:00", "to": "14:00"}, "hours": [FULL_H], "breaks": [pause]},
            "part": {"starts": {"from": "08:00", "to": "18:00"}, "hours": [PART_H]},
        },
        "contracts": {"full": {"shifts": ["full"], **every}, "part": {"shifts": ["part"], **every}},
    }
    if weeks:
        for name, hours in (("full", 40), ("part", 20)):
            told["contracts"][name] |= {"hours_week": {"most": hours}, "days_week": {"most": 5}, "count_most": 200}
        told["rules"] = {"rest_hours": {"least": 11, "source": "Directive 2003/88/EC, Art. 3"}}
    return Labour(LabourRules.model_validate(told), "2026-05-04", "America/New_York", DAYS)


def ours(required: np.ndarray[Any, np.dtype[np.int64]], rules: Labour) -> tuple[Solved, float, float]:
    """Return our answer, the agent hours it misses, and the seconds it took."""
    least = required.reshape(1, -1)
    begins_s = np.arange(DAYS * PERIODS) * MINUTES * 60.0
    grid = Grid(("desk",), begins_s, MINUTES, np.full(least.shape, PAID_HOUR / 2), least, np.full(least.shape, 500))
    began = time.perf_counter()
    answer = solve(grid, [], rules)
    took = time.perf_counter() - began
    return answer, float(np.maximum(least - answer.seats, 0).sum()) * MINUTES / 60, took


def main() -> None:
    """Print a table of all desks."""
    print(f"{'desk':<12} {'roster':<38} {'cost':>10} {'missed h':>9} {'seconds':>8}")
    for desk in DESKS:
        required = requirement(HERE / "broadband_move.yaml", desk)
        for kind in (MinRequiredResources, MinAbsDifference):
            cost, missed, took = rival(kind, required)
            print(f"{desk:<12} {'pyworkforce ' + kind.__name__:<38} {cost:>10.0f} {missed:>9.1f} {took:>8.1f}")
        for name, rules in (
            ("ours, breaks where theirs are", labour(PAUSE_AT_H, PAUSE_AT_H, False)),
            ("ours, breaks within three hours", labour(2.5, 5.5, False)),
            ("ours, with a week for each person", labour(2.5, 5.5, True)),
        ):
            answer, missed, took = ours(required, rules)
            print(f"{desk:<12} {name:<38} {answer.cost:>10.0f} {missed:>9.1f} {took:>8.1f}")


if __name__ == "__main__":
    main()
