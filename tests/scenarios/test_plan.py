import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from scenarios.cells import PlanTooLargeError
from scenarios.expectations import entity_of
from scenarios.laws import Law, law_row
from scenarios.plan import PLAN_COLUMNS, draw_plan, make_plan, patience_us
from scenarios.reading import HERE, load_scenario
from tests.written import about, demand, exactly, one_desk, written


def _chat_and_phone(**changes):
    scenario = one_desk(patience={"phone": about(120)}, days=2)
    scenario["channels"]["chat"] = {"opens": "09:00", "closes": "17:00"}
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    scenario["demand"] = [
        {
            "intent": "order",
            "channels": {"phone": 0.25, "chat": 0.75},
            "starts": "09:00",
            "interval_minutes": 60,
            "contacts": [100, 0, 300],
        }
    ]
    return {**scenario, **changes}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Two days of two channels, seed 1."""
    return make_plan(written(tmp_path_factory.mktemp("plan"), _chat_and_phone()), 1)


def test_a_plan_has_the_columns_that_simulator_and_probes_read(plan):
    """Without it a renamed column would be found by the first probe run, not here."""
    assert tuple(plan.columns) == PLAN_COLUMNS
    assert plan["attempt"].eq(1).all()
    assert (plan["contact_id"] == plan["customer_id"] + "/0/1").all()
    assert (plan["case_id"] == plan["customer_id"] + "/0").all()


def test_a_plan_is_ordered_by_customer_and_names_everybody_once(plan):
    """Without it two runs of one plan could list its contacts differently."""
    assert plan["customer_id"].is_monotonic_increasing
    assert plan["customer_id"].is_unique
    assert plan["entity"].is_unique


def test_customers_come_within_their_interval(plan):
    """Without it demand could leak into hours in which nobody is rostered."""
    second = plan["due_s"] % 86_400
    assert second.between(9 * 3600, 12 * 3600).all()
    assert not second.between(10 * 3600, 11 * 3600, inclusive="neither").any()
    minute = plan["customer_id"].str.extract(r"\.(\d{3})\.(\d\d)(\d\d)\.").astype(int)
    starts_s = minute[0] * 86_400 + minute[1] * 3600 + minute[2] * 60
    assert ((plan["due_s"] - starts_s) / 3600).between(0, 1).all()
    micros = plan["due_s"] * 1e6
    assert ((micros - micros.round()).abs() < 1e-4).all()


def test_counts_channels_and_patience_have_the_means_that_were_asked_for(tmp_path):
    """Without it a plan could hold half the contacts, or patience in minutes, and still look like a day."""
    loaded = written(tmp_path, _chat_and_phone(days=1))
    plans = [make_plan(loaded, 1, replication) for replication in range(60)]
    counts = np.array([len(plan) for plan in plans])
    assert counts.mean() == pytest.approx(400, abs=4 * math.sqrt(400 / 60))
    assert counts.var(ddof=1) == pytest.approx(400, rel=0.75)  # Poisson: as spread as its mean
    everyone = pd.concat(plans)
    assert (everyone["channel"] == "chat").mean() == pytest.approx(0.75, abs=0.012)
    phone = everyone[everyone["channel"] == "phone"]
    assert phone["patience_s"].mean() == pytest.approx(120, rel=0.06)
    assert np.isinf(everyone.loc[everyone["channel"] == "chat", "patience_s"]).all()


def test_every_replication_and_seed_has_its_own_customers(tmp_path):
    """Without it ten replications would be one, told ten times, with an interval of width zero."""
    loaded = written(tmp_path, _chat_and_phone())
    dues = {tuple(make_plan(loaded, seed, replication)["due_s"]) for seed in (1, 2) for replication in (0, 1)}
    assert len(dues) == 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1.0, 2.0))
def test_more_volume_only_adds_customers(tmp_path_factory, seed, factor):
    """Without it a what-if with more demand would compare two crowds of strangers."""

    def planned(times):
        scenario = _chat_and_phone(days=1)
        scenario["demand"][0]["factor"] = times
        return make_plan(written(tmp_path_factory.mktemp("volume"), scenario), seed).set_index("contact_id")

    few, many = planned(1.0), planned(factor)
    assert set(few.index) <= set(many.index)
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def test_another_intent_and_another_day_change_nobody(tmp_path):
    """Without it adding a belief to the file would renumber, and so redraw, everybody else."""
    scenario = _chat_and_phone(days=1)
    few = make_plan(written(tmp_path / "few", scenario), 1).set_index("contact_id")
    more = _chat_and_phone(days=3, intents={"refund": "My money back", "order": "Where is my order?"})
    more["demand"].insert(0, demand(200, intent="refund"))
    many = make_plan(written(tmp_path / "many", more), 1).set_index("contact_id")
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def test_the_plan_and_the_engine_draw_patience_alike(plan):
    """Without it first attempts would have luck of another kind than redials, and than the jitted twin of the draw."""
    law = law_row(TypeAdapter(Law).validate_python(about(120)))
    phone = plan[plan["channel"] == "phone"]
    drawn = [patience_us(1, 0, entity, 0, 1, law) / 1e6 for entity in phone["entity"].tolist()]
    assert phone["patience_s"].tolist() == drawn


@pytest.mark.parametrize(("few", "many"), [({"share": 0.2}, {"share": 0.5}), ({"count": 10}, {"count": 40})])
def test_more_shoppers_keep_those_already_chosen(tmp_path, few, many):
    """Without it raising the share would throw away what was already measured."""

    def chosen(folder, asked):
        plan = make_plan(written(tmp_path / folder, _chat_and_phone(shoppers={"chat": asked})), 1)
        assert plan.loc[plan["channel"] == "phone", "played_by"].eq("background").all()
        return set(plan.loc[plan["played_by"] == "shopper", "contact_id"]), (plan["channel"] == "chat").sum()

    (some, there), (more, _) = chosen("few", few), chosen("many", many)
    assert some < more
    assert {contact.split(".")[1] for contact in more} == {
        "000",
        "001",
    }  # from both days, not the first or last in line
    for asked, found in ((few, some), (many, more)):
        if "count" in asked:
            assert len(found) == asked["count"]
        else:
            assert len(found) / there == pytest.approx(asked["share"], abs=0.08)


def test_shoppers_can_be_overridden_on_the_channels_that_have_any(tmp_path):
    """Without it `--shoppers 5` would send shoppers to channels that nobody can play, or everywhere."""
    plan = make_plan(written(tmp_path, _chat_and_phone(shoppers={"chat": {"share": 0.5}})), 1, shoppers=5)
    assert plan["played_by"].eq("shopper").groupby(plan["channel"]).sum().to_dict() == {"chat": 5, "phone": 0}


def test_recorded_arrivals_are_played_to_the_microsecond(tmp_path):
    """Without it a replayed log would come at drawn times, and under other ids."""
    arrivals = [("r-2", 100.123456), ("r-1", 99.5), ("r-3", 86_400.0)]
    loaded = written(tmp_path, one_desk(patience={"phone": exactly(9)}), arrivals)
    plan = make_plan(loaded, 1)
    assert plan[["contact_id", "customer_id", "due_s", "patience_s"]].values.tolist() == [
        ["r-1", "r-1", 99.5, 9.0],
        ["r-2", "r-2", 100.123456, 9.0],
    ]
    pd.testing.assert_frame_equal(plan, make_plan(loaded, 1, replication=0))


def test_recorded_contacts_of_one_customer_are_cases_of_one_person(tmp_path):
    """Without it who replays a log of callers would see every call made by somebody else: nobody ever calls again."""
    told = [
        ("r-1", 9.0, "ada"),
        ("r-2", 5.0, ""),
        ("r-3", 1.0, "ada"),
        ("r-4", 7.0, "r-2"),
        ("r-5", 2.0, "c0000000003"),
    ]
    arrivals = [(name, at, "phone", "order", who) for name, at, who in told]
    customers = {
        "count": 10, "currency": "EUR",
        "segments": {"all": {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.4}},
    }  # fmt: skip
    for changes in ({}, {"customers": customers}, {"customers": customers, "demand": [demand(50)]}):
        loaded = written(tmp_path / str(len(changes)), one_desk(**changes), arrivals)
        drawn, plan = draw_plan(loaded, 1), make_plan(loaded, 1)
        own = plan[plan["contact_id"].str.startswith("r-")]
        assert own[["customer_id", "case_id"]].values.tolist() == [
            ["ada", "r-1/0"], ["ada", "r-3/0"], ["c0000000003", "r-5/0"], ["r-2", "r-2/0"], ["r-2", "r-4/0"],
        ]  # fmt: skip
        assert plan["customer_id"].is_monotonic_increasing
        assert drawn.customer_entities().tolist() == [entity_of(name) for name in plan["customer_id"]]
        same = plan["customer_id"].eq(plan["customer_id"].shift())[1:].tolist()
        assert (np.diff(drawn.member) == 0).tolist() == same
        assert (drawn.member >= 0).sum() >= 5


def test_volumes_from_a_table_are_those_of_the_table(tmp_path):
    """Without it a table's rows could be taken for consecutive intervals, whatever times they name."""
    (tmp_path / "volumes.csv").write_text("starts,contacts\n09:00,100\n14:30,200\n")
    volumes = {"intent": "order", "channels": {"phone": 1.0}, "contacts_csv": "volumes.csv"}
    plan = make_plan(written(tmp_path, one_desk(demand=[volumes])), 1)
    found = plan["due_s"].floordiv(1800).value_counts()
    assert found.index.tolist() == [29, 18]
    assert found.tolist() == [pytest.approx(200, abs=60), pytest.approx(100, abs=40)]


@pytest.mark.parametrize("factor", [2.0, 1000.0])
def test_a_plan_that_is_too_large_is_refused_by_name(tmp_path, factor):
    """Without it a slip of a unit would fill the memory, or fold two customers onto one number."""
    loaded = written(tmp_path, one_desk(demand=[demand(60_000, factor=factor)]))
    with pytest.raises(PlanTooLargeError, match=r"demand\[0\] draws \d+ contacts of order in one interval"):
        make_plan(loaded, 1)


def test_a_day_without_demand_is_an_empty_plan(tmp_path):
    """Without it a quiet holiday would crash instead of being quiet."""
    plan = make_plan(written(tmp_path, one_desk(demand=[demand(0)])), 1)
    assert len(plan) == 0
    assert tuple(plan.columns) == PLAN_COLUMNS


def test_the_shipped_quiet_tuesday_has_its_thousand_contacts_on_chat_and_form():
    """Without it the demo could shrink until its verdicts cannot tell."""
    counts = make_plan(load_scenario(HERE / "quiet_tuesday.yaml"), 1)["channel"].value_counts()
    assert counts["chat"] >= 1000
    assert counts["form"] >= 1000
