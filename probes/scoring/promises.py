"""Promises in a reply: what is committed to, by when, and how firmly.

A promise is a clause that commits the desk to a later act or outcome for this customer. Words decide, by sections of
the language's lexicon: [promise.commit] phrases open one, [promise.timed] ones where the sentence tells a time to come;
[promise.not] phrases in the clause close it again (policy, what the customer must do, the past), [promise.never] ones
anywhere in the sentence, as a question does unless it is but a [promise.tag] (`, ok?`). [promise.hedge] phrases make it
vague, those of [promise.hedge.sentence] from anywhere in the sentence, unless a [promise.hedge.not] phrase touches
them; [promise.time.not] phrases bar a time. A second clause of a sentence makes a promise of its own where it has a
time of its own, or a [promise.more] phrase (`then`). Where phrases are silent, a whole sentence may lean to a promise,
and where it leans away, they are not believed (learned.py).

>>> said_at = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)
>>> for promise in promises_of("I'll call you back by five this afternoon. We'll try to send it.", "en", said_at):
...     print(promise.kind, promise.due, promise.quote)
firm 2026-03-10 17:00:00+00:00 I'll call you back by five this afternoon
vague None We'll try to send it
"""

from __future__ import annotations

import bisect
import datetime
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from probes.scoring.due import BusinessHours, due_at, zone_of
from probes.scoring.grams import Grams, grams_of
from probes.scoring.learned import learned_of
from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.numbers import numbers_of
from probes.scoring.text import Text
from probes.scoring.times import PointTime, Time, in_24_hours, times_of


@dataclass(frozen=True)
class Promise:
    """A promise of a reply.

    Attributes:
        kind: firm where a due time can be worked out, else vague.
        due: when it falls due; None where vague.
        start, end: where its words stand in the reply.
        quote: its words.
    """

    kind: Literal["firm", "vague"]
    due: datetime.datetime | None
    start: int
    end: int
    quote: str


def promises_of(
    reply: str, language: str, said_at: datetime.datetime, hours: BusinessHours | None = None
) -> list[Promise]:
    """Return the promises of a reply, in the order of their words.

    Args:
        reply: what was said.
        language: en, it, ro or ar.
        said_at: when it was said; where it tells an offset alone, its zone is the language's likeliest.
        hours: the desk's hours; Monday to Friday 9 to 18 by default.
    """
    lexicon = lexicon_of(language)
    return promises_in(lexicon.read(reply), lexicon, said_at, hours)


def promises_in(
    text: Text,
    lexicon: Lexicon,
    said_at: datetime.datetime,
    hours: BusinessHours | None = None,
    found: Mapping[str, list[Span]] | None = None,
    grams: Grams | None = None,
) -> list[Promise]:
    """As `promises_of`, of a reply that is folded already, its runs known or not."""
    found = lexicon.find(text) if found is None else found
    grams = grams_of(text) if grams is None else grams
    ruled = ruled_promises(text, lexicon, said_at, hours, found)
    learned = learned_of("promises", lexicon.language)
    starts = [token.start for token in text.tokens]
    out: list[Promise] = []
    for first, after in _sentences(text):
        own = [one for one in ruled if first <= bisect.bisect_right(starts, one.start) - 1 < after]
        places = grams.of_sentence(text.sentences[first])
        leaning = learned.leaning(places)[0]
        if own and (leaning >= learned.doubted[0] or not len(places)):
            out += own
        elif not own and leaning >= learned.sure[0]:
            out += _in_sentence(text, Span(first, after), lexicon, said_at, hours, found)
    return out


def _in_sentence(
    text: Text,
    sentence: Span,
    lexicon: Lexicon,
    said_at: datetime.datetime,
    hours: BusinessHours | None,
    found: Mapping[str, list[Span]],
) -> Iterator[Promise]:
    """Yield the promise of a sentence that is one as a whole."""
    if is_no_promise(text, sentence, found):
        return
    barred = found.get("promise.time.not", [])
    times = [
        time
        for time in times_of(text, lexicon, numbers_of(text, lexicon))
        if sentence.first <= time.first < sentence.after
        and not (time.past or time.repeats or touches(barred, time.first, time.after))
    ]
    hedged = any(_hedged(found, section, sentence) for section in ("promise.hedge", "promise.hedge.sentence"))
    local = said_at.astimezone(zone_of(said_at, lexicon.language))
    promise = _promise(text, _trimmed(text, sentence), _one_time(times), local, hours, hedged)
    if promise is not None:
        yield promise


