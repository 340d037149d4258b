"""Recorded contacts that are played again: those of one customer are one person's, whatever else the scenario tells."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from results.importing import import_log
from results.replaying import arrivals_of
from scenarios.plan import make_plan
from scenarios.profiled import replayed
from scenarios.reading import LoadedScenario
from simulator.simulate import simulate
from tests.results.test_importing import BANK, call, write_log
from tests.simulator.engines_equal import NAMES, by_compiled, by_simpy, by_tables
from tests.simulator.test_leavers import MODEL, customers
from tests.written import about, demand, one_desk, written

CALLERS = 25


def replaying(folder: Path, count: int | None, **changes: object) -> LoadedScenario:
    """Three days of a desk that is too small, for recorded callers who call often, among others."""
    scenario = one_desk(2, about(300), days=3, demand=[demand(50)], patience={"phone": about(120)})
    scenario["teams"]["front"]["resolves"] = 0.8
    scenario |= {"churn": {"model": MODEL}, **({"customers": customers(count)} if count else {}), **changes}
    arrivals = [(f"call {k:03d}", 800.0 * k, "phone", "order", f"caller {k % CALLERS}") for k in range(300)]
    return written(folder, scenario, [*arrivals, ("nobody knows", 7.0, "phone", "order", "")])


@pytest.mark.parametrize("count", [None, 30])
def test_who_is_recorded_several_times_is_one_person_and_calls_no_more_once_they_have_left(
    tmp_path: Path, count: int | None
) -> None:
    """Without it whoever replays a log would see each call made by somebody else, and leavers who go on calling."""
    loaded = replaying(tmp_path, count)
    run = simulate(loaded, replications=1)
    known = run.customers.set_index("customer_id")
    callers = known[known.index.str.startswith("caller")]
    assert len(callers) == CALLERS
    assert callers["cases"].max() > 5
    assert known.loc["nobody knows", "cases"] == 1
    begun = run.legs.groupby(["customer_id", "case_id"])["arrived_s"].min().reset_index()
    assert not (begun["arrived_s"] > begun["customer_id"].map(known["left_s"])).any()
    plan = make_plan(loaded, loaded.scenario.seed)
    missing = plan[~plan["case_id"].isin(begun["case_id"]) & plan["customer_id"].str.startswith("caller")]
    assert (missing["due_s"] > missing["customer_id"].map(known["left_s"])).all()
    assert len(missing) > 10
    assert known["monthly_revenue"].notna().all() == bool(count)


@pytest.mark.parametrize("count", [None, 30])
def test_three_doors_tell_the_same_of_recorded_customers(tmp_path: Path, count: int | None) -> None:
    """Without it the engines and the tables of a log could take other calls for those of one person."""
    loaded = replaying(tmp_path, count)
    simpy, compiled = by_simpy(loaded), by_compiled(loaded)
    for name, one, other in zip(NAMES, simpy, compiled, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False, obj=name)
    for one, other in zip(by_tables(loaded, simpy[0].assign(source="recorded")), compiled[2:], strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)


def test_the_customers_of_an_imported_log_are_those_of_its_replay(tmp_path: Path) -> None:
    """Without it only a table that was written by hand could say who calls again."""
    rows = [call(1, customer_id="77"), call(2, customer_id="77"), call(3)]
    run = import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run")
    intents = {"regular": "I have a question"}
    loaded = written(tmp_path, one_desk(intents=intents, days=3, demand=[demand(1, "regular")]))
    plan = make_plan(replayed(loaded, *arrivals_of(run.folder)), 1)
    assert plan["customer_id"].tolist() == ["77", "77", "990103-AA0101-3"]
    assert plan["contact_id"].tolist() == ["990103-AA0101-1", "990103-AA0101-2", "990103-AA0101-3"]
