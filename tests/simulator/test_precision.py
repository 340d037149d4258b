import math

import numpy as np
import pytest

import testdrive
from results.figures import Figure, Key
from simulator.precision import Precision, PrecisionError
from simulator.simulate import NoLogError, simulate
from tests.written import about, demand, one_desk, written


def _desk(tmp_path, agents=3):
    scenario = one_desk(agents, about(300), demand=[demand(600)], patience={"phone": about(120)})
    return written(tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wait_s_mean", "expected METRIC=VALUE"),
        ("wait_s_mean=0", "expected METRIC=VALUE"),
        ("wait_s_mean=nan", "expected METRIC=VALUE"),
        ("wait_mean=1", "metric is 'wait_mean'; expected one of: wait_s_mean (did you mean it?)"),
        ("fone.wait_s_mean=1", "channel is 'fone'; expected one of: phone (did you mean it?)"),
        ("service_level_offered=0.1", "expected service_level_offered/20=VALUE"),
        ("abandonment/20=0.1", "expected abandonment=VALUE, without a T"),
    ],
)
def test_a_half_width_that_cannot_be_asked_for_is_told(text, said):
    """Without it a misspelt metric would be waited for through ten thousand replications."""
    with pytest.raises(PrecisionError) as caught:
        Precision.read([text])
    assert said in str(caught.value)
    assert f"--half-width {text}" in str(caught.value)


def test_more_figures_and_more_looks_make_each_interval_wider():
    """Without it one of many figures, or one of many looks, would be narrow by luck and stop the run."""
    one, two = Precision.read(["wait_s_mean=1"]), Precision.read(["wait_s_mean=1", "abandonment=0.01"])
    assert one.level([10]) == pytest.approx(0.95)
    assert one.level([10, 20]) == two.level([10]) == pytest.approx(0.975)
    assert two.level([10, 20, 40, 80]) == pytest.approx(1 - 0.05 / 8)


def test_a_figure_of_which_nothing_is_known_is_not_reached():
    """Without it asking for a channel nobody uses would stop at the first look and look like an answer."""
    asked = Precision.read(["chat.wait_s_mean=1"])
    assert not asked.reached([])
    assert asked.widths([])[Key("wait_s_mean", None, "chat", None)] == math.inf
    known = Figure("wait_s_mean", None, "chat", None, 10.0, 9.5, 10.5, 100)
    assert asked.reached([known])


def test_a_run_stops_when_all_its_figures_are_narrow_enough(tmp_path):
    """Without it the run would go on to its bound, or stop when the first of several figures is known."""
    loaded = _desk(tmp_path)
    easy = simulate(loaded, replications=640, summary=True, precision=Precision.read(["phone.abandonment=0.05"]))
    both = ["phone.abandonment=0.05", "phone.wait_s_mean=1.6"]
    hard = simulate(loaded, replications=640, summary=True, precision=Precision.read(both))
    assert easy.reached
    assert hard.reached
    assert (easy.replications, easy.looks) == (10, 1)
    assert 10 < hard.replications < 640
    wait = next(f for f in hard.figures() if (f.name, f.channel) == ("wait_s_mean", "phone"))
    assert (wait.high - wait.low) / 2 <= 1.6
    never = simulate(loaded, replications=20, summary=True, precision=Precision.read(["phone.wait_s_mean=0.001"]))
    assert (never.reached, never.replications, never.looks) == (False, 20, 2)


def test_intervals_cover_when_a_run_stopped_by_itself(tmp_path):
    """Without it stopping at a lucky look would make 95 % intervals that hold far less often."""
    loaded = _desk(tmp_path)
    truth = next(
        f for f in simulate(loaded, seed=99, replications=3000, summary=True).figures() if f.name == "abandonment"
    )
    asked = Precision.read(["phone.abandonment=0.011"])
    hits, looks = 0, set()
    for seed in range(60):
        found = simulate(loaded, seed=seed, replications=640, summary=True, precision=asked)
        looks.add(found.looks)
        figure = next(f for f in found.figures() if f.name == "abandonment")
        hits += figure.low <= truth.value <= figure.high
    assert len(looks) > 1
    assert hits >= 55


def test_the_command_says_what_was_reached(tmp_path, capsys):
    """Without it who asked for a half-width could not tell a run that reached it from one that gave up."""
    path = str(_desk(tmp_path).path)
    words = ["simulate", path, "--threads", "1", "-o"]
    assert testdrive.main([*words, str(tmp_path / "a"), "--half-width", "phone.abandonment=0.05"]) == 0
    assert "reached after 10 replications" in capsys.readouterr().out
    few = ["--half-width", "phone.abandonment=0.0001", "--replications", "10"]
    assert testdrive.main([*words, str(tmp_path / "b"), *few]) == 3
    assert "NOT reached after 10 replications" in capsys.readouterr().out
    assert testdrive.main([*words, str(tmp_path / "c"), "--half-width", "phone.abandonment"]) == 2


def test_figures_of_arrays_are_those_of_the_log(tmp_path):
    """Without it `--summary` and the log could tell two stories of one run."""
    from results.figures import figures_of
    from scenarios.reading import HERE, load_scenario

    loaded = load_scenario(HERE / "broadband_move.yaml", 1)
    full = simulate(loaded, replications=2)
    from_log, from_arrays = figures_of(loaded, full.legs, full.staffing), full.figures()
    summary = simulate(loaded, replications=2, summary=True)
    assert [(f.name, f.channel, f.n) for f in from_log] == [(f.name, f.channel, f.n) for f in from_arrays]
    assert np.allclose([f.value for f in from_log], [f.value for f in from_arrays], rtol=1e-12)
    assert summary.figures() == from_arrays
    with pytest.raises(NoLogError, match="only figures were kept"):
        _ = summary.legs
    simpy = simulate(loaded, replications=2, engine="simpy", summary=True)
    assert np.allclose([f.value for f in simpy.figures()], [f.value for f in from_arrays], rtol=1e-12)
