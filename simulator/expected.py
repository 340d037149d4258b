"""What a desk is expected to spend on contacts, from a few simulated days: handed to whoever plans shops.

Means over replications by channel and intent; refuses to say anything of what was never simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scenarios.reading import LoadedScenario
from simulator.simulate import simulate

REPLICATIONS = 5


@dataclass(frozen=True)
class Expected:
    """What simulated contacts took."""

    minutes: dict[tuple[str, str], float]
    minutes_of_channel: dict[str, float]
    capacity: dict[str, float]
    failing: dict[str, float]

    def agent_minutes(self, channel: str, intent: str) -> float:
        """Return the minutes of agents that a contact takes: of its intent, or else of any on the channel."""
        return self.minutes.get((channel, intent), self.minutes_of_channel.get(channel, 0.0))

    def capacity_minutes(self, channel: str) -> float:
        """Return the minutes of agents on duty who take a channel, over the whole scenario."""
        return self.capacity.get(channel, 0.0)

    def fails(self, channel: str) -> float:
        """Return the share of a channel's attempts that are given up or find no line."""
        return self.failing.get(channel, 0.0)


def expect(loaded: LoadedScenario, seed: int) -> Expected:
    """Simulate a few days, and return what contacts took."""
    simulated = simulate(loaded, seed=seed, replications=REPLICATIONS)
    legs, staffing = simulated.legs, simulated.staffing
    busy_s = (legs["released_s"] - legs["answered_s"]).where(legs["agent"].notna(), 0.0).fillna(0.0)
    spent = (
        legs.assign(minutes=busy_s / 60).groupby(["channel", "intent", "contact_id", "replication"])["minutes"].sum()
    )
    on_duty = (staffing["to_s"] - staffing["from_s"]).groupby(staffing["team"]).sum() / 60 / REPLICATIONS
    teams = loaded.scenario.teams
    capacity = {
        str(channel): float(sum(on_duty.get(name, 0.0) for name, team in teams.items() if channel in team.channels))
        for channel in loaded.scenario.channels
    }
    first = legs[legs["leg"] == 0]
    failed = first["leg_end"].isin(["abandoned", "blocked", "balked", "silent"]).groupby(first["channel"]).mean()
    return Expected(
        {(key[0], key[1]): value for key, value in _by(spent, ["channel", "intent"]).items()},
        {key[0]: value for key, value in _by(spent, ["channel"]).items()}, capacity,
        {str(channel): float(share) for channel, share in failed.items()},
    )  # fmt: skip


def _by(spent: pd.Series, levels: list[str]) -> dict[tuple[str, ...], float]:
    means = spent.groupby(level=levels).mean()
    keys = [key if isinstance(key, tuple) else (key,) for key in means.index]
    return {tuple(str(part) for part in key): float(value) for key, value in zip(keys, means, strict=True)}
