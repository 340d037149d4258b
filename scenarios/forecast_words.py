"""A scenario's forecast in words: how many are expected on each day, which events move it, and how wrong it may be.

Nothing is said where a scenario has no forecast: each of its days is as its file tells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scenarios.forecast import Event, date_of
from scenarios.reading import LoadedScenario

DAYS_TOLD = 31


class ExpectedDay(NamedTuple):
    """What is expected on a day."""

    date: str
    weekday: str
    contacts: float
    events: tuple[str, ...]
    """What happens on it, in the words of the file."""


def has_forecast(loaded: LoadedScenario) -> bool:
    """Say whether any volumes differ by date, or may be wrong."""
    return bool(loaded.by_day) or loaded.scenario.forecast is not None


def expected_days(loaded: LoadedScenario) -> list[ExpectedDay]:
    """Return what is expected on each day: of all demand together, before anybody tries again."""
    scenario = loaded.scenario
    events = scenario.forecast.events if scenario.forecast is not None else []
    found = []
    for day in range(scenario.days):
        date = date_of(scenario, day)
        contacts = sum(one.contacts for index in range(len(scenario.demand)) for one in loaded.expected(index, day))
        told = tuple(_words(event) for event in events if event.is_on(date))
        found.append(ExpectedDay(date.isoformat(), date.strftime("%A"), contacts, told))
    return found


def _words(event: Event) -> str:
    of = [*(event.intents or []), *(event.channels or [])]
    told = [event.says or "an event", f"x {event.factor:g}", event.hours or "", f"({', '.join(of)} only)" if of else ""]
    return " ".join(filter(None, told))


def forecast_facts(loaded: LoadedScenario) -> dict[str, Any]:
    """Return it as plain values: the days, the error that is drawn, and what the back-test found."""
    error = loaded.scenario.forecast.error if loaded.scenario.forecast is not None else None
    return {
        "days": [one._asdict() for one in expected_days(loaded)],
        "error": error.model_dump() if error is not None else None,
        "back_test": loaded.back_test._asdict() if loaded.back_test is not None else None,
    }


def forecast_lines(loaded: LoadedScenario) -> list[str]:
    """Return it as lines of text; none where there is no forecast."""
    if not has_forecast(loaded):
        return []
    days = expected_days(loaded)
    lines = ["expected contacts, before anybody tries again:"]
    for one in days[:DAYS_TOLD]:
        told = f"  {'; '.join(one.events)}" if one.events else ""
        lines.append(f"  {one.date} {one.weekday:9} {one.contacts:10,.1f}{told}")
    if len(days) > DAYS_TOLD:
        rest = sum(one.contacts for one in days[DAYS_TOLD:])
        lines.append(f"  {len(days) - DAYS_TOLD} days more        {rest:10,.1f}")
    return [*lines, _error_line(loaded), *_back_test_lines(loaded)]


def _error_line(loaded: LoadedScenario) -> str:
    error = loaded.scenario.forecast.error if loaded.scenario.forecast is not None else None
    if error is None:
        return "error of the forecast: none is told, so these volumes are taken for true (forecast.error)"
    parts = {"week": error.weekly_cv, "day": error.daily_cv, "half-hour": error.interval_cv}
    told = [f"{cv:.1%} for each {spell}" for spell, cv in parts.items() if cv]
    return f"error of the forecast (standard deviation): {', '.join(told) or 'none beyond chance'}"


def _back_test_lines(loaded: LoadedScenario) -> list[str]:
    test = loaded.back_test
    if test is None:
        return []
    way = "more" if test.bias >= 0 else "fewer"
    return [
        f"measured on {test.days} recorded days of {test.weeks} weeks, each forecast from the weeks before it; "
        f"{abs(test.bias):.1%} {way} came than forecast, which is told and not corrected (demand's factor would); "
        f"chance of the counts alone: {test.chance_cv:.1%}, drawn anyway"
    ]
