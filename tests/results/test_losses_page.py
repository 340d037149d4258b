"""The page of what losing customers costs, and its first screen in a terminal."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from results.consequences import consequences_of
from results.journey_page import journey_view
from results.losses import losses_of
from results.losses_page import LIMITS, losses_facts, write_losses_page
from results.losses_words import NO_CAUSES, cause_name, headline, losses_text, parts_sentence, to_do
from results.runs import Run, RunError
from results.service_costs import CostLine, ServiceCosts
from scenarios.churn import read_churn
from scenarios.population import Costs
from scenarios.reading import HERE
from tests.results.leavers import cases, model, population, weight, worth
from tests.results.pages import Page
from tests.results.test_journey_map import written_run
from tests.results.test_journey_stories import HOUSE_MOVE

SCRIPT = "<script>alert('you read this')</script>"
MODEL = model(
    weight(0.8, term="retellings", confounded="who calls often differs"), weight(1.1, 0.3, term="unresolved", most=1)
)
COSTS = Costs(keep=30.0)


def cause(name, kept, kind="cause", margin=240.0, **changes):
    """A cause as run.json has it."""
    half = 0.25 * abs(kept)
    return {
        "name": name, "says": f"without {name}", "do": f"Do something about {name}", "kind": kind,
        "customers_kept": kept, "low": kept - half, "high": kept + half, "margin_kept": margin * kept,
        "margin_low": margin * (kept - half), "margin_high": margin * (kept + half), "share_of_losses": kept / 100,
        "interval_ratio": 7.25, "replications": 4, **changes,
    }  # fmt: skip


CAUSES = [
    cause("waiting", 1.5),
    cause("retelling", 12.0),
    cause("promises_broken", 4.0),
    cause("cut_offs", 3.0),
    cause("nothing", 0.0),
]
REMEDIES = [cause("one_view", 9.0, "remedy"), cause("music_on_hold", -1.0, "remedy")]


def service():
    """Costs of serving, one line of which nobody has priced."""
    lines = (
        CostLine("Phone: contacts", 100.0, "contacts", 0.30, 30.0, ""),
        CostLine("front: paid hours", 72.0, "hours", 27.0, 1944.0, "60 of them at work, 50 with contacts"),
        CostLine("technicians: work orders", 20.0, "work orders", 71.0, 1420.0, ""),
        CostLine("of these in vain", 5.0, "work orders", 71.0, 355.0, "the work failed", part=True),
        CostLine("order_desk: work orders", 8.0, "work orders", None, None, ""),
    )
    return ServiceCosts(lines, 3394.0, 100.0, 33.94, ("order_desk: work orders",))


def reckoned(believed=MODEL, people=None, replications=4, **changes):
    """Losses and what follows of made-up cases."""
    table, who = cases(replications, compensations=0.0), people or population(complaints=["a_complaint"])
    found = losses_of(table, worth(table), believed, who, COSTS, 1.0, **changes)
    return found, consequences_of(table, found, who, COSTS)


@pytest.fixture
def page_of(tmp_path):
    """Write the page of a run and return its text."""

    def write(causes=CAUSES, believed=MODEL, people=None, title="A small shop", replications=4, **handed):
        losses, follows = reckoned(believed, people, replications)
        run = Run.create(tmp_path / "run", {"run_id": "simulated-x", "title": title, "scenario": "a_shop", "seed": 1})
        run.write_facts(state="finished", **losses_facts(losses, follows, service()), causes=causes)
        write_losses_page(tmp_path / "losses.html", Run.open(run.folder), **handed)
        return (tmp_path / "losses.html").read_text(encoding="utf-8")

    return write


def test_the_page_fetches_nothing_and_runs_nothing(page_of):
    """Without it a page that holds a firm's losses would tell a third party that it was read."""
    text = page_of(title=f"A shop {SCRIPT}", causes=[cause(f"x{SCRIPT}", 3.0, do=SCRIPT, says=SCRIPT)])
    page = Page(text)
    assert page.fetches == []
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert len(text.encode()) < 300_000


def test_a_leader_reads_first_what_is_lost_then_how_sure_then_why_then_what_to_do(page_of):
    """Without it the first screen could be of the model, and the losses below the fold."""
    text = Page(page_of([*CAUSES, *REMEDIES])).text
    losses, _ = reckoned()
    order = [
        headline(losses),
        "of margin and",
        "Customers lost, a day",
        "day-to-day chance",
        "unsure coefficients",
        "Margin at risk, a day",
        "What costs most customers",
        "Telling the story again",
        "Promises broken",
        "Calls cut off",
        "What to do",
        "Do something about one_view",
        "How well that is known",
        "What each cause costs",
        "What follows beside it",
        "What serving them costs",
        "What the model says of leaving",
        "What cannot be told from this",
        "How it was made",
    ]
    places = [text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)
    first = text[: text.index("How well that is known")]
    assert "Waiting for people" not in first
    assert "music_on_hold" not in first


