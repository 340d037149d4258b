"""The verbs of shoppers: desk, shop, load, target, journey."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import datetime
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.asked import desk_options_of, scenario_of, seed_of
from commands.errands import errand_of, is_of_scenario, only_contact, target_file_of
from commands.exits import Exit, UsageError
from commands.load_exports import check_exports
from commands.searching import search
from commands.shopped import tell_shopped
from commands.terminal import print_json, say, ticking

if TYPE_CHECKING:
    from probes.errand import Errand
    from probes.setting import Access
    from scenarios.charter import Charter
    from scenarios.reading import LoadedScenario


def desk(asked: argparse.Namespace) -> int:
    """Open a rehearsal desk until interrupted."""
    from probes.desk.desk import open_desk
    from scenarios.models import write_model

    loaded = scenario_of(asked.scenario, asked)
    if asked.clock == "virtual":
        raise UsageError("a desk that others visit needs the real clock; under the virtual one use `testdrive run`")
    options = desk_options_of(asked, loaded, seed_of(asked, loaded))
    tell_unplayed(loaded)

    async def serve() -> None:
        async with open_desk(loaded, options) as opened:
            for path, model in ((asked.charter_out, opened.charter), (asked.target_out, opened.target)):
                if path is not None:
                    write_model(path, model)
            if asked.json:
                print_json({"url": opened.target.base_url, "target": opened.target.model_dump(mode="json")})
            else:
                print(f"{loaded.scenario.title}: {opened.target.base_url} (Ctrl-C ends it)", flush=True)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    asyncio.run(serve())
    return Exit.AGREES


def tell_unplayed(loaded: LoadedScenario, virtual: bool = False) -> None:
    """Say what the rehearsal desk leaves alone, so that nobody holds its figures against beliefs it does not play."""
    from probes.desk.unplayed import no_telephone, unplayed

    keys = unplayed(loaded.scenario)
    if silent := no_telephone(loaded.scenario, virtual):
        say(f"warning: {silent}")
    if keys:
        say(f"warning: the rehearsal desk does not play {', '.join(keys)} yet; the simulation does")


def shop(asked: argparse.Namespace) -> int:
    """Play the planned shoppers of a scenario, or journeys, on a desk."""
    return _probe(asked, everyone=False)


def load(asked: argparse.Namespace) -> int:
    """Play every customer of a scenario on a desk; with --search find the highest volume that keeps its goals."""
    searches = [f"--{name}" for name in ("search-from", "search-to", "search-within")
                if getattr(asked, name.replace("-", "_")) is not None]  # fmt: skip
    if asked.search:
        return search(asked)
    if searches:
        raise UsageError(f"{' and '.join(searches)}: only with --search")
    return _probe(asked, everyone=True)


def _probe(asked: argparse.Namespace, everyone: bool) -> int:
    if asked.clean_up is not None:
        return _clean_up(asked)
    errand = errand_of(asked, everyone)
    return _on_our_desk(asked, errand, everyone) if asked.clock == "virtual" else _on_a_desk(asked, errand, everyone)


def _on_our_desk(asked: argparse.Namespace, errand: Errand, everyone: bool) -> int:
    """Play an errand under the virtual clock, on a desk opened for it."""
    from probes.playing import play_virtual
    from results.runs import new_folder

    if asked.target is not None or asked.charter is not None:
        raise UsageError("--clock virtual plays on its own desk; --target and --charter need --clock real")
    if not everyone and asked.browser:
        raise UsageError("a browser cannot jump over time: --browser needs --clock real")
    if asked.resume:
        raise UsageError("a day on the virtual clock takes seconds: play it again; --resume needs --clock real")
    check_exports(asked, None)
    folder = new_folder(errand.loaded.scenario.scenario, "load" if everyone else "shop", asked.out)
    with ticking(asked, "shopping the desk") as watch:
        run = play_virtual(errand, folder, desk_options_of(asked, errand.loaded, errand.seed), watch)
    return tell_shopped(asked, run, errand.loaded.scenario.thresholds, everyone)


def _on_a_desk(asked: argparse.Namespace, errand: Errand, everyone: bool) -> int:
    """Play an errand on the desk of a target file, or say what would be played."""
    from probes.playing import play_real
    from probes.resume import Resumed
    from probes.setting import Access
    from results.runs import new_folder
    from scenarios.charter import read_charter
    from scenarios.target import read_target

    target_file = target_file_of(asked)
    if target_file is None or asked.charter is None:
        raise UsageError("--target FILE and --charter FILE are needed; `testdrive desk SCENARIO` writes a pair")
    after_abort = bool(getattr(asked, "after_abort", False))
    if after_abort and not asked.resume:
        raise UsageError("--after-abort: only with --resume RUN")
    resumed = Resumed.of(asked.resume, asked.shift, after_abort) if asked.resume else None
    in_browser, trace = not everyone and asked.browser, bool(getattr(asked, "trace", False))
    access = Access(read_target(target_file), read_charter(asked.charter), in_browser, trace)
    if asked.only:
        errand = only_contact(errand, asked.only)
    if asked.dry_run:
        return _dry_run(asked, errand, access, is_of_scenario(asked, everyone))
    check_exports(asked, access.charter)
    verb = "load" if everyone else "shop"
    folder = resumed.run.folder if resumed else new_folder(errand.loaded.scenario.scenario, verb, asked.out)
    if everyone and asked.browsers:
        return _load_hybrid(asked, errand, folder, access.charter)
    with ticking(asked, "shopping the desk") as watch:
        run = asyncio.run(play_real(errand, folder, access, watch, asked.scale, resumed=resumed))
    return tell_shopped(asked, run, errand.loaded.scenario.thresholds, everyone, access.charter)


def _load_hybrid(asked: argparse.Namespace, errand: Errand, folder: Path, charter: Charter) -> int:
    """Play the shoppers in browsers, in a process of their own, and everyone else by protocol, in one run."""
    from probes.crowd.assignment import Assignment
    from probes.crowd.hybrid import PartFailedError, play_hybrid

    if asked.resume:
        raise UsageError(
            "--browsers cannot go with --resume: neither kind takes up the other's journal; play the run again, or "
            "resume it without --browsers"
        )
    if asked.only and not (errand.plan["played_by"] == "shopper").any():
        raise UsageError(f"{asked.only} is none of the plan's shoppers, so no browser plays it: leave out --browsers")
    if not (errand.plan["played_by"] == "shopper").any():
        raise UsageError(
            "--browsers plays the plan's shoppers in browsers, and it has none: name some, or --shoppers N"
        )
    factor, lasts_s = (None if number is None else str(number) for number in (asked.factor, asked.for_s))
    assignment = Assignment(
        Path(asked.what[0]), asked.target, asked.charter, errand.seed, asked.profile, factor, asked.from_clock, lasts_s,
        asked.days, asked.shoppers, asked.replay, contact=asked.only,
    )  # fmt: skip
    with ticking(asked, "loading the desk") as watch:
        try:
            run = asyncio.run(play_hybrid(assignment, folder, watch))
        except PartFailedError as error:
            say(str(error))
            return error.code
    return tell_shopped(asked, run, errand.loaded.scenario.thresholds, True, charter)


def _dry_run(asked: argparse.Namespace, errand: Errand, access: Access, of_scenario: bool) -> int:
    """Say what would be played, and play nothing."""
    from probes.dry_run import dry_run
    from probes.errand import playable
    from probes.guard import Guard
    from probes.proof import prove_control

    target, charter = access.target, access.charter
    told: dict[str, Any] = {}
    if of_scenario:
        from simulator.expected import expect

        expected = expect(errand.loaded, errand.seed)
        told = {"agent_minutes": expected.agent_minutes, "capacity_minutes": expected.capacity_minutes,
                "fails": expected.fails}  # fmt: skip
    told["journeys"] = errand.journeys
    guard = Guard(charter)
    asyncio.run(prove_control(guard, target.hosts()))
    proved = set(target.hosts()) - set(guard.unproved())
    guard.close()
    plan = playable(errand.plan, access.sessions)
    begins_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    if errand.epoch_s is not None and len(plan):
        begins_at = datetime.datetime.fromtimestamp(errand.epoch_s + float(plan["due_s"].min()), datetime.UTC)
    dry = dry_run(errand.loaded, plan, target, charter, begins_at, asked.scale or 1.0, proved=proved, **told)
    if asked.json:
        print_json({"contacts": dry.rows(), "refused": dry.refused, "agent_minutes": dry.agent_minutes})
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
        print_json({"run": str(run.folder), "steps": [dataclasses.asdict(row) for row in rows]})
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
            say("chat as your customer would; close the window or press Ctrl-C when you are done")
            return journey_text(asked.name, await record_chat(browser, desk, Guard(charter), ended))

    return _tell_written(asked, asyncio.run(record()), "journey")


def _tell_written(asked: argparse.Namespace, text: str, kind: str) -> int:
    if asked.out is not None:
        from results.runs import write_whole

        write_whole(asked.out, text)
    if asked.json:
        print_json({kind: text, "file": None if asked.out is None else str(asked.out)})
    else:
        print(f"{kind}: {asked.out}" if asked.out is not None else text, end="\n" if asked.out is not None else "")
    return Exit.AGREES
