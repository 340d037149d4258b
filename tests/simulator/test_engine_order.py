import inspect
import math
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.log import wait_s
from scenarios.plan import make_plan
from simulator import engine_simpy, simpy_floor
from simulator.engine_simpy import Engine
from simulator.events import EventClass, event_key
from simulator.simpy_floor import Luck
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written


def _ran(loaded, seed=1):
    """Return legs and staffing of one replication."""
    engine = Engine(loaded, make_plan(loaded, seed), Luck(seed, 0, 0))
    engine.run()
    return engine.legs("", 0), engine.staffing(0)


def _leg(legs, contact, leg=0):
    return legs[(legs["contact_id"] == contact) & (legs["leg"] == leg)].iloc[0]


def _floor(tmp_path, arrivals, agents=1, service_s=60, patience_s=None, roster=None, **changes):
    scenario = one_desk(agents, exactly(service_s), **changes)
    if patience_s is not None:
        scenario["patience"] = {"phone": exactly(patience_s)}
    if roster is not None:
        scenario["teams"]["front"]["agents"] = roster
    return _ran(written(tmp_path, scenario, arrivals))


# -- what happens first within one microsecond ---------------------------------------------------------------------


def test_the_classes_of_events_stand_in_the_order_of_the_design():
    """Without it a class inserted in the wrong place would change every whole-second scenario, silently."""
    assert [kind.name for kind in EventClass] == ["END", "SHIFT", "CLOSING", "JOIN", "TIMER", "MATCH", "GIVE_UP"]
    keys = [event_key(kind, contact, leg) for kind in EventClass for contact in (0, 5, 2**52 - 1) for leg in (0, 4095)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_the_engine_names_no_kind_of_event_outside_the_enumeration():
    """Without it an event scheduled at SimPy's own priority would overtake everything in its microsecond."""
    source = "".join(inspect.getsource(module) for module in (engine_simpy, simpy_floor))
    assert source.count("heappush(self._queue") == 1
    assert not re.search(r"\.(schedule|timeout)\(", source)


def test_patience_that_ends_as_an_agent_is_freed_is_served(tmp_path):
    """Without it abandonment in whole-second scenarios would hang on the order in which events were created."""
    legs, _ = _floor(tmp_path, [("a", 100), ("b", 130)], service_s=60, patience_s=30)
    assert _leg(legs, "b")["leg_end"] == "answered"
    assert _leg(legs, "b")["answered_s"] == 160


def test_patience_that_ends_a_microsecond_earlier_is_not(tmp_path):
    """Without it the test above could pass because nobody ever gives up."""
    legs, _ = _floor(tmp_path, [("a", 100), ("b", 130)], service_s=60, patience_s=29.999999)
    assert _leg(legs, "b")["leg_end"] == "abandoned"
    assert _leg(legs, "b")["ended_s"] == 159.999999
    assert math.isnan(_leg(legs, "b")["answered_s"])


def test_patience_of_zero_is_served_by_an_idle_agent(tmp_path):
    """Without it those who accept no wait at all would leave an empty shop."""
    legs, _ = _floor(tmp_path, [("a", 100), ("b", 130)], patience_s=0)
    assert _leg(legs, "a")["leg_end"] == "answered"
    assert _leg(legs, "b")["leg_end"] == "abandoned"
    assert _leg(legs, "b")["ended_s"] == 130


def test_a_shift_that_ends_as_its_agent_is_freed_takes_the_agent_home(tmp_path):
    """Without it (ends before shifts before match) a customer would be answered by someone who has left."""
    roster = {"00:00": 1, "01:00": 0, "02:00": 1}
    legs, _ = _floor(tmp_path, [("a", 3540), ("b", 3550)], roster=roster)
    assert _leg(legs, "a")["ended_s"] == 3600
    assert _leg(legs, "b")["answered_s"] == 7200


def test_a_shift_that_begins_as_patience_ends_serves_the_customer(tmp_path):
    """Without it shifts could come after give-ups, and the first customers of each shift be lost."""
    legs, _ = _floor(tmp_path, [("a", 3500)], roster={"01:00": 1}, patience_s=100)
    assert _leg(legs, "a")["answered_s"] == 3600


def test_who_joins_as_an_agent_is_freed_waits_behind_those_who_wait(tmp_path):
    """Without it a newcomer could snatch the agent that is freed in the same microsecond."""
    legs, _ = _floor(tmp_path, [("a", 100), ("z", 130), ("b", 160)])
    assert _leg(legs, "z")["answered_s"] == 160
    assert _leg(legs, "b")["answered_s"] == 220


def test_those_who_join_together_are_served_in_the_order_of_the_plan(tmp_path):
    """Without it ties would follow the order of creation, which a second engine cannot reproduce."""
    legs, _ = _floor(tmp_path, [("c", 100), ("a", 100), ("b", 100)])
    assert [_leg(legs, name)["answered_s"] for name in "abc"] == [100, 160, 220]


def test_the_longest_waiting_over_all_queues_is_served_first(tmp_path):
    """Without it a team with two queues would serve whichever queue was created first."""
    scenario = one_desk(1, exactly(60))
    scenario["channels"]["chat"] = {"opens": "00:00", "closes": "24:00"}
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    scenario["teams"]["extra"] = {
        "channels": ["chat"],
        "agents": {"23:00": 1},
        "service": {"default": exactly(60)},
    }
    arrivals = [("a", 100), ("b", 110, "phone", "order"), ("c", 105, "chat", "order"), ("d", 103, "phone", "order")]
    legs, _ = _ran(written(tmp_path, scenario, arrivals))
    assert [_leg(legs, name)["answered_s"] for name in "adcb"] == [100, 160, 220, 280]


def test_wrap_up_keeps_the_agent_and_lets_the_customer_go(tmp_path):
    """Without it wrap-up would either not load the desk or be counted as the customer's time."""
    scenario = one_desk(1, exactly(60))
    scenario["teams"]["front"]["wrap"] = exactly(15)
    legs, _ = _ran(written(tmp_path, scenario, [("a", 100), ("b", 110)]))
    a, b = _leg(legs, "a"), _leg(legs, "b")
    assert (a["ended_s"], a["released_s"], a["talk_s"], a["wrap_s"]) == (160, 175, 60, 15)
    assert b["answered_s"] == 175


def test_patience_that_ends_as_a_wrap_up_ends_is_served(tmp_path):
    """Without it the end of wrap-up could come after give-ups, though it frees the agent like any end."""
    scenario = one_desk(1, exactly(60), patience={"phone": exactly(30)})
    scenario["teams"]["front"]["wrap"] = exactly(15)
    legs, _ = _ran(written(tmp_path, scenario, [("a", 100), ("b", 145)]))
    assert _leg(legs, "b")["answered_s"] == 175


# -- seats ---------------------------------------------------------------------------------------------------------


def test_idle_seats_leave_first_and_the_highest_number_first(tmp_path):
    """Without it a falling roster could take the busy or the wrong seat, and occupancy by seat would mean nothing."""
    _, staffing = _floor(tmp_path, [("a", 3590)], roster={"00:00": 3, "01:00": 2, "02:00": 1, "03:00": 0})
    # the seat idle longest and lowest takes the call: front-01 is busy at 01:00
    left = staffing.set_index("seat")["to_s"]
    assert left.to_dict() == {"front-03": 3600, "front-02": 7200, "front-01": 10800}


def test_busy_seats_finish_and_then_leave(tmp_path):
    """Without it a shift's end would cut conversations off, or the seat stay all night."""
    legs, staffing = _floor(
        tmp_path, [("a", 3590), ("b", 3591), ("c", 3592)], agents=2, roster={"00:00": 2, "01:00": 0}
    )
    left = staffing.set_index("seat")["to_s"]
    assert left.to_dict() == {"front-01": 3650, "front-02": 3651}
    assert _leg(legs, "c")["leg_end"] == "censored"


def test_a_roster_that_falls_and_rises_while_a_seat_is_busy_keeps_the_seat(tmp_path):
    """Without it the seat would be doubled, or leave although it is needed again."""
    roster = {"00:00": 1, "01:00": 0, "01:01": 1}
    legs, staffing = _floor(tmp_path, [("a", 3590), ("b", 3600)], service_s=120, roster=roster)
    assert _leg(legs, "b")["answered_s"] == 3710
    assert len(staffing) == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.integers(1, 3), st.floats(0.1, 0.6), st.integers(1, 10))
