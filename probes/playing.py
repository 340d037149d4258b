"""Playing an errand on a desk: on the real clock, on a desk that we open for it, or under the virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pandas as pd

from probes.browser import open_browser
from probes.channels.table import sessions_of
from probes.clock import Clock
from probes.crowd.crowd import Tick
from probes.descriptors import room_for
from probes.desk.desk import DeskOptions, open_desk
from probes.errand import Errand, NothingToPlayError, journeys_hash, playable
from probes.guard import Guard, guarding
from probes.instrument import Instrument
from probes.resolve import PinnedResolver
from probes.resume import Resumed
from probes.setting import Access, Setting
from probes.shop import play_plan, shop_facts
from probes.virtual_loop import run_virtual
from results.runs import Run
from results.stages import moved_facts
from scenarios.misconduct import Misconduct
from scenarios.target import Target
from scenarios.units import clock_text

log = logging.getLogger(__name__)

LEAD_S = 2.0
"""Wall seconds between reaching a desk and the first contact."""


def chosen_of(errand: Errand, access: Access) -> pd.DataFrame:
    """Return the contacts of an errand that can be played on a target.

    Raises:
        NothingToPlayError: none of them.
        probes.guard.RefusedByCharterError: the charter does not list the target.
    """
    host, port = access.target.address()
    Guard(access.charter).check(host, port)
    chosen = playable(errand.plan, access.sessions)
    if chosen.empty:
        raise NothingToPlayError(_why_nothing(errand.plan, access.target))
    return chosen


async def start_clock(errand: Errand, chosen: pd.DataFrame, access: Access) -> Clock:
    """Begin the day so that the first contact is due `LEAD_S` wall seconds from now.

    A rehearsal desk's day is begun, or its clock taken; contacts that may come at any time are moved there (`chosen`).

    Raises:
        NothingToPlayError: the day of a rehearsal desk has passed the first contact.
        ConnectionError: a rehearsal desk does not answer.
    """
    first_s, target = float(chosen["due_s"].min()), access.target
    if not target.rehearsal:
        epoch_s = time.time() + LEAD_S - first_s if errand.epoch_s is None else errand.epoch_s
        return Clock.real(epoch_s=epoch_s)
    anytime = errand.anytime or errand.epoch_s is not None  # its day is no date
    clock = await start_rehearsal(access, None if anytime else first_s, LEAD_S)
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
    access: Access,
    watch: Callable[[Tick], None] | None = None,
    scale: float | None = None,
    misconduct: Misconduct | None = None,
    resumed: Resumed | None = None,
) -> Run:
    """Play an errand on the real clock; the first contact is due `LEAD_S` wall seconds from now.

    A rehearsal desk's day is begun, or its clock and scale taken; any other desk runs in its own time. A run that is
    taken up again (`resumed`) keeps its clock and its folder, and begins no contact twice.

    Raises:
        NothingToPlayError: no channel of the plan can be played on the target, more come at once than this process may
            have connections, or the run to be taken up is another.
        ConnectionError: a rehearsal desk does not answer.
        probes.guard.RefusedByCharterError: the charter does not allow it.
    """
    chosen, target = chosen_of(errand, access), access.target
    planned_s = float(chosen["due_s"].min())
    if resumed is not None:
        clock = Clock.real(epoch_s=float(resumed.run.facts["epoch_s"]), scale=float(resumed.run.facts["scale"]))
    else:
        clock = await start_clock(errand, chosen, access)
    if scale is not None and scale != clock.scale:
        raise NothingToPlayError(f"{target.base_url} runs at scale {clock.scale:g}, not {scale:g}; a desk sets its own")
    instrument = Instrument(scale=clock.scale)
    if not access.in_browser:
        instrument.warnings += _doubts_of_room(chosen, clock.scale, errand.loaded.horizon_s)
    facts = shop_facts(errand, access, "real", clock.scale, misconduct)
    facts |= moved_facts(facts, float(chosen["due_s"].min()) - planned_s)
    facts |= {"journeys": journeys_hash(errand.journeys), **errand.facts}
    if resumed is None:
        run = Run.create(folder, facts)
    else:
        run, chosen = resumed.run, resumed.plan_from(facts, clock.now_s() + LEAD_S * clock.scale)
    async with contextlib.AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_browser()) if access.in_browser else None
        setting = Setting(access, clock, instrument, browser)
        begun = resumed.begun if resumed else None
        return (await play_plan(replace(errand, plan=chosen), run, setting, watch, begun)).run


async def play_with_desk(errand: Errand, folder: Path, options: DeskOptions, watch: Callable[[Tick], None]) -> Run:
    """Open a rehearsal desk on the real clock and play a plan on it, in one process."""
    async with open_desk(errand.loaded, options) as desk:
        access = Access(desk.target, desk.charter)
        return await play_real(errand, folder, access, watch, misconduct=options.misconduct)


def play_virtual(errand: Errand, folder: Path, options: DeskOptions, watch: Callable[[Tick], None]) -> Run:
    """Open a rehearsal desk under the virtual clock and play a plan on it: days in seconds, over real sockets."""

    async def day() -> Run:
        clock = Clock(asyncio.get_running_loop())
        async with open_desk(errand.loaded, options, clock) as desk:
            access = Access(desk.target, desk.charter)
            played = replace(errand, plan=playable(errand.plan, access.sessions), seed=options.seed)
            run = Run.create(folder, shop_facts(played, access, "virtual", 1.0, options.misconduct))
            setting = Setting(access, clock, Instrument(virtual=True))
            return (await play_plan(played, run, setting, watch)).run

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


async def start_rehearsal(access: Access, start_s: float | None, lead_s: float = 1.0) -> Clock:
    """Begin a rehearsal desk's day so that scenario time `start_s` comes `lead_s` wall seconds from now.

    A desk whose day has begun keeps it, and we take its clock; where `start_s` is None a new day begins at opening.

    Raises:
        ConnectionError: the desk does not answer.
        probes.guard.RefusedByCharterError: the charter does not list it.
    """
    target, guard = access.target, Guard(access.charter)
    guard.check_url(target.base_url)
    url, wish = f"{target.base_url}/rehearsal/day", {"start_s": start_s, "lead_s": lead_s}
    with guarding(guard):
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            connector = aiohttp.TCPConnector(resolver=PinnedResolver(guard))
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
                http.post(url, json=wish) as answer,
            ):
                day = json.loads(await answer.text())
                return Clock.real(epoch_s=float(day["epoch_s"]), scale=float(day["scale"]))
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
            raise ConnectionError(f"{target.base_url} does not answer as a rehearsal desk: {error}") from None
