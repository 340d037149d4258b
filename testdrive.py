"""The command line: a table from verb to function, and the only module that sees every room.

Each verb reads its arguments, calls the rooms and prints; what it computes is theirs. Heavy imports stand inside the
verbs, so that `--help` is quick and a missing extra hurts only who needs it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from results.comparison import Comparison
    from results.runs import Run
    from scenarios.charter import Charter
    from scenarios.misconduct import Misconduct
    from scenarios.reading import LoadedScenario
    from scenarios.target import Target


class Exit(IntEnum):
    """What the exit code of every verb means."""

    AGREES = 0
    DIFFERS = 1
    BAD_INPUT = 2
    CANNOT_TELL = 3
    UNFIT = 4
    REFUSED = 5
    UNREACHABLE = 6
    OUR_FAULT = 70
    INTERRUPTED = 130


WORST_FIRST = (
    Exit.OUR_FAULT, Exit.INTERRUPTED, Exit.REFUSED, Exit.BAD_INPUT, Exit.UNREACHABLE, Exit.UNFIT, Exit.DIFFERS,
    Exit.CANNOT_TELL, Exit.AGREES,
)  # fmt: skip
"""When several apply, the first of these is returned."""

REPLICATIONS = 30
"""Replications of the measured plan that `run` holds a day against."""

LEAD_S = 2.0
"""Wall seconds between reaching a desk and the first contact."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; never a bare traceback."""
    from scenarios.faults import FaultsFoundError

    parser = _parser()
    asked = parser.parse_args(arguments)
    if not hasattr(asked, "run"):
        parser.print_help(sys.stderr)
        return Exit.BAD_INPUT
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell began us with it ignored
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return int(asked.run(asked))
    except FaultsFoundError as error:
        if asked.json:
            _print_json({"faults": [_fault(fault) for fault in error.faults]})
        _say(str(error))
        return Exit.BAD_INPUT
    except KeyboardInterrupt:
        _say("interrupted; what was measured is kept")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; nothing is wrong
        return Exit.AGREES
    except Exception as error:  # noqa: BLE001  the last resort: every fault has a sentence and a code
        return _told(error)


def _told(error: Exception) -> int:
    from probes.errand import NothingToPlayError
    from probes.guard import RefusedByCharterError
    from results.runs import RunError
    from scenarios.plan import PlanTooLargeError

    if isinstance(error, RefusedByCharterError):
        _say(f"refused: {error}")
        return Exit.REFUSED
    if isinstance(error, ConnectionError):
        _say(f"unreachable: {error}")
        return Exit.UNREACHABLE
    if isinstance(error, RunError | PlanTooLargeError | NothingToPlayError | UsageError):
        _say(str(error))
        return Exit.BAD_INPUT
    trace = traceback.extract_tb(error.__traceback__)
    where = f"{Path(trace[-1].filename).name}:{trace[-1].lineno}" if trace else "an unknown place"
    _say(f"our own fault: {type(error).__name__}: {error} ({where}); set TESTDRIVE_TRACE=1 for the whole trace")
    if os.environ.get("TESTDRIVE_TRACE"):
        traceback.print_exception(error)
    return Exit.OUR_FAULT


class UsageError(ValueError):
    """Arguments that do not go together; the message says what would."""


# -- verbs ---------------------------------------------------------------------------------------------------------


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
        _print_json({"faults": []})
    else:
        for path, kind in kinds.items():
            print(f"{path}: a good {kind}")
    return Exit.AGREES


def _show_power(asked: argparse.Namespace, paths: list[Path]) -> int:
    from results.power import power_of
    from results.terminal import power_table
    from simulator.simulate import simulate

    documents = []
    for path in paths:
        loaded = _load(path, asked)
        with _progress(asked, f"simulating {loaded.scenario.scenario}") as progress:
            simulated = simulate(
                loaded, _seed(asked, loaded), asked.replications, True, asked.threads, progress, asked.shoppers
            )
        found = power_of(simulated.legs, loaded.scenario.gates)
        documents.append({"scenario": loaded.scenario.scenario, "gates": [dataclasses.asdict(row) for row in found]})
        if not asked.json:
            print(power_table(found))
    if asked.json:
        _print_json({"faults": [], "power": documents})
    return Exit.AGREES


