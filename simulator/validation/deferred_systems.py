"""Systems of work that can wait: what an agent lays aside for a call and takes up again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.theory import erlang_c
from simulator.theory.interrupted import interrupted, own_work_interrupted
from simulator.validation import measures
from simulator.validation.measures import contact_mean, waited
from simulator.validation.telling import HOUR_S, System, about, desk, expected, named, steady, team

LONE = "preemptive resume, Conway, Maxwell and Miller (1967), closed form"


def _blended(agents: int, calls: float, mails: float, service: dict[str, Any]) -> dict[str, Any]:
    """Agents who lay e-mails aside for calls; calls go first where both wait."""
    front = {**team(agents, about(1)), "channels": ["phone", "email"], "service": service, "interruptible": ["email"]}
    scenario = desk({"front": front}, {"call": calls, "mail": mails})
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
    scenario["demand"][1]["channels"] = {"email": 1.0}
    scenario["priorities"] = [{"channels": ["phone"], "priority": 1}]
    return scenario


def _one_agent(calls: float, service_s: float, mails: float, work_s: float, work_cv: float) -> System:
    found = interrupted(calls / HOUR_S, service_s, 1.0, mails / HOUR_S, work_s, work_cv)
    rows = (
        expected(named("wait_s_mean", "call"), contact_mean("wait_s_mean", None, "call"), found.wait_s, LONE),
        expected(
            named("wait_s_mean", "mail"), contact_mean("wait_s_mean", None, "mail"), found.wait_laid_aside_s, LONE
        ),
        expected(named("span_s_mean", "mail"), measures.span("mail"), found.span_s, LONE),
        expected(named("talk_s_mean", "mail"), contact_mean("talk_s_mean", None, "mail"), work_s, "its law"),
    )
    law = {"law": "gamma", "mean_s": work_s, "cv": work_cv}
    scenario = _blended(1, calls, mails, {"call": about(service_s), "mail": law})
    return steady("M/G/1, e-mails laid aside for calls", scenario, rows, 24)


def _several_agents(agents: int, calls: float, service_s: float, mails: float, work_s: float) -> System:
    """Calls find the desk as if there were no e-mails, and each agent takes up their own."""
    queue = erlang_c(calls / HOUR_S, service_s, agents)
    _, time_here_s = own_work_interrupted(calls / HOUR_S, service_s, mails / HOUR_S, work_s, agents)
    source = "Erlang C (1917), closed form"
    rows = (
        expected(named("p_wait", "call"), waited("call"), queue.p_wait, source),
        expected(named("wait_s_mean", "call"), contact_mean("wait_s_mean", None, "call"), queue.wait_s_mean, source),
        expected(
            named("time_here_s_mean", "mail"),
            measures.time_here("mail"),
            time_here_s,
            "Markov chain of agents by what they do and have laid aside, sparse solve",
        ),
    )
    scenario = _blended(agents, calls, mails, {"call": about(service_s), "mail": about(work_s)})
    return steady("M/M/n, e-mails laid aside for calls", scenario, rows, 12)


DEFERRED_SYSTEMS: dict[str, Callable[[], System]] = {
    "laid_aside_one_agent": lambda: _one_agent(4, 240, 3, 500, 0.6),
    "laid_aside_several_agents": lambda: _several_agents(2, 10, 240, 6, 400),
}
"""Systems by id, made when asked for."""
