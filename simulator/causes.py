"""The biggest causes of loss: worlds without one thing each, and remedies, played on the same luck as the scenario.

Customers lost are expected ones: over the cases of a replication, the sum of the churn model's shares. So who leaves is
no luck here; what is left of luck (who comes when, how long talks take) is the same in every world, and the difference
of a replication is one of pairs. Its interval is Student's over replications, with what is known beforehand taken out:
how many customers luck sent, and how bad a time the scenario itself had (its losses, its unsolved cases), which is
known better than a difference since the scenario is played BASE_TIMES as often as another world. Where the scenario
tells how many really leave, the model is anchored once, on the scenario as it is, and judges every world alike.

The coefficients are taken as known: how little is known of them stands beside the losses, not here.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.churn import leaving
from results.statistics import Estimate, replication_estimate
from scenarios.cells import cells_of, counts_of
from scenarios.churn import ChurnModel, withheld_money
from scenarios.experience import TERMS, Term
from scenarios.ledger import terms_of
from scenarios.members import taken_away, values_of
from scenarios.reading import LoadedScenario
from simulator.simulate import Work, believed_churn
from simulator.workers import open_workers
from simulator.worlds import Kind, World, worlds_of

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

UNSOLVED: Term = "unresolved"

REPLICATIONS_LEAST = 2
"""Fewer tell nothing of how sure a mean is."""

CONTROL_LEAST = 10
"""With fewer replications slopes cost more than they tell."""

BASE_TIMES = 8
"""How many replications of the scenario as it is are played for each of another world, where slopes are fitted."""


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
    costs_month: float | None
    """What a remedy costs each month, as the scenario tells; None of a cause."""


@dataclass(frozen=True)
class Lost:
    """Expected customers lost and the margin they take along, a value per replication; no margin where none is told."""

    customers: Values
    margin: Values | None
    unsolved: Values
    """How many cases were not settled, of all customers."""


@dataclass(frozen=True)
class Causes:
    """What was found."""

    causes: list[Cause]
    base: Lost = field(repr=False)
    """Of the scenario as it is; more replications than of the other worlds, of which the first are the pairs."""
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
    churn: ChurnModel | None = None,
) -> Causes:
    """Find what loses customers, the most first, then what the scenario's remedies keep.

    Args:
        loaded: a scenario with a churn model.
        seed: the scenario's own where left out.
        replications: how many of each world, 2 or more; replication k has the same luck in all of them. The scenario
            as it is has more.
        threads: replications at once.
        progress: told the share that is done. An interruption (Ctrl-C) keeps the replications played in all worlds.
        churn: what makes customers leave, as `Simulated.churn` of the scenario has it; found out where left out.

    Raises:
        NothingLostError: the scenario has no churn model, or fewer than two replications were played.
    """
    if why := why_nothing(loaded, replications):
        raise NothingLostError(why)
    worlds, left_out = worlds_of(loaded)
    used = loaded.scenario.seed if seed is None else seed
    model = believed_churn(loaded, used) if churn is None else churn
    assert model is not None
    scenarios = [loaded, *(world.loaded for world in worlds)]
    more = (BASE_TIMES - 1) * replications if replications >= CONTROL_LEAST else 0
    done = replications * len(scenarios) / (replications * len(scenarios) + more)
    played = lives_of(scenarios, model, used, range(replications), threads, _part(progress, 0.0, done))
    if len(played) < REPLICATIONS_LEAST:
        raise KeyboardInterrupt
    alone: list[list[pd.DataFrame]] = []
    if len(played) == replications and more:
        rest = range(replications, replications + more)
        alone = lives_of([loaded], model, used, rest, threads, _part(progress, done, 1.0))
    whole = len(played) + len(alone) == replications + more
    base, *others = zip(*played, strict=True)
    ours = lost_of([*base, *(lives for (lives,) in alone)], model, loaded)
    surplus = surplus_of(loaded, used, len(ours.customers))
    causes = [
        cause_of(world, ours, lost_of(other, model, loaded), surplus)
        for world, other in zip(worlds, others, strict=True)
    ]
    causes.sort(key=lambda cause: (cause.kind, -cause.customers_kept))
    return Causes(causes, ours, model, left_out, whole)


def _part(progress: Progress | None, begin: float, end: float) -> Progress | None:
    """Return what tells the progress of a part of the work as that of the whole."""
    return None if progress is None else lambda share: progress(begin + share * (end - begin))


def why_nothing(loaded: LoadedScenario, replications: int) -> str | None:
    """Say why nothing can be told of what loses a scenario's customers; None where something can."""
    if loaded.churn is None:
        return f"{loaded.path} does not say what makes customers leave: churn: {{model: published}}, and observed"
    if replications < REPLICATIONS_LEAST:
        return f"{replications} replication tells no interval; play {REPLICATIONS_LEAST} or more"
    return None


