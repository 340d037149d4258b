"""The systems: each a scenario, and figures of it that are published or that theory gives exactly.

Holds what the scenario language can say: single queues with every law, finite lines, priority, calls passed on,
redialling, skills with and without ranks, days with shifts, breaks and a spike. What is published stands here as
printed, with the error of its last digit; the rest is computed by `simulator.theory` where it is asked for, so that no
number of ours is pinned. Those with laws of phases on several agents, and with patience by intent, stand in
`simulator.validation.law_systems`, fast and slow agents, customers who come back and busy days in
`simulator.validation.people_systems`, work that is laid aside in `simulator.validation.deferred_systems`, the examples
of another simulator in `simulator.validation.contactcenters`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from simulator.theory import (
    QueueTheory,
    constant_service,
    erlang_a,
    erlang_c,
    finite_lines,
    general_patience,
    mean_wait_one_server,
    priority_waits_s,
)
from simulator.theory.conversations import chat_pool, processor_sharing_s, turn_by_turn
from simulator.theory.models import (
    Phase,
    SkillTeam,
    Waits,
    day_of_phases,
    priority_with_patience,
    ranked_n_design,
    second_tier,
    skills,
)
from simulator.theory.returning import redialling, redialling_at_once_or_never
from simulator.validation import measures
from simulator.validation.contactcenters import CONTACTCENTERS_SYSTEMS
from simulator.validation.deferred_systems import DEFERRED_SYSTEMS
from simulator.validation.law_systems import LAW_SYSTEMS
from simulator.validation.measures import contact_mean, occupancy, waited
from simulator.validation.people_systems import PEOPLE_SYSTEMS
from simulator.validation.telling import (
    CONTACTS_A_REPLICATION,
    HOUR_S,
    Expected,
    System,
    about,
    desk,
    expected,
    law_of,
    named,
    printed,
    steady,
    team,
)

PYWORKFORCE = "rodrigo-arenas/pyworkforce, README and test suite (MIT)"
HERZOG = "A-Herzog/Callcenter-Simulator, test suite (Apache-2.0)"
GANS = "Gans, Koole and Mandelbaum, Telephone call centers, M&SOM 5 (2003) 79: 48 calls a minute, 50 agents"


def _queue_rows(queue: QueueTheory, agents: int, source: str, within_s: float) -> tuple[Expected, ...]:
    rows = [
        expected("p_wait", waited(), queue.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), queue.wait_s_mean, source),
        expected("occupancy", occupancy("front", agents), queue.occupancy, source),
        expected(
            f"service_level_offered_{within_s:g}s",
            contact_mean("service_level_offered", within_s),
            queue.service_level(within_s),
            source,
        ),
    ]
    if queue.abandonment > 1e-9:
        answered = contact_mean("wait_answered_s_mean")
        rows.insert(2, expected("abandonment", contact_mean("abandonment"), queue.abandonment, source))
        rows.insert(3, expected("wait_answered_s_mean", answered, queue.wait_answered_s_mean, source))
    return tuple(rows)


def _patient(per_hour: float, service_s: float, agents: int, within_s: float) -> System:
    queue = erlang_c(per_hour / HOUR_S, service_s, agents)
    scenario = desk({"front": team(agents, about(service_s))}, {"order": per_hour})
    return steady("M/M/n", scenario, _queue_rows(queue, agents, "Erlang C (1917), closed form", within_s))


def _impatient(per_hour: float, service_s: float, agents: int, patience_s: float) -> System:
    queue = erlang_a(per_hour / HOUR_S, service_s, agents, patience_s)
    scenario = desk(
        {"front": team(agents, about(service_s))}, {"order": per_hour}, patience={"phone": about(patience_s)}
    )
    return steady("M/M/n+M", scenario, _queue_rows(queue, agents, "Erlang A (Palm 1946), exact sum", 20), 3)


def _general(patience: dict[str, Any], per_hour: float = 240, service_s: float = 300, agents: int = 19) -> System:
    words = f"{patience['law']} patience" + (", some accept no wait" if patience.get("zero") else "")
    queue = general_patience(per_hour / HOUR_S, service_s, agents, law_of(patience))
    scenario = desk({"front": team(agents, about(service_s))}, {"order": per_hour}, patience={"phone": patience})
    source = "Zeltyn and Mandelbaum 2005, sec. 3, integrals"
    return steady(f"M/M/n+G ({words})", scenario, _queue_rows(queue, agents, source, 20), 4)


def _one_agent(per_hour: float, service: dict[str, Any], mean_s: float, cv: float, **more: Any) -> System:
    """One agent whose work, wrap-up included, has the mean and cv given: the law's own where it is the whole."""
    wait = mean_wait_one_server(per_hour / HOUR_S, mean_s, cv)
    source = "Pollaczek (1930) and Khinchine (1932)"
    rows = (
        expected("wait_s_mean", contact_mean("wait_s_mean"), wait, source),
        expected("p_wait", waited(), per_hour * mean_s / HOUR_S, source),
        expected("occupancy", occupancy("front", 1), per_hour * mean_s / HOUR_S, source),
    )
    scenario = desk({"front": team(1, service, **more)}, {"order": per_hour})
    return steady("M/G/1", scenario, rows, 24)