def plan(asked: argparse.Namespace) -> int:
    """Draw the plan and write it."""
    from results.runs import FINISHED, Run, new_folder, run_id
    from scenarios.plan import make_plan

    loaded = _load(asked.scenario, asked)
    seed = _seed(asked, loaded)
    drawn = make_plan(loaded, seed, 0, asked.shoppers)
    name = run_id("plan", loaded.scenario.scenario, loaded.hash, seed, loaded.scenario.days)
    run = Run.create(
        new_folder(loaded.scenario.scenario, "plan", asked.out),
        {**_facts(loaded, seed), "run_id": name, "kind": "plan"},
    )
    run.write_plan(drawn)
    counts = drawn.groupby(["channel", "played_by"]).size()
    run.write_facts(state=FINISHED, contacts=len(drawn))
    rows = [{"channel": c, "played_by": p, "contacts": int(n)} for (c, p), n in counts.items()]
    if asked.json:
        _print_json({"run": str(run.folder), "contacts": len(drawn), "counts": rows})
    else:
        for row in rows:
            print(f"{row['channel']:8} {row['played_by']:11} {row['contacts']:8,}")
        print(f"{len(drawn):,} contacts in {run.folder / 'plan.parquet'}")
    return Exit.AGREES


def simulate(asked: argparse.Namespace) -> int:
    """Simulate a scenario and print its metrics; with --check-goals fail where one is missed."""
    from results.metrics import contacts_of
    from results.runs import new_folder
    from results.terminal import goals_table, metrics_table
    from simulator.simulate import goal_met, metric_values

    loaded = _load(asked.scenario, asked)
    run, simulated = _simulate(asked, loaded, new_folder(loaded.scenario.scenario, "simulate", asked.out), False)
    values = metric_values(loaded, simulated.legs)
    per_s = simulated.contacts / simulated.wall_s
    run.write_facts(metrics=[dataclasses.asdict(value) for value in values])
    contacts = contacts_of(simulated.legs) if asked.check_goals or not asked.json else None
    goals = [(goal, *goal_met(goal, contacts)) for goal in loaded.scenario.goals] if contacts is not None else []
    if asked.json:
        document = {
            "run": str(run.folder),
            "engine": "simpy",
            "replications": simulated.replications,
            "contacts": simulated.contacts,
            "wall_s": simulated.wall_s,
            "contacts_per_s": per_s,
            "metrics": [{**dataclasses.asdict(value), "intent": None, "interval": None} for value in values],
        }
        if asked.check_goals:
            document["goals"] = [
                {**goal.model_dump(exclude_none=True), "value": value.value, "met": met} for goal, value, met in goals
            ]
        _print_json(document)
    else:
        print(metrics_table(values))
        if goals:
            print(goals_table(goals))
        print(
            f"{simulated.contacts:,} contacts in {simulated.replications} replications, "
            f"{simulated.wall_s:.1f} s ({per_s:,.0f} contacts/s); {run.folder}"
        )
    if simulated.replications < asked.replications:
        return Exit.INTERRUPTED
    return Exit.DIFFERS if asked.check_goals and not all(met for _, _, met in goals) else Exit.AGREES


def desk(asked: argparse.Namespace) -> int:
    """Open a rehearsal desk until interrupted."""
    from probes.desk.desk import DeskOptions, open_desk
    from scenarios.models import write_model

    loaded = _load(asked.scenario, asked)
    if asked.clock == "virtual":
        raise UsageError("a desk that others visit needs the real clock; under the virtual one use `testdrive run`")
    options = DeskOptions(
        _seed(asked, loaded), asked.scale, asked.port, _misconduct(asked, loaded), asked.phrases, asked.truth
    )

    async def serve() -> None:
        async with open_desk(loaded, options) as opened:
            for path, model in ((asked.charter_out, opened.charter), (asked.target_out, opened.target)):
                if path is not None:
                    write_model(path, model)
            if asked.json:
                _print_json({"url": opened.target.base_url, "target": opened.target.model_dump(mode="json")})
            else:
                print(f"{loaded.scenario.title}: {opened.target.base_url} (Ctrl-C ends it)", flush=True)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    asyncio.run(serve())
    return Exit.AGREES


