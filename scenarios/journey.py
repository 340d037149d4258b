"""A journey: the script a shopper plays, as it stands in YAML. `probes.journeys` plays it.

Texts may hold {persona.first_name}, {persona.last_name}, {persona.email}, {order}, {question}, {subject}, {intent}, of
the contact before {earlier.channel} and {earlier.reference}, and {data.COLUMN} of a feed. What can be said may come in
several wordings and languages (`scenarios.wording`). Holds no contact and no clock.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from scenarios.charter_parts import Effect
from scenarios.faults import Fault, one_of
from scenarios.laws import Deterministic, Law
from scenarios.models import Strict, read_model
from scenarios.pattern import Pattern
from scenarios.reading import file_named
from scenarios.scenario import Channel, Name
from scenarios.wording import Text, all_wordings
from scenarios.yaml_reader import Document, Key

PLACEHOLDERS = (
    "persona.first_name", "persona.last_name", "persona.email", "order", "question", "subject", "intent",
    "earlier.channel", "earlier.reference",
)  # fmt: skip

Awaited = Literal[
    "accepted", "automatic", "bot", "position", "taken", "human", "message", "useful", "answer", "page", "closed"
]
"""What can be waited for. message: a word of a person or a bot; useful: a person gives the fact that the question is
about; answer: one to what was last asked."""

End = Literal["abandoned", "blocked", "closed", "cut_off", "unresolved", "target_error", "failed"]
"""Ends of a contact after which a shop may be tried again."""

PRESSED = ("phone", "chat")
SEARCHED = ("faq",)
ATTACHED = ("form", "email", "chat", "social", "app")
"""On which channels one can press, search, attach."""

FEEDBACK_MOST = 2
"""So many questions about the service a customer answers at most."""

NESTED_MOST = 4


Speaker = Literal["human", "bot", "automatic", "anyone"]


class Said(Strict):
    """Words that came from the desk."""

    says: Pattern = Field(description="regular expression found in them")
    by: Speaker = Field("anyone", description="who said them")


class Ask(Strict):
    """A question for one fact, so that its answers can be compared over channels and repeats."""

    fact: Name = Field(description="the fact's name, the same in every journey that asks for it")
    text: Text = Field(description="what is asked")
    answer: Pattern | None = Field(
        None, description="regular expression of an answer; left out: whatever a person or a bot says next"
    )
    published: Text | None = Field(
        None, description="the answer as the company publishes it; what is said is held against it when scored"
    )


class Hop(Strict):
    """Go on over a channel: end this contact, and begin another one about the same problem."""

    to: Channel = Field(description="the channel of the next contact; the same one is called again")
    say: Text = Field(
        description="what is said there first; {earlier.channel} and {earlier.reference} name the contact"
    )
    subject: Text = Field("{subject}", description="its subject line, where there is one")
    after: Law = Field(
        Deterministic(law="deterministic", value_s=0),
        description="how much later; after the promise fell due, with when: due",
    )
    when: Literal["now", "due"] = Field(
        "now", description="due: as the last promise that `promises` recognised falls due, and only if one was made"
    )
    only_if: Literal["always", "unanswered"] = Field(
        "unanswered", description="unanswered: only where no useful answer came, whatever the desk calls settled"
    )


class Step(Strict):
    """One thing the shopper does; exactly one key says which."""

    open: bool | None = Field(None, description="begin the contact: open the chat, send the form, dial, load the page")
    say: Text | None = Field(None, description="write or speak this")
    privately: bool | None = Field(None, description="with say: in a direct message, where the channel is public")
    ask: Ask | None = Field(None, description="ask for a fact")
    press: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        None, description="keys of the phone, or the words on a button of the chat"
    )
    search: Text | None = Field(None, description="search the help pages for this")
    attach: str | None = Field(None, description="a file to go with the next message, beside the journey's file")
    wait_for: Awaited | Said | None = Field(None, description="wait until this is seen, or these words are")
    within: Law | Literal["patience"] | None = Field(
        None, description="with wait_for: give up after this; `patience` is the planned customer's own"
    )
    otherwise: list[Step] | None = Field(
        None, description="with within: do this then instead of going", min_length=1, max_length=50
    )
    pause: Law | None = Field(None, description="think, read or type for a while")
    when: Said | Literal["useful", "resolved"] | None = Field(
        None, description="branch: these words have come, or a useful answer, or the desk has settled it"
    )
    then: list[Step] | None = Field(None, description="with when: do this", min_length=1, max_length=50)
    else_: list[Step] | None = Field(
        None, alias="else", description="with when: do this where it is not so", min_length=1, max_length=50
    )
    hop: Hop | None = Field(None, description="go on over another channel")
    leave: bool | None = Field(None, description="go now")

    @model_validator(mode="after")
    def _one(self) -> Step:
        given = [name for name in ACTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of: {', '.join(ACTS)}")
        for key, beside in (("within", "wait_for"), ("otherwise", "within"), ("privately", "say"), ("then", "when"),
                            ("else_", "when")):  # fmt: skip
            if getattr(self, key) is not None and getattr(self, beside) is None:
                raise ValueError(f"{key.rstrip('_')} only beside {beside}")
        if self.when is not None and self.then is None and self.else_ is None:
            raise ValueError("then, else or both beside when")
        return self


ACTS = ("open", "say", "ask", "press", "search", "attach", "wait_for", "pause", "when", "hop", "leave")


class Reply(Strict):
    """What the shopper answers whenever the desk asks something, while waiting for anything."""

    to: Pattern = Field(description="regular expression of the desk's question")
    say: Text = Field(description="the answer")
    kind: Literal["data", "retelling", "feedback"] = Field(
        "data",
        description="retelling: the story is told again, and counted; feedback: at most two such are answered in all",
    )
    most: Annotated[int, Field(ge=1, le=20)] = Field(1, description="so often in one contact at most")


class PromiseSign(Strict):
    """How a promise of the desk is known, so that one can come back when it is due."""

    says: Pattern = Field(description="regular expression; the group `count` is how many units, 1 without it")
    unit: Literal["minutes", "hours", "days", "weeks"] = Field(description="what `count` counts")


class Question(Strict):
    """What an intent's customer asks, and how a useful answer is known."""

    subject: Text = Field(description="the subject line, where there is one")
    text: Text = Field(description="what is asked")
    useful: Pattern = Field(description="regular expression that a useful answer matches")


