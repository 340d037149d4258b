"""What messages within a call tell beside the sound: words that are being said, and signs in headers.

Which messages and headers, a target file says; nothing is known here of any PBX.
"""

from __future__ import annotations

import re

from aiosipua import SipMessage, SipRequest

from probes.channels.voices import Words
from probes.journeys import Seen
from scenarios.target_phone import Phone, Told

WORDS_MOST = 2_000


def words_in(message: SipMessage | None, at: float, phone: Phone) -> Words | None:
    """Return the words that a message carries, if it carries any."""
    if not isinstance(message, SipRequest) or not message.body:
        return None
    for told in phone.told:
        found = _fits(told, message)
        if found is not None:
            return Words(at, told.speaker, message.text[:WORDS_MOST], found.get("team"), found.get("agent"))
    return None


def signs_in(message: SipMessage | None, phone: Phone) -> tuple[list[Seen], bool]:
    """Return what a message's headers tell, without stamps, and whether they say that all is settled."""
    seen: list[Seen] = []
    settled = False
    method = message.method if isinstance(message, SipRequest) else "INVITE"
    for sign in phone.signs if message is not None else ():
        value = message.get_header(sign.header) if message is not None else None
        found = re.search(sign.text, value) if value and (not sign.methods or method in sign.methods) else None
        if found is None:
            continue
        named = found.groupdict()
        match sign.sees:
            case "taken":
                seen.append(Seen("taken", team=named.get("team"), agent=named.get("agent")))
            case "transfer":
                carried = named.get("carried")
                told = None if carried is None else carried.lower() in ("yes", "true", "1")
                seen.append(Seen("transfer", team=named.get("team"), history_carried=told))
            case "position":
                seen.append(Seen("position", text=named.get("position") or ""))
            case "resolved":
                settled = settled or method == "BYE"
    return seen, settled


def _fits(told: Told, message: SipRequest) -> dict[str, str | None] | None:
    """Return the groups that a rule reads from a message; None where it does not fit."""
    if message.method not in told.methods:
        return None
    if told.header is None:
        return {}
    value = message.get_header(told.header)
    found = None if value is None else re.search(told.text or "", value)
    return None if found is None else found.groupdict()
