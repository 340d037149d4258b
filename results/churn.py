"""What a churn model says of customers: the share that leaves, how well that is known, and who leaves.

Customers are rows of a table with a column for each term (`scenarios.experience.TERMS`; one that is not there is 0)
and, for a fitted model, the columns it was fitted to. Where none of those is known, the share is the mean over the
circumstances of the customers it was fitted to.

Two kinds of not knowing are kept apart. *Chance*: the model is right, and who leaves is luck. *Coefficients*: the model
is one of many that fit what is known. Draw k of the coefficients is keyed, so that every what-if meets the same draws.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.churn import Base, ChurnModel, Coefficient, log_scale
from scenarios.churn_law import LOG_MOST, log_time, times_the_first
from scenarios.draws import Entity, Purpose, entity_number, uniform
from scenarios.experience import TERMS
from scenarios.jit import jit
from scenarios.normal import normal_quantile

Values = npt.NDArray[np.float64]

DRAWS = 1000
"""Draws of the coefficients behind a band, unless more are asked for."""


class ChurnTableError(ValueError):
    """A table lacks what a churn model needs; the message says what."""


def natural_bends(x: Values, knots: list[float]) -> Values:
    """Return a column for each bend of a natural cubic spline: straight outside the outer knots.

    Harrell (2015, Regression Modeling Strategies, 2.4.5): truncated powers, over the squared reach of the knots.

    >>> natural_bends(np.array([0.0, 1.0, 2.0]), [0.0, 1.0, 2.0]).round(3).tolist()
    [[0.0], [0.25], [1.5]]
    """
    if len(knots) < 3:
        return np.empty((len(x), 0))
    at = np.asarray(knots, dtype=float)
    last, before = at[-1], at[-2]
    powers = np.clip(x[:, None] - at, 0.0, None) ** 3
    bends = (
        powers[:, :-2]
        - powers[:, -2:-1] * (last - at[:-2]) / (last - before)
        + powers[:, -1:] * (before - at[:-2]) / (last - before)
    )
    return np.asarray(bends / (last - at[0]) ** 2, dtype=float)


def columns_of(one: Coefficient, table: pd.DataFrame) -> Values:
    """Return what a coefficient is multiplied with for each customer: a column, and one for each bend of a curve."""
    if one.term is not None:
        counts = _counts(table, one.term)
        if one.most is not None:
            counts = np.minimum(counts, one.most)
        for other in one.without:
            counts = np.where(_counts(table, other) > 0, 0.0, counts)
        return counts[:, None]
    cells = table[str(one.column)]
    if one.level is not None:
        return np.asarray(cells.astype(str) == one.level, dtype=float)[:, None]
    values = cells.to_numpy(dtype=float)
    centre = natural_bends(np.array([one.centre]), one.knots)
    return np.column_stack([values - one.centre, natural_bends(values, one.knots) - centre])


def _counts(table: pd.DataFrame, term: str) -> Values:
    return table[term].to_numpy(dtype=float) if term in table else np.zeros(len(table))


def best_guess(model: ChurnModel) -> Values:
    """Return the parameters: the base on the log scale, then each coefficient's value and bends."""
    told = [number for one in model.coefficients for number in (one.value, *one.bends)]
    return np.array([log_scale(model.form, model.base.rate), *told])


def covariance_of(model: ChurnModel) -> Values:
    """Return the covariance of the parameters; where the file has none they are independent, and bends are sure."""
    if model.covariance:
        lower = np.zeros((len(model.covariance), len(model.covariance)))
        for at, row in enumerate(model.covariance):
            lower[at, : at + 1] = row
        return np.asarray(lower + np.tril(lower, -1).T, dtype=float)
    errors = [number for one in model.coefficients for number in (one.standard_error, *(0.0 for _ in one.bends))]
    return np.diag(np.square([model.base.standard_error, *errors]))


def drawn_parameters(model: ChurnModel, draws: int = DRAWS, seed: int = 1) -> Values:
    """Return a row of parameters per draw. A coefficient keeps its luck whatever else the model has."""
    names = [("base", 0)] + [(one.name, bend) for one in model.coefficients for bend in range(1 + len(one.bends))]
    luck = np.column_stack([_normal(seed, draws, f"{name}/{bend}") for name, bend in names])
    scales, ways = np.linalg.eigh(covariance_of(model))
    root = ways @ np.diag(np.sqrt(np.clip(scales, 0.0, None))) @ ways.T  # symmetric: unlike Cholesky's, in no order
    return np.asarray(best_guess(model) + luck @ root, dtype=float)


def _normal(seed: int, draws: int, name: str) -> Values:
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest(), "big")
    return _normals(seed, draws, entity_number(Entity.BELIEF, number), int(Purpose.COEFFICIENT))


