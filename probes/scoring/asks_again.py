"""Asking again for what was told already: what an agent asks for, held against what the customer gave before.

The lexicon names things that are asked for: [ask.SLOT] phrases ask for it, [given.SLOT] phrases give it. Numbers,
addresses and dates are seen without phrases. `ask.echo` asks by a word that the customer may have said with its value,
`ask.story` for the whole problem, `ask.tried` whether something was tried; [asks_again.not] phrases confirm rather than
ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from probes.scoring.lexicon import Lexicon, Span, touches
from probes.scoring.numbers import numbers_of
from probes.scoring.reach import reaches_of
from probes.scoring.text import Text
from probes.scoring.times import PointTime, times_of

STORY_WORDS = 6
"""So many words of the customer, greetings apart, tell what it is about."""


ALIKE = 5
"""Words that begin with so many letters alike are one word."""


def asked_again(
    lexicon: Lexicon,
    text: Text,
    found: Mapping[str, list[Span]],
    before: list[tuple[Literal["customer", "agent", "bot"], Text]],
    customer: Mapping[str, list[Span]],
) -> Iterator[Span]:
    """Yield the phrases that ask for something the customer gave before.

    Args:
        lexicon: of the language.
        text, found: the turn that is judged, and the phrases in it.
        before: the turns before, folded.
        customer: the phrases in what the customer said before.
    """
    asked = [
        (section.removeprefix("ask."), span)
        for section, spans in found.items()
        if section.startswith("ask.")
        for span in spans
        if not touches(found.get("asks_again.not", []), *span)
        and not any(
            text.sentences[one.first] == text.sentences[span.first] for one in found.get("asks_again.unless", [])
        )
    ]
    if not asked:
        return
    told = [turn for who, turn in before if who == "customer"]
    for slot, span in asked:
        if slot == "echo":
            if any(_echoes(text, span, turn) for turn in told):
                yield span
            continue
        if customer.get(f"given.{slot}") or any(_gives(lexicon, turn, slot) for turn in told):
            yield span


LOOSE = ("echo", "story", "tried")


def asks_for_new(found: Mapping[str, list[Span]]) -> bool:
    """Say whether a turn in which nothing is asked again asks for a thing that is known by its name: then it is new."""
    return any(section.startswith("ask.") and section.split(".")[1] not in LOOSE for section in found)


def _echoes(text: Text, span: Span, turn: Text) -> bool:
    """Say whether a word that is asked for was said by the customer in front of a number or a name."""
    wanted = {_root(word) for word in text.words(*span) if len(word) >= ALIKE - 1}
    for i, token in enumerate(turn.tokens[:-1]):
        if len(token.word) >= ALIKE - 1 and _root(token.word) in wanted:
            behind = turn.tokens[i + 1 : i + 7]
            near = [one for one in behind if one.word[0].isdigit() or (one.word.isalnum() and len(one.word) > 2)][:3]
            if any(one.word[0].isdigit() or turn.original[one.start].isupper() for one in near):
                return True
    return False


def _root(word: str) -> str:
    """Return the beginning of a word; of an Arabic one without what is grown on to it in front."""
    if "\u0600" <= word[0] <= "\u06ff":
        return re.sub("^[وف]?(?:ال|لل|بال)?", "", word)[: ALIKE - 1]
    return word[:ALIKE]


def _gives(lexicon: Lexicon, turn: Text, slot: str) -> bool:
    """Say whether a turn of the customer holds a value of a slot."""
    match slot:
        case "number":
            return any(re.search(r"\d{3,}", token.word) for token in turn.tokens)
        case "phone" | "email":
            return any(reach.kind == slot for reach in reaches_of(turn, lexicon, numbers_of(turn, lexicon)))
        case "date":
            times = times_of(turn, lexicon)
            return any(isinstance(time, PointTime) and time.day for time in times)
        case "amount":
            return any(token.word[0].isdigit() for token in turn.tokens)
        case "story":
            return sum(token.word[0].isalpha() for token in turn.tokens) >= STORY_WORDS
        case _:
            return False
