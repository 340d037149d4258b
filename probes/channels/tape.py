"""The sound of one call, kept only where the charter allows it, and only of calls that came to nothing.

It is written into a folder of mode 0700 elsewhere, which goes when the call ends; what is kept leaves it for the run's
folder. Nothing can be cleaned out of sound: what is said there stands there.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import wave
from pathlib import Path

from probes.evidence_folder import has_room
from probes.guard import Guard
from probes.speech import RATE


class Tape:
    """Takes sound once it may; 16 bits, 8 kHz, one channel: what is heard, not what we say."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._scratch: Path | None = None
        self._file: wave.Wave_write | None = None

    def begin_if_allowed(self, notice_given: bool) -> None:
        """Keep what comes from now on, where the charter allows it to those who have been told this much."""
        if self._scratch is None and self._guard.may_record(notice_given):
            self._scratch = Path(tempfile.mkdtemp(prefix="testdrive-"))  # made with mode 0700
            self._file = wave.open(str(self._scratch / "call.wav"), "wb")  # noqa: SIM115  closed with the call
            self._file.setnchannels(1)
            self._file.setsampwidth(2)
            self._file.setframerate(RATE)

    def take(self, pcm: bytes) -> None:
        """Take what was heard; on a full disk the call goes on and its sound is not kept."""
        if self._file is not None:
            try:
                self._file.writeframes(pcm)
            except OSError:
                self.forget()

    def keep(self, folder: Path, name: str) -> str | None:
        """Write NAME.wav into a folder of evidence; returns its name relative to the run's folder."""
        if self._file is None or self._scratch is None or not self._file.getnframes():
            return None
        self._close()
        if not has_room(folder):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(self._scratch / "call.wav", folder / f"{name}.wav")
        return f"{folder.name}/{name}.wav"

    def forget(self) -> None:
        """Forget what was not kept; harmless when called twice."""
        self._close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
