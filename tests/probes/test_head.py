"""The process that leads a crowd, with children and workers that do as they are told: however a run goes, it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from probes.crowd import head as head_module
from probes.crowd.assignment import OtherScenarioError
from probes.crowd.head import Head
from probes.crowd.leases import SHARDS
from probes.crowd.telling import told_failure

FINISHED = {"folder": "runs/crowd", "contacts": 7, "fit": True, "interrupted": False, "aborted": None}
SHOWN = {"bins": {"from_s": 0.0, "bin_s": 60.0, "number": 2}, "channels": ["chat"], "warm_up_s": 0.0}
OURS = {"code": 70, "why": "our own fault: KeyError: 'x'"}
OTHER = {"code": 2, "why": "s.yaml is another scenario here than the one that is played"}


class Lead:
    """A lead that answers at once, unless it is to do otherwise."""

    def __init__(self, *_: object) -> None:
        self.said: dict[str, Any] = {"prepared": "runs/crowd", "shown": SHOWN}
        self.code: int | None = None
        self.told: list[dict[str, Any]] = []

    def tell(self, **word: Any) -> None:
        """Answer."""
        self.told.append(word)
        if "begin" in word:
            self.said["begun"] = 0.0
        elif "finish" in word and self.code is None:
            self.said["finished"] = {**FINISHED, "interrupted": word["interrupted"]}

    def end(self, within_s: float) -> None:
        """Go."""


class Crew:
    """Workers whose parts are ready when called, and tell their end when they hear of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str, lead: Callable[..., Lead] = Lead) -> None:
        monkeypatch.setattr(head_module, "Child", lead)
        monkeypatch.setattr(head_module, "RENEW_EVERY_S", 0.01)
        files = dict.fromkeys(("scenario", "target_file", "charter"), "x.yaml")
        empty = ("seed", "load_profile", "factor", "from", "for", "load_replay", "run_folder")
        exports = ("load_junit", "load_csv", "load_prometheus", "load_telemetry")
        options = SimpleNamespace(**files, **dict.fromkeys((*empty, *exports), ""))
        self.environment = SimpleNamespace(parsed_options=options, web_ui=None, runner=None, process_exit_code=None)
        self.refuses: dict[str, Mapping[str, Any]] = {}
        self.heard: dict[str, list[dict[str, Any]]] = {}
        self.head = Head(self.environment, lambda: list(names), self._send)

    def _send(self, part: str, word: dict[str, Any]) -> None:
        self.heard.setdefault(part, []).append(word)
        if "play" in word:
            refused = self.refuses.get(part)
            gevent.spawn(self.head.hear, part, {"failed": refused} if refused else {"ready": True})
        elif word.keys() & {"end", "stop"}:
            for last in ({"done": {"interrupted": "stop" in word}}, {"gone": 0}):
                gevent.spawn(self.head.hear, part, last)

    def until_leased(self, part: str) -> None:
        """Wait until a part has shards."""
        self.until(lambda: any(word.get("lease") for word in self.heard.get(part, ())))

    def until(self, comes: Callable[[], bool]) -> None:
        """Wait for something."""
        with gevent.Timeout(10):
            while not comes():
                gevent.sleep(0.005)

    def play(self, part: str, shards: int = SHARDS) -> None:
        """Have a part's customers come and go."""
        word = {"ticks": [], "shards": shards, "idle": True, "now": {"waits": [], "now_s": 0.0}}
        self.head.watched.hear = lambda *_: None  # type: ignore[method-assign]  # nobody watches
        self.head.hear(part, word)

    def ends(self) -> int:
        """Wait for the end; returns the exit code."""
        self.head.greenlet.join(timeout=10)
        assert self.environment.process_exit_code is not None, "it has not ended"
        return int(self.environment.process_exit_code)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait half a minute for a part that is not there."""
    monkeypatch.setattr(head_module, "END_S_MOST", 0.5)


def test_a_run_is_played_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the others would prove nothing: of this crew a run can end well."""
    crew = Crew(monkeypatch, "a")
    crew.until_leased("a")
    crew.play("a")
    assert crew.ends() == 0
    assert crew.heard["a"][-1] == {"end": True}


