"""Shifts of all people jointly, as one integer programme over counts: the least cost that keeps cuts and weekly rules.

Counted are people of a crew in a team who work a pattern, and of those in a team who work a pattern how many begin a
break when: so breaks are placed together with the shifts. Weekly rules are told of a crew as a whole (each necessary,
and nearly enough); `simulator.staffing.weeks` then gives each person a week. What the counts cost is no more than any
roster's: their bound is one for rosters too. A rule is loosened by leaving it out of `Labour`, not here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from scenarios.labour import Labour
from simulator.staffing.highs import cheapest
from simulator.staffing.problem import Cut, Grid, Values
from simulator.staffing.shift_patterns import Crew, Pattern, can_work, intervals_touched
from simulator.staffing.week_rules import rest_cliques

Work = tuple[int, int, int]
"""(crew, team, pattern)."""
BreakAt = tuple[int, int, int, int]
"""(team, pattern, which of its breaks, when it begins in scenario seconds)."""


@dataclass(eq=False)
class Programme:
    """An integer programme as it is written: variables with price and bounds, and rows."""

    price: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)

    def variable(self, price: float, low: float, high: float, whole: bool = True) -> int:
        """Add a variable and return its place."""
        self.price.append(price)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.price) - 1

    def row(self, terms: Iterable[tuple[int, float]], least: float = -np.inf, most: float = np.inf) -> None:
        """Add a row: the sum of weight x variable is between two numbers."""
        for at, weight in terms:
            self.at.append(at)
            self.weight.append(weight)
        self.ends.append(len(self.at))
        self.least.append(least)
        self.most.append(most)

    def between(self, variable: int, x: Values) -> tuple[float, float]:
        """Return from and to what a variable may be where all others stay as they are in a solution `x`."""
        low, high = self.low[variable], self.high[variable]
        for row, (begins, ends) in enumerate(itertools.pairwise(self.ends)):
            own = [self.weight[at] for at in range(begins, ends) if self.at[at] == variable]
            if not own or not sum(own):
                continue
            rest = sum(self.weight[at] * x[self.at[at]] for at in range(begins, ends) if self.at[at] != variable)
            ends_at = [(limit - rest) / sum(own) for limit in (self.least[row], self.most[row])]
            low, high = max(low, min(ends_at)), min(high, max(ends_at))
        return low, high

    def solve(self, gap: float, nodes: int, relaxed: bool = False) -> Any:
        """Solve it with HiGHS; nothing of it depends on the clock."""
        return self._cheapest(np.array(self.low), np.array(self.high), gap, nodes, relaxed)

    def solve_near(self, x: Values, some: Iterable[int], gap: float, nodes: int) -> Any:
        """Solve it near a solution in parts of whole numbers: of some variables, what is 0 there stays 0.

        The others of them are at least what is there less one. So most of a programme is settled before it begins.
        """
        low, high = np.array(self.low), np.array(self.high)
        own = np.fromiter(some, dtype=np.int64)
        low[own] = np.maximum(low[own], np.ceil(x[own] - 1 - 1e-9))
        high[own[x[own] < 1e-9]] = 0.0
        return self._cheapest(low, high, gap, nodes)

    def _cheapest(self, low: Values, high: Values, gap: float, nodes: int, relaxed: bool = False) -> Any:
        rows = csr_array((self.weight, self.at, self.ends), (len(self.least), len(self.price)))
        return cheapest(
            np.array(self.price),
            False if relaxed else np.array(self.whole, dtype=np.int64),
            low,
            high,
            rows,
            (np.array(self.least), np.array(self.most)),
            gap,
            nodes,
        )


class Built(NamedTuple):
    """The programme, and where its variables are."""

    programme: Programme
    people: dict[int, int]
    work: dict[Work, int]
    pauses: dict[BreakAt, int]
    seats: dict[tuple[int, int], int]


def build(
    grid: Grid,
    cuts: Sequence[Cut],
    labour: Labour,
    crews: Sequence[Crew],
    patterns: Sequence[Pattern],
    short_price: float = 0.0,
) -> Built:
    """Write the programme; with a `short_price`, cuts and least seats may be missed at that price."""
    programme = Programme()
    people = {at: programme.variable(0.0, crew.least, crew.most) for at, crew in enumerate(crews)}
    work: dict[Work, int] = {}
    for at, crew in enumerate(crews):
        for place, pattern in enumerate(patterns):
            if not can_work(crew, pattern, labour):
                continue
            for team in crew.teams:
                if pattern.covers and grid.most[team, list(pattern.covers)].all():
                    price = crew.contract.paid_hour_in(grid.teams[team]) * pattern.paid_h
                    work[at, team, place] = programme.variable(price, 0, crew.most)
    pauses = _add_pauses(programme, patterns, work)
    terms = _seat_terms(grid, patterns, work, pauses)
    seats = _add_demand(programme, grid, cuts, terms, short_price)
    for at, crew in enumerate(crews):
        own = {(team, place): variable for (who, team, place), variable in work.items() if who == at}
        _add_weeks(programme, labour, crew, people[at], own, patterns)
    return Built(programme, people, work, pauses, seats)


def _add_pauses(programme: Programme, patterns: Sequence[Pattern], work: dict[Work, int]) -> dict[BreakAt, int]:
    workers: dict[tuple[int, int], list[int]] = {}
    for (_, team, place), variable in work.items():
        workers.setdefault((team, place), []).append(variable)
    pauses: dict[BreakAt, int] = {}
    for (team, place), variables in workers.items():
        for which, pause in enumerate(patterns[place].pauses):
            begun = []
            for at_s in pause.may_begin_s:
                pauses[team, place, which, at_s] = programme.variable(0.0, 0, np.inf)
                begun.append((pauses[team, place, which, at_s], 1.0))
            programme.row([*begun, *((variable, -1.0) for variable in variables)], 0.0, 0.0)
    return pauses


def _seat_terms(
    grid: Grid, patterns: Sequence[Pattern], work: dict[Work, int], pauses: dict[BreakAt, int]
) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """Return what makes up the seats of each team and interval."""
    terms: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for (_, team, place), variable in work.items():
        for interval in patterns[place].covers:
            terms.setdefault((team, interval), []).append((variable, 1.0))
    for (team, place, which, at_s), variable in pauses.items():
        covered = set(patterns[place].covers)
        for interval in intervals_touched(grid, at_s, at_s + patterns[place].pauses[which].length_s):
            if interval in covered:
                terms[team, interval].append((variable, -1.0))
    return terms


def _add_demand(
    programme: Programme,
    grid: Grid,
    cuts: Sequence[Cut],
    terms: dict[tuple[int, int], list[tuple[int, float]]],
    short_price: float,
) -> dict[tuple[int, int], int]:
    """Add seats as variables of their own, between least and most, and the cuts on them."""
    seats: dict[tuple[int, int], int] = {}
    wanted = {key for cut in cuts for key in cut.weights}
    for team in range(len(grid.teams)):
        for interval in range(len(grid.begins_s)):
            key, least = (team, interval), float(grid.least[team, interval])
            if key not in terms and not least and key not in wanted:
                continue
            soft = short_price > 0 and least > 0
            low = 0.0 if soft or key not in terms else least
            seats[key] = programme.variable(0.0, low, float(grid.most[team, interval]), whole=False)
            programme.row([(seats[key], -1.0), *terms.get(key, [])], 0.0, 0.0)
            if soft:
                short = programme.variable(short_price, 0.0, least, whole=False)
                programme.row([(seats[key], 1.0), (short, 1.0)], least)
            elif key not in terms and least:
                programme.row([(seats[key], 1.0)], least)
    for cut in cuts:
        row = [(seats[key], float(weight)) for key, weight in cut.weights.items()]
        if short_price:
            reach = max((abs(weight) for weight in cut.weights.values()), default=1.0)
            row.append((programme.variable(short_price / reach, 0.0, np.inf, whole=False), 1.0))
        programme.row(row, cut.at_least)
    return seats


def _add_weeks(
    programme: Programme,
    labour: Labour,
    crew: Crew,
    people: int,
    own: dict[tuple[int, int], int],
    patterns: Sequence[Pattern],
) -> None:
    """Add what rules and contract ask of a crew as a whole."""
    by_day: dict[int, list[tuple[int, Pattern]]] = {}
    for (_, place), variable in own.items():
        by_day.setdefault(patterns[place].day, []).append((variable, patterns[place]))
    for worked in by_day.values():
        programme.row([*((variable, 1.0) for variable, _ in worked), (people, -1.0)], most=0.0)
    weeks: dict[int, list[tuple[int, Pattern]]] = {}
    for day, worked in by_day.items():
        weeks.setdefault(labour.week_of(day), []).extend(worked)
    for week, whole in labour.whole_weeks().items():
        _add_week(programme, labour, crew, people, weeks.get(week, []), whole)
    rules = labour.rules.rules
    teams: dict[int, list[int]] = {}
    for (_, place), variable in own.items():
        teams.setdefault(place, []).append(variable)
    for places in rest_cliques(labour, teams, patterns):
        row = [(variable, 1.0) for place in places for variable in teams[place]]
        programme.row([*row, (people, -1.0)], most=0.0)
    if rules.days_in_row is not None:
        most = rules.days_in_row.most
        for first in range(min(by_day, default=0), max(by_day, default=0) - most + 1):
            row = [(variable, 1.0) for day in range(first, first + most + 1) for variable, _ in by_day.get(day, [])]
            programme.row([*row, (people, -float(most))], most=0.0)


def _add_week(
    programme: Programme, labour: Labour, crew: Crew, people: int, worked: list[tuple[int, Pattern]], whole: bool
) -> None:
    contract, rules = crew.contract, labour.rules.rules
    days = [(variable, 1.0) for variable, _ in worked]
    hours = [(variable, pattern.paid_h) for variable, pattern in worked]
    days_most = contract.days_week.most
    if whole and rules.rest_week_hours is not None and rules.rest_week_hours.least > 24:
        days_most = min(days_most, 6)  # a shift begins on each of seven days: no rest between two of them is longer
    programme.row([*days, (people, -float(days_most))], most=0.0)
    row = [*hours, (people, -contract.hours_week.most)]
    most = contract.hours_week.most
    if contract.overtime is not None:
        most += contract.overtime.hours_week_most
        over = programme.variable(contract.overtime.extra_hour, 0.0, np.inf, whole=False)
        row.append((over, -1.0))
        programme.row([(over, 1.0), (people, -contract.overtime.hours_week_most)], most=0.0)
    programme.row(row, most=0.0)
    if rules.hours_week is not None and rules.hours_week.most < most:
        programme.row([*hours, (people, -rules.hours_week.most)], most=0.0)
    if whole:
        programme.row([*days, (people, -float(contract.days_week.least))], 0.0)
        programme.row([*hours, (people, -contract.hours_week.least)], 0.0)
