"""Busy and quiet days: factors with mean 1 by which luck multiplies what is expected of a day.

Without them the counts of a day are as spread as their mean, and those of real desks are spread wider: some days are
busy as a whole (Whitt 1999, "Dynamic staffing in a telephone call center aiming to immediately answer all calls",
Operations Research Letters 24:205). Here the factor is gamma, as in Model 1 of Avramidis, Deslauriers and L'Ecuyer
(2004, "Modeling daily arrivals to a telephone call center", Management Science 50:896), and a count is Poisson given
its factor, so that by itself it is negative binomial: variance = mean + (cv x mean)^2.

Factors invert their distribution at a keyed number, so that a larger `cv` spreads the same days wider. Refuses to
count customers: `scenarios.cells` does.

>>> Busyness(cv=0.5)
Busyness(cv=0.5)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scenarios.draws import Entity, Purpose, entity_number, uniform
from scenarios.identity import intent_code
from scenarios.jit import jit
from scenarios.laws import normal_quantile
from scenarios.models import Strict

if TYPE_CHECKING:
    from scenarios.scenario import Scenario

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

CV_MOST = 5.0

Cv = Annotated[float, Field(ge=0, le=CV_MOST)]


class Busyness(Strict):
    """How much days differ beyond chance: each day's volumes are multiplied by a factor with mean 1."""

    cv: Cv = Field(description="standard deviation of the day's factor, whose mean is 1")


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


def layers_of(scenario: Scenario, demand: Whole, day: Whole) -> tuple[Layer, ...]:
    """Put down the factors of a scenario.

    Args:
        scenario: whose.
        demand: by cell its position in the scenario's `demand`.
        day: by cell, from 0.
    """
    return tuple(layer for layer in _layers(scenario, demand, day) if layer.cv > 0)


def _layers(scenario: Scenario, demand: Whole, day: Whole) -> Iterator[Layer]:
    days = range(scenario.days)
    if scenario.busyness is not None:
        entities = [entity_number(Entity.DAY, number) for number in days]
        yield _layer(Purpose.BUSYNESS, entities, scenario.busyness.cv, np.arange(len(day)), day)
    for index, told in enumerate(scenario.demand):
        if told.busyness is not None:
            own = np.flatnonzero(demand == index)
            code = intent_code(told.intent) << 36
            entities = [entity_number(Entity.DAY, code | number) for number in days]
            yield _layer(Purpose.BUSYNESS_OF_INTENT, entities, told.busyness.cv, own, day[own])


def _layer(purpose: Purpose, entities: Sequence[int], cv: float, cells: Whole, factor: Whole) -> Layer:
    return Layer(int(purpose), np.array(entities, dtype=np.uint64), np.zeros(len(entities)), cv, cells, factor)


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
