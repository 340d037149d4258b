"""An answer as it is compared with another: its values, what each is told of, and what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from probes.scoring.facts import Fact, facts_in
from probes.scoring.lexicon import Lexicon, Span
from probes.scoring.stands import stems
from probes.scoring.text import Text
from probes.scoring.times import PointTime, times_of

VALUES = ("money", "percentage", "duration", "time", "phone", "email", "url", "order_state")
"""Types whose values are held against each other, in this order; dates and deadlines are one."""

PERIODS = {"day": 1 / 30, "week": 7 / 30, "month": 1.0, "year": 12.0}
"""Sections [per.day] … say per what an amount is; 15 a month is 180 a year."""


@dataclass(frozen=True)
class Value:
    """A value of an answer: its fact, its words before it (what it is told of), and per what it is."""

    fact: Fact
    about: frozenset[str]
    period: str = ""
    asked: bool = False
    scope: frozenset[str] = frozenset()
    kinds: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Answer:
    """An answer as it is compared."""

    lexicon: Lexicon
    text: Text
    found: Mapping[str, list[Span]]
    facts: list[Fact]
    values: dict[str, list[Value]] = field(default_factory=dict)

    @property
    def words(self) -> set[str]:
        """The stems of its words that say what it is about."""
        return stems(self.lexicon, self.text.words(0, len(self.text.tokens)))


def answer_of(lexicon: Lexicon, reply: str) -> Answer:
    """Read an answer: facts of the past are left out, clocks and fractions that are no facts by themselves are in."""
    text = lexicon.read(reply)
    found = lexicon.find(text)
    answer = Answer(lexicon, text, found, facts_in(text, lexicon, found))
    dayless = {
        text.tokens[time.first].start
        for time in times_of(text, lexicon)
        if isinstance(time, PointTime) and not time.day and time.clock is not None
    }
    for fact in answer.facts:
        if _was(answer, fact):
            continue
        if fact.start in dayless and str(fact.value).startswith("today "):
            fact = replace(fact, value=str(fact.value).removeprefix("today "))
        type_ = "time" if fact.type in ("deadline", "date") else fact.type
        answer.values.setdefault(type_, []).append(_value(answer, fact))
    if "time" not in answer.values:
        for fact in _clocks(answer):
            answer.values.setdefault("time", []).append(_value(answer, fact))
    if "money" not in answer.values:
        for span in answer.found.get("clash.free", [])[:1]:  # at no cost
            start, end = text.tokens[span.first].start, text.tokens[span.after - 1].end
            free = Fact("money", {"amount": 0, "currency": None}, start, end, text.original[start:end])
            answer.values.setdefault("money", []).append(_value(answer, free))
    for share in _fractions(answer):
        answer.values.setdefault("percentage", []).append(Value(share, frozenset()))
    return answer


def _clocks(answer: Answer) -> Iterable[Fact]:
    """Yield bare clock times: no facts by themselves, but what answers `what time?`."""
    for time in times_of(answer.text, answer.lexicon):
        if isinstance(time, PointTime) and time.clock is not None and not time.day and not time.repeats:
            start, end = answer.text.tokens[time.first].start, answer.text.tokens[time.after - 1].end
            yield Fact("deadline", time.value(), start, end, answer.text.original[start:end])


def _was(answer: Answer, fact: Fact) -> bool:
    """Say whether a value is one of the past: `258 lei was before`; [clash.past] phrases beside it tell."""
    text = answer.text
    first = next((i for i, token in enumerate(text.tokens) if token.end > fact.start), 0)
    begins, ends = text.sentence(first)
    return any(
        begins <= span.first < ends and abs(span.first - first) <= 4 for span in answer.found.get("clash.past", [])
    )


def _value(answer: Answer, fact: Fact) -> Value:
    """Return a fact with the words of its sentence in front of it, and per what an amount is told."""
    text = answer.text
    first = next((i for i, token in enumerate(text.tokens) if token.end > fact.start), 0)
    begins, ends = text.sentence(first)
    about = stems(answer.lexicon, text.words(begins, first))
    after = next((i for i, token in enumerate(text.tokens) if token.start >= fact.end), len(text.tokens))
    told = [(span.first, name) for name in PERIODS for span in answer.found.get(f"per.{name}", [])]
    near = sorted((abs(place - after), name) for place, name in told if begins <= place < ends)
    words = text.words(begins, first)
    kinds = {
        (next(iter(stems(answer.lexicon, [before]))), next(iter(stems(answer.lexicon, [word]))))
        for before, word in pairwise(words)
        if stems(answer.lexicon, [before]) and stems(answer.lexicon, [word])
    }
    return Value(
        fact,
        frozenset(about),
        near[0][1] if near else "",
        any(begins <= span.first < first for span in answer.found.get("clash.asked", [])),
        frozenset(
            text.quote(*span).lower() for span in answer.found.get("clash.scope", []) if begins <= span.first < ends
        ),
        frozenset(kinds),
    )


def _fractions(answer: Answer) -> Iterable[Fact]:
    """Yield shares told as fractions: [fraction] pairs such as `half = 50`."""
    for words, percent in answer.lexicon.pairs("fraction"):
        place = answer.text.plain.find(f" {words} ")
        if place >= 0:
            first, after = answer.text.span_of(place + 1, place + 1 + len(words))
            start, end = answer.text.tokens[first].start, answer.text.tokens[after - 1].end
            within = any(fact.type in VALUES and fact.start < end and start < fact.end for fact in answer.facts)
            joined = answer.text.words(first - 1, first) in (["si"], ["and"], ["e"])
            if within or joined or answer.text.words(after, after + 1) in (["de"], ["d'"]):
                continue  # half an hour, six and a half
            yield Fact("percentage", float(percent), start, end, answer.text.original[start:end])
