"""What several verbs read from their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probes.desk.desk import DeskOptions
    from scenarios.profiled import Asked
    from scenarios.reading import LoadedScenario


def scenario_of(path: Path, asked: argparse.Namespace) -> LoadedScenario:
    """Return the scenario at a path, over the days and at the volumes that were asked for."""
    return scenario_at(path, asked, getattr(asked, "factor", None))


def scenario_at(path: Path, asked: argparse.Namespace, factor: float | None) -> LoadedScenario:
    """Return the scenario at a path as asked for, at another factor than was asked for."""
    from results.replaying import arrivals_of
    from scenarios.profiled import profiled, replayed
    from scenarios.reading import load_scenario

    loaded = load_scenario(path, getattr(asked, "days", None))
    if getattr(asked, "replay", None) is not None:
        loaded = replayed(loaded, *arrivals_of(asked.replay))
    return profiled(loaded, _volumes(asked, factor))


def _volumes(asked: argparse.Namespace, factor: float | None) -> Asked:
    from scenarios.profiled import Asked

    profile, starts, lasts_s = (getattr(asked, name, None) for name in ("profile", "from_clock", "for_s"))
    return Asked(profile, factor, starts, lasts_s)


def volumes_named(asked: argparse.Namespace) -> list[str]:
    """Return the options given that say at which volumes a scenario is played."""
    options = {
        "profile": "--profile",
        "factor": "--factor",
        "from_clock": "--from",
        "for_s": "--for",
        "replay": "--replay",
    }
    return [option for name, option in options.items() if getattr(asked, name, None) is not None]


def seed_of(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    """Return the seed that was asked for, else the scenario's."""
    return loaded.scenario.seed if asked.seed is None else int(asked.seed)


def facts_of(loaded: LoadedScenario, seed: int) -> dict[str, Any]:
    """Return what a run.json says of its scenario."""
    from results.runs import scenario_facts

    return scenario_facts(loaded, seed)


def desk_options_of(asked: argparse.Namespace, loaded: LoadedScenario, seed: int) -> DeskOptions:
    """Return how a rehearsal desk is to be opened."""
    from probes.desk.desk import DeskOptions
    from scenarios.misconduct import no_misconduct, read_misconduct

    wrongs = read_misconduct(asked.misconduct, list(loaded.scenario.teams)) if asked.misconduct else no_misconduct()
    port, capacity = getattr(asked, "port", 0), getattr(asked, "capacity", None)
    return DeskOptions(seed, asked.scale or 1.0, port, wrongs, asked.phrases, asked.truth, capacity)


def is_of_kind(path: str, kind: str) -> bool:
    """Say whether a path is a file of a kind, such as a programme."""
    from scenarios.kinds import kind_of

    return path.endswith((".yaml", ".yml")) and Path(path).is_file() and kind_of(Path(path)) == kind


def is_scenario(path: str) -> bool:
    """Say whether a path is a scenario."""
    from scenarios.kinds import kind_of

    return kind_of(Path(path)) == "scenario"
