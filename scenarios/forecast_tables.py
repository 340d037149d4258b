"""Volumes by date from a planner's table, as tools for workforce planning export them.

A row is an interval of a date: columns `date` and `time` (or `interval`, or `starts`), or `from` with both; `contacts`;
and `intent` and `channel` where one table has several. How long an interval is comes of the rows: the shortest time
between two of a day. Times are those of the scenario's clock. Days that a scenario needs and the table has not are a
fault, but for days on which no channel is open. Every fault is told, with line and column.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.tables import header_of, known_text, read_rows, volume
from scenarios.units import DAY_MINUTES, DAY_S, clock_s, clock_text

Real = npt.NDArray[np.float64]

TIME_COLUMNS = ("time", "interval", "starts")
COLUMNS = "date and time (or from), contacts; and intent and channel where they differ"
DATES_TOLD = 7
"""So many missing dates are named; of more, how many."""

_DASH = re.compile(r"\s*[-\u2013]\s*")


class Row(NamedTuple):
    """An interval of a date in a table."""

    line: int
    date: datetime.date
    start_s: int
    contacts: float
    intent: str | None
    channel: str | None


@dataclass(frozen=True, eq=False)
class TableVolumes:
    """The volumes of an entry of demand in a table."""

    path: Path
    interval_minutes: int
    by_channel: bool
    days: Mapping[datetime.date, Sequence[tuple[float, Real]]] = field(repr=False)

    def on(self, date: datetime.date) -> Sequence[tuple[float, Real]]:
        """Return (start of the interval in s after midnight, contacts by channel, or in all) of a date."""
        return self.days.get(date, ())

    def daily(self) -> list[tuple[float, float]]:
        """Return (start of the interval, mean contacts over all dates), in the order of time."""
        sums: dict[float, float] = {}
        for rows in self.days.values():
            for start_s, count in rows:
                sums[start_s] = sums.get(start_s, 0.0) + float(count.sum())
        return [(start_s, total / len(self.days)) for start_s, total in sorted(sums.items())]

    def shares(self) -> Real:
        """Return the share of each channel over all dates; NaN where nobody is expected at all."""
        total = sum((count for rows in self.days.values() for _, count in rows), np.zeros(1))
        return np.asarray(total / total.sum() if total.sum() > 0 else total * np.nan)


def read_volumes(
    path: Path, intent: str, channels: Sequence[str], intents: Sequence[str], minutes: int | None
) -> TableVolumes:
    """Read the volumes of one intent.

    Args:
        path: the table.
        intent: whose rows, where the table has several.
        channels: on which it can come, where the table has them apart.
        intents: all that the scenario knows.
        minutes: how long an interval is; None: as the rows tell.

    Raises:
        FaultsFoundError: every fault of the table, or it has nothing of the intent.
    """
    stamp = _file(path).stat() if _file(path).is_file() else None
    rows = _rows_as_of(path, stamp.st_mtime_ns if stamp else 0, stamp.st_size if stamp else 0)
    faults = list(_strangers(path, rows, intent, channels, intents))
    own = [row for row in rows if row.intent is None or row.intent == intent]
    if not own and not faults:
        faults.append(Fault(str(path), 1, "intent", f"never {intent!r}", f"rows of {intent}, whose demand this is"))
    if own:
        minutes, more = _length(path, own, minutes)
        faults += more
    if faults or minutes is None:
        raise FaultsFoundError(faults)
    return TableVolumes(path, minutes, own[0].channel is not None, _by_date(own, channels))


def missing_dates(volumes: TableVolumes, dates: Sequence[datetime.date], what: str) -> Iterator[Fault]:
    """Yield one fault that lists the dates of which a table says nothing.

    Args:
        volumes: of the table.
        dates: those on which anybody can come.
        what: whose volumes they are, in words.
    """
    lacking = [date.isoformat() for date in dates if date not in volumes.days]
    if lacking:
        named = ", ".join(lacking[:DATES_TOLD])
        rest = f" and {len(lacking) - DATES_TOLD} more days" if len(lacking) > DATES_TOLD else ""
        covers = f"it has {min(volumes.days)} to {max(volumes.days)}"
        expected = f"a row for each day on which a channel is open, with 0 contacts where nobody comes ({covers})"
        yield Fault(str(volumes.path), 1, "the table", f"without {named}{rest} of {what}", expected)


def _file(path: Path) -> Path:
    from scenarios.workbooks import parted

    return path.with_name(parted(path.name)[0])


@functools.lru_cache(maxsize=16)
def _rows_as_of(path: Path, changed_ns: int, size: int) -> tuple[Row, ...]:
    """Read a table, once for all entries of demand that it is of, and for all alternatives."""
    header = header_of(path)
    clock = next((name for name in TIME_COLUMNS if name in header), None)
    whole = "from" in header
    if "contacts" not in header or not (whole or ("date" in header and clock)):
        found = "columns " + ", ".join(header or ["none"])
        raise FaultsFoundError([Fault(str(path), 1, "the header", found, f"columns {COLUMNS}")])
    columns: dict[str, Callable[[str], Any]] = {"from": _moment} if whole else {"date": _date, str(clock): _clock}
    known: dict[str, Callable[[str], Any]] = {name: known_text for name in ("intent", "channel") if name in header}
    rows, faults = read_rows(path, {**columns, "contacts": volume, **known})
    found_rows = []
    for line, cells in rows:
        date, start_s = cells["from"] if whole else (cells["date"], cells[str(clock)])
        found_rows.append(Row(line, date, start_s, cells["contacts"], cells.get("intent"), cells.get("channel")))
    faults += _twice(path, found_rows)
    if not rows and not faults:
        faults.append(Fault(str(path), 1, "the file", "without rows", "at least one row of contacts"))
    if faults:
        raise FaultsFoundError(faults)
    return tuple(found_rows)


def _twice(path: Path, rows: Sequence[Row]) -> Iterator[Fault]:
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        first = seen.setdefault((row.date, row.start_s, row.intent, row.channel), row.line)
        if first != row.line:
            of = "".join(f", {one}" for one in (row.intent, row.channel) if one)
            found = f"{row.date} {clock_text(row.start_s)}{of} again"
            yield Fault(str(path), row.line, "the row", found, f"each interval once; it stands on line {first} already")


def _strangers(
    path: Path, rows: Sequence[Row], intent: str, channels: Sequence[str], intents: Sequence[str]
) -> Iterator[Fault]:
    """Yield names that nobody knows, once each: their volumes would be lost without a word."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        named = [("intent", row.intent, intents)]
        if row.intent in (None, intent):
            named.append(("channel", row.channel, channels))
        for column, found, known in named:
            if found is not None and found not in known and (column, found) not in seen:
                seen.add((column, found))
                of = f", the channels of {intent}" if column == "channel" else ""
                yield Fault(str(path), row.line, column, repr(found), one_of(known, found) + of)