def _two_intents() -> System:
    rates, means = {"order": 4.0, "refund": 3.0}, {"order": 180.0, "refund": 400.0}
    whole = sum(rates.values())
    mean = sum(rates[i] * means[i] for i in rates) / whole
    square = sum(rates[i] * 2 * means[i] ** 2 for i in rates) / whole
    wait = mean_wait_one_server(whole / HOUR_S, mean, math.sqrt(square / mean**2 - 1))
    source = "Pollaczek (1930) and Khinchine (1932), a mixture of two laws"
    front = {**team(1, about(1)), "service": {intent: about(mean_s) for intent, mean_s in means.items()}}
    rows = tuple(
        expected(named("wait_s_mean", intent), contact_mean("wait_s_mean", None, intent), wait, source)
        for intent in (None, *rates)
    )
    return steady("M/G/1, two intents", desk({"front": front}, rates), rows, 24)


def _constant() -> System:
    per_hour, service_s, agents = 60.0, 240.0, 6
    queue = constant_service(per_hour / HOUR_S, service_s, agents)
    source = "Crommelin (1932), solved"
    rows = (
        expected("p_wait", waited(), queue.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), queue.wait_s_mean, source),
        expected("queue_mean", measures.queue_mean, queue.queue_mean, source),
    )
    service = {"law": "deterministic", "value_s": service_s}
    return steady("M/D/n", desk({"front": team(agents, service)}, {"order": per_hour}), rows)


# -- published -----------------------------------------------------------------------------------------------------


def _published_patient() -> System:
    rows = (
        printed("p_wait", waited(), "0.174132", PYWORKFORCE),
        printed("service_level_offered_20s", contact_mean("service_level_offered", 20), "0.88835", PYWORKFORCE),
        printed("occupancy", occupancy("front", 14), "0.714286", PYWORKFORCE),
    )
    return steady("M/M/n", desk({"front": team(14, about(180))}, {"order": 200}), rows)


def _published_impatient(
    per_hour: float, service_s: float, agents: int, patience_s: float, rows: tuple[Expected, ...]
) -> System:
    teams = {"front": team(agents, about(service_s))}
    scenario = desk(teams, {"order": per_hour}, patience={"phone": about(patience_s)})
    return steady("M/M/n+M", scenario, rows, 3)


def _pyworkforce() -> System:
    rows = (
        printed("p_wait", waited(), "0.14526", PYWORKFORCE),
        printed("abandonment", contact_mean("abandonment"), "0.013984", PYWORKFORCE),
        printed("occupancy", occupancy("front", 14), "0.704297", PYWORKFORCE),
        printed("wait_s_mean", contact_mean("wait_s_mean"), "4.19514", PYWORKFORCE),
        printed("service_level_offered_20s", contact_mean("service_level_offered", 20), "0.916792", PYWORKFORCE),
    )
    return _published_impatient(200, 180, 14, 300, rows)


