"""People, contacts and leavers weighed together: what is recommended never costs more than today's roster."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from results.staffing_words import headline, staffing_text
from scenarios.reading import load_scenario
from simulator.simulate import believed_churn
from simulator.staffing import staff
from simulator.staffing.aims import StaffingError
from simulator.staffing.cheapest import checked
from simulator.staffing.finalists import choose
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.starting import grid_of
from tests.written import about, demand, one_desk

TODAY = 5


def a_desk(folder, **changes):
    """A desk whose callers may leave, whose hours cost money, and which has about as many people as pay."""
    segment = {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.4}
    told = one_desk(
        agents=TODAY,
        service=about(300),
        demand=[demand(400)],
        patience={"phone": about(600)},
        churn={"model": "published", "observed": {"rate": 0.03, "over_days": 30, "source": "billing"}},
        customers={"count": 5000, "currency": "EUR", "segments": {"all": segment}},
        **{"costs": {"contact": {"phone": 0.5}, "paid_hour": {"default": 3}}, **changes},
    )
    path = folder / "desk.yaml"
    path.write_text(json.dumps(told))
    return load_scenario(path)


@pytest.mark.parametrize(("offered", "keeps"), [((2 * TODAY, 0), True), ((2 * TODAY, TODAY - 1), False)])
def test_nothing_dearer_than_today_is_recommended(tmp_path, offered, keeps):
    """Without it a planner would change a roster and pay for it."""
    loaded = a_desk(tmp_path)
    grid = dataclasses.replace(grid_of(loaded, ("front",), 1440), most=np.array([[2 * TODAY]]))
    desk = Desk(loaded, 1, grid, (), believed_churn(loaded, 1), True)
    player = Player(desk, None)
    finalists = [np.array([[agents]]) for agents in offered]
    chosen = choose(player, finalists, 100_000, 4, 0.05)
    of_today = choose(player, [np.array([[TODAY]])], 100_000, 4, 0.05)
    assert chosen.cost_today == pytest.approx(of_today.cost)
    assert chosen.seats.tolist() == [[TODAY if keeps else TODAY - 1]]
    assert (chosen.cost == chosen.cost_today) is keeps
    assert chosen.cost <= chosen.cost_today
    assert ("today's roster costs least" in chosen.words) is keeps


def test_the_answer_is_told_with_what_it_saves(tmp_path):
    """Without it nobody would see what the search for the least money is worth, or that today's roster is best."""
    found = staff(a_desk(tmp_path), 720, objective="money", replications=6, sample=4)
    facts = found.facts()
    assert found.state in ("verified", "not verified")
    assert found.cost <= found.cost_today
    assert facts["cost_unit"] == "money"
    assert "EUR" in headline(facts)
    assert "finalists and today's roster" in staffing_text(facts)


def test_todays_roster_is_kept_where_nothing_costs_less():
    """Without it a leader would read of 0.0 % less."""
    facts = {"state": "verified", "objective": "money", "cost": 240.0, "cost_today": 240.0, "currency": "EUR",
             "cost_unit": "money"}  # fmt: skip
    assert headline(facts) == "Keep today's roster: nothing was found that costs less in all than its EUR 240"


def test_hours_without_a_price_are_not_weighed_against_money(tmp_path):
    """Without it an hour would count as one euro, and hundreds of people cost next to nothing."""
    with pytest.raises(StaffingError, match="no price of them for front"):
        checked(a_desk(tmp_path, **{"costs": {"contact": {"phone": 0.5}}}), (), "money")
