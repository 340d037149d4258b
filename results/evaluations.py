"""The evaluations of a sensitivity analysis as they are made: `evaluations.csv`, a line for each world and luck.

Rows of the sampling are written whole, one after the other, so that whoever is killed can go on: a row of which a line
is missing is played again. Numbers are written so that reading them gives the very same ones. Refuses to know what a
row is for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.runs import RunError

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


@dataclass
class Evaluations:
    """What has been played, here and in a file where there is one.

    Attributes:
        inputs: names of the inputs.
        figures: names of the figures.
        path: the file; None keeps nothing.
    """

    inputs: Sequence[str]
    figures: Sequence[str]
    path: Path | None = None
    _lines: dict[tuple[str, int], list[list[str]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.path is None:
            return
        if self.path.is_file():
            self._read(self.path)
        else:
            self.path.write_text(_text([self.header]), encoding="utf-8")

    @property
    def header(self) -> list[str]:
        """Return the names of the columns."""
        return [*PLACE, *self.inputs, *self.figures]

    def _read(self, path: Path) -> None:
        """Read what was written; a last line that is cut off is left out, and taken out of the file."""
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(io.StringIO(whole)))
        if not lines or lines[0] != self.header:
            raise RunError(f"{path} is of other inputs or figures; begin a new run")
        for line in lines[1:]:
            self._lines.setdefault((line[0], int(line[1])), []).append(line)
        if whole != text:
            path.write_text(whole, encoding="utf-8")

    def values(self, row: Row) -> Values | None:
        """Return what a row has given: its points, its lucks, the figures; None where it was not played whole."""
        found: Values = np.full((len(row.points), len(row.replications), len(self.figures)), np.nan)
        at = {replication: place for place, replication in enumerate(row.replications)}
        seen = set()
        for line in self._lines.get((row.stage, row.number), ()):
            point, replication = int(line[2]), int(line[3])
            if point >= len(row.points) or replication not in at:
                return None
            told = line[len(PLACE) + len(self.inputs) :]
            found[point, at[replication]] = [float(one) if one else np.nan for one in told]
            seen.add((point, replication))
        return found if len(seen) == len(row.points) * len(row.replications) else None

    def keep(self, row: Row, inputs: Sequence[Sequence[float]], values: Values) -> None:
        """Keep what a row has given, in one piece.

        Args:
            row: the row.
            inputs: of each point the value of each input.
            values: its points, its lucks, the figures; NaN where nothing is known.
        """
        lines = [
            [row.stage, str(row.number), str(point), str(replication), *map(repr, inputs[point]), *_told(figures)]
            for point in range(len(row.points))
            for replication, figures in zip(row.replications, values[point], strict=True)
        ]
        self._lines[row.stage, row.number] = lines
        if self.path is not None:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_text(lines))

    def frame(self) -> pd.DataFrame:
        """Return a line for each world and luck."""
        lines = [line for kept in self._lines.values() for line in kept]
        table = pd.DataFrame(lines, columns=pd.Index(self.header))
        numbers = dict.fromkeys(PLACE[1:], "int64")
        for name in (*self.inputs, *self.figures):
            table[name] = [float(one) if one else np.nan for one in table[name]]
        return table.astype(numbers).drop_duplicates(list(PLACE), keep="last", ignore_index=True)


def _told(figures: Values) -> list[str]:
    return ["" if np.isnan(one) else repr(float(one)) for one in figures]


def _text(lines: Sequence[Sequence[str]]) -> str:
    told = io.StringIO()
    csv.writer(told, lineterminator="\n").writerows(lines)
    return told.getvalue()
