"""How a run was made, how fit its instrument was, and what cannot be told from it: read from its run.json.

Every fact is optional: what a run does not say stays empty, and is never taken for good news.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results import words
from results.comparison import CANNOT_TELL, Comparison
from results.runs import FINISHED, Run
from results.saturation import SATURATED
from scenarios.scenario import CHANNELS


@dataclass(frozen=True)
class InstrumentView:
    """What the run says of its own instrument; `fit` is None where it says nothing."""

    fit: bool | None
    reasons: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]


_INSTRUMENT_WORDS = {
    "starts": "contacts started",
    "late_share": "starts more than 50 ms late",
    "late_share_ours": "starts more than 50 ms late by our doing",
    "machine_late_share": "starts more than 50 ms late by the machine's doing",
    "late_5ms_share": "starts more than 5 ms late",
    "late_5ms_share_ours": "starts more than 5 ms late by our doing",
    "late_s_p50": "lateness of starts, median",
    "late_s_p95": "lateness of starts, 95th percentile",
    "late_s_p99": "lateness of starts, 99th percentile",
    "late_s_p995": "lateness of starts, 99.5th percentile",
    "error_s_p95": "error of the instrument, 95th percentile",
    "loop_lag_s_p95": "lag of our own loop, 95th percentile",
    "cpu_busy_s": "longest time our own processor was above 85 %",
    "cpu_share_peak": "most of a core that we used over 5 s",
    "descriptors_most": "descriptors open, at most",
    "descriptors_limit": "descriptors that we may have open",
    "control_timer": "a control timer watched the machine to the end",
    "control_late_5ms_share": "wakes of the control timer more than 5 ms late",
}


def instrument_view(facts: Mapping[str, Any]) -> InstrumentView:
    """Return what a run's facts say of its instrument (`instrument`: fit, reasons, and figures by name)."""
    told = facts.get("instrument")
    if not isinstance(told, Mapping):
        return InstrumentView(None, (), ())
    rows = [
        (_INSTRUMENT_WORDS.get(name, name.replace("_", " ")), _instrument_value(name, value))
        for name, value in told.items()
        if name not in ("fit", "reasons") and isinstance(value, bool | int | float | str)
    ]
    rows += [("to be known", str(warning)) for warning in told.get("warnings") or ()]
    fit = told.get("fit")
    return InstrumentView(None if fit is None else bool(fit), tuple(map(str, told.get("reasons") or ())), tuple(rows))