def _herzog() -> System:
    rows = (
        printed("abandonment", contact_mean("abandonment"), "0.033", HERZOG),
        printed("wait_s_mean", contact_mean("wait_s_mean"), "9.91", HERZOG),
        printed("queue_mean", measures.queue_mean, "0.58", HERZOG),
        printed("in_system_mean", measures.in_system_mean, "10.73", HERZOG),
    )
    return _published_impatient(210, 180, 13, 300, rows)


def _gans() -> System:
    rows = (
        printed("abandonment", contact_mean("abandonment"), "0.031", GANS),
        printed("wait_s_mean", contact_mean("wait_s_mean"), "3.7", GANS),
        printed("occupancy", occupancy("front", 50), "0.93", GANS),
    )
    return _published_impatient(2880, 60, 50, 120, rows)


# -- lines and priority --------------------------------------------------------------------------------------------


def _lines(per_hour: float, service_s: float, agents: int, lines: int, patience_s: float = math.inf) -> System:
    queue = finite_lines(per_hour / HOUR_S, service_s, agents, lines, patience_s)
    source = "birth-death chain, closed form"
    rows = [
        expected("blocked_share", contact_mean("blocked_share"), queue.p_block, source),
        expected("occupancy", occupancy("front", agents), queue.occupancy, source),
    ]
    scenario = desk({"front": team(agents, about(service_s))}, {"order": per_hour})
    scenario["channels"] = {"phone": {"opens": "00:00", "closes": "24:00", "lines": lines}}
    if lines > agents:
        rows.append(expected("wait_s_mean", contact_mean("wait_s_mean"), queue.wait_accepted_s_mean, source))
    if patience_s < math.inf:
        scenario["patience"] = {"phone": about(patience_s)}
        lost = queue.abandonment_accepted * (1 - queue.p_block)
        rows.append(expected("abandonment", contact_mean("abandonment"), lost, source))
    name = "M/M/n/n" if lines == agents else "M/M/n/K" if patience_s == math.inf else "M/M/n/K+M"
    return steady(name, scenario, tuple(rows), 4)


def _priority(per_hour: dict[str, float], service_s: float, agents: int, patience_s: dict[str, float]) -> System:
    """Two classes, the first before the second; those with patience have it by channel, so each has its own."""
    first, second = per_hour
    rates = per_hour[first] / HOUR_S, per_hour[second] / HOUR_S
    rule = [{"intents": [first], "priority": 1}]
    scenario = desk({"front": team(agents, about(service_s))}, per_hour, priorities=rule)
    if not patience_s:
        waits = priority_waits_s(rates, service_s, agents)
        rows = [
            expected(named("wait_s_mean", name), contact_mean("wait_s_mean", None, name), wait, "Cobham (1954)")
            for name, wait in zip(per_hour, waits, strict=True)
        ]
        return steady("M/M/n, two priorities", scenario, tuple(rows), 12)
    found = priority_with_patience(rates, service_s, agents, (patience_s[first], patience_s[second]))
    source = "Markov chain, sparse solve"
    rows = [row for name, waits in zip(per_hour, found, strict=True) for row in _waits_rows(waits, source, name)]
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    scenario["channels"] = {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "chat")}
    scenario["demand"][1]["channels"] = {"chat": 1.0}
    scenario["patience"] = {"phone": about(patience_s[first]), "chat": about(patience_s[second])}
    return steady("M/M/n+M, two priorities", scenario, tuple(rows), 4)


# -- more than one queue -------------------------------------------------------------------------------------------


def _passed_on(teams: Mapping[str, Any], share: float) -> dict[str, Any]:
    return {
        "channels": {name: {"opens": "00:00", "closes": "24:00"} for name in ("phone", "email")},
        "transfers": [{"from": "front", "to": "back", "probability": share}],
        "teams": dict(teams),
    }


