"""A handful of real browser journeys on the rehearsal desk, on the real clock: the eyes beside the crowd.

They say what a customer's own screen shows and when, and keep pictures of what fails; they are too few to judge by, so
nothing here is compared or gated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from probes.browser import open_browser
from probes.channels.table import BROWSER
from probes.clock import SCALE_MAX, Clock
from probes.crowd.crowd import Tick
from probes.desk.desk import DeskOptions, open_desk
from probes.errand import Errand
from probes.instrument import Instrument
from probes.setting import Access, Setting
from probes.shop import Shopped, play_plan, shop_facts
from results.runs import Run
from scenarios.misconduct import Misconduct, no_misconduct
from scenarios.plan import make_plan
from scenarios.reading import LoadedScenario

SETTLED_S = 300.0
"""So long after everybody's shift has begun the handful begins."""


@dataclass(frozen=True)
class Handful:
    """How many journeys are played in the browser, and how close together (wall seconds)."""

    chats_per_intent: int = 2
    forms: int = 2
    apart_s: float = 1.5
    """Loading and filling in a page keeps a core busy for about half a second."""
    lead_s: float = 1.0
    form_poll_s: float = 30.0
    """How often a ticket page is looked at (scenario seconds): a customer in a hurry, in front of the screen."""
    wall_s_most: float = 75.0
    """What is still under way then is censored."""


def choose_handful(loaded: LoadedScenario, seed: int, handful: Handful, start_s: float, scale: float) -> pd.DataFrame:
    """Choose the first few customers of a scenario's plan, and have them come shortly after another.

    They stay who they are, with their luck and patience; only when they come is changed. Forms, which take longest,
    come first.
    """
    plan = make_plan(loaded, seed).sort_values("due_s", kind="stable")
    forms, chats = (plan[(plan["channel"] == channel) & plan["journey"].notna()] for channel in ("form", "chat"))
    few = [forms.head(handful.forms), chats.groupby("intent").head(handful.chats_per_intent)]
    chosen = pd.concat(few, ignore_index=True)
    chosen["due_s"] = [start_s + place * handful.apart_s * scale for place in range(len(chosen))]
    chosen["played_by"] = "shopper"
    return chosen


def best_start_s(loaded: LoadedScenario) -> float:
    """Return when to begin: shortly after the first moment at which the most of chat and form are open and staffed.

    >>> from scenarios.reading import HERE, load_scenario
    >>> best_start_s(load_scenario(HERE / "quiet_tuesday.yaml"))  # the form team comes at ten
    36300.0
    """
    scenario = loaded.scenario
    first, local = scenario.kind_of(0), scenario.local_days
    hours = {name: hours.open_at_s(first, 0, local) for name, hours in scenario.channels.items() if name in BROWSER}

    def served(at_s: float) -> int:
        return sum(
            hours[name][0] <= at_s < hours[name][1]
            and any(
                name in team.channels and not team.self_service and _on_duty(loaded, team_name, at_s) > 0
                for team_name, team in scenario.teams.items()
            )
            for name in hours
        )

    changes = {float(opens) for opens, _ in hours.values()}
    changes |= {at_s for steps in loaded.agents.values() for at_s, _ in steps if at_s < local.begins_s(1)}
    first_s = min(changes, key=lambda at_s: (-served(at_s), at_s))
    return first_s + SETTLED_S if served(first_s + SETTLED_S) == served(first_s) else first_s


def _on_duty(loaded: LoadedScenario, team: str, at_s: float) -> int:
    return next((count for from_s, count in reversed(loaded.agents.get(team, [])) if from_s <= at_s), 0)


async def browse(
    loaded: LoadedScenario,
    folder: Path,
    seed: int,
    scale: float = SCALE_MAX,
    handful: Handful | None = None,
    misconduct: Misconduct | None = None,
    truth: Path | None = None,
    watch: Callable[[Tick], None] | None = None,
) -> Shopped:
    """Open a desk of the scenario and play a handful of journeys on it in a browser; writes a measured run.

    Args:
        loaded: the scenario; its desk opens at `best_start_s`, with nobody else about.
        folder: of the run, new or empty.
        seed: of plan and desk.
        scale: how much faster than the wall the day runs, at most 10.
        handful: how many journeys, how close together and how long.
        misconduct: what the desk does other than believed.
        truth: a file for what the desk really did.
        watch: told how far it is.

    Raises:
        BrowserMissingError: there is nothing to play in.
    """
    few = handful or Handful()
    start_s = best_start_s(loaded)
    plan = choose_handful(loaded, seed, few, start_s, scale)
    options = DeskOptions(seed=seed, scale=scale, misconduct=misconduct or no_misconduct(), truth=truth)
    async with open_browser() as browser:
        clock = Clock.real(epoch_s=time.time() + few.lead_s - start_s / scale, scale=scale)
        async with open_desk(loaded, options, clock) as desk:
            target = desk.target
            if target.form is not None:
                target = target.model_copy(update={"form": target.form.model_copy(update={"poll_s": few.form_poll_s})})
            errand = Errand.of(loaded, plan, seed, ends_s=start_s + few.wall_s_most * scale)
            access = Access(target, desk.charter, in_browser=True, instead=BROWSER)
            facts = shop_facts(errand, access, "real", scale, options.misconduct)
            run = Run.create(folder, {**facts, "browser": browser.version})
            return await play_plan(errand, run, Setting(access, clock, Instrument(scale=scale), browser), watch)
