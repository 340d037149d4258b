"""Chat over the rehearsal desk's own WebSocket: pushed, so what is seen is stamped when it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import aiohttp

from probes.channels.contract import Caller, Plain, Surroundings
from probes.journeys import LAST, Open, Seen

MESSAGE_BYTES_MOST = 64_000
SEEN_MOST = 2_000
YIELD_EVERY = 16


class ChatWebSocket(Plain):
    """One chat."""

    polled = False
    waits_at_door = True
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.chat is not None
        self._around, self._caller, self._chat = around, caller, around.target.chat
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._seen: asyncio.Queue[Seen] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    async def open(self, opening: Open) -> None:
        """Connect and say hello."""
        url = f"{self._around.target.base_url}{self._chat.websocket}"
        self._around.guard.check_url(url)
        self._http = aiohttp.ClientSession(connector=self._around.connector, connector_owner=False)
        try:
            async with asyncio.timeout(self._around.target.request_s_most):
                self._socket = await self._http.ws_connect(url, max_msg_size=MESSAGE_BYTES_MOST)
                persona = self._caller.persona
                await self._send(
                    type="hello",
                    name=persona.first_name,
                    email=persona.email,
                    intent=self._caller.intent,
                    text=opening.text,
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._put(Seen("error", text=_words(error)))
            return
        self._reader = asyncio.create_task(self._read())

    async def say(self, text: str) -> None:
        """Write a message; a line that has just closed is seen as such, not raised."""
        await self._send(type="message", text=text)

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return what came, when it came; what came after the deadline does not count any more."""
        if until_s is None:
            return await self._seen.get()
        if not self._seen.empty():
            seen = self._seen.get_nowait()
            return Seen("nothing", until_s, until_s) if seen.seen_by_s > until_s else seen
        try:
            return await self._around.clock.wait_until(self._seen.get(), until_s)
        except TimeoutError:
            return Seen("nothing", until_s, until_s)

    async def leave(self) -> None:
        """Say that we go."""
        await self._send(type="leave")

    async def close(self) -> None:
        """Close the line."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def evidence(self, name: str) -> str | None:
        """A line of text has no picture."""
        return None

    async def _send(self, **message: str) -> None:
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(json.dumps(message, ensure_ascii=False))

    async def _read(self) -> None:
        assert self._socket is not None
        clock = self._around.clock
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                for seen in self._understand(frame.data, clock.now_s()):
                    if not self._put(seen) or seen.kind in LAST:
                        return
            if self._seen.qsize() % YIELD_EVERY == 0:
                await asyncio.sleep(0)  # frames that are there already are read without a break: let others run
        now_s = clock.now_s()
        code = self._socket.close_code
        self._put(Seen("error", now_s, now_s, f"the desk closed the line without a word (code {code})"))

    def _put(self, seen: Seen) -> bool:
        """Keep what was seen; a desk that floods is cut off there, and what came first is kept."""
        if self._seen.qsize() < SEEN_MOST:
            self._seen.put_nowait(seen)
            return True
        self._seen.put_nowait(Seen("error", seen.seen_by_s, seen.seen_by_s, f"the desk sent over {SEEN_MOST} messages"))
        return False

    def _understand(self, data: str, at_s: float) -> Iterator[Seen]:
        try:
            said = json.loads(data)
            kind = said["type"]
        except (ValueError, KeyError, TypeError, RecursionError):
            yield Seen("error", at_s, at_s, "the desk sent what is not a message")
            return
        text, team, agent = _text(said, "text"), _text(said, "team") or None, _text(said, "agent") or None
        match kind:
            case "accepted":
                yield Seen("accepted", at_s, at_s)
                yield Seen("automatic", at_s, at_s, text)
            case "queue":
                yield Seen("position", at_s, at_s, _text(said, "position"))
            case "joined":
                yield Seen("taken", at_s, at_s, team=team, agent=agent)
            case "typing":
                yield Seen("typing", at_s, at_s)
            case "message":
                yield Seen("human", at_s, at_s, text, agent=agent)
            case "transfer":
                yield Seen("transfer", at_s, at_s, text, team=team, history_carried=bool(said.get("history_carried")))
            case "closed" if said.get("how") == "shut":
                yield Seen("shut", at_s, at_s, text)
            case "closed" if said.get("how") == "busy":
                yield Seen("busy", at_s, at_s, text)
            case "closed":
                yield Seen("closed", at_s, at_s, text, resolved=said.get("how") == "resolved")


def _text(said: dict[str, Any], key: str) -> str:
    """Return a part of a message as text that any file can hold."""
    return str(said.get(key) or "").encode("utf-8", "replace").decode()


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
