import math
import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import optimize, special

from scenarios.draws import uniform
from scenarios.law_curves import curve_hazard, curve_s
from scenarios.laws import (
    AnyLaw,
    Law,
    Laws,
    drawn_us,
    keyed_us,
    law_row,
    numbered_us,
    quantile_s,
    time_us,
    without_zero,
)

HAZARDS = np.concatenate([np.geomspace(1e-15, 1, 60), np.linspace(1.05, 36, 200)])
SHARES = [-math.expm1(-hazard) for hazard in HAZARDS]


def _law(**parts):
    return TypeAdapter(Law).validate_python(parts)


def _erlang(phases):
    return _law(law="erlang", mean_s=300, phases=phases)


def _gamma(cv):
    return _law(law="gamma", mean_s=300, cv=cv)


def _mixed(*branches):
    return _law(law="hyperexponential", branches=list(branches))


COXIAN = _law(law="phase_type", initial=[1, 0, 0], rates=[[-0.02, 0.015, 0], [0, -0.005, 0.001], [0, 0, -0.001]])
HYPOEXPONENTIAL = _law(law="phase_type", initial=[1, 0], rates=[[-0.01, 0.01], [0, -1 / 200]])
STIFF = _law(law="phase_type", initial=[0.5, 0.5], rates=[[-50, 1], [1e-3, -1e-2]])

ONE_OF_EACH = {
    "exponential": (_law(law="exponential", mean_s=300), 1.0),
    "deterministic": (_law(law="deterministic", value_s=300), 0.0),
    "uniform": (_law(law="uniform", low_s=0, high_s=600), 3**-0.5),
    "lognormal": (_law(law="lognormal", mean_s=300, cv=0.8), 0.8),
    "weibull": (
        _law(law="weibull", mean_s=300, shape=0.7),
        (math.gamma(1 + 2 / 0.7) / math.gamma(1 + 1 / 0.7) ** 2 - 1) ** 0.5,
    ),
    "gamma": (_gamma(1.3), 1.3),
    "triangular": (
        _law(law="triangular", low_s=30, mode_s=60, high_s=300),
        math.sqrt((30**2 + 60**2 + 300**2 - 30 * 60 - 30 * 300 - 60 * 300) / 18) / 130,
    ),
    "erlang": (_erlang(4), 0.5),
    "hyperexponential": (_mixed((0.8, 100), (0.2, 700)), (2 * (0.8 * 100**2 + 0.2 * 700**2) / 220**2 - 1) ** 0.5),
    "phase_type": (HYPOEXPONENTIAL, (100**2 + 200**2) ** 0.5 / 300),
    "empirical": (_law(law="empirical", points=[[0, 100], [0.5, 100], [0.5, 300], [1, 300]]), 0.5),
}


def test_each_law_of_the_language_is_tried_here():
    """Without it a law added later could have another mean than it says, and nothing here would know it."""
    kinds = {kind.model_fields["law"].annotation for kind in typing.get_args(AnyLaw)}
    assert {typing.get_args(kind)[0] for kind in kinds} == set(ONE_OF_EACH)


def _moments(law):
    """Return mean and cv by integrating the quantile over the hazard, where the integrand is smooth."""
    logs = np.linspace(math.log(1e-16), math.log(36.7), 20_001)
    hazards = np.exp(logs)
    times = np.array([quantile_s(*law_row(law), -math.expm1(-hazard)) for hazard in hazards])
    first, second = (np.trapezoid(times**power * np.exp(-hazards) * hazards, logs) for power in (1, 2))
    return first, math.sqrt(max(second / first**2 - 1, 0.0))


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_what_is_drawn_has_the_mean_and_the_spread_that_are_asked_for(name):
    """Without it a queue could be fed with more work than its scenario says, or with waits of another kind."""
    law, cv = ONE_OF_EACH[name]
    mean_s, found = _moments(law)
    jumps = 1e-3 if name == "empirical" else 1e-5  # the grid meets its jump somewhere
    assert mean_s == pytest.approx(law.mean(), rel=jumps)
    assert found == pytest.approx(cv, rel=5 * jumps, abs=1e-3)


