"""A mail desk that answers as a test says, and contacts played on it: SMTP and IMAP servers nobody here wrote."""

import asyncio
import email.policy
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from probes.desk.desk import LOOPBACK, charter_for
from probes.desk.mail_server import Inbox, serve_imap, serve_smtp
from probes.errand import Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.log import check_legs
from results.runs import Run
from scenarios.charter import Charter
from scenarios.target import Target

DESK = "help@desk.example"
USER = "customers"
LADDER = ["accepted", "automatic_reply", "first_human", "first_useful_answer", "resolved"]
LEAD_S = 0.1
PLAY_S_MOST = 60.0
JOURNEY = """
journey: by_mail
title: One mail
channel: email
questions:
  default: {subject: "Order {order}", text: "Where is my order?", useful: "working days"}
steps:
"""
STEPS = """
  - open: true
  - wait_for: closed
    within: {law: deterministic, value_s: 8}
"""


@dataclass
class Letter:
    """A mail that the desk got."""

    sender: str
    recipients: list[str]
    mail: EmailMessage

    @property
    def message_id(self) -> str:
        """Its id."""
        return str(self.mail["Message-ID"])


Answer = Callable[["MailDesk", Letter], Any]
"""What the desk does about a mail; a text is what it says against it in SMTP."""


@dataclass
class MailDesk:
    """Keeps what comes and sends what a test wants."""

    answer: Answer
    inbox: Inbox | None = None
    letters: list[Letter] = field(default_factory=list)
    refuses: str = ""
    """What the desk says to every recipient, where it takes nobody's mail."""

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Keep a mail and do what the test says."""
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        letter = Letter(envelope.mail_from or "", list(envelope.rcpt_tos), mail)
        self.letters.append(letter)
        said = self.answer(self, letter)
        if asyncio.iscoroutine(said):
            said = await said
        return str(said or "250 OK")

    def send(self, letter: Letter | None, text: str, after_s: float = 0.0, **headers: str) -> None:
        """Answer a letter; a header given as nothing is left out."""
        mail = EmailMessage(policy=email.policy.SMTP)
        preset = {"From": f"Robin <{DESK}>", "Message-ID": f"<{uuid.uuid4().hex}@desk.example>"}
        if letter is not None:
            subject = f"Re: {letter.mail['Subject']}"
            preset |= {"To": letter.sender, "In-Reply-To": letter.message_id, "Subject": subject}
        for name, value in {**preset, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            if value:
                mail[name] = value
        mail.set_content(text)
        self.put(mail.as_bytes(), after_s)

    def put(self, raw: bytes, after_s: float = 0.0) -> None:
        """Put a mail into the customers' mailbox."""
        assert self.inbox is not None
        loop, put = asyncio.get_running_loop(), self.inbox.put
        loop.call_later(after_s, lambda: loop.create_task(put(raw)))


@dataclass(frozen=True)
class Correspondence:
    """What a test's contacts came to."""

    run: Run
    desk: MailDesk

    @property
    def legs(self) -> pd.DataFrame:
        """The legs."""
        return self.run.table("legs")

    @property
    def leg(self) -> "pd.Series[Any]":
        """The first leg."""
        return self.legs.iloc[0]

    @property
    def rungs(self) -> list[str]:
        """The rungs that were reached."""
        steps = self.run.table("steps")
        return list(steps.loc[steps["rung"].notna() & (steps["state"] == "seen"), "rung"])

    def said(self, speaker: str) -> list[str]:
        """Return what somebody said."""
        messages = self.run.table("messages")
        return list(messages.loc[messages["speaker"] == speaker, "text"])


def mail_target(smtp_port: int, imap_port: int, **changes: Any) -> Target:
    """Return a target for servers on these ports."""
    smtp = {"host": LOOPBACK, "port": smtp_port, "tls": "none", **changes.pop("smtp", {})}
    imap = {"host": LOOPBACK, "port": imap_port, "tls": "none", "user": USER, **changes.pop("imap", {})}
    wording = {"closed": "is settled", "subject_tag": r"\[(?P<tag>orders-\d+)\]"}
    mail = {"to": DESK, "smtp": smtp, "imap": imap, **wording, **changes}
    return Target.model_validate({"target": "mail", "title": "A mail desk", "email": mail, "request_s_most": 2.0})


def correspond(
    folder: Path,
    answer: Answer,
    *,
    steps: str = STEPS,
    count: int = 1,
    refuses: str = "",
    charter: Callable[[Charter], Charter] = lambda charter: charter,
    imap_port: int | None = None,
    more_ports: Sequence[int] = (),
    **changes: Any,
) -> Correspondence:
    """Play contacts on a mail desk that answers as `answer` says."""
    path = folder / "by_mail.yaml"
    path.write_text(JOURNEY + steps.lstrip("\n"))
    errand = journey_errand([str(path)], "default", Players(repeats=count), 1)
    errand.plan["due_s"] = 0.0
    desk = MailDesk(answer, refuses=refuses)

    async def play() -> Run:
        async with serve_imap(LOOPBACK, USER) as (desk.inbox, port), serve_smtp(LOOPBACK, desk, "desk", 10**7) as smtp:
            ports = [smtp, imap_port or port]
            target = mail_target(*ports, **changes)
            licence = charter(charter_for(*ports, *more_ports))
            return await play_real(errand, folder / "run", Access(target, licence))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("probes.playing.LEAD_S", LEAD_S)
        run = asyncio.run(asyncio.wait_for(play(), PLAY_S_MOST))
    check_legs(run.table("legs"))
    return Correspondence(run, desk)
