"""CSV tables that stand beside a scenario: volumes, agents through time, recorded arrivals.

Each reader checks its columns and every cell, and tells faults with the CSV's own file and line.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scenarios.faults import Fault, FaultsFoundError
from scenarios.units import clock_s

ROWS_MOST = 5_000_000


def read_contacts(path: Path) -> list[tuple[float, float]]:
    """Read expected contacts: (start of the interval in seconds after midnight, contacts), in order of time."""
    rows = _read(path, {"starts": _clock, "contacts": _amount})
    return [(float(start), float(count)) for start, count in rows]


def read_agents(path: Path) -> list[tuple[float, int]]:
    """Read agents through time: (scenario second, agents from then on); the seconds rise."""
    rows = [(float(at), int(count)) for at, count in _read(path, {"from_s": _amount, "agents": _whole})]
    for line, (before, after) in enumerate(itertools.pairwise(rows), start=3):
        if after[0] <= before[0]:
            raise FaultsFoundError(
                [Fault(str(path), line, "from_s", f"{after[0]:g}", f"more than {before[0]:g}, the row before")]
            )
    return rows


def read_arrivals(path: Path) -> list[tuple[str, float, str, str]]:
    """Read recorded arrivals: (contact_id, due_s, channel, intent)."""
    rows = _read(path, {"contact_id": _text, "due_s": _amount, "channel": _text, "intent": _text})
    return [(str(a), float(b), str(c), str(d)) for a, b, c, d in rows]


def read_points(path: Path) -> list[list[float]]:
    """Read an empirical law: [share, seconds], as `scenarios.laws.Empirical` checks them."""
    rows = _read(path, {"share": _amount, "time_s": _amount})
    return [[float(share), float(time)] for share, time in rows]


def _read(path: Path, columns: dict[str, Callable[[str], Any]]) -> list[tuple[Any, ...]]:
    faults: list[Fault] = []
    rows: list[tuple[Any, ...]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            absent = [name for name in columns if name not in (reader.fieldnames or [])]
            if absent:
                found = "columns " + ", ".join(reader.fieldnames or ["none"])
                raise FaultsFoundError([Fault(str(path), 1, "the header", found, "columns " + ", ".join(columns))])
            for row in reader:
                if len(rows) >= ROWS_MOST:
                    faults.append(Fault(str(path), reader.line_num, "the file", "longer", f"at most {ROWS_MOST} rows"))
                    break
                cells = []
                for name, read in columns.items():
                    try:
                        cells.append(read(row[name] or ""))
                    except ValueError as error:
                        faults.append(Fault(str(path), reader.line_num, name, repr(row[name]), str(error)))
                rows.append(tuple(cells))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FaultsFoundError([Fault(str(path), 1, "the file", f"unreadable ({error})", "a CSV file")]) from None
    if faults:
        raise FaultsFoundError(faults)
    return rows


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value < math.inf):
        raise ValueError("a number, 0 or more")
    return value


def _whole(text: str) -> int:
    if not text.isdigit():
        raise ValueError("a whole number, 0 or more")
    return int(text)


def _text(text: str) -> str:
    if not text:
        raise ValueError("some text")
    return text


def _clock(text: str) -> int:
    return clock_s(text)
