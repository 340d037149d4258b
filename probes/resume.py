"""What the journal of a run says has happened already: for taking the run up again without repeating a contact.

Reads and refuses to act. A contact that was begun is never begun again, whether it ended or not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from probes.journeys import Seen
from probes.player import Contact, heard_of
from results.journal import journals_in, read_journal
from results.runs import FINISHED, Run


@dataclass(frozen=True)
class Begun:
    """What a run that was cut off had begun, and what was yet to come."""

    contacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The `begun` lines by contact."""
    waiting: Sequence[Mapping[str, Any]] = ()
    """Contacts that were to come later: born from others, and not begun."""
    cut_off: Sequence[Mapping[str, Any]] = ()
    """Contacts that were begun and did not end."""
    heard: Mapping[str, Sequence[Sequence[Seen]]] = field(default_factory=dict)
    """By contact of a long journey: what its script was told."""
    last_s: float = 0.0
    """The latest instant of which the journal knows."""

    def of_case(self, case: str) -> list[Mapping[str, Any]]:
        """Return the contacts of a case that were begun, in their order."""
        return sorted((told for told in self.contacts.values() if told["case_id"] == case), key=lambda t: t["attempt"])

    def contact_of(self, told: Mapping[str, Any], seed: int) -> Contact:
        """Return a contact as it was planned."""
        patience_s = math.inf if told.get("patience_s") is None else float(told["patience_s"])
        return Contact(dict(told), float(told["due_s"]), patience_s, int(told["entity"]), seed, 0)


def begun_in(paths: Iterable[Path]) -> Begun:
    """Read the journals of a run; a line that a kill has cut off is passed over, as it was never acted on."""
    contacts: dict[str, dict[str, Any]] = {}
    later: dict[str, dict[str, Any]] = {}
    ended: set[str] = set()
    heard: dict[str, list[list[Seen]]] = {}
    last_s = 0.0
    for entry in (entry for path in paths for entry in read_journal(path)):
        name = str(entry.get("contact_id"))
        match entry.pop("kind"):
            case "begun":
                contacts[name] = entry
            case "next":
                later[name] = entry
            case "end":
                ended.add(name)
            case "heard":
                heard.setdefault(name, []).append([heard_of(told) for told in entry["seen"]])
        last_s = max(last_s, *(entry.get(key) or 0.0 for key in ("arrived_s", "actual_s", "ended_s", "at_s")))
    waiting = [told for name, told in later.items() if name not in contacts]
    cut_off = [told for name, told in contacts.items() if name not in ended]
    return Begun(contacts, waiting, cut_off, heard, last_s)


SAME = {
    "scenario_hash": "the scenario", "journeys": "the journeys", "seed": "the seed", "target": "the target",
    "charter": "the charter",
}  # fmt: skip
"""What must be as it was for a run to be taken up again."""


class CannotResumeError(ValueError):
    """A run cannot be taken up again; the message says why."""


@dataclass(frozen=True)
class Resumed:
    """A run that was cut off and is taken up again; with `shift`, what it missed comes later instead of not at all."""

    run: Run
    begun: Begun
    shift: bool = False

    @classmethod
    def of(cls, folder: Path, shift: bool = False, after_abort: bool = False) -> Resumed:
        """Open a run that was cut off; one that a threshold has ended only with `after_abort`.

        Raises:
            results.runs.RunError: the folder is not a run.
            CannotResumeError: it is none that can be taken up again.
        """
        run = Run.open(folder)
        if run.facts.get("kind") != "measured" or run.facts.get("clock") != "real" or "epoch_s" not in run.facts:
            raise CannotResumeError(f"{folder} is not a run of probes on the real clock: there is nothing to take up")
        if run.facts["state"] == FINISHED:
            raise CannotResumeError(f"{folder} has come to its end; there is nothing to take up")
        if (aborted := run.facts.get("aborted")) and not after_abort:  # also one that was killed in its goodbyes
            words = aborted["words"]
            raise CannotResumeError(f"{folder} is not taken up again: {words}; --after-abort goes on all the same")
        return cls(run, begun_in(journals_in(folder)), shift)

    def plan_from(self, facts: Mapping[str, Any], begins_s: float) -> pd.DataFrame:
        """Return the run's plan, what was missed moved if that is wanted; `facts` are those of a run asked for now.

        Raises:
            CannotResumeError: it is another run than the one asked for.
        """
        for name, words in SAME.items():
            if facts.get(name) != self.run.facts.get(name):
                raise CannotResumeError(f"{self.run.folder} was begun with another state of {words}; give it as it was")
        if aborted := self.run.facts.get("aborted"):
            self.run.write_facts(aborted=None, aborted_before=[*self.run.facts.get("aborted_before", []), aborted])
        plan = self.run.plan()
        ahead = ~plan["contact_id"].isin(list(self.begun.contacts))
        if self.shift and ahead.any():
            late_s = begins_s - float(plan.loc[ahead, "due_s"].min())
            if late_s > 0:
                plan.loc[ahead, "due_s"] += late_s
                self.run.write_facts(shifted_s=[*self.run.facts.get("shifted_s", []), late_s])
                self.run.write_plan(plan)
        return plan
