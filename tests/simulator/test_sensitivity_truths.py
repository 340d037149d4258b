"""Sensitivity held against functions and a desk whose truth is known, through the code that weighs scenarios."""

from __future__ import annotations

import math

import numpy as np
import pytest

from results.screening import matter
from results.sobol_indices import indices_of
from results.variance_split import split_of
from simulator.sensitivity import sensitivity
from tests.simulator.known_functions import (
    ISHIGAMI_FIRST,
    ISHIGAMI_TOTAL,
    ISHIGAMI_VARIANCE,
    Known,
    ishigami,
    weigh,
)
from tests.written import demand, exactly, one_desk, written

WEIGHTS = np.array([5.0, 2.0, 0.0, -1.0])


@pytest.fixture(scope="module")
def noisy():
    """Ishigami's function on days whose luck is as large as what the inputs do."""
    return weigh(Known(ishigami, -math.pi, math.pi, day=3.0, own=1.0), 3, 16_000)


def test_indices_of_ishigamis_function_are_those_that_are_published(noisy):
    """Without it a planner could be sent to measure the wrong belief."""
    (figure,) = noisy.figures
    for at, index in enumerate(figure.indices):
        assert index.first == pytest.approx(ISHIGAMI_FIRST[at], abs=0.08)
        assert index.total == pytest.approx(ISHIGAMI_TOTAL[at], abs=0.08)
        assert index.first_low <= ISHIGAMI_FIRST[at] <= index.first_high
        assert index.total_low <= ISHIGAMI_TOTAL[at] <= index.total_high


def test_the_split_tells_chance_and_inputs_of_a_known_function_apart(noisy):
    """Without it the luck of days would be taken for what nobody knows, or the other way round."""
    split = noisy.figures[0].split
    assert split.inputs == pytest.approx(ISHIGAMI_VARIANCE, rel=0.1)
    assert split.chance == pytest.approx(3.0**2 + 1.0**2, rel=0.1)
    assert split.inputs_low < ISHIGAMI_VARIANCE < split.inputs_high
    assert sum(split.shares) == pytest.approx(1.0)


def test_estimates_of_the_split_are_without_bias_at_few_rows_and_their_error_is_that_of_the_mean():
    """Without it a short run would tell another story than a long one."""
    rng = np.random.default_rng(5)
    splits = []
    for _ in range(400):
        inputs = rng.normal(0, 2, (16, 2, 1))
        day = rng.normal(0, 3, (16, 1, 2))
        splits.append(split_of(10 + inputs + day + rng.normal(0, 1, (16, 2, 2))))
    told = np.array([(one.inputs, one.chance, one.runs) for one in splits])
    error = told.std(axis=0, ddof=1) / math.sqrt(len(told))
    assert abs(told[:, 0].mean() - 4.0) < 3 * error[0]
    assert abs(told[:, 1].mean() - 10.0) < 3 * error[1]
    means = np.array([one.mean for one in splits])
    assert told[:, 2].mean() == pytest.approx(means.var(ddof=1), rel=0.25)
    covered = np.mean([one.inputs_low <= 4.0 <= one.inputs_high for one in splits])
    assert covered > 0.82  # resampling of 16 rows is a little short of 95 %


def test_indices_of_what_chance_alone_moves_are_not_told():
    """Without it noise would be served as ten beliefs that matter a tenth each."""
    refused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = rng.normal(0, 5, (48, 1, 2)) + rng.normal(0, 1, (48, 6, 2))
        refused += indices_of(rows) is None
        assert split_of(rows[:, [0, -1]]).inputs_low < 1.0
    assert refused >= 36


