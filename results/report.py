"""The report: one self-contained page that a leader can read, made from two run folders and their comparison.

Nothing on it is fetched from elsewhere and no script runs: its own policy (CSP) forbids both, so a reply that holds
markup stays text. Guarded by tests/results/test_report.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from results import charts, words
from results.clock import RunClock
from results.comparison import Comparison, Row, same_customers, told_by
from results.evidence import browser_journeys, reasons_counted, recognised, sample_transcripts
from results.figures import Figure, worth_telling
from results.journal import answers_to_facts
from results.load_figures import Measured
from results.load_page import has_load_facts, load_view
from results.log import OUR_FAULTS
from results.metrics import contacts_of, values_of
from results.pages import render, title_of
from results.provenance import fact_rows, instrument_view, limits_of, rehearsal_note, run_facts, saturation_lines
from results.reviews import shown
from results.runs import Run, write_whole
from results.score_page import scores_view
from scenarios.metric_names import METRIC_NAMES
from scenarios.scenario import CHANNELS
from scenarios.units import clock_text

OURS = (*OUR_FAULTS, "censored")
"""Ends that say something of us or of when we stopped looking; shown even where there are none."""

OUTCOME_GROUPS = ("resolved", "without a solution", "gave up waiting", "found it closed", "other ends", "ours")

_GROUP_OF = {
    "resolved": "resolved",
    "unresolved": "without a solution",
    "abandoned": "gave up waiting",
    "silent": "gave up waiting",
    "balked": "gave up waiting",
    "closed": "found it closed",
    "cleared_at_close": "found it closed",
    **dict.fromkeys(OURS, "ours"),
}

ANSWERS_MOST = 60
"""So many answers to one question are shown."""


@dataclass(frozen=True)
class RowView:
    """One line of the comparison as it is read."""

    what: str
    definition: str
    meaning: str
    channel: str
    simulated: str
    simulated_interval: str
    measured: str
    measured_interval: str
    difference: str
    difference_interval: str
    tolerance: str
    verdict: str
    reason: str
    sample: str
    drawing: Markup


@dataclass(frozen=True)
class ChannelView:
    """A channel's charts; without any, `words` says why."""

    name: str
    sample: str
    charts: tuple[charts.Chart, ...]
    day_rows: tuple[tuple[str, ...], ...]
    words: str


