"""The desk's web form: a page to write on, and a ticket page on which the answer appears.

The ticket page never changes by itself; who wants to know looks again. Its status reads Received, In progress, then
Settled. Tickets wait for the form's team like anyone else. A form is never engaged as a telephone is; where the channel
has a number of lines, they are the tickets that are not settled yet, and a desk that has as many takes no further form
and says so. Who stops looking is not seen to have gone, so such a ticket holds its line until it is settled.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import jinja2
from aiohttp import web

from probes.desk.hall import Hall
from probes.desk.written import wait_for_teams
from scenarios.scenario import Channel

TEXT_MOST = 10_000
TICKETS_MOST = 200_000


@dataclass
class Ticket:
    """A form that was sent, and what has been written under it."""

    number: int
    key: str
    name: str
    email: str
    intent: str
    subject: str
    status: str = "Received"
    messages: list[tuple[str, str, str]] = field(default_factory=list)
    """(who: customer | automatic | agent, by which name, text)."""
    channel: Channel = "form"
    asks_back_at_once: bool = False
    """A page that is looked at now and then shows what was written when all of it is."""

    def taken(self) -> None:
        """Show that an agent works on it."""
        self.status = "In progress"

    def answered(self, agent: str, texts: Sequence[str], settled: bool) -> None:
        """Show what an agent has written."""
        self.messages.append(("agent", agent, "\n".join(texts)))

    def passed_on(self) -> None:
        """Show that it goes to another team."""
        self.status = "Passed on"

    def settled(self, silently: bool) -> None:
        """Show that the desk is done with it."""
        self.status = "Settled"


class Tickets:
    """All tickets of a desk, and the people who work on them."""

    KEY: web.AppKey[Tickets]

    def __init__(self, hall: Hall, pages: jinja2.Environment) -> None:
        self._hall, self._pages = hall, pages
        self._tickets: dict[int, Ticket] = {}

    async def show_form(self, request: web.Request) -> web.Response:
        """Serve the empty form."""
        self._hall.begin_day()
        return self._form_page()

    async def take_form(self, request: web.Request) -> web.Response:
        """Take a form and lead to its ticket page; one that lacks something is shown again."""
        hall = self._hall
        hall.begin_day()
        sent = await request.post()
        fields = {
            name: str(sent.get(name, "")).strip()[:TEXT_MOST] for name in ("name", "email", "intent", "subject", "text")
        }
        faults = [name for name, text in fields.items() if not text]
        if faults or not hall.is_open("form") or len(self._tickets) >= TICKETS_MOST:
            return self._form_page(faults)
        if not hall.lines.take("form"):
            hall.truth.note("busy", fields["email"], "form")
            return self._form_page()
        ticket = Ticket(
            len(self._tickets) + 1, secrets.token_hex(8), fields["name"], fields["email"],
            hall.intent_of(fields["intent"]), fields["subject"],
        )  # fmt: skip
        self._tickets[ticket.number] = ticket
        ticket.messages.append(("customer", ticket.name, fields["text"]))
        ticket.messages.append(("automatic", "", hall.phrases.form_accepted))
        hall.truth.note("arrived", ticket.email, "form", intent=ticket.intent, text=fields["text"])
        wait_for_teams(hall, ticket, hall.loaded.scenario.who_takes("form", ticket.intent))
        raise web.HTTPSeeOther(f"/ticket/{ticket.number}?key={ticket.key}")

    async def show_ticket(self, request: web.Request) -> web.Response:
        """Serve a ticket page to who has its key; unchanged ones answer 304."""
        number = request.match_info["number"]
        ticket = self._tickets.get(int(number)) if number.isdecimal() and len(number) < 9 else None
        if ticket is None or not secrets.compare_digest(request.query.get("key", ""), ticket.key):
            return _html(self._pages.get_template("lost.html.j2").render(), status=404)
        tag = f'"{ticket.number}-{ticket.status}-{len(ticket.messages)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return _html(self._pages.get_template("ticket.html.j2").render(ticket=ticket), headers={"ETag": tag})

    def _form_page(self, faults: Sequence[str] = ()) -> web.Response:
        """Return the page to write on, or the one that says why nothing is taken now."""
        hall = self._hall
        shut = "" if hall.is_open("form") else hall.phrases.shut
        busy = hall.phrases.form_busy if hall.lines.is_full("form") else ""
        page = self._pages.get_template("form.html.j2")
        return _html(page.render(intents=hall.loaded.scenario.intents, shut=shut, busy=busy, faults=faults))


Tickets.KEY = web.AppKey("tickets", Tickets)


def _html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)
