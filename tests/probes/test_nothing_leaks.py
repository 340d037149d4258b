"""A desk that repeats all that it should keep to itself, and runs that must not hold any of it."""

import asyncio
import base64
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from probes.cleaning import WHAT_RULES_MISS, Known, cleaned, survives
from probes.desk.desk import LOOPBACK, charter_for
from probes.errand import Players, journey_errand
from probes.personas import Persona, make_persona
from probes.playing import play_real
from probes.setting import Access
from results.log import TABLES
from results.runs import Run
from scenarios.charter import Charter
from scenarios.target import Target

PASSWORD = "correct horse/battery&stäple"
SESSION = "s3ss10n-of-one-who-is-logged-in"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLW5vYm9keQ"
TICKET_KEY = "0f1e2d3c4b5a69788796a5b4"
CARD = "4111 1111 1111 1111"
CARD_PLAIN = CARD.replace(" ", "")
IBAN = "DE89 3704 0044 0532 0130 00"
PHONE = "+44 20 7946 0018"
SOMEBODY = "maria.rossi@provider.example"

ECHO = (
    f"Your password is {PASSWORD}, your session {SESSION}, your token Bearer {TOKEN}. We have card {CARD}, also as "
    f"{CARD_PLAIN}, account {IBAN}, telephone {PHONE} and {SOMEBODY}."
)
IN_BASE64 = base64.b64encode(f"robin:{PASSWORD}".encode()).decode()
HEADERS = {"X-Echo": f"{TOKEN} {CARD_PLAIN} {IN_BASE64}", "X-Session": SESSION}

JOURNEY = """
journey: short
title: One question, and not for long
channel: {channel}
questions:
  default: {{subject: "Order {{order}}", text: "It is {{persona.first_name}}, order {{order}}", useful: "answer"}}
steps:
  - open: true
  - wait_for: closed
    within: {{law: deterministic, value_s: 8}}
"""

SCRIPT = f"""<script>
const told = {json.dumps(ECHO)};
localStorage.setItem("auth_token", {json.dumps(TOKEN)});
fetch("/told.json?key={TICKET_KEY}", {{headers: {{Authorization: "Basic {IN_BASE64}"}}}}).then((a) => a.json()).then(
  (said) => {{ const p = document.createElement("p"); p.className = "message agent"; p.textContent = said.text;
    document.getElementById("log").append(p); }});
</script>"""


def page(body: str, status: int = 200) -> web.Response:
    answer = web.Response(text=f"<!doctype html><title>Desk</title><body>{body}", content_type="text/html")
    answer.set_status(status)
    answer.headers.update(HEADERS)
    answer.set_cookie("remember", SESSION)
    answer.set_cookie("card", CARD_PLAIN)
    return answer


