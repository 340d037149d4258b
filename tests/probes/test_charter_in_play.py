import asyncio
import json
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from probes.channels.chat_websocket import ChatWebSocket
from probes.channels.table import PROTOCOL
from probes.clock import Clock
from probes.errand import Errand
from probes.guard import STOPPED
from probes.instrument import Instrument
from probes.setting import Access, Setting
from probes.shop import Shopped, play_plan, shop_facts
from probes.stop import Stop, say_goodbye, stopping
from results.log import check_legs
from results.runs import Run
from scenarios.charter import AllowedHost, Charter
from tests.probes.charters import charter_file
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import TEN_O_CLOCK_S, SmallDesk, _plan, small_desk

STOPS_S_MOST = 1.0
GOODBYE_S_MOST = 10.0


class Polite(ChatWebSocket):
    """A chat that remembers who said goodbye."""

    left: ClassVar[list[str]] = []

    async def leave(self) -> None:
        """Go, and remember it."""
        self.left.append(self._caller.contact_id)
        await super().leave()


def played(desk: SmallDesk, told: Charter, loop: LoopThread, count: int, apart_s: float) -> tuple[Run, Shopped]:
    plan = _plan("chat", desk._now_s() + 1.0, float("inf"), count, apart_s)
    errand = Errand.of(desk.loaded, plan, 1, ends_s=TEN_O_CLOCK_S + 4000.0)
    access = Access(desk.target, told, instead={**PROTOCOL, "chat": Polite})
    run = Run.create(desk.folder / "run", shop_facts(errand, access, "real", desk.scale))

    async def play() -> Shopped:
        clock = Clock.real(epoch_s=desk.epoch_s, scale=desk.scale)
        return await play_plan(errand, run, Setting(access, clock, Instrument(scale=desk.scale)))

    return run, loop.run(play())


