"""Worst journeys: who is told of, in which words, and where one finds the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from results.clock import RunClock
from results.evidence import anchor_of
from results.journey_page import NO_STORIES, journey_view, with_customers
from results.journey_stories import HARDSHIPS, worst_cases, worst_stories
from results.log import table_of
from tests.results.journeys import PAGED, cases_in, leg, log_of, page_of
from tests.results.pages import Page
from tests.results.test_journey_map import written_run

DAY_S = 86_400.0
HOUR_S, MINUTE_S = 3600.0, 60.0
CLOCK = RunClock.of({"origin": "2026-03-02T00:00:00+01:00[Europe/Rome]", "time_zone": "Europe/Rome", "days": 7})
TEN = 10 * HOUR_S + 2 * MINUTE_S
ELEVEN = DAY_S + 11 * HOUR_S

HOUSE_MOVE: list[dict[str, Any]] = [
    leg("ann", 1, 0, TEN, 0.0, 35.0, team="menu", **PAGED, contact_outcome="unresolved"),
    leg("ann", 1, 1, TEN + 35, 6 * MINUTE_S, 4 * MINUTE_S, leg_end="transferred", contact_outcome="unresolved"),
    leg("ann", 1, 2, TEN + 635, 12 * MINUTE_S, 22 * MINUTE_S, team="moves_desk", contact_outcome="unresolved",
        promise_due_s=DAY_S + 10 * HOUR_S),
    leg("ann", 1, 3, TEN + 3000, 0.0, 900.0, team="order_desk", role="work", contact_outcome="unresolved"),
    leg("ann", 2, 0, ELEVEN, 0.0, 2 * MINUTE_S, leg_end="cut_off", contact_outcome="resolved"),
    leg("ann", 2, 1, ELEVEN + 1800, 5.0, 5 * MINUTE_S, history_carried=True, contact_outcome="resolved"),
    leg("ann", 3, 0, ELEVEN + HOUR_S, 20 * HOUR_S, 7 * MINUTE_S, channel="email", team="written_desk",
        promise_due_s=3 * DAY_S, promise_kept_s=3 * DAY_S + 2 * HOUR_S, contact_outcome="resolved"),
    leg("ann", 4, 0, 3 * DAY_S, None, 0.0, team=None, leg_end="closed", contact_outcome="closed"),
    leg("ann", 5, 0, 3 * DAY_S + TEN, None, 12 * MINUTE_S, team=None, leg_end="abandoned",
        contact_outcome="abandoned"),
]  # fmt: skip

TOLD = """\
“We are moving”. A customer of 15 years, 210 USD a month.
Monday 10:02, by phone: Went through the menu; waited 6 min, told the story to the front team, was passed on after \
4 min; waited 12 min, told it again to the moves desk, was done after 22 min; the order desk got an order that came to \
nothing. Was promised an answer by Tuesday 10:00: nobody kept it. [ann/0/1]
Tuesday 11:00, by phone: Told it again to the front team, was cut off after 2 min; was called back by the front team \
at 11:30, they knew the story, it was settled after 5 min. [ann/0/2]
Tuesday 12:00, by e-mail: The written desk answered after 20 h, told it again. Was promised an answer by Thursday \
00:00: it came 2 h late. [ann/0/3]
Thursday 00:00, by phone: Found it closed. [ann/0/4]
Thursday 10:02, by phone: Gave up after waiting 12 min. [ann/0/5]
In the end: gave up waiting; 5 contacts, 1 h 4 min on the line, told the story again 3 times, passed on once, cut off \
once, 1 promise kept late, 1 promise not kept. Left (the chance was 31 %).
customer ann, case ann/0, replication 0"""


def test_a_journey_is_told_in_plain_words() -> None:
    """Without it a leader would read columns, or be told something that did not happen."""
    log = log_of(*HOUSE_MOVE, until_s=4 * DAY_S)
    known = cases_in(log).assign(leave_share=0.31, left=True, monthly_revenue=210.0, tenure_months=180.0)
    stories = worst_stories(log, known, CLOCK, {"order": "We are moving"}, "USD")
    assert [story.text() for story in stories] == [TOLD]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"leg_end": "silent", "contact_outcome": "silent"}, "Left without a word after 10 min."),
        ({"leg_end": "blocked", "contact_outcome": "blocked"}, "Found all lines taken."),
        ({"leg_end": "balked", "contact_outcome": "balked"}, "Heard how long it would take and hung up."),
        ({"leg_end": "message", "contact_outcome": "message"}, "Was asked for a message after 10 min and left one."),
        ({"leg_end": "target_error", "reason": "500", "contact_outcome": "target_error"}, "Met a desk that failed."),
        ({"leg_end": "censored", "contact_outcome": "censored", "ended_s": None},
         "Was still waiting when the log ends, after 20 min."),
        ({"answered_s": 10.0, "talk_s": 590.0, "leg_end": "escalated", "contact_outcome": "escalated"},
         "Waited 10 s, told the story to the front team, was passed up after 10 min."),
        ({"answered_s": 0.0, "talk_s": 600.0, "leg_end": "deflected", "contact_outcome": "deflected"},
         "Told the story to the front team, was told to ask elsewhere after 10 min."),
        ({"answered_s": 0.0, "team": "bot", "contact_outcome": "unresolved"}, "Found no answer with the bot."),
        ({"answered_s": 0.0, "talk_s": 600.0, "contact_outcome": "unresolved"},
         "Told the story to the front team, after 10 min nothing was settled."),
        ({"answered_s": 5.0, "talk_s": 595.0, "channel": "chat", "promise_due_s": 5000.0, "team": None},
         "Waited 5 s, told the story to somebody, was done after 10 min. "
         "Was promised an answer by Monday 01:23: the log ends before."),
    ],
    ids=lambda one: one.get("leg_end", "") if isinstance(one, dict) else "",
)  # fmt: skip
def test_each_way_to_fail_a_customer_has_its_words(told: dict[str, Any], words: str) -> None:
    """Without it one kind of failure would be told as another, or not at all."""
    log = log_of(leg("ann", 1, 0, 0.0, None, 600.0, **told), until_s=1200.0)
    (story,) = worst_stories(log, cases_in(log).assign(unresolved=1.0), CLOCK)
    assert [contact.text for contact in story.contacts] == [words]


def lived(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return cases that people lived through: what is not told was spared them."""
    spared: dict[str, Any] = dict.fromkeys(HARDSHIPS, 0.0) | {"minutes": 10.0, "intent": "order", "leave_share": 0.1}
    return pd.DataFrame([spared | row for row in rows])


