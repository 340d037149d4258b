"""A recorded call or ticket log becomes a contact log: each row a contact with one leg, or rejected with a reason.

The mapping (`scenarios.mapping`) says how the log is read. What cannot be read is never guessed and never dropped in
silence: it is counted by reason in run.json and written, with its line, to the table `rejected`. The run folder appears
whole or not at all.

`_s` columns count from local midnight of the first kept day, by the clock on the wall, as a scenario's do: a contact
at 09:00 on day k arrives at k x 86,400 + 32,400, on both sides of a change to summer time. How long things took is
elapsed time, even across the change.

What a log does not say stays null: when a contact was due, wrap-up, holds, whether the answer resolved anything.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from results.runs import FINISHED, Run, RunError, run_id
from scenarios.calendar import WEEKDAYS
from scenarios.faults import Fault, FaultsFoundError
from scenarios.mapping import ANSWERED_ENDS, LoadedMapping, Mapping, Words
from scenarios.scenario import CHANNELS
from scenarios.units import DAY_S, clock_s

Progress = Callable[[float], None]
"""Told the share of the file that is read, between 0 and 1."""

ROWS_AT_ONCE = 100_000
ROWS_MOST = 20_000_000
REASONS_MOST = 100

UNKNOWN_AGENT = "unknown"
"""The agent of an answered contact where the log does not say, or is not believed."""

YEARS = (1970, 2199)
"""No contact lies outside: a larger number of seconds since 1970 is milliseconds, or a slip."""

PAST_MIDNIGHT_S = 43_200
"""A time of day more than 12 hours before its contact's arrival lies on the next day."""


def import_log(log: Path, mapping: LoadedMapping, folder: Path, progress: Progress | None = None) -> Run:
    """Read a recorded log into a new run folder.

    Raises:
        FaultsFoundError: the log cannot be read, lacks columns, or no row of it is a contact.
        RunError: the folder already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is not empty; name a new folder with -o")
    digest = hashlib.blake2b(digest_size=8)
    kept, rejected = _Reader(log, mapping.mapping, digest.update, progress).read()
    if kept.empty:
        counts = ", ".join(f"{reason}: {count}" for reason, count in _by_reason(rejected).items())
        raise FaultsFoundError([Fault(str(log), 1, "the rows", f"no contact ({counts or 'empty'})", "at least one")])
    first, last = kept["day"].min(), kept["day"].max()
    origin = _origin(first, mapping.mapping.clock.time_zone)
    name = run_id("recorded", mapping.mapping.mapping, digest.hexdigest(), 0, mapping.hash)
    facts = {
        "run_id": name,
        "kind": "recorded",
        "origin": origin.isoformat(),
        "time_zone": mapping.mapping.clock.time_zone,
        "days": int((last - first).days) + 1,
        "mapping": mapping.mapping.mapping,
        "mapping_hash": mapping.hash,
        "acknowledge": mapping.mapping.source,
        "log": log.name,
        "log_hash": digest.hexdigest(),
        "rows": len(kept) + len(rejected),
        "kept": len(kept),
        "rejected": _by_reason(rejected),
    }
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        run = Run.create(part, facts)
        run.write_table("legs", _legs(kept, first, origin, name))
        run.write_table("rejected", rejected)
        run.write_facts(state=FINISHED)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Run.open(folder)


def _origin(first: pd.Timestamp, time_zone: str) -> datetime.datetime:
    return datetime.datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(time_zone))


def _by_reason(rejected: pd.DataFrame) -> dict[str, int]:
    """Count rejected rows by reason; beyond the most frequent reasons, the rest together."""
    counts = rejected["reason"].value_counts()
    told = {str(reason): int(count) for reason, count in counts.head(REASONS_MOST).sort_index().items()}
    rest = int(counts.iloc[REASONS_MOST:].sum())
    return told | ({"other reasons": rest} if rest else {})


def _offset_s(instant: datetime.datetime) -> float:
    offset = instant.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _legs(kept: pd.DataFrame, first: pd.Timestamp, origin: datetime.datetime, name: str) -> pd.DataFrame:
    """Return the kept rows as the log's legs."""
    arrived = (kept["day"] - first).dt.days * float(DAY_S) + kept["of_day_s"]
    arrived -= kept["offset_s"] - _offset_s(origin)  # where clocks have changed since, more or less has elapsed
    answered = kept["leg_end"].isin(ANSWERED_ENDS)
    outcome = kept["leg_end"].where(~kept["leg_end"].isin(["answered", "transferred", "contained"]), None)
    legs = pd.DataFrame(
        {
            "run_id": name,
            "source": "recorded",
            "replication": 0,
            "played_by": "background",
            "customer_id": kept["customer"].where(kept["customer"] != "", kept["contact"]),
            "case_id": kept["contact"],
            "contact_id": kept["contact"],
            "attempt": 1,
            "leg": 0,
            "channel": kept["channel"],
            "intent": kept["intent"],
            "agent": kept["agent"].where(answered, None),
            "arrived_s": arrived,
            "answered_s": (arrived + kept["wait_s"]).where(answered),
            "ended_s": arrived + kept["wait_s"] + kept["talk_s"].fillna(0.0),
            "talk_s": kept["talk_s"],
            "leg_end": kept["leg_end"],
            "contact_outcome": outcome,
        }
    )
    times = ["arrived_s", "answered_s", "ended_s", "talk_s"]
    legs[times] = legs[times].round(6)  # seconds since 1970 are known to a quarter of a microsecond
    return legs.sort_values(["customer_id", "case_id"], kind="stable", ignore_index=True)