def cause_of(world: World, base: Lost, other: Lost, surplus: Values) -> Cause:
    """Compare a world with the scenario as it is, replication by replication."""
    kept = difference(base.customers, other.customers, surplus, base.unsolved)
    low, high = kept.interval()
    lost = float(base.customers.mean())
    margin: tuple[float | None, float | None, float | None] = (None, None, None)
    if base.margin is not None and other.margin is not None:
        saved = difference(base.margin, other.margin, surplus, base.unsolved)
        margin = (saved.value, *saved.interval())
    return Cause(
        world.name, world.says, world.do, world.kind, kept.value, low, high, *margin,
        kept.value / lost if lost > 0 else None, ratio(kept, base.customers, other.customers), len(other.customers),
        world.costs_month,
    )  # fmt: skip


def surplus_of(loaded: LoadedScenario, seed: int, replications: int) -> Values:
    """Return how many more customers than expected each replication has sent: 0 in the mean, and known beforehand."""
    cells = cells_of(loaded)
    sent = [counts_of(loaded, cells, seed, replication).sum() for replication in range(replications)]
    return np.asarray(np.array(sent, dtype=np.float64) - cells.mean.sum(), dtype=np.float64)


def difference(base: Values, other: Values, surplus: Values, unsolved: Values) -> Estimate:
    """Estimate what another world keeps, from pairs of replications.

    A difference is larger where luck sent more customers than are expected, and by how many it did is known; and where
    the scenario itself had a worse time than in the mean, which is known from more replications of it than there are
    pairs. What a straight line through these explains is taken out: control variates whose mean is known (Lavenberg
    and Welch, "A perspective on the use of control variables", Management Science 27, 1981, section 2) or estimated
    (double sampling: Cochran, Sampling Techniques, 3rd edition, section 12.6). Each slope costs a degree of freedom.

    Args:
        base: lost in each replication of the scenario; the first ones are the pairs' halves.
        other: lost in each replication of the other world.
        surplus: as `surplus_of` gives it, of each replication of the scenario.
        unsolved: cases that were not settled in each replication of the scenario.
    """
    pairs = len(other)
    kept = base[:pairs] - other
    if pairs < CONTROL_LEAST or np.ptp(kept) == 0.0:
        return replication_estimate(kept)
    times = np.column_stack([base, unsolved])
    usual = [_at_none(column, surplus[:, None])[0].value for column in times.T]
    found, slopes = _at_none(kept, np.column_stack([surplus[:pairs], times[:pairs] - usual]))
    known, _ = _at_none(times @ slopes[1:], surplus[:, None])
    return Estimate(found.value, math.hypot(found.error, known.error), found.freedom)


def _at_none(values: Values, around: Values) -> tuple[Estimate, Values]:
    """Estimate by least squares what values are in the mean where each column of `around` is 0; and the slopes."""
    design = np.column_stack([np.ones(len(values)), around])
    inverse = np.linalg.pinv(design.T @ design)
    slopes, _, rank, _ = np.linalg.lstsq(design, values)
    rest = values - design @ slopes
    freedom = max(len(values) - int(rank), 1)
    error = math.sqrt(max(float(rest @ rest) / freedom * float(inverse[0, 0]), 0.0))
    return Estimate(float(slopes[0]), error, freedom), np.asarray(slopes[1:], dtype=np.float64)


def ratio(kept: Estimate, base: Values, other: Values) -> float | None:
    """Return how many times wider the interval of a difference were if both worlds had luck of their own.

    The variance of a difference of independent means is the sum of theirs. As many replications are counted of each
    world as were played of it, so that nothing of the ratio comes from playing more.
    """
    parts = np.array([np.var(base, ddof=1) / len(base), np.var(other, ddof=1) / len(other)])
    freedom = len(base) + len(other) - 2
    apart = Estimate(0.0, math.sqrt(float(parts.sum())), freedom)
    wide, narrow = (high - low for low, high in (one.interval() for one in (apart, kept)))
    return wide / narrow if narrow > 0 else None


