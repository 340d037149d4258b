"""The browser's way out: our own forward proxy on loopback, which leads to what the charter lists and nowhere else.

Chromium has no other way: it is started so that it resolves no name, excepts no host from the proxy (not loopback
either) and sends no UDP of WebRTC's. The proxy resolves a listed name once, checks the addresses and keeps to them, so
a name cannot move during a run; whatever is not listed gets a plain 403, and the refusal is recorded. It speaks
HTTP/1.1 and CONNECT (which carries TLS and WebSockets), looks into nothing, and bounds connections, bytes and time.

Guarded by tests/probes/test_browser_stays_home.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from urllib.parse import urlsplit

from probes.guard import Guard, RefusedByCharterError
from probes.proxy_wire import (
    HEAD_BYTES_MOST,
    Head,
    connection_of,
    length_of,
    read_head,
    relay,
    relay_chunks,
    relay_to_the_end,
)
from scenarios.charter import is_loopback

CONNECTIONS_MOST = 512
ANSWER_BYTES_MOST = 16_000_000
"""Of one plain answer; what is larger is no page for people."""
TUNNEL_BYTES_MOST = 256_000_000
"""Through one tunnel: a whole visit over TLS may use a single one."""
CONNECT_S_MOST = 10.0
ANSWER_S_MOST = 600.0
"""As long as a target file may allow for one request."""
IDLE_S_MOST = 86_400.0
"""A chat's line may be silent for as long as its customer waits; the run ends it."""
REFUSALS_MOST = 1000
TOLD_BY = "x-testdrive-proxy"
"""Header of answers that are ours and not the desk's: says why there is none of the desk's."""


class NoWayError(Exception):
    """The proxy leads nowhere: (status, words) for the browser."""

    def __init__(self, status: str, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class ForwardProxy:
    """A proxy under one guard; `port` is where it listens while it is open."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._addresses: dict[str, list[str]] = {}
        self.port = 0
        self.told: dict[str, str] = {}
        """By host:port, why there was no way there when it was last asked for."""

    async def start(self) -> None:
        """Listen on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_BYTES_MOST)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end every line at once."""
        if self._server is not None:
            self._server.close()
        for line in list(self._lines):
            line.cancel()
        if self._lines:
            await asyncio.wait(self._lines)

    def tell(self, where: str, words: str) -> None:
        """Remember why there was no way somewhere."""
        if len(self.told) < REFUSALS_MOST:
            self.told[where] = words

    # -- where to ----------------------------------------------------------------------------------------------

    async def reach(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a listed host.

        Raises:
            NoWayError: the charter does not list it, or nobody answers there.
        """
        try:
            addresses = await self._resolved(host, port)
            failure: Exception = ConnectionError("it has no address")
            for address in addresses:
                try:
                    async with asyncio.timeout(CONNECT_S_MOST):
                        return await asyncio.open_connection(address, port, limit=HEAD_BYTES_MOST)
                except (OSError, TimeoutError) as error:
                    failure = error
            words = str(failure) or type(failure).__name__
            raise NoWayError("502 Bad Gateway", f"{host} port {port} cannot be reached: {words}")
        except RefusedByCharterError as error:
            raise NoWayError("403 Forbidden", str(error)) from None
        except OSError as error:
            raise NoWayError("502 Bad Gateway", f"the name {host} is not known: {error}") from None

    async def _resolved(self, host: str, port: int) -> list[str]:
        """Return the addresses of a listed host; a name's are looked up once and kept for the run."""
        if not self._guard.allows(host, port):
            self._refuse(f"{host}:{port}")
            raise RefusedByCharterError(
                f"the charter does not allow {host} port {port}; it allows {self._guard.listed()}"
            )
        name = host.lower().rstrip(".")
        if _is_address(name):
            return [name]
        if name not in self._addresses:
            found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            kept = [address for address in addresses if self._may_stand_for(name, address, port)]
            if not kept:
                self._refuse(f"{host}:{port} at {', '.join(addresses)}")
                raise RefusedByCharterError(
                    f"{host} is listed, but its name leads to {', '.join(addresses)}, which is not"
                )
            for listed in {entry.host for entry in self._guard.charter.allow if entry.host.lower().rstrip(".") == name}:
                self._guard.pin(listed, kept)
            self._addresses[name] = kept
        return self._addresses[name]

    def _may_stand_for(self, name: str, address: str, port: int) -> bool:
        """Say whether a listed name may lead to an address: to a public one, or to one that is listed itself.

        Who owns a name decides where it leads; it must not lead into this machine or the network behind it.
        """
        if is_loopback(name):
            return is_loopback(address)
        return ipaddress.ip_address(address.split("%")[0]).is_global or self._guard.charter.allows(address, port)

    def _refuse(self, what: str) -> None:
        if len(self._guard.refused) < REFUSALS_MOST:
            self._guard.refused.append(what)

    # -- one line ----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            if len(self._lines) > CONNECTIONS_MOST:
                await _say(writer, NoWayError("503 Service Unavailable", f"over {CONNECTIONS_MOST} connections"))
            else:
                await _Line(self, reader, writer).serve()
        except (OSError, TimeoutError, EOFError, ValueError, LookupError):
            pass  # either side went, or spoke no HTTP: the other sees the line end
        except asyncio.CancelledError:
            pass  # the run has ended; asyncio would tell of a cancelled callback as of a fault
        finally:
            self._lines.discard(line)
            _hang_up(writer)


