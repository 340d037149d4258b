"""Metrics of queues over time: values computed by hand, and the same from both engines."""

import numpy as np
import pytest

import testdrive
from commands.exits import Exit
from results.figures import figures_of
from results.log import table_of
from results.metrics import contacts_of, values_of
from results.queues import queues_of, waits_of
from scenarios.metric_names import QUEUE_METRIC_NAMES
from simulator.precision import Precision, PrecisionError, keys_named
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written

HOUR_S = 3600.0
ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def _told(loaded, engine="compiled", **more):
    also = [key for name in QUEUE_METRIC_NAMES for key in keys_named(name, loaded.scenario)]
    found = simulate(loaded, replications=1, engine=engine, also=also, **more)
    return {f.name: f.value for f in found.figures() if f.name in QUEUE_METRIC_NAMES and not f.interval}, found


def _mail(agents, opens="00:00", days=2):
    hours = {"phone": {"opens": opens, "closes": "24:00"}}
    scenario = one_desk(1, exactly(HOUR_S), channels=hours, days=days)
    scenario["teams"]["front"]["agents"] = agents
    return scenario


@ENGINES
def test_queues_and_backlog_are_as_computed_by_hand(tmp_path, engine):
    """Without it the work that a day leaves undone would be seen only in waits of those who were answered at last."""
    scenario = _mail({"08:00": 1, "10:00": 0}, opens="06:00")
    loaded = written(tmp_path, scenario, [(name, 7 * HOUR_S) for name in "abc"])  # two on day 1, one on day 2
    told, found = _told(loaded, engine)
    waited_s = 1 + 2 + (17 + 2)  # hours while it is open, from 06:00 on
    assert told == {
        "queue_mean": pytest.approx(waited_s / 36),
        "backlog_mean": pytest.approx(1 / 2),
        "backlog_age_s_mean": pytest.approx(17 * HOUR_S / 2),
        "backlog_age_s_max": pytest.approx(17 * HOUR_S),
    }
    waits = waits_of(found.legs, loaded.scenario)
    queues = queues_of(waits, loaded.scenario)
    assert queues.value("queue_mean", 0, slot=14) == pytest.approx((3 + 1) / 2)  # 07:00: three, and the one who is left
    assert queues.value("queue_mean", 0, slot=13) == pytest.approx(1 / 2)  # 06:30: the one who is left, on day 2
    assert np.isnan(queues.value("queue_mean", 0, slot=3))  # 01:30: closed, whoever waits
    later = queues_of(waits._replace(from_s=24 * HOUR_S), loaded.scenario)
    assert later.value("queue_mean", 0) == pytest.approx(2 / 18)
    assert later.value("backlog_mean", 0) == 0


def test_a_day_on_which_it_is_closed_is_no_time_without_a_queue(tmp_path):
    """Without it a desk that is shut on Sundays would seem to have shorter queues."""
    scenario = one_desk(1, exactly(600), starts="2026-03-07", days=2)  # a Saturday and a Sunday
    scenario["channels"]["phone"]["hours"] = {"sunday": "closed"}
    told, _ = _told(written(tmp_path, scenario, [("a", 0.0), ("b", 0.0)]))
    assert told["queue_mean"] == pytest.approx(600 / 86400)


@ENGINES
def test_the_queue_obeys_littles_law(tmp_path, engine):
    """Without it the number waiting could leave out those who gave up, or count the served."""
    scenario = one_desk(2, about(300), demand=[demand(500)], patience={"phone": about(200)}, days=3)
    told, found = _told(written(tmp_path, scenario), engine)
    contacts = contacts_of(found.legs)
    waited_s = np.nansum(values_of(contacts, "wait_s_mean"))
    assert told["queue_mean"] == pytest.approx(waited_s / (3 * 86400), rel=0.01)  # a wait or two go on at the end


