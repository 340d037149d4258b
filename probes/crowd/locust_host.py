"""Locust hosts the crowd: its command line and pages, its master and workers, our customers.

Each process of Locust that plays has one child, a part of the crowd (`part`), begun by `test_start` and never by a
User's task, so that due times exist before anything answers. The process that leads (the master, or Locust alone)
keeps the book of leases and has a child that prepares and finishes the run (`lead`). Messages carry leases to the
workers and their news back. Schedule, journal and figures are ours; Locust is told of each contact as it ends, for its
own pages, whose percentiles are rounded and never compared.

With `child`, the only module that imports locust or gevent, which patch the whole process.
"""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

import gevent
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from probes.crowd.child import Child
from probes.crowd.leases import RENEW_EVERY_S, Leases
from probes.crowd.live_page import Watched, page_url, serve_page

END_S_MOST = 30.0
READY_S_MOST = 120.0
"""Loading our own code takes a part some seconds, on a busy machine many."""
ALONE_S_MOST = 60.0
"""So long a run that has lost all its parts waits for another."""

BAND_S_MOST = 15.0
"""So long a run that is watched waits for what a simulation expects of it."""

MESSAGE = "testdrive"
BAD_INPUT, UNFIT, OUR_FAULT, INTERRUPTED = 2, 4, 70, 130
"""Exit codes, as the command line's."""

NEEDED = ("scenario", "target_file", "charter")


class CrowdWatcher(User):
    """Does nothing: Locust wants a User for its pages. The customers are played by the crowd, by the plan."""

    wait_time = constant(1)

    @task
    def watch(self) -> None:
        """Do nothing."""


def asked_of(options: Any) -> dict[str, Any]:
    """Return what Locust's command line asks the crowd to play, as `Assignment` takes it."""
    return {
        "scenario": options.scenario,
        "target": options.target_file,
        "charter": options.charter,
        "seed": int(options.seed) if options.seed else None,
        "profile": options.load_profile or None,
        "factor": options.factor or None,
        "starts": getattr(options, "from") or None,
        "lasts_s": getattr(options, "for") or None,
    }


class Hand:
    """A process's own part of the crowd: passes the leases on to it, and its news back."""

    def __init__(self, environment: Environment, say: Any) -> None:
        self._environment, self._say = environment, say
        self._child: Child | None = None

    def begin(self, part: str, folder: str) -> None:
        """Start the part; one that lacks a file of its own says so."""
        options = self._environment.parsed_options
        missing = [name for name in NEEDED if not getattr(options, name)]
        if missing:
            told = ", ".join("--" + name.replace("_", "-") for name in missing)
            self._say({"failed": {"code": BAD_INPUT, "why": f"worker {part} needs {told}"}})
            return
        first = {"asked": asked_of(options), "part": part, "folder": folder}
        self._child = Child("probes.crowd.part", first, self._hear, self._ended)

    def tell(self, **word: Any) -> None:
        """Pass a word on to the part."""
        if self._child is not None:
            self._child.tell(**word)

    def _hear(self, word: dict[str, Any]) -> None:
        fire: Any = self._environment.events.request.fire
        for channel, outcome, lasted_s in word.get("ticks", ()):
            fire(
                request_type=channel, name=outcome, response_time=lasted_s * 1000, response_length=0, exception=None,
                context={},
            )  # fmt: skip
        self._say(word)

    def _ended(self, code: int) -> None:
        self._say({"gone": code})

    def end(self) -> None:
        """Let the part come to its end."""
        if self._child is not None:
            self._child.end(END_S_MOST)


