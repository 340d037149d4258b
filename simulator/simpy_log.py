"""What the SimPy engine notes down of each leg, and the contact log made of it.

Holds the words of the log; refuses to know how a leg came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from results.log import table_of
from scenarios.identity import attempt_id
from scenarios.scenario import Channel, Promise, Scenario
from scenarios.units import us
from simulator.simpy_floor import Line, Waiting


@dataclass(slots=True, eq=False)
class Leg:
    """What is known of one leg; a row of the contact log. Times in microseconds, None where it did not happen."""

    number: int
    attempt: int
    leg: int
    channel: Channel
    intent: str
    line: Line
    history: bool | None
    due_us: int
    arrived_us: int
    team: str | None = None
    agent: str | None = None
    answered_us: int | None = None
    ended_us: int | None = None
    wrap_us: int | None = None
    served: bool = False
    """An agent had it and is done with it: there is a time of talk."""
    leg_end: str = "censored"
    outcome: str = "censored"
    role: str | None = None
    announced_us: int | None = None
    hold_us: int | None = None
    held_us: int | None = None
    """Time on hold: as it was drawn, and once the talk is over."""
    aside_us: int = 0
    """For how long the work was laid aside for others."""
    taken_us: int | None = None
    """When an agent began with one who was gone."""
    waiting: Waiting | None = None
    """Its place in a line that those who wait long leave for another; what is kept of each leg costs every run time."""

    promise: Promise | None = None
    promise_due_us: int | None = None
    promise_kept_us: int | None = None

    @property
    def last_line(self) -> Line:
        """The line it waited in last: those who wait long may change it."""
        return self.waiting.line if self.waiting else self.line


def legs_of(rows: Sequence[Leg], plan: pd.DataFrame, scenario: Scenario, run_id: str, replication: int) -> pd.DataFrame:
    """Return the contact log of one replication."""
    rows = sorted(rows, key=lambda leg: leg.number << 24 | leg.attempt << 12 | leg.leg)
    told = ["customer_id", "contact_id", "case_id", "intent", "language", "played_by"]
    plan = plan[told].take([leg.number for leg in rows]).reset_index(drop=True)
    journeys = {name: hours.journey for name, hours in scenario.channels.items()}
    horizon_us = us(scenario.local_days.begins_s(scenario.days))

    def known_us(times_us: list[int | None]) -> Any:
        if times_us.count(None) == len(times_us):  # told by few scenarios, and slow to be found empty one by one
            return np.full(len(times_us), np.nan)
        return np.array(times_us, dtype=np.float64)  # None becomes NaN

    def in_s(times_us: list[int | None]) -> Any:
        return known_us(times_us) / 1e6

    def text(words: Sequence[str | None]) -> Any:
        if words.count(None) == len(words):
            return pd.array([None], dtype="str").repeat(len(words))
        return pd.array(words, dtype="str")

    cases, firsts = plan["case_id"].tolist(), plan["contact_id"].tolist()
    ids = [
        first if leg.attempt == 1 else attempt_id(case, leg.attempt)
        for leg, first, case in zip(rows, firsts, cases, strict=True)
    ]
    answered_us, ended_us = known_us([leg.answered_us for leg in rows]), known_us([leg.ended_us for leg in rows])
    wrap_us, held_us = known_us([leg.wrap_us for leg in rows]), known_us([leg.held_us for leg in rows])
    taken_us, served = known_us([leg.taken_us for leg in rows]), np.array([leg.served for leg in rows], dtype=bool)
    kept_us = known_us([leg.promise_kept_us for leg in rows])
    lines = {id(leg.line): leg.line for leg in rows}
    queues = {key: "+".join(line.teams) for key, line in lines.items()}
    # when the agent was done, the work after it too, and the time with the customer, without that on hold
    released_us = np.where(served, ended_us + np.nan_to_num(wrap_us), taken_us + wrap_us)
    aside_us = np.array([leg.aside_us for leg in rows])
    talk_us = np.where(served, ended_us - answered_us - np.nan_to_num(held_us) - aside_us, np.nan)
    columns: dict[str, object] = {
        "run_id": text([run_id]).repeat(len(rows)), "source": text(["simulated"]).repeat(len(rows)),
        "replication": np.full(len(rows), replication), "contact_id": text(ids),
        **{name: plan[name] for name in ("customer_id", "case_id", "intent", "language", "played_by")},
        "attempt": [leg.attempt for leg in rows], "leg": [leg.leg for leg in rows],
        "channel": text([leg.channel for leg in rows]), "journey": text([journeys[leg.channel] for leg in rows]),
        "team": text([leg.team for leg in rows]), "agent": text([leg.agent for leg in rows]),
        "role": text([leg.role for leg in rows]),
        "queue": text([queues[id(leg.line)] for leg in rows]), "priority": [leg.last_line.priority for leg in rows],
        "due_s": in_s([leg.due_us for leg in rows]), "arrived_s": in_s([leg.arrived_us for leg in rows]),
        "answered_s": answered_us / 1e6, "ended_s": ended_us / 1e6,
        "announced_wait_s": in_s([leg.announced_us for leg in rows]),
        "released_s": released_us / 1e6, "talk_s": talk_us / 1e6, "hold_s": held_us / 1e6, "wrap_s": wrap_us / 1e6,
        "history_carried": [leg.history for leg in rows],
        "promise_due_s": in_s([leg.promise_due_us for leg in rows]),
        "promise_kept_s": np.where(kept_us <= horizon_us, kept_us, np.nan) / 1e6,
        "leg_end": text([leg.leg_end for leg in rows]), "contact_outcome": text([leg.outcome for leg in rows]),
    }  # fmt: skip
    return table_of("legs", pd.DataFrame(columns, index=range(len(rows))))
