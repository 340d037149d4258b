"""How much can these people carry? Plays a scenario at one factor after the other, until the bracket is narrow.

Each play is a run of its own below the search's folder. A step whose intervals reach across a goal is played again with
other customers, and what both say is pooled: the intervals allow for so many looks. A scenario's thresholds must hold
in each play. Whatever happens, the steps that were done are kept in the search's
run.json. How a step is played is handed over; which factor comes next `results.bisection` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from results.bisection import CANNOT_TELL, Bounds, next_factor
from results.carried import Searched, Step, search_facts, tried_of, worst_of
from results.goals_kept import LOOKS_MOST, judge_goals, verdict_of
from results.load_figures import Checked, Measured, check_thresholds
from results.runs import FINISHED, INTERRUPTED, Run
from results.stages import warm_up_s_of, without_warm_up
from scenarios.scenario import Goal
from scenarios.thresholds import Threshold

SHUT_MOST = 0.02
"""More contacts that found the desk shut: then the window lies beyond its hours, and other volumes change nothing."""

UNFIT, REFUSED, UNREACHABLE, SHUT = "unfit", "refused", "unreachable", "shut"

Play = Callable[[float, int, Path], Run]
"""Plays the window at a factor, the how-many-eth time (from 0: each has other customers), into a run folder."""


class SearchStoppedError(Exception):
    """A play that no verdict can be had from; `why` is one of the words above, or `interrupted`."""

    def __init__(self, why: str, words: str) -> None:
        super().__init__(words)
        self.why = why


@dataclass(frozen=True)
class Searching:
    """What is searched for, where it is kept, and who is told of each step."""

    bounds: Bounds
    goals: Sequence[Goal]
    parent: Run
    play: Play
    tell: Callable[[Step], None]
    thresholds: Sequence[Threshold] = ()

    def run(self) -> Searched:
        """Search, and keep each step as it is done."""
        steps: list[Step] = []
        why, words = None, ""
        try:
            while (factor := next_factor(self.bounds, tried_of(steps))) is not None:
                steps.append(self._step(len(steps) + 1, factor))
                self.parent.write_facts(**search_facts(Searched(self.bounds, tuple(steps))))
                self.tell(steps[-1])
        except SearchStoppedError as stopped:
            why, words = stopped.why, str(stopped)
        except KeyboardInterrupt:
            why, words = INTERRUPTED, "it was interrupted"
        searched = Searched(self.bounds, tuple(steps), why, words)
        self.parent.write_facts(**search_facts(searched), state=INTERRUPTED if why == INTERRUPTED else FINISHED)
        return searched

    def _step(self, number: int, factor: float) -> Step:
        """Play a factor until it is told, and so often at most."""
        runs: list[Run] = []
        checked: list[list[Checked]] = []
        for folder in _folders(self.parent.folder, number, factor):
            run = self.play(factor, len(runs), folder)
            _check(run)
            runs.append(run)
            judged = judge_goals(self.goals, [without_warm_up(one.table("legs"), one.facts) for one in runs])
            checked.append(check_thresholds(self.thresholds, Measured.of(run), run.facts) if self.thresholds else [])
            verdict = verdict_of(judged, [one for play in checked for one in play])
            if verdict != CANNOT_TELL:
                break
        contacts, lasted_s = (sum(told) for told in zip(*map(_volume, runs), strict=True))
        names = tuple(run.folder.name for run in runs)
        rate = 3600 * contacts / max(lasted_s, 1.0)
        return Step(factor, verdict, tuple(judged), int(contacts), rate, names, worst_of(checked))


def _folders(parent: Path, number: int, factor: float) -> Iterator[Path]:
    """Yield where the plays of a step lie."""
    told = f"{factor:.2f}" if factor == round(factor, 2) else f"{factor:g}"
    name = f"step-{number:02d}-x{told}"
    yield parent / name
    yield from (parent / f"{name}-again-{times}" for times in range(1, LOOKS_MOST))


def _check(run: Run) -> None:
    """Stop at a play whose figures are not the desk's.

    Raises:
        SearchStoppedError: it was cut off, not let, not fit, found nobody there, or came outside the desk's hours.
    """
    facts, name = run.facts, run.folder.name
    outcomes, instrument = facts["outcomes"], facts["instrument"]
    played = max(int(facts["played"]), 1)
    if facts.get("stopped"):
        raise SearchStoppedError(REFUSED, f"{name}: {facts['stopped']}")
    if facts["state"] == INTERRUPTED:
        raise SearchStoppedError(INTERRUPTED, f"{name} was interrupted")
    if outcomes.get("withheld"):
        raise SearchStoppedError(REFUSED, f"{name}: the charter withheld {outcomes['withheld']:,} contacts")
    if not instrument["fit"]:
        raise SearchStoppedError(UNFIT, f"{name}: the instrument is not fit: {'; '.join(instrument['reasons'])}")
    if outcomes.get("failed"):
        raise SearchStoppedError(UNFIT, f"{name}: {outcomes['failed']:,} contacts failed by our own fault")
    if outcomes.get("target_error", 0) >= played:
        raise SearchStoppedError(UNREACHABLE, f"{name}: no contact reached the desk")
    first = _first_legs(run)
    shut = int((first["contact_outcome"] == "closed").sum()) if facts["clock"] == "real" else 0
    if shut > SHUT_MOST * len(first):
        raise SearchStoppedError(SHUT, f"{name}: {shut:,} of {len(first):,} customers found the desk shut")


def _volume(run: Run) -> tuple[int, float]:
    """Return how many first contacts came after the warm-up, and within how many seconds."""
    stages = run.facts.get("stages") or ()
    first = _first_legs(run)["due_s"]
    first = first[first >= warm_up_s_of(run.facts)]
    if stages:
        return len(first), float(stages[-1]["to_s"]) - max(float(stages[0]["from_s"]), warm_up_s_of(run.facts))
    return len(first), float(first.max() - first.min()) if len(first) else 0.0


def _first_legs(run: Run) -> pd.DataFrame:
    """Return the first leg of each customer's first attempt: those whom the plan knows."""
    legs = run.table("legs")
    return legs[(legs["leg"] == 0) & (legs["attempt"] == 1)]
