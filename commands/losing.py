"""The verb for what poor service loses: losses."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from commands.asked import scenario_of, seed_of
from commands.exits import Exit, UsageError
from commands.interrupted import interruptible
from commands.losing_log import losses_of_run, show
from commands.simulating import lost_of, simulate_asked
from commands.terminal import progress_bar, say

if TYPE_CHECKING:
    from results.losses import Losses
    from results.runs import Run
    from scenarios.reading import LoadedScenario
    from simulator.causes import Causes
    from simulator.simulate import Simulated


def losses(asked: argparse.Namespace) -> int:
    """Tell how many customers a scenario loses, what loses most of them, and what its remedies would keep."""
    from results.runs import FINISHED, INTERRUPTED, new_folder
    from simulator.causes import NothingLostError, why_nothing

    if (asked.scenario / "run.json").is_file():
        raise UsageError(
            f"{asked.scenario} is a run, losses takes a scenario: losses SCENARIO --of {asked.scenario} tells what the "
            f"log of the run loses, and report {asked.scenario} writes its page again"
        )
    if asked.of is not None:
        return losses_of_run(asked)
    loaded = scenario_of(asked.scenario, asked)
    if why := why_nothing(loaded, asked.replications):
        say(why)
        return Exit.CANNOT_TELL
    run, simulated = simulate_asked(asked, loaded, new_folder(loaded.scenario.scenario, "losses", asked.out), False)
    whole = run.facts["state"] != INTERRUPTED
    with interruptible(run):
        run.write_facts(state=INTERRUPTED)  # until the causes are told, too
        lost = _lost(run, loaded, simulated)
        try:
            found = _causes(asked, loaded, simulated) if whole else None
        except NothingLostError as error:
            say(str(error))
            return Exit.CANNOT_TELL
        whole = found is not None and found.whole
        _tell(asked, run, loaded, simulated, lost, found, FINISHED if whole else INTERRUPTED)
    return Exit.AGREES if whole else Exit.INTERRUPTED


def _causes(asked: argparse.Namespace, loaded: LoadedScenario, simulated: Simulated) -> Causes | None:
    """Find what loses customers; None where that is interrupted too early."""
    from simulator.causes import causes_of

    try:
        with progress_bar(asked, "one thing after the other") as progress:
            seed, churn = seed_of(asked, loaded), simulated.churn
            return causes_of(loaded, seed, asked.replications, asked.threads, progress, churn)
    except KeyboardInterrupt:
        say("interrupted before two replications of every world were played: no causes are told")
        return None


def _lost(run: Run, loaded: LoadedScenario, simulated: Simulated) -> Losses:
    """Reckon what is lost, what follows and what serving costs, and keep it in run.json."""
    from results.consequences import consequences_of
    from results.losses_page import losses_facts
    from results.service_costs import hours_of, service_costs_of

    scenario, cases = loaded.scenario, simulated.cases
    lost = lost_of(simulated, loaded, run)
    assert lost is not None  # a churn model is named, and the log kept
    follows = consequences_of(cases, lost, scenario.customers, scenario.costs)
    costs = None
    if scenario.costs is not None:
        hours = hours_of(simulated.legs, simulated.staffing, loaded)
        costs = service_costs_of(simulated.legs, cases, scenario.costs, hours, simulated.replications)
    told = losses_facts(lost, follows, costs)
    complaints = scenario.customers.complaints if scenario.customers is not None else []
    run.write_facts(
        **told, causes=[], intents=dict(scenario.intents), complaints=complaints, until_s=loaded.horizon_s
    )  # fmt: skip
    return lost


def _tell(
    asked: argparse.Namespace,
    run: Run,
    loaded: LoadedScenario,
    simulated: Simulated,
    lost: Losses,
    found: Causes | None,
    state: str,
) -> None:
    """Keep what loses customers, write the page, and print it all."""
    causes = [] if found is None else [dataclasses.asdict(cause) for cause in found.causes]
    run.write_facts(causes=causes, state=state)  # before the page, which tells both
    path = write_page(run, loaded, simulated)
    for sentence in found.left_out if found else ():
        say(f"warning: {sentence}")
    show(asked, run, lost, path, causes)


def write_page(run: Run, loaded: LoadedScenario, simulated: Simulated) -> Path:
    """Write the page of a run; returns where it is."""
    from results.journey_page import journey_view
    from results.leavers import shares_after
    from results.losses_page import write_losses_page

    population = loaded.scenario.customers
    assert simulated.churn is not None
    journeys = journey_view(
        run, simulated.cases, shares_after(simulated.churn, simulated.cases), loaded.scenario.intents,
        population.currency if population else "", loaded.horizon_s,
    )  # fmt: skip
    path = run.folder / "report.html"
    write_losses_page(path, run, journeys)
    return path
