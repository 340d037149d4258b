"""Contact centres as small Markov chains: priority with impatience, a second tier, skills, a day.

Holds the rules of moves and reads the answers off; `simulator.theory.chains` solves. All times are exponential. Queues
are cut at a length the caller gives; `cut` is the share of arrivals that found the cut, the error to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.theory.chains import Chain, explore


@dataclass(frozen=True)
class Waits:
    """What the customers of one class or tier live through; shares between 0 and 1, of all who come to it."""

    p_wait: float
    wait_s_mean: float
    abandonment: float
    queue_mean: float
    cut: float


@dataclass(frozen=True)
class Phase:
    """A part of a day: how long it lasts, what comes, how many are rostered."""

    lasts_s: float
    arrivals_per_s: float
    agents: int


def priority_with_patience(
    arrivals_per_s: tuple[float, float],
    service_s_mean: float,
    agents: int,
    patience_s_mean: tuple[float, float],
    cut: int = 60,
) -> tuple[Waits, Waits]:
    """Return what the first and the second class live through: non-preemptive priority, M/M/n+M, two classes.

    The state is (busy, first class waiting, second class waiting). Infinite patience is allowed.
    """
    mu, theta = 1.0 / service_s_mean, [1.0 / patience for patience in patience_s_mean]

    def moves(state: tuple[int, int, int]) -> Iterator[tuple[tuple[int, int, int], float]]:
        busy, high, low = state
        if busy < agents:
            yield (busy + 1, 0, 0), sum(arrivals_per_s)
            yield (max(busy - 1, 0), 0, 0), busy * mu
            return
        yield (busy, high + 1, low), arrivals_per_s[0] if high < cut else 0.0
        yield (busy, high, low + 1), arrivals_per_s[1] if low < cut else 0.0
        after = (busy, high - 1, low) if high else (busy, high, low - 1) if low else (busy - 1, 0, 0)
        yield after, agents * mu
        yield (busy, high - 1, low), high * theta[0]
        yield (busy, high, low - 1), low * theta[1]

    chain = explore((0, 0, 0), moves)
    shares = chain.long_run()
    busy = chain.mean(shares, lambda s: float(s[0] == agents))
    found = []
    for number in (0, 1):
        queue = chain.mean(shares, lambda s, n=number: s[1 + n])  # type: ignore[misc]
        rate = arrivals_per_s[number]
        at_cut = chain.mean(shares, lambda s, n=number: float(s[1 + n] == cut))  # type: ignore[misc]
        found.append(Waits(busy, queue / rate, theta[number] * queue / rate, queue, at_cut))
    return found[0], found[1]


def second_tier(
    arrivals_per_s: float,
    service_s_mean: tuple[float, float],
    agents: tuple[int, int],
    patience_s_mean: float,
    transferred: float,
    cut: tuple[int, int] = (60, 120),
) -> tuple[Waits, Waits]:
    """Return what customers live through at the first tier and, those who are `transferred`, at the second.

    `transferred` is the share of the answered that is passed on.
    Patience counts at the first tier only, so what reaches the second is no Poisson stream and Jackson's product form
    does not hold. The state is (at the first tier, at the second).
    """
    mu, theta = [1.0 / service for service in service_s_mean], 1.0 / patience_s_mean

    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        first, second = state
        done = min(first, agents[0]) * mu[0]
        yield (first + 1, second), arrivals_per_s if first < agents[0] + cut[0] else 0.0
        yield (first - 1, second + 1), done * transferred if second < agents[1] + cut[1] else 0.0
        yield (first - 1, second), done * (1 - transferred)
        yield (first - 1, second), max(first - agents[0], 0) * theta
        yield (first, second - 1), min(second, agents[1]) * mu[1]

    chain = explore((0, 0), moves)
    shares = chain.long_run()
    queues = [chain.mean(shares, lambda s, t=tier: max(s[t] - agents[t], 0)) for tier in (0, 1)]  # type: ignore[misc]
    busy = chain.mean(shares, lambda s: min(s[0], agents[0]))
    passed_per_s = busy * mu[0] * transferred
    first = Waits(
        chain.mean(shares, lambda s: float(s[0] >= agents[0])),
        queues[0] / arrivals_per_s,
        theta * queues[0] / arrivals_per_s,
        queues[0],
        chain.mean(shares, lambda s: float(s[0] >= agents[0] + cut[0])),
    )
    met = chain.mean(shares, lambda s: min(s[0], agents[0]) * float(s[1] >= agents[1])) / busy
    at_cut = chain.mean(shares, lambda s: min(s[0], agents[0]) * float(s[1] >= agents[1] + cut[1])) / busy
    return first, Waits(met, queues[1] / passed_per_s, 0.0, queues[1], at_cut)


def ranked_n_design(
    arrivals_per_s: tuple[float, float],
    agents: tuple[int, int],
    service_s_mean: tuple[float, float],
    patience_s_mean: float,
    cut: int = 40,
) -> tuple[tuple[Waits, Waits], tuple[float, float]]:
    """Return what both classes live through, and both teams' occupancy, in an N-design with ranks.

    The first team takes the first class only, the second both: it answers the first class where the first team is busy
    (rank 2 there), and takes the second class (rank 1) before any of the first. The state is (busy, busy, first class
    waiting, second class waiting); Gurvich and Whitt 2010 call the rule static priority with fixed preferences.
    """
    (one, two), theta = agents, 1.0 / patience_s_mean
    mu = [1.0 / service for service in service_s_mean]

    def moves(state: tuple[int, int, int, int]) -> Iterator[tuple[tuple[int, int, int, int], float]]:
        a, b, first, second = state
        if a < one:
            yield (a + 1, b, first, second), arrivals_per_s[0]
        elif b < two:
            yield (a, b + 1, first, second), arrivals_per_s[0]
        else:
            yield (a, b, first + 1, second), arrivals_per_s[0] if first < cut else 0.0
        if b < two:
            yield (a, b + 1, first, second), arrivals_per_s[1]
        else:
            yield (a, b, first, second + 1), arrivals_per_s[1] if second < cut else 0.0
        yield ((a, b, first - 1, second) if first else (a - 1, b, first, second)), a * mu[0]
        after = (
            (a, b, first, second - 1) if second else (a, b, first - 1, second) if first else (a, b - 1, first, second)
        )
        yield after, b * mu[1]
        yield (a, b, first - 1, second), first * theta
        yield (a, b, first, second - 1), second * theta

    chain = explore((0, 0, 0, 0), moves)
    shares = chain.long_run()
    met = (
        chain.mean(shares, lambda s: float(s[0] == one and s[1] == two)),
        chain.mean(shares, lambda s: float(s[1] == two)),
    )
    queues = [chain.mean(shares, lambda s, n=number: s[2 + n]) for number in (0, 1)]  # type: ignore[misc]
    waits = [
        Waits(
            met[n],
            queues[n] / arrivals_per_s[n],
            theta * queues[n] / arrivals_per_s[n],
            queues[n],
            chain.mean(shares, lambda s, n=n: float(s[2 + n] == cut)),  # type: ignore[misc]
        )
        for n in (0, 1)
    ]
    busy = chain.mean(shares, lambda s: s[0]) / one, chain.mean(shares, lambda s: s[1]) / two
    return (waits[0], waits[1]), busy


@dataclass(frozen=True)
class SkillTeam:
    """A team of a desk with skills: its agents, how long they take, the classes it serves (by number)."""

    agents: int
    service_s_mean: float
    serves: frozenset[int]


def skills(
    arrivals_per_s: Sequence[float],
    teams: Sequence[SkillTeam],
    patience_s_mean: float | Sequence[float],
    cut: int = 10,
) -> tuple[list[Waits], list[float]]:
    """Return what each class lives through and each team's occupancy.

    One who comes goes to the first team in order that serves the class and has somebody idle; else all wait in one
    line, and whoever becomes free takes the longest waiting they can serve. The state is (busy per team, the classes in
    the line, in order): first come, first served across classes needs the order (Visschers, Adan and Weiss 2012,
    Queueing Systems 70:269). The line is cut at `cut` customers. Patience is one mean for all, or one for each class.
    """
    classes = range(len(arrivals_per_s))
    theta = [
        1.0 / (patience_s_mean if isinstance(patience_s_mean, float | int) else patience_s_mean[n]) for n in classes
    ]

    def moves(
        state: tuple[tuple[int, ...], tuple[int, ...]],
    ) -> Iterator[tuple[tuple[tuple[int, ...], tuple[int, ...]], float]]:
        busy, line = state
        for number in classes:
            free = (t for t, team in enumerate(teams) if number in team.serves and busy[t] < team.agents)
            taken = next(free, None)
            if taken is not None:
                yield (_with(busy, taken, 1), line), arrivals_per_s[number]
            elif len(line) < cut:
                yield (busy, (*line, number)), arrivals_per_s[number]
        for t, team in enumerate(teams):
            oldest = next((place for place, number in enumerate(line) if number in team.serves), None)
            after = (_with(busy, t, -1), line) if oldest is None else (busy, line[:oldest] + line[oldest + 1 :])
            yield after, busy[t] / team.service_s_mean
        for place, number in enumerate(line):
            yield (busy, line[:place] + line[place + 1 :]), theta[number]

    chain = explore(((0,) * len(teams), ()), moves)
    shares = chain.long_run()
    at_cut = chain.mean(shares, lambda s: float(len(s[1]) == cut))
    found = []
    for number in classes:
        able = [t for t, team in enumerate(teams) if number in team.serves]
        queue = chain.mean(shares, lambda s, n=number: s[1].count(n))  # type: ignore[misc]
        met = chain.mean(shares, lambda s, a=able: float(all(s[0][t] == teams[t].agents for t in a)))  # type: ignore[misc]
        rate = arrivals_per_s[number]
        found.append(Waits(met, queue / rate, theta[number] * queue / rate, queue, at_cut))
    occupancy = [chain.mean(shares, lambda s, t=t: s[0][t]) / team.agents for t, team in enumerate(teams)]  # type: ignore[misc]
    return found, occupancy


def day_of_phases(phases: Sequence[Phase], service_s_mean: float, patience_s_mean: float, cut: int = 200) -> Waits:
    """Return what the customers of a day live through, from an empty desk, over all phases together.

    When the roster falls, idle agents leave at once and busy ones after the contact they are in, so the state is (in
    the system, on duty): on duty are more than rostered only while all of them are busy. Exact up to the cut; let the
    last phase have no arrivals and last until the desk is empty, else those cut off by the end are missing.
    """
    mu, theta = 1.0 / service_s_mean, 1.0 / patience_s_mean
    at: dict[tuple[int, int], float] = {(0, phases[0].agents): 1.0}
    came = waited = queued_s = at_cut = 0.0
    for phase in phases:
        moved: dict[tuple[int, int], float] = {}
        for (here, on_duty), share in at.items():
            state = here, max(phase.agents, min(here, on_duty)) if phase.agents < on_duty else phase.agents
            moved[state] = moved.get(state, 0.0) + share
        chain = _phase(phase, list(moved), mu, theta, cut)
        start = np.zeros(len(chain.states))
        start[: len(moved)] = list(moved.values())
        then, spent = chain.after(start, phase.lasts_s)
        came += phase.arrivals_per_s * phase.lasts_s
        waited += phase.arrivals_per_s * chain.mean(spent, lambda s: float(s[0] >= s[1]))
        at_cut += phase.arrivals_per_s * chain.mean(spent, lambda s: float(s[0] >= cut))
        queued_s += chain.mean(spent, lambda s: max(s[0] - s[1], 0))
        at = {state: share for state, share in zip(chain.states, then.tolist(), strict=True) if share > 1e-14}
    lasting_s = sum(phase.lasts_s for phase in phases)
    return Waits(waited / came, queued_s / came, theta * queued_s / came, queued_s / lasting_s, at_cut / came)


def _phase(phase: Phase, start: list[tuple[int, int]], mu: float, theta: float, cut: int) -> Chain[tuple[int, int]]:
    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        here, on_duty = state
        yield (here + 1, on_duty), phase.arrivals_per_s if here < cut else 0.0
        leaving = on_duty > phase.agents  # everyone on duty is busy, and goes when done
        yield (here - 1, on_duty - leaving), min(here, on_duty) * mu
        yield (here - 1, on_duty), max(here - on_duty, 0) * theta

    return explore(start, moves)


def _with(busy: tuple[int, ...], team: int, change: int) -> tuple[int, ...]:
    return (*busy[:team], busy[team] + change, *busy[team + 1 :])
