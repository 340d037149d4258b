"""What serving customers costs in a run: contacts, people's paid hours, work orders, compensations; and each case.

Only what `costs` of a scenario tells has an amount; of the rest the quantity is shown and the amount is None, not told:
never 0. An agent is paid for being rostered, breaks and absence included, so an hour at work costs more than one paid.
A work order that was begun costs, also where it fails. Refuses to price what customers do elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from results.log import OUR_FAULTS
from results.words import channel_words
from results.worked import worked_of
from scenarios.population import Costs
from scenarios.population_checks import DEFAULT
from scenarios.reading import LoadedScenario
from scenarios.scenario import CHANNELS

WORK = "work"
"""The role of a leg that is a work order."""


@dataclass(frozen=True)
class TeamHours:
    """Hours of a team's agents, the mean of a period."""

    team: str
    paid_h: float
    """Rostered, breaks and absence included; longer where the last contact took longer."""
    net_h: float
    """There and logged in."""
    busy_h: float
    """With a contact or its wrap-up."""


@dataclass(frozen=True)
class CostLine:
    """One thing that is paid for, the mean of a period."""

    what: str
    quantity: float
    unit: str
    each: float | None
    """None: not told."""
    amount: float | None
    note: str
    part: bool = False
    """Whether the line above holds it already."""


@dataclass(frozen=True)
class ServiceCosts:
    """What serving costs in a period."""

    lines: tuple[CostLine, ...]
    total: float | None
    """Of what is told; None where nothing is."""
    cases: float
    per_case: float | None
    untold: tuple[str, ...]
    """What is not in the total, as its price is not told."""

    def facts(self) -> dict[str, Any]:
        """Return it as plain values, for run.json."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> ServiceCosts:
        """Return what `facts` gave, also after it stood in a file."""
        lines = tuple(CostLine(**line) for line in facts["lines"])
        return cls(**{**facts, "lines": lines, "untold": tuple(facts["untold"])})


def hours_of(legs: pd.DataFrame, staffing: pd.DataFrame, loaded: LoadedScenario) -> list[TeamHours]:
    """Return the hours of each team that has agents, means over the log's replications."""
    numbers = sorted(set(staffing["replication"].dropna().unique()) | set(legs["replication"].dropna().unique()))
    told = [
        worked_of(legs[legs["replication"] == number], staffing[staffing["replication"] == number], loaded)
        for number in numbers
    ]
    if not told:
        return []
    paid = np.mean([np.maximum(one.paid_s, one.on_duty_s) for one in told], axis=0) / 3600
    net, busy = (np.mean([getattr(one, name) for one in told], axis=0) / 3600 for name in ("on_duty_s", "busy_s"))
    return [
        TeamHours(team, float(paid[at]), float(net[at]), float(busy[at]))
        for at, team in enumerate(loaded.scenario.teams)
        if paid[at] > 0
    ]


def service_costs_of(
    legs: pd.DataFrame,
    cases: pd.DataFrame,
    costs: Costs | None,
    hours: list[TeamHours] | None = None,
    replications: int | None = None,
) -> ServiceCosts:
    """Return what serving costs, means per period.

    Args:
        legs: the contact log, of one or more replications.
        cases: rows of `results.experience.cases_of` of the same log.
        costs: what is told of prices.
        hours: of the teams, as `hours_of` gives them; None where nobody knows who was there.
        replications: how many there were; default: as many as have cases.
    """
    count = max(replications or 0, int(cases["replication"].nunique()), 1)
    told = costs or Costs()
    lines = (
        *_contacts(legs, told, count),
        *_hours(told, hours or []),
        *_work_orders(legs, told, count),
        *_compensations(cases, told, count),
    )
    known = [line.amount for line in lines if line.amount is not None and not line.part]
    total = sum(known) if known else None
    number = len(cases) / count
    untold = tuple(line.what for line in lines if line.amount is None and not line.part)
    return ServiceCosts(lines, total, number, total / number if total is not None and number else None, untold)


def _line(what: str, quantity: float, unit: str, each: float | None, note: str = "", part: bool = False) -> CostLine:
    return CostLine(what, quantity, unit, each, None if each is None else quantity * each, note, part)


def _contacts(legs: pd.DataFrame, costs: Costs, count: int) -> Iterator[CostLine]:
    came = legs[(legs["leg"] == 0) & legs["arrived_s"].notna() & ~legs["leg_end"].isin((*OUR_FAULTS, "closed"))]
    found = came["channel"].value_counts()
    known = [channel for channel in CHANNELS if channel in found.index]
    for channel in (*known, *sorted(set(found.index) - set(known))):
        number = int(found[channel])
        yield _line(f"{channel_words(channel)}: contacts", number / count, "contacts", costs.contact.get(channel))


def _hours(costs: Costs, hours: list[TeamHours]) -> Iterator[CostLine]:
    for one in hours:
        each = costs.paid_hour.get(one.team, costs.paid_hour.get(DEFAULT))
        note = f"{one.net_h:,.0f} of them at work, {one.busy_h:,.0f} with contacts"
        yield _line(f"{one.team}: paid hours", one.paid_h, "hours", each, note)


def _work_orders(legs: pd.DataFrame, costs: Costs, count: int) -> Iterator[CostLine]:
    begun = legs[(legs["role"] == WORK) & legs["answered_s"].notna()]
    for team, orders in begun.groupby("team", sort=False):
        each = costs.work_order.get(str(team))
        yield _line(f"{team}: work orders", len(orders) / count, "work orders", each)
        failed = int(orders["contact_outcome"].eq("unresolved").sum())
        if failed:
            yield _line("of these in vain", failed / count, "work orders", each, "the work failed", part=True)


def _compensations(cases: pd.DataFrame, costs: Costs, count: int) -> Iterator[CostLine]:
    given = float(cases["compensations"].sum()) / count
    if given:
        each = costs.compensation if "compensation" in costs.model_fields_set else None
        yield _line("compensations", given, "compensations", each)
