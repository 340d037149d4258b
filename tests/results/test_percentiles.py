import math

import numpy as np
import pytest

import testdrive
from commands.exits import Exit
from results.comparison import AGREES, CANNOT_TELL, DIFFERS, compare_logs
from results.figures import Asked, Key, figures_of, told_of
from results.metrics import METRICS, contacts_of, metric_of, rank_of, values_of
from results.power import power_of
from results.statistics import percentile_error
from results.worked import WorkedTime
from scenarios.metric_names import METRIC_NAMES
from scenarios.scenario import Gate, Goal
from simulator.precision import Precision
from simulator.simulate import simulate
from tests.results.test_comparison import band, measured
from tests.written import about, demand, exactly, one_desk, written

NAMES = [name for name, known in METRIC_NAMES.items() if known.percentile]
P90 = Gate(metric="wait_s_p90", channel="chat", tolerance_absolute=10.0)


def _worked():
    return WorkedTime(*(np.zeros(1),) * 4, np.zeros(1, dtype=np.int64))


def test_a_percentile_is_a_wait_that_so_many_do_not_exceed():
    """Without it a p95 could be a time that nobody waited, or lie a rank off."""
    waits = np.array([40.0, 10.0, np.nan, 30.0, 20.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0])
    by_hand = {"wait_s_p50": 50, "wait_s_p80": 80, "wait_s_p90": 90, "wait_s_p95": 100, "wait_s_p99": 100}
    assert {name: metric_of(waits, name) for name in by_hand} == by_hand
    assert math.isnan(metric_of(np.array([np.nan]), "wait_s_p95"))


@pytest.mark.parametrize("percent", [50, 80, 90, 95, 99])
def test_ranks_are_the_inverse_of_shares(percent):
    """Without it 19 of 20 could be told as less than 95 of 100, by a rounding of 0.95."""
    for count in range(1, 400):
        rank = rank_of(percent, count)
        assert 100 * (rank + 1) >= percent * count
        assert rank == 0 or 100 * rank < percent * count


def test_the_percentiles_of_a_log_made_by_hand(tmp_path):
    """Without it figures could rank contacts of another channel, or those before the warm-up."""
    scenario = one_desk(1, exactly(100))
    loaded = written(tmp_path, scenario, [(f"c{i}", float(i)) for i in range(5)])  # waits 0, 99, 198, 297, 396
    legs = simulate(loaded, replications=1).legs
    keys = [Key(name, None, "phone", None) for name in ("wait_s_p50", "wait_s_p95", "handle_s_p50", "wait_s_mean")]
    told = told_of(contacts_of(legs), _worked(), Asked.of(keys, loaded.scenario))
    assert told.values.tolist() == [198, 396, 100, 198]
    assert told.counts.tolist() == [5, 5, 5, 5]
    late = told_of(contacts_of(legs), _worked(), Asked.of(keys, loaded.scenario), from_s=3.0)
    assert late.values.tolist() == [297, 396, 100, 346.5]


def test_arrays_tables_and_a_plain_sort_give_the_same_percentiles(tmp_path):
    """Without it the engine's own figures could rank otherwise than the log that is kept beside them."""
    both = [demand(300, intent) for intent in ("order", "vip")]
    scenario = one_desk(2, about(300), intents={"order": "?", "vip": "?"}, demand=both, patience={"phone": about(200)})
    scenario["goals"] = [{"metric": name, "channel": "phone", "at_most": 9999} for name in NAMES]
    loaded = written(tmp_path, scenario)
    found = simulate(loaded, replications=3, by=["intent", "interval"])
    figures = {(f.name, f.channel, f.intent, f.interval): f for f in found.figures()}
    assert {f.name for f in found.figures()} >= set(NAMES)
    contacts = contacts_of(found.legs)
    for name in NAMES:
        values = values_of(contacts, name)
        for intent in (None, "order"):
            days = []
            for replication in range(3):
                chosen = contacts["replication"] == replication
                own = values[chosen & (contacts["intent"] == (intent or contacts["intent"]))]
                known = np.sort(own[~np.isnan(own)])
                days.append(known[rank_of(METRIC_NAMES[name].percentile.percent, len(known))])
            assert figures[name, "phone", intent, None].value == pytest.approx(np.mean(days), rel=1e-12)
    tables = figures_of(loaded, found.legs, found.staffing)
    whole = [f for f in found.figures() if f.intent is None and f.interval is None]
    assert [(f.name, f.channel, f.n) for f in tables] == [(f.name, f.channel, f.n) for f in whole]
    assert np.allclose([f.value for f in tables], [f.value for f in whole], rtol=1e-12)
    simpy = simulate(loaded, replications=3, by=["intent", "interval"], engine="simpy")
    assert np.allclose([f.value for f in simpy.figures()], [f.value for f in found.figures()], rtol=1e-12)
    parts = [f for f in found.figures() if f.name == "wait_s_p95" and f.interval]
    assert max(f.value for f in parts) > figures["wait_s_p95", "phone", None, None].value


