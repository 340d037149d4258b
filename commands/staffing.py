"""The verb for people: staff."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from commands.asked import facts_of, scenario_of, seed_of
from commands.comparing import write_staffing
from commands.exits import Exit
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from pathlib import Path

    from results.runs import Run
    from results.staffing import Staffing
    from scenarios.reading import LoadedScenario


def staff(asked: argparse.Namespace) -> int:
    """Find the cheapest people that keep a scenario's goals; or say what given people achieve."""
    from results.runs import FINISHED, INTERRUPTED, Run, new_folder, run_id
    from scenarios.jit import is_cold
    from simulator.staffing import staff as cheapest
    from simulator.staffing.cheapest import checked

    loaded = scenario_of(asked.scenario, asked)
    teams = [name for word in asked.teams for name in word.split(",") if name]
    if asked.given is not None:
        return _given(asked, loaded)
    checked(loaded, teams, asked.objective, asked.interval)  # so that a fault leaves no folder behind
    seed = seed_of(asked, loaded)
    name = run_id("staff", loaded.scenario.scenario, loaded.hash, seed, asked.interval, *teams)
    run = Run.create(
        new_folder(loaded.scenario.scenario, "staff", asked.out),
        {**facts_of(loaded, seed), "kind": "staff", "run_id": name},
    )
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    try:
        with progress_bar(asked, "the cheapest people") as progress:
            found = cheapest(
                loaded, asked.interval, teams, seed, asked.threads, asked.cluster, asked.replications, asked.objective,
                progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        run.write_facts(state=INTERRUPTED)
        raise
    interrupted = found.state == "sampled"
    run.write_facts(staffing=found.facts(), wall_s=found.wall_s, state=INTERRUPTED if interrupted else FINISHED)
    _write(run, found)
    _show(asked, run, found)
    if interrupted:
        return Exit.INTERRUPTED
    return {"verified": Exit.AGREES, "out of reach": Exit.DIFFERS}.get(found.state, Exit.CANNOT_TELL)


def _write(run: Run, found: Staffing) -> None:
    """Write the requirement and the page."""
    path = run.folder / "requirement.csv"
    part = path.with_name(".requirement.part")
    found.requirement.to_csv(part, index=False)
    part.replace(path)
    write_staffing(run.folder / "report.html", run)


def _show(asked: argparse.Namespace, run: Run, found: Staffing) -> None:
    from results.staffing_words import staffing_text

    if asked.json:
        print_json({"run": str(run.folder), **found.facts()})
        return
    print(staffing_text(found.facts()))
    print(f"{found.wall_s:.0f} s; {run.folder / 'requirement.csv'}; {run.folder / 'report.html'}")


def _given(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    """Say what given people achieve, and how much they carry."""
    from results.staffing_words import given_text
    from simulator.staffing.given import given, read_roster

    with progress_bar(asked, "what these people achieve") as progress:
        rosters = read_roster(asked.given, loaded)
        found = given(
            loaded, rosters, seed_of(asked, loaded), asked.threads, asked.cluster, asked.replications, progress
        )
    if asked.json:
        print_json(found.facts())
    else:
        print(given_text(found.facts(), _name(asked.given)))
    verdicts = {row["verdict"] for row in found.facts()["goals"]}
    return Exit.DIFFERS if "missed" in verdicts else Exit.AGREES if verdicts == {"kept"} else Exit.CANNOT_TELL


def _name(path: Path) -> str:
    return path.name
