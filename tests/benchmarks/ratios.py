"""The benchmarks' table, from the JSON that `make bench` keeps: speeds, ratios, and which limits are kept.

    python -m tests.benchmarks.ratios runs/bench.json

Contacts per second are those of the best round. Refuses to guess: a row that was not measured is said to be missing.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.event_loop import NO_COMPILER
from tests.benchmarks.rows import (
    CIMBA,
    CIW,
    CLOCK,
    COMMAND,
    CPP_GENERAL,
    CPP_PRUNED,
    ENGINE_SIMPY,
    FIGURES,
    LOGGED,
    LOOP,
    ONE_THREAD,
    PLAIN,
    PLANNED,
    QUEUE,
    SALABIM,
    TWO_THREADS,
    VOLUMES,
    WHOLE,
)

Place = tuple[str, str]
"""System and row."""

ROWS: dict[str, tuple[str, ...]] = {
    QUEUE: (PLAIN, CIW, SALABIM, CIMBA, ENGINE_SIMPY, LOGGED, FIGURES, PLANNED, LOOP, CPP_GENERAL, CPP_PRUNED),
    VOLUMES: (PLAIN, ENGINE_SIMPY, LOGGED, FIGURES, PLANNED, LOOP, CPP_GENERAL),
    WHOLE: (ENGINE_SIMPY, LOGGED, FIGURES, PLANNED, LOOP),
    CLOCK: (ONE_THREAD, TWO_THREADS, COMMAND),
}


@dataclass(frozen=True)
class Limit:
    """How many times as fast one row is to be as another."""

    times: float
    row: Place
    than: Place


LIMITS = (
    Limit(100, (QUEUE, LOOP), (QUEUE, PLAIN)),
    Limit(100, (QUEUE, PLANNED), (QUEUE, PLAIN)),
    Limit(40, (VOLUMES, LOOP), (VOLUMES, PLAIN)),
    Limit(40, (VOLUMES, PLANNED), (VOLUMES, PLAIN)),
    Limit(0.3, (VOLUMES, LOOP), (VOLUMES, CPP_GENERAL)),
    Limit(0.7, (QUEUE, LOOP), (QUEUE, CPP_PRUNED)),
    Limit(0.5, (QUEUE, ENGINE_SIMPY), (QUEUE, PLAIN)),
    Limit(0.5, (VOLUMES, ENGINE_SIMPY), (VOLUMES, PLAIN)),
    Limit(30, (WHOLE, LOOP), (WHOLE, ENGINE_SIMPY)),
    Limit(1.6, (CLOCK, TWO_THREADS), (CLOCK, ONE_THREAD)),
)
SECONDS_MOST = {(CLOCK, TWO_THREADS): 1.5, (CLOCK, COMMAND): 4.0}


def speeds_of(document: dict[str, Any]) -> dict[Place, float]:
    """Return contacts per second of each row, or runs per second where it counts none: of the best round of all."""
    speeds: dict[Place, float] = {}
    for row in document["benchmarks"]:
        place = row["group"], row["extra_info"]["row"]
        speed = (row["extra_info"]["contacts"] or 1) / row["stats"]["min"]
        speeds[place] = max(speed, speeds.get(place, 0.0))
    return speeds


def table(document: dict[str, Any]) -> list[str]:
    """Return the lines of the table."""
    speeds, machine = speeds_of(document), document["machine_info"]
    cpu = machine.get("cpu", {})
    lines = [
        f"make bench, {document['datetime'][:10]}: {cpu.get('brand_raw', machine['machine'])}, {cpu.get('count', '?')} "
        f"cores, {machine['system']}, Python {machine['python_version']}; one thread, the best of several rounds",
    ]
    for system in (QUEUE, VOLUMES, WHOLE):
        lines += ["", f"{system:52} {'contacts/s':>12} {'of SimPy':>9} {'of C++':>7}"]
        plain = speeds.get((system, PLAIN))
        cpp = speeds.get((system, CPP_PRUNED)) or speeds.get((system, CPP_GENERAL))
        for row in ROWS[system]:
            speed = speeds.get((system, row))
            if speed is None:
                lines.append(f"  {row:50} {missing(row)}")
                continue
            lines.append(f"  {row:50} {speed:12,.0f} {_ratio(speed, plain, '9.3g')} {_ratio(speed, cpp, '7.3g')}")
    lines += ["", f"{CLOCK:52} {'seconds':>12}"]
    for row in ROWS[CLOCK]:
        taken_s = _seconds(document, row)
        lines.append(f"  {row:50} {missing(row) if taken_s is None else f'{taken_s:12.2f}'}")
    return lines


def kept(document: dict[str, Any]) -> list[str]:
    """Return a line for each limit: kept, missed, or not measured."""
    speeds = speeds_of(document)
    lines = []
    for limit in LIMITS:
        what = f"{limit.row[0]}: {limit.row[1]}, of {limit.than[1]}"
        if limit.row in speeds and limit.than in speeds:
            ratio = speeds[limit.row] / speeds[limit.than]
            lines.append(
                f"{'kept' if ratio >= limit.times else 'MISSED':12} {ratio:8.2f}, at least {limit.times:g}: {what}"
            )
        else:
            lines.append(f"not measured {'':8}  at least {limit.times:g}: {what}")
    for (_, row), most_s in SECONDS_MOST.items():
        taken_s = _seconds(document, row)
        if taken_s is None:
            lines.append(f"not measured {'':8}  at most {most_s:g} s: {row}")
        else:
            lines.append(f"{'kept' if taken_s <= most_s else 'MISSED':12} {taken_s:8.2f}, at most {most_s:g} s: {row}")
    return lines


def missing(row: str) -> str:
    """Say why a row is not there."""
    if row in (CPP_GENERAL, CPP_PRUNED) and not shutil.which("g++"):
        return f"not measured ({NO_COMPILER})"
    return "not measured"


def _seconds(document: dict[str, Any], row: str) -> float | None:
    found = [each["stats"]["min"] for each in document["benchmarks"] if each["extra_info"]["row"] == row]
    return float(min(found)) if found else None


def _ratio(speed: float, of: float | None, form: str) -> str:
    return format(speed / of, form) if of else " " * int(form.split(".")[0])


def main() -> None:
    """Print the table and the limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", type=Path)
    document = json.loads(parser.parse_args().json.read_text(encoding="utf-8"))
    print("\n".join([*table(document), "", *kept(document)]))


if __name__ == "__main__":
    main()
