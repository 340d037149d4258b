"""The verbs of leaders: compare, report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.exits import Exit, UsageError, worst
from commands.terminal import print_json, say

if TYPE_CHECKING:
    from results.comparison import Comparison
    from results.runs import Run


def compare(asked: argparse.Namespace) -> int:
    """Compare a simulated run with a measured or recorded one."""
    from results.runs import Run
    from results.words import comparison_document

    simulated, measured = _which(Run.open(asked.runs[0]), Run.open(asked.runs[1]))
    comparison = compare_runs(simulated, measured)
    if asked.json:
        print_json(comparison_document(comparison))
    else:
        print(verdict_text(comparison, measured))
    return worst(codes_of(comparison, measured.facts))


def report(asked: argparse.Namespace) -> int:
    """Write the page of a run, a pair of runs or a simulation."""
    from results.figures import Figure
    from results.load_page import is_load, write_load_report
    from results.report import write_shop_report, write_simulation_report
    from results.runs import FINISHED, Run, RunError

    first = Run.open(asked.runs[0])
    path = asked.out or first.folder / "report.html"
    if len(asked.runs) == 2:
        simulated, measured = _which(first, Run.open(asked.runs[1]))
        write_page(path, simulated, measured, compare_runs(simulated, measured), None, [])
    elif first.facts.get("kind") == "day":
        simulated, measured = Run.open(first.folder / "simulated"), Run.open(first.folder / "measured")
        browser = Run.open(first.folder / "browser") if (first.folder / "browser" / "run.json").exists() else None
        write_page(path, simulated, measured, compare_runs(simulated, measured), browser, [])
    elif first.facts.get("whatif"):
        write_whatif(path, first)
    elif first.facts.get("sensitivity"):
        write_sensitivity(path, first)
    elif first.facts.get("staffing"):
        write_staffing(path, first)
    elif first.facts.get("losses"):
        write_losses(path, first)
    elif first.facts.get("kind") == "simulated":
        if first.facts.get("state") != FINISHED and "metrics" not in first.facts:
            raise RunError(
                f"{first.folder} was {first.facts.get('state')} before it had figures: there is nothing to show"
            )
        values = [Figure(**value) for value in first.facts.get("metrics", [])]
        write_simulation_report(path, first, values)
    elif first.facts.get("kind") == "measured" and is_load(first):
        write_load_report(path, first)
    elif first.facts.get("kind") == "measured":
        write_shop_report(path, first)
    else:
        raise RunError(f"{first.folder} is a {first.facts.get('kind')} run: name the simulated run to compare it with")
    if asked.json:
        print_json({"report": str(path)})
    else:
        print(f"report: {path.resolve()}")
    return Exit.AGREES


def write_whatif(path: Path, run: Run) -> None:
    """Write the page of a run that compares alternatives, from what its folder holds."""
    from results.whatif_page import write_whatif_page

    write_whatif_page(path, run)


def write_sensitivity(path: Path, run: Run) -> None:
    """Write the page of a run that tells which beliefs matter, from what its folder holds."""
    from results.sensitivity_page import write_sensitivity_page

    write_sensitivity_page(path, run)


def write_staffing(path: Path, run: Run) -> None:
    """Write the page of a run that sought people, from what its folder holds."""
    from results.staffing_page import write_staffing_page

    write_staffing_page(path, run)


def write_losses(path: Path, run: Run) -> None:
    """Write the page of a run that tells its losses, from what its folder holds, or the run that it tells of.

    Where that one is there no more, the page has no journeys.
    """
    from results.journey_page import journey_view
    from results.log_losses import lived_again
    from results.losses_page import write_losses_page

    currency, until_s = run.facts["losses"]["currency"] or "", run.facts.get("until_s")
    source, cases, shares = lived_again(run) if run.facts.get("of") else (run, None, None)
    journeys = None
    if source is not None:
        journeys = journey_view(source, cases, shares, run.facts.get("intents"), currency, until_s)
    write_losses_page(path, run, journeys)


def compare_runs(simulated: Run, measured: Run) -> Comparison:
    """Compare two runs by the simulated run's gates, without the warm-up of the profile they were played under."""
    from results.comparison import compare_logs
    from results.stages import without_warm_up
    from scenarios.scenario import Gate

    facts = simulated.facts.get("gates") or measured.facts.get("gates") or []
    gates = [Gate.model_validate(gate) for gate in facts]
    expected, seen = (without_warm_up(run.table("legs"), run.facts) for run in (simulated, measured))
    return compare_logs(expected, seen, gates)


def verdict_text(comparison: Comparison, measured: Run) -> str:
    """Return a comparison as people read it."""
    from results.provenance import rehearsal_note
    from results.words import comparison_text

    source = "recorded" if measured.facts.get("kind") == "recorded" else "measured"
    return comparison_text(comparison, source, rehearsal_note(measured.facts))


def _which(one: Run, other: Run) -> tuple[Run, Run]:
    """Return (simulated, the other), in whatever order they were named."""
    kinds = [run.facts.get("kind") for run in (one, other)]
    if kinds.count("simulated") != 1:
        raise UsageError(
            f"one simulated run and one measured or recorded run can be compared; {one.folder} is {kinds[0]} and "
            f"{other.folder} is {kinds[1]}"
        )
    return (one, other) if kinds[0] == "simulated" else (other, one)


def codes_of(comparison: Comparison, facts: Mapping[str, Any]) -> list[Exit]:
    """Return the exit codes that apply to a comparison, saying on stderr why the instrument is not fit."""
    from results.fitness import unfit_reasons

    verdicts = {"agrees": Exit.AGREES, "differs": Exit.DIFFERS, "cannot tell": Exit.CANNOT_TELL}
    codes = [verdicts[comparison.verdict]]
    reasons = unfit_reasons(facts, comparison)
    if reasons:
        say("the instrument is not fit: " + "; ".join(reasons))
        codes.append(Exit.UNFIT)
    if facts.get("state") == "interrupted":
        codes.append(Exit.INTERRUPTED)
    return codes


def write_page(
    path: Path, simulated: Run, measured: Run, comparison: Comparison, browser: Run | None, notes: Sequence[str]
) -> None:
    """Write the page of a comparison."""
    from results.clock import RunClock
    from results.report import write_report
    from simulator.unexplained import unexplained

    if measured.facts.get("kind") == "recorded":
        notes = [*notes, *unexplained(simulated.table("legs"), measured.table("legs"), RunClock.of(measured.facts))]
    write_report(path, simulated, measured, comparison, browser, notes)
