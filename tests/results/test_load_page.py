"""The page of a load test: on made-up runs with a warm-up, broken thresholds, hostile words, many contacts."""

import asyncio
import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.async_api import async_playwright

from commands.table import command_parser
from probes.find_browser import system_browsers
from results.charts import WIDTH
from results.load_figures import Measured, check_thresholds, load_rows
from results.load_page import is_load, load_view, write_load_report
from results.load_stories import stories_of
from results.load_tables import amount_text, times_of
from results.log import LEGS, MESSAGES, STEPS
from results.runs import Run
from scenarios.thresholds import Threshold
from tests.results.pages import Page

STAGES = [
    {"stage": "warming", "from_s": 36_000.0, "to_s": 36_100.0, "warm_up": True},
    {"stage": "steady", "from_s": 36_100.0, "to_s": 36_200.0, "warm_up": False},
    {"stage": "peak", "from_s": 36_200.0, "to_s": 36_300.0, "warm_up": False},
]
THRESHOLDS: list[dict[str, Any]] = [
    {"metric": "response_s_p95", "step": "open", "at_most": 2},
    {"metric": "response_s_max", "step": "open", "stage": "peak", "channel": "chat", "at_most": 0.25},
    {"metric": "error_share", "at_most": 0.5},
    {"metric": "response_s_p50", "step": "press", "at_most": 1},
]
FACTS = {
    "run_id": "measured-x", "kind": "measured", "scenario": "small", "title": "A small desk", "days": 1, "scale": 1.0,
    "origin": "2026-03-03T00:00:00+01:00", "time_zone": "Europe/Rome", "profile": "ramp",
    "instrument": {"fit": True, "reasons": [], "starts": 30},
}  # fmt: skip
SCRIPT = "<script>alert('you read this')</script>"


def contact(number: int, due_s: float, answer_s: float, outcome: str = "resolved", **more: Any) -> dict[str, Any]:
    """Return what became of a contact that was begun 10 ms late, and answered so long after it was due."""
    return {"number": number, "due_s": due_s, "answer_s": answer_s, "outcome": outcome, "channel": "chat", **more}


def thirty(stages: int = 3) -> list[dict[str, Any]]:
    """Return ten contacts a stage: slow in the warm-up (9 s), quick then (0.1 s), slower in the peak (0.3 to 1.2 s)."""
    took = [[9.0] * 10, [0.1] * 10, [0.3 + 0.1 * n for n in range(10)]]
    return [
        contact(10 * stage + n, 36_000.0 + 100 * stage + 10 * n, took[stage][n])
        for stage in range(stages) for n in range(10)
    ]  # fmt: skip


def write_run(folder: Path, contacts: list[dict[str, Any]], **facts: Any) -> Run:
    """Write the run of a load test of these contacts."""
    run = Run.create(folder, {**FACTS, "planned": len(contacts), **facts})
    legs, steps, messages = [], [], []
    for one in contacts:
        name = one.get("name", f"order.{one['number']:06d}/0/1")
        begun = one.get("begun", one["outcome"] not in ("unstarted", "withheld"))
        answered = one.get("answered", one["outcome"] in ("resolved", "unresolved"))
        arrived_s = one["due_s"] + 0.01
        legs.append(
            {
                "run_id": "measured-x", "source": "measured", "replication": 0,
                "played_by": one.get("by", "background"),
                "contact_id": name, "customer_id": name, "case_id": name, "attempt": one.get("attempt", 1), "leg": 0,
                "channel": one["channel"], "intent": "order", "journey": "ask", "due_s": one["due_s"],
                "arrived_s": arrived_s if begun else None, "answered_s": arrived_s + 20 if answered else None,
                "ended_s": arrived_s + 60 if begun else None, "talk_s": 40.0 if answered else None,
                "leg_end": "answered" if one["outcome"] == "resolved" else one["outcome"],
                "contact_outcome": one["outcome"], "reason": one.get("reason"),
            }
        )  # fmt: skip
        if begun:
            steps += [
                {"contact_id": name, "leg": 0, "step": 0, "state": "open", "intended_s": one["due_s"],
                 "actual_s": arrived_s},
                {"contact_id": name, "leg": 0, "step": 1, "state": "seen", "rung": "accepted",
                 "seen_by_s": one["due_s"] + one["answer_s"]},
            ]  # fmt: skip
            text = one.get("text", "Where is it?")
            messages += (
                []
                if text is None
                else [
                    {"contact_id": name, "leg": 0, "turn": 0, "at_s": arrived_s + 30, "speaker": "human", "text": text}
                ]
            )
    for table, rows, schema in (("legs", legs, LEGS), ("steps", steps, STEPS), ("messages", messages, MESSAGES)):
        run.write_table(table, pd.DataFrame(rows, columns=schema.names))
    run.write_facts(state=facts.get("state", "finished"))
    return run


