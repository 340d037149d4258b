"""Verdicts of a what-if: from pairs to better, worse, same and cannot tell, and how often they err."""

from __future__ import annotations

import numpy as np
import pytest

from results.figures import Key
from results.sequential import Looks, looks_of
from results.whatif import Measure, difference_of, share_of_error, verdict_of, would_decide
from scenarios.metric_directions import BETTER, OWN_FIGURES, better_of, unit_of
from scenarios.metric_names import ALL_NAMES

LOOKS = Looks(looks_of(40, 8), 0.05)
LAST = float(LOOKS.bounds(LOOKS.counts)[-1])


def judged(base, other, tolerance=1.0, better="less", bound=LAST):
    return difference_of(np.array(base, dtype=float), np.array(other, dtype=float), bound, tolerance, better, LAST)


@pytest.mark.parametrize(
    ("low", "high", "better", "verdict"),
    [
        (-9, -2, "less", "better"),
        (-9, -2, "more", "worse"),
        (2, 9, "less", "worse"),
        (2, 9, "more", "better"),
        (-1, 1, "less", "same"),
        (0.1, 0.9, "less", "same"),  # surely worse, by less than matters
        (-0.5, 1.5, "less", "cannot tell"),
        (0.1, 1.5, "less", "worse"),
        (-np.inf, np.inf, "less", "cannot tell"),
    ],
)
def test_a_verdict_follows_from_the_interval_the_tolerance_and_the_better_way(low, high, better, verdict):
    """Without it more agents could be called worse for shortening waits."""
    assert verdict_of(low, high, 1.0, better) == verdict


def test_a_difference_is_one_of_pairs_and_told_with_what_sharing_luck_was_worth():
    """Without it the luck of days would hide what an alternative does, and nobody would see what pairing saves."""
    rng = np.random.default_rng(1)
    base = rng.normal(100, 20, 40)
    found = judged(base, base - 5 + rng.normal(0, 1, 40))
    assert found.verdict == "better"
    assert found.difference == pytest.approx(-5, abs=0.5)
    assert found.low < -5 < found.high
    assert 20 < found.interval_ratio < 40  # sqrt(2) * 20 / 1
    assert found.would_decide is None


def test_what_is_not_known_is_null_and_never_zero():
    """Without it a channel that nobody answers would have a wait of 0 s."""
    nothing = judged([np.nan] * 5, [1.0] * 5)
    assert (nothing.base, nothing.value, nothing.difference, nothing.verdict) == (None, None, None, "cannot tell")
    some = judged([np.nan, 3.0, 3.0], [1.0, 9.0, 9.0])
    assert (some.replications, some.base, some.value, some.difference) == (2, 3.0, 9.0, 6.0)
    one = judged([3.0], [9.0])
    assert (one.low, one.high, one.verdict) == (None, None, "cannot tell")


def test_where_nothing_differs_in_any_pair_it_is_the_same_even_without_a_tolerance():
    """Without it a team that an alternative does not touch would be played to the last replication."""
    found = judged([1.0, 2.0, 5.0], [1.0, 2.0, 5.0], tolerance=0.0)
    assert (found.verdict, found.low, found.high, found.interval_ratio) == ("same", 0.0, 0.0, None)


def test_a_figure_without_a_better_way_gets_no_verdict():
    """Without it more customers would be called good news, or bad."""
    assert judged([1.0, 2.0, 4.0], [9.0, 8.0, 9.0], better=None).verdict is None


def test_as_many_replications_as_are_said_to_decide_do():
    """Without it a planner would be sent away with a number that is a guess."""
    rng = np.random.default_rng(5)
    few = judged(np.zeros(10), rng.normal(2.0, 8.0, 10), tolerance=0.5)
    assert few.verdict == "cannot tell"
    needed = would_decide(2.0, 8.0, 0.5, LAST)
    assert needed == 70  # (2.03 * 8 / 2) ** 2 = 66
    decided = [
        judged(np.zeros(needed), rng.normal(2.0, 8.0, needed), tolerance=0.5).verdict == "worse" for _ in range(400)
    ]
    assert np.mean(decided) > 0.45  # as often as not, since the difference itself is estimated
    assert would_decide(0.0, 8.0, 0.0, LAST) is None


@pytest.mark.parametrize(("truth", "untrue"), [(0.0, ("better", "worse")), (1.001, ("better", "same"))])
def test_no_more_than_one_what_if_in_twenty_says_something_untrue(truth, untrue):
    """Without it four alternatives on three figures at ten looks would find something by luck every other time.

    Six figures that move together or not, looked at five times, stopped when all are decided: a wrong verdict is
    `better` or `worse` where there is no difference, or `same` where it is just larger than the tolerance.
    """
    rng, runs, figures = np.random.default_rng(11), 1500, 6
    looks = Looks(looks_of(40, 8), 0.05 / figures)
    bounds = looks.bounds(looks.counts)
    wrong = 0
    for _ in range(runs):
        apart = truth + rng.normal(0, 2, (40, 1)) * 0.7 + rng.normal(0, 2, (40, figures)) * 0.7
        for seen, bound in zip(looks.counts, bounds, strict=True):
            told = [judged(np.zeros(seen), apart[:seen, at], 1.0, "less", float(bound)) for at in range(figures)]
            if all(one.decided for one in told):
                break
        wrong += any(one.verdict in untrue for one in told)
    assert wrong / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_the_error_is_shared_by_all_that_decides():
    """Without it asking about more alternatives would make each answer bolder."""
    key = Key("wait_s_mean", None, "phone", None)
    measures = [Measure(key, "s", "less", True), Measure(key, "s", "less", True), Measure(key, "s", "less", False)]
    assert share_of_error(4, measures) == pytest.approx(0.05 / 8)
    assert share_of_error(0, measures) == 0.05


def test_a_tolerance_is_absolute_or_a_share_of_what_is():
    """Without it 5 % of a wait would be read as 0.05 s."""
    key = Key("wait_s_mean", None, "phone", None)
    assert Measure(key, "s", "less", True).tolerance(-40.0) == 2.0
    assert Measure(key, "s", "less", True, None, 3.0).tolerance(40.0) == 3.0


def test_every_metric_has_its_better_way_or_none():
    """Without it a new metric would be judged by nothing, or the wrong way."""
    assert set(BETTER) == set(ALL_NAMES)
    assert not set(OWN_FIGURES) & set(ALL_NAMES)
    ways = ("wait_s_p95", "abandonment", "service_level_offered", "occupancy", "customers_lost", "contacts")
    assert [better_of(name) for name in ways] == ["less", "less", "more", None, "less", None]
    assert (unit_of("paid_hours"), unit_of("abandonment")) == ("h", "share")
    assert {name for name, way in BETTER.items() if way is None} == {
        "handle_s_mean", "talk_s_mean", "promised_share", "message_share", "callback_share", "escalated_share",
        "deflected_share", "handle_s_p50", "handle_s_p90", "handle_s_p95", "occupancy", "utilisation",
        "concurrency_mean",
    }  # fmt: skip