def _jackson() -> System:
    first, second = erlang_c(150 / HOUR_S, 200, 10).wait_s_mean, erlang_c(30 / HOUR_S, 540, 6).wait_s_mean
    source = "Jackson (1957)"
    rows = (
        expected("wait_first_s_mean", measures.leg_wait(0), first, source),
        expected("wait_second_s_mean", measures.leg_wait(1), second, source),
        expected("wait_whole_s_mean", measures.wait_all_legs, first + 0.2 * second, source),
    )
    teams = {"front": team(10, about(200)), "back": {**team(6, about(540)), "channels": ["email"]}}
    return steady("two tiers", {**desk({}, {"order": 150}), **_passed_on(teams, 0.2)}, rows)


def _second_tier() -> System:
    first, second = second_tier(60 / HOUR_S, (180, 300), (3, 2), 120, 0.25, (40, 80))
    source = "Markov chain, sparse solve"
    rows = (
        expected("abandonment", contact_mean("abandonment"), first.abandonment, source),
        expected("wait_first_s_mean", measures.leg_wait(0), first.wait_s_mean, source),
        expected("wait_second_s_mean", measures.leg_wait(1), second.wait_s_mean, source),
    )
    teams = {"front": team(3, about(180)), "back": {**team(2, about(300)), "channels": ["email"]}}
    scenario = {**desk({}, {"order": 60}), **_passed_on(teams, 0.25), "patience": {"phone": about(120)}}
    return steady("two tiers, impatient", scenario, rows)


def _redial() -> System:
    found = redialling(60 / HOUR_S, 300, 5, 120, 0.5, 600)
    source = "Markov chain of queue and orbit, sparse solve"
    rows = (
        *_waits_rows(found.attempt, source),
        expected("attempts_mean", measures.attempts, found.attempts, source),
        expected("occupancy", occupancy("front", 5), found.occupancy, source),
    )
    retry = {"phone": {"probability": 0.5, "after": about(600), "attempts_most": 100}}
    teams = {"front": team(5, about(300))}
    scenario = desk(teams, {"order": 60}, patience={"phone": about(120)}, retry=retry)
    return steady("M/M/n+M with redialling", scenario, rows)


def _redial_patience(kept: bool) -> System:
    """Half accept no wait at all: kept, they never learn to wait; drawn afresh, every other time they do."""
    found = redialling_at_once_or_never(48 / HOUR_S, 300, 5, 0.5, 0.7, 900, kept)
    source = "Markov chain of queue and orbit, sparse solve"
    rows = (
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.attempt.wait_s_mean, source),
        expected("abandonment", contact_mean("abandonment"), found.attempt.abandonment, source),
        expected("attempts_mean", measures.attempts, found.attempts, source),
        expected("occupancy", occupancy("front", 5), found.occupancy, source),
    )
    patience = {"phone": {"law": "empirical", "points": [[0, 0], [0.5, 0]]}}
    again = {"probability": 0.7, "after": about(900), "attempts_most": 100, "patience": "kept" if kept else "fresh"}
    scenario = desk({"front": team(5, about(300))}, {"order": 48}, patience=patience, retry={"phone": again})
    return steady(f"redialling, patience {again['patience']}", scenario, rows)


def _ranked() -> System:
    per_hour, agents, service_s = {"order": 30.0, "refund": 18.0}, (2, 2), (200.0, 240.0)
    rates = per_hour["order"] / HOUR_S, per_hour["refund"] / HOUR_S
    found, busy = ranked_n_design(rates, agents, service_s, 90)
    source = "Markov chain, sparse solve"
    rows = [row for waits, intent in zip(found, per_hour, strict=True) for row in _waits_rows(waits, source, intent)]
    teams = {
        "everything": team(2, about(240), ranks={"refund": 1, "order": 2}),
        "orders": team(2, about(200), skills=["order"]),
    }
    rows += [
        expected(named("occupancy", name), occupancy(name, 2), share, source)
        for name, share in zip(("orders", "everything"), busy, strict=True)
    ]
    scenario = desk(teams, per_hour, patience={"phone": about(90)})
    return steady("N-design with ranks", scenario, tuple(rows), 3)


