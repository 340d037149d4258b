"""The metrics a scenario may name: what each means, its unit and its basis.

Four definitions of service level alone are in use, so a goal or gate names the one it means. Formulas over the contact
log stand in `results.metrics`, which must know exactly these names (a test compares the two).

>>> METRIC_NAMES["wait_s_p95"].percentile
Percentile(of='wait_s_mean', percent=95)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scenarios.faults import nearest

Unit = Literal["s", "share", "count"]

Basis = Literal["came", "answered", "customers"]
"""What a metric counts: contacts of all who came, or of those who were answered (which alone have a team); or
customers, each with all attempts of their case, on the channel of the first."""


class Percentile(NamedTuple):
    """Which percentile a metric is, and the metric that is the mean of the same values."""

    of: str
    percent: int


@dataclass(frozen=True)
class MetricName:
    """A metric's unit, whether it needs `within_s`, its meaning and where the definition is from."""

    unit: Unit
    needs_within_s: bool
    meaning: str
    source: str
    basis: Basis = "came"
    percentile: Percentile | None = None
    """None where the metric is a mean."""


_KOOLE = "Koole, Call Center Optimization (2013), ch. 2"
_GANS = "Gans, Koole and Mandelbaum, Telephone call centers (MSOM 5:2, 2003), sec. 2"
_EXCESS = (
    "EXCESSTIME of ContactCenters (Buist and L'Ecuyer); Koole, Redefining the service level in call centers (2005), for"
    " why: a service level says nothing of those it has given up on"
)
_OCCUPANCY = "ContactCenters (Buist and L'Ecuyer): OCCUPANCY"
_HYNDMAN = "Hyndman and Fan, Sample quantiles (American Statistician 50:4, 1996), definition 1"


def _percentiles() -> Iterator[tuple[str, MetricName]]:
    """Yield the families of percentiles, the unit last as in `wait_s_p95`.

    Definition 1 is the inverse of the share: it is a time that really was waited, and a service level with it as T is
    at least so many per cent.
    """
    families: tuple[tuple[str, str, Basis, tuple[int, ...]], ...] = (
        ("wait_s", "wait in the first queue, of all offered", "came", (50, 80, 90, 95, 99)),
        ("wait_answered_s", "wait in the first queue of the answered", "answered", (50, 80, 90, 95, 99)),
        ("handle_s", "time with people over all legs: talk + hold + wrap-up", "answered", (50, 90, 95)),
    )
    for name, what, basis, percents in families:
        for percent in percents:
            meaning = f"the least time that {percent} of 100 do not exceed: {what}"
            percentile = Percentile(f"{name}_mean", percent)
            yield f"{name}_p{percent}", MetricName("s", False, meaning, _HYNDMAN, basis, percentile)


END_SHARES = {
    "balked_share": "balked",
    "silent_share": "silent",
    "message_share": "message",
    "callback_share": "callback",
    "cleared_share": "cleared_at_close",
    "cut_off_share": "cut_off",
    "escalated_share": "escalated",
    "deflected_share": "deflected",
}
"""Metrics that count contacts of which a leg ended in a certain way, and the word of the contact log for it."""


def _end_shares() -> Iterator[tuple[str, MetricName]]:
    for name, end in END_SHARES.items():
        yield name, MetricName("share", False, f"contacts of which a leg ended as {end} / offered", "the contact log")


