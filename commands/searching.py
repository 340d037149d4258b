"""`load --search`: the highest volume at which a desk keeps the scenario's goals."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.asked import desk_options_of, facts_of, scenario_at, seed_of
from commands.exits import Exit, UsageError
from commands.terminal import print_json, say, ticking

if TYPE_CHECKING:
    from probes.search import Play
    from results.bisection import Bounds
    from results.carried import Searched, Step
    from results.runs import Run
    from scenarios.reading import LoadedScenario
    from scenarios.scenario import Goal
    from scenarios.thresholds import Threshold

BOUND_LEFT_OUT = {"search_from": 1.0, "search_to": 16.0, "search_within": 0.05}
NOT_WITH = (
    "factor", "resume", "shift", "after_abort", "dry_run", "clean_up", "only", "browsers", "junit", "csv", "prometheus",
    "telemetry", "truth",
)  # fmt: skip
"""Options that say something of a single run, or what the search decides."""


def search(asked: argparse.Namespace) -> int:
    """Play the scenario's window at one volume after the other, and say how much its people carry."""
    from probes.search import Searching
    from results.carried import answer_of, search_facts, step_line, steps_table
    from results.runs import Run, new_folder, run_id

    path = _checked(asked)
    loaded, bounds = scenario_at(path, asked, None), _bounds(asked)
    thresholds = _thresholds(loaded)
    goals = _goals(loaded, bool(thresholds))
    scenario_at(path, asked, bounds.highest)  # a volume that cannot be played is refused before any is
    play = _virtual(asked, path) if asked.clock == "virtual" else _real(asked, path, loaded)
    seed = seed_of(asked, loaded)
    name = run_id("search", loaded.scenario.scenario, loaded.hash, seed, bounds)
    parent = Run.create(
        new_folder(loaded.scenario.scenario, "search", asked.out),
        {**facts_of(loaded, seed), "run_id": name, "kind": "search"},
    )
    told: list[Step] = []

    def tell(step: Step) -> None:
        told.append(step)
        say(step_line(len(told), step))

    searched = Searching(bounds, goals, parent, play, tell, thresholds).run()
    if asked.json:
        print_json({"run": str(parent.folder), **search_facts(searched)})
    else:
        if searched.steps:
            print(steps_table(searched.steps))
        print(f"{answer_of(searched)}\n{parent.folder}")
    return _code(searched)


def _checked(asked: argparse.Namespace) -> Path:
    """Return the scenario's path, where the options go together."""
    if len(asked.what) != 1:
        raise UsageError("--search takes one scenario")
    if given := [f"--{name.replace('_', '-')}" for name in NOT_WITH if getattr(asked, name, None)]:
        raise UsageError(
            f"{' and '.join(given)} cannot go with --search, which plays several runs and sets their factor"
        )
    virtual = asked.clock == "virtual"
    if virtual and (asked.target is not None or asked.charter is not None):
        raise UsageError("--clock virtual plays on its own desk; --target and --charter need --clock real")
    if not virtual and (asked.target is None or asked.charter is None):
        raise UsageError("--target FILE and --charter FILE say which desk is searched; or --clock virtual, for our own")
    if not virtual and (asked.misconduct or asked.phrases):
        raise UsageError("--misconduct and --phrases are for our own desk: give them to `testdrive desk`")
    return Path(asked.what[0])


def _bounds(asked: argparse.Namespace) -> Bounds:
    from results.bisection import Bounds

    told = {
        name: value if getattr(asked, name) is None else getattr(asked, name) for name, value in BOUND_LEFT_OUT.items()
    }
    lowest = told["search_from"]
    highest = told["search_to"] if asked.search_to is not None else max(told["search_to"], lowest)
    try:
        return Bounds(lowest, highest, told["search_within"])
    except ValueError as error:
        raise UsageError(f"--search-from, --search-to, --search-within: {error}") from None


