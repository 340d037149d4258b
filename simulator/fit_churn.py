"""A churn model fitted to a table of customers: `logistic` per case, or `hazard` over time with censoring.

`simulator.churn_estimate` finds the largest likelihood. Here it is decided what bends, each customer is predicted by a
fit that has not seen them, and what was found becomes a `scenarios.churn.ChurnModel`.

**Curves.** With `auto`, columns of ten or more different numbers bend where customers that the fit did not see say that
this predicts better; terms never do, as each count more is to weigh the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.churn import DAYS_MOST, EFFECT_MOST, Base, ChurnModel, Coefficient, FittedTo, Form, log_scale
from scenarios.experience import Term
from simulator.churn_estimate import (
    CURVED_LEAST,
    KNOTS_AT,
    PRIOR_SD,
    PRIOR_SD_PARTED,
    Design,
    Estimate,
    FitChurnError,
    Part,
    designed,
    estimated,
    knots_of,
    parted_terms,
    with_priors,
)
from simulator.churn_table import FOLDS, CustomerTable

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEAVERS_EACH = 5
"""Curves are tried where there are at least so many leavers for each number they add."""
CIRCUMSTANCES = 50
AUTO, NONE = "auto", "none"


@dataclass(frozen=True, eq=False)
class FittedChurn:
    """A fitted model, with what it predicts for customers that the fit had not seen."""

    model: ChurnModel
    table: CustomerTable
    predicted: Values
    """The share that leaves (by the horizon) of customers like each, by a fit without their tenth."""
    log_expected: Values
    """The same on the log scale: log-odds, or log cumulative hazard over each customer's own days."""
    horizon_days: float | None
    curved: tuple[str, ...]
    notes: tuple[str, ...] = ()


# -- customers that a fit has not seen -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Unseen:
    """Each customer by a fit without their tenth: what the columns add, and the baseline's part, on the log scale."""

    own: Values
    """Log-odds, or log cumulative hazard over each customer's own days."""
    by_horizon: Values

    def loss(self, form: Form, left: Flags, after_days: Values | None) -> float:
        """Return the mean negative log likelihood: less is better."""
        if form == "logistic":
            return float(np.logaddexp(0.0, np.where(left, -self.own, self.own)).mean())
        return float((np.exp(self.own) - np.where(left, self.own, 0.0)).mean())


def unseen(form: Form, table: CustomerTable, design: Design, horizon_days: float | None) -> Unseen:
    """Fit ten times, each without a tenth of the customers, and predict that tenth."""
    own, by_horizon = np.empty(len(table.left)), np.empty(len(table.left))
    whole = estimated(form, design, table.left, table.after_days)
    for fold in range(FOLDS):
        out = table.folds == fold
        if not out.any():
            continue
        rest = np.flatnonzero(~out)
        parted = parted_terms(form, table.left[rest], {term: values[rest] for term, values in table.counts.items()})
        found = estimated(form, with_priors(design, parted), table.left, table.after_days, rest, whole)
        added = found.added(design.matrix[out])
        if table.after_days is None or form == "logistic":
            own[out] = by_horizon[out] = found.numbers[0] + added
        else:
            own[out] = found.log_cumulative(table.after_days[out]) + added
            by_horizon[out] = found.log_cumulative(np.array([horizon_days or 1.0])) + added
    return Unseen(own, by_horizon)


