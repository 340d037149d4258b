"""Tables that stand beside a scenario, CSV or Excel: volumes, agents through time, recorded arrivals.

Each reader checks its columns and every cell, and tells faults with the table's own file and line.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scenarios.faults import Fault, FaultsFoundError
from scenarios.units import AGENTS_MOST, INTERVAL_CONTACTS_MOST, clock_s, clock_text
from scenarios.workbooks import cell_name, is_workbook, sheet_rows
from scenarios.yaml_reader import shorten

ROWS_MOST = 5_000_000


class Arrival(NamedTuple):
    """A recorded contact that is played again."""

    contact_id: str
    due_s: float
    channel: str
    intent: str
    customer_id: str | None = None
    """Whose it was; None: that of a customer of their own."""


def read_contacts(path: Path) -> list[tuple[float, float]]:
    """Read expected contacts: (start of the interval in seconds after midnight, contacts), in order of time."""
    rows = read_table(path, {"starts": _clock, "contacts": volume})
    _rising(path, rows, "starts", "starts")
    return [(float(start), float(count)) for _, start, count in rows]


def read_agents(path: Path) -> list[tuple[float, int]]:
    """Read agents through time: (scenario second, agents from then on); the seconds rise."""
    rows = read_table(path, {"from_s": _amount, "agents": _whole})
    _rising(path, rows, "from_s", "agents")
    return [(float(at), int(count)) for _, at, count in rows]


def read_arrivals(path: Path) -> list[Arrival]:
    """Read recorded arrivals; the column customer_id may be left out, or be empty where nobody knows whose it was."""
    columns: dict[str, Callable[[str], Any]] = {
        "contact_id": known_text, "due_s": _amount, "channel": known_text, "intent": known_text,
    }  # fmt: skip
    rows = read_table(path, columns, {"customer_id": _known})
    seen: dict[str, int] = {}
    for line, recorded, *_ in rows:
        if seen.setdefault(recorded, line) != line:
            expected = f"each contact once; it stands on line {seen[recorded]} already"
            raise FaultsFoundError([Fault(str(path), line, "contact_id", repr(recorded), expected)])
    return [Arrival(*cells) for _, *cells in rows]


def _rising(path: Path, rows: list[tuple[Any, ...]], column: str, other: str) -> None:
    """Refuse a table without rows, and one whose first column does not rise."""
    if not rows:
        raise FaultsFoundError([Fault(str(path), 1, "the file", "without rows", f"at least one row of {other}")])
    for (_, before, *_), (line, after, *_) in itertools.pairwise(rows):
        if after <= before:
            found, expected = clock_or_seconds(column, after), clock_or_seconds(column, before)
            raise FaultsFoundError([Fault(str(path), line, column, found, f"later than {expected}, the row before")])


def clock_or_seconds(column: str, at_s: float) -> str:
    """Write a time as its column does."""
    return clock_text(at_s) if column == "starts" else f"{at_s:g}"


def read_points(path: Path) -> list[list[float]]:
    """Read an empirical law: [share, seconds], as `scenarios.laws.Empirical` checks them."""
    rows = read_table(path, {"share": _amount, "time_s": _amount})
    return [[float(share), float(time)] for _, share, time in rows]


def read_table(
    path: Path, columns: dict[str, Callable[[str], Any]], more: Mapping[str, Callable[[str], Any]] | None = None
) -> list[tuple[Any, ...]]:
    """Return a tuple per row of a CSV file or sheet: its line, its cells, then those of `more` columns it has, too.

    Raises:
        FaultsFoundError: the columns are not there, or a cell makes its reader raise a ValueError.
    """
    rows, faults = read_rows(path, columns, more)
    if faults:
        raise FaultsFoundError(faults)
    return [(line, *cells.values()) for line, cells in rows]


def header_of(path: Path) -> list[str]:
    """Return the names of a table's columns.

    Raises:
        FaultsFoundError: it cannot be read.
    """
    return next(_lines(path), (1, []))[1]


def read_rows(
    path: Path, columns: Mapping[str, Callable[[str], Any]], more: Mapping[str, Callable[[str], Any]] | None = None
) -> tuple[list[tuple[int, dict[str, Any]]], list[Fault]]:
    """Read a table: the line and the cells of each row that is right, by column, and a fault for each cell that is not.

    Args:
        path: the table.
        columns: those that it must have, and what reads a cell of each or raises `ValueError`.
        more: those that it may have.

    Raises:
        FaultsFoundError: it cannot be read, or lacks a column.
    """
    faults: list[Fault] = []
    rows: list[tuple[int, dict[str, Any]]] = []
    table = _lines(path)
    first_line, header = next(table, (1, []))
    if not set(columns) <= set(header):
        found = "columns " + ", ".join(header or ["none"])
        raise FaultsFoundError([Fault(str(path), first_line, "the header", found, "columns " + ", ".join(columns))])
    places = {name: place for place, name in enumerate(header)}
    columns = {**columns, **{name: read for name, read in (more or {}).items() if name in places}}
    for number, (line, texts) in enumerate(table):
        if number >= ROWS_MOST:
            faults.append(Fault(str(path), line, "the file", "longer", f"at most {ROWS_MOST} rows"))
            break
        cells: dict[str, Any] = {}
        for name, read in columns.items():
            text = texts[places[name]] if places[name] < len(texts) else ""
            try:
                cells[name] = read(text)
            except ValueError as error:
                key = f"{name} (cell {cell_name(places[name], line)})" if is_workbook(path) else name
                faults.append(Fault(str(path), line, key, shorten(text) if text else "empty", str(error)))
        if len(cells) == len(columns):
            rows.append((line, cells))
    return rows, faults


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    return sheet_rows(path) if is_workbook(path) else _csv_rows(path)


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row that is not empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.reader(lines)
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FaultsFoundError([Fault(str(path), 1, "the file", f"unreadable ({reason})", "a CSV file")]) from None


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value < math.inf):
        raise ValueError("a number, 0 or more")
    return value


def volume(text: str) -> float:
    """Read how many contacts are expected in an interval."""
    value = _amount(text)
    if value > INTERVAL_CONTACTS_MOST:
        raise ValueError(f"at most {INTERVAL_CONTACTS_MOST}")
    return value


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("a whole number, 0 or more")
    if int(text) > AGENTS_MOST:
        raise ValueError(f"at most {AGENTS_MOST}")
    return int(text)


def known_text(text: str) -> str:
    """Read some text."""
    if not text:
        raise ValueError("some text")
    return text


def _known(text: str) -> str | None:
    return text.strip() or None


def _clock(text: str) -> int:
    return clock_s(text)
