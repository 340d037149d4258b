"""Worlds in which one thing that customers live through does not happen, or a remedy of the scenario is in place.

Each is the scenario with some keys changed, and nothing else. What the changed thing leads to is gone too: without cut
calls nobody rings again because of one, so causes overlap and do not add up. A thing that the scenario does not have
gives no world.

*Without transfers*: who answers first goes on to the end, in the time that their own law says. They settle as many
contacts, and promise as much, as those do today to whom the customer is passed on; so what differs is being passed on.
*Without waiting*: three times as many people and two more wherever anybody is rostered; where nobody is, customers
still wait, and channels keep their hours. *With kept promises*: all of them, when they were due, without a work order.

>>> from scenarios.reading import HERE, load_scenario
>>> [world.name for world in worlds_of(load_scenario(HERE / "quiet_tuesday.yaml")).worlds]
['waiting']
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from scenarios.changes import changed
from scenarios.faults import FaultsFoundError
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, Promise, Scenario, Transfer
from scenarios.units import AGENTS_MOST

Kind = Literal["cause", "remedy"]
Settings = dict[str, object]

ENOUGH_TIMES, ENOUGH_MORE = 3, 2
PASSES_MOST = 4
"""Beyond so many passes nobody follows a contact: teams that all pass on to each other have too many ways."""


@dataclass(frozen=True)
class World:
    """A scenario in which something is different."""

    name: str
    says: str
    do: str
    kind: Kind
    loaded: LoadedScenario = field(repr=False)
    costs_month: float | None = None
    """What a remedy costs each month, as told."""


class Worlds(NamedTuple):
    """What can be tried of a scenario, and a sentence for each that cannot."""

    worlds: list[World]
    left_out: list[str]


class _Thing(NamedTuple):
    """Something that customers live through, the words for a world without it, and what changes to have that world."""

    says: str
    do: str
    settings: Callable[[LoadedScenario], Settings]


def worlds_of(loaded: LoadedScenario) -> Worlds:
    """Return the worlds without each thing that the scenario has, then those of its remedies."""
    worlds, left_out = [], []
    for name, thing in THINGS.items():
        settings = thing.settings(loaded)
        if not settings:
            continue
        try:
            worlds.append(World(name, thing.says, thing.do, "cause", changed(loaded, settings)))
        except FaultsFoundError as error:
            left_out.append(f"{thing.says}: cannot be tried in this scenario ({error.faults[0]})")
    if loaded.agents:
        worlds.append(World("waiting", *WAITING, "cause", with_enough_people(loaded)))
    for name, remedy in loaded.scenario.remedies.items():
        worlds.append(World(name, remedy.says, remedy.says, "remedy", changed(loaded, remedy.set), remedy.costs))
    return Worlds(worlds, left_out)


def with_enough_people(loaded: LoadedScenario) -> LoadedScenario:
    """Return a scenario in which nearly nobody waits for a person while one is rostered."""
    rosters = {
        name: [(at_s, min(ENOUGH_TIMES * count + ENOUGH_MORE, AGENTS_MOST) if count else 0) for at_s, count in steps]
        for name, steps in loaded.agents.items()
    }
    hashed = hashlib.blake2b(f"{loaded.hash} enough people".encode(), digest_size=8).hexdigest()
    return dataclasses.replace(loaded, agents=rosters, hash=hashed)


def _without_retelling(loaded: LoadedScenario) -> Settings:
    settings: Settings = {}
    for at, transfer in enumerate(loaded.scenario.transfers):
        if not transfer.history_carried:
            settings[f"transfers.{at}.history_carried"] = True
            if transfer.retelling is not None:
                settings[f"transfers.{at}.retelling"] = None
    for name, team in loaded.scenario.teams.items():
        if team.at_shift_end == "hands_over":
            settings[f"teams.{name}.at_shift_end"] = "briefs"
    return settings


def _without_cut_offs(loaded: LoadedScenario) -> Settings:
    settings: Settings = {}
    for at, transfer in enumerate(loaded.scenario.transfers):
        if transfer.cut_off:
            settings[f"transfers.{at}.cut_off"] = 0.0
            if transfer.calls_back is not None:
                settings[f"transfers.{at}.calls_back"] = None
        if transfer.if_busy == "ends":
            settings[f"transfers.{at}.if_busy"] = "waits"
    return settings


def _with_kept_promises(loaded: LoadedScenario) -> Settings:
    settings: Settings = {}
    for at, promise in enumerate(loaded.scenario.promises):
        key = f"promises.{at}."
        settings[key + "kept"] = 1.0
        told = _dict_at(loaded, "promises", at)
        settings |= {key + name: None for name in ("late", "late_by", "by", "fails") if name in told}
        if promise.kept == 1.0:
            del settings[key + "kept"]
    return settings


def _solved_at_once(loaded: LoadedScenario) -> Settings:
    settings: Settings = {}
    for name, team in loaded.scenario.teams.items():
        if any(team.resolved_share(intent) < 1 for intent in loaded.scenario.intents):
            settings[f"teams.{name}.resolves"] = 1.0
        for at, agent in enumerate(team.named):
            if agent.resolves is not None:
                settings[f"teams.{name}.named.{at}.resolves"] = None
    return settings


def _without_blame(loaded: LoadedScenario) -> Settings:
    teams = loaded.scenario.teams.items()
    return {f"teams.{name}.conduct.blames": 0.0 for name, team in teams if team.conduct and team.conduct.blames}


def _without_wrong_answers(loaded: LoadedScenario) -> Settings:
    teams = loaded.scenario.teams.items()
    return {
        f"teams.{name}.conduct.wrong_answers": 0.0
        for name, team in teams
        if team.conduct and team.conduct.wrong_answers
    }


def _without_busy_lines(loaded: LoadedScenario) -> Settings:
    channels = loaded.scenario.channels.items()
    return {f"channels.{name}.lines": None for name, hours in channels if hours.lines is not None}


def _without_closing(loaded: LoadedScenario) -> Settings:
    channels = loaded.scenario.channels.items()
    return {f"channels.{name}.at_close": "served" for name, hours in channels if hours.at_close == "cleared"}


def _without_transfers(loaded: LoadedScenario) -> Settings:
    """Have who answers first go on to the end: see the module's words."""
    scenario = loaded.scenario
    settings: Settings = {}
    between = [one for one in scenario.transfers if _between_people(scenario, one)]
    if not any(one.probability for one in between):
        return {}
    for at, transfer in enumerate(scenario.transfers):
        if transfer in between and transfer.probability:
            settings[f"transfers.{at}.probability"] = 0.0
    first = list(dict.fromkeys(one.from_team for one in between))
    ends = {(name, intent): _ends(scenario, name, intent) for name in first for intent in scenario.intents}
    for name in first:
        shares = {intent: _settled(scenario, ends[name, intent], intent) for intent in scenario.intents}
        settings[f"teams.{name}.resolves"] = shares
    if scenario.promises:
        kept = [one for one in _dict_list(loaded, "promises") if one["team"] not in first]
        settings["promises"] = [*kept, *_promised_at_once(loaded, ends)]
    return settings


