"""Proof of control, on a name that a hosts mapping of the test's own leads to loopback, and a name server beside it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import dns.flags
import dns.message
import dns.rrset
import pytest
from aiohttp import web

from probes.audit import permitting
from probes.guard import Guard, RefusedByCharterError
from probes.proof import PAGE, proof_text, prove_control
from scenarios.charter import AllowedHost, charter_hash
from tests.probes.charters import charter

HOST = "desk.example.test"


async def known(host: str, port: int) -> list[str]:
    return {HOST: ["127.0.0.1"]}[host]


@contextlib.asynccontextmanager
async def site(texts: list[str], status: int = 200) -> AsyncIterator[int]:
    """Serve a page of these lines, whatever they are when it is asked for; yields the port."""

    async def page(request: web.Request) -> web.Response:
        if status == 302:
            raise web.HTTPFound("/elsewhere")
        return web.Response(text="\n".join(texts), status=status)

    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(text="\n".join(texts))

    app = web.Application()
    app.add_routes([web.get(PAGE, page), web.get("/elsewhere", elsewhere)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT questions from a table; of other names it says that there is nothing."""

    def __init__(self, records: dict[str, Iterable[str]]) -> None:
        self.records = records
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question."""
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text().rstrip(".")
        self.asked.append(name)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        texts = [f'"{text}"' for text in self.records.get(name, ())]
        if texts:
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "TXT", *texts))
        with permitting(*address):  # this server is in the guarded process, and is not what is guarded
            self._transport.sendto(answer.to_wire(), address)  # type: ignore[attr-defined]


def by_page(publish: str, status: int = 200, scheme: str = "http", **proof: object) -> Guard:
    """Look for proof on a page that says `publish`, in which HASH stands for the right one."""

    async def play() -> Guard:
        lines: list[str] = []
        async with site(lines, status) as port:
            facts = {"kind": "well_known", "scheme": scheme, "port": port, **proof}
            guard = Guard(charter(AllowedHost(host=HOST, ports=[port]), proof=facts))
            lines += ["# whom to ask: us", publish.replace("HASH", charter_hash(guard.charter))]
            await prove_control(guard, [HOST], known)
            guard.check_load(1, [HOST])
            return guard

    return asyncio.run(play())


def by_name(records: dict[str, list[str]]) -> tuple[Guard, list[str]]:
    """Look for proof at a name server that knows these, in which HASH stands for the right one."""

    async def play() -> tuple[Guard, list[str]]:
        loop = asyncio.get_running_loop()
        server = NameServer({})
        transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        proof = {"kind": "dns_txt", "name_server": "127.0.0.1", "name_server_port": port}
        guard = Guard(charter(AllowedHost(host=HOST, ports=[443]), proof=proof))
        right = charter_hash(guard.charter)
        server.records = {name: [text.replace("HASH", right) for text in texts] for name, texts in records.items()}
        try:
            await prove_control(guard, [HOST])
            guard.check_load(1, [HOST])
        finally:
            transport.close()
        return guard, server.asked

    return asyncio.run(play())


def test_a_page_that_holds_the_hash_proves_control() -> None:
    """Without it no desk but one's own machine could ever be loaded."""
    guard = by_page("testdrive-charter=HASH")
    assert guard.unproved() == {}
    guard.check_load(20, [HOST])


@pytest.mark.parametrize(
    ("publish", "status", "told"),
    [
        ("testdrive-charter=0123", 200, "that of another charter"),
        ("HASH", 200, "is not published"),
        ("see testdrive-charter=HASH, they say", 200, "is not published"),
        ("testdrive-charter=HASH", 404, "HTTP 404"),
        ("testdrive-charter=HASH", 302, "HTTP 302"),
    ],
)
def test_anything_else_proves_nothing(publish: str, status: int, told: str) -> None:
    """Without it any page, a redirect or a visitor's comment could pass for the owner's word."""
    guard = by_page(publish, status)
    assert told in guard.unproved()[HOST]
    with pytest.raises(RefusedByCharterError, match="until its control is proved"):
        guard.check_load(6, [HOST])


def test_a_page_that_cannot_be_fetched_proves_nothing() -> None:
    """Without it a desk that is down would be a fault of ours, or taken for a proof."""
    assert "cannot be fetched" in by_page("testdrive-charter=HASH", scheme="https").unproved()[HOST]
    unlisted = by_page("testdrive-charter=HASH", port=1).unproved()[HOST]
    assert "does not allow desk.example.test port 1" in unlisted


@pytest.mark.parametrize("name", [HOST, f"_testdrive-charter.{HOST}"])
def test_a_txt_record_that_holds_the_hash_proves_control(name: str) -> None:
    """Without it a desk whose pages are somebody else's product could never prove that it is its owner's."""
    guard, asked = by_name({name: ["v=spf1 -all", "testdrive-charter=HASH"]})
    assert guard.unproved() == {}
    assert set(asked) <= {HOST, f"_testdrive-charter.{HOST}"}


@pytest.mark.parametrize("records", [{}, {HOST: ["testdrive-charter=0123"]}, {HOST: ["v=spf1 -all"]}])
def test_another_record_proves_nothing(records: dict[str, list[str]]) -> None:
    """Without it any record at all would open a host to load."""
    guard, _ = by_name(records)
    assert guard.unproved()[HOST]


def test_the_hash_is_of_all_that_is_allowed_and_of_no_secret() -> None:
    """Without it an owner's proof would hold for a charter that was widened later, or betray the marker's key."""
    told = charter(AllowedHost(host=HOST, ports=[443]))
    same = told.model_copy(update={"marker_key": "another secret"})
    wider = told.model_copy(update={"contacts_per_day_most": 21})
    assert charter_hash(told) == charter_hash(same) != charter_hash(wider)
    assert proof_text(Guard(told)) == f"testdrive-charter={charter_hash(told)}"


def test_loopback_needs_no_proof() -> None:
    """Without it practising on a desk of one's own machine would want a web server and a name."""
    guard = Guard(charter(AllowedHost(host="127.0.0.1", ports=[80])))
    asyncio.run(prove_control(guard, ["127.0.0.1"]))
    guard.check_load(20, ["127.0.0.1"])
    assert guard.unproved() == {}
