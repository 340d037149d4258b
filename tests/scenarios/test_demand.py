from __future__ import annotations

import pandas as pd
import pytest

from scenarios.plan import make_plan
from tests.written import about, demand, one_desk, written

DAY_S = 86_400


def _per_interval(plan, minutes):
    """By day, how many come in each interval."""
    found = plan.groupby([plan["due_s"] // DAY_S, plan["due_s"] % DAY_S // (60 * minutes)]).size()
    return found.unstack(fill_value=0).to_numpy().tolist()


def test_fixed_counts_are_exactly_those_told(tmp_path):
    """Without it `fixed` could fix the mean only, and a what-if on the same volumes compare other volumes."""
    told = demand(0, interval_minutes=60, contacts=[3, 0, 40, 7], counts="fixed", factor=2)
    loaded = written(tmp_path, one_desk(demand=[told], days=2))
    plans = [make_plan(loaded, 1, replication) for replication in range(3)]
    assert all(_per_interval(plan, 60) == [[6, 80, 14]] * 2 for plan in plans)
    assert plans[0]["due_s"].tolist() != plans[1]["due_s"].tolist()


def test_fractions_of_fixed_counts_are_carried_over_within_the_day(tmp_path):
    """Without it 48 half-hours of 0.4 would be a day without contacts, or of 48."""
    told = demand(0, interval_minutes=30, contacts=[0.4] * 48, counts="fixed")
    plan = make_plan(written(tmp_path, one_desk(demand=[told], days=3)), 1)
    assert (plan["due_s"] // DAY_S).value_counts().tolist() == [19] * 3
    assert max(max(day) for day in _per_interval(plan, 30)) == 1


def test_two_entries_of_an_intent_carry_their_own_fractions(tmp_path):
    """Without it one entry's fractions would come in another's intervals."""
    early = demand(0, starts="08:00", interval_minutes=60, contacts=[1.4], counts="fixed")
    drawn = demand(0, starts="09:00", interval_minutes=60, contacts=[50])
    plan = make_plan(written(tmp_path, one_desk(demand=[early, drawn, {**early, "starts": "10:00"}])), 1)
    hour = plan["due_s"] // 3600
    assert ((hour == 8).sum(), (hour == 10).sum()) == (1, 1)


def test_fixed_counts_of_a_busy_day_are_its_factor_times_those_told(tmp_path):
    """Without it `busyness` beside `fixed` would parse and change nothing."""
    told = demand(1000, counts="fixed", busyness={"cv": 0.3})
    loaded = written(tmp_path, one_desk(demand=[told]))
    sizes = pd.Series([len(make_plan(loaded, 1, replication)) for replication in range(400)])
    assert sizes.mean() == pytest.approx(1000, abs=60)
    assert sizes.std() == pytest.approx(300, rel=0.15)


def test_customers_speak_the_languages_of_their_demand(tmp_path):
    """Without it shares could go to the wrong language, or a followed, recorded or plain customer speak another."""
    told = demand(3000, languages={"it": 0.3, "ar": 0.7}, bursts={"followers_mean": 0.3, "after": about(60)})
    plain = demand(500, "refund")
    scenario = one_desk(demand=[told, plain], intents={"order": "?", "refund": "?"}, language="ro")
    plan = make_plan(written(tmp_path, scenario, [("a", 10.0), ("z", 10.0)]), 1)
    spoken = plan.groupby(plan["contact_id"].isin(["a", "z"]) | plan["intent"].eq("refund"))["language"]
    assert spoken.get_group(True).unique().tolist() == ["ro"]
    shares = spoken.get_group(False).value_counts(normalize=True)
    assert shares.to_dict() == {"ar": pytest.approx(0.7, abs=0.03), "it": pytest.approx(0.3, abs=0.03)}


def test_languages_change_nothing_else(tmp_path):
    """Without it telling who speaks what would redraw the day."""
    plain, told = (
        make_plan(written(tmp_path, one_desk(demand=[demand(200, **more)])), 1)
        for more in ({}, {"languages": {"en": 0.5, "it": 0.5}})
    )
    assert plain.drop(columns="language").equals(told.drop(columns="language"))
    assert told["language"].value_counts().min() > 60
