"""A mailbox that all contacts of a run share: one IMAP connection, whose mails are handed to the contact they answer.

Where the server pushes (IDLE) what comes is stamped when it says so; else, and always under the virtual clock, where a
thread that waits would stop time, the mailbox looks every so often. A mail belongs to the contact
1. whose mail it answers, by In-Reply-To, References, or what a bounce encloses; else
2. to whose own address it is written, where no other contact has the same; else
3. whose subject tag it carries, as an earlier mail to that contact did.
Any other mail is nobody's: counted and left alone. Who sent a mail is not asked; desks answer from many addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from probes.channels.imap_box import ImapBox, MailboxError
from probes.channels.mail_text import Mail
from probes.clock import Clock
from probes.guard import RefusedByCharterError
from probes.virtual_loop import VirtualLoop
from scenarios.target import Target
from scenarios.target_email import Imap

PUSH_WAIT_S_MOST = 60.0
"""A push is waited for no longer; then the server is asked whether it is still there."""
AFTER_MAIL_S = 1.0
"""Mails come in company, and some servers do not push what came while we read: the first wait after a mail is short."""
TRIES_MOST = 3
"""So often in a row a lost connection is made again before every contact is told."""
BETWEEN_TRIES_S = 0.5
CUT_S_MOST = 5.0
MAILBOXES_MOST = 64
"""Each takes a thread; desks whose personas have mailboxes of their own are for few contacts at a time."""

T = TypeVar("T")


class Correspondent(Protocol):
    """A contact that waits for mail."""

    address: str
    """Ours, as the desk sees it."""
    background: bool

    def take(self, mail: Mail, after_s: float, by_s: float) -> None:
        """Take a mail that came between two instants."""

    def lost(self, reason: str | Exception) -> None:
        """Hear that no mail will come any more: the mail server's doing, or, where it is an exception, our own."""


class Source(Protocol):
    """What a target says of a mailbox; `subject_tag` marks the desk's mails, see `Email`."""

    @property
    def imap(self) -> Imap:
        """Where it is."""

    @property
    def poll_s(self) -> float:
        """How often we look, in scenario seconds."""

    @property
    def background_poll_s(self) -> float | None:
        """How often for a crowd alone."""

    @property
    def mail_bytes_most(self) -> int:
        """So much of a mail is read."""

    @property
    def subject_tag(self) -> str | None:
        """The desk's mark in subjects, as a group `tag`."""


