"""What two telephones agree on in SDP: where sound goes, how it is coded, under which number keys travel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from aiosipua import SdpMessage, SipMessage, build_sdp, parse_sdp

CODEC_NAMES = {0: "PCMU", 8: "PCMA"}
NOWHERE = "0.0.0.0"
"""How old phones say "on hold"."""


@dataclass(frozen=True)
class Sound:
    """What we offer to hear and speak with."""

    host: str
    port: int
    payload_type: int
    events: int


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
    sdp = build_sdp(sound.host, sound.port, sound.payload_type, name, 8000, sound.events)
    other = 8 - sound.payload_type
    audio = sdp.media[0]
    audio.formats.insert(1, str(other))
    audio.attributes["rtpmap"].insert(1, f"{other} {CODEC_NAMES[other]}/8000")
    return sdp


def answer(sound: Sound, payload_type: int, events: int | None) -> SdpMessage:
    """Return an answer in the middle of a call: one codec, the one agreed on."""
    version = str(secrets.randbelow(1 << 31))
    name = CODEC_NAMES[payload_type]
    return build_sdp(sound.host, sound.port, payload_type, name, 8000, events or 0, session_id=version)


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
