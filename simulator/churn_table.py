"""A table of customers, read for a churn model: who left, after how long, what they lived through, and the rest.

Refuses what cannot be read, in one list with lines. What can be mended is mended and said: rows without a value,
columns that never change, that repeat others, that name customers rather than describe them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.experience import TERMS, Term
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.yaml_reader import Words
from simulator.churn_cells import LEVELS_MOST, MISSING, NO, YES, Cells, read_cells, squeezed

Values = npt.NDArray[np.float64]

EMPTY_MOST = 0.2
"""A column beside the terms that lacks more than this share of its values is left out, rather than the rows."""
LEAVERS_LEAST = 20
"""With fewer who left, or who stayed, no model is fitted."""
COLUMNS_MOST = 100
FOLDS = 10
FOLD_MOST = 0.2
"""No fold of customers is to be a larger share than this."""
ALIKE = 0.9999
"""A column of which the others explain more than this share of the variance repeats them."""
TELLS_ALL = 0.995
"""A column that alone tells leavers from stayers so well (area under the curve) is likely written after they left."""
NAMES_ROWS = re.compile(r"(^|[\s_])(id|no|nr|number|key|account)s?$", re.IGNORECASE)


@dataclass(frozen=True)
class Level:
    """A column of the table, or one of its words against the most frequent one."""

    column: str
    level: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.column if self.level is None else f"{self.column} = {self.level}"


@dataclass(frozen=True, eq=False)
class CustomerTable:
    """Customers as a fit needs them; all arrays have a row for each that is used."""

    path: Path
    sha256: str
    left_name: str
    after_name: str | None
    lines: npt.NDArray[np.int64]
    """The line of each in the file."""
    left: npt.NDArray[np.bool_]
    after_days: Values | None
    terms: dict[Term, str]
    """The column that counts each term."""
    counts: dict[Term, Values]
    others: dict[Level, Values]
    """The columns beside the terms."""
    cells: pd.DataFrame = field(repr=False)
    """All columns that are used, by name, as numbers, or words."""
    folds: npt.NDArray[np.int64]
    """By a hash of the row, so that equal rows stay together."""
    left_out: int
    notes: list[str]

    @property
    def leavers(self) -> int:
        """How many left."""
        return int(self.left.sum())


@dataclass(frozen=True)
class Asked:
    """What of a table is wanted."""

    left: str
    after: str | None = None
    unit_days: float = 1.0
    terms: Mapping[Term, str] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    """The columns beside the terms; None: all there are."""


def asked_terms(texts: Iterable[str]) -> dict[Term, str]:
    """Read `complaints=Complains,unresolved=Open cases`.

    Raises:
        FaultsFoundError: a part is no term=column, or names what is no term.
    """
    found: dict[Term, str] = {}
    known: dict[str, Term] = {term: term for term in TERMS}
    faults = []
    for part in (one for text in texts for one in text.split(",") if one.strip()):
        term, _, column = part.partition("=")
        if not column.strip():
            faults.append(Fault("--terms", 1, part.strip(), "no term=column", "such as complaints=Complains"))
        elif term.strip() not in known:
            faults.append(Fault("--terms", 1, part.strip(), f"a term {term.strip()!r}", one_of(TERMS, term.strip())))
        elif known[term.strip()] in found:
            faults.append(Fault("--terms", 1, part.strip(), "told twice", "each term once"))
        else:
            found[known[term.strip()]] = squeezed(column)
    if faults:
        raise FaultsFoundError(faults)
    return found


def read_customers(path: Path, asked: Asked) -> CustomerTable:
    """Read a table of customers for a fit.

    Raises:
        FaultsFoundError: everything that is wrong with it.
    """
    rows = read_cells(path)
    asked = replace(asked, terms=_terms(rows, asked))
    cells = Cells(path, rows)
    left = cells.leavers(asked.left)
    after = cells.numbers(asked.after, "--after", 0.0, above=True) if asked.after else None
    counts = {term: cells.numbers(column, f"--terms {term}", 0.0) for term, column in asked.terms.items()}
    _once(cells, asked)
    for name in asked.columns or ():
        cells.column(name, "--columns")
    cells.check()
    assert left is not None
    notes: list[str] = []
    left_name = squeezed(asked.left) if squeezed(asked.left) in rows.columns else squeezed(asked.left.split("=")[0])
    taken = {left_name, *(squeezed(one) for one in (asked.after, *asked.terms.values()) if one)}
    wanted = rows.columns if asked.columns is None else [squeezed(name) for name in asked.columns]
    others = _others(rows, [name for name in wanted if name not in taken], notes, asked.columns is not None)
    if len(others) > COLUMNS_MOST:
        found_words = Words(f"{len(others)} columns wide")
        cells.fault(1, "the header", found_words, f"at most {COLUMNS_MOST} beside the terms: choose with --columns")
        cells.check()
    known = ~np.isnan(left)
    for values in (after, *counts.values()):
        known &= True if values is None else ~np.isnan(values)
    for texts in others.values():
        known &= (texts != "").to_numpy() if texts.dtype == object else texts.notna().to_numpy()
    lost = int((~known).sum())
    if lost:
        notes.append(f"{lost:,} of {len(rows):,} rows were left out, as a value of theirs is missing")
    table = pd.DataFrame(
        {asked.terms[term]: values for term, values in counts.items() if values is not None} | dict(others),
        index=rows.index,
    )[known]
    folds = _folds(rows.loc[known].drop(columns=left_name))
    found = CustomerTable(
        path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), left_name=left_name, after_name=asked.after,
        lines=np.array(rows.index, dtype=np.int64)[known],
        left=left[known] == 1.0, after_days=None if after is None else after[known] * asked.unit_days,
        terms=dict(asked.terms), counts={term: values[known] for term, values in counts.items() if values is not None},
        others=_levels(table, list(others)), cells=table.reset_index(drop=True), folds=folds,
        left_out=lost, notes=notes,
    )  # fmt: skip
    _enough(cells, found)
    _tells_something(cells, found)
    cells.check()
    return _pruned(found)


def _terms(rows: pd.DataFrame, asked: Asked) -> dict[Term, str]:
    """Return the terms asked for, and those whose name is a column's."""
    taken = {squeezed(one) for one in (asked.left, asked.after or "", *asked.terms.values())}
    named: dict[Term, str] = {term: term for term in TERMS if term in rows.columns and term not in taken}
    return named | dict(asked.terms)


