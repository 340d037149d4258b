"""One IMAP connection, blocking, for a worker thread: open it, wait until the server pushes, look for what is new.

Mails that lay in the folder before are never fetched; nothing is marked, moved or deleted. Each answer of the server
has a bound in bytes here, and a bound in time at whoever calls: `cut` ends a call from another thread.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError

from probes.channels.mail_text import Mail, clean, read_mail
from scenarios.target_email import Imap

ANSWER_BYTES_MOST = 8_000_000
"""So much may an answer hold beside the mails it was asked for."""
LINE_BYTES_MOST = 1_000_000
CHUNK_BYTES = 4_000_000
CHUNK_MAILS = 50
LOOK_MAILS_MOST = 2_000
"""So many mails are read in one look; the rest is left to the next."""
WORDS_MOST = 300


class MailboxError(Exception):
    """The mail server did not do as it should; the message says how, and never holds a password."""


class _Bounded:
    """What an IMAP client reads, counted."""

    left = ANSWER_BYTES_MOST
    file: Any

    def __init__(self, opened: Callable[[Any], None], *where: Any, **how: Any) -> None:
        self._opened = opened
        super().__init__(*where, **how)

    def open(self, *where: Any, **how: Any) -> None:
        parent: Any = super()
        parent.open(*where, **how)
        self._opened(self)  # before the server says a word: from now on the connection can be cut

    def read(self, size: int) -> bytes:
        self._count(size)
        return bytes(self.file.read(size))

    def readline(self) -> bytes:
        line = bytes(self.file.readline(LINE_BYTES_MOST + 1))
        if len(line) > LINE_BYTES_MOST:
            raise imaplib.IMAP4.abort(f"a line of more than {LINE_BYTES_MOST} bytes")
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise imaplib.IMAP4.abort("the server's answer is larger than what was asked for")


class _Plain(_Bounded, imaplib.IMAP4):
    pass


class _Secured(_Bounded, imaplib.IMAP4_SSL):
    pass


class _Box(BaseMailBox):
    def __init__(self, connect: Callable[[], imaplib.IMAP4]) -> None:
        self._connect = connect
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._connect()


@dataclass(frozen=True)
class _Listed:
    uid: int
    size: int


class ImapBox:
    """One folder of one user's, from the moment it is first opened."""

    def __init__(self, imap: Imap, user: str, password: str, answer_s: float, mail_bytes_most: int) -> None:
        self._imap, self._user, self._password = imap, user, password
        self._answer_s, self._mail_bytes_most = answer_s, mail_bytes_most
        self._box: _Box | None = None
        self._client: Any = None
        self._numbering: int | None = None
        self._next_uid = 0

    def open(self) -> bool:
        """Connect, log in, open the folder read-only; say whether the server will push."""
        with self._in_words():
            self._box = box = _Box(self._connect)
            box.login(self._user, self._password, None)
            # some servers push only, and so say only, to who has logged in
            _, told = box.client.capability()
            status = box.folder.status(self._imap.folder, ("UIDNEXT", "UIDVALIDITY"))
            if self._numbering not in (None, status["UIDVALIDITY"]):
                raise MailboxError("the folder was renumbered while we waited")
            if self._numbering is None:
                self._numbering, self._next_uid = status["UIDVALIDITY"], status["UIDNEXT"]
            box.folder.set(self._imap.folder, readonly=True)
            return self._imap.idle and b"IDLE" in told[-1].upper().split()

    def wait_for_push(self, wall_s: float, now_s: Callable[[], float]) -> float | None:
        """Wait until the server says that something has changed; returns when it did, or None after `wall_s`."""
        with self._in_words() as box:
            idle: Any = box.idle
            idle.start()
            pushed_s = now_s() if self._has_unread() or self._is_readable(wall_s) else None
            idle.stop()
            return pushed_s

    def look(self) -> list[Mail]:
        """Return the mails that came since the last look."""
        with self._in_words() as box:
            box.client.noop()
            found: list[Mail] = []
            for chunk in _chunks(self._list_new(box), self._mail_bytes_most):
                found += self._fetch(box, chunk)
                self._next_uid = chunk[-1].uid + 1
            return found

    def cut(self) -> None:
        """End whatever waits for the server, from any thread; only opening again helps after this."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection without a word."""
        self._box = None
        if self._client is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                self._client.shutdown()

    # -- inside ------------------------------------------------------------------------------------------------

    def _connect(self) -> imaplib.IMAP4:
        imap = self._imap
        client: imaplib.IMAP4
        if imap.tls == "tls":
            secured = ssl.create_default_context()
            client = _Secured(self._opened, imap.host, imap.port, ssl_context=secured, timeout=self._answer_s)
        else:
            client = _Plain(self._opened, imap.host, imap.port, self._answer_s)
            if imap.tls == "starttls":
                client.starttls(ssl.create_default_context())
        return client

    def _opened(self, client: Any) -> None:
        self._client = client

    def _list_new(self, box: _Box) -> list[_Listed]:
        _, told = box.client.uid("FETCH", f"{self._next_uid}:*", "(UID RFC822.SIZE)")
        listed = []
        for line in told:
            words = b" ".join(line) if isinstance(line, tuple) else line or b""
            uid, size = re.search(rb"\bUID (\d{1,10})", words), re.search(rb"RFC822\.SIZE (\d{1,12})", words)
            # a range that ends with * holds the last mail even where it is an old one
            if uid is not None and size is not None and int(uid[1]) >= self._next_uid:
                listed.append(_Listed(int(uid[1]), int(size[1])))
        return sorted(listed, key=lambda mail: mail.uid)[:LOOK_MAILS_MOST]

    def _fetch(self, box: _Box, chunk: list[_Listed]) -> Iterator[Mail]:
        most = self._mail_bytes_most
        client: Any = box.client
        client.left = ANSWER_BYTES_MOST + sum(min(mail.size, most) for mail in chunk)
        _, told = client.uid("FETCH", ",".join(str(mail.uid) for mail in chunk), f"(UID BODY.PEEK[]<0.{most}>)")
        size_of = {mail.uid: mail.size for mail in chunk}
        for place, item in enumerate(told):
            if isinstance(item, tuple):
                tail = told[place + 1] if place + 1 < len(told) and isinstance(told[place + 1], bytes) else b""
                uid = re.search(rb"\bUID (\d{1,10})", item[0]) or re.search(rb"\bUID (\d{1,10})", tail)
                raw = bytes(item[1])[:most]
                size = size_of.get(int(uid[1])) if uid else None
                yield read_mail(raw, size if size is not None and size > most else None)

    def _has_unread(self) -> bool:
        """Say whether something was read off the line with what came before it."""
        assert self._box is not None
        client: Any = self._box.client
        client.sock.settimeout(0.0)
        try:
            return bool(client.file.peek(1))
        except OSError:
            return False
        finally:
            client.sock.settimeout(self._answer_s)

    def _is_readable(self, wall_s: float) -> bool:
        assert self._box is not None
        poller = select.poll()
        poller.register(self._box.client.sock.fileno(), select.POLLIN)
        return bool(poller.poll(wall_s * 1000))

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[_Box]:
        """Turn whatever goes wrong into words, in which the password does not stand."""
        box: Any = self._box
        if box is not None:
            box.client.left = ANSWER_BYTES_MOST
        try:
            yield box
        except (
            OSError,
            ImapToolsError,
            imaplib.IMAP4.error,
            KeyError,
            ValueError,
            IndexError,
            TypeError,
            EOFError,
        ) as error:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise MailboxError(hidden(told, self._password)) from None


def hidden(words: str, password: str | None) -> str:
    """Return words of a server without the password, should it have said it back."""
    return clean(words.replace(password, "***") if password else words)[:WORDS_MOST]


def _chunks(listed: list[_Listed], mail_bytes_most: int) -> Iterator[list[_Listed]]:
    chunk: list[_Listed] = []
    held = 0
    for mail in listed:
        size = min(mail.size, mail_bytes_most)
        if chunk and (held + size > CHUNK_BYTES or len(chunk) >= CHUNK_MAILS):
            yield chunk
            chunk, held = [], 0
        chunk.append(mail)
        held += size
    if chunk:
        yield chunk
