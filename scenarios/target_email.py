"""A target's mail desk: where to write, where its answers come in, and how its mails are read.

Passwords never stand here: a target names the environment variable or the file that holds one.

>>> email_address("Orders <orders@shop.example>")
Traceback (most recent call last):
ValueError: a bare address such as orders@shop.example
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from scenarios.charter import is_loopback
from scenarios.models import Strict
from scenarios.pattern import Pattern, regular_expression
from scenarios.secret import Secret

FROM_PLACEHOLDERS = ("persona.email", "persona.tag")
TO_PLACEHOLDERS = ("intent",)
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]]{1,64}@[^@\s<>,;:\"()\[\]]{1,253}")


def email_address(text: str) -> str:
    """Return a bare address as it is, placeholders and all.

    Raises:
        ValueError: it holds a name, spaces, or more than one address.
    """
    if text != "{persona.email}" and not _ADDRESS.fullmatch(text):
        raise ValueError("a bare address such as orders@shop.example")
    return text


def _tag(text: str) -> str:
    regular_expression(text)
    if "tag" not in re.compile(text).groupindex:
        raise ValueError(r"a regular expression with a group `tag`, such as \[(?P<tag>orders-\d+)\]")
    return text


def _code(text: str) -> str:
    regular_expression(text)
    if "code" not in re.compile(text).groupindex:
        raise ValueError(r"a regular expression with a group `code`, such as code is (?P<code>\d{6})")
    return text


def _placeholders(text: str, known: tuple[str, ...]) -> str:
    for name in re.findall(r"\{([^}]*)\}", text):
        if name not in known:
            raise ValueError(f"only the placeholders {', '.join('{' + name + '}' for name in known)}")
    return text


def _check_tls(tls: str, host: str) -> None:
    if tls == "none" and not is_loopback(host):
        raise ValueError("tls starttls or tls: anyone on the way could read mails and password")


Address = Annotated[str, AfterValidator(email_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Tls = Literal["none", "starttls", "tls"]


class Smtp(Strict):
    """Where our mails are handed in."""

    host: Annotated[str, Field(min_length=1)] = Field(description="a name or an address")
    port: Port = Field(587, description="587 or 25 as a rule; 465 with `tls: tls`")
    tls: Tls = Field("starttls", description="`none` on loopback only, `starttls`, or `tls` from the first byte")
    user: str | None = Field(None, description="who hands in; left out, nobody logs in")
    password: Secret | None = Field(None, description="where the password comes from")

    @model_validator(mode="after")
    def _hidden(self) -> Smtp:
        _check_tls(self.tls, self.host)
        return self


class Imap(Strict):
    """Where the answers come in."""

    host: Annotated[str, Field(min_length=1)] = Field(description="a name or an address")
    port: Port = Field(993, description="993 with `tls: tls`, else 143 as a rule")
    tls: Tls = Field("tls", description="`none` on loopback only, `starttls`, or `tls` from the first byte")
    user: str = Field(
        description="whose mailbox; {persona.email} or {persona.tag} in it makes it one mailbox per persona"
    )
    password: Secret | None = Field(None, description="where the password comes from")
    folder: str = Field("INBOX", description="the folder in which answers arrive")
    idle: bool = Field(True, description="false: look every poll_s even where the server would push (IDLE)")
    push_late_s: Annotated[float, Field(ge=0)] = Field(
        0, description="wall seconds a pushing server may sit on a mail before it tells (Dovecot: 0.5)"
    )

    @model_validator(mode="after")
    def _known(self) -> Imap:
        _placeholders(self.user, FROM_PLACEHOLDERS)
        _check_tls(self.tls, self.host)
        return self


class Codes(Strict):
    """Where the desk mails the codes that its pages ask for, and how one is known."""

    background_poll_s: ClassVar[None] = None
    subject_tag: ClassVar[None] = None

    imap: Imap = Field(description="where mails to our personas come in")
    pattern: Annotated[str, AfterValidator(_code)] = Field(
        description=r"the code in a mail's subject or text, as a group `code`: such as code is (?P<code>\d{6})"
    )
    within_s: Annotated[float, Field(gt=0, le=600)] = Field(60, description="wall seconds that a code is waited for")
    poll_s: Seconds = Field(5, description="how often we look where the server does not push, in scenario seconds")
    mail_bytes_most: Annotated[int, Field(ge=10_000)] = Field(100_000, description="so much of a mail is read")

    def secrets(self) -> list[str]:
        """Return what must be found nowhere in a run's results."""
        return [] if self.imap.password is None else [self.imap.password.value("codes.imap.password")]


class Email(Strict):
    """A desk that is written to by mail."""

    to: Address = Field(description="the desk's address; may hold {intent}")
    by_intent: dict[str, Address] = Field(
        default_factory=dict, description="instead of `to`, for these intents: such as each department's address"
    )
    from_address: Address = Field(
        "{persona.email}",
        description="our address: the persona's, or a mailbox of the charter's: shoppers+{persona.tag}@our.example",
    )
    smtp: Smtp = Field(description="where our mails are handed in")
    imap: Imap = Field(description="where the answers come in")
    subject_tag: Annotated[str, AfterValidator(_tag)] | None = Field(
        None, description=r"the desk's mark in subjects, as a group `tag`: such as \[(?P<tag>orders-\d+)\]"
    )
    automatic: Pattern | None = Field(
        None, description="in subject or text of an automatic reply that no header marks as one"
    )
    human: Pattern | None = Field(
        None, description="in the text of what a person wrote, whatever its headers say; goes before every other rule"
    )
    closed: Pattern | None = Field(None, description="in subject or text of the mail that settles the matter")
    shut: Pattern | None = Field(None, description="in subject or text when the desk takes no mails now")
    busy: Pattern | None = Field(None, description="in subject or text when the desk has too many to take another")
    poll_s: Seconds = Field(60, description="how often we look where the server does not push, in scenario seconds")
    background_poll_s: Seconds | None = Field(
        None, description="how often we look while only background customers wait: they are not measured"
    )
    mail_bytes_most: Annotated[int, Field(ge=10_000)] = Field(
        1_000_000, description="so much of a mail is read; what is larger is cut there, and said to be"
    )

    @model_validator(mode="after")
    def _placeholders_known(self) -> Email:
        _placeholders(self.from_address, FROM_PLACEHOLDERS)
        for address in (self.to, *self.by_intent.values()):
            _placeholders(address, TO_PLACEHOLDERS)
        return self

    def address_for(self, intent: str) -> str:
        """Return the address to which an intent's customer writes."""
        return self.by_intent.get(intent, self.to).replace("{intent}", intent)

    def secrets(self) -> list[str]:
        """Return what must be found nowhere in a run's results.

        Raises:
            scenarios.secret.SecretMissingError: a password is not where it should be.
        """
        told = {"email.smtp.password": self.smtp.password, "email.imap.password": self.imap.password}
        return [secret.value(name) for name, secret in told.items() if secret is not None]
