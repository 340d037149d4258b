"""Conduct of an agent's turn: the labels of the guide, each with the words that show it.

Words and structure decide. Of each label the language's lexicon tells, in sections:

    [label]          phrases that show it
    [label.given]    phrases that show it where the customer said something of [label.context] before
    [label.half]     phrases that show it where a phrase of [label.other] stands in the turn or was said by the customer
    [label.not]      phrases that take it back where they overlap
    [label.unless]   phrases that take it back anywhere in the same sentence
    [label.never]    phrases that take it back anywhere in the turn
    [label.context.not]  phrases of the customer before that take it back

What stands in quotation marks is somebody else's and shows nothing. Phrases are then weighed against the whole of the
turn (learned.py): they are doubted where the rest speaks against them, and a turn that leans far enough to a label
shows it without a phrase, even where structure alone would not, unless a phrase denies it. What is unsure counts as not
found.

>>> [seen.label for seen in conduct_of("Hello Ms Ray, I'm sorry. Is there anything else I can help with?", "en")]
['greeting', 'apology', 'closing_anything_else']
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from probes.scoring.asks_again import asked_again, asks_for_new
from probes.scoring.grams import Grams, Who, grams_of
from probes.scoring.learned import learned_of
from probes.scoring.lexicon import Lexicon, Span, lexicon_of, touches
from probes.scoring.numbers import numbers_of
from probes.scoring.promises import ruled_promises
from probes.scoring.text import Text, fold
from scenarios.conduct_labels import GATES, LABELS

Found = Mapping[str, list[Span]]
Shown = Mapping[str, list[Span]]

QUESTIONS_MOST = 2
TOLD_WORDS_LEAST = 8
SENDER_WORDS = 4
"""So many words at the start of a message may name its sender."""


@dataclass(frozen=True)
class Turn:
    """A turn before the one that is judged."""

    who: Who
    text: str


@dataclass(frozen=True)
class Seen:
    """A label of a turn, and the words that show it."""

    label: str
    start: int
    end: int
    quote: str

    def __str__(self) -> str:
        return f"{self.label} «{self.quote}»"


@dataclass
class Scene:
    """A turn and what came before, folded, with all phrases found.

    Attributes:
        text, found: the turn that is judged.
        before: the turns before, folded.
        customer: what was found in what the customer said before.
        last: what was found in the customer's last turn.
        channel: over which channel it was said, where that is known.
    """

    lexicon: Lexicon
    text: Text
    found: Found
    before: list[tuple[Who, Text]] = field(default_factory=list)
    customer: Found = field(default_factory=dict)
    last: Found = field(default_factory=dict)
    channel: str = ""

    @cached_property
    def grams(self) -> Grams:
        """The turn as the learned part of scoring sees it."""
        return grams_of(self.text, self.before, self.channel)

    def has(self, section: str, span: Span | None = None) -> bool:
        """Say whether phrases of a section were found, in the sentence of a span or anywhere."""
        spans = self.found.get(section, [])
        if span is None or not spans:
            return bool(spans)
        return any(self.text.sentences[one.first] == self.text.sentences[span.first] for one in spans)


def conduct_of(
    reply: str,
    language: str,
    before: Sequence[Turn] = (),
    channel: str = "",
    said_at: datetime.datetime | None = None,
) -> list[Seen]:
    """Return what a turn of an agent shows, in the order of the labels.

    Args:
        reply: what the agent, bot or menu said.
        language: en, it, ro or ar.
        before: the turns before, the latest last.
        channel: phone, email, chat, form, social, sms … where known.
        said_at: when it was said; of no account to any label but promises that are over at once.
    """
    return conduct_in(scene_for(reply, language, before, channel), said_at)


def scene_for(reply: str, language: str, before: Sequence[Turn] = (), channel: str = "") -> Scene:
    """As `scene_of`, of words as they were written."""
    lexicon = lexicon_of(language)
    text = lexicon.read(reply)
    turns = [(turn.who, lexicon.read(turn.text)) for turn in before]
    return scene_of(lexicon, text, lexicon.find(text), turns, channel)


def scene_of(lexicon: Lexicon, text: Text, found: Found, before: list[tuple[Who, Text]], channel: str = "") -> Scene:
    """Return a turn with what came before, all phrases found; those within quotation marks are left out."""
    quoted = text.quoted()
    own = {
        section: kept
        for section, spans in found.items()
        if (kept := [span for span in spans if not any(first < span.first < after for first, after in quoted)])
    }
    customer: dict[str, list[Span]] = {}
    last: Found = {}
    for who, turn in before:
        if who == "customer":
            last = lexicon.find(turn)
            for section, spans in last.items():
                customer.setdefault(section, []).extend(spans)
    return Scene(lexicon, text, own, before, customer, last, channel)


def conduct_in(scene: Scene, said_at: datetime.datetime | None = None) -> list[Seen]:
    """As `conduct_of`, of a scene."""
    seen: list[Seen] = []
    for label, span in _believed(scene, ruled_in(scene, said_at)):
        start, end = scene.text.tokens[span.first].start, scene.text.tokens[span.after - 1].end
        seen.append(Seen(label, start, end, scene.text.original[start:end]))
    return seen


def ruled_in(scene: Scene, said_at: datetime.datetime | None = None) -> dict[str, list[Span]]:
    """Return the words that show each label by phrases and structure alone."""
    shown = {label: list(_shown(scene, label)) for label in LABELS}
    for label, judge in _JUDGES.items():
        shown[label] = judge(scene, shown)
    shown["promise"] += _promised(scene, said_at)
    return shown


def _believed(scene: Scene, ruled: Shown) -> Iterator[tuple[str, Span]]:
    """Yield the labels that phrases and the whole of the turn together tell, with the words that show each."""
    learned = learned_of("conduct", scene.lexicon.language)
    leaning = learned.leaning(scene.grams.of_turn())
    told: dict[str, Span] = {}
    for column, label in enumerate(learned.labels):
        if ruled[label] and (leaning[column] >= learned.doubted[column] or _is_most_of(scene.text, ruled[label])):
            told[label] = min(ruled[label])
        elif not ruled[label] and leaning[column] >= learned.sure[column] and not is_denied(scene, label):
            number = learned.sentence(scene.grams, label)
            if number is not None and not _is_explained(scene.text, number, label, ruled):
                told[label] = Span(*scene.text.sentence_span(number))
    for label, needed in _NEEDS.items():
        if label in told and needed not in told:
            del told[label]
    yield from told.items()


def is_denied(scene: Scene, label: str) -> bool:
    """Say whether a label without a phrase cannot be shown, however a turn leans: near twins are known by phrases."""
    if label == "asks_again" and not _may_ask_again(scene):
        return True
    if label == "matches_tone" and scene.channel not in ("", "social"):
        return True
    return any(scene.has(f"{label}.{side}") for side in ("not", "unless", "never")) or bool(
        scene.customer.get(f"{label}.context.not")
    )


def _may_ask_again(scene: Scene) -> bool:
    """Say whether something is asked that is not plainly new, of a customer who has told something."""
    asks = any(token.word == "?" for token in scene.text.tokens) or any(name.startswith("ask") for name in scene.found)
    if not asks or asks_for_new(scene.found):
        return False
    said = [token.word for who, turn in scene.before if who == "customer" for token in turn.tokens]
    return len(said) >= TOLD_WORDS_LEAST or any(word[0].isdigit() for word in said)


def _is_most_of(text: Text, spans: Sequence[Span]) -> bool:
    """Say whether phrases are half of all that was said: then there is no rest that could speak against them."""
    return _share_of(text, spans, Span(0, len(text.tokens))) >= 1 / 2


def _share_of(text: Text, spans: Sequence[Span], within: Span) -> float:
    words = [i for i in range(*within) if text.tokens[i].word[0].isalnum()]
    return sum(touches(spans, i, i + 1) for i in words) / max(len(words), 1)


def _is_explained(text: Text, number: int, label: str, ruled: Shown) -> bool:
    """Say whether phrases of other labels that decide are most of a sentence: `anything else?` asks nothing again."""
    kin = {label, _NEEDS.get(label), *(other for other, needed in _NEEDS.items() if needed == label)}
    others = [span for other in GATES if other not in kin for span in ruled[other]]
    return label in GATES and _share_of(text, others, Span(*text.sentence_span(number))) >= 1 / 2


_NEEDS = {"transfer_explained": "transfer_announced", "feedback_over_two_questions": "feedback_request"}


def _shown(scene: Scene, label: str) -> Iterator[Span]:
    """Yield the phrases that show a label by the lexicon alone."""
    found = scene.found
    if scene.has(f"{label}.never") or scene.customer.get(f"{label}.context.not"):
        return
    spans = list(found.get(label, []))
    if scene.customer.get(f"{label}.context"):
        spans += found.get(f"{label}.given", [])
    if scene.has(f"{label}.other") or scene.customer.get(f"{label}.other"):
        spans += found.get(f"{label}.half", [])
    for span in spans:
        if not touches(found.get(f"{label}.not", []), *span) and not scene.has(f"{label}.unless", span):
            yield span


# -- labels that need more than phrases ------------------------------------------------------------------------------


def _asks_again(scene: Scene, shown: Shown) -> list[Span]:
    if scene.has("asks_again.never"):
        return []
    return [*shown["asks_again"], *asked_again(scene.lexicon, scene.text, scene.found, scene.before, scene.customer)]


def _transfer_explained(scene: Scene, shown: Shown) -> list[Span]:
    return shown["transfer_explained"] if shown["transfer_announced"] else []


def _over_two(scene: Scene, shown: Shown) -> list[Span]:
    """More than two questions announced, or asked: a number before a word for questions, or many things to rate."""
    if not shown["feedback_request"]:
        return []
    spans = list(shown["feedback_over_two_questions"])
    counted = {span.first for span in scene.found.get("feedback.questions", [])}
    spans += [
        Span(number.first, number.after + 1)
        for number in numbers_of(scene.text, scene.lexicon)
        if number.value > QUESTIONS_MOST and number.after in counted
    ]
    asked = [i for i, token in enumerate(scene.text.tokens) if token.word == "?"]
    rated = [span.first for span in scene.found.get("feedback.rated", [])]
    listed = _longest_list(scene.text, min(rated)) if rated else None
    if scene.has("feedback_over_two_questions.not"):
        listed = None
    if len(asked) > QUESTIONS_MOST and scene.has("feedback.rated"):
        spans.append(Span(0, asked[-1] + 1))
    if listed is not None:
        spans.append(listed)
    return spans


def _longest_list(text: Text, since: int) -> Span | None:
    """Return a list of three or more things of a few words each, behind a token: speed, tone, the outcome and …"""
    words = [token.word for token in text.tokens]
    best: Span | None = None
    first, gap, count = 0, 0, 0
    for i, word in enumerate(words):
        if i < since:
            continue
        if word in (",", "/", "|", "،"):
            count = count + 1 if gap <= 4 else 1
            if count == 1:
                first = max(i - 2, 0)
            gap = 0
            if count >= QUESTIONS_MOST:
                best = Span(first, min(i + 3, len(words)))
        elif word in ".!?;¶":
            count, gap = 0, 0
        else:
            gap += 1
    return best


def _offers(scene: Scene) -> bool:
    """Say whether a next step or another way is offered; [offer.not] phrases take it back where they overlap."""
    barred = scene.found.get("offer.not", [])
    return any(not touches(barred, *span) for span in scene.found.get("offer", []))


def _negative_wording(scene: Scene, shown: Shown) -> list[Span]:
    return [] if _offers(scene) or _sent_on(shown) else _at_either_end(scene, shown["negative_wording"])


def _at_either_end(scene: Scene, spans: list[Span]) -> list[Span]:
    """Keep what stands in the first or last sentence: among other news, in the middle, a no is not the message."""
    last = scene.text.sentences[-1] if scene.text.sentences else 0
    return [span for span in spans if scene.text.sentences[span.first] in (0, last)]


def _sent_on(shown: Shown) -> bool:
    """Say whether the customer is sent somewhere: that is a next step, if not a kind one."""
    return any(shown[label] for label in ("deflect_website", "deflect_channel", "transfer_announced"))


def _dead_end(scene: Scene, shown: Shown) -> list[Span]:
    if _offers(scene) or _sent_on(shown) or _promised(scene, None):
        return []
    return shown["dead_end"]


def _jargon(scene: Scene, shown: Shown) -> list[Span]:
    """Technical words, or several abbreviations in capitals that nobody explains or used before."""
    known = {fold(word) for word in scene.lexicon.sections.get("jargon.known", ())}
    known |= {token.word for _, turn in scene.before for token in turn.tokens}
    capitals: dict[str, int] = {}
    for i, token in enumerate(scene.text.tokens):
        written = re.sub("^[\u0600-\u06ff]+", "", scene.text.original[token.start : token.end])
        behind = scene.text.tokens[i + 1].word if i + 1 < len(scene.text.tokens) else ""
        if behind == ":" and i < SENDER_WORDS:
            return shown["jargon"]  # a sender's name in capitals
        if 2 <= len(written) <= 6 and written.isupper() and written.isalnum() and token.word not in known:
            capitals.setdefault(token.word, i)
    words = [token for token in scene.text.tokens if token.word.isalpha()]
    if len(capitals) < 2 or len(capitals) > len(words) / 2 or scene.has("jargon.never"):
        return shown["jargon"]
    places = sorted(capitals.values())
    return [*shown["jargon"], Span(places[0], places[-1] + 1)]


def _matches_tone(scene: Scene, shown: Shown) -> list[Span]:
    """Taken up by phrases, or by an emoji or a rare word of the customer's last turn that comes back."""
    if scene.channel not in ("", "social"):
        return []
    said = next((turn for who, turn in reversed(scene.before) if who == "customer"), None)
    if said is None or scene.channel != "social" or shown["apology"] or scene.has("matches_tone.never"):
        return shown["matches_tone"]
    playful = {token.word for token in said.tokens if _is_playful(token.word)}
    again = [i for i, token in enumerate(scene.text.tokens) if token.word in playful]
    return [*shown["matches_tone"], *(Span(i, i + 1) for i in again[:1])]


def _is_playful(word: str) -> bool:
    return len(word) == 1 and ord(word) > 0x2190


_JUDGES = {
    "asks_again": _asks_again,
    "transfer_explained": _transfer_explained,
    "feedback_over_two_questions": _over_two,
    "negative_wording": _negative_wording,
    "dead_end": _dead_end,
    "jargon": _jargon,
    "matches_tone": _matches_tone,
}


def _promised(scene: Scene, said_at: datetime.datetime | None) -> list[Span]:
    at = said_at or datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)
    promises = ruled_promises(scene.text, scene.lexicon, at, None, scene.found)
    spans: list[Span] = []
    for promise in promises:
        first = next(i for i, token in enumerate(scene.text.tokens) if token.end > promise.start)
        after = next(
            (i for i, token in enumerate(scene.text.tokens) if token.start >= promise.end), len(scene.text.tokens)
        )
        spans.append(Span(first, after))
    return spans