def fit_churn(
    table: CustomerTable, form: Form, name: str, curved: str | Sequence[str] = AUTO, over_days: float | None = None
) -> FittedChurn:
    """Fit a churn model to customers, and predict each of them by a fit that has not seen them.

    Args:
        table: the customers.
        form: logistic, or hazard where the table says after how long.
        name: what the model is called.
        curved: which columns bend: auto, none, or their names.
        over_days: logistic: which time the table covers; hazard: the horizon (default: by when nine tenths had left).

    Raises:
        FitChurnError: a hazard without times, or no fit settles.
    """
    if form == "hazard" and table.after_days is None:
        raise FitChurnError("a hazard needs to know after how long customers left: --after COLUMN")
    if not table.counts and not table.others:
        raise FitChurnError(f"{table.path}: no column is left to explain who left: see --terms and --columns")
    if table.after_days is not None and table.after_days.max() > DAYS_MOST:
        raise FitChurnError(
            f"{table.path}: {table.after_name} is up to {table.after_days.max():,.0f} days, over a century: see --unit"
        )
    notes = list(table.notes)
    horizon = over_days
    if form == "hazard" and table.after_days is not None and over_days is None:
        horizon = float(np.quantile(table.after_days[table.left], 0.9))
    priors = parted_terms(form, table.left, table.counts)
    for term in priors:
        notes.append(
            f"{table.terms[term]} ({term}) parts leavers from stayers: no largest effect can be told, so it has a weak "
            f"prior (log ratio 0 +- {PRIOR_SD_PARTED:g}), and its interval is the prior's as much as the customers'"
        )
    design, seen, bent = _chosen(form, table, curved, priors, horizon, notes)
    found = estimated(form, design, table.left, table.after_days)
    model = _model(name, table, design, found, horizon, notes)
    log = np.clip(seen.by_horizon, -700, 700)
    shares = -np.expm1(-np.exp(log)) if form == "hazard" else 1 / (1 + np.exp(-log))
    return FittedChurn(model, table, shares, seen.own, horizon, tuple(bent), tuple(notes))


def _chosen(
    form: Form, table: CustomerTable, curved: str | Sequence[str], priors: Sequence[Term], horizon: float | None,
    notes: list[str],
) -> tuple[Design, Unseen, tuple[str, ...]]:  # fmt: skip
    """Return the design with curves where they are asked for, or predict better; what it predicts; and what bends."""
    bent = _bent(table, curved, notes)
    design = with_priors(designed(table, bent), priors)
    if not bent or curved != AUTO:
        return design, unseen(form, table, design, horizon), bent
    straight = with_priors(designed(table), priors)
    without = unseen(form, table, straight, horizon)
    try:
        seen = unseen(form, table, design, horizon)
    except FitChurnError:
        notes.append("no column bends: curves do not settle; does a column hold a value out of all measure?")
        return straight, without, ()
    if without.loss(form, table.left, table.after_days) <= seen.loss(form, table.left, table.after_days):
        notes.append("no column bends: straight lines predict customers that the fit has not seen as well")
        return straight, without, ()
    notes.append(f"bent, as this predicts customers that the fit has not seen better: {', '.join(bent)}")
    return design, seen, bent


def _bent(table: CustomerTable, curved: str | Sequence[str], notes: list[str]) -> tuple[str, ...]:
    """Return the columns to bend."""
    able = [level.name for level, values in table.others.items() if level.level is None and knots_of(values)]
    if curved == NONE:
        return ()
    if curved == AUTO:
        most = table.leavers // LEAVERS_EACH
        numbers = len(table.counts) + len(table.others) + len(able) * (len(KNOTS_AT) - 2)
        if able and numbers > most:
            notes.append(f"no column bends: {table.leavers:,} leavers are too few for the {numbers} numbers of curves")
            return ()
        return tuple(able)
    names = [" ".join(one.split()) for one in curved]
    unable = sorted(set(names) - set(able))
    if unable:
        raise FitChurnError(
            f"--curved {', '.join(unable)}: not a column of numbers beside the terms with {CURVED_LEAST} or more "
            f"different ones; those are: {', '.join(able) or 'none'}"
        )
    return tuple(names)


# -- the model -------------------------------------------------------------------------------------------------------


