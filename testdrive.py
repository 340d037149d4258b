"""The command line: a table from verb to function, and the only module that sees every room.

Each verb reads its arguments, calls the rooms and prints; what it computes is theirs. Heavy imports stand inside the
verbs, so that `--help` is quick and a missing extra hurts only who needs it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import datetime
import errno
import gc
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
    from probes.crowd.crowd import Tick
    from probes.desk.desk import DeskOptions
    from probes.errand import Errand
    from results.comparison import Comparison
    from results.reviews import Said
    from results.runs import Run
    from scenarios.charter import Charter
    from scenarios.reading import LoadedScenario
    from scenarios.target import Target
    from simulator.simulate import Simulated


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

GARBAGE_LEAST = 100_000
"""New objects before Python looks for garbage: what a start loads stays, and looking through it costs a tenth of it."""

DAYS_MOST = 700
"""As in a scenario file; `scenarios` is too slow to import for --help. A test compares the two."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; never a bare traceback."""
    from scenarios.faults import FaultsFoundError

    parser = _parser()
    asked = parser.parse_args(arguments)
    if not hasattr(asked, "run"):
        parser.print_help(sys.stderr)
        return Exit.BAD_INPUT
    gc.set_threshold(GARBAGE_LEAST)
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
    from probes.browser import BrowserMissingError
    from probes.errand import NothingToPlayError
    from probes.guard import RefusedByCharterError
    from probes.record import NothingRecordedError
    from probes.resume import CannotResumeError
    from results.runs import RunError
    from scenarios.cells import PlanTooLargeError
    from scenarios.secret import SecretMissingError
    from simulator.fit import FitError
    from simulator.precision import PrecisionError
    from simulator.story import StoryError
    from simulator.validation.validate import UnknownSystemError

    if isinstance(error, RefusedByCharterError):
        _say(f"refused: {error}")
        return Exit.REFUSED
    if isinstance(error, ConnectionError):
        _say(f"unreachable: {error}")
        return Exit.UNREACHABLE
    bad_input = (
        RunError, FitError, PlanTooLargeError, NothingToPlayError, UsageError, BrowserMissingError, UnknownSystemError,
        PrecisionError, StoryError, CannotResumeError, SecretMissingError, NothingRecordedError,
    )  # fmt: skip
    if isinstance(error, bad_input):
        _say(str(error))
        return Exit.BAD_INPUT
    if isinstance(error, OSError) and (error.filename or error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)):
        _say(f"{error.filename or 'the disk'}: {error.strerror}; name another place with -o, or make room")
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
    rows = counts.rename("contacts").reset_index().to_dict("records")
    if asked.json:
        _print_json({"run": str(run.folder), "contacts": len(drawn), "counts": rows})
    else:
        for row in rows:
            print(f"{row['channel']:8} {row['played_by']:11} {row['contacts']:8,}")
        print(f"{len(drawn):,} contacts in {run.folder / 'plan.parquet'}")
    return Exit.AGREES


def simulate(asked: argparse.Namespace) -> int:
    """Simulate a scenario and print its metrics; with --check-goals fail where one is missed."""
    from results.cautions import cautions_of
    from results.figures import goal_met
    from results.runs import INTERRUPTED, new_folder
    from results.terminal import goals_table, half_width_text, metrics_table
    from scenarios.opening import load_state

    loaded = _load(asked.scenario, asked)
    if asked.from_state is not None:
        loaded = load_state(asked.from_state, loaded)
    if asked.story is not None:
        return _tell_story(asked, loaded)
    folder = new_folder(loaded.scenario.scenario, "simulate", asked.out)
    run, simulated = _simulate(asked, loaded, folder, False)
    figures = simulated.figures()
    per_s = simulated.contacts / simulated.wall_s
    cautions = [dataclasses.asdict(caution) for caution in cautions_of(loaded, figures)]
    goals = [(goal, *goal_met(goal, figures)) for goal in loaded.scenario.goals]
    run.write_facts(metrics=[dataclasses.asdict(figure) for figure in figures], warnings=cautions)
    for caution in cautions:
        _say(f"warning: {caution['text']}")
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
        _print_json(document)
    else:
        print(metrics_table(figures, simulated.level))
        if goals:
            print(f"\n{goals_table(goals)}")
        for told in _half_widths(asked, simulated) if asked.half_width else []:
            print(half_width_text(told))
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
    return _worst(codes)


