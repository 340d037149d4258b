"""The guard's net: one hook on the interpreter's own socket calls, which refuses whatever slips past the connectors.

The hook lives as long as the process and does nothing while no guard is on. It sees every socket that Python makes:
http.client, urllib, asyncio, aiohttp, smtplib, imaplib and bare sockets alike, in every thread and in forked children.
Out of its reach, and of anything that Python can do: other programs that we start, libraries with sockets of their own
(uvloop is refused by name), and calls into C by ctypes. The look-up that C does for `connect((name, port))`
comes before the hook is asked, so the name server hears the name; the connection itself is refused.
Guarded by tests/probes/test_guard.py and test_escapes.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import socket
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from probes.refusal import RefusedByCharterError
from scenarios.charter_parts import canonical_address, canonical_host, is_loopback

BYPASSES = ("uvloop",)
"""Have sockets of their own, which no hook sees."""

PLAIN = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
"""Families that are understood; a packet or Bluetooth socket is none of a customer's business."""

KIND_BITS = 0xF
"""Of a socket's type; the others are flags."""

_PERMITTED: contextvars.ContextVar[frozenset[tuple[str, int]]] = contextvars.ContextVar(
    "permitted", default=frozenset()
)


class Net(Protocol):
    """What the hook asks of a guard."""

    def check(self, host: str, port: int) -> None:
        """Refuse a host and port that may not be reached."""

    def check_name(self, host: str) -> None:
        """Refuse a name that may not be looked up."""

    def check_listening(self, host: str, datagrams: bool) -> None:
        """Refuse an address of ours that strangers could reach."""


_ON: list[Net] = []
_HOOKED = False


@contextlib.contextmanager
def guarding_net(net: Net) -> Iterator[None]:
    """Have the hook enforce a guard inside the block; guards nest, and each must allow.

    Raises:
        RefusedByCharterError: the running loop goes round the hook.
    """
    global _HOOKED
    _refuse_bypasses()
    if not _HOOKED:
        sys.addaudithook(_audit)
        _HOOKED = True
    _ON.append(net)
    try:
        yield
    finally:
        _ON.remove(net)


@contextlib.contextmanager
def permitting(host: str, port: int) -> Iterator[None]:
    """Let this task alone reach an address inside the block: a name server, or an output that the charter lists."""
    before = _PERMITTED.set(_PERMITTED.get() | {(canonical_host(host), port)})
    try:
        yield
    finally:
        _PERMITTED.reset(before)


def _refuse_bypasses() -> None:
    kinds: list[type[object]] = [type(asyncio.get_event_loop_policy())]
    with contextlib.suppress(RuntimeError):
        kinds.append(type(asyncio.get_running_loop()))
    found = [kind.__module__.split(".")[0] for kind in kinds if kind.__module__.split(".")[0] in BYPASSES]
    if found:
        raise RefusedByCharterError(f"{found[0]} opens sockets that the guard does not see; play without it")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _ON or not (event.startswith("socket.") or event == "import"):
        return
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            _check_far_end(arguments[1])
        case "socket.bind":
            _check_near_end(arguments[0], arguments[1])
        case "socket.__new__":
            _check_kind(arguments[1], arguments[2])
        case "socket.getaddrinfo" | "socket.gethostbyname":
            _check_name(_text(arguments[0]))
        case "socket.gethostbyaddr":
            _check_reverse(_text(arguments[0]))
        case "socket.getnameinfo":
            _check_reverse(_text(arguments[0][0]))
        case "import" if arguments[0] in BYPASSES:
            raise RefusedByCharterError(f"{arguments[0]} opens sockets that the guard does not see; play without it")


def _check_far_end(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # none: the socket was connected, and checked then; a path: this machine
    if len(address) < 2 or not isinstance(address[1], int):
        raise RefusedByCharterError(f"the guard does not understand the address {address!r}")
    host, port = _text(address[0]), address[1]
    if (canonical_host(host), port) in _PERMITTED.get():
        return
    if canonical_address(host) is None:
        # C has looked the name up by itself, and may have found another address than the one that is pinned
        raise RefusedByCharterError(f"{host!r} is a name, and only addresses that were looked up by us are reached")
    for net in _ON:
        net.check(host, port)


def _check_near_end(bound: socket.socket, address: Any) -> None:
    if not isinstance(address, tuple) or not address:
        return
    host = _text(address[0])
    if not is_loopback(host):
        for net in _ON:
            net.check_listening(host, bound.type == socket.SOCK_DGRAM)


def _check_kind(family: int, kind: int) -> None:
    if family not in (-1, *PLAIN) or (kind != -1 and kind & KIND_BITS == socket.SOCK_RAW):
        raise RefusedByCharterError("only plain TCP, UDP and local sockets can be checked; this is another kind")


def _check_name(host: str) -> None:
    if host in ("", "None") or canonical_address(host) is not None:
        return  # nobody is asked
    for net in _ON:
        net.check_name(host)


def _check_reverse(host: str) -> None:
    if not is_loopback(host):
        for net in _ON:
            net.check_name(host)


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
