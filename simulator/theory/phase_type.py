"""M/PH/n: agents whose service is made of exponential phases, with or without exponential patience, as a Markov chain.

The state is how many agents are in each phase, and how many customers wait. Such laws come as near to any other as one
likes (Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981, ch. 2); of one agent Pollaczek and Khinchine's
formula says the same. Refuses laws that are not made of phases, and shares that are 0.

>>> from scenarios.laws import Exponential
>>> round(phase_service(120 / 3600, Exponential(law="exponential", mean_s=300), 12).wait_s_mean, 3)  # Erlang C
67.408
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from scenarios.laws import AnyLaw, Erlang, Exponential, HyperExponential, PhaseType
from simulator.theory.chains import explore
from simulator.theory.models import Waits

Phases = tuple[list[float], list[list[float]]]
"""The share that begins in each phase, and the rates per second from phase to phase, as `PhaseType` tells them."""

State = tuple[tuple[int, ...], int]


def phases_of(law: AnyLaw) -> Phases:
    """Return the phases of which a law is made.

    Raises:
        ValueError: it is not made of phases, or a share of it is 0.
    """
    if law.zero:
        raise ValueError(f"zero is {law.zero:g}; expected 0")
    match law:
        case Exponential():
            return [1.0], [[-1.0 / law.mean_s]]
        case Erlang():
            rate, numbers = law.phases / law.mean_s, range(law.phases)
            return (
                [float(i == 0) for i in numbers],
                [[-rate if j == i else rate if j == i + 1 else 0.0 for j in numbers] for i in numbers],
            )
        case HyperExponential():
            branches = law.shared()
            rates = [
                [-1.0 / mean_s if j == i else 0.0 for j in range(len(branches))]
                for i, (_, mean_s) in enumerate(branches)
            ]
            return [share for share, _ in branches], rates
        case PhaseType():
            return law.initial, law.rates
        case _:
            raise ValueError(f"a {law.law} law is not made of phases")


def phase_service(
    arrivals_per_s: float, service: AnyLaw, agents: int, patience_s_mean: float = math.inf, cut: int = 300
) -> Waits:
    """Return what customers live through, exactly up to `cut` customers waiting.

    Raises:
        ValueError: see `phases_of`; or the states are more than can be solved.
    """
    initial, rates = phases_of(service)
    ends = [-sum(row) for row in rates]
    theta = 1.0 / patience_s_mean
    numbers = range(len(initial))

    def begun(busy: tuple[int, ...], phase: int, change: int = 1) -> tuple[int, ...]:
        return (*busy[:phase], busy[phase] + change, *busy[phase + 1 :])

    def moves(state: State) -> Iterator[tuple[State, float]]:
        busy, queue = state
        if sum(busy) == agents:
            yield (busy, queue + 1), arrivals_per_s if queue < cut else 0.0
        else:
            for phase in numbers:
                yield (begun(busy, phase), queue), arrivals_per_s * initial[phase]
        for phase in numbers:
            if not busy[phase]:
                continue
            left = begun(busy, phase, -1)
            for other in numbers:
                if other != phase:
                    yield (begun(left, other), queue), busy[phase] * rates[phase][other]
                if queue:
                    yield (begun(left, other), queue - 1), busy[phase] * ends[phase] * initial[other]
            if not queue:
                yield (left, 0), busy[phase] * ends[phase]
        if queue:
            yield (busy, queue - 1), queue * theta

    chain = explore(((0,) * len(initial), 0), moves)
    shares = chain.long_run()
    queue = chain.mean(shares, lambda s: s[1])
    return Waits(
        chain.mean(shares, lambda s: float(sum(s[0]) == agents)),
        queue / arrivals_per_s,
        theta * queue / arrivals_per_s,
        queue,
        chain.mean(shares, lambda s: float(s[1] == cut)),
    )
