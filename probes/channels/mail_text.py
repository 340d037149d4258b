"""Read a mail's bytes: who wrote, in which thread, what in their own words, and whether it is a bounce or a machine's.

Nothing here raises over what a mail holds: damage is read as far as it goes. Attachments are named, never kept.

>>> mail = read_mail(b"From: Robin <robin@desk.example>\\nSubject: [orders-3] Parcel\\n\\nIt left today.\\n")
>>> mail.sender, mail.subject, mail.text, mail.kind
('robin@desk.example', '[orders-3] Parcel', 'It left today.', 'written')
"""

from __future__ import annotations

import contextlib
import email
import email.errors
import html as html_entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Literal

from probes.channels.mail_quotes import own_words
from probes.channels.pages import PageTooDeepError, parse

TEXT_MOST = 100_000
HEADER_MOST = 4_000
PARTS_MOST = 200
NAMED_MOST = 20
REASON_MOST = 300
REFERENCES_MOST = 100

MailKind = Literal["written", "automatic", "bounce"]

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_MACHINES = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|no-?reply-?bounce|bounces?)(?:[+@-]|$)", re.IGNORECASE
)
_RETURNED = re.compile(
    r"undeliver|delivery (?:status|failure|has failed|incomplete)|failure notice|returned (?:mail|to sender)|"
    r"mail delivery (?:failed|subsystem)|mancato recapito|nerecapitat|nelivrat|تعذر التسليم|unzustellbar",
    re.IGNORECASE,
)
_BLOCKS = re.compile(
    r"(</?(?:p|div|tr|table|ul|ol|h[1-6]|pre|section|article|blockquote)\b[^>]*>|<li\b[^>]*>|<hr\b[^>]*>)",
    re.IGNORECASE,
)
_MOJIBAKE = re.compile(r"[ÂÃÄÅÈØÙâ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ¡-¿]")


@dataclass(frozen=True)
class Mail:
    """One mail that came in."""

    kind: MailKind
    message_id: str
    references: tuple[str, ...]
    """The mails it answers, by id: In-Reply-To first, then References, then what a bounce encloses."""
    sender: str
    reply_to: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    """Its writer's own words, and the names of what was attached."""
    reason: str = ""
    """Of a bounce: why."""


