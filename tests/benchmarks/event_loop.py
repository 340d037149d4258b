"""The C++ event loop as the benchmarks use it: compiled, given a scenario's tables, timed and compared cell for cell.

What the two sides share stands here: `tables_of`, each array by the name by which the C++ asks for it, and `LEG`, the
rows it writes, whose columns are called as in `simulator.loop_legs`. A new column is a name in `TIMES` or `FACTS`
and a member of `Leg` in the C++, at the same place.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from scenarios.laws import DETERMINISTIC, EMPIRICAL, EXPONENTIAL, LOGNORMAL, UNIFORM
from scenarios.plan import DrawnPlan
from scenarios.scenario import CAUSES
from simulator import loop_legs
from simulator.floor_arrays import Floor, shifts_of
from simulator.loop_legs import Happened
from simulator.simpy_floor import Luck

SOURCE = Path(__file__).with_suffix(".cpp")
COMPILE = ("g++", "-O3", "-march=native", "-ffp-contract=off", "-std=c++17")
NO_COMPILER = "no g++ here: apt-get install g++"

TIMES = ("ARRIVED", "ANSWERED", "ENDED", "WRAP", "GIVES_UP")
FACTS = ("NUMBER", "ATTEMPT", "LEG", "CHANNEL", "QUEUE", "TEAM", "SEAT", "HISTORY", "LEG_END", "OUTCOME")
OWN = ("state", "before", "behind", "last")
"""What the C++ loop keeps in a row for itself; it is not compared."""

KNOWN_LAWS = {EXPONENTIAL, DETERMINISTIC, UNIFORM, LOGNORMAL, EMPIRICAL}

LEG = np.dtype([*((name, "i8") for name in TIMES), *((name, "i4") for name in (*FACTS, *OWN))], align=True)
DUTY = np.dtype([("seat", "i8"), ("from_us", "i8"), ("to_us", "i8")])


@dataclass(frozen=True)
class Ran:
    """What the program gave: seconds of each run, and the rows of the last."""

    seconds: list[float]
    legs: npt.NDArray[Any]
    duties: npt.NDArray[Any]


def compiled_into(folder: Path) -> Path:
    """Compile the loop and return the program."""
    program = folder / "event_loop"
    subprocess.run([*COMPILE, str(SOURCE), "-o", str(program)], check=True)
    return program


def tables_of(floor: Floor, plan: DrawnPlan, luck: Luck) -> dict[str, npt.NDArray[Any]]:
    """Return all that the loop reads, by name: one day for all, patience by channel, two causes to come back.

    Raises:
        ValueError: the scenario says something that this loop does not know.
    """
    shifts, floor_arrays = shifts_of(floor, luck.seed, luck.desk), floor.arrays
    if floor_arrays.more or plan.begun is not None or not set(floor_arrays.law_kind.tolist()) <= KNOWN_LAWS:
        raise ValueError("the loop in C++ knows volumes, teams, transfers, patience and retries only")
    days_us = floor_arrays.day_begins_us[:-1]
    again = floor_arrays.retry_probability.reshape(len(floor.channels), len(CAUSES))
    return {
        "luck": np.array([luck.seed, luck.plan, luck.desk]),
        "horizon_us": np.array([floor.horizon_us]),
        **{name: getattr(plan, name) for name in ("entity", "due_us", "patience_us", "channel", "intent")},
        **{name: values for name, values in floor_arrays._asdict().items() if isinstance(values, np.ndarray)},
        **{name: _alike(getattr(floor_arrays, name) - days_us) for name in ("opens_us", "closes_us")},
        "patience_law": _alike(floor_arrays.patience_law),
        "retry_probability": again[:, CAUSES.index("abandoned")].copy(),
        "retry_blocked": again[:, CAUSES.index("blocked")].copy(),
        **{f"shift_{name}": values for name, values in shifts._asdict().items()},
    }


def _alike(by_channel: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return one value for each channel of a table in which its days, or intents, are alike."""
    if (by_channel != by_channel[:, :1]).any():
        raise ValueError("the loop in C++ knows days and intents that are alike only")
    return by_channel[:, 0].copy()


def write_tables(path: Path, tables: dict[str, npt.NDArray[Any]]) -> None:
    """Write each table as its name (32 bytes), its size (8 bytes) and its numbers (8 bytes each)."""
    with path.open("wb") as file:
        for name, values in tables.items():
            assert values.dtype.itemsize == 8, name
            file.write(name.encode().ljust(32, b"\0") + np.int64(values.size).tobytes() + values.tobytes())


def run_loop(program: Path, variant: str, tables: Path, runs: int) -> Ran:
    """Run a variant of the loop (`general` or `pruned`) so many times on the same tables."""
    columns = tables.with_suffix(".columns")
    told = subprocess.run(
        [str(program), variant, str(tables), str(columns), str(runs)], check=True, capture_output=True, text=True
    )
    with columns.open("rb") as file:
        legs, duties = _rows(file, LEG), _rows(file, DUTY)
    return Ran([float(line) for line in told.stdout.split()], legs, duties)


def _rows(file: BinaryIO, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    count = int(np.fromfile(file, np.int64, 1)[0])
    return np.fromfile(file, kind, count)


def differences(happened: Happened, ran: Ran) -> list[str]:
    """Name the columns in which the two loops differ, both in the order of the log."""
    theirs = ran.legs[np.lexsort((ran.legs["LEG"], ran.legs["ATTEMPT"], ran.legs["NUMBER"]))]
    ours = {name: happened.times_us[:, getattr(loop_legs, name)] for name in TIMES}
    ours |= {name: happened.facts[:, getattr(loop_legs, name)] for name in FACTS}
    order = np.lexsort((ours["LEG"], ours["ATTEMPT"], ours["NUMBER"]))
    found = [
        f"{name}: {np.count_nonzero(values[order] != theirs[name]) if len(order) == len(theirs) else 'rows missing'}"
        for name, values in ours.items()
        if not np.array_equal(values[order], theirs[name])
    ]
    spells = sorted(map(tuple, happened.duties.tolist())), sorted(map(tuple, ran.duties.tolist()))
    return found if spells[0] == spells[1] else [*found, "duties"]
