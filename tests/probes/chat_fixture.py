"""A real django-chat-ui on a free loopback port, and an agent who answers in it after a known time.

The site stands in tests/chat_site. The agent is another client of the same public interface: logs in with a password,
holds a request until somebody writes, answers.
"""

import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pytest

from tests.probes.served import ANSWER_S_MOST, require_packages, served, without_proxy

CLIENT = "/chat/_matrix/client/v3"
HOLD_MS = 2000


@dataclass(frozen=True)
class ChatDesk:
    """One running chat."""

    base_url: str
    agent_user: str
    agent_password: str

    def call(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Make a request of the chat's interface."""
        request = urllib.request.Request(
            self.base_url + CLIENT + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        with without_proxy.open(request, timeout=ANSWER_S_MOST) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Said:
    """One message of the agent: when it was sent, and when the desk had taken it, by the agent's own clock."""

    room: str
    text: str
    sent_s: float
    taken_s: float


class ChatAgent:
    """Says the first of `answers` `delay_s` after a customer's first message, the next after the next, then settles."""

    def __init__(self, desk: ChatDesk, answers: Sequence[str], delay_s: float) -> None:
        self._desk, self._answers, self._delay_s = desk, answers, delay_s
        login = {"type": "m.login.password", "identifier": {"user": desk.agent_user}, "password": desk.agent_password}
        answer = desk.call("POST", "/login", "", login)
        self._token, self._me = answer["access_token"], answer["user_id"]
        self._since = desk.call("GET", "/sync?timeout=0", self._token)["next_batch"]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._heard: dict[str, list[str]] = {}
        self.said: list[Said] = []

    def heard(self) -> list[list[str]]:
        """Return what customers have written, by conversation."""
        return list(self._heard.values())

    def first_said(self, room: str) -> Said:
        """Return the first message in a conversation."""
        return next(said for said in self.said if said.room == room)

    def _work(self) -> None:
        while not self._stop.is_set():
            news = self._desk.call("GET", f"/sync?since={self._since}&timeout={HOLD_MS}", self._token)
            self._since = news["next_batch"]
            for room, changed in news["rooms"]["join"].items():
                for event in changed["timeline"]["events"]:
                    is_message = event["type"] == "m.room.message" and event["content"]["msgtype"] == "m.text"
                    if is_message and event["sender"] != self._me:
                        self._hear(room, event["content"]["body"])

    def _hear(self, room: str, text: str) -> None:
        turns = self._heard.setdefault(room, [])
        turns.append(text)
        if len(turns) <= len(self._answers):
            answer, is_last = self._answers[len(turns) - 1], len(turns) == len(self._answers)
            timer = threading.Timer(self._delay_s, self._say, (room, answer, is_last))
            timer.daemon = True
            timer.start()

    def _say(self, room: str, text: str, settles: bool) -> None:
        named = urllib.parse.quote(room)
        sent_s = time.time()
        self._send(named, "m.room.message", {"msgtype": "m.text", "body": text})
        self.said.append(Said(room, text, sent_s, time.time()))
        if settles:
            self._send(named, "desk.settle", {})

    def _send(self, room: str, kind: str, content: Any) -> None:
        with suppress(urllib.error.HTTPError):  # the customer may have gone
            self._desk.call("PUT", f"/rooms/{room}/send/{kind}/{time.monotonic_ns()}", self._token, content)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="session")
def chat_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatDesk]:
    """Yield a django-chat-ui of this session's own."""
    require_packages("django_chat_ui", "uvicorn")
    folder = tmp_path_factory.mktemp("chat")
    environment = {
        "DJANGO_SETTINGS_MODULE": "chat_site.settings", "CHAT_FOLDER": str(folder),
        "CHAT_AGENT_USER": "robin", "CHAT_AGENT_PASSWORD": "answers-in-time",
    }  # fmt: skip
    with served("chat_site.serve", folder, environment) as base_url:
        yield ChatDesk(base_url, environment["CHAT_AGENT_USER"], environment["CHAT_AGENT_PASSWORD"])
