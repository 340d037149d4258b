"""What the desk's people say: a YAML file of phrases, the shipped one with a user's changes on top."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from probes.desk.luck import DeskLuck
from scenarios.conduct_labels import LABELS
from scenarios.faults import Fault, one_of
from scenarios.models import Strict, check_model
from scenarios.yaml_reader import Document, read_file

SHIPPED = Path(__file__).with_name("phrases.yaml")


class Fact(Strict):
    """The published answer to an intent, and a wrong one."""

    right: str
    wrong: str


class Phrases(Strict):
    """All that is said; lists are drawn from."""

    accepted: str
    form_accepted: str
    shut: str
    busy: str
    form_busy: str
    page_busy: str
    mail_accepted: str
    mail_busy: str
    mail_settled: str
    mail_subject: str
    mail_unknown: str
    phone_menu: str
    phone_position: str
    greeting: list[str] = Field(min_length=1)
    asks_again: list[str] = Field(min_length=1)
    transfer: list[str] = Field(min_length=1)
    closing: list[str] = Field(min_length=1)
    conduct: dict[str, list[str]]
    facts: dict[str, Fact]
    agents: list[str] = Field(min_length=1)

    def fact(self, intent: str) -> Fact:
        """Return the facts of an intent."""
        return self.facts.get(intent) or self.facts["default"]

    def one(self, among: list[str], luck: DeskLuck) -> str:
        """Draw a phrase."""
        return among[int(luck.number() * len(among))]


def read_phrases(changes: Path | None = None) -> Phrases:
    """Read the shipped phrases, with those of another file in place of theirs."""
    shipped = read_file(SHIPPED)
    if changes is None:
        return check_model(shipped, Phrases)
    changed = read_file(changes)
    merged = {**shipped.values, **(changed.values if isinstance(changed.values, dict) else {})}
    for name in ("facts", "conduct"):
        merged[name] = {**shipped.values[name], **merged[name]} if isinstance(merged[name], dict) else None
    return check_model(Document(changed.file, merged, changed.lines), Phrases, _known_labels)


def _known_labels(document: Document) -> list[Fault]:
    told = document.values.get("conduct")
    faults = []
    for label, phrases in (told if isinstance(told, dict) else {}).items():
        if label not in LABELS:
            faults.append(document.fault(("conduct", label), label, one_of(LABELS, str(label))))
        elif not phrases:
            faults.append(document.fault(("conduct", label), phrases, "at least one phrase"))
    return faults
