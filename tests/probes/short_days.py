"""Days of a few recorded customers, played under the virtual clock: every time in them is known beforehand."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from probes.desk.desk import DeskOptions
from probes.errand import scenario_errand
from probes.playing import play_virtual
from results.log import check_legs
from results.runs import Run
from tests.probes.small_desk import write_journeys
from tests.written import exactly, one_desk, written

JOURNEY_OF = {"chat": "short_chat", "form": "short_form", "faq": "short_look"}


def open_all_day(channel: str, **more: Any) -> dict[str, Any]:
    """One channel of a scenario, with the short journey where there is one."""
    journey = {"journey": JOURNEY_OF[channel]} if channel in JOURNEY_OF else {}
    return {"opens": "00:00", "closes": "24:00", **journey, **more}


def team(agents: int = 1, service_s: float = 60.0, **more: Any) -> dict[str, Any]:
    """A team for chat and form that takes as long for each."""
    return {
        "channels": ["chat", "form"],
        "agents": {"00:00": agents},
        "service": {"default": exactly(service_s)},
    } | more


def play_day(folder: Path, arrivals: Iterable[tuple[str, float, str]], seed: int = 1, **scenario: Any) -> pd.DataFrame:
    """Play customers (name, when they come, channel) through a day; returns the legs, by contact and leg."""
    write_journeys(folder)
    loaded = written(
        folder, one_desk(**scenario), [(name, due_s, channel, "order") for name, due_s, channel in arrivals]
    )
    run: Run = play_virtual(scenario_errand(loaded, seed), folder / "run", DeskOptions(seed), lambda tick: None)
    legs = run.table("legs")
    check_legs(legs)
    return legs.set_index(["contact_id", "leg"])
