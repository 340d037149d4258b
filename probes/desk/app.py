"""The desk's ticket interface, as an owner's app speaks to it: JSON over HTTP.

The same tickets as the web form's, on a channel of their own. `POST /api/tickets` (name, email, intent, subject, text)
gives a number and a key; with it `GET /api/tickets/{number}` tells status and messages, and `POST …/messages` adds one.
"""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web

from probes.desk.form import TEXT_MOST, TICKETS_MOST, Ticket
from probes.desk.hall import Hall
from probes.desk.written import wait_for_teams

FIELDS = ("name", "email", "intent", "subject", "text")


class AppTickets:
    """All tickets that came by the app."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._tickets: dict[int, Ticket] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.post("/api/tickets", self._take),
            web.get("/api/tickets/{number}", self._show),
            web.post("/api/tickets/{number}/messages", self._hear),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        hall = self._hall
        hall.begin_day()
        sent = await _json(request)
        fields = {name: str(sent.get(name, "")).strip()[:TEXT_MOST] for name in FIELDS}
        lacking = [name for name, text in fields.items() if not text]
        if lacking or len(self._tickets) >= TICKETS_MOST:
            return web.json_response({"error": f"lacks {', '.join(lacking)}"}, status=422)
        if not hall.is_open("app"):
            hall.truth.note("shut", fields["email"], "app")
            return web.json_response({"error": hall.phrases.shut}, status=503)
        if not hall.lines.take("app"):
            hall.truth.note("busy", fields["email"], "app")
            return web.json_response({"error": hall.phrases.form_busy}, status=429)
        ticket = Ticket(
            len(self._tickets) + 1, secrets.token_hex(8), fields["name"], fields["email"],
            hall.intent_of(fields["intent"]), fields["subject"], channel="app",
        )  # fmt: skip
        self._tickets[ticket.number] = ticket
        ticket.messages.append(("customer", ticket.name, fields["text"]))
        ticket.messages.append(("automatic", "", hall.phrases.form_accepted))
        hall.truth.note("arrived", ticket.email, "app", intent=ticket.intent, text=fields["text"])
        wait_for_teams(hall, ticket, hall.loaded.scenario.who_takes("app", ticket.intent))
        return web.json_response({"number": ticket.number, "key": ticket.key}, status=201)

    async def _show(self, request: web.Request) -> web.Response:
        ticket = self._found(request)
        messages = [
            {"n": place, "by": by, "name": name, "text": text} for place, (by, name, text) in enumerate(ticket.messages)
        ]
        return web.json_response({"number": ticket.number, "status": ticket.status, "messages": messages})

    async def _hear(self, request: web.Request) -> web.Response:
        ticket = self._found(request)
        text = str((await _json(request)).get("text", ""))[:TEXT_MOST]
        ticket.messages.append(("customer", ticket.name, text))
        self._hall.truth.note("heard", ticket.email, "app", text=text)
        return web.json_response({}, status=201)

    def _found(self, request: web.Request) -> Ticket:
        told = request.match_info["number"]
        ticket = self._tickets.get(int(told)) if told.isdecimal() and len(told) < 9 else None
        if ticket is None or not secrets.compare_digest(request.query.get("key", ""), ticket.key):
            raise web.HTTPNotFound(text='{"error": "there is no such ticket"}', content_type="application/json")
        return ticket


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        sent = await request.json()
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}
