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
import pandas as pd
from scipy.special import ndtri

from results.roster import Roster
from results.staffing import (
    GOAL_COLUMNS,
    NO_ROSTER,
    NOT_VERIFIED,
    OUT_OF_REACH,
    REQUIREMENT_COLUMNS,
    SAMPLED,
    VERIFIED,
    Staffing,
    State,
)
from scenarios.labour import Labour, labour_on
from scenarios.reading import LoadedScenario
from scenarios.units import clock_text
from simulator.simulate import believed_churn
from simulator.staffing.aims import Aim, StaffingError, aims_of, staffed_teams
from simulator.staffing.effects import ALONE_MOST, Effects, standing
from simulator.staffing.finalists import Chosen, choose
from simulator.staffing.master import solve
from simulator.staffing.problem import Seats
from simulator.staffing.rostering import Rostered, rostered
from simulator.staffing.sampled import Desk, Player
from simulator.staffing.searching import Found, Search, cuts_of
from simulator.staffing.starting import grid_of, most_of, plenty, present_share, start, today_of
from simulator.staffing.verifying import Judged, Verified, verify
from simulator.workers import Workers, open_workers

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

ALPHA = 0.05
CANDIDATES_MOST = 6
FRESH_MOST = 100
"""Fresh replications of a candidate, at most."""
SAMPLE_CONTACTS = 20_000
"""Of about so many contacts is a sample; a goal on a mean needs no more to find where people are needed."""
SAMPLE_LEAST, SAMPLE_MOST = 4, 30
SAMPLE_MANY = 8
"""At least, where there are many seats: they are changed by whole teams, which few plays tell all."""
SAMPLE_DAYS = 60
"""Where a share of days is asked for, as many days at least: fewer tell nothing of one day in ten."""
FRESH_FIRST = 100_000
"""The number of the first fresh replication: no search ever plays so many."""
PLENTY_LEAST, PLENTY_FULL = 30, 0.8
MINUTES_LEAST = 5
SURER = 1.0
"""Of many seats, where one agent is a small share: so many standard errors more are asked of the next candidate than
would do on average. Else every other one would fail by chance, and each takes a hundred fresh plays."""
BINDS_ERRORS = 1.0
"""A goal whose slack is within so many standard errors of what is asked binds."""


