"""Small chats on other libraries' servers: Socket.IO, SignalR, GraphQL over WebSockets; and a bot that answers at once.

What is said is the same everywhere; how it goes over the line is the library's. Each is served by uvicorn on a loop in
a thread of its own.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import socketio
import strawberry
import uvicorn
from aiosignalr.server import Hub, ServerOptions, SignalRServer
from strawberry.asgi import GraphQL

from tests.probes.loop_thread import LoopThread, after

Tell = Callable[[dict[str, Any]], Awaitable[None]]

ROBOT = {"by": "robot", "text": "We have your message."}
ASKS = {"by": "Robin", "text": "Which order is it?"}
ANSWERS = {"by": "Robin", "text": "It comes in three days."}
CLOSED = {"by": "desk", "text": "closed"}
DELAY_S = 0.4
PING_S = 0.2
"""How often the desks ask whether we are still there; who does not answer is cut off."""


class Talks:
    """What the agent does in every conversation, and what was heard; keeps the agent's own clock."""

    def __init__(self) -> None:
        self.heard: dict[Any, list[str]] = {}
        self.answered_s: list[float] = []
        self.left: list[Any] = []
        self._playing: set[asyncio.Task[None]] = set()

    def hear(self, who: Any, text: str, tell: Tell) -> None:
        """Take what a customer says, and answer after a while."""
        turns = self.heard.setdefault(who, [])
        turns.append(text)
        task = asyncio.get_running_loop().create_task(self._answer(len(turns), tell))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def _answer(self, turn: int, tell: Tell) -> None:
        if turn == 1:
            await tell(ROBOT)
        await after(DELAY_S)
        if turn == 1:
            self.answered_s.append(time.time())
        await tell(ASKS if turn == 1 else ANSWERS)
        if turn == 2:
            await after(2 * PING_S)
            await tell(CLOSED)


def socket_io(talks: Talks) -> Any:
    """Return the chat on python-socketio."""
    server = socketio.AsyncServer(async_mode="asgi", ping_interval=PING_S, ping_timeout=PING_S)

    async def ask(sid: str, said: dict[str, str]) -> None:
        talks.hear(sid, said["text"], lambda told: server.emit("told", told, to=sid))

    async def gone(sid: str, *reason: object) -> None:
        talks.left.append(sid)

    server.on("ask", ask)
    server.on("disconnect", gone)
    return socketio.ASGIApp(server)


def signal_r(talks: Talks) -> Any:
    """Return the chat on aiosignalr."""

    class Chat(Hub):
        async def ask(self, text: str) -> None:
            caller = self.clients.caller
            talks.hear(self.context.connection_id, text, lambda told: caller.send("told", told))

        async def on_disconnected(self, exception: BaseException | None) -> None:
            talks.left.append(self.context.connection_id)

    options = ServerOptions(client_timeout_interval=2)
    return SignalRServer(Chat, options=options).asgi_app(path="/hub")


@strawberry.type
class Told:
    """What the desk says in a conversation."""

    by: str
    text: str


def graphql(talks: Talks) -> Any:
    """Return the chat on strawberry, which speaks graphql-transport-ws."""
    lines: dict[str, asyncio.Queue[dict[str, Any]]] = {}

    @strawberry.type
    class Query:
        talks: int = 0

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def say(self, text: str, talk: str = "") -> str:
            if len(text) > 200:
                raise ValueError("too long")
            talk = talk or f"talk-{len(lines)}"
            talks.hear(talk, text, lines.setdefault(talk, asyncio.Queue()).put)
            return talk

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def told(self, talk: str) -> AsyncGenerator[Told, None]:
            try:
                while True:
                    yield Told(**await lines[talk].get())
            finally:
                talks.left.append(talk)

    return GraphQL(strawberry.Schema(Query, Mutation, Subscription), keep_alive=True, keep_alive_interval=PING_S)


def bot(talks: Talks) -> Any:
    """Return a bot that says all in its answers, as REST channels of bot frameworks do: a list of messages."""

    async def site(scope: dict[str, Any], receive: Any, send: Any) -> None:
        asked = json.loads((await receive())["body"])
        turns = talks.heard.setdefault(asked["sender"], [])
        turns.append(asked["message"])
        told = [ROBOT["text"], "Which order is it?"] if len(turns) == 1 else ["It comes in three days."]
        if "person" in asked["message"]:
            told = ["I pass you on.", "/handover"]
        body = json.dumps([{"recipient_id": asked["sender"], "text": text} for text in told]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return site


def quick(talks: Talks) -> Any:
    """Return a desk that answers before it has said that it has the message, and tells nothing twice."""
    lines: list[asyncio.Queue[bytes]] = []

    async def site(scope: dict[str, Any], receive: Any, send: Any) -> None:
        kind = b"text/event-stream" if scope["path"] == "/stream" else b"application/json"
        if scope["path"] != "/stream":
            for line in lines:
                await line.put(b'data: {"text": "It comes in three days."}\n\n')
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if scope["path"] != "/stream":
            await send({"type": "http.response.body", "body": b"{}"})
            return
        lines.append(asyncio.Queue())
        told = b": welcome\n\n"
        while True:
            await send({"type": "http.response.body", "body": told, "more_body": True})
            told = await lines[-1].get()

    return site


@contextmanager
def open_line(make: Callable[[Talks], Any]) -> Iterator[tuple[str, Talks]]:
    """Serve a chat while the block lasts; yields its address and what is heard there."""
    talks = Talks()
    with socket.socket() as listener, LoopThread() as loop:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(loop.run(_made(make, talks)), log_level="error", lifespan="off", ws="websockets-sansio")
        server = uvicorn.Server(config)
        serving = asyncio.run_coroutine_threadsafe(server.serve([listener]), loop.loop)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", talks
        finally:
            server.should_exit = server.force_exit = True
            serving.result(10)
            loop.run(_stopped())


async def _stopped() -> None:
    """End what the desks' libraries leave running."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _made(make: Callable[[Talks], Any], talks: Talks) -> Any:
    return make(talks)
