"""Which beliefs matter: a scenario's uncertain inputs, drawn time after time and played on the same luck.

First each input at its ends (a tornado), then Morris' screening of all, then Sobol's indices of those that matter; the
rest is drawn as one, so that what the screening has overlooked shows. Each row of a sampling is played on the same
lucks, so that a difference between two sets of inputs is theirs and not the day's. Who plays, and whether it was
interrupted in between, changes no number.

>>> from scenarios.reading import HERE, load_scenario
>>> from simulator.sensitivity import sensitivity
>>> found = sensitivity(
...     load_scenario(HERE / "quiet_tuesday.yaml"), ["teams.chat_desk.agents=*0.9..1.1"], evaluations=200, threads=1
... )
>>> found.drawn, len(found.figures)
(('teams.chat_desk.agents',), 2)
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.evaluations import Row, evaluations_of
from results.figures import Key
from results.kept_rows import KeptRows
from results.screening import matter, screened
from results.sensitivity import Sensitivity, Weighed, swing_of
from results.sobol_indices import indices_of
from results.variance_split import ROWS_LEAST, split_of
from results.whatif import Measure
from scenarios.changes import changed
from scenarios.churn import ChurnModel
from scenarios.jit import sources_hash
from scenarios.reading import LoadedScenario
from scenarios.uncertain_inputs import Input, settings_at
from scenarios.uncertain_typed import all_inputs
from simulator.simulate import believed_churn
from simulator.weighing_plan import (
    EVALUATIONS,
    REPLICATIONS,
    Plan,
    groups_of,
    morris_rows,
    plan_of,
    salib,
    sobol_rows,
    tornado_rows,
)
from simulator.whatif_measures import asked_of, measures_of
from simulator.whatif_worlds import WorldWork
from simulator.workers import Workers, open_workers

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

ALWAYS = ("customers_lost", "cost_of_serving")
"""Figures that are weighed beside those of the goals, where the scenario can tell them."""


class Plays(Protocol):
    """What turns inputs into figures: a scenario, or in tests a function whose truth is known."""

    def values(self, shares: Sequence[float], replications: Sequence[int]) -> Values:
        """Play a set of inputs, told by the share of each one's values below; returns lucks x figures."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """Plays a scenario with other values at its uncertain inputs; goes to other threads and machines as it is."""

    loaded: LoadedScenario
    inputs: tuple[Input, ...]
    seed: int
    keys: tuple[Key, ...]
    churn: ChurnModel | None

    def values(self, shares: Sequence[float], replications: Sequence[int]) -> Values:
        """Play a set of inputs; see `Plays`."""
        other = changed(self.loaded, settings_at(self.inputs, shares))
        work = WorldWork.of(other, self.seed, self.keys, self.churn)
        return np.stack([work.play(replication) for replication in replications])


@dataclass(frozen=True)
class RowWork:
    """Plays rows, by their place among those that are to be played."""

    plays: Plays
    rows: tuple[Row, ...]

    def play_some(self, numbers: Sequence[int]) -> list[Values]:
        """Play rows one after the other; returns of each: points, lucks, figures."""
        return [self.play(number) for number in numbers]

    def play(self, number: int) -> Values:
        """Play a row."""
        row = self.rows[number]
        return np.stack([self.plays.values(point, row.replications) for point in row.points])