def test_more_seats_only_add_seats(agents, more, shrinkage, seed):
    """Without it a what-if with two more agents would also reshuffle who is absent, and compare luck with luck."""

    def present(count):
        scenario = one_desk(count, demand=[demand(1)])
        scenario["teams"]["front"]["shrinkage"] = shrinkage
        with TemporaryDirectory() as folder:
            _, staffing = _ran(written(Path(folder), scenario), seed)
        blocks = range(900, 86_400, 1800)
        return [{s for s, a, b in staffing[["seat", "from_s", "to_s"]].values if a <= t < b} for t in blocks]

    few, many = present(agents), present(agents + more)
    assert all(before <= after for before, after in zip(few, many, strict=True))
    assert all(len(after) <= agents + more for after in many)


def test_shrinkage_leaves_that_share_of_seats_empty(tmp_path):
    """Without it shrinkage could be applied twice, or be the share that is present."""
    scenario = one_desk(50, demand=[demand(1)])
    scenario["teams"]["front"]["shrinkage"] = 0.3
    _, staffing = _ran(written(tmp_path, scenario))
    on_duty_s = (staffing["to_s"] - staffing["from_s"]).sum()
    assert on_duty_s / (50 * 86_400) == pytest.approx(0.7, abs=0.03)  # 2,400 keyed coins: 3 standard errors


