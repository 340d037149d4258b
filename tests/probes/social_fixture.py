"""A real server of Mastodon's interface (mastodon_mock) on a free loopback port, and a brand that answers on it.

The brand is another client: it reads its notifications, answers publicly, and asks to move to direct messages.
"""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pytest

from tests.probes.served import ANSWER_S_MOST, require_packages, served, without_proxy

LOOK_EVERY_S = 0.05
ASKS = "We are sorry to hear that. Please send us a direct message with your order number."
ANSWERS = "Thank you. We have sent a new one, and refund the postage."


@dataclass(frozen=True)
class Network:
    """One running social network."""

    base_url: str
    brand_token: str

    def call(self, path: str, body: Any = None) -> Any:
        """Make a request as the brand."""
        request = urllib.request.Request(
            self.base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.brand_token}", "Content-Type": "application/json"},
        )
        with without_proxy.open(request, timeout=ANSWER_S_MOST) as answer:
            return json.load(answer)


class Brand:
    """Answers each public mention publicly, and each direct message with the solution; notes what it did and when."""

    def __init__(self, network: Network, asks: str = ASKS) -> None:
        self._network, self._asks = network, asks
        self._known = {told["id"] for told in network.call("/api/v1/notifications?types[]=mention")}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.heard: list[dict[str, Any]] = []
        self.said_s: list[float] = []

    def _work(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            for told in reversed(self._network.call("/api/v1/notifications?types[]=mention")):
                if told["id"] not in self._known:
                    self._known.add(told["id"])
                    self._answer(told["status"])

    def _answer(self, status: dict[str, Any]) -> None:
        self.heard.append(status)
        if status["visibility"] == "public" and status["in_reply_to_id"] is not None:
            return
        text = self._asks if status["visibility"] == "public" else ANSWERS
        self.said_s.append(time.time())
        told = {"status": f"@{status['account']['acct']} {text}", "in_reply_to_id": status["id"]}
        self._network.call("/api/v1/statuses", {**told, "visibility": status["visibility"]})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Yield a social network of this session's own."""
    require_packages("mastodon_mock", "uvicorn")
    token = "mock_token"
    with served("social_site.serve", tmp_path_factory.mktemp("social"), {"SOCIAL_BRAND_TOKEN": token}) as base_url:
        yield Network(base_url, token)
