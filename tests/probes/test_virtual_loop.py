import asyncio
import itertools
import random
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from probes import virtual_loop
from probes.virtual_loop import DeadlockError, WallTimeError, run_virtual

Trace = list[tuple[float, str, str]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def now() -> float:
    """Return the time on the running loop."""
    return asyncio.get_running_loop().time()


# Time


def test_a_timer_fires_at_its_time_exactly():
    """Without it every wait measured under the virtual clock would carry a rounding error."""
    luck = random.Random(5)
    # Each more than twice the one before: only then can now + (when - now) differ from when.
    whens = [4.0**k * luck.uniform(1.0, 1.5) for k in range(-40, 12)]

    async def listen() -> list[float]:
        fired: list[float] = []
        done = asyncio.get_running_loop().create_future()
        for when in reversed(whens):
            asyncio.get_running_loop().call_at(when, lambda: fired.append(now()))
        asyncio.get_running_loop().call_at(2e7, done.set_result, None)
        await done
        return fired

    assert run_virtual(listen()) == whens


def test_timers_fire_in_the_order_of_their_times_and_work_comes_before_time():
    """Without it a customer could give up before hearing an answer that came earlier."""

    async def interleave() -> Trace:
        trace: Trace = []

        async def caller(name: str, pauses: list[float]) -> None:
            for pause in pauses:
                await asyncio.sleep(pause)
                trace.append((now(), name, "woke"))
                for _ in range(1000):  # more rounds than pass between two looks at the sockets
                    await asyncio.sleep(0)
                trace.append((now(), name, "worked"))

        await asyncio.gather(caller("b", [2.0, 2.0]), caller("a", [1.0, 2.5]))
        return trace

    assert run_virtual(interleave()) == [
        (1.0, "a", "woke"),
        (1.0, "a", "worked"),
        (2.0, "b", "woke"),
        (2.0, "b", "worked"),
        (3.5, "a", "woke"),
        (3.5, "a", "worked"),
        (4.0, "b", "woke"),
        (4.0, "b", "worked"),
    ]


def test_a_month_takes_no_time():
    """Without it the loop might wait for its timers after all."""
    began_s = time.monotonic()
    run_virtual(asyncio.sleep(30 * 86400))
    assert time.monotonic() - began_s < 1.0


# Bytes


async def connected() -> tuple[asyncio.Server, Streams, Streams]:
    """Return a server on loopback and the two ends of a connection to it, the server's last."""
    accepted: asyncio.Queue[Streams] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: accepted.put_nowait((r, w)), "127.0.0.1", 0)
    client = await asyncio.open_connection(*server.sockets[0].getsockname())
    return server, client, await accepted.get()


def test_nothing_jumps_while_a_transfer_is_in_flight():
    """Without it a long attachment would arrive hours after it was sent, by the clock of the desk."""
    size = 30_000_000

    async def send_it() -> tuple[float, float, float, int, int]:
        server, (_, writer), (reader, answerer) = await connected()
        reading = answerer.transport
        reading.pause_reading()
        asyncio.get_running_loop().call_at(5.0, reading.resume_reading)
        for minute in range(1, 100):  # timers that a wrong jump would land on
            asyncio.get_running_loop().call_at(60.0 * minute, lambda: None)
        writer.write(b"x" * size)
        drained = asyncio.create_task(writer.drain())
        drained_at = asyncio.get_running_loop().create_future()
        drained.add_done_callback(lambda _: drained_at.set_result(now()))
        await asyncio.sleep(4.0)
        waited = 0 if drained.done() else now()
        received = len(await reader.readexactly(size))
        received_at = now()
        given_up = asyncio.get_running_loop().tally.given_up
        result = waited, received_at, await drained_at, received, given_up
        writer.close()
        answerer.close()
        server.close()
        return result

    assert run_virtual(send_it(), max_wall_s=30) == (4.0, 5.0, 5.0, size, 0)


