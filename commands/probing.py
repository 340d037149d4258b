"""The verbs of shoppers: desk, shop, load, target, journey."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import datetime
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.asked import desk_options_of, is_of_kind, is_scenario, scenario_of, seed_of, volumes_named
from commands.exits import Exit, UsageError, worst
from commands.load_exports import check_exports, send_telemetry, write_load_exports
from commands.searching import search
from commands.terminal import print_json, say, ticking

if TYPE_CHECKING:
    from probes.errand import Errand
    from results.runs import Run
    from scenarios.charter import Charter
    from scenarios.reading import LoadedScenario
    from scenarios.target import Target
    from scenarios.thresholds import Threshold


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
    is_programme = not everyone and len(asked.what) == 1 and is_of_kind(first, "programme")
    of_scenario = everyone or (len(asked.what) == 1 and Path(first).suffix in (".yaml", ".yml") and is_scenario(first))
    virtual = asked.clock == "virtual"
    if not virtual and (asked.misconduct or asked.phrases or asked.truth):
        raise UsageError("--misconduct, --phrases and --truth are for our own desk: give them to `testdrive desk`")
    if of_scenario:
        journeys_only = [f"--{name}" for name in ("intent", "repeats", "persona", "feed") if getattr(asked, name, None)]
        if len(asked.what) > 1 or journeys_only:
            raise UsageError(f"one scenario at a time; {' and '.join(journeys_only or ['several'])}: for journeys only")
        loaded = scenario_of(Path(first), asked)
        errand = scenario_errand(loaded, seed_of(asked, loaded), asked.shoppers, everyone)
    elif volumes := volumes_named(asked):
        raise UsageError(f"{' and '.join(volumes)}: for scenarios only, which say how many customers come")
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
        check_exports(asked, None)
        with ticking(asked, "shopping the desk") as watch:
            options = desk_options_of(asked, errand.loaded, errand.seed)
            run = play_virtual(errand, folder, options, watch)
        return tell_shopped(asked, run, not everyone, errand.loaded.scenario.thresholds)
    if is_programme and asked.target is None:
        asked.target = Path(first).parent / _programme_site(asked, Path(first))[1]
    if asked.target is None or asked.charter is None:
        raise UsageError("--target FILE and --charter FILE are needed; `testdrive desk SCENARIO` writes a pair")
    target, charter = read_target(asked.target), read_charter(asked.charter)
    if asked.only:
        errand = _only(errand, asked.only)
    if asked.dry_run:
        return _dry_run(asked, errand, target, charter, of_scenario)
    check_exports(asked, charter)
    if everyone and asked.browsers:
        return _load_hybrid(asked, errand, folder, charter)
    with ticking(asked, "shopping the desk") as watch:
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
        return tell_shopped(asked, asyncio.run(playing), not everyone, errand.loaded.scenario.thresholds, charter)


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
    return tell_shopped(asked, run, False, errand.loaded.scenario.thresholds, charter)


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

        loaded = scenario_of(path.parent / programme.scenario, asked)
        expected = expect(loaded, seed_of(asked, loaded))
        channels = {name: journey_named(name, path.parent.parent).channel for name in programme.journeys}
        minutes = {name: expected.agent_minutes(channel, name) for name, channel in channels.items()}
    say(wave_text(programme, wave, minutes))
    site, _ = _programme_site(asked, path)
    return wave_errand(programme, path.parent.parent, wave, site, 1 if asked.seed is None else asked.seed)


def _only(errand: Errand, contact: str) -> Errand:
    """Return an errand with one of its contacts alone."""
    plan = errand.plan[errand.plan["contact_id"] == contact].reset_index(drop=True)
    if plan.empty:
        raise UsageError(f"there is no contact {contact}; `--dry-run` lists them")
    return dataclasses.replace(errand, plan=plan)


def _dry_run(asked: argparse.Namespace, errand: Errand, target: Target, charter: Charter, of_scenario: bool) -> int:
    """Say what would be played, and play nothing."""
    from probes.channels.table import sessions_of
    from probes.dry_run import dry_run
    from probes.guard import Guard
    from probes.proof import prove_control
    from probes.shop import playable

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
    plan = playable(errand.plan, sessions_of(target, bool(getattr(asked, "browser", False))))
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


def tell_shopped(
    asked: argparse.Namespace,
    run: Run,
    scored: bool,
    thresholds: Sequence[Threshold] = (),
    charter: Charter | None = None,
) -> int:
    """Print and export what a finished run has shown; returns the exit code that it asks for."""
    from commands.scoring import card_named, score_shop
    from results.exports import write_exports
    from results.journal import answers_to_facts
    from results.load_figures import Measured, check_thresholds, load_rows
    from results.load_tables import load_table, threshold_row, thresholds_table
    from results.provenance import saturation_lines

    shop = score_shop(asked, run, card_named("conduct")) if scored else None
    measured = None if scored else Measured.of(run)
    checked = check_thresholds(thresholds, measured) if measured is not None else []

    if measured is None:
        write_exports(run, asked.junit, asked.csv)
    else:
        write_load_exports(asked, run, measured, checked)
    facts = run.facts
    outcomes: Mapping[str, int] = facts["outcomes"]
    instrument = facts["instrument"]
    if asked.json:
        document = {
            "run": str(run.folder), "planned": facts["planned"], "played": facts["played"], "outcomes": outcomes,
            "instrument": {"fit": instrument["fit"], "reasons": list(instrument["reasons"])},
            "findings": [] if shop is None else shop.findings, "scores": [] if shop is None else shop.scores,
            "answers": answers_to_facts(run.folder), "doubts": facts.get("doubts") or {},
            "saturation": facts.get("saturation") or [],
        }  # fmt: skip
        if measured is not None:
            document |= {"load": list(load_rows(measured)), "thresholds": [threshold_row(one) for one in checked]}
        print_json(document)
    else:
        for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
            print(f"{outcome:14} {count:8,}")
        print(f"{facts['played']:,} of {facts['planned']:,} planned contacts were played; {run.folder}")
        if shop is not None and shop.headline:
            print(shop.headline)
        if measured is not None and len(measured.responses):
            print(f"\n{load_table(list(load_rows(measured)))}\n")
        if checked:
            print(f"{thresholds_table(checked)}\n")
        for line in saturation_lines(facts, only_saturated=True):
            print(line)
        for reason in instrument["reasons"]:
            print(f"the instrument is not fit: {reason}")
        for warning in instrument["warnings"]:
            print(f"about the instrument: {warning}")
        for doubt, count in (facts.get("doubts") or {}).items():
            print(f"is the target file right? In {count} of {facts['played']} contacts {doubt}")
    codes = [Exit.AGREES]
    if any(one.kept is False for one in checked):
        codes.append(Exit.DIFFERS)
    if any(one.kept is None for one in checked):
        codes.append(Exit.CANNOT_TELL)
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
    if measured is not None and charter is not None and asked.telemetry:
        send_telemetry(run, measured, checked, charter)
    return worst(codes)


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
