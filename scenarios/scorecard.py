"""A scorecard: what a contact is judged by, as it stands in YAML. `results.scores` fills it in.

Sections hold criteria; each criterion says what answers it: conduct that is seen or not, a fact that agrees, a promise
that is kept, a measured time, an end, or a person alone. What does not apply is left out of what was reached and of
what could be reached. Holds no contact and no score.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from scenarios.conduct_labels import ASSISTS, GATES, LABELS
from scenarios.faults import Fault, one_of
from scenarios.models import Strict, read_model
from scenarios.reading import file_named
from scenarios.scenario import Name
from scenarios.yaml_reader import Document

Critical = Literal["customer", "business", "compliance"]
"""Whom it hurts where a criterion is missed: each kind has its own accuracy, whatever the score."""

Weight = Annotated[float, Field(gt=0, le=1000)]
MEASURED = (
    "first_reply_s", "first_human_s", "useful_answer_s", "wait_s", "transfers", "retellings", "contacts", "resolved",
    "human_answered", "promise_late_s",
)  # fmt: skip
"""What a criterion may measure: times from the customer's first word on, counts over the case, and 1 or 0 for facts."""

WAYS = ("sees", "misses", "facts_agree", "promises_kept", "measures", "asks")


class Limit(Strict):
    """A measured value and how much of it is too much."""

    what: Name = Field(description="what is measured: " + ", ".join(MEASURED))
    most: float | None = Field(None, description="met where it is no more than this")
    least: float | None = Field(None, description="met where it is no less than this")

    @model_validator(mode="after")
    def _bounded(self) -> Limit:
        if (self.most is None) == (self.least is None):
            raise ValueError("exactly one of: most, least")
        return self


class Criterion(Strict):
    """One thing a contact is judged by; exactly one key says how."""

    title: str = Field(description="the question as a rater reads it")
    weight: Weight = Field(1, description="its share of the section")
    sees: Name | None = Field(None, description="met where this conduct is seen in any turn of the desk's people")
    misses: Name | None = Field(None, description="met where this conduct is seen in no turn")
    facts_agree: bool | None = Field(None, description="met where what was said agrees with the published truth")
    promises_kept: bool | None = Field(None, description="met where every promise that fell due was kept in time")
    measures: Limit | None = Field(None, description="met where a measured value keeps a limit")
    asks: bool | None = Field(None, description="a person answers it; until then it does not apply")
    scale: Annotated[int, Field(ge=1, le=10)] = Field(1, description="with asks: answers run from 0 to this")
    where: Name | None = Field(None, description="applies only where this conduct is seen")
    unless: Name | None = Field(None, description="does not apply where this conduct is seen")
    bonus: bool = Field(False, description="adds where it is met, takes nothing where it is not")
    auto_fail: bool = Field(False, description="missed: the whole card is 0")
    critical: Critical | None = Field(None, description="whom a miss hurts")

    @model_validator(mode="after")
    def _one_way(self) -> Criterion:
        given = [name for name in WAYS if getattr(self, name) not in (None, False)]
        if len(given) != 1:
            raise ValueError(f"exactly one of: {', '.join(WAYS)}")
        if self.scale != 1 and not self.asks:
            raise ValueError("scale only beside asks")
        if self.bonus and self.auto_fail:
            raise ValueError("bonus or auto_fail, not both: a bonus takes nothing where it is missed")
        return self

    @property
    def informs(self) -> bool:
        """Whether the machine only suggests: the conduct needs judgement, so a person has to confirm it."""
        return (self.sees or self.misses) in ASSISTS


class Section(Strict):
    """A part of a card."""

    title: str = Field(description="its heading")
    weight: Weight = Field(1, description="its share of the card")
    criteria: dict[Name, Criterion] = Field(min_length=1, description="by name")


class Scorecard(Strict):
    """What contacts are judged by."""

    scorecard: Name = Field(description="the card's name")
    title: str = Field(description="one line")
    version: Annotated[int, Field(ge=1)] = Field(
        1, description="ratings, agreement and drift begin anew when it changes"
    )
    pass_at: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, description="a contact passes at this score; left out: scores only"
    )
    sections: dict[Name, Section] = Field(min_length=1, description="by name")

    def criteria(self) -> Iterator[tuple[str, str, Criterion]]:
        """Yield section, criterion and what it says."""
        for section, held in self.sections.items():
            for name, criterion in held.criteria.items():
                yield section, name, criterion


def read_scorecard(path: Path) -> Scorecard:
    """Read and check a scorecard file."""
    return read_model(path, Scorecard, _references)


def scorecard_named(name: str, folder: Path | None = None) -> Scorecard:
    """Return a scorecard by its name, found beside a scenario or among ours.

    Raises:
        FaultsFoundError: there is none of that name, or it is faulty.
    """
    return read_scorecard(file_named("scorecards", name, folder))


def _references(document: Document) -> Iterator[Fault]:
    sections = document.values.get("sections")
    seen: dict[str, str] = {}
    for section, held in (sections if isinstance(sections, dict) else {}).items():
        criteria = held.get("criteria") if isinstance(held, dict) else None
        for name, told in (criteria if isinstance(criteria, dict) else {}).items():
            key = ("sections", section, "criteria", name)
            if name in seen:
                yield document.fault(key, name, f"a name of its own; {seen[name]} has one so called")
            seen[name] = str(section)
            if not isinstance(told, dict):
                continue
            for way in ("sees", "misses", "where", "unless"):
                if told.get(way) is not None and told[way] not in LABELS:
                    yield document.fault((*key, way), told[way], one_of(LABELS, str(told[way])))
            measures = told.get("measures")
            what = measures.get("what") if isinstance(measures, dict) else None
            if what is not None and what not in MEASURED:
                yield document.fault((*key, "measures", "what"), what, one_of(MEASURED, str(what)))
            label = told.get("sees") or told.get("misses")
            if told.get("auto_fail") and label in ASSISTS:
                expected = f"no auto_fail on what needs judgement; it may stand on {', '.join(GATES)}, or on `asks`"
                yield document.fault((*key, "auto_fail"), True, expected)
