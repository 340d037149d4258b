"""The desk's chat: one WebSocket per visitor, speaking small JSON messages.

Visitor to desk: `hello` (name, email, intent, text), `message` (text), `leave`. Desk to visitor: `accepted` (text),
`queue` (position), `joined` (agent, team), `typing`, `message` (speaker, agent, text), `transfer` (team,
history_carried), `closed` (how: resolved | shut | busy, text).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from probes.desk.hall import Hall
from probes.desk.live import LiveVisit

TEXT_MOST = 4000


class ChatVisit(LiveVisit):
    """One visitor's contact, from hello to closed."""

    channel = "chat"
    closing_text = "The chat is closed."

    def __init__(self, hall: Hall, socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        super().__init__(hall, str(hello.get("name", "")), str(hello.get("email", "")), str(hello.get("intent", "")))
        self._socket = socket

    async def play(self, first_text: str) -> None:
        """Wait, be handled, be passed on, until closed or gone."""
        phrases = self._hall.phrases
        how = self.turned_away()
        if how is not None:
            await self.tell(type="closed", how=how, text=phrases.shut if how == "shut" else phrases.busy)
            return
        try:
            await self.hold(first_text)
        finally:
            self._hall.lines.give_back("chat")

    async def listen(self) -> None:
        """Hear the visitor; set `gone` when they leave or the line drops."""
        try:
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                said = _read(frame.data)
                if said.get("type") == "leave":
                    break
                if said.get("type") == "message":
                    self.note("heard", text=str(said.get("text", ""))[:TEXT_MOST])
        finally:
            self._gone.set()

    async def tell(self, **message: Any) -> None:
        """Send it as it is."""
        if self._socket.closed:
            self._gone.set()
            return
        try:
            await self._socket.send_str(json.dumps(message, ensure_ascii=False))
        except ConnectionError:
            self._gone.set()


async def chat_socket(request: web.Request) -> web.WebSocketResponse:
    """Serve one visitor's WebSocket."""
    hall: Hall = request.app[Hall.KEY]
    hall.begin_day()
    socket = web.WebSocketResponse(max_msg_size=64_000, compress=False)
    await socket.prepare(request)
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
        first = await socket.receive()
        hello = _read(first.data) if first.type is WSMsgType.TEXT else {}
        if hello.get("type") == "hello":
            await ChatVisit(hall, socket, hello).play(str(hello.get("text", ""))[:TEXT_MOST])
        await socket.close()
    return socket


def _read(data: str) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
