"""A language's lexicon: phrases by name, in a small notation that a speaker of the language can read and extend.

A file holds sections; a section holds phrases, one a line; `# ` at the start
of a line, and after two spaces, begins a comment. A phrase is words with a space between:

    sorry about ..        the words, in order; a comma may stand between
    a/b/c                 either; `_` stands for a space within: come_back/return
    [so/very] sorry       may be there
    deliver*              any ending; *ability any beginning
    ... / ..              up to six, up to two, words of the same sentence
    <we> will             any phrase of the section `we` (itself without < >)
    !not                  the next word is not this one
    ^ / ^^ / $ / $$       here a sentence, the whole reply, begins; here a sentence, the whole reply, ends
    ~?                    the sentence is a question
    <n>                   a number in figures
    +word                 Arabic: the word, also with what is grown on to it in front (wa-, bi-, li-, al-, sa- …)

Sections whose names begin with c_ serve as lists alone. Sections of the form `word = other words` (rewrite, number,
time, currency) are read by their own modules.

>>> lexicon = Lexicon.parse("[late]\\n<we> [are/be] [so] sorry ... delay*/wait\\n[we]\\nwe\\ni am\\n", "en")
>>> list(lexicon.find(Text.of("We are sorry, Sir, for these DELAYS. Sorry?")))
['late', 'we']
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from probes.scoring.text import Text, fold

LANGUAGES = ("en", "it", "ro", "ar")
FOLDER = Path(__file__).with_name("languages")


class Span(NamedTuple):
    """Where a phrase was found: its first token and the one after its last."""

    first: int
    after: int


def touches(spans: Iterable[Span], first: int, after: int) -> bool:
    """Say whether any of these phrases shares a token with the stretch from `first` up to `after`."""
    return any(span.first < after and first < span.after for span in spans)


class LexiconError(ValueError):
    """A lexicon file is wrong: a defect of ours."""


@dataclass
class _Phrase:
    """A phrase; its expression is compiled when a reply first holds a word of it."""

    section: str
    expression: str
    pattern: re.Pattern[str] | None = None


PART_START = 3
"""Parts of words are looked up by so many of their first letters."""


class Lexicon:
    """The sections of a language, ready to be looked for in replies."""

    def __init__(self, language: str, sections: Mapping[str, list[str]]) -> None:
        self.language = language
        self.sections = sections
        self._by_word: dict[str, list[_Phrase]] = defaultdict(list)
        self._by_part: dict[str, list[_Phrase]] = defaultdict(list)
        self._parts_by_start: dict[str, list[str]] = defaultdict(list)
        self._lists: dict[str, str] = {}
        self.unknown: set[str] = set()
        """Sections that phrases name and that do not exist; a test says there are none."""
        self.weak: set[str] = set()
        """Phrases without a word of their own, which would match anything: left out; a test says there are none."""
        self.rewrites = {key.replace("_", " ").strip(): tuple(value.split()) for key, value in self.pairs("rewrite")}
        self.stop = frozenset(fold(word) for line in sections.get("stop", ()) for word in line.split())
        self.denies = frozenset(fold(word) for line in sections.get("negation", ()) for word in line.split())
        self.abbreviations = frozenset(fold(word) for word in sections.get("abbreviation", ()))
        for section, phrases in sections.items():
            if section not in PAIRED and not section.startswith("c_"):
                for phrase in phrases:
                    self._take(section, phrase)
        self.weak = {phrase for phrase in self.weak if phrase[1:].partition("]")[0] not in self._lists}

    @classmethod
    def parse(cls, text: str, language: str) -> Lexicon:
        """Read a lexicon."""
        sections: dict[str, list[str]] = {}
        _parse_into(sections, text, language)
        return cls(language, sections)

    def pairs(self, section: str) -> Iterator[tuple[str, str]]:
        """Yield the pairs of a section of the form `word = other words`; several words may share a right side."""
        for line in self.sections.get(section, []):
            left, sign, right = line.partition(" = ")
            if not sign:
                raise LexiconError(f"{self.language} [{section}] {line!r}: no ` = `")
            for one in left.split(" / "):
                yield fold(one.strip()), right.strip()

    def pattern(self, phrase: str) -> re.Pattern[str]:
        """Return a phrase as a regular expression over folded replies."""
        return re.compile(self._expression(phrase))

    def read(self, original: str) -> Text:
        """Fold a reply as this language does."""
        return Text.of(original, self.rewrites, self.abbreviations)

    def find(self, text: Text) -> dict[str, list[Span]]:
        """Return where phrases of each section stand in a reply; sections without one are left out."""
        found: dict[str, list[Span]] = {}
        plain = text.plain
        for word in {token.word for token in text.tokens}:
            for phrase in self._by_word.get(word, ()):
                _look(phrase, text, found)
        for phrase in self._with_parts(plain):
            _look(phrase, text, found)
        for spans in found.values():
            spans.sort()
        return dict(sorted(found.items()))

    def _take(self, section: str, phrase: str) -> None:
        words, parts = self._needs(phrase)
        made = _Phrase(section, self._expression(phrase))
        for word in words:
            self._by_word[word].append(made)
        for part in parts:
            self._take_part(part, made)
        if not words and not parts:
            if not {"#", "<n>", "[#]"} & set(phrase.split()):
                self.weak.add(f"[{section}] {phrase}")
                return
            self._take_part(" ", made)

    def _take_part(self, part: str, phrase: _Phrase) -> None:
        if part not in self._by_part:
            self._parts_by_start[part[:PART_START]].append(part)
        self._by_part[part].append(phrase)

    def _with_parts(self, plain: str) -> Iterable[_Phrase]:
        """Return the phrases of which a part of a word stands in a folded reply, each once."""
        starts = {plain[i : i + size] for size in range(1, PART_START + 1) for i in range(len(plain) - size + 1)}
        held = (part for start in starts & self._parts_by_start.keys() for part in self._parts_by_start[start])
        return {id(phrase): phrase for part in held if part in plain for phrase in self._by_part[part]}.values()

    def _expression(self, phrase: str) -> str:
        out = ["(?<= )"]
        for item in phrase.split():
            out.append(self._item(item))
        return "".join(out)

    def _item(self, item: str) -> str:
        match item:
            case "...":
                return r"(?:[^ .!?;¶]+ ){0,6}"
            case "..":
                return r"(?:[^ .!?;¶]+ ){0,2}"
            case "^":
                return r"(?:(?<=^ )|(?<=[.!?;:¶] )|(?<=[^\w\s'\"%,-] )|(?<= - ))(?:[\"'(-] )?"
            case "^^":
                return r"(?<=^ )"
            case "$":
                return r"(?=$|[.!?;¶]|[^\w\s,])"
            case "~?":
                return r"(?=[^.!;¶]*\?)"
            case "$$":
                return r"(?=(?:[^\w ]+ )*$)"
            case "#" | "<n>":
                return r"(?:, )?\d[\d.,:']* "
            case "!":
                return "! "
            case _ if item.startswith("!"):
                return f"(?!{self._choice(item[1:])})"
            case _ if item.startswith("[") and item.endswith("]"):
                return f"(?:(?:, )?(?:{self._choice(item[1:-1])}))?"
            case _:
                return f"(?:, )?(?:{self._choice(item)})"

    def _choice(self, item: str) -> str:
        """Return the alternatives of an item, words and lists, each with the space behind it."""
        if item == "/":
            return "/ "
        choices = [one for one in item.split("/") if not _is_list(one)]
        lists = [self._list(one[1:-1]) for one in item.split("/") if _is_list(one)]
        grown = [_word(one[1:]) for one in choices if one.startswith("+") and len(one) > 1]
        plain = [
            r"\d[\d.,:']*" if one in ("#", "<n>") else _word(one)
            for one in choices
            if not one.startswith("+") or len(one) == 1
        ]
        words = "|".join([*([f"{_CLITICS}(?:{'|'.join(grown)})"] if grown else []), *plain])
        return "|".join([*([f"(?:{words}) "] if words else []), *lists])

    def _list(self, name: str) -> str:
        if name not in self._lists:
            if name not in self.sections:
                self.unknown.add(name)
                return "(?!)"
            parts = ["".join(self._item(item) for item in phrase.split()) for phrase in self.sections[name]]
            self._lists[name] = "|".join(sorted(parts, key=len, reverse=True))
        return self._lists[name]

    def _needs(self, phrase: str) -> tuple[list[str], tuple[str, ...]]:
        """Return words of which one must stand in a reply for the phrase to match, or parts of words."""
        best: tuple[int, list[str], tuple[str, ...]] = (-(10**6), [], ())
        for item in phrase.split():
            if item in ("...", "..", "^", "^^", "$", "$$", "~?", "#", "<n>") or (item[0] in "![" and item != "!"):
                continue
            told = [self._list_words(one[1:-1]) if _is_list(one) else [one] for one in item.split("/")]
            if not all(told):
                continue
            choices = [choice for one in told for choice in one]
            words, parts = [], []
            for choice in (one.replace("+", "*") if len(one) > 1 else one for one in choices):
                whole = max((w for w in fold(choice).replace("_", " ").split() if "*" not in w), key=len, default=None)
                if whole is not None:
                    words.append(whole)
                else:
                    parts.append(max(fold(choice).replace("_", " ").replace("*", " ").split(), key=len, default=""))
            if "" in parts:
                continue
            weight = min(len(one) for one in [*words, *parts]) * 10 - len(choices) - 5 * len(parts)
            if weight > best[0]:
                best = (weight, words, tuple(parts))
        return best[1], best[2]

    def _list_words(self, name: str) -> list[str]:
        """Return of each phrase of a list a word it cannot do without, or nothing where one has none."""
        out: list[str] = []
        for phrase in self.sections.get(name, ()):
            words, parts = self._needs(phrase)
            if not words and not parts:
                return []
            out += [*words, *(f"*{part}*" for part in parts)]
        return out


def _is_list(item: str) -> bool:
    return item.startswith("<") and item.endswith(">") and item != "<n>"


PAIRED = (
    "rewrite", "number", "time", "time.after_number", "time.before_number", "currency", "opposite", "abbreviation",
    "ordinal.after", "percent.words", "jargon.known", "date.before", "stop", "fraction",
    "number.point", "percent.parts", "ordinal.followers", "negation",
)  # fmt: skip
"""Sections that other modules read."""


_CLITICS = "(?:(?:و|ف)?(?:بال|كال|لل|ال|ب|ل|ك|ه|ح|س|ع)?)"
"""What may be grown on to an Arabic word in front."""


@cache
def _word(word: str) -> str:
    folded = fold(word).replace("_", " ")
    return re.escape(folded).replace(r"\*", r"[^ ]*").replace(r"\ ", " (?:, )?")


def _look(phrase: _Phrase, text: Text, found: dict[str, list[Span]]) -> None:
    if phrase.pattern is None:
        phrase.pattern = re.compile(phrase.expression)
    for match in phrase.pattern.finditer(text.plain):
        if match.end() > match.start():
            first, after = text.span_of(match.start(), match.end() - 1)
            if text.tokens[first].word == ",":
                first += 1
            found.setdefault(phrase.section, []).append(Span(first, after))


def _parse_into(sections: dict[str, list[str]], text: str, where: str) -> None:
    section: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("  # ")[0].strip() if not line.startswith("# ") else ""
        if not bare:
            continue
        if bare.startswith("[") and bare.endswith("]") and re.fullmatch(r"[a-z_.]+", bare[1:-1]) and " " not in bare:
            section = sections.setdefault(bare[1:-1], [])
        elif section is None:
            raise LexiconError(f"{where}:{number}: a phrase before the first section")
        else:
            section.append(bare)


@cache
def lexicon_of(language: str) -> Lexicon:
    """Return the lexicon of a language: all files of its folder."""
    sections: dict[str, list[str]] = {}
    for path in [*sorted((FOLDER / "all").glob("*.txt")), *sorted((FOLDER / language).glob("*.txt"))]:
        _parse_into(sections, path.read_text(encoding="utf-8"), f"{language}/{path.name}")
    return Lexicon(language, sections)
