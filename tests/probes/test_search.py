"""The search's driving, on plays that are made up: what it plays, keeps, stops at and says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from probes.search import REFUSED, SHUT, UNFIT, UNREACHABLE, Play, Searching
from results.bisection import CANNOT_TELL, KEPT, MISSED, Bounds
from results.carried import Searched, Step, answer_of, step_line, steps_table, worst_of
from results.goals_kept import JudgedGoal
from results.load_figures import Checked
from results.log import ordered, table_of
from results.runs import FINISHED, INTERRUPTED, Run
from scenarios.scenario import Goal
from scenarios.thresholds import Threshold

WAIT = Goal(metric="wait_s_mean", channel="chat", at_most=30.0)
FIT = {"fit": True, "reasons": []}
HOUR = [
    {"stage": "warm_up", "from_s": 0.0, "to_s": 600.0, "warm_up": True},
    {"stage": "window", "from_s": 600.0, "to_s": 4200.0, "warm_up": False},
]


def legs_of(waits: Any) -> pd.DataFrame:
    """Chats that come evenly over the warm-up and an hour; those of the warm-up wait for ever so long."""
    count = len(waits)
    at = np.linspace(0, 4200, count, endpoint=False)
    waits = np.where(at < 600, 5000.0, waits)
    frame = pd.DataFrame(
        {
            "run_id": "r", "source": "measured", "replication": 0, "played_by": "background", "channel": "chat",
            "customer_id": [f"c{n:04d}" for n in range(count)], "intent": "order", "attempt": 1, "leg": 0,
            "team": "front", "due_s": at, "arrived_s": at, "answered_s": at + waits, "ended_s": at + waits + 60.0,
            "talk_s": 60.0, "leg_end": "answered", "contact_outcome": "resolved",
        }
    )  # fmt: skip
    frame["contact_id"] = frame["case_id"] = frame["customer_id"]
    return ordered(table_of("legs", frame))


def desk(mean_s: Any, **facts: Any) -> Play:
    """A desk on which customers wait so long, by factor and play; `facts` replace what its runs say of themselves."""

    def play(factor: float, times: int, folder: Path) -> Run:
        run = Run.create(folder, {"kind": "measured", "run_id": "r", "clock": "virtual", "stages": HOUR})
        rng = np.random.default_rng(round(1000 * factor) + times)
        legs = legs_of(rng.exponential(mean_s(factor, times), size=round(700 * factor)))
        run.write_table("legs", legs)
        told = {"state": FINISHED, "outcomes": {"resolved": len(legs)}, "played": len(legs), "instrument": FIT}
        run.write_facts(**{**told, **facts})
        return run

    return play


def search(
    folder: Path, play: Play, bounds: Bounds, tell: Any = lambda step: None, thresholds: Any = (), goals: Any = (WAIT,)
) -> Searched:
    """Search below a folder."""
    return Searching(bounds, goals, Run.create(folder / "search", {"kind": "search"}), play, tell, thresholds).run()


def test_a_search_brackets_what_a_desk_carries(tmp_path: Path) -> None:
    """Without it nobody would learn how much these people carry."""
    told: list[Step] = []
    searched = search(tmp_path, desk(lambda factor, times: 10 * factor), Bounds(1.0, 16.0, 0.2), told.append)
    bracket = searched.bracket
    assert searched.found
    assert bracket.kept is not None
    assert bracket.not_kept is not None
    assert 2.4 < bracket.kept < 3.0 < bracket.not_kept < 3.6
    assert tuple(told) == searched.steps
    assert [step.factor for step in told[:3]] == [1.0, 2.0, 4.0]
    assert told[0].runs == ("step-01-x1.00",)
    assert told[0].contacts_per_hour == pytest.approx(600)  # not those of the warm-up
    assert f"It keeps the goals up to x{bracket.kept:g} (about" in answer_of(searched)
    assert "What binds: chat wait_s_mean" in answer_of(searched)
    run = Run.open(tmp_path / "search")
    assert (run.facts["state"], run.facts["kept_factor"]) == (FINISHED, bracket.kept)
    assert len(run.facts["steps"]) == len(told)


def test_a_step_that_cannot_be_told_is_played_again_and_pooled(tmp_path: Path) -> None:
    """Without it luck would decide a step, or every step near the edge would count as not kept."""
    played: list[str] = []
    inner = desk(lambda factor, times: 31 if times == 0 else 20)

    def play(factor: float, times: int, folder: Path) -> Run:
        played.append(folder.name)
        return inner(factor, times, folder)

    searched = search(tmp_path, play, Bounds(1.0, 1.0))
    assert played == ["step-01-x1.00", "step-01-x1.00-again-1"]
    (step,) = searched.steps
    assert step.verdict == KEPT
    assert step.goals[0].n == 1200
    assert step.contacts_per_hour == pytest.approx(600)
    assert "1,200 contacts, played 2 times: kept" in step_line(1, step)


def test_a_step_that_stays_unclear_counts_as_not_kept_and_is_said(tmp_path: Path) -> None:
    """Without it an answer could rest on a step that decided nothing."""
    searched = search(tmp_path, desk(lambda factor, times: 30), Bounds(1.0, 16.0))
    (step,) = searched.steps
    assert step.verdict == CANNOT_TELL
    assert len(step.runs) == 3
    assert not searched.found
    answer = answer_of(searched)
    assert "It cannot be told whether they are kept even at x1, which counts as not kept." in answer
    assert "begin lower with --search-from 0.25" in answer
    assert "cannot tell: the interval reaches across the goal" in steps_table(searched.steps)


@pytest.mark.parametrize(
    ("bound", "values", "worst"),
    [
        ({"at_most": 30}, [2.0, 19.9, 5.0], 19.9),
        ({"at_most": 1}, [3.0, 2.0, 9.0], 9.0),
        ({"at_least": 1}, [3, 2, 9], 2),
    ],
)
def test_of_plays_that_kept_a_threshold_alike_the_least_good_is_told(bound: Any, values: Any, worst: float) -> None:
    """Without it a step kept at 2.0 and at 19.9 would be told as kept at 2.0."""
    threshold = Threshold(metric="response_s_max", **bound)
    plays = [[Checked(threshold, value, 10, threshold.is_kept_by(value))] for value in values]
    assert [one.value for one in worst_of(plays)] == [worst]
    unknown = Checked(threshold, float("nan"), 0, None)
    missed, kept = Checked(threshold, 50.0, 9, False), Checked(threshold, 60.0, 9, True)
    assert worst_of([[kept], [unknown], [missed]]) == (missed,)
    assert worst_of([[kept], [unknown]]) == (unknown,)


def goal_at(value: float, low: float, high: float, verdict: str) -> JudgedGoal:
    return JudgedGoal(Goal(metric="abandonment", channel="chat", at_most=0.1), value, low, high, 900, verdict)


def answer_to(factor: float, *goals: JudgedGoal, lowest: float = 1.0) -> str:
    verdict = MISSED if any(one.verdict == MISSED for one in goals) else CANNOT_TELL
    return answer_of(Searched(Bounds(lowest, 16.0), (Step(factor, verdict, goals, 900, 400.0, ("a",)),)))


def test_what_cannot_be_told_is_not_said_to_bind() -> None:
    """Without it 8 % where 10 % may be would be told as what stops a desk."""
    answer = answer_to(1.138, goal_at(0.08, 0.049, 0.111, CANNOT_TELL))
    assert "What binds" not in answer
    assert (
        "What cannot be told: chat abandonment 8.0 %, wanted at most 10.0 %, but the 98.3 % interval reaches to 11.1 %."
        " A longer window (--for) would tell more."
    ) in answer
    both = answer_to(1.414, goal_at(0.08, 0.049, 0.111, CANNOT_TELL), goal_at(0.22, 0.14, 0.30, MISSED))
    assert "What binds: chat abandonment 22.0 % (14.0 % to 30.0 %), wanted at most 10.0 %." in both
    assert "98.3 % interval" in steps_table([Step(1.0, KEPT, (goal_at(0.05, 0.01, 0.09, KEPT),), 9, 9.0, ("a",))])


def test_a_lower_volume_is_proposed_where_it_promises_anything() -> None:
    """Without it who misses a goal by ten times with hardly any customers would be sent to search for hours."""
    far, near = goal_at(0.6, 0.5, 0.7, MISSED), goal_at(0.13, 0.11, 0.15, MISSED)
    assert "fewer customers alone do not help" in answer_to(0.25, far, lowest=0.25)
    assert "--search-from" not in answer_to(0.25, far, lowest=0.25)
    assert "begin lower with --search-from 0.0625" in answer_to(0.25, near, lowest=0.25)
    assert "begin lower with --search-from 0.25" in answer_to(1.0, far)


def test_a_step_must_keep_the_thresholds_of_the_scenario_too(tmp_path: Path) -> None:
    """Without it a volume would be told as carried at which the scenario's own load test fails."""
    most = Threshold(metric="wait_s_p50", stage="window", at_most=14.0)

    play = desk(lambda factor, times: 10 * factor)
    searched = search(tmp_path / "both", play, Bounds(1.0, 16.0, 0.2), thresholds=[most])
    alone = search(tmp_path / "alone", play, Bounds(1.0, 16.0, 0.2), thresholds=[most], goals=())
    for one in (searched, alone):
        bracket = one.bracket
        assert bracket.kept is not None
        assert 1.6 < bracket.kept < 2.2, "half of them wait ln 2 of the mean at most; the goal alone is kept up to 3"
        assert "What binds: window wait_s_p50 " in answer_of(one)
        assert "window wait_s_p50" in steps_table(one.steps)
    (kept,) = [step for step in searched.steps if step.factor == searched.bracket.kept]
    assert [one.kept for one in kept.thresholds] == [True]
    facts = Run.open(tmp_path / "both" / "search").facts["steps"][0]
    assert facts["thresholds"][0]["metric"] == "wait_s_p50"


