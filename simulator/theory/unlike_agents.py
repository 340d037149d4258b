"""Agents who are not alike: some are faster, and a contact goes to whoever has been idle longest.

Which of them is busy follows from the order in which they came to be idle, so that order is the state (Cooper 1976,
"Queues with ordered servers that work at different rates", Opsearch 13:69, has another order: always the same one).

>>> alike = unlike_agents(40 / 3600, 180, (1.0, 1.0, 1.0))
>>> round(alike.wait_s_mean, 3)
80.0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.theory.chains import explore

Idle = tuple[int, ...]
"""Agents by number, who has been idle longest first."""


@dataclass(frozen=True)
class UnlikeAgents:
    """The long run of a team whose agents differ: waits, and what each agent has of the work."""

    p_wait: float
    wait_s_mean: float
    occupancy: tuple[float, ...]
    """Of each agent."""
    answered: tuple[float, ...]
    """Share of the contacts that each agent takes."""
    talk_s_mean: float
    cut: float


def unlike_agents(
    arrivals_per_s: float, service_s_mean: float, speeds: Sequence[float], cut: int = 400
) -> UnlikeAgents:
    """Return the long run of M/M/n with agents of different speed, the one idle longest first.

    Args:
        arrivals_per_s: arrivals.
        service_s_mean: of an agent of speed 1.
        speeds: of each agent.
        cut: the longest queue; `cut` of the answer is the share of arrivals that find it.

    Raises:
        ValueError: together they are too slow for what comes.
    """
    everyone = range(len(speeds))
    mu = [speed / service_s_mean for speed in speeds]
    if sum(mu) <= arrivals_per_s:
        raise ValueError(f"{arrivals_per_s * 3600:g} an hour come, {sum(mu) * 3600:g} can be served")

    def moves(state: tuple[Idle, int]) -> Iterator[tuple[tuple[Idle, int], float]]:
        idle, queue = state
        if idle:
            yield (idle[1:], 0), arrivals_per_s
        else:
            yield (idle, queue + 1), arrivals_per_s if queue < cut else 0.0
        for agent in everyone:
            if agent not in idle:
                yield ((idle, queue - 1) if queue else ((*idle, agent), 0)), mu[agent]

    chain = explore((tuple(everyone), 0), moves)
    shares = chain.long_run()
    busy = tuple(chain.mean(shares, lambda s, n=agent: float(n not in s[0])) for agent in everyone)  # type: ignore[misc]
    served = [share * rate for share, rate in zip(busy, mu, strict=True)]
    queue = chain.mean(shares, lambda s: s[1])
    return UnlikeAgents(
        chain.mean(shares, lambda s: float(not s[0])),
        queue / arrivals_per_s,
        busy,
        tuple(one / sum(served) for one in served),
        sum(busy) / sum(served),
        chain.mean(shares, lambda s: float(s[1] == cut)),
    )