METRIC_NAMES: dict[str, MetricName] = {
    "wait_s_mean": MetricName(
        "s", False, "mean wait in the first queue, of all offered; a wait ends with an answer or by giving up", _GANS
    ),
    "wait_answered_s_mean": MetricName(
        "s", False, "mean wait in the first queue of the answered (ASA)", _KOOLE, "answered"
    ),
    "waited_share": MetricName(
        "share", False, "waited at all before the first answer or giving up / (answered + abandoned)", _KOOLE
    ),
    "service_level_offered": MetricName("share", True, "answered within T / offered", _KOOLE),
    "service_level_offered_less_quick": MetricName(
        "share", True, "answered within T / (offered - abandoned within T)", _KOOLE
    ),
    "service_level_answered_or_abandoned": MetricName(
        "share", True, "(answered + abandoned) within T / offered", _KOOLE
    ),
    "service_level_answered": MetricName("share", True, "answered within T / answered", _KOOLE, "answered"),
    "on_time_share": MetricName(
        "share",
        True,
        "answered within T / (offered + still waiting at the end for longer than T): work that is deferred",
        "as service_level_offered, which leaves out what was never done",
    ),
    "wait_excess_s_mean": MetricName(
        "s", True, "mean of what waits in the first queue exceed T by, 0 where they do not; of all offered", _EXCESS
    ),
    "wait_late_s_mean": MetricName(
        "s", True, "the same of those only who waited longer than T: how late the late ones are", _EXCESS
    ),
    "abandonment": MetricName("share", False, "abandoned / offered", _GANS),
    "blocked_share": MetricName("share", False, "got a busy signal / offered", _GANS),
    "answered_share": MetricName(
        "share", False, "answered by a person or a page / all who came while it was open", "complement of loss"
    ),
    "still_waiting_share": MetricName(
        "share", False, "still waiting when the run ended / all who came while it was open", "a caution, not a result"
    ),
    "handle_s_mean": MetricName(
        "s",
        False,
        "mean time with people over all legs of an answered contact: talk + hold + wrap-up",
        _GANS,
        "answered",
    ),
    "talk_s_mean": MetricName("s", False, "the same without wrap-up: what a customer can see", _GANS, "answered"),
    "transfer_share": MetricName(
        "share",
        False,
        "answered contacts that were transferred at least once / answered",
        "as CX07 of the survey facts",
        "answered",
    ),
    "contained_share": MetricName(
        "share",
        False,
        "self-service contacts that needed no person / self-service contacts",
        "industry usage",
        "answered",
    ),
    "wait_all_legs_s_mean": MetricName(
        "s", False, "mean wait in all queues of a contact, of the same as wait_s_mean", "as wait_s_mean"
    ),
    "legs_mean": MetricName(
        "count", False, "queues that an answered contact went through", "the contact log", "answered"
    ),
    "retellings_mean": MetricName(
        "count",
        False,
        "later legs answered by someone who did not know the story / contacts answered by people",
        "history_carried of the contact log",
        "answered",
    ),
    "promised_share": MetricName(
        "share",
        False,
        "contacts that ended with a promise / contacts answered by people",
        "promise_due_s of the contact log",
        "answered",
    ),
    "promises_kept_share": MetricName(
        "share",
        False,
        "promises kept by the time they were due / promises that fell due before the end",
        "promise_kept_s of the contact log",
        "answered",
    ),
    **dict(_end_shares()),
    "customers_answered_share": MetricName(
        "share", False, "customers answered in any attempt / customers who came while it was open", _GANS, "customers"
    ),
    "customer_resolved_share": MetricName(
        "share",
        False,
        "customers with a solution in any attempt / customers who came while it was open",
        "contact_outcome of the contact log",
        "customers",
    ),
    "customer_wait_s_mean": MetricName(
        "s", False, "mean wait over all attempts and legs of a customer", "as wait_s_mean", "customers"
    ),
    "attempts_mean": MetricName(
        "count", False, "attempts / customers who came while it was open: how often one has to try", _GANS, "customers"
    ),
    "customer_retellings_mean": MetricName(
        "count",
        False,
        "stories told again, to later legs and in later answered attempts / customers answered by people",
        "history_carried of the contact log",
        "customers",
    ),
    **dict(_percentiles()),
}

TEAM_METRIC_NAMES: dict[str, MetricName] = {
    "occupancy": MetricName(
        "share", False, "agents' time with any contact or in wrap-up / their time on duty", f"{_KOOLE}; {_OCCUPANCY}2"
    ),
    "utilisation": MetricName(
        "share",
        False,
        "agents' time with any contact or in wrap-up / the time they are rostered, breaks and empty seats included, or "
        "on duty where that is longer",
        f"{_OCCUPANCY}; the word has other meanings too",
    ),
    "concurrency_mean": MetricName(
        "count", False, "contacts that an agent has at once, over the time with any or in wrap-up", "industry usage"
    ),
}
"""Metrics of a team, which need to know who was there: they may be goals, but nobody sees them from outside."""

QUEUE_METRIC_NAMES: dict[str, MetricName] = {
    "queue_mean": MetricName(
        "count", False, "mean number waiting, over the time that the channel is open", "time average; Little (1961)"
    ),
    "backlog_mean": MetricName(
        "count", False, "number waiting as a day ends (at midnight), mean over days", "industry usage"
    ),
    "backlog_age_s_mean": MetricName(
        "s",
        False,
        "how long the one who has waited longest as a day ends has done so, mean over days",
        "industry usage",
    ),
    "backlog_age_s_max": MetricName(
        "s", False, "the same, of the day on which it is longest; 0 where nothing is left undone", "industry usage"
    ),
}
"""Metrics of a channel's queues over time: they may be goals, but a shopper does not see who else waits."""

ALL_NAMES: dict[str, MetricName] = METRIC_NAMES | TEAM_METRIC_NAMES | QUEUE_METRIC_NAMES
"""All metrics; of these a goal may name any, and a gate those of `METRIC_NAMES`."""


def a_metric(known: Collection[str], found: object) -> str:
    """Say which metric is meant: the one nearest to what was found, as there are too many to name them all.

    >>> a_metric(METRIC_NAMES, "wait_mean")
    "one of: wait_s_mean (did you mean it?), or another under 'What is measured' in docs/scenario.md"
    """
    near = nearest(known, found)
    where = "under 'What is measured' in docs/scenario.md"
    return (
        f"one of: {near} (did you mean it?), or another {where}" if near else f"a metric {where}, such as wait_s_mean"
    )
