"""The journey map: no customer is lost in it, small logs are drawn as they are, and pages show texts as texts."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results import pages
from results.journey_chart import edges_of, shade_of, shades
from results.journey_contacts import JourneyLog
from results.journey_layout import BAR, GAP, ROOM_LABEL, laid_out
from results.journey_map import COLUMNS, OTHERS, JourneyMap, journey_flows
from results.journey_page import NO_JOURNEYS, journey_view, map_view, message_of
from results.log import ordered, table_of
from results.runs import Run
from tests.results.journeys import PAGED, leg, log_of, page_of, random_legs
from tests.results.pages import Page

MARKUP = "<img src=x onerror=alert(1)>"
TEMPLATE = Path(pages.__file__).parent / "templates" / "journey_parts.html.j2"
PAGE_STYLE = Path(pages.__file__).parent / "templates" / "page.html.j2"


def ways(drawn: JourneyMap) -> list[dict[tuple[str, str], float]]:
    """Return how many customers went from which node to which, by column."""
    return [
        {(flow.source, flow.target): flow.figures.customers for flow in drawn.flows_from(column)}
        for column in range(len(COLUMNS) - 1)
    ]


def conserved(drawn: JourneyMap) -> None:
    """Hold what flows into each node against what it holds and what flows out of it, and all against the customers."""
    for column in range(len(COLUMNS)):
        held = {node.key: node.figures.customers for node in drawn.nodes_in(column)}
        assert sum(held.values()) == pytest.approx(drawn.customers)
        for flows, end in ((drawn.flows_from(column), "source"), (drawn.flows_from(column - 1), "target")):
            through: Counter[str] = Counter()
            for flow in flows:
                through[getattr(flow, end)] += flow.figures.customers  # type: ignore[assignment]
            if flows:
                assert dict(through) == pytest.approx(held)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), customers=st.integers(1, 40), most=st.integers(2, 6))
def test_no_customer_is_lost_on_the_way(seed: int, customers: int, most: int) -> None:
    """Without it a band could end nowhere, and the page would lose customers that the firm did not."""
    legs = random_legs(seed, customers)
    log = JourneyLog.of(legs)
    there = log.contacts["case"].nunique()
    for nodes_most in (most, 1000):
        drawn = journey_flows(log, np.full(len(log.cases), 0.2), nodes_most)
        assert drawn.customers == there
        if there:
            conserved(drawn)
            assert all(node.figures.leave_share == pytest.approx(0.2) for node in drawn.nodes)


def two_days() -> list[dict[str, Any]]:
    """Return three customers: one is passed on and solved, one cut off and comes back in chat, one writes in vain."""
    return [
        leg("ann", 1, 0, 0.0, 0.0, 30.0, team="menu", **PAGED),
        leg("ann", 1, 1, 30.0, 90.0, 120.0, leg_end="transferred"),
        leg("ann", 1, 2, 240.0, 60.0, 300.0, team="moves_desk"),
        leg("bob", 1, 0, 0.0, 60.0, 60.0, leg_end="cut_off", contact_outcome="cut_off"),
        leg("bob", 2, 0, 5000.0, None, 120.0, channel="chat", leg_end="abandoned", contact_outcome="abandoned"),
        leg("cas", 1, 0, 0.0, 7200.0, 600.0, channel="email", team="written_desk", contact_outcome="unresolved"),
    ]


def test_a_small_log_is_drawn_as_it_is() -> None:
    """Without it the map could be whole and yet show ways that nobody took."""
    assert ways(journey_flows(log_of(*two_days()))) == [
        {("channel:phone", "team:front"): 2, ("channel:email", "team:written_desk"): 1},
        {
            ("team:front", "team:moves_desk"): 1, ("team:front", "team:front"): 1,
            ("team:written_desk", "team:written_desk"): 1,
        },
        {
            ("team:moves_desk", "end:resolved"): 1, ("team:front", "end:cut_off"): 1,
            ("team:written_desk", "end:unresolved"): 1,
        },
        {
            ("end:resolved", "not back"): 1, ("end:cut_off", "back:chat"): 1, ("end:unresolved", "not back"): 1,
        },
        {("not back", "end:resolved"): 1, ("back:chat", "end:abandoned"): 1, ("not back", "end:unresolved"): 1},
    ]  # fmt: skip


def test_minutes_are_those_on_the_line_so_far() -> None:
    """Without it two hours until a mail is answered would be called effort, or an end would have none."""
    drawn = journey_flows(log_of(*two_days()))
    told = {(node.column, node.key): node.figures.minutes for node in drawn.nodes}
    assert told[1, "team:front"] == pytest.approx((2.0 + 1.0) / 2)
    assert told[2, "team:moves_desk"] == pytest.approx(5.0)
    assert told[3, "end:resolved"] == pytest.approx(10.0)
    assert told[5, "end:abandoned"] == pytest.approx(2.0 + 2.0)
    assert np.isnan([told[0, "channel:phone"], told[5, "end:unresolved"]]).all()


def test_who_is_called_back_does_not_wait_on_the_line() -> None:
    """Without it a call back, which spares customers the wait, would look like the longest wait of all."""
    queued = leg("ann", 1, 0, 0.0, None, 60.0, leg_end="callback")
    called = leg("ann", 1, 1, 0.0, 7200.0, 300.0)
    drawn = journey_flows(log_of(queued, called))
    assert [node.figures.minutes for node in drawn.nodes_in(5)] == pytest.approx([6.0])


def test_a_menu_alone_is_told_from_waiting_behind_it_in_vain() -> None:
    """Without it who found the answer with the bot would stand with those whom nobody answered."""
    contained = leg("ann", 1, 0, 0.0, 0.0, 30.0, team="bot", talk_s=None, leg_end="contained")
    passed = leg("bob", 1, 0, 0.0, 0.0, 30.0, team="bot", **PAGED)
    in_vain = leg("bob", 1, 1, 30.0, None, 90.0, team=None, leg_end="abandoned", contact_outcome="abandoned")
    untold = leg("cas", 1, 0, 0.0, 10.0, team=None)
    read = leg("dan", 1, 0, 0.0, 0.0, team=None, channel="faq", talk_s=None)
    found = journey_flows(log_of(contained, passed, in_vain, untold, read))
    assert {node.key for node in found.nodes_in(1)} == {"alone:bot", "nobody", "somebody", "alone:help_pages"}


def test_a_promise_is_broken_only_when_it_was_due_and_not_kept() -> None:
    """Without it customers whose answer is still to come, or came, would stand with those who were forgotten."""
    made: dict[str, Any] = {"contact_outcome": "unresolved", "promise_due_s": 500.0}
    kept: dict[str, Any]
    kept, late = {"promise_kept_s": 400.0, "contact_outcome": "resolved"}, {"promise_due_s": 5000.0}
    legs = [
        leg("ann", 1, 0, 0.0, 0.0, **made), leg("bob", 1, 0, 0.0, 0.0, **{**made, **kept}),
        leg("cas", 1, 0, 0.0, 0.0, **{**made, **late}),
    ]  # fmt: skip
    drawn = journey_flows(log_of(*legs, until_s=1000.0))
    assert [node.key for node in drawn.nodes_in(3)] == ["end:promised"]
    assert {node.key for node in drawn.nodes_in(5)} == {"end:broken", "end:resolved", "end:censored"}


def test_others_join_the_smallest_and_nothing_else() -> None:
    """Without it a page could hide what many customers met among others, or show more nodes than can be read."""
    legs = [leg(f"c{n}", 1, 0, 0.0, 0.0, team=f"team_{n % 7}" if n < 40 else "front") for n in range(100)]
    drawn = journey_flows(log_of(*legs), nodes_most=4)
    held = {node.key: node.figures.customers for node in drawn.nodes_in(1)}
    assert held == {"team:front": 60, "team:team_0": 6, "team:team_1": 6, OTHERS: 28}
    conserved(drawn)


def test_numbers_are_means_over_replications_and_a_share_is_that_of_its_cases() -> None:
    """Without it ten replications would show ten times the customers, or a case the loss of another."""
    legs = [
        leg(name, 1, 0, 0.0, 0.0, replication=replication, channel=channel)
        for replication in (0, 1)
        for name, channel in (("ann", "chat"), ("bob", "phone"))
    ]
    drawn = journey_flows(log_of(*legs), np.array([0.1, 0.2, 0.3, 0.4]))
    assert {node.key: node.figures.customers for node in drawn.nodes_in(0)} == {"channel:chat": 1, "channel:phone": 1}
    shares = {node.key: node.figures.leave_share for node in drawn.nodes_in(0)}
    assert shares == pytest.approx({"channel:chat": 0.2, "channel:phone": 0.3})
    assert (drawn.customers, drawn.replications, drawn.one_case_each) == (2, 2, True)


def test_contacts_follow_each_other_as_they_came() -> None:
    """Without it a recorded log whose rows are shuffled, or whose attempts are not told, would be read backwards."""
    legs = [leg("ann", 1, 0, 900.0, 0.0, contact_id="a", channel="chat"), leg("ann", 1, 0, 5.0, 0.0, contact_id="b")]
    assert [node.key for node in journey_flows(log_of(*legs)).nodes_in(4)] == ["back:chat"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), customers=st.integers(1, 60))
def test_bars_and_bands_lie_beside_each_other(seed: int, customers: int) -> None:
    """Without it labels would be written over each other, or a band would begin beside its bar."""
    drawn = journey_flows(JourneyLog.of(random_legs(seed, customers)))
    if not drawn.nodes:
        return
    layout = laid_out(drawn)
    for column in range(len(COLUMNS)):
        own = sorted((one for one in layout.nodes if one.node.column == column), key=lambda one: one.y)
        for above, below in itertools.pairwise(own):
            assert below.y - (above.y + above.height) >= GAP - 1e-6
            assert below.middle - above.middle >= ROOM_LABEL
    for one in layout.nodes:
        bands = [(b.y_source, b.thickness) for b in layout.flows if b.x_source == one.x + BAR
                 and b.flow.source == one.node.key]  # fmt: skip
        if bands:
            top, bottom = min(y - t / 2 for y, t in bands), max(y + t / 2 for y, t in bands)
            assert (top, bottom) == pytest.approx((one.y, one.y + one.height))
    assert layout.height >= max(one.y + one.height for one in layout.nodes)


def test_shades_tell_values_apart_at_round_numbers() -> None:
    """Without it the key would name other values than the bands have, or one shade would hold them all."""
    edges = edges_of([0.05, 0.09, 0.69, float("nan")])
    assert edges == (0.08, 0.15, 0.25, 0.4)
    assert [shade_of(value, edges) for value in (float("nan"), 0.05, 0.08, 0.39, 0.7)] == [0, 1, 2, 4, 5]
    assert [shade.says for shade in shades(edges, "%", 100.0)][::4] == ["under 8 %", "40 % and more"]
    assert [shade.says for shade in shades(edges_of([0.05]), "%", 100.0)] == ["all alike"]


def written_run(folder: Path, legs: list[dict[str, Any]], customers: list[dict[str, Any]] | None = None) -> Run:
    """Write a run of Monday, 2 March."""
    run = Run.create(folder, {"run_id": "x", "seed": 1, "origin": "2026-03-02T00:00:00+01:00[Europe/Rome]"})
    ordered(table_of("legs", legs)).to_parquet(run.folder / "legs.parquet")  # unchecked: any log can be drawn
    if customers:
        run.write_table("customers", table_of("customers", customers))
    return run


def test_texts_of_a_log_stay_texts(tmp_path: Path) -> None:
    """Without it a measured desk could write markup, as a team's name or an id, into the page of who measures it."""
    odd: dict[str, Any] = {"team": MARKUP, "channel": MARKUP, "intent": MARKUP, "contact_outcome": "unresolved"}
    run = written_run(tmp_path / "run", [leg(MARKUP, 1, 0, 0.0, 0.0, **odd)])
    text = page_of(journey_view(run, shares=np.array([0.5])))
    page = Page(text)
    assert "img" not in page.tags
    assert "<img" not in text
    assert "script" not in page.tags
    assert MARKUP in page.text
    assert [link for link in page.fetches if link] == []


