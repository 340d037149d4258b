"""The desk's brand on a social network: public posts that mention it, and its answers under them.

Speaks as much of Mastodon's interface (docs.joinmastodon.org/methods) as a customer needs: apps, tokens, accounts,
statuses with their context, notifications. Every account may be made; what is posted is read by nobody but this desk.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from probes.desk.hall import Hall
from probes.desk.written import wait_for_teams
from scenarios.scenario import Channel

BRAND = "brand"
TEXT_MOST = 5_000
KEPT_MOST = 200_000


@dataclass(frozen=True)
class Account:
    """Somebody who posts."""

    number: int
    name: str
    email: str

    def told(self) -> dict[str, Any]:
        """Return it as the interface has it."""
        return {"id": str(self.number), "username": self.name, "acct": self.name, "bot": False}


@dataclass(frozen=True)
class Status:
    """Something posted."""

    number: int
    by: Account
    text: str
    visibility: str
    answers: int | None
    to: Account | None = None

    def told(self) -> dict[str, Any]:
        """Return it as the interface has it."""
        return {
            "id": str(self.number), "account": self.by.told(), "content": f"<p>{html.escape(self.text)}</p>",
            "visibility": self.visibility, "in_reply_to_id": None if self.answers is None else str(self.answers),
        }  # fmt: skip


@dataclass
class Post:
    """A customer's first post to the brand, and the thread under it: a matter of the desk."""

    network: Network
    first: Status
    intent: str
    name: str
    """Whom the brand greets."""
    email: str
    """The address by which the truth knows the contact."""
    channel: Channel = "social"
    asks_back_at_once: bool = True

    def taken(self) -> None:
        """Nothing shows that somebody works on it."""

    def answered(self, agent: str, texts: Sequence[str], settled: bool) -> None:
        """Answer in public, under the post."""
        self.network.post(self.network.brand, "\n".join(texts), "public", self.first.number, self.first.by)

    def passed_on(self) -> None:
        """Nothing shows that it goes to another team."""

    def settled(self, silently: bool) -> None:
        """Nothing shows that the brand is done with it."""


@dataclass
class Network:
    """Accounts and what they have posted."""

    hall: Hall
    brand: Account = field(default_factory=lambda: Account(1, BRAND, ""))
    accounts: dict[str, Account] = field(default_factory=dict)
    """By token."""
    statuses: dict[int, Status] = field(default_factory=dict)

    def post(self, by: Account, text: str, visibility: str, answers: int | None, to: Account | None) -> Status:
        """Keep a post."""
        status = Status(len(self.statuses) + 1, by, text[:TEXT_MOST], visibility, answers, to)
        self.statuses[status.number] = status
        return status

    def thread(self, number: int) -> list[Status]:
        """Return what stands under a post, oldest first."""
        under, found = {number}, []
        for status in self.statuses.values():
            if status.answers in under:
                under.add(status.number)
                found.append(status)
        return found

    # -- the interface -----------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.post("/api/v1/apps", self._app),
            web.post("/oauth/token", self._token),
            web.post("/api/v1/accounts", self._account),
            web.get("/api/v1/accounts/verify_credentials", self._me),
            web.post("/api/v1/statuses", self._status),
            web.get("/api/v1/statuses/{number}", self._one),
            web.get("/api/v1/statuses/{number}/context", self._context),
            web.get("/api/v1/notifications", self._notifications),
        ]

    async def _app(self, request: web.Request) -> web.Response:
        self.hall.begin_day()
        return web.json_response({"id": "1", "client_id": secrets.token_hex(8), "client_secret": secrets.token_hex(8)})

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"access_token": secrets.token_hex(8), "token_type": "Bearer"})

    async def _account(self, request: web.Request) -> web.Response:
        sent = await _sent(request)
        name, email = str(sent.get("username", ""))[:30], str(sent.get("email", ""))[:200]
        if not name or not email or len(self.accounts) >= KEPT_MOST:
            return web.json_response({"error": "username and email are needed"}, status=422)
        token = secrets.token_hex(16)
        self.accounts[token] = Account(len(self.accounts) + 2, name, email)
        return web.json_response({"access_token": token, "token_type": "Bearer"})

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self._by(request).told())

    async def _status(self, request: web.Request) -> web.Response:
        hall, by, sent = self.hall, self._by(request), await _sent(request)
        text, visibility = str(sent.get("status", "")).strip(), str(sent.get("visibility") or "public")
        told = str(sent.get("in_reply_to_id") or "")
        answers = int(told) if told.isdecimal() and int(told) in self.statuses else None
        if not text or len(self.statuses) >= KEPT_MOST:
            return web.json_response({"error": "a text is needed"}, status=422)
        is_first = answers is None and f"@{BRAND}" in text
        if is_first and not hall.is_open("social"):
            hall.truth.note("shut", by.email, "social")
            return web.json_response({"error": hall.phrases.shut}, status=503)
        if is_first and not hall.lines.take("social"):
            hall.truth.note("busy", by.email, "social")
            return web.json_response({"error": hall.phrases.busy}, status=429)
        status = self.post(by, text, visibility, answers, self.brand if f"@{BRAND}" in text else None)
        if is_first:
            post = Post(self, status, hall.intent_of(str(sent.get("intent", ""))), f"@{by.name}", by.email)
            hall.truth.note("arrived", by.email, "social", intent=post.intent, text=text)
            wait_for_teams(hall, post, hall.loaded.scenario.who_takes("social", post.intent))
        else:
            hall.truth.note("heard", by.email, "social", text=text)
        return web.json_response(status.told())

    async def _one(self, request: web.Request) -> web.Response:
        return web.json_response(self._found(request).told())

    async def _context(self, request: web.Request) -> web.Response:
        me, under = self._by(request), self.thread(self._found(request).number)
        seen = [one.told() for one in under if one.visibility != "direct" or me in (one.by, one.to)]
        return web.json_response({"ancestors": [], "descendants": seen})

    async def _notifications(self, request: web.Request) -> web.Response:
        me = self._by(request)
        told = [one for one in self.statuses.values() if one.to == me]
        found = [{"id": str(one.number), "type": "mention", "status": one.told()} for one in reversed(told)]
        return web.json_response(found)

    def _by(self, request: web.Request) -> Account:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.accounts:
            raise web.HTTPUnauthorized(text='{"error": "The access token is invalid"}', content_type="application/json")
        return self.accounts[token]

    def _found(self, request: web.Request) -> Status:
        told = request.match_info["number"]
        number = int(told) if told.isdecimal() and len(told) < 9 else 0
        if number not in self.statuses:
            raise web.HTTPNotFound(text='{"error": "Record not found"}', content_type="application/json")
        return self.statuses[number]


async def _sent(request: web.Request) -> Mapping[str, Any]:
    """Return what came, as JSON or as a form."""
    if request.content_type == "application/json":
        try:
            sent = await request.json()
        except ValueError:
            sent = None
        return sent if isinstance(sent, dict) else {}
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
