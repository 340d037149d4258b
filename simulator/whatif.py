"""What if: a scenario and alternatives to it, played on the same luck until it is decided which are better.

All worlds play the same replications, a batch at a time; after each batch one looks. How much may be decided at a look
is rationed (`results.sequential`), so that looking again and again finds no difference by luck. An alternative that is
decided on every figure that decides is played no further. Who plays (threads, a cluster) changes no number: batches are
fixed, and replications are taken in their own order.

>>> from scenarios.alternatives import typed
>>> from scenarios.reading import HERE, load_scenario
>>> found = whatif(load_scenario(HERE / "quiet_tuesday.yaml"), [typed("teams.chat_desk.agents=+0")], replications=10)
>>> found.alternatives[0].differs, found.alternatives[0].differences[0].verdict
(False, 'same')
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from results.kept_rows import KeptRows
from results.sequential import Looks, looks_of
from results.whatif import ALPHA, Compared, Difference, Measure, WhatIf, difference_of, share_of_error
from scenarios.alternatives import Alternative, Changed, alternatives_of
from scenarios.churn import ChurnModel
from scenarios.jit import sources_hash
from scenarios.reading import LoadedScenario
from simulator.simulate import believed_churn
from simulator.whatif_measures import measures_of
from simulator.whatif_worlds import Together, WorldWork
from simulator.workers import Workers, open_workers

Values = npt.NDArray[np.float64]
Progress = Callable[[float], None]

REPLICATIONS_MOST = 60
"""The more there may be, the less may be decided early; and four alternatives of a busy day take seconds."""

LOOKS_MOST = 10
BATCH_LEAST = 5
"""So few replications seldom decide anything: a look after fewer is not worth it."""

REPLICATIONS_LEAST = 2
"""Fewer tell nothing of how sure a difference is."""


def whatif(
    loaded: LoadedScenario,
    alternatives: Sequence[Alternative],
    seed: int | None = None,
    replications: int = REPLICATIONS_MOST,
    threads: int = 1,
    progress: Progress | None = None,
    metrics: Sequence[str] = (),
    tolerances: Sequence[str] = (),
    cluster: str | None = None,
    churn: ChurnModel | None = None,
    kept: KeptRows | None = None,
) -> WhatIf:
    """Compare alternatives with a scenario.

    Args:
        loaded: the scenario.
        alternatives: what else could be; see `scenarios.alternatives`.
        seed: the scenario's own where left out.
        replications: how many at most.
        threads: replications at once.
        progress: told the share of all replications that is done. An interruption (Ctrl-C) keeps what is done.
        metrics: the figures that decide, `[CHANNEL.|TEAM.]METRIC[/T]`; see `simulator.whatif_measures`.
        tolerances: `METRIC=VALUE`, how large a difference does not matter yet.
        cluster: address of a Dask scheduler whose workers play the replications.
        churn: what makes customers leave, in all worlds; the scenario's, anchored on the scenario, where left out.
        kept: rows that were played before for the same question (`asked_about`); what is played is put there, too.

    Raises:
        FaultsFoundError: every fault of every alternative.
        PrecisionError: every metric and tolerance that is none.
        WorkersError: the cluster cannot be used.
        KeyboardInterrupt: interrupted before two replications were played.
    """
    began = time.perf_counter()
    others = alternatives_of(loaded, alternatives)
    measures = measures_of(loaded, metrics, tolerances)
    seed = loaded.scenario.seed if seed is None else seed
    model = believed_churn(loaded, seed) if churn is None else churn
    game = _Game(loaded, others, measures, max(replications, REPLICATIONS_LEAST), seed, model, kept)
    with open_workers(threads, False, cluster) as workers:
        whole = game.play(workers, progress)
    return game.told(whole, time.perf_counter() - began)


BASE = -1
"""The scenario itself among the positions of its alternatives."""


def asked_about(
    loaded: LoadedScenario,
    alternatives: Sequence[Alternative],
    seed: int,
    replications: int,
    metrics: Sequence[str] = (),
    tolerances: Sequence[str] = (),
) -> dict[str, object]:
    """Return all that rows of a what-if depend on, by name: what another question must not go on with."""
    return {
        "scenario": loaded.hash,
        "number of days": loaded.scenario.days,
        "seed": seed,
        "set of alternatives": [[one.name, dict(one.settings)] for one in alternatives],
        "number of --replications": replications,
        "choice of --metric": list(metrics),
        "choice of --tolerance": list(tolerances),
        "engine": sources_hash(),
    }


def _key(at: int, replication: int) -> str:
    return f"{'scenario' if at == BASE else at}/{replication}"


class _Game:
    """What has been played so far, and what is left to play."""

    def __init__(
        self,
        loaded: LoadedScenario,
        others: Sequence[Changed],
        measures: Sequence[Measure],
        most: int,
        seed: int,
        model: ChurnModel | None,
        kept: KeptRows | None,
    ) -> None:
        keys = tuple(measure.key for measure in measures)
        self.loaded, self.others, self.measures, self.most, self.kept = loaded, others, measures, most, kept
        self.base = WorldWork.of(loaded, seed, keys, model)
        self.worlds = [WorldWork.of(one.loaded, seed, keys, model) if one.differs else None for one in others]
        batch = max(BATCH_LEAST, math.ceil(most / LOOKS_MOST))
        alpha = share_of_error(sum(one.differs for one in others), measures)
        self.looks, self.beside = Looks(looks_of(most, batch), alpha), Looks(looks_of(most, batch), ALPHA)
        self.looked: list[int] = []
        self.base_values = np.empty((0, len(keys)))
        self.values = [np.empty((0, len(keys))) for _ in others]
        self.compared: list[tuple[Difference, ...]] = [() for _ in others]
        self.tolerances: list[float] | None = None

    def play(self, workers: Workers | None, progress: Progress | None) -> bool:
        """Play until all is decided; returns whether nothing has interrupted it."""
        for look in self.looks.counts:
            playing = [at for at in range(len(self.others)) if not self._decided(at)]
            if self.looked and not playing:
                break
            before = len(self.base_values)
            rows = self._played(workers, playing, range(before, look), progress)
            self._keep(rows, playing)
            if len(self.base_values) < look:
                if len(self.base_values) < REPLICATIONS_LEAST:
                    raise KeyboardInterrupt
                self._look(playing)
                return False
            self._look(playing)
        return True

    def _played(
        self, workers: Workers | None, playing: Sequence[int], replications: range, progress: Progress | None
    ) -> list[Values]:
        """Play a batch; an interruption keeps the replications that are done in every world."""
        worlds = [BASE, *(at for at in playing if self.worlds[at] is not None)]
        together = Together(tuple(world for at in worlds if (world := self._world(at)) is not None))
        done = self._known(worlds, replications)
        left = replications[len(done) :]
        rows: Iterable[Values] = workers.play(together, left) if workers else map(together.play, left)
        with contextlib.suppress(KeyboardInterrupt):
            for row in rows:
                if self.kept is not None:
                    for at, values in zip(worlds, row, strict=True):
                        self.kept.put(_key(at, replications[len(done)]), values)
                done.append(row)
                if progress:
                    progress((replications.start + len(done)) / self.most)
        return done

    def _world(self, at: int) -> WorldWork | None:
        return self.base if at == BASE else self.worlds[at]

    def _known(self, worlds: Sequence[int], replications: range) -> list[Values]:
        """Return the first replications of a batch as far as they were played before in every world."""
        found: list[Values] = []
        for replication in replications:
            rows = [self.kept.get(_key(at, replication)) if self.kept is not None else None for at in worlds]
            known = [row for row in rows if row is not None]
            if len(known) < len(worlds):
                break
            found.append(np.array(known))
        return found

    def _keep(self, rows: Sequence[Values], playing: Sequence[int]) -> None:
        if not rows:
            return
        told = np.stack(rows, axis=1)
        self.base_values = np.concatenate([self.base_values, told[0]])
        others = iter(told[1:])
        for at in playing:
            self.values[at] = np.concatenate([self.values[at], told[0] if self.worlds[at] is None else next(others)])

    def _look(self, playing: Sequence[int]) -> None:
        """Judge what is still being played."""
        if not self.looked or self.looked[-1] < len(self.base_values):
            self.looked.append(len(self.base_values))
        if self.tolerances is None:  # once and for all: one that moved with the figures would be another at each look
            known = [column[~np.isnan(column)] for column in self.base_values.T]
            means = [float(column.mean()) if len(column) else 0.0 for column in known]
            self.tolerances = [one.tolerance(mean) for one, mean in zip(self.measures, means, strict=True)]
        bounds = {decides: float(self._of(decides).bounds(self.looked)[-1]) for decides in (False, True)}
        last = {decides: float(self._of(decides).bounds(self.looks.counts)[-1]) for decides in (False, True)}
        for at in playing:
            base = self.base_values[: len(self.values[at])]
            self.compared[at] = tuple(
                difference_of(
                    base[:, column], self.values[at][:, column], bounds[one.decides], self.tolerances[column],
                    one.better, last[one.decides],
                )
                for column, one in enumerate(self.measures)
            )  # fmt: skip

    def _of(self, decides: bool) -> Looks:
        return self.looks if decides else self.beside

    def _decided(self, at: int) -> bool:
        """Say whether an alternative is decided on every figure that decides; without one, never."""
        deciding = [one for one, m in zip(self.compared[at], self.measures, strict=False) if m.decides]
        same = bool(self.compared[at]) and self.worlds[at] is None
        return same or (bool(deciding) and all(one.decided for one in deciding))

    def told(self, whole: bool, wall_s: float) -> WhatIf:
        """Return what came out."""
        population = self.loaded.scenario.customers
        alternatives = tuple(
            Compared(
                one.alternative.name, one.alternative.says, one.alternative.settings, one.differs, len(values),
                differences,
            )
            for one, values, differences in zip(self.others, self.values, self.compared, strict=True)
        )  # fmt: skip
        return WhatIf(
            tuple(self.measures), alternatives, tuple(self.looked), self.most, 1 - self.looks.alpha, whole,
            population.currency if population else None, wall_s, self.base_values, tuple(self.values),
        )  # fmt: skip