def test_a_run_whose_lead_is_killed_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it Locust would stay for ever, and its parts go on loading a desk for tables that nobody makes."""
    crew = Crew(monkeypatch, "a")
    crew.until_leased("a")
    lead: Any = crew.head._lead
    lead.code = -9
    assert crew.ends() == 70
    assert crew.heard["a"][-1] == {"stop": True}
    said = capsys.readouterr().err
    assert "the process that leads the run has ended, with -9; `testdrive report runs/crowd` tells what" in said


def test_tables_may_take_longer_than_getting_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a day of a million contacts would be played, and its verdict thrown away."""

    class Slow(Lead):
        def tell(self, **word: Any) -> None:
            if "finish" in word:
                monkeypatch.setattr(head_module, "READY_S_MOST", 0.0)
                gevent.spawn_later(0.2, super().tell, **word)
            else:
                super().tell(**word)

    crew = Crew(monkeypatch, "a", lead=Slow)
    crew.until_leased("a")
    crew.play("a")
    assert crew.ends() == 0


@pytest.mark.parametrize(("most_s", "words"), [(0.05, "not made within 0.05 s"), (60.0, "KeyError")])
def test_a_run_without_tables_ends_all_the_same(
    most_s: float, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it Locust would wait for ever for tables that do not come."""

    class Mute(Lead):
        def tell(self, **word: Any) -> None:
            if "finish" not in word:
                super().tell(**word)
            elif most_s > 1.0:
                self.said["failed"] = OURS

    monkeypatch.setattr(head_module, "FINISH_S_MOST", most_s)
    crew = Crew(monkeypatch, "a", lead=Mute)
    crew.until_leased("a")
    crew.play("a")
    assert crew.ends() == 70
    assert words in capsys.readouterr().err


def test_our_own_fault_ends_it_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it a fault of whoever leads would leave Locust waiting, which asks nobody else."""

    class Wrong(Lead):
        def tell(self, **word: Any) -> None:
            if "finish" in word:
                raise RuntimeError("boom")
            super().tell(**word)

    crew = Crew(monkeypatch, "a", lead=Wrong)
    crew.until_leased("a")
    crew.play("a")
    assert crew.ends() == 70
    assert "our own fault: RuntimeError: boom" in capsys.readouterr().err


def test_a_wrong_part_that_joins_late_takes_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it one worker with another scenario file would throw away what all others have played."""
    crew = Crew(monkeypatch, "a")
    crew.until_leased("a")
    crew.refuses["b"] = OTHER
    crew.head.call("b")
    crew.until(lambda: "b" not in crew.head._called)
    crew.head.hear("b", {"gone": 0})
    crew.play("a")
    assert crew.ends() == 0
    said = capsys.readouterr().err
    assert said.count("part b of the crowd cannot play: s.yaml is another scenario here") == 1
    assert "part b of the crowd is gone" not in said


def test_what_a_broken_part_had_not_begun_another_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a fault in one process would lose its customers to the run."""
    crew = Crew(monkeypatch, "a", "b")
    crew.until_leased("a")
    crew.until_leased("b")
    crew.head.hear("b", {"failed": OURS})
    crew.until(lambda: len(crew.heard["a"][-1].get("lease", ())) == SHARDS)
    crew.play("a")
    assert crew.ends() == 0


def test_a_run_whose_last_part_breaks_ends_with_its_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it a run would wait a minute for parts that nobody starts, and call itself interrupted."""
    crew = Crew(monkeypatch, "a")
    crew.until_leased("a")
    crew.head.hear("a", {"failed": OURS})
    assert crew.ends() == 70
    said = capsys.readouterr().err
    assert "our own fault: KeyError" in said
    assert "7 contacts; runs/crowd" in said, "what it has is kept"


def test_a_wrong_part_keeps_a_run_from_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a slip of who starts a run would cost the load of a desk to be seen."""
    crew = Crew(monkeypatch, "a")
    crew.refuses["a"] = OTHER
    assert crew.ends() == 2
    assert not any("lease" in word for word in crew.heard["a"])


def test_another_scenario_is_a_slip_of_who_started_the_worker() -> None:
    """Without it a wrong file would be called a fault of ours (70), and reported as one."""
    assert told_failure(OtherScenarioError("s.yaml is another"))["code"] == 2


def test_a_worker_that_was_called_before_it_listened_is_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a worker that joins a run would stand idle to its end, for a call that it could not hear."""
    crew = Crew(monkeypatch, "a")
    crew.until_leased("a")
    hears, crew.head._send = crew.head._send, lambda *_: None
    crew.head.call("b")
    crew.head._send = hears
    crew.head.hear("b", {"here": True})
    crew.until(lambda: "b" in crew.head._leases.parts)
    crew.head.hear("a", {"gone": 0})
    crew.until_leased("b")
    crew.play("b")
    assert crew.ends() == 0
