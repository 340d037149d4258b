"""The caps' ledger: every contact takes its place here before its first byte, over all processes and runs of a charter.

SQLite beside the charter file, or in memory for a charter that has none and so is no other process's. A place is taken
in one transaction that counts and books, so two processes never exceed a cap; it is never given back for how a contact
went, so one that was killed keeps it. Counts are by second and by the charter's day, in wall time whatever the clock of
the run: what a desk's owner has agreed to bear is told by the owner's clock.

A load takes places in blocks, each at most a hundredth of what is left under the narrowest cap and good for the second
in which it was taken only: a block counts as taken from the start, so it may waste places but never exceed a cap, and
below 200 places left every contact takes its own. What a block did not use is given back with the next one, or at
`close`; a kill keeps it taken. Power failing may forget the last moments: the file is not forced to disk each time.
Guarded by tests/probes/test_ledger.py.
"""

from __future__ import annotations

import datetime
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scenarios.charter import Charter

BLOCK_MOST = 64
BLOCK_SHARE = 100
WINDOW_S = 61
"""A minute and the second that has begun: in no 60 seconds, wherever they start, are there more than the cap."""

LOCKED_S_MOST = 5.0
MEMORY = ":memory:"

SCHEMA = """
create table if not exists seconds (
    channel text, second integer, contacts integer, primary key (channel, second)) without rowid;
create table if not exists days (
    channel text, day text, contacts integer, primary key (channel, day)) without rowid;
"""


class LedgerError(Exception):
    """The ledger cannot be written, so nothing may begin; the message says which file and why."""


@dataclass
class _Block:
    second: int
    day: str
    left: int


@dataclass(frozen=True)
class _Room:
    """How many more contacts one cap bears, and how it is told."""

    left: int
    reason: str


def ledger_path(charter: Charter, folder: Path | None = None) -> Path | None:
    """Return where a charter's ledger lies: beside its file, else in a folder that is named, else nowhere."""
    if charter.file is not None:
        return charter.file.with_name(charter.file.stem + ".ledger.sqlite")
    return None if folder is None else folder / "charter.ledger.sqlite"