# -- what customers live through -----------------------------------------------------------------------------------


def _two_tiers(history=False, **changes):
    scenario = one_desk(1, exactly(60), **changes)
    scenario["teams"]["back"] = {
        "channels": ["email"],
        "agents": {"00:00": 1},
        "service": {"default": exactly(100)},
    }
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
    scenario["transfers"] = [{"from": "front", "to": "back", "probability": 1.0, "history_carried": history}]
    return scenario


@pytest.mark.parametrize("history", [True, False])
def test_a_transfer_is_a_second_leg_that_waits_for_the_other_team(tmp_path, history):
    """Without it the wait on the way, which customers resent most, would vanish from the log."""
    legs, _ = _ran(written(tmp_path, _two_tiers(history), [("a", 100), ("b", 110)]))
    first, second = _leg(legs, "b", 0), _leg(legs, "b", 1)
    assert (first["leg_end"], first["contact_outcome"], first["team"]) == ("transferred", "resolved", "front")
    assert (second["team"], second["arrived_s"], second["answered_s"], second["ended_s"]) == ("back", 220, 260, 360)
    assert pd.isna(first["history_carried"])
    assert second["history_carried"] == history
    assert second["leg_end"] == "answered"


def test_one_who_gives_up_frees_no_agent_and_may_try_again(tmp_path):
    """Without it redials, which make a bad day worse, would be lost or come back as other people."""
    retry = {"phone": {"probability": 1.0, "after": exactly(300), "attempts_most": 3}}
    legs, staffing = _floor(tmp_path, [("b", 90)], patience_s=10, roster={"23:00": 0}, retry=retry)
    assert legs["contact_id"].tolist() == ["b", "b/0/2", "b/0/3"]
    assert legs["due_s"].tolist() == [90, 400, 710]
    assert legs["attempt"].tolist() == [1, 2, 3]
    assert legs["leg_end"].eq("abandoned").all()
    assert legs["case_id"].nunique() == legs["customer_id"].nunique() == 1
    assert staffing.empty


