"""Rosters against code that knows nothing of how they are made: every rule, and the least cost by trying all."""

import dataclasses
import itertools
from collections import defaultdict

import numpy as np
import pytest
from ruamel.yaml import YAML

from scenarios.labour import Labour, read_labour
from simulator.staffing.master import solve
from simulator.staffing.problem import Cut, Grid
from tests.simulator.random_labour import random_labour
from tests.simulator.roster_checker import broken_rules

SEEDS = [0, 1, 2, 5, 6, 8, 9, 12, 13, 14]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labour")
    found = []
    for seed in SEEDS:
        labour, path, grid = random_labour(seed, folder)
        found.append((labour, path, grid, solve(grid, [], labour, seconds=1.0, seed=seed)))
    return found


def test_a_planner_who_asks_for_a_roster_gets_one_that_obeys_every_rule(solved):
    """Without it people could be rostered against law, contract or their absences."""
    for labour, path, _, answer in solved:
        assert broken_rules(answer.roster, path, labour.holidays) == []


def test_a_planner_who_asks_for_seats_gets_them_filled(solved):
    """Without it a roster could be cheap because nobody comes, or tell other seats than it has."""
    assert sum(not answer.loosen for *_, answer in solved) >= 8
    for _, _, grid, answer in solved:
        assert (answer.seats >= grid.least).all() or answer.loosen
        assert (answer.seats == answer.roster.seats(grid.teams, grid.begins_s, grid.minutes)).all()
        assert answer.bound <= answer.cost + 1e-6
        assert not answer.optimal or answer.cost <= answer.bound * (1 + 1e-6)


def test_a_planner_who_adds_up_paid_hours_gets_the_cost(solved):
    """Without it overtime, or a team that is dearer, could be left out of what is minimised."""
    for labour, _, _, answer in solved:
        total, weeks = 0.0, defaultdict(float)
        for shift in answer.roster.shifts:
            contract = labour.rules.contracts[shift.contract]
            price = contract.paid_hour if isinstance(contract.paid_hour, float | int) else None
            total += shift.paid_h * (price if price is not None else {"back": 25.0}.get(shift.team, 22.0))
            weeks[shift.person, shift.contract, labour.week_of(labour.local.day_at(shift.begins_s))] += shift.paid_h
        total += sum(6.0 * max(hours - 20, 0) for (_, contract, _), hours in weeks.items() if contract == "part")
        assert total == pytest.approx(answer.cost)


def test_the_checker_sees_shifts_that_are_moved_lengthened_or_given_to_others(solved):
    """Without it the checker could find nothing wrong with anything."""
    labour, path, _, answer = solved[0]
    at = next(at for at, shift in enumerate(answer.roster.shifts) if shift.breaks)
    first = answer.roster.shifts[at]
    for change in (
        {"begins_s": first.begins_s - 1800},
        {"ends_s": first.ends_s + 3600},
        {"contract": "part" if first.contract == "full" else "full"},
        {"breaks": ()},
        {"breaks": tuple(dataclasses.replace(one, paid=not one.paid) for one in first.breaks)},
    ):
        shifts = list(answer.roster.shifts)
        shifts[at] = dataclasses.replace(first, **change)
        assert broken_rules(dataclasses.replace(answer.roster, shifts=tuple(shifts)), path, labour.holidays), change
    one_person = tuple(dataclasses.replace(shift, person="Ada") for shift in answer.roster.shifts)
    assert broken_rules(dataclasses.replace(answer.roster, shifts=one_person), path, labour.holidays)


def test_the_same_question_has_the_same_answer(tmp_path):
    """Without it nobody could be shown how a roster came about."""
    labour, _, grid = random_labour(9, tmp_path)
    first, again = (solve(grid, [], labour, seconds=1.0, seed=3) for _ in range(2))
    assert first.roster.shifts == again.roster.shifts


def _tiny(folder, rules=None, people=(), **contract):
    told = {
        "labour": "tiny",
        "title": "Two people, three days",
        "interval_minutes": 60,
        "shifts": {
            "long": {
                "starts": {"from": "08:00", "to": "12:00", "every_minutes": 240},
                "hours": [6],
                "breaks": [{"minutes": 60, "paid": False, "after_least_hours": 2, "after_most_hours": 3}],
            },
            "short": {"starts": {"from": "18:00", "to": "18:00"}, "hours": [3]},
        },
        "contracts": {
            "one": {"shifts": ["long", "short"], "hours_week": {"most": 11}, "paid_hour": 20, "count_most": 2}
            | contract,
        },
        "rules": rules or {},
        "people": list(people),
    }
    path = folder / "tiny.yaml"
    YAML().dump(told, path)
    return Labour(read_labour(path), "2026-05-04", "Europe/Rome", 3)