# -- reading ---------------------------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """Reads a log in pieces, so that its size is bounded by what is kept."""

    log: Path
    mapping: Mapping
    seen: Callable[[bytes], None]
    progress: Progress | None

    def read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the kept rows and the rejected ones."""
        kept, rejected = [], []
        for rows, broken in self._pieces():
            contacts, others = _contacts(rows, self.mapping)
            kept.append(contacts)
            rejected += [others, broken]
        contacts = pd.concat(kept, ignore_index=True)
        again = contacts.duplicated("contact")
        rejected.append(pd.DataFrame({**contacts[again][["line", "row"]], "reason": "contact seen before"}))
        told = pd.concat(rejected, ignore_index=True)[["line", "reason", "row"]]
        return contacts[~again].reset_index(drop=True), told.sort_values("line", kind="stable", ignore_index=True)

    def _pieces(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield rows with all their cells, and rows with too few or too many, until the file ends."""
        wanted = self.mapping.columns()
        with self._faults() as at, self._text() as (text, share):
            lines = csv.reader(text, delimiter=self.mapping.file.delimiter)
            header = [name.strip() for name in next(lines, [])]
            absent = [name for name in wanted if name not in header]
            if absent:
                expected = f"columns {', '.join(wanted)}"
                found = f"columns {', '.join(header) or 'none'}"
                raise FaultsFoundError([Fault(str(self.log), 1, "the header", found[:300], expected)])
            places = [header.index(name) for name in wanted]
            total, ended = 0, False
            while not ended:
                rows: list[tuple[object, ...]] = []
                broken: list[tuple[object, ...]] = []
                while len(rows) + len(broken) < ROWS_AT_ONCE:
                    cells = next(lines, None)
                    if cells is None:
                        ended = True
                        break
                    at[0] = lines.line_num
                    row = self.mapping.file.delimiter.join(cells)
                    if len(cells) == len(header):
                        rows.append((at[0], row, *(cells[place].strip() for place in places)))
                    elif cells:
                        broken.append((at[0], f"{len(cells)} cells, not {len(header)}", row))
                total += len(rows) + len(broken)
                if total > ROWS_MOST:
                    raise FaultsFoundError(
                        [Fault(str(self.log), at[0], "the file", "longer", f"at most {ROWS_MOST} rows")]
                    )
                if self.progress:
                    self.progress(share())
                yield (
                    pd.DataFrame(rows, columns=["line", "row", *wanted]).astype({"line": "int64"}),
                    pd.DataFrame(broken, columns=["line", "reason", "row"]),
                )

    @contextmanager
    def _text(self) -> Iterator[tuple[io.TextIOBase, Callable[[], float]]]:
        """Open the log, unpacked, with a function that tells how much of it is read."""
        size = max(self.log.stat().st_size, 1)
        with self.log.open("rb") as raw:
            told = _Told(raw, self.seen)
            buffered = io.BufferedReader(told, 1 << 20)
            opened = gzip.GzipFile(fileobj=buffered) if self.log.suffix == ".gz" else buffered
            encoding = "utf-8-sig" if self.mapping.file.encoding == "utf-8" else self.mapping.file.encoding
            with io.TextIOWrapper(opened, encoding=encoding, newline="") as text:
                yield text, lambda: min(told.count / size, 1.0)

    @contextmanager
    def _faults(self) -> Iterator[list[int]]:
        """Turn what goes wrong with the file into a fault at the line reached."""
        at = [1]
        try:
            yield at
        except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
            words = getattr(error, "strerror", None) or str(error)
            expected = f"a readable {self.mapping.file.encoding} text file"
            raise FaultsFoundError([Fault(str(self.log), at[0], "the file", f"broken ({words})", expected)]) from None


