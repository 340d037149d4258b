"""Where a run that began empty has settled: the warm-up that a steady-state figure leaves out.

Waits are averaged over replications in short spells of time, channel by channel, and MSER-5 says how many spells still
show the empty start; the longest of the channels counts. Meant for scenarios whose demand and roster do not change: a
day with a morning and an evening has no steady state, and its empty start is a fact.

>>> from scenarios.reading import HERE, load_scenario
>>> warm_up_s(load_scenario(HERE / "quiet_tuesday.yaml"), seed=1, replications=2) is None
True
"""

from __future__ import annotations

import numpy as np

from results.statistics import Values, warm_up
from scenarios.reading import LoadedScenario
from simulator.floor_arrays import floor_of
from simulator.fold import contacts_folded
from simulator.simpy_floor import Luck
from simulator.simulate import replicated

SPELLS = 1000
PILOTS = 20
CONTACTS_A_SPELL_LEAST = 1.0
"""Fewer, over all pilots, and the spells are made longer: an empty spell tells nothing."""


def warm_up_s(loaded: LoadedScenario, seed: int, replications: int = PILOTS) -> float | None:
    """Return the scenario second from which on contacts may count; None where the runs are too short to know.

    Args:
        loaded: the scenario.
        seed: of the pilot replications, which are not the run's own.
        replications: how many pilots.
    """
    floor = floor_of(loaded)
    waits: list[tuple[Values, Values, Values]] = []
    for replication in range(replications):
        luck = Luck(seed, replication + 2**31, replication + 2**31)
        part = replicated(loaded, floor, None, luck)
        contacts = contacts_folded(part.happened, part.plan.intent)
        known = np.asarray(contacts["answered"] | contacts["abandoned"])
        waits.append(tuple(np.asarray(contacts[name])[known] for name in ("channel", "arrived_s", "wait_s")))
    channel, arrived_s, wait_s = (np.concatenate(some) for some in zip(*waits, strict=True))
    settled = [
        _settled_s(arrived_s[channel == place], wait_s[channel == place], loaded.horizon_s) for place in set(channel)
    ]
    return None if not settled or None in settled else max(at_s for at_s in settled if at_s is not None)


def _settled_s(arrived_s: Values, wait_s: Values, horizon_s: float) -> float | None:
    spells = int(min(SPELLS, len(arrived_s) / CONTACTS_A_SPELL_LEAST))
    if not spells:
        return None
    spell = np.minimum((arrived_s / horizon_s * spells).astype(np.int64), spells - 1)
    counts = np.bincount(spell, minlength=spells)
    sums = np.bincount(spell, weights=wait_s, minlength=spells)
    means = sums[counts > 0] / counts[counts > 0]
    dropped = warm_up(means)
    return None if dropped is None else float(np.flatnonzero(counts > 0)[dropped] / spells * horizon_s)