@pytest.fixture(params=[2, 4])
def late_kernel(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let only every second or fourth look at the sockets find anything."""
    honest = virtual_loop._Selector.look
    looks = itertools.count(1)

    def late(self: virtual_loop._Selector, wall_s: float | None) -> virtual_loop.ReadyEvents:
        return [] if next(looks) % request.param else honest(self, wall_s)

    monkeypatch.setattr(virtual_loop._Selector, "look", late)


@pytest.mark.usefixtures("late_kernel")
def test_bytes_and_ends_that_the_kernel_delivers_late_are_waited_for():
    """Without it a busy machine, which puts loopback delivery off, would change the measured waits."""

    async def talk() -> tuple[list[float], bytes, bytes, bytes]:
        server, (reader, writer), (desk_reader, desk_writer) = await connected()
        times = [now()]
        asyncio.get_running_loop().call_at(3600.0, lambda: None)
        writer.write(b"Where is my parcel?\n")
        asked = await desk_reader.readline()
        times.append(now())
        desk_writer.write(b"On its way.\n")
        answered = await reader.readline()
        times.append(now())
        writer.write_eof()
        ended = await desk_reader.read()
        times.append(now())
        desk_writer.close()
        ended += await reader.read()
        times.append(now())
        writer.close()
        server.close()
        return times, asked, answered, ended

    assert run_virtual(talk()) == ([0.0] * 5, b"Where is my parcel?\n", b"On its way.\n", b"")


def test_a_writer_that_the_kernel_holds_up_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    """Without it time would pass between two pieces of one message."""
    honest = virtual_loop._Selector.look
    found = [1]

    def late(self: virtual_loop._Selector, wall_s: float | None) -> virtual_loop.ReadyEvents:
        # Tell a writer that it may go on only after a look that found nothing at all.
        hidden = selectors.EVENT_WRITE if found[-1] else 0
        events = [(key, bits & ~hidden) for key, bits in honest(self, wall_s) if bits & ~hidden]
        found.append(len(events))
        return events

    async def send_it() -> tuple[int, float]:
        server, (_, writer), (reader, desk_writer) = await connected()
        monkeypatch.setattr(virtual_loop._Selector, "look", late)
        asyncio.get_running_loop().call_at(3600.0, lambda: None)
        writer.write(b"x" * 20_000_000)
        received = len(await reader.readexactly(20_000_000))
        await writer.drain()
        at = now()
        writer.close()
        desk_writer.close()
        server.close()
        return received, at

    assert run_virtual(send_it()) == (20_000_000, 0.0)


def test_a_file_sent_is_counted_as_bytes_are(tmp_path: Path):
    """Without it the kernel's sendfile would put a help page's bytes past the count."""
    page = tmp_path / "page.html"
    page.write_bytes(b"y" * 5000)

    async def serve() -> tuple[int, int]:
        server, (reader, writer), (_, desk_writer) = await connected()
        with page.open("rb") as file:
            writer.transport.pause_reading()
            await asyncio.get_running_loop().sendfile(desk_writer.transport, file)
        ledger = asyncio.get_running_loop()._ledger
        owed = ledger.by_fd[writer.get_extra_info("socket").fileno()].owed
        writer.transport.resume_reading()
        received = len(await reader.readexactly(5000))
        writer.close()
        desk_writer.close()
        server.close()
        return owed, received

    assert run_virtual(serve()) == (5000, 5000)


@pytest.mark.usefixtures("late_kernel")
def test_bytes_under_tls_are_waited_for():
    """Without it a desk behind TLS would be measured on a clock that runs ahead of its answers."""

    def context(side: int) -> ssl.SSLContext:
        anonymous = ssl.SSLContext(side)  # without certificates: who it is does not matter here
        anonymous.check_hostname = False
        anonymous.verify_mode = ssl.CERT_NONE
        anonymous.maximum_version = ssl.TLSVersion.TLSv1_2
        anonymous.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
        return anonymous

    async def talk() -> tuple[bytes, float]:
        asyncio.get_running_loop().call_at(3600.0, lambda: None)
        server = await asyncio.start_server(
            lambda _, writer: writer.write(b"hello"), "127.0.0.1", 0, ssl=context(ssl.PROTOCOL_TLS_SERVER)
        )
        reader, writer = await asyncio.open_connection(
            *server.sockets[0].getsockname(), ssl=context(ssl.PROTOCOL_TLS_CLIENT)
        )
        heard, at = await reader.readexactly(5), now()
        writer.transport.abort()
        server.close()
        return heard, at

    assert run_virtual(talk()) == (b"hello", 0.0)


def test_a_caller_who_hangs_up_before_being_accepted_costs_nothing():
    """Without it each connect that was reset in the queue would be waited for in vain."""

    async def hang_up() -> int:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        with socket.socket() as caller:
            caller.setblocking(False)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connecting = asyncio.ensure_future(loop.sock_connect(caller, server.sockets[0].getsockname()))
            await asyncio.sleep(0)
            connecting.cancel()
            await asyncio.wait([connecting])
        with socket.socket() as caller:
            caller.setblocking(False)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await loop.sock_connect(caller, server.sockets[0].getsockname())
        await asyncio.sleep(1.0)
        server.close()
        return loop.tally.given_up

    assert run_virtual(hang_up(), stall_s=0.1) == 0


def test_a_crowd_that_connects_at_one_instant_is_accepted_at_that_instant():
    """Without it the desk's short backlog would turn a rush into connects of a wall second each."""

    async def rush() -> tuple[float, int]:
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        address = server.sockets[0].getsockname()

        async def caller() -> None:
            reader, writer = await asyncio.open_connection(*address)
            assert await reader.read() == b""
            writer.close()

        await asyncio.sleep(10.0)
        await asyncio.gather(*(caller() for _ in range(400)))
        server.close()
        return now(), asyncio.get_running_loop().tally.given_up

    began_s = time.monotonic()
    assert run_virtual(rush()) == (10.0, 0)
    assert time.monotonic() - began_s < 0.9


def test_an_aborted_connection_settles_its_accounts():
    """Without it each customer who drops the line would cost two wall seconds."""

    async def drop() -> tuple[bytes, float, int, bool]:
        server, (reader, writer), (_, desk_writer) = await connected()
        desk_writer.transport.pause_reading()
        writer.write(b"never read")
        await asyncio.sleep(1.0)
        desk_writer.transport.abort()
        try:
            said = await reader.read()
        except ConnectionResetError:
            said = b"reset"
        is_settled = not asyncio.get_running_loop()._ledger.owing
        await asyncio.sleep(100.0)
        writer.close()
        server.close()
        loop = asyncio.get_running_loop()
        return said, now(), loop.tally.given_up, is_settled

    assert run_virtual(drop()) == (b"reset", 101.0, 0, True)


def test_a_half_closed_connection_still_answers():
    """Without it an end of stream could overtake time, or the answer after it get lost."""

    async def ask_and_shut() -> tuple[bytes, bytes, float]:
        server, (reader, writer), (desk_reader, desk_writer) = await connected()
        writer.write(b"all I have to say")
        writer.write_eof()
        heard = await desk_reader.read()
        await asyncio.sleep(7.0)
        desk_writer.write(b"thank you")
        desk_writer.close()
        answer = await reader.read()
        at = now()
        writer.close()
        server.close()
        return heard, answer, at

    assert run_virtual(ask_and_shut()) == (b"all I have to say", b"thank you", 7.0)


def test_bytes_that_never_come_are_given_up_and_tallied():
    """Without it a wrong account of one socket would stop the clock for ever."""

    async def be_misled() -> tuple[float, int]:
        server, (_, writer), (_, desk_writer) = await connected()
        asyncio.get_running_loop()._ledger.by_fd[writer.get_extra_info("socket").fileno()].owe(1)
        await asyncio.sleep(2.0)
        await asyncio.sleep(3.0)
        writer.close()
        desk_writer.close()
        server.close()
        return now(), asyncio.get_running_loop().tally.given_up

    assert run_virtual(be_misled(), stall_s=0.05) == (5.0, 1)


def test_a_peer_outside_the_loop_is_counted_and_holds_nothing_up():
    """Without it a run against another process, whose time is not ours, would look like a sound one."""

    async def call_out(port: int) -> tuple[float, int]:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"anyone?")
        await asyncio.sleep(60.0)
        writer.close()
        return now(), asyncio.get_running_loop().tally.foreign_connections

    with socket.create_server(("127.0.0.1", 0)) as outside:
        assert run_virtual(call_out(outside.getsockname()[1])) == (60.0, 1)