class _Told(io.RawIOBase):
    """A file that tells of every byte that is read from it."""

    def __init__(self, raw: Any, seen: Callable[[bytes], None]) -> None:
        self.raw, self.seen, self.count = raw, seen, 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read, and tell."""
        count = int(self.raw.readinto(buffer))
        self.seen(bytes(buffer[:count]))
        self.count += count
        return count


# -- one piece -------------------------------------------------------------------------------------------------------


def _contacts(rows: pd.DataFrame, mapping: Mapping) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn rows into contacts; returns those and the rest with reasons. The first reason that holds is told."""
    reason = pd.Series("", index=rows.index, dtype=object)

    def reject(where: pd.Series[bool], why: pd.Series[str] | str) -> None:
        chosen = where.to_numpy(dtype=bool) & (reason == "").to_numpy(dtype=bool)
        reason[chosen] = why[chosen] if isinstance(why, pd.Series) else why

    end, refused = _ends(rows, mapping)
    reject(refused != "", refused)
    reject(end == "", _telling("no outcome rule fits", rows, mapping.outcome.column))
    times = _Times(rows, mapping)
    arrived, unread = times.first(mapping.arrived)
    reject(unread, "arrival unreadable")
    reject(arrived.isna(), "no arrival")
    answered, unread = times.first(mapping.answered, arrived)
    is_answered = end.isin(ANSWERED_ENDS)
    reject(is_answered & unread, "answer unreadable")
    reject(is_answered & answered.isna(), "answered without a time")
    ended, unread = times.first(mapping.ended, arrived)
    talk = pd.Series(np.nan, index=rows.index)
    if mapping.talk:
        talk = pd.to_numeric(rows[mapping.talk], errors="coerce").where(is_answered)
        reject(is_answered & ~np.isfinite(talk), "talk unreadable")
    else:
        talk = (ended - answered).where(is_answered)
    by_end = ~is_answered if mapping.talk else is_answered | True
    reject(by_end & unread, "end unreadable")
    reject(by_end & ended.isna(), "no end")
    wait = (answered - arrived).where(is_answered, ended - arrived)
    reject((wait < 0) | (talk < 0), "negative time")
    local = pd.to_datetime(arrived, unit="s", utc=True).dt.tz_convert(mapping.clock.time_zone).dt.tz_localize(None)
    contacts = pd.DataFrame({"line": rows["line"], "row": rows["row"], "leg_end": end, "wait_s": wait, "talk_s": talk})
    contacts["day"] = local.dt.normalize()
    contacts["of_day_s"] = (local - contacts["day"]).dt.total_seconds()
    contacts["offset_s"] = ((local - pd.Timestamp(0)).dt.total_seconds() - arrived).round()
    contacts["contact"] = ["-".join(parts) for parts in zip(*(rows[name] for name in mapping.contact), strict=True)]
    reject((rows[mapping.contact] == "").all(axis=1), "no contact id")
    contacts["channel"] = _named(rows, mapping.channel)
    reject(~contacts["channel"].isin(CHANNELS), _telling("unknown channel", rows, mapping.channel.column))
    contacts["intent"] = _named(rows, mapping.intent)
    reject(contacts["intent"] == "", _telling("unknown intent", rows, mapping.intent.column))
    contacts["customer"] = ""
    if mapping.customer:
        customer = rows[mapping.customer.column]
        contacts["customer"] = customer.where(~customer.isin(mapping.customer.unknown), "")
    contacts["agent"] = _agents(rows, mapping, times, arrived, answered)
    keep = mapping.keep
    if keep.weekdays is not None:
        reject(~local.dt.day_of_week.isin([WEEKDAYS.index(day) for day in keep.weekdays]), "outside the kept weekdays")
    opens, closes = clock_s(keep.opens), clock_s(keep.closes)
    reject(~contacts["of_day_s"].between(opens, closes, inclusive="left"), "outside the kept hours")
    fine = reason == ""
    others = pd.DataFrame({"line": rows["line"], "reason": reason, "row": rows["row"]})[~fine]
    return contacts[fine], others


