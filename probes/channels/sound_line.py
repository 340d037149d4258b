"""The sound of one call: a socket that hears and speaks RTP, and a tape.

Sound is sent only where it was told to, and the guard is asked before every packet. What comes from an address that is
not allowed is not read, nor is RTCP. Too many packets within a second end the call.
"""

from __future__ import annotations

from collections.abc import Callable

from probes.channels.tape import Tape
from probes.guard import Guard
from probes.rtp import RtpEar, RtpVoice
from probes.udp import Address, UdpEnd, open_udp

RTCP = range(192, 209)


class SoundLine:
    """Hears with `heard` (loop time, samples); `failed` is told in words when it cannot go on."""

    def __init__(self, guard: Guard, heard: Callable[[float, bytes], None], failed: Callable[[str], None]) -> None:
        self._guard, self._heard, self._failed = guard, heard, failed
        self._end: UdpEnd | None = None
        self.tape = Tape(guard)
        self.ear = RtpEar(self._hear)
        self.voice: RtpVoice | None = None
        self.to: Address | None = None
        """Where sound is sent; None: nowhere."""

    async def open(self, host: str, ports: range | None) -> None:
        """Bind a port."""
        self._end = await open_udp(host, ports, self._read, self._unheard, self._flooded)

    @property
    def port(self) -> int:
        """Our port."""
        assert self._end is not None
        return self._end.address[1]

    def begin(self, payload_type: int, events: int | None) -> None:
        """Begin to send, silence first."""
        self.voice = RtpVoice(self._send, payload_type, events)
        self.voice.start()

    def stop(self) -> None:
        """Send nothing more."""
        if self.voice is not None:
            self.voice.stop()
        self.to = None

    def close(self) -> None:
        """Free the socket, and forget the tape."""
        self.stop()
        if self._end is not None:
            self._end.close()
        self.tape.forget()

    def _send(self, data: bytes) -> None:
        if self._end is not None and self.to is not None:
            self._guard.check(*self.to)
            self._end.send(data, self.to)

    def _read(self, data: bytes, sender: Address, at: float) -> None:
        if self._guard.allows(*sender) and not (len(data) > 1 and data[1] in RTCP):
            self.ear.read(data, at)

    def _hear(self, at: float, pcm: bytes) -> None:
        self.tape.take(pcm)
        self._heard(at, pcm)

    def _unheard(self, error: OSError) -> None:
        self._failed(f"nobody takes our sound any more: {error}")

    def _flooded(self, packets: int) -> None:
        self._failed(f"the desk floods the line: over {packets - 1} packets of sound within a second")
