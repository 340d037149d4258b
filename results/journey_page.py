"""What a page shows of journeys: the map, its table, and the worst journeys as stories.

For a template that imports `journey_parts.html.j2`. Texts of a log stay texts: escaping is the template's, and the
drawing's own. Refuses to know money.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from results.clock import RunClock
from results.drawn_courses import Courses
from results.evidence import anchor_of
from results.experience import cases_of
from results.journey_chart import JourneyChart, journey_chart, shade_of
from results.journey_contacts import JourneyLog
from results.journey_map import (
    AFTER_ALL,
    CAME_BACK,
    COLUMNS,
    NOT_BACK,
    OTHERS,
    Flow,
    JourneyMap,
    Node,
    journey_flows,
)
from results.journey_stories import Story, worst_stories
from results.journey_words import by_channel, customers_words, leave_words, minutes_words, node_words
from results.runs import Run
from results.words import listed
from scenarios.expectations import Expectations

THEN_MOST = 3
"""So many of the nodes that a node's customers go on to are named beside it; the others stand in the table."""

ENDS_MOST, TOLD_LEAST = 3, 0.001
"""So many ends are named in the message, and ends of so small a share of customers are not called the worst."""

NO_JOURNEYS = "The log holds no contact, so there is no journey to draw and no story to tell."
NO_STORIES = "Nobody was passed on, cut off, sent elsewhere, kept waiting for a promise or left without a solution."


@dataclass(frozen=True)
class NodeView:
    """A node as it is read: how many customers, of all, and what their journeys come to."""

    says: str
    customers: str
    of_all: str
    width: float
    told: str
    loss_shade: int
    effort_shade: int
    then: str


def journey_view(
    run: Run,
    cases: pd.DataFrame | None = None,
    shares: npt.NDArray[np.float64] | None = None,
    intents: Mapping[str, str] | None = None,
    currency: str = "",
    until_s: float | None = None,
    said: Collection[str] = (),
) -> dict[str, Any]:
    """Return what `journey_parts.html.j2` shows of a run of any kind.

    Args:
        run: its legs are read, and its customers, findings, answers and conduct where it has any.
        cases: `results.experience.cases_of` of its legs, where the caller has them already.
        shares: of each of these cases how likely the customer leaves after it; where left out, what the customers table
            says of whoever had the case, and without one nothing of loss is shown.
        intents: what customers say, by intent.
        currency: of the customers' revenue.
        until_s: when the log ends; where left out, at the last instant that it tells.
        said: contacts whose transcripts stand on the page (`results.evidence.anchor_of` is their place).
    """
    log = JourneyLog.of(run.table("legs"), until_s)
    if log.contacts.empty:
        return {"words": NO_JOURNEYS, "map": None, "stories": ()}
    if cases is None:
        findings, answers, conduct = (run.table(name) for name in ("findings", "answers", "conduct"))
        expectations, complaints = Expectations({}, int(run.facts.get("seed", 1))), run.facts.get("complaints") or ()
        cases = cases_of(log.legs, expectations, log.until_s, findings, answers, complaints, conduct=conduct)
    known = with_customers(cases, run.table("customers"), shares)
    loss = known["leave_share"].to_numpy(dtype=float) if "leave_share" in known else None
    drawn = journey_flows(log, loss)
    courses = Courses.of(run.facts)
    stories = worst_stories(log, known, RunClock.of(run.facts), intents, currency, courses=courses)
    return {
        "words": "" if stories else NO_STORIES,
        "course_words": courses.words() if any(story.course for story in stories) else "",
        "map": map_view(drawn),
        "stories": [_story_view(story, set(said)) for story in stories],
    }


