"""The cells of a table of customers: CSV, Parquet or Excel as texts, then as numbers, with every fault and its line.

Names are met with every run of spaces as one, as exports like to double them.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.workbooks import is_workbook, sheet_rows
from scenarios.yaml_reader import Words, shorten

Values = npt.NDArray[np.float64]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "inf", "-inf"})
YES, NO = frozenset({"1", "1.0", "true", "yes", "y"}), frozenset({"0", "0.0", "false", "no", "n"})
LEVELS_MOST = 12
"""A column of words with more than so many different ones is left out."""
FAULTS_MOST = 20
ROWS_MOST = 5_000_000


def squeezed(name: str) -> str:
    """Return a name with each run of spaces as one.

    >>> squeezed(" Call  Failure ")
    'Call Failure'
    """
    return " ".join(name.split())


def read_cells(path: Path) -> pd.DataFrame:
    """Read a CSV (also TSV, semicolons, gzipped), Parquet or Excel table as texts; the index is the line of each row.

    Raises:
        FaultsFoundError: it cannot be read, has no rows, or a name twice.
    """
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            rows = pd.DataFrame({str(name): table[name].map(_text) for name in table.columns})
            names = [str(name) for name in table.columns]
        elif is_workbook(path):
            lines = list(sheet_rows(path))
            names = lines[0][1] if lines else []
            rows = pd.DataFrame([(cells + [""] * len(names))[: len(names)] for _, cells in lines[1:]], dtype=object)
        else:
            rows = pd.read_csv(
                path, sep=_separator(path), dtype=str, keep_default_na=False, header=None, encoding="utf-8-sig",
                quoting=csv.QUOTE_MINIMAL, skip_blank_lines=False, nrows=ROWS_MOST + 2,
            )  # fmt: skip
            names = [str(name) for name in rows.iloc[0]]
            rows = rows.iloc[1:]
            rows = rows[~(rows == "").all(axis=1)]
    except FaultsFoundError:
        raise
    except (OSError, EOFError, UnicodeDecodeError, ValueError, zlib.error) as error:  # pandas' own are ValueErrors
        reason = error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())[:120]
        expected = "a table with a header: CSV, TSV, Parquet or Excel"
        raise FaultsFoundError([Fault(str(path), 1, "the file", f"unreadable ({reason})", expected)]) from None
    return _named(path, rows, [squeezed(name) or f"column {at}" for at, name in enumerate(names, start=1)])


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT or value is pd.NA:
        return ""
    return str(value)


def _separator(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as it:
        head = it.readline()
    return max(",;\t", key=head.count)


def _named(path: Path, rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [Fault(str(path), 1, "the header", f"with {name!r} twice", "each column once") for name in twice]
    if rows.empty:
        faults.append(Fault(str(path), 1, "the file", "without rows", "a row for each customer"))
    if len(rows) > ROWS_MOST:
        faults.append(Fault(str(path), ROWS_MOST + 2, "the file", "longer", f"at most {ROWS_MOST:,} rows"))
    if faults:
        raise FaultsFoundError(faults)
    lines = rows.index + 1 if path.suffix != ".parquet" and not is_workbook(path) else range(2, len(rows) + 2)
    return rows.set_axis(names, axis=1).set_axis(lines, axis=0).map(lambda cell: str(cell).strip())


class Cells:
    """The texts of a table turned into numbers, faults gathered."""

    def __init__(self, path: Path, rows: pd.DataFrame) -> None:
        self.path, self.rows = path, rows
        self.faults: list[Fault] = []

    def fault(self, line: int, key: str, found: object, expected: str) -> None:
        """Keep a fault."""
        shown = str(found) if isinstance(found, Words) else shorten(found)
        self.faults.append(Fault(str(self.path), line, key, shown, expected))

    def column(self, name: str, option: str) -> pd.Series[str] | None:
        """Return a column's texts; that there is none is a fault."""
        name = squeezed(name)
        if name in self.rows.columns:
            return self.rows[name]
        self.fault(1, "the header", Words(f"without {name!r} ({option})"), one_of(self.rows.columns, name))
        return None

    def numbers(self, name: str, option: str, least: float, above: bool = False) -> Values | None:
        """Return a column's numbers, nan where missing; what is no number is a fault."""
        texts = self.column(name, option)
        if texts is None:
            return None
        missing = texts.str.lower().isin(MISSING)
        words = texts.str.lower()
        plain = texts.mask(words.isin(YES), "1").mask(words.isin(NO), "0")
        found = np.array(pd.to_numeric(plain.mask(missing), errors="coerce"), dtype=float)
        wrong = ~missing.to_numpy() & ~(np.isfinite(found) & ((found > least) if above else (found >= least)))
        expected = f"a number, {'more than' if above else 'at least'} {least:g}, or nothing where it is not known"
        for at in np.flatnonzero(wrong)[:FAULTS_MOST]:
            self.fault(int(texts.index[at]), name, texts.iloc[at], expected)
        return found

    def leavers(self, asked: str) -> Values | None:
        """Return 1 for who left, 0 for who stayed, nan where it is not known."""
        name, value = squeezed(asked), None
        if name not in self.rows.columns and "=" in asked:
            name, value = (squeezed(part) for part in asked.split("=", 1))
        texts = self.column(name, "--left")
        if texts is None:
            return None
        words = texts.str.lower()
        if value is not None:
            if not (words == value.lower()).any():
                self.fault(1, name, Words(f"nowhere {value!r}"), one_of(texts.unique()[:LEVELS_MOST], value))
            return np.where(words.isin(MISSING), np.nan, (words == value.lower()).astype(float))
        found = np.where(words.isin(YES), 1.0, np.where(words.isin(NO), 0.0, np.nan))
        wrong = np.isnan(found) & ~words.isin(MISSING).to_numpy()
        expected = f"1 or 0, yes or no; else say which word means that they left: --left '{name}=WORD'"
        for at in np.flatnonzero(wrong)[:1]:
            self.fault(int(texts.index[at]), name, texts.iloc[at], expected)
        return found

    def check(self) -> None:
        """Refuse the table where it has faults.

        Raises:
            FaultsFoundError: all of them.
        """
        if self.faults:
            raise FaultsFoundError(self.faults)
