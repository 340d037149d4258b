import math

import numpy as np
import pandas as pd
import pytest

from results import charts
from results.clock import RunClock


def waiting(**columns):
    """Return contacts of one replication, unless columns say otherwise."""
    return pd.DataFrame({"replication": 0, **columns})


def test_the_band_is_over_replications_and_the_points_are_half_hour_means():
    """Without it the picture could show the spread of contacts, which says nothing of days."""
    drawn = waiting(replication=[0, 0, 1, 1], arrived_s=[10.0, 20.0, 30.0, 1900.0])
    seen = waiting(arrived_s=[5.0, 6.0, 7.0])
    table = charts.through_the_day((drawn, np.array([10.0, 30.0, 40.0, 8.0])), (seen, np.array([1.0, 3.0, np.nan])))
    assert table["from_s"].tolist() == [0.0, 1800.0]
    assert table["middle"].tolist() == [30.0, 8.0]  # of 20 and 40; of 8 alone
    assert table["measured"].iloc[0] == 2.0
    assert math.isnan(table["measured"].iloc[1])
    assert table["contacts"].tolist() == [2.0, 0.0]


def test_days_lie_upon_each_other_on_the_clock_of_the_operation():
    """Without it a month would be drawn as one unreadable line, or at the wrong time of day."""
    drawn = waiting(arrived_s=[0.0, 86_400.0])
    table = charts.through_the_day((drawn, np.array([4.0, 8.0])), None, RunClock(3600.0))
    assert table[["from_s", "middle"]].to_numpy().tolist() == [[3600.0, 6.0]]


def test_the_distribution_rises_to_all_contacts():
    """Without it the curve could leave out those who waited longest."""
    drawn = waiting(replication=[0, 0, 1, 1], arrived_s=[0.0] * 4)
    table = charts.distribution((drawn, np.array([1.0, 2.0, 1.0, 3.0])), np.array([2.0, np.nan, 4.0]))
    assert (np.diff(table["middle"]) >= 0).all()
    assert table["low"].iloc[-1] == 1.0
    assert table["measured"].iloc[-1] < 1.0  # the grid ends at the 99th percentile
    assert table["measured"].iloc[0] == 0.0


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_chart_is_drawn_of_whatever_there_is(rows):
    """Without it a quiet channel would cost the whole report."""
    table = pd.DataFrame({"from_s": [32400.0, 34200.0, 36000.0][:rows]})
    table = table.assign(low=1.0, middle=2.0, high=3.0, measured=np.nan, contacts=0.0)
    chart = charts.day_chart(table, "Chat customers", "measured")
    assert chart.svg.startswith("<svg aria-hidden")
    assert chart.message.startswith("Chat customers")


def test_colours_are_the_pages_own():
    """Without it charts would stay black on black in dark mode."""
    table = pd.DataFrame({"x": [1.0, 2.0], "low": 1.0, "middle": 2.0, "high": 3.0, "measured": 2.5})
    svg = charts.band_chart(table, "x", "y")
    assert "var(--measured)" in svg
    assert "#0000" not in svg


def test_the_drawing_of_a_gate_says_in_words_what_it_shows():
    """Without it the verdict's evidence would be closed to those who cannot see it."""
    svg = charts.tolerance_drawing(41.0, 35.0, math.inf, 27.0, 'Difference +41 s "of" <all>')
    assert 'role="img" aria-label="Difference +41 s &quot;of&quot; &lt;all&gt;"' in svg
    assert svg.count("<rect") == 1
    assert "nan" not in svg
    assert "inf" not in svg.replace("info", "")


@pytest.mark.parametrize("tolerance", [None, math.nan, 5.0])
def test_the_drawing_of_nothing_is_empty_not_a_zero(tolerance):
    """Without it a missing measurement would be drawn as perfect agreement."""
    svg = charts.tolerance_drawing(math.nan, math.nan, math.nan, tolerance, "none")
    assert "circle" not in svg
    assert "nan" not in svg
