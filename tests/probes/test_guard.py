import asyncio
import datetime
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from probes.guard import Guard, RefusedByCharterError, guarding
from scenarios.charter import AllowedHost, Charter


def charter(*allow: AllowedHost, **changes: object) -> Charter:
    now = datetime.datetime.now(datetime.UTC)
    facts: dict[str, object] = {
        "owner": "us",
        "kind": "own",
        "consent": "ours",
        "purpose": "test",
        "valid_from": (now - datetime.timedelta(hours=1)).isoformat(),
        "valid_until": (now + datetime.timedelta(hours=1)).isoformat(),
        "emergency_contact": "us",
        "allow": list(allow),
        "marker_key": "0123456789",
        **changes,
    }
    return Charter.model_validate(facts)


@pytest.fixture
def ears() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A TCP and a UDP socket that listen, and must hear nothing."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for ear in (tcp, udp):
            ear.bind(("127.0.0.1", 0))
            ear.setblocking(False)
        tcp.listen()
        yield tcp, udp


def hears_nothing(tcp: socket.socket, udp: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        tcp.accept()
    with pytest.raises(BlockingIOError):
        udp.recv(1)


def test_nothing_reaches_a_port_that_is_not_listed(ears: tuple[socket.socket, socket.socket]) -> None:
    """Without it a slip in a target file could send customers to somebody who never agreed."""
    tcp, udp = ears
    port, udp_port = tcp.getsockname()[1], udp.getsockname()[1]
    with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=[1])))):
        with pytest.raises(RefusedByCharterError, match=f"127.0.0.1 port {port}"):
            socket.create_connection(("127.0.0.1", port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            with pytest.raises(RefusedByCharterError):
                sender.sendto(b"x", ("127.0.0.1", udp_port))
            with pytest.raises(RefusedByCharterError):
                sender.sendmsg([b"x"], [], 0, ("127.0.0.1", udp_port))
            with pytest.raises(RefusedByCharterError):
                sender.connect(("127.0.0.1", udp_port))
    hears_nothing(tcp, udp)


def test_asyncio_cannot_go_round_the_guard(ears: tuple[socket.socket, socket.socket]) -> None:
    """Without it the channels, which are all asyncio, might use calls that the hook does not see."""
    tcp, udp = ears

    async def try_it() -> None:
        with guarding(Guard(charter())):
            with pytest.raises(RefusedByCharterError):
                async with aiohttp.ClientSession() as http:
                    await http.get(f"http://127.0.0.1:{tcp.getsockname()[1]}/")
            loop = asyncio.get_running_loop()
            with pytest.raises(RefusedByCharterError):
                await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=udp.getsockname())

    asyncio.run(try_it())
    hears_nothing(tcp, udp)


def test_a_redirect_elsewhere_is_refused(ears: tuple[socket.socket, socket.socket]) -> None:
    """Without it a listed desk could lead us to one that is not."""
    from aiohttp import web

    tcp, udp = ears

    async def try_it() -> None:
        async def away(request: web.Request) -> web.Response:
            raise web.HTTPFound(f"http://127.0.0.1:{tcp.getsockname()[1]}/")

        app = web.Application()
        app.router.add_get("/", away)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=[port])))):
                async with aiohttp.ClientSession() as http:
                    with pytest.raises(RefusedByCharterError):
                        await http.get(f"http://127.0.0.1:{port}/")
        finally:
            await runner.cleanup()

    asyncio.run(try_it())
    hears_nothing(tcp, udp)


def test_a_name_that_is_not_listed_is_not_even_looked_up() -> None:
    """Without it the look-up alone would tell a name server whom we meant to visit."""
    with guarding(Guard(charter())), pytest.raises(RefusedByCharterError, match="not looked up"):
        socket.getaddrinfo("desk.example.org", 80)


def test_a_listed_port_is_reached(ears: tuple[socket.socket, socket.socket]) -> None:
    """Without it a guard that refuses everything would pass the tests above."""
    tcp, _ = ears
    port = tcp.getsockname()[1]
    with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=[port])))):
        socket.create_connection(("127.0.0.1", port)).close()
    tcp.accept()[0].close()


def test_outside_a_guard_nothing_is_refused(ears: tuple[socket.socket, socket.socket]) -> None:
    """Without it the hook, which cannot be removed, would cripple the process for good."""
    tcp, _ = ears
    with guarding(Guard(charter())):
        pass
    socket.create_connection(tcp.getsockname()).close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"valid_until": "2020-01-02T00:00:00+00:00", "valid_from": "2020-01-01T00:00:00+00:00"}, "holds from"),
        ({"kind": "public"}, "public charter"),
    ],
)
def test_a_contact_needs_a_charter_that_holds(changes: dict[str, object], told: str) -> None:
    """Without it an expired licence, or one to read only, would still shop."""
    with pytest.raises(RefusedByCharterError, match=told):
        Guard(charter(**changes)).check_contact()


def test_the_stop_file_stops(tmp_path: Path) -> None:
    """Without it the owner of a desk could not call us off while we are at it."""
    guard = Guard(charter(stop_file=str(tmp_path / "stop")))
    guard.check_contact()
    (tmp_path / "stop").touch()
    with pytest.raises(RefusedByCharterError, match="stop file"):
        guard.check_contact()


def test_load_is_bounded_and_stays_on_this_machine() -> None:
    """Without it a scenario's ten thousand customers could be let loose on somebody's live desk."""
    guard = Guard(charter(contacts_per_day_most=10))
    guard.check_load(10, ["127.0.0.1"])
    with pytest.raises(RefusedByCharterError, match="11 contacts"):
        guard.check_load(11, ["127.0.0.1"])
    guard.check_load(5, ["desk.example.org"])
    with pytest.raises(RefusedByCharterError, match="load only on loopback"):
        guard.check_load(6, ["desk.example.org"])
