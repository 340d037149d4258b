"""Shop: play a plan's contacts on a desk and write a measured run.

The function behind `testdrive shop` and `testdrive load`, and the probing half of `testdrive run`. A run folder with
its plan exists before the first byte is sent; the tables are made from the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gc
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pandas as pd

from probes.browser import Browser
from probes.channels.contract import Surroundings
from probes.channels.table import load_channels, sessions_of
from probes.cleaning import WHAT_RULES_MISS, load_rules
from probes.clock import Clock
from probes.crowd.crowd import Cast, Crowd, Tick
from probes.crowd.shards import Gain, only
from probes.descriptors import raise_limit
from probes.guard import Guard, guarding
from probes.http_client import CONNECTIONS_MOST, HttpClient
from probes.instrument import Instrument, Judgement
from probes.login import secrets_given
from probes.personas import load_names
from probes.player import SessionMaker, load_draws
from probes.proof import prove_control
from probes.resolve import PinnedResolver
from probes.resume import Begun
from results.journal import JOURNAL, Journal, journals_in, tables_from_journal
from results.runs import FINISHED, INTERRUPTED, RUNNING, Run, run_id, scenario_facts
from results.saturation import saturations
from scenarios.charter import Charter, charter_hash
from scenarios.journey import Journey, journey_named
from scenarios.misconduct import Misconduct
from scenarios.reading import LoadedScenario
from scenarios.target import Target

REFUSALS_TOLD = 100


@dataclass(frozen=True)
class Shopped:
    """What a measured run came to."""

    run: Run
    planned: int
    outcomes: Mapping[str, int]
    instrument: Judgement
    interrupted: bool


def shop_facts(
    loaded: LoadedScenario,
    target: Target,
    charter: Charter,
    seed: int,
    clock: str,
    scale: float,
    misconduct: Misconduct | None = None,
) -> dict[str, Any]:
    """Return the facts of a measured run for its run.json; `misconduct` is our own desk's, where we opened it."""
    wrongs = misconduct.model_dump(exclude_defaults=True) if misconduct is not None else {}
    more = [json.dumps(wrongs, sort_keys=True)] if wrongs else []
    return {
        **scenario_facts(loaded, seed),
        "run_id": run_id("measured", loaded.scenario.scenario, loaded.hash, seed, clock, scale, *more),
        "kind": "measured",
        "clock": clock,
        "scale": scale,
        "target": target.target,
        "rehearsal": target.rehearsal,
        "misconduct": wrongs,
        "charter": {
            "owner": charter.owner,
            "kind": charter.kind,
            "purpose": charter.purpose,
            "hash": charter_hash(charter),
            "retention_days": charter.retention_days,
        },
    }