def _waits_rows(found: Waits, source: str, intent: str | None = None) -> tuple[Expected, ...]:
    wait, lost = contact_mean("wait_s_mean", None, intent), contact_mean("abandonment", None, intent)
    return (
        expected(named("p_wait", intent), waited(intent), found.p_wait, source),
        expected(named("wait_s_mean", intent), wait, found.wait_s_mean, source),
        expected(named("abandonment", intent), lost, found.abandonment, source),
    )


def _skilled(model: str, per_hour: dict[str, float], teams: dict[str, tuple[int, float, list[str]]]) -> System:
    intents = list(per_hour)
    floor = [SkillTeam(n, mean_s, frozenset(map(intents.index, able))) for n, mean_s, able in teams.values()]
    found, busy = skills([rate / HOUR_S for rate in per_hour.values()], floor, 90)
    source = "Markov chain with the line's order, sparse solve"
    rows = [row for waits, intent in zip(found, intents, strict=True) for row in _waits_rows(waits, source, intent)]
    for (name, (agents, _, _)), share in zip(teams.items(), busy, strict=True):
        rows.append(expected(named("occupancy", name), occupancy(name, agents), share, source))
    written = {name: team(n, about(mean_s), skills=able) for name, (n, mean_s, able) in teams.items()}
    return steady(model, desk(written, per_hour, patience={"phone": about(90)}), tuple(rows), 3)


def _n_design() -> System:
    teams = {"orders": (2, 200.0, ["order"]), "everything": (2, 240.0, ["order", "refund"])}
    return _skilled("N-design", {"order": 30.0, "refund": 18.0}, teams)


def _bilingual() -> System:
    teams = {
        "english": (2, 240.0, ["hello"]),
        "french": (1, 240.0, ["bonjour"]),
        "both": (1, 240.0, ["hello", "bonjour"]),
    }
    return _skilled("bilingual routing", {"hello": 28.0, "bonjour": 14.0}, teams)


# -- days ----------------------------------------------------------------------------------------------------------

HALF_HOUR_S = 1800.0


def _day(model: str, half_hours: list[float], roster: dict[int, int], service_s: float, patience_s: float) -> System:
    """A day told by contacts in each half-hour from midnight and agents from each half-hour on; it ends empty."""
    phases, agents = [], 0
    for number in range(48):
        agents = roster.get(number, agents)
        coming = half_hours[number] if number < len(half_hours) else 0.0
        phases.append(Phase(HALF_HOUR_S, coming / HALF_HOUR_S, agents))
    found = day_of_phases(phases, service_s, patience_s)
    rows = _waits_rows(found, "Markov chain through the day, uniformization")
    clock = {f"{number // 2:02d}:{number % 2 * 30:02d}": count for number, count in roster.items()}
    scenario = desk({"front": team(clock, about(service_s))}, {"order": 1.0}, patience={"phone": about(patience_s)})
    scenario["demand"] = [{"intent": "order", "channels": {"phone": 1.0}, "contacts": half_hours}]
    scenario["days"] = max(1, round(CONTACTS_A_REPLICATION / sum(half_hours)))
    return System(model, scenario, (0.0, scenario["days"] * 24 * HOUR_S), rows)


def _shifts() -> System:
    curve = [0.0] * 16 + [20, 45, 70, 80, 75, 65, 50, 55, 65, 60, 50, 40, 30, 20, 10]
    roster = {0: 0, 16: 5, 18: 11, 22: 8, 24: 11, 27: 5, 30: 3, 34: 0}
    return _day("M(t)/M/n(t)+M, a day with shifts", curve, roster, 300, 150)


