import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from probes.channels.pages import DEPTH_MOST, PageTooDeepError, parse
from probes.desk.desk import LOOPBACK, charter_for, target_for
from probes.errand import Errand, Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.log import check_legs
from results.runs import Run

SHORT = """
journey: short
title: One question, and not for long
channel: {channel}
questions:
  default: {{subject: s, text: t, useful: "answer"}}
steps:
  - open: true
  - wait_for: {awaited}
    within: {{law: deterministic, value_s: 1.5}}
"""
WALL_S_MOST = 20.0


def errand(folder: Path, channel: str, awaited: str = "human") -> Errand:
    path = folder / "short.yaml"
    path.write_text(SHORT.format(channel=channel, awaited=awaited))
    return journey_errand([str(path)], None, Players(), 1)


def play_on(folder: Path, routes: list[web.RouteDef], what: Errand) -> Run:
    """Play one contact on a desk that somebody else wrote, and badly."""

    async def play() -> Run:
        app = web.Application()
        app.add_routes(routes)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        port = runner.addresses[0][1]
        target = target_for(port).model_copy(update={"rehearsal": False, "request_s_most": 5.0})
        try:
            return await play_real(what, folder / "run", Access(target, charter_for(port)))
        finally:
            await runner.cleanup()

    began_s = time.monotonic()
    run = asyncio.run(play())
    assert time.monotonic() - began_s < WALL_S_MOST
    check_legs(run.table("legs"))
    return run


def chat(act: Callable[[web.WebSocketResponse], object]) -> list[web.RouteDef]:
    async def socket(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.receive()
        await act(line)  # type: ignore[misc]  # every act here is a coroutine function
        await line.receive()
        return line

    return [web.get("/chat/socket", socket)]


async def flood(line: web.WebSocketResponse) -> None:
    while not line.closed:
        await line.send_str('{"type": "typing"}')
        await asyncio.sleep(0)  # the desk shares this test's loop


async def nest(line: web.WebSocketResponse) -> None:
    await line.send_str("[" * 60_000)


async def half_a_letter(line: web.WebSocketResponse) -> None:
    await line.send_str('{"type": "joined", "team": "\\ud800", "agent": ["x"]}')
    await line.send_str('{"type": "message", "text": "an answer \\ud800"}')
    await line.send_str('{"type": "closed", "how": "resolved"}')


@pytest.mark.parametrize(
    ("act", "ends"),
    [(flood, {"target_error", "abandoned"}), (nest, {"target_error"}), (half_a_letter, {"answered", "abandoned"})],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_chat_that_misbehaves_ends_in_time_and_is_the_desks_doing(
    act: Callable[[web.WebSocketResponse], object], ends: set[str], tmp_path: Path
) -> None:
    """Without it one bad frame could hang a run, or be booked as our own fault."""
    run = play_on(tmp_path, chat(act), errand(tmp_path, "chat"))
    assert run.table("legs")["leg_end"].iloc[0] in ends


def test_a_page_that_comes_in_pieces_is_read_whole(tmp_path: Path) -> None:
    """Without it a slow page would be taken for one without the answer."""

    async def page(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/html"})
        await answer.prepare(request)
        await answer.write(b"<html><body>")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)  # so that the first piece goes alone
        await answer.write(b'<p id="answer">the answer</p></body></html>')
        return answer

    run = play_on(tmp_path, [web.get("/faq/{intent}", page)], errand(tmp_path, "faq"))
    assert run.table("legs")["leg_end"].tolist() == ["contained"]


def test_a_page_that_nests_for_ever_is_refused_at_once() -> None:
    """Without it a small page could hold the parser, and with it every other contact, for minutes."""
    began_s = time.monotonic()
    with pytest.raises(PageTooDeepError):
        parse("<div>" * 200_000)
    assert time.monotonic() - began_s < 2.0
    page = parse("<p>" * 5_000 + "<div>" * (DEPTH_MOST - 1) + '<b id="x">here</b>')  # a <p> ends the one before it
    assert page.css_first("#x") is not None


def test_a_journey_given_by_file_is_the_one_played(tmp_path: Path) -> None:
    """Without it a QA lead's own script would be passed over for a shipped one of the same name."""
    text = (Path(__file__).parents[2] / "scenarios" / "journeys" / "ask_on_chat.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("It is order {order}.", "My own words."))
    what = journey_errand([str(tmp_path / "mine.yaml")], "returns", Players(repeats=2), 1)
    assert [step.say for step in what.journeys["ask_on_chat"].steps if step.say] == ["My own words."]
    assert set(what.plan["intent"]) == {"returns"}


def test_a_redirect_to_an_unlisted_port_is_the_desks_doing(tmp_path: Path) -> None:
    """Without it a contact that was begun would be told as one that was never made."""

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/")

    run = play_on(tmp_path, [web.get("/faq/{intent}", away)], errand(tmp_path, "faq"))
    leg = run.table("legs").iloc[0]
    assert (leg["leg_end"], leg["reason"][:8]) == ("target_error", "refused:")
    assert json.loads((run.folder / "run.json").read_text())["played"] == 1
