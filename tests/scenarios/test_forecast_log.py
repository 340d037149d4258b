"""Volumes from a recorded log: each weekday's mean profile, and the error of that rule, measured on the log itself."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from results.runs import FINISHED, Run
from scenarios.cells import cells_of
from scenarios.faults import FaultsFoundError
from scenarios.forecast_log import LogVolumes, back_tested
from tests.written import one_desk, written

FIRST = datetime.date(2026, 1, 5)
"""A Monday."""

HOURS = {"opens": "00:00", "closes": "24:00"}


def _log(folder, counts):
    """Write a recorded run: `counts` maps (day, hour, channel, intent) to how many came."""
    rows = [
        (channel, intent, day * 86_400 + hour * 3600 + 60.0 + at)
        for (day, hour, channel, intent), count in counts.items()
        for at in range(count)
    ]
    legs = pd.DataFrame(rows, columns=["channel", "intent", "arrived_s"])
    ids = [f"{at:06d}" for at in range(len(legs))]
    legs = legs.assign(
        contact_id=ids, case_id=ids, customer_id="u", replication=0, attempt=1, leg=0, source="recorded", run_id="r",
        leg_end="answered", contact_outcome="resolved", played_by="background", answered_s=legs["arrived_s"],
        ended_s=legs["arrived_s"],
    )  # fmt: skip
    days = 1 + max(day for day, *_ in counts)
    facts = {"kind": "recorded", "origin": f"{FIRST}T00:00:00+00:00", "time_zone": "UTC", "days": days, "run_id": "r"}
    run = Run.create(folder, facts)
    run.write_table("legs", legs)
    run.write_facts(state=FINISHED)


def _told(folder, demand=None, **changes):
    entry = {"intent": "order", "channels": {"phone": 0.5, "chat": 0.5}, "forecast": {"log": "log", "weeks": 2}}
    scenario = one_desk(
        demand=[{**entry, **(demand or {})}], channels={"phone": HOURS, "chat": HOURS},
        intents={"order": "?", "refund": "?"}, starts="2026-01-26",
    )  # fmt: skip
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    return written(folder, {**scenario, **changes})


def _faults(folder, *told, **changes):
    with pytest.raises(FaultsFoundError) as caught:
        _told(folder, *told, **changes)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


THREE_WEEKS = {
    (0, 9, "phone", "order"): 50,  # a Monday that is too long ago
    (7, 9, "phone", "order"): 30, (7, 9, "chat", "order"): 10, (8, 9, "phone", "order"): 5,
    (14, 9, "phone", "order"): 10, (14, 9, "chat", "order"): 10, (14, 20, "chat", "order"): 8,
    (15, 9, "phone", "order"): 6, (20, 23, "phone", "refund"): 9,
}  # fmt: skip


def test_a_day_is_forecast_as_the_mean_of_the_last_of_its_weekday(tmp_path):
    """Without it Mondays could be forecast from Tuesdays, from all weeks, or with the mix of the whole log."""
    _log(tmp_path / "log", THREE_WEEKS)
    loaded = _told(tmp_path, days=3)
    assert [[(one.start_s / 3600, one.contacts) for one in loaded.expected(0, day)] for day in range(3)] == [
        [(9, 30), (20, 4)], [(9, 5.5)], [],
    ]  # fmt: skip
    assert [one.mix for one in loaded.expected(0, 0)] == [pytest.approx((2 / 3, 1 / 3)), (0, 1)]
    assert cells_of(loaded).mean.tolist() == [30, 4, 5.5]


def test_nothing_of_the_scenarios_own_days_or_later_is_looked_at(tmp_path):
    """Without it a forecast would be good because it has seen the day."""
    _log(tmp_path / "log", {**THREE_WEEKS, (21, 9, "phone", "order"): 500, (28, 9, "phone", "order"): 500})
    loaded = _told(tmp_path, days=8)
    assert loaded.expected(0, 0)[0].contacts == 30 == loaded.expected(0, 7)[0].contacts


def test_recorded_holidays_are_no_mondays_and_a_holiday_to_come_is_empty(tmp_path):
    """Without it the Monday after Easter Monday would be staffed for a holiday, or the holiday for a Monday."""
    _log(tmp_path / "log", THREE_WEEKS)
    loaded = _told(tmp_path, holidays=["2026-01-19"])
    assert [(one.start_s / 3600, one.contacts) for one in loaded.expected(0, 0)] == [(9, 45)]
    loaded = _told(tmp_path, holidays=["2026-01-26"], demand={"week": {"holiday": 0.1}})
    assert [one.contacts for one in loaded.expected(0, 0)] == [3, pytest.approx(0.4)]
    assert sum(one.contacts for one in _told(tmp_path, holidays=["2026-01-26"]).expected(0, 0)) == 0


def test_retries_and_later_legs_are_no_contacts_of_their_own(tmp_path):
    """Without it `retry` and `transfers` of the scenario would bring again what the log holds of them already."""
    _log(tmp_path / "log", THREE_WEEKS)
    before = _told(tmp_path)
    run = Run.open(tmp_path / "log")
    legs = run.table("legs")
    again = [legs.assign(attempt=2), legs.assign(leg=1), legs.assign(role="work"), legs.assign(replication=1)]
    pd.concat([legs, *again]).to_parquet(tmp_path / "log" / "legs.parquet")
    after = _told(tmp_path)
    assert after.expected(0, 0) == before.expected(0, 0)
    assert after.hash != before.hash


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"demand": {"forecast": {"log": "log", "weeks": 4}}, "days": 2},
         "the log is of 3 mondays, 3 tuesdays only, for order (demand[0]); expected 4 of each, as `weeks` says"),
        ({"holidays": ["2026-01-12", "2026-01-19"]}, "the log is of 1 monday only"),
        ({"starts": "2026-01-05"}, "the log is of 0 mondays only"),
        ({"demand": {"forecast": {"log": "nowhere"}}}, "demand[0].forecast.log is 'nowhere'"),
        ({"demand": {"week": {"monday": 2}}}, "no weekday in week beside forecast.log"),
        ({"forecast": {"error": {"measured": True}}}, "asked of 2 days; expected at least 10 recorded days"),
        ({"forecast": {"error": {"measured": True}}, "busyness": {"cv": 0.1}}, "asked for beside busyness"),
        ({"forecast": {"error": {"measured": True, "daily_cv": 0.1}}}, "either measured or weekly_cv and daily_cv"),
    ],
)  # fmt: skip
def test_a_log_that_tells_too_little_is_refused(tmp_path, changes, words):
    """Without it two Mondays would pass for four, or an error be measured on next to nothing."""
    _log(tmp_path / "log", {**THREE_WEEKS, (1, 9, "phone", "order"): 5})
    assert any(words in fault for fault in _faults(tmp_path, **changes))


def test_an_intent_that_was_never_recorded_is_refused(tmp_path):
    """Without it an intent that the log calls otherwise would never come."""
    _log(tmp_path / "log", {(14, 9, "phone", "orders"): 3})
    (fault,) = _faults(tmp_path)
    assert "intent is never 'order'; expected one of: orders (did you mean it?)" in fault


def _series(seed, weeks, mean, weekly_cv, daily_cv, growth=0.0):
    """Recorded days whose truth is known: a mean, a factor for each week and each day, and the chance of counts."""
    luck = np.random.default_rng(seed)
    counts = {}
    for week in range(weeks):
        of_week = luck.gamma(weekly_cv**-2, weekly_cv**2) if weekly_cv else 1.0
        for day in range(7):
            of_day = luck.gamma(daily_cv**-2, daily_cv**2) if daily_cv else 1.0
            come = luck.poisson(mean * (1 + growth) ** week * of_week * of_day)
            counts[FIRST + datetime.timedelta(days=7 * week + day)] = np.array([[float(come)]])
    end = FIRST + datetime.timedelta(days=7 * weeks)
    return LogVolumes(path=None, interval_minutes=1440, weeks=4, counts=counts, before=end)


def test_a_back_test_finds_the_error_that_is_there(tmp_path):
    """Without it the chance of counts, drawn anyway, would be counted twice, or a bad week taken for seven bad days."""
    found = back_tested([(_series(1, 400, 100, 0.10, 0.15), 1.0)])
    # the forecast is a mean of four such days of other weeks, so a quarter of each variance, and of chance, is its own
    assert found.weekly_cv == pytest.approx(np.sqrt(0.10**2), rel=0.25)
    assert np.sqrt(found.weekly_cv**2 + found.daily_cv**2) == pytest.approx(
        np.sqrt(1.25 * (0.10**2 + 0.15**2) + 0.25 / 100), rel=0.06
    )
    assert (found.days, found.weeks) == (396 * 7, 396)
    assert found.bias == pytest.approx(0.0, abs=0.02)
    assert found.chance_cv == pytest.approx(0.1, rel=0.05)


def test_counts_of_chance_alone_leave_only_what_the_forecast_itself_has_of_it(tmp_path):
    """Without it a desk of few contacts would be said to have days that nobody can foresee."""
    found = back_tested([(_series(2, 400, 25, 0, 0), 1.0)])
    assert found.weekly_cv < 0.05
    assert np.sqrt(found.weekly_cv**2 + found.daily_cv**2) == pytest.approx(np.sqrt(0.25 / 25), rel=0.15)


def test_a_rule_that_runs_after_growth_is_told_its_bias(tmp_path):
    """Without it a forecast that is always too low would pass for one that is uncertain."""
    found = back_tested([(_series(3, 60, 400, 0, 0, growth=0.02), 1.0)])
    assert found.bias == pytest.approx(1.02**2.5 - 1, abs=0.01)
    assert found.daily_cv < 0.05


def test_errors_of_two_intents_are_measured_of_both_together(tmp_path):
    """Without it two intents that err apart would be said to err together."""
    one, two = _series(4, 300, 400, 0, 0.2), _series(5, 300, 400, 0, 0.2)
    alone, both = back_tested([(one, 1.0)]), back_tested([(one, 1.0), (two, 1.0)])
    assert both.daily_cv == pytest.approx(alone.daily_cv / np.sqrt(2), rel=0.1)
    assert back_tested([(one, 3.0)]).daily_cv > alone.daily_cv  # thrice as many: less of it is chance


def test_a_measured_error_is_the_one_that_is_drawn(tmp_path):
    """Without it `measured: true` could be accepted and nothing drawn."""
    luck = np.random.default_rng(6)
    counts = {(day, 9, "phone", "order"): int(luck.poisson(40 * luck.gamma(25, 1 / 25))) for day in range(70)}
    _log(tmp_path / "log", counts)
    loaded = _told(tmp_path, starts="2026-03-16", forecast={"error": {"measured": True}})
    error = loaded.scenario.forecast.error
    assert (error.weekly_cv, error.daily_cv) == (loaded.back_test.weekly_cv, loaded.back_test.daily_cv)
    assert [layer.cv for layer in cells_of(loaded).busyness] == [cv for cv in (error.weekly_cv, error.daily_cv) if cv]
    assert 0.1 < error.daily_cv < 0.35
    assert loaded.back_test.days == 56