def _breaks() -> System:
    """Two shifts with a break each, told as shifts; the same day as steps is what the chain goes through."""
    curve = [0.0] * 16 + [30.0] * 16
    roster = {0: 0, 16: 5, 20: 2, 21: 5, 26: 8, 27: 5, 30: 8, 32: 3, 36: 0}
    system = _day("M(t)/M/n(t)+M, shifts with breaks", curve, roster, 300, 150)
    shifts = [
        {"starts": "08:00", "ends": "16:00", "agents": 2},
        {"starts": "08:00", "ends": "16:00", "agents": 3, "breaks": [{"starts": "10:00", "minutes": 30}]},
        {"starts": "13:00", "ends": "18:00", "agents": 3, "breaks": [{"starts": "13:30", "minutes": 90}]},
    ]
    front = {key: value for key, value in system.scenario["teams"]["front"].items() if key != "agents"}
    return dataclasses.replace(system, scenario={**system.scenario, "teams": {"front": {**front, "shifts": shifts}}})


def _spike() -> System:
    curve = [30.0] * 4 + [120.0] + [30.0] * 5
    return _day("M(t)/M/n+M, a 30-minute spike", curve, {0: 5}, 240, 240)


def _closed_hours(agents: int) -> System:
    """E-mails of two days and nights, worked off from eight to four, and the rest on the third morning."""
    hourly, service_s, shift_s = 6.0, 600.0, 8 * HOUR_S
    days = [(hourly, (0, agents, 0)), (hourly, (0, agents, 0)), (0.0, (0, agents, 0))]
    phases = [Phase(shift_s, coming / HOUR_S, there) for coming, roster in days for there in roster]
    found = day_of_phases(phases, service_s, math.inf, cut=400)
    source = "Markov chain through three days, uniformization"
    rows = (
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
    )
    clock = {"00:00": 0, "08:00": agents, "16:00": 0}
    scenario = desk({"front": team(clock, about(service_s))}, {"order": 1.0})
    even = {"intent": "order", "channels": {"phone": 1.0}, "interval_minutes": 60, "contacts": [hourly] * 24}
    scenario["demand"] = [{**even, "week": {"thursday": 0}}]  # the third day: they begin on a Tuesday
    scenario["days"] = 3
    return System("deferred work over closed hours", scenario, (0.0, 3 * 24 * HOUR_S), rows)


# -- several conversations at once -----------------------------------------------------------------------------------


def _chats(speeds: list[float]) -> System:
    found = chat_pool(48 / HOUR_S, 420, 3, speeds, 150)
    source = "Markov chain of agents by conversations, sparse solve"
    rows = (
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
        expected("abandonment", contact_mean("abandonment"), found.abandonment, source),
        expected("talk_s_mean", contact_mean("talk_s_mean"), found.talk_s_mean, source),
    )
    chat = team(3, about(420), concurrency=len(speeds), speeds=speeds)
    scenario = desk({"front": chat}, {"order": 48}, patience={"phone": about(150)})
    return steady("chat with slowdown", scenario, rows, 4)


def _turn_by_turn(turns: int, concurrency: int) -> System:
    """Each answer takes its part of an exponential time; the agent writes to others while a customer replies."""
    answer_s, reply_s, per_hour = 60.0, 45.0, 60 * 60 / (60 * turns * 1.25)
    found = turn_by_turn(per_hour / HOUR_S, answer_s, reply_s, turns, concurrency, 240)
    source = "Markov chain of conversations by answers to come, in order, sparse solve"
    rows = (
        expected("p_wait", waited(), found.p_wait, source),
        expected("wait_s_mean", contact_mean("wait_s_mean"), found.wait_s_mean, source),
        expected("abandonment", contact_mean("abandonment"), found.abandonment, source),
        expected("talk_s_mean", contact_mean("talk_s_mean"), found.talk_s_mean, source),
    )
    written = {"phone": {"count": turns, "reply": about(reply_s)}}
    agent = team(1, about(answer_s * turns), concurrency=concurrency, turns=written)
    scenario = desk({"front": agent}, {"order": per_hour}, patience={"phone": about(240)})
    return steady("chat turn by turn", scenario, rows, 8)


