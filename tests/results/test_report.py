import re
from dataclasses import replace

import pandas as pd
import pytest

from results.comparison import compare_logs
from results.figures import figures_of
from results.provenance import rehearsal_note
from results.report import write_report, write_simulation_report
from results.runs import Run
from results.words import comparison_text
from scenarios.reading import HERE, load_scenario
from simulator.simulate import simulate
from tests.results.pages import Page

REPLICATIONS = 5
SCRIPT = "<script>alert('you read this')</script>"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
FACTS = {
    "title": "A quiet Tuesday at a small web shop",
    "scenario": "quiet_tuesday",
    "scenario_hash": "2dfedd18",
    "seed": 1,
    "origin": "2026-03-03T00:00:00+01:00[Europe/Rome]",
}
PROBED = {
    "clock": "virtual",
    "charter": {"owner": "the owner of the shop", "kind": "own", "purpose": "a rehearsal", "hash": "ab12cd34"},
    "instrument": {"fit": True, "reasons": [], "starts": 2255, "late_share": 0.0003, "error_s_p95": 0.0021},
}


@pytest.fixture(scope="module")
def loaded():
    """The scenario whose beliefs are compared."""
    return load_scenario(HERE / "quiet_tuesday.yaml")


@pytest.fixture(scope="module")
def legs(loaded):
    """One day's plan: replications 0-4 as the band, the last one to be relabelled as measured."""
    return simulate(loaded, replications=REPLICATIONS + 1, same_plan=True).legs


@pytest.fixture(scope="module")
def simulated(legs, tmp_path_factory):
    """The run that holds the band."""
    run = Run.create(tmp_path_factory.mktemp("simulated"), {"run_id": "simulated-x", **FACTS})
    run.write_table("legs", legs[legs["replication"] < REPLICATIONS].reset_index(drop=True))
    run.write_facts(state="finished")
    return run


@pytest.fixture(scope="module")
def day(legs):
    """The legs of a measured day that the desk served as believed."""
    return legs[legs["replication"] == REPLICATIONS].assign(replication=0, source="measured").reset_index(drop=True)


def said(legs):
    """Return what was said in every chat, a script among it."""
    first = legs[(legs["leg"] == 0) & (legs["channel"] == "chat")]
    rows = [
        {"contact_id": contact, "leg": 0, "turn": turn, "at_s": at_s, "speaker": speaker, "text": text}
        for contact, at_s in zip(first["contact_id"], first["arrived_s"], strict=True)
        for turn, (speaker, text) in enumerate([("customer", "Where is it?"), ("human", SCRIPT), ("bot", "مرحبا")])
    ]
    return pd.DataFrame(rows, columns=["contact_id", "leg", "turn", "at_s", "speaker", "text"])


def measured_run(folder, legs, **facts):
    """Write a probe's run folder."""
    run = Run.create(folder, {"run_id": "measured-x", **FACTS, **PROBED, **facts})
    run.write_table("legs", legs)
    run.write_table("messages", said(legs))
    run.write_facts(state="finished")
    return run


def slower(day, extra_s):
    """Return the day with every chat answered later."""
    late = day.copy()
    chats = (late["channel"] == "chat") & late["answered_s"].notna()
    for column in ("answered_s", "ended_s", "released_s"):
        late.loc[chats, column] += extra_s
    return late


def agreeing(comparison):
    """Return the comparison as it would be after enough replications: few of them make a wide band."""
    rows = tuple(replace(row, verdict="agrees") if row.gate else row for row in comparison.rows)
    return replace(comparison, verdict="agrees", rows=rows)


@pytest.fixture
def report(loaded, simulated, tmp_path):
    """Write the report of measured legs, and return its text with the comparison it tells."""

    def write(legs, browser=None, notes=(), judged=lambda comparison: comparison, folder="measured", **facts):
        run = measured_run(tmp_path / folder, legs, **facts)
        comparison = judged(compare_logs(simulated.table("legs"), run.table("legs"), loaded.scenario.gates))
        write_report(tmp_path / "report.html", simulated, run, comparison, browser, notes)
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert len(text.encode()) < 1_000_000
        return text, comparison

    return write


