"""The verb for what could be otherwise: whatif."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from commands.asked import scenario_of, seed_of
from commands.comparing import write_whatif
from commands.exits import Exit
from commands.kept import go_on_words, run_with_rows
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from results.runs import Run
    from results.whatif import WhatIf
    from scenarios.alternatives import Alternative
    from scenarios.faults import Fault
    from scenarios.reading import LoadedScenario


def whatif(asked: argparse.Namespace) -> int:
    """Compare alternatives with a scenario on the same luck, until it is decided which are better."""
    from results.runs import FINISHED, INTERRUPTED
    from scenarios.alternatives import alternatives_of
    from scenarios.jit import is_cold
    from simulator.whatif import asked_about
    from simulator.whatif import whatif as compare
    from simulator.whatif_measures import measures_of

    loaded = scenario_of(asked.scenario, asked)
    alternatives = _alternatives(asked, loaded)
    alternatives_of(loaded, alternatives)  # so that a fault leaves no folder behind
    measures_of(loaded, asked.metric, asked.tolerance)
    seed = seed_of(asked, loaded)
    about = asked_about(loaded, alternatives, seed, asked.replications, asked.metric, asked.tolerance)
    run, kept = run_with_rows(asked, "whatif", loaded, seed, [one.name for one in alternatives], about)
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    try:
        with kept, progress_bar(asked, f"what if: {len(alternatives)} alternatives") as progress:
            found = compare(
                loaded, alternatives, seed, asked.replications, asked.threads, progress, asked.metric, asked.tolerance,
                asked.cluster, None, kept,
            )  # fmt: skip
    except KeyboardInterrupt:
        run.write_facts(state=INTERRUPTED)
        raise KeyboardInterrupt(f"interrupted; {go_on_words(run)}") from None
    facts = {"whatif": found.facts(), "replications": found.replications, "wall_s": found.wall_s}
    run.write_facts(**facts, state=FINISHED if found.whole else INTERRUPTED)
    _write(run, found)
    _show(asked, run, found)
    if not found.whole:
        say(go_on_words(run))
        return Exit.INTERRUPTED
    return Exit.AGREES if found.decided else Exit.CANNOT_TELL


def _alternatives(asked: argparse.Namespace, loaded: LoadedScenario) -> list[Alternative]:
    """Return what was asked for in all ways; every fault of reading is told at once."""
    from scenarios.alternatives import gridded, read_alternatives, remedies_of
    from scenarios.faults import FaultsFoundError

    found: list[Alternative] = []
    faults: list[Fault] = []
    readers: list[Callable[[], list[Alternative]]] = [
        *(functools.partial(_typed, text) for text in asked.set),
        *(functools.partial(read_alternatives, path) for path in asked.alternatives),
        functools.partial(gridded, asked.grid),
        lambda: remedies_of(loaded) if asked.remedies else [],
    ]
    for read in readers:
        try:
            found += read()
        except FaultsFoundError as error:
            faults += error.faults
    if faults:
        raise FaultsFoundError(faults)
    return found


def _typed(text: str) -> list[Alternative]:
    from scenarios.alternatives import typed

    return [typed(text)]


def _write(run: Run, found: WhatIf) -> None:
    """Write the paired values and the page."""
    path = run.folder / "differences.csv"
    part = path.with_name(".differences.part")
    found.pairs().to_csv(part, index=False)
    part.replace(path)
    write_whatif(run.folder / "report.html", run)


def _show(asked: argparse.Namespace, run: Run, found: WhatIf) -> None:
    from results.whatif_words import whatif_text

    if asked.json:
        print_json({"run": str(run.folder), "wall_s": found.wall_s, **found.facts()})
        return
    print(whatif_text(found.facts()))
    print(f"{found.wall_s:.1f} s; {run.folder / 'report.html'}")