def shop(asked: argparse.Namespace) -> int:
    """Play the planned shoppers of a scenario, or journeys, on a desk."""
    return _probe(asked, everyone=False)


def load(asked: argparse.Namespace) -> int:
    """Play every customer of a scenario on a desk, on the real clock."""
    return _probe(asked, everyone=True)


def _probe(asked: argparse.Namespace, everyone: bool) -> int:
    from probes.errand import journey_errand, scenario_errand
    from results.runs import new_folder
    from scenarios.charter import read_charter
    from scenarios.target import read_target

    verb = "load" if everyone else "shop"
    first = asked.what[0]
    is_scenario = everyone or (len(asked.what) == 1 and Path(first).suffix in (".yaml", ".yml") and _is_scenario(first))
    if is_scenario:
        loaded = _load(Path(first), asked)
        errand = scenario_errand(loaded, _seed(asked, loaded), asked.shoppers, everyone)
    else:
        errand = journey_errand(asked.what, asked.intent, asked.repeats, asked.seed or 1)
    folder = new_folder(errand.loaded.scenario.scenario, verb, asked.out)
    if asked.clock == "virtual":
        if asked.target is not None or asked.charter is not None:
            raise UsageError(
                "--clock virtual plays on its own rehearsal desk; --target and --charter need --clock real"
            )
        run, facts = _virtual_day(asked, errand.loaded, errand.plan, errand.seed, folder)
    else:
        if asked.target is None or asked.charter is None:
            raise UsageError("--target FILE and --charter FILE are needed; `testdrive desk SCENARIO` writes a pair")
        target, charter = read_target(asked.target), read_charter(asked.charter)
        run, facts = _real_day(asked, errand.loaded, errand.plan, errand.seed, folder, target, charter)
    return _tell_shopped(asked, run, facts)


def _tell_shopped(asked: argparse.Namespace, run: Run, facts: Mapping[str, Any]) -> int:
    outcomes: Mapping[str, int] = facts["outcomes"]
    instrument = facts["instrument"]
    if asked.json:
        document = {
            "run": str(run.folder), "planned": facts["planned"], "played": _played(outcomes), "outcomes": outcomes,
            "instrument": {"fit": instrument["fit"], "reasons": list(instrument["reasons"])}, "findings": [], "scores": [],
        }  # fmt: skip
        _print_json(document)
    else:
        for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
            print(f"{outcome:14} {count:8,}")
        print(f"{_played(outcomes):,} of {facts['planned']:,} planned contacts were played; {run.folder}")
        for reason in instrument["reasons"]:
            print(f"the instrument is not fit: {reason}")
    codes = [Exit.AGREES]
    if facts["state"] == "interrupted":
        codes.append(Exit.INTERRUPTED)
    if outcomes.get("withheld"):
        codes.append(Exit.REFUSED)
    if outcomes.get("target_error") and outcomes["target_error"] == _played(outcomes):
        codes.append(Exit.UNREACHABLE)
    if not instrument["fit"]:
        codes.append(Exit.UNFIT)
    return _worst(codes)


def _played(outcomes: Mapping[str, int]) -> int:
    return sum(count for outcome, count in outcomes.items() if outcome not in ("unstarted", "withheld"))


