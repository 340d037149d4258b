"""The biggest causes of loss: worlds without one thing each, and remedies, played on the same luck as the scenario.

Customers lost are expected ones: over the cases of a replication, the sum of the churn model's shares. So who leaves is
no luck here; what is left of luck (who comes when, how long talks take) is the same in every world, and the difference
of a replication is one of pairs. Its interval is Student's over replications. Where the scenario tells how many really
leave, the model is anchored once, on the scenario as it is, and the same model judges every world.

The coefficients are taken as known: how little is known of them stands beside the losses, not here.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.churn import anchored, leaving
from results.experience import cases_of
from results.statistics import Estimate, replication_estimate
from scenarios.churn import ChurnModel, withheld_money
from scenarios.expectations import Expectations, entity_of
from scenarios.experience import TERMS
from scenarios.identity import member_entity
from scenarios.members import entity_of_member, members_of, values_of
from scenarios.reading import LoadedScenario
from simulator.simulate import Work
from simulator.workers import open_workers
from simulator.worlds import Kind, World, worlds_of

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

REPLICATIONS_LEAST = 2
"""Fewer tell nothing of how sure a mean is."""

PARCEL_CONTACTS, PARCELS_LEAST = 20_000, 8
"""Contacts whose log is read at once, and into how many parcels replications are cut at least: an interruption loses
the one at hand."""


class NothingLostError(ValueError):
    """It cannot be told what customers are lost; the message says why."""


@dataclass(frozen=True)
class Cause:
    """What is kept of customers and margin in a replication, in the mean, with 95 % intervals, in another world."""

    name: str
    says: str
    do: str
    kind: Kind
    customers_kept: float
    low: float
    high: float
    margin_kept: float | None
    margin_low: float | None
    margin_high: float | None
    share_of_losses: float | None
    """Of the customers that the scenario loses."""
    interval_ratio: float | None
    """How much wider the interval were with luck of its own in each world; None where nothing differs at all."""
    replications: int


@dataclass(frozen=True)
class Lost:
    """Expected customers lost and the margin they take along, a value per replication; no margin where none is told."""

    customers: Values
    margin: Values | None


@dataclass(frozen=True)
class Causes:
    """What was found."""

    causes: list[Cause]
    base: Lost = field(repr=False)
    """Of the scenario as it is."""
    model: ChurnModel = field(repr=False)
    """By which customers leave, anchored where the scenario tells how many really do."""
    left_out: list[str]
    """A sentence for each world that could not be tried."""
    whole: bool
    """Whether all replications were played; what was played before an interruption is kept."""


def causes_of(
    loaded: LoadedScenario,
    seed: int | None = None,
    replications: int = 20,
    threads: int = 1,
    progress: Progress | None = None,
) -> Causes:
    """Find what loses customers, the most first, then what the scenario's remedies keep.

    Args:
        loaded: a scenario with a churn model.
        seed: the scenario's own where left out.
        replications: how many of each world, 2 or more; replication k has the same luck in all of them.
        threads: replications at once.
        progress: told the share that is done. An interruption (Ctrl-C) keeps the replications played in all worlds.

    Raises:
        NothingLostError: the scenario has no churn model, or fewer than two replications were played.
    """
    if why := why_nothing(loaded, replications):
        raise NothingLostError(why)
    worlds, left_out = worlds_of(loaded)
    used = loaded.scenario.seed if seed is None else seed
    played = lives_of([loaded, *(world.loaded for world in worlds)], used, range(replications), threads, progress)
    if len(played) < REPLICATIONS_LEAST:
        raise KeyboardInterrupt
    model = anchored_on([lives[0] for lives in played], loaded)
    base, *others = (lost_of(lives, model, loaded) for lives in zip(*played, strict=True))
    causes = [cause_of(world, base, other) for world, other in zip(worlds, others, strict=True)]
    causes.sort(key=lambda cause: (cause.kind, -cause.customers_kept))
    return Causes(causes, base, model, left_out, len(played) == replications)


def why_nothing(loaded: LoadedScenario, replications: int) -> str | None:
    """Say why nothing can be told of what loses a scenario's customers; None where something can."""
    if loaded.churn is None:
        return f"{loaded.path} does not say what makes customers leave: churn: {{model: published}}, and observed"
    if replications < REPLICATIONS_LEAST:
        return f"{replications} replication tells no interval; play {REPLICATIONS_LEAST} or more"
    return None


