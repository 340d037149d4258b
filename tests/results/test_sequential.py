"""Group-sequential boundaries: against published tables, against simulated paths, and what Student's part adds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from results import sequential
from results.sequential import NODES, Looks, boundaries, looks_of, spent, student

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]
PATHS = 100_000


def paths(fractions, drift=0.0, count=PATHS, seed=7):
    """Standardised differences at each look: a row per path of a Brownian motion."""
    steps = np.diff([0.0, *fractions])
    luck = np.random.default_rng(seed).normal(drift * steps, np.sqrt(steps), size=(count, len(steps)))
    return np.cumsum(luck, axis=1) / np.sqrt(fractions)


@pytest.mark.parametrize(
    ("fractions", "published"),
    [
        # as programs for them print them (Reboussin, DeMets, Kim and Lan, 2000), for .025 on each side; their sums are
        # coarser than ours
        (FIVE, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ([1 / 3, 2 / 3, 1.0], [3.7103, 2.5114, 1.9930]),
        ([0.5, 1.0], [2.9626, 1.9686]),
        ([1.0], [1.9600]),
    ],
)
def test_boundaries_are_the_published_ones(fractions, published):
    """Without it a slip in the recursion would make every verdict a little too bold, and nobody would see."""
    assert boundaries(fractions, 0.05) == pytest.approx(published, abs=1.5e-4)


def test_the_second_boundary_is_that_of_an_integral_reckoned_otherwise():
    """Without it a fault of the fourth digit could hide behind tables that are no finer."""
    first, second = boundaries([0.2, 0.4], 0.05)

    def crosses_now(at):
        over = norm.sf((second * math.sqrt(0.4) - at) / math.sqrt(0.2))
        return 2 * norm.pdf(at, scale=math.sqrt(0.2)) * over

    end = first * math.sqrt(0.2)
    crossed, _ = quad(crosses_now, -end, end, epsabs=1e-15, epsrel=1e-12, limit=500)
    assert crossed == pytest.approx(spent(0.4, 0.05) - spent(0.2, 0.05), rel=1e-7)


@pytest.mark.parametrize("fractions", [FIVE, [0.1, 0.15, 0.7, 1.0], [k / 10 for k in range(1, 11)]])
def test_all_looks_together_err_as_often_as_was_said(fractions):
    """Without it looking ten times could find a difference by luck in a fifth of cases, as naive looks do."""
    crossed = np.abs(paths(fractions)) >= boundaries(fractions, 0.05)
    error = math.sqrt(0.05 * 0.95 / PATHS)
    assert crossed.any(axis=1).mean() == pytest.approx(0.05, abs=3 * error)
    naive = (np.abs(paths(fractions)) >= norm.ppf(0.975)).any(axis=1).mean()
    assert naive > 0.1  # so that the test could see it


def test_each_look_spends_what_it_may():
    """Without it the first looks could spend what belongs to the last one."""
    fractions, alpha = [0.4, 0.7, 1.0], 0.05
    crossed = np.abs(paths(fractions)) >= boundaries(fractions, alpha)
    first = [(crossed[:, look] & ~crossed[:, :look].any(axis=1)).mean() for look in range(3)]
    assert np.cumsum(first) == pytest.approx([spent(one, alpha) for one in fractions], abs=0.0015)


def test_boundaries_of_looks_that_were_made_do_not_change_with_later_ones():
    """Without it an interval on the screen would have to be taken back at the next look."""
    assert boundaries(FIVE[:3], 0.01) == pytest.approx(boundaries(FIVE, 0.01)[:3], abs=1e-12)
    assert boundaries([0.2, 0.33], 0.01)[0] == pytest.approx(boundaries(FIVE, 0.01)[0], abs=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 96])
def test_finer_sums_change_nothing(alpha, monkeypatch):
    """Without it a grid that is too coarse could pass for mathematics."""
    fractions = tuple(k / 20 for k in range(1, 21))
    fine = sequential._boundaries(fractions, alpha, 2 * NODES)
    assert sequential._boundaries(fractions, alpha, NODES) == pytest.approx(fine, abs=1e-8)


def test_what_may_be_spent_grows_from_nothing_to_all():
    """Without it an error could be spent twice, or some of it kept for nobody."""
    told = [spent(fraction, 0.05) for fraction in np.linspace(0, 1.2, 50)]
    assert told[0] == 0.0
    assert told[-1] == 0.05
    assert (np.diff(told) >= 0).all()
    assert spent(0.2, 0.05) == pytest.approx(1.0777e-6, rel=1e-3)  # 2 P(Z > 4.8769)


def test_intervals_hold_a_mean_at_every_look_together_though_the_variance_is_estimated():
    """Without it Student's part could be forgotten, and twenty days would be called as sure as twenty thousand."""
    looks = Looks(looks_of(40, 8), 0.05)
    reaches = [student(bound, seen - 1) for bound, seen in zip(looks.bounds(looks.counts), looks.counts, strict=True)]
    rng, count = np.random.default_rng(3), 40_000
    values = rng.normal(1.0, 2.0, size=(count, looks.counts[-1]))
    missed = np.zeros(count, dtype=bool)
    for seen, reach in zip(looks.counts, reaches, strict=True):
        mean, error = values[:, :seen].mean(axis=1), values[:, :seen].std(axis=1, ddof=1) / math.sqrt(seen)
        missed |= np.abs(mean - 1.0) > reach * error
    assert 0.045 < missed.mean() < 0.0545  # and not a tenth, as without Student's part
    assert reaches[-1] > boundaries([count / 40 for count in looks.counts], 0.05)[-1]


def test_a_look_that_nobody_planned_is_paid_for_like_any_other():
    """Without it who interrupts a run would have to throw away what came after the last look."""
    looks = Looks((20, 40, 60, 80, 100), 0.05)
    assert looks.bounds([20, 33])[1] > looks.bounds([20, 40])[1]
    crossed = np.abs(paths([0.2, 0.33])) >= boundaries([0.2, 0.33], 0.05)
    assert crossed.any(axis=1).mean() == pytest.approx(spent(0.33, 0.05), abs=0.0005)


def test_one_replication_tells_nothing():
    """Without it a single day would come with an interval."""
    assert student(float(Looks((1, 10), 0.05).bounds([1])[0]), 0) == math.inf
    assert student(40.0, 1000) == math.inf


@pytest.mark.parametrize("fractions", [[], [0.0, 1.0], [0.5, 0.5], [0.6, 0.4], [0.5, 1.1]])
def test_looks_that_cannot_be_are_refused(fractions):
    """Without it looks in a wrong order would give boundaries that mean nothing."""
    with pytest.raises(ValueError, match="expected some that grow"):
        boundaries(fractions, 0.05)


def test_extreme_shares_of_error_give_finite_boundaries():
    """Without it many alternatives, each with little error to spend, would end in a fault of arithmetic."""
    bounds = boundaries([k / 100 for k in range(1, 101)], 0.05 / 2000)
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds) < 0).all()
