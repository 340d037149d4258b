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


def test_a_call_back_after_being_cut_off_is_told(tmp_path):
    """Without it the story would say that the customer came to a desk that in truth rang them up."""
    calls = {"share": 1.0, "after": exactly(90)}
    passes = {"from": "front", "to": "back", "probability": 1.0, "cut_off": 1.0, "calls_back": calls}
    scenario = {**one_desk(1, exactly(60)), "transfers": [passes]}
    scenario["teams"]["back"] = {"channels": ["phone"], "agents": {"00:00": 1}, "service": {"default": exactly(30)}}
    loaded = written(tmp_path, scenario, [("a", 100.0)])
    assert story_of(loaded, 1, "a").text().splitlines()[:6] == [
        "a: Where is my order? (order)",
        "00:01:40  asks on phone",
        "00:01:40  is answered by front-01 at once",
        "00:02:40  is cut off by a transfer after 60 s",
        "00:04:10  (out of sight, a call back is due from front)",
        "00:04:10  is called back by front-01 at once, who knows the story",
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


def test_promises_and_orders_that_fail_are_told(tmp_path):
    """Without it the story of a customer who was promised something would leave out what it turns on."""
    scenario = one_desk(1, exactly(60))
    scenario["channels"]["form"] = {"opens": "00:00", "closes": "24:00"}
    scenario["teams"]["orders"] = {
        "channels": ["form"],
        "agents": {"00:00": 1},
        "service": {"default": exactly(30)},
    }
    chase = {"probability": 1.0, "after": exactly(60), "attempts_most": 2}
    promise = {"team": "front", "probability": 1.0, "due": exactly(600), "by": "orders", "fails": 1.0, "chase": chase}
    loaded = written(tmp_path, {**scenario, "promises": [promise]}, [("a", 0.0)])
    assert story_of(loaded, 1, "a").text().splitlines() == [
        "a: Where is my order? (order)",
        "00:00:00  asks on phone",
        "00:00:00  is answered by front-01 at once",
        "00:01:00  is done after 60 s",
        "00:01:00  is promised to have it settled within 10 min",
        "00:01:00  (out of sight, an order goes to orders)",
        "00:01:00  (out of sight, orders-01 begins the work at once)",
        "00:01:30  (the work has failed, and nobody says so)",
        "00:11:00  waits in vain for what was promised",
        "00:12:00  tries again, attempt 2, on phone",
        "00:12:00  is answered by front-01 at once, and tells the story again",
        "00:13:00  is done after 60 s",
        "00:13:00  is promised to have it settled within 10 min",
        "00:13:00  (out of sight, an order goes to orders)",
        "00:13:00  (out of sight, orders-01 begins the work at once)",
        "00:13:30  (the work has failed, and nobody says so)",
        "00:23:00  waits in vain for what was promised",
        "In the end: unresolved; 2 attempts, 0 s of waiting, told the story 2 times, 2 promises not kept in time",
    ]


def test_menus_announcements_and_conferences_are_told(tmp_path):
    """Without it a leg that is no answer of one's own would be told as if it were."""
    scenario = one_desk(1, exactly(60))
    scenario["channels"]["phone"]["announcement"] = {"says": "wait"}
    menu = {"channels": ["phone"], "self_service": True, "contained": 0.0, "service": {"default": exactly(20)}}
    scenario["teams"] = {"menu": menu, **scenario["teams"]}
    scenario["teams"]["colleagues"] = {
        "channels": ["phone"],
        "agents": {"00:00": 1},
        "service": {"default": exactly(30)},
    }
    scenario["transfers"] = [{"from": "menu", "to": "front", "probability": 1.0}]
    scenario["conferences"] = [{"from": "front", "with": "colleagues", "probability": 1.0, "time": exactly(10)}]
    loaded = written(tmp_path, scenario, [("a", 0.0), ("b", 1.0)])
    assert story_of(loaded, 1, "b").text().splitlines() == [
        "b: Where is my order? (order)",
        "00:00:01  asks on phone",
        "00:00:01  meets menu",
        "00:00:21  finds no answer in 20 s, and is passed on",
        "00:00:21  comes to front",
        "00:00:21  waits: nobody is ahead in line; front: 1 of 1 busy",
        "00:00:21  hears that it will take 60 s",
        "00:01:30  is answered by front-01 after 69 s",
        "00:02:30  a colleague of colleagues is asked for",
        "00:02:30  colleagues-01 is asked in",
        "00:02:40  is done after 70 s",
        "00:02:40  colleagues-01 leaves again",
        "In the end: resolved; 1 attempt, 69 s of waiting",
    ]


def test_how_people_treat_a_customer_is_told_where_it_happens(tmp_path):
    """Without it the words that made somebody leave would be counted in a table and missing in the story."""
    conduct = {"blames": 1.0, "shows_empathy": 1.0, "apologises": 1.0, "compensates": 1.0}
    scenario = one_desk(1, exactly(60))
    scenario["teams"]["front"]["conduct"] = conduct
    story = story_of(written(tmp_path, scenario, [("a", 100.0), ("b", 110.0)]), 1, "b")
    assert [moment.text for moment in story.moments if moment.at_s == 220.0] == [
        "is told that it is their own fault", "meets with understanding", "is done after 60 s",
    ]  # fmt: skip


def test_two_answers_that_contradict_each_other_are_told_at_the_second(tmp_path):
    """Without it "five agents with five answers" could not be found in any story."""
    retry = {"phone": {"probability": 0.0, "probability_unresolved": 1.0, "after": exactly(60), "attempts_most": 9}}
    scenario = one_desk(1, exactly(60), retry=retry)
    scenario["teams"]["front"] |= {"conduct": {"wrong_answers": 0.5}, "resolves": 0.0}
    texts = story_of(written(tmp_path, scenario, [("a", 100.0)]), 1, "a").text().splitlines()
    answers = [at for at, text in enumerate(texts) if "answered by" in text]
    heard = [at for at, text in enumerate(texts) if "hears another answer than before" in text]
    assert len(answers) == 9
    assert 1 < len(heard) <= 8
    assert all(at > answers[1] and at - 1 in answers for at in heard), "never at the first answer, each at its own"