def test_who_left_is_told_first_then_who_may_then_who_suffered() -> None:
    """Without it a page about losses would tell of customers that were not lost."""
    cases = lived(
        {"unresolved": 1.0, "leave_share": 0.3, "left": False},
        {"transfers": 1.0, "leave_share": 0.2, "left": False, "minutes": 20.0},
        {"cut_offs": 1.0, "leave_share": 0.2, "left": False, "minutes": 90.0},
        {"hops": 1.0, "leave_share": 0.05, "left": True},
    )
    assert worst_cases(cases) == [3, 0, 2, 1]


def test_no_two_stories_are_alike() -> None:
    """Without it five customers of one bad hour would tell the same story five times."""
    cases = lived(
        {"unresolved": 1.0, "leave_share": 0.9}, {"unresolved": 1.0, "leave_share": 0.8},
        {"unresolved": 1.0, "leave_share": 0.7, "intent": "bill"}, {"cut_offs": 1.0, "leave_share": 0.6},
        {"cut_offs": 2.0, "leave_share": 0.5, "intent": "bill"},
    )  # fmt: skip
    assert worst_cases(cases, 2) == [0, 4]
    assert worst_cases(cases, 3) == [0, 2, 4]
    assert worst_cases(cases, 9) == [0, 2, 3, 4]


def test_of_whom_nothing_befell_there_is_no_story(tmp_path: Path) -> None:
    """Without it a good day would be shown as a list of worst journeys."""
    view = journey_view(written_run(tmp_path / "run", [leg("ann", 1, 0, 0.0, 30.0)]))
    assert (view["stories"], view["words"]) == ([], NO_STORIES)
    assert NO_STORIES in Page(page_of(view)).text


def test_what_the_customers_table_knows_is_told(tmp_path: Path) -> None:
    """Without it nobody would see that it was the customer of fifteen years who left."""
    row = {"replication": 0, "customer_id": "ann", "monthly_revenue": 210.0, "tenure_months": 7.0, "leave_share": 0.31,
           "left": True}  # fmt: skip
    view = journey_view(written_run(tmp_path / "run", HOUSE_MOVE, [row]), currency="USD")
    page = Page(page_of(view))
    assert "A customer of 7 months, 210 USD a month." in page.text
    assert "Left (the chance was 31 %)." in page.text
    assert "Customer ann · case ann/0 · replication 0" in page.text


def test_a_case_is_joined_with_its_own_customer() -> None:
    """Without it the customer of another replication would have left."""
    cases = pd.DataFrame({"replication": [0, 1], "customer_id": ["ann", "ann"]})
    told = table_of("customers", [{"replication": 1, "customer_id": "ann", "left": True, "leave_share": 0.4}])
    assert with_customers(cases, told)["left"].isna().tolist() == [True, False]


def test_a_contact_that_stands_word_by_word_on_the_page_is_linked(tmp_path: Path) -> None:
    """Without it who reads a measured story could not see what was said."""
    view = journey_view(written_run(tmp_path / "run", HOUSE_MOVE), said={"ann/0/2"})
    links = [link for link in Page(page_of(view)).fetches if link]
    assert links == [f"#{anchor_of('ann/0/2')}"]
    assert anchor_of("a/0") != anchor_of("a˰") != anchor_of("a.2f.0")


def test_a_story_that_goes_beyond_a_week_has_dates() -> None:
    """Without it the Tuesday of a promise could be any Tuesday."""
    late = leg("ann", 1, 0, TEN, 0.0, contact_outcome="unresolved", promise_due_s=TEN + 10 * DAY_S)
    log = log_of(late, until_s=DAY_S)
    (story,) = worst_stories(log, cases_in(log).assign(unresolved=1.0), CLOCK)
    assert story.contacts[0].when == "Monday 2 March 10:02"
    assert "by Thursday 12 March 10:02" in story.contacts[0].text
