"""What validation measures as another simulator does: counts of a week, and time of agents who stay too long."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator.simulate import simulate
from simulator.validation.contactcenters_parts import ended_as, gave_up, mean_number, only, served_within
from simulator.validation.measures import (
    Measure,
    Seen,
    busy_of_present,
    busy_share,
    counted,
    customers_mean,
    ratio_estimate,
    span,
    time_here,
)
from simulator.validation.telling import simulated
from tests.written import exactly, one_desk, written

NOON = 43_200.0


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """Two agents until noon, one for a minute more; talks of 600 s.

    Who comes at 11:51:40 and 11:56:40 is served beyond noon, the third gives up after 200 s; one wait ends at closing.
    """
    scenario = one_desk(
        2,
        exactly(600),
        channels={"phone": {"opens": "08:00", "closes": "12:05", "at_close": "cleared"}},
        patience={"phone": exactly(200)},
    )
    scenario["teams"]["front"]["agents"] = {"10:00": 2, "12:00": 1, "12:01": 0}
    arrivals = [("a", NOON - 500), ("b", NOON - 200), ("c", NOON - 200), ("d", NOON + 150)]
    legs = simulate(written(tmp_path, scenario, arrivals), replications=1).legs
    both = legs.assign(replication=1)  # another replication, alike
    return Seen.of(pd.concat([legs, both], ignore_index=True), 2, (0.0, 86_400.0), 86_400.0)


def _value(measure: Measure, seen: Seen) -> float:
    above, below = measure(seen)
    assert above[0] == pytest.approx(above[1])
    assert below[0] == pytest.approx(below[1])
    return ratio_estimate((above, below)).value


def test_how_long_contacts_are_here_is_a_mean(seen: Seen) -> None:
    """Without it a contact that waits could count as one that is served, or one that gave up as never there."""
    ended = seen.legs[seen.legs["replication"] == 0].set_index("contact_id")
    there = (ended["ended_s"] - ended["arrived_s"]).dropna()
    assert _value(time_here("order"), seen) == pytest.approx(there.mean())
    assert there.loc["a"] == 600
    assert np.isnan(ratio_estimate(span("refund")(seen)).value)


def test_contacts_are_counted_by_replication(seen: Seen) -> None:
    """Without it a count of a week could be one of all weeks, or of contacts that end another way."""
    assert _value(counted(gave_up), seen) == 1
    assert _value(counted(gave_up, 4), seen) == 0.25
    assert _value(counted(ended_as("cleared_at_close")), seen) == 1
    assert _value(counted(served_within(0)), seen) == 2
    assert _value(counted(only("order", served_within(0))), seen) == 2
    assert _value(counted(only("refund", served_within(0))), seen) == 0


def test_busy_time_counts_all_of_it_or_that_in_opening_hours(seen: Seen) -> None:
    """Without it overtime could be left out where the other simulator has it, or counted where it has not."""
    assert _value(busy_share("front", 2, 2), seen) == pytest.approx(1200 / 14_400)
    assert _value(busy_share("front", 2, 2, (36_000, NOON)), seen) == pytest.approx(700 / 14_400)


def test_those_who_stay_too_long_are_there(seen: Seen) -> None:
    """Without it the occupancy of a team whose roster falls would be above what its agents had time for."""
    roster = [(36_000.0, 2), (NOON, 1), (NOON + 60, 0)]
    there_s = 2 * 7200 + 2 * 100 + 300  # both until the first is done at 12:01:40, then the other until 12:06:40
    assert _value(busy_of_present("front", roster), seen) == pytest.approx(1200 / there_s)
    assert _value(busy_of_present("front", roster, "refund"), seen) == 0
    on = [(36_000.0, 2)]
    assert _value(busy_of_present("front", on, to_the_last=True), seen) == pytest.approx(1200 / (2 * 7600))
    assert _value(busy_of_present("front", on), seen) == pytest.approx(1200 / (2 * 50_400))


def test_customers_are_counted_over_all_hours(seen: Seen) -> None:
    """Without it a mean number of lines could be over the hours of opening, or count colleagues as customers."""
    assert _value(customers_mean, seen) == pytest.approx((600 + 600 + 200 + 150) / 86_400)


def test_a_figure_that_was_simulated_strays_by_its_interval() -> None:
    """Without it an interval of 90 % would be read as one of 95 %, and a right figure be found wrong."""
    ninety = simulated("share", counted(gave_up), "0.50", "0.45", "0.55", "somewhere", level=0.9)
    usual = simulated("share", counted(gave_up), "0.50", "0.45", "0.55", "somewhere")
    assert (ninety.strays, usual.strays) == pytest.approx((0.05 / 1.6449, 0.05 / 1.96), rel=1e-3)
    number = mean_number("came (english)", counted(gave_up), "1000", "999.9", "1000.1", "somewhere")
    assert (number.metric, number.tolerance) == ("came_mean (english)", 5)
    wide = mean_number("came", counted(gave_up), "10", "0.2", "19.8", "somewhere")
    assert wide.tolerance == pytest.approx(6 * 5 + 1, rel=1e-3)
