"""OR-tools, which rosters need: imported when it is asked for, with one sentence where it is not installed."""

from __future__ import annotations

from typing import Any


class MissingStaffingError(RuntimeError):
    """Rosters need a package that is not installed."""


def cp_model() -> Any:
    """Return the module of CP-SAT.

    Raises:
        MissingStaffingError: OR-tools is not installed.
    """
    try:
        from ortools.sat.python import cp_model as module
    except ImportError as error:
        raise MissingStaffingError("rosters need OR-tools: pip install 'testdrive-cx[staffing]'") from error
    return module
