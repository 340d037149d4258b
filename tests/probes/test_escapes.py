"""Every way out that Python has, tried under a guard: listening sockets must hear nothing."""

import asyncio
import contextlib
import http.client
import imaplib
import smtplib
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from aiohttp import web

from probes.audit import permitting
from probes.guard import Guard, RefusedByCharterError, guarding
from probes.resolve import PinnedResolver, addresses_of
from scenarios.charter import AllowedHost
from tests.probes.charters import charter

NAME = "desk.example.test"


class Ears:
    """A TCP and a UDP port on each kind of loopback; both kinds have the same numbers."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.tcp = [stack.enter_context(socket.socket(family)) for family in (socket.AF_INET, socket.AF_INET6)]
        self.udp = [
            stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            for family in (socket.AF_INET, socket.AF_INET6)
        ]
        for kind in (self.tcp, self.udp):
            kind[0].bind(("127.0.0.1", 0))
            kind[1].bind(("::1", kind[0].getsockname()[1]))
        for ear in (*self.tcp, *self.udp):
            ear.setblocking(False)
        for ear in self.tcp:
            ear.listen()
        self.port: int = self.tcp[0].getsockname()[1]
        self.udp_port: int = self.udp[0].getsockname()[1]

    def hear_nothing(self) -> None:
        """Fail if anything has come in."""
        for ear in self.tcp:
            with pytest.raises(BlockingIOError):
                ear.accept()
        for ear in self.udp:
            with pytest.raises(BlockingIOError):
                ear.recv(1)


@pytest.fixture
def ears() -> Iterator[Ears]:
    with contextlib.ExitStack() as stack:
        yield Ears(stack)


def udp(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


def in_thread(act: Callable[[], object]) -> None:
    """Do it in a thread, and raise what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  handed to the test
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


async def by_aiohttp(port: int) -> None:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as http:
        await http.get(f"http://[::1]:{port}/")


async def by_endpoint(port: int) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    raised: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
    try:
        transport.sendto(b"x", ("127.0.0.1", port))
    finally:
        transport.close()
    if raised:  # asyncio tells a fatal error of a transport to the loop
        raise raised[0]


WAYS: dict[str, Callable[[Ears], object]] = {
    "a bare socket": lambda e: socket.socket().connect(("127.0.0.1", e.port)),
    "connect_ex": lambda e: socket.socket().connect_ex(("127.0.0.1", e.port)),
    "a socket of _socket": lambda e: __import__("_socket").socket().connect(("127.0.0.1", e.port)),
    "create_connection": lambda e: socket.create_connection(("127.0.0.1", e.port)),
    "a name in connect": lambda e: socket.socket().connect(("localhost", e.port)),
    "IPv6": lambda e: socket.create_connection(("::1", e.port)),
    "IPv6 with its zone": lambda e: socket.socket(socket.AF_INET6).connect(("::1", e.port, 0, 0)),
    "IPv4 in IPv6 dress": lambda e: socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", e.port)),
    "the address nobody has": lambda e: socket.socket().connect(("0.0.0.0", e.port)),
    "no address": lambda e: socket.socket().connect(("", e.port)),
    "a decimal address": lambda e: socket.socket().connect(("2130706433", e.port)),
    "an octal address": lambda e: socket.create_connection(("0177.0.0.1", e.port)),
    "a short address": lambda e: socket.create_connection(("127.1", e.port)),
    "a hexadecimal address": lambda e: socket.create_connection(("0x7f000001", e.port)),
    "localhost": lambda e: socket.create_connection(("localhost", e.port)),
    "localhost with a dot": lambda e: socket.create_connection(("localhost.", e.port)),
    "http.client": lambda e: http.client.HTTPConnection("127.0.0.1", e.port).request("GET", "/"),
    "urllib": lambda e: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        f"http://127.0.0.1:{e.port}/"
    ),
    "smtplib": lambda e: smtplib.SMTP("127.0.0.1", e.port),
    "imaplib": lambda e: imaplib.IMAP4("127.0.0.1", e.port),
    "a thread": lambda e: in_thread(lambda: socket.create_connection(("127.0.0.1", e.port))),
    "asyncio": lambda e: asyncio.run(asyncio.wait_for(asyncio.open_connection("127.0.0.1", e.port), 5)),
    "aiohttp with its own connector": lambda e: asyncio.run(by_aiohttp(e.port)),
    "sendto": lambda e: udp().sendto(b"x", ("127.0.0.1", e.udp_port)),
    "sendto with flags": lambda e: udp().sendto(b"x", 0, ("127.0.0.1", e.udp_port)),
    "sendto by name": lambda e: udp().sendto(b"x", ("localhost", e.udp_port)),
    "sendto over IPv6": lambda e: udp(socket.AF_INET6).sendto(b"x", ("::1", e.udp_port)),
    "sendmsg": lambda e: udp().sendmsg([b"x"], [], 0, ("127.0.0.1", e.udp_port)),
    "UDP connect": lambda e: udp().connect(("127.0.0.1", e.udp_port)),
    "a datagram endpoint": lambda e: asyncio.run(by_endpoint(e.udp_port)),
    "TCP that opens with data": lambda e: socket.socket().sendto(
        b"x", getattr(socket, "MSG_FASTOPEN", 0), ("127.0.0.1", e.port)
    ),
    "a raw socket": lambda e: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP),
    "a packet socket": lambda e: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM),
    "listening for strangers": lambda e: socket.socket().bind(("0.0.0.0", 0)),
    "UDP open to strangers": lambda e: udp().bind(("", 0)),
    "asking who has an address": lambda e: socket.gethostbyaddr("192.0.2.1"),
    "asking a name of an address": lambda e: socket.getnameinfo(("192.0.2.1", 80), 0),
    "uvloop": lambda e: __import__("uvloop"),
    "asking for a name": lambda e: socket.gethostbyname("desk.example.org"),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
