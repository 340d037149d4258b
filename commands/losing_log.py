"""The verb for what poor service loses, of a log that is there already: losses --of RUN. Nothing is played for it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.asked import scenario_of, volumes_named
from commands.exits import Exit, UsageError
from commands.terminal import print_json, say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from results.losses import Losses
    from results.runs import Run
    from scenarios.churn import ChurnModel
    from scenarios.reading import LoadedScenario


@dataclasses.dataclass(frozen=True)
class _Log:
    """A log, and by what it is judged."""

    run: Run
    legs: pd.DataFrame
    loaded: LoadedScenario
    seed: int
    own: bool
    """Whether the very scenario has simulated it, with this seed."""
    days: float
    replications: int

    @property
    def same_plan(self) -> bool:
        return bool(self.run.facts.get("plan") == "same")


def losses_of_run(asked: argparse.Namespace) -> int:
    """Tell what the customers of a run lived through and what it loses; writes a new run folder."""
    from results.leavers import customers_of, shares_after
    from results.log_losses import lived_in
    from results.runs import FINISHED, Run, new_folder
    from simulator.causes import REPLICATIONS_LEAST, why_nothing

    log = _log_of(asked)
    if why := why_nothing(log.loaded, REPLICATIONS_LEAST):
        say(why)
        return Exit.CANNOT_TELL
    scenario = log.loaded.scenario
    cases = lived_in(log.run, scenario, log.seed, log.same_plan)
    if cases.empty:
        say(f"{log.run.folder} holds no contact that tells of the desk, so what it loses cannot be told")
        return Exit.CANNOT_TELL
    folder = new_folder(scenario.scenario, "losses", asked.out)
    if folder.resolve().is_relative_to(log.run.folder.resolve()):
        raise UsageError(f"-o {folder}: nothing is written into the run that is told of; name a folder elsewhere")
    model = _model_of(log)
    customers = customers_of(cases, model, scenario.customers, log.seed, log.same_plan)
    lost, told = _reckoned(log, cases, customers, model)
    run = Run.create(folder, _facts(log))
    run.write_table("customers", customers)
    complaints = scenario.customers.complaints if scenario.customers is not None else []
    run.write_facts(
        **told, causes=[], intents=dict(scenario.intents), complaints=complaints, replications=log.replications
    )  # fmt: skip
    run.write_facts(state=FINISHED)  # before the page, which tells it; `report` writes that again
    path = _write_page(run, log, cases, shares_after(model, cases))
    show(asked, run, lost, path)
    return Exit.AGREES


def _log_of(asked: argparse.Namespace) -> _Log:
    """Open the run, and read the scenario over as many days as it has simulated, where it is the one that did."""
    from results.log_losses import SIMULATED, days_of, legs_of
    from results.runs import Run
    from scenarios.reading import load_scenario

    played = [*volumes_named(asked), *(["--days"] if asked.days is not None else [])]
    if played:
        raise UsageError(f"--of plays nothing, it takes a log as it is: leave out {', '.join(played)}")
    run = Run.open(asked.of)
    legs, facts = legs_of(run), run.facts
    loaded = scenario_of(asked.scenario, asked)
    seed = next(int(one) for one in (asked.seed, facts.get("seed"), loaded.scenario.seed) if one is not None)
    as_played = facts.get("scenario_hash") == loaded.hash and facts.get("seed") == seed and "stages" not in facts
    own = facts.get("kind") == SIMULATED and as_played
    if own:
        loaded = load_scenario(asked.scenario, int(facts["days"]))
    replications = int(facts.get("replications") or 1)
    return _Log(run, legs, loaded, seed, own, days_of(facts, legs), replications)


def _model_of(log: _Log) -> ChurnModel:
    """Return what makes customers leave: anchored on the scenario, so that a desk that serves worse loses more."""
    from simulator.simulate import believed_churn

    found = believed_churn(log.loaded, log.seed)
    assert found is not None
    return found


def _reckoned(
    log: _Log, cases: pd.DataFrame, customers: pd.DataFrame, model: ChurnModel
) -> tuple[Losses, dict[str, Any]]:
    """Reckon what is lost, what follows and what serving costs; returns it also as run.json has it."""
    from results.consequences import consequences_of
    from results.log_losses import untold_of
    from results.losses import losses_of, values_of_cases
    from results.losses_page import losses_facts
    from results.service_costs import hours_of, service_costs_of

    scenario, count = log.loaded.scenario, log.replications
    lost = losses_of(
        cases, values_of_cases(cases, customers), model, scenario.customers, scenario.costs, log.days, log.seed,
        replications=count,
    )  # fmt: skip
    untold = untold_of(log.run, log.legs, lost.withheld is None)
    lost = dataclasses.replace(lost, notes=(*lost.notes, *untold))
    costs = None
    if scenario.costs is not None:
        staffing = log.run.table("staffing")
        hours = hours_of(log.legs, staffing, log.loaded) if log.own and len(staffing) else None
        costs = service_costs_of(log.legs, cases, scenario.costs, hours, count)
    return lost, losses_facts(lost, consequences_of(cases, lost, scenario.customers, scenario.costs), costs)


def _facts(log: _Log) -> dict[str, Any]:
    """Return what run.json says of the run: the clock is that of the log."""
    from results.log_losses import until_s_of
    from results.runs import run_id

    facts, scenario = log.run.facts, log.loaded.scenario
    source = facts.get("run_id") or str(log.run.folder)
    clock: dict[str, Any] = {name: facts[name] for name in ("origin", "time_zone", "days") if name in facts}
    return {
        "run_id": run_id("losses", scenario.scenario, log.loaded.hash, log.seed, source),
        "kind": "losses",
        "scenario": scenario.scenario,
        "title": facts.get("title") or facts.get("log") or scenario.title,
        "scenario_file": str(log.loaded.path),
        "scenario_hash": log.loaded.hash,
        "seed": log.seed,
        **clock,
        "until_s": until_s_of(facts),
        "of": {"run_id": source, "kind": facts.get("kind"), "folder": str(log.run.folder.resolve())},
    }


def _write_page(run: Run, log: _Log, cases: pd.DataFrame, shares: npt.NDArray[np.float64]) -> Path:
    """Write the page; its journeys are those of the log, and of its customers it tells no more than the log does."""
    from results.journey_page import journey_view
    from results.losses_page import write_losses_page

    scenario = log.loaded.scenario
    currency = scenario.customers.currency if scenario.customers else ""
    journeys = journey_view(log.run, cases, shares, scenario.intents, currency, run.facts["until_s"])
    path = run.folder / "report.html"
    write_losses_page(path, run, journeys)
    return path


def show(asked: argparse.Namespace, run: Run, lost: Losses, path: Path, causes: Sequence[dict[str, Any]] = ()) -> None:
    """Print what is lost, by which causes, and where the page is."""
    from results.losses_words import losses_text

    if asked.json:
        document: dict[str, Any] = {"run": str(run.folder), "losses": lost.facts(), "causes": list(causes)}
        print_json({**document, "withheld": lost.withheld, "report": str(path)})
        return
    print("\n".join(losses_text(lost, causes)))
    print(f"\nreport: {path.resolve()}")
