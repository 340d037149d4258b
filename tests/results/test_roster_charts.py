"""The chart of required, scheduled and present."""

import numpy as np

from results.roster import Roster, RosterBreak, RosterShift
from results.roster_charts import staffing_charts

HOUR = 3600


def _roster():
    breaks = (RosterBreak(12 * HOUR, 13 * HOUR, paid=False),)
    return Roster((RosterShift("Ada", "full", "front", 8 * HOUR, 16 * HOUR, breaks),), "2026-05-04", "Europe/Rome", 1)


def _charts(required):
    begins_s = np.arange(24) * float(HOUR)
    return staffing_charts(_roster(), ["front", "back"], required, begins_s, 60)


def test_a_planner_sees_when_fewer_are_at_work_than_are_asked_for():
    """Without it a lunch hour without anybody could look like a roster that keeps what is asked."""
    required = np.zeros((2, 24), dtype=int)
    required[0, 9:14] = 1
    (chart,) = _charts(required)
    assert chart.message == (
        "front, agent hours: 5 required, 8 scheduled, 7 present; in 1 interval fewer are at work than are required, "
        "most on Monday 4 May at 12:00: 1 too few."
    )
    assert chart.numbers["present"].tolist()[11:14] == [1, 0, 1]
    assert chart.numbers["scheduled"].tolist()[11:14] == [1, 1, 1]
    assert "var(--measured)" in chart.svg
    assert "#0000" not in chart.svg


def test_a_team_whose_seats_are_all_filled_says_so_and_one_without_anybody_has_no_chart():
    """Without it the page could warn where nothing is wrong, or draw empty charts."""
    required = np.zeros((2, 24), dtype=int)
    required[0, 9] = 1
    charts = _charts(required)
    assert len(charts) == 1
    assert charts[0].message.endswith("in every interval as many are at work as are required.")
