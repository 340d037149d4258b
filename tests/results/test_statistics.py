import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from results.statistics import Estimate, batch_means_error, holm_levels, place, replication_estimate, warm_up


def test_an_estimate_of_replications_is_students():
    """Without it ten replications would get the interval of infinitely many."""
    values = np.array([10.0, 12.0, 9.0, 11.0, 13.0])
    low, high = replication_estimate(values).interval()
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 4, values.mean(), stats.sem(values)))


def test_one_replication_shows_no_spread_and_none_no_value():
    """Without it a single day would come out as certain."""
    assert replication_estimate(np.array([3.0, np.nan])).interval() == (-np.inf, np.inf)
    assert np.isnan(replication_estimate(np.array([np.nan])).value)


@pytest.mark.parametrize(("rho", "slack"), [(0.0, 0.2), (0.6, 0.25), (0.9, 0.3)])
def test_batch_means_know_that_neighbours_are_alike(rho, slack):
    """Without it 1,000 correlated waits would count as 1,000, and every comparison would differ."""
    rng = np.random.default_rng(5)
    count, errors, means = 2000, [], []
    for _ in range(150):
        noise = rng.normal(size=count)
        values = np.empty(count)
        values[0] = noise[0] / np.sqrt(1 - rho**2)
        for t in range(1, count):
            values[t] = rho * values[t - 1] + noise[t]
        errors.append(batch_means_error(values)[0])
        means.append(values.mean())
    true = 1 / (1 - rho) / np.sqrt(count)  # the long-run error of an AR(1) mean
    assert np.mean(errors) == pytest.approx(true, rel=slack)
    assert np.std(means) == pytest.approx(true, rel=slack)


@pytest.mark.parametrize(("count", "freedom"), [(19, None), (20, 1), (99, 8), (5000, 19)])
def test_batches_are_few_and_never_thin(count, freedom):
    """Without it a handful of contacts would be cut into batches of one, and call their neighbours independent."""
    error, found = batch_means_error(np.random.default_rng(1).normal(size=count))
    if freedom is None:
        assert error == np.inf
    else:
        assert found == freedom


def test_place_is_two_one_sided_tests_against_the_tolerance():
    """Without it equivalence could be claimed because no difference was found (Schuirmann 1987)."""
    found = place(2.0, 1.0, 10, 5.0)
    assert found.inside_p == pytest.approx(stats.t.sf((5 - 2) / 1.0, 10))
    assert found.outside_p == pytest.approx(stats.t.cdf((5 - 2) / 1.0, 10))
    low, high = Estimate(2.0, 1.0, 10).interval(0.90)
    assert (found.inside_p <= 0.05) == (low > -5 and high < 5)


@given(st.floats(-20, 20), st.floats(0.01, 10), st.integers(1, 100), st.floats(0.1, 10), st.floats(0.001, 0.2))
def test_inside_means_the_interval_lies_inside_and_outside_wholly_outside(difference, error, freedom, tolerance, alpha):
    """Without it the interval shown in the report could contradict the verdict beside it."""
    found = place(difference, error, freedom, tolerance)
    low, high = Estimate(difference, error, freedom).interval(1 - 2 * alpha)
    margins = [abs(abs(bound) - tolerance) for bound in (low, high)]
    if min(margins) > 1e-6 * (1 + error):
        assert (found.inside_p <= alpha) == (-tolerance < low and high < tolerance)
        assert (found.outside_p <= alpha) == (low > tolerance or high < -tolerance)


def test_an_error_of_zero_decides_by_the_difference_alone():
    """Without it a law without spread would divide by zero."""
    assert (place(1.0, 0.0, 5, 2.0).inside_p, place(1.0, 0.0, 5, 2.0).outside_p) == (0.0, 1.0)
    assert (place(3.0, 0.0, 5, 2.0).inside_p, place(3.0, 0.0, 5, 2.0).outside_p) == (1.0, 0.0)


def test_holm_as_in_the_worked_example():
    """Without it six gates would be tested as one (Holm 1979: .010 and .005 rejected at .05/3 and .05/4, .03 not)."""
    p_values = [0.010, 0.04, 0.03, 0.005]
    levels = holm_levels(p_values, 0.05)
    assert levels == pytest.approx([0.05 / 3, 0.025, 0.025, 0.0125])
    assert [p <= level for p, level in zip(p_values, levels, strict=True)] == [True, False, False, True]


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_rejects_what_the_adjusted_p_values_reject(p_values):
    """Without it a slip in the step-down could reject after the first that was not rejected."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for position, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = highest
    rejected = [p <= level for p, level in zip(p_values, holm_levels(p_values, 0.05), strict=True)]
    close = np.abs(adjusted - 0.05) < 1e-9
    assert all(a == b or c for a, b, c in zip(rejected, adjusted <= 0.05, close, strict=True))


def _settling(rng, count, bias, rho=0.8, lasts=200):
    """An AR(1) series of mean 10 that starts `bias` too high and forgets it over `lasts` values."""
    noise, values = rng.normal(size=count), np.empty(count)
    values[0] = noise[0] / np.sqrt(1 - rho**2)
    for t in range(1, count):
        values[t] = rho * values[t - 1] + noise[t]
    return 10 + values + bias * np.exp(-np.arange(count) / lasts)


def test_the_warm_up_is_found_and_takes_the_bias_away():
    """Without it a steady-state figure would carry the empty desk it began with (White 1997)."""
    rng = np.random.default_rng(7)
    raw, left, dropped = [], [], []
    for _ in range(60):
        values = _settling(rng, 4000, bias=20)
        out = warm_up(values)
        assert out is not None
        assert out % 5 == 0
        raw.append(values.mean())
        left.append(values[out:].mean())
        dropped.append(out)
    assert np.mean(raw) - 10 > 0.9
    assert abs(np.mean(left) - 10) < 0.1
    assert 300 < np.median(dropped) < 1500


def test_a_run_that_begins_settled_is_kept_nearly_whole():
    """Without it the cure would throw away data that has no fault."""
    rng = np.random.default_rng(8)
    dropped = [warm_up(_settling(rng, 4000, bias=0)) for _ in range(60)]
    assert np.median([out for out in dropped if out is not None]) <= 200


def test_a_run_that_never_settles_cannot_tell_its_warm_up():
    """Without it a queue that grows for ever would be given a warm-up, and then believed."""
    assert warm_up(np.arange(1000.0)) is None
    assert warm_up(np.ones(20)) is None
    assert warm_up(np.ones(1000)) == 0