def apart(
    loaded: LoadedScenario, other: LoadedScenario, model: ChurnModel, seed: int, replications: int, threads: int = 1
) -> Estimate:
    """Estimate what another world keeps as one must where luck is not shared: it is played with a seed of its own.

    For comparison only: what sharing luck is worth. The degrees of freedom are Welch's.
    """
    ours = lives_of([loaded], model, seed, range(replications), threads)
    theirs = lives_of([other], model, (seed + 1) % 2**32, range(replications), threads)
    one, two = (lost_of([lives[0] for lives in some], model, loaded).customers for some in (ours, theirs))
    parts = np.array([np.var(one, ddof=1), np.var(two, ddof=1)]) / replications
    freedom = float(parts.sum() ** 2 / (parts**2).sum()) * (replications - 1) if parts.sum() else 1.0
    return Estimate(float(one.mean() - two.mean()), math.sqrt(float(parts.sum())), freedom)


def lives_of(
    scenarios: Sequence[LoadedScenario],
    model: ChurnModel,
    seed: int,
    replications: range,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[list[pd.DataFrame]]:
    """Play replications of scenarios; returns for each replication what was lived through in each of them.

    Who leaves by `model`, makes contact no more. An interruption keeps the replications that are done in all scenarios.
    """
    works = tuple(Work(one, seed, False, None, "compiled", (), 0.0, True, model) for one in scenarios)
    together = _Together(works, len(replications), progress)
    played: list[list[pd.DataFrame]] = []
    with open_workers(threads, False, None) as workers, contextlib.suppress(KeyboardInterrupt):
        for one in workers.play(together, replications) if workers else map(together.play, replications):
            played.append(one)
    return played


@dataclass
class _Together:
    """Plays a replication of several scenarios, and keeps of it only what a churn model can weigh."""

    works: tuple[Work, ...]
    replications: int
    progress: Progress | None
    done: int = 0

    def play_some(self, replications: Sequence[int]) -> list[list[pd.DataFrame]]:
        """Play replications one after the other."""
        return [self.play(replication) for replication in replications]

    def play(self, replication: int) -> list[pd.DataFrame]:
        """Play a replication; returns what was lived through in each scenario."""
        lived = []
        for work in self.works:
            lived.append(summed(work, replication))
            self.done += 1
            if self.progress:
                self.progress(min(self.done / (self.replications * len(self.works)), 1.0))
        return lived


def summed(work: Work, replication: int) -> pd.DataFrame:
    """Return what was lived through in a replication: a row for all cases alike, how many, and the `margin` of them."""
    assert work.churn is not None
    _, plan, lived = work.live(replication)
    terms, population = list(weighed(work.churn)), work.loaded.scenario.customers
    told = pd.DataFrame({"cases": np.ones(len(lived.number)), "margin": np.nan} | terms_of(lived.rows, terms))
    if population is not None:
        entities = plan.customer_entities()[lived.number]
        values = values_of(population, entities, work.seed, work.luck(replication).plan)
        told["margin"] = taken_away(values, population.value_months)["margin"]
    return told.groupby(terms, as_index=False, sort=True).sum()


def weighed(model: ChurnModel) -> tuple[Term, ...]:
    """Return the terms on which a model's shares depend, and what tells how bad a time was."""
    needed = {*model.terms, *(other for one in model.terms.values() for other in one.without), UNSOLVED}
    return tuple(term for term in TERMS if term in needed)


def lost_of(lives: Sequence[pd.DataFrame], model: ChurnModel, loaded: LoadedScenario) -> Lost:
    """Return what is lost in each replication of what was lived through there."""
    shares = [leaving(model, told) for told in lives]
    customers = np.array([share @ told["cases"].to_numpy() for share, told in zip(shares, lives, strict=True)])
    unsolved = np.array([told[UNSOLVED] @ told["cases"] for told in lives])
    if loaded.scenario.customers is None or withheld_money(model) is not None:
        return Lost(customers, None, unsolved)
    margin = np.array([share @ told["margin"].to_numpy() for share, told in zip(shares, lives, strict=True)])
    return Lost(customers, margin, unsolved)
