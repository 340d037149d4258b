"""How every verb ends: what its exit code means, and which counts where several apply."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of every verb means."""

    AGREES = 0
    DIFFERS = 1
    BAD_INPUT = 2
    CANNOT_TELL = 3
    UNFIT = 4
    REFUSED = 5
    UNREACHABLE = 6
    OUR_FAULT = 70
    INTERRUPTED = 130


WORST_FIRST = (
    Exit.OUR_FAULT, Exit.INTERRUPTED, Exit.REFUSED, Exit.BAD_INPUT, Exit.UNREACHABLE, Exit.UNFIT, Exit.DIFFERS,
    Exit.CANNOT_TELL, Exit.AGREES,
)  # fmt: skip
"""When several apply, the first of these is returned."""


def worst(codes: Sequence[Exit]) -> Exit:
    """Return the exit code that counts where several apply."""
    return min(codes, key=WORST_FIRST.index)


class UsageError(ValueError):
    """Arguments that do not go together; the message says what would."""
