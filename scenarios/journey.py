"""A journey: the script a shopper plays, as it stands in YAML. `probes.journeys` plays it.

Texts may hold {persona.first_name}, {persona.last_name}, {order}, {question}, {subject} and {intent}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.laws import Law
from scenarios.models import Strict, read_model
from scenarios.reading import HERE, find_file
from scenarios.scenario import Channel, Name
from scenarios.yaml_reader import Document

PLACEHOLDERS = ("persona.first_name", "persona.last_name", "order", "question", "subject", "intent")

Awaited = Literal["taken", "human", "useful", "closed"]
"""What can be waited for: someone takes it up, a person writes, a person gives the fact asked for, it is closed."""


class Step(Strict):
    """One thing the shopper does; exactly one key says which."""

    open: bool | None = Field(None, description="begin the contact: open the chat, send the form, load the page")
    say: str | None = Field(None, description="write this")
    wait_for: Awaited | None = Field(
        None, description="wait until: someone takes it up, a person writes, a useful answer is there, it is closed"
    )
    within: Law | Literal["patience"] | None = Field(
        None, description="with wait_for: give up after this; `patience` is the planned customer's own"
    )
    pause: Law | None = Field(None, description="think, read or type for a while")

    @model_validator(mode="after")
    def _one(self) -> Step:
        given = [name for name in ("open", "say", "wait_for", "pause") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("exactly one of: open, say, wait_for, pause")
        if self.within is not None and self.wait_for is None:
            raise ValueError("within only beside wait_for")
        return self


class Question(Strict):
    """What an intent's customer asks, and how a useful answer is known."""

    subject: str = Field(description="the subject line, where there is one")
    text: str = Field(description="what is asked")
    useful: str = Field(description="regular expression that a useful answer matches")

    @model_validator(mode="after")
    def _compiles(self) -> Question:
        try:
            re.compile(self.useful)
        except re.error as error:
            raise ValueError(f"useful as a regular expression ({error})") from None
        return self


class Journey(Strict):
    """A script for one channel."""

    journey: Name = Field(description="the journey's name")
    title: str = Field(description="one line")
    channel: Channel = Field(description="the channel it plays")
    questions: dict[str, Question] = Field(min_length=1, description="by intent; `default` for all others")
    steps: list[Step] = Field(
        min_length=1, max_length=100, description="what the shopper does, in order; the first opens the contact"
    )

    def question(self, intent: str) -> Question:
        """Return what a customer with this intent asks."""
        return self.questions.get(intent) or self.questions["default"]


def read_journey(path: Path) -> Journey:
    """Read and check a journey file."""
    return read_model(path, Journey, _references)


def journey_named(name: str, folder: Path | None = None) -> Journey:
    """Return a journey by its name, found beside a scenario or among ours.

    Raises:
        FaultsFoundError: there is none of that name, or it is faulty.
    """
    path = find_file("journeys", name, folder)
    if path is None:
        known = sorted(p.stem for p in (HERE / "journeys").glob("*.yaml"))
        raise FaultsFoundError([Fault("journeys", 1, name, "missing", one_of(known, name))])
    return read_journey(path)


def _references(document: Document) -> Iterator[Fault]:
    values = document.values
    questions = values.get("questions")
    if isinstance(questions, dict) and questions and "default" not in questions:
        yield document.fault(("questions",), sorted(questions), "a question named `default` among them")
    told = values.get("steps")
    steps = told if isinstance(told, list) else []
    if steps and not (isinstance(steps[0], dict) and steps[0].get("open")):
        yield document.fault(("steps", 0), steps[0], "`open: true` as the first step")
    texts = [(("steps", i, "say"), s.get("say")) for i, s in enumerate(steps) if isinstance(s, dict)]
    if isinstance(questions, dict):
        texts += [(("questions", name, "text"), q.get("text")) for name, q in questions.items() if isinstance(q, dict)]
    for key, text in texts:
        for found in re.findall(r"\{([^{}]*)\}", text) if isinstance(text, str) else []:
            if found not in PLACEHOLDERS:
                yield document.fault(key, f"{{{found}}}", one_of(PLACEHOLDERS, found))
