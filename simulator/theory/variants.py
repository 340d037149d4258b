"""Variants of the plain queue: finite lines, classes with priority, and service times that are all alike.

Holds M/M/n/K with and without patience, the mean waits of non-preemptive priority classes, and M/D/n. Refuses
classes with different service times on more than one agent: nothing exact is short there (`simulator.theory.chains`).

>>> round(finite_lines(200 / 3600, 240, 12, 16).p_block, 6)
0.164923
>>> [round(wait, 2) for wait in priority_waits_s([60 / 3600, 80 / 3600], 240, 11)]
[17.38, 114.71]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.theory.erlang import answered_wait_s, check_queue, erlang_c

LINES_MOST = 100_000
CONSTANT_STATES_MOST = 4000


@dataclass(frozen=True)
class FiniteLines:
    """The long run of a queue with so many lines: `p_block` of all arrivals find every line taken and are lost.

    `wait_accepted_s_mean` and `abandonment_accepted` are of those who get a line, `wait_answered_s_mean` of the
    answered; `queue_mean` and `busy_mean` count customers.
    """

    p_block: float
    p_wait_accepted: float
    wait_accepted_s_mean: float
    wait_answered_s_mean: float
    abandonment_accepted: float
    occupancy: float
    queue_mean: float
    busy_mean: float


@dataclass(frozen=True)
class ConstantService:
    """The long run of M/D/n."""

    p_wait: float
    wait_s_mean: float
    occupancy: float
    queue_mean: float


def finite_lines(
    arrivals_per_s: float, service_s_mean: float, agents: int, lines: int, patience_s_mean: float = math.inf
) -> FiniteLines:
    """Return the long run of M/M/n/K (+M): `lines` counts customers in service and waiting together.

    The birth-death chain on 0 … K with deaths min(k, n) mu + max(k - n, 0) theta (Koole, Call Center Optimization,
    2013, sec. 4.2; Garnett, Mandelbaum and Reiman 2002).

    Raises:
        ValueError: an argument is out of range, or there are fewer lines than agents.
    """
    load = arrivals_per_s * service_s_mean
    check_queue(load=load, agents=agents, arrivals_per_s=arrivals_per_s, service_s_mean=service_s_mean)
    if not 1 <= agents <= lines <= LINES_MOST:
        raise ValueError(f"lines is {lines} and agents {agents}; expected 1 agent or more and {agents} to {LINES_MOST}")
    if not patience_s_mean > 0:
        raise ValueError(f"patience_s_mean is {patience_s_mean}; expected more than 0 seconds")
    mu, theta = 1.0 / service_s_mean, 1.0 / patience_s_mean
    k = np.arange(1, lines + 1)
    steps = math.log(arrivals_per_s) - np.log(np.minimum(k, agents) * mu + np.maximum(k - agents, 0) * theta)
    heights = np.concatenate([[0.0], np.cumsum(steps)])
    found = np.exp(heights - heights.max())
    found /= found.sum()
    queue = float((np.maximum(np.arange(lines + 1) - agents, 0) * found).sum())
    busy = float((np.minimum(np.arange(lines + 1), agents) * found).sum())
    blocked = float(found[-1])
    accepted_per_s = arrivals_per_s * (1.0 - blocked)
    lost = theta * queue / accepted_per_s
    waiting = (found[agents:-1] / (1.0 - blocked)).tolist()  # what one who gets a line finds (PASTA)
    answered = answered_wait_s(waiting, agents * mu, theta) / (1.0 - lost)
    wait = queue / accepted_per_s
    return FiniteLines(blocked, math.fsum(waiting), wait, answered, lost, busy / agents, queue, busy)


def priority_waits_s(arrivals_per_s: Sequence[float], service_s_mean: float, agents: int) -> tuple[float, ...]:
    """Return each class's mean wait in seconds, first class first: non-preemptive, all served equally long.

    W_k = W_0 / ((1 - s_(k-1)) (1 - s_k)), W_0 = P(wait) / (n mu), s_k the occupancy by classes 1 … k (Cobham 1954,
    Operations Research 2:70, eq. 9; Kella and Yechiali 1985, Stochastic Models 1:257).

    Raises:
        ValueError: an argument is out of range, or all classes together offer more than the agents can do.
    """
    if not arrivals_per_s or min(arrivals_per_s) <= 0:
        raise ValueError(f"arrivals_per_s is {list(arrivals_per_s)}; expected a rate above 0 for each class")
    behind_all = erlang_c(math.fsum(arrivals_per_s), service_s_mean, agents).p_wait * service_s_mean / agents
    waits, before = [], 0.0
    for rate in arrivals_per_s:
        upto = before + rate * service_s_mean / agents
        waits.append(behind_all / ((1.0 - before) * (1.0 - upto)))
        before = upto
    return tuple(waits)


def constant_service(arrivals_per_s: float, service_s: float, agents: int) -> ConstantService:
    """Return the long run of M/D/n: every service takes `service_s`, nobody gives up.

    Who is in service now has left one service time later, so the numbers in the system a service time apart are a
    Markov chain whose long run is also the long run at any instant (Crommelin 1932; Tijms, A First Course in
    Stochastic Models, 2003, sec. 9.6.2). Solved on as many states as hold all but 1e-12 of it.

    Raises:
        ValueError: an argument is out of range, the work offered reaches the number of agents, or comes so near to it
            that more than 4,000 states would be needed.
    """
    load = arrivals_per_s * service_s
    check_queue(load=load, agents=agents, arrivals_per_s=arrivals_per_s, service_s_mean=service_s)
    if load >= agents:
        raise ValueError(f"{load:g} erlangs for {agents} agents: the queue grows for ever; expected less than {agents}")
    # the tail falls by a factor 1/tau a state, tau > 1 the root of load (1 - tau) + n ln tau = 0
    low, high = agents / load, (agents / load) ** 2 + 1.0
    while load * (1.0 - high) + agents * math.log(high) > 0:
        high *= 2.0
    for _ in range(100):
        tau = (low + high) / 2
        low, high = (tau, high) if load * (1.0 - tau) + agents * math.log(tau) > 0 else (low, tau)
    states = agents + 20 + int(4 * math.sqrt(load)) + int(28.0 / math.log(low))
    if states > CONSTANT_STATES_MOST:
        raise ValueError(f"{load:g} erlangs for {agents} agents need {states} states; at most {CONSTANT_STATES_MOST}")
    counts = np.arange(states)
    arriving = np.exp(counts * math.log(load) - load - np.array([math.lgamma(c + 1.0) for c in counts]))
    left = np.maximum(counts - agents, 0)
    gap = counts[None, :] - left[:, None]
    moves = np.where(gap >= 0, arriving[np.abs(gap)], 0.0)
    moves[:, -1] += 1.0 - moves.sum(axis=1)  # what lies beyond the last state is counted in it
    balance = moves.T - np.eye(states)
    balance[0] = 1.0
    found = np.linalg.solve(balance, np.eye(states)[0])
    queue = float((left * found).sum())
    return ConstantService(float(found[agents:].sum()), queue / arrivals_per_s, load / agents, queue)
