"""Verdicts on synthetic logs: days of correlated waits whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from results.comparison import AGREES, CANNOT_TELL, DIFFERS, compare_logs
from results.log import ordered, table_of
from results.statistics import holm_levels
from scenarios.scenario import Gate

WAIT = Gate(metric="wait_s_mean", channel="chat", tolerance_absolute=6.0)
TALK = Gate(metric="talk_s_mean", channel="chat", tolerance_absolute=18.0)
GONE = Gate(metric="abandonment", channel="chat", tolerance_absolute=0.1)


def day(rng, count=400, slower=0.0, longer=0.0, rho=0.8, replication=0, source="simulated", **columns):
    """One day: waits around 30 s + `slower` that resemble their neighbours' (AR 1), 10 % give up, talks of 100 s."""
    noise = rng.normal(size=count)
    level = np.empty(count)
    level[0] = noise[0] / np.sqrt(1 - rho**2)
    for t in range(1, count):
        level[t] = rho * level[t - 1] + noise[t]
    wait = np.maximum(30 + slower + 8 * level * np.sqrt(1 - rho**2), 0)
    talk = rng.lognormal(np.log(100 + longer) - 0.125, 0.5, size=count)
    gone = rng.random(count) < 0.1
    at = np.linspace(9 * 3600, 17 * 3600, count, endpoint=False)
    frame = pd.DataFrame(
        {
            "run_id": source, "source": source, "replication": replication, "played_by": "background",
            "customer_id": [f"c{n:04d}" for n in range(count)], "channel": "chat", "intent": "order", "attempt": 1,
            "leg": 0, "team": np.where(gone, None, "front"), "due_s": at, "arrived_s": at,
            "answered_s": np.where(gone, np.nan, at + wait),
            "ended_s": np.where(gone, at + wait, at + wait + talk), "talk_s": np.where(gone, np.nan, talk),
            "leg_end": np.where(gone, "abandoned", "answered"),
            "contact_outcome": np.where(gone, "abandoned", "resolved"),
        }
    )  # fmt: skip
    frame["contact_id"] = frame["case_id"] = frame["customer_id"]
    for name, value in columns.items():
        frame[name] = value
    return frame


def log(*days):
    """Join days to a contact log."""
    return ordered(table_of("legs", pd.concat(days, ignore_index=True)))


def band(rng, replications=8, **parts):
    """Simulated replications."""
    return log(*(day(rng, replication=r, **parts) for r in range(replications)))


def measured(rng, **parts):
    """A measured day."""
    return log(day(rng, source="measured", **parts))


def _row(comparison, metric="wait_s_mean"):
    return next(row for row in comparison.rows if row.metric == metric)


def test_a_desk_as_believed_agrees():
    """Without it nothing could ever agree, and cannot tell would pass for caution."""
    rng = np.random.default_rng(1)
    found = compare_logs(band(rng), measured(rng), [WAIT, TALK, GONE])
    assert found.verdict == AGREES
    assert [row.verdict for row in found.rows if row.gate] == [AGREES] * 3
    assert found.reasons == ("all 3 gates lie inside their tolerances",)


@pytest.mark.parametrize(
    ("parts", "metric", "side"),
    [({"slower": 20}, "wait_s_mean", "above"), ({"slower": -20}, "wait_s_mean", "below"),
     ({"longer": 40}, "talk_s_mean", "above")],
)  # fmt: skip
def test_a_desk_that_is_otherwise_differs_at_the_gate_it_should(parts, metric, side):
    """Without it a desk told to be slower would come out as agreeing, or be blamed for something else."""
    rng = np.random.default_rng(2)
    found = compare_logs(band(rng), measured(rng, **parts), [WAIT, TALK, GONE])
    assert found.verdict == DIFFERS
    assert [row.metric for row in found.rows if row.verdict == DIFFERS] == [metric]
    row = _row(found, metric)
    assert f"measured lies {side} simulated" in row.reason
    assert (row.low > row.tolerance) if side == "above" else (row.high < -row.tolerance)


def test_a_difference_at_the_tolerance_cannot_tell_and_says_what_would():
    """Without it a coin toss would be told as a verdict."""
    rng = np.random.default_rng(3)
    found = compare_logs(band(rng), measured(rng, slower=4.5), [WAIT])
    assert found.verdict == CANNOT_TELL
    row = _row(found)
    assert "the interval reaches across the tolerance" in row.reason
    assert row.contacts_needed is not None
    assert row.contacts_needed > row.contacts


@pytest.mark.parametrize("count", [0, 1, 5, 19])
def test_a_handful_of_contacts_cannot_tell_however_alike_or_different(count):
    """Without it five contacts could pass a desk, or fail it."""
    rng = np.random.default_rng(4)
    simulated = band(rng)
    for slower in (0, 500):
        seen = measured(rng, slower=slower)
        seen = seen[seen["leg_end"] == "answered"].head(count).reset_index(drop=True)
        found = compare_logs(simulated, seen, [WAIT, GONE])
        assert found.verdict == CANNOT_TELL
        assert all(row.verdict == CANNOT_TELL for row in found.rows if row.gate)