def test_chance_stands_apart_from_what_is_not_known_of_the_coefficients(page_of):
    """Without it simulating longer would look like the cure for not knowing."""
    losses, _ = reckoned()
    text = page_of()
    for figure in (losses.lost, losses.margin, losses.revenue):
        assert figure.chance != figure.coefficients
    low, high = (f"{end:.0f}" for end in losses.lost.chance)
    assert f"<dt>day-to-day chance</dt><dd>{low} to {high}</dd>" in text
    low, high = (f"{end:.0f}" for end in losses.lost.coefficients)
    assert f"<dt>unsure coefficients</dt><dd>{low} to {high}</dd>" in text


def test_remedies_that_were_tried_come_before_what_causes_ask_for():
    """Without it a leader would read good advice in the place of what was found to help."""
    assert [one["name"] for one in to_do([*CAUSES, *REMEDIES])] == ["one_view"]
    assert [one["name"] for one in to_do(CAUSES)] == ["retelling", "promises_broken", "cut_offs"]


def test_a_cause_whose_interval_holds_none_is_said_to_be_unsure(page_of):
    """Without it noise would be put on a leader's list."""
    rows = {row[0].split()[0]: row for row in Page(page_of([cause("waiting", 2.0, low=-1.0), CAUSES[1]])).rows if row}
    assert "cannot be told from none" in rows["Waiting"][1]
    assert "12.0 % of all losses" in rows["Telling"][1]


def test_withheld_money_stands_nowhere_on_the_page(page_of):
    """Without it intentions would be priced, on the first screen or hidden in a table of costs."""
    published = read_churn(HERE / "churn_models" / "published.yaml")
    bare = [dict.fromkeys(("margin_kept", "margin_low", "margin_high")) | {"share_of_losses": None}]
    text = page_of([one | bare[0] for one in [*CAUSES, *REMEDIES]], published)
    page = Page(text)
    assert "no money is shown before it is scaled" in page.text[: page.text.index("What costs most customers")]
    assert "EUR" not in text
    assert not re.search(r"\b(3,394|33\.94|1,944|1,940|1,420|355|0\.30)\b", page.text.split("How it was made")[0])
    assert "margin kept" not in page.text
    assert "would leave, by what customers say" in page.text
    assert "are lost" not in page.text
    assert "Phone: contacts" in page.text
    losses, _ = reckoned(published)
    assert "EUR" not in "\n".join(losses_text(losses, CAUSES))


