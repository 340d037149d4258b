import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from probes.desk.desk import target_for
from probes.dry_run import DryRun, dry_run
from probes.guard import Guard
from scenarios.charter import AllowedHost, Charter
from scenarios.journey import journey_named
from scenarios.reading import LoadedScenario, load_scenario
from tests.probes.charters import charter, charter_file
from tests.probes.small_desk import TEN_O_CLOCK_S, _plan, write_scenario

LISTED = AllowedHost(host="127.0.0.1", ports=[80])
NOON = datetime.datetime(2026, 3, 3, 12, 0, tzinfo=datetime.UTC)
ALL_YEAR = {"valid_from": "2026-01-01T00:00:00+00:00", "valid_until": "2027-01-01T00:00:00+00:00"}
RETRY = """
retry:
  chat:
    probability: 0.5
    probability_blocked: 0.2
    attempts_most: 3
    to: {form: 0.4}
    after: {law: exponential, mean_s: 60}
  form: {probability: 0.1, attempts_most: 2, after: {law: exponential, mean_s: 60}}
"""


def scenario(folder: Path) -> LoadedScenario:
    loaded = write_scenario(folder)
    loaded.path.write_text(loaded.path.read_text() + RETRY)
    return load_scenario(loaded.path)


def plan(count: int, apart_s: float = 1.0) -> pd.DataFrame:
    return _plan("chat", TEN_O_CLOCK_S, np.inf, count, apart_s)


def dry(folder: Path, told: Charter, count: int = 4, **more: object) -> DryRun:
    loaded = scenario(folder / "s")
    more = {"begins_at": NOON, **more}
    return dry_run(loaded, plan(count, float(more.pop("apart_s", 1.0))), target_for(80), told, **more)  # type: ignore[arg-type]


def test_every_first_attempt_is_told_with_what_it_would_take(tmp_path: Path) -> None:
    """Without it a desk's owner would learn what a run takes from their agents only when it has taken it."""
    told = charter(LISTED, **ALL_YEAR, time_zone="Europe/Rome", agent_minutes_most=30)
    run = dry(tmp_path, told, agent_minutes=lambda channel, intent: 6.0, capacity_minutes=lambda channel: 240.0)
    first = run.contacts[0]
    assert (first.at, first.channel, first.journey) == ("2026-03-03 13:00:00", "chat", "short_chat")
    assert "@example.org" in first.persona
    assert (first.agent_minutes, first.capacity_share) == (6.0, 0.025)
    assert run.agent_minutes == 24.0
    text = run.text()
    assert "4 first attempts, 0 withheld" in text
    assert "24.0 minutes, first attempts alone; the charter allows a run 30" in text
    assert [row["contact_id"] for row in run.rows()] == sorted(plan(4)["contact_id"])


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    """Without it a row of dashes would leave open whether agents' time is nothing or not known."""
    text = dry(tmp_path, charter(LISTED, **ALL_YEAR)).text()
    assert "agents' time: not known" in text
    retrying = "retries: " + text.split("retries: ")[1].splitlines()[0]
    assert "in the worst case" in retrying
    never = dry_run(
        load_scenario(write_scenario(tmp_path / "n").path), plan(2), target_for(80),
        charter(LISTED, **ALL_YEAR), begins_at=NOON,
    )  # fmt: skip
    assert "retries: none" in never.text()


def test_what_a_journey_may_not_bring_about_is_withheld(tmp_path: Path) -> None:
    """Without it whoever plans a shop would learn only in playing it that the charter has it sent nowhere."""
    short = journey_named("ask_on_chat").model_copy(update={"effects": ["refund"]})
    told = {"journeys": {"short_chat": short}}
    assert (
        "4 withheld: the charter does not allow the effect refund"
        in dry(tmp_path / "a", charter(LISTED, **ALL_YEAR), **told).text()
    )
    allowed = charter(LISTED, **ALL_YEAR, effects=["refund"])
    assert "0 withheld" in dry(tmp_path / "b", allowed, **told).text()


def test_retries_follow_the_scenarios_rules(tmp_path: Path) -> None:
    """Without it a plan of a hundred contacts could grow to five hundred and nobody be told."""
    told = charter(LISTED, **ALL_YEAR)
    worst = dry(tmp_path, told, count=1).contacts[0]
    # again by chat or form; after a second chat once more, after a second attempt by form no more
    again_by_chat = 0.5 * (1 + 0)
    assert worst.retries_expected == pytest.approx(0.5 * (1 + 0.6 * again_by_chat + 0.4 * 0))
    assert worst.retries_most == 2
    seldom = dry(tmp_path / "seldom", told, count=1, fails=lambda channel: 0.1).contacts[0]
    assert seldom.retries_expected == pytest.approx(0.05 * (1 + 0.6 * 0.05))


def test_what_the_charter_would_withhold_is_told_with_why(tmp_path: Path) -> None:
    """Without it the caps would show only as gaps in the measurement."""
    told = charter(
        LISTED, **ALL_YEAR, time_zone="UTC", caps={"chat": {"per_minute_most": 2}},
        quiet_hours=[{"begins": "12:05", "ends": "13:00"}],
    )  # fmt: skip
    run = dry(tmp_path, told, count=4, apart_s=1.0)
    assert [one.withheld for one in run.contacts] == [None, None, *["the minute's 2 contacts by chat are taken"] * 2]
    assert "2 withheld: the minute's 2 contacts by chat are taken" in run.text()
    quiet = dry(tmp_path / "quiet", told, count=3, apart_s=200.0)
    assert [one.withheld is None for one in quiet.contacts] == [True, True, False]
    at_scale = dry(tmp_path / "scale", told, count=3, apart_s=300.0, scale=10.0)
    assert [one.withheld is None for one in at_scale.contacts] == [True, True, False]


def test_a_dry_run_counts_what_is_taken_and_takes_nothing(tmp_path: Path) -> None:
    """Without it looking would use up the day, or promise places that an earlier run has had."""
    told = charter_file(tmp_path, LISTED, contacts_per_day_most=5)
    now = datetime.datetime.now(datetime.UTC)
    guard = Guard(told)
    for _ in range(3):
        guard.begin_contact("chat")
    guard.close()
    for folder in ("one", "two"):
        run = dry(tmp_path / folder, told, count=4, begins_at=now)
        assert [one.withheld is None for one in run.contacts] == [True, True, False, False]


def test_a_run_that_would_be_refused_says_so(tmp_path: Path) -> None:
    """Without it a dry run would look fine and the run itself exit with 5."""
    run = dry(tmp_path, charter(AllowedHost(host="127.0.0.1", ports=[81]), **ALL_YEAR))
    assert run.refused is not None
    assert run.text().startswith("refused: the charter does not allow 127.0.0.1 port 80")
    assert all(one.withheld == run.refused for one in run.contacts)