class Head:
    """Leads a run: deals the shards, renews the leases, hears the parts, and finishes the run."""

    def __init__(self, environment: Environment, send: Any, expects: str | None = None) -> None:
        """Begin to lead.

        Args:
            environment: Locust's.
            send: called with a part and a word to it.
            expects: the module that tells what a simulation expects of the run, for those who watch it.
        """
        self._environment, self._send = environment, send
        self._expects = expects if environment.web_ui is not None else None
        self._band: Child | None = None
        self.watched = Watched()
        self._leases = Leases()
        self._idle: dict[str, tuple[int, bool]] = {}
        self._ready: set[str] = set()
        self._called: set[str] = set()
        self._done: dict[str, dict[str, Any]] = {}
        self._stopping = False
        self._news: dict[str, Any] = {}
        self._lead: Child | None = None
        self._begun = False
        self.greenlet = gevent.spawn(self._direct)

    def stop(self) -> None:
        """End the run; what it has is kept."""
        self._stopping = True
        self.greenlet.join(timeout=END_S_MOST)

    # -- what the parts tell -----------------------------------------------------------------------------------

    def call(self, part: str) -> None:
        """Have a worker start its part of the run."""
        if "prepared" in self._news and part not in self._called:
            self._called.add(part)
            self._send(part, {"play": {"part": part, "folder": self._news["prepared"]}})

    def hear(self, part: str, word: dict[str, Any]) -> None:
        """Take in what a part tells."""
        self._leases.heard(part, time.monotonic())
        if "ready" in word:
            self._ready.add(part)
            self._leases.join(part, time.monotonic())
        elif "failed" in word:
            self._news.setdefault("failed", word["failed"])
        elif "done" in word:
            self._done[part] = word["done"]
        elif "gone" in word:
            self._gone(part)
        elif "idle" in word:
            self._idle[part] = word["shards"], word["idle"]
            self.watched.hear(part, word)

    def _gone(self, part: str) -> None:
        if part not in self._done:
            sys.stderr.write(f"part {part} of the crowd is gone; others play whom it had not begun\n")
        self._ready.discard(part)
        self._called.discard(part)
        self.watched.lose(part, part in self._done)
        if part in self._leases.parts:
            self._leases.leave(part)

    # -- the run -----------------------------------------------------------------------------------------------

    def _direct(self) -> None:
        options: Any = self._environment.parsed_options
        missing = [name for name in NEEDED if not getattr(options, name)]
        if missing:
            told = ", ".join("--" + name.replace("_", "-") for name in missing)
            word = f"the crowd needs {told}; `testdrive desk SCENARIO` writes a target file and a charter"
            self._end(BAD_INPUT, word)
            return
        asked = asked_of(options)
        first = {"asked": asked, "folder": options.run_folder or None}
        self._lead = Child("probes.crowd.lead", first, self._news.update, lambda code: self._news.update(gone=code))
        if (
            self._awaits("prepared")
            and self._prepare_page(asked)
            and self._gather()
            and self._tells_lead("begun", begin=True)
        ):
            self._begun = True
            self.watched.state = "playing"
            self._renew_until_done()
            self._finish()
        if "failed" in self._news:
            self._end(self._news["failed"]["code"], self._news["failed"]["why"])
        elif not self._begun:
            self._end(OUR_FAULT if not self._stopping else INTERRUPTED, "the crowd did not begin")

    def _prepare_page(self, asked: dict[str, Any]) -> bool:
        """Have the page know what is to be shown, and ask what a simulation expects; returns whether to go on.

        A run waits for that a little, so that nothing is simulated on a machine that measures, and begins without.
        """
        shown = self._news["shown"]
        self.watched.prepare(shown)
        if self._expects is not None:
            self.watched.await_band()
            first = {"asked": asked, "bins": shown["bins"]}
            self._band = Child(self._expects, first, self.watched.hear_band, self.watched.lose_band)
        if self._environment.web_ui is not None:
            sys.stderr.write(f"watch the run: {page_url(self._environment.web_ui)}\n")
        until = time.monotonic() + BAND_S_MOST
        while self.watched.awaits_band and time.monotonic() < until and not self._stopping:
            gevent.sleep(0.02)
        return not self._stopping

    def _awaits(self, name: str, within_s: float = READY_S_MOST) -> bool:
        """Wait for a word of the lead's; False where it, or a part, has failed."""
        until = time.monotonic() + within_s
        while name not in self._news and time.monotonic() < until:
            if "failed" in self._news or "gone" in self._news:
                return False
            gevent.sleep(0.02)
        return name in self._news

    def _tells_lead(self, answer: str, **word: Any) -> bool:
        assert self._lead is not None
        self._lead.tell(**word)
        return self._awaits(answer)

    def _gather(self) -> bool:
        """Call the workers there are, and wait until each is ready or has failed."""
        for part in self._workers():
            self.call(part)
        until = time.monotonic() + READY_S_MOST
        while time.monotonic() < until and not self._stopping:
            if "failed" in self._news:
                return False
            if self._called and self._called <= self._ready:
                return True
            gevent.sleep(0.02)
        return bool(self._ready) and not self._stopping

    def _workers(self) -> list[str]:
        runner = self._environment.runner
        return list(runner.clients) if isinstance(runner, MasterRunner) else ["alone"]

    def _renew_until_done(self) -> None:
        """Renew the leases, and give the shards of the lost to others, until all is played."""
        alone_since = time.monotonic()
        for part in self._leases.parts:
            self._leases.heard(part, alone_since)  # who was ready early has said nothing since, and is not lost
        while not self._stopping and not self._is_played():
            now = time.monotonic()
            for part in self._leases.expire(now):
                sys.stderr.write(f"part {part} of the crowd was not heard from; others play whom it had not begun\n")
                self.watched.lose(part)
            self._leases.deal()
            for part in self._leases.parts:
                self._send(part, {"lease": sorted(self._leases.held(part))})
            if self._leases.parts:
                alone_since = now
            elif now - alone_since > ALONE_S_MOST:
                sys.stderr.write("every part of the crowd is gone\n")
                break
            gevent.sleep(RENEW_EVERY_S)

    def _is_played(self) -> bool:
        parts = self._leases.parts
        return bool(parts) and all(
            part in self._done or self._idle.get(part) == (len(self._leases.held(part)), True) for part in parts
        )

    def _finish(self) -> None:
        parts = list(self._leases.parts)
        played = self._is_played()
        for part in parts:
            self._send(part, {"end": True} if played else {"stop": True})
        until = time.monotonic() + END_S_MOST
        while time.monotonic() < until and not set(parts) <= self._done.keys() and self._leases.parts:
            gevent.sleep(0.02)
        told = [self._done[part] for part in self._done]
        if self._tells_lead("finished", finish=told, interrupted=not played):
            finished = self._news["finished"]
            code = INTERRUPTED if finished["interrupted"] else 0 if finished["fit"] else UNFIT
            self._end(code, f"{finished['contacts']} contacts; {finished['folder']}")

    def _end(self, code: int, word: str) -> None:
        self.watched.end(code, word)
        if self._band is not None:
            self._band.end(0)
        sys.stderr.write(word + "\n")
        self._environment.process_exit_code = code
        if self._environment.runner is not None and not self._stopping:
            gevent.spawn(self._leave, self._environment.runner)

    def _leave(self, runner: Any) -> None:
        """Have Locust quit; where it has pages they stay, until --autoquit or whoever watches has enough of them."""
        web_ui: Any = self._environment.web_ui
        if web_ui is None:
            runner.quit()
            return
        runner.stop()
        autoquit_s = getattr(self._environment.parsed_options, "autoquit", -1)
        if autoquit_s >= 0:
            gevent.sleep(autoquit_s)
            runner.quit()
            web_ui.stop()


