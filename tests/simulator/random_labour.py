"""Random labour files and what is asked of their people, small enough to be solved in a blink."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from scenarios.labour import Labour, read_labour
from simulator.staffing.problem import Grid

TEAMS = ("front", "back")
DATES = ("2026-03-23", "2026-05-04", "2026-10-22", "2026-12-30")
"""Mondays and others, two with a change of the clock in Rome soon after, one with a holiday on the third day."""

SOURCE = "our agreement"


def random_labour(seed: int, folder: Path) -> tuple[Labour, Path, Grid]:
    """Return labour rules, their file and a grid of one or two weeks, or less."""
    rng = np.random.default_rng(seed)
    path = folder / f"labour_{seed}.yaml"
    starts, days = DATES[seed % 4], int(rng.choice([3, 7, 8, 14], p=[0.3, 0.4, 0.2, 0.1]))
    YAML().dump(_file(rng, starts), path)
    labour = Labour(read_labour(path), starts, "Europe/Rome", days, ("2027-01-01",))
    return labour, path, _grid(rng, labour)


def _file(rng: np.random.Generator, starts: str) -> dict[str, Any]:
    shifts: dict[str, Any] = {
        "day": {
            "starts": {"from": "07:00", "to": "11:00", "every_minutes": 120},
            "hours": [9, 5],
            "breaks": [
                {"minutes": 60, "paid": False, "after_least_hours": 3, "after_most_hours": 5, "longer_than_hours": 6},
                {"minutes": 15, "paid": True, "after_least_hours": 6, "after_most_hours": 8, "longer_than_hours": 6},
            ],
        },
        "night": {"starts": {"from": "21:00", "to": "22:00"}, "hours": [8]},
        "late": {
            "starts": {"from": "14:00", "to": "15:00"},
            "hours": [8],
            "days": ["monday", "wednesday", "thursday", "friday", "saturday", "holiday"],
        },
    }
    contracts: dict[str, Any] = {
        "full": {
            "shifts": ["day", "night", "late"],
            "hours_week": {"least": int(rng.choice([0, 16])), "most": 40},
            "days_week": {"most": 5},
            "paid_hour": 20,
            "count_most": int(rng.integers(7, 10)),
        },
        "part": {
            "shifts": ["day", "late"],
            "hours_week": {"most": 20},
            "days_week": {"most": 4},
            "paid_hour": {"default": 22, "back": 25},
            "overtime": {"hours_week_most": 5, "extra_hour": 6},
            "count_most": {"front": int(rng.integers(0, 4)), "back": int(rng.integers(0, 4))},
        },
    }
    told: dict[str, Any] = {
        "labour": "random",
        "title": "Random rules",
        "interval_minutes": 60,
        "week_begins": str(rng.choice(["monday", "sunday"])),
        "shifts": shifts,
        "contracts": contracts,
        "rules": _rules(rng),
    }
    if rng.random() < 0.5:
        later = str(np.datetime64(starts) + 1)
        told["people"] = [
            {"name": "Ada", "contract": "full", "days_off": ["tuesday"]},
            {"name": "Bo", "contract": "part", "teams": ["back"], "unavailable": [later, f"{starts} 08:00-12:00"]},
        ]
        told["groups"] = [{"count": 2, "contract": "part", "teams": ["front", "back"]}]
    return told


def _rules(rng: np.random.Generator) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "rest_hours": {"least": int(rng.choice([10, 11, 13]))},
        "days_in_row": {"most": int(rng.integers(3, 6))},
        "rest_week_hours": {"least": int(rng.choice([24, 35, 48]))},
        "weekends_off": {"least": 1, "of": 2},
        "hours_week": {"most": int(rng.choice([36, 42]))},
    }
    return {name: {**rule, "source": SOURCE} for name, rule in rules.items() if rng.random() < 0.7}


def _grid(rng: np.random.Generator, labour: Labour) -> Grid:
    hours = labour.local.begins_s(labour.days) // 3600
    begins_s = np.arange(hours) * 3600.0
    shape = (len(TEAMS), hours)
    clock = labour.local.clocks_s(begins_s) // 3600
    open_now = ((clock >= 8) & (clock < 20)) * (rng.random(hours) < 0.4)
    least = (rng.integers(0, 3, shape) * open_now).astype(np.int64)
    least[0] += ((clock >= 22) | (clock < 5)) * int(rng.integers(0, 2))
    return Grid(TEAMS, begins_s, 60, np.full(shape, 20.0), least, np.full(shape, 50, dtype=np.int64))
