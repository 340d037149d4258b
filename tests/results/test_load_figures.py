"""Figures of a load test and its thresholds, on tables made up for them."""

import math

import numpy as np
import pandas as pd
import pytest

from results.load_figures import Measured, check_thresholds, load_rows, percentile_of
from results.load_tables import SHOWN, amount_text, load_table, times_of
from results.log import table_of
from scenarios.thresholds import Threshold

STAGES = (
    {"stage": "warm_up", "from_s": 0.0, "to_s": 10.0, "warm_up": True},
    {"stage": "peak", "from_s": 10.0, "to_s": 30.0, "warm_up": False},
)


FINISHED = {"state": "finished"}
NOT_BEGUN = ("unstarted", "withheld", "not come")


def measured(*contacts: tuple[float, float | None, str]) -> Measured:
    """Return a run of contacts, begun 1 s late: when each was due, after how long it was answered, its outcome."""
    names = [f"c{number}" for number in range(len(contacts))]
    legs = pd.DataFrame(
        {
            "contact_id": names, "leg": 0, "channel": "faq", "due_s": [due for due, _, _ in contacts],
            "arrived_s": [due + 1 if outcome not in NOT_BEGUN else None for due, _, outcome in contacts],
            "contact_outcome": [{"not come": "censored"}.get(outcome, outcome) for _, _, outcome in contacts],
            "leg_end": [outcome if outcome != "resolved" else "answered" for _, _, outcome in contacts],
        }
    )  # fmt: skip
    responses = pd.DataFrame(
        [
            {
                "contact_id": name, "leg": 0, "step": 0, "what": "open", "intended_s": due, "actual_s": due + 1,
                "seen_by_s": math.nan if after is None else due + after, "due_s": due, "channel": "faq",
            }
            for name, (due, after, outcome) in zip(names, contacts, strict=True)
            if outcome not in NOT_BEGUN
        ],
        columns=("contact_id", "leg", "step", "what", "intended_s", "actual_s", "seen_by_s", "due_s", "channel"),
    )  # fmt: skip
    return Measured(table_of("legs", legs), responses, STAGES, 10.0)


def checked(run: Measured, **threshold: object) -> tuple[float, int, bool | None]:
    (one,) = check_thresholds([Threshold.model_validate(threshold)], run, FINISHED)
    return one.value, one.n, one.kept


RUN = measured(
    (5.0, 9.0, "resolved"), (11.0, 2.0, "resolved"), (12.0, 4.0, "resolved"), (13.0, None, "target_error"),
    (14.0, None, "unstarted"), (40.0, 3.0, "resolved"),
)  # fmt: skip


def test_the_warm_up_stands_in_no_figure_of_the_whole() -> None:
    """Without it caches that fill would be told as what customers wait."""
    assert checked(RUN, metric="response_s_max", at_most=5) == (4.0, 3, True)
    assert checked(RUN, metric="response_s_max", stage="warm_up", at_most=5) == (9.0, 1, False)


def test_both_starts_stand_side_by_side() -> None:
    """Without it our own lateness would be the desk's, or a desk's stall nobody's."""
    assert checked(RUN, metric="response_s_max", stage="peak", at_most=5)[0] == 4.0
    assert checked(RUN, metric="response_s_max", stage="peak", measured="actual", at_most=5)[0] == 3.0


def test_failures_are_of_those_begun_and_drops_of_those_planned() -> None:
    """Without it a generator that begins nobody would show no errors, and pass."""
    assert checked(RUN, metric="error_share", stage="peak", at_most=0.1) == (pytest.approx(1 / 3), 3, False)
    assert checked(RUN, metric="drop_share", stage="peak", at_most=0.1) == (0.25, 4, False)
    assert checked(RUN, metric="unanswered_share", stage="peak", at_most=0.5) == (pytest.approx(1 / 3), 3, True)


def test_no_data_keeps_no_threshold() -> None:
    """Without it a stage that was never reached would pass."""
    assert checked(RUN, metric="response_s_p95", step="press", at_most=5)[1:] == (0, None)
    assert checked(RUN, metric="error_share", stage="soak", at_most=0.1)[2] is None


