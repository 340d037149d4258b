"""A week for each person: who of a crew works which of the shifts that were counted, under every rule.

First by hand, day after day: whoever has most of their hours left works, near the times they worked last. CP-SAT then
checks that against every rule of a person, and mends it where it breaks one. Refuses to change what was counted: shifts
for which nobody is found are left over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from scenarios.labour import Labour
from simulator.staffing.needs import cp_model
from simulator.staffing.shift_patterns import Crew, Pattern
from simulator.staffing.week_rules import add_person

NO, EXTRA = 1e9, 1e5
"""Cost of a shift that a person cannot work, and of one beyond their contract's hours."""

LONGER = 20
"""So many times its work mending may take where nothing is known after it: that would leave every shift over."""


class Weeks(NamedTuple):
    """For each person the patterns they work, and those left over: pattern and how many."""

    people: list[list[int]]
    left: dict[int, int]


def give_weeks(
    labour: Labour, crew: Crew, count: int, need: Mapping[int, int], patterns: Sequence[Pattern], work: float, seed: int
) -> Weeks:
    """Return who of `count` people works which of the shifts needed.

    Args:
        labour: rules and days.
        crew: whose people they are.
        count: how many.
        need: by pattern, how many work it.
        patterns: all of them.
        work: deterministic time that mending may take.
        seed: of the search.
    """
    guess = _by_hand(labour, crew, count, need, patterns)
    solver = cp_model().CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False  # Ctrl-C is ours
    solver.parameters.random_seed = seed
    model, works = _model(labour, crew, count, need, patterns, guess)
    for hinted, longer in ((True, 1), (False, 1), (False, LONGER)):
        solver.parameters.fix_variables_to_their_hinted_value = hinted
        solver.parameters.max_deterministic_time = work * longer
        status = solver.solve(model)
        known = status in (cp_model().OPTIMAL, cp_model().FEASIBLE)
        if (known and (not hinted or solver.objective_value == 0)) or (status == cp_model().INFEASIBLE and not hinted):
            break
    if not known:
        return Weeks([[] for _ in range(count)], dict(need))
    people = [[place for place, variable in own.items() if solver.value(variable)] for own in works]
    left = {place: wanted - sum(place in own for own in people) for place, wanted in need.items()}
    return Weeks(people, {place: short for place, short in left.items() if short})


def _model(
    labour: Labour,
    crew: Crew,
    count: int,
    need: Mapping[int, int],
    patterns: Sequence[Pattern],
    guess: Sequence[set[int]],
) -> tuple[Any, list[dict[int, Any]]]:
    """Return the model of what every person's rules allow, and who works what in it; it wants the fewest left over."""
    model = cp_model().CpModel()
    works = [{place: model.new_bool_var("") for place in need} for _ in range(count)]
    one = model.new_constant(1)
    over = [minutes for own in works for minutes in add_person(model, labour, crew.contract, one, own, patterns)]
    short = []
    for place, wanted in need.items():
        short.append(model.new_int_var(0, wanted, ""))
        model.add(sum(own[place] for own in works) + short[-1] == wanted)
    for own, guessed in zip(works, guess, strict=True):
        for place, variable in own.items():
            model.add_hint(variable, place in guessed)
    model.minimize(1_000_000 * sum(short) + sum(over))
    return model, works


class _Hand:
    """What is known of each person while days are given out."""

    def __init__(self, count: int) -> None:
        self.ended_s = np.full(count, -1e12)
        self.began_of_day_s = np.full(count, np.nan)
        self.minutes = np.zeros(count)
        self.days = np.zeros(count)
        self.in_row = np.zeros(count)


def _by_hand(
    labour: Labour, crew: Crew, count: int, need: Mapping[int, int], patterns: Sequence[Pattern]
) -> list[set[int]]:
    given: list[set[int]] = [set() for _ in range(count)]
    hand = _Hand(count)
    days = sorted({patterns[place].day for place in need})
    before: int | None = None
    for day in days:
        if before is not None and labour.week_of(day) != labour.week_of(before):
            hand.minutes[:], hand.days[:] = 0, 0
        if before is not None and day != before + 1:
            hand.in_row[:] = 0
        slots = [place for place in sorted(need) if patterns[place].day == day for _ in range(need[place])]
        works = np.zeros(count, dtype=bool)
        if count:
            cost = np.stack([_cost(labour, crew, hand, patterns[place]) for place in slots], axis=1)
            for person, slot in zip(*linear_sum_assignment(cost), strict=True):
                if cost[person, slot] < NO:
                    works[person] = True
                    _give(labour, hand, int(person), patterns[slots[slot]])
                    given[person].add(slots[slot])
        hand.in_row[works] += 1
        hand.in_row[~works] = 0
        before = day
    return given


def _cost(labour: Labour, crew: Crew, hand: _Hand, pattern: Pattern) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how little each person suits a shift: hours they have left first, then the times they are used to."""
    rules, contract = labour.rules.rules, crew.contract
    minutes = pattern.paid_s / 60
    most = contract.hours_week.most * 60
    allowed = most + (contract.overtime.hours_week_most * 60 if contract.overtime is not None else 0)
    if rules.hours_week is not None:
        allowed = min(allowed, rules.hours_week.most * 60)
    begins_of_day_s = pattern.begins_s - labour.local.begins_s(pattern.day)
    moved_h = np.nan_to_num(abs(hand.began_of_day_s - begins_of_day_s)) / 3600
    cost = 100 * (hand.minutes / 60 + 8 * hand.days) + moved_h
    cost[hand.minutes + minutes > most] += EXTRA
    never = (hand.minutes + minutes > allowed) | (hand.days >= contract.days_week.most)
    rest_s = rules.rest_hours.least * 3600 if rules.rest_hours is not None else 0
    never |= pattern.begins_s < hand.ended_s + rest_s
    if rules.days_in_row is not None:
        never |= hand.in_row >= rules.days_in_row.most
    cost[never] = NO
    return np.asarray(cost, dtype=np.float64)


def _give(labour: Labour, hand: _Hand, person: int, pattern: Pattern) -> None:
    hand.ended_s[person] = pattern.ends_s
    hand.began_of_day_s[person] = pattern.begins_s - labour.local.begins_s(pattern.day)
    hand.minutes[person] += pattern.paid_s / 60
    hand.days[person] += 1
