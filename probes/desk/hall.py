"""The hall: what chat, form and help pages of one desk share, and the beginning of its day."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from probes.clock import Clock
from probes.desk.floor import Floor
from probes.desk.lines import Lines
from probes.desk.luck import DeskLuck
from probes.desk.phrases import Phrases
from probes.desk.truth import Truth
from probes.desk.work import Work
from scenarios.calendar import Spell
from scenarios.misconduct import Misconduct
from scenarios.reading import LoadedScenario
from scenarios.scenario import ChannelHours


class Hall:
    """One desk's shared parts. Its day begins with the first visitor, or when whoever runs it says so."""

    KEY: web.AppKey[Hall]

    def __init__(
        self,
        loaded: LoadedScenario,
        seed: int,
        misconduct: Misconduct,
        phrases: Phrases,
        truth_file: Path | None,
        scale: float,
    ) -> None:
        self.loaded, self.phrases, self.scale = loaded, phrases, scale
        self.epoch_s: float | None = None
        self.has_ended = False
        self.clock: Clock
        self.floor: Floor
        self.truth: Truth
        self.lines = Lines(loaded.scenario.channels)
        luck = DeskLuck(seed)
        self.work = Work(loaded, luck, misconduct, phrases)
        self._luck, self._misconduct, self._truth_file = luck, misconduct, truth_file
        self._tasks: set[asyncio.Future[Any]] = set()
        self._begun = False
        self._channels: dict[str, ChannelHours] = {str(name): hours for name, hours in loaded.scenario.channels.items()}

    def begin_day(self, epoch_s: float | None = None, clock: Clock | None = None) -> bool:
        """Begin the day, unless it has begun; say whether it was begun now.

        Args:
            epoch_s: the wall instant of scenario second 0; by default such that the first channel opens now.
            clock: instead of a real clock (a rehearsal under the virtual one).
        """
        if self._begun:
            return False
        self._begun = True
        if clock is None:
            spells = [self._open_s(channel, 0) for channel in self._channels]
            opens_s = min((opens for opens, closes in spells if closes > opens), default=0)
            self.epoch_s = time.time() - opens_s / self.scale if epoch_s is None else epoch_s
            clock = Clock.real(epoch_s=self.epoch_s, scale=self.scale)
        self.clock = clock
        self.truth = Truth(self._truth_file, clock)
        self.floor = Floor(self.loaded, clock, self._luck, self._misconduct)
        self.floor.open_day()
        return True

    def is_open(self, channel: str) -> bool:
        """Say whether a channel is open now."""
        if channel not in self._channels:
            return False
        now_s = self.clock.now_s()
        opens, closes = self._open_s(channel, self.loaded.scenario.local_days.day_at(now_s))
        return opens <= now_s < closes

    def _open_s(self, channel: str, day: int) -> Spell:
        scenario = self.loaded.scenario
        return self._channels[channel].open_at_s(scenario.kind_of(day), day, scenario.local_days)

    def intent_of(self, said: str) -> str:
        """Return the intent a visitor chose, or the first where there is no such."""
        intents = self.loaded.scenario.intents
        return said if said in intents else next(iter(intents))

    def keep(self, task: asyncio.Future[Any]) -> None:
        """Keep a background task until it is done, so that it is not lost on the way."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """End the day: stop what still runs, close the truth."""
        self.has_ended = True
        for task in list(self._tasks):
            task.cancel()
        if self._begun:
            self.truth.close()


Hall.KEY = web.AppKey("hall", Hall)