def test_the_owners_file_stops_a_running_shop(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it the owner of a desk in trouble would have to wait until we have finished with it."""
    with small_desk(tmp_path / "desk", service_s=300.0) as desk:
        port = desk.target.address()[1]
        told = charter_file(
            tmp_path, AllowedHost(host="127.0.0.1", ports=[port]), stop_file="stop", per_minute_most=1000,
            contacts_per_day_most=1000,
        )  # fmt: skip
        stopped_at: list[float] = []

        def stop() -> None:
            (tmp_path / "stop").touch()
            stopped_at.append(time.time())

        desk.thread.when("arrived", lambda: threading.Timer(0.3, stop).start())
        run, shopped = played(desk, told, probe_loop, count=200, apart_s=1.0)
        ended_at = time.time()
        truth = [json.loads(line) for line in desk.truth_file.read_text().splitlines()]
        stop_s = (stopped_at[0] - desk.epoch_s) * desk.scale

    legs = run.table("legs")
    check_legs(legs)
    assert shopped.interrupted
    assert run.facts["stopped"] == STOPPED
    begun = legs[legs["arrived_s"].notna()]
    assert begun["arrived_s"].max() <= stop_s + STOPS_S_MOST * desk.scale
    assert ended_at - stopped_at[0] <= GOODBYE_S_MOST
    assert set(begun["leg_end"]) == {"censored"}
    assert set(begun["reason"]) == {STOPPED}
    rest = legs[legs["arrived_s"].isna()]
    assert len(rest) > 100
    assert set(rest["leg_end"]) == {"withheld"}
    assert all(reason.startswith(STOPPED) for reason in rest["reason"])
    assert set(begun["contact_id"]) <= set(Polite.left)
    gone = [entry for entry in truth if entry["what"] in ("left", "gave_up")]
    assert len(gone) == len(begun)  # and the desk has heard it


def test_nothing_begins_while_the_file_is_there(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a run started after the owner's word would still say hello."""
    with small_desk(tmp_path / "desk") as desk:
        allowed = AllowedHost(host="127.0.0.1", ports=[desk.target.address()[1]])
        (tmp_path / "stop").touch()
        run, _ = played(desk, charter_file(tmp_path, allowed, stop_file="stop"), probe_loop, count=3, apart_s=0.0)
        assert not desk.truth_file.exists() or "arrived" not in desk.truth_file.read_text()
    assert set(run.table("legs")["leg_end"]) == {"withheld"}


def test_caps_withhold_contacts_of_a_running_shop(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it the ledger could be right and nobody ask it."""
    with small_desk(tmp_path / "desk", service_s=1.0, agents=5) as desk:
        allowed = AllowedHost(host="127.0.0.1", ports=[desk.target.address()[1]])
        told = charter_file(tmp_path, allowed, time_zone="UTC", caps={"chat": {"per_minute_most": 2}})
        run, _ = played(desk, told, probe_loop, count=5, apart_s=0.5)
    legs = run.table("legs")
    withheld = legs[legs["leg_end"] == "withheld"]
    assert len(withheld) == 3
    assert set(withheld["reason"]) == {"the minute's 2 contacts by chat are taken"}
    assert withheld["arrived_s"].isna().all()


def test_who_interrupts_from_outside_is_not_taken_for_the_owner() -> None:
    """Without it Ctrl-C would be swallowed where a stop is swallowed."""

    async def play() -> None:
        async with stopping(Stop(), lambda: None):
            await asyncio.Event().wait()

    async def interrupt() -> None:
        task = asyncio.create_task(play())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupt())


def test_a_stop_is_awaited_and_its_first_reason_stays() -> None:
    """Without it whoever waits for the stop could wait for ever, or be told the wrong reason."""

    async def play() -> str:
        stop = Stop()
        waiting = asyncio.create_task(stop.wait())
        stop.call("first")
        stop.call("second")
        return await waiting

    assert asyncio.run(play()) == "first"


def test_a_desk_that_lets_nobody_go_is_left_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it one hanging goodbye would keep every contact open past the owner's ten seconds."""

    class Sticky:
        async def leave(self) -> None:
            await asyncio.Event().wait()

    class Broken:
        async def leave(self) -> None:
            raise ValueError("a slip of ours")

    monkeypatch.setattr("probes.stop.GOODBYE_S_MOST", 0.05)
    asyncio.run(say_goodbye(Sticky()))
    asyncio.run(say_goodbye(Broken()))


@pytest.mark.parametrize("staff_told", [False, True])
def test_only_a_charter_that_says_staff_were_told_names_agents(
    staff_told: bool, probe_loop: LoopThread, tmp_path: Path
) -> None:
    """Without it results would judge people who do not know that they are being tested."""
    with small_desk(tmp_path / "desk", service_s=1.0) as desk:
        allowed = AllowedHost(host="127.0.0.1", ports=[desk.target.address()[1]])
        run, _ = played(desk, charter_file(tmp_path, allowed, staff_told=staff_told), probe_loop, count=1, apart_s=0.0)
    legs = run.table("legs")
    assert legs["answered_s"].notna().all()
    assert legs["agent"].notna().all() == staff_told
    lines = [json.loads(line) for line in (run.folder / "journal.jsonl").read_text().splitlines()]
    assert any(line.get("agent") for line in lines) == staff_told


def test_agents_time_is_counted_as_it_is_measured(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it the minutes that a charter allows would be a promise that nobody keeps."""
    with small_desk(tmp_path / "desk", service_s=3.0) as desk:
        allowed = AllowedHost(host="127.0.0.1", ports=[desk.target.address()[1]])
        told = charter_file(tmp_path, allowed, agent_minutes_most=0.01)
        run, _ = played(desk, told, probe_loop, count=2, apart_s=20.0)
    assert run.table("legs")["leg_end"].tolist() == ["answered", "withheld"]
    assert "0.01 agent minutes" in run.table("legs")["reason"].iloc[1]
