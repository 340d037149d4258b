"""The one reader of YAML 1.2: plain values, and the line on which each key stands.

Refuses to know what the values mean. Duplicate keys, broken syntax and unreadable files are faults of the file,
told like all others.

>>> document = read_text("a:\\n  b: 09:00\\n", "x.yaml")
>>> document.values, document.line(("a", "b"))
({'a': {'b': '09:00'}}, 2)
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from scenarios.faults import Fault, FaultsFoundError

Key = tuple[str | int, ...]

FILE_BYTES_MOST = 2_000_000
"""A belief that needs more text than this is a table: give it as CSV."""

_READER_SLIPS = (AssertionError, AttributeError, IndexError, KeyError, TypeError, NotImplementedError)
"""What ruamel itself raises on some heaps of signs (found by fuzzing): the text is no YAML then either."""

VALUES_MOST = 200_000
"""Aliases may repeat parts of a file, but only to this many values: a few lines can ask for billions."""


@dataclass(frozen=True)
class Document:
    """The plain values of a file (dicts, lists, scalars) and the line of each key path."""

    file: str
    values: Any
    lines: dict[Key, int] = field(repr=False)

    def line(self, key: Key) -> int:
        """Return the line of `key`, or of its nearest parent where it is missing."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def fault(self, key: Key, found: object, expected: str) -> Fault:
        """Describe a fault at `key`; `found` is shown as it would be written in Python."""
        shown = found if isinstance(found, Words) else shorten(found)
        return Fault(self.file, self.line(key), dotted(key), str(shown), expected)


@dataclass(frozen=True)
class Words:
    """What was found, where that is not a value but needs saying in words."""

    words: str

    def __str__(self) -> str:
        return self.words


MISSING = Words("missing")
UNKNOWN_KEY = Words("not a known key")


def shorten(value: object, most: int = 60) -> str:
    """Show a value in at most `most` characters; texts in quotes, nothing as `empty`.

    >>> shorten("09:00"), shorten(None), shorten(datetime.date(2026, 3, 3))
    ("'09:00'", 'empty', '2026-03-03 (a date)')
    """
    if value is None:
        return "empty"
    if isinstance(value, datetime.date):
        return f"{value.isoformat()} (a date)"
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def dotted(key: Key) -> str:
    """Write a key path as a person would.

    >>> dotted(("journeys", "refund", 2, "channel"))
    'journeys.refund[2].channel'
    """
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def read_file(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        FaultsFoundError: it cannot be read, is too large or is not YAML 1.2.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_fifo() or path.is_dir()):
            raise FaultsFoundError([Fault(str(path), 1, "the file", "a device", "a YAML file")])
        if path.stat().st_size > FILE_BYTES_MOST:
            found = f"{path.stat().st_size} bytes long"
            raise FaultsFoundError([Fault(str(path), 1, "the file", found, f"at most {FILE_BYTES_MOST} bytes")])
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        found = error.strerror or str(error)
        raise FaultsFoundError([Fault(str(path), 1, "the file", found, "a readable file")]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise FaultsFoundError([Fault(str(path), line, "the text", "not UTF-8", "UTF-8 text")]) from None
    return read_text(text, str(path))


def read_text(text: str, file: str) -> Document:
    """Read YAML from a string; `file` is the name that faults will carry."""
    reader = YAML(typ="rt", pure=True)
    try:
        tree = reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(error.problem).split())
        raise FaultsFoundError([Fault(file, line, "the text", f"not YAML ({problem})", "YAML 1.2")]) from None
    except (YAMLError, ValueError, RecursionError, *_READER_SLIPS) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())[:120]
        raise FaultsFoundError([Fault(file, 1, "the text", f"not YAML ({problem})", "YAML 1.2")]) from None
    lines: dict[Key, int] = {(): 1}
    try:
        return Document(file, _plain(tree, (), lines, frozenset()), lines)
    except _TooManyError:
        found = "more when its aliases are written out"
        raise FaultsFoundError([Fault(file, 1, "the text", found, f"at most {VALUES_MOST} values")]) from None
    except RecursionError:
        raise FaultsFoundError([Fault(file, 1, "the text", "nested too deeply", "YAML 1.2")]) from None


class _TooManyError(Exception):
    """The aliases of a file unfold to more values than we take."""


def _plain(node: Any, key: Key, lines: dict[Key, int], above: frozenset[int]) -> Any:
    if len(lines) > VALUES_MOST:
        raise _TooManyError
    if id(node) in above:
        return None  # an alias to its own parent: never meaningful in our files
    if isinstance(node, CommentedMap):
        values = {}
        for name in node:
            below = (*key, name if isinstance(name, str) else str(name))
            lines[below] = node.lc.key(name)[0] + 1 if name in (node.lc.data or {}) else lines[key]
            values[below[-1]] = _plain(node[name], below, lines, above | {id(node)})
        return values
    if isinstance(node, CommentedSeq):
        items = []
        for index, item in enumerate(node):
            below = (*key, index)
            lines[below] = node.lc.item(index)[0] + 1
            items.append(_plain(item, below, lines, above | {id(node)}))
        return items
    return _scalar(node)


def _scalar(value: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)  # sheds the reader's own subclasses, which remember quotes and digits
    if isinstance(value, TaggedScalar):
        return Words(f"tagged {value.tag.value}")  # no tag means anything here; every model refuses it
    return value  # None, dates
