"""Profiles: the customers of a load come when and as often as its stages say, and are the scenario's own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scenarios.draws import Purpose
from scenarios.local_days import ALIKE
from scenarios.plan import draw_plan, make_plan
from scenarios.profiled import Asked, ProfileError, profiled, replayed
from scenarios.profiles import Stage, TimedProfile, stages_of
from scenarios.reading import LoadedScenario
from scenarios.stages import Interval, come_after, placed
from scenarios.tables import Arrival
from tests.written import about, demand, one_desk, written

TEN = 36_000
LEVEL = 1e-4
"""Of the statistical tests below; their seeds are fixed, so that they fail when the code is wrong and not by luck."""

RUSH = {
    "starts": "10:00",
    "stages": [
        {"stage": "warm_up", "lasts_s": 120, "factor": 1, "warm_up": True},
        {"stage": "ramp", "lasts_s": 1200, "factor": [1, 3]},
        {"stage": "peak", "lasts_s": 900, "factor": 3},
        {"stage": "spike", "lasts_s": 30, "per_second": 20},
        {"stage": "fall", "lasts_s": 600, "per_second": [4, 0]},
    ],
}


def _day(**changes: Any) -> dict[str, Any]:
    """Two intents whose intervals are of different lengths, and overlap: 0.1 and from 9:10 on 0.15 a second."""
    scenario = one_desk(patience={"phone": about(120)}, profiles={"rush": RUSH})
    scenario["intents"]["refund"] = "I want my money back"
    scenario["demand"] = [
        {"intent": "order", "channels": {"phone": 1.0}, "starts": "08:00", "contacts": [180.0] * 10},
        {"intent": "refund", "channels": {"phone": 1.0}, "starts": "09:10", "interval_minutes": 60,
         "contacts": [180.0] * 3},
    ]  # fmt: skip
    return {**scenario, **changes}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> LoadedScenario:
    """A day with a rush in it."""
    return written(tmp_path_factory.mktemp("day"), _day())


def _due_s(loaded: LoadedScenario, seeds: range) -> Iterator[np.ndarray]:
    for seed in seeds:
        yield draw_plan(loaded, seed).due_us / 1e6


def _counts(loaded: LoadedScenario, seeds: range) -> pd.DataFrame:
    """Return contacts by seed and stage."""
    assert loaded.profile is not None
    stages = stages_of(loaded.profile)
    rows = [[int(((s.from_s <= due) & (due < s.to_s)).sum()) for s in stages] for due in _due_s(loaded, seeds)]
    return pd.DataFrame(rows, columns=[stage.stage for stage in stages])


def test_each_stage_brings_as_many_as_it_says(day: LoadedScenario) -> None:
    """Without it a peak at three times the volume could be one at twice, or 20 a second be 20 a minute."""
    seeds = range(1, 61)
    counts = _counts(profiled(day, Asked("rush")), seeds)
    expected = {"warm_up": 0.15 * 120, "ramp": 0.15 * 2 * 1200, "peak": 0.15 * 3 * 900, "spike": 600, "fall": 1200}
    bound = stats.norm.isf(LEVEL / 2)
    for stage, mean in expected.items():
        assert abs(counts[stage].sum() - mean * len(seeds)) < bound * math.sqrt(mean * len(seeds)), stage


def test_arrivals_of_every_stage_pass_a_poisson_dispersion_test(day: LoadedScenario) -> None:
    """Without it customers could come more evenly, or in clumps, and queues be shorter or longer than they are."""
    loaded, seeds, bins = profiled(day, Asked("rush")), range(1, 41), 10
    assert loaded.profile is not None
    plans = list(_due_s(loaded, seeds))
    for stage in stages_of(loaded.profile):
        edges = np.linspace(stage.from_s, stage.to_s, bins + 1)
        counts = np.array([np.histogram(due, edges)[0] for due in plans])
        middles = 0.5 * (edges[1:] + edges[:-1])
        means = np.array([_expected(loaded, at_s) for at_s in middles]) * (edges[1] - edges[0])
        dispersion = float(((counts - means) ** 2 / means).sum())  # of Poisson counts with known means
        low, high = stats.chi2.ppf([LEVEL / 2, 1 - LEVEL / 2], counts.size)
        spread = math.sqrt(1 + (1 / means).mean() / 2)  # the square of a count near 0 is wider than chi-square's
        assert counts.size + (low - counts.size) * spread < dispersion < counts.size + (high - counts.size) * spread


def _expected(loaded: LoadedScenario, at_s: float) -> float:
    """Return customers per second at an instant of the rush, from its text alone."""
    passed = at_s - TEN
    if passed < 120:
        return 0.15
    if passed < 1320:
        return 0.15 * (1 + 2 * (passed - 120) / 1200)
    if passed < 2220:
        return 0.45
    return 20.0 if passed < 2250 else 4.0 * (1 - (passed - 2250) / 600)


def test_a_ramp_rises_evenly(day: LoadedScenario) -> None:
    """Without it a ramp could be a step, or rise at its end only."""
    due_s = np.concatenate(list(_due_s(profiled(day, Asked("rush")), range(1, 61))))
    thirds = np.histogram(due_s, np.linspace(TEN + 120, TEN + 1320, 4))[0]
    expected = 60 * 0.15 * 400 * np.array([4 / 3, 2, 8 / 3])
    assert stats.chisquare(thirds, expected * thirds.sum() / expected.sum()).pvalue > LEVEL


def test_customers_per_second_come_in_the_mix_of_their_hour(day: LoadedScenario) -> None:
    """Without it a spike could bring one intent alone, or those of another hour."""
    profile = {"starts": "09:00", "stages": [{"stage": "soak", "lasts_s": 1800, "per_second": 1}]}
    loaded = written(day.path.parent / "mix", _day(profiles={"soak": profile}))
    plan = pd.concat([make_plan(profiled(loaded, Asked("soak")), seed) for seed in range(1, 11)])
    refunds = plan["intent"] == "refund"
    early = plan["due_s"] < 9 * 3600 + 600  # nobody wants a refund before 9:10, every third does then
    assert not refunds[early].any()
    assert stats.binomtest(int(refunds[~early].sum()), int((~early).sum()), 1 / 3).pvalue > LEVEL
    assert stats.binomtest(int(early.sum()), len(plan), 1 / 3).pvalue > LEVEL


def test_nobody_comes_before_or_after_the_stages(day: LoadedScenario) -> None:
    """Without it a spike would be followed by the rest of the day."""
    loaded = profiled(day, Asked("rush"))
    assert loaded.profile is not None
    due_s = np.concatenate(list(_due_s(loaded, range(1, 21))))
    assert loaded.profile.begins_s <= due_s.min() < TEN + 60
    assert TEN + 2250 < due_s.max() < loaded.profile.ends_s


def test_one_seed_is_one_plan(day: LoadedScenario) -> None:
    """Without it a run under load could not be played again."""
    one, same = (make_plan(profiled(day, Asked("rush")), 5) for _ in range(2))
    pd.testing.assert_frame_equal(one, same)
    assert set(one["contact_id"]) != set(make_plan(profiled(day, Asked("rush")), 6)["contact_id"])


@pytest.mark.parametrize("asked", [{}, {"profile": "rush"}, {"starts": "09:05", "lasts_s": 3000.0}], ids=str)
def test_a_larger_factor_only_adds_customers(day: LoadedScenario, asked: dict[str, Any]) -> None:
    """Without it two steps of a search for the highest volume would differ by luck too."""
    before: pd.DataFrame | None = None
    for factor in (0.5, 1.0, 1.3, 2.0):
        plan = make_plan(profiled(day, Asked(factor=factor, **asked)), 3).set_index("contact_id")
        if before is not None:
            assert len(plan) > len(before)
            pd.testing.assert_frame_equal(plan.loc[before.index], before)
        before = plan


def test_a_window_of_a_day_has_the_customers_of_that_day(day: LoadedScenario) -> None:
    """Without it ten minutes of a day played on a desk could not be held against the simulated day."""
    whole, part = make_plan(day, 1), make_plan(profiled(day, Asked(starts="09:17", lasts_s=600)), 1)
    there = whole[whole["due_s"].between(9 * 3600 + 17 * 60, 9 * 3600 + 27 * 60, inclusive="left")]
    assert len(there) > 50
    pd.testing.assert_frame_equal(there.reset_index(drop=True), part)


def test_a_window_may_lie_on_any_day(tmp_path: Path) -> None:
    """Without it one hour of the twelfth day of a recorded month could not be played."""
    loaded = written(tmp_path, _day(days=3))
    due_s = make_plan(profiled(loaded, Asked(starts="2.09:00", lasts_s=1800)), 1)["due_s"]
    assert due_s.between(2 * 86_400 + 9 * 3600, 2 * 86_400 + 9.5 * 3600).all()
    assert len(due_s) > 100


def test_a_scenario_that_is_played_otherwise_has_a_hash_of_its_own(day: LoadedScenario) -> None:
    """Without it a run of a spike could be taken up as one of a quiet day."""
    asked = [Asked(), Asked("rush"), Asked("rush", 2.0), Asked(factor=2.0), Asked(starts="09:00", lasts_s=60)]
    hashes = {profiled(day, one).hash for one in asked}
    assert len(hashes) == len(asked)
    assert day.hash in hashes
    assert profiled(day, Asked()) is day


def test_bursts_are_played_at_one_factor(tmp_path: Path) -> None:
    """Without it a window of a day on which customers bring others would lose those whom earlier ones bring."""
    bursts = {"followers_mean": 0.5, "after": about(1800)}
    loaded = written(tmp_path, one_desk(demand=[demand(20_000, bursts=bursts)]))
    whole = make_plan(profiled(loaded, Asked(factor=2.0)), 1)
    part = make_plan(profiled(loaded, Asked(factor=2.0, starts="12:00", lasts_s=600)), 1)
    there = whole[whole["due_s"].between(43_200, 43_800, inclusive="left")]
    assert len(there) > 300
    pd.testing.assert_frame_equal(there.reset_index(drop=True), part)


def test_fixed_counts_stay_fixed_under_a_profile(tmp_path: Path) -> None:
    """Without it a load whose numbers are meant to be exact would be drawn."""
    stages = [{"stage": "one", "lasts_s": 1800, "factor": 2}, {"stage": "two", "lasts_s": 900, "factor": [2, 0]}]
    scenario = one_desk(
        demand=[demand(24_000, counts="fixed")], profiles={"fall": {"starts": "12:00", "stages": stages}}
    )
    loaded = profiled(written(tmp_path, scenario), Asked("fall"))
    assert [len(due) for due in _due_s(loaded, range(5))] == [1250] * 5


def test_the_longer_day_of_autumn_has_its_hour_twice_under_a_profile(tmp_path: Path) -> None:
    """Without it a load in the night in which clocks go back would miss the hour that is shown twice."""
    stages = [{"stage": "rise", "lasts_s": 7200, "factor": [1, 3]}]
    profiles = {"night": {"starts": "02:00", "stages": stages}}
    scenario = one_desk(demand=[{"intent": "order", "channels": {"phone": 1.0}, "contacts": [900.0] * 48}])
    scenario |= {"time_zone": "Europe/Rome", "starts": "2026-10-25", "profiles": profiles}
    loaded = profiled(written(tmp_path, scenario), Asked("night"))
    due_s = np.concatenate(list(_due_s(loaded, range(10))))
    hours = np.histogram(due_s, [7200, 10_800, 14_400])[0]
    assert stats.chisquare(hours, np.array([1.5, 2.5]) / 4 * hours.sum()).pvalue > LEVEL
    assert abs(hours.sum() - 10 * 7200) < stats.norm.isf(LEVEL / 2) * math.sqrt(72_000)


def test_curved_rates_curve_under_a_ramp() -> None:
    """Without it the volumes of a spline would jump where a profile begins."""
    (ramp,) = [Stage(stage="ramp", lasts_s=1800, factor=(0.0, 2.0))]
    curved = Interval(0, TEN, 1800.0, 100.0, 0.5, 1.8)
    means, pieces = placed([curved], ALIKE, TimedProfile("ramp", TEN, (ramp,)))
    x = np.linspace(0, 1, 20_001)
    rate = 2 * x * (0.5 + 2 * (3 - 1.0 - 1.8) * x + 3 * (0.5 + 1.8 - 2) * x**2)
    assert means[0] == pytest.approx(100 * np.trapezoid(rate, x), rel=1e-6)
    come = np.concatenate([[0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(x))])
    for u in (0.001, 0.1, 0.5, 0.9, 0.999):
        assert come_after(u, pieces.rate[0]) == pytest.approx(np.interp(u, come / come[-1], x), abs=1e-5)


def test_a_share_of_recorded_contacts_is_played_and_a_larger_share_keeps_them(tmp_path: Path) -> None:
    """Without it a recorded log could be played whole or not at all."""
    arrivals = [(f"call_{i:04d}", TEN + 2.0 * i) for i in range(1000)]
    loaded = written(tmp_path, one_desk(), arrivals)
    shares = [set(make_plan(profiled(loaded, Asked(factor=factor)), 1)["contact_id"]) for factor in (0.3, 0.6, 1.0)]
    assert shares[0] < shares[1] < shares[2]
    assert len(shares[2]) == 1000
    assert stats.binomtest(len(shares[0]), 1000, 0.3).pvalue > LEVEL
    window = make_plan(profiled(loaded, Asked(starts="10:10", lasts_s=60)), 1)
    assert window["contact_id"].tolist() == [f"call_{i:04d}" for i in range(300, 330)]
    assert Purpose.KEPT == 68, "another number would change which contacts of old runs are played"


def test_recorded_contacts_come_instead_of_the_scenarios_own(day: LoadedScenario) -> None:
    """Without it a recorded day could only be played by writing a scenario around it."""
    rows = [Arrival("call_1", TEN + 0.5, "phone", "order"), Arrival("call_2", TEN + 9.25, "phone", "refund")]
    loaded = replayed(day, rows, "digest")
    plan = make_plan(loaded, 1)
    assert plan["contact_id"].tolist() == ["call_1", "call_2"]
    assert plan["due_s"].tolist() == [TEN + 0.5, TEN + 9.25]
    assert plan["patience_s"].lt(math.inf).all(), "they are as patient as the scenario says"
    assert loaded.hash not in (day.hash, replayed(day, rows[:1], "another").hash)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("rash"), "has no profile 'rash'; expected one of: rush (did you mean it?)"),
        (Asked("rush", starts="09:00", lasts_s=60), "either --profile rush, which says when it starts, or"),
        (Asked(starts="09:00"), "--from HH:MM and --for SECONDS together say which part of a day is played"),
        (Asked(starts="9am", lasts_s=60), "--from 9am; expected HH:MM, or DAY.HH:MM with a day from 0 to 0"),
        (Asked(starts="1.09:00", lasts_s=60), "--from 1.09:00; expected HH:MM, or DAY.HH:MM with a day from 0 to 0"),
        (Asked(starts="09:00", lasts_s=0), "--for 0; expected seconds, more than 0 and at most 86400"),
        (Asked(starts="23:59", lasts_s=61), "stages is 61 s long; expected at most 60 s: from 23:59 to midnight"),
        (Asked(factor=-1), "--factor -1; expected a number from 0 to 10000"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_played_is_told(day: LoadedScenario, asked: Asked, words: str) -> None:
    """Without it a slip on the command line would be a load of another kind."""
    with pytest.raises(ProfileError) as caught:
        profiled(day, asked)
    assert words in str(caught.value)


def test_recorded_contacts_cannot_be_multiplied(tmp_path: Path) -> None:
    """Without it one who called once would be played twice, with the same luck."""
    loaded = written(tmp_path, one_desk(), [("call_1", TEN)])
    with pytest.raises(
        ProfileError, match=r"factor is 2.0; expected at most 1 beside `replay`: a recorded contact comes"
    ):
        profiled(loaded, Asked(factor=2.0))


def test_a_recorded_log_must_fit_the_scenario(day: LoadedScenario) -> None:
    """Without it contacts that no team serves would be a load of nothing, or of something else."""
    told = [("a", TEN, "chat", "order"), ("b", TEN, "phone", "sales"), ("c", TEN, "phone", "sales")]
    strange = [Arrival(*one) for one in told]
    with pytest.raises(ProfileError, match=r"recorded log: chat for order \(1\), phone for sales \(2\); give it"):
        replayed(day, strange, "digest")
    with pytest.raises(ProfileError, match=r"no contact in the 1 day\(s\) of .*; see --days"):
        replayed(day, [Arrival("a", 86_400.0, "phone", "order")], "digest")
