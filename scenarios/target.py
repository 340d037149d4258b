"""A target: how to reach one real desk. What differs between desks of one kind stands here, not in code.

Selectors are CSS and serve the browser and the plain HTTP probe alike; a chat's may lead into a page within the page
(`iframe#help >> .message`). Field values may hold the placeholders of journeys and {persona.email}. Patterns are
regular expressions, searched for, not matched whole.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from scenarios.charter_parts import Effect
from scenarios.models import Strict, read_model
from scenarios.pattern import Pattern
from scenarios.scenario import Channel, Name
from scenarios.secret import Secret
from scenarios.selector import FramedSelector, Selector
from scenarios.target_clean_up import CleanUpStep
from scenarios.target_email import Codes, Email
from scenarios.target_login import Login
from scenarios.target_phone import Phone
from scenarios.wire import Wire


def _base(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https", "sip") and parts.hostname and parts.port != 0
    except ValueError:  # a port out of range, a bracket left open
        whole = False
    if not whole or parts.query or parts.fragment or parts.username:
        raise ValueError("an address such as http://127.0.0.1:8000")
    return text.rstrip("/")


PageAddress = Annotated[str, Field(pattern="^/")]
Speaker = Literal["customer", "human", "bot", "automatic", "system"]


class FormField(Strict):
    """A field to fill, a choice to make or a button to press; what is not named is left as the page has it."""

    selector: Selector = Field(description="the field, as a CSS selector")
    fill: str | None = Field(None, description="the text to fill in; {code}: the code that is mailed (codes)")
    choose: str | None = Field(None, description="the label, or else the value, of the choice in a select")
    press: Literal[True] | None = Field(
        None, description="pressed: a banner, a box to tick, the way to the next fields; in a browser only"
    )
    by_intent: dict[str, str] = Field(
        default_factory=dict, description="instead of fill or choose, for these intents: such as each one's queue"
    )

    @model_validator(mode="after")
    def _one(self) -> FormField:
        if [self.fill, self.choose, self.press].count(None) != 2 or (self.press and self.by_intent):
            raise ValueError("either fill or choose or press")
        return self

    def asks_for_code(self) -> bool:
        """Say whether a code that is mailed goes into it."""
        return any("{code}" in text for text in (self.fill or "", *self.by_intent.values()))

    def text_for(self, intent: str) -> str:
        """Return what goes into the field for an intent, placeholders and all."""
        return self.by_intent.get(intent, self.fill if self.fill is not None else self.choose or "")


class SpeakerRule(Strict):
    """Who is speaking: the first rule that fits a message decides."""

    speaker: Speaker = Field(description="who is speaking when the rule fits")
    selector: str | None = Field(None, description="the message element matches this selector")
    text: Pattern | None = Field(None, description="the message text holds this")
    within: Selector | None = Field(None, description="look for the text only inside this part of the message")
    empty: bool | None = Field(None, description="true: the message has no text of its own")


class ChatField(FormField):
    """A field that is asked before a chat starts; it may stand in a page within the page."""

    selector: FramedSelector = Field(description="the field, as a CSS selector, which may go into a frame")


class Chat(Strict):
    """A web chat: its page for the browser and, where it is one we know, its WebSocket."""

    page: PageAddress = Field(description="path of the page")
    fields: list[ChatField] = Field(
        default_factory=list,
        description="what to fill in before the chat starts; where none takes {text}, that is the first message",
    )
    start: FramedSelector | None = Field(
        None, description="the button that starts the chat; left out where it begins with the first message"
    )
    ready: FramedSelector = Field(description="shown once the page can be used")
    accepted: FramedSelector = Field(description="appears when the desk has taken the contact")
    input: FramedSelector = Field(description="where one writes")
    send: FramedSelector | None = Field(None, description="the button that sends; left out where Enter does")
    messages: FramedSelector = Field(description="the messages, oldest first")
    settles_s: Annotated[float, Field(ge=0, le=60)] = Field(
        0,
        description="wall seconds for which a message's words must not change before it is read, where a bot's come "
        "one by one; its stamp is still when it appeared",
    )
    own_text: list[Selector] = Field(default_factory=list, description="parts of a message that are not its text")
    speakers: list[SpeakerRule] = Field(description="who is speaking; the first rule that fits")
    joined: FramedSelector | None = Field(None, description="appears when someone has taken the contact")
    joined_text: Pattern | None = Field(
        None, description="groups `agent` and `team` in what joined says; joined is nobody whom it does not fit"
    )
    queue_position: FramedSelector | None = Field(None, description="where the place in the queue stands")
    typing: FramedSelector | None = Field(None, description="shown while the other side types")
    transferred: FramedSelector | None = Field(None, description="appears when another team takes over")
    transferred_text: Pattern | None = Field(None, description="group `team` in what transferred says")
    lost: FramedSelector | None = Field(None, description="appears when the page has lost its line to the desk")
    closed: FramedSelector | None = Field(
        None, description="appears when the desk has closed the contact; left out where it never shows"
    )
    closed_text: dict[Literal["resolved", "shut", "busy"], Pattern] = Field(
        default_factory=dict,
        description="how the closing words say resolved, that the desk is shut, or that all its lines are taken",
    )
    websocket: PageAddress | None = Field(None, description="speaks Testdrive's rehearsal protocol")

    @model_validator(mode="after")
    def _begins(self) -> Chat:
        if self.start is None and self.asks_first():
            raise ValueError("start: the button that sends the fields, one of which takes {text}")
        return self

    def asks_first(self) -> bool:
        """Say whether what the customer wants is asked for before the chat starts."""
        return any(
            "{text}" in told for field in self.fields for told in (field.fill, *field.by_intent.values()) if told
        )


class FormReply(Strict):
    """Where a further message is written on a ticket's page."""

    input: Selector = Field(description="where one writes")
    submit: Selector | None = Field(None, description="the button that sends; left out: its form is sent")


