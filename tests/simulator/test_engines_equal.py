from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.reading import HERE, load_scenario
from simulator import engine_compiled, engine_simpy, loop_arrivals, loop_heap, simpy_floor
from simulator.engine_compiled import variant_of
from simulator.events import EventClass
from simulator.floor_arrays import floor_of
from simulator.simulate import simulate
from tests.simulator.engines_equal import ENDS, compare, first_difference, kept, main, replay
from tests.simulator.mutants import MUTANTS, SCENARIOS, survives
from tests.simulator.random_scenarios import drawn_scenario, random_scenario
from tests.written import about, demand, exactly, one_desk, written


def test_both_engines_give_the_same_log_cell_for_cell():
    """Without it the fast engine could tell another story than the one that can be read, and nobody would know."""
    found, events = compare(range(60))
    assert found == []
    assert min(events[f"event {kind.name}"] for kind in EventClass) > 0
    assert min(events[f"leg_end {end}"] for end in ENDS) > 0


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_both_engines_agree_on_whatever_hypothesis_draws(luck):
    """Without it a difference would come with eighty contacts and ten features, and nobody would see which it is."""
    scenario, arrivals = drawn_scenario(luck)
    told = first_difference(scenario, arrivals)
    assert told is None, f"{told}\nreplay: {kept(scenario, arrivals)}"


def test_a_kept_scenario_replays(capsys):
    """Without it the command that a failure names would not find what failed."""
    scenario, arrivals = random_scenario(3)
    words = kept(scenario, arrivals).split()
    assert main(words[words.index("--file") :]) == 0
    assert "no cell differs" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["quiet_tuesday", "broadband_move"])
def test_both_engines_agree_on_a_shipped_scenario(name):
    """Without it the engines could agree on small days and part ways on a day with ten thousand contacts."""
    loaded = load_scenario(HERE / f"{name}.yaml", 1)
    compiled, simpy = (simulate(loaded, replications=1, engine=engine) for engine in ("compiled", "simpy"))
    pd.testing.assert_frame_equal(compiled.legs, simpy.legs, check_exact=True)
    pd.testing.assert_frame_equal(compiled.staffing, simpy.staffing, check_exact=True)
    assert compiled.run_id == simpy.run_id


def test_both_engines_play_a_forecast_alike(tmp_path):
    """Without it volumes by date, events of one channel and errors could be one engine's alone."""
    hours = [(f"2026-03-0{day}", f"{hour:02d}:00", channel, 20 + 5 * day)
             for day in (3, 4) for hour in range(8, 12) for channel in ("phone", "chat")]  # fmt: skip
    table = "date,time,channel,contacts\n" + "".join(",".join(map(str, row)) + "\n" for row in hours)
    (tmp_path / "volumes.csv").write_text(table)
    open_all_day = {"opens": "00:00", "closes": "24:00"}
    events = [{"on": "2026-03-04", "hours": "09:30-11:00", "factor": 2, "channels": ["phone"]}]
    scenario = one_desk(
        4, about(300), days=2, channels={"phone": open_all_day, "chat": open_all_day}, patience={"phone": about(120)},
        demand=[{"intent": "order", "channels": {"phone": 0.5, "chat": 0.5}, "forecast": {"file": "volumes.csv"}}],
        forecast={"events": events, "error": {"weekly_cv": 0.1, "daily_cv": 0.2, "interval_cv": 0.1}},
    )  # fmt: skip
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    loaded = written(tmp_path, scenario)
    compiled, simpy = (simulate(loaded, replications=3, engine=engine) for engine in ("compiled", "simpy"))
    pd.testing.assert_frame_equal(compiled.legs, simpy.legs, check_exact=True)
    second = compiled.legs.query("leg == 0 and attempt == 1 and arrived_s >= 86400")
    counts = second["channel"].value_counts()
    assert counts["phone"] > 1.3 * counts["chat"]


