"""Stages of a run: what its run.json says of the profile it was played under, and what of a log counts by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from scenarios.profiles import TimedProfile, stages_of


def profile_facts(profile: TimedProfile | None) -> dict[str, Any]:
    """Return what a run's run.json says of its profile: name, factor and stages in scenario seconds."""
    if profile is None:
        return {}
    stages = [stage._asdict() for stage in stages_of(profile)]
    return {"profile": profile.name, "factor": profile.factor, "stages": stages}


def moved_facts(facts: Mapping[str, Any], by_s: float) -> dict[str, Any]:
    """Return what changes in a run's facts when its contacts come so much later than its scenario says."""
    if not by_s or not facts.get("stages"):
        return {}
    times = ("from_s", "to_s")
    stages = [{**stage, **{name: float(stage[name]) + by_s for name in times}} for stage in facts["stages"]]
    return {"stages": stages, "moved_s": by_s}


def warm_up_s_of(facts: Mapping[str, Any]) -> float:
    """Return the scenario second up to which a run's profile warms up; 0 where it does not."""
    return max((float(stage["to_s"]) for stage in facts.get("stages") or () if stage["warm_up"]), default=0.0)


def without_warm_up(legs: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Return the legs of contacts that were due when the warm-up of a run's profile was over."""
    from_s = warm_up_s_of(facts)
    if not from_s:
        return legs
    keys = ["replication", "contact_id"]
    due_s = legs["due_s"].fillna(legs["arrived_s"]).groupby([legs[key] for key in keys]).transform("min")
    return legs[due_s >= from_s].reset_index(drop=True)
