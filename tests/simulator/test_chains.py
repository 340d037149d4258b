import math

import numpy as np
import pytest

from simulator.theory import erlang_a, erlang_c, finite_lines, priority_waits_s
from simulator.theory.chains import explore
from simulator.theory.models import (
    Phase,
    SkillTeam,
    day_of_phases,
    priority_with_patience,
    second_tier,
    skills,
)
from simulator.theory.returning import redialling

HOUR_S = 3600.0


def _queue(arrivals, service, agents, most):
    return lambda k: [(k + 1, arrivals if k < most else 0.0), (k - 1, min(k, agents) / service)]


def test_the_long_run_of_a_queue_is_the_birth_and_death_formula():
    """Without it the sparse solve would be trusted because it answers."""
    chain = explore(0, _queue(200 / 3600, 240, 12, 16))
    shares = chain.long_run()
    assert shares.sum() == pytest.approx(1)
    assert chain.mean(shares, lambda k: float(k == 16)) == pytest.approx(finite_lines(200 / 3600, 240, 12, 16).p_block)


def test_an_empty_desk_fills_as_the_formula_says():
    """Without it uniformization could lose mass or time: M/M/inf from empty has the mean a (1 - exp(-mu t))."""
    chain = explore(0, _queue(0.05, 100.0, 200, 60))
    start = np.eye(len(chain.states))[0]
    then, spent = chain.after(start, 150.0)
    assert then.sum() == pytest.approx(1)
    assert chain.mean(then, lambda k: k) == pytest.approx(5 * (1 - math.exp(-1.5)), rel=1e-9)
    assert spent.sum() == pytest.approx(150.0)
    assert chain.mean(spent, lambda k: k) == pytest.approx(5 * (150 - 100 * (1 - math.exp(-1.5))), rel=1e-9)


def test_priority_without_impatience_is_cobhams_and_with_it_loses_as_many_as_without_classes():
    """Without it the priority chain would have no anchor: its moves could prefer the wrong class."""
    high, low = priority_with_patience((60 / 3600, 80 / 3600), 240, 11, (math.inf, math.inf), cut=120)
    assert (high.wait_s_mean, low.wait_s_mean) == pytest.approx(priority_waits_s([60 / 3600, 80 / 3600], 240, 11))
    high, low = priority_with_patience((60 / 3600, 80 / 3600), 240, 10, (180, 180))
    a = erlang_a(140 / 3600, 240, 10, 180)
    assert (60 * high.abandonment + 80 * low.abandonment) / 140 == pytest.approx(a.abandonment)
    assert high.wait_s_mean < a.wait_s_mean < low.wait_s_mean


def test_a_second_tier_behind_patient_customers_is_jacksons():
    """Without it the transfer chain could pass on the wrong share, or at the wrong rate."""
    first, second = second_tier(60 / 3600, (100, 200), (3, 2), math.inf, 0.3, cut=(60, 80))
    assert first.wait_s_mean == pytest.approx(erlang_c(60 / 3600, 100, 3).wait_s_mean, rel=1e-6)
    assert second.wait_s_mean == pytest.approx(erlang_c(18 / 3600, 200, 2).wait_s_mean, rel=1e-6)
    first, _ = second_tier(60 / 3600, (200, 200), (3, 2), 120, 0.3, cut=(40, 60))
    assert first.abandonment == pytest.approx(erlang_a(60 / 3600, 200, 3, 120).abandonment)


def test_nobody_redials_where_nobody_would_and_all_redial_soon_where_all_do():
    """Without it the orbit could swallow customers: who always comes back is served in the end."""
    none = redialling(60 / 3600, 300, 5, 120, 0.0, 600)
    assert none.attempt.abandonment == pytest.approx(erlang_a(60 / 3600, 300, 5, 120).abandonment)
    some = redialling(60 / 3600, 300, 6, 120, 0.5, 600)
    lost = some.attempt.abandonment * some.attempts * 0.5  # attempts that ended for good, per customer
    assert some.occupancy * 6 == pytest.approx(5 * (1 - lost), rel=1e-6)
    assert some.attempts == pytest.approx(1 + 0.5 * some.attempt.abandonment * some.attempts, rel=1e-6)


def test_teams_that_can_all_do_everything_are_one_queue():
    """Without it the skills chain could let an idle agent and a waiting customer look at each other."""
    everyone = [SkillTeam(2, 200, frozenset([0, 1])), SkillTeam(2, 200, frozenset([0, 1]))]
    classes, occupancy = skills([30 / 3600, 18 / 3600], everyone, 90)
    a = erlang_a(48 / 3600, 200, 4, 90)
    for found in classes:
        assert (found.p_wait, found.abandonment) == pytest.approx((a.p_wait, a.abandonment), rel=1e-6)
    assert sum(occupancy) / 2 == pytest.approx(a.occupancy, rel=1e-6)
    apart = [SkillTeam(2, 200, frozenset([0])), SkillTeam(2, 200, frozenset([1]))]
    classes, _ = skills([30 / 3600, 18 / 3600], apart, 90)
    alone = erlang_a(30 / 3600, 200, 2, 90)
    assert classes[0].wait_s_mean == pytest.approx(alone.wait_s_mean, rel=1e-4)


def test_a_long_even_day_is_the_long_run_and_conserves_its_customers():
    """Without it the day's chain could drift from the queue it is made of."""
    rate, a = 60 / HOUR_S, erlang_a(60 / HOUR_S, 180, 3, 60)
    day = day_of_phases([Phase(30 * HOUR_S, rate, 3), Phase(HOUR_S, 0.0, 3)], 180, 60, cut=60)
    assert (day.abandonment, day.wait_s_mean) == pytest.approx((a.abandonment, a.wait_s_mean), rel=1e-2)
    assert day.abandonment == pytest.approx(day.wait_s_mean / 60)


def test_busy_agents_finish_before_they_leave():
    """Without it a falling roster would drop conversations, and the day would look worse than it is."""
    rate = 60 / HOUR_S
    kept = day_of_phases([Phase(HOUR_S, rate, 4), Phase(60.0, rate, 1), Phase(2 * HOUR_S, 0.0, 4)], 300, 120, cut=60)
    fewer = day_of_phases([Phase(HOUR_S, rate, 4), Phase(60.0, rate, 3), Phase(2 * HOUR_S, 0.0, 4)], 300, 120, cut=60)
    assert kept.abandonment > fewer.abandonment
    one = day_of_phases([Phase(1e-9, 0.0, 1), Phase(HOUR_S, rate, 1), Phase(1e5, 0.0, 0)], 300, 120, cut=60)
    assert one.abandonment < 1  # the last one in service is served to the end, those behind give up


def test_a_chain_without_end_is_refused():
    """Without it a forgotten cut would fill the memory."""
    with pytest.raises(ValueError, match="more than 200000 states"):
        explore(0, lambda k: [(k + 1, 1.0)])
    with pytest.raises(ValueError, match="a rate of -1"):
        explore(0, lambda k: [(k + 1, -1.0)])