def read_mail(raw: bytes, size: int | None = None) -> Mail:
    """Read a mail; `size` says how large it really is where `raw` was cut."""
    try:
        message = email.message_from_bytes(raw)
        parts = list(_parts(message))
    except (RecursionError, ValueError, LookupError, AssertionError, TypeError, AttributeError) as error:
        message, parts = email.message_from_bytes(raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"), []
        fault = f"[this mail cannot be taken apart: {type(error).__name__}]"
    else:
        fault = ""
    if size is not None and size > len(raw):
        fault = f"{fault}\n[this mail has {size} bytes; the first {len(raw)} were read]".strip()
    whole, attached = _body(parts)
    kind, reason = _kind_of(message, parts)
    named = [f"[attached: {name}]" for name in attached[:NAMED_MOST]]
    text = "\n".join(part for part in (own_words(whole), *named, fault) if part)
    return Mail(
        kind, next(iter(_ids(message, "Message-ID")), ""), _references(message, parts if kind == "bounce" else []),
        _address(message, "From"), _address(message, "Reply-To"), _recipients(message),
        header_text(message, "Subject"), clean(text), clean(reason)[:REASON_MOST],
    )  # fmt: skip


def header_text(message: Message, name: str) -> str:
    """Return a header as text, on one line, whatever it is written in."""
    value = _raw_header(message, name)
    try:
        pieces = [
            _decoded(piece, charset or "") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(value)
        ]
        value = "".join(pieces)
    except (ValueError, LookupError, UnicodeError, email.errors.HeaderParseError):
        pass
    return clean(re.sub(r"\s+", " ", value)).strip()


def clean(text: str) -> str:
    """Return text as any file can hold it: no half characters, nothing invisible that steers a terminal."""
    whole = text.encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", whole)


def text_of_html(html: str) -> str:
    """Return what a page of a mail says, each quoted block with `>` before its lines, as plain mails have it."""
    try:
        page = parse(html)
    except PageTooDeepError:
        return clean(html_entities.unescape(re.sub(r"<[^>]{0,1000}>", "\n", html)))
    for node in page.css("style, script, head, title, template"):
        node.decompose()
    body = page.body.html if page.body is not None and page.body.html else ""
    body = re.sub(r"\s+", " ", body)
    body = re.sub(r"<blockquote\b[^>]*>", "\ue001\\g<0>", re.sub(r"</blockquote>", "\\g<0>\ue000", body))
    body = _BLOCKS.sub("\n\\1", re.sub(r"<br\b[^>]*>", "\n", body))
    text = html_entities.unescape(re.sub(r"<[^>]*>", "", body)).replace("\xa0", " ")
    depth, lines = 0, []
    for line in text.split("\n"):
        opened = depth + line.count("\ue001") - line.count("\ue000")
        begins = line.lstrip(" ").startswith("\ue001")
        words = line.translate({0xE000: None, 0xE001: None}).strip()
        level = max(0, opened if begins else depth)
        lines.append("> " * level + ("-- " if words == "--" else words))
        depth = max(0, opened)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# -- parts -----------------------------------------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, in their order; of what a bounce or a forward encloses, only itself."""
    waiting = [message]
    yielded = 0
    while waiting and yielded < PARTS_MOST:
        part = waiting.pop(0)
        below = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(below, list):
            waiting[:0] = [piece for piece in below if isinstance(piece, Message)]
            if part.get_content_subtype() == "alternative":
                waiting[: len(below)] = _preferred(waiting[: len(below)])
            continue
        yielded += 1
        yield part


def _preferred(choices: list[Message]) -> list[Message]:
    """Return of several ways to say one thing the plain one, unless it says nothing."""
    plain = [part for part in choices if part.get_content_type() == "text/plain" and _text_of(part).strip()]
    if plain:
        return plain[:1]
    rich = [part for part in choices if part.get_content_type() == "text/html" or part.is_multipart()]
    return rich[-1:] or choices[:1]


def _body(parts: list[Message]) -> tuple[str, list[str]]:
    """Return the text of a mail and the names of what is attached to it."""
    texts: list[str] = []
    attached: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        name = _file_name(part)
        enclosed = str(part.get("Content-Disposition") or "").strip().lower().startswith("attachment")
        if kind in ("text/plain", "text/html") and not enclosed and not (name and texts):
            written = _text_of(part)
            texts.append(text_of_html(written) if kind == "text/html" else _unflowed(part, written))
        elif kind not in ("message/delivery-status", "text/rfc822-headers"):
            attached.append(name or kind)
    return "\n".join(texts)[:TEXT_MOST], attached


def _text_of(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError, TypeError):
        payload = None
    if not isinstance(payload, bytes):
        whole = part.get_payload()
        return whole if isinstance(whole, str) else ""
    try:
        charset = part.get_content_charset() or ""
    except (ValueError, LookupError):
        charset = ""
    return _decoded(payload[: 4 * TEXT_MOST], charset)[:TEXT_MOST]


def _decoded(payload: bytes, charset: str) -> str:
    """Decode by what is said, else as UTF-8, else as what Windows wrote; and mend what was decoded wrong before us."""
    text: str | None = None
    for attempt in (charset, "utf-8"):
        try:
            text = payload.decode(attempt) if attempt else None
        except (LookupError, UnicodeError, ValueError):
            text = None
        if text is not None:
            break
    if text is None:
        text = payload.decode("windows-1252", "replace")
    if len(_MOJIBAKE.findall(text)) >= 2:
        for wrong in ("windows-1252", "latin-1"):
            try:
                return text.encode(wrong).decode("utf-8")
            except UnicodeError:
                continue
    return text


def _unflowed(part: Message, text: str) -> str:
    """Join the lines that format=flowed has wrapped."""
    if str(part.get_param("format", "") or "").lower() != "flowed":
        return text
    return re.sub(r"(?m)^(?!-- $)(?!>)(.*\S) \r?\n(?!>|-- \r?$|\s)", r"\1 ", text)


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        name = "a file"
    if "=?" in name:
        held = Message()
        held["Name"] = re.sub(r"\s+", " ", name)
        name = header_text(held, "Name")
    return clean(re.sub(r"\s+", " ", name)).strip()[:120]


# -- headers ---------------------------------------------------------------------------------------------------


def _raw_header(message: Message, name: str) -> str:
    """Return the first header of a name as it came; bytes that should not stand in a header are read as text."""
    value = next((str(held) for key, held in message.raw_items() if key.lower() == name.lower()), "")[:HEADER_MOST]
    if any("\udc80" <= letter <= "\udcff" for letter in value):
        return _decoded(value.encode("utf-8", "surrogateescape"), "")
    return value


def _ids(message: Message, *names: str) -> list[str]:
    found = [mark for name in names for mark in _MESSAGE_ID.findall(_raw_header(message, name))]
    return found[:REFERENCES_MOST]


def _references(message: Message, enclosing: list[Message]) -> tuple[str, ...]:
    found = _ids(message, "In-Reply-To", "References", "X-MS-Exchange-Parent-Message-Id")
    for part in enclosing:
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global", "text/plain"):
            words = part.get_payload()
            inner = words[0] if isinstance(words, list) and words else None
            if isinstance(inner, Message):
                found += _ids(inner, "Message-ID")
                continue
            told = _text_of(part)[:20_000]
            found += re.findall(r"(?im)^message-id:\s*(<[^<>\s]{1,250}>)", told)
    return tuple(dict.fromkeys(found))


def _address(message: Message, name: str) -> str:
    return next(iter(_addresses(message, name)), "")


def _addresses(message: Message, *names: str) -> list[str]:
    found = []
    for value in filter(None, (_raw_header(message, name) for name in names)):
        # one header at a time: where one of several is empty or odd, newer Pythons give none of them
        with contextlib.suppress(ValueError, IndexError, TypeError):
            found += getaddresses([value])
    return [address.strip().lower() for _, address in found if "@" in address]


def _recipients(message: Message) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_addresses(message, "Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")))


