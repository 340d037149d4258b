"""Random scenarios with many features at once, and whole-second times so that much happens in one microsecond.

A scenario is a function of the luck it is given: a number, by which any failure can be replayed, or Hypothesis, which
makes a failing one smaller.

>>> random_scenario(7) == random_scenario(7)
True
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from scenarios.opening import opened
from scenarios.reading import LoadedScenario, Person
from tests.simulator.random_demand import vary_demand
from tests.simulator.random_more import Chance, say_more
from tests.simulator.random_times import patience_of, time_of
from tests.written import Arrival

Law = dict[str, Any]

CHANNELS = ("phone", "chat", "email", "faq")
TEAMS = ("front", "back", "extra", "night", "pages")
INTENTS = ("order", "refund", "order_late")
CLOCKS_CHANGE = (
    ("Europe/Rome", "2026-03-28"), ("Europe/Rome", "2026-03-29"), ("Europe/Rome", "2026-10-25"),
    ("Asia/Beirut", "2026-03-29"), ("America/Havana", "2026-11-01"), ("America/Santiago", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-04-05"),
)  # fmt: skip
"""Time zones and first days on which, or the day after which, clocks change: by night, at midnight, by half an hour."""


def random_scenario(number: int) -> tuple[dict[str, Any], list[Arrival]]:
    """Return the scenario of a number."""
    return drawn_scenario(random.Random(number), number)


def drawn_scenario(luck: random.Random, number: int | None = None) -> tuple[dict[str, Any], list[Arrival]]:
    """Return a scenario as plain values, and the arrivals it replays."""
    grid_s = luck.choice([1, 10, 60, 60, 300])
    """Deterministic times are multiples of this, so that ties are common."""
    begins_s = luck.choice([0, 3600, 30_000, 86_400 - 10 * grid_s, 86_400 - 20 * grid_s])
    begins_s = min(begins_s, 86_000) // grid_s * grid_s
    lasts_s = luck.choice([10, 30, 60]) * grid_s
    chance = Chance(luck, number)
    channels = luck.sample(CHANNELS, luck.randint(1, len(CHANNELS)))
    if "pages" in chance.themes and "faq" not in channels:
        channels.append("faq")
    intents = INTENTS[: luck.randint(1, len(INTENTS))]
    days = luck.choice([1, 1, 1, 2])
    teams: dict[str, Any] = {}
    for name in TEAMS[: luck.randint(1, 4)]:
        teams[name] = _team(luck, channels, intents, grid_s, begins_s, lasts_s)
    if "faq" in channels and ("pages" in chance.themes or luck.random() < 0.6):
        teams = _with_pages(luck, teams, intents, grid_s)
    pairs = [
        (channel, intent)
        for channel in channels
        for intent in intents
        if any(channel in team["channels"] and intent in team.get("skills", intents) for team in teams.values())
    ]
    scenario: dict[str, Any] = {
        "scenario": "random",
        "title": "A random scenario",
        "time_zone": "UTC",
        "starts": "2026-03-03",
        "days": days,
        "channels": {channel: _hours(luck, begins_s, lasts_s) for channel in channels},
        "intents": dict.fromkeys(intents, "?"),
        "teams": teams,
        "patience": {channel: _patiences(luck, grid_s, intents) for channel in channels if luck.random() < 0.75},
        "retry": {
            channel: _retry(luck, grid_s, channel, channels, pairs) for channel in channels if luck.random() < 0.65
        },
        "priorities": [
            _priority(luck, channels, intents)
            for _ in range(luck.choice([2, 3] if "priority" in chance.themes else [0, 1, 1]))
        ],
        "transfers": _transfers(luck, teams, intents, "transfer" in chance.themes),
        "demand": _demand(luck, pairs, begins_s),
    }
    say_more(chance, scenario, grid_s)
    for team in scenario["teams"].values():
        if luck.random() < (0.8 if "at_shift_end" in team else 0.4 if "concurrency" in team else 0.0):
            team.pop("shifts", None)
            team.pop("agents_on", None)
            team["agents"] = _waves(luck, begins_s, lasts_s)
            if luck.random() < 0.6:  # so that many are busy as it falls
                team["service"]["default"] = {"law": "exponential", "mean_s": lasts_s / 4}
    if luck.random() < 0.3:
        scenario["shoppers"] = {luck.choice(channels): luck.choice([{"share": 0.3}, {"count": 5}])}
    arrivals = _arrivals(luck, pairs, grid_s, begins_s, lasts_s, days)
    vary_demand(luck, scenario)
    if luck.random() < 0.2:
        scenario["time_zone"], scenario["starts"] = luck.choice(CLOCKS_CHANGE)
    if luck.random() < 0.4:
        scenario |= _customers(luck, channels, intents)
        arrivals = _named(luck, arrivals)
    _conduct(random.Random(repr(arrivals)), scenario)
    return scenario, arrivals


def _customers(luck: random.Random, channels: list[str], intents: tuple[str, ...]) -> dict[str, Any]:
    """Return few customers with many cases each, and what makes them leave."""
    model = luck.choice(["every_term", "every_term", "every_term_over_time"])
    told: dict[str, Any] = {"churn": {"model": str(Path(__file__).parent / f"{model}.yaml")}}
    if luck.random() < 0.8:
        told["customers"] = {
            "count": luck.choice([1, 3, 10]),
            "currency": "EUR",
            "segments": {"some": {"share": 1.0, "monthly_revenue": {"mean": 50.0, "cv": 0.5}, "margin": 0.5}},
            "complaints": luck.sample(intents, luck.randint(0, 1)),
        }
    if luck.random() < 0.5:
        told["expectations"] = {luck.choice(channels): {"law": "exponential", "mean_s": luck.choice([1.0, 60.0])}}
    return told


def _conduct(luck: random.Random, scenario: dict[str, Any]) -> None:
    """Perhaps say how people treat customers; of other luck, so that other scenarios stay what they were."""
    if luck.random() < 0.5:
        return
    people = [team for team in scenario["teams"].values() if not team.get("self_service")]
    for team in people:
        if luck.random() < 0.8:
            words = ("blames", "shows_empathy", "apologises", "compensates", "wrong_answers")
            team["conduct"] = {word: luck.choice([0.2, 0.5, 1.0]) for word in luck.sample(words, luck.randint(1, 5))}
    if luck.random() < 0.4:  # so that many are answered twice, and not alike
        for team in people:
            team.setdefault("resolves", 0.5)
            team.setdefault("conduct", {}).update(wrong_answers=0.5)
        for retry in scenario["retry"].values():
            retry.setdefault("probability_unresolved", 1.0)


def drawn_opening(luck: random.Random, loaded: LoadedScenario) -> LoadedScenario:
    """Perhaps let the scenario begin in the middle, with people who wait and are being served."""
    if luck.random() < 0.67 or not loaded.arrivals:
        return loaded
    scenario = loaded.scenario
    at_s = float(int(luck.choice(loaded.arrivals)[1]) % 86_400)
    agents = {name: luck.randint(0, 3) for name in loaded.agents if luck.random() < 0.5}
    people = []
    for name in loaded.agents:
        there = agents.get(name, next((count for from_s, count in reversed(loaded.agents[name]) if from_s <= at_s), 0))
        laws = scenario.teams[name].service
        able = [intent for intent in scenario.intents if intent in laws or "default" in laws]
        team = scenario.teams[name]
        for _ in range(luck.randint(0, there if team.points else there * team.concurrency)):
            channel, ago_s = luck.choice(list(scenario.channels)), luck.choice([0.0, 1.0, 60.0, 600.0])
            people.append(Person(f"now.{len(people)}", at_s - ago_s, channel, luck.choice(able), name))
    pairs = [
        (channel, intent)
        for channel in scenario.channels
        for intent in scenario.intents
        if (able_teams := scenario.who_takes(channel, intent)) and able_teams[0] in loaded.agents
    ]
    for _ in range(luck.randint(0, 8) if pairs else 0):
        ago_s = luck.choice([0.0, 0.0, 1.0, 60.0, 60.0, 600.0, 100_000.0])
        channel, intent = luck.choice(pairs)
        people.append(Person(f"now.{len(people)}", at_s - ago_s, channel, intent, None))
    return opened(loaded, at_s, agents, tuple(people))


def _team(
    luck: random.Random, channels: list[str], intents: tuple[str, ...], grid_s: int, begins_s: int, lasts_s: int
) -> dict[str, Any]:
    team: dict[str, Any] = {
        "channels": luck.sample(channels, luck.randint(1, len(channels))),
        "service": {"default": time_of(luck, grid_s)},
    }
    if luck.random() < 0.3:
        team["shifts"] = [_shift(luck, begins_s, lasts_s) for _ in range(luck.randint(1, 3))]
    else:
        team["agents"] = _agents(luck, begins_s, lasts_s)
    if luck.random() < 0.5:
        team["skills"] = luck.sample(intents, luck.randint(1, len(intents)))
    if luck.random() < 0.4:
        able = team.get("skills", intents)
        team["ranks"] = {intent: luck.randint(1, 3) for intent in luck.sample(able, luck.randint(1, len(able)))}
    if luck.random() < 0.4:
        team["service"][luck.choice(intents)] = time_of(luck, grid_s)
    if luck.random() < 0.5:
        team["wrap"] = time_of(luck, grid_s)
    if luck.random() < 0.4:
        team["shrinkage"] = luck.choice([0.1, 0.3, 0.6])
        team["shrinkage_block_minutes"] = luck.choice([1, 7, 30])
    return team


def _with_pages(luck: random.Random, teams: dict[str, Any], intents: tuple[str, ...], grid_s: int) -> dict[str, Any]:
    pages: dict[str, Any] = {"channels": ["faq"], "self_service": True, "service": {"default": time_of(luck, grid_s)}}
    if luck.random() < 0.8:
        pages["contained"] = luck.choice([0.0, 0.4, {luck.choice(intents): 0.1, "default": 0.9}])
    if luck.random() < 0.3:
        pages["skills"] = luck.sample(intents, 1)
    return {"pages": pages, **teams} if luck.random() < 0.7 else {**teams, "pages": pages}


def _waves(luck: random.Random, begins_s: int, lasts_s: int) -> dict[str, int]:
    """A roster that falls again and again while contacts come."""
    steps = {0: luck.randint(1, 2)}
    for number in range(16):
        at_s = min(begins_s + lasts_s * (number + 1) // 8, 86_399)
        steps[at_s] = luck.randint(0, 1) if number % 2 else luck.randint(2, 3)
    return {_clock(at_s): count for at_s, count in sorted(steps.items())}


def _agents(luck: random.Random, begins_s: int, lasts_s: int) -> dict[str, int]:
    """A roster that rises and falls around the time when contacts come."""
    steps = {0: luck.randint(0, 4)} if luck.random() < 0.8 else {}
    for _ in range(luck.randint(0 if steps else 1, 5)):
        at_s = min(max(0, begins_s + luck.randint(-2, 12) * max(lasts_s // 10, 1)), 86_399)
        steps[at_s // 60 * 60 if luck.random() < 0.5 else at_s] = luck.randint(0, 4)
    return {_clock(at_s): count for at_s, count in sorted(steps.items())}


def _shift(luck: random.Random, begins_s: int, lasts_s: int) -> dict[str, Any]:
    """A shift around the time when contacts come, perhaps over midnight, perhaps with breaks."""
    starts_s = (begins_s + luck.randint(-4, 8) * max(lasts_s // 10, 1)) % 86_400
    length_s = max(min(luck.choice([lasts_s // 2, lasts_s, 4 * lasts_s]), 80_000), 120)
    breaks, free_s = [], 0
    for _ in range(luck.choice([0, 1, 2])):
        free_s += luck.randint(0, max(length_s // 3, 1))
        minutes = luck.choice([1, 2, 10])
        if free_s + minutes * 60 <= length_s:
            breaks.append({"starts": _clock((starts_s + free_s) % 86_400), "minutes": minutes})
            free_s += minutes * 60
    ends = _clock((starts_s + length_s) % 86_400)
    return {"starts": _clock(starts_s), "ends": ends, "agents": luck.randint(1, 3), "breaks": breaks}


def _priority(luck: random.Random, channels: list[str], intents: tuple[str, ...]) -> dict[str, Any]:
    rule: dict[str, Any] = {"priority": luck.randint(0, 3)}
    if luck.random() < 0.6:
        rule["channels"] = luck.sample(channels, luck.randint(1, len(channels)))
    if luck.random() < 0.6:
        rule["intents"] = luck.sample(intents, luck.randint(1, len(intents)))
    return rule


def _hours(luck: random.Random, begins_s: int, lasts_s: int) -> dict[str, str]:
    lines = {"lines": luck.choice([1, 2, 4, 8])} if luck.random() < 0.35 else {}
    if luck.random() < 0.5:
        return {"opens": "00:00", "closes": "24:00", **lines}
    opens_s = luck.choice([0, begins_s, min(begins_s + lasts_s // 4, 86_398)])
    closes_s = min(max(opens_s + 1, begins_s + lasts_s * 2 // 3), 86_400)
    return {"opens": _clock(opens_s), "closes": _clock(closes_s), **lines}


def _patiences(luck: random.Random, grid_s: int, intents: tuple[str, ...]) -> dict[str, Any]:
    """Patience on a channel: one law, or by intent, perhaps with a default."""
    if luck.random() < 0.35:
        return patience_of(luck, grid_s)
    told = [*luck.sample(intents, luck.randint(1, len(intents))), *luck.choice([[], ["default"]])]
    return {intent: patience_of(luck, grid_s) for intent in told}


def _retry(
    luck: random.Random, grid_s: int, channel: str, channels: list[str], pairs: list[tuple[str, str]]
) -> dict[str, Any]:
    """What those who gave up do; on another channel only where all they may come with is answered there."""
    retry: dict[str, Any] = {
        "probability": luck.choice([0.5, 0.8, 1.0]),
        "after": luck.choice([time_of(luck, grid_s), {"law": "deterministic", "value_s": grid_s * luck.randint(0, 2)}]),
        "attempts_most": luck.choice([1, 2, 3, 5, 5]),
        "patience": luck.choice(["fresh", "kept"]),
    }
    if luck.random() < 0.6:
        retry["probability_blocked"] = luck.choice([0.2, 0.6, 1.0])
    asked = {intent for _, intent in pairs}
    others = [to for to in channels if to != channel and {intent for other, intent in pairs if other == to} == asked]
    if others and luck.random() < 0.6:
        chosen = luck.sample(others, luck.randint(1, min(2, len(others))))
        retry["to"] = {to: luck.choice([0.2, 0.5]) for to in chosen}
    return retry


def _transfers(
    luck: random.Random, teams: dict[str, Any], intents: tuple[str, ...], many: bool
) -> list[dict[str, Any]]:
    """Transfers from team to team: chains, circles and several from one."""
    people = [name for name, team in teams.items() if not team.get("self_service")]
    transfers = []
    for name in people:
        for _ in range(luck.choice([1, 2, 2] if many else [0, 0, 1, 2])):
            transfer: dict[str, Any] = {
                "from": name,
                "to": luck.choice(people),
                "probability": luck.choice([0.1, 0.35, 0.45]),
                "history_carried": luck.random() < 0.5,
            }
            if luck.random() < 0.4:
                transfer["intents"] = luck.sample(intents, luck.randint(1, len(intents)))
            transfers.append(transfer)
    return transfers


def _demand(luck: random.Random, pairs: list[tuple[str, str]], begins_s: int) -> list[dict[str, Any]]:
    demand = []
    for intent in dict.fromkeys(intent for _, intent in pairs):
        if luck.random() < 0.6:
            served = [channel for channel, other in pairs if other == intent]
            starts_s = min(begins_s // 60 * 60, 86_400 - 1200)
            demand.append(
                {
                    "intent": intent,
                    "channels": {channel: 1 / len(served) for channel in served},
                    "interval_minutes": luck.choice([1, 10]),
                    "starts": _clock(starts_s),
                    "contacts": [luck.choice([2, 10, 25]), luck.choice([0, 5])],
                }
            )
    return demand


def _arrivals(
    luck: random.Random, pairs: list[tuple[str, str]], grid_s: int, begins_s: int, lasts_s: int, days: int
) -> list[Arrival]:
    """Contacts on the grid, sometimes many in one second, the last perhaps at the very end."""
    arrivals: list[Any] = []
    for number in range(luck.choice([1, 40, 120, 240]) if pairs else 0):
        at_s = begins_s + luck.randint(0, max(lasts_s // grid_s, 1)) * grid_s + luck.choice([0, 0, 0, 86_400])
        if luck.random() < 0.1:
            at_s += luck.choice([0.25, -0.000001, 0.000001])
        at_s = min(max(at_s, 0), days * 86_400 - luck.choice([1, 0.000001]))
        arrivals.append((f"c{luck.randrange(10**6):06d}.{number}", f"{at_s:.6f}", *luck.choice(pairs)))
    return sorted(arrivals, key=lambda arrival: float(arrival[1]))


def _named(luck: random.Random, arrivals: list[Arrival]) -> list[Arrival]:
    """Perhaps let recorded contacts be those of few customers: strangers, members, and one who is called as another."""
    if luck.random() < 0.5 or not arrivals:
        return arrivals
    names = ["", "ada", "bob", "c0000000000", "c0000000099", arrivals[0][0]]
    return [(*arrival, luck.choice(names)) for arrival in arrivals]


def _clock(at_s: int) -> str:
    return f"{at_s // 3600:02d}:{at_s % 3600 // 60:02d}:{at_s % 60:02d}"
