"""How often the rules are right: found against labelled replies, as the annotation guide counts.

Files are named and shaped as the labelled replies: `facts_en.jsonl`, `conduct_it.jsonl`, `promises_ro.jsonl`,
`contradictions_ar.jsonl`. Intervals are 95 %, by resampling whole lines.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from probes.scoring.clash import relation
from probes.scoring.conduct import Turn, conduct_of
from probes.scoring.due import BusinessHours
from probes.scoring.facts import TYPES, Fact, facts_of
from probes.scoring.lexicon import LANGUAGES
from probes.scoring.promises import Promise, promises_of
from probes.scoring.reach import plain_url
from scenarios.conduct_labels import ASSISTS, GATES, LABELS

Line = dict[str, Any]


@dataclass
class Counts:
    """Of one rule and line: right findings, false alarms, misses; on plain lines, whether it fired."""

    right: int = 0
    false: int = 0
    missed: int = 0


@dataclass(frozen=True)
class RuleScore:
    """How right one rule is in one language.

    Attributes:
        rule: `facts` or `facts.TYPE`, a conduct label, `promises`, `contradictions`; `conduct.gates` and
            `conduct.assists` are means over labels.
        n: how often it was to be found; of means, how many labels.
        precision, recall, f1: nan where nothing tells.
        low, high: of F1, 95 %, by resampling lines.
        false_alarms: share of plain lines (of pairs that do not contradict) on which it fired.
        hits, shown, alarms, clean: the turns behind a label's figures, as `results.rates.Detector` counts them.
    """

    rule: str
    language: str
    n: int
    precision: float
    recall: float
    f1: float
    low: float
    high: float
    false_alarms: float | None = None
    hits: int = 0
    shown: int = 0
    alarms: int = 0
    clean: int = 0


class LabelledError(ValueError):
    """A file of labelled replies cannot be read; the message says which, where and what would be right."""


KINDS = ("facts", "conduct", "promises", "contradictions")

RESAMPLES = 500


def score_files(files: Sequence[Path], progress: Callable[[float], None] | None = None) -> list[RuleScore]:
    """Score the rules on labelled files, by language.

    Raises:
        LabelledError: a file is not named or shaped as labelled replies are.
    """
    lines: dict[tuple[str, str], list[Line]] = {}
    for path in files:
        lines.setdefault(kind_and_language(path), []).extend(read_labelled(path))
    scores: list[RuleScore] = []
    for number, ((kind, language), held) in enumerate(sorted(lines.items(), key=_in_order)):
        scores += _SCORERS[kind](held, language)
        if progress is not None:
            progress((number + 1) / len(lines))
    return scores


def _in_order(item: tuple[tuple[str, str], list[Line]]) -> tuple[int, int]:
    kind, language = item[0]
    return KINDS.index(kind), LANGUAGES.index(language)


def kind_and_language(path: Path) -> tuple[str, str]:
    """Read from a file's name what it holds: facts_en.jsonl.

    Raises:
        LabelledError: it is named otherwise.
    """
    kind, _, rest = path.name.partition("_")
    language = rest[:2]
    if kind not in KINDS or language not in LANGUAGES or not path.name.endswith(".jsonl"):
        expected = f"KIND_LANGUAGE.jsonl, KIND one of {', '.join(KINDS)}, LANGUAGE one of {', '.join(LANGUAGES)}"
        raise LabelledError(f"{path} is no name of a file of labelled replies: {expected}")
    return kind, language


def _score_facts(lines: list[Line], language: str) -> list[RuleScore]:
    seen = [count_facts(line, facts_of(line["text"], language))[0] for line in lines]
    rules = [_rule("facts", language, [_added(counts.values()) for counts in seen])]
    for type_ in TYPES:
        rules.append(_rule(f"facts.{type_}", language, [counts.get(type_, Counts()) for counts in seen]))
    return rules


def _score_conduct(lines: list[Line], language: str) -> list[RuleScore]:
    seen = [_seen_in(line, language) for line in lines]
    rules: dict[str, RuleScore] = {}
    for label in LABELS:
        judged = [
            (line, labels) for line, labels in zip(lines, seen, strict=True) if label not in line.get("unsure", ())
        ]
        counts = [count_label(line, labels, label) for line, labels in judged]
        fired = [label in labels for line, labels in judged if not line["labels"] and not line.get("unsure")]
        shown = sum(one.right + one.missed for one in counts)
        rules[label] = replace(
            _rule(label, language, counts),
            false_alarms=sum(fired) / len(fired) if fired else None,
            hits=sum(one.right for one in counts),
            shown=shown,
            alarms=sum(one.false for one in counts),
            clean=len(counts) - shown,
        )
    for name, labels in (("conduct.gates", GATES), ("conduct.assists", ASSISTS)):
        rules[name] = _mean_of(name, language, [rules[label] for label in labels])
    return list(rules.values())


def _seen_in(line: Line, language: str) -> set[str]:
    turns = [Turn(turn["who"], turn["text"]) for turn in line.get("context", [])]
    return {seen.label for seen in conduct_of(line["text"], language, turns, line.get("channel", ""))}


def count_label(line: Line, found: Collection[str], label: str) -> Counts:
    """Count one label of a turn."""
    wanted, seen = label in line["labels"], label in found
    return Counts(int(wanted and seen), int(seen and not wanted), int(wanted and not seen))


def _mean_of(name: str, language: str, rules: Sequence[RuleScore]) -> RuleScore:
    """Return the mean over labels; a label that is nowhere to be found and never fired is left out."""
    told = [rule for rule in rules if not math.isnan(rule.f1)]

    def mean(what: str) -> float:
        values = [getattr(rule, what) for rule in told]
        return float(np.mean([0.0 if math.isnan(value) else value for value in values])) if values else math.nan

    return RuleScore(
        name, language, len(told), mean("precision"), mean("recall"), mean("f1"), mean("low"), mean("high")
    )


def _score_promises(lines: list[Line], language: str) -> list[RuleScore]:
    counts = []
    for line in lines:
        said_at = datetime.datetime.fromisoformat(line["said_at"])
        hours = BusinessHours.of(line["business_hours"]) if line.get("business_hours") else None
        counts.append(count_promises(line, promises_of(line["text"], language, said_at, hours))[0])
    return [_rule("promises", language, counts)]


def _score_contradictions(lines: list[Line], language: str) -> list[RuleScore]:
    counts = []
    for line in lines:
        flagged = relation(line["question"], line["a"], line["b"], language).relation == "contradict"
        wanted = line["relation"] == "contradict"
        counts.append(Counts(int(flagged and wanted), int(flagged and not wanted), int(wanted and not flagged)))
    others = [one for line, one in zip(lines, counts, strict=True) if line["relation"] != "contradict"]
    alarms = sum(one.false for one in others) / len(others) if others else None
    return [replace(_rule("contradictions", language, counts), false_alarms=alarms)]


_SCORERS: dict[str, Callable[[list[Line], str], list[RuleScore]]] = {
    "facts": _score_facts,
    "conduct": _score_conduct,
    "promises": _score_promises,
    "contradictions": _score_contradictions,
}


def _added(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for one in counts:
        total = Counts(total.right + one.right, total.false + one.false, total.missed + one.missed)
    return total


def _rule(rule: str, language: str, counts: Sequence[Counts]) -> RuleScore:
    """Add up the counts of lines, with an interval for F1 from resampled lines."""
    precision, recall, f1 = f1_of(counts)
    low = high = math.nan
    if not math.isnan(f1) and len(counts) > 1:
        rows = np.array([(one.right, one.false, one.missed) for one in counts], dtype=float)
        luck = np.random.Generator(np.random.Philox(key=len(counts)))
        sums = luck.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES) @ rows
        total = 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
        drawn = 2 * sums[total > 0, 0] / total[total > 0]
        low, high = (float(bound) for bound in np.quantile(drawn, [0.025, 0.975]))
    n = sum(one.right + one.missed for one in counts)
    return RuleScore(rule, language, n, precision, recall, f1, low, high)


def read_labelled(path: Path) -> list[Line]:
    """Read a file of labelled replies.

    Raises:
        LabelledError: with every line that is not shaped as its kind is.
    """
    kind, _ = kind_and_language(path)
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelledError(f"{path} cannot be read: {error}") from None
    lines: list[Line] = []
    faults: list[str] = []
    for number, told in enumerate(written.split("\n"), 1):
        if not told.strip():
            continue
        try:
            line = json.loads(told)
        except ValueError as error:
            faults.append(f"{path}:{number}: not JSON ({error})")
            continue
        keys = _KEYS[kind]
        lacking = [key for key in keys if not isinstance(line, dict) or not isinstance(line.get(key), keys[key])]
        if lacking:
            faults.append(f"{path}:{number}: a line of {kind} has {', '.join(keys)}; not so: {', '.join(lacking)}")
        lines.append(line)
    if faults:
        raise LabelledError("\n".join(faults))
    return lines


_KEYS: dict[str, dict[str, type]] = {
    "facts": {"text": str, "facts": list},
    "conduct": {"text": str, "labels": list},
    "promises": {"text": str, "said_at": str, "promises": list},
    "contradictions": {"question": str, "a": str, "b": str, "relation": str},
}


def count_facts(line: Line, found: Sequence[Fact]) -> tuple[dict[str, Counts], list[tuple[str, Any]]]:
    """Count a reply's facts by type, and list what was wrong: ("missed" | "false", fact)."""
    counts: dict[str, Counts] = defaultdict(Counts)
    wrong: list[tuple[str, Any]] = []
    left = list(found)
    for optional in (False, True):
        for label in line["facts"]:
            if bool(label.get("optional")) is not optional:
                continue
            hit = next((fact for fact in left if _is_fact(fact, label, line["text"])), None)
            if hit is not None:
                left.remove(hit)
                if not optional:
                    counts[label["type"]].right += 1
            elif not optional:
                counts[label["type"]].missed += 1
                wrong.append(("missed", label))
    for fact in left:
        counts[fact.type].false += 1
        wrong.append(("false", fact))
    return counts, wrong