def test_a_port_that_this_loop_has_left_is_foreign():
    """Without it another program's desk on our old port would be taken for ours."""

    async def move_out() -> int:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        server.close()
        with socket.create_server(address):
            _, writer = await asyncio.open_connection(*address)
            writer.close()
        return asyncio.get_running_loop().tally.foreign_connections

    assert run_virtual(move_out()) == 1


def test_datagrams_are_refused():
    """Without it calls over RTP would be measured on a clock that cannot see their packets."""

    async def dial() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))

    with pytest.raises(RuntimeError, match="use --clock real"):
        run_virtual(dial())


# Threads


def test_nothing_jumps_while_a_thread_works():
    """Without it a mailbox read in a thread would come back hours late by the desk's clock."""
    may_end = threading.Event()

    def read_mailbox() -> str:
        assert may_end.wait(10.0)
        return "one letter"

    async def look() -> tuple[str, float, bool]:
        asyncio.get_running_loop().call_at(30.0, lambda: None)
        letter = asyncio.create_task(asyncio.to_thread(read_mailbox))
        timer = asyncio.create_task(asyncio.sleep(20.0))
        wall = threading.Timer(0.15, may_end.set)  # long enough for a loop that does jump to have jumped
        wall.start()
        return await letter, now(), timer.done()

    assert run_virtual(look()) == ("one letter", 0.0, False)


