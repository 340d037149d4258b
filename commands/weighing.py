"""The verb for what is not known: sensitivity."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from commands.asked import facts_of, scenario_of, seed_of
from commands.comparing import write_sensitivity
from commands.exits import Exit, UsageError
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from results.runs import Run
    from results.sensitivity import Sensitivity
    from scenarios.reading import LoadedScenario

KEPT = "evaluations.csv"

ASKED = {"uncertain": list, "metric": list, "evaluations": int, "replications": int}
"""What a run is asked for, beside its scenario, days and seed; `--resume` takes it from the run."""


def sensitivity(asked: argparse.Namespace) -> int:
    """Tell which of a scenario's beliefs matter, and what else makes its figures unsure."""
    from results.runs import FINISHED, INTERRUPTED
    from scenarios.jit import is_cold
    from simulator.sensitivity import sensitivity as weigh

    run, loaded, told = _resumed(asked) if asked.resume else _begun(asked)
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    try:
        with progress_bar(asked, "sensitivity") as progress:
            found = weigh(
                loaded, told["uncertain"], run.facts["seed"], told["evaluations"], told["replications"], asked.threads,
                progress, told["metric"], asked.cluster, run.folder / KEPT,
            )  # fmt: skip
    except KeyboardInterrupt:
        run.write_facts(state=INTERRUPTED)
        raise
    run.write_facts(
        sensitivity=found.facts(), wall_s=found.wall_s, state=FINISHED if found.whole else INTERRUPTED
    )  # fmt: skip
    write_sensitivity(run.folder / "report.html", run)
    _show(asked, run, found)
    if not found.whole:
        say(f"interrupted; go on with --resume {run.folder}")
        return Exit.INTERRUPTED
    return Exit.AGREES


def _begun(asked: argparse.Namespace) -> tuple[Run, LoadedScenario, dict[str, Any]]:
    """Begin a run; every fault is told before a folder is there."""
    from results.runs import Run, new_folder, run_id
    from scenarios.uncertain_typed import all_inputs
    from simulator.sensitivity import figures_of
    from simulator.weighing_plan import EVALUATIONS, REPLICATIONS, plan_of, salib

    loaded = scenario_of(asked.scenario, asked)
    told = {
        "uncertain": asked.uncertain, "metric": asked.metric, "evaluations": asked.evaluations or EVALUATIONS,
        "replications": asked.replications or REPLICATIONS,
    }  # fmt: skip
    inputs = all_inputs(loaded, told["uncertain"])
    figures_of(loaded, told["metric"])
    plan_of(len(inputs), told["evaluations"], told["replications"])
    salib("sobol")
    seed = seed_of(asked, loaded)
    name = run_id("sensitivity", loaded.scenario.scenario, loaded.hash, seed, *map(str, told.values()))
    folder = new_folder(loaded.scenario.scenario, "sensitivity", asked.out)
    kind = {"kind": "sensitivity", "run_id": name, "asked": told}
    return Run.create(folder, {**facts_of(loaded, seed), **kind}), loaded, told


def _resumed(asked: argparse.Namespace) -> tuple[Run, LoadedScenario, dict[str, Any]]:
    """Take up a run where it was left: the same scenario, asked for the same."""
    from results.runs import RUNNING, Run

    run = Run.open(asked.resume)
    if run.facts.get("kind") != "sensitivity":
        raise UsageError(f"--resume: {run.folder} is a {run.facts.get('kind')} run, expected one of sensitivity")
    if asked.out is not None:
        raise UsageError("--resume goes on in the folder of its run: leave out -o")
    told = run.facts["asked"]
    given = {"days": asked.days, "seed": asked.seed, **{name: getattr(asked, name) for name in ASKED}}
    for name, value in given.items():
        before = run.facts[name] if name in ("days", "seed") else told[name]
        if value not in (None, []) and value != before:
            raise UsageError(f"--resume: --{name} was {before} in {run.folder}; leave it out, or begin a new run")
    asked.days = run.facts["days"]
    loaded = scenario_of(asked.scenario, asked)
    if loaded.hash != run.facts["scenario_hash"]:
        raise UsageError(f"--resume: {asked.scenario} is not the scenario of {run.folder} any more; begin a new run")
    run.write_facts(state=RUNNING)
    return run, loaded, told


def _show(asked: argparse.Namespace, run: Run, found: Sensitivity) -> None:
    from results.sensitivity_words import sensitivity_text

    if asked.json:
        print_json({"run": str(run.folder), "wall_s": found.wall_s, **found.facts()})
        return
    print(sensitivity_text(found.facts()))
    print(f"{found.wall_s:.1f} s; {run.folder / 'report.html'}")
