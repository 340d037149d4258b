"""A load test's figures as metrics for other tools: one table of names, which every export of metrics takes.

All are gauges: what a run that is over has shown. Times are scenario seconds. A time that nothing was measured of has
no sample, so that nobody's dashboard shows it as 0; a counted state that nobody ended in has one, of 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.load_figures import Checked, Measured, load_rows, state_rows
from results.runs import FINISHED
from scenarios.thresholds import PERCENTS, RESPONSE_NAMES, Threshold

STARTS = ("intended", "actual")
WHERE = ("stage", "channel", "step")
RULE = ("threshold", "metric", *WHERE, "start")


@dataclass(frozen=True)
class Gauge:
    """A metric: its name, the unit as UCUM writes it, what it tells, and its labels."""

    name: str
    unit: str
    tells: str
    labels: tuple[str, ...] = ()


RESPONSE = Gauge(
    "testdrive_response_seconds", "s", "time from a step to the first answer to it, scenario seconds; exact",
    (*WHERE, "start", "quantile"),
)  # fmt: skip
STEPS = Gauge("testdrive_steps", "{step}", "steps that wait for an answer", WHERE)
CONTACTS = Gauge("testdrive_contacts", "{contact}", "contacts by how they ended", ("stage", "channel", "state"))
PLANNED = Gauge("testdrive_contacts_planned", "{contact}", "contacts that the whole run was to play")
THRESHOLD_VALUE = Gauge("testdrive_threshold_value", "1", "what was measured, seconds or a share", RULE)
THRESHOLD_LIMIT = Gauge("testdrive_threshold_limit", "1", "what was wanted, seconds or a share", RULE)
THRESHOLD_OF = Gauge("testdrive_threshold_measured", "1", "of how many contacts or steps", RULE)
THRESHOLD_KEPT = Gauge("testdrive_threshold_kept", "1", "1: kept; 0: missed, or it cannot be told", RULE)
THRESHOLD_TOLD = Gauge(
    "testdrive_threshold_told", "1", "1: kept or missed; 0: nothing was measured, or the run was cut off", RULE
)
FIT = Gauge("testdrive_instrument_fit", "1", "1: the generator was fit to measure; 0: it was not")
COMPLETE = Gauge("testdrive_run_complete", "1", "1: the run came to its end; 0: it was cut off")

GAUGES = (
    RESPONSE, STEPS, CONTACTS, PLANNED, THRESHOLD_VALUE, THRESHOLD_LIMIT, THRESHOLD_OF, THRESHOLD_KEPT, THRESHOLD_TOLD,
    FIT, COMPLETE,
)  # fmt: skip
"""Every metric that is exported, in this order."""


@dataclass(frozen=True)
class Sample:
    """A value of a gauge; `labels` are in the order of the gauge's."""

    gauge: Gauge
    labels: tuple[str, ...]
    value: float

    def labelled(self) -> dict[str, str]:
        """Return the labels by name."""
        return dict(zip(self.gauge.labels, self.labels, strict=True))


def samples_of(facts: Mapping[str, Any], measured: Measured, checked: Sequence[Checked]) -> list[Sample]:
    """Return everything that a load test has to tell, no gauge twice with the same labels."""
    told = [*_figures(measured), *_thresholds(checked)]
    told.append(Sample(PLANNED, (), float(facts["planned"])))
    told.append(Sample(FIT, (), float(bool(facts["instrument"]["fit"]))))
    told.append(Sample(COMPLETE, (), float(facts["state"] == FINISHED)))
    return list({(one.gauge.name, one.labels): one for one in told}.values())


def threshold_name(threshold: Threshold) -> str:
    """Name a threshold by all that it says.

    >>> threshold_name(Threshold(metric="response_s_p99", step="open", stage="peak", at_most=2))
    'response_s_p99 at most 2 (stage peak, step open, from the intended start)'
    """
    bound = f"at least {threshold.at_least:g}" if threshold.at_least is not None else f"at most {threshold.at_most:g}"
    parts = [f"{name} {value}" for name in WHERE if (value := getattr(threshold, name)) is not None]
    if threshold.within_s is not None:
        parts.append(f"within {threshold.within_s:g} s")
    if threshold.metric in RESPONSE_NAMES:
        parts.append(f"from the {threshold.measured} start")
    return f"{threshold.metric} {bound}" + (f" ({', '.join(parts)})" if parts else "")


def _figures(measured: Measured) -> Iterator[Sample]:
    for row in state_rows(measured):
        for state, count in row.items():
            if state not in ("stage", "channel"):
                yield Sample(CONTACTS, (row["stage"], row["channel"], state), float(count))
    quantiles = {**{name: percent / 100 for name, percent in PERCENTS.items()}, "max": 1.0}
    for row in load_rows(measured):
        where = (row["stage"], row["channel"], row["step"])
        yield Sample(STEPS, where, float(row["steps"]))
        for start in STARTS:
            for name, quantile in quantiles.items():
                value = float(row[f"{start}_{name}_s"])
                if not math.isnan(value):
                    yield Sample(RESPONSE, (*where, start, f"{quantile:g}"), value)


def _thresholds(checked: Sequence[Checked]) -> Iterator[Sample]:
    for one in checked:
        threshold = one.threshold
        start = threshold.measured if threshold.metric in RESPONSE_NAMES else ""
        where = (threshold.stage or "all", threshold.channel or "all", threshold.step or "all")
        labels = (threshold_name(threshold), threshold.metric, *where, start)
        limit = threshold.at_least if threshold.at_least is not None else threshold.at_most
        yield Sample(THRESHOLD_LIMIT, labels, float(limit or 0.0))
        yield Sample(THRESHOLD_OF, labels, float(one.n))
        yield Sample(THRESHOLD_KEPT, labels, float(bool(one.kept)))
        yield Sample(THRESHOLD_TOLD, labels, float(one.kept is not None))
        if one.n:
            yield Sample(THRESHOLD_VALUE, labels, one.value)
