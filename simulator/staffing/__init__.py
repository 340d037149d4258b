"""The cheapest people that keep the goals: how many seats in each interval, in which shifts, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.staffing.cheapest import staff as staff

__all__ = ["staff"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: the optimiser is slow to import."""
    if name == "staff":
        import importlib

        return importlib.import_module("simulator.staffing.cheapest").staff
    raise AttributeError(name)
