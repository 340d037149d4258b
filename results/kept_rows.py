"""Rows of numbers that are kept as they come, so that what was interrupted goes on where it was.

One file of JSON lines: the first says what the rows are of (which scenario, which seed …), each other a key and its
row. Lines are only ever added. Whatever ends the process, all lines but perhaps the last are whole; one that is torn is
cut off when the file is opened again. Rows of another question are refused. Floats come back to the last bit.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "rows.jsonl"
>>> with KeptRows.create(path, {"seed": 1}) as kept:
...     kept.put("base/0", [0.1, float("nan")])
>>> with KeptRows.reopen(path, {"seed": 1}) as kept:
...     kept.get("base/0"), kept.get("base/1")
(array([0.1, nan]), None)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


class KeptRowsError(ValueError):
    """A file of rows cannot be gone on with; the message says why, and what can be done."""


class KeptRows:
    """Rows by key, in memory and in a file."""

    def __init__(self, path: Path, out: BinaryIO, rows: dict[str, Values]) -> None:
        self.path, self._out, self._rows = path, out, rows

    @classmethod
    def create(cls, path: Path, about: Mapping[str, Any]) -> Self:
        """Begin a file of rows.

        Args:
            path: of the file; one that is there already is overwritten.
            about: what the rows are of, by name in words; plain values.
        """
        out = path.open("wb")
        kept = cls(path, out, {})
        kept._add({"about": _plain(about)})
        return kept

    @classmethod
    def reopen(cls, path: Path, about: Mapping[str, Any]) -> Self:
        """Go on with a file of rows.

        Raises:
            KeptRowsError: it cannot be read, or its rows are of something else.
        """
        told, rows, whole = _read(path)
        begun = [name for name, value in _plain(about).items() if told.get(name) != value]
        if begun:
            names = " and ".join(_named(name, told.get(name)) for name in begun)
            raise KeptRowsError(f"{path.parent} was begun with another {names}: ask as then, or begin a new run")
        out = path.open("r+b")
        out.truncate(whole)
        out.seek(whole)
        return cls(path, out, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> Values | None:
        """Return the row of a key; None where it is not there yet."""
        return self._rows.get(key)

    def put(self, key: str, row: Sequence[float] | Values) -> None:
        """Keep a row: in the file before this returns, as far as the process is concerned."""
        values = np.asarray(row, dtype=np.float64)
        self._add({"key": key, "row": values.tolist()})
        self._rows[key] = values

    def _add(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(line).encode() + b"\n")  # one write, so that a line is torn at most at its end
        self._out.flush()


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file will say of it when it is read again."""
    found: dict[str, Any] = json.loads(json.dumps(dict(about), default=str))
    return found


def _named(name: str, value: Any) -> str:
    return f"{name} ({value})" if isinstance(value, int | str) and len(str(value)) <= 40 else name


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Values], int]:
    """Return what a file is about, its rows, and how many bytes of it are whole lines."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise KeptRowsError(f"{path.parent} holds no rows to go on with: {path.name}: {error.strerror}") from None
    whole = text.rfind(b"\n") + 1
    lines = text[:whole].splitlines()
    try:
        about = json.loads(lines[0])["about"]
        told = [json.loads(line) for line in lines[1:]]
        rows = {str(one["key"]): np.array(one["row"], dtype=np.float64) for one in told}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise KeptRowsError(f"{path} cannot be read: {error}; begin a new run") from None
    return about, rows, whole
