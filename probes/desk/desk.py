"""A rehearsal desk on a loopback port: open it, use it, close it; it writes the charter and target for itself.

>>> DeskOptions(seed=2).scale
1.0
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from aiohttp import web

from probes.clock import Clock
from probes.desk.hall import Hall
from probes.desk.phrases import read_phrases
from probes.desk.site import make_site
from probes.desk.unplayed import no_telephone
from probes.virtual_loop import VirtualLoop
from scenarios.charter import AllowedHost, Charter
from scenarios.charter_parts import Effect
from scenarios.misconduct import Misconduct, no_misconduct
from scenarios.reading import HERE, LoadedScenario
from scenarios.target import Target, read_target
from scenarios.target_phone import MenuStep

if TYPE_CHECKING:
    from probes.desk.phone import PhoneDoor

if TYPE_CHECKING:
    from probes.desk.mail import MailPorts

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
    capacity: int | None = None
    """Requests over HTTP that are served at once, a chat being one; None: as many as come."""

    def __post_init__(self) -> None:
        """Refuse a desk that could serve nobody.

        Raises:
            ValueError: the capacity is below 1.
        """
        if self.capacity is not None and self.capacity < 1:
            raise ValueError(f"capacity is {self.capacity}; a desk serves at least 1 request at once")


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
    runner = web.AppRunner(
        make_site(hall, options.capacity), access_log=None, keepalive_timeout=86_400.0, shutdown_timeout=0.1,
        handler_cancellation=options.capacity is not None,
    )  # fmt: skip
    await runner.setup()
    async with contextlib.AsyncExitStack() as doors:
        try:
            site = web.TCPSite(runner, LOOPBACK, options.port, backlog=4096)
            await site.start()
            port = int(runner.addresses[0][1])
            mail: MailPorts | None = None
            if "email" in loaded.scenario.channels:
                from probes.desk.mail import open_mail_door

                mail = await doors.enter_async_context(open_mail_door(hall, LOOPBACK))
            phone = await _open_phone(hall)
            if phone is not None:
                doors.push_async_callback(phone.close)
            yield OpenDesk(hall, target_for(port, mail, phone), charter_for(*ports_of(port, mail, phone)))
        finally:
            hall.end()
            await runner.cleanup()


async def _open_phone(hall: Hall) -> PhoneDoor | None:
    """Open the telephone where the scenario has one and it can be played."""
    scenario, virtual = hall.loaded.scenario, isinstance(asyncio.get_running_loop(), VirtualLoop)
    if "phone" not in scenario.channels or no_telephone(scenario, virtual):
        return None
    from probes.desk.phone import PhoneDoor  # it needs the extra `phone`

    door = PhoneDoor(hall, LOOPBACK)
    await door.open()
    return door


def target_for(port: int, mail: MailPorts | None = None, phone: PhoneDoor | None = None) -> Target:
    """Return the target file of a rehearsal desk on a port, with its mail door and its telephone where it has them."""
    shipped = read_target(HERE / "targets" / "rehearsal_desk.yaml")
    by_mail = by_phone = None
    if mail is not None and shipped.email is not None:
        smtp = shipped.email.smtp.model_copy(update={"host": LOOPBACK, "port": mail.smtp})
        imap = shipped.email.imap.model_copy(update={"host": LOOPBACK, "port": mail.imap})
        by_mail = shipped.email.model_copy(update={"smtp": smtp, "imap": imap})
    if phone is not None and shipped.phone is not None:
        told = {
            "uri": f"sip:support@{LOOPBACK}:{phone.ports.sip}",
            "menu": [MenuStep(keys=next(iter(phone.keys.values())), by_intent=phone.keys)],
            "local_ports": list(phone.ports.callers),
        }
        by_phone = shipped.phone.model_copy(update=told)
    base_url = f"http://{LOOPBACK}:{port}"
    return shipped.model_copy(update={"base_url": base_url, "email": by_mail, "phone": by_phone})


def ports_of(port: int, mail: MailPorts | None, phone: PhoneDoor | None) -> list[int | str]:
    """Return the ports of a desk's doors, and those of its telephone's callers."""
    ports: list[int | str] = [port]
    if mail is not None:
        ports += [mail.smtp, mail.imap]
    if phone is not None:
        first, last = phone.ports.callers
        ports += [phone.ports.sip, phone.ports.rtp, f"{first}-{last}"]
    return ports


def charter_for(*ports: int | str) -> Charter:
    """Return a charter for just these ports on loopback."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return Charter(
        owner="whoever started this rehearsal desk",
        kind="own",
        consent="given by starting it",
        purpose="rehearsal",
        valid_from=(now - datetime.timedelta(minutes=5)).isoformat(),
        valid_until=(now + datetime.timedelta(days=CHARTER_DAYS)).isoformat(),
        emergency_contact="whoever started this rehearsal desk",
        allow=[AllowedHost(host=LOOPBACK, ports=list(ports))],
        contacts_per_day_most=CONTACTS_MOST,
        per_minute_most=CONTACTS_MOST,
        effects=list(get_args(Effect)),
        retention_days=365,
        staff_told=True,
        marker_key=secrets.token_hex(16),
    )