def test_without_chance_the_total_order_is_salibs_own():
    """Without it the taking off of noise could have changed what is estimated."""
    from SALib.analyze import sobol as analysis

    rng = np.random.default_rng(3)
    values = rng.normal(size=(64, 5))
    told = indices_of(np.repeat(values[:, :, None], 2, axis=2))
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    theirs = analysis.analyze(problem, values.ravel(), calc_second_order=False, seed=1)
    theirs_variance = values[:, [0, -1]].var() / values.var() * np.array(theirs["ST"])
    ours = np.array([one.total for one in told]) * ((values[:, 0] - values[:, -1]) ** 2).mean() / 2
    assert ours == pytest.approx(theirs_variance * values.var(), rel=1e-9)


def test_screening_of_a_linear_function_gives_its_slopes_and_leaves_out_what_does_nothing():
    """Without it a belief without any effect would take a share of all evaluations."""
    found = weigh(Known(lambda x: float(WEIGHTS @ x), 0.0, 1.0, day=4.0), 4, 600)
    (figure,) = found.figures
    assert [one.mu for one in figure.screening] == pytest.approx(list(WEIGHTS), abs=1e-9)
    assert [one.mu_star for one in figure.screening] == pytest.approx(list(np.abs(WEIGHTS)), abs=1e-9)
    assert [one.sigma for one in figure.screening] == pytest.approx([0.0] * 4, abs=1e-9)
    assert [one.told for one in figure.screening] == [True, True, False, True]
    assert matter([figure.screening]) == [0, 1, 3]


def test_a_step_that_may_be_chance_is_said_to_be():
    """Without it the screening would keep what only luck has moved."""
    found = weigh(Known(lambda x: 9.0 * x[0], 0.0, 1.0, own=2.0), 4, 900)
    told = [one.told for one in found.figures[0].screening]
    assert told[0]
    assert sum(told[1:]) <= 1
    assert found.figures[0].screening[1].by_chance > 1.0


def test_inputs_that_are_screened_out_are_drawn_as_one_and_lose_nothing():
    """Without it what the screening has overlooked would be missing from all that is not known."""
    weights = np.array([6.0, 0.3, 0.3, 0.3, 0.3, 0.3, 4.0])
    found = weigh(Known(lambda x: float(weights @ x), 0.0, 1.0, day=2.0), 7, 4000)
    (figure,) = found.figures
    assert found.drawn == ("x0", "all others together", "x6")
    assert found.rest == ("x1", "x2", "x3", "x4", "x5")
    shares = np.array([36, 5 * 0.09, 16]) / (36 + 16 + 5 * 0.09)
    assert [one.total for one in figure.indices] == pytest.approx(list(shares), abs=0.06)
    assert figure.split.inputs == pytest.approx((36 + 16 + 5 * 0.09) / 12, rel=0.15)


def test_a_tornado_tells_both_ends_apart_from_the_middle_on_the_same_luck():
    """Without it a planner could not see how far a belief moves the figure, nor which way."""
    found = weigh(Known(lambda x: 3 * x[0] - x[1] ** 2, 0.0, 2.0, day=50.0), 2, 400)
    first, second = found.figures[0].swings
    assert first.low == pytest.approx((-3.0, -3.0, -3.0))
    assert first.span == pytest.approx((6.0, 6.0, 6.0))
    assert second.high == pytest.approx((-3.0, -3.0, -3.0))
    assert first.told


def test_what_is_not_known_of_a_desks_volume_is_split_as_poissons_law_says(tmp_path):
    """Without it the split could be right for made-up functions and wrong for what is played."""
    loaded = written(tmp_path, one_desk(agents=20, service=exactly(60), demand=[demand(100)]))
    found = sensitivity(loaded, ["demand.*.factor=0.7..1.3"], evaluations=1500, metrics=["contacts"])
    split = found.figures[0].split
    assert found.figures[0].measure.key.metric == "contacts"
    assert split.mean == pytest.approx(100.0, abs=2.5)
    assert split.inputs == pytest.approx((100 * 0.6) ** 2 / 12, rel=0.2)
    assert split.chance == pytest.approx(100.0, rel=0.2)
    (index,) = found.figures[0].indices
    assert (index.first, index.total) == pytest.approx((1.0, 1.0), abs=0.1)