def cause_of(world: World, base: Lost, other: Lost) -> Cause:
    """Compare a world with the scenario as it is, replication by replication."""
    kept = replication_estimate(base.customers - other.customers)
    low, high = kept.interval()
    lost = float(base.customers.mean())
    margin: tuple[float | None, float | None, float | None] = (None, None, None)
    if base.margin is not None and other.margin is not None:
        saved = replication_estimate(base.margin - other.margin)
        margin = (saved.value, *saved.interval())
    return Cause(
        world.name, world.says, world.do, world.kind, kept.value, low, high, *margin,
        kept.value / lost if lost > 0 else None, ratio(base.customers, other.customers), len(base.customers),
    )  # fmt: skip


def ratio(base: Values, other: Values) -> float | None:
    """Return how many times wider the interval of a difference were if both had luck of their own.

    The variance of a difference of independent means is the sum of theirs.
    """
    paired = float(np.var(base - other, ddof=1))
    apart = float(np.var(base, ddof=1) + np.var(other, ddof=1))
    return math.sqrt(apart / paired) if paired > 0 else None


def apart(
    loaded: LoadedScenario, other: LoadedScenario, model: ChurnModel, seed: int, replications: int, threads: int = 1
) -> Estimate:
    """Estimate what another world keeps as one must where luck is not shared: it is played with a seed of its own.

    For comparison only: what sharing luck is worth. The degrees of freedom are Welch's.
    """
    ours = lives_of([loaded], seed, range(replications), threads)
    theirs = lives_of([other], (seed + 1) % 2**32, range(replications), threads)
    one, two = (lost_of([lives[0] for lives in some], model, loaded).customers for some in (ours, theirs))
    parts = np.array([np.var(one, ddof=1), np.var(two, ddof=1)]) / replications
    freedom = float(parts.sum() ** 2 / (parts**2).sum()) * (replications - 1) if parts.sum() else 1.0
    return Estimate(float(one.mean() - two.mean()), math.sqrt(float(parts.sum())), freedom)


