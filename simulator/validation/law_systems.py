"""Systems whose laws are made of phases, and lines in which intents differ in patience.

Several agents whose service is not exponential have no formula; made of phases they are a Markov chain. A line whose
intents give up by laws of their own is exact by the integrals of M/M/n+G for any laws, as long as all are served
alike, and once more, for exponential laws, by a Markov chain that knows the order of the line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from simulator.theory.models import SkillTeam, skills
from simulator.theory.patience import patience_by_class
from simulator.theory.phase_type import phase_service
from simulator.validation.measures import contact_mean, occupancy, waited
from simulator.validation.telling import HOUR_S, System, about, desk, expected, law_of, named, steady, team

Told = dict[str, Any]


def _phase_service(
    model: str, per_hour: float, service: Told, agents: int, warm_h: float, patience_s: float = math.inf
) -> System:
    law = law_of(service)
    found = phase_service(per_hour / HOUR_S, law, agents, patience_s)
    source = "Markov chain of phases (Neuts 1981), sparse solve"
    busy = per_hour / HOUR_S * (1 - found.abandonment) * law.mean() / agents
    rows = [
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
        expected("occupancy", occupancy("front", agents), busy, source),
    ]
    scenario = desk({"front": team(agents, service)}, {"order": per_hour})
    if patience_s < math.inf:
        scenario["patience"] = {"phone": about(patience_s)}
        rows.append(expected("abandonment", contact_mean("abandonment"), found.abandonment, source))
    return steady(model, scenario, tuple(rows), warm_h)


def _by_intent(per_hour: Mapping[str, float], patience: Told, service_s: float, agents: int) -> System:
    """One line, first come, first served, in which each intent gives up by its own law, or never."""
    rates = [rate / HOUR_S for rate in per_hour.values()]
    told = [patience.get(intent, patience.get("default")) for intent in per_hour]
    found = patience_by_class(rates, service_s, agents, [law and law_of(law) for law in told])
    source = "Zeltyn and Mandelbaum 2005, sec. 3, integrals; the classes' patience mixed"
    rows = [expected("occupancy", occupancy("front", agents), found[0].occupancy, source)]
    for intent, queue in zip(per_hour, found, strict=True):
        wait, level = contact_mean("wait_s_mean", None, intent), contact_mean("service_level_offered", 20, intent)
        rows += [
            expected(named("p_wait", intent), waited(intent), queue.p_wait, source),
            expected(named("wait_s_mean", intent), wait, queue.wait_s_mean, source),
            expected(named("service_level_offered_20s", intent), level, queue.service_level(20), source),
        ]
        if queue.abandonment > 1e-9:
            lost = contact_mean("abandonment", None, intent)
            rows.append(expected(named("abandonment", intent), lost, queue.abandonment, source))
    scenario = desk({"front": team(agents, about(service_s))}, per_hour, patience={"phone": patience})
    return steady("M/M/n+G, patience by intent", scenario, tuple(rows), 4)


def _by_intent_exponential() -> System:
    per_hour, patience_s = {"order": 30.0, "refund": 18.0}, {"order": 60.0, "refund": 240.0}
    front = SkillTeam(4, 240.0, frozenset({0, 1}))
    found, busy = skills([rate / HOUR_S for rate in per_hour.values()], [front], list(patience_s.values()))
    source = "Markov chain with the line's order, sparse solve"
    rows = [expected("occupancy", occupancy("front", 4), busy[0], source)]
    for intent, waits in zip(per_hour, found, strict=True):
        wait, lost = contact_mean("wait_s_mean", None, intent), contact_mean("abandonment", None, intent)
        rows += [
            expected(named("p_wait", intent), waited(intent), waits.p_wait, source),
            expected(named("wait_s_mean", intent), wait, waits.wait_s_mean, source),
            expected(named("abandonment", intent), lost, waits.abandonment, source),
        ]
    by_intent = {intent: about(mean_s) for intent, mean_s in patience_s.items()}
    scenario = desk({"front": team(4, about(240))}, per_hour, patience={"phone": by_intent})
    return steady("M/M/n+M, patience by intent", scenario, tuple(rows), 3)


LAW_SYSTEMS: dict[str, Callable[[], System]] = {
    "several_erlang": lambda: _phase_service("M/E2/n", 66, {"law": "erlang", "mean_s": 200, "phases": 2}, 5, 8),
    "several_hyperexponential": lambda: _phase_service(
        "M/H2/n", 60, {"law": "hyperexponential", "branches": [[0.8, 100], [0.2, 600]]}, 5, 12
    ),
    "several_phases_impatient": lambda: _phase_service(
        "M/PH/n+M", 70, {"law": "phase_type", "initial": [1, 0], "rates": [[-0.01, 0.004], [0, -0.002]]}, 6, 4, 240
    ),
    "patience_by_intent": lambda: _by_intent(
        {"buy": 80, "refund": 60, "outage": 20},
        {
            "buy": {"law": "exponential", "mean_s": 90, "zero": 0.32},
            "refund": {"law": "erlang", "mean_s": 600, "phases": 2},
        },
        300,
        12,
    ),
    "patience_by_intent_exponential": _by_intent_exponential,
}
"""Systems by id, made when asked for."""