def _once(cells: Cells, asked: Asked) -> None:
    """Refuse one column in two roles."""
    roles: dict[str, str] = {}
    told = [("--left", asked.left), ("--after", asked.after or ""), *((f"term {t}", c) for t, c in asked.terms.items())]
    for role, column in told:
        name = squeezed(column)
        if name and roles.setdefault(name, role) != role:
            cells.fault(1, name, Words(f"{roles[name]} and {role}"), "one of them")


def _others(rows: pd.DataFrame, names: list[str], notes: list[str], named: bool) -> dict[str, pd.Series]:
    """Return the columns beside the terms, as numbers or as words; what does not describe customers is left out."""
    kept: dict[str, pd.Series] = {}
    for name in names:
        texts = rows[name]
        missing = texts.str.lower().isin(MISSING)
        if missing.mean() > EMPTY_MOST:
            notes.append(f"{name} was left out: {missing.mean():.0%} of its values are missing")
            continue
        words = texts.str.lower()
        plain = texts.mask(words.isin(YES), "1").mask(words.isin(NO), "0").mask(missing)
        numbers = pd.to_numeric(plain, errors="coerce").replace([np.inf, -np.inf], np.nan)
        different = texts[~missing].nunique()
        if not numbers[~missing].isna().any():
            whole = bool((numbers.dropna() % 1 == 0).all())
            each = different == (~missing).sum() > LEVELS_MOST
            if whole and not named and each and (NAMES_ROWS.search(name) or (numbers.diff().dropna() == 1).all()):
                notes.append(f"{name} was left out: it numbers the customers (name it with --columns to keep it)")
                continue
            kept[name] = numbers.astype(float)
        elif different > LEVELS_MOST:
            notes.append(f"{name} was left out: {different:,} different words (at most {LEVELS_MOST})")
        else:
            kept[name] = texts.mask(missing, "").astype(object)
    return kept


