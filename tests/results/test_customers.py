"""Metrics over all legs of a contact and over all attempts of a customer, against values computed by hand."""

import numpy as np
import pytest

from results.customers import customer_columns
from results.log import LEG_ENDS, ordered, table_of
from results.metrics import contacts_of, metric_of, values_of
from scenarios.metric_names import END_SHARES, METRIC_NAMES
from simulator import fold, loop_legs
from simulator.simulate import Work, replicated, simulate
from tests.written import about, demand, exactly, one_desk, written


def _leg(customer, attempt=1, leg=0, arrived=0.0, answered=None, ended=None, end="answered", **more):
    talk = None if answered is None or ended is None else ended - answered
    known = {"answered": "resolved", "transferred": "resolved"}
    return {
        "run_id": "r", "source": "measured", "replication": 0, "played_by": "shopper", "customer_id": customer,
        "case_id": f"{customer}.0", "contact_id": f"{customer}.0.{attempt}", "attempt": attempt, "leg": leg,
        "channel": "chat", "intent": "order", "team": None if answered is None else "front", "arrived_s": arrived,
        "answered_s": answered, "ended_s": ended, "talk_s": talk, "leg_end": end,
        "contact_outcome": known.get(end, end), **more,
    }  # fmt: skip


@pytest.fixture
def four_customers():
    """One passed on twice, one who tries three times, one who gives up for good, one who finds it closed."""
    return contacts_of(ordered(table_of("legs", [
        _leg("a", arrived=0, answered=10, ended=70, end="transferred"),
        _leg("a", leg=1, arrived=70, answered=100, ended=160, end="transferred", history_carried=True),
        _leg("a", leg=2, arrived=160, answered=165, ended=200, history_carried=False),
        _leg("b", arrived=20, ended=50, end="abandoned"),
        _leg("b", attempt=2, arrived=300, ended=300, end="blocked", channel="phone"),
        _leg("b", attempt=3, arrived=400, answered=407, ended=500, intent="refund"),
        _leg("c", arrived=60, ended=100, end="balked"),
        _leg("d", arrived=900, ended=900, end="closed"),
    ])))  # fmt: skip


def _value(contacts, metric):
    return metric_of(values_of(contacts, metric), metric)


def test_all_legs_of_a_contact_are_counted(four_customers):
    """Without it the second queue would cost nothing, and who tells the story twice would go unseen."""
    by_hand = {
        "wait_s_mean": (10 + 30 + 7 + 40) / 4,
        "wait_all_legs_s_mean": (10 + 30 + 5 + 30 + 7 + 40) / 4,
        "legs_mean": (3 + 1) / 2,
        "retellings_mean": (1 + 0) / 2,
    }
    assert {name: pytest.approx(_value(four_customers, name)) for name in by_hand} == by_hand


def test_all_attempts_of_a_customer_are_one(four_customers):
    """Without it a customer who gets through at the third attempt would count as two who were lost."""
    by_hand = {
        "customers_answered_share": 2 / 3,
        "customer_resolved_share": 2 / 3,
        "attempts_mean": (1 + 3 + 1) / 3,
        "customer_wait_s_mean": (45 + 37 + 40) / 3,
        "customer_retellings_mean": (1 + 0) / 2,
    }
    assert {name: pytest.approx(_value(four_customers, name)) for name in by_hand} == by_hand
    told = four_customers[~np.isnan(values_of(four_customers, "attempts_mean"))]
    assert told["contact_id"].tolist() == ["a.0.1", "b.0.1", "c.0.1"]  # on channel and intent of the first attempt
    assert set(told["intent"]) == {"order"}


def test_a_later_attempt_that_is_answered_tells_the_story_again():
    """Without it a customer who has to call back would seem to tell the story once."""
    rows = [_leg("a", attempt=n, arrived=100.0 * n, answered=100.0 * n, ended=100.0 * n + 50) for n in (1, 2, 3)]
    assert _value(contacts_of(table_of("legs", rows)), "customer_retellings_mean") == 2
    assert _value(contacts_of(table_of("legs", rows)), "retellings_mean") == 0
    rows[2] |= {"history_carried": True}
    assert _value(contacts_of(table_of("legs", rows)), "customer_retellings_mean") == 1


