from pathlib import Path

import numpy as np
import pytest

from results.log import table_of
from results.metrics import METRICS, contacts_of, values_of
from scenarios.metric_names import ALL_NAMES, METRIC_NAMES


def _leg(contact, leg=0, arrived=0.0, answered=None, ended=None, end="answered", talk=None, wrap=None, **more):
    outcome = {"answered": "resolved", "transferred": "resolved", "contained": "resolved"}.get(end, end)
    return {
        "run_id": "r", "source": "measured", "replication": 0, "played_by": "shopper", "customer_id": contact,
        "case_id": contact, "contact_id": contact, "attempt": 1, "leg": leg, "channel": "chat", "intent": "order",
        "team": "front" if answered is not None else None, "due_s": arrived, "arrived_s": arrived,
        "answered_s": answered, "ended_s": ended, "talk_s": talk, "wrap_s": wrap, "leg_end": end,
        "contact_outcome": outcome, **more,
    }  # fmt: skip


def _folded(*rows):
    return contacts_of(table_of("legs", list(rows)))


def _mean(contacts, metric, within_s=None):
    return float(np.nanmean(values_of(contacts, metric, within_s)))


@pytest.fixture
def ten_contacts():
    """Six answered (four within 20 s, one in exactly 20), three gave up (one within 20 s), one came too late."""
    answered = [(w, "answered") for w in (0.0, 5.0, 12.0, 20.0, 40.0, 70.0)]
    gave_up = [(w, "abandoned") for w in (8.0, 30.0, 60.0)]
    rows = [
        _leg(f"c{i}", arrived=100.0 * i, answered=100.0 * i + w, ended=100.0 * i + w + 30, talk=30.0)
        if end == "answered"
        else _leg(f"c{i}", arrived=100.0 * i, ended=100.0 * i + w, end=end)
        for i, (w, end) in enumerate([*answered, *gave_up])
    ]
    return _folded(*rows, _leg("c9", arrived=999.0, ended=999.0, end="closed"))


def test_the_registry_knows_exactly_the_names_a_scenario_may_use():
    """Without it a goal could pass the check and fail, or be skipped, after the simulation."""
    assert set(METRICS) == set(METRIC_NAMES)
    for name in METRICS:
        share = name.endswith("_share") or name.startswith("service_level") or name == "abandonment"
        assert METRIC_NAMES[name].unit == ("s" if "_s_" in name else "share" if share else "count")


def test_the_page_tells_what_every_metric_is():
    """Without it a metric could be asked for of which nobody can look up what it means."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "scenario.md").read_text()
    table = page[page.index("## What is measured") :]
    percentiles = [name for name, known in METRIC_NAMES.items() if known.percentile]
    assert [name for name in ALL_NAMES if name not in percentiles and f"`{name}`" not in table] == []
    assert all(f"`{family}" in table for family in ("wait_s_p50", "wait_answered_s_p", "handle_s_p50"))


def test_the_four_service_levels_differ_as_computed_by_hand(ten_contacts):
    """Without it one of the four definitions in use could be told under another's name, 3 points and more apart."""
    expected = {
        "service_level_offered": 4 / 9,
        "service_level_offered_less_quick": 4 / 8,
        "service_level_answered_or_abandoned": 5 / 9,
        "service_level_answered": 4 / 6,
    }
    assert {name: pytest.approx(_mean(ten_contacts, name, 20.0)) for name in expected} == expected


def test_the_excess_over_a_target_is_as_computed_by_hand(ten_contacts):
    """Without it a service level of 80 % could hide how long the other 20 % wait, or a wait of just T count as late."""
    assert _mean(ten_contacts, "wait_excess_s_mean", 20.0) == pytest.approx((20 + 50 + 10 + 40) / 9)
    assert _mean(ten_contacts, "wait_late_s_mean", 20.0) == pytest.approx((20 + 50 + 10 + 40) / 4)
    assert _mean(ten_contacts, "wait_excess_s_mean", 70.0) == 0
    assert np.isnan(values_of(ten_contacts, "wait_late_s_mean", 70.0)).all()


def test_waits_and_abandonment_leave_out_those_who_were_not_offered(ten_contacts):
    """Without it a customer who came after closing would count as one who was served at once."""
    assert _mean(ten_contacts, "wait_s_mean") == pytest.approx((147 + 98) / 9)
    assert _mean(ten_contacts, "wait_answered_s_mean") == pytest.approx(147 / 6)
    assert _mean(ten_contacts, "abandonment") == pytest.approx(3 / 9)


def test_handling_runs_over_all_legs_with_hold_and_wrap_up():
    """Without it a transfer would look like two short contacts, and wrap-up like no work."""
    contacts = _folded(
        _leg("a", answered=5.0, ended=65.0, end="transferred", talk=60.0, wrap=10.0, hold_s=7.0),
        _leg("a", leg=1, arrived=65.0, answered=95.0, ended=295.0, talk=200.0, wrap=20.0),
        _leg("b", answered=0.0, ended=50.0, talk=50.0),
    )
    assert values_of(contacts, "handle_s_mean").tolist() == [60 + 7 + 10 + 200 + 20, 50]
    assert values_of(contacts, "talk_s_mean").tolist() == [267, 50]
    assert values_of(contacts, "transfer_share").tolist() == [1, 0]
    assert values_of(contacts, "wait_s_mean").tolist() == [5, 0]  # the first wait; the way to leg 1 is not one
    assert contacts["wrap_seen"].tolist() == [True, False]


def test_a_conversation_cut_off_by_the_end_of_the_run_has_no_handle_time():
    """Without it the longest conversations of a day would be told as its shortest, or as 0."""
    contacts = _folded(_leg("a", answered=5.0, end="censored"), _leg("b", end="censored"))
    assert np.isnan(values_of(contacts, "handle_s_mean")).all()
    assert values_of(contacts, "wait_s_mean")[0] == 5
    assert np.isnan(values_of(contacts, "wait_s_mean")[1])


def test_self_service_is_contained_or_not_and_has_no_handle_time():
    """Without it reading a page would count as an agent's work."""
    contacts = _folded(
        _leg("a", answered=0.0, ended=60.0, end="contained"),
        _leg("b", answered=0.0, ended=60.0, end="answered"),
        _leg("c", answered=0.0, ended=60.0, end="answered", talk=60.0),
    )
    assert values_of(contacts, "contained_share").tolist()[:2] == [1, 0]
    assert np.isnan(values_of(contacts, "contained_share")[2])
    assert np.isnan(values_of(contacts, "handle_s_mean")[:2]).all()


@pytest.mark.parametrize("end", ["failed", "unstarted", "withheld"])
def test_our_own_faults_are_no_ones_wait(end):
    """Without it a crash of our browser would be told as the desk's abandonment."""
    rows = [_leg("a", answered=5.0, ended=65.0, talk=60.0), _leg("b", end=end, reason="ours")]
    assert _folded(*rows)["contact_id"].tolist() == ["a"]


def test_replications_are_kept_apart():
    """Without it ten simulated days would fold into one."""
    rows = [_leg("a", answered=5.0 + r, ended=65.0, talk=60.0, replication=r) for r in range(3)]
    contacts = _folded(*rows)
    assert contacts["replication"].tolist() == [0, 1, 2]
    assert contacts["wait_s"].tolist() == [5, 6, 7]


def test_an_unknown_metric_is_a_key_error():
    """Without it a misspelt name could be answered with NaN, and NaN be taken for no difference."""
    with pytest.raises(KeyError):
        values_of(_folded(_leg("a", answered=0.0, ended=1.0)), "wait_mean")
