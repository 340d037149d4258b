"""A run that ends early in the middle of a rush: hundreds come at the same instant, at a desk that turns out broken."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from probes import early_end
from probes.channels.contract import Caller, Plain, Surroundings
from probes.channels.table import PROTOCOL
from probes.clock import Clock
from probes.crowd.crowd import Crowd
from probes.errand import Errand
from probes.instrument import Instrument
from probes.journeys import Open, Seen
from probes.setting import Access, Setting
from probes.shop import play_plan, shop_facts
from results.log import check_legs
from results.runs import Run
from scenarios.thresholds import Threshold
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import TEN_O_CLOCK_S, _plan, small_desk

COUNT = 400


class Broken(Plain):
    """A desk that refuses three of four, and leaves the fourth waiting."""

    polled = False
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        self._clock = around.clock
        self._answers = not caller.contact_id.endswith(("0.1", "4.1", "8.1"))
        self.has_left = False

    async def open(self, opening: Open) -> None:
        """Send nothing."""

    async def say(self, text: str) -> None:
        """Say nothing."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return an error, or wait for ever."""
        if not self._answers:
            await asyncio.Event().wait()
        return Seen("error", self._clock.now_s(), self._clock.now_s(), "out of order")

    async def leave(self) -> None:
        """Go."""

    async def close(self) -> None:
        """Free nothing."""

    async def evidence(self, name: str) -> str | None:
        """Keep nothing."""
        return None


def test_nobody_of_a_rush_begins_after_the_end(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it those who come in the same instant would be told as withheld by the charter, or come all the same."""
    with small_desk(tmp_path) as desk:
        plan = _plan("chat", desk._now_s() + 5.0, float("inf"), COUNT, 0.0)
        plan["contact_id"] = [f"{name}.{k % 10}.1" for k, name in enumerate(plan["case_id"])]
        errand = Errand.of(desk.loaded, plan, 1, ends_s=TEN_O_CLOCK_S + 4000.0)
        errand = replace(errand, aborts_on=[Threshold(metric="error_share", at_most=0.01, abort=True)])
        access = Access(desk.target, desk.thread.desk.charter, instead={**PROTOCOL, "chat": Broken})
        run = Run.create(desk.folder / "run", shop_facts(errand, access, "real", desk.scale))

        async def play() -> None:
            clock = Clock.real(epoch_s=desk.epoch_s, scale=desk.scale)
            await play_plan(errand, run, Setting(access, clock, Instrument(scale=desk.scale)))

        probe_loop.run(play())
    legs = run.table("legs")
    check_legs(legs)
    assert run.facts["state"] == "aborted"
    told = run.facts["aborted"]
    assert told["of"] == 50, "the fiftieth settles it"
    counts = legs["leg_end"].value_counts().to_dict()
    assert set(counts) == {"target_error", "censored", "unstarted"}
    assert sum(counts.values()) == COUNT
    assert counts["unstarted"] > COUNT / 2
    assert set(legs.loc[legs["leg_end"] != "target_error", "reason"]) == {told["reason"]}


def test_only_what_changes_a_count_is_decided_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without it every line of a journal would cost a crowd of thousands the time of a decision."""
    asked: list[object] = []
    monkeypatch.setattr(early_end, "decided", lambda *_: asked.append(1))
    threshold = Threshold(metric="error_share", at_most=0.5, abort=True)
    clock: Any = SimpleNamespace(now_s=lambda: 0.0)
    early = early_end.EarlyEnd([threshold], Run.create(tmp_path / "run", {}), clock)
    early.has_crowd(cast("Crowd", SimpleNamespace(aborted=None)))
    begun = {"contact_id": "a", "channel": "chat", "due_s": 5.0, "arrived_s": 5.0}
    early.take("begun", begun)
    assert len(asked) == 1
    for at_s in range(9):
        early.take("message", {"contact_id": "a", "speaker": "customer", "at_s": float(at_s)})
    assert len(asked) == 1
    early.take("end", {"contact_id": "a", "contact_outcome": "target_error"})
    assert len(asked) == 2
