"""The desk's chat: one WebSocket per visitor, speaking small JSON messages.

Visitor to desk: `hello` (name, email, intent, text), `message` (text), `leave`. Desk to visitor: `accepted` (text),
`queue` (position), `joined` (agent, team), `typing`, `message` (speaker, agent, text), `transfer` (team,
history_carried), `closed` (how: resolved | shut | busy, text).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, cast

from aiohttp import WSMsgType, web

from probes.desk.floor import Visit
from probes.desk.hall import Hall

TEXT_MOST = 4000


class ChatVisit:
    """One visitor's contact, from hello to closed."""

    def __init__(self, hall: Hall, socket: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        self._hall, self._socket = hall, socket
        self._name = str(hello.get("name", ""))[:80] or "there"
        self._email = str(hello.get("email", ""))[:200]
        self._intent = hall.intent_of(str(hello.get("intent", "")))
        self._gone = asyncio.Event()
        self._visit: Visit | None = None
        self._seat: tuple[str, int] | None = None

    async def play(self, first_text: str) -> None:
        """Wait, be handled, be passed on, until closed or gone."""
        hall = self._hall
        if not hall.is_open("chat"):
            hall.truth.note("shut", self._email, "chat")
            await self._send(type="closed", how="shut", text=hall.phrases.shut)
            return
        if not hall.lines.take("chat"):
            hall.truth.note("busy", self._email, "chat")
            await self._send(type="closed", how="busy", text=hall.phrases.busy)
            return
        try:
            await self._hold(first_text)
        finally:
            hall.lines.give_back("chat")

    async def _hold(self, first_text: str) -> None:
        """Keep the visitor, who has a line, until the contact ends."""
        hall = self._hall
        hall.truth.note("arrived", self._email, "chat", intent=self._intent, text=first_text)
        await self._send(type="accepted", text=hall.phrases.accepted)
        listener = asyncio.create_task(self._listen())
        try:
            teams = hall.loaded.scenario.who_takes("chat", self._intent)
            while teams and not self._gone.is_set():
                teams = await self._one_leg(teams)
        finally:
            self._gone.set()
            if self._visit is not None:
                hall.floor.leave(self._visit)
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _one_leg(self, teams: tuple[str, ...]) -> tuple[str, ...]:
        """Wait for one team and be handled by it; returns the team it passes the visitor on to."""
        hall = self._hall
        taken: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        visit = Visit(teams, "chat", self._intent, lambda team, chair: taken.set_result((team, chair)), self._moved)
        self._visit = visit
        position = hall.floor.join(visit)
        if position:
            await self._send(type="queue", position=position)
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait(cast(set[asyncio.Future[Any]], {taken, gone}), return_when=asyncio.FIRST_COMPLETED)
            if taken.done():
                return await self._handled(*taken.result(), gone)
            hall.truth.note("gave_up", self._email, "chat")
            hall.floor.leave(visit)
            return ()
        finally:
            self._visit = None
            gone.cancel()

    def _moved(self, position: int) -> None:
        self._hall.keep(asyncio.create_task(self._send(type="queue", position=position)))

    async def _handled(self, team: str, chair: int, gone: asyncio.Task[Any]) -> tuple[str, ...]:
        hall = self._hall
        began_s = hall.clock.now_s()
        handling = hall.work.handling(team, chair, self._intent, self._name)
        hall.truth.note(
            "taken", self._email, "chat", team=team, agent=handling.agent, silent=handling.silent,
            asks_again=handling.asks_again, wrong_fact=handling.wrong_fact,
        )  # fmt: skip
        await self._send(type="joined", agent=handling.agent, team=team)
        released_s = began_s + handling.busy_s
        try:
            for act in handling.acts:
                if act.after_s:
                    waker = asyncio.create_task(hall.clock.sleep_until_s(began_s + act.after_s))
                    await asyncio.wait([waker, gone], return_when=asyncio.FIRST_COMPLETED)
                    if gone.done():
                        waker.cancel()
                        released_s = hall.clock.now_s()
                        hall.truth.note("left", self._email, "chat")
                        return ()
                match act.what:
                    case "say":
                        hall.truth.note("said", self._email, "chat", text=act.text)
                        await self._send(type="message", speaker="agent", agent=handling.agent, text=act.text)
                    case "typing":
                        await self._send(type="typing", agent=handling.agent)
                    case "transfer":
                        hall.truth.note("transferred", self._email, "chat", to=act.to_team)
                        await self._send(type="transfer", team=act.to_team, history_carried=act.history_carried)
                        return hall.work.takers(act.to_team, "chat", self._intent)
                    case "close":
                        hall.truth.note("closed", self._email, "chat")
                        await self._send(type="closed", how="resolved", text="The chat is closed.")
        finally:
            hall.clock.call_at_s(released_s, hall.floor.release, team, chair)
        return ()

    async def _listen(self) -> None:
        """Hear the visitor; set `gone` when they leave or the line drops."""
        try:
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                said = _read(frame.data)
                if said.get("type") == "leave":
                    break
                if said.get("type") == "message":
                    self._hall.truth.note("heard", self._email, "chat", text=str(said.get("text", ""))[:TEXT_MOST])
        finally:
            self._gone.set()

    async def _send(self, **message: Any) -> None:
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
