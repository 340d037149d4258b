from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from results.cautions import cautions_of
from scenarios.plan import make_plan
from tests.written import about, demand, exactly, one_desk, written

DAY_S = 86_400


def _burst(mean, after=None, per_day=400.0, days=1, **changes):
    told = {"followers_mean": mean, "after": after or about(60)}
    return one_desk(demand=[demand(per_day, bursts=told)], days=days, **changes)


def _first(plan):
    """Of whose cluster each customer is."""
    return plan["customer_id"].str.split(".").str[:4].str.join(".")


def test_clusters_are_as_large_as_borel_says(tmp_path):
    """Without it followers could bring nobody, or all of them as many as first comers do."""
    m = 0.5
    plan = make_plan(written(tmp_path, _burst(m, exactly(1), per_day=40_000)), 1)
    sizes = _first(plan).value_counts()
    for n in range(1, 8):
        share = math.exp(-m * n) * (m * n) ** (n - 1) / math.factorial(n)
        assert abs((sizes == n).mean() - share) < 4 * math.sqrt(share * (1 - share) / len(sizes))
    assert sizes.mean() == pytest.approx(1 / (1 - m), rel=0.03)


def test_counts_in_long_windows_have_the_variance_of_a_hawkes_process(tmp_path):
    """Without it bursts could be as calm as a Poisson process, or follow one another as no known process does."""
    m = 0.6
    plan = make_plan(written(tmp_path, _burst(m, per_day=600, days=500)), 1)
    window_s = DAY_S / 6
    counts = np.bincount((plan["due_s"] // window_s).astype(int), minlength=3000)[6:]
    assert counts.mean() == pytest.approx(100 / (1 - m), rel=0.02)
    error = math.sqrt(2 / len(counts))
    assert counts.var() / counts.mean() == pytest.approx(1 / (1 - m) ** 2, rel=4 * error + 0.01)
    dispersion = (counts.reshape(-1, 6).mean(axis=1) - counts.mean()).std()  # whole days are spread alike
    assert dispersion == pytest.approx(math.sqrt(counts.mean()) / (1 - m) / math.sqrt(6), rel=0.15)


def test_a_burst_has_a_peak_that_even_demand_does_not_have(tmp_path):
    """Without it followers could come so evenly that no desk would feel them."""
    largest = []
    for scenario in (_burst(0.7, per_day=300, days=20), one_desk(demand=[demand(1000)], days=20)):
        plan = make_plan(written(tmp_path, scenario), 1)
        largest.append((plan["due_s"] // 300).value_counts().max())
    assert largest[0] > 1.5 * largest[1]


def test_followers_come_after_the_drawn_delay_and_not_after_the_end(tmp_path):
    """Without it they could come before whom they follow, or a run hold customers of the day after it."""
    plan = make_plan(written(tmp_path, _burst(0.8, exactly(3600), per_day=2000)), 1).set_index("customer_id")
    followers = plan[plan.index.str.count(r"\.") > 3]
    followed = plan.loc[followers.index.str.rsplit(".", n=1).str[0], "due_s"].to_numpy()
    assert len(followers) > 1000
    assert (followers["due_s"] - followed).tolist() == pytest.approx([3600.0] * len(followers), abs=2e-6)
    assert plan["due_s"].max() < DAY_S
    assert followers.index.str.count(r"\.").max() >= 8


def test_a_plan_with_followers_is_ordered_and_names_everybody_once(tmp_path):
    """Without it two followers could share a name or their luck, and the engines order their log differently."""
    plan = make_plan(written(tmp_path, _burst(0.9, per_day=3000)), 1)
    assert plan["customer_id"].is_monotonic_increasing
    assert plan["customer_id"].is_unique
    assert plan["entity"].is_unique
    assert (plan["entity"] < 2**60).all()


@pytest.mark.parametrize("more", [{"factor": 1.4}, {"bursts": {"followers_mean": 0.6, "after": about(60)}}])
def test_more_volume_and_more_followers_only_add_customers(tmp_path, more):
    """Without it a what-if would compare two crowds of strangers."""
    scenario = _burst(0.4, per_day=500, patience={"phone": about(60)})
    few = make_plan(written(tmp_path, scenario), 1).set_index("contact_id")
    scenario["demand"][0] |= more
    many = make_plan(written(tmp_path, scenario), 1).set_index("contact_id")
    assert len(many) > len(few)
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def test_followers_choose_their_own_channel(tmp_path):
    """Without it a burst would be all on one channel."""
    scenario = _burst(0.8, per_day=2000)
    scenario["channels"]["chat"] = {"opens": "00:00", "closes": "24:00"}
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    scenario["demand"][0]["channels"] = {"phone": 0.3, "chat": 0.7}
    plan = make_plan(written(tmp_path, scenario), 1)
    follows = plan["customer_id"].str.count(r"\.") > 3
    first = plan.set_index("customer_id")["channel"]
    same = plan["channel"] == first.loc[_first(plan)].to_numpy()
    assert (plan.loc[follows, "channel"] == "chat").mean() == pytest.approx(0.7, abs=0.03)
    assert same[follows].mean() == pytest.approx(0.3**2 + 0.7**2, abs=0.03)


def test_the_caution_of_a_queue_that_grows_counts_followers(tmp_path):
    """Without it a desk that first comers alone would not overrun could be overrun without a word."""
    for mean, cautions in ((0.0, []), (0.7, ["unstable"])):
        loaded = written(tmp_path, {**_burst(mean, per_day=500), "teams": one_desk(1, about(100))["teams"]})
        assert [one.kind for one in cautions_of(loaded, [])] == cautions


def test_recorded_contacts_stand_among_followers_in_the_order_of_names(tmp_path):
    """Without it a replay beside bursts would be listed in another order than the engines' log."""
    loaded = written(tmp_path, _burst(0.5), [("order.000.0000.00003.5", 5000.0), ("a", 10.0), ("z", 10.0)])
    plan = make_plan(loaded, 1)
    assert plan["customer_id"].is_monotonic_increasing
    assert {"a", "z"} <= set(plan["contact_id"])
