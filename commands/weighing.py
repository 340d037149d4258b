"""The verb for what is not known: sensitivity."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from commands.asked import scenario_of, seed_of
from commands.comparing import write_sensitivity
from commands.exits import Exit
from commands.kept import go_on_words, run_with_rows
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from results.runs import Run
    from results.sensitivity import Sensitivity
    from scenarios.reading import LoadedScenario


def sensitivity(asked: argparse.Namespace) -> int:
    """Tell which of a scenario's beliefs matter, and what else makes its figures unsure."""
    from results.runs import FINISHED, INTERRUPTED
    from scenarios.jit import is_cold
    from simulator.sensitivity import asked_about
    from simulator.sensitivity import sensitivity as weigh
    from simulator.weighing_plan import EVALUATIONS, REPLICATIONS

    loaded = scenario_of(asked.scenario, asked)
    evaluations, lucks = asked.evaluations or EVALUATIONS, asked.replications or REPLICATIONS
    _check(loaded, asked, evaluations, lucks)
    seed = seed_of(asked, loaded)
    about = asked_about(loaded, asked.uncertain, seed, evaluations, lucks, asked.metric)
    names = [*asked.uncertain, *asked.metric, str(evaluations), str(lucks)]
    run, kept = run_with_rows(asked, "sensitivity", loaded, seed, names, about)
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    try:
        with kept, progress_bar(asked, "sensitivity") as progress:
            found = weigh(
                loaded, asked.uncertain, seed, evaluations, lucks, asked.threads, progress, asked.metric, asked.cluster,
                kept,
            )  # fmt: skip
    except KeyboardInterrupt:
        run.write_facts(state=INTERRUPTED)
        raise KeyboardInterrupt(f"interrupted before anything could be told; {go_on_words(run)}") from None
    run.write_facts(
        sensitivity=found.facts(), wall_s=found.wall_s, state=FINISHED if found.whole else INTERRUPTED
    )  # fmt: skip
    _write(run, found)
    _show(asked, run, found)
    if not found.whole:
        say(go_on_words(run))
        return Exit.INTERRUPTED
    return Exit.AGREES


def _check(loaded: LoadedScenario, asked: argparse.Namespace, evaluations: int, lucks: int) -> None:
    """Tell every fault before a folder is there."""
    from scenarios.uncertain_typed import all_inputs
    from simulator.sensitivity import figures_of
    from simulator.weighing_plan import plan_of, salib

    inputs = all_inputs(loaded, asked.uncertain)
    figures_of(loaded, asked.metric)
    plan_of(len(inputs), evaluations, lucks)
    salib("sobol")


def _write(run: Run, found: Sensitivity) -> None:
    """Write the evaluations and the page."""
    path = run.folder / "evaluations.csv"
    part = path.with_name(".evaluations.part")
    found.evaluations.to_csv(part, index=False)
    part.replace(path)
    write_sensitivity(run.folder / "report.html", run)


def _show(asked: argparse.Namespace, run: Run, found: Sensitivity) -> None:
    from results.sensitivity_words import sensitivity_text

    if asked.json:
        print_json({"run": str(run.folder), "wall_s": found.wall_s, **found.facts()})
        return
    print(sensitivity_text(found.facts()))
    print(f"{found.wall_s:.1f} s; {run.folder / 'report.html'}")
