"""Small rehearsal desks with laws of a second or so, each in a thread of its own, and one contact played on them."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from probes.browser import Browser
from probes.clock import Clock
from probes.desk.desk import DeskOptions, OpenDesk, open_desk
from probes.errand import Errand
from probes.instrument import Instrument
from probes.player import SessionMaker
from probes.setting import Access, Setting
from probes.shop import Shopped, play_plan, shop_facts
from results.log import check_legs
from results.runs import Run
from scenarios.identity import case_id, contact_id, customer_entity, customer_id
from scenarios.misconduct import Misconduct, TeamMisconduct
from scenarios.reading import LoadedScenario, load_scenario
from scenarios.target import Target
from tests.probes.loop_thread import LoopThread

TEN_O_CLOCK_S = 36_000.0
INTENT = "order_status"
LEAD_S = 0.1
"""Between planning a contact and its coming (wall time)."""

SCENARIO = """
scenario: small_desk
title: A desk for one test
time_zone: Europe/Rome
starts: "2026-03-03"
channels:
  chat: {{opens: 09:00, closes: "{closes}", journey: short_chat{lines}}}
  form: {{opens: 09:00, closes: "{closes}", journey: short_form{lines}}}
  faq: {{opens: 09:00, closes: "{closes}", journey: short_look{lines}}}
  email: {{opens: 09:00, closes: "{closes}", journey: short_mail{lines}}}
  phone: {{opens: 09:00, closes: "{closes}", journey: short_call{lines}}}
  app: {{opens: 09:00, closes: "{closes}", journey: short_app{lines}}}
  social: {{opens: 09:00, closes: "{closes}", journey: short_post{lines}}}
intents: {{order_status: Where is my order?, returns: How do I send it back?}}
demand: [{{intent: order_status, channels: {{chat: 1}}, contacts: [1]}}]
teams:
  first_line:
    channels: [chat, form, email, phone, app, social]
    skills: [order_status]
    agents: {{00:00: {agents}}}
    service: {{default: {{law: deterministic, value_s: {service_s}}}}}
  second_line:
    channels: [chat, form, email, phone, app, social]
    skills: [returns]
    agents: {{00:00: 1}}
    service: {{default: {{law: deterministic, value_s: {service_s}}}}}
  help_pages:
    channels: [faq]
    self_service: true
    contained: {contained}
    service: {{default: {{law: deterministic, value_s: 1}}}}
{transfers}
"""

TRANSFERS = "transfers: [{from: first_line, to: second_line, probability: 1, history_carried: true}]"

QUESTIONS = """
questions:
  default: {subject: "Order {order}", text: "Where is my order {order}?", useful: "working days"}
"""

JOURNEYS = {
    "short_chat": """
steps:
  - open: true
  - wait_for: human
    within: patience
  - say: "It is order {order}."
  - wait_for: closed
""",
    "short_form": """
steps:
  - open: true
  - wait_for: taken
  - wait_for: human
  - wait_for: closed
""",
    "patient_form": """
steps:
  - open: true
  - wait_for: human
    within: patience
""",
    "short_mail": """
steps:
  - open: true
  - wait_for: human
  - wait_for: closed
""",
    "short_look": """
steps:
  - open: true
""",
    "short_app": """
steps:
  - open: true
  - wait_for: human
  - say: "Thank you."
  - wait_for: closed
""",
    "short_post": """
steps:
  - open: true
  - wait_for: human
    within: {law: deterministic, value_s: 60}
  - say: "Thank you."
    privately: true
  - wait_for: useful
    within: {law: deterministic, value_s: 60}
""",
    "short_call": """
steps:
  - open: true
  - wait_for: human
    within: patience
  - say: "It is order {order}."
  - wait_for: closed
