"""What the examples of ContactCenters have in common: how they are told, and what of a contact they count."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulator.validation.measures import Counted, Measure
from simulator.validation.telling import STRAYS_MOST, Expected, simulated

SOURCE = "umontreal-simul/contactcenters, doc/examples/{}.res (Buist and L'Ecuyer 2005), 1,000 simulated {}"

Told = dict[str, Any]


def came(contacts: pd.DataFrame) -> npt.NDArray[Any]:
    """Count all."""
    return np.ones(len(contacts))


def served(contacts: pd.DataFrame) -> npt.NDArray[Any]:
    """Count those who were answered."""
    return np.asarray(contacts["answered"])


def gave_up(contacts: pd.DataFrame) -> npt.NDArray[Any]:
    """Count those who gave up."""
    return np.asarray(contacts["abandoned"])


def blocked(contacts: pd.DataFrame) -> npt.NDArray[Any]:
    """Count busy signals."""
    return np.asarray(contacts["blocked"])


def ended_as(how: str) -> Counted:
    """Count those of whom a leg ended so."""
    return lambda contacts: np.asarray(contacts[f"ended_{how}"])


def only(intent: str, of: Counted) -> Counted:
    """Count as told, but one intent alone."""
    return lambda contacts: np.asarray(contacts["intent"] == intent) * of(contacts)


def served_within(within_s: float) -> Counted:
    """Count those who were answered within so many seconds."""
    return lambda contacts: np.asarray(contacts["answered"] & (contacts["wait_s"] <= within_s))


def mean_number(metric: str, measure: Measure, mean: str, low: str, high: str, source: str) -> Expected:
    """Return a mean number that was printed with its 95 % interval: within half a per cent, or as it may stray."""
    name, *part = metric.split(" ")
    row = simulated(" ".join([f"{name}_mean", *part]), measure, mean, low, high, source)
    return dataclasses.replace(row, tolerance=max(0.005 * row.value, STRAYS_MOST * row.strays + 2 * row.error))


def days_of(hours: tuple[str, str], days: int, **more: Any) -> Told:
    """Return what all of them have in common: one channel, open from when to when on so many days, all alike."""
    phone = {"opens": hours[0], "closes": hours[1], **more}
    return {
        "scenario": "validated", "title": "An example of ContactCenters", "time_zone": "UTC", "starts": "2026-03-02",
        "days": days, "channels": {"phone": phone},
    }  # fmt: skip


def hourly(starts: str, contacts: Sequence[float], intent: str = "order", minutes: int = 60) -> Told:
    """Return expected contacts by the hour, or by longer intervals."""
    return {
        "intent": intent, "channels": {"phone": 1.0}, "starts": starts, "interval_minutes": minutes,
        "contacts": list(contacts),
    }  # fmt: skip


def team_of(agents: Mapping[str, int], service: Told, **more: Any) -> Told:
    """Return a team by its roster and one law of service, or laws by intent."""
    told = {"default": service} if "law" in service else service
    return {"channels": ["phone"], "agents": dict(agents), "service": told, **more}
