"""A reply as the rules read it: folded to plain words, each remembering where it stood in the original.

Folding takes away what writers leave out or vary without a change of meaning: case, diacritics, cedillas, hamza and ta
marbuta, tatweel and vowel signs, curly quotes, drawn-out letters, Arabic-Indic and Persian digits. Words that a
language's lexicon rewrites (short forms, contractions) become what they stand for. Rules see single words with one
space between; what they find is told as the original's own words.

>>> text = Text.of("I'm SOOO sorry… «non è colpa mia» ٢٠٪", {"i'm": ("i", "am")})
>>> text.plain
' i am so sorry . " non e colpa mia " 20 % '
>>> text.quote(*text.span_of(6, 14))
'SOOO sorry'
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

_SIGNS = {
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‟": '"', "‹": '"', "›": '"', "–": "-", "—": " - ", "−": "-", "‐": "-", "‑": "-", "…": ".", "\u00a0": " ",
    "\u202f": " ", "\u2009": " ", "٫": ".", "٬": ",", "٪": "%", "،": ",", "؛": ";", "؟": "?", "ـ": "", "ء": "",
    "ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "ھ": "ه", "ß": "ss", "ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae",
    "œ": "oe", "\u200f": "", "\u200e": "", "\u200c": "", "\u200d": "", "\u202a": "", "\u202b": "", "\u202c": "",
    "\ufe0f": "",
}  # fmt: skip

_TOKEN = re.compile(
    r"""(?P<url>(?:https?://|www\.)[^\s"<>]+
          |[a-z0-9][a-z0-9.+_-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+
          |[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:[a-z]{2}|com|net|org|info|gov|edu|app|shop|store|online|site|help
            |clinic|school|studio|media|agency|services|legal|fit|eco|social|support|bank|health|energy|travel|care|test|example|tech|dev|cloud|blog|news|live|club|world|company|coop)
            (?![a-z0-9])(?:[/?\#][^\s"<>]*)?
          |[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,10}/[^\s"<>]+)
      |(?P<mixed>(?<![^\W_])(?:2day|2moro|2morrow|2nite|b4|l8r|gr8|m8|4u|w8)(?![^\W_]))
      |(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*'?)
      |(?P<number>\d+(?:[.,:']\d+)*)
      |(?P<sign>\S)""",
    re.VERBOSE,
)

ENDS = frozenset(".!?;")
"""Signs after which another sentence begins."""


_DRAWN_OUT = 3
"""A letter so often in a row is one letter, drawn out."""


@dataclass(frozen=True)
class Token:
    """A folded word, number or sign, and where it stands in the original."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def _fold_sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.digit(sign))
    if kind in ("Mn", "Cf"):
        return ""
    bare = "".join(c for c in unicodedata.normalize("NFKD", sign) if unicodedata.category(c) != "Mn")
    return "".join(_SIGNS.get(c, c) for c in bare).lower()


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Return a text folded, for comparing words of a lexicon with those of a reply.

    Drawn-out letters are shortened as in replies, but not where next to nothing would be left: OOO is no `o`.
    """
    folded = "".join(map(_fold_sign, text))
    shorter = re.sub(r"([^\W\d_w])\1\1+", r"\1", folded)
    return shorter if sum(map(str.isalpha, shorter)) > 2 else folded


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the folded text and, of each of its signs, the place in the original."""
    out: list[str] = []
    places: list[int] = []
    run = 0
    for place, sign in enumerate(text):
        folded = sign if "a" <= sign <= "z" or sign == " " else " ¶ " if sign == "\n" else _fold_sign(sign)
        for one in folded:
            run = run + 1 if out and one == out[-1] and one.isalpha() and one != "w" else 1
            if run == _DRAWN_OUT:
                out.pop()
                places.pop()
            if run < _DRAWN_OUT:
                out.append(one)
                places.append(place)
    return "".join(out), places


@dataclass(frozen=True)
class Text:
    """A folded reply.

    Attributes:
        original: as it was written.
        tokens: its words, numbers and signs.
        plain: the words with one space around each.
        starts: of each token, where it begins in `plain`.
        sentences: of each token, the number of its sentence.
    """

    original: str
    tokens: tuple[Token, ...]
    plain: str
    starts: tuple[int, ...]
    sentences: tuple[int, ...]

    @classmethod
    def of(
        cls,
        original: str,
        rewrites: Mapping[str, tuple[str, ...]] | None = None,
        abbreviations: Collection[str] = (),
    ) -> Text:
        """Fold a reply.

        Args:
            original: as it was written.
            rewrites: which words stand for which.
            abbreviations: words whose full stop ends no sentence.
        """
        folded, places = _folded(original)
        tokens: list[Token] = []
        known = rewrites or {}
        for found in _TOKEN.finditer(folded):
            kind = found.lastgroup
            first, last = found.start(), found.end()
            word = found.group()
            if kind == "url" and (gap := _missing_space(word, original, places, first)):
                _add(tokens, known, word[:gap], places, first, first + gap)
                _add(tokens, known, ".", places, first + gap, first + gap + 1)
                _add(tokens, known, word[gap + 1 :], places, first + gap + 1, last)
                continue
            if kind == "url":
                trimmed = word.rstrip(".,;:!?)'\"*")
                last = first + len(trimmed)
                trail = word[len(trimmed) :]
                _add(tokens, known, trimmed, places, first, last)
                for offset, sign in enumerate(trail):
                    _add(tokens, known, sign, places, last + offset, last + offset + 1)
                continue
            if kind == "word" and word.endswith("'") and word not in known:
                _add(tokens, known, word[:-1], places, first, last - 1)  # an accent, or an end left out
                continue
            if word == "." and _abbreviates(tokens, abbreviations, folded, first, last, places[first]):
                continue
            _add(tokens, known, word, places, first, last)
        starts: list[int] = []
        sentences: list[int] = []
        at, sentence = 1, 0
        for i, token in enumerate(tokens):
            starts.append(at)
            sentences.append(sentence)
            at += len(token.word) + 1
            if token.word in ENDS or token.word == "¶":
                following = tokens[i + 1].word if i + 1 < len(tokens) else ""
                if following not in ENDS:
                    sentence += 1
        plain = " " + " ".join(token.word for token in tokens) + " "
        return cls(original, tuple(tokens), plain, tuple(starts), tuple(sentences))

    def token_at(self, place: int) -> int:
        """Return the number of the token at a place of `plain`."""
        return max(bisect.bisect_right(self.starts, place) - 1, 0)

    def span_of(self, first: int, last: int) -> tuple[int, int]:
        """Return the first token and the one after the last of a stretch of `plain`."""
        return self.token_at(first), self.token_at(max(last - 1, first)) + 1

    def quote(self, first: int, after: int) -> str:
        """Return the original words from one token up to another."""
        if first >= after or not self.tokens:
            return ""
        start, end = self.tokens[first].start, self.tokens[after - 1].end
        return self.original[start:end]

    def sentence(self, token: int) -> tuple[int, int]:
        """Return the first token and the one after the last of the sentence in which a token stands."""
        return self.sentence_span(self.sentences[token])

    def sentence_span(self, number: int) -> tuple[int, int]:
        """As `sentence`, by its number."""
        return bisect.bisect_left(self.sentences, number), bisect.bisect_right(self.sentences, number)

    def quoted(self) -> list[tuple[int, int]]:
        """Return the stretches that stand between quotation marks, from mark to mark: somebody else's words.

        A mark that touches a figure before it stands for inches.
        """
        marks = [i for i, token in enumerate(self.tokens) if token.word == '"' and not self._is_inches(i)]
        return [(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False) if (a, b) != (0, len(self.tokens) - 1)]

    def _is_inches(self, i: int) -> bool:
        before = self.tokens[i - 1] if i else None
        return before is not None and before.word[0].isdigit() and before.end == self.tokens[i].start

    def words(self, first: int, after: int) -> list[str]:
        """Return the folded words from one token up to another."""
        return [token.word for token in self.tokens[first:after]]


def _add(
    tokens: list[Token], known: Mapping[str, tuple[str, ...]], word: str, places: list[int], first: int, last: int
) -> None:
    start, end = places[first], places[last - 1] + 1
    for one in known.get(word, (word,)):
        tokens.append(Token(one, start, end))


def _abbreviates(
    tokens: list[Token], abbreviations: Collection[str], folded: str, first: int, last: int, place: int
) -> bool:
    """Say whether a full stop belongs to the word before it."""
    return (
        bool(tokens)
        and tokens[-1].word in abbreviations
        and tokens[-1].end == place
        and "\u00b6" not in folded[last : last + 2]
    )


def _missing_space(word: str, original: str, places: list[int], first: int) -> int:
    """Return where a sentence ends in what looks like an address ("Thanks.So"), else 0."""
    gap = word.rfind(".")
    if word.count(".") != 1 or "/" in word or "@" in word or gap == len(word) - 1:
        return 0
    before, after = original[places[first + gap - 1]], original[places[first + gap + 1]]
    return gap if before.islower() and after.isupper() else 0
