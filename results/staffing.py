"""What came of a search for the cheapest people: seats by team and interval, goals with verdicts, cost now and then.

Frames for those who go on reckoning, `facts` for run.json. Refuses to know how it was found.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from results.roster import Roster

State = Literal["verified", "not verified", "sampled", "out of reach", "no roster"]
VERIFIED: State = "verified"
NOT_VERIFIED: State = "not verified"
SAMPLED: State = "sampled"
OUT_OF_REACH: State = "out of reach"
NO_ROSTER: State = "no roster"

REQUIREMENT_COLUMNS = (
    "team", "from_s", "day", "starts", "required", "scheduled", "today", "present", "price", "worth", "binds",
)  # fmt: skip
GOAL_COLUMNS = (
    "goal", "unit", "gain_unit", "value", "low", "high", "kept_on", "days_low", "days_high", "verdict", "slack",
    "short", "is_goal", "binds",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Staffing:
    """The answer.

    Attributes:
        state: `verified`: fresh days show that all goals hold; `not verified`: none of those tried was shown to;
            `sampled`: interrupted before that; `out of reach`: not even the most people reach all goals; `no roster`:
            the labour rules allow none that keeps them.
        objective: `cost` or `money`.
        requirement: a row per team and interval: seats required, scheduled (at work; the same without labour rules) and
            today, seats present in the mean, price of a seat for the interval, `worth`: by how much one agent more
            betters the goal that binds there, and which that is.
        goals: a row per goal and guard: value with interval in `unit`, the share of days on which it is kept, and the
            verdict; `gain_unit` is what `worth` of those that bind is in.
        cost: of the required seats of the staffed teams; of `money` all that is weighed.
        cost_today: the same of today's roster; None where only one of both is told in money.
        currency: of money; None where the scenario names none.
        price_unit: of `price`, seat by seat: `money`, or `h` where not every staffed team's hour has a price.
        cost_unit: of `cost` and `bound`: of a roster always `money`, as its contracts tell prices.
        paid_h, paid_h_today: hours rostered.
        net_h, net_h_today: the same less the seats that shrinkage leaves empty.
        bound: what seats of the sampled problem hardly cost less than, as the cuts tell; None where there are none.
        guarantee: how sure it is, in words.
        whole: False where an interruption has ended it.
        roster: who works when, where the scenario names labour rules; `cost` is that of its paid hours then.
    """

    state: State
    objective: str
    requirement: pd.DataFrame
    goals: pd.DataFrame
    teams: tuple[str, ...]
    kept_teams: tuple[str, ...]
    cost: float
    cost_today: float | None
    currency: str | None
    price_unit: str
    cost_unit: str
    paid_h: float
    paid_h_today: float
    net_h: float
    net_h_today: float
    bound: float | None
    level: float
    guarantee: str
    notes: tuple[str, ...]
    whole: bool
    seed: int
    minutes: int
    days: int
    sample_replications: int
    fresh_replications: int
    fresh_first: int
    candidates: int
    single_moves: int
    plays: int
    wall_s: float
    roster: Roster | None = None

    @property
    def gap(self) -> float | None:
        """Share of the cost by which cheaper seats of the sampled problem cannot be ruled out."""
        if self.bound is None or not self.cost:
            return None
        return max(self.cost - self.bound, 0.0) / self.cost

    def facts(self) -> dict[str, Any]:
        """Return it as plain values, for run.json."""
        frames = {"requirement", "goals", "roster"}
        told = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name not in frames}
        told["gap"] = self.gap
        for name in ("requirement", "goals"):
            told[name] = records_of(getattr(self, name))
        told["roster"] = None if self.roster is None else roster_facts(self.roster)
        return {name: _plain(value) for name, value in told.items()}


def roster_facts(roster: Roster) -> dict[str, Any]:
    """Return what a roster comes to, and what is needed to read its table again."""
    return {
        "people": len(roster.people), "shifts": len(roster.shifts), "paid_h": roster.paid_h, "net_h": roster.net_h,
        "starts": roster.starts, "time_zone": roster.time_zone, "days": roster.days,
    }  # fmt: skip


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain values; what is not known is null."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