def _ends(rows: pd.DataFrame, mapping: Mapping) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return each row's leg_end and each row's reason to be no contact, by the first rule that fits."""
    end = pd.Series("", index=rows.index, dtype=object)
    refused = end.copy()
    open_yet = pd.Series(True, index=rows.index)
    for rule in mapping.outcome.rules:
        fits = open_yet.copy()
        if rule.value is not None and mapping.outcome.column:
            fits &= rows[mapping.outcome.column] == rule.value
        if rule.there:
            fits &= ~rows[rule.there].isin(["", *mapping.clock.absent])
        end[fits], refused[fits] = rule.leg_end or "", rule.reject or ""
        open_yet &= ~fits
    return end, refused


def _telling(reason: str, rows: pd.DataFrame, column: str | None) -> pd.Series[str]:
    """Add the value that is at fault to a reason, shortened; so that the counts name the values to map."""
    if column is None:
        return pd.Series(reason, index=rows.index, dtype=object)
    return reason + " '" + rows[column].str.slice(0, 40).astype(object) + "'"


def _named(rows: pd.DataFrame, words: Words[Any]) -> pd.Series[str]:
    """Return our name for each row; empty where there is none."""
    if words.always is not None:
        return pd.Series(str(words.always), index=rows.index, dtype=object)
    assert words.column is not None
    texts = rows[words.column].astype(object)
    if words.values is not None:
        return texts.map({**words.values}).fillna(words.otherwise or "")
    plain = texts.str.lower().str.replace(r"[^a-z0-9]+", "_", regex=True).str.strip("_")
    return plain.where(plain.str.match(r"[a-z]"), "").str.slice(0, 40)


def _agents(
    rows: pd.DataFrame, mapping: Mapping, times: _Times, arrived: pd.Series[float], answered: pd.Series[float]
) -> pd.Series[str]:
    """Return who answered, as far as the log knows and its second clock bears it out."""
    if mapping.agent is None:
        return pd.Series(UNKNOWN_AGENT, index=rows.index, dtype=object)
    agent = rows[mapping.agent.column].astype(object)
    known = (agent != "") & ~agent.isin(mapping.agent.unknown)
    check = mapping.agent.check_start
    if check is not None:
        started, _ = times.first([check.column], arrived)
        known &= (started - answered).abs() < check.within_s
    return agent.where(known, UNKNOWN_AGENT)


class _Times:
    """A piece's time columns, read once each, as seconds since 1970."""

    def __init__(self, rows: pd.DataFrame, mapping: Mapping) -> None:
        self.rows, self.clock = rows, mapping.clock
        self._read: dict[str, tuple[pd.Series[float], pd.Series[bool]]] = {}
        if self.clock.date:
            texts = rows[self.clock.date]
            read = {text: pd.to_datetime(text, format=self.clock.date_format, errors="coerce") for text in set(texts)}
            self.dates = _in_years(pd.to_datetime(texts.map(read)))

    def first(
        self, columns: list[str], arrived: pd.Series[float] | None = None
    ) -> tuple[pd.Series[float], pd.Series[bool]]:
        """Return the first of the columns that holds something, in each row, and whether it could not be read."""
        found = pd.Series(np.nan, index=self.rows.index)
        unread = pd.Series(False, index=self.rows.index)
        empty = pd.Series(True, index=self.rows.index)
        for name in columns:
            holds = empty & ~self.rows[name].isin(["", *self.clock.absent])
            if name not in self._read:
                self._read[name] = self._seconds(self.rows[name])
            at_s, bad = self._read[name]
            found = found.where(~holds, at_s)
            unread |= holds & bad
            empty &= ~holds
        if arrived is not None and self.clock.form == "time_of_day":
            next_day = found < arrived - PAST_MIDNIGHT_S
            found = found.where(~next_day, found + DAY_S)
            if next_day.any():
                found[next_day] += self._longer_s(found[next_day])
        return found, unread

    def _seconds(self, texts: pd.Series[str]) -> tuple[pd.Series[float], pd.Series[bool]]:
        if self.clock.form == "time_of_day":
            parts = texts.str.extract(r"^(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$").astype(float)
            of_day = parts[0] * 3600 + parts[1] * 60 + parts[2].fillna(0.0)
            local = self.dates + pd.to_timedelta(of_day.where(of_day < DAY_S), unit="s")
            at_s = _epoch_s(self._placed(local))
        else:
            numbers = pd.to_numeric(texts, errors="coerce")
            numbers = numbers.where(numbers.between(0, (YEARS[1] - YEARS[0]) * 365 * DAY_S))
            local_text = ~texts.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", case=False)
            texts = texts.where(numbers.isna(), "")
            instants = _in_years(pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce"))
            placed = self._placed(instants.where(local_text).dt.tz_localize(None))
            at_s = numbers.where(numbers.notna(), _epoch_s(instants.where(~local_text, placed)))
        return at_s, at_s.isna()

    def _longer_s(self, next_day_s: pd.Series[float]) -> pd.Series[float]:
        """Return by how much the times before, a day ago by the clock, are further than 24 hours away."""
        offsets = []
        for ago_s in (DAY_S, 0):
            instants = pd.to_datetime(next_day_s - ago_s, unit="s", utc=True)
            local = instants.dt.tz_convert(self.clock.time_zone).dt.tz_localize(None)
            offsets.append((local - instants.dt.tz_localize(None)).dt.total_seconds())
        return offsets[0] - offsets[1]

    def _placed(self, local: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
        """Place local times in the zone: of a repeated hour the first, of a skipped hour none."""
        first = np.ones(len(local), dtype=bool)
        return local.dt.tz_localize(self.clock.time_zone, ambiguous=first, nonexistent="NaT").dt.tz_convert("UTC")


def _in_years(instants: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    return instants.where(instants.dt.year.between(*YEARS))


def _epoch_s(instants: pd.Series[pd.Timestamp]) -> pd.Series[float]:
    return (instants - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
