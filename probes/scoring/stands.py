"""What an answer says to a question that can be answered yes or no: its stand.

What is asked decides which phrases count. [ask.open] phrases in a question say that it cannot be answered so (how
much, when), [ask.must], [ask.may], [ask.done] that it asks whether one must, may, or whether it is done. An answer
that begins with yes or no ([stand.lead.yes], [stand.lead.no]) has said it; else its [stand.yes] and [stand.no] phrases
tell, and those of `stand.yes.must` … where that is asked; else its obligations and eligibilities. A phrase within a
longer one of the other side does not count: `enough` in `not enough`.

>>> from probes.scoring.lexicon import Lexicon
>>> lexicon = Lexicon.parse("[stand.yes]\\nenough\\n[stand.no]\\nnot enough\\n[negation]\\nnot no\\n", "en")
>>> text = lexicon.read("A copy is not enough.")
>>> stand(lexicon.find(text), (), frozenset())
-1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from probes.scoring.facts import Fact
from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.text import Text

KINDS = ("must", "done", "may")
"""What a closed question asks; the first that fits."""
OPEN = "open"

STEM, ARABIC_STEM = 5, 4
DENIED_WITHIN = 3
"""A negation so many words before a word denies it."""

Found = Mapping[str, list[Span]]

POLARITIES = {"must": 1, "need_not": -1, "must_not": -1, "yes": 1, "no": -1}


def kinds_of(lexicon: Lexicon, question: Text) -> frozenset[str]:
    """Return what a question asks: must, may or done, or `open` where yes and no are no answer; empty: unknown."""
    found = lexicon.find(question)
    if "ask.open" in found:
        return frozenset((OPEN,))
    return frozenset([kind for kind in KINDS if f"ask.{kind}" in found][:1])


def stand(found: Found, facts: Sequence[Fact], kinds: frozenset[str]) -> int:
    """Return whether an answer says yes (1) or no (-1), or 0 where it does not tell or says both.

    Args:
        found: the answer's phrases.
        facts: its facts.
        kinds: what is asked; see `kinds_of`.
    """
    lead = {side for section, side in (("stand.lead.no", -1), ("stand.lead.yes", 1)) if section in found}
    if len(lead) == 1:
        return lead.pop()
    said: dict[int, list[Span]] = {-1: [], 1: []}
    for name, side in (("stand.no", -1), ("stand.yes", 1)):
        for section in (name, *(f"{name}.{kind}" for kind in (kinds & set(KINDS) or KINDS))):
            barred = [*found.get(f"{name}.not", []), *found.get(f"{section}.not", [])]
            said[side] += [span for span in found.get(section, []) if not touches(barred, *span)]
    sides = {side for side in said if any(counts(span, said[-side]) for span in said[side])}
    if len(sides) == 1:
        return sides.pop()
    told = {
        POLARITIES[fact.polarity]
        for fact in facts
        if fact.polarity
        and not ("must" in kinds and fact.type == "eligibility")
        and not ("may" in kinds and fact.polarity in ("must", "need_not"))
    }
    return told.pop() if len(told) == 1 else 0


def counts(span: Span, others: Iterable[Span]) -> bool:
    """Say whether a phrase is more than a part of a longer one that says the opposite: `enough` in `not enough`."""
    return not any(one.first <= span.first and span.after <= one.after and one != span for one in others)


def stems(lexicon: Lexicon, words: Iterable[str]) -> set[str]:
    """Return the beginnings of words that say what a reply is about; [stop] words and short ones do not."""
    said = [word for word in words if len(word) > 2 and word.isalpha() and word not in lexicon.stop]
    if lexicon.language == "ar":
        bare = {_bare(word) for word in said}
        return {word[:ARABIC_STEM] for word in bare if len(word) > 1 and word not in lexicon.stop}
    return {word[:STEM] for word in said}


def _bare(word: str) -> str:
    """Return an Arabic word without its article and pronoun."""
    bare = re.sub(r"^[وف]?(?:بال|كال|لل|ال)(?=...)", "", word)
    return re.sub(r"(?<=..)(?:كم|كن|نا|ها|هم|تك|تي|ه|ك|ي|ج|ا)$", "", bare)


def said_and_denied(lexicon: Lexicon, text: Text) -> tuple[set[str], set[str]]:
    """Return the stems a reply says plainly, and those it says with a [negation] word just before."""
    words = [token.word for token in text.tokens]
    plain: set[str] = set()
    denied: set[str] = set()
    for i, word in enumerate(words):
        if len(word) < STEM - 1 or not word.isalpha() or word in lexicon.stop or word in lexicon.denies:
            continue
        before = words[max(i - DENIED_WITHIN, 0) : i]
        (denied if any(one in lexicon.denies for one in before) else plain).add(word[:STEM])
    return plain, denied


@cache
def opposites(language: str) -> list[Callable[[str], tuple[bool, bool]]]:
    """Return tests of the [opposite] pairs of a language: which sides of a pair a folded reply holds."""
    lexicon = lexicon_of(language)
    tests = []
    for line in lexicon.sections.get("opposite", []):
        left, _, right = line.partition(" | ")
        tests.append(_tester(lexicon, left, right))
    return tests


def _tester(lexicon: Lexicon, left: str, right: str) -> Callable[[str], tuple[bool, bool]]:
    sides = [[lexicon.pattern(phrase.strip()) for phrase in side.split(" ; ")] for side in (left, right)]

    def test(plain: str) -> tuple[bool, bool]:
        one, other = (
            [Span(*match.span()) for pattern in side for match in pattern.finditer(plain) if match.group()]
            for side in sides
        )
        return any(counts(span, other) for span in one), any(counts(span, one) for span in other)

    return test
