"""The process that leads a run: deals the shards, renews the leases, hears the parts, and has the run finished.

For use in a process that Locust has patched: whatever waits here waits in a greenlet. The work that takes long is done
by its child (`lead`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent

from probes.crowd.child import END_S_MOST, Child
from probes.crowd.exit_codes import BAD_INPUT, INTERRUPTED, MISSED, OUR_FAULT, UNFIT
from probes.crowd.leases import RENEW_EVERY_S, Leases
from probes.crowd.live_page import Watched, page_url

READY_S_MOST = 120.0
"""Loading our own code takes a part some seconds, on a busy machine many."""
ALONE_S_MOST = 60.0
"""So long a run that has lost all its parts waits for another."""

TELL_S_MOST = 600.0
"""So long the figures and exports of a finished run may take."""

BAND_S_MOST = 15.0
"""So long a run that is watched waits for what a simulation expects of it."""

NEEDED = ("scenario", "target_file", "charter")


def missing_in(options: Any) -> str:
    """Return the options that Locust's command line lacks for a crowd, in words."""
    return ", ".join("--" + name.replace("_", "-") for name in NEEDED if not getattr(options, name))


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
        "replay": options.load_replay or None,
    }


def exports_of(options: Any) -> dict[str, Any]:
    """Return what Locust's command line asks to be given to other tools: files by name, and `telemetry`."""
    return {name: getattr(options, f"load_{name}") for name in ("junit", "csv", "prometheus", "telemetry")}


def _code_of(finished: Mapping[str, Any]) -> int:
    """Return the exit code of a run that its lead has finished: the worst that applies, as the command line's."""
    if finished["interrupted"]:
        return INTERRUPTED
    if not finished["fit"]:
        return UNFIT
    return 0 if finished["aborted"] is None else MISSED


class Head:
    """Leads a run: deals the shards, renews the leases, hears the parts, and finishes the run."""

    def __init__(
        self,
        environment: Any,
        workers: Callable[[], list[str]],
        send: Any,
        expects: str | None = None,
        tells: str | None = None,
    ) -> None:
        """Begin to lead.

        Args:
            environment: Locust's.
            workers: returns who there is to play.
            send: called with a part and a word to it.
            expects: the module that tells what a simulation expects of the run, for those who watch it.
            tells: the module that tells what the finished run has shown, and with which code to exit.
        """
        self._environment, self._workers, self._send = environment, workers, send
        self._expects = expects if environment.web_ui is not None else None
        self._band: Child | None = None
        self._tells = tells
        self._teller: Child | None = None
        self.watched = Watched()
        self._leases = Leases()
        self._ready: set[str] = set()
        self._called: set[str] = set()
        self._done: dict[str, dict[str, Any]] = {}
        self._stopping = False
        self._news: dict[str, Any] = {}
        self._counted: dict[str, Any] = {}
        """By part: what thresholds that may end the run have seen."""
        self._lead: Child | None = None
        self._begun = False
        self.greenlet = gevent.spawn(self._direct)

    def stop(self) -> None:
        """End the run; what it has is kept."""
        self._stopping = True
        self.greenlet.join(timeout=END_S_MOST + TELL_S_MOST)

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
            if not word["done"]["interrupted"]:
                self._leases.tell_done(part)
        elif "gone" in word:
            self._gone(part)
        elif "idle" in word:
            self._leases.tell_idle(part, word["shards"], word["idle"])
            self._counted[part] = word["now"].get("counted", [])
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
        if missing := missing_in(options):
            word = f"the crowd needs {missing}; `testdrive desk SCENARIO` writes a target file and a charter"
            self._end(BAD_INPUT, word)
            return
        asked = asked_of(options)
        first = {"asked": asked, "folder": options.run_folder or None}
        if self._may_tell(asked, exports_of(options)):
            self._lead = Child("probes.crowd.lead", first, self._news.update, lambda code: self._news.update(gone=code))
        if (
            self._lead is not None
            and self._awaits("prepared")
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

    def _may_tell(self, asked: dict[str, Any], exports: dict[str, Any]) -> bool:
        """Begin the process that tells what the run has shown; returns whether what is asked of it can be done."""
        if self._tells is None:
            return True

        def ends(_: int) -> None:
            self._news.setdefault("checked", False)
            self._news.setdefault("told", OUR_FAULT)

        self._teller = Child(self._tells, {"asked": asked, "exports": exports}, self._hear_teller, ends)
        return self._awaits("checked") and bool(self._news["checked"])

    def _hear_teller(self, word: dict[str, Any]) -> None:
        if "failed" in word and "checked" in self._news:
            sys.stderr.write(f"{word['failed']['why']}\n")
            self._news["told"] = word["failed"]["code"]
        else:
            self._news.update(word)

    def _told(self, folder: str, code: int) -> int:
        """Have the finished run's figures told; returns the exit code that they ask for, `code` if nobody tells."""
        if self._teller is None:
            return code
        self._teller.tell(folder=folder)
        if not self._awaits("told", TELL_S_MOST):
            sys.stderr.write(f"its figures were not told within {TELL_S_MOST:g} s; see `testdrive report {folder}`\n")
            return code
        return int(self._news["told"])

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

    def _renew_until_done(self) -> None:
        """Renew the leases, and give the shards of the lost to others, until all is played."""
        alone_since = time.monotonic()
        for part in self._leases.parts:
            self._leases.heard(part, alone_since)  # who was ready early has said nothing since, and is not lost
        while not self._stopping and not self._leases.is_played() and "aborted" not in self._news:
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
            self._look()
            gevent.sleep(RENEW_EVERY_S)

    def _look(self) -> None:
        """Have the lead say whether a threshold is broken for sure; its answer is news when it comes."""
        if self._lead is not None and any(self._counted.values()):
            self._lead.tell(look=[counted for counted in self._counted.values() if counted])

    def _finish(self) -> None:
        parts = list(self._leases.parts)
        aborted = self._news.get("aborted")
        played = self._leases.is_played() and aborted is None
        word = {"end": True} if played else {"stop": True} if aborted is None else {"abort": aborted["reason"]}
        for part in parts:
            self._send(part, word)
        until = time.monotonic() + END_S_MOST
        while time.monotonic() < until and not set(parts) <= self._done.keys() and self._leases.parts:
            gevent.sleep(0.02)
        told = [self._done[part] for part in self._done]
        if self._tells_lead("finished", finish=told, interrupted=not played):
            finished = self._news["finished"]
            words = f"{finished['contacts']} contacts; {finished['folder']}"
            if finished["aborted"] is not None and self._teller is None:
                words = f"{finished['aborted']['words']}\n{words}"
            self._end(self._told(finished["folder"], _code_of(finished)), words)

    def _end(self, code: int, word: str) -> None:
        self.watched.end(code, word)
        for child in (self._band, self._teller):
            if child is not None:
                child.end(0)
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
