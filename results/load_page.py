"""The page of a load test, for who leads and who tests: did thresholds hold, who came, how long answers took, and when.

What decides stands on the first screen. Everything that grows with the run is bounded, and the page says so. A run
without stages or thresholds has no empty places for them. Guarded by tests/results/test_load_page.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from results import charts, words
from results.bands import Bins, band_of
from results.clock import RunClock
from results.comparison import CANNOT_TELL
from results.endings import NOT_COME, NOT_COME_WORDS, SHUT, ended_with_the_run, ending_words, was_shut
from results.evidence import reasons_counted
from results.load_charts import TimeAxis, answers_chart, arrivals_chart, waits_chart
from results.load_customers import GROUPS, Customers, bars_of, customers_of, groups_in
from results.load_figures import Checked, Measured, check_thresholds, load_rows
from results.load_intervals import threshold_interval
from results.load_slices import answers_over_time, arrivals_over_time, slices_of
from results.load_stories import CONTACTS, Stories, stories_of, write_contacts
from results.load_tables import TOO_FEW_NOTE, amount_text, bound_text, has_too_few, times_of
from results.load_words import (
    sentence_of,
    threshold_words,
    verdict_of,
    verdict_of_all,
    where_words,
    worst_words,
)
from results.pages import render, title_of
from results.provenance import instrument_view, rehearsal_note, run_facts, saturation_lines
from results.reviews import shown
from results.runs import FINISHED, Run, write_whole
from results.saturation import saturations
from results.score_page import scores_view
from scenarios.thresholds import RESPONSE_NAMES, Threshold

CHARTS_MOST = 8
"""So many pairs of channel and step are drawn, those with the most steps."""
ROWS_MOST = 300
"""So many rows of figures are shown."""
STEPS_LEAST = 5
"""Of fewer steps no chart is drawn."""


@dataclass(frozen=True)
class ThresholdView:
    """One threshold as it is read."""

    what: str
    metric: str
    where: str
    wanted: str
    value: str
    interval: str
    sample: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class FigureView:
    """Figures of a channel and step: each percentile from the intended and from the actual start."""

    channel: str
    step: str
    counts: tuple[str, ...]
    times: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class LoadView:
    """What a page shows of a load test."""

    verdict: str
    """Empty where there are no thresholds."""
    sentence: str
    worst: str
    ending: str
    """Why a run did not come to its end, or learnt nothing; empty where it did."""
    thresholds: tuple[ThresholdView, ...]
    accounted: str
    customers: Customers
    customer_rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    bars: str
    groups: Sequence[tuple[int, str]]
    figures: tuple[tuple[str, bool, tuple[FigureView, ...]], ...]
    """By stage, and whether it is warm-up; the whole first."""
    figures_left_out: int
    too_few: str
    """Why some percentiles are left out; empty where none is."""
    stages: tuple[tuple[str, str, bool], ...]
    warm_up: bool
    arrivals: charts.Chart | None
    answers: tuple[charts.Chart, ...]
    answers_left_out: int
    unanswered: bool
    """Whether steps are drawn that nothing answered."""
    waits: tuple[charts.Chart, ...]


def is_load(run: Run) -> bool:
    """Say whether a measured run is a load test: customers beside the shoppers came, or it is told by its facts.

    Shoppers of a scenario that has thresholds are none: what they were told is scored.
    """
    if run.facts.get("kind") == "measured" and (run.table("legs")["played_by"] == "background").any():
        return True
    return has_load_facts(run) and run.table("scores").empty


def has_load_facts(run: Run) -> bool:
    """Say whether a measured run says of itself that it has stages or thresholds."""
    return run.facts.get("kind") == "measured" and bool(run.facts.get("stages") or run.facts.get("thresholds"))


def write_load_report(path: Path, run: Run) -> None:
    """Write the page of a load test; of a big one also the table of contacts that it cannot tell."""
    measured = Measured.of(run)
    stories = stories_of(run, measured)
    if stories.left_out:
        write_contacts(run, measured)
    view = load_view(run, measured)
    write_whole(path, render("load.html.j2", _page(run, view, stories)))


def _page(run: Run, view: LoadView, stories: Stories) -> dict[str, Any]:
    facts, told = run.facts, shown(run)
    if "saturation" not in facts:  # a killed run
        found = saturations(run.table("legs"), run.table("steps"), float(facts.get("scale", 1.0)))
        facts = {**facts, "saturation": [vars(one) for one in found]}
    return {
        "title": title_of(facts),
        "target": facts.get("target", ""),
        "load": view,
        "headline": view.sentence or view.accounted,
        "reasons_counted": reasons_counted(told[~ended_with_the_run(told)]),
        "rehearsal": rehearsal_note(facts),
        "stories": stories,
        "contacts_file": CONTACTS,
        "scores": scores_view(run, set(told["contact_id"])),
        "refused": facts.get("refused", []),
        "cleaned": facts.get("cleaned", ""),
        "instrument": instrument_view(facts),
        "saturation": saturation_lines(facts),
        "saturated": _saturated(facts),
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }


def load_view(run: Run, measured: Measured, simulated: Run | None = None) -> LoadView:
    """Return what a page shows of a load test, beside a simulation of the same customers where there is one."""
    clock = RunClock.of(run.facts)
    thresholds = [Threshold.model_validate(one) for one in run.facts.get("thresholds") or ()]
    checked = check_thresholds(thresholds, measured, run.facts)
    state = str(run.facts.get("state", FINISHED))
    rows = list(load_rows(measured))
    customers, bars = customers_of(run, measured), bars_of(measured)
    bins = slices_of(measured)
    axis = TimeAxis(bins, measured.stages, clock) if bins is not None else None
    answers, left_out = _answers(measured, axis) if axis is not None else ((), 0)
    return LoadView(
        verdict=verdict_of_all(checked) if checked else "",
        sentence=sentence_of(checked) if checked else "",
        worst=worst_words(checked),
        ending=_cut_off(run.facts, measured.legs),
        thresholds=tuple(_threshold_view(one, measured) for one in checked),
        accounted=_accounted(customers),
        customers=customers,
        customer_rows=tuple(_customer_row(outcome, customers, state) for outcome in customers.outcomes()),
        bars=charts.outcome_chart(bars, tuple(GROUPS)) if len(bars) else "",
        groups=groups_in(bars),
        figures=_figures(rows, measured),
        figures_left_out=max(len(rows) - ROWS_MOST, 0),
        too_few=TOO_FEW_NOTE if any(map(has_too_few, rows)) else "",
        stages=tuple(_stage_words(one, axis) for one in measured.stages) if axis is not None else (),
        warm_up=measured.warm_up_s > 0,
        arrivals=arrivals_chart(arrivals_over_time(measured, axis.bins), axis) if axis is not None else None,
        answers=answers,
        answers_left_out=left_out,
        unanswered=any(one.numbers["unanswered"].sum() > 0 for one in answers),
        waits=_waits(measured, axis, simulated, float(run.facts.get("moved_s", 0.0))) if axis and simulated else (),
    )


def _threshold_view(one: Checked, measured: Measured) -> ThresholdView:
    threshold, verdict = one.threshold, verdict_of(one)
    low, high = threshold_interval(threshold, measured) if one.n else (float("nan"), float("nan"))
    known = low == low
    reasons = [one.untold] if one.untold else []
    nothing_wanted = threshold.at_most == 0  # no run can show that something never happens
    if (
        one.kept is not None
        and known
        and not nothing_wanted
        and threshold.is_kept_by(low) != threshold.is_kept_by(high)
    ):
        reasons.append("luck's reach: another run may come out otherwise")
    if one.ended_run:
        reasons.append("it ended the run")
    silent = _unanswered(threshold, measured)
    if silent:
        reasons.append(f"{words.counted(silent, 'more step')} had no answer, and no time")
    return ThresholdView(
        threshold_words(threshold), threshold.metric, where_words(threshold), bound_text(threshold),
        amount_text(one.value, threshold.metric) if one.n else words.NOTHING,
        f"{amount_text(low, threshold.metric)} to {amount_text(high, threshold.metric)}" if known else "",
        words.counted(one.n, "step" if threshold.metric in RESPONSE_NAMES else "contact"), verdict,
        "; ".join(reasons),
    )  # fmt: skip


def _unanswered(threshold: Threshold, measured: Measured) -> int:
    """Return how many steps a threshold on times cannot know of."""
    if not threshold.metric.startswith("response_s_"):
        return 0
    part = measured.part(threshold.stage, threshold.channel, threshold.step)
    return int(part.responses["seen_by_s"].isna().sum())


def _figures(
    rows: Sequence[Mapping[str, Any]], measured: Measured
) -> tuple[tuple[str, bool, tuple[FigureView, ...]], ...]:
    """Return figures by stage, the whole before its stages, as it is what most readers want."""
    warm_up = {str(one["stage"]): bool(one["warm_up"]) for one in measured.stages}
    by_stage: dict[str, list[FigureView]] = {}
    for row in sorted(rows, key=lambda row: row["stage"] != "all")[:ROWS_MOST]:
        by_stage.setdefault(row["stage"], []).append(_figure_view(row))
    return tuple((stage, warm_up.get(stage, False), tuple(views)) for stage, views in by_stage.items())


def _figure_view(row: Mapping[str, Any]) -> FigureView:
    return FigureView(
        words.channel_words(row["channel"]), row["step"],
        tuple(f"{row[name]:,}" for name in ("contacts", "steps", "unanswered")),
        tuple(times_of(row)),
    )  # fmt: skip


def _customer_row(outcome: str, customers: Customers, state: str) -> tuple[str, str, tuple[str, ...]]:
    counts = [column.numbers.get(outcome, 0) for column in customers.columns]
    shown = counts if len(counts) > 1 else []
    said, code = words.OUTCOME_WORDS.get(outcome, outcome), outcome
    if outcome == NOT_COME:  # no outcome of the log, so that no name of it is shown
        said = code = NOT_COME_WORDS.get(state, said)
    return said, code, tuple(f"{count:,}" for count in [sum(counts), *shown])


def _stage_words(stage: Mapping[str, Any], axis: TimeAxis) -> tuple[str, str, bool]:
    when = f"{axis.text(float(stage['from_s']))} to {axis.text(float(stage['to_s']))}"
    return str(stage["stage"]), when, bool(stage["warm_up"])


def _accounted(customers: Customers) -> str:
    planned = customers.known if customers.planned is None else customers.planned
    share = f" ({math.floor(10_000 * customers.known / planned) / 100:g} %)" if planned else ""
    again = f"; {customers.again:,} more came back" if customers.again else ""
    of = f"{customers.known:,} of {words.counted(planned, 'planned contact')}"
    return f"{of} {'is' if planned == 1 else 'are'} accounted for{share}{again}."


def _saturated(facts: Mapping[str, Any]) -> str:
    """Say that the website was saturated, or that none can tell: that it was not says nothing of its people."""
    verdict = next((one["verdict"] for one in facts["saturation"]), None)
    if verdict == CANNOT_TELL:
        return "Cannot tell whether the website was saturated"
    return next(iter(saturation_lines(facts, only_saturated=True)), "") if verdict else ""


def _cut_off(facts: Mapping[str, Any], legs: pd.DataFrame) -> str:
    """Say what a reader must know before the verdict: the run did not come to its end, or nobody was let in."""
    shut = f"{SHUT[0].upper()}{SHUT[1:]}: nothing was learnt of it." if was_shut(legs) else ""
    return " ".join(filter(None, (ending_words(facts, legs), shut)))


def _answers(measured: Measured, axis: TimeAxis) -> tuple[tuple[charts.Chart, ...], int]:
    """Draw first answers of the pairs of channel and step with the most steps; returns how many are left out, too."""
    answered = measured.responses[measured.responses["seen_by_s"].notna()]
    counts = answered.groupby(["channel", "what"]).size().sort_values(ascending=False, kind="stable")
    counts = counts[counts >= STEPS_LEAST]
    drawn = []
    for channel, step in list(counts.index)[:CHARTS_MOST]:
        own = measured.responses[(measured.responses["channel"] == channel) & (measured.responses["what"] == step)]
        table = answers_over_time(own, axis.bins)
        if table["p99"].max() > 0:  # under the virtual clock pages answer in no time at all
            drawn.append(answers_chart(table, f"{words.channel_words(channel)}, {step}", axis))
    return tuple(drawn), max(len(counts) - CHARTS_MOST, 0)


def _waits(measured: Measured, axis: TimeAxis, simulated: Run, moved_s: float) -> tuple[charts.Chart, ...]:
    """Draw waits against the band in which a simulation of the same customers expects them."""
    bins = axis.bins
    legs = simulated.table("legs")
    if legs.empty:
        return ()
    expected = band_of(legs, Bins(bins.from_s - moved_s, bins.bin_s, bins.number))
    seen = band_of(measured.legs, bins)
    drawn = []
    for channel in sorted(expected.keys() & seen.keys()):
        band = pd.DataFrame(expected[channel]["wait_s_p50"], columns=["low", "middle", "high"], dtype=float)
        middle = pd.DataFrame(seen[channel]["wait_s_p50"], columns=["low", "measured", "high"], dtype=float)["measured"]
        table = band.assign(from_s=bins.ends_s - bins.bin_s, measured=middle)
        if (table[["high", "measured"]] > 0).to_numpy().any():
            drawn.append(waits_chart(table, words.customers_words(channel), axis))
    return tuple(drawn)
