"""A charter: what we are allowed to do to a desk, and who allowed it. No probe runs without one.

Holds the model and its checks of the file; enforcement is `probes.guard`'s. Keys for what cannot be probed yet
(mailboxes, numbers, spending) come with the channels that need them.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from scenarios.models import Strict, read_model


def _instant(text: str) -> str:
    try:
        instant = datetime.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError("an ISO instant with its offset, such as 2026-03-01T00:00:00+01:00")
    return text


Instant = Annotated[str, AfterValidator(_instant)]
Port = Annotated[int, Field(ge=1, le=65535)]


class AllowedHost(Strict):
    """A host by name or address, and the ports on it that may be reached."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="a name or an address")
    ports: list[Port] = Field(min_length=1, description="ports that may be reached")
    port_ranges: list[Annotated[list[Port], Field(min_length=2, max_length=2)]] = Field(
        default_factory=list,
        description="and all ports from a first to a last, as [10000, 20000]: telephony needs many",
    )

    def reaches(self, port: int) -> bool:
        """Say whether a port of this host may be reached."""
        return port in self.ports or any(first <= port <= last for first, last in self.port_ranges)


class Charter(Strict):
    """The licence to shop one desk."""

    owner: Annotated[str, Field(min_length=1)] = Field(description="who owns the desk")
    kind: Literal["own", "consented", "public"] = Field(description="public: pages may be read and timed, nothing else")
    consent: str = Field(description="who agreed, when, and where that is kept")
    purpose: str = Field(description="what the contacts are for")
    valid_from: Instant = Field(description="an ISO instant with its offset")
    valid_until: Instant = Field(description="an ISO instant with its offset")
    emergency_contact: Annotated[str, Field(min_length=1)] = Field(description="whom to ring when something goes wrong")
    allow: list[AllowedHost] = Field(description="hosts and ports that may be reached; everything else is refused")
    contacts_per_day_most: Annotated[int, Field(ge=0)] = Field(20, description="more are withheld")
    staff_told: bool = Field(False, description="only then results may name agents")
    marker_key: Annotated[str, Field(min_length=8)] = Field(
        description="keys the mark in our personas' addresses, by which the owner can filter them"
    )
    stop_file: str | None = Field(None, description="no contact begins while this file exists")

    @field_validator("valid_until")
    @classmethod
    def _ordered(cls, until: str, info: ValidationInfo) -> str:
        begins = info.data.get("valid_from")
        if begins and datetime.datetime.fromisoformat(until) <= datetime.datetime.fromisoformat(begins):
            raise ValueError(f"an instant later than valid_from ({begins})")
        return until

    def allows(self, host: str, port: int) -> bool:
        """Say whether a host, by the name or address it is listed under, may be reached on a port."""
        wanted = _canonical(host)
        return any(_canonical(entry.host) == wanted and entry.reaches(port) for entry in self.allow)

    def holds_at(self, now: datetime.datetime) -> bool:
        """Say whether the charter is valid at an instant."""
        return (
            datetime.datetime.fromisoformat(self.valid_from) <= now < datetime.datetime.fromisoformat(self.valid_until)
        )


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, by its loopback address or as localhost."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.lower().rstrip(".")


def read_charter(path: Path) -> Charter:
    """Read a charter file; see `scenarios.models.read_model` for its faults."""
    return read_model(path, Charter)