def run(asked: argparse.Namespace) -> int:
    """The whole loop: plan, simulate, open the desk, shop it, compare, report."""
    from results.runs import FINISHED, Run, new_folder, run_id, write_whole
    from results.words import comparison_text
    from scenarios.plan import make_plan

    loaded = _load(asked.scenario, asked)
    seed = _seed(asked, loaded)
    folder = new_folder(loaded.scenario.scenario, "run", asked.out)
    name = run_id("day", loaded.scenario.scenario, loaded.hash, seed)
    whole = Run.create(folder, {**_facts(loaded, seed), "run_id": name, "kind": "day"})
    drawn = make_plan(loaded, seed, 0, asked.shoppers)
    simulated_run, simulated = _simulate(asked, loaded, folder / "simulated", True)
    if asked.clock == "real":
        measured, facts = _real_day_with_desk(asked, loaded, drawn, seed, folder / "measured")
    else:
        measured, facts = _virtual_day(asked, loaded, drawn, seed, folder / "measured")
    comparison = _compare(simulated_run, measured)
    browser, notes = (None, []) if asked.clock == "virtual" else _browse(asked, loaded, seed, folder / "browser")
    report_path = folder / "report.html"
    _write_report(report_path, simulated_run, measured, comparison, browser, notes)
    codes = _codes(comparison, facts)
    write_whole(folder / "comparison.json", json.dumps(_comparison_document(comparison), indent=2) + "\n")
    whole.write_facts(state=FINISHED, verdict=comparison.verdict, exit=int(_worst(codes)))
    if asked.json:
        _print_json({"run": str(folder), "report": str(report_path), **_comparison_document(comparison)})
    else:
        print(comparison_text(comparison))
        for note in notes:
            print(note)
        print(f"report: {report_path.resolve()}")
    del simulated
    return _worst(codes)


def compare(asked: argparse.Namespace) -> int:
    """Compare a simulated run with a measured or recorded one."""
    from results.runs import Run
    from results.words import comparison_text

    simulated, measured = _which(Run.open(asked.runs[0]), Run.open(asked.runs[1]))
    comparison = _compare(simulated, measured)
    if asked.json:
        _print_json(_comparison_document(comparison))
    else:
        print(comparison_text(comparison))
    return _worst(_codes(comparison, measured.facts))


def report(asked: argparse.Namespace) -> int:
    """Write the page of a run, a pair of runs or a simulation."""
    from results.report import write_simulation_report
    from results.runs import Run, RunError
    from simulator.simulate import MetricValue

    first = Run.open(asked.runs[0])
    path = asked.out or first.folder / "report.html"
    if len(asked.runs) == 2:
        simulated, measured = _which(first, Run.open(asked.runs[1]))
        _write_report(path, simulated, measured, _compare(simulated, measured), None, [])
    elif first.facts.get("kind") == "day":
        simulated, measured = Run.open(first.folder / "simulated"), Run.open(first.folder / "measured")
        browser = Run.open(first.folder / "browser") if (first.folder / "browser" / "run.json").exists() else None
        _write_report(path, simulated, measured, _compare(simulated, measured), browser, [])
    elif first.facts.get("kind") == "simulated":
        values = [MetricValue(**value) for value in first.facts.get("metrics", [])]
        write_simulation_report(path, first, values)
    else:
        raise RunError(f"{first.folder} is a {first.facts.get('kind')} run: name the simulated run to compare it with")
    if asked.json:
        _print_json({"report": str(path)})
    else:
        print(f"report: {path.resolve()}")
    return Exit.AGREES


def runs(asked: argparse.Namespace) -> int:
    """List run folders, or answer SQL over them."""
    from results.runs import RUNS, find_runs, query

    found = list(find_runs(asked.folder or RUNS))
    if asked.sql:
        answer = query(asked.sql, found)
        if asked.json:
            print(answer.to_json(orient="records"))
        else:
            print(answer.to_string(index=False))
        return Exit.AGREES
    rows = [
        {
            "run": str(one.folder),
            **{key: one.facts.get(key) for key in ("kind", "scenario", "seed", "state", "verdict")},
        }
        for one in found
    ]
    if asked.json:
        _print_json({"runs": rows})
    else:
        for row in rows:
            print(f"{row['kind'] or '?':10} {row['state'] or '?':12} {row['verdict'] or '':12} {row['run']}")
        if not rows:
            print(f"no runs under {asked.folder or RUNS}")
    return Exit.AGREES


