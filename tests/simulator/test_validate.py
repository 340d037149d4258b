import dataclasses
import json

import numpy as np
import pytest

import testdrive
from simulator.theory import erlang_a
from simulator.validation import measures, validate
from simulator.validation.measures import contact_mean, ratio_estimate
from simulator.validation.systems import SLOW, SYSTEMS
from simulator.validation.telling import published_error
from simulator.validation.validate import CANNOT_TELL, FAILED, PASSED, UnknownSystemError

HOUR_S = 3600.0


FOUR = SYSTEMS["erlang_a_4"]()


def _small(value=None, tolerance=0.06, error=0.0):
    """Eight hours of a desk of four, as Erlang A knows it, with the share that gives up (0.244) expected of it."""
    row = next(row for row in FOUR.expected if row.metric == "abandonment")
    row = dataclasses.replace(row, value=row.value if value is None else value, tolerance=tolerance, error=error)
    demand = [{**FOUR.scenario["demand"][0], "contacts": [30] * 8}]
    scenario = {**FOUR.scenario, "days": 1, "demand": demand}
    small = dataclasses.replace(FOUR, scenario=scenario, window_s=(2 * HOUR_S, 8 * HOUR_S), expected=(row,))
    return lambda: small


def _run(make, **asked):
    return validate.validate(systems={"desk": make}, **asked)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_is_a_good_scenario_with_figures_in_reach(name, tmp_path):
    """Without it a system could be misspelt, or expect a share above 1, and only the slow command would tell."""
    system = SYSTEMS[name]()
    loaded = validate._written(tmp_path, name, system)
    assert loaded.scenario.scenario == name
    assert 0 <= system.window_s[0] < 0.7 * system.window_s[1] <= 0.7 * loaded.horizon_s
    assert len({row.metric for row in system.expected}) == len(system.expected) > 0
    for row in system.expected:
        assert 0 < row.value < (1 if "_mean" not in row.metric else np.inf)
        assert 0 <= row.error < row.tolerance
        assert row.source


def test_the_slow_systems_are_systems():
    """Without it a renamed system would quietly come back into the quick list."""
    assert set(SLOW) < set(SYSTEMS)


def test_what_is_printed_somewhere_is_what_our_theory_says():
    """Without it a slip in copying a published figure would be blamed on the engine."""
    theory = {
        "erlang_a_pyworkforce": erlang_a(200 / HOUR_S, 180, 14, 300),
        "erlang_a_herzog": erlang_a(210 / HOUR_S, 180, 13, 300),
        "erlang_a_gans": erlang_a(2880 / HOUR_S, 60, 50, 120),
    }
    for name, queue in theory.items():
        known = {**dataclasses.asdict(queue), "in_system_mean": queue.queue_mean + queue.busy_mean}
        known["service_level_offered_20s"] = queue.service_level(20)
        for row in SYSTEMS[name]().expected:
            assert abs(row.value - known[row.metric]) <= max(row.error * 1.02, 1e-5 * row.value), (name, row.metric)


def test_a_right_figure_passes_with_an_error_small_enough():
    """Without it a figure could pass because the run was too short to contradict it."""
    found = _run(_small())
    (row,) = found.rows
    assert (row.verdict, found.failed, found.whole) == (PASSED, 0, True)
    assert row.error <= row.tolerance / 3
    assert row.low < row.got < row.high
    assert row.replications >= validate.REPLICATIONS_LEAST


def test_a_wrong_figure_fails():
    """Without it the harness could be unable to fail, and every pass would be worth nothing."""
    (row,) = _run(_small(0.36)).rows
    assert row.verdict == FAILED
    assert row.z < -4
    (row,) = _run(_small(0.344, error=0.1)).rows
    assert row.verdict == FAILED  # a coarse print excuses z, not the tolerance
    assert abs(row.z) < 4
    assert row.reason == "outside its tolerance"


def test_too_few_contacts_cannot_tell():
    """Without it a bound on the work would turn ignorance into a pass."""
    (row,) = _run(_small(tolerance=1e-4), contacts_most=1).rows
    assert row.verdict == CANNOT_TELL
    assert "a third of the tolerance is wanted" in row.reason