@pytest.mark.parametrize("phases", [1, 2, 3, 10, 100, 1000])
def test_the_quantiles_of_an_erlang_law_are_scipys(phases):
    """Without it the table read in the place of a formula could be too coarse at one end, where waits are decided."""
    row = law_row(_erlang(phases))
    ours = [quantile_s(*row, u) for u in SHARES]
    exact = [special.gammaincinv(phases, u) if u < 0.5 else special.gammainccinv(phases, 1 - u) for u in SHARES]
    np.testing.assert_allclose(ours, np.array(exact) * 300 / phases, rtol=1e-6)


@pytest.mark.parametrize("cv", [0.01, 0.05, 0.3, 0.7, 1.0, 1.5, 2.5, 5.0])
def test_the_quantiles_of_a_gamma_law_are_scipys(cv):
    """Without it a shape that is no whole number could be rounded to one, or lose its many very short times."""
    row, shape = law_row(_gamma(cv)), cv**-2
    ours = [quantile_s(*row, u) for u in SHARES]
    exact = [special.gammaincinv(shape, u) if u < 0.5 else special.gammainccinv(shape, 1 - u) for u in SHARES]
    np.testing.assert_allclose(ours, np.array(exact) * 300 / shape, rtol=1e-6, atol=1e-9)


def test_a_gamma_law_with_a_whole_shape_is_an_erlang_law():
    """Without it the two could part where they are one, and neither say which is right."""
    ours, erlangs = ([quantile_s(*law_row(law), u) for u in SHARES] for law in (_gamma(4**-0.5), _erlang(4)))
    np.testing.assert_allclose(ours, erlangs, rtol=1e-6)


@pytest.mark.parametrize(
    "branches",
    [((0.5, 100), (0.5, 500)), ((0.9, 10), (0.09, 1000), (0.01, 1e7)), ((0.999, 1), (0.001, 1e6))],
)
def test_the_quantiles_of_a_hyperexponential_law_solve_its_equation(branches):
    """Without it the bend between quick and long ones, steep as a wall, could be rounded off."""
    shares, means = np.array(branches).T
    row = law_row(_mixed(*branches))

    def off(time_s, hazard):
        return -math.log(np.sum(shares * np.exp(-time_s / means))) - hazard

    for u in SHARES[20:]:
        exact = optimize.brentq(off, 0, 40 * means.max(), args=(-math.log1p(-u),), xtol=1e-300, rtol=1e-13)
        assert quantile_s(*row, u) == pytest.approx(exact, rel=1e-6)


def test_phases_one_after_the_other_are_their_sum():
    """Without it the matrix of rates could be read by columns, or its end be forgotten."""
    row = law_row(HYPOEXPONENTIAL)
    for u in SHARES[20:]:
        time_s = quantile_s(*row, u)
        assert -math.expm1(-time_s / 200) - math.exp(-time_s / 200) * -math.expm1(-time_s / 200) == pytest.approx(
            u, rel=1e-5
        )
    alike = _law(law="phase_type", initial=[1, 0, 0], rates=[[-0.01, 0.01, 0], [0, -0.01, 0.01], [0, 0, -0.01]])
    ours, erlangs = ([quantile_s(*law_row(law), u) for u in SHARES] for law in (alike, _erlang(3)))
    np.testing.assert_allclose(ours, erlangs, rtol=1e-6)


@pytest.mark.parametrize("law", [COXIAN, STIFF], ids=["Coxian", "fast and slow"])
def test_a_phase_type_law_has_the_mean_that_its_rates_give(law):
    """Without it fast and slow phases together could be lost in rounding."""
    assert _moments(law)[0] == pytest.approx(law.mean(), rel=1e-5)


PREPARED = [law for law, _ in ONE_OF_EACH.values()] + [
    _erlang(1000),
    _gamma(5.0),
    _gamma(0.01),
    _mixed((0.999, 1), (0.001, 1e6)),
    COXIAN,
    STIFF,
]
laws = st.builds(
    lambda law, zero: law.model_copy(update={"zero": zero}), st.sampled_from(PREPARED), st.just(0.0) | st.floats(0, 1)
)
uniforms = st.floats(1e-15, 1 - 1e-15)