def test_a_thread_holds_time_even_when_its_caller_is_gone():
    """Without it a cancelled call would go on in a thread while hours pass around it."""
    may_end = threading.Event()
    trace: list[tuple[str, float]] = []

    async def leave() -> None:
        loop = asyncio.get_running_loop()

        def read_mailbox() -> None:
            assert may_end.wait(10.0)
            trace.append(("thread ended", loop.time()))

        letter = asyncio.create_task(asyncio.to_thread(read_mailbox))
        await asyncio.sleep(0)
        letter.cancel()
        threading.Timer(0.15, may_end.set).start()
        await asyncio.sleep(20.0)
        trace.append(("slept", loop.time()))

    run_virtual(leave())
    assert trace == [("thread ended", 0.0), ("slept", 20.0)]


def test_thread_results_come_in_the_order_of_the_calls():
    """Without it two runs would differ by which thread the machine ran first."""
    may_end = threading.Event()

    def first() -> str:
        assert may_end.wait(10.0)
        return "first"

    def second() -> str:
        threading.Timer(0.15, may_end.set).start()  # long after this one has returned
        return "second"

    async def ask_both() -> list[str]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        calls = [loop.run_in_executor(None, first), loop.run_in_executor(None, second)]
        for call in calls:
            call.add_done_callback(lambda done: order.append(done.result()))
        await asyncio.wait(calls)
        await asyncio.sleep(1.0)
        return order

    assert run_virtual(ask_both()) == ["first", "second"]


def test_a_thread_that_fails_says_so_to_its_caller():
    """Without it an error in a thread would leave its caller waiting."""

    async def ask() -> None:
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        run_virtual(ask())


