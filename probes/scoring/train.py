"""`python -m probes.scoring.train` fits the learned part to our labelled replies anew, and writes its weights.

Needs scikit-learn (`pip install 'testdrive[train]'`); scoring itself does not. Weights are fitted to the parts `tuning`
and `weighing` of the corpora. The part `weighing` was written when the phrases stood and is read by nobody: on it
phrases make the mistakes that they make on a stranger's replies, so there, and only there, it can be weighed how far to
believe them against the rest of what was said. Whoever tunes phrases on it makes them look better than they are, and
the learned part will follow them into error.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from probes.scoring.answers import answer_of
from probes.scoring.conduct import Turn, is_denied, ruled_in, scene_for
from probes.scoring.facts import POLARITIES, kind_of, ruled_facts
from probes.scoring.grams import PLACES, Hashes, grams_of
from probes.scoring.learned import Floats, Learned, Subject, path_of
from probes.scoring.lexicon import LANGUAGES, Span, lexicon_of
from probes.scoring.promises import is_no_promise, ruled_promises
from probes.scoring.published import CORPORA
from probes.scoring.stand_learned import STANDS, stand_places
from scenarios.conduct_labels import LABELS

PARTS = ("tuning", "weighing")

FOLDS = 5
STRENGTH = 100.0
"""The inverse of the penalty on weights; between 30 and 300 cross-validation tells little difference."""

BELIEVED: dict[Subject, float] = {"conduct": 0.5, "facts": 0.45, "promises": 0.45, "stands": 0.5}
"""So likely a label must be to be found. The bar of the best F1 is half of that F1 (Lipton et al. 2014); conduct may
fail a criterion, so what speaks for it has to outweigh what speaks against it."""

CHANNELS = ("phone", "email", "chat", "form", "social", "store", "app", "website")
STATES = ("placed", "processing", "shipped", "in_transit", "delivered", "delayed", "cancelled", "refunded", "unknown")

FORMLESS: tuple[tuple[str, ...], ...] = (
    *((f"{type_}.{polarity}",) for type_, polarities in POLARITIES.items() for polarity in polarities),
    tuple(f"channel.{name}" for name in CHANNELS),
    tuple(f"order_state.{name}" for name in STATES),
)
"""Kinds of facts that a sentence alone can tell; kinds of one group are weighed together, as each is rare."""

FORMED = ("deadline", "duration")
"""Kinds that only a grammar can read: a sentence may speak against them, but never tells their value."""

PROMISES = ("promise",)

Bools = npt.NDArray[np.bool_]
Line = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A labelled turn or sentence.

    Attributes:
        places: its runs.
        shown: labels to be found.
        unsure: labels for which it does not count.
        ruled: labels that phrases found.
        denied: labels that phrases say are not shown, whatever the rest says.
        weighing: whether it is of that part.
        group: examples of one group are fitted to, or left out, together.
    """

    places: Hashes
    shown: frozenset[str]
    unsure: frozenset[str]
    ruled: frozenset[str]
    denied: frozenset[str]
    weighing: bool
    group: int


@dataclass(frozen=True)
class Labelled:
    """The examples of one language."""

    runs: csr_matrix
    examples: list[Example]

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Labelled:
        """Gather examples."""
        held = list(examples)
        return cls(matrix_of([example.places for example in held]), held)

    def mask(self, told: Callable[[Example], bool]) -> Bools:
        """Return for which examples something is so."""
        return np.array([told(example) for example in self.examples])


def matrix_of(rows: Sequence[Hashes]) -> csr_matrix:
    """Return turns or sentences as rows of length 1, a column for every place."""
    ends = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(max(len(row), 1))) for row in rows])
    return csr_matrix((values, np.concatenate(rows).astype(np.int32), ends), shape=(len(rows), PLACES))


_KINDS: dict[Subject, tuple[str, ...]] = {"conduct": ("conduct", "promises"), "promises": ("promises", "conduct")}
"""Whether something is promised is told by the labels of both."""


def files_of(subject: Subject, language: str) -> list[Path]:
    """Return the labelled replies that weights are fitted to."""
    kinds = _KINDS.get(subject, (subject,))
    return [
        path for kind in kinds for part in PARTS for path in sorted((CORPORA / part).glob(f"{kind}_{language}*.jsonl"))
    ]


