"""One part of a run: a process that plays the shards it is given, and dies when nobody renews its lease.

`python -m probes.crowd.part` is started by whoever hosts a crowd (`locust_host`), and talks to it in lines of JSON. It
is a process of its own, so that the crowd has an event loop to itself which nothing has patched, and so that it can be
silenced for sure: a thread reads the leases, and where none has come for LEASE_S, or the host is gone, the process ends
on the spot. Its journal has every line by then; what was under way is `failed` (interrupted), as after any kill.

In: what to play (a line), then `{"lease": [shards]}` every so often, `{"end": true}` when all is played, `{"stop":
true}` to end at once what is under way, `{"abort": why}` to do so as a threshold is broken. Out: `{"ready": true}`,
then `{"ticks": …, "shards": n, "idle": …, "now": …}` every so often, and at the end `{"done": …}` or `{"failed": …}`.
Ticks are the contacts that have ended (channel, outcome, lasted_s), `waits` within `now` the waits that were over, and
`counted` what thresholds have seen (`results.live_counts`); the rest of `now` is how things stand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from probes.browser import Browser, open_browser
from probes.clock import Clock
from probes.crowd.assignment import Assignment, OtherScenarioError
from probes.crowd.crowd import Crowd, Tick, Wait
from probes.crowd.leases import LEASE_S
from probes.crowd.shards import Gain
from probes.crowd.telling import tell, told_failure
from probes.early_end import aborting
from probes.errand import Errand
from probes.instrument import Instrument
from probes.resume import begun_in
from probes.setting import Access, Setting
from probes.shop import Onlookers, play_contacts, warm_up
from results.journal import journal_of, journals_in
from results.live_counts import LiveCounts
from results.runs import Run
from scenarios.charter import read_charter
from scenarios.target import read_target

TELL_EVERY_S = 0.25
LOOK_EVERY_S = 0.05
ORPHANED = 3
"""The exit code of a part whose lease has run out."""


class Line:
    """The line to the host: a thread of its own, which ends the process when it is dead."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.first: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.words: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._leased_until = float("inf")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        held = b""
        while True:
            if select.select([0], [], [], LOOK_EVERY_S)[0]:
                piece = os.read(0, 65536)
                if not piece:
                    os._exit(ORPHANED)
                *lines, held = (held + piece).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
            if time.monotonic() > self._leased_until:
                os._exit(ORPHANED)

    def _take(self, word: dict[str, Any]) -> None:
        if "lease" in word:
            self._leased_until = time.monotonic() + LEASE_S
        elif word.keys() & {"end", "stop", "abort"}:
            self._leased_until = float("inf")  # nothing begins any more, and what there is has its deadlines
        self._loop.call_soon_threadsafe(self._put, word)

    def _put(self, word: dict[str, Any]) -> None:
        if not self.first.done():
            self.first.set_result(word)
        else:
            self.words.put_nowait(word)


