"""The two stories that started it all: S3, the house move, and S0, the complaint that waits for eight weeks."""

from __future__ import annotations

import functools

import pandas as pd

from scenarios.changes import changed
from scenarios.reading import HERE, load_scenario
from simulator.simulate import Simulated, simulate

DAY_S = 86_400.0


@functools.lru_cache(maxsize=2)
def movers(remedied: bool) -> Simulated:
    """Return two weeks of the movers' provider, as it is or with all that would have kept the customer."""
    loaded = load_scenario(HERE / "broadband_move.yaml", 14)
    if not remedied:
        return simulate(loaded, replications=2)
    remedy = changed(loaded, loaded.scenario.remedies["all_three"].set)
    return simulate(remedy, replications=2, churn=movers(False).churn)


def like_that_one(run: Simulated) -> pd.DataFrame:
    """Return who postponed a move, was passed on and told it all again, and came back over a promise in vain."""
    cases = run.cases[run.cases["case_id"].str.startswith("postpone_move")]
    missed = cases["promises_broken"] + cases["promises_late"]
    found = cases[(missed > 0) & (cases["retellings"] > 0) & (cases["repeats"] > 0)]
    whose = run.customers[["replication", "customer_id", "left", "leave_share"]].astype({"replication": "int64"})
    return found.merge(whose, on=["replication", "customer_id"])


def test_customers_like_the_one_of_the_house_move_exist_and_leave():
    """Without it the flagship scenario could lose its story, and every page on it would be of ordinary days."""
    found = like_that_one(movers(False))
    assert len(found) > 100
    assert found["left"].sum() >= 5
    assert found["leave_share"].mean() > 5 * movers(False).customers["leave_share"].mean()


def test_with_a_record_a_page_to_reschedule_and_kept_promises_they_stay():
    """Without it the remedies of the story could be there in name only."""
    before, after = like_that_one(movers(False)), movers(True)
    assert len(like_that_one(after)) < 0.05 * len(before)
    gone = before.loc[before["left"].astype(bool), ["replication", "customer_id"]]
    again = after.customers.astype({"replication": "int64"}).merge(gone, on=["replication", "customer_id"])
    assert again["left"].mean() < 0.5
    assert after.customers["leave_share"].sum() < 0.9 * movers(False).customers["leave_share"].sum()


def test_a_written_complaint_waits_for_eight_weeks_and_the_customer_fades_with_it():
    """Without it the backlog scenario could run for sixteen weeks without one."""
    run = simulate(load_scenario(HERE / "complaints_backlog.yaml"), replications=3)
    work = run.legs[run.legs["role"].eq("work") & run.legs["answered_s"].notna()]
    late = work[work["answered_s"] > 15 * 7 * DAY_S]
    assert 45 < ((late["answered_s"] - late["arrived_s"]) / DAY_S).median() < 63
    due = run.legs[run.legs["promise_due_s"] < 112 * DAY_S]
    assert (due["promise_kept_s"] <= due["promise_due_s"]).mean() < 0.25
    social = run.legs[run.legs["channel"].eq("social") & run.legs["answered_s"].notna()]
    assert (social["answered_s"] - social["arrived_s"]).median() < 60
    broken = run.cases[run.cases["promises_broken"] > 0]
    faded = broken[broken["contacts"] == 1]
    assert 0.2 < len(faded) / len(broken) < 0.6
    shares = run.customers.set_index(["replication", "customer_id"])["leave_share"]
    of_faded = shares.reindex(pd.MultiIndex.from_frame(faded[["replication", "customer_id"]]))
    assert of_faded.mean() > 1.5 * shares.mean()
