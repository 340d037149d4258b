"""Stages in run.json: what they say, and what of a log counts by them."""

import pandas as pd

from results.stages import profile_facts, warm_up_s_of, without_warm_up
from scenarios.profiles import Stage, TimedProfile

RUSH = TimedProfile(
    "rush",
    36_000.0,
    (Stage(stage="warm_up", lasts_s=60, factor=(1, 1), warm_up=True), Stage(stage="peak", lasts_s=600, factor=(2, 2))),
    1.5,
)


def test_a_run_says_under_which_profile_it_was_played() -> None:
    """Without it nobody could tell afterwards which contacts belong to which stage."""
    assert profile_facts(RUSH) == {
        "profile": "rush",
        "factor": 1.5,
        "stages": [
            {"stage": "warm_up", "from_s": 36_000.0, "to_s": 36_060.0, "warm_up": True},
            {"stage": "peak", "from_s": 36_060.0, "to_s": 36_660.0, "warm_up": False},
        ],
    }
    assert profile_facts(None) == {}
    assert profile_facts(TimedProfile(None, factor=2.0)) == {"profile": None, "factor": 2.0, "stages": []}


def test_contacts_that_were_due_in_the_warm_up_do_not_count() -> None:
    """Without it a transfer's second leg would count whose first did not, or one who was due but never begun."""
    rows = [
        ("a", 0, 36_059.0, 36_059.0),
        ("a", 1, 36_059.0, 36_070.0),
        ("b", 0, 36_060.0, 36_061.0),
        ("c", 0, 36_100.0, None),
    ]
    legs = pd.DataFrame(rows, columns=["contact_id", "leg", "due_s", "arrived_s"]).assign(replication=0)
    facts = profile_facts(RUSH)
    assert warm_up_s_of(facts) == 36_060
    assert without_warm_up(legs, facts)["contact_id"].tolist() == ["b", "c"]
    assert without_warm_up(legs, {}) is legs