def sensitivity(
    loaded: LoadedScenario,
    uncertain: Sequence[str] = (),
    seed: int | None = None,
    evaluations: int = EVALUATIONS,
    replications: int = REPLICATIONS,
    threads: int = 1,
    progress: Progress | None = None,
    metrics: Sequence[str] = (),
    cluster: str | None = None,
    kept: KeptRows | None = None,
) -> Sensitivity:
    """Weigh a scenario's uncertain inputs.

    Args:
        loaded: the scenario, with `uncertain`.
        uncertain: further inputs as they are typed, `PATH=LOW..HIGH`; see `scenarios.uncertain_typed`.
        seed: the scenario's own where left out.
        evaluations: how many times one world is played at most; one covers the scenario's days.
        replications: lucks of each set of inputs.
        threads: rows at once.
        progress: told the share of all evaluations that is done. An interruption (Ctrl-C) keeps what is done.
        metrics: the figures, `[CHANNEL.|TEAM.]METRIC[/T]`; the goals', customers lost and costs where left out.
        cluster: address of a Dask scheduler whose workers play.
        kept: rows that were played before for the same question (`asked_about`); what is played is put there, too.

    Raises:
        FaultsFoundError: every fault of every input.
        PrecisionError: every metric that is none; too few evaluations; SALib is missing.
        WorkersError: the cluster cannot be used.
        KeyboardInterrupt: interrupted before two lucks of the tornado were played.
    """
    began = time.perf_counter()
    inputs, figures = tuple(all_inputs(loaded, uncertain)), figures_of(loaded, metrics)
    seed = loaded.scenario.seed if seed is None else seed
    plan = plan_of(len(inputs), evaluations, replications)
    salib("sobol")  # before anything is played
    worlds = Worlds(loaded, inputs, seed, tuple(one.key for one in figures), believed_churn(loaded, seed))
    with open_workers(threads, False, cluster) as workers:
        found = weighed(inputs, figures, worlds, plan, kept, seed, workers, progress)
    population = loaded.scenario.customers
    currency = population.currency if population else None
    return dataclasses.replace(
        found, most=evaluations, currency=currency, days=loaded.scenario.days, wall_s=time.perf_counter() - began
    )


def asked_about(
    loaded: LoadedScenario,
    uncertain: Sequence[str],
    seed: int,
    evaluations: int,
    replications: int,
    metrics: Sequence[str] = (),
) -> dict[str, object]:
    """Return all that rows of an analysis depend on, by name: what another question must not go on with."""
    return {
        "scenario": loaded.hash,
        "number of days": loaded.scenario.days,
        "seed": seed,
        "choice of --uncertain": list(uncertain),
        "number of --evaluations": evaluations,
        "number of --replications": replications,
        "choice of --metric": list(metrics),
        "engine": sources_hash(),
        "version of SALib": importlib.metadata.version("SALib"),
    }


def figures_of(loaded: LoadedScenario, metrics: Sequence[str] = ()) -> list[Measure]:
    """Return the figures that are weighed.

    Raises:
        PrecisionError: every metric that is none.
    """
    if metrics:
        return asked_of(loaded, metrics)
    measures = measures_of(loaded)
    return [one for one in measures if one.decides or one.key.metric in ALWAYS]