class CrowdHost:
    """Tells head and hand of a Locust process when to begin and to end."""

    def __init__(self, expects: str | None = None) -> None:
        self._expects = expects
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
        ):
            variable = "TESTDRIVE_" + flag.strip("-").upper().replace("-", "_")
            ours.add_argument(flag, default=os.environ.get(variable, ""), help=f"{help_text} [{variable}]")
        parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")

    def init(self, environment: Environment, **_: Any) -> None:
        """Listen to the others, where this process is a master or a worker; show the run where Locust has pages."""
        if environment.web_ui is not None:
            serve_page(environment.web_ui, lambda: self._head.watched.document() if self._head else None)
        runner = environment.runner
        if isinstance(runner, MasterRunner):
            runner.register_message(MESSAGE, self._hear_worker)
            hooks: Any = environment.events
            hooks.worker_connect.add_listener(self._worker_came)
        elif isinstance(runner, WorkerRunner):
            hand = Hand(environment, lambda word: runner.send_message(MESSAGE, word))
            self._hand = hand

            def hear(environment: Environment, msg: Any, **_: Any) -> None:
                if "play" in msg.data:
                    hand.begin(**msg.data["play"])
                else:
                    hand.tell(**msg.data)

            runner.register_message(MESSAGE, hear)

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
                environment, lambda part, word: runner.send_message(MESSAGE, word, client_id=part), self._expects
            )
        elif isinstance(runner, LocalRunner):
            hand = Hand(environment, lambda word: self._head.hear("alone", word) if self._head else None)

            def send(_: str, word: dict[str, Any]) -> None:
                if "play" in word:
                    hand.begin(**word["play"])
                else:
                    hand.tell(**word)

            self._hand, self._head = hand, Head(environment, send, self._expects)

    def end(self, environment: Environment, **_: Any) -> None:
        """End the run; what it has is kept."""
        if self._head is not None:
            self._head.stop()

    def leave(self, environment: Environment, **_: Any) -> None:
        """End the part of a worker that goes."""
        if self._hand is not None and isinstance(environment.runner, WorkerRunner):
            self._hand.tell(stop=True)
            self._hand.end()


def host_crowd(expects: str | None = None) -> CrowdHost:
    """Make a host and have Locust tell it of start and end.

    Args:
        expects: a module to run, which is told what is played and tells the band in which a simulation expects it;
            handed over, as this room knows no simulator. None where the page is to show no band.
    """
    host = CrowdHost(expects)
    hooks: Any = events  # locust types its events only in part
    hooks.init_command_line_parser.add_listener(host.add_arguments)
    hooks.init.add_listener(host.init)
    hooks.test_start.add_listener(host.begin)
    hooks.test_stop.add_listener(host.end)
    hooks.quitting.add_listener(host.leave)
    return host