def page_of(run: Run) -> tuple[str, Page]:
    """Write and read the page of a run."""
    path = run.folder / "report.html"
    write_load_report(path, run)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.fetches == []
    return text, page


def figures_on(page: Page) -> dict[tuple[str, str, str], list[str]]:
    """Return the cells of the figures' table by stage, channel and step."""
    found, stage = {}, ""
    for row in page.rows:
        if len(row) in (15, 16) and row[-1].endswith("s") and row[-10].endswith(("s", "–")):
            stage = row[0].removesuffix(" warm-up") if len(row) == 16 else stage
            cells = row[-15:]
            found[stage, cells[0], cells[1]] = cells[2:]
    return found


def test_the_figures_are_those_of_the_terminals_table(tmp_path: Path) -> None:
    """Without it the page could tell a leader other percentiles than the run told its tester."""
    contacts = [*thirty(), *(contact(40 + n, 36_210.0 + n, 0.5, channel="faq") for n in range(5))]
    run = write_run(tmp_path, contacts, stages=STAGES)
    _, page = page_of(run)
    expected = {}
    for row in load_rows(Measured.of(run)):
        times = [text for both in times_of(row) for text in both]
        channel = {"chat": "Chat", "faq": "Help pages"}[row["channel"]]
        expected[row["stage"], channel, row["step"]] = [
            *(str(row[n]) for n in ("contacts", "steps", "unanswered")),
            *times,
        ]
    assert len(expected) == 6
    assert figures_on(page) == expected


def test_warm_up_is_marked_and_stands_in_no_figure_of_the_whole(tmp_path: Path) -> None:
    """Without it caches that fill would be told as what customers wait."""
    text, page = page_of(write_run(tmp_path, thirty(), stages=STAGES, thresholds=THRESHOLDS))
    figures = figures_on(page)
    assert figures["all", "Chat", "open"][0] == "20"
    assert not {"9.00 s", "8.99 s"} & set(figures["all", "Chat", "open"])
    assert figures["warming", "Chat", "open"][3] == "9.00 s"
    assert ["warming warm-up", "Chat", "open"] in [row[:3] for row in page.rows]
    assert "all is of all stages but warm-up" in page.text
    assert text.count("(warm-up)") == 1