def lives_of(
    scenarios: Sequence[LoadedScenario],
    seed: int,
    replications: range,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[list[pd.DataFrame]]:
    """Play replications of scenarios; returns for each replication what was lived through in each of them.

    An interruption keeps the replications that are done in all of them.
    """
    works = tuple(Work(one, seed, False, None, "compiled", (), 0.0, False) for one in scenarios)
    lives = _Lives(works, _parcels(scenarios[0], replications), progress)
    played: list[list[pd.DataFrame]] = []
    with open_workers(threads, False, None) as workers, contextlib.suppress(KeyboardInterrupt):
        parcels = range(len(lives.parcels))
        for some in workers.play(lives, parcels) if workers else map(lives.play, parcels):
            played += some
    return played


def _parcels(loaded: LoadedScenario, replications: range) -> list[range]:
    """Cut replications into parcels whose logs are read together: a small one alone takes as long as a large one."""
    contacts = sum(count for cell in loaded.contacts.values() for _, count in cell) * loaded.scenario.days
    size = max(1, min(int(PARCEL_CONTACTS / max(contacts, 1.0)), len(replications) // PARCELS_LEAST))
    return [replications[at : at + size] for at in range(0, len(replications), size)]


@dataclass
class _Lives:
    """Plays scenarios parcel by parcel, and keeps of each replication only what a churn model can weigh."""

    works: tuple[Work, ...]
    parcels: list[range]
    progress: Progress | None
    done: int = 0

    def play_some(self, parcels: Sequence[int]) -> list[list[list[pd.DataFrame]]]:
        """Play parcels one after the other."""
        return [self.play(parcel) for parcel in parcels]

    def play(self, parcel: int) -> list[list[pd.DataFrame]]:
        """Play the replications of a parcel; returns for each what was lived through in each scenario."""
        first, replications = self.works[0], self.parcels[parcel]
        worth = {one: _Worth(first.loaded, first.seed, one) for one in replications}
        lived = []
        for work in self.works:
            legs, _ = work.tables([work.play(one) for one in replications], "")
            lived.append(lived_of(legs, work.loaded, work.seed, worth))
            self.done += 1
            if self.progress:
                self.progress(min(self.done / (len(self.parcels) * len(self.works)), 1.0))
        return [list(worlds) for worlds in zip(*lived, strict=True)]


def lived_of(legs: pd.DataFrame, loaded: LoadedScenario, seed: int, worth: Mapping[int, _Worth]) -> list[pd.DataFrame]:
    """Return what was lived through in each replication: a row for all cases alike, how many, and their `margin`."""
    assert loaded.churn is not None
    terms = weighed(loaded.churn)
    complaints = loaded.scenario.customers.complaints if loaded.scenario.customers else []
    expectations = Expectations(loaded.scenario.expectations, seed)
    if "wait_beyond_min" not in terms:
        expectations = _Indifferent({}, seed)
    cases = cases_of(legs, expectations, loaded.horizon_s, complaints=complaints)
    found = []
    for replication, values in worth.items():
        own = cases[cases["replication"] == replication]
        told = own[list(terms)].assign(cases=1.0, margin=values.of(own["customer_id"]))
        found.append(told.groupby(list(terms), as_index=False, sort=True).sum() if terms else told.sum().to_frame().T)
    return found


class _Indifferent(Expectations):
    """Nobody minds a wait: for models that do not weigh one, as drawing what each minds takes its time."""

    def tolerated_us(self, customer_id: str, channel: str, replication: int = 0) -> int:
        return -1


def weighed(model: ChurnModel) -> tuple[str, ...]:
    """Return the terms on which a model's shares depend."""
    needed = {*model.terms, *(other for one in model.terms.values() for other in one.without)}
    return tuple(term for term in TERMS if term in needed)


class _Worth:
    """What customers of a replication are worth: the margin that a leaver takes along; drawn once for each."""

    def __init__(self, loaded: LoadedScenario, seed: int, replication: int) -> None:
        self._population, self._seed, self._replication = loaded.scenario.customers, seed, replication
        self._known: dict[str, float] = {}

    def of(self, customer_ids: pd.Series[str]) -> Values:
        """Return the margin of each, in the scenario's currency; nothing where no population is told."""
        if self._population is None:
            return np.full(len(customer_ids), np.nan)
        names = customer_ids.tolist()
        new = [name for name in dict.fromkeys(names) if name not in self._known]
        drawn = values_of(self._population, self._entities(new), self._seed, self._replication)
        margins = drawn["monthly_revenue"] * drawn["margin"] * self._population.value_months
        self._known.update(zip(new, margins.tolist(), strict=True))
        return np.array([self._known[name] for name in names], dtype=np.float64)

    def _entities(self, names: list[str]) -> list[int]:
        """Return whose luck each has: a member's; who is told by a case is drawn from the population."""
        assert self._population is not None
        entities = [entity_of_member(name) or entity_of(name) for name in names]
        drawn = members_of(self._seed, self._replication, np.array(entities, np.uint64), self._population.count)
        told = zip(names, entities, drawn.tolist(), strict=True)
        return [one if entity_of_member(name) is not None else member_entity(member) for name, one, member in told]


def anchored_on(lives: Sequence[pd.DataFrame], loaded: LoadedScenario) -> ChurnModel:
    """Return the scenario's model, moved so that as many leave as really do, where the scenario tells how many."""
    model = loaded.churn
    assert model is not None
    if model.observed is None:
        return model
    today = pd.concat(lives, ignore_index=True)
    rows = np.repeat(np.arange(len(today)), today["cases"].to_numpy(dtype=np.int64))
    return anchored(model, today.iloc[rows].reset_index(drop=True), float(loaded.scenario.days))


def lost_of(lives: Sequence[pd.DataFrame], model: ChurnModel, loaded: LoadedScenario) -> Lost:
    """Return what is lost in each replication of what was lived through there."""
    over_days = float(loaded.scenario.days) if model.form == "hazard" else None
    shares = [leaving(model, told, over_days) for told in lives]
    customers = np.array([share @ told["cases"].to_numpy() for share, told in zip(shares, lives, strict=True)])
    if loaded.scenario.customers is None or withheld_money(model) is not None:
        return Lost(customers, None)
    margin = np.array([share @ told["margin"].to_numpy() for share, told in zip(shares, lives, strict=True)])
    return Lost(customers, margin)
