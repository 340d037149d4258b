"""What is to be played: a scenario's shoppers or customers, or single journeys. Refuses to know where and when."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from probes.player import SessionMaker
from scenarios.draws import Purpose, uniform, visit
from scenarios.identity import case_id, contact_id, recorded_entity
from scenarios.journey import Journey, journey_named, read_journey
from scenarios.laws import law_row, quantile_s
from scenarios.persona import PersonaKind, persona_named
from scenarios.plan import PLAN_COLUMNS, make_plan
from scenarios.reading import LoadedScenario
from scenarios.scenario import ChannelHours, Scenario, Team
from scenarios.thresholds import Threshold

BETWEEN_REPEATS_S = 2.0
JOURNEY_DAYS_MOST = 60
"""No journey lasts longer: a promise of eight weeks can be chased."""


class NothingToPlayError(ValueError):
    """No contact of a plan can be played on a target; the message says why."""


@dataclass(frozen=True)
class Cast:
    """Who plays, beyond the plan: kinds of personas and what a feed tells, by customer."""

    kinds: Mapping[str, PersonaKind] = field(default_factory=dict)
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Who they are, where several customers are the same person."""


@dataclass(frozen=True)
class Errand:
    """Contacts to play, with the scenario they belong to."""

    loaded: LoadedScenario
    plan: pd.DataFrame
    seed: int
    journeys: Mapping[str, Journey]
    anytime: bool = False
    """Whether only the gaps between due times matter, and the first contact may come now."""
    cast: Cast = field(default_factory=Cast)
    files: Path | None = None
    """Where the files lie that journeys attach."""
    epoch_s: float | None = None
    """The wall instant of second 0, where the contacts have dates."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the run's run.json says besides."""
    aborts_on: Sequence[Threshold] = ()
    """Thresholds that end the run as soon as one is broken for sure."""
    ends_s: float | None = None
    """When all ends that is still under way; with the scenario's last day where left out."""

    @classmethod
    def of(cls, loaded: LoadedScenario, plan: pd.DataFrame, seed: int, **more: Any) -> Self:
        """Return a plan with the journeys that it names, found beside the scenario or among ours.

        Raises:
            scenarios.faults.FaultsFoundError: one is missing or faulty.
        """
        return cls(loaded, plan, seed, journeys_of(loaded, plan), **more)

    @property
    def until_s(self) -> float:
        """The horizon: nothing begins after it, and what is under way is cut off."""
        return self.loaded.horizon_s if self.ends_s is None else self.ends_s


def scenario_errand(loaded: LoadedScenario, seed: int, shoppers: int | None = None, everyone: bool = True) -> Errand:
    """Return a scenario's planned shoppers, or every customer of it."""
    plan = make_plan(loaded, seed, 0, shoppers)
    if not everyone:
        plan = plan[plan["played_by"] == "shopper"].reset_index(drop=True)
    return Errand.of(loaded, plan, seed)


@dataclass(frozen=True)
class Players:
    """Who plays journeys that no scenario plans."""

    personas: Sequence[PersonaKind] = ()
    """In turn; left out: those that each journey names, or anybody."""
    feed: Sequence[Mapping[str, str]] = ()
    """What each contact in turn is about: rows of a table, by column."""
    repeats: int = 1


def journey_errand(names: Sequence[str], intent: str | None, players: Players, seed: int) -> Errand:
    """Return each journey, by name or file, as often as is asked, a moment apart.

    Raises:
        NothingToPlayError: two files hold different journeys of one name, none knows the intent, or the feed lacks a
            column that a journey speaks of.
        scenarios.faults.FaultsFoundError: a journey or a persona it names is missing or faulty.
    """
    paths = [Path(name) if name.endswith((".yaml", ".yml")) else None for name in names]
    journeys = [read_journey(path) if path else journey_named(name) for path, name in zip(paths, names, strict=True)]
    named = {journey.journey: journey for journey in journeys}
    if any(named[journey.journey] != journey for journey in journeys):
        raise NothingToPlayError("two of these journeys have one name and different scripts; give them different names")
    intents = {name: name for journey in journeys for name in journey.questions}
    wanted = intent or next((name for name in intents if name != "default"), "default")  # of others `default` is asked
    if wanted not in intents and all(len(journey.questions) > 1 for journey in journeys):
        raise NothingToPlayError(f"no journey here asks about {wanted!r}; they know {', '.join(intents)}")
    _check_feed(journeys, players.feed)
    scenario = journeys_scenario(journeys, seed, 0, wanted)
    rows, kinds, data = [], {}, {}
    times = [(journey, path) for journey, path in zip(journeys, paths, strict=True) for _ in range(players.repeats)]
    for number, (journey, path) in enumerate(times):
        customer = f"{journey.journey}.{number:05d}"
        kind = _kind_of(journey, path, players, number)
        if kind is not None:
            kinds[customer] = kind
        if players.feed:
            data[customer] = players.feed[number % len(players.feed)]
        rows.append(
            {
                "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
                "attempt": 1, "channel": journey.channel, "intent": wanted, "journey": journey.journey,
                "language": kind.language if kind else "en", "played_by": "shopper",
                "due_s": number * BETWEEN_REPEATS_S, "patience_s": _patience_s(kind, customer, seed),
                "entity": recorded_entity(customer),
            }
        )  # fmt: skip
    folder = next((path.parent for path in paths if path), Path())
    loaded = LoadedScenario(folder / "journeys", scenario, journeys_hash(named), {}, {}, [])
    plan = pd.DataFrame(rows, columns=list(PLAN_COLUMNS)).astype({"entity": np.uint64})
    return Errand(loaded, plan, seed, named, True, Cast(kinds, data), folder)


