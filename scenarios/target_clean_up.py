"""How what our contacts leave on a desk is undone: steps for each channel, done over HTTP or told to a person.

Texts may hold {reference} (what the desk calls the contact), {contact_id} and {mark} (the mark in its address); header
values may hold {secret.NAME}, so that no password stands in a file.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from scenarios.models import Strict

REPEATABLE = ("DELETE", "PUT")
"""Asked twice they do no more than asked once; of another it is not known."""

PLACEHOLDER = re.compile(r"\{([\w.]*)\}")
KNOWN = ("reference", "contact_id", "mark")


def _filled(text: str) -> str:
    for name in PLACEHOLDER.findall(text):
        if name not in KNOWN and not re.fullmatch(r"secret\.[a-z]\w*", name):
            raise ValueError("no placeholders but {reference}, {contact_id}, {mark} and, in headers, {secret.NAME}")
    return text


def _pattern(text: str) -> str:
    try:
        named = re.compile(text).groupindex
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    if "reference" not in named:
        raise ValueError("a regular expression with a group `reference`, such as -(?P<reference>[0-9]+)$")
    return text


Filled = Annotated[str, AfterValidator(_filled)]


class CleanUpRequest(Strict):
    """A request that undoes one contact."""

    method: Literal["DELETE", "PUT", "PATCH", "POST"] = Field(description="PATCH and POST are never sent twice")
    path: Annotated[str, Field(pattern="^/"), AfterValidator(_filled)] = Field(description="on the target's base_url")
    reference: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None, description="what of the desk's reference is meant: a regular expression with a group `reference`"
    )
    headers: dict[str, Filled] = Field(default_factory=dict, description="such as Authorization: Token {secret.token}")
    send: dict[str, Filled | int | float | bool | None] | None = Field(None, description="the body's keys and values")
    encoding: Literal["json", "form"] = Field("json", description="how the body is written")
    done: list[Annotated[int, Field(ge=100, le=599)]] = Field(
        [200, 202, 204, 404, 410], min_length=1, description="answers that say that it is undone, or was not there"
    )


class CleanUpStep(Strict):
    """One thing to do; exactly one key says by whom."""

    request: CleanUpRequest | None = Field(None, description="we ask the desk to")
    by_hand: Filled | None = Field(None, description="a person is told to, in these words")

    @model_validator(mode="after")
    def _one(self) -> CleanUpStep:
        if (self.request is None) == (self.by_hand is None):
            raise ValueError("either request or by_hand")
        return self
