"""What losing customers costs: the sum, its bands of two kinds, and what is withheld."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from results.churn import drawn_parameters, leaving
from results.churn_draws import BINS, kinds_of, shares_by_draw
from results.losses import ONE_PERIOD, UNVALUED, Losses, losses_of, values_of_cases
from results.losses_words import risk_sentence
from scenarios.churn import Observed, read_churn
from scenarios.population import Costs
from scenarios.reading import HERE
from tests.results.leavers import cases, model, population, weight, worth

MODEL = model(weight(0.8, term="retellings"), weight(1.1, 0.3, term="unresolved", most=1, without=["complaints"]))


def lost(table, believed=MODEL, **changes):
    told = {"values": worth(table), "population": population(), "costs": None, "days": 1.0, **changes}
    return losses_of(table, model=believed, **told)


def width(band):
    return band[1] - band[0]


def inside(inner, outer):
    return outer[0] <= inner[0] <= inner[1] <= outer[1]


@pytest.mark.parametrize("circumstances", [[], [-2.0, -0.5, 1.0]])
@pytest.mark.parametrize("form", ["logistic", "hazard"])
def test_shares_of_all_draws_at_once_are_those_of_one_after_the_other(form, circumstances):
    """Without it bands could be of another model than the losses they stand beside."""
    believed = MODEL.model_copy(update={"form": form, "circumstances": circumstances})
    table, drawn = cases(2, 200), drawn_parameters(MODEL, 20)
    kinds = kinds_of(believed, table)
    found = shares_by_draw(believed, kinds.design, drawn)[:, kinds.of_case]
    one_by_one = [leaving(believed, table, None, one) for one in drawn]
    assert found == pytest.approx(np.array(one_by_one), abs=1e-6)
    assert len(kinds.design) < 20 < len(table)


def test_the_parameters_of_a_fitted_model_are_taken_from_their_own_places():
    """Without it the weight of a column, which no case has, would be taken for that of an experience."""
    fitted = model(weight(-3.0, column="age"), weight(0.8, term="retellings"), circumstances=[-1.0, 1.0])
    table = cases(1, 50)
    kinds = kinds_of(fitted, table)
    found = shares_by_draw(fitted, kinds.design, drawn_parameters(fitted, 1))[0, kinds.of_case]
    assert found == pytest.approx(leaving(fitted, table, None, drawn_parameters(fitted, 1)[0]), abs=1e-6)


def test_expected_losses_are_the_sum_over_cases_and_the_mean_over_replications():
    """Without it the headline would be of other customers than the table of the run."""
    table = cases(5)
    found = lost(table)
    shares = leaving(MODEL, table)
    nothing = leaving(MODEL, table.assign(retellings=0.0, unresolved=0.0))
    assert found.lost.value == pytest.approx(shares.sum() / 5)
    assert found.service.value == pytest.approx((shares - nothing).sum() / 5)
    assert found.margin.value == pytest.approx(shares.sum() / 5 * 50 * 0.4 * 12)
    assert found.revenue.value == pytest.approx(shares.sum() / 5 * 50 * 12)
    customers = len(table[["replication", "customer_id"]].drop_duplicates()) / 5
    assert (found.customers, found.share.value) == pytest.approx((customers, found.lost.value / customers))


def test_a_replication_in_which_nobody_came_counts_too():
    """Without it a desk that is closed on half of the days would lose twice as many as it does."""
    table = cases(4)
    assert lost(table, replications=8).lost.value == pytest.approx(lost(table).lost.value / 2)


def test_a_log_without_a_case_loses_nobody():
    """Without it a desk on which nobody called would end a run with a fault of ours."""
    found = lost(cases(2).iloc[:0], replications=3)
    assert (found.customers, found.lost.value, found.lost.both) == (0, 0, (0, 0))
    assert found.share.value == 0


def test_waits_that_differ_in_each_case_are_told_apart_finely_enough():
    """Without it a million cases would take minutes, or their waits be rounded until the sum is wrong."""
    rng = np.random.default_rng(3)
    table = cases(2, 20_000)
    table["wait_beyond_min"] = np.where(rng.random(len(table)) < 0.4, 0.0, rng.exponential(6.0, len(table)))
    believed = model(weight(0.05, term="wait_beyond_min"), weight(0.8, term="retellings"))
    assert len(kinds_of(believed, table).design) <= BINS * 10
    assert lost(table, believed).lost.value == pytest.approx(leaving(believed, table).sum() / 2, rel=5e-4)


@pytest.mark.parametrize("name", ["lost", "service", "share", "revenue", "margin", "replacing"])
def test_every_band_holds_the_value_and_both_holds_each(name):
    """Without it a leader would read two kinds of not knowing, and a third number narrower than either."""
    figure = getattr(lost(cases(6), costs=Costs(keep=30.0)), name)
    for band in (figure.chance, figure.single, figure.coefficients, figure.both):
        assert band[0] < figure.value < band[1]
    assert inside(figure.chance, figure.both)
    assert inside(figure.coefficients, figure.both)
    assert width(figure.single) > width(figure.chance)


@pytest.mark.parametrize("name", ["lost", "service", "share", "revenue", "margin", "replacing"])
def test_where_few_leave_no_band_holds_fewer_than_nobody(name):
    """Without it a leader would read that a quiet day loses −0.4 to 1.6 customers, and so many euros less than none."""
    figure = getattr(lost(cases(2, 12), costs=Costs(keep=30.0)), name)
    bands = (figure.chance, figure.single, figure.both)
    assert all(low == 0 and high > figure.value for low, high in bands)
    assert figure.coefficients[0] > 0


def test_service_that_may_keep_customers_has_bands_that_say_so():
    """Without it what kindness keeps would be cut to nothing, and a gain be told as none."""
    kind = model(weight(-1.5, 0.01, term="kindness"), weight(0.5, 0.01, term="retellings"))
    table = cases(2, 40)
    figure = lost(table, kind).service
    gains = (leaving(kind, table) < leaving(kind, table.assign(kindness=0.0, retellings=0.0))).sum() / 2
    assert -gains <= figure.chance[0] < 0
    unsure = model(weight(0.1, 0.5, term="retellings"))
    figure = lost(table, unsure).service
    assert figure.chance[0] == 0
    assert figure.coefficients[0] < 0
    assert figure.both[0] <= figure.coefficients[0]


def test_more_replications_narrow_chance_and_nothing_else():
    """Without it simulating longer would look as if one came to know what makes customers leave."""
    few, many = lost(cases(8, busy=0.2)).lost, lost(cases(128, busy=0.2)).lost
    assert width(few.chance) / width(many.chance) == pytest.approx(4.0, rel=0.5)
    assert width(few.coefficients) / width(many.coefficients) == pytest.approx(1.0, rel=0.15)
    assert width(few.single) / width(many.single) == pytest.approx(1.0, rel=0.5)


def test_better_knowledge_narrows_the_other_band_alone():
    """Without it a fit to one's own customers would not show in the band that it is made for."""
    table = cases(6)
    sure = model(weight(0.8, 0.0, term="retellings"), weight(1.1, 0.0, term="unresolved"), error=0.0)
    known, vague = lost(table, sure).lost, lost(table, MODEL).lost
    assert width(known.coefficients) == pytest.approx(0.0, abs=1e-9)
    assert known.both == pytest.approx(known.chance, rel=1e-6)
    assert width(vague.coefficients) > 20


