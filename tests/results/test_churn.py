"""What a churn model says of customers: shares, bands of two kinds, anchoring, and who leaves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from results.churn import (
    ChurnTableError,
    anchored_on_cases,
    best_guess,
    drawn_parameters,
    generated,
    leaves_after_days,
    leaving,
    natural_bends,
    who_leaves,
)
from results.experience import cases_of
from results.losses import losses_of
from scenarios.churn import Base, ChurnModel, Coefficient, Observed, read_churn
from scenarios.churn_law import churn_law, experience_adds, leaving_share
from scenarios.expectations import Expectations
from scenarios.experience import TERMS
from scenarios.reading import HERE, load_scenario
from simulator.simulate import simulate

OURS = ("published", "published_over_time")


def ours(name):
    return read_churn(HERE / "churn_models" / f"{name}.yaml")


def weight(value, error=0.1, **told):
    return Coefficient(value=value, unit="one", standard_error=error, uncertain_by="sampling", source="a test", **told)


def model(*coefficients, form="logistic", rate=0.1, error=0.1, **told):
    base = Base(rate=rate, over_days=100.0, standard_error=error, uncertain_by="sampling", source="a test")
    return ChurnModel(
        churn="a_test", title="A test", form=form, base=base, coefficients=list(coefficients), **told
    )  # fmt: skip


def experiences(n, seed=1):
    counts = np.random.default_rng(seed).poisson(0.4, (n, len(TERMS)))
    return pd.DataFrame(counts.astype(float), columns=list(TERMS))


@pytest.mark.parametrize("name", OURS)
def test_the_published_groups_leave_as_was_published(name):
    """Without it customers with several of these experiences at once could be counted twice."""
    table = pd.DataFrame(
        {"repeats": [0, 1, 4, 0, 3], "unresolved": [0, 0, 0, 1, 2]}, dtype=float
    )  # of CX01, CX02, CX02, CX03, CX03
    assert leaving(ours(name), table).round(3).tolist() == [0.05, 0.09, 0.09, 0.25, 0.25]


@pytest.mark.parametrize("circumstances", [[], [-3.0, -1.0, 0.5, 2.0]])
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("over_days", [None, 30.0])
def test_the_engines_formula_is_the_tables(name, over_days, circumstances):
    """Without it a simulated customer and a recorded one of the same experience would leave with different odds."""
    believed = ours(name).model_copy(update={"circumstances": circumstances})
    if over_days and believed.form == "logistic":
        return
    table = experiences(300)
    law = churn_law(believed, over_days)
    one_by_one = [
        leaving_share(law.form, law.base, law.circumstances, experience_adds(law.values, law.most, law.without, counts))
        for counts in table.to_numpy()
    ]
    assert leaving(believed, table, over_days) == pytest.approx(one_by_one, abs=1e-12)
    assert len(set(np.round(one_by_one, 6))) > 3


def test_a_logistic_is_asked_of_no_other_time_than_its_own():
    """Without it a share per case would be sold as one per year."""
    with pytest.raises(ValueError, match="it tells of one case, not of 365 days"):
        leaving(ours("published"), experiences(3), 365)


def test_a_hazard_grows_with_time_by_its_shape():
    """Without it a year would lose as many as a month, or as twelve times a month when the danger is in the first."""
    rates = leaving(model(form="hazard", rate=0.1), experiences(1), 200)
    assert rates[0] == pytest.approx(1 - 0.9**2)
    early = model(form="hazard", rate=0.1, shape=[(0.0, 1.0), (50.0, 0.0)])
    assert leaving(early, experiences(1), 200)[0] == pytest.approx(0.1)
    assert leaving(early, experiences(1), 25)[0] == pytest.approx(1 - math.sqrt(0.9))


def test_a_curve_is_straight_outside_its_knots_and_smooth_inside():
    """Without it a customer of unusual use would be predicted by a cubic that shoots off."""
    knots = [0.0, 10.0, 40.0, 100.0]
    x = np.linspace(-50, 200, 2501)
    bends = natural_bends(x, knots)
    second = np.diff(bends, 2, axis=0)
    outside = (x[1:-1] < -0.2) | (x[1:-1] > 100.2)
    assert np.abs(second[outside]).max() < 1e-9
    assert np.abs(np.diff(second, axis=0)).max() < 1e-4
    assert np.abs(second[~outside]).max() > 1e-6


def test_where_circumstances_are_not_known_they_are_averaged_over():
    """Without it a scenario's customers, of whom no table is there, would all be taken for the average one."""
    fitted = model(weight(1.0, column="age"), circumstances=[-2.0, 2.0])
    logit = math.log(0.1 / 0.9)
    both = [1 / (1 + math.exp(-logit - one)) for one in (-2.0, 2.0)]
    assert leaving(fitted, experiences(1))[0] == pytest.approx(sum(both) / 2)
    assert leaving(fitted, pd.DataFrame({"age": [2.0]}))[0] == pytest.approx(both[1])
    two = model(weight(1.0, column="age"), weight(1.0, column="plan"))
    with pytest.raises(ChurnTableError, match="all of its columns or none; missing: plan"):
        leaving(two, pd.DataFrame({"age": [2.0]}))
    with pytest.raises(ChurnTableError, match="age holds what is no number"):
        leaving(fitted, pd.DataFrame({"age": ["old"]}))


