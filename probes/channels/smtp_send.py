"""Hand one mail in over SMTP, in bounded time; what the server says against it comes back in words."""

from __future__ import annotations

import asyncio
import email.policy
from email.message import EmailMessage

import aiosmtplib

from probes.channels.imap_box import hidden
from scenarios.target_email import Smtp


class NotTakenError(Exception):
    """The server did not take the mail; the message says why, and never holds a password."""


async def send_mail(smtp: Smtp, sender: str, recipient: str, mail: EmailMessage, answer_s: float) -> None:
    """Send a mail.

    Raises:
        NotTakenError: it was refused, or nobody knows whether it was taken.
        scenarios.secret.SecretMissingError: our password cannot be had.
    """
    password = None if smtp.password is None else smtp.password.value("email.smtp.password")
    at = "connecting"
    line = aiosmtplib.SMTP(
        hostname=smtp.host, port=smtp.port, timeout=answer_s, local_hostname=sender.rpartition("@")[2],
        use_tls=smtp.tls == "tls", start_tls=smtp.tls == "starttls",
    )  # fmt: skip
    try:
        async with asyncio.timeout(answer_s):
            await line.connect()
            if smtp.user is not None:
                at = "logging in"
                await line.login(smtp.user, password or "")
            at = "MAIL FROM"
            await line.mail(sender)
            at = "RCPT TO"
            await line.rcpt(recipient)
            at = "DATA"
            await line.data(mail.as_bytes(policy=email.policy.SMTP))
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        raise NotTakenError(hidden(_words(error, at, answer_s), password)) from None
    finally:
        # taken is taken: the goodbye is not waited for
        line.close()


def _words(error: BaseException, at: str, answer_s: float) -> str:
    code = getattr(error, "code", None)
    if isinstance(code, int) and code > 0:
        return f"SMTP {code} at {at}: {getattr(error, 'message', error)}"
    unknown = "; the desk may have taken the mail or not" if at == "DATA" else ""
    if isinstance(error, TimeoutError):
        return f"no answer in {answer_s:g} s at {at} over SMTP{unknown}"
    return f"SMTP at {at}: {type(error).__name__}: {error}{unknown}"
