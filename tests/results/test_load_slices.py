"""A load test cut into slices: nobody is lost between them, and what was slow is told where it began."""

import math

import numpy as np
import pytest

from results.bands import Bins
from results.load_figures import Measured
from results.load_slices import answers_over_time, arrivals_over_time, slices_of
from results.log import table_of
from tests.results.test_load_intervals import crowd


def test_everyone_who_was_due_or_begun_stands_in_one_slice() -> None:
    """Without it the chart would show fewer customers than came."""
    run = crowd(3, 1000)
    legs = run.legs.assign(arrived_s=run.legs["due_s"] + 0.25)
    legs.loc[legs.index[:10], "arrived_s"] = None
    run = Measured(table_of("legs", legs), run.responses, (), 0.0)
    bins = slices_of(run)
    assert bins is not None
    table = arrivals_over_time(run, bins)
    assert (table["due"].sum(), table["begun"].sum()) == (1000, 990)
    assert table["due"].iloc[0] == bins.bin_s
    assert table["begun"].iloc[0] == bins.bin_s - 10
    assert list(np.diff(table["from_s"])) == [bins.bin_s] * (len(table) - 1)


def test_an_answer_counts_where_its_step_was_meant_and_the_unanswered_are_counted() -> None:
    """Without it a stall would be drawn when it was over, and silence as if nobody had asked."""
    run = crowd(3, 40)
    responses = run.responses.assign(seen_by_s=run.responses["intended_s"] + 0.1)
    responses.loc[12, "seen_by_s"] = 112.0
    responses.loc[13, "seen_by_s"] = math.nan
    table = answers_over_time(responses, Bins(0.0, 10.0, 4))
    assert list(table["from_s"]) == [0.0, 10.0, 20.0, 30.0]
    assert list(table["steps"]) == [10] * 4
    assert list(table["unanswered"]) == [0, 1, 0, 0]
    assert list(table["p99"]) == pytest.approx([0.1, 100.0, 0.1, 0.1])
    assert list(table["p50"]) == pytest.approx([0.1] * 4)


def test_the_last_instant_of_a_run_lies_in_its_last_slice() -> None:
    """Without it the customer who ends a run exactly on a border would be missing, or break its page."""
    run = crowd(3, 41)
    bins = slices_of(run)
    assert bins is not None
    assert bins.from_s + bins.number * bins.bin_s >= 40.0
    assert arrivals_over_time(run, bins)["due"].sum() == 41
    assert slices_of(Measured(run.legs.iloc[:0], run.responses.iloc[:0], (), 0.0)) is None