@jit
def _normals(seed: int, draws: int, entity: int, purpose: int) -> Values:
    drawn = np.empty(draws)
    for draw in range(draws):
        drawn[draw] = normal_quantile(uniform(seed, draw, entity, 0, purpose, 0))
    return drawn


def leaving(
    model: ChurnModel, table: pd.DataFrame, over_days: float | None = None, parameters: Values | None = None
) -> Values:
    """Return the share that leaves of customers like each row, between 0 and 1.

    Args:
        model: what leaving depends on.
        table: a row for each customer.
        over_days: with a hazard, by when (default: the days of the base rate).
        parameters: one draw of the coefficients instead of the best guess.

    Raises:
        ChurnTableError: the table has some of the model's columns but not all, or a cell is no number.
    """
    found = best_guess(model) if parameters is None else parameters
    added, at = np.full(len(table), found[0] + log_time(model, over_days)), 1
    known = _known_columns(model, table)
    for one in model.coefficients:
        width = 1 + len(one.bends)
        if one.term is not None or known:
            added = added + _design(one, table) @ found[at : at + width]
        at += width
    if known or not model.circumstances:
        return shares_at(model, added)
    return np.asarray(np.mean([shares_at(model, added + one) for one in model.circumstances], axis=0), dtype=float)


def _design(one: Coefficient, table: pd.DataFrame) -> Values:
    try:
        return columns_of(one, table)
    except (ValueError, TypeError):
        raise ChurnTableError(f"{one.name} holds what is no number") from None


def shares_at(model: ChurnModel, added: Values) -> Values:
    """Return the share that leaves of customers whose base and experience add up to so much on the log scale."""
    log = np.clip(added, -LOG_MOST, LOG_MOST)
    if model.form == "hazard":
        return np.asarray(-np.expm1(-np.exp(log)), dtype=float)
    return np.asarray(1.0 / (1.0 + np.exp(-log)), dtype=float)


def _known_columns(model: ChurnModel, table: pd.DataFrame) -> bool:
    """Say whether the table has the columns of a fitted model: all, or none."""
    wanted = {str(one.column) for one in model.columns}
    missing = sorted(wanted - set(table.columns))
    if missing and len(missing) < len(wanted):
        raise ChurnTableError(f"{model.churn} needs all of its columns or none; missing: {', '.join(missing)}")
    return bool(wanted) and not missing


def anchored_on_cases(
    model: ChurnModel, cases: pd.DataFrame, periods: int, days: float, count: int | None
) -> ChurnModel:
    """Return the model with its base moved so that as many leave after their cases as really do.

    With a population the observed rate is that of all its customers, and all who leave are taken to have made contact
    before: so losses are proportional to time, and the same for every form of model. Without one each case is a
    customer who made contact, and the rate is the share of those.

    Args:
        model: one with `observed`; without it, or without a case, it is returned as it is.
        cases: rows of `results.experience.cases_of`, of today's service.
        periods: how many periods they are of.
        days: how long each is.
        count: how many customers there are in all.

    Raises:
        ChurnTableError: more would leave than have a case.
    """
    seen = model.observed
    if seen is None or cases.empty:
        return model
    share = seen.rate
    if count is not None:
        leavers = count * -math.expm1(math.log1p(-seen.rate) * days / seen.over_days)
        share = leavers * periods / len(cases)
        if share >= 1:
            raise ChurnTableError(
                f"observed: {seen.rate:.4g} of {count:,} customers within {seen.over_days:g} days are {leavers:,.0f} "
                f"leavers in {days:g} days, and only {len(cases) / periods:,.0f} cases come: fewer customers "
                "(customers.count), or a lower rate"
            )
    guess = best_guess(model)
    base = guess[0] + _shift(model, cases, guess, share)
    moved = 1 / (1 + math.exp(-base)) if model.form == "logistic" else -math.expm1(-math.exp(base))
    covariance = covariance_of(model)
    covariance[0, :] = covariance[:, 0] = 0.0
    covariance[0, 0] = seen.standard_error**2
    found = Base(
        rate=min(max(moved, 1e-12), 1 - 1e-12),
        over_days=model.base.over_days,
        standard_error=seen.standard_error,
        uncertain_by="that of the observed rate",
        source=f"{seen.rate:.2%} left within {seen.over_days:g} days ({seen.source}); ratios: {model.base.source}",
    )
    rows = [covariance[at, : at + 1].tolist() for at in range(len(covariance))]
    return model.model_copy(update={"base": found, "covariance": rows})


