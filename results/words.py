"""How a comparison is told: in a sentence for a leader, as text for a terminal, as JSON for a program.

Holds every word and number format that the report and the terminal share; decides nothing. Seconds and shares are
formatted here and nowhere earlier.

>>> duration(41.4), duration(754), share(0.1234), change(-0.031, "share")
('41 s', '12 min 34 s', '12.3 %', '−3.1 points')
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from results.comparison import AGREES, CANNOT_TELL, CONTACTS_LEAST, DIFFERS, Comparison, Row
from scenarios.metric_names import ALL_NAMES

TEXT_WIDTH = 110

NOTHING = "–"
"""What is written where there is no value: never 0."""

CHANNEL_WORDS = {
    "phone": "Phone",
    "chat": "Chat",
    "email": "E-mail",
    "form": "Web form",
    "faq": "Help pages",
    "social": "Social media",
    "app": "App",
    "in_person": "In person",
}

_CUSTOMERS = {
    "email": "E-mail customers",
    "faq": "Help page visitors",
    "form": "Web form customers",
    "in_person": "Visitors",
}

_METRIC_WORDS = {
    "wait_s_mean": "Mean wait of everyone who asked",
    "wait_answered_s_mean": "Mean wait of those who were answered",
    "waited_share": "Had to wait at all",
    "service_level_offered": "Answered within {within}",
    "service_level_offered_less_quick": "Answered within {within}, quick give-ups left out",
    "service_level_answered_or_abandoned": "Answered or gone within {within}",
    "service_level_answered": "Of those answered: within {within}",
    "on_time_share": "Answered on time, within {within}",
    "wait_excess_s_mean": "Mean wait beyond {within}, of everyone who asked",
    "wait_late_s_mean": "Mean wait beyond {within}, of those who waited longer",
    "abandonment": "Gave up waiting",
    "blocked_share": "Found every line taken",
    "answered_share": "Were answered at all",
    "occupancy": "Share of their time that agents are busy",
    "concurrency_mean": "Contacts that a busy agent has at once",
    "queue_mean": "Customers who wait at a time",
    "backlog_mean": "Left waiting at the end of a day",
    "backlog_age_s_mean": "Age of the oldest that is left at the end of a day",
    "backlog_age_s_max": "Age of the oldest that is ever left at the end of a day",
    "utilisation": "Share of their paid time that agents are busy",
    "still_waiting_share": "Still waiting when the run ended",
    "handle_s_mean": "Time an agent needs for one contact",
    "talk_s_mean": "Time a customer spends with an agent",
    "transfer_share": "Passed on to another team",
    "contained_share": "Found the answer without a person",
    "wait_all_legs_s_mean": "Mean wait in all queues of a contact",
    "legs_mean": "Queues that an answered contact went through",
    "retellings_mean": "Times the story was told again in one contact",
    "promised_share": "Were promised something for later",
    "promises_kept_share": "Promises kept in time",
    "balked_share": "Turned away by the announced wait",
    "silent_share": "Left without a word",
    "message_share": "Left a message",
    "callback_share": "Promised a call back",
    "cleared_share": "Sent away at closing time",
    "cut_off_share": "Cut off",
    "escalated_share": "Escalated",
    "deflected_share": "Sent to another channel",
    "customers_answered_share": "Customers who were answered in the end",
    "customer_resolved_share": "Customers who got a solution in the end",
    "customer_wait_s_mean": "Mean wait of a customer over all attempts",
    "attempts_mean": "Attempts that a customer makes",
    "customer_retellings_mean": "Times a customer told the story again",
}

_SHARE_WORDS = {
    "on_time_share": "are answered on time",
    "promised_share": "are promised something for later",
    "promises_kept_share": "of the promises are kept in time",
    "balked_share": "are turned away by the announced wait",
    "silent_share": "leave without a word",
    "message_share": "leave a message",
    "callback_share": "are promised a call back",
    "cleared_share": "are sent away at closing time",
    "cut_off_share": "are cut off",
    "escalated_share": "are escalated",
    "deflected_share": "are sent to another channel",
    "customers_answered_share": "are answered in the end",
    "customer_resolved_share": "get a solution in the end",
}
"""What those do whom a share counts, where a sentence of its own would say no more."""

_PERCENTILE_WORDS = {
    "wait_s_mean": "Wait that {percent} of 100 do not exceed",
    "wait_answered_s_mean": "Wait that {percent} of 100 who were answered do not exceed",
    "handle_s_mean": "Time with agents that {percent} of 100 contacts do not exceed",
}

OUTCOME_WORDS = {
    "resolved": "resolved",
    "unresolved": "ended without a solution",
    "escalated": "escalated",
    "cut_off": "cut off",
    "abandoned": "gave up waiting",
    "silent": "left without a word",
    "balked": "turned away by the announced wait",
    "blocked": "found every line taken",
    "message": "left a message",
    "cleared_at_close": "sent away at closing time",
    "deflected": "sent to another channel",
    "callback": "promised a call back",
    "closed": "found it closed",
    "target_error": "the desk itself failed",
    "censored": "still open when the run ended",
    "failed": "our probe failed",
    "unstarted": "we could not start in time",
    "withheld": "the charter forbade it",
    "not_come": "had not come when the run ended",
}

RUNG_WORDS = {
    "accepted": "Accepted",
    "automatic_reply": "Automatic reply",
    "bot": "Bot answered",
    "queue_position": "Told the place in the queue",
    "first_human": "First human",
    "first_useful_answer": "First useful answer",
    "resolved": "Resolved",
    "promise_kept": "Promise kept",
}


def duration(time_s: float) -> str:
    """Write seconds as a person would: seconds below 100, then minutes, then hours."""
    if not math.isfinite(time_s):
        return NOTHING
    sign, size_s = ("−" if round(time_s, 1) < 0 else ""), abs(time_s)
    if size_s < 1e-9:
        return "0 s"
    if size_s < 9.95:
        return f"{sign}{size_s:.1f} s"
    if size_s < 99.5:
        return f"{sign}{size_s:.0f} s"
    minutes, seconds = divmod(round(size_s), 60)
    if minutes < 60:
        return f"{sign}{minutes} min {seconds} s" if seconds else f"{sign}{minutes} min"
    hours, minutes = divmod(round(size_s / 60), 60)
    return f"{sign}{hours} h {minutes} min" if minutes else f"{sign}{hours} h"


def share(value: float) -> str:
    """Write a share as per cent."""
    return NOTHING if not math.isfinite(value) else f"{100 * value:.1f} %".replace("-", "−")


def count(value: float) -> str:
    """Write a mean of counts."""
    return NOTHING if not math.isfinite(value) else f"{value:.2f}".replace("-", "−")


def amount(value: float, unit: str) -> str:
    """Write a value of a metric in its unit: `s`, `share` or `count`."""
    return duration(value) if unit == "s" else share(value) if unit == "share" else count(value)


def size(value: float, unit: str) -> str:
    """Write how large a difference or tolerance is, without its sign."""
    if not math.isfinite(value):
        return NOTHING
    return (
        duration(abs(value))
        if unit == "s"
        else f"{100 * abs(value):.1f} points"
        if unit == "share"
        else count(abs(value))
    )


def change(value: float, unit: str) -> str:
    """Write a difference with its sign; a difference of shares is in points."""
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else ("+∞" if value > 0 else "−∞")
    rounded = round(value, {"s": 1, "share": 3, "count": 2}[unit])
    return ("+" if rounded > 0 else "−" if rounded < 0 else "") + size(value, unit)


def span(low: float, high: float, unit: str, signed: bool = False) -> str:
    """Write an interval, its unit once where both ends share it; nothing where an end is not known.

    >>> span(45.2, 49.1, "s"), span(-0.188, -0.114, "share", signed=True), span(50, 150, "s")
    ('45 to 49 s', '−18.8 to −11.4 points', '50 s to 2 min 30 s')
    """
    if math.isnan(low) or math.isnan(high) or (math.isinf(low) and not signed):
        return ""
    left, right = (change(end, unit) if signed else amount(end, unit) for end in (low, high))
    for tail in (" s", " %", " points"):
        plain = left.removesuffix(tail)
        if left.endswith(tail) and right.endswith(tail) and " " not in plain and " " not in right.removesuffix(tail):
            return f"{plain} to {right}"
    return f"{left} to {right}"


def value_span(low: float, high: float, unit: str) -> str:
    """Write the interval of a wait or a share, cut to what such a value can be.

    >>> value_span(-3.8, 15, "s"), value_span(0.97, 1.02, "share")
    ('0 to 15 s', '97.0 to 100.0 %')
    """
    return span(max(low, 0.0), min(high, 1.0) if unit == "share" else high, unit)


def counted(number: int, noun: str) -> str:
    """Write a count with its noun.

    >>> counted(1, "contact"), counted(2491, "contact")
    ('1 contact', '2,491 contacts')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unit_of(metric: str) -> str:
    """Return the metric's unit: `s`, `share` or `count`."""
    return ALL_NAMES[metric].unit


