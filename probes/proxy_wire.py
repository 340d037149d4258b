"""HTTP/1.1 on the wire, as far as a proxy must know it: heads, and bodies that are carried and not looked into.

Nothing here decides anything; what is longer than its bound, or no HTTP, is an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

HEAD_BYTES_MOST = 64_000
PIECE_BYTES = 65_536


@dataclass(frozen=True)
class Head:
    """A request's or an answer's first line and headers, as they came."""

    first: str
    lines: tuple[bytes, ...]
    headers: Mapping[str, str]

    def raw(self, first: str | None = None, without: tuple[str, ...] = ()) -> bytes:
        """Return the bytes again, with another first line and without some headers."""
        kept = [line for line in self.lines if line.split(b":", 1)[0].strip().lower().decode("latin-1") not in without]
        return (first or self.first).encode("latin-1") + b"\r\n" + b"".join(kept) + b"\r\n"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a first line and its headers; None where the line ended instead.

    Raises:
        ValueError: it is longer than `HEAD_BYTES_MOST`, or no HTTP.
    """
    first = await reader.readline()
    while first in (b"\r\n", b"\n"):
        first = await reader.readline()
    if not first:
        return None
    lines: list[bytes] = []
    headers: dict[str, str] = {}
    room = HEAD_BYTES_MOST - len(first)
    while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
        room -= len(line)
        if room < 0:
            raise ValueError("the head is too long")
        lines.append(line if line.endswith(b"\r\n") else line.rstrip(b"\n") + b"\r\n")
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(first.decode("latin-1").strip(), tuple(lines), headers)


async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter, length: int) -> None:
    """Carry `length` bytes."""
    while length > 0:
        piece = await source.read(min(length, PIECE_BYTES))
        if not piece:
            raise EOFError("the line ended before its answer did")
        length -= len(piece)
        sink.write(piece)
        await sink.drain()


async def relay_chunks(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int) -> None:
    """Carry a chunked body, at most `most` bytes of it."""
    while True:
        line = await source.readline()
        size = int(line.split(b";")[0], 16)
        most -= size
        if most < 0 or size < 0:
            raise ValueError("the body is too long")
        sink.write(line)
        if size == 0:
            while (trailer := await source.readline()) not in (b"\r\n", b"\n", b""):
                sink.write(trailer)
            sink.write(b"\r\n")
            return
        await relay(source, sink, size + 2)


async def relay_to_the_end(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int) -> None:
    """Carry what comes until it ends, at most `most` bytes."""
    while piece := await source.read(PIECE_BYTES):
        most -= len(piece)
        if most < 0:
            raise ValueError("the line carried too much")
        sink.write(piece)
        await sink.drain()


def length_of(head: Head) -> int | None:
    """Return the body's length as the head tells it."""
    told = head.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdecimal() else None


def connection_of(head: Head) -> str:
    """Return what the head says of its connection."""
    return (head.headers.get("connection", "") + head.headers.get("proxy-connection", "")).lower()