def test_a_threshold_must_hold_in_each_play_of_a_step(tmp_path: Path) -> None:
    """Without it the plays that a step was given would each be a chance to pass."""
    played: list[Path] = []
    inner = desk(lambda factor, times: 31 if times == 0 else 10)

    def play(factor: float, times: int, folder: Path) -> Run:
        played.append(folder)
        run = inner(factor, times, folder)
        legs = run.table("legs")
        if times == 1:
            legs.loc[legs.index[-3:], ["leg_end", "contact_outcome", "reason"]] = "target_error"
            run.write_table("legs", legs)
        return run

    few = Threshold(metric="error_share", at_most=0.001)
    (step,) = search(tmp_path, play, Bounds(1.0, 1.0), thresholds=[few]).steps
    assert len(played) == 2
    assert step.verdict == MISSED
    assert [one.kept for one in step.thresholds] == [False]
    never = Threshold(metric="response_s_p99", step="open", at_most=1.0)
    (step,) = search(tmp_path / "never", desk(lambda factor, times: 5), Bounds(1.0, 1.0), thresholds=[never]).steps
    assert (step.verdict, len(step.runs)) == (CANNOT_TELL, 3)


def test_a_search_says_where_even_its_ends_do_not_bracket(tmp_path: Path) -> None:
    """Without it an end of the search would pass for an end of the desk."""
    low = search(tmp_path / "low", desk(lambda factor, times: 90), Bounds(1.0, 16.0))
    assert [step.verdict for step in low.steps] == [MISSED]
    assert "It misses the goals even at x1." in answer_of(low)
    high = search(tmp_path / "high", desk(lambda factor, times: 5), Bounds(1.0, 2.0))
    assert not high.found
    assert "It keeps the goals up to x2 (about 1,200 contacts an hour)." in answer_of(high)
    assert "go on with --search-to 8" in answer_of(high)


