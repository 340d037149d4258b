"""Ends a run as soon as a threshold that may end one is broken for sure.

Where one process plays a run it counts and decides (`EarlyEnd`); where several do, each counts (`results.live_counts`),
and whoever leads them adds up and decides (`decided`). How sure that is, `results.aborting` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probes.clock import Clock
from probes.crowd.crowd import Crowd
from results.aborting import Aborted, added
from results.live_counts import LiveCounts
from results.runs import Run
from scenarios.thresholds import Threshold


def aborting(thresholds: Iterable[Threshold]) -> tuple[Threshold, ...]:
    """Return those of a scenario's thresholds that may end a run."""
    return tuple(threshold for threshold in thresholds if threshold.abort)


def decided(
    thresholds: Sequence[Threshold], parts: Iterable[Sequence[Sequence[int]]], run: Run, now_s: float
) -> Aborted | None:
    """Say whether a run is to end, by what its parts have counted; its run.json says so from then on."""
    counted = added(parts)
    aborted = Aborted.by(thresholds, counted, now_s) if counted else None
    if aborted is not None:
        run.write_facts(aborted=aborted.facts())
    return aborted


class EarlyEnd:
    """Follows the journal of a run that this process plays alone, and ends its crowd."""

    def __init__(self, thresholds: Sequence[Threshold], run: Run, clock: Clock) -> None:
        self._thresholds, self._run, self._clock = thresholds, run, clock
        self._counts = LiveCounts(thresholds, run.facts)
        self._decided: Sequence[Sequence[int]] = ()
        """The counts by which it was last decided: most lines change none, and deciding takes longer than looking."""
        self._crowd: Crowd | None = None

    def has_crowd(self, crowd: Crowd) -> None:
        """Take the crowd that is to be ended."""
        self._crowd = crowd

    def take(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take in a line of the journal."""
        self._counts.take(kind, line)
        crowd = self._crowd
        if crowd is None or crowd.aborted is not None:
            return
        counted = self._counts.counted()
        if counted == self._decided:
            return
        self._decided = counted
        aborted = decided(self._thresholds, [counted], self._run, self._clock.now_s())
        if aborted is not None:
            crowd.abort(aborted.reason)