def test_a_call_from_a_thread_of_ones_own_wakes_the_loop():
    """Without it call_soon_threadsafe would be lost on a loop that never waits."""

    async def be_called() -> str:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        threading.Timer(0.05, loop.call_soon_threadsafe, (answer.set_result, "hello")).start()
        return await answer

    assert run_virtual(be_called()) == "hello"


def test_a_thread_that_calls_and_ends_at_the_last_moment_is_heard(monkeypatch: pytest.MonkeyPatch):
    """Without it a run would now and then fail of a deadlock that is none, as its threads shut down."""

    async def be_called() -> str:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def call_and_end() -> int:
            monkeypatch.undo()
            loop.call_soon_threadsafe(answer.set_result, "hello")
            return 1

        monkeypatch.setattr(virtual_loop.threading, "active_count", call_and_end)
        return await answer

    assert run_virtual(be_called()) == "hello"


# Ends


def test_a_deadlock_is_reported_at_once_and_names_who_waits():
    """Without it a journey that waits for nothing would hang the suite instead of failing it."""

    async def shop() -> None:
        await wait_for_nobody()

    async def wait_for_nobody() -> None:
        await asyncio.sleep(12.5)
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        await asyncio.create_task(shop(), name="customer 7")

    began_s = time.monotonic()
    with pytest.raises(DeadlockError) as caught:
        run_virtual(main())
    assert time.monotonic() - began_s < 1.0
    message = str(caught.value)
    assert message.startswith("nothing can happen any more at virtual second 12.500000: ")
    assert "customer 7 waits in" in message
    assert "wait_for_nobody (line " in message


def test_a_deadlock_with_open_sockets_is_reported_after_a_bound():
    """Without it two ends that each wait for the other would hang for ever."""

    async def face_each_other() -> None:
        _, (reader, _writer), (desk_reader, _desk_writer) = await connected()
        await asyncio.gather(reader.read(), desk_reader.read())

    with pytest.raises(DeadlockError, match="3 sockets are open"):
        run_virtual(face_each_other(), stall_s=0.1)


def test_a_run_that_takes_too_long_on_the_wall_is_ended():
    """Without it a timer that always comes again would keep a stuck run alive for ever."""

    ends: list[str] = []

    async def heart_beats() -> None:
        try:
            while True:
                await asyncio.sleep(1.0)
        finally:
            await asyncio.sleep(1.0)
            ends.append("said goodbye")

    with pytest.raises(WallTimeError, match=r"exceeded 0\.1 s of wall time at virtual second"):
        run_virtual(heart_beats(), max_wall_s=0.1)
    assert ends == ["said goodbye"]


def test_a_timer_at_the_end_of_time_is_no_future():
    """Without it a wait without a deadline, written as infinity, would take the clock with it."""

    async def wait_for_ever() -> None:
        asyncio.get_running_loop().call_at(float("inf"), lambda: None)
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError):
        run_virtual(wait_for_ever())


def test_callbacks_that_never_end_are_ended_by_the_wall_too():
    """Without it a task that spins would never be found out, as the loop is never idle."""

    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(WallTimeError):
        run_virtual(spin(), max_wall_s=0.1)


def test_a_spinning_task_does_not_starve_the_sockets():
    """Without it code that waits by sleep(0) would never see its answer."""

    async def spin() -> bytes:
        server, (reader, writer), (_, desk_writer) = await connected()
        desk_writer.write(b"!")
        answer = asyncio.create_task(reader.read(1))
        while not answer.done():
            await asyncio.sleep(0)
        writer.close()
        desk_writer.close()
        server.close()
        return answer.result()

    assert run_virtual(spin(), max_wall_s=5) == b"!"


def test_what_is_left_over_is_cancelled():
    """Without it a run would leave tasks and sockets behind for the next one."""
    ends: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ends.append("cancelled")

    async def main() -> str:
        task = asyncio.create_task(linger())
        await asyncio.sleep(1.0)
        assert not task.done()
        return "over"

    assert run_virtual(main()) == "over"
    assert ends == ["cancelled"]


