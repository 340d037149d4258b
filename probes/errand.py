"""What is to be played: a scenario's shoppers or customers, or single journeys; and playing it on the real clock."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from probes.browser import open_browser
from probes.channels.table import BROWSER, PROTOCOL
from probes.clock import Clock
from probes.crowd.crowd import Tick
from probes.desk.desk import DeskOptions, open_desk
from probes.guard import Guard
from probes.instrument import Instrument
from probes.player import SessionMaker
from probes.shop import journeys_of, play_plan, playable, shop_facts, start_rehearsal
from probes.virtual_loop import run_virtual
from results.runs import Run
from scenarios.charter import Charter
from scenarios.identity import case_id, contact_id, recorded_entity
from scenarios.journey import Journey, journey_named, read_journey
from scenarios.misconduct import Misconduct
from scenarios.plan import PLAN_COLUMNS, make_plan
from scenarios.reading import LoadedScenario
from scenarios.scenario import ChannelHours, Scenario, Team
from scenarios.target import Target
from scenarios.units import clock_text

BETWEEN_REPEATS_S = 2.0
LEAD_S = 2.0
"""Wall seconds between reaching a desk and the first contact."""


class NothingToPlayError(ValueError):
    """No contact of a plan can be played on a target; the message says why."""


@dataclass(frozen=True)
class Errand:
    """Contacts to play, with the scenario they belong to."""

    loaded: LoadedScenario
    plan: pd.DataFrame
    seed: int
    journeys: Mapping[str, Journey]
    anytime: bool = False
    """Whether only the gaps between due times matter, and the first contact may come now."""


def scenario_errand(loaded: LoadedScenario, seed: int, shoppers: int | None = None, everyone: bool = True) -> Errand:
    """Return a scenario's planned shoppers, or every customer of it."""
    plan = make_plan(loaded, seed, 0, shoppers)
    if not everyone:
        plan = plan[plan["played_by"] == "shopper"].reset_index(drop=True)
    return Errand(loaded, plan, seed, journeys_of(loaded, plan))


def journey_errand(names: Sequence[str], intent: str | None, repeats: int, seed: int) -> Errand:
    """Return each journey, by name or file, `repeats` times, a moment apart.

    Raises:
        NothingToPlayError: two files hold different journeys of one name, or none knows the intent.
        scenarios.faults.FaultsFoundError: a journey is missing or faulty.
    """
    journeys = [read_journey(Path(name)) if name.endswith((".yaml", ".yml")) else journey_named(name) for name in names]
    named = {journey.journey: journey for journey in journeys}
    if any(named[journey.journey] != journey for journey in journeys):
        raise NothingToPlayError("two of these journeys have one name and different scripts; give them different names")
    intents = {name: name for journey in journeys for name in journey.questions}
    wanted = intent or next((name for name in intents if name != "default"), "default")
    if wanted not in intents:
        raise NothingToPlayError(f"no journey here asks about {wanted!r}; they know {', '.join(intents)}")
    scenario = Scenario(
        scenario="journeys", title="Journeys: " + ", ".join(journey.journey for journey in journeys), time_zone="UTC",
        starts="2000-01-01", seed=seed, intents=intents,
        channels={j.channel: ChannelHours(opens="00:00", closes="24:00", journey=j.journey) for j in journeys},
        teams={"desk": Team(channels=[j.channel for j in journeys], agents={"00:00": 1}, service={})},
    )  # fmt: skip
    rows = []
    for number, journey in enumerate(journey for journey in journeys for _ in range(repeats)):
        customer = f"{journey.journey}.{number:05d}"
        rows.append(
            {
                "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
                "attempt": 1, "channel": journey.channel, "intent": wanted, "journey": journey.journey,
                "language": "en", "played_by": "shopper", "due_s": number * BETWEEN_REPEATS_S, "patience_s": np.inf,
                "entity": recorded_entity(customer),
            }
        )  # fmt: skip
    path = Path(names[0]) if names[0].endswith((".yaml", ".yml")) else Path("journeys")
    loaded = LoadedScenario(path, scenario, "", {}, {}, [])
    return Errand(
        loaded, pd.DataFrame(rows, columns=list(PLAN_COLUMNS)).astype({"entity": np.uint64}), seed, named, True
    )


