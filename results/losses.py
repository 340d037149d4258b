"""How many customers are lost over what they lived through, what that costs, and how well it is known.

Takes a table of cases (`results.experience.cases_of`) of any log: a simulation's replications, or the one period that a
measured or recorded log tells of. Expected losses are the sum over cases of the share that leaves after such a case.
What is because of service is that minus the same sum with nothing lived through. What a leaver takes away is their
monthly revenue over the months it counts as lost for, once no contract binds them any more
(`scenarios.members.taken_away`); the margin is its part that would have been left.

Each figure is the mean of a period (one replication) with its bands (`results.loss_bands`). Refuses to show money for
a base rate that customers only stated (`scenarios.churn.withheld_money`), or where nobody said what one is worth.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.churn import DRAWS, best_guess, describe, drawn_parameters, leaving
from results.churn_draws import kinds_of, shares_by_draw
from results.loss_bands import Banded, Moments, Sums, banded, moments_of, sums_of
from scenarios.churn import ChurnModel, withheld_money
from scenarios.experience import TERMS, Term
from scenarios.members import taken_away
from scenarios.population import Costs, Population

Values = npt.NDArray[np.float64]

CELLS_MOST = 500_000
"""Draws times kinds of cases that are reckoned at once: what a processor keeps near."""

STEPS_MOST, CLOSE = 60, 1e-6
"""How often a draw's base is moved, and how near on the log scale what it loses must come to what is observed."""

WORTH = ("monthly_revenue", "margin", "contract_months")
"""Columns of the table of customers that say what one takes away: margin is a share, contract_months what is left."""

UNVALUED = "The scenario does not say what a customer is worth (customers:), so no money is shown."
UNSCALED = "{}: its base rate is what customers said they would do, and it is not scaled to the observed one yet."
ONE_PERIOD = (
    "This is one log of one period: how such periods differ cannot be told from it, so the bands of chance hold only "
    "who draws leaving."
)


@dataclass(frozen=True)
class Losses:
    """What a period costs in customers; counts and money are means per period."""

    model: str
    says: tuple[str, ...]
    """What the model says, and of which terms it says nothing."""
    days: float
    """How many days a period has."""
    replications: int
    within_days: float | None
    """With a hazard: lost within so many days of their case."""
    customers: float
    """Who made contact."""
    cases: float
    lost: Banded
    service: Banded
    """Of these, because of service."""
    share: Banded
    """Lost customers over customers who made contact."""
    scaled: str | None
    """By what the total is set, where the model is anchored on an observed rate."""
    by_term: dict[Term, float]
    """How many fewer were lost if the model met none of a term, all else as it was; the largest first."""
    currency: str | None
    value_months: float | None
    revenue: Banded | None
    margin: Banded | None
    replacing: Banded | None
    """What winning as many customers again costs."""
    withheld: str | None
    """Why no money is shown."""
    notes: tuple[str, ...]
    bound: bool = False
    """Whether contracts bind any of these customers, so that they go on to pay for a while."""

    def facts(self) -> dict[str, Any]:
        """Return it as plain values, for run.json."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Losses:
        """Return what `facts` gave, also after it stood in a file."""
        found = {**facts, "says": tuple(facts["says"]), "notes": tuple(facts["notes"])}
        for name in ("lost", "service", "share", "revenue", "margin", "replacing"):
            told = facts[name]
            if told is not None:
                bands = {key: tuple(value) for key, value in told.items() if key != "value"}
                found[name] = Banded(value=told["value"], **bands)
        return cls(**found)


def values_of_cases(cases: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return WORTH of each case's customer, null where the table of customers tells none."""
    keys = ["replication", "customer_id"]
    known = customers[[*keys, *WORTH]].drop_duplicates(keys)
    known = known.astype({"replication": "int64", "customer_id": str})
    asked = cases[keys].astype({"replication": "int64", "customer_id": str})
    return asked.merge(known, on=keys, how="left")[list(WORTH)]


def losses_of(
    cases: pd.DataFrame,
    values: pd.DataFrame | None,
    model: ChurnModel,
    population: Population | None,
    costs: Costs | None,
    days: float,
    seed: int = 1,
    draws: int = DRAWS,
    replications: int | None = None,
    over_days: float | None = None,
) -> Losses:
    """Return what a period loses.

    Args:
        cases: rows of `results.experience.cases_of`: replication, customer_id, TERMS.
        values: WORTH of each row, null where unknown; see `values_of_cases`.
        model: what leaving depends on, anchored (`results.churn.anchored_on_cases`) where it has an observed rate.
        population: in which currency they pay, and for how many months that counts as lost.
        costs: what winning a customer costs.
        days: how many days a replication, or the log, covers.
        seed: of the draws of coefficients; the same for all that are to be compared.
        draws: how many of them.
        replications: how many there were; default: as many as have cases.
        over_days: with a hazard, by when; default: the days of the model's base rate.
    """
    count = max(replications or 0, int(cases["replication"].nunique()), 1)
    number = pd.factorize(cases["replication"])[0].astype(np.int64)
    kinds = kinds_of(model, cases)
    withheld, each = _worth(values, model, population)
    sums = {name: sums_of(kinds.of_case, number, one, len(kinds.design), count) for name, one in each.items()}
    found = _reckoned(model, kinds.design, sums, (seed, draws), over_days)
    lost, revenue = found["lost"], found.get("revenue")
    customers = len(pd.unique(pd.factorize(cases["customer_id"])[0].astype(np.int64) * count + number)) / count
    winning = costs.winning if costs is not None and revenue is not None else None
    return Losses(
        model=model.churn,
        says=tuple(describe(model)),
        days=days,
        replications=count,
        within_days=(over_days or model.base.over_days) if model.form == "hazard" else None,
        customers=customers,
        cases=len(cases) / count,
        lost=lost,
        service=found["service"],
        share=lost.times(1 / customers if customers else 0.0),
        scaled=_scaled(model, population),
        by_term=_by_term(model, cases, count, over_days),
        currency=population.currency if population else None,
        value_months=population.value_months if population else None,
        revenue=revenue,
        margin=found.get("margin"),
        replacing=None if winning is None else lost.times(winning),
        withheld=withheld,
        notes=tuple(_notes(count, values, withheld)),
        bound=withheld is None and values is not None and _are_bound(values),
    )