@settings(deadline=None, max_examples=400)
@given(laws, uniforms, st.floats(0, 1e-6) | uniforms)
def test_a_larger_uniform_never_gives_a_shorter_time(law, one, further):
    """Without it common random numbers would not be common: slower luck could be faster under another law."""
    row = law_row(law)
    low, high = sorted((one, min(one + further, 1 - 1e-15)))
    assert 0 <= drawn_us(*row, low) <= drawn_us(*row, high)


@settings(deadline=None)
@given(laws, st.integers(0, 2**40))
def test_however_a_law_is_handed_over_it_draws_the_same(law, entity):
    """Without it the engine that reads tables and the one that reads rows could part ways on some laws only."""
    several = Laws()
    others = [several.number(other) for other in PREPARED]
    number, table, row = several.number(law), several.table(), law_row(law)
    assert len(set(others)) == len(PREPARED)
    assert several.number(law) == number
    u = uniform(1, 0, entity, 1, 4, 0)
    drawn = drawn_us(*row, u)
    assert numbered_us(*table, number, u) == time_us(row, u) == drawn
    if row[0] < 5:
        assert keyed_us(*row[:3], 1, 0, entity, 1, 4) == drawn


@settings(deadline=None)
@given(laws.filter(lambda law: law.zero < 1), uniforms)
def test_a_share_is_zero_and_the_others_follow_the_law(law, u):
    """Without it `zero` could shorten the waits of those who do wait, or be a share of something else."""
    row, others = law_row(law), law_row(law.model_copy(update={"zero": 0.0}))
    assert [type(part) for part in without_zero(row)] == [type(part) for part in others]
    if u <= law.zero:
        assert quantile_s(*row, u) == 0
    else:
        assert quantile_s(*row, u) == quantile_s(*others, (u - law.zero) / (1 - law.zero))
        assert quantile_s(*without_zero(row), u) == quantile_s(*others, u)


def test_the_mean_counts_the_share_that_is_zero():
    """Without it a team's work would be reckoned as if everybody took some."""
    assert _law(law="exponential", mean_s=100, zero=0.32).mean() == pytest.approx(68)
    assert _law(law="empirical", points=[[0, 0], [0.5, 20]], zero=0.5).mean() == math.inf
    assert _law(law="empirical", points=[[0, 0], [0.5, 20]], zero=1.0).mean() == 0
    assert quantile_s(*law_row(_law(law="exponential", mean_s=100, zero=1.0)), 1 - 1e-15) == 0


def test_a_curve_is_read_both_ways():
    """Without it what is left of a wait that has begun could be drawn from another law than the wait."""
    _, _, _, hazards, times = law_row(_mixed((0.8, 100), (0.2, 700)))
    for hazard in (0.0, 1e-12, 0.3, 5.0, 36.0, 80.0):
        time_s = curve_s(hazard, hazards, times, 0, len(times))
        assert curve_hazard(time_s, hazards, times) == pytest.approx(hazard, rel=1e-9)
    assert curve_hazard(-1.0, hazards, times) == 0.0


@pytest.mark.parametrize(
    "parts",
    [
        {"law": "hyperexponential", "branches": [[0.5, 10], [0.4, 20]]},
        {"law": "hyperexponential", "branches": [[1.0, 10]]},
        {"law": "erlang", "mean_s": 10, "phases": 0},
        {"law": "weibull", "mean_s": 10, "shape": 0.01},
        {"law": "gamma", "mean_s": 10, "cv": 0.0},
        {"law": "triangular", "low_s": 10, "mode_s": 5, "high_s": 20},
        {"law": "triangular", "low_s": 10, "mode_s": 25, "high_s": 20},
        {"law": "exponential", "mean_s": 10, "zero": 1.1},
        {"law": "phase_type", "initial": [0.5], "rates": [[-1]]},
        {"law": "phase_type", "initial": [1], "rates": [[-1, 1]]},
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1, 1], [2, -1]]},
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1, 1], [1, -1]]},
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1, 1], [0, 1]]},
        {"law": "phase_type", "initial": [1], "rates": [[-1e-10]]},
    ],
)
def test_a_law_that_is_none_is_refused(parts):
    """Without it a slip in a law would be an endless loop or a figure that means nothing."""
    with pytest.raises(ValidationError):
        _law(**parts)
