"""What follows a bad experience: published figures with their sources, and words where nothing is published."""

from __future__ import annotations

import dataclasses
import json
import re

import pandas as pd
import pytest

from results.consequences import PUBLISHED, TOLD, Believed, Consequence, consequences_of
from results.losses import losses_of
from scenarios.churn import read_churn
from scenarios.experience import TERMS
from scenarios.population import Costs, Returns
from scenarios.reading import HERE
from tests.results.leavers import model, population, weight, worth


def lived(*rows):
    """Two replications of cases, each case a mapping of what was lived through."""
    table = pd.DataFrame([dict.fromkeys(TERMS, 0.0) | row for row in rows])
    table = table.assign(customer_id=[f"c{k}" for k in range(len(table))], contacts=1)
    return pd.concat([table.assign(replication=number) for number in (0, 1)], ignore_index=True)


COMPLAINT, CALM, UNSETTLED = {"complaints": 1.0}, {}, {"unresolved": 1.0}
TABLE = lived(COMPLAINT, {**COMPLAINT, "unresolved": 1.0}, UNSETTLED, {**UNSETTLED, "apologies": 2.0}, CALM, CALM)


def told(table=TABLE, people=None, costs=None, believed=None, churn=None):
    who = people or population(complaints=["a_complaint"])
    found = losses_of(table, worth(table), churn or model(weight(1.0, term="unresolved")), who, costs, 1.0)
    return {one.name: one for one in consequences_of(table, found, who, costs, believed)}, found


def test_counts_of_a_run_are_multiplied_with_what_was_published():
    """Without it the page could tell of another run, or of figures that stand nowhere."""
    found, losses = told()
    assert found["silent"].value == 2 * 26
    assert found["complain"].value == pytest.approx(4 / 27)
    assert found["told_bad"].value == 4 * 15
    assert found["told_good"].value == 2 * 11
    assert found["told_unresolved"].value == pytest.approx(3 * 0.74 * 5)
    assert found["withdrawn_apology"].value == pytest.approx(0.45)
    assert found["returns_service"].value == pytest.approx(losses.service.value * 0.33)
    assert found["returns_service"].band[0] < found["returns_service"].value < found["returns_service"].band[1]


def test_each_figure_says_where_it_stands():
    """Without it an old survey would be read as a truth, or as ours."""
    found, _ = told(costs=Costs(keep=30.0))
    assert all(one.source for one in found.values())
    assert all(tag in " ".join(one.source for one in found.values()) for tag in ("(S0)", "(S3)", "(S4)", "CX04"))
    assert all(re.search(r"20\d\d \(", fact.source) for fact in PUBLISHED.values())


def test_what_nothing_published_supports_has_words_and_no_number():
    """Without it a guess, or a 0, would stand where nobody knows."""
    found, losses = told()
    assert found["returns_price"].value == pytest.approx((losses.lost.value - losses.service.value) * 0.33)
    assert found["returns_price"].says.endswith(", at least")
    assert "by how much is not published" in found["returns_price"].how
    assert found["withdrawn_compensation"].value is None
    assert "23 of 100" in found["withdrawn_compensation"].how
    assert "by how much is not published" in found["spends_more"].how
    assert found["spends_more"].value == 1  # the complaint without anything else; not an amount


def test_where_no_intent_is_a_complaint_nobody_is_said_to_be_silent():
    """Without it a scenario that tells no complaints would have none, and none silent."""
    found, _ = told(lived(UNSETTLED, CALM), population())
    assert found["silent"].value is None
    assert "customers: complaints" in found["silent"].how


def test_other_figures_can_be_told_and_are_said_to_be():
    """Without it the defaults would be truths."""
    people = population(complaints=["a_complaint"], returns=Returns(service=0.5, price=0.8))
    found, losses = told(people=people, costs=Costs(win=250.0), believed=Believed(told_bad=5.0, spends_more=0.1))
    assert (found["told_bad"].value, found["told_bad"].source) == (4 * 5, TOLD)
    others = losses.lost.value - losses.service.value
    assert (found["returns_price"].value, found["returns_price"].source) == (pytest.approx(others * 0.8), TOLD)
    assert found["returns_service"].source == TOLD
    assert found["win"].value == pytest.approx(losses.lost.value * 250)
    assert "by 10 %" in found["spends_more"].how


def test_winning_replacements_costs_five_times_keeping_where_nothing_else_is_told():
    """Without it the published ratio would be used without being named, or not at all."""
    found, losses = told(costs=Costs(keep=30.0))
    assert found["win"].value == pytest.approx(losses.lost.value * 150)
    assert "EUR 150 each: 5 times keeping one (EUR 30)" in found["win"].how
    assert "S4" in found["win"].source
    assert told()[0]["win"].value is None


def test_where_money_is_withheld_winning_has_the_sentence_in_its_place():
    """Without it money would come in by the back door."""
    found, losses = told(costs=Costs(keep=30.0), churn=read_churn(HERE / "churn_models" / "published.yaml"))
    assert (found["win"].value, found["win"].how) == (None, losses.withheld)


def test_consequences_are_read_back_from_the_file_of_a_run():
    """Without it a page written later would differ from what the run found."""
    for one in told(costs=Costs(keep=30.0))[0].values():
        assert Consequence.of(json.loads(json.dumps(dataclasses.asdict(one)))) == one
