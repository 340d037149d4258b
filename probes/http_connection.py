"""One HTTP/1.1 connection to a desk: a request goes out, and its whole answer comes back.

Parsed by httptools, on a bare asyncio protocol: aiohttp's client takes three times the processor time, which a crowd
pays for every request (tests/benchmarks/crowd_pace.py). Knows nothing of addresses, cookies or redirects; those are
`probes.http_client`'s.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import httptools

HEAD_BYTES_MOST = 65_536
"""A desk that sends a longer head means no good."""

NO_BODY = (204, 304)

CHARSET = re.compile(rb"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)


class AnswerError(OSError):
    """The desk gave no answer that can be read; the message says what was wrong with it."""


class DisconnectedError(AnswerError):
    """The desk closed the connection; `unanswered` where it did so before a byte of the answer came."""

    def __init__(self, message: str, unanswered: bool) -> None:
        super().__init__(message)
        self.unanswered = unanswered


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its body is unpacked, and no larger than was allowed."""

    status: int
    url: str
    """Where it came from, after redirects."""
    heads: Sequence[tuple[bytes, bytes]]
    body: bytes

    def head(self, name: bytes) -> bytes:
        """Return a header's value, empty where there is none; `name` in small letters."""
        return next((value for key, value in self.heads if key.lower() == name), b"")

    def heads_of(self, name: bytes) -> list[str]:
        """Return the values of a header that may come several times."""
        return [value.decode("utf-8", "replace") for key, value in self.heads if key.lower() == name]

    def text(self) -> str:
        """Return the body as text.

        Raises:
            AnswerError: it says that it is written in no known way.
        """
        found = CHARSET.search(self.head(b"content-type"))
        charset = "utf-8" if found is None else found[1].decode("ascii", "replace")
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, UnicodeError):  # of codecs that are no writing, such as idna
            raise AnswerError(f"the page says it is written in {charset!r}") from None


