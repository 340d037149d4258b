"""Do the two engines give the same contact log, cell for cell? Random scenarios, and a count of what happened in them.

    python -m tests.simulator.engines_equal                     2,000 scenarios and the table of what occurred
    python -m tests.simulator.engines_equal --scenario 17       one of them again
    python -m tests.simulator.engines_equal --file a.json       one that Hypothesis drew and made small
    python -m tests.simulator.engines_equal --mutants           a fault put into each engine, one at a time

Refuses to be content with few: what is asked for and did not occur is said.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import simpy

from results.conduct import conduct_of
from results.experience import cases_of
from results.leavers import customers_of
from scenarios.expectations import Expectations
from scenarios.plan import DrawnPlan, draw_plan, make_plan
from scenarios.reading import LoadedScenario
from simulator import engine_simpy
from simulator.columns import cases_table, legs_table, staffing_table
from simulator.engine_simpy import Engine
from simulator.events import EventClass
from simulator.floor_arrays import floor_of
from simulator.loop_lives import Lived, beliefs_of
from simulator.simpy_floor import Luck
from simulator.simulate import replicated
from tests.simulator.random_scenarios import drawn_opening, random_scenario
from tests.written import Arrival, written

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""Legs, staffing, cases and customers."""

NAMES = ("legs", "staffing", "cases", "customers")

ENDS = (
    "answered", "transferred", "abandoned", "closed", "contained", "blocked", "censored", "cut_off", "message",
    "cleared_at_close", "silent", "balked", "callback", "escalated",
)  # fmt: skip
"""The leg_ends that the scenario language can bring about today."""

OF_CONDUCT = ("blamed", "kindness", "apologies", "compensations", "contradictions")

LUCK = Luck(seed=11, plan=0, desk=1)
"""The desk has other luck than the customers, so that a draw from the wrong one is seen."""


def by_simpy(loaded: LoadedScenario, events: Counter[str] | None = None) -> Tables:
    """Return the tables of the SimPy engine; `events` counts what happened by class."""
    tally: Counter[str] = Counter() if events is None else events

    class Counted(engine_simpy.Clock):
        def at(self, at_us: int, key: int) -> simpy.Event:
            event = super().at(at_us, key)
            event.callbacks.append(lambda _: tally.update([f"event {EventClass(key >> 64).name}"]))
            return event

    with mock.patch.object(engine_simpy, "Clock", Counted):
        engine = Engine(loaded, make_plan(loaded, LUCK.seed, LUCK.plan), LUCK, model=loaded.churn)
        match = engine.clock.match

        def counted() -> None:
            tally.update([f"event {EventClass.MATCH.name}"])
            match()

        engine.clock.match = counted
        engine.run()
    drawn = draw_plan(loaded, LUCK.seed, LUCK.plan)
    lives = lives_told(loaded, drawn, Lived(*engine.customers.lived(engine.rows)))
    return engine.legs("", LUCK.desk), engine.staffing(LUCK.desk), *lives


def by_compiled(loaded: LoadedScenario) -> Tables:
    """Return the tables of the compiled engine."""
    floor, beliefs = floor_of(loaded), beliefs_of(loaded, loaded.churn)
    part = replicated(loaded, floor, None, LUCK, beliefs=beliefs)
    lives = lives_told(loaded, part.plan, part.lived(beliefs, LUCK, floor.horizon_us))
    return legs_table(floor, [part], ""), staffing_table(floor, [part]), *lives


def lives_told(loaded: LoadedScenario, plan: DrawnPlan, lived: Lived) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cases and customers of what an engine has folded."""
    cases, entities = cases_table([(LUCK.desk, plan, lived)])
    population = loaded.scenario.customers
    return cases, customers_of(cases, loaded.churn, population, LUCK.seed, same_plan=True, entities=entities)


def by_tables(loaded: LoadedScenario, legs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cases and customers as the tables of a log tell them: what a recorded or measured one goes through."""
    population = loaded.scenario.customers
    expectations = Expectations(loaded.scenario.expectations, LUCK.seed)
    complaints = population.complaints if population else ()
    conduct = conduct_of(legs, loaded.scenario, loaded.horizon_s, LUCK.seed, same_plan=True)
    cases = cases_of(legs, expectations, loaded.horizon_s, complaints=complaints, same_plan=True, conduct=conduct)
    return cases, customers_of(cases, loaded.churn, population, LUCK.seed, same_plan=True)


def difference(number: int, events: Counter[str] | None = None) -> str | None:
    """Simulate a random scenario in both engines; return the first difference in words, or None."""
    told = first_difference(*random_scenario(number), events)
    return told and f"{told}\nreplay: {replay(number)}"