def _scaled(model: ChurnModel, population: Population | None) -> str | None:
    seen = model.observed
    if seen is None or model.base.stated:
        return None
    whom = "all customers" if population is not None else "those who make contact"
    return f"{100 * seen.rate:.3g} % of {whom} leave within {seen.over_days:g} days ({seen.source})"


def _as_observed(
    model: ChurnModel, design: Values, alike: Values, parameters: Values, over_days: float | None
) -> Values:
    """Return draws of parameters whose base is moved so that each loses as many as are observed.

    How many leave in all is counted, apart from the error of that count, which is the base's: so other coefficients
    say for other reasons, not that others leave. The base nears its place by the ratio of what is lost to what is
    wanted.
    """
    known = np.repeat(best_guess(model)[None, :], len(parameters), axis=0)
    known[:, 0] = parameters[:, 0]
    wanted = shares_by_draw(model, design, known, over_days) @ alike
    moved = parameters.copy()
    for _ in range(STEPS_MOST):
        off = np.log(wanted / np.maximum(shares_by_draw(model, design, moved, over_days) @ alike, 1e-300))
        moved[:, 0] += off
        if not len(off) or np.abs(off).max() < CLOSE:
            break
    return moved


def _by_term(model: ChurnModel, cases: pd.DataFrame, count: int, over_days: float | None) -> dict[Term, float]:
    """Return how many a replication loses more for each term that the model weighs."""
    weighed = [term for term in TERMS if term in model.terms and term in cases]
    if not weighed or cases.empty:
        return {}
    alike = cases.groupby(weighed, sort=True).size().reset_index(name="cases")
    base = leaving(model, alike, over_days) @ alike["cases"].to_numpy()
    fewer = {
        term: float(base - leaving(model, alike.assign(**{term: 0.0}), over_days) @ alike["cases"].to_numpy()) / count
        for term in weighed
    }
    return dict(sorted(fewer.items(), key=lambda one: -abs(one[1])))


def _worth(
    values: pd.DataFrame | None, model: ChurnModel, population: Population | None
) -> tuple[str | None, dict[str, Values | None]]:
    """Return why no money is shown, or None, and what each case weighs: None means one, money that is unknown is 0."""
    each: dict[str, Values | None] = {"lost": None}
    withheld = withheld_money(model)
    if withheld is None and model.base.stated:
        withheld = UNSCALED.format(model.churn)
    if withheld is None and (values is None or population is None or values["monthly_revenue"].notna().sum() == 0):
        withheld = UNVALUED
    if withheld is None and values is not None and population is not None:
        taken = taken_away(values, population.value_months)
        each |= {name: np.nan_to_num(taken[name].to_numpy(dtype=float)) for name in ("revenue", "margin")}
    return withheld, each


def _are_bound(values: pd.DataFrame) -> bool:
    return "contract_months" in values and bool((values["contract_months"] > 0).any())


def _notes(count: int, values: pd.DataFrame | None, withheld: str | None) -> list[str]:
    notes = [ONE_PERIOD] if count == 1 else []
    unknown = 0 if values is None or withheld else int(values[["monthly_revenue", "margin"]].isna().any(axis=1).sum())
    if unknown and values is not None:
        notes.append(
            f"Of {unknown:,} of {len(values):,} cases nobody knows what the customer is worth: their money is left out."
        )
    return notes


def _reckoned(
    model: ChurnModel, design: Values, sums: Mapping[str, Sums], drawn: tuple[int, int], over_days: float | None
) -> dict[str, Banded]:
    """Return each figure: lost, service, and money where it is weighed."""
    seed, draws = drawn
    chunk = max(1, CELLS_MOST // max(len(design), 1))
    parameters = drawn_parameters(model, draws, seed)
    some = [parameters[at : at + chunk] for at in range(0, draws, chunk)]
    if model.observed is not None and not model.base.stated:
        alike = sums["lost"].each.sum(axis=1)
        some = [_as_observed(model, design, alike, part, over_days) for part in some]
    parts = [best_guess(model)[None, :], *some]
    moments: dict[str, list[Moments]] = {name: [] for name in (*sums, "service")}
    nothing = np.zeros((1, design.shape[1]))
    for part in parts:
        shares = shares_by_draw(model, design, part, over_days)
        without = shares_by_draw(model, nothing, part, over_days)
        told = moments_of(shares, sums) | moments_of(shares - without, {"service": sums["lost"]})
        for name, one in told.items():
            moments[name].append(one)
    count = sums["lost"].each.shape[1]
    found = {}
    for name, (guess, *rest) in moments.items():
        over = Moments(*(np.concatenate(cells) for cells in zip(*rest, strict=True)))
        found[name] = banded(guess, over, count)
    return found