def with_customers(
    cases: pd.DataFrame, customers: pd.DataFrame, shares: npt.NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Return cases with what is known of whose they are: left, monthly_revenue, tenure_months, leave_share.

    Args:
        cases: rows with replication and customer_id.
        customers: the table of the run; without rows nothing is known of them.
        shares: of each case, where they are known; else those of the customers.
    """
    names = ["left", "monthly_revenue", "tenure_months", *(["leave_share"] if shares is None else [])]
    known = cases.drop(columns=[name for name in names if name in cases])
    if len(customers):
        told = customers[["replication", "customer_id", *names]].astype({"replication": "int64"})
        known = known.merge(told, how="left", on=["replication", "customer_id"], validate="many_to_one")
    return known if shares is None else known.assign(leave_share=shares)


def map_view(drawn: JourneyMap) -> dict[str, Any]:
    """Return a map that has nodes as a page shows it: the drawing, its message and keys, the same numbers as rows."""
    chart = journey_chart(drawn)
    return {
        "svg": Markup(chart.svg),  # every text in it is escaped there
        "message": message_of(drawn),
        "by_loss": chart.by_loss,
        "by_effort": chart.by_effort,
        "replications": drawn.replications,
        "counts": "customers" if drawn.one_case_each else "cases",
        "columns": [
            (title, [_node_view(node, drawn, chart) for node in drawn.nodes_in(column)])
            for column, title in enumerate(COLUMNS)
        ],
        "flows": [
            (f"{left} → {right[0].lower()}{right[1:]}", [_flow_row(flow) for flow in drawn.flows_from(column)])
            for column, (left, right) in enumerate(itertools.pairwise(COLUMNS))
        ],
    }


def _node_view(node: Node, drawn: JourneyMap, chart: JourneyChart) -> NodeView:
    figures = node.figures
    of_all, then = figures.customers / drawn.customers, drawn.flows_from(node.column, node.key)
    leave = [f"{leave_words(figures.leave_share)} leave"] if math.isfinite(figures.leave_share) else []
    minutes = [f"{minutes_words(figures.minutes)} on the line so far"] if math.isfinite(figures.minutes) else []
    return NodeView(
        node_words(node.key), customers_words(figures.customers), _per_cent(of_all), round(100 * of_all, 1),
        " · ".join(leave + minutes), shade_of(figures.leave_share, chart.loss_edges),
        shade_of(figures.minutes, chart.effort_edges), _then(then, figures.customers),
    )  # fmt: skip


def _then(flows: Sequence[Flow], customers: float) -> str:
    """Say to which nodes the customers of a node go on."""
    said = [f"{node_words(flow.target)} {_per_cent(flow.figures.customers / customers)}" for flow in flows[:THEN_MOST]]
    rest = len(flows) - len(said)
    return ", ".join(said) + (f", {rest} more" if rest else "")


def _flow_row(flow: Flow) -> tuple[str, ...]:
    figures = flow.figures
    return (
        node_words(flow.source), node_words(flow.target), customers_words(figures.customers),
        leave_words(figures.leave_share), minutes_words(figures.minutes),
    )  # fmt: skip


def _per_cent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def message_of(drawn: JourneyMap) -> str:
    """Say in sentences what a map shows."""
    ends = drawn.nodes_in(AFTER_ALL)
    back = [node for node in drawn.nodes_in(CAME_BACK) if node.key != NOT_BACK]
    came_back = sum(node.figures.customers for node in back)
    number, once = customers_words(drawn.customers), _per_cent(1 - came_back / drawn.customers)
    said = [f"Of {number} {'customers' if drawn.one_case_each else 'cases'} {once} took one contact"]
    if back:
        how = by_channel(back[0].key.partition(":")[2]) if back[0].key != OTHERS else "in other ways"
        said[0] += f"; in the others, {customers_words(came_back)}, the customer came back, most often {how}"
    named = [f"{node_words(node.key).lower()} {_per_cent(node.figures.customers / drawn.customers)}" for node in ends]
    said.append(f"After all contacts: {listed(named[:ENDS_MOST])}")
    if any(math.isfinite(node.figures.leave_share) for node in ends):
        said.append(_loss(drawn, ends))
    return " ".join(f"{one}." for one in said)


def _loss(drawn: JourneyMap, ends: Sequence[Node]) -> str:
    """Say how many are expected to leave, and after which end most and least of a hundred."""
    lost = sum(node.figures.customers * node.figures.leave_share for node in ends)
    said = f"{customers_words(lost)} customers are expected to leave, {leave_words(lost / drawn.customers)} of all"
    seen = [node for node in ends if node.figures.customers >= TOLD_LEAST * drawn.customers]
    seen.sort(key=lambda node: node.figures.leave_share)
    if len(seen) < 2:
        return said
    after = [f"{leave_words(node.figures.leave_share)} where it ended “{node_words(node.key)}”" for node in seen]
    return f"{said}: {after[-1]}, {after[0]}"


def _story_view(story: Story, said: Collection[str]) -> dict[str, Any]:
    """Return a story as a page shows it; contacts that stand on the page word by word have an anchor."""
    return {
        "story": story,
        "contacts": [
            (contact, anchor_of(contact.contact_id) if contact.contact_id in said else "") for contact in story.contacts
        ],
    }