def signature_of(subject: Subject, language: str) -> str:
    """Return a signature of the labelled replies that weights are fitted to."""
    digest = hashlib.sha256()
    for path in files_of(subject, language):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _lines(subject: Subject, language: str) -> Iterable[tuple[int, Line, bool]]:
    """Yield labelled lines with their number, and whether they are to weigh on."""
    number = 0
    for path in files_of(subject, language):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield number, json.loads(line), path.parent.name == "weighing"
                number += 1


def turns_of(language: str) -> Iterable[Example]:
    """Yield the labelled turns of a language; what is labelled for promises alone counts for them alone."""
    for group, line, weighing in _lines("conduct", language):
        turns = [Turn(turn["who"], turn["text"]) for turn in line.get("context", [])]
        scene = scene_for(line["text"], language, turns, line.get("channel", ""))
        ruled = frozenset(label for label, spans in ruled_in(scene).items() if spans)
        denied = {label for label in LABELS if label not in ruled and is_denied(scene, label)}
        if "promises" in line:
            promised = _promised(line)
            told = frozenset(PROMISES)
            shown, unsure, weighing = (told if promised else frozenset()), frozenset(LABELS), False
            unsure = unsure if promised is None else unsure - told
        else:
            unsure = frozenset(line.get("unsure", ()))
            shown = frozenset(line["labels"]) - unsure
        yield Example(scene.grams.of_turn(), shown, unsure, ruled, frozenset(denied), weighing, group)


def sentences_of(language: str) -> Iterable[Example]:
    """Yield the sentences of labelled replies of a language, for facts; what is optional or disputed counts nowhere."""
    lexicon = lexicon_of(language)
    for group, line, weighing in _lines("facts", language):
        text = lexicon.read(line["text"])
        grams = grams_of(text)
        ruled = [(fact.start, kind_of(fact.type, fact.value, fact.polarity)) for fact in ruled_facts(text, lexicon)]
        labels = [(line["text"].find(fact["quote"]), fact) for fact in line["facts"]]
        for number in sorted(set(text.sentences)):
            first, after = text.sentence_span(number)
            start, end = text.tokens[first].start, text.tokens[after - 1].end
            here = [fact for place, fact in labels if place < end and place + len(fact["quote"]) > start]
            shown = frozenset(_kind(fact) for fact in here if not fact.get("optional"))
            others = [{**fact, **alt} for fact in here for alt in fact.get("alt", [])]
            unsure = frozenset(_kind(fact) for fact in [*others, *(one for one in here if one.get("optional"))])
            found = frozenset(kind for place, kind in ruled if start <= place < end)
            yield Example(grams.of_sentence(number), shown, unsure - shown, found, frozenset(), weighing, group)


def promising_of(language: str) -> Iterable[Example]:
    """Yield sentences that promise, or do not: of replies of one sentence, and of replies that promise nothing."""
    lexicon = lexicon_of(language)
    at = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)
    for group, line, weighing in _lines("promises", language):
        text = lexicon.read(line["text"])
        promised = _promised(line)
        numbers = sorted(set(text.sentences))
        if promised is None or (promised and len(numbers) > 1):
            continue
        found, grams = lexicon.find(text), grams_of(text)
        places = [promise.start for promise in ruled_promises(text, lexicon, at, None, found)]
        for number in numbers:
            span = Span(*text.sentence_span(number))
            start, end = text.tokens[span.first].start, text.tokens[span.after - 1].end
            ruled = any(start <= place < end for place in places)
            denied = not ruled and is_no_promise(text, span, found)
            shown, told, never = (frozenset(PROMISES) if so else frozenset() for so in (promised, ruled, denied))
            yield Example(grams.of_sentence(number), shown, frozenset(), told, never, weighing, group)


def _promised(line: Line) -> bool | None:
    """Say whether a labelled line promises something; None where that is open."""
    if "promises" in line:
        firm = [promise for promise in line["promises"] if not promise.get("optional")]
        return bool(firm) if firm or not line["promises"] else None
    return None if "promise" in line.get("unsure", ()) else "promise" in line["labels"]