def test_the_page_fetches_nothing_and_runs_nothing(report, day):
    """Without it a report sent by e-mail would break, or tell a third party that it was read."""
    page = Page(report(day)[0])
    assert page.fetches == []
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)


def test_a_script_in_a_reply_stays_text(report, day):
    """Without it a desk under test could run code in the leader's browser."""
    text, _ = report(day, notes=["a note with <b>markup</b>"], title=f"Shop {SCRIPT}")
    assert SCRIPT not in text
    assert "<b>markup</b>" not in text
    assert SCRIPT in Page(text).text  # as words


def test_a_slower_desk_is_told_in_the_first_sentence(report, day):
    """Without it the verdict would have to be worked out from a table."""
    text, comparison = report(slower(day, 41.0))
    page = Page(text)
    assert comparison.verdict == "differs"
    assert page.text.index("Chat customers wait") < page.text.index("The figures that decide")
    assert re.search(r"Chat customers wait \d+ s longer than you believe: \d+ s instead of [\d.]+ s\.", page.text)


def test_agreement_is_told_in_plain_words(report, day):
    """Without it a leader could not tell a pass from an absence of news."""
    text, _ = report(day, judged=agreeing)
    assert "What you believe about chat and web form holds." in Page(text).text
    assert '<section class="verdict agrees"' in text


def test_five_shoppers_cannot_tell_and_the_page_says_what_is_missing(report, day):
    """Without it a handful of contacts could be read as a result."""
    ours = day[day["played_by"] == "shopper"].groupby("channel").head(5).index
    few = day.assign(played_by="background")
    few.loc[ours, "played_by"] = "shopper"
    text, comparison = report(few)
    assert comparison.verdict == "cannot tell"
    assert "5 chat and 5 web form contacts could be used, and fewer than 20 prove nothing." in Page(text).text


def test_beside_every_verdict_stands_how_many_contacts_were_ours(report, day):
    """Without it nobody would see that the load was our own making."""
    text, comparison = report(day)
    chats = int(((day["channel"] == "chat") & (day["leg"] == 0)).sum())
    assert re.search(rf"{chats:,} contacts, \d+ % of them ours", Page(text).text)
    gates = sum(row.gate for row in comparison.rows)
    assert len(re.findall(r"contacts, \d+ % of them ours; [\d,]+ count here", Page(text).text)) == gates


def test_every_gate_is_drawn_and_the_drawing_has_words(report, day):
    """Without it the drawings would be decoration."""
    text, comparison = report(day)
    page = Page(text)
    drawn = [label for label in page.labels if label.startswith("Difference ")]
    assert len(drawn) == sum(row.gate for row in comparison.rows) == 6
    assert all("tolerance ±" in label for label in drawn)
    assert sum("mean wait by half hour" in label and "customers" in label for label in page.labels) == 2


def test_an_empty_run_is_a_page_that_cannot_tell(report, day):
    """Without it the run that went most wrong would be the one without a report."""
    text, comparison = report(day.iloc[:0])
    page = Page(text)
    assert comparison.verdict == "cannot tell"
    assert "no chat and no web form contacts could be used" in page.text
    assert "no contacts" in page.text
    assert " nan " not in page.text


def test_our_own_failures_are_counted_apart_from_the_desks(report, day):
    """Without it a broken probe would look like a bad desk, or vanish."""
    broken = day.copy()
    rows = broken.index[broken["channel"] == "form"][:7]
    broken.loc[rows, ["answered_s", "ended_s", "released_s", "talk_s"]] = float("nan")
    broken.loc[rows, ["leg_end", "reason", "contact_outcome"]] = ["failed", "no <b>answer</b>", "failed"]
    page = Page(report(broken)[0])
    assert "7 × our probe failed: no <b>answer</b>" in page.text
    for own in ("our probe failed", "we could not start in time", "the charter forbade it", "still open when"):
        assert re.search(rf"{own}[^(]* \(ours, not the desk’s\)", page.text)


def test_an_unfit_instrument_is_said_before_the_verdict(report, day):
    """Without it a verdict made with a bad clock would be believed."""
    text, _ = report(day, instrument={"fit": False, "reasons": ["1.4 % of starts were late"], "late_share": 0.014})
    page = Page(text)
    assert page.text.index("The instrument was not fit.") < page.text.index("of them ours")
    assert "1.4 % of starts were late" in page.text


