from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from probes.browser import Browser
from probes.channels.table import BROWSER, PROTOCOL
from probes.player import SessionMaker
from scenarios.target import Target
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import SmallDesk, small_desk

TOLERANCE_S = 1.0
"""Scenario seconds at scale 10: a tenth of a second of wall time."""

LADDER = ["accepted", "automatic_reply", "first_human", "first_useful_answer", "resolved"]


@dataclass(frozen=True)
class Way:
    """A channel over one transport."""

    channel: str
    sessions: Mapping[str, SessionMaker]

    @property
    def browsed(self) -> bool:
        """Say whether it needs the browser."""
        return self.sessions is BROWSER


WAYS = [Way(channel, sessions) for sessions in (PROTOCOL, BROWSER) for channel in sessions]
CHATS = [way for way in WAYS if way.channel in ("chat", "phone")]
ANSWERING = [way for way in WAYS if way.channel in ("chat", "form", "email", "phone")]
PAGES = [way for way in WAYS if way.channel not in ("email", "phone")]


def name_of(way: Way) -> str:
    """Name a way for pytest."""
    return way.sessions[way.channel].__name__  # type: ignore[attr-defined]  # they are classes


@pytest.fixture
def chromium(request: pytest.FixtureRequest, way: Way) -> Browser | None:
    """Yield the browser where the way needs one."""
    return request.getfixturevalue("browser") if way.browsed else None


def taken_anyway(way: Way) -> list[str]:
    """Return what a desk that turns people away has reached all the same: a mail is taken before it is read."""
    return ["accepted"] if way.channel == "email" else []


every_way = pytest.mark.parametrize("way", WAYS, ids=name_of)
every_chat = pytest.mark.parametrize("way", CHATS, ids=name_of)
every_page = pytest.mark.parametrize("way", PAGES, ids=name_of)
every_answering = pytest.mark.parametrize("way", ANSWERING, ids=name_of)


