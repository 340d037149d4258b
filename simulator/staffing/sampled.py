"""The sampled problem: some replications of a scenario, played again and again with other people on the same luck.

What comes of a play is told by *cells*, the grid's intervals, in which contacts came: so seats that lie hours apart can
be changed in one play, and the effect of each be read where it falls. Who comes is drawn once for each replication.
Refuses to know which seats to try.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.leavers import shares_after
from scenarios.churn import ChurnModel
from scenarios.ledger import terms_of
from scenarios.members import taken_away, values_of
from scenarios.plan import DrawnPlan, draw_plan
from scenarios.reading import LoadedScenario
from scenarios.units import us
from simulator.columns import Replicated
from simulator.floor_arrays import Floor, floor_of
from simulator.fold import contacts_folded
from simulator.loop_legs import (
    ANSWERED,
    ARRIVED,
    CHANNEL,
    CLOSED,
    ENDED,
    LEG,
    LEG_END,
    QUEUE,
    SEAT,
    TEAM,
    UNANSWERED,
    WRAP,
)
from simulator.loop_lives import Beliefs, beliefs_of
from simulator.simpy_floor import Luck
from simulator.simulate import replicated
from simulator.staffing.aims import GUARD_S, Aim
from simulator.staffing.problem import Grid, Seats
from simulator.workers import Workers

if TYPE_CHECKING:
    from simulator.staffing.kept_plays import KeptPlays

Values = npt.NDArray[np.float64]

PLANS_MOST = 64
"""So many replications' customers are kept in memory."""


@dataclass(frozen=True, eq=False)
class Tally:
    """What one play comes to, by aim and cell."""

    gains: Values
    """Sum of the contacts' gains, shape (aims, cells); of a guard the sum of waits, below 0."""
    counts: Values
    """How many contacts, shape (aims, cells)."""
    slack: Values
    """By aim: by how much the metric of the whole replication is better than its bound; NaN where nobody came."""
    money: Values
    """What contacts cost and what leavers take with them, by cell; 0 where money is not asked for."""


