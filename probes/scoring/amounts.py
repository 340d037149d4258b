"""Money and percentages in a reply.

>>> from probes.scoring.lexicon import lexicon_of
>>> english = lexicon_of("en")
>>> reply = "£9.99 a month, nine pounds fifty extra, less ten per cent; delivery is free"
>>> [(a.kind, a.value, a.currency) for a in amounts_of(english.read(reply), english)]
[('money', 9.99, 'GBP'), ('money', 9.5, 'GBP'), ('percentage', 10, None), ('money', 0, None)]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.numbers import Number, numbers_of
from probes.scoring.text import Text, fold

THREE_DECIMALS = ("KWD", "BHD", "JOD", "OMR", "TND", "IQD")


@dataclass(frozen=True)
class Amount:
    """An amount of money, or a percentage; `currency` None: not stated."""

    kind: Literal["money", "percentage"]
    value: float
    currency: str | None
    first: int
    after: int


def amounts_of(
    text: Text,
    lexicon: Lexicon,
    numbers: list[Number] | None = None,
    found: Mapping[str, list[Span]] | None = None,
) -> list[Amount]:
    """Return the amounts and percentages of a reply in order; what costs nothing is an amount of 0."""
    numbers = numbers_of(text, lexicon) if numbers is None else numbers
    found = lexicon.find(text) if found is None else found
    out: list[Amount] = []
    taken: set[int] = set()
    starts = {number.first: number for number in numbers}
    for number in numbers:
        if number.first in taken:
            continue
        amount = _money(text, number, starts, lexicon, taken, found) or _percentage(text, number, lexicon)
        if amount is not None and _is_nothing(amount, found):
            continue
        if amount is not None and not touches(found.get("money.not", []), amount.first, amount.after):
            out.append(amount)
            taken |= set(range(amount.first, amount.after))
    out += _in_parts(text, taken, lexicon)
    out += _ranged(text, numbers, out, taken)
    out += _bare(text, numbers, out, taken, found, lexicon)
    for span in found.get("money.free", []):
        if not touches(found.get("money.free.not", []), *span) and not any(
            amount.first < span.after and span.first < amount.after for amount in out
        ):
            out.append(Amount("money", 0, None, span.first, span.after))
    return sorted(_told_elsewhere(text, out, lexicon), key=lambda amount: amount.first)


def _is_nothing(amount: Amount, found: Mapping[str, list[Span]]) -> bool:
    """Say whether an amount is part of words for nothing: `not a penny`."""
    free = found.get("money.free", [])
    small = amount.kind == "money" and 0 < amount.value <= 1
    return small and any(span.first <= amount.first and amount.after <= span.after for span in free)


@cache
def _currencies(language: str) -> dict[tuple[str, ...], tuple[str, float]]:
    """Return what words mean which currency, and what one of them is worth (pence: 0.01)."""
    out: dict[tuple[str, ...], tuple[str, float]] = {}
    for words, told in lexicon_of(language).pairs("currency"):
        code, *more = told.split()
        out[tuple(words.split())] = (code, float(more[0]) if more else 1.0)
    return out


@cache
def _fractions(language: str) -> dict[tuple[str, ...], float]:
    """Return shares told as fractions: [percent.parts] pairs such as `half of = 50`."""
    return {tuple(words.split()): float(told) for words, told in lexicon_of(language).pairs("percent.parts")}


@cache
def _uncertain(language: str) -> frozenset[tuple[str, ...]]:
    """Return the words that several countries call their money by."""
    pairs = lexicon_of(language).pairs("currency")
    return frozenset(tuple(words.split()) for words, told in pairs if told.endswith(" any"))


def _told_elsewhere(text: Text, amounts: list[Amount], lexicon: Lexicon) -> list[Amount]:
    """Give amounts whose money word is shared by countries the currency that the reply names in full elsewhere."""
    unsure = {words for words in _uncertain(lexicon.language) if len(words) == 1}
    if not unsure:
        return amounts
    codes = {
        code
        for code in (amount.currency for amount in amounts)
        if code is not None and any(_certain(text, amount, code, lexicon) for amount in amounts)
    }
    if len(codes) != 1:
        return amounts
    family = {told[0] for words, told in _currencies(lexicon.language).items() if words in unsure}
    return [
        replace(amount, currency=next(iter(codes)))
        if amount.currency in family and not _certain(text, amount, amount.currency, lexicon)
        else amount
        for amount in amounts
    ]


def _certain(text: Text, amount: Amount, code: str, lexicon: Lexicon) -> bool:
    if amount.currency != code:
        return False
    unsure = _uncertain(lexicon.language)
    for i in range(amount.first, amount.after):
        told = _currency_at(text, i, lexicon)
        if told is not None and told[0] == code:
            return tuple(text.words(i, i + told[2])) not in unsure
    return False


def _currency_at(text: Text, i: int, lexicon: Lexicon) -> tuple[str, float, int] | None:
    """Return the currency whose words begin at a token: its code, worth and how many words."""
    known = _currencies(lexicon.language)
    for length in (3, 2, 1):
        words = tuple(text.words(i, i + length)) if 0 <= i <= len(text.tokens) - length else ()
        if words and words in known:
            code, worth = known[words]
            if code == "JOD" and length == 3 and "إ" in text.quote(i, i + length):
                code = "AED"  # folded, the short forms of both dirhams and dinars are one
            return code, worth, length
    return None


def _currency_before(text: Text, i: int, lexicon: Lexicon) -> tuple[str, float, int] | None:
    for length in (3, 2, 1):
        told = _currency_at(text, i - length, lexicon)
        if told is not None and told[2] == length:
            return told
    return None


def _money(
    text: Text,
    number: Number,
    starts: Mapping[int, Number],
    lexicon: Lexicon,
    taken: set[int],
    found: Mapping[str, list[Span]],
) -> Amount | None:
    """Read an amount around a number: a currency after it, or before it."""
    value, first, after = number.value, number.first, number.after
    words = text.tokens
    if number.figures and words[first].word.isdecimal() and len(words[first].word) <= 3:
        value, after = _in_threes(text, value, after)
    if after < len(words) and words[after].word in ("k", "m") and words[after].start == words[after - 1].end:
        value *= 1000 if words[after].word == "k" else 1_000_000
        after += 1
    elif not number.figures and (nine := _price_in_two(text, number, starts, lexicon, found)) is not None:
        return nine
    if lexicon.language == "it" and after < len(words) and words[after].word == "e" and _touch(text, after):
        return Amount("money", value, "EUR", first, after + 1)
    at = after
    while at < len(words) and words[at].word in _BETWEEN:
        at += 1
    told = _currency_at(text, at, lexicon)
    if told is not None and _leads_another(text, at, starts):
        told = None
    if told is not None and (at == after or lexicon.language != "en"):
        code, worth, length = told
        end = at + length
        value = _decimals(text, number, value, code, lexicon)
        half = _half_behind(text, end, lexicon)
        if half is not None and worth == 1:
            return Amount("money", round(value + half[0], 3), code, first, half[1])
        small = _small(text, end, starts, lexicon)
        if small is not None and worth == 1:
            return Amount("money", round(value + small[0], 3), code, first, small[1])
        return Amount("money", round(value * worth, 3), code, first, end)
    told = _currency_before(text, first, lexicon)
    if told is not None and first - 1 not in taken:
        return Amount("money", _decimals(text, number, value, told[0], lexicon), told[0], first - told[2], after)
    return None


def _in_threes(text: Text, value: float, after: int) -> tuple[float, int]:
    """Read 1 895 as one number, where a currency stands beside it."""
    while after < len(text.tokens):
        token = text.tokens[after]
        if not re.fullmatch(r"\d{3}(?:[.,]\d\d)?", token.word) or token.start != text.tokens[after - 1].end + 1:
            break
        value = value * 1000 + float(token.word.replace(",", "."))
        after += 1
    return value, after


def _leads_another(text: Text, i: int, starts: Mapping[int, Number]) -> bool:
    """Say whether a currency sign touches the number behind it, and not the one before: `2 £1000`."""
    return i + 1 in starts and _touch(text, i + 1) and not _touch(text, i)


def _touch(text: Text, i: int) -> bool:
    return text.tokens[i].start == text.tokens[i - 1].end


_BETWEEN = ("de", ".", "-", "di")


def _decimals(text: Text, number: Number, value: float, code: str, lexicon: Lexicon) -> float:
    """Read 1.250 of a currency with three decimals as one and a quarter."""
    word = text.tokens[number.first].word
    if code in THREE_DECIMALS and number.figures and word.count(".") == 1 and "," not in word:
        whole, part = word.split(".")
        if len(part) == 3 and len(whole) <= 3:
            return float(f"{whole}.{part}")
    return value


def _small(text: Text, i: int, starts: Mapping[int, Number], lexicon: Lexicon) -> tuple[float, int] | None:
    """Read the cents after a currency: `thirty-six euro and fifteen`, `two pounds 50`."""
    joined = False
    if i < len(text.tokens) and text.tokens[i].word in ("and", "e", "si", "و"):
        i, joined = i + 1, True
    number = starts.get(i)
    if number is None:
        return None
    told = _currency_at(text, number.after, lexicon)
    if told is not None:
        return (number.value * told[1], number.after + told[2]) if told[1] < 1 and number.value * told[1] < 1 else None
    if not (10 <= number.value < 100 or (joined and number.value < 100)):
        return None
    if number.figures and joined:  # 14 euro e 20, but not: e 20 punti
        behind = text.tokens[number.after].word if number.after < len(text.tokens) else "."
        if number.value < 10 or (behind[0].isalnum() and behind not in lexicon.stop):
            return None
    return number.value / 100, number.after


AND = ("e", "and", "si", "و")


def _half_behind(text: Text, i: int, lexicon: Lexicon) -> tuple[float, int] | None:
    """Read a half joined to a currency: `due euro e mezzo`, `doi lei jumate`."""
    known = {word: float(told[1:]) for word, told in lexicon.pairs("number") if told[0] == "h"}
    grown = {f"و{word}": share for word, share in known.items()} if lexicon.language == "ar" else {}
    joined = i < len(text.tokens) and text.tokens[i].word in AND
    at = i + joined
    word = text.tokens[at].word if at < len(text.tokens) else ""
    share = known.get(word) if joined or lexicon.language == "ro" else grown.get(word)
    behind = text.tokens[at + 1].word if at + 1 < len(text.tokens) else "."
    if share is None or (behind[0].isalnum() and behind not in lexicon.stop):
        return None
    return share, at + 1


CLOCK_BEFORE = frozenset(("alle", "le", "delle", "dalle", "ore", "la", "ora", "orele", "at"))


def _price_in_two(
    text: Text, pounds: Number, starts: Mapping[int, Number], lexicon: Lexicon, found: Mapping[str, list[Span]]
) -> Amount | None:
    """Read `nine ninety-nine` where the reply names a currency, or words around it say that it is a price."""
    at = pounds.after
    joined = at < len(text.tokens) and text.tokens[at].word in AND
    pence = starts.get(at + joined)
    if pence is None or pence.figures or not 10 <= pence.value < 100 or pounds.value >= 1000:
        return None
    if pounds.first and text.tokens[pounds.first - 1].word in CLOCK_BEFORE:
        return None
    if not joined and text.words(pounds.first, at) in (["un"], ["una"], ["o"]):
        return None  # una cinquantina di euro
    after = pence.after
    told = _currency_at(text, after, lexicon)
    value = pounds.value + pence.value / 100
    if told is not None:
        return Amount("money", value, told[0], pounds.first, after + told[2])
    named = next((one for i in range(len(text.tokens)) if (one := _currency_at(text, i, lexicon)) is not None), None)
    if named is not None and not joined:
        return Amount("money", value, named[0], pounds.first, after)
    led = any(span.after == pounds.first for span in found.get("money.lead", []))
    trailed = any(span.first == after for span in found.get("money.trail", []))
    if joined and (led or trailed):
        return Amount("money", value, named[0] if named else None, pounds.first, after)
    return None


def _percentage(text: Text, number: Number, lexicon: Lexicon) -> Amount | None:
    spans = [("%",), *(tuple(fold(phrase).split()) for phrase in lexicon.sections.get("percent.words", []))]
    for words in spans:
        if tuple(text.words(number.after, number.after + len(words))) == words:
            return Amount("percentage", number.value, None, number.first, number.after + len(words))
        if words == ("%",) and number.first and text.tokens[number.first - 1].word == "%":
            return Amount("percentage", number.value, None, number.first - 1, number.after)
    return None


def _in_parts(text: Text, taken: set[int], lexicon: Lexicon) -> list[Amount]:
    """Read fractions whose words are no numbers: half of it."""
    out: list[Amount] = []
    for words, value in _fractions(lexicon.language).items():
        for i in range(len(text.tokens) - len(words) + 1):
            if i not in taken and tuple(text.words(i, i + len(words))) == words:
                out.append(Amount("percentage", value, None, i, i + len(words)))
                taken |= set(range(i, i + len(words)))
    return out


_PLAIN_JOINS = frozenset("- / to and or a e ed o la si sau pana و الي ل او".split())  # noqa: SIM905, as people read it
_JOINS = _PLAIN_JOINS | frozenset("the ai al alle agli i gli le il حتي لحد لين لغايه".split())  # noqa: SIM905
"""Words that may stand between the numbers of a range, in any language; articles only behind `from`, `between`."""

_RANGE_LEADS = frozenset("from between dal dai dall dalle tra fra de intre من بين".split())  # noqa: SIM905, as people read it


def _is_range(text: Text, first: int, after: int, amount: Amount) -> bool:
    """Say whether a number joined to an amount begins a range with it; `and` alone joins amounts of money only."""
    joins = text.words(after, amount.first)
    if "-" in joins or (first and text.tokens[first - 1].word in _RANGE_LEADS):
        return True
    return amount.kind == "money" and set(joins) <= _PLAIN_JOINS


def _ranged(text: Text, numbers: list[Number], amounts: list[Amount], taken: set[int]) -> list[Amount]:
    """Give the first number of a range what the second is of: 450 to 480 euros, from 4 to 4.8 per cent."""
    by_after = {number.after: number for number in numbers}
    out: list[Amount] = []
    for amount in amounts:
        if (amount.kind == "money" and amount.currency is None) or amount.first == 0:
            continue
        at = amount.first
        words = 0
        while at > 0 and words < 2 and text.tokens[at - 1].word in _JOINS:
            at, words = at - 1, words + 1
        number = by_after.get(at)
        if number is not None and not _is_range(text, number.first, at, amount):
            continue
        if words and number is not None and number.first not in taken and number.value <= amount.value * 50:
            out.append(Amount(amount.kind, number.value, amount.currency, number.first, number.after))
            taken |= set(range(number.first, number.after))
    return out


def _bare(
    text: Text,
    numbers: list[Number],
    amounts: list[Amount],
    taken: set[int],
    found: Mapping[str, list[Span]],
    lexicon: Lexicon,
) -> list[Amount]:
    """Read numbers without a currency as money where the words around say so (`less the excess of 250`)."""
    money = [amount for amount in amounts if amount.kind == "money" and amount.currency]
    out: list[Amount] = []
    leads = {span.after for span in found.get("money.lead", [])}
    cents = {span.after for span in found.get("money.lead_decimal", [])}
    trails = {span.first for span in found.get("money.trail", [])}
    for number in numbers:
        word = text.tokens[number.first].word
        if number.first in taken or touches(found.get("money.lead.not", []), number.first, number.after):
            continue
        near = min(money, key=lambda amount: abs(amount.first - number.first), default=None)
        decimal = number.first in cents and number.figures and re.fullmatch(r"[\d.]+,\d\d|[\d,]+\.\d\d", word)
        large = (
            near is not None
            and near.value >= 1000
            and number.figures
            and re.fullmatch(r"\d{1,3}[.,]\d{3}", word)
            and text.sentences[near.first] == text.sentences[number.first]
        )
        if number.first in leads or number.after in trails or decimal or large:
            value = (
                number.value if near is None else _decimals(text, number, number.value, near.currency or "", lexicon)
            )
            out.append(Amount("money", value, near.currency if near else None, number.first, number.after))
    return out
