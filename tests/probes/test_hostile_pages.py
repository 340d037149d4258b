"""Pages that misbehave in the browser: each contact ends in time, and what was seen before is kept."""

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from probes.desk.desk import LOOPBACK, charter_for
from probes.errand import Errand, Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.comparison import compare_logs
from results.log import check_legs
from results.report import write_report
from results.runs import Run
from scenarios.target import Target

JOURNEY = """
journey: short
title: One question, and not for long
channel: {channel}
questions:
  default: {{subject: s, text: t, useful: "answer"}}
steps:
  - open: true
  - wait_for: closed
    within: {{law: deterministic, value_s: 2}}
"""
WALL_S_MOST = 35.0
REQUEST_S_MOST = 3.0
HOSTILE_TEXT = "</script><script>window.top.hacked=1</script><img src=x onerror=alert(1)> the answer"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def target(port: int, scheme: str = "http") -> Target:
    """Return how to reach a page with a chat, and help pages."""
    return Target.model_validate(
        {
            "target": "hostile",
            "title": "A page that misbehaves",
            "base_url": f"{scheme}://{LOOPBACK}:{port}",
            "request_s_most": REQUEST_S_MOST,
            "chat": {
                "page": "/chat",
                "start": "#start",
                "ready": "#start",
                "accepted": ".accepted",
                "input": "#say",
                "send": "#send",
                "messages": ".message",
                "speakers": [{"speaker": "human"}],
                "closed": ".closed",
            },
            "faq": {"page": "/faq", "answer": "#answer"},
        }
    )


async def _play(folder: Path, what: Errand, port: int, scheme: str) -> Run:
    access = Access(target(port, scheme), charter_for(port), in_browser=True)
    return await play_real(what, folder / "run", access)


def play_on(folder: Path, channel: str, routes: list[web.RouteDef], contacts: int = 1) -> Run:
    """Play contacts on a site, check that all ended in time, and write the report."""
    path = folder / "short.yaml"
    path.write_text(JOURNEY.format(channel=channel))
    what = journey_errand([str(path)], None, Players(repeats=contacts), 1)

    async def played() -> Run:
        app = web.Application()
        app.add_routes(routes)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        try:
            return await _play(folder, what, runner.addresses[0][1], "http")
        finally:
            await runner.cleanup()

    began_s = time.monotonic()
    run = asyncio.run(played())
    assert time.monotonic() - began_s < WALL_S_MOST
    return checked(run)


def checked(run: Run) -> Run:
    """Check a run's log and its report."""
    legs = run.table("legs")
    check_legs(legs)
    page = run.folder / "report.html"
    write_report(page, run, run, compare_logs(legs, legs, []), run)
    written = page.read_text()
    assert "hacked=1</script>" not in written
    assert "<img src=x" not in written
    return run


def end_of(run: Run) -> tuple[str, str]:
    """Return how the first contact ended, and why."""
    leg = run.table("legs").iloc[0]
    return str(leg["leg_end"]), str(leg["reason"])


def html(text: str) -> web.Response:
    """Return a page."""
    return web.Response(text=f"<!doctype html><body>{text}", content_type="text/html")


def chat(script: str) -> list[web.RouteDef]:
    """Return a chat page that answers once and then runs a script."""

    async def page(request: web.Request) -> web.Response:
        return html(
            "<button id=start>Start</button><div id=log></div><script>"
            "document.getElementById('start').onclick = () => { const m = document.createElement('p');"
            f"m.className = 'message'; m.textContent = {json.dumps(HOSTILE_TEXT).replace('</', '<' + chr(92) + '/')};"
            f"document.getElementById('log').append(m); setTimeout(() => {{ {script} }}, 100); }};</script>"
        )

    async def file(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000, headers={"Content-Disposition": "attachment; filename=virus.exe"})

    return [web.get("/chat", page), web.get("/file", file)]


CHATS = {
    "alerts": "for (let i = 0; i < 50; i++) alert(i);",
    "alerts_for_ever": "const again = () => { alert(1); setTimeout(again, 0); }; again();",
    "beforeunload": "window.onbeforeunload = (event) => { event.preventDefault(); return 'stay'; };",
    "popups": "setInterval(() => window.open('/chat'), 50);",
    "downloads": "setInterval(() => { location.href = '/file'; }, 100);",
    "burns": "for (;;) {}",
    "closes_itself": "window.close();",
    "prints": "window.print();",
    "grows": "setInterval(() => { for (let i = 0; i < 200; i++) { const p = document.createElement('p');"
    " p.className = 'message'; p.textContent = 'flood ' + Math.random(); document.getElementById('log').append(p);"
    " } }, 5);",
    "moves_away": "location.href = 'http://127.0.0.1:9/';",
}


@pytest.mark.clock
@pytest.mark.parametrize("script", CHATS.values(), ids=CHATS.keys())
def test_what_was_said_before_a_page_misbehaves_is_kept(script: str, tmp_path: Path) -> None:
    """Without it one page could hang a run, or take with it what had been measured."""
    run = play_on(tmp_path, "chat", chat(script))
    assert end_of(run)[0] in ("answered", "target_error"), end_of(run)
    messages = run.table("messages")
    assert messages.loc[messages["speaker"] == "agent", "text"].iloc[0] == HOSTILE_TEXT
    assert "first_useful_answer" in set(run.table("steps")["rung"])
    assert not list(run.folder.rglob("*.exe"))


