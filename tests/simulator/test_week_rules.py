"""One rule at a time, on one person whom all shifts are offered: none is broken, and each takes shifts away."""

import numpy as np
import pytest
from ruamel.yaml import YAML

from results.roster import Roster, RosterShift
from scenarios.labour import Labour, read_labour
from simulator.staffing.problem import Grid
from simulator.staffing.shift_patterns import crews_of, patterns_of
from simulator.staffing.weeks import give_weeks
from tests.simulator.roster_checker import broken_rules

DAYS = 14

RULES = {
    "rest_hours": {"rules": {"rest_hours": {"least": 15}}},
    "rest_week_hours": {"rules": {"rest_week_hours": {"least": 60}}},
    "days_in_row": {"rules": {"days_in_row": {"most": 4}}},
    "weekends_off": {"rules": {"weekends_off": {"least": 1, "of": 2}}},
    "hours_week": {"rules": {"hours_week": {"most": 30}}},
    "hours_week of the contract": {"contract": {"hours_week": {"most": 25}}},
    "overtime": {"contract": {"hours_week": {"most": 20}, "overtime": {"hours_week_most": 6, "extra_hour": 5}}},
    "days_week of the contract": {"contract": {"days_week": {"most": 5}}},
}


def _offered(folder, rules=None, contract=None):
    """Return what `give_weeks` is asked: all shifts of two weeks, each once."""
    told = {
        "labour": "one_person",
        "title": "Early and late",
        "interval_minutes": 60,
        "shifts": {
            "early": {"starts": {"from": "06:00", "to": "06:00"}, "hours": [6]},
            "late": {"starts": {"from": "15:00", "to": "15:00"}, "hours": [6]},
        },
        "contracts": {
            "one": {"shifts": ["early", "late"], "hours_week": {"most": 168}, "paid_hour": 20, "count_most": 9}
            | (contract or {})
        },
        "rules": {name: {**rule, "source": "ours"} for name, rule in (rules or {}).items()},
    }
    path = folder / "labour.yaml"
    YAML().dump(told, path)
    labour = Labour(read_labour(path), "2026-05-04", "Europe/Rome", DAYS)
    begins_s = np.arange(DAYS * 24) * 3600.0
    shape = (1, DAYS * 24)
    grid = Grid(("front",), begins_s, 60, np.ones(shape), np.zeros(shape, int), np.full(shape, 9))
    return labour, path, crews_of(labour, grid)[0], patterns_of(labour, grid)


def _given(asked, count, places):
    labour, path, crew, patterns = asked
    weeks = give_weeks(labour, crew, count, dict.fromkeys(places, 1), patterns, 5.0, 0)
    shifts = tuple(
        RosterShift(f"P{who}", "one", "front", patterns[place].begins_s, patterns[place].ends_s)
        for who, own in enumerate(weeks.people)
        for place in own
    )
    return weeks, broken_rules(Roster(shifts, labour.starts, labour.time_zone, labour.days), path)


@pytest.mark.parametrize("name", RULES)
def test_a_person_whom_all_shifts_are_offered_breaks_no_rule_and_works_less_for_it(tmp_path, name):
    """Without it a rule could be kept by chance only, as long as nobody presses."""
    free = _offered(tmp_path)
    everything = range(len(free[3]))
    most = len(_given(free, 1, everything)[0].people[0])
    assert most == DAYS
    weeks, broken = _given(_offered(tmp_path, **RULES[name]), 1, everything)
    assert broken == []
    if name == "rest_hours":  # early and late in turn, as long as they get later
        _labour, _, _, patterns = free
        hours = [
            patterns[place].begins_s // 3600 % 24 for place in sorted(weeks.people[0], key=lambda p: patterns[p].day)
        ]
        assert hours == sorted(hours)
    else:
        assert len(weeks.people[0]) < most


def test_two_people_are_not_one_with_twice_the_hours(tmp_path):
    """Without it three shifts of six hours could go to two people of nine: their hours are enough only together."""
    weeks, broken = _given(_offered(tmp_path, contract={"hours_week": {"most": 9}}), 2, [0, 1, 2])
    assert broken == []
    assert sum(weeks.left.values()) == 1


@pytest.mark.parametrize("least", [{"hours_week": {"least": 12, "most": 40}}, {"days_week": {"least": 2, "most": 5}}])
def test_people_are_not_given_less_than_their_contract_says(tmp_path, least):
    """Without it somebody with a contract of twelve hours could be sent home with six."""
    asked = _offered(tmp_path, contract=least)
    assert sum(_given(asked, 2, [0, 1, 2, 7, 8, 9])[0].left.values()) == 6
    weeks, broken = _given(asked, 2, [0, 1, 2, 3, 7, 8, 9, 10])
    assert (weeks.left, broken) == ({}, [])


def test_weeks_that_take_long_to_mend_are_not_given_up(tmp_path):
    """Without it a team whose weeks are hard to find would lose every shift, and cost others instead."""
    labour, _, crew, patterns = _offered(tmp_path, **RULES["rest_week_hours"])
    need = dict.fromkeys(range(len(patterns)), 2)
    assert give_weeks(labour, crew, 6, need, patterns, 0.001, 0).left == {}