class Form(Strict):
    """A web form that is answered on a page of its own."""

    page: PageAddress = Field(description="path of the page")
    form: Selector = Field(description="the form itself")
    fields: list[FormField] = Field(min_length=1, description="what to fill in")
    submit: Selector = Field(description="the button that sends")
    ready: Selector = Field(description="shown once the page can be used")
    accepted_url: Pattern = Field(
        description="the address after a form was accepted; group `reference` names the ticket"
    )
    refused: Selector | None = Field(None, description="on the page when the form was not accepted")
    shut: Selector | None = Field(None, description="on the page when the desk takes no forms now")
    busy: Selector | None = Field(None, description="on the page when the desk has too many forms to take another")
    lost: Selector | None = Field(None, description="on the ticket page when the desk does not know us any more")
    messages: Selector = Field(description="the messages on the ticket page; the newest may stand first or last")
    own_text: list[Selector] = Field(default_factory=list, description="parts of a message that are not its text")
    speakers: list[SpeakerRule] = Field(description="who is speaking; the first rule that fits")
    reply: FormReply | None = Field(
        None, description="where one answers on the ticket page; left out: a shopper's further messages are not said"
    )
    status: Selector | None = Field(None, description="where the ticket's status stands")
    taken: Pattern | None = Field(None, description="status once someone works on it; left out where it never shows")
    closed: Pattern | None = Field(None, description="status once it is settled")
    poll_s: Annotated[float, Field(gt=0)] = Field(30, description="how often we look again, in scenario seconds")
    background_poll_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="how often background customers look: they load the desk, and are not measured"
    )


class FaqSearch(Strict):
    """The help pages' own search."""

    input: Selector = Field(description="where one writes what is searched for")
    submit: Selector | None = Field(None, description="the button that searches; left out where Enter does")
    results: Selector = Field(description="appears with what was found, or the word that nothing was")
    link: Selector | None = Field(None, description="the link to follow; left out where the results hold the answer")


