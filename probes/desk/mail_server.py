"""SMTP by aiosmtpd and IMAP by pymap, served from the running loop, also under the virtual clock.

The mailbox lies in memory. Nobody is asked for a password: these servers are for loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from argparse import Namespace
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from aiosmtpd.smtp import SMTP
from proxyprotocol.noop import ProxyProtocolNoop
from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Event, Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

KEPT_MOST = 20_000
"""So many mails lie in a mailbox; the oldest go."""
BACKLOG = 4096
CLOSE_S_MOST = 1.0


class Inbox:
    """A mailbox to put mails into."""

    def __init__(self, mailbox: MailboxData) -> None:
        self._mailbox = mailbox
        self._kept: deque[int] = deque()

    async def put(self, raw: bytes) -> None:
        """Deliver a mail."""
        held = await self._mailbox.append(AppendMessage(raw, datetime.datetime.now(datetime.UTC), frozenset()))
        self._kept.append(held.uid)
        if len(self._kept) > KEPT_MOST:
            await self._mailbox.delete([self._kept.popleft()])


def tell_at_once(mailbox: MailboxData) -> None:
    """Have a mailbox push what came before one began to wait, which pymap keeps for the next mail."""
    plain, changes = mailbox.update_selected, mailbox._mod_sequences

    async def update_selected(selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        behind = selected.mod_sequence is None or selected.mod_sequence < changes.highest
        return await plain(selected, wait_on=None if behind else wait_on)

    mailbox.update_selected = update_selected  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def serve_smtp(host: str, handler: Any, name: str, mail_bytes_most: int) -> AsyncIterator[int]:
    """Serve SMTP on a free port, which is yielded; mails go to a handler as aiosmtpd calls it."""

    def write_mails() -> SMTP:
        return SMTP(handler, hostname=name, ident="Mail", data_size_limit=mail_bytes_most, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(write_mails, host, 0, backlog=BACKLOG)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class _Settings(Config):
    """Settings of the mailboxes, that greet by a name of their own: pymap's look the machine's up."""

    @property
    def greeting(self) -> bytes:
        """What is said first."""
        return b"Mail ready"


@contextlib.asynccontextmanager
async def serve_imap(host: str, user: str) -> AsyncIterator[tuple[Inbox, int]]:
    """Serve one user's mailbox over IMAP on a free port; yields the mailbox and the port."""
    config = _Settings(
        Namespace(), host=host, port=0, tls_enabled=False, secure_auth=False, demo_data=False, demo_user=user,
        demo_password="", hash_context=Cleartext(), cpu_subsystem=Subsystem.for_asyncio(),
        proxy_protocol=ProxyProtocolNoop(), ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
    )  # fmt: skip
    config.apply_context()
    login, mailboxes = Login(config), MailboxSet()
    await login.demo_user_identity.set(UserMetadata(config, user, password=""))
    config.set_cache[user] = (mailboxes, FilterSet())
    imap = IMAPServer(login, config)
    readers: set[asyncio.Task[Any]] = set()

    async def read_mails(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        readers.add(task)
        task.add_done_callback(readers.discard)
        with contextlib.suppress(ConnectionError):
            await imap(reader, writer, SocketInfoLocal(writer.transport))

    server = await asyncio.start_server(read_mails, host, 0, backlog=BACKLOG)
    inbox = await mailboxes.get_mailbox("INBOX")
    tell_at_once(inbox)
    try:
        yield Inbox(inbox), server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(readers):
            task.cancel()
        if readers:
            await asyncio.wait(readers, timeout=CLOSE_S_MOST)
