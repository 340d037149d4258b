"""Customers with a history: who comes back is who they were, who has left makes contact no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from results.churn import ChurnTableError
from results.experience import cases_of
from results.leavers import customers_of, shares_after
from scenarios.changes import changed
from scenarios.expectations import Expectations
from scenarios.experience import TERMS
from scenarios.plan import make_plan
from scenarios.reading import LoadedScenario
from simulator.simulate import simulate
from tests.simulator.engines_equal import NAMES, by_compiled, by_simpy, by_tables
from tests.written import about, demand, exactly, one_desk, written

MODEL = str(Path(__file__).parent / "every_term.yaml")
SOME = {"share": 1.0, "monthly_revenue": {"mean": 50.0, "cv": 0.5}, "margin": 0.5}


def customers(count: int, **changes: Any) -> dict[str, Any]:
    """A population whose members all are of one kind."""
    return {"count": count, "currency": "EUR", "segments": {"some": SOME}, **changes}


def desk(tmp_path: Path, model: str | None = MODEL, count: int | None = 40, **changes: Any) -> LoadedScenario:
    """Three days of a desk that is too small, for few customers who come often."""
    scenario = one_desk(
        2, about(300), days=3, demand=[demand(200)], patience={"phone": about(120)},
        retry={"phone": {"probability": 0.7, "probability_unresolved": 0.5, "after": about(900)}},
    )  # fmt: skip
    scenario["teams"]["front"]["resolves"] = 0.8
    if model:
        scenario["churn"] = {"model": model}
    if count:
        scenario["customers"] = customers(count)
    return written(tmp_path, {**scenario, **changes})


def test_three_doors_tell_the_same_of_customers(tmp_path: Path) -> None:
    """Without it the engines and the tables of a log could have other customers leave."""
    loaded = desk(tmp_path)
    simpy, compiled = by_simpy(loaded), by_compiled(loaded)
    for name, one, other in zip(NAMES, simpy, compiled, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False, obj=name)
    for source in ("measured", "recorded"):
        for one, other in zip(by_tables(loaded, simpy[0].assign(source=source)), compiled[2:], strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)


@pytest.mark.parametrize("model", ["every_term", "every_term_over_time"])
def test_who_has_left_makes_contact_no_more(tmp_path: Path, model: str) -> None:
    """Without it customers who have gone would go on calling, and the desk would look as busy as before."""
    loaded = desk(tmp_path, MODEL.replace("every_term", model))
    run = simulate(loaded, replications=1)
    begun = run.legs.groupby(["customer_id", "case_id"])["arrived_s"].min().reset_index()
    left_s = begun["customer_id"].map(run.customers.set_index("customer_id")["left_s"])
    assert not (begun["arrived_s"] > left_s).any()
    plan = make_plan(loaded, loaded.scenario.seed)
    missing = plan[~plan["case_id"].isin(begun["case_id"])]
    assert (missing["due_s"] > missing["customer_id"].map(run.customers.set_index("customer_id")["left_s"])).all()
    assert len(missing) > 10


def test_nobody_stays_away_where_nothing_makes_them_leave(tmp_path: Path) -> None:
    """Without it to tell whom a desk serves would change how it is simulated."""
    with_them = simulate(desk(tmp_path / "a", None), replications=1)
    without = simulate(desk(tmp_path / "b", None, None), replications=1)
    columns = ["case_id", "contact_id", "leg", "arrived_s", "answered_s", "ended_s", "leg_end"]
    one, other = (run.legs[columns].sort_values(columns[:3], ignore_index=True) for run in (with_them, without))
    pd.testing.assert_frame_equal(one, other)
    assert with_them.customers["left"].isna().all()
    assert with_them.customers["cases"].max() > 5
    assert without.customers.empty


def test_as_many_leave_as_the_model_says(tmp_path: Path) -> None:
    """Without it drawn leavers could tell other stories than the expected losses beside them."""
    run = simulate(desk(tmp_path, count=100_000), replications=20)
    shares = shares_after(_model(desk(tmp_path, count=100_000)), run.cases[run.cases["over_s"].notna()])
    drawn, spread = int(run.customers["left"].sum()), float((shares * (1 - shares)).sum()) ** 0.5
    assert abs(drawn - shares.sum()) < 4 * spread
    assert drawn > 1000


def _model(loaded: LoadedScenario) -> Any:
    assert loaded.churn is not None
    return loaded.churn


def test_a_worse_world_only_adds_leavers(tmp_path: Path) -> None:
    """Without it a what-if that loses more customers could keep some who leave today, by luck alone."""
    good, bad = (
        simulate(desk(tmp_path / name, count=10**6, transfers=[], **changes), replications=1)
        for name, changes in (
            ("good", {"patience": {"phone": exactly(1e6)}, "teams": _team(50, 1.0)}),
            ("bad", {"patience": {"phone": exactly(0)}, "teams": _team(0, 1.0)}),
        )
    )
    gone = set(good.customers.loc[good.customers["left"].fillna(False), "customer_id"])
    assert gone < set(bad.customers.loc[bad.customers["left"].fillna(False), "customer_id"])


def _team(agents: int, resolves: float) -> dict[str, Any]:
    front = {"channels": ["phone"], "agents": {"00:00": agents}, "service": {"default": about(300)}}
    return {"front": {**front, "resolves": resolves}}


def test_what_a_customer_is_worth_is_theirs_in_every_case(tmp_path: Path) -> None:
    """Without it one person would pay another bill whenever they call."""
    loaded = desk(tmp_path, None, 5)
    run = simulate(loaded, replications=2)
    assert len(run.customers) == 10
    assert run.customers.loc[run.customers["replication"] == 0, "monthly_revenue"].nunique() == 5
    again = customers_of(run.cases, None, loaded.scenario.customers, loaded.scenario.seed)
    pd.testing.assert_frame_equal(again, run.customers)
    assert run.customers["segment"].eq("some").all()


def test_contracts_and_revenues_are_spread_as_told(tmp_path: Path) -> None:
    """Without it money at risk would hang on numbers that nobody has told."""
    kind = {**SOME, "contract": {"share": 0.5, "months": 24.0}, "tenure_months": {"mean": 60.0, "cv": 1.0}}
    told = {**customers(10**6), "segments": {"a": {**kind, "share": 0.3}, "b": {**kind, "share": 0.7}}}
    found = simulate(desk(tmp_path, None, customers=told, demand=[demand(4000)]), replications=1).customers
    assert found["monthly_revenue"].mean() == pytest.approx(50.0, rel=0.03)
    assert found["monthly_revenue"].std() / found["monthly_revenue"].mean() == pytest.approx(0.5, rel=0.08)
    assert found["tenure_months"].mean() == pytest.approx(60.0, rel=0.06)
    assert found["segment"].eq("a").mean() == pytest.approx(0.3, abs=0.02)
    held = found["contract_months"][found["contract_months"] > 0]
    assert len(held) / len(found) == pytest.approx(0.5, abs=0.02)
    assert held.max() <= 24
    assert held.mean() == pytest.approx(12.0, rel=0.03)


def test_a_wait_is_held_against_what_the_scenario_says_is_right(tmp_path: Path) -> None:
    """Without it `expectations` could be told and nobody be more content."""
    patient, not_so = (
        simulate(desk(tmp_path / name, expectations={"phone": exactly(value_s)}), replications=1)
        for name, value_s in (("a", 1e6), ("b", 0.0))
    )
    assert patient.cases["wait_beyond_min"].sum() == 0
    assert not_so.cases["wait_beyond_min"].sum() > 20


def test_a_complaint_is_one_of_a_told_intent(tmp_path: Path) -> None:
    """Without it what weighs most in a churn model would never be there."""
    told = customers(1000, complaints=["complaint"])
    asked = [demand(100), demand(50, "complaint")]
    intents = {"order": "?", "complaint": "!"}
    cases = simulate(desk(tmp_path, customers=told, demand=asked, intents=intents), replications=1).cases
    assert (
        cases["complaints"].to_numpy().tolist() == cases["case_id"].str.startswith("complaint").astype(float).tolist()
    )


@pytest.mark.parametrize("model", ["published", "published_over_time"])
@pytest.mark.parametrize("days", [1, 3])
def test_as_many_leave_as_are_observed(tmp_path: Path, model: str, days: int) -> None:
    """Without it losses of a month would hang on how many days are simulated, and on the form of the model."""
    seen = {"rate": 0.02, "over_days": 30, "source": "our billing"}
    run = simulate(
        desk(tmp_path, None, churn={"model": model, "observed": seen}, count=20_000, days=days), replications=30
    )
    assert run.churn is not None
    lost = shares_after(run.churn, run.cases).sum() / 30
    assert lost == pytest.approx(20_000 * (1 - 0.98 ** (days / 30)), rel=0.06)


def test_a_worse_desk_of_the_same_file_loses_more(tmp_path: Path) -> None:
    """Without it each what-if would be scaled to the same losses, and service would cost nobody."""
    seen = {"rate": 0.02, "over_days": 30, "source": "our billing"}
    today = desk(tmp_path, None, churn={"model": "published", "observed": seen}, count=20_000)
    worse = changed(today, {"teams.front.resolves": 0.3})
    now, then = (simulate(one, replications=5) for one in (today, worse))
    assert then.churn == now.churn
    assert then.customers["leave_share"].sum() > 1.3 * now.customers["leave_share"].sum()


def test_more_leavers_than_customers_who_come_are_refused(tmp_path: Path) -> None:
    """Without it every caller would be taken for a leaver."""
    seen = {"rate": 0.02, "over_days": 30, "source": "our billing"}
    loaded = desk(tmp_path, None, churn={"model": "published", "observed": seen}, count=10**7)
    with pytest.raises(ChurnTableError, match=r"only \d+ cases come"):
        simulate(loaded, replications=1)


def test_a_desk_to_which_nobody_comes_loses_nobody(tmp_path: Path) -> None:
    """Without it an empty day would end in an error of ours."""
    seen = {"rate": 0.02, "over_days": 30, "source": "our billing"}
    loaded = desk(tmp_path, None, churn={"model": "published", "observed": seen}, demand=[demand(0)])
    assert simulate(loaded, replications=2).customers.empty


def test_one_plan_has_its_customers_in_every_replication(tmp_path: Path) -> None:
    """Without it the band around a measured day would be that of other customers."""
    loaded = desk(tmp_path, None, 40)
    run = simulate(loaded, replications=2, same_plan=True)
    first, second = (run.customers[run.customers["replication"] == r].reset_index(drop=True) for r in (0, 1))
    pd.testing.assert_frame_equal(first[["customer_id", "monthly_revenue"]], second[["customer_id", "monthly_revenue"]])
    told = Expectations(loaded.scenario.expectations, loaded.scenario.seed)
    again = cases_of(run.legs, told, loaded.horizon_s, same_plan=True)
    pd.testing.assert_frame_equal(again[list(TERMS)], run.cases[list(TERMS)], check_dtype=False)