def first_difference(
    scenario: dict[str, Any], arrivals: list[Arrival], events: Counter[str] | None = None
) -> str | None:
    """Simulate a scenario in both engines; return the first difference in words, or None."""
    with TemporaryDirectory() as folder:
        loaded = written(Path(folder), scenario, arrivals)
        loaded = drawn_opening(random.Random(loaded.hash), loaded)
        simpy, compiled = by_simpy(loaded, events), by_compiled(loaded)
        if events is not None:
            events.update(what_occurred(simpy[0], simpy[1], loaded))
            events.update(who_left(loaded, simpy[0], simpy[3]))
            events.update({f"conduct {term}": int(simpy[2][term].sum()) for term in OF_CONDUCT})
    folded = by_tables(loaded, simpy[0])
    pairs = [*zip(NAMES, simpy, compiled, strict=True), *zip(NAMES[2:], folded, compiled[2:], strict=True)]
    for name, one, other in pairs:
        try:
            pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
        except AssertionError as error:
            return f"{name}: {' '.join(str(error).split())[:400]}"
    return None


def who_left(loaded: LoadedScenario, legs: pd.DataFrame, customers: pd.DataFrame) -> Counter[str]:
    """Count who left, and the cases that were never begun for it."""
    planned = len(make_plan(loaded, LUCK.seed, LUCK.plan)) if loaded.scenario.customers else 0
    spared = planned - legs["case_id"].nunique() if planned else 0
    return Counter({"a customer leaves": int(customers["left"].fillna(False).sum()), "a leaver stays away": spared})


def kept(scenario: dict[str, Any], arrivals: list[Arrival]) -> str:
    """Keep a scenario in a file, and return the command that simulates it again."""
    folder = Path(gettempdir(), "testdrive-differences")
    folder.mkdir(exist_ok=True)
    text = json.dumps([scenario, arrivals])
    path = folder / f"{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.json"
    path.write_text(text)
    return f"python -m tests.simulator.engines_equal --file {path}"


def replay(number: int) -> str:
    """Return the command that simulates one random scenario again."""
    return f"python -m tests.simulator.engines_equal --scenario {number}"


