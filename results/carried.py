"""What a search for the highest volume came to: its steps, the bracket, and the answer in words.

Refuses to know how a step was played. Guarded by tests/probes/test_search.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from results.bisection import CANNOT_TELL, KEPT, MISSED, Bounds, Bracket, Tried, bracket_of
from results.comparison import CONTACTS_LEAST
from results.goals_kept import LOOK_LEVEL, OF_THRESHOLD, JudgedGoal
from results.load_figures import Checked
from results.load_tables import threshold_cells, threshold_row
from results.load_words import times_beyond
from results.terminal import amount, grid
from scenarios.scenario import Goal

LOW_FACTOR, FAR_BEYOND = 0.5, 2.0
"""From such a volume down, what is missed so many times over is not for the volume."""

_LEVEL = f"{100 * LOOK_LEVEL:.3g} %"


@dataclass(frozen=True)
class Step:
    """A factor that was played: its verdict, its goals, how many first contacts came and at which rate, its runs.

    Of each threshold it has the least good that a run of it showed.
    """

    factor: float
    verdict: str
    goals: tuple[JudgedGoal, ...]
    contacts: int
    contacts_per_hour: float
    runs: tuple[str, ...]
    thresholds: tuple[Checked, ...] = ()


@dataclass(frozen=True)
class Searched:
    """Steps in the order in which they were played; `stopped` says why no more were, where that was not the end."""

    bounds: Bounds
    steps: tuple[Step, ...]
    stopped: str | None = None
    stopped_words: str = ""

    @property
    def bracket(self) -> Bracket:
        """The highest factor that was kept, and the lowest that was not."""
        return bracket_of(tried_of(self.steps))

    @property
    def found(self) -> bool:
        """Whether the bracket is as narrow as was asked for, or as factors can be told."""
        bracket = self.bracket
        return self.stopped is None and bracket.kept is not None and bracket.not_kept is not None


def worst_of(plays: Sequence[Sequence[Checked]]) -> tuple[Checked, ...]:
    """Return each threshold as the play has it that kept it least: missed, not told, kept; then by value."""
    return tuple(max(same, key=_badness) for same in zip(*plays, strict=True))


def _badness(one: Checked) -> tuple[int, float]:
    """Return how badly a threshold was kept, to be compared among plays of it."""
    above = one.value if one.threshold.at_most is not None else -one.value
    return {False: 2, None: 1, True: 0}[one.kept], above if one.n else -math.inf


def tried_of(steps: Sequence[Step]) -> list[Tried]:
    """Return what the bisection needs to know of steps."""
    return [Tried(step.factor, step.verdict) for step in steps]


def search_facts(searched: Searched) -> dict[str, Any]:
    """Return what the search's run.json, and the document on the command line, say."""
    bracket = searched.bracket
    return {
        "search": {"from": searched.bounds.lowest, "to": searched.bounds.highest, "within": searched.bounds.within},
        "found": searched.found, "kept_factor": bracket.kept, "not_kept_factor": bracket.not_kept,
        "answer": answer_of(searched), "stopped": searched.stopped,
        "steps": [
            {
                "factor": step.factor, "verdict": step.verdict, "contacts": step.contacts,
                "contacts_per_hour": step.contacts_per_hour, "runs": list(step.runs),
                "goals": [
                    {
                        **one.goal.model_dump(exclude_none=True), "value": one.value, "low": one.low, "high": one.high,
                        "contacts": one.n, "verdict": one.verdict, "reason": one.reason,
                    }
                    for one in step.goals
                ],
                "thresholds": [threshold_row(one) for one in step.thresholds],
            }
            for step in searched.steps
        ],
    }  # fmt: skip


def answer_of(searched: Searched) -> str:
    """Return the answer in sentences: up to which volume the goals are kept, what binds, and what is not known."""
    return " ".join(_sentences(searched))


def _sentences(searched: Searched) -> Iterator[str]:
    bracket, bounds = searched.bracket, searched.bounds
    kept = next((step for step in searched.steps if step.factor == bracket.kept and step.verdict == KEPT), None)
    over = next((step for step in searched.steps if step.factor == bracket.not_kept and step.verdict != KEPT), None)
    if searched.stopped is not None:
        yield f"The search stopped early: {searched.stopped_words}."
    if kept is not None:
        rate = f"about {kept.contacts_per_hour:,.0f} contacts an hour"
        yield f"It keeps the goals up to x{kept.factor:g} ({rate})" + ("." if over is None else ";")
    if over is not None:
        yield _not_kept(over, alone=kept is None)
        yield from _what_binds(over)
    if searched.stopped is None and kept is None and over is not None:
        yield _lower(over, bounds)
    if searched.stopped is None and over is None:
        yield f"That is the highest volume asked for: go on with --search-to {bounds.highest * 4:g}."
    if searched.stopped is not None and not searched.steps:
        yield "No step was finished."


