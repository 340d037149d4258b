"""What thresholds see while a run plays is what its figures say at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from probes.desk.desk import DeskOptions
from probes.errand import scenario_errand
from probes.playing import play_virtual
from results.aborting import Counted
from results.journal import journals_in, read_journal
from results.live_counts import LiveCounts
from results.load_figures import Measured, value_of
from results.runs import Run
from scenarios.profiled import Asked, profiled
from scenarios.reading import load_scenario
from scenarios.thresholds import Threshold
from tests.desks import FIVE_MINUTES

PROFILE = """
profiles:
  rush:
    starts: "09:00"
    stages:
      - {stage: warm_up, lasts_s: 60, factor: 0.5, warm_up: true}
      - {stage: calm, lasts_s: 60, factor: 1}
      - {stage: peak, lasts_s: 120, factor: 3}
"""
LIMIT_S = 5.0
NAMES = ("response_s_p90", "unanswered_share", "error_share", "drop_share")
WHERE: list[dict[str, Any]] = [
    {}, {"stage": "calm"}, {"stage": "peak"}, {"channel": "chat"}, {"channel": "form", "stage": "peak"},
]  # fmt: skip
STEPS: list[dict[str, Any]] = [{}, {"step": "open"}, {"step": "say", "measured": "actual"}]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four minutes of chats and forms that are too many for their desk."""
    folder = tmp_path_factory.mktemp("rush")
    (folder / "rush.yaml").write_text(FIVE_MINUTES.read_text() + PROFILE)
    loaded = profiled(load_scenario(folder / "rush.yaml"), Asked("rush"))
    return play_virtual(scenario_errand(loaded, 1), folder / "run", DeskOptions(1), lambda tick: None)


def counted(run: Run, told: Mapping[str, Any]) -> Counted:
    """Return what a threshold has seen when the last line of the journal is written."""
    counts = LiveCounts([Threshold.model_validate(told)], run.facts)
    for path in journals_in(run.folder):
        for line in read_journal(path):
            counts.take(str(line["kind"]), line)
    (one,) = counts.counted()
    return one


@pytest.mark.parametrize("where", WHERE, ids=str)
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_responses_are_those_of_the_figures(run: Run, where: dict[str, Any], step: dict[str, Any]) -> None:
    """Without it a run could be ended for what its own figures do not show."""
    measured = Measured.of(run)
    part = measured.part(where.get("stage"), where.get("channel"), step.get("step"))
    times = part.response_s(step.get("measured", "intended"))
    told = {"metric": "response_s_p90", "at_most": LIMIT_S, **where, **step}
    assert counted(run, told) == (len(times), int((times > LIMIT_S).sum()))
    assert counted(run, {**told, "at_most": None, "at_least": LIMIT_S}) == (len(times), int((times < LIMIT_S).sum()))
    unanswered = {"metric": "unanswered_share", "at_most": 0.1, **where, **step}
    share, of = value_of(Threshold.model_validate(unanswered), measured)
    assert counted(run, unanswered) == (of, round(share * of) if of else 0)


@pytest.mark.parametrize("where", WHERE, ids=str)
def test_shares_are_those_of_the_figures(run: Run, where: dict[str, Any]) -> None:
    """Without it an error share could be of other contacts in play than at the end."""
    legs = Measured.of(run)
    for metric in ("error_share", "failed_share", "drop_share", "withheld_share"):
        told = {"metric": metric, "at_most": 0.1, **where}
        share, of = value_of(Threshold.model_validate(told), legs)
        assert of > 0
        assert counted(run, told) == (of, round(share * of))
        assert counted(run, {**told, "at_most": None, "at_least": 0.1}).beyond == of - round(share * of)


def test_the_warm_up_never_counts(run: Run) -> None:
    """Without it caches that fill could end a run before it has begun."""
    for metric in NAMES:
        assert counted(run, {"metric": metric, "at_most": 0.1, "stage": "warm_up"}) == (0, 0)
        assert counted(run, {"metric": metric, "at_most": 0.1, "stage": "nobody plays this"}) == (0, 0)
    everybody = len(run.table("legs").query("leg == 0"))
    warmed = counted(run, {"metric": "drop_share", "at_most": 0.1}).of
    assert 0 < warmed < everybody


def lines(*contacts: tuple[str, float | None, str]) -> LiveCounts:
    """Return what an error share and a drop share have seen of contacts: name, when they arrived, how they ended."""
    told = [{"metric": metric, "at_most": 0.1} for metric in ("error_share", "drop_share", "withheld_share")]
    counts = LiveCounts([Threshold.model_validate(one) for one in told], {})
    for name, arrived_s, outcome in contacts:
        counts.take("begun", {"contact_id": name, "channel": "chat", "due_s": 1.0, "arrived_s": arrived_s})
        if outcome:
            counts.take("end", {"contact_id": name, "contact_outcome": outcome})
    return counts


def test_who_is_under_way_is_no_error_yet() -> None:
    """Without it errors, which come fast, would be set against the few who have ended, and end a good run."""
    counts = lines(
        ("a", 1.0, "target_error"), ("b", 1.0, ""), ("c", None, "unstarted"), ("d", None, "withheld"), ("e", 1.0, "")
    )
    assert counts.counted() == [(3, 1), (5, 1), (5, 1)]


def test_lines_of_contacts_that_began_before_are_passed_over(tmp_path: Path) -> None:
    """Without it a run that is taken up again would fall over the ends of contacts it did not begin."""
    counts = lines()
    counts.take("end", {"contact_id": "before", "contact_outcome": "target_error"})
    counts.take("step", {"contact_id": "before", "state": "say", "intended_s": 1.0, "actual_s": 1.0})
    assert counts.counted() == [(0, 0)] * 3


def test_both_starts_are_counted_apart() -> None:
    """Without it our own lateness could end a run whose threshold is of the desk alone."""
    told = [{"metric": "response_s_p90", "at_most": 2, "measured": start} for start in ("intended", "actual")]
    counts = LiveCounts([Threshold.model_validate(one) for one in told], {})
    counts.take("begun", {"contact_id": "a", "channel": "chat", "due_s": 5.0, "arrived_s": 8.0})
    counts.take("step", {"contact_id": "a", "state": "open", "intended_s": 5.0, "actual_s": 8.0})
    counts.take("step", {"contact_id": "a", "state": "seen", "actual_s": None, "seen_by_s": 9.0})
    assert counts.counted() == [(1, 1), (1, 0)]
