"""The desk's website: its pages and routes as one aiohttp application."""

from __future__ import annotations

import time
from pathlib import Path

import jinja2
from aiohttp import web

from probes.desk.app import AppTickets
from probes.desk.chat import chat_socket
from probes.desk.door import narrow_door
from probes.desk.form import Tickets
from probes.desk.hall import Hall
from probes.desk.social import Network

TEMPLATES = Path(__file__).with_name("templates")

REHEARSAL = "/rehearsal/day"
"""Where a rehearsal's day is begun: no part of the desk that is rehearsed, so it never stands in line."""


def make_site(hall: Hall, capacity: int | None = None) -> web.Application:
    """Return the application that serves a desk, `capacity` requests at once where there is a limit."""
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    tickets = Tickets(hall, pages)
    doors = [] if capacity is None else [narrow_door(hall, capacity, REHEARSAL)]
    site = web.Application(client_max_size=100_000, middlewares=doors)
    site[Hall.KEY] = hall

    async def home(request: web.Request) -> web.Response:
        return _page(pages, "home", title=hall.loaded.scenario.title)

    async def chat_page(request: web.Request) -> web.Response:
        return _page(pages, "chat", intents=hall.loaded.scenario.intents)

    async def faq(request: web.Request) -> web.Response:
        return _page(pages, "faq", intents=hall.loaded.scenario.intents)

    async def article(request: web.Request) -> web.Response:
        hall.begin_day()
        intent = request.match_info["intent"]
        if intent not in hall.loaded.scenario.intents:
            raise web.HTTPNotFound
        question, reader = hall.loaded.scenario.intents[intent], request.headers.get("From", "")
        if not hall.lines.take("faq"):
            hall.truth.note("busy", reader, "faq")
            return _page(pages, "article", question=question, busy=hall.phrases.page_busy)
        if hall.lines.are_limited(
            "faq"
        ):  # a page does not see its readers go: they are taken to read as long as is believed
            hall.clock.call_at_s(hall.clock.now_s() + hall.work.reading_s(intent), hall.lines.give_back, "faq")
        answers = hall.work.page_answers(intent)
        hall.truth.note("page", reader, "faq", intent=intent, answers=answers)
        fact = hall.phrases.fact(intent).right if answers else ""
        return _page(pages, "article", question=question, fact=fact)

    async def rehearsal(request: web.Request) -> web.Response:
        """Begin the day so that `start_s` comes in `lead_s` wall seconds; answers with the clock in force.

        Without `start_s` it begins as with a first visitor, when the first channel opens.
        """
        try:
            wanted = await request.json()
            start_s, lead_s = wanted.get("start_s"), float(wanted.get("lead_s", 0))
            epoch_s = None if start_s is None else time.time() + lead_s - float(start_s) / hall.scale
        except (ValueError, TypeError, AttributeError):
            raise web.HTTPBadRequest(
                text="start_s: scenario time to begin at; lead_s: wall seconds until then"
            ) from None
        begun = hall.begin_day(epoch_s)
        return web.json_response({"epoch_s": hall.epoch_s, "scale": hall.scale, "begun": begun})

    site.add_routes(
        [
            web.get("/", home),
            web.get("/chat", chat_page),
            web.get("/chat/socket", chat_socket),
            web.get("/form", tickets.show_form),
            web.post("/form", tickets.take_form),
            web.get("/ticket/{number}", tickets.show_ticket),
            web.get("/faq", faq),
            web.get("/faq/{intent}", article),
            web.post(REHEARSAL, rehearsal),
            *AppTickets(hall).routes(),
            *Network(hall).routes(),
        ]
    )
    return site


def _page(pages: jinja2.Environment, name: str, **values: object) -> web.Response:
    return web.Response(text=pages.get_template(f"{name}.html.j2").render(**values), content_type="text/html")
