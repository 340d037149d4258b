"""Morris' screening: which inputs move a figure at all, from few sets of inputs.

A trajectory changes one input after the other, so a step is one input's *elementary effect*: by how much the figure
moves, per whole range of the input (Morris 1991). `mu_star` is the mean of their sizes (Campolongo et al. 2007, which
SALib reckons), `sigma` how much they differ: an effect that depends on the other inputs, or is curved.

All sets of a trajectory are played on the same lucks. A step that is chance alone has a size too; so each input is held
against that: the mean square of its steps over their variance from luck to luck has Fisher's F law where there is
chance alone. Refuses to call an effect what may be chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Values = npt.NDArray[np.float64]

CHANCE_P = 0.05
MATTERS_SHARE = 0.1
"""An input matters that moves a figure by this share of what the strongest does."""


@dataclass(frozen=True)
class Screened:
    """What an input does to a figure, in the figure's unit per whole range of the input.

    Attributes:
        mu: the mean effect, with its sign.
        mu_star: the mean size of the effect.
        mu_star_conf: half of its 95 % interval.
        sigma: how much effects differ.
        by_chance: what `mu_star` would be, were it chance alone.
        told: whether it is told apart from chance.
    """

    mu: float
    mu_star: float
    mu_star_conf: float
    sigma: float
    by_chance: float
    told: bool


def screened(points: Values, rows: Values, seed: int = 0) -> list[Screened]:
    """Return what each input does to a figure.

    Args:
        points: each trajectory, its sets, the share of each input's values that lies below (0 to 1).
        rows: each trajectory, its sets, their lucks; no NaN.
        seed: of the resampling that gives the interval.
    """
    from SALib.analyze import morris

    trajectories, _, count = points.shape
    names = [str(at) for at in range(count)]
    problem: dict[str, Any] = {"num_vars": count, "names": names, "bounds": [[0.0, 1.0]] * count}
    told = morris.analyze(
        problem, points.reshape(-1, count), rows.mean(axis=2).ravel(), num_levels=LEVELS, seed=seed + 1, scaled=False
    )
    steps = np.diff(points, axis=1)
    moved = np.abs(steps).argmax(axis=2)
    effects = np.diff(rows, axis=1) / np.take_along_axis(steps, moved[:, :, None], axis=2)
    order = np.argsort(moved, axis=1)
    by_input = np.take_along_axis(effects, order[:, :, None], axis=1)  # each trajectory moves each input once
    found = []
    for at in range(count):
        mean_square, noise = _apart(by_input[:, at])
        freedom = trajectories * (rows.shape[2] - 1)
        bound = float(stats.f.ppf(1 - CHANCE_P, trajectories, freedom))
        found.append(
            Screened(
                float(told["mu"][at]), float(told["mu_star"][at]), float(told["mu_star_conf"][at]),
                float(told["sigma"][at]), math.sqrt(2 * noise / math.pi), bool(mean_square > bound * noise),
            )
        )  # fmt: skip
    return found


LEVELS = 4
"""Each input takes so many values in a screening, as is usual."""


def _apart(effects: Values) -> tuple[float, float]:
    """Return the mean square of an input's effects, and of what chance adds to each."""
    noise = effects.var(axis=1, ddof=1) / effects.shape[1]
    return float((effects.mean(axis=1) ** 2).mean()), float(noise.mean())


def matter(figures: Sequence[Sequence[Screened]]) -> list[int]:
    """Return the inputs that matter to any figure; where chance hides all effects, the three that seem strongest."""
    kept = set[int]()
    for screening in figures:
        most = max((one.mu_star for one in screening if one.told), default=math.inf)
        kept |= {at for at, one in enumerate(screening) if one.told and one.mu_star >= MATTERS_SHARE * most}
    if not kept and figures:
        kept = set(sorted(range(len(figures[0])), key=lambda at: -figures[0][at].mu_star)[:3])
    return sorted(kept)
