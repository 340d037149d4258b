"""Excel workbooks in the place of CSV tables: the values of one sheet as rows of text.

Only values are read: of a formula the one that was saved with it, which is none where no spreadsheet has computed it.
The first sheet is read unless the name says another: ``volumes.xlsx#March``.

>>> parted("volumes.xlsx#March"), parted("volumes.xlsx"), parted("a#b.csv")
(('volumes.xlsx', 'March'), ('volumes.xlsx', None), ('a#b.csv', None))
"""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.units import clock_text

ENDINGS = (".xlsx", ".xlsm")

BYTES_MOST = 1_000_000_000
"""Unpacked: a few kilobytes can ask for much more."""

_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, IndexError, zipfile.BadZipFile, ParseError)
"""What zipfile and openpyxl raise on what is no workbook."""


def parted(name: str) -> tuple[str, str | None]:
    """Return the file and the sheet that a table's name says."""
    file, mark, sheet = name.partition("#")
    return (file, sheet) if mark and file.lower().endswith(ENDINGS) else (name, None)


def is_workbook(path: Path) -> bool:
    """Say whether a table's name is that of a workbook."""
    return parted(path.name)[0].lower().endswith(ENDINGS)


def cell_name(column: int, row: int) -> str:
    """Name a cell as spreadsheets do.

    >>> cell_name(0, 3), cell_name(27, 12)
    ('A3', 'AB12')
    """
    letters = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        letters, column = chr(ord("A") + letter) + letters, column - 1
    return f"{letters}{row}"


def sheet_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the texts of each row that is not empty.

    Args:
        path: the workbook; its name may say the sheet.

    Raises:
        FaultsFoundError: it cannot be read, or has no such sheet.
    """
    name, wanted = parted(path.name)
    try:
        yield from _rows(path, path.with_name(name), wanted)
    except FaultsFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except _UNREADABLE:
        raise _unreadable(path, "no Excel workbook") from None


def _unreadable(path: Path, reason: str) -> FaultsFoundError:
    return FaultsFoundError([Fault(str(path), 1, "the file", f"unreadable ({reason})", "an Excel workbook")])


def _rows(path: Path, file: Path, wanted: str | None) -> Iterator[tuple[int, list[str]]]:
    import openpyxl  # here, as few scenarios need it

    with file.open("rb") as opened:
        with zipfile.ZipFile(opened) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > BYTES_MOST:
            raise FaultsFoundError(
                [Fault(str(path), 1, "the file", f"{size} bytes unpacked", f"at most {BYTES_MOST} bytes")]
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of colours and lists of choices that are not kept
            book = openpyxl.load_workbook(opened, read_only=True, data_only=True)
        sheets: Mapping[str, Any] = {sheet.title: sheet for sheet in book.worksheets}
        if not sheets or (wanted is not None and wanted not in sheets):
            raise FaultsFoundError([Fault(str(path), 1, "the sheet", repr(wanted), one_of(sheets, wanted))])
        sheet = next(iter(sheets.values())) if wanted is None else sheets[wanted]
        sheet.reset_dimensions()  # a wrong extent, as some programs write it, would hide rows
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            texts = [_text(value) for value in values]
            if any(texts):
                yield number, texts
        book.close()


def _text(value: object) -> str:
    """Write a cell's value as it would stand in a CSV."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime.time():
            return clock_text(value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6)
        case datetime.timedelta():
            return clock_text(value.total_seconds())
        case _:
            return str(value).strip()