class Again(Strict):
    """When a shop is played again: each time is a contact of its own, and counts as one."""

    after_ends: list[End] = Field(min_length=1, description="the ends of a contact after which it is")
    most: Annotated[int, Field(ge=1, le=10)] = Field(1, description="so often at most")
    after: Law = Field(description="how much later")


class Journey(Strict):
    """A script that begins on one channel."""

    journey: Name = Field(description="the journey's name")
    title: str = Field(description="one line")
    version: Annotated[int, Field(ge=1)] = Field(1, description="trends break when it changes")
    channel: Channel = Field(description="the channel it plays, or begins on")
    personas: list[Name] = Field(default_factory=list, description="who plays it, in turn; left out: anybody")
    questions: dict[str, Question] = Field(min_length=1, description="by intent; `default` for all others")
    replies: list[Reply] = Field(default_factory=list, max_length=50, description="what the desk's questions get")
    promises: Annotated[list[PromiseSign], Field(max_length=50)] | Literal["recognised"] = Field(
        default_factory=list,
        description="how promises are known; `recognised`: by the scoring rules of the persona's language, with the "
        "time told: `by Friday`, `in two working days`",
    )
    again: Again | None = Field(None, description="when the shop is played again; left out: never")
    effects: list[Effect] = Field(
        default_factory=list,
        description="what playing it brings about, which the charter must allow; attachments are known",
    )
    steps: list[Step] = Field(
        min_length=1, max_length=100, description="what the shopper does, in order; the first opens the contact"
    )

    @functools.cached_property
    def flat(self) -> tuple[Step, ...]:
        """All steps, also those below others; laid out once, as every customer asks for them."""
        return tuple(_all_steps(self.steps))

    def question(self, intent: str) -> Question:
        """Return what a customer with this intent asks."""
        return self.questions.get(intent) or self.questions["default"]

    @functools.cached_property
    def brings_about(self) -> tuple[Effect, ...]:
        """The effects that a charter must allow for it to be played."""
        attaches: list[Effect] = ["attachment"] if any(step.attach for step in self.flat) else []
        return tuple(dict.fromkeys([*self.effects, *attaches]))

    def published(self) -> dict[str, Text]:
        """Return, by fact that is asked for, the answer as it is published, where the journey tells it."""
        asks = [step.ask for step in self.flat if step.ask is not None]
        return {ask.fact: ask.published for ask in asks if ask.published is not None}

    @functools.cached_property
    def presses(self) -> bool:
        """Whether the script presses keys itself, wherever."""
        return any(step.press is not None for step in self.flat)

    @functools.cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that it may use, the first one first."""
        hops = [step.hop.to for step in self.flat if step.hop is not None]
        return tuple(dict.fromkeys([self.channel, *hops]))


def _all_steps(steps: list[Step] | None) -> Iterator[Step]:
    for step in steps or []:
        yield step
        for below in (step.otherwise, step.then, step.else_):
            yield from _all_steps(below)


def read_journey(path: Path) -> Journey:
    """Read and check a journey file."""
    return read_model(path, Journey, _references)


def journey_named(name: str, folder: Path | None = None) -> Journey:
    """Return a journey by its name, found beside a scenario or among ours.

    Raises:
        FaultsFoundError: there is none of that name, or it is faulty.
    """
    return read_journey(file_named("journeys", name, folder))


def _references(document: Document) -> Iterator[Fault]:
    values = document.values
    questions = values.get("questions")
    if isinstance(questions, dict) and questions and "default" not in questions:
        yield document.fault(("questions",), sorted(questions), "a question named `default` among them")
    told = values.get("steps")
    steps = told if isinstance(told, list) else []
    if steps and not (isinstance(steps[0], dict) and steps[0].get("open")):
        yield document.fault(("steps", 0), steps[0], "`open: true` as the first step")
    yield from _steps(document, ("steps",), steps, str(values.get("channel")), 1)
    texts: list[tuple[Key, object]] = []
    if isinstance(questions, dict):
        texts += [
            (("questions", name, key), q.get(key))
            for name, q in questions.items()
            if isinstance(q, dict)
            for key in ("subject", "text")
        ]
    replies = values.get("replies")
    for i, reply in enumerate(replies if isinstance(replies, list) else []):
        texts += [(("replies", i, "say"), reply.get("say"))] if isinstance(reply, dict) else []
    for key, text in texts:
        yield from _placeholders(document, key, text)


def _steps(document: Document, key: Key, steps: list[Any], channel: str, depth: int) -> Iterator[Fault]:
    """Find steps that cannot be played on the channel they come on, and placeholders that nobody fills."""
    if depth > NESTED_MOST:
        yield document.fault(key, steps, f"steps nested at most {NESTED_MOST} deep")
        return
    for i, step in enumerate(steps):
        if not isinstance(step, Mapping):
            continue
        here: Key = (*key, i)
        if step.get("open") and (i or depth > 1):
            yield document.fault((*here, "open"), True, "`open` only as the first step; `hop` begins another contact")
        for name, channels in (("press", PRESSED), ("search", SEARCHED), ("attach", ATTACHED)):
            if step.get(name) is not None and channel not in channels:
                yield document.fault(
                    (*here, name), step[name], f"nothing on {channel}; it is for {', '.join(channels)}"
                )
        hop, ask = step.get("hop"), step.get("ask")
        yield from _placeholders(document, (*here, "say"), step.get("say"))
        yield from _placeholders(document, (*here, "search"), step.get("search"))
        if isinstance(ask, Mapping):
            yield from _placeholders(document, (*here, "ask", "text"), ask.get("text"))
        for name in ("otherwise", "then", "else"):
            below = step.get(name)
            if isinstance(below, list):
                yield from _steps(document, (*here, name), below, channel, depth + 1)
        if isinstance(hop, Mapping):
            yield from _placeholders(document, (*here, "hop", "say"), hop.get("say"))
            yield from _placeholders(document, (*here, "hop", "subject"), hop.get("subject"))
            channel = str(hop.get("to"))


def _placeholders(document: Document, key: Key, text: object) -> Iterator[Fault]:
    for place, words in all_wordings(text):
        for found in re.findall(r"\{([^{}]*)\}", words):
            if found not in PLACEHOLDERS and not re.fullmatch(r"data\.\w+", found):
                yield document.fault((*key, *place), f"{{{found}}}", one_of((*PLACEHOLDERS, "data.COLUMN"), found))
