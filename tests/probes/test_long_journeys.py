"""Journeys of several contacts: over channels, over days, and after a restart."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from probes.desk.desk import DeskOptions
from probes.errand import Cast, scenario_errand
from probes.journeys import Seen
from probes.player import heard_of, told_of
from probes.playing import play_virtual
from probes.resume import begun_in
from results.journal import Journal
from results.log import check_legs
from scenarios.persona import PersonaKind
from tests.probes.short_days import open_all_day, team
from tests.probes.small_desk import write_journeys
from tests.written import one_desk, written

DAY_S = 86_400.0

HEAD = """
journey: {name}
title: A long one
channel: chat
questions: {{default: {{subject: "Order {{order}}", text: "Where is {{order}}?", useful: "{useful}"}}}}
"""


def play(folder: Path, steps: str, useful: str = "never said", **scenario: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Play one customer of a long journey from ten in the morning; returns legs and messages."""
    write_journeys(folder)
    (folder / "journeys" / "long_one.yaml").write_text(HEAD.format(name="long_one", useful=useful) + steps)
    told = {
        "channels": {"chat": {**open_all_day("chat"), "journey": "long_one"}, "form": open_all_day("form")},
        "teams": {"front": team()}, "days": 7,
    }  # fmt: skip
    loaded = written(folder, one_desk(**{**told, **scenario}), [("anna", 36_000.0, "chat", "order")])
    run = play_virtual(scenario_errand(loaded, 1), folder / "run", DeskOptions(1), lambda tick: None)
    legs = run.table("legs")
    check_legs(legs)
    return legs, run.table("messages")


CHASED = """
promises: [{{says: "within (?P<count>\\\\d+) working days", unit: days}}]
steps:
  - open: true
  - wait_for: closed
  - hop:
      to: {to}
      when: due
      after: {{law: deterministic, value_s: 60}}
      say: "You promised me an answer by {{earlier.channel}}, and it has not come."
  - wait_for: closed
"""


def test_a_promise_that_was_not_kept_is_chased_over_another_channel_when_due(tmp_path: Path) -> None:
    """Without it nobody would find out what "within three days" is worth."""
    legs, messages = play(tmp_path, CHASED.format(to="form"))
    assert list(legs["channel"]) == ["chat", "form"]
    assert list(legs["attempt"]) == [1, 2]
    assert set(legs["case_id"]) == {legs["case_id"][0]}
    promised_s = messages.loc[messages["text"].str.contains("working days"), "at_s"].iloc[0]
    assert legs["due_s"][1] == pytest.approx(promised_s + 3 * DAY_S + 60)
    cited = messages.loc[
        (messages["contact_id"] == legs["contact_id"][1]) & (messages["speaker"] == "customer"), "text"
    ]
    assert cited.iloc[0] == "You promised me an answer by chat, and it has not come."


RECOGNISED = CHASED.replace('[{{says: "within (?P<count>\\\\d+) working days", unit: days}}]', "recognised")


@pytest.mark.parametrize(("holidays", "day"), [([], 3), (["2026-03-05"], 6)])
def test_a_promise_is_recognised_without_a_pattern_and_chased_when_due(
    tmp_path: Path, holidays: list[str], day: int
) -> None:
    """Without it every way of promising would need a regular expression, and working days would be days."""
    assert "promises: recognised" in RECOGNISED
    legs, messages = play(tmp_path, RECOGNISED.format(to="form"), holidays=holidays)
    assert list(legs["channel"]) == ["chat", "form"]
    said_s = messages.loc[messages["text"].str.contains("working days"), "at_s"].iloc[0]
    assert said_s < DAY_S, "said on Tuesday"
    assert legs["due_s"][1] == pytest.approx(day * DAY_S + 18 * 3600 + 60), (
        "due on Friday at closing time, or on Monday"
    )