def test_queue_figures_of_arrays_and_of_tables_are_the_same(tmp_path):
    """Without it the log could hold another queue than the one that was told."""
    scenario = one_desk(2, about(300), demand=[demand(700)], patience={"phone": about(900)}, days=2)
    scenario["goals"] = [{"metric": name, "channel": "phone", "at_most": 9} for name in QUEUE_METRIC_NAMES]
    loaded = written(tmp_path, scenario)
    arrays, tables = (_told(loaded, engine, by=["interval"])[1] for engine in ("compiled", "simpy"))
    assert [(f.name, f.interval, f.n) for f in arrays.figures()] == [
        (f.name, f.interval, f.n) for f in tables.figures()
    ]
    assert np.allclose([f.value for f in arrays.figures()], [f.value for f in tables.figures()], rtol=1e-9)
    log = {f.name: f.value for f in figures_of(loaded, arrays.legs, arrays.staffing)}
    told = {f.name: f.value for f in arrays.figures() if not f.interval}
    assert {name: log[name] for name in QUEUE_METRIC_NAMES} == pytest.approx({n: told[n] for n in QUEUE_METRIC_NAMES})
    intervals = [f for f in arrays.figures() if f.name == "queue_mean" and f.interval]
    assert np.mean([f.value for f in intervals]) == pytest.approx(told["queue_mean"])
    assert not [f for f in arrays.figures() if f.name == "backlog_mean" and f.interval]


@ENGINES
def test_fewer_agents_leave_more_and_older_work(tmp_path, engine):
    """Without it a desk that falls behind could look like one that keeps up."""
    few, more = (
        _told(written(tmp_path, _mail({"08:00": n, "18:00": 0}) | {"demand": [demand(60)]}), engine)[0] for n in (4, 8)
    )
    assert all(few[name] > more[name] for name in QUEUE_METRIC_NAMES)


def test_work_that_is_deferred_is_on_time_late_or_not_known_yet():
    """Without it mails that nobody ever answered would not count against answering in time."""

    def leg(name, arrived, answered=None, ended=None, end="censored"):
        return {
            "run_id": "r", "source": "measured", "replication": 0, "played_by": "shopper", "customer_id": name,
            "case_id": name, "contact_id": name, "attempt": 1, "leg": 0, "channel": "email", "intent": "order",
            "arrived_s": arrived, "answered_s": answered, "ended_s": ended, "talk_s": None,
            "leg_end": end, "contact_outcome": end,
        }  # fmt: skip

    rows = [
        leg("a", 0.0, 90.0, 95.0, "answered"), leg("b", 0.0, 200.0, 210.0, "answered"),
        leg("c", 0.0, None, 50.0, "abandoned"), leg("d", 100.0), leg("e", 950.0),
    ]  # fmt: skip
    legs = table_of("legs", [row | {"contact_outcome": "unresolved"} for row in rows])
    late, open_ = values_of(contacts_of(legs, 1000.0), "on_time_share", 100.0), [1, 0, 0, 0, np.nan]
    assert np.array_equal(late, open_, equal_nan=True)
    seen = contacts_of(legs)  # the last that is known of is the arrival at 950
    assert seen["waiting_s"].tolist()[3:] == [850, 0]


def test_a_goal_may_name_a_queue_and_a_half_width_its_channel(tmp_path, capsys):
    """Without it a backlog that grows could not fail a plan."""
    scenario = _mail({"08:00": 4, "18:00": 0}) | {"demand": [demand(60)]}
    scenario["goals"] = [{"metric": "backlog_age_s_max", "channel": "phone", "at_most": 60}]
    loaded = written(tmp_path, scenario)
    words = ["simulate", str(loaded.path), "--check-goals", "-o", str(tmp_path / "run")]
    assert testdrive.main([*words, "--replications", "2", "--by", "interval"]) == Exit.DIFFERS
    assert "backlog_age_s_max  at most 60.0 s" in capsys.readouterr().out
    with pytest.raises(PrecisionError, match=r"expected CHANNEL\.queue_mean=VALUE"):
        Precision.read(["queue_mean=1"], loaded.scenario)