def test_rows_tell_stages_apart() -> None:
    """Without it a spike would be hidden in the mean of a long run."""
    rows = {row["stage"]: row for row in load_rows(RUN)}
    assert set(rows) == {"warm_up", "peak", "all"}
    assert rows["peak"]["contacts"] == 4
    assert rows["peak"]["unstarted"] == 1
    assert (rows["peak"]["steps"], rows["peak"]["unanswered"]) == (3, 1)
    assert rows["all"]["contacts"] == 5


def test_counts_are_told_as_counts_and_shares_as_per_cent() -> None:
    """Without it one and a half attempts would be told as 150 %."""
    written = [amount_text(1.5, name) for name in ("attempts_mean", "retellings_mean", "waited_share", "wait_s_p95")]
    assert written == ["1.50", "1.50", "150.0 %", "1.50 s"]


def test_percentiles_are_exact() -> None:
    """Without it a p99.9 would be a rounded or interpolated time that nobody waited."""
    ordered = np.arange(1.0, 2001.0)
    assert [percentile_of(ordered, percent) for percent in (50, 99, 99.9, 100)] == [1000, 1980, 1998, 2000]
    assert math.isnan(percentile_of(np.empty(0), 50))


def test_shares_of_a_cut_off_run_are_of_those_who_came() -> None:
    """Without it one error of two would be told as one of five, and nobody dropped of customers that never came."""
    cut = measured(
        (11.0, 1.0, "resolved"), (12.0, None, "target_error"), (13.0, None, "not come"), (14.0, None, "not come"),
        (15.0, None, "not come"),
    )  # fmt: skip
    assert checked(cut, metric="error_share", at_most=0.9)[:2] == (0.5, 2)
    assert checked(cut, metric="drop_share", at_most=0)[:2] == (0.0, 2)
    (row,) = [one for one in load_rows(cut) if one["stage"] == "all"]
    assert (row["not_come"], row["censored"], row["contacts"]) == (3, 0, 5)


@pytest.mark.parametrize(
    ("facts", "untold"),
    [
        ({"state": "interrupted"}, "the run was interrupted"),
        ({"state": "interrupted", "stopped": "the stop file is there"}, "the stop file is there"),
        ({"state": "running"}, "the run did not come to its end"),
        ({"state": "finished"}, ""),
    ],
    ids=str,
)
def test_what_held_until_a_run_was_cut_off_is_not_told_as_kept(facts: dict[str, str], untold: str) -> None:
    """Without it whoever stops a run after a minute would be told that all held; what was broken stays so."""
    thresholds = [Threshold(metric="response_s_max", at_most=most) for most in (5, 1)]
    kept, missed = check_thresholds(thresholds, RUN, facts)
    assert (kept.kept, kept.untold, kept.value, kept.n) == (None if untold else True, untold, 4.0, 3)
    assert (missed.kept, missed.untold) == (False, "")


def test_a_shut_desk_keeps_nothing() -> None:
    """Without it a run at night would keep every error share."""
    shut = measured((11.0, None, "closed"), (12.0, None, "closed"))
    (one,) = check_thresholds([Threshold(metric="error_share", at_most=0.01)], shut, FINISHED)
    assert (one.kept, one.untold) == (None, "the desk was shut whenever we came")
    some = measured((11.0, None, "closed"), (12.0, 1.0, "resolved"))
    assert checked(some, metric="error_share", at_most=0.01)[2] is True


def test_percentiles_that_so_few_answers_cannot_show_are_left_out() -> None:
    """Without it the longest of fifty would be printed as what 999 of 1,000 do not exceed."""
    rows = list(load_rows(measured(*((11.0 + n / 10, 1.0 + n, "resolved") for n in range(50)))))
    times = dict(zip(SHOWN, times_of(rows[-1]), strict=True))
    assert times["p95"][0] == "48.00 s"
    assert times["p99"] == times["p99_9"] == ("–", "–")
    assert times["max"][0] == "50.00 s"
    assert "too few steps were answered" in load_table(rows)
    many = list(load_rows(measured(*((11.0 + n / 1000, 1.0, "resolved") for n in range(1000)))))
    assert "–" not in load_table(many)