class Gossip:
    """A desk with a login, a form, a chat and help pages; it says everything to everybody."""

    def __init__(self) -> None:
        self.logins: list[str] = []
        self.looks = 0

    async def show_login(self, request: web.Request) -> web.Response:
        """Ask for a password."""
        return page(
            '<form method=post><input id=user name=user><input id=password name=password type=password value="">'
            "<button id=in>Log in</button></form>"
        )

    async def take_login(self, request: web.Request) -> web.Response:
        """Let anyone in."""
        sent = await request.post()
        self.logins.append(str(sent["password"]))
        return page(f"<p id=inside>Welcome {sent['user']}</p>")

    async def form(self, request: web.Request) -> web.Response:
        """Show the form, and more than that."""
        return page(
            f"<p>{ECHO}</p><form id=f method=post><input id=name name=name><input id=email name=email>"
            f'<input type=hidden name=csrf_token value="{TICKET_KEY}"><input type=password value="{PASSWORD}">'
            "<textarea id=text name=text></textarea><button id=send>Send</button></form>"
        )

    async def take_form(self, request: web.Request) -> web.Response:
        """Take a form."""
        sent = await request.post()
        self.who = f"{sent['name']} {sent['email']} {sent['text']}"
        raise web.HTTPSeeOther(f"/ticket/7?key={TICKET_KEY}&email={sent['email']}", headers=HEADERS)

    async def ticket(self, request: web.Request) -> web.Response:
        """Show the ticket twice, then break."""
        self.looks += 1
        if self.looks > 2:
            return page(f"<h1>Broken</h1><p>{ECHO} {self.who}</p>{SCRIPT}", status=500)
        return page(f"<p id=status>Open</p><div id=log><p class='message agent'>{ECHO} {self.who}</p></div>{SCRIPT}")

    async def chat(self, request: web.Request) -> web.Response:
        """Chat for a moment, then lose the line."""
        return page(
            f"<button id=start>Start</button><div id=log></div>{SCRIPT}<script>"
            "document.getElementById('start').onclick = () => { const log = document.getElementById('log');"
            "log.insertAdjacentHTML('beforeend', '<p class=\"message agent\">' + told + '</p>');"
            f"document.cookie = 'late={SESSION}';"
            "setTimeout(() => log.insertAdjacentHTML('beforeend', '<p class=lost>lost: ' + told + '</p>'), 700); };"
            "</script>"
        )

    async def faq(self, request: web.Request) -> web.Response:
        """Be broken, and talk."""
        return page(f"<p>{ECHO}</p><div id=log></div>{SCRIPT}", status=500)

    async def told(self, request: web.Request) -> web.Response:
        """Say it once more."""
        return web.json_response({"text": ECHO, "token": TOKEN, "card": int(CARD_PLAIN), "b64": IN_BASE64})

    def routes(self) -> list[web.RouteDef]:
        """Return where all that is."""
        return [
            web.get("/login", self.show_login),
            web.post("/login", self.take_login),
            web.get("/form", self.form),
            web.post("/form", self.take_form),
            web.get("/ticket/7", self.ticket),
            web.get("/chat", self.chat),
            web.get("/faq", self.faq),
            web.get("/told.json", self.told),
        ]


def gossip_target(port: int) -> Target:
    """Return how to reach it."""
    speakers = [{"speaker": "human"}]
    return Target.model_validate(
        {
            "target": "gossip",
            "title": "A desk that repeats everything",
            "base_url": f"http://{LOOPBACK}:{port}",
            "request_s_most": 10,
            "login": {
                "page": "/login",
                "fields": [
                    {"selector": "#user", "value": "robin"},
                    {"selector": "#password", "secret": {"env": "GOSSIP_PASSWORD"}},
                ],
                "submit": "#in",
                "ready": "#inside",
            },
            "form": {
                "page": "/form",
                "form": "#f",
                "fields": [
                    {"selector": "#name", "fill": "{persona.first_name} {persona.last_name}"},
                    {"selector": "#email", "fill": "{persona.email}"},
                    {"selector": "#text", "fill": "{text}"},
                ],
                "submit": "#send",
                "ready": "#send",
                "accepted_url": r"/ticket/(?P<reference>\d+)\?key=",
                "messages": ".message",
                "speakers": speakers,
                "status": "#status",
                "closed": "Settled",
                "poll_s": 0.5,
            },
            "chat": {
                "page": "/chat",
                "start": "#start",
                "ready": "#start",
                "accepted": ".message",
                "input": "#none",
                "send": "#none",
                "messages": ".message",
                "speakers": speakers,
                "lost": ".lost",
                "closed": ".closed",
            },
            "faq": {"page": "/faq", "answer": "#answer"},
        }
    )


@dataclass(frozen=True)
class Leaked:
    """A run and who it was that played it."""

    run: Run
    persona: Persona
    charter: Charter
    desk: Gossip


