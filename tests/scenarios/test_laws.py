import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import stats

from scenarios.laws import Law, drawn_us, law_row, quantile_s
from scenarios.normal import normal_quantile
from scenarios.units import NEVER_US

SHARES = np.concatenate([[1e-12, 1e-6], np.linspace(0.001, 0.999, 300), [1 - 1e-6, 1 - 1e-12]])


def _law(**parts):
    return TypeAdapter(Law).validate_python(parts)


def _lognormal(mean_s, cv):
    sigma = math.sqrt(math.log1p(cv**2))
    return stats.lognorm(sigma, scale=mean_s * math.exp(-(sigma**2) / 2))


CLOSED = {
    "exponential": (_law(law="exponential", mean_s=300), stats.expon(scale=300)),
    "uniform": (_law(law="uniform", low_s=10, high_s=90), stats.uniform(10, 80)),
    "lognormal": (_law(law="lognormal", mean_s=300, cv=0.6), _lognormal(300, 0.6)),
    "weibull": (
        _law(law="weibull", mean_s=300, shape=0.7),
        stats.weibull_min(0.7, scale=300 / math.gamma(1 + 1 / 0.7)),
    ),
    "triangular": (
        _law(law="triangular", low_s=30, mode_s=60, high_s=300),
        stats.triang(30 / 270, loc=30, scale=270),
    ),
    "triangular from its mode": (
        _law(law="triangular", low_s=30, mode_s=30, high_s=300),
        stats.triang(0, loc=30, scale=270),
    ),
    "triangular to its mode": (
        _law(law="triangular", low_s=30, mode_s=300, high_s=300),
        stats.triang(1, loc=30, scale=270),
    ),
    "skewed": (_law(law="lognormal", mean_s=40, cv=5), _lognormal(40, 5)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_quantiles_are_scipys(name):
    """Without it a law could have the right mean and the wrong shape, which waits feel and means do not."""
    law, scipys = CLOSED[name]
    ours = [quantile_s(*law_row(law), u) for u in SHARES]
    np.testing.assert_allclose(ours, scipys.ppf(SHARES), rtol=1e-9)


@pytest.mark.parametrize("name", CLOSED)
def test_the_mean_is_the_one_that_was_asked_for(name):
    """Without it `mean_s` could be the median, as it is in half of the packages."""
    law, scipys = CLOSED[name]
    assert law.mean() == pytest.approx(scipys.mean())


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-9, 0.02, 0.075, 0.3, 0.5, 0.9, 0.925, 1 - 1e-12])
def test_the_normal_quantile_is_accurate_on_every_branch(p):
    """Without it a wrong coefficient in one of the three ranges would distort one tail only."""
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(
    "parts",
    [
        {"law": "deterministic", "value_s": 0.3},
        {"law": "uniform", "low_s": 0.3, "high_s": 0.3},
        {"law": "triangular", "low_s": 0.3, "mode_s": 0.3, "high_s": 0.3},
    ],
    ids=lambda parts: parts["law"],
)
def test_a_law_without_width_always_gives_its_value(parts):
    """Without it whole-second scenarios, on which the order of events is tested, would not be whole."""
    law = law_row(_law(**parts))
    assert {drawn_us(*law, u) for u in SHARES} == {300_000}


def _tables():
    steps = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e5)), min_size=1, max_size=8)
    return steps.map(lambda rows: list(zip([0.0, *sorted(p for p, _ in rows)], _times(rows), strict=True)))


def _times(rows):
    times = sorted(time for _, time in rows)
    return [times[0] / 2, *times]


laws = st.one_of(
    st.builds(lambda m: _law(law="exponential", mean_s=m), st.floats(0.001, 1e6)),
    st.builds(lambda a, b: _law(law="uniform", low_s=a, high_s=a + b), st.floats(0, 1e5), st.floats(0, 1e5)),
    st.builds(lambda m, c: _law(law="lognormal", mean_s=m, cv=c), st.floats(0.001, 1e6), st.floats(0.01, 20)),
    st.builds(
        lambda low, a, b: _law(law="triangular", low_s=low, mode_s=low + a, high_s=low + a + b),
        st.floats(0, 1e5),
        st.just(0) | st.floats(0, 1e5),
        st.just(0) | st.floats(0, 1e5),
    ),
    st.builds(lambda points: _law(law="empirical", points=points), _tables()),
)
uniforms = st.floats(1e-15, 1 - 1e-15)


@settings(deadline=None, max_examples=300)
@given(laws, uniforms, uniforms)
def test_a_larger_uniform_never_gives_a_shorter_time(law, one, other):
    """Without it common random numbers would not be common: slower luck could be faster under another law."""
    row = law_row(law)
    low, high = sorted((one, other))
    assert 0 <= drawn_us(*row, low) <= drawn_us(*row, high)


def test_an_empirical_table_has_straight_lines_atoms_and_never():
    """Without it recorded patience (some leave at once, some never) could not be played."""
    law = law_row(_law(law="empirical", points=[[0, 0], [0.3, 0], [0.5, 20], [0.5, 40], [0.8, 100]]))
    expected = {0.1: 0, 0.3: 0, 0.4: 10, 0.5: 20, 0.500001: 40.0002, 0.65: 70, 0.8: 100}
    assert {u: pytest.approx(quantile_s(*law, u)) for u in expected} == expected
    assert quantile_s(*law, 0.8001) == math.inf
    assert drawn_us(*law, 0.8001) == NEVER_US


def test_an_empirical_mean_is_the_area_under_its_lines():
    """Without it the offered load of a fitted scenario would be reported wrong."""
    assert _law(law="empirical", points=[[0, 0], [0.5, 20], [1, 40]]).mean() == 20
    assert _law(law="empirical", points=[[0, 0], [0.5, 20]]).mean() == math.inf


@settings(deadline=None)
@given(laws, uniforms)
def test_a_time_is_rounded_once_to_whole_microseconds(law, u):
    """Without it two engines that round in different places would differ in the last digit, and then everywhere."""
    row = law_row(law)
    time_s, drawn = quantile_s(*row, u), drawn_us(*row, u)
    assert isinstance(drawn, int)
    assert drawn == (NEVER_US if time_s > 1e11 else int(np.rint(time_s * 1e6)))
