"""What is to be played: a scenario's shoppers or customers, or single journeys; and playing it on the real clock."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from probes.browser import open_browser
from probes.channels.table import sessions_of
from probes.clock import Clock
from probes.crowd.crowd import Cast, Tick
from probes.descriptors import room_for
from probes.desk.desk import DeskOptions, open_desk
from probes.guard import Guard
from probes.instrument import Instrument
from probes.player import SessionMaker
from probes.resume import Resumed
from probes.shop import journeys_hash, journeys_of, play_plan, playable, shop_facts, start_rehearsal
from probes.virtual_loop import run_virtual
from results.runs import Run
from results.stages import moved_facts
from scenarios.charter import Charter
from scenarios.draws import Purpose, uniform, visit
from scenarios.identity import case_id, contact_id, recorded_entity
from scenarios.journey import Journey, journey_named, read_journey
from scenarios.laws import law_row, quantile_s
from scenarios.misconduct import Misconduct
from scenarios.persona import PersonaKind, persona_named
from scenarios.plan import PLAN_COLUMNS, make_plan
from scenarios.reading import LoadedScenario
from scenarios.scenario import ChannelHours, Scenario, Team
from scenarios.target import Target
from scenarios.units import clock_text

log = logging.getLogger(__name__)

BETWEEN_REPEATS_S = 2.0
JOURNEY_DAYS_MOST = 60
"""No journey lasts longer: a promise of eight weeks can be chased."""
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
    cast: Cast = field(default_factory=Cast)
    files: Path | None = None
    """Where the files lie that journeys attach."""
    epoch_s: float | None = None
    """The wall instant of second 0, where the contacts have dates."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the run's run.json says besides."""


def scenario_errand(loaded: LoadedScenario, seed: int, shoppers: int | None = None, everyone: bool = True) -> Errand:
    """Return a scenario's planned shoppers, or every customer of it."""
    plan = make_plan(loaded, seed, 0, shoppers)
    if not everyone:
        plan = plan[plan["played_by"] == "shopper"].reset_index(drop=True)
    return Errand(loaded, plan, seed, journeys_of(loaded, plan))


@dataclass(frozen=True)
class Players:
    """Who plays journeys that no scenario plans."""

    personas: Sequence[PersonaKind] = ()
    """In turn; left out: those that each journey names, or anybody."""
    feed: Sequence[Mapping[str, str]] = ()
    """What each contact in turn is about: rows of a table, by column."""
    repeats: int = 1


def journey_errand(names: Sequence[str], intent: str | None, players: Players, seed: int) -> Errand:
    """Return each journey, by name or file, as often as is asked, a moment apart.

    Raises:
        NothingToPlayError: two files hold different journeys of one name, none knows the intent, or the feed lacks a
            column that a journey speaks of.
        scenarios.faults.FaultsFoundError: a journey or a persona it names is missing or faulty.
    """
    paths = [Path(name) if name.endswith((".yaml", ".yml")) else None for name in names]
    journeys = [read_journey(path) if path else journey_named(name) for path, name in zip(paths, names, strict=True)]
    named = {journey.journey: journey for journey in journeys}
    if any(named[journey.journey] != journey for journey in journeys):
        raise NothingToPlayError("two of these journeys have one name and different scripts; give them different names")
    intents = {name: name for journey in journeys for name in journey.questions}
    wanted = intent or next((name for name in intents if name != "default"), "default")  # of others `default` is asked
    if wanted not in intents and all(len(journey.questions) > 1 for journey in journeys):
        raise NothingToPlayError(f"no journey here asks about {wanted!r}; they know {', '.join(intents)}")
    _check_feed(journeys, players.feed)
    scenario = journeys_scenario(journeys, seed, 0, wanted)
    rows, kinds, data = [], {}, {}
    times = [(journey, path) for journey, path in zip(journeys, paths, strict=True) for _ in range(players.repeats)]
    for number, (journey, path) in enumerate(times):
        customer = f"{journey.journey}.{number:05d}"
        kind = _kind_of(journey, path, players, number)
        if kind is not None:
            kinds[customer] = kind
        if players.feed:
            data[customer] = players.feed[number % len(players.feed)]
        rows.append(
            {
                "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
                "attempt": 1, "channel": journey.channel, "intent": wanted, "journey": journey.journey,
                "language": kind.language if kind else "en", "played_by": "shopper",
                "due_s": number * BETWEEN_REPEATS_S, "patience_s": _patience_s(kind, customer, seed),
                "entity": recorded_entity(customer),
            }
        )  # fmt: skip
    folder = next((path.parent for path in paths if path), Path())
    loaded = LoadedScenario(folder / "journeys", scenario, journeys_hash(named), {}, {}, [])
    plan = pd.DataFrame(rows, columns=list(PLAN_COLUMNS)).astype({"entity": np.uint64})
    return Errand(loaded, plan, seed, named, True, Cast(kinds, data), folder)