def test_each_threshold_has_its_value_limit_sample_and_verdict(tmp_path: Path) -> None:
    """Without it a leader would have to believe a colour, or no data would look like a pass."""
    run = write_run(tmp_path, thirty(), stages=STAGES, thresholds=THRESHOLDS)
    _, page = page_of(run)
    rows = [row for row in page.rows if len(row) == 5 and row[1].startswith("at ")]
    checked = check_thresholds([Threshold.model_validate(one) for one in THRESHOLDS], Measured.of(run), run.facts)
    assert [row[1] for row in rows] == ["at most 2.00 s", "at most 250 ms", "at most 50.0 %", "at most 1.00 s"]
    for row, one in zip(rows[:3], checked, strict=False):
        assert row[2].startswith(amount_text(one.value, one.threshold.metric))
    assert [row[3] for row in rows] == ["20 steps", "10 steps", "20 contacts", "0 steps"]
    assert [row[4].split(" ", 1)[1].split(" Nothing")[0] for row in rows] == ["held", "broken", "held", "cannot tell"]
    assert "stage peak, Chat, open, from the intended start" in rows[1][0]
    assert rows[3][2] == "–"
    assert "1 of 4 thresholds was broken." in page.text
    assert (
        "Longest first answer (stage peak, Chat, open, from the intended start): 1.20 s, and at most 250 ms"
        in page.text
    )


def test_no_data_is_no_pass_and_all_held_is_said(tmp_path: Path) -> None:
    """Without it a run in which nothing could be told would read like one that held."""
    _, untold = page_of(write_run(tmp_path / "a", thirty(), stages=STAGES, thresholds=[THRESHOLDS[0], THRESHOLDS[3]]))
    assert "We cannot tell whether all 2 thresholds held." in untold.text
    assert "✓ held" not in untold.text.partition("What had to hold")[0]
    _, held = page_of(write_run(tmp_path / "b", thirty(), stages=STAGES, thresholds=[THRESHOLDS[0], THRESHOLDS[2]]))
    assert "All 2 thresholds held." in held.text
    assert held.text.partition("What had to hold")[0].count("✓ held") == 1


def test_of_several_broken_thresholds_the_one_furthest_beyond_is_told_first(tmp_path: Path) -> None:
    """Without it the first screen would tell of a percent too much, and not of an hour."""
    bounds = [1.1, 0.001, 0.9]
    thresholds = [{"metric": "response_s_max", "step": "open", "at_most": most} for most in bounds]
    _, page = page_of(write_run(tmp_path, thirty(), stages=STAGES, thresholds=thresholds))
    first = page.text.partition("What had to hold")[0]
    assert "All 3 thresholds were broken." in first
    assert "1.20 s, and at most 1 ms was wanted. 2 more below." in first


def test_every_planned_contact_is_accounted_for_by_state(tmp_path: Path) -> None:
    """Without it who was never begun, or turned away, would be missing from the page and from nobody's mind."""
    others = [
        contact(40, 36_110, 0.1, "abandoned"), contact(41, 36_111, 0.1, "blocked"),
        contact(42, 36_212, 0.1, "unstarted", reason="late"), contact(43, 36_213, 0.1, "withheld", reason="forbidden"),
        contact(44, 36_050, 0.1, "failed", reason="ours"), contact(45, 36_400, 0.1, "target_error", reason="HTTP 503"),
        contact(46, 36_401, 0.1, attempt=2),
    ]  # fmt: skip
    run = write_run(tmp_path, [*thirty(), *others], stages=STAGES, planned=36)
    _, page = page_of(run)
    assert "36 of 36 planned contacts are accounted for (100 %); 1 more came back." in page.text
    counts = {
        row[0].split()[-1]: [int(cell) for cell in row[1:]] for row in page.rows if len(row) == 6 and row[1].isdigit()
    }
    assert counts["resolved"] == [31, 10, 10, 10, 1]
    assert counts["abandoned"] == counts["blocked"] == [1, 0, 1, 0, 0]
    assert counts["unstarted"] == counts["withheld"] == [1, 0, 0, 1, 0]
    assert counts["failed"] == [1, 1, 0, 0, 0]
    assert counts["error"] == [1, 0, 0, 0, 1], "which the page breaks: target_ error"
    assert sum(row[0] for row in counts.values()) == 37
    assert "1 × the desk itself failed: HTTP 503" in page.text


def test_who_is_missing_is_never_rounded_away(tmp_path: Path) -> None:
    """Without it one of a hundred thousand who is unaccounted for would still read 100 %."""
    _, page = page_of(write_run(tmp_path, thirty(), stages=STAGES, planned=31))
    assert "30 of 31 planned contacts are accounted for (96.77 %)" in page.text


