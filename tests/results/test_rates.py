"""Shares corrected by the error of who found them."""

import math

import numpy as np
import pytest

from results.rates import Detector, Wordings, corrected, share_of


def test_the_interval_of_a_corrected_rate_covers_the_true_one() -> None:
    """Without it a desk that greets half its callers could be told anything."""
    luck = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        truth = luck.uniform(0.05, 0.6)
        hits, alarms = luck.binomial(80, 0.85), luck.binomial(400, 0.02)
        shows = luck.random(300) < truth
        found = int((luck.random(300) < np.where(shows, 0.85, 0.02)).sum())
        share = corrected(found, 300, Detector(int(hits), 80, int(alarms), 400))
        covered += share.low <= truth <= share.high
    assert 0.92 <= covered / 400 <= 0.99


def test_the_interval_covers_a_desk_of_few_wordings() -> None:
    """Without it a desk that says sorry in two ways, one of them unknown to the detector, would be half as sorry."""
    luck = np.random.default_rng(6)
    covered = plain = 0
    for _ in range(400):
        known = luck.random(3) < 0.8
        if not known.any():
            continue
        wording = luck.integers(3, size=300)
        found = int((known[wording] & (luck.random(300) < 0.4)).sum())
        detector = Detector(int(luck.binomial(80, 0.8)), 80, int(luck.binomial(400, 0.005)), 400)
        share = corrected(found, 300, detector, wordings=Wordings(int(known.sum()), 20))
        alone = corrected(found, 300, detector)
        covered += share.low <= 0.4 <= share.high
        plain += alone.low <= 0.4 <= alone.high
    assert covered / 400 >= 0.92 > 0.8 > plain / 400


def test_several_turns_may_each_raise_an_alarm() -> None:
    """Without it ten turns of a contact would be corrected as if they were one."""
    detector = Detector(90, 100, 20, 1000)
    once, often = corrected(30, 100, detector), corrected(30, 100, detector, looks=10)
    assert often.value < once.value


def test_what_tells_nothing_says_so() -> None:
    """Without it a detector that is no better than chance would correct to a number."""
    assert math.isnan(corrected(10, 100, Detector(3, 10, 30, 100)).value)
    assert math.isnan(corrected(10, 100, Detector(0, 0, 3, 100)).value)
    assert math.isnan(share_of(0, 0).value)


@pytest.mark.parametrize(("count", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634)])
def test_a_share_has_wilsons_interval(count: int, n: int, low: float, high: float) -> None:
    """Without it a share of 0 of 10 would be certain."""
    share = share_of(count, n)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)