def weighed(
    inputs: Sequence[Input],
    figures: Sequence[Measure],
    plays: Plays,
    plan: Plan,
    kept: KeptRows | None = None,
    seed: int = 0,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Play and weigh; see `sensitivity`.

    Raises:
        KeyboardInterrupt: interrupted before two lucks of the tornado were played.
    """
    game = _Game(tuple(inputs), figures, plays, plan, kept, workers, progress)
    tornado, ended = game.stage(tornado_rows(plan, inputs))
    if len(tornado) < 2:
        raise KeyboardInterrupt
    trajectories, rows = np.empty(0), np.empty(0)
    parts: list[Weighed] = [_swung(one, at, tornado, len(inputs)) for at, one in enumerate(figures)]
    drawn, rest = list[str](), list[str]()
    if not ended:
        planned = morris_rows(plan, seed)
        trajectories, ended = game.stage(planned)
        parts = [_screened(one, at, planned, trajectories, seed) for at, one in enumerate(parts)]
    if not ended:
        kept_inputs = matter([one.screening for one in parts if one.screening])
        groups, drawn = groups_of(inputs, kept_inputs)
        rest = [one.path for one in inputs if one.path not in drawn]
        rows, ended = game.stage(sobol_rows(plan, groups, seed))
        parts = [_indexed(one, at, rows, seed) for at, one in enumerate(parts)]
    return Sensitivity(
        tuple(inputs), tuple(parts), tuple(drawn), tuple(rest), plan.replications, len(rows), len(trajectories),
        game.most, not ended, None, 1, 0.0, game.evaluations(),
    )  # fmt: skip


class _Game:
    """Who plays rows, and what has come of them."""

    def __init__(
        self,
        inputs: tuple[Input, ...],
        figures: Sequence[Measure],
        plays: Plays,
        plan: Plan,
        kept: KeptRows | None,
        workers: Workers | None,
        progress: Progress | None,
    ) -> None:
        self.inputs, self.figures, self.plays, self.kept = inputs, [one.name for one in figures], plays, kept
        self.workers, self.progress = workers, progress
        self.most = plan.tornado * (2 * plan.inputs + 1)
        self.most += plan.trajectories * (plan.inputs + 1) * plan.replications + plan.left
        self.done = 0
        self.played: list[tuple[Row, Values]] = []

    def stage(self, rows: Sequence[Row]) -> tuple[Values, bool]:
        """Play rows in order; returns what those have given that were played whole, and whether it was interrupted.

        What is kept already is not played again.
        """
        found = [self._known(row) for row in rows]
        missing = [at for at, values in enumerate(found) if values is None]
        self._tell(sum(values.shape[0] * values.shape[1] for values in found if values is not None))
        work = RowWork(self.plays, tuple(rows[at] for at in missing))
        numbers = range(len(missing))
        ended = False
        played: Iterable[Values] = self.workers.play(work, numbers) if self.workers else map(work.play, numbers)
        try:
            for at, values in zip(missing, played, strict=True):
                if self.kept is not None:
                    self.kept.put(rows[at].key, values.ravel())
                found[at] = values
                self._tell(values.shape[0] * values.shape[1])
        except KeyboardInterrupt:
            ended = True
        whole = [(row, values) for row, values in zip(rows, found, strict=True) if values is not None]
        self.played += whole
        if not whole:
            return np.empty((0, 1, 1, len(self.figures))), ended
        return np.stack([values for _, values in whole]), ended

    def _known(self, row: Row) -> Values | None:
        """Return what a row has given before: its points, its lucks, the figures; None where it was not played."""
        values = self.kept.get(row.key) if self.kept is not None else None
        return None if values is None else values.reshape(len(row.points), len(row.replications), len(self.figures))

    def evaluations(self) -> pd.DataFrame:
        """Return a line for each set of inputs and luck that was played."""
        told = [(row, [self._inputs(point) for point in row.points], values) for row, values in self.played]
        return evaluations_of([one.path for one in self.inputs], self.figures, told)

    def _inputs(self, point: Sequence[float]) -> list[float]:
        return [one.value(share) for one, share in zip(self.inputs, point, strict=True)]

    def _tell(self, evaluations: int) -> None:
        self.done += evaluations
        if self.progress:
            self.progress(min(self.done / self.most, 1.0))


def _swung(measure: Measure, at: int, tornado: Values, inputs: int) -> Weighed:
    """Tell a figure at both ends of each input; `tornado` has lucks, points, one, figures."""
    told = tornado[:, :, 0, at]
    swings = tuple(swing_of(told[:, 0], told[:, 1 + 2 * one], told[:, 2 + 2 * one]) for one in range(inputs))
    return Weighed(measure, swings, None, None, None)


def _known(rows: Values, at: int) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Return a figure of those rows in which it is known of every set and luck, and which these are."""
    told = rows[..., at]
    known = np.asarray(~np.isnan(told).any(axis=(1, 2)), dtype=bool)
    return told[known], known


def _screened(part: Weighed, at: int, planned: Sequence[Row], trajectories: Values, seed: int) -> Weighed:
    if not len(trajectories):
        return part
    told, known = _known(trajectories, at)
    points = np.array([row.points for row in planned[: len(trajectories)]])[known]
    if len(told) < 2:
        return part
    return dataclasses.replace(part, screening=tuple(screened(points, told, seed)))


def _indexed(part: Weighed, at: int, rows: Values, seed: int) -> Weighed:
    if len(rows) < ROWS_LEAST:
        return part
    told, _ = _known(rows, at)
    if len(told) < ROWS_LEAST:
        return part
    indices = indices_of(told, seed)
    split = split_of(told[:, [0, -1]], seed)
    return dataclasses.replace(part, indices=None if indices is None else tuple(indices), split=split)
