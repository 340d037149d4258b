"""Texts that shoppers say: one wording or several, in one language or in each; and the draw between them.

Holds the type and the choice alone; refuses to know who speaks.

>>> wording({"en": ["Hello", "Good morning"], "it": "Buongiorno"}, "en", 0.7)
'Good morning'
>>> wording({"en": "Hello"}, "ar", 0.1)
'Hello'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from scenarios.scenario import Language

Wordings = str | Annotated[list[str], Field(min_length=1, max_length=50)]
Text = Wordings | Annotated[dict[Language, Wordings], Field(min_length=1)]
"""A text; a list of wordings, one of which is drawn; or either of these by language."""

_PLACEHOLDER = re.compile(r"\{([\w.-]+)\}")

RIGHT_TO_LEFT: tuple[Language, ...] = ("ar",)


def wording(text: Text, language: str, u: float) -> str:
    """Return how a text is put: in a language, or else in the first that it has; of several wordings the one at `u`."""
    told = text
    if isinstance(told, dict):
        told = next((words for name, words in told.items() if name == language), next(iter(told.values())))
    return told if isinstance(told, str) else told[int(u * len(told))]


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of {placeholders}; what a value holds is not looked through again.

    >>> filled("{order}: {text}", {"order": "17", "text": "where is {order}?"})
    '17: where is {order}?'
    """
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text) if "{" in text else text


def is_known(text: str, values: Mapping[str, str]) -> bool:
    """Say whether every placeholder of a text has a value.

    >>> is_known("Bearer {token}", {})
    False
    """
    return all(name in values for name in _PLACEHOLDER.findall(text))


def all_wordings(text: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every wording of a text as it was read, with where it stands in it."""
    if isinstance(text, str):
        yield (), text
    elif isinstance(text, dict):
        for name, words in text.items():
            yield from (((name, *place), found) for place, found in all_wordings(words))
    elif isinstance(text, list):
        yield from (((i,), found) for i, found in enumerate(text) if isinstance(found, str))
