"""`load --search` on the command line: how much can these people carry?"""

import json
import subprocess
from pathlib import Path

import pytest

from results.runs import Run
from tests.desks import FIVE_MINUTES, TOP, VERB, desk_of
from tests.here import Said, ask_here

pytestmark = pytest.mark.long

GOALS = """
goals:
  - {metric: wait_s_mean, channel: chat, at_most: 6}
  - {metric: occupancy, team: chat_desk, at_most: 0.9}
"""

THRESHOLDS = """
thresholds:
  - {metric: error_share, at_most: 0}
  - {metric: response_s_max, step: say, at_most: 0.001}
  - {metric: drop_share, stage: rush, at_most: 0}
profiles: {rush: {starts: "09:00", stages: [{stage: rush, lasts_s: 60, factor: 1}]}}
"""

CHATS = """
scenario: chats
title: Chats at nine, sixty a minute
time_zone: UTC
starts: "2026-03-03"
channels: {chat: {opens: "00:00", closes: "24:00", journey: ask_on_chat}}
intents: {order_status: Where is my order?}
demand: [{intent: order_status, channels: {chat: 1.0}, starts: "09:00", interval_minutes: 5, contacts: [300]}]
teams:
  desk: {channels: [chat], agents: {"00:00": 30, "20:00": 0}, service: {default: {law: uniform, low_s: 5, high_s: 8}}}
goals: [{metric: wait_s_mean, channel: chat, at_most: 10}]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Five minutes of a small desk with a goal, whose eight agents answer 48 chats a minute at most."""
    path = tmp_path / "five_minutes.yaml"
    path.write_text(FIVE_MINUTES.read_text() + GOALS)
    return path


def ask(*arguments: object) -> Said:
    """Search, ending as it may."""
    return ask_here("load", *arguments, "--search")


def test_a_search_under_the_virtual_clock_brackets_what_the_desk_carries(scenario: Path, tmp_path: Path) -> None:
    """Without it the question that planners ask first would have no answer."""
    where = ["--clock", "virtual", "--search-within", 0.3, "-o", tmp_path / "found"]
    done = ask(scenario, *where, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["kept_factor"] < document["not_kept_factor"] <= 1.3 * document["kept_factor"]
    assert 1 <= document["kept_factor"] <= 2.6  # 24 chats a minute come at x1, and 48 can be answered
    assert document["answer"].startswith(f"It keeps the goals up to x{document['kept_factor']:g} (about ")
    binding = [goal for step in document["steps"] for goal in step["goals"] if step["verdict"] == "missed"]
    assert {goal["metric"] for goal in binding} == {"wait_s_mean"}
    assert "the goal for occupancy is left out: contacts do not tell of it" in done.stderr
    assert "step 1: x1, " in done.stderr
    found = Run.open(tmp_path / "found")
    assert (found.facts["kind"], found.facts["state"]) == ("search", "finished")
    for step in document["steps"]:
        for name in step["runs"]:
            assert Run.open(tmp_path / "found" / name).facts["factor"] == step["factor"]


def test_a_window_is_searched_with_the_same_customers_and_more(scenario: Path, tmp_path: Path) -> None:
    """Without it two steps would differ by luck and not by volume."""
    bounds = ["--search-from", 0.5, "--search-to", 1]
    done = ask(scenario, "--clock", "virtual", "--from", "09:01", "--for", 60, *bounds, "-o", tmp_path / "found")
    assert done.returncode == 3, done.stderr
    assert "That is the highest volume asked for: go on with --search-to 4." in done.stdout
    half, whole = (
        Run.open(tmp_path / "found" / name).table("legs").query("attempt == 1 and leg == 0")
        for name in ("step-01-x0.50", "step-02-x1.00")
    )
    assert set(half["contact_id"]) < set(whole["contact_id"])
    assert half["due_s"].between(32_460, 32_520).all()


def test_the_steps_on_a_desk_follow_each_other_in_its_day(tmp_path: Path) -> None:
    """Without it a desk that is there but once could not be searched, or two steps would be mixed."""
    path = tmp_path / "chats.yaml"
    path.write_text(CHATS)
    bounds = ["--search-to", 1.5, "--from", "09:00", "--for", 30]
    with desk_of(tmp_path, scenario=path) as where:
        command = [*VERB, "load", path, *bounds, *where, "-o", tmp_path / "found", "--search"]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, cwd=TOP, timeout=300, check=False
        )
    assert done.returncode in (3, 4), done.stderr  # on a busy machine the instrument is not fit, which ends the search
    assert "warning: the steps come one after the other" in done.stderr
    assert "the roster of desk changes in it" in done.stderr
    if done.returncode == 4:
        assert "the instrument is not fit" in done.stdout
        return
    first, second = (Run.open(tmp_path / "found" / name) for name in ("step-01-x1.00", "step-02-x1.50"))
    assert second.table("legs")["due_s"].min() > first.table("legs")["ended_s"].max()
    moved_s = second.facts["moved_s"]
    assert moved_s > 30
    assert second.facts["stages"][0]["from_s"] == pytest.approx(32_400 + moved_s)
    assert "moved_s" not in first.facts
    assert "It keeps the goals up to x1.5" in done.stdout


def test_thresholds_alone_can_be_searched_for(tmp_path: Path) -> None:
    """Without it a team that has written what must hold would be told a volume at which it does not."""
    path = tmp_path / "five_minutes.yaml"
    path.write_text(FIVE_MINUTES.read_text() + THRESHOLDS)
    window = ["--clock", "virtual", "--from", "09:00", "--for", 60, "--search-to", 1]
    done = ask(path, *window, "-o", tmp_path / "found", "--json")
    assert done.returncode == 3, done.stderr
    assert "the threshold for drop_share in rush is left out: that stage is not played" in done.stderr
    (step,) = json.loads(done.stdout)["steps"]
    assert step["verdict"] == "missed"
    assert {one["metric"]: one["kept"] for one in step["thresholds"]} == {"error_share": True, "response_s_max": False}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([FIVE_MINUTES, "--clock", "virtual"], "has no goals that contacts tell of"),
        (["--clock", "virtual", "--factor", 2], "--factor cannot go with --search"),
        (["--clock", "virtual", "--search-from", 4, "--search-to", 2], "expected 0 < from <= to"),
        ([], "--target FILE and --charter FILE say which desk is searched; or --clock virtual"),
        (["--clock", "virtual", "--target", "t.yaml"], "--clock virtual plays on its own desk"),
        (["--clock", "virtual", "--from", "09:00"], "--from HH:MM and --for SECONDS together"),
    ],
    ids=str,
)
def test_searches_that_make_no_sense_are_told(scenario: Path, arguments: list[object], words: str) -> None:
    """Without it a slip would play for an hour and answer another question."""
    first = [] if arguments[:1] == [FIVE_MINUTES] else [scenario]
    done = ask(*first, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr


def test_options_of_a_search_alone_are_told(scenario: Path) -> None:
    """Without it a forgotten --search would play one volume and look like an answer."""
    done = ask_here("load", scenario, "--clock", "virtual", "--search-to", 4)
    assert done.returncode == 2
    assert "--search-to: only with --search" in done.stderr
