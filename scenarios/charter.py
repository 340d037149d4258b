"""A charter: what we are allowed to do to a desk, and who allowed it. No probe runs without one.

Holds the model and its checks of the file; enforcement is `probes.guard`'s. What is left out allows least, and no key
turns the guard off. docs/charter.md tells each key and the test that guards it.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from scenarios.charter_parts import (
    AllowedHost,
    Cap,
    Effect,
    Instant,
    Mailboxes,
    Most,
    Number,
    Outputs,
    PersonaMeans,
    Proof,
    QuietSpell,
    canonical_address,
    is_loopback,
)
from scenarios.faults import Fault
from scenarios.models import Strict, read_model
from scenarios.scenario import Channel, TimeZone
from scenarios.yaml_reader import MISSING, Document

__all__ = ["AllowedHost", "Charter", "charter_hash", "is_loopback", "read_charter"]

READING_ONLY = ("effects", "mailboxes", "numbers", "personas", "recording")
"""What a public charter cannot allow: it is for reading pages."""


class Charter(Strict):
    """The licence to shop one desk."""

    owner: Annotated[str, Field(min_length=1)] = Field(description="who owns the desk")
    kind: Literal["own", "consented", "public"] = Field(description="public: pages may be read and timed, nothing else")
    consent: str = Field(description="who agreed, when, and where that is kept")
    proof: Proof | None = Field(
        None, description="how the owner shows that a host is theirs; without it only this machine bears load"
    )
    purpose: str = Field(description="what the contacts are for")
    valid_from: Instant = Field(description="an ISO instant with its offset")
    valid_until: Instant = Field(description="an ISO instant with its offset")
    emergency_contact: Annotated[str, Field(min_length=1)] = Field(description="whom to ring when something goes wrong")
    time_zone: TimeZone | None = Field(
        None,
        description="IANA, by which days and quiet hours are told; left out: UTC, and no quiet_hours or caps",
    )
    allow: list[AllowedHost] = Field(description="hosts and ports that may be reached; everything else is refused")
    mailboxes: list[Mailboxes] = Field(
        default_factory=list, description="addresses, or @domains, that may be written to; left out: none"
    )
    numbers: list[Number] = Field(
        default_factory=list,
        description="E.164 numbers or SIP addresses that may be called; emergency, short and premium ones never",
    )
    personas: PersonaMeans = Field(
        PersonaMeans(), description="what our shoppers may use as their own; the rest is invented"
    )
    effects: list[Effect] = Field(
        default_factory=list, description="what contacts may bring about, such as an order; left out: nothing"
    )
    contacts_per_day_most: Most = Field(20, description="contacts in a day, retries too; more are withheld")
    per_minute_most: Most = Field(20, description="contacts in any minute, retries too; more are withheld")
    caps: dict[Channel, Cap] = Field(default_factory=dict, description="what single channels bear, beside those two")
    quiet_hours: list[QuietSpell] = Field(default_factory=list, description="spells in which no contact begins")
    agent_minutes_most: Annotated[float, Field(ge=0)] | None = Field(
        None, description="minutes of agents' time that a run may take; left out: as many as the contacts take"
    )
    stop_file: str | None = Field(
        None, description="while it exists no contact begins, and those under way say goodbye; beside this file"
    )
    staff_told: bool = Field(False, description="only then results may name agents")
    recording: Literal["none", "one_party", "all_parties_with_notice"] = Field(
        "none", description="whether speech may be kept: never, because we agree, or where all have been told"
    )
    marker_key: Annotated[str, Field(min_length=8)] = Field(
        description="keys the mark in our personas' addresses, by which the owner can filter them"
    )
    retention_days: Annotated[int, Field(ge=0)] = Field(
        30, description="what was measured is removed when it is older (`testdrive runs --expire`)"
    )
    outputs: Outputs = Field(Outputs(), description="where results may be sent; left out: nowhere")

    _file: Path | None = PrivateAttr(None)

    @field_validator("valid_until")
    @classmethod
    def _ordered(cls, until: str, info: ValidationInfo) -> str:
        begins = info.data.get("valid_from")
        if begins and datetime.datetime.fromisoformat(until) <= datetime.datetime.fromisoformat(begins):
            raise ValueError(f"an instant later than valid_from ({begins})")
        return until

    @property
    def file(self) -> Path | None:
        """Where it was read from, if it was."""
        return self._file

    def allows(self, host: str, port: int) -> bool:
        """Say whether a host, by the name or address it is listed under, may be reached on a port."""
        return any(entry.allows(host, port) for entry in self.allow)

    def lists(self, host: str) -> bool:
        """Say whether a host is listed, whatever the port."""
        return any(entry.is_of(host) for entry in self.allow)

    def spell(self) -> tuple[datetime.datetime, datetime.datetime]:
        """Return from when and until when it is valid."""
        return _parsed(self.valid_from), _parsed(self.valid_until)

    def holds_at(self, now: datetime.datetime) -> bool:
        """Say whether the charter is valid at an instant."""
        begins, ends = self.spell()
        return begins <= now < ends

    def local(self, now: datetime.datetime) -> datetime.datetime:
        """Return an instant by the charter's clock."""
        return now.astimezone(_zone_named(self.time_zone or "UTC"))

    def quiet_at(self, now: datetime.datetime) -> QuietSpell | None:
        """Return the quiet spell in which an instant lies, if it lies in one."""
        local = self.local(now) if self.quiet_hours else now
        return next((spell for spell in self.quiet_hours if spell.holds_at(local)), None)

    def stop_files(self) -> list[Path]:
        """Return the places where the stop file is looked for: beside the charter, and where we were started."""
        if self.stop_file is None:
            return []
        named = Path(self.stop_file)
        return [named] if self._file is None or named.is_absolute() else [self._file.parent / named, named]


