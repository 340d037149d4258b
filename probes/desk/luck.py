"""The desk's own luck: drawn from its own generator and seed, in the order things happen there.

Never keyed by customer as the simulator's is; a test fails if simulated and measured handle times correlate by contact.
"""

from __future__ import annotations

import numpy as np

from scenarios.laws import LawRow, quantile_s

_DESK = 0x0DE5C
"""Sets the desk's stream apart from any other generator seeded with the scenario's seed."""


class DeskLuck:
    """One stream of random numbers for one desk's day."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([_DESK, seed])))

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return bool(self._generator.random() < probability)

    def time_s(self, law: LawRow) -> float:
        """Draw a time in seconds."""
        u = 1.0 - self._generator.random()  # in (0, 1]: never the 0 at which some laws have no quantile
        return float(quantile_s(*law, min(u, 1.0 - 2**-53)))

    def number(self) -> float:
        """Draw a number between 0 and 1."""
        return float(self._generator.random())
