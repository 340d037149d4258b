"""Desks on which staffing is compared, and the days on which everybody's people are played.

Five desks: one queue; one team that can do both and one that cannot (N-design); three kinds of calls and two teams;
calls and chats with a team for either; and a day of `broadband_move`. Prices are made up, the same for all who compete.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.labour import LabourRules
from scenarios.reading import HERE, LoadedScenario
from simulator.staffing.cheapest import ALPHA, fresh_of
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Player
from simulator.staffing.verifying import verify

Values = npt.NDArray[np.float64]

DESKS = Path(__file__).parent / "staffing"
FRESH = 5_000_000
"""The first of the days on which all are played; no search has seen them."""
FULL_H, PART_H, PAUSE_H = 8.5, 4.0, 0.5
"""Shifts: a long one with an unpaid break, and a short one."""
PAUSE_AT_H, PAUSE_FROM_H, PAUSE_TO_H = 4.0, 2.5, 5.5


@dataclass(frozen=True)
class Instance:
    """A desk, which part of each kind of contact its planner gives to which team, and its intervals."""

    path: Path
    given: Mapping[tuple[str, str], Mapping[str, float]]
    minutes: int = 30
    starts: tuple[str, str, str] = ("08:00", "11:30", "16:00")
    """The first start of a shift, the last one of a long and of a short one."""


INSTANCES = {
    "one_queue": Instance(DESKS / "one_queue.yaml", {("phone", "order"): {"front": 1.0}}),
    "n_design": Instance(
        DESKS / "n_design.yaml", {("phone", "order"): {"orders": 1.0}, ("phone", "refund"): {"both": 1.0}}
    ),
    "three_by_two": Instance(
        DESKS / "three_by_two.yaml",
        {
            ("phone", "buy"): {"sales": 1.0},
            ("phone", "bill"): {"sales": 0.5, "care": 0.5},
            ("phone", "fault"): {"care": 1.0},
        },
    ),
    "blended": Instance(
        DESKS / "blended.yaml", {("phone", "order"): {"phone_desk": 1.0}, ("chat", "size"): {"chat_desk": 1.0}}
    ),
    "broadband_move": Instance(HERE / "broadband_move.yaml", {}, 60, ("00:00", "15:00", "20:00")),
}


class Bench:
    """A desk, the replications on which rivals search, and those on which all are played."""

    def __init__(self, loaded: LoadedScenario, player: Player, sample: range, fresh: int) -> None:
        self.loaded, self.player, self.grid = loaded, player, player.desk.grid
        self.sample, self.fresh = sample, range(FRESH, FRESH + fresh)
        self._slack: dict[tuple[bytes, range], Values] = {}
        self._shown: dict[bytes, bool] = {}

    def slack(self, seats: Seats, replications: range) -> Values:
        """Return by how much each aim is kept, in the mean."""
        key = seats.tobytes(), replications
        if key not in self._slack:
            self._slack[key] = np.nanmean(self.player.sample(seats, replications).slack, axis=0)
        return self._slack[key]

    def keeps(self, seats: Seats, replications: range | None = None) -> bool:
        """Say whether all aims are kept in the mean, on the fresh days where nothing else is said."""
        return bool((self.slack(seats, self.fresh if replications is None else replications) >= 0).all())

    def shows(self, seats: Seats) -> bool:
        """Say whether fresh days show that all aims are kept, by the rule that a first one of `staff` meets."""
        key = seats.tobytes()
        if key not in self._shown:
            days = np.zeros(seats.shape[1], dtype=np.int64)
            self._shown[key] = verify(self.player, seats, FRESH, fresh_of(self.player.desk), ALPHA / 2, days).passed
        return self._shown[key]

    def cost(self, seats: Seats) -> float:
        """Return what such people cost, bought by the interval."""
        return float((seats * self.grid.price).sum())

    @functools.cached_property
    def wage(self) -> Values:
        """What an hour of each team costs."""
        return np.asarray(self.grid.price[:, 0] * 60 / self.grid.minutes, dtype=np.float64)

    @property
    def horizon(self) -> int:
        """How many intervals the day has."""
        return int(self.grid.price.shape[1])


def shifts_as_rules(bench: Bench, instance: Instance) -> LabourRules:
    """Return the long and the short shift as labour rules; whoever works long may pause within three hours."""
    first, long, short = instance.starts
    pause = {
        "minutes": round(PAUSE_H * 60), "paid": False,
        "after_least_hours": PAUSE_FROM_H, "after_most_hours": PAUSE_TO_H,
    }  # fmt: skip
    wage = {name: float(price) for name, price in zip(bench.grid.teams, bench.wage, strict=True)}
    every = {"hours_week": {"most": 168}, "paid_hour": {**wage, "default": 20}, "count_most": 500}
    told: dict[str, Any] = {
        "labour": "rivals",
        "title": "Shifts of eight hours and of four",
        "shifts": {
            "full": {"starts": {"from": first, "to": long}, "hours": [FULL_H], "breaks": [pause]},
            "part": {"starts": {"from": first, "to": short}, "hours": [PART_H]},
        },
        "contracts": {"full": {"shifts": ["full"], **every}, "part": {"shifts": ["part"], **every}},
    }
    return LabourRules.model_validate(told)