def _folds(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return a number below 10 for each row, by a hash of what it says: equal rows fall together.

    Where too many rows say the same for that, the hash is of their place.
    """
    texts = rows.agg("\x1f".join, axis=1) if rows.shape[1] else pd.Series("", index=rows.index)
    found = np.array([_fold(one) for one in texts], dtype=np.int64)
    if len(found) and np.bincount(found).max() > FOLD_MOST * len(found):
        found = np.array([_fold(str(line)) for line in rows.index], dtype=np.int64)
    return found


def _fold(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") % FOLDS


def _levels(table: pd.DataFrame, names: list[str]) -> dict[Level, Values]:
    found: dict[Level, Values] = {}
    for name in names:
        cells = table[name]
        if cells.dtype != object:
            found[Level(name)] = cells.to_numpy(dtype=float)
            continue
        frequent = cells.value_counts().index
        for level in sorted(str(one) for one in frequent[1:]):
            found[Level(name, level)] = np.asarray(cells == level, dtype=float)
        if len(frequent) == 1:
            found[Level(name, str(frequent[0]))] = np.ones(len(cells), dtype=np.float64)
    return found


def _enough(cells: Cells, table: CustomerTable) -> None:
    leavers, stayers = table.leavers, int((~table.left).sum())
    if min(leavers, stayers) < LEAVERS_LEAST:
        found = Words(f"{leavers:,} who left and {stayers:,} who stayed")
        cells.fault(1, table.left_name, found, f"at least {LEAVERS_LEAST} of each, with all values that are used")


def _tells_something(cells: Cells, table: CustomerTable) -> None:
    """Refuse terms that never change, or that repeat each other."""
    before: dict[Term, Values] = {}
    for term, values in table.counts.items():
        name = table.terms[term]
        if len(values) and np.ptp(values) == 0:
            found = Words(f"{values[0]:g} for every customer")
            cells.fault(1, name, found, f"values that differ, or no {term} in --terms: nothing can be told of it")
            continue
        if _explained(values, list(before.values())) > ALIKE:
            others = ", ".join(table.terms[one] for one in before)
            cells.fault(1, name, Words(f"told by {others} already"), f"no {term} in --terms: the two cannot be parted")
        before[term] = values


def _explained(values: Values, by: list[Values]) -> float:
    """Return the share of a column's variance that others explain."""
    spread = float(values.var())
    if not by or spread == 0:
        return 0.0
    scaled = [(one - one.mean()) / (one.std() or 1.0) for one in by]
    design = np.column_stack([np.ones(len(values)), *scaled])
    weights, *_ = np.linalg.lstsq(design, values, rcond=None)
    return 1.0 - float((values - design @ weights).var()) / spread


def _pruned(table: CustomerTable) -> CustomerTable:
    """Leave out columns that never change or repeat the others, and warn of those that tell too much."""
    kept: dict[Level, Values] = {}
    notes = list(table.notes)
    for level, values in table.others.items():
        if np.ptp(values) == 0:
            notes.append(f"{level.column} was left out: it is the same for every customer")
        elif _explained(values, [*table.counts.values(), *kept.values()]) > ALIKE:
            notes.append(f"{level.name} was left out: the other columns tell it already")
        else:
            kept[level] = values
            if max(area := area_under(values, table.left), 1 - area) > TELLS_ALL:
                notes.append(
                    f"{level.name} alone tells who left: was it written after they did? (--columns leaves it out)"
                )
    fields = {name: getattr(table, name) for name in CustomerTable.__dataclass_fields__}
    return CustomerTable(**{**fields, "others": kept, "notes": notes})


def area_under(values: Values, left: npt.NDArray[np.bool_]) -> float:
    """Return how often a leaver's value exceeds a stayer's, ties half: the area under the ROC curve.

    >>> area_under(np.array([1.0, 2.0, 3.0, 3.0]), np.array([False, False, True, True]))
    1.0
    """
    order = pd.Series(values).rank().to_numpy(dtype=float)
    leavers = int(left.sum())
    return float((order[left].sum() - leavers * (leavers + 1) / 2) / (leavers * (len(left) - leavers)))
