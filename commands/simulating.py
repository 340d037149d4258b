"""The verbs of planners: check, plan, simulate, validate."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.asked import facts_of, scenario_of, seed_of
from commands.exits import Exit, UsageError, worst
from commands.interrupted import interruptible
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from results.figures import Figure
    from results.losses import Losses
    from results.runs import Run
    from scenarios.reading import LoadedScenario
    from scenarios.scenario import Goal
    from simulator.simulate import Simulated

LOSSES_UNTOLD = (
    "Customers lost are not told here: they are reckoned from the log of cases, which --summary and --half-width do "
    "not keep; testdrive losses"
)


def check(asked: argparse.Namespace) -> int:
    """Check files, all faults at once; with --power say what a comparison of a scenario can see."""
    from scenarios.faults import FaultsFoundError
    from scenarios.kinds import check_file

    faults = []
    kinds = {}
    for path in asked.files:
        try:
            kinds[path] = check_file(path)
        except FaultsFoundError as error:
            faults += error.faults
    if faults:
        raise FaultsFoundError(faults)
    if asked.power:
        return _show_power(asked, [path for path, kind in kinds.items() if kind == "scenario"])
    if asked.json:
        print_json({"faults": []})
    else:
        for path, kind in kinds.items():
            print(f"{path}: a good {kind}")
            for line in _forecast_of(path) if kind == "scenario" else []:
                print(f"  {line}")
    return Exit.AGREES


def _forecast_of(path: Path) -> list[str]:
    from scenarios.forecast_words import forecast_lines
    from scenarios.reading import load_scenario

    return forecast_lines(load_scenario(path))


def _show_power(asked: argparse.Namespace, paths: list[Path]) -> int:
    from results.power import power_of
    from results.terminal import power_table
    from simulator.simulate import simulate

    documents = []
    for path in paths:
        loaded = scenario_of(path, asked)
        with progress_bar(asked, f"simulating {loaded.scenario.scenario}") as progress:
            simulated = simulate(
                loaded, seed_of(asked, loaded), asked.replications, True, asked.threads, progress, asked.shoppers
            )
        found = power_of(simulated.legs, loaded.scenario.gates)
        documents.append({"scenario": loaded.scenario.scenario, "gates": [dataclasses.asdict(row) for row in found]})
        if not asked.json:
            print(power_table(found))
    if asked.json:
        print_json({"faults": [], "power": documents})
    return Exit.AGREES


def plan(asked: argparse.Namespace) -> int:
    """Draw the plan and write it."""
    from results.runs import FINISHED, Run, new_folder, run_id
    from scenarios.forecast_words import forecast_facts, forecast_lines, has_forecast
    from scenarios.plan import make_plan

    loaded = scenario_of(asked.scenario, asked)
    seed = seed_of(asked, loaded)
    drawn = make_plan(loaded, seed, 0, asked.shoppers)
    name = run_id("plan", loaded.scenario.scenario, loaded.hash, seed, loaded.scenario.days)
    run = Run.create(
        new_folder(loaded.scenario.scenario, "plan", asked.out),
        {**facts_of(loaded, seed), "run_id": name, "kind": "plan"},
    )
    run.write_plan(drawn)
    counts = drawn.groupby(["channel", "played_by"]).size()
    forecast = {"forecast": forecast_facts(loaded)} if has_forecast(loaded) else {}
    run.write_facts(state=FINISHED, contacts=len(drawn), **forecast)
    rows = counts.rename("contacts").reset_index().to_dict("records")
    if asked.json:
        print_json({"run": str(run.folder), "contacts": len(drawn), "counts": rows, **forecast})
    else:
        for line in forecast_lines(loaded):
            print(line)
        for row in rows:
            print(f"{row['channel']:8} {row['played_by']:11} {row['contacts']:8,}")
        print(f"{len(drawn):,} contacts in {run.folder / 'plan.parquet'}")
    return Exit.AGREES


def simulate(asked: argparse.Namespace) -> int:
    """Simulate a scenario and print its metrics; with --check-goals fail where one is missed."""
    from results.cautions import cautions_of
    from results.losses_words import headline
    from results.runs import INTERRUPTED, new_folder
    from results.terminal import goals_table, half_width_text, metrics_table
    from scenarios.opening import load_state

    loaded = scenario_of(asked.scenario, asked)
    if asked.from_state is not None:
        if loaded.profile is not None and loaded.profile.stages:
            raise UsageError("--from-state begins the day itself: leave out --profile, --from and --for")
        loaded = load_state(asked.from_state, loaded)
    if asked.story is not None:
        return _tell_story(asked, loaded)
    by_day = [goal.metric for goal in loaded.scenario.goals if goal.on_days is not None]
    if asked.check_goals and by_day and (asked.summary or asked.half_width):
        raise UsageError(
            f"the goal on {by_day[0]} is judged day by day, of the log: leave out --summary and --half-width"
        )
    folder = new_folder(loaded.scenario.scenario, "simulate", asked.out)
    run, simulated = simulate_asked(asked, loaded, folder, False)
    figures = simulated.figures()
    per_s = simulated.contacts / simulated.wall_s
    cautions = [dataclasses.asdict(caution) for caution in cautions_of(loaded, figures)]
    goals = _goals_met(loaded, simulated, figures, float(run.facts["warm_up_s"] or 0.0))
    run.write_facts(metrics=[dataclasses.asdict(figure) for figure in figures], warnings=cautions)
    lost = lost_of(simulated, loaded, run)
    for caution in cautions:
        say(f"warning: {caution['text']}")
    if asked.json:
        document = {
            "run": str(run.folder),
            "engine": asked.engine,
            "replications": simulated.replications,
            "contacts": simulated.contacts,
            "wall_s": simulated.wall_s,
            "contacts_per_s": per_s,
            "metrics": [dataclasses.asdict(figure) for figure in figures],
            "level": simulated.level,
            "warm_up_s": run.facts["warm_up_s"],
            "warnings": cautions,
        }
        if asked.check_goals:
            document["goals"] = [
                {**goal.model_dump(exclude_none=True), "value": value.value, "met": met} for goal, value, met in goals
            ]
        if asked.half_width:
            document["half_widths"] = _half_widths(asked, simulated)
        if lost is not None:
            document["losses"] = lost.facts()
        elif simulated.churn is not None:
            say(f"{LOSSES_UNTOLD} {asked.scenario}")
        print_json(document)
    else:
        print(metrics_table(figures, simulated.level))
        if goals:
            print(f"\n{goals_table(goals)}")
        for told in _half_widths(asked, simulated) if asked.half_width else []:
            print(half_width_text(told))
        if lost is not None:
            print(f"\n{headline(lost)}; what loses them: testdrive losses {asked.scenario}")
        elif simulated.churn is not None:
            print(f"\n{LOSSES_UNTOLD} {asked.scenario}")
        print(
            f"{simulated.contacts:,} contacts in {simulated.replications} replications, "
            f"{simulated.wall_s:.1f} s ({per_s:,.0f} contacts/s); {run.folder}"
        )
    if run.facts["state"] == INTERRUPTED:
        return Exit.INTERRUPTED
    codes = [Exit.AGREES]
    if asked.check_goals and not all(met for _, _, met in goals):
        codes.append(Exit.DIFFERS)
    if not simulated.reached:
        codes.append(Exit.CANNOT_TELL)
    return worst(codes)


def _goals_met(
    loaded: LoadedScenario, simulated: Simulated, figures: Sequence[Figure], from_s: float
) -> list[tuple[Goal, Figure, bool]]:
    """Return the goals with what was reached; of one on days the share of days, left out where the log was not kept."""
    from results.days_kept import days_reached, reached_on_days
    from results.figures import goal_met

    goals = loaded.scenario.goals
    by_day = [goal for goal in goals if goal.on_days is not None] if simulated.make_tables else []
    shares = iter(
        days_reached(by_day, simulated.legs, loaded.scenario.local_days, loaded.horizon_s, from_s) if by_day else []
    )
    found: list[tuple[Goal, Figure, bool]] = []
    for goal in goals:
        figure, met = goal_met(goal, figures)
        if goal.on_days is None:
            found.append((goal, figure, met))
        elif by_day:
            share = next(shares)
            of_days = dataclasses.replace(figure, value=share, low=float("nan"), high=float("nan"))
            found.append((goal, of_days, reached_on_days(goal, share)))
    return found


def lost_of(simulated: Simulated, loaded: LoadedScenario, run: Run) -> Losses | None:
    """Return what is lost of customers; None where the scenario names no churn model, or the log was not kept."""
    from results.losses import losses_of, values_of_cases

    if simulated.churn is None or simulated.make_tables is None:
        return None
    scenario, cases = loaded.scenario, simulated.cases
    return losses_of(
        cases, values_of_cases(cases, simulated.customers), simulated.churn, scenario.customers, scenario.costs,
        float(scenario.days), int(run.facts["seed"]), replications=simulated.replications,
    )  # fmt: skip


def _tell_story(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    """Tell what one customer lived through."""
    from simulator.story import story_of

    name, _, replication = asked.story.partition("@")
    if replication and not replication.isdecimal():
        raise UsageError(f"--story {asked.story}: expected CUSTOMER, or CUSTOMER@REPLICATION with a whole number")
    story = story_of(loaded, seed_of(asked, loaded), name, int(replication or 0))
    if asked.json:
        print_json(dataclasses.asdict(story))
    else:
        print(story.text())
    return Exit.AGREES


def _half_widths(asked: argparse.Namespace, simulated: Simulated) -> list[dict[str, Any]]:
    """Return each half-width that was asked for, and what was reached."""
    from simulator.precision import Precision

    precision = Precision.read(asked.half_width)
    return [
        {
            "name": key.metric, "within_s": key.within_s, "channel": key.channel, "team": key.team,
            "wanted": precision.wanted[key], "reached": width, "replications": simulated.replications,
            "looks": simulated.looks,
        }
        for key, width in precision.widths(simulated.figures()).items()
    ]  # fmt: skip


def simulate_asked(
    asked: argparse.Namespace, loaded: LoadedScenario, folder: Path, same_plan: bool
) -> tuple[Run, Simulated]:
    """Simulate as asked into a run folder; returns the run and what was simulated."""
    from results.runs import FINISHED, INTERRUPTED, Run
    from scenarios.jit import is_cold
    from simulator.precision import REPLICATIONS_MOST, Precision, keys_named
    from simulator.simulate import simulate as simulate_scenario

    seed = seed_of(asked, loaded)
    # `run` has no choice in these
    engine, half_widths, cluster = (getattr(asked, name, None) for name in ("engine", "half_width", "cluster"))
    precision = Precision.read(half_widths, loaded.scenario) if half_widths else None
    also = [key for text in getattr(asked, "metric", None) or () for key in keys_named(text, loaded.scenario)]
    summary = bool(getattr(asked, "summary", False)) or precision is not None
    replications = asked.replications or (REPLICATIONS_MOST if precision else 10)
    facts = {
        **facts_of(loaded, seed), "kind": "simulated", "engine": engine or "compiled",
        "plan": "same" if same_plan else "drawn", "summary": summary,
    }  # fmt: skip
    run = Run.create(folder, facts)
    if is_cold():
        say("compiling the engine, this once; about half a minute")
    with interruptible(run):
        from_s = _warm_up_s(getattr(asked, "warm_up", None), loaded, seed)
        with progress_bar(asked, f"simulating {loaded.scenario.scenario}") as progress:
            simulated = simulate_scenario(
                loaded, seed, replications, same_plan, asked.threads, progress, asked.shoppers, engine or "compiled",
                summary, precision, from_s, cluster, getattr(asked, "by", None) or (), also,
            )  # fmt: skip
        whole = simulated.replications == replications or (precision is not None and simulated.reached)
        _keep(run, simulated, summary, warm_up_s=from_s, state=FINISHED if whole else INTERRUPTED)
    return run, simulated


def _keep(run: Run, simulated: Simulated, summary: bool, **facts: Any) -> None:
    """Write the tables of what was simulated, and what run.json says of it."""
    if not summary:
        run.write_table("legs", simulated.legs)
        run.write_table("staffing", simulated.staffing)
        if len(simulated.customers):
            run.write_table("customers", simulated.customers)
        if len(simulated.conduct):
            run.write_table("conduct", simulated.conduct)
    run.write_facts(
        run_id=simulated.run_id, replications=simulated.replications, contacts=simulated.contacts,
        wall_s=simulated.wall_s, level=simulated.level, **facts,
    )  # fmt: skip


def _warm_up_s(asked: str | float | None, loaded: LoadedScenario, seed: int) -> float:
    """Return from which scenario second on contacts count."""
    from scenarios.units import clock_text
    from simulator.steady import warm_up_s

    of_profile_s = loaded.profile.warm_up_s if loaded.profile else 0.0
    if asked is None:
        return of_profile_s
    from_s = warm_up_s(loaded, seed) if asked == "auto" else float(asked) * 3600
    if from_s is None or from_s >= loaded.horizon_s:
        raise UsageError(
            f"--warm-up {asked}: {loaded.scenario.days} day(s) are too short to tell when the desk has settled; "
            f"simulate more with --days, or say --warm-up HOURS within them"
        )
    from_s = max(from_s, of_profile_s)
    say(f"contacts before {clock_text(from_s)} (h:mm from the start) are left out: warm-up")
    return from_s


def validate(asked: argparse.Namespace) -> int:
    """Hold the simulator against published and exact systems, or the scoring rules against labelled replies."""
    from commands.scoring import validate_scoring
    from simulator.validation.validate import validate as validate_systems
    from simulator.validation.validate import validation_table

    if asked.scoring is not None:
        return validate_scoring(asked)
    with progress_bar(asked, "validating") as progress:
        found = validate_systems(
            asked.only, asked.quick, 1 if asked.seed is None else asked.seed, asked.threads, asked.contacts, progress
        )
    if asked.json:
        print_json({"systems": [dataclasses.asdict(row) for row in found.rows], "failed": found.failed})
    else:
        print(validation_table(found.rows))
        contacts = sum({row.id.split(":")[0]: row.contacts for row in found.rows}.values())
        told = f"{found.failed} failed, {found.untold} cannot be told"
        print(f"{len(found.rows)} figures over {contacts:,} contacts: {told}")
    codes = [Exit.AGREES]
    if found.failed:
        codes.append(Exit.DIFFERS)
    if found.untold or not found.rows:
        codes.append(Exit.CANNOT_TELL)
    if not found.whole:
        codes.append(Exit.INTERRUPTED)
    return worst(codes)
