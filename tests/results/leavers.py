"""Churn models and cases that tests of losses share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scenarios.churn import Base, ChurnModel, Coefficient
from scenarios.experience import TERMS
from scenarios.population import Population, Segment, Spread


def weight(value, error=0.1, **told):
    """What one more of a term does."""
    return Coefficient(value=value, unit="one", standard_error=error, uncertain_by="sampling", source="a test", **told)


def model(*coefficients, form="logistic", rate=0.1, error=0.1, stated=False, **told):
    """A churn model of these coefficients."""
    base = Base(
        rate=rate, over_days=91.0, standard_error=error, uncertain_by="sampling", source="a test", stated=stated
    )
    return ChurnModel(
        churn="a_test", title="A test", form=form, base=base, coefficients=list(coefficients), **told
    )  # fmt: skip


def cases(replications=4, each=500, seed=1, busy=0.3, **terms):
    """Cases of replications, some busier and worse than others; `terms` replace what they lived through."""
    rng = np.random.default_rng(seed)
    sizes = rng.poisson(each, replications)
    worse = np.exp(rng.normal(0, busy, replications))
    number = np.repeat(np.arange(replications), sizes)
    counts = rng.poisson(0.3 * worse[number][:, None], (len(number), len(TERMS))).astype(float)
    table = pd.DataFrame(counts, columns=list(TERMS)).assign(**terms)
    ids = [f"c{k:010d}" for k in rng.integers(0, 10 * each, len(number))]
    return table.assign(
        replication=number, customer_id=ids, case_id=[f"case{k}" for k in range(len(number))], contacts=1
    )


def worth(table, monthly=50.0, margin=0.4):
    """What the customers of cases are worth."""
    return pd.DataFrame({"monthly_revenue": monthly, "margin": margin}, index=range(len(table)))


def population(**changes):
    """Customers who pay in euros."""
    segment = Segment(share=1.0, monthly_revenue=Spread(mean=50.0), margin=0.4)
    return Population(count=100_000, currency="EUR", segments={"home": segment}, **changes)
