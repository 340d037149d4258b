"""The reverse: what given people achieve, and how much volume they can carry.

Goals are judged on replications as those of an answer are; the volume by halving a factor of all demand on the same
luck, until the highest factor at which all goals are kept in the mean is known to `WITHIN`.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from results.bisection import KEPT, MISSED, Bounds, Tried, bracket_of, next_factor
from results.roster import steps_of
from results.roster_reading import read_roster
from results.staffing import records_of
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.profiled import Asked, profiled
from scenarios.reading import LoadedScenario
from scenarios.tables import header_of
from scenarios.units import AGENTS_MOST, clock_s
from scenarios.workbooks import is_workbook
from simulator.simulate import believed_churn
from simulator.staffing.aims import aims_of, staffed_teams
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.starting import grid_of
from simulator.staffing.verifying import judge
from simulator.workers import Workers, open_workers

Steps = list[tuple[float, int]]
WITHIN = 0.02
LOWEST, HIGHEST = 1 / 16, 16.0
CARRIED_REPLICATIONS = 10
ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Given:
    """What given people achieve.

    Attributes:
        goals: a row per goal: value with its interval, the share of days on which it is kept, the verdict.
        carried: the highest factor of all demand at which all goals are kept in the mean; None: not even the lowest.
        not_carried: the lowest factor tried at which one is not; None: kept up to the highest.
        binds: the goals that are missed there.
    """

    goals: pd.DataFrame
    carried: float | None
    not_carried: float | None
    binds: tuple[str, ...]
    replications: int
    carried_replications: int

    def facts(self) -> dict[str, Any]:
        """Return it as plain values."""
        told = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {**told, "goals": records_of(self.goals), "binds": list(self.binds)}


def given(
    loaded: LoadedScenario,
    rosters: Mapping[str, Steps],
    seed: int,
    threads: int = 1,
    cluster: str | None = None,
    replications: int = 100,
    progress: Callable[[float], None] | None = None,
) -> Given:
    """Say what people achieve.

    Args:
        loaded: the scenario; teams that `rosters` do not name keep their roster.
        rosters: by team, steps (scenario second, agents from then on).
        seed: the luck.
        threads: plays at once.
        cluster: address of a Dask scheduler.
        replications: on which goals are judged.
        progress: told the share that is done.

    Raises:
        StaffingError: the scenario has no goals, or one that cannot be staffed for.
    """
    teams = staffed_teams(loaded, ())
    changed = rostered(loaded, rosters)
    with open_workers(threads, False, cluster) as workers:
        sample, aims = _played(changed, teams, seed, workers, range(replications))
        days = np.array([changed.scenario.local_days.day_at(at_s) for at_s in grid_of(changed, teams, 30).begins_s])
        judged = judge(sample, aims, days, -float(ndtri(ALPHA / 2)))
        tried: list[Tried] = []
        missed: dict[float, tuple[str, ...]] = {}
        for bounds in (Bounds(1.0, HIGHEST, WITHIN), Bounds(LOWEST, 1.0, WITHIN)):
            while (factor := next_factor(bounds, tried)) is not None:
                if progress:
                    progress(min(0.3 + 0.05 * len(tried), 0.95))
                busier = profiled(changed, Asked(factor=factor))
                part, aims = _played(busier, teams, seed, workers, range(CARRIED_REPLICATIONS))
                told = judge(part, aims, days, 0.0)
                missed[factor] = tuple(one.name for one in told if not one.slack >= 0)
                tried.append(Tried(factor, MISSED if missed[factor] else KEPT))
            if bracket_of(tried).kept is not None:
                break
    bracket = bracket_of(tried)
    rows = [{"unit": aim.unit, **dataclasses.asdict(one)} for aim, one in zip(aims, judged, strict=True)]
    goals = pd.DataFrame(rows).rename(columns={"name": "goal"})
    binds = missed.get(bracket.not_kept, ()) if bracket.not_kept is not None else ()
    return Given(goals, bracket.kept, bracket.not_kept, binds, replications, CARRIED_REPLICATIONS)


def _played(loaded: LoadedScenario, teams: Sequence[str], seed: int, workers: Workers | None, numbers: range) -> Any:
    aims = tuple(aim for aim in aims_of(loaded, teams) if aim.goal is not None)
    desk = Desk(loaded, seed, grid_of(loaded, teams, 30), aims, believed_churn(loaded, seed))
    return Player(desk, workers).today(numbers), aims


def rostered(loaded: LoadedScenario, rosters: Mapping[str, Steps]) -> LoadedScenario:
    """Return a scenario with other rosters."""
    scenario = loaded.scenario
    teams = {
        name: team.model_copy(update={"shifts": None, "agents_csv": None}) if name in rosters else team
        for name, team in scenario.teams.items()
    }
    agents = {**loaded.agents, **{name: list(steps) for name, steps in rosters.items()}}
    changed = scenario.model_copy(update={"teams": teams})
    return dataclasses.replace(loaded, scenario=changed, agents=agents)


def read_people(path: Path, loaded: LoadedScenario) -> dict[str, Steps]:
    """Read who is there: a roster of people and shifts (`results.roster_reading`), or a table of counts.

    A table of counts has columns team, agents (or scheduled, or required), and from_s, or day (from 0) and time (or
    starts).

    Raises:
        FaultsFoundError: every row that cannot be read.
        OSError: the file cannot be read.
    """
    people = [name for name, team in loaded.scenario.teams.items() if not team.self_service]
    if is_workbook(path) or "person" in header_of(path):
        scenario = loaded.scenario
        roster = read_roster(path, scenario.starts, scenario.time_zone, scenario.days, people)
        return steps_of(roster, sorted({shift.team for shift in roster.shifts}))
    faults: list[Fault] = []
    found: dict[str, dict[float, int]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                team, at_s, count = _row(row, people, loaded)
            except ValueError as error:
                key, expected = error.args
                faults.append(Fault(str(path), number, key, str(row.get(key) or "missing"), expected))
                continue
            found.setdefault(team, {})[at_s] = count
    if not found and not faults:
        faults.append(
            Fault(str(path), 1, "team", "missing", "a table with columns team, from_s and agents, and rows in it")
        )
    if faults:
        raise FaultsFoundError(faults)
    return {team: [(0.0, 0), *sorted(steps.items())] if 0.0 not in steps else sorted(steps.items())
            for team, steps in found.items()}  # fmt: skip


def _row(row: Mapping[str, str | None], people: Sequence[str], loaded: LoadedScenario) -> tuple[str, float, int]:
    team = row.get("team") or ""
    if team not in people:
        raise ValueError("team", one_of(people, team))
    key = next((name for name in ("agents", "scheduled") if name in row), "required")
    told = row.get(key) or ""
    if not told.isdecimal() or int(told) > AGENTS_MOST:
        raise ValueError(key, f"a whole number from 0 to {AGENTS_MOST}")
    if row.get("from_s"):
        try:
            at_s = float(row["from_s"] or "")
        except ValueError:
            raise ValueError("from_s", "scenario seconds") from None
        if not 0 <= at_s < loaded.horizon_s:
            raise ValueError("from_s", f"scenario seconds from 0 to {loaded.horizon_s:g}")
        return team, at_s, int(told)
    day, key = row.get("day") or "0", "time" if "time" in row else "starts"
    if not day.isdecimal() or int(day) >= loaded.scenario.days:
        raise ValueError("day", f"a day from 0 to {loaded.scenario.days - 1}")
    try:
        clock = clock_s(row.get(key) or "")
    except ValueError:
        raise ValueError(key, "a time HH:MM") from None
    return team, float(loaded.scenario.local_days.at_s(int(day), clock)), int(told)
