"""E-mail: a mail to the desk over SMTP, its answers from a mailbox that all contacts of a run share.

What a mail is worth: a bounce is an error; what headers or the target's wording mark as a machine's is automatic; all
else a person wrote. The target's wording also says what settles the matter, and, until a person has written, that the
desk is shut or busy. Mails go to the desk's address; to the address that answered only if the charter lists it.

Mail loops: of a contact's mails at most one answers a machine, until a person has written; and at most `REPLIES_MOST`
are sent. Beyond that the guard refuses.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from probes.channels.contract import Caller, Plain, Surroundings
from probes.channels.mail_text import Mail
from probes.channels.mail_write import Enclosure, Letter, answer_subject, new_message_id, write_mail
from probes.guard import Guard, RefusedByCharterError
from probes.journeys import LAST, Open, Seen
from scenarios.secret import SecretMissingError

if TYPE_CHECKING:
    from probes.channels.mailbox import Mailbox

REPLIES_MOST = 20
MAILS_MOST = 200
"""So many mails of one contact are taken in; a desk that sends more is cut off there."""
ENCLOSED_BYTES_MOST = 10_000_000
REFERENCES_MOST = 100
LIBRARIES = ("aiosmtplib", "imap_tools")


class EmailSession(Plain):
    """One customer's correspondence with the desk."""

    polled = True
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.email is not None
        self._around, self._caller, self._email = around, caller, around.target.email
        self.address = ours(self._email.from_address, caller)
        self.background = caller.background
        self._desk = self._email.address_for(caller.intent)
        self._mailbox: Mailbox | None = None
        self._seen: deque[Seen | Exception] = deque()
        self._news = asyncio.Event()
        self._thread: list[str] = []
        """The Message-IDs of the correspondence, ours and theirs, oldest first."""
        self._subject = ""
        self._last: Mail | None = None
        self._enclosed: list[Enclosure] = []
        self._sent_s = 0.0
        self._replies = self._machine_answers = self._mails = 0
        self._person_wrote = self._over = False

    async def open(self, opening: Open) -> None:
        """Have the mailbox watched, then send the first mail."""
        absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
        if absent:
            raise ModuleNotFoundError(f"e-mail needs {', '.join(absent)}: pip install 'testdrive-cx[email]'")
        from probes.channels.imap_box import MailboxError

        email, guard = self._email, self._around.guard
        for host, port in ((email.smtp.host, email.smtp.port), (email.imap.host, email.imap.port)):
            guard.check(host, port)
            await pin_addresses(guard, host, port)
        self._check(self._desk, "to write to")
        if self.address.lower() != self._caller.persona.email.lower():
            check_mailbox(guard, self.address, "to write from", [self.address])
        try:
            self._mailbox = self._shared_mailbox()
            await self._mailbox.join(self)
        except (MailboxError, SecretMissingError) as error:
            self._fail(str(error))
            return
        self.polled = self._mailbox.polled
        self._subject = opening.subject or opening.text.partition("\n")[0][:80]
        self.entered_s = self._around.clock.now_s()
        if await self._send(self._desk, self._subject, opening.text, ""):
            accepted_s = self._around.clock.now_s()
            # an answer may have overtaken the word that ours was taken
            self._seen.appendleft(Seen("accepted", accepted_s, accepted_s))
            self._news.set()

    async def say(self, text: str) -> None:
        """Answer in the thread; nothing is written once the matter is over.

        Raises:
            RefusedByCharterError: the desk wants the answer elsewhere, or a machine would be answered again and again.
        """
        if self._mailbox is None or self._over:
            return
        last = self._last
        if self._replies >= REPLIES_MOST:
            raise RefusedByCharterError(f"a contact sends at most {REPLIES_MOST} mails after its first")
        if last is not None and not self._person_wrote and self._is_automatic(last):
            if self._machine_answers:
                raise RefusedByCharterError(
                    "automatic mails are answered once, and not again until a person has written"
                )
            self._machine_answers += 1
        self._replies += 1
        recipient = self._desk if last is None else self._answer_to(last)
        subject = answer_subject(last.subject if last is not None and last.subject else self._subject)
        await self._send(recipient, subject, text, last.message_id if last is not None else "")

    async def attach(self, path: Path) -> None:
        """Enclose a file with the next mail."""
        content = await asyncio.to_thread(path.read_bytes)
        if len(content) + sum(len(one.content) for one in self._enclosed) > ENCLOSED_BYTES_MOST:
            raise ValueError(f"{path.name}: over {ENCLOSED_BYTES_MOST} bytes would be enclosed with one mail")
        self._enclosed.append(Enclosure(path.name, content))

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return what came, in its order; what came after the deadline does not count any more."""
        while not self._seen:
            self._news.clear()
            if until_s is None:
                await self._news.wait()
                continue
            try:
                await self._around.clock.wait_until(self._news.wait(), until_s)
            except TimeoutError:
                return Seen("nothing", until_s, until_s)
        seen = self._seen[0]
        if isinstance(seen, Exception):
            raise seen
        if until_s is not None and seen.seen_by_s > until_s:
            return Seen("nothing", until_s, until_s)
        self._seen.popleft()
        return seen

    async def leave(self) -> None:
        """Look no more: a mail cannot be taken back."""

    async def close(self) -> None:
        """Have no more mails handed to us."""
        if self._mailbox is not None:
            self._mailbox.leave(self)

    async def evidence(self, name: str) -> str | None:
        """A mail has no picture."""
        return None

    # -- what comes in -----------------------------------------------------------------------------------------

    def take(self, mail: Mail, after_s: float, by_s: float) -> None:
        """Take in a mail of this correspondence."""
        if mail.message_id and mail.message_id in self._thread:
            return  # delivered twice
        self._mails += 1
        if self._mails > MAILS_MOST:
            self._fail(f"the desk sent over {MAILS_MOST} mails")
            return
        if mail.message_id and len(self._thread) < REFERENCES_MOST:
            self._thread.append(mail.message_id)
        # nothing is older than our own mail
        for seen in self._understand(mail, min(max(after_s, self._sent_s), by_s), by_s):
            self._put(seen)
        if mail.kind != "bounce":
            self._last = mail

    def lost(self, reason: str | Exception) -> None:
        """Hear that no mail will come any more."""
        if isinstance(reason, Exception):
            self._seen.append(reason)
            self._news.set()
        else:
            self._fail(reason)

    def _understand(self, mail: Mail, after_s: float, by_s: float) -> list[Seen]:
        email = self._email
        if mail.kind == "bounce":
            return [Seen("error", after_s, by_s, mail.reason)]
        if not self._person_wrote and not says(email.human, mail.text):
            for kind, wording in (("shut", email.shut), ("busy", email.busy)):
                if says(wording, f"{mail.subject}\n{mail.text}"):
                    return [Seen(kind, after_s, by_s, mail.text)]  # type: ignore[arg-type]  # both are kinds
        automatic = self._is_automatic(mail)
        self._person_wrote = self._person_wrote or not automatic
        seen = [Seen("automatic" if automatic else "human", after_s, by_s, mail.text)]
        if says(email.closed, f"{mail.subject}\n{mail.text}"):
            seen.append(Seen("closed", after_s, by_s, resolved=True))
        return seen

    def _is_automatic(self, mail: Mail) -> bool:
        if says(self._email.human, mail.text):
            return False
        return mail.kind == "automatic" or says(self._email.automatic, f"{mail.subject}\n{mail.text}")

    def _fail(self, reason: str) -> None:
        now_s = self._around.clock.now_s()
        self._put(Seen("error", now_s, now_s, reason))

    def _put(self, seen: Seen) -> None:
        if not self._over:
            self._over = seen.kind in LAST
            self._seen.append(seen)
            self._news.set()

    # -- what goes out -----------------------------------------------------------------------------------------

    def _shared_mailbox(self) -> Mailbox:
        """Return the mailbox in which our answers arrive, shared with all who use it."""
        from probes.channels.mailbox import Mailboxes

        around, imap = self._around, self._email.imap
        mailboxes = around.shared.setdefault("email", Mailboxes())
        assert isinstance(mailboxes, Mailboxes)
        return mailboxes.of(
            around.target, self._email, around.clock, ours(imap.user, self._caller),
            "" if imap.password is None else imap.password.value("email.imap.password"),
        )  # fmt: skip

    def _answer_to(self, mail: Mail) -> str:
        """Return where an answer to a mail goes: where it asks, which must be allowed; else who wrote, if allowed."""
        if mail.reply_to and mail.reply_to != self._desk.lower():
            self._check(mail.reply_to, "where the desk wants its answer (Reply-To)")
            return mail.reply_to
        return mail.sender if allows_mailbox(self._around.guard, mail.sender, [self._desk]) else self._desk

    def _check(self, address: str, what: str) -> None:
        check_mailbox(self._around.guard, address, what, [self._desk])

    async def _send(self, recipient: str, subject: str, text: str, answers: str) -> bool:
        """Send a mail; says whether it was taken, and queues the error where it was not."""
        from probes.channels.smtp_send import NotTakenError, send_mail

        assert self._mailbox is not None
        self._check(recipient, "to write to")
        persona = self._caller.persona
        letter = Letter(
            f"{persona.first_name} {persona.last_name}", self.address, recipient, subject, text,
            new_message_id(self.address), answers, tuple(self._thread), tuple(self._enclosed),
        )  # fmt: skip
        self._enclosed = []
        self._thread.append(letter.message_id)
        self._mailbox.sent(self, letter.message_id)
        self._sent_s = self._sent_s or self._around.clock.now_s()
        try:
            await send_mail(
                self._email.smtp, self.address, recipient, write_mail(letter), self._around.target.request_s_most
            )
        except NotTakenError as error:
            now_s = self._around.clock.now_s()
            kind = (
                "shut"
                if says(self._email.shut, str(error))
                else "busy"
                if says(self._email.busy, str(error))
                else "error"
            )
            self._put(Seen(kind, now_s, now_s, str(error)))  # type: ignore[arg-type]  # all three are kinds
            return False
        except SecretMissingError as error:
            self._fail(str(error))
            return False
        return True


def says(wording: str | None, text: str) -> bool:
    """Say whether a text holds what a target says it would."""
    return wording is not None and re.search(wording, text) is not None


def ours(template: str, caller: Caller) -> str:
    """Return an address or user of ours for one persona."""
    email = caller.persona.email
    return template.replace("{persona.email}", email).replace("{persona.tag}", tag_of(email))


def tag_of(address: str) -> str:
    """Return the part of a persona's address that no other contact has.

    >>> tag_of("anna.0123456789ab@example.org")
    '0123456789ab'
    """
    return address.partition("@")[0].rpartition(".")[2]


def allows_mailbox(guard: Guard, address: str, desks: Collection[str] = ()) -> bool:
    """Say whether the charter lists a mailbox, be it with a tag after a plus; on one's own desk `desks` are, too."""
    charter = guard.charter
    listed = {str(mailbox).lower() for mailbox in getattr(charter, "mailboxes", [])}
    if charter.kind == "own":
        listed |= {without_tag(desk) for desk in desks}
    return bool({address.lower(), without_tag(address)} & listed)


def without_tag(address: str) -> str:
    """Return an address without what stands after a plus.

    >>> without_tag("Help+returns@desk.example")
    'help@desk.example'
    """
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def check_mailbox(guard: Guard, address: str, what: str, desks: Collection[str] = ()) -> None:
    """Refuse a mailbox that the charter does not list.

    Raises:
        RefusedByCharterError: naming it.
    """
    if not allows_mailbox(guard, address, desks):
        guard.refused.append(address)
        raise RefusedByCharterError(f"the charter does not list the mailbox {address}, {what}")


async def pin_addresses(guard: Guard, host: str, port: int) -> None:
    """Look up a listed name and remember where it leads, as the guard lets nobody through to other addresses."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port)
    except OSError:
        return  # whoever connects says so
    guard.pin(host, [str(address[0]) for *_, address in found])
