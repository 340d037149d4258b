"""What is measured of a simulated system, as sums per replication: a value is the ratio of two sums.

Ratios are taken over all replications together, as means of ratios are biased; their standard error is the ratio
estimator's (Cochran, Sampling Techniques, 1977, sec. 6.4), the replications being the sample. Contacts count where
they arrived inside the window; shares of time are exact integrals over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.log import wait_s
from results.metrics import contacts_of, values_of
from results.statistics import Estimate
from scenarios.units import DAY_S

Array = npt.NDArray[np.float64]

Sums = tuple[Array, Array]
"""Numerator and denominator, a number for each replication."""


@dataclass(frozen=True)
class Seen:
    """What a batch of replications left: its legs, its contacts inside the window, and the window in seconds."""

    legs: pd.DataFrame = field(repr=False)
    contacts: pd.DataFrame = field(repr=False)
    replications: int
    from_s: float
    until_s: float
    horizon_s: float

    @classmethod
    def of(cls, legs: pd.DataFrame, replications: int, window_s: tuple[float, float], horizon_s: float) -> Seen:
        """Fold a batch's legs."""
        contacts = contacts_of(legs)
        inside = contacts[(contacts["arrived_s"] >= window_s[0]) & (contacts["arrived_s"] < window_s[1])]
        return cls(legs, inside, replications, *window_s, horizon_s)

    @property
    def cut_off(self) -> int:
        """How many legs that began inside the window never came to an answer, as the run ended first."""
        return int(((self.legs["leg_end"] == "censored") & self.legs["answered_s"].isna() & self._inside()).sum())

    def legs_inside(self, leg: int | None = None) -> pd.DataFrame:
        """Return legs that began inside the window: all, or the first (0), second (1) …"""
        chosen = self._inside() if leg is None else self._inside() & (self.legs["leg"] == leg)
        return self.legs[chosen]

    def _inside(self) -> pd.Series[bool]:
        return (self.legs["arrived_s"] >= self.from_s) & (self.legs["arrived_s"] < self.until_s)

    def summed(self, replication: pd.Series[int], values: npt.NDArray[Any]) -> Array:
        """Add values up by replication."""
        summed = np.bincount(replication.to_numpy(dtype=np.int64), weights=values, minlength=self.replications)
        return summed.astype(np.float64)


Measure = Callable[[Seen], Sums]


def contact_mean(metric: str, within_s: float | None = None, intent: str | None = None) -> Measure:
    """Return a metric of the registry, as every report shows it; of one intent or of all."""

    def measure(seen: Seen) -> Sums:
        contacts = seen.contacts if intent is None else seen.contacts[seen.contacts["intent"] == intent]
        values = values_of(contacts, metric, within_s)
        known = ~np.isnan(values)
        replication = contacts["replication"]
        return seen.summed(replication, np.where(known, values, 0.0)), seen.summed(replication, known.astype(float))

    return measure


def waited(intent: str | None = None) -> Measure:
    """Return the share of contacts that waited at all before the first answer, or before giving up."""

    def measure(seen: Seen) -> Sums:
        contacts = seen.contacts if intent is None else seen.contacts[seen.contacts["intent"] == intent]
        late = (contacts["wait_s"] > 0).to_numpy(dtype=np.float64)
        return seen.summed(contacts["replication"], late), seen.summed(contacts["replication"], np.ones(len(late)))

    return measure


def leg_wait(leg: int) -> Measure:
    """Return the mean wait of a first (0) or second (1) leg."""

    def measure(seen: Seen) -> Sums:
        legs = seen.legs_inside(leg)
        waits = wait_s(legs).fillna(0.0).to_numpy(dtype=np.float64)
        return seen.summed(legs["replication"], waits), seen.summed(legs["replication"], np.ones(len(waits)))

    return measure


def wait_all_legs(seen: Seen) -> Sums:
    """Return the mean wait of a contact over all its legs."""
    legs = seen.legs_inside()
    firsts = (legs["leg"] == 0).to_numpy(dtype=np.float64)
    waits = wait_s(legs).fillna(0.0).to_numpy(dtype=np.float64)
    return seen.summed(legs["replication"], waits), seen.summed(legs["replication"], firsts)