def journeys_scenario(journeys: Sequence[Journey], seed: int, days: int, intent: str = "default") -> Scenario:
    """Return a scenario for journeys that none plans: always open, and as long as a journey may last after `days`."""
    channels = list(dict.fromkeys(channel for journey in journeys for channel in journey.channels()))
    begins = {journey.channel: journey.journey for journey in journeys}
    intents = {name: name for journey in journeys for name in journey.questions} | {intent: intent}
    return Scenario(
        scenario="journeys", title="Journeys: " + ", ".join(journey.journey for journey in journeys), time_zone="UTC",
        starts="2000-01-01", days=days + JOURNEY_DAYS_MOST, seed=seed, intents=intents,
        channels={name: ChannelHours(opens="00:00", closes="24:00", journey=begins.get(name)) for name in channels},
        teams={"desk": Team(channels=channels, agents={"00:00": 1}, service={})},
    )  # fmt: skip


def _kind_of(journey: Journey, path: Path | None, players: Players, number: int) -> PersonaKind | None:
    if players.personas:
        return players.personas[number % len(players.personas)]
    if not journey.personas:
        return None
    name = journey.personas[number % len(journey.personas)]
    return persona_named(name, path.parent.parent if path else None)


def _patience_s(kind: PersonaKind | None, customer: str, seed: int) -> float:
    if kind is None or kind.patience is None:
        return np.inf
    u = uniform(seed, 0, recorded_entity(customer), visit(0, 1, 0), int(Purpose.PATIENCE), 0)
    return float(quantile_s(*law_row(kind.patience), u))


def _check_feed(journeys: Sequence[Journey], feed: Sequence[Mapping[str, str]]) -> None:
    spoken = {found for journey in journeys for found in re.findall(r"{data\.(\w+)}", journey.model_dump_json())}
    told = set(feed[0]) if feed else set()
    if missing := sorted(spoken - told):
        what = (
            f"has no column {', '.join(missing)}; it has {', '.join(sorted(told))}"
            if feed
            else "is needed: --feed FILE"
        )
        raise NothingToPlayError(f"the feed {what} (the journeys speak of {', '.join(sorted(spoken))})")


