"""The evaluations of a sensitivity analysis: which sets of inputs were played on which luck, and what each gave.

Refuses to know what a row is for, and where rows are kept while they are played: `results.kept_rows` does.

>>> row = Row("tornado", 3, ((0.5,), (1.0,)), (3,))
>>> evaluations_of(["teams.front.agents"], ["wait_s_mean"], [(row, [[4.0], [5.0]], np.array([[[31.0]], [[22.0]]]))])
     stage  row  point  replication  teams.front.agents  wait_s_mean
0  tornado    3      0            3                 4.0         31.0
1  tornado    3      1            3                 5.0         22.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = npt.NDArray[np.float64]

PLACE = ("stage", "row", "point", "replication")


@dataclass(frozen=True)
class Row:
    """Sets of inputs that are played on the same lucks.

    Attributes:
        stage: of which sampling.
        number: which of its rows.
        points: each set, as the share of each input's values that lies below.
        replications: the lucks.
    """

    stage: str
    number: int
    points: tuple[tuple[float, ...], ...]
    replications: tuple[int, ...]

    @property
    def key(self) -> str:
        """Return what its values are kept by."""
        return f"{self.stage}/{self.number}"


def evaluations_of(
    inputs: Sequence[str], figures: Sequence[str], played: Sequence[tuple[Row, Sequence[Sequence[float]], Values]]
) -> pd.DataFrame:
    """Return a line for each set of inputs and luck: its place, the inputs' values, the figures; NaN: not known.

    Args:
        inputs: their names.
        figures: their names.
        played: rows, of each point the value of each input, and what came of it: points x lucks x figures.
    """
    lines = [
        (row.stage, row.number, point, replication, *told, *values[point, luck])
        for row, points, values in played
        for point, told in enumerate(points)
        for luck, replication in enumerate(row.replications)
    ]
    return pd.DataFrame(lines, columns=pd.Index([*PLACE, *inputs, *figures]))