def test_a_rehearsal_is_not_taken_for_the_real_desk(report, day):
    """Without it a leader could read that all is well where nobody has looked at their own desk."""
    told = "not how your own desk is"
    page = Page(report(day, rehearsal=True)[0])
    assert page.text.index(told) < page.text.index("The figures that decide")
    text = comparison_text(compare_logs(day, day, []), note=rehearsal_note({"rehearsal": True}))
    assert told in text.replace("\n", " ")


def test_a_real_desk_is_not_called_a_rehearsal(report, day):
    """Without it the warning would stand everywhere and be read nowhere."""
    assert "rehearsal desk" not in Page(report(day)[0]).text


def test_a_run_without_instrument_facts_is_not_called_fit(report, day):
    """Without it silence would pass for a good instrument."""
    page = Page(report(day, instrument=None)[0])
    assert "The run does not say how well its instrument worked." in page.text
    assert "✓ fit" not in page.text


def test_a_saturated_desk_is_said_where_it_tells_how_it_was_measured(report, day):
    """Without it waits that a full machine made would be read as the people's."""
    found = {"channel": None, "verdict": "saturated", "contacts": 900, "waited": 500, "at_once_most": 80, "low": None,
             "high": None, "saturated_at": 12.0, "lasted_s": 75.0, "waited_most": 68, "served_per_minute": 144.2,
             "reason": ""}  # fmt: skip
    page = Page(report(day, saturation=[found])[0])
    at = page.text.index("Website: saturated at 12 at once")
    assert page.text.index("How well the instrument worked") < at < page.text.index("What cannot be told from this")


def test_a_run_that_was_not_asked_is_not_called_unsaturated(report, day):
    """Without it a log from before the question was asked would be said to have an answer."""
    assert "saturated" not in Page(report(day)[0]).text


def test_a_recorded_log_is_called_recorded(report, day):
    """Without it an imported call log would read as if we had called."""
    recorded = day.assign(source="recorded", played_by="background")
    page = Page(report(recorded, instrument=None)[0])
    assert "simulated against recorded" in page.text
    assert "0 % of them ours" in page.text
    assert "Measured" not in page.text
    assert "there is no instrument of ours to judge" in page.text


def test_transcripts_show_the_longest_wait_and_one_who_gave_up(report, day):
    """Without it the figures would have no face."""
    text, _ = report(day)
    page = Page(text)
    for why in ("The longest wait", "One who gave up waiting", "A typical contact"):
        assert why in page.text
    assert page.tags.count("summary") >= 3
    assert 'dir="auto">مرحبا' in text


def test_notes_and_provenance_are_on_the_page(report, day):
    """Without it nobody could repeat the run, or know what was not looked at."""
    page = Page(report(day, notes=["A calibration would add two minutes of patience."], scenario_hash="another")[0])
    for words in (
        "A calibration would add two minutes of patience.",
        "the owner of the shop",
        "ab12cd34",
        "2dfedd18",
        "The two runs come from different versions of the scenario",
        "Under the virtual clock no real time passes",
    ):
        assert words in page.text


