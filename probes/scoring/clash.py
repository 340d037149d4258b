"""Whether two answers to one question contradict, agree, or have nothing to do with each other.

Both answers are read into facts. Facts of one type that only differ clash, unless they are told of different things
(the frame, the cushions). Where no form tells, the answers' stand decides: whether each says yes or no to what was
asked (stands.py), the same word said and denied, and pairs of phrases that exclude each other ([opposite],
`one ; or one | other ; or other`). What is left open agrees: nothing is flagged that is not shown.

>>> one, other = "It takes 5 working days.", "Fifteen working days, I'm afraid."
>>> str(relation("How long does it take?", one, other, "en"))
'contradict: duration «5 working days» against «Fifteen working days»'
>>> relation("How long?", "One week.", "Seven days.", "en").relation
'agree'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from probes.scoring.facts import Fact, facts_in
from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.stands import OPEN, POLARITIES, kinds_of, opposites, said_and_denied, stand, stems
from probes.scoring.text import Text
from probes.scoring.times import WEEKDAYS, PointTime, times_of

LENGTHS_SAME = 0.035
"""So far apart, as a share, two lengths are one: a month of 30 or 31 days, a year of 365 or 12 months."""

STATES = {
    "placed": "open", "processing": "open", "shipped": "under way", "in_transit": "under way", "delivered": "there",
    "delayed": "delayed", "cancelled": "cancelled", "refunded": "refunded", "unknown": "unknown",
}  # fmt: skip
"""States of an order that can be told of one at the same time."""

VALUES = ("money", "percentage", "duration", "time", "phone", "email", "url", "order_state")
"""Types whose values are held against each other, in this order; dates and deadlines are one."""

PERIODS = {"day": 1 / 30, "week": 7 / 30, "month": 1.0, "year": 12.0}
"""Sections [per.day] … say per what an amount is; 15 a month is 180 a year."""

MONTH_ENDS = (
    "01-31", "02-28", "02-29", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31",
)  # fmt: skip


@dataclass(frozen=True)
class Relation:
    """How two answers stand to each other; where they contradict, by which type and in which words of each."""

    relation: Literal["contradict", "agree", "unrelated"]
    type: str | None = None
    quotes: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.type is None or self.quotes is None:
            return self.relation
        return f"{self.relation}: {self.type} «{self.quotes[0]}» against «{self.quotes[1]}»"


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


def relation(question: str, one: str, other: str, language: str, other_language: str | None = None) -> Relation:
    """Return how two answers to a question stand to each other.

    Args:
        question: what was asked; may be empty.
        one, other: the answers.
        language: of the question and the first answer.
        other_language: of the second, where it is another.
    """
    lexicon = lexicon_of(language)
    asked = lexicon.read(question)
    a, b = _answer(lexicon, one), _answer(lexicon_of(other_language or language), other)
    return _relation(lexicon, asked, a, b)


def _answer(lexicon: Lexicon, reply: str) -> Answer:
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


def _relation(lexicon: Lexicon, asked: Text, a: Answer, b: Answer) -> Relation:
    topic = stems(a.lexicon, asked.words(0, len(asked.tokens)))
    kinds = kinds_of(lexicon, asked)
    if _things_apart(a, b):
        return Relation("unrelated")
    agreed = False
    clash: Relation | None = None
    for type_ in VALUES:
        clash = _clash_of(type_, topic, a, b)
        if clash is not None:
            return clash
        agreed = agreed or bool(a.values.get(type_) and b.values.get(type_))
    if OPEN in kinds:
        clash = _weekdays(a, b) or _valueless(topic, a, b, kinds) or _valueless(topic, b, a, kinds) or _excluded(a, b)
    elif not all("clash.condition" in answer.found for answer in (a, b)):  # only if it is free; unless it is taken
        clash = _stands(topic, kinds, a, b) or _denied(topic, kinds, a, b)
        led = any(f"stand.lead.{side}" in one.found for one in (a, b) for side in ("yes", "no"))
        if clash is None and not (led and kinds and _stand(a, kinds) == _stand(b, kinds) != 0):
            clash = _excluded(a, b)  # two that say yes, one of them in so many words, agree
    clash = clash or _by_clause(topic, a, b)
    if clash is not None:
        return clash
    if agreed or (_stand(a, kinds) == _stand(b, kinds) != 0) or (a.words & b.words):
        return Relation("agree")
    return Relation("unrelated")


def _clash_of(type_: str, topic: set[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of two answers' values of a type: each has one that the other neither shares nor explains."""
    ours, theirs = a.values.get(type_, []), b.values.get(type_, [])
    if not ours or not theirs:
        return None
    left = [one for one in ours if not any(_same(one, other) for other in theirs)]
    right = [other for other in theirs if not any(_same(one, other) for one in ours)]
    for one in left:
        for other in right:
            if not _about_others(topic, one, other) and not _apart(type_, one, other):
                return Relation(
                    "contradict", type_ if type_ != "time" else one.fact.type, (one.fact.quote, other.fact.quote)
                )
    return None