def write_report(
    path: Path,
    simulated: Run,
    measured: Run,
    comparison: Comparison,
    browser: Run | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write the report of a comparison as one HTML page.

    Args:
        path: the page.
        simulated: the run that holds the band: replications of the measured day's plan.
        measured: a measured or recorded run; the words follow its `source`.
        comparison: what `results.comparison.compare_logs` said of the two.
        browser: a second measured run, without gates, played in a real browser.
        notes: what else should be said, a paragraph each.
    """
    drawn_legs, seen_legs = simulated.table("legs"), measured.table("legs")
    drawn, seen_all = contacts_of(drawn_legs), contacts_of(seen_legs)
    clock = RunClock.of(measured.facts)
    source = str(seen_legs["source"].iloc[0]) if len(seen_legs) else "measured"
    seen = told_by(seen_all)
    samples: dict[str | None, str] = {
        channel: _sample(seen_all, channel) for channel in (*CHANNELS, *_channels(seen_all), None)
    }
    days = int(drawn["replication"].nunique())
    told = words.tell(comparison)
    gates = [_row_view(row, samples) for row in comparison.rows if row.gate]
    page = {
        "title": title_of(measured.facts, simulated.facts),
        "verdict": comparison.verdict,
        "told": told,
        "rehearsal": rehearsal_note(measured.facts),
        "sample": samples[None],
        "source": source,
        "days": days,
        "gates": gates,
        "others": [
            _row_view(row, samples)
            for row in comparison.rows
            if not (row.gate or row.simulated == row.measured == 0)  # nobody waits for a page: no news
        ],
        "channels": [
            _channel_view(channel, drawn, seen, samples[channel], source, clock) for channel in _channels(drawn, seen)
        ],
        "outcomes": _outcomes(drawn_legs, seen_legs, source),
        "reasons_counted": reasons_counted(seen_legs),
        "instrument": instrument_view(measured.facts),
        "saturation": saturation_lines(measured.facts),
        "recorded": source == "recorded",
        "transcripts": sample_transcripts(measured, seen, clock),
        "facts": fact_rows(simulated, measured, days),
        "limits": limits_of(simulated, measured, comparison, seen_all),
        "notes": list(notes),
        "load": load_view(measured, Measured.of(measured), simulated) if has_load_facts(measured) else None,
        "browser": None,
    }
    if browser is not None:
        journeys, left_out = browser_journeys(browser, RunClock.of(browser.facts))
        page["browser"] = {
            "journeys": journeys,
            "left_out": left_out,
            "instrument": instrument_view(browser.facts),
            "facts": run_facts(browser),
        }
    write_whole(path, render("report.html.j2", page))


def write_simulation_report(path: Path, run: Run, metrics: Iterable[Figure]) -> None:
    """Write what a simulated run alone says: the planner's figures, and waits through the day with their band."""
    legs = run.table("legs")
    drawn = contacts_of(legs)
    days = int(drawn["replication"].nunique())
    nobody = drawn.iloc[:0]
    figures = [
        (
            words.metric_words(figure.name, figure.within_s),
            words.definition(figure.name, figure.within_s),
            _about(figure),
            words.amount(figure.value, words.unit_of(figure.name)),
            words.value_span(figure.low, figure.high, words.unit_of(figure.name)),
            f"{figure.n:,}",
        )
        for figure in worth_telling(metrics)
    ]
    page = {
        "title": title_of(run.facts),
        "days": days,
        "contacts": words.counted(round(len(drawn) / max(days, 1)), "contact"),
        "figures": figures,
        "channels": [
            _channel_view(channel, drawn, nobody, "", "", RunClock.of(run.facts))
            for channel in _channels(drawn, nobody)
        ],
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }
    write_whole(path, render("simulation.html.j2", page))


def write_shop_report(path: Path, run: Run) -> None:
    """Write what shoppers alone saw, without a simulation beside it: ends, ladders, transcripts, evidence."""
    legs, whole = shown(run), run.table("legs")
    last = legs.sort_values("leg", kind="stable").groupby("contact_id", sort=False).last()
    journeys, left_out = browser_journeys(run, RunClock.of(run.facts), set(last.index))
    played = last[last["arrived_s"].notna()]
    good = int(played["contact_outcome"].eq("resolved").sum())
    channels = _channels(last)
    ends = [end for end in words.OUTCOME_WORDS if last["contact_outcome"].eq(end).any()]
    page = {
        "title": title_of(run.facts),
        "target": run.facts.get("target", ""),
        "headline": f"{good} of {words.counted(len(played), 'contact')} brought what the customer came for",
        "rehearsal": rehearsal_note(run.facts),
        "held_back": whole["contact_id"].nunique() - len(last),
        "recognised": recognised(run, set(last.index)),
        "outcomes": {
            "channels": [words.channel_words(channel) for channel in channels],
            "rows": [
                (
                    words.OUTCOME_WORDS[end],
                    [
                        int((last["contact_outcome"].eq(end) & last["channel"].eq(channel)).sum())
                        for channel in channels
                    ],
                )
                for end in ends
            ],
        },
        "reasons_counted": reasons_counted(legs),
        "answers": _answers(run, last),
        "scores": scores_view(run, set(last.index)),
        "told": {"journeys": journeys, "left_out": left_out},
        "refused": run.facts.get("refused", []),
        "cleaned": run.facts.get("cleaned", ""),
        "instrument": instrument_view(run.facts),
        "saturation": saturation_lines(run.facts),
        "facts": [(label, value) for label, value in run_facts(run).items() if value],
    }
    write_whole(path, render("shop.html.j2", page))


def _answers(run: Run, shown_contacts: pd.DataFrame) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return, by fact asked for, who was told what: (channel, contact, words), the channels in turn."""
    told: dict[str, list[tuple[str, str, str]]] = {}
    for answer in answers_to_facts(run.folder):
        contact = str(answer["contact_id"])
        if contact in shown_contacts.index:
            channel = words.channel_words(str(shown_contacts.loc[contact, "channel"]))
            told.setdefault(str(answer["fact"]), []).append((channel, contact, str(answer["text"])))
    return [(fact, sorted(answers[:ANSWERS_MOST])) for fact, answers in sorted(told.items())]


def _about(figure: Figure) -> str:
    """Say which contacts or agents a figure is about."""
    where = words.channel_words(figure.channel, figure.team) if figure.channel else figure.team or "all channels"
    return ", ".join(filter(None, (where, figure.intent, figure.interval)))


def _sample(contacts: pd.DataFrame, channel: str | None) -> str:
    chosen = contacts if channel is None else contacts[contacts["channel"] == channel]
    return words.ours_words(len(chosen), int((chosen["played_by"] == "shopper").sum()))


def _channels(*logs: pd.DataFrame) -> list[str]:
    found: set[str] = set().union(*(log["channel"].unique() for log in logs))
    return [*(channel for channel in CHANNELS if channel in found), *sorted(found.difference(CHANNELS))]


def _row_view(row: Row, samples: Mapping[str | None, str]) -> RowView:
    unit = words.unit_of(row.metric)
    level = f"{100 * row.level:.3g} %"
    reach = words.span(row.low, row.high, unit, signed=True)
    tolerance = "" if row.tolerance is None else f"±{words.size(row.tolerance, unit)}"
    difference = words.change(row.difference, unit)
    alt = f"Difference {difference}, {level} interval {reach or 'unknown'}, tolerance {tolerance or 'none'}."
    return RowView(
        words.metric_words(row.metric, row.within_s),
        words.definition(row.metric, row.within_s),
        METRIC_NAMES[row.metric].meaning,
        words.channel_words(row.channel, row.team),
        words.amount(row.simulated, unit),
        words.value_span(row.simulated_low, row.simulated_high, unit),
        words.amount(row.measured, unit),
        words.value_span(row.measured_low, row.measured_high, unit),
        difference,
        f"{reach} ({level})" if reach else "",
        tolerance,
        row.verdict or "",
        row.reason,
        f"{samples[row.channel]}; {row.contacts:,} count here",
        Markup(
            charts.tolerance_drawing(row.difference, row.low, row.high, row.tolerance, alt)
        ),  # numbers and escaped words
    )


def _channel_view(
    channel: str, drawn: pd.DataFrame, seen: pd.DataFrame, sample: str, source: str, clock: RunClock
) -> ChannelView:
    own = seen[seen["channel"] == channel]
    expected = drawn[drawn["channel"] == channel]
    if len(own):
        expected, _ = same_customers(expected, own)
    name, who = words.channel_words(channel), words.customers_words(channel)
    waits, seen_waits = values_of(expected, "wait_s_mean"), values_of(own, "wait_s_mean")
    if not (np.nan_to_num(waits) > 0).any() and not (np.nan_to_num(seen_waits) > 0).any():
        return ChannelView(name, sample, (), (), "Nobody waits here: pages answer at once.")
    day = charts.through_the_day((expected, waits), (own, seen_waits) if source else None, clock)
    drawings = (
        charts.day_chart(day, who, source),
        charts.distribution_chart(charts.distribution((expected, waits), seen_waits if source else None), who, source),
    )
    rows = tuple(
        (
            clock_text(row["from_s"]),
            f"{words.duration(row['low'])} to {words.duration(row['high'])}",
            words.duration(row["middle"]),
            words.duration(row["measured"]),
            f"{row['contacts']:.0f}",
        )
        for row in day.to_dict("records")
    )
    return ChannelView(name, sample, drawings, rows, "")


def _outcomes(drawn: pd.DataFrame, seen: pd.DataFrame, source: str) -> dict[str, Any]:
    """Return how every contact ended, per channel: counts seen, and expected per simulated day of these customers."""
    drawn, seen = drawn[drawn["leg"] == 0], seen[seen["leg"] == 0]
    days = max(int(drawn["replication"].nunique()), 1)
    if len(seen):
        drawn, _ = same_customers(drawn, seen)
    found = Counter(zip(seen["channel"], seen["contact_outcome"], strict=True))
    drawn_counts = Counter(zip(drawn["channel"], drawn["contact_outcome"], strict=True))
    expected = {key: number / days for key, number in drawn_counts.items()}
    channels = _channels(drawn, seen)
    ends = [end for end in words.OUTCOME_WORDS if end not in OURS]
    happened = {end for _, end in (*found, *expected)}
    rows = [
        (
            words.OUTCOME_WORDS[end],
            [(_count(expected.get((c, end), 0.0)), _count(found.get((c, end), 0))) for c in channels],
        )
        for end in (*[end for end in ends if end in happened], *OURS)
    ]
    bars = [
        {
            "bar": f"{words.channel_words(channel)}, {word}",
            "outcome": _GROUP_OF.get(end, "other ends"),
            "contacts": float(n),
        }
        for channel in channels
        for word, counts in (("simulated", expected), (source, found))
        for (at, end), n in counts.items()
        if at == channel
    ]
    frame = pd.DataFrame(bars, columns=["bar", "outcome", "contacts"])
    frame = frame.groupby(["bar", "outcome"], sort=False)[["contacts"]].sum().reset_index()
    groups = [group for group in OUTCOME_GROUPS if group in set(frame["outcome"])]
    message = "How contacts ended, by channel, simulated beside " + source + "; the table below holds the numbers."
    return {
        "channels": [words.channel_words(channel) for channel in channels],
        "rows": rows,
        "ours": {words.OUTCOME_WORDS[end] for end in OURS},
        "svg": charts.outcome_chart(frame, OUTCOME_GROUPS) if len(frame) else "",
        "groups": [(OUTCOME_GROUPS.index(group) + 1, group) for group in groups],
        "message": message,
    }


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"