def test_draws_of_the_coefficients_spread_and_go_together_as_the_covariance_says():
    """Without it bands could be too narrow, and nobody could see it."""
    told = model(
        weight(0.5, 0.3, term="unresolved"), weight(0.2, 0.2, term="repeats"),
        covariance=[[0.01], [0.0, 0.09], [0.005, -0.048, 0.04]],
    )  # fmt: skip
    drawn = drawn_parameters(told, 20_000)
    assert drawn.mean(axis=0) == pytest.approx(best_guess(told), abs=0.01)
    assert drawn.std(axis=0) == pytest.approx([0.1, 0.3, 0.2], rel=0.02)
    assert np.corrcoef(drawn[:, 1], drawn[:, 2])[0, 1] == pytest.approx(-0.8, abs=0.01)


def test_a_coefficient_keeps_its_luck_when_another_is_added():
    """Without it a what-if that weighs one thing more would differ by other draws of all the rest."""
    one, two = weight(0.5, 0.3, term="unresolved"), weight(0.2, 0.2, term="repeats")
    alone, beside = drawn_parameters(model(one), 50), drawn_parameters(model(two, one), 50)
    assert np.allclose(alone[:, 1], beside[:, 2])
    assert not np.allclose(alone, drawn_parameters(model(one), 50, seed=2))


def lost(told, table, draws=1000):
    """Return what a period with these cases loses, a customer each."""
    rows = table.assign(replication=0, customer_id=[f"c{at}" for at in range(len(table))])
    return losses_of(rows, None, told, None, None, 1.0, draws=draws).lost


def test_chance_and_not_knowing_are_told_apart():
    """Without it a leader could not say whether more data or only more luck would help."""
    table = experiences(400)
    sure, unsure = model(error=0.0), model(error=0.5)
    told = lost(sure, table)
    assert told.value == pytest.approx(40)
    assert told.chance == pytest.approx((40 - 1.96 * 6, 40 + 1.96 * 6), abs=0.01)
    assert told.coefficients == pytest.approx((40, 40))
    doubted = lost(unsure, table, draws=4000)
    odds = [math.exp(math.log(1 / 9) + side * 1.96 * 0.5) for side in (-1, 1)]
    assert doubted.coefficients == pytest.approx([400 * one / (1 + one) for one in odds], rel=0.06)
    assert doubted.chance == pytest.approx(told.chance)
    assert doubted.both[0] < doubted.coefficients[0]
    assert doubted.both[1] > doubted.coefficients[1]
    more = lost(unsure, experiences(40_000), draws=500)
    assert (more.chance[1] - more.chance[0]) / more.value < 0.1 * (doubted.chance[1] - doubted.chance[0]) / 40 * 1.01
    assert (more.coefficients[1] - more.coefficients[0]) / more.value > 1.2


@pytest.mark.parametrize("name", OURS)
def test_anchoring_makes_as_many_leave_as_really_do_and_keeps_the_ratios(name):
    """Without it 5 % who only say so would be counted as lost, month after month."""
    believed = ours(name).model_copy(
        update={"observed": Observed(rate=0.02, over_days=30, standard_error=0.1, source="our billing")}
    )
    today = experiences(500)
    moved = anchored_on_cases(believed, today, 1, 30.0, None)
    assert leaving(moved, today).mean() == pytest.approx(0.02, abs=1e-6)
    assert moved.terms == believed.terms
    assert moved.states == ["unresolved", "repeats"]
    assert "our billing" in moved.base.source
    assert drawn_parameters(moved, 5000)[:, 0].std() == pytest.approx(0.1, rel=0.05)
    better = today.assign(unresolved=0.0)
    assert leaving(moved, better).mean() < 0.02
    longer = anchored_on_cases(believed, today, 2, 90.0, 2000)  # two periods of 250 cases, 2,000 customers
    assert pytest.approx(leaving(longer, today).sum(), abs=1e-3) == 2 * 2000 * (1 - 0.98**3)


