from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.interpolate import PchipInterpolator

from scenarios.cells import cells_of
from scenarios.curves import bends_of, bent
from scenarios.plan import make_plan
from tests.written import demand, one_desk, written

HOURLY = [20, 60, 150, 60]


def _told(**changes):
    return demand(0, starts="08:00", interval_minutes=60, contacts=HOURLY, rate="spline", **changes)


def test_instants_follow_the_derivative_of_the_monotone_cubic(tmp_path):
    """Without it the curve could be another than the one that is named, or that of another interval."""
    loaded = written(tmp_path, one_desk(demand=[_told(counts="fixed", factor=60)]))
    due_h = np.sort(make_plan(loaded, 1)["due_s"].to_numpy()) / 3600
    cumulated = PchipInterpolator(8 + np.arange(5), np.cumsum([0, *HOURLY]) / sum(HOURLY))
    assert stats.kstest(due_h, cumulated).pvalue > 0.01
    level = stats.kstest(due_h, lambda at: np.interp(at, 8 + np.arange(5), cumulated(8 + np.arange(5))))
    assert level.pvalue < 1e-6


def test_each_interval_keeps_its_number(tmp_path):
    """Without it a smooth rate would move contacts from one interval into the next."""
    plans = [
        make_plan(written(tmp_path, one_desk(demand=[{**_told(), "rate": rate}], days=2)), 1)
        for rate in ("spline", "level")
    ]
    hours = [(plan["due_s"] // 3600).value_counts().sort_index() for plan in plans]
    pd.testing.assert_series_equal(*hours)
    assert plans[0]["contact_id"].tolist() == plans[1]["contact_id"].tolist()


@given(st.floats(0, 1), st.floats(0, 3), st.floats(0, 3))
def test_a_bent_instant_inverts_its_cubic(u, begins, ends):
    """Without it the search could stop short where the rate is nearly zero, and customers crowd at an edge."""
    x = bent(u, begins, ends)
    assert 0 <= x <= 1
    come = begins * (x**3 - 2 * x**2 + x) + ends * (x**3 - x**2) + 3 * x**2 - 2 * x**3
    assert come == pytest.approx(u, abs=1e-12)


@given(st.lists(st.sampled_from([0, 0.5, 7, 40, 41]), min_size=1, max_size=12), st.sampled_from([30, 60, 120]))
def test_the_rate_is_continuous_and_never_negative(expected, minutes):
    """Without it there would be steps left, or instants that no time inverts to."""
    starts_s = np.arange(len(expected)) * minutes * 60
    bends = bends_of(starts_s, minutes * 60, expected)
    assert (bends >= 0).all()
    assert (bends <= 3).all()
    rates = bends * np.array(expected)[:, None]
    both = (np.array(expected[:-1]) > 0) & (np.array(expected[1:]) > 0)
    assert rates[:-1, 1][both] == pytest.approx(rates[1:, 0][both])


def test_a_day_without_a_gap_goes_on_at_midnight():
    """Without it the rate of a desk that never closes would jump each midnight."""
    whole = [30, 10, 10, 30, 60, 50]
    rates = bends_of(np.arange(6) * 14_400.0, 14_400.0, whole) * np.array(whole)[:, None]
    assert rates[-1, 1] == pytest.approx(rates[0, 0])
    assert 30 < rates[0, 0] < 50
    turned = [*whole[2:], *whole[:2]]
    again = bends_of(np.arange(6) * 14_400.0, 14_400.0, turned) * np.array(turned)[:, None]
    assert np.roll(again, 2, axis=0) == pytest.approx(rates)


def test_the_rate_falls_to_nothing_where_a_table_leaves_a_gap(tmp_path):
    """Without it the curve would go through hours in which nobody is expected."""
    (tmp_path / "gap.csv").write_text("starts,contacts\n09:00,50\n09:30,60\n14:00,40\n14:30,30\n")
    told = {"intent": "order", "channels": {"phone": 1}, "contacts_csv": "gap.csv", "rate": "spline"}
    bends = cells_of(written(tmp_path, one_desk(demand=[told]))).bends
    assert bends[1, 1] == bends[2, 0] == 0
    assert (bends[0] > 0.5).all()
