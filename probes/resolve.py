"""Names and addresses: looked up once in a run, checked, pinned, and never looked up again.

Channels that connect by themselves ask `addresses_of` and connect to an address (naming the host for TLS); those over
aiohttp use a connector with `PinnedResolver`. A name that leads elsewhere during a run is refused: what was agreed to
was the host that it led to when the run began.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver, ResolveResult

from scenarios.charter_parts import canonical_address

if TYPE_CHECKING:
    from probes.guard import Guard

Lookup = Callable[[str, int], Awaitable[list[str]]]

LOOKUP_S_MOST = 10.0


async def system_lookup(host: str, port: int) -> list[str]:
    """Return the addresses that this machine's own resolver knows of a name."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(LOOKUP_S_MOST):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def addresses_of(guard: Guard, host: str, port: int, lookup: Lookup = system_lookup) -> list[str]:
    """Return the addresses on which a listed host may be reached, the same for the whole run.

    Raises:
        OSError: the name is not known.
        TimeoutError: nobody says whether it is.
        probes.guard.RefusedByCharterError: the charter does not allow it.
    """
    if canonical_address(host) is not None:
        return [host]
    if not guard.pinned(host):
        guard.check_name(host)
        found = await lookup(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        if not guard.pinned(host):  # else another contact was quicker
            guard.pin(host, found)
    return guard.pinned(host)


class PinnedResolver(AbstractResolver):
    """Resolves for aiohttp's connectors, by the guard's pins."""

    def __init__(self, guard: Guard, lookup: Lookup = system_lookup) -> None:
        self._guard, self._lookup = guard, lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return a listed host's pinned addresses."""
        found = []
        for address in await addresses_of(self._guard, host, port, self._lookup):
            kind = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (socket.AF_UNSPEC, kind):
                found.append(
                    ResolveResult(
                        hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
                    )
                )
        if not found:
            raise OSError(f"{host} has no address of the kind that is asked for")
        return found

    async def close(self) -> None:
        """Nothing is held open."""
