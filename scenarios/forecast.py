"""A forecast: where volumes by date come from, growth and events that multiply them, and how wrong they may be.

Holds what a scenario file says of it, and multiplies. Refuses to read tables (`scenarios.forecast_tables`), recorded
logs (`scenarios.forecast_log`) and to draw errors: `scenarios.busyness` does.

>>> round(Growth.model_validate({"per_year": 0.1, "from": "2026-01-01"}).factor(datetime.date(2027, 1, 1)), 3)
1.1
>>> Event(on="2026-05-14", hours="09:00-12:00", factor=1.6).factor_on(11.5 * 3600, 3600)
1.3
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, model_validator

from scenarios.busyness import Cv
from scenarios.calendar import HoursOfDay, open_spell_s
from scenarios.models import Strict
from scenarios.units import DAY_S

if TYPE_CHECKING:
    from scenarios.scenario import Demand, Scenario

Real = npt.NDArray[np.float64]

YEAR_DAYS = 365.25
WEEKS_MOST = 104
EVENTS_MOST = 500
FACTOR_MOST = 1000


def _date(text: str) -> str:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date as YYYY-MM-DD") from None
    return text


Date = Annotated[str, AfterValidator(_date)]


class Source(Strict):
    """Where the volumes of an entry of `demand` come from, day by day: a planner's table, or what was recorded."""

    file: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="table (CSV or Excel) beside this file with columns date and time (or from), contacts, and intent "
        "and channel where they differ",
    )
    log: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="folder of a run that `testdrive import` made, beside this file: each weekday's mean profile"
    )
    weeks: Annotated[int, Field(ge=2, le=WEEKS_MOST)] = Field(
        4, description="of a log: over so many of each weekday, the last before the scenario begins; holidays left out"
    )

    @model_validator(mode="after")
    def _one(self) -> Source:
        if (self.file is None) == (self.log is None):
            raise ValueError("either file or log")
        if self.file is not None and "weeks" in self.model_fields_set:
            raise ValueError("weeks only beside log")
        return self


class Growth(Strict):
    """Volumes that grow from day to day at one rate."""

    per_year: Annotated[float, Field(gt=-1, le=10)] = Field(description="0.1: 10 % more after a year, compounded")
    from_: Date = Field(alias="from", description="the date of which the volumes are as told")

    def factor(self, date: datetime.date) -> float:
        """Return by what it multiplies the volumes of a date."""
        days = (date - datetime.date.fromisoformat(self.from_)).days
        return float((1.0 + self.per_year) ** (days / YEAR_DAYS))


class Event(Strict):
    """Something that brings more contacts, or fewer, on some dates."""

    on: Date = Field(description="its date, or the first")
    until: Date | None = Field(None, description="the last date; left out: one day")
    hours: HoursOfDay | None = Field(None, description="HH:MM-HH:MM of each of its days; left out: all day")
    factor: Annotated[float, Field(ge=0, le=FACTOR_MOST)] = Field(description="multiplies the volumes")
    says: str = Field("", description="what happens, for who reads the plan")
    intents: Annotated[list[str], Field(min_length=1)] | None = Field(None, description="only these; all if left out")
    channels: Annotated[list[str], Field(min_length=1)] | None = Field(None, description="only these; all if left out")

    @model_validator(mode="after")
    def _in_order(self) -> Event:
        if self.until is not None and self.until < self.on:
            raise ValueError("until on the day of `on` or later")
        if self.hours is not None and open_spell_s(self.hours) == (0, 0):
            raise ValueError("hours as HH:MM-HH:MM, or none for all day")
        return self

    def is_on(self, date: datetime.date) -> bool:
        """Say whether a date is one of its own."""
        return self.on <= date.isoformat() <= (self.until or self.on)

    def factor_on(self, start_s: float, length_s: float) -> float:
        """Return by what it multiplies an interval of its days: of one that it covers in part, that part alone."""
        first_s, last_s = open_spell_s(self.hours) if self.hours else (0, DAY_S)
        covered_s = min(last_s, start_s + length_s) - max(first_s, start_s)
        return 1.0 + (self.factor - 1.0) * max(covered_s, 0.0) / length_s


