"""What demand and the calendar can say beside volumes, put into a random scenario when all else of it is drawn.

>>> scenario = {"channels": {"phone": {}}, "teams": {}, "demand": [{"intent": "order", "contacts": [3]}]}
>>> for number in range(50):
...     vary_demand(random.Random(number), scenario)
>>> "busyness" in scenario and "busyness" in scenario["demand"][0]
True
"""

from __future__ import annotations

import random
from typing import Any


def vary_demand(luck: random.Random, scenario: dict[str, Any]) -> None:
    """Perhaps say more of a scenario's demand."""
    if luck.random() < 0.2:
        scenario["busyness"] = _busyness(luck)
    if luck.random() < 0.25:
        _vary_days(luck, scenario)
    for demand in scenario["demand"]:
        if luck.random() < 0.2:
            demand["busyness"] = _busyness(luck)
        if luck.random() < 0.2:
            demand["counts"] = "fixed"
        if luck.random() < 0.2:
            demand["rate"] = "spline"
        if luck.random() < 0.2:
            demand["languages"] = {"it": 0.3, "ar": 0.7}
        if luck.random() < 0.2:
            after = luck.choice([{"law": "exponential", "mean_s": 60}, {"law": "deterministic", "value_s": 0}])
            demand["bursts"] = {"followers_mean": luck.choice([0.2, 0.7]), "after": after}


def _busyness(luck: random.Random) -> dict[str, Any]:
    told = {"cv": luck.choice([0.1, 0.5, 1.5])}
    if luck.random() < 0.5:
        told |= {"interval_cv": luck.choice([0.3, 1.0]), "correlation": luck.choice([0, 0.8, 1])}
    return told


def _vary_days(luck: random.Random, scenario: dict[str, Any]) -> None:
    """Say other hours, volumes and rosters of the weekday or holiday that the first day is, or the one after it."""
    kind = luck.choice(["tuesday", "tuesday", "wednesday", "holiday"])
    if kind == "holiday":
        scenario["holidays"] = [luck.choice(["2026-03-03", "2026-03-04"])]
    for hours in scenario["channels"].values():
        if luck.random() < 0.6:
            hours["hours"] = {kind: luck.choice(["closed", "00:00-24:00", "00:00-12:00", "10:00-24:00"])}
    for demand in scenario["demand"]:
        if luck.random() < 0.7:
            demand["week"] = {kind: luck.choice([0, 0.5, 2])}
    for team in scenario["teams"].values():
        if "agents" in team and luck.random() < 0.7:
            team["agents_on"] = {kind: {"00:00": luck.randint(0, 3), "12:00": luck.randint(0, 3)}}
        for shift in team.get("shifts", []):
            if luck.random() < 0.5:
                shift["days"] = luck.choice([["monday", kind], [kind], ["monday", "wednesday"]])