def _is_fact(fact: Fact, label: Line, text: str) -> bool:
    return _overlaps(fact, label["quote"], text) and any(
        fact.type == reading.get("type", label["type"]) and _same_value(fact, reading)
        for reading in (label, *label.get("alt", []))
    )


def _overlaps(fact: Fact, quote: str, text: str) -> bool:
    return any(fact.start < found.end() and found.start() < fact.end for found in re.finditer(re.escape(quote), text))


def _same_value(fact: Fact, reading: Line) -> bool:
    wanted: Any = reading.get("value")
    match fact.type:
        case "obligation" | "eligibility":
            return bool(fact.polarity == reading.get("polarity"))
        case "money":
            same = wanted["currency"] == fact.value["currency"]
            return bool(same and abs(wanted["amount"] - fact.value["amount"]) < 0.005)
        case "percentage":
            return bool(abs(float(wanted) - fact.value) < 1e-9)
        case "duration":
            return all(wanted[key] == fact.value[key] for key in ("min_s", "max_s", "calendar"))
        case "url":
            return bool(plain_url(str(wanted)) == fact.value)
        case "deadline" | "date":
            return _plain_time(str(wanted)) == _plain_time(str(fact.value))
        case _:
            return str(wanted) == str(fact.value)


def _plain_time(value: str) -> str:
    """Return a time as it is compared: `this afternoon` is `today afternoon`."""
    told = re.sub(r"^this (?=morning|afternoon|evening)", "today ", value.strip().lower())
    return re.sub(r"^tonight$", "today evening", told)