class Faq(Strict):
    """Pages where customers look for the answer themselves."""

    page: PageAddress = Field(description="may hold {intent}")
    answer: Selector = Field(description="on the page when it holds the answer")
    busy: Selector | None = Field(None, description="on the page when too many are reading")
    search: FaqSearch | None = Field(None, description="how one searches there, for journeys that do")


class Target(Strict):
    """One desk."""

    target: Name = Field(description="the target's name")
    title: str = Field(description="one line")
    base_url: Annotated[str, AfterValidator(_base)] = Field(
        "",
        validate_default=False,
        description="scheme, host and port of the desk's web pages, where it has any; sip:// where it is but a PBX",
    )
    codes: Codes | None = Field(None, description="where the codes come in that its pages ask for")
    rehearsal: bool = Field(False, description="Testdrive's own desk: its day is started by us")
    login: Login | None = Field(None, description="how the browser logs in, once a run, before it makes contacts")
    chat: Chat | None = Field(None, description="its web chat")
    form: Form | None = Field(None, description="its web form")
    faq: Faq | None = Field(None, description="its help pages")
    phone: Phone | None = Field(None, description="its telephone")
    email: Email | None = Field(None, description="its mail desk")
    wires: dict[Channel, Wire] = Field(
        default_factory=dict, description="by channel: how a program speaks to it; goes before the channel's pages"
    )
    secrets: dict[Name, Secret] = Field(
        default_factory=dict, description="passwords and tokens that wires and clean_up speak of, as {secret.NAME}"
    )
    clean_up: dict[Channel, list[CleanUpStep]] = Field(
        default_factory=dict, description="how what a contact leaves on the desk is undone, by channel"
    )
    request_s_most: Annotated[float, Field(gt=0, le=600)] = Field(
        30, description="no request may take longer, wall time"
    )
    page_bytes_most: Annotated[int, Field(ge=1000)] = Field(2_000_000, description="no page may be larger")

    @model_validator(mode="after")
    def _reachable(self) -> Target:
        if not self.base_url and (self.chat or self.form or self.faq or self.rehearsal or not self.email):
            raise ValueError("a base_url, which all but mail desks need")
        return self

    @model_validator(mode="after")
    def _codes_come(self) -> Target:
        fields = [*(self.chat.fields if self.chat else ()), *(self.form.fields if self.form else ())]
        if self.codes is None and any(field.asks_for_code() for field in fields):
            raise ValueError("codes: the mailbox in which {code} comes")
        return self

    def effects_of(self, channel: str) -> list[Effect]:
        """Return what opening a contact on a channel brings about, which a charter must allow."""
        return next((wire.effects for name, wire in self.wires.items() if name == channel), [])

    def secrets_for(self, channels: Collection[str]) -> dict[str, Secret]:
        """Return the secrets that the wires of some channels speak of, by name."""
        spoken = "".join(wire.model_dump_json() for channel, wire in self.wires.items() if channel in channels)
        return {name: secret for name, secret in self.secrets.items() if f"{{secret.{name}}}" in spoken}

    def address(self) -> tuple[str, int]:
        """Return host and port: of its web pages, or else of where its mails are handed in."""
        if not self.base_url and self.email is not None:
            return self.email.smtp.host, self.email.smtp.port
        parts = urlsplit(self.base_url)
        return parts.hostname or "", parts.port or {"https": 443, "sip": 5060}.get(parts.scheme, 80)

    def hosts(self) -> list[str]:
        """Return every host that contacts may reach."""
        mail = [self.email.smtp.host, self.email.imap.host] if self.email is not None else []
        mail += [self.codes.imap.host] if self.codes is not None else []
        return list(dict.fromkeys([self.address()[0], *mail]))


def read_target(path: Path) -> Target:
    """Read a target file; see `scenarios.models.read_model` for its faults."""
    return read_model(path, Target)