def staff(
    loaded: LoadedScenario,
    interval: int = 30,
    teams: Sequence[str] = (),
    seed: int | None = None,
    threads: int = 1,
    cluster: str | None = None,
    replications: int = FRESH_MOST,
    objective: str = "cost",
    progress: Progress | None = None,
    sample: int | None = None,
) -> Staffing:
    """Find the cheapest people.

    Args:
        loaded: the scenario; where it names labour rules (`labour`), people are bought by the shift, under them.
        interval: minutes in which the number of people of a team may differ.
        teams: whose seats are sought; see `aims.staffed_teams` for which where left out.
        seed: the scenario's own where left out.
        threads: plays at once.
        cluster: address of a Dask scheduler whose workers play.
        replications: fresh ones that verify a candidate, at most.
        objective: `cost`: the cheapest people that keep the goals; `money`: that people, contacts and the margin lost
            with those who leave cost least together.
        progress: told the share that is done. An interruption (Ctrl-C) keeps the best that is known.
        sample: replications of the search; by how busy the scenario is where left out.

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
        desk, numbers = _opened(loaded, chosen, interval, aims, seed, money, model, sample)
        rules = None if money or loaded.labour is None else labour_on(loaded.labour, loaded.scenario)
        work = _Work(desk, workers, numbers, replications, progress, rules)
        work.run()
    return work.told(time.perf_counter() - began)


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
    for name, told in (("costs", scenario.costs), ("customers", scenario.customers), ("churn", loaded.churn)):
        if told is None:
            raise StaffingError(
                f"--objective money weighs staff against customers lost: {loaded.path} says no `{name}:`"
            )
    assert loaded.churn is not None
    why = withheld_money(loaded.churn)
    if why:
        raise StaffingError(f"--objective money: {why}")


def _opened(
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


class _Work:
    """The search and its verification, with what is known so far."""

    def __init__(
        self,
        desk: Desk,
        workers: Workers | None,
        numbers: range,
        fresh: int,
        progress: Progress | None,
        labour: Labour | None,
    ) -> None:
        self.labour = labour
        self.people: Rostered | None = None
        self.needed: Found | None = None
        """The cheapest seats, which a roster is made for."""
        self.desk, self.grid, self.numbers, self.fresh = desk, desk.grid, numbers, fresh
        self.player = Player(desk, workers)
        self.progress = progress
        self.days = np.array([desk.loaded.scenario.local_days.day_at(at_s) for at_s in self.grid.begins_s])
        self.search = Search(self.player, numbers, self.days)
        self.search.aims = tuple(self._sampled(aim) for aim in desk.aims)
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
                self.needed = self.found
                self._roster()
                self._verify()
            assert self.found is not None
            self._tell("measuring what one more is worth", 0.97)
            self.effects = self.search.effects(self.search.look(self._seats()), not self.search.many)
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

    def _ask(self, found: Found) -> None:
        """Ask of the sample as much slack as fresh replications will need to show that the goals hold."""
        scale = math.sqrt(len(self.numbers) / self.fresh)
        for at, aim in enumerate(self.search.aims):
            error = found.now.error[at]
            if aim.on_days is None and math.isfinite(error):
                self.search.margin[at] = self._needed(1) * error * scale

    def _roster(self) -> None:
        """Make a roster of the seats that are needed, where labour rules are told."""
        if self.labour is None:
            return
        assert self.needed is not None
        self._tell("shifts under labour rules", 0.84)
        self.people = rostered(self.search, self.needed, self.labour)
        self.found = self.people.found or self.needed
        if self.people.found is None:
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
        self.found = self.needed = self.search.again(self.needed or self.found)
        self._roster()

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

    def _seats(self) -> Seats:
        assert self.found is not None
        return self.verified.seats if self.verified is not None and self.state == VERIFIED else self.found.seats

    def told(self, wall_s: float) -> Staffing:
        """Return what came out."""
        assert self.found is not None
        loaded, grid, seats = self.desk.loaded, self.grid, self._seats()
        if not self.whole and self.state != VERIFIED:
            self.state = SAMPLED
        today = today_of(loaded, grid.teams, grid.begins_s)
        hours = np.diff(np.append(grid.begins_s, loaded.horizon_s)) / 3600
        there = np.array([present_share(loaded.scenario.teams[name]) for name in grid.teams])
        wage = grid.price[:, 0] / hours[0]
        paid_today = np.array([_paid_h(loaded, name) for name in grid.teams])
        paid = (seats * hours).sum(axis=1)
        people = [name for name, team in loaded.scenario.teams.items() if not team.self_service]
        currency = loaded.scenario.customers.currency if loaded.scenario.customers else None
        cost, cost_today = float(wage @ paid), float(wage @ paid_today)
        paid_h = float(paid.sum())
        if self.chosen is not None:
            cost, cost_today = self.chosen.cost, self.chosen.cost_today
        if self.people is not None:
            cost, paid_h = self.people.solved.cost, self.roster.paid_h if self.roster else 0.0
        goals = self._goals()
        return Staffing(
            self.state, "money" if self.desk.money else "cost", self._requirement(seats, today, there, goals),
            goals, grid.teams, tuple(one for one in people if one not in grid.teams),
            cost, cost_today, (currency or "money") if loaded.scenario.costs else None,
            paid_h, float(paid_today.sum()), float(there @ paid), float(there @ paid_today),
            self._bound(), 1 - ALPHA, self._guarantee(), self._notes(goals), self.desk.seed, grid.minutes,
            loaded.scenario.days, len(self.numbers), self._fresh_played(), FRESH_FIRST, self.candidates,
            self.search.single_moves, self.player.plays, wall_s, self.roster,
        )  # fmt: skip

    @property
    def roster(self) -> Roster | None:
        """Who works when; None without labour rules."""
        return self.people.solved.roster if self.people is not None else None

    def _fresh_played(self) -> int:
        if self.chosen is not None:
            return self.chosen.replications
        return self.verified.replications if self.verified is not None else 0

    def _judged(self) -> tuple[Judged, ...]:
        return self.verified.judged if self.verified is not None else ()

    def _goals(self) -> pd.DataFrame:
        assert self.found is not None
        now, rows = self.found.now, []
        binding = self._binding()
        for at, one in enumerate(self._judged()):
            row = dataclasses.asdict(one)
            rows.append({"goal": row.pop("name"), **row, "binds": bool(binding[at])})
        if not rows:  # not verified: what the sample says, without an interval
            for at, aim in enumerate(self.desk.aims):
                slack = float(now.slack[at])
                value = aim.value(slack) if aim.goal is not None and aim.on_days is None else math.nan
                unknown = dict.fromkeys(("low", "high", "days_low", "days_high", "short"), math.nan)
                rows.append(
                    {"goal": aim.name, "value": value, "kept_on": float(now.kept_on[at]), "verdict": "not verified",
                     "slack": slack, "is_goal": aim.goal is not None, "binds": bool(binding[at]), **unknown}
                )  # fmt: skip
        return pd.DataFrame(rows, columns=list(GOAL_COLUMNS))

    def _binding(self) -> npt.NDArray[np.bool_]:
        assert self.found is not None
        error = np.nan_to_num(self.found.now.error, posinf=0.0)
        return np.asarray(self.found.now.slack - self.search.margin <= BINDS_ERRORS * error)

    def _requirement(self, seats: Seats, today: Values, there: Values, goals: pd.DataFrame) -> pd.DataFrame:
        grid, rows = self.grid, []
        needed = self.needed.seats if self.people is not None and self.needed is not None else seats
        local, binding = self.desk.loaded.scenario.local_days, self._binding()
        names = [aim.name for aim in self.desk.aims]
        for at, team in enumerate(grid.teams):
            for cell, at_s in enumerate(grid.begins_s):
                worth, binds = self._worth(at, cell, binding, names)
                rows.append(
                    (team, float(at_s), int(self.days[cell]), clock_text(int(local.clock_s(at_s))),
                     int(needed[at, cell]), int(seats[at, cell]), float(today[at, cell]),
                     float(seats[at, cell] * there[at]),
                     float(grid.price[at, cell]), worth, binds)
                )  # fmt: skip
        return pd.DataFrame(rows, columns=list(REQUIREMENT_COLUMNS))

    def _worth(self, team: int, cell: int, binding: npt.NDArray[np.bool_], names: Sequence[str]) -> tuple[float, str]:
        """Return by how much one agent more betters the aim that binds there most, and which it is."""
        if self.effects is None or self.grid.most[team, cell] == 0:
            return math.nan, ""
        if not names:
            return float(self.effects.money_more[team, cell]), "money saved"
        assert self.found is not None
        error = np.maximum(np.nan_to_num(self.found.now.error, posinf=1.0), 1e-12)
        gains = np.where(binding, self.effects.slope[:, team, cell] / error, -np.inf)
        most = int(gains.argmax())
        if not np.isfinite(gains[most]) or gains[most] <= 0:
            return 0.0, ""
        return float(self.effects.more[most, team, cell]), names[most]

    def _bound(self) -> float | None:
        """Return what the cuts at the end say seats cannot cost less than, on the sample."""
        if self.effects is None or self.desk.money or self.state in (OUT_OF_REACH, NO_ROSTER):
            return None
        if self.people is not None:
            return self.people.bound
        found = self.search.look(self._seats())
        asked = -(found.now.slack - self.search.margin)
        cuts = list(cuts_of([aim.name for aim in self.desk.aims], self.effects.slope, found.seats, asked))
        near = dataclasses.replace(
            self.grid,
            least=np.maximum(self.grid.least, found.seats - 1),
            most=np.minimum(self.grid.most, found.seats + 1),
        )
        try:
            return min(solve(near, cuts, None, found.seats, 5.0).bound, found.cost)
        except AssertionError:  # the optimiser has found nothing in its time
            return None

    def _guarantee(self) -> str:
        if self.desk.money:
            return self.chosen.words if self.chosen is not None else "interrupted: nothing was verified"
        n, first = self._fresh_played(), FRESH_FIRST * max(self.candidates, 1)
        if self.state == VERIFIED:
            tried = f"{self.candidates} candidates were" if self.candidates > 1 else "1 candidate was"
            return (
                f"All goals hold together with {100 * (1 - ALPHA):.0f} % confidence, in the world that the scenario "
                f"tells of: shown on {n} fresh replications (numbers {first} to {first + n - 1} of seed "
                f"{self.desk.seed}) that the search never saw; {tried} tried, and the risk of an error is split over "
                "them."
            )
        if self.state == OUT_OF_REACH:
            return f"Not even the most people reach all goals; figures are of {n} fresh replications with all of them."
        if self.state == NO_ROSTER:
            return "Nothing is promised: no roster under these rules keeps what is asked; the nearest one is told."
        if self.state == NOT_VERIFIED:
            return f"Nothing is promised: of {self.candidates} candidates none was shown to keep all goals."
        return f"Nothing is promised: interrupted; on the {len(self.numbers)} replications sampled the goals are kept."

    def _notes(self, goals: pd.DataFrame) -> tuple[str, ...]:
        notes = list(self.people.solved.loosen) if self.people is not None and self.state == NO_ROSTER else []
        for row in goals.itertuples():
            if self.state == OUT_OF_REACH and row.verdict != "kept":
                notes.append(
                    f"{row.goal}: with all that may be rostered the value is {row.value:.4g} ({row.low:.4g} to "
                    f"{row.high:.4g}); a bound of {_promised(row):.4g} could be promised"
                )
            elif self.state == NOT_VERIFIED and row.verdict != "kept":
                notes.append(f"{row.goal}: {row.verdict}; short by {row.short:.4g}")
        return tuple(notes)


def _promised(row: object) -> float:
    """Return the end of an interval on the side that does not flatter."""
    return float(row.low if " at least " in row.goal else row.high)  # type: ignore[attr-defined]


def _paid_h(loaded: LoadedScenario, team: str) -> float:
    from scenarios.rosters import rostered_s

    return rostered_s(loaded.roster_paid(team), 0.0, loaded.horizon_s) / 3600


def _z(candidate: int) -> float:
    return -float(ndtri(ALPHA * 2.0**-candidate))