""",
}
CHANNEL_OF = {
    "short_mail": "email",
    "short_app": "app",
    "short_post": "social",
    "short_chat": "chat",
    "short_form": "form",
    "patient_form": "form",
    "short_look": "faq",
    "short_call": "phone",
}


def write_journeys(folder: Path) -> None:
    """Write the short journeys where a scenario of the same folder finds them."""
    (folder / "journeys").mkdir(parents=True)
    for name, steps in JOURNEYS.items():
        head = f"journey: {name}\ntitle: A short one\nchannel: {CHANNEL_OF[name]}\n"
        (folder / "journeys" / f"{name}.yaml").write_text(head + QUESTIONS + steps)


def write_scenario(
    folder: Path,
    *,
    agents: int = 1,
    service_s: float = 3.0,
    closes: str = "17:00",
    transferred: bool = False,
    contained: float = 1.0,
    lines: int | None = None,
) -> LoadedScenario:
    """Write and load a small scenario with its journeys."""
    write_journeys(folder)
    path = folder / "small_desk.yaml"
    path.write_text(
        SCENARIO.format(
            agents=agents,
            service_s=service_s,
            closes=closes,
            contained=contained,
            lines="" if lines is None else f", lines: {lines}",
            transfers=TRANSFERS if transferred else "",
        )
    )
    return load_scenario(path)


def silent_misconduct() -> Misconduct:
    """Return a first line that takes contacts and never writes."""
    return Misconduct({"first_line": TeamMisconduct(silent=1.0)})


class DeskThread:
    """A desk that serves from a thread of its own; `stop` may be called before the block ends."""

    def __init__(self, loaded: LoadedScenario, options: DeskOptions, epoch_s: float) -> None:
        self._loop = LoopThread()
        self._opened = open_desk(loaded, options)
        self._epoch_s = epoch_s
        self._stopping = threading.Lock()
        self._running = False
        self.desk: OpenDesk

    def start(self) -> None:
        """Open the desk and begin its day."""
        self._loop.__enter__()
        self.desk = self._loop.run(self._open())
        self._running = True

    async def _open(self) -> OpenDesk:
        desk = await self._opened.__aenter__()
        desk.hall.begin_day(self._epoch_s)
        return desk

    def stop(self) -> None:
        """Close the desk, whoever is still there."""
        with self._stopping:
            if self._running:
                self._running = False
                self._loop.run(self._opened.__aexit__(None, None, None))
                self._loop.__exit__(None, None, None)

    def when(self, what: str, then: Any) -> None:
        """Have `then()` called in a thread when the desk first notes something."""
        note = self.desk.hall.truth.note
        done = threading.Event()

        def noting(noted: str, *arguments: Any, **facts: Any) -> None:
            note(noted, *arguments, **facts)
            if noted == what and not done.is_set():
                done.set()
                threading.Thread(target=then).start()

        self.desk.hall.truth.note = noting  # type: ignore[method-assign]


@dataclass(frozen=True)
class Played:
    """One run's tables, what the desk really did, and when its second 0 was."""

    shopped: Shopped
    legs: pd.DataFrame
    steps: pd.DataFrame
    messages: pd.DataFrame
    truth: list[dict[str, Any]]
    epoch_s: float

    def rungs(self) -> list[str]:
        """Return the rungs that were reached, in order of the journal."""
        return list(self.steps.loc[self.steps["rung"].notna() & (self.steps["state"] == "seen"), "rung"])

    def rung(self, name: str) -> "pd.Series[Any]":
        """Return the step at which a rung was reached."""
        return self.steps[(self.steps["rung"] == name) & (self.steps["state"] == "seen")].iloc[0]

    def true_s(self, what: str) -> float:
        """Return when the desk first did something, in scenario time."""
        return next(float(entry["at_s"]) for entry in self.truth if entry["what"] == what)


@dataclass
class SmallDesk:
    """Everything to play contacts on a small desk."""

    loaded: LoadedScenario
    thread: DeskThread
    target: Target
    epoch_s: float
    scale: float
    truth_file: Path
    folder: Path

    def play(
        self,
        loop: LoopThread,
        channel: str,
        sessions: Mapping[str, SessionMaker],
        browser: Browser | None,
        *,
        patience_s: float = float("inf"),
        count: int = 1,
        apart_s: float = 0.0,
        until_s: float = TEN_O_CLOCK_S + 400.0,
        trace: bool = False,
    ) -> Played:
        """Play contacts from now on and return what they came to."""
        plan = _plan(channel, self._now_s() + LEAD_S * self.scale, patience_s, count, apart_s)
        charter = self.thread.desk.charter
        errand = Errand.of(self.loaded, plan, 1, ends_s=until_s)
        access = Access(self.target, charter, trace=trace, instead=sessions)
        run = Run.create(self.folder / "run", shop_facts(errand, access, "real", self.scale))

        async def shop() -> Shopped:
            clock = Clock.real(epoch_s=self.epoch_s, scale=self.scale)
            return await play_plan(errand, run, Setting(access, clock, Instrument(scale=self.scale), browser))

        shopped = loop.run(shop())
        legs = run.table("legs")
        check_legs(legs)
        truth = [json.loads(line) for line in self.truth_file.read_text().splitlines()]
        return Played(shopped, legs, run.table("steps"), run.table("messages"), truth, self.epoch_s)

    def _now_s(self) -> float:
        return (time.time() - self.epoch_s) * self.scale


@contextlib.contextmanager
def small_desk(
    folder: Path,
    *,
    scale: float = 10.0,
    silent: bool = False,
    poll_s: float = 3.0,
    capacity: int | None = None,
    **scenario: Any,
) -> Iterator[SmallDesk]:
    """Open a small desk at ten o'clock."""
    loaded = write_scenario(folder, **scenario)
    truth_file = folder / "truth.jsonl"
    epoch_s = time.time() - TEN_O_CLOCK_S / scale
    misconduct = silent_misconduct() if silent else Misconduct({})
    options = DeskOptions(scale=scale, truth=truth_file, misconduct=misconduct, capacity=capacity)
    thread = DeskThread(loaded, options, epoch_s)
    thread.start()
    try:
        target = thread.desk.target
        assert target.form is not None
        target = target.model_copy(update={"form": target.form.model_copy(update={"poll_s": poll_s})})
        yield SmallDesk(loaded, thread, target, epoch_s, scale, truth_file, folder)
    finally:
        thread.stop()


def _plan(channel: str, from_s: float, patience_s: float, count: int, apart_s: float) -> pd.DataFrame:
    journey = next(name for name, played in CHANNEL_OF.items() if played == channel)
    rows = []
    for k in range(count):
        customer = customer_id(INTENT, 600, k)
        rows.append(
            {
                "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
                "attempt": 1, "channel": channel, "intent": INTENT, "journey": journey, "language": "en",
                "played_by": "shopper", "due_s": from_s + k * apart_s, "patience_s": patience_s,
                "entity": customer_entity(INTENT, 600, k),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
