"""When a threshold is broken for sure: seldom by luck, however often one looks, and soon where it really is."""

import math

import numpy as np
import pytest

from results.aborting import LUCK, SAMPLES_LEAST, Aborted, Counted, clear_from, is_clear, share_that_may
from scenarios.thresholds import Threshold

SAMPLES = 3200
RUNS = 4000


def ends_early(true_share: float, share: float, runs: int = RUNS) -> float:
    """Return in how many runs somebody who looks after every sample would call the threshold broken."""
    luck = np.random.default_rng(7)
    of = np.arange(1, SAMPLES + 1)
    doubled = SAMPLES_LEAST * 2 ** np.ceil(np.log2(np.maximum(of / SAMPLES_LEAST, 1))).astype(int)
    limits = np.array([clear_from(int(size), share) for size in doubled])
    ended = 0
    for _ in range(runs):
        beyond = np.cumsum(luck.random(SAMPLES) < true_share)
        ended += bool(((beyond >= limits) & (of >= SAMPLES_LEAST)).any())
    return ended / runs


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.5, 0.95])
def test_a_run_just_at_its_limit_is_seldom_ended_by_luck(share: float) -> None:
    """Without it looking again and again would end one good run in ten."""
    looks = 7  # 50, 100, … 3,200
    most = looks * LUCK
    assert ends_early(share, share) <= most + 4 * math.sqrt(most / RUNS) < 0.01


def test_one_look_is_as_sure_as_it_says() -> None:
    """Without it a bound that holds for large shares alone would end runs whose limit is 1 %, as Wilson's would."""
    for share in (0.001, 0.01, 0.2):
        for of in (50, 400, 25_600):
            limit = clear_from(of, share)
            assert chance(of, limit, share) < LUCK <= chance(of, limit - 1, share)


def chance(of: int, beyond: int, share: float) -> float:
    """Return how likely so many or more are, summed up term by term."""
    terms = (
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
        + k * math.log(share) + (of - k) * math.log1p(-share)
        for k in range(beyond, of + 1)
    )  # fmt: skip
    return math.fsum(map(math.exp, terms))


def test_the_rule_is_the_one_that_was_tried() -> None:
    """Without it the test of luck would be of another rule than the one that ends runs."""
    for of, beyond in [(50, 6), (51, 6), (51, 7), (100, 7), (3200, 55), (3200, 56)]:
        size = SAMPLES_LEAST * 2 ** math.ceil(math.log2(of / SAMPLES_LEAST))
        assert is_clear(Counted(of, beyond), 0.01) == (beyond >= clear_from(size, 0.01))


def test_what_is_really_broken_ends_a_run_within_a_few_hundred() -> None:
    """Without it a run could go on for hours after all is known."""
    assert is_clear(Counted(50, 50), 0.01)
    luck = np.random.default_rng(7).random(400) < 0.08  # of a 99th percentile that is rather a 92nd
    beyond = np.cumsum(luck)
    assert any(is_clear(Counted(of, int(beyond[of - 1])), 0.01) for of in range(1, 401))


def test_a_few_prove_nothing() -> None:
    """Without it the first customers, who find caches empty, would end a run."""
    assert not is_clear(Counted(49, 49), 0.001)
    assert not is_clear(Counted(10_000, 10_000), 1.0), "all may be beyond"


def test_of_what_may_not_happen_at_all_the_first_is_enough() -> None:
    """Without it a desk whose every contact is an error would be loaded with fifty before a limit of none ends it."""
    assert is_clear(Counted(1, 1), 0.0)
    assert is_clear(Counted(10_000, 1), 0.0)
    assert not is_clear(Counted(10_000, 0), 0.0)


@pytest.mark.parametrize(
    ("threshold", "share"),
    [
        ({"metric": "response_s_p99_9", "at_most": 2}, 0.001),
        ({"metric": "response_s_max", "at_most": 2}, 0.0),
        ({"metric": "response_s_p90", "at_least": 2}, 0.9),
        ({"metric": "drop_share", "at_most": 0}, 0.0),
        ({"metric": "unanswered_share", "at_least": 0.25}, 0.75),
    ],
)
def test_what_a_threshold_allows(threshold: dict[str, object], share: float) -> None:
    """Without it a limit of a 99.9th percentile would be taken for one of seconds, or turned around."""
    assert share_that_may(Threshold.model_validate(threshold)) == pytest.approx(share)


def test_the_first_that_is_broken_is_told_in_words() -> None:
    """Without it whoever comes back from lunch would have to guess why the load stopped."""
    kept = Threshold(metric="drop_share", at_most=0, abort=True)
    broken = Threshold(metric="response_s_p99", step="open", at_most=2, abort=True)
    assert Aborted.by([kept, broken], [Counted(90, 0), Counted(90, 6)], 36_000.0) is None
    told = Aborted.by([kept, broken], [Counted(90, 0), Counted(90, 14)], 36_000.0)
    assert told is not None
    assert told.words == (
        "the run was aborted at 10:00: response_s_p99 at most 2 (step open, from the intended start) is broken for "
        "sure, as 14 of 90 answers were beyond it, where 1 % may be"
    )
    assert told.facts()["threshold"]["metric"] == "response_s_p99"
