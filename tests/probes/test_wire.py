"""Desks that speak JSON over four transports, described by target files alone."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiohttp import web

from probes import playing
from probes.channels.contract import Caller, Surroundings
from probes.channels.wire import WireSession
from probes.clock import Clock
from probes.crowd.crowd import Tick
from probes.errand import Players, journey_errand
from probes.guard import Guard
from probes.http_client import HttpClient
from probes.journeys import Open
from probes.personas import make_persona
from probes.playing import play_real
from probes.setting import Access
from scenarios.charter import AllowedHost
from scenarios.target import Target
from tests.probes.loop_thread import after
from tests.probes.test_guard import charter

PUSHED_MOST_S = 0.1
POLL_S = 0.3

JOURNEY = """
journey: talk
title: Ask, and say the order number
channel: {channel}
questions: {{default: {{subject: "Order {{order}}", text: "Where is {{order}}?", useful: "three days"}}}}
replies: [{{to: "[Ww]hich order", say: "{{order}}", kind: retelling}}]
steps:
  - open: true
  - {{wait_for: human, within: {{law: deterministic, value_s: {within_s}}}}}
  - {{wait_for: closed, within: {{law: deterministic, value_s: 5}}}}
"""

EVENTS: list[dict[str, Any]] = [
    {"when": "by == 'customer'", "is": "customer"},
    {"when": "type == 'queue'", "is": "position", "text": "place"},
    {"when": "type == 'joined'", "is": "taken", "team": "team", "agent": "by"},
    {"when": "type == 'transfer'", "is": "transfer", "team": "team", "history_carried": "carried"},
    {"when": "type == 'closed'", "is": "closed", "resolved": True},
    {"when": "by == 'bot'", "is": "bot", "text": "text"},
    {"when": "by == 'robot'", "is": "automatic", "text": "text"},
    {"is": "human", "text": "text", "agent": "by"},
]

START: dict[str, Any] = {
    "method": "POST", "path": "/talks", "json": {"about": "{subject}", "text": "{text}", "mark": "{mark}"},
    "headers": {"Authorization": "Bearer {secret.token}"}, "keep": {"talk": "id"},
}  # fmt: skip
SAY = {"method": "POST", "path": "/talks/{talk}/says", "json": {"talk": "{talk}", "text": "{text}"}}
LEAVE = {"method": "DELETE", "path": "/talks/{talk}"}
COMMON: dict[str, Any] = {
    "open": [START], "events": EVENTS, "say": SAY, "leave": LEAVE, "reference": "talk-{talk}",
    "refused": [{"status": 403, "is": "shut"}, {"status": 429, "is": "busy"}],
}  # fmt: skip
WIRES: dict[str, dict[str, Any]] = {
    "poll": {
        **COMMON, "transport": "poll", "poll_s": POLL_S,
        "look": [{"path": "/talks/{talk}", "items": "events", "id": "n",
                  "states": [{"when": "state == 'settled'", "is": "closed", "resolved": True}]}],
    },
    "long_poll": {
        **COMMON, "transport": "long_poll", "open": [{**START, "keep": {"talk": "id", "since": "since"}}],
        "look": [{"path": "/talks/{talk}/news", "query": {"since": "{since}"}, "items": "events",
                  "keep": {"since": "since"}}],
    },
    "sse": {**COMMON, "transport": "sse", "stream": {"path": "/talks/{talk}/events"}, "id": "n"},
    "websocket": {
        **COMMON, "transport": "websocket", "open": [], "reference": "",
        "stream": {"path": "/line", "headers": {"Authorization": "Bearer {secret.token}"}},
        "hello": [{"type": "hello", "about": "{subject}", "text": "{text}", "mark": "{mark}"}],
        "say": {"method": "SEND", "json": {"type": "say", "text": "{text}"}},
        "leave": {"method": "SEND", "json": {"type": "leave"}},
        "items": "events",
    },
}  # fmt: skip
TRANSPORTS = sorted(WIRES)

Script = Callable[["Talk"], Any]


class Talk:
    """One conversation at the desk: what has been said, and what the desk does by its script."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.heard, self.gone, self.state = number, [text], False, "open"
        self.events: list[dict[str, Any]] = [{"n": 0, "by": "customer", "text": text}]
        self.news = asyncio.Event()
        self.told_s: list[tuple[str, float]] = []

    def tell(self, **event: Any) -> None:
        """Put an event before the customer, now."""
        self.events.append({"n": len(self.events), **event})
        self.told_s.append((str(event.get("type") or event.get("by")), asyncio.get_running_loop().time()))
        self.news.set()

    def hear(self, text: str) -> None:
        """Take what the customer says."""
        self.heard.append(text)
        self.events.append({"n": len(self.events), "by": "customer", "text": text})


