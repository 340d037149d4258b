"""Locust hosts the crowd: its command line and pages, its master and workers, our customers.

Each process of Locust that plays has one child, a part of the crowd (`part`), begun by `test_start` and never by a
User's task, so that due times exist before anything answers. The process that leads (the master, or Locust alone)
keeps the book of leases and has a child that prepares and finishes the run (`lead`). Messages carry leases to the
workers and their news back. Schedule, journal and figures are ours; Locust is told of each contact as it ends, for its
own pages, whose percentiles are rounded and never compared.

The only module that imports locust, which patches the whole process; `head` and `child` import gevent.
"""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser, Namespace
from typing import Any

from locust import User, constant, events, task
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from probes.crowd.child import Child
from probes.crowd.exit_codes import BAD_INPUT
from probes.crowd.head import Head
from probes.crowd.leases import END_S_MOST
from probes.crowd.live_page import serve_page
from probes.crowd.options import NEEDED, asked_of, missing_in

MESSAGE = "testdrive"
FAILURES = ("target_error", "failed")
"""Ends of contacts that Locust's pages count as failures."""


def _variable(flag: str) -> str:
    return "TESTDRIVE_" + flag.strip("-").upper().replace("-", "_")


def _say_to_wait(*_: object) -> None:
    """Answer whoever presses Ctrl-C again: it would cost the run its tables."""
    os.write(2, b"the run is ending and its tables are made; SIGKILL ends it without them\n")


class CrowdWatcher(User):
    """Does nothing: Locust wants a User for its pages. The customers are played by the crowd, by the plan."""

    wait_time = constant(1)

    @task
    def watch(self) -> None:
        """Do nothing."""


class Hand:
    """A process's own part of the crowd: passes the leases on to it, and its news back."""

    def __init__(self, environment: Environment, say: Any, own: Namespace | None = None) -> None:
        """Play nothing yet.

        Args:
            environment: Locust's.
            say: called with what whoever leads is to hear.
            own: a worker's own command line: Locust puts the master's options in the place of them.
        """
        self._environment, self._say = environment, say
        self._own = {name: getattr(own, name) for name in NEEDED if getattr(own, name, None)}
        self._child: Child | None = None
        self._plays = ""

    def begin(self, part: str, folder: str) -> None:
        """Start the part, once for each run; one that lacks a file of its own says so."""
        if self._plays == folder:
            return
        self._plays = folder
        options = Namespace(**{**vars(self._environment.parsed_options), **self._own})
        if missing := missing_in(options):
            self._say({"failed": {"code": BAD_INPUT, "why": f"worker {part} needs {missing}"}})
            return
        first = {"asked": asked_of(options), "part": part, "folder": folder}
        self._child = Child("probes.crowd.part", first, self._hear, self._ended)

    def say_here(self) -> None:
        """Say that this process listens from now on: a master calls whom it sees come, which may be before."""
        self._say({"here": True})

    def tell(self, **word: Any) -> None:
        """Pass a word on to the part."""
        if self._child is not None:
            self._child.tell(**word)

    def _hear(self, word: dict[str, Any]) -> None:
        fire: Any = self._environment.events.request.fire
        for channel, outcome, lasted_s in word.get("ticks", ()):
            error = RuntimeError(outcome) if outcome in FAILURES else None
            fire(
                request_type=channel, name=outcome, response_time=lasted_s * 1000, response_length=0, exception=error,
                context={},
            )  # fmt: skip
        self._say(word)

    def _ended(self, code: int) -> None:
        self._say({"gone": code})

    def end(self) -> None:
        """Let the part come to its end."""
        if self._child is not None:
            self._child.end(END_S_MOST)