def test_every_variant_of_the_loop_gives_what_the_whole_one_gives(tmp_path):
    """Without it a scenario could get another answer for being simple enough for a leaner loop."""
    scenario = one_desk(2, about(300), demand=[demand(600)], patience={"phone": about(120)})
    loaded = written(tmp_path, scenario)
    assert variant_of(floor_of(loaded).arrays) == "one_queue"
    lean = simulate(loaded, replications=2).legs
    both = {**engine_compiled.VARIANTS, "one_queue": engine_compiled.VARIANTS["whole"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_compiled, "VARIANTS", both)
        pd.testing.assert_frame_equal(lean, simulate(loaded, replications=2).legs, check_exact=True)


def test_more_legs_than_were_reckoned_with_are_all_there(tmp_path):
    """Without it a day on which everybody redials could end early, or the loop write past its arrays."""
    retry = {"phone": {"probability": 1.0, "after": about(60), "attempts_most": 100}}
    scenario = one_desk(0, demand=[demand(40)], patience={"phone": about(30)}, retry=retry)
    loaded = written(tmp_path, scenario)
    compiled, simpy = (simulate(loaded, replications=1, engine=engine).legs for engine in ("compiled", "simpy"))
    assert len(compiled) > 2000
    pd.testing.assert_frame_equal(compiled, simpy, check_exact=True)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_nobody_tries_again_as_the_day_ends(tmp_path, engine):
    """Without it a customer could come at the very end, when nobody is there to see it."""
    retry = {"phone": {"probability": 1.0, "after": exactly(60)}}
    scenario = one_desk(0, patience={"phone": exactly(30)}, retry=retry)
    loaded = written(tmp_path, scenario, [("a", 86_400 - 90.0), ("b", 86_400 - 91.0)])
    legs = simulate(loaded, replications=1, engine=engine).legs
    assert legs["contact_id"].tolist() == ["a", "b", "b/0/2"]


@given(st.lists(st.integers(0, 10**6) | st.integers(0, 10), max_size=300), st.booleans())
@settings(deadline=None)
def test_arrivals_are_put_in_order_however_they_crowd(times, far):
    """Without it customers of one instant could come in another order, or crowded ones in none."""
    times_us = np.array([*times, *([10**15] if far else [])], dtype=np.int64)
    order, sorted_well = loop_arrivals._in_order(times_us)
    if sorted_well:
        assert order.tolist() == np.argsort(times_us, kind="stable").tolist()
    else:
        assert len(times_us) > loop_arrivals.BUCKET_MOST


def test_threads_change_nothing_of_the_compiled_engine(tmp_path):
    """Without it results would hang on how many cores a machine has."""
    loaded = written(tmp_path, one_desk(2, about(300), demand=[demand(300)], patience={"phone": about(60)}))
    for same_plan in (False, True):
        one, three = (simulate(loaded, replications=5, same_plan=same_plan, threads=threads) for threads in (1, 3))
        pd.testing.assert_frame_equal(one.legs, three.legs)
        pd.testing.assert_frame_equal(one.staffing, three.staffing)


def test_the_compiled_engine_names_every_class_of_events_that_the_other_names():
    """Without it a kind of event added to one engine could be forgotten in the other."""
    by_simpy = inspect.getsource(engine_simpy) + inspect.getsource(simpy_floor)
    sources = [by_simpy, inspect.getsource(engine_compiled) + inspect.getsource(loop_heap)]
    for kind in EventClass:
        named = [f"EventClass.{kind.name}" in source for source in sources]
        assert named == [True, True], kind


def test_the_keys_of_both_engines_sort_alike():
    """Without it a contact of high number or leg could spill into its neighbour's place in the compiled key."""
    from simulator.events import event_key

    facts = [
        (int(kind), number, attempt, leg)
        for kind in EventClass
        for number in (0, 19_999_999)
        for attempt in (1, 4095)
        for leg in (0, 4095)
    ]
    one = [event_key(EventClass(kind), number << 12 | attempt, leg) for kind, number, attempt, leg in facts]
    other = [loop_heap.event_number(*fact) for fact in facts]
    assert np.argsort(np.array(one, dtype=object)).tolist() == np.argsort(other).tolist()
    assert len(set(other)) == len(facts)


def test_a_failure_names_the_command_that_replays_it():
    """Without it a difference found over night could not be looked at in the morning."""
    assert replay(17) == "python -m tests.simulator.engines_equal --scenario 17"


@pytest.mark.parametrize("mutant", [MUTANTS[7], MUTANTS[-15]], ids=lambda mutant: mutant[0])
def test_the_harness_notices_a_fault(mutant):
    """Without it the two engines could be found equal because the comparison looks at nothing."""
    assert survives(mutant) is None


@pytest.mark.benchmark
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant[1].split('_')[-1]}: {mutant[0]}")
def test_every_mutant_of_either_engine_is_caught(mutant):
    """Without it a rule could be wrong in both engines' neighbourhood and no scenario would touch it."""
    assert SCENARIOS == 50
    assert survives(mutant) is None
