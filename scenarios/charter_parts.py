"""The parts of a charter: what a host, a port, a mailbox, a number, a quiet spell and a proof are told as.

Holds their models and the pure questions one can ask them; refuses to look anything up.

>>> AllowedHost(host="10.1.0.0/24", ports=[5060, "16384-16484"]).allows("10.1.0.9", 16400)
True
>>> is_loopback("desk.example.org"), canonical_host("Desk.Example.org."), canonical_host("::ffff:10.0.0.1")
(False, 'desk.example.org', '10.0.0.1')
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from scenarios.calendar import WEEKDAYS, Weekday
from scenarios.models import Strict
from scenarios.scenario import Clock
from scenarios.units import DAY_S, clock_s

PORT_MOST = 65_535
SHORTEST_PREFIX = {4: 16, 6: 48}
"""No charter allows a wider network: whoever owns so many hosts lists them in parts."""

Effect = Literal[
    "account", "attachment", "callback", "cancel", "complaint", "order", "payment", "public_post", "refund", "review",
    "subscription",
]  # fmt: skip
"""What a contact may bring about beside the contact itself."""


def _instant(text: str) -> str:
    try:
        instant = datetime.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError("an ISO instant with its offset, such as 2026-03-01T00:00:00+01:00")
    return text


def _port(value: Any) -> int | str:
    if isinstance(value, int | str) and not isinstance(value, bool):
        first, last = _span(value)
        if 1 <= first <= last <= PORT_MOST:
            return value
    raise ValueError(f'a port from 1 to {PORT_MOST}, or a range such as "16384-16484"')


def _span(port: int | str) -> tuple[int, int]:
    if isinstance(port, int):
        return port, port
    told = re.fullmatch(r"(\d{1,5})-(\d{1,5})", port, re.ASCII)
    return (int(told[1]), int(told[2])) if told else (0, 0)


def _host(text: str) -> str:
    if "/" in text:
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise ValueError("a name, an address, or a network such as 10.1.0.0/24") from None
        least = SHORTEST_PREFIX[network.version]
        if network.prefixlen < least:
            raise ValueError(f"a network of /{least} or smaller")
        return text
    if canonical_address(text) is None and not re.fullmatch(r"[^\W_][\w-]*(\.[\w-]+)*\.?", text):
        raise ValueError("a name, an address, or a network such as 10.1.0.0/24")
    return text


def _mailbox(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+", text):
        raise ValueError("an address such as help@example.org")
    return text


def _mailboxes(text: str) -> str:
    if not text.startswith("@"):
        return _mailbox(text)
    _mailbox("anyone" + text)
    return text


def _number(text: str) -> str:
    if not re.fullmatch(r"\+[1-9]\d{6,14}|sips?:[^\s@]+@[^\s@]+", text, re.ASCII):
        raise ValueError("a number such as +390612345678, or a SIP address such as sip:desk@127.0.0.1")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        whole = False
    if not whole:
        raise ValueError("an address such as https://hooks.example.org/testdrive")
    return text


Instant = Annotated[str, AfterValidator(_instant)]
Port = Annotated[
    int | str,
    PlainValidator(_port),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": PORT_MOST},
                {"type": "string", "pattern": "^[0-9]{1,5}-[0-9]{1,5}$"},
            ]
        }
    ),
]
Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Mailboxes = Annotated[str, AfterValidator(_mailboxes)]
Number = Annotated[str, AfterValidator(_number)]
Url = Annotated[str, AfterValidator(_url)]
Most = Annotated[int, Field(ge=0)]


class AllowedHost(Strict):
    """A host by name, address or network, and the ports on it that may be reached."""

    host: Host = Field(description="a name, an address, or a network such as 10.1.0.0/24")
    ports: list[Port] = Field(min_length=1, description='ports that may be reached; a range is told as "16384-16484"')

    def allows(self, host: str, port: int) -> bool:
        """Say whether a host, by the name or address it is listed under, may be reached on a port."""
        return self.is_of(host) and self.allows_port(port)

    def is_of(self, host: str) -> bool:
        """Say whether this entry is about a host."""
        wanted = canonical_host(host)
        if "/" not in self.host:
            return canonical_host(self.host) == wanted
        address = canonical_address(wanted)
        return address is not None and address in ipaddress.ip_network(self.host)

    def allows_port(self, port: int) -> bool:
        """Say whether a port is one of those listed."""
        return any(first <= port <= last for first, last in map(_span, self.ports))


class Proof(Strict):
    """How the owner shows that a host is theirs: by publishing the charter's hash."""

    kind: Literal["dns_txt", "well_known"] = Field(
        description="dns_txt: a TXT record of the host, or of _testdrive-charter below it; well_known: the page "
        "/.well-known/testdrive-charter on it; either holds testdrive-charter=HASH"
    )
    scheme: Literal["http", "https"] = Field("https", description="well_known: how the page is fetched")
    port: Annotated[int, Field(ge=1, le=PORT_MOST)] | None = Field(
        None,
        description="well_known: where it is fetched, one of the host's listed ports; left out: 443, or 80 for http",
    )
    name_server: str | None = Field(None, description="dns_txt: the address asked; left out: the system's own")
    name_server_port: Annotated[int, Field(ge=1, le=PORT_MOST)] = Field(53, description="dns_txt: its port")

    @model_validator(mode="after")
    def _address(self) -> Proof:
        if self.name_server is not None and canonical_address(self.name_server) is None:
            raise ValueError("name_server as an address, not a name")
        return self


