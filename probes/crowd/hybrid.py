"""One run of two kinds: the plan's shoppers in browsers, everyone else by protocol, each kind in a process of its own.

A browser takes a core for a handful of customers, so it may not share one with the many; both keep journals of their
own in one folder, and one set of tables is made of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from probes.crowd.assignment import Assignment
from probes.crowd.crowd import Tick
from probes.crowd.exit_codes import OUR_FAULT
from probes.crowd.lead import Lead
from probes.crowd.leases import END_S_MOST, READY_S_MOST, RENEW_EVERY_S
from probes.crowd.shards import EVERY
from results.aborting import Aborted
from results.runs import Run

KINDS = {"protocol": {"only": "background"}, "browser": {"only": "shopper", "browser": True}}


class PartFailedError(RuntimeError):
    """A process of the run could not begin, or ended before its time; `code` is the exit code that says so."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class Beside:
    """A part of the run in a process beside us."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, watch: Callable[[Tick], None], planned: int
    ) -> None:
        self.name, self._process, self._watch, self._planned = name, process, watch, planned
        self.ready = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.idle = False
        self.counted: list[list[int]] = []
        """What thresholds that may end the run have seen."""
        self._reader = asyncio.create_task(self._read())

    def tell(self, **word: Any) -> None:
        """Tell it something; one that has gone hears nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write((json.dumps(word) + "\n").encode())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._hear(json.loads(line))
        code = await self._process.wait()
        for waited in (self.ready, self.done):
            if not waited.done():
                waited.set_exception(PartFailedError(OUR_FAULT, f"the {self.name} part of the crowd ended with {code}"))

    def _hear(self, word: dict[str, Any]) -> None:
        for channel, outcome, lasted_s in word.get("ticks", ()):
            self._watch(Tick(0, 0, self._planned, channel, outcome, lasted_s))
        if "ready" in word:
            self.ready.set_result(None)
        elif "failed" in word:
            error = PartFailedError(int(word["failed"]["code"]), str(word["failed"]["why"]))
            (self.done if self.ready.done() else self.ready).set_exception(error)
        elif "done" in word and not self.done.done():
            self.done.set_result(word["done"])
        elif "idle" in word:
            self.counted = word["now"].get("counted", [])
            self.idle = word["idle"] and word["shards"] == len(EVERY)

    async def end(self) -> None:
        """Have it gone."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._reader
        for waited in (self.ready, self.done):
            if not waited.cancelled():
                waited.exception()  # of a part that we end ourselves nobody need be told


@contextlib.asynccontextmanager
async def _beside(
    asked: Assignment, name: str, folder: Path, watch: Callable[[Tick], None], planned: int
) -> AsyncIterator[Beside]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "probes.crowd.part", stdin=pipe, stdout=pipe)
    part = Beside(name, process, watch, planned)
    part.tell(asked=asked.told(), part=name, folder=str(folder.resolve()))
    try:
        yield part
    finally:
        await part.end()


async def play_hybrid(asked: Assignment, folder: Path, watch: Callable[[Tick], None]) -> Run:
    """Play a scenario: its shoppers in browsers, everyone else by protocol; cancelled, it keeps what it has.

    Raises:
        PartFailedError: a process of the run could not begin, or ended before its time.
        And what `Lead` raises of bad files, charters and desks.
    """
    lead = Lead(asked, folder)
    planned = len(lead.run.plan())
    interrupted = False
    async with contextlib.AsyncExitStack() as stack:
        parts = []
        for name, kind in KINDS.items():
            mine = replace(asked, **kind)  # type: ignore[arg-type]  # of the fields' kinds
            parts.append(await stack.enter_async_context(_beside(mine, name, lead.run.folder, watch, planned)))
        async with asyncio.timeout(READY_S_MOST):
            await asyncio.gather(*(part.ready for part in parts))
        await lead.begin()
        last_word: dict[str, Any] = {"end": True}
        try:
            if (aborted := await _renew(parts, lead)) is not None:
                interrupted, last_word = True, {"abort": aborted.reason}
        except asyncio.CancelledError:
            interrupted, last_word = True, {"stop": True}
        for part in parts:
            part.tell(**last_word)
        async with asyncio.timeout(END_S_MOST):
            told = await asyncio.gather(*(part.done for part in parts))
    lead.finish(told, interrupted)
    return lead.run


async def _renew(parts: list[Beside], lead: Lead) -> Aborted | None:
    """Renew the leases until all is played, or a threshold is broken for sure."""
    while not all(part.idle or part.done.done() for part in parts):
        for part in parts:
            part.tell(lease=sorted(EVERY))
        if (aborted := lead.look([part.counted for part in parts if part.counted])) is not None:
            return aborted
        await asyncio.sleep(RENEW_EVERY_S)
    return None