# The same twice


async def chat_day(customers: int, hours: float, seed: int = 1) -> tuple[Trace, dict[str, int]]:
    """Let customers chat with a desk in the same loop; return all that both sides saw, and the tally."""
    trace: Trace = []
    free_agents = asyncio.Semaphore(max(1, customers // 8))

    async def answer(request: web.Request) -> web.WebSocketResponse:
        socket_of = web.WebSocketResponse()
        await socket_of.prepare(request)
        who = request.query["who"]
        luck = random.Random(f"desk {seed} {who}")
        async with free_agents:
            trace.append((now(), f"desk/{who}", "answers"))
            async for message in socket_of:
                trace.append((now(), f"desk/{who}", str(message.data)))
                await asyncio.sleep(round(luck.expovariate(1 / 20), 1))
                await socket_of.send_str(f"re {message.data}")
        trace.append((now(), f"desk/{who}", "is free"))
        return socket_of

    async def faq(request: web.Request) -> web.Response:
        return web.Response(text="x" * 2000)

    app = web.Application()
    app.add_routes([web.get("/chat", answer), web.get("/faq", faq)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def chat(session: aiohttp.ClientSession, k: int) -> None:
        luck = random.Random(f"{seed} {k}")
        # Whole tenths of a second, so that many customers share their instants.
        await asyncio.sleep(round(luck.uniform(0, hours * 3600), 1) if k % 5 else 600.0)
        async with session.get(f"{url}/faq") as page:
            article = await page.text()
            trace.append((now(), f"customer/{k}", f"read {len(article)}"))
        async with session.ws_connect(f"{url}/chat", params={"who": str(k)}) as ws:
            for turn in range(6):
                await ws.send_str(f"question {turn}")
                reply = await ws.receive(timeout=7200)
                trace.append((now(), f"customer/{k}", str(reply.data)))
                await asyncio.sleep(round(luck.expovariate(1 / 15), 1))
        trace.append((now(), f"customer/{k}", "left"))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(chat(session, k) for k in range(customers)))
    await runner.cleanup()
    return trace, vars(asyncio.get_running_loop().tally)


def test_a_hundred_customers_live_the_same_day_twice():
    """Without it a difference between two runs could be the machine's instead of the scenario's."""
    first, tally = run_virtual(chat_day(100, 2.0), max_wall_s=60)
    again, tally_again = run_virtual(chat_day(100, 2.0), max_wall_s=60)
    assert len(first) == 100 * (1 + 6 + 6 + 1 + 1 + 1)
    assert [at for at, _, _ in first] == sorted(at for at, _, _ in first)
    assert first == again
    assert tally == tally_again
    assert (tally["foreign_connections"], tally["given_up"], tally["threads_out_of_order"]) == (0, 0, 0)


def test_the_order_of_events_is_not_the_kernels(monkeypatch: pytest.MonkeyPatch):
    """Without it whoever the kernel names first would reach the agent first."""
    ordered, _ = run_virtual(chat_day(40, 0.5), max_wall_s=60)
    honest = selectors.DefaultSelector.select
    shuffled = random.Random(3)

    def select(
        self: selectors.DefaultSelector, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        events = honest(self, timeout)
        shuffled.shuffle(events)
        return events

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    reordered, _ = run_virtual(chat_day(40, 0.5), max_wall_s=60)
    assert ordered == reordered


@pytest.mark.benchmark
def test_two_hours_of_741_customers_take_a_few_wall_seconds(record_property: Callable[..., None]):
    """Without it a slower loop would make nobody look at the dry run before the real one."""
    began_s = time.perf_counter()
    trace, tally = run_virtual(chat_day(741, 2.0), max_wall_s=60)
    wall_s = time.perf_counter() - began_s
    record_property("wall_s", wall_s)
    assert len(trace) == 741 * 16
    assert tally["given_up"] == 0
    assert wall_s < 10.0
