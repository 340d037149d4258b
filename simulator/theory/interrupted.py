"""Agents whose work of one kind is laid aside for contacts of another, and taken up again where it was left.

Of one agent means in closed form for any laws (preemptive resume: Conway, Maxwell and Miller 1967, "Theory of
Scheduling", sec. 8-6; Kleinrock 1976, "Queueing Systems" vol. 2, sec. 3.6). Of several who each take up what is their
own a Markov chain: an idle colleague does not help, so that they are no M/M/n.

>>> found = interrupted(2 / 3600, 300, 1.0, 3 / 3600, 600, 0.5)
>>> round(found.wait_s, 1), round(found.wait_laid_aside_s, 1), round(found.span_s, 1)
(60.0, 855.0, 720.0)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from simulator.theory.chains import explore


@dataclass(frozen=True)
class Interrupted:
    """Means in seconds."""

    wait_s: float
    """Of contacts for which work is laid aside."""
    wait_laid_aside_s: float
    """Of that work, until it is first begun."""
    span_s: float
    """From then until it is done, with the time in which it lies aside."""


def interrupted(
    per_s: float, service_s: float, cv: float, work_per_s: float, work_s: float, work_cv: float
) -> Interrupted:
    """Return the long run of one agent.

    Args:
        per_s: arrivals of the contacts that interrupt.
        service_s: their mean time.
        cv: its standard deviation over its mean.
        work_per_s: arrivals of work that is laid aside for them.
        work_s: its mean time, without interruptions.
        work_cv: as `cv`.

    Raises:
        ValueError: more comes than one agent can do.
    """
    load, work_load = per_s * service_s, work_per_s * work_s
    if load + work_load >= 1:
        raise ValueError(f"{load + work_load:.3g} agents' work for one")
    left_s = per_s * service_s**2 * (1 + cv**2) / 2
    work_left_s = work_per_s * work_s**2 * (1 + work_cv**2) / 2
    return Interrupted(
        left_s / (1 - load),
        (left_s + work_left_s) / ((1 - load) * (1 - load - work_load)),
        work_s / (1 - load),
    )


class _Desk(NamedTuple):
    calls: int
    """Agents on a call who have laid nothing aside; those who have; those at work that may be interrupted."""
    calls_over_work: int
    work: int
    calls_waiting: int
    work_waiting: int


def own_work_interrupted(
    per_s: float, service_s: float, work_per_s: float, work_s: float, agents: int, cut: int = 120
) -> tuple[float, float]:
    """Return how long contacts wait that interrupt, and from coming to the end how long work takes, in seconds.

    Args:
        per_s: arrivals of the contacts that interrupt, whom an idle agent takes before another lays work aside.
        service_s: the mean of their exponential time.
        work_per_s: arrivals of work.
        work_s: the mean of its exponential time, without interruptions.
        agents: how many.
        cut: the longest queue of work; that of the others is a third of it.
    """

    def moves(here: _Desk) -> Iterator[tuple[_Desk, float]]:
        calls, over, work, calls_wait, work_waits = here
        idle = agents - calls - over - work
        if idle:
            yield here._replace(calls=calls + 1), per_s
            yield here._replace(work=work + 1), work_per_s
        else:
            if work:
                yield here._replace(work=work - 1, calls_over_work=over + 1), per_s
            else:
                yield here._replace(calls_waiting=calls_wait + 1), per_s if calls_wait < cut // 3 else 0.0
            yield here._replace(work_waiting=work_waits + 1), work_per_s if work_waits < cut else 0.0
        if calls_wait:  # the next call is taken, whoever is free
            yield here._replace(calls_waiting=calls_wait - 1), (calls + over) / service_s
        else:
            yield here._replace(calls_over_work=over - 1, work=work + 1), over / service_s
            if work_waits:
                yield here._replace(calls=calls - 1, work=work + 1, work_waiting=work_waits - 1), calls / service_s
            else:
                yield here._replace(calls=calls - 1), calls / service_s
        if work_waits:
            yield here._replace(work_waiting=work_waits - 1), work / work_s
        else:
            yield here._replace(work=work - 1), work / work_s

    chain = explore(_Desk(0, 0, 0, 0, 0), moves)
    shares = chain.long_run()
    waiting = chain.mean(shares, lambda here: here.calls_waiting)
    there = chain.mean(shares, lambda here: here.calls_over_work + here.work + here.work_waiting)
    return waiting / per_s, there / work_per_s
