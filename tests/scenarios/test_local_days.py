from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.local_days import ALIKE, half_hours, local_days
from scenarios.rosters import daily_steps, shift_steps
from scenarios.scenario import Break, Shift
from tests.simulator.random_scenarios import CLOCKS_CHANGE

HOUR_S = 3600
SPRING, AUTUMN = ("2026-03-29", "Europe/Rome"), ("2026-10-25", "Europe/Rome")
ZONES = ("Europe/Rome", "America/New_York", "Asia/Beirut", "America/Havana", "America/Santiago", "Australia/Lord_Howe",
         "Africa/Casablanca", "Asia/Kolkata")  # fmt: skip


def _shown(zone: str, starts: str, at_s: float) -> tuple[int, float]:
    """Day and seconds of the clock, as Python's own time zones have them."""
    first = datetime.datetime.fromisoformat(starts).replace(tzinfo=ZoneInfo(zone))
    shown = datetime.datetime.fromtimestamp(first.timestamp() + at_s, tz=ZoneInfo(zone))
    day = (shown.date() - first.date()).days
    return day, shown.hour * 3600 + shown.minute * 60 + shown.second


@given(
    st.sampled_from(ZONES),
    st.dates(datetime.date(2000, 1, 1), datetime.date(2037, 1, 1)).map(datetime.date.isoformat),
    st.sampled_from([1, 2, 40, 365]),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_the_clock_shows_what_time_zones_say(zone: str, starts: str, days: int, shares: list[float]) -> None:
    """Without it the closed form could be off by an hour on some side of some change, in a zone nobody looked at."""
    local = local_days(starts, zone, days)
    at_s = np.array([float(int(share * (local.begins_s(days) - 1))) for share in shares])
    told = list(zip(local.days_at(at_s).tolist(), local.clocks_s(at_s).tolist(), strict=True))
    assert told == [_shown(zone, starts, at) for at in at_s]
    assert [local.day_at(at) for at in at_s] == [day for day, _ in told]
    for at, (day, clock_s) in zip(at_s, told, strict=True):
        first = local.at_s(day, int(clock_s))
        assert first <= at  # the same, or the first of two
        assert (local.day_at(first), local.clock_s(first)) == (day, clock_s)


@pytest.mark.parametrize(("zone", "starts"), CLOCKS_CHANGE)
def test_times_of_day_follow_each_other_and_half_hours_fill_the_days(zone: str, starts: str) -> None:
    """Without it a roster could go back in time at a change, or a queue be looked at twice or not at all."""
    local = local_days(starts, zone, 2)
    assert local.changes.keys() & {0, 1}
    instants = [local.at_s(day, clock_s) for day in range(-1, 3) for clock_s in range(0, 86_400, 600)]
    assert instants == sorted(instants)
    assert local.at_s(0, 86_400) == local.begins_s(1)
    halves = half_hours(local, 2)
    middle = (halves.begins_s[:-1] + halves.begins_s[1:]) / 2
    assert (np.diff(halves.begins_s) > 0).all()
    assert (local.clocks_s(middle) // 1800).tolist() == halves.slot.tolist()
    assert local.days_at(middle).tolist() == halves.day.tolist()
    assert (halves.begins_s[0], halves.begins_s[-1]) == (0, local.begins_s(2))


def test_a_day_that_a_zone_leaves_out_has_no_time() -> None:
    """Without it Samoa's 30 December 2011 would have had contacts."""
    local = local_days("2011-12-29", "Pacific/Apia", 3)
    assert [local.begins_s(day) for day in range(4)] == [0, 86_400, 86_400, 2 * 86_400]
    assert local.passes(1, 9 * HOUR_S, HOUR_S) == []
    assert local.at_s(1, 9 * HOUR_S) == 86_400


def test_days_without_a_change_are_those_of_24_hours() -> None:
    """Without it scenarios that know no change would pay for those that do."""
    assert local_days("2026-03-03", "Europe/Rome", 20) is ALIKE
    assert local_days("2026-03-29", "UTC", 20) is ALIKE


def test_rosters_and_breaks_begin_and_end_by_the_clock_and_breaks_keep_their_length() -> None:
    """Without it the night shift would come or go an hour off, or a break vanish or last two hours."""
    night = Shift(starts="22:00", ends="06:00", agents=3, breaks=[Break(starts="02:30", minutes=30)])

    def hours(starts: str, zone: str) -> list[tuple[float, int]]:
        return [(at_s / HOUR_S, n) for at_s, n in shift_steps([night], 1, local=local_days(starts, zone, 1))]

    assert hours(*SPRING) == [(0, 3), (2, 0), (2.5, 3), (5, 0), (21, 3)]
    assert hours(*AUTUMN) == [(0, 3), (2.5, 0), (3, 3), (7, 0), (23, 3)]
    roster = {"00:00": 1, "02:00": 2, "02:30": 3, "03:00": 4, "23:00": 5}
    for day, told in (
        (SPRING, [(0, 1), (2, 4), (22, 5)]),
        (AUTUMN, [(0, 1), (2, 2), (2.5, 3), (4, 4), (24, 5)]),
    ):
        steps = daily_steps(roster, 1, local=local_days(*day, 1))
        assert [(at_s / HOUR_S, n) for at_s, n in steps] == told


def test_breaks_in_the_hour_that_is_left_out_take_turns_and_end_with_the_shift() -> None:
    """Without it two breaks of a spring night would overlap, and fewer than nobody be there."""
    pauses = [Break(starts="02:00", minutes=15), Break(starts="02:30", minutes=15), Break(starts="02:45", minutes=15)]
    shift = Shift(starts="01:00", ends="03:30", agents=3, breaks=pauses)
    steps = shift_steps([shift], 1, local=local_days(*SPRING, 1))
    assert steps == [(0, 0), (HOUR_S, 3), (2 * HOUR_S, 0)]