class Connection(asyncio.Protocol):
    """One connection; its callbacks are asyncio's and the parser's."""

    def __init__(self, gone: Callable[[Connection], None]) -> None:
        """`gone` is told when the connection is lost."""
        self._gone = gone
        self._parser = httptools.HttpResponseParser(self)
        # browsers read what such desks send, so their customers do
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._url, self._bytes_most = "", 0
        self.is_free = True
        """Whether another request may be sent on it."""
        self.free_since_s = 0.0
        """Loop time at which it was last known to be open."""
        self._begin()

    def _begin(self) -> None:
        self._heads: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._has_head = False
        self._came_bytes = self._head_bytes = self._body_bytes = 0

    def ask(self, request: bytes, url: str, bytes_most: int, until_s: float) -> asyncio.Future[Answer]:
        """Send a request; returns what its answer will be.

        The answer fails with AnswerError where it cannot be read, or is larger than `bytes_most`, packed or unpacked,
        and with TimeoutError where it is not whole at `until_s` (loop time).
        """
        assert self._transport is not None
        self._begin()
        loop = asyncio.get_running_loop()
        self._url, self._bytes_most = url, bytes_most
        self.is_free = False
        self._waiter = loop.create_future()
        self._deadline = loop.call_at(until_s, self._fail, TimeoutError("no answer in time"))
        self._transport.write(request)
        return self._waiter

    def abort(self) -> None:
        """Close it at once, whatever is under way."""
        self.is_free = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio's callbacks ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came; what comes unasked ends the connection."""
        if self._waiter is None:
            self.abort()
            return
        self._came_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(AnswerError("the desk changed to another protocol"))
        except httptools.HttpParserError as error:
            self._fail(AnswerError(f"the answer is not HTTP: {error}"))
        if self._waiter is not None:
            self._check_size()

    def connection_lost(self, error: Exception | None) -> None:
        """End what is under way: an answer without a length ends so, any other is broken off."""
        self._gone(self)
        self.is_free = False
        if self._waiter is None:
            return
        if error is None and self._has_head and not self._tells_length():
            self._complete()
        elif self._came_bytes:
            self._fail(DisconnectedError("the desk closed the connection in the midst of its answer", False))
        else:
            self._fail(DisconnectedError("the desk closed the connection without an answer", True))

    # -- the parser's callbacks ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Refuse an answer to nothing."""
        if self._waiter is None:
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, of the head or behind the body."""
        self._heads.append((name, value))
        self._head_bytes += len(name) + len(value)

    def on_headers_complete(self) -> None:
        """Know that the head is whole."""
        self._has_head = True

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._parts.append(part)
        self._body_bytes += len(part)

    def on_message_complete(self) -> None:
        """Hand over the answer; one that only says that another is coming is passed over."""
        if self._parser.get_status_code() < 200:
            self._heads, self._has_head = [], False
        else:
            self._complete()

    def _check_size(self) -> None:
        """Fail where too much has come; what is written in pieces of a byte each comes to six times as much."""
        head_bytes = self._head_bytes if self._has_head else self._came_bytes
        if head_bytes > HEAD_BYTES_MOST:
            self._fail(AnswerError(f"the head of the answer is larger than {HEAD_BYTES_MOST} bytes"))
        elif self._body_bytes > self._bytes_most or self._came_bytes > HEAD_BYTES_MOST + 8 * self._bytes_most:
            self._fail(too_large(self._bytes_most))

    # -- ending ----------------------------------------------------------------------------------------------------

    def _tells_length(self) -> bool:
        told = {name.lower(): value.lower() for name, value in self._heads}
        return b"content-length" in told or b"chunked" in told.get(b"transfer-encoding", b"")

    def _complete(self) -> None:
        self._check_size()
        waiter = self._no_longer_waiting()
        if waiter is None or waiter.done():
            return
        answer = Answer(self._parser.get_status_code(), self._url, self._heads, b"".join(self._parts))
        if self._transport is not None and not self._transport.is_closing() and self._parser.should_keep_alive():
            self.is_free, self.free_since_s = True, waiter.get_loop().time()
        else:
            self.abort()
        try:
            waiter.set_result(unpacked(answer, self._bytes_most))
        except AnswerError as error:
            waiter.set_exception(error)

    def _no_longer_waiting(self) -> asyncio.Future[Answer] | None:
        waiter, self._waiter = self._waiter, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        return waiter

    def _fail(self, error: OSError) -> None:
        waiter = self._no_longer_waiting()
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)


def too_large(bytes_most: int) -> AnswerError:
    """Return what is said of an answer that is too large."""
    return AnswerError(f"the page is larger than {bytes_most} bytes")


def unpacked(answer: Answer, bytes_most: int) -> Answer:
    """Return an answer with its body unpacked, as its Content-Encoding says.

    Raises:
        AnswerError: it is packed in no way that was asked for, is broken, or is larger than `bytes_most` unpacked.

    >>> unpacked(Answer(200, "", [(b"Content-Encoding", b"deflate")], zlib.compress(b"Hello")), 100).body
    b'Hello'
    """
    if len(answer.body) > bytes_most:
        raise too_large(bytes_most)
    packing = answer.head(b"content-encoding").strip().lower()
    if packing in (b"", b"identity") or answer.status in NO_BODY or not answer.body:
        return answer
    if packing not in (b"gzip", b"x-gzip", b"deflate"):
        raise AnswerError(f"the page is packed as {packing.decode('ascii', 'replace')!r}, which was not asked for")
    is_bare = packing == b"deflate" and answer.body[0] & 0xF != zlib.DEFLATED  # some desks leave zlib's head out
    body, packed = b"", answer.body
    while packed:  # gzip may come in several members
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS | 32)
        try:
            body += unpacking.decompress(packed, bytes_most + 1 - len(body))
        except zlib.error as error:
            raise AnswerError(f"the page cannot be unpacked: {error}") from None
        if len(body) > bytes_most:
            raise too_large(bytes_most)
        if not unpacking.eof:
            raise AnswerError("the page is packed, and its end is missing")
        packed = unpacking.unused_data.lstrip(b"\0")
    return Answer(answer.status, answer.url, answer.heads, body)