def span(intent: str) -> Measure:
    """Return the mean time from the answer to the end of an intent's contacts, with that in which they lay aside."""
    return _lasting(intent, "answered_s")


def time_here(intent: str) -> Measure:
    """Return the mean time from the beginning to the end of an intent's contacts."""
    return _lasting(intent, "arrived_s")


def _lasting(intent: str, begins: str) -> Measure:
    def measure(seen: Seen) -> Sums:
        legs = seen.legs_inside(0)
        legs = legs[(legs["intent"] == intent) & legs["ended_s"].notna()]
        lasting = (legs["ended_s"] - legs[begins]).to_numpy(dtype=np.float64)
        return seen.summed(legs["replication"], lasting), seen.summed(legs["replication"], np.ones(len(lasting)))

    return measure


def attempts(seen: Seen) -> Sums:
    """Return attempts per customer."""
    legs = seen.legs_inside(0)
    firsts = (legs["attempt"] == 1).to_numpy(dtype=np.float64)
    return seen.summed(legs["replication"], np.ones(len(legs))), seen.summed(legs["replication"], firsts)


def occupancy(team: str, agents: int) -> Measure:
    """Return the share of the window in which a team's agents are with a customer or in the work after."""

    def measure(seen: Seen) -> Sums:
        legs = seen.legs[(seen.legs["team"] == team) & seen.legs["answered_s"].notna()]
        return _time_inside(seen, legs, "answered_s", legs["released_s"], agents)

    return measure


def agent_occupancy(agent: str) -> Measure:
    """Return the share of the window in which one agent, by the log's name, is with a customer or in the work after."""

    def measure(seen: Seen) -> Sums:
        legs = seen.legs[(seen.legs["agent"] == agent) & seen.legs["answered_s"].notna()]
        return _time_inside(seen, legs, "answered_s", legs["released_s"], 1)

    return measure


def answered_by(agent: str) -> Measure:
    """Return the share of the answered whom one agent answers, by the log's name."""

    def measure(seen: Seen) -> Sums:
        legs = seen.legs_inside(0)
        legs = legs[legs["answered_s"].notna()]
        mine = (legs["agent"] == agent).to_numpy(dtype=np.float64)
        return seen.summed(legs["replication"], mine), seen.summed(legs["replication"], np.ones(len(mine)))

    return measure


def queue_mean(seen: Seen) -> Sums:
    """Return the mean number waiting."""
    return _time_inside(seen, seen.legs, "arrived_s", seen.legs["answered_s"].fillna(seen.legs["ended_s"]), 1)


def in_system_mean(seen: Seen) -> Sums:
    """Return the mean number waiting or being served."""
    return _time_inside(seen, seen.legs, "arrived_s", seen.legs["ended_s"], 1)


def _time_inside(seen: Seen, legs: pd.DataFrame, begins: str, ends: pd.Series[float], of: int) -> Sums:
    ended = np.minimum(ends.fillna(seen.horizon_s).to_numpy(dtype=np.float64), seen.until_s)
    began = np.maximum(legs[begins].to_numpy(dtype=np.float64), seen.from_s)
    spent = seen.summed(legs["replication"], np.maximum(ended - began, 0.0))
    return spent, np.full(seen.replications, of * (seen.until_s - seen.from_s))


Counted = Callable[[pd.DataFrame], npt.NDArray[Any]]
"""Of contacts: how much each counts."""


def counted(of: Counted, per: float = 1.0) -> Measure:
    """Return what contacts come to in a replication, over `per`, what is expected of one; with 1 their number."""

    def measure(seen: Seen) -> Sums:
        values = np.nan_to_num(np.asarray(of(seen.contacts), dtype=np.float64))
        return seen.summed(seen.contacts["replication"], values), np.full(seen.replications, per)

    return measure


def customers_mean(seen: Seen) -> Sums:
    """Return how many customers wait or are being served, of all hours of the run; colleagues asked in are none."""
    legs = seen.legs[seen.legs["role"].isna()]
    lasting = (legs["ended_s"] - legs["arrived_s"]).to_numpy(dtype=np.float64)
    return seen.summed(legs["replication"], lasting), np.full(seen.replications, seen.horizon_s)


