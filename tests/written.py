"""Scenarios written by tests: a small one as plain values, and the writing of it as a file (JSON is YAML 1.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scenarios.reading import LoadedScenario, load_scenario

Arrival = tuple[str, float]
"""A recorded contact that is played again: its id and when it comes, in scenario seconds."""


def exactly(value_s: float) -> dict[str, Any]:
    """A law that always gives the same time."""
    return {"law": "deterministic", "value_s": value_s}


def about(mean_s: float) -> dict[str, Any]:
    """An exponential law."""
    return {"law": "exponential", "mean_s": mean_s}


def one_desk(agents: int = 1, service: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """One phone team around the clock; `changes` replace parts of the scenario."""
    scenario: dict[str, Any] = {
        "scenario": "one_desk",
        "title": "One desk",
        "time_zone": "UTC",
        "starts": "2026-03-03",
        "channels": {"phone": {"opens": "00:00", "closes": "24:00"}},
        "intents": {"order": "Where is my order?"},
        "teams": {
            "front": {
                "channels": ["phone"],
                "agents": {"00:00": agents},
                "service": {"default": service or exactly(60)},
            }
        },
    }
    return {**scenario, **changes}


def demand(per_day: float, intent: str = "order", channel: str = "phone", **changes: Any) -> dict[str, Any]:
    """Contacts that come evenly over the whole day."""
    return {"intent": intent, "channels": {channel: 1.0}, "interval_minutes": 1440, "contacts": [per_day], **changes}


def written(folder: Path, scenario: dict[str, Any], arrivals: Iterable[Arrival] | None = None) -> LoadedScenario:
    """Write a scenario (and recorded arrivals, all by phone about an order, unless they say otherwise) and read it."""
    folder.mkdir(parents=True, exist_ok=True)
    if arrivals is not None:
        rows = [(*arrival, "phone", "order")[:4] if len(arrival) < 4 else arrival for arrival in arrivals]
        names = ["contact_id", "due_s", "channel", "intent", "customer_id"][: max(map(len, rows), default=4)]
        table = "".join(",".join(map(str, row)) + "\n" for row in [names, *rows])
        (folder / "arrivals.csv").write_text(table)
        scenario = {**scenario, "replay": {"csv": "arrivals.csv"}}
    path = folder / f"{scenario['scenario']}.yaml"
    path.write_text(json.dumps(scenario, indent=1))
    return load_scenario(path)


TWO_TEAMS_LOAD = [4, 4, 4, 4, 6, 8, 12, 16, 20, 20, 18, 16, 16, 18, 18, 16, 14, 12, 10, 8, 8, 6, 4, 4]
"""Orders by hour; refunds are half as many."""


def two_teams(goal):
    """Two teams at different wages, of which only the dearer takes refunds, through a day."""
    return one_desk(
        intents={"order": "Where is my order?", "refund": "I want my money back"},
        demand=[
            {**demand(0), "interval_minutes": 60, "contacts": TWO_TEAMS_LOAD},
            {**demand(0, "refund"), "interval_minutes": 60, "contacts": [one / 2 for one in TWO_TEAMS_LOAD]},
        ],
        teams={
            "orders": {
                "channels": ["phone"], "skills": ["order"], "agents": {"00:00": 3}, "service": {"default": about(240)}
            },
            "both": {"channels": ["phone"], "agents": {"00:00": 2}, "service": {"default": about(300)}},
        },
        patience={"phone": about(400)},
        costs={"paid_hour": {"orders": 20, "both": 24}},
        goals=[goal],
    )  # fmt: skip