def test_a_run_without_stages_or_thresholds_shows_no_empty_places(tmp_path: Path) -> None:
    """Without it who plays a plain day would read headings over nothing."""
    _, page = page_of(write_run(tmp_path, thirty()))
    for word in ("What had to hold", "warm-up,", "threshold", "all is of", "Some of them, one by one: "):
        assert word not in page.text, word
    assert [row[0] for row in page.rows if len(row) == 16 and row[2] == "open"] == ["all"]


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """Without it a desk under test could run code on the page of who tests it, or in their spreadsheet."""
    stages = [{**STAGES[1], "stage": f"steady{SCRIPT}"}, {**STAGES[2], "stage": "')]//{'<b>"}]
    contacts = [
        contact(n, 36_100.0 + n, 0.1 + n / 1000, channel=f"chat{SCRIPT}", text=SCRIPT, reason=SCRIPT,
                outcome="target_error" if n % 2 else "resolved", name=f"=cmd{SCRIPT}{n:02}")
        for n in range(40)
    ]  # fmt: skip
    for one in contacts:
        if one["outcome"] == "resolved":
            one.pop("reason")
    thresholds = [{"metric": "response_s_p95", "stage": stages[0]["stage"], "channel": f"chat{SCRIPT}", "at_most": 2}]
    run = write_run(tmp_path, contacts, stages=stages, thresholds=thresholds, title=SCRIPT, target=SCRIPT)
    text, page = page_of(run)
    assert "script" not in page.tags
    assert "<script" not in text.lower()
    assert "alert('you read this')" in page.text
    with (tmp_path / "contacts.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 40
    assert all(row["contact_id"].startswith("'=cmd") for row in rows)


def many(count: int) -> list[dict[str, Any]]:
    """Return so many contacts over three hundred seconds, of which one in ten came to nothing in one of five ways."""
    ends = ("abandoned", "target_error", "failed", "blocked", "unstarted")
    needs = ("target_error", "failed", "unstarted")
    made = []
    for n in range(count):
        end = ends[n // 10 % 5] if n % 10 == 0 else "resolved"
        more = {"reason": f"reason {n % 40}"} if end in needs else {}
        made.append(contact(n, 36_000 + 300 * n / count, 0.05 + n % 97 / 100, end, **more))
    return made


def test_the_page_of_a_big_run_stays_light_and_says_where_the_others_are(tmp_path: Path) -> None:
    """Without it a hundred thousand customers would make a page that no browser opens."""
    run = write_run(tmp_path, many(20_000), stages=STAGES, thresholds=THRESHOLDS)
    text, page = page_of(run)
    told = page.tags.count("details")
    assert 10 <= told <= 20
    assert "details open" not in text
    assert len(text) < 400_000
    assert f"{20_000 - told:,} more contacts are not told here: contacts.csv" in page.text
    for why in ("The longest waits", "Where the desk failed", "Who gave up waiting", "Who found no way in"):
        assert why in page.text
    with (tmp_path / "contacts.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["contact_id"] for row in rows}) == 20_000
    assert [row["stage"] for row in rows[:: 20_000 // 3 + 1]] == ["warming", "steady", "peak"]
    assert float(rows[1]["first_answer_s"]) == pytest.approx(float(rows[1]["due_s"]) + 0.06, abs=1e-5)


def test_of_many_stages_the_whole_and_as_many_as_there_is_room_for_are_shown(tmp_path: Path) -> None:
    """Without it a profile of a thousand steps would make a table that nobody reads to the end."""
    stages = [{"stage": f"s{n}", "from_s": 36_000.0 + n, "to_s": 36_001.0 + n, "warm_up": False} for n in range(310)]
    contacts = [contact(n, 36_000.5 + n, 0.1, channel="faq" if n % 2 else "chat") for n in range(310)]
    _, page = page_of(write_run(tmp_path, contacts, stages=stages))
    shown = list(figures_on(page))
    assert shown[:3] == [("all", "Chat", "open"), ("all", "Help pages", "open"), ("s0", "Chat", "open")]
    assert len(shown) == 300
    assert "12 more rows are not shown" in page.text


def test_of_few_contacts_all_are_told_and_none_is_left_to_a_table(tmp_path: Path) -> None:
    """Without it a rehearsal of ten customers would hide six of them in a file."""
    _, page = page_of(write_run(tmp_path, thirty(1), stages=STAGES))
    assert page.tags.count("details") == 10
    assert "The others" in page.text
    assert "contacts.csv" not in page.text
    assert not (tmp_path / "contacts.csv").exists()


def test_luck_and_silence_are_said_beside_a_verdict(tmp_path: Path) -> None:
    """Without it what holds by a hair, or only of those who were ever answered, would look like any other."""
    errors = [contact(n, 36_100.0 + n, 0.1, "target_error" if n % 10 == 0 else "resolved", reason="HTTP 500")
              for n in range(100)]  # fmt: skip
    for one in errors:
        if one["outcome"] == "resolved":
            one.pop("reason")
    near, far, nothing = ({"metric": "error_share", "at_most": most} for most in (0.11, 0.5, 0.0))
    run = write_run(tmp_path, [*errors, contact(200, 36_205.0, math.nan, text=None)], stages=STAGES,
                    thresholds=[near, far, nothing, THRESHOLDS[0]])  # fmt: skip
    _, page = page_of(run)
    said = {row[1]: row[4] for row in page.rows if len(row) == 5 and row[1].startswith("at ")}
    assert said["at most 11.0 %"] == "✓ held Luck's reach: another run may come out otherwise."
    assert said["at most 50.0 %"] == "✓ held"
    assert said["at most 0.0 %"] == "✗ broken"
    assert said["at most 2.00 s"] == "✓ held 1 more step had no answer, and no time."


def test_those_told_are_the_worst_of_each_channel_and_reason_and_none_twice(tmp_path: Path) -> None:
    """Without it a hundred alike failures would hide the one of another kind."""
    contacts = [contact(n, 36_100.0 + n / 10, 0.1, "target_error", reason="the same") for n in range(99)]
    contacts.append(contact(99, 36_110.0, 0.1, "target_error", reason="another"))
    contacts += [contact(100 + n, 36_120.0 + n, 0.1, channel="faq" if n == 7 else "chat") for n in range(20)]
    contacts.append(contact(150, 36_150.0, 0.1, "abandoned", channel="form", answered=True))
    run = write_run(tmp_path, contacts, stages=STAGES)
    stories = stories_of(run, Measured.of(run))
    told = {why: [(one.transcript.channel, one.reason) for one in chapter] for why, chapter in stories.chapters}
    assert {reason for _, reason in told["Where the desk failed"]} == {"the same", "another"}
    assert {channel for channel, _ in told["The longest waits"]} == {"Chat", "Help pages", "Web form"}
    names = [one.transcript.contact_id for _, chapter in stories.chapters for one in chapter]
    assert len(names) == len(set(names)) == len(contacts) - stories.left_out == 8


def test_what_an_editor_has_not_released_is_not_told(tmp_path: Path) -> None:
    """Without it a page would show words that a review holds back."""
    run = write_run(tmp_path, thirty(), stages=STAGES, review={"release": "after_review"})
    _, page = page_of(run)
    assert "Where is it?" not in page.text
    assert "details" not in page.tags


def test_stages_are_marked_on_the_charts_and_none_that_would_run_into_another(tmp_path: Path) -> None:
    """Without it a spike could not be told from chance, or its name would be written over its neighbour's."""
    narrow = {"stage": "burst", "from_s": 36_300.0, "to_s": 36_305.0, "warm_up": False}
    after = {"stage": "after", "from_s": 36_305.0, "to_s": 36_400.0, "warm_up": False}
    contacts = [*thirty(), *(contact(40 + n, 36_300.0 + n, 0.2) for n in range(100))]
    text, _ = page_of(write_run(tmp_path, contacts, stages=[*STAGES, narrow, after]))
    charts = re.findall(r"<svg .*?</svg>", text.partition("<h2>Over time")[2].partition("<h2>")[0], re.DOTALL)
    assert len(charts) == 2
    for svg in charts:
        names = [name for name in re.findall(r"<text [^>]*>([^<]+)</text>", svg) if name.isalpha()]
        assert names == ["warming", "steady", "peak", "after"]
        assert svg.count('stroke-dasharray="2,3"') == 4
        (grey,) = re.findall(r'd="M[^"]*?h(\d+)[^"]*" fill="var\(--grid\)"', svg)
        assert float(grey) == pytest.approx(WIDTH / 4, abs=2)


def test_waits_are_held_against_customers_who_were_moved_with_the_run(tmp_path: Path) -> None:
    """Without it a run that began an hour later than its plan would be drawn against nobody's band."""
    planned = thirty()
    simulated = write_run(tmp_path / "simulated", planned, stages=STAGES)
    moved = [{**one, "due_s": one["due_s"] + 3600.0} for one in planned]
    stages = [{**one, "from_s": one["from_s"] + 3600.0, "to_s": one["to_s"] + 3600.0} for one in STAGES]
    run = write_run(tmp_path / "measured", moved, stages=stages, moved_s=3600.0)
    (chart,) = load_view(run, Measured.of(run), simulated).waits
    both = chart.numbers.dropna(subset=["low", "measured"])
    assert len(both) == len(chart.numbers.dropna(subset=["measured"])) > 10
    assert list(both["measured"]) == pytest.approx(list(both["middle"]))


def test_an_unfit_instrument_and_a_cut_off_run_are_said_before_the_verdict(tmp_path: Path) -> None:
    """Without it a leader would act on what a late generator measured, or on half a run."""
    unfit = {"fit": False, "reasons": ["2 % of starts were late"]}
    run = write_run(tmp_path, thirty(), stages=STAGES, thresholds=THRESHOLDS, instrument=unfit, state="interrupted")
    _, page = page_of(run)
    verdict = page.text.index("1 of 4 thresholds was broken.")
    assert page.text.index("The instrument was not fit.") < page.text.index("2 % of starts were late") < verdict
    assert page.text.index("The run was interrupted.") < verdict


def cut_off(folder: Path, outcome: str, reason: str | None, **facts: Any) -> Page:
    """Return the page of a run of which ten had come, two of them were under way, and twenty were still to come."""
    contacts = thirty()
    for one in contacts[8:]:
        one |= {"outcome": outcome, "reason": reason, "begun": one["number"] < 10}
    contacts[8] |= {"outcome": "censored", "reason": reason}
    contacts[9] |= {"outcome": "censored", "reason": reason}
    return page_of(write_run(folder, contacts, stages=STAGES[1:], thresholds=THRESHOLDS[2:3], **facts))[1]


def ends_on(page: Page) -> dict[str, str]:
    """Return how many contacts ended in which way, by the words of the table."""
    return {row[0]: row[1] for row in page.rows if len(row) in (2, 4, 5) and row[1].isdigit()}


def test_an_interrupted_run_is_never_told_as_held(tmp_path: Path) -> None:
    """Without it whoever stops a run after ten of thirty would read in green that all thresholds held."""
    page = cut_off(tmp_path, "censored", None, state="interrupted")
    first = page.text.partition("What had to hold")[0]
    assert "The run was interrupted. 20 of 30 contacts had not come yet, and 2 under way were cut off." in first
    assert "We cannot tell whether the threshold held." in first
    assert "✓ held" not in page.text
    assert ends_on(page)["had not come when the run was interrupted"] == "20"
    assert ends_on(page)["still open when the run ended censored"] == "2"
    assert "never came, as the run ended" in page.text
    assert "10 contacts" in [row[3] for row in page.rows if len(row) == 5][1:]


def test_a_run_that_a_threshold_ended_says_so_once_and_blames_nobody(tmp_path: Path) -> None:
    """Without it a leader would read code, twice, and that we were too slow for whom the threshold kept away."""
    reason = "the run was aborted: response_s_p95 at most 20 (step say)"
    aborted = {
        "threshold": {"metric": "response_s_p95", "step": "say", "at_most": 20}, "of": 50, "beyond": 34,
        "share_that_may": 0.05, "at_s": 36_530.0, "reason": reason, "words": reason,
    }  # fmt: skip
    page = cut_off(tmp_path, "unstarted", reason, state="aborted", aborted=aborted)
    first = page.text.partition("What had to hold")[0]
    assert (
        "A threshold ended the run at 10:08:50, as it could not be kept any more: 34 of 50 answers were beyond it, and "
        "5 % may be. 20 of 30 contacts were not begun any more, and 2 under way were cut off."
    ) in first
    assert "response_s_p95" not in page.text.partition("Some of them, one by one")[0]
    assert "could not start in time" not in page.text
    assert ends_on(page)["not begun any more, as the run was ended by its threshold"] == "20"


def test_a_shut_desk_is_said_to_have_taught_nothing(tmp_path: Path) -> None:
    """Without it a load test at night would look like a good one."""
    contacts = [contact(n, 36_100.0 + n, 0.1, "closed") for n in range(9)]
    _, page = page_of(write_run(tmp_path, contacts, thresholds=THRESHOLDS[2:3]))
    assert "The desk was shut whenever we came: nothing was learnt of it." in page.text
    assert "We cannot tell whether the threshold held." in page.text


def test_who_got_no_answer_is_drawn(tmp_path: Path) -> None:
    """Without it a desk that answers nobody any more would look quicker and quicker."""
    quick = [contact(n, 36_100.0 + n, 0.1) for n in range(100)]
    silent = [contact(100 + n, 36_200.0 + n, math.nan, text=None) for n in range(60)]
    run = write_run(tmp_path, [*quick, *silent], stages=STAGES)
    _, page = page_of(run)
    (chart,) = load_view(run, Measured.of(run)).answers
    assert "60 of 160 steps had no answer, and no time." in chart.message
    assert chart.numbers["unanswered"].sum() == 60
    assert "outcome-2" in chart.svg
    assert "share of the steps that nobody answered" in page.text
    (before,) = load_view(*_only(tmp_path / "quick", quick)).answers
    assert "outcome-2" not in before.svg


def _only(folder: Path, contacts: list[dict[str, Any]]) -> tuple[Run, Measured]:
    run = write_run(folder, contacts, stages=STAGES)
    return run, Measured.of(run)


def test_a_killed_run_of_several_parts_is_read_from_their_journals(tmp_path: Path) -> None:
    """Without it what two workers measured before the power went would have no page."""
    run = Run.create(tmp_path, {**FACTS, "stages": STAGES, "thresholds": THRESHOLDS[:1]})
    run.facts.pop("instrument")
    run.write_facts()
    plan = pd.DataFrame(
        [
            {"contact_id": f"c{n}", "customer_id": f"c{n}", "case_id": f"c{n}", "attempt": 1, "channel": "chat",
             "intent": "order", "journey": "ask", "language": "en", "played_by": "background", "due_s": 36_100.0 + n}
            for n in range(8)
        ]
    )  # fmt: skip
    run.write_plan(plan)
    for part in range(2):
        lines = []
        for entry in plan.to_dict("records")[part : 6 + part : 2]:
            at_s, own = entry["due_s"] + 0.01, {"contact_id": entry["contact_id"], "leg": 0}
            lines.append({"kind": "begun", **entry, "arrived_s": at_s})
            lines.append(
                {"kind": "step", **own, "step": 0, "state": "open", "intended_s": entry["due_s"], "actual_s": at_s}
            )
            lines.append({"kind": "step", **own, "step": 1, "state": "seen", "rung": "accepted", "seen_by_s": at_s + 1})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / f"journal.part-{part}.jsonl").write_text(text + '{"kind": "begun", "contact')
    _, page = page_of(Run.open(tmp_path))
    assert "8 of 8 planned contacts are accounted for (100 %)" in page.text
    assert figures_on(page)["all", "Chat", "open"][:4] == ["8", "6", "0", "1.01 s"]
    assert "it was killed, or is still under way. 2 of 8 contacts had not come yet, and 6 were under way." in page.text
    assert "The run does not say how well its instrument worked." in page.text
    assert "Cannot tell whether the website was saturated" in page.text


def test_the_verb_tells_a_load_test_from_a_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it shoppers would be told as load, or a crowd contact by contact."""
    load, shop = (
        write_run(tmp_path / "load", [{**one, "by": "shopper"} if one["number"] % 2 else one for one in thirty()]),
        write_run(tmp_path / "shop", [{**one, "by": "shopper"} for one in thirty()]),
    )
    assert is_load(load)
    assert not is_load(shop)
    scored = write_run(tmp_path / "scored", [{**one, "by": "shopper"} for one in thirty()], thresholds=THRESHOLDS)
    assert is_load(scored), "all its customers are shoppers"
    scored.write_table("scores", pd.DataFrame([{"contact_id": "order.000000/0/1", "card": "conduct"}]))
    assert not is_load(scored), "shoppers of a scenario with thresholds"
    for run in (load, shop):
        asked = command_parser().parse_args(["report", str(run.folder), "--json"])
        assert asked.run(asked) == 0
    pages = [Page((run.folder / "report.html").read_text(encoding="utf-8")).text for run in (load, shop)]
    assert ["under load" in text for text in pages] == [True, False]
    assert "played by shoppers" in pages[1]
    assert len(capsys.readouterr().out.splitlines()) >= 2


def test_the_page_fits_a_phone_and_what_decides_stands_on_the_first_screen(tmp_path: Path) -> None:
    """Without it a leader would scroll sideways, or down, to learn whether it held."""
    long = [{**stage, "stage": str(stage["stage"]) + "_of_a_very_long_name_that_goes_on" * 3} for stage in STAGES]
    others = [contact(50 + n, 36_150.0 + n, 1.0, "target_error", reason="x" * 400) for n in range(3)]
    thresholds = [{**one, **({"stage": long[2]["stage"]} if "stage" in one else {})} for one in THRESHOLDS]
    run = write_run(tmp_path, [*thirty(), *others], stages=long, thresholds=thresholds)
    page_of(run)
    wide, tops = asyncio.run(_measured(run.folder / "report.html"))
    assert wide == [390, 1280, 390]
    assert max(tops) < 900, "verdict, instrument, customers and the first threshold"


async def _measured(path: Path) -> tuple[list[int], list[float]]:
    """Return how wide the page is on a phone, a desk and a phone in the dark, and where what decides stands."""
    wide, tops = [], []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=next(iter(system_browsers()), None))
        for width, scheme in ((390, "light"), (1280, "light"), (390, "dark")):
            page = await browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
            await page.goto(path.as_uri())
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            wide.append(await page.evaluate("document.documentElement.scrollWidth"))
            if width == 1280:
                for there in ("h1", ".ends", ".verdict .ends .word", ".thresholds tbody tr"):
                    box = await page.locator(there).first.bounding_box()
                    tops.append(math.inf if box is None else box["y"] + box["height"])
        await browser.close()
    return wide, tops