def _tell_story(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    """Tell what one customer lived through."""
    from simulator.story import story_of

    name, _, replication = asked.story.partition("@")
    if replication and not replication.isdecimal():
        raise UsageError(f"--story {asked.story}: expected CUSTOMER, or CUSTOMER@REPLICATION with a whole number")
    story = story_of(loaded, _seed(asked, loaded), name, int(replication or 0))
    if asked.json:
        _print_json(dataclasses.asdict(story))
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


def validate(asked: argparse.Namespace) -> int:
    """Hold the simulator against published and exact systems, each rebuilt as a scenario."""
    from simulator.validation.validate import validate as validate_systems
    from simulator.validation.validate import validation_table

    with _progress(asked, "validating") as progress:
        found = validate_systems(
            asked.only, asked.quick, 1 if asked.seed is None else asked.seed, asked.threads, asked.contacts, progress
        )
    if asked.json:
        _print_json({"systems": [dataclasses.asdict(row) for row in found.rows], "failed": found.failed})
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
    return _worst(codes)


def desk(asked: argparse.Namespace) -> int:
    """Open a rehearsal desk until interrupted."""
    from probes.desk.desk import open_desk
    from scenarios.models import write_model

    loaded = _load(asked.scenario, asked)
    if asked.clock == "virtual":
        raise UsageError("a desk that others visit needs the real clock; under the virtual one use `testdrive run`")
    options = _desk_options(asked, loaded, _seed(asked, loaded))
    _tell_unplayed(loaded)

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
    from probes.errand import Players, journey_errand, play_real, play_virtual, read_feed, scenario_errand
    from probes.resume import Resumed
    from results.runs import new_folder
    from scenarios.charter import read_charter
    from scenarios.persona import persona_named, read_persona
    from scenarios.target import read_target

    verb = "load" if everyone else "shop"
    if asked.clean_up is not None:
        return _clean_up(asked)
    if not asked.what:
        raise UsageError("a scenario, a programme, or journeys by name or file are needed")
    first = asked.what[0]
    is_programme = not everyone and len(asked.what) == 1 and _is_of_kind(first, "programme")
    is_scenario = everyone or (len(asked.what) == 1 and Path(first).suffix in (".yaml", ".yml") and _is_scenario(first))
    virtual = asked.clock == "virtual"
    if not virtual and (asked.misconduct or asked.phrases or asked.truth):
        raise UsageError("--misconduct, --phrases and --truth are for our own desk: give them to `testdrive desk`")
    if is_scenario:
        journeys_only = [f"--{name}" for name in ("intent", "repeats", "persona", "feed") if getattr(asked, name, None)]
        if len(asked.what) > 1 or journeys_only:
            raise UsageError(f"one scenario at a time; {' and '.join(journeys_only or ['several'])}: for journeys only")
        loaded = _load(Path(first), asked)
        errand = scenario_errand(loaded, _seed(asked, loaded), asked.shoppers, everyone)
    elif virtual:
        raise UsageError("a journey alone has no desk of its own: --clock virtual takes a scenario")
    elif is_programme:
        errand = _wave(asked, Path(first))
    else:
        kinds = [read_persona(Path(name)) if name.endswith((".yaml", ".yml")) else persona_named(name)
                 for name in asked.persona]  # fmt: skip
        players = Players(kinds, read_feed(asked.feed) if asked.feed else (), asked.repeats or 1)
        errand = journey_errand(asked.what, asked.intent, players, 1 if asked.seed is None else asked.seed)
    resumed = Resumed.of(asked.resume, asked.shift) if asked.resume else None
    folder = resumed.run.folder if resumed else new_folder(errand.loaded.scenario.scenario, verb, asked.out)
    in_browser = not everyone and asked.browser
    if virtual:
        if asked.target is not None or asked.charter is not None:
            raise UsageError("--clock virtual plays on its own desk; --target and --charter need --clock real")
        if in_browser:
            raise UsageError("a browser cannot jump over time: --browser needs --clock real")
        if resumed is not None:
            raise UsageError("a day on the virtual clock takes seconds: play it again; --resume needs --clock real")
        with _ticking(asked, "shopping the desk") as watch:
            options = _desk_options(asked, errand.loaded, errand.seed)
            run = play_virtual(errand, folder, options, watch)
        return _tell_shopped(asked, run)
    if is_programme and asked.target is None:
        asked.target = Path(first).parent / _programme_site(asked, Path(first))[1]
    if asked.target is None or asked.charter is None:
        raise UsageError("--target FILE and --charter FILE are needed; `testdrive desk SCENARIO` writes a pair")
    target, charter = read_target(asked.target), read_charter(asked.charter)
    if asked.only:
        errand = _only(errand, asked.only)
    if asked.dry_run:
        return _dry_run(asked, errand, target, charter, is_scenario)
    with _ticking(asked, "shopping the desk") as watch:
        playing = play_real(
            errand,
            folder,
            target,
            charter,
            watch,
            in_browser,
            asked.scale,
            resumed=resumed,
            trace=bool(getattr(asked, "trace", False)),
        )
        return _tell_shopped(asked, asyncio.run(playing))


def _programme_site(asked: argparse.Namespace, path: Path) -> tuple[str, str]:
    """Return the site of a programme that is asked for, or its only one, and its target file."""
    from scenarios.programme import read_programme

    sites = read_programme(path).sites
    name = asked.site or (next(iter(sites)) if len(sites) == 1 else None)
    if name not in sites:
        raise UsageError(f"--site NAME says where; {path} has {', '.join(sites)}")
    return name, sites[name]


def _wave(asked: argparse.Namespace, path: Path) -> Errand:
    """Return a wave of a programme as contacts, and say what it is before any is spent."""
    from probes.waves import wave_errand, wave_text
    from scenarios.journey import journey_named
    from scenarios.programme import read_programme

    programme = read_programme(path)
    wave = programme.wave(asked.wave)
    if wave is None:
        raise UsageError(f"--wave NAME says which; {path} has {', '.join(one.wave for one in programme.waves)}")
    minutes = None
    if programme.scenario is not None:
        from simulator.expected import expect

        loaded = _load(path.parent / programme.scenario, asked)
        expected = expect(loaded, _seed(asked, loaded))
        channels = {name: journey_named(name, path.parent.parent).channel for name in programme.journeys}
        minutes = {name: expected.agent_minutes(channel, name) for name, channel in channels.items()}
    _say(wave_text(programme, wave, minutes))
    site, _ = _programme_site(asked, path)
    return wave_errand(programme, path.parent.parent, wave, site, 1 if asked.seed is None else asked.seed)


def _only(errand: Errand, contact: str) -> Errand:
    """Return an errand with one of its contacts alone."""
    plan = errand.plan[errand.plan["contact_id"] == contact].reset_index(drop=True)
    if plan.empty:
        raise UsageError(f"there is no contact {contact}; `--dry-run` lists them")
    return dataclasses.replace(errand, plan=plan)


def _dry_run(asked: argparse.Namespace, errand: Errand, target: Target, charter: Charter, is_scenario: bool) -> int:
    """Say what would be played, and play nothing."""
    from probes.channels.table import sessions_of
    from probes.dry_run import dry_run
    from probes.guard import Guard
    from probes.proof import prove_control
    from probes.shop import playable

    told: dict[str, Any] = {}
    if is_scenario:
        from simulator.expected import expect

        expected = expect(errand.loaded, errand.seed)
        told = {"agent_minutes": expected.agent_minutes, "capacity_minutes": expected.capacity_minutes,
                "fails": expected.fails}  # fmt: skip
    told["journeys"] = errand.journeys
    guard = Guard(charter)
    asyncio.run(prove_control(guard, target.hosts()))
    proved = set(target.hosts()) - set(guard.unproved())
    guard.close()
    plan = playable(errand.plan, sessions_of(target, bool(getattr(asked, "browser", False))))
    begins_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    if errand.epoch_s is not None and len(plan):
        begins_at = datetime.datetime.fromtimestamp(errand.epoch_s + float(plan["due_s"].min()), datetime.UTC)
    dry = dry_run(errand.loaded, plan, target, charter, begins_at, asked.scale or 1.0, proved=proved, **told)
    if asked.json:
        _print_json({"contacts": dry.rows(), "refused": dry.refused, "agent_minutes": dry.agent_minutes})
    else:
        print(dry.text())
    return Exit.REFUSED if dry.refused else Exit.AGREES


def _clean_up(asked: argparse.Namespace) -> int:
    """Undo on the desk what a run has left there."""
    from probes.clean_up import clean_up
    from results.runs import Run
    from scenarios.charter import read_charter
    from scenarios.target import read_target

    if asked.target is None or asked.charter is None:
        raise UsageError("--clean-up RUN needs --target FILE and --charter FILE, those of the run")
    run = Run.open(asked.clean_up)
    rows = asyncio.run(clean_up(run, read_target(asked.target), read_charter(asked.charter)))
    if asked.json:
        _print_json({"run": str(run.folder), "steps": [dataclasses.asdict(row) for row in rows]})
    else:
        for row in rows:
            print("  ".join(str(value) for value in dataclasses.asdict(row).values() if value not in (None, "")))
        print(f"{len(rows)} steps; {run.folder}")
    left = [row for row in rows if row.state in ("failed", "unsure", "by_hand")]
    return Exit.DIFFERS if left else Exit.AGREES


def target(asked: argparse.Namespace) -> int:
    """Propose a target file from a page of the desk: `target new URL`."""
    from probes.propose_target import propose
    from scenarios.charter import read_charter

    if asked.charter is None:
        raise UsageError("--charter FILE says that the page may be looked at")
    text = asyncio.run(propose(asked.url, read_charter(asked.charter)))
    return _tell_written(asked, text, "target")


def journey(asked: argparse.Namespace) -> int:
    """Write a journey from a chat that you have in a browser window: `journey record NAME`."""
    from probes.browser import open_browser
    from probes.guard import Guard
    from probes.record import journey_text, record_chat
    from scenarios.charter import read_charter
    from scenarios.target import read_target

    if asked.target is None or asked.charter is None:
        raise UsageError("--target FILE says where, --charter FILE that it may be; both are needed")
    desk, charter = read_target(asked.target), read_charter(asked.charter)

    async def record() -> str:
        ended = asyncio.Event()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
        async with open_browser(shown=True) as browser:
            _say("chat as your customer would; close the window or press Ctrl-C when you are done")
            return journey_text(asked.name, await record_chat(browser, desk, Guard(charter), ended))

    return _tell_written(asked, asyncio.run(record()), "journey")


def _tell_written(asked: argparse.Namespace, text: str, kind: str) -> int:
    if asked.out is not None:
        from results.runs import write_whole

        write_whole(asked.out, text)
    if asked.json:
        _print_json({kind: text, "file": None if asked.out is None else str(asked.out)})
    else:
        print(f"{kind}: {asked.out}" if asked.out is not None else text, end="\n" if asked.out is not None else "")
    return Exit.AGREES


def _tell_shopped(asked: argparse.Namespace, run: Run) -> int:
    from results.exports import write_exports
    from results.journal import JOURNAL, answers_to_facts

    write_exports(run, asked.junit, asked.csv)
    facts = run.facts
    outcomes: Mapping[str, int] = facts["outcomes"]
    instrument = facts["instrument"]
    if asked.json:
        document = {
            "run": str(run.folder), "planned": facts["planned"], "played": facts["played"], "outcomes": outcomes,
            "instrument": {"fit": instrument["fit"], "reasons": list(instrument["reasons"])},
            "findings": answers_to_facts(run.folder / JOURNAL), "scores": [],
        }  # fmt: skip
        _print_json(document)
    else:
        for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
            print(f"{outcome:14} {count:8,}")
        print(f"{facts['played']:,} of {facts['planned']:,} planned contacts were played; {run.folder}")
        for reason in instrument["reasons"]:
            print(f"the instrument is not fit: {reason}")
    codes = [Exit.AGREES]
    if facts["state"] == "interrupted":
        codes.append(Exit.INTERRUPTED)
    if outcomes.get("withheld"):
        codes.append(Exit.REFUSED)
    if outcomes.get("target_error") and outcomes["target_error"] == facts["played"]:
        codes.append(Exit.UNREACHABLE)
    if outcomes.get("closed") and outcomes["closed"] == facts["played"] and not asked.json:
        print("the desk was shut whenever we came: nothing was learnt of it")
    if not instrument["fit"] or outcomes.get("failed"):
        codes.append(Exit.UNFIT)
    return _worst(codes)


def run(asked: argparse.Namespace) -> int:
    """The whole loop: plan, simulate, open the desk, shop it, compare, report."""
    from probes.errand import play_virtual, play_with_desk, scenario_errand
    from results.runs import FINISHED, INTERRUPTED, Run, new_folder, run_id, write_whole

    loaded = _load(asked.scenario, asked)
    seed = _seed(asked, loaded)
    options = _desk_options(asked, loaded, seed)
    _tell_unplayed(loaded, virtual=asked.clock == "virtual")
    errand = scenario_errand(loaded, seed, asked.shoppers)
    folder = new_folder(loaded.scenario.scenario, "run", asked.out)
    name = run_id("day", loaded.scenario.scenario, loaded.hash, seed)
    whole = Run.create(folder, {**_facts(loaded, seed), "run_id": name, "kind": "day"})
    simulated_run, _ = _simulate(asked, loaded, folder / "simulated", True)
    if simulated_run.facts["state"] == INTERRUPTED:
        return _cut_short(asked, whole)
    with _ticking(asked, "shopping the desk") as watch:
        if asked.clock == "real":
            measured = asyncio.run(play_with_desk(errand, folder / "measured", options, watch))
        else:
            measured = play_virtual(errand, folder / "measured", options, watch)
    if measured.facts["state"] == INTERRUPTED:
        return _cut_short(asked, whole)
    comparison = _compare(simulated_run, measured)
    browser, notes = (None, []) if asked.clock == "virtual" else _browse(asked, loaded, seed, folder / "browser")
    report_path = folder / "report.html"
    _write_report(report_path, simulated_run, measured, comparison, browser, notes)
    codes = _codes(comparison, measured.facts)
    if browser is not None and browser.facts["state"] == INTERRUPTED:
        codes.append(Exit.INTERRUPTED)
    write_whole(folder / "comparison.json", json.dumps(_comparison_document(comparison), indent=2) + "\n")
    whole.write_facts(state=FINISHED, verdict=comparison.verdict, exit=int(_worst(codes)))
    if asked.json:
        _print_json({"run": str(folder), "report": str(report_path), **_comparison_document(comparison)})
    else:
        print(_comparison_text(comparison, measured))
        for note in notes:
            print(note)
        print(f"report: {report_path.resolve()}")
    return _worst(codes)


def _tell_unplayed(loaded: LoadedScenario, virtual: bool = False) -> None:
    """Say what the rehearsal desk leaves alone, so that nobody holds its figures against beliefs it does not play."""
    from probes.desk.unplayed import no_telephone, unplayed

    keys = unplayed(loaded.scenario)
    if silent := no_telephone(loaded.scenario, virtual):
        _say(f"warning: {silent}")
    if keys:
        _say(f"warning: the rehearsal desk does not play {', '.join(keys)} yet; the simulation does")


def _cut_short(asked: argparse.Namespace, whole: Run) -> int:
    """Say that a whole day was interrupted; its parts so far are kept."""
    from results.runs import INTERRUPTED

    whole.write_facts(state=INTERRUPTED)
    if asked.json:
        _print_json({"run": str(whole.folder), "verdict": None, "rows": []})
    _say(f"interrupted; what was measured is kept in {whole.folder}")
    return Exit.INTERRUPTED


def import_(asked: argparse.Namespace) -> int:
    """Turn a recorded log into a contact log, through a mapping of its columns."""
    from results.importing import import_log
    from results.runs import new_folder
    from scenarios.mapping import load_mapping
    from scenarios.reading import find_file

    mapping = load_mapping(find_file("mappings", str(asked.mapping)) or asked.mapping)
    with _progress(asked, "importing") as progress:
        run = import_log(asked.log, mapping, new_folder(mapping.mapping.mapping, "import", asked.out), progress)
    rejected: Mapping[str, int] = run.facts["rejected"]
    if asked.json:
        facts = {name: run.facts[name] for name in ("rows", "kept", "rejected", "origin", "time_zone", "days")}
        _print_json({"run": str(run.folder), **facts})
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
        _print_json({"scenario": str(path)})
    else:
        print(f"{path}; try: testdrive simulate {path}")
    return Exit.AGREES


def compare(asked: argparse.Namespace) -> int:
    """Compare a simulated run with a measured or recorded one."""
    from results.runs import Run

    simulated, measured = _which(Run.open(asked.runs[0]), Run.open(asked.runs[1]))
    comparison = _compare(simulated, measured)
    if asked.json:
        _print_json(_comparison_document(comparison))
    else:
        print(_comparison_text(comparison, measured))
    return _worst(_codes(comparison, measured.facts))


def report(asked: argparse.Namespace) -> int:
    """Write the page of a run, a pair of runs or a simulation."""
    from results.figures import Figure
    from results.report import write_shop_report, write_simulation_report
    from results.runs import Run, RunError

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
        values = [Figure(**value) for value in first.facts.get("metrics", [])]
        write_simulation_report(path, first, values)
    elif first.facts.get("kind") == "measured":
        write_shop_report(path, first)
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

    if asked.expire:
        return _expire(asked)
    said = next((name for name in ("release", "hold_back", "appeal", "uphold", "strike") if getattr(asked, name)), None)
    if said is not None:
        return _review(asked, said)
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


def _review(asked: argparse.Namespace, said: str) -> int:
    """Release shops of a run, hold them back, appeal against them, or decide an appeal."""
    from results.reviews import say, states_of
    from results.runs import Run

    if asked.folder is None:
        raise UsageError(f"testdrive runs RUN --{said.replace('_', '-')} CONTACT: which run?")
    run = Run.open(asked.folder)
    words: dict[str, Said] = {
        "release": "released", "hold_back": "held_back", "appeal": "appealed", "uphold": "upheld", "strike": "struck",
    }  # fmt: skip
    contacts = say(run, getattr(asked, said), words[said], asked.by_whom or "", asked.note or "")
    if asked.json:
        _print_json({"run": str(run.folder), "contacts": contacts, "states": states_of(run)})
    else:
        print(f"{len(contacts)} {words[said].replace('_', ' ')}; {run.folder}")
    return Exit.AGREES


def _expire(asked: argparse.Namespace) -> int:
    """Delete what charters allow to be kept no longer; the proof of it stays."""
    from results.retention import expire
    from results.runs import RUNS

    gone = expire(datetime.datetime.now(datetime.UTC), asked.folder or RUNS)
    if asked.json:
        _print_json({"expired": [str(one.folder) for one in gone]})
    else:
        for one in gone:
            print(f"{one.folder}: {len(one.files)} files, kept {one.ended_at:%Y-%m-%d}, are deleted")
        print(f"{len(gone)} runs have expired")
    return Exit.AGREES


# -- what the verbs share ------------------------------------------------------------------------------------------


def _load(path: Path, asked: argparse.Namespace) -> LoadedScenario:
    from scenarios.reading import load_scenario

    return load_scenario(path, getattr(asked, "days", None))


def _seed(asked: argparse.Namespace, loaded: LoadedScenario) -> int:
    return loaded.scenario.seed if asked.seed is None else int(asked.seed)


def _facts(loaded: LoadedScenario, seed: int) -> dict[str, Any]:
    from results.runs import scenario_facts

    return scenario_facts(loaded, seed)


def _simulate(
    asked: argparse.Namespace, loaded: LoadedScenario, folder: Path, same_plan: bool
) -> tuple[Run, Simulated]:
    from results.runs import FINISHED, INTERRUPTED, Run
    from scenarios.jit import is_cold
    from simulator.precision import REPLICATIONS_MOST, Precision, keys_named
    from simulator.simulate import simulate as simulate_scenario

    seed = _seed(asked, loaded)
    # `run` has no choice in these
    engine, half_widths, cluster = (getattr(asked, name, None) for name in ("engine", "half_width", "cluster"))
    precision = Precision.read(half_widths, loaded.scenario) if half_widths else None
    also = [key for text in getattr(asked, "metric", None) or () for key in keys_named(text, loaded.scenario)]
    summary = bool(getattr(asked, "summary", False)) or precision is not None
    replications = asked.replications or (REPLICATIONS_MOST if precision else 10)
    facts = {
        **_facts(loaded, seed), "kind": "simulated", "engine": engine or "compiled",
        "plan": "same" if same_plan else "drawn", "summary": summary,
    }  # fmt: skip
    run = Run.create(folder, facts)
    if is_cold():
        _say("compiling the engine, this once; about half a minute")
    from_s = _warm_up_s(getattr(asked, "warm_up", None), loaded, seed)
    with _progress(asked, f"simulating {loaded.scenario.scenario}") as progress:
        simulated = simulate_scenario(
            loaded, seed, replications, same_plan, asked.threads, progress, asked.shoppers, engine or "compiled",
            summary, precision, from_s, cluster, getattr(asked, "by", None) or (), also,
        )  # fmt: skip
    if not summary:
        run.write_table("legs", simulated.legs)
        run.write_table("staffing", simulated.staffing)
    whole = simulated.replications == replications or (precision is not None and simulated.reached)
    run.write_facts(
        run_id=simulated.run_id, replications=simulated.replications, contacts=simulated.contacts,
        wall_s=simulated.wall_s, warm_up_s=from_s, level=simulated.level, state=FINISHED if whole else INTERRUPTED,
    )  # fmt: skip
    return run, simulated


def _warm_up_s(asked: str | float | None, loaded: LoadedScenario, seed: int) -> float:
    """Return from which scenario second on contacts count."""
    from scenarios.units import clock_text
    from simulator.steady import warm_up_s

    if asked is None:
        return 0.0
    from_s = warm_up_s(loaded, seed) if asked == "auto" else float(asked) * 3600
    if from_s is None or from_s >= loaded.horizon_s:
        raise UsageError(
            f"--warm-up {asked}: {loaded.scenario.days} day(s) are too short to tell when the desk has settled; "
            f"simulate more with --days, or say --warm-up HOURS within them"
        )
    _say(f"contacts before {clock_text(from_s)} (h:mm from the start) are left out: warm-up")
    return from_s


def _desk_options(asked: argparse.Namespace, loaded: LoadedScenario, seed: int) -> DeskOptions:
    from probes.desk.desk import DeskOptions
    from scenarios.misconduct import no_misconduct, read_misconduct

    wrongs = read_misconduct(asked.misconduct, list(loaded.scenario.teams)) if asked.misconduct else no_misconduct()
    return DeskOptions(seed, asked.scale or 1.0, getattr(asked, "port", 0), wrongs, asked.phrases, asked.truth)


def _browse(asked: argparse.Namespace, loaded: LoadedScenario, seed: int, folder: Path) -> tuple[Run | None, list[str]]:
    """Play a handful of journeys in a real browser; where there is none, say so and go on."""
    from probes.browse import browse
    from probes.browser import BrowserMissingError

    wrongs = _desk_options(asked, loaded, seed).misconduct
    try:
        with _ticking(asked, "browsing the desk") as watch:
            return asyncio.run(browse(loaded, folder, seed, misconduct=wrongs, watch=watch)).run, []
    except BrowserMissingError as error:
        return None, [f"No journeys were played in a real browser: {error}"]


def _compare(simulated: Run, measured: Run) -> Comparison:
    from results.comparison import compare_logs
    from scenarios.scenario import Gate

    facts = simulated.facts.get("gates") or measured.facts.get("gates") or []
    gates = [Gate.model_validate(gate) for gate in facts]
    return compare_logs(simulated.table("legs"), measured.table("legs"), gates)


def _comparison_text(comparison: Comparison, measured: Run) -> str:
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
    from results.clock import RunClock
    from results.report import write_report
    from simulator.unexplained import unexplained

    if measured.facts.get("kind") == "recorded":
        notes = [*notes, *unexplained(simulated.table("legs"), measured.table("legs"), RunClock.of(measured.facts))]
    write_report(path, simulated, measured, comparison, browser, notes)


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    from results.words import comparison_document

    return comparison_document(comparison)


def _is_of_kind(path: str, kind: str) -> bool:
    from scenarios.kinds import kind_of

    return path.endswith((".yaml", ".yml")) and Path(path).is_file() and kind_of(Path(path)) == kind


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


@contextlib.contextmanager
def _ticking(asked: argparse.Namespace, what: str) -> Iterator[Callable[[Tick], None]]:
    """As `_progress`, for a crowd that says how many contacts have ended."""
    with _progress(asked, what) as progress:
        yield lambda tick: progress(tick.ended / max(tick.planned, 1))


# -- the table -----------------------------------------------------------------------------------------------------


def _count(text: str) -> int:
    """Read a count of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)


def _seed_number(text: str) -> int:
    """Read a seed."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _days(text: str) -> int:
    """Read how many days to cover."""
    if _count(text) > DAYS_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {DAYS_MOST}")
    return int(text)


def _warm_up(text: str) -> str | float:
    """Read a warm-up."""
    if text == "auto":
        return text
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number of hours")
    return hours


def _port(text: str) -> int:
    """Read a port; 0 takes a free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _scale(text: str) -> float:
    """Read how much faster than the wall a desk's day runs."""
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 1 <= scale <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10")
    return scale


@dataclasses.dataclass(frozen=True)
class Verb:
    """A verb of the command line: what it does, an example, and the names of its arguments in `OPTIONS`."""

    run: Callable[[argparse.Namespace], int]
    example: str
    options: str


# fmt: off
VERBS = {
    "run": Verb(run, "testdrive run scenarios/quiet_tuesday.yaml",
        "scenario days seed out json clock-any scale shoppers misconduct phrases truth replications-30 threads"),
    "check": Verb(check, "testdrive check scenarios/*.yaml",
        "files power days seed json shoppers replications-20 threads"),
    "plan": Verb(plan, "testdrive plan scenarios/quiet_tuesday.yaml --json", "scenario days seed out json shoppers"),
    "simulate": Verb(simulate, "testdrive simulate scenarios/broadband_move.yaml --days 1",
        "scenario days seed out json engine replications by metric half-width summary warm-up from-state threads "
        "cluster check-goals shoppers story"),
    "validate": Verb(validate, "testdrive validate --only erlang_a_gans shifts",
        "only quick contacts seed json threads"),
    "desk": Verb(desk, "testdrive desk scenarios/quiet_tuesday.yaml --charter-out c.yaml --target-out t.yaml",
        "scenario days seed json clock-real scale port misconduct phrases truth charter-out target-out"),
    "shop": Verb(shop, "testdrive shop scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml",
        "what days seed out json target charter clock-real scale-desk shoppers browser trace intent repeats "
        "persona feed wave site only-contact dry-run clean-up resume shift junit csv misconduct phrases truth"),
    "load": Verb(load, "testdrive load scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml",
        "what days seed out json target charter clock-real scale-desk shoppers dry-run clean-up only-contact "
        "resume shift junit csv misconduct phrases truth"),
    "target": Verb(target, "testdrive target new http://127.0.0.1:8010/tickets/submit/ --charter c.yaml -o t.yaml",
        "new url charter written json"),
    "journey": Verb(journey, "testdrive journey record mine --target t.yaml --charter c.yaml -o mine.yaml",
        "record journey-name target charter written json"),
    "import": Verb(import_, "testdrive import calls.tsv.gz --mapping bank_acd", "log mapping out json"),
    "fit": Verb(fit, "testdrive fit runs/a -o fitted.yaml", "run-folder scenario-out arrivals json"),
    "compare": Verb(compare, "testdrive compare runs/a/simulated runs/a/measured", "two-runs json"),
    "report": Verb(report, "testdrive report runs/a -o page.html", "one-or-two-runs out-file json"),
    "runs": Verb(runs, "testdrive runs --sql 'select channel, count(*) from legs group by 1'",
        "folder sql release hold-back appeal uphold strike by-whom note expire json"),
}

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "scenario": ("scenario", {"type": Path, "metavar": "SCENARIO", "help": "a scenario file"}),
    "files": ("files", {"type": Path, "nargs": "+", "metavar": "FILE", "help": "scenarios, journeys, targets …"}),
    "what": ("what", {"nargs": "*", "metavar": "SCENARIO|PROGRAMME|JOURNEY",
        "help": "a scenario, a programme, or journeys by name or file"}),
    "two-runs": ("runs", {"type": Path, "nargs": 2, "metavar": "RUN", "help": "a simulated and a measured run"}),
    "one-or-two-runs": ("runs", {"type": Path, "nargs": "+", "metavar": "RUN", "help": "a run, or two to compare"}),
    "folder": ("folder", {"type": Path, "nargs": "?", "metavar": "DIR", "help": "where to look (default: runs)"}),
    "log": ("log", {"type": Path, "metavar": "LOG", "help": "a call or ticket log, CSV or TSV, also gzipped"}),
    "run-folder": ("run_folder", {"type": Path, "metavar": "RUN", "help": "an imported run"}),
    "days": ("--days", {"type": _days, "metavar": "N", "help": "cover N days instead of the scenario's"}),
    "seed": ("--seed", {"type": _seed_number, "metavar": "N", "help": "seed (default: the scenario's)"}),
    "out": ("-o --out", {"type": Path, "metavar": "DIR", "help": "run folder (default: a new one under runs/)"}),
    "out-file": ("-o --out", {"type": Path, "metavar": "FILE", "help": "the page (default: report.html in the run)"}),
    "scenario-out": ("-o --out", {"dest": "scenario_out", "type": Path, "required": True, "metavar": "SCENARIO",
        "help": "the scenario file to write"}),
    "json": ("--json", {"action": "store_true", "help": "print one JSON document on stdout and nothing else"}),
    "power": ("--power", {"action": "store_true", "help": "simulate, and say what a comparison can see"}),
    "replications": ("--replications", {"type": _count, "metavar": "N",
        "help": "default: 10; with --half-width at most so many, default: 10,000"}),
    "by": ("--by", {"action": "append", "default": [], "metavar": "WHAT",
        "choices": ["intent", "team", "interval", "intent+team", "intent+interval", "team+interval",
            "intent+team+interval"],
        "help": "figures also for each intent, for each team (of those it answered first) or for each half-hour of the "
        "day (interval), or for each combination, such as intent+interval; may be repeated"}),
    "metric": ("--metric", {"action": "append", "default": [], "metavar": "METRIC",
        "help": "also the figure [CHANNEL.|TEAM.]METRIC[/T], such as phone.wait_s_p80 or service_level_offered/20; "
        "without a channel or team, of each; may be repeated"}),
    "half-width": ("--half-width", {"action": "append", "default": [], "metavar": "METRIC=VALUE",
        "help": "stop when the interval of [CHANNEL.|TEAM.]METRIC[/T] is no wider than +-VALUE; may be repeated, and "
        "all hold together. Looks after 10, 20, 40 … replications; keeps figures only"}),
    "summary": ("--summary", {"action": "store_true", "help": "keep the figures only: memory does not grow"}),
    "warm-up": ("--warm-up", {"type": _warm_up, "metavar": "auto|HOURS",
        "help": "leave out contacts of the first hours, as the desk begins empty; auto: as many as MSER-5 says"}),
    "from-state": ("--from-state", {"type": Path, "metavar": "FILE", "help": "begin now: a state file says what time "
        "it is, who is logged in, who waits and who is being served; they count too"}),
    "story": ("--story", {"metavar": "CUSTOMER", "help": "tell what one customer lives through instead, in words; "
        "CUSTOMER@K: in replication K"}),
    "cluster": ("--cluster", {"metavar": "ADDRESS", "help": "play on a Dask cluster, such as tcp://host:8786"}),
    "replications-20": ("--replications", {"type": _count, "default": 20, "metavar": "N",
        "help": "with --power; default: 20"}),
    "replications-30": ("--replications", {"type": _count, "default": 30, "metavar": "N", "help": "default: 30"}),
    "threads": ("--threads", {"type": _count, "default": min(2, os.cpu_count() or 1), "metavar": "N",
        "help": "replications at once"}),
    "only": ("--only", {"nargs": "+", "default": [], "metavar": "SYSTEM", "help": "only these systems, by id"}),
    "quick": ("--quick", {"action": "store_true", "help": "leave out systems that take millions of contacts"}),
    "contacts": ("--contacts", {"type": _count, "default": 20_000_000, "metavar": "N",
        "help": "contacts played of one system at most, however wide its errors still are (default: 20 million)"}),
    "engine": ("--engine", {"choices": ["compiled", "simpy"], "default": "compiled",
        "help": "compiled: the one to run; simpy: the one to read. They give the same tables"}),
    "check-goals": ("--check-goals", {"action": "store_true", "help": "exit 1 where a goal of the scenario is missed"}),
    "shoppers": ("--shoppers", {"type": _count, "metavar": "N", "help": "N shoppers on each channel that has any"}),
    "clock-any": ("--clock", {"choices": ["virtual", "real"], "help": "virtual: the day alone, in seconds; real: "
        "the day in its own time. Default: the virtual day, then a few journeys in a real browser"}),
    "clock-real": ("--clock", {"choices": ["virtual", "real"], "default": "real", "help": "default: real"}),
    "scale": ("--scale", {"type": _scale, "default": 1.0, "metavar": "S", "help": "times as fast, 1 to 10"}),
    "scale-desk": ("--scale", {"type": _scale, "metavar": "S", "help": "the scale the desk must run at"}),
    "port": ("--port", {"type": _port, "default": 0, "metavar": "N", "help": "loopback port (default: a free one)"}),
    "misconduct": ("--misconduct", {"type": Path, "metavar": "FILE", "help": "what our desk does other than believed"}),
    "phrases": ("--phrases", {"type": Path, "metavar": "FILE", "help": "what our desk's people say"}),
    "truth": ("--truth", {"type": Path, "metavar": "FILE", "help": "write what our desk really did, as JSON lines"}),
    "charter-out": ("--charter-out", {"type": Path, "metavar": "FILE", "help": "write the charter for this desk"}),
    "target-out": ("--target-out", {"type": Path, "metavar": "FILE", "help": "write the target file of this desk"}),
    "target": ("--target", {"type": Path, "metavar": "FILE", "help": "how to reach the desk"}),
    "charter": ("--charter", {"type": Path, "metavar": "FILE", "help": "what we are allowed to do there"}),
    "browser": ("--browser", {"action": "store_true", "help": "play in a real browser"}),
    "intent": ("--intent", {"metavar": "NAME", "help": "with journeys: what the customer wants"}),
    "repeats": ("--repeats", {"type": _count, "metavar": "N", "help": "journeys: N times each"}),
    "persona": ("--persona", {"action": "append", "default": [], "metavar": "NAME",
        "help": "journeys: who plays them, by name or file; in turn where repeated"}),
    "feed": ("--feed", {"type": Path, "metavar": "FILE",
        "help": "journeys: a CSV file whose rows, in turn, fill {data.COLUMN}"}),
    "resume": ("--resume", {"type": Path, "metavar": "RUN", "help": "take up a run that was cut off: no contact is "
        "begun twice, those whose time has passed are unstarted"}),
    "new": ("what", {"choices": ["new"], "help": "propose a target file from a page"}),
    "url": ("url", {"metavar": "URL", "help": "a page of the desk, such as that of its form or chat"}),
    "record": ("what", {"choices": ["record"], "help": "have a chat, and keep it as a journey"}),
    "journey-name": ("name", {"metavar": "NAME", "help": "what the journey is called"}),
    "written": ("-o --out", {"type": Path, "metavar": "FILE", "help": "the file to write (default: print it)"}),
    "trace": ("--trace", {"action": "store_true", "help": "with --browser: record all that the browser does, and "
        "keep it of contacts that fail"}),
    "wave": ("--wave", {"metavar": "NAME", "help": "programmes: which wave"}),
    "site": ("--site", {"metavar": "NAME", "help": "programmes: at which site"}),
    "only-contact": ("--only", {"metavar": "CONTACT", "help": "this contact alone"}),
    "dry-run": ("--dry-run", {"action": "store_true", "help": "say what would be played, when, by whom, what of the "
        "agents' time it takes and what the charter withholds; play nothing"}),
    "clean-up": ("--clean-up", {"type": Path, "metavar": "RUN",
        "help": "undo on the desk what a run has left there, as the target file says; play nothing"}),
    "release": ("--release", {"metavar": "CONTACT|all", "help": "an editor lets a shop of RUN be seen"}),
    "hold-back": ("--hold-back", {"metavar": "CONTACT|all", "help": "an editor does not"}),
    "appeal": ("--appeal", {"metavar": "CONTACT", "help": "the desk objects to a shop that was released"}),
    "uphold": ("--uphold", {"metavar": "CONTACT", "help": "the shop stands, against an appeal"}),
    "strike": ("--strike", {"metavar": "CONTACT", "help": "the shop is taken back, on an appeal"}),
    "by-whom": ("--by", {"dest": "by_whom", "metavar": "NAME", "help": "who says so"}),
    "note": ("--note", {"metavar": "TEXT", "help": "why"}),
    "expire": ("--expire", {"action": "store_true", "help": "delete what charters allow to be kept no longer"}),
    "junit": ("--junit", {"type": Path, "metavar": "FILE", "help": "write the contacts as JUnit XML too"}),
    "csv": ("--csv", {"type": Path, "metavar": "FILE", "help": "write the legs as CSV too"}),
    "shift": ("--shift", {"action": "store_true", "help": "with --resume: have what was missed, and all after it, "
        "come later instead"}),
    "mapping": ("--mapping", {"type": Path, "required": True, "metavar": "FILE",
        "help": "what its columns mean: a file, or one of ours (bank_acd, generic_csv)"}),
    "arrivals": ("--arrivals", {"choices": ["replayed", "half_hourly"], "default": "replayed",
        "help": "default: replayed"}),
    "sql": ("--sql", {"metavar": "SQL", "help": "a query over the views legs, steps, messages, staffing"}),
}
# fmt: on


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="testdrive", description="Test-drive your own customer journey: believe, simulate, shop, compare.",
        epilog="exit codes: 0 agrees or passed, 1 differs or failed, 2 bad command or file, 3 cannot tell, 4 the "
        "instrument is not fit, 5 refused by the charter, 6 target unreachable, 70 our own fault, 130 interrupted",
    )  # fmt: skip
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for name, verb in VERBS.items():
        words = (verb.run.__doc__ or "").strip()
        under = verbs.add_parser(name, help=words, description=words, epilog=f"example: {verb.example}")
        for option in verb.options.split():
            flags, details = OPTIONS[option]
            under.add_argument(*flags.split(), **details)
        under.set_defaults(run=verb.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
