"""Systems in which people differ: fast and slow agents, customers who must come back, busy and quiet days."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from simulator.theory.busy_days import mixed_over_days
from simulator.theory.models import Phase, Waits
from simulator.theory.returning import answered_in_vain
from simulator.theory.unlike_agents import unlike_agents
from simulator.validation import measures
from simulator.validation.measures import contact_mean, occupancy, waited
from simulator.validation.telling import HOUR_S, Expected, System, about, desk, expected, named, steady, team


def _waits(found: Waits, source: str) -> list[Expected]:
    rows = [
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
    ]
    if found.abandonment > 0:
        rows.append(expected("abandonment", contact_mean("abandonment"), found.abandonment, source))
    return rows


def _fast_and_slow(per_hour: float, service_s: float, speeds: dict[str, float]) -> System:
    found = unlike_agents(per_hour / HOUR_S, service_s, list(speeds.values()))
    source = "Markov chain of who has been idle longest, sparse solve"
    rows = [
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
        expected("talk_s_mean", contact_mean("talk_s_mean"), found.talk_s_mean, source),
    ]
    for name, busy, share in zip(speeds, found.occupancy, found.answered, strict=True):
        rows.append(expected(named("occupancy", name), measures.agent_occupancy(f"front-{name}"), busy, source))
        rows.append(expected(named("answered_share", name), measures.answered_by(f"front-{name}"), share, source))
    agents = [{"name": name, "speed": speed} for name, speed in speeds.items()]
    front = team(len(speeds), about(service_s), named=agents)
    return steady("M/M/n, agents of different speed", desk({"front": front}, {"order": per_hour}), tuple(rows), 12)


def _in_vain(per_hour: float, service_s: float, agents: int, patience_s: float) -> System:
    """A fifth of the answers settles nothing, and three of four of these customers call again."""
    found = answered_in_vain(per_hour / HOUR_S, service_s, agents, patience_s, 0.2 * 0.75, 900)
    patient = math.isinf(patience_s)
    source = "Jackson (1957)" if patient else "Markov chain of queue and those on their way back, sparse solve"
    settled = 0.8 * found.attempts * (1 - found.attempt.abandonment)
    rows = [
        *_waits(found.attempt, source),
        expected("attempts_mean", measures.attempts, found.attempts, source),
        expected("occupancy", occupancy("front", agents), found.occupancy, source),
        expected("customer_resolved_share", contact_mean("customer_resolved_share"), settled, source),
    ]
    again = {
        "probability": 0, "probability_unresolved": 0.75, "after": about(60), "after_unresolved": about(900),
        "attempts_most": 100,
    }  # fmt: skip
    front = team(agents, about(service_s), resolves=0.8)
    scenario = desk({"front": front}, {"order": per_hour}, retry={"phone": again})
    if not patient:
        scenario["patience"] = {"phone": about(patience_s)}
    return steady(f"M/M/n{'' if patient else '+M'}, answered in vain", scenario, tuple(rows))


def _busy_days(told: dict[str, Any], of_intent: bool) -> System:
    """Eight hours a day whose volume luck multiplies, and three more in which the desk empties."""
    day = [Phase(8 * HOUR_S, 40 / HOUR_S, 5), Phase(3 * HOUR_S, 0.0, 5)]
    rows = _waits(mixed_over_days(day, 300, 180, 0.4), "Markov chain through the day, mixed over the gamma factor")
    scenario = desk({"front": team(5, about(300))}, {"order": 40}, patience={"phone": about(180)})
    scenario["demand"] = [{"intent": "order", "channels": {"phone": 1.0}, "interval_minutes": 480, "contacts": [320]}]
    (scenario["demand"][0] if of_intent else scenario)["busyness"] = told
    return System("M(t)/M/n+M, busy and quiet days", scenario, (0.0, scenario["days"] * 24 * HOUR_S), tuple(rows))


PEOPLE_SYSTEMS: dict[str, Callable[[], System]] = {
    "agents_fast_and_slow": lambda: _fast_and_slow(18, 240, {"anna": 1.5, "boris": 0.6}),
    "agents_three_speeds": lambda: _fast_and_slow(34, 200, {"anna": 1.6, "boris": 1.0, "carla": 0.5}),
    "answered_in_vain": lambda: _in_vain(50, 240, 6, math.inf),
    "answered_in_vain_impatient": lambda: _in_vain(60, 300, 6, 120),
    "busy_days": lambda: _busy_days({"cv": 0.4}, False),
    "busy_days_of_intent": lambda: _busy_days({"cv": 0.4}, True),
    "busy_intervals": lambda: _busy_days({"interval_cv": 0.4}, True),
}
"""Systems by id, made when asked for."""