def test_a_channel_that_is_shut_answers_nobody(tmp_path):
    """Without it contacts before opening would queue up overnight; closing itself counts as shut."""
    hours = {"phone": {"opens": "09:00", "closes": "17:00"}}
    at = {"early": 32_399.999999, "first": 32_400, "last": 61_199, "late": 61_200}
    legs, _ = _floor(tmp_path, list(at.items()), channels=hours)
    assert {name: _leg(legs, name)["leg_end"] for name in at} == {
        "early": "closed",
        "first": "answered",
        "last": "answered",
        "late": "closed",
    }
    assert math.isnan(_leg(legs, "late")["answered_s"])
    assert _leg(legs, "late")["ended_s"] == 61_200


def test_pages_answer_any_number_at_once(tmp_path):
    """Without it self-service would queue, or contain everybody whatever the scenario says."""
    scenario = one_desk()
    scenario["channels"] = {"faq": {"opens": "00:00", "closes": "24:00"}}
    scenario["teams"] = {
        "pages": {"channels": ["faq"], "self_service": True, "contained": 0.3, "service": {"default": exactly(45)}}
    }
    legs, _ = _ran(written(tmp_path, scenario, [(f"c{n:04d}", 500, "faq", "order") for n in range(2000)]))
    assert (legs["answered_s"] == 500).all()
    assert (legs["ended_s"] == 545).all()
    assert legs["agent"].isna().all()
    contained = legs["leg_end"] == "contained"
    assert contained.mean() == pytest.approx(0.3, abs=0.04)
    assert (legs["contact_outcome"] == contained.map({True: "resolved", False: "unresolved"})).all()


def test_what_has_not_ended_at_the_horizon_is_censored(tmp_path):
    """Without it the last customers of the day would look abandoned, or answered in no time."""
    legs, _ = _floor(tmp_path, [("a", 86_380), ("b", 86_390)])
    a, b = _leg(legs, "a"), _leg(legs, "b")
    assert a["leg_end"] == b["leg_end"] == a["contact_outcome"] == "censored"
    assert a["answered_s"] == 86_380
    assert math.isnan(a["ended_s"])
    assert math.isnan(b["answered_s"])


def test_the_second_day_opens_like_the_first(tmp_path):
    """Without it rosters and hours would stop, or drift, after the first midnight."""
    hours = {"phone": {"opens": "09:00", "closes": "17:00"}}
    roster = {"09:00": 1, "17:00": 0}
    legs, staffing = _floor(tmp_path, [("a", 32_400), ("b", 118_800)], channels=hours, roster=roster, days=2)
    assert legs["answered_s"].tolist() == [32_400, 118_800]
    assert staffing["from_s"].tolist() == [32_400, 118_800]
    assert staffing["to_s"].tolist() == [61_200, 147_600]


# -- laws every queue keeps ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def busy_day(tmp_path_factory):
    """A day with everything in it: patience, redials, transfers, wrap-up, shrinkage, two teams."""
    scenario = _two_tiers(patience={"phone": about(90)}, demand=[demand(3000)])
    scenario["retry"] = {"phone": {"probability": 0.5, "after": about(600), "attempts_most": 4}}
    scenario["transfers"][0]["probability"] = 0.2
    scenario["teams"]["front"] |= {"agents": {"00:00": 3, "08:00": 5, "20:00": 4}, "wrap": about(20), "shrinkage": 0.1}
    scenario["teams"]["front"]["service"] = {"default": about(100)}
    scenario["teams"]["back"] |= {"agents": {"00:00": 2}, "service": {"default": about(150)}}
    loaded = written(tmp_path_factory.mktemp("busy"), scenario)
    return loaded, *_ran(loaded)