@pytest.mark.parametrize("replications", [1, 4])
def test_of_customers_who_draw_leaving_the_band_of_chance_holds_95_in_100(replications):
    """Without it the band could be of any width: nobody would ever see that it is wrong."""
    one = cases(1, 600)
    table = pd.concat([one.assign(replication=number) for number in range(replications)], ignore_index=True)
    band = lost(table).lost.chance
    rng = np.random.default_rng(5)
    left = (rng.random((3000, len(table))) < leaving(MODEL, table)).sum(axis=1) / replications
    assert np.mean((left >= band[0]) & (left <= band[1])) == pytest.approx(0.95, abs=0.015)


def test_the_band_of_one_period_holds_another_period_95_times_in_100():
    """Without it a leader would be told of a day that no day is like, as if days did not differ."""
    rng = np.random.default_rng(7)
    held, narrow = [], []
    for world in range(300):
        table = cases(9, 300, seed=1000 + world, busy=0.4)
        seen, next_ = table[table["replication"] < 8], table[table["replication"] == 8]
        figure = lost(seen, draws=20).lost
        left = int((rng.random(len(next_)) < leaving(MODEL, next_)).sum())
        held.append(figure.single[0] <= left <= figure.single[1])
        narrow.append(figure.chance[0] <= left <= figure.chance[1])
    assert np.mean(held) == pytest.approx(0.95, abs=0.04)
    assert np.mean(narrow) < 0.8  # that of the mean is another thing


