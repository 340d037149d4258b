import json

import pytest

import testdrive
from simulator.story import StoryError, story_of
from tests.written import exactly, one_desk, written


def _two_tiers(tmp_path, arrivals, **changes):
    scenario = one_desk(1, exactly(60), **changes)
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
    back = {"channels": ["email"], "agents": {"00:00": 1}, "service": {"default": exactly(30)}}
    scenario["teams"]["back"] = back
    scenario["transfers"] = [{"from": "front", "to": "back", "probability": 1.0}]
    return written(tmp_path, scenario, arrivals)


def test_a_story_says_what_a_customer_lived_through(tmp_path):
    """Without it a planner could not see the person behind a mean, or would be told something that did not happen."""
    story = story_of(_two_tiers(tmp_path, [("a", 100.0), ("b", 110.0), ("c", 120.0)]), 1, "c")
    assert story.text().splitlines() == [
        "c: Where is my order? (order)",
        "00:02:00  asks on phone",
        "00:02:00  waits: 1 is ahead in line; front: 1 of 1 busy",
        "00:03:40  is answered by front-01 after 1 min 40 s",
        "00:04:40  is passed on after 60 s",
        "00:04:40  comes to back",
        "00:04:40  is answered by back-01 at once, and tells the story again",
        "00:05:10  is done after 30 s",
        "In the end: resolved; 1 attempt, 1 min 40 s of waiting, told the story 2 times",
    ]


def test_giving_up_trying_again_and_a_busy_signal_are_told(tmp_path):
    """Without it those who were never answered, who matter most, would have no story."""
    changes = {
        "patience": {"phone": exactly(20)},
        "retry": {"phone": {"probability": 1.0, "probability_blocked": 1.0, "after": exactly(30), "attempts_most": 3}},
        "channels": {"phone": {"opens": "00:00", "closes": "24:00", "lines": 2}},
    }
    loaded = written(tmp_path, one_desk(1, exactly(300), **changes), [("a", 0.0), ("b", 10.0), ("c", 15.0)])
    assert story_of(loaded, 1, "c").text().splitlines() == [
        "c: Where is my order? (order)",
        "00:00:15  asks on phone",
        "00:00:15  gets a busy signal",
        "00:00:45  tries again, attempt 2, on phone",
        "00:00:45  waits: nobody is ahead in line; front: 1 of 1 busy; would wait 20 s",
        "00:01:05  gives up after 20 s",
        "00:01:35  tries again, attempt 3, on phone",
        "00:01:35  gets a busy signal",
        "In the end: never got through; 3 attempts, 20 s of waiting",
    ]


def test_a_customer_who_does_not_come_is_told_with_one_who_does(tmp_path, capsys):
    """Without it a misspelt id would print an empty story."""
    loaded = _two_tiers(tmp_path, [("a", 100.0), ("alice", 110.0)])
    with pytest.raises(StoryError, match="--story alcie: no such customer comes in replication 0; alice does"):
        story_of(loaded, 1, "alcie")
    assert testdrive.main(["simulate", str(loaded.path), "--story", "alcie"]) == 2
    assert testdrive.main(["simulate", str(loaded.path), "--story", "a@x"]) == 2
    capsys.readouterr()
    assert testdrive.main(["simulate", str(loaded.path), "--story", "a/0/1@0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["customer"], len(told["moments"])) == ("a", 6)
