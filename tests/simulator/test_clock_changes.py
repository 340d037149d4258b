"""Days of 23 and of 25 hours: what the local clock tells, at the instants at which it shows them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from probes.browse import best_start_s
from probes.clock import Clock
from probes.desk.hall import Hall
from probes.desk.phrases import read_phrases
from results.cautions import cautions_of
from results.charts import through_the_day
from results.clock import RunClock
from results.importing import import_log
from results.queues import queues_of, waits_of
from results.runs import scenario_facts
from scenarios.faults import FaultsFoundError
from scenarios.mapping import load_mapping
from scenarios.misconduct import no_misconduct
from scenarios.opening import load_state
from scenarios.plan import make_plan
from scenarios.reading import HERE, load_scenario
from simulator.fit import fit
from simulator.simulate import EngineName, simulate
from simulator.story import story_of
from simulator.unexplained import unexplained
from tests.simulator.engines_equal import first_difference
from tests.simulator.random_scenarios import CLOCKS_CHANGE, random_scenario
from tests.written import about, demand, exactly, one_desk, written

ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])
HOUR_S = 3600.0
SPRING = {"time_zone": "Europe/Rome", "starts": "2026-03-29"}
AUTUMN = {"time_zone": "Europe/Rome", "starts": "2026-10-25"}
HOURLY = [100.0 + 20 * hour for hour in range(24)]


def _each(*hours: float) -> list[tuple[str, float]]:
    return [(f"{number:02d}", hour * HOUR_S) for number, hour in enumerate(hours)]


@pytest.mark.parametrize("number", range(28))
def test_both_engines_agree_on_days_on_which_clocks_change(number: int) -> None:
    """Without it the engines could open, close or change laws an hour apart on two days of the year."""
    scenario, arrivals = random_scenario(number)
    scenario["time_zone"], scenario["starts"] = CLOCKS_CHANGE[number % len(CLOCKS_CHANGE)]
    assert first_difference(scenario, arrivals) is None


@pytest.mark.parametrize("rate", ["level", "spline"])
@pytest.mark.parametrize("minutes", [15, 60, 240, 1440])
def test_each_hour_of_the_clock_has_its_rate_as_often_as_it_comes(tmp_path: Path, rate: str, minutes: int) -> None:
    """Without it the night would lose or gain contacts, or the whole day after it come an hour off."""
    totals = [sum(HOURLY) / 24 * minutes / 60] * (1440 // minutes)
    if minutes <= 60:
        totals = [HOURLY[k * minutes // 60] * minutes / 60 for k in range(1440 // minutes)]
    told = demand(0, interval_minutes=minutes, contacts=totals, rate=rate, counts="fixed", factor=6)

    def counts(**day: Any) -> list[int]:
        due_s = make_plan(written(tmp_path, one_desk(demand=[told], **day)), 1)["due_s"].to_numpy()
        return np.bincount((due_s // HOUR_S).astype(int), minlength=25)

    usual, spring, autumn = counts(), counts(**SPRING), counts(**AUTUMN)
    noise = 5 * np.sqrt(max(HOURLY) * 6)
    np.testing.assert_allclose(spring[:23], np.delete(usual[:24], 2), atol=noise)
    np.testing.assert_allclose(autumn, np.insert(usual[:24], 2, usual[2]), atol=noise)
    assert spring[23:].sum() == usual[24:].sum() == 0
    if minutes <= 60:
        assert (spring.sum(), autumn.sum()) == (usual.sum() - HOURLY[2] * 6, usual.sum() + HOURLY[2] * 6)


def test_customers_away_from_the_change_are_the_same_at_the_same_time_of_the_clock(tmp_path: Path) -> None:
    """Without it a study of the last week of March would have other customers from Sunday on."""
    told = [demand(0, interval_minutes=60, contacts=HOURLY)]
    usual = make_plan(written(tmp_path, one_desk(demand=told, starts="2026-03-29", days=2)), 1).set_index("contact_id")
    changed = make_plan(written(tmp_path, one_desk(demand=told, days=2, **SPRING)), 1).set_index("contact_id")
    lost = usual.index.difference(changed.index)
    assert (usual.loc[lost, "due_s"] // HOUR_S == 2).all()
    assert changed.index.isin(usual.index).all()
    earlier_s = usual.loc[changed.index, "due_s"] - changed["due_s"]
    assert earlier_s.round(5).isin([0.0, HOUR_S]).all()
    assert (earlier_s.round(5) == HOUR_S).equals(changed["due_s"] >= 2 * HOUR_S)


@ENGINES
@pytest.mark.parametrize(
    ("day", "let_in"), [(SPRING, [1, 7, 9, 16, 23 + 8.5]), (AUTUMN, [1, 9, 11, 18, 25 + 8.5])], ids=["spring", "autumn"]
)
def test_a_channel_opens_and_closes_by_the_clock(
    tmp_path: Path, engine: EngineName, day: dict[str, str], let_in: list[float]
) -> None:
    """Without it customers at half past eight would find a desk closed that is open, and the next day another."""
    scenario = one_desk(1, exactly(1), days=2, **day)
    scenario["channels"]["phone"] = {"opens": "08:00", "closes": "17:30", "hours": {"monday": "08:30-09:30"}}
    first, nine, eleven, evening, monday = let_in
    hours = [first, nine - 0.01, nine, eleven, evening + 0.49, evening + 0.51, monday - 0.01, monday, monday + 1]
    run = simulate(written(tmp_path, scenario, _each(*hours)), replications=1, engine=engine)
    assert (run.legs["leg_end"] == "closed").tolist() == [True, True, False, False, False, True, True, False, True]


@ENGINES
def test_the_evening_after_a_change_is_still_its_day(tmp_path: Path, engine: EngineName) -> None:
    """Without it the last hour of 25, or the first after 23, would be taken for another day."""
    for day, hours in ((SPRING, [22.9, 23.1]), (AUTUMN, [24.9, 25.1])):
        scenario = one_desk(1, exactly(1), days=2, **day)
        scenario["channels"]["phone"]["hours"] = {"monday": "closed"}
        legs = simulate(written(tmp_path, scenario, _each(*hours)), replications=1, engine=engine).legs
        assert legs["leg_end"].tolist() == ["answered", "closed"]


@ENGINES
def test_those_who_wait_as_it_closes_are_sent_away_by_the_clock(tmp_path: Path, engine: EngineName) -> None:
    """Without it a queue would be cleared an hour before or after its channel closes."""
    for day, closes in ((SPRING, 16), (AUTUMN, 18)):
        scenario = one_desk(0, **day)
        scenario["channels"]["phone"] = {"opens": "08:00", "closes": "17:00", "at_close": "cleared"}
        legs = simulate(written(tmp_path, scenario, _each(closes - 0.5)), replications=1, engine=engine).legs
        assert legs["ended_s"].tolist() == [closes * HOUR_S]


@ENGINES
def test_rosters_come_and_go_by_the_clock(tmp_path: Path, engine: EngineName) -> None:
    """Without it people would be there an hour too early or too late, and be paid so."""
    roster = {"09:00": 2, "17:00": 0}
    for day, comes, goes in ((SPRING, 8, 16), (AUTUMN, 10, 18)):
        for told in (
            {"agents": roster},
            {"agents": {"00:00": 0}, "agents_on": {"sunday": roster}},
            {"shifts": [{"starts": "09:00", "ends": "17:00", "agents": 2}]},
        ):
            scenario = one_desk(**day)
            del scenario["teams"]["front"]["agents"]
            scenario["teams"]["front"].update(told)
            staffing = simulate(written(tmp_path, scenario, []), replications=1, engine=engine).staffing
            assert staffing["from_s"].unique().tolist() == [comes * HOUR_S]
            assert staffing["to_s"].unique().tolist() == [goes * HOUR_S]


@ENGINES
def test_laws_of_a_time_of_day_change_by_the_clock(tmp_path: Path, engine: EngineName) -> None:
    """Without it the slow talks of the evening would begin an hour off."""
    for day, evening in ((SPRING, 17), (AUTUMN, 19), (SPRING, 23 + 18), (AUTUMN, 25 + 18)):
        scenario = one_desk(1, exactly(10), days=2, **day)
        scenario["teams"]["front"]["service_from"] = {"18:00": {"default": exactly(20)}}
        loaded = written(tmp_path, scenario, _each(evening - 0.5, evening + 0.5))
        assert simulate(loaded, replications=1, engine=engine).legs["talk_s"].tolist() == [10, 20]


@ENGINES
def test_figures_by_interval_are_of_the_clock(tmp_path: Path, engine: EngineName) -> None:
    """Without it the half-hours after the change would show the waits of their neighbours."""
    scenario = one_desk(1, exactly(600), **SPRING)
    loaded = written(tmp_path, scenario, [("a", 2 * HOUR_S), ("b", 2 * HOUR_S), ("c", 1.5 * HOUR_S)])
    found = simulate(loaded, replications=1, engine=engine, by=("interval",)).figures()
    waits = {f.interval: (f.value, f.n) for f in found if f.name == "wait_s_mean" and f.interval and f.n}
    assert waits == {"01:30": (0, 1), "03:00": (300, 2)}


def test_queues_are_looked_at_while_the_clock_says_that_it_is_open(tmp_path: Path) -> None:
    """Without it the hour that comes twice would be looked at once, or the day after it an hour off."""
    scenario = one_desk(0, days=2, **AUTUMN)
    scenario["channels"]["phone"] = {"opens": "02:00", "closes": "05:00"}
    loaded = written(tmp_path, scenario, [("a", 3 * HOUR_S), ("b", 29.5 * HOUR_S)])  # at the second 02:00; Monday 04:30
    found = queues_of(waits_of(simulate(loaded, replications=1).legs, loaded.scenario), loaded.scenario)
    assert found.open_s[0, 2 * 2 : 5 * 2].tolist() == [3 * 1800, 3 * 1800, 3600, 3600, 3600, 3600]
    assert found.open_s.sum() == 7 * HOUR_S
    assert found.waited_s[0, 2 * 2 : 5 * 2].tolist() == [3600, 3600, 3600, 3600, 3600, 3600 + 1800]
    assert found.waiting.tolist() == [[1, 2]]
    assert found.oldest_s.tolist() == [[22 * HOUR_S, 46 * HOUR_S]]


def test_stories_charts_and_pages_tell_the_time_of_the_clock(tmp_path: Path) -> None:
    """Without it a planner would look for what happened at the wrong place of the day."""
    loaded = written(tmp_path, one_desk(1, exactly(60), days=2, **SPRING), _each(1, 4, 23.5))
    times = [story_of(loaded, 1, name).text().splitlines()[1].split("  ")[0] for name in ("00", "01", "02")]
    assert times == ["01:00:00", "05:00:00", "day 2 00:30:00"]
    clock = RunClock.of(scenario_facts(loaded, 1))
    assert [clock.text(hour * HOUR_S) for hour in (1, 4, 23.5)] == ["01:00", "05:00", "00:30"]
    drawn = pd.DataFrame({"replication": 0, "arrived_s": [HOUR_S, 4 * HOUR_S, 23.5 * HOUR_S]})
    table = through_the_day((drawn, np.array([1.0, 2.0, 3.0])), None, clock)
    assert table["from_s"].tolist() == [1800, HOUR_S, 5 * HOUR_S]


def test_what_is_unexplained_is_told_at_the_time_of_the_clock(tmp_path: Path) -> None:
    """Without it a fitted log of such a week would be blamed for an hour that is not its own."""
    arrivals = [(f"{k:03d}", 6.5 * HOUR_S + k) for k in range(150)]  # from 07:30 on
    patient = written(tmp_path, one_desk(0, **SPRING), arrivals)
    hurried = written(tmp_path / "h", one_desk(0, patience={"phone": exactly(60)}, **SPRING), arrivals)
    legs = [simulate(loaded, replications=1).legs for loaded in (patient, hurried)]
    clock = RunClock.of(scenario_facts(patient, 1))
    assert any("07:00-10:00" in note for note in unexplained(*legs, clock))
    assert any("04:00-07:00" in note for note in unexplained(*legs))


def test_a_run_can_begin_after_the_change_but_not_at_a_time_that_is_left_out(tmp_path: Path) -> None:
    """Without it a desk told of at nine would go on from ten, or from an hour that there was not."""
    loaded = written(tmp_path, one_desk(demand=[demand(1)], **SPRING))
    state = tmp_path / "state.yaml"
    state.write_text('state: now\nat: "09:00"\n')
    opening = load_state(state, loaded).opening
    assert opening is not None
    assert opening.at_s == 8 * HOUR_S
    state.write_text('state: now\nat: "02:30"\n')
    with pytest.raises(FaultsFoundError) as raised:
        load_state(state, loaded)
    expected = "at is '02:30'; expected a time of 2026-03-29, when clocks go from 02:00 to 03:00"
    assert expected in str(raised.value)


def test_work_is_weighed_against_the_time_that_there_is(tmp_path: Path) -> None:
    """Without it a desk just large enough would be called too small on a day of 25 hours, or the other way round."""

    def offered(day: dict[str, str]) -> tuple[float, float]:
        scenario = one_desk(1, about(1000), demand=[demand(0, interval_minutes=60, contacts=[10] * 24)], **day)
        caution = next(iter(cautions_of(written(tmp_path, scenario), [])))
        return caution.value / HOUR_S, caution.limit / HOUR_S

    assert offered({}) == pytest.approx((24 * 10 / 3.6, 24))
    assert offered(SPRING) == pytest.approx((23 * 10 / 3.6, 23))
    assert offered(AUTUMN) == pytest.approx((25 * 10 / 3.6, 25))


@pytest.mark.parametrize(("first", "hours"), [("2026-10-24", 73), ("2026-03-28", 71)], ids=["autumn", "spring"])
def test_a_log_of_such_days_is_fitted_by_the_clock(tmp_path: Path, first: str, hours: int) -> None:
    """Without it the night of a fitted day would be busier or calmer than any night, or closed to some of its calls."""
    mapping = tmp_path / "rome.yaml"
    text = (HERE / "mappings" / "generic_csv.yaml").read_text(encoding="utf-8")
    mapping.write_text(text.replace("time_zone: UTC", "time_zone: Europe/Rome"))
    origin = pd.Timestamp(first, tz="Europe/Rome").timestamp()
    log = pd.DataFrame(
        {"arrived": origin + np.arange(0, hours * HOUR_S, 90.0)}
    )  # 20 in each half-hour, whatever the day
    log = log.assign(
        contact_id=log.index.astype(str), channel="phone", intent="order", outcome="answered", agent="ada",
        answered=log["arrived"], ended=log["arrived"] + 60,
    )  # fmt: skip
    log.to_csv(tmp_path / "log.csv", index=False)
    run = import_log(tmp_path / "log.csv", load_mapping(mapping), tmp_path / "run")
    assert run.table("legs")["arrived_s"].sort_values().tolist() == np.arange(0, hours * HOUR_S, 90.0).tolist()
    typical = load_scenario(fit(run, tmp_path / "typical.yaml", "half_hourly"))
    assert [count for _, count in typical.contacts[0]] == [20] * 48
    assert {count for _, count in typical.agents["phone_desk"]} <= {0, 1}
    replayed = load_scenario(fit(run, tmp_path / "replayed.yaml"))
    assert (replayed.scenario.days, replayed.horizon_s) == (3, hours * HOUR_S)
    assert set(simulate(replayed, replications=1).legs["leg_end"]) <= {"answered", "censored"}


def test_the_desk_we_rehearse_on_opens_by_the_clock(tmp_path: Path) -> None:
    """Without it probes would find the rehearsal desk closed at an hour at which the simulated one is open."""
    scenario = one_desk(demand=[demand(9, channel="chat")], days=2, **SPRING)
    scenario["channels"] = {"chat": {"opens": "08:00", "closes": "17:00", "hours": {"monday": "closed"}}}
    scenario["teams"]["front"]["channels"] = ["chat"]
    loaded = written(tmp_path, scenario)
    hall = Hall(loaded, 1, no_misconduct(), read_phrases(), None, 1.0)

    def is_open(hour: float) -> bool:
        hall.clock = cast(Clock, SimpleNamespace(now_s=lambda: hour * HOUR_S))
        return hall.is_open("chat")

    assert [is_open(hour) for hour in (6.9, 7, 15.9, 16, 23 + 9)] == [False, True, True, False, False]
    assert best_start_s(loaded) == 7 * HOUR_S + 300
