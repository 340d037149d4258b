"""Chats that want an address confirmed first: with a code that is mailed to it."""

import asyncio
import random
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiohttp import web

from probes.channels.contract import Caller, CannotDoError, Surroundings
from probes.channels.form_http import FormHttp
from probes.clock import Clock
from probes.desk.desk import LOOPBACK, charter_for
from probes.desk.mail_server import Inbox, serve_imap
from probes.errand import Players, journey_errand
from probes.guard import Guard
from probes.http_client import HttpClient
from probes.journeys import Open
from probes.personas import make_persona
from probes.playing import play_real
from probes.setting import Access
from results.runs import Run
from scenarios.charter import AllowedHost
from scenarios.faults import FaultsFoundError
from scenarios.target import Target, read_target
from tests.probes.charters import charter
from tests.probes.real_desks import holds

USER = "shoppers"
PAGE = """<!doctype html><body>
<div id=banner>We use cookies <button id=agree>Agree</button></div>
<div id=who hidden><input id=mail><label><input type=checkbox id=terms> I agree</label>
<button id=mail_it>Code, please</button></div>
<div id=check hidden><input id=code><button id=start>Start</button></div>
<div id=log></div><input id=say hidden><button id=send hidden>Send</button>
<script>
const at = (id) => document.getElementById(id), show = (id) => { at(id).hidden = false; };
at("agree").onclick = () => { at("banner").remove(); show("who"); };
at("mail_it").onclick = async () => { if (!at("terms").checked) return;
  await fetch("/mail", {method: "POST", body: at("mail").value}); setTimeout(() => show("check"), 200); };
const add = (name, text) => { const p = document.createElement("p"); p.className = name; p.textContent = text;
  at("log").append(p); };
at("start").onclick = async () => {
  const answer = await fetch("/check", {method: "POST", body: at("mail").value + " " + at("code").value});
  if (answer.status !== 200) { add("over", "wrong code"); return; }
  show("say"); show("send"); };
at("send").onclick = () => { add("message me", at("say").value);
  setTimeout(() => { add("message", at("code").value + ": three working days."); add("over", "solved"); }, 100); };
</script>"""
JOURNEY = """
journey: ask
title: Ask
channel: chat
questions: {default: {subject: s, text: "Where is it?", useful: "working days"}}
steps: [{open: true}, {wait_for: closed, within: {law: deterministic, value_s: 8}}]
"""


def target(web_port: int, imap_port: int) -> Target:
    """Return a chat that asks for a code."""
    return Target.model_validate(
        {
            "target": "coded",
            "title": "A chat behind a code",
            "base_url": f"http://{LOOPBACK}:{web_port}",
            "request_s_most": 4.0,
            "codes": {
                "imap": {"host": LOOPBACK, "port": imap_port, "tls": "none", "user": USER},
                "pattern": r"code is (?P<code>\d{6})",
                "within_s": 3,
            },
            "chat": {
                "page": "/",
                "ready": "#agree",
                "fields": [
                    {"selector": "#agree", "press": True},
                    {"selector": "#mail", "fill": "{persona.email}"},
                    {"selector": "#terms", "press": True},
                    {"selector": "#mail_it", "press": True},
                    {"selector": "#code", "fill": "{code}"},
                ],
                "start": "#start",
                "accepted": ".me",
                "input": "#say",
                "send": "#send",
                "messages": ".message",
                "speakers": [{"speaker": "customer", "selector": ".me"}, {"speaker": "human"}],
                "closed": ".over",
                "closed_text": {"resolved": "solved"},
            },
        }
    )


class Site:
    """Mails codes, and checks them."""

    def __init__(self, inbox: Inbox, silent: bool) -> None:
        self.inbox, self.silent = inbox, silent
        self.codes: dict[str, str] = {}

    async def page(self, request: web.Request) -> web.Response:
        """Show the page."""
        return web.Response(text=PAGE, content_type="text/html")

    async def mail(self, request: web.Request) -> web.Response:
        """Mail a code, and one to somebody else first."""
        address = await request.text()
        self.codes[address] = f"{random.randrange(10**6):06d}"
        for to, code in (("other@ours.example", "000000"), (address, self.codes[address])):
            mail = EmailMessage()
            mail["To"], mail["From"], mail["Subject"] = to, "desk@shop.example", "Your code"
            mail.set_content(f"Hello, your code is {code}.")
            if not self.silent:
                await self.inbox.put(mail.as_bytes())
        return web.Response()

    async def check(self, request: web.Request) -> web.Response:
        """Say whether a code is right."""
        address, _, code = (await request.text()).partition(" ")
        return web.Response(status=200 if self.codes.get(address) == code else 403)