def what_occurred(legs: pd.DataFrame, staffing: pd.DataFrame, loaded: LoadedScenario) -> Counter[str]:
    """Count ends of legs, and branches that only a coincidence or several features at once lead to."""
    counts: Counter[str] = Counter({f"leg_end {end}": int((legs["leg_end"] == end).sum()) for end in ENDS})
    served = legs[legs["agent"].notna()]
    left = staffing[staffing["to_s"] < loaded.horizon_s]
    freed = set(zip(served["agent"], served["released_s"], strict=True))
    ended_s, begun_s = set(served["released_s"].dropna()), set(legs["arrived_s"])
    abandoned = legs[legs["leg_end"] == "abandoned"]
    again = legs[(legs["leg"] == 0) & (legs["attempt"] > 1)]
    before = legs[legs["leg"] == 0].groupby("case_id").shift()
    hopped = again["channel"] != before["channel"].reindex(again.index)
    pairs = _pairs(served)
    called_back = (legs["leg_end"].shift() == "callback") & (legs["leg"] > 0)
    teams = loaded.scenario.teams
    ends = {name: loaded.shift_ends_s(name) for name, team in teams.items() if not team.self_service}
    branches: dict[str, Any] = {
        "a third leg": legs["leg"] >= 2,
        "a transfer with history": legs["history_carried"].fillna(False),
        "a second attempt": legs["attempt"] == 2,
        "a fourth attempt": legs["attempt"] >= 4,
        "an attempt after a redial at once": (legs["attempt"] > 1) & legs["arrived_s"].isin(abandoned["ended_s"]),
        "no wait accepted": abandoned["ended_s"] == abandoned["arrived_s"],
        "a conversation of no time": served["talk_s"] == 0,
        "a wrap-up of no time": served["wrap_s"] == 0,
        "a wrap-up past the end": served["released_s"] > loaded.horizon_s,
        "censored while waiting": legs["answered_s"].isna() & (legs["leg_end"] == "censored"),
        "censored while talking": served["leg_end"] == "censored",
        "answered as an agent is freed": (served["answered_s"] > served["arrived_s"])
        & served["answered_s"].isin(ended_s),
        "joined as an agent is freed": legs["arrived_s"].isin(ended_s),
        "gave up as an agent was freed elsewhere": abandoned["ended_s"].isin(ended_s),
        "gave up as another joined": abandoned["ended_s"].isin(begun_s)
        & (abandoned["ended_s"] > abandoned["arrived_s"]),
        "joined together with another": legs.duplicated("arrived_s"),
        "a queue of several teams": legs["queue"].str.contains("+", regex=False),
        "answered by the second team asked": served["team"] != served["queue"].str.split("+").str[0],
        "a seat left idle": [pair not in freed for pair in zip(left["seat"], left["to_s"], strict=True)],
        "a seat left when its work was done": [pair in freed for pair in zip(left["seat"], left["to_s"], strict=True)],
        "a redial on another channel": hopped,
        "a redial with the patience of its intent": [
            isinstance(loaded.scenario.patience.get(channel), dict) for channel in again["channel"]
        ],
        "a redial after a busy signal": before["leg_end"].reindex(again.index) == "blocked",
        "blocked as a line was freed": legs[legs["leg_end"] == "blocked"]["arrived_s"].isin(set(legs["ended_s"])),
        "a transfer that has priority": (legs["leg"] > 0) & (legs["priority"] > 0),
        "overtaken by a higher priority": pairs["overtaken"] & (pairs["priority"] > pairs["other_priority"]),
        "overtaken by a lower rank": pairs["overtaken"] & (pairs["priority"] == pairs["other_priority"]),
        "taken by a team of the second rank": [
            teams[team].rank(intent) > min((teams[name].rank(intent) for name in queue.split("+") if name), default=9)
            for team, intent, queue in zip(served["team"], served["intent"], served["queue"], strict=True)
        ],
        "there as the run began, waiting": legs["customer_id"].str.startswith("now.") & legs["team"].isna(),
        "there as the run began, being served": legs["customer_id"].str.startswith("now.")
        & (legs["answered_s"] == legs["arrived_s"]) & (legs["leg"] == 0) & legs["agent"].notna(),
        "a break": [bool(team.shifts and any(shift.breaks for shift in team.shifts)) for team in teams.values()],
        "a seat came back": staffing.duplicated("seat"),
        "a warm transfer": (legs["leg_end"] == "transferred") & (legs["ended_s"] > legs["arrived_s"].shift(-1))
        & (legs["leg"].shift(-1) == legs["leg"] + 1),
        "a conference": (legs["role"] == "conference") & legs["agent"].notna(),
        "nobody was free for a conference": (legs["role"] == "conference") & (legs["leg_end"] == "blocked"),
        "cut off while nobody was free": (legs["leg_end"] == "cut_off") & legs["agent"].isna(),
        "gave up in a second queue": (legs["leg_end"] == "abandoned") & (legs["leg"] > 0),
        "left a message in a second queue": (legs["leg_end"] == "message") & (legs["leg"] > 0),
        "an answer in vain": (legs["contact_outcome"] == "unresolved") & legs["agent"].notna(),
        "came back after an answer in vain": before["contact_outcome"].reindex(again.index) == "unresolved",
        "called after being cut off": (legs["leg_end"].shift() == "cut_off") & (legs["leg"] > 0),
        "came back after being cut off": before["contact_outcome"].reindex(again.index) == "cut_off",
        "came back after being sent away": before["contact_outcome"].reindex(again.index) == "cleared_at_close",
        "called back and there": legs["agent"].notna() & (legs["leg_end"] != "silent") & called_back,
        "called back and not there": legs["agent"].notna() & (legs["leg_end"] == "silent") & called_back,
        "an agent finds nobody there": legs["agent"].notna() & (legs["leg_end"] == "silent") & ~called_back,
        "gave up after a page": (legs["leg_end"] == "abandoned") & (legs["leg"] > 0) & legs["agent"].shift().isna()
        & (legs["leg_end"].shift() == "transferred"),
        "passed on by a page": legs["agent"].isna() & (legs["leg_end"] == "transferred"),
        "a wait announced": legs["announced_wait_s"].notna(),
        "a promise kept": legs["promise_kept_s"] <= legs["promise_due_s"],
        "a promise kept late": legs["promise_kept_s"] > legs["promise_due_s"],
        "a promise forgotten": legs["promise_due_s"].notna() & legs["promise_kept_s"].isna(),
        "came back for a promise": before["promise_due_s"].reindex(again.index).notna(),
        "a work order done": (legs["role"] == "work") & (legs["contact_outcome"] == "resolved"),
        "a work order that failed": (legs["role"] == "work") & (legs["contact_outcome"] == "unresolved"),
        "time on hold": legs["hold_s"] > 0,
        "passed on as a shift ends": [
            end == "transferred" and ended_s in ends[team] and teams[team].at_shift_end in ("hands_over", "briefs")
            for team, end, ended_s in zip(served["team"], served["leg_end"], served["ended_s"], strict=True)
        ],
        "stayed on for a customer": [
            teams[team].at_shift_end == "stays" and _rostered(loaded, team, answered_s) == 0
            for team, answered_s in zip(served["team"], served["answered_s"], strict=True)
        ],
        "laid aside for another": served["ended_s"] - served["answered_s"] - served["hold_s"].fillna(0)
        > served["talk_s"] + 0.5e-6,
        "an order laid aside": (served["role"] == "work")
        & (served["ended_s"] - served["answered_s"] - served["hold_s"].fillna(0) > served["talk_s"] + 0.5e-6),
        "passed on by a clock": _by_a_clock(served, loaded),
        "on hold until the clock": [
            passed and hold_s > 0 and talk_s == 0
            for passed, hold_s, talk_s in zip(
                _by_a_clock(served, loaded), served["hold_s"], served["talk_s"], strict=True
            )
        ],
        "promoted": _promoted(legs, loaded),
        "answered by a team that helps out late": [
            bool(wait_s and wait_s == teams[team].takes_after_s.get(intent))
            for wait_s, team, intent in zip(
                served["answered_s"] - served["arrived_s"], served["team"], served["intent"], strict=True
            )
        ],
    }  # fmt: skip
    counts.update({f"branch {name}": int(sum(rows)) for name, rows in branches.items()})
    return counts


