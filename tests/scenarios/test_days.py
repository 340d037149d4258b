"""Weekdays and holidays: volumes, hours and rosters by the kind of day."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from probes.browse import best_start_s
from probes.desk.hall import Hall
from results.cautions import cautions_of
from scenarios.calendar import kind_of_day
from scenarios.misconduct import no_misconduct
from scenarios.plan import make_plan
from scenarios.rosters import daily_steps, shift_steps
from scenarios.scenario import Shift
from tests.written import demand, exactly, one_desk, written

DAY_S, HOUR_S = 86_400, 3600.0
FRIDAY = "2026-12-18"


def _kinds(day):
    """Four days from a Friday on, of which the Sunday is a holiday."""
    return kind_of_day(FRIDAY, ["2026-12-20"], day)


def test_days_are_those_of_the_calendar():
    """Without it a Sunday's volumes could come on a Monday, or a holiday be a weekday too."""
    assert [_kinds(day) for day in range(-1, 4)] == ["thursday", "friday", "saturday", "holiday", "monday"]
    assert kind_of_day("2024-02-28", [], 1) == "thursday"
    assert kind_of_day("2024-02-28", [], 2) == "friday"


def test_volumes_follow_the_week_and_rest_on_holidays(tmp_path):
    """Without it each day would have the volumes of a Monday."""
    told = demand(200, counts="fixed", factor=2, week={"friday": 1.5, "saturday": 0.25, "monday": 0})
    scenario = one_desk(demand=[told], days=5, starts=FRIDAY, holidays=["2026-12-20"])
    days = make_plan(written(tmp_path, scenario), 1)["due_s"] // DAY_S
    assert days.value_counts().to_dict() == {0: 600, 1: 100, 4: 400}
    told["week"]["holiday"] = 0.5
    days = make_plan(written(tmp_path, scenario), 1)["due_s"] // DAY_S
    assert days.value_counts().to_dict() == {0: 600, 1: 100, 2: 200, 4: 400}


def test_a_week_changes_nobody_on_its_plain_days(tmp_path):
    """Without it telling a Saturday's volumes would redraw the whole week."""
    plain = one_desk(demand=[demand(50)], days=2, starts=FRIDAY)
    other = {**plain, "demand": [demand(50, week={"saturday": 3})]}
    few, many = (make_plan(written(tmp_path, scenario), 1) for scenario in (plain, other))
    friday = few["due_s"] < DAY_S
    assert few[friday].equals(many[many["due_s"] < DAY_S])
    assert set(few["contact_id"]) < set(many["contact_id"])


def test_rosters_follow_the_week_and_rest_on_holidays():
    """Without it people would be paid on a day on which nobody comes, or absent on one on which all do."""
    week = {"saturday": {"10:00": 2, "12:00": 0}}
    steps = daily_steps({"09:00": 5, "17:00": 0}, 4, week, _kinds)
    told = [(0, 0), (9, 5), (17, 0), (24, 0), (34, 2), (36, 0), (48, 0), (72, 0), (81, 5), (89, 0)]
    assert [(at_s / HOUR_S, count) for at_s, count in steps] == told
    steps = daily_steps({"00:00": 5}, 4, {"holiday": {"00:00": 1}}, _kinds)
    assert [(at_s / HOUR_S, count) for at_s, count in steps] == [(0, 5), (24, 5), (48, 1), (72, 5)]


def test_shifts_come_on_their_days_and_a_night_goes_on_into_the_next():
    """Without it a Friday night would end at midnight, or a holiday have the shifts of its weekday."""
    night = Shift(starts="22:00", ends="06:00", agents=3, days=["thursday", "friday"])
    steps = shift_steps([night], 4, _kinds)
    assert [(at_s / HOUR_S, count) for at_s, count in steps] == [(0, 3), (6, 0), (22, 3), (30, 0)]
    usual, feast = (Shift(starts="09:00", ends="17:00", agents=2, days=days) for days in (None, ["holiday"]))
    assert [at_s / HOUR_S for at_s, count in shift_steps([usual], 4, _kinds) if count] == [9, 33, 81]
    assert [at_s / HOUR_S for at_s, count in shift_steps([feast], 4, _kinds) if count] == [57]


def _shop(folder, **changes):
    hours = {"saturday": "10:00-12:00", "monday": "closed"}
    channels = {"chat": {"opens": "08:00", "closes": "20:00", "hours": hours}}
    scenario = one_desk(channels=channels, days=5, starts=FRIDAY, holidays=["2026-12-20"], **changes)
    scenario["teams"]["front"]["channels"] = ["chat"]
    return written(folder, {"demand": [demand(50, channel="chat")], **scenario})


def test_the_rehearsal_desk_keeps_the_hours_of_the_day(tmp_path):
    """Without it the desk we shop would be open on a holiday on which the simulated one is closed."""
    hall = Hall(_shop(tmp_path), 1, no_misconduct(), None, None, 1.0)
    opened = {
        (day, hour) for day in range(5) for hour in (7, 9, 11, 15) if _is_open_at(hall, day * DAY_S + hour * 3600)
    }
    assert opened == {(0, 9), (0, 11), (0, 15), (1, 11), (4, 9), (4, 11), (4, 15)}


def _is_open_at(hall, at_s):
    hall.clock = SimpleNamespace(now_s=lambda: float(at_s))
    return hall.is_open("chat")


@pytest.mark.parametrize(("starts", "begins_h"), [(FRIDAY, 8), ("2026-12-19", 10)])
def test_a_browser_comes_when_the_first_day_opens(tmp_path, starts, begins_h):
    """Without it the handful of browser journeys would find the desk closed on a Saturday."""
    loaded = _shop(tmp_path)
    moved = replace(loaded, scenario=loaded.scenario.model_copy(update={"starts": starts}))
    assert best_start_s(moved) == begins_h * 3600 + 300


def test_the_caution_of_a_queue_that_grows_knows_the_week(tmp_path):
    """Without it a desk that is closed half the week would be blamed for work that never comes."""
    scenario = one_desk(1, exactly(300), demand=[demand(250, week={"saturday": 2})], days=2, starts=FRIDAY)
    assert [one.kind for one in cautions_of(written(tmp_path, scenario), [])] == ["unstable"]
    scenario["channels"]["phone"]["hours"] = {"saturday": "closed"}
    assert cautions_of(written(tmp_path, scenario), []) == []
