"""The facts of a reply: typed, normalised, each with its words.

Twelve types (`TYPES`), as customers compare them: what it costs, how long it takes, by when, where to turn, what they
must, must not or need not do, what they may, where their order stands. Forms are read by grammars (times.py,
amounts.py, reach.py); what has no form by the phrases of the language.

>>> [str(fact) for fact in facts_of("You don't have to come in. It costs £30 and takes 5 working days.", "en")]
["obligation need_not «You don't have to come in»", 'money 30 GBP «£30»', 'duration 5 working days «5 working days»']
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probes.scoring.amounts import amounts_of
from probes.scoring.grams import Grams, grams_of
from probes.scoring.learned import learned_of
from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.numbers import numbers_of
from probes.scoring.reach import reaches_of
from probes.scoring.text import Text
from probes.scoring.times import DAY_S, HOUR_S, MONTH_S, WEEK_S, YEAR_S, PointTime, SpanTime, times_of

TYPES = (
    "money", "duration", "deadline", "date", "percentage", "url", "email", "phone", "channel", "obligation",
    "eligibility", "order_state",
)  # fmt: skip

POLARITIES = {"obligation": ("need_not", "must_not", "must"), "eligibility": ("no", "yes")}
"""By type, the polarity that wins first where phrases overlap: what is denied is never also asserted."""

CLAUSE_WORDS_MOST = 9


@dataclass(frozen=True)
class Fact:
    """A fact of a reply.

    Attributes:
        type: one of `TYPES`.
        value: normalised: {"amount", "currency"}, {"min_s", "max_s", "calendar"}, text or a number.
        polarity: of obligations (must, must_not, need_not) and eligibility (yes, no).
        start, end: where its words stand in the reply.
        quote: its words.
    """

    type: str
    value: Any
    start: int
    end: int
    quote: str
    polarity: str | None = None

    def __str__(self) -> str:
        return f"{self.type} {self.shown()} «{self.quote}»"

    def shown(self) -> str:
        """Return the value as people write it."""
        if self.polarity:
            return self.polarity
        if self.type == "money":
            amount = f"{self.value['amount']:,.2f}".removesuffix(".00")
            return f"{amount} {self.value['currency'] or ''}".strip()
        if self.type == "duration":
            return duration_words(self.value)
        return f"{self.value:g} %" if self.type == "percentage" else str(self.value)


def duration_words(value: Mapping[str, Any]) -> str:
    """Return a duration in words: `3 to 5 working days`, `within 2 hours`."""
    most, least = value["max_s"], value["min_s"]
    size = most if most is not None else least
    units = [(YEAR_S, "year"), (MONTH_S, "month"), (WEEK_S, "week"), (DAY_S, "day"), (HOUR_S, "hour"), (60, "minute")]
    if value["calendar"] == "working":
        units = units[3:]
    unit, name = next(((s, n) for s, n in units if size % s == 0 and (not least or least % s == 0)), (1, "second"))
    if value["calendar"] == "working" and unit == DAY_S:
        name = "working " + name
    count, low = size / unit, least / unit
    counted = f"{count:g} {name}{'' if count == 1 else 's'}"
    if most is None:
        return f"at least {counted}"
    return counted if low == count else f"within {counted}" if not low else f"{low:g} to {counted}"


def facts_of(reply: str, language: str) -> list[Fact]:
    """Return the facts of a reply, in the order of their words."""
    lexicon = lexicon_of(language)
    return facts_in(lexicon.read(reply), lexicon)


def facts_in(
    text: Text, lexicon: Lexicon, found: Mapping[str, list[Span]] | None = None, grams: Grams | None = None
) -> list[Fact]:
    """As `facts_of`, of a reply that is folded already, its runs known or not."""
    return _believed(text, lexicon, ruled_facts(text, lexicon, found), grams or grams_of(text))


def ruled_facts(text: Text, lexicon: Lexicon, found: Mapping[str, list[Span]] | None = None) -> list[Fact]:
    """Return what grammars and phrases alone read."""
    found = lexicon.find(text) if found is None else found
    numbers = numbers_of(text, lexicon)
    facts: list[Fact] = []
    taken: list[Span] = []

    def add(type_: str, value: Any, first: int, after: int, polarity: str | None = None) -> None:
        facts.append(_fact(text, type_, value, first, after, polarity))

    for reach in reaches_of(text, lexicon, numbers, found):
        add(reach.kind, reach.value, reach.first, reach.after)
        taken.append(Span(reach.first, reach.after))
    free = [number for number in numbers if not touches(taken, number.first, number.after)]
    for amount in amounts_of(text, lexicon, free, found):
        if touches(taken, amount.first, amount.after):
            continue
        value = amount.value if amount.kind == "percentage" else {"amount": amount.value, "currency": amount.currency}
        if not touches(found.get(f"{amount.kind}.not", []), amount.first, amount.after):
            add(amount.kind, value, amount.first, amount.after)
        taken.append(Span(amount.first, amount.after))
    left = [number for number in numbers if not touches(taken, number.first, number.after)]
    for time in times_of(text, lexicon, left):
        if not touches(taken, time.first, time.after):
            for type_, value in _time_facts(text, time, found, lexicon.language):
                add(type_, value, time.first, time.after)
    for type_, polarities in POLARITIES.items():
        for polarity, span in _by_polarity(text, type_, polarities, found):
            add(type_, None, *_clause(text, span), polarity=polarity)
    for kind, span in _one_each(text, "order_state", found):
        add("order_state", kind, span.first, span.after)
    for kind, span in _one_each(text, "channel", found):
        add("channel", kind, span.first, span.after)
    return sorted(_alone(facts), key=lambda fact: (fact.start, fact.end, fact.type))


def kind_of(type_: str, value: Any, polarity: str | None) -> str:
    """Return the kind of a fact that sentences are weighed for: `obligation.must`, `channel.phone`, `deadline`."""
    if polarity is not None:
        return f"{type_}.{polarity}"
    return f"{type_}.{value}" if type_ in ("channel", "order_state") else type_


def _believed(text: Text, lexicon: Lexicon, ruled: list[Fact], grams: Grams) -> list[Fact]:
    """Return facts that phrases and whole sentences together tell."""
    learned = learned_of("facts", lexicon.language)
    starts = [token.start for token in text.tokens]
    by_sentence: dict[int, list[Fact]] = {}
    for fact in ruled:
        by_sentence.setdefault(text.sentences[max(bisect.bisect_right(starts, fact.start) - 1, 0)], []).append(fact)
    facts: list[Fact] = []
    for number in sorted(set(text.sentences)):
        own = by_sentence.get(number, [])
        places = grams.of_sentence(number)
        if not len(places):
            facts += own  # all of it is quoted
            continue
        leaning = learned.leaning(places)
        kinds = {kind_of(fact.type, fact.value, fact.polarity) for fact in own}
        against = {kind for kind, column in learned.columns.items() if leaning[column] < learned.doubted[column]}
        facts += [fact for fact in own if kind_of(fact.type, fact.value, fact.polarity) not in against]
        sure = [kind for kind, column in learned.columns.items() if leaning[column] >= learned.sure[column]]
        facts += [_whole_sentence(text, number, kind) for kind in sure if kind not in kinds]
    return sorted(facts, key=lambda fact: (fact.start, fact.end, fact.type))


def _whole_sentence(text: Text, number: int, kind: str) -> Fact:
    type_, _, told = kind.partition(".")
    polarity = told if type_ in POLARITIES else None
    return _fact(text, type_, None if polarity else told, *text.sentence_span(number), polarity=polarity)


def _fact(text: Text, type_: str, value: Any, first: int, after: int, polarity: str | None) -> Fact:
    start, end = text.tokens[first].start, text.tokens[after - 1].end
    return Fact(type_, value, start, end, text.original[start:end], polarity)


def _time_facts(
    text: Text, time: SpanTime | PointTime, found: Mapping[str, list[Span]], language: str
) -> Iterator[tuple[str, Any]]:
    if time.repeats or touches(found.get("time.not", []), time.first, time.after):
        return
    if isinstance(time, SpanTime):
        if not time.past and not touches(found.get("duration.not", []), time.first, time.after):
            calendar = "working" if time.working else "hours" if time.unit_s < DAY_S else "calendar"
            yield "duration", {"min_s": time.least_s, "max_s": time.most_s, "calendar": calendar}
        return
    value = time.value()
    if not time.day and time.part and time.clock is None:
        return
    is_date = time.day[:1] == "-" or time.day[:4].isdecimal()
    limit = time.relation in ("by", "before", "from")
    if is_date:
        spell = bool(time.last_day)
        if time.clock is not None and _is_past(text, time, found):
            yield "date", time.day
            return
        yield ("deadline" if (limit or time.clock is not None) and not spell else "date"), value
    elif not time.day and time.clock is not None and not limit and (not time.exact or language != "ar"):
        return  # `at ten`, `at four bedrooms`; Arabic tells a new time of departure so
    elif not time.day and time.clock is not None and limit and not time.past:
        yield "deadline", "today " + value
    elif not time.past and not _is_past(text, time, found):
        yield "deadline", value


def _is_past(text: Text, time: PointTime, found: Mapping[str, list[Span]]) -> bool:
    """Say whether the clause in which a point stands tells of what has been."""
    first, _ = text.sentence(time.first)
    for span in found.get("past", []):
        lifted = any(span.after <= one.first < time.first for one in found.get("past.not", []))
        if first <= span.first < time.first and not _CUTS & set(text.words(span.after, time.first)) and not lifted:
            return True
    return False


_CUTS = frozenset((",", ":", "-"))


def _by_polarity(
    text: Text, type_: str, polarities: tuple[str, ...], found: Mapping[str, list[Span]]
) -> Iterator[tuple[str, Span]]:
    taken: list[Span] = []
    for polarity in polarities:
        barred = [*taken, *found.get(f"{type_}.not", []), *found.get(f"{type_}.{polarity}.not", [])]
        own = _merged(text, [span for span in found.get(f"{type_}.{polarity}", []) if not touches(barred, *span)])
        taken += own
        for span in own:
            yield polarity, span


def _merged(text: Text, spans: list[Span]) -> list[Span]:
    """Join spans that overlap or stand side by side."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.first <= out[-1].after:
            out[-1] = Span(out[-1].first, max(out[-1].after, span.after))
        else:
            out.append(span)
    return out