def _by_a_clock(served: pd.DataFrame, loaded: LoadedScenario) -> list[bool]:
    """Say which talks ended as they had lasted as long as one that is passed on may."""
    clocks = {(one.from_team, one.after_s) for one in loaded.scenario.transfers if one.after_s}
    lasted_s = (served["ended_s"] - served["answered_s"]).round(6)
    passed = served["leg_end"].isin(["transferred", "escalated", "cut_off"])
    return [
        yes and pair in clocks for yes, pair in zip(passed, zip(served["team"], lasted_s, strict=True), strict=True)
    ]


def _rostered(loaded: LoadedScenario, team: str, at_s: float) -> int:
    """Return how many of a team are rostered at an instant."""
    return max(((from_s, count) for from_s, count in loaded.agents[team] if from_s <= at_s), default=(0.0, 0))[1]


def _promoted(legs: pd.DataFrame, loaded: LoadedScenario) -> list[bool]:
    """Say which legs ended with another priority than they began with."""
    rules = zip(legs["priority"], legs["channel"], legs["intent"], strict=True)
    return [priority != loaded.scenario.priority_of(channel, intent) for priority, channel, intent in rules]


def _pairs(served: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of contacts that one team took one after the other, and whether the second had waited longer."""
    waited = served[served["answered_s"] > served["arrived_s"]].sort_values(["team", "answered_s"], kind="stable")
    other = waited.shift(-1)
    return pd.DataFrame(
        {
            "overtaken": (other["team"] == waited["team"])
            & (other["arrived_s"] < waited["arrived_s"])
            & np.array([team in str(queue) for team, queue in zip(waited["team"], other["queue"], strict=True)], bool),
            "priority": waited["priority"],
            "other_priority": other["priority"],
        }
    )


def compare(numbers: range, tell: Callable[[str], object] = lambda _: None) -> tuple[list[str], Counter[str]]:
    """Compare the engines on scenarios; return the differences and what occurred."""
    events: Counter[str] = Counter({f"event {kind.name}": 0 for kind in EventClass})
    found = []
    for number in numbers:
        told = difference(number, events)
        if told:
            found.append(told)
            tell(told)
    return found, events


def main(words: list[str]) -> int:
    """Run the command; exit 1 where the engines differ or something asked for did not occur often enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.engines_equal", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--scenario", type=int, help="only this one")
    parser.add_argument("--file", type=Path, help="a scenario that a failing test kept")
    parser.add_argument("--first", action="store_true", help="stop at the first difference")
    parser.add_argument("--mutants", action="store_true", help="put one fault after the other into each engine")
    asked = parser.parse_args(words)
    if asked.mutants:
        from tests.simulator.mutants import try_all

        return try_all()
    if asked.file is not None:
        told = first_difference(*json.loads(asked.file.read_text()))
        print(told or f"{asked.file}: no cell differs")
        return 1 if told else 0
    if asked.scenario is not None:
        print(difference(asked.scenario) or f"scenario {asked.scenario}: no cell differs")
        return 0
    if asked.first:
        for number in range(asked.scenarios):
            if told := difference(number):
                print(f"caught by scenario {number}: {told}")
                return 1
        return 0
    found, events = compare(range(asked.scenarios), print)
    for name, count in sorted(events.items()):
        print(f"{count:9,}  {name}{'' if count >= 100 else '   FEWER THAN 100'}")
    print(f"{asked.scenarios - len(found):,} of {asked.scenarios:,} scenarios: no cell differs")
    return 1 if found or min(events.values()) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
