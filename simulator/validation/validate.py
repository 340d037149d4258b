"""Simulate the systems and hold each figure against what is expected: the function behind `testdrive validate`.

Replications are added until every standard error is at most a third of its figure's tolerance (and, where that is
cheap, a little less, as one figure in 400 would stray outside by chance), or until `contacts_most` are played; what is
not reached is said and is no pass. A figure fails when it lies outside its tolerance, or more than 4 standard errors
off, the printed figure's own rounding counted in.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.statistics import Estimate
from results.terminal import grid
from scenarios.reading import LoadedScenario, load_scenario
from simulator.simulate import Progress, simulate
from simulator.validation.measures import Seen, Sums, ratio_estimate
from simulator.validation.systems import SLOW, SYSTEMS
from simulator.validation.telling import Expected, System

PASSED, FAILED, CANNOT_TELL = "passed", "failed", "cannot tell"

REPLICATIONS_LEAST = 24
BATCH_CONTACTS_MOST = 250_000
CONTACTS_MOST = 20_000_000
ERROR_SHARE_MOST = 1 / 3
ERROR_SHARE_WANTED = 1 / 3.5
Z_MOST = 4.0


@dataclass(frozen=True)
class Checked:
    """One figure of one system: what was expected and what came out, with its 95 % interval."""

    id: str
    model: str
    metric: str
    expected: float
    got: float
    low: float
    high: float
    z: float
    source: str
    tolerance: float
    error: float
    error_expected: float
    replications: int
    contacts: int
    verdict: str
    reason: str | None


@dataclass(frozen=True)
class Validation:
    """All figures checked; `whole` is false where an interruption left systems out."""

    rows: list[Checked]
    whole: bool

    @property
    def failed(self) -> int:
        """How many figures failed."""
        return sum(row.verdict == FAILED for row in self.rows)

    @property
    def untold(self) -> int:
        """How many figures could not be told."""
        return sum(row.verdict == CANNOT_TELL for row in self.rows)


class UnknownSystemError(ValueError):
    """A system that is not in the list was asked for; the message names those that are."""


def validate(
    only: Sequence[str] = (),
    quick: bool = False,
    seed: int = 1,
    threads: int = 1,
    contacts_most: int = CONTACTS_MOST,
    progress: Progress | None = None,
    systems: dict[str, Callable[[], System]] | None = None,
) -> Validation:
    """Check systems against what is known of them.

    Args:
        only: ids of systems; all where empty.
        quick: leave out the systems that take millions of contacts.
        seed: each system has its own luck, drawn from this and its id.
        threads: processes that simulate.
        contacts_most: contacts played of one system at most.
        progress: told how far it is. An interruption (Ctrl-C) keeps the systems that are done.
        systems: others than ours, by id.

    Raises:
        UnknownSystemError: `only` names a system that is not there.
    """
    known = SYSTEMS if systems is None else systems
    strangers = [name for name in only if name not in known]
    if strangers:
        raise UnknownSystemError(f"no system {', '.join(strangers)}; there are {', '.join(known)}")
    chosen = list(only) or [name for name in known if not (quick and name in SLOW)]
    rows: list[Checked] = []
    try:
        for number, name in enumerate(chosen):

            def tell(share: float, number: int = number) -> None:
                if progress:
                    progress((number + share) / len(chosen))

            rows += _check_system(name, known[name](), _seed(name, seed), threads, contacts_most, tell)
    except KeyboardInterrupt:
        return Validation(rows, False)
    return Validation(rows, True)


def validation_table(rows: Sequence[Checked]) -> str:
    """Show each figure against what was expected."""
    head = ("system", "model", "metric", "expected", "got", "95 % interval", "z", "tolerance", "")
    cells = [
        (
            row.id.split(":")[0], row.model, row.metric, f"{row.expected:.5g}", f"{row.got:.5g}",
            f"{row.low:.5g} … {row.high:.5g}", f"{row.z:+.1f}", f"{row.tolerance:.2g}",
            row.verdict if row.reason is None else f"{row.verdict}: {row.reason}",
        )
        for row in rows
    ]  # fmt: skip
    return grid(head, cells, right=(3, 4, 5, 6, 7))


def _check_system(
    name: str, system: System, seed: int, threads: int, contacts_most: int, progress: Progress
) -> list[Checked]:
    sums: list[list[Sums]] = [[] for _ in system.expected]
    contacts, cut_off, batch = 0, 0, 0
    replications, wanted = 0, REPLICATIONS_LEAST
    with tempfile.TemporaryDirectory(prefix="testdrive-") as folder:
        loaded = _written(Path(folder), name, system)
        per_replication = max(1, _planned(loaded))
        while True:
            fits = max(2, BATCH_CONTACTS_MOST // per_replication)
            more = min(wanted - replications, fits)
            run = simulate(loaded, seed=seed + batch, replications=more, threads=min(threads, more))
            if run.replications < more:  # interrupted: a part of a system is no answer
                raise KeyboardInterrupt
            seen = Seen.of(run.legs, more, system.window_s, loaded.horizon_s)
            for gathered, expected in zip(sums, system.expected, strict=True):
                gathered.append(expected.measure(seen))
            batch, replications, contacts = batch + 1, replications + more, contacts + run.contacts
            cut_off += seen.cut_off
            found = [ratio_estimate(_joined(gathered)) for gathered in sums]
            needed = max(_times_needed(one, row) for one, row in zip(found, system.expected, strict=True))
            room = (contacts_most - contacts) // per_replication
            if replications >= REPLICATIONS_LEAST and (needed <= 1 or room < 2):
                break
            wanted = min(max(wanted, replications + 4, math.ceil(replications * needed)), replications + max(room, 2))
            progress(min(0.99, replications / wanted))
    return [
        _checked(name, system.model, row, one, replications, contacts, cut_off)
        for one, row in zip(found, system.expected, strict=True)
    ]


def _checked(
    name: str, model: str, row: Expected, found: Estimate, replications: int, contacts: int, cut_off: int
) -> Checked:
    low, high = found.interval()
    # a printed figure lies anywhere within half a digit, a uniform error, and strays where it was simulated
    spread = math.hypot(found.error, row.error / math.sqrt(3), row.strays)
    off = found.value - row.value
    z = off / spread if spread > 0 else math.copysign(math.inf, off) if off else 0.0
    verdict, reason = PASSED, None
    if math.isnan(found.value):
        verdict, reason = CANNOT_TELL, "nothing was seen of it"
    elif abs(z) > Z_MOST:
        verdict, reason = FAILED, f"{abs(z):.1f} standard errors off"
    elif found.error > row.tolerance * ERROR_SHARE_MOST:
        verdict = CANNOT_TELL
        reason = f"standard error {found.error:.2g} after {contacts:,} contacts; a third of the tolerance is wanted"
    elif abs(off) > row.tolerance:
        verdict, reason = FAILED, "outside its tolerance"
    elif cut_off:
        verdict, reason = CANNOT_TELL, f"{cut_off} contacts inside the window were cut off by the end of the run"
    return Checked(
        f"{name}:{row.metric}", model, row.metric, row.value, found.value, low, high, z, row.source, row.tolerance,
        found.error, row.error, replications, contacts, verdict, reason,
    )  # fmt: skip


def _times_needed(found: Estimate, row: Expected) -> float:
    """Return how many times as many replications the figure takes; at most 1 where it is precise enough."""
    if not math.isfinite(found.error):
        return 1.0 if math.isnan(found.value) else 2.0
    return (found.error / (row.tolerance * ERROR_SHARE_WANTED)) ** 2


def _joined(gathered: Sequence[Sums]) -> Sums:
    return np.concatenate([above for above, _ in gathered]), np.concatenate([below for _, below in gathered])


def _written(folder: Path, name: str, system: System) -> LoadedScenario:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({**system.scenario, "scenario": name}, indent=1))  # JSON is YAML 1.2
    return load_scenario(path)


def _planned(loaded: LoadedScenario) -> int:
    return loaded.scenario.days * round(sum(count for cells in loaded.contacts.values() for _, count in cells))


def _seed(name: str, seed: int) -> int:
    """Return a seed of the system's own, far from the others': batches count on from it."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0xFFFFF000
