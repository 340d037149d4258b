"""What teams did in one replication, and the metrics of it: time with contacts against time there and time paid for.

Refuses to know contacts one by one: how long they wait is `results.metrics`'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import Values
from scenarios.jit import jit
from scenarios.reading import LoadedScenario
from scenarios.rosters import rostered_s


class WorkedTime(NamedTuple):
    """What each team's agents did in one replication, from some second on, in the scenario's order of teams."""

    busy_s: Values
    """With any contact or in wrap-up, over all agents."""
    handled_s: Values
    """The same over all contacts: more, where agents have several at once."""
    on_duty_s: Values
    """There and logged in: rostered and not absent, and as long as the last contact takes."""
    paid_s: Values
    """Rostered, breaks and empty seats included."""
    contacts: npt.NDArray[np.int64]


TEAM_METRICS: dict[str, Callable[[WorkedTime], Values]] = {
    "occupancy": lambda worked: _ratio(worked.busy_s, worked.on_duty_s),
    "utilisation": lambda worked: _ratio(worked.busy_s, np.maximum(worked.paid_s, worked.on_duty_s)),
    "concurrency_mean": lambda worked: _ratio(worked.handled_s, worked.busy_s),
}


def _ratio(part: Values, whole: Values) -> Values:
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def worked_of(legs: pd.DataFrame, staffing: pd.DataFrame, loaded: LoadedScenario, from_s: float = 0.0) -> WorkedTime:
    """Sum up what teams did in one replication of a log; what goes on after the log's end is not counted."""
    teams = list(loaded.scenario.teams)
    served = legs[legs["agent"].notna()]
    end_s = max(staffing["to_s"].max(), 0.0) if len(staffing) else 0.0
    # where nobody was there any more, all of the agent's time is told as work after
    begins_s = served["answered_s"].fillna(served["released_s"] - served["wrap_s"]).fillna(np.inf)
    released_s, last_s = served["released_s"].fillna(np.inf), loaded.horizon_s
    handled = _inside(begins_s, released_s, from_s, last_s)
    there = _inside(staffing["from_s"], staffing["to_s"], from_s, max(end_s, from_s))
    of_leg, of_spell = (pd.Index(teams).get_indexer(pd.Index(table["team"])) for table in (served, staffing))
    handled_s = np.bincount(of_leg, weights=handled, minlength=len(teams)).astype(np.float64)
    busy_s = handled_s
    if several_at_once(loaded):
        from_to_s = (
            np.maximum(begins_s.to_numpy(np.float64), from_s),
            np.minimum(released_s.to_numpy(np.float64), last_s),
        )
        busy_s = any_at_once(of_leg, pd.factorize(served["agent"])[0], *from_to_s, len(teams))
    return WorkedTime(
        busy_s,
        handled_s,
        np.bincount(of_spell, weights=there, minlength=len(teams)).astype(np.float64),
        paid_s(loaded, from_s),
        np.bincount(of_leg, minlength=len(teams)),
    )


def several_at_once(loaded: LoadedScenario) -> bool:
    """Say whether some agents have several contacts at once: what they have laid aside counts as well."""
    return any(team.concurrency > 1 or team.interruptible for team in loaded.scenario.teams.values())


def any_at_once(
    team: npt.NDArray[Any], agent: npt.NDArray[Any], begins_s: Values, ends_s: Values, teams: int
) -> Values:
    """Return by team for how many seconds its agents had any contact, where these may overlap."""
    order = np.lexsort((begins_s, agent))
    return _any_at_once(team[order], agent[order], begins_s[order], ends_s[order], teams)


@jit
def _any_at_once(
    team: npt.NDArray[Any], agent: npt.NDArray[Any], begins_s: Values, ends_s: Values, teams: int
) -> Values:
    busy_s = np.zeros(teams)
    last, until_s = -1, 0.0
    for row in range(len(team)):
        if agent[row] != last:
            last, until_s = agent[row], -np.inf
        begins = max(begins_s[row], until_s)
        if ends_s[row] > begins:
            busy_s[team[row]] += ends_s[row] - begins
            until_s = ends_s[row]
    return busy_s


def paid_s(loaded: LoadedScenario, from_s: float = 0.0) -> Values:
    """Return by team for how many seconds agents are paid, from a scenario second on."""
    return np.array([rostered_s(loaded.roster_paid(name), from_s, loaded.horizon_s) for name in loaded.scenario.teams])


def _inside(begins: pd.Series[float], ends: pd.Series[float], from_s: float, to_s: float) -> Values:
    begun = np.maximum(begins.to_numpy(dtype=np.float64), from_s)
    inside: Values = np.maximum(np.minimum(ends.to_numpy(dtype=np.float64), to_s) - begun, 0.0)
    return inside
