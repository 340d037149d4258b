"""The cheapest people that meet a scenario's goals: the function behind `testdrive staff`.

Theory says where to begin (`starting`), cuts and single steps find the cheapest seats on some replications
(`searching`), fresh replications say whether they hold (`verifying`). Candidates are tried in order of cost; where one
does not pass, what is asked of the sample grows by what was short, so that agents come where they are worth most.
Which teams are staffed, and what guards the others, `aims` says.

>>> from scenarios.reading import HERE, load_scenario
>>> found = staff(load_scenario(HERE / "quiet_tuesday.yaml"), 120, replications=20, sample=4)
>>> found.state, found.cost < found.cost_today
('verified', True)
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from results.kept_rows import KeptRows
from results.staffing import (
    NO_ROSTER,
    NOT_VERIFIED,
    OUT_OF_REACH,
    SAMPLED,
    VERIFIED,
    Staffing,
    State,
)
from scenarios.labour import Labour, labour_on
from scenarios.reading import LoadedScenario
from simulator.simulate import believed_churn
from simulator.staffing.aims import Aim, StaffingError, aims_of, staffed_teams
from simulator.staffing.calibrating import Level, calibrated, settled
from simulator.staffing.effects import ALONE_MOST, Effects, standing
from simulator.staffing.finalists import Chosen, choose
from simulator.staffing.kept_plays import KeptPlays
from simulator.staffing.problem import Seats
from simulator.staffing.rostered import Rostered
from simulator.staffing.rostering import rostered
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Found, Search
from simulator.staffing.starting import grid_of, most_of, plenty, start, today_of
from simulator.staffing.telling import told
from simulator.staffing.verifying import ALPHA, FRESH_FIRST, Verified, verify
from simulator.workers import Workers, open_workers

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

CANDIDATES_MOST = 6
FRESH_CONTACTS = 600_000
"""Of about so many contacts are the fresh replications of a candidate, at most: they take seconds then."""
FRESH_LEAST, FRESH_MOST = 100, 400
SAMPLE_CONTACTS = 20_000
"""Of about so many contacts is a sample; a goal on a mean needs no more to find where people are needed."""
SAMPLE_LEAST, SAMPLE_MOST = 4, 30
SAMPLE_MANY = 8
"""At least, where there are many seats: they are changed by whole teams, which few plays tell all."""
SAMPLE_DAYS = 60
"""Where a share of days is asked for, as many days at least: fewer tell nothing of one day in ten."""
PLENTY_LEAST, PLENTY_FULL = 30, 0.8
MINUTES_LEAST = 5
CHECKED_LEAST = 100
"""Days on which the luck of the sample is told from what people do."""
LEAST_ERRORS = 0.25
"""So many standard errors of fresh days more are asked after a candidate that did not pass, whatever it lacked."""
SURER = 1.0
"""Of many seats, where one agent is a small share: so many standard errors more are asked of the next candidate than
would do on average. Else every other one would fail by chance, and each takes a hundred fresh plays."""


def staff(
    loaded: LoadedScenario,
    interval: int = 30,
    teams: Sequence[str] = (),
    seed: int | None = None,
    threads: int = 1,
    cluster: str | None = None,
    replications: int | None = None,
    objective: str = "cost",
    progress: Progress | None = None,
    sample: int | None = None,
    kept: KeptRows | None = None,
) -> Staffing:
    """Find the cheapest people.

    Args:
        loaded: the scenario; where it names labour rules (`labour`), people are bought by the shift, under them.
        interval: minutes in which the number of people of a team may differ.
        teams: whose seats are sought; see `aims.staffed_teams` for which where left out.
        seed: the scenario's own where left out.
        threads: plays at once.
        cluster: address of a Dask scheduler whose workers play.
        replications: fresh ones that verify a candidate, at most; by how busy the scenario is where left out.
        objective: `cost`: the cheapest people that keep the goals; `money`: that people, contacts and the margin lost
            with those who leave cost least together.
        progress: told the share that is done. An interruption (Ctrl-C) keeps the best that is known.
        sample: replications of the search; by how busy the scenario is where left out.
        kept: plays that were made before for the same question (`kept_plays.asked_about`); what is played is put there.

    Raises:
        StaffingError: the scenario cannot be staffed as asked.
        WorkersError: the cluster cannot be used.
        KeyboardInterrupt: interrupted before anything was known.
    """
    began = time.perf_counter()
    money = objective == "money"
    chosen, aims = checked(loaded, teams, objective, interval)
    seed = loaded.scenario.seed if seed is None else seed
    model = believed_churn(loaded, seed)
    with open_workers(threads, False, cluster) as workers:
        desk, numbers = opened(loaded, chosen, interval, aims, seed, money, model, sample)
        rules = None if money or loaded.labour is None else labour_on(loaded.labour, loaded.scenario)
        fresh = fresh_of(desk) if replications is None else replications
        work = Work(desk, workers, numbers, fresh, progress, rules, kept)
        work.run()
    return told(work, time.perf_counter() - began)


def checked(
    loaded: LoadedScenario, teams: Sequence[str], objective: str = "cost", interval: int = 30
) -> tuple[tuple[str, ...], tuple[Aim, ...]]:
    """Return the teams that are staffed, and what for.

    Raises:
        StaffingError: the scenario cannot be staffed as asked.
    """
    money = objective == "money"
    if money:
        _money_can_be_told(loaded)
    if interval < MINUTES_LEAST or 1440 % interval:
        raise StaffingError(f"--interval {interval}; expected minutes that divide a day, {MINUTES_LEAST} or more")
    chosen = staffed_teams(loaded, teams, money)
    return chosen, aims_of(loaded, chosen, money)


def _money_can_be_told(loaded: LoadedScenario) -> None:
    from scenarios.churn import withheld_money

    scenario = loaded.scenario
    for name, section in (("costs", scenario.costs), ("customers", scenario.customers), ("churn", loaded.churn)):
        if section is None:
            raise StaffingError(
                f"--objective money weighs staff against customers lost: {loaded.path} says no `{name}:`"
            )
    assert loaded.churn is not None
    why = withheld_money(loaded.churn)
    if why:
        raise StaffingError(f"--objective money: {why}")


def opened(
    loaded: LoadedScenario, teams: Sequence[str], minutes: int, aims: tuple[Aim, ...], seed: int, money: bool,
    model: object, sample: int | None,
) -> tuple[Desk, range]:  # fmt: skip
    """Return the desk with its grid, and which replications are the sample."""
    rough = grid_of(loaded, teams, minutes)
    today = today_of(loaded, teams, rough.begins_s)
    room = max(PLENTY_LEAST, int(4 * today.max()))
    while True:
        wide = dataclasses.replace(rough, most=rough.most * room)
        trial = Desk(loaded, seed, wide, aims, model, money)  # type: ignore[arg-type]
        if sample is None:
            contacts = len(trial.plan(0).entity)
            sample = min(max(math.ceil(SAMPLE_CONTACTS / max(contacts, 1)), SAMPLE_LEAST), SAMPLE_MOST)
            if rough.most.sum() > ALONE_MOST:
                sample = max(sample, SAMPLE_MANY)
            if any(aim.on_days is not None for aim in aims):
                sample = max(sample, math.ceil(SAMPLE_DAYS / loaded.scenario.days))
        numbers = range(sample)
        load, _ = plenty(trial, numbers[: max(len(numbers) // 4, 2)])
        if load.max() <= PLENTY_FULL * room:
            break
        room *= 2
    most = most_of(loaded, rough, load, today)
    grid = dataclasses.replace(rough, most=most, least=np.minimum(rough.least, most))
    return Desk(loaded, seed, grid, aims, model, money, trial._plans), numbers  # type: ignore[arg-type]


def fresh_of(desk: Desk) -> int:
    """Return on how many fresh replications a candidate is verified, at most."""
    wanted = math.ceil(FRESH_CONTACTS / max(len(desk.plan(0).entity), 1))
    return min(max(wanted, FRESH_LEAST), FRESH_MOST)


class Work:
    """The search and its verification, with what is known so far."""

    def __init__(
        self,
        desk: Desk,
        workers: Workers | None,
        numbers: range,
        fresh: int,
        progress: Progress | None,
        labour: Labour | None,
        kept: KeptRows | None = None,
    ) -> None:
        self.labour = labour
        self.people: Rostered | None = None
        self.needed: Found | None = None
        """The cheapest seats, which a roster is made for."""
        self.desk, self.grid, self.numbers, self.fresh = desk, desk.grid, numbers, fresh
        self.player = Player(desk, workers, KeptPlays.of(desk, kept))
        self.progress = progress
        self.days = np.array([desk.loaded.scenario.local_days.day_at(at_s) for at_s in self.grid.begins_s])
        self.search = Search(self.player, numbers, self.days)
        self.search.aims = tuple(self._sampled(aim) for aim in desk.aims)
        self.level = Level(self.search, max(fresh, CHECKED_LEAST), fresh)
        self.found: Found | None = None
        self.effects: Effects | None = None
        self.verified: Verified | None = None
        self.chosen: Chosen | None = None
        self.state: State = SAMPLED
        self.candidates = 0
        self.whole = False

    def run(self) -> None:
        """Search and verify; an interruption keeps what is known, unless that is nothing."""
        try:
            self._search()
            if self.desk.money:
                self._choose()
            elif self.state != OUT_OF_REACH:
                assert self.found is not None
                self._take(self.found)
                self._verify()
            assert self.found is not None
            self._tell("measuring what one more is worth", 0.97)
            self.effects = self.search.effects(self.search.look(self.seats()), not self.search.many)
            self.whole = True
        except KeyboardInterrupt:
            self.found = self.found or self.search.best
            if self.found is None:
                raise

    def _sampled(self, aim: Aim) -> Aim:
        """Return what the search asks for, so that what it finds can be shown: of an aim on days a few days more."""
        if aim.goal is None or aim.on_days is None:
            return aim
        n = self.fresh * self.desk.loaded.scenario.days
        more = _z(1) * math.sqrt(aim.on_days * (1 - aim.on_days) / n) + 1 / n
        return dataclasses.replace(aim, goal=aim.goal.model_copy(update={"on_days": min(aim.on_days + more, 1.0)}))

    def _tell(self, what: str, share: float) -> None:
        if self.progress:
            self.progress(share)

    def _search(self) -> None:
        grid = self.grid
        self._tell("the work offered", 0.02)
        open_wide = dataclasses.replace(grid, most=(grid.most > 0) * int(2 * grid.most.max()))
        wide = Desk(
            self.desk.loaded, self.desk.seed, open_wide, self.desk.aims, self.desk.churn, self.desk.money,
            self.desk._plans,
        )  # fmt: skip
        load, begun = plenty(wide, self.numbers[: max(len(self.numbers) // 4, 2)])
        seats = start(self.desk.loaded, grid, load, begun)
        today = np.ceil(today_of(self.desk.loaded, grid.teams, grid.begins_s))
        for aim in self.desk.aims:
            if aim.team is not None:  # it is held against today: there it begins
                at = grid.teams.index(aim.team)
                seats[at] = np.clip(np.maximum(seats[at], today[at]), grid.least[at], grid.most[at])
        if self.search.aims:
            all_there = self.search.look(grid.most)
            self._ask(all_there)
            if not self.search.keeps(all_there):
                self.search.margin[:] = 0.0
            if not self.search.keeps(all_there):
                self.found, self.state = all_there, OUT_OF_REACH
                self.verified = verify(self.player, grid.most, FRESH_FIRST, self.fresh, ALPHA / 2, self.days)
                return
            self._ask(self.search.look(seats))
        self.found = self.search.run(seats, self._tell)
        if self.search.aims and not self.search.many and self.search.keeps(self.found):
            self._tell("many more days", 0.8)
            self.found = calibrated(self.search, self.found, self.level, _z(1))

    def _ask(self, found: Found) -> None:
        """Ask of the sample as much slack as fresh replications will need to show that the goals hold."""
        scale = math.sqrt(len(self.numbers) / self.fresh)
        for at, aim in enumerate(self.search.aims):
            error = found.now.error[at]
            if aim.on_days is None and math.isfinite(error):
                self.search.margin[at] = self._needed(1) * error * scale

    def _take(self, needed: Found) -> None:
        """Take the seats that are needed as the next candidate, or the roster that labour rules allow for them."""
        if self.labour is None:
            self.found = self.needed = needed
            return
        self._tell("shifts under labour rules", 0.84)
        people = rostered(self.search, needed, self.labour, self.people)
        self.people, self.needed, self.found = people, needed, people.found or needed  # as one: they tell of each other
        if people.found is None:
            self.state = NO_ROSTER

    def _verify(self) -> None:
        assert self.found is not None
        for number in range(1, CANDIDATES_MOST + 1):
            if self.state == NO_ROSTER:
                return
            self.candidates = number
            self._tell("fresh days", 0.85 + 0.02 * number)
            alpha = ALPHA * 2.0**-number
            first = FRESH_FIRST * number
            self.verified = verify(self.player, self.found.seats, first, self.fresh, alpha, self.days)
            self.state = VERIFIED if self.verified.passed else NOT_VERIFIED
            if self.verified.passed or (self.found.seats == self.grid.most).all():
                return
            self._add(self.verified)

    def _add(self, verified: Verified) -> None:
        """Add agents where they are worth most, as much as a candidate was short of."""
        assert self.found is not None
        if not self.search.many:
            self._add_few(verified)
            return
        now = standing(verified.sample, self.search.aims, self.days)
        for at, (aim, one) in enumerate(zip(self.search.aims, verified.judged, strict=True)):
            if one.verdict == "kept" and not (self.search.many and aim.on_days is None):
                continue
            if aim.on_days is not None:  # so much slack as the days lacked that would have been needed
                self.search.margin[at] += max(-now.slack[at], 0.25 * now.error[at])
                continue
            spread = now.error[at] * math.sqrt(verified.replications / self.fresh)
            least = 0.0 if one.verdict == "kept" else 0.25 * spread
            self.search.margin[at] += max(self._needed(self.candidates + 1) * spread - now.slack[at], least)
        self._take(self.search.again(self.needed or self.found))

    def _add_few(self, verified: Verified) -> None:
        """Ask for what all days that were played of the candidate say it lacks, and a little more in any case."""
        assert self.found is not None
        self.level.learn(self.found.seats, verified.sample)
        found, before = self.search.look(self.found.seats), self.search.margin.copy()
        margin = self.level.margin(found, _z(self.candidates + 1))
        least = np.where([one.verdict == "kept" for one in verified.judged], 0.0, LEAST_ERRORS * found.now.error)
        scale = math.sqrt(len(self.numbers) / self.fresh)
        self.search.margin[:] = np.maximum(margin, before + np.nan_to_num(least, posinf=0.0) * scale)
        again = self.search.again(self.needed or self.found)
        if self.labour is None and self.search.keeps(again):
            again = settled(self.search, again, self.level, _z(self.candidates + 1))
        self._take(again)

    def _needed(self, candidate: int) -> float:
        """Return how many standard errors of its fresh replications a candidate should keep an aim by."""
        return _z(candidate) + (SURER if self.search.many else 0.0)

    def _choose(self) -> None:
        """Choose among the cheapest of the sample on fresh replications."""
        self._tell("fresh days", 0.88)
        finalists = self.search.finalists()
        self.chosen = choose(self.player, finalists, FRESH_FIRST, self.fresh, ALPHA)
        self.found = self.search.look(self.chosen.seats)
        self.state = VERIFIED if self.chosen.sure else NOT_VERIFIED

    def seats(self) -> Seats:
        """Return who is required, or rostered: verified, or as far as is known."""
        assert self.found is not None
        return self.verified.seats if self.verified is not None and self.state == VERIFIED else self.found.seats


def _z(candidate: int) -> float:
    return -float(ndtri(ALPHA * 2.0**-candidate))
