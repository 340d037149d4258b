"""The process that leads a run: deals the shards, renews the leases, hears the parts, and has the run finished.

For use in a process that Locust has patched: whatever waits here waits in a greenlet. The work that takes long is done
by its child (`lead`).
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import gevent

from probes.crowd.child import Child
from probes.crowd.exit_codes import BAD_INPUT, INTERRUPTED, MISSED, OUR_FAULT, UNFIT
from probes.crowd.leases import END_S_MOST, READY_S_MOST, RENEW_EVERY_S, Leases
from probes.crowd.live_page import Watched, page_url
from probes.crowd.options import asked_of, exports_of, missing_in

ALONE_S_MOST = 60.0
"""So long a run that has lost all its parts waits for another."""

FINISH_S_MOST = 3600.0
"""So long the tables of a run may take: of a day of a million contacts minutes."""

TELL_S_MOST = 600.0
"""So long the figures and exports of a finished run may take."""

BAND_S_MOST = 15.0
"""So long a run that is watched waits for what a simulation expects of it."""


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
        self._refusal: Mapping[str, Any] | None = None
        """Why a part cannot play, told before the run has begun: `code` and `why`."""
        self._breakdown: Mapping[str, Any] | None = None
        """The same, told by the last part that was lost in mid-run for it."""
        self._counted: dict[str, Any] = {}
        """By part: what thresholds that may end the run have seen."""
        self._lead: Child | None = None
        self._begun = False
        self.greenlet = gevent.spawn(self._lead_and_end)

    def stop(self) -> None:
        """End the run; what it has is kept."""
        self._stopping = True
        self.greenlet.join(timeout=END_S_MOST + FINISH_S_MOST + TELL_S_MOST)

    # -- what the parts tell -----------------------------------------------------------------------------------

    def call(self, part: str) -> None:
        """Have a worker start its part of the run."""
        if self._lead is not None and "prepared" in self._lead.said and part not in self._called:
            self._called.add(part)
            self._send(part, {"play": {"part": part, "folder": self._lead.said["prepared"]}})

    def hear(self, part: str, word: dict[str, Any]) -> None:
        """Take in what a part tells."""
        self._leases.heard(part, time.monotonic())
        if "here" in word:
            self._called.discard(part)  # what it was told before it listened it has not heard
            self.call(part)
        elif "ready" in word:
            self._ready.add(part)
            self._leases.join(part, time.monotonic())
        elif "failed" in word:
            self._fail(part, word["failed"])
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

    def _fail(self, part: str, failed: Mapping[str, Any]) -> None:
        """Note that a part cannot play: nobody begins then; once the run has begun it is a part that was lost."""
        if not self._begun:
            self._refusal = self._refusal or failed
            return
        self._breakdown = failed
        why = failed["why"]
        sys.stderr.write(f"part {part} of the crowd cannot play: {why}; others play whom it had not begun\n")
        self._lose(part)

    def _gone(self, part: str) -> None:
        if part not in self._done and part in self._called:
            sys.stderr.write(f"part {part} of the crowd is gone; others play whom it had not begun\n")
        self._lose(part)

    def _lose(self, part: str) -> None:
        self._ready.discard(part)
        self._called.discard(part)
        self.watched.lose(part, part in self._done)
        if part in self._leases.parts:
            self._leases.leave(part)

    # -- the run -----------------------------------------------------------------------------------------------

    def _lead_and_end(self) -> None:
        """Lead the run, and have Locust end however that comes back: it would wait for ever."""
        try:
            told = self._direct()
        except Exception as error:  # noqa: BLE001  whatever it is, Locust is to end and say so
            sys.stderr.write(traceback.format_exc())
            told = OUR_FAULT, f"our own fault: {type(error).__name__}: {error}"
        self._end(*told)

    def _direct(self) -> tuple[int, str]:
        """Lead the run from its beginning to its end; returns its exit code and words."""
        options: Any = self._environment.parsed_options
        if missing := missing_in(options):
            return BAD_INPUT, f"the crowd needs {missing}; `testdrive desk SCENARIO` writes a target file and a charter"
        asked = asked_of(options)
        first = {"asked": asked, "folder": options.run_folder or None}
        if not (self._may_tell(asked, exports_of(options)) and self._begins(first, asked)):
            return self._why_not_begun()
        self._begun = True
        self.watched.state = "playing"
        self._renew_until_done()
        return self._finish()

    def _begins(self, first: Mapping[str, Any], asked: dict[str, Any]) -> bool:
        """Have the run prepared and its parts made ready, and begin it; returns whether it has begun."""
        lead = self._lead = Child("probes.crowd.lead", first)
        if not (self._awaits(lead, "prepared") and self._prepare_page(asked, lead.said["shown"]) and self._gather()):
            return False
        lead.tell(begin=True)
        return self._awaits(lead, "begun")

    def _why_not_begun(self) -> tuple[int, str]:
        """Return the exit code and the words of a run that has not begun."""
        said = [child.said.get("failed") for child in (self._lead, self._teller) if child is not None]
        for failed in (self._refusal, *said):
            if failed is not None:
                return int(failed["code"]), str(failed["why"])
        return OUR_FAULT if not self._stopping else INTERRUPTED, "the crowd did not begin"

    def _may_tell(self, asked: dict[str, Any], exports: dict[str, Any]) -> bool:
        """Begin the process that tells what the run has shown; returns whether what is asked of it can be done."""
        if self._tells is None:
            return True
        self._teller = Child(self._tells, {"asked": asked, "exports": exports})
        return self._awaits(self._teller, "checked")

    def _told(self, folder: str, code: int) -> int:
        """Have the finished run's figures told; returns the exit code that they ask for, `code` if nobody tells."""
        teller = self._teller
        if teller is None:
            return code
        teller.tell(folder=folder)
        if self._awaits(teller, "told", TELL_S_MOST):
            return int(teller.said["told"])
        if (failed := teller.said.get("failed")) is not None:
            sys.stderr.write(f"{failed['why']}\n")
            return int(failed["code"])
        is_there = teller.code is None
        why = f"not within {TELL_S_MOST:g} s" if is_there else f"the process that tells them ended with {teller.code}"
        sys.stderr.write(f"its figures were not told: {why}; see `testdrive report {folder}`\n")
        return code if is_there else OUR_FAULT

    def _prepare_page(self, asked: dict[str, Any], shown: dict[str, Any]) -> bool:
        """Have the page know what is to be shown, and ask what a simulation expects; returns whether to go on.

        A run waits for that a little, so that nothing is simulated on a machine that measures, and begins without.
        """
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

    def _awaits(self, child: Child, name: str, within_s: float = READY_S_MOST) -> bool:
        """Wait for a word of a child's; False where it has failed or ended, or a part keeps the run from beginning."""
        until = time.monotonic() + within_s
        while name not in child.said and time.monotonic() < until:
            if "failed" in child.said or child.code is not None or self._refusal is not None:
                return False
            gevent.sleep(0.02)
        return name in child.said

    def _gather(self) -> bool:
        """Call the workers there are, and wait until each is ready or has failed."""
        for part in self._workers():
            self.call(part)
        until = time.monotonic() + READY_S_MOST
        while time.monotonic() < until and not self._stopping:
            if self._refusal is not None:
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
        while not self._stopping and not self._leases.is_played() and self._is_led() and not self._is_deserted():
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

    def _is_led(self) -> bool:
        """Say whether whoever leads the run is there and has not called it off."""
        lead = self._lead
        return lead is not None and lead.code is None and not lead.said.keys() & {"aborted", "failed"}

    def _is_deserted(self) -> bool:
        """Say whether no part is left, nor about to be, as the last one cannot play."""
        return self._breakdown is not None and not self._called

    def _look(self) -> None:
        """Have the lead say whether a threshold is broken for sure; its answer is news when it comes."""
        if self._lead is not None and any(self._counted.values()):
            self._lead.tell(look=[counted for counted in self._counted.values() if counted])

    def _finish(self) -> tuple[int, str]:
        """Have all parts end and the tables made; returns the exit code and the words of the run."""
        assert self._lead is not None
        lead, aborted = self._lead, self._lead.said.get("aborted")
        played, deserted = self._leases.is_played() and aborted is None, self._is_deserted()
        self._dismiss({"end": True} if played else {"stop": True} if aborted is None else {"abort": aborted["reason"]})
        lead.tell(finish=list(self._done.values()), interrupted=not played)
        if not self._awaits(lead, "finished", FINISH_S_MOST):
            return self._unfinished(lead)
        finished = lead.said["finished"]
        words = f"{finished['contacts']} contacts; {finished['folder']}"
        if finished["aborted"] is not None and self._teller is None:
            words = f"{finished['aborted']['words']}\n{words}"
        code = self._told(finished["folder"], _code_of(finished))
        if self._breakdown is not None and deserted and not played:
            return int(self._breakdown["code"]), f"{self._breakdown['why']}\n{words}"
        return code, words

    def _dismiss(self, word: dict[str, Any]) -> None:
        """Tell the parts that it is over, and wait for what each has to tell."""
        for part in self._leases.parts:
            self._send(part, word)
        until = time.monotonic() + END_S_MOST
        while time.monotonic() < until and not set(self._leases.parts) <= self._done.keys():
            gevent.sleep(0.02)

    def _unfinished(self, lead: Child) -> tuple[int, str]:
        """Return the exit code and the words of a run whose lead has made no tables of it."""
        code, why = OUR_FAULT, f"the run's tables were not made within {FINISH_S_MOST:g} s"
        if lead.code is not None:
            why = f"the process that leads the run has ended, with {lead.code}"
        if (failed := lead.said.get("failed")) is not None:
            code, why = int(failed["code"]), str(failed["why"])
        return code, f"{why}; `testdrive report {lead.said['prepared']}` tells what was played"

    def _end(self, code: int, word: str) -> None:
        self.watched.end(code, word)
        for child in (self._band, self._teller, self._lead):
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
