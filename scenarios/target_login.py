"""How to log in to a target, once a run; what is secret stands in the environment or in a file, never in the target.

>>> LoginField.model_validate({"selector": "#user", "value": "robin"}).secret() is None
True
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from scenarios.faults import Fault, FaultsFoundError
from scenarios.models import Strict

LETTERS_MOST = 10_000

_Selector = Annotated[str, Field(min_length=1)]


class LoginField(Strict):
    """A field of the login page; exactly one key says what goes into it."""

    selector: _Selector = Field(description="the field, as a CSS selector")
    value: str | None = Field(None, description="what to fill in, where it is no secret")
    value_env: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = Field(
        None, description="the environment variable that holds it"
    )
    value_file: str | None = Field(None, description="the file that holds it; a newline at its end does not count")

    @model_validator(mode="after")
    def _one(self) -> LoginField:
        if [self.value, self.value_env, self.value_file].count(None) != 2:
            raise ValueError("exactly one of: value, value_env, value_file")
        return self

    def secret(self) -> str | None:
        """Return what the environment or the file holds; None where the value is no secret.

        Raises:
            FaultsFoundError: nothing is there.
        """
        if self.value_env is not None:
            found = os.environ.get(self.value_env, "")
            if not found:
                raise _missing("value_env", self.value_env, "an environment variable that is set")
            return found
        if self.value_file is not None:
            try:
                found = Path(self.value_file).read_text(encoding="utf-8")[:LETTERS_MOST].rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                found = ""
            if not found:
                raise _missing("value_file", self.value_file, "a file that can be read and holds something")
            return found
        return None

    def text(self) -> str:
        """Return what to fill in."""
        secret = self.secret()
        return secret if secret is not None else self.value or ""


class Login(Strict):
    """A login page: filled in once a run, by the browser; all its contacts are then logged in."""

    page: Annotated[str, Field(pattern="^/")] = Field(description="path of the page")
    fields: list[LoginField] = Field(min_length=1, description="what to fill in")
    submit: _Selector = Field(description="the button that logs in")
    ready: _Selector = Field(description="shown once one is logged in")
    refused: _Selector | None = Field(None, description="shown when the login was refused")

    def secrets(self) -> list[str]:
        """Return what must be found nowhere in a run's results."""
        return [secret for field in self.fields if (secret := field.secret()) is not None]


def _missing(key: str, found: str, wanted: str) -> FaultsFoundError:
    return FaultsFoundError([Fault("target", 1, f"login.{key}", found, wanted)])