def _about_others(topic: set[str], one: Value, other: Value) -> bool:
    """Say whether each value is told of a thing of its own, which was not asked about: the frame, the cushions."""
    if one.scope and other.scope and not one.scope & other.scope:
        return True
    mine, yours = one.about - topic, other.about - topic
    for kind, thing in one.kinds:
        if (
            thing in topic
            and kind not in topic
            and any(its == thing and k not in (kind, *topic) for k, its in other.kinds)
        ):
            return True
    if one.asked or other.asked:
        return False
    return bool(mine and yours) and not (mine & yours) and not (one.about & topic and other.about & topic)


def _apart(type_: str, one: Value, other: Value) -> bool:
    """Say whether two values measure different things by their kind: a wait in minutes, a warranty in years."""
    if type_ != "duration":
        return False
    least, most = sorted(value.fact.value["max_s"] or value.fact.value["min_s"] for value in (one, other))
    return bool(most > 5_000 * max(least, 1))


def _same(one: Value, other: Value) -> bool:
    mine, yours = one.fact, other.fact
    match mine.type:
        case "deadline" | "date":
            return _same_time(str(mine.value), str(yours.value))
        case "money":
            known = mine.value["currency"] == yours.value["currency"]
            unnamed = None in (mine.value["currency"], yours.value["currency"])
            return bool(known or unnamed) and _same_amount(one, other)
        case "percentage":
            return abs(float(mine.value) - float(yours.value)) < 1e-9
        case "duration":
            return _same_length(mine.value, yours.value)
        case "order_state":
            return STATES[mine.value] == STATES[yours.value]
        case "phone":
            shorter, longer = sorted((str(mine.value).lstrip("+0"), str(yours.value).lstrip("+0")), key=len)
            return longer.endswith(shorter)
        case _:
            return bool(mine.value == yours.value)


def _same_amount(one: Value, other: Value) -> bool:
    mine, yours = one.fact.value["amount"], other.fact.value["amount"]
    if abs(mine - yours) < 0.005:
        return True
    if one.period and other.period and one.period != other.period:
        return _close(mine / PERIODS[one.period], yours / PERIODS[other.period])
    return False