def _instrument_value(name: str, value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if "share" in name:
        return f"{100 * value:.2g} %"
    if re.search(r"_s(_|$)", name):
        return f"{1000 * value:.3g} ms" if 0 < abs(value) < 1 else words.duration(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def saturation_lines(facts: Mapping[str, Any], only_saturated: bool = False) -> list[str]:
    """Return what a run's facts say of whether the desk was saturated (`saturation`), a sentence for each channel.

    A channel that says the same as the whole website is left out; so is all but saturation with `only_saturated`.
    """
    told = [one for one in facts.get("saturation") or () if isinstance(one, Mapping)]
    website = next((one for one in told if one.get("channel") is None), {})
    news = [one for one in told if one is website or {**one, "channel": None} != website]
    return [_saturation_line(one) for one in news if not only_saturated or one["verdict"] == SATURATED]


def _saturation_line(told: Mapping[str, Any]) -> str:
    name = "Website" if told["channel"] is None else words.channel_words(told["channel"])
    if told["verdict"] == CANNOT_TELL:
        return f"{name}: cannot tell whether it was saturated: {told['reason']}."
    if told["verdict"] != SATURATED:
        return f"{name}: not saturated; at most {told['at_once_most']:,} at once were seen."
    at = f"{told['saturated_at']:,.0f}"
    if told["low"] is not None:
        at = f"about {told['saturated_at']:.3g} ({told['low']:.3g} to {told['high']:.3g}, estimated by Little's law)"
    return (
        f"{name}: saturated at {at} at once, for {words.duration(told['lasted_s'])}; up to "
        f"{told['waited_most']:,} waited for a first sign, and {told['served_per_minute']:,.3g} a minute were served."
    )


def fact_rows(simulated: Run, measured: Run, days: int) -> list[tuple[str, str, str]]:
    """Return (label, simulated, measured) for all that the two runs say of themselves."""
    left, right = run_facts(simulated) | {"Replications": str(days)}, run_facts(measured)
    rows = [(label, left.get(label, ""), right.get(label, "")) for label in left | right]
    return [row for row in rows if row[1] or row[2]]


def run_facts(run: Run) -> dict[str, str]:
    """Return what a run says of itself by label; empty where it does not say."""
    charter = run.facts.get("charter")
    facts = dict(run.facts)
    if isinstance(charter, Mapping):
        facts |= {f"charter.{key}": value for key, value in charter.items()}
    if isinstance(facts.get("of"), Mapping):
        facts |= {f"of.{key}": value for key, value in facts["of"].items()}
    labelled = {
        "Run": "run_id", "Log": "of.run_id", "The log is": "of.kind", "State": "state",
        "Scenario": "scenario", "Scenario hash": "scenario_hash", "Seed": "seed",
        "Profile": "profile", "Volumes times": "factor",
        "Origin": "origin", "Time zone": "time_zone", "Clock": "clock", "Scale": "scale", "Target": "target",
        "Charter owner": "charter.owner", "Charter hash": "charter.hash", "Charter": "charter.kind",
        "Purpose": "charter.purpose", "Engine": "engine",
        "Mapping": "mapping", "Misconduct": "misconduct", "Machine": "machine", "Versions": "versions",
    }  # fmt: skip
    return {label: _fact(facts.get(key)) for label, key in labelled.items()}


def _fact(value: object) -> str:
    if value is None or value == "" or value == {}:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_fact(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_fact(part) for part in value)
    return str(value)


def rehearsal_note(facts: Mapping[str, Any]) -> str:
    """Return what a leader must know of a run on the rehearsal desk; nothing for a real one."""
    if not facts.get("rehearsal"):
        return ""
    return (
        "Measured on the rehearsal desk, which a scenario staffs: it shows what these shops can and cannot notice, "
        "not how your own desk is. For that, shop your own."
    )


def limits_of(simulated: Run, measured: Run, comparison: Comparison, seen: pd.DataFrame) -> list[str]:
    """Return what cannot be told from this comparison."""
    facts: Mapping[str, Any] = measured.facts
    limits: list[str] = []
    hashes = {str(run.facts["scenario_hash"]) for run in (simulated, measured) if run.facts.get("scenario_hash")}
    if len(hashes) > 1:
        limits.append("The two runs come from different versions of the scenario: their difference is also that.")
    if facts.get("state", FINISHED) != FINISHED:
        limits.append(f"The measured run is {facts['state']}, not finished: what came later is not in it.")
    for row in comparison.rows:
        if row.gate and row.verdict == CANNOT_TELL:
            name = words.metric_words(row.metric, row.within_s)
            limits.append(f"{words.channel_words(row.channel, row.team)}, {name}: {row.reason}.")
    if facts.get("clock") == "virtual":
        limits.append("Under the virtual clock no real time passes: how fast networks and browsers are is not told.")
    if len(seen) and seen["arrived_s"].max() - seen["arrived_s"].min() < 86_400:
        limits.append("One day was observed. Another day of the week, or a season, may be different.")
    ours = set(seen.loc[seen["played_by"] == "shopper", "channel"])
    silent = [words.channel_words(channel) for channel in CHANNELS if channel in set(seen["channel"]) - ours]
    if silent and ours:
        limits.append(f"None of our own contacts used {', '.join(silent)}: nothing was measured there.")
    return limits