def test_a_colleague_who_is_asked_in_is_work_but_no_queue_and_no_time_of_the_customer():
    """Without it a conference would seem to double the talk, and to be one more queue to stand in."""
    rows = [
        _leg("a", arrived=0, answered=10, ended=70),
        _leg("a", leg=1, arrived=50, answered=50, ended=65, role="conference", history_carried=True),
    ]
    contacts = contacts_of(table_of("legs", rows))
    by_hand = {"talk_s_mean": 60, "handle_s_mean": 75, "legs_mean": 1, "retellings_mean": 0, "wait_all_legs_s_mean": 10}
    assert {name: _value(contacts, name) for name in by_hand} == by_hand


def test_behind_a_menu_it_is_the_queue_for_people_that_counts():
    """Without it a desk with a menu would answer every call at once, and lose nobody."""
    menu = {"end": "transferred", "team": "menu", "talk_s": None}
    rows = [
        _leg("a", answered=0, ended=20, **menu),
        _leg("a", leg=1, arrived=20, answered=80, ended=180),
        _leg("b", arrived=5, answered=5, ended=25, **menu),
        _leg("b", leg=1, arrived=25, answered=25, ended=60, **menu),
        _leg("b", leg=2, arrived=60, ended=90, end="abandoned"),
        _leg("c", arrived=9, answered=9, ended=29, end="contained", team="menu", talk_s=None),
        _leg("d", arrived=9, answered=9, ended=29, **menu),
        _leg("d", leg=1, arrived=29, answered=29, ended=49, end="transferred"),
        _leg("d", leg=2, arrived=49, answered=59, ended=99),
    ]
    contacts = contacts_of(table_of("legs", rows))
    assert contacts["team"].fillna("").tolist() == ["front", "", "menu", "front"]
    by_hand = {
        "wait_s_mean": (60 + 30 + 0 + 0) / 4,
        "wait_answered_s_mean": 60 / 3,
        "abandonment": 1 / 4,
        "answered_share": 3 / 4,
        "transfer_share": 1 / 3,
        "contained_share": 1 / 4,
        "legs_mean": (1 + 2) / 2,
        "retellings_mean": (0 + 1) / 2,
        "wait_all_legs_s_mean": (60 + 30 + 0 + 10) / 4,
        "handle_s_mean": (100 + 60) / 2,
    }
    assert {name: pytest.approx(_value(contacts, name)) for name in by_hand} == by_hand


def test_who_is_called_back_is_reached_but_not_answered_in_time():
    """Without it a callback would count as a customer who was never answered, or one who waited twice."""
    rows = [
        _leg("a", arrived=0, ended=30, end="callback"),
        _leg("a", leg=1, arrived=0, answered=600, ended=700),
        _leg("b", arrived=0, ended=30, end="callback"),
        _leg("b", leg=1, arrived=0, ended=600, end="silent", agent="x", wrap_s=40.0, released_s=640.0),
        _leg("c", arrived=5, answered=15, ended=65),
    ]
    contacts = contacts_of(table_of("legs", rows))
    by_hand = {
        "answered_share": 2 / 3,
        "customers_answered_share": 2 / 3,
        "callback_share": 2 / 3,
        "abandonment": 0,
        "wait_s_mean": 10,
        "wait_all_legs_s_mean": (600 + 10) / 2,
        "handle_s_mean": (100 + 50) / 2,
        "legs_mean": 1,
        "still_waiting_share": 0,
    }
    assert {name: pytest.approx(_value(contacts, name)) for name in by_hand} == by_hand


def test_who_still_waits_has_no_wait_of_all_legs():
    """Without it the wait of a contact that is stuck in its second queue would be told as the first one's."""
    rows = [
        _leg("a", arrived=0, answered=10, ended=70, end="transferred"),
        _leg("a", leg=1, arrived=70, end="censored"),
    ]
    contacts = contacts_of(table_of("legs", rows))
    assert values_of(contacts, "wait_s_mean").tolist() == [10]
    assert np.isnan(values_of(contacts, "wait_all_legs_s_mean")).all()
    assert np.isnan(values_of(contacts, "customer_wait_s_mean")).all()


def test_cases_of_two_replications_and_contacts_without_a_case_stay_apart():
    """Without it the same customer of ten simulated days would be one who tried ten times."""
    rows = [_leg("a", answered=5, ended=65, replication=r) for r in range(2)]
    rows += [_leg(name, arrived=9, answered=9, ended=65, case_id=None, contact_id=name) for name in ("x", "y")]
    contacts = contacts_of(table_of("legs", rows))
    assert values_of(contacts, "attempts_mean").tolist() == [1, 1, 1, 1]


