"""Run replications of a scenario and sum them up: the function behind `testdrive simulate`.

Replications are boiled down to their figures where they are played, in threads, processes or on a cluster, and taken
together in their own order, so that where they were played changes nothing.

>>> from scenarios.reading import HERE, load_scenario
>>> run = simulate(load_scenario(HERE / "quiet_tuesday.yaml"), replications=2)
>>> sorted(run.legs["replication"].unique().tolist())
[0, 1]
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from results.churn import anchored_on_cases
from results.conduct import conduct_of
from results.contacts import Values, contacts_of
from results.experience import CASE_COLUMNS
from results.figures import Asked, By, Figure, Key, Told, figures_from, keys_of, told_of
from results.leavers import customers_of
from results.log import table_of
from results.queues import waits_of
from results.runs import run_id
from results.worked import paid_s, several_at_once, worked_of
from scenarios.churn import ChurnModel
from scenarios.faults import FaultsFoundError
from scenarios.ledger import terms_of
from scenarios.plan import DrawnPlan, draw_plan, make_plan
from scenarios.reading import LoadedScenario, load_scenario
from simulator.columns import Replicated, cases_table, legs_table, staffing_table
from simulator.engine_compiled import replicate
from simulator.engine_simpy import Engine
from simulator.floor_arrays import Floor, Whole, floor_of, shifts_of
from simulator.fold import contacts_folded, waits_folded, worked_folded
from simulator.loop_arrivals import Arrivals
from simulator.loop_lives import (
    NOBODY_LEAVES,
    NOTHING_BELIEVED,
    Beliefs,
    Lived,
    beliefs_of,
    lives_of,
)
from simulator.precision import LEVEL, Precision
from simulator.simpy_floor import Luck
from simulator.workers import Workers, open_workers

EngineName = Literal["compiled", "simpy"]
"""The engine to run and the one to read; they give the same tables."""


class Tables(NamedTuple):
    """What replications leave behind."""

    legs: pd.DataFrame
    staffing: pd.DataFrame
    cases: pd.DataFrame
    customers: pd.DataFrame
    """Cases and customers without a row where the scenario says nothing of churn or of customers."""
    conduct: pd.DataFrame
    """Without a row where no team has any."""


Lives = tuple[int, DrawnPlan, Lived]
"""A replication, who came in it, and what they lived through."""

Progress = Callable[[float], None]
"""Told the share of the work that is done, between 0 and 1."""


ANCHOR_CASES, ANCHOR_REPLICATIONS = 10_000, 20


class NoLogError(ValueError):
    """The log was asked for, but the run was told to keep figures only."""


@dataclass(frozen=True)
class Simulated:
    """What came out: figures over all replications, the tables unless they were not kept, and how long it took."""

    run_id: str
    replications: int
    contacts: int
    """How many contacts were simulated, over all replications."""
    planned_same: bool
    wall_s: float
    keys: Sequence[Key] = field(repr=False)
    told: Sequence[Told] = field(repr=False)
    level: float
    """Of the intervals of `figures`: 0.95, or more where a stopping rule looked more than once."""
    looks: int
    """How often a stopping rule looked; 0 where there was none."""
    reached: bool
    """Whether every half-width that was asked for was reached."""
    churn: ChurnModel | None = field(repr=False)
    """What makes customers leave, its base as many really do where the scenario tells that."""
    make_tables: Callable[[], Tables] | None = field(repr=False)

    def figures(self) -> list[Figure]:
        """Return the figures with their intervals over replications."""
        return figures_from(self.keys, self.told, self.level)

    @property
    def legs(self) -> pd.DataFrame:
        """The contact log, made when it is first asked for.

        Raises:
            NoLogError: it was not kept.
        """
        return self._tables.legs

    @property
    def staffing(self) -> pd.DataFrame:
        """When each seat was on duty.

        Raises:
            NoLogError: it was not kept.
        """
        return self._tables.staffing

    @property
    def cases(self) -> pd.DataFrame:
        """What was lived through, a row for each case, as `results.experience.cases_of` gives it.

        Without a row where the scenario says nothing of churn or of customers.

        Raises:
            NoLogError: the log was not kept.
        """
        return self._tables.cases

    @property
    def customers(self) -> pd.DataFrame:
        """The table `customers`; without a row where the scenario says nothing of churn or of customers.

        Raises:
            NoLogError: the log was not kept.
        """
        return self._tables.customers

    @property
    def conduct(self) -> pd.DataFrame:
        """The table `conduct`: how customers were treated; without a row where no team has any conduct.

        Raises:
            NoLogError: the log was not kept.
        """
        return self._tables.conduct

    @functools.cached_property
    def _tables(self) -> Tables:
        if self.make_tables is None:
            raise NoLogError("only figures were kept (--summary); simulate without it for the log")
        return self.make_tables()


def simulate(
    loaded: LoadedScenario,
    seed: int | None = None,
    replications: int = 10,
    same_plan: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    shoppers: int | None = None,
    engine: EngineName = "compiled",
    summary: bool = False,
    precision: Precision | None = None,
    from_s: float = 0.0,
    cluster: str | None = None,
    by: Sequence[By] = (),
    also: Sequence[Key] = (),
    churn: ChurnModel | None = None,
) -> Simulated:
    """Simulate.

    Args:
        loaded: the scenario.
        seed: the scenario's own where left out.
        replications: how many; each has its own luck. With `precision`, how many at most.
        same_plan: keep replication 0's customers in all of them and redraw only what the desk does to them: the band
            that a measured day is held against.
        threads: replications at once: threads for the compiled engine; for SimPy, which holds the interpreter lock,
            processes.
        progress: told how far it is. An interruption (Ctrl-C) keeps the replications that are done.
        shoppers: overrides how many shoppers a plan holds on each channel that has any.
        engine: which of the two; the tables are the same.
        summary: keep the figures only, so that memory does not grow with replications.
        precision: stop as soon as the figures it names are known so well.
        from_s: contacts that arrive before this scenario second do not count in the figures: a warm-up.
        cluster: address of a Dask scheduler whose workers play the replications.
        by: figures also for each intent, team or half-hour of the day, or each combination of these.
        also: figures beside the usual ones and those that goals and gates name.
        churn: what makes customers leave, as `Simulated.churn` of another run has it: a what-if is judged by the model
            that was anchored on what it is held against. Left out: the scenario's, anchored on the scenario itself.

    Raises:
        WorkersError: the cluster cannot be used.
    """
    seed = loaded.scenario.seed if seed is None else seed
    began = time.perf_counter()
    keys = tuple(dict.fromkeys([*keys_of(loaded.scenario, by, also), *(precision.keys if precision else ())]))
    model = believed_churn(loaded, seed) if churn is None else churn
    work = Work(loaded, seed, same_plan, shoppers, engine, keys, from_s, summary, model)
    looks = precision.looks(replications) if precision else [replications]
    level = precision.level(looks) if precision else LEVEL
    done: list[Played] = []
    looked, reached = 0, precision is None
    with open_workers(threads, engine == "simpy", cluster) as workers:
        for look in looks:
            before = len(done)
            done += _kept(work, workers, range(before, look), progress, looks[-1])
            if len(done) < look:
                break
            if precision:
                looked += 1
                reached = precision.reached(figures_from(keys, [one.told for one in done], level))
                if reached:
                    break
    if not done:
        raise KeyboardInterrupt
    kind = "same" if same_plan else "drawn"
    name = run_id("simulated", loaded.scenario.scenario, loaded.hash, seed, loaded.scenario.days, len(done), kind)
    tables = None if summary else functools.partial(work.tables, done, name)
    contacts, told = sum(one.contacts for one in done), [one.told for one in done]
    taken_s = time.perf_counter() - began
    return Simulated(name, len(done), contacts, same_plan, taken_s, keys, told, level, looked, reached, model, tables)


@dataclass(frozen=True)
class Played:
    """What is kept of one replication."""

    told: Told
    contacts: int
    part: Replicated | tuple[pd.DataFrame, pd.DataFrame] | None = field(repr=False)
    """From which the tables are made: the compiled engine's arrays, or SimPy's legs and staffing."""
    lived: Lives | None = field(repr=False)
    """Where the scenario says anything of what customers live through."""


@dataclass(frozen=True, eq=False)
class Work:
    """All that playing a replication takes; goes to other processes and machines as it is."""

    loaded: LoadedScenario
    seed: int
    same_plan: bool
    shoppers: int | None
    engine: EngineName
    keys: Sequence[Key]
    from_s: float
    summary: bool
    churn: ChurnModel | None = None
    """What makes customers leave, as it is played."""

    @functools.cached_property
    def tells_lives(self) -> bool:
        """Whether the scenario says anything of what customers live through."""
        return self.churn is not None or self.loaded.scenario.customers is not None

    @functools.cached_property
    def beliefs(self) -> Beliefs:
        """What the scenario says of customers, as the compiled engine reads it."""
        return beliefs_of(self.loaded, self.churn)

    @functools.cached_property
    def floor(self) -> Floor:
        """The scenario as the compiled engine reads it."""
        return floor_of(self.loaded)

    @functools.cached_property
    def plan(self) -> DrawnPlan | None:
        """The plan that all replications share, if they do."""
        return draw_plan(self.loaded, self.seed, 0, self.shoppers) if self.same_plan else None

    @functools.cached_property
    def asked(self) -> Asked:
        """The figures as they are tallied."""
        return Asked.of(self.keys, self.loaded.scenario)

    @property
    def counts_from_s(self) -> float:
        """From when on contacts that arrive count: those who are there as the run begins do, whenever they came."""
        return self.from_s if self.from_s or self.loaded.opening is None else -math.inf

    @property
    def works_from_s(self) -> float:
        """From when on agents' time counts."""
        return max(self.from_s, self.loaded.opening.at_s) if self.loaded.opening else self.from_s

    @functools.cached_property
    def paid_s(self) -> Values:
        """For how long each team is paid, the same in every replication."""
        return paid_s(self.loaded, self.works_from_s)

    def luck(self, replication: int) -> Luck:
        """Return a replication's luck."""
        return Luck(self.seed, 0 if self.same_plan else replication, replication)

    def play_some(self, replications: Sequence[int]) -> list[Played]:
        """Play replications one after the other."""
        return [self.play(replication) for replication in replications]

    def play(self, replication: int, watch: Progress | None = None) -> Played:
        """Play a replication; `watch` is told its progress, where the engine can tell."""
        return self._simpy(replication, watch) if self.engine == "simpy" else self._compiled(replication)

    def tables(self, played: Sequence[Played], run_id: str) -> Tables:
        """Join the tables of replications; whoever writes them checks them."""
        parts = [one.part for one in played]
        if self.engine == "simpy":
            legs, staffing = (
                pd.concat([part[at] for part in parts if isinstance(part, tuple)], ignore_index=True) for at in (0, 1)
            )
            legs["run_id"] = pd.array([run_id], dtype="str").repeat(len(legs))
        else:
            replicated = [part for part in parts if isinstance(part, Replicated)]
            legs, staffing = legs_table(self.floor, replicated, run_id), staffing_table(self.floor, replicated)
        conduct = conduct_of(legs, self.loaded.scenario, self.loaded.horizon_s, self.seed, self.same_plan)
        lived = [one.lived for one in played if one.lived is not None]
        if not lived:
            return Tables(legs, staffing, pd.DataFrame(columns=list(CASE_COLUMNS)), table_of("customers", []), conduct)
        cases, entities = cases_table(lived)
        population = self.loaded.scenario.customers
        customers = customers_of(cases, self.churn, population, self.seed, self.same_plan, entities)
        return Tables(legs, staffing, cases, customers, conduct)

    def live(self, replication: int) -> Lives:
        """Play a replication for what customers live through alone, in the compiled engine."""
        luck = self.luck(replication)
        part = replicated(self.loaded, self.floor, self.plan, luck, self.shoppers, self.beliefs)
        return replication, part.plan, part.lived(self.beliefs, luck, self.floor.horizon_us)

    def _compiled(self, replication: int) -> Played:
        luck = self.luck(replication)
        part = replicated(self.loaded, self.floor, self.plan, luck, self.shoppers, self.beliefs)
        lived: Lives | None = None
        if self.tells_lives and not self.summary:
            lived = replication, part.plan, part.lived(self.beliefs, luck, self.floor.horizon_us)
        contacts = contacts_folded(part.happened, part.plan.intent, self.floor.horizon_us)
        several = several_at_once(self.loaded)
        worked = worked_folded(part.happened, self.floor, self.works_from_s, self.paid_s, several)
        waits = waits_folded(part.happened, self.works_from_s) if self.asked.of_queues else None
        told = told_of(contacts, worked, self.asked, self.counts_from_s, waits)
        return Played(told, len(contacts["channel"]), None if self.summary else part, lived)

    def _simpy(self, replication: int, watch: Progress | None) -> Played:
        luck = self.luck(replication)
        plan = make_plan(self.loaded, luck.seed, luck.plan, self.shoppers)
        engine = Engine(self.loaded, plan, luck, model=self.churn)
        engine.run(watch)
        legs, staffing = engine.legs("", replication), engine.staffing(replication)
        contacts = contacts_of(legs, self.loaded.horizon_s)
        worked = worked_of(legs, staffing, self.loaded, self.works_from_s)
        waits = waits_of(legs, self.loaded.scenario, self.works_from_s) if self.asked.of_queues else None
        told = told_of(contacts, worked, self.asked, self.counts_from_s, waits)
        if self.summary:
            return Played(told, len(contacts), None, None)
        lived = None
        if self.tells_lives:
            drawn = draw_plan(self.loaded, luck.seed, luck.plan, self.shoppers)
            lived = replication, drawn, Lived(*engine.customers.lived(engine.rows))
        return Played(told, len(contacts), (legs, staffing), lived)