def test_there_is_no_way_round_the_guard(way: str, ears: Ears) -> None:
    """Without it a library that connects in its own manner could reach a host that never agreed."""
    before = "uvloop" in sys.modules
    with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=[1])))), pytest.raises(RefusedByCharterError):
        WAYS[way](ears)
    ears.hear_nothing()
    assert before == ("uvloop" in sys.modules)


def test_what_is_listed_is_reached_by_any_of_its_spellings(ears: Ears) -> None:
    """Without it the test above would pass with a guard that lets nothing out at all."""
    with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=[ears.port])))):
        socket.create_connection(("127.0.0.1", ears.port)).close()
        with socket.socket(socket.AF_INET6) as dressed:
            dressed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            dressed.connect(("::ffff:127.0.0.1", ears.port))
    assert [ears.tcp[0].accept()[0].close() for _ in range(2)] == [None, None]


def test_a_listed_name_is_not_left_to_others_to_look_up(ears: Ears) -> None:
    """Without it a library that connects by name would go wherever a name server leads it this time."""
    with guarding(Guard(charter(AllowedHost(host="localhost", ports=[ears.port, ears.udp_port])))):
        with socket.socket() as line, pytest.raises(RefusedByCharterError, match="is a name"):
            line.connect(("localhost", ears.port))
        with udp() as line, pytest.raises(RefusedByCharterError, match="is a name"):
            line.sendto(b"x", ("localhost", ears.udp_port))
    ears.hear_nothing()


def test_a_loop_that_opens_its_own_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it uvloop, which no hook sees, would quietly play without a guard."""

    class FastLoop(asyncio.SelectorEventLoop):
        pass

    FastLoop.__module__ = "uvloop.loop"
    loop = FastLoop()

    async def play() -> None:
        with guarding(Guard(charter())):
            pass

    try:
        with pytest.raises(RefusedByCharterError, match="uvloop"):
            loop.run_until_complete(play())
    finally:
        loop.close()


async def known(host: str, port: int) -> list[str]:
    """Stand in for the resolver of a machine whose hosts file maps the name to loopback."""
    return {NAME: ["127.0.0.1"]}[host.rstrip(".")]


async def moved(host: str, port: int) -> list[str]:
    """Stand in for a name server that has changed its mind."""
    return ["127.0.0.2"]


def test_a_name_is_pinned_to_the_host_that_it_led_to(ears: Ears) -> None:
    """Without it whoever rules a name server could turn a run against another host while it lasts."""

    async def play() -> None:
        guard = Guard(charter(AllowedHost(host=NAME, ports=[ears.port])))
        with guarding(guard):
            assert await addresses_of(guard, NAME, ears.port, known) == ["127.0.0.1"]
            assert await addresses_of(guard, NAME + ".", ears.port, moved) == ["127.0.0.1"]
            socket.create_connection(("127.0.0.1", ears.port)).close()
            with pytest.raises(RefusedByCharterError, match="port 1;"):
                socket.create_connection(("127.0.0.1", 1))
            with pytest.raises(RefusedByCharterError):
                socket.create_connection(("127.0.0.2", ears.port))
            with pytest.raises(RefusedByCharterError, match=r"led to 127.0.0.1 and now leads to 127.0.0.2"):
                guard.pin(NAME, ["127.0.0.2"])
            for nowhere in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "desk.example.test"):
                with pytest.raises(RefusedByCharterError, match="nobody's address"):
                    Guard(guard.charter).pin(NAME, [nowhere])
            with pytest.raises(RefusedByCharterError, match="not looked up"):
                await addresses_of(guard, "other.example.test", ears.port, known)

    asyncio.run(play())
    ears.tcp[0].accept()[0].close()


def test_aiohttp_goes_where_the_pins_lead() -> None:
    """Without it desks with a name, which is all real ones, could not be reached, or without a pin."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.host)

    async def play() -> None:
        app = web.Application()
        app.add_routes([web.get("/", hello)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        guard = Guard(charter(AllowedHost(host=NAME, ports=[port])))
        connector = aiohttp.TCPConnector(resolver=PinnedResolver(guard, known))
        try:
            with guarding(guard):
                async with aiohttp.ClientSession(connector=connector) as http:
                    async with http.get(f"http://{NAME}:{port}/") as answer:
                        assert await answer.text() == f"{NAME}:{port}"
                    with pytest.raises(RefusedByCharterError):
                        await http.get(f"http://other.example.test:{port}/")
        finally:
            await runner.cleanup()

    asyncio.run(play())


def test_an_output_is_reached_only_while_it_is_being_sent(ears: Ears) -> None:
    """Without it a listed webhook would be one more host that contacts may go to."""
    guard = Guard(charter(outputs={"webhook": f"http://127.0.0.1:{ears.port}/hook"}))
    with guarding(guard):
        with guard.sending_output("webhook") as url:
            assert url.endswith("/hook")
            socket.create_connection(("127.0.0.1", ears.port)).close()
        with pytest.raises(RefusedByCharterError):
            socket.create_connection(("127.0.0.1", ears.port))
        with pytest.raises(RefusedByCharterError, match="no judge"), guard.sending_output("judge"):
            pass
        with pytest.raises(RefusedByCharterError), permitting("127.0.0.1", 1):
            socket.create_connection(("127.0.0.1", ears.port))
    ears.tcp[0].accept()[0].close()
    ears.hear_nothing()
