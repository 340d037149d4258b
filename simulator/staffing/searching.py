"""The cheapest seats that keep all aims on the sampled problem: cutting planes first, single agents to the end.

Where there are too many seats to measure each by itself, whole teams and parts of days take the place of both
(`simulator.staffing.by_groups`).

Cuts are lines through what one agent more and one fewer do (Atlason, Epelman and Henderson, Management Science 54:295,
2008; Cezik and L'Ecuyer, ibid. 310); the master finds the cheapest seats above them, near where they were measured.
What each cut asks is then moved until the seats that come out keep the aims when they are played. Last, agents are
taken away one by one, and moved from one interval to another, until no such step leads on (`polished`). Refuses to say
what holds beyond the sample: `simulator.staffing.verifying` does.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.staffing.by_groups import by_groups, repaired
from simulator.staffing.effects import ALONE_MOST, Effects, Standing, effects, standing
from simulator.staffing.near_seats import near_seats
from simulator.staffing.problem import Cut, Grid, Seats
from simulator.staffing.sampled import Player, Sample

Values = npt.NDArray[np.float64]
Tell = Callable[[str, float], None]

ROUNDS_MOST = 5
"""Of cuts: each measures all effects once."""
TRIES = 5
"""So often what the cuts ask is moved in a round."""
REACH = (2, 1, 1, 1, 1)
"""By round: by how many agents an interval may change, or by its tenth part where that is more."""
WORTH_IT = 0.002
"""A round that saves less than this share is the last."""
NEAR_ERRORS = 0.2
"""A round ends when an aim is kept by less than so many standard errors."""
MORE_MOST = 8.0
"""By so many standard errors more, at most, is asked at the next try: what far too few people do tells little."""
ALL_PAIRS_MOST = 12
"""Of so few seats all pairs are tried, on levels of cost below, too."""
MOVES, MOVES_LEAST, MOVES_SHARE = 16, 2, 0.1
"""So many agents are moved in one step at first, and at last; at first a share of all, where that is more."""
STEPS_CONTACTS, STEPS_LEAST = 40_000_000, 2
"""Of so many contacts are the plays that measure such steps, at most: some minutes; and so many steps are measured."""
GUESS_ERRORS = 0.2
"""What two moves do together is told by what each does alone, within so many standard errors of the sample."""
HOLDERS_TRIED = 2
"""From how many of the harmless agents a level below is looked at."""


@dataclass(frozen=True, eq=False)
class Found:
    """Seats with how they stand on the sample."""

    seats: Seats
    sample: Sample
    now: Standing
    cost: float


class Search:
    """Looks for the cheapest seats on some replications; `margin` is what each aim's slack must be at least."""

    def __init__(self, player: Player, replications: Sequence[int], days: npt.NDArray[np.int64]) -> None:
        self.player, self.replications, self.days = player, replications, days
        self.grid: Grid = player.desk.grid
        self.aims = player.desk.aims
        self.margin = np.zeros(len(self.aims))
        self.single_moves = 0
        """How many single steps the end of the search has tried."""
        self.best: Found | None = None
        self._aims = self.aims
        self._known: dict[bytes, Found] = {}
        self._effects: dict[tuple[bytes, bool], Effects] = {}

    @functools.cached_property
    def contacts(self) -> int:
        """How many contacts a replication has, about."""
        return max(len(self.player.desk.plan(self.replications[0]).entity), 1)

    def found(self, some: Sequence[Seats]) -> list[Found]:
        """Play people; what was played before is remembered."""
        if self._aims is not self.aims:  # another share of days is asked for
            self._aims = self.aims
            self._effects.clear()
            for key, one in self._known.items():
                self._known[key] = dataclasses.replace(one, now=standing(one.sample, self.aims, self.days))
        fresh = {one.tobytes(): one for one in some if one.tobytes() not in self._known}
        played = self.player.samples(list(fresh.values()), self.replications)
        for (key, seats), sample in zip(fresh.items(), played, strict=True):
            now = standing(sample, self.aims, self.days)
            cost = float((self.grid.price * seats).sum()) + (float(sample.money.sum(axis=1).mean()))
            self._known[key] = found = Found(seats, sample, now, cost)
            if self.keeps(found) and (self.best is None or found.cost < self.best.cost - 1e-9):
                self.best = found
        return [self._known[one.tobytes()] for one in some]

    def look(self, seats: Seats) -> Found:
        """Play people."""
        return self.found([seats])[0]

    def slack(self, found: Found) -> float:
        """Return the least slack above the margin, each in its aim's standard errors."""
        if not len(self.aims):
            return np.inf
        unit = np.where(np.isfinite(found.now.error) & (found.now.error > 0), found.now.error, 1.0)
        return float(np.nan_to_num((found.now.slack - self.margin) / unit, nan=np.inf).min())

    def keeps(self, found: Found) -> bool:
        """Say whether all aims are kept with the margin."""
        return bool((np.nan_to_num(found.now.slack - self.margin, nan=np.inf) >= -1e-9).all())

    def effects(self, found: Found, both: bool = True) -> Effects:
        """Measure what one agent more, and fewer, does."""
        key = found.seats.tobytes(), both
        if key not in self._effects:
            self._effects[key] = effects(self.player, found.seats, found.sample, found.now, self.replications, both)
        return self._effects[key]

    def run(self, seats: Seats, tell: Tell) -> Found:
        """Return the cheapest seats found that keep all aims; the nearest to keeping them where none do."""
        here = self.look(seats)
        if not len(self.aims):
            return self._cheapest_money(here, tell)
        if self.many:
            return by_groups(self, here, lambda what, share: tell(what, 0.1 + share * 0.7))
        if not self.few:  # where far too many are there single agents tell nothing: whole teams do
            here = by_groups(self, here, lambda what, share: tell(what, 0.05 + share * 0.05))
        for number, reach in enumerate(REACH[:ROUNDS_MOST]):
            tell("measuring what one agent more and fewer does", 0.1 + 0.12 * number)
            there = self._round(here, self.effects(here), reach)
            saved = here.cost - there.cost
            worse = self.keeps(here) and (not self.keeps(there) or saved <= 0)
            enough = self.keeps(here) and saved < WORTH_IT * here.cost and reach == 1
            here = here if worse else there
            if (worse and reach == 1) or enough:
                break
        here = self._stepped(self.best if self.best is not None and self.keeps(self.best) else here)
        tell("moving single agents", 0.85)
        return self.polished(self.best if self.best is not None and self.keeps(self.best) else here)

    def again(self, here: Found) -> Found:
        """Return the cheapest seats near here once other margins are asked than before."""
        self.best = None
        here = self.look(here.seats)  # judged by what is asked now
        if self.many:
            return repaired(self, here)
        known = self.effects(here)
        for reach in (1, 2, 4):
            there = self._round(here, known, reach)
            if self.keeps(there):
                break
        return self.polished(self._stepped(self.raised(there)))

    def raised(self, here: Found) -> Found:
        """Return people with single agents more, each where it helps most for its price, until all aims are kept.

        Where aims pull at each other lines may lead nowhere; one agent more always leads on, as far as it may be.
        """
        while not self.keeps(here):
            known = self.effects(here, both=False)
            short = np.maximum(np.nan_to_num(self.margin - here.now.slack), 0.0)
            helps = np.minimum(np.maximum(known.more, 0.0), short[:, None, None]) / self._unit(here)[:, None, None]
            worth = np.where(here.seats < self.grid.most, helps.sum(axis=0) / self.grid.price, -np.inf)
            best = np.unravel_index(int(worth.argmax()), worth.shape)
            if not worth[best] > 0:
                break
            here = self.look(_with(here.seats, ((int(best[0]), int(best[1])), 1)))
        return here

    def _unit(self, here: Found) -> Values:
        return np.maximum(np.nan_to_num(here.now.error, posinf=0.0), 1e-12)

    def finalists(self, count: int = 4) -> list[Seats]:
        """Return the cheapest seats that were played and keep all aims."""
        kept = sorted((one for one in self._known.values() if self.keeps(one)), key=lambda one: one.cost)
        return [one.seats for one in kept[:count]]

    def _stepped(self, here: Found) -> Found:
        """Return cheaper seats by a few agents at a time, as many as lines tell rightly; each step measures anew."""
        moves, measured = max(MOVES, int(here.seats.sum() * MOVES_SHARE)), 0
        seats = int((self.grid.most > self.grid.least).sum())
        once = self.contacts * len(self.replications) * 2 * max(seats, 1)
        while self.keeps(here) and moves >= MOVES_LEAST and measured <= max(STEPS_CONTACTS // once, STEPS_LEAST):
            there = self._round(here, self.effects(here), 1, moves)
            if self.keeps(there) and there.cost < here.cost - 1e-9:
                here, measured = there, measured + 1
            else:
                moves //= 2
        return here

    def _round(self, here: Found, known: Effects, reach: int, moves: int = 0) -> Found:
        """Return the cheapest seats near here that keep the aims, as played, moving what the cuts ask."""
        room = here.now.slack - self.margin
        asked, best = -room, here
        unit = self._unit(here)
        for _ in range(TRIES):
            seats = self._solved(here, known, asked, reach, moves)
            there = self.look(seats)
            if self.better(there, best):
                best = there
            left = np.nan_to_num(there.now.slack - self.margin, nan=0.0)
            if self.keeps(there) and (left / unit).min() <= NEAR_ERRORS:
                break
            asked = asked - (0.7 * left if self.keeps(there) else np.clip(left, -MORE_MOST * unit, 0.0))
        return best

    def better(self, one: Found, other: Found) -> bool:
        """Say whether one keeps the aims where the other does not, is cheaper, or misses by less."""
        if self.keeps(one) != self.keeps(other):
            return self.keeps(one)
        if self.keeps(one):
            return one.cost < other.cost - 1e-9
        return self.slack(one) > self.slack(other)

    def _solved(self, here: Found, known: Effects, asked: Values, reach: int, moves: int) -> Seats:
        room = np.maximum(reach, here.seats // 10 if reach > 1 else 1)
        least = np.maximum(self.grid.least, here.seats - room)
        most = np.minimum(self.grid.most, here.seats + room)
        near = Grid(
            self.grid.teams, self.grid.begins_s, self.grid.minutes, self.grid.price, least, np.maximum(most, least)
        )
        return near_seats(near, list(cuts_of(self.aims_named, known.slope, here.seats, asked)), here.seats, moves)

    @property
    def many(self) -> bool:
        """Whether there are too many seats to measure each by itself."""
        return int((self.grid.most > self.grid.least).sum()) > ALONE_MOST

    @property
    def few(self) -> bool:
        """Whether there are so few seats that all pairs can be tried again and again."""
        return int((self.grid.most > self.grid.least).sum()) <= ALL_PAIRS_MOST

    @property
    def aims_named(self) -> list[str]:
        """Names of the aims."""
        return [aim.name for aim in self.aims]

    def polished(self, here: Found) -> Found:
        """Take agents away one at a time until none can go; of few seats move them, too, as long as that saves.

        Of many more such moves the best seems better than it is: `simulator.staffing.calibrating` looks at these.
        """
        while self.keeps(here):
            there = self._fewer(here) or (self._swapped(here) if self.few else None)
            if there is None:
                break
            here = there
        return here

    def _fewer(self, here: Found) -> Found | None:
        """Return the best seats with one agent-interval less; None where each is needed."""
        may = self._moves(here, -1)
        tried = self.found([_with(here.seats, (move, -1)) for move in may])
        self.single_moves += len(may)
        kept = [one for one in tried if self.keeps(one)]
        return min(kept, key=lambda one: (one.cost, -self.slack(one)), default=None)

    def _swapped(self, here: Found) -> Found | None:
        """Return cheaper seats that keep all, by moving agents: one level of cost below, as good as can be made there.

        Of few seats only: more would be fitted to the luck of the sample, and take long. Slack is near to concave in
        seats, so that on a level single moves climb to the best there is.
        """
        held = sorted(self._fewer_tried(here), key=lambda one: -self.slack(one))
        for low in held[:HOLDERS_TRIED]:
            there = low
            while not self.keeps(there):
                higher = self._climbed(there, here.cost)
                if higher is None:
                    break
                there = higher
            if self.keeps(there) and there.cost < here.cost - 1e-9:
                return there
        return None

    def cheaper(self, here: Found) -> list[Found]:
        """Return people who keep all, of one agent less, or moved to a cheaper seat; the cheapest first."""
        fewer, more = self._fewer_tried(here), self._more_tried(here)
        pairs = [
            one.seats + other.seats - here.seats
            for one, other in itertools.product(fewer, more)
            if one.cost + other.cost - here.cost < here.cost - 1e-9 and self._guess(here, one, other) >= -GUESS_ERRORS
        ]
        tried = self.found(pairs)
        self.single_moves += len(fewer) + len(tried)
        kept = [one for one in (*fewer, *tried) if self.keeps(one) and one.cost < here.cost - 1e-9]
        return sorted(kept, key=lambda one: (one.cost, -self.slack(one)))

    def _fewer_tried(self, here: Found) -> list[Found]:
        return self.found([_with(here.seats, (move, -1)) for move in self._moves(here, -1)])

    def _more_tried(self, here: Found) -> list[Found]:
        return self.found([_with(here.seats, (move, 1)) for move in self._moves(here, 1)])

    def _climbed(self, here: Found, below: float) -> Found | None:
        """Return the best seats that one move of one agent leads to, cheaper than a cost; None where none is better."""
        downs, ups = self._moves(here, -1), self._moves(here, 1)
        fewer = self.found([_with(here.seats, (move, -1)) for move in downs])
        more = self.found([_with(here.seats, (move, 1)) for move in ups])
        self.single_moves += len(downs) + len(ups)
        pairs = [
            (down, up)
            for down, one in zip(downs, fewer, strict=True)
            for up, other in zip(ups, more, strict=True)
            if down != up and here.cost + (one.cost - here.cost) + (other.cost - here.cost) < below - 1e-9
        ]
        tried = self.found([_with(here.seats, (down, -1), (up, 1)) for down, up in pairs])
        self.single_moves += len(pairs)
        alone = [one for one in more if one.cost < below - 1e-9]
        best = max([*tried, *alone], key=self.slack, default=None)
        return best if best is not None and self.slack(best) > self.slack(here) + 1e-9 else None

    def _guess(self, here: Found, fewer: Found, more: Found) -> float:
        slack = fewer.now.slack + more.now.slack - here.now.slack - self.margin
        return float(np.nan_to_num(slack / np.maximum(np.nan_to_num(here.now.error), 1e-12)).min())

    def _moves(self, here: Found, sign: int) -> list[tuple[int, int]]:
        may = here.seats > self.grid.least if sign < 0 else here.seats < self.grid.most
        return [(int(team), int(cell)) for team, cell in zip(*np.nonzero(may), strict=True)]

    def _cheapest_money(self, here: Found, tell: Tell) -> Found:
        """Return the people with whom staff, contacts and leavers together cost least, as far as single steps lead."""
        reach = 3
        for number in range(ROUNDS_MOST):
            tell("measuring what one agent more and fewer saves", 0.1 + 0.12 * number)
            known = self.effects(here)
            up = known.money_more > self.grid.price
            down = known.money_fewer < self.grid.price
            better: Found | None = None
            while reach >= 1 and better is None:
                step = np.where(up, reach, np.where(down, -reach, 0))
                there = self.look(np.clip(here.seats + step, self.grid.least, self.grid.most))
                better = there if there.cost < here.cost - 1e-9 else None
                reach = reach if better is not None else reach - 1
            if better is None:
                break
            here = better
        return here


def cuts_of(names: Sequence[str], slope: Values, seats: Seats, asked: Values) -> Iterator[Cut]:
    """Yield a cut for each aim: along the slope, seats must add so much to the slack of where they are."""
    for at, name in enumerate(names):
        if np.isnan(asked[at]):
            continue
        largest = np.abs(slope[at]).max()
        if largest <= 0:
            continue
        weights = slope[at] / largest  # so that the optimiser meets numbers of one size
        weights[np.abs(weights) < 1e-4] = 0.0
        named = {(int(t), int(i)): float(weights[t, i]) for t, i in zip(*np.nonzero(weights), strict=True)}
        yield Cut(named, float(asked[at] / largest + (weights * seats).sum()), name)


def _with(seats: Seats, *moves: tuple[tuple[int, int], int]) -> Seats:
    changed = seats.copy()
    for move, sign in moves:
        changed[move] += sign
    return changed
