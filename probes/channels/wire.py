"""A channel over HTTP and JSON, as a target file describes it: polled, long-polled, server-sent events or a WebSocket.

Pushed answers are stamped when they come; polled ones came some time between two looks. Knows nothing of any desk but
what the target file says.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

import aiohttp
from multidict import CIMultiDict

from probes.channels.contract import Caller, CannotDoError, Plain, Surroundings
from probes.channels.wire_reading import Reading, completed, found, words
from probes.channels.wire_socket import FramedSocket, LineClosedError
from probes.http_client import REDIRECTS_MOST, CannotSendError, NoAddressError, joined
from probes.http_connection import Answer
from probes.journeys import Open, Seen
from probes.personas import mark_of
from scenarios.wire import Exchange, Frame, Look, Wire, filled_body
from scenarios.wording import filled, is_known

MESSAGE_BYTES_MOST = 256_000
SEEN_MOST = 2_000
EMPTY_LOOKS_S_LEAST = 0.05
"""A desk that answers a held request at once and with nothing is not asked more often than this (wall time)."""


class DeskError(Exception):
    """The desk did not do what the target file says it does; the message goes into the log."""


FAILURES = (aiohttp.ClientError, OSError, DeskError, LineClosedError, NoAddressError, CannotSendError)
"""What a desk does to us; it is seen, and no fault of ours."""


class WireSession(Plain):
    """One contact."""

    waits_at_door = True
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        self._around, self._caller = around, caller
        self._wire: Wire = around.target.wires[caller.channel]
        self.polled = self._wire.transport == "poll"
        slow = caller.background and self._wire.background_poll_s is not None
        self._poll_s = self._wire.background_poll_s if slow and self._wire.background_poll_s else self._wire.poll_s
        self._reading = Reading(self._wire.events, self._wire.html, self.polled, self._found)
        self._kept: dict[str, Any] = {"fresh": secrets.token_hex(6)}
        self._constant = caller.values() | {"mark": mark_of(caller.contact_id, around.guard.charter.marker_key)}
        """What texts may hold that stays the same."""
        self._count = 0
        self._has_begun = self._is_in = False
        self._looked_s = 0.0
        self._seen: asyncio.Queue[Seen] = asyncio.Queue()
        self._visit = around.visit()
        self._line: aiohttp.ClientSession | None = None
        """What the desk pushes on, where it does."""
        self._socket: FramedSocket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    # -- the contract ------------------------------------------------------------------------------------------

    async def open(self, opening: Open) -> None:
        """Make the requests that begin a contact, and open the line."""
        self._has_begun = True
        self._kept |= {"subject": opening.subject, "text": opening.text}
        self._looked_s = self._around.clock.now_s()
        sends = [exchange for exchange in self._wire.open if exchange.method == "SEND"]
        first = self._wire.line_first
        before = [] if first else [exchange for exchange in self._wire.open if exchange not in sends]
        after = self._wire.open if first else sends
        try:
            async with asyncio.timeout(self._around.target.request_s_most):
                if not (await self._make(before) and await self._open_line() and await self._make(after)):
                    return
            self._is_in, now_s = True, self._around.clock.now_s()
            if self._wire.is_accepted:
                self._put(Seen("accepted", now_s, now_s, self._fill(self._wire.reference)))
        except FAILURES as error:
            self._fail(error)
            return
        if self._wire.transport == "long_poll":
            self._reader = asyncio.create_task(self._read(self._hold()))

    async def say(self, text: str) -> None:
        """Write a message."""
        await self._tell(self._wire.say, text)

    async def say_privately(self, text: str) -> None:
        """Write a direct message."""
        if self._wire.say_privately is None:
            raise CannotDoError("the target describes no direct messages here")
        await self._tell(self._wire.say_privately, text)

    async def press(self, keys: str) -> None:
        """Press the button with these words."""
        if self._wire.press is None:
            raise CannotDoError("the target describes nothing to press here")
        await self._tell(self._wire.press, keys)

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return what came, when it came; where nothing is pushed, look every so often."""
        clock = self._around.clock
        while self._seen.empty() and self.polled:
            look_s = self._looked_s + self._poll_s
            if until_s is not None and look_s > until_s:
                await clock.sleep_until_s(until_s)
                return Seen("nothing", until_s, until_s)
            await clock.sleep_until_s(look_s)
            await self._look()
        if self.polled:
            return self._seen.get_nowait()
        if until_s is None:
            return await self._seen.get()
        if not self._seen.empty():
            seen = self._seen.get_nowait()
            return Seen("nothing", until_s, until_s) if seen.seen_by_s > until_s else seen
        try:
            return await clock.wait_until(self._seen.get(), until_s)
        except TimeoutError:
            return Seen("nothing", until_s, until_s)

    async def leave(self) -> None:
        """Go as the target says; who was not let in yet has nothing to leave."""
        leave = self._wire.leave
        if leave is not None and (self._is_in or is_known(leave.model_dump_json(), self._values(""))):
            await self._tell(leave, "")

    async def close(self) -> None:
        """Close the line."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._socket is not None:
            await self._socket.close()
        if self._line is not None:
            await self._line.close()

    async def evidence(self, name: str) -> str | None:
        """A line of text has no picture."""
        return None

    # -- sending -----------------------------------------------------------------------------------------------

    async def _tell(self, exchange: Exchange | None, text: str) -> None:
        """Send something in a contact under way; a desk that does not take it is seen to fail."""
        if exchange is None or not self._has_begun:
            return
        self._kept["text"] = text
        try:
            if exchange.method == "SEND":
                async with asyncio.timeout(self._around.target.request_s_most):
                    await self._send(exchange.json_body)
            else:
                await self._exchange(exchange)
        except FAILURES as error:
            self._fail(error)

    async def _make(self, exchanges: Sequence[Exchange]) -> bool:
        """Make the requests of the opening; False where the desk takes nothing now, which is put as seen."""
        for exchange in exchanges:
            if exchange.method == "SEND":
                await self._send(exchange.json_body)
            elif await self._exchange(exchange, opening=True) is None:
                return False
        return True

    async def _open_line(self) -> bool:
        """Open what the desk pushes on; False where it does not let us in, which is put as seen."""
        if self._wire.transport == "websocket":
            if not await self._open_socket():
                return False
            self._reader = asyncio.create_task(self._read(self._read_socket()))
        if self._wire.transport == "sse":
            self._reader = asyncio.create_task(self._read(self._read_events()))
            if self._wire.line_first:
                listening = asyncio.create_task(self._listening.wait())
                await asyncio.wait([listening, self._reader], return_when=asyncio.FIRST_COMPLETED)
                listening.cancel()
                return self._listening.is_set()
        return True

    async def _send(self, body: Any) -> None:
        if self._socket is not None:
            await self._socket.send(self._filled_body(body))

    async def _exchange(self, exchange: Exchange, opening: bool = False) -> Any:
        """Make a request and return its answer as JSON; None where the desk takes nothing now, which is put as seen."""
        answer = await self._ask(exchange)
        text = answer.text()
        document = _json(text)
        if answer.status >= 400:
            if opening and self._is_turned_away(answer.status, text):
                return None
            path = exchange.path.split("?")[0]
            raise DeskError(f"HTTP {answer.status} to {exchange.method} {path}: {words(text)[:120]}")
        if exchange.wrong is not None and self._found(exchange.wrong, document):
            raise DeskError(f"the answer to {exchange.method} {exchange.path} is an error: {words(text)[:120]}")
        now_s = self._around.clock.now_s()
        for item in self._found(exchange.said, document) or []:
            seen = self._reading.of(item, now_s, now_s)
            if seen is not None:
                self._put(seen)
        for name, expression in exchange.keep.items():
            value = self._found(expression, document)
            if value is None:
                raise DeskError(f"{exchange.method} {exchange.path}: the answer holds no {expression}")
            self._kept[name] = value
        return {} if document is None else document

    def _is_turned_away(self, status: int, text: str) -> bool:
        """Say whether the desk says that it takes nothing now, and put that as seen."""
        document, now_s = _json(text), self._around.clock.now_s()
        for refusal in self._wire.refused:
            if refusal.status == status and (refusal.when is None or self._found(refusal.when, document)):
                self._put(Seen(refusal.is_, now_s, now_s, words(text)[:300]))
                return True
        return False

    async def _ask(self, exchange: Exchange) -> Answer:
        """Make a request, and read its answer whole."""
        self._count += 1
        form = None if exchange.form is None else {name: self._fill(text) for name, text in exchange.form.items()}
        body = None if exchange.json_body is None else self._filled_body(exchange.json_body)
        return await self._visit.ask(
            exchange.method, self._url(exchange), query=self._query(exchange), form=form, document=body,
            heads=self._headers(exchange),
        )  # fmt: skip

    def _url(self, exchange: Exchange) -> str:
        base, path = self._around.target.base_url, self._fill(exchange.path)
        is_plain = base.count("/") == 2 and path.startswith("/") and not path.startswith("//") and "/." not in path
        return base + path if is_plain else joined(base + "/", path)

    def _query(self, exchange: Exchange) -> dict[str, str]:
        return {name: self._fill(text) for name, text in exchange.query.items()}

    def _headers(self, exchange: Exchange) -> CIMultiDict[str]:
        basic = self._wire.basic
        common = {name: text for name, text in self._wire.headers.items() if is_known(text, self._values(text))}
        told = CIMultiDict({name: self._fill(text) for name, text in common.items()})
        told.update({name: self._fill(text) for name, text in exchange.headers.items()})
        if basic is not None:
            login = f"{self._fill(basic.user)}:{self._fill(basic.password)}".encode()
            told.setdefault("Authorization", f"Basic {base64.b64encode(login).decode()}")
        return told

    def _values(self, text: str) -> dict[str, str]:
        """Return what a text may hold; secrets and cookies only where it asks for some."""
        target, kept = self._around.target, {name: str(value) for name, value in self._kept.items()}
        values = {**self._constant, **kept, "count": str(self._count), "mark": self._constant["mark"]}
        if "{secret." in text:
            named = {name: secret for name, secret in target.secrets.items() if f"{{secret.{name}}}" in text}
            values |= {f"secret.{name}": secret.value(f"secrets.{name}") for name, secret in named.items()}
        if "{cookie." in text:
            values |= {f"cookie.{cookie.key}": cookie.value for cookie in self._visit.cookies()}
        return values

    def _fill(self, text: str) -> str:
        return filled(text, self._values(text)) if "{" in text else text

    def _found(self, expression: str | None, document: Any) -> Any:
        """Return what an expression finds, once its placeholders are filled."""
        if expression is None or "{" not in expression:
            return found(expression, document)
        return found(completed(expression, self._values("")), document)

    def _filled_body(self, body: Any) -> Any:
        return filled_body(body, self._fill, self._kept)

    # -- hearing -----------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Ask once whether there is anything new."""
        clock, after_s = self._around.clock, self._looked_s
        asked_s = clock.now_s()
        try:
            for place, look in enumerate(self._wire.look):
                document = await self._exchange(look)
                self._take_in(look, place, document, after_s)
        except FAILURES as error:
            self._fail(error)
        self._looked_s = asked_s

    def _take_in(self, look: Look, place: int, document: Any, after_s: float | None) -> int:
        now_s = self._around.clock.now_s()
        since_s = now_s if after_s is None else after_s
        news = [
            *self._reading.news(document, look.items, look.id, place, since_s, now_s),
            *self._reading.states(look.states, document, since_s, now_s),
        ]
        for seen in news:
            self._put(seen)
        return len(news)

    async def _hold(self) -> None:
        """Ask again and again; the desk answers when there is something."""
        look, loop = self._wire.look[0], asyncio.get_running_loop()
        while not self._is_full():
            asked_s = loop.time()
            document = await self._exchange(look)
            if not self._take_in(look, 0, document, None) and loop.time() - asked_s < EMPTY_LOOKS_S_LEAST:
                await asyncio.sleep(EMPTY_LOOKS_S_LEAST)

    async def _read_events(self) -> None:
        """Read server-sent events: data lines up to an empty one."""
        stream = self._wire.stream
        assert stream is not None
        held: list[str] = []
        self._count += 1
        url, heads = self._url(stream), self._headers(stream)
        self._around.guard.check_url(url)
        async with self._line_open().request(
            stream.method, url, params=self._query(stream) or None, headers=heads, max_redirects=REDIRECTS_MOST
        ) as answer:
            if answer.status >= 400:
                said = b""
                while not answer.content.at_eof() and len(said) < MESSAGE_BYTES_MOST:
                    said += await answer.content.read(MESSAGE_BYTES_MOST - len(said))
                if self._is_turned_away(answer.status, said.decode("utf-8", "replace")):
                    return
                raise DeskError(f"HTTP {answer.status} at {stream.path}")
            self._listening.set()
            async for raw in answer.content:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                if line.startswith("data:"):
                    held.append(line[5:].removeprefix(" "))
                    if sum(map(len, held)) > MESSAGE_BYTES_MOST:
                        raise DeskError(f"an event is larger than {MESSAGE_BYTES_MOST} bytes")
                elif not line and held:
                    self._hear("\n".join(held))
                    held = []
                if self._is_full():
                    return
        raise DeskError("the desk ended the stream")

    def _line_open(self) -> aiohttp.ClientSession:
        """Return what streams and sockets are opened with: the same cookies as the requests'."""
        if self._line is None:
            self._line = aiohttp.ClientSession(
                connector=self._around.connector, connector_owner=False, cookie_jar=self._visit.jar
            )
        return self._line

    async def _open_socket(self) -> bool:
        """Open the line and say hello; False where the desk takes nothing now, which is put as seen."""
        assert self._wire.stream is not None
        url = self._url(self._wire.stream)
        self._around.guard.check_url(url)
        frame = self._wire.frame or Frame()
        try:
            socket = await self._line_open().ws_connect(
                url, headers=self._headers(self._wire.stream), max_msg_size=MESSAGE_BYTES_MOST,
                protocols=[frame.subprotocol] if frame.subprotocol else (),
                params=self._query(self._wire.stream) or None,
            )  # fmt: skip
        except aiohttp.WSServerHandshakeError as error:
            if self._is_turned_away(error.status, ""):
                return False
            raise
        self._socket = FramedSocket(socket, frame)
        await self._socket.begin(self._hear)
        for message in self._wire.hello:
            await self._send(message)
        return True

    async def _read_socket(self) -> None:
        assert self._socket is not None
        await self._socket.read(self._hear, self._is_full)

    async def _read(self, reading: Any) -> None:
        """Read a line until it ends; how it fails is seen, and is no exception of ours."""
        try:
            await reading
        except (*FAILURES, ValueError) as error:
            self._fail(error)

    def _hear(self, data: str) -> None:
        document, now_s = _json(data), self._around.clock.now_s()
        for seen in self._reading.news(document, self._wire.items, self._wire.id, 0, now_s, now_s):
            self._put(seen)

    def _put(self, seen: Seen) -> None:
        """Keep what was seen; a desk that floods is cut off there, and what came first is kept."""
        if self._seen.qsize() == SEEN_MOST:
            seen = Seen("error", seen.seen_by_s, seen.seen_by_s, f"the desk sent over {SEEN_MOST} messages")
        if self._seen.qsize() <= SEEN_MOST:
            self._seen.put_nowait(seen)

    def _is_full(self) -> bool:
        return self._seen.qsize() > SEEN_MOST

    def _fail(self, error: BaseException) -> None:
        now_s = self._around.clock.now_s()
        said = (
            str(error)
            if isinstance(error, (DeskError, LineClosedError))
            else f"{type(error).__name__}: {error}".rstrip(": ")
        )
        self._put(Seen("error", now_s, now_s, said))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