def is_no_promise(text: Text, sentence: Span, found: Mapping[str, list[Span]]) -> bool:
    """Say whether phrases say of a sentence that it promises nothing, or it asks."""
    barred = any(_within(found, section, sentence) for section in ("promise.never", "promise.not"))
    return barred or _asks(text, sentence, found)


def ruled_promises(
    text: Text,
    lexicon: Lexicon,
    said_at: datetime.datetime,
    hours: BusinessHours | None = None,
    found: Mapping[str, list[Span]] | None = None,
) -> list[Promise]:
    """Return the promises that phrases alone tell."""
    found = lexicon.find(text) if found is None else found
    local = said_at.astimezone(zone_of(said_at, lexicon.language))
    times = times_of(text, lexicon, numbers_of(text, lexicon))
    out: list[Promise] = []
    for clause, due_times in _clauses(text, times, found):
        sentence = Span(*text.sentence(clause.first))
        hedged = _hedged(found, "promise.hedge", clause) or _hedged(found, "promise.hedge.sentence", sentence)
        promise = _promise(text, clause, due_times, local, hours, hedged)
        if promise is not None:
            out.append(promise)
    return out


def _promise(
    text: Text,
    clause: Span,
    times: list[Time],
    said_at: datetime.datetime,
    hours: BusinessHours | None,
    hedged: bool,
) -> Promise | None:
    start, end = text.tokens[clause.first].start, text.tokens[clause.after - 1].end
    quote = text.original[start:end]
    dues = [due for time in times if (due := due_at(time, said_at, hours)) is not None and due >= said_at]
    if not dues or hedged:
        return Promise("vague", None, start, end, quote)
    return Promise("firm", max(dues) if _together(times) else dues[0], start, end, quote)


def _together(times: list[Time]) -> bool:
    """Say whether the times of a clause narrow each other down rather than follow each other."""
    return len(times) > 1 and all(isinstance(time, PointTime) for time in times)


def _hedged(found: Mapping[str, list[Span]], section: str, clause: Span) -> bool:
    """Say whether a hedge stands in a clause; [promise.hedge.not] phrases that touch it lift it: to tell whether."""
    lifted = found.get("promise.hedge.not", [])
    return any(
        clause.first <= span.first < clause.after and not touches(lifted, *span) for span in found.get(section, [])
    )


def _within(found: Mapping[str, list[Span]], section: str, clause: Span) -> bool:
    return any(clause.first <= span.first < clause.after for span in found.get(section, []))


@dataclass(frozen=True)
class _Told:
    """A clause that commits to something: its times, and whether they stand in it."""

    clause: Span
    times: list[Time]
    own: bool


def _clauses(text: Text, times: list[Time], found: Mapping[str, list[Span]]) -> Iterator[tuple[Span, list[Time]]]:
    """Yield the clauses that commit to something, and the times that belong to each."""
    times = [time for time in times if not touches(found.get("promise.time.not", []), time.first, time.after)]
    for first, after in _sentences(text):
        sentence = Span(first, after)
        if _within(found, "promise.never", sentence) or _asks(text, sentence, found):
            continue
        cuts = _cuts(text, sentence, found)
        inside = [time for time in times if first <= time.first < after]
        commits = [span.after - 1 for span in found.get("promise.commit", [])]
        if any(not time.past and not time.repeats for time in inside):
            commits += [span.after - 1 for span in found.get("promise.timed", [])]
        chosen = [
            clause
            for clause in cuts
            if any(clause.first <= verb < clause.after for verb in commits)
            and not _within(found, "promise.not", clause)
        ]
        told = list(_with_times(chosen, cuts, inside, found))
        timed = any(one.own for one in told)
        for one in told:
            if one.own or not timed or _within(found, "promise.more", one.clause):
                yield one.clause, _one_time(one.times)


def _with_times(
    chosen: list[Span], cuts: list[Span], times: list[Time], found: Mapping[str, list[Span]]
) -> Iterator[_Told]:
    """Give each clause that commits the times in it, else those of clauses beside it that commit to nothing.

    A clause that commits again without a time of its own says the same promise once more, unless `then` leads it.
    """
    for number, clause in enumerate(chosen):
        own = [time for time in times if time.first < clause.after and clause.first < time.after]
        if len(chosen) == 1:
            beside = times
        else:
            until = chosen[number + 1].first if number + 1 < len(chosen) else cuts[-1].after
            since = clause.first if number else cuts[0].first
            beside = [time for time in times if since <= time.first < until and _free(time, cuts, chosen, clause)]
        if number and own and _repeats(own, chosen[number - 1], times):
            continue
        if own or number == 0 or _within(found, "promise.more", clause):
            near = [time for time in beside if _completes(time, own)] if own else beside
            yield _Told(clause, sorted([*own, *near], key=lambda time: time.first), bool(own))