def play(folder: Path, channel: str, in_browser: bool) -> Leaked:
    """Play one contact with everything recorded."""
    path = folder / "short.yaml"
    path.write_text(JOURNEY.format(channel=channel))
    desk, what = Gossip(), journey_errand([str(path)], None, Players(), 1)

    async def played() -> tuple[Run, Charter]:
        app = web.Application()
        app.add_routes(desk.routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        port = runner.addresses[0][1]
        charter = charter_for(port)
        try:
            access = Access(gossip_target(port), charter, in_browser, trace=True)
            return await play_real(what, folder / "run", access), charter
        finally:
            await runner.cleanup()

    run, charter = asyncio.run(played())
    contact = what.plan.iloc[0]
    persona = make_persona(contact["customer_id"], contact["contact_id"], "en", charter.marker_key)
    return Leaked(run, persona, charter, desk)


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all that lies in a run's folder: files, what is in archives, and tables as text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield f"{path.name}/{name}", archive.read(name)
    run = Run.open(folder)
    for name in TABLES:
        yield f"{name} as text", run.table(name).to_csv().encode()


def planted(leaked: Leaked) -> Known:
    """Return all that must not be found."""
    known = Known()
    known.learn_secrets(PASSWORD, SESSION, TOKEN, TICKET_KEY, CARD, CARD_PLAIN, IBAN, PHONE, SOMEBODY)
    known.learn_secrets(leaked.persona.email, leaked.persona.order, leaked.charter.marker_key)
    return known


WAYS = [("form", False), ("form", True), ("chat", True), ("faq", False), ("faq", True)]


@pytest.mark.parametrize(("channel", "in_browser"), WAYS)
def test_what_was_planted_is_found_nowhere(
    channel: str, in_browser: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it whoever is sent a run's folder would be sent passwords, tokens and other people's cards with it."""
    monkeypatch.setenv("GOSSIP_PASSWORD", PASSWORD)
    leaked = play(tmp_path, channel, in_browser)
    folder = leaked.run.folder
    leg = leaked.run.table("legs").iloc[0]
    assert leg["leg_end"] == "target_error", leg["reason"]
    found = [name for name, data in everything(folder) if survives(data, planted(leaked))]
    assert found == []
    assert leaked.desk.logins == ([PASSWORD] if in_browser else []), "logged in once, and with the password"
    if in_browser:
        kept = {path.name.split(".", 3)[-1] for path in (folder / "evidence").iterdir()}
        assert {name.split(".")[-1] for name in kept} >= {"png", "yaml", "har", "zip"}, kept
    if channel != "faq":
        said = leaked.run.table("messages").set_index("speaker")["text"]
        assert "card <card number>" in said["agent"] if isinstance(said["agent"], str) else said["agent"].iloc[0]
        assert said["customer"] == "It is <first name>, order <order>"


def test_a_recording_that_still_holds_a_secret_is_dropped(tmp_path: Path) -> None:
    """Without it a secret in a form that cleaning does not know to rewrite would be kept all the same."""
    from probes.recording import rewrite_trace

    known = Known()
    known.learn_secrets("hunter22")
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as raw:
        raw.writestr("resources/picture.png", b"\x89PNG hunter22")
    assert not rewrite_trace(tmp_path / "raw.zip", tmp_path / "clean.zip", known)
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as raw:
        raw.writestr("trace.trace", json.dumps({"params": {"value": "hunter22"}}))
        raw.writestr("trace.stacks", "{}")
    assert rewrite_trace(tmp_path / "raw.zip", tmp_path / "clean.zip", known)
    with zipfile.ZipFile(tmp_path / "clean.zip") as clean:
        assert clean.namelist() == ["trace.trace"]
        assert json.loads(clean.read("trace.trace")) == {"params": {"value": "<secret>"}}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Dear Al, Also known as Al", "Dear <first name>, Also known as <first name>"),
        ("order=104233&x=1042339", "order=<order>&x=1042339"),
        ("mail%20to%20sam.1%40example.org", "mail%20to%20<e-mail>"),
        ("card 4111-1111-1111-1112 is none", "card 4111-1111-1111-1112 is none"),
        ("IBAN DE89 3704 0044 0532 0130 00 THANKS", "IBAN <IBAN> THANKS"),
        ("ring 020 7946 0018 or (202) 555-0143", "ring <phone> or <phone>"),
        ("on 2026-11-26 10:30:22 we sent parcel 2025550143", "on 2026-11-26 10:30:22 we sent parcel 2025550143"),
        ("GET /x?key=0f1e2d3c&page=2", "GET /x?key=<token>&page=2"),
        ('{"access_token": "0f1e2d3c", "n": 1}', '{"access_token": "<token>", "n": 1}'),
        ("it will arrive within 3 working days", "it will arrive within 3 working days"),
    ],
)
def test_a_transcript_stays_readable(text: str, wanted: str) -> None:
    """Without it cleaning would leave a number standing, or eat the words around it."""
    known = Known()
    values = {"<first name>": "Al", "<order>": "104233", "<e-mail>": "sam.1@example.org"}
    known.learn_person(values)
    assert cleaned(text, known) == wanted


def test_what_the_rules_miss_is_said() -> None:
    """Without it a reader would take a cleaned run for one that holds nobody's data."""
    assert "other people's names" in WHAT_RULES_MISS