def replicated(
    loaded: LoadedScenario,
    floor: Floor,
    plan: DrawnPlan | None,
    luck: Luck,
    shoppers: int | None = None,
    beliefs: Beliefs = NOTHING_BELIEVED,
) -> Replicated:
    """Run one replication in the compiled engine; the plan is drawn where none is given."""
    plan = plan or draw_plan(loaded, luck.seed, luck.plan, shoppers)
    arrivals = Arrivals.of(plan)
    shifts = shifts_of(floor, luck.seed, luck.desk)
    lives = lives_of(plan)
    happened = replicate(
        luck.seed, luck.plan, luck.desk, floor.horizon_us, arrivals, floor.arrays, shifts, floor.more,
        lives if beliefs.leaves else NOBODY_LEAVES, beliefs,
    )  # fmt: skip
    return Replicated(luck.desk, plan, happened, lives)


def believed_churn(loaded: LoadedScenario, seed: int) -> ChurnModel | None:
    """Return what makes customers leave: with a base as many really leave, where the scenario tells how many do.

    It is anchored on the scenario as its file tells it, without a profile, a replay or a change, while nobody leaves:
    on its first replications, of as many as have ANCHOR_CASES cases, and no more than ANCHOR_REPLICATIONS. So what a
    change loses more, is lost more.
    """
    model = loaded.churn
    if model is None or model.observed is None:
        return model
    today = _as_told(loaded)
    work, rows = Work(today, seed, False, None, "compiled", (), 0.0, True), list[Whole]()
    while len(rows) < ANCHOR_REPLICATIONS and sum(map(len, rows)) < ANCHOR_CASES:
        rows.append(work.live(len(rows))[2].rows)
    cases, population = pd.DataFrame(terms_of(np.concatenate(rows))), loaded.scenario.customers
    count = None if population is None else population.count
    return anchored_on_cases(model, cases, len(rows), float(today.scenario.days), count)


def _as_told(loaded: LoadedScenario) -> LoadedScenario:
    """Return a scenario as its file tells it, with the customers of this one; itself where the file is gone."""
    if loaded.is_as_on_disk():
        return loaded
    try:
        told = load_scenario(loaded.path, loaded.scenario.days)
    except FaultsFoundError:
        return loaded
    ours = {name: getattr(loaded.scenario, name) for name in ("customers", "expectations", "churn")}
    if told.hash == loaded.hash or set(told.scenario.channels) != set(loaded.scenario.channels):
        return loaded
    return dataclasses.replace(told, scenario=told.scenario.model_copy(update=ours), churn=loaded.churn)


def _kept(work: Work, workers: Workers | None, replications: range, progress: Progress | None, of: int) -> list[Played]:
    """Play replications; an interruption keeps those that are done."""
    done: list[Played] = []

    def tell(share: float) -> None:
        if progress:
            progress((replications.start + len(done) + share) / of)

    here = (work.play(replication, tell) for replication in replications)
    results: Iterable[Played] = workers.play(work, replications) if workers else here
    with contextlib.suppress(KeyboardInterrupt):
        for played in results:
            done.append(played)
            tell(0.0)
    return done
