"""By how much the sample flatters: seats that were fitted to it are played on many more days, and more is asked then.

Seats that keep the aims on the replications of a search keep them there by luck, too: the more of them were tried, the
more so (the optimizer's curse; Smith and Winkler, Management Science 52:311, 2006). What one agent does can be told
from few replications, by paired differences; how well all of them together do cannot. So seats are played on *check
days* beside the sample, which the search does not see otherwise, and the margin of each aim becomes what the sample
shows too much plus what fresh days will need to show it. Refuses to promise anything: check days are looked at again
and again, `simulator.staffing.verifying` has days of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simulator.staffing.effects import Standing, standing
from simulator.staffing.problem import Seats
from simulator.staffing.sampled import Sample
from simulator.staffing.searching import Found, Search
from simulator.staffing.verifying import joined

Values = npt.NDArray[np.float64]

CHECK_FIRST = 50_000
"""The number of the first check day: above those of all samples, below all fresh ones."""
ROUNDS = 3
"""So often margins are set anew, and seats sought that keep them."""
CHECK_CONTACTS = 20_000_000
"""Of so many contacts are the check days of single steps at the end, at most: a minute or two."""
PROPOSED = 8
"""So many steps are played on check days before the best of them is taken, and as many again where none will do."""
NEAR = 0.1
"""So many standard errors less than needed are as good as it."""


class Level:
    """What many days say of seats; `fresh` is how many replications a candidate will be verified on at most."""

    def __init__(self, search: Search, checked: int, fresh: int) -> None:
        self.search, self.fresh = search, fresh
        self.numbers = range(CHECK_FIRST, CHECK_FIRST + checked)
        self._samples: dict[bytes, Sample] = {}

    def learn(self, seats: Seats, sample: Sample) -> None:
        """Add what fresh days have said of a candidate that did not pass: it will not be tried again."""
        self._samples[seats.tobytes()] = joined([self._sample(seats), sample])

    def margin(self, found: Found, needed: float) -> Values:
        """Return what the sample must show of each aim, so that fresh days should by so many standard errors."""
        there = self._standing(found.seats)
        return np.asarray(np.nan_to_num(found.now.slack - there.slack) + needed * self._error(found.seats, there))

    def left(self, found: Found, needed: float) -> float:
        """Return by how many standard errors of fresh days seats do more than is needed, of the aim that has least."""
        there = self._standing(found.seats)
        unit = np.maximum(self._error(found.seats, there, days=True), 1e-12)
        room = there.slack - needed * self._error(found.seats, there)
        return float(np.nan_to_num(room / unit, nan=np.inf).min())

    def _sample(self, seats: Seats) -> Sample:
        key = seats.tobytes()
        if key not in self._samples:
            self._samples[key] = self.search.player.sample(seats, self.numbers)
        return self._samples[key]

    def _standing(self, seats: Seats) -> Standing:
        return standing(self._sample(seats), self.search.aims, self.search.days)

    def _error(self, seats: Seats, there: Standing, days: bool = False) -> Values:
        """Return the standard errors of fresh days; 0 for aims on days, which ask for more days, unless told."""
        played = len(self._sample(seats).slack)
        error = np.nan_to_num(there.error, posinf=0.0) * math.sqrt(played / self.fresh)
        means = np.array([aim.on_days is None or days for aim in self.search.aims])
        return np.asarray(np.where(means, error, 0.0))


def calibrated(search: Search, found: Found, level: Level, needed: float) -> Found:
    """Return the cheapest seats that check days say are enough, of those found with margins set by check days.

    Args:
        search: its margins are set here.
        found: what was found last.
        level: what check days say.
        needed: by so many standard errors of fresh days each aim should be kept.
    """
    tried: list[Found] = []
    for _ in range(ROUNDS):
        search.margin[:] = level.margin(found, needed)
        there = search.again(found)
        if not search.keeps(there):
            break
        tried.append(there)
        if (there.seats == found.seats).all():
            break
        found = there
    enough = [one for one in tried if level.left(one, needed) >= -NEAR]
    best = max([*tried, found], key=lambda one: level.left(one, needed))
    found = min(enough, key=lambda one: one.cost) if enough else best
    search.margin[:] = level.margin(found, needed)
    return settled(search, found, level, needed)


def settled(search: Search, found: Found, level: Level, needed: float) -> Found:
    """Return people of whom none can be spared, nor moved to a cheaper seat: the sample proposes, check days decide.

    Of hundreds of moves that the sample allows the best are those that it flatters most.
    """
    left = max(CHECK_CONTACTS // (search.contacts * len(level.numbers)), PROPOSED)
    while left > 0:
        search.margin[:] = np.minimum(search.margin, np.nan_to_num(found.now.slack, nan=np.inf))
        better, played = _better(_by_turns(search, found)[:left], level, needed)
        left -= played
        if better is None:
            break
        found = better
    return found


def _by_turns(search: Search, found: Found) -> list[Found]:
    """Return all cheaper people that the sample allows one step away: the cheapest and the surest by turns."""
    cheaper = search.cheaper(found)
    surest = sorted(cheaper, key=search.slack, reverse=True)
    return list(dict.fromkeys(itertools.chain.from_iterable(zip(cheaper, surest, strict=True))))


def _better(proposed: Sequence[Found], level: Level, needed: float) -> tuple[Found | None, int]:
    """Return the cheapest of the first few of which check days say that one is enough, and how many were played."""
    for begin in range(0, len(proposed), PROPOSED):
        some = proposed[begin : begin + PROPOSED]
        enough = [one for one in some if level.left(one, needed) >= 0]
        if enough:
            return min(enough, key=lambda one: (one.cost, -level.left(one, needed))), begin + len(some)
    return None, len(proposed)