def _model(
    name: str, table: CustomerTable, design: Design, found: Estimate, horizon: float | None, notes: list[str]
) -> ChurnModel:
    numbers, covariance, shape = one_base(found, horizon)
    scales = np.r_[1.0, design.scales]
    numbers, covariance = numbers / scales, covariance / np.outer(scales, scales)
    errors = np.sqrt(np.diag(covariance))
    source = f"fitted to {table.path.name}"
    coefficients, at = [], 1
    for part in design.parts:
        width = part.design.shape[1]
        coefficients.append(_coefficient(part, numbers[at : at + width], float(errors[at]), source))
        at += width
    terms = sum(part.design.shape[1] for part in design.parts if part.term is not None)
    added = design.matrix[:, terms:] @ found.numbers[found.bases + terms :]
    base = 1 / (1 + math.exp(-numbers[0])) if found.form == "logistic" else -math.expm1(-math.exp(numbers[0]))
    rate = float(min(max(base, 1e-12), 1 - 1e-12))
    assert abs(log_scale(found.form, rate) - numbers[0]) < 1e-3 or not 1e-9 < rate < 1 - 1e-9
    quantiles = np.quantile(added, (np.arange(CIRCUMSTANCES) + 0.5) / CIRCUMSTANCES)
    return ChurnModel(
        churn=name,
        title=f"Fitted to {len(table.left):,} customers of {table.path.name}, {table.leavers:,} of whom left",
        form=found.form,
        base=Base(
            rate=_round(rate, 8), over_days=_round(horizon, 6) if horizon else None, standard_error=_round(errors[0]),
            uncertain_by="sampling", source=source,
        ),
        coefficients=coefficients,
        shape=[(_round(start, 6), _round(times, 6)) for start, times in shape],
        covariance=[[_round(one, 6) for one in row[: at + 1]] for at, row in enumerate(covariance)],
        circumstances=[_round(one, 5) for one in quantiles] if terms < design.matrix.shape[1] else [],
        fitted=FittedTo(
            table=table.path.name, sha256=table.sha256, left=table.left_name, after=table.after_name,
            customers=len(table.left), leavers=table.leavers, left_out=table.left_out, notes=notes,
        ),
    )  # fmt: skip


def one_base(found: Estimate, horizon: float | None) -> tuple[Values, Values, list[tuple[float, float]]]:
    """Return the numbers with one base, by the delta method: a hazard's is the log cumulative one over the horizon."""
    if found.form == "logistic":
        return found.numbers, found.covariance, []
    assert horizon is not None
    spent = np.clip(horizon - found.cuts, 0.0, np.r_[np.diff(found.cuts), np.inf])
    hazards = np.exp(found.numbers[: found.bases])
    total = float(spent @ hazards)
    count = len(found.numbers) - found.bases
    turn = np.zeros((1 + count, len(found.numbers)))
    turn[0, : found.bases] = spent * hazards / total
    turn[1:, found.bases :] = np.eye(count)
    numbers = np.r_[math.log(total), found.numbers[found.bases :]]
    shape = [(float(start), float(one / hazards[0])) for start, one in zip(found.cuts, hazards, strict=True)]
    return numbers, turn @ found.covariance @ turn.T, shape


def _coefficient(part: Part, numbers: Values, error: float, source: str) -> Coefficient:
    words = part.level.column if part.level.level is None else f"of those who are {part.level.level}"
    told: dict[str, Any] = {
        "value": _round(numbers[0], 8),
        "unit": f"1 more of {words}" if part.level.level is None else words,
        "standard_error": _round(error, 6),
        "uncertain_by": "sampling" if part.free else f"sampling, and a weak prior (sd {PRIOR_SD:g} for each sd more)",
        "source": source,
    }
    if part.term is not None and max(abs(numbers[0]), error) > EFFECT_MOST:
        raise FitChurnError(
            f"{part.level.column} ({part.term}): one more would multiply the odds by exp({numbers[0]:.3g}); is it "
            "counted in ones?"
        )
    if part.term is not None:
        return Coefficient(term=part.term, confounded="customers were not drawn by lot to live through it", **told)
    return Coefficient(
        column=part.level.column, level=part.level.level, centre=0.0 if part.level.level else part.centre,
        spread=part.spread, knots=list(part.knots), bends=[_round(one, 8) for one in numbers[1:]], **told,
    )  # fmt: skip


def _round(value: float, digits: int = 5) -> float:
    return float(f"{value:.{digits}g}")


def cells_of(table: CustomerTable) -> pd.DataFrame:
    """Return the customers as `results.churn` takes them: a column for each term, and the columns beside them."""
    beside = table.cells.drop(columns=list(table.terms.values()))
    return pd.concat([pd.DataFrame(dict(table.counts), index=beside.index), beside], axis=1)
