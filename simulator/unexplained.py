"""What a fitted scenario leaves unexplained, in words: what a calibration would still add.

Holds recorded minus simulated for what a fit does not aim at, over all and by time of day, and says which belief could
be behind it. Refuses verdicts: those are `results.comparison`'s.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from results.clock import RunClock
from results.metrics import contacts_of, values_of
from scenarios.units import clock_text

POINTS_TOLD = 0.02
"""Shares that differ by less than two points are not worth a sentence."""

RELATIVE_TOLD = 0.10

BLOCKS_S = tuple(hour * 3600 for hour in (0, 4, 7, 10, 13, 16, 19, 22, 24))
BLOCK_CONTACTS_LEAST = 100
QUICK_S, SOON_S = 20.0, 60.0


def unexplained(simulated: pd.DataFrame, recorded: pd.DataFrame, clock: RunClock | None = None) -> list[str]:
    """Say what of a recorded log the simulated one does not explain, a sentence or two per finding.

    Args:
        simulated: legs of a fitted scenario, any number of replications.
        recorded: the legs it was fitted to.
        clock: both runs'; without one, days of 24 hours from midnight.
    """
    expected, seen = (_with_clock(contacts_of(legs), clock or RunClock()) for legs in (simulated, recorded))
    notes = []
    for channel in sorted(set(seen["channel"])):
        both = expected[expected["channel"] == channel], seen[seen["channel"] == channel]
        notes += [f"{channel}: {note}" for note in _notes(*both)]
    return notes


def _notes(expected: pd.DataFrame, seen: pd.DataFrame) -> Iterator[str]:
    if expected.empty:
        yield "recorded, but nothing of it is simulated."
        return
    gave_up = _both(expected, seen, "abandonment")
    yield (
        f"abandonment is {gave_up[1]:.1%} recorded and {gave_up[0]:.1%} simulated. Seats and wrap-up were read without "
        f"looking at it; one factor on wrap-up, calibrated to it, would take up the {_points(gave_up)} that remain."
    )
    wait = _both(expected, seen, "wait_s_mean")
    if wait[1] and abs(wait[0] / wait[1] - 1) > RELATIVE_TOLD:
        yield f"the mean wait is {wait[1]:.0f} s recorded and {wait[0]:.0f} s simulated; the same factor moves it too."
    yield from _soon(expected, seen)
    yield from _through_the_day(expected, seen)


def _soon(expected: pd.DataFrame, seen: pd.DataFrame) -> Iterator[str]:
    """Tell of quick answers, which depend on who is free in calm moments."""
    quick = _both(expected, seen, "service_level_offered", QUICK_S)
    if abs(quick[0] - quick[1]) <= POINTS_TOLD:
        return
    soon = _both(expected, seen, "service_level_offered", SOON_S)
    side = "high" if quick[0] > quick[1] else "low"
    text = (
        f"answers within {QUICK_S:.0f} s are {quick[1]:.1%} recorded and {quick[0]:.1%} simulated, {_points(quick)} "
        f"too {side} (within {SOON_S:.0f} s: {soon[1]:.1%} and {soon[0]:.1%})."
    )
    if side == "high":
        text += (
            " Agents rest while nobody waits and come back when a queue forms; the fitted wrap-up is the same at any"
            " moment. Only a wrap-up that depends on the queue would close this, no factor can."
        )
    yield text


def _through_the_day(expected: pd.DataFrame, seen: pd.DataFrame) -> Iterator[str]:
    """Tell when in the day abandonment is off, and whether talk times then differ from the law."""
    off, talk_differs = [], False
    for begins, ends in itertools.pairwise(BLOCKS_S):
        then, now = _within(expected, begins, ends), _within(seen, begins, ends)
        if len(now) < BLOCK_CONTACTS_LEAST or then.empty:
            continue
        gave_up = _both(then, now, "abandonment")
        if abs(gave_up[0] - gave_up[1]) <= POINTS_TOLD:
            continue
        talk = _both(then, now, "talk_s_mean")
        part = f"{clock_text(begins)}-{clock_text(ends)} {gave_up[1]:.1%} recorded, {gave_up[0]:.1%} simulated"
        if abs(talk[0] - talk[1]) > RELATIVE_TOLD / 2 * talk[1]:
            part += f" (talk {talk[1]:.0f} s against {talk[0]:.0f} s)"
            talk_differs = True
        off.append(part)
    if off:
        text = f"abandonment is off by more than {POINTS_TOLD * 100:.0f} points at {'; '.join(off)}."
        if talk_differs:
            text += " One talk law serves the whole day; a law for each part of it would narrow this."
        yield text


def _within(contacts: pd.DataFrame, begins: int, ends: int) -> pd.DataFrame:
    return contacts[contacts["of_day_s"].between(begins, ends, inclusive="left")]


def _with_clock(contacts: pd.DataFrame, clock: RunClock) -> pd.DataFrame:
    return contacts.assign(of_day_s=clock.of_day_s(contacts["arrived_s"].to_numpy(dtype=np.float64)))


def _both(
    expected: pd.DataFrame, seen: pd.DataFrame, metric: str, within_s: float | None = None
) -> tuple[float, float]:
    """Return a metric as simulated and as recorded."""
    simulated, recorded = (values_of(contacts, metric, within_s) for contacts in (expected, seen))
    return _mean(simulated), _mean(recorded)


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _points(shares: tuple[float, float]) -> str:
    return f"{abs(shares[0] - shares[1]) * 100:.1f} points"
