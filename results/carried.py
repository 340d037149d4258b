"""What a search for the highest volume came to: its steps, the bracket, and the answer in words.

Refuses to know how a step was played. Guarded by tests/probes/test_search.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from results.bisection import CANNOT_TELL, KEPT, Bounds, Bracket, Tried, bracket_of
from results.goals_kept import LOOK_LEVEL, OF_THRESHOLD, JudgedGoal
from results.load_figures import Checked
from results.load_tables import threshold_cells, threshold_row
from results.terminal import amount, grid
from scenarios.scenario import Goal


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
    """Return each threshold as the play has it that kept it least: missed before not measured before kept."""
    badness = {False: 0, None: 1, True: 2}
    return tuple(min(same, key=lambda one: badness[one.kept]) for same in zip(*plays, strict=True))


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
        goals = [_goal_words(one) for one in over.goals if one.verdict != KEPT]
        thresholds = [_threshold_words(one) for one in over.thresholds if not one.kept]
        yield "What binds: " + "; ".join([*goals, *thresholds]) + "."
    if searched.stopped is None and kept is None and over is not None:
        yield f"That is the lowest volume asked for: begin lower with --search-from {bounds.lowest / 4:g}."
    if searched.stopped is None and over is None:
        yield f"That is the highest volume asked for: go on with --search-to {bounds.highest * 4:g}."
    if searched.stopped is not None and not searched.steps:
        yield "No step was finished."


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
    head = ("factor", "contacts", "an hour", "goal", "wanted", "measured", f"{LOOK_LEVEL:.0%} interval", "")
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
