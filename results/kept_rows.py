"""Rows of numbers that are kept as they come, so that what was interrupted goes on where it was.

One file of JSON lines: the first says what the rows are of (which scenario, which seed …), each other a key and its
row. Lines are only ever added. Whatever ends the process, all lines but perhaps the last are whole; one that is torn is
cut off when the file is opened again. Rows of another question are refused. Floats come back to the last bit; rows of
many numbers are packed, as most of theirs are alike.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "rows.jsonl"
>>> with KeptRows.create(path, {"seed": 1}) as kept:
...     kept.put("base/0", [0.1, float("nan")])
>>> with KeptRows.reopen(path, {"seed": 1}) as kept:
...     kept.get("base/0"), kept.get("base/1")
(array([0.1, nan]), None)
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

PACKED_FROM = 200
"""Rows of so many numbers are packed."""


class KeptRowsError(ValueError):
    """A file of rows cannot be gone on with; the message says why, and what can be done."""


class KeptRows:
    """Rows by key, in memory and in a file."""

    def __init__(self, path: Path, out: BinaryIO, rows: dict[str, Values | bytes]) -> None:
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
        row = self._rows.get(key)
        return _unpacked(row) if isinstance(row, bytes) else row

    def put(self, key: str, row: Sequence[float] | Values) -> None:
        """Keep a row: in the file before this returns, as far as the process is concerned."""
        values = np.asarray(row, dtype=np.float64)
        if len(values) < PACKED_FROM:
            self._add({"key": key, "row": values.tolist()})
            self._rows[key] = values
            return
        packed = zlib.compress(values.astype("<f8").tobytes(), 1)
        self._add({"key": key, "packed": base64.b64encode(packed).decode()})
        self._rows[key] = packed

    def _add(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(line).encode() + b"\n")  # one write, so that a line is torn at most at its end
        self._out.flush()


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file will say of it when it is read again."""
    found: dict[str, Any] = json.loads(json.dumps(dict(about), default=str))
    return found


def _named(name: str, value: Any) -> str:
    return f"{name} ({value})" if isinstance(value, int | str) and len(str(value)) <= 40 else name


def _unpacked(packed: bytes) -> Values:
    return np.frombuffer(zlib.decompress(packed), dtype="<f8").astype(np.float64)


def _row(line: Mapping[str, Any]) -> Values | bytes:
    """Return a row as it is held in memory; one that is packed stays so."""
    if "packed" not in line:
        return np.array(line["row"], dtype=np.float64)
    packed = base64.b64decode(line["packed"], validate=True)
    zlib.decompress(packed)
    return packed


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Values | bytes], int]:
    """Return what a file is about, its rows, and how many bytes of it are whole lines."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise KeptRowsError(f"{path.parent} holds no rows to go on with: {path.name}: {error.strerror}") from None
    whole = text.rfind(b"\n") + 1
    lines = text[:whole].splitlines()
    try:
        about = json.loads(lines[0])["about"]
        rows = {str(told["key"]): _row(told) for told in map(json.loads, lines[1:])}
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise KeptRowsError(f"{path} cannot be read: {error}; begin a new run") from None
    return about, rows, whole
