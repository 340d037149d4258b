"""The likelihoods of a churn model: the design, its priors, and the largest value that they have.

Those of generalised linear models in Statsmodels: binomial with a logit, or, of a hazard that is constant in each of a
few pieces of time, Poisson over the pieces that each customer lived through (Friedman 1982, Annals of Statistics
10:101), which gives the ratios of proportional hazards with a baseline one can predict from.

**Terms** of experience are fitted freely. **Other columns**, which tell in which circumstances customers are, have a
weak prior: a standard deviation more of a column multiplies the odds by between 1/7 and 7, 19 times in 20. It moves
what the customers tell clearly by next to nothing, keeps columns that tell nearly the same from cancelling each other
out, and is what makes predictions for other customers come true (docs/churn.md has the figures). A term that parts
leavers from stayers has no largest likelihood; only then it has a prior too, and the file says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from results.churn import natural_bends
from scenarios.churn import Form
from scenarios.experience import Term
from simulator.churn_table import CustomerTable, Level

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PRIOR_SD = 1.0
"""Of the log odds (hazard) ratio of a standard deviation more of a column beside the terms."""
PRIOR_SD_PARTED = 2.5
"""Of a term that parts leavers from stayers (as Gelman and others 2008, Annals of Applied Statistics 2:1360)."""
STEPS_MOST = 100
CLOSE = 1e-9
CURVED_LEAST = 10
"""A column with fewer different values is not bent."""
KNOTS_AT = (0.05, 0.35, 0.65, 0.95)
"""Quantiles at which a curve's pieces meet (Harrell 2015, table 2.3)."""
PIECES_MOST, PIECE_LEAVERS = 6, 15
"""A baseline has at most so many pieces, each with at least so many leavers."""


class FitChurnError(ValueError):
    """A churn model cannot be fitted; the message says why and what would help."""


def statsmodels() -> Any:
    """Return Statsmodels.

    Raises:
        FitChurnError: it is not installed.
    """
    try:
        import statsmodels.api as found  # an extra, and slow to import
    except ImportError:
        raise FitChurnError("fit-churn needs Statsmodels: pip install 'testdrive-cx[churn]'") from None
    return found


@dataclass(frozen=True, eq=False)
class Part:
    """A coefficient's columns of the design: what it weighs, centred, and its bends."""

    term: Term | None
    level: Level
    centre: float
    spread: float
    knots: tuple[float, ...]
    design: Values
    free: bool
    """Whether it has no prior."""


@dataclass(frozen=True, eq=False)
class Design:
    """The parts of a fit over all its customers."""

    parts: tuple[Part, ...]
    matrix: Values
    """Without the base; scaled, so that each column has standard deviation 1."""
    scales: Values
    precisions: Values
    """1 / variance of each column's prior; 0 where there is none."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a fit found, on the scale of the design: the base (or a log hazard per piece), then a number per column."""

    form: Form
    bases: int
    numbers: Values
    covariance: Values
    cuts: Values
    """Where pieces of the baseline begin, in days; [0] for a logistic."""

    def added(self, matrix: Values) -> Values:
        """Return what the columns add for each customer."""
        return np.asarray(matrix @ self.numbers[self.bases :], dtype=float)

    def log_cumulative(self, days: Values) -> Values:
        """Return the log of the baseline's cumulative hazard until each day."""
        spent = np.clip(days[:, None] - self.cuts, 0.0, np.r_[np.diff(self.cuts), np.inf])
        return np.asarray(
            np.log(np.maximum(spent @ np.exp(np.minimum(self.numbers[: self.bases], 300.0)), 1e-300)), dtype=float
        )


# -- the design ------------------------------------------------------------------------------------------------------


def designed(table: CustomerTable, curved: Sequence[str] = ()) -> Design:
    """Return the design with these columns bent."""
    parts = []
    for term, values in table.counts.items():
        parts.append(Part(term, Level(table.terms[term]), 0.0, float(values.std()), (), values[:, None], True))
    for level, values in table.others.items():
        knots = knots_of(values) if level.name in curved else ()
        centre = float(values.mean())
        bends = natural_bends(values, list(knots)) - natural_bends(np.array([centre]), list(knots))
        design = np.column_stack([values - centre, bends])
        parts.append(Part(None, level, centre, float(values.std()), knots, design, False))
    matrix = np.column_stack([np.empty((len(table.left), 0)), *(part.design for part in parts)])
    scales = matrix.std(axis=0)
    precisions = [0.0 if part.free else PRIOR_SD**-2 for part in parts for _ in range(part.design.shape[1])]
    return Design(tuple(parts), matrix / scales, scales, np.array(precisions))


def knots_of(values: Values) -> tuple[float, ...]:
    """Return where a curve's pieces meet; none where a column has too few different values to bend."""
    different = np.unique(values)
    if len(different) < CURVED_LEAST:
        return ()
    knots = np.unique(np.quantile(values, KNOTS_AT))
    if len(knots) < len(KNOTS_AT):  # so many alike, such as 0, that quantiles fall together
        knots = np.unique(np.quantile(different, KNOTS_AT))
    return tuple(float(f"{knot:.6g}") for knot in knots) if len(knots) >= 3 else ()


def with_priors(design: Design, terms: Sequence[Term]) -> Design:
    """Return the design where these terms have a prior."""
    owners = [part.term for part in design.parts for _ in range(part.design.shape[1])]
    given = [owner is not None and owner in terms for owner in owners]
    return replace(design, precisions=np.where(given, PRIOR_SD_PARTED**-2, design.precisions))