def test_an_outcome_that_was_not_recorded_is_not_a_failure():
    """Without it a recorded log, which seldom says what an answer was worth, would show that nothing is resolved."""
    rows = [_leg(name, answered=5, ended=65, contact_outcome=told) for name, told in (("a", None), ("b", "resolved"))]
    assert values_of(contacts_of(table_of("legs", rows)), "customer_resolved_share").tolist() == pytest.approx(
        [np.nan, 1], nan_ok=True
    )


@pytest.mark.parametrize(("metric", "end"), END_SHARES.items())
def test_each_end_is_a_share_of_the_offered(metric, end):
    """Without it customers who were sent away could vanish from every figure."""
    assert end in LEG_ENDS
    rows = [
        _leg("a", arrived=0, ended=9, end=end),
        _leg("b", arrived=1, answered=2, ended=9),
        _leg("c", arrived=2, answered=3, ended=9, end="transferred"),
        _leg("c", leg=1, arrived=9, ended=99, end=end),
        _leg("d", arrived=5, ended=5, end="closed"),
    ]
    assert _value(contacts_of(table_of("legs", rows)), metric) == pytest.approx(2 / 3)


def test_ends_the_engine_does_not_know_yet_are_found_by_their_word(tmp_path, monkeypatch):
    """Without it an end added to the engine would be told as no end at all, and balking not as giving up."""
    loaded = written(tmp_path, one_desk(1, exactly(60)), [(f"c{i}", 200.0 * i) for i in range(4)])
    work = Work(loaded, 1, False, None, "compiled", (), 0.0, False)
    part = replicated(loaded, work.floor, None, work.luck(0))
    new = ("silent", "cut_off")
    monkeypatch.setattr(fold, "ENDS", (*loop_legs.ENDS, *new))
    facts, times = part.happened.facts, part.happened.times_us
    for row, end in enumerate(new):
        facts[row, loop_legs.LEG_END] = len(loop_legs.ENDS) + row
        if end == "silent":
            times[row, loop_legs.ANSWERED] = loop_legs.UNANSWERED
    contacts = fold.contacts_folded(part.happened, part.plan.intent)
    by_hand = {"abandonment": 1 / 4, "silent_share": 1 / 4, "cut_off_share": 1 / 4, "balked_share": 0}
    assert {name: _value(contacts, name) for name in by_hand} == by_hand


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_redials_and_passing_on_move_the_figures_of_customers(tmp_path, engine):
    """Without it what customers live through could stay the same however often they have to call again."""

    def told(**changes):
        scenario = one_desk(2, about(300), demand=[demand(600)], patience={"phone": about(60)})
        scenario["teams"]["back"] = {"channels": ["phone"], "skills": [], "agents": {"00:00": 1}}
        scenario["teams"]["back"] |= {"service": {"default": about(100)}}
        scenario["goals"] = [
            {"metric": name, "at_most": 9999} for name, known in METRIC_NAMES.items() if known.unit == "count"
        ] + [{"metric": name, "at_most": 9999} for name in ("customers_answered_share", "wait_all_legs_s_mean")]
        found = simulate(written(tmp_path, scenario | changes), replications=3, engine=engine).figures()
        return {f.name: f.value for f in found if f.channel is None and f.team is None}

    once = told()
    again = told(retry={"phone": {"probability": 0.9, "after": about(600), "attempts_most": 20}})
    assert again["attempts_mean"] > once["attempts_mean"] == 1
    assert again["customers_answered_share"] > once["customers_answered_share"] + 0.1
    on = told(transfers=[{"from": "front", "to": "back", "probability": 0.3}])
    known = told(transfers=[{"from": "front", "to": "back", "probability": 0.3, "history_carried": True}])
    assert on["legs_mean"] > once["legs_mean"] == 1
    assert on["retellings_mean"] > known["retellings_mean"] == 0
    assert on["customer_retellings_mean"] == pytest.approx(on["retellings_mean"])


def test_a_case_that_never_began_takes_nothing_from_the_first():
    """Without it the first customer of a day would be told of nobody as soon as another had left before."""
    told = {name: [1.0, 1.0] for name in ("resolved", "came", "by_person", "reached", "waits_s", "tellings")}
    columns = customer_columns(told, np.array([0, 2]))
    assert columns["customer_attempts"].tolist() == [1.0, 1.0]