def metric_words(metric: str, within_s: float | None = None) -> str:
    """Say what a metric tells, without its definition's name."""
    percentile = ALL_NAMES[metric].percentile
    if percentile is not None:
        return _PERCENTILE_WORDS[percentile.of].format(percent=percentile.percent)
    return _METRIC_WORDS[metric].format(within="T" if within_s is None else duration(within_s))


def definition(metric: str, within_s: float | None = None) -> str:
    """Name a metric's definition with its threshold, as a scenario does.

    >>> definition("service_level_offered", 60)
    'service_level_offered within 60 s'
    """
    return metric if within_s is None else f"{metric} within {within_s:g} s"


def channel_words(channel: str, team: str | None = None) -> str:
    """Name a channel, and the team where one is meant."""
    name = CHANNEL_WORDS.get(channel, channel.capitalize())
    return name if team is None else f"{name}, {team}"


def customers_words(channel: str, team: str | None = None) -> str:
    """Name those who use a channel."""
    name = _CUSTOMERS.get(channel, f"{CHANNEL_WORDS.get(channel, channel.capitalize())} customers")
    return name if team is None else f"{name} of {team}"


def ours_words(contacts: int, ours: int) -> str:
    """Say how many contacts stand behind a verdict, and which share of them we made ourselves.

    >>> ours_words(2491, 1240)
    '2,491 contacts, 50 % of them ours'
    """
    if not contacts:
        return "no contacts"
    part = 100 * ours / contacts
    written = f"{part:.0f}" if part in (0, 100) or 1 <= part <= 99 else "less than 1" if part < 1 else "more than 99"
    return f"{counted(contacts, 'contact')}, {written} % of them ours"


