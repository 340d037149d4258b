"""What is heard on a telephone line: stretches of speech, music, tone or noise, with silence between them.

The rules look at one second at a time, in frames of 20 ms:
- silence: a frame quieter than `silence_dbfs`; so long a silence as `gap_s` ends a stretch.
- tone: nearly all the energy lies at one pitch, and it stays there (dialling, ringing, beeps).
- noise: the spectrum is nearly flat.
- speech: loud and quiet frames (the 95th and the 10th percentile) lie at least `speech_range_db` apart, as syllables
  do, and the spectrum is no flatter than `speech_flatness_most`.
- music: all else that sounds.
A stretch has a kind after 0.6 s; it is split where another kind has prevailed for a second: at the short pause in which
music gave way to a voice, where there was one, else to about half a second. It is stamped when its first packet came,
however late its kind is known.

Their limits: of single seconds of recorded prompts 4 % were taken for music, and of five pieces of hold music 14 % of
the seconds for speech, most in one slow solo guitar with pauses (figures in docs/phone.md). Two who speak at once are
one. Whether a voice is a person or a recording no rule here can tell: a target file's `voices` do, by what came before
and after, or by the words where they can be read.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from probes.speech import FRAME
from scenarios.target_phone import Hearing as Thresholds

SoundKind = Literal["speech", "music", "tone", "noise"]

WINDOW_FRAMES = 50
LATELY_FRAMES = 75
KNOWN_FRAMES = 30
EVERY_FRAMES = 10
CHANGED_TIMES = 5
"""Another kind must prevail so many times in a row, 0.2 s apart."""

PAUSE_FRAMES = 5
CLICK_FRAMES = 3
"""What is shorter is no sound."""

KEPT_S_MOST = 30
KEPT_BYTES_MOST = KEPT_S_MOST * 16_000
TONE_SHARE = 0.85
NOISE_FLATNESS = 0.3

Samples = npt.NDArray[np.float64]


@dataclass
class Stretch:
    """A sound without a break, in loop time."""

    began_at: float
    kind: SoundKind | None = None
    ended_at: float | None = None
    pcm: bytearray = field(default_factory=bytearray)
    """What was heard, at most the first half minute, for a recogniser."""

    @property
    def lasts_s(self) -> float:
        """How long it lasted; 0 while it does."""
        return 0.0 if self.ended_at is None else self.ended_at - self.began_at


class Ear:
    """Cuts what comes into stretches. `known` is told when a stretch's kind is, `ended` when it is over."""

    def __init__(
        self, thresholds: Thresholds, known: Callable[[Stretch], None], ended: Callable[[Stretch], None], keep: bool
    ) -> None:
        self._thresholds, self._known, self._ended, self._keep = thresholds, known, ended, keep
        self._window: deque[Samples] = deque(maxlen=WINDOW_FRAMES)
        self._lately: deque[tuple[float, bool]] = deque(maxlen=LATELY_FRAMES)
        self._frames = 0
        self._other = 0
        self._votes: Counter[SoundKind] = Counter()
        self.stretch: Stretch | None = None
        self.loud_at: float | None = None
        """When the last packet came in which there was anything to hear."""

    def hear(self, at: float, pcm: bytes) -> bool:
        """Take in what one packet holds; say whether there was anything to hear in it."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32768
        loud = False
        for start in range(0, len(samples) - FRAME + 1, FRAME):
            loud |= self._frame(at, samples[start : start + FRAME])
        if self.stretch is not None and self._keep and len(self.stretch.pcm) < KEPT_BYTES_MOST:
            self.stretch.pcm += pcm
        return loud

    def pause(self, now: float) -> None:
        """Look whether the silence has lasted long enough; packets may have stopped coming."""
        if self.stretch is not None and self.loud_at is not None and now - self.loud_at >= self._thresholds.gap_s:
            self._end(self.loud_at)

    def cut(self) -> None:
        """End what is being heard: the line is gone."""
        if self.stretch is not None and self.loud_at is not None:
            self._end(self.loud_at)

    def _frame(self, at: float, frame: Samples) -> bool:
        loud = level_db(frame) > self._thresholds.silence_dbfs
        if not loud:
            self.pause(at)
        else:
            if self.stretch is None:
                self.stretch = Stretch(at)
                self._window.clear()
                self._lately.clear()
                self._votes.clear()
                self._frames = self._other = 0
            self.loud_at = at
        if self.stretch is not None:
            self._window.append(frame)
            self._lately.append((at, loud))
            self._frames += 1
            if self._frames >= KNOWN_FRAMES and self._frames % EVERY_FRAMES == 0:
                self._judge(at)
        return loud

    def _judge(self, at: float) -> None:
        assert self.stretch is not None
        kind = kind_of(np.array(self._window), self._thresholds)
        if kind is None:
            return
        if self.stretch.kind is None:
            self.stretch.kind = kind
            self._known(self.stretch)
        self._votes[kind] += 1
        self._other = self._other + 1 if kind != self.stretch.kind else 0
        if self._other >= CHANGED_TIMES:
            changed_at = at - CHANGED_TIMES * EVERY_FRAMES * 0.02
            if kind == "speech":
                changed_at = self._after_a_pause() or changed_at
            self._votes.clear()  # the last of them were of what comes now
            self._end(changed_at)
            self.stretch = Stretch(changed_at, kind)
            self._frames = KNOWN_FRAMES
            self._known(self.stretch)

    def _after_a_pause(self) -> float | None:
        """Return when sound came back after the first short pause of late: there somebody has begun to speak."""
        quiet = 0
        for at, loud in self._lately:
            if loud and quiet >= PAUSE_FRAMES:
                return at
            quiet = 0 if loud else quiet + 1
        return None

    def _end(self, at: float) -> None:
        assert self.stretch is not None
        stretch, self.stretch = self.stretch, None
        stretch.ended_at = at
        self._other = 0
        if stretch.kind is None:
            if self._frames < CLICK_FRAMES:
                return
            stretch.kind = kind_of(np.array(self._window), self._thresholds)
            if stretch.kind is None:
                return
            self._known(stretch)
        elif self._votes:
            stretch.kind = self._votes.most_common(1)[0][0]
        self._votes.clear()
        self._ended(stretch)


def level_db(frame: Samples) -> float:
    """Return the level of samples, 0 dB being as loud as can be.

    >>> round(level_db(np.full(160, 0.1)))
    -20
    """
    return float(10 * np.log10(np.mean(frame * frame) + 1e-12))


def kind_of(frames: Samples, thresholds: Thresholds) -> SoundKind | None:
    """Return what frames sound like; None where there is nothing to hear."""
    levels = 10 * np.log10(np.mean(frames * frames, axis=1) + 1e-12)
    loud = levels > thresholds.silence_dbfs
    if loud.sum() < CLICK_FRAMES:
        return None
    power = np.abs(np.fft.rfft(frames[loud] * np.hanning(FRAME), axis=1)) ** 2 + 1e-12
    share, pitches = _at_one_pitch(power)
    if share > TONE_SHARE and np.std(pitches) < 1.0:
        return "tone"
    flatness = float(np.median(np.exp(np.mean(np.log(power), axis=1)) / np.mean(power, axis=1)))
    if flatness > NOISE_FLATNESS:
        return "noise"
    spread = float(np.percentile(levels, 95) - np.percentile(levels, 10))
    if spread >= thresholds.speech_range_db and flatness <= thresholds.speech_flatness_most:
        return "speech"
    return "music"


def _at_one_pitch(power: Samples) -> tuple[float, npt.NDArray[np.intp]]:
    """Return the mean share of the energy around the strongest pitch, and where that lies in each frame."""
    peaks = power.argmax(axis=1)
    rows = np.arange(len(power))
    around = sum(power[rows, np.clip(peaks + step, 0, power.shape[1] - 1)] for step in (-1, 0, 1))
    return float(np.mean(around / power.sum(axis=1))), peaks
