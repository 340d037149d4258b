"""What to loosen where no roster keeps everything: rules and goals, one at a time, each tried.

A sentence is only said of a change with which a roster was found (or, of teams too many to try, with which the counts
of shifts can be kept, and then the sentence says so). Beside it stands the roster that misses least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from results.roster import Roster
from results.words import counted
from scenarios.labour import Labour
from scenarios.units import clock_text
from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.shift_blocks import ANY, Staffed, staffed
from simulator.staffing.shift_counts import build
from simulator.staffing.shift_patterns import crews_of, patterns_of
from simulator.staffing.turns import own_shifts

TRIES_MOST = 30
PEOPLE_MORE = (1, 2, 4, 8, 16, 32)
"""How many more of a contract are tried."""

Change = tuple[str, Labour]


def looser(
    grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int, failed: Staffed
) -> tuple[Staffed, list[str]]:
    """Return the roster that misses least, and sentences on what to loosen.

    Args:
        grid: the block's teams.
        cuts: on them.
        labour: the rules it cannot keep.
        seconds: how long to search for each roster.
        seed: of the search.
        failed: what was found with everything asked.
    """
    highest = max([one.contract.paid_hour_in(team) for one in failed.crews for team in grid.teams], default=1.0)
    nearest = staffed(grid, cuts, labour, seconds, seed, short_price=1000 * max(highest, 1.0))
    told = list(_of_rules(grid, cuts, labour, seconds, seed))
    if nearest.impossible:
        people = "contracts and rules cannot be kept whatever is demanded: hours_week.least, or days_week.least"
        return nearest, told or [f"{people}, ask for more than the shifts and absences allow"]
    told += _of_goals(grid, cuts, labour, nearest)
    return nearest, told or ["rules: no weeks were found for some shifts that were counted; allow more people"]


def _of_rules(grid: Grid, cuts: Sequence[Cut], labour: Labour, seconds: float, seed: int) -> Iterator[str]:
    """Try one rule after the other, each by steps, and say the first step with which everything else is kept."""
    tries = 0
    for changes in _changes(grid, labour):
        for sentence, changed in changes:
            tries += 1
            if tries > TRIES_MOST:
                return
            if not _may_be_kept(grid, cuts, changed):
                continue
            found = staffed(grid, cuts, changed, seconds / 10, seed, gap=ANY)
            if not found.impossible and not found.left:
                yield sentence
                break


def _may_be_kept(grid: Grid, cuts: Sequence[Cut], labour: Labour) -> bool:
    built = build(grid, cuts, labour, crews_of(labour, grid), patterns_of(labour, grid))
    return built.programme.solve(0.0, 0, relaxed=True).x is not None


def _changes(grid: Grid, labour: Labour) -> Iterator[list[Change]]:
    """Yield, for each rule, the steps by which it can be loosened."""
    told, rules = labour.rules, labour.rules.rules

    def rule(**update: object) -> Labour:
        changed = rules.model_copy(update=update)
        return _with(labour, rules=changed)

    kept = "the goals can be met"
    if rules.rest_hours is not None:
        least = rules.rest_hours.least
        steps = [least - less for less in (1, 2, 3, 4) if least - less > 0]
        yield [
            (
                f"rest between shifts {least:g} h: with {step:g} h {kept}",
                rule(rest_hours=_least(rules.rest_hours, step)),
            )
            for step in steps
        ]
    if rules.rest_week_hours is not None:
        least = rules.rest_week_hours.least
        steps = [step for step in (36.0, 24.0, 12.0) if step < least]
        weekly = rules.rest_week_hours
        yield [
            (f"rest of a week {least:g} h: with {step:g} h {kept}", rule(rest_week_hours=_least(weekly, step)))
            for step in steps
        ]
    if rules.days_in_row is not None:
        most = rules.days_in_row.most
        row = rules.days_in_row
        yield [
            (f"days in a row {most}: with {step} {kept}", rule(days_in_row=row.model_copy(update={"most": step})))
            for step in (most + 1, most + 2)
        ]
    if rules.weekends_off is not None:
        off = rules.weekends_off
        yield [(f"weekends off {off.least} of {off.of}: without that rule {kept}", rule(weekends_off=None))]
    if rules.hours_week is not None:
        week = rules.hours_week
        yield [
            (
                f"hours of a week {week.most:g}: with {week.most + more:g} {kept}",
                rule(hours_week=None if more > 12 else week.model_copy(update={"most": week.most + more})),
            )
            for more in (2, 4, 8, 12)
        ]
    for name in told.contracts:
        yield from _contract_changes(grid, labour, name)
    for person in told.people:
        if person.unavailable or person.days_off:
            free = person.model_copy(update={"unavailable": [], "days_off": []})
            people = [free if one.name == person.name else one for one in told.people]
            yield [(f"absences of {person.name}: without them {kept}", _with(labour, people=people))]


def _contract_changes(grid: Grid, labour: Labour, name: str) -> Iterator[list[Change]]:
    contract = labour.rules.contracts[name]
    kept = "the goals can be met"

    def with_contract(**update: object) -> Labour:
        contracts = labour.rules.contracts | {name: contract.model_copy(update=update)}
        return _with(labour, contracts=contracts)

    hours, days = contract.hours_week, contract.days_week
    if isinstance(contract.count_most, dict):
        for team in [team for team in contract.count_most if team in grid.teams]:
            count = contract.count_most[team]
            yield [
                (
                    f"{name} count_most of {team} {count}: {_more(more)} would do",
                    with_contract(count_most=contract.count_most | {team: count + more}),
                )
                for more in PEOPLE_MORE
            ]
    else:
        count = contract.count_most
        yield [
            (f"{name} count_most {count}: {_more(more)} would do", with_contract(count_most=count + more))
            for more in PEOPLE_MORE
        ]
    yield [
        (
            f"{name} hours_week most {hours.most:g}: with {hours.most + more:g} {kept}",
            with_contract(hours_week=hours.model_copy(update={"most": hours.most + more})),
        )
        for more in (2, 4, 8)
    ]
    if days.most < 7:
        yield [
            (
                f"{name} days_week most {days.most}: with {days.most + 1} {kept}",
                with_contract(days_week=days.model_copy(update={"most": days.most + 1})),
            )
        ]
    if hours.least or days.least:
        yield [
            (
                f"{name} hours_week least {hours.least:g} and days_week least {days.least}: without them {kept}",
                with_contract(
                    hours_week=hours.model_copy(update={"least": 0.0}), days_week=days.model_copy(update={"least": 0})
                ),
            )
        ]


def _more(count: int) -> str:
    return "one more" if count == 1 else f"{count} more"


def _least(rule: object, least: float) -> object:
    return rule.model_copy(update={"least": least})  # type: ignore[attr-defined]


def _with(labour: Labour, **update: object) -> Labour:
    return Labour(labour.rules.model_copy(update=update), labour.starts, labour.time_zone, labour.days, labour.holidays)


def _of_goals(grid: Grid, cuts: Sequence[Cut], labour: Labour, nearest: Staffed) -> list[str]:
    """Say which goals and least seats the nearest roster misses, and by how much."""
    roster = Roster(tuple(own_shifts(grid.teams, nearest)), labour.starts, labour.time_zone, labour.days)
    seats = roster.seats(grid.teams, grid.begins_s, grid.minutes)
    told: dict[str, float] = {}
    for cut in cuts:
        short = cut.at_least - sum(weight * seats[key] for key, weight in cut.weights.items())
        if short > 1e-6 * max(abs(cut.at_least), 1.0):
            told[cut.goal] = max(told.get(cut.goal, 0.0), short / max(abs(cut.at_least), 1e-12))
    sentences = [f"{goal}: these people miss {share:.1%} of what it asks; ask less" for goal, share in told.items()]
    short_seats = np.maximum(grid.least - seats, 0)
    for team, missing in zip(grid.teams, short_seats, strict=True):
        if missing.any():
            hours = missing.sum() * grid.minutes / 60
            none = _uncovered(grid, labour, nearest, missing)
            sentences.append(
                f"seats of {team}: {hours:g} agent hours of those asked for are missed; ask for fewer{none}"
            )
    return sentences


def _uncovered(grid: Grid, labour: Labour, nearest: Staffed, missing: Seats) -> str:
    """Say where no shift that may be worked covers an interval whose seats are missed."""
    covered = {interval for pattern in nearest.patterns for interval in pattern.covers}
    at = [int(interval) for interval in np.flatnonzero(missing) if int(interval) not in covered]
    if not at:
        return ""
    begins_s = float(grid.begins_s[at[0]])
    first = f"{clock_text(labour.local.clock_s(begins_s))} on {labour.date(labour.local.day_at(begins_s))}"
    more = f" and {counted(len(at) - 1, 'interval')} more" if len(at) > 1 else ""
    return f", or allow shifts that cover {first}{more}: none does"
