"""How a validated system is told: its scenario, the window in which it is watched, what is expected of it.

Holds the two records and the small parts from which `simulator.validation.systems` puts scenarios together.

>>> published_error("0.033")
0.0005
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from pydantic import TypeAdapter

from scenarios.laws import AnyLaw, Law
from simulator.validation.measures import Measure

HOUR_S = 3600.0
CONTACTS_A_REPLICATION = 4000
STRAYS_MOST = 6.0
TAIL_S = HOUR_S
"""Contacts of the last hour are not counted: the run might end before they are answered."""


@dataclass(frozen=True)
class Expected:
    """A figure a system should show: how it is measured, its value, and how far off is too far.

    `error` is half a unit of the last digit where the value is printed somewhere, else 0; `strays` the standard error
    that the printed value itself has, where it was simulated.
    """

    metric: str
    measure: Measure
    value: float
    tolerance: float
    source: str
    error: float = 0.0
    strays: float = 0.0


@dataclass(frozen=True)
class System:
    """A scenario as plain values, the window in seconds in which it is watched, and what is expected of it.

    The desk starts empty, which the long run does not: the first hours are left out, several times as long as such a
    queue needs to forget. Days that end empty are watched whole.
    """

    model: str
    scenario: dict[str, Any]
    window_s: tuple[float, float]
    expected: tuple[Expected, ...]


def tolerance_of(metric: str, value: float) -> float:
    """Return how far from `value` a simulated figure may be: 3 % of a wait (0.3 s at least), 2 % of a share (0.003).

    >>> tolerance_of("wait_s_mean (refund)", 100.0), tolerance_of("abandonment", 0.04)
    (3.0, 0.003)
    """
    name = metric.split(" (")[0]
    if name.endswith("_s_mean"):
        return max(0.03 * value, 0.3)
    if name in ("queue_mean", "in_system_mean"):
        return max(0.04 * value, 0.03)
    return max(0.02 * value, 0.003)


def published_error(printed: str) -> float:
    """Return half a unit of the last digit of a printed number."""
    return float(Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent)) / 2)


def about(mean_s: float) -> dict[str, Any]:
    """Return an exponential law."""
    return {"law": "exponential", "mean_s": mean_s}


def law_of(written: Mapping[str, Any]) -> AnyLaw:
    """Read a law as a scenario writes it."""
    adapter: TypeAdapter[AnyLaw] = TypeAdapter(Law)
    return adapter.validate_python(dict(written))


def team(agents: int | Mapping[str, int], service: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a phone team: so many agents always, or from each time of day on."""
    roster = {"00:00": agents} if isinstance(agents, int) else dict(agents)
    return {"channels": ["phone"], "agents": roster, "service": {"default": dict(service)}, **more}


def desk(teams: Mapping[str, Any], per_hour: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """Return a phone desk around the clock with even demand, as many days as give a few thousand contacts."""
    rate = sum(per_hour.values())
    return {
        "scenario": "validated", "title": "A system with a known answer", "time_zone": "UTC", "starts": "2026-03-03",
        "days": max(1, math.ceil(CONTACTS_A_REPLICATION / (24 * rate))),
        "channels": {"phone": {"opens": "00:00", "closes": "24:00"}},
        "intents": dict.fromkeys(per_hour, "A question"),
        "demand": [
            {"intent": intent, "channels": {"phone": 1.0}, "interval_minutes": 60, "contacts": [hourly] * 24}
            for intent, hourly in per_hour.items()
        ],
        "teams": dict(teams), **more,
    }  # fmt: skip


def steady(model: str, scenario: dict[str, Any], expected: tuple[Expected, ...], warm_h: float = 8.0) -> System:
    """Watch a desk in its long run, from `warm_h` hours on."""
    demand = scenario["demand"]
    hours = math.ceil(warm_h + max(2.0, CONTACTS_A_REPLICATION / sum(one["contacts"][0] for one in demand)))
    if hours >= 24:
        tail_s = max(TAIL_S, warm_h * HOUR_S)  # who came last may wait as long as the desk takes to settle
        return System(model, scenario, (warm_h * HOUR_S, scenario["days"] * 24 * HOUR_S - tail_s), expected)
    # so many come in an hour that a part of a day is enough; those who came last are served after it
    demand = [{**one, "contacts": one["contacts"][:hours]} for one in demand]
    return System(model, {**scenario, "demand": demand}, (warm_h * HOUR_S, hours * HOUR_S), expected)


def expected(metric: str, measure: Measure, value: float, source: str) -> Expected:
    """Return a figure that theory gives."""
    return Expected(metric, measure, value, tolerance_of(metric, value), source)


def printed(metric: str, measure: Measure, printed: str, source: str) -> Expected:
    """Return a figure as it is printed somewhere."""
    value, error = float(printed), published_error(printed)
    return Expected(metric, measure, value, max(tolerance_of(metric, value), 2 * error), source, error)


def simulated(
    metric: str,
    measure: Measure,
    printed: str,
    low: str,
    high: str,
    source: str,
    scale: float = 1.0,
    level: float = 0.95,
) -> Expected:
    """Return a figure that another simulator printed with its interval of so high a level, times `scale`.

    It may be six of its own standard errors off, as both are simulated; `z` then judges it by the errors of both.
    """
    value, error = float(printed) * scale, published_error(printed) * abs(scale)
    strays = (float(high) - float(low)) / (2 * NormalDist().inv_cdf((1 + level) / 2)) * abs(scale)
    tolerance = max(tolerance_of(metric, value), 2 * error + STRAYS_MOST * strays)
    return Expected(metric, measure, value, tolerance, source, error, strays)


def named(metric: str, part: str | None) -> str:
    """Name a metric of one intent or team."""
    return metric if part is None else f"{metric} ({part})"
