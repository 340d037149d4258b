"""How a program speaks to a desk without a browser: requests, a line that stays open, and what the answers mean.

One description for chats that push, poll or hold a request, for ticket APIs and for social networks. What a message
holds is read by JMESPath expressions (jmespath.org). Texts may hold what a journey's may, and {text}, {subject}, {mark}
(12 hex digits of the contact), {fresh} (12 that are new in every run), {count} (of requests of this contact),
{secret.NAME}, {cookie.NAME} and what `keep` has kept; so may the quoted parts of expressions, but no secrets.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jmespath
from pydantic import AfterValidator, Field, model_validator

from scenarios.charter_parts import Effect
from scenarios.models import Strict
from scenarios.pattern import Pattern
from scenarios.scenario import Name


def _expression(text: str) -> str:
    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"a JMESPath expression ({' '.join(str(error).split())[:120]})") from None
    return text


Expression = Annotated[str, AfterValidator(_expression)]
EventKind = Literal[
    "customer", "accepted", "automatic", "bot", "position", "taken", "typing", "human", "hold", "transfer", "closed",
    "shut", "busy", "error",
]  # fmt: skip
"""What something that came is; customer: our own words come back, and are passed over."""


class Exchange(Strict):
    """One request, or one message on the open line."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "SEND"] = Field(
        "GET", description="SEND: a message on the WebSocket"
    )
    path: str = Field("", description="path on base_url, or a whole address")
    query: dict[str, str] = Field(default_factory=dict, description="what stands behind the ?")
    json_body: Any = Field(
        None, alias="json", description="the body, as JSON; a text that is one placeholder keeps its type"
    )
    form: dict[str, str] | None = Field(None, description="the body, as the fields of a form")
    headers: dict[str, str] = Field(default_factory=dict, description="headers beside the usual ones")
    wrong: Expression | None = Field(None, description="true of an answer that is an error, though its status is none")
    said: Expression | None = Field(
        None, description="the list in the answer of what the desk says to it, as bots do; `events` say what it means"
    )
    keep: dict[Name, Expression] = Field(
        default_factory=dict, description="what of the answer is kept, as a placeholder of later requests"
    )

    @model_validator(mode="after")
    def _whole(self) -> Exchange:
        if (self.method == "SEND") != (not self.path):
            raise ValueError("a path, unless it is a message on the open line (method: SEND)")
        if self.json_body is not None and self.form is not None:
            raise ValueError("json or form, not both")
        return self


class Event(Strict):
    """What something that came means; the first that fits decides."""

    when: Expression | None = Field(None, description="true of it; left out: always")
    is_: EventKind = Field(alias="is", description="what it is")
    text: Expression | None = Field(None, description="its words")
    team: Expression | None = Field(None, description="which team answers")
    agent: Expression | None = Field(None, description="who answers")
    history_carried: Expression | None = Field(None, description="with transfer: whether the next one knows the story")
    resolved: bool = Field(False, description="with closed: whether the desk has settled it")


class Refusal(Strict):
    """An answer to the opening that is no error."""

    status: Annotated[int, Field(ge=400, le=599)] = Field(description="the HTTP status")
    when: Expression | None = Field(None, description="true of its body; left out: always")
    is_: Literal["shut", "busy"] = Field(alias="is", description="outside the hours, or all lines taken")


class Look(Exchange):
    """A request that is made again and again, and what is new in its answers."""

    items: Expression = Field("[]", description="the list in the answer; [@] is the whole answer as the only item")
    id: Expression | None = Field(
        None, description="what tells one item from another; left out: its place, or with long_poll each is new"
    )
    states: list[Event] = Field(
        default_factory=list, description="what the whole answer means once it says so, such as that it is settled"
    )


class Basic(Strict):
    """HTTP's own log-in: a name and a password with every request."""

    user: str = Field(description="the name, such as {secret.user}")
    password: str = Field(description="the password, such as {secret.password}")


