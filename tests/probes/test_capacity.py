"""A rehearsal desk whose website serves so many requests at once, over loopback and on the real clock."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from probes.channels.table import PROTOCOL
from probes.desk.desk import DeskOptions, OpenDesk, open_desk
from results.provenance import saturation_lines
from results.report import write_shop_report
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import TEN_O_CLOCK_S, Played, small_desk, write_scenario

HELLO = {"type": "hello", "name": "Ana", "email": "ana@example.org", "intent": "order_status", "text": "Where is it?"}
ANSWER_S_MOST = 10.0
CHATS = 12


@asynccontextmanager
async def opened(folder: Path, capacity: int, service_s: float = 600.0) -> AsyncIterator[tuple[OpenDesk, Any]]:
    """Open a desk at ten o'clock, and what asks it for pages."""
    loaded = write_scenario(folder, agents=20, service_s=service_s)
    async with open_desk(loaded, DeskOptions(capacity=capacity)) as desk, asyncio.timeout(60):
        desk.hall.begin_day(time.time() - TEN_O_CLOCK_S)
        async with aiohttp.ClientSession(desk.target.base_url) as http:
            yield desk, http


async def begin_chat(http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """Open a chat; it is accepted when this returns."""
    socket = await http.ws_connect("/chat/socket")
    await socket.send_json(HELLO)
    assert (await socket.receive_json(timeout=ANSWER_S_MOST))["type"] == "accepted"
    return socket


async def reach_the_line(http: aiohttp.ClientSession) -> None:
    """Return when all that was sent before has come to the desk: the rehearsal's own address never waits."""
    for _ in range(3):
        async with http.post("/rehearsal/day", json={}, headers={"Connection": "close"}) as answer:
            assert (await answer.json())["begun"] is False


def test_the_rest_wait_in_order_until_one_is_done(tmp_path: Path) -> None:
    """Without it a desk said to serve two at once would serve all, or the last to come first."""

    async def play() -> list[str]:
        served: list[str] = []

        async def look(http: aiohttp.ClientSession, path: str) -> None:
            async with http.get(path) as page:
                assert page.status == 200
                served.append(path)

        async with opened(tmp_path, 2) as (_, http):
            first, second = await begin_chat(http), await begin_chat(http)
            looks = []
            for path in ("/faq", "/faq/returns", "/"):
                looks.append(asyncio.create_task(look(http, path)))
                await reach_the_line(http)
            assert served == []
            await first.close()
            await asyncio.gather(*looks)
            await second.close()
        return served

    assert asyncio.run(play()) == ["/faq", "/faq/returns", "/"]


def test_who_hangs_up_leaves_the_line(tmp_path: Path) -> None:
    """Without it places would go to customers who are gone, and those behind them wait for nobody."""

    read: list[str] = []

    async def play() -> None:
        async with opened(tmp_path, 1) as (desk, http):
            desk.hall.truth.note = lambda what, reader, *_, **__: read.append(reader)  # type: ignore[method-assign]
            holder = await begin_chat(http)
            read.clear()
            gone, behind = (
                asyncio.create_task(http.get("/faq/returns", headers={"From": reader})) for reader in ("gone", "behind")
            )
            await reach_the_line(http)
            gone.cancel()
            await asyncio.wait([gone])
            await reach_the_line(http)
            await holder.close()
            (await behind).release()

    asyncio.run(play())
    assert "behind" in read
    assert "gone" not in read


def test_a_request_that_has_begun_is_finished_though_its_client_has_gone(tmp_path: Path) -> None:
    """Without it a limit would also change what becomes of customers who leave: their chat would break off unnoted."""
    noted: list[str] = []

    async def play() -> None:
        async with opened(tmp_path, 1) as (desk, http):
            desk.hall.truth.note = lambda what, *_, **__: noted.append(what)  # type: ignore[method-assign]
            chat = await begin_chat(http)
            while (await chat.receive_json(timeout=ANSWER_S_MOST))["type"] != "joined":
                pass
            assert chat._response.connection is not None
            transport = chat._response.connection.transport
            assert transport is not None
            transport.abort()  # without a word, as a telephone in a tunnel
            async with http.get("/") as page:
                assert page.status == 200

    asyncio.run(play())
    assert (noted[0], noted[-1]) == ("arrived", "left")


def test_a_desk_that_serves_nobody_is_refused() -> None:
    """Without it `--capacity 0` would open a desk on which everybody waits for ever."""
    with pytest.raises(ValueError, match="capacity is 0; a desk serves at least 1 request at once"):
        DeskOptions(capacity=0)


def chats_on(folder: Path, loop: LoopThread, capacity: int | None) -> Played:
    """Send a dozen customers at once to a desk that has people enough for all of them."""
    with small_desk(folder, capacity=capacity, agents=2 * CHATS, service_s=5.0) as desk:
        return desk.play(loop, "chat", PROTOCOL, None, count=CHATS)


def test_a_desk_with_three_places_is_reported_as_saturated_at_three(tmp_path: Path, probe_loop: LoopThread) -> None:
    """Without it a load test would show long waits, and not that the machine takes three customers at once."""
    played = chats_on(tmp_path, probe_loop, 3)
    assert set(played.legs["contact_outcome"]) == {"resolved"}
    website, chat = played.shopped.run.facts["saturation"]
    assert {**chat, "channel": None} == website
    assert (website["verdict"], website["saturated_at"]) == ("saturated", 3)
    assert website["at_once_most"] == CHATS
    assert website["waited_most"] == CHATS - 3
    assert website["lasted_s"] == pytest.approx(3 * 5.0, rel=0.2)  # three of the four rounds in which others wait
    assert website["served_per_minute"] == pytest.approx(60 * 3 / 5.0, rel=0.2)
    [line] = saturation_lines(played.shopped.run.facts)
    assert line.startswith("Website: saturated at 3 at once, for 1")
    write_shop_report(tmp_path / "report.html", played.shopped.run)
    assert line in (tmp_path / "report.html").read_text()


def test_a_desk_with_places_for_all_is_not(tmp_path: Path, probe_loop: LoopThread) -> None:
    """Without it a crowd's size would be taken for the desk's limit."""
    played = chats_on(tmp_path, probe_loop, None)
    assert {found["verdict"] for found in played.shopped.run.facts["saturation"]} == {"not saturated"}
    [line] = saturation_lines(played.shopped.run.facts)
    assert line == f"Website: not saturated; at most {CHATS} at once were seen."
    assert saturation_lines(played.shopped.run.facts, only_saturated=True) == []