class Mailbox:
    """One folder, watched as long as somebody waits for mail in it."""

    def __init__(self, target: Target, email: Source, clock: Clock, user: str, password: str) -> None:
        self._email, self._clock = email, clock
        self._answer_s = target.request_s_most
        self._push_s = min(PUSH_WAIT_S_MOST, self._answer_s)
        self._box = ImapBox(email.imap, user, password, self._answer_s, email.mail_bytes_most)
        self._thread = ThreadPoolExecutor(1, "mailbox")
        self._waiting: dict[Correspondent, None] = {}
        self._by_id: dict[str, Correspondent] = {}
        self._by_tag: dict[str, Correspondent] = {}
        self._watch: asyncio.Task[None] | None = None
        self._open: asyncio.Future[None] | None = None
        self._wanted, self._joined = asyncio.Event(), asyncio.Event()
        self._looked_s = 0.0
        self.polled = False
        self.strays = 0

    async def join(self, contact: Correspondent) -> None:
        """Have mails handed to a contact; returns when the mailbox is being watched.

        Raises:
            MailboxError: it cannot be opened.
        """
        self._waiting[contact] = None
        self._wanted.set()
        self._joined.set()
        if self._watch is None or self._watch.done():
            self._open = asyncio.get_running_loop().create_future()
            self._watch = asyncio.create_task(self._watched(self._open))
        assert self._open is not None
        try:
            await asyncio.shield(self._open)
        except MailboxError:
            self.leave(contact)
            raise

    def sent(self, contact: Correspondent, message_id: str) -> None:
        """Know a mail of a contact's, so that answers to it find back."""
        self._by_id[message_id] = contact

    def leave(self, contact: Correspondent) -> None:
        """Forget a contact."""
        if self._waiting.pop(contact, self) is self:
            return
        for known in (self._by_id, self._by_tag):
            for mark in [mark for mark, whose in known.items() if whose is contact]:
                del known[mark]
        if not self._waiting:
            self._wanted.clear()

    async def close(self) -> None:
        """Stop watching and close the connection."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        self._box.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # -- watching ----------------------------------------------------------------------------------------------

    async def _watched(self, opened: asyncio.Future[None]) -> None:
        """Watch until the connection is lost for good; whatever ends it is told to all who wait."""
        told: str | Exception = "the mailbox is closed"
        try:
            told = await self._keep_watching(opened)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  raised where the contacts wait, who log it as our failure
            told = error
        finally:
            if not opened.done():
                opened.set_exception(MailboxError(str(told)))
                opened.exception()  # seen here, should nobody wait for it any more
            for contact in list(self._waiting):
                contact.lost(told)

    async def _keep_watching(self, opened: asyncio.Future[None]) -> str:
        """Watch, and connect again where the connection is lost; returns why no more."""
        tries = 0
        while True:
            try:
                asked_s = self._clock.now_s()
                pushes = await self._call(self._box.open, self._answer_s)
                self.polled = not pushes or isinstance(self._clock.loop, VirtualLoop)
                if not opened.done():
                    self._looked_s = asked_s
                    opened.set_result(None)
                else:
                    await self._look(None)
                wait_s = self._push_s
                while True:
                    pushed_s = None
                    if self.polled:
                        await self._wait_to_look()
                    else:
                        push = functools.partial(self._box.wait_for_push, wait_s, self._clock.now_s)
                        pushed_s = await self._call(push, wait_s + self._answer_s)
                    found = await self._look(pushed_s)
                    # what comes while we read is not always pushed: ask until there is nothing, then not too long
                    while found and not self.polled and await self._look(None):
                        pass
                    wait_s = min(self._push_s, AFTER_MAIL_S if found else self._push_s)
                    tries = 0
            except (MailboxError, RefusedByCharterError) as error:
                tries += 1
                self._box.close()
                if tries >= TRIES_MOST or isinstance(error, RefusedByCharterError) or not opened.done():
                    return f"the mailbox: {error}"
                await asyncio.sleep(BETWEEN_TRIES_S * tries)

    async def _wait_to_look(self) -> None:
        """Wait until somebody waits for mail and it is time to look."""
        while True:
            await self._wanted.wait()
            self._joined.clear()
            try:
                # one who joins may want to look sooner
                await self._clock.wait_until(self._joined.wait(), self._looked_s + self._poll_s())
            except TimeoutError:
                if self._waiting:
                    return

    def _poll_s(self) -> float:
        email = self._email
        if email.background_poll_s is not None and all(contact.background for contact in self._waiting):
            return email.background_poll_s
        return email.poll_s

    async def _look(self, pushed_s: float | None) -> bool:
        """Look for what is new, and hand it over; say whether there was anything."""
        asked_s = self._clock.now_s()
        mails = await self._call(self._box.look, self._answer_s)
        now_s = self._clock.now_s()
        if pushed_s is None:
            after_s, by_s = self._looked_s, now_s
        else:
            after_s, by_s = pushed_s - self._email.imap.push_late_s * self._clock.scale, pushed_s
        for mail in mails:
            contact = self._contact_of(mail)
            if contact is None:
                self.strays += 1
            else:
                contact.take(mail, after_s, by_s)
        self._looked_s = asked_s
        return bool(mails)

    async def _call(self, what: Callable[[], T], within_s: float) -> T:
        """Have the thread do something; what takes too long is cut off, and so is what nobody waits for any more."""
        doing = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(self._thread, what))
        try:
            await asyncio.wait([doing], timeout=within_s)
        finally:
            if not doing.done():
                self._box.cut()
                doing.add_done_callback(lambda late: late.cancelled() or late.exception())
                await asyncio.wait([doing], timeout=CUT_S_MOST)
                late = True
            else:
                late = False
        if late:
            raise MailboxError(f"no answer in {within_s:g} s")
        return doing.result()

    # -- whose -------------------------------------------------------------------------------------------------

    def _contact_of(self, mail: Mail) -> Correspondent | None:
        """Return whom a mail answers, and remember its subject tag as theirs."""
        if mail.message_id in self._by_id:
            return None  # a copy of our own
        tag = tag_in(self._email, mail.subject)
        contact = next((self._by_id[mark] for mark in mail.references if mark in self._by_id), None)
        if contact is None:
            theirs = [contact for contact in self._waiting if contact.address.lower() in mail.recipients]
            contact = theirs[0] if len(theirs) == 1 else None
        if contact is None and tag is not None:
            contact = self._by_tag.get(tag)
        if contact is not None and tag is not None:
            self._by_tag.setdefault(tag, contact)
        return contact


def tag_in(email: Source, subject: str) -> str | None:
    """Return the desk's mark in a subject."""
    found = re.search(email.subject_tag, subject) if email.subject_tag is not None else None
    return found["tag"] if found is not None else None


class Mailboxes:
    """The mailboxes of a run, by user."""

    def __init__(self) -> None:
        self._opened: dict[str, Mailbox] = {}

    def of(self, target: Target, email: Source, clock: Clock, user: str, password: str) -> Mailbox:
        """Return a user's mailbox.

        Raises:
            MailboxError: there are too many already.
        """
        if user not in self._opened and len(self._opened) >= MAILBOXES_MOST:
            raise MailboxError(f"over {MAILBOXES_MOST} mailboxes at once")
        if user not in self._opened:
            self._opened[user] = Mailbox(target, email, clock, user, password)
        return self._opened[user]

    async def close(self) -> None:
        """Close them all."""
        for mailbox in self._opened.values():
            with contextlib.suppress(OSError):
                await mailbox.close()
