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
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from probes.scoring.answers import VALUES, Answer, Value, answer_of
from probes.scoring.lexicon import Lexicon, lexicon_of, touches
from probes.scoring.numbers import numbers_of
from probes.scoring.same_value import kinds_apart, same_value
from probes.scoring.stand_learned import stands_likely
from probes.scoring.stands import OPEN, POLARITIES, kinds_of, opposites, said_and_denied, stand, stems
from probes.scoring.text import Text


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
    a, b = answer_of(lexicon, one), answer_of(lexicon_of(other_language or language), other)
    return _relation(lexicon, asked, a, b)


def _relation(lexicon: Lexicon, asked: Text, a: Answer, b: Answer) -> Relation:
    topic = stems(a.lexicon, asked.words(0, len(asked.tokens)))
    kinds = kinds_of(lexicon, asked)
    if _things_apart(a, b):
        return Relation("unrelated")
    agreed = False
    counted = _counts(lexicon, asked, a, b)
    if counted is not None:
        return counted
    clash: Relation | None = None
    for type_ in VALUES:
        clash = _clash_of(type_, topic, a, b)
        if clash is not None:
            return clash
        agreed = agreed or bool(a.values.get(type_) and b.values.get(type_))
    if OPEN in kinds:
        clash = _weekdays(a, b) or _valueless(topic, a, b, kinds) or _valueless(topic, b, a, kinds) or _excluded(a, b)
        clash = clash or _channels(topic, a, b) or _ways(topic, a, b) or _ways(topic, b, a)
    elif not all("clash.condition" in answer.found for answer in (a, b)):  # only if it is free; unless it is taken
        apart = _apart(lexicon, asked, a, b)
        if apart <= ALIKE:
            return Relation("agree")
        if apart >= APART and not _of_others(topic, a, b):
            return Relation("contradict", _slot(a, b), (_quote(a, 1), _quote(b, -1)))
        clash = _stands(topic, kinds, a, b, apart) or _denied(topic, kinds, a, b)
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
    left = [one for one in ours if not any(same_value(one, other) for other in theirs)]
    right = [other for other in theirs if not any(same_value(one, other) for one in ours)]
    single = len(ours) == len(theirs) == 1
    for one in left:
        for other in right:
            if not _about_others(topic, one, other, single) and not kinds_apart(type_, one, other):
                return Relation(
                    "contradict", type_ if type_ != "time" else one.fact.type, (one.fact.quote, other.fact.quote)
                )
    return None


def _counts(lexicon: Lexicon, asked: Text, a: Answer, b: Answer) -> Relation | None:
    """Return how bare numbers stand, where it was asked how many ([ask.count]) or for how much ([ask.price])."""
    wanted = lexicon.find(asked)
    if "ask.count" not in wanted and ("ask.price" not in wanted or ("money" in a.values) == ("money" in b.values)):
        return None
    ours, theirs = _numbers(a), _numbers(b)
    if not ours or not theirs:
        return None
    if ours.keys() & theirs.keys():
        return Relation("agree")
    return Relation(
        "contradict",
        "money" if "ask.price" in wanted else "count",
        (next(iter(ours.values())), next(iter(theirs.values()))),
    )


def _numbers(answer: Answer) -> dict[float, str]:
    """Return the numbers of an answer that count or price something, with their words."""
    others = [fact for fact in answer.facts if fact.type in ("percentage", "duration", "phone", "url", "email")]
    told: dict[float, str] = {}
    for number in numbers_of(answer.text, answer.lexicon):
        start = answer.text.tokens[number.first].start
        if not any(fact.start <= start < fact.end for fact in others):
            told.setdefault(number.value, answer.text.quote(number.first, number.after))
    return told


def _about_others(topic: set[str], one: Value, other: Value, single: bool) -> bool:
    """Say whether each value is told of a thing of its own, which was not asked about: the frame, the cushions.

    Where each answer has but one value, it is enough that one is told about what was asked.
    """
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
    if one.asked or other.asked or (single and (one.about | other.about) & topic):
        return False
    return bool(mine and yours) and not (mine & yours) and not (one.about & topic and other.about & topic)


def _stands(topic: set[str], kinds: frozenset[str], a: Answer, b: Answer, apart: float) -> Relation | None:
    """Return the clash of two stands: one says yes and the other no to what was asked."""
    ours, theirs = _stand(a, kinds), _stand(b, kinds)
    if kinds and apart >= LEANING_APART:  # a plain statement about what was asked says yes beside a no
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
    if told is None or any(b.values.values()) or _stand(b, kinds) >= 0:
        return None  # who tells a value of another kind speaks of something else
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


APART, ALIKE = 0.35, -0.7
"""So likely it must be that of two answers one means yes and one no, or that both mean the same."""


LEANING_APART = 0.1
"""So likely it must be at the least where one of them says neither in words that are known."""


def _apart(lexicon: Lexicon, asked: Text, a: Answer, b: Answer) -> float:
    """Return how likely one answer means yes and the other no; below 0, how likely both mean the same."""
    if not asked.tokens:
        return 0.0
    (yes, no), (also, nor) = (stands_likely(lexicon, asked, answer) for answer in (a, b))
    apart, alike = yes * nor + no * also, yes * also + no * nor
    return apart if apart >= alike else -alike


def _channels(topic: set[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of ways to go, where one of them is the only one ([exclusive] phrases), or another is denied."""
    alone = any(
        "exclusive" in one.found or any(token.word in one.lexicon.denies for token in one.text.tokens) for one in (a, b)
    )
    if not alone:
        return None
    ours, theirs = ({fact.value: fact.quote for fact in one.facts if fact.type == "channel"} for one in (a, b))
    if not ours or not theirs or ours.keys() & theirs.keys() or _of_others(topic, a, b):
        return None
    return Relation("contradict", "channel", (next(iter(ours.values())), next(iter(theirs.values()))))


def _ways(topic: set[str], a: Answer, b: Answer) -> Relation | None:
    """Return the clash of two ways to go, of which one is said not to be: hand it in at the shop, not at the shop."""
    if a.lexicon.language != b.lexicon.language:
        return None
    (plain_a, denied_a), (plain_b, denied_b) = _by_denial(a), _by_denial(b)
    barred = (plain_a & denied_b) - topic - plain_b
    if not barred or (plain_a & plain_b) - topic or barred & denied_a:
        return None
    return Relation("contradict", "channel", (a.text.original, b.text.original))


def _by_denial(answer: Answer) -> tuple[set[str], set[str]]:
    """Return the stems of an answer's clauses that deny nothing, and of those that do."""
    plain: set[str] = set()
    denied: set[str] = set()
    clause: list[str] = []
    for word in [*(token.word for token in answer.text.tokens), "."]:
        if word in CLAUSE_ENDS:
            denies = any(one in answer.lexicon.denies for one in clause)
            (denied if denies else plain).update(stems(answer.lexicon, clause))
            clause = []
        else:
            clause.append(word)
    return plain, denied


CLAUSE_ENDS = frozenset(".!?;:,،؛؟")

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
    return next(
        (one for one in ("obligation", "eligibility", "order_state", "money", "channel") if one in types), "eligibility"
    )