class CrowdHost:
    """Tells head and hand of a Locust process when to begin and to end."""

    def __init__(self, expects: str | None = None, tells: str | None = None) -> None:
        self._beside = {"expects": expects, "tells": tells}
        self._head: Head | None = None
        self._hand: Hand | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add our arguments, and keep Locust's own pages on loopback."""
        ours = parser.add_argument_group("testdrive", "what the crowd plays; each may come from the environment")
        for flag, help_text in (
            ("--scenario", "scenario file"),
            ("--target-file", "target file"),
            ("--charter", "charter file; every worker reads its own"),
            ("--seed", "seed (default: the scenario's)"),
            ("--run-folder", "run folder (default: a new one under runs/), the same for master and workers"),
            ("--load-profile", "a profile of the scenario (default: its days as they are)"),  # Locust has a --profile
            ("--factor", "multiplies all volumes"),
            ("--from", "with --for: when the part of a day begins that is played, [DAY.]HH:MM"),
            ("--for", "for how long, in seconds"),
            ("--load-replay", "the contacts of a recorded log come, as `testdrive load --replay` takes it"),
            ("--load-junit", "write JUnit XML, a case for each threshold"),
            ("--load-csv", "write a line for each leg of a contact"),
            ("--load-prometheus", "write figures and thresholds in Prometheus' text format"),
        ):
            variable = _variable(flag)
            ours.add_argument(flag, default=os.environ.get(variable, ""), help=f"{help_text} [{variable}]")
        variable = _variable("--load-telemetry")
        ours.add_argument(
            "--load-telemetry", action="store_true", default=bool(os.environ.get(variable)),
            help=f"push figures and thresholds to the charter's outputs.telemetry, over OTLP/HTTP [{variable}]",
        )  # fmt: skip
        parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")

    def init(self, environment: Environment, **_: Any) -> None:
        """Listen to the others, where this process is a master or a worker; show the run where Locust has pages.

        Who listens last is asked first when a process goes: we end while master and workers still hear each other.
        """
        hooks: Any = environment.events
        hooks.quitting.add_listener(self.leave)
        if environment.web_ui is not None:
            serve_page(environment.web_ui, lambda: self._head.watched.document() if self._head else None)
        runner = environment.runner
        if isinstance(runner, MasterRunner):
            runner.register_message(MESSAGE, self._hear_worker)
            hooks.worker_connect.add_listener(self._worker_came)
        elif isinstance(runner, WorkerRunner):
            hand = Hand(environment, lambda word: runner.send_message(MESSAGE, word), get_parser().parse_args())
            self._hand = hand

            def hear(environment: Environment, msg: Any, **_: Any) -> None:
                if "play" in msg.data:
                    hand.begin(**msg.data["play"])
                else:
                    hand.tell(**msg.data)

            runner.register_message(MESSAGE, hear)
            hand.say_here()

    def _hear_worker(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._head is not None:
            self._head.hear(msg.node_id, msg.data)

    def _worker_came(self, client_id: str, **_: Any) -> None:
        if self._head is not None:
            self._head.call(client_id)

    def begin(self, environment: Environment, **_: Any) -> None:
        """Begin the run, where this process leads."""
        runner = environment.runner
        if isinstance(runner, MasterRunner):
            self._head = Head(
                environment,
                lambda: list(runner.clients),
                lambda part, word: runner.send_message(MESSAGE, word, client_id=part),
                **self._beside,
            )
        elif isinstance(runner, LocalRunner):
            hand = Hand(environment, lambda word: self._head.hear("alone", word) if self._head else None)

            def send(_: str, word: dict[str, Any]) -> None:
                if "play" in word:
                    hand.begin(**word["play"])
                else:
                    hand.tell(**word)

            self._hand, self._head = hand, Head(environment, lambda: ["alone"], send, **self._beside)

    def end(self, environment: Environment, **_: Any) -> None:
        """End the run; what it has is kept."""
        if self._head is not None:
            self._head.stop()

    def leave(self, environment: Environment, **_: Any) -> None:
        """End the run, or the part of a worker, of a process that goes, before Locust asks for its exit code."""
        if self._head is not None:
            signal.signal(signal.SIGINT, _say_to_wait)
            self._head.stop()
        if self._hand is not None and isinstance(environment.runner, WorkerRunner):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it has heard
            self._hand.tell(stop=True)
            self._hand.end()


def host_crowd(expects: str | None = None, tells: str | None = None) -> CrowdHost:
    """Make a host and have Locust tell it of start and end.

    Args:
        expects: a module to run, which is told what is played and tells the band in which a simulation expects it;
            handed over, as this room knows no simulator. None where the page is to show no band.
        tells: a module to run, which is told of the run before and after it, prints its figures and exports them, and
            says with which code to exit. None where that is not wanted.
    """
    host = CrowdHost(expects, tells)
    hooks: Any = events  # locust types its events only in part
    hooks.init_command_line_parser.add_listener(host.add_arguments)
    hooks.init.add_listener(host.init)
    hooks.test_start.add_listener(host.begin)
    hooks.test_stop.add_listener(host.end)
    return host
