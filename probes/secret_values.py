"""Passwords and tokens that a target names: read from the environment or from files, when they are needed.

Never written anywhere by us; `known_secrets` is what evidence is searched for.
"""

from __future__ import annotations

import os
from pathlib import Path

from scenarios.target import Target
from scenarios.wire import Secret


class SecretMissingError(ValueError):
    """A secret that a target names is not there; the message says where it was looked for."""


def secret_value(name: str, secret: Secret) -> str:
    """Return a secret.

    Raises:
        SecretMissingError: naming the variable or the file, never what was found elsewhere.
    """
    if secret.env is not None:
        value = os.environ.get(secret.env, "")
        if not value:
            raise SecretMissingError(f"secrets.{name}: the environment variable {secret.env} is not set")
        return value
    path = Path(str(secret.file))
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretMissingError(f"secrets.{name}: {path} cannot be read ({error.strerror})") from None
    if not value:
        raise SecretMissingError(f"secrets.{name}: {path} is empty")
    return value


def known_secrets(target: Target) -> dict[str, str]:
    """Return all secrets of a target by name.

    Raises:
        SecretMissingError: one is not there.
    """
    return {name: secret_value(name, secret) for name, secret in target.secrets.items()}