def test_one_log_of_one_period_says_that_it_cannot_tell_how_periods_differ():
    """Without it a measured week would be sold as what every week is like."""
    found = lost(cases(1))
    assert ONE_PERIOD in found.notes
    assert found.lost.single == pytest.approx(found.lost.chance)
    assert ONE_PERIOD not in lost(cases(3)).notes


def test_kindness_that_keeps_customers_makes_service_a_gain():
    """Without it what is done well could never show."""
    kind = model(weight(-1.5, term="kindness"))
    assert lost(cases(3), kind).service.value < 0


def test_a_hazard_is_told_with_the_days_by_when_they_leave():
    """Without it those who leave within a quarter would be read as gone the same day."""
    believed = model(weight(0.8, term="retellings"), form="hazard")
    assert lost(cases(2), believed).within_days == 91.0
    assert lost(cases(2), believed, over_days=30.0).lost.value < lost(cases(2), believed).lost.value
    assert lost(cases(2)).within_days is None


def test_money_is_withheld_where_customers_only_said_that_they_would_leave():
    """Without it intentions, which are many times what is done, would be sold as money lost."""
    published = read_churn(HERE / "churn_models" / "published.yaml")
    found = lost(cases(3), published, costs=Costs(keep=30.0))
    assert (found.revenue, found.margin, found.replacing) == (None, None, None)
    assert "no money is shown" in found.withheld
    unscaled = published.model_copy(update={"observed": Observed(rate=0.02, over_days=30, source="our billing")})
    assert "not scaled to the observed one yet" in lost(cases(3), unscaled).withheld
    assert lost(cases(3)).withheld is None


@pytest.mark.parametrize("changes", [{"values": None}, {"population": None}])
def test_money_is_withheld_where_nobody_said_what_a_customer_is_worth(changes):
    """Without it a loss of unknown worth would be shown as one of 0."""
    found = lost(cases(2), **changes)
    assert (found.margin, found.withheld) == (None, UNVALUED)


def test_customers_of_unknown_worth_are_counted_and_said():
    """Without it half of the money could be missing and nobody told."""
    table = cases(2)
    values = worth(table)
    values.loc[:99, "monthly_revenue"] = np.nan
    found = lost(table, values=values)
    assert found.lost.value == lost(table).lost.value
    assert found.margin.value < lost(table).margin.value
    assert any(note.startswith("Of 100 of ") for note in found.notes)


def test_who_is_bound_by_a_contract_takes_away_what_comes_after_it():
    """Without it contracts would move no amount: who must pay for another year would count as lost money today."""
    table = cases(2)
    free = lost(table)
    bound = lost(table, values=worth(table).assign(contract_months=9.0))
    assert bound.lost == free.lost
    assert bound.revenue.value == pytest.approx(free.revenue.value * 3 / 12)
    assert bound.margin.both == pytest.approx([end * 3 / 12 for end in free.margin.both])
    assert lost(table, values=worth(table).assign(contract_months=12.5)).margin.value == 0
    untold = lost(table, values=worth(table).assign(contract_months=np.nan))
    assert (untold.margin, untold.bound) == (free.margin, False)
    assert "what contracts still bind them to pay is not counted" in risk_sentence(bound)
    assert "contracts" not in risk_sentence(free)


def test_what_a_case_is_worth_is_joined_by_replication_and_customer():
    """Without it a customer's worth would be that of their namesake in another replication."""
    table = pd.DataFrame({"replication": [0, 1, 1, 1], "customer_id": ["a", "a", "b", "c"]})
    customers = pd.DataFrame(
        {"replication": [0, 1, 1], "customer_id": ["a", "a", "b"], "monthly_revenue": [1.0, 2, 3], "margin": 0.5,
         "contract_months": [0.0, 9, 0]}
    )  # fmt: skip
    found = values_of_cases(table, customers)
    assert found["monthly_revenue"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert found["contract_months"].tolist()[:3] == [0.0, 9.0, 0.0]
    assert np.isnan(found["monthly_revenue"].iloc[3])


def test_losses_are_read_back_from_the_file_of_a_run():
    """Without it a page written later would differ from what the run found."""
    for found in (lost(cases(3), costs=Costs(win=200.0)), lost(cases(1), values=None)):
        assert Losses.of(json.loads(json.dumps(found.facts()))) == found