def read_feed(path: Path) -> list[dict[str, str]]:
    """Read what contacts are about: a CSV file with a line of names.

    Raises:
        NothingToPlayError: it cannot be read, or holds no row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [dict(row) for row in csv.DictReader(lines)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NothingToPlayError(f"{path} cannot be read as a CSV file: {error}") from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise NothingToPlayError(f"{path}:{number}: more or fewer values than the first line has names")
    if not rows:
        raise NothingToPlayError(f"{path} holds no row under its line of names")
    return rows


def chosen_of(errand: Errand, target: Target, charter: Charter, sessions: Mapping[str, SessionMaker]) -> pd.DataFrame:
    """Return the contacts of an errand that can be played on a target.

    Raises:
        NothingToPlayError: none of them.
        probes.guard.RefusedByCharterError: the charter does not list the target.
    """
    host, port = target.address()
    Guard(charter).check(host, port)
    chosen = playable(errand.plan, sessions)
    if chosen.empty:
        raise NothingToPlayError(_why_nothing(errand.plan, target))
    return chosen


async def start_clock(errand: Errand, chosen: pd.DataFrame, target: Target, charter: Charter) -> Clock:
    """Begin the day so that the first contact is due `LEAD_S` wall seconds from now.

    A rehearsal desk's day is begun, or its clock taken; contacts that may come at any time are moved there (`chosen`).

    Raises:
        NothingToPlayError: the day of a rehearsal desk has passed the first contact.
        ConnectionError: a rehearsal desk does not answer.
    """
    first_s = float(chosen["due_s"].min())
    if not target.rehearsal:
        epoch_s = time.time() + LEAD_S - first_s if errand.epoch_s is None else errand.epoch_s
        return Clock.real(epoch_s=epoch_s)
    anytime = errand.anytime or errand.epoch_s is not None  # its day is no date
    clock = await start_rehearsal(target, charter, None if anytime else first_s, LEAD_S)
    if anytime:
        chosen["due_s"] += clock.now_s() + LEAD_S * clock.scale - first_s
    elif clock.now_s() > first_s:
        raise NothingToPlayError(
            f"the day of {target.base_url} has begun: it is {clock_text(clock.now_s())} there, the first contact "
            f"is due at {clock_text(first_s)}; a scenario's day needs a desk that was just opened"
        )
    return clock


async def play_real(
    errand: Errand,
    folder: Path,
    target: Target,
    charter: Charter,
    watch: Callable[[Tick], None],
    in_browser: bool = False,
    scale: float | None = None,
    misconduct: Misconduct | None = None,
    resumed: Resumed | None = None,
    trace: bool = False,
) -> Run:
    """Play a plan on the real clock; the first contact is due `LEAD_S` wall seconds from now.

    A rehearsal desk's day is begun, or its clock and scale taken; any other desk runs in its own time. A run that is
    taken up again (`resumed`) keeps its clock and its folder, and begins no contact twice.

    Raises:
        NothingToPlayError: no channel of the plan can be played on the target, more come at once than this process may
            have connections, or the run to be taken up is another.
        ConnectionError: a rehearsal desk does not answer.
        probes.guard.RefusedByCharterError: the charter does not allow it.
    """
    loaded, seed = errand.loaded, errand.seed
    sessions = sessions_of(target, in_browser)
    chosen = chosen_of(errand, target, charter, sessions)
    planned_s = float(chosen["due_s"].min())
    if resumed is not None:
        clock = Clock.real(epoch_s=float(resumed.run.facts["epoch_s"]), scale=float(resumed.run.facts["scale"]))
    else:
        clock = await start_clock(errand, chosen, target, charter)
    if scale is not None and scale != clock.scale:
        raise NothingToPlayError(f"{target.base_url} runs at scale {clock.scale:g}, not {scale:g}; a desk sets its own")
    instrument = Instrument(scale=clock.scale)
    if not in_browser:
        instrument.warnings += _doubts_of_room(chosen, clock.scale, loaded.horizon_s)
    facts = shop_facts(loaded, target, charter, seed, "real", clock.scale, misconduct)
    facts |= moved_facts(facts, float(chosen["due_s"].min()) - planned_s)
    facts |= {"journeys": journeys_hash(errand.journeys), **errand.facts}
    if resumed is None:
        run = Run.create(folder, facts)
    else:
        run, chosen = resumed.run, resumed.plan_from(facts, clock.now_s() + LEAD_S * clock.scale)
    async with contextlib.AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_browser()) if in_browser else None
        shopped = await play_plan(
            loaded, chosen, run, target, charter, clock, seed, instrument, sessions, errand.journeys, browser, watch,
            cast=errand.cast, begun=resumed.begun if resumed else None, files=errand.files, trace=trace,
        )  # fmt: skip
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
            sessions = sessions_of(desk.target)
            chosen = playable(errand.plan, sessions)
            shopped = await play_plan(
                loaded,
                chosen,
                run,
                desk.target,
                desk.charter,
                clock,
                options.seed,
                Instrument(virtual=True),
                sessions,
                journeys=errand.journeys,
                watch=watch,
                cast=errand.cast,
                files=errand.files,
            )
            return shopped.run

    return run_virtual(day())


def _doubts_of_room(plan: pd.DataFrame, scale: float, until_s: float) -> list[str]:
    """Warn where a plan may want more connections than there are; refuse it where it surely does."""
    room = room_for(plan, scale, until_s)
    if (why := room.why_not()) is not None:
        raise NothingToPlayError(why)
    doubt = room.doubt()
    if doubt is None:
        return []
    log.warning("%s", doubt)
    return [doubt]


def _why_nothing(plan: pd.DataFrame, target: Target) -> str:
    if plan.empty:
        return "the plan holds no contact to play; name shoppers in the scenario or give --shoppers N"
    planned = ", ".join(sorted(set(plan["channel"])))
    described = ", ".join(sessions_of(target)) or "no channel"
    return f"no contact can be played: the plan has {planned}; {target.target} describes {described}"
