"""Tickets that are answered on their page, with the newest message on top, each a row of a table."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from probes.channels.pages import read_message
from probes.desk.desk import LOOPBACK
from probes.errand import Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.runs import Run
from scenarios.charter import AllowedHost
from scenarios.target import SpeakerRule, Target
from tests.probes.charters import charter

JOURNEY = """
journey: ask
title: Ask by form, and answer what is asked
channel: form
questions: {default: {subject: s, text: "Where is it?", useful: "three days"}}
replies: [{to: "which order", say: "It is 4711."}]
steps:
  - open: true
  - {wait_for: useful, within: {law: deterministic, value_s: 6}}
"""
WRITE = (
    "<form method=post action=/ticket/7><textarea name=more id=more></textarea><button id=answer>Answer</button></form>"
)


class Site:
    """A desk that asks once, and answers once it has been told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def app(self) -> web.Application:
        """Return its pages."""
        site = web.Application()
        site.add_routes([web.get("/", self.form), web.post("/send", self.send), web.get("/ticket/7", self.ticket),
                         web.post("/ticket/7", self.more)])  # fmt: skip
        return site

    async def form(self, request: web.Request) -> web.Response:
        """Show the form."""
        return _html(
            "<form id=ask method=post action=/send><textarea id=text name=text></textarea><button id=go>Go</button>"
        )

    async def send(self, request: web.Request) -> web.Response:
        """Take the form."""
        self.said += [("me", str((await request.post())["text"])), ("Robin", "Hello, which order is it?")]
        raise web.HTTPSeeOther("/ticket/7")

    async def more(self, request: web.Request) -> web.Response:
        """Take an answer on the ticket's page."""
        self.said += [("me", str((await request.post())["more"])), ("Robin", "It comes within three days.")]
        raise web.HTTPSeeOther("/ticket/7")

    async def ticket(self, request: web.Request) -> web.Response:
        """Show the ticket, newest first."""
        rows = "".join(
            f"<tr class={'mine' if who == 'me' else 'theirs'}>\n <td class=who>\n {who} </td><td>\n {text}\n</td></tr>"
            for who, text in reversed(self.said)
        )
        return _html(f"<table>{rows}</table>{WRITE}")


def _html(text: str) -> web.Response:
    return web.Response(text=f"<!doctype html><body>{text}", content_type="text/html")


def shop(folder: Path, in_browser: bool, reply: dict[str, object] | None) -> tuple[Run, Site]:
    """Play the journey."""
    path = folder / "ask.yaml"
    path.write_text(JOURNEY)
    site = Site()

    async def play() -> Run:
        runner = web.AppRunner(site.app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        port = int(runner.addresses[0][1])
        form = {
            "page": "/", "form": "#ask", "fields": [{"selector": "#text", "fill": "{text}"}], "submit": "#go",
            "ready": "#text", "accepted_url": r"/ticket/(?P<reference>\d+)", "messages": "tr", "own_text": [".who"],
            "speakers": [{"speaker": "customer", "selector": ".mine", "within": ".who", "text": "^me$"},
                         {"speaker": "human", "text": "^(Hello|It comes)"}],
            "poll_s": 0.5, "reply": reply,
        }  # fmt: skip
        target = Target.model_validate(
            {"target": "t", "title": "t", "base_url": f"http://{LOOPBACK}:{port}", "form": form, "request_s_most": 5}
        )
        what = journey_errand([str(path)], None, Players(), 1)
        licence = charter(AllowedHost(host=LOOPBACK, ports=[port]))
        try:
            return await play_real(what, folder / "run", Access(target, licence, in_browser))
        finally:
            await runner.cleanup()

    return asyncio.run(play()), site


@pytest.mark.parametrize("in_browser", [False, True], ids=["http", "browser"])
def test_what_is_asked_on_the_ticket_is_answered_there(in_browser: bool, tmp_path: Path) -> None:
    """Without it shoppers would answer to nobody, and an answer on top of the page would never be seen."""
    run, site = shop(tmp_path, in_browser, {"input": "#more", "submit": "#answer"})
    leg = run.table("legs").iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    messages = run.table("messages")
    assert list(messages["speaker"]) == ["customer", "agent", "customer", "agent"]
    assert list(messages.loc[messages["speaker"] == "agent", "text"]) == [site.said[1][1], site.said[3][1]]
    assert [who for who, _ in site.said] == ["me", "Robin", "me", "Robin"]


def test_what_cannot_be_said_is_not_logged_as_said(tmp_path: Path) -> None:
    """Without it a transcript would hold words that the desk never got."""
    run, site = shop(tmp_path, False, None)
    assert len(site.said) == 2
    assert list(run.table("messages")["speaker"]) == ["customer", "agent"]
    assert "not_said" in set(run.table("steps")["state"])


@pytest.mark.parametrize(
    ("html", "rule", "fits"),
    [
        ('<td class="content">Hi</td>', {"selector": "td.content"}, True),
        ('<td class="content">Hi</td>', {"selector": ".other"}, False),
        ("<tr class=mine><td class=author>Me</td><td>hello</td></tr>", {"within": ".author", "text": "^Me$"}, True),
        ("<div>\n  <b>Hello</b> there\n</div>", {"text": "^Hello"}, True),
    ],
)
def test_who_speaks_is_read_off_rows_cells_and_indented_pages(html: str, rule: dict[str, str], fits: bool) -> None:
    """Without it the messages of a page with tables would all be nobody's, or everybody's."""
    rules = [SpeakerRule.model_validate({"speaker": "customer", **rule}), SpeakerRule(speaker="bot")]
    assert read_message(html, [".author"], rules).speaker == ("customer" if fits else "bot")