def test_replications_are_added_until_the_error_is_small():
    """Without it precision would be what the first batch happens to give."""
    first, more = _run(_small()).rows[0], _run(_small(tolerance=0.02)).rows[0]
    assert more.replications > first.replications
    assert more.error <= 0.02 / 3


def test_a_wrong_figure_makes_the_command_fail(monkeypatch, capsys):
    """Without it a build could go on with an engine that contradicts what is known."""
    monkeypatch.setitem(SYSTEMS, "erlang_a_4", _small(0.36))
    assert testdrive.main(["validate", "--only", "erlang_a_4", "--json", "--threads", "1"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["failed"] == 1
    assert {"id", "model", "metric", "expected", "got", "low", "high", "z", "source"} <= set(document["systems"][0])
    monkeypatch.setitem(SYSTEMS, "erlang_a_4", _small())
    assert testdrive.main(["validate", "--only", "erlang_a_4", "--threads", "1"]) == 0
    assert "0 failed, 0 cannot be told" in capsys.readouterr().out
    monkeypatch.setitem(SYSTEMS, "erlang_a_4", _small(tolerance=0.01))
    assert testdrive.main(["validate", "--only", "erlang_a_4", "--threads", "1", "--contacts", "1"]) == 3
    assert testdrive.main(["validate", "--only", "erlang_z"]) == 2


def test_an_unknown_system_is_named_with_those_there_are():
    """Without it a slip would validate nothing and pass."""
    with pytest.raises(UnknownSystemError, match=r"no system erlang_z; there are .*erlang_a_4"):
        validate.validate(["erlang_z"])


def test_an_interruption_keeps_the_systems_that_are_done(monkeypatch):
    """Without it Ctrl-C after ten minutes would throw ten minutes away."""

    def stop():
        raise KeyboardInterrupt

    found = validate.validate(systems={"desk": _small(), "stops": stop})
    assert [row.id for row in found.rows] == ["desk:abandonment"]
    assert not found.whole


def test_a_ratio_knows_that_its_parts_move_together():
    """Without it replications with more contacts would count as much as quiet ones (Cochran 1977, sec. 6.4)."""
    rng = np.random.default_rng(4)
    estimates = []
    for _ in range(400):
        below = rng.poisson(50, 40).astype(float)
        estimates.append(ratio_estimate((0.3 * below + rng.normal(0, 1, 40), below)))
    assert np.mean([e.value for e in estimates]) == pytest.approx(0.3, abs=1e-3)
    assert np.mean([e.error for e in estimates]) == pytest.approx(np.std([e.value for e in estimates]), rel=0.1)
    assert np.isnan(ratio_estimate((np.zeros(3), np.zeros(3))).value)
    assert ratio_estimate((np.ones(1), np.ones(1))).error == np.inf


def test_shares_of_time_are_cut_at_the_window(tmp_path):
    """Without it a conversation across the window's edge would count wholly or not at all."""
    from simulator.simulate import simulate
    from tests.written import exactly, one_desk, written

    loaded = written(tmp_path, one_desk(1, exactly(600)), arrivals=[("a", 100.0), ("b", 200.0)])
    legs = simulate(loaded, replications=1).legs  # served from 100 to 700 and from 700 to 1300; b waits 500
    seen = measures.Seen.of(legs, 1, (150.0, 1150.0), loaded.horizon_s)
    assert ratio_estimate(measures.occupancy("front", 1)(seen)).value == pytest.approx(1.0)
    assert ratio_estimate(measures.queue_mean(seen)).value == pytest.approx(0.5)
    assert ratio_estimate(measures.in_system_mean(seen)).value == pytest.approx(0.55 + 0.95)
    assert ratio_estimate(contact_mean("wait_s_mean")(seen)).value == pytest.approx(500.0)  # a came before the window


def test_a_printed_number_is_off_by_half_its_last_digit():
    """Without it a figure printed as 3.7 would be held to four digits."""
    assert [published_error(text) for text in ("3.7", "0.033", "10")] == pytest.approx([0.05, 0.0005, 0.5])
