"""Write our mails: as a customer's mail program would, with a Message-ID of ours and nothing that gives us away.

>>> letter = Letter("Anna", "anna@our.example", "desk@shop.example", "Where is it?", "Hello.", "<1@our.example>")
>>> sorted(write_mail(letter).keys())[:4]
['Content-Transfer-Encoding', 'Content-Type', 'Date', 'From']
"""

from __future__ import annotations

import mimetypes
import re
import uuid
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

REFERENCES_MOST = 20
SUBJECT_MOST = 500


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a mail."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What a mail is made of."""

    name: str
    sender: str
    recipient: str
    subject: str
    text: str
    message_id: str
    answers: str = ""
    """The Message-ID of the mail that this one answers."""
    references: tuple[str, ...] = ()
    enclosed: tuple[Enclosure, ...] = field(default=())


def new_message_id(sender: str) -> str:
    """Return an id that no mail has had."""
    return f"<{uuid.uuid4().hex}@{sender.rpartition('@')[2]}>"


def write_mail(letter: Letter) -> EmailMessage:
    """Return a mail ready to be sent."""
    mail = EmailMessage()
    local, _, domain = letter.sender.rpartition("@")
    mail["From"] = Address(_one_line(letter.name), local, domain)
    mail["To"] = letter.recipient
    mail["Subject"] = _one_line(letter.subject)[:SUBJECT_MOST]
    mail["Date"] = localtime()
    mail["Message-ID"] = letter.message_id
    if letter.answers:
        mail["In-Reply-To"] = letter.answers
    if letter.references:
        first, later = letter.references[:1], letter.references[1:][-REFERENCES_MOST:]
        mail["References"] = " ".join(dict.fromkeys((*first, *later)))
    mail.set_content(letter.text.encode("utf-8", "replace").decode())
    for enclosure in letter.enclosed:
        kind = mimetypes.guess_type(enclosure.name)[0] or "application/octet-stream"
        mail.add_attachment(
            enclosure.content, *kind.split("/", 1), filename=re.sub(r"[^\w. -]+", "_", enclosure.name)[:120]
        )
    return mail


def answer_subject(subject: str) -> str:
    """Return the subject of an answer."""
    return subject if re.match(r"(?i)\s*re\s*:", subject) else f"Re: {subject}"


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text.encode("utf-8", "replace").decode()).strip()
