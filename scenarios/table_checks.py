"""What tables and rosters must not say: intervals told twice or begun too soon, and names that nobody knows or needs.

Each yields the faults it finds. Refuses to read tables: `scenarios.tables` does.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.faults import Fault, one_of
from scenarios.references import clock_at, dict_at, is_served, list_at
from scenarios.scenario import Scenario
from scenarios.tables import Arrival
from scenarios.units import DAY_S, clock_text
from scenarios.yaml_reader import Document, Key, Words

Contacts = Mapping[int, Sequence[tuple[float, float]]]
"""By demand: contacts of the intervals of its table, (start in seconds from midnight, contacts)."""


def same_cells(document: Document, contacts: Contacts, forecasts: Container[int]) -> Iterator[Fault]:
    """Find intervals told twice: a customer is (intent, minute, k), so both would be the same customers."""
    told: dict[tuple[str, int], int] = {}
    for i, demand in enumerate(list_at(document.values, "demand")):
        if not isinstance(demand, dict) or not isinstance(demand.get("intent"), str):
            continue
        intent, minutes, first = demand["intent"], demand.get("interval_minutes", 30), demand.get("starts", "00:00")
        starts_s = [start for start, _ in contacts.get(i, [])]
        first_s = clock_at(first)
        if not starts_s and first_s is not None and isinstance(minutes, int):
            starts_s = [first_s + k * minutes * 60.0 for k in range(len(list_at(demand, "contacts")))]
        table = "forecast" if i in forecasts else "contacts_csv"
        key: Key = ("demand", i, table if i in contacts else "contacts")
        for start_s in starts_s:
            other = told.setdefault((intent, int(start_s // 60)), i)
            if other != i or start_s % 60 or (start_s >= DAY_S and i in contacts):
                found = f"{intent} at {clock_text(start_s)}"
                expected = "an interval that starts on a full minute before midnight"
                if other != i:
                    expected = f"each intent's interval once; demand[{other}] has it (give it one channels mix)"
                yield document.fault(key, Words(f"for {found}"), expected)
                break


def overlaps(document: Document, contacts: Contacts, forecasts: Container[int]) -> Iterator[Fault]:
    """Find intervals that begin before the one before has ended, where a curve is to go through them."""
    for i, starts in contacts.items():
        if i in forecasts:  # whose intervals have a length that fits
            continue
        demand = document.values["demand"][i]
        minutes = demand.get("interval_minutes", 30)
        if demand.get("rate") != "spline" or not isinstance(minutes, int):
            continue
        for (before_s, _), (start_s, _) in itertools.pairwise(starts):
            if start_s < before_s + minutes * 60:
                found = f"{clock_text(start_s)} within the interval of {minutes} minutes from {clock_text(before_s)}"
                expected = "intervals one after the other, for a rate that is a spline (see interval_minutes)"
                yield document.fault(("demand", i, "contacts_csv"), Words(found), expected)
                break


def strangers(arrivals: Sequence[Arrival], path: Path, values: Any) -> Iterator[Fault]:
    """Find channels and intents of a replay that the scenario does not know, or that nobody serves."""
    channels, intents = dict_at(values, "channels"), dict_at(values, "intents")
    seen: set[tuple[str, str]] = set()
    for line, arrival in enumerate(arrivals, start=2):
        channel, intent = pair = arrival.channel, arrival.intent
        if channel in channels and intent in intents and pair not in seen:
            seen.add(pair)
            if not is_served(channel, intent, list(intents), dict_at(values, "teams")):
                expected = f"a team with channel {channel} and skill {intent}"
                yield Fault(str(path), line, "channel", f"{channel!r} for {intent}", expected)
        for name, found, known in (("channel", channel, channels), ("intent", intent, intents)):
            if found not in known and (name, found) not in seen:
                seen.add((name, found))
                yield Fault(str(path), line, name, repr(found), one_of(known, found))


def unrostered_names(
    document: Document, scenario: Scenario, agents: Mapping[str, Sequence[tuple[float, int]]]
) -> Iterator[Fault]:
    """Find teams that name more agents than are ever told to be there; `agents` is told by tables, by team."""
    for name, team in scenario.teams.items():
        rosters = [team.agents or {}, *team.agents_on.values()]
        told = [count for roster in rosters for count in roster.values()]
        told += [count for _, count in agents.get(name, [])]
        most = max([sum(shift.agents for shift in team.shifts or []), *told])
        if len(team.named) > most:
            found = Words(f"{len(team.named)} agents long")
            yield document.fault(("teams", name, "named"), found, f"at most {most}, as are rostered")