def _kind_of(message: Message, parts: list[Message]) -> tuple[MailKind, str]:
    """Say whether a mail is a bounce (and why it came back), a machine's by its headers, or written."""
    report = [
        part
        for part in parts
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")
    ]
    if report or (
        message.get_content_type() == "multipart/report" and "delivery" in str(message.get_param("report-type"))
    ):
        said = _delivery(report)
        if said.get("action", "failed").lower() in ("failed", ""):
            return "bounce", _why(said) or header_text(message, "Subject")
        return "automatic", ""
    nobody = _raw_header(message, "Return-Path").strip() == "<>"
    machine = _MACHINES.match(_address(message, "From")) is not None
    subject = header_text(message, "Subject")
    returned = _RETURNED.search(subject) is not None
    if message.get("X-Failed-Recipients") or (machine and (nobody or returned)) or (nobody and returned):
        return "bounce", f"returned: {subject}"
    return ("automatic" if nobody or _is_automatic(message) else "written"), ""


def _is_automatic(message: Message) -> bool:
    """Say whether headers mark a mail as a machine's (RFC 3834, and what came before it)."""
    submitted = _raw_header(message, "Auto-Submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if _raw_header(message, "Precedence").strip().lower() in ("auto_reply", "auto-reply", "bulk", "junk"):
        return True
    marks = ("X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply", "X-Autogenerated")
    if any(_raw_header(message, name).strip().lower() not in ("", "no", "false") for name in marks):
        return True
    # by which a machine asks other machines to keep silent: no mail program sets it for a person
    return _raw_header(message, "X-Auto-Response-Suppress").strip().lower() not in ("", "none")


def _delivery(report: list[Message]) -> dict[str, str]:
    """Return what a delivery report says of the first recipient that failed, or else of the first."""
    blocks: list[dict[str, str]] = []
    for part in report:
        words = part.get_payload()
        for block in words if isinstance(words, list) else []:
            if isinstance(block, Message):
                blocks.append({str(name).lower(): str(value)[:HEADER_MOST] for name, value in block.items()})
    told = [block for block in blocks if "action" in block]
    failed = [block for block in told if block["action"].strip().lower() == "failed"]
    return {name: re.sub(r"\s+", " ", value).strip() for name, value in (failed or told or [{}])[0].items()}


def _why(said: dict[str, str]) -> str:
    whom = said.get("final-recipient", said.get("original-recipient", "")).rpartition(";")[2].strip()
    words = said.get("diagnostic-code", "").partition(";")[2].strip() or said.get("status", "")
    return ": ".join(part for part in (f"returned from {whom}" if whom else "returned", words) if part)