def test_no_data_is_never_a_pass():
    """Without it an empty channel, an unmeasured metric or an empty simulation could agree with anything."""
    rng = np.random.default_rng(5)
    simulated, seen = band(rng), measured(rng)
    mail = Gate(metric="wait_s_mean", channel="email", tolerance_absolute=1000.0)
    contained = Gate(metric="contained_share", channel="chat", tolerance_absolute=1.0)
    wide = Gate(metric="wait_s_mean", channel="chat", tolerance_absolute=1e9)
    nothing = seen.head(0)
    for left, right, gate, reason in (
        (simulated, seen, mail, "no measured contact tells of it"),
        (simulated, seen, contained, "no measured contact tells of it"),
        (simulated, nothing, wide, "no measured contact tells of it"),
        (simulated.head(0), seen, wide, "no simulated contact tells of it"),
        (simulated[simulated["replication"] == 0], seen, wide, "one simulated replication shows no spread"),
    ):
        found = compare_logs(left, right, [gate])
        assert found.verdict == CANNOT_TELL
        assert reason in found.reasons[0]
    assert compare_logs(simulated, seen, []).verdict == CANNOT_TELL


def test_our_own_failures_are_not_the_desks():
    """Without it contacts that our probe dropped would count as waits of nothing."""
    rng = np.random.default_rng(6)
    seen = measured(rng)
    lost = seen.index % 3 == 0
    seen.loc[lost, ["leg_end", "reason", "contact_outcome"]] = ["failed", "interrupted", "failed"]
    seen.loc[lost, ["answered_s", "ended_s", "talk_s"]] = np.nan
    found = compare_logs(band(rng), seen, [WAIT, GONE])
    assert found.verdict != DIFFERS
    assert _row(found).contacts == (~lost).sum()


def test_only_shoppers_count_where_there_are_any():
    """Without it the background, which nobody measured carefully, would decide."""
    rng = np.random.default_rng(7)
    seen = measured(rng, slower=100)
    ours = seen.index % 4 == 0
    seen.loc[ours, "played_by"] = "shopper"
    seen.loc[ours, ["answered_s", "ended_s"]] -= 100
    found = compare_logs(band(rng), seen, [WAIT])
    row = _row(found)
    assert (row.contacts, row.contacts_all) == (ours.sum(), len(seen))
    assert row.verdict != DIFFERS


def test_a_wrap_up_nobody_can_see_is_not_compared():
    """Without it every desk would be 'faster than simulated' by its wrap-up, measured from outside."""
    rng = np.random.default_rng(8)
    gate = Gate(metric="handle_s_mean", channel="chat", tolerance_relative=5.0)
    found = compare_logs(band(rng, wrap_s=30.0), measured(rng), [gate])
    assert found.verdict == CANNOT_TELL
    assert "gate talk_s_mean instead" in found.reasons[0]


def test_one_that_differs_outweighs_the_others_and_one_that_cannot_tell_spoils_agreement():
    """Without it five agreeing gates could outvote the one that matters."""
    rng = np.random.default_rng(9)
    strict = Gate(metric="abandonment", channel="chat", tolerance_absolute=0.02)
    assert compare_logs(band(rng), measured(rng), [TALK, strict]).verdict == CANNOT_TELL
    assert compare_logs(band(rng), measured(rng, slower=30), [TALK, strict, WAIT]).verdict == DIFFERS


def test_gates_are_tested_at_the_levels_holm_leaves_them():
    """Without it six gates at 5 % each would raise a false alarm on every fourth good day."""
    rng = np.random.default_rng(10)
    found = compare_logs(band(rng), measured(rng, slower=30), [WAIT, TALK, GONE])
    levels = sorted((1 - row.level) / 2 for row in found.rows if row.gate)
    assert levels == pytest.approx(sorted(holm_levels([0, 0, 0], 0.05)))
    alone = compare_logs(band(np.random.default_rng(10)), measured(rng), [WAIT])
    assert _row(alone).level == pytest.approx(0.90)


def test_waits_that_come_in_waves_are_not_taken_for_independent():
    """Without it a day whose waits hang together would be judged by its 400 contacts, not by its few waves."""
    rng = np.random.default_rng(11)
    errors = {}
    for rho in (0.0, 0.97):
        row = _row(compare_logs(band(rng, rho=rho), measured(rng, rho=rho), [WAIT]))
        errors[rho] = row.measured_high - row.measured_low
    assert errors[0.97] > 3 * errors[0.0]


@pytest.mark.parametrize(
    ("parts", "verdict", "least"),
    [({}, AGREES, 0.9), ({"slower": 20}, DIFFERS, 0.95), ({"longer": 45}, DIFFERS, 0.95)],
    ids=["as believed", "slower", "longer"],
)
def test_true_and_false_are_told_as_often_as_they_should(parts, verdict, least):
    """Without it single seeds could be lucky: 30 days of correlated waits against 8 replications each."""
    verdicts = []
    for seed in range(30):
        rng = np.random.default_rng([seed, 77])
        verdicts.append(compare_logs(band(rng), measured(rng, **parts), [WAIT, TALK, GONE]).verdict)
    assert np.mean([found == verdict for found in verdicts]) >= least
    if verdict == AGREES:
        assert verdicts.count(DIFFERS) <= 1


def test_a_difference_just_at_the_tolerance_is_seldom_told_as_agreement():
    """Without it the promise behind agrees (wrong at most 1 in 20) would be untested: the bound itself, 60 days."""
    agreed = 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 78])
        agreed += compare_logs(band(rng), measured(rng, slower=6.0), [WAIT]).verdict == AGREES
    assert agreed <= 8  # binomial(60, 0.05): 8 or fewer with probability .997