def _what_binds(over: Step) -> Iterator[str]:
    """Say what was missed; and of what cannot be told why, and how more would be known: that binds nothing yet."""
    binds = [_goal_words(one) for one in over.goals if one.verdict == MISSED]
    binds += [_threshold_words(one) for one in over.thresholds if one.kept is False]
    if binds:
        yield f"What binds: {'; '.join(binds)}."
    unclear = [_unclear_words(one) for one in over.goals if one.verdict == CANNOT_TELL]
    unclear += [f"{_threshold_words(one)}, where {one.untold}" for one in over.thresholds if one.kept is None]
    if unclear and not binds:
        yield f"What cannot be told: {'; '.join(unclear)}. A longer window (--for) would tell more."


def _unclear_words(one: JudgedGoal) -> str:
    """Say how far the interval of a goal reaches beyond what is wanted."""
    metric = one.goal.metric
    said = f"{_name(one.goal)} {amount(one.value, metric)}, wanted {_bound(one.goal)}"
    if not (math.isfinite(one.low) and math.isfinite(one.high)) or one.n < CONTACTS_LEAST:
        return f"{said}, but {one.reason}"
    if one.goal.at_least is not None:
        return f"{said}, but the {_LEVEL} interval reaches down to {amount(one.low, metric)}"
    return f"{said}, but the {_LEVEL} interval reaches to {amount(one.high, metric)}"


def _lower(over: Step, bounds: Bounds) -> str:
    """Say what to try below the lowest volume, where that promises anything."""
    if bounds.lowest <= LOW_FACTOR and _times_beyond(over) >= FAR_BEYOND:
        return (
            f"That is the lowest volume asked for, and it is missed by far: fewer customers alone do not help. See "
            f"what keeps those waiting who come at x{bounds.lowest:g}."
        )
    return f"That is the lowest volume asked for: begin lower with --search-from {bounds.lowest / 4:g}."


def _times_beyond(step: Step) -> float:
    """Return how many times its bound the worst of what was missed is."""
    goals = [
        times_beyond(one.value, one.goal.at_least, one.goal.at_most) for one in step.goals if one.verdict == MISSED
    ]
    missed = [one for one in step.thresholds if one.kept is False]
    return max(
        [*goals, *(times_beyond(one.value, one.threshold.at_least, one.threshold.at_most) for one in missed)],
        default=0.0,
    )


def _not_kept(step: Step, alone: bool) -> str:
    even = "even " if alone else ""
    if step.verdict == CANNOT_TELL:
        subject = "It" if alone else "it"
        return f"{subject} cannot be told whether they are kept {even}at x{step.factor:g}, which counts as not kept."
    return f"{'It misses the goals' if alone else 'misses them'} {even}at x{step.factor:g}."


def step_line(number: int, step: Step) -> str:
    """Return a step in a line, as it is told while the search goes on."""
    goals = "; ".join([*map(_goal_words, step.goals), *map(_threshold_words, step.thresholds)])
    again = f", played {len(step.runs)} times" if len(step.runs) > 1 else ""
    return f"step {number}: x{step.factor:g}, {step.contacts:,} contacts{again}: {step.verdict} ({goals})"


def steps_table(steps: Sequence[Step]) -> str:
    """Show the steps by factor, a row for each goal and each threshold, which has no interval."""
    rows = []
    for step in sorted(steps, key=lambda one: one.factor):
        about = (f"x{step.factor:g}", f"{step.contacts:,}", f"{step.contacts_per_hour:,.0f}")
        goals = [*map(_goal_cells, step.goals), *map(_threshold_cells, step.thresholds)]
        rows += [(*(about if place == 0 else ("", "", "")), *cells) for place, cells in enumerate(goals)]
    head = ("factor", "contacts", "an hour", "goal", "wanted", "measured", f"{_LEVEL} interval", "")
    return grid(head, rows, right=(0, 1, 2, 5, 6))


def _goal_cells(one: JudgedGoal) -> tuple[str, ...]:
    metric = one.goal.metric
    span = f"{amount(one.low, metric)} … {amount(one.high, metric)}"
    told = one.verdict + (f": {one.reason}" if one.reason else "")
    return _name(one.goal), _bound(one.goal), amount(one.value, metric), span, told


def _threshold_cells(one: Checked) -> tuple[str, ...]:
    return *threshold_cells(one), "", OF_THRESHOLD[one.kept]


def _goal_words(one: JudgedGoal) -> str:
    span = f"{amount(one.low, one.goal.metric)} to {amount(one.high, one.goal.metric)}"
    return f"{_name(one.goal)} {amount(one.value, one.goal.metric)} ({span}), wanted {_bound(one.goal)}"


def _threshold_words(one: Checked) -> str:
    name, wanted, measured = threshold_cells(one)
    return f"{name} {measured}, wanted {wanted}"


def _name(goal: Goal) -> str:
    within = "" if goal.within_s is None else f" ({goal.within_s:g} s)"
    return f"{goal.channel or goal.team or 'all'} {goal.metric}{within}"


def _bound(goal: Goal) -> str:
    if goal.at_least is not None:
        return f"at least {amount(goal.at_least, goal.metric)}"
    return f"at most {amount(goal.at_most or 0.0, goal.metric)}"
