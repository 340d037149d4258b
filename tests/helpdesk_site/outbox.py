"""Mails go to files, with the one check that Django makes only on the way to a mail server."""

from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.core.mail.message import sanitize_address


class Outbox(EmailBackend):
    """Django's file backend, refusing a malformed sender with ValueError as its SMTP backend does."""

    def write_message(self, message: EmailMessage) -> Any:
        """Write the mail to its file, if it could have been sent."""
        sanitize_address(message.from_email, message.encoding or "utf-8")
        return super().write_message(message)