def busy_share(team: str, agents: int, hours: float, open_s: tuple[float, float] | None = None) -> Measure:
    """Return agents' busy time over so many hours of each: all of it, or only from when to when each day is open."""

    def measure(seen: Seen) -> Sums:
        busy = _busy(seen, team)
        begins = busy["answered_s"].to_numpy(dtype=np.float64)
        ends = busy["released_s"].to_numpy(dtype=np.float64)
        if open_s is not None:
            day_s = begins // DAY_S * DAY_S
            begins, ends = np.maximum(begins, day_s + open_s[0]), np.minimum(ends, day_s + open_s[1])
        lasting = seen.summed(busy["replication"], np.maximum(ends - begins, 0.0))
        return lasting, np.full(seen.replications, agents * hours * 3600.0)

    return measure


def busy_of_present(
    team: str, roster: Sequence[tuple[float, int]], intent: str | None = None, to_the_last: bool = False
) -> Measure:
    """Return agents' busy time over the time that they are there, those included who finish after their time is over.

    Args:
        team: whose agents.
        roster: from which second on how many are rostered, over the whole run.
        intent: only their time with these contacts.
        to_the_last: only until the last customer has left.
    """

    def measure(seen: Seen) -> Sums:
        mine, busy = _busy(seen, team, intent), _busy(seen, team)
        until_s = np.full(seen.replications, seen.horizon_s)
        if to_the_last:
            last_s = seen.legs.groupby("replication")["ended_s"].max()
            until_s[last_s.index.to_numpy()] = np.maximum(last_s.to_numpy(dtype=np.float64), roster[-1][0])
        lasting = (mine["released_s"] - mine["answered_s"]).to_numpy(dtype=np.float64)
        return seen.summed(mine["replication"], lasting), _present_s(busy, roster, until_s)

    return measure


def _busy(seen: Seen, team: str, intent: str | None = None) -> pd.DataFrame:
    mine = (seen.legs["team"] == team) & seen.legs["answered_s"].notna()
    if intent is not None:
        mine &= seen.legs["intent"] == intent
    return seen.legs.loc[mine, ["replication", "answered_s", "released_s"]]


def _present_s(busy: pd.DataFrame, roster: Sequence[tuple[float, int]], until_s: Array) -> Array:
    """Return the seconds of agents who are rostered or still busy, by replication: the larger of the two numbers."""
    replications = np.arange(len(until_s))
    whose, one = busy["replication"].to_numpy(), np.ones(len(busy))
    steps = [(replications, np.full(len(until_s), from_s), count) for from_s, count in roster]
    steps.append((replications, until_s, 0))
    changes = np.diff([0, *(count for _, _, count in steps)])
    nobody = np.zeros(len(until_s))
    events = [
        (whose, busy["answered_s"].to_numpy(), one, 0 * one),
        (whose, busy["released_s"].to_numpy(), -one, 0 * one),
    ]
    events += [(of, at_s, nobody, nobody + change) for (of, at_s, _), change in zip(steps, changes, strict=True)]
    replication, at_s, served, rostered = (np.concatenate(column) for column in zip(*events, strict=True))
    order = np.lexsort((at_s, replication))
    present = np.maximum(np.cumsum(served[order]), np.cumsum(rostered[order]))
    lasting = np.diff(at_s[order], append=0.0)  # a replication ends with nobody there, whatever comes next
    return np.bincount(replication[order], weights=present * lasting).astype(np.float64)


def ratio_estimate(sums: Sums) -> Estimate:
    """Estimate a ratio of sums with its standard error over replications; NaN where nothing was seen."""
    above, below = sums
    count, whole = len(above), float(below.sum())
    if whole == 0:
        return Estimate(np.nan, np.inf, 1)
    ratio = float(above.sum()) / whole
    if count < 2:
        return Estimate(ratio, np.inf, 1)
    strays = above - ratio * below
    error = float(np.sqrt(count / (count - 1) * np.square(strays).sum())) / whole
    return Estimate(ratio, error, count - 1)
