"""CSS selectors in target files; a framed one goes into a page within the page before it looks.

>>> parts_of("iframe#help >> iframe.inner >> button.send")
(['iframe#help', 'iframe.inner'], 'button.send')
>>> parts_of("button.send")
([], 'button.send')
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

INTO = re.compile(r"\s*>>\s*")


def parts_of(selector: str) -> tuple[list[str], str]:
    """Return the frames that a selector goes into, outermost first, and what it looks for in the last of them."""
    *frames, last = INTO.split(selector.strip())
    return frames, last


def _plain(selector: str) -> str:
    if INTO.search(selector):
        raise ValueError(
            "a selector without `>>`: only a chat may lie in a page within the page; here `page` is that page"
        )
    return selector


def _framed(selector: str) -> str:
    frames, last = parts_of(selector)
    if not all((*frames, last)):
        raise ValueError("a selector on both sides of `>>`, such as iframe#help >> button.send")
    if any("," in frame for frame in frames):
        raise ValueError("one frame before each `>>`; what may fit stands behind the last: iframe#help >> .one, .other")
    return selector


Selector = Annotated[str, Field(min_length=1), AfterValidator(_plain)]
FramedSelector = Annotated[str, Field(min_length=1), AfterValidator(_framed)]