# -- what the verbs share ------------------------------------------------------------------------------------------


def _load(path: Path, asked: argparse.Namespace) -> LoadedScenario:
    from scenarios.reading import load_scenario

    return load_scenario(path, getattr(asked, "days", None))


def _seed(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    return loaded.scenario.seed if asked.seed is None else int(asked.seed)


def _misconduct(asked: argparse.Namespace, loaded: LoadedScenario) -> Misconduct:
    from scenarios.misconduct import no_misconduct, read_misconduct

    if asked.misconduct is None:
        return no_misconduct()
    return read_misconduct(asked.misconduct, list(loaded.scenario.teams))


def _facts(loaded: LoadedScenario, seed: int) -> dict[str, Any]:
    from results.runs import scenario_facts

    return scenario_facts(loaded, seed)


def _simulate(asked: argparse.Namespace, loaded: LoadedScenario, folder: Path, same_plan: bool) -> tuple[Run, Any]:
    from results.runs import FINISHED, INTERRUPTED, Run
    from simulator.simulate import simulate as simulate_scenario

    seed = _seed(asked, loaded)
    facts = {**_facts(loaded, seed), "kind": "simulated", "engine": "simpy", "plan": "same" if same_plan else "drawn"}
    run = Run.create(folder, facts)
    with _progress(asked, f"simulating {loaded.scenario.scenario}") as progress:
        simulated = simulate_scenario(
            loaded, seed, asked.replications, same_plan, asked.threads, progress, asked.shoppers
        )
    run.write_table("legs", simulated.legs)
    run.write_table("staffing", simulated.staffing)
    whole = simulated.replications == asked.replications
    run.write_facts(
        run_id=simulated.run_id, replications=simulated.replications, wall_s=simulated.wall_s,
        state=FINISHED if whole else INTERRUPTED,
    )  # fmt: skip
    return run, simulated


def _virtual_day(
    asked: argparse.Namespace, loaded: LoadedScenario, drawn: Any, seed: int, folder: Path
) -> tuple[Run, Mapping[str, Any]]:
    """Play a plan on an own desk under the virtual clock."""
    from probes.channels.table import PROTOCOL
    from probes.clock import Clock
    from probes.desk.desk import DeskOptions, open_desk
    from probes.instrument import Instrument
    from probes.shop import play_plan, playable, shop_facts
    from probes.virtual_loop import run_virtual
    from results.runs import Run

    options = DeskOptions(seed, 1.0, 0, _misconduct(asked, loaded), asked.phrases, asked.truth)

    async def day() -> Run:
        clock = Clock(asyncio.get_running_loop())
        async with open_desk(loaded, options, clock) as opened:
            facts = shop_facts(loaded, opened.target, opened.charter, seed, "virtual", 1.0)
            run = Run.create(folder, facts)
            chosen = playable(drawn, PROTOCOL, opened.target)
            with _progress(asked, "shopping the desk") as progress:
                shopped = await play_plan(
                    loaded, chosen, run, opened.target, opened.charter, clock, seed, Instrument(virtual=True),
                    watch=lambda tick: progress(tick.ended / max(tick.planned, 1)),
                )  # fmt: skip
            return shopped.run

    finished = run_virtual(day())
    return finished, finished.facts


def _real_day(
    asked: argparse.Namespace,
    loaded: LoadedScenario,
    drawn: Any,
    seed: int,
    folder: Path,
    target: Target,
    charter: Charter,
) -> tuple[Run, Mapping[str, Any]]:
    """Play a plan on a desk that somebody else opened, on the real clock."""
    from probes.errand import play_real

    with _progress(asked, "shopping the desk") as progress:
        finished = asyncio.run(
            play_real(
                loaded, drawn, seed, folder, target, charter, LEAD_S, asked.browser, asked.scale, lambda tick: progress(
                    tick.ended / max(tick.planned, 1)
                ),
            )
        )  # fmt: skip
    return finished, finished.facts


def _real_day_with_desk(
    asked: argparse.Namespace, loaded: LoadedScenario, drawn: Any, seed: int, folder: Path
) -> tuple[Run, Mapping[str, Any]]:
    """Open the desk and play the day on the real clock, in one process."""
    from probes.desk.desk import DeskOptions, open_desk
    from probes.errand import play_real

    options = DeskOptions(seed, asked.scale, 0, _misconduct(asked, loaded), asked.phrases, asked.truth)

    async def day() -> Run:
        async with open_desk(loaded, options) as opened:
            with _progress(asked, "shopping the desk") as progress:
                return await play_real(
                    loaded, drawn, seed, folder, opened.target, opened.charter, LEAD_S, False, asked.scale,
                    lambda tick: progress(tick.ended / max(tick.planned, 1)),
                )  # fmt: skip

    finished = asyncio.run(day())
    return finished, finished.facts


def _browse(asked: argparse.Namespace, loaded: LoadedScenario, seed: int, folder: Path) -> tuple[Run | None, list[str]]:
    """Play a handful of journeys in a real browser; where there is none, say so and go on."""
    from probes.browse import BrowserMissingError, browse

    try:
        with _progress(asked, "browsing the desk") as progress:
            return browse(loaded, seed, folder, _misconduct(asked, loaded), progress), []
    except BrowserMissingError as error:
        return None, [f"No browser journeys were played: {error}"]


def _compare(simulated: Run, measured: Run) -> Comparison:
    from results.comparison import compare_logs
    from scenarios.scenario import Gate

    facts = simulated.facts.get("gates") or measured.facts.get("gates") or []
    gates = [Gate.model_validate(gate) for gate in facts]
    return compare_logs(simulated.table("legs"), measured.table("legs"), gates)


def _which(one: Run, other: Run) -> tuple[Run, Run]:
    """Return (simulated, the other), in whatever order they were named."""
    kinds = [run.facts.get("kind") for run in (one, other)]
    if kinds.count("simulated") != 1:
        raise UsageError(
            f"one simulated run and one measured or recorded run can be compared; {one.folder} is {kinds[0]} and "
            f"{other.folder} is {kinds[1]}"
        )
    return (one, other) if kinds[0] == "simulated" else (other, one)


def _codes(comparison: Comparison, facts: Mapping[str, Any]) -> list[Exit]:
    from results.fitness import unfit_reasons

    verdicts = {"agrees": Exit.AGREES, "differs": Exit.DIFFERS, "cannot tell": Exit.CANNOT_TELL}
    codes = [verdicts[comparison.verdict]]
    reasons = unfit_reasons(facts, comparison)
    if reasons:
        _say("the instrument is not fit: " + "; ".join(reasons))
        codes.append(Exit.UNFIT)
    if facts.get("state") == "interrupted":
        codes.append(Exit.INTERRUPTED)
    return codes


def _write_report(
    path: Path, simulated: Run, measured: Run, comparison: Comparison, browser: Run | None, notes: Sequence[str]
) -> None:
    from results.report import write_report

    write_report(path, simulated, measured, comparison, browser, notes)


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    from results.words import comparison_document

    return comparison_document(comparison)


def _is_scenario(path: str) -> bool:
    from scenarios.kinds import kind_of

    return kind_of(Path(path)) == "scenario"


def _worst(codes: Sequence[Exit]) -> Exit:
    return min(codes, key=WORST_FIRST.index)


def _fault(fault: Any) -> dict[str, Any]:
    return {
        "file": fault.file, "line": fault.line, "key": fault.key, "found": fault.found, "message": str(fault),
    }  # fmt: skip


def _print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document; what is not a number is null."""
    print(json.dumps(_plain(document), ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _as_interrupt(number: int, frame: object) -> None:
    """Take a request to end as Ctrl-C, so that it ends what runs in the same orderly way."""
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _progress(asked: argparse.Namespace, what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr where somebody is looking; return what is told the share done."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=1.0)
        yield lambda share: bars.update(task, completed=share)


# -- the table -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Verb:
    """A verb of the command line: what it does, an example, and the names of its arguments in `OPTIONS`."""

    run: Callable[[argparse.Namespace], int]
    example: str
    options: tuple[str, ...]


VERBS = {
    "run": Verb(
        run,
        "testdrive run scenarios/quiet_tuesday.yaml",
        (
            "scenario",
            "days",
            "seed",
            "out",
            "json",
            "clock-any",
            "scale",
            "shoppers",
            "misconduct",
            "phrases",
            "truth",
            "replications-30",
            "threads",
        ),
    ),
    "check": Verb(
        check,
        "testdrive check scenarios/*.yaml",
        ("files", "power", "days", "seed", "json", "shoppers", "replications-20", "threads"),
    ),
    "plan": Verb(
        plan,
        "testdrive plan scenarios/quiet_tuesday.yaml --json",
        ("scenario", "days", "seed", "out", "json", "shoppers"),
    ),
    "simulate": Verb(
        simulate,
        "testdrive simulate scenarios/broadband_move.yaml --days 1",
        ("scenario", "days", "seed", "out", "json", "engine", "replications-10", "threads", "check-goals", "shoppers"),
    ),
    "desk": Verb(
        desk,
        "testdrive desk scenarios/quiet_tuesday.yaml --charter-out c.yaml --target-out t.yaml",
        (
            "scenario",
            "days",
            "seed",
            "json",
            "clock-real",
            "scale",
            "port",
            "misconduct",
            "phrases",
            "truth",
            "charter-out",
            "target-out",
        ),
    ),
    "shop": Verb(
        shop,
        "testdrive shop scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml",
        (
            "what",
            "days",
            "seed",
            "out",
            "json",
            "target",
            "charter",
            "clock-real",
            "scale",
            "shoppers",
            "browser",
            "intent",
            "repeats",
            "misconduct",
            "phrases",
            "truth",
        ),
    ),
    "load": Verb(
        load,
        "testdrive load scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml",
        ("what", "days", "seed", "out", "json", "target", "charter", "clock-real", "scale", "shoppers", "no-browser"),
    ),
    "compare": Verb(compare, "testdrive compare runs/a/simulated runs/a/measured", ("two-runs", "json")),
    "report": Verb(report, "testdrive report runs/a -o page.html", ("one-or-two-runs", "out-file", "json")),
    "runs": Verb(
        runs, "testdrive runs --sql 'select channel, count(*) from legs group by 1'", ("folder", "sql", "json")
    ),
}

OPTIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "scenario": (["scenario"], {"type": Path, "metavar": "SCENARIO", "help": "a scenario file"}),
    "files": (
        ["files"],
        {"type": Path, "nargs": "+", "metavar": "FILE", "help": "scenarios, journeys, targets, charters …"},
    ),
    "what": (
        ["what"],
        {"nargs": "+", "metavar": "SCENARIO|JOURNEY", "help": "a scenario file, or journeys by name or file"},
    ),
    "two-runs": (
        ["runs"],
        {"type": Path, "nargs": 2, "metavar": "RUN", "help": "a simulated and a measured run folder"},
    ),
    "one-or-two-runs": (
        ["runs"],
        {"type": Path, "nargs": "+", "metavar": "RUN", "help": "a run folder, or the two to compare"},
    ),
    "folder": (["folder"], {"type": Path, "nargs": "?", "metavar": "DIR", "help": "where to look (default: runs)"}),
    "days": (["--days"], {"type": int, "metavar": "N", "help": "cover N days instead of the scenario's"}),
    "seed": (["--seed"], {"type": int, "metavar": "N", "help": "seed (default: the scenario's)"}),
    "out": (["-o", "--out"], {"type": Path, "metavar": "DIR", "help": "run folder (default: a new one under runs/)"}),
    "out-file": (
        ["-o", "--out"],
        {"type": Path, "metavar": "FILE", "help": "the page (default: report.html in the run)"},
    ),
    "json": (["--json"], {"action": "store_true", "help": "print one JSON document on stdout and nothing else"}),
    "power": (["--power"], {"action": "store_true", "help": "simulate, and say what a comparison can see"}),
    "replications-10": (["--replications"], {"type": int, "default": 10, "metavar": "N", "help": "default: 10"}),
    "replications-20": (
        ["--replications"],
        {"type": int, "default": 20, "metavar": "N", "help": "with --power; default: 20"},
    ),
    "replications-30": (
        ["--replications"],
        {"type": int, "default": REPLICATIONS, "metavar": "N", "help": "default: 30"},
    ),
    "threads": (
        ["--threads"],
        {"type": int, "default": min(2, os.cpu_count() or 1), "metavar": "N", "help": "replications at once"},
    ),
    "engine": (["--engine"], {"choices": ["simpy"], "default": "simpy", "help": "the engine (one so far)"}),
    "check-goals": (
        ["--check-goals"],
        {"action": "store_true", "help": "exit 1 where a goal of the scenario is missed"},
    ),
    "shoppers": (["--shoppers"], {"type": int, "metavar": "N", "help": "N shoppers on each channel that has any"}),
    "clock-any": (
        ["--clock"],
        {
            "choices": ["virtual", "real"],
            "help": "virtual: the day alone, in seconds; real: the day in its own time. Default: the virtual day, then a real browser",
        },
    ),
    "clock-real": (["--clock"], {"choices": ["virtual", "real"], "default": "real", "help": "default: real"}),
    "scale": (
        ["--scale"],
        {"type": float, "default": 1.0, "metavar": "S", "help": "scenario seconds per second, 1 to 10"},
    ),
    "port": (["--port"], {"type": int, "default": 0, "metavar": "N", "help": "loopback port (default: a free one)"}),
    "misconduct": (
        ["--misconduct"],
        {"type": Path, "metavar": "FILE", "help": "what the desk does other than believed"},
    ),
    "phrases": (["--phrases"], {"type": Path, "metavar": "FILE", "help": "what the desk's people say"}),
    "truth": (["--truth"], {"type": Path, "metavar": "FILE", "help": "write what the desk really did, as JSON lines"}),
    "charter-out": (["--charter-out"], {"type": Path, "metavar": "FILE", "help": "write the charter for this desk"}),
    "target-out": (["--target-out"], {"type": Path, "metavar": "FILE", "help": "write the target file of this desk"}),
    "target": (["--target"], {"type": Path, "metavar": "FILE", "help": "how to reach the desk"}),
    "charter": (["--charter"], {"type": Path, "metavar": "FILE", "help": "what we are allowed to do there"}),
    "browser": (["--browser"], {"action": "store_true", "help": "play in a real browser"}),
    "no-browser": (
        ["--no-browser"],
        {"dest": "browser", "action": "store_false", "help": argparse.SUPPRESS, "default": False},
    ),
    "intent": (["--intent"], {"metavar": "NAME", "help": "with journeys: what the customer wants"}),
    "repeats": (["--repeats"], {"type": int, "default": 1, "metavar": "N", "help": "with journeys: play each N times"}),
    "sql": (["--sql"], {"metavar": "SQL", "help": "a query over the views legs, steps, messages, staffing"}),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="testdrive", description="Test-drive your own customer journey: believe, simulate, shop, compare.",
        epilog="exit codes: 0 agrees or passed, 1 differs or failed, 2 bad command or file, 3 cannot tell, 4 the instrument "
        "is not fit, 5 refused by the charter, 6 target unreachable, 70 our own fault, 130 interrupted",
    )  # fmt: skip
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for name, verb in VERBS.items():
        words = (verb.run.__doc__ or "").strip()
        under = verbs.add_parser(name, help=words, description=words, epilog=f"example: {verb.example}")
        for option in verb.options:
            flags, details = OPTIONS[option]
            under.add_argument(*flags, **details)
        under.set_defaults(run=verb.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