def test_a_page_says_in_words_and_in_a_table_what_the_drawing_shows(tmp_path: Path) -> None:
    """Without it who cannot see the drawing, or its colours, would learn nothing from it."""
    view = journey_view(written_run(tmp_path / "run", two_days()), shares=np.array([0.06, 0.3, 0.1]))
    page = Page(page_of(view))
    assert view["map"]["message"] == (
        "Of 3 customers 67 % took one contact; in the others, 1, the customer came back, most often in chat. After all "
        "contacts: gave up waiting 33 %, solved 33 % and not solved 33 %. 0.5 customers are expected to leave, 15 % of "
        "all: 30 % where it ended “Gave up waiting”, 6.0 % where it ended “Solved”."
    )
    assert view["map"]["message"] in page.labels
    assert ["Phone", "Front", "2", "18 %", "2 min"] in page.rows
    assert "Coloured by who leaves" in page.text


def test_without_a_churn_model_no_loss_is_shown(tmp_path: Path) -> None:
    """Without it a page would show that nobody leaves where nobody knows."""
    view = journey_view(written_run(tmp_path / "run", two_days()))
    page = Page(page_of(view))
    assert "leave" not in page.text
    assert "minutes on the line so far: under 1.5 min" in page.text
    assert view["map"]["by_loss"] == ()


