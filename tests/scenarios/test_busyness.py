from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scenarios.busyness import factors_of
from scenarios.cells import cells_of, counts_of
from scenarios.plan import make_plan
from tests.written import demand, one_desk, written

REPLICATIONS = 4000


def _counts(folder, scenario):
    """By replication and cell, how many come."""
    loaded = written(folder, scenario)
    cells = cells_of(loaded)
    return np.array([counts_of(loaded, cells, 1, replication) for replication in range(REPLICATIONS)])


def _cov_off(x, y, expected):
    """How many standard errors a covariance is from what is expected."""
    products = (x - x.mean()) * (y - y.mean())
    return (products.mean() - expected) / (products.std() / np.sqrt(len(x)))


def test_a_count_is_negative_binomial_where_days_differ(tmp_path):
    """Without it `cv` could be a variance, or days differ about another mean than the one told."""
    counts = _counts(tmp_path, one_desk(demand=[demand(40)], busyness={"cv": 0.4}))[:, 0]
    shape = 1 / 0.4**2
    law = stats.nbinom(shape, shape / (shape + 40))
    assert (law.mean(), law.var()) == (pytest.approx(40), pytest.approx(40 + (0.4 * 40) ** 2))
    assert abs(counts.mean() - 40) < 4 * law.std() / np.sqrt(REPLICATIONS)
    assert abs(_cov_off(counts, counts, law.var())) < 4
    edges = law.ppf(np.linspace(0, 1, 21))
    edges[0] = -1
    found = np.histogram(counts, np.unique(edges + 0.5))[0]
    asked = np.diff(law.cdf(np.unique(edges + 0.5))) * REPLICATIONS
    assert stats.chisquare(found, asked * found.sum() / asked.sum()).pvalue > 1e-4


def test_a_busy_day_is_busy_all_day_and_for_all_intents(tmp_path):
    """Without it each interval or intent would have a luck of its own, and a day would come out as average again."""
    both = [demand(0, intent, interval_minutes=720, contacts=[50, 80]) for intent in ("order", "refund")]
    intents = {"order": "?", "refund": "?"}
    counts = _counts(tmp_path, one_desk(demand=both, intents=intents, busyness={"cv": 0.3}, days=2))
    names = {name: column for column, name in enumerate(cells_of(written(tmp_path, _two_days(both))).beginnings)}
    for other in (("order", 720), ("refund", 0), ("refund", 720)):
        mean = 50 * (80 if other[1] else 50)
        assert abs(_cov_off(counts[:, names["order", 0]], counts[:, names[other]], 0.09 * mean)) < 4
    assert abs(_cov_off(counts[:, names["order", 0]], counts[:, names["order", 1440]], 0.0)) < 4


def _two_days(both):
    return one_desk(demand=both, intents={"order": "?", "refund": "?"}, days=2)


def test_an_intents_own_factor_is_its_own_and_comes_on_top(tmp_path):
    """Without it one intent's bad day would be everybody's, or replace what all have in common."""
    own = demand(60, "refund", busyness={"cv": 0.3})
    intents = {"order": "?", "refund": "?"}
    scenario = one_desk(demand=[demand(60), own], intents=intents, busyness={"cv": 0.2})
    order, refund = _counts(tmp_path, scenario).T
    assert abs(_cov_off(order, order, 60 + (0.2 * 60) ** 2)) < 4
    assert abs(_cov_off(refund, refund, 60 + (1.04 * 1.09 - 1) * 60**2)) < 4
    assert abs(_cov_off(order, refund, 0.04 * 60**2)) < 4


@pytest.mark.parametrize("told", [{}, {"busyness": {"cv": 0.5}}])
def test_more_volume_only_adds_customers_on_a_busy_day_too(tmp_path, told):
    """Without it a what-if with more demand would compare two other days."""

    def planned(factor):
        scenario = one_desk(demand=[demand(200, factor=factor, **told)], busyness={"cv": 0.3})
        return make_plan(written(tmp_path, scenario), 3).set_index("contact_id")

    few, many = planned(1.0), planned(1.3)
    assert len(few) < len(many)
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def test_another_day_and_another_intent_leave_a_days_factor_alone(tmp_path):
    """Without it a longer run would be another run from its first day on."""

    def planned(**changes):
        scenario = one_desk(demand=[demand(100, busyness={"cv": 0.6})], busyness={"cv": 0.4})
        return make_plan(written(tmp_path, {**scenario, **changes}), 3).set_index("contact_id")

    few = planned()
    both = [demand(50, "refund", busyness={"cv": 1}), demand(100, busyness={"cv": 0.6})]
    many = planned(days=3, intents={"refund": "?", "order": "?"}, demand=both)
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def _factors(folder, scenario, replications=REPLICATIONS):
    loaded = written(folder, scenario)
    cells = cells_of(loaded)
    drawn = [factors_of(cells.busyness, len(cells.mean), 1, replication) for replication in range(replications)]
    return np.array(drawn), cells.beginnings


