"""Proof that a desk's owner controls the host: the charter's hash, published where only the owner can.

Fetched through the guard, as everything is: the page from the host's listed port and without following redirects, the
TXT record from the charter's name server, or the system's. Loopback needs no proof. What is published is
`testdrive-charter=HASH`, of `scenarios.charter.charter_hash`; a charter that is changed wants its proof anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import aiohttp

from probes.audit import permitting
from probes.guard import Guard, guarding
from probes.refusal import RefusedByCharterError
from probes.resolve import Lookup, PinnedResolver, system_lookup
from scenarios.charter import charter_hash, is_loopback
from scenarios.charter_parts import Proof, canonical_address, canonical_host

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

PAGE = "/.well-known/testdrive-charter"
BELOW = "_testdrive-charter"
"""A name that is an alias has no TXT record of its own; one below it may."""

PROOF_S_MOST = 10.0
PAGE_BYTES_MOST = 4096


def proof_text(guard: Guard) -> str:
    """Return what the owner publishes."""
    return f"testdrive-charter={charter_hash(guard.charter)}"


async def prove_control(guard: Guard, hosts: Iterable[str], lookup: Lookup = system_lookup) -> None:
    """Look for the proof of each host that is not this machine, and tell the guard what was found.

    `Guard.check_load` and the ledger use it; called before them, once a run.
    """
    for host in hosts:
        proof = guard.charter.proof
        if not is_loopback(host) and proof is not None:
            with guarding(guard):
                guard.note_proof(host, await _fault(guard, proof, host, lookup))


async def _fault(guard: Guard, proof: Proof, host: str, lookup: Lookup) -> str | None:
    """Return why a host's control is not proved; None where it is."""
    try:
        found = await (_page(guard, proof, host, lookup) if proof.kind == "well_known" else _records(proof, host))
    except RefusedByCharterError as error:
        return f"the proof cannot be fetched: {error}"
    except (OSError, TimeoutError, aiohttp.ClientError, ValueError) as error:
        return f"the proof cannot be fetched: {type(error).__name__}: {error}"[:300]
    wanted = proof_text(guard)
    if wanted in found:
        return None
    others = sum(text.startswith("testdrive-charter=") for text in found)
    return f"{wanted} is not published" + (
        ", but that of another charter, or of this one before a change" * bool(others)
    )


async def _page(guard: Guard, proof: Proof, host: str, lookup: Lookup) -> list[str]:
    port = proof.port or (443 if proof.scheme == "https" else 80)
    guard.check(host, port)
    url = f"{proof.scheme}://{f'[{host}]' if ':' in host else host}:{port}{PAGE}"
    connector = aiohttp.TCPConnector(resolver=PinnedResolver(guard, lookup))
    timeout = aiohttp.ClientTimeout(total=PROOF_S_MOST)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
        http.get(url, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise OSError(f"HTTP {answer.status} at {url}")
        body = b""
        while len(body) < PAGE_BYTES_MOST and not answer.content.at_eof():
            body += await answer.content.read(PAGE_BYTES_MOST - len(body))
    return [line.strip() for line in body.decode("utf-8", "replace").splitlines()]


async def _records(proof: Proof, host: str) -> list[str]:
    from dns.exception import DNSException  # a third of a second to import, and seldom needed

    if canonical_address(host) is not None:
        raise ValueError(f"{host} is an address and has no TXT record")
    resolver = _resolver(proof)
    found: list[str] = []
    with contextlib.ExitStack() as stack:
        for server in resolver.nameservers:
            stack.enter_context(permitting(str(server), resolver.port))
        for name in (canonical_host(host), f"{BELOW}.{canonical_host(host)}"):
            try:
                answer = await resolver.resolve(name + ".", "TXT", lifetime=PROOF_S_MOST / 2, search=False)
            except DNSException as error:
                failure = f"{type(error).__name__}: {error}"
                continue
            found += [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    if not found:
        raise OSError(failure)
    return found


def _resolver(proof: Proof) -> Resolver:
    from dns.asyncresolver import Resolver

    resolver = Resolver(configure=proof.name_server is None)
    if proof.name_server is not None:
        resolver.nameservers = [proof.name_server]
        resolver.port = proof.name_server_port
    return resolver
