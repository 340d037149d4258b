"""How a load test is told: its thresholds in plain words, and whether they held in a sentence.

>>> threshold_words(Threshold(metric="response_s_p99", step="open", at_most=2))
'First answer that 99 of 100 do not exceed'
"""

from __future__ import annotations

from collections.abc import Sequence

from results.load_figures import Checked
from results.load_tables import amount_text, bound_text
from results.words import channel_words, metric_words
from scenarios.thresholds import PERCENTS, RESPONSE_NAMES, THRESHOLD_NAMES, Threshold

HELD, BROKEN, CANNOT_TELL = "held", "broken", "cannot tell"

_WORDS = {
    **{
        f"response_s_{name}": f"First answer that {percent:g} of 100 do not exceed"
        for name, percent in PERCENTS.items()
    },
    "response_s_max": "Longest first answer",
    "unanswered_share": "Steps that nothing answered",
    "error_share": "Contacts that the desk failed",
    "failed_share": "Contacts that we failed",
    "drop_share": "Contacts that we never began",
    "withheld_share": "Contacts that the charter forbade",
}


def threshold_words(threshold: Threshold) -> str:
    """Say what a threshold is about, without its stage, channel and step."""
    return _WORDS.get(threshold.metric) or metric_words(threshold.metric, threshold.within_s)


def where_words(threshold: Threshold) -> str:
    """Say of which stage, channel and step a threshold is, and from when its times count."""
    parts = [f"stage {threshold.stage}"] if threshold.stage is not None else []
    if threshold.channel is not None:
        parts.append(channel_words(threshold.channel))
    if threshold.step is not None:
        parts.append(threshold.step)
    if threshold.metric in RESPONSE_NAMES and threshold.metric != "unanswered_share":
        parts.append(f"from the {threshold.measured} start")
    return ", ".join(parts) or "the whole run"


def verdict_of(one: Checked) -> str:
    """Name what came out of a threshold."""
    return CANNOT_TELL if one.kept is None else HELD if one.kept else BROKEN


def verdict_of_all(checked: Sequence[Checked]) -> str:
    """Name what came out of all thresholds: what cannot be told is never held."""
    found = {verdict_of(one) for one in checked}
    return BROKEN if BROKEN in found else CANNOT_TELL if CANNOT_TELL in found else HELD


def sentence_of(checked: Sequence[Checked]) -> str:
    """Say in a sentence whether thresholds held."""
    broken, untold = (sum(verdict_of(one) == verdict for one in checked) for verdict in (BROKEN, CANNOT_TELL))
    all_of = f"{len(checked)} thresholds" if len(checked) != 1 else "threshold"
    if broken == len(checked):
        return f"All {all_of} were broken." if len(checked) > 1 else "The threshold was broken."
    if broken:
        return f"{broken} of {all_of} {'was' if broken == 1 else 'were'} broken."
    if untold:
        return f"We cannot tell whether {'all' if len(checked) > 1 else 'the'} {all_of} held."
    return f"All {all_of} held." if len(checked) > 1 else "The threshold held."


def worst_words(checked: Sequence[Checked]) -> str:
    """Say of which broken threshold the value lies furthest beyond its bound; nothing where none is broken."""
    broken = [one for one in checked if one.kept is False]
    if not broken:
        return ""
    worst = max(broken, key=_beyond)
    threshold = worst.threshold
    what = threshold_words(threshold)
    more = f" {len(broken) - 1} more below." if len(broken) > 1 else ""
    return (
        f"{what} ({where_words(threshold)}): {amount_text(worst.value, threshold.metric)}, and "
        f"{bound_text(threshold)} was wanted.{more}"
    )


def _beyond(one: Checked) -> float:
    threshold = one.threshold
    least = 0.001 if THRESHOLD_NAMES[threshold.metric].unit == "s" else 0.01
    return times_beyond(one.value, threshold.at_least, threshold.at_most, least)


def times_beyond(value: float, at_least: float | None, at_most: float | None, least: float = 0.01) -> float:
    """Return how many times its bound a value is, or its bound the value; below `least` all counts as so much.

    >>> times_beyond(30.0, None, 10.0), times_beyond(0.25, 0.5, None), times_beyond(0.2, None, 0.0)
    (3.0, 2.0, 20.0)
    """
    over, under = (at_least, value) if at_least is not None else (value, at_most or 0.0)
    return max(over, least) / max(under, least)
