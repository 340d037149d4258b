"""HTTP/1.1 for the channels: connections kept for a whole run, and visits with cookies and redirects.

Every host is asked of the charter's guard before a name is looked up, redirects too, and connected to at the addresses
that the guard has pinned. An answer is read whole. Streams and WebSockets are aiohttp's.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from http.cookies import Morsel
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin

import aiohttp
from aiohappyeyeballs import start_connection
from multidict import CIMultiDict
from yarl import URL

from probes.guard import Guard
from probes.http_connection import Answer, AnswerError, Connection, DisconnectedError
from probes.resolve import Lookup, addresses_of, system_lookup

CONNECTIONS_MOST = 20_000
"""So many may be open at once; more would be a fault of ours, since a crowd's size is planned."""

REDIRECTS_MOST = 5
REDIRECTS = (301, 302, 303, 307, 308)
FOLLOWED_BY_GET = (301, 302, 303)

COMMON = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Testdrive"}
OURS = ("content-length", "transfer-encoding", "connection")
"""Headers that say how the body is framed: nobody else may set them."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

PLAIN_URL = re.compile(
    r"(https?)://([a-z\d.-]+|\[[a-f\d:.]+\])(?::(\d{1,5}))?(/[\w.~!$&'()*+,;=:@/-]*(?:\?[\w.~!$&'()*+,;=:@/?-]+)?)",
    re.ASCII,
)
"""What needs no quoting: of a thousand addresses all but one, at a fifth of the time that yarl takes."""


PORTS = {"http": 80, "https": 443}
PORT_MOST = 65_535

CONNECT_AT_ONCE_S = 0.25
"""After so long without an answer the next of a host's addresses is tried as well (RFC 8305, section 5)."""

KEPT_FOR_POST_S = 1.0
"""So long after it was last used a connection may carry what must not be sent twice: desks close idle ones."""

REPEATABLE = ("GET", "PUT", "DELETE")


class NoAddressError(ValueError):
    """What should be the address of a page is none."""


class CannotSendError(ValueError):
    """What should be sent is no request: a header would hold a line break, and so another header."""


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    """Without brackets."""
    port: int


class Place(NamedTuple):
    """An address, taken apart: its origin, the Host header that names it, and what stands behind it."""

    origin: Origin
    named: str
    path: str

    @property
    def url(self) -> str:
        """The whole address, without what stands behind a #."""
        return f"{self.origin.scheme}://{self.named}{self.path}"


def joined(base: str, where: str) -> str:
    """Return the address that a page at `base` names.

    Raises:
        NoAddressError: it is none.
    """
    try:
        return urljoin(base, where)
    except ValueError as error:
        raise NoAddressError(f"{where!r} is no address of a page: {error}") from None


def place_of(url: str) -> Place:
    """Take an address apart, quoted as it is sent.

    Raises:
        NoAddressError: it is no address of a page.

    >>> place_of("http://Desk.example/a b?q=ü#top")
    Place(origin=Origin(scheme='http', host='desk.example', port=80), named='desk.example', path='/a%20b?q=%C3%BC')
    """
    found = PLAIN_URL.fullmatch(url)
    if found is not None and "/." not in url and (number := int(found[3] or PORTS[found[1]])) <= PORT_MOST:
        scheme, host, port, path = found.groups()
        return Place(Origin(scheme, host.strip("[]"), number), f"{host}:{port}" if port else host, path)
    try:
        whole = URL(url)
        named, name, at = whole.host_port_subcomponent, whole.raw_host, whole.port
    except ValueError as error:
        raise NoAddressError(f"{url!r} is no address of a page: {error}") from None
    if whole.scheme not in ("http", "https") or not name or not named or not at:
        raise NoAddressError(f"{url!r} is no address of a page")
    return Place(Origin(whole.scheme, name, at), named, whole.raw_path_qs)


