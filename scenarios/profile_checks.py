"""What a scenario and a profile say of each other: can these volumes be played properly?

A profile that would need what nobody has said, such as the mix of an hour in which nobody is expected, is refused with
the key that is in the way. Refuses to read files and to know options: `scenarios.reading` and `scenarios.profiled` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from scenarios.forecast import Expected
from scenarios.profiles import Profile, TimedProfile
from scenarios.scenario import Scenario
from scenarios.stages import Interval, NobodyExpectedError, placed
from scenarios.units import clock_s, clock_text
from scenarios.yaml_reader import Key, Words

CONTACT_FACTOR_MOST = 1.0 + 1e-9


class Trouble(NamedTuple):
    """What is in the way of a profile: where in it, what was found, what would be right."""

    key: Key
    found: object
    expected: str


def timed(scenario: Scenario, name: str, profile: Profile, factor: float = 1.0) -> TimedProfile:
    """Put a profile where it belongs in the scenario's time."""
    begins_s = scenario.local_days.at_s(profile.day, clock_s(profile.starts))
    return TimedProfile(name, float(begins_s), tuple(profile.stages), factor)


def troubles(
    scenario: Scenario,
    expected: Callable[[int, int], Sequence[Expected]],
    arrivals: Sequence[Any],
    profile: TimedProfile,
) -> Iterator[Trouble]:
    """Yield why a scenario cannot be played under a profile.

    Args:
        scenario: with its parts checked.
        expected: of an entry of demand and a day, what is expected in each interval.
        arrivals: recorded contacts that are played again.
        profile: with its place in time.
    """
    if arrivals:
        yield from _recorded(profile)
    if not profile.stages:
        return
    local = scenario.local_days
    day = local.day_at(profile.begins_s)
    left_s = local.begins_s(day + 1) - profile.begins_s
    if day >= scenario.days:
        yield Trouble((), Words(f"on day {day}"), f"a day of the scenario, 0 to {scenario.days - 1}")
        return
    if profile.ends_s - profile.begins_s > left_s:
        at = clock_text(local.clock_s(profile.begins_s))
        found = Words(f"{profile.ends_s - profile.begins_s:g} s long")
        yield Trouble(("stages",), found, f"at most {left_s:g} s: from {at} to midnight")
        return
    for index, demand in enumerate(scenario.demand):
        if demand.bursts is not None and profile.level is None:
            right = "one factor throughout: followers come after whom they follow, not when a stage says"
            yield Trouble((), Words(f"beside demand[{index}].bursts"), right)
    if not arrivals:
        yield from _nobody(scenario, expected, day, profile)


def _recorded(profile: TimedProfile) -> Iterator[Trouble]:
    expected = "at most 1 beside `replay`: a recorded contact comes once, or not at all"
    if not profile.stages and profile.factor > CONTACT_FACTOR_MOST:
        yield Trouble(("factor",), profile.factor, expected)
    for i, stage in enumerate(profile.stages):
        if stage.factor is None:
            found = Words(f"{_words(stage.volume)}")
            yield Trouble(
                ("stages", i, "per_second"), found, "factor beside `replay`: recorded contacts come as they came"
            )
        elif profile.factor * max(stage.volume) > CONTACT_FACTOR_MOST:
            yield Trouble(("stages", i, "factor"), Words(_words(stage.volume, profile.factor)), expected)


def _nobody(
    scenario: Scenario, expected: Callable[[int, int], Sequence[Expected]], day: int, profile: TimedProfile
) -> Iterator[Trouble]:
    intervals = [
        Interval(day, one.start_s, demand.interval_minutes * 60.0, one.contacts, 1.0, 1.0)
        for index, demand in enumerate(scenario.demand)
        for one in expected(index, day)
    ]
    try:
        placed(intervals, scenario.local_days, profile)
    except NobodyExpectedError as error:
        at = clock_text(scenario.local_days.clock_s(error.at_s))
        right = f"factor 0, or demand whose mix it can take: at {at} nobody is expected"
        found = Words(_words(profile.stages[error.stage].volume))
        yield Trouble(("stages", error.stage, "per_second"), found, right)


def _words(volume: tuple[float, float], factor: float = 1.0) -> str:
    begins, ends = volume
    told = f"{begins:g}" if begins == ends else f"[{begins:g}, {ends:g}]"
    return told if factor == 1 else f"{told} times {factor:g}"