class ForecastError(Strict):
    """How wrong the forecast may be: the true volumes are those told, times factors with mean 1 that nobody knows."""

    weekly_cv: Cv = Field(0.0, description="standard deviation of the factor that a whole week (from Monday) has")
    daily_cv: Cv = Field(0.0, description="standard deviation of the factor that each day has besides")
    interval_cv: Cv = Field(0.0, description="standard deviation of the factor that each half-hour has besides")
    correlation: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="rank correlation (Spearman's) of the factors of neighbouring half-hours"
    )
    measured: bool = Field(
        False, description="weekly_cv and daily_cv as the log shows: its weeks forecast from those before them"
    )

    @model_validator(mode="after")
    def _something(self) -> ForecastError:
        told = self.model_fields_set
        if not told & {"weekly_cv", "daily_cv", "interval_cv"} and not self.measured:
            raise ValueError("weekly_cv, daily_cv or interval_cv, or measured: true")
        if self.measured and told & {"weekly_cv", "daily_cv"}:
            raise ValueError("either measured or weekly_cv and daily_cv")
        if "correlation" in told and "interval_cv" not in told:
            raise ValueError("correlation only beside interval_cv")
        return self


class Forecast(Strict):
    """What becomes of all volumes of `demand` on the way to the scenario's days, and how wrong that may be."""

    growth: Growth | None = Field(None, description="volumes that grow from a date on")
    events: list[Event] = Field(default_factory=list, max_length=EVENTS_MOST, description="days that are not as others")
    error: ForecastError | None = Field(None, description="how wrong the forecast may be")


class Expected(NamedTuple):
    """The volume of an interval of a day."""

    start_s: float
    """Of the clock, after midnight."""
    contacts: float
    mix: tuple[float, ...] | None
    """The share of each channel of the demand, in its order; None: as the demand tells."""


class Volumes(Protocol):
    """Volumes by date."""

    @property
    def by_channel(self) -> bool:
        """Whether each channel's are told, so that the mix is known by interval."""

    def on(self, date: datetime.date) -> Sequence[tuple[float, Real]]:
        """Return (start of the interval in s after midnight, contacts by channel, or in all) of a date."""


def expected_by_day(
    scenario: Scenario, contacts: Mapping[int, Sequence[tuple[float, float]]], sources: Mapping[int, Volumes]
) -> dict[int, tuple[tuple[Expected, ...], ...]]:
    """Return of each entry of demand whose days differ by date what is expected on each day.

    Args:
        scenario: whose demand.
        contacts: per entry, (start of the interval in s after midnight, expected contacts) of every day.
        sources: per entry that has one, its volumes by date.
    """
    told = scenario.forecast or Forecast()
    moved = told.growth is not None or bool(told.events)
    dates = [date_of(scenario, day) for day in range(scenario.days)]
    return {
        index: tuple(
            tuple(_day(scenario, demand, day, date, contacts[index], sources.get(index), told))
            for day, date in enumerate(dates)
        )
        for index, demand in enumerate(scenario.demand)
        if moved or index in sources
    }


def date_of(scenario: Scenario, day: int) -> datetime.date:
    """Return the date of a day of a scenario, from 0."""
    return datetime.date.fromisoformat(scenario.starts) + datetime.timedelta(days=day)


def _day(
    scenario: Scenario, demand: Demand, day: int, date: datetime.date, daily: Sequence[tuple[float, float]],
    source: Volumes | None, told: Forecast,
) -> list[Expected]:  # fmt: skip
    times = demand.times(scenario.kind_of(day)) * (told.growth.factor(date) if told.growth else 1.0)
    events = [one for one in told.events if one.is_on(date) and (one.intents is None or demand.intent in one.intents)]
    apart = any(one.channels is not None for one in events)
    mixed = apart or (source is not None and source.by_channel)
    rows: Sequence[tuple[float, Any]] = daily if source is None else source.on(date)
    found = []
    for start_s, count in rows:
        each = np.atleast_1d(np.asarray(count, dtype=np.float64)) * times
        if apart and not (source is not None and source.by_channel):
            each = each * list(demand.channels.values())
        for event in events:
            factor = event.factor_on(start_s, demand.interval_minutes * 60.0)
            each = each * ([factor if name in event.channels else 1.0 for name in demand.channels]
                           if event.channels is not None else factor)  # fmt: skip
        total = float(each.sum())
        mix = tuple(float(one) for one in each / total) if mixed and total > 0 else None
        found.append(Expected(start_s, total, mix))
    return found
