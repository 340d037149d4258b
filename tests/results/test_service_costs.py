"""What serving costs: what is told has an amount, the rest has none."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from results.experience import cases_of
from results.log import table_of
from results.service_costs import ServiceCosts, hours_of, service_costs_of
from scenarios.expectations import Expectations
from scenarios.population import Costs
from simulator.simulate import simulate
from tests.written import demand, exactly, one_desk, written


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Half of all callers are promised a visit; a fourth of the visits fail."""
    technicians = {
        "channels": ["form"],
        "agents": {"08:00": 4, "18:00": 0},
        "service": {"default": exactly(1800)},
        "shrinkage": 0.2,
    }
    scenario = one_desk(agents=3, demand=[demand(60)])
    scenario["channels"]["form"] = {"opens": "00:00", "closes": "24:00"}
    scenario["teams"]["technicians"] = technicians
    scenario["promises"] = [
        {"team": "front", "probability": 0.5, "due": exactly(14400), "by": "technicians", "fails": 0.25}
    ]
    loaded = written(tmp_path_factory.mktemp("costs"), scenario)
    run = simulate(loaded, replications=4)
    cases = cases_of(run.legs, Expectations({}, 1), loaded.horizon_s)
    return run.legs, cases, hours_of(run.legs, run.staffing, loaded)


def costs_of(played, **told):
    legs, cases, hours = played
    return service_costs_of(legs, cases, Costs(**told), hours)


def line(found, what):
    (one,) = (one for one in found.lines if one.what == what)
    return one


def test_only_what_is_told_has_an_amount(played):
    """Without it what nobody has priced would look free."""
    found = costs_of(played, contact={"phone": 2.0})
    contacts = played[0].query("leg == 0")
    assert line(found, "Phone: contacts").amount == pytest.approx(len(contacts) / 4 * 2)
    assert line(found, "front: paid hours").amount is None
    assert found.total == line(found, "Phone: contacts").amount
    assert set(found.untold) == {"front: paid hours", "technicians: paid hours", "technicians: work orders"}
    assert found.per_case == pytest.approx(found.total / (len(played[1]) / 4))


def test_where_nothing_is_told_there_is_no_total():
    """Without it serving would be said to cost 0."""
    empty = service_costs_of(table_of("legs", []), pd.DataFrame({"replication": [], "compensations": []}), None)
    assert (empty.total, empty.per_case) == (None, None)


def test_people_are_paid_for_being_rostered_not_for_being_there(played):
    """Without it shrinkage would save money."""
    found = {one.team: one for one in played[2]}
    assert found["front"].paid_h == pytest.approx(72)
    assert found["technicians"].paid_h == pytest.approx(40)
    assert found["technicians"].busy_h < found["technicians"].net_h < 37
    costs = costs_of(played, paid_hour={"default": 30.0, "technicians": 50.0})
    assert line(costs, "front: paid hours").amount == pytest.approx(72 * 30)
    assert line(costs, "technicians: paid hours").amount == pytest.approx(40 * 50)


def test_a_visit_in_vain_costs_as_much_and_is_counted_once(played):
    """Without it the wasted visits of a desk would not show, or be paid twice."""
    found = costs_of(played, work_order={"technicians": 80.0})
    visits, vain = line(found, "technicians: work orders"), line(found, "of these in vain")
    begun = played[0].query("role == 'work'")["answered_s"].notna().sum() / 4
    assert visits.amount == pytest.approx(begun * 80)
    assert 0.1 < vain.quantity / visits.quantity < 0.45
    assert vain.amount == pytest.approx(vain.quantity * 80)
    assert found.total == visits.amount


def test_compensations_are_not_told_to_be_free(played):
    """Without it a default of 0 would be read as a price."""
    legs, cases, hours = played
    given = cases.assign(compensations=1.0)
    untold = service_costs_of(legs, given, Costs(), hours)
    assert line(untold, "compensations").amount is None
    told = service_costs_of(legs, given, Costs(compensation=10.0), hours)
    assert line(told, "compensations").amount == pytest.approx(10.0 * len(cases) / 4)


def test_costs_are_read_back_from_the_file_of_a_run(played):
    """Without it a page written later would differ from what the run found."""
    found = costs_of(played, contact={"phone": 2.0})
    assert ServiceCosts.of(json.loads(json.dumps(found.facts()))) == found
