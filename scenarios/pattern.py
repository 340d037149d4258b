"""Regular expressions as they stand in journeys, programmes and target files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def regular_expression(text: str) -> str:
    """Return a regular expression as it is.

    Raises:
        ValueError: Python's `re` cannot compile it.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return text


Pattern = Annotated[str, AfterValidator(regular_expression)]