def test_contacts_are_conserved(busy_day):
    """Without it a contact could vanish between two queues; planned = first attempts, one last leg each."""
    loaded, legs, _ = busy_day
    first = legs[legs["leg"] == 0]
    assert set(first.loc[first["attempt"] == 1, "contact_id"]) == set(make_plan(loaded, 1)["contact_id"])
    last = legs.groupby("contact_id").tail(1)
    assert last["leg_end"].isin(["answered", "abandoned", "censored"]).all()
    assert (legs["leg_end"] == "transferred").sum() == (legs["leg"] > 0).sum()
    again = first[first["attempt"] > 1]
    gave_up = first[first["leg_end"] == "abandoned"]
    assert set(again["customer_id"]) <= set(gave_up["customer_id"])
    assert len(again) == pytest.approx(len(gave_up) * 0.5, rel=0.25)


def test_nobody_is_answered_before_arriving_and_all_times_are_whole_microseconds(busy_day):
    """Without it floating-point time could creep in, which no second engine reproduces."""
    _, legs, _ = busy_day
    assert (wait_s(legs).dropna() >= 0).all()
    for column in ("due_s", "arrived_s", "answered_s", "ended_s", "released_s", "talk_s", "wrap_s"):
        micros = legs[column].dropna() * 1e6
        assert ((micros - micros.round()).abs() < 1e-4).all(), column


def test_no_seat_serves_two_at_once_or_while_off_duty(busy_day):
    """Without it one agent could be matched twice in a microsecond, and the desk be faster than its people."""
    _, legs, staffing = busy_day
    served = legs[legs["agent"].notna()].copy()
    served["until_s"] = served["released_s"].fillna(86_400.0).clip(upper=86_400.0)
    for seat, rows in served.sort_values("answered_s").groupby("agent"):
        assert (rows["answered_s"].to_numpy()[1:] >= rows["until_s"].to_numpy()[:-1]).all(), seat
        duty = staffing[staffing["seat"] == seat]
        for start, end in rows[["answered_s", "until_s"]].values:
            assert ((duty["from_s"] <= start) & (end <= duty["to_s"])).any(), (seat, start)


def test_littles_law(busy_day):
    """Without it time in queue and people in queue could be told by two different clocks."""
    _, legs, _ = busy_day
    waits = wait_s(legs).fillna(86_400.0 - legs["arrived_s"])
    changes = pd.concat([pd.Series(1, legs["arrived_s"]), pd.Series(-1, legs["arrived_s"] + waits)]).sort_index()
    in_queue, at = changes.cumsum().to_numpy()[:-1], changes.index.to_numpy()
    assert (in_queue * (at[1:] - at[:-1])).sum() == pytest.approx(waits.sum())


def test_first_come_is_first_served_within_a_queue(busy_day):
    """Without it somebody could be overtaken in their own queue."""
    _, legs, _ = busy_day
    answered = legs[legs["answered_s"].notna()]
    for _, rows in answered.sort_values(["arrived_s", "answered_s"]).groupby("queue"):
        assert rows["answered_s"].is_monotonic_increasing
    for _, rows in legs.sort_values(["arrived_s", "answered_s"]).groupby("queue"):
        soonest_later = rows["answered_s"].fillna(math.inf)[::-1].cummin()[::-1].shift(-1, fill_value=math.inf)
        left = rows["leg_end"] == "abandoned"
        assert (rows.loc[left, "ended_s"] <= soonest_later[left]).all()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 600), min_size=2, max_size=40),
    st.integers(1, 4),
    st.sampled_from([exactly(60), about(60), {"law": "uniform", "low_s": 0, "high_s": 120}]),
    st.integers(0, 2**32 - 1),
)
def test_one_more_agent_lengthens_no_wait_where_nobody_gives_up(due_s, agents, law, seed):
    """Without it (FIFO, one queue, the same draws) more staff could lengthen a wait, and what-ifs lie."""
    arrivals = [(f"c{n:02d}", at) for n, at in enumerate(due_s)]
    waits = []
    for count in (agents, agents + 1):
        with TemporaryDirectory() as folder:
            legs, _ = _ran(written(Path(folder), one_desk(count, law), arrivals), seed)
        waits.append(wait_s(legs).to_numpy())
    assert (waits[1] <= waits[0] + 1e-9).all()