async def play_real(
    errand: Errand,
    folder: Path,
    target: Target,
    charter: Charter,
    watch: Callable[[Tick], None],
    in_browser: bool = False,
    scale: float | None = None,
    misconduct: Misconduct | None = None,
) -> Run:
    """Play a plan on the real clock; the first contact is due `LEAD_S` wall seconds from now.

    A rehearsal desk's day is begun, or its clock and scale taken; any other desk runs in its own time.

    Raises:
        NothingToPlayError: no channel of the plan can be played on the target.
        ConnectionError: a rehearsal desk does not answer.
        probes.guard.RefusedByCharterError: the charter does not allow it.
    """
    loaded, plan, seed = errand.loaded, errand.plan, errand.seed
    host, port = target.address()
    Guard(charter).check(host, port)
    sessions: Mapping[str, SessionMaker] = BROWSER if in_browser else PROTOCOL
    chosen = playable(plan, sessions, target)
    if chosen.empty:
        raise NothingToPlayError(_why_nothing(plan, sessions, target))
    first_s = float(chosen["due_s"].min())
    if target.rehearsal:
        clock = await start_rehearsal(target, charter, None if errand.anytime else first_s, LEAD_S)
        if errand.anytime:
            chosen["due_s"] += clock.now_s() + LEAD_S * clock.scale - first_s
        elif clock.now_s() > first_s:
            raise NothingToPlayError(
                f"the day of {target.base_url} has begun: it is {clock_text(clock.now_s())} there, the first contact "
                f"is due at {clock_text(first_s)}; a scenario's day needs a desk that was just opened"
            )
    else:
        clock = Clock.real(epoch_s=time.time() + LEAD_S - first_s)
    if scale is not None and scale != clock.scale:
        raise NothingToPlayError(f"{target.base_url} runs at scale {clock.scale:g}, not {scale:g}; a desk sets its own")
    run = Run.create(folder, shop_facts(loaded, target, charter, seed, "real", clock.scale, misconduct))
    instrument = Instrument(scale=clock.scale)
    async with contextlib.AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_browser()) if in_browser else None
        shopped = await play_plan(
            loaded, chosen, run, target, charter, clock, seed, instrument, sessions, errand.journeys, browser, watch
        )
    return shopped.run


async def play_with_desk(errand: Errand, folder: Path, options: DeskOptions, watch: Callable[[Tick], None]) -> Run:
    """Open a rehearsal desk on the real clock and play a plan on it, in one process."""
    async with open_desk(errand.loaded, options) as desk:
        return await play_real(errand, folder, desk.target, desk.charter, watch, misconduct=options.misconduct)


def play_virtual(errand: Errand, folder: Path, options: DeskOptions, watch: Callable[[Tick], None]) -> Run:
    """Open a rehearsal desk under the virtual clock and play a plan on it: days in seconds, over real sockets."""
    loaded = errand.loaded

    async def day() -> Run:
        clock = Clock(asyncio.get_running_loop())
        async with open_desk(loaded, options, clock) as desk:
            facts = shop_facts(loaded, desk.target, desk.charter, options.seed, "virtual", 1.0, options.misconduct)
            run = Run.create(folder, facts)
            chosen = playable(errand.plan, PROTOCOL, desk.target)
            shopped = await play_plan(
                loaded,
                chosen,
                run,
                desk.target,
                desk.charter,
                clock,
                options.seed,
                Instrument(virtual=True),
                journeys=errand.journeys,
                watch=watch,
            )
            return shopped.run

    return run_virtual(day())


def _why_nothing(plan: pd.DataFrame, sessions: Mapping[str, SessionMaker], target: Target) -> str:
    if plan.empty:
        return "the plan holds no contact to play; name shoppers in the scenario or give --shoppers N"
    planned = ", ".join(sorted(set(plan["channel"])))
    described = ", ".join(name for name in ("chat", "form", "faq", "phone") if getattr(target, name)) or "no channel"
    return (
        f"no contact can be played: the plan has {planned}; these probes can play {', '.join(sorted(sessions))}; "
        f"{target.target} describes {described}"
    )