def _length(path: Path, rows: Sequence[Row], minutes: int | None) -> tuple[int | None, list[Fault]]:
    """Return how many minutes an interval has, and what speaks against those told."""
    starts: dict[datetime.date, set[int]] = {}
    for row in rows:
        starts.setdefault(row.date, set()).add(row.start_s)
    apart = [after - before for day in starts.values() for before, after in itertools.pairwise(sorted(day))]
    found = min(apart) // 60 if apart else None
    if minutes is None and found is None:
        expected = "several intervals of a day, or interval_minutes beside `forecast`: how long is one?"
        return None, [Fault(str(path), rows[0].line, "the table", "one row a day", expected)]
    if minutes is not None and found is not None and found != minutes:
        expected = f"rows {minutes} minutes apart, as interval_minutes says (left out: as the table tells)"
        return minutes, [Fault(str(path), rows[0].line, "the table", f"of rows {found} minutes apart", expected)]
    length_s = 60 * (minutes or found or DAY_MINUTES)
    first_s = min(row.start_s for row in rows)
    odd = next((row for row in rows if (row.start_s - first_s) % length_s), None)
    if odd is not None:
        expected = f"a whole number of intervals of {length_s // 60} minutes after {clock_text(first_s)}"
        return length_s // 60, [Fault(str(path), odd.line, "the time", clock_text(odd.start_s), expected)]
    return length_s // 60, []


def _by_date(rows: Sequence[Row], channels: Sequence[str]) -> dict[datetime.date, list[tuple[float, Real]]]:
    places = {name: place for place, name in enumerate(channels)}
    found: dict[datetime.date, dict[int, Real]] = {}
    for row in rows:
        size = 1 if row.channel is None else len(channels)
        count = found.setdefault(row.date, {}).setdefault(row.start_s, np.zeros(size))
        count[0 if row.channel is None else places[row.channel]] += row.contacts
    return {date: [(float(at), count) for at, count in sorted(day.items())] for date, day in found.items()}


def _date(text: str) -> datetime.date:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.time() != datetime.time() or moment.tzinfo is not None:
        raise ValueError("a date as YYYY-MM-DD")
    return moment.date()


def _clock(text: str) -> int:
    """Read when an interval starts: HH:MM, or HH:MM-HH:MM."""
    return _start(clock_s(_DASH.split(text.strip())[0]))


def _moment(text: str) -> tuple[datetime.date, int]:
    expected = "a local date and time as YYYY-MM-DDTHH:MM, without an offset"
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None
    if moment.tzinfo is not None:
        raise ValueError(expected)
    return moment.date(), _start(moment.hour * 3600 + moment.minute * 60 + moment.second)


def _start(at_s: int) -> int:
    if at_s % 60 or at_s >= DAY_S:
        raise ValueError("an interval that starts on a full minute before midnight")
    return at_s
