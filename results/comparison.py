"""Simulated against measured: three-valued verdicts, gate by gate and for the run.

The difference of each gate's metric gets an interval; inside the tolerance it agrees, wholly outside it differs, else
we cannot tell, and say why and what sample would decide. The decisions are Holm-adjusted over the gates, and the
interval shown is the one that decided.

How sure a measured mean is: waits of one day are correlated, so contacts are not the sample. The spread is the larger
of (a) what replications of the same plan with the desk's luck redrawn show for just these contacts, and (b) batch means
of measured minus expected, contact by contact. (a) knows the correlation but believes the scenario; (b) believes
nothing. Of a percentile, both are had from the share of contacts above it (Woodruff's interval). Guarded by
tests/results/test_comparison.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from results.metrics import by_replication, contacts_of, metric_of, values_of
from results.statistics import (
    Estimate,
    Placement,
    Values,
    batch_means_error,
    holm_levels,
    percentile_error,
    place,
    replication_estimate,
)
from scenarios.metric_names import METRIC_NAMES
from scenarios.scenario import Gate

ALPHA = 0.05
CONTACTS_LEAST = 20
"""With fewer measured contacts no interval is trusted: a skewed law can put five of them anywhere."""

MATCHED_LEAST = 0.5
"""Share of measured contacts that must be found in the simulated log to compare contact by contact."""

UNANSWERED_MOST = 0.02
"""So many more contacts than simulated may be cut off or still wait at the end before nothing can agree."""

BIN_S = 1800.0

AGREES, DIFFERS, CANNOT_TELL = "agrees", "differs", "cannot tell"


@dataclass(frozen=True)
class Row:
    """One line of a comparison. Intervals are 95 %, but the difference's is the one that decided a gate."""

    metric: str
    within_s: float | None
    channel: str
    team: str | None
    gate: bool
    simulated: float
    simulated_low: float
    simulated_high: float
    measured: float
    measured_low: float
    measured_high: float
    difference: float
    low: float
    high: float
    level: float
    tolerance: float | None
    verdict: str | None
    reason: str
    contacts: int
    contacts_all: int
    contacts_needed: int | None


