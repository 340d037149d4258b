"""The sound of one call: a socket that hears and speaks RTP, and keeps what is heard where the charter allows it.

Sound is sent only where it was told to, and the guard is asked before every packet. What comes from an address that is
not allowed is not read, nor is RTCP. Too many packets within a second end the call.
"""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

from probes.guard import Guard, RefusedByCharterError
from probes.rtp import RtpEar, RtpVoice
from probes.speech import RATE
from probes.udp import Address, UdpEnd, open_udp

RTCP = range(192, 209)


class SoundLine:
    """Hears with `heard` (loop time, samples); `failed` is told in words when it cannot go on."""

    def __init__(self, guard: Guard, heard: Callable[[float, bytes], None], failed: Callable[[str], None]) -> None:
        self._guard, self._heard, self._failed = guard, heard, failed
        self._end: UdpEnd | None = None
        self._tape: wave.Wave_write | None = None
        self.ear = RtpEar(self._hear)
        self.voice: RtpVoice | None = None
        self.to: Address | None = None
        """Where sound is sent; None: nowhere."""

    async def open(self, host: str, ports: range | None, recording: Path | None) -> None:
        """Bind a port.

        Raises:
            probes.guard.RefusedByCharterError: it is to be recorded, and the charter does not allow that.
        """
        if recording is not None:
            self._begin_tape(recording)
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
        """Free the socket and the file."""
        self.stop()
        if self._end is not None:
            self._end.close()
        if self._tape is not None:
            self._tape.close()
            self._tape = None

    def _send(self, data: bytes) -> None:
        if self._end is not None and self.to is not None:
            self._guard.check(*self.to)
            self._end.send(data, self.to)

    def _read(self, data: bytes, sender: Address, at: float) -> None:
        if self._guard.allows(*sender) and not (len(data) > 1 and data[1] in RTCP):
            self.ear.read(data, at)

    def _hear(self, at: float, pcm: bytes) -> None:
        if self._tape is not None:
            self._tape.writeframes(pcm)
        self._heard(at, pcm)

    def _unheard(self, error: OSError) -> None:
        self._failed(f"nobody takes our sound any more: {error}")

    def _flooded(self, packets: int) -> None:
        self._failed(f"the desk floods the line: over {packets - 1} packets of sound within a second")

    def _begin_tape(self, path: Path) -> None:
        if getattr(self._guard.charter, "recording", "none") == "none":
            raise RefusedByCharterError("the charter allows no recording")
        tape = wave.open(str(path), "wb")  # noqa: SIM115  closed with the call
        tape.setnchannels(1)
        tape.setsampwidth(2)
        tape.setframerate(RATE)
        self._tape = tape
