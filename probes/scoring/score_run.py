"""A run that is scored: what its desk said, turned into the tables findings, facts, answers and promises.

Works on any run that holds messages, played or recorded. Deterministic, offline; the same run gives the same tables.
Contacts whose language is told and is none of ours are left alone.
"""

from __future__ import annotations

import datetime
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from probes.scoring.clash import relation
from probes.scoring.conduct import conduct_in, scene_of
from probes.scoring.due import BusinessHours
from probes.scoring.facts import facts_in
from probes.scoring.lexicon import LANGUAGES, lexicon_of
from probes.scoring.promises import promises_in
from probes.scoring.text import Text
from results.journal import answers_to_facts
from results.log import table_of
from results.runs import Run
from scenarios.conduct_labels import GATES

DESK = ("human", "agent", "bot", "automatic")
"""Speakers of the desk; what a system or the customer says is not its conduct."""

ANSWERS_MOST = 60
"""So many different answers to one question are compared two by two."""

PUBLISHED = "published"
KEEPS = ("promise_kept", "first_useful_answer", "resolved")
"""Rungs that keep what was promised before."""

AT_ONCE = ("chat", "phone", "in_person", "app")
"""Channels on which a contact is one conversation."""

CHARACTERS_MOST = 10_000
"""So much of a message is read: a page pasted into a mail is not what somebody says."""

ALIKE_LETTERS = 5

STAND_INS = {
    "<order>": "104233",
    "<first name>": "Sam",
    "<last name>": "Keller",
    "<e-mail>": "sam@example.org",
    "<other e-mail>": "sam@example.org",
    "<phone>": "+39 06 5550100",
    "<card number>": "4111 1111 1111 1111",
}
"""What is read where a log tells only that the customer gave it, so that to ask for it again is seen."""

LANGUAGE_LETTERS_LEAST, LANGUAGE_SURE = 60, 0.99
"""A turn so long whose language is so sure is read in it, whatever its contact speaks; of our labelled turns of
that length none is taken for another language."""

Progress = Callable[[float], None]


@dataclass
class _Contact:
    contact_id: str
    case_id: str
    channel: str
    language: str
    messages: pd.DataFrame


