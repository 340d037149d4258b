"""Sound as RTP: one that speaks in packets 20 ms apart, and one that reads what comes.

Packets, codecs and key presses are aiortp's; its session is not used (see probes/udp.py), as it also keeps a jitter
buffer: it would stamp sound when it is played and not when it came. Sound that comes is decoded at once, packets that
come twice or too late are left out, and what comes faster than anybody speaks is cut off by the socket.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortp.codecs import Codec, get_codec
from aiortp.dtmf import DTMF_EVENTS, EVENT_TO_DIGIT, DtmfEvent
from aiortp.packet import RtpPacket

from probes.speech import FRAME, RATE, Pcm, frames_of, silence

PACKET_S = FRAME / RATE
PAYLOADS = {"pcmu": 0, "pcma": 8}
EVENTS = 101
"""The payload type under which we offer key presses."""

KEY_PACKETS = 6
END_PACKETS = 3
BETWEEN_KEYS_PACKETS = 5
PAYLOAD_BYTES_MOST = 1_600
"""A fifth of a second; no telephone sends more at once."""

LATE_S_MOST = 0.2
"""A pause of ours longer than this is not made up for by a burst of packets."""


@dataclass(frozen=True)
class _Item:
    """One packet to send: sound, or a part of a key press."""

    payload: bytes
    event: bool = False
    first: bool = False
    released: bool = False


def encoded(pcm: Pcm, payload_type: int) -> list[bytes]:
    """Return sound as payloads, one for each packet."""
    codec = get_codec(payload_type)
    return [codec.encode(frame) for frame in frames_of(pcm)]


class RtpVoice:
    """Sends a packet every 20 ms: what is to be said, else what runs in the background, else silence."""

    def __init__(self, send: Callable[[bytes], None], payload_type: int, events: int | None = EVENTS) -> None:
        self._send, self._payload_type, self._events = send, payload_type, events
        self._silence = encoded(silence(PACKET_S), payload_type)[0]
        self._to_say: deque[_Item] = deque()
        self._background: Sequence[bytes] = ()
        self._place = 0
        self._sequence, self._timestamp = secrets.randbelow(1 << 16), secrets.randbelow(1 << 32)
        self._event_timestamp = 0
        self._source = secrets.randbelow(1 << 32)
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._said: asyncio.Event = asyncio.Event()
        self._said.set()
        self.sent = 0
        self.released_at: float | None = None
        """When the last key was let go."""

    def start(self) -> None:
        """Send the first packet now and the others after it."""
        if self._timer is None:
            self._next_at = asyncio.get_running_loop().time()
            self._tick()

    def stop(self) -> None:
        """Fall silent for good."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._to_say.clear()
        self._said.set()

    def background(self, payloads: Sequence[bytes]) -> None:
        """Have something run round and round while nothing is said."""
        self._background, self._place = payloads, 0

    def say(self, payloads: Sequence[bytes], hurried: bool = False) -> None:
        """Say something next; hurried: instead of what was being said, with its first packet now."""
        if hurried:
            self._to_say.clear()
        self._to_say.extend(_Item(payload) for payload in payloads)
        self._said.clear()
        if hurried and self._timer is not None:
            self._timer.cancel()
            self._next_at = asyncio.get_running_loop().time()
            self._tick()

    def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            code = DTMF_EVENTS[key]
            lasts = [min(n, KEY_PACKETS) * FRAME for n in range(1, KEY_PACKETS + END_PACKETS)]
            for number, duration in enumerate(lasts):
                event = DtmfEvent(code, number >= KEY_PACKETS - 1, 10, duration)
                released = number == KEY_PACKETS - 1
                self._to_say.append(_Item(event.serialize(), True, number == 0, released))
            self._to_say.extend([_Item(self._silence)] * BETWEEN_KEYS_PACKETS)
        self._said.clear()

    async def said(self) -> None:
        """Return when nothing is left to say."""
        await self._said.wait()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._send_one()
        self._next_at = max(self._next_at + PACKET_S, loop.time() - LATE_S_MOST)
        self._timer = loop.call_at(self._next_at, self._tick)

    def _send_one(self) -> None:
        item = self._item()
        event = item.event and self._events is not None
        if item.first:
            self._event_timestamp = self._timestamp
        packet = RtpPacket(
            payload_type=self._events if event and self._events is not None else self._payload_type,
            marker=int(item.first),
            sequence_number=self._sequence,
            timestamp=self._event_timestamp if event else self._timestamp,
            ssrc=self._source,
            payload=item.payload if event or not item.event else self._silence,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        self.sent += 1
        if item.released:
            self.released_at = asyncio.get_running_loop().time()
        self._send(packet.serialize())

    def _item(self) -> _Item:
        if self._to_say:
            item = self._to_say.popleft()
            if not self._to_say:
                self._said.set()
            return item
        if self._background:
            self._place = (self._place + 1) % len(self._background)
            return _Item(self._background[self._place])
        return _Item(self._silence)


class RtpEar:
    """Reads the packets of one call."""

    def __init__(
        self,
        heard: Callable[[float, bytes], None],
        pressed: Callable[[str], None] | None = None,
        events: int | None = EVENTS,
    ) -> None:
        self._heard, self._pressed, self.events = heard, pressed, events
        self._codecs: dict[int, Codec] = {kind: get_codec(kind) for kind in PAYLOADS.values()}
        self._source: int | None = None
        self._last: int | None = None
        self._ended_event: int | None = None
        self.packets = 0
        self.unread = 0

    def read(self, data: bytes, at: float) -> None:
        """Read a packet that came at a loop time."""
        try:
            packet = RtpPacket.parse(data)
        except (ValueError, IndexError):
            self.unread += 1
            return
        if packet.ssrc != self._source:
            self._source, self._last = packet.ssrc, None
        ahead = 1 if self._last is None else (packet.sequence_number - self._last) & 0xFFFF
        if not 0 < ahead < 0x8000:
            self.unread += 1
            return
        self._last = packet.sequence_number
        if packet.payload_type == self.events:
            self._read_event(packet)
            return
        codec = self._codecs.get(packet.payload_type)
        if codec is None or len(packet.payload) > PAYLOAD_BYTES_MOST:
            self.unread += 1
            return
        self.packets += 1
        self._heard(at, codec.decode(packet.payload))

    def _read_event(self, packet: RtpPacket) -> None:
        try:
            event = DtmfEvent.parse(packet.payload)
        except ValueError:
            self.unread += 1
            return
        if event.end and packet.timestamp != self._ended_event:
            self._ended_event = packet.timestamp
            if self._pressed is not None and event.event in EVENT_TO_DIGIT:
                self._pressed(event.digit)