@pytest.mark.parametrize("place", ["scenario", "demand"])
def test_factors_of_intervals_are_gamma_and_alike_as_told(tmp_path, place):
    """Without it `correlation` could be that of something else, or the factors' mean drift from 1 within the day."""
    told = {"busyness": {"interval_cv": 0.5, "correlation": 0.7}}
    own, common = (told, {}) if place == "demand" else ({}, told)
    halves = demand(0, interval_minutes=30, contacts=[5] * 6, **own)
    factors, _ = _factors(tmp_path, one_desk(demand=[halves], **common))
    for column in factors.T:
        assert stats.kstest(column, stats.gamma(4, scale=0.25).cdf).pvalue > 1e-3
    for apart, rho in ((1, 0.7), (2, 6 / np.pi * np.arcsin((2 * np.sin(np.pi * 0.7 / 6)) ** 2 / 2))):
        for first in (0, 3):
            found = stats.spearmanr(factors[:, first], factors[:, first + apart]).statistic
            assert abs(np.arctanh(found) - np.arctanh(rho)) < 4 * 1.03 / np.sqrt(REPLICATIONS - 3)


def test_intervals_of_all_demand_are_the_half_hours(tmp_path):
    """Without it two intents in one half-hour would have two lucks, and an hour's intervals those of another grid."""
    entries = [
        demand(0, "order", interval_minutes=15, contacts=[5] * 4),
        demand(0, "refund", interval_minutes=60, contacts=[5] * 2),
    ]
    intents = {"order": "?", "refund": "?"}
    scenario = one_desk(demand=entries, intents=intents, busyness={"interval_cv": 0.5, "correlation": 0.5})
    factors, beginnings = _factors(tmp_path, scenario, 3)
    at = {name: factors[:, column].tolist() for column, name in enumerate(beginnings)}
    assert at["order", 0] == at["order", 15] == at["refund", 0]
    assert at["order", 30] == at["order", 45] != at["order", 0]


def test_the_night_parts_days_and_a_gap_loosens_intervals(tmp_path):
    """Without it the first interval of a day would go on from the last of the day before."""
    told = {"interval_cv": 0.5, "correlation": 1.0}
    whole = demand(0, interval_minutes=30, starts="23:00", contacts=[5] * 2, busyness=told)
    factors, _ = _factors(tmp_path / "nights", one_desk(demand=[whole], days=2), 400)
    assert factors[:, 0] == pytest.approx(factors[:, 1])
    assert abs(stats.spearmanr(factors[:, 1], factors[:, 2]).statistic) < 0.2
    (tmp_path / "gap").mkdir()
    (tmp_path / "gap" / "gap.csv").write_text("starts,contacts\n09:00,5\n12:00,5\n")
    gap = {"intent": "order", "channels": {"phone": 1}, "contacts_csv": "gap.csv"}
    gap["busyness"] = {"interval_cv": 0.5, "correlation": 0.9}
    factors, _ = _factors(tmp_path / "gap", one_desk(demand=[gap]))
    carried = (2 * np.sin(np.pi * 0.9 / 6)) ** 6
    assert stats.spearmanr(*factors.T).statistic == pytest.approx(6 / np.pi * np.arcsin(carried / 2), abs=0.06)


def test_counts_of_a_day_have_the_variance_that_both_factors_make(tmp_path):
    """Without it a day's factor and an interval's could replace each other instead of multiplying."""
    told = {"cv": 0.2, "interval_cv": 0.4, "correlation": 0.0}
    counts = _counts(tmp_path, one_desk(demand=[demand(0, interval_minutes=720, contacts=[50, 50])], busyness=told))
    assert abs(_cov_off(counts[:, 0], counts[:, 0], 50 + (1.04 * 1.16 - 1) * 2500)) < 4
    assert abs(_cov_off(counts[:, 0], counts[:, 1], 0.04 * 2500)) < 4
