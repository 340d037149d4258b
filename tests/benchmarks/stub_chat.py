"""A chat that costs little: it speaks the rehearsal desk's protocol, answers at once and stays open until one leaves.

`GET /served` tells how many chats are open. In a process of its own: `python -m tests.benchmarks.stub_chat PORT`.
"""

from __future__ import annotations

import json
import sys

from aiohttp import WSMsgType, web

from probes.descriptors import raise_limit

GREETING = (
    {"type": "accepted", "text": "Somebody will be with you soon."},
    {"type": "joined", "agent": "Robin", "team": "help"},
    {"type": "message", "agent": "Robin", "text": "Hello, it comes within 3 working days."},
)
ENDED = {"type": "closed", "how": "resolved", "text": "The chat is closed."}


class Desk:
    """All chats."""

    def __init__(self) -> None:
        self._open = 0

    async def served(self, _request: web.Request) -> web.Response:
        """Tell how many chats are open."""
        return web.Response(text=str(self._open))

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        """Greet who says hello, and close once they have said something more."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._open += 1
        try:
            async for came in socket:
                said = json.loads(came.data)["type"] if came.type is WSMsgType.TEXT else "leave"
                for answer in GREETING if said == "hello" else (ENDED,):
                    await socket.send_str(json.dumps(answer))
                if said != "hello":
                    break
        finally:
            self._open -= 1
        await socket.close()
        return socket


def main() -> None:
    """Serve on a port until killed."""
    raise_limit()
    app, desk = web.Application(), Desk()
    app.add_routes([web.get("/served", desk.served), web.get("/chat/socket", desk.talk)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, backlog=4096)


if __name__ == "__main__":
    main()
