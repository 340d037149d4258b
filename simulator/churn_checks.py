"""Whether a churn model's predictions come true: calibration, discrimination and what the bare table says.

*Slope*: of the outcome on the predicted log-odds; below 1 predictions are too extreme. *Level*: the log-odds by which
more leave than predicted (Cox 1958). *Hosmer and Lemeshow* compares tenths of the customers; as these were not seen by
the fit, each tenth is a degree of freedom. Of a hazard the same by Poisson models over each customer's own time
(Crowson, Atkinson and Therneau 2016, Statistical Methods in Medical Research 25:1692), so that censoring does no harm.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from results.churn import columns_of, covariance_of, leaving
from results.churn_check import ChurnCheck, Effect, Group, Interval, TermFact
from scenarios.churn import SURE, ChurnModel, Coefficient, Form
from scenarios.churn_law import times_the_first
from scenarios.experience import Term
from simulator.churn_estimate import statsmodels
from simulator.churn_table import CustomerTable, area_under
from simulator.fit_churn import FittedChurn, cells_of

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GROUPS = 10
EXPECTED_LEAST = 5.0
"""Neighbouring groups are joined until each expects so many who leave, and so many who stay."""
ERROR_MOST = 20.0
"""A slope or level with a larger standard error is not known at all: who leaves was told completely, or not at all."""
PAIRS_AT_ONCE = 2_000
CONCORDANCE_ROWS_MOST = 20_000
"""Concordance compares all pairs; of more customers it looks at so many, evenly spaced."""


def check_fitted(fitted: FittedChurn) -> ChurnCheck:
    """Return how a fit predicts customers that it has not seen."""
    return _check(fitted.model, fitted.table, fitted.predicted, fitted.log_expected, fitted.horizon_days)


def check_elsewhere(model: ChurnModel, table: CustomerTable) -> ChurnCheck:
    """Return how a model that was fitted to other customers predicts these.

    Raises:
        ChurnTableError: the table lacks columns of the model.
    """
    unseen = model.fitted is None or model.fitted.sha256 != table.sha256
    shares = np.clip(leaving(model, cells_of(table)), 1e-15, 1 - 1e-15)
    if model.form == "logistic":
        return _check(model, table, shares, np.log(shares / (1 - shares)), model.base.over_days, unseen)
    horizon = float(model.base.over_days or 1.0)
    assert table.after_days is not None
    lived = times_the_first(model, table.after_days) / times_the_first(model, np.array([horizon]))
    return _check(model, table, shares, np.log(-np.log1p(-shares)) + np.log(np.maximum(lived, 1e-300)), horizon, unseen)


def _check(
    model: ChurnModel, table: CustomerTable, shares: Values, own: Values, horizon: float | None, unseen: bool = True
) -> ChurnCheck:
    left, days = table.left, table.after_days
    at = horizon if model.form == "hazard" else None
    slope, level = _slope_and_level(model.form, left, own, shares)
    statistic, compared = _hosmer_lemeshow(model.form, left, own, shares)
    order = np.argsort(shares, kind="stable")
    tenths = [part for part in np.array_split(order, GROUPS) if len(part)]
    groups = [_group(f"{k + 1} of {GROUPS}", part, shares, left, days, at) for k, part in enumerate(tenths)]
    brier, reference = brier_score(shares, left, days, at)
    return ChurnCheck(
        customers=len(left), leavers=int(left.sum()), unseen=unseen, slope=slope, level=level,
        hosmer_lemeshow=statistic, groups_compared=compared, p_value=float(stats.chi2.sf(statistic, compared)),
        groups=groups, discrimination=concordance(own if at is None else shares, left, days if at else None),
        brier=brier, brier_reference=reference,
        terms=[_term(model, table, term, shares, at) for term in table.counts],
        effects=[_effect(model, table, at_one) for at_one in range(len(model.coefficients))], horizon_days=horizon,
    )  # fmt: skip


# -- calibration -----------------------------------------------------------------------------------------------------


def _slope_and_level(form: Form, left: Flags, own: Values, shares: Values) -> tuple[Interval, Interval]:
    api, y = statsmodels(), left.astype(float)
    ones = np.ones((len(y), 1))
    if form == "logistic":
        family, offset, score = api.families.Binomial(), np.zeros(len(y)), own
    else:
        score = np.log(-np.log1p(-np.clip(shares, 1e-15, 1 - 1e-15)))
        family, offset = api.families.Poisson(), own - score
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of predictions that part leavers from stayers: no interval says so
        level = api.GLM(y, ones, family=family, offset=own).fit()
        slope = api.GLM(y, np.column_stack([ones, score]), family=family, offset=offset).fit()
    return _interval(slope, 1), _interval(level, 0)


def _interval(fit: Any, at: int) -> Interval:
    value, error = float(fit.params[at]), float(fit.bse[at])
    if not math.isfinite(value + error) or error > ERROR_MOST:
        return Interval(math.nan, math.nan, math.nan)
    return Interval(value, value - SURE * error, value + SURE * error)


def _hosmer_lemeshow(form: Form, left: Flags, own: Values, shares: Values) -> tuple[float, int]:
    """Return the statistic, and over how many groups."""
    order = np.argsort(shares, kind="stable")
    expected = shares if form == "logistic" else np.exp(own)
    tenths = np.array_split(order, GROUPS)
    joined: list[npt.NDArray[np.int64]] = []
    for tenth in tenths:
        short = joined and not _is_enough(form, expected[joined[-1]])
        joined = [*joined[:-1], np.r_[joined[-1], tenth]] if short else [*joined, tenth]
    while len(joined) > 1 and not _is_enough(form, expected[joined[-1]]):
        joined = [*joined[:-2], np.r_[joined[-2], joined[-1]]]
    total = 0.0
    for group in joined:
        seen, wanted = float(left[group].sum()), float(expected[group].sum())
        total += (seen - wanted) ** 2 / (wanted * (1 - wanted / len(group)) if form == "logistic" else wanted)
    return total, len(joined)


def _is_enough(form: Form, expected: Values) -> bool:
    leave = float(expected.sum())
    return leave >= EXPECTED_LEAST and (form == "hazard" or len(expected) - leave >= EXPECTED_LEAST)


def _group(name: str, rows: Any, shares: Values, left: Flags, days: Values | None, horizon: float | None) -> Group:
    seen = _share_left(left[rows], None if days is None else days[rows], horizon)
    return Group(name, len(rows), float(shares[rows].mean()), seen)


def _share_left(left: Flags, days: Values | None, horizon: float | None) -> Interval:
    """Return the share that left: Wilson's interval; by a horizon, Kaplan's and Meier's with log(-log) limits."""
    if horizon is None or days is None:
        n, p = len(left), float(left.mean())
        middle, reach = p + SURE**2 / (2 * n), SURE * math.sqrt(p * (1 - p) / n + SURE**2 / (4 * n * n))
        return Interval(p, max((middle - reach) / (1 + SURE**2 / n), 0), min((middle + reach) / (1 + SURE**2 / n), 1))
    found = statsmodels().SurvfuncRight(days, left.astype(int))
    before = np.searchsorted(found.surv_times, horizon, side="right") - 1
    if before < 0:
        return Interval(0.0, 0.0, 1 - 0.05 ** (1 / len(left)))
    kept, error = float(found.surv_prob[before]), float(found.surv_prob_se[before])
    if kept <= 0 or kept >= 1:
        return Interval(1 - kept, 1 - kept, 1 - kept)
    spread = SURE * error / abs(kept * math.log(kept))
    return Interval(1 - kept, 1 - kept ** math.exp(-spread), 1 - kept ** math.exp(spread))