class Cap(Strict):
    """How much one channel bears."""

    per_minute_most: Most | None = Field(None, description="contacts in any minute; left out: as the charter's")
    per_day_most: Most | None = Field(None, description="contacts in a day; left out: as the charter's")

    @model_validator(mode="after")
    def _any(self) -> Cap:
        if self.per_minute_most is None and self.per_day_most is None:
            raise ValueError("per_minute_most, per_day_most or both")
        return self


class QuietSpell(Strict):
    """A spell in which no contact begins, by the charter's clock."""

    days: list[Weekday] = Field(
        list(WEEKDAYS), min_length=1, description="the days on which it begins; left out: every day"
    )
    begins: Clock = Field(description="from this time of day, HH:MM")
    ends: Clock = Field(description="to this one; one that is not later is of the next day")

    def holds_at(self, local: datetime.datetime) -> bool:
        """Say whether it is quiet at an instant of the charter's clock."""
        now_s = local.hour * 3600 + local.minute * 60 + local.second
        begins_s, ends_s = clock_s(self.begins), clock_s(self.ends)
        today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[local.weekday() - 1]
        if begins_s < ends_s:
            return today in self.days and begins_s <= now_s < ends_s
        return (today in self.days and begins_s <= now_s < DAY_S) or (yesterday in self.days and now_s < ends_s)


class PersonaMeans(Strict):
    """What our shoppers may use as their own; whatever is not here is invented, from ranges that reach nobody."""

    mailboxes: list[Mailboxes] = Field(
        default_factory=list,
        description="addresses that we can read; {mark} in one is the contact's mark, @domain takes any name",
    )
    numbers: list[Number] = Field(default_factory=list, description="numbers that we may be called back on")
    postal: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, description="postal addresses that we may give"
    )


class Outputs(Strict):
    """Where results may be sent; nothing is sent anywhere else."""

    webhook: Url | None = Field(None, description="told when a run ends")
    telemetry: Url | None = Field(None, description="takes the figures of a load test, over OTLP/HTTP")
    judge: Url | None = Field(None, description="the model that is asked to judge answers")


@functools.lru_cache(maxsize=4096)
def canonical_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host's address where it is told as one; an IPv4 address in IPv6 dress is the IPv4 address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else ipaddress.IPv4Address(mapped)


@functools.lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """Return the one spelling by which a host is compared."""
    address = canonical_address(host)
    if address is not None:
        return str(address)
    name = host.lower().rstrip(".")
    try:
        return name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return name


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, by its loopback address or as localhost."""
    address = canonical_address(host)
    return address.is_loopback if address is not None else canonical_host(host) == "localhost"
