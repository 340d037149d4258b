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
from scenarios.profiled import Asked, ProfileError, profiled
from scenarios.reading import load_scenario
from scenarios.target import read_target

END_S_MOST = 30
BAD_INPUT, UNFIT, REFUSED, UNREACHABLE, OUR_FAULT = 2, 4, 5, 6, 70
"""Exit codes, as the command line's."""


class CrowdWatcher(User):
    """Does nothing: Locust wants a User for its pages. The customers are played by the crowd, by the plan."""

    wait_time = constant(1)

    @task
    def watch(self) -> None:
        """Do nothing."""


class CrowdHost:
    """Hosts one crowd between Locust's test_start and test_stop."""

    def __init__(self) -> None:
        self._crowd: gevent.Greenlet | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[Any] | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add our arguments, and keep Locust's own pages on loopback."""
        ours = parser.add_argument_group("testdrive", "what the crowd plays; each may come from the environment")
        for flag, help_text in (
            ("--scenario", "scenario file"),
            ("--target-file", "target file"),
            ("--charter", "charter file"),
            ("--seed", "seed (default: the scenario's)"),
            ("--run-folder", "run folder (default: a new one under runs/)"),
            ("--load-profile", "a profile of the scenario (default: its days as they are)"),  # Locust has a --profile
            ("--factor", "multiplies all volumes"),
            ("--from", "with --for: when the part of a day begins that is played, [DAY.]HH:MM"),
            ("--for", "for how long, in seconds"),
        ):
            variable = "TESTDRIVE_" + flag.strip("-").upper().replace("-", "_")
            ours.add_argument(flag, default=os.environ.get(variable, ""), help=f"{help_text} [{variable}]")
        parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")

    def refuse_others(self, environment: Environment, **_: Any) -> None:
        """Refuse to be a master or a worker: each would play every customer."""
        if not isinstance(environment.runner, LocalRunner):
            sys.stderr.write("the crowd runs in one process for now: leave out --master, --worker and --processes\n")
            sys.exit(BAD_INPUT)

    def begin(self, environment: Environment, **_: Any) -> None:
        """Begin the crowd in a greenlet of its own."""
        self._crowd = gevent.spawn(self._play, environment)

    def end(self, environment: Environment, **_: Any) -> None:
        """End the crowd; what it has is kept."""
        if self._loop is not None and self._main is not None and self._crowd is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._main.cancel)
            self._crowd.join(timeout=END_S_MOST)

    def _play(self, environment: Environment) -> None:
        options: Any = environment.parsed_options
        needed = {"scenario": options.scenario, "target-file": options.target_file, "charter": options.charter}
        missing = [f"--{name}" for name, value in needed.items() if not value]
        if missing:
            word = f"the crowd needs {', '.join(missing)}; `testdrive desk SCENARIO` writes a target file and a charter"
            _stop(environment, BAD_INPUT, word)
            return
        try:
            run = asyncio.run(self._run(environment, options))
        except (FaultsFoundError, RunError, NothingToPlayError, ProfileError) as error:
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

    async def _run(self, environment: Environment, options: Any) -> Run:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        loaded = profiled(load_scenario(Path(options.scenario)), _volumes(options))
        seed = int(options.seed) if options.seed else loaded.scenario.seed
        errand = scenario_errand(loaded, seed)
        folder = new_folder(loaded.scenario.scenario, "load", Path(options.run_folder) if options.run_folder else None)
        fire: Any = environment.events.request.fire

        def watch(tick: Tick) -> None:
            fire(
                request_type=tick.channel, name=tick.outcome, response_time=tick.lasted_s * 1000, response_length=0,
                exception=None, context={},
            )  # fmt: skip

        target, charter = read_target(Path(options.target_file)), read_charter(Path(options.charter))
        return await play_real(errand, folder, target, charter, watch)


def host_crowd() -> CrowdHost:
    """Make a host and have Locust tell it of start and end."""
    host = CrowdHost()
    hooks: Any = events  # locust types its events only in part
    hooks.init_command_line_parser.add_listener(host.add_arguments)
    hooks.init.add_listener(host.refuse_others)
    hooks.test_start.add_listener(host.begin)
    hooks.test_stop.add_listener(host.end)
    return host


def _volumes(options: Any) -> Asked:
    """Return the volumes that were asked for.

    Raises:
        ProfileError: a number is none.
    """
    told = {name: getattr(options, name) for name in ("factor", "for")}
    try:
        factor, lasts_s = (float(text) if text else None for text in told.values())
    except ValueError:
        given = " and ".join(f"--{name} {text}" for name, text in told.items() if text)
        raise ProfileError(f"{given}; expected numbers") from None
    return Asked(options.load_profile or None, factor, getattr(options, "from") or None, lasts_s)


def _stop(environment: Environment, code: int, word: str) -> None:
    sys.stderr.write(word + "\n")
    environment.process_exit_code = code
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)
