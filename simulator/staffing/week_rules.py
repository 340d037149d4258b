"""What contracts and rules ask of one person, as constraints on which shifts they work; for CP-SAT.

Exact, person by person. Weeks, days and weekends are by the day on which a shift begins. Refuses to know what is
demanded of a team.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scenarios.labour import Contract, Labour
from simulator.staffing.shift_patterns import Pattern


def add_person(
    model: Any, labour: Labour, contract: Contract, employed: Any, works: Mapping[int, Any], patterns: Sequence[Pattern]
) -> list[Any]:
    """Add what holds for one person and return their minutes of overtime, a variable for each week.

    Args:
        model: a `CpModel`.
        labour: rules and days.
        contract: theirs.
        employed: 1 where they are employed; who is not works nothing.
        works: by pattern that they may work, 1 where they do.
        patterns: all of them.
    """
    by_day: dict[int, list[Any]] = {}
    weeks: dict[int, list[int]] = {}
    for place, variable in works.items():
        by_day.setdefault(patterns[place].day, []).append(variable)
        weeks.setdefault(labour.week_of(patterns[place].day), []).append(place)
    for worked in by_day.values():
        model.add(sum(worked) <= employed)
    _add_rest(model, labour, works, patterns)
    _add_days_in_row(model, labour, by_day)
    _add_weekends(model, labour, by_day)
    over = []
    for week, whole in labour.whole_weeks().items():
        places = weeks.get(week, [])
        over += _add_week(model, labour, contract, employed, works, places, patterns, whole)
        if whole and labour.rules.rules.rest_week_hours is not None:
            _add_week_rest(model, labour, week, employed, works, patterns)
    return over


def _add_week(
    model: Any,
    labour: Labour,
    contract: Contract,
    employed: Any,
    works: Mapping[int, Any],
    places: Sequence[int],
    patterns: Sequence[Pattern],
    whole: bool,
) -> list[Any]:
    days = sum(works[place] for place in places)
    minutes = sum(works[place] * (patterns[place].paid_s // 60) for place in places)
    model.add(days <= contract.days_week.most)
    if whole:
        model.add(days >= contract.days_week.least * employed)
        model.add(minutes >= round(contract.hours_week.least * 60) * employed)
    most, rule = round(contract.hours_week.most * 60), labour.rules.rules.hours_week
    if rule is not None:
        model.add(minutes <= round(rule.most * 60))
    if contract.overtime is None:
        model.add(minutes <= most)
        return []
    over = model.new_int_var(0, round(contract.overtime.hours_week_most * 60), "")
    model.add(minutes <= most + over)
    return [over]


def _add_rest(model: Any, labour: Labour, works: Mapping[int, Any], patterns: Sequence[Pattern]) -> None:
    """No two shifts with less rest between: of all that, with the rest after them, hold one instant, one is worked."""
    for places in rest_cliques(labour, works, patterns):
        model.add_at_most_one(works[place] for place in places)


def rest_cliques(labour: Labour, places: Mapping[int, Any], patterns: Sequence[Pattern]) -> list[tuple[int, ...]]:
    """Return sets of patterns of which one person can work one at most, for the rest between them; none within another.

    Shifts with the rest after them are intervals, and all those of which each two overlap have an instant in common.
    """
    rule = labour.rules.rules.rest_hours
    rest_s = round(rule.least * 3600) if rule is not None else 0
    begins = sorted({patterns[place].begins_s for place in places})
    found: list[tuple[int, ...]] = []
    for at_s in begins:
        holding = tuple(p for p in places if patterns[p].begins_s <= at_s < patterns[p].ends_s + rest_s)
        if found and set(found[-1]) <= set(holding):
            found.pop()
        if len(holding) > 1:
            found.append(holding)
    return found


def _add_days_in_row(model: Any, labour: Labour, by_day: Mapping[int, list[Any]]) -> None:
    rule = labour.rules.rules.days_in_row
    if rule is None or not by_day:
        return
    for first in range(min(by_day), max(by_day) - rule.most + 1):
        window = [variable for day in range(first, first + rule.most + 1) for variable in by_day.get(day, [])]
        model.add(sum(window) <= rule.most)


def weekends(labour: Labour) -> list[tuple[int, ...]]:
    """Return the days of each weekend of a scenario, as far as they are in it."""
    found: dict[int, list[int]] = {}
    for day in range(-1, labour.days):
        date = labour.date(day)
        if date.weekday() >= 5:
            found.setdefault(date.toordinal() - date.weekday(), []).append(day)
    return [tuple(days) for days in found.values()]


def _add_weekends(model: Any, labour: Labour, by_day: Mapping[int, list[Any]]) -> None:
    rule = labour.rules.rules.weekends_off
    if rule is None:
        return
    worked = []
    for days in weekends(labour):
        own = [variable for day in days for variable in by_day.get(day, [])]
        at_work = model.new_bool_var("")
        for variable in own:
            model.add_implication(variable, at_work)
        worked.append(at_work)
    for first in range(max(len(worked) - rule.of + 1, 1)):
        model.add(sum(worked[first : first + rule.of]) <= rule.of - rule.least)


def week_spell_s(labour: Labour, week: int) -> tuple[int, int]:
    """Return when a whole week begins and ends, in scenario seconds."""
    days = [day for day in range(labour.days) if labour.week_of(day) == week]
    return labour.local.begins_s(days[0]), labour.local.begins_s(days[-1] + 1)


def _add_week_rest(
    model: Any, labour: Labour, week: int, employed: Any, works: Mapping[int, Any], patterns: Sequence[Pattern]
) -> None:
    """A long enough rest begins in the week: with it, or when some shift ends; it may go on into the next."""
    rule = labour.rules.rules.rest_week_hours
    assert rule is not None
    from_s, to_s = week_spell_s(labour, week)
    rest_s = round(rule.least * 3600)
    ends = {patterns[place].ends_s for place in works if from_s < patterns[place].ends_s <= to_s}
    rests = []
    for at_s in sorted({from_s, *ends}):
        rest = model.new_bool_var("")
        for place, variable in works.items():
            if patterns[place].begins_s < at_s + rest_s and patterns[place].ends_s > at_s:
                model.add_implication(rest, variable.negated())
        rests.append(rest)
    model.add(sum(rests) >= employed)