# -- luck belongs to the customer ----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_log_and_another_seed_another(busy_day):
    """Without it no run could be repeated, and no difference be told from luck."""
    loaded, legs, staffing = busy_day
    again, seats = _ran(loaded)
    pd.testing.assert_frame_equal(legs, again)
    pd.testing.assert_frame_equal(staffing, seats)
    other, _ = _ran(loaded, seed=2)
    assert not other["due_s"].equals(legs["due_s"])


def test_replications_are_the_same_in_one_process_and_in_two(tmp_path):
    """Without it results would hang on how many cores a machine has."""
    loaded = written(tmp_path, one_desk(2, about(300), demand=[demand(300)], patience={"phone": about(60)}))
    here, there = simulate(loaded, replications=3), simulate(loaded, replications=3, threads=2)
    pd.testing.assert_frame_equal(here.legs, there.legs)
    pd.testing.assert_frame_equal(here.staffing, there.staffing)
    assert here.legs.groupby("replication")["due_s"].first().nunique() == 3


def test_a_redrawn_desk_keeps_its_customers(tmp_path):
    """Without it the band that a measured day is held against would contain other customers than came."""
    loaded = written(tmp_path, one_desk(2, about(300), demand=[demand(300)], patience={"phone": about(60)}))
    legs = simulate(loaded, replications=2, same_plan=True).legs
    one, two = (legs[legs["replication"] == r].reset_index(drop=True) for r in (0, 1))
    assert one["due_s"].tolist() == two["due_s"].tolist()
    assert one["talk_s"].dropna().iloc[0] != two["talk_s"].dropna().iloc[0]


def test_each_leg_of_a_contact_has_its_own_luck(tmp_path):
    """Without it a customer who takes long with one team would take just as long with the next."""
    scenario = _two_tiers()
    for team in scenario["teams"].values():
        team["service"] = {"default": about(100)}
    legs, _ = _ran(written(tmp_path, scenario, [(f"c{n:03d}", 300.0 * n) for n in range(200)]))
    talk = legs.pivot_table(index="contact_id", columns="leg", values="talk_s").dropna()
    assert len(talk) > 150
    assert abs(talk[0].corr(talk[1])) < 0.3


def test_changing_one_team_changes_no_other_teams_draws(tmp_path):
    """Without it a what-if on one team would move all the others by chance, and hide what it did."""

    def simulated(folder, back):
        scenario = _two_tiers(demand=[demand(400)])
        scenario["transfers"][0]["probability"] = 0.3
        scenario["teams"]["front"]["service"] = {"default": about(120)}
        scenario["teams"]["back"] |= back
        return _ran(written(tmp_path / folder, scenario))[0]

    before = simulated("before", {"service": {"default": about(200)}})
    after = simulated("after", {"service": {"default": about(100)}, "agents": {"00:00": 4}, "shrinkage": 0.2})
    front = before["leg"] == 0
    columns = ["contact_id", "due_s", "answered_s", "ended_s", "talk_s", "leg_end", "agent"]
    pd.testing.assert_frame_equal(
        before.loc[front, columns].reset_index(drop=True),
        after.loc[after["leg"] == 0, columns].reset_index(drop=True),
    )
    both = before.merge(after, on=["contact_id", "leg"])
    second = both[both["leg"] == 1].dropna(subset=["talk_s_x", "talk_s_y"])
    assert (second["talk_s_y"] / second["talk_s_x"]).to_numpy() == pytest.approx(0.5, rel=1e-3)
