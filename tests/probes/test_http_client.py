"""The HTTP client on desks that answer byte by byte as a test says: what is read, refused, kept and followed."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import http_client
from probes.guard import Guard, RefusedByCharterError, guarding
from probes.http_client import HttpClient, NoAddressError, Visit, place_of
from probes.http_connection import HEAD_BYTES_MOST, Answer, AnswerError, Connection, DisconnectedError
from scenarios.charter import AllowedHost
from tests.probes.charters import charter
from tests.probes.served import free_port

BYTES_MOST = 10_000
HOLE = "127.0.0.5"
CLOSES = b""
"""Instead of an answer the desk closes the connection."""


def answer(body: bytes = b"Hello", *heads: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *heads, f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", "")).encode() + body


class Desk:
    """Answers each connection's requests with the next of its answers; the last is given again and again."""

    def __init__(self, *answers: bytes, closes_after: int = 1_000_000) -> None:
        self.answers, self._closes_after = list(answers), closes_after
        self.asked: list[bytes] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            for _ in range(self._closes_after):
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-len")),
                    0,
                )
                self.asked.append(head + await reader.readexactly(length))
                told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if told == CLOSES:
                    break
                writer.write(told)
                if b"connection: close" in told.lower().split(b"\r\n\r\n")[0]:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


def visited(
    desk: Desk,
    act: Callable[..., Awaitable[Any]],
    *others: Desk,
    unlisted: bool = False,
    seconds_most: float = 20.0,
) -> Any:
    """Let a visit act on a desk; it is told the desk's address, and those of the other desks."""

    async def run() -> Any:
        servers = [await asyncio.start_server(one, "127.0.0.1", 0) for one in (desk, *others)]
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        guard = Guard(charter(AllowedHost(host="127.0.0.1", ports=ports[:1] if unlisted else ports)))
        client = HttpClient(guard)
        try:
            async with asyncio.timeout(30):
                visit = Visit(client, BYTES_MOST, seconds_most)
                return await act(visit, *(f"http://127.0.0.1:{port}" for port in ports))
        finally:
            await client.close()
            for server in servers:
                server.close()

    with guarding(Guard(charter(AllowedHost(host="127.0.0.1", ports=list(range(1, 65536)))))):
        return asyncio.run(run())


async def get(visit: Visit, url: str) -> Answer:
    return await visit.ask("GET", f"{url}/help")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHel\r\n2;x=1\r\nlo\r\n0\r\nX-Last: 1\r\n\r\n"
TO_ITS_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello"
AFTER_A_WORD = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()
BARE = zlib.compressobj(wbits=-15)
BARE_DEFLATE = BARE.compress(b"Hello") + BARE.flush()


@pytest.mark.parametrize(
    "told",
    [
        answer(),
        CHUNKED,
        TO_ITS_END,
        AFTER_A_WORD,
        answer(gzip.compress(b"Hello"), "Content-Encoding: gzip"),
        answer(zlib.compress(b"Hello"), "Content-Encoding: deflate"),
        answer(BARE_DEFLATE, "content-encoding: DEFLATE"),
        answer("Hello".encode("utf-16"), "Content-Type: text/plain; Charset=utf-16"),
        answer(gzip.compress(b"Hel") + gzip.compress(b"lo"), "Content-Encoding: gzip"),
        answer().replace(b"\r\n", b"\n"),
        answer(b"Hello", "X-Folded: one,\r\n two"),
        TO_ITS_END.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: identity\r\n\r\n"),
    ],
    ids=[
        "length",
        "chunked",
        "to its end",
        "after early hints",
        "gzip",
        "deflate",
        "bare deflate",
        "utf-16",
        "gzip in members",
        "bare line feeds",
        "a folded head",
        "identity",
    ],
)
def test_an_answer_is_read_however_it_is_framed_and_packed(told: bytes) -> None:
    """Without it desks that frame or pack their pages in one of these ways could not be measured."""
    came = visited(Desk(told), get)
    assert (came.status, came.text()) == (200, "Hello")


class Written(asyncio.Transport):
    """Takes what is written, and closes when it is told to."""

    closes = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""

    def is_closing(self) -> bool:
        """Say whether it was closed."""
        return self.closes

    def abort(self) -> None:
        """Close."""
        self.closes = True


def asked() -> tuple[Connection, asyncio.Future[Answer]]:
    """Return a connection on which something was asked, and the answer to come."""
    connection = Connection(lambda gone: None)
    connection.connection_made(Written())
    return connection, connection.ask(b"", "", BYTES_MOST, asyncio.get_running_loop().time() + 9)


