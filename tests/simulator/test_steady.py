import pytest

import testdrive
from simulator.simulate import simulate
from simulator.steady import warm_up_s
from simulator.theory import erlang_c
from tests.written import about, demand, one_desk, written


def _busy(tmp_path, days=20):
    """A desk at 95 % of what it can do, which takes days to fill."""
    return written(tmp_path, one_desk(10, about(600), demand=[demand(10 * 144 * 0.95)], days=days))


def _wait_s(found):
    return next(f for f in found.figures() if f.name == "wait_s_mean").value


def test_the_empty_start_is_left_out(tmp_path):
    """Without it a desk's long run would look better than it is, the more so the busier it is."""
    loaded = _busy(tmp_path)
    from_s = warm_up_s(loaded, 1)
    assert from_s is not None
    assert 2 * 3600 < from_s < 8 * 86_400
    truth = erlang_c(1368 / 86_400, 600, 10).wait_s_mean
    whole = simulate(loaded, replications=150, summary=True)
    later = simulate(loaded, replications=150, summary=True, from_s=from_s)
    assert _wait_s(whole) < _wait_s(later)
    assert abs(_wait_s(later) - truth) < abs(_wait_s(whole) - truth)


def test_a_desk_that_never_waits_needs_no_warm_up(tmp_path):
    """Without it half of every quiet run would be thrown away."""
    loaded = written(tmp_path, one_desk(10, about(60), demand=[demand(1000)], days=3))
    assert warm_up_s(loaded, 1) == pytest.approx(0, abs=6 * 3600)


def test_a_run_too_short_to_settle_is_told(tmp_path, capsys):
    """Without it a figure of a desk that still fills up would be called its long run."""
    path = str(written(tmp_path, one_desk(1, about(600), demand=[demand(1)])).path)
    assert testdrive.main(["simulate", path, "--warm-up", "auto", "-o", str(tmp_path / "a")]) == 2
    assert "too short to tell when the desk has settled" in capsys.readouterr().err
    assert testdrive.main(["simulate", path, "--warm-up", "30", "-o", str(tmp_path / "b")]) == 2
    assert testdrive.main(["simulate", path, "--warm-up", "2", "-o", str(tmp_path / "c"), "--threads", "1"]) == 0
    assert "contacts before 02:00" in capsys.readouterr().err
