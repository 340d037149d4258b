"""The verbs for recorded logs: import, fit."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from commands.exits import Exit
from commands.terminal import print_json, progress_bar

if TYPE_CHECKING:
    pass


def import_(asked: argparse.Namespace) -> int:
    """Turn a recorded log into a contact log, through a mapping of its columns."""
    from results.importing import import_log
    from results.runs import new_folder
    from scenarios.mapping import load_mapping
    from scenarios.reading import find_file

    mapping = load_mapping(find_file("mappings", str(asked.mapping)) or asked.mapping)
    with progress_bar(asked, "importing") as progress:
        run = import_log(asked.log, mapping, new_folder(mapping.mapping.mapping, "import", asked.out), progress)
    rejected: Mapping[str, int] = run.facts["rejected"]
    if asked.json:
        facts = {name: run.facts[name] for name in ("rows", "kept", "rejected", "origin", "time_zone", "days")}
        print_json({"run": str(run.folder), **facts})
    else:
        for reason, count in sorted(rejected.items(), key=lambda item: -item[1]):
            print(f"{count:10,}  rejected: {reason}")
        print(f"{run.facts['kept']:10,}  of {run.facts['rows']:,} rows kept; {run.folder}")
    return Exit.AGREES


def fit(asked: argparse.Namespace) -> int:
    """Fit a scenario to a recorded run: arrivals, handling, patience, who was there."""
    from results.runs import Run
    from simulator.fit import fit as fit_scenario

    path = fit_scenario(Run.open(asked.run_folder), asked.scenario_out, asked.arrivals)
    if asked.json:
        print_json({"scenario": str(path)})
    else:
        print(f"{path}; try: testdrive simulate {path}")
    return Exit.AGREES