@dataclass(frozen=True)
class Told:
    """A verdict in plain words: one sentence, and what must be said beside it."""

    sentence: str
    beside: str


def tell(comparison: Comparison) -> Told:
    """Say in plain words what came out."""
    gates = [row for row in comparison.rows if row.gate]
    found = [row for row in gates if row.verdict == comparison.verdict]
    if comparison.verdict == DIFFERS:
        return _tell_difference(gates, found)
    if comparison.verdict == CANNOT_TELL:
        return _tell_missing(comparison, gates, found)
    held = f"All {len(gates)} deciding figures lie" if len(gates) > 1 else "The deciding figure lies"
    return Told(
        f"What you believe about {_channels(gates)} holds.",
        f"{held} within the tolerance you set, and the sample is large enough to say so.",
    )


def _channels(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(channel_words(row.channel) for row in rows))
    names = [name if name[1:2].isupper() else name[0].lower() + name[1:] for name in names]
    return listed(names)


def listed(names: Sequence[str]) -> str:
    """Write names as one says them, with `and` before the last."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "your operation"


def _tell_difference(gates: Sequence[Row], found: Sequence[Row]) -> Told:
    worst = max(found, key=lambda row: abs(row.difference) / (row.tolerance or math.inf))
    others = [row for row in found if row is not worst]
    beside = []
    if others:
        named = [f"{metric_words(row.metric, row.within_s)} ({channel_words(row.channel, row.team)})" for row in others]
        beside.append(f"Also different from what you believe: {listed(named)}.")
    holding = sum(row.verdict == AGREES for row in gates)
    open_ = sum(row.verdict == CANNOT_TELL for row in gates)
    if holding:
        beside.append(f"{holding} of {len(gates)} deciding figures {'hold' if holding > 1 else 'holds'}.")
    if open_:
        beside.append(f"{open_} of {len(gates)} we cannot tell.")
    return Told(_difference_sentence(worst), " ".join(beside))


def _difference_sentence(row: Row) -> str:
    unit, more = unit_of(row.metric), row.difference > 0
    customers = customers_words(row.channel, row.team)
    channel = customers[0].lower() + customers[1:] if not customers.startswith("E-") else customers
    by = size(row.difference, unit)
    instead = f"{amount(row.measured, unit)} instead of {amount(row.simulated, unit)}."
    of_hundred = f"{max(1, round(100 * abs(row.difference)))} {'more' if more else 'fewer'} of 100 {channel}"
    within = "" if row.within_s is None else f" within {duration(row.within_s)}"
    match row.metric:
        case "wait_s_mean" | "wait_answered_s_mean":
            who = f"{customers} who are answered" if row.metric == "wait_answered_s_mean" else customers
            return f"{who} wait {by} {'longer' if more else 'less'} than you believe: {instead}"
        case "handle_s_mean":
            contact = f"{channel_words(row.channel, row.team).lower()} contact"
            return f"Agents need {by} {'more' if more else 'less'} for each {contact} than you believe: {instead}"
        case "talk_s_mean":
            length = "longer" if more else "less long"
            return f"{customers} spend {by} {length} with an agent than you believe: {instead}"
        case "abandonment":
            return f"{of_hundred} give up waiting than you believe: {instead}"
        case "waited_share":
            return f"{of_hundred} have to wait at all than you believe: {instead}"
        case "blocked_share":
            return f"{of_hundred} find every line taken than you believe: {instead}"
        case "still_waiting_share":
            return f"{of_hundred} still wait at the end than you believe: {instead}"
        case "answered_share":
            return f"{of_hundred} are answered at all than you believe: {instead}"
        case "transfer_share":
            return f"{of_hundred} are passed on to another team than you believe: {instead}"
        case "contained_share":
            return f"{of_hundred} find their answer without a person than you believe: {instead}"
        case "service_level_answered_or_abandoned":
            return f"{of_hundred} are answered or gone{within} than you believe: {instead}"
    if unit == "s":
        what = metric_words(row.metric, row.within_s)
        longer = "longer" if more else "shorter"
        return f"{customers}: {what[0].lower()}{what[1:]} is {by} {longer} than you believe: {instead}"
    if unit == "count":
        what, rather = metric_words(row.metric), "more" if more else "fewer"
        return f"{customers}: {what[0].lower()}{what[1:]} are {by} {rather} than you believe: {instead}"
    if row.metric in _SHARE_WORDS:
        return f"{of_hundred} {_SHARE_WORDS[row.metric]} than you believe: {instead}"
    return f"{of_hundred} are answered{within} than you believe: {instead}"


def _tell_missing(comparison: Comparison, gates: Sequence[Row], found: Sequence[Row]) -> Told:
    if not gates:
        return Told("We cannot tell: the scenario names no gates, so nothing can decide.", "")
    about = f"We cannot tell yet whether what you believe about {_channels(found)} holds"
    few = [row for row in found if row.contacts_needed is None and row.contacts < CONTACTS_LEAST]
    short = [row for row in found if row.contacts_needed is not None]
    if few:
        had: dict[str, int] = {}
        for row in few:
            had[row.channel] = min(row.contacts, had.get(row.channel, row.contacts))
        counts = [f"{n or 'no'} {channel_words(channel).lower()}" for channel, n in had.items()]
        sentence = (
            f"{about}: {listed(counts)} contact{'' if list(had.values()) == [1] else 's'} could be used, "
            f"and fewer than {CONTACTS_LEAST} prove nothing."
        )
    elif short:
        most = max(short, key=lambda row: (row.contacts_needed or 0) / max(row.contacts, 1))
        sentence = (
            f"{about}: about {most.contacts_needed:,} {channel_words(most.channel).lower()} contacts like these "
            f"would decide; we had {most.contacts:,}."
        )
    else:
        sentence = f"{about}: {found[0].reason}."
    holding = sum(row.verdict == AGREES for row in gates)
    beside = f"{holding} of {len(gates)} deciding figures hold; the others are open." if holding else ""
    return Told(sentence, beside)


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as the JSON document of `testdrive compare --json`; what is not a number is null."""
    rows = []
    for row in comparison.rows:
        rows.append({name: _plain(value) for name, value in vars(row).items()})
    return {"verdict": comparison.verdict, "reasons": list(comparison.reasons), "rows": rows}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def comparison_text(comparison: Comparison, source: str = "measured", note: str = "") -> str:
    """Return the comparison as text for a terminal, at most 110 columns wide.

    Args:
        comparison: what to tell.
        source: measured or recorded.
        note: a sentence beside the verdict.
    """
    told = tell(comparison)
    lines = _wrapped(f"{comparison.verdict.upper()}: {told.sentence}", 0)
    for beside in (told.beside, note):
        if beside:
            lines += _wrapped(beside, 0)
    for heading, gate in (("deciding figures", True), ("for information", False)):
        rows = [row for row in comparison.rows if row.gate is gate]
        if rows:
            lines += [
                "",
                _line(heading, "channel", "simulated", source, "difference (interval)", "verdict" if gate else ""),
            ]
            lines.append("-" * TEXT_WIDTH)
            for row in rows:
                lines += _row_lines(row)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row_lines(row: Row) -> list[str]:
    unit = unit_of(row.metric)
    lines = [
        _line(
            row.metric if row.within_s is None else f"{row.metric} ≤{row.within_s:g}s",
            row.channel,
            _short(row.simulated, unit),
            _short(row.measured, unit),
            f"{_short(row.difference, unit, '+')} ({_short(row.low, unit, '+')} .. {_short(row.high, unit, '+')})",
            row.verdict or "",
        )
    ]
    if row.gate:
        tolerance = "no tolerance" if row.tolerance is None else f"tolerance ±{_short(row.tolerance, unit)}"
        team = "" if row.team is None else f"team {row.team}; "
        lines += _wrapped(f"{team}{tolerance}; {row.contacts:,} of {row.contacts_all:,} contacts; {row.reason}", 4)
    return lines


def _short(value: float, unit: str, sign: str = "") -> str:
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "+inf" if value > 0 else "-inf"
    if unit == "s":
        return f"{value:{sign}.1f}s" if abs(value) < 1000 else f"{value:{sign}.0f}s"
    if unit == "count":
        return f"{value:{sign}.2f}"
    return f"{100 * value:{sign}.1f}%"


def _line(name: str, channel: str, simulated: str, measured: str, difference: str, verdict: str) -> str:
    name = name if len(name) <= 38 else f"{name[:37]}…"
    return f"{name:<38} {channel:<7} {simulated:>9} {measured:>9}  {difference:<30} {verdict}"


def _wrapped(text: str, indent: int) -> list[str]:
    lines, current = [], " " * indent
    for word in text.split():
        if len(current) + len(word) + 1 > TEXT_WIDTH and current.strip():
            lines.append(current)
            current = " " * indent
        current += word if not current.strip() else f" {word}"
    return [*lines, current]
