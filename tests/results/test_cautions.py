import json

import pytest

import testdrive
from results.cautions import TOO_SHORT, UNSTABLE, cautions_of
from scenarios.reading import HERE, load_scenario
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written


def _kinds(loaded):
    return [caution.kind for caution in cautions_of(loaded, simulate(loaded, replications=1).figures())]


def test_a_queue_that_can_only_grow_is_called_so(tmp_path):
    """Without it the mean wait of an overloaded desk, which only tells the run's length, would look like a forecast."""
    loaded = written(tmp_path, one_desk(1, exactly(600), demand=[demand(200)]))
    cautions = cautions_of(loaded, simulate(loaded, replications=1).figures())
    unstable = next(caution for caution in cautions if caution.kind == UNSTABLE)
    assert unstable.about == "front"
    assert (unstable.value, unstable.limit) == pytest.approx((200 * 600, 86_400))
    assert "33 hours of work" in unstable.text


def test_impatience_and_a_quiet_desk_need_no_caution(tmp_path):
    """Without it every desk that loses customers would be called unstable, which it cannot be."""
    impatient = one_desk(1, exactly(600), demand=[demand(200)], patience={"phone": about(60)})
    assert _kinds(written(tmp_path / "impatient", impatient)) == []
    assert _kinds(written(tmp_path / "quiet", one_desk(3, exactly(600), demand=[demand(200)]))) == []


def test_those_intents_that_never_give_up_can_drown_a_desk_whose_others_do(tmp_path):
    """Without it one impatient intent would hide that the work of the others can only grow."""
    intents, both = {"order": "?", "refund": "?"}, [demand(200), demand(200, "refund")]
    own = one_desk(1, exactly(600), intents=intents, demand=both, patience={"phone": {"order": about(60)}})
    assert UNSTABLE in _kinds(written(tmp_path / "own", own))
    all_of_them = {**own, "patience": {"phone": {"order": about(60), "default": about(900)}}}
    assert UNSTABLE not in _kinds(written(tmp_path / "all", all_of_them))


def test_a_second_tier_that_drowns_is_found(tmp_path):
    """Without it the team behind the front desk could drown while the front desk looks well."""
    scenario = one_desk(3, exactly(60), demand=[demand(500)])
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
    scenario["teams"]["back"] = {"channels": ["email"], "agents": {"00:00": 1}, "service": {"default": exactly(900)}}
    scenario["transfers"] = [{"from": "front", "to": "back", "probability": 0.3}]
    cautions = cautions_of(written(tmp_path, scenario), simulate(written(tmp_path, scenario), replications=1).figures())
    assert [caution.about for caution in cautions] == ["back"]


def test_those_still_waiting_at_the_end_are_told(tmp_path):
    """Without it the longest waits would be missing from the mean, and nobody would know."""
    scenario = one_desk(1, exactly(60), demand=[demand(300)])
    scenario["teams"]["front"]["agents"] = {"00:00": 5, "12:00": 0}
    loaded = written(tmp_path, scenario)
    (caution,) = cautions_of(loaded, simulate(loaded, replications=1).figures())
    assert caution.kind == TOO_SHORT
    assert caution.value == pytest.approx(0.5, abs=0.1)


def test_shrinkage_takes_capacity_and_a_closed_channel_brings_no_work(tmp_path):
    """Without it a desk short of people would pass by its roster, and one asked at night would be blamed for it."""
    scenario = one_desk(2, exactly(600), demand=[demand(200)])
    scenario["teams"]["front"]["shrinkage"] = 0.4
    assert UNSTABLE in _kinds(written(tmp_path / "short", scenario))
    scenario["channels"]["phone"]["opens"] = "12:00"
    hours = [demand(100, interval_minutes=720, contacts=[100, 100])]
    assert UNSTABLE not in _kinds(written(tmp_path / "closed", {**scenario, "demand": hours}))


def test_our_own_scenarios_are_stable():
    """Without it a scenario we ship could teach overload as an ordinary day."""
    for name in ("quiet_tuesday", "broadband_move"):
        loaded = load_scenario(HERE / f"{name}.yaml", 1)
        assert UNSTABLE not in _kinds(loaded)


def test_simulate_tells_its_warnings_beside_the_figures(tmp_path, capsys):
    """Without it the caution would be computed and nobody would read it."""
    loaded = written(tmp_path, one_desk(1, exactly(600), demand=[demand(200)]))
    asked = ["simulate", str(loaded.path), "--replications", "1", "--json", "-o", str(tmp_path / "run")]
    assert testdrive.main(asked) == 0
    out = capsys.readouterr()
    assert {warning["kind"] for warning in json.loads(out.out)["warnings"]} == {UNSTABLE, TOO_SHORT}
    assert "warning: front: 33 hours of work" in out.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["warnings"]


def test_a_desk_of_few_lines_turns_away_and_does_not_drown(tmp_path):
    """Without it a desk that gives busy signals would be said to have a queue that grows for ever."""
    scenario = one_desk(1, exactly(600), demand=[demand(200)])
    scenario["channels"]["phone"]["lines"] = 3
    assert UNSTABLE not in _kinds(written(tmp_path, scenario))


def test_teams_that_rank_intents_otherwise_share_one_caution(tmp_path):
    """Without it two teams that help each other out would be weighed twice, each time against a part of their work."""
    scenario = one_desk(1, exactly(600), demand=[demand(200), demand(200, "refund")])
    scenario["intents"]["refund"] = "Where is my money?"
    scenario["teams"]["front"]["ranks"] = {"refund": 2}
    scenario["teams"]["back"] = {**scenario["teams"]["front"], "ranks": {"order": 2}}
    assert _kinds(written(tmp_path, scenario)).count(UNSTABLE) == 1


def test_work_behind_a_menu_and_work_that_was_promised_are_counted(tmp_path):
    """Without it a menu in front, or orders that outgrow their team, would hide a queue that grows for ever."""
    scenario = one_desk(2, exactly(600), demand=[demand(400)])
    menu = {"channels": ["phone"], "self_service": True, "contained": 0.1, "service": {"default": exactly(20)}}
    behind = {**scenario, "teams": {"menu": menu, **scenario["teams"]}}
    behind["transfers"] = [{"from": "menu", "to": "anyone", "probability": 1.0}]
    assert UNSTABLE in _kinds(written(tmp_path / "menu", behind))
    menu["contained"] = 0.8
    assert UNSTABLE not in _kinds(written(tmp_path / "contained", behind))
    promising = one_desk(9, exactly(600), demand=[demand(400)])
    promising["channels"]["form"] = {"opens": "00:00", "closes": "24:00"}
    promising["teams"]["orders"] = {
        "channels": ["form"],
        "agents": {"00:00": 1},
        "service": {"default": exactly(600)},
    }
    promising["promises"] = [{"team": "front", "probability": 0.8, "due": exactly(600), "by": "orders"}]
    assert UNSTABLE in _kinds(written(tmp_path / "orders", promising))
    promising["teams"]["orders"]["concurrency"] = 3
    assert UNSTABLE not in _kinds(written(tmp_path / "at_once", promising))


def test_customers_who_are_sent_away_do_not_make_a_queue_grow(tmp_path):
    """Without it a desk with an answering machine would be said to have a queue that grows for ever."""
    scenario = one_desk(1, exactly(600), demand=[demand(400)])
    assert UNSTABLE in _kinds(written(tmp_path / "plain", scenario))
    scenario["channels"]["phone"]["message"] = {"after_s": 300}
    assert UNSTABLE not in _kinds(written(tmp_path / "message", scenario))