@every_way
def test_answered(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a channel could miss an answer, or date it when it was read and not when it came."""
    # on the telephone one hears the agent out before one speaks, so they must not have hung up by then
    with small_desk(tmp_path, service_s=20.0 if way.channel == "phone" else 3.0) as desk:
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    if way.channel == "faq":
        assert (leg["leg_end"], leg["contact_outcome"]) == ("contained", "resolved")
        assert played.rungs() == ["first_useful_answer", "resolved"]
        return
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved")
    assert played.rungs() == LADDER
    assert leg["due_s"] <= leg["arrived_s"] <= played.true_s("arrived") + TOLERANCE_S
    assert played.true_s("arrived") - leg["arrived_s"] < TOLERANCE_S
    human = played.rung("first_human")
    said_s = played.true_s("said")
    if way.channel in ("chat", "phone"):
        assert human["seen_by_s"] == pytest.approx(said_s, abs=TOLERANCE_S)
        assert leg["answered_s"] == pytest.approx(played.true_s("taken"), abs=TOLERANCE_S)
        assert leg["ended_s"] == pytest.approx(played.true_s("closed"), abs=TOLERANCE_S)
        assert (leg["team"], leg["agent"]) == ("first_line", "Robin")
        assert played.true_s("heard") > said_s
    elif way.channel == "email":
        assert human["seen_by_s"] == pytest.approx(said_s, abs=TOLERANCE_S)
        assert leg["ended_s"] == pytest.approx(played.true_s("closed"), abs=TOLERANCE_S)
    else:
        assert human["seen_after_s"] <= said_s <= human["seen_by_s"]
        assert human["seen_by_s"] - human["seen_after_s"] < 3.0 + 8 * TOLERANCE_S, "polled every 3 s"
    accepted = played.rung("accepted")
    taken_in = "rang" if way.channel == "phone" else "arrived"
    assert accepted["seen_by_s"] == pytest.approx(played.true_s(taken_in), abs=3 * TOLERANCE_S)
    spoken = played.messages.loc[played.messages["speaker"] == "agent", "text"].str.cat(sep=" ")
    assert "within 3 working days" in spoken
    assert "Robin" not in played.messages.loc[played.messages["speaker"] == "automatic", "text"].str.cat()


@pytest.mark.parametrize("way", [way for way in WAYS if way.browsed], ids=name_of)
def test_nothing_stays_open(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it every contact in a browser could leave its page and cookies open, until memory runs out."""
    assert chromium is not None
    with small_desk(tmp_path) as desk:
        desk.play(probe_loop, way.channel, way.sessions, chromium)
    assert chromium._chromium.contexts == []


@every_chat
def test_abandoned(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it one who gives up could stay in the desk's queue, or be taken for one who was answered."""
    with small_desk(tmp_path, agents=0) as desk:
        played = desk.play(probe_loop, way.channel, way.sessions, chromium, patience_s=4.0)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("abandoned", "abandoned")
    assert played.rungs() == ["accepted", "automatic_reply", "queue_position"]
    assert leg["ended_s"] - leg["arrived_s"] == pytest.approx(4.0, abs=TOLERANCE_S)
    assert played.true_s("gave_up") == pytest.approx(leg["ended_s"], abs=3 * TOLERANCE_S)


@every_chat
def test_transferred(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a customer who was passed on would seem to have had one long conversation."""
    with small_desk(tmp_path, transferred=True) as desk:
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    legs = played.legs
    assert list(legs["leg_end"]) == ["transferred", "answered"]
    assert list(legs["team"]) == ["first_line", "second_line"]
    assert set(legs["contact_outcome"]) == {"resolved"}
    assert legs["ended_s"][0] == pytest.approx(played.true_s("transferred"), abs=TOLERANCE_S)
    assert legs["arrived_s"][1] == legs["ended_s"][0]


@every_answering
def test_shut(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk outside its hours would count as one that fails."""
    with small_desk(tmp_path, closes="09:30") as desk:
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("closed", "closed")
    assert np.isnan(leg["answered_s"])
    assert played.rungs() == taken_anyway(way)


@every_way
def test_busy(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk whose lines are all taken would count as one that fails, or that cuts people off."""
    with small_desk(tmp_path, lines=1) as desk:
        desk.thread.desk.hall.lines.take(way.channel)  # type: ignore[arg-type]  # ways are named by channels
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("blocked", "blocked")
    assert np.isnan(leg["answered_s"])
    assert not np.isnan(leg["ended_s"])
    assert played.rungs() == taken_anyway(way)
    assert set(played.steps["state"]) <= {"open", "seen"}, "nothing that was still hoped for"
    assert "try again later" in played.messages.loc[played.messages["speaker"] == "system", "text"].str.cat()


@pytest.mark.parametrize("way", [way for way in WAYS if way.channel == "form"], ids=name_of)
def test_busy_by_the_time_one_has_written(
    way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path
) -> None:
    """Without it the last line, taken while a customer fills in the form, would make the desk look broken."""
    with small_desk(tmp_path, lines=1) as desk:
        lines = desk.thread.desk.hall.lines
        full = iter([False])  # as the form is shown; after that it is
        lines.is_full = lambda channel: next(full, True)  # type: ignore[method-assign]
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("blocked", "blocked")


@every_answering
def test_silent(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it an agent who takes a contact and never writes would count as an answer."""
    with small_desk(tmp_path, silent=True) as desk:
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("cut_off", "cut_off")
    assert played.rungs() == ["accepted", "automatic_reply"]
    assert np.isnan(leg["answered_s"])
    assert leg["ended_s"] - leg["arrived_s"] > 1.0, "it was closed after three silent seconds, and not at once"


@every_way
def test_nobody_listens(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk that is down would be our failure, or nobody's."""
    with small_desk(tmp_path) as desk:
        desk.thread.stop()
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("target_error", "target_error")
    assert leg["reason"]
    assert np.isnan(leg["answered_s"])


@every_page
def test_not_found(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it the log could not say which error the desk showed."""
    with small_desk(tmp_path) as desk:
        move_away(desk, way.channel)
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert "404" in leg["reason"]
    if way.browsed:
        evidence = played.steps.loc[played.steps["state"] == "screenshot", "evidence"].iloc[0]
        picture = (desk.folder / "run" / evidence).read_bytes()
        assert picture.startswith(b"\x89PNG")


@every_answering
def test_lost_on_the_way(way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk that goes down during a contact would leave the contact waiting for ever."""
    with small_desk(tmp_path, service_s=100.0) as desk:
        desk.thread.when("taken", desk.thread.stop)
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert leg["reason"]


@pytest.mark.parametrize("way", [way for way in WAYS if way.channel == "form"], ids=name_of)
def test_a_field_that_is_not_there_is_named(
    way: Way, chromium: Browser | None, probe_loop: LoopThread, tmp_path: Path
) -> None:
    """Without it whoever mends a target file would have to guess which of its selectors is stale."""
    with small_desk(tmp_path) as desk:
        form = desk.target.form
        assert form is not None
        stale = form.fields[0].model_copy(update={"selector": "#no_such_field"})
        fields = {"fields": [stale, *form.fields[1:]]}
        desk.target = desk.target.model_copy(update={"form": form.model_copy(update=fields)})
        played = desk.play(probe_loop, way.channel, way.sessions, chromium)
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert "#no_such_field" in leg["reason"]


def move_away(desk: SmallDesk, channel: str) -> None:
    """Have the target file lead to a page that the desk does not have."""
    part = getattr(desk.target, channel)
    nowhere = {"page": "/nowhere", "websocket": "/nowhere"} if channel == "chat" else {"page": "/nowhere"}
    if channel == "phone":
        nowhere = {"uri": part.uri.replace("support", "nobody")}
    desk.target = Target.model_validate(
        {**desk.target.model_dump(by_alias=True), channel: {**part.model_dump(by_alias=True), **nowhere}}
    )
