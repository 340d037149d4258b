"""Intervals of what thresholds are about: they hold the truth about as often as they say, or are not known."""

import math

import numpy as np
import pandas as pd
import pytest

from results.load_figures import Measured
from results.load_intervals import threshold_interval
from results.log import table_of
from scenarios.thresholds import Threshold

P95_OF_EXPONENTIAL = -math.log(0.05)


def crowd(seed: int, count: int, error_share: float = 0.1) -> Measured:
    """Return a run whose first answers take exponential times of mean 1 s, and of whose contacts some met an error."""
    luck = np.random.default_rng(seed)
    due_s, names = np.arange(count, dtype=float), [f"c{n:05}" for n in range(count)]
    outcome = np.where(luck.random(count) < error_share, "target_error", "resolved")
    legs = table_of(
        "legs",
        pd.DataFrame(
            {
                "contact_id": names,
                "leg": 0,
                "channel": "chat",
                "due_s": due_s,
                "arrived_s": due_s,
                "contact_outcome": outcome,
            }
        ),
    )
    responses = pd.DataFrame(
        {
            "contact_id": names, "leg": 0, "step": 0, "what": "open", "intended_s": due_s, "actual_s": due_s + 0.5,
            "seen_by_s": due_s + luck.exponential(1.0, count), "due_s": due_s, "channel": "chat",
        }
    )  # fmt: skip
    return Measured(legs, responses, (), 0.0)


def interval(run: Measured, **threshold: object) -> tuple[float, float]:
    return threshold_interval(Threshold.model_validate({"at_most": 1, **threshold}), run)


@pytest.mark.parametrize(
    ("threshold", "truth"), [({"metric": "response_s_p95"}, P95_OF_EXPONENTIAL), ({"metric": "error_share"}, 0.1)]
)
def test_the_interval_holds_the_truth_about_as_often_as_it_says(threshold: dict[str, object], truth: float) -> None:
    """Without it a leader would take luck for news, or news for luck."""
    intervals = [interval(crowd(seed, 600), **threshold) for seed in range(100)]
    held = sum(low <= truth <= high for low, high in intervals)
    assert 90 <= held <= 100
    assert max(high - low for low, high in intervals) < truth, "and tells something"


def test_the_actual_start_and_the_intended_have_intervals_of_their_own() -> None:
    """Without it a generator that is late would be judged by another figure than is shown."""
    run = crowd(1, 600)
    intended, actual = (interval(run, metric="response_s_p50", measured=start) for start in ("intended", "actual"))
    assert actual == pytest.approx([end - 0.5 for end in intended], abs=1e-6) or actual[0] == 0.0


def test_what_cannot_be_known_has_no_interval() -> None:
    """Without it the longest of ten times would be told with a certainty that nobody has."""
    assert all(math.isnan(end) for end in interval(crowd(1, 600), metric="response_s_max"))
    assert all(math.isnan(end) for end in interval(crowd(1, 12), metric="response_s_p99"))
    assert all(math.isnan(end) for end in interval(crowd(1, 600), metric="response_s_p95", channel="phone"))


def test_a_share_of_few_that_never_happened_is_not_surely_nothing() -> None:
    """Without it no error among twenty would read as no errors ever."""
    low, high = interval(crowd(1, 40, error_share=0.0), metric="error_share")
    assert low == 0.0
    assert 0.05 < high < 0.15