@given(st.lists(st.integers(1, 200), max_size=8))
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_in_which_pieces_an_answer_comes(cuts: list[int]) -> None:
    """Without it what is read would depend on how the network cuts it."""

    async def read() -> Answer:
        connection, waiter = asked()
        begin = 0
        for end in sorted({*(cut for cut in cuts if cut < len(CHUNKED)), len(CHUNKED)}):
            connection.data_received(CHUNKED[begin:end])
            begin = end
        assert connection.is_free
        return await waiter

    assert asyncio.run(read()).body == b"Hello"


@pytest.mark.parametrize(
    ("told", "then", "is_free"),
    [(answer(), b"", True), (answer(), b"HTTP/1.1 200", False), (answer(b"x", "Connection: close"), b"", False)],
    ids=["as asked", "more than was asked", "to be closed"],
)
def test_a_connection_is_free_while_nothing_is_wrong_with_it(told: bytes, then: bytes, is_free: bool) -> None:
    """Without it the next customer would be given what is left of another's answer, or be cut off."""

    async def act() -> None:
        connection, waiter = asked()
        connection.data_received(told)
        await waiter
        if then:
            connection.data_received(then)
        assert connection.is_free is is_free

    asyncio.run(act())


def test_a_page_that_is_broken_off_is_not_whole() -> None:
    """Without it half a page would be read as the whole, where the network broke down or the desk did."""

    async def act() -> None:
        connection, waiter = asked()
        connection.data_received(TO_ITS_END)
        connection.connection_lost(ConnectionResetError())
        with pytest.raises(DisconnectedError, match="in the midst"):
            await waiter

    asyncio.run(act())
    with pytest.raises(DisconnectedError, match="in the midst"):
        visited(Desk(answer(), answer(b"Hello", "Connection: close")[:-2], answer()), twice)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (CLOSES, "without an answer"),
        (answer()[:-2], "in the midst"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHel", "in the midst"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_BYTES_MOST + 1), "head of the answer is larger"),
        (answer(b"x" * (BYTES_MOST + 1)), "larger than"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (BYTES_MOST + 1), "larger than"),
        (answer(gzip.compress(b"x" * 10_000_000), "Content-Encoding: gzip"), "larger than"),
        (answer(gzip.compress(b"Hello")[:-6], "Content-Encoding: gzip"), "end is missing"),
        (answer(b"Hello", "Content-Encoding: gzip"), "cannot be unpacked"),
        (answer(b"Hello", "Content-Encoding: br"), "not asked for"),
    ],
    ids=["closed", "short", "short and closed", "SSH", "upgrade", "head", "body", "body to its end", "bomb", "torn",
         "not packed", "br"],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_says_why(told: bytes, says: str) -> None:
    """Without it a hostile desk would fill our memory, or a fault of the desk's would be taken for ours."""
    desk = Desk(told, closes_after=1)
    with pytest.raises(AnswerError, match=says):
        visited(desk, get)


def test_headers_behind_the_body_are_not_without_end() -> None:
    """Without it a desk could send headers behind a page until our memory is full."""
    trailers = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(70))
    with pytest.raises(AnswerError, match="head of the answer"):
        visited(Desk(CHUNKED.replace(b"X-Last: 1\r\n", trailers), closes_after=1), get)


@pytest.mark.parametrize("charset", ["klingon", "idna", "undefined"])
def test_a_page_in_an_unknown_writing_says_so(charset: str) -> None:
    """Without it such a page would be our own failure."""
    came = visited(Desk(answer(b"x\xff", f"Content-Type: text/html; charset={charset}")), get)
    with pytest.raises(AnswerError, match=charset):
        came.text()


# -- connections -----------------------------------------------------------------------------------------------------


async def twice(visit: Visit, url: str) -> None:
    await get(visit, url)
    await get(visit, url)


@pytest.mark.parametrize(
    ("desk", "connections"),
    [
        (Desk(answer()), 1),
        (Desk(answer(b"Hello", "Connection: close")), 2),
        (Desk(TO_ITS_END), 2),
        (Desk(answer() + b"HTTP/1.1 200 OK\r\n"), 2),
        (Desk(answer(), closes_after=1), 2),
    ],
    ids=["kept", "asked to close", "without a length", "sent more than was asked", "closed by the desk meanwhile"],
)
def test_a_connection_is_kept_while_it_can_be_trusted(desk: Desk, connections: int) -> None:
    """Without it every request would connect anew, or an answer would be taken for the next request's."""
    visited(desk, twice)
    assert (desk.connections, len(desk.asked)) == (connections, 2)