def _shared(service: dict[str, Any]) -> System:
    found = processor_sharing_s(12 / HOUR_S, 200)
    rows = (expected("talk_s_mean", contact_mean("talk_s_mean"), found, "Kleinrock 1976, sec. 4.4, insensitive"),)
    agent = team(1, service, concurrency=200, speeds="shared")
    return steady("M/G/1 with processor sharing", desk({"front": agent}, {"order": 12}), rows, 12)


# -- the list ------------------------------------------------------------------------------------------------------

SYSTEMS: dict[str, Callable[[], System]] = {
    "erlang_c_3": lambda: _patient(60, 100, 3, 30),
    "erlang_a_pyworkforce": _pyworkforce,
    "erlang_a_herzog": _herzog,
    "erlang_a_gans": _gans,
    "erlang_a_10": lambda: _impatient(120, 300, 10, 180),
    "erlang_a_overloaded": lambda: _impatient(120, 300, 8, 180),
    "erlang_a_45": lambda: _impatient(800, 210, 45, 100),
    "erlang_a_195": lambda: _impatient(2000, 360, 195, 400),
    "erlang_a_4": lambda: _impatient(30, 500, 4, 240),
    "patience_deterministic": lambda: _general({"law": "deterministic", "value_s": 120}),
    "patience_uniform": lambda: _general({"law": "uniform", "low_s": 0, "high_s": 240}),
    "patience_lognormal": lambda: _general({"law": "lognormal", "mean_s": 120, "cv": 1}),
    "patience_table": lambda: _general({"law": "empirical", "points": [[0, 0], [0.05, 0], [0.35, 60], [0.8, 300]]}),
    "patience_exponential": lambda: _general(about(120)),
    "patience_erlang": lambda: _general({"law": "erlang", "mean_s": 120, "phases": 3}),
    "patience_hyperexponential": lambda: _general({"law": "hyperexponential", "branches": [[0.6, 40], [0.4, 240]]}),
    "patience_weibull": lambda: _general({"law": "weibull", "mean_s": 120, "shape": 0.7}),
    "patience_gamma": lambda: _general({"law": "gamma", "mean_s": 120, "cv": 1.4}),
    "patience_triangular": lambda: _general({"law": "triangular", "low_s": 30, "mode_s": 60, "high_s": 270}),
    "patience_phase_type": lambda: _general(
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1 / 30, 0.4 / 30], [0, -1 / 225]]}
    ),
    "patience_zero": lambda: _general({"law": "exponential", "mean_s": 180, "zero": 0.32}),
    "patience_weibull_zero": lambda: _general({"law": "weibull", "mean_s": 300, "shape": 1.5, "zero": 0.1}),
    **LAW_SYSTEMS,
    **DEFERRED_SYSTEMS,
    **PEOPLE_SYSTEMS,
    "constant_service": _constant,
    "one_agent_uniform": lambda: _one_agent(9, {"law": "uniform", "low_s": 0, "high_s": 400}, 200, 3**-0.5),
    "one_agent_lognormal": lambda: _one_agent(9, {"law": "lognormal", "mean_s": 200, "cv": 1}, 200, 1),
    "one_agent_table": lambda: _one_agent(
        9, {"law": "empirical", "points": [[0, 100], [0.5, 100], [0.5, 300], [1, 300]]}, 200, 0.5
    ),
    "one_agent_erlang": lambda: _one_agent(9, {"law": "erlang", "mean_s": 200, "phases": 3}, 200, 3**-0.5),
    "one_agent_hyperexponential": lambda: _one_agent(
        8, {"law": "hyperexponential", "branches": [[0.9, 120], [0.1, 720]]}, 180, (2 * 64_800 / 180**2 - 1) ** 0.5
    ),
    "one_agent_phase_type": lambda: _one_agent(
        9,
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1 / 60, 1 / 60], [0, -1 / 140]]},
        200,
        math.hypot(60, 140) / 200,
    ),
    "one_agent_weibull": lambda: _one_agent(
        9, {"law": "weibull", "mean_s": 200, "shape": 2}, 200, math.sqrt(4 / math.pi - 1)
    ),
    "one_agent_gamma": lambda: _one_agent(9, {"law": "gamma", "mean_s": 200, "cv": 0.7}, 200, 0.7),
    "one_agent_triangular": lambda: _one_agent(
        9,
        {"law": "triangular", "low_s": 60, "mode_s": 120, "high_s": 420},
        200,
        math.sqrt((60**2 + 120**2 + 420**2 - 60 * 120 - 60 * 420 - 120 * 420) / 18) / 200,
    ),
    "one_agent_zero": lambda: _one_agent(
        15, {"law": "exponential", "mean_s": 200, "zero": 0.4}, 120, math.sqrt(2 / 0.6 - 1)
    ),
    "one_agent_wrap_up": lambda: _one_agent(
        7, about(200), 260, 200 / 260, wrap={"law": "deterministic", "value_s": 60}
    ),
    "two_intents": _two_intents,
    "second_tier": _second_tier,
    "redial": _redial,
    "n_design": _n_design,
    "bilingual": _bilingual,
    "shifts": _shifts,
    "spike": _spike,
    **CONTACTCENTERS_SYSTEMS,
    "erlang_b_8": lambda: _lines(60, 300, 8, 8),
    "erlang_b_25": lambda: _lines(240, 300, 25, 25),
    "erlang_b_90": lambda: _lines(960, 300, 90, 90),
    "lines_16": lambda: _lines(200, 240, 12, 16),
    "lines_20_impatient": lambda: _lines(300, 180, 14, 20, 120),
    "priority_impatient": lambda: _priority({"vip": 60, "order": 90}, 240, 10, {"vip": 180, "order": 120}),
    "redial_kept": lambda: _redial_patience(True),
    "redial_fresh": lambda: _redial_patience(False),
    "n_design_ranked": _ranked,
    "closed_hours": lambda: _closed_hours(6),
    "closed_hours_short": lambda: _closed_hours(4),
    "chat_slowdown": lambda: _chats([1.0, 0.75, 0.6]),
    "chat_two": lambda: _chats([1.0, 0.9]),
    "turns_two": lambda: _turn_by_turn(2, 2),
    "turns_four": lambda: _turn_by_turn(4, 3),
    "sharing_exponential": lambda: _shared(about(200)),
    "sharing_lognormal": lambda: _shared({"law": "lognormal", "mean_s": 200, "cv": 1.5}),
    "sharing_constant": lambda: _shared({"law": "deterministic", "value_s": 200}),
    "breaks": _breaks,
    "priority": lambda: _priority({"vip": 60, "order": 80}, 240, 11, {}),
    "erlang_c_published": _published_patient,
    "erlang_c_6": lambda: _patient(40, 420, 6, 60),
    "erlang_c_12": lambda: _patient(120, 300, 12, 20),
    "erlang_c_23": lambda: _patient(360, 200, 23, 30),
    "one_agent_skewed": lambda: _one_agent(8, {"law": "lognormal", "mean_s": 300, "cv": 1.2}, 300, 1.2),
    "jackson": _jackson,
}
"""Every system by its id, made when asked for."""

SLOW = (
    "several_hyperexponential",
    "contactcenters_busy_day",
    "contactcenters_skills",
    "contactcenters_overflow",
    "contactcenters_bank",
    "contactcenters_bilingual",
    "contactcenters_teamwork",
    "priority",
    "erlang_c_published",
    "erlang_c_6",
    "erlang_c_12",
    "erlang_c_23",
    "one_agent_skewed",
    "jackson",
)
"""Busy and patient, or printed with many digits: they take millions of contacts; `--quick` leaves them out."""
