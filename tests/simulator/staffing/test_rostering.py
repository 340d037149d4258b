"""Rosters under labour rules: shifts keep what is asked of seats, as cheaply as can be, or it is said why not."""

from __future__ import annotations

import csv
import dataclasses
import json

import numpy as np
import pytest

import testdrive
from results.roster_reading import read_roster
from results.runs import Run
from scenarios.labour import labour_on, read_labour
from scenarios.reading import load_scenario
from simulator.staffing import staff
from simulator.staffing.aims import aims_of
from simulator.staffing.given import read_people
from simulator.staffing.master import solve
from simulator.staffing.problem import Grid
from simulator.staffing.rostering import rostered
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Search
from simulator.staffing.starting import grid_of
from tests.simulator.roster_checker import broken_rules
from tests.written import about, demand, one_desk

LABOUR = {
    "labour": "small",
    "title": "Long days and short ones",
    "interval_minutes": 60,
    "shifts": {
        "long": {
            "starts": {"from": "08:00", "to": "12:00"},
            "hours": [9],
            "breaks": [{"minutes": 60, "paid": False, "after_least_hours": 3, "after_most_hours": 5}],
        },
        "short": {"starts": {"from": "08:00", "to": "16:00"}, "hours": [4]},
    },
    "contracts": {
        "full": {"shifts": ["long"], "hours_week": {"most": 40}, "paid_hour": 1, "count_most": 20},
        "part": {"shifts": ["short"], "hours_week": {"most": 20}, "paid_hour": 1, "count_most": 20},
    },
}


def a_desk(folder, **rules):
    """A desk with a busy noon, and its labour rules beside it."""
    goal = {"metric": "wait_s_mean", "channel": "phone", "at_most": 60}
    volume = {**demand(0), "starts": "08:00", "interval_minutes": 120, "contacts": [40, 90, 120, 80, 60, 30]}
    told = one_desk(agents=9, service=about(300), demand=[volume], patience={"phone": about(400)}, goals=[goal])
    told["channels"]["phone"] = {"opens": "08:00", "closes": "20:00"}
    told["teams"]["front"]["agents"] = {"08:00": 9, "20:00": 0}
    path = folder / "desk.yaml"
    path.write_text(json.dumps({**told, "labour": "small.yaml"}))
    (folder / "small.yaml").write_text(json.dumps({**LABOUR, **rules}))
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run of the verb under labour rules, and the folder that holds it."""
    folder = tmp_path_factory.mktemp("rostered")
    path, out = a_desk(folder), folder / "run"
    words = ["staff", path, "--interval", 60, "--replications", 30, "--threads", 1, "-o", out]
    assert testdrive.main([str(word) for word in words]) == 0
    return path, out


def roster_in(path, out):
    """Return the roster of a run."""
    scenario = load_scenario(path).scenario
    return read_roster(out / "roster.csv", scenario.starts, scenario.time_zone, scenario.days, ["front"])


def test_people_who_are_rostered_keep_the_goals_and_every_rule(played):
    """Without it a planner would publish a roster that breaks the law, or that was never tried."""
    path, out = played
    facts = Run.open(out).facts["staffing"]
    assert facts["state"] == "verified"
    assert facts["roster"]["shifts"] > 5
    assert (facts["price_unit"], facts["cost_unit"], facts["cost_today"]) == ("h", "money", None)
    assert broken_rules(roster_in(path, out), path.parent / "small.yaml") == []


def test_shifts_and_seats_sought_together_cost_no_more_than_one_after_the_other(played):
    """Without it planners would pay for two steps of which the first knows nothing of shifts."""
    path, out = played
    facts = Run.open(out).facts["staffing"]
    loaded = load_scenario(path)
    needed = np.array([[row["required"] for row in facts["requirement"]]])
    rough = grid_of(loaded, ("front",), 60)
    grid = Grid(rough.teams, rough.begins_s, 60, rough.price, needed, np.full(needed.shape, 30) * (rough.most > 0))
    apart = solve(grid, [], labour_on(loaded.labour, loaded.scenario))
    assert not apart.loosen
    assert facts["bound"] - 1e-9 <= facts["cost"] <= apart.cost


def test_whoever_reads_the_roster_again_finds_the_same_people_at_work(played):
    """Without it the roster that was verified and the one in the file could be two."""
    path, out = played
    with (out / "requirement.csv").open() as file:
        scheduled = [int(row["scheduled"]) for row in csv.DictReader(file)]
    begins_s = np.arange(24) * 3600.0
    assert roster_in(path, out).seats(["front"], begins_s, 60)[0].tolist() == scheduled
    for name in ("roster.csv", "requirement.csv"):
        steps = read_people(out / name, load_scenario(path))["front"]
        at = np.searchsorted([at_s for at_s, _ in steps], begins_s, side="right") - 1
        assert [steps[place][1] for place in at] == scheduled, name


def test_a_roster_keeps_on_the_sample_what_was_asked_of_it(tmp_path):
    """Without it what one line promises far from where it was measured would be taken for what people do."""
    loaded = load_scenario(a_desk(tmp_path))
    rough = grid_of(loaded, ("front",), 60)
    grid = Grid(rough.teams, rough.begins_s, 60, rough.price, rough.least, rough.most * 12)
    desk = Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None)
    search = Search(Player(desk, None), range(6), np.zeros(24, dtype=np.int64))
    seats = search.run(np.full((1, 24), 5) * (rough.most > 0), lambda what, share: None)
    found = rostered(search, seats, labour_on(loaded.labour, loaded.scenario))
    assert found.found is not None
    assert search.keeps(found.found)
    assert found.bound <= found.solved.cost <= found.bound + 4  # a short shift more


def test_too_few_people_for_the_goals_are_told_which_rule_to_loosen(tmp_path):
    """Without it a planner would learn only that it cannot be done."""
    contracts = {name: {**told, "count_most": 2} for name, told in LABOUR["contracts"].items()}
    found = staff(load_scenario(a_desk(tmp_path, contracts=contracts)), interval=60, sample=4, replications=10)
    assert found.state == "no roster"
    assert any("count_most" in note for note in found.notes)


def test_a_planner_may_leave_the_rules_out_or_name_others(played, tmp_path):
    """Without it the price of the rules could not be seen, nor that of new ones."""
    path, out = played
    facts = Run.open(out).facts["staffing"]
    alone = staff(dataclasses.replace(load_scenario(path), labour=None), interval=60, sample=4, replications=30)
    assert alone.roster is None
    assert alone.requirement["scheduled"].tolist() == alone.requirement["required"].tolist()
    assert read_labour(path.parent / "small.yaml").labour == "small"
    assert alone.cost <= facts["cost"] * 1.1
    words = ["staff", path, "--labour", "nothing_of_that_name", "-o", tmp_path / "run"]
    assert testdrive.main([str(word) for word in words]) == 2
    assert not (tmp_path / "run").exists()


def test_more_people_than_there_is_room_for_are_refused_before_they_are_played(tmp_path):
    """Without it the compiled engine would write beyond its memory, and the process die without a word."""
    loaded = load_scenario(a_desk(tmp_path))
    grid = grid_of(loaded, ("front",), 60)
    desk = Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None)
    with pytest.raises(ValueError, match="front: 3 agents more"):
        desk.floor(grid.most + 3)