@dataclass(frozen=True, eq=False)
class Desk:
    """A scenario whose people can be exchanged."""

    loaded: LoadedScenario
    seed: int
    grid: Grid
    aims: tuple[Aim, ...]
    churn: ChurnModel | None
    money: bool = False
    _plans: dict[int, DrawnPlan] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name in _FIELDS} | {"_plans": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @functools.cached_property
    def beliefs(self) -> Beliefs:
        """What the scenario says of customers."""
        return beliefs_of(self.loaded, self.churn)

    @functools.cached_property
    def today(self) -> Floor:
        """The desk with its own roster."""
        return floor_of(self.loaded)

    @functools.cached_property
    def widest(self) -> Floor:
        """The desk with as many seats as there may ever be; which of them are filled is put in for each play."""
        most = {team: int(self.grid.most[at].max()) for at, team in enumerate(self.grid.teams)}
        agents = {**self.loaded.agents, **{team: [(0.0, count)] for team, count in most.items()}}
        return floor_of(dataclasses.replace(self.loaded, agents=agents))

    @functools.cached_property
    def begins_us(self) -> npt.NDArray[np.int64]:
        """When the intervals of the grid begin, in microseconds."""
        return np.array([us(at_s) for at_s in self.grid.begins_s], dtype=np.int64)

    @functools.cached_property
    def own_queues(self) -> dict[str, npt.NDArray[np.int64]]:
        """By guarded team: the queues of those passed on to it."""
        scenario, queues = self.loaded.scenario, self.widest.arrays.transfer_queue
        by_team = queues.reshape(len(scenario.teams), -1)
        names = list(scenario.teams)
        return {
            aim.team: np.unique(by_team[names.index(aim.team)][by_team[names.index(aim.team)] >= 0])
            for aim in self.aims
            if aim.team is not None
        }

    def floor(self, seats: Seats | None) -> Floor:
        """Return the desk with other people; today's where None.

        Raises:
            ValueError: a team has more than the grid has room for, where the engine would write beyond its memory.
        """
        if seats is None:
            return self.today
        over = seats.max(axis=1) - self.grid.most.max(axis=1)
        if (over > 0).any():
            name = self.grid.teams[int(over.argmax())]
            raise ValueError(f"{name}: {over.max()} agents more than the grid allows")
        names, rosters = list(self.loaded.scenario.teams), []
        begins_us = self.begins_us
        for roster in self.widest.rosters:
            name = names[roster.team]
            if name in self.grid.teams:
                count = seats[self.grid.teams.index(name)]
                ends = begins_us[1:][count[1:] < count[:-1]]
                finishes = self.loaded.scenario.teams[name].at_shift_end == "finishes"
                roster = dataclasses.replace(
                    roster, at_us=begins_us, count=count, ends_us=roster.ends_us if finishes else ends
                )
            rosters.append(roster)
        floor = dataclasses.replace(self.widest, rosters=tuple(rosters))
        floor.__dict__["more"] = self.widest.more  # found out once: it is the same for all
        return floor

    def plan(self, replication: int) -> DrawnPlan:
        """Return who comes in a replication."""
        found = self._plans.get(replication)
        if found is None:
            found = draw_plan(self.loaded, self.seed, replication)
            if len(self._plans) < PLANS_MOST:
                self._plans[replication] = found
        return found

    def happened(self, seats: Seats | None, replication: int) -> tuple[Floor, Replicated]:
        """Play a replication with such people."""
        floor = self.floor(seats)
        luck = Luck(self.seed, replication, replication)
        return floor, replicated(self.loaded, floor, self.plan(replication), luck, None, self.beliefs)

    def play(self, seats: Seats | None, replication: int) -> Tally:
        """Play a replication with such people; returns what it comes to."""
        floor, part = self.happened(seats, replication)
        contacts = contacts_folded(part.happened, part.plan.intent, floor.horizon_us)
        from_s = self.loaded.profile.warm_up_s if self.loaded.profile else 0.0
        cells = len(self.grid.begins_s)
        gains, counts = np.zeros((len(self.aims), cells)), np.zeros((len(self.aims), cells))
        slack = np.full(len(self.aims), np.nan)
        counted = np.asarray(contacts["arrived_s"]) >= from_s
        for at, aim in enumerate(self.aims):
            if aim.goal is None:
                arrived_s, gain = self._waits(aim, floor, part)
                slack[at] = gain.mean() if len(gain) else np.nan
            else:
                chosen = aim.chosen(contacts, floor.channels, floor.teams) & counted
                values = aim.values(contacts)
                chosen &= ~np.isnan(values)
                arrived_s, gain = np.asarray(contacts["arrived_s"])[chosen], aim.gains(values[chosen])
                slack[at] = aim.slack(values[chosen])
            cell = self.cell(arrived_s)
            gains[at] = np.bincount(cell, gain, minlength=cells)
            counts[at] = np.bincount(cell, minlength=cells)
        return Tally(gains, counts, slack, self._money(floor, part, replication) if self.money else np.zeros(cells))

    def cell(self, at_s: Values) -> npt.NDArray[np.int64]:
        """Return in which interval of the grid instants lie."""
        return np.asarray(np.maximum(np.searchsorted(self.grid.begins_s, at_s, side="right") - 1, 0), dtype=np.int64)

    def _waits(self, aim: Aim, floor: Floor, part: Replicated) -> tuple[Values, Values]:
        """Return when those passed on to a guarded team joined its queue, and their waits, below 0."""
        assert aim.team is not None
        times, facts = part.happened.times_us, part.happened.facts
        rows = np.isin(facts[:, QUEUE], self.own_queues[aim.team])
        times = times[rows]
        answered, ended = times[:, ANSWERED], times[:, ENDED]
        until = np.where(answered > UNANSWERED, answered, np.where(ended >= 0, ended, floor.horizon_us))
        return times[:, ARRIVED] / 1e6, -(until - times[:, ARRIVED]) / 1e6

    def _money(self, floor: Floor, part: Replicated, replication: int) -> Values:
        """Return what contacts cost and what leavers take away, by the cell in which a contact or a case began."""
        scenario, cells = self.loaded.scenario, len(self.grid.begins_s)
        times, facts = part.happened.times_us, part.happened.facts
        first = (facts[:, LEG] == 0) & (facts[:, LEG_END] != CLOSED)
        assert scenario.costs is not None
        assert scenario.customers is not None
        assert self.churn is not None
        price = np.array([scenario.costs.contact.get(channel, 0.0) for channel in scenario.channels])
        spent = price[facts[first, CHANNEL].astype(np.int64)]
        total = np.bincount(self.cell(times[first, ARRIVED] / 1e6), spent, minlength=cells)
        luck = Luck(self.seed, replication, replication)
        lived = part.lived(self.beliefs, luck, floor.horizon_us)
        shares = shares_after(self.churn, pd.DataFrame(terms_of(lived.rows)))
        entities = part.plan.customer_entities()[lived.number]
        values = values_of(scenario.customers, entities, self.seed, replication)
        margins = taken_away(values, scenario.customers.value_months)["margin"].to_numpy(dtype=np.float64)
        began_s = part.plan.due_us[lived.number] / 1e6
        lost = np.bincount(self.cell(began_s), shares * margins, minlength=cells)
        return np.asarray(total + lost, dtype=np.float64)

    def busy(self, seats: Seats, replication: int) -> tuple[Values, Values]:
        """Return by staffed team and cell: contacts that people are with, means over intervals; how many begin."""
        floor, part = self.happened(seats, replication)
        times, facts = part.happened.times_us, part.happened.facts
        served = (facts[:, SEAT] >= 0) & (times[:, ANSWERED] > UNANSWERED)
        begins_s = times[served, ANSWERED] / 1e6
        ended = np.where(times[served, ENDED] >= 0, times[served, ENDED], floor.horizon_us)
        ends_s = np.minimum(ended + np.maximum(times[served, WRAP], 0), floor.horizon_us) / 1e6
        names = list(self.loaded.scenario.teams)
        edges = np.append(self.grid.begins_s, self.loaded.horizon_s)
        load, begun = np.zeros_like(self.grid.price), np.zeros_like(self.grid.price)
        for at, name in enumerate(self.grid.teams):
            mine = facts[served, TEAM] == names.index(name)
            done = _time_until(begins_s[mine], ends_s[mine], edges)
            load[at] = np.maximum(np.diff(done), 0.0) / np.diff(edges)  # rounding may leave less than nothing
            begun[at] = np.bincount(self.cell(begins_s[mine]), minlength=len(self.grid.begins_s))
        return load, begun


_FIELDS = tuple(one.name for one in dataclasses.fields(Desk))


def _time_until(begins: Values, ends: Values, edges: Values) -> Values:
    """Return at each edge how long all spells together have lasted by then."""
    begins, ends = np.sort(begins), np.sort(ends)

    def passed(times: Values) -> Values:
        count = np.searchsorted(times, edges)
        return np.asarray(edges * count - np.r_[0.0, np.cumsum(times)][count], dtype=np.float64)

    return passed(begins) - passed(ends)


@dataclass(frozen=True, eq=False)
class Plays:
    """Plays asked for: pairs of people and replication; goes to threads and other machines as it is."""

    desk: Desk
    asked: tuple[tuple[Seats | None, int], ...]

    def play_some(self, numbers: Sequence[int]) -> list[Tally]:
        """Play some of them one after the other."""
        return [self.desk.play(*self.asked[number]) for number in numbers]


@dataclass(frozen=True, eq=False)
class Sample:
    """What replications come to with some people: tallies stacked, shape (replications, aims, cells)."""

    gains: Values
    counts: Values
    slack: Values
    """Shape (replications, aims)."""
    money: Values
    """Shape (replications, cells)."""


class Player:
    """Plays people on replications, and counts how often; what is kept already is not played again, but counted."""

    def __init__(self, desk: Desk, workers: Workers | None, kept: KeptPlays | None = None) -> None:
        self.desk, self.workers, self.kept, self.plays = desk, workers, kept, 0
        self._today: dict[int, Tally] = {}

    def samples(self, some: Sequence[Seats], replications: Sequence[int]) -> list[Sample]:
        """Play all of some people on the same replications."""
        guarded = any(aim.goal is None for aim in self.desk.aims)
        fresh = [one for one in replications if guarded and one not in self._today]
        asked: list[tuple[Seats | None, int]] = [(None, one) for one in fresh]
        asked += [(seats, one) for seats in some for one in replications]
        told = list(self._played(asked))
        self._today.update(zip(fresh, told, strict=False))
        told, count = told[len(fresh) :], len(replications)
        return [self._sample(told[at * count : (at + 1) * count], replications) for at in range(len(some))]

    def sample(self, seats: Seats, replications: Sequence[int]) -> Sample:
        """Play some people on replications."""
        return self.samples([seats], replications)[0]

    def today(self, replications: Sequence[int]) -> Sample:
        """Play today's roster."""
        told = list(self._played([(None, one) for one in replications]))
        self._today.update(zip(replications, told, strict=True))
        return self._sample(told, replications)

    def _played(self, asked: Sequence[tuple[Seats | None, int]]) -> Iterator[Tally]:
        self.plays += len(asked)
        known = [self.kept.get(*one) if self.kept is not None else None for one in asked]
        played = iter(self._fresh([one for one, tally in zip(asked, known, strict=True) if tally is None]))
        for one, tally in zip(asked, known, strict=True):
            if tally is None:
                tally = next(played)
                if self.kept is not None:
                    self.kept.put(*one, tally)
            yield tally

    def _fresh(self, asked: Sequence[tuple[Seats | None, int]]) -> Iterable[Tally]:
        if self.workers is None:
            return (self.desk.play(*one) for one in asked)
        return self.workers.play(Plays(self.desk, tuple(asked)), range(len(asked)))

    def _sample(self, told: Sequence[Tally], replications: Sequence[int]) -> Sample:
        gains, counts = np.array([one.gains for one in told]), np.array([one.counts for one in told])
        slack, money = np.array([one.slack for one in told]), np.array([one.money for one in told])
        for at, aim in enumerate(self.desk.aims):
            if aim.goal is None:
                today = np.array([self._today[one].slack[at] for one in replications])
                allowed = np.maximum(np.nan_to_num(-today), GUARD_S)
                gains[:, at] += allowed[:, None] * counts[:, at]
                slack[:, at] += allowed
        return Sample(gains, counts, slack, money)
