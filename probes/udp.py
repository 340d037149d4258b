"""A UDP socket as the phone needs it: each datagram stamped with loop time as it comes, floods cut, refusals told.

The SIP and RTP packages' own transports do not work on Python 3.11 (they insist on a base class that asyncio's
datagram transports only have from 3.12 on), so both the caller and the rehearsal desk use this one. It knows no
protocol and checks no charter: whoever sends has asked the guard before. It does not work under the virtual clock,
whose loop cannot count datagrams and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections.abc import Callable

Address = tuple[str, int]
Heard = Callable[[bytes, Address, float], None]
"""Told the bytes, who sent them, and the loop time at which they came."""

DATAGRAMS_PER_S_MOST = 500
"""Ten times what a telephone sends; what comes beyond it within a second is thrown away unread."""

LINUX_IP_RECVERR = 11
LINUX_MSG_ERRQUEUE = 0x2000


class NoPortError(OSError):
    """None of the ports that may be used is free."""


class UdpEnd(asyncio.DatagramProtocol):
    """One bound socket."""

    def __init__(
        self,
        sock: socket.socket,
        heard: Heard,
        refused: Callable[[OSError], None],
        flooded: Callable[[int], None] | None = None,
        per_s_most: int = DATAGRAMS_PER_S_MOST,
    ) -> None:
        self._sock, self._heard, self._refused, self._flooded = sock, heard, refused, flooded
        self._per_s_most = per_s_most
        self._transport: asyncio.DatagramTransport | None = None
        self._second, self._in_second = 0, 0
        name = sock.getsockname()
        self.address: Address = (str(name[0]), int(name[1]))
        self.dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]  # on 3.11 it only behaves as a DatagramTransport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Stamp and hand on, unless too many come."""
        at = asyncio.get_running_loop().time()
        if int(at) != self._second:
            self._second, self._in_second = int(at), 0
        self._in_second += 1
        if self._in_second > self._per_s_most:
            self.dropped += 1
            if self._in_second == self._per_s_most + 1 and self._flooded is not None:
                self._flooded(self._in_second)
            return
        self._heard(data, (str(addr[0]), int(addr[1])), at)

    def error_received(self, exc: Exception) -> None:
        """Tell that nobody listens where we sent; the kernel's note of it is taken away, or it is told again."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                for _ in range(64):
                    self._sock.recvmsg(0, 512, LINUX_MSG_ERRQUEUE)
        if isinstance(exc, OSError):
            self._refused(exc)

    def send(self, data: bytes, to: Address) -> None:
        """Send a datagram; once closed, nothing."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, to)

    def close(self) -> None:
        """Close the socket; harmless when called twice."""
        if self._transport is not None:
            self._transport.abort()


async def open_udp(
    host: str,
    ports: range | None,
    heard: Heard,
    refused: Callable[[OSError], None],
    flooded: Callable[[int], None] | None = None,
    per_s_most: int = DATAGRAMS_PER_S_MOST,
) -> UdpEnd:
    """Bind a socket on one of `ports` (None: any that is free) and begin to listen.

    Raises:
        NoPortError: they are all taken.
    """
    sock = _bound(host, ports)
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, LINUX_IP_RECVERR, 1)  # so that a port nobody listens on is told at once
    loop = asyncio.get_running_loop()
    try:
        _, end = await loop.create_datagram_endpoint(
            lambda: UdpEnd(sock, heard, refused, flooded, per_s_most), sock=sock
        )
    except BaseException:
        sock.close()
        raise
    return end


def _bound(host: str, ports: range | None) -> socket.socket:
    choices = [0] if ports is None else random.sample(ports, len(ports))
    for port in choices:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.bind((host, port))
        except OSError:
            sock.close()
        else:
            return sock
    raise NoPortError(f"no free UDP port on {host}{f' from {ports[0]} to {ports[-1]}' if ports else ''}")


def local_host_towards(remote: Address) -> str:
    """Return the address from which this machine reaches another; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(remote)
        return str(sock.getsockname()[0])
