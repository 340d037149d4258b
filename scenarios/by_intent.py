"""One law for all, or one for each intent: how patient customers are, how long the work after a talk takes.

>>> from scenarios.laws import Exponential
>>> soon = Exponential(law="exponential", mean_s=60)
>>> law_for({"refund": soon}, "order") is None
True
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, Tag

from scenarios.laws import AnyLaw, Law

DEFAULT = "default"

_LAW, _BY_INTENT = "a law", "by intent"
"""With a blank: no key of a file can look like these, so faults are found at their place."""

ByIntent = Annotated[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Law], Field(min_length=1)]


def is_by_intent(told: Any) -> bool:
    """Say whether plain values are laws by intent rather than a law."""
    return isinstance(told, dict) and "law" not in told and (DEFAULT in told or any(map(_holds, told.values())))


def _holds(value: Any) -> bool:
    return isinstance(value, dict | BaseModel)


def _told(told: Any) -> str:
    return _BY_INTENT if is_by_intent(told) else _LAW


LawOrLaws = Annotated[Annotated[Law, Tag(_LAW)] | Annotated[ByIntent, Tag(_BY_INTENT)], Discriminator(_told)]


def law_for(told: AnyLaw | dict[str, AnyLaw] | None, intent: str) -> AnyLaw | None:
    """Return the law of an intent: its own, the default, or None where there is none."""
    return told.get(intent, told.get(DEFAULT)) if isinstance(told, dict) else told