@pytest.mark.parametrize(
    ("facts", "why", "words"),
    [
        ({"instrument": {"fit": False, "reasons": ["late starts"]}}, UNFIT, "the instrument is not fit: late starts"),
        ({"outcomes": {"failed": 2}}, UNFIT, "2 contacts failed by our own fault"),
        ({"outcomes": {"withheld": 3}}, REFUSED, "the charter withheld 3 contacts"),
        ({"stopped": "the stop file is there", "state": INTERRUPTED}, REFUSED, "the stop file is there"),
        ({"outcomes": {"target_error": 700}}, UNREACHABLE, "no contact reached the desk"),
        ({"state": INTERRUPTED}, INTERRUPTED, "was interrupted"),
    ],
    ids=str,
)
def test_it_stops_at_a_play_that_tells_nothing_of_the_desk(
    tmp_path: Path, facts: dict[str, Any], why: str, words: str
) -> None:
    """Without it our own lateness, or a charter's cap, would pass for what the desk carries."""
    searched = search(tmp_path, desk(lambda factor, times: 10, **facts), Bounds(1.0, 16.0))
    assert (searched.stopped, searched.steps) == (why, ())
    assert words in answer_of(searched)
    assert not searched.found


def test_it_stops_where_the_desk_shuts(tmp_path: Path) -> None:
    """Without it customers who came after closing time would make a desk look quick."""

    def play(factor: float, times: int, folder: Path) -> Run:
        run = desk(lambda factor, times: 10)(factor, times, folder)
        late = run.table("legs")
        shut = late["due_s"] > 3600
        late.loc[shut, ["leg_end", "contact_outcome"]] = "closed"
        late.loc[shut, ["answered_s", "talk_s", "team"]] = None
        late.loc[shut, "ended_s"] = late.loc[shut, "arrived_s"]
        run.write_table("legs", late)
        run.write_facts(clock="real")
        return run

    searched = search(tmp_path, play, Bounds(1.0, 16.0))
    assert searched.stopped == SHUT
    assert "customers found the desk shut" in answer_of(searched)


def test_ctrl_c_keeps_what_is_done_and_tells_the_bracket_so_far(tmp_path: Path) -> None:
    """Without it an hour of steps would be lost with the one that took too long."""

    def play(factor: float, times: int, folder: Path) -> Run:
        if factor == 2.0:
            raise KeyboardInterrupt
        return desk(lambda factor, times: 10)(factor, times, folder)

    searched = search(tmp_path, play, Bounds(1.0, 16.0))
    assert (searched.stopped, searched.bracket.kept) == (INTERRUPTED, 1.0)
    assert "stopped early: it was interrupted. It keeps the goals up to x1" in answer_of(searched)
    facts = Run.open(tmp_path / "search").facts
    assert (facts["state"], len(facts["steps"])) == (INTERRUPTED, 1)
