"""Recorded contacts to be played again: those of an imported run, or of a table of arrivals.

Refuses to know what becomes of them: `scenarios.profiled.replayed` does.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from results.runs import Run, RunError
from scenarios.tables import Arrival, read_arrivals


def arrivals_of(path: Path) -> tuple[list[Arrival], str]:
    """Return the first contact of each recorded case with when it came, and a digest of them.

    Raises:
        results.runs.RunError: the folder is no recorded run, or holds no contact.
        scenarios.faults.FaultsFoundError: the table has faults.
    """
    rows = read_arrivals(path) if path.is_file() else _of_run(Run.open(path))
    return rows, hashlib.blake2b(repr(rows).encode(), digest_size=8).hexdigest()


def _of_run(run: Run) -> list[Arrival]:
    if run.facts.get("kind") != "recorded":
        raise RunError(
            f"{run.folder} is a {run.facts.get('kind')} run; a recorded one, as `import` makes, can be replayed"
        )
    legs = run.table("legs")
    first = legs[(legs["leg"] == 0) & (legs["attempt"] == 1) & legs["arrived_s"].notna()].sort_values("arrived_s")
    if first.empty:
        raise RunError(f"{run.folder} holds no contact to replay")
    columns = (first[name].tolist() for name in ("contact_id", "arrived_s", "channel", "intent", "customer_id"))
    return [Arrival(str(a), float(b), str(c), str(d), str(e)) for a, b, c, d, e in zip(*columns, strict=True)]
