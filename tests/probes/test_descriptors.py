import asyncio
import math
import os
import resource
from pathlib import Path

import pandas as pd
import pytest

from probes import descriptors
from probes.descriptors import open_now, raise_limit, room_for
from probes.errand import NothingToPlayError, Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from scenarios.charter import AllowedHost
from scenarios.target import Target
from tests.probes.test_guard import charter
from tests.probes.test_wire import WIRES


def chats(due_s: list[float], patience_s: float, channel: str = "chat") -> pd.DataFrame:
    """Return a plan of contacts."""
    return pd.DataFrame({"channel": channel, "due_s": due_s, "patience_s": patience_s})


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    """Without it a crowd would run out of descriptors at 1,024, as many systems set it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1000, before[1]), before[1]))
        assert raise_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("place", [descriptors.OPEN, Path("/nowhere")])
def test_open_descriptors_are_counted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nobody would know that a crowd runs out of them."""
    monkeypatch.setattr(descriptors, "OPEN", place)
    before = open_now()
    more = [os.open(os.devnull, os.O_RDONLY) for _ in range(300)]
    counted = open_now() - before
    for descriptor in more:
        os.close(descriptor)
    assert counted == pytest.approx(300, abs=20), "without /proc, holes below are not seen"


def test_room_is_what_surely_and_what_perhaps_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a plan would be refused that could be played, or begun that cannot."""
    monkeypatch.setattr(descriptors, "raise_limit", lambda: 100 + descriptors.SPARE)
    monkeypatch.setattr(descriptors, "open_now", lambda: 0)
    room = room_for(chats([10.0, 10.2, 10.4, 11.1, 20.0, 30.0], 15.0), 1.0, 1e6)
    assert (room.at_least, room.at_most, room.available) == (3, 5, 100)
    assert room_for(chats([10.0, 12.0, 14.0], 15.0), 10.0, 1e6).at_least == 3, "within one wall second"
    assert room_for(chats([10.0, 20.0], math.inf), 1.0, 15.0).at_most == 1, "the run ends all waits"
    assert room_for(chats([10.0] * 500, 15.0, "email"), 1.0, 1e6).at_most == 0, "mails hold no connection"
    few, many = room_for(chats([10.0] * 100, 15.0), 1.0, 1e6), room_for(chats([10.0] * 101, 15.0), 1.0, 1e6)
    assert few.why_not() is few.doubt() is None
    assert "101 chats and calls come within one second" in str(many.why_not())
    slow = room_for(chats([2.0 * place for place in range(101)], math.inf), 1.0, 1e6)
    assert slow.why_not() is None
    assert "up to 101 customers" in str(slow.doubt())


def test_a_plan_that_finds_no_room_is_refused_before_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a load test would measure our own want of connections."""
    monkeypatch.setattr(descriptors, "raise_limit", lambda: open_now() + descriptors.SPARE + 10)
    what = journey_errand(["ask_on_chat"], None, Players(repeats=30), 1)
    what.plan["due_s"] = what.plan["due_s"].min()
    target = Target.model_validate({
        "target": "json_desk", "title": "?", "base_url": "http://127.0.0.1:9", "wires": {"chat": WIRES["websocket"]},
        "secrets": {"token": {"env": "DESK_TOKEN"}},
    })  # fmt: skip
    licence = charter(AllowedHost(host="127.0.0.1", ports=[9]))
    with pytest.raises(NothingToPlayError, match=r"30 chats and calls come within one second.* only 10 connections"):
        asyncio.run(play_real(what, tmp_path / "run", Access(target, licence)))
    assert not (tmp_path / "run").exists()