def _thresholds(loaded: LoadedScenario) -> list[Threshold]:
    """Return the thresholds of what is played, and say which are of a stage that is not."""
    stages = [stage.stage for stage in loaded.profile.stages] if loaded.profile is not None else []
    kept = [one for one in loaded.scenario.thresholds if one.stage is None or one.stage in stages]
    for one in loaded.scenario.thresholds:
        if one not in kept:
            say(f"warning: the threshold for {one.metric} in {one.stage} is left out: that stage is not played")
    return kept


def _goals(loaded: LoadedScenario, has_thresholds: bool) -> list[Goal]:
    """Return the goals that a run can be held against, and say which cannot be."""
    from results.goals_kept import can_be_seen

    goals = [goal for goal in loaded.scenario.goals if can_be_seen(goal)]
    for goal in loaded.scenario.goals:
        if goal not in goals:
            why = "contacts do not tell of it" if goal.on_days is None else "one run has too few days to tell its share"
            say(f"warning: the goal for {goal.metric} is left out: {why}")
    if not goals and not has_thresholds:
        raise UsageError(
            f"{loaded.path} has no goals that contacts tell of, so no volume could miss them; write `goals:`, such as "
            f"[{{metric: abandonment, channel: chat, at_most: 0.05}}]"
        )
    return goals


def _virtual(asked: argparse.Namespace, path: Path) -> Play:
    """Return how a step is played on a desk of its own, under the virtual clock."""
    from probes.errand import scenario_errand
    from probes.playing import play_virtual

    def play(factor: float, times: int, folder: Path) -> Run:
        loaded = scenario_at(path, asked, factor)
        seed = seed_of(asked, loaded) + times
        options = desk_options_of(asked, loaded, seed)
        with ticking(asked, f"playing x{factor:g}") as watch:
            return play_virtual(scenario_errand(loaded, seed, asked.shoppers), folder, options, watch)

    return play


def _real(asked: argparse.Namespace, path: Path, loaded: LoadedScenario) -> Play:
    """Return how a step is played on the desk of a target file, after the one before has drained."""
    from probes.errand import scenario_errand
    from probes.playing import play_real
    from probes.setting import Access
    from scenarios.charter import read_charter
    from scenarios.target import read_target

    target = read_target(asked.target)
    access = Access(target, read_charter(asked.charter))
    if target.rehearsal and (uneven := _uneven_teams(loaded)):
        say(
            f"warning: the steps come one after the other in the day of {target.base_url}, and the roster of "
            f"{', '.join(uneven)} changes in it: later steps meet other staff; --clock virtual gives each its own day"
        )
    begun: list[Path] = []

    def play(factor: float, times: int, folder: Path) -> Run:
        at = scenario_at(path, asked, factor)
        errand = scenario_errand(at, seed_of(asked, at) + times, asked.shoppers)
        errand = dataclasses.replace(errand, anytime=bool(begun))  # a rehearsal desk's day goes on
        begun.append(folder)
        with ticking(asked, f"playing x{factor:g}") as watch:
            return asyncio.run(play_real(errand, folder, access, watch, asked.scale))

    return play


def _uneven_teams(loaded: LoadedScenario) -> list[str]:
    """Return the teams whose roster changes from the window's beginning on, or from when anybody is there."""
    from_s = loaded.profile.begins_s if loaded.profile and loaded.profile.stages else None
    uneven = []
    for team in loaded.scenario.teams:
        steps = sorted(loaded.roster_paid(team))
        starts_s = next((at_s for at_s, count in steps if count), 0.0) if from_s is None else from_s
        there = [count for at_s, count in steps if at_s <= starts_s][-1:]
        if set(there + [count for at_s, count in steps if at_s > starts_s]) - set(there or [0]):
            uneven.append(team)
    return uneven


def _code(searched: Searched) -> Exit:
    from probes.search import REFUSED, UNFIT, UNREACHABLE
    from results.runs import INTERRUPTED

    codes: dict[Any, Exit] = {
        INTERRUPTED: Exit.INTERRUPTED, UNFIT: Exit.UNFIT, REFUSED: Exit.REFUSED, UNREACHABLE: Exit.UNREACHABLE,
    }  # fmt: skip
    return codes.get(searched.stopped, Exit.AGREES if searched.found else Exit.CANNOT_TELL)
