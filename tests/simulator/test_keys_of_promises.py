"""Keys about promises: each moves a figure in the stated direction, in both engines."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.metrics import contacts_of, values_of
from simulator.simulate import EngineName
from tests.simulator.test_keys_of_waiting import Case, Figure, attempts, moves, outcome
from tests.written import about, demand, exactly, one_desk


def metric(name: str) -> Figure:
    """A metric of the registry, over all contacts."""
    return lambda legs: float(np.nanmean(values_of(contacts_of(legs, 86_400.0), name)))


def later_channel(legs: pd.DataFrame) -> float:
    """The share of second attempts that are on a chat."""
    return float((legs[(legs["attempt"] == 2) & (legs["leg"] == 0)]["channel"] == "chat").mean())


def gave_up_later(legs: pd.DataFrame) -> float:
    """The share of second attempts that give up."""
    return float((legs[(legs["attempt"] == 2) & (legs["leg"] == 0)]["leg_end"] == "abandoned").mean())


def until_back(legs: pd.DataFrame) -> float:
    """The mean time from the end of the first attempt to the second, in seconds."""
    firsts = legs[legs["leg"] == 0].set_index(["replication", "case_id"])
    again = firsts[firsts["attempt"] == 2]["arrived_s"]
    return float((again - firsts[firsts["attempt"] == 1]["ended_s"].reindex(again.index)).mean())


def promising(agents: int = 5, **promise: Any) -> dict[str, Any]:
    """A desk of which every second answer is a promise, and customers who come back for it."""
    chase = {"probability": 1.0, "after": exactly(300), "attempts_most": 2}
    told = {"team": "front", "probability": 0.5, "due": exactly(1200), "kept": 0.5, "chase": chase, **promise}
    hours = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "chat")}
    scenario = one_desk(agents, about(300), demand=[demand(700)], channels=hours, patience={"phone": about(200)})
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    scenario["teams"]["back"] = {"channels": ["chat"], "agents": {"00:00": 3}, "service": {"default": about(400)}}
    scenario["teams"]["back"]["skills"] = ["order"]
    return {**scenario, "promises": [told]}


WORKED = promising(by="back", kept=None)
WORKED["promises"][0].pop("kept")


def with_promise(scenario: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change the promise of a scenario."""
    changed = copy.deepcopy(scenario)
    changed["promises"][0].update(changes)
    return changed


NONE = {**promising(), "promises": []}
CHASED = promising()["promises"][0]["chase"]

CASES = [
    Case("promises", NONE, {"promises": promising()["promises"]}, metric("promised_share"), 0.3),
    Case("probability", promising(), {"promises.0.probability": 0.9}, metric("promised_share"), 0.3),
    Case("kept", promising(), {"promises.0.kept": 0.9}, metric("promises_kept_share"), 0.3),
    Case("kept spares contacts", promising(), {"promises.0.kept": 1.0}, attempts, -0.15),
    Case("late", promising(kept=0.2), {"promises.0.late": 0.7, "promises.0.late_by": exactly(60)}, attempts, -0.15),
    Case(
        "late_by",
        promising(kept=0.2, late=0.7, late_by=exactly(60)),
        {"promises.0.late_by": exactly(6000)},
        attempts,
        0.15,
    ),
    Case("due", promising(), {"promises.0.due": exactly(7200)}, until_back, 5000),
    Case("chase.after", promising(), {"promises.0.chase.after": exactly(3600)}, until_back, 3000),
    Case("chase.probability", promising(), {"promises.0.chase.probability": 0.2}, attempts, -0.15),
    Case("chase.to", promising(), {"promises.0.chase.to": {"chat": 0.5}}, later_channel, 0.4),
    Case("chase.patience_factor", promising(3), {"promises.0.chase.patience_factor": 0.0}, gave_up_later, 0.2),
    Case("chase.attempts_most", promising(), {"promises.0.chase.attempts_most": 6}, attempts, 0.02),
    Case("by", promising(kept=0.0), {"promises": WORKED["promises"]}, metric("promises_kept_share"), 0.2),
    Case("by, with more agents", WORKED, {"teams.back.agents": {"00:00": 9}}, metric("promises_kept_share"), 0.02),
    Case("fails", WORKED, {"promises.0.fails": 0.6}, metric("promises_kept_share"), -0.3),
    Case("fails shows in the outcome", WORKED, {"promises.0.fails": 0.6}, outcome("unresolved"), 0.1),
]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("case", CASES, ids=[case.key for case in CASES])
def test_a_key_moves_its_figure_in_its_direction(case: Case, engine: EngineName, tmp_path: Path) -> None:
    """Without it a key could parse and change nothing, or do the contrary of what it says."""
    assert moves(case, engine, tmp_path)
