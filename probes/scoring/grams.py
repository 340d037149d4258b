"""What the learned part of scoring sees of a turn: its runs of words and letters, each hashed to a place.

Places have no names and no order; two runs may share one (feature hashing, Weinberger et al., ICML 2009). The hashes
are fixed functions of the folded text: the same words give the same places on every machine.

>>> from probes.scoring.text import Text
>>> one, other = (grams_of(Text.of(words)) for words in ("Where is it?", "Where IS it ?"))
>>> bool((one.places == other.places).all()), int(one.sentences.max())
(True, 0)
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from probes.scoring.text import Text

PLACES = 1 << 15

WORD_RUNS = (1, 2)
LETTER_RUNS = (4, 5)
FIRST_WORDS = 8
OF_THE_SITUATION = -1

Hashes = npt.NDArray[np.uint32]
Who = Literal["customer", "agent", "bot"]

_STEP = np.uint32(0x01000193)


@dataclass(frozen=True)
class Grams:
    """The runs of a turn.

    Attributes:
        places: where each is counted, 0 to PLACES - 1.
        sentences: in which sentence of the turn it stands; -1 for what came before or how the turn is built.
    """

    places: Hashes
    sentences: npt.NDArray[np.int32]

    def of_turn(self) -> Hashes:
        """Return the places of the whole turn and what came before, each once."""
        return np.unique(self.places)

    def of_sentence(self, number: int) -> Hashes:
        """Return the places of one sentence, each once."""
        return np.unique(self.places[self.sentences == number])


def grams_of(text: Text, before: Sequence[tuple[Who, Text]] = (), channel: str = "") -> Grams:
    """Return the runs of a turn without what it quotes, of what the customer said before it, and how it is built.

    Args:
        text: the turn, folded.
        before: the turns before, the latest last.
        channel: over which it was said, where known.
    """
    quoted = text.quoted()
    own = [i for i in range(len(text.tokens)) if not any(first <= i <= after for first, after in quoted)]
    every = _words(text)
    words = [every[i] for i in own]
    hashes = _hashed(words)
    sentences = np.array([text.sentences[i] for i in own], dtype=np.int32)
    parts: list[tuple[Hashes, npt.NDArray[np.int32]]] = []
    for size in WORD_RUNS:
        parts.append((_runs(hashes, size, f"word {size}"), sentences[: max(len(words) - size + 1, 0)]))
    parts += _letter_runs(words, sentences)
    if words:
        opening = hashes[sentences == sentences[0]][:FIRST_WORDS]
        closing = hashes[sentences == sentences[-1]]
        for name, part, sentence in (("first", opening, sentences[0]), ("last", closing, sentences[-1])):
            for size in WORD_RUNS:
                runs = _runs(part, size, f"{name} {size}")
                parts.append((runs, np.full(len(runs), sentence, dtype=np.int32)))
    situation = np.concatenate([_asked_and_told(words, sentences, before), _situation(words, text, before, channel)])
    parts.append((situation, np.full(len(situation), OF_THE_SITUATION, dtype=np.int32)))
    return Grams(np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts]))


def places_named(names: Iterable[str]) -> Hashes:
    """Return the places of things that are no runs: a phrase that was found, what is asked."""
    return _runs(_hashed(list(names)), 1, "named")


def _words(text: Text) -> list[str]:
    """Return the words with every number alike."""
    return [re.sub(r"\d+", "0", token.word) for token in text.tokens]


@lru_cache(maxsize=65536)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


def _hashed(words: Sequence[str]) -> Hashes:
    return np.array([_hash(word) for word in words], dtype=np.uint32)


def _runs(hashes: Hashes, size: int, name: str) -> Hashes:
    """Return the places of all runs of a size; the name keeps kinds of runs apart."""
    count = len(hashes) - size + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint32)
    run = np.full(count, _hash(name), dtype=np.uint32)
    for offset in range(size):
        run = (run ^ hashes[offset : offset + count]) * _STEP
        run ^= run >> np.uint32(15)
    run *= np.uint32(0x85EBCA6B)
    run ^= run >> np.uint32(13)
    return run & np.uint32(PLACES - 1)


def _letter_runs(words: Sequence[str], sentences: npt.NDArray[np.int32]) -> list[tuple[Hashes, npt.NDArray[np.int32]]]:
    plain = " " + " ".join(words) + " "
    letters = np.frombuffer(plain.encode("utf-32-le"), dtype=np.uint32)
    at = np.repeat(sentences, [len(word) + 1 for word in words])
    at = np.append(at, at[-1:])
    parts = []
    for size in LETTER_RUNS:
        runs = _runs(letters, size, f"letters {size}")
        parts.append((runs, at[: len(runs)] if len(at) else np.zeros(len(runs), dtype=np.int32)))
    return parts


def _asked_and_told(
    words: Sequence[str], sentences: npt.NDArray[np.int32], before: Sequence[tuple[Who, Text]]
) -> Hashes:
    """Return the customer's last words, and the words of the turn's questions that the customer said before."""
    said = [_words(turn) for who, turn in before if who == "customer"]
    last = _hashed(said[-1]) if said else _hashed([])
    told = {word for turn in said for word in turn if len(word) > 3}
    asking = {sentence for word, sentence in zip(words, sentences, strict=True) if word == "?"}
    again = [word for word, sentence in zip(words, sentences, strict=True) if sentence in asking and word in told]
    counted = _hashed([f"again {min(len(again), 4)}"])
    return np.concatenate(
        [
            *(_runs(last, size, f"customer {size}") for size in WORD_RUNS),
            _runs(_hashed(again), 1, "again"),
            _runs(counted, 1, "situation"),
        ]
    )


def _situation(words: Sequence[str], text: Text, before: Sequence[tuple[Who, Text]], channel: str) -> Hashes:
    """Return how a turn is built: how long, how many questions, after how many turns, over which channel."""
    built = [
        f"before {min(len(before), 3)}",
        f"channel {channel}",
        f"length {int(np.log2(len(words) + 1))}",
        f"questions {min(words.count('?'), 3)}",
        f"calls {min(words.count('!'), 3)}",
        f"sentences {min(text.sentences[-1] + 1 if words else 0, 5)}",
    ]
    return _runs(_hashed(built), 1, "situation")