def _clause(text: Text, span: Span) -> tuple[int, int]:
    """Extend a phrase to the end of its clause, so that the quote says what is meant."""
    _, end = text.sentence(span.first)
    after = span.after
    while after < min(end, span.after + CLAUSE_WORDS_MOST) and text.tokens[after].word not in _CLAUSE_ENDS:
        after += 1
    return span.first, after


_CLAUSE_ENDS = frozenset((",", ".", "!", "?", ";", ":", "¶", "-", "(", ")"))


def _one_each(text: Text, type_: str, found: Mapping[str, list[Span]]) -> Iterator[tuple[str, Span]]:
    """Yield the kinds of a type, the longest phrase first where several overlap.

    A channel is told once a sentence, a state of an order once a reply.
    """
    kinds = [
        (section.removeprefix(f"{type_}."), span)
        for section, spans in found.items()
        if section.startswith(f"{type_}.") and not section.endswith("not")
        for span in spans
    ]
    taken: list[Span] = []
    said: set[tuple[str, int]] = set()
    barred = found.get(f"{type_}.not", [])
    by_length = sorted(kinds, key=lambda one: (one[1].first - one[1].after, one[1].first))
    for kind, span in by_length:
        place = (kind, 0 if type_ == "order_state" else text.sentences[span.first])
        if place in said or touches(taken, *span) or touches(barred, *span):
            continue
        if touches(found.get(f"{type_}.{kind}.not", []), *span):
            continue
        said.add(place)
        taken.append(span)
        yield kind, _widened(text, [one for one in by_length if one[0] == kind], taken, span)


def _widened(text: Text, kinds: list[tuple[str, Span]], taken: list[Span], span: Span) -> Span:
    """Widen words that tell a kind to all of its phrases in the sentence: `it is lost, they cannot say where`."""
    own = [one for _, one in kinds if text.sentences[one.first] == text.sentences[span.first]]
    whole = Span(min(one.first for one in own), max(one.after for one in own))
    return span if touches([one for one in taken if one != span], *whole) else whole


def _alone(facts: list[Fact]) -> list[Fact]:
    """Leave out facts that stand within another of the same type and value."""
    out: list[Fact] = []
    for fact in sorted(facts, key=lambda one: (one.start, -one.end)):
        if not any(
            kept.type == fact.type and kept.value == fact.value and kept.polarity == fact.polarity
            and fact.start < kept.end for kept in out
        ):  # fmt: skip
            out.append(fact)
    return out
