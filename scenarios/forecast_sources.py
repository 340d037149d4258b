"""The sources of a scenario's forecast: what is asked of each, what they lack, and what a log's error is.

Reads plain values where a file may still be wrong elsewhere, as `scenarios.references` does.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.forecast import Source, date_of
from scenarios.forecast_log import BACK_TEST_DAYS_LEAST, BackTest, LogVolumes, back_tested, missing_weekdays, read_log
from scenarios.forecast_tables import TableVolumes, missing_dates, read_volumes
from scenarios.scenario import Scenario
from scenarios.units import DAY_MINUTES
from scenarios.yaml_reader import Document, Key, Words

Found = Mapping[int, TableVolumes | LogVolumes]

USUAL_MINUTES = 30


class Asked(NamedTuple):
    """What an entry of demand asks of a table or a log."""

    name: str
    is_table: bool
    weeks: int
    intent: str
    channels: tuple[str, ...]
    intents: tuple[str, ...]
    minutes: int | None
    holidays: tuple[str, ...]
    before: datetime.date


def asked_of(values: Any, demand: dict[str, Any]) -> Asked | None:
    """Return what is asked for; None where what is told is wrong in itself, which the model says."""
    try:
        source = Source.model_validate(demand["forecast"])
        before = datetime.date.fromisoformat(values.get("starts"))
    except (ValidationError, ValueError, TypeError):
        return None
    minutes, channels, intents = demand.get("interval_minutes"), demand.get("channels"), values.get("intents")
    if not isinstance(demand.get("intent"), str) or not isinstance(channels, dict) or not isinstance(intents, dict):
        return None
    if not channels or not (minutes is None or (type(minutes) is int and 1 <= minutes <= DAY_MINUTES)):
        return None
    holidays = values.get("holidays")
    told = tuple(map(str, holidays)) if isinstance(holidays, list) else ()
    return Asked(
        str(source.file or source.log), source.file is not None, source.weeks, demand["intent"], tuple(channels),
        tuple(intents), minutes, told, before,
    )  # fmt: skip


def volumes_of(path: Path, asked: Asked) -> TableVolumes | LogVolumes:
    """Read what is asked for.

    Raises:
        FaultsFoundError: every fault of the table, or the log has nothing of it.
    """
    if asked.is_table:
        return read_volumes(path, asked.intent, asked.channels, asked.intents, asked.minutes)
    minutes = asked.minutes or USUAL_MINUTES
    return read_log(path, asked.intent, asked.channels, minutes, asked.weeks, asked.holidays, asked.before)


def lacking(scenario: Scenario, found: Found) -> Iterator[Fault]:
    """Yield what sources do not tell of the scenario's days; of days on which no channel is open they need not."""
    for index, volumes in found.items():
        demand, what = scenario.demand[index], f"{scenario.demand[index].intent} (demand[{index}])"
        dates = []
        for day in range(scenario.days):
            kind = scenario.kind_of(day)
            spells = [scenario.channels[channel].open_s(kind) for channel in demand.channels]
            is_open = any(opens < closes for opens, closes in spells)
            comes = isinstance(volumes, TableVolumes) or demand.times(kind) > 0
            if is_open and comes:
                dates.append(date_of(scenario, day))
        if isinstance(volumes, TableVolumes):
            yield from missing_dates(volumes, dates, what)
        else:
            yield from missing_weekdays(volumes, dates, what)


def with_measured_error(document: Document, scenario: Scenario, found: Found) -> tuple[Scenario, BackTest | None]:
    """Return a scenario with the error of its forecast as its logs show it, where it asks for that.

    Raises:
        FaultsFoundError: it has no log, says itself how days differ, or too few days can be forecast from others.
    """
    told = scenario.forecast
    if told is None or told.error is None or not told.error.measured:
        return scenario, None
    key: Key = ("forecast", "error", "measured")
    logs = [
        (volumes, scenario.demand[index].factor) for index, volumes in found.items() if isinstance(volumes, LogVolumes)
    ]
    busy = [at for at, one in enumerate(scenario.demand) if one.busyness is not None and at in found]
    if not logs:
        expected = "an entry of demand with forecast.log: what was recorded tells how wrong its forecast is"
        raise FaultsFoundError([document.fault(key, Words("asked for without a log"), expected)])
    if scenario.busyness is not None or busy:
        where = "busyness" if scenario.busyness is not None else f"demand[{busy[0]}].busyness"
        expected = "one of both: what is measured holds how days differ by themselves"
        raise FaultsFoundError([document.fault(key, Words(f"asked for beside {where}"), expected)])
    try:
        test = back_tested(logs)
    except ValueError as few:
        expected = f"at least {BACK_TEST_DAYS_LEAST} recorded days with enough of their weekday before them"
        raise FaultsFoundError([document.fault(key, Words(f"asked of {few}"), expected)]) from None
    error = told.error.model_copy(update={"weekly_cv": test.weekly_cv, "daily_cv": test.daily_cv})
    return scenario.model_copy(update={"forecast": told.model_copy(update={"error": error})}), test


def event_faults(document: Document, channels: list[str], intents: list[str]) -> Iterator[Fault]:
    """Yield channels and intents of events that are none of the scenario's."""
    told = document.values.get("forecast")
    events = told.get("events") if isinstance(told, dict) else None
    for at, event in enumerate(events if isinstance(events, list) else ()):
        for word, known in (("channels", channels), ("intents", intents)):
            names = event.get(word) if isinstance(event, dict) else None
            for place, name in enumerate(names if isinstance(names, list) else ()):
                if isinstance(name, str) and known and name not in known:
                    yield document.fault(("forecast", "events", at, word, place), name, one_of(known, name))
