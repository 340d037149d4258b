"""Numbers in a reply: figures as each language writes them, and number words.

>>> from probes.scoring.lexicon import lexicon_of
>>> [n.value for n in numbers_of(lexicon_of("en").read("two hundred and fifty, or 1,480.50"), lexicon_of("en"))]
[250, 1480.5]
>>> italian = lexicon_of("it")
>>> [n.value for n in numbers_of(italian.read("trentasei euro, 1.480,50 o duecentocinquanta"), italian)]
[36, 1480.5, 250]
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from probes.scoring.lexicon import Lexicon, lexicon_of
from probes.scoring.text import Text, fold

DECIMAL = {"en": ".", "it": ",", "ro": ",", "ar": "."}


class Number(NamedTuple):
    """A number in a reply: its tokens, its value, and whether it stood in figures."""

    first: int
    after: int
    value: float
    figures: bool


def numbers_of(text: Text, lexicon: Lexicon) -> list[Number]:
    """Return the numbers of a reply, in order; clock times, versions and dates in figures are none."""
    words = _words(lexicon.language)
    found: list[Number] = []
    i = 0
    tokens = text.tokens
    while i < len(tokens):
        word = tokens[i].word
        if word[0].isdigit():
            value = figures(word, lexicon.language)
            if value is not None:
                found.append(_with_half(text, _multiplied(text, Number(i, i + 1, value, True), words), words, lexicon))
                found[-1] = _with_point(text, found[-1], words, lexicon)
            i = found[-1].after if value is not None else i + 1
            continue
        taken = _spelled(text, i, words) or _half_alone(text, i, words, lexicon)
        if taken is None:
            i += 1
            continue
        found.append(_with_point(text, _with_half(text, taken, words, lexicon), words, lexicon))
        i = found[-1].after
    return found


def _multiplied(text: Text, number: Number, words: dict[str, tuple[str, float]]) -> Number:
    """Multiply figures by a word behind them: 68 thousand."""
    parts = _parts(text.tokens[number.after].word, words) if number.after < len(text.tokens) else None
    if parts is None or len(parts) != 1 or parts[0][0] != "x" or parts[0][1] < 1000:
        return number
    value = number.value * parts[0][1]
    return Number(number.first, number.after + 1, int(value) if value == int(value) else value, True)


def _half_alone(text: Text, i: int, words: dict[str, tuple[str, float]], lexicon: Lexicon) -> Number | None:
    """Read a half that stands alone before a word for per cent or a currency."""
    kind, value = words.get(text.tokens[i].word, ("", 0.0))
    if kind != "h":
        return None
    return Number(i, i + 1, value, False) if _counts_of(text, i + 1, lexicon) else None


def _with_point(text: Text, number: Number, words: dict[str, tuple[str, float]], lexicon: Lexicon) -> Number:
    """Read a spoken decimal: four point five, sette virgola cinque."""
    points = {fold(word) for word in lexicon.sections.get("number.point", ())}
    if number.after + 1 >= len(text.tokens) or text.tokens[number.after].word not in points:
        return number
    at, zeros = number.after + 1, ""
    while at + 1 < len(text.tokens) and words.get(text.tokens[at].word) == ("n", 0.0):
        at, zeros = at + 1, zeros + "0"
    behind = _spelled(text, at, words)
    if behind is None or behind.value >= 100:
        return number
    return Number(number.first, behind.after, float(f"{number.value:g}.{zeros}{behind.value:g}"), False)


def _with_half(text: Text, number: Number, words: dict[str, tuple[str, float]], lexicon: Lexicon) -> Number:
    """Add a joined half before a percent sign or a currency: `four and a half per cent`."""
    at = number.after
    joined = False
    while at < len(text.tokens) and (parts := _parts(text.tokens[at].word, words)):
        if parts[0][0] == "+":
            joined, parts = True, parts[1:]
        at += 1
        if joined and not parts and _is_half(text, at + 1, words):
            at, parts = at + 2, [("h", words[text.tokens[at + 1].word][1])]  # and a half
        if joined and parts and parts[0][0] == "h":
            loose = lexicon.language == "ar" and _is_word(text, at)
            whole = Number(number.first, at, number.value + parts[0][1], number.figures)
            return whole if loose or _counts_of(text, at, lexicon) else number
        if parts:
            break
    return number


def _is_half(text: Text, at: int, words: dict[str, tuple[str, float]]) -> bool:
    return at < len(text.tokens) and words.get(text.tokens[at].word, ("", 0.0))[0] == "h"


def _is_word(text: Text, at: int) -> bool:
    word = text.tokens[at].word if at < len(text.tokens) else ""
    return len(word) > 1 and word[0].isalnum() and not word[0].isdigit()


def _counts_of(text: Text, at: int, lexicon: Lexicon) -> bool:
    """Say whether a word for per cent or a currency stands at a token."""
    units = [*lexicon.sections.get("percent.words", ()), *(words for words, _ in lexicon.pairs("currency"))]
    behind = {("%",), *(tuple(fold(phrase).split()) for phrase in units)}
    return any(tuple(text.words(at, at + length)) in behind for length in (1, 2, 3))


def figures(word: str, language: str) -> float | None:
    """Return the value of a number in figures, or None where it is a clock time, a version or a broken one."""
    bare = word.replace("'", "")
    if re.search(r"[^\d.,]", bare):
        return None
    if re.fullmatch(r"\d+", bare):
        return int(bare)
    groups = re.split(r"[.,]", bare)
    signs = re.findall(r"[.,]", bare)
    in_threes = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    if len(set(signs)) == 1 and in_threes and (len(signs) > 1 or signs[0] != DECIMAL[language] or language == "ar"):
        return int("".join(groups))
    if len(signs) == 1:
        return float(f"{groups[0]}.{groups[1]}") if len(groups[1]) <= 2 or signs[0] == DECIMAL[language] else None
    last = signs[-1]
    if signs.count(last) == 1 and len(set(signs)) == 2 and all(len(group) == 3 for group in groups[1:-1]):
        return float("".join(groups[:-1]) + "." + groups[-1])
    return None


@cache
def _words(language: str) -> dict[str, tuple[str, float]]:
    """Return number words: ("+", 0) joins, ("x", n) multiplies, ("a", n) may follow units, ("h", n) is a
    half, ("b", n) counts before ten alone."""
    out: dict[str, tuple[str, float]] = {}
    for word, told in lexicon_of(language).pairs("number"):
        out[word] = (
            ("+", 0.0) if told == "+" else (told[0], float(told[1:])) if told[0] in "xahb" else ("n", float(told))
        )
    return out


def _spelled(text: Text, i: int, words: dict[str, tuple[str, float]]) -> Number | None:
    """Read number words from a token on."""
    total = current = 0.0
    at = after = i
    joined = False
    while at < len(text.tokens):
        word = text.tokens[at].word
        if after > i and not joined and word == "-":
            at += 1
            continue
        if word == "de" and after > i and not joined and _is_large(text, at + 1, words):
            at += 1  # Romanian: thirty-five of thousands
            continue
        parts = _parts(word, words)
        if parts is None:
            break
        if parts[0][0] == "+":
            if after == i:
                break
            joined, parts = True, parts[1:]
        added: tuple[float, float] | None = (total, current)
        if any(kind == "h" for kind, _ in parts):
            break
        if (
            parts[:1]
            and parts[0][0] == "b"
            and words.get(text.tokens[at + 1].word if at + 1 < len(text.tokens) else "")
            not in (("a", 10.0), ("n", 10.0))
        ):
            break
        for kind, value in parts:
            if added is None:
                break
            added = _added(*added, kind, value, joined, first=after == i and added == (0.0, 0.0))
        if added is None:
            break
        total, current = added
        at += 1
        if parts:
            after, joined = at, False
    if after == i:
        return None
    value = total + current
    return Number(i, after, int(value) if value == int(value) else value, False)


def _is_large(text: Text, i: int, words: dict[str, tuple[str, float]]) -> bool:
    kind, value = words.get(text.tokens[i].word, ("", 0.0)) if i < len(text.tokens) else ("", 0.0)
    return kind == "x" and value >= 1000


def _added(
    total: float, current: float, kind: str, value: float, joined: bool, first: bool
) -> tuple[float, float] | None:
    """Return the sum so far with one more word, or None where the word begins another number."""
    if kind == "x":
        if value >= 1000:
            return total + (current or 1) * value, 0.0
        return (total, (current or 1) * value) if current < 100 else None
    if first or (current == 0 and total > value):
        return total, current + value
    if current and current % 100 == 0:
        return (total, current + value) if value < 100 else None
    last = current % 100
    if last >= 20 and last % 10 == 0:
        return (total, current + value) if value < 10 else None
    units_first = joined and last < 10 and value >= 20 and value % 10 == 0
    teens = not joined and 1 <= last < 10 and value == TEN_AFTER
    return (total, current + value) if kind == "a" and (units_first or teens) else None


TEN_AFTER = 10


def _parts(word: str, words: dict[str, tuple[str, float]]) -> list[tuple[str, float]] | None:
    """Return the number words a word is made of (trentasei = trenta + sei), or None."""
    if word in words:
        return [words[word]]
    if "'" in word and word.partition("'")[2] in words and word.partition("'")[0] not in words:
        return [words[word.partition("'")[2]]]  # l'ottanta
    if word[0] == "و" and word[1:] in words:
        return [("+", 0.0), words[word[1:]]]
    return _split(word, words) if len(word) > 5 else None


def _split(word: str, words: dict[str, tuple[str, float]]) -> list[tuple[str, float]] | None:
    for length in range(min(len(word) - 2, 11), 2, -1):
        head, tail = word[:length], word[length:]
        if head in words and words[head][0] != "+":
            rest = [words[tail]] if tail in words and words[tail][0] != "+" else _split(tail, words)
            if rest is not None:
                return [words[head], *rest]
    return None