def count_promises(line: Line, found: Sequence[Promise]) -> tuple[Counts, list[tuple[str, Any]]]:
    """Count a reply's promises, and list what was wrong."""
    counts = Counts()
    wrong: list[tuple[str, Any]] = []
    left = list(found)
    for optional in (False, True):
        for label in line["promises"]:
            if bool(label.get("optional")) is not optional:
                continue
            hit = next((promise for promise in left if _is_promise(promise, label)), None)
            if hit is not None:
                left.remove(hit)
                counts.right += not optional
            elif not optional:
                counts.missed += 1
                wrong.append(("missed", label))
    counts.false = len(left)
    return counts, wrong + [("false", promise) for promise in left]


def _is_promise(promise: Promise, label: Line) -> bool:
    if promise.kind not in (label["kind"], label.get("alt_kind")):
        return False
    due = [label.get("by"), *label.get("alt", [])]
    if promise.due is None:
        return None in due
    minute = promise.due.astimezone(datetime.UTC).replace(second=0)
    return any(
        one is not None and datetime.datetime.fromisoformat(one).astimezone(datetime.UTC) == minute for one in due
    )


def f1_of(counts: Iterable[Counts]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of counts added up; what was never found nor missed has none (nan)."""
    right = false = missed = 0
    for one in counts:
        right, false, missed = right + one.right, false + one.false, missed + one.missed
    precision = right / (right + false) if right + false else float("nan")
    recall = right / (right + missed) if right + missed else float("nan")
    total = 2 * right + false + missed
    return precision, recall, 2 * right / total if total else float("nan")