def test_what_may_have_been_taken_is_not_sent_again() -> None:
    """Without it a form would be sent twice where the desk closed the connection after it had taken it."""

    async def act(visit: Visit, url: str) -> None:
        await get(visit, url)
        await visit.ask("POST", url + "/", form={"a": "1"})

    desk = Desk(answer(), CLOSES)
    with pytest.raises(DisconnectedError):
        visited(desk, act)
    assert [asked[:4] for asked in desk.asked] == [b"GET ", b"POST"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_may_be_asked_twice_is_asked_again_where_a_kept_connection_was_closed(method: str) -> None:
    """Without it a desk that closes idle connections would seem to fail."""
    desk = Desk(answer(), CLOSES, answer(b"Again"))

    async def act(visit: Visit, url: str) -> bytes:
        await get(visit, url)
        return (await visit.ask(method, url)).body

    assert visited(desk, act) == b"Again"


def test_a_form_is_sent_on_a_connection_that_was_used_just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it forms would be lost on connections that the desk is about to close as idle."""

    async def act(visit: Visit, url: str) -> None:
        await get(visit, url)
        await visit.ask("POST", url)
        monkeypatch.setattr(http_client, "KEPT_FOR_POST_S", 0.0)
        await visit.ask("POST", url)
        await get(visit, url)

    desk = Desk(answer())
    visited(desk, act)
    assert (desk.connections, len(desk.asked)) == (2, 4)


def reached_over(*addresses: str, times: int) -> tuple[Counter[str], float]:
    """Ask a desk with a name and several addresses, of which 127.0.0.5 takes no connection; (answers, seconds)."""

    async def run() -> tuple[Counter[str], float]:
        with contextlib.ExitStack() as stack:
            desks = {one: Desk(answer(one.encode(), "Connection: close")) for one in addresses if one != HOLE}
            port = free_port()
            servers = [await asyncio.start_server(desk, one, port) for one, desk in desks.items()]
            deaf = stack.enter_context(socket.socket())
            deaf.bind((HOLE, port))
            deaf.listen(0)
            for _ in range(4):  # its queue is full: who comes now is not answered
                caller = stack.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex((HOLE, port))

            async def known(host: str, port: int) -> list[str]:
                return list(addresses)

            client = HttpClient(Guard(charter(AllowedHost(host="desk.example.test", ports=[port]))), known)
            visit, begun = Visit(client, BYTES_MOST, 20.0), time.monotonic()
            came = [(await visit.ask("GET", f"http://desk.example.test:{port}/")).text() for _ in range(times)]
            took_s = time.monotonic() - begun
            await client.close()
            for server in servers:
                server.close()
            return Counter(came), took_s

    return asyncio.run(run())


def test_each_address_of_a_desk_has_its_share() -> None:
    """Without it a desk of three machines would be tested on one."""
    came, _ = reached_over("127.0.0.2", "127.0.0.3", "127.0.0.4", times=9)
    assert came == dict.fromkeys(("127.0.0.2", "127.0.0.3", "127.0.0.4"), 3)


def test_an_address_that_does_not_answer_is_passed_over() -> None:
    """Without it one dead machine of a desk's would make every customer wait until they give up."""
    came, took_s = reached_over(HOLE, "127.0.0.2", times=4)
    assert came == {"127.0.0.2": 4}
    assert took_s < 10, "a quarter of a second each, not the time a request may take"


def test_a_late_answer_ends_the_connection() -> None:
    """Without it the answer to one customer, come too late, would be given to the next."""

    async def act(visit: Visit, url: str) -> None:
        with pytest.raises(TimeoutError, match="no answer in time"):
            await get(visit, url)
        assert (await get(visit, url)).body == b"Hello"

    desk = Desk(answer()[:-1], answer())
    visited(desk, act, seconds_most=1.0)
    assert desk.connections == 2


# -- addresses, redirects and cookies --------------------------------------------------------------------------------


def moved(status: int, where: str, *heads: str) -> bytes:
    return answer(b"", f"Location: {where}", *heads, status=f"{status} Moved")


@pytest.mark.parametrize(("status", "method"), [(302, b"GET"), (303, b"GET"), (307, b"POST"), (308, b"POST")])
def test_a_form_is_followed_as_browsers_follow_it(status: int, method: bytes) -> None:
    """Without it a form would be sent again to its own receipt, or lose its fields on the way."""
    desk = Desk(moved(status, "/done?x=1"), answer(b"Done"))
    came = visited(desk, lambda visit, url: visit.ask("POST", url + "/form", form={"a": "1 ü"}))
    assert came.body == b"Done"
    assert came.url.endswith("/done?x=1")
    second = desk.asked[1]
    assert second.split()[:2] == [method, b"/done?x=1"]
    assert (b"a=1+%C3%BC" in second) is (method == b"POST") is (b"x-www-form" in second)


def test_a_password_does_not_follow_to_another_desk() -> None:
    """Without it a desk could have our password sent anywhere by a redirect."""
    other = Desk(answer())

    async def act(visit: Visit, url: str, elsewhere: str) -> Answer:
        desk_answers[0] = moved(302, elsewhere + "/x")
        return await visit.ask("GET", url, heads={"authorization": "Basic abc", "From": "me"})

    desk = Desk(answer(), answer())
    desk_answers = desk.answers
    visited(desk, act, other)
    assert b"Basic abc" in desk.asked[0]
    assert b"Basic abc" not in other.asked[0]
    assert b"From: me" in other.asked[0]


def test_a_desk_cannot_lead_us_where_the_charter_does_not() -> None:
    """Without it one redirect would have us burden a stranger."""
    other = Desk(answer())

    async def act(visit: Visit, url: str, elsewhere: str) -> None:
        desk_answers[0] = moved(307, elsewhere)
        await get(visit, url)

    desk = Desk(answer(), answer())
    desk_answers = desk.answers
    with pytest.raises(RefusedByCharterError):
        visited(desk, act, other, unlisted=True)
    assert other.connections == 0


@pytest.mark.parametrize(
    ("where", "says"), [("/help", "more than 5 times"), ("ftp://127.0.0.1/x", "nowhere"), ("http://[::1", "nowhere")]
)
def test_redirects_come_to_an_end(where: str, says: str) -> None:
    """Without it a desk could lead us round for ever, or its nonsense would be our failure."""
    with pytest.raises(AnswerError, match=says):
        visited(Desk(moved(302, where)), get)


def test_the_address_of_an_answer_is_that_of_the_page() -> None:
    """Without it a ticket's reference, read from its address, would hold the place in the page too."""
    came = visited(Desk(moved(302, "/tickets/T 1#last"), answer()), get)
    assert came.url.endswith("/tickets/T%201")


def test_cookies_stay_with_their_visit_and_their_path() -> None:
    """Without it a desk that knows its visitors by cookies would take each request for another visitor's."""
    desk = Desk(moved(302, "/in", "Set-Cookie: sid=a1b2; Path=/", "Set-Cookie: deep=1; Path=/deep"), answer())

    async def act(visit: Visit, url: str) -> list[str]:
        await get(visit, url)
        return [cookie.key for cookie in visit.cookies()]

    assert sorted(visited(desk, act)) == ["deep", "sid"]
    assert b"Cookie: sid=a1b2\r\n" in desk.asked[1]
    assert b"deep" not in desk.asked[1]


def test_what_is_asked_is_sent_as_it_was_meant() -> None:
    """Without it queries would be cut or documents sent as something else, and a persona could smuggle a header."""
    desk = Desk(answer())

    async def act(visit: Visit, url: str) -> None:
        await visit.ask("GET", url + "/find?in=all", query={"q": "my order & ü"})
        await visit.ask("POST", url, document={"text": "ü"}, heads={"accept": "application/json"})
        await visit.ask("POST", url)
        with pytest.raises(ValueError, match="line break"):
            await visit.ask("GET", url, heads={"From": "a@b\r\nX: 1"})
        for nowhere in ("mailto:me@example.org", "http://127.0.0.1:xx/", "http://h:99999/", "http://[x"):
            with pytest.raises(NoAddressError):
                await visit.ask("GET", nowhere, query={"q": "1"})

    visited(desk, act)
    found, sent, empty = desk.asked
    assert found.startswith(b"GET /find?in=all&q=my+order+%26+%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Type: application/json" in sent
    assert sent.count(b"ccept: ") == 1
    assert b"Content-Length: 0\r\n" in empty


@pytest.mark.parametrize(
    "url",
    [
        "http://h/a/b;c=1?x=y,z",
        "http://h:8080/",
        "https://h/x?",
        "http://[::1]:81/x",
        "http://h/%7Ex?a=%20b",
        "http://h/b/../c",
    ],
)
def test_plain_addresses_are_read_as_yarl_reads_them(url: str) -> None:
    """Without it the quick way would lead elsewhere than the thorough one."""
    quick, thorough = place_of(url), place_of(url + "#")
    assert quick == thorough
