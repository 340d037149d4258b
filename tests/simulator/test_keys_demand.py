"""Each key of demand moves a named metric in the stated direction, in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.metrics import contacts_of, values_of
from scenarios.plan import make_plan
from simulator.simulate import EngineName, simulate
from tests.written import about, demand, exactly, one_desk, written

ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _metric(folder: Path, engine: EngineName, metric: str, scenario: dict[str, Any], replications: int = 5) -> float:
    legs = simulate(written(folder, scenario), replications=replications, engine=engine).legs
    return float(np.nanmean(values_of(contacts_of(legs), metric)))


@ENGINES
@pytest.mark.parametrize("place", ["scenario", "demand"])
def test_days_that_differ_more_lengthen_the_mean_wait(tmp_path: Path, engine: EngineName, place: str) -> None:
    """Without it `busyness` could parse and change nothing: busy days cost more than quiet ones save."""

    def wait_s(cv: float) -> float:
        told = {"busyness": {"cv": cv}}
        own, common = (told, {}) if place == "demand" else ({}, told)
        scenario = one_desk(4, about(300), demand=[demand(800, **own)], days=6, **common)
        return _metric(tmp_path, engine, "wait_s_mean", scenario)

    assert wait_s(0.4) > 1.5 * wait_s(0.0)


@ENGINES
@pytest.mark.parametrize("place", ["scenario", "demand"])
def test_intervals_that_differ_and_hang_together_lengthen_the_mean_wait(
    tmp_path: Path, engine: EngineName, place: str
) -> None:
    """Without it `interval_cv` or `correlation` could parse and change nothing: one busy half-hour after another."""

    def wait_s(**told: float) -> float:
        halves = demand(0, interval_minutes=30, contacts=[17] * 48)
        own, common = ({"busyness": told}, {}) if place == "demand" else ({}, {"busyness": told})
        return _metric(tmp_path, engine, "wait_s_mean", one_desk(4, about(300), demand=[{**halves, **own}], **common))

    alone = wait_s(interval_cv=0.5)
    assert alone > 1.3 * wait_s(interval_cv=0.0)
    assert wait_s(interval_cv=0.5, correlation=0.9) > 1.2 * alone


@ENGINES
def test_fixed_counts_shorten_the_mean_wait(tmp_path: Path, engine: EngineName) -> None:
    """Without it `counts` could parse and change nothing: no half-hour is busier than was told."""

    def wait_s(counts: str) -> float:
        halves = demand(0, interval_minutes=10, contacts=[6] * 144, counts=counts)
        return _metric(tmp_path, engine, "wait_s_mean", one_desk(4, exactly(230), demand=[halves]), 10)

    assert wait_s("fixed") < 0.7 * wait_s("poisson")


@ENGINES
def test_a_rate_that_peaks_within_its_interval_lengthens_the_mean_wait(tmp_path: Path, engine: EngineName) -> None:
    """Without it `rate` could parse and change nothing: the curve is higher in the middle than the step it rounds."""

    def wait_s(rate: str) -> float:
        peak = demand(0, interval_minutes=240, contacts=[1, 1, 400, 1, 1], rate=rate)
        return _metric(tmp_path, engine, "wait_s_mean", one_desk(10, about(300), demand=[peak]))

    assert wait_s("spline") > 1.5 * wait_s("level")


@ENGINES
def test_followers_add_contacts_and_lengthen_waits_the_more_the_sooner_they_come(
    tmp_path: Path, engine: EngineName
) -> None:
    """Without it `bursts` could parse and change nothing, or `after` could."""

    def simulated(mean: float, after_s: float) -> tuple[int, float]:
        bursts = {"followers_mean": mean, "after": about(after_s)}
        scenario = one_desk(7, about(300), demand=[demand(700, bursts=bursts)])
        return len(make_plan(written(tmp_path, scenario), 1)), _metric(tmp_path, engine, "wait_s_mean", scenario)

    (few, calm), (many, _), (_, sudden) = simulated(0.0, 60), simulated(0.6, 7200), simulated(0.6, 60)
    assert 2 * few < many < 3 * few
    assert sudden > 1.3 * simulated(0.6, 7200)[1] > 1.3 * calm


@ENGINES
def test_a_weekdays_volumes_hours_and_rosters_move_its_figures_and_no_other_days(
    tmp_path: Path, engine: EngineName
) -> None:
    """Without it `week`, `hours`, `agents_on`, `days` of shifts or `holidays` could parse and change nothing."""

    def figures(part: str = "", **changes: Any) -> tuple[list[int], list[float], list[float]]:
        """By day, how many came, found it closed, and had to wait, of Thursday to Saturday."""
        scenario = one_desk(4, about(300), demand=[demand(700)], days=3, starts="2026-12-17")
        front = scenario["teams"]["front"]
        match part:
            case "demand":
                scenario["demand"] = [demand(700, **changes)]
            case "channels":
                scenario["channels"]["phone"] |= changes
            case "agents":
                front |= changes
            case "shifts":
                front |= {
                    "shifts": [{"starts": "00:00", "ends": "24:00", "agents": 2, **more} for more in ({}, changes)]
                }
                del front["agents"]
            case _:
                scenario |= changes
        legs = simulate(written(tmp_path, scenario), replications=2, engine=engine).legs
        days = legs.groupby(legs["arrived_s"] // 86_400)
        came = days.size().reindex(range(3), fill_value=0)
        closed = legs["leg_end"].eq("closed").groupby(legs["arrived_s"] // 86_400).mean().reindex(range(3))
        waited = (legs["answered_s"].fillna(1e9) > legs["arrived_s"]).groupby(legs["arrived_s"] // 86_400).mean()
        return came.tolist(), closed.tolist(), waited.reindex(range(3)).tolist()

    came, closed, waited = figures()
    assert closed == [0, 0, 0]
    busier = figures("demand", week={"saturday": 1.5})
    assert busier[0][:2] == came[:2]
    assert busier[0][2] == pytest.approx(1.5 * came[2], rel=0.1)
    assert figures("channels", hours={"friday": "12:00-24:00"})[1] == [0, pytest.approx(0.5, abs=0.05), 0]
    fewer = figures("agents", agents_on={"friday": {"00:00": 3}})[2]
    assert fewer[0] == waited[0]
    assert fewer[1] > 1.5 * waited[1]
    short = figures("shifts", days=["thursday"])[2]
    assert short[0] == waited[0]
    assert min(short[1:]) > 0.9
    assert figures(holidays=["2026-12-19"])[0] == [*came[:2], 0]


@ENGINES
def test_the_log_says_who_speaks_what(tmp_path: Path, engine: EngineName) -> None:
    """Without it `languages` could parse and not reach the log."""
    told = demand(800, languages={"en": 0.25, "it": 0.75})
    legs = simulate(written(tmp_path, one_desk(4, demand=[told])), replications=2, engine=engine).legs
    assert legs["language"].eq("it").mean() == pytest.approx(0.75, abs=0.04)
    assert legs["language"].isin(["en", "it"]).all()


@ENGINES
def test_a_queue_is_cleared_when_its_own_day_closes(tmp_path: Path, engine: EngineName) -> None:
    """Without it those who wait would be sent away at the closing time of another day."""
    scenario = one_desk(1, exactly(86_400), days=3, starts="2026-12-17")
    hours = {"friday": "00:00-12:00"}
    scenario["channels"]["phone"] = {"opens": "00:00", "closes": "18:00", "at_close": "cleared", "hours": hours}
    arrivals = [("a", 0), ("b", 60_000), ("c", 87_000), ("d", 100_000)]
    legs = simulate(written(tmp_path, scenario, arrivals), replications=1, engine=engine).legs.set_index("contact_id")
    assert legs.loc[["b", "d"], "leg_end"].tolist() == ["cleared_at_close"] * 2
    assert legs.loc[["b", "d"], "ended_s"].tolist() == [64_800, 129_600]
    assert (legs["leg_end"] == "cleared_at_close").sum() == 2
