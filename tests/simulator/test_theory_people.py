import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from simulator.theory import erlang_a, erlang_c
from simulator.theory.busy_days import mixed_over_days
from simulator.theory.chains import explore
from simulator.theory.conversations import turn_by_turn
from simulator.theory.interrupted import interrupted, own_work_interrupted
from simulator.theory.models import Phase, day_of_phases
from simulator.theory.returning import answered_in_vain
from simulator.theory.unlike_agents import unlike_agents

HOUR_S = 3600.0


def test_work_that_is_interrupted_is_a_chain_of_two_numbers():
    """Without it a slip in a formula that was copied would be blamed on the engine."""
    calls, mails, call, mail = 4 / HOUR_S, 3 / HOUR_S, 1 / 240, 1 / 500

    def moves(here):
        first, second = here
        yield (first + 1, second), calls if first < 40 else 0.0
        yield (first, second + 1), mails if second < 200 else 0.0
        if first:
            yield (first - 1, second), call
        elif second:
            yield (first, second - 1), mail

    chain = explore((0, 0), moves)
    shares = chain.long_run()
    found = interrupted(calls, 240, 1.0, mails, 500, 1.0)
    assert chain.mean(shares, lambda here: here[0]) / calls == pytest.approx(found.wait_s + 240)
    assert chain.mean(shares, lambda here: here[1]) / mails == pytest.approx(found.wait_laid_aside_s + found.span_s)
    with pytest.raises(ValueError, match=r"1.08 agents' work for one"):
        interrupted(calls, 240, 1.0, mails, 980, 1.0)


def test_one_agent_or_no_interruption_is_what_is_known_already():
    """Without it a slip in who takes up what would be in the oracle as well."""
    found = interrupted(4 / HOUR_S, 240, 1.0, 3 / HOUR_S, 500, 1.0)
    wait_s, work_s = own_work_interrupted(4 / HOUR_S, 240, 3 / HOUR_S, 500, 1, 150)
    assert wait_s == pytest.approx(found.wait_s)
    assert work_s == pytest.approx(found.wait_laid_aside_s + found.span_s, rel=1e-4)
    wait_s, work_s = own_work_interrupted(1e-9, 240, 20 / HOUR_S, 400, 3)
    assert work_s == pytest.approx(erlang_c(20 / HOUR_S, 400, 3).wait_s_mean + 400)
    calls = erlang_c(30 / HOUR_S, 240, 3)
    assert own_work_interrupted(30 / HOUR_S, 240, 2 / HOUR_S, 200, 3, 90)[0] == pytest.approx(
        calls.wait_s_mean, rel=1e-3
    )


@pytest.mark.parametrize("turns", [2, 4])
def test_an_agent_who_always_has_chats_is_a_machine_repairman(turns):
    """Without it an answer or a reply too many would be in the oracle as well as in the engines."""
    answer_s, reply_s, most = 60.0, 90.0, 3
    found = turn_by_turn(400 / HOUR_S, answer_s, reply_s, turns, most, 300, 60)
    away = reply_s * (turns - 1) / turns / answer_s  # after the last answer the next customer asks at once
    idle = 1 / sum(math.perm(most, asking) / away**asking for asking in range(most + 1))
    answered = 400 / HOUR_S * (1 - found.abandonment)
    assert found.load == pytest.approx(most, rel=0.02)
    assert answered * turns * answer_s == pytest.approx(1 - idle, rel=0.01)
    alone = turn_by_turn(0.001 / HOUR_S, answer_s, reply_s, turns, most, 300, 3)
    assert alone.talk_s_mean == pytest.approx(turns * answer_s + (turns - 1) * reply_s, rel=1e-4)


def test_agents_alike_are_erlang_c():
    """Without it the order of idleness could cost or make capacity that is not there."""
    queue, found = erlang_c(40 / HOUR_S, 180, 3), unlike_agents(40 / HOUR_S, 180, (1.0, 1.0, 1.0))
    assert found.p_wait == pytest.approx(queue.p_wait)
    assert found.wait_s_mean == pytest.approx(queue.wait_s_mean)
    assert found.occupancy == pytest.approx([queue.occupancy] * 3)
    assert found.answered == pytest.approx([1 / 3] * 3)
    assert found.talk_s_mean == pytest.approx(180)


def test_the_slow_are_busier_and_answer_less():
    """Without it speed could be read as time, and the fast agent be the slow one."""
    found = unlike_agents(18 / HOUR_S, 240, (1.5, 0.6))
    assert found.occupancy[0] < found.occupancy[1]
    assert found.answered[0] > found.answered[1]
    assert found.occupancy[0] * 1.5 + found.occupancy[1] * 0.6 == pytest.approx(18 / HOUR_S * 240)
    assert sum(found.occupancy) / 2 < 1
    assert found.cut < 1e-12
    with pytest.raises(ValueError, match="18 an hour come, 15 can be served"):
        unlike_agents(18 / HOUR_S, 240, (0.5, 0.5))


