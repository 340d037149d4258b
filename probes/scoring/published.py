"""What we publish of our own accuracy, and the truth that a company publishes.

The labelled corpora lie beside this file: the phrases were tuned on one part, phrases and learned weights are weighed
on another (train.py), and the report part is looked at only to report.
`python -m probes.scoring.published` scores the report part anew and writes accuracy.json and the table in
docs/scoring.md; a test fails while they are not current.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from probes.scoring.accuracy import RuleScore, score_files
from probes.scoring.lexicon import LANGUAGES
from results.runs import write_whole
from results.terminal import grid
from scenarios.conduct_labels import ASSISTS, LABELS
from scenarios.faults import FaultsFoundError
from scenarios.yaml_reader import read_file

CORPORA = Path(__file__).with_name("corpora")
ACCURACY = Path(__file__).with_name("accuracy.json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "scoring.md"
BEGIN, END = "<!-- accuracy -->", "<!-- /accuracy -->"


def report_files() -> list[Path]:
    """Return the report part of our own labelled replies."""
    return sorted((CORPORA / "report").glob("*.jsonl"))


def published_detectors() -> list[dict[str, Any]]:
    """Return how right each conduct label is on the report part: label, language, hits, shown, alarms, clean."""
    return list(json.loads(ACCURACY.read_text(encoding="utf-8"))["detectors"]) if ACCURACY.is_file() else []


def read_published(path: Path) -> dict[str, str]:
    """Read a YAML file of what a company publishes: a fact's name, and the answer in words.

    Raises:
        FaultsFoundError: it holds something else.
    """
    document = read_file(path)
    values = document.values
    if not isinstance(values, dict):
        raise FaultsFoundError([document.fault((), values, "facts and their published answers, one a line")])
    faults = [
        document.fault((name,), value, "the published answer, in words")
        for name, value in values.items()
        if not isinstance(value, str) or not value.strip()
    ]
    if faults:
        raise FaultsFoundError(faults)
    return {str(name): value for name, value in values.items()}


def accuracy_table(rules: Sequence[RuleScore]) -> str:
    """Return rules and their figures as a terminal shows them."""
    rows = [
        [rule.rule + (" (informs)" if rule.rule in ASSISTS else ""), rule.language, str(rule.n),
         *(_figure(value) for value in (rule.precision, rule.recall, rule.f1)),
         f"{_figure(rule.low)} to {_figure(rule.high)}",
         "" if rule.false_alarms is None else f"{100 * rule.false_alarms:.1f} %"]
        for rule in rules
    ]  # fmt: skip
    head = ["rule", "language", "n", "precision", "recall", "F1", "95 %", "false alarms"]
    return grid(head, rows, right=(2, 3, 4, 5, 7))


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def accuracy_markdown(rules: Sequence[RuleScore]) -> str:
    """Return F1 by rule and language as a table of docs/scoring.md."""
    by_rule: dict[str, dict[str, RuleScore]] = {}
    for rule in rules:
        by_rule.setdefault(rule.rule, {})[rule.language] = rule
    lines = ["| rule | " + " | ".join(LANGUAGES) + " |", "|---" * (len(LANGUAGES) + 1) + "|"]
    for name, told in by_rule.items():
        shown = f"`{name}`" + (" (informs)" if name in ASSISTS else "")
        lines.append(f"| {shown} | " + " | ".join(_cell(told.get(language)) for language in LANGUAGES) + " |")
    return "\n".join(lines)


def _cell(rule: RuleScore | None) -> str:
    if rule is None or math.isnan(rule.f1):
        return "–"
    alarms = "" if rule.false_alarms is None else f", {100 * rule.false_alarms:.1f} %"
    return f"{rule.f1:.2f} ({rule.low:.2f}–{rule.high:.2f}){alarms}"


def page_with(rules: Sequence[RuleScore], page: str) -> str:
    """Return docs/scoring.md with the table of these figures."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    lines = sum(1 for path in report_files() for _ in path.open(encoding="utf-8"))
    told = (
        f"{lines:,} lines; after the interval, false alarms on lines without a label (on pairs that do not contradict)."
    )
    return f"{before}{begin}\n{told}\n\n{accuracy_markdown(rules)}\n{end}{after}"


def write_accuracy() -> None:
    """Score the report part; write what the rates of runs are corrected by, and the table of docs/scoring.md."""
    rules = score_files(report_files())
    write_whole(PAGE, page_with(rules, PAGE.read_text(encoding="utf-8")))
    detectors = [
        {"label": rule.rule, "language": rule.language, "hits": rule.hits, "shown": rule.shown, "alarms": rule.alarms,
         "clean": rule.clean}
        for rule in rules
        if rule.rule in LABELS
    ]  # fmt: skip
    lines = ",\n  ".join(json.dumps(row) for row in detectors)
    write_whole(ACCURACY, '{"detectors": [\n  ' + lines + "\n]}\n")


if __name__ == "__main__":
    write_accuracy()