def _shift(model: ChurnModel, cases: pd.DataFrame, guess: Values, rate: float) -> float:
    """Find what must be added to the base for a mean of `rate`: the mean only rises with it."""
    if not _known_columns(model, cases):  # then only terms are looked at, and most customers lived through the same
        terms = [term for term in TERMS if term in cases]
        cases = cases.groupby(terms, sort=True).size().reset_index(name="alike") if terms else cases
    alike = cases["alike"].to_numpy(dtype=float) if "alike" in cases else np.ones(len(cases))
    low, high = -60.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        shares = leaving(model, cases, None, np.r_[guess[0] + middle, guess[1:]])
        low, high = (middle, high) if float(shares @ alike / alike.sum()) < rate else (low, middle)
    return (low + high) / 2


def who_leaves(
    shares: Values, seed: int, customers: Values | None = None, replication: int = 0
) -> npt.NDArray[np.bool_]:
    """Draw who leaves: customer k has the same luck in every what-if, so a larger share only adds leavers."""
    return _luck(shares, seed, customers, replication, Purpose.LEAVES) < shares


def leaves_after_days(
    model: ChurnModel, table: pd.DataFrame, seed: int, until_days: float | Values, replication: int = 0
) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Draw after how many days each customer leaves by a hazard, and whether they do before `until_days`.

    Raises:
        ChurnTableError: the model is logistic: it knows no time.
    """
    if model.form != "hazard":
        raise ChurnTableError(f"{model.churn} is logistic: it knows no time; who_leaves draws who leaves")
    spent = -np.log1p(-leaving(model, table))
    own = float(model.base.over_days or 1.0)
    wanted = -np.log(_luck(spent, seed, None, replication, Purpose.LEAVES_AFTER)) / spent
    wanted *= times_the_first(model, np.array([own]))[0]
    pieces = model.shape or [(0.0, 1.0)]
    starts, factors = (np.array([piece[part] for piece in pieces]) for part in (0, 1))
    reached = times_the_first(model, starts)
    place = np.clip(np.searchsorted(reached, wanted, side="right") - 1, 0, len(starts) - 1)
    with np.errstate(divide="ignore"):
        days = starts[place] + (wanted - reached[place]) / factors[place]
    return np.minimum(days, until_days), days <= until_days


def generated(
    model: ChurnModel,
    table: pd.DataFrame,
    seed: int,
    until_days: float | Values | None = None,
    replication: int = 0,
) -> pd.DataFrame:
    """Return the table with what its customers do if the model is right: left (0 or 1), and after how many days.

    A logistic says only who leaves; a hazard also when, or that they were still there at `until_days`.
    """
    if model.form == "logistic":
        return table.assign(left=who_leaves(leaving(model, table), seed, None, replication).astype(int))
    until = float(model.base.over_days or 1.0) if until_days is None else until_days
    days, left = leaves_after_days(model, table, seed, until, replication)
    return table.assign(left=left.astype(int), after_days=days)


def _luck(like: Values, seed: int, customers: Values | None, replication: int, purpose: Purpose) -> Values:
    numbers = np.arange(len(like)) if customers is None else customers.astype(np.int64)
    return _uniforms(seed, replication, numbers.astype(np.int64), int(Entity.CUSTOMER) << 60, int(purpose))


@jit
def _uniforms(seed: int, replication: int, numbers: npt.NDArray[np.int64], kind: int, purpose: int) -> Values:
    drawn = np.empty(len(numbers))
    for at in range(len(numbers)):
        drawn[at] = uniform(seed, replication, kind | numbers[at], 0, purpose, 0)
    return drawn


def describe(model: ChurnModel) -> Iterator[str]:
    """Yield what a model says, a line each: its base, each coefficient with interval and source, and what has none."""
    word = "odds" if model.form == "logistic" else "hazard"
    by = f" within {model.base.over_days:g} days" if model.base.over_days else ""
    yield f"{model.churn}: {model.title} ({model.form})"
    yield f"  base: {model.base.rate:.2%} leave{by}{_stated(model.base.stated)}; {model.base.source}"
    if model.observed:
        seen = model.observed
        yield f"  scaled to: {seen.rate:.2%} really leave within {seen.over_days:g} days; {seen.source}"
    for one in model.coefficients:
        if one.term is None:
            continue
        low, high = one.interval
        yield (
            f"  {one.name}: {word} x {math.exp(one.value):.3g} ({math.exp(low):.3g} to {math.exp(high):.3g}) for each "
            f"{one.unit}{_stated(one.stated)}; {one.source}; uncertainty {one.uncertain_by}"
        )
        if one.confounded:
            yield f"    not what it causes alone: {one.confounded}"
    if model.columns:
        yield f"  and {len({one.column for one in model.columns})} columns of the customers' table"
    for term, why in model.silent_terms():
        yield f"  {term}: no effect; {why}"


def _stated(is_stated: bool) -> str:
    return ", as customers say, which is not what they do" if is_stated else ""