def test_customers_with_several_cases_are_not_counted_as_several_customers() -> None:
    """Without it three thousand customers with sixty thousand problems would be called sixty thousand customers."""
    legs = [leg("ann", 1, 0, 0.0, 0.0), leg("ann", 1, 0, 0.0, 0.0, case_id="ann/1", contact_id="ann/1/1")]
    drawn = journey_flows(log_of(*legs))
    assert message_of(drawn).startswith("Of 2 cases 100 % took one contact.")
    assert map_view(drawn)["counts"] == "cases"


def test_a_measured_log_without_customers_is_drawn(tmp_path: Path) -> None:
    """Without it a desk whose callers are unknown would have no map, or all of them would be one."""
    unknown: dict[str, Any] = {"customer_id": None, "case_id": None, "source": "measured"}
    legs = [leg(name, 1, 0, 0.0, 5.0, contact_id=name, contact_outcome="unresolved", **unknown) for name in "abc"]
    view = journey_view(written_run(tmp_path / "run", legs))
    assert view["map"]["message"].startswith("Of 3 customers 100 % took one contact.")
    assert view["stories"][0]["story"].customer_id == "a"


def test_an_empty_log_gives_words_and_no_drawing(tmp_path: Path) -> None:
    """Without it the page of a run in which nobody came would fail."""
    view = journey_view(written_run(tmp_path / "run", []))
    assert (view["map"], view["stories"], view["words"]) == (None, (), NO_JOURNEYS)
    page = Page(page_of(view))
    assert NO_JOURNEYS in page.text
    assert "svg" not in page.tags
    drawn = journey_flows(log_of())
    assert (drawn.nodes, drawn.flows, drawn.customers) == ((), (), 0.0)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_labels_can_be_read_on_every_shade(mode: str) -> None:
    """Without it the names of steps would vanish on the very bands that lose most customers."""
    inks = re.findall(r"--ink: (#[0-9a-f]{6})", PAGE_STYLE.read_text(encoding="utf-8"))
    places = re.findall(r"--(?:loss|effort)-\d: (#[0-9a-f]{6})", TEMPLATE.read_text(encoding="utf-8"))
    ink, shown = (inks[0], places[:10]) if mode == "light" else (inks[1], places[10:20])
    for shade in shown:
        light, dark = sorted((luminance(ink), luminance(shade)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, shade
