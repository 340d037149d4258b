"""Codes that a desk mails to one persona, and its pages then ask for.

The mailbox is watched from before the page is asked to send one; the mails that lay there before are not read. A code
is a secret: it is found nowhere under the run's folder.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
from typing import TYPE_CHECKING

from probes.channels.contract import Caller, Surroundings
from probes.channels.email import ours, pin_addresses
from scenarios.secret import SecretMissingError

if TYPE_CHECKING:
    from probes.channels.mail_text import Mail
    from probes.channels.mailbox import Mailbox


class CodeReader:
    """Waits for the code of one contact; the persona's mailbox comes from the charter."""

    background = False

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.codes is not None
        self._around, self._caller, self._codes = around, caller, around.target.codes
        self.address = caller.persona.email
        self._mailbox: Mailbox | None = None
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def begin(self) -> None:
        """Have the mailbox watched.

        Raises:
            probes.tab.PageError: it cannot be opened.
        """
        from probes.tab import PageError

        if importlib.util.find_spec("imap_tools") is None:
            raise ModuleNotFoundError("codes from a mailbox need imap_tools: pip install 'testdrive-cx[email]'")
        from probes.channels.imap_box import MailboxError
        from probes.channels.mailbox import Mailboxes

        around, imap = self._around, self._codes.imap
        around.guard.check(imap.host, imap.port)
        await pin_addresses(around.guard, imap.host, imap.port)
        mailboxes = around.shared.setdefault("codes", Mailboxes())
        assert isinstance(mailboxes, Mailboxes)
        try:
            password = "" if imap.password is None else imap.password.value("codes.imap.password")
            user = ours(imap.user, self._caller)
            self._mailbox = mailboxes.of(around.target, self._codes, around.clock, user, password)
            await self._mailbox.join(self)
        except (MailboxError, SecretMissingError) as error:
            raise PageError(f"the mailbox for codes: {error}") from None

    async def code(self) -> str:
        """Return the code when it has come.

        Raises:
            probes.tab.PageError: none came in time, or none can come any more.
        """
        from probes.tab import PageError

        try:
            async with asyncio.timeout(self._codes.within_s):
                code = await asyncio.shield(self._code)
        except TimeoutError:
            raise PageError(f"no code came to {self.address} in {self._codes.within_s:g} s") from None
        except ConnectionError as error:
            raise PageError(f"the mailbox for codes: {error}") from None
        self._caller.known.learn_secrets(code, placeholder="<code>")
        return code

    def end(self) -> None:
        """Wait for no code any more."""
        if self._mailbox is not None:
            self._mailbox.leave(self)
        self._code.cancel()

    def take(self, mail: Mail, after_s: float, by_s: float) -> None:
        """Look for the code in a mail; the first one counts."""
        found = re.search(self._codes.pattern, f"{mail.subject}\n{mail.text}")
        if found is not None and not self._code.done():
            self._code.set_result(found["code"])

    def lost(self, reason: str | Exception) -> None:
        """Hear that no mail will come any more."""
        if not self._code.done():
            self._code.set_exception(ConnectionError(str(reason)))
            self._code.exception()
