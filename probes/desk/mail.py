"""The desk's mail door: customers write over SMTP and read over IMAP, all in the desk's own loop.

Who writes to `help@desk.example`, or to `help+INTENT@desk.example`, gets an automatic reply with a tag for the subject,
then the agent's answers with the history quoted below, and with the last of them the words that settle the matter. A
mail with a known tag, or that answers one of ours, belongs to the matter it is about. Mails to other mailboxes here
come back; mails to other places are not taken. All that the desk sends lies in one mailbox, user `customers`, without
a password: this desk is for rehearsals on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.policy
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from aiosmtpd.smtp import SMTP, Envelope, Session

from probes.desk.hall import Hall
from probes.desk.mail_server import Inbox, serve_imap, serve_smtp
from probes.desk.written import wait_for_teams
from scenarios.scenario import Channel

DOMAIN = "desk.example"
HELP = "help"
MAILBOX = "customers"
MAIL_BYTES_MOST = 10_000_000
TEXT_MOST = 10_000
MATTERS_MOST = 200_000
HISTORY_LINES_MOST = 50
_TAG = re.compile(r"\[desk-(\d{1,9})\]")
_ID = re.compile(r"<desk-(\d{1,9})-[^<>@\s]+@")


@dataclass(frozen=True)
class MailPorts:
    """Where the door is."""

    smtp: int
    imap: int


@dataclass(eq=False)
class MailMatter:
    """What one customer wrote about."""

    number: int
    name: str
    email: str
    intent: str
    subject: str
    text: str
    message_id: str
    door: MailDoor
    channel: Channel = "email"
    asks_back_at_once: bool = True
    mails: list[str] = field(default_factory=list)
    """Ids of what the desk has written in this matter."""

    def taken(self) -> None:
        """A customer does not see who reads a mail."""

    def answered(self, agent: str, texts: Sequence[str], settled: bool) -> None:
        """Send what an agent has written, with the history below."""
        ours = [*texts, *([self.door.hall.phrases.mail_settled] if settled else [])]
        history = [f"> {line}" for line in self.text.splitlines()[:HISTORY_LINES_MOST]]
        wrote = f"On {datetime.datetime.now():%a, %d %b %Y at %H:%M}, {self.name} <{self.email}> wrote:"
        self.door.send(self, agent, "\n\n".join([*ours, "\n".join([wrote, *history])]))

    def passed_on(self) -> None:
        """A customer does not see who reads a mail."""

    def settled(self, silently: bool) -> None:
        """Say that the desk is done, where no agent has."""
        if silently:
            self.door.send(self, "", self.door.hall.phrases.mail_settled, automatic="auto-generated")


class MailDoor:
    """Takes mails in, and sends the desk's."""

    def __init__(self, hall: Hall, inbox: Inbox) -> None:
        self.hall = hall
        self._inbox = inbox
        self._matters: dict[int, MailMatter] = {}
        self._out: asyncio.Queue[bytes] = asyncio.Queue()

    async def deliver(self) -> None:
        """Put what is sent into the customers' mailbox, for as long as the desk is open."""
        while True:
            await self._inbox.put(await self._out.get())

    # -- as aiosmtpd calls it ----------------------------------------------------------------------------------

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take recipients in the desk's own domain."""
        if address.lower().rpartition("@")[2] != DOMAIN:
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        self.hall.begin_day()
        mail = _read(envelope.content if isinstance(envelope.content, bytes) else b"")
        for recipient in envelope.rcpt_tos:
            local, _, intent = recipient.rpartition("@")[0].partition("+")
            if local.lower() == HELP:
                self._take(mail, envelope.mail_from or "", intent)
            elif envelope.mail_from:
                self._send_back(mail, envelope.mail_from, recipient)
        return "250 2.0.0 taken"

    # -- what comes in -----------------------------------------------------------------------------------------

    def _take(self, mail: EmailMessage, sender: str, intent: str) -> None:
        hall = self.hall
        name, address = parseaddr(str(mail.get("From", "")))
        text = _text_of(mail)
        about = self._matter_of(mail)
        if about is not None:
            hall.truth.note("heard", about.email, "email", text=text)
            return
        if str(mail.get("Auto-Submitted", "no")).strip().lower() != "no" or not address:
            return  # a machine's mail is not answered by a machine
        known = intent if intent in hall.loaded.scenario.intents else ""
        matter = MailMatter(
            len(self._matters) + 1, name[:80] or "there", address[:200], hall.intent_of(known),
            " ".join(str(mail.get("Subject", "")).split())[:200], text, str(mail.get("Message-ID", ""))[:300], self,
        )  # fmt: skip
        if not hall.is_open("email"):
            hall.truth.note("shut", address, "email")
            self.send(matter, "", hall.phrases.shut, automatic="auto-replied")
        elif len(self._matters) >= MATTERS_MOST or not hall.lines.take("email"):
            hall.truth.note("busy", address, "email")
            self.send(matter, "", hall.phrases.mail_busy, automatic="auto-replied")
        else:
            self._matters[matter.number] = matter
            hall.truth.note("arrived", address, "email", intent=matter.intent, text=text)
            self.send(matter, "", hall.phrases.mail_accepted, automatic="auto-replied")
            wait_for_teams(hall, matter, hall.loaded.scenario.who_takes("email", matter.intent))

    def _matter_of(self, mail: EmailMessage) -> MailMatter | None:
        """Return the matter that a mail is about, where it is about one already."""
        answers = f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}"[:4000]
        numbers = [*_TAG.findall(str(mail.get("Subject", ""))), *_ID.findall(answers)]
        return next((self._matters[int(number)] for number in numbers if int(number) in self._matters), None)

    # -- what goes out -----------------------------------------------------------------------------------------

    def send(self, matter: MailMatter, agent: str, text: str, automatic: str = "") -> None:
        """Send a mail to a customer."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = f"{agent or 'Help desk'} <{HELP}@{DOMAIN}>"
        mail["To"] = matter.email
        said = re.sub(r"(?i)^(re:\s*)+", "", matter.subject) or self.hall.phrases.mail_subject
        mail["Subject"] = f"Re: [desk-{matter.number}] {said}"
        mail["Date"] = format_datetime(datetime.datetime.now(datetime.UTC))
        mail["Message-ID"] = f"<desk-{matter.number}-{secrets.token_hex(8)}@{DOMAIN}>"
        references = [message_id for message_id in (matter.message_id, *matter.mails[-10:]) if message_id]
        if references:
            mail["In-Reply-To"] = references[0]
            mail["References"] = " ".join(references)
        if automatic:
            mail["Auto-Submitted"] = automatic
            mail["Precedence"] = "auto_reply"
        mail.set_content(text)
        matter.mails.append(str(mail["Message-ID"]))
        self._post(mail, matter.email, "" if automatic else f"{HELP}@{DOMAIN}")

    def _send_back(self, mail: EmailMessage, sender: str, recipient: str) -> None:
        """Tell a sender that there is nobody of that name."""
        why, words = f"550 5.1.1 <{recipient}>", self.hall.phrases.mail_unknown
        report = EmailMessage(policy=email.policy.SMTP)
        report["From"] = f"Mail Delivery System <MAILER-DAEMON@{DOMAIN}>"
        report["To"] = sender
        report["Subject"] = "Undelivered Mail Returned to Sender"
        report["Message-ID"] = f"<{secrets.token_hex(8)}@{DOMAIN}>"
        report["Auto-Submitted"] = "auto-replied"
        report["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{secrets.token_hex(12)}"'
        told, status, headers = EmailMessage(), EmailMessage(), EmailMessage()
        told.set_content(f"{words}\n\n{why}\n")
        status["Content-Type"] = "message/delivery-status"
        status.set_payload([_block({"Reporting-MTA": f"dns; {DOMAIN}"}), _block({
            "Final-Recipient": f"rfc822; {recipient}", "Action": "failed", "Status": "5.1.1",
            "Diagnostic-Code": f"smtp; {why}: {words}",
        })])  # fmt: skip
        headers["Content-Type"] = "text/rfc822-headers"
        headers.set_payload(f"Message-ID: {mail.get('Message-ID', '')}\nSubject: {mail.get('Subject', '')}\n")
        for part in (told, status, headers):
            report.attach(part)
        self.hall.truth.note("bounced", sender, "email", recipient=recipient)
        self._post(report, sender, "")

    def _post(self, mail: EmailMessage, recipient: str, sender: str) -> None:
        head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
        self._out.put_nowait(head + mail.as_bytes())


@contextlib.asynccontextmanager
async def open_mail_door(hall: Hall, host: str) -> AsyncIterator[MailPorts]:
    """Serve SMTP and IMAP on free ports until the block ends."""
    async with serve_imap(host, MAILBOX) as (inbox, imap_port):
        door = MailDoor(hall, inbox)
        async with serve_smtp(host, door, DOMAIN, MAIL_BYTES_MOST) as smtp_port:
            delivering = asyncio.create_task(door.deliver())
            try:
                yield MailPorts(smtp_port, imap_port)
            finally:
                delivering.cancel()
                await asyncio.wait([delivering])


def _read(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _text_of(mail: EmailMessage) -> str:
    try:
        body = mail.get_body(("plain", "html"))
        return str(body.get_content())[:TEXT_MOST] if body is not None else ""
    except (LookupError, ValueError, KeyError, AttributeError):
        return ""


def _block(facts: dict[str, str]) -> EmailMessage:
    block = EmailMessage()
    for name, value in facts.items():
        block[name] = value
    return block
