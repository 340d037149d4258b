"""Shop: play a plan's contacts on a desk and write a measured run.

The function behind `testdrive shop` and `testdrive load`, and the probing half of `testdrive run`. A run folder with
its plan exists before the first byte is sent; the tables are made from the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pandas as pd

from probes.channels.contract import Surroundings
from probes.channels.table import load_channels
from probes.cleaning import WHAT_RULES_MISS, load_rules
from probes.crowd.crowd import Crowd, Tick
from probes.crowd.shards import Gain, only
from probes.descriptors import raise_limit
from probes.early_end import EarlyEnd
from probes.errand import Errand
from probes.guard import Guard, guarding
from probes.http_client import CONNECTIONS_MOST, HttpClient
from probes.instrument import Judgement
from probes.login import secrets_given
from probes.personas import load_names
from probes.player import load_draws
from probes.proof import prove_control
from probes.resolve import PinnedResolver
from probes.resume import Begun
from probes.setting import Access, Setting
from results.journal import JOURNAL, Journal, journals_in, tables_from_journal
from results.runs import ABORTED, FINISHED, INTERRUPTED, RUNNING, Run, run_id, scenario_facts
from results.saturation import saturations
from scenarios.charter import charter_hash
from scenarios.misconduct import Misconduct

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
    errand: Errand, access: Access, clock: str, scale: float, misconduct: Misconduct | None = None
) -> dict[str, Any]:
    """Return the facts of a measured run for its run.json; `misconduct` is our own desk's, where we opened it."""
    loaded, seed, target, charter = errand.loaded, errand.seed, access.target, access.charter
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


async def play_plan(
    errand: Errand,
    run: Run,
    setting: Setting,
    watch: Callable[[Tick], None] | None = None,
    begun: Begun | None = None,
) -> Shopped:
    """Play an errand on a running clock and finish the run folder, also when interrupted.

    Args:
        errand: what is to be played.
        run: its folder.
        setting: where, and by which clock.
        watch: told how far it is.
        begun: what an earlier part of the same run has begun.

    Raises:
        probes.guard.RefusedByCharterError: before anything is sent.
    """
    if begun is None:
        run.write_plan(errand.plan)
    run.write_facts(state=RUNNING, epoch_s=setting.clock.epoch_s())
    everyone = only(Gain(begun=begun or Begun()))
    onlookers = Onlookers(watch)
    if errand.aborts_on:
        early = EarlyEnd(errand.aborts_on, run, setting.clock)
        onlookers = Onlookers(watch, early.has_crowd, early.take)
    played = await play_contacts(errand, run.folder / JOURNAL, setting, everyone, onlookers)
    run.write_facts(**played.facts())
    return finish(run, errand.plan, setting.instrument.judge(), played.interrupted)


@dataclass(frozen=True)
class Onlookers:
    """Who follows a crowd while it plays."""

    tick: Callable[[Tick], None] | None = None
    """Told of each contact as it ends."""
    crowd: Callable[[Crowd], None] | None = None
    """Told of the crowd before the first of its contacts."""
    line: Callable[[str, Mapping[str, Any]], None] | None = None
    """Told of each line of the journal as it is written, and its kind."""

    def journal(self, path: Path) -> Journal:
        """Return a new journal, whose lines are followed where somebody does."""
        return Journal(path) if self.line is None else FollowedJournal(path, self.line)


class FollowedJournal(Journal):
    """A journal whose lines somebody follows."""

    def __init__(self, path: Path, follow: Callable[[str, Mapping[str, Any]], None]) -> None:
        super().__init__(path)
        self._follow = follow

    def write(self, kind: str, **facts: Any) -> None:
        """Append a line, and tell of it."""
        super().write(kind, **facts)
        self._follow(kind, facts)


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
    errand: Errand,
    journal_file: Path,
    setting: Setting,
    gains: AsyncIterator[Gain],
    onlookers: Onlookers,
) -> Played:
    """Play those of an errand's contacts that we gain, and write the journal: the part of a run that one process plays.

    Raises:
        probes.guard.RefusedByCharterError: before anything is sent.
    """
    access, plan, browser, instrument = setting.access, errand.plan, setting.browser, setting.instrument
    target, guard = access.target, Guard(access.charter)
    host, port = target.address()
    guard.check(host, port)
    await prove_control(guard, target.hosts())
    guard.check_load(len(plan), target.hosts())
    raise_limit()
    channels = {channel for journey in errand.journeys.values() for channel in journey.channels}
    secrets = secrets_given(target, access.charter, channels | set(plan["channel"]))
    warm_up(plan)
    evidence = journal_file.parent / "evidence"
    journal = onlookers.journal(journal_file)
    interrupted = False
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MOST, keepalive_timeout=3600.0, resolver=PinnedResolver(guard))
    http, trace, clock = HttpClient(guard), access.trace, setting.clock
    around = Surroundings(
        target, guard, clock, connector, http, browser, evidence, instrument, trace, secrets, errand.files
    )
    crowd = Crowd(errand, access.sessions, around, journal, onlookers.tick)
    if onlookers.crowd is not None:
        onlookers.crowd(crowd)
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
    called_off = guard.stop.reason
    stopped = None if crowd.aborted is not None else called_off
    return Played(
        crowd, interrupted or called_off is not None, stopped, guard.refused[:REFUSALS_TOLD], dict(around.doubts)
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
        state=(ABORTED if run.facts.get("aborted") else INTERRUPTED) if interrupted else FINISHED,
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