class Frame(Strict):
    """What stands around the JSON on a WebSocket, and what is said beside it, as plain text."""

    subprotocol: str | None = Field(None, description="the WebSocket's subprotocol")
    before: str = Field("", description="stands before the JSON of every message, ours too; others are passed over")
    behind: str = Field("", description="ends every message; several may then come at once")
    begin: list[str] = Field(default_factory=list, max_length=20, description="sent first, as it stands")
    ready: Pattern | None = Field(None, description="the first messages wait until one comes that fits this")
    answers: dict[Pattern, str] = Field(
        default_factory=dict, description="what is answered at once to a message that fits, such as a ping"
    )
    beat: str | None = Field(None, description="sent unasked every `beat_s`, so that the desk does not hang up")
    beat_s: Annotated[float, Field(ge=0.1)] = Field(15, description="how often, wall time")


class Wire(Strict):
    """One channel of a desk, as programs reach it."""

    transport: Literal["poll", "long_poll", "sse", "websocket", "reply"] = Field(
        description="poll: ask every so often; long_poll: the desk answers when there is something; sse and websocket: "
        "it pushes; reply: it says all in its answers to what is written (`said`)"
    )
    open: list[Exchange] = Field(default_factory=list, max_length=20, description="what begins a contact, in order")
    stream: Exchange | None = Field(None, description="with sse and websocket: where the line is opened")
    line_first: bool = Field(
        False, description="with sse and websocket: the line is opened before the requests of `open` are made"
    )
    hello: list[Any] = Field(
        default_factory=list, max_length=20, description="with websocket: the first messages on the line"
    )
    look: list[Look] = Field(default_factory=list, max_length=5, description="with poll and long_poll: what is asked")
    frame: Frame | None = Field(None, description="with websocket: what stands around the JSON")
    items: Expression = Field("[@]", description="with sse and websocket: the list in each message")
    id: Expression | None = Field(None, description="with sse and websocket: what tells one item from another")
    events: list[Event] = Field(min_length=1, description="what an item means; the first that fits")
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="headers of every request; one is left out until all that it speaks of has been kept",
    )
    basic: Basic | None = Field(None, description="with every request: HTTP basic authentication")
    html: bool = Field(False, description="whether words come as HTML")
    say: Exchange | None = Field(None, description="how a message is written")
    say_privately: Exchange | None = Field(None, description="how a direct message is written")
    press: Exchange | None = Field(None, description="how a button is pressed; {text} are its words")
    leave: Exchange | None = Field(None, description="how one goes")
    refused: list[Refusal] = Field(default_factory=list, description="answers to the opening that are no errors")
    is_accepted: bool = Field(True, description="whether the contact is accepted once it is open")
    reference: str = Field("", description="how the desk names the contact; may hold what was kept")
    effects: list[Effect] = Field(
        default_factory=list, description="what opening it does, which the charter must allow"
    )
    poll_s: Annotated[float, Field(gt=0)] = Field(10, description="how often we look, in scenario seconds")
    background_poll_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="how often background customers look: they load the desk, and are not measured"
    )

    @model_validator(mode="after")
    def _whole(self) -> Wire:
        pushed = self.transport in ("sse", "websocket")
        looks = self.transport in ("poll", "long_poll")
        if pushed != (self.stream is not None) or looks != bool(self.look):
            wanted = "stream and no look" if pushed else "look and no stream" if looks else "neither stream nor look"
            raise ValueError(f"{wanted} with {self.transport}")
        if self.line_first and not pushed:
            raise ValueError("line_first only with transport sse or websocket")
        if self.frame is not None and self.transport != "websocket":
            raise ValueError("frame only with transport websocket")
        if self.transport == "long_poll" and len(self.look) != 1:
            raise ValueError("one look with long_poll: the others would wait for it")
        if self.transport == "reply" and all(told is None or told.said is None for told in (self.say, *self.open)):
            raise ValueError("said in open or say, with reply: else nothing is ever heard")
        sends = [self.say, self.say_privately, self.press, self.leave, *self.open]
        if self.transport != "websocket" and any(told is not None and told.method == "SEND" for told in sends):
            raise ValueError("method SEND only with transport websocket")
        return self


def filled_body(body: Any, fill: Any, raw: dict[str, Any]) -> Any:
    """Return a JSON body with its texts filled; a text that is one placeholder of `raw` becomes that value."""
    if isinstance(body, str):
        name = body[1:-1] if body.startswith("{") and body.endswith("}") else ""
        return raw[name] if name in raw else fill(body)
    if isinstance(body, list):
        return [filled_body(part, fill, raw) for part in body]
    if isinstance(body, dict):
        return {key: filled_body(part, fill, raw) for key, part in body.items()}
    return body