def journeys_hash(journeys: Mapping[str, Journey]) -> str:
    """Return 16 hex digits over what the scripts say: a run is not taken up again with others."""
    said = json.dumps({name: journeys[name].model_dump(mode="json") for name in sorted(journeys)}, sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def journeys_of(loaded: LoadedScenario, plan: pd.DataFrame) -> dict[str, Journey]:
    """Return the journeys that a plan's contacts play, and those of the channels on which they may try again.

    Raises:
        scenarios.faults.FaultsFoundError: one is missing or faulty.
    """
    channels = loaded.scenario.channels
    again = {channels[to].journey for retry in loaded.scenario.retry.values() for to in retry.to}
    names = sorted(name for name in {*plan["journey"], *again} if isinstance(name, str))
    return {name: journey_named(name, loaded.path.parent) for name in names}


def playable(plan: pd.DataFrame, sessions: Mapping[str, SessionMaker]) -> pd.DataFrame:
    """Return the contacts that can be played: their channel has a journey, and a session on the target."""
    return plan[plan["channel"].isin(list(sessions)) & plan["journey"].notna()].reset_index(drop=True)


async def play_plan(
    loaded: LoadedScenario,
    plan: pd.DataFrame,
    run: Run,
    target: Target,
    charter: Charter,
    clock: Clock,
    seed: int,
    instrument: Instrument,
    sessions: Mapping[str, SessionMaker] | None = None,
    journeys: Mapping[str, Journey] | None = None,
    browser: Browser | None = None,
    watch: Callable[[Tick], None] | None = None,
    until_s: float | None = None,
    cast: Cast | None = None,
    begun: Begun | None = None,
    files: Path | None = None,
    trace: bool = False,
) -> Shopped:
    """Play a plan on a running clock and finish the run folder, also when interrupted.

    `journeys` are those that the plan names; where left out they are found beside the scenario or among ours. `begun`
    is what an earlier part of the same run has begun; `files` is where the files lie that journeys attach. With
    `trace` all that the browser does is recorded, and kept of contacts that fail.

    Raises:
        probes.guard.RefusedByCharterError: before anything is sent.
    """
    if begun is None:
        run.write_plan(plan)
    run.write_facts(state=RUNNING, epoch_s=clock.epoch_s())
    everyone = only(Gain(begun=begun or Begun()))
    played = await play_contacts(
        loaded, plan, run.folder / JOURNAL, target, charter, clock, seed, instrument, everyone, sessions, journeys,
        browser, watch, until_s, cast, files, trace,
    )  # fmt: skip
    run.write_facts(**played.facts())
    return finish(run, plan, instrument.judge(), played.interrupted)


@dataclass(frozen=True)
class Played:
    """What playing contacts came to, beside the journal."""

    crowd: Crowd
    interrupted: bool
    stopped: str | None
    """Why the charter's owner, or its end, stopped us."""
    refused: Sequence[str]
    doubts: Mapping[str, int]

    def facts(self) -> dict[str, Any]:
        """Return what run.json says of it."""
        told = {"refused": list(self.refused), "cleaned": WHAT_RULES_MISS, "doubts": dict(self.doubts)}
        return told if self.stopped is None else {**told, "stopped": self.stopped}


async def play_contacts(
    loaded: LoadedScenario,
    plan: pd.DataFrame,
    journal_file: Path,
    target: Target,
    charter: Charter,
    clock: Clock,
    seed: int,
    instrument: Instrument,
    gains: AsyncIterator[Gain],
    sessions: Mapping[str, SessionMaker] | None = None,
    journeys: Mapping[str, Journey] | None = None,
    browser: Browser | None = None,
    watch: Callable[[Tick], None] | None = None,
    until_s: float | None = None,
    cast: Cast | None = None,
    files: Path | None = None,
    trace: bool = False,
    ready: Callable[[Crowd], None] | None = None,
) -> Played:
    """Play those of a plan's contacts that we gain, and write the journal: the part of a run that one process plays.

    The other arguments are `play_plan`'s; `ready` is told of the crowd before the first of its contacts.

    Raises:
        probes.guard.RefusedByCharterError: before anything is sent.
    """
    guard = Guard(charter)
    host, port = target.address()
    guard.check(host, port)
    await prove_control(guard, target.hosts())
    guard.check_load(len(plan), target.hosts())
    raise_limit()
    sessions = sessions_of(target) if sessions is None else sessions
    journeys = journeys_of(loaded, plan) if journeys is None else journeys
    channels = {channel for journey in journeys.values() for channel in journey.channels()} | set(plan["channel"])
    secrets = secrets_given(target, charter, channels)
    warm_up(plan)
    evidence = journal_file.parent / "evidence"
    journal = Journal(journal_file)
    interrupted = False
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MOST, keepalive_timeout=3600.0, resolver=PinnedResolver(guard))
    http = HttpClient(guard)
    around = Surroundings(target, guard, clock, connector, http, browser, evidence, instrument, trace, secrets, files)
    crowd = Crowd(loaded, plan, journeys, sessions, around, journal, seed, watch, until_s, cast)
    if ready is not None:
        ready(crowd)
    with guarding(guard), _quiet_collector():
        try:
            async with instrument.watching(), guard.watching():
                await crowd.play(gains)
        except asyncio.CancelledError:
            interrupted = True
        finally:
            for shared in around.shared.values():
                await shared.close()
            if browser is not None:
                await browser.end_visits(guard)
            await connector.close()
            await http.close()
            journal.close()
            guard.close()
    stopped = guard.stop.reason
    return Played(
        crowd, interrupted or stopped is not None, stopped, guard.refused[:REFUSALS_TOLD], dict(around.doubts)
    )


def warm_up(plan: pd.DataFrame) -> None:
    """Load what the first contact would be late by: compiled draws, channels, names, telephone rules."""
    load_draws()
    load_channels(set(plan["channel"]))
    languages = sorted(set(plan["language"]))
    load_names(languages)
    load_rules(languages)


def finish(run: Run, plan: pd.DataFrame, judged: Judgement, interrupted: bool) -> Shopped:
    """Make the tables from the journals, and say whether the desk was saturated."""
    tables = tables_from_journal(journals_in(run.folder), run.facts, plan)
    for name in ("legs", "steps", "messages"):
        run.write_table(name, tables[name])
    outcomes = tables["legs"].loc[tables["legs"]["leg"] == 0, "contact_outcome"].value_counts().to_dict()
    run.write_facts(
        state=INTERRUPTED if interrupted else FINISHED,
        ended_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        planned=len(plan),
        played=int((tables["legs"]["leg"].eq(0) & tables["legs"]["arrived_s"].notna()).sum()),
        outcomes={str(name): int(count) for name, count in outcomes.items()},
        instrument=asdict(judged),
        saturation=[
            asdict(found) for found in saturations(tables["legs"], tables["steps"], run.facts.get("scale", 1.0))
        ],
    )
    return Shopped(run, len(plan), {str(k): int(v) for k, v in outcomes.items()}, judged, interrupted)


@contextlib.contextmanager
def _quiet_collector() -> Iterator[None]:
    """Keep the garbage collector from stopping us while we generate load: it makes starts late."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def start_rehearsal(target: Target, charter: Charter, start_s: float | None, lead_s: float = 1.0) -> Clock:
    """Begin a rehearsal desk's day so that scenario time `start_s` comes `lead_s` wall seconds from now.

    A desk whose day has begun keeps it, and we take its clock; where `start_s` is None a new day begins at opening.

    Raises:
        ConnectionError: the desk does not answer.
        probes.guard.RefusedByCharterError: the charter does not list it.
    """
    guard = Guard(charter)
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