def test_where_no_worth_is_told_costs_are_still_shown(page_of, tmp_path):
    """Without it who has told what serving costs would be shown nothing of it, for want of what customers are worth."""
    table = cases(2)
    losses = losses_of(table, None, MODEL, None, COSTS, 1.0)
    run = Run.create(tmp_path / "other", {"run_id": "simulated-x"})
    run.write_facts(**losses_facts(losses, [], service()))
    write_losses_page(tmp_path / "page.html", run)
    text = Page((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "does not say what a customer is worth" in text
    assert "Serving 100 cases in a day costs 3,390, 33.94 each." in text
    assert "order_desk: work orders" in text
    assert "not told" in text


def test_behind_every_chart_stand_its_numbers(page_of):
    """Without it who cannot see the drawing would not have the figures."""
    page = Page(page_of([*CAUSES, *REMEDIES]))
    heads = [row[0] for row in page.rows if row]
    for name in (
        "customers lost",
        "of these because of service",
        "margin at risk",
        "revenue at risk",
        "lost of those in contact",
    ):
        assert name in heads
    for one in (*CAUSES, *REMEDIES):
        assert any(head.startswith(cause_name(one)) for head in heads)
    assert any(label and "customers are kept without each cause" in label for label in page.labels)


def test_consequences_carry_their_sources_and_what_is_not_known_has_no_number(page_of):
    """Without it an old survey would be read as a truth, and silence as 0."""
    page = Page(page_of())
    rows = {row[0]: row for row in page.rows if len(row) == 3}
    assert "2019 (S0)" in rows["People who hear of a bad experience"][2]
    assert "is not published" in rows["Other leavers who come back in time, at least"][2]
    assert rows["Bad ratings that are withdrawn after a compensation"][1] == "–"


def test_what_cannot_be_told_is_said(page_of):
    """Without it the bands would seem to hold all there is not to know."""
    text = Page(page_of(replications=1)).text
    end = text[text.index("What cannot be told from this") :]
    assert all(limit in end for limit in LIMITS)
    assert "one log of one period" in end
    assert "who calls often differs" in text
    assert "Retellings: odds x 2.23" in text
    assert "A test: A test (logistic)" in text


def test_a_journey_map_and_stories_have_their_places(page_of, tmp_path):
    """Without it what is drawn of journeys could not be shown here, or would be escaped."""
    journeys = journey_view(written_run(tmp_path / "told", HOUSE_MOVE), shares=np.array([0.5]))
    text = page_of(journeys=journeys)
    assert journeys["map"]["svg"] in text
    told = [text.index(words) for words in ("What each cause costs", "The worst journeys", "What follows beside it")]
    assert told == sorted(told)


def test_without_causes_the_page_says_that_none_was_tried(page_of):
    """Without it an empty list would be read as: nothing makes them leave."""
    assert NO_CAUSES in Page(page_of([])).text


def test_a_run_that_tells_no_losses_is_refused(tmp_path):
    """Without it a page of nothing would be written for a scenario without a churn model."""
    run = Run.create(tmp_path / "run", {"run_id": "x"})
    with pytest.raises(RunError, match="names no churn model"):
        write_losses_page(tmp_path / "page.html", run)


GOLDEN = """\
In a day, 88 of 478 customers who make contact are lost; 38 of them because of service.
They take EUR 21,100 of margin and EUR 52,800 of revenue with them, over 12 months.

in a day                       expected      by chance (95 %)  not knowing the coefficients                  both
customers lost                       88              79 to 97                     69 to 111             67 to 113
of these because of service          38              30 to 46                      23 to 55              21 to 58
margin at risk               EUR 21,100  EUR 18,900 to 23,300          EUR 16,600 to 26,600  EUR 16,100 to 27,100
revenue at risk              EUR 52,800  EUR 47,300 to 58,400          EUR 41,500 to 66,400  EUR 40,300 to 67,600
winning as many again        EUR 13,200  EUR 11,800 to 14,600          EUR 10,400 to 16,600  EUR 10,100 to 16,900
As the model weighs it: cases that came to nothing 23 and telling the story again 18.
By chance: the mean of 4 simulated days. One such day alone \
may bring 69 to 107 lost customers by chance, and EUR 16,600 to 25,700 of margin.

what costs most customers  kept without it (95 %)  of all losses          margin kept (95 %)
telling the story again            12 (9.0 to 15)         12.0 %  EUR 2,880 (2,160 to 3,600)
promises broken                  4.0 (3.0 to 5.0)          4.0 %      EUR 960 (720 to 1,200)
calls cut off                    3.0 (2.2 to 3.8)          3.0 %        EUR 720 (540 to 900)

What to do
  1. Do something about one_view: keeps 9.0 (6.8 to 11) customers, EUR 2,160 (1,620 to 2,700) of margin"""


def test_the_terminal_tells_the_same_first_screen():
    """Without it who works in a terminal would have to open a page to see what is lost, and why."""
    losses, _ = reckoned()
    text = "\n".join(losses_text(losses, [*CAUSES, *REMEDIES]))
    assert text == GOLDEN


def test_what_the_model_lays_the_losses_on_is_said_with_what_it_cannot_know(page_of):
    """Without it a leader would look for the cause of most losses among things that were tried, and it is none."""
    losses, _ = reckoned()
    complained = dataclasses.replace(losses, by_term={"complaints": 190.0, "unresolved": 17.2, "repeats": 0.01})
    said = parts_sentence(complained)
    assert said.startswith("As the model weighs it: complaints 190 and cases that came to nothing 17.")
    assert "What made customers complain is not among the causes." in said
    assert "complain" not in parts_sentence(losses)
    assert parts_sentence(losses) in Page(page_of()).text


def test_a_remedy_is_shown_with_its_price_for_the_period(page_of):
    """Without it a leader would buy what keeps fewer customers than it costs."""
    priced = [{**one, "costs_month": 365.25 / 12 * 100} for one in REMEDIES]
    losses, _ = reckoned()
    assert "costs EUR 100" in "\n".join(losses_text(losses, priced))
    assert "costs EUR 100" in Page(page_of([*CAUSES, *priced])).text
    assert "costs EUR" not in "\n".join(losses_text(losses, REMEDIES))
