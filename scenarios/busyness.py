"""Busy and quiet days: factors with mean 1 by which luck multiplies what is expected of a day.

Without them the counts of a day are as spread as their mean, and those of real desks are spread wider: some days are
busy as a whole (Whitt 1999, "Dynamic staffing in a telephone call center aiming to immediately answer all calls",
Operations Research Letters 24:205). Here the factor is gamma, as in Model 1 of Avramidis, Deslauriers and L'Ecuyer
(2004, "Modeling daily arrivals to a telephone call center", Management Science 50:896), and a count is Poisson given
its factor, so that by itself it is negative binomial: variance = mean + (cv x mean)^2.

Within a day intervals have factors of their own, gamma again and as alike between neighbours as normal numbers that
follow an autoregression of order 1 ("PGnorta" of Oreshkin, Regnard and L'Ecuyer 2016, "Rate-based daily arrival process
models with application to call centers", Operations Research 64:510, with the simplest of their correlations).

Errors of a forecast (`scenarios.forecast`) are factors of the same kind, of weeks too, with a luck of their own.

Factors invert their distribution at a keyed number, so that a larger `cv` spreads the same days wider. Refuses to
count customers: `scenarios.cells` does.

>>> round(Busyness(cv=0.2, interval_cv=0.3, correlation=0.8).carried(1), 4)
0.8135
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from scenarios.draws import Entity, Purpose, entity_number, uniform
from scenarios.identity import intent_code
from scenarios.jit import jit
from scenarios.models import Strict
from scenarios.normal import normal_quantile
from scenarios.units import DAY_MINUTES

if TYPE_CHECKING:
    from scenarios.scenario import Scenario

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

CV_MOST = 5.0

_DAY, _OF_INTENT = int(Purpose.BUSYNESS), int(Purpose.BUSYNESS_OF_INTENT)
_INTERVAL = int(Purpose.BUSYNESS_OF_INTERVAL)
_WEEK_OFF, _DAY_OFF = int(Purpose.FORECAST_OF_WEEK), int(Purpose.FORECAST_OF_DAY)
_INTERVAL_OFF = int(Purpose.FORECAST_OF_INTERVAL)

_HALF_HOURS = 48

Cv = Annotated[float, Field(ge=0, le=CV_MOST)]


class Busyness(Strict):
    """How much days and their intervals differ beyond chance: volumes are multiplied by factors with mean 1."""

    cv: Cv = Field(0.0, description="standard deviation of the day's factor, whose mean is 1")
    interval_cv: Cv = Field(
        0.0,
        description="standard deviation of each interval's own factor, whose mean is 1; for all demand together the "
        "intervals are the half-hours of the day",
    )
    correlation: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="rank correlation (Spearman's) of the factors of neighbouring intervals of a day"
    )

    @model_validator(mode="after")
    def _something(self) -> Busyness:
        if not {"cv", "interval_cv"} & self.model_fields_set:
            raise ValueError("cv, interval_cv or both")
        if "correlation" in self.model_fields_set and "interval_cv" not in self.model_fields_set:
            raise ValueError("correlation only beside interval_cv")
        return self

    def carried(self, intervals: float) -> float:
        """Return the correlation of the normal numbers behind two factors so many intervals apart."""
        return float(normal_correlation(self.correlation) ** intervals)


def normal_correlation(rank: float) -> float:
    """Return the correlation of two normal numbers whose rank correlation is told.

    It is 6/pi arcsin(rho/2) for normal numbers with correlation rho, and for what is monotone in them too.
    """
    return 2.0 * math.sin(math.pi * rank / 6.0)


class Layer(NamedTuple):
    """Factors of one kind, and which cells they multiply."""

    purpose: int
    entity: Entities
    """By factor: whose luck it is."""
    carried: Real
    """By factor: how much of the one before is in it; 0 where it has nothing to do with it."""
    cv: float
    cells: Whole
    """The cells that are multiplied."""
    factor: Whole
    """By cell of these: which factor."""


def layers_of(scenario: Scenario, cells: Entities, demand: Whole, minute: Whole) -> tuple[Layer, ...]:
    """Put down the factors of a scenario.

    Args:
        scenario: whose.
        cells: the cells' entities, in the order of time within each intent.
        demand: by cell its position in the scenario's `demand`.
        minute: by cell, of the horizon.
    """
    return tuple(layer for layer in _layers(scenario, cells, demand, minute) if layer.cv > 0)


def _layers(scenario: Scenario, cells: Entities, demand: Whole, minute: Whole) -> Iterator[Layer]:
    days = range(scenario.days)
    told = scenario.busyness
    if told is not None:
        yield _of_all(_DAY, days, told.cv, minute // DAY_MINUTES)
        yield _of_halves(_INTERVAL, days, told.interval_cv, told.carried(1), minute)
    error = scenario.forecast.error if scenario.forecast is not None else None
    if error is not None:
        weeks = (minute // DAY_MINUTES + datetime.date.fromisoformat(scenario.starts).weekday()) // 7
        yield _of_all(_WEEK_OFF, range(len(days) // 7 + 2), error.weekly_cv, weeks)
        yield _of_all(_DAY_OFF, days, error.daily_cv, minute // DAY_MINUTES)
        yield _of_halves(_INTERVAL_OFF, days, error.interval_cv, normal_correlation(error.correlation), minute)
    for index, one in enumerate(scenario.demand):
        if one.busyness is not None:
            own = np.flatnonzero(demand == index)
            code = intent_code(one.intent) << 36
            entities = _entities(entity_number(Entity.DAY, code | day) for day in days)
            yield Layer(_OF_INTENT, entities, np.zeros(len(days)), one.busyness.cv, own, minute[own] // DAY_MINUTES)
            carried = np.zeros(len(own))
            for place in range(1, len(own)):
                before, here = minute[own[place - 1]], minute[own[place]]
                if before // DAY_MINUTES == here // DAY_MINUTES:
                    carried[place] = one.busyness.carried((here - before) / one.interval_minutes)
            yield Layer(_INTERVAL, cells[own], carried, one.busyness.interval_cv, own, np.arange(len(own)))


def _of_all(purpose: int, spells: range, cv: float, of: Whole) -> Layer:
    """Return factors that multiply all demand, one for each spell."""
    entities = _entities(entity_number(Entity.DAY, spell) for spell in spells)
    return Layer(purpose, entities, np.zeros(len(spells)), cv, np.arange(len(of)), of)


def _of_halves(purpose: int, days: range, cv: float, carried: float, minute: Whole) -> Layer:
    """Return factors that multiply all demand, one for each half-hour, alike between neighbours of a day."""
    halves = range(len(days) * _HALF_HOURS)
    each = np.array([carried if half % _HALF_HOURS else 0.0 for half in halves])
    return _of_all(purpose, halves, cv, minute // 30)._replace(carried=each)


def _entities(numbers: Iterable[int]) -> Entities:
    return np.array(list(numbers), dtype=np.uint64)


def factors_of(layers: Sequence[Layer], cells: int, seed: int, replication: int) -> Real:
    """Draw by what each of so many cells is multiplied in one replication."""
    product = np.ones(cells)
    for layer in layers:
        normals = _normals(seed, replication, layer.entity, layer.carried, layer.purpose)
        product[layer.cells] *= _gamma_at(normals, layer.cv)[layer.factor]
    return product


@jit
def _normals(seed: int, replication: int, entity: Entities, carried: Real, purpose: int) -> Real:
    """Draw a standard normal number for each factor, each with its share of the one before."""
    drawn = np.empty(len(entity), dtype=np.float64)
    z = 0.0
    for i in range(len(entity)):
        own = normal_quantile(uniform(seed, replication, entity[i], 0, purpose, 0))
        z = carried[i] * z + np.sqrt(1.0 - carried[i] * carried[i]) * own
        drawn[i] = z
    return drawn


def _gamma_at(normals: Real, cv: float) -> Real:
    """Return gamma numbers with mean 1 that are as rare as normal ones."""
    from scipy.special import gammaincinv, ndtr  # here, as no other scenario needs scipy to be simulated

    shape = cv**-2
    below = np.minimum(ndtr(normals), 1.0 - 2.0**-53)
    return np.asarray(gammaincinv(shape, below) / shape, dtype=np.float64)
