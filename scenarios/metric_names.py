"""The metrics a scenario may name: what each means, its unit and its basis.

Four definitions of service level alone are in use, so a goal or gate names the one it means. Formulas over the contact
log stand in `results.metrics`, which must know exactly these names (a test compares the two).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricName:
    """A metric's unit (`s` or `share`), whether it needs `within_s`, its meaning and where the definition is from."""

    unit: str
    needs_within_s: bool
    meaning: str
    source: str


_KOOLE = "Koole, Call Center Optimization (2013), ch. 2"
_GANS = "Gans, Koole and Mandelbaum, Telephone call centers (MSOM 5:2, 2003), sec. 2"

METRIC_NAMES: dict[str, MetricName] = {
    "wait_s_mean": MetricName(
        "s", False, "mean wait in the first queue, of all offered; a wait ends with an answer or by giving up", _GANS
    ),
    "wait_answered_s_mean": MetricName("s", False, "mean wait in the first queue of the answered (ASA)", _KOOLE),
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
    "service_level_answered": MetricName("share", True, "answered within T / answered", _KOOLE),
    "abandonment": MetricName("share", False, "abandoned / offered", _GANS),
    "blocked_share": MetricName("share", False, "got a busy signal / offered", _GANS),
    "answered_share": MetricName(
        "share", False, "answered by a person or a page / all who came while it was open", "complement of loss"
    ),
    "still_waiting_share": MetricName(
        "share", False, "still waiting when the run ended / all who came while it was open", "a caution, not a result"
    ),
    "handle_s_mean": MetricName(
        "s", False, "mean time with people over all legs of an answered contact: talk + hold + wrap-up", _GANS
    ),
    "talk_s_mean": MetricName("s", False, "the same without wrap-up: what a customer can see", _GANS),
    "transfer_share": MetricName(
        "share",
        False,
        "answered contacts that were transferred at least once / answered",
        "as CX07 of the survey facts",
    ),
    "contained_share": MetricName(
        "share", False, "self-service contacts that needed no person / self-service contacts", "industry usage"
    ),
}

TEAM_METRIC_NAMES: dict[str, MetricName] = {
    "occupancy": MetricName("share", False, "agents' time with contacts and in wrap-up / their time on duty", _KOOLE),
}
"""Metrics of a team, which need to know who was there: figures of a simulation, but neither goals nor gates."""