class HttpClient:
    """The connections of a run, by where they lead."""

    def __init__(self, guard: Guard, lookup: Lookup = system_lookup) -> None:
        self._guard, self._lookup = guard, lookup
        self._idle: defaultdict[Origin, dict[Connection, None]] = defaultdict(dict)
        """What is free, the last used last."""
        self._open: set[Connection] = set()
        self._turn = 0
        """Which of a host's addresses the next connection begins with."""
        self._allowed: set[Origin] = set()
        self._tls: ssl.SSLContext | None = None

    async def ask(
        self, origin: Origin, request: bytes, url: str, bytes_most: int, until_s: float, repeatable: bool
    ) -> Answer:
        """Send a request and return its answer.

        One that is `repeatable` is sent once more where a kept connection turns out to have been closed by the desk.

        Raises:
            AnswerError: no answer that can be read came.
            TimeoutError: it was not there whole at `until_s` (loop time).
            OSError: no connection could be made.
            probes.guard.RefusedByCharterError: the charter does not list the host.
        """
        self._check(origin)
        kept = self._kept(origin, None if repeatable else asyncio.get_running_loop().time() - KEPT_FOR_POST_S)
        if kept is not None:
            try:
                return await self._ask_on(kept, origin, request, url, bytes_most, until_s)
            except DisconnectedError as error:
                if not (repeatable and error.unanswered):
                    raise
        async with asyncio.timeout_at(until_s):
            fresh = await self._connected(origin)
        return await self._ask_on(fresh, origin, request, url, bytes_most, until_s)

    async def close(self) -> None:
        """Close every connection; harmless when called twice."""
        for connection in self._open:
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # their sockets are closed in the loop's next turn

    def _check(self, origin: Origin) -> None:
        if origin not in self._allowed:
            self._guard.check(origin.host, origin.port)
            self._allowed.add(origin)

    def _kept(self, origin: Origin, since_s: float | None) -> Connection | None:
        """Return a connection that is free, and was used since an instant of the loop's if that is asked for."""
        idle = self._idle[origin]
        while idle:
            connection, _ = idle.popitem()
            if connection.is_free and (since_s is None or connection.free_since_s >= since_s):
                return connection
            if connection.is_free:
                idle[connection] = None
                return None  # the others were used before it
        return None

    async def _ask_on(
        self, connection: Connection, origin: Origin, request: bytes, url: str, bytes_most: int, until_s: float
    ) -> Answer:
        try:
            return await connection.ask(request, url, bytes_most, until_s)
        finally:
            if connection.is_free:
                self._idle[origin][connection] = None
            else:
                connection.abort()

    async def _connected(self, origin: Origin) -> Connection:
        """Connect to one of the host's addresses: each has its turn, and one that does not answer is not waited for."""
        if len(self._open) >= CONNECTIONS_MOST:
            raise OSError(f"{CONNECTIONS_MOST} connections are open, and no more are opened")
        loop, tls = asyncio.get_running_loop(), self._tls_of(origin)
        addresses = await addresses_of(self._guard, origin.host, origin.port, self._lookup)
        first = self._turn % max(len(addresses), 1)
        self._turn += 1
        ways = [_way(address, origin.port) for address in (*addresses[first:], *addresses[:first])]
        line = await start_connection(ways, happy_eyeballs_delay=CONNECT_AT_ONCE_S)
        _, connection = await loop.create_connection(
            lambda: Connection(partial(self._forget, origin)), sock=line, ssl=tls,
            server_hostname=origin.host if tls is not None else None,
        )  # fmt: skip
        self._open.add(connection)
        return connection

    def _forget(self, origin: Origin, connection: Connection) -> None:
        self._open.discard(connection)
        self._idle[origin].pop(connection, None)

    def _tls_of(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls if origin.scheme == "https" else None


def _way(address: str, port: int) -> Any:
    """Return an address as sockets are told it."""
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


class Visit:
    """The requests of one contact: their cookies, how much an answer may hold, and how long it may take (loop time)."""

    def __init__(self, http: HttpClient, bytes_most: int, seconds_most: float) -> None:
        self._http, self._bytes_most, self._seconds_most = http, bytes_most, seconds_most
        self._jar: aiohttp.CookieJar | None = None

    @property
    def jar(self) -> aiohttp.CookieJar:
        """The cookies of this contact."""
        if self._jar is None:
            self._jar = aiohttp.CookieJar(unsafe=True)  # cookies from bare addresses, as test desks have
        return self._jar

    def cookies(self) -> Iterator[Morsel[str]]:
        """Yield the cookies that the desk has set."""
        return iter(() if self._jar is None else self._jar)

    async def ask(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        document: Any = None,
        heads: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a request, follow redirects, and return the last answer.

        Args:
            method: GET, POST and the like.
            url: the address, to which `query` is added.
            query: what the address asks for, unquoted.
            form: the fields of a form, sent as a body.
            document: sent as JSON where there is no form; None sends no body.
            heads: headers, over those that every request has.

        Raises:
            NoAddressError: the address is none.
            CannotSendError: a header would hold a line break.
            AnswerError: no answer came that can be read, or the desk redirects without end.
            TimeoutError: the last answer was not there in time.
            OSError: no connection could be made.
            probes.guard.RefusedByCharterError: the charter does not list a host, also one that we are led to.
        """
        told = CIMultiDict(heads or {})
        body = None
        if form is not None:
            body = urlencode(form).encode()
            told.setdefault("Content-Type", FORM)
        elif document is not None:
            body = json.dumps(document).encode()
            told.setdefault("Content-Type", JSON)
        elif method not in ("GET", "DELETE"):
            body = b""  # its length is told: some desks refuse what has none
        if query:
            url = str(URL(place_of(url).url).extend_query(query))
        until_s = asyncio.get_running_loop().time() + self._seconds_most
        for _ in range(REDIRECTS_MOST + 1):
            answer = await self._once(method, url, told, body, until_s)
            leads_to = answer.head(b"location") if answer.status in REDIRECTS else b""
            if not leads_to:
                return answer
            url = self._follow(url, leads_to.decode("utf-8", "replace"), told)
            if answer.status in FOLLOWED_BY_GET:
                method, body = "GET", None
                told.pop("Content-Type", None)
        raise AnswerError(f"the desk redirects more than {REDIRECTS_MOST} times")

    def _follow(self, url: str, leads_to: str, told: CIMultiDict[str]) -> str:
        """Return where a redirect leads; another origin is told no password."""
        try:
            following = joined(url, leads_to)
            if place_of(following).origin != place_of(url).origin:
                told.pop("Authorization", None)
        except NoAddressError as error:
            raise AnswerError(f"the desk redirects to nowhere: {error}") from None
        return following

    async def _once(
        self, method: str, url: str, heads: Mapping[str, str], body: bytes | None, until_s: float
    ) -> Answer:
        place = place_of(url)
        sent = CIMultiDict(heads)
        if self._jar is not None and (cookies := self._jar.filter_cookies(URL(url))):
            sent["Cookie"] = cookies.output(header="", sep=";").strip()
        request = request_of(method, place, sent, body)
        repeatable = method in REPEATABLE
        answer = await self._http.ask(place.origin, request, place.url, self._bytes_most, until_s, repeatable)
        set_by = answer.heads_of(b"set-cookie")
        if set_by:
            self.jar.update_cookies_from_headers(set_by, URL(url))
        return answer


def request_of(method: str, place: Place, heads: Mapping[str, str], body: bytes | None) -> bytes:
    r"""Return a request as it goes over the line.

    Raises:
        CannotSendError: a header would hold a line break, and so another header.

    >>> place = Place(Origin("http", "desk", 80), "desk", "/help")
    >>> print(request_of("GET", place, {"accept": "text/html"}, None).decode().replace("\r", ""))
    GET /help HTTP/1.1
    Host: desk
    Accept-Encoding: gzip, deflate
    User-Agent: Testdrive
    accept: text/html
    <BLANKLINE>
    <BLANKLINE>
    """
    told = {name.lower() for name in heads}
    lines = [f"{method} {place.path} HTTP/1.1"]
    if "host" not in told:
        lines.append(f"Host: {place.named}")
    lines += [f"{name}: {value}" for name, value in COMMON.items() if name.lower() not in told]
    lines += [f"{name}: {value}" for name, value in heads.items() if name.lower() not in OURS]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join((*lines, "", ""))
    if head.count("\n") != len(lines) + 1 or head.count("\r") != len(lines) + 1 or "\0" in head:
        raise CannotSendError(f"a header of {method} {place.path} would hold a line break")
    return head.encode() + (body or b"")
