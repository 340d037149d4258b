"""Queues over time: how many wait, and how old the work is that a day leaves undone.

These are averages over time or over days, not over contacts, and so are reckoned from all waits of a replication, in
the first queue and in later ones, on the channel of the contact. Refuses to know who answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import CALLED_BACK, Values
from results.log import OUR_FAULTS
from scenarios.jit import jit
from scenarios.local_days import half_hours
from scenarios.scenario import Scenario
from scenarios.units import DAY_S, INTERVAL_S

SLOTS = DAY_S // INTERVAL_S


class Waits(NamedTuple):
    """Every wait of one replication: its channel's position in the scenario, when it began and when it ended."""

    channel: npt.NDArray[np.int64]
    begins_s: Values
    ends_s: Values
    """Infinite where it had not ended with the run."""
    from_s: float
    """From when on queues are looked at."""


class Queues(NamedTuple):
    """What the queues of each channel were in one replication."""

    waited_s: Values
    """By channel and half-hour of the day: all waits together, while the channel was open."""
    open_s: Values
    """The same of the time that the channel was open."""
    waiting: npt.NDArray[np.int64]
    """By channel and day: how many waited when it ended."""
    oldest_s: Values
    """The same of the longest that one of them had waited; 0 where nobody did."""
    waits: npt.NDArray[np.int64]
    """By channel: how many waits began, those of no time among them."""

    def value(self, metric: str, channel: int, slot: int | None = None) -> float:
        """Return a metric of a channel, or of a half-hour of its days; NaN where there was no time to look.

        queue_mean is an integral over time, so that Little's law holds (Little 1961, Operations Research 9:383).
        """
        if metric == "queue_mean":
            waited_s, open_s = self.waited_s[channel], self.open_s[channel]
            waited_s, open_s = (waited_s.sum(), open_s.sum()) if slot is None else (waited_s[slot], open_s[slot])
            return float(waited_s / open_s) if open_s > 0 else np.nan
        days = {
            "backlog_mean": self.waiting, "backlog_age_s_mean": self.oldest_s, "backlog_age_s_max": self.oldest_s,
        }[metric][channel]  # fmt: skip
        if not len(days):
            return np.nan
        return float(days.max() if metric == "backlog_age_s_max" else days.mean())


def waits_of(legs: pd.DataFrame, scenario: Scenario, from_s: float = 0.0) -> Waits:
    """Return the waits of one replication of a log."""
    legs = legs[~legs["leg_end"].isin([*OUR_FAULTS, CALLED_BACK]) & legs["arrived_s"].notna()]
    channel = pd.Index(list(scenario.channels)).get_indexer(pd.Index(legs["channel"], dtype=object))
    begins_s, ends_s = legs["arrived_s"], legs["answered_s"].fillna(legs["ended_s"]).fillna(np.inf)
    return Waits(channel.astype(np.int64), begins_s.to_numpy(np.float64), ends_s.to_numpy(np.float64), from_s)


def queues_of(waits: Waits, scenario: Scenario) -> Queues:
    """Look at the queues of one replication, from `waits.from_s` on."""
    local, halves = scenario.local_days, half_hours(scenario.local_days, scenario.days)
    kinds = [scenario.kind_of(day) for day in range(scenario.days)]
    hours = [[one.open_at_s(kind, day, local) for day, kind in enumerate(kinds)] for one in scenario.channels.values()]
    hours_s = np.array(hours, dtype=np.float64)
    from_s = max(waits.from_s, 0.0)
    begins_s, ends_s, hours_then_s = halves.begins_s[:-1], halves.begins_s[1:], hours_s[:, halves.day]
    open_from_s = np.maximum(np.maximum(begins_s, hours_then_s[..., 0]), from_s)
    open_s = np.zeros((SLOTS, len(hours_s)))
    open_then_s = np.maximum(np.minimum(ends_s, hours_then_s[..., 1]) - open_from_s, 0.0)
    np.add.at(open_s, halves.slot, open_then_s.T)
    day_begins_s = np.array([local.begins_s(day) for day in range(scenario.days + 1)], dtype=np.float64)
    waited_s, waiting, oldest_s, began = _look(*waits[:3], hours_s, from_s, day_begins_s, *halves)
    first = local.day_at(from_s)
    return Queues(waited_s, np.ascontiguousarray(open_s.T), waiting[:, first:], oldest_s[:, first:], began)


@jit
def _look(
    channel: npt.NDArray[np.int64],
    begins_s: Values,
    ends_s: Values,
    hours_s: Values,
    from_s: float,
    day_begins_s: Values,
    half_begins_s: Values,
    half_slot: npt.NDArray[np.int64],
    half_day: npt.NDArray[np.int64],
) -> tuple[Values, npt.NDArray[np.int64], Values, npt.NDArray[np.int64]]:
    """Return the columns of `Queues` but open_s; `hours_s` says by channel and day from when to when it is open."""
    channels, days = hours_s.shape[:2]
    waited_s = np.zeros((channels, SLOTS))
    waiting, oldest_s = np.zeros((channels, days), dtype=np.int64), np.zeros((channels, days))
    began = np.zeros(channels, dtype=np.int64)
    for row in range(len(channel)):
        at, begins, ends = channel[row], begins_s[row], ends_s[row]
        if at < 0:
            continue
        if begins >= from_s:
            began[at] += 1
        if ends <= begins:
            continue
        now, until = max(begins, from_s), min(ends, day_begins_s[days])
        half = min(int(now // INTERVAL_S), len(half_slot) - 1) if now < until else 0
        while half_begins_s[half] > now:  # days on which clocks change have not as many as others
            half -= 1
        while now < until:
            while half_begins_s[half + 1] <= now:
                half += 1
            day, slot, slot_ends = half_day[half], half_slot[half], half_begins_s[half + 1]
            open_from, open_to = max(now, hours_s[at, day, 0]), min(until, hours_s[at, day, 1])
            waited_s[at, slot] += max(min(open_to, slot_ends) - open_from, 0.0)
            now = slot_ends
        for day in range(min(max(int(begins // DAY_S) - 1, 0), days), days):
            day_ends = day_begins_s[day + 1]
            if begins >= day_ends:
                continue
            if ends <= day_ends:
                break
            waiting[at, day] += 1
            oldest_s[at, day] = max(oldest_s[at, day], day_ends - begins)
    return waited_s, waiting, oldest_s, began
