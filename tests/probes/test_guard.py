import asyncio
import datetime
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from probes.guard import FEW_CONTACTS, Guard, RefusedByCharterError, guarding
from scenarios.charter import AllowedHost
from tests.probes.charters import charter, charter_file


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


def test_load_is_bounded_and_wants_proof_elsewhere() -> None:
    """Without it a scenario's ten thousand customers could be let loose on somebody's live desk."""
    guard = Guard(charter(contacts_per_day_most=10))
    guard.check_load(10, ["127.0.0.1"])
    with pytest.raises(RefusedByCharterError, match="11 contacts"):
        guard.check_load(11, ["127.0.0.1"])
    guard.check_load(5, ["desk.example.org"])
    with pytest.raises(RefusedByCharterError, match=r"until its control is proved.*names no proof"):
        guard.check_load(6, ["desk.example.org"])
    guard.note_proof("desk.example.org", None)
    guard.check_load(10, ["desk.example.org"])


def test_few_contacts_a_day_reach_a_host_whose_control_is_not_proved() -> None:
    """Without it many small runs in a row would be a load that nobody proved to be welcome."""
    guard = Guard(charter(AllowedHost(host="desk.example.org", ports=[443])))
    guard.check_load(5, ["desk.example.org"])
    for _ in range(FEW_CONTACTS):
        guard.begin_contact("chat")
    with pytest.raises(RefusedByCharterError, match=r"5 contacts are taken.*control of desk.example.org is not proved"):
        guard.begin_contact("chat")


def test_no_contact_begins_in_quiet_hours() -> None:
    """Without it a shop could ring people at night although their charter says when not to."""
    at = datetime.datetime(2026, 3, 6, 21, 59, tzinfo=datetime.UTC)  # a Friday, 22:59 in Rome
    quiet = [{"days": ["friday"], "begins": "23:00", "ends": "07:00"}]
    allowed = charter(
        valid_from="2026-01-01T00:00:00+00:00", valid_until="2027-01-01T00:00:00+00:00", time_zone="Europe/Rome",
        quiet_hours=quiet,
    )  # fmt: skip
    for minutes, is_quiet in ((0, False), (1, True), (8 * 60, True), (8 * 60 + 1, False), (24 * 60 + 1, False)):
        guard = Guard(allowed, now=lambda minutes=minutes: at + datetime.timedelta(minutes=minutes))  # type: ignore[misc]
        if is_quiet:
            with pytest.raises(RefusedByCharterError, match=r"quiet hours: 23:00 to 07:00 \(Europe/Rome\)"):
                guard.begin_contact("phone")
        else:
            guard.begin_contact("phone")


def test_a_public_charter_reads_a_few_pages_and_nothing_else() -> None:
    """Without it a company's public pages would be an excuse to chat with its staff."""
    guard = Guard(charter(AllowedHost(host="127.0.0.1", ports=[80]), kind="public", effects=["order"]))
    guard.begin_contact("faq")
    for channel in ("chat", "form", "email", "phone", "social", ""):
        with pytest.raises(RefusedByCharterError, match="reading pages"):
            guard.begin_contact(channel)
    with pytest.raises(RefusedByCharterError, match="no load"):
        guard.check_load(FEW_CONTACTS + 1, ["127.0.0.1"])
    with pytest.raises(RefusedByCharterError):
        guard.check_effect("order")


def test_agent_minutes_are_spent() -> None:
    """Without it a run could keep a small team busy all day with questions that are not real."""
    guard = Guard(charter(agent_minutes_most=2))
    guard.note_agent_time(119)
    guard.begin_contact("chat")
    guard.note_agent_time(1)
    with pytest.raises(RefusedByCharterError, match="2 agent minutes"):
        guard.begin_contact("chat")


def test_the_stop_file_lies_beside_the_charter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the owner's file would be looked for where whoever started the run happened to stand."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "charters").mkdir()
    guard = Guard(charter_file(tmp_path / "charters", stop_file="stop"))
    guard.check_contact()
    (tmp_path / "charters" / "stop").touch()
    with pytest.raises(RefusedByCharterError, match="stopped by the charter's owner"):
        guard.check_contact()
    (tmp_path / "charters" / "stop").unlink()
    with pytest.raises(RefusedByCharterError, match="stopped by the charter's owner"):
        guard.check_contact()  # who was stopped stays stopped


def test_networks_and_ranges_of_ports_are_allowed_as_told() -> None:
    """Without it a phone system, whose audio takes any of a hundred ports, could be listed only by opening all."""
    guard = Guard(charter(AllowedHost(host="10.1.2.0/24", ports=[5060, "16384-16484"])))
    for host, port in (("10.1.2.3", 5060), ("10.1.2.255", 16384), ("::ffff:10.1.2.3", 16484)):
        guard.check(host, port)
    for host, port in (("10.1.3.3", 5060), ("10.1.2.3", 16485), ("10.1.2.3", 5061), ("a.name", 5060)):
        with pytest.raises(RefusedByCharterError):
            guard.check(host, port)
