"""Whether an answer means yes or no to a question that was put: by its phrases, its runs and the question together.

`No scissors needed, we cut it` says no to `Do I bring scissors?` and yes to `Do you cut it?`. What `stands.py` reads
goes in as one of many signs; the weights (`learned.py`, `train.py`) say how far to believe each.
"""

from __future__ import annotations

import numpy as np

from probes.scoring.answers import Answer
from probes.scoring.grams import Hashes, grams_of, places_named
from probes.scoring.learned import learned_of
from probes.scoring.lexicon import Lexicon
from probes.scoring.stands import kinds_of, said_and_denied, stand, stems
from probes.scoring.text import Text

STANDS = ("yes", "no")

QUESTION_WORDS = 2
SECTIONS = ("stand", "obligation", "eligibility", "order_state")


def stands_likely(lexicon: Lexicon, asked: Text, answer: Answer) -> tuple[float, float]:
    """Return how likely an answer means yes, and no."""
    yes, no = learned_of("stands", answer.lexicon.language).likely(stand_places(lexicon, asked, answer))
    whole = max(yes + no, 1.0)
    return float(yes / whole), float(no / whole)


def stand_places(lexicon: Lexicon, asked: Text, answer: Answer) -> Hashes:
    """Return what an answer and its question are weighed by."""
    kind = next(iter(kinds_of(lexicon, asked)), "unknown")
    words = {token.word for token in answer.text.tokens}
    denies = any(token.word in answer.lexicon.denies for token in answer.text.tokens)
    asks = " ".join(asked.words(0, QUESTION_WORDS))
    said = stand(answer.found, answer.facts, kinds_of(lexicon, asked))
    signs = [
        f"stand {said}", f"stand {said} {kind}", f"denies {denies}", f"denies {denies} {kind}",
        f"asks denying {any(token.word in lexicon.denies for token in asked.tokens)}",
        *(f"section {name}" for name in answer.found),
        *(f"section {name} {kind}" for name in answer.found if name.startswith(SECTIONS)),
        *(f"{fact.type} {fact.polarity} {kind}" for fact in answer.facts if fact.polarity),
        *(f"{asks} {word}" for word in words),
    ]  # fmt: skip
    topic = stems(lexicon, asked.words(0, len(asked.tokens)))
    plain, denied = said_and_denied(answer.lexicon, answer.text)
    signs += [f"said {min(len(topic & plain), 2)} {kind}", f"denied {min(len(topic & denied), 2)} {kind}"]
    signs += [f"kind {kind} {word}" for word in words]
    again = sum(token.word in words for token in asked.tokens if len(token.word) > 3)
    signs.append(f"again {min(again, 3)}")
    return np.unique(np.concatenate([grams_of(answer.text).places, places_named(signs)]))
