"""Scores over runs: changes with an interval, none over a change of the journeys, none on few contacts."""

import math
from pathlib import Path

import pytest
from scipy import stats

from results.runs import Run
from results.scores import CardScore
from results.trend import trend_of, trend_text


def scored(folder: Path, day: int, scores: list[float], journeys: str = "a") -> tuple[Run, list[CardScore]]:
    """Return a run of a day whose contacts have these scores."""
    run = Run.create(folder, {"origin": f"2026-03-{day:02}T09:00:00+01:00[Europe/Rome]", "journeys": journeys})
    return run, [CardScore(f"c{i}", score, {}, (), (), {}, None) for i, score in enumerate(scores)]


def test_a_change_has_welchs_interval(tmp_path: Path) -> None:
    """Without it two samples of one desk could look like a change."""
    one, other = [70.0, 80.0, 75.0, 65.0, 90.0, 85.0], [60.0, 62.0, 58.0, 61.0, 59.0]
    later = scored(tmp_path / "b", 9, other)
    points = trend_of([later, scored(tmp_path / "a", 2, [*one, math.nan])])
    assert [Path(point.run).name for point in points] == ["a", "b"], "in the order of time"
    assert points[0].contacts == 6, "what no criterion applied to has no score"
    change = points[1].change
    assert change is not None
    expected = stats.ttest_ind(other, one, equal_var=False).confidence_interval()
    assert (change.low, change.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert change.shows
    assert "-18 (-" in trend_text(points)


def test_runs_stand_in_the_order_of_the_clock(tmp_path: Path) -> None:
    """Without it shops of one journey, whose scenario begins on one day, would stand as they were typed."""
    facts = {"origin": "2000-01-01T00:00:00+00:00[UTC]", "journeys": "a"}
    later, first = (
        Run.create(tmp_path / "a", {**facts, "epoch_s": 2e9}),
        Run.create(tmp_path / "b", {**facts, "epoch_s": 1e9}),
    )
    assert [Path(point.run).name for point in trend_of([(later, []), (first, [])])] == ["b", "a"]
    east = Run.create(tmp_path / "e", {"origin": "2026-03-29T02:30:00+02:00", "journeys": "a"})
    west = Run.create(tmp_path / "w", {"origin": "2026-03-29T02:10:00+01:00", "journeys": "a"})
    assert [Path(point.run).name for point in trend_of([(west, []), (east, [])])] == ["e", "w"]


def test_a_series_breaks_where_the_journeys_change(tmp_path: Path) -> None:
    """Without it an easier journey would look like a better desk."""
    points = trend_of(
        [scored(tmp_path / "a", 2, [70.0] * 5), scored(tmp_path / "b", 3, [90.0] * 5, "b"),
         scored(tmp_path / "c", 4, [90.0] * 5, "b")]
    )  # fmt: skip
    assert [point.begins_anew for point in points] == [False, True, False]
    assert points[1].change is None
    assert points[2].change is not None
    assert points[2].change.value == 0
    assert "begins anew" in trend_text(points)


def test_few_contacts_tell_no_change(tmp_path: Path) -> None:
    """Without it one bad shop would be a trend."""
    points = trend_of([scored(tmp_path / "a", 2, [70.0] * 9), scored(tmp_path / "b", 3, [20.0, 10.0, 20.0, 10.0])])
    assert points[1].change is None
    assert "too few" in trend_text(points)
