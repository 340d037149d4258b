"""Where a password or token comes from: the environment or a file of its own. None stands in any file of ours.

>>> Secret(env="NO_SUCH_VARIABLE").value("password")
Traceback (most recent call last):
scenarios.secret.SecretMissingError: password: the environment variable NO_SUCH_VARIABLE is not set
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from scenarios.models import Strict

LETTERS_MOST = 10_000


class SecretMissingError(ValueError):
    """A secret is not where a file says; the message names the place, and never what was found elsewhere."""


class Secret(Strict):
    """A password or token; exactly one key says where it is."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = Field(
        None, description="the environment variable that holds it"
    )
    file: str | None = Field(None, description="the file that holds it alone; a newline at its end does not count")

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError("either env or file")
        return self

    def value(self, what: str) -> str:
        """Return the secret; `what` is what it is called where it is missed.

        Raises:
            SecretMissingError: nothing is there.
        """
        if self.env is not None:
            found = os.environ.get(self.env, "")
            if not found:
                raise SecretMissingError(f"{what}: the environment variable {self.env} is not set")
            return found
        path = Path(str(self.file))
        try:
            found = path.read_text(encoding="utf-8")[:LETTERS_MOST].rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissingError(f"{what}: {path} cannot be read ({type(error).__name__})") from None
        if not found:
            raise SecretMissingError(f"{what}: {path} is empty")
        return found