@dataclass(frozen=True)
class Comparison:
    """The verdict of a run with its rows, gates first."""

    verdict: str
    rows: tuple[Row, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Measured:
    """A row before the gates are weighed together."""

    row: Row
    error: float
    freedom: float
    placement: Placement | None
    unanswered: str = ""
    """Why the contacts that tell of this gate cannot speak for all, where that is so."""


def compare_logs(simulated: pd.DataFrame, measured: pd.DataFrame, gates: Sequence[Gate]) -> Comparison:
    """Compare two contact logs at the gates, and show the usual metrics beside them.

    Args:
        simulated: legs of one or more replications.
        measured: legs of a measured or recorded run. Where it has shoppers, only they count: the background is load.
        gates: at most six.
    """
    expected = contacts_of(simulated)
    seen = contacts_of(measured)
    all_by_channel = seen.groupby("channel").size()
    seen = told_by(seen)
    bands = {
        channel: _Band(expected[expected["channel"] == channel], seen[seen["channel"] == channel])
        for channel in sorted(set(seen["channel"]) | {gate.channel for gate in gates} | set(expected["channel"]))
    }
    judged = [bands[gate.channel].measure(gate, int(all_by_channel.get(gate.channel, 0))) for gate in gates]
    rows = _decide(judged)
    named = {(gate.metric, gate.within_s, gate.channel, gate.team) for gate in gates}
    for channel, band in bands.items():
        for metric in (
            "wait_s_mean",
            "wait_answered_s_mean",
            "abandonment",
            "answered_share",
            "talk_s_mean",
            "contained_share",
        ):
            if (metric, None, channel, None) not in named:
                shown = band.show(metric, channel, int(all_by_channel.get(channel, 0)))
                if not (math.isnan(shown.simulated) and math.isnan(shown.measured)):
                    rows.append(shown)
    return _verdict(tuple(rows))


def told_by(seen: pd.DataFrame) -> pd.DataFrame:
    """Return the measured contacts that count: the shoppers where there are any, since the background is load."""
    shoppers = seen["played_by"] == "shopper"
    return seen[shoppers] if shoppers.any() else seen


def same_customers(expected: pd.DataFrame, seen: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Cut simulated rows to the customers that were measured; where too few are found, return all of them and False.

    A recorded customer may have an id of their own, which no plan knows: then it is contacts that are matched.
    """
    if seen.empty:
        return expected, False
    found = {name: float(seen[name].isin(set(expected[name])).mean()) for name in ("customer_id", "contact_id")}
    by = max(found, key=found.__getitem__)
    if found[by] < MATCHED_LEAST:
        return expected, False
    return expected[expected[by].isin(set(seen[by]))], True


def _verdict(rows: tuple[Row, ...]) -> Comparison:
    gates = [row for row in rows if row.gate]
    if not gates:
        return Comparison(CANNOT_TELL, rows, ("the scenario names no gates, so nothing can decide",))
    for verdict in (DIFFERS, CANNOT_TELL):
        found = [row for row in gates if row.verdict == verdict]
        if found:
            return Comparison(verdict, rows, tuple(f"{row.channel} {row.metric}: {row.reason}" for row in found))
    return Comparison(AGREES, rows, (f"all {len(gates)} gates lie inside their tolerances",))


class _Band:
    """A channel's simulated replications cut to the contacts that were measured."""

    def __init__(self, expected: pd.DataFrame, seen: pd.DataFrame) -> None:
        self.seen = seen.reset_index(drop=True)
        self.expected, self.matched = same_customers(expected, seen)

    def measure(self, gate: Gate, contacts_all: int) -> _Measured:
        return self._measure(gate.metric, gate.within_s, gate.channel, gate.team, contacts_all, gate)

    def show(self, metric: str, channel: str, contacts_all: int) -> Row:
        return self._measure(metric, None, channel, None, contacts_all, None).row

    def _measure(
        self,
        metric: str,
        within_s: float | None,
        channel: str,
        team: str | None,
        contacts_all: int,
        gate: Gate | None,
    ) -> _Measured:
        expected, seen = self.expected, self.seen
        if team is not None:
            expected, seen = expected[expected["team"] == team], seen[seen["team"] == team]
        values = values_of(seen, metric, within_s)
        drawn = values_of(expected, metric, within_s)
        by_day = by_replication(drawn, expected["replication"].to_numpy(), metric)
        simulated = replication_estimate(by_day)
        kept = ~np.isnan(values)
        counted = int(kept.sum())
        value = metric_of(values, metric)
        sampled, batches = self._errors(metric, value, expected, seen, drawn, values)
        spread, freedom = _spread(by_day, sampled, batches)
        if METRIC_NAMES[metric].percentile and not math.isfinite(batches[0]):
            spread, freedom = math.inf, 1.0  # what replications show believes the scenario, and here nothing checks it
        measured = Estimate(value, spread, freedom)
        difference = value - simulated.value
        error = math.hypot(spread, simulated.error) if counted else math.inf
        tolerance = _tolerance(gate, simulated.value) if gate else None
        row = Row(
            metric, within_s, channel, team, gate is not None, simulated.value, *simulated.interval(), value,
            *measured.interval(), difference, *Estimate(difference, error, freedom).interval(), 0.95, tolerance, None,
            "", counted, contacts_all, None,
        )  # fmt: skip
        if gate is None:
            return _Measured(row, error, freedom, None)
        unfit = self._unfit(metric, counted, simulated, len(by_day), expected, seen)
        if not unfit and not math.isfinite(error):
            unfit = f"{counted} measured contacts hold too few beyond the percentile to tell how sure it is"
        if unfit or tolerance is None or math.isnan(tolerance):
            reason = unfit or "the tolerance is a share of a simulated value that is not there"
            return _Measured(replace(row, verdict=CANNOT_TELL, reason=reason), error, freedom, None)
        placement = place(difference, error, freedom, tolerance)
        return _Measured(row, error, freedom, placement, _unanswered(expected, seen))

    def _errors(
        self,
        metric: str,
        value: float,
        expected: pd.DataFrame,
        seen: pd.DataFrame,
        drawn: npt.NDArray[np.float64],
        values: npt.NDArray[np.float64],
    ) -> tuple[float, tuple[float, float]]:
        """Return how far so few contacts stray from their day, and what batches of them say, with its freedom."""
        kept, known = ~np.isnan(values), drawn[~np.isnan(drawn)]
        counted = int(kept.sum())
        percentile = METRIC_NAMES[metric].percentile
        if percentile is None:
            sampled = 0.0 if self.matched else _sampling_error(drawn, counted)
            return sampled, batch_means_error(values[kept] - self._expect(expected, seen, drawn)[kept])
        percent, sampled = percentile.percent, 0.0
        independent = math.sqrt(percent / 100 * (1 - percent / 100) / max(counted, 1))
        if not self.matched and len(known):
            sampled = percentile_error(known, percent, independent, len(known))
        above, drawn_above = _above(values, value), _above(drawn, value)
        batches, freedom = batch_means_error((above - self._expect(expected, seen, drawn_above))[kept])
        if math.isfinite(batches):  # where hardly anyone lies beyond it, batches are alike by chance
            batches = percentile_error(values[kept], percent, max(batches, independent), freedom)
        return sampled, (batches, freedom)

    def _unfit(
        self,
        metric: str,
        counted: int,
        simulated: Estimate,
        days: int,
        expected: pd.DataFrame,
        seen: pd.DataFrame,
    ) -> str:
        if counted == 0:
            return "no measured contact tells of it; no data is never a pass"
        if math.isnan(simulated.value):
            return "no simulated contact tells of it"
        if days < 2:
            return "one simulated replication shows no spread; simulate at least 2, better 20"
        if counted < CONTACTS_LEAST:
            return f"{counted} measured contacts; below {CONTACTS_LEAST} no interval can be trusted"
        if metric == "handle_s_mean" and expected["wrap_seen"].any() and not seen["wrap_seen"].any():
            return "wrap-up is simulated but cannot be seen from outside; gate talk_s_mean instead"
        return ""

    def _expect(
        self, expected: pd.DataFrame, seen: pd.DataFrame, drawn: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the simulated mean for each measured contact: of that contact, else of its half hour, else of all."""
        frame = pd.DataFrame({"contact_id": expected["contact_id"].to_numpy(), "value": drawn})
        frame["bin"] = (expected["arrived_s"].to_numpy() // BIN_S).astype(float)
        overall = float(frame["value"].mean()) if len(frame) else math.nan
        by_bin = frame.groupby("bin")["value"].mean()
        found = pd.Series(seen["arrived_s"].to_numpy() // BIN_S).map(by_bin)
        if self.matched:
            found = (
                seen["contact_id"].reset_index(drop=True).map(frame.groupby("contact_id")["value"].mean()).fillna(found)
            )
        return found.fillna(overall).to_numpy(dtype=float)


def _unanswered(expected: pd.DataFrame, seen: pd.DataFrame) -> str:
    """Say why what was measured cannot speak for all: more were never answered than simulated."""
    measured, simulated = (float(each["unanswered"].mean()) if len(each) else 0.0 for each in (seen, expected))
    if measured <= simulated + UNANSWERED_MOST:
        return ""
    return (
        f"{measured:.0%} of the measured contacts were neither answered nor given up (simulated: {simulated:.0%}); "
        "the others cannot speak for them"
    )


def _above(values: npt.NDArray[np.float64], level: float) -> npt.NDArray[np.float64]:
    """Return which values lie above a level, as 1 and 0; what is not known stays so."""
    above = values.copy()
    above[~np.isnan(values)] = values[~np.isnan(values)] > level
    return above


def _sampling_error(drawn: Values, counted: int) -> float:
    """Return how far a mean of so many contacts strays from its day's: other customers were measured than simulated."""
    known = drawn[~np.isnan(drawn)]
    return float(known.std()) / math.sqrt(counted) if len(known) and counted else 0.0


def _spread(by_day: Values, sampled: float, batches: tuple[float, float]) -> tuple[float, float]:
    """Return the larger of the two standard errors of a measured mean, with its degrees of freedom.

    `sampled` is added to the spread of simulated days where not just these customers were simulated.
    """
    days = by_day[~np.isnan(by_day)]
    simulated = math.hypot(float(days.std(ddof=1)), sampled) if len(days) > 1 else math.inf
    error, freedom = batches
    if not math.isfinite(error) or simulated >= error:
        return simulated, max(len(days) - 1.0, 1.0)
    return error, freedom


def _tolerance(gate: Gate, simulated: float) -> float:
    if gate.tolerance_absolute is not None:
        return gate.tolerance_absolute
    assert gate.tolerance_relative is not None
    return gate.tolerance_relative * abs(simulated)


def _decide(judged: Sequence[_Measured]) -> list[Row]:
    """Weigh the gates together: each is tested at the level Holm leaves it."""
    p_values = [min(m.placement.inside_p, m.placement.outside_p) if m.placement else 1.0 for m in judged]
    levels = holm_levels(p_values, ALPHA)
    rows = []
    for measured, p_value, level in zip(judged, p_values, levels, strict=True):
        row = measured.row
        shown = 1 - 2 * level
        low, high = Estimate(row.difference, measured.error, measured.freedom).interval(shown)
        row = replace(row, low=low, high=high, level=shown)
        if measured.placement is None or row.tolerance is None:
            rows.append(row)
            continue
        decided = p_value <= level
        verdict = CANNOT_TELL if not decided else AGREES if measured.placement.inside_p <= p_value else DIFFERS
        reason, needed = _words(row, row.tolerance, verdict, measured, level)
        if verdict == AGREES and measured.unanswered:
            verdict, reason = CANNOT_TELL, measured.unanswered
        rows.append(replace(row, verdict=verdict, reason=reason, contacts_needed=needed))
    return rows


def _words(row: Row, tolerance: float, verdict: str, measured: _Measured, level: float) -> tuple[str, int | None]:
    """Say why, and how many contacts would decide where these did not."""
    if verdict == AGREES:
        return "the interval of the difference lies inside the tolerance", None
    if verdict == DIFFERS:
        side = "above" if row.difference > 0 else "below"
        return f"measured lies {side} simulated by more than the tolerance", None
    room = abs(tolerance - abs(row.difference))
    reach = float(stdtrit(measured.freedom, 1 - level)) * measured.error
    if not math.isfinite(reach) or room <= reach / 30:
        return "the difference lies too near the tolerance for any affordable sample", None
    needed = math.ceil(row.contacts * (reach / room) ** 2)
    return f"the interval reaches across the tolerance; about {needed:,} contacts like these would decide", needed
