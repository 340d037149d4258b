"""What `shop` and `load` are asked to play: a scenario, a wave of a programme, or journeys."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from commands.asked import is_of_kind, is_scenario, scenario_of, seed_of, volumes_named
from commands.exits import UsageError
from commands.terminal import say

if TYPE_CHECKING:
    from probes.errand import Errand


def errand_of(asked: argparse.Namespace, everyone: bool) -> Errand:
    """Return what is asked for: every customer of a scenario, or its shoppers, a programme's wave, or journeys.

    Raises:
        UsageError: options that do not go together, or nothing to play.
    """
    if not asked.what:
        raise UsageError("a scenario, a programme, or journeys by name or file are needed")
    virtual = asked.clock == "virtual"
    if not virtual and (asked.misconduct or asked.phrases or asked.truth):
        raise UsageError("--misconduct, --phrases and --truth are for our own desk: give them to `testdrive desk`")
    if is_of_scenario(asked, everyone):
        return _of_scenario(asked, everyone)
    if volumes := volumes_named(asked):
        raise UsageError(f"{' and '.join(volumes)}: for scenarios only, which say how many customers come")
    if virtual:
        raise UsageError("a journey alone has no desk of its own: --clock virtual takes a scenario")
    return _wave(asked, Path(asked.what[0])) if _is_programme(asked) else _of_journeys(asked)


def is_of_scenario(asked: argparse.Namespace, everyone: bool) -> bool:
    """Say whether a scenario is asked for, which `load` always is."""
    first = asked.what[0]
    return everyone or (len(asked.what) == 1 and Path(first).suffix in (".yaml", ".yml") and is_scenario(first))


def _is_programme(asked: argparse.Namespace) -> bool:
    return len(asked.what) == 1 and is_of_kind(asked.what[0], "programme")


def target_file_of(asked: argparse.Namespace) -> Path | None:
    """Return the target file asked for, or that of the programme's site."""
    if asked.target is None and _is_programme(asked):
        path = Path(asked.what[0])
        return path.parent / _programme_site(asked, path)[1]
    return Path(asked.target) if asked.target is not None else None


def _of_scenario(asked: argparse.Namespace, everyone: bool) -> Errand:
    from probes.early_end import aborting
    from probes.errand import scenario_errand

    journeys_only = [f"--{name}" for name in ("intent", "repeats", "persona", "feed") if getattr(asked, name, None)]
    if len(asked.what) > 1 or journeys_only:
        raise UsageError(f"one scenario at a time; {' and '.join(journeys_only or ['several'])}: for journeys only")
    loaded = scenario_of(Path(asked.what[0]), asked)
    errand = scenario_errand(loaded, seed_of(asked, loaded), asked.shoppers, everyone)
    return dataclasses.replace(errand, aborts_on=aborting(loaded.scenario.thresholds)) if everyone else errand


def _of_journeys(asked: argparse.Namespace) -> Errand:
    from probes.errand import Players, journey_errand, read_feed
    from scenarios.persona import persona_named, read_persona

    kinds = [read_persona(Path(name)) if name.endswith((".yaml", ".yml")) else persona_named(name)
             for name in asked.persona]  # fmt: skip
    players = Players(kinds, read_feed(asked.feed) if asked.feed else (), asked.repeats or 1)
    return journey_errand(asked.what, asked.intent, players, 1 if asked.seed is None else asked.seed)


def _programme_site(asked: argparse.Namespace, path: Path) -> tuple[str, str]:
    """Return the site of a programme that is asked for, or its only one, and its target file."""
    from scenarios.programme import read_programme

    sites = read_programme(path).sites
    name = asked.site or (next(iter(sites)) if len(sites) == 1 else None)
    if name not in sites:
        raise UsageError(f"--site NAME says where; {path} has {', '.join(sites)}")
    return name, sites[name]


def _wave(asked: argparse.Namespace, path: Path) -> Errand:
    """Return a wave of a programme as contacts, and say what it is before any is spent."""
    from probes.waves import wave_errand, wave_text
    from scenarios.journey import journey_named
    from scenarios.programme import read_programme

    programme = read_programme(path)
    wave = programme.wave(asked.wave)
    if wave is None:
        raise UsageError(f"--wave NAME says which; {path} has {', '.join(one.wave for one in programme.waves)}")
    minutes = None
    if programme.scenario is not None:
        from simulator.expected import expect

        loaded = scenario_of(path.parent / programme.scenario, asked)
        expected = expect(loaded, seed_of(asked, loaded))
        channels = {name: journey_named(name, path.parent.parent).channel for name in programme.journeys}
        minutes = {name: expected.agent_minutes(channel, name) for name, channel in channels.items()}
    say(wave_text(programme, wave, minutes))
    site, _ = _programme_site(asked, path)
    return wave_errand(programme, path.parent.parent, wave, site, 1 if asked.seed is None else asked.seed)


def only_contact(errand: Errand, contact: str) -> Errand:
    """Return an errand with one of its contacts alone."""
    plan = errand.plan[errand.plan["contact_id"] == contact].reset_index(drop=True)
    if plan.empty:
        raise UsageError(f"there is no contact {contact}; `--dry-run` lists them")
    return dataclasses.replace(errand, plan=plan)
