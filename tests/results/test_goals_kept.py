"""Goals held against measured logs whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from results.bisection import CANNOT_TELL, KEPT, MISSED
from results.goals_kept import LOOK_LEVEL, LOOKS_MOST, can_be_seen, interval_of, judge_goals, verdict_of
from results.load_figures import Checked
from results.log import ordered, table_of
from scenarios.scenario import Goal
from scenarios.thresholds import Threshold

WAIT = Goal(metric="wait_s_mean", channel="chat", at_most=30.0)
GONE = Goal(metric="abandonment", channel="chat", at_most=0.05)
LEVEL = Goal(metric="service_level_offered", within_s=20.0, channel="chat", at_least=0.8)


def play(waits, ends=None):
    """A play: a chat every 10 s that waits so long, and is answered unless it ends otherwise."""
    count = len(waits)
    ends = np.array(["answered"] * count if ends is None else ends, dtype=object)
    at, waits, answered = np.arange(count) * 10.0, np.asarray(waits, dtype=float), ends == "answered"
    frame = pd.DataFrame(
        {
            "run_id": "r", "source": "measured", "replication": 0, "played_by": "background",
            "customer_id": [f"c{n:04d}" for n in range(count)], "channel": "chat", "intent": "order", "attempt": 1,
            "leg": 0, "team": np.where(answered, "front", None), "due_s": at, "arrived_s": at,
            "answered_s": np.where(answered, at + waits, np.nan), "ended_s": at + waits + 60 * answered,
            "talk_s": np.where(answered, 60.0, np.nan), "leg_end": ends,
            "contact_outcome": np.where(answered, "resolved", ends),
        }
    )  # fmt: skip
    frame["contact_id"] = frame["case_id"] = frame["customer_id"]
    return ordered(table_of("legs", frame))


def ends_of(count, every, end):
    """Every so many-th contact ends otherwise."""
    return [end if n % every == 0 else "answered" for n in range(count)]


@pytest.mark.parametrize(("mean_s", "verdict"), [(10, KEPT), (30, CANNOT_TELL), (60, MISSED)])
def test_a_goal_is_kept_missed_or_cannot_be_told(mean_s, verdict):
    """Without it a figure on the edge would be taken for a verdict."""
    waits = np.random.default_rng(1).exponential(mean_s, size=200)
    (judged,) = judge_goals([WAIT], [play(waits)])
    assert judged.verdict == verdict
    assert judged.low < judged.value < judged.high
    assert judged.n == 200


def test_pooling_plays_decides_what_one_could_not():
    """Without it playing a step again would be of no use."""
    rng = np.random.default_rng(2)
    plays = [play(rng.exponential(27, size=200)) for _ in range(3)]
    (one,), (three,) = judge_goals([WAIT], plays[:1]), judge_goals([WAIT], plays)
    assert one.verdict == CANNOT_TELL
    assert three.verdict == KEPT
    assert three.n == 600


def test_nobody_of_thirty_who_gave_up_is_not_nobody_ever():
    """Without it a short window without a miss would be taken for proof."""
    (judged,) = judge_goals([GONE], [play([1.0] * 30)])
    assert (judged.value, judged.verdict) == (0.0, CANNOT_TELL)
    assert judged.high == pytest.approx(0.1604, abs=0.001)  # Wilson, at 98.3 %
    (judged,) = judge_goals([GONE], [play([1.0] * 300)])
    assert judged.verdict == KEPT


def test_a_share_to_be_reached_is_missed_below():
    """Without it the two kinds of bounds could be confused."""
    quick, slow = judge_goals([LEVEL], [play([1.0] * 100)]), judge_goals([LEVEL], [play([40.0] * 100)])
    assert [quick[0].verdict, slow[0].verdict] == [KEPT, MISSED]


def test_no_data_never_keeps_a_goal():
    """Without it a volume at which nobody came would be carried."""
    (judged,) = judge_goals([Goal(metric="wait_s_mean", channel="phone", at_most=30.0)], [play([1.0] * 100)])
    assert (judged.n, judged.verdict) == (0, CANNOT_TELL)
    assert "0 contacts tell of it" in judged.reason
    (judged,) = judge_goals([WAIT], [play([1.0] * 19)])
    assert judged.verdict == CANNOT_TELL


def test_those_who_were_answered_do_not_speak_for_those_who_met_an_error():
    """Without it a desk that breaks down under load would keep its goals: nobody who sees an error waits long."""
    broken = play([1.0] * 300, ends_of(300, 10, "target_error"))
    (judged,) = judge_goals([WAIT], [broken])
    assert judged.verdict == CANNOT_TELL
    assert "10% were neither answered nor gave up" in judged.reason


def test_busy_signals_are_judged_by_a_goal_of_their_own():
    """Without it a scenario that allows some of them could never be kept."""
    busy = play([1.0] * 600, ends_of(600, 10, "blocked"))
    assert judge_goals([WAIT], [busy])[0].verdict == CANNOT_TELL
    assert verdict_of(judge_goals([WAIT, Goal(metric="blocked_share", at_most=0.2)], [busy])) == KEPT


def test_one_missed_goal_misses_and_one_unclear_is_unclear():
    """Without it a step could pass by the goal that is easy to keep."""
    waits = np.random.default_rng(3).exponential(60, size=200)
    judged = judge_goals([WAIT, GONE], [play(waits)])
    assert [one.verdict for one in judged] == [MISSED, KEPT]
    assert verdict_of(judged) == MISSED
    assert verdict_of(judge_goals([GONE], [play([1.0] * 30)])) == CANNOT_TELL


def test_intervals_of_correlated_waits_hold_the_truth_as_often_as_they_say():
    """Without it the waits of one queue, which resemble each other, would pass for hundreds of witnesses."""
    held = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=900)
        for t in range(1, 900):
            noise[t] += 0.7 * noise[t - 1]
        low, high = interval_of(30 + noise, "wait_s_mean")
        held += low <= 30 <= high
    assert held >= 300 * 0.91


def test_looking_again_errs_no_more_often_than_one_interval_says():
    """Without it a step that is played until it is clear would err twice as often as it says."""
    wrong = 0
    for seed in range(600):
        waits = np.random.default_rng(seed).exponential(30, size=200 * LOOKS_MOST)
        spans = [interval_of(waits[: 200 * look], "wait_s_mean", LOOK_LEVEL) for look in range(1, LOOKS_MOST + 1)]
        wrong += any(not low <= 30 <= high for low, high in spans)
    assert wrong <= 600 * 0.065


def test_thresholds_are_goals_too():
    """Without it a volume could be carried at which the desk breaks what the scenario says must hold."""
    threshold = Threshold(metric="error_share", at_most=0.01)
    judged = judge_goals([WAIT], [play(np.random.default_rng(1).exponential(10, size=200))])
    for kept, verdict in ((True, KEPT), (False, MISSED), (None, CANNOT_TELL)):
        checked = [Checked(threshold, 0.0, 1, True), Checked(threshold, 0.5, 1, kept)]
        assert verdict_of(judged, checked) == verdict_of([], checked) == verdict
    assert verdict_of([]) == CANNOT_TELL


def test_a_percentile_has_an_interval_too():
    """Without it a goal for the slowest twentieth would be judged by its value alone."""
    rng = np.random.default_rng(4)
    low, high = interval_of(rng.exponential(30, size=2000), "wait_s_p90")
    assert low < 30 * np.log(10) < high
    assert high - low < 20
    assert interval_of(rng.exponential(30, size=40), "wait_s_p99")[1] == np.inf


def test_what_only_the_desk_knows_is_no_goal_for_a_search():
    """Without it a goal for occupancy would make every step unclear, and say nothing."""
    assert can_be_seen(WAIT)
    assert not can_be_seen(Goal(metric="occupancy", team="front", at_most=0.85))
    assert not can_be_seen(Goal(metric="queue_mean", channel="chat", at_most=3.0))