def test_a_goal_and_a_half_width_may_name_a_percentile(tmp_path, capsys):
    """Without it 95 of 100 within ten minutes could not be asked for."""
    scenario = one_desk(2, about(300), demand=[demand(300)])
    scenario["goals"] = [{"metric": "wait_s_p95", "channel": "phone", "at_most": 1}]
    path = str(written(tmp_path, scenario).path)
    words = ["simulate", path, "--replications", "10", "--check-goals", "--half-width", "phone.wait_answered_s_p50=900"]
    assert testdrive.main([*words, "-o", str(tmp_path / "run")]) == Exit.DIFFERS
    shown = capsys.readouterr().out
    assert "wait_s_p95" in shown
    assert "MISSED" in shown
    assert "phone wait_answered_s_p50" in shown
    assert Key.of(Goal(metric="wait_s_p95", at_most=1.0)) in Precision.read(["wait_s_p95=1"]).keys


def test_a_percentile_gate_agrees_differs_and_cannot_tell():
    """Without it a gate on the long waits would pass any desk, or fail one that is as believed."""
    rng = np.random.default_rng(1)
    assert compare_logs(band(rng), measured(rng), [P90]).verdict == AGREES
    slower = compare_logs(band(rng), measured(rng, slower=25), [P90])
    assert slower.verdict == DIFFERS
    assert next(row for row in slower.rows if row.gate).difference == pytest.approx(25, abs=8)
    few = measured(rng, count=30, slower=100)
    far = compare_logs(band(rng), few, [Gate(metric="wait_s_p99", channel="chat", tolerance_absolute=1.0)])
    assert far.verdict == CANNOT_TELL
    assert "30 measured contacts hold too few beyond the percentile" in far.reasons[0]


def test_a_measured_percentile_strays_as_little_as_its_interval_says():
    """Without it the interval of a percentile could be that of independent waits, half as wide as it has to be."""
    rng = np.random.default_rng(5)
    gate = P90.model_copy(update={"tolerance_absolute": 0.01})
    simulated, inside = band(rng), 0
    for _ in range(60):
        row = next(row for row in compare_logs(simulated, measured(rng), [gate]).rows if row.gate)
        inside += row.low <= 0 <= row.high
    assert inside >= 50  # the row's interval is that of the decision, 90 %


def test_woodruffs_interval_is_that_of_the_normal_where_values_are_normal():
    """Without it the error of a percentile could be off by the density of its values."""
    values = np.random.default_rng(3).normal(size=200_000)
    share_error = math.sqrt(0.9 * 0.1 / 10_000)
    density = math.exp(-(1.2816**2) / 2) / math.sqrt(2 * math.pi)
    assert percentile_error(values, 90, share_error, 1e6) == pytest.approx(share_error / density, rel=0.05)
    assert percentile_error(values[:50], 99, math.sqrt(0.99 * 0.01 / 50), 1e6) == math.inf


def test_the_power_of_a_percentile_gate_is_told():
    """Without it a plan too small for a p90 would be shopped all the same."""
    rng = np.random.default_rng(7)
    (wide,), (narrow,) = (power_of(band(rng, count=n), [P90]) for n in (60, 1200))
    assert narrow.strays < wide.strays
    assert narrow.difference < wide.difference


def test_every_percentile_is_of_a_mean_in_the_registry():
    """Without it a percentile could be of values that no metric explains."""
    for name in NAMES:
        of, percent = METRIC_NAMES[name].percentile
        assert METRICS[name] is METRICS[of]
        assert name == of.replace("_mean", f"_p{percent}")