def parted_terms(form: Form, left: Flags, counts: Mapping[Term, Values]) -> list[Term]:
    """Return the terms along which the likelihood has no largest value (Konis 2007), by a linear programme."""
    flat: list[Term] = [term for term, values in counts.items() if np.ptp(values) == 0]
    names = [term for term in counts if term not in flat]
    if not names:
        return flat
    rows = np.unique(np.column_stack([left, *(counts[term] for term in names)]).astype(float), axis=0)
    leaves, told = rows[:, 0] == 1.0, rows[:, 1:] / np.ptp(rows[:, 1:], axis=0)
    if form == "logistic":
        ways = np.where(leaves, 1.0, -1.0)[:, None] * np.column_stack([np.ones(len(rows)), told])
        found: Any = optimize.linprog(-ways.sum(axis=0), A_ub=-ways, b_ub=np.zeros(len(ways)), bounds=(-1, 1))
        fall, way = float(found.fun), np.asarray(found.x, dtype=float)[1:]
    else:  # down for those who stay, and level for those who leave
        found = optimize.linprog(
            told[~leaves].sum(axis=0), A_ub=told[~leaves], b_ub=np.zeros(int((~leaves).sum())),
            A_eq=told[leaves], b_eq=np.zeros(int(leaves.sum())), bounds=(-1, 1),
        )  # fmt: skip
        fall, way = float(found.fun), np.asarray(found.x, dtype=float)
    if fall > -1e-7:
        return flat
    return flat + [term for term, part in zip(names, way, strict=True) if abs(part) > 1e-7]


# -- the estimate ----------------------------------------------------------------------------------------------------


def estimated(
    form: Form,
    design: Design,
    left: Flags,
    after_days: Values | None,
    rows: npt.NDArray[np.int64] | None = None,
    near: Estimate | None = None,
) -> Estimate:
    """Return the largest likelihood with the priors, over some of the rows (default: all).

    A fit to nearly the same customers (`near`) gives where to begin, and the pieces of the baseline.

    Raises:
        FitChurnError: no largest one is found.
    """
    taken = np.arange(len(left)) if rows is None else rows
    begin = None if near is None else near.numbers
    family = statsmodels().families
    if form == "logistic":
        y, matrix = left[taken].astype(float), np.column_stack([np.ones(len(taken)), design.matrix[taken]])
        return _largest(form, y, matrix, None, np.r_[0.0, design.precisions], np.zeros(1), 1, family.Binomial(), begin)
    assert after_days is not None
    cuts = cut_days(after_days[taken], left[taken]) if near is None else near.cuts
    y, who, piece, exposure = pieces(after_days[taken], left[taken], cuts)
    matrix = np.column_stack([np.eye(len(cuts))[piece], design.matrix[taken][who]])
    precisions = np.r_[np.zeros(len(cuts)), design.precisions]
    return _largest(form, y, matrix, np.log(exposure), precisions, cuts, len(cuts), family.Poisson(), begin)


def cut_days(after_days: Values, left: Flags) -> Values:
    """Return where the pieces of the baseline begin: so that each has as many leavers."""
    leaving = after_days[left]
    count = int(min(PIECES_MOST, max(len(leaving) // PIECE_LEAVERS, 1)))
    inner = np.unique(np.quantile(leaving, np.arange(1, count) / count)) if count > 1 else np.empty(0)
    return np.array([0.0, *inner[(inner > 0) & (inner < leaving.max())]])


def pieces(after_days: Values, left: Flags, cuts: Values) -> tuple[Values, Any, Any, Values]:
    """Return a row for each piece that each customer lived through: left in it, who, which piece, for how many days."""
    ends = np.r_[cuts[1:], np.inf]
    spent = np.clip(after_days[:, None] - cuts, 0.0, ends - cuts)
    who, piece = np.nonzero(spent > 0)
    last = np.searchsorted(cuts, after_days, side="left") - 1
    y = (left[who] & (piece == last[who])).astype(float)
    return y, who, piece, spent[who, piece]


def _largest(
    form: Form, y: Values, matrix: Values, offset: Values | None, precisions: Values, cuts: Values, bases: int,
    family: Any, begin: Values | None,
) -> Estimate:  # fmt: skip
    """Climb to the largest likelihood by Newton's steps, halved where they overshoot: it has one peak only."""
    model = statsmodels().GLM(y, matrix, family=family, offset=offset)

    def height(at: Values) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            told = float(model.loglike(at)) - 0.5 * float(precisions @ at**2)
        return told if math.isfinite(told) else -math.inf

    numbers = np.zeros(matrix.shape[1])
    exposed = float(np.exp(offset).sum()) if offset is not None else float(len(y))
    rate = y.sum() / exposed
    numbers[:bases] = math.log(rate) if form == "hazard" else math.log(rate / (1 - rate))
    if begin is not None and height(begin) > height(numbers):
        numbers = begin
    reached = height(numbers)
    for _ in range(STEPS_MOST):
        curvature = -np.asarray(model.hessian(numbers)) + np.diag(precisions)
        try:
            step = np.linalg.solve(curvature, np.asarray(model.score(numbers)) - precisions * numbers)
        except np.linalg.LinAlgError:
            break
        while height(numbers + step) < reached - 1e-9 and np.abs(step).max() > CLOSE:
            step = step / 2
        numbers = numbers + step
        reached = height(numbers)
        if np.abs(step).max() < CLOSE:
            covariance = np.linalg.inv(-np.asarray(model.hessian(numbers)) + np.diag(precisions))
            return Estimate(form, bases, numbers, covariance, cuts)
    raise FitChurnError(
        "no fit settles: some columns tell leavers from stayers completely, or tell the same; try fewer with --columns"
    )