class Ledger:
    """Counts the contacts that begin under one charter."""

    def __init__(self, charter: Charter, path: Path | None = None) -> None:
        self._charter, self._path = charter, path
        self._blocks: dict[str, _Block] = {}
        self._lock = threading.Lock()
        self._connected: sqlite3.Connection | None = None
        self._process = 0

    def take(self, channel: str, at: datetime.datetime, day_most: int | None = None) -> str | None:
        """Take a place for a contact that begins now; returns None, or the reason why there is none.

        Args:
            channel: the channel it goes over.
            at: now.
            day_most: a cap for the day that is narrower than the charter's, such as before control is proved.

        Raises:
            LedgerError: the file cannot be written.
        """
        second, day = math.floor(at.timestamp()), self._charter.local(at).date().isoformat()
        with self._lock:
            block = self._blocks.get(channel)
            if block is not None and block.left and (block.second, block.day) == (second, day):
                block.left -= 1
                return None
            try:
                return self._book(channel, second, day, day_most)
            except sqlite3.Error as error:
                raise LedgerError(f"the ledger {self._path or MEMORY} cannot be written ({error})") from None

    def today(self, at: datetime.datetime) -> int:
        """Return how many places of the day are taken."""
        day = self._charter.local(at).date().isoformat()
        with self._lock:
            try:
                return self._sum("days", "day = ?", day)
            except sqlite3.Error as error:
                raise LedgerError(f"the ledger {self._path or MEMORY} cannot be read ({error})") from None

    def copied(self) -> Ledger:
        """Return a ledger in memory that begins where this one stands, to try things on; this one is closed."""
        other = Ledger(self._charter)
        try:
            if self._path is None or self._path.exists():
                with self._lock:
                    self._connection().backup(other._connection())
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger {self._path or MEMORY} cannot be read ({error})") from None
        self.close()
        return other

    def close(self) -> None:
        """Give back what no contact used, and close the file."""
        with self._lock:
            if self._connected is None or self._process != os.getpid():
                return
            try:
                self._connected.execute("begin immediate")
                self._give_back(self._connected, list(self._blocks))
                self._connected.execute("commit")
            except sqlite3.Error:
                self._blocks.clear()  # then those places stay taken
            self._connected.close()
            self._connected = None

    def _book(self, channel: str, second: int, day: str, day_most: int | None) -> str | None:
        connection = self._connection()
        connection.execute("begin immediate")
        try:
            over = [name for name, b in self._blocks.items() if name == channel or (b.second, b.day) != (second, day)]
            self._give_back(connection, over)
            narrowest = min(self._rooms(channel, second, day, day_most), key=lambda room: room.left)
            if narrowest.left > 0:
                size = max(1, min(BLOCK_MOST, narrowest.left // BLOCK_SHARE))
                self._add(channel, second, day, size)
                self._blocks[channel] = _Block(second, day, size - 1)
            connection.execute("delete from seconds where second < ?", (second - 2 * WINDOW_S,))
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            self._blocks.pop(channel, None)
            raise
        return None if narrowest.left > 0 else narrowest.reason

    def _rooms(self, channel: str, second: int, day: str, day_most: int | None) -> Iterator[_Room]:
        charter = self._charter
        cap = charter.caps.get(channel)  # type: ignore[call-overload]  # a channel that has no cap is any text
        whole_day = charter.contacts_per_day_most if day_most is None else min(charter.contacts_per_day_most, day_most)
        today, minute = self._sum("days", "day = ?", day), self._sum("seconds", "second > ?", second - WINDOW_S)
        yield _Room(whole_day - today, f"the day's {whole_day} contacts are taken ({day})")
        yield _Room(charter.per_minute_most - minute, f"the minute's {charter.per_minute_most} contacts are taken")
        if cap is not None and cap.per_day_most is not None:
            mine = self._sum("days", "day = ? and channel = ?", day, channel)
            yield _Room(
                cap.per_day_most - mine, f"the day's {cap.per_day_most} contacts by {channel} are taken ({day})"
            )
        if cap is not None and cap.per_minute_most is not None:
            mine = self._sum("seconds", "second > ? and channel = ?", second - WINDOW_S, channel)
            yield _Room(
                cap.per_minute_most - mine, f"the minute's {cap.per_minute_most} contacts by {channel} are taken"
            )

    def _add(self, channel: str, second: int, day: str, contacts: int) -> None:
        for table, column, when in (("seconds", "second", second), ("days", "day", day)):
            self._connection().execute(
                f"insert into {table} values (?, ?, ?) on conflict (channel, {column}) do update "
                "set contacts = contacts + excluded.contacts",
                (channel, when, contacts),
            )

    def _give_back(self, connection: sqlite3.Connection, channels: Iterable[str]) -> None:
        """Give back what is left of these channels' blocks."""
        for channel in channels:
            block = self._blocks.pop(channel)
            for table, column, when in (("seconds", "second", block.second), ("days", "day", block.day)):
                connection.execute(
                    f"update {table} set contacts = contacts - ? where channel = ? and {column} = ?",
                    (block.left, channel, when),
                )

    def _sum(self, table: str, where: str, *values: object) -> int:
        row = self._connection().execute(f"select total(contacts) from {table} where {where}", values).fetchone()
        return int(row[0])

    def _connection(self) -> sqlite3.Connection:
        """Return this process's connection; one that was inherited from a parent is not used."""
        if self._connected is None or self._process != os.getpid():
            self._blocks = {}
            place = MEMORY if self._path is None else str(self._path)
            connection = sqlite3.connect(place, timeout=LOCKED_S_MOST, isolation_level=None, check_same_thread=False)
            _prepare(connection)
            self._connected, self._process = connection, os.getpid()
        return self._connected


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables; several processes may do so at once, and the change to a write-ahead log waits for no lock."""
    until_s = time.monotonic() + LOCKED_S_MOST
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until_s:
                raise
            time.sleep(0.01)
        else:
            return
