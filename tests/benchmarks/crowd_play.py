"""The crowd on a made-up plan against the stub: what `crowd_pace` and `stall` start as a process of its own.

`python -m tests.benchmarks.crowd_play SHAPE PORT RATE SECONDS FOLDER [LASTS]` prints the instrument's judgement;
the run lies in FOLDER/run. Customers come as a Poisson process. The shapes: `page` asks once, `talk` five times, `chat`
opens a chat that lasts LASTS seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from probes.clock import Clock
from probes.errand import Errand
from probes.instrument import Instrument
from probes.setting import Access, Setting
from probes.shop import Shopped, play_plan, shop_facts
from results.runs import Run
from scenarios.charter import read_charter
from scenarios.reading import load_scenario
from scenarios.target import read_target

CHANNEL = {"page": "faq", "talk": "app", "chat": "chat"}
LEAD_S = 1.0

SCENARIO = """
scenario: bench
title: A crowd against the stub
time_zone: UTC
starts: "2026-03-03"
seed: 1
channels:
  {channel}: {{opens: "00:00", closes: "24:00", journey: bench}}
intents: {{order_status: Where is my order?}}
demand:
  - {{intent: order_status, channels: {{{channel}: 1}}, contacts: [10]}}
teams:
  help:
    channels: [{channel}]
    self_service: true
    contained: 0.5
    service: {{default: {{law: deterministic, value_s: 1}}}}
"""

STEPS = {
    "page": "  - open: true\n",
    "talk": "  - open: true\n  - wait_for: human\n    within: patience\n" + '  - say: "It is order {{order}}."\n' * 3,
    "chat": "  - open: true\n  - wait_for: human\n    within: patience\n"
    '  - pause: {{law: deterministic, value_s: {seconds}}}\n  - say: "Thank you."\n',
}

JOURNEY = """
journey: bench
title: A customer of the benchmark
channel: {channel}
questions:
  default: {{subject: My order, text: "Where is my order?", useful: "working days"}}
steps:
"""

TARGET = """
target: stub
title: The stub
base_url: http://127.0.0.1:{port}
request_s_most: 60
faq: {{page: "/faq/{{intent}}", answer: "#answer"}}
chat:
  websocket: /chat/socket
  page: /chat
  ready: "#text"
  input: "#text"
  accepted: ".accepted"
  messages: ".message"
  speakers: [{{speaker: human}}]
wires:
  app:
    transport: reply
    open:
      - method: POST
        path: /api/talks
        json: {{text: "{{text}}", from: "{{persona.email}}"}}
        keep: {{talk: id}}
        said: items
    events: [{{is: human, text: text}}]
    say: {{method: POST, path: "/api/talks/{{talk}}/messages", json: {{text: "{{text}}", from: "{{persona.email}}"}}}}
    leave: {{method: POST, path: "/api/talks/{{talk}}/close", json: {{from: "{{persona.email}}"}}}}
"""

CHARTER = """
owner: Us
kind: own
consent: It is our own stub
purpose: To see how fast we are
valid_from: "2026-01-01T00:00:00+00:00"
valid_until: "2035-12-31T00:00:00+00:00"
emergency_contact: whoever started it
allow:
  - {{host: 127.0.0.1, ports: [{port}]}}
time_zone: UTC
contacts_per_day_most: 100000000
per_minute_most: 100000000
marker_key: not-a-secret
"""


def due_times_s(rate_per_s: float, seconds: float, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the instants of a Poisson process, given how many there are: uniform ones in order."""
    count = round(rate_per_s * seconds)
    return np.sort(np.random.default_rng(seed).uniform(0.0, seconds, count))


def made_plan(shape: str, due_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pd.DataFrame:
    """Return a plan in which one customer comes at each instant."""
    customers = [f"order_status.000.0000.{number:07d}" for number in range(len(due_s))]
    return pd.DataFrame(
        {
            "customer_id": customers, "case_id": [f"{name}.0" for name in customers],
            "contact_id": [f"{name}.0.1" for name in customers], "attempt": 1, "entity": np.arange(len(due_s)),
            "channel": CHANNEL[shape], "intent": "order_status", "journey": "bench", "language": "en",
            "played_by": "background", "due_s": due_s, "patience_s": np.inf,
        }
    )  # fmt: skip


async def play(shape: str, port: int, rate_per_s: float, seconds: float, folder: Path, lasts_s: float) -> Shopped:
    """Play customers at a rate; the run lies in `folder`/run."""
    texts = {"scenario": SCENARIO, "journeys/bench": JOURNEY + STEPS[shape], "target": TARGET, "charter": CHARTER}
    (folder / "journeys").mkdir()
    for name, text in texts.items():
        told = text.format(channel=CHANNEL[shape], port=port, seconds=lasts_s)
        (folder / f"{name}.yaml").write_text(told, encoding="utf-8")
    loaded = load_scenario(folder / "scenario.yaml")
    access = Access(read_target(folder / "target.yaml"), read_charter(folder / "charter.yaml"))
    plan = made_plan(shape, due_times_s(rate_per_s, seconds))
    clock = Clock.real(epoch_s=time.time() + LEAD_S)
    errand = Errand.of(loaded, plan, 1, ends_s=seconds + lasts_s + 30.0)
    run = Run.create(folder / "run", shop_facts(errand, access, "real", 1.0))
    return await play_plan(errand, run, Setting(access, clock, Instrument()))


def main() -> None:
    """Play and print."""
    shape, port, rate, seconds, folder = sys.argv[1:6]
    lasts_s = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
    shopped = asyncio.run(play(shape, int(port), float(rate), float(seconds), Path(folder), lasts_s))
    print(json.dumps({"outcomes": shopped.outcomes, "instrument": asdict(shopped.instrument)}))


if __name__ == "__main__":
    main()