def test_a_page_that_burns_leaves_the_browser_to_the_next_contact(tmp_path: Path) -> None:
    """Without it one page that burns CPU would make every later contact late, or fail."""
    burning, kind = chat("for (;;) {}"), chat("document.getElementById('log').className = 'closed'")
    visits: list[int] = []

    async def page(request: web.Request) -> web.StreamResponse:
        visits.append(1)
        return await (burning if len(visits) == 1 else kind)[0].handler(request)  # type: ignore[operator, arg-type, return-value]

    run = play_on(tmp_path, "chat", [web.get("/chat", page)], contacts=2)
    assert len(visits) == 2
    first, second = run.table("legs").sort_values("arrived_s")["leg_end"]
    assert first in ("answered", "target_error")
    assert second == "answered"


async def endless(request: web.Request) -> web.StreamResponse:
    """Never end."""
    answer = web.StreamResponse(headers={"Content-Type": "text/html"})
    await answer.prepare(request)
    await answer.write(b"<!doctype html><body>")
    while True:
        await answer.write(b"<p>and on</p>")
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


async def huge(request: web.Request) -> web.StreamResponse:
    """Send 100 MB and say so before."""
    answer = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "100000000"})
    await answer.prepare(request)
    for _ in range(1000):
        await answer.write(b"<p>" + b"x" * 99_997)
    return answer


async def huge_in_pieces(request: web.Request) -> web.StreamResponse:
    """Send 100 MB without a word on how much it will be."""
    answer = web.StreamResponse(headers={"Content-Type": "text/html"})
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    for _ in range(1000):
        await answer.write(b"<p>" + b"x" * 99_997)
    return answer


async def round_and_round(request: web.Request) -> web.StreamResponse:
    """Lead to itself."""
    raise web.HTTPFound(f"/faq?{time.monotonic_ns()}")


async def a_download(request: web.Request) -> web.StreamResponse:
    """Be a file."""
    return web.Response(body=b"x", headers={"Content-Disposition": "attachment; filename=virus.exe"})


async def burns_at_once(request: web.Request) -> web.StreamResponse:
    """Never let go."""
    return html("<script>for (;;) {}</script><p id=answer>the answer")


async def asks_at_once(request: web.Request) -> web.StreamResponse:
    """Ask before anything is shown."""
    return html("<script>while (confirm('Stay?') !== 1) {}</script><p id=answer>the answer")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (endless, "no answer in time"),
        (huge, "larger than"),
        (huge_in_pieces, "larger than|ERR_|no answer in time"),
        (round_and_round, "ERR_TOO_MANY_REDIRECTS"),
        (a_download, "ownload|ERR_ABORTED"),
        (burns_at_once, "no answer in time"),
        (asks_at_once, "no answer in time"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_page_that_never_comes_is_the_desks_doing(
    page: Callable[[web.Request], Awaitable[web.StreamResponse]], words: str, tmp_path: Path
) -> None:
    """Without it a page without an end would keep a contact waiting for ever, or fill the memory."""
    run = play_on(tmp_path, "faq", [web.get("/faq", page)])
    ended, reason = end_of(run)
    assert ended == "target_error"
    assert any(word in reason for word in words.split("|")), reason
    assert not list(run.folder.rglob("*.exe"))


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the line and say nothing."""
    await asyncio.Event().wait()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the line off."""
    await reader.readline()
    writer.transport.abort()


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise more than is sent."""
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<p id=answer>the an")
    writer.close()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak no HTTP."""
    await reader.readline()
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)
    writer.close()


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send headers for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: and more and more\r\n" * 100)
        await writer.drain()


@pytest.mark.parametrize("serve", [hang, reset, half, babble, endless_head], ids=lambda serve: serve.__name__)
def test_a_line_that_breaks_is_the_desks_doing(serve: Serve, tmp_path: Path) -> None:
    """Without it a desk that hangs would be waited for, or be taken for a fault of our own."""
    ended, reason = end_of(play_on_socket(tmp_path, serve, "http", None))
    assert ended == "target_error", reason
    assert reason


def test_a_wrong_certificate_is_the_desks_doing(tmp_path: Path) -> None:
    """Without it a browser that customers would be warned by might be told to look away."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(LOOPBACK).configure_cert(own)
    ended, reason = end_of(play_on_socket(tmp_path, half, "https", own))
    assert ended == "target_error"
    assert "ERR_CERT" in reason


def play_on_socket(folder: Path, serve: Serve, scheme: str, secured: ssl.SSLContext | None) -> Run:
    """Play a contact on what speaks for itself."""
    path = folder / "short.yaml"
    path.write_text(JOURNEY.format(channel="faq"))
    what = journey_errand([str(path)], None, Players(), 1)
    lines: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        lines.add(line)
        try:
            await serve(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    async def played() -> Run:
        server = await asyncio.start_server(take, LOOPBACK, 0, ssl=secured)
        try:
            return await _play(folder, what, server.sockets[0].getsockname()[1], scheme)
        finally:
            server.close()
            for line in lines:
                line.cancel()

    began_s = time.monotonic()
    run = asyncio.run(played())
    assert time.monotonic() - began_s < WALL_S_MOST
    return checked(run)
