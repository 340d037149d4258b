"""Scores over runs: what each reached, what changed since the run before, and where runs are not alike.

A change is told only between runs that ask the same: where the journeys differ (any word of theirs), the series begins
anew. All runs are scored on one card, so its version parts nothing here; ratings of another version of it do not count
(ratings.py).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from results.runs import Run
from results.scorecard_text import SHOPS_LEAST
from results.scores import CardScore
from results.statistics import Estimate, replication_estimate
from results.terminal import grid


@dataclass(frozen=True)
class Change:
    """How far a mean score lies from the one before, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def shows(self) -> bool:
        """Say whether it is more than the chance of the two samples."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Point:
    """One run of a series.

    Attributes:
        run: its folder.
        begins: when it began, on the clock of its own zone; empty where it does not tell.
        contacts: how many were scored.
        mean, low, high: of their scores, 0 to 100; nan where none was, or one alone.
        begins_anew: whether it asks something else than the run before.
        change: since the run before; None where the series begins, or where one of the two has too few contacts.
    """

    run: str
    begins: str
    contacts: int
    mean: float
    low: float
    high: float
    begins_anew: bool
    change: Change | None


def trend_of(scored: Sequence[tuple[Run, Sequence[CardScore]]]) -> list[Point]:
    """Return runs in the order in which they began, each held against the one before.

    Args:
        scored: runs with their filled cards, all of one card.
    """
    points: list[Point] = []
    before: tuple[Estimate, int, object] | None = None
    for run, cards in sorted(scored, key=lambda one: _began_s(one[0].facts)):
        values = np.array([one.score for one in cards if not math.isnan(one.score)])
        mean = replication_estimate(values)
        low, high = mean.interval() if len(values) > 1 else (math.nan, math.nan)
        asks = run.facts.get("journeys")
        anew = before is not None and before[2] != asks and None not in (before[2], asks)
        known = before is not None and not anew and min(before[1], len(values)) >= SHOPS_LEAST
        change = _change(before[0], mean) if before is not None and known else None
        points.append(
            Point(str(run.folder), _begins(run.facts), len(values), mean.value, max(low, 0.0), min(high, 100.0), anew,
                  change)
        )  # fmt: skip
        before = (mean, len(values), asks)
    return points


def _began(facts: Mapping[str, Any]) -> datetime.datetime | None:
    """Return when a run began: by the clock of the machine that played it, else where its scenario begins."""
    zone = facts.get("time_zone")
    if isinstance(facts.get("epoch_s"), int | float):
        return datetime.datetime.fromtimestamp(
            facts["epoch_s"], ZoneInfo(zone) if isinstance(zone, str) else datetime.UTC
        )
    try:
        told = datetime.datetime.fromisoformat(str(facts.get("origin", "")).split("[")[0])
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=datetime.UTC)


def _began_s(facts: Mapping[str, Any]) -> float:
    began = _began(facts)
    return -math.inf if began is None else began.timestamp()


def _begins(facts: Mapping[str, Any]) -> str:
    began = _began(facts)
    return "" if began is None else began.isoformat(timespec="minutes")


def _change(before: Estimate, now: Estimate) -> Change:
    """Return the difference of two independent means with Welch's interval (Biometrika 34:28, 1947)."""
    mine, theirs = now.error**2, before.error**2
    freedom = 1.0
    if mine + theirs > 0:
        freedom = (mine + theirs) ** 2 / (mine**2 / now.freedom + theirs**2 / before.freedom)
    difference = Estimate(now.value - before.value, math.sqrt(mine + theirs), freedom)
    return Change(difference.value, *difference.interval())


def trend_text(points: Sequence[Point]) -> str:
    """Return a series as a terminal shows it."""
    head = ["run", "began", "contacts", "score", "since the run before"]
    return "\n".join(["", "Over runs", grid(head, list(_rows(points)), right=(2,))])


def _rows(points: Sequence[Point]) -> Iterator[list[str]]:
    for number, point in enumerate(points):
        score = "-" if math.isnan(point.mean) else f"{point.mean:.0f}"
        if not math.isnan(point.low):
            score += f" ({point.low:.0f} to {point.high:.0f})"
        yield [point.run, point.begins[:16].replace("T", " "), str(point.contacts), score, _since(point, number)]


def _since(point: Point, number: int) -> str:
    if number == 0:
        return ""
    if point.begins_anew:
        return "the journeys differ: begins anew"
    if point.change is None:
        return f"too few contacts, here or before, to tell; {SHOPS_LEAST} is the least"
    change = point.change
    told = f"{change.value:+.0f} ({change.low:+.0f} to {change.high:+.0f})"
    return told if change.shows else f"{told}: may be chance"