def score_run(
    run: Run,
    hours: BusinessHours | None = None,
    published: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Score a run and write its tables; returns how many rows each has.

    Args:
        run: a run with messages.
        hours: the desk's, by which promises fall due; Monday to Friday 9 to 18 by default.
        published: by fact, what the desk publishes.
        progress: told the share done.
    """
    legs, steps = run.table("legs"), run.table("steps")
    noted = answers_to_facts(run.folder)
    asked = {(str(answer["contact_id"]), int(answer["turn"])): str(answer["fact"]) for answer in noted}
    truth = {str(answer["fact"]): str(answer["published"]) for answer in noted if answer.get("published")}
    contacts = list(_contacts(legs, run.table("messages")))
    begins = _begins(run.facts)
    rows: dict[str, list[dict[str, Any]]] = {"findings": [], "facts": [], "promises": []}
    replies: dict[str, list[dict[str, Any]]] = {}
    useful = _useful_at(steps)
    for number, contact in enumerate(contacts):
        _score_contact(contact, asked, useful, begins, hours, rows, replies)
        if progress is not None and number % 20 == 0:
            progress(number / len(contacts))
    ends_s = float(pd.concat([legs["ended_s"], steps["seen_by_s"]]).max()) if len(legs) else 0.0
    promises = _settled(rows["promises"], steps, legs, ends_s)
    answers = list(_answers(replies, {**truth, **(published or {})}, legs))
    tables = {"findings": rows["findings"], "facts": rows["facts"], "promises": promises, "answers": answers}
    for name, found in tables.items():
        run.write_table(name, table_of(name, found))
    if progress is not None:
        progress(1.0)
    return {name: len(found) for name, found in tables.items()}


def _contacts(legs: pd.DataFrame, messages: pd.DataFrame) -> Iterator[_Contact]:
    first = legs.drop_duplicates("contact_id").set_index("contact_id")
    for contact_id, said in messages.groupby("contact_id", sort=True):
        if contact_id not in first.index:
            continue
        row = first.loc[contact_id]
        told = row["language"] if isinstance(row["language"], str) else ""
        language = told[:2].lower() if told else language_of(" ".join(said["text"])[:CHARACTERS_MOST])
        if language not in LANGUAGES:
            continue
        case = str(row["case_id"]) if isinstance(row["case_id"], str) else str(contact_id)
        yield _Contact(str(contact_id), case, str(row["channel"]), language, said.sort_values("turn", kind="stable"))


def language_of(text: str) -> str:
    """Return the likeliest of our languages for a text."""
    return _identifier()(text)[0]


def said_in(text: str, language: str) -> str:
    """Return the language of a turn: that of its contact, unless it is long and plainly in another.

    >>> said_in("Thank you for your message. We are closed until Monday and will reply then.", "it")
    'en'
    >>> said_in("Thank you!", "it")
    'it'
    """
    if len(text) < LANGUAGE_LETTERS_LEAST:
        return language
    other, sure = _identifier()(text)
    return other if sure >= LANGUAGE_SURE else language


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # loading its model takes half a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))

    def identified(text: str) -> tuple[str, float]:
        language, sure = identifier.classify(text)
        return str(language), float(sure)

    return identified


def _begins(facts: Mapping[str, Any]) -> datetime.datetime:
    """Return the instant from which a run's scenario seconds count, in its zone."""
    told = str(facts.get("origin", "")).split("[")[0]
    try:
        begins = datetime.datetime.fromisoformat(told)
    except ValueError:
        begins = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
    if begins.tzinfo is None:
        begins = begins.replace(tzinfo=datetime.UTC)
    zone = facts.get("time_zone")
    return begins.astimezone(ZoneInfo(zone)) if isinstance(zone, str) else begins


def _useful_at(steps: pd.DataFrame) -> dict[str, float]:
    """Return, by contact, when its first useful answer was seen."""
    useful = steps[(steps["rung"] == "first_useful_answer") & steps["seen_by_s"].notna()]
    return {str(contact): float(at) for contact, at in zip(useful["contact_id"], useful["seen_by_s"], strict=True)}


def _score_contact(
    contact: _Contact,
    asked: Mapping[tuple[str, int], str],
    useful: Mapping[str, float],
    begins: datetime.datetime,
    hours: BusinessHours | None,
    rows: dict[str, list[dict[str, Any]]],
    replies: dict[str, list[dict[str, Any]]],
) -> None:
    before: list[tuple[Any, Text]] = []
    question = ""
    for said in contact.messages.to_dict("records"):
        speaker, original, turn = str(said["speaker"]), str(said["text"])[:CHARACTERS_MOST], int(said["turn"])
        if speaker not in DESK:
            if speaker == "customer":
                question = original
                before.append(("customer", lexicon_of(contact.language).read(_unmasked(original))))
            continue
        language = said_in(original, contact.language)
        lexicon = lexicon_of(language)
        text = lexicon.read(original)
        here = {"contact_id": contact.contact_id, "leg": said["leg"], "turn": turn, "language": language}
        found = lexicon.find(text)
        at_s = float(said["at_s"])
        said_at = _instant(begins, at_s)
        scene = scene_of(lexicon, text, found, before, contact.channel)
        for seen in conduct_in(scene, said_at):
            rows["findings"].append({**here, "label": seen.label, "gates": seen.label in GATES, "quote": seen.quote})
        fact_asked = asked.get((contact.contact_id, turn))
        for fact in facts_in(text, lexicon, found, scene.grams):
            value = json.dumps(fact.value, ensure_ascii=False, sort_keys=True)
            rows["facts"].append(
                {
                    **here,
                    "asked": fact_asked,
                    "type": fact.type,
                    "value": value,
                    "polarity": fact.polarity,
                    "quote": fact.quote,
                }
            )
        for promise in promises_in(text, lexicon, said_at, hours, found, scene.grams):
            due_s = None if promise.due is None else at_s + (promise.due - said_at).total_seconds()
            rows["promises"].append(
                {
                    **here,
                    "case_id": contact.case_id,
                    "kind": promise.kind,
                    "made_s": at_s,
                    "due_s": due_s,
                    "quote": promise.quote,
                }
            )
        is_useful = abs(useful.get(contact.contact_id, -1e18) - at_s) < 1e-6
        if fact_asked is not None or is_useful:
            reply = {
                "contact_id": contact.contact_id,
                "turn": turn,
                "text": original,
                "language": language,
                "question": question,
            }
            replies.setdefault(fact_asked or "useful answer", []).append(reply)
        before.append(("bot" if speaker in ("bot", "automatic") else "agent", text))


def _unmasked(text: str) -> str:
    """Return what the customer said, with a value wherever the log tells only that there was one."""
    for placeholder, value in STAND_INS.items():
        text = text.replace(placeholder, value)
    return text


def _instant(begins: datetime.datetime, at_s: float) -> datetime.datetime:
    utc = begins.astimezone(datetime.UTC) + datetime.timedelta(seconds=at_s)
    return utc.astimezone(begins.tzinfo)


# -- promises ---------------------------------------------------------------------------------------------------------


def _settled(
    promises: list[dict[str, Any]], steps: pd.DataFrame, legs: pd.DataFrame, ends_s: float
) -> list[dict[str, Any]]:
    """Say of each promise whether it was kept, came late, was broken, put off, is not due yet, or nobody looked."""
    seen = _Followed(steps, legs)
    by_case: dict[str, list[dict[str, Any]]] = {}
    for promise in promises:
        by_case.setdefault(promise["case_id"], []).append(promise)
    for case, made in by_case.items():
        made.sort(key=lambda one: (one["made_s"], one["contact_id"], one["turn"]))
        for place, promise in enumerate(made):
            after = seen.kept_after(case, promise)
            later = next((one for one in made[place + 1 :] if _puts_off(promise, one, after)), None)
            promise["kept_s"] = after[0] if after and later is None and promise["due_s"] is not None else None
            promise["state"] = _state(promise, later, seen.until_s(case), ends_s)
            if later is not None:
                later["moved_from_s"] = promise["due_s"]
    return promises


class _Followed:
    """What was seen of cases after something was promised, and until when somebody looked."""

    def __init__(self, steps: pd.DataFrame, legs: pd.DataFrame) -> None:
        case_of = {
            contact: case if isinstance(case, str) else contact
            for contact, case in zip(legs["contact_id"], legs["case_id"], strict=True)
        }
        self._at_once = set(legs.loc[legs["channel"].isin(AT_ONCE), "contact_id"])
        self._until_s = legs.assign(case=legs["contact_id"].map(case_of)).groupby("case")["ended_s"].max().to_dict()
        kept = steps[steps["rung"].isin(KEEPS) & steps["seen_by_s"].notna() & (steps["state"] != "censored")]
        self._events: dict[str, list[tuple[float, str, str]]] = {}
        for contact, rung, at_s in zip(kept["contact_id"], kept["rung"], kept["seen_by_s"], strict=True):
            self._events.setdefault(str(case_of.get(contact, contact)), []).append(
                (float(at_s), str(rung), str(contact))
            )

    def kept_after(self, case: str, promise: Mapping[str, Any]) -> list[float]:
        """Return when answers came that can keep a promise.

        In a chat or a call the contact goes on: what is said a minute later is not what was promised for later, unless
        the ladder saw it kept.
        """
        return sorted(
            at_s
            for at_s, rung, contact in self._events.get(case, [])
            if at_s > promise["made_s"]
            and (rung == "promise_kept" or contact != promise["contact_id"] or contact not in self._at_once)
        )

    def until_s(self, case: str) -> float:
        """Return until when somebody looked after a case."""
        told = self._until_s.get(case)
        return -math.inf if told is None or math.isnan(told) else float(told)


def _puts_off(promise: Mapping[str, Any], later: Mapping[str, Any], kept: list[float]) -> bool:
    """Say whether a later promise is the same one with a later time."""
    if promise["due_s"] is None or later["due_s"] is None or later["due_s"] <= promise["due_s"] + 1:
        return False
    if later["made_s"] <= promise["made_s"] or (kept and kept[0] <= later["made_s"]):
        return False
    return later["made_s"] >= promise["due_s"] or bool(_stems(promise["quote"]) & _stems(later["quote"]))


def _stems(quote: str) -> set[str]:
    return {word[:ALIKE_LETTERS].lower() for word in quote.split() if len(word) > ALIKE_LETTERS - 1 and word.isalpha()}


def _state(promise: Mapping[str, Any], later: Mapping[str, Any] | None, until_s: float, ends_s: float) -> str:
    if promise["due_s"] is None:
        return "vague"
    if later is not None:
        return "broken" if later["made_s"] >= promise["due_s"] else "moved"
    if promise["kept_s"] is not None:
        return "kept" if promise["kept_s"] <= promise["due_s"] else "late"
    if promise["due_s"] <= until_s:
        return "broken"
    return "unseen" if promise["due_s"] <= ends_s else "open"


# -- answers ----------------------------------------------------------------------------------------------------------


def _answers(
    replies: Mapping[str, list[dict[str, Any]]], published: dict[str, str], legs: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Compare answers to each question two by two, and each with what is published."""
    first = legs.drop_duplicates("contact_id").set_index("contact_id")
    for name, told in sorted(_by_question(replies, first).items()):
        pages = [one["text"] for one in told if first.loc[one["contact_id"], "channel"] == "faq"]
        truth = published.get(name) or (pages[0] if pages else None)
        same: dict[tuple[str, str], str] = {}
        if truth is not None:
            published_answer = {"contact_id": PUBLISHED, "text": truth, "language": language_of(truth)}
            for one in told:
                yield _row(name, one, published_answer, same)
        for one, other in itertools.combinations(told[:ANSWERS_MOST], 2):
            yield _row(name, one, other, same)


def _by_question(replies: Mapping[str, list[dict[str, Any]]], first: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return answers by the fact that was asked for; useful answers by what their customers wanted."""
    out: dict[str, list[dict[str, Any]]] = {}
    for name, told in replies.items():
        for one in told:
            intent = first.loc[one["contact_id"], "intent"]
            key = name if name != "useful answer" else str(intent)
            out.setdefault(key, []).append(one)
    return out


def _row(
    name: str, one: Mapping[str, Any], other: Mapping[str, Any], same: dict[tuple[str, str], Any]
) -> dict[str, Any]:
    key = (str(one["text"]), str(other["text"]))
    if key not in same:
        same[key] = relation(str(one["question"]), *key, str(one["language"]), str(other["language"]))
    told = same[key]
    quotes = told.quotes or (None, None)
    return {
        "fact": name, "contact_id": one["contact_id"], "turn": one["turn"], "text": one["text"],
        "question": one["question"] or None, "language": one["language"], "against": other["contact_id"],
        "against_text": other["text"], "against_question": other.get("question") or None,
        "relation": told.relation, "type": told.type, "quote": quotes[0], "against_quote": quotes[1],
    }  # fmt: skip
