"""What a run looks like while it lasts, cut into bins of time; and the band in which a simulation expects that.

A wait counts in the bin in which it ended, as that is when a measured run knows how long it was; who waits and who is
being talked to is counted at the end of each bin. Refuses to know whether anything is being measured.

>>> Bins.over(36_000.0, 36_290.0, 86_400.0)
Bins(from_s=36000.0, bin_s=5.0, number=70)
>>> Bins.over(36_000.0, 36_290.0, 86_400.0).of(36_012.0)
2
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import GAVE_UP, NOT_OFFERED

Values = npt.NDArray[np.float64]

NICE_S = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0)
BINS_WANTED = 60
"""So many at most while customers come, where a bin of half an hour does not ask for more."""
GOES_ON_SHARE, GOES_ON_S = 0.1, 30.0
"""So much longer than the last customer is due a run is expected to go on."""

LOW, HIGH = 0.05, 0.95
"""The band: between these quantiles of the replications."""

PRESENT = ("waiting", "in_conversation")
OF_ENDED = ("abandoned_share", "wait_s_p50", "wait_s_p90")
SERIES = (*PRESENT, *OF_ENDED)
"""What a band tells of each channel and bin: people, a share of the waits that were over, seconds."""

NO_WAIT = (*NOT_OFFERED, "blocked", "failed", "unstarted", "withheld", "target_error")
"""Ends that tell nothing of how long one waits."""

TALKS = ("chat", "phone")
"""Channels on which it is seen when a conversation is over: who has an answer to a form or mail waits for another."""


@dataclass(frozen=True)
class Bins:
    """Bins of scenario time."""

    from_s: float
    bin_s: float
    number: int

    @classmethod
    def over(cls, first_s: float, last_s: float, horizon_s: float) -> Bins:
        """Return bins for a run whose first and last customers are due at these scenario seconds."""
        span_s = last_s - first_s
        bin_s = next((nice for nice in NICE_S if span_s / nice <= BINS_WANTED), NICE_S[-1])
        from_s = math.floor(first_s / bin_s) * bin_s
        until_s = min(last_s + GOES_ON_SHARE * span_s + GOES_ON_S, horizon_s)
        return cls(from_s, bin_s, max(math.ceil((until_s - from_s) / bin_s), 1))

    def of(self, at_s: float) -> int:
        """Return the bin of an instant: below 0 or from `number` on where it lies outside."""
        return math.floor((at_s - self.from_s) / self.bin_s)

    @property
    def ends_s(self) -> Values:
        """When each ends."""
        return self.from_s + self.bin_s * (1 + np.arange(self.number, dtype=np.float64))


Band = dict[str, dict[str, list[list[float | None]]]]
"""By channel and series: low, middle and high of each bin, None where the simulation knows nothing."""


def band_of(legs: pd.DataFrame, bins: Bins) -> Band:
    """Return the band of a simulated log of several replications."""
    replications = range(int(legs["replication"].max()) + 1)
    page = legs["answered_s"].notna() & legs["ended_s"].notna() & legs["talk_s"].isna()
    queued = legs[legs["arrived_s"].notna() & legs["role"].isna()].assign(page=page)
    told = _of_the_ended(queued, bins)
    found: Band = {}
    for channel, rows in queued.groupby("channel"):
        parts = dict(list(rows.groupby("replication")))
        seen = [_present_in(parts.get(number, rows.iloc[:0]), bins) for number in replications]
        values = {name: np.array([one[name] for one in seen]) for name in PRESENT}
        values |= {name: _table(told[told["channel"] == channel], name, bins, len(replications)) for name in OF_ENDED}
        found[str(channel)] = {
            name: _quantiles(values[name]) for name in SERIES if name != "in_conversation" or channel in TALKS
        }
    return found


def _quantiles(values: Values) -> list[list[float | None]]:
    """Return low, middle and high of each bin over the replications, which are rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # bins in which no replication knows anything
        columns = np.nanquantile(values, (LOW, 0.5, HIGH), axis=0).T
    return [[None if math.isnan(value) else float(value) for value in column] for column in columns]


def _present_in(legs: pd.DataFrame, bins: Bins) -> dict[str, Values]:
    waits, spoken = legs[~legs["page"]], legs[legs["answered_s"].notna()]
    return {
        "waiting": _present(waits["arrived_s"], waits["answered_s"].fillna(waits["ended_s"]), bins),
        "in_conversation": _present(spoken["answered_s"], spoken["ended_s"], bins),
    }


def _present(from_s: pd.Series[float], to_s: pd.Series[float], bins: Bins) -> Values:
    """Return how many are there at the end of each bin, of those who are there from and to these instants."""
    come = np.searchsorted(np.sort(from_s.to_numpy(dtype=np.float64)), bins.ends_s, side="right")
    gone = np.searchsorted(np.sort(to_s.dropna().to_numpy(dtype=np.float64)), bins.ends_s, side="right")
    return (come - gone).astype(np.float64)


def _of_the_ended(queued: pd.DataFrame, bins: Bins) -> pd.DataFrame:
    """Return a row per channel, replication and bin: the share that gave up, and waits, of those whose wait ended."""
    first = queued[~queued["page"]].sort_values("leg").drop_duplicates(["replication", "contact_id"])
    answered, end = first["answered_s"].notna(), first["leg_end"]
    first = first.assign(over_s=first["answered_s"].fillna(first["ended_s"]), gave_up=end.isin(GAVE_UP))
    first = first[answered | ~end.isin(NO_WAIT)].dropna(subset=["over_s"])
    first["wait_s"] = first["over_s"] - first["arrived_s"]
    first["bin"] = np.floor((first["over_s"] - bins.from_s) / bins.bin_s).astype(int)
    grouped = first[first["bin"].between(0, bins.number - 1)].groupby(["channel", "replication", "bin"])
    waits = grouped["wait_s"]
    told = {
        "abandoned_share": grouped["gave_up"].mean(),
        "wait_s_p50": waits.quantile(0.5, interpolation="nearest"),
        "wait_s_p90": waits.quantile(0.9, interpolation="nearest"),
    }
    return pd.DataFrame(told).reset_index()


def _table(told: pd.DataFrame, name: str, bins: Bins, replications: int) -> Values:
    """Return a figure as a row per replication and a column per bin, NaN where nobody ended."""
    table: Values = np.full((replications, bins.number), np.nan)
    table[told["replication"].to_numpy(dtype=int), told["bin"].to_numpy(dtype=int)] = told[name].to_numpy(dtype=float)
    return table
