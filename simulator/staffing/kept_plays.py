"""What the search for people has played is kept: an interrupted search is gone on with by asking the same once more.

Which seats are tried next follows from what was played, so a search that finds its plays again walks the same way,
quickly, to where it was. Refuses to keep what was not played with the very same question: `asked_about` tells it apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.kept_rows import KeptRows
from scenarios.jit import sources_hash
from scenarios.reading import LoadedScenario
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Desk, Tally


def asked_about(
    loaded: LoadedScenario, interval: int, teams: Sequence[str], seed: int, replications: int, objective: str
) -> dict[str, object]:
    """Return all that a search depends on, by name: what another question must not go on with."""
    return {
        "scenario": loaded.hash,
        "number of days": loaded.scenario.days,
        "seed": seed,
        "--interval": interval,
        "choice of --teams": list(teams),
        "--objective": objective,
        "number of --replications": replications,
        "set of labour rules": None if loaded.labour is None else loaded.labour.model_dump(mode="json"),
        "engine": sources_hash(),
    }


@dataclass(frozen=True)
class KeptPlays:
    """Plays of people on replications, by what was played."""

    rows: KeptRows
    aims: int
    cells: int

    @classmethod
    def of(cls, desk: Desk, rows: KeptRows | None) -> KeptPlays | None:
        """Return where the plays of a desk are kept; None where they are not."""
        return None if rows is None else cls(rows, len(desk.aims), len(desk.grid.begins_s))

    def get(self, seats: Seats | None, replication: int) -> Tally | None:
        """Return what a play came to; None where it was not played yet."""
        row = self.rows.get(_key(seats, replication))
        if row is None:
            return None
        size = self.aims * self.cells
        gains, counts, slack, money = np.split(row, np.cumsum([size, size, self.aims]))
        shape = self.aims, self.cells
        return Tally(gains.reshape(shape), counts.reshape(shape), slack, money)

    def put(self, seats: Seats | None, replication: int, tally: Tally) -> None:
        """Keep what a play came to."""
        row = np.concatenate([tally.gains.ravel(), tally.counts.ravel(), tally.slack, tally.money])
        self.rows.put(_key(seats, replication), row)


def _key(seats: Seats | None, replication: int) -> str:
    if seats is None:
        return f"today/{replication}"
    return f"{hashlib.blake2b(seats.astype('<i8').tobytes(), digest_size=12).hexdigest()}/{replication}"