def _tiny_grid(least):
    begins_s = np.arange(72) * 3600.0
    return Grid(("front",), begins_s, 60, np.ones((1, 72)), least, np.full((1, 72), 9, dtype=np.int64))


LONG = [[(h, b) for b in (h + 2, h + 3)] for h in (8, 12)]
CHOICES = [None, *(("long", start, pause) for both in LONG for start, pause in both), ("short", 18, None)]


def _cheapest_by_trying(least, cut, rest_h, hours_most):
    """Try every week of two people and return the least cost."""
    weeks = []
    for week in itertools.product(CHOICES, repeat=3):
        seats, paid, ended = np.zeros(72, dtype=int), 0.0, None
        for day, choice in enumerate(week):
            if choice is None:
                continue
            kind, start, pause = choice
            begins, ends = day * 24 + start, day * 24 + start + (6 if kind == "long" else 3)
            if ended is not None and begins - ended < rest_h:
                break
            ended = ends
            seats[begins:ends] += 1
            paid += ends - begins - (pause is not None)
            if pause is not None:
                seats[day * 24 + pause] -= 1
        else:
            if paid <= hours_most:
                weeks.append((seats, paid))
    best = np.inf
    for (seats_a, paid_a), (seats_b, paid_b) in itertools.combinations_with_replacement(weeks, 2):
        seats = seats_a + seats_b
        if 20 * (paid_a + paid_b) < best and (seats >= least).all() and cut @ seats >= CUT_LEAST:
            best = 20 * (paid_a + paid_b)
    return best


CUT_LEAST = 6.0


@pytest.mark.parametrize("seed", range(4))
def test_a_small_desk_gets_the_cheapest_roster_there_is(tmp_path, seed):
    """Without it a roster could be dearer than another that keeps the same, or be called the cheapest when not."""
    rng = np.random.default_rng(seed)
    least, weights = np.zeros((1, 72), dtype=np.int64), np.zeros(72)
    least[0, rng.choice([9, 13, 19, 33, 37, 43, 57, 61], 3, replace=False)] = 1
    hours = rng.choice(np.arange(8, 18), 4, replace=False) + 24
    weights[hours] = rng.integers(1, 4, 4)
    rest_h = int(rng.choice([8, 12]))
    labour = _tiny(tmp_path, {"rest_hours": {"least": rest_h, "source": "ours"}})
    cut = Cut({(0, int(at)): float(weights[at]) for at in hours}, CUT_LEAST, "waits of front")
    answer = solve(_tiny_grid(least), [cut], labour, seconds=8.0)
    best = _cheapest_by_trying(least[0], weights, rest_h, 11)
    if best == np.inf:
        assert answer.loosen
    else:
        assert answer.optimal
        assert answer.loosen == ()
        assert answer.cost == pytest.approx(best)
        assert sum(weights[at] * answer.seats[0, at] for at in hours) >= CUT_LEAST


def test_a_planner_who_asks_too_much_is_told_which_rule_to_loosen(tmp_path):
    """Without it an impossible wish would only be called impossible."""
    least = np.zeros((1, 72), dtype=np.int64)
    least[0, [20, 32 + 1]] = 1  # the first evening and the next morning, by one person
    labour = _tiny(tmp_path, {"rest_hours": {"least": 12, "source": "ours"}}, count_most=1)
    answer = solve(_tiny_grid(least), [], labour, seconds=8.0)
    assert "rest between shifts 12 h: with 11 h the goals can be met" in answer.loosen
    assert "one count_most 1: one more would do" in answer.loosen
    assert any(sentence.startswith("seats of front: 1 agent hours") for sentence in answer.loosen)
    assert not answer.optimal
    assert len(answer.roster.shifts) == 1


def test_somebody_who_is_away_for_an_hour_works_no_shift_with_that_hour(tmp_path):
    """Without it absences could be read and forgotten; on other days, and beside the hour, they do work."""
    ada = {"name": "Ada", "contract": "one", "unavailable": ["2026-05-05 13:00-14:00", "2026-05-06"]}
    labour = _tiny(tmp_path, people=[ada], count_most=0)
    for hour, comes in ((13, True), (24 + 12, False), (24 + 18, True), (48 + 18, False)):
        least = np.zeros((1, 72), dtype=np.int64)
        least[0, hour] = 1
        answer = solve(_tiny_grid(least), [], labour, seconds=8.0)
        assert (answer.loosen == ()) == comes
        assert [shift.person for shift in answer.roster.shifts] == ["Ada"] * comes
        assert comes or "absences of Ada: without them the goals can be met" in answer.loosen