def _between_people(scenario: Scenario, transfer: Transfer) -> bool:
    if scenario.teams[transfer.from_team].self_service:
        return False
    return transfer.to_team == ANYONE or not scenario.teams[transfer.to_team].self_service


def _ends(scenario: Scenario, name: str, intent: str, above: tuple[str, ...] = ()) -> dict[str, float]:
    """Return with whom contacts about an intent end that a team has answered: shares by team.

    A contact that comes back to a team, or has been passed on PASSES_MOST times, ends there.
    """
    if name in above or len(above) >= PASSES_MOST:
        return {name: 1.0}
    left, ends = 1.0, {name: 0.0}
    for transfer in scenario.transfers:
        if transfer.from_team == name and _concerns(transfer, intent) and _between_people(scenario, transfer):
            share = min(transfer.probability, left)
            to = name if transfer.to_team == ANYONE else transfer.to_team
            for team, part in _ends(scenario, to, intent, (*above, name)).items():
                ends[team] = ends.get(team, 0.0) + share * part
            left -= share
    ends[name] += left
    return ends


def _settled(scenario: Scenario, ends: Mapping[str, float], intent: str) -> float:
    """Return which share of answers settles the matter, of those that promise nothing: a promise decides the others."""
    unpromised = {
        team: share
        * (1 - sum(one.probability for one in scenario.promises if one.team == team and _concerns(one, intent)))
        for team, share in ends.items()
    }
    whole = sum(unpromised.values())
    settled = sum(share * scenario.teams[team].resolved_share(intent) for team, share in unpromised.items())
    return min(max(settled / whole, 0.0), 1.0) if whole > 0 else 1.0


def _concerns(one: Transfer | Promise, intent: str) -> bool:
    return one.intents is None or intent in one.intents


def _promised_at_once(
    loaded: LoadedScenario, ends: Mapping[tuple[str, str], Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Return what those who answer first promise: as often as those do with whom contacts end today."""
    told = list(zip(loaded.scenario.promises, _dict_list(loaded, "promises"), strict=True))
    return [
        {**values, "team": name, "intents": [intent], "probability": promise.probability * shares[promise.team]}
        for (name, intent), shares in ends.items()
        for promise, values in told
        if shares.get(promise.team) and _concerns(promise, intent)
    ]


def _dict_list(loaded: LoadedScenario, name: str) -> list[dict[str, Any]]:
    values: Mapping[str, Any] = loaded.document.values if loaded.document is not None else {}
    return list(values.get(name) or [])


def _dict_at(loaded: LoadedScenario, name: str, at: int) -> dict[str, Any]:
    return _dict_list(loaded, name)[at]


THINGS: dict[str, _Thing] = {
    "unresolved": _Thing(
        "with every problem that people answer solved at once",
        "Let whoever answers solve the problem at once: give them the knowledge, the tools and the right to.",
        _solved_at_once,
    ),
    "retelling": _Thing("without telling the story again", "Pass the story on with the customer.", _without_retelling),
    "transfers": _Thing(
        "without being passed on, in the first team's time alone",
        "Let whoever answers first see it through to the end.",
        _without_transfers,
    ),
    "cut_offs": _Thing(
        "without cut calls", "Stop transfers from cutting calls off, and ring those back who are.", _without_cut_offs
    ),
    "promises": _Thing(
        "with every promise kept in time", "Promise what can be kept, and keep it by then.", _with_kept_promises
    ),
    "blame": _Thing(
        "without being blamed", "Do not reproach customers, also where the mistake is theirs.", _without_blame
    ),
    "contradictions": _Thing(
        "without answers that contradict",
        "Give everybody who answers one place to look it up, so that all say the same.",
        _without_wrong_answers,
    ),
    "busy_lines": _Thing(
        "without busy lines", "Have so many lines that nobody hears a busy signal.", _without_busy_lines
    ),
    "closing": _Thing(
        "without being sent away at closing time", "Answer who waits as a channel closes.", _without_closing
    ),
}
"""By name: each thing but waiting, which is no key of the file."""

WAITING = ("without waiting for people", "Have enough people there, hour by hour, that hardly anybody waits.")
