"""The experience ledger on small logs told by hand, and on simulated ones against the metrics that say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.contacts import contacts_of
from results.experience import cases_of
from results.leavers import customers_of
from results.log import table_of
from scenarios.expectations import Expectations, entity_of
from scenarios.experience import TERMS
from scenarios.laws import AnyLaw, Deterministic, Exponential
from scenarios.plan import draw_plan
from scenarios.profiled import Asked, profiled
from scenarios.reading import load_scenario
from scenarios.scenario import Channel
from simulator.simulate import simulate

MINUTE_TOLERATED: dict[Channel, AnyLaw] = {"phone": Deterministic(law="deterministic", value_s=60.0)}
EXPONENTIAL = Exponential(law="exponential", mean_s=60.0)
EXPECTED = Expectations(MINUTE_TOLERATED, seed=1)
SCENARIOS = Path(__file__).parents[2] / "scenarios"


def leg(attempt: int = 1, leg: int = 0, **told: Any) -> dict[str, Any]:
    """Return a leg of one customer's case that was answered by a person after 90 s and lasted 10 s."""
    facts: dict[str, Any] = {
        "source": "simulated", "replication": 0, "customer_id": "ann", "case_id": "ann/0", "channel": "phone",
        "intent": "any", "arrived_s": 100.0 * attempt + 10 * leg, "leg_end": "answered", "contact_outcome": "resolved",
    } | told  # fmt: skip
    facts.setdefault("contact_id", f"{facts['case_id']}/{attempt}")
    facts.setdefault("answered_s", facts["arrived_s"] + 90.0)
    facts.setdefault("ended_s", facts["arrived_s"] + 100.0)
    facts.setdefault("talk_s", None if facts["answered_s"] is None else 10.0)
    return {"attempt": attempt, "leg": leg, **facts}


def experience_of(
    legs: pd.DataFrame, expectations: Expectations, until_s: float | None = None, **more: Any
) -> pd.DataFrame:
    """Return the customers of a log, with what they lived through in all their cases."""
    return customers_of(cases_of(legs, expectations, until_s, **more), None, None, seed=1)


def lived(*legs: dict[str, Any], until_s: float | None = None, **more: Any) -> dict[str, float]:
    """Return what their customer has lived through: the terms that are not 0."""
    found = experience_of(table_of("legs", legs), EXPECTED, until_s, **more)
    assert len(found) == 1
    return {term: float(found[term].iloc[0]) for term in TERMS if found[term].iloc[0]}


UNANSWERED: dict[str, Any] = {"answered_s": None, "leg_end": "abandoned", "contact_outcome": "abandoned"}
TO_OTHERS: dict[str, Any] = {"leg_end": "transferred"}


@pytest.mark.parametrize(
    ("legs", "found"),
    [
        ([leg(answered_s=130.0)], {}),
        ([leg()], {"wait_beyond_min": 0.5}),
        ([leg(channel="email")], {}),
        ([leg(**UNANSWERED)], {"wait_beyond_min": 40 / 60, "unresolved": 1}),
        ([leg(**UNANSWERED), leg(2, answered_s=210.0)], {"wait_beyond_min": 40 / 60, "repeats": 1}),
        ([leg(answered_s=110.0, contact_outcome="unresolved"), leg(2, answered_s=210.0)],
         {"retellings": 1, "repeats": 1}),
        ([leg(answered_s=110.0, **TO_OTHERS), leg(1, 1, answered_s=115.0, history_carried=False)],
         {"transfers": 1, "retellings": 1}),
        ([leg(answered_s=110.0, **TO_OTHERS), leg(1, 1, answered_s=115.0, history_carried=True)], {"transfers": 1}),
        ([leg(answered_s=100.0, talk_s=None, **TO_OTHERS), leg(1, 1, answered_s=115.0, history_carried=False)], {}),
        ([leg(answered_s=110.0, leg_end="cut_off", contact_outcome="cut_off")], {"cut_offs": 1, "unresolved": 1}),
        ([leg(answered_s=110.0, contact_outcome="unresolved"), leg(2, channel="email")],
         {"retellings": 1, "repeats": 1, "hops": 1}),
        ([leg(answered_s=110.0, leg_end="deflected", contact_outcome="deflected")],
         {"deflections": 1, "unresolved": 1}),
        ([leg(answered_s=110.0, promise_due_s=500.0, promise_kept_s=500.0)], {}),
        ([leg(answered_s=110.0, promise_due_s=500.0, promise_kept_s=501.0)], {"promises_late": 1}),
        ([leg(answered_s=110.0, promise_due_s=500.0)], {"promises_broken": 1}),
        ([leg(answered_s=110.0, leg_end="failed", reason="ours", contact_outcome="failed"), leg(2, answered_s=210.0)],
         {}),
    ],
    ids=["tolerated", "beyond", "nothing is known of mail", "given up", "came back", "asked again", "cold transfer",
         "warm transfer", "menu", "cut off", "hop", "deflected", "kept", "late", "broken", "our fault"],
)  # fmt: skip
def test_what_a_customer_lives_through_is_counted(legs: list[dict[str, Any]], found: dict[str, float]) -> None:
    """Without it one of these would weigh nothing, or twice, in whether customers stay."""
    assert lived(*legs, until_s=1000.0) == pytest.approx(found)


