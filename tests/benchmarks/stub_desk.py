"""A desk that costs next to nothing, so that what is measured is who asks it: one help page, and talks over JSON.

`GET /faq/...` is a page, `/api/...` opens a talk and takes its messages, `GET /served` tells how many requests it has
answered, itself not counted. With `--stall 2 --every 20` it answers nothing for the first 2 s of every 20 s of wall
time (`time.time()`), and then all at once; with `--takes 0.05` every answer takes so long besides. In a process of its
own: `python -m tests.benchmarks.stub_desk PORT`.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import time
from typing import Any

PAGE = (
    b"<!doctype html><html><head><title>Help</title></head><body><h1>Help</h1>"
    b"<div id=answer>Your parcel comes within 3 working days.</div></body></html>"
)
TALK = b'{"id":"7","items":[{"text":"Hello, it comes within 3 working days."}]}'
TAKEN = b'{"id":"7"}'


def answer(body: bytes, kind: bytes = b"application/json") -> bytes:
    """Return a whole HTTP answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)


ANSWERS = {b"page": answer(PAGE, b"text/html; charset=utf-8"), b"talk": answer(TALK), b"taken": answer(TAKEN)}


def stall_left_s(at_s: float, stall_s: float, every_s: float) -> float:
    """Return how long what is asked at an instant waits for a stall's end.

    >>> stall_left_s(61.5, stall_s=2, every_s=20), stall_left_s(62.5, stall_s=2, every_s=20)
    (0.5, 0.0)
    """
    return max(stall_s - at_s % every_s, 0.0) if stall_s else 0.0


class Desk(asyncio.Protocol):
    """One connection."""

    served = 0

    def __init__(self, stall_s: float, every_s: float, takes_s: float) -> None:
        self._stall_s, self._every_s, self._takes_s = stall_s, every_s, takes_s
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        """Send small answers at once."""
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._held += data
        while (head_end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:head_end].lower()
            said = head.find(b"content-length:")
            end = head_end + 4 + (int(head[said + 15 :].split(b"\r\n", 1)[0]) if said >= 0 else 0)
            if len(self._held) < end:
                return
            self._held = self._held[end:]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        if path == b"/served":
            self._transport.write(answer(b"%d" % Desk.served))
            return
        Desk.served += 1
        told = ANSWERS[b"page" if not path.startswith(b"/api") else b"talk" if path == b"/api/talks" else b"taken"]
        wait_s = self._takes_s + stall_left_s(time.time(), self._stall_s, self._every_s)
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._transport.write, told)
        else:
            self._transport.write(told)


async def serve(port: int, stall_s: float, every_s: float, takes_s: float) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Desk(stall_s, every_s, takes_s), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    """Serve on a port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--stall", type=float, default=0.0)
    parser.add_argument("--every", type=float, default=20.0)
    parser.add_argument("--takes", type=float, default=0.0)
    asked = parser.parse_args()
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run
    run(serve(asked.port, asked.stall, asked.every, asked.takes))


if __name__ == "__main__":
    main()