def _repeats(own: list[Time], before: Span, times: list[Time]) -> bool:
    """Say whether a clause has but a part of the day for the day of the clause before: the same promise, closer."""
    day = any(isinstance(time, PointTime) and time.day and before.first <= time.first < before.after for time in times)
    return day and all(isinstance(time, PointTime) and not time.day and time.clock is None for time in own)


def _completes(time: Time, own: list[Time]) -> bool:
    """Say whether a time beside a clause tells what its own lacks: the clock to a day, the day to a clock."""
    mine = own[0]
    if len(own) != 1 or not isinstance(time, PointTime) or not isinstance(mine, PointTime) or time == mine:
        return False
    return (_is_day(time) and _is_clock(mine)) or (_is_clock(time) and _is_day(mine))


def _is_day(point: PointTime) -> bool:
    return bool(point.day) and point.clock is None


def _is_clock(point: PointTime) -> bool:
    return not point.day and (point.clock is not None or bool(point.part))


def _one_time(times: list[Time]) -> list[Time]:
    """Read a day and a clock that are told apart as one time: on Monday the mason is there, at eight."""
    points = [time for time in times if isinstance(time, PointTime)]
    days, clocks = [one for one in points if _is_day(one)], [one for one in points if _is_clock(one)]
    if len(points) != len(times) or len(days) != 1 or len(clocks) != 1 or len(times) != 2:
        return times
    day, clock = days[0], clocks[0]
    if day.part and clock.part:
        return times
    joined = replace(
        day,
        part=clock.part or day.part,
        clock=clock.clock,
        until=clock.until,
        exact=clock.exact,
        relation=clock.relation,
        first=min(day.first, clock.first),
        after=max(day.after, clock.after),
    )
    return [in_24_hours(joined)]


def _free(time: Time, cuts: list[Span], chosen: list[Span], clause: Span) -> bool:
    """Say whether a time stands in clauses that promise nothing, with none that does between it and this one."""
    own = cuts.index(clause)
    places = [i for i, cut in enumerate(cuts) if cut.first < time.after and time.first < cut.after]
    between = {i for place in places for i in range(min(place, own), max(place, own) + 1)} - {own}
    return bool(places) and not any(cuts[i] in chosen for i in between)


def _sentences(text: Text) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text.tokens):
        first, after = text.sentence(at)
        yield first, after
        at = after


def _asks(text: Text, sentence: Span, found: Mapping[str, list[Span]]) -> bool:
    """Say whether a sentence is a question; a tag at its end (`, ok?`) makes it none."""
    marks = [i for i in range(sentence.first, sentence.after) if text.tokens[i].word == "?"]
    tags = {span.after for span in found.get("promise.tag", []) if text.words(span.first - 1, span.first) == [","]}
    return any(mark not in tags for mark in marks)


def _cuts(text: Text, sentence: Span, found: Mapping[str, list[Span]]) -> list[Span]:
    """Split a sentence at commas, colons and the language's [clause.cut] words."""
    places = {span.first for span in found.get("clause.cut", []) if sentence.first < span.first < sentence.after}
    places |= {
        i + 1
        for i in range(sentence.first, sentence.after - 1)
        if text.tokens[i].word in (",", ":", "-", "(", ")") and not _hyphenates(text, i)
    }
    edges = [sentence.first, *sorted(places), sentence.after]
    cuts = [Span(first, after) for first, after in itertools.pairwise(edges) if after > first]
    return [_trimmed(text, cut) for cut in cuts]


def _hyphenates(text: Text, i: int) -> bool:
    tokens = text.tokens
    touches = tokens[i - 1].end == tokens[i].start or tokens[i + 1].start == tokens[i].end
    return tokens[i].word == "-" and touches


def _trimmed(text: Text, clause: Span) -> Span:
    """Leave out the signs at the end of a clause."""
    after = clause.after
    while after > clause.first + 1 and not text.tokens[after - 1].word[0].isalnum():
        after -= 1
    return Span(clause.first, after)
