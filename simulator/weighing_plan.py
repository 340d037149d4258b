"""Which sets of inputs a sensitivity analysis plays, and on which lucks.

Three samplings: a tornado (each input at its ends, the others at their middle), Morris' trajectories, and Saltelli's
rows for Sobol's indices, the latter two drawn by SALib. Each row has its sets of inputs played on the same lucks; rows
have lucks of their own, so intervals drawn from rows hold the luck too. Refuses to play anything.

>>> plan_of(inputs=8, evaluations=1400, replications=2)
Plan(inputs=8, replications=2, tornado=12, trajectories=11, left=998)
>>> plan_of(8, 100, 2)
Traceback (most recent call last):
simulator.weighing_plan.TooFewError: --evaluations 100 is too few for 8 inputs: expected at least 477
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from results.evaluations import Row
from results.screening import LEVELS
from results.sensitivity import REST
from scenarios.uncertain_inputs import Input
from simulator.precision import PrecisionError

Values = npt.NDArray[np.float64]

TORNADO, MORRIS, SOBOL = "tornado", "morris", "sobol"

EVALUATIONS = 1400
"""In all, where nobody says otherwise: one or two minutes of a busy day."""

REPLICATIONS = 2
"""Lucks for each set of inputs: two tell chance from effect, and more sets tell more than more lucks."""

FEW = 5
"""So few inputs are all drawn for Sobol's indices, whatever the screening says."""

STAGE_SHARE = 0.15
"""Of all evaluations, for the tornado and for the screening each."""

TORNADO_LEAST, TORNADO_MOST = 5, 40
TRAJECTORIES_LEAST, TRAJECTORIES_MOST = 4, 40
ROWS_LEAST = 16

MIDDLE = 0.5


class TooFewError(PrecisionError):
    """So few evaluations tell nothing of so many inputs."""


class SamplingMissingError(PrecisionError):
    """What draws samples is not installed."""


@dataclass(frozen=True)
class Plan:
    """How many evaluations go where.

    Attributes:
        inputs: how many there are.
        replications: lucks of each set of inputs, but for the tornado.
        tornado: lucks of the tornado.
        trajectories: of Morris' sampling.
        left: evaluations that are left for Sobol's indices.
    """

    inputs: int
    replications: int
    tornado: int
    trajectories: int
    left: int

    def rows(self, drawn: int) -> int:
        """Return how many rows Saltelli's sampling has, of so many inputs that are drawn."""
        return self.left // ((drawn + 2) * self.replications)


def plan_of(inputs: int, evaluations: int, replications: int) -> Plan:
    """Divide evaluations: one is a set of inputs, played over the scenario's days once.

    Raises:
        TooFewError: they are too few to tell anything; it says how many would do.
    """
    ends, steps = 2 * inputs + 1, (inputs + 1) * replications
    least = ends * TORNADO_LEAST + steps * TRAJECTORIES_LEAST + ROWS_LEAST * (inputs + 2) * replications
    if evaluations < least:
        raise TooFewError(
            f"--evaluations {evaluations} is too few for {inputs} inputs: expected at least {least}"
        )  # fmt: skip
    share = int(STAGE_SHARE * evaluations)
    tornado = min(max(share // ends, TORNADO_LEAST), TORNADO_MOST)
    trajectories = min(max(share // steps, TRAJECTORIES_LEAST), TRAJECTORIES_MOST)
    left = evaluations - tornado * ends - trajectories * steps
    return Plan(inputs, replications, tornado, trajectories, left)


def tornado_rows(plan: Plan, inputs: Sequence[Input]) -> list[Row]:
    """Return a row for each luck: the middle, and each input at its low and high end."""
    middle = (MIDDLE,) * plan.inputs
    points = [middle]
    for at, one in enumerate(inputs):
        points += [(*middle[:at], end, *middle[at + 1 :]) for end in one.told.law.ends]
    return [Row(TORNADO, luck, tuple(points), (luck,)) for luck in range(plan.tornado)]


def morris_rows(plan: Plan, seed: int) -> list[Row]:
    """Return a row for each trajectory."""
    sampling = salib("morris")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = sampling.sample(problem_of(range(plan.inputs)), plan.trajectories, num_levels=LEVELS, seed=seed)
    return _rows(MORRIS, points, plan.inputs + 1, plan.tornado, plan.replications)


def sobol_rows(plan: Plan, groups: Sequence[int], seed: int) -> list[Row]:
    """Return a row for each base sample: A, A with each group from B, B.

    Args:
        plan: how many there may be.
        groups: by input the number of its group, from 0 on; those of a group are drawn as one.
        seed: of the sampling.
    """
    sampling, drawn = salib("sobol"), len(set(groups))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the number of rows is no power of 2: intervals are told from what came
        points = sampling.sample(problem_of(groups), plan.rows(drawn), calc_second_order=False, seed=seed)
    played = plan.tornado + plan.trajectories * plan.replications
    return _rows(SOBOL, points, drawn + 2, played, plan.replications)


def _rows(stage: str, points: Values, each: int, from_luck: int, lucks: int) -> list[Row]:
    parts = points.reshape(-1, each, points.shape[1])
    return [
        Row(
            stage, at, tuple(tuple(float(share) for share in point) for point in part),
            tuple(range(from_luck + at * lucks, from_luck + (at + 1) * lucks)),
        )
        for at, part in enumerate(parts)
    ]  # fmt: skip


def groups_of(inputs: Sequence[Input], kept: Sequence[int]) -> tuple[list[int], list[str]]:
    """Return by input its group, and by group what it is called: those kept by themselves, the rest as one.

    Groups count in the order in which they first come, as SALib has them.
    """
    left = [at for at in range(len(inputs)) if at not in kept]
    if len(inputs) <= FEW or len(left) <= 1:
        return list(range(len(inputs))), [one.path for one in inputs]
    named = [REST if at in left else one.path for at, one in enumerate(inputs)]
    names = list(dict.fromkeys(named))
    return [names.index(name) for name in named], names


def problem_of(groups: Sequence[int]) -> dict[str, Any]:
    """Return inputs from 0 to 1 as SALib has them."""
    count = len(groups)
    return {
        "num_vars": count, "names": [f"x{at}" for at in range(count)], "bounds": [[0.0, 1.0]] * count,
        "groups": [f"g{group}" for group in groups] if len(set(groups)) < count else None,
    }  # fmt: skip


def salib(sampling: str) -> Any:
    """Return one of SALib's samplings.

    Raises:
        SamplingMissingError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(f"SALib.sample.{sampling}")
    except ImportError:
        raise SamplingMissingError("sensitivity needs SALib: pip install 'testdrive-cx[sensitivity]'") from None
