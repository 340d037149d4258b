"""The whole loop in one verb: plan, simulate, shop on a desk of our own, compare, and write the page."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commands.asked import desk_options_of, facts_of, scenario_of, seed_of
from commands.comparing import codes_of, compare_runs, verdict_text, write_page
from commands.exits import Exit, worst
from commands.probing import tell_unplayed
from commands.simulating import simulate_asked
from commands.terminal import print_json, say, ticking

if TYPE_CHECKING:
    from results.runs import Run
    from scenarios.reading import LoadedScenario


def run(asked: argparse.Namespace) -> int:
    """The whole loop: plan, simulate, open the desk, shop it, compare, report."""
    from probes.errand import scenario_errand
    from probes.playing import play_virtual, play_with_desk
    from results.runs import FINISHED, INTERRUPTED, Run, new_folder, run_id, write_whole
    from results.words import comparison_document

    loaded = scenario_of(asked.scenario, asked)
    seed = seed_of(asked, loaded)
    options = desk_options_of(asked, loaded, seed)
    tell_unplayed(loaded, virtual=asked.clock == "virtual")
    errand = scenario_errand(loaded, seed, asked.shoppers)
    folder = new_folder(loaded.scenario.scenario, "run", asked.out)
    name = run_id("day", loaded.scenario.scenario, loaded.hash, seed)
    whole = Run.create(folder, {**facts_of(loaded, seed), "run_id": name, "kind": "day"})
    simulated_run, _ = simulate_asked(asked, loaded, folder / "simulated", True)
    if simulated_run.facts["state"] == INTERRUPTED:
        return _cut_short(asked, whole)
    with ticking(asked, "shopping the desk") as watch:
        if asked.clock == "real":
            measured = asyncio.run(play_with_desk(errand, folder / "measured", options, watch))
        else:
            measured = play_virtual(errand, folder / "measured", options, watch)
    if measured.facts["state"] == INTERRUPTED:
        return _cut_short(asked, whole)
    comparison = compare_runs(simulated_run, measured)
    browser, notes = (None, []) if asked.clock == "virtual" else _browse(asked, loaded, seed, folder / "browser")
    report_path = folder / "report.html"
    write_page(report_path, simulated_run, measured, comparison, browser, notes)
    codes = codes_of(comparison, measured.facts)
    if browser is not None and browser.facts["state"] == INTERRUPTED:
        codes.append(Exit.INTERRUPTED)
    write_whole(folder / "comparison.json", json.dumps(comparison_document(comparison), indent=2) + "\n")
    whole.write_facts(state=FINISHED, verdict=comparison.verdict, exit=int(worst(codes)))
    if asked.json:
        print_json({"run": str(folder), "report": str(report_path), **comparison_document(comparison)})
    else:
        print(verdict_text(comparison, measured))
        for note in notes:
            print(note)
        print(f"report: {report_path.resolve()}")
    return worst(codes)


def _cut_short(asked: argparse.Namespace, whole: Run) -> int:
    """Say that a whole day was interrupted; its parts so far are kept."""
    from results.runs import INTERRUPTED

    whole.write_facts(state=INTERRUPTED)
    if asked.json:
        print_json({"run": str(whole.folder), "verdict": None, "rows": []})
    say(f"interrupted; what was measured is kept in {whole.folder}")
    return Exit.INTERRUPTED


def _browse(asked: argparse.Namespace, loaded: LoadedScenario, seed: int, folder: Path) -> tuple[Run | None, list[str]]:
    """Play a handful of journeys in a real browser; where there is none, say so and go on."""
    from probes.browse import browse
    from probes.browser import BrowserMissingError

    wrongs = desk_options_of(asked, loaded, seed).misconduct
    try:
        with ticking(asked, "browsing the desk") as watch:
            return asyncio.run(browse(loaded, folder, seed, misconduct=wrongs, watch=watch)).run, []
    except BrowserMissingError as error:
        return None, [f"No journeys were played in a real browser: {error}"]
