import math
import typing

import numpy as np
import pytest
from scipy import integrate

from scenarios.laws import (
    AnyLaw,
    Deterministic,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    HyperExponential,
    LogNormal,
    PhaseType,
    Triangular,
    Uniform,
    Weibull,
    law_row,
    quantile_s,
)
from simulator.theory import constant_service, erlang_a, erlang_c, general_patience, mean_wait_one_server
from simulator.theory.models import SkillTeam, skills
from simulator.theory.patience import patience_by_class
from simulator.theory.phase_type import phase_service, phases_of
from simulator.theory.survival import Survival

QUICK_OR_LONG = HyperExponential(law="hyperexponential", branches=[(0.8, 100), (0.2, 600)])
TWO_STEPS = PhaseType(law="phase_type", initial=[1, 0], rates=[[-0.01, 0.004], [0, -0.002]])

LAWS: list[AnyLaw] = [
    Exponential(law="exponential", mean_s=120),
    Deterministic(law="deterministic", value_s=120),
    Uniform(law="uniform", low_s=20, high_s=220),
    Triangular(law="triangular", low_s=20, mode_s=60, high_s=280),
    LogNormal(law="lognormal", mean_s=120, cv=1),
    Weibull(law="weibull", mean_s=120, shape=0.7),
    Gamma(law="gamma", mean_s=120, cv=1.3),
    Erlang(law="erlang", mean_s=120, phases=3),
    QUICK_OR_LONG,
    TWO_STEPS,
    Empirical(law="empirical", points=[(0, 0), (0.05, 0), (0.35, 60), (0.8, 300)]),
]


def _exponential(mean_s, **more):
    return Exponential(law="exponential", mean_s=mean_s, **more)


def test_theory_knows_every_law_of_the_language():
    """Without it a law added later would be simulated with nothing to hold it against."""
    assert {type(law) for law in LAWS} == set(typing.get_args(AnyLaw))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
@pytest.mark.parametrize("zero", [0.0, 0.32])
def test_theory_and_draws_mean_the_same_law(law, zero):
    """Without it engine and oracle could read one line of a scenario in two ways, and a difference tell nothing."""
    law = law.model_copy(update={"zero": zero})
    survival, row = Survival(law), law_row(law)
    for u in (0.4, 0.5, 0.7, 0.78):
        time_s = quantile_s(*row, u)
        around = survival.longer(np.array([time_s * (1 - 1e-9) - 1e-9, time_s]))
        assert around[1] - 1e-6 <= 1 - u <= around[0] + 1e-6
    for x in (7.0, 130.0, 500.0):
        area, _ = integrate.quad(lambda t: float(survival.longer(np.array([t]))[0]), 0, x, limit=200, points=[60, 120])
        assert survival.spent(np.array([x]))[0] == pytest.approx(area, rel=1e-6)
    assert survival.never == pytest.approx((1 - zero) * 0.2 if law.law == "empirical" else 0.0)


@pytest.mark.parametrize("mode_s", [20, 280])
def test_a_triangle_may_lean_to_one_side(mode_s):
    """Without it a law whose most likely time is its shortest or longest would be divided by nought."""
    law = Triangular(law="triangular", low_s=20, mode_s=mode_s, high_s=280)
    survival = Survival(law)
    for u in (0.2, 0.7):
        assert survival.longer(np.array([quantile_s(*law_row(law), u)]))[0] == pytest.approx(1 - u)
    assert survival.longer(np.array([0.0, 20.0, 280.0, 400.0])) == pytest.approx([1, 1, 0, 0])
    assert survival.spent(np.array([20.0, 280.0, 400.0])) == pytest.approx([20, law.mean(), law.mean()])
    thin = Survival(Triangular(law="triangular", low_s=20, mode_s=20, high_s=20))
    assert thin.longer(np.array([19.0, 20.0])).tolist() == [1.0, 0.0]
    assert thin.spent(np.array([5.0, 50.0])).tolist() == [5.0, 20.0]


def test_nobody_without_a_law_gives_up():
    """Without it an intent that never gives up could not stand in a line with one that does."""
    survival = Survival(None)
    assert survival.longer(np.array([0.0, 1e9])).tolist() == [1.0, 1.0]
    assert (survival.spent(np.array([5.0]))[0], survival.never) == (5.0, 1.0)


def test_patience_of_one_phase_is_erlang_a():
    """Without it each new law could be right by itself and wrong in the formula it is put into."""
    queue = erlang_a(120 / 3600, 300, 10, 180)
    same = [
        Erlang(law="erlang", mean_s=180, phases=1),
        Weibull(law="weibull", mean_s=180, shape=1),
        Gamma(law="gamma", mean_s=180, cv=1),
        HyperExponential(law="hyperexponential", branches=[(0.4, 180), (0.6, 180)]),
        PhaseType(law="phase_type", initial=[1], rates=[[-1 / 180]]),
    ]
    for law in same:
        found = general_patience(120 / 3600, 300, 10, law)
        assert found.wait_s_mean == pytest.approx(queue.wait_s_mean, rel=1e-8)
        assert found.abandonment == pytest.approx(queue.abandonment, rel=1e-8)