def test_what_was_answered_is_not_chased(tmp_path: Path) -> None:
    """Without it shoppers would cost the desk twice the time, for nothing."""
    legs, _ = play(tmp_path, CHASED.format(to="form"), useful="working days")
    assert list(legs["contact_outcome"]) == ["resolved"]


AGAIN = """
again: {after_ends: [abandoned], most: 2, after: {law: deterministic, value_s: 600}}
steps:
  - open: true
  - {wait_for: human, within: {law: deterministic, value_s: 30}}
"""


def test_a_shop_that_came_to_nothing_is_played_again_as_stated(tmp_path: Path) -> None:
    """Without it a retried shop would be hidden, or would be retried for ever."""
    legs, _ = play(tmp_path, AGAIN, teams={"front": team(agents=0)})
    assert list(legs["contact_outcome"]) == ["abandoned"] * 3
    assert list(legs["due_s"]) == pytest.approx([36_000, 36_630, 37_260])
    assert legs["contact_id"].is_unique


def test_what_was_seen_is_kept_as_it_was() -> None:
    """Without it a journey taken up again would have heard something else."""
    for seen in (
        Seen("human", 1.0, 2.5, "Hello", "front", "Robin", True),
        Seen("nothing"),
        Seen("closed", 3.0, 3.0, resolved=True),
    ):
        kept = heard_of(json.loads(json.dumps(told_of(seen))))
        assert kept == seen or (math.isnan(kept.seen_by_s) and kept.kind == seen.kind)


def test_what_a_journal_holds_is_what_was_begun(tmp_path: Path) -> None:
    """Without it a run taken up again would repeat a contact, or forget one that was yet to come."""
    journal = Journal(tmp_path / "journal.jsonl")
    facts = {"case_id": "a/0", "attempt": 1, "due_s": 5.0, "patience_s": None, "entity": 7}
    journal.write("begun", contact_id="a/0/1", **facts, arrived_s=5.0)
    journal.write("heard", contact_id="a/0/1", seen=[{"kind": "human", "text": "Hello"}])
    journal.write("end", contact_id="a/0/1", contact_outcome="unresolved")
    journal.write("next", contact_id="a/0/2", **{**facts, "attempt": 2, "due_s": 9.0}, why="hop")
    journal.write("begun", contact_id="b/0/1", **{**facts, "case_id": "b/0"}, arrived_s=6.0)
    journal.close()
    with (tmp_path / "journal.jsonl").open("ab") as torn:
        torn.write(b'{"kind": "begun", "contact_id": "c/0')
    begun = begun_in([tmp_path / "journal.jsonl"])
    assert set(begun.contacts) == {"a/0/1", "b/0/1"}
    assert [told["contact_id"] for told in begun.waiting] == ["a/0/2"]
    assert [told["contact_id"] for told in begun.cut_off] == ["b/0/1"]
    assert begun.contact_of(begun.waiting[0], 1).patience_s == math.inf
    assert begun.heard["a/0/1"] == [[Seen("human", text="Hello")]] or begun.heard["a/0/1"][0][0].text == "Hello"


def test_one_who_types_before_they_come_has_not_waited_yet(tmp_path: Path) -> None:
    """Without it slow writers would seem to be kept waiting by the desk."""
    kind = PersonaKind(persona="slow", title="?", language="en", types_per_s=0.5)
    write_journeys(tmp_path)
    loaded = written(
        tmp_path, one_desk(channels={"chat": open_all_day("chat")}, teams={"front": team(channels=["chat"])}),
        [("anna", 36_000.0, "chat", "order")],
    )  # fmt: skip
    errand = scenario_errand(loaded, 1)
    errand = replace(errand, cast=Cast({str(name): kind for name in errand.plan["customer_id"]}))
    run = play_virtual(errand, tmp_path / "run", DeskOptions(1), lambda tick: None)
    leg = run.table("legs").iloc[0]
    opening = run.table("messages")["text"].iloc[0]
    assert leg["arrived_s"] == leg["due_s"] > 36_000 + len(opening)
    assert leg["answered_s"] - leg["arrived_s"] < 1