def test_the_browser_section_shows_rungs_talk_and_pictures(report, day, tmp_path):
    """Without it what a customer sees would be told, never shown."""
    chosen = day[day["channel"] == "chat"].head(2).reset_index(drop=True)
    chosen.loc[1, ["answered_s", "ended_s", "released_s", "talk_s"]] = float("nan")
    chosen.loc[1, ["leg_end", "reason", "contact_outcome"]] = ["failed", "the button never came", "failed"]
    browser = measured_run(tmp_path / "browser", chosen, clock="real")
    (browser.folder / "evidence").mkdir()
    (browser.folder / "evidence" / "failure.png").write_bytes(PIXEL)
    (browser.folder / "evidence" / "huge.png").write_bytes(b"0" * 300_000)
    (tmp_path / "secret.png").write_bytes(PIXEL)
    arrived_s = float(chosen["arrived_s"][0])
    chosen.loc[0, "due_s"] = arrived_s - 0.004
    browser.write_table("legs", chosen)
    first, second = chosen["contact_id"]
    here, there = {"contact_id": first, "leg": 0}, {"contact_id": second, "leg": 0}
    steps = [
        {**here, "intended_s": arrived_s, "actual_s": arrived_s, "state": "open"},
        {**here, "rung": "accepted", "seen_by_s": arrived_s + 0.05, "state": "seen"},
        {**here, "intended_s": arrived_s + 2, "actual_s": arrived_s + 2, "state": "say"},
        {**here, "rung": "first_human", "seen_after_s": arrived_s + 12, "seen_by_s": arrived_s + 15, "state": "seen"},
        {**here, "rung": "resolved", "seen_after_s": arrived_s + 240, "state": "censored"},
        {**there, "state": "screenshot", "evidence": "evidence/failure.png"},
        {**there, "state": "screenshot", "evidence": "huge.png"},
        {**there, "state": "screenshot", "evidence": "../secret.png"},
    ]
    browser.write_table("steps", pd.DataFrame([{"step": number, **step} for number, step in enumerate(steps)]))
    page = Page(report(day, browser=browser)[0])
    assert "In a real browser" in page.text
    assert re.search(r"Accepted .{5,8} 50 ms 54 ms 50 ms", page.text)
    assert re.search(r"First human .{5,8} 12 s to 15 s 12 s to 15 s 10 s to 13 s", page.text)  # polled: no instant
    assert "Resolved – not within 4 min not within 4 min" in page.text
    assert "Reason: the button never came" in page.text
    assert [source[:22] for source in page.fetches] == ["data:image/png;base64,"]
    assert "left out of this page for its size (300 kB)" in page.text


def test_without_a_browser_run_there_is_no_browser_section(report, day):
    """Without it `--clock virtual` would show an empty promise."""
    assert "In a real browser" not in Page(report(day)[0]).text


def test_a_day_under_a_profile_tells_of_its_load_and_the_simulated_band(report, day):
    """Without it who runs a whole loop under a ramp would have to look for its thresholds elsewhere."""
    stages = [
        {"stage": "before", "from_s": 0.0, "to_s": 43_200.0, "warm_up": False},
        {"stage": "after", "from_s": 43_200.0, "to_s": 86_400.0, "warm_up": False},
    ]
    thresholds = [{"metric": "wait_s_p95", "channel": "chat", "at_most": 0.001}]
    text, _ = report(day, kind="measured", stages=stages, thresholds=thresholds, planned=len(day))
    page = Page(text)
    assert "The threshold was broken." in page.text
    assert re.search(
        r"Chat customers, median of the waits .* inside the simulated band in \d+ of \d+ slices", page.text
    )
    (inside,) = re.findall(r"Chat customers, median of the waits .*?band in (\d+) of \d+ slices", page.text)
    assert int(inside) > 5
    late, _ = report(slower(day, 3600.0), folder="late", kind="measured", stages=stages)
    (fewer,) = re.findall(r"Chat customers, median of the waits .*?band in (\d+) of \d+ slices", Page(late).text)
    assert int(fewer) < int(inside) / 2


def test_a_plain_day_says_nothing_of_load(report, day):
    """Without it every report would grow a section that tells nothing."""
    text, _ = report(day, kind="measured")
    assert "Under load" not in text
    assert "thresholds" not in Page(text).text


def test_a_simulated_run_has_a_page_of_its_own(simulated, loaded, tmp_path):
    """Without it a planner would have to measure before seeing anything."""
    write_simulation_report(
        tmp_path / "s.html", simulated, figures_of(loaded, simulated.table("legs"), simulated.table("staffing"))
    )
    page = Page((tmp_path / "s.html").read_text(encoding="utf-8"))
    assert "Nothing here was measured" in page.text
    assert "Still waiting when the run ended" not in page.text  # nobody was
    teams = [name for name, team in loaded.scenario.teams.items() if not team.self_service]
    told = "".join(page.text.split("Share of their time that agents are busy")[1:])
    assert all(name in told for name in teams)
    assert "all channels" not in told
    assert "Answered within 60 s" in page.text
    assert page.fetches == []
    assert sum("simulated mean wait by half hour" in label for label in page.labels) == 2