class _Line:
    """One connection of the browser's: requests one after another, to whichever hosts, or one tunnel."""

    def __init__(self, proxy: ForwardProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy, self._reader, self._writer = proxy, reader, writer
        self._there: tuple[str, int] | None = None
        self._far_reader: asyncio.StreamReader | None = None
        self._far_writer: asyncio.StreamWriter | None = None

    async def serve(self) -> None:
        """Serve until either side hangs up."""
        try:
            async with asyncio.timeout(IDLE_S_MOST):
                while (request := await read_head(self._reader)) is not None:
                    try:
                        if not await self._one(request):
                            return
                    except NoWayError as error:
                        self._proxy.tell(_told_of(request), error.words)
                        await self._spill(request)
                        await _say(self._writer, error)
                        return
        finally:
            if self._far_writer is not None:
                _hang_up(self._far_writer)

    async def _one(self, request: Head) -> bool:
        """Serve one request; say whether another may follow."""
        method, where = request.first.split()[:2]
        if method == "CONNECT":
            parts = urlsplit("//" + where)
            await self._connect(parts.hostname or "", parts.port or 443)
            self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._tunnel()
            return False
        parts = urlsplit(where)
        if parts.scheme != "http" or not parts.hostname:
            raise NoWayError("400 Bad Request", "this is a proxy for http addresses and CONNECT")
        await self._connect(parts.hostname, parts.port or 80)
        assert self._far_writer is not None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._far_writer.write(
            request.raw(f"{method} {path} HTTP/1.1", ("proxy-connection", "proxy-authorization", "keep-alive"))
        )
        sending = asyncio.create_task(self._send_body(request))
        try:
            return await self._answer(method, request)
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    async def _connect(self, host: str, port: int) -> None:
        """Have a line to a host: the one there is, if it leads there and is open, or a new one."""
        open_still = self._far_reader is not None and not self._far_reader.at_eof()
        if self._there == (host, port) and open_still:
            return
        if self._far_writer is not None:
            _hang_up(self._far_writer)
        self._there = None
        self._far_reader, self._far_writer = await self._proxy.reach(host, port)
        self._there = (host, port)

    async def _send_body(self, request: Head) -> None:
        assert self._far_writer is not None
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            await relay_chunks(self._reader, self._far_writer, ANSWER_BYTES_MOST)
        elif length := length_of(request):
            await relay(self._reader, self._far_writer, min(length, ANSWER_BYTES_MOST))
        await self._far_writer.drain()

    async def _answer(self, method: str, request: Head) -> bool:
        """Bring the answer; say whether the line may be used again."""
        far, near = self._far_reader, self._writer
        assert far is not None
        while True:
            async with asyncio.timeout(ANSWER_S_MOST):
                answer = await read_head(far)
            if answer is None:
                return False  # closed without a word: the browser asks again by itself if the line was an old one
            if not answer.first.startswith("HTTP/"):
                raise NoWayError("502 Bad Gateway", "what answers there does not speak HTTP")
            status = int(answer.first.split()[1])
            if status == 101 or not 100 <= status < 200:
                break
            near.write(answer.raw())
        length = length_of(answer)
        if length is not None and length > ANSWER_BYTES_MOST and method != "HEAD":
            raise NoWayError("502 Bad Gateway", f"the answer is larger than {ANSWER_BYTES_MOST} bytes")
        near.write(answer.raw())
        if status == 101:
            await self._tunnel()
            return False
        chunked = "chunked" in answer.headers.get("transfer-encoding", "").lower()
        if method == "HEAD" or status in (204, 304):
            pass
        elif chunked:
            await relay_chunks(far, near, ANSWER_BYTES_MOST)
        elif length is not None:
            await relay(far, near, length)
        else:
            await relay_to_the_end(far, near, ANSWER_BYTES_MOST)
            return False
        await near.drain()
        lasting = answer.first.startswith("HTTP/1.1") and not (chunked and length is not None)
        return lasting and not any("close" in connection_of(head) for head in (answer, request))

    async def _tunnel(self) -> None:
        """Carry bytes both ways until both sides have ended, or one breaks off."""
        assert self._far_reader is not None
        assert self._far_writer is not None
        ways = [
            asyncio.create_task(relay_to_the_end(self._reader, self._far_writer, TUNNEL_BYTES_MOST)),
            asyncio.create_task(relay_to_the_end(self._far_reader, self._writer, TUNNEL_BYTES_MOST)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(ways, timeout=1.0)  # what is still on its way back
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            for way in ways:
                if not way.cancelled():
                    way.exception()  # looked at, so that asyncio does not tell of it

    async def _spill(self, request: Head) -> None:
        """Read a body that goes nowhere, or hanging up would lose the answer."""
        with contextlib.suppress(TimeoutError, EOFError, OSError):
            async with asyncio.timeout(1.0):
                await self._reader.readexactly(min(length_of(request) or 0, HEAD_BYTES_MOST))


async def _say(writer: asyncio.StreamWriter, error: NoWayError) -> None:
    """Answer in plain words instead of the desk."""
    words = " ".join(error.words.split())[:500].encode("ascii", "replace")
    writer.write(
        f"HTTP/1.1 {error.status}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        f"Content-Length: {len(words)}\r\n{TOLD_BY}: ".encode()
        + words
        + b"\r\n\r\n"
        + words
    )
    await writer.drain()


def _told_of(request: Head) -> str:
    """Return the host and port that a request names."""
    where = request.first.split()[1]
    parts = urlsplit(where if "://" in where else "//" + where)
    return f"{parts.hostname}:{parts.port or (443 if request.first.startswith('CONNECT') else 80)}"


def _hang_up(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