def test_two_agents_of_whom_the_longest_idle_is_called_are_solved_by_hand():
    """Without it a slip in who is idle longest would be in the oracle as well."""
    rate, fast, slow = 1.0, 2.0, 0.8
    states = ["fast first", "slow first", "fast busy", "slow busy", "both"]
    flow = np.zeros((5, 5))
    for a, b, per_s in [
        (0, 2, rate), (1, 3, rate),  # the first idle is called
        (2, 1, fast), (3, 0, slow),  # who is done is idle for less time than the other
        (2, 4, rate), (3, 4, rate), (4, 3, fast), (4, 2, slow),
    ]:  # fmt: skip
        flow[a, b] += per_s
    balance = (flow - np.diag(flow.sum(axis=1))).T
    # beyond `both` the queue is geometric, with the rate over both speeds: its weight makes all add up to 1
    beyond = 1 / (1 - rate / (fast + slow))
    balance[0] = [1, 1, 1, 1, beyond]
    share = dict(zip(states, np.linalg.solve(balance, [1, 0, 0, 0, 0]), strict=True))
    found = unlike_agents(rate, 1.0, (fast, slow))
    assert found.p_wait == pytest.approx(share["both"] * beyond)
    assert found.occupancy[0] == pytest.approx(share["fast busy"] + share["both"] * beyond)


def test_customers_who_come_back_without_impatience_are_a_network_with_a_product_form():
    """Without it those on their way back could be lost at the cut, or come twice."""
    queue, found = erlang_c(75 / HOUR_S, 240, 7), answered_in_vain(60 / HOUR_S, 240, 7, math.inf, 0.2, 900)
    assert found.attempts == pytest.approx(1.25)
    assert found.attempt.p_wait == pytest.approx(queue.p_wait)
    assert found.attempt.wait_s_mean == pytest.approx(queue.wait_s_mean)
    assert found.attempt.abandonment == 0
    assert found.occupancy == pytest.approx(queue.occupancy)


def test_nobody_who_comes_back_is_erlang_a():
    """Without it the impatient could come back as if they had been answered in vain."""
    queue, found = erlang_a(60 / HOUR_S, 300, 6, 120), answered_in_vain(60 / HOUR_S, 300, 6, 120, 0.0, 900)
    assert found.attempts == pytest.approx(1)
    assert found.attempt.wait_s_mean == pytest.approx(queue.wait_s_mean)
    assert found.attempt.abandonment == pytest.approx(queue.abandonment)
    more = answered_in_vain(60 / HOUR_S, 300, 6, 120, 0.3, 900)
    assert more.attempts == pytest.approx(1 + 0.3 * more.attempts * (1 - more.attempt.abandonment))


DAY = [Phase(HOUR_S, 30 / HOUR_S, 2), Phase(2 * HOUR_S, 0.0, 2)]


def _with(factor):
    return day_of_phases(
        [dataclasses.replace(one, arrivals_per_s=one.arrivals_per_s * factor) for one in DAY], 240, 120
    )


def test_days_that_hardly_differ_are_one_day():
    """Without it the weights could be those of another law, or of days in the place of customers."""
    found, day = mixed_over_days(DAY, 240, 120, 0.1), _with(1.0)
    assert found.abandonment == pytest.approx(day.abandonment, rel=0.02)
    assert found.queue_mean == pytest.approx(day.queue_mean, rel=0.02)
    with pytest.raises(ValueError, match=r"a cv of 0\.05; expected 0\.1 or more"):
        mixed_over_days(DAY, 240, 120, 0.05)


def test_customers_of_busy_days_count_as_many_as_they_are():
    """Without it a mean over days would be held against a mean over customers."""
    found, factors = mixed_over_days(DAY, 240, 120, 0.5), np.linspace(0.01, 4.5, 120)
    density, days = stats.gamma(4, scale=1 / 4).pdf(factors), [_with(factor) for factor in factors]
    lost = np.trapezoid(density * factors * [day.abandonment for day in days], factors)
    assert found.abandonment == pytest.approx(lost, rel=1e-3)
    queue = np.trapezoid(density * [day.queue_mean for day in days], factors)
    assert found.queue_mean == pytest.approx(queue, rel=1e-3)
    finer = mixed_over_days(DAY, 240, 120, 0.5, nodes=20)
    assert found.wait_s_mean == pytest.approx(finer.wait_s_mean, rel=1e-4)
