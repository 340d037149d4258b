"""Addresses in a reply: web pages, mailboxes and telephone numbers, as written or as spoken.

>>> from probes.scoring.lexicon import lexicon_of
>>> english = lexicon_of("en")
>>> reply = "Ring 0800 157 0142, or write to help at brightwave dot co dot uk, see www.Brightwave.co.uk/Help/."
>>> [(r.kind, r.value) for r in reaches_of(english.read(reply), english)]
[('phone', '08001570142'), ('email', 'help@brightwave.co.uk'), ('url', 'brightwave.co.uk/help')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import phonenumbers

from probes.scoring.lexicon import Lexicon, Span
from probes.scoring.numbers import Number, numbers_of
from probes.scoring.text import Text
from probes.scoring.time_tags import date_in_figures

DIGITS_LEAST, DIGITS_MOST = 7, 15
SHORT_LEAST = 3


class Reach(NamedTuple):
    """An address: a url without scheme, www and closing slash, an email, or a phone in E.164 or digits."""

    kind: Literal["url", "email", "phone"]
    value: str
    first: int
    after: int


def reaches_of(
    text: Text,
    lexicon: Lexicon,
    numbers: list[Number] | None = None,
    found: Mapping[str, list[Span]] | None = None,
) -> list[Reach]:
    """Return the addresses of a reply in order."""
    found = lexicon.find(text) if found is None else found
    numbers = numbers_of(text, lexicon) if numbers is None else numbers
    out = [*_written(text), *_spoken(text, found)]
    out += [
        phone
        for phone in _phones(text, numbers, found)
        if not any(one.first < phone.after and phone.first < one.after for one in out)
    ]
    return sorted(out, key=lambda reach: reach.first)


def plain_url(url: str) -> str:
    """Return a url as it is compared: without scheme, www, case and closing slash."""
    return re.sub(r"^(https?://)?(www\.)?", "", url.strip().lower()).rstrip("/")


def _written(text: Text) -> Iterator[Reach]:
    for i, token in enumerate(text.tokens):
        word = token.word
        if "@" in word and "." in word and len(word) > 5:
            yield Reach("email", word, i, i + 1)
        elif _URL.match(word) and not _ABBREVIATION.fullmatch(word):
            yield Reach("url", plain_url(text.original[token.start : token.end]), i, i + 1)


_URL = re.compile(r"https?://|www\.|[a-z0-9][a-z0-9.-]*\.[a-z]{2,10}([/?#].*)?$")
_ABBREVIATION = re.compile(r"[a-z]{1,3}\.[a-z]{1,2}")


def _spoken(text: Text, found: Mapping[str, list[Span]]) -> Iterator[Reach]:
    """Read `info at brightwave dot com` and `brightwave dot co dot uk slash help`."""
    dots = {span.first: span for span in found.get("spoken.dot", [])}
    ats = {span.first: span for span in found.get("spoken.at", [])}
    slashes = {span.first: span for span in found.get("spoken.slash", [])}
    signs = {**dict.fromkeys(dots, "."), **dict.fromkeys(ats, "@"), **dict.fromkeys(slashes, "/")}
    i = 1
    while i < len(text.tokens):
        if signs.get(i) not in (".", "@") or not text.tokens[i - 1].word[0].isalnum():
            i += 1
            continue
        first, out, at = _name_before(text, i)
        while at in signs and at + 1 < len(text.tokens) and _sayable(text.tokens[at + 1].word, signs[at]):
            word, after = _whole_word(text, at + 1)
            out += signs[at] + word
            at = after
            if (
                "@" in out
                and "." not in out
                and at < len(text.tokens)
                and at not in signs
                and signs.get(at + 1) == "."
                and text.tokens[at].word.isalpha()
            ):
                out += text.tokens[at].word  # an address of two words: help at cobalt gym dot example
                at += 1
        if "." in out and (out.count("@") == 1 or ("@" not in out)):
            yield Reach("email" if "@" in out else "url", out, first, at)
        i = max(at, i + 1)


def _name_before(text: Text, i: int) -> tuple[int, str, int]:
    """Return the word before a spoken sign, with what a hyphen joins to it."""
    first, out = i - 1, text.tokens[i - 1].word
    while first >= 2 and text.tokens[first - 1].word == "-" and text.tokens[first - 1].end == text.tokens[first].start:
        first, out = first - 2, text.tokens[first - 2].word + "-" + out
    return first, out, i


def _whole_word(text: Text, i: int) -> tuple[str, int]:
    """Return a word with what hyphens join to it, and where it ends."""
    out, at = text.tokens[i].word, i + 1
    while (
        at + 1 < len(text.tokens) and text.tokens[at].word == "-" and text.tokens[at].start == text.tokens[at - 1].end
    ):
        out, at = out + "-" + text.tokens[at + 1].word, at + 2
    return out, at


def _sayable(word: str, sign: str) -> bool:
    """Say whether a word can follow a spoken sign: letters after `at`, letters or figures after `dot`."""
    return word.isalpha() if sign == "@" else word[0].isalnum() and "." not in word


def _phones(text: Text, numbers: list[Number], found: Mapping[str, list[Span]]) -> Iterator[Reach]:
    """Read runs of figures (or of digits spoken one by one) as numbers to ring."""
    calls = found.get("phone.lead", [])
    barred = found.get("phone.not", [])
    i = 0
    while i < len(text.tokens):
        run = _run(text, i) or _digits_spoken(text, i, numbers, found)
        if run is None:
            i += 1
            continue
        first, after, digits, plus = run
        led = any(0 <= first - span.after <= 5 and _same(text, span.first, first) for span in calls)
        alone = first == 0 and all(not token.word[0].isalnum() for token in text.tokens[after:])
        whole = DIGITS_LEAST <= len(digits) <= DIGITS_MOST and (
            plus or led or alone or _looks_dialled(text, first, after, digits)
        )
        one_by_one = not text.tokens[first].word[0].isdigit()
        right_behind = any(span.after == first for span in calls)
        led_closely = any(0 <= first - span.after <= 2 and _same(text, span.first, first) for span in calls)
        short = (
            led_closely
            and SHORT_LEAST <= len(digits) < DIGITS_LEAST
            and (after - first == 1 or one_by_one or right_behind)
        )
        if _is_date(text, first, plus) or _is_file_number(
            text, first, after, plus, any(span.after == first for span in calls)
        ):
            i = after
            continue
        refused = any(span.first < after and first - 3 <= span.first < after for span in barred) and not plus
        if (whole or short) and not refused:
            yield Reach("phone", _number(digits, plus), first, after)
        i = after


def _same(text: Text, one: int, other: int) -> bool:
    return text.sentences[one] == text.sentences[other]


_JOINS = frozenset(("-", "/", "(", ")", "."))


def _run(text: Text, i: int) -> tuple[int, int, str, bool] | None:
    """Return a run of figures from a token on: its tokens, digits, and whether a `+` led it."""
    plus = text.tokens[i].word == "+"
    at = i + 1 if plus else i
    if not plus and text.tokens[i].word == "(" and i + 1 < len(text.tokens):
        at = i + 1
    digits, after = "", at
    while at < len(text.tokens):
        word = text.tokens[at].word
        if word.isdecimal() or re.fullmatch(r"\d+(\.\d+){2,}", word):
            digits += word.replace(".", "")
            after = at + 1
        elif not (word in _JOINS and digits and at == after):
            break
        at += 1
    last = after - 1
    if (
        after - i > 2
        and len(text.tokens[last].word) == 1
        and after < len(text.tokens)
        and text.tokens[after].word.isalpha()
    ):
        digits, after = digits[:-1], last  # chat for `to` or `for`
    return (i, after, digits, plus) if digits else None


def _is_date(text: Text, first: int, plus: bool) -> bool:
    return not plus and text.tokens[first].word[0].isdigit() and date_in_figures(text, first) is not None


def _is_file_number(text: Text, first: int, after: int, plus: bool, led_in: bool) -> bool:
    """Say whether letters touch a run of figures, as in HX/2026/00418 or 8GB, or it is a year alone."""
    if plus:
        return False
    tokens = text.tokens
    before = tokens[first - 1] if first else None
    behind = tokens[after] if after < len(tokens) else None
    touched = (
        before is not None and before.end == tokens[first].start and (before.word.isalpha() or before.word in "/_#")
    )
    led = before is not None and before.word == "-" and first > 1 and tokens[first - 2].end == before.start
    trailed = behind is not None and behind.start == tokens[after - 1].end and behind.word.isalpha()
    year = after - first == 1 and bool(re.fullmatch(r"(?:19|20)\d\d", tokens[first].word)) and not led_in
    return touched or trailed or (led and tokens[first - 2].word.isalpha()) or year


def _digits_spoken(
    text: Text, i: int, numbers: list[Number], found: Mapping[str, list[Span]]
) -> tuple[int, int, str, bool] | None:
    """Read digits that are spoken one by one, `double nine` and `triple five` among them."""
    by_first = {number.first: number for number in numbers if not number.figures}
    times = {span.first: 2 for span in found.get("spoken.double", [])}
    times |= {span.first: 3 for span in found.get("spoken.triple", [])}
    digits, at = "", i
    while True:
        repeated = times.get(at, 1)
        number = by_first.get(at + (repeated > 1))
        if number is None or number.value >= 1000 or (repeated > 1 and number.value > 9):
            break
        digits += f"{number.value:g}" * repeated
        at = number.after
        while at < len(text.tokens) and text.tokens[at].word in (",", "-"):
            at += 1
    led = any(0 <= i - span.after <= 5 for span in found.get("phone.lead", []))
    dialled = digits[:1] in ("0", "3") and len(digits) >= DIGITS_LEAST
    return (i, at, digits, False) if dialled or (led and at - i >= SHORT_LEAST) else None


def _looks_dialled(text: Text, first: int, after: int, digits: str) -> bool:
    return digits[0] == "0" or after - first > 1


def _number(digits: str, plus: bool) -> str:
    if plus or digits.startswith("00"):
        written = "+" + digits.removeprefix("00") if not plus else "+" + digits
        try:
            parsed = phonenumbers.parse(written)
        except phonenumbers.NumberParseException:
            return written
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return digits
