"""Alternatives as planners ask for them: typed, in a file, as a grid, as the scenario's remedies."""

from __future__ import annotations

import pytest

from scenarios.alternatives import (
    ALTERNATIVES_MOST,
    Alternative,
    alternatives_of,
    gridded,
    read_alternatives,
    remedies_of,
    typed,
)
from scenarios.faults import FaultsFoundError
from scenarios.population_checks import YARDSTICKS
from tests.written import about, demand, one_desk, written


@pytest.fixture
def desk(tmp_path):
    """A desk with one remedy."""
    remedies = {"more": {"says": "Two more people", "set": {"teams.front.agents": "+2"}}}
    return written(tmp_path, one_desk(agents=2, service=about(300), demand=[demand(100)], remedies=remedies))


def faults_of(call, *words):
    with pytest.raises(FaultsFoundError) as found:
        call(*words)
    return [str(fault) for fault in found.value.faults]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("teams.front.agents=+2", {"teams.front.agents": "+2"}),
        ("teams.front.agents=-1,busyness.cv=*1.1", {"teams.front.agents": "-1", "busyness.cv": "*1.1"}),
        ("teams.front.agents=+10%", {"teams.front.agents": "+10%"}),
        ("a.b=3, c=0.5", {"a.b": 3, "c": 0.5}),
        ("transfers[from=x][to=y].cut_off=null", {"transfers[from=x][to=y].cut_off": None}),
        ("a={09:00: 3, 17:00: 0},b=[x, y]", {"a": {"09:00": 3, "17:00": 0}, "b": ["x", "y"]}),
        ("a='x, y=z',b=\"+2\"", {"a": "x, y=z", "b": "+2"}),
        ("a=09:00", {"a": "09:00"}),
        ("a=x=y", {"a": "x=y"}),
    ],
)
def test_what_is_typed_is_read_as_a_planner_means_it(text, settings):
    """Without it a comma in a roster would divide it, or two more agents would become two."""
    assert typed(text).settings == settings


@pytest.mark.parametrize("text", ["teams.front.agents", "=3", "a=", "a=1,,b=2", "", "a=1,a=2", "a={b: 1"])
def test_what_is_no_setting_is_a_fault_that_says_what_was_typed(text):
    """Without it a slip of the hand would play the scenario as it is, and call it an alternative."""
    (told,) = faults_of(typed, text)
    assert told.startswith(f"--set {text}".strip())


def test_a_grid_is_every_combination_of_its_values():
    """Without it one of the staffings that were asked for would be missing from the table."""
    found = gridded(["teams.front.agents=+0,+1", "teams.back.agents={09:00: 1},{09:00: 2}"])
    assert [one.name for one in found] == [
        f"teams.front.agents={front},teams.back.agents={{09:00: {back}}}" for front in ("+0", "+1") for back in (1, 2)
    ]
    assert found[3].settings == {"teams.front.agents": "+1", "teams.back.agents": {"09:00": 2}}
    assert gridded([]) == []


def test_a_grid_that_is_too_large_or_none_is_refused_with_all_that_is_wrong():
    """Without it a slip would begin days of simulation."""
    wide = "a=" + ",".join(map(str, range(9)))
    assert (
        f"{9 * 9} of them; expected at most {ALTERNATIVES_MOST}"
        in faults_of(gridded, [wide, wide.replace("a", "b")])[0]
    )
    told = faults_of(gridded, ["a", "b=1,,2", "c=1", "c=2"])
    assert len(told) == 3
    assert "told twice" in told[2]


def test_a_file_of_alternatives_tells_what_each_means(tmp_path):
    """Without it a planner's standing questions would have to be typed each week."""
    path = tmp_path / "ours.yaml"
    path.write_text("more:\n  says: Two more\n  set: {teams.front.agents: '+2'}\nother: {set: {seed2: 3}}\n")
    assert read_alternatives(path) == [
        Alternative("more", {"teams.front.agents": "+2"}, "Two more"), Alternative("other", {"seed2": 3}, ""),
    ]  # fmt: skip


def test_faults_of_a_file_of_alternatives_are_told_with_their_lines(tmp_path):
    """Without it a misspelt key of the file would silently be left out."""
    path = tmp_path / "ours.yaml"
    path.write_text("a: 3\nb: {sets: {x: 1}}\nc: {says: 4, set: {}}\n")
    told = faults_of(read_alternatives, path)
    assert [line.split(": ", 1)[0].rsplit(":", 1)[1] for line in told] == ["1", "2", "2", "3", "3"]
    assert any("set (did you mean it?)" in line for line in told)
    path.write_text("- a\n")
    assert "alternatives by name" in faults_of(read_alternatives, path)[0]


def test_every_fault_of_every_alternative_is_told_at_once_with_the_right_key(desk):
    """Without it a planner would mend one slip after the other, a run each."""
    wrong = [
        typed("teams.frnt.agents=+2"),
        typed("teams.front.agnts=3"),
        typed("teams.front.agents=+2"),
        typed("seed=4"),
    ]
    told = faults_of(alternatives_of, desk, wrong)
    assert len(told) == 3
    assert any("front (did you mean it?)" in line for line in told)
    assert any("teams.front.agnts" in line and "agents" in line for line in told)
    assert any("says how it is judged" in line for line in told)


@pytest.mark.parametrize("key", YARDSTICKS)
def test_what_moves_the_yardstick_is_refused(desk, key):
    """Without it an alternative could look better for being measured on other days, or by other luck."""
    assert "this one says how it is judged" in faults_of(alternatives_of, desk, [typed(f"{key}.x=1")])[0]


def test_alternatives_must_be_some_and_each_once(desk):
    """Without it a table could have two rows of one name, or none."""
    assert "missing" in faults_of(alternatives_of, desk, [])[0]
    assert "twice" in faults_of(alternatives_of, desk, [typed("teams.front.agents=+3")] * 2)[0]
    many = [Alternative(f"a{number}", {"teams.front.agents": "+1"}) for number in range(ALTERNATIVES_MOST + 1)]
    assert f"at most {ALTERNATIVES_MOST}" in faults_of(alternatives_of, desk, many)[0]


def test_an_alternative_that_changes_no_value_is_known_to_be_the_scenario_itself(desk):
    """Without it 100 replications would be played to find that nothing differs from itself."""
    same, other = alternatives_of(desk, [typed("teams.front.agents=+0"), *remedies_of(desk)])
    assert (same.differs, other.differs) == (False, True)
    assert same.loaded is desk
    assert (other.alternative.name, other.alternative.says) == ("more", "Two more people")
    assert other.loaded.agents["front"] == [(0.0, 4)]


def test_a_key_of_another_section_is_looked_for_there(desk):
    """Without it whoever looks for an agent's chats at the channel would be told everything but where they stand."""
    places = {"channels.phone.concurrency=3": "teams.NAME.concurrency", "cut_off=0": "transfers[…].cut_off"}
    for text, where in places.items():
        assert f"expected {where}, or one of" in faults_of(alternatives_of, desk, [typed(text)])[0]
