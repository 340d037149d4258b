"""What two telephones agree on in SDP: where sound goes, how it is coded, under which number keys travel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from aiosipua import SdpMessage, SipMessage, build_sdp, parse_sdp

CODEC_NAMES = {0: "PCMU", 8: "PCMA"}
MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}
NOWHERE = "0.0.0.0"
"""How old phones say "on hold"."""


@dataclass(frozen=True)
class Sound:
    """What we offer to hear and speak with."""

    host: str
    port: int
    payload_type: int
    events: int
    session: str = field(default_factory=lambda: str(secrets.randbelow(1 << 31)))
    """What our SDP calls itself, all through a call (RFC 3264, section 8)."""


@dataclass(frozen=True)
class Agreed:
    """What the other side wants; `host` has not been checked."""

    host: str
    port: int
    payload_type: int
    events: int | None
    """None: it takes no keys as sound."""


class UnreadableError(ValueError):
    """A message from the other side holds what cannot be used."""


def offer(sound: Sound) -> SdpMessage:
    """Return an offer of both codecs, ours first."""
    name = CODEC_NAMES[sound.payload_type]
    sdp = build_sdp(sound.host, sound.port, sound.payload_type, name, 8000, sound.events, session_id=sound.session)
    other = 8 - sound.payload_type
    audio = sdp.media[0]
    audio.formats.insert(1, str(other))
    audio.attributes["rtpmap"].insert(1, f"{other} {CODEC_NAMES[other]}/8000")
    return sdp


def answer(sound: Sound, payload_type: int, events: int | None, version: int, asked: SipMessage) -> SdpMessage:
    """Return an answer in the middle of a call: one codec, the one agreed on, and what hold leaves us to do.

    `version` is how many times our SDP has been said before in this call.
    """
    name = CODEC_NAMES[payload_type]
    sdp = build_sdp(sound.host, sound.port, payload_type, name, 8000, events or 0, session_id=sound.session)
    if sdp.origin is not None:
        sdp.origin = replace(sdp.origin, session_version=str(int(sdp.origin.session_version) + version))
    attributes = sdp.media[0].attributes
    attributes.pop("sendrecv", None)
    attributes[MIRRORED[_direction(asked)]] = []
    return sdp


def _direction(message: SipMessage) -> str:
    """Return which way sound goes as the other side has it (RFC 3264, section 6.1)."""
    try:
        sdp = parse_sdp(message.text) if message.body else None
    except (ValueError, IndexError):
        return "sendrecv"
    audio = sdp.audio if sdp is not None else None
    return next((way for way in MIRRORED if audio is not None and way in audio.attributes), "sendrecv")


def read_sound(message: SipMessage) -> Agreed | None:
    """Return what a message's SDP says; None where it has none, or puts us on hold.

    Raises:
        UnreadableError: it says what cannot be used.
    """
    if not message.body or (message.content_type or "").split(";")[0].strip() != "application/sdp":
        return None
    try:
        sdp = parse_sdp(message.text)
    except (ValueError, IndexError) as error:
        raise UnreadableError(f"its SDP cannot be read ({error})") from None
    audio, address = sdp.audio, sdp.rtp_address
    if audio is None or address is None or audio.port == 0:
        raise UnreadableError("its SDP offers no sound")
    kinds = [codec.payload_type for codec in audio.codecs if codec.payload_type in CODEC_NAMES]
    if not kinds:
        raise UnreadableError("its SDP names no codec that we speak (PCMU, PCMA)")
    host, port = address[0].split("/")[0], address[1]
    named = (codec.payload_type for codec in audio.codecs if codec.encoding_name.lower() == "telephone-event")
    return None if host == NOWHERE else Agreed(host, port, kinds[0], next(named, None))