def journeys_scenario(journeys: Sequence[Journey], seed: int, days: int, intent: str = "default") -> Scenario:
    """Return a scenario for journeys that none plans: always open, and as long as a journey may last after `days`."""
    channels = list(dict.fromkeys(channel for journey in journeys for channel in journey.channels))
    begins = {journey.channel: journey.journey for journey in journeys}
    intents = {name: name for journey in journeys for name in journey.questions} | {intent: intent}
    return Scenario(
        scenario="journeys", title="Journeys: " + ", ".join(journey.journey for journey in journeys), time_zone="UTC",
        starts="2000-01-01", days=days + JOURNEY_DAYS_MOST, seed=seed, intents=intents,
        channels={name: ChannelHours(opens="00:00", closes="24:00", journey=begins.get(name)) for name in channels},
        teams={"desk": Team(channels=channels, agents={"00:00": 1}, service={})},
    )  # fmt: skip


def _kind_of(journey: Journey, path: Path | None, players: Players, number: int) -> PersonaKind | None:
    if players.personas:
        return players.personas[number % len(players.personas)]
    if not journey.personas:
        return None
    name = journey.personas[number % len(journey.personas)]
    return persona_named(name, path.parent.parent if path else None)


def _patience_s(kind: PersonaKind | None, customer: str, seed: int) -> float:
    if kind is None or kind.patience is None:
        return np.inf
    u = uniform(seed, 0, recorded_entity(customer), visit(0, 1, 0), int(Purpose.PATIENCE), 0)
    return float(quantile_s(*law_row(kind.patience), u))


def _check_feed(journeys: Sequence[Journey], feed: Sequence[Mapping[str, str]]) -> None:
    spoken = {found for journey in journeys for found in re.findall(r"{data\.(\w+)}", journey.model_dump_json())}
    told = set(feed[0]) if feed else set()
    if missing := sorted(spoken - told):
        what = (
            f"has no column {', '.join(missing)}; it has {', '.join(sorted(told))}"
            if feed
            else "is needed: --feed FILE"
        )
        raise NothingToPlayError(f"the feed {what} (the journeys speak of {', '.join(sorted(spoken))})")


def read_feed(path: Path) -> list[dict[str, str]]:
    """Read what contacts are about: a CSV file with a line of names.

    Raises:
        NothingToPlayError: it cannot be read, or holds no row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [dict(row) for row in csv.DictReader(lines)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NothingToPlayError(f"{path} cannot be read as a CSV file: {error}") from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise NothingToPlayError(f"{path}:{number}: more or fewer values than the first line has names")
    if not rows:
        raise NothingToPlayError(f"{path} holds no row under its line of names")
    return rows


def journeys_of(loaded: LoadedScenario, plan: pd.DataFrame) -> dict[str, Journey]:
    """Return the journeys that a plan's contacts play, and those of the channels on which they may try again.

    Raises:
        scenarios.faults.FaultsFoundError: one is missing or faulty.
    """
    channels = loaded.scenario.channels
    again = {channels[to].journey for retry in loaded.scenario.retry.values() for to in retry.to}
    names = sorted(name for name in {*plan["journey"], *again} if isinstance(name, str))
    return {name: journey_named(name, loaded.path.parent) for name in names}


def journeys_hash(journeys: Mapping[str, Journey]) -> str:
    """Return 16 hex digits over what the scripts say: a run is not taken up again with others."""
    said = json.dumps({name: journeys[name].model_dump(mode="json") for name in sorted(journeys)}, sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def playable(plan: pd.DataFrame, sessions: Mapping[str, SessionMaker]) -> pd.DataFrame:
    """Return the contacts that can be played: their channel has a journey, and a session on the target."""
    return plan[plan["channel"].isin(list(sessions)) & plan["journey"].notna()].reset_index(drop=True)