# -- discrimination, and the error of single predictions -------------------------------------------------------------


def concordance(scores: Values, left: Flags, days: Values | None) -> Interval:
    """Return how often, of two customers, the one who left (sooner) was predicted the likelier to; ties half."""
    if days is None:
        area = area_under(scores, left)
        error = _area_error(area, int(left.sum()), int((~left).sum()))
        return Interval(area, max(area - SURE * error, 0.0), min(area + SURE * error, 1.0))
    step = max(len(left) // CONCORDANCE_ROWS_MOST, 1)
    scores, left, days = scores[::step], left[::step], days[::step]
    gone = np.flatnonzero(left)
    right, pairs = np.zeros(len(gone)), np.zeros(len(gone))
    for start in range(0, len(gone), PAIRS_AT_ONCE):
        some = gone[start : start + PAIRS_AT_ONCE]
        later = days[None, :] > days[some][:, None]
        above = (scores[some][:, None] > scores) + 0.5 * (scores[some][:, None] == scores)
        right[start : start + len(some)] = (above * later).sum(axis=1)
        pairs[start : start + len(some)] = later.sum(axis=1)
    value = float(right.sum() / max(pairs.sum(), 1.0))
    error = math.sqrt(float(((right - value * pairs) ** 2).sum())) / max(float(pairs.sum()), 1.0)
    return Interval(value, max(value - SURE * error, 0.0), min(value + SURE * error, 1.0))


def _area_error(area: float, leavers: int, stayers: int) -> float:
    """Return the standard error of an area (Hanley and McNeil 1982, Radiology 143:29)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (leavers - 1) * (q1 - area**2) + (stayers - 1) * (q2 - area**2)
    return math.sqrt(max(spread, 0.0) / (leavers * stayers))


def brier_score(shares: Values, left: Flags, days: Values | None, horizon: float | None) -> tuple[float, float]:
    """Return the mean square error of predictions, and of one share for everybody.

    By a horizon those censored before it count by those like them (Graf and others 1999, Statistics in Medicine 18).
    """
    if horizon is None or days is None:
        y, weights = left.astype(float), np.ones(len(left))
    else:
        y = (left & (days <= horizon)).astype(float)
        found = statsmodels().SurvfuncRight(days, (~left).astype(int))
        until = np.minimum(days, horizon)
        at = np.searchsorted(found.surv_times, until, side="left") - 1  # just before: who leaves is still uncensored
        kept = np.where(at >= 0, np.asarray(found.surv_prob)[np.maximum(at, 0)], 1.0)
        weights = np.where((y == 1) | (days >= horizon), 1 / np.maximum(kept, 1e-9), 0.0)
    mean = float(np.average(y, weights=weights))
    return float(np.average((y - shares) ** 2, weights=weights)), mean * (1 - mean)


# -- what each term and column does ----------------------------------------------------------------------------------


def _term(model: ChurnModel, table: CustomerTable, term: Term, shares: Values, horizon: float | None) -> TermFact:
    has = table.counts[term] > 0
    name = table.terms[term]
    if has.all():
        has = table.counts[term] > np.median(table.counts[term])
    groups = [
        _group(words, np.flatnonzero(rows), shares, table.left, table.after_days, horizon)
        for words, rows in ((f"without {term}", ~has), (f"with {term}", has))
    ]
    counts = [float((rows & side).sum()) for rows in (has, ~has) for side in (table.left, ~table.left)]
    if min(counts) == 0:
        counts = [count + 0.5 for count in counts]  # Haldane's: no ratio else
    odds = math.log(counts[0] * counts[3] / (counts[1] * counts[2]))
    error = math.sqrt(sum(1 / count for count in counts))
    bare = Interval(math.exp(odds), math.exp(odds - SURE * error), math.exp(odds + SURE * error))
    cells = cells_of(table)
    all_without, all_with = (float(leaving(model, cells.assign(**{term: count})).mean()) for count in (0.0, 1.0))
    return TermFact(term, name, groups[0], groups[1], bare, (all_without, all_with))


def _effect(model: ChurnModel, table: CustomerTable, index: int) -> Effect:
    """Return what a step does: from none to one of a term, from lower to upper quartile of a column."""
    one = model.coefficients[index]
    first = 1 + sum(1 + len(before.bends) for before in model.coefficients[:index])
    low, high, words = _step(one, table)
    if one.term is not None or one.level is not None:
        way = np.array([1.0])
    else:
        cells = table.cells.iloc[:2].assign(**{str(one.column): [low, high]})
        ends = columns_of(one, cells)
        way = ends[1] - ends[0]
    own = slice(first, first + len(way))
    value = float(way @ np.array([one.value, *one.bends]))
    error = math.sqrt(max(float(way @ covariance_of(model)[own, own] @ way), 0.0))
    limits = (min(max(value + side * SURE * error, -700), 700) for side in (0, -1, 1))
    return Effect(one.name, one.term, words, Interval(*(math.exp(limit) for limit in limits)))


def _step(one: Coefficient, table: CustomerTable) -> tuple[float, float, str]:
    if one.term is not None:
        return 0.0, 1.0, "one more"
    if one.level is not None:
        return 0.0, 1.0, "against the most frequent"
    values = table.cells[str(one.column)].to_numpy(dtype=float)
    low, high = (float(np.quantile(values, share)) for share in (0.25, 0.75))
    if low == high:
        low, high = float(values.min()), float(values.max())
    return low, high, f"{low:.4g} → {high:.4g}"
