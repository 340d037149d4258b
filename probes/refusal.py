"""The word with which the charter refuses: an exception of its own, so that every part of the guard can say it."""

from __future__ import annotations


class RefusedByCharterError(Exception):
    """The charter does not allow it; the message says what and why."""
