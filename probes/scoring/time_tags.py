"""Words of time, tagged: one letter each, by the language's lexicon ([time]); numbers, clocks and dates in figures too.

The letters are explained in times.py, whose grammar reads them. [time.after_number] entries count after a number (`12
luni` are months, `luni` is Monday), [time.before_number] ones before one.

>>> from probes.scoring.numbers import numbers_of
>>> english = lexicon_of("en")
>>> text = english.read("within 5 working days, on Friday")
>>> "".join(tag.letter for tag in tags_of(text, english, numbers_of(text, english)))
'LNWU,ZK'
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from probes.scoring.lexicon import Lexicon, lexicon_of
from probes.scoring.numbers import Number
from probes.scoring.text import Text, fold


class Tag(NamedTuple):
    """A tagged stretch of a reply."""

    letter: str
    value: Any
    first: int
    after: int


def tags_of(text: Text, lexicon: Lexicon, numbers: list[Number]) -> list[Tag]:
    """Tag a reply: known words by their letters, others `x`, commas `,`, sentence ends `.`; fillers are left out."""
    entries, counted = _entries(lexicon.language, "time"), _entries(lexicon.language, "time.after_number")
    leads, dotted = (
        frozenset(map(fold, lexicon.sections.get(name, ()))) for name in ("date.before", "date.before_dotted")
    )
    coming = _entries(lexicon.language, "time.before_number")
    ordinals = [tuple(fold(phrase).split()) for phrase in lexicon.sections.get("ordinal.after", ())]
    at_number = {number.first: number for number in numbers}
    raw: list[Tag] = []
    i = 0
    while i < len(text.tokens):
        word = text.tokens[i].word
        tag, after = _longest(text, i, counted) if counted and _counts(raw) else (None, i)
        if tag is None and coming and any(i < number.first <= i + 2 for number in numbers):
            tag, after = _longest(text, i, coming)
        if tag is None:
            tag, after = _longest(text, i, entries)
        number = at_number.get(i)
        date = date_in_figures(text, i, leads, dotted) if word[0].isdigit() else None
        if date is not None:
            raw.append(date)
            i = date.after
            continue
        if number is not None and (tag is None or number.after > after or (number.after == after and tag[0][0] != "V")):
            i = _number_tags(text, number, raw, ordinals)
            continue
        if tag is not None:
            raw += [Tag(letter, value, i, after) for letter, value in tag]
            i = after
            continue
        if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", word):
            hour, minute = int(word.split(":")[0]), int(word.split(":")[1])
            minutes = hour * 60 + minute if hour <= 24 and minute < 60 else 0
            exact = minutes >= 12 * 60 or (":" in word and lexicon.language in ("it", "ro"))  # told on 24 hours
            raw.append(Tag("H", (minutes, True) if exact else minutes, i, i + 1))
        else:
            letter = "." if word in ".!?;¶" else "," if word == "," else "R" if word == "-" else "x"
            raw.append(Tag(letter, word, i, i + 1))
        i += 1
    tags = [_day_number(tag, raw, i) for i, tag in enumerate(raw) if tag.letter not in "_e"]
    tags = [_until(tag, tags[:i], tags[i + 1 :]) for i, tag in enumerate(tags)]
    tags = _lone_ordinals(tags, text, lexicon)
    counted_parts = _counted_parts(tags) if lexicon.language in ("ar", "ro") else tags
    return _parts_of_day(_clocks(counted_parts, text, lexicon.language))


def _until(tag: Tag, before: list[Tag], behind: list[Tag]) -> Tag:
    """Read a word that is both `to` and `until` (R until) as a limit, where it joins nothing."""
    if tag.letter != "R" or tag.value != "until":
        return tag
    one, other = before[-1].letter if before else "", behind[0].letter if behind else ""
    joins = one in tuple("NHSUDnOd") or (one in ("K", "T") and other in ("K", "T"))
    return tag if joins else tag._replace(letter="L")


def _lone_ordinals(tags: list[Tag], text: Text, lexicon: Lexicon) -> list[Tag]:
    """Read `on the 16th` before an [ordinal.followers] word as a day of the month."""
    followers = frozenset(map(fold, lexicon.sections.get("ordinal.followers", ())))
    out = list(tags)
    for i in range(1, len(tags)):
        tag, after = tags[i], tags[i].after
        behind = text.tokens[after].word if after < len(text.tokens) else ""
        if tag.letter == "n" and tags[i - 1].letter in "FZ" and behind in followers:
            out[i] = tag._replace(letter="d", value=f"{int(tag.value)}{ordinal(int(tag.value))} of the month")
    return out


def _counted_parts(tags: list[Tag]) -> list[Tag]:
    """Mark parts of the day as `p` for once: in Arabic and Romanian a number before one is a clock time."""
    return [tag._replace(letter="p") if tag.letter == "P" else tag for tag in tags]


def _parts_of_day(tags: list[Tag]) -> list[Tag]:
    return [tag._replace(letter="P") if tag.letter == "p" else tag for tag in tags]


def _day_number(tag: Tag, raw: list[Tag], i: int) -> Tag:
    """Read `day 28` as the 28th: a number after a word for `day number` (e), where no month follows."""
    before = next((one.letter for one in reversed(raw[:i]) if one.letter != "_"), "")
    behind = next((one.letter for one in raw[i + 1 :] if one.letter != "_"), "")
    if tag.letter != "N" or before != "e" or behind == "O" or not 1 <= tag.value <= 31:
        return tag
    day = int(tag.value)
    return tag._replace(letter="d", value=f"{day}{ordinal(day)} of the month")


def _counts(raw: list[Tag]) -> bool:
    """Say whether the words so far end in a number that counts what follows, and does not tell a clock time."""
    told = [tag.letter for tag in raw if tag.letter != "_"][-2:]
    return told[-1:] in (["N"], ["S"]) and (len(told) < 2 or told[0] not in ("V", "e"))


def _number_tags(text: Text, number: Number, raw: list[Tag], ordinals: list[tuple[str, ...]]) -> int:
    """Tag a number; `28th` and `28 of the month` come as a number and words."""
    after = number.after
    for words in ordinals:
        if tuple(text.words(after, after + len(words))) == words:
            raw.append(Tag("n", number.value, number.first, after + len(words)))
            return after + len(words)
    following = text.tokens[after].word if after < len(text.tokens) else ""
    touching = bool(following) and text.tokens[after].start == text.tokens[after - 1].end
    if number.figures and touching and following in _ORDINAL_ENDS:
        raw.append(Tag("n", number.value, number.first, after + 1))
        return after + 1
    raw.append(Tag("N", number.value, number.first, after))
    return after


_ORDINAL_ENDS = frozenset(("st", "nd", "rd", "th", "°", "º", "o"))

_DATE = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{1,2})([-/.])(\d{1,2})\6(\d{4}|\d\d)"
    r"|(?:\d{1,2}-)?((?:0?[1-9]|[12]\d|3[01]))/(0?[1-9]|1[0-2])(?![\d/])"
)
_DOTTED_DAY = re.compile(r"(0?[1-9]|[12]\d|3[01])\.(0[1-9]|1[0-2])\.?")
"""15.02 is the 15th of February only behind a word that dates have in front: it may be a clock or a price."""


def _dates(text: Text, i: int, leads: Collection[str]) -> bool:
    return i > 0 and text.tokens[i - 1].word in leads


def date_in_figures(text: Text, i: int, leads: Collection[str] = (), before_dotted: Collection[str] = ()) -> Tag | None:
    """Read 2026-05-12, 12/05/2026, 12.05.2026 from a token on; the day comes first where the year comes last.

    `leads`: words after which 8/3 is a date too; `before_dotted`: after which 15.02 is.
    """
    start = text.tokens[i].start
    match = _DATE.match("".join(token.word for token in text.tokens[i : i + 5]))
    if match is None:
        dotted = _DOTTED_DAY.fullmatch(text.tokens[i].word)
        if dotted and _dates(text, i, before_dotted):
            return Tag("d", f"--{dotted[2]}-{int(dotted[1]):02}", i, i + 1)
        return None
    after = i
    length = 0
    while after < len(text.tokens) and length < match.end():
        length += len(text.tokens[after].word)
        after += 1
    if length != match.end() or text.tokens[after - 1].end - start > match.end():
        return None
    if match[9]:
        day, month = int(match[9]), int(match[10])
        if len(match[10]) == 1 and not _dates(text, i, leads):
            return None
        return Tag("d", f"--{month:02}-{day:02}", i, after) if 1 <= month <= 12 and 1 <= day <= 31 else None
    if match[1]:
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    else:
        day, month, year = int(match[5]), int(match[7]), int(match[8])
        year += 2000 if year < 100 else 0
        if len(match[8]) == 2 and match[6] == ".":
            return None
        if month > 12 >= day:
            day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1900 <= year <= 2100):
        return None
    return Tag("d", f"{year:04}-{month:02}-{day:02}", i, after)


def _clocks(tags: list[Tag], text: Text, language: str) -> list[Tag]:
    """Turn numbers that tell a time of the day into clock tags."""
    patterns = _CLOCKS if language == "it" else _CLOCKS + _CLOCKS_FROM
    out: list[Tag] = []
    i = 0
    letters = "".join(tag.letter for tag in tags)
    while i < len(tags):
        tag = tags[i]
        for pattern in patterns:
            match = pattern.match(letters, i)
            if match:
                clock = _clock_tag(tags[i : match.end()], letters[:i], text)
                if clock is not None:
                    out.append(clock)
                    i = match.end()
                    break
        else:
            out.append(tag)
            i += 1
    return out


_CLOCKS = (
    re.compile(r"h[NH]"),
    re.compile(r"[NH]Y+"),
    re.compile(r"(?<=[ZV])[NH]G?S(?![UO])"),
    re.compile(r"(?<=V)N(?![UWD])(?:GN(?![UWO%]))?(?!\d)"),
    re.compile(r"(?<=Z)N(?![UWO%nD]|[GR][Nn][OUWD%])"),
    re.compile(r"(?<=[TKPp]L)N(?![UWO%nD]|[GR][Nn][OUWD%])"),
    re.compile(r"(?<=[TKPp],L)N(?![UWO%nD]|[GR][Nn][OUWD%])"),
    re.compile(r"(?<=[BJ])N(?=[TPK.,]|[GR][VZ]*[NH](?!W?[UDO%])|$|x)"),
    re.compile(r"(?<=J[HN][GR])N(?![UWO%])"),
    re.compile(r"(?<=J[HN][GR]Z)N(?![UWO%])"),
    re.compile(r"(?<=H[GR])N(?=[TPK.,]|$|x)"),
    re.compile(r"N(?=[GR]Z?[HN]Y)"),
    re.compile(r"(?<=P)N(?![UWO%nDx])"),
    re.compile(r"N(?=p)"),
    re.compile(r"(?<=[TK])N(?=RN(?!W?[UDO%]))"),
    re.compile(r"(?<=[TK]HR)N(?!W?[UDO%])"),
    re.compile(r"(?<=[TK]NR)N(?!W?[UDO%])"),
    re.compile(r"(?<=L)N(?=[PTKp]|[.,][.,TKP]*$)"),
    re.compile(r"(?<=VNR)N(?!W?[UDO%])"),
    re.compile(r"(?<=ZNR)N(?![UWO%D])"),
    re.compile(r"(?<=[TK])N(?=BN(?!W?[UDO%]))"),
    re.compile(r"(?<=[TK],)N(?=[RB]N(?!W?[UDO%]))"),
    re.compile(r"(?<=[TK]NB)N(?!W?[UDO%])"),
    re.compile(r"(?<=[TK],N[RB])N(?!W?[UDO%])"),
)
_CLOCKS_FROM = (
    re.compile(r"(?<=F)N(?=[GRB][VZ]*[NH](?!W?[UDO%]))"),
    re.compile(r"(?<=F[HN][GRB])N(?![UWO%D])"),
    re.compile(r"(?<=F[HN][GRB][VZ])N(?![UWO%D])"),
)
"""Clocks after `from`; Italian has `dalle` for clocks, and `dal` for days."""

"""Tag strings that are times of the day. V is "o'clock" said before the number (le, ora, الساعة)."""


def _clock_tag(tags: list[Tag], before: str, text: Text) -> Tag | None:
    minutes: float | None = None
    half = ""
    for tag in tags:
        if tag.letter == "N":
            value = float(tag.value)
            figures = text.tokens[tag.first].word
            if minutes is not None:
                if value >= 60:
                    return None
                minutes += value
            elif re.fullmatch(r"\d{1,2}[.,]\d\d", figures):
                hour, minute = (int(part) for part in re.split("[.,]", figures))
                minutes = hour * 60 + minute if minute < 60 else None
            elif value * 60 == int(value * 60):
                minutes = value * 60
            if minutes is None or not 0 <= minutes <= 24 * 60:
                return None
        elif tag.letter == "H":
            minutes = clock_value(tag.value)[0]
        elif tag.letter == "Y" and tag.value in ("am", "pm"):
            half = tag.value
        elif tag.letter == "S" and minutes is not None:
            minutes += float(tag.value) * 60
    if tags[0].letter == "h" and minutes is not None:
        minutes += int(tags[0].value)
    if minutes is None:
        return None
    if half == "pm" and minutes < 12 * 60:
        minutes += 12 * 60
    if half == "am" and minutes >= 12 * 60:
        minutes -= 12 * 60
    exact = bool(half) or minutes >= 13 * 60
    return Tag("H", int(minutes) if not exact else (int(minutes), True), tags[0].first, tags[-1].after)


@cache
def _entries(language: str, section: str) -> dict[str, list[tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]]:
    """Return the tagged words of a language by their first word, the longest first."""
    lexicon = lexicon_of(language)
    out: dict[str, list[tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]] = {}
    for words, told in lexicon.pairs(section):
        tags = tuple(_tag(one.split(None, 1)) for one in told.split(";"))
        split = tuple(words.split())
        out.setdefault(split[0], []).append((split, tags))
    for entries in out.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return out


def _tag(told: list[str]) -> tuple[str, Any]:
    letter = told[0]
    value: Any = told[1].strip() if len(told) > 1 else ""
    if letter in "UDTKOh":
        value = int(value)
    elif letter == "H":
        value = int(value) if value.isdecimal() else int(value.split(":")[0]) * 60 + int(value.split(":")[1])
        value = (value, True)
    elif letter == "S":
        value = float(value or 0.5)
    return letter, value


_CLITICS = {"ar": ("وال", "بال", "لل", "فال", "و", "ب", "ل", "ف", "ع", "ه", "ال")}


def _longest(
    text: Text, i: int, entries: dict[str, list[tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]]
) -> tuple[tuple[tuple[str, Any], ...] | None, int]:
    """Return the tags of the longest entry that begins at a token, and where it ends."""
    word = text.tokens[i].word
    for words, tags in entries.get(word, ()):
        if len(words) == 1 or tuple(text.words(i, i + len(words))) == words:
            return tags, i + len(words)
    if "\u0600" <= word[0] <= "\u06ff":
        return _without_clitic(text, i, entries)
    return None, i


def _without_clitic(
    text: Text, i: int, entries: dict[str, list[tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]]
) -> tuple[tuple[tuple[str, Any], ...] | None, int]:
    """As `_longest`, for an Arabic word with a preposition, conjunction or article grown on."""
    word = text.tokens[i].word
    for clitic in _CLITICS["ar"]:
        if word.startswith(clitic) and len(word) > len(clitic) + 1:
            bare = word[len(clitic) :]
            for candidate in (bare, "ال" + bare) if clitic == "لل" else (bare,):
                for words, tags in entries.get(candidate, ()):
                    if len(words) == 1 or tuple(text.words(i + 1, i + len(words))) == words[1:]:
                        before: tuple[tuple[str, Any], ...] = ()
                        if clitic in ("ب", "ل", "لل") and f"{clitic}-" in entries:
                            before = entries[f"{clitic}-"][0][1]
                        if clitic in ("و", "وال"):
                            before = (("G", ""),)
                        return before + tags, i + len(words)
    return None, i


def ordinal(day: int) -> str:
    """Return the ending of a day's number: st, nd, rd, th."""
    return "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def clock_value(value: Any) -> tuple[int, bool]:
    """Return the minutes that a clock tag tells, and whether they are of 24 hours."""
    return (int(value[0]), True) if isinstance(value, tuple) else (int(value), False)