def charter_hash(charter: Charter) -> str:
    """Return 32 hex digits over all that a charter says but its `marker_key`, which publishing must not betray."""
    said = charter.model_dump(mode="json", exclude_defaults=True, exclude={"marker_key"})
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=16).hexdigest()


def read_charter(path: Path) -> Charter:
    """Read a charter file; see `scenarios.models.read_model` for its faults."""
    charter = read_model(path, Charter, _references)
    charter._file = path.resolve()
    return charter


def _references(document: Document) -> Iterator[Fault]:
    """Yield the faults that show only where two keys are seen together."""
    values = document.values
    for key in ("quiet_hours", "caps"):
        if values.get(key) and "time_zone" not in values:
            yield document.fault(("time_zone",), MISSING, f"an IANA time zone such as Europe/Rome, as {key} are told")
            break
    if values.get("kind") == "public":
        for key in READING_ONLY:
            if values.get(key) and values[key] != "none":
                yield document.fault(
                    (key,), values[key], "left out: a public charter allows reading pages, no contacts"
                )
    effects = values.get("effects")
    if isinstance(effects, list) and "review" in effects and values.get("kind") in ("consented", "public"):
        yield document.fault(("effects", effects.index("review")), "review", "no reviews but on a desk of one's own")
    yield from _proof_faults(document, values.get("proof"), values.get("allow"))


def _proof_faults(document: Document, proof: Any, allow: Any) -> Iterator[Fault]:
    entries = [e for e in allow if isinstance(e, dict)] if isinstance(allow, list) else []
    hosts = [str(e.get("host")) for e in entries if not is_loopback(str(e.get("host")))]
    if not isinstance(proof, dict) or not hosts:
        return
    if proof.get("kind") == "dns_txt" and all(canonical_address(h) is not None or "/" in h for h in hosts):
        expected = "well_known: an address has no TXT record, only a name has"
        yield document.fault(("proof", "kind"), "dns_txt", expected)
    if proof.get("kind") == "well_known":
        port = proof.get("port", 80 if proof.get("scheme") == "http" else 443)
        told = [entry["ports"] for entry in entries if isinstance(entry.get("ports"), list)]
        plain = [[port for port in ports if isinstance(port, int | str)] for ports in told]
        listed = [AllowedHost.model_construct(host="", ports=ports) for ports in plain]
        if isinstance(port, int) and not any(entry.allows_port(port) for entry in listed):
            expected = "one of the ports listed under allow"
            yield document.fault(("proof", "port"), proof.get("port", MISSING), f"{expected}, not {port}")


@functools.cache
def _parsed(instant: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(instant)


@functools.cache
def _zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name)
