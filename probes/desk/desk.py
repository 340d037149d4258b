"""A rehearsal desk on a loopback port: open it, use it, close it; it writes the charter and target for itself.

>>> DeskOptions(seed=2).scale
1.0
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from aiohttp import web

from probes.clock import Clock
from probes.desk.hall import Hall
from probes.desk.phrases import read_phrases
from probes.desk.site import make_site
from scenarios.charter import AllowedHost, Charter
from scenarios.charter_parts import Effect
from scenarios.misconduct import Misconduct, no_misconduct
from scenarios.reading import HERE, LoadedScenario
from scenarios.target import Target, read_target

LOOPBACK = "127.0.0.1"
CHARTER_DAYS = 2
CONTACTS_MOST = 10_000_000
"""In a day and in a minute of wall time, in which days of a rehearsal may pass."""


@dataclass(frozen=True)
class DeskOptions:
    """How a desk is opened; everything else is the scenario's."""

    seed: int = 1
    scale: float = 1.0
    port: int = 0
    misconduct: Misconduct = field(default_factory=no_misconduct)
    phrases: Path | None = None
    truth: Path | None = None


@dataclass(frozen=True)
class OpenDesk:
    """A desk that is being served."""

    hall: Hall
    target: Target
    charter: Charter


@contextlib.asynccontextmanager
async def open_desk(
    loaded: LoadedScenario, options: DeskOptions, clock: Clock | None = None
) -> AsyncIterator[OpenDesk]:
    """Serve a desk on loopback until the block ends.

    Args:
        loaded: the scenario it is staffed by.
        options: seed, scale, misconduct.
        clock: begins the day at once on this clock; else it begins with the first visitor.
    """
    hall = Hall(loaded, options.seed, options.misconduct, read_phrases(options.phrases), options.truth, options.scale)
    if clock is not None:
        hall.begin_day(clock=clock)
    # keep-alive must outlast a customer's pause between two looks, in scenario seconds; lingering would hold the close
    runner = web.AppRunner(make_site(hall), access_log=None, keepalive_timeout=86_400.0, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, options.port, backlog=4096)
        await site.start()
        port = int(runner.addresses[0][1])
        yield OpenDesk(hall, target_for(port), charter_for(port))
    finally:
        hall.end()
        await runner.cleanup()


def target_for(port: int) -> Target:
    """Return the target file of a rehearsal desk on a port."""
    shipped = read_target(HERE / "targets" / "rehearsal_desk.yaml")
    return shipped.model_copy(update={"base_url": f"http://{LOOPBACK}:{port}"})


def charter_for(port: int) -> Charter:
    """Return a charter for just this port on loopback."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return Charter(
        owner="whoever started this rehearsal desk",
        kind="own",
        consent="given by starting it",
        purpose="rehearsal",
        valid_from=(now - datetime.timedelta(minutes=5)).isoformat(),
        valid_until=(now + datetime.timedelta(days=CHARTER_DAYS)).isoformat(),
        emergency_contact="whoever started this rehearsal desk",
        allow=[AllowedHost(host=LOOPBACK, ports=[port])],
        contacts_per_day_most=CONTACTS_MOST,
        per_minute_most=CONTACTS_MOST,
        effects=list(get_args(Effect)),
        retention_days=365,
        staff_told=True,
        marker_key=secrets.token_hex(16),
    )