def stands_of(language: str) -> Iterable[Example]:
    """Yield the labelled answers to closed questions of a language; all were written when the phrases stood."""
    lexicon = lexicon_of(language)
    questions: dict[str, int] = {}
    for _, line, _ in _lines("stands", language):
        group = questions.setdefault(line["question"], len(questions))
        asked, answer = lexicon.read(line["question"]), answer_of(lexicon, line["answer"])
        shown = frozenset({line["stand"]} & set(STANDS))
        yield Example(stand_places(lexicon, asked, answer), shown, frozenset(), frozenset(), frozenset(), True, group)


def _kind(fact: Line) -> str:
    return kind_of(fact["type"], fact.get("value"), fact.get("polarity") if fact["type"] in POLARITIES else None)


def _fitted(labelled: Labelled, label: str, rows: Bools) -> LogisticRegression:
    shown = labelled.mask(lambda one: label in one.shown)
    rows = rows & labelled.mask(lambda one: label not in one.unsure)
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", solver="liblinear", max_iter=1000, random_state=0)
    return model.fit(labelled.runs[rows], shown[rows])


def _leaning_unseen(labelled: Labelled, label: str) -> Floats:
    """Return how the examples to weigh on lean, by weights that were fitted without them."""
    weighing = labelled.mask(lambda one: one.weighing)
    leaning = np.zeros(len(labelled.examples))
    for fold in range(FOLDS):
        left_out = weighing & labelled.mask(lambda one: one.group % FOLDS == fold)  # noqa: B023, used at once
        if left_out.any():
            leaning[left_out] = _fitted(labelled, label, ~left_out).decision_function(labelled.runs[left_out])
    return leaning[weighing]


@dataclass(frozen=True)
class Bars:
    """How far to believe a label: see `Learned`."""

    doubted: float
    sure: float
    slope: float
    intercept: float


def _bars(told: Sequence[Labelled], group: Sequence[str], believed: float) -> Bars:
    """Weigh phrases of a group of labels against leaning, over all languages."""
    rows: list[tuple[float, bool, bool]] = []
    for labelled in told:
        weighed = [one for one in labelled.examples if one.weighing]
        for label in group:
            for lean, one in zip(_leaning_unseen(labelled, label), weighed, strict=True):
                if label not in one.unsure | one.denied:
                    rows.append((float(lean), label in one.ruled, label in one.shown))
    seen = np.array(rows, dtype=float)
    model = LogisticRegression(C=1.0).fit(seen[:, :2], seen[:, 2] > 0)
    by_lean, by_phrase = (max(float(weight), 1e-3) for weight in model.coef_[0])
    intercept = float(model.intercept_[0])
    wanted = np.log(believed / (1 - believed)) - intercept
    return Bars((wanted - by_phrase) / by_lean, wanted / by_lean, by_lean, intercept)


def _whole(labelled: Labelled, bars: Mapping[str, Bars], signature: str) -> Learned:
    every = np.ones(len(labelled.examples), dtype=bool)
    models = [_fitted(labelled, label, every) for label in bars]
    weights = np.column_stack([model.coef_[0] for model in models])
    scale = np.abs(weights).max(axis=0) / 127
    return Learned(
        labels=tuple(bars),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale,
        bias=np.array([model.intercept_[0] for model in models]),
        corpora=signature,
        **{name: np.array([getattr(one, name) for one in bars.values()]) for name in BARS},
    )


BARS = tuple(field.name for field in fields(Bars))


_READ = {"conduct": turns_of, "facts": sentences_of, "promises": promising_of, "stands": stands_of}
_GROUPS: dict[Subject, list[tuple[str, ...]]] = {
    "conduct": [(label,) for label in LABELS],
    "facts": [*FORMLESS, *((kind,) for kind in FORMED)],
    "promises": [PROMISES],
    "stands": [STANDS],
}


def train(subject: Subject) -> None:
    """Fit the weights of every language and write them."""
    told = {language: Labelled.of(_READ[subject](language)) for language in LANGUAGES}
    bars: dict[str, Bars] = {}
    for group in _GROUPS[subject]:
        weighed = _bars(list(told.values()), group, BELIEVED[subject])
        bars |= {label: replace(weighed, sure=np.inf) if label in FORMED else weighed for label in group}
    for language, labelled in told.items():
        learned = _whole(labelled, bars, signature_of(subject, language))
        held: dict[str, Any] = {field.name: np.array(getattr(learned, field.name)) for field in fields(learned)}
        np.savez_compressed(path_of(subject, language), **held)


if __name__ == "__main__":
    for subject in get_args(Subject):
        train(subject)