def test_a_share_without_patience_is_told_by_a_table_too():
    """Without it `zero` could be reckoned from those who wait instead of from all."""
    points = [(0, 0), (0.5, 60), (1, 240)]
    table = [(0, 0), (0.32, 0), *((0.32 + 0.68 * share, time_s) for share, time_s in points[1:])]
    one = general_patience(120 / 3600, 300, 10, Empirical(law="empirical", points=points, zero=0.32))
    other = general_patience(120 / 3600, 300, 10, Empirical(law="empirical", points=table))
    assert one.wait_s_mean == pytest.approx(other.wait_s_mean, rel=1e-9)
    assert one.p_wait == pytest.approx(other.p_wait, rel=1e-9)
    assert one.service_level(20) == pytest.approx(other.service_level(20), rel=1e-9)


def test_classes_in_one_line_agree_with_the_chain_that_knows_its_order():
    """Without it the mixture could give each class the others' abandonment, as means over all would not show."""
    rates = [30 / 3600, 18 / 3600]
    chain, busy = skills(rates, [SkillTeam(4, 240.0, frozenset({0, 1}))], [60.0, 240.0], 10)
    classes = patience_by_class(rates, 240, 4, [_exponential(60), _exponential(240)])
    for one, other in zip(classes, chain, strict=True):
        assert one.p_wait == pytest.approx(other.p_wait, rel=1e-4)
        assert one.wait_s_mean == pytest.approx(other.wait_s_mean, rel=1e-4)
        assert one.abandonment == pytest.approx(other.abandonment, rel=1e-4)
        assert one.occupancy == pytest.approx(busy[0], rel=1e-4)


def test_classes_together_are_the_whole():
    """Without it customers could be lost between the parts and the sum."""
    rates, laws = [0.02, 0.01, 0.005], [_exponential(90, zero=0.32), Erlang(law="erlang", mean_s=600, phases=2), None]
    classes = patience_by_class(rates, 300, 11, laws)
    lost = sum(rate * one.abandonment for rate, one in zip(rates, classes, strict=True))
    assert classes[2].abandonment == pytest.approx(0.0, abs=1e-12)
    assert sum(one.busy_mean for one in classes) == pytest.approx((sum(rates) - lost) * 300)
    assert classes[0].occupancy == pytest.approx(sum(one.busy_mean for one in classes) / 11)
    assert classes[0].wait_s_mean < classes[1].wait_s_mean < classes[2].wait_s_mean
    for one in classes[:2]:
        assert one.service_level(1e6) == pytest.approx(1 - one.abandonment, rel=1e-6)
    with pytest.raises(ValueError, match="never give up"):
        patience_by_class([0.01, 0.05], 300, 10, [_exponential(60), None])


@pytest.mark.parametrize(
    ("law", "cv"),
    [
        (Erlang(law="erlang", mean_s=200, phases=3), 3**-0.5),
        (QUICK_OR_LONG, math.sqrt(2 * (0.8 * 100**2 + 0.2 * 600**2) / 200**2 - 1)),
        (TWO_STEPS, math.sqrt(2 * (100**2 + 100 * 200 + 0.4 * 500**2) / 300**2 - 1)),
        (_exponential(200), 1.0),
    ],
    ids=lambda law: getattr(law, "law", ""),
)
def test_one_agent_of_phases_waits_as_pollaczek_and_khinchine_say(law, cv):
    """Without it the chain of phases could start, pass on or end them at wrong rates."""
    found = phase_service(6 / 3600, law, 1)
    assert found.wait_s_mean == pytest.approx(mean_wait_one_server(6 / 3600, law.mean(), cv), rel=1e-6)
    assert found.p_wait == pytest.approx(6 / 3600 * law.mean(), rel=1e-9)


def test_several_agents_of_phases_lie_where_the_known_ones_do():
    """Without it agents beyond the first could share one phase, and theory have nothing to say against it."""
    exponential, constant = erlang_c(60 / 3600, 240, 6), constant_service(60 / 3600, 240, 6)
    assert phase_service(60 / 3600, _exponential(240), 6).wait_s_mean == pytest.approx(
        exponential.wait_s_mean, rel=1e-6
    )
    alike = [Erlang(law="erlang", mean_s=240, phases=phases) for phases in (1, 2, 3)]
    waits = [phase_service(60 / 3600, law, 6, cut=60).wait_s_mean for law in alike]
    assert waits[0] > waits[1] > waits[2] > constant.wait_s_mean
    assert waits[1] == pytest.approx(waits[0] - (waits[0] - constant.wait_s_mean) / 2, rel=0.03)
    impatient = phase_service(60 / 3600, _exponential(240), 4, 120)
    assert impatient.abandonment == pytest.approx(erlang_a(60 / 3600, 240, 4, 120).abandonment, rel=1e-6)


def test_what_is_not_made_of_phases_is_refused():
    """Without it a lognormal service could be taken for an exponential one, silently."""
    with pytest.raises(ValueError, match="not made of phases"):
        phases_of(LogNormal(law="lognormal", mean_s=10, cv=1))
    with pytest.raises(ValueError, match="zero is"):
        phases_of(_exponential(10, zero=0.1))
