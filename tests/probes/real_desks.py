"""Plays journeys on desks that nobody here wrote, with the target files that are shipped: only the address differs."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from probes.crowd.crowd import Tick
from probes.errand import Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.log import check_legs
from results.runs import Run
from scenarios.charter import AllowedHost
from scenarios.reading import HERE
from scenarios.target import Target, read_target
from tests.probes.test_guard import charter


def shipped(name: str, base_url: str, poll_s: float | None = None) -> Target:
    """Return a target of ours at an address; `poll_s`: its wires look so often, for tests have no minutes."""
    target = read_target(HERE / "targets" / f"{name}.yaml")
    wires = target.wires
    if poll_s is not None:
        wires = {channel: wire.model_copy(update={"poll_s": poll_s}) for channel, wire in wires.items()}
    return target.model_copy(update={"base_url": base_url, "wires": wires})


class Played:
    """What came of the contacts of a run."""

    def __init__(self, run: Run) -> None:
        self.epoch_s = float(run.facts["epoch_s"])
        self.legs: pd.DataFrame = run.table("legs")
        self.steps: pd.DataFrame = run.table("steps")
        self.messages: pd.DataFrame = run.table("messages")
        self.doubts: dict[str, int] = run.facts["doubts"]
        check_legs(self.legs)

    def rungs(self, contact: int = 0) -> list[str]:
        """Return the rungs that a contact reached, in order."""
        mine = self.steps["contact_id"] == self.legs["contact_id"].iloc[contact]
        return list(self.steps.loc[mine & self.steps["rung"].notna() & (self.steps["state"] == "seen"), "rung"])

    def rung(self, name: str, contact: int = 0) -> Any:
        """Return the step in which a contact reached a rung."""
        mine = self.steps["contact_id"] == self.legs["contact_id"].iloc[contact]
        return self.steps[mine & (self.steps["rung"] == name) & (self.steps["state"] == "seen")].iloc[0]

    def said(self, speaker: str) -> list[str]:
        """Return what somebody said, in order."""
        return list(self.messages.loc[self.messages["speaker"] == speaker, "text"])


def play(
    journey: str | Path,
    target: Target,
    folder: Path,
    *,
    repeats: int = 1,
    in_browser: bool = False,
    players: Any = None,
    also: Sequence[tuple[str, int]] = (),
) -> Played:
    """Play a journey, by name or file, on a target; `also`: hosts and ports that the charter lists besides."""
    places = [("127.0.0.1", target.address()[1]), *also]
    licence = charter(*(AllowedHost(host=host, ports=[port]) for host, port in places), effects=["public_post"])
    licence = licence.model_copy(update={"contacts_per_day_most": 1000})
    what = journey_errand([str(journey)], None, players or Players(repeats=repeats), 1)
    ticks: list[Tick] = []
    return Played(asyncio.run(play_real(what, folder / "run", Access(target, licence, in_browser), ticks.append)))


def as_logged(text: str) -> str:
    """Return words as a run folder keeps them: without the order number, which is the persona's."""
    return re.sub(r"\b\d{6}\b", "<order>", text)


def holds(folder: Path, secret: str) -> list[str]:
    """Return the files of a folder in which a secret stands."""
    found = secret.encode()
    return [file.name for file in folder.rglob("*") if file.is_file() and found in file.read_bytes()]
