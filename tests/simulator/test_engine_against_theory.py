import numpy as np
import pytest

from results.log import wait_s
from simulator.simulate import simulate
from simulator.theory import erlang_a, erlang_c, mean_wait_one_server
from tests.written import about, demand, exactly, one_desk, written

DAY_S = 86_400.0
WARM_S, LAST_S = 7200.0, 3600.0
"""The desk starts empty: contacts of the first two hours do not count, nor do those of the last, who may be cut off."""


def _means(tmp_path, scenario, replications, statistics, seed, days=1):
    """Return, per statistic, the mean over replications and its standard error."""
    loaded = written(tmp_path, {**scenario, "days": days})
    run = simulate(loaded, seed=seed, replications=replications)
    steady = run.legs[run.legs["arrived_s"].between(WARM_S, days * DAY_S - LAST_S)]
    found = {}
    for name, statistic in statistics.items():
        values = np.array([statistic(legs, run) for _, legs in steady.groupby("replication")])
        found[name] = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    return found


def _assert_close(found, expected, relative=0.06):
    for name, value in expected.items():
        mean, error = found[name]
        assert abs(mean - value) < 4 * error, f"{name}: {mean:.5g} +- {error:.2g}, theory {value:.5g}"
        assert mean == pytest.approx(value, rel=relative, abs=0.01), name


def _wait_all(legs, run):
    return wait_s(legs).mean()


def _wait_answered(legs, run):
    return wait_s(legs)[legs["answered_s"].notna()].mean()


def _abandoned(legs, run):
    return (legs["leg_end"] == "abandoned").mean()


def _waited(legs, run):
    return (wait_s(legs) > 0).mean()


def _level_20(legs, run):
    return (legs["answered_s"].notna() & (wait_s(legs) <= 20)).mean()


def _busy(legs, run):
    return legs["talk_s"].sum() / (legs["arrived_s"].max() - legs["arrived_s"].min())


@pytest.mark.parametrize(
    ("per_hour", "service_s", "agents", "patience_s"), [(120, 300, 10, 180), (60, 180, 3, 60)], ids=["ten", "three"]
)
def test_impatient_customers_wait_and_leave_as_erlang_a_says(tmp_path, per_hour, service_s, agents, patience_s):
    """Without it a wrong queue discipline or a patience clock that starts late would look like a plausible day."""
    scenario = one_desk(agents, about(service_s), demand=[demand(per_hour * 24)], patience={"phone": about(patience_s)})
    found = _means(
        tmp_path,
        scenario,
        24 if agents == 10 else 30,
        {
            "wait": _wait_all,
            "answered": _wait_answered,
            "gave_up": _abandoned,
            "waited": _waited,
            "level": _level_20,
            "busy": _busy,
        },
        seed=agents,
    )
    a = erlang_a(per_hour / 3600, service_s, agents, patience_s)
    _assert_close(
        found,
        {
            "wait": a.wait_s_mean,
            "answered": a.wait_answered_s_mean,
            "gave_up": a.abandonment,
            "waited": a.p_wait,
            "level": a.service_level(20),
            "busy": a.busy_mean,
        },
        relative=0.08,
    )


def test_patient_customers_wait_as_erlang_c_says(tmp_path):
    """Without it an engine that loses those who never give up, or serves them out of order, would pass."""
    scenario = one_desk(4, about(120), demand=[demand(80 * 24)])
    statistics = {"wait": _wait_all, "waited": _waited, "level": _level_20, "busy": _busy}
    found = _means(tmp_path, scenario, 30, statistics, seed=3)
    c = erlang_c(80 / 3600, 120, 4)
    expected = {"wait": c.wait_s_mean, "waited": c.p_wait, "level": c.service_level(20), "busy": c.busy_mean}
    _assert_close(found, expected, relative=0.12)


@pytest.mark.parametrize(
    ("law", "cv"),
    [(exactly(100), 0.0), ({"law": "uniform", "low_s": 0, "high_s": 200}, 3**-0.5)],
    ids=["deterministic", "uniform"],
)
def test_one_agent_makes_customers_wait_as_pollaczek_and_khinchine_say(tmp_path, law, cv):
    """Without it a service law drawn with the wrong spread would be caught by no exponential queue."""
    found = _means(tmp_path, one_desk(1, law, demand=[demand(21.6 * 24)]), 10, {"wait": _wait_all}, seed=4, days=7)
    _assert_close(found, {"wait": mean_wait_one_server(21.6 / 3600, 100, cv)}, relative=0.12)


def test_a_second_tier_waits_as_the_first_one_passes_on(tmp_path):
    """Without it a transfer could come back to the head of the queue, or be counted twice (Jackson 1957)."""
    scenario = one_desk(3, about(60), demand=[demand(120 * 24)], days=1)
    scenario["teams"]["back"] = {
        "channels": ["email"],
        "agents": {"00:00": 2},
        "service": {"default": about(100)},
    }
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
    scenario["transfers"] = [{"from": "front", "to": "back", "probability": 0.4}]
    found = _means(
        tmp_path,
        scenario,
        20,
        {
            "first": lambda legs, run: wait_s(legs[legs["leg"] == 0]).mean(),
            "second": lambda legs, run: wait_s(legs[legs["leg"] == 1]).mean(),
            "share": lambda legs, run: (legs.loc[legs["leg"] == 0, "leg_end"] == "transferred").mean(),
        },
        seed=5,
    )
    first, second = erlang_c(120 / 3600, 60, 3), erlang_c(48 / 3600, 100, 2)
    expected = {"first": first.wait_s_mean, "second": second.wait_s_mean, "share": 0.4}
    _assert_close(found, expected, relative=0.15)