def test_without_an_observed_rate_or_a_case_nothing_is_anchored():
    """Without it a stated rate would be anchored to itself, or an empty day end in an error."""
    assert anchored_on_cases(ours("published"), experiences(5), 1, 30.0, None) == ours("published")
    seen = ours("published").model_copy(update={"observed": Observed(rate=0.02, over_days=30, source="billing")})
    assert anchored_on_cases(seen, experiences(5).iloc[:0], 1, 30.0, None).base.stated


def test_a_total_that_was_observed_stays_in_every_draw_of_the_coefficients():
    """Without it a leader would read that many more or fewer may leave than were counted."""
    unsure = model(weight(1.8, 0.5, term="unresolved"), weight(0.6, 0.5, term="repeats"), error=0.0).model_copy(
        update={"observed": Observed(rate=0.1, over_days=30, standard_error=0.0, source="billing")}
    )
    table = experiences(2000)
    counted = anchored_on_cases(unsure, table, 1, 30.0, None)
    assert lost(counted, table).coefficients == pytest.approx((200, 200), rel=1e-4)
    rows = table.assign(replication=0, customer_id=[f"c{at}" for at in range(len(table))])
    service = losses_of(rows, None, counted, None, None, 1.0).service
    assert service.coefficients[1] > 1.3 * service.coefficients[0]
    sampled = counted.model_copy(update={"base": counted.base.model_copy(update={"standard_error": 0.2})})
    sampled = sampled.model_copy(update={"covariance": []})
    low, high = lost(sampled, table).coefficients
    assert low < 170
    assert high > 235


def test_a_worse_day_only_adds_leavers():
    """Without it a what-if would differ by other luck, and some would leave because others were treated better."""
    table = experiences(4000)
    shares = leaving(ours("published"), table)
    left = who_leaves(shares, seed=7)
    assert left.sum() == pytest.approx(shares.sum(), abs=4 * math.sqrt((shares * (1 - shares)).sum()))
    worse = who_leaves(leaving(ours("published"), table.assign(unresolved=1.0)), seed=7)
    assert (worse | ~left)[table["complaints"] == 0].all()
    assert worse.sum() > left.sum()
    some = np.arange(100, 200)
    assert (who_leaves(shares[100:200], 7, some) == left[100:200]).all()
    assert (who_leaves(shares, 7, None, 1) != left).any()


def test_who_leaves_by_a_hazard_leaves_by_its_times():
    """Without it generated customers would not be those the model tells of."""
    shaped = model(weight(0.7, term="unresolved"), form="hazard", rate=0.3, shape=[(0.0, 1.0), (40.0, 3.0)])
    table = pd.DataFrame({"unresolved": np.repeat([0.0, 1.0], 20_000)})
    days, left = leaves_after_days(shaped, table, seed=3, until_days=150.0)
    for until in (20.0, 40.0, 100.0):
        for has in (0.0, 1.0):
            rows = (table["unresolved"] == has).to_numpy()
            wanted = leaving(shaped, table[rows].iloc[:1], until)[0]
            assert (left & (days <= until))[rows].mean() == pytest.approx(wanted, abs=0.012)
    assert days.max() == 150.0
    assert generated(shaped, table, 3, 150.0)["after_days"].tolist() == days.tolist()
    with pytest.raises(ChurnTableError, match="it knows no time"):
        leaves_after_days(ours("published"), table, 1, 10.0)


def test_what_the_ledger_counts_is_weighed_as_it_stands():
    """Without it the ledger's columns could be called otherwise than a model's terms, and nobody would ever leave."""
    loaded = load_scenario(HERE / "quiet_tuesday.yaml")
    lived = cases_of(simulate(loaded, replications=1).legs, Expectations({}, seed=1))
    shares = leaving(ours("published"), lived)
    unresolved = (lived["unresolved"] > 0).to_numpy()
    assert unresolved.any()
    assert shares[unresolved] == pytest.approx(0.25, abs=1e-3)
    assert shares[~unresolved & (lived["repeats"] == 0).to_numpy()] == pytest.approx(0.05, abs=1e-3)
    told = lost(ours("published"), lived, draws=100)
    assert told.coefficients[0] < told.value < told.coefficients[1]