class Part:
    """Plays what it is given."""

    def __init__(self, asked: Assignment, name: str, folder: Path, line: Line) -> None:
        self._asked, self._name, self._run, self._line = asked, name, Run.open(folder), line
        self._crowd: Crowd | None = None
        self._instrument: Instrument | None = None
        self._clock: Clock | None = None
        self._counts = LiveCounts((), {})
        self._ticks: list[tuple[str, str, float]] = []
        self._waits: list[Wait] = []
        self._shards: frozenset[int] = frozenset()

    async def play(self) -> dict[str, Any]:
        """Play until the host says that all is played; returns what is to be told at the end."""
        asked, run = self._asked, self._run
        loaded = asked.load()
        access = Access(read_target(asked.target), read_charter(asked.charter), asked.browser)
        if loaded.hash != run.facts["scenario_hash"]:
            raise OtherScenarioError(f"{asked.scenario} is another scenario here than the one that is played")
        errand = Errand.of(loaded, asked.mine(run.plan()), int(run.facts["seed"]))
        warm_up(errand.plan)
        async with contextlib.AsyncExitStack() as stack:
            browser = await stack.enter_async_context(open_browser()) if asked.browser else None
            tell(ready=True)
            return await self._play(errand, access, browser)

    async def _play(self, errand: Errand, access: Access, browser: Browser | None) -> dict[str, Any]:
        run, first = self._run, await self._line.words.get()
        facts = Run.open(run.folder).facts
        clock = Clock.real(epoch_s=float(facts["epoch_s"]), scale=float(facts["scale"]))
        instrument = Instrument(scale=clock.scale)
        self._clock, self._instrument = clock, instrument
        thresholds = aborting(errand.loaded.scenario.thresholds)
        self._counts = LiveCounts(thresholds, facts)
        follow = self._counts.take if thresholds else None
        telling = asyncio.create_task(self._tell())
        journal, setting = run.folder / journal_of(self._name), Setting(access, clock, instrument, browser)
        playing = asyncio.create_task(
            play_contacts(errand, journal, setting, self._gains(first), Onlookers(self._watch, self._has_crowd, follow))
        )
        self._playing = playing
        try:
            played = await playing
        finally:
            telling.cancel()
            self._tell_once()
        judged = asdict(instrument.judge())
        return {"instrument": judged, "facts": played.facts(), "interrupted": played.interrupted}

    async def _gains(self, first: dict[str, Any]) -> AsyncIterator[Gain]:
        """Yield what we gain, until all is played; what others have begun of it is read from their journals."""
        word = first
        while "end" not in word:
            if "stop" in word:
                self._playing.cancel()
            elif "abort" in word and self._crowd is not None:
                self._crowd.abort(word["abort"])
            gained = frozenset(word.get("lease", ())) - self._shards
            if gained:
                mine = self._run.folder / journal_of(self._name)
                others = [path for path in journals_in(self._run.folder) if path != mine]
                yield Gain(gained, await asyncio.to_thread(begun_in, others))
                self._shards |= gained
            word = await self._line.words.get()
        self._line.words.put_nowait(word)

    def _has_crowd(self, crowd: Crowd) -> None:
        self._crowd = crowd
        crowd.on_wait = self._waits.append

    def _watch(self, tick: Tick) -> None:
        self._ticks.append((tick.channel, tick.outcome, tick.lasted_s))

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self._tell_once()

    def _tell_once(self) -> None:
        ticks, self._ticks = self._ticks, []
        idle = self._crowd is not None and self._crowd.is_idle
        tell(ticks=ticks, shards=len(self._shards), idle=idle, now=self._now())

    def _now(self) -> dict[str, Any]:
        """Return how things stand; counting who waits costs about a millisecond a thousand contacts in the air."""
        crowd, clock, instrument = self._crowd, self._clock, self._instrument
        if crowd is None or clock is None or instrument is None:
            return {}
        waits, self._waits[:] = list(self._waits), []
        standing, verdict, late = crowd.standing(), instrument.now(), instrument.late
        channels = {channel for channel, _ in standing}
        return {
            "now_s": clock.now_s(), "begun": dict(crowd.begun), "waits": waits,
            "waiting": {channel: standing[channel, "waiting"] for channel in channels},
            "in_conversation": {channel: standing[channel, "in_conversation"] for channel in channels},
            "starts": late.starts, "late": late.late, "fit": verdict.fit, "reasons": verdict.reasons,
            "counted": self._counts.counted(),
        }  # fmt: skip


async def _main() -> None:
    line = Line(asyncio.get_running_loop())
    told = await line.first
    try:
        done = await Part(Assignment.of(told["asked"]), told["part"], Path(told["folder"]), line).play()
    except Exception as error:  # noqa: BLE001  whatever it is, the host is told, which knows what to do about it
        tell(failed=told_failure(error))
    else:
        tell(done=done)


if __name__ == "__main__":
    asyncio.run(_main())
    sys.exit(0)
