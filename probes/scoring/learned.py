"""The learned part of scoring: how far a turn or sentence leans to a label, beside what single phrases say.

Phrases are sure and narrow: a way to put something that nobody wrote down is missed, and a phrase can stand in words
that mean something else. So for every label there is also a linear weight on every run of words and letters
(`grams.py`), fitted by logistic regression to our labelled replies (`train.py`). A label is found where its phrases
were and the words do not lean away from it, or where they lean so far to it that no phrase is needed. Where the two
bars stand was weighed on replies that nobody had read when the phrases were written.

`conduct` weighs turns: the labels of conduct. `facts` weighs sentences: kinds of facts; `promises` too: whether one
promises. `stands` weighs answers to closed questions: yes and no.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from probes.scoring.grams import Grams, Hashes

FOLDER = Path(__file__).with_name("languages")

Subject = Literal["conduct", "facts", "promises", "stands"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """Weights of one language and subject.

    Attributes:
        labels: in the order of the columns.
        weights: of every place and label, as small integers.
        scale, bias: of every label: log odds are bias + scale x the sum of weights / the square root of their count.
        doubted: a label whose phrases were found needs log odds of at least this.
        sure: a label without a phrase needs at least this.
        slope, intercept: of a label without a phrase: the log odds that it is true are intercept + slope x leaning.
        corpora: of what the weights were fitted to, as `train.py` signs it.
    """

    labels: tuple[str, ...]
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats
    doubted: Floats
    sure: Floats
    slope: Floats
    intercept: Floats
    corpora: str

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each label."""
        return {label: column for column, label in enumerate(self.labels)}

    def leaning(self, places: Hashes) -> Floats:
        """Return the log odds of every label.

        Args:
            places: of a turn or sentence, each once.
        """
        if not len(places):
            return np.full(len(self.labels), -np.inf)
        weighed: Floats = self.weights[places].sum(axis=0, dtype=np.int64) / np.sqrt(len(places))
        return self.bias + self.scale * weighed

    def likely(self, places: Hashes) -> Floats:
        """Return how likely every label is without a phrase."""
        odds: Floats = np.exp(self.intercept + self.slope * self.leaning(places))
        return odds / (1 + odds)

    def sentence(self, grams: Grams, label: str) -> int | None:
        """Return the number of the sentence of a turn that leans most to a label; None where none leans to it.

        What came before a turn may tip the scale, but shows nothing by itself.
        """
        weighed = self.weights[grams.places, self.columns[label]]
        within = grams.sentences >= 0
        by_sentence = np.bincount(grams.sentences[within], weighed[within])
        strongest = int(by_sentence.argmax()) if len(by_sentence) else 0
        return strongest if len(by_sentence) and by_sentence[strongest] > 0 else None


def path_of(subject: Subject, language: str) -> Path:
    """Return where weights are kept."""
    return FOLDER / language / f"learned_{subject}.npz"


@lru_cache
def learned_of(subject: Subject, language: str) -> Learned:
    """Return the weights of a subject and language."""
    with np.load(path_of(subject, language), allow_pickle=False) as held:
        return Learned(
            tuple(map(str, held["labels"])), held["weights"], held["scale"], held["bias"], held["doubted"],
            held["sure"], held["slope"], held["intercept"], str(held["corpora"]),
        )  # fmt: skip
