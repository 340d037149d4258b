"""Every key that a simulation reads is tried by one of the tests of keys beside this file."""

import re
from pathlib import Path

import pytest

from scenarios.busyness import Busyness
from scenarios.conduct import Conduct
from scenarios.scenario import (
    Agent,
    Announcement,
    Break,
    Bursts,
    Callback,
    CallsBack,
    ChannelHours,
    Chase,
    Conference,
    Demand,
    Late,
    Message,
    OffQueue,
    Priority,
    Promise,
    Promotion,
    Retry,
    Routing,
    Scenario,
    Shift,
    Silent,
    Slower,
    Team,
    Transfer,
    Turns,
)

MODELS = (
    Scenario, ChannelHours, Message, Announcement, Callback, CallsBack, Silent, Demand, Busyness, Bursts, Team, Shift,
    Break, Agent, Slower, Late, OffQueue, Turns, Priority, Promotion, Retry, Transfer, Conference, Promise, Chase,
    Routing, Conduct,
)  # fmt: skip

TOLD_ELSEWHERE = {
    "Scenario": {
        "scenario", "title", "seed", "gates", "goals", "thresholds",  # they name or judge a run and move nothing in it
        "churn",  # tests/scenarios/test_churn.py: what is lost of what was lived through
        "customers", "expectations",  # tests/simulator/test_leavers.py
        "labour",  # tests/scenarios/test_labour.py: rosters are made by it, none is played
        "costs", "remedies", "uncertain",  # they price a run, or are of other scenarios
        "profiles",  # tests/scenarios/test_profiles.py
        "forecast",  # tests/scenarios/test_forecast.py
        "shoppers", "replay", "time_zone", "starts",  # test_plan.py, test_clock_changes.py
    },
    "ChannelHours": {"journey"},  # probes play it
    "Demand": {"contacts_csv", "forecast"},  # tests/scenarios/test_workbooks.py, test_forecast.py
    "Team": {"agents_csv"},
}  # fmt: skip

TRIED = "\n".join(
    path.read_text() for path in Path(__file__).parent.glob("test_keys*.py") if path.name != Path(__file__).name
)

KEYS = [
    f"{model.__name__}.{field.alias or name}"
    for model in MODELS
    for name, field in model.model_fields.items()
    if name not in TOLD_ELSEWHERE.get(model.__name__, set())
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_tried(key: str) -> None:
    """Without it a new key could be added that parses and changes nothing, and no test would be missing."""
    word = key.split(".")[1]
    assert re.search(rf"\b{word}\b", TRIED), f"no test of keys tries {key}"
