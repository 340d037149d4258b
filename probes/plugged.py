"""What the pytest plugin does once a test asks for it: open desks, play single journeys, say what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from probes.desk.desk import DeskOptions, open_desk
from probes.errand import Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.exports import last_step
from results.runs import new_folder
from scenarios.charter import read_charter
from scenarios.models import write_model
from scenarios.persona import persona_named, read_persona
from scenarios.reading import load_scenario
from scenarios.target import read_target

DESK_S_MOST = 60.0


class ShopError(AssertionError):
    """A journey did not bring what was wanted; the message says what came instead, and at which step."""


@dataclass(frozen=True)
class Shopped:
    """One journey, played: its tables are frames as the contact log has them."""

    folder: Path
    legs: pd.DataFrame
    steps: pd.DataFrame
    messages: pd.DataFrame

    @property
    def outcome(self) -> str:
        """What came of the last contact."""
        return str(self.legs["contact_outcome"].iloc[-1])

    @property
    def transcript(self) -> str:
        """Who said what."""
        return "\n".join(
            f"  {at_s:9.1f} s  {who}: {text}"
            for at_s, who, text in zip(
                self.messages["at_s"], self.messages["speaker"], self.messages["text"], strict=True
            )
        )

    def check(self) -> None:
        """Fail unless what was wanted came.

        Raises:
            ShopError: saying how it ended.
        """
        if self.outcome == "resolved":
            return
        last = self.legs.iloc[-1]
        why = f": {last['reason']}" if pd.notna(last["reason"]) else ""
        at = last_step(self.steps, str(last["contact_id"]))
        raise ShopError(f"{last['journey']} on {last['channel']} ended {self.outcome} {at}{why}\n"
                        f"{self.transcript}\nkept in {self.folder}")  # fmt: skip


@dataclass(frozen=True)
class OpenedDesk:
    """A rehearsal desk that is open: the files by which it is found."""

    url: str
    target: Path
    charter: Path


def shop_one(
    journey: str, target: Path, charter: Path, runs: Path, persona: str | None = None, in_browser: bool = False
) -> Shopped:
    """Play a journey, by name or file, once.

    Raises:
        scenarios.faults.FaultsFoundError: a file is faulty.
        probes.guard.RefusedByCharterError: the charter does not allow it.
    """
    kinds = [] if persona is None else [read_persona(Path(persona)) if persona.endswith(".yaml") else
                                        persona_named(persona)]  # fmt: skip
    errand = journey_errand([journey], None, Players(kinds), 1)
    folder = new_folder(Path(journey).stem, "pytest", within=runs)
    access = Access(read_target(target), read_charter(charter), in_browser)
    run = asyncio.run(play_real(errand, folder, access))
    return Shopped(run.folder, run.table("legs"), run.table("steps"), run.table("messages"))


@contextlib.contextmanager
def open_desks(folder: Path) -> Iterator[Callable[..., OpenedDesk]]:
    """Yield what opens desks, each served from a thread; all are closed when the block ends."""
    with contextlib.ExitStack() as stack:

        def opens(scenario: str | Path, **options: Any) -> OpenedDesk:
            return stack.enter_context(_served(Path(scenario), folder, DeskOptions(**options)))

        yield opens


@contextlib.contextmanager
def _served(scenario: Path, folder: Path, options: DeskOptions) -> Iterator[OpenedDesk]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = open_desk(load_scenario(scenario), options)

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(DESK_S_MOST)

    desk = run(opened.__aenter__())
    try:
        port = desk.target.address()[1]
        target, charter = folder / f"target-{port}.yaml", folder / f"charter-{port}.yaml"
        write_model(target, desk.target)
        write_model(charter, desk.charter)
        yield OpenedDesk(desk.target.base_url, target, charter)
    finally:
        run(opened.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DESK_S_MOST)
        loop.close()
