"""What thresholds that may end a run have seen so far, from the lines of its journal as they are written. Pure.

The definitions are those of the figures at the end (`results.responses`, `results.load_figures`), line by line instead
of table by table: an answer is the first thing that came back before the shopper did the next, a contact counts in the
stage in which it was due, the warm-up in none. Two things that one look has found may count in the other order. What is
still open is not beyond anything: a contact under way is no error yet, a step has no time before its answer. Both make
what is seen better than it will be, never worse. Guarded by tests/results/test_live_counts.py.

>>> counts = LiveCounts([Threshold(metric="response_s_p99", at_most=2, abort=True)], {})
>>> counts.take("begun", {"contact_id": "a", "channel": "chat", "due_s": 5.0, "arrived_s": 5.0})
>>> counts.take("step", {"contact_id": "a", "state": "open", "intended_s": 5.0, "actual_s": 5.1})
>>> counts.take("message", {"contact_id": "a", "speaker": "agent", "at_s": 9.0})
>>> counts.counted()
[Counted(of=1, beyond=1)]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.aborting import Counted
from results.load_figures import SHARE_OF, begun_or_planned
from results.responses import DONE
from results.stages import warm_up_s_of
from scenarios.thresholds import Threshold


class Count:
    """The count of one threshold, and who belongs to it."""

    def __init__(self, threshold: Threshold, facts: Mapping[str, Any]) -> None:
        self.threshold = threshold
        self.of, self.beyond = 0, 0
        self._from_s, self._to_s = _spell(threshold.stage, facts)

    def holds(self, channel: str, due_s: float) -> bool:
        """Say whether a contact belongs to it."""
        return self.threshold.channel in (None, channel) and self._from_s <= due_s < self._to_s

    def add(self, counts: int, is_event: bool | None = None) -> None:
        """Add so many samples, or whether one that is counted already is what the threshold is about.

        Args:
            counts: 1 for a new sample, else 0.
            is_event: an error, a step without an answer; None where that is not known yet.
        """
        self.of += counts
        if is_event is not None:
            self.beyond += is_event == (self.threshold.at_most is not None)

    def add_time(self, seconds: float) -> None:
        """Add a response of so many seconds."""
        self.of += 1
        self.beyond += not self.threshold.is_kept_by(seconds)


@dataclass
class Step:
    """Something that a shopper has done and nothing has answered yet."""

    what: str
    intended_s: float
    actual_s: float


class Contact:
    """A contact under way, and what counts it."""

    def __init__(self, counts: Sequence[Count]) -> None:
        self.times = [one for one in counts if one.threshold.metric.startswith("response_s_")]
        self.unanswered = [one for one in counts if one.threshold.metric == "unanswered_share"]
        self.shares = [one for one in counts if one.threshold.metric in SHARE_OF]
        self.open: Step | None = None

    def do(self, step: Step | None) -> None:
        """Note what the shopper does next: nothing answers any more what was done before; None at the end."""
        if self.open is not None:
            _tell(self.unanswered, self.open, 0, True)
        self.open = step
        if step is not None:
            _tell(self.unanswered, step, 1, None)

    def see(self, at_s: float) -> None:
        """Note that something came back."""
        step = self.open
        if step is None or at_s < step.actual_s:
            return
        self.open = None
        _tell(self.unanswered, step, 0, False)
        for count in self.times:
            if count.threshold.step in (None, step.what):
                count.add_time(at_s - (step.intended_s if count.threshold.measured == "intended" else step.actual_s))


class LiveCounts:
    """Follows the journal of one process."""

    def __init__(self, thresholds: Sequence[Threshold], facts: Mapping[str, Any]) -> None:
        """Begin with nothing.

        Args:
            thresholds: those that are counted, in this order.
            facts: the run's, which say when each of its stages was.
        """
        self._counts = [Count(threshold, facts) for threshold in thresholds]
        self._contacts: dict[str, Contact] = {}

    def counted(self) -> list[Counted]:
        """Return what has been counted of each threshold."""
        return [Counted(count.of, count.beyond) for count in self._counts]

    def take(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take in a line of the journal."""
        name = str(line.get("contact_id"))
        if kind == "begun":
            self._begin(name, line)
            return
        contact = self._contacts.get(name)
        if contact is None:
            return
        match kind:
            case "step" if line["state"] in DONE and line.get("actual_s") is not None:
                contact.do(Step(line["state"], line["intended_s"], line["actual_s"]))
            case "step" if line.get("seen_by_s") is not None:
                contact.see(line["seen_by_s"])
            case "message" if line["speaker"] != "customer":
                contact.see(line["at_s"])
            case "end":
                self._end(name, contact, str(line["contact_outcome"]))

    def _begin(self, name: str, line: Mapping[str, Any]) -> None:
        mine = [count for count in self._counts if count.holds(str(line["channel"]), float(line["due_s"]))]
        if not mine:
            return
        contact = self._contacts[name] = Contact(mine)
        for count in contact.shares:
            of_all = begun_or_planned(count.threshold.metric) == "planned"
            count.add(int(of_all or line["arrived_s"] is not None))

    def _end(self, name: str, contact: Contact, outcome: str) -> None:
        contact.do(None)
        for count in contact.shares:
            if outcome not in ("unstarted", "withheld") or begun_or_planned(count.threshold.metric) == "planned":
                count.add(0, outcome == SHARE_OF[count.threshold.metric])
        del self._contacts[name]


def _tell(counts: Sequence[Count], step: Step, samples: int, is_event: bool | None) -> None:
    for count in counts:
        if count.threshold.step in (None, step.what):
            count.add(samples, is_event)


def _spell(stage: str | None, facts: Mapping[str, Any]) -> tuple[float, float]:
    """Return from when to when contacts count that belong to a stage; no time where it is not played, or warms up."""
    if stage is None:
        return warm_up_s_of(facts), math.inf
    for one in facts.get("stages") or ():
        if one["stage"] == stage and not one["warm_up"]:
            return float(one["from_s"]), float(one["to_s"])
    return math.inf, math.inf
