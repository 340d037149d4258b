"""Sound for a telephone: 8,000 samples a second, 16 bits, made by rule, read from a file, or spoken by espeak-ng.

Where nobody speaks for us a text becomes a voiced tone: a buzz with the pitch, the syllables and the pauses of speech,
as long as the text would take. It says nothing; it is there so that the other side hears that somebody speaks, and
when.

>>> len(voiced_tone("Where is my order?", 1.0)) / RATE
1.6
>>> len(frames_of(hold_music(1.0)))
50
"""

from __future__ import annotations

import re
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

RATE = 8_000
FRAME = 160
"""Samples in one packet: 20 ms."""

WORDS_PER_S = 2.5
SYLLABLE_S = 0.2
PITCH_HZ = 130.0
LOUDNESS = 9_000.0
SPEAKING_S_MOST = 60.0
ESPEAK_S_MOST = 20.0


def seconds_to_say(text: str) -> float:
    """Return how long a text takes to say, at 150 words a minute."""
    return min(max(len(text.split()), 1) / WORDS_PER_S, SPEAKING_S_MOST)


def voiced_tone(text: str, scale: float = 1.0) -> Pcm:
    """Return a buzz as long as a text would take, on a clock that runs `scale` times as fast."""
    return _buzz(max(seconds_to_say(text) / scale, 0.06))


def _buzz(length_s: float) -> Pcm:
    at = np.arange(round(length_s * RATE)) / RATE
    voice = np.sum([np.sin(2 * np.pi * PITCH_HZ * k * at) / k for k in range(1, 12)], axis=0)
    beat = (at % SYLLABLE_S) / SYLLABLE_S
    envelope = np.where(beat < 0.7, np.sin(np.pi * beat / 0.7) ** 2, 0.02)
    envelope[: FRAME // 2] = 1.0  # it is heard from its first packet on
    return np.asarray(voice * envelope * LOUDNESS / 2, dtype=np.int16)


def hold_music(length_s: float = 8.0) -> Pcm:
    """Return chords that never pause, and join where they begin again."""
    chords = ((262, 330, 392), (294, 349, 440), (247, 294, 392), (262, 330, 392))
    at = np.arange(round(length_s / len(chords) * RATE)) / RATE
    notes = [np.sum([np.sin(2 * np.pi * hz * at) for hz in chord], axis=0) for chord in chords]
    return np.asarray(np.concatenate(notes) * LOUDNESS / 5, dtype=np.int16)


def silence(length_s: float) -> Pcm:
    """Return nothing to hear."""
    return np.zeros(round(length_s * RATE), dtype=np.int16)


def frames_of(pcm: Pcm) -> list[bytes]:
    """Cut into packets; the last one is filled up with silence."""
    short = -len(pcm) % FRAME
    whole = np.concatenate([pcm, np.zeros(short, dtype=np.int16)]) if short else pcm
    return [part.tobytes() for part in whole.reshape(-1, FRAME)]


def file_name(text: str) -> str:
    """Return the name under which a recording of a text is looked for.

    >>> file_name("It is order 4711, please.")
    'it_is_order_4711_please.wav'
    """
    return re.sub(r"\W+", "_", text.lower()).strip("_")[:80] + ".wav"


def read_wav(path: Path) -> Pcm:
    """Read a WAV file of 16-bit samples as a telephone would carry it.

    Raises:
        ValueError: it is none.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2 or file.getnframes() > SPEAKING_S_MOST * file.getframerate():
                raise ValueError(f"{path.name} is no recording of 16 bits and at most {SPEAKING_S_MOST:g} s")
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            samples = samples.reshape(-1, file.getnchannels())[:, 0].astype(np.float64)
            rate = file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path.name} is no WAV file: {error}") from None
    if rate == RATE:
        return samples.astype(np.int16, copy=False)
    wanted = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    if rate > RATE:  # leave out what the lower rate would fold back
        width = max(round(rate / RATE), 1)
        samples = np.convolve(samples, np.ones(width) / width, mode="same")
    resampled: Pcm = np.interp(wanted, np.arange(len(samples)), samples).astype(np.int16)
    return resampled


def write_wav(path: Path, pcm: bytes) -> None:
    """Write a recording."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)


def voice_for(text: str, folder: Path | None, scale: float, read: Callable[[Path], Pcm] = read_wav) -> Pcm:
    """Return a text as sound: from a folder's recording, else spoken by espeak-ng, else as a voiced tone.

    Blocks: call it in a thread. A recording or a voice cannot be hurried: on a faster clock it is the tone.
    """
    if folder is not None and (folder / file_name(text)).is_file():
        return read(folder / file_name(text))
    if scale == 1.0 and shutil.which("espeak-ng"):
        spoken = _espeak(text)
        if spoken is not None:
            return spoken
    return voiced_tone(text, scale)


def _espeak(text: str) -> Pcm | None:
    try:
        told = subprocess.run(
            ["espeak-ng", "--stdout", "--", text], capture_output=True, timeout=ESPEAK_S_MOST, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    samples = np.frombuffer(told[44 : 44 + 2 * ((len(told) - 44) // 2)], dtype="<i2").astype(np.float64)
    rate = int.from_bytes(told[24:28], "little") or 22_050
    wanted = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    return np.interp(wanted, np.arange(len(samples)), samples).astype(np.int16) if len(samples) else None
