"""Small Markov chains, solved: the third opinion where no formula reaches.

Holds the exploring of a chain from a state and a rule of moves, its long run by a sparse solve, and how it goes through
a day by uniformization (Jensen 1953; Grassmann 1977, Computers and Operations Research 4:47). Refuses chains of more
than `STATES_MOST` states: a queue is cut where the cutter says, and the mass at the cut is the error to look at.

>>> chain = explore(0, lambda k: [(k + 1, 0.5 if k < 40 else 0.0), (k - 1, 1.0 if k else 0.0)])
>>> round(chain.mean(chain.long_run(), lambda k: k), 6)
1.0
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from scipy.sparse import linalg

STATES_MOST = 200_000
JUMPS_MOST = 5_000_000

Array = npt.NDArray[np.float64]
State = TypeVar("State", bound=Hashable)
Moves = Callable[[State], Iterable[tuple[State, float]]]
"""From a state: where to, and at what rate per second (0: not at all)."""


@dataclass(frozen=True)
class Chain(Generic[State]):
    """States in the order in which they were found, and the generator: rates per second, rows that add up to 0."""

    states: list[State]
    generator: sparse.csr_array = field(repr=False)

    def long_run(self) -> Array:
        """Return the share of time spent in each state; the chain must have one class of states that recur.

        Raises:
            ValueError: the balance has no single answer.
        """
        balance = self.generator.T.tolil()
        balance[0, :] = 1.0
        target = np.zeros(len(self.states))
        target[0] = 1.0
        found = np.asarray(linalg.spsolve(balance.tocsc(), target), dtype=np.float64)
        if not np.isfinite(found).all() or found.min() < -1e-8:
            raise ValueError(f"the balance of {len(self.states)} states has no single answer")
        return found

    def after(self, start: Array, lasting_s: float) -> tuple[Array, Array]:
        """Return where the chain is after `lasting_s` seconds, and the seconds spent in each state until then.

        Raises:
            ValueError: it would take more than 5 million jumps.
        """
        clock = float(-self.generator.diagonal().min())
        if clock * lasting_s == 0:
            return start, start * lasting_s
        jumps = clock * lasting_s
        last = int(jumps + 10.0 * np.sqrt(jumps) + 40.0)
        if last > JUMPS_MOST:
            raise ValueError(f"{last} jumps; at most {JUMPS_MOST}")
        step = sparse.csr_array(sparse.eye_array(len(self.states)) + self.generator / clock).T.tocsr()
        mass = stats.poisson.pmf(np.arange(last + 1), jumps)
        later = stats.poisson.sf(np.arange(last + 1), jumps) / clock
        at, then, spent = start, np.zeros_like(start), np.zeros_like(start)
        for jump in range(last + 1):
            then += mass[jump] * at
            spent += later[jump] * at
            at = step @ at
        return then, spent

    def mean(self, shares: Array, value: Callable[[State], float]) -> float:
        """Return the mean of a value over states, weighted by `shares`."""
        return float(np.dot(shares, [value(state) for state in self.states]))


def explore(start: State | Iterable[State], moves: Moves[State]) -> Chain[State]:
    """Find every state that can be reached from `start` (a state, or a list of them) and the rates between them.

    Raises:
        ValueError: there are more than 200,000 of them, or a rate is below 0.
    """
    states: list[State] = list(start) if isinstance(start, list) else [start]  # type: ignore[list-item]
    numbers = {state: number for number, state in enumerate(states)}
    rows: list[int] = []
    columns: list[int] = []
    rates: list[float] = []
    for row, state in enumerate(states):  # grows while it is read
        for to, rate in moves(state):
            if rate < 0:
                raise ValueError(f"a rate of {rate} from {state} to {to}; expected 0 or more")
            if rate == 0 or to == state:
                continue
            if to not in numbers:
                numbers[to] = len(states)
                states.append(to)
                if len(states) > STATES_MOST:
                    raise ValueError(f"more than {STATES_MOST} states")
            rows += [row, row]
            columns += [numbers[to], row]
            rates += [rate, -rate]
    size = len(states)
    generator = sparse.coo_array((rates, (rows, columns)), shape=(size, size)).tocsr()
    return Chain(states, generator)