def _same_length(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two spans can be told of the same thing: a week is 7 days, 5 days are not 5 working days."""
    working = {one["calendar"], other["calendar"]} == {"working", "calendar"}
    if working and _close(one["max_s"] or one["min_s"], other["max_s"] or other["min_s"]):
        return False
    for mine, yours in ((one, other), (other, one)):
        if mine["max_s"] is not None and yours["max_s"] is None and mine["max_s"] < yours["min_s"] * (1 - LENGTHS_SAME):
            return False  # at most 75 minutes, at least 4 hours
    ends = [(one["max_s"], other["max_s"])]
    if one["min_s"] and other["min_s"]:
        ends.append((one["min_s"], other["min_s"]))
    return all(x is None or y is None or _close(x, y) for x, y in ends)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= LENGTHS_SAME * max(one, other)


_PARTS = re.compile(r" ?(morning|noon|afternoon|evening|night|first thing|end of day|early afternoon|late afternoon)$")


def _same_time(one: str, other: str) -> bool:
    """Say whether two points can be one: the same day, and the same clock where both tell one."""
    days, clocks = [], []
    for told in (one, other):
        found = re.search(r"(\d\d:\d\d)(?:-(\d\d:\d\d))?$", told)
        clocks.append((found[2] or found[1]) if found else "")
        day = _PARTS.sub("", told[: found.start()] if found else told).strip().lower()
        days.append(re.sub(r"^(this|next) (?=\w+day$)", "", day))
    if all(clocks) and clocks[0] != clocks[1]:
        return False
    if not all(days):
        return True  # a day alone and a clock alone can both be true
    weekdays = {_weekday(day) for day in days}
    if len(weekdays) == 1 and None not in weekdays:
        return True
    if "end of month" in days and any(day[-5:] in MONTH_ENDS for day in days):
        return True
    if any(day.startswith("end of month --") for day in days):
        months = {found[1] or found[2] for day in days if (found := re.search(r"--(\d\d)|-(\d\d)-\d\d$", day))}
        if any(day[-5:] in MONTH_ENDS for day in days):
            return len(months) == 1
    plain = [day[-5:] if re.search(r"\d\d-\d\d$", day) else day for day in days]
    return plain[0] == plain[1]


def _weekday(day: str) -> str | None:
    return next((name.lower() for name in WEEKDAYS if name.lower() in day), None)


def _stands(topic: set[str], kinds: frozenset[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of two stands: one says yes and the other no to what was asked."""
    ours, theirs = _stand(a, kinds), _stand(b, kinds)
    if kinds:  # a plain statement about what was asked says yes beside a no
        ours, theirs = _plainly(a, ours, theirs, topic, kinds), _plainly(b, theirs, ours, topic, kinds)
    if ours * theirs < 0 and not _of_others(topic, a, b):
        return Relation("contradict", _slot(a, b), (_quote(a, ours), _quote(b, theirs)))
    return None


def _stand(answer: Answer, kinds: frozenset[str]) -> int:
    return stand(answer.found, answer.facts, kinds)


def _plainly(answer: Answer, mine: int, yours: int, topic: set[str], kinds: frozenset[str]) -> int:
    """Return 1 for a statement about what was asked that says neither yes nor no, against a no."""
    other = {"may": "obligation", "must": "eligibility"}.get(next(iter(kinds)))  # may I? you have to
    barred = {"stand.no", "stand.plain.not"} & answer.found.keys() or any(fact.type == other for fact in answer.facts)
    return 1 if mine == 0 and yours < 0 and answer.words & topic and not barred else mine


def _denied(topic: set[str], kinds: frozenset[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of a word that one answer says plainly and the other only denied: it is done, it is not done."""
    alike = a.lexicon.language == b.lexicon.language
    if not alike or _stand(a, kinds) == _stand(b, kinds) != 0 or _of_others(topic, a, b):
        return None
    plain_a, denied_a = said_and_denied(a.lexicon, a.text)
    plain_b, denied_b = said_and_denied(b.lexicon, b.text)
    clashing = (plain_a - denied_a) & (denied_b - plain_b) | (plain_b - denied_b) & (denied_a - plain_a)
    return Relation("contradict", _slot(a, b), (a.text.original, b.text.original)) if clashing else None


OTHER = 2
"""So many words of its own, none of the question or the other answer, and an answer speaks of something else."""


def _valueless(topic: set[str], a: Answer, b: Answer, kinds: frozenset[str]) -> Relation | None:
    """Return the clash of a value with its denial, where a value was asked for: 25 euros, it cannot be done."""
    told = next((type_ for type_ in VALUES if a.values.get(type_)), None)
    if told is None or b.values.get(told) or _stand(b, kinds) >= 0:
        return None
    if len(b.words) >= OTHER and not b.words & (topic | a.words):
        return None
    value = a.values[told][0].fact
    if told == "money" and value.value["amount"] == 0:
        return None
    return Relation("contradict", value.type, (value.quote, b.text.original))


def _weekdays(a: Answer, b: Answer) -> Relation | None:
    """Return the clash of recurring days, which are no facts: on Tuesdays, every other Wednesday."""
    if "time" in a.values or "time" in b.values:
        return None
    ours, theirs = ([one.text.quote(*span) for span in one.found.get("clash.weekday", [])] for one in (a, b))
    if ours and theirs and not {day[:3].lower() for day in ours} & {day[:3].lower() for day in theirs}:
        return Relation("contradict", "date", (ours[0], theirs[0]))
    return None


MANY_WORDS = 18
"""From here on an answer speaks of several things, and its clauses are compared one by one."""


def _by_clause(topic: set[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of a yes and a no that are told of the same thing within long answers."""
    if min(len(a.text.tokens), len(b.text.tokens)) < MANY_WORDS or a.lexicon.language != b.lexicon.language:
        return None
    for mine, quote, words in _told(a):
        for yours, other, others in _told(b):
            if mine * yours < 0 and (words & others) - topic:
                return Relation("contradict", _slot(a, b), (quote, other))
    return None


def _told(answer: Answer) -> Iterable[tuple[int, str, set[str]]]:
    """Yield what an answer says yes (1) or no (-1) to: its words, and the stems from there to the end of the clause."""
    tokens = answer.text.tokens
    spans = [
        (POLARITIES[fact.polarity], next((i for i, token in enumerate(tokens) if token.end > fact.start), 0))
        for fact in answer.facts
        if fact.polarity
    ]
    for section in ("stand.yes.must", "stand.no.must"):
        barred = answer.found.get(section.rpartition(".")[0] + ".not", [])
        spans += [
            (1 if "yes" in section else -1, span.first)
            for span in answer.found.get(section, [])
            if not touches(barred, *span)
        ]
    for side, first in spans:
        after = next((i for i in range(first + 1, len(tokens)) if tokens[i].word in ".!?;,"), len(tokens))
        yield side, answer.text.quote(first, after), stems(answer.lexicon, answer.text.words(first, after))


def _excluded(a: Answer, b: Answer) -> Relation | None:
    """Return the clash of phrases that exclude each other."""
    if a.lexicon.language != b.lexicon.language:
        return None
    for test in opposites(a.lexicon.language):
        if {test(a.text.plain), test(b.text.plain)} == {(True, False), (False, True)}:
            return Relation("contradict", _slot(a, b), (a.text.original, b.text.original))
    return None


def _of_others(topic: set[str], a: Answer, b: Answer) -> bool:
    """Say whether answers of opposite stands speak of different people or things: British, Indian passports."""
    if len(a.text.tokens) > 30 or len(b.text.tokens) > 30:
        return False
    mine = stems(a.lexicon, a.text.words(0, 3)) - topic - b.words
    yours = stems(b.lexicon, b.text.words(0, 3)) - topic - a.words
    parallel = bool((a.words & b.words) - topic)
    return bool(mine and yours) and not (mine & yours) and parallel


def _things_apart(a: Answer, b: Answer) -> bool:
    """Say whether the answers name different things of one kind, a group of section [things]: the dress, the shoes."""
    if a.lexicon.language != b.lexicon.language or max(len(a.text.tokens), len(b.text.tokens)) > 30:
        return False
    for group in things(a.lexicon.language):
        mine, yours = ({m.group().split()[0][:4] for m in group.finditer(one.text.plain)} for one in (a, b))
        if mine and yours and not mine & yours:
            return True
    return False


@cache
def things(language: str) -> list[re.Pattern[str]]:
    """Return the groups of section [things], a line each."""
    lexicon = lexicon_of(language)
    return [lexicon.pattern(line) for line in lexicon.sections.get("things", [])]


def _quote(answer: Answer, side: int) -> str:
    polarities = ("must", "yes") if side > 0 else ("need_not", "must_not", "no")
    told = next((fact.quote for fact in answer.facts if fact.polarity in polarities), None)
    return told or answer.text.original


def _slot(a: Answer, b: Answer) -> str:
    types = {fact.type for fact in (*a.facts, *b.facts)}
    return next((one for one in ("obligation", "eligibility", "order_state", "money") if one in types), "eligibility")
