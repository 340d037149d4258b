"""The verb for people: staff."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from commands.asked import scenario_of, seed_of
from commands.comparing import write_staffing
from commands.exits import Exit, UsageError
from commands.kept import ROWS_FILE, go_on_words, run_with_rows
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from pathlib import Path

    from results.runs import Run
    from results.staffing import Staffing
    from scenarios.reading import LoadedScenario

ROSTER_FILE = "roster.csv"
GIVEN_REPLICATIONS = 100
CALENDARS_MOST = 60
"""Of so many people each has a calendar; more are in one."""


def staff(asked: argparse.Namespace) -> int:
    """Find the cheapest people that keep a scenario's goals; or say what given people achieve."""
    from results.runs import FINISHED, INTERRUPTED
    from scenarios.jit import is_cold
    from simulator.staffing import staff as cheapest
    from simulator.staffing.cheapest import checked
    from simulator.staffing.kept_plays import asked_about

    loaded = _with_labour(scenario_of(asked.scenario, asked), asked.labour)
    teams = [name for word in asked.teams for name in word.split(",") if name]
    if asked.given is not None:
        return _given(asked, loaded)
    checked(loaded, teams, asked.objective, asked.interval)  # so that a fault leaves no folder behind
    seed = seed_of(asked, loaded)
    about = asked_about(loaded, asked.interval, teams, seed, asked.replications, asked.objective)
    names = [str(asked.interval), asked.objective, *teams]
    run, kept = run_with_rows(asked, "staff", loaded, seed, names, about)
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    try:
        with kept, progress_bar(asked, "the cheapest people") as progress:
            found = cheapest(
                loaded, asked.interval, teams, seed, asked.threads, asked.cluster, asked.replications, asked.objective,
                progress, None, kept,
            )  # fmt: skip
    except KeyboardInterrupt:
        run.write_facts(state=INTERRUPTED)
        raise KeyboardInterrupt(f"interrupted before anything was known; {go_on_words(run)}") from None
    run.write_facts(staffing=found.facts(), wall_s=found.wall_s, state=FINISHED if found.whole else INTERRUPTED)
    _write(run, found)
    _show(asked, run, found)
    if not found.whole:
        say(go_on_words(run))
        return Exit.INTERRUPTED
    (run.folder / ROWS_FILE).unlink()  # nothing is missing, and it is large
    return {"verified": Exit.AGREES, "out of reach": Exit.DIFFERS, "no roster": Exit.DIFFERS}.get(
        found.state, Exit.CANNOT_TELL
    )


def _with_labour(loaded: LoadedScenario, named: str | None) -> LoadedScenario:
    """Return a scenario with other labour rules than it names, where others are asked for.

    Raises:
        UsageError: no such file.
        FaultsFoundError: its faults.
    """
    from scenarios.labour import read_labour_for
    from scenarios.reading import labour_file

    if named is None:
        return loaded
    if named == "none":
        return dataclasses.replace(loaded, labour=None)
    path = labour_file(named)
    if path is None:
        raise UsageError(f"--labour {named}: no such file, nor rules of ours; expected a file, a name, or none")
    return dataclasses.replace(loaded, labour=read_labour_for(path, loaded.scenario).rules)


def _write(run: Run, found: Staffing) -> None:
    """Write the roster, the requirement and the page."""
    if found.roster is not None:
        from results.roster_files import write_calendars, write_csv, write_excel

        write_csv(found.roster, run.folder / ROSTER_FILE)
        write_excel(found.roster, run.folder / "roster.xlsx")
        write_calendars(found.roster, run.folder / "calendars", len(found.roster.people) <= CALENDARS_MOST)
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
    names = ["requirement.csv", "report.html"] if found.roster is None else [ROSTER_FILE, "roster.xlsx", "report.html"]
    print(f"{found.wall_s:.0f} s; {'; '.join(str(run.folder / name) for name in names)}")


def _given(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    """Say what given people achieve, and how much they carry."""
    if asked.resume is not None:
        raise UsageError("--resume goes on with a search: leave it out beside --given")
    from results.staffing_words import given_text
    from simulator.staffing.given import given, read_people

    with progress_bar(asked, "what these people achieve") as progress:
        rosters = read_people(asked.given, loaded)
        replications = asked.replications or GIVEN_REPLICATIONS
        found = given(loaded, rosters, seed_of(asked, loaded), asked.threads, asked.cluster, replications, progress)
    if asked.json:
        print_json(found.facts())
    else:
        print(given_text(found.facts(), _name(asked.given)))
    verdicts = {row["verdict"] for row in found.facts()["goals"]}
    return Exit.DIFFERS if "missed" in verdicts else Exit.AGREES if verdicts == {"kept"} else Exit.CANNOT_TELL


def _name(path: Path) -> str:
    return path.name
