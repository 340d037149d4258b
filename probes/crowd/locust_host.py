"""Locust hosts the crowd: its command line and pages, our customers.

The crowd runs in one asyncio loop in one greenlet, begun by `test_start` and never by a User's task, so that due times
exist before anything answers. Schedule, journal and figures are ours; Locust is told of each contact as it ends, for
its own pages, whose percentiles are rounded and never compared. One process for now: a master or worker is refused.

The only module that imports locust, which patches the whole process: nothing else may import this one.
"""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import gevent
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import LocalRunner

from probes.crowd.crowd import Tick
from probes.errand import NothingToPlayError, play_real, scenario_errand
from probes.guard import RefusedByCharterError
from results.runs import Run, RunError, new_folder
from scenarios.charter import read_charter
from scenarios.faults import FaultsFoundError
from scenarios.reading import load_scenario
from scenarios.target import read_target

LEAD_S = 2.0
BAD_INPUT, UNFIT, REFUSED, UNREACHABLE, OUR_FAULT = 2, 4, 5, 6, 70
"""Exit codes, as the command line's."""


class CrowdWatcher(User):  # type: ignore[misc]  # locust ships no types
    """Does nothing: Locust wants a User for its pages. The customers are played by the crowd, by the plan."""

    wait_time = constant(1)

    @task  # type: ignore[untyped-decorator]  # locust ships no types
    def watch(self) -> None:
        """Do nothing."""


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: ArgumentParser) -> None:
    """Add our arguments, and keep Locust's own pages on loopback."""
    ours = parser.add_argument_group("testdrive", "what the crowd plays; each may come from the environment")
    for flag, help_text in (
        ("--scenario", "scenario file"),
        ("--target-file", "target file"),
        ("--charter", "charter file"),
        ("--seed", "seed (default: the scenario's)"),
        ("--run-folder", "run folder (default: a new one under runs/)"),
    ):
        variable = "TESTDRIVE_" + flag.strip("-").upper().replace("-", "_")
        ours.add_argument(flag, default=os.environ.get(variable, ""), help=f"{help_text} [{variable}]")
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    """Begin the crowd in a greenlet of its own."""
    if not isinstance(environment.runner, LocalRunner):
        _stop(environment, BAD_INPUT, "the crowd runs in one process for now: leave out --master, --worker, --processes")
        return
    environment.testdrive_crowd = gevent.spawn(_play, environment)


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def end(environment: Environment, **_: Any) -> None:
    """End the crowd; what it has is kept."""
    loop = getattr(environment, "testdrive_loop", None)
    if loop is not None and not loop.is_closed():
        main = environment.testdrive_main
        loop.call_soon_threadsafe(main.cancel)
        environment.testdrive_crowd.join(timeout=30)


def _play(environment: Environment) -> None:
    options = environment.parsed_options
    missing = [f"--{name}" for name in ("scenario", "target-file", "charter") if not getattr(options, name.replace("-", "_"))]
    if missing:
        _stop(environment, BAD_INPUT, f"the crowd needs {', '.join(missing)}; `testdrive desk SCENARIO` writes the last two")
        return
    try:
        run = asyncio.run(_crowd(environment))
    except (FaultsFoundError, RunError, NothingToPlayError) as error:
        _stop(environment, BAD_INPUT, str(error))
    except RefusedByCharterError as error:
        _stop(environment, REFUSED, f"refused: {error}")
    except ConnectionError as error:
        _stop(environment, UNREACHABLE, f"unreachable: {error}")
    except Exception as error:  # noqa: BLE001  a greenlet's exception would vanish: it becomes the exit code
        _stop(environment, OUR_FAULT, f"our own fault: {type(error).__name__}: {error}")
    else:
        fit = run.facts["instrument"]["fit"]
        _stop(environment, 0 if fit else UNFIT, f"{sum(run.facts['outcomes'].values())} contacts; {run.folder}")


async def _crowd(environment: Environment) -> Run:
    options = environment.parsed_options
    environment.testdrive_loop = asyncio.get_running_loop()
    environment.testdrive_main = asyncio.current_task()
    loaded = load_scenario(Path(options.scenario))
    seed = int(options.seed) if options.seed else loaded.scenario.seed
    errand = scenario_errand(loaded, seed, None, everyone=True)
    folder = new_folder(loaded.scenario.scenario, "load", Path(options.run_folder) if options.run_folder else None)

    def watch(tick: Tick) -> None:
        environment.events.request.fire(
            request_type=tick.channel, name=tick.outcome, response_time=tick.lasted_s * 1000, response_length=0,
            exception=None, context={},
        )  # fmt: skip

    target, charter = read_target(Path(options.target_file)), read_charter(Path(options.charter))
    return await play_real(loaded, errand.plan, seed, folder, target, charter, LEAD_S, False, 1.0, watch)


def _stop(environment: Environment, code: int, word: str) -> None:
    sys.stderr.write(word + "\n")
    environment.process_exit_code = code
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)
