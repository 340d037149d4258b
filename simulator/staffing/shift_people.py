"""Shifts of single people under every rule, as one CP-SAT model: exact, for teams that are small enough.

Where the counts of `simulator.staffing.shift_counts` do not say for sure what is cheapest, this does: each person, team
and pattern is a yes or no, and breaks are counted by team and pattern.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from scenarios.labour import Labour
from simulator.staffing.needs import cp_model
from simulator.staffing.problem import Cut, Grid
from simulator.staffing.shift_counts import BreakAt
from simulator.staffing.shift_patterns import Crew, Pattern, can_work, intervals_touched
from simulator.staffing.week_rules import add_person

SIZE_MOST = 6_000
"""Yes or no questions that are still worth asking one by one."""

SCALE, WEIGHT_SCALE = 1000, 100_000
"""Prices and weights as whole numbers."""

Turn = tuple[int, int, int, int]
"""(crew, which of its people, team, pattern): one shift of one person."""


class Exact(NamedTuple):
    """What CP-SAT found; no turns where there are none that keep everything, or none was found."""

    turns: list[Turn] | None
    pauses: dict[BreakAt, int]
    bound: float
    impossible: bool


def questions(crews: Sequence[Crew], patterns: Sequence[Pattern], labour: Labour) -> int:
    """Return how many yes or no questions there are."""
    return sum(crew.most * len(crew.teams) * sum(can_work(crew, one, labour) for one in patterns) for crew in crews)


def exact_people(
    grid: Grid,
    cuts: Sequence[Cut],
    labour: Labour,
    crews: Sequence[Crew],
    patterns: Sequence[Pattern],
    guess: Sequence[Turn],
    work: float,
    seed: int,
) -> Exact:
    """Return the cheapest shifts of people that keep cuts, seats and rules; `work` is deterministic time."""
    model = cp_model().CpModel()
    turns, cost = _people(model, grid, labour, crews, patterns)
    pauses = _pauses(model, patterns, turns)
    _demand(model, grid, cuts, patterns, turns, pauses)
    model.minimize(sum(cost))
    guessed = set(guess)
    for turn, variable in turns.items():
        model.add_hint(variable, turn in guessed)
    solver = cp_model().CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False  # Ctrl-C is ours
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    if status not in (cp_model().OPTIMAL, cp_model().FEASIBLE):
        return Exact(None, {}, 0.0, status == cp_model().INFEASIBLE)
    found = [turn for turn, variable in turns.items() if solver.value(variable)]
    begun = {at: solver.value(variable) for at, variable in pauses.items() if solver.value(variable)}
    return Exact(found, begun, solver.best_objective_bound / SCALE, False)


def _people(
    model: Any, grid: Grid, labour: Labour, crews: Sequence[Crew], patterns: Sequence[Pattern]
) -> tuple[dict[Turn, Any], list[Any]]:
    turns: dict[Turn, Any] = {}
    cost: list[Any] = []
    for at, crew in enumerate(crews):
        may = [place for place, pattern in enumerate(patterns) if can_work(crew, pattern, labour)]
        before: Any = None
        for who in range(crew.most):
            employed = model.new_constant(1) if who < crew.least else model.new_bool_var("")
            if who > crew.least:
                model.add_implication(employed, before)  # the same people in another order are no other answer
            before = employed
            works: dict[int, Any] = {}
            for place in may:
                own = []
                for team in crew.teams:
                    if not patterns[place].covers or not grid.most[team, list(patterns[place].covers)].all():
                        continue
                    turns[at, who, team, place] = variable = model.new_bool_var("")
                    own.append(variable)
                    price = crew.contract.paid_hour_in(grid.teams[team]) * patterns[place].paid_h
                    cost.append(round(price * SCALE) * variable)
                if len(own) == 1:
                    works[place] = own[0]
                elif own:
                    works[place] = model.new_bool_var("")
                    model.add(sum(own) == works[place])
            over = add_person(model, labour, crew.contract, employed, works, patterns)
            if crew.contract.overtime is not None:
                cost += [round(crew.contract.overtime.extra_hour * SCALE / 60) * minutes for minutes in over]
    return turns, cost


def _pauses(model: Any, patterns: Sequence[Pattern], turns: dict[Turn, Any]) -> dict[BreakAt, Any]:
    workers: dict[tuple[int, int], list[Any]] = {}
    for (_, _, team, place), variable in turns.items():
        workers.setdefault((team, place), []).append(variable)
    pauses: dict[BreakAt, Any] = {}
    for (team, place), own in workers.items():
        for which, pause in enumerate(patterns[place].pauses):
            begun = []
            for at_s in pause.may_begin_s:
                begun.append(model.new_int_var(0, len(own), ""))
                pauses[team, place, which, at_s] = begun[-1]
            model.add(sum(begun) == sum(own))
    return pauses


def _demand(
    model: Any,
    grid: Grid,
    cuts: Sequence[Cut],
    patterns: Sequence[Pattern],
    turns: dict[Turn, Any],
    pauses: dict[BreakAt, Any],
) -> None:
    seats: dict[tuple[int, int], list[Any]] = {}
    for (_, _, team, place), variable in turns.items():
        for interval in patterns[place].covers:
            seats.setdefault((team, interval), []).append(variable)
    for (team, place, which, at_s), variable in pauses.items():
        covered = set(patterns[place].covers)
        for interval in intervals_touched(grid, at_s, at_s + patterns[place].pauses[which].length_s):
            if interval in covered:
                seats[team, interval].append(-variable)
    for team in range(len(grid.teams)):
        for interval in range(len(grid.begins_s)):
            least, most = int(grid.least[team, interval]), int(grid.most[team, interval])
            there = seats.get((team, interval), [])
            if there:
                model.add_linear_constraint(sum(there), least, most)
            elif least:
                model.add_bool_or([])
    for cut in cuts:
        scale = WEIGHT_SCALE / max((abs(weight) for weight in cut.weights.values()), default=1.0)
        row = [math.floor(w * scale + 1e-6) * sum(seats[key]) for key, w in cut.weights.items() if seats.get(key)]
        model.add(sum(row) >= math.floor(cut.at_least * scale))
