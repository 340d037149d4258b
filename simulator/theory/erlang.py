"""Queueing theory: what single queues with exponential times do in the long run, exactly.

Holds Erlang B, C and A as closed forms or short sums, and the mean wait of M/G/1. Refuses anything that changes with
time: see `simulator.theory.chains`. Rates are per second, times in seconds; `load` is offered work in erlangs (arrivals
per second times mean service time).

>>> round(erlang_b(5.0, 8), 6)
0.070048
>>> round(erlang_c(arrivals_per_s=120 / 3600, service_s_mean=300, agents=12).wait_s_mean, 4)
67.4082
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

AGENTS_MOST = 100_000
STATES_MOST = 1_000_000


@dataclass(frozen=True)
class QueueTheory:
    """The long run of one queue. Shares are between 0 and 1; `_all` counts every arrival, `_answered` the served.

    `wait_s_mean` is of all arrivals, those who give up included; `queue_mean` is the mean number waiting.
    """

    p_wait: float
    wait_s_mean: float
    wait_answered_s_mean: float
    abandonment: float
    occupancy: float
    queue_mean: float
    busy_mean: float
    _answered_within: Callable[[float], float] = field(repr=False, compare=False)

    def service_level(self, within_s: float) -> float:
        """Return the share of all arrivals answered within `within_s` seconds.

        Raises:
            ValueError: `within_s` is negative.
        """
        if within_s < 0:
            raise ValueError(f"within_s is {within_s}; expected 0 or more")
        return self._answered_within(within_s)


def erlang_b(load: float, agents: int) -> float:
    """Return the share of arrivals that find all `agents` busy and are lost (M/M/n/n).

    The recursion 1/B(n) = 1 + n/load * 1/B(n-1) (Jagerman 1974, Bell System Tech. J. 53:525), stable for any n.

    Args:
        load: offered work in erlangs, 0 or more.
        agents: servers, 0 or more.

    Raises:
        ValueError: an argument is out of range.
    """
    check_queue(load=load, agents=agents)
    if load == 0:
        return 0.0 if agents else 1.0
    inverse = 1.0
    for n in range(1, agents + 1):
        inverse = 1.0 + inverse * n / load
        if math.isinf(inverse):
            return 0.0
    return 1.0 / inverse


def erlang_c(arrivals_per_s: float, service_s_mean: float, agents: int) -> QueueTheory:
    """Return the long run of M/M/n: exponential times, nobody gives up.

    P(wait) = B / (1 - rho (1 - B)) and an exponential wait of rate n mu - lambda for those who wait (Koole, Call Center
    Optimization, 2013, ch. 3; Erlang 1917).

    Raises:
        ValueError: an argument is out of range, or the work offered reaches the number of agents: no long run exists.
    """
    load = arrivals_per_s * service_s_mean
    check_queue(load=load, agents=agents, arrivals_per_s=arrivals_per_s, service_s_mean=service_s_mean)
    if load >= agents:
        raise ValueError(f"{load:g} erlangs for {agents} agents: the queue grows for ever; expected less than {agents}")
    blocked, rho = erlang_b(load, agents), load / agents
    p_wait = blocked / (1.0 - rho * (1.0 - blocked))
    wait = p_wait * service_s_mean / (agents - load)
    # an arrival finds n + k with probability p_wait (1 - rho) rho^k (PASTA)
    level, share = [1.0 - p_wait], p_wait * (1.0 - rho)
    while share > 1e-15 and len(level) < STATES_MOST:
        level.append(share)
        share *= rho
    return QueueTheory(
        p_wait, wait, wait, 0.0, rho, arrivals_per_s * wait, load,
        functools.partial(answered_within, tuple(level), agents / service_s_mean, 0.0),
    )  # fmt: skip


def erlang_a(arrivals_per_s: float, service_s_mean: float, agents: int, patience_s_mean: float) -> QueueTheory:
    """Return the long run of M/M/n+M: exponential times and exponential patience.

    The birth-death chain with deaths min(k, n) mu + max(k - n, 0) theta (Palm 1946; Mandelbaum and Zeltyn, "Service
    engineering in action: the Palm/Erlang-A queue", 2007, sec. 3), summed until the tail is below 1e-15 of the whole.
    Always has a long run. Abandonment = theta E[Q] / lambda, by the conservation of customers.

    Raises:
        ValueError: an argument is out of range.
    """
    load = arrivals_per_s * service_s_mean
    check_queue(load=load, agents=agents, arrivals_per_s=arrivals_per_s, service_s_mean=service_s_mean)
    if agents < 1:
        raise ValueError("agents is 0; expected at least 1")
    if not 0 < patience_s_mean < math.inf:
        raise ValueError(f"patience_s_mean is {patience_s_mean}; expected more than 0 seconds (see erlang_c)")
    mu, theta = 1.0 / service_s_mean, 1.0 / patience_s_mean
    # weights relative to state n: downward from it and upward, so that nothing overflows
    down: list[float] = []
    weight = 1.0
    for k in range(agents, 0, -1):
        weight *= k * mu / arrivals_per_s
        if weight > 1e250:  # state n is hopelessly rare: start again from what is likely
            down = [w / 1e250 for w in down]
            weight /= 1e250
        down.append(weight)
    at_n = 1.0 if not down else down[0] * arrivals_per_s / (agents * mu)
    up, weight, k = [at_n], at_n, 0
    while k < STATES_MOST:
        k += 1
        weight *= arrivals_per_s / (agents * mu + k * theta)
        up.append(weight)
        if weight <= 1e-17 * at_n and arrivals_per_s < agents * mu + k * theta:
            break
    total = math.fsum(down) + math.fsum(up)
    free = math.fsum(down) / total
    waiting = [weight / total for weight in up]
    queue = math.fsum(k * p for k, p in enumerate(waiting))
    abandonment = theta * queue / arrivals_per_s
    busy = arrivals_per_s * (1.0 - abandonment) * service_s_mean
    answered_wait = answered_wait_s(waiting, agents * mu, theta)
    return QueueTheory(
        1.0 - free,
        queue / arrivals_per_s,
        answered_wait / (1.0 - abandonment),
        abandonment,
        busy / agents,
        queue,
        busy,
        functools.partial(answered_within, (free, *waiting), agents * mu, theta),
    )


def mean_wait_one_server(arrivals_per_s: float, service_s_mean: float, service_cv: float) -> float:
    """Return the mean wait in seconds of M/G/1 (Pollaczek 1930, Khinchine 1932); cv 0 is M/D/1.

    Raises:
        ValueError: an argument is out of range, or the server is offered more than it can do.
    """
    load = arrivals_per_s * service_s_mean
    check_queue(load=load, agents=1, arrivals_per_s=arrivals_per_s, service_s_mean=service_s_mean)
    if load >= 1 or service_cv < 0:
        raise ValueError(f"{load:g} erlangs, cv {service_cv:g}; expected less than 1 erlang and a cv of 0 or more")
    return load * service_s_mean * (1.0 + service_cv**2) / (2.0 * (1.0 - load))


def answered_wait_s(waiting: list[float], release: float, theta: float) -> float:
    """Return E[wait; answered]: one who finds k ahead passes k + 1 stages of rate release + (j + 1) theta.

    In stage j (j people ahead of them after the next departure) they survive with probability
    (release + j theta) / (release + (j + 1) theta), and stages last as long whichever way they end.
    """
    total, alive, lasted = 0.0, 1.0, 0.0
    for k, share in enumerate(waiting):
        rate = release + (k + 1) * theta
        alive *= (release + k * theta) / rate
        lasted += 1.0 / rate
        total += share * alive * lasted
    return total


def answered_within(level: tuple[float, ...], release: float, theta: float, within_s: float) -> float:
    """Return P(answered within T): level[0] at once, level[1 + k] with k ahead in the queue.

    Somebody who finds k ahead is answered after k + 1 departures, each of which comes when an agent is released or
    someone ahead gives up: a hypoexponential race with their own patience, summed by uniformization (Jensen 1953),
    good to 1e-8. Position k moves to k - 1 at rate release + k theta (position 0: answered, at rate release) and is
    lost at rate theta. The chain's probabilities after T, summed over the Poisson number of jumps of a faster clock.
    """
    waiting = np.trim_zeros(np.where(np.array(level[1:]) < 1e-18, 0.0, level[1:]), "b")
    onward = release + theta * np.arange(len(waiting))
    clock = release + theta * len(waiting)
    jumps = clock * within_s
    if jumps < 1e-300 or not len(waiting):  # no time, or nobody waits
        return level[0]
    gathered, answered, log_mass = 0.0, 0.0, -jumps
    for jump in range(int(jumps + 12.0 * math.sqrt(jumps) + 60.0)):
        answered += math.exp(log_mass) * gathered
        log_mass += math.log(jumps) - math.log(jump + 1)
        moved = waiting * onward / clock
        gathered += moved[0] * release / onward[0]
        waiting = waiting * (1.0 - (onward + theta) / clock)
        waiting[:-1] += moved[1:]
    return float(level[0] + answered)


def check_queue(load: float, agents: int, arrivals_per_s: float = 1.0, service_s_mean: float = 1.0) -> None:
    """Refuse what is no queue.

    Raises:
        ValueError: an argument is out of range; the message names it.
    """
    if not 0 <= agents <= AGENTS_MOST:
        raise ValueError(f"agents is {agents}; expected 0 to {AGENTS_MOST}")
    if not 0 <= load < math.inf:
        raise ValueError(f"load is {load}; expected 0 erlangs or more")
    if not (0 < arrivals_per_s < math.inf and 0 < service_s_mean < math.inf):
        raise ValueError(
            f"arrivals_per_s is {arrivals_per_s} and service_s_mean {service_s_mean}; expected more than 0 of each"
        )
