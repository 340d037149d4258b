from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

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
