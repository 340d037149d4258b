"""The keys every scenario has: each moves a figure in the stated direction, in both engines."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.metrics import contacts_of, values_of
from simulator.simulate import EngineName
from tests.simulator.test_keys_of_promises import metric, until_back
from tests.simulator.test_keys_of_waiting import Case, answered_by, attempts, first, mean_wait, moves, share, talk
from tests.written import about, demand, exactly, one_desk

DESK = one_desk(4, about(300), demand=[demand(900)])
HALF = one_desk(4, about(300), demand=[demand(900)], channels={"phone": {"opens": "00:00", "closes": "12:00"}})
TWO = one_desk(4, about(300), intents={"order": "?", "vip": "?"}, demand=[demand(450), demand(450, "vip")])
IMPATIENT = {**DESK, "patience": {"phone": about(100)}}
AGAIN = {**IMPATIENT, "retry": {"phone": {"probability": 0.5, "after": exactly(300), "attempts_most": 2}}}


def contacts(legs: pd.DataFrame) -> float:
    """Contacts per replication."""
    return len(first(legs)) / legs["replication"].nunique()


def afternoon(legs: pd.DataFrame) -> float:
    """The share of contacts that come after noon of the first day."""
    return float((first(legs)["arrived_s"] % 86_400 >= 43_200).mean())


def by_chat(legs: pd.DataFrame) -> float:
    """The share of contacts that come over the chat."""
    return float((first(legs)["channel"] == "chat").mean())


def spread(legs: pd.DataFrame) -> float:
    """How much the mean wait differs from hour to hour, in seconds."""
    told = contacts_of(legs)
    waits = pd.Series(values_of(told, "wait_s_mean")).groupby([told["replication"], told["arrived_s"] // 3600]).mean()
    return float(np.nanstd(waits))


def _both_channels(mix: dict[str, float]) -> dict[str, Any]:
    hours = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "chat")}
    scenario = one_desk(4, about(300), channels=hours, demand=[demand(900, channels=mix)])
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    return scenario


def _second(**transfer: Any) -> dict[str, Any]:
    scenario = copy.deepcopy(TWO)
    scenario["teams"]["back"] = {"channels": ["phone"], "agents": {"00:00": 4}, "service": {"default": about(200)}}
    scenario["transfers"] = [{"from": "front", "to": "back", "probability": 0.3, **transfer}]
    return scenario


def _pages(contained: float | dict[str, float]) -> dict[str, Any]:
    scenario = one_desk(1, channels={"faq": {"opens": "00:00", "closes": "24:00"}})
    scenario["demand"] = [demand(300, channel="faq")]
    page = {"channels": ["faq"], "self_service": True, "contained": contained, "service": {"default": about(60)}}
    return {**scenario, "teams": {"pages": page}}


FOUND = metric("contained_share")

CASES = [
    Case("channels.opens", DESK, {"channels.phone.opens": "06:00"}, share("closed"), 0.2),
    Case("channels.closes", DESK, {"channels.phone.closes": "18:00"}, share("closed"), 0.2),
    Case("channels.hours", HALF, {"channels.phone.hours": {"tuesday": "00:00-24:00"}}, share("closed"), -0.4),
    Case("demand.contacts", DESK, {"demand.0.contacts": [600]}, contacts, -250),
    Case("demand.factor", DESK, {"demand.0.factor": 1.3}, contacts, 200),
    Case(
        "demand.channels",
        _both_channels({"phone": 1.0}),
        {"demand.0.channels": {"phone": 0.3, "chat": 0.7}},
        by_chat,
        0.6,
    ),
    Case("demand.starts", DESK, {"demand.0.interval_minutes": 720, "demand.0.starts": "12:00"}, afternoon, 0.4),
    Case("demand.interval_minutes", DESK, {"demand.0.interval_minutes": 720}, afternoon, -0.4),
    Case("days", DESK, {"days": 2}, contacts, 800),
    Case("teams.agents", DESK, {"teams.front.agents": {"00:00": 6}}, mean_wait(), -20),
    Case("teams.agents by time", DESK, {"teams.front.agents": {"00:00": 4, "12:00": 2}}, mean_wait(), 20),
    Case("teams.shrinkage", DESK, {"teams.front.shrinkage": 0.2}, mean_wait(), 20),
    Case(
        "teams.shrinkage_block_minutes",
        one_desk(6, about(300), demand=[demand(900)]),
        {"teams.front.shrinkage": 0.3, "teams.front.shrinkage_block_minutes": 480},
        spread,
        20,
    ),
    Case("teams.service", DESK, {"teams.front.service": {"default": about(200)}}, talk(), -80),
    Case("teams.service by intent", TWO, {"teams.front.service.vip": about(600)}, talk(), 100),
    Case("teams.wrap", DESK, {"teams.front.wrap": exactly(40)}, mean_wait(), 20),
    Case("teams.skills", _second(), {"teams.back.skills": ["vip"]}, answered_by("back"), -0.02),
    Case(
        "teams.channels",
        _both_channels({"chat": 1.0}),
        {"teams.other": {**DESK["teams"]["front"], "channels": ["chat"]}},
        mean_wait(),
        -20,
    ),
    Case("teams.contained by intent", _pages({"default": 0.9}), {"teams.pages.contained.order": 0.2}, FOUND, -0.5),
    Case("teams.contained", _pages(0.2), {"teams.pages.contained": 0.9}, metric("contained_share"), 0.5),
    Case("patience", DESK, {"patience": {"phone": about(100)}}, share("abandoned"), 0.03),
    Case("retry.probability", AGAIN, {"retry.phone.probability": 1.0}, attempts, 0.01),
    Case("retry.after", AGAIN, {"retry.phone.after": exactly(3000)}, until_back, 2000),
    Case("retry.attempts_most", AGAIN, {"retry.phone.attempts_most": 1}, attempts, -0.01),
    Case("transfers.probability", _second(), {"transfers.0.probability": 0.8}, metric("transfer_share"), 0.3),
    Case("transfers.intents", _second(), {"transfers.0.intents": ["vip"]}, metric("transfer_share"), -0.08),
    Case(
        "transfers.history_carried", _second(), {"transfers.0.history_carried": True}, metric("retellings_mean"), -0.1
    ),
]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("case", CASES, ids=[case.key for case in CASES])
def test_a_key_moves_its_figure_in_its_direction(case: Case, engine: EngineName, tmp_path: Path) -> None:
    """Without it a key could parse and change nothing, or do the contrary of what it says."""
    assert moves(case, engine, tmp_path)
