"""How to log in to a target, once a run; what is secret stands in the environment or in a file, never in the target.

>>> LoginField.model_validate({"selector": "#user", "value": "robin"}).text()
'robin'
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from scenarios.models import Strict
from scenarios.secret import Secret
from scenarios.selector import Selector


class LoginField(Strict):
    """A field of the login page; exactly one key says what goes into it."""

    selector: Selector = Field(description="the field, as a CSS selector")
    value: str | None = Field(None, description="what to fill in, where it is no secret")
    secret: Secret | None = Field(None, description="where it comes from, where it is one")

    @model_validator(mode="after")
    def _one(self) -> LoginField:
        if (self.value is None) == (self.secret is None):
            raise ValueError("either value or secret")
        return self

    def text(self) -> str:
        """Return what to fill in.

        Raises:
            scenarios.secret.SecretMissingError: the secret is not where it should be.
        """
        return self.value or "" if self.secret is None else self.secret.value(f"login, {self.selector}")


class Login(Strict):
    """A login page: filled in once a run, by the browser; all its contacts are then logged in."""

    page: Annotated[str, Field(pattern="^/")] = Field(description="path of the page")
    fields: list[LoginField] = Field(min_length=1, description="what to fill in")
    submit: Selector = Field(description="the button that logs in")
    ready: Selector = Field(description="shown once one is logged in")
    refused: Selector | None = Field(None, description="shown when the login was refused")

    def secrets(self) -> list[str]:
        """Return what must be found nowhere in a run's results."""
        return [field.text() for field in self.fields if field.secret is not None]