def ask(folder: Path, silent: bool = False) -> tuple[Run, Site]:
    """Play two contacts at the same time."""
    path = folder / "ask.yaml"
    path.write_text(JOURNEY)
    what = journey_errand([str(path)], None, Players(repeats=2), 1)
    what.plan["due_s"] = 0.0

    async def play() -> tuple[Run, Site]:
        async with serve_imap(LOOPBACK, USER) as (inbox, imap_port):
            site, app = Site(inbox, silent), web.Application()
            app.add_routes([web.get("/", site.page), web.post("/mail", site.mail), web.post("/check", site.check)])
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, LOOPBACK, 0).start()
            port = int(runner.addresses[0][1])
            licence = charter(AllowedHost(host=LOOPBACK, ports=[port, imap_port]))
            try:
                access = Access(target(port, imap_port), licence, in_browser=True)
                run = await play_real(what, folder / "run", access)
            finally:
                await runner.cleanup()
            return run, site

    return asyncio.run(play())


def test_a_code_is_read_from_the_mailbox_and_kept_nowhere(tmp_path: Path) -> None:
    """Without it desks that have an address confirmed first could not be shopped, or their codes would lie about."""
    run, site = ask(tmp_path)
    legs = run.table("legs")
    assert list(legs["contact_outcome"]) == ["resolved"] * 2, list(legs["reason"])
    assert len(site.codes) == 2, "each persona its own"
    assert [holds(run.folder, code) for code in site.codes.values()] == [[], []]
    said = run.table("messages").query("speaker == 'agent'")["text"]
    assert list(said) == ["<code>: three working days."] * 2


def test_a_code_that_does_not_come_is_the_desks_failure(tmp_path: Path) -> None:
    """Without it a contact would hang, or type nothing and be told that its code is wrong."""
    run, _ = ask(tmp_path, silent=True)
    legs = run.table("legs")
    assert set(legs["leg_end"]) == {"target_error"}
    assert legs["reason"].str.contains("no code came to").all()


def test_a_code_needs_a_mailbox_and_a_press_stands_alone(tmp_path: Path) -> None:
    """Without it a target would be taken that can only fail."""
    path = tmp_path / "t.yaml"
    path.write_text(
        "target: t\ntitle: t\nbase_url: http://127.0.0.1:80\n"
        "chat: {page: /, ready: a, start: a, accepted: a, input: a, messages: a, closed: a,"
        " speakers: [{speaker: human}], fields: [{selector: a, fill: '{code}'}, {selector: a, press: true, fill: b}]}\n"
    )
    with pytest.raises(FaultsFoundError) as refused:
        read_target(path)
    assert "either fill or choose or press" in str(refused.value)
    path.write_text(path.read_text().replace(", fill: b", ""))
    with pytest.raises(FaultsFoundError) as refused:
        read_target(path)
    assert "the mailbox in which {code} comes" in str(refused.value)


@pytest.mark.parametrize("step", [{"press": True}, {"fill": "{code}"}], ids=["press", "code"])
def test_plain_http_says_that_this_is_for_a_browser(step: dict[str, object]) -> None:
    """Without it a form of several steps would be sent half filled in."""
    told = target(80, 143).model_dump(exclude_none=True)
    form = {"page": "/", "form": "form", "fields": [{"selector": "#go", **step}], "submit": "#go", "ready": "#go",
            "accepted_url": "x", "messages": ".m", "speakers": [{"speaker": "human"}]}  # fmt: skip
    stepped = Target.model_validate({**told, "form": form})
    persona = make_persona("a", "a/0/1", "en", "0123456789")

    async def act() -> None:
        guard = Guard(charter_for(80))
        around = Surroundings(stepped, guard, Clock(asyncio.get_running_loop()), http=HttpClient(guard))
        session = FormHttp(around, Caller(persona, "a/0/1", "any", "Any", False))
        try:
            await session.open(Open("s", "t"))
        finally:
            await session.close()

    with pytest.raises(CannotDoError, match="--browser"):
        asyncio.run(act())