def test_what_is_not_due_yet_is_not_broken() -> None:
    """Without it every promise under way at the end of a run would drive its customer away."""
    legs = [leg(answered_s=110.0, promise_due_s=5000.0), leg(2, answered_s=210.0, promise_due_s=500.0)]
    assert "promises_broken" not in lived(legs[0], until_s=1000.0)
    assert lived(*legs, until_s=400.0).get("promises_broken") is None


def test_who_still_waits_has_waited_so_long() -> None:
    """Without it the longest waits of a run, those that had no end in it, would count as none."""
    waiting = leg(answered_s=None, ended_s=None, leg_end="censored", contact_outcome="censored")
    assert lived(waiting, until_s=400.0) == pytest.approx({"wait_beyond_min": 240 / 60})


def test_legs_count_in_the_order_in_which_they_ended() -> None:
    """Without it the story of a later contact could count as told before that of an earlier one."""
    long = leg(answered_s=110.0, ended_s=900.0, contact_outcome="unresolved")
    short = leg(2, answered_s=210.0, history_carried=True)
    assert lived(long, short) == {"repeats": 1.0, "retellings": 1.0, "unresolved": 1.0}


def test_legs_that_end_at_once_count_in_their_order() -> None:
    """Without it who is passed on the moment they are answered would be told to have told it twice."""
    second = leg(1, 1, answered_s=110.0, ended_s=110.0, history_carried=True)
    assert lived(second, leg(answered_s=110.0, ended_s=110.0, **TO_OTHERS)) == {"transfers": 1.0}


def test_who_waits_for_a_call_waits_once() -> None:
    """Without it the wait for a call back would count in the queue and again until the call."""
    queued = leg(answered_s=None, ended_s=300.0, leg_end="callback")
    assert lived(queued, leg(1, 1, arrived_s=100.0, answered_s=340.0, ended_s=400.0)) == {"wait_beyond_min": 3.0}


def test_a_customer_is_the_sum_of_their_cases() -> None:
    """Without it the first story told in a new case would be taken for one told again."""
    legs = [leg(answered_s=110.0), leg(answered_s=110.0, case_id="ann/1", contact_outcome="unresolved")]
    found = experience_of(table_of("legs", legs), EXPECTED)
    assert found[["cases", "contacts", "retellings", "unresolved"]].to_numpy().tolist() == [[2, 2, 0, 1]]


def test_an_unknown_customer_is_their_own() -> None:
    """Without it all unknown callers of a recorded log would be one person of much patience."""
    legs = [leg(contact_id=name, customer_id=None, case_id=None, answered_s=110.0) for name in ("a", "b")]
    assert experience_of(table_of("legs", legs), EXPECTED)["customer_id"].tolist() == ["a", "b"]


def test_what_scorers_found_is_added() -> None:
    """Without it blame, apologies and contradictions would be scored and then forgotten."""
    findings = pd.DataFrame(
        {"contact_id": ["ann/0/1", "ann/0/1", "x"], "label": ["apology", "blame_customer", "apology"]}
    )
    answers = pd.DataFrame({"contact_id": ["ann/0/1", "ann/0/1"], "relation": ["contradict", "agree"]})
    found = lived(leg(answered_s=110.0), findings=findings, answers=answers)
    assert found == {"apologies": 1, "blamed": 1, "contradictions": 1}