def test_people_by_name_who_are_alike_keep_their_names(tmp_path):
    """Without it two colleagues with the same contract could be one on the roster, or one of them be left out."""
    people = [{"name": name, "contract": "one"} for name in ("Ada", "Bo")]
    least = np.zeros((1, 72), dtype=np.int64)
    least[0, [13, 24 + 13, 48 + 13]] = 1
    answer = solve(_tiny_grid(least), [], _tiny(tmp_path, people=people, count_most=0), seconds=8.0)
    assert set(answer.roster.people) == {"Ada", "Bo"}
    assert len(answer.roster.shifts) == 3


def test_overtime_is_paid_for_and_only_where_it_is_needed(tmp_path):
    """Without it hours beyond the contract could cost nothing, or somebody else be left at home for them."""
    least = np.zeros((1, 72), dtype=np.int64)
    least[0, [13, 24 + 13, 48 + 13]] = 1
    overtime = {"hours_week_most": 5, "extra_hour": 7}
    alone = solve(_tiny_grid(least), [], _tiny(tmp_path, count_most=1, overtime=overtime), seconds=8.0)
    assert (alone.cost, alone.optimal) == (3 * 5 * 20 + 4 * 7, True)
    both = solve(_tiny_grid(least), [], _tiny(tmp_path, overtime=overtime), seconds=8.0)
    assert both.cost == 3 * 5 * 20


def test_a_goal_that_nobody_can_keep_is_named(tmp_path):
    """Without it a goal beyond all people would be blamed on a rule."""
    labour = _tiny(tmp_path)
    answer = solve(
        _tiny_grid(np.zeros((1, 72), dtype=np.int64)), [Cut({(0, 3): 1.0}, 1.0, "waits at night")], labour, seconds=8.0
    )
    assert any(sentence.startswith("waits at night: these people miss 100.0%") for sentence in answer.loosen)
    least = np.zeros((1, 72), dtype=np.int64)
    least[0, [24 + 3, 24 + 4]] = 1
    answer = solve(_tiny_grid(least), [], labour, seconds=8.0)
    assert "allow shifts that cover 03:00 on 2026-05-05 and 1 interval more: none does" in answer.loosen[0]


def test_breaks_give_way_to_what_is_asked(tmp_path):
    """Without it breaks could be placed after the shifts, where a better hour was free."""
    least = np.zeros((1, 72), dtype=np.int64)
    least[0, [8, 9, 10, 12, 13]] = 1
    answer = solve(_tiny_grid(least), [], _tiny(tmp_path), seconds=8.0)
    assert answer.cost == 100.0
    assert answer.roster.shifts[0].breaks[0].begins_s == 11 * 3600


def test_seats_bought_alone_are_the_cheapest():
    """Without it the start of the search could be dearer than it says."""
    rng = np.random.default_rng(4)
    for _ in range(10):
        price = rng.integers(1, 5, (1, 4)).astype(float)
        grid = Grid(("front",), np.arange(4) * 1800.0, 30, price, np.zeros((1, 4), int), np.full((1, 4), 4))
        weights = rng.integers(-1, 4, (3, 4)).astype(float)
        cuts = [Cut({(0, at): w for at, w in enumerate(row)}, float(rng.integers(1, 9)), "waits") for row in weights]
        found = solve(grid, cuts)
        tried = [
            float(price[0] @ seats)
            for seats in itertools.product(range(5), repeat=4)
            if all(row @ seats >= cut.at_least for row, cut in zip(weights, cuts, strict=True))
        ]
        if tried:
            assert found.cost == min(tried)
            assert found.optimal
        else:
            assert found.loosen


def test_a_cut_on_a_seat_that_is_not_there_is_refused():
    """Without it a cut of another grid could be taken for one of this."""
    grid = Grid(("front",), np.zeros(1), 30, np.ones((1, 1)), np.zeros((1, 1), int), np.ones((1, 1), int))
    with pytest.raises(ValueError, match="speaks of seat"):
        solve(grid, [Cut({(0, 5): 1.0}, 1.0, "waits")])
