"""The charter's guard: nothing leaves for a host that the charter does not list.

Two layers: connectors resolve and check a name before use and pin its addresses; an audit hook on the interpreter's own
socket calls refuses whatever slips past them. The hook lives as long as the process and does nothing while no guard is
on. Guarded by tests/probes/test_guard.py, with listening sockets that must hear nothing.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scenarios.charter import AllowedHost, Charter, is_loopback

FEW_CONTACTS = 5
"""So many contacts a run need no proof that the desk's owner controls the host."""


class RefusedByCharterError(Exception):
    """The charter does not allow it; the message says what and why."""


class Guard:
    """Enforces one charter."""

    def __init__(self, charter: Charter) -> None:
        self.charter = charter
        self._pinned: dict[str, set[int]] = {}
        """Addresses that listed names resolved to, and the ports allowed there."""
        self.refused: list[str] = []

    def check_url(self, url: str) -> None:
        """Refuse an address whose host and port are not listed.

        Raises:
            RefusedByCharterError: naming host and port.
        """
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
        self.check(parts.hostname or "", port)

    def check(self, host: str, port: int) -> None:
        """Refuse a host and port that are not listed."""
        if not self.allows(host, port):
            self.refused.append(f"{host}:{port}")
            raise RefusedByCharterError(f"the charter does not allow {host} port {port}; it allows {self.listed()}")

    def check_contact(self) -> None:
        """Refuse to begin a contact: outside the charter's time, of a public charter, or while the stop file exists."""
        charter = self.charter
        if not charter.holds_at(datetime.datetime.now(datetime.UTC)):
            raise RefusedByCharterError(f"the charter holds from {charter.valid_from} to {charter.valid_until}")
        if charter.kind == "public":
            raise RefusedByCharterError("a public charter allows reading pages, no contacts")
        if charter.stop_file is not None and Path(charter.stop_file).exists():
            raise RefusedByCharterError(f"the stop file {charter.stop_file} exists")

    def check_load(self, contacts: int, hosts: list[str]) -> None:
        """Refuse more contacts than the charter's cap, and more than a few on hosts that are not this machine.

        Proof of control of another host cannot be checked yet, so nothing but loopback is loaded.
        """
        if contacts > self.charter.contacts_per_day_most:
            raise RefusedByCharterError(
                f"{contacts} contacts are planned; the charter allows {self.charter.contacts_per_day_most} a day"
            )
        for host in hosts:
            if contacts > FEW_CONTACTS and not is_loopback(host):
                most = f"at most {FEW_CONTACTS} until control can be proved; load only on loopback"
                raise RefusedByCharterError(f"{contacts} contacts on {host}: {most}")

    def allows(self, host: str, port: int) -> bool:
        """Say whether a host or a pinned address may be reached on a port."""
        return self.charter.allows(host, port) or port in self._pinned.get(host, set())

    def pin(self, name: str, addresses: list[str]) -> None:
        """Remember that a listed name resolved to these addresses: they may be reached on its ports."""
        ports = {port for entry in self.charter.allow if entry.host == name for port in entry.ports}
        ranges = [
            range(first, last + 1)
            for entry in self.charter.allow
            if entry.host == name
            for first, last in entry.port_ranges
        ]
        for address in addresses:
            self._pinned.setdefault(address, set()).update(ports, *ranges)

    def listed(self) -> str:
        """Say in words what the charter allows."""
        words = [f"{entry.host} port {', '.join(_ports(entry))}" for entry in self.charter.allow]
        return "; ".join(words) or "nothing"


def _ports(entry: AllowedHost) -> list[str]:
    return [*map(str, entry.ports), *(f"{first}-{last}" for first, last in entry.port_ranges)]


_ON: list[Guard] = []
_HOOKED = False


@contextlib.contextmanager
def guarding(guard: Guard) -> Iterator[Guard]:
    """Have the audit hook enforce a guard inside the block; guards nest, and each must allow."""
    global _HOOKED
    if not _HOOKED:
        sys.addaudithook(_audit)
        _HOOKED = True
    _ON.append(guard)
    try:
        yield guard
    finally:
        _ON.remove(guard)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _ON or not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and len(address) >= 2:
            host = str(address[0])
            for guard in _ON:
                guard.check(host, int(address[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = str(arguments[0])
        for guard in _ON:
            if not _is_address(host) and not any(entry.host.lower() == host.lower() for entry in guard.charter.allow):
                guard.refused.append(host)
                raise RefusedByCharterError(f"the charter does not list {host}, so its name is not looked up")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in ("", "None")
    return True