def test_empathy_is_kindness_and_a_leg_counts_each_conduct_once() -> None:
    """Without it kindness would never be found in words, and who talks in many turns would be kinder than others."""
    shown = [("ann/0/1", 0, 1, "empathy"), ("ann/0/1", 0, 3, "empathy"), ("ann/0/1", 1, 2, "empathy"),
             ("ann/0/1", 1, 4, "apology"), ("ann/0/1", 1, 6, "apology"), ("ann/0/1", 1, 6, "thanks")]  # fmt: skip
    rows = [dict(zip(("contact_id", "leg", "turn", "label"), one, strict=True)) for one in shown]
    legs = [leg(answered_s=110.0, **TO_OTHERS), leg(1, 1, answered_s=115.0, history_carried=True)]
    assert lived(*legs, findings=table_of("findings", rows)) == {"transfers": 1, "kindness": 2, "apologies": 1}


def test_what_a_simulation_drew_counts_in_its_own_replication() -> None:
    """Without it one replication's blame would be laid on the customers of all, who have the same ids."""
    legs = [leg(answered_s=110.0, replication=number) for number in (0, 1)]
    told = [("blame_customer", None), ("empathy", None), ("wrong_answer", None), ("contradiction", "ann/0/0")]
    rows = [
        {"replication": 1, "contact_id": "ann/0/1", "leg": 0, "label": label, "against": against}
        for label, against in told
    ]
    found = cases_of(table_of("legs", legs), EXPECTED, conduct=table_of("conduct", rows))
    assert found[["blamed", "kindness", "contradictions", "apologies"]].to_numpy().tolist() == [[0] * 4, [1, 1, 1, 0]]


def test_the_same_log_has_the_same_ledger_through_every_door() -> None:
    """Without it a measured customer could not be held against a simulated one; and it agrees with the metrics."""
    morning = Asked(starts="09:00", lasts_s=7200.0, factor=1.2)
    loaded = profiled(load_scenario(SCENARIOS / "broadband_move.yaml", days=1), morning)
    legs = {engine: simulate(loaded, replications=1, engine=engine).legs for engine in ("compiled", "simpy")}
    expected = Expectations({}, seed=1)
    ledgers = [experience_of(log, expected, loaded.horizon_s) for log in legs.values()]
    log = legs["compiled"]
    for source in ("measured", "recorded"):
        shuffled = log.assign(source=source).sample(frac=1.0, random_state=1)
        ledgers.append(experience_of(shuffled, expected, loaded.horizon_s))
    for other in ledgers[1:]:
        pd.testing.assert_frame_equal(ledgers[0], other)
    contacts = contacts_of(log, loaded.horizon_s)
    assert ledgers[0]["retellings"].sum() == np.nansum(contacts["customer_retold"]) > 0
    assert ledgers[0]["repeats"].sum() == len(contacts) - ledgers[0]["cases"].sum() > 0


def test_a_customer_is_as_tolerant_on_every_channel_and_in_every_contact() -> None:
    """Without it the same person would find a wait right today and wrong tomorrow."""
    expected = Expectations({"phone": EXPONENTIAL, "chat": EXPONENTIAL}, seed=7)
    drawn = [expected.tolerated_us(f"a.000.0930.{k:05d}", "phone") for k in range(400)]
    assert drawn == [expected.tolerated_us(f"a.000.0930.{k:05d}", "chat") for k in range(400)]
    assert len(set(drawn)) == 400
    assert np.mean(drawn) / 60e6 == pytest.approx(1.0, abs=0.2)  # 4 standard errors


def test_the_published_tolerance_is_what_was_published() -> None:
    """Without it the default would not be the survey's: 32.3 % accept no wait, 59.9 % one of a minute at most."""
    expected = Expectations({}, seed=3)
    drawn = np.array([expected.tolerated_us(f"a.000.0930.{k:05d}", "phone") for k in range(4000)])
    assert np.mean(drawn == 0) == pytest.approx(0.323, abs=0.03)
    assert np.mean(drawn <= 60_000_000) == pytest.approx(0.599, abs=0.03)


@pytest.mark.parametrize("name", ["quiet_tuesday", "broadband_move"])
def test_a_customer_is_known_by_their_id(name: str) -> None:
    """Without it a customer's tolerance would not be the same in a log as in the plan."""
    plan = draw_plan(load_scenario(SCENARIOS / f"{name}.yaml"), 1)
    ids = plan.customer_ids(plan.case_names()).to_pylist()[:2000]
    assert [entity_of(customer) for customer in ids] == plan.customer_entities()[:2000].tolist()