class Desk:
    """A desk of JSON over every transport, that plays one script with each customer."""

    def __init__(self, script: Script, status: int = 201) -> None:
        self.script, self.status = script, status
        self.talks: list[Talk] = []
        self.tokens: set[str] = set()
        self.playing: set[asyncio.Task[None]] = set()
        self.holds = asyncio.Event()
        """Set when somebody is kept waiting."""

    def app(self) -> web.Application:
        """Return its site."""
        site = web.Application()
        site.add_routes([
            web.post("/talks", self.start), web.get("/talks/{n}", self.whole), web.get("/talks/{n}/news", self.hold),
            web.get("/talks/{n}/events", self.push), web.post("/talks/{n}/says", self.says),
            web.delete("/talks/{n}", self.leaves), web.get("/line", self.line),
        ])  # fmt: skip
        return site

    def begin(self, text: str) -> Talk:
        """Begin a conversation."""
        talk = Talk(len(self.talks), text)
        self.talks.append(talk)
        task = asyncio.get_running_loop().create_task(self.script(talk))
        self.playing.add(task)
        task.add_done_callback(self.playing.discard)
        return talk

    async def start(self, request: web.Request) -> web.Response:
        """Take a customer."""
        self.tokens.add(request.headers.get("Authorization", ""))
        if self.status != 201:
            return web.json_response({"why": "lines", "text": "come again"}, status=self.status)
        body = await request.json()
        return web.json_response({"id": self.begin(body["text"]).number, "since": 0}, status=201)

    async def whole(self, request: web.Request) -> web.Response:
        """Tell everything."""
        talk = self.talks[int(request.match_info["n"])]
        return web.json_response({"events": talk.events, "state": talk.state})

    async def hold(self, request: web.Request) -> web.Response:
        """Answer when there is something new."""
        talk, since = self.talks[int(request.match_info["n"])], int(request.query["since"])
        while len(talk.events) <= since:
            self.holds.set()
            talk.news.clear()
            await talk.news.wait()
        return web.json_response({"events": talk.events[since:], "since": len(talk.events)})

    async def push(self, request: web.Request) -> web.StreamResponse:
        """Push events."""
        talk = self.talks[int(request.match_info["n"])]
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        told = 0
        while not talk.gone:
            talk.news.clear()
            fresh, told = talk.events[told:], len(talk.events)
            for event in fresh:
                await answer.write(f": a comment\nevent: news\ndata: {json.dumps(event)}\n\n".encode())
            await talk.news.wait()
        return answer

    async def says(self, request: web.Request) -> web.Response:
        """Hear the customer; the number of the conversation must come as one."""
        body = await request.json()
        assert isinstance(body["talk"], int)
        self.talks[body["talk"]].hear(body["text"])
        return web.json_response({})

    async def leaves(self, request: web.Request) -> web.Response:
        """See the customer go."""
        self.talks[int(request.match_info["n"])].gone = True
        return web.json_response({})

    async def line(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a WebSocket."""
        self.tokens.add(request.headers.get("Authorization", ""))
        if self.status != 201:
            return web.json_response({}, status=self.status)  # type: ignore[return-value]  # no line is opened
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = self.begin((await socket.receive_json())["text"])

        async def send() -> None:
            told = 0
            while True:
                talk.news.clear()
                fresh, told = talk.events[told:], len(talk.events)
                if fresh:
                    await socket.send_json({"events": fresh})
                await talk.news.wait()

        sending = asyncio.create_task(send())
        async for frame in socket:
            said = json.loads(frame.data)
            if said["type"] == "leave":
                talk.gone = True
            else:
                talk.hear(said["text"])
        sending.cancel()
        return socket


class Played:
    """What came of one contact."""

    def __init__(self, desk: Desk, folder: Path, run: Any, origin_s: float) -> None:
        self.desk, self.folder, self.origin_s = desk, folder, origin_s
        self.legs: pd.DataFrame = run.table("legs")
        self.steps: pd.DataFrame = run.table("steps")
        self.messages: pd.DataFrame = run.table("messages")

    def rungs(self) -> list[str]:
        """Return the rungs that were reached."""
        return list(self.steps.loc[self.steps["rung"].notna() & (self.steps["state"] == "seen"), "rung"])


def play(
    folder: Path, monkeypatch: pytest.MonkeyPatch, transport: str, script: Script, *, status: int = 201,
    channel: str = "chat", within_s: float = 5.0,
) -> Played:  # fmt: skip
    """Play one contact on a desk that speaks a transport."""
    monkeypatch.setenv("DESK_TOKEN", "s3cret-token")
    monkeypatch.setattr(playing, "LEAD_S", 0.1)
    path = folder / "talk.yaml"
    path.write_text(JOURNEY.format(channel=channel, within_s=within_s))
    desk = Desk(script, status)

    async def all_of_it() -> Played:
        runner = web.AppRunner(desk.app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        target = Target.model_validate({
            "target": "json_desk", "title": "?", "base_url": f"http://127.0.0.1:{port}", "request_s_most": 3,
            "wires": {channel: WIRES[transport]}, "secrets": {"token": {"env": "DESK_TOKEN"}},
        })  # fmt: skip
        what = journey_errand([str(path)], None, Players(), 1)
        ticks: list[Tick] = []
        licence = charter(AllowedHost(host="127.0.0.1", ports=[port]))
        try:
            run = await play_real(what, folder / "run", Access(target, licence), ticks.append)
        finally:
            for task in desk.playing:
                task.cancel()
            await runner.cleanup()
        epoch_s = float(run.facts["epoch_s"])
        return Played(desk, folder, run, asyncio.get_running_loop().time() - (time.time() - epoch_s))

    return asyncio.run(all_of_it())


async def answers(talk: Talk) -> None:
    """Answer as one would hope."""
    talk.tell(by="robot", text="We have your message.")
    talk.tell(type="queue", place=2)
    await after(0.4)
    talk.tell(type="joined", team="first", by="Robin")
    await after(0.1)
    talk.tell(by="Robin", text="Which order is it?")
    while len(talk.heard) < 2:
        await after(0.01)
    talk.tell(by="Robin", text="It comes in three days.")
    await after(0.2)
    talk.state = "settled"
    talk.tell(type="closed")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_answered(transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a chat could only be played without a browser if it were our own."""
    played = play(tmp_path, monkeypatch, transport, answers)
    leg, talk = played.legs.iloc[0], played.desk.talks[0]
    assert (leg["leg_end"], leg["contact_outcome"], leg["team"]) == ("answered", "resolved", "first"), leg["reason"]
    rungs = ["accepted", "automatic_reply", "queue_position", "first_human", "first_useful_answer", "resolved"]
    assert played.rungs() == rungs
    assert len(talk.heard) == 2
    assert talk.heard[0].startswith("Where is ")
    assert talk.heard[1] in talk.heard[0], "the order number, asked for and said again"
    assert list(played.steps.loc[played.steps["state"] == "retell", "state"]) == ["retell"]
    assert played.desk.tokens == {"Bearer s3cret-token"}
    assert not any(b"s3cret-token" in file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file())
    true_s = dict(reversed(talk.told_s))["Robin"] - played.origin_s
    human = played.steps[(played.steps["rung"] == "first_human") & (played.steps["state"] == "seen")].iloc[0]
    if transport == "poll":
        assert human["seen_after_s"] - 0.02 <= true_s <= human["seen_by_s"]
        assert human["seen_by_s"] - human["seen_after_s"] < 3 * POLL_S
    else:
        assert human["seen_by_s"] == pytest.approx(true_s, abs=PUSHED_MOST_S)


async def passes_on(talk: Talk) -> None:
    """Answer, and pass the customer on."""
    talk.tell(type="joined", team="first", by="Robin")
    talk.tell(by="Robin", text="A colleague knows more.")
    talk.tell(type="transfer", team="second", carried=True)
    await after(0.3)
    talk.tell(type="joined", team="second", by="Kim")
    talk.tell(by="Kim", text="In three days.")
    talk.tell(type="closed")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_transferred(transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it two conversations would look like one."""
    legs = play(tmp_path, monkeypatch, transport, passes_on).legs
    assert list(legs["leg_end"]) == ["transferred", "answered"]
    assert list(legs["team"]) == ["first", "second"]
    assert bool(legs["history_carried"][1])


async def promises_and_keeps(talk: Talk) -> None:
    """Promise an answer, put it off, and give it."""
    talk.tell(by="Robin", text="I will find out within 2 minutes.")
    await after(0.1)
    talk.tell(by="Robin", text="A little longer: within 15 minutes.")
    await after(0.2)
    talk.tell(by="Robin", text="It comes in three days.")
    await after(0.1)
    talk.tell(type="closed")


async def promises_in_vain(talk: Talk) -> None:
    """Promise an answer, and end the talk."""
    talk.tell(by="Robin", text="You will hear from us within 2 minutes.")
    await after(0.2)
    talk.tell(by="Robin", text="Goodbye.")
    talk.tell(type="closed")


@pytest.mark.parametrize(("script", "state"), [(promises_and_keeps, "seen"), (promises_in_vain, "censored")])
def test_what_was_promised_is_a_rung_with_when_it_was_due(
    script: Script, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it "within two minutes" would be a kind word like any other, and a promise put off a new one."""
    sign = 'promises: [{{says: "within (?P<count>\\\\d+) minutes", unit: minutes}}]\nsteps:'
    monkeypatch.setattr("tests.probes.test_wire.JOURNEY", JOURNEY.replace("steps:", sign))
    played = play(tmp_path, monkeypatch, "websocket", script)
    rungs = played.steps[played.steps["rung"].notna()].set_index("rung")
    kept, first = rungs.loc["promise_kept"], rungs.loc["first_human"]
    assert kept["state"] == state
    assert kept["intended_s"] == pytest.approx(first["seen_by_s"] + 120)
    if state == "seen":
        assert kept["seen_by_s"] == rungs.loc["first_useful_answer"]["seen_by_s"]
    else:
        assert pd.isna(kept["seen_by_s"])
        assert kept["seen_after_s"] > first["seen_by_s"]


async def moves_on(talk: Talk) -> None:
    """Put the customer into another queue before anybody has said a word, and answer there."""
    talk.tell(type="transfer", team="second")
    await after(0.3)
    talk.tell(by="Kim", text="In three days.")
    talk.tell(type="closed")


def test_another_queue_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a desk that moves people about before it answers would break the log of a whole run."""
    leg = play(tmp_path, monkeypatch, "sse", moves_on).legs.iloc[0]
    assert (leg["leg_end"], leg["team"]) == ("answered", "second")
    assert leg["answered_s"] - leg["arrived_s"] > 0.25


async def is_silent(talk: Talk) -> None:
    """Say nothing at all."""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nobody_answers_in_time(transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a shopper would hold the line for ever, or the desk would not see them go."""
    played = play(tmp_path, monkeypatch, transport, is_silent, within_s=0.5)
    assert list(played.legs["contact_outcome"]) == ["abandoned"]
    assert played.rungs() == ["accepted"]
    assert played.desk.talks[0].gone


@pytest.mark.parametrize(("status", "end"), [(403, "closed"), (429, "blocked"), (500, "target_error")])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_turned_away(transport: str, status: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a desk that is shut or full would count as one that fails."""
    leg = play(tmp_path, monkeypatch, transport, is_silent, status=status).legs.iloc[0]
    assert leg["leg_end"] == end
    assert end != "target_error" or "500" in leg["reason"]


@pytest.mark.parametrize("channel", ["app", "social", "form"])
def test_any_channel_may_be_described_so(channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a ticket API or a social network would need code of its own."""
    leg = play(tmp_path, monkeypatch, "poll", answers, channel=channel).legs.iloc[0]
    assert (leg["channel"], leg["contact_outcome"]) == (channel, "resolved")


async def floods(talk: Talk) -> None:
    """Say more than anybody can read."""
    for _ in range(300):
        for _ in range(10):
            talk.tell(by="Robin", text="?" * 10)
        await asyncio.sleep(0)


async def talks_nonsense(talk: Talk) -> None:
    """Send what is no event."""
    talk.events += [None, 7, [], {"by": {"deep": []}}]  # type: ignore[list-item]  # that is the point
    talk.tell(by="Robin", text=None)
    talk.tell(type="closed")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nonsense_is_passed_over(transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a desk could bring our probes down with a malformed event."""
    leg = play(tmp_path, monkeypatch, transport, talks_nonsense).legs.iloc[0]
    assert leg["leg_end"] in ("answered", "cut_off")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_flood_is_bounded(transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a desk that never stops talking would fill our memory and the run folder."""
    played = play(tmp_path, monkeypatch, transport, floods)
    assert len(played.messages) < 2_100
    assert played.legs.iloc[0]["contact_outcome"] in ("target_error", "unresolved")


def test_a_public_post_needs_a_charter_that_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a shopper would complain in public about somebody who never agreed to that."""
    monkeypatch.setitem(WIRES, "poll", {**WIRES["poll"], "effects": ["public_post"]})
    played = play(tmp_path, monkeypatch, "poll", answers)
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "withheld"
    assert "public_post" in leg["reason"]
    assert played.desk.talks == []


@pytest.mark.parametrize(
    ("line", "becomes", "effect"),
    [
        ("steps:", "effects: [cancel]\nsteps:", "cancel"),
        ("  - open: true", "  - open: true\n  - attach: a.pdf", "attachment"),
    ],
    ids=["told", "attached"],
)
def test_what_a_journey_brings_about_needs_a_charter_that_allows_it(
    line: str, becomes: str, effect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a script could cancel a contract, or leave files, on a desk that agreed to questions."""
    monkeypatch.setattr("tests.probes.test_wire.JOURNEY", JOURNEY.replace(line, becomes, 1))
    played = play(tmp_path, monkeypatch, "poll", answers)
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "withheld"
    assert f"the effect {effect}" in leg["reason"]
    assert played.desk.talks == []


def test_who_gives_up_in_the_midst_of_coming_in_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the desk would keep a place, and an agent, for somebody who has gone."""
    monkeypatch.setenv("DESK_TOKEN", "s3cret-token")
    desk, wait = Desk(is_silent), {"path": "/talks/{talk}/news", "query": {"since": "1"}}

    async def act() -> None:
        runner = web.AppRunner(desk.app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        target = Target.model_validate({
            "target": "json_desk", "title": "?", "base_url": f"http://127.0.0.1:{port}",
            "wires": {"chat": {**WIRES["poll"], "open": [START, wait]}}, "secrets": {"token": {"env": "DESK_TOKEN"}},
        })  # fmt: skip
        guard = Guard(charter(AllowedHost(host="127.0.0.1", ports=[port])))
        client = HttpClient(guard)
        around = Surroundings(target, guard, Clock(asyncio.get_running_loop()), http=client)
        caller = Caller(make_persona("a", "a/0/1", "en", "0123456789"), "a/0/1", "any", "Any", False)
        session = WireSession(around, caller)
        opening = asyncio.create_task(session.open(Open("s", "t")))
        await desk.holds.wait()
        opening.cancel()
        await asyncio.wait([opening])
        await session.leave()
        await session.close()
        await client.close()
        for task in desk.playing:
            task.cancel()
        await runner.cleanup()

    asyncio.run(act())
    assert [talk.gone for talk in desk.talks] == [True]
